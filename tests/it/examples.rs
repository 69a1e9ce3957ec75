//! The examples, deployed by the real program and asked as their README says.

use reqwest::Method;

use crate::harness::{Answer, TestNode};

mod functions;

/// A path, the status it answers, a header it must carry, text it must hold.
type Row = (&'static str, u16, (&'static str, &'static str), &'static str);

const NONE: (&str, &str) = ("", "");
const HTML: (&str, &str) = ("content-type", "text/html; charset=utf-8");
const YEAR: (&str, &str) = ("cache-control", "public, max-age=31536000, immutable");
const MINUTES: (&str, &str) = ("cache-control", "public, max-age=300");

const HELLO: &[Row] = &[
    ("/", 200, HTML, "<h1"),
    ("/", 200, ("cache-control", "no-cache"), ""),
    ("/style.css", 200, ("content-type", "text/css; charset=utf-8"), ""),
    ("/style.css", 200, MINUTES, ""),
    ("/favicon.svg", 200, ("content-type", "image/svg+xml; charset=utf-8"), "<svg"),
    ("/manifest.json", 404, NONE, ""),
    ("/nowhere", 404, HTML, "404"),
];

const BLOG: &[Row] = &[
    ("/", 200, HTML, "Quiet Machines"),
    ("/about", 200, HTML, "<h1>About</h1>"),
    ("/about/", 308, ("location", "/about"), ""),
    ("/about.html", 200, HTML, "<h1>About</h1>"),
    ("/posts/atomic-deploys", 200, ("cache-control", "no-cache"), "one switch"),
    ("/posts/atomic-deploys", 200, ("x-frame-options", "DENY"), ""),
    ("/posts/atomic-deploys/", 308, ("location", "/posts/atomic-deploys"), ""),
    ("/posts/keep-your-addresses", 200, HTML, "Keep your addresses"),
    ("/posts/name-the-bytes", 200, HTML, "cache them forever"),
    ("/archive", 200, HTML, "Every article"),
    ("/archive/", 308, ("location", "/archive"), ""),
    ("/nowhere", 404, HTML, "This one flew past us"),
    ("/posts/nowhere", 404, HTML, "This one flew past us"),
    // Every kind of rule.
    ("/atomic.html", 301, ("location", "/posts/atomic-deploys"), ""),
    ("/colophon?from=mail", 301, ("location", "/about?from=mail"), ""),
    ("/articles/name-the-bytes", 301, ("location", "/posts/name-the-bytes"), ""),
    ("/blog/2019/03/keep-your-addresses", 301, ("location", "/posts/keep-your-addresses"), ""),
    ("/latest", 302, ("location", "/posts/atomic-deploys"), ""),
    ("/rss", 200, NONE, "<feed"),
    ("/drafts/idea", 404, HTML, "This one flew past us"),
    ("/guestbook", 410, HTML, "This one flew past us"),
    // Kept to itself.
    ("/_redirects", 404, NONE, ""),
    ("/_headers", 404, NONE, ""),
    ("/manifest.json", 404, NONE, ""),
    ("/.well-known/security.txt", 200, ("content-type", "text/plain; charset=utf-8"), "Contact"),
    // Caching.
    ("/assets/site-9c41e7f2.css", 200, YEAR, ""),
    ("/assets/search-1b7de04a.js", 200, YEAR, ""),
    ("/favicon.svg", 200, MINUTES, ""),
    ("/robots.txt", 200, ("content-type", "text/plain; charset=utf-8"), "Sitemap"),
    ("/feed.xml", 200, ("cache-control", "public, max-age=900"), "<feed"),
    ("/search.json", 200, ("content-type", "application/json; charset=utf-8"), ""),
];

const SPA: &[Row] = &[
    ("/", 200, HTML, "<!doctype html>"),
    ("/notes/welcome", 200, ("cache-control", "no-cache"), "<!doctype html>"),
    ("/no/such/route", 200, HTML, "<!doctype html>"),
    ("/missing.png", 404, HTML, ""),
    ("/assets/missing.js", 404, HTML, ""),
    ("/assets/router.js", 200, ("content-type", "text/javascript; charset=utf-8"), "export"),
    ("/assets/router.js", 200, ("cache-control", "no-cache"), ""),
];

