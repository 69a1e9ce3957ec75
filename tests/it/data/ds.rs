//! Documents.

use fazt::store::{
    StoreError,
    data::{Find, Operation, Outcome, Page, Usage},
};
use futures_util::future::join_all;
use serde_json::json;

use super::{Data, ids, path, q, sort, update};
use crate::store_contract::Backend;

async fn people<B: Backend>() -> Data<B> {
    let data = Data::<B>::begin().await;
    data.insert(
        "people",
        &[
            json!({ "id": "a", "name": "Ann", "age": 30, "home": { "town": "Ulm" } }),
            json!({ "id": "b", "name": "Bob", "age": 4.5, "tags": ["x", "y"] }),
            json!({ "id": "c", "name": "Cem", "age": null }),
            json!({ "id": "d", "name": "Dea" }),
            json!({ "id": "e", "name": "Eli", "age": "old" }),
        ],
    )
    .await;
    data.insert("other", &[json!({ "id": "z", "name": "Ann" })]).await;
    data
}

pub async fn documents_are_found_by_what_they_are_like<B: Backend>() {
    let data = people::<B>().await;
    for (query, found) in [
        (json!({}), "a b c d e"),
        (json!({ "name": "Ann" }), "a"),
        (json!({ "age": { "$gt": 4 } }), "a b"),
        (json!({ "age": { "$exists": false } }), "d"),
        (json!({ "home.town": { "$regex": "^U" } }), "a"),
        (json!({ "tags": { "$contains": "y" } }), "b"),
        (json!({ "id": { "$in": ["e", "a", "a", "nobody"] }, "name": { "$ne": "Eli" } }), "a"),
        (json!({ "id": "nobody" }), ""),
        (json!({ "name') OR 1=1 --": 1 }), ""),
    ] {
        assert_eq!(data.ids("people", query.clone()).await, found, "{query}");
    }
    assert_eq!(data.ids("nothing", json!({})).await, "");
    let count = Operation::DsCount { coll: "people".into(), query: q(json!({ "age": null })) };
    assert_eq!(data.done(count).await, Outcome::Count(1));
    let distinct =
        Operation::DsDistinct { coll: "people".into(), path: path("age"), query: q(json!({})) };
    let values = vec![json!(null), json!(4.5), json!(30), json!("old")];
    assert_eq!(data.done(distinct).await, Outcome::Values(values));
    let collections = data.store.collections(&data.space).await.expect("read");
    assert_eq!(collections, [("other".to_owned(), 1), ("people".to_owned(), 5)]);
}

pub async fn pages_hold_every_document_once_in_any_order<B: Backend>() {
    let data = people::<B>().await;
    for (by, order) in
        [("id", "a b c d e"), ("age", "d c b a e"), ("-age", "e a b c d"), ("-age,id", "e a b c d")]
    {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = Page { limit: 2, after, ..Page::default() };
            let (found, next) =
                data.find(Find { sort: sort(by), page, ..Find::all("people") }).await;
            assert!(found.len() <= 2 && (next.is_none() || found.len() == 2));
            seen.extend(found);
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(ids(&seen), order, "{by}");
    }
    let fields = vec![path("home.town"), path("tags.0")];
    let (found, _) = data.find(Find { fields, ..Find::all("people") }).await;
    assert_eq!(found[0], json!({ "id": "a", "home": { "town": "Ulm" } }));
    assert_eq!(found[1], json!({ "id": "b", "tags": { "0": "x" } }));
    let page = Page { limit: 2, after: Some("{}".into()), ..Page::default() };
    let find = Find { sort: sort("age"), page, ..Find::all("people") };
    assert!(matches!(data.attempt(Operation::DsFind(find)).await, Err(StoreError::Unfit(_))));
}

pub async fn large_documents_make_short_pages<B: Backend>() {
    let data = Data::<B>::begin().await;
    for n in 0..12 {
        data.insert("big", &[json!({ "n": n, "text": "x".repeat(1_000_000) })]).await;
    }
    for by in ["", "n", "-n"] {
        let sort = if by.is_empty() { fazt::store::data::Sort::default() } else { sort(by) };
        let (mut seen, mut after) = (0, None);
        loop {
            let page = Page { limit: 0, after, ..Page::default() };
            let find = Find { sort: sort.clone(), page, ..Find::all("big") };
            let (found, next) = data.find(find).await;
            assert!(found.len() < 12 && !found.is_empty());
            seen += found.len();
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, 12, "{by}");
    }
}

