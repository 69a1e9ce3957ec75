//! Sessions of the older revisions, and the pair `/sse` and `/messages`.

use futures_util::StreamExt as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Agent, post, token};
use crate::harness::{Answer, TestNode, until};

const OLDER: &[&str] = &["2025-11-25", "2025-06-18", "2025-03-26"];

fn initialize(revision: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": revision, "capabilities": {},
        "clientInfo": { "name": "old", "version": "1" },
    } })
}

/// Begins a session, and answers its id.
async fn begin(node: &TestNode, token: &str, revision: &str) -> String {
    let answer = Answer::of(post(node, token).json(&initialize(revision))).await;
    assert!(answer.text().contains(&format!("\"protocolVersion\":\"{revision}\"")));
    let id = answer.header("mcp-session-id").to_owned();
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let told = post(node, token).header("mcp-session-id", &id).json(&ready);
    assert_eq!(Answer::of(told).await.status, 202);
    id
}

/// Lists the tools within a session.
async fn list(node: &TestNode, token: &str, id: &str) -> Answer {
    let ask = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" });
    Answer::of(post(node, token).header("mcp-session-id", id).json(&ask)).await
}

#[tokio::test]
async fn every_older_revision_has_sessions_that_outlive_a_restart() {
    let node = TestNode::start().await;
    let bearer = token(&node, json!({ "name": "a", "preset": "agent" })).await;
    let mut sessions = Vec::new();
    for revision in OLDER {
        sessions.push(begin(&node, &bearer, revision).await);
    }
    let node = TestNode::start_in(node.stop().await, &[]).await;
    for id in &sessions {
        let listed = list(&node, &bearer, id).await;
        assert_eq!(listed.status, 200, "{}", listed.text());
        assert!(listed.text().contains("\"delete_app\""), "{}", listed.text());
    }
    let end = node.client.delete(format!("http://{}/mcp", node.address())).bearer_auth(&bearer);
    let ended = Answer::of(end.header("mcp-session-id", &sessions[0])).await;
    assert_eq!(ended.status, 204);
    assert_eq!(list(&node, &bearer, &sessions[0]).await.status, 404, "an ended one is gone");
}

#[tokio::test]
async fn among_many_sessions_the_first_still_answers_and_an_open_stream_stays() {
    let node = TestNode::start_with(&[("limits.token_rate", "100000")]).await;
    let bearer = token(&node, json!({ "name": "a", "preset": "owner" })).await;
    let first = begin(&node, &bearer, "2025-11-25").await;
    let heard = begin(&node, &bearer, "2025-11-25").await;
    let listen = node.client.get(format!("http://{}/mcp", node.address()));
    let listen = listen.header("accept", "text/event-stream").header("mcp-session-id", &heard);
    let events = listen.bearer_auth(&bearer).send().await.expect("an answer");
    assert_eq!(events.status(), StatusCode::OK);
    let mut events = events.bytes_stream();
    for _ in 0..300 {
        begin(&node, &bearer, "2025-11-25").await;
    }
    for _ in 0..2 {
        let listed = list(&node, &bearer, &first).await;
        assert_eq!(listed.status, 200, "{}", listed.text());
    }
    let files = json!([{ "path": "index.html", "content": "new" }]);
    let deploy = json!({ "app": "new", "files": files });
    node.call(Method::POST, "/api/deploy", Some(deploy)).await.data();
    let mut told = String::new();
    while !told.contains("notifications/resources/list_changed") {
        let piece = events.next().await.expect("the stream is open").expect("a piece");
        told.push_str(&String::from_utf8_lossy(&piece));
    }
}

#[tokio::test]
async fn a_session_opens_no_door_and_belongs_to_who_began_it() {
    let node = TestNode::start().await;
    let mine = token(&node, json!({ "name": "mine", "preset": "owner" })).await;
    let other = token(&node, json!({ "name": "other", "preset": "owner" })).await;
    let id = begin(&node, &mine, "2025-11-25").await;
    assert_eq!(list(&node, &other, &id).await.status, 404);
    assert_eq!(list(&node, "fazt_tok_rubbish", &id).await.status, 401);
    node.call(Method::DELETE, "/api/tokens/mine", None).await.data();
    assert_eq!(list(&node, &mine, &id).await.status, 401, "a revoked token ends it");
}

#[tokio::test]
async fn a_token_that_expires_ends_what_it_began() {
    let node = TestNode::start().await;
    let short = token(&node, json!({ "name": "short", "preset": "agent", "days": 1 })).await;
    let id = begin(&node, &short, "2025-11-25").await;
    node.clock.pass(jiff::SignedDuration::from_hours(25));
    assert_eq!(list(&node, &short, &id).await.status, 401);
    let agent = Agent::new(&node, short);
    assert_eq!(agent.send("tools/list", json!({})).await.status, 401);
}

/// An open pair: its events, and where its messages go.
struct Pair {
    events: std::pin::Pin<Box<dyn futures_util::Stream<Item = String> + Send>>,
    messages: String,
}

async fn open(node: &TestNode, token: &str) -> Pair {
    let sse = node.client.get(format!("http://{}/sse", node.address())).bearer_auth(token);
    let answer = sse.send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    let pieces = answer.bytes_stream().filter_map(async |piece| {
        let text = String::from_utf8(piece.ok()?.to_vec()).ok()?;
        let data = text.lines().find_map(|line| line.strip_prefix("data: "))?;
        Some(data.to_owned())
    });
    let mut events: std::pin::Pin<Box<dyn futures_util::Stream<Item = String> + Send>> =
        Box::pin(pieces);
    let messages = events.next().await.expect("the first event names the address");
    Pair { events, messages }
}

