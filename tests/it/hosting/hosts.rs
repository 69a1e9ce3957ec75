//! Host names: which app a name means, and names that mean none.

use reqwest::Method;
use serde_json::json;

use crate::harness::{TestNode, client};

async fn alias(node: &TestNode, name: &str, input: serde_json::Value) {
    let answer = node.call(Method::PUT, &format!("/api/aliases/{name}"), Some(input)).await;
    assert_eq!(answer.status, 200, "{name}: {}", answer.text());
}

async fn page(node: &TestNode, host: &str) -> (u16, String) {
    let answer = node.get(host, "/").await;
    (answer.status.as_u16(), answer.text().to_owned())
}

#[tokio::test]
async fn a_name_is_found_however_it_is_spelt() {
    let node = TestNode::start().await;
    node.deploy("hello", &[("index.html", "Hello")]).await;
    for host in [
        "hello.localhost",
        "HELLO.LocalHost",
        "hello.localhost.",
        "hello.localhost:8080",
        "hello.localhost.:80",
        "hello.localhost:",
    ] {
        assert_eq!(page(&node, host).await, (200, "Hello".to_owned()), "{host}");
    }
    for host in
        ["nobody.localhost", "a.hello.localhost", "hello.example", "hello", "hellolocalhost"]
    {
        let (status, text) = page(&node, host).await;
        assert_eq!(status, 404, "{host}");
        assert!(text.contains(&format!("no app answers at {host}")), "{host}: {text}");
    }
}

#[tokio::test]
async fn the_node_itself_answers_at_its_own_names_to_a_visitor_on_this_machine() {
    let node = TestNode::start().await;
    for host in ["admin.localhost", "localhost", "127.0.0.1", "127.0.0.1:8080", "[::1]:80"] {
        let health = node.get(host, "/health").await;
        assert_eq!((health.status.as_u16(), health.text()), (200, "{\"status\":\"ok\"}"), "{host}");
    }
    // A proxy of unknown visitors is not a visitor on this machine.
    for forwarded in [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9")] {
        for host in ["localhost", "127.0.0.1"] {
            let asked = node.ask(Method::GET, host, "/health", &[forwarded]).await;
            assert!(!asked.text().contains("status"), "{host} {forwarded:?}: {}", asked.text());
            let asked = node.ask(Method::GET, host, "/api/apps", &[forwarded]).await;
            assert!(!asked.text().contains("UNAUTHORIZED"), "{host}: {}", asked.text());
        }
    }
}

#[tokio::test]
async fn a_request_without_one_sound_host_is_refused() {
    let node = TestNode::start().await;
    node.deploy("hello", &[("index.html", "Hello")]).await;
    let long = format!("Host: {}.localhost\r\n", "a".repeat(300));
    for (host, status) in [
        ("Host: hello.localhost\r\n", 200),
        ("", 400),
        ("Host:\r\n", 400),
        ("Host: \r\n", 400),
        ("Host: hello.localhost\r\nHost: hello.localhost\r\n", 400),
        ("Host: hello.localhost\r\nHost: other.localhost\r\n", 400),
        ("Host: hello..localhost\r\n", 400),
        ("Host: .localhost\r\n", 400),
        ("Host: hello.localhost:99999\r\n", 400),
        ("Host: hello.localhost:http\r\n", 400),
        ("Host: hello.localhost/..\r\n", 400),
        ("Host: hello localhost\r\n", 400),
        ("Host: user@hello.localhost\r\n", 400),
        ("Host: <script>\r\n", 400),
        ("Host: hell\u{f6}.localhost\r\n", 400),
        ("Host: [::1\r\n", 400),
        ("Host: [zz]\r\n", 400),
        ("Host: ../../etc\r\n", 400),
        ("Host: hello.localhost\0\r\n", 400),
        (long.as_str(), 400),
    ] {
        let request = format!("GET / HTTP/1.1\r\n{host}Connection: close\r\n\r\n");
        let answer = node.raw(request.as_bytes()).await;
        let shown = &host[..host.len().min(60)];
        assert_eq!(answer.status, status, "{shown:?}");
    }
    // HTTP/1.0 knows no Host; its visitors get the node itself.
    assert_eq!(node.raw(b"GET /health HTTP/1.0\r\n\r\n").await.status, 200);
}

