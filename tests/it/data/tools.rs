//! `query_data` and `edit_data`, as people and agents use them.

use fazt::store::data::{DataScope, Datum, Operation, Space};
use reqwest::Method;
use serde_json::{Value, json};

use super::set;
use crate::{harness::TestNode, store_contract::name};

async fn blog(settings: &[(&'static str, &str)]) -> TestNode {
    let node = TestNode::start_with(settings).await;
    node.deploy("blog", &[("index.html", "x")]).await;
    node
}

async fn query(node: &TestNode, input: Value) -> Value {
    node.call(Method::POST, "/api/apps/blog/data/query", Some(input)).await.data()
}

async fn edit(node: &TestNode, input: Value) -> crate::harness::Answer {
    node.call(Method::POST, "/api/apps/blog/data/edit", Some(input)).await
}

#[tokio::test]
async fn what_is_edited_is_read_and_undone() {
    let node = blog(&[]).await;
    let posts = json!({ "a": { "n": 1 }, "b": { "n": 2 }, "c": { "n": 3 } });
    let done = edit(&node, json!({ "kind": "ds", "coll": "posts", "set": posts })).await.data();
    assert_eq!(done["edited"], 3);
    let input = json!({ "kind": "ds", "coll": "posts", "sort": "-n", "limit": 2 });
    let first = query(&node, input.clone()).await;
    let keys = |page: &Value| {
        let entries = page["entries"].as_array().expect("entries").iter();
        entries.map(|entry| entry["key"].as_str().expect("a key").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(keys(&first), ["c", "b"]);
    let mut next = input;
    next["cursor"] = first["cursor"].clone();
    let second = query(&node, next).await;
    assert_eq!((keys(&second), &second["cursor"]), (vec!["a".to_owned()], &Value::Null));
    let few = json!({ "kind": "ds", "coll": "posts", "query": { "n": { "$lt": 3 } } });
    assert_eq!(keys(&query(&node, few).await), ["a", "b"]);
    let one = query(&node, json!({ "kind": "ds", "coll": "posts", "key": "b" })).await;
    assert_eq!(one["entries"][0]["value"], json!({ "n": 2, "id": "b" }));
    let what = query(&node, json!({})).await;
    assert_eq!(what["collections"], json!([{ "name": "posts", "documents": 3 }]));
    assert_eq!(what["rows"], 3);

    let swap =
        json!({ "kind": "ds", "coll": "posts", "set": { "a": { "n": 9 } }, "delete": ["b"] });
    let change = edit(&node, swap).await.data()["change"].clone();
    let undo = format!("/api/changes/{change}/undo");
    node.call(Method::POST, &undo, Some(json!({}))).await.data();
    let whole = query(&node, json!({ "kind": "ds", "coll": "posts" })).await;
    assert_eq!(keys(&whole), ["a", "b", "c"]);
    assert_eq!(whole["entries"][0]["value"]["n"], 1);
    let told = node.call(Method::GET, "/api/changes?app=blog", None).await;
    assert!(!told.text().contains("\"n\":9"), "the ledger's list shows no contents");
}

#[tokio::test]
async fn keys_of_a_user_and_bytes_are_shown_as_they_are() {
    let node = blog(&[]).await;
    let now = node.node().clock.now();
    let app = node.node().store.app(&name("blog")).await.expect("read").expect("there").id;
    let ann = Space { app, scope: DataScope::user("ann").expect("an id") };
    let put = |key: &str, bytes: Vec<u8>| Operation::KvSet {
        key: key.into(),
        value: Datum::Bytes(bytes.into()),
        ttl: Some(std::time::Duration::from_mins(1)),
    };
    for operation in [set("k", json!([1])), put("k2", vec![1]), put("large", vec![0; 70_000])] {
        node.node().store.data(&ann, operation, now).await.expect("stored");
    }
    assert_eq!(query(&node, json!({ "kind": "kv" })).await["entries"], json!([]));
    let found = query(&node, json!({ "kind": "kv", "user": "ann" })).await;
    assert_eq!(found["entries"][0], json!({ "key": "k", "value": [1], "size": 3 }));
    let brief = json!({
        "key": "k2", "base64": "AQ==", "size": 1, "expires_at": "2026-11-20T07:01:00Z"
    });
    assert_eq!(found["entries"][1], brief);
    assert_eq!(found["entries"][2]["base64"], Value::Null);
    let one = query(&node, json!({ "kind": "kv", "user": "ann", "key": "k" })).await;
    assert_eq!(one["entries"].as_array().expect("entries").len(), 1);
    assert_eq!(one["cursor"], Value::Null);
    let none = query(&node, json!({ "kind": "kv", "user": "ann", "key": "lar" })).await;
    assert_eq!(none["entries"], json!([]));
}

#[tokio::test]
async fn an_answer_is_bounded_whatever_is_stored() {
    let node = blog(&[]).await;
    for n in 0..5 {
        let large = json!({ "kind": "kv", "set": { format!("k{n}"): "x".repeat(100_000) } });
        edit(&node, large).await.data();
    }
    let page = query(&node, json!({ "kind": "kv", "limit": 100 })).await;
    assert_eq!(page["entries"].as_array().expect("entries").len(), 2);
    let rest = query(&node, json!({ "kind": "kv", "cursor": page["cursor"] })).await;
    assert_eq!(rest["entries"][0]["key"], "k2");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_the_way_out() {
    let node = blog(&[("limits.data_bytes", "1024")]).await;
    for (input, word) in [
        (json!({ "kind": "ds" }), "coll"),
        (json!({ "kind": "ds", "coll": "c", "query": { "a": { "$gtt": 1 } } }), "$gtt"),
        (json!({ "kind": "kv", "coll": "c" }), "coll"),
        (json!({ "kind": "kv", "key": "a", "prefix": "a" }), "prefix"),
        (json!({ "kind": "ds", "coll": "c", "sort": "a..b" }), "a..b"),
        (json!({ "kind": "kv", "user": "" }), "user"),
    ] {
        let path = "/api/apps/blog/data/query";
        let refused = node.call(Method::POST, path, Some(input.clone())).await;
        assert_eq!(refused.code(), "VALIDATION_FAILED", "{input}");
        assert!(refused.text().contains(word), "{input}: {}", refused.text());
    }
    let large = edit(&node, json!({ "kind": "kv", "set": { "k": "x".repeat(2_000) } })).await;
    assert_eq!((large.status.as_u16(), large.code().as_str()), (507, "QUOTA_REACHED"));
    let details = &large.json()["error"]["details"];
    assert_eq!((&details["app"], &details["limit"]), (&json!("blog"), &json!(1_024)));
    for input in [
        json!({ "kind": "kv" }),
        json!({ "kind": "s3", "delete": ["a"] }),
        json!({ "kind": "kv", "coll": "c", "delete": ["a"] }),
        json!({ "kind": "ds", "coll": "c", "set": { "a": 1 } }),
    ] {
        assert_eq!(edit(&node, input.clone()).await.code(), "VALIDATION_FAILED", "{input}");
    }
}

#[tokio::test]
async fn undoing_an_edit_takes_the_right_to_edit() {
    let node = blog(&[]).await;
    let done = edit(&node, json!({ "kind": "kv", "set": { "k": 1 } })).await.data();
    let undo = format!("/api/changes/{}/undo", done["change"]);
    let token = |scopes: Value| json!({ "name": scopes[0], "scopes": scopes });
    for (scopes, status) in
        [(json!(["apps:write", "data:read"]), 403), (json!(["data:write", "apps:write"]), 200)]
    {
        let made = node.call(Method::POST, "/api/tokens", Some(token(scopes))).await.data();
        let secret = made["token"].as_str().expect("a token").to_owned();
        let undone = node.call_as(&secret, Method::POST, &undo, Some(json!({}))).await;
        assert_eq!(undone.status.as_u16(), status);
    }
}
