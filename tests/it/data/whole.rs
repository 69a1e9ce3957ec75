//! Isolation, transactions, quotas, edits by hand, and what becomes of a deleted app.

use bytes::Bytes;
use fazt::store::{
    Store, StoreError,
    data::{
        DataEdit, DataScope, Datum, Find, Hashed, Operation, Outcome, Quota, Space, Step, Usage,
    },
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Data, q, set, step, update, value_in};
use crate::store_contract::{Backend, actor, collect, count_changes, name, publish};

fn object(path: &str) -> Operation {
    let content = Hashed::of(Bytes::from_static(b"content"));
    Operation::S3Put { path: path.into(), media: "x/y".into(), content }
}

pub async fn apps_and_users_never_see_what_is_anothers<B: Backend>() {
    let data = Data::<B>::begin().await;
    let other = publish(&*data.store, "other", &[("i", "2")]).await.app;
    let spaces = [
        data.space.clone(),
        data.user("ann"),
        data.user("bob"),
        Space { app: other, scope: DataScope::shared() },
        Space { app: other, scope: DataScope::user("ann").expect("an id") },
    ];
    for (n, space) in spaces.iter().enumerate() {
        let document = json!({ "id": "one", "n": n });
        let insert = Operation::DsInsert { coll: "c".into(), documents: vec![document] };
        for operation in [set("k", json!(n)), insert, object("o")] {
            data.store.data(space, operation, data.now).await.expect("done");
        }
    }
    for (n, space) in spaces.iter().enumerate() {
        assert_eq!(value_in(&*data.store, space, "k", data.now).await, Some(json!(n)));
        let find = Operation::DsFind(Find::all("c"));
        let found = data.store.data(space, find, data.now).await.expect("found");
        assert_eq!(found, Outcome::Documents((vec![json!({ "id": "one", "n": n })], None)));
    }
    let all = |coll: &str| Operation::DsDelete { coll: coll.into(), query: q(json!({})) };
    data.store.data(&spaces[1], all("c"), data.now).await.expect("done");
    let delete = Operation::S3Delete { path: "o".into() };
    data.store.data(&spaces[1], delete, data.now).await.expect("done");
    let delete = Operation::KvDelete { key: "k".into() };
    data.store.data(&spaces[1], delete, data.now).await.expect("done");
    for (n, space) in spaces.iter().enumerate() {
        let there = value_in(&*data.store, space, "k", data.now).await;
        assert_eq!(there.is_some(), n != 1);
        let coll = data.store.collections(space).await.expect("read");
        assert_eq!(coll.len(), usize::from(n != 1));
    }
    assert!(DataScope::user("").is_err(), "nobody is everybody");
}

pub async fn a_transaction_is_done_whole_or_not_at_all<B: Backend>() {
    let data = Data::<B>::begin().await;
    data.set("text", json!("x")).await;
    let apply = async |operations: Vec<Operation>, dry_run| {
        let steps = operations.into_iter().map(step).collect();
        data.store.apply(data.space.app, steps, dry_run, data.now).await
    };
    let incr = |key: &str| Operation::KvIncr { key: key.into(), by: 1.into() };
    let insert = || Operation::DsInsert { coll: "c".into(), documents: vec![json!({ "id": "1" })] };
    let broken = apply(vec![incr("n"), insert(), object("o"), incr("text")], false).await;
    assert!(matches!(broken, Err(StoreError::Unfit(_))));
    assert_eq!(data.get("n").await, None);
    assert_eq!(data.ids("c", json!({})).await, "");

    let get = || Operation::KvGet { key: "n".into() };
    let seen = [Outcome::Number(1.into()), Outcome::Value(Some(Datum::json(&json!(1))))];
    let dry = apply(vec![incr("n"), get(), insert()], true).await.expect("done");
    assert_eq!(dry[..2], seen, "a rehearsal sees its own writes");
    assert_eq!(data.get("n").await, None, "and leaves none");
    let before = data.store.usage(data.space.app).await.expect("read");
    assert_eq!(before.rows, 1);
    let done = apply(vec![incr("n"), get(), insert()], false).await.expect("done");
    assert_eq!((done.len(), &done[..2]), (3, &seen[..]));
    let steps =
        vec![step(get()), Step { scope: DataScope::user("ann").expect("an id"), operation: get() }];
    let read = data.store.apply(data.space.app, steps, false, data.now).await.expect("read");
    assert_eq!(read, [Outcome::Value(Some(Datum::json(&json!(1)))), Outcome::Value(None)]);

    // Each moves 1 from one key to another: their sum is never seen to differ.
    join_all((0..32).map(|_| async {
        let by = |key: &str, by: i64| Operation::KvIncr { key: key.into(), by: by.into() };
        apply(vec![by("from", -1), by("to", 1)], false).await.expect("done");
        let get = |key: &str| Operation::KvGet { key: key.into() };
        let read = apply(vec![get("from"), get("to")], false).await.expect("read");
        let number = |outcome: &Outcome| match outcome {
            Outcome::Value(Some(held)) => held.value().and_then(|v| v.as_i64()).expect("a number"),
            other => panic!("{other:?}"),
        };
        assert_eq!(number(&read[0]) + number(&read[1]), 0);
    }))
    .await;
    let many = (0..1_001).map(|_| get()).collect();
    assert!(matches!(apply(many, false).await, Err(StoreError::TooLarge { limit: 1_000, .. })));
}

