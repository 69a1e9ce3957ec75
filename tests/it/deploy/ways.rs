//! Every way in: folder, form, body, inline, bundle.

use fazt::apps::bundle::wire::{Encoder, Packing};
use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use super::archive::zip;
use crate::harness::{Answer, TestNode};

const FILES: &[(&str, &str)] = &[("index.html", "<h1>Hello</h1>"), ("a/style.css", "h1{}")];

async fn upload(node: &TestNode, path: &str, form: Form) -> Answer {
    let request = node.request(Method::POST, path).bearer_auth(node.owner_token());
    Answer::of(request.multipart(form)).await
}

async fn body(node: &TestNode, path: &str, media: &str, bytes: Vec<u8>) -> Answer {
    let request = node.request(Method::POST, path).bearer_auth(node.owner_token());
    Answer::of(request.header("content-type", media).body(bytes)).await
}

fn form(file: &str, files: &[(&str, &str)]) -> Form {
    Form::new().part("file", Part::bytes(zip(files)).file_name(file.to_owned()))
}

async fn is_served(node: &TestNode, app: &str) {
    let host = format!("{app}.localhost");
    let (page, style) = (node.get(&host, "/").await, node.get(&host, "/a/style.css").await);
    assert_eq!((page.status.as_u16(), page.text()), (200, "<h1>Hello</h1>"), "{app}");
    assert_eq!((style.status.as_u16(), style.text()), (200, "h1{}"), "{app}");
}

fn tree(files: &[(&str, &str)]) -> Value {
    let named = |(path, text): &(&str, &str)| {
        let hash = blake3::hash(text.as_bytes()).to_hex().to_string();
        json!({ "path": path, "hash": hash, "size": text.len() })
    };
    files.iter().map(named).collect()
}

fn bundle(head: &Value, contents: &[&str]) -> Vec<u8> {
    let head = if head.is_null() { String::new() } else { head.to_string() };
    let mut encoder = Encoder::new(Vec::new(), Packing::Stored, head.as_bytes()).expect("begins");
    for content in contents {
        let hash = blake3::hash(content.as_bytes());
        encoder.blob(hash.as_bytes(), content.as_bytes()).expect("takes a blob");
    }
    encoder.finish().expect("ends")
}

async fn plan(node: &TestNode, app: &str, files: &[(&str, &str)]) -> Value {
    let input = json!({ "app": app, "tree": tree(files) });
    node.call(Method::POST, "/api/deploy/plan", Some(input)).await.data()
}

const BUNDLE: &str = "application/vnd.fazt.bundle";

#[tokio::test]
async fn files_are_served_whichever_way_they_came() {
    let node = TestNode::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("a")).expect("a folder");
    for (path, text) in FILES {
        std::fs::write(folder.path().join(path), text).expect("written");
    }
    let path = folder.path().to_str().expect("a plain path");
    let done = node.cli(&["deploy", path, "--name", "by-folder"]).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(done.last_line(), format!("http://by-folder.localhost:{}", node.address().port()));
    is_served(&node, "by-folder").await;

    let answer = upload(&node, "/api/deploy", form("By Form.zip", FILES)).await;
    assert_eq!(answer.data()["app"], "by-form");
    is_served(&node, "by-form").await;

    let answer = body(&node, "/api/deploy?app=by-body", "application/zip", zip(FILES)).await;
    assert_eq!(answer.data()["files"], 2);
    is_served(&node, "by-body").await;
    // What `curl --data-binary` says a body is, when nobody says it.
    let media = "application/x-www-form-urlencoded";
    body(&node, "/api/deploy?app=by-curl", media, zip(FILES)).await.data();
    is_served(&node, "by-curl").await;

    node.deploy("by-text", FILES).await;
    is_served(&node, "by-text").await;

    let missing = plan(&node, "by-bundle", &[("new.txt", "new")]).await;
    assert_eq!(missing["missing"].as_array().map(Vec::len), Some(1), "{missing}");
    let head = json!({ "app": "by-bundle", "tree": tree(FILES) });
    let all: Vec<_> = FILES.iter().map(|(_, text)| *text).collect();
    body(&node, "/api/deploy", BUNDLE, bundle(&head, &all)).await.data();
    is_served(&node, "by-bundle").await;
}

