//! Why a request ended as it did, and who may know.

use reqwest::Method;
use serde_json::{Value, json};

use super::run::{FILES, shop};
use crate::{
    agents,
    harness::{Answer, TestNode},
};

async fn explain(node: &TestNode, token: &str, id: &str) -> Answer {
    node.call_as(token, Method::GET, &format!("/api/requests/{id}"), None).await
}

async fn fail(node: &TestNode) -> String {
    let seen = node.get("shop.localhost", "/api/broken?token=secret").await;
    assert_eq!(seen.status, 500);
    let id = seen.header("x-request-id").to_owned();
    assert_eq!(seen.json()["error"]["request_id"], id.as_str());
    id
}

#[tokio::test]
async fn a_failure_is_explained_with_source_log_change_and_the_way_back() {
    let well = [("index.html", "x"), ("api/broken.ts", "export default () => 'fine'")];
    let node = shop(&well).await;
    assert_eq!(node.get("shop.localhost", "/api/broken").await.text(), "fine");
    node.deploy("shop", FILES).await;
    let id = fail(&node).await;
    let owner = node.owner_token();
    let told = explain(&node, &owner, &id).await.data();
    assert_eq!(
        (&told["app"], &told["version"], &told["live"]),
        (&json!("shop"), &json!(2), &json!(2))
    );
    assert_eq!((&told["method"], &told["path"]), (&json!("GET"), &json!("/api/broken")));
    let error = &told["error"];
    assert_eq!((&error["file"], &error["line"]), (&json!("api/broken.ts"), &json!(8)));
    assert!(
        error["excerpt"].as_str().expect("source").contains("8 |   return thing.deep!.er"),
        "{error}"
    );
    let texts: Vec<_> = told["logs"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| line["text"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(texts[0], "about to fail");
    assert!(
        texts[1].starts_with("TypeError: ") && texts[1].contains("api/broken.ts:8:"),
        "{texts:?}"
    );
    assert_eq!(told["good"], 1);
    let changed = told["changed"].as_array().expect("files");
    assert!(
        changed.iter().any(|file| file["path"] == "api/broken.ts" && file["status"] == "changed")
    );
    assert_eq!(
        told["next"],
        json!({ "tool": "promote", "input": { "app": "shop", "version": 1 } })
    );
    assert!(!told.to_string().contains("secret"), "{told}");
    // After the way back, the source is what is left to read.
    node.call(Method::POST, "/api/apps/shop/promote", Some(json!({ "version": 1 }))).await.data();
    let told = explain(&node, &owner, &id).await.data();
    assert_eq!(told["next"]["tool"], "read_file");
    let done = node.cli(&["why", &id]).await;
    assert_eq!(done.code, 0, "{done:?}");
    for part in [
        "GET /api/broken of shop version 2 failed with 500",
        "8 |   return thing.deep!.er",
        "api/broken.ts",
        "version 1",
    ] {
        assert!(done.stdout.contains(part), "{part}: {}", done.stdout);
    }
}

#[tokio::test]
async fn a_request_that_went_well_is_known_for_a_while() {
    let node = shop(&[
        ("index.html", "x"),
        ("api/quiet.js", "export default () => 'fine'"),
        ("api/sorry.js", "export default () => ({ status: 503, body: 'sorry' })"),
    ])
    .await;
    let seen = node.get("shop.localhost", "/api/quiet").await;
    let told = explain(&node, &node.owner_token(), seen.header("x-request-id")).await.data();
    assert_eq!((&told["status"], &told["error"]), (&json!(200), &Value::Null));
    let sorry = node.get("shop.localhost", "/api/sorry").await.header("x-request-id").to_owned();
    let folder = node.stop().await;
    let node = TestNode::start_in(folder, &[]).await;
    // One that says itself that it failed is kept.
    let told = explain(&node, &node.owner_token(), &sorry).await.data();
    assert_eq!((&told["status"], &told["error"]), (&json!(503), &Value::Null));
    let quiet = explain(&node, &node.owner_token(), seen.header("x-request-id")).await;
    assert_eq!(quiet.code(), "REQUEST_NOT_FOUND");
}

#[tokio::test]
async fn a_token_of_another_app_learns_nothing_of_a_request() {
    let node = shop(FILES).await;
    node.deploy("blog", &[("index.html", "x")]).await;
    let id = fail(&node).await;
    let wish = |app: &str| json!({ "name": app, "preset": "agent", "apps": [app] });
    let (shop, blog) =
        (agents::token(&node, wish("shop")).await, agents::token(&node, wish("blog")).await);
    assert!(explain(&node, &shop, &id).await.status.is_success());
    let (foreign, unknown) =
        (explain(&node, &blog, &id).await, explain(&node, &blog, "req_000000000000").await);
    assert_eq!((foreign.code(), foreign.status), (unknown.code(), unknown.status));
    let same = |answer: &Answer, id: &str| answer.text().replace(id, "ID");
    assert_eq!(same(&foreign, &id), same(&unknown, "req_000000000000"));
    // What is in the trash is as good as gone.
    node.call(Method::DELETE, "/api/apps/shop", None).await.data();
    assert_eq!(explain(&node, &node.owner_token(), &id).await.code(), "REQUEST_NOT_FOUND");
}
