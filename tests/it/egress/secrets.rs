//! Secrets: where they go, where they never do, and a change of their key.

use fazt::egress::{Ask, NetCode};
use reqwest::Method;
use serde_json::{Value, json};

use super::world::{World, answer, code, redirect, with_headers};

const CANARY: &str = "canary+of/the \"test\"=7";

/// A server that sends back all it was sent, in every way it can.
async fn echoing() -> World {
    let world = World::new(|seen| {
        let told = json!({ "path": seen.path, "headers": seen.headers });
        let all =
            seen.headers.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" ");
        let query = seen.path.split_once('?').map_or("", |(_, query)| query);
        match seen.path.as_str() {
            path if path.starts_with("/go") => redirect(302, &format!("/there?{query}")),
            _ => answer(
                200,
                &[("x-echo", &all), ("set-cookie", &format!("a={all}")), ("x-query", query)],
                told.to_string() + &all,
            ),
        }
    })
    .await;
    world.allow("api.site.test", json!({})).await;
    world
}

fn with(auth: &str, url: &str) -> Ask {
    Ask { auth: Some(auth.to_owned()), ..with_headers(url, &[]) }
}

#[tokio::test]
async fn a_secret_goes_as_it_was_said() {
    let world = echoing().await;
    let hosts = ["api.site.test"];
    world.secret("BEARER", CANARY, &hosts, json!({})).await;
    world.secret("HEADER", CANARY, &hosts, json!({ "inject": "header", "key": "X-Key" })).await;
    world.secret("QUERY", CANARY, &hosts, json!({ "inject": "query", "key": "k" })).await;
    let url = "https://api.site.test/a?b=c";
    world.ask(with("BEARER", url)).await.expect("fetched");
    assert_eq!(world.server.last().header("authorization"), format!("Bearer {CANARY}"));
    world.ask(with("HEADER", url)).await.expect("fetched");
    assert_eq!(world.server.last().header("x-key"), CANARY);
    world.ask(with("QUERY", url)).await.expect("fetched");
    assert_eq!(world.server.last().path, "/a?b=c&k=canary%2Bof%2Fthe+%22test%22%3D7");
    // A header of the caller's own of that name gives way.
    let mut ask = with("HEADER", url);
    ask.headers.push(("x-key".to_owned(), "mine".to_owned()));
    world.ask(ask).await.expect("fetched");
    assert_eq!(world.server.last().header("x-key"), CANARY);
}

#[tokio::test]
async fn a_secret_is_for_its_hosts_and_its_app_alone() {
    let world = echoing().await;
    world.allow("*.other.test", json!({})).await;
    world.secret("KEY", CANARY, &["*.other.test"], json!({})).await;
    let refused = world.ask(with("KEY", "https://api.site.test/")).await.expect_err("refused");
    assert_eq!(refused.code, NetCode::Auth);
    let unknown = world.ask(with("NONE", "https://api.site.test/")).await.expect_err("refused");
    assert_eq!(unknown.code, NetCode::Auth);
    assert!(unknown.message.ends_with("fazt secret set NONE --host api.site.test"), "{unknown}");
    assert_eq!(world.names.asked().len(), 0, "refused before anything is resolved");
    world.ask(with("KEY", "https://www.other.test/")).await.expect("its host");
    world.node.deploy("other", &[("index.html", "x")]).await;
    let rule = json!({ "app": "other" });
    world.node.call(Method::PUT, "/api/net/rules/www.other.test", Some(rule)).await.data();
    let spending = fazt::egress::Spending::default();
    let ask = || with("KEY", "https://www.other.test/");
    assert_eq!(code(world.ask_as("other", &spending, ask()).await), Some(NetCode::Auth));
    // One of every app is for this one, too.
    let body = json!({ "value": "another-canary", "hosts": ["www.other.test"] });
    world.node.call(Method::PUT, "/api/secrets/KEY", Some(body)).await.data();
    world.ask_as("other", &spending, ask()).await.expect("of every app");
    assert_eq!(world.server.last().header("authorization"), "Bearer another-canary");
    world.ask(ask()).await.expect("its own goes before");
    assert_eq!(world.server.last().header("authorization"), format!("Bearer {CANARY}"));
}

