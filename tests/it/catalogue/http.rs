//! What holds for every route: fields, pages, bodies, refusals, ids.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, TestNode};

async fn refused(
    node: &TestNode,
    method: Method,
    path: &str,
    body: Option<serde_json::Value>,
) -> Answer {
    let answer = node.call(method, path, body).await;
    assert!(answer.status.is_client_error(), "{path}: {}", answer.text());
    answer
}

#[tokio::test]
async fn an_unknown_field_is_refused_with_the_nearest_one() {
    let node = TestNode::start().await;
    let query = refused(&node, Method::GET, "/api/apps?limitt=3", None).await;
    let body = json!({ "app": "hello", "file": [] });
    let body = refused(&node, Method::POST, "/api/deploy", Some(body)).await;
    for (answer, field, near) in [(query, "limitt", "limit"), (body, "file", "files")] {
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "VALIDATION_FAILED"));
        let error = answer.json()["error"].clone();
        assert_eq!(error["details"]["field"], field);
        assert_eq!(error["hint"], format!("did you mean `{near}`?"));
    }
    let missing = refused(&node, Method::PUT, "/api/aliases/hi", Some(json!({}))).await;
    assert_eq!(missing.code(), "VALIDATION_FAILED");
    let kind = refused(&node, Method::GET, "/api/apps?limit=many", None).await;
    assert_eq!(kind.json()["error"]["details"]["field"], "limit");
}

#[tokio::test]
async fn an_unknown_tool_app_and_route_are_answered_with_near_ones() {
    let node = TestNode::start().await;
    node.deploy("hello", &[("index.html", "x")]).await;
    let app = refused(&node, Method::GET, "/api/apps/helo", None).await;
    assert_eq!((app.status.as_u16(), app.code().as_str()), (404, "APP_NOT_FOUND"));
    assert_eq!(app.json()["error"]["hint"], "did you mean `hello`?");
    let route = refused(&node, Method::GET, "/api/app", None).await;
    assert_eq!(route.json()["error"]["details"]["nearest"], "/api/apps");
    let caller = fazt_tools::Caller::owner(fazt_tools::Face::Http);
    let tool = fazt_tools::dispatch(&**node.node(), &caller, "deplyo", json!({})).await;
    let tool = tool.expect_err("refused");
    assert_eq!(
        (tool.code, tool.hint.as_deref()),
        (fazt_tools::Code::UnknownTool, Some("did you mean `deploy`?"))
    );
}

#[tokio::test]
async fn lists_come_in_pages_with_a_total_and_a_cursor_that_ends() {
    let node = TestNode::start().await;
    let paths: Vec<String> = (0..23).map(|n| format!("file-{n:02}.txt")).collect();
    let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "x")).collect();
    node.deploy("app-00", &files).await;
    for n in 1..23 {
        node.deploy(&format!("app-{n:02}"), &[("index.html", "x")]).await;
    }
    for (path, list, key, first, last) in [
        ("/api/apps", "apps", "name", json!("app-00"), json!("app-22")),
        ("/api/apps/app-00/files", "files", "path", json!("file-00.txt"), json!("file-22.txt")),
        ("/api/changes", "changes", "id", json!(23), json!(1)),
    ] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = node.call(Method::GET, &format!("{path}?limit=10{cursor}"), None).await;
            let (data, meta) = (page.data(), page.json()["meta"].clone());
            assert_eq!(meta["total"], 23, "{path}");
            seen.extend(data[list].as_array().expect("a list").iter().map(|row| row[key].clone()));
            let Some(next) = meta["cursor"].as_str() else { break };
            assert_eq!(data["cursor"], next);
            cursor = format!("&cursor={next}");
        }
        assert_eq!((seen.len(), &seen[0], &seen[22]), (23, &first, &last), "{path}");
        let usual = node.call(Method::GET, path, None).await.data();
        assert_eq!(usual[list].as_array().map(Vec::len), Some(20), "{path}");
        for bad in ["limit=0", "limit=101", "cursor=%20"] {
            let answer = refused(&node, Method::GET, &format!("{path}?{bad}"), None).await;
            assert_eq!(answer.code(), "VALIDATION_FAILED", "{path}?{bad}");
        }
    }
    let found = node.call(Method::GET, "/api/apps?search=-1", None).await;
    assert_eq!(found.json()["meta"]["total"], 10);
}

