//! What must hold of every gateway: one test for each row of the list.

use std::time::Duration;

use fazt::egress::{Ask, NetCode, Spending};
use serde_json::json;
use tokio::time::Instant;

use super::world::{Reply, World, answer, code, post, redirect, with_headers};
use crate::harness::{Process, cli, until};

async fn hello() -> World {
    let world = World::new(|_| answer(200, &[], "hello")).await;
    world.allow("api.site.test", json!({})).await;
    world
}

#[tokio::test]
async fn m01_a_public_host_on_the_list_is_fetched_over_https() {
    let world = hello().await;
    let answer = world.get("https://api.site.test/a?b=c").await.expect("fetched");
    assert_eq!((answer.status, &answer.body[..]), (200, &b"hello"[..]));
    assert_eq!(answer.url, "https://api.site.test/a?b=c");
    let seen = world.server.last();
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("GET", "/a?b=c"));
    assert_eq!(seen.header("host"), "api.site.test");
    assert_eq!(world.names.asked(), ["api.site.test"]);
}

#[tokio::test]
async fn m02_loopback_is_refused() {
    hello().await.refuses("http://127.0.0.1:8080/").await;
}

#[tokio::test]
async fn m03_a_private_address_is_refused() {
    hello().await.refuses("http://192.168.1.1/").await;
}

#[tokio::test]
async fn m04_the_metadata_of_clouds_is_refused() {
    hello().await.refuses("http://169.254.169.254/latest/meta-data/").await;
}

#[tokio::test]
async fn m05_loopback_of_ipv6_is_refused() {
    hello().await.refuses("https://[::1]/").await;
}

#[tokio::test]
async fn m06_an_address_is_refused_before_anything_is_dialled() {
    let world = hello().await;
    // The one that plays the internet is no exception: a host has to have a name.
    world.refuses(&format!("https://127.0.0.1:{}/", world.server.port)).await;
}

#[tokio::test]
async fn m07_a_host_that_is_not_on_the_list_is_refused() {
    let world = hello().await;
    world.refuses("https://www.site.test/").await;
    let refused = world.get("https://www.site.test/").await.expect_err("refused");
    assert!(refused.message.ends_with("fazt net allow www.site.test --app shop"), "{refused}");
}

#[tokio::test]
async fn m08_a_star_takes_a_name_below() {
    let world = hello().await;
    world.allow("*.other.test", json!({})).await;
    assert_eq!(world.get("https://x.other.test/").await.expect("fetched").status, 200);
}

#[tokio::test]
async fn m09_a_star_does_not_take_the_bare_name() {
    let world = hello().await;
    world.allow("*.other.test", json!({})).await;
    world.refuses("https://other.test/").await;
}

#[tokio::test]
async fn m10_a_redirect_to_a_private_address_is_refused() {
    for to in ["https://10.0.0.1/", "https://inside.site.test/"] {
        let world = World::new(move |_| redirect(302, to)).await;
        world.allow("*.site.test", json!({})).await;
        world.names.say("inside.site.test", &[&["10.0.0.1"]]);
        assert_eq!(code(world.get("https://api.site.test/").await), Some(NetCode::Blocked), "{to}");
        assert_eq!(world.server.count(), 1);
    }
}

#[tokio::test]
async fn m11_a_redirect_to_plain_http_is_refused() {
    let world = World::new(|_| redirect(302, "http://api.site.test/")).await;
    world.allow("api.site.test", json!({ "http": true })).await;
    assert_eq!(code(world.get("https://api.site.test/").await), Some(NetCode::Blocked));
    assert_eq!(world.server.count(), 1);
}

