//! Clients that are slow, silent or half gone, and a node that is asked to stop.

use std::time::Duration;

use reqwest::Method;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    deploy::archive::{Member, archive, zip},
    harness::{Answer, Process, Raw, TestNode, cli, until},
    hosting::noise,
};

const GET: &str = "GET /film.bin HTTP/1.1\r\nHost: film.localhost\r\n\r\n";

/// A node with an app whose one file does not fit into any socket's buffers.
async fn with_film(length: usize) -> TestNode {
    let node = TestNode::start_with(&[("cache.bytes", "1048576")]).await;
    let members = [Member::file("film.bin", noise(length, 5)), Member::file("index.html", "Film")];
    let request = node.request(Method::POST, "/api/deploy?app=film");
    let request = request.bearer_auth(node.owner_token()).header("content-type", "application/zip");
    Answer::of(request.body(archive(&members))).await.data();
    node
}

async fn is_served(node: &TestNode) {
    let page = node.get("film.localhost", "/").await;
    assert_eq!((page.status.as_u16(), page.text()), (200, "Film"));
}

#[tokio::test]
async fn a_client_that_sends_byte_by_byte_and_stops_keeps_nobody_waiting() {
    let node = with_film(1_000).await;
    let mut slow = Vec::new();
    for length in 1..GET.len() {
        let mut socket = TcpStream::connect(node.address()).await.expect("a connection");
        for byte in &GET.as_bytes()[..length] {
            socket.write_all(&[*byte]).await.expect("it is taken");
        }
        slow.push(socket);
    }
    is_served(&node).await;
    // The last of them was one byte short, and is answered when that byte comes.
    let last = slow.last_mut().expect("there are some");
    last.write_all(b"\n").await.expect("it is taken");
    assert_eq!(Raw::read(last).await.status, 200);
}

#[tokio::test]
async fn a_client_that_is_half_gone_is_let_go() {
    let node = with_film(1_000).await;
    for sent in [
        "",
        "GET / HT",
        "POST /api/deploy HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\nabc",
    ] {
        let mut socket = TcpStream::connect(node.address()).await.expect("a connection");
        socket.write_all(sent.as_bytes()).await.expect("it is taken");
        socket.shutdown().await.expect("half of it is closed");
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(10), socket.read_to_end(&mut rest));
        assert!(ended.await.is_ok(), "the node let go after {sent:?}");
    }
    // One that closes its half behind a whole request still gets its answer.
    let mut socket = TcpStream::connect(node.address()).await.expect("a connection");
    socket.write_all(GET.as_bytes()).await.expect("it is taken");
    socket.shutdown().await.expect("half of it is closed");
    assert_eq!(Raw::read(&mut socket).await.status, 200);
    is_served(&node).await;
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing_behind() {
    let node = with_film(1_000).await;
    let token = node.owner_token();
    let spooled = || {
        let entries = std::fs::read_dir(node.folder.path()).expect("the folder");
        let names = entries.filter_map(Result::ok).map(|entry| entry.file_name());
        names.filter(|name| name.to_string_lossy().contains("spool")).count()
    };
    let hash = "0".repeat(64);
    for line in ["POST /api/deploy?app=film".to_owned(), format!("PUT /api/blobs/{hash}")] {
        let head = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/zip\r\nContent-Length: 9000000\r\n\r\n"
        );
        let mut socket = TcpStream::connect(node.address()).await.expect("a connection");
        socket.write_all(head.as_bytes()).await.expect("it is taken");
        socket.write_all(&noise(300_000, 1)).await.expect("it is taken");
        until("the upload has begun", async || spooled() == 1).await;
        drop(socket);
        until("what came of it is gone", async || spooled() == 0).await;
    }
    is_served(&node).await;
    assert_eq!(node.call(Method::GET, "/api/changes", None).await.data()["total"], 1);
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_what_to_do() {
    let node = TestNode::start().await;
    let port = node.address().port().to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let done = cli(folder.path(), &["server", "start", "--port", &port]).await;
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stderr.contains(&format!("port {port} is taken")), "{done:?}");
    assert!(done.stderr.contains("--port"), "{done:?}");
}

#[tokio::test]
async fn clients_that_never_read_what_they_asked_for_keep_nobody_waiting() {
    let node = with_film(24 << 20).await;
    let mut deaf = Vec::new();
    for _ in 0..32 {
        let mut socket = TcpStream::connect(node.address()).await.expect("a connection");
        socket.write_all(GET.as_bytes()).await.expect("it is taken");
        assert_eq!(Raw::read(&mut socket).await.status, 200);
        deaf.push(socket);
    }
    is_served(&node).await;
    node.deploy("film", &[("index.html", "Film")]).await;
    is_served(&node).await;
    // What was begun is finished from the version it was begun with.
    let socket = deaf.last_mut().expect("there are some");
    let mut film = vec![0; 24 << 20];
    socket.read_exact(&mut film).await.expect("the whole film");
    assert!(film == noise(24 << 20, 5), "to the byte");
}