pub async fn what_is_answered_otherwise_now_is_not_done<B: Backend>() {
    let data = Data::<B>::begin().await;
    data.set("n", json!(1)).await;
    let get = || Operation::KvGet { key: "n".into() };
    let incr = || Operation::KvIncr { key: "n".into(), by: 1.into() };
    let insert = || Operation::DsInsert { coll: "c".into(), documents: vec![json!({ "id": "1" })] };
    let steps = || [get(), incr(), object("o"), insert()].map(step).to_vec();
    let apply_if = async |steps: Vec<Step>, seen: &[Outcome], dry_run| {
        data.store.apply_if(data.space.app, steps, seen.to_vec(), dry_run, data.now).await
    };
    let seen = data.store.apply(data.space.app, steps(), true, data.now).await.expect("rehearsed");
    assert!(apply_if(steps(), &seen, true).await.expect("compared"));
    assert_eq!(data.get("n").await, Some(json!(1)), "a rehearsal leaves nothing");
    assert!(!apply_if(steps(), &seen[..3], false).await.expect("compared"));
    // The content is stored meanwhile, in a row of its own: that is no other outcome.
    publish(&*data.store, "other", &[("i", "something"), ("j", "content")]).await;
    assert!(apply_if(steps(), &seen, false).await.expect("compared"));
    assert_eq!(data.get("n").await, Some(json!(2)));
    assert_eq!(data.ids("c", json!({})).await, "1");

    // The same again: the key holds another number, the document is there already.
    let usage = data.store.usage(data.space.app).await.expect("read");
    assert!(!apply_if(steps(), &seen, false).await.expect("compared"));
    let seen = data.store.apply(data.space.app, vec![step(get()), step(incr())], true, data.now);
    let seen = seen.await.expect("rehearsed");
    data.done(Operation::KvDelete { key: "n".into() }).await;
    data.set("n", json!("text")).await;
    let both = || vec![step(get()), step(incr())];
    assert!(!apply_if(both(), &seen, false).await.expect("compared"), "a refusal is no answer");
    assert_eq!(data.get("n").await, Some(json!("text")));
    assert!(!apply_if(vec![step(get())], &seen[..1], false).await.expect("compared"));
    let text = [Outcome::Value(Some(Datum::json(&json!("text"))))];
    assert!(apply_if(vec![step(get())], &text, false).await.expect("compared"));
    assert_eq!(data.store.usage(data.space.app).await.expect("read").rows, usage.rows);

    // A quota that others have used up meanwhile is no fault of the script either.
    let set = || vec![step(set("new", json!(1)))];
    data.store.set_quota(Quota { rows: 1, bytes: 1_000 });
    assert!(!apply_if(set(), &[Outcome::Done], false).await.expect("compared"));
    data.store.set_quota(Quota::default());
    assert!(apply_if(set(), &[Outcome::Done], false).await.expect("compared"));
    data.store.trash(&name("blog"), actor("delete_app")).await.expect("trashed");
    let gone = apply_if(set(), &[Outcome::Done], false).await;
    assert!(matches!(gone, Err(StoreError::NoApp(_))));
}

