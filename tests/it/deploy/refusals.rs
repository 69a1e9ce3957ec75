//! Deploys that are refused, each with a message that names what is wrong.

use reqwest::Method;
use serde_json::{Value, json};

use super::archive::zip;
use crate::harness::{Answer, TestNode};

async fn deploy(node: &TestNode, files: &[(&str, &str)]) -> Answer {
    let files: Vec<Value> =
        files.iter().map(|(path, text)| json!({ "path": path, "content": text })).collect();
    let input = json!({ "app": "hello", "files": files });
    node.call(Method::POST, "/api/deploy", Some(input)).await
}

fn message(answer: &Answer) -> String {
    answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned()
}

async fn has_nothing(node: &TestNode) {
    assert_eq!(node.call(Method::GET, "/api/apps", None).await.data()["total"], 0);
}

#[tokio::test]
async fn a_limit_is_named_with_the_file_that_passes_it() {
    let settings =
        [("limits.files", "5"), ("limits.file_bytes", "2000"), ("limits.app_bytes", "4000")];
    let node = TestNode::start_with(&settings).await;
    let (fits, big) = ("a".repeat(1_500), "a".repeat(2_001));
    let six = [("1", "a"), ("2", "a"), ("3", "a"), ("4", "a"), ("5", "a"), ("6", "a")];
    let heavy = [("a", fits.as_str()), ("b", &fits), ("c", &fits)];
    for (files, file, limit) in [
        (&six[..], "`6`", "5 files"),
        (&[("big.bin", big.as_str())], "`big.bin`", "per file"),
        (&heavy, "`c`", "per app"),
    ] {
        let answer = deploy(&node, files).await;
        let text = message(&answer);
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (413, "TOO_LARGE"), "{text}");
        assert!(text.contains(file) && text.contains(limit), "{text}");
        // The same by ZIP, where the archive is the thing refused.
        let request = node.request(Method::POST, "/api/deploy?app=hello");
        let request = request.bearer_auth(node.owner_token());
        let request = request.header("content-type", "application/zip").body(zip(files));
        let answer = Answer::of(request).await;
        assert!([400, 413].contains(&answer.status.as_u16()), "{}", answer.text());
        assert!(["BAD_ARCHIVE", "TOO_LARGE"].contains(&answer.code().as_str()));
    }
    has_nothing(&node).await;
    assert_eq!(deploy(&node, &six[..5]).await.status, 200);
}

#[tokio::test]
async fn a_path_that_no_app_can_have_is_refused_by_name() {
    let node = TestNode::start().await;
    let long = "a".repeat(2_000);
    let deep = "a/".repeat(600) + "b";
    for path in [
        "../evil",
        "/etc/passwd",
        "a/../../b",
        "a\\b",
        "a\0b",
        "a\nb",
        "",
        ".",
        "a//b",
        "a/",
        "C:x",
        &long,
        &deep,
    ] {
        let answer = deploy(&node, &[("index.html", "x"), (path, "y")]).await;
        let text = message(&answer);
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (400, "VALIDATION_FAILED"),
            "{path:?}: {text}"
        );
        assert!(text.chars().all(|c| !c.is_control()), "{text:?}");
    }
    for files in [
        [("a.txt", "x"), ("a.txt", "y")],
        [("a.txt", "x"), ("A.txt", "y")],
        [("a", "x"), ("a/b", "y")],
    ] {
        let answer = deploy(&node, &files).await;
        assert_eq!(answer.code(), "VALIDATION_FAILED", "{files:?}");
        assert!(message(&answer).contains(files[0].0), "{}", message(&answer));
    }
    has_nothing(&node).await;
}

#[tokio::test]
async fn a_manifest_that_cannot_be_used_says_what_is_wrong_and_one_that_can_only_warns() {
    let node = TestNode::start().await;
    for (manifest, part) in [
        ("", "manifest.json"),
        ("{", "line 1"),
        ("[]", "manifest.json"),
        ("{\"name\": 5}", "name"),
        ("{\"name\": \"Not A Name\"}", "not-a-name"),
        ("{\"name\": \"admin\"}", "admin"),
        ("{\"spa\": \"yes\"}", "spa"),
        ("\u{feff}{", "manifest.json"),
    ] {
        let answer = deploy(&node, &[("index.html", "x"), ("manifest.json", manifest)]).await;
        let text = message(&answer);
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (400, "BAD_MANIFEST"),
            "{manifest}: {text}"
        );
        assert!(text.contains(part), "{manifest}: {text}");
    }
    has_nothing(&node).await;
    for (manifest, warning) in [
        ("{\"name\": \"other\"}", "manifest.json names the app `other`"),
        ("{\"name\": \"hello\", \"titel\": \"x\"}", "titel"),
    ] {
        let done = node.deploy("hello", &[("index.html", "x"), ("manifest.json", manifest)]).await;
        assert!(done.warnings.iter().any(|w| w.contains(warning)), "{:?}", done.warnings);
    }
}