#[tokio::test]
async fn an_app_is_called_as_it_is_told_then_as_its_manifest_says_then_as_its_file() {
    let node = TestNode::start().await;
    let manifest = [("manifest.json", "{\"name\": \"manifest\"}"), ("index.html", "x")];
    let bare = [("index.html", "x")];
    let told = form("file.zip", &manifest).text("app", "told");
    for (path, form, name) in [
        ("/api/deploy", told, "told"),
        ("/api/deploy?app=query", form("file.zip", &manifest), "query"),
        ("/api/deploy", form("file.zip", &manifest), "manifest"),
        ("/api/deploy", form("My File (1).zip", &bare), "my-file-1"),
        ("/api/deploy", form("x.zip", &bare).text("site_name", "as-before"), "as-before"),
    ] {
        assert_eq!(upload(&node, path, form).await.data()["app"], name);
        assert_eq!(node.get(&format!("{name}.localhost"), "/").await.text(), "x");
    }
    let nameless = body(&node, "/api/deploy", "application/zip", zip(&bare)).await;
    assert_eq!(nameless.code(), "BAD_MANIFEST");
    assert!(nameless.text().contains("manifest.json"), "{}", nameless.text());
    let folder = tempfile::tempdir().expect("a folder");
    let site = folder.path().join("My Site");
    std::fs::create_dir(&site).expect("a folder");
    std::fs::write(site.join("index.html"), "x").expect("written");
    let done = node.cli(&["deploy", site.to_str().expect("a plain path")]).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.last_line().starts_with("http://my-site.localhost"), "{done:?}");
    assert!(done.stderr.contains("`my-site` after its folder"), "{done:?}");
}

#[tokio::test]
async fn only_what_the_node_lacks_has_to_travel() {
    let node = TestNode::start().await;
    let first = [("index.html", "one"), ("a.txt", "a"), ("b.txt", "b")];
    node.deploy("hello", &first).await;
    let same = plan(&node, "hello", &first).await;
    assert_eq!((&same["unchanged"], &same["missing"]), (&json!(true), &json!([])), "{same}");
    let second = [("index.html", "two"), ("a.txt", "a"), ("c.txt", "b")];
    let changed = plan(&node, "hello", &second).await;
    let hash = blake3::hash(b"two").to_hex().to_string();
    assert_eq!(changed["missing"], json!([hash]), "{changed}");
    for (field, value) in [("missing_bytes", 3), ("added", 1), ("changed", 1), ("removed", 1)] {
        assert_eq!(changed[field], value, "{field} of {changed}");
    }
    // Named before it came: refused, with the list of what has to travel.
    let input = json!({ "app": "hello", "tree": tree(&second) });
    let early = node.call(Method::POST, "/api/deploy", Some(input.clone())).await;
    assert_eq!((early.status.as_u16(), early.code().as_str()), (409, "FILES_MISSING"));
    assert_eq!(early.json()["error"]["details"]["missing"], json!([hash]));
    assert_eq!(node.get("hello.localhost", "/").await.text(), "one");
    body(&node, "/api/blobs", BUNDLE, bundle(&Value::Null, &["two"])).await.data();
    let done = node.call(Method::POST, "/api/deploy", Some(input)).await.data();
    assert_eq!(done["version"], 2);
    assert_eq!(node.get("hello.localhost", "/").await.text(), "two");
    // The hash is a promise about the content, and it is kept.
    let path = format!("/api/blobs/{}", blake3::hash(b"promised").to_hex());
    let request = node.request(Method::PUT, &path).bearer_auth(node.owner_token());
    assert_eq!(Answer::of(request.body("other")).await.code(), "BAD_ARCHIVE");
}

#[tokio::test]
async fn an_upload_that_is_damaged_on_its_way_changes_nothing() {
    let node = TestNode::start().await;
    let head = json!({ "app": "hello", "tree": tree(FILES) });
    let all: Vec<_> = FILES.iter().map(|(_, text)| *text).collect();
    let good = bundle(&head, &all);
    let mut flipped = good.clone();
    let at = good.windows(4).position(|part| part == b"h1{}").expect("it is sent as it is");
    flipped[at] ^= 0x55;
    let no_head = bundle(&json!("not a deploy"), &all);
    for (what, bytes, code) in [
        ("cut short", good[..good.len() - 3].to_vec(), "BAD_ARCHIVE"),
        ("flipped", flipped, "BAD_ARCHIVE"),
        ("more behind", [good.clone(), vec![0]].concat(), "BAD_ARCHIVE"),
        ("no bundle", b"hello".to_vec(), "BAD_ARCHIVE"),
        ("empty", Vec::new(), "BAD_ARCHIVE"),
        ("head", no_head, "VALIDATION_FAILED"),
    ] {
        let answer = body(&node, "/api/deploy", BUNDLE, bytes).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, code), "{what}");
    }
    assert_eq!(node.call(Method::GET, "/api/apps", None).await.data()["total"], 0);
}

