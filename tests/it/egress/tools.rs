//! The owner's side: commands, rules with their ranges, and the decision explained.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::world::{World, answer, redirect};
use crate::harness::{TestNode, cli, program};

#[tokio::test]
async fn rules_and_secrets_are_kept_by_commands() {
    let node = TestNode::start().await;
    node.deploy("shop", &[("index.html", "x")]).await;
    let allowed = node
        .cli(&[
            "--json",
            "net",
            "allow",
            "*.Example.com",
            "--app",
            "shop",
            "--rate",
            "60",
            "--timeout",
            "1500",
            "--cache-ttl",
            "30",
            "--max-response",
            "2000000",
        ])
        .await
        .json();
    let rule = json!({
        "host": "*.example.com", "app": "shop", "rate": 60, "timeout": 1_500, "cache_ttl": 30,
        "max_response": 2_000_000
    });
    assert_eq!(allowed["rule"], rule);
    let listed = node.cli(&["net", "list"]).await;
    assert!(listed.stdout.contains("*.example.com"), "{listed:?}");
    // The value comes from standard input, or from a file, and never from an argument.
    let mut command = program(node.folder.path());
    command.args(["--json", "secret", "set", "ONE", "--host", "api.example.com"]);
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"value-of-one\n").await.expect("written");
    drop(stdin);
    let done = child.wait_with_output().await.expect("it ends");
    assert!(done.status.success() && !String::from_utf8_lossy(&done.stdout).contains("value-of"));
    let file = node.folder.path().join("value.txt");
    std::fs::write(&file, "value-of-two\n").expect("written");
    let file = file.to_str().expect("text");
    let set = [
        "secret",
        "set",
        "TWO",
        "--app",
        "shop",
        "--host",
        "api.example.com",
        "--as",
        "query",
        "--key",
        "k",
        "--file",
        file,
    ];
    assert_eq!(node.cli(&set).await.code, 0);
    let empty = node.cli(&["secret", "set", "THREE", "--host", "api.example.com"]).await;
    assert_eq!(empty.code, 2, "{empty:?}");
    let argument = node.cli(&["secret", "set", "FOUR", "hush", "--host", "a.example"]).await;
    assert_eq!(argument.code, 2, "{argument:?}");
    let listed = node.cli(&["secret", "list"]).await;
    assert!(listed.stdout.contains("ONE") && listed.stdout.contains("TWO"), "{listed:?}");
    assert!(!listed.stdout.contains("value-of"), "{listed:?}");
    assert_eq!(node.cli(&["secret", "rekey"]).await.code, 0);
    assert_eq!(node.cli(&["secret", "remove", "TWO", "--app", "shop", "-y"]).await.code, 0);
    assert_eq!(node.cli(&["net", "remove", "*.example.com", "--app", "shop", "-y"]).await.code, 0);
    assert_eq!(node.cli(&["net", "remove", "*.example.com", "-y"]).await.code, 1);
    assert_eq!(node.cli(&["net", "logs"]).await.code, 0);
    assert_eq!(node.cli(&["net", "stats"]).await.code, 0);
}

#[tokio::test]
async fn a_rule_out_of_range_is_refused() {
    let node = TestNode::start().await;
    node.deploy("shop", &[("index.html", "x")]).await;
    for (host, more) in [
        ("*", json!({})),
        ("127.0.0.1", json!({})),
        ("0x7f.1", json!({})),
        ("2130706433..", json!({})),
        ("*.2130706433..", json!({})),
        ("a.*.example", json!({})),
        ("a.example", json!({ "port": 0 })),
        ("a.example", json!({ "rate": 0 })),
        ("a.example", json!({ "burst": 3 })),
        ("a.example", json!({ "timeout": 4_001 })),
        ("a.example", json!({ "max_response": (8 << 20) + 1 })),
        ("a.example", json!({ "cache_ttl": 86_401 })),
    ] {
        let path = format!("/api/net/rules/{}", host.replace('*', "%2A"));
        let refused = node.call(Method::PUT, &path, Some(more.clone())).await;
        assert_eq!(refused.code(), "VALIDATION_FAILED", "{host} {more}");
    }
}

