//! Limits, what is kept, what is written down, and that nothing is left behind.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use fazt::egress::{Ask, NetCode, Spending};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::world::{Reply, World, answer, code, post, with_headers};
use crate::harness::until;

async fn counting(headers: &'static [(&'static str, &'static str)]) -> World {
    let count = AtomicUsize::new(0);
    let world = World::new(move |_| {
        answer(200, headers, (count.fetch_add(1, Ordering::SeqCst) + 1).to_string())
    })
    .await;
    world.allow("api.site.test", json!({ "cache_ttl": 60 })).await;
    world
}

const URL: &str = "https://api.site.test/";

async fn body(world: &World, ask: Ask) -> String {
    let answer = world.ask(ask).await.expect("fetched");
    String::from_utf8(answer.body.to_vec()).expect("text")
}

#[tokio::test]
async fn a_rule_that_counts_calls_refuses_one_too_many_until_time_has_passed() {
    let world = World::new(|_| answer(200, &[], "x")).await;
    world.allow("api.site.test", json!({ "rate": 60, "burst": 2 })).await;
    for _ in 0..2 {
        world.get(URL).await.expect("within the burst");
    }
    assert_eq!(code(world.get(URL).await), Some(NetCode::Rate));
    world.node.clock.pass(SignedDuration::from_secs(1));
    world.get(URL).await.expect("one a second");
    assert_eq!(code(world.get(URL).await), Some(NetCode::Rate));
    assert_eq!(world.server.count(), 3);
}

#[tokio::test]
async fn an_answer_is_given_again_for_as_long_as_the_rule_says() {
    let world = counting(&[]).await;
    let plain = || with_headers(URL, &[]);
    assert_eq!(body(&world, plain()).await, "1");
    assert_eq!(body(&world, plain()).await, "1");
    assert_eq!(body(&world, with_headers("https://API.site.test:443/#x", &[])).await, "1");
    // Whatever an answer may depend on makes another one.
    assert_eq!(body(&world, with_headers("https://api.site.test/?x", &[])).await, "2");
    assert_eq!(body(&world, with_headers(URL, &[("accept", "x")])).await, "3");
    world.node.clock.pass(SignedDuration::from_secs(60));
    assert_eq!(body(&world, plain()).await, "4");
    // It is no way around the rules.
    let gone = "/api/net/rules/api.site.test?app=shop";
    world.node.call(Method::DELETE, gone, None).await.data();
    assert_eq!(code(world.ask(plain()).await), Some(NetCode::Blocked));
}

