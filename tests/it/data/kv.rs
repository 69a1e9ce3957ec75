//! Keys.

use std::time::Duration;

use bytes::Bytes;
use fazt::store::{
    StoreError,
    data::{Datum, Operation, Outcome, Page},
};
use futures_util::future::join_all;
use serde_json::json;

use super::{Data, set};
use crate::store_contract::Backend;

pub async fn a_key_holds_json_or_bytes_until_it_is_deleted<B: Backend>() {
    let data = Data::<B>::begin().await;
    assert_eq!(data.get("a").await, None);
    data.set("a", json!({ "b": [1, 2.5, null, "ü"] })).await;
    data.set("a", json!({ "b": [1, 2.5, null, "ö"] })).await;
    assert_eq!(data.get("a").await, Some(json!({ "b": [1, 2.5, null, "ö"] })));
    let bytes = Datum::Bytes(Bytes::from_static(&[0, 255, 0]));
    let put = Operation::KvSet { key: "'\";--".into(), value: bytes.clone(), ttl: None };
    data.done(put).await;
    let held = data.store.kv_get(&data.space, "'\";--", data.now).await.expect("read");
    assert_eq!(held, Some(bytes));
    let delete = || Operation::KvDelete { key: "a".into() };
    assert_eq!(data.done(delete()).await, Outcome::Held(true));
    assert_eq!(data.done(delete()).await, Outcome::Held(false));
    assert_eq!(data.get("a").await, None);
}

pub async fn an_expired_key_is_gone_before_it_is_collected<B: Backend>() {
    let mut data = Data::<B>::begin().await;
    let brief = |value| Operation::KvSet {
        key: "brief".into(),
        value: Datum::json(&value),
        ttl: Some(Duration::from_mins(1)),
    };
    let list = || Operation::KvList { prefix: String::new(), page: Page::default() };
    data.done(brief(json!(5))).await;
    data.set("long", json!(1)).await;
    data.pass(59);
    assert_eq!(data.get("brief").await, Some(json!(5)));
    let incr = || Operation::KvIncr { key: "brief".into(), by: 1.into() };
    assert_eq!(data.done(incr()).await, Outcome::Number(6.into()));
    data.pass(1);
    assert_eq!(data.get("brief").await, None, "an addition prolongs no life");
    let Outcome::Entries((entries, None)) = data.done(list()).await else { panic!("entries") };
    assert_eq!(entries.len(), 1);
    assert_eq!(data.done(Operation::KvDelete { key: "brief".into() }).await, Outcome::Held(false));
    data.done(brief(json!(5))).await;
    data.pass(60);
    assert_eq!(data.done(incr()).await, Outcome::Number(1.into()), "it begins anew");
    data.pass(600);
    assert_eq!(data.get("brief").await, Some(json!(1)), "and has no end");
    data.done(brief(json!(5))).await;
    let rows = async || data.store.usage(data.space.app).await.expect("read").rows;
    assert_eq!(rows().await, 2);
    crate::store_contract::collect(&*data.store, 20, 1).await;
    assert_eq!(rows().await, 1);
}

pub async fn a_list_is_paged_within_its_prefix<B: Backend>() {
    let data = Data::<B>::begin().await;
    for n in 0..7 {
        data.set(&format!("post:{n}"), json!(n)).await;
    }
    for other in ["post", "post;", "posu:1", "a", "post:\u{10FFFF}"] {
        data.set(other, json!(0)).await;
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let list = Operation::KvList {
            prefix: "post:".into(),
            page: Page { limit: 3, after, ..Page::default() },
        };
        let Outcome::Entries((entries, next)) = data.done(list).await else { panic!("entries") };
        assert!(entries.len() <= 3);
        seen.extend(entries.into_iter().map(|entry| entry.key));
        after = next;
        if after.is_none() {
            break;
        }
    }
    let all = "post:0 post:1 post:2 post:3 post:4 post:5 post:6 post:\u{10FFFF}";
    assert_eq!(seen.join(" "), all);
}

pub async fn sixty_four_tasks_that_count_lose_nothing<B: Backend>() {
    let data = Data::<B>::begin().await;
    join_all((0..64).map(|_| async {
        for _ in 0..10 {
            data.done(Operation::KvIncr { key: "n".into(), by: 1.into() }).await;
        }
    }))
    .await;
    assert_eq!(data.get("n").await, Some(json!(640)));
    data.set("text", json!("x")).await;
    let refused = data.attempt(Operation::KvIncr { key: "text".into(), by: 1.into() }).await;
    assert!(matches!(refused, Err(StoreError::Unfit(why)) if why.contains("`text`")));
    data.set("big", json!(i64::MAX)).await;
    let refused = data.attempt(Operation::KvIncr { key: "big".into(), by: 1.into() }).await;
    assert!(matches!(refused, Err(StoreError::Unfit(_))));
}

pub async fn of_many_swaps_at_once_one_wins<B: Backend>() {
    let data = Data::<B>::begin().await;
    let cas = |old: Option<serde_json::Value>, new: Option<serde_json::Value>| Operation::KvCas {
        key: "lock".into(),
        old: old.as_ref().map(Datum::json),
        new: new.as_ref().map(Datum::json),
    };
    let tried = join_all((0..64).map(|n| data.done(cas(None, Some(json!({ "by": n })))))).await;
    assert_eq!(tried.iter().filter(|tried| **tried == Outcome::Held(true)).count(), 1);
    let held = data.get("lock").await;
    assert_eq!(data.done(cas(None, Some(json!(1)))).await, Outcome::Held(false));
    assert_eq!(data.done(cas(held, Some(json!({ "a": 1, "b": 2 })))).await, Outcome::Held(true));
    let same = json!({ "b": 2.0, "a": 1 });
    assert_eq!(data.done(cas(Some(same), None)).await, Outcome::Held(true), "worth the same");
    assert_eq!(data.get("lock").await, None);
}

pub async fn what_is_too_long_names_its_limit<B: Backend>() {
    let data = Data::<B>::begin().await;
    let deep = (0..101).fold(json!(1), |inner, _| json!([inner]));
    let bytes = |size: usize| Operation::KvSet {
        key: "b".into(),
        value: Datum::Bytes(vec![0; size].into()),
        ttl: None,
    };
    for (operation, limit) in [
        (set(&"k".repeat(1_025), json!(1)), 1_024),
        (set("k", json!("x".repeat(1 << 20))), 1 << 20),
        (bytes((10 << 20) + 1), 10 << 20),
    ] {
        let Err(StoreError::TooLarge { limit: named, .. }) = data.attempt(operation).await else {
            panic!("refused by a limit of {limit}")
        };
        assert_eq!(named, limit);
    }
    for unfit in [set("", json!(1)), set("k", deep)] {
        assert!(matches!(data.attempt(unfit).await, Err(StoreError::Unfit(_))));
    }
    let unread = Operation::KvSet { key: "k".into(), value: Datum::Json("{".into()), ttl: None };
    assert!(matches!(data.attempt(unread).await, Err(StoreError::Unfit(_))));
    data.set(&"k".repeat(1_024), json!("x".repeat((1 << 20) - 2))).await;
    data.done(bytes(10 << 20)).await;
}