async fn deployed(app: &str) -> (TestNode, String) {
    let node = TestNode::start().await;
    let done = node.cli(&["deploy", &format!("examples/{app}")]).await;
    assert_eq!(done.code, 0, "{done:?}");
    let port = node.address().port();
    assert_eq!(done.last_line(), format!("http://{app}.localhost:{port}"), "the URL comes last");
    assert!(!done.stderr.contains("warning"), "{}", done.stderr);
    (node, format!("{app}.localhost"))
}

async fn holds(node: &TestNode, host: &str, rows: &[Row]) {
    for (path, status, (name, value), text) in rows {
        let answer = node.get(host, path).await;
        assert_eq!(answer.status, *status, "{path}: {}", answer.text());
        assert_eq!(answer.header(name), *value, "{name} of {path}");
        assert!(answer.text().contains(text), "{path} lacks `{text}`: {}", answer.text());
    }
}

fn policy(answer: &Answer) -> &str {
    answer.header("content-security-policy")
}

#[tokio::test]
async fn hello_answers_as_its_readme_says() {
    let (node, host) = deployed("hello").await;
    holds(&node, &host, HELLO).await;
    let posted = node.ask(Method::POST, &host, "/", &[]).await;
    assert_eq!((posted.status.as_u16(), posted.header("allow")), (405, "GET, HEAD"));
}

#[tokio::test]
async fn blog_answers_as_its_readme_says() {
    let (node, host) = deployed("blog").await;
    holds(&node, &host, BLOG).await;
    for path in ["/", "/about", "/nowhere", "/guestbook", "/feed.xml"] {
        let answer = node.get(&host, path).await;
        assert!(policy(&answer).starts_with("default-src 'none'; script-src 'self'"), "{path}");
        assert_eq!(answer.headers.get_all("content-security-policy").iter().count(), 1, "{path}");
    }
    let part = node.ask(Method::GET, &host, "/about", &[("range", "bytes=0-14")]).await;
    assert_eq!((part.status.as_u16(), part.text()), (206, "<!doctype html>"));
    let known = node.ask(Method::GET, &host, "/about", &[("if-none-match", "*")]).await;
    assert_eq!((known.status.as_u16(), known.body.len()), (304, 0));
}

#[tokio::test]
async fn spa_answers_as_its_readme_says() {
    let (node, host) = deployed("spa").await;
    holds(&node, &host, SPA).await;
    let (root, route) = (node.get(&host, "/").await, node.get(&host, "/notes/welcome").await);
    assert_eq!(root.header("etag"), route.header("etag"));
    assert_eq!(root.body, route.body);
    assert!(!policy(&root).contains("unsafe-inline") && !policy(&root).is_empty());
}

/// Every address that a page of an example links to.
fn links(page: &str) -> Vec<String> {
    let attributes = ["href=\"", "src=\""];
    let after = attributes.iter().flat_map(|attribute| page.split(*attribute).skip(1));
    let values = after.filter_map(|rest| rest.split('"').next());
    let own = values.filter(|link| link.starts_with('/') && !link.starts_with("//"));
    own.map(|link| link.split('#').next().unwrap_or(link).to_owned()).collect()
}

#[tokio::test]
async fn every_link_of_every_page_of_the_examples_leads_where_it_says() {
    let still = ["hello", "blog", "spa"];
    for app in still.into_iter().chain(["api-hello", "guestbook", "todo", "uploads", "notes-ts"]) {
        let (node, host) = deployed(app).await;
        let mut seen = std::collections::BTreeSet::new();
        let mut left = vec!["/".to_owned()];
        while let Some(path) = left.pop() {
            if !seen.insert(path.clone()) {
                continue;
            }
            let answer = node.get(&host, &path).await;
            // The page about the site shows what a missing page looks like.
            let status = if path == "/posts/atomic" { 404 } else { 200 };
            assert_eq!(answer.status, status, "{app}: {path}");
            if answer.header("content-type").starts_with("text/html") {
                left.extend(links(answer.text()));
            }
        }
        assert!(seen.len() >= 3, "{app}: {seen:?}");
    }
}