/// How many files this process may have open.
fn files_allowed() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().nth(3));
    soft.and_then(|soft| soft.parse().ok()).unwrap_or(1_024)
}

#[tokio::test]
async fn two_thousand_idle_connections_keep_nobody_waiting() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = Process::start(folder.path()).await;
    assert_eq!(cli(folder.path(), &["deploy", "examples/hello"]).await.code, 0);
    // The tests beside this one need some as well.
    let count = 2_000.min(files_allowed() / 2);
    let connect = |_| TcpStream::connect(node.address);
    let mut idle = Vec::new();
    for _ in 0..count / 100 {
        let hundred = futures_util::future::join_all((0..100).map(connect)).await;
        idle.extend(hundred.into_iter().map(|socket| socket.expect("a connection")));
    }
    assert_eq!(node.get("hello.localhost", "/").await.status, 200);
    // And each of them is still there to be used.
    for socket in idle.iter_mut().step_by(97) {
        let request = b"GET / HTTP/1.1\r\nHost: hello.localhost\r\n\r\n";
        socket.write_all(request).await.expect("it is taken");
        assert_eq!(Raw::read(socket).await.status, 200);
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place_and_get_it() {
    let node = TestNode::start_with(&[("limits.connections", "16")]).await;
    node.deploy("hello", &[("index.html", "Hello")]).await;
    let mut held = Vec::new();
    // The deploy's own connection may still be open.
    for _ in 0..15 {
        let mut socket = TcpStream::connect(node.address()).await.expect("a connection");
        let request = b"GET / HTTP/1.1\r\nHost: hello.localhost\r\n\r\n";
        socket.write_all(request).await.expect("it is taken");
        assert_eq!(Raw::read(&mut socket).await.status, 200);
        held.push(socket);
    }
    let request = b"GET / HTTP/1.1\r\nHost: hello.localhost\r\nConnection: close\r\n\r\n";
    let crowd = futures_util::future::join_all((0..20).map(|_| node.raw(request)));
    let (answers, ()) = tokio::join!(crowd, async { drop(held) });
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
}

#[tokio::test]
async fn a_node_asked_to_stop_finishes_what_is_under_way_and_ends_well() {
    let folder = tempfile::tempdir().expect("a folder");
    let site = tempfile::tempdir().expect("a folder");
    let film = noise(24 << 20, 9);
    std::fs::write(site.path().join("film.bin"), &film).expect("written");
    let node = Process::start(folder.path()).await;
    let path = site.path().to_str().expect("a plain path");
    assert_eq!(cli(folder.path(), &["deploy", path, "--name", "film"]).await.code, 0);

    let mut download = TcpStream::connect(node.address).await.expect("a connection");
    download.write_all(GET.as_bytes()).await.expect("it is taken");
    assert_eq!(Raw::read(&mut download).await.status, 200);

    let bytes = zip(&[("index.html", "came in late")]);
    let token = fazt::auth::local_token(&folder.path().join("data.db")).expect("the key is there");
    let head = format!(
        "POST /api/deploy?app=late HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/zip\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        bytes.len()
    );
    let mut upload = TcpStream::connect(node.address).await.expect("a connection");
    upload.write_all(head.as_bytes()).await.expect("it is taken");
    assert_eq!(Raw::read(&mut upload).await.status, 100, "the node waits for the body");

    let mut idle = TcpStream::connect(node.address).await.expect("a connection");
    node.terminate().await;
    until("no new connection is accepted", async || {
        TcpStream::connect(node.address).await.is_err()
    })
    .await;
    upload.write_all(&bytes).await.expect("it is taken");
    assert_eq!(Raw::read(&mut upload).await.status, 200);
    let mut rest = vec![0; film.len()];
    download.read_exact(&mut rest).await.expect("the whole film");
    assert!(rest == film, "to the byte");
    assert_eq!(idle.read(&mut [0]).await.unwrap_or(0), 0, "an idle connection is closed");
    let ended = node.ended().await;
    assert_eq!(ended.code(), Some(0), "{ended:?}");

    let again = Process::start(folder.path()).await;
    assert_eq!(again.get("late.localhost", "/").await.text(), "came in late");
}

#[tokio::test]
async fn half_a_sign_in_holds_no_connection() {
    let node = TestNode::start().await;
    for (path, media) in
        [("/api/login", "application/json"), ("/login", "application/x-www-form-urlencoded")]
    {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {media}\r\n\
             Content-Length: 40\r\n\r\n{{"
        );
        let mut socket = TcpStream::connect(node.address()).await.expect("a connection");
        socket.write_all(head.as_bytes()).await.expect("it is taken");
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(20), socket.read_to_end(&mut rest));
        assert!(ended.await.is_ok(), "{path} waits for the rest for ever");
        assert!(rest.starts_with(b"HTTP/1.1 400 "), "{}", String::from_utf8_lossy(&rest));
    }
}