#[tokio::test]
async fn a_secret_is_never_sent_unencrypted_whatever_a_rule_allows() {
    let world = echoing().await;
    world.allow("plain.site.test", json!({ "http": true })).await;
    world.secret("KEY", CANARY, &["plain.site.test"], json!({})).await;
    let refused = world.ask(with("KEY", "http://plain.site.test/")).await.expect_err("refused");
    assert_eq!(refused.code, NetCode::Auth);
    assert_eq!((world.names.asked().len(), world.server.connections()), (0, 0));
}

/// Whether a text holds the value, as it is or as URLs and JSON write it.
fn holds(text: &str) -> bool {
    let json = Value::from(CANARY).to_string();
    let form: String = url::form_urlencoded::byte_serialize(CANARY.as_bytes()).collect();
    let spellings = [CANARY, json.trim_matches('"'), &form, &form.replace('+', "%20")];
    spellings.iter().any(|spelling| text.contains(spelling))
}

#[tokio::test]
async fn the_value_of_a_secret_is_nowhere_but_where_it_was_sent() {
    let world = echoing().await;
    let hosts = ["api.site.test", "gone.example", "down.site.test"];
    world.secret("BEARER", CANARY, &hosts, json!({})).await;
    world.secret("HEADER", CANARY, &hosts, json!({ "inject": "header", "key": "x-key" })).await;
    world.secret("QUERY", CANARY, &hosts, json!({ "inject": "query", "key": "k" })).await;
    world.allow("gone.example", json!({})).await;
    world.allow("down.site.test", json!({ "port": 1 })).await;
    let code = "const all = async (auth) => {
            const seen = [];
            for (const u of ['https://api.site.test/a', 'https://api.site.test/go?x=1',
                'https://gone.example/', 'https://down.site.test:1/', 'https://api.site.test:1/']) {
                try {
                    const res = fazt.net.fetch(u, { auth });
                    seen.push(res.status, res.url, res.headers, res.text(), [...res.bytes()]
                        .map((c) => String.fromCharCode(c)).join(''));
                } catch (e) { seen.push(e.code, e.message, e.stack, String(e)) }
            }
            console.log(seen);
            return seen;
        };
        export default function (req) { return all(req.query.auth) }";
    world.node.deploy("shop", &[("api/try.js", code)]).await;
    for auth in ["BEARER", "HEADER", "QUERY"] {
        let path = format!("/api/try?auth={auth}");
        let answer = world.node.get("shop.localhost", &path).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(!holds(answer.text()), "{auth}: {}", answer.text());
        assert!(answer.text().contains("***"), "the echo was there: {}", answer.text());
        for error in ["NET_ERROR", "NET_BLOCKED"] {
            assert!(answer.text().contains(error), "{auth}: no {error} in {}", answer.text());
        }
        // And it was sent.
        assert!(
            holds(&format!("{:?}", world.server.nth(0)).replace("\\\"", "\"")) || auth != "BEARER"
        );
    }
    for path in [
        "/api/secrets",
        "/api/net/log?limit=100",
        "/api/net/stats",
        "/api/net/rules",
        "/api/changes?limit=100",
        "/api/apps/shop",
        "/api/status",
        "/api/openapi.json",
    ] {
        let answer = world.node.call(Method::GET, path, None).await;
        assert!(!holds(answer.text()), "{path}: {}", answer.text());
    }
    let test = json!({ "url": "https://api.site.test/", "app": "shop", "send": true });
    let tested = world.node.call(Method::POST, "/api/fetch-test", Some(test)).await;
    assert!(!holds(tested.text()), "{}", tested.text());
    let folder = world.node.folder.path();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("read");
        assert!(!holds(&String::from_utf8_lossy(&bytes)), "{}", path.display());
    }
}