pub async fn a_quota_refuses_more_and_never_less<B: Backend>() {
    let data = Data::<B>::begin().await;
    data.store.set_quota(Quota { rows: 3, bytes: 1_000 });
    data.set("a", json!("x".repeat(900))).await;
    let Err(StoreError::Quota { app, what, used, limit }) =
        data.attempt(set("b", json!("x".repeat(200)))).await
    else {
        panic!("refused")
    };
    assert_eq!((app.as_str(), what, used, limit), ("blog", "bytes", 1_106, 1_000));
    assert_eq!(data.get("b").await, None);
    assert!(data.attempt(object(&"o".repeat(200))).await.is_err());
    let grown = Operation::DsInsert {
        coll: "c".into(),
        documents: vec![json!({ "id": "1", "t": "x".repeat(100) })],
    };
    assert!(matches!(data.attempt(grown).await, Err(StoreError::Quota { .. })));
    data.set("a", json!("")).await;
    data.set("b", json!(1)).await;
    data.set("c", json!(1)).await;
    let refused = data.attempt(set("d", json!(1))).await;
    assert!(matches!(refused, Err(StoreError::Quota { what: "rows", used: 4, limit: 3, .. })));
    let other = publish(&*data.store, "other", &[("i", "2")]).await.app;
    let other = Space { app: other, scope: DataScope::shared() };
    data.store.data(&other, set("d", json!(1)), data.now).await.expect("its own quota");
    data.store.set_quota(Quota { rows: 1, bytes: 1 });
    data.done(Operation::KvDelete { key: "c".into() }).await;
    data.store.set_quota(Quota::default());
    data.set("d", json!(1)).await;
}

pub async fn what_is_stored_is_counted_exactly<B: Backend>() {
    let data = Data::<B>::begin().await;
    let usage = async || data.store.usage(data.space.app).await.expect("read");
    data.set("key", json!("ü")).await;
    assert_eq!(usage().await, Usage { rows: 1, bytes: 3 + 4 });
    data.insert("c", &[json!({ "id": "1", "n": 1 })]).await;
    assert_eq!(usage().await, Usage { rows: 2, bytes: 7 + 1 + 16 });
    data.done(update("c", json!({}), json!({ "n": 100 }))).await;
    data.done(object("o")).await;
    assert_eq!(usage().await, Usage { rows: 3, bytes: 7 + 1 + 18 + 1 + 7 });
    for operation in [
        Operation::KvDelete { key: "key".into() },
        Operation::DsDelete { coll: "c".into(), query: q(json!({})) },
        Operation::S3Delete { path: "o".into() },
    ] {
        data.done(operation).await;
    }
    assert_eq!(usage().await, Usage::default());
}

fn key(key: &str, value: Option<Value>) -> DataEdit {
    DataEdit::Key { key: key.into(), value }
}

fn document(id: &str, document: Option<Value>) -> DataEdit {
    DataEdit::Document { coll: "c".into(), id: id.into(), document }
}

async fn edit(store: &dyn Store, edits: Vec<DataEdit>) -> Option<i64> {
    let shared = DataScope::shared();
    store.edit_data(&name("blog"), &shared, edits, actor("edit_data")).await.expect("edited")
}

pub async fn an_edit_by_hand_is_undone_exactly<B: Backend>() {
    let mut data = Data::<B>::begin().await;
    let brief = Operation::KvSet {
        key: "brief".into(),
        value: Datum::Bytes(Bytes::from_static(&[1, 0, 255])),
        ttl: Some(std::time::Duration::from_mins(1)),
    };
    data.done(brief).await;
    data.set("old", json!({ "b": 1, "a": 2 })).await;
    data.insert("c", &[json!({ "n": 1, "id": "1" })]).await;
    let picture = async |data: &Data<B>| {
        let held = data.store.kv_get(&data.space, "brief", data.now).await.expect("read");
        let found = data.find(Find::all("c")).await;
        (held, data.get("old").await, data.get("new").await, format!("{found:?}"))
    };
    let before = picture(&data).await;
    let rows = count_changes(&*data.store).await;
    let edits = vec![
        key("brief", Some(json!(1))),
        key("old", None),
        key("new", Some(json!([1]))),
        document("1", Some(json!({ "n": 2 }))),
        document("2", Some(json!({ "id": "2" }))),
    ];
    let change = edit(&*data.store, edits).await.expect("a change");
    assert_eq!(count_changes(&*data.store).await, rows + 1);
    assert_eq!(data.ids("c", json!({ "n": 2 })).await, "1");
    let after = picture(&data).await;
    assert_eq!(edit(&*data.store, vec![key("new", Some(json!([1])))]).await, None);

    let undone = data.store.undo(change, false, actor("undo")).await.expect("undone");
    assert_eq!(picture(&data).await, before);
    data.store.undo(undone.change, false, actor("undo")).await.expect("redone");
    assert_eq!(picture(&data).await, after);
    data.set("new", json!("by the app")).await;
    let refused = data.store.undo(change, false, actor("undo")).await;
    assert!(matches!(refused, Err(StoreError::Overwrites(id)) if id == change));
    data.store.undo(change, true, actor("undo")).await.expect("forced");
    assert_eq!(picture(&data).await, before);
    data.pass(60);
    assert_eq!(data.store.kv_get(&data.space, "brief", data.now).await.expect("read"), None);
}

