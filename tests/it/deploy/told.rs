//! Deploys that are told as they go, and clients that do not wait.

use reqwest::{Method, header::ACCEPT};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::archive::{Member, archive};
use crate::harness::{TestNode, until};

/// The events of a stream: each its name and its data.
fn events(stream: &str) -> Vec<(String, Value)> {
    let event = |text: &str| {
        let (name, data) = text.split_once('\n').expect("two lines");
        let name = name.strip_prefix("event: ").expect("a name").to_owned();
        let data = data.strip_prefix("data: ").expect("data");
        (name, serde_json::from_str(data).expect("JSON"))
    };
    stream.split_terminator("\n\n").map(event).collect()
}

#[tokio::test]
async fn a_deploy_that_is_told_ends_with_its_result() {
    let node = TestNode::start().await;
    let noise: Vec<u8> = (0..3 << 20).map(|_| rand::random()).collect();
    let files = [Member::file("index.html", "hi"), Member::file("noise.bin", noise)];
    let archive = archive(&files);
    let request = node.request(Method::POST, "/api/deploy?app=told");
    let request = request.bearer_auth(node.owner_token()).header(ACCEPT, "text/event-stream");
    let answer = request.header("content-type", "application/zip").body(archive);
    let answer = answer.send().await.expect("an answer").text().await.expect("events");
    let events = events(&answer);
    let (last, before) = events.split_last().expect("events");
    assert_eq!(last.0, "result");
    assert_eq!(last.1["data"]["app"], "told");
    assert!(before.iter().all(|(name, _)| name == "progress"), "{events:?}");
    for stage in ["receiving", "unpacking", "storing"] {
        assert!(before.iter().any(|(_, step)| step["stage"] == stage), "{stage} in {events:?}");
    }
    assert_eq!(node.get("told.localhost", "/").await.text(), "hi");
}

#[tokio::test]
async fn a_deploy_that_is_told_and_refused_ends_with_the_problem() {
    let node = TestNode::start().await;
    let request = node.request(Method::POST, "/api/deploy?app=told");
    let request = request.bearer_auth(node.owner_token()).header(ACCEPT, "text/event-stream");
    let answer = request.header("content-type", "application/zip").body("rubbish");
    let answer = answer.send().await.expect("an answer").text().await.expect("events");
    let events = events(&answer);
    let (name, data) = events.last().expect("an event");
    assert_eq!((name.as_str(), &data["error"]["code"]), ("error", &"BAD_ARCHIVE".into()));
}

#[tokio::test]
async fn a_deploy_whose_client_hangs_up_is_live_all_the_same() {
    let node = TestNode::start().await;
    node.deploy("hasty", &[("index.html", "one")]).await;
    let body = r#"{"app":"hasty","files":[{"path":"index.html","content":"two"}]}"#;
    let head = format!(
        "POST /api/deploy HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        node.owner_token(),
        body.len()
    );
    let mut socket = TcpStream::connect(node.address()).await.expect("a connection");
    socket.write_all(head.as_bytes()).await.expect("sent");
    drop(socket);
    until("the second version is live", async || {
        node.get("hasty.localhost", "/").await.text() == "two"
    })
    .await;
    // And the connection of another visitor is none the worse for it.
    let mut socket = TcpStream::connect(node.address()).await.expect("a connection");
    socket.write_all(b"GET / HTTP/1.0\r\nhost: hasty.localhost\r\n\r\n").await.expect("sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.ends_with("two"), "{answer}");
}
