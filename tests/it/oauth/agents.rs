//! An MCP client that has no token finds its way to one, and works with it.

use reqwest::Method;
use serde_json::json;

use super::{Browser, Program, Tokens};
use crate::{
    agents::{Agent, post},
    harness::{Answer, TestNode},
};

#[tokio::test]
async fn from_the_first_401_of_mcp_a_client_comes_to_a_token_that_works_there() {
    let node = TestNode::start().await;
    node.deploy("blog", &[("index.html", "x")]).await;
    let refused = Agent::new(&node, "").send("tools/list", json!({})).await;
    assert_eq!(refused.status, 401);
    let says = refused.header("www-authenticate");
    let document = says.split_once("resource_metadata=\"").expect("an address").1;
    let document = document.split('"').next().expect("a quote");
    let origin = format!("http://{}", node.address());
    let path = document.strip_prefix(&origin).expect("an address of this node");
    let told = Answer::of(node.request(Method::GET, path)).await.json();
    let resource = format!("{origin}/mcp");
    assert_eq!(told["resource"], resource);
    assert_eq!(told["authorization_servers"], json!([origin]));
    let (browser, program) = (Browser::signed_in(&node).await, Program::registered(&node).await);
    let query = program.query(&[("resource", &resource), ("scope", "apps:read")]);
    let code = browser.allow(&node, &query, &["apps:read"]).await;
    let given = program.redeem(&node, &code, &[("resource", &resource)]).await;
    let agent = Agent::new(&node, Tokens::of(&given).access);
    let listed = agent.result("tools/list", json!({})).await.to_string();
    assert!(listed.contains("\"list_apps\"") && !listed.contains("\"delete_app\""), "{listed}");
    let apps = agent.tool("list_apps", json!({})).await;
    assert_eq!(apps["structuredContent"]["apps"][0]["name"], "blog");
    let call = json!({ "name": "delete_app", "arguments": { "app": "blog" } });
    let wider = agent.send("tools/call", call).await;
    assert_eq!(wider.status, 403);
    let says = wider.header("www-authenticate");
    assert!(says.contains("insufficient_scope") && says.contains("apps:delete"), "{says}");
    node.call(Method::DELETE, "/api/grants/1", None).await.data();
    assert_eq!(agent.send("tools/list", json!({})).await.status, 401);
}

#[tokio::test]
async fn a_session_of_one_grant_is_not_for_another_of_the_same_program() {
    let node = TestNode::start().await;
    let (browser, program) = (Browser::signed_in(&node).await, Program::registered(&node).await);
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let code = browser.allow(&node, &program.query(&[]), &["apps:read"]).await;
        tokens.push(Tokens::of(&program.redeem(&node, &code, &[]).await).access);
    }
    let first = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" },
        },
    });
    let begun = Answer::of(post(&node, &tokens[0]).json(&first)).await;
    let session = begun.header("mcp-session-id").to_owned();
    assert!(!session.is_empty(), "{}", begun.text());
    let ping = json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" });
    let mut statuses = Vec::new();
    for token in &tokens {
        let asked = post(&node, token).header("mcp-session-id", &session).json(&ping);
        statuses.push(Answer::of(asked).await.status.as_u16());
    }
    assert_eq!(statuses, [200, 404]);
}