#[tokio::test]
async fn the_domain_itself_welcomes_until_an_app_named_root_is_there() {
    let node = TestNode::start_with(&[("domain", "zyt.test")]).await;
    for host in ["zyt.test", "root.zyt.test"] {
        let (status, text) = page(&node, host).await;
        assert_eq!(status, 200, "{host}");
        assert!(text.contains("This is a fazt node"), "{host}: {text}");
    }
    node.deploy("root", &[("index.html", "Front door")]).await;
    node.deploy("hello", &[("index.html", "Hello")]).await;
    for (host, status, text) in [
        ("zyt.test", 200, "Front door"),
        ("root.zyt.test", 200, "Front door"),
        ("hello.zyt.test", 200, "Hello"),
        ("hello.localhost", 200, "Hello"),
    ] {
        assert_eq!(page(&node, host).await, (status, text.to_owned()), "{host}");
    }
    // From elsewhere a bare address is the front door, and `localhost` proves nothing.
    let away = [("x-forwarded-for", "203.0.113.9")];
    for host in ["127.0.0.1", "localhost"] {
        assert_eq!(node.ask(Method::GET, host, "/", &away).await.text(), "Front door", "{host}");
    }
    assert_eq!(node.ask(Method::GET, "hello.localhost", "/", &away).await.status, 404);
    assert_eq!(node.get("admin.zyt.test", "/health").await.status, 200);
}

#[tokio::test]
async fn an_app_named_404_speaks_for_every_name_that_leads_nowhere() {
    let node = TestNode::start().await;
    node.deploy("404", &[("index.html", "Lost?"), ("style.css", "p{}")]).await;
    assert_eq!(page(&node, "nobody.localhost").await, (404, "Lost?".to_owned()));
    assert_eq!(page(&node, "nobody.example").await, (404, "Lost?".to_owned()));
    let style = node.get("nobody.localhost", "/style.css").await;
    assert_eq!((style.status.as_u16(), style.text()), (200, "p{}"));
    assert_eq!(node.get("nobody.localhost", "/nowhere").await.status, 404);
}

#[tokio::test]
async fn a_name_of_fazts_own_is_never_an_apps() {
    let node = TestNode::start().await;
    for name in ["admin", "api", "www", "mcp", "auth", "localhost", "v1--blog", "Hello", "a_b", ""]
    {
        let input = json!({ "app": name, "files": [{ "path": "index.html", "content": "x" }] });
        let answer = node.call(Method::POST, "/api/deploy", Some(input)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (400, "VALIDATION_FAILED"),
            "{name}"
        );
    }
    assert_eq!(node.call(Method::GET, "/api/apps", None).await.data()["total"], 0);
}

#[tokio::test]
async fn every_version_has_an_address_that_crawlers_are_kept_from() {
    let node = TestNode::start().await;
    node.deploy("hello", &[("index.html", "one")]).await;
    node.deploy("hello", &[("index.html", "two")]).await;
    for (host, status, text, robots) in [
        ("v1--hello.localhost", 200, "one", "noindex"),
        ("v2--hello.localhost", 200, "two", "noindex"),
        ("hello.localhost", 200, "two", ""),
        ("v3--hello.localhost", 404, "", ""),
        ("v0--hello.localhost", 404, "", ""),
        ("v01--hello.localhost", 404, "", ""),
        ("v1--nobody.localhost", 404, "", ""),
        ("v99999999999--hello.localhost", 404, "", ""),
    ] {
        let answer = node.get(host, "/").await;
        assert_eq!(answer.status, status, "{host}");
        if status == 200 {
            assert_eq!((answer.text(), answer.header("x-robots-tag")), (text, robots), "{host}");
        }
    }
    let lost = node.get("v1--hello.localhost", "/nowhere").await;
    assert_eq!((lost.status.as_u16(), lost.header("x-robots-tag")), (404, "noindex"));
}