#[tokio::test]
async fn what_is_for_one_alone_is_asked_for_each_time() {
    let world = counting(&[]).await;
    world.secret("KEY", "canary-of-the-test", &["api.site.test"], json!({})).await;
    let secret = || Ask { auth: Some("KEY".to_owned()), ..with_headers(URL, &[]) };
    for (n, ask) in [
        with_headers(URL, &[("Authorization", "x")]),
        with_headers(URL, &[("Authorization", "x")]),
        with_headers(URL, &[("cookie", "x")]),
        with_headers(URL, &[("cookie", "x")]),
        secret(),
        secret(),
        post(URL, "x"),
        post(URL, "x"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(body(&world, ask).await, (n + 1).to_string());
    }
    let private = counting(&[("set-cookie", "a=b")]).await;
    for n in ["1", "2"] {
        assert_eq!(body(&private, with_headers(URL, &[])).await, n);
    }
}

#[tokio::test]
async fn an_answer_that_was_kept_is_kept_for_its_app_alone() {
    let world = counting(&[]).await;
    world.node.deploy("other", &[("index.html", "x")]).await;
    let rule = json!({ "app": "other", "cache_ttl": 60 });
    world.node.call(Method::PUT, "/api/net/rules/api.site.test", Some(rule)).await.data();
    assert_eq!(body(&world, with_headers(URL, &[])).await, "1");
    let asked = world.ask_as("other", &Spending::default(), with_headers(URL, &[])).await;
    assert_eq!(asked.expect("fetched").body, "2");
}

#[tokio::test]
async fn every_call_is_written_down_without_its_query() {
    let world = World::new(|seen| match seen.path.as_str() {
        "/slow" => Reply::Hang(Vec::new()),
        _ => answer(200, &[], "hello"),
    })
    .await;
    world.allow("api.site.test", json!({ "cache_ttl": 60, "timeout": 100 })).await;
    for url in [
        "https://api.site.test/a?token=hush",
        "https://api.site.test/a?token=hush",
        "https://api.site.test/slow",
        "https://www.site.test/b?token=hush",
        "http://10.0.0.1/",
    ] {
        let _ = world.get(url).await;
    }
    let log = world.node.call(Method::GET, "/api/net/log?app=shop", None).await.data();
    assert!(!log.to_string().contains("hush"), "{log}");
    let line = |line: &Value| {
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        let (status, cached) = (line["status"].as_u64(), line["cached"] == true);
        (text("host") + &text("path"), status, text("code"), cached, line["bytes"].as_u64())
    };
    let lines: Vec<_> = log["fetches"].as_array().expect("a list").iter().map(line).collect();
    let site = |path: &str| format!("api.site.test{path}");
    assert_eq!(
        lines,
        [
            (String::new(), None, "NET_BLOCKED".to_owned(), false, Some(0)),
            ("www.site.test/b".to_owned(), None, "NET_BLOCKED".to_owned(), false, Some(0)),
            (site("/slow"), None, "NET_TIMEOUT".to_owned(), false, Some(0)),
            (site("/a"), Some(200), String::new(), true, Some(5)),
            (site("/a"), Some(200), String::new(), false, Some(5)),
        ]
    );
    let errors = world.node.call(Method::GET, "/api/net/log?errors=true&limit=2", None).await;
    let errors = errors.data();
    assert_eq!(
        (errors["total"].as_u64(), errors["fetches"].as_array().map(Vec::len)),
        (Some(3), Some(2))
    );
    let next = format!(
        "/api/net/log?errors=true&limit=2&cursor={}",
        errors["cursor"].as_str().expect("more")
    );
    let next = world.node.call(Method::GET, &next, None).await.data();
    assert_eq!(next["fetches"][0]["path"], "/slow");
    let stats = world.node.call(Method::GET, "/api/net/stats", None).await.data();
    let of =
        stats["hosts"].as_array().expect("a list").iter().find(|h| h["host"] == "api.site.test");
    let of = of.expect("counted");
    assert_eq!(
        (&of["calls"], &of["failed"], &of["cached"], &of["bytes"]),
        (&json!(3), &json!(1), &json!(1), &json!(10))
    );
}

#[tokio::test]
async fn the_log_keeps_so_many_rows_and_no_more() {
    let world = World::with(&[("limits.fetch_log", "100")], |_| answer(200, &[], "x")).await;
    for _ in 0..250 {
        let _ = world.get("https://not.site.test/").await;
    }
    let log = world.node.call(Method::GET, "/api/net/log?limit=1", None).await.data();
    assert_eq!(log["total"], 100);
}

#[tokio::test]
async fn what_was_fetched_before_a_stop_is_written_down() {
    let world = World::new(|_| answer(200, &[], "x")).await;
    let _ = world.get("https://not.site.test/").await;
    let World { node, .. } = world;
    let node = crate::harness::TestNode::start_in(node.stop().await, &[]).await;
    let log = node.call(Method::GET, "/api/net/log", None).await.data();
    assert_eq!(log["total"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_ten_thousand_calls_with_failures_nothing_is_left() {
    let fails = |seen: &super::world::Seen| {
        let n: usize = seen.path[1..].parse().expect("a number");
        match n % 10 {
            0 => Reply::Last(b"HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\nhalf".to_vec()),
            1 => Reply::Last(Vec::new()),
            2 => Reply::Last(b"rubbish\r\n\r\n".to_vec()),
            3 => answer(302, &[("location", "https://10.0.0.1/")], ""),
            4 => answer(200, &[], vec![b'x'; 3_000]),
            5 if n % 500 == 5 => Reply::Hang(b"HTTP/1.1 200 X\r\n".to_vec()),
            _ => answer(200, &[], "fine"),
        }
    };
    let settings = [("limits.fetch_bytes", "2048"), ("limits.fetch_app", "16")];
    let world = World::with(&settings, |_| answer(200, &[], "x")).await;
    let server = world.plain(fails).await;
    let rule = json!({ "http": true, "port": server.port, "timeout": 200 });
    world.allow("api.site.test", rule).await;
    let next = AtomicUsize::new(0);
    let fetching = (0..16).map(|_| async {
        let mut fine = 0;
        loop {
            let n = next.fetch_add(1, Ordering::SeqCst);
            if n >= 10_000 {
                return fine;
            }
            let url = format!("http://api.site.test:{}/{n}", server.port);
            let call = world.get(&url);
            // Some are dropped on their way, as those of a killed function are.
            let done = if n.is_multiple_of(97) {
                tokio::time::timeout(Duration::from_micros(300), call).await
            } else {
                Ok(call.await)
            };
            fine += usize::from(matches!(done, Ok(Ok(_))));
        }
    });
    let fine: usize = futures_util::future::join_all(fetching).await.into_iter().sum();
    assert!((4_500..=5_100).contains(&fine), "{fine} were fine");
    assert_eq!(world.node.node().egress.under_way(), 0);
    // What is kept for the next call, and no more.
    until("the connections are closed", async || server.still_open() <= 2).await;
}
