//! Redirects: followed by the rules, one by one, without what was meant for others.

use fazt::egress::{Ask, NetCode};
use serde_json::json;

use super::world::{World, answer, code, redirect, with_headers};

/// A world that redirects from `/` on `api` to where `to` says.
async fn leading(status: u16, to: &'static str) -> World {
    let world = World::new(move |seen| match seen.path.as_str() {
        "/" if seen.header("host") == "api.site.test" => redirect(status, to),
        _ => answer(200, &[], "there"),
    })
    .await;
    world.allow("api.site.test", json!({})).await;
    world
}

fn ask(method: &str) -> Ask {
    let mut ask = with_headers("https://api.site.test/", &[("content-type", "text/plain")]);
    (ask.method, ask.body) = (method.to_owned(), "body".into());
    ask
}

#[tokio::test]
async fn each_status_keeps_or_changes_the_method_as_the_web_does() {
    for (status, method, then) in [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (301, "PUT", "PUT"),
        (302, "DELETE", "DELETE"),
        (302, "GET", "GET"),
    ] {
        let world = leading(status, "/next").await;
        let answer = world.ask(ask(method)).await.expect("followed");
        assert_eq!(answer.status, 200);
        let seen = world.server.last();
        assert_eq!(
            (seen.path.as_str(), seen.method.as_str()),
            ("/next", then),
            "{status} {method}"
        );
        let kept = method == then && method != "HEAD";
        if then == "GET" && method != "GET" {
            assert!(seen.body.is_empty(), "{status} {method} sends its body again");
            assert_eq!(seen.header("content-type"), "");
        } else if kept {
            assert_eq!(seen.body, b"body", "{status} {method}");
        }
    }
}

#[tokio::test]
async fn other_statuses_are_answers() {
    for status in [300, 304, 305, 306] {
        let world = leading(status, "https://evil.test/").await;
        assert_eq!(world.get("https://api.site.test/").await.expect("an answer").status, status);
        assert_eq!(world.server.count(), 1);
    }
    // And so is a redirect where it is not to be followed, or leads nowhere.
    let world = leading(302, "/next").await;
    let stays = Ask { stays: true, ..ask("GET") };
    let stayed = world.ask(stays).await.expect("an answer");
    assert_eq!((stayed.status, stayed.redirected), (302, false));
    let nowhere = World::new(|_| answer(302, &[], "")).await;
    nowhere.allow("api.site.test", json!({})).await;
    assert_eq!(nowhere.get("https://api.site.test/").await.expect("an answer").status, 302);
}

#[tokio::test]
async fn every_hop_has_to_be_on_the_list() {
    let world = leading(302, "https://www.other.test/").await;
    let refused = world.get("https://api.site.test/").await.expect_err("refused");
    assert_eq!(refused.code, NetCode::Blocked);
    assert!(refused.message.ends_with("fazt net allow www.other.test --app shop"), "{refused}");
    assert_eq!(world.names.asked(), ["api.site.test"], "nothing else was resolved");
    world.allow("www.other.test", json!({})).await;
    let answer = world.get("https://api.site.test/").await.expect("allowed");
    assert_eq!((answer.url.as_str(), answer.redirected), ("https://www.other.test/", true));
}

#[tokio::test]
async fn a_redirect_is_no_way_to_an_address_a_scheme_or_this_node() {
    for to in [
        "https://127.0.0.1/",
        "//0x7f.1/",
        "https://[::1]/",
        "http://api.site.test/",
        "file:///etc/passwd",
        "https://me@api.site.test/",
        "https://shop.localhost/",
        "https://",
    ] {
        let world = leading(307, to).await;
        assert_eq!(code(world.get("https://api.site.test/").await), Some(NetCode::Blocked), "{to}");
        assert_eq!(world.server.count(), 1, "{to}");
    }
}

#[tokio::test]
async fn another_host_gets_no_secret_no_authorization_and_no_cookie() {
    for (to, same) in [("https://www.other.test/", false), ("https://api.site.test/next", true)] {
        let world = leading(307, to).await;
        world.allow("www.other.test", json!({})).await;
        // Even where the secret is for both.
        let hosts = ["api.site.test", "www.other.test"];
        for (name, way, key) in [
            ("BEARER", "bearer", None),
            ("HEADER", "header", Some("x-key")),
            ("QUERY", "query", Some("k")),
        ] {
            let more = json!({ "inject": way, "key": key });
            let more = match key {
                Some(_) => more,
                None => json!({ "inject": way }),
            };
            world.secret(name, "canary-of-the-test", &hosts, more).await;
            let mut ask =
                with_headers("https://api.site.test/", &[("cookie", "mine=1"), ("x-own", "1")]);
            ask.auth = Some(name.to_owned());
            // A redirect from `/?k=…` has another path to be told by.
            if way == "query" {
                continue;
            }
            world.ask(ask).await.expect("followed");
            let seen = world.server.last();
            let all = format!("{seen:?}");
            assert_eq!(all.contains("canary"), same, "{way} to {to}: {all}");
            assert_eq!(all.contains("mine=1"), same, "{way} to {to}: {all}");
            assert_eq!(seen.header("x-own"), "1");
        }
        let own = [("authorization", "Basic b3duOm93bg==")];
        world.ask(with_headers("https://api.site.test/", &own)).await.expect("followed");
        assert_eq!(world.server.last().header("authorization").is_empty(), !same, "{to}");
    }
}

#[tokio::test]
async fn a_secret_in_the_query_is_not_carried_to_another_host() {
    let world = World::new(|seen| match seen.header("host") {
        "api.site.test" if seen.path.starts_with("/echo") => {
            let query = seen.path.split_once('?').map_or("", |(_, query)| query);
            redirect(302, &format!("https://www.other.test/?{query}"))
        }
        "api.site.test" => redirect(302, "https://www.other.test/"),
        _ => answer(200, &[], "there"),
    })
    .await;
    world.allow("api.site.test", json!({})).await;
    world.allow("www.other.test", json!({})).await;
    let more = json!({ "inject": "query", "key": "k" });
    world.secret("QUERY", "canary of the test", &["api.site.test"], more).await;
    let auth = Some("QUERY".to_owned());
    let ask = |path: &str| Ask {
        url: format!("https://api.site.test{path}"),
        auth: auth.clone(),
        ..Ask::default()
    };
    let answer = world.ask(ask("/x")).await.expect("followed");
    assert_eq!(world.server.nth(0).path, "/x?k=canary+of+the+test");
    assert_eq!(world.server.last().path, "/");
    assert_eq!(answer.url, "https://www.other.test/");
    // A server that sends the secret on by itself is not followed.
    assert_eq!(code(world.ask(ask("/echo")).await), Some(NetCode::Blocked));
    assert_eq!(world.server.count(), 3);
}
