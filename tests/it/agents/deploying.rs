//! Files in the call, and the address that takes a ZIP.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;

use super::{Agent, refused, text, token};
use crate::{
    deploy::archive::zip,
    harness::{Answer, TestNode},
};

/// The address that an agent gets for an app.
async fn address(agent: &Agent<'_>, app: &str) -> String {
    let answer = agent.tool("deploy", json!({ "app": app, "message": "by ticket" })).await;
    let upload = &answer["structuredContent"]["upload"];
    assert!(text(&answer).contains("curl"), "{answer}");
    upload["url"].as_str().expect("an address").to_owned()
}

/// Sends a ZIP to an address, as its command does.
async fn send(node: &TestNode, url: &str, body: Vec<u8>) -> Answer {
    let path = &url[url.find("/api/").expect("a path")..];
    let url = format!("http://{}{path}", node.address());
    Answer::of(node.client.put(url).header("content-type", "application/zip").body(body)).await
}

#[tokio::test]
async fn an_address_takes_one_upload_for_its_app_whatever_the_archive_says() {
    let node = TestNode::start().await;
    let agent = Agent::with_preset(&node, "agent").await;
    let url = address(&agent, "blog").await;
    assert!(!node.call(Method::GET, "/api/apps", None).await.text().contains("blog"));
    let archive = zip(&[("index.html", "by ticket"), ("manifest.json", r#"{"name":"shop"}"#)]);
    let done = send(&node, &url, archive.clone()).await;
    assert_eq!(done.data()["app"], "blog", "{}", done.text());
    assert_eq!(node.get("blog.localhost", "/").await.text(), "by ticket");
    assert_eq!(node.get("shop.localhost", "/").await.status, 404);
    let changes = node.call(Method::GET, "/api/changes", None).await.text().to_owned();
    assert!(changes.contains("token agent"), "the ledger names who asked for it: {changes}");
    let again = send(&node, &url, archive).await;
    assert_eq!((again.status.as_u16(), again.code().as_str()), (401, "UNAUTHORIZED"));
}

#[tokio::test]
async fn an_address_ends_with_its_minutes_and_with_its_token() {
    let node = TestNode::start().await;
    let agent = Agent::with_preset(&node, "agent").await;
    let late = address(&agent, "blog").await;
    node.clock.pass(SignedDuration::from_mins(11));
    let archive = zip(&[("index.html", "late")]);
    assert_eq!(send(&node, &late, archive.clone()).await.status, 401);

    let orphan = address(&agent, "blog").await;
    node.call(Method::DELETE, "/api/tokens/agent", None).await.data();
    assert_eq!(send(&node, &orphan, archive).await.status, 401);
    assert_eq!(node.get("blog.localhost", "/").await.status, 404);
}

#[tokio::test]
async fn a_caller_from_afar_names_no_path_of_this_machine() {
    let node = TestNode::start().await;
    let agent = Agent::with_preset(&node, "owner").await;
    let answer = agent.tool("deploy", json!({ "app": "x", "path": "/etc" })).await;
    assert!(refused(&answer) && text(&answer).contains("leave `path` out"), "{answer}");
    let listed = agent.result("tools/list", json!({})).await;
    let deploy = listed["tools"].as_array().expect("a list").iter();
    let deploy = deploy.clone().find(|tool| tool["name"] == "deploy").expect("deploy");
    assert!(deploy["inputSchema"]["properties"].get("path").is_none(), "{deploy}");
}

#[tokio::test]
async fn inline_files_go_live_and_a_reader_may_not_send_any() {
    let node = TestNode::start().await;
    let files = json!([{ "path": "index.html", "content": "inline" }]);
    let agent = Agent::with_preset(&node, "agent").await;
    let done = agent.tool("deploy", json!({ "app": "x", "files": files })).await;
    assert!(!refused(&done) && text(&done).contains("http://x.localhost"), "{done}");
    assert_eq!(node.get("x.localhost", "/").await.text(), "inline");
    let wish = json!({ "name": "one", "preset": "deployer", "apps": ["blog"] });
    let limited = Agent::new(&node, token(&node, wish).await);
    let done = limited.tool("deploy", json!({ "app": "x", "files": files })).await;
    assert!(text(&done).starts_with("FORBIDDEN"), "{done}");
}