#[tokio::test]
async fn an_alias_leads_to_an_app_elsewhere_or_nowhere() {
    let node = TestNode::start().await;
    node.deploy("hello", &[("index.html", "Hello")]).await;
    alias(&node, "hi", json!({ "app": "hello" })).await;
    alias(&node, "moved", json!({ "redirect": "https://new.example/" })).await;
    alias(&node, "away", json!({ "redirect": "https://new.example/", "status": 302 })).await;
    alias(&node, "page", json!({ "redirect": "https://new.example/page" })).await;
    alias(&node, "kept", json!({ "reserve": true })).await;
    assert_eq!(page(&node, "hi.localhost").await, (200, "Hello".to_owned()));
    for (host, path, status, location) in [
        ("moved.localhost", "/a/b?c=%20d", 301, "https://new.example/a/b?c=%20d"),
        ("moved.localhost", "/", 301, "https://new.example/"),
        ("away.localhost", "/a?b", 302, "https://new.example/a?b"),
        ("page.localhost", "/a?b", 301, "https://new.example/page"),
        ("kept.localhost", "/", 404, ""),
    ] {
        let answer = node.get(host, path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (status, location),
            "{host}{path}"
        );
    }
    // A deploy cannot take a name that is spoken for.
    for name in ["hi", "moved", "kept"] {
        let input = json!({ "app": name, "files": [{ "path": "index.html", "content": "x" }] });
        let answer = node.call(Method::POST, "/api/deploy", Some(input)).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "CONFLICT"), "{name}");
    }
    node.call(Method::DELETE, "/api/aliases/hi", None).await.data();
    assert_eq!(page(&node, "hi.localhost").await.0, 404);
}

