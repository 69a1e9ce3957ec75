//! Versions: unchanged, preview, promote, rollback, trash, and who comes last.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, TestNode};

const HOST: &str = "hello.localhost";

async fn deploy(node: &TestNode, text: &str) -> Value {
    serde_json::to_value(node.deploy("hello", &[("index.html", text)]).await).expect("JSON")
}

async fn preview(node: &TestNode, text: &str) -> Value {
    let files = json!([{ "path": "index.html", "content": text }]);
    let input = json!({ "app": "hello", "files": files, "preview": true });
    node.call(Method::POST, "/api/deploy", Some(input)).await.data()
}

async fn promote(node: &TestNode, version: Option<u32>) -> Answer {
    let input = version.map_or(json!({}), |version| json!({ "version": version }));
    node.call(Method::POST, "/api/apps/hello/promote", Some(input)).await
}

async fn shown(node: &TestNode) -> String {
    node.get(HOST, "/").await.text().to_owned()
}

#[tokio::test]
async fn the_same_content_again_changes_nothing_and_says_so() {
    let node = TestNode::start().await;
    assert_eq!(deploy(&node, "one").await["unchanged"], false);
    let again = deploy(&node, "one").await;
    assert_eq!((&again["unchanged"], &again["version"]), (&json!(true), &json!(1)), "{again}");
    assert!(again["change"].is_null(), "{again}");
    let changes = node.call(Method::GET, "/api/changes", None).await.data();
    assert_eq!(changes["total"], 1, "{changes}");
    let done = node.cli(&["deploy", "examples/hello"]).await;
    assert_eq!(done.code, 0, "{done:?}");
    let done = node.cli(&["deploy", "examples/hello"]).await;
    assert!(done.code == 0 && done.stderr.contains("unchanged"), "{done:?}");
    assert!(done.last_line().starts_with("http://hello.localhost"), "{done:?}");
}

#[tokio::test]
async fn a_preview_is_seen_at_its_own_address_until_it_is_promoted() {
    let node = TestNode::start().await;
    deploy(&node, "one").await;
    let two = preview(&node, "two").await;
    assert_eq!((&two["version"], &two["live"]), (&json!(2), &json!(false)));
    assert_eq!(shown(&node).await, "one");
    assert_eq!(node.get("v2--hello.localhost", "/").await.text(), "two");
    let promoted = promote(&node, Some(2)).await.data();
    assert_eq!((&promoted["version"], &promoted["previous"]), (&json!(2), &json!(1)));
    assert_eq!(shown(&node).await, "two");
    assert_eq!(promote(&node, Some(2)).await.data()["unchanged"], true);
    let unknown = promote(&node, Some(9)).await;
    assert_eq!((unknown.status.as_u16(), unknown.code().as_str()), (404, "VERSION_NOT_FOUND"));
    assert_eq!(shown(&node).await, "two");
}

#[tokio::test]
async fn an_app_that_is_only_a_preview_is_not_shown_under_its_name() {
    let node = TestNode::start().await;
    preview(&node, "draft").await;
    assert_eq!(node.get(HOST, "/").await.status, 404);
    assert_eq!(node.get("v1--hello.localhost", "/").await.text(), "draft");
    assert_eq!(promote(&node, None).await.code(), "VERSION_NOT_FOUND");
    promote(&node, Some(1)).await.data();
    assert_eq!(shown(&node).await, "draft");
}

#[tokio::test]
async fn a_rollback_leads_to_what_was_live_before_and_is_refused_when_nothing_was() {
    let node = TestNode::start().await;
    deploy(&node, "one").await;
    let none = promote(&node, None).await;
    assert_eq!((none.status.as_u16(), none.code().as_str()), (404, "VERSION_NOT_FOUND"));
    assert_eq!(shown(&node).await, "one");
    deploy(&node, "two").await;
    preview(&node, "never live").await;
    deploy(&node, "four").await;
    assert_eq!(promote(&node, None).await.data()["version"], 2, "a preview was never live");
    assert_eq!(shown(&node).await, "two");
    let done = node.cli(&["rollback", "hello"]).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(shown(&node).await, "four", "a rollback is taken back by another");
    let unknown = node.cli(&["rollback", "nobody"]).await;
    assert_eq!(unknown.code, 1, "{unknown:?}");
}

#[tokio::test]
async fn an_old_content_deployed_again_is_a_new_version() {
    let node = TestNode::start().await;
    deploy(&node, "one").await;
    deploy(&node, "two").await;
    assert_eq!(deploy(&node, "one").await["version"], 3);
    assert_eq!(shown(&node).await, "one");
}

#[tokio::test]
async fn a_deleted_app_is_gone_until_it_is_brought_back_whole() {
    let node = TestNode::start().await;
    deploy(&node, "one").await;
    deploy(&node, "two").await;
    let host = json!({ "add_hosts": ["blog.example.org"] });
    node.call(Method::PATCH, "/api/apps/hello/config", Some(host)).await.data();
    let gone = node.call(Method::DELETE, "/api/apps/hello", None).await.data();
    for host in [HOST, "v1--hello.localhost", "blog.example.org"] {
        assert_eq!(node.get(host, "/").await.status, 404, "{host}");
    }
    assert_eq!(node.call(Method::GET, "/api/apps/hello", None).await.code(), "APP_NOT_FOUND");
    let undo = format!("/api/changes/{}/undo", gone["change"]);
    node.call(Method::POST, &undo, Some(json!({}))).await.data();
    assert_eq!(shown(&node).await, "two");
    assert_eq!(node.get("v1--hello.localhost", "/").await.text(), "one");
    assert_eq!(node.get("blog.example.org", "/").await.text(), "two");
    let twice = node.call(Method::POST, &undo, Some(json!({}))).await;
    assert_eq!(twice.code(), "CONFLICT");
}