pub async fn documents_are_changed_replaced_and_deleted<B: Backend>() {
    let data = people::<B>().await;
    let older = update("people", json!({ "age": { "$gt": 0 } }), json!({ "$inc": { "age": 1 } }));
    assert_eq!(data.done(older).await, Outcome::Count(2));
    assert_eq!(data.ids("people", json!({ "age": 31 })).await, "a");
    let unfit = update("people", json!({}), json!({ "$inc": { "age": 1 } }));
    let Err(StoreError::Unfit(why)) = data.attempt(unfit).await else { panic!("refused") };
    assert!(why.contains("`c`") && why.contains("`age`"), "{why}");
    assert_eq!(data.ids("people", json!({ "age": 31 })).await, "a", "none or all");
    let replace = |id: &str, document| Operation::DsReplace {
        coll: "people".into(),
        id: id.into(),
        document,
    };
    assert_eq!(data.done(replace("a", json!({ "x": 1 }))).await, Outcome::Held(true));
    assert_eq!(data.done(replace("f", json!({ "id": "f" }))).await, Outcome::Held(false));
    let other = data.attempt(replace("f", json!({ "id": "g" }))).await;
    assert!(matches!(other, Err(StoreError::Unfit(_))));
    let (found, _) = data.find(Find { query: q(json!({ "x": 1 })), ..Find::all("people") }).await;
    assert_eq!(found, [json!({ "x": 1, "id": "a" })]);
    let delete = |query| Operation::DsDelete { coll: "people".into(), query: q(query) };
    assert_eq!(data.done(delete(json!({ "name": { "$exists": true } }))).await, Outcome::Count(4));
    assert_eq!(data.ids("people", json!({})).await, "a f");
    assert_eq!(data.done(delete(json!({}))).await, Outcome::Count(2));
    assert_eq!(data.ids("other", json!({})).await, "z");
}

pub async fn a_change_reaches_every_one_of_many_documents<B: Backend>() {
    let data = Data::<B>::begin().await;
    let many: Vec<_> = (0..1_000).map(|n| json!({ "id": format!("{n:04}"), "n": n })).collect();
    data.insert("many", &many).await;
    let seen = update("many", json!({}), json!({ "$inc": { "n": 1000 } }));
    assert_eq!(data.done(seen).await, Outcome::Count(1_000));
    let query = q(json!({ "n": { "$gte": 1000 } }));
    let delete = Operation::DsDelete { coll: "many".into(), query };
    assert_eq!(data.done(delete).await, Outcome::Count(1_000));
    assert_eq!(data.store.usage(data.space.app).await.expect("read"), Usage::default());
}

pub async fn ids_are_made_kept_and_never_taken_twice<B: Backend>() {
    let data = Data::<B>::begin().await;
    let insert = |documents| Operation::DsInsert { coll: "c".into(), documents };
    let made = data.done(insert(vec![json!({ "n": 1 }), json!({ "id": "own" })])).await;
    let Outcome::Ids(made) = made else { panic!("ids") };
    assert!(made[0].len() >= 12 && made[1] == "own", "{made:?}");
    assert_eq!(data.ids("c", json!({ "n": 1 })).await, made[0]);
    let twice = data.attempt(insert(vec![json!({ "n": 2 }), json!({ "id": "own" })])).await;
    assert!(matches!(twice, Err(StoreError::Exists { name, .. }) if name == "own"));
    assert_eq!(data.ids("c", json!({ "n": 2 })).await, "", "none or all");
    let raced = join_all((0..16).map(|_| data.attempt(insert(vec![json!({ "id": "one" })])))).await;
    assert_eq!(raced.iter().filter(|raced| raced.is_ok()).count(), 1);
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    for unfit in [json!([]), json!({ "id": 1 }), json!({ "id": "" }), json!({ "a": deep })] {
        let refused = data.attempt(insert(vec![unfit.clone()])).await;
        assert!(matches!(refused, Err(StoreError::Unfit(_))), "{unfit}");
    }
    let large = data.attempt(insert(vec![json!({ "t": "x".repeat(1 << 20) })])).await;
    assert!(matches!(large, Err(StoreError::TooLarge { limit: 1_048_576, .. })));
    let grown = update("c", json!({ "id": "own" }), json!({ "t": "x".repeat(1 << 20) }));
    assert!(matches!(data.attempt(grown).await, Err(StoreError::TooLarge { .. })));
}