#[tokio::test]
async fn a_wrong_method_is_answered_with_those_that_are_right() {
    let node = TestNode::start().await;
    for (method, path, allowed) in [
        (Method::POST, "/api/apps", "GET"),
        (Method::PUT, "/api/apps/hello", "DELETE"),
        (Method::GET, "/api/deploy", "POST"),
        (Method::DELETE, "/health", "GET"),
        (Method::GET, "/api/login", "POST"),
    ] {
        let answer = refused(&node, method, path, None).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (405, "METHOD_NOT_ALLOWED"));
        assert!(answer.header("allow").contains(allowed), "{path}: {:?}", answer.headers);
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_or_no_json_is_refused_by_its_own_code() {
    let node = TestNode::start().await;
    let token = node.owner_token();
    let send = async |path: &str, media: &str, body: Vec<u8>| {
        let request = node.request(Method::POST, path).bearer_auth(&token);
        let answer = request.header("content-type", media).body(body).send().await;
        let answer = answer.expect("an answer");
        let status = answer.status().as_u16();
        let error: serde_json::Value = answer.json().await.expect("the envelope");
        (status, error["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let long = vec![b' '; (16 << 20) + 1];
    let json = "application/json";
    for (path, media, body, status, code) in [
        ("/api/apps/x/promote", json, long, 413, "TOO_LARGE"),
        ("/api/apps/x/promote", "text/plain", b"{}".to_vec(), 415, "UNSUPPORTED_TYPE"),
        ("/api/apps/x/promote", json, b"{".to_vec(), 400, "BAD_REQUEST"),
        ("/api/apps/x/promote", json, b"[]".to_vec(), 400, "BAD_REQUEST"),
        ("/api/deploy", "application/zip", b"no zip".to_vec(), 400, "BAD_ARCHIVE"),
        ("/api/login", json, b"{".to_vec(), 400, "BAD_REQUEST"),
        ("/api/login", "text/plain", b"x".to_vec(), 415, "UNSUPPORTED_TYPE"),
        ("/api/login", json, b"{}".to_vec(), 400, "VALIDATION_FAILED"),
        ("/api/setup", json, b"{\"link\":\"x\",\"pass\":\"y\"}".to_vec(), 400, "VALIDATION_FAILED"),
        ("/api/setup", json, vec![b' '; 64 << 10], 413, "TOO_LARGE"),
    ] {
        assert_eq!(send(path, media, body).await, (status, code.to_owned()), "{path} {media}");
    }
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own_and_the_envelope() {
    let node = TestNode::start().await;
    let mut ids = std::collections::HashSet::new();
    for path in ["/health", "/api/apps", "/api/apps/nobody", "/nothing", "/login", "/api/session"] {
        let answer = node.call(Method::GET, path, None).await;
        let id = answer.header("x-request-id").to_owned();
        assert!(id.starts_with("req_") && id.len() == 16, "{path}: `{id}`");
        assert!(ids.insert(id), "{path} has an id that another has");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        if !answer.status.is_success() {
            let error = answer.json()["error"].clone();
            assert!(error["code"].is_string() && error["message"].is_string(), "{path}: {error}");
        }
    }
    let health = node.request(Method::GET, "/health").send().await.expect("an answer");
    assert_eq!(health.text().await.expect("text"), r#"{"status":"ok"}"#);
}

#[tokio::test]
async fn the_same_request_with_the_same_key_happens_once() {
    let node = TestNode::start().await;
    let token = node.owner_token();
    let make = async |key: &str, name: &str| {
        let request = node.request(Method::POST, "/api/tokens").bearer_auth(&token);
        let request = request.header("idempotency-key", key).json(&json!({ "name": name }));
        let answer = request.send().await.expect("an answer");
        let (status, replayed) =
            (answer.status().as_u16(), answer.headers().contains_key("idempotency-replayed"));
        (status, replayed, answer.json::<serde_json::Value>().await.expect("JSON"))
    };
    let (status, replayed, first) = make("one", "ci").await;
    assert_eq!((status, replayed), (200, false));
    let (status, replayed, second) = make("one", "ci").await;
    assert_eq!((status, replayed, &second), (200, true, &first));
    assert_eq!(make("one", "other").await.0, 422);
    // A refusal is no answer: the key can be used again once the way is free.
    assert_eq!(make("two", "ci").await.0, 409);
    node.call(Method::DELETE, "/api/tokens/ci", None).await.data();
    assert_eq!(make("two", "ci").await.0, 200);
    assert_eq!(node.call(Method::GET, "/api/tokens", None).await.data()["total"], 1);
}

#[tokio::test]
async fn the_openapi_document_names_every_route_that_answers() {
    let node = TestNode::start().await;
    let document = node.call(Method::GET, "/api/openapi.json", None).await.json();
    assert_eq!(&document, fazt::faces::http::openapi());
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("methods").keys() {
            let method: Method = method.to_uppercase().parse().expect("a method");
            let path = path.replace(['{', '}'], "");
            let answer = node.ask(method.clone(), "admin.localhost", &path, &[]).await;
            assert!(
                !matches!(answer.status.as_u16(), 404 | 405),
                "{method} {path}: {}",
                answer.text()
            );
        }
    }
}

#[tokio::test]
async fn a_fetch_test_with_too_many_headers_is_refused() {
    let node = TestNode::start().await;
    node.deploy("blog", &[("index.html", "Hello")]).await;
    let headers: Vec<String> = (0..40_000).map(|n| format!("x{n}: 1")).collect();
    let asked = json!({ "url": "http://blog.localhost/", "headers": headers });
    let refused = node.call(Method::POST, "/api/fetch-test", Some(asked)).await;
    assert_eq!(refused.code(), "VALIDATION_FAILED");
}