#[tokio::test]
async fn m12_more_than_three_redirects_are_an_error() {
    let world = World::new(|seen| match seen.path.as_str() {
        "/0" => answer(200, &[], "there"),
        path => {
            let left: u32 = path[1..].parse().expect("a number");
            redirect(302, &format!("/{}", left - 1))
        }
    })
    .await;
    world.allow("api.site.test", json!({})).await;
    let three = world.get("https://api.site.test/3").await.expect("three are followed");
    assert_eq!((&three.body[..], three.url.as_str()), (&b"there"[..], "https://api.site.test/0"));
    assert!(three.redirected);
    assert_eq!(code(world.get("https://api.site.test/4").await), Some(NetCode::Error));
}

#[tokio::test]
async fn m13_an_answer_of_more_than_a_mebibyte_is_too_large() {
    let world = World::new(|seen| match seen.path.as_str() {
        "/most" => answer(200, &[], vec![b'x'; 1 << 20]),
        "/told" => Reply::Hang(b"HTTP/1.1 200 X\r\ncontent-length: 1048577\r\n\r\n".to_vec()),
        _ => {
            let mut body = b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
            for _ in 0..17 {
                body.extend_from_slice(b"10000\r\n");
                body.extend_from_slice("x".repeat(1 << 16).as_bytes());
                body.extend_from_slice(b"\r\n");
            }
            Reply::Hang(body)
        }
    })
    .await;
    world.allow("api.site.test", json!({})).await;
    assert_eq!(world.get("https://api.site.test/most").await.expect("fits").body.len(), 1 << 20);
    for path in ["told", "chunked"] {
        let url = format!("https://api.site.test/{path}");
        assert_eq!(code(world.get(&url).await), Some(NetCode::Size), "{path}");
    }
    until("the connections are closed", async || world.server.still_open() <= 1).await;
    // A rule may allow more.
    world.allow("api.site.test", json!({ "max_response": 2 << 20 })).await;
    assert_eq!(world.get("https://api.site.test/most").await.expect("fits").status, 200);
}

#[tokio::test]
async fn m14_a_sixth_call_of_a_request_is_refused() {
    let world = hello().await;
    let request = Spending::default();
    let ask = || Ask { url: "https://api.site.test/".to_owned(), ..Ask::default() };
    for _ in 0..5 {
        assert!(world.ask_within(&request, ask()).await.is_ok());
    }
    assert_eq!(code(world.ask_within(&request, ask()).await), Some(NetCode::Limit));
    assert_eq!(world.server.count(), 5);
}

#[tokio::test]
async fn m15_a_call_does_not_begin_in_the_last_second_of_a_request() {
    let world = hello().await;
    let request = Spending::default();
    request.ends(Instant::now() + Duration::from_millis(990));
    let ask = Ask { url: "https://api.site.test/".to_owned(), ..Ask::default() };
    assert_eq!(code(world.ask_within(&request, ask).await), Some(NetCode::Budget));
    assert_eq!(world.server.count(), 0);
}

#[tokio::test]
async fn m16_a_sixth_call_of_an_app_at_once_is_refused() {
    let world = World::new(|_| Reply::Hang(Vec::new())).await;
    world.allow("api.site.test", json!({})).await;
    let five = async {
        let calls = (0..5).map(|_| world.get("https://api.site.test/"));
        futures_util::future::join_all(calls).await
    };
    let sixth = async {
        until("five are under way", async || world.server.count() == 5).await;
        code(world.get("https://api.site.test/").await)
    };
    tokio::select! {
        _ = five => panic!("they hang"),
        sixth = sixth => assert_eq!(sixth, Some(NetCode::Limit)),
    }
    // Whoever is gone holds no place.
    assert_eq!(world.node.node().egress.under_way(), 0);
}

#[tokio::test]
async fn m17_one_call_more_than_all_apps_may_make_at_once_is_refused() {
    let world = World::with(&[("limits.fetch_all", "3")], |_| Reply::Hang(Vec::new())).await;
    world.allow("api.site.test", json!({})).await;
    let three = futures_util::future::join_all((0..3).map(|_| world.get("https://api.site.test/")));
    let fourth = async {
        until("three are under way", async || world.server.count() == 3).await;
        code(world.get("https://api.site.test/").await)
    };
    tokio::select! {
        _ = three => panic!("they hang"),
        fourth = fourth => assert_eq!(fourth, Some(NetCode::Limit)),
    }
}

