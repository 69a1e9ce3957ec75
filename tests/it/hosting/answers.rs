//! Static answers: status, headers, conditions, ranges.

use reqwest::Method;

use crate::harness::{TestNode, until};

#[tokio::test]
async fn a_page_is_served_with_its_type_tag_and_guards() {
    let node = TestNode::start().await;
    node.deploy("hello", &[("index.html", "<h1>Hello</h1>")]).await;
    let page = node.get("hello.localhost", "/").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.text(), "<h1>Hello</h1>");
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("cache-control"), "no-cache");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let again = [("if-none-match", page.header("etag"))];
    let again = node.ask(Method::GET, "hello.localhost", "/", &again).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
}

#[tokio::test]
async fn a_compressible_file_gets_variants_soon_after_the_deploy() {
    let node = TestNode::start().await;
    let page = "<p>the same words again and again</p>".repeat(50);
    node.deploy("hello", &[("index.html", &page)]).await;
    let accept = [("accept-encoding", "gzip, deflate, br, zstd")];
    until("a brotli variant is served", async || {
        let page = node.ask(Method::GET, "hello.localhost", "/", &accept).await;
        page.header("content-encoding") == "br"
    })
    .await;
}