#[tokio::test]
async fn a_new_app_may_take_the_name_of_a_deleted_one() {
    let node = TestNode::start().await;
    deploy(&node, "old").await;
    let gone = node.call(Method::DELETE, "/api/apps/hello", None).await.data();
    let new = deploy(&node, "new").await;
    assert_eq!((&new["version"], &new["created"]), (&json!(1), &json!(true)));
    assert_eq!(shown(&node).await, "new");
    // Bringing the old one back would put two apps under one name.
    let undo = format!("/api/changes/{}/undo", gone["change"]);
    let refused = node.call(Method::POST, &undo, Some(json!({}))).await;
    assert_eq!(refused.code(), "CONFLICT", "{}", refused.text());
    assert_eq!(shown(&node).await, "new");
}

#[tokio::test]
async fn a_deploy_is_undone_and_the_undo_undone() {
    let node = TestNode::start().await;
    deploy(&node, "one").await;
    let two = deploy(&node, "two").await;
    let undo = async |change: &Value| {
        let path = format!("/api/changes/{change}/undo");
        node.call(Method::POST, &path, Some(json!({}))).await.data()["change"].clone()
    };
    let undone = undo(&two["change"]).await;
    assert_eq!(shown(&node).await, "one");
    undo(&undone).await;
    assert_eq!(shown(&node).await, "two");
}

#[tokio::test]
async fn two_deploys_of_one_app_at_once_both_succeed_and_the_later_is_live() {
    let node = TestNode::start().await;
    deploy(&node, "first").await;
    let texts: Vec<String> = (0..12).map(|number| format!("deploy {number}")).collect();
    let deploys = texts.iter().map(|text| deploy(&node, text));
    let done = futures_util::future::join_all(deploys).await;
    let mut versions: Vec<_> = done.iter().filter_map(|one| one["version"].as_u64()).collect();
    versions.sort_unstable();
    assert_eq!(versions, (2..14).collect::<Vec<u64>>());
    let app = node.call(Method::GET, "/api/apps/hello", None).await.data();
    assert_eq!(app["live"], 13, "{app}");
    let last = done.iter().position(|one| one["version"] == 13).expect("one came last");
    assert_eq!(shown(&node).await, texts[last]);
    for (text, one) in texts.iter().zip(&done) {
        let host = format!("v{}--{HOST}", one["version"]);
        assert_eq!(node.get(&host, "/").await.text(), text, "{host}");
    }
}

#[tokio::test]
async fn the_files_of_a_version_are_listed_compared_and_read_back() {
    let node = TestNode::start().await;
    let long = "é".repeat(200_000);
    node.deploy("hello", &[("index.html", "one"), ("gone.txt", "x"), ("long.txt", &long)]).await;
    node.deploy("hello", &[("index.html", "two"), ("new.txt", "y"), ("long.txt", &long)]).await;
    let listed = node.call(Method::GET, "/api/apps/hello/files?against=1", None).await.data();
    let files = listed["files"].as_array().cloned().unwrap_or_default();
    let found: Vec<_> = files.iter().map(|file| (&file["path"], &file["status"])).collect();
    let (gone, index, new) = (json!("gone.txt"), json!("index.html"), json!("new.txt"));
    let (removed, changed, added) = (json!("removed"), json!("changed"), json!("added"));
    assert_eq!(found, [(&gone, &removed), (&index, &changed), (&new, &added)]);
    for (arguments, text) in [
        (&["cat", "hello", "index.html"][..], "two"),
        (&["cat", "hello", "index.html", "--version", "1"], "one"),
        (&["cat", "hello", "long.txt"], long.as_str()),
    ] {
        let done = node.cli(arguments).await;
        assert_eq!(done.code, 0, "{arguments:?}: {}", done.stderr);
        assert!(done.stdout == text, "{arguments:?}");
    }
    let missing = node.cli(&["cat", "hello", "indx.html"]).await;
    assert_eq!(missing.code, 1, "{missing:?}");
    assert!(missing.stderr.contains("index.html"), "the nearest name: {missing:?}");
}

#[tokio::test]
async fn only_the_last_versions_are_kept_and_whatever_is_live() {
    let node = TestNode::start_with(&[("keep.versions", "2")]).await;
    for text in ["one", "two", "three", "four", "five"] {
        deploy(&node, text).await;
    }
    promote(&node, Some(1)).await.data();
    // Visited before, and so perhaps remembered after.
    for version in 1..=5 {
        assert_eq!(node.get(&format!("v{version}--{HOST}"), "/").await.status, 200);
    }
    node.node().collect().await;
    node.clock.pass(SignedDuration::from_hours(48));
    node.node().collect().await;
    assert_eq!(shown(&node).await, "one");
    for (version, status) in [(1, 200), (2, 404), (3, 404), (4, 200), (5, 200)] {
        let host = format!("v{version}--{HOST}");
        assert_eq!(node.get(&host, "/").await.status, status, "{host}");
    }
}