#[tokio::test]
async fn m18_a_name_that_leads_to_a_private_address_is_refused() {
    let world = hello().await;
    for address in ["10.0.0.1", "127.0.0.2", "169.254.169.254", "::1", "fd00::1", "64:ff9b::7f00:1"]
    {
        world.names.say("api.site.test", &[&[address]]);
        let refused = world.get("https://api.site.test/").await.expect_err(address);
        assert_eq!(refused.code, NetCode::Blocked, "{address}");
        assert!(!refused.message.contains(address), "a script learns {address}");
    }
    assert_eq!(world.server.connections(), 0);
}

#[tokio::test]
async fn m19_a_call_that_takes_too_long_ends_and_closes_its_connection() {
    let head = "HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\nhalf";
    let world = World::new(move |_| Reply::Hang(head.into())).await;
    world.allow("api.site.test", json!({ "timeout": 100 })).await;
    assert_eq!(code(world.get("https://api.site.test/").await), Some(NetCode::Timeout));
    until("the connection is closed", async || world.server.still_open() == 0).await;
    // The caller may want less than the rule.
    world.allow("api.site.test", json!({})).await;
    let timeout = Some(Duration::from_millis(50));
    let ask = Ask { url: "https://api.site.test/".to_owned(), timeout, ..Ask::default() };
    assert_eq!(code(world.ask(ask).await), Some(NetCode::Timeout));
    until("the connection is closed", async || world.server.still_open() == 0).await;
}