async fn say(node: &TestNode, token: &str, pair: &Pair, message: &Value) -> StatusCode {
    let url = format!("http://{}{}", node.address(), pair.messages);
    let sent = node.client.post(url).bearer_auth(token).json(message).send().await;
    sent.expect("an answer").status()
}

#[tokio::test]
async fn the_oldest_pair_lists_and_calls_and_ends_with_its_stream() {
    let node = TestNode::start().await;
    let bearer = token(&node, json!({ "name": "a", "preset": "agent" })).await;
    let other = token(&node, json!({ "name": "b", "preset": "owner" })).await;
    let mut pair = open(&node, &bearer).await;
    assert_eq!(say(&node, &bearer, &pair, &initialize("2024-11-05")).await, 202);
    let begun = pair.events.next().await.expect("an answer");
    assert!(begun.contains("\"serverInfo\""), "{begun}");
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(say(&node, &bearer, &pair, &ready).await, 202);
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call",
        "params": { "name": "list_apps", "arguments": {} } });
    assert_eq!(say(&node, &bearer, &pair, &call).await, 202);
    let called = pair.events.next().await.expect("an answer");
    assert!(called.contains("\"structuredContent\""), "{called}");

    assert_eq!(say(&node, &other, &pair, &call).await, 404, "it belongs to who opened it");
    let Pair { events, messages } = pair;
    drop(events);
    let closed = Pair { events: Box::pin(futures_util::stream::empty()), messages };
    until("the session has ended", async || say(&node, &bearer, &closed, &call).await == 404).await;
}

#[tokio::test]
async fn the_oldest_pair_can_be_switched_off() {
    let node = TestNode::start_with(&[("mcp.sse", "off")]).await;
    let agent = Agent::with_preset(&node, "agent").await;
    let sse = node.client.get(format!("http://{}/sse", node.address()));
    assert_eq!(Answer::of(sse.bearer_auth(&agent.token)).await.status, 404);
    assert_eq!(agent.send("tools/list", json!({})).await.status, 200);
}

#[tokio::test]
async fn a_session_that_ended_leaves_nothing_on_a_node_where_nothing_changes() {
    let node = TestNode::start().await;
    let bearer = token(&node, json!({ "name": "a", "preset": "agent" })).await;
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let ended = async || {
        let id = begin(&node, &bearer, "2025-11-25").await;
        let end = node.client.delete(format!("http://{}/mcp", node.address()));
        let end = Answer::of(end.bearer_auth(&bearer).header("mcp-session-id", &id)).await;
        assert_eq!(end.status, 204);
    };
    ended().await;
    let before = alive();
    for _ in 0..20 {
        ended().await;
    }
    until("their tasks have ended", async || alive() < before + 5).await;
}

#[tokio::test]
async fn a_header_of_newer_revisions_hides_no_call_in_an_older_session() {
    let node = TestNode::start().await;
    let bearer = token(&node, json!({ "name": "v", "preset": "viewer" })).await;
    let id = begin(&node, &bearer, "2025-06-18").await;
    for (method, name) in [("tools/list", ""), ("tools/call", "list_apps")] {
        let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call",
            "params": { "name": "delete_app", "arguments": { "app": "blog", "confirm": "blog" } } });
        let sly = post(&node, &bearer).header("mcp-session-id", &id);
        let sly = sly.header("mcp-method", method).header("mcp-name", name).json(&call);
        let answer = Answer::of(sly).await;
        assert_eq!(answer.status, 403, "{method}: {}", answer.text());
        assert!(answer.header("www-authenticate").contains("apps:delete"), "{method}");
    }
}

#[tokio::test]
async fn only_what_can_change_is_watched() {
    let node = TestNode::start().await;
    let bearer = token(&node, json!({ "name": "v", "preset": "viewer" })).await;
    let id = begin(&node, &bearer, "2025-06-18").await;
    let long = format!("fazt://apps/{}", "x".repeat(1 << 20));
    for (uri, taken) in [
        ("fazt://apps", true),
        ("fazt://apps/blog/files/a.html", true),
        ("fazt://appsblog", false),
        ("fazt://guide/app", false),
        (long.as_str(), false),
    ] {
        let ask = json!({ "jsonrpc": "2.0", "id": 2, "method": "resources/subscribe",
            "params": { "uri": uri } });
        let told = post(&node, &bearer).header("mcp-session-id", &id).json(&ask);
        let answer = Answer::of(told).await;
        let shown: String = uri.chars().take(40).collect();
        assert_eq!(answer.text().contains("\"result\""), taken, "{shown}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_client_that_never_reads_its_stream_is_told_to() {
    let node = TestNode::start_with(&[("limits.token_rate", "100000")]).await;
    node.deploy("blog", &[("long.txt", &"l".repeat(200_000))]).await;
    let bearer = token(&node, json!({ "name": "a", "preset": "agent" })).await;
    let pair = open(&node, &bearer).await;
    assert_eq!(say(&node, &bearer, &pair, &initialize("2024-11-05")).await, 202);
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(say(&node, &bearer, &pair, &ready).await, 202);
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
        "name": "read_file",
        "arguments": { "app": "blog", "path": "long.txt", "limit": 200_000 } } });
    until("it is told", async || say(&node, &bearer, &pair, &call).await == 429).await;
    // What ends something is taken at any time.
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": { "requestId": 2 } });
    assert_eq!(say(&node, &bearer, &pair, &cancel).await, 202);
}
