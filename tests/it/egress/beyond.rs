//! Beyond the list: names that change their minds, odd URLs, odd answers, loops.

use fazt::egress::{Ask, NetCode};
use reqwest::Method;
use serde_json::json;

use super::world::{Reply, World, answer, code, post, with_headers};
use crate::harness::until;

async fn hello() -> World {
    let world = World::new(|_| answer(200, &[], "hello")).await;
    world.allow("api.site.test", json!({})).await;
    world
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_judged_by_each_answer_and_dialled_by_it() {
    let close = b"HTTP/1.1 200 X\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
    let world = World::new(|_| Reply::Last(close.to_vec())).await;
    world.allow("api.site.test", json!({})).await;
    world.names.say("api.site.test", &[&["127.0.0.1"], &["10.0.0.1"]]);
    assert_eq!(&world.get("https://api.site.test/").await.expect("public").body[..], b"ok");
    // One answer was asked for, judged and dialled.
    assert_eq!(world.names.asked().len(), 1);
    assert_eq!(code(world.get("https://api.site.test/").await), Some(NetCode::Blocked));
    assert_eq!(world.names.asked().len(), 2);
    assert_eq!(world.server.connections(), 1);
}

#[tokio::test]
async fn a_name_with_one_private_address_among_public_ones_is_refused() {
    let world = hello().await;
    for mixed in [&["127.0.0.1", "10.0.0.1"], &["192.168.0.1", "127.0.0.1"], &["127.0.0.1", "::1"]]
    {
        world.names.say("api.site.test", &[mixed]);
        assert_eq!(code(world.get("https://api.site.test/").await), Some(NetCode::Blocked));
    }
    world.names.say("api.site.test", &[&[]]);
    assert_eq!(code(world.get("https://api.site.test/").await), Some(NetCode::Error));
    assert_eq!(world.server.connections(), 0);
}

#[tokio::test]
async fn an_address_in_any_spelling_is_refused_even_where_names_are_allowed() {
    let world = hello().await;
    for url in [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://2130706433../",
        "http://0x7f.1../",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://0/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[fe80::1]/",
        "http://user@127.0.0.1/",
        "http://１２７.0.0.1/",
        "http://127。0。0。1/",
        "https://api.site.test@10.0.0.1/",
        "ftp://api.site.test/",
        "file:///etc/passwd",
    ] {
        world.refuses(url).await;
    }
}

#[tokio::test]
async fn a_name_or_password_in_a_url_is_refused() {
    let world = hello().await;
    world.refuses("https://me:hunter2@api.site.test/").await;
    let refused = world.get("https://me:hunter2@api.site.test/").await.expect_err("refused");
    assert!(!refused.message.contains("hunter2"), "{refused}");
}

#[tokio::test]
async fn a_name_that_looks_alike_is_another() {
    let world = hello().await;
    world.refuses("https://аpi.site.test/").await;
    // Allowed by its letters, it is fetched by its one form.
    world.allow("bücher.site.test", json!({})).await;
    world.get("https://BÜCHER.site.test/").await.expect("fetched");
    assert_eq!(world.server.last().header("host"), "xn--bcher-kva.site.test");
}

#[tokio::test]
async fn what_would_break_out_of_a_header_is_refused() {
    let world = hello().await;
    for (name, value) in [
        ("x", "a\r\nhost: evil"),
        ("x", "a\nb"),
        ("x", "a\0b"),
        ("x\r\ny", "a"),
        ("x: y", "a"),
        ("", "a"),
        ("ü", "a"),
    ] {
        let ask = with_headers("https://api.site.test/", &[(name, value)]);
        assert_eq!(code(world.ask(ask).await), Some(NetCode::Blocked), "{name:?}: {value:?}");
    }
    assert_eq!(world.server.connections(), 0);
    // In a URL it is no way either.
    world.get("https://api.site.test/a\r\nb?c=d\r\nx: y").await.expect("cleaned");
    assert_eq!(world.server.last().path, "/ab?c=dx:%20y");
}

#[tokio::test]
async fn headers_of_the_connection_are_the_gateways() {
    let world = hello().await;
    let given = [
        ("Host", "evil.test"),
        ("Connection", "upgrade"),
        ("Proxy-Authorization", "x"),
        ("Proxy-Anything", "x"),
        ("Transfer-Encoding", "chunked"),
        ("TE", "trailers"),
        ("Upgrade", "h2c"),
        ("Content-Length", "3"),
        ("Accept-Encoding", "br"),
        ("X-Kept", "one"),
        ("x-kept", "two"),
    ];
    let mut ask = with_headers("https://api.site.test/", &given);
    (ask.method, ask.body) = ("POST".to_owned(), "body".into());
    world.ask(ask).await.expect("fetched");
    let seen = world.server.last();
    let all = format!("{:?}", seen.headers);
    for gone in ["evil", "upgrade", "proxy", "chunked", "trailers", "h2c", "\"br\""] {
        assert!(!all.contains(gone), "{gone} in {all}");
    }
    assert_eq!(seen.header("host"), "api.site.test");
    assert_eq!(seen.header("content-length"), "4");
    assert_eq!(seen.header("accept-encoding"), "identity");
    let kept: Vec<_> = seen.headers.iter().filter(|(name, _)| name == "x-kept").collect();
    assert_eq!(kept.len(), 2, "{all}");
}

#[tokio::test]
async fn headers_of_an_answer_come_in_lower_case_and_together() {
    let headers = [("X-Many", "a"), ("x-many", "b"), ("Set-Cookie", "c=1"), ("set-cookie", "d=2")];
    let world = World::new(move |_| answer(200, &headers, "")).await;
    world.allow("api.site.test", json!({})).await;
    let read = world
        .eval(
            "const { headers } = fazt.net.fetch('https://api.site.test/');
             return [headers['x-many'], headers['set-cookie']]",
        )
        .await;
    assert_eq!(read, json!(["a, b", ["c=1", "d=2"]]));
}

#[tokio::test]
async fn a_body_in_chunks_is_put_together() {
    let body =
        "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    let world = World::new(move |_| Reply::Raw(body.into())).await;
    world.allow("api.site.test", json!({})).await;
    assert_eq!(&world.get("https://api.site.test/").await.expect("whole").body[..], b"abcde");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error() {
    let half = "HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\nhalf";
    let world = World::new(move |_| Reply::Last(half.into())).await;
    world.allow("api.site.test", json!({})).await;
    assert_eq!(code(world.get("https://api.site.test/").await), Some(NetCode::Error));
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_an_error() {
    for odd in ["SSH-2.0-x\r\n\r\n", "HTTP/9.9 1 X\r\n\r\n", "", "HTTP/1.1 200 X\r\n\0: x\r\n\r\n"]
    {
        let world = World::new(move |_| Reply::Last(odd.into())).await;
        world.allow("api.site.test", json!({})).await;
        assert_eq!(code(world.get("https://api.site.test/").await), Some(NetCode::Error), "{odd}");
    }
}

#[tokio::test]
async fn a_head_that_is_too_long_ends_the_call() {
    let many = format!("HTTP/1.1 200 X\r\n{}\r\n", "x: y\r\n".repeat(1_000));
    let long =
        format!("HTTP/1.1 200 X\r\ncontent-length: 0\r\nx: {}\r\n\r\n", "y".repeat(70 << 10));
    for head in [many, long] {
        let world = World::new(move |_| Reply::Last(head.clone().into())).await;
        world.allow("api.site.test", json!({})).await;
        let ended = code(world.get("https://api.site.test/").await);
        assert!(matches!(ended, Some(NetCode::Size | NetCode::Error)), "{ended:?}");
    }
    let world = hello().await;
    let long = "y".repeat(70 << 10);
    let ask = with_headers("https://api.site.test/", &[("x", &long)]);
    assert_eq!(code(world.ask(ask).await), Some(NetCode::Size));
}

#[tokio::test]
async fn a_body_that_drips_ends_with_the_calls_time() {
    let head = "HTTP/1.1 200 X\r\ncontent-length: 100000\r\n\r\n";
    let world = World::new(move |_| Reply::Drip(head.into())).await;
    world.allow("api.site.test", json!({ "timeout": 150 })).await;
    assert_eq!(code(world.get("https://api.site.test/").await), Some(NetCode::Timeout));
    until("the connection is closed", async || world.server.still_open() == 0).await;
}

#[tokio::test]
async fn a_node_does_not_fetch_from_itself() {
    let world = hello().await;
    world.allow("*.localhost", json!({ "http": true })).await;
    world.allow("*.site.test", json!({})).await;
    world.refuses("http://shop.localhost/").await;
    let host = json!({ "app": "shop", "add_hosts": ["own.site.test"] });
    world.node.call(Method::PATCH, "/api/apps/shop/config", Some(host)).await.data();
    world.refuses("https://own.site.test/").await;
    // Named by itself, it is the owner's wish.
    world.allow("own.site.test", json!({})).await;
    assert_eq!(world.get("https://own.site.test/").await.expect("allowed").status, 200);
    // And still no way to this machine.
    world.allow("shop.localhost", json!({ "http": true })).await;
    world.names.say("shop.localhost", &[&["127.0.0.2"]]);
    assert_eq!(code(world.get("http://shop.localhost/").await), Some(NetCode::Blocked));
}

#[tokio::test]
async fn a_rule_acts_at_once_even_where_a_connection_is_open() {
    let world = hello().await;
    world.get("https://api.site.test/").await.expect("allowed");
    let gone = "/api/net/rules/api.site.test?app=shop";
    let change = world.node.call(Method::DELETE, gone, None).await.data()["change"].clone();
    world.refuses("https://api.site.test/").await;
    let undo = format!("/api/changes/{change}/undo");
    world.node.call(Method::POST, &undo, Some(json!({}))).await.data();
    world.get("https://api.site.test/").await.expect("allowed again");
}

#[tokio::test]
async fn what_one_app_may_another_may_not_and_connections_are_not_shared() {
    let world = hello().await;
    world.node.deploy("other", &[("index.html", "x")]).await;
    let ask = || Ask { url: "https://api.site.test/".to_owned(), ..Ask::default() };
    let as_other = async || world.ask_as("other", &fazt::egress::Spending::default(), ask()).await;
    world.ask(ask()).await.expect("allowed");
    assert_eq!(code(as_other().await), Some(NetCode::Blocked));
    let rule = json!({ "app": "other" });
    world.node.call(Method::PUT, "/api/net/rules/api.site.test", Some(rule)).await.data();
    as_other().await.expect("allowed");
    assert_eq!(world.server.connections(), 2, "one for each app");
    world.ask(ask()).await.expect("allowed");
    assert_eq!(world.server.connections(), 2, "kept for the next call of the app");
}

#[tokio::test]
async fn a_certificate_that_is_not_believed_ends_the_call() {
    let world = hello().await;
    let server = world.unbelieved().await;
    world.allow("bad.site.test", json!({ "port": server.port })).await;
    let url = format!("https://bad.site.test:{}/", server.port);
    let refused = world.get(&url).await.expect_err("refused");
    assert_eq!(refused.code, NetCode::Error, "{refused}");
    assert!(refused.message.contains("certificate"), "{refused}");
    // A certificate is for its names.
    world.allow("names.test", json!({})).await;
    assert_eq!(code(world.get("https://names.test/").await), Some(NetCode::Error));
    assert_eq!(world.server.count() + server.count(), 0);
}

#[tokio::test]
async fn plain_http_is_fetched_only_where_it_is_allowed() {
    let world = hello().await;
    let server = world.plain(|_| answer(200, &[], "plain")).await;
    let url = format!("http://old.site.test:{}/", server.port);
    world.allow("old.site.test", json!({ "port": server.port })).await;
    world.refuses(&url).await;
    world.allow("old.site.test", json!({ "port": server.port, "http": true })).await;
    assert_eq!(&world.get(&url).await.expect("allowed").body[..], b"plain");
}

#[tokio::test]
async fn who_cannot_be_reached_is_an_error_that_names_the_host() {
    let world = hello().await;
    world.allow("gone.example", json!({})).await;
    let refused =
        world.get("https://gone.example/secret-path?x=1").await.expect_err("no such name");
    assert_eq!(refused.code, NetCode::Error);
    assert!(refused.message.contains("gone.example") && !refused.message.contains("secret-path"));
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    world.allow("down.site.test", json!({ "port": port })).await;
    let down = world.get(&format!("https://down.site.test:{port}/x?key=1")).await;
    let down = down.expect_err("nobody listens");
    assert_eq!(down.code, NetCode::Error);
    assert!(down.message.contains("down.site.test") && !down.message.contains("key"), "{down}");
}

#[tokio::test]
async fn a_body_is_sent_with_its_type() {
    let world = hello().await;
    let mut ask = post("https://api.site.test/", r#"{"k":1}"#);
    ask.headers.push(("content-type".to_owned(), "application/json".to_owned()));
    world.ask(ask).await.expect("fetched");
    let seen = world.server.last();
    assert_eq!(
        (&seen.body[..], seen.header("content-type")),
        (&br#"{"k":1}"#[..], "application/json")
    );
}