#[tokio::test]
async fn m20_json_that_is_valid_is_read() {
    let world = World::new(|_| answer(200, &[], r#"{"a":[1,"ü"]}"#)).await;
    world.allow("api.site.test", json!({})).await;
    let read = world.eval("return fazt.net.fetch('https://api.site.test/').json()").await;
    assert_eq!(read, json!({ "a": [1, "ü"] }));
}

#[tokio::test]
async fn m21_json_that_is_not_valid_throws() {
    let world = World::new(|_| answer(200, &[], "{")).await;
    world.allow("api.site.test", json!({})).await;
    let thrown = world
        .eval(
            "const res = fazt.net.fetch('https://api.site.test/');
             try { res.json(); return 'read' } catch (e) { return [e.name, res.text()] }",
        )
        .await;
    assert_eq!(thrown, json!(["SyntaxError", "{"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn m22_proxies_of_the_environment_are_ignored() {
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    proxy.set_nonblocking(true).expect("set");
    let at = format!("http://{}", proxy.local_addr().expect("an address"));
    let folder = tempfile::tempdir().expect("a folder");
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"];
    let environment: Vec<_> = names.iter().map(|name| (*name, at.as_str())).collect();
    let node = Process::start_with(folder.path(), &environment).await;
    let site = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(site.path().join("api")).expect("made");
    let code = "function handler(req) { try { fazt.net.fetch(req.query.u); return 'reached' } \
                catch (e) { return String(e.code) } }";
    std::fs::write(site.path().join("api/try.js"), code).expect("written");
    let site = site.path().to_str().expect("text");
    let deployed = cli(folder.path(), &["deploy", site, "--name", "net"]).await;
    assert_eq!(deployed.code, 0, "{deployed:?}");
    for more in [&["--http"][..], &[]] {
        let allow = [&["net", "allow", "localhost"][..], more].concat();
        assert_eq!(cli(folder.path(), &allow).await.code, 0);
    }
    // A proxy would be asked for a name that leads to this machine; the gateway refuses.
    assert_eq!(cli(folder.path(), &["net", "allow", "localhost", "--http"]).await.code, 0);
    for url in ["http://localhost/", "https://localhost/"] {
        let answer = node.get("net.localhost", &format!("/api/try?u={url}")).await;
        assert_eq!(answer.text(), "NET_BLOCKED", "{url}");
    }
    assert!(proxy.accept().is_err(), "the proxy was asked");
    node.kill().await;
}

#[tokio::test]
async fn m23_a_compressed_body_arrives_as_it_is() {
    let packed = b"\x1f\x8b\x08\0\0\0\0\0\0\x03raw";
    let world = World::new(move |_| answer(200, &[("content-encoding", "gzip")], packed)).await;
    world.allow("api.site.test", json!({})).await;
    let ask = with_headers("https://api.site.test/", &[("Accept-Encoding", "gzip")]);
    let answer = world.ask(ask).await.expect("fetched");
    assert_eq!(&answer.body[..], packed);
    assert_eq!(world.server.last().header("accept-encoding"), "identity");
}

#[tokio::test]
async fn m24_a_host_in_capitals_is_the_same() {
    let world = hello().await;
    assert_eq!(world.get("HTTPS://API.Site.TEST/").await.expect("fetched").status, 200);
    assert_eq!(world.server.last().header("host"), "api.site.test");
}

#[tokio::test]
async fn m25_a_host_with_a_dot_at_its_end_is_the_same() {
    let world = hello().await;
    assert_eq!(world.get("https://api.site.test./").await.expect("fetched").status, 200);
    assert_eq!(world.server.last().header("host"), "api.site.test");
    assert_eq!(world.names.asked(), ["api.site.test"]);
}

#[tokio::test]
async fn m26_a_host_with_the_schemes_own_port_is_the_same() {
    let world = hello().await;
    assert_eq!(world.get("https://api.site.test:443/").await.expect("fetched").status, 200);
    world.refuses("https://api.site.test:444/").await;
}

#[tokio::test]
async fn m27_methods_are_sent_as_they_are_named_and_answers_have_theirs() {
    let world = World::new(|seen| answer(200, &[], &seen.method)).await;
    world.allow("api.site.test", json!({})).await;
    for (given, sent) in [
        ("get", "GET"),
        ("Post", "POST"),
        ("put", "PUT"),
        ("patch", "PATCH"),
        ("DELETE", "DELETE"),
        ("options", "OPTIONS"),
        ("PURGE", "PURGE"),
    ] {
        let ask = Ask { method: given.to_owned(), ..post("https://api.site.test/", "") };
        assert_eq!(world.ask(ask).await.expect(given).body, sent);
    }
    let ask = Ask { method: "HEAD".to_owned(), ..post("https://api.site.test/", "") };
    assert!(world.ask(ask).await.expect("HEAD").body.is_empty());
    for refused in ["CONNECT", "trace", "TRACK", "GET / HTTP/1.1\r\n", " "] {
        let ask = Ask { method: refused.to_owned(), ..post("https://api.site.test/", "") };
        assert_eq!(code(world.ask(ask).await), Some(NetCode::Blocked), "{refused}");
    }
    let names = world
        .eval(
            "const res = fazt.net.fetch('https://api.site.test/');
             return [res.text(), [...res.bytes()], ['text', 'json', 'bytes'].map((n) => typeof res[n]),
                res.ok, res.status]",
        )
        .await;
    let function = "function";
    assert_eq!(names, json!(["GET", [71, 69, 84], [function, function, function], true, 200]));
}

#[tokio::test]
async fn m28_a_body_of_more_than_a_mebibyte_is_not_sent() {
    let world = hello().await;
    let most = world.ask(post("https://api.site.test/", vec![b'x'; 1 << 20])).await;
    assert_eq!(most.expect("fits").status, 200);
    assert_eq!(world.server.last().body.len(), 1 << 20);
    let more = world.ask(post("https://api.site.test/", vec![b'x'; (1 << 20) + 1])).await;
    assert_eq!(code(more), Some(NetCode::Size));
    assert_eq!(world.server.count(), 1);
}