#[tokio::test]
async fn a_removed_secret_is_of_no_use_and_comes_back_by_undo() {
    let world = echoing().await;
    world.secret("KEY", CANARY, &["api.site.test"], json!({})).await;
    let ask = || with("KEY", "https://api.site.test/");
    world.ask(ask()).await.expect("there");
    let gone = world.node.call(Method::DELETE, "/api/secrets/KEY?app=shop", None).await.data();
    assert_eq!(code(world.ask(ask()).await), Some(NetCode::Auth));
    let undo = format!("/api/changes/{}/undo", gone["change"]);
    world.node.call(Method::POST, &undo, Some(json!({}))).await.data();
    world.ask(ask()).await.expect("back");
    assert_eq!(world.server.last().header("authorization"), format!("Bearer {CANARY}"));
}

#[tokio::test]
async fn a_new_key_seals_all_secrets_and_the_old_one_is_gone() {
    let world = echoing().await;
    world.secret("KEY", CANARY, &["api.site.test"], json!({})).await;
    let key = world.node.folder.path().join("data.db.key");
    let before = std::fs::read_to_string(&key).expect("the key");
    let sealed = async || world.node.node().store.secrets().await.expect("read")[0].sealed.clone();
    let old = sealed().await;
    let done = world.node.call(Method::POST, "/api/secrets/rekey", Some(json!({}))).await.data();
    assert_eq!(done["sealed"], 1);
    assert_ne!(sealed().await, old);
    let after = std::fs::read_to_string(&key).expect("the key");
    assert_eq!(after.lines().next(), before.lines().next(), "commands are known as before");
    assert_eq!(after.lines().count(), 2);
    world.ask(with("KEY", "https://api.site.test/")).await.expect("opens with the new key");
    let node = world.node.stop().await;
    let node = crate::harness::TestNode::start_in(node, &[]).await;
    assert_eq!(node.call(Method::GET, "/api/secrets", None).await.data()["total"], 1);
    let again = node.call(Method::POST, "/api/secrets/rekey", Some(json!({}))).await.data();
    assert_eq!(again["sealed"], 1);
}

#[tokio::test]
async fn a_value_or_a_way_that_does_not_fit_is_refused_and_not_repeated() {
    let world = echoing().await;
    let fits = json!({ "value": CANARY, "hosts": ["api.site.test"] });
    for (name, more) in [
        ("lower", json!({})),
        ("1ST", json!({})),
        ("KEY", json!({ "value": "short" })),
        ("KEY", json!({ "value": format!("{CANARY}\nx: y") })),
        ("KEY", json!({ "value": format!("{CANARY}ü") })),
        ("KEY", json!({ "value": CANARY.repeat(1_000) })),
        ("KEY", json!({ "hosts": [] })),
        ("KEY", json!({ "hosts": ["*"] })),
        ("KEY", json!({ "hosts": ["10.0.0.1"] })),
        ("KEY", json!({ "inject": "header" })),
        ("KEY", json!({ "inject": "header", "key": "a b" })),
        ("KEY", json!({ "inject": "header", "key": "Host" })),
        ("KEY", json!({ "inject": "query" })),
        ("KEY", json!({ "inject": "bearer", "key": "x" })),
        ("KEY", json!({ "inject": "cookie" })),
    ] {
        let mut body = fits.clone();
        body.as_object_mut().expect("one").extend(more.as_object().expect("one").clone());
        let path = format!("/api/secrets/{name}");
        let refused = world.node.call(Method::PUT, &path, Some(body)).await;
        assert_eq!(refused.code(), "VALIDATION_FAILED", "{name} {more}");
        assert!(!holds(refused.text()), "{}", refused.text());
    }
    assert_eq!(world.node.call(Method::GET, "/api/secrets", None).await.data()["total"], 0);
}
