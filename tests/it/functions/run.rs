//! Running a function on purpose, and `fetch_test` of one.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, TestNode};

pub const FILES: &[(&str, &str)] = &[
    ("index.html", "<h1>Hello</h1>"),
    (
        "api/hello.js",
        "export default (req) => { fazt.log.info('greeting ' + req.query.name); \
         return { hello: req.query.name ?? 'you', by: req.method }; }",
    ),
    (
        "api/count.js",
        "export default () => ({ n: fazt.app.kv.incr('n', 1), m: fazt.app.kv.incr('n', 1) })",
    ),
    (
        "api/broken.ts",
        "type Thing = { deep?: { er: string } }\n\ninterface Unused { a: number }\n\n\
         export default (req: Request) => {\n  console.warn('about to fail')\n  \
         const thing: Thing = {}\n  return thing.deep!.er\n}\n",
    ),
    (
        "api/echo.js",
        "export default (req) => ({ status: 201, headers: { 'x-seen': req.headers['x-a'] ?? '-' }, \
         body: JSON.stringify({ type: req.headers['content-type'], got: req.body }) })",
    ),
    ("api/bytes.js", "export default () => new Uint8Array([0, 255, 1])"),
    ("api/teapot.js", "export default () => ({ status: 418, body: 'short and stout' })"),
    ("api/spin.js", "export default () => { for (;;) {} }"),
];

pub async fn shop(files: &[(&str, &str)]) -> TestNode {
    let node = TestNode::start().await;
    node.deploy("shop", files).await;
    node
}

pub async fn run(node: &TestNode, input: Value) -> Answer {
    node.call(Method::POST, "/api/apps/shop/run", Some(input)).await
}

#[tokio::test]
async fn a_run_shows_the_answer_and_all_the_function_did() {
    let node = shop(FILES).await;
    let ran = run(&node, json!({ "path": "/api/hello?name=Ann Lee" })).await.data();
    assert_eq!(
        (&ran["passed"], &ran["status"], &ran["version"]),
        (&json!(true), &json!(200), &json!(1))
    );
    assert_eq!(ran["body"], r#"{"hello":"Ann Lee","by":"GET"}"#);
    assert_eq!(ran["bytes"], 30);
    assert_eq!(ran["logs"], json!([{ "level": "info", "text": "greeting Ann Lee" }]));
    assert!(ran["ms"].as_f64().expect("a time") > 0.0);
    assert!(
        ran["headers"]
            .as_array()
            .expect("headers")
            .contains(&json!("content-type: application/json"))
    );
    let counted = run(&node, json!({ "path": "/api/count" })).await.data();
    let calls: Vec<_> =
        counted["calls"].as_array().expect("calls").iter().map(|c| &c["api"]).collect();
    assert_eq!(calls, ["kv.incr", "kv.incr"], "{counted}");
    let bytes = run(&node, json!({ "path": "/api/bytes" })).await.data();
    assert_eq!((&bytes["base64"], &bytes["body"]), (&json!("AP8B"), &Value::Null));
    let tea = run(&node, json!({ "path": "/api/teapot" })).await.data();
    assert_eq!((&tea["passed"], &tea["status"]), (&json!(false), &json!(418)));
}

#[tokio::test]
async fn a_body_is_text_or_json_and_headers_go_along() {
    let node = shop(FILES).await;
    for (body, media, got) in [
        (json!({ "a": [1] }), "application/json", json!({ "a": [1] })),
        (json!("{\"a\":1}"), "application/json", json!({ "a": 1 })),
        (json!("plain"), "text/plain; charset=utf-8", json!("plain")),
    ] {
        let input = json!({ "path": "/api/echo", "body": body, "headers": ["X-A: seen"] });
        let ran = run(&node, input).await.data();
        assert_eq!(ran["status"], 201, "{ran}");
        assert!(ran["headers"].as_array().expect("headers").contains(&json!("x-seen: seen")));
        let answer: Value =
            serde_json::from_str(ran["body"].as_str().expect("text")).expect("JSON");
        assert_eq!(answer["type"], media);
        if answer["got"] != Value::Null {
            assert_eq!(answer["got"], got);
        }
    }
}

#[tokio::test]
async fn a_failure_is_shown_where_its_author_wrote_it() {
    let node = shop(FILES).await;
    let ran = run(&node, json!({ "path": "/api/broken" })).await.data();
    assert_eq!((&ran["passed"], &ran["status"]), (&json!(false), &json!(500)));
    let error = &ran["error"];
    assert_eq!((&error["code"], &error["name"]), (&json!("FUNCTION_ERROR"), &json!("TypeError")));
    assert_eq!((&error["file"], &error["line"]), (&json!("api/broken.ts"), &json!(8)), "{ran}");
    let excerpt = error["excerpt"].as_str().expect("an excerpt");
    assert!(excerpt.contains("8 |   return thing.deep!.er"), "{excerpt}");
    assert_eq!(ran["logs"][0]["text"], "about to fail");
    // A visitor is told nothing of it.
    let seen = node.get("shop.localhost", "/api/broken").await;
    assert_eq!(seen.status, 500);
    let told = seen.json()["error"].clone();
    let names: Vec<&String> = told.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["code", "message", "request_id"], "{told}");
    assert!(!seen.text().contains("deep"), "{told}");
}