#[tokio::test]
async fn the_same_request_sent_twice_happens_once() {
    let node = TestNode::start().await;
    let send = async |key: &str, text: &str| {
        let files = json!([{ "path": "index.html", "content": text }]);
        let request = node.request(Method::POST, "/api/deploy").bearer_auth(node.owner_token());
        let request = request.header("idempotency-key", key);
        Answer::of(request.json(&json!({ "app": "hello", "files": files }))).await
    };
    let first = send("one", "a").await;
    assert_eq!(first.data()["version"], 1);
    assert_eq!(send("two", "b").await.data()["version"], 2);
    // Sent again long after: answered as then, and not carried out again.
    let again = send("one", "a").await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.json(), first.json());
    assert_eq!(node.get("hello.localhost", "/").await.text(), "b");
    let other = send("one", "c").await;
    assert_eq!((other.status.as_u16(), other.code().as_str()), (422, "KEY_REUSED"));
    // What was refused may be mended under the same key.
    assert_eq!(send("three", "").await.status, 200);
    let refused = node.request(Method::POST, "/api/deploy").bearer_auth(node.owner_token());
    let refused = refused.header("idempotency-key", "four").json(&json!({ "app": "hello" }));
    assert_eq!(Answer::of(refused).await.code(), "VALIDATION_FAILED");
    assert_eq!(send("four", "d").await.status, 200);
    assert_eq!(node.get("hello.localhost", "/").await.text(), "d");
}

#[tokio::test]
async fn the_same_request_sent_many_times_at_once_happens_once() {
    let node = TestNode::start().await;
    let files = json!([{ "path": "index.html", "content": "a" }]);
    let input = json!({ "app": "hello", "files": files, "message": "once" });
    let send = || {
        let request = node.request(Method::POST, "/api/deploy").bearer_auth(node.owner_token());
        Answer::of(request.header("idempotency-key", "one").json(&input))
    };
    let answers = futures_util::future::join_all((0..8).map(|_| send())).await;
    let (done, waits): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status.is_success());
    assert!(!done.is_empty());
    assert!(done.iter().all(|answer| answer.json() == done[0].json()));
    for answer in waits {
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "IN_PROGRESS"));
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert_eq!(node.call(Method::GET, "/api/changes", None).await.data()["total"], 1);
}

#[tokio::test]
async fn an_upload_sent_twice_under_one_key_happens_once_too() {
    let node = TestNode::start().await;
    let send = async |key: &str, text: &str| {
        let request = node.request(Method::POST, "/api/deploy?app=hello");
        let request = request.bearer_auth(node.owner_token()).header("idempotency-key", key);
        let request = request.header("content-type", "application/zip");
        Answer::of(request.body(zip(&[("index.html", text)]))).await
    };
    assert_eq!(send("one", "a").await.data()["version"], 1);
    assert_eq!(send("two", "b").await.data()["version"], 2);
    let again = send("one", "a").await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(node.get("hello.localhost", "/").await.text(), "b");
    assert_eq!(send("one", "c").await.code(), "KEY_REUSED");
}

#[tokio::test]
async fn fields_of_a_form_and_of_its_query_count_together() {
    let node = TestNode::start().await;
    let sent = form("x.zip", FILES).text("app", "blog").text("message", "by form");
    let path = "/api/deploy?preview=true&message=by%20query";
    let made = upload(&node, path, sent).await.data();
    assert_eq!((&made["app"], &made["live"]), (&json!("blog"), &json!(false)), "{made}");
    let app = node.call(Method::GET, "/api/apps/blog", None).await.data();
    assert_eq!(app["versions"][0]["message"], "by form");
}

#[tokio::test]
async fn a_form_field_without_end_is_refused() {
    let node = TestNode::start().await;
    let sent = form("x.zip", FILES).text("message", "x".repeat(100_000));
    let refused = upload(&node, "/api/deploy?app=blog", sent).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (413, "TOO_LARGE"));
}

#[tokio::test]
async fn a_plan_with_absurd_sizes_is_answered() {
    let node = TestNode::start().await;
    let file = |path: &str| json!({ "path": path, "hash": path.repeat(64), "size": u64::MAX });
    let asked = json!({ "tree": [file("a"), file("b")] });
    let plan = node.call(Method::POST, "/api/deploy/plan", Some(asked)).await.data();
    assert_eq!(plan["missing_bytes"], json!(u64::MAX), "{plan}");
}
