//! Paths: what an app keeps to itself, clean addresses, and paths nobody sends.

use reqwest::Method;

use crate::harness::{Raw, TestNode};

const HOST: &str = "hello.localhost";

const RULES: &str = "/old /about 301
/go/* /:splat 301
/leak/private /private/a.txt 200
/leak/source /api/hello.js 200
/leak/manifest /manifest.json 200
/leak/rules /_redirects 200
/leak/env /.env 200
/leak/up /../../etc/passwd 200
/leak/splat/* /:splat 200
";

const FILES: &[(&str, &str)] = &[
    ("index.html", "home"),
    ("about.html", "about"),
    ("docs/index.html", "docs"),
    ("docs/guide.html", "guide"),
    ("both.html", "file"),
    ("both/index.html", "folder"),
    ("plain", "plain"),
    ("manifest.json", "{\"name\": \"hello\"}"),
    ("_redirects", RULES),
    ("_headers", "/*\n  X-One: 1\n"),
    (
        "api/hello.js",
        "'secret source'; function handler() { return { status: 404, body: { error: { code: 'NOT_FOUND' } } } }",
    ),
    ("private/a.txt", "secret"),
    (".well-known/security.txt", "contact"),
    (".env", "SECRET=1"),
];

async fn node() -> TestNode {
    let node = TestNode::start().await;
    node.deploy("hello", FILES).await;
    node
}

#[tokio::test]
async fn a_clean_address_finds_its_file_and_a_trailing_slash_is_taken_off() {
    let node = node().await;
    let table = [
        ("/", 200, "home"),
        ("/index", 200, "home"),
        ("/index.html", 200, "home"),
        ("/about", 200, "about"),
        ("/about.html", 200, "about"),
        ("/about/", 308, "/about"),
        ("/about/?a=1&b=%20", 308, "/about?a=1&b=%20"),
        ("/docs", 200, "docs"),
        ("/docs/", 308, "/docs"),
        ("/docs/index", 200, "docs"),
        ("/docs/index.html", 200, "docs"),
        ("/docs/guide", 200, "guide"),
        ("/docs/guide/", 308, "/docs/guide"),
        ("/both", 200, "file"),
        ("/both/", 308, "/both"),
        ("/about%2f%2e", 308, "/about"),
        ("/plain", 200, "plain"),
        ("/plain?v=2", 200, "plain"),
        ("//about", 200, "about"),
        ("/docs/../about", 200, "about"),
        ("/%61bout", 200, "about"),
        ("/About", 404, ""),
        ("/old", 301, "/about"),
        ("/nowhere", 404, ""),
        ("/about/more", 404, ""),
    ];
    for (path, status, expected) in table {
        let answer = raw(&node, path).await;
        assert_eq!(answer.status, status, "{path}");
        let told = if status == 200 { "" } else { expected };
        assert_eq!(answer.header("location"), told, "{path}");
        if status == 200 {
            assert_eq!(node.get(HOST, path).await.text(), expected, "{path}");
        }
    }
}

#[tokio::test]
async fn a_trailing_slash_never_leads_to_another_host() {
    let node = node().await;
    for path in [
        "//evil.example/",
        "//evil.example/..",
        "/\\evil.example/",
        "/%5cevil.example/",
        "/%2fevil.example/",
        "/about//",
        "/go//evil.example",
        "/go/%2fevil.example",
        "/go/%5cevil.example",
        "/go/https://evil.example",
        "/go/%0d%0aSet-Cookie:a=b",
    ] {
        let answer = raw(&node, path).await;
        let location = answer.header("location");
        assert!(location.is_empty() || location.starts_with('/'), "{path}: {answer:?}");
        assert!(!location.starts_with("//") && !location.starts_with("/\\"), "{path}: {answer:?}");
        assert_eq!(answer.header("set-cookie"), "", "{path}");
    }
}

#[tokio::test]
async fn what_an_app_keeps_to_itself_is_not_served_however_it_is_spelt() {
    let node = node().await;
    for path in [
        "/manifest.json",
        "/MANIFEST.JSON",
        "/%6danifest.json",
        "/docs/../manifest.json",
        "/manifest.json/",
        "/manifest",
        "/_redirects",
        "/_headers",
        "/fazt.json",
        "/.env",
        "/.git/config",
        "/docs/.hidden",
        "/.well-known/.secret",
        "/_ws",
        "/_fazt/anything",
    ] {
        let answer = node.get(HOST, path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.text().contains("404"), "{path}: {}", answer.text());
    }
    assert_eq!(node.get(HOST, "/.well-known/security.txt").await.text(), "contact");
}

#[tokio::test]
async fn a_rule_of_the_app_opens_no_door_to_what_it_keeps_to_itself() {
    let node = node().await;
    for path in [
        "/leak/private",
        "/leak/source",
        "/leak/manifest",
        "/leak/rules",
        "/leak/env",
        "/leak/up",
        "/leak/splat/private/a.txt",
        "/leak/splat/api/hello.js",
        "/leak/splat/manifest.json",
        "/leak/splat/.env",
        "/leak/splat/%2e%2e/.env",
    ] {
        let answer = node.get(HOST, path).await;
        assert!([400, 401, 404].contains(&answer.status.as_u16()), "{path}: {}", answer.status);
        for secret in ["secret", "SECRET", "\"name\"", "/leak/"] {
            assert!(!answer.text().contains(secret), "{path}: {}", answer.text());
        }
    }
    assert_eq!(node.get(HOST, "/leak/splat/about").await.text(), "about");
}

#[tokio::test]
async fn the_source_of_a_function_is_never_shown_and_its_absence_is_json() {
    let node = node().await;
    for path in ["/api", "/api/", "/api/hello", "/api/hello.js", "/api/nowhere", "/%61pi/hello.js"]
    {
        for method in [Method::GET, Method::POST] {
            let answer = node.ask(method, HOST, path, &[]).await;
            assert_eq!(answer.status, 404, "{path}");
            assert_eq!(answer.header("content-type"), "application/json", "{path}");
            assert_eq!(answer.code(), "NOT_FOUND", "{path}");
        }
    }
    // A system that ignores letter case must not be led to the source either.
    assert!(!node.get(HOST, "/API/hello.js").await.text().contains("secret"));
}

#[tokio::test]
async fn a_private_place_asks_who_is_there_whether_it_exists_or_not() {
    let node = node().await;
    for path in [
        "/private",
        "/private/",
        "/private/a.txt",
        "/private/nowhere",
        "/%70rivate/a.txt",
        "/docs/../private/a.txt",
        "/PRIVATE/a.txt",
    ] {
        let answer = node.get(HOST, path).await;
        assert_eq!(answer.status, 401, "{path}");
        assert!(!answer.text().contains("secret"), "{path}");
    }
    assert_eq!(node.get(HOST, "/privateer").await.status, 404);
}

/// A GET whose path travels as it is written here.
async fn raw(node: &TestNode, path: &str) -> Raw {
    raw_bytes(node, path.as_bytes()).await
}

async fn raw_bytes(node: &TestNode, path: &[u8]) -> Raw {
    let rest = format!(" HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    node.raw(&[b"GET ", path, rest.as_bytes()].concat()).await
}

#[tokio::test]
async fn a_path_no_app_can_have_is_refused_and_the_next_request_answered() {
    let node = node().await;
    let long = format!("/{}", "a".repeat(3_000));
    let paths: &[&[u8]] = &[
        b"/%00",
        b"/about%00.html",
        b"/%0a",
        b"/%7f",
        b"/..",
        b"/../etc/passwd",
        b"/..%2f..%2fetc/passwd",
        b"/%2e%2e/etc/passwd",
        b"/docs/%2e%2e/%2e%2e/etc/passwd",
        b"/\\..\\etc",
        b"/%5c..%5cetc",
        b"/%ff",
        b"/%c3%28",
        b"/%",
        b"/%4",
        b"/%zz",
        b"/caf\xe9",
        b"/a b",
        long.as_bytes(),
    ];
    for path in paths {
        let shown = String::from_utf8_lossy(&path[..path.len().min(40)]).into_owned();
        assert_eq!(raw_bytes(&node, path).await.status, 400, "{shown}");
    }
    // Decoded once only: what is left is a name, and there is no such file.
    for path in ["/%252e%252e/etc/passwd", "/%25ff", "/..."] {
        assert_eq!(raw(&node, path).await.status, 404, "{path}");
    }
    assert_eq!(node.get(HOST, "/about").await.text(), "about");
}

#[tokio::test]
async fn a_request_no_browser_sends_is_answered_and_harms_nobody() {
    let node = node().await;
    let head = |line: &str| format!("{line}\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    let huge = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nX: {}\r\n\r\n", "a".repeat(200_000));
    let many = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n{}\r\n", "X: a\r\n".repeat(500));
    for (request, statuses) in [
        (head("GET / HTTP/1.1"), &[200][..]),
        (format!("GET http://{HOST}/about HTTP/1.1\r\nHost: {HOST}\r\n\r\n"), &[200]),
        (head("OPTIONS * HTTP/1.1"), &[400, 404, 405]),
        (head("CONNECT hello.localhost:80 HTTP/1.1"), &[400, 404, 405]),
        (head("GET about HTTP/1.1"), &[400, 404]),
        (head("GET / HTTP/9.9"), &[400, 505, 0]),
        (head("HELLO"), &[400, 0]),
        ("\r\n\r\n\0\x01\x02\r\n\r\n".to_owned(), &[400, 0]),
        (huge, &[431]),
        (head("POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6"), &[400]),
        (head("POST / HTTP/1.1\r\nContent-Length: -1"), &[400]),
        (head("POST / HTTP/1.1\r\nTransfer-Encoding: gzip"), &[400, 405, 501]),
        (head("GET / HTTP/1.1\r\nX : a"), &[400]),
        (head("GET / HTTP/1.1\r\nX: a\r\n folded"), &[200, 400]),
        (many, &[431]),
    ] {
        let answer = node.raw(request.as_bytes()).await;
        let shown = &request[..request.len().min(60)];
        assert!(statuses.contains(&answer.status), "{shown:?}: {answer:?}");
    }
    assert_eq!(node.get(HOST, "/about").await.text(), "about");
}