#[tokio::test]
async fn a_function_that_never_ends_is_ended_and_named() {
    let node = shop(FILES).await;
    let ran = run(&node, json!({ "path": "/api/spin" })).await.data();
    let code = ran["error"]["code"].as_str().expect("a code");
    // On a busy machine its time is over before its share of the processor is.
    assert!(["FUNCTION_CPU", "FUNCTION_TIMEOUT"].contains(&code), "{ran}");
    assert_eq!(ran["status"], 504);
}

#[tokio::test]
async fn a_dry_run_keeps_nothing_and_sees_its_own_writes() {
    let node = shop(FILES).await;
    for _ in 0..2 {
        let dry = run(&node, json!({ "path": "/api/count", "dry_run": true })).await.data();
        assert_eq!(dry["body"], r#"{"n":1,"m":2}"#);
        assert_eq!(dry["dry_run"], true);
    }
    let real = run(&node, json!({ "path": "/api/count" })).await.data();
    assert_eq!(real["body"], r#"{"n":1,"m":2}"#);
}

#[tokio::test]
async fn any_version_can_be_run_and_what_cannot_is_refused_with_what_can() {
    let node = shop(FILES).await;
    node.deploy("shop", &[("index.html", "x"), ("api/hello.js", "export default () => 'two'")])
        .await;
    let both = [
        run(&node, json!({ "path": "/api/hello", "version": 1 })).await.data(),
        run(&node, json!({ "path": "/api/hello" })).await.data(),
    ];
    assert_eq!(both[0]["body"], r#"{"hello":"you","by":"GET"}"#);
    assert_eq!((&both[1]["body"], &both[1]["version"]), (&json!("two"), &json!(2)));
    for (input, code, word) in [
        (json!({ "path": "/api/none" }), "NOT_FOUND", "/api/hello"),
        (json!({ "path": "/index.html" }), "NOT_FOUND", "/api/hello"),
        (json!({ "path": "/api/hello/" }), "NOT_FOUND", "/api/hello"),
        (json!({ "path": "api/hello" }), "VALIDATION_FAILED", "path"),
        (json!({ "path": "/api/hello", "version": 9 }), "VERSION_NOT_FOUND", "9"),
        (json!({ "path": "/api/hello", "headers": ["x"] }), "VALIDATION_FAILED", "Name: value"),
        (json!({ "path": "/api/hello", "headers": ["a b: c"] }), "VALIDATION_FAILED", "a b"),
        (json!({ "path": "/api/hello", "method": "G T" }), "VALIDATION_FAILED", "method"),
    ] {
        let refused = run(&node, input.clone()).await;
        assert_eq!(refused.code(), code, "{input}");
        assert!(refused.text().contains(word), "{input}: {}", refused.text());
    }
}

#[tokio::test]
async fn a_run_from_the_terminal_takes_a_file_and_ends_with_one_when_it_failed() {
    let node = shop(FILES).await;
    let file = node.folder.path().join("body.json");
    std::fs::write(&file, "{\"a\":1}").expect("written");
    let body = format!("@{}", file.display());
    let done = node.cli(&["run", "shop", "/api/echo", "--body", &body, "-H", "X-A: b"]).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert!(
        done.stdout.contains("answered: 201") && done.stdout.contains("application/json"),
        "{done:?}"
    );
    let failed = node.cli(&["run", "shop", "/api/broken"]).await;
    assert_eq!(failed.code, 1, "{failed:?}");
    for part in
        ["api/broken.ts:8:", "8 |   return thing.deep!.er", "about to fail", "fazt why req_"]
    {
        assert!(failed.stdout.contains(part) || failed.stderr.contains(part), "{part}: {failed:?}");
    }
    let missing = node.cli(&["run", "shop", "/api/echo", "--body", "@/no/such/file"]).await;
    assert_eq!(missing.code, 2, "{missing:?}");
}

#[tokio::test]
async fn a_fetch_test_asks_functions_of_any_version() {
    let node = shop(FILES).await;
    node.deploy("shop", &[("index.html", "x")]).await;
    let test =
        async |input: Value| node.call(Method::POST, "/api/fetch-test", Some(input)).await.data();
    let hello = json!({
        "url": "http://v1--shop.localhost/api/hello?name=Ann", "expect_json": "/hello=Ann",
        "expect_headers": ["content-type: application/json"],
    });
    let tested = test(hello).await;
    assert_eq!((&tested["passed"], &tested["version"]), (&json!(true), &json!(1)), "{tested}");
    let gone = test(json!({ "url": "http://shop.localhost/api/hello" })).await;
    assert_eq!((&gone["passed"], &gone["status"]), (&json!(false), &json!(404)));
    let broken =
        json!({ "url": "http://shop.localhost/api/broken", "version": 1, "expect_status": 500 });
    assert_eq!(test(broken).await["passed"], true);
    let slash =
        json!({ "url": "http://shop.localhost/api/hello/", "version": 1, "expect_status": 308 });
    let slash = test(slash).await;
    assert!(slash["headers"].to_string().contains("location: /api/hello"), "{slash}");
}