#[tokio::test]
async fn a_host_has_one_rule_for_an_app_and_one_for_every_app() {
    let node = TestNode::start().await;
    node.deploy("shop", &[("index.html", "x")]).await;
    for body in [
        json!({}),
        json!({ "http": true }),
        json!({ "app": "shop" }),
        json!({ "app": "shop", "port": 81 }),
    ] {
        node.call(Method::PUT, "/api/net/rules/API.example.com.", Some(body)).await.data();
    }
    let rules = node.call(Method::GET, "/api/net/rules", None).await.data();
    let expected = json!([
        { "host": "api.example.com", "http": true },
        { "host": "api.example.com", "app": "shop", "port": 81 }
    ]);
    assert_eq!(rules["rules"], expected);
}

#[tokio::test]
async fn a_token_for_one_app_sets_the_rules_of_that_app_alone() {
    let node = TestNode::start().await;
    node.deploy("shop", &[("index.html", "x")]).await;
    node.deploy("other", &[("index.html", "x")]).await;
    let wish = json!({ "name": "one", "preset": "owner", "apps": ["shop"] });
    let token = node.call(Method::POST, "/api/tokens", Some(wish)).await.data();
    let token = token["token"].as_str().expect("a token").to_owned();
    let put = async |body: Value| {
        node.call_as(&token, Method::PUT, "/api/net/rules/api.example.com", Some(body)).await
    };
    put(json!({ "app": "shop" })).await.data();
    assert_eq!(put(json!({ "app": "other" })).await.status, 403);
    assert_eq!(put(json!({})).await.status, 403);
    let secret = json!({ "app": "shop", "value": "long-enough", "hosts": ["api.example.com"] });
    let set = node.call_as(&token, Method::PUT, "/api/secrets/KEY", Some(secret)).await;
    assert_eq!(set.status, 403, "secrets are for who administers the node");
}

#[tokio::test]
async fn an_agent_allows_hosts_by_configuring_the_app() {
    let node = TestNode::start().await;
    node.deploy("shop", &[("index.html", "x")]).await;
    let configure =
        async |body: Value| node.call(Method::PATCH, "/api/apps/shop/config", Some(body)).await;
    let body = json!({ "allow_fetch": ["api.example.com", "http://old.example.com:8080"] });
    let done = configure(body).await.data();
    let expected = json!([
        { "host": "api.example.com", "app": "shop" },
        { "host": "old.example.com", "app": "shop", "http": true, "port": 8_080 }
    ]);
    assert_eq!(done["fetch"], expected);
    let done = configure(json!({ "remove_fetch": ["api.example.com"] })).await.data();
    assert_eq!(done["fetch"].as_array().map(Vec::len), Some(1));
    for bad in ["*", "10.0.0.1", "ftp://a.example", "a.example:x", "a.example/path"] {
        assert_eq!(
            configure(json!({ "allow_fetch": [bad] })).await.code(),
            "VALIDATION_FAILED",
            "{bad}"
        );
    }
}

#[tokio::test]
async fn a_version_remembers_the_rules_that_held_when_it_was_stored() {
    let node = TestNode::start().await;
    node.deploy("shop", &[("index.html", "1")]).await;
    node.call(Method::PUT, "/api/net/rules/api.example.com", Some(json!({ "app": "shop" })))
        .await
        .data();
    node.call(Method::PUT, "/api/net/rules/all.example.com", Some(json!({ "rate": 9 })))
        .await
        .data();
    node.deploy("shop", &[("index.html", "2")]).await;
    node.call(Method::DELETE, "/api/net/rules/api.example.com?app=shop", None).await.data();
    let of = async |version: u32| {
        let path = format!("/api/net/rules?app=shop&version={version}");
        node.call(Method::GET, &path, None).await.data()["rules"].clone()
    };
    assert_eq!(of(1).await, json!([]));
    let two = json!([
        { "host": "all.example.com", "rate": 9 },
        { "host": "api.example.com", "app": "shop" }
    ]);
    assert_eq!(of(2).await, two);
    let none = node.call(Method::GET, "/api/net/rules?app=shop&version=9", None).await;
    assert_eq!(none.code(), "VERSION_NOT_FOUND");
}

async fn explain(world: &World, body: Value) -> Value {
    world.node.call(Method::POST, "/api/fetch-test", Some(body)).await.data()
}