pub async fn an_edit_is_bound_by_quota_and_sizes<B: Backend>() {
    let data = Data::<B>::begin().await;
    let shared = DataScope::shared();
    let attempt = async |app: &str, edits| {
        data.store.edit_data(&name(app), &shared, edits, actor("edit_data")).await
    };
    let rows = count_changes(&*data.store).await;
    let large = vec![key("a", Some(json!(1))), key("b", Some(json!("x".repeat(1 << 20))))];
    assert!(matches!(attempt("blog", large).await, Err(StoreError::TooLarge { .. })));
    data.store.set_quota(Quota { rows: 1, bytes: 100 });
    let two = vec![key("a", Some(json!(1))), key("b", Some(json!(1)))];
    assert!(matches!(attempt("blog", two).await, Err(StoreError::Quota { .. })));
    assert_eq!(data.get("a").await, None);
    assert!(matches!(attempt("ghost", vec![]).await, Err(StoreError::NoApp(_))));
    let other = vec![document("1", Some(json!({ "id": "2" })))];
    assert!(matches!(attempt("blog", other).await, Err(StoreError::Unfit(_))));
    assert_eq!(count_changes(&*data.store).await, rows);
}

pub async fn a_deleted_app_keeps_its_data_in_the_trash_and_no_longer<B: Backend>() {
    let data = Data::<B>::begin().await;
    data.set("k", json!(1)).await;
    data.insert("c", &[json!({ "id": "1" })]).await;
    data.done(object("o")).await;
    let edited = edit(&*data.store, vec![key("by hand", Some(json!("secret")))]).await;
    let edited = edited.expect("a change");

    let trashed = data.store.trash(&name("blog"), actor("delete_app")).await.expect("trashed");
    let hidden = data.store.kv_get(&data.space, "k", data.now).await;
    assert!(matches!(hidden, Err(StoreError::NoApp(app)) if app == "blog"));
    for operation in [set("k", json!(2)), Operation::DsFind(Find::all("c"))] {
        assert!(matches!(data.attempt(operation).await, Err(StoreError::NoApp(_))));
    }
    let again = publish(&*data.store, "blog", &[("i", "new")]).await.app;
    let again = Space { app: again, scope: DataScope::shared() };
    assert_eq!(value_in(&*data.store, &again, "k", data.now).await, None, "a new app is empty");
    let gone = data.store.trash(&name("blog"), actor("delete_app")).await;
    gone.expect("trashed");

    data.store.undo(trashed.change, false, actor("undo")).await.expect("restored");
    assert_eq!(data.get("k").await, Some(json!(1)));
    assert_eq!(data.ids("c", json!({})).await, "1");
    assert_eq!(data.store.usage(data.space.app).await.expect("read").rows, 4);

    data.store.trash(&name("blog"), actor("delete_app")).await.expect("trashed");
    collect(&*data.store, 20, 24 * 29).await;
    let hidden = data.store.usage(data.space.app).await;
    assert!(matches!(hidden, Err(StoreError::NoApp(app)) if app == "blog"), "it is still there");
    collect(&*data.store, 20, 24 * 31).await;
    assert!(matches!(data.store.usage(data.space.app).await, Err(StoreError::NoApp(_))));
    let blobs = data.store.missing(&[fazt::store::Hash::of(b"content")]).await.expect("read");
    assert_eq!(blobs.len(), 1, "its objects' contents went along");
    let undone = data.store.undo(edited, true, actor("undo")).await;
    assert!(undone.is_err(), "what the ledger kept of it went along");
    let data = data.kept.reopen().await;
    assert_eq!(data.store().verify_ledger().await.expect("read"), None);
}
