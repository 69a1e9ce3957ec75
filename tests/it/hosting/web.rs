//! What functions see and give over real sockets, in workers that gave up all else.

use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::json;

use crate::harness::{Answer, TestNode};

const HOST: &str = "shop.localhost";

async fn node() -> TestNode {
    let node = TestNode::start().await;
    let files = [
        ("index.html", "x"),
        (
            "api/form/[id].js",
            "export async function POST(req) {
               const [file] = req.files;
               const again = await req.formData();
               return { id: req.params.id, q: req.query.q, body: req.body, name: file.filename,
                        size: file.data.length, same: again.get('f').size === file.size,
                        all: new URL(req.url).searchParams.getAll('q'), host: req.headers.host };
             }",
        ),
        (
            "api/worker.js",
            "export default { async fetch(request) {
               const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true,
                 ['encrypt', 'decrypt']);
               const iv = crypto.getRandomValues(new Uint8Array(12));
               const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key,
                 await request.arrayBuffer());
               const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, sealed);
               return new Response(plain, { status: 201, headers: [['set-cookie', 'a=1'],
                 ['set-cookie', 'b=2'], ['x-name', 'Zo\\u00eb']] });
             } }",
        ),
        (
            "api/stream.js",
            "export async function* GET() {
               for (const n of [1, 2, 3]) {
                 await new Promise((done) => setTimeout(done, 3));
                 yield `<p>${n}</p>`;
               }
             }",
        ),
    ];
    node.deploy("shop", &files).await;
    node
}

fn asked(node: &TestNode, method: Method, path: &str) -> reqwest::RequestBuilder {
    node.request(method, path).header("host", HOST)
}

#[tokio::test]
async fn a_form_with_a_file_arrives_in_parts() {
    let node = node().await;
    let file = Part::bytes(vec![0; 5000]).file_name("photo.bin");
    let form = Form::new().text("a", "1").text("a", "2").part("f", file);
    let request = asked(&node, Method::POST, "/api/form/42?q=x&q=%FFy").multipart(form);
    let answer = Answer::of(request).await;
    let wanted = json!({
        "id": "42", "q": "\u{FFFD}y", "body": { "a": "2" }, "name": "photo.bin", "size": 5000,
        "same": true, "all": ["x", "\u{FFFD}y"], "host": HOST,
    });
    assert_eq!(answer.json(), wanted);
    let refused = Answer::of(asked(&node, Method::GET, "/api/form/42")).await;
    assert_eq!((refused.status.as_u16(), refused.header("allow")), (405, "OPTIONS, POST"));
    assert_eq!(refused.code(), "METHOD_NOT_ALLOWED");
}

#[tokio::test]
async fn the_form_of_workers_answers_with_a_response() {
    let node = node().await;
    let answer = Answer::of(asked(&node, Method::POST, "/api/worker").body("secret")).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (201, "secret"));
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
    assert_eq!(answer.headers["x-name"].as_bytes(), "Zoë".as_bytes());
}

#[tokio::test]
async fn a_stream_arrives_whole() {
    let node = node().await;
    let answer = Answer::of(asked(&node, Method::GET, "/api/stream")).await;
    assert_eq!(answer.text(), "<p>1</p><p>2</p><p>3</p>");
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    let head = Answer::of(asked(&node, Method::HEAD, "/api/stream")).await;
    assert_eq!((head.status.as_u16(), head.text()), (200, ""));
}