#[tokio::test]
async fn an_alias_that_makes_no_sense_is_refused_with_its_field() {
    let node = TestNode::start().await;
    node.deploy("hello", &[("index.html", "Hello")]).await;
    for (name, input, field) in [
        ("x", json!({}), "name"),
        ("x", json!({ "app": "hello", "reserve": true }), "name"),
        ("x", json!({ "redirect": "ftp://new.example/" }), "redirect"),
        ("x", json!({ "redirect": "new.example" }), "redirect"),
        ("x", json!({ "redirect": "https://new.example/", "status": 200 }), "status"),
        ("x", json!({ "split": ["hello=1"] }), "split"),
        ("x", json!({ "split": ["hello=1", "other=0"] }), "split"),
        ("x.localhost", json!({ "app": "hello" }), "name"),
        ("10.0.0.1", json!({ "app": "hello" }), "name"),
        ("admin", json!({ "app": "hello" }), "name"),
    ] {
        let answer = node.call(Method::PUT, &format!("/api/aliases/{name}"), Some(input)).await;
        assert_eq!(answer.status, 400, "{name} {field}: {}", answer.text());
        assert_eq!(answer.json()["error"]["details"]["field"], field, "{}", answer.text());
    }
    for (name, input, status) in
        [("x", json!({ "app": "nobody" }), 404), ("hello", json!({ "reserve": true }), 409)]
    {
        let answer = node.call(Method::PUT, &format!("/api/aliases/{name}"), Some(input)).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_split_deals_visitors_out_and_keeps_each_where_it_began() {
    let node = TestNode::start().await;
    node.deploy("one", &[("index.html", "one")]).await;
    node.deploy("two", &[("index.html", "two")]).await;
    alias(&node, "both", json!({ "split": ["one=1", "two=1"] })).await;
    let mut met = std::collections::BTreeSet::new();
    // 64 fair coins show both sides but once in 2^63.
    for _ in 0..64 {
        let first = node.get("both.localhost", "/").await;
        let cookie = first.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        assert_eq!(cookie, format!("fazt_split={}", first.text()));
        assert_eq!(first.header("cache-control"), "private, no-cache");
        let cookies = format!("a=b; {cookie}; c=d");
        let again = node.ask(Method::GET, "both.localhost", "/", &[("cookie", &cookies)]).await;
        assert_eq!((again.text(), again.header("set-cookie")), (first.text(), ""));
        met.insert(first.text().to_owned());
    }
    assert_eq!(met.len(), 2, "{met:?}");
    let forged = [("cookie", "fazt_split=nobody")];
    let forged = node.ask(Method::GET, "both.localhost", "/", &forged).await;
    assert_eq!(forged.status, 200);
    assert!(forged.header("set-cookie").starts_with("fazt_split="));
}

#[tokio::test]
async fn a_domain_of_its_own_leads_to_its_app_until_it_is_taken_away() {
    let node = TestNode::start().await;
    node.deploy("hello", &[("index.html", "Hello")]).await;
    let config =
        async |input| node.call(Method::PATCH, "/api/apps/hello/config", Some(input)).await;
    assert_eq!(config(json!({ "add_hosts": ["Blog.Example.org"] })).await.status, 200);
    for host in ["blog.example.org", "BLOG.example.org.:443"] {
        assert_eq!(page(&node, host).await, (200, "Hello".to_owned()), "{host}");
    }
    node.deploy("hello", &[("index.html", "Hello again")]).await;
    assert_eq!(page(&node, "blog.example.org").await, (200, "Hello again".to_owned()));
    node.deploy("other", &[("index.html", "Other")]).await;
    let taken = json!({ "add_hosts": ["blog.example.org"] });
    let taken = node.call(Method::PATCH, "/api/apps/other/config", Some(taken)).await;
    assert_eq!(taken.code(), "CONFLICT");
    assert_eq!(config(json!({ "remove_hosts": ["blog.example.org"] })).await.status, 200);
    assert_eq!(page(&node, "blog.example.org").await.0, 404);
}

#[tokio::test]
async fn http_2_without_an_upgrade_is_spoken_on_the_same_port() {
    let node = TestNode::start().await;
    node.deploy("hello", &[("index.html", "Hello")]).await;
    let builder = reqwest::Client::builder().no_proxy().http2_prior_knowledge();
    let _ = client();
    let resolved = builder.resolve("hello.localhost", node.address()).build().expect("a client");
    let url = format!("http://hello.localhost:{}/", node.address().port());
    let answers = (0..40).map(|_| resolved.get(&url).send());
    for answer in futures_util::future::join_all(answers).await {
        let answer = answer.expect("an answer");
        assert_eq!((answer.version(), answer.status().as_u16()), (reqwest::Version::HTTP_2, 200));
        assert_eq!(answer.text().await.expect("a body"), "Hello");
    }
}

#[tokio::test]
async fn two_hosts_are_refused_even_beside_an_address_in_the_request_line() {
    let node = TestNode::start().await;
    node.deploy("hello", &[("index.html", "Hello")]).await;
    for (hosts, status) in [("Host: a\r\n", 200), ("Host: a\r\nHost: b\r\n", 400)] {
        let request = format!("GET http://hello.localhost/ HTTP/1.1\r\n{hosts}\r\n");
        assert_eq!(node.raw(request.as_bytes()).await.status, status, "{hosts:?}");
    }
}

#[tokio::test]
async fn an_alias_named_root_answers_at_the_domain_itself() {
    let node = TestNode::start_with(&[("domain", "node.example")]).await;
    node.deploy("blog", &[("index.html", "hi")]).await;
    let alias = serde_json::json!({ "app": "blog" });
    node.call(Method::PUT, "/api/aliases/root", Some(alias)).await.data();
    assert_eq!(node.get("node.example", "/").await.text(), "hi");
}