#[tokio::test]
async fn a_bad_line_of_a_rules_file_is_a_warning_with_file_and_line() {
    let node = TestNode::start().await;
    let redirects = "# comment\n/good /index 301\n/bad\n/worse /x 999\n";
    let headers = "/*\n  X-Good: 1\n  not a header\n";
    let files =
        [("index.html", "home"), ("_redirects", redirects), ("_headers", headers), ("x.html", "x")];
    let done = node.deploy("hello", &files).await;
    for place in ["_redirects:3:", "_redirects:4:", "_headers:3:"] {
        assert!(done.warnings.iter().any(|w| w.starts_with(place)), "{place} {:?}", done.warnings);
    }
    let good = node.get("hello.localhost", "/good").await;
    assert_eq!((good.status.as_u16(), good.header("location")), (301, "/index"));
    assert_eq!(node.get("hello.localhost", "/").await.header("x-good"), "1");
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        std::fs::write(folder.path().join(path), text).expect("written");
    }
    let path = folder.path().to_str().expect("a plain path");
    let done = node.cli(&["deploy", path, "--name", "hello2"]).await;
    assert!(done.code == 0 && done.stderr.contains("_redirects:3:"), "{done:?}");
}

#[tokio::test]
async fn a_request_that_is_no_deploy_is_refused_with_its_field() {
    let node = TestNode::start().await;
    let file = json!([{ "path": "index.html", "content": "x" }]);
    for (input, part) in [
        (json!({}), "no file"),
        (json!({ "app": "hello" }), "no file"),
        (json!({ "app": "hello", "files": [] }), "no file"),
        (json!({ "app": "hello", "fils": file }), "files"),
        (json!({ "app": 5, "files": file }), "app"),
        (json!({ "app": "hello", "files": [{ "path": "a" }] }), "content"),
        (json!({ "app": "hello", "files": [{ "path": "a", "base64": "%%" }] }), "base64"),
        (json!({ "app": "hello", "tree": [{ "path": "a", "hash": "xyz", "size": 1 }] }), "tree"),
    ] {
        let answer = node.call(Method::POST, "/api/deploy", Some(input.clone())).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (400, "VALIDATION_FAILED"),
            "{input}"
        );
        assert!(answer.text().contains(part), "{input}: {}", answer.text());
    }
    let large = "a".repeat((1 << 20) + 1);
    assert_eq!(deploy(&node, &[("a.txt", &large)]).await.code(), "TOO_LARGE");
    has_nothing(&node).await;
}

#[tokio::test]
async fn nobody_deploys_without_a_token_on_this_machine_either() {
    let node = TestNode::start().await;
    let files = json!([{ "path": "index.html", "content": "x" }]);
    let input = json!({ "app": "hello", "files": files });
    let bare = node.request(Method::POST, "/api/deploy").json(&input);
    assert_eq!(Answer::of(bare).await.code(), "UNAUTHORIZED");
    let wrong = node.call_as("fazt_wrong", Method::POST, "/api/deploy", Some(input)).await;
    assert_eq!((wrong.status.as_u16(), wrong.code().as_str()), (401, "UNAUTHORIZED"));
    let zipped = node.request(Method::POST, "/api/deploy?app=hello");
    let zipped = zipped.header("content-type", "application/zip");
    assert_eq!(Answer::of(zipped.body(zip(&[("index.html", "x")]))).await.code(), "UNAUTHORIZED");
    let blob = node.request(Method::PUT, &format!("/api/blobs/{}", "0".repeat(64)));
    assert_eq!(Answer::of(blob.body("x")).await.code(), "UNAUTHORIZED");
    has_nothing(&node).await;
}