fn steps(tested: &Value) -> Vec<(String, bool, String)> {
    let text = |step: &Value, name: &str| step[name].as_str().expect("text").to_owned();
    let steps = tested["steps"].as_array().expect("a list").iter();
    steps.map(|step| (text(step, "step"), step["passed"] == true, text(step, "found"))).collect()
}

#[tokio::test]
async fn a_decision_is_explained_step_by_step_and_nothing_is_sent() {
    let world = World::new(|_| answer(200, &[], "x")).await;
    let url = "https://API.site.test:443/x";
    let tested = explain(&world, json!({ "url": url, "app": "shop" })).await;
    assert_eq!((&tested["passed"], &tested["code"]), (&json!(false), &json!("NET_BLOCKED")));
    assert_eq!(tested["permit"], "fazt net allow api.site.test --app shop");
    assert!(world.names.asked().is_empty(), "what is not on the list is not resolved");
    // The command it names is the one that helps.
    let permit: Vec<String> = tested["permit"]
        .as_str()
        .expect("a command")
        .split(' ')
        .skip(1)
        .map(ToOwned::to_owned)
        .collect();
    let permit: Vec<&str> = permit.iter().map(String::as_str).collect();
    assert_eq!(cli(world.node.folder.path(), &permit).await.code, 0);
    let tested = explain(&world, json!({ "url": url, "app": "shop" })).await;
    assert_eq!((&tested["passed"], &tested["status"]), (&json!(true), &json!(0)));
    let expected = [
        ("host".to_owned(), true, "api.site.test port 443".to_owned()),
        ("rule".to_owned(), true, "`api.site.test` of this app".to_owned()),
        ("address".to_owned(), true, "127.0.0.1: public".to_owned()),
    ];
    assert_eq!(steps(&tested), expected);
    assert_eq!(world.server.connections(), 0);
    world.names.say("api.site.test", &[&["127.0.0.1", "169.254.169.254"]]);
    let tested = explain(&world, json!({ "url": url, "app": "shop" })).await;
    assert_eq!(tested["code"], "NET_BLOCKED");
    let last = ("address".to_owned(), false, "169.254.169.254: link-local".to_owned());
    assert_eq!(steps(&tested).last(), Some(&last));
    // By the rules of every app there is none.
    let tested = explain(&world, json!({ "url": url })).await;
    assert_eq!(tested["permit"], "fazt net allow api.site.test");
}

#[tokio::test]
async fn a_call_that_is_sent_shows_each_redirect_and_the_answer() {
    let world = World::new(|seen| match seen.path.as_str() {
        "/" => redirect(302, "https://www.site.test/next"),
        _ => answer(200, &[("x-a", "b")], "found it"),
    })
    .await;
    world.allow("*.site.test", json!({})).await;
    let ask = json!({
        "url": "https://api.site.test/", "app": "shop", "send": true,
        "expect_body": "found", "expect_headers": ["x-a: b"]
    });
    let tested = explain(&world, ask).await;
    assert_eq!(
        (&tested["passed"], &tested["status"], &tested["body"]),
        (&json!(true), &json!(200), &json!("found it"))
    );
    let found: Vec<_> =
        steps(&tested).into_iter().map(|(step, passed, _)| (step, passed)).collect();
    let expected = ["host", "rule", "address", "redirect", "rule", "answer"];
    assert_eq!(found, expected.map(|step| (step.to_owned(), true)));
    // An agent is told that the rest of the world wrote it.
    let failed = json!({ "url": "https://api.site.test/", "app": "shop", "send": true, "expect_status": 404 });
    assert_eq!(explain(&world, failed).await["passed"], false);
}

#[tokio::test]
async fn a_page_of_this_node_is_tested_as_before() {
    let world = World::new(|_| answer(200, &[], "x")).await;
    let tested = explain(&world, json!({ "url": "http://shop.localhost/" })).await;
    assert_eq!((&tested["app"], &tested["status"]), (&json!("shop"), &json!(200)));
    let body = json!({ "url": "http://ghost.localhost/" });
    let none = world.node.call(Method::POST, "/api/fetch-test", Some(body)).await;
    assert_eq!(none.code(), "NOT_HOSTED");
}
