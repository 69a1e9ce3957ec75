//! Programs that register, and programs that are named by a document.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use fazt::egress::{Outside, Resolver};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Browser, CALLBACK, Program, Tokens, error, register};
use crate::harness::{Answer, TestNode};

#[tokio::test]
async fn a_registration_says_what_it_made_and_refuses_what_it_cannot_keep() {
    let node = TestNode::start().await;
    let made = register(
        &node,
        &json!({
            "redirect_uris": [CALLBACK], "client_name": "  Inspector\n ", "logo_uri": "x",
            "token_endpoint_auth_method": "client_secret_basic",
        }),
    )
    .await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (201, "no-store"));
    let told = made.json();
    assert_eq!(told["client_name"], "Inspector");
    assert_eq!(told["token_endpoint_auth_method"], "none", "there are no secrets here");
    assert!(told.get("client_secret").is_none());
    assert_eq!(told["redirect_uris"], json!([CALLBACK]));
    for (body, word) in [
        (json!({}), "invalid_redirect_uri"),
        (json!({ "redirect_uris": [] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["http://evil.example/"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["javascript:alert(1)"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": [CALLBACK, "x"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": vec![CALLBACK; 11] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": CALLBACK }), "invalid_client_metadata"),
        (
            json!({ "redirect_uris": [CALLBACK], "grant_types": ["client_credentials"] }),
            "invalid_client_metadata",
        ),
        (
            json!({ "redirect_uris": [CALLBACK], "response_types": ["token"] }),
            "invalid_client_metadata",
        ),
        (
            json!({ "redirect_uris": [CALLBACK], "client_name": "x".repeat(40_000) }),
            "invalid_client_metadata",
        ),
    ] {
        assert_eq!(error(&register(&node, &body).await), word, "{body}");
    }
    // What a page of another origin could send without asking.
    let form = node.request(Method::POST, "/oauth/register").header("content-type", "text/plain");
    let form = form.body(json!({ "redirect_uris": [CALLBACK] }).to_string());
    assert_eq!(error(&Answer::of(form).await), "invalid_client_metadata");
}

#[tokio::test]
async fn one_address_registers_only_so_many_in_a_minute() {
    let node = TestNode::start().await;
    let body = json!({ "redirect_uris": [CALLBACK] });
    for n in 0..20 {
        assert_eq!(register(&node, &body).await.status, 201, "{n}");
    }
    let stopped = register(&node, &body).await;
    assert_eq!((stopped.status.as_u16(), stopped.header("retry-after")), (429, "4"));
    assert_eq!(error(&stopped), "temporarily_unavailable");
    node.clock.pass(SignedDuration::from_secs(4));
    assert_eq!(register(&node, &body).await.status, 201);
}

/// A web server that holds one document.
struct Web {
    port: u16,
    asked: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Web {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Web {
    async fn with(document: impl FnOnce(u16) -> (StatusCode, String)) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let asked = Arc::new(AtomicUsize::new(0));
        let answer = Arc::new(document(port));
        let counted = asked.clone();
        let routes = Router::new()
            .route(
                "/client.json",
                get(async |State((asked, answer)): State<(Arc<AtomicUsize>, Arc<_>)>| {
                    asked.fetch_add(1, Ordering::SeqCst);
                    let (status, body): &(StatusCode, String) = &answer;
                    (*status, [("location", "/elsewhere")], body.clone())
                }),
            )
            .with_state((counted, answer));
        let task = tokio::spawn(async move {
            axum::serve(listener, routes).await.expect("it serves");
        });
        Self { port, asked, task }
    }

    fn id(&self) -> String {
        id_at(self.port)
    }
}

fn id_at(port: u16) -> String {
    format!("http://client.example:{port}/client.json")
}

/// Every name leads to this machine.
struct Here;

#[async_trait::async_trait]
impl Resolver for Here {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        match host {
            "client.example" => Ok(vec![Ipv4Addr::LOCALHOST.into()]),
            _ => Err(io::Error::other("no such name")),
        }
    }
}

fn document(id: &str, redirect: &str) -> Value {
    json!({
        "client_id": id, "client_name": "Claude Code", "redirect_uris": [redirect],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
    })
}

#[tokio::test]
async fn a_program_is_known_by_the_document_at_its_address() {
    let node = TestNode::start_reaching(Outside::of_this_machine(Arc::new(Here))).await;
    let web = Web::with(|port| {
        let text = document(&id_at(port), CALLBACK).to_string();
        (StatusCode::OK, text)
    })
    .await;
    let program = Program { id: web.id() };
    let query = program.query(&[]);
    // A stranger makes the node fetch nothing.
    Answer::of(node.request(Method::GET, &format!("/oauth/authorize?{query}"))).await;
    assert_eq!(web.asked.load(Ordering::SeqCst), 0);
    let browser = Browser::signed_in(&node).await;
    let page = browser.get(&node, &format!("/oauth/authorize?{query}")).await;
    assert!(page.text().contains("as <code>client.example</code> calls it"), "{}", page.text());
    let code = browser.allow(&node, &query, &["apps:read"]).await;
    // It was fetched once for all of this, and is not needed for the tokens.
    assert_eq!(web.asked.load(Ordering::SeqCst), 1);
    drop(web);
    let tokens = Tokens::of(&program.redeem(&node, &code, &[]).await);
    Tokens::of(&program.renew(&node, &tokens.refresh, &[]).await);
    let listed = node.call(Method::GET, "/api/grants", None).await.data();
    assert_eq!(listed["grants"][0]["client"], program.id);
}

#[tokio::test]
async fn a_document_that_is_not_what_it_should_be_is_told_to_the_owner() {
    let node = TestNode::start_reaching(Outside::of_this_machine(Arc::new(Here))).await;
    let browser = Browser::signed_in(&node).await;
    let long = "x".repeat(70_000);
    for (status, text, why) in [
        (StatusCode::OK, "{".to_owned(), "cannot be read"),
        (StatusCode::OK, document("https://x.example/y", CALLBACK).to_string(), "client_id"),
        (StatusCode::OK, format!("\"{long}\""), "longer than"),
        (StatusCode::NOT_FOUND, String::new(), "404"),
        (StatusCode::FOUND, String::new(), "302"),
    ] {
        let web = Web::with(|_| (status, text)).await;
        let query = Program { id: web.id() }.query(&[]);
        let page = browser.get(&node, &format!("/oauth/authorize?{query}")).await;
        assert_eq!((page.status.as_u16(), page.header("location")), (400, ""));
        assert!(page.text().contains(why), "{why}: {}", page.text());
    }
    let web = Web::with(|port| {
        let text = document(&id_at(port), "https://a.example/cb").to_string();
        (StatusCode::OK, text)
    })
    .await;
    let query = Program { id: web.id() }.query(&[]);
    let page = browser.get(&node, &format!("/oauth/authorize?{query}")).await;
    assert_eq!(page.status, 400, "its document names another address");
}

#[tokio::test]
async fn a_document_inside_the_network_is_not_fetched() {
    let node = TestNode::start_reaching(Outside::found_by(Arc::new(Here))).await;
    let browser = Browser::signed_in(&node).await;
    let web =
        Web::with(|port| (StatusCode::OK, document(&id_at(port), CALLBACK).to_string())).await;
    for (id, why) in [
        (web.id(), "only HTTPS"),
        (format!("https://client.example:{}/client.json", web.port), "no public address"),
        (format!("https://127.0.0.1:{}/client.json", web.port), "no public address"),
    ] {
        let query = Program { id }.query(&[]);
        let page = browser.get(&node, &format!("/oauth/authorize?{query}")).await;
        assert_eq!(page.status, 400);
        assert!(page.text().contains(why), "{why}: {}", page.text());
    }
    assert_eq!(web.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_node_without_network_lets_in_programs_of_this_machine_and_says_that_it_cannot_tell() {
    let node = TestNode::start_reaching(Outside::found_by(Arc::new(Here))).await;
    let browser = Browser::signed_in(&node).await;
    let program = Program { id: "https://other.example/client.json".to_owned() };
    let query = program.query(&[]);
    let page = browser.get(&node, &format!("/oauth/authorize?{query}")).await;
    assert!(page.text().contains("<b>other.example</b>, and nothing proves it"), "{}", page.text());
    let code = browser.allow(&node, &query, &["apps:read"]).await;
    Tokens::of(&program.redeem(&node, &code, &[]).await);
    for away in ["https://other.example/callback", "cursor://x/callback"] {
        let query = program.query(&[("redirect_uri", away)]);
        let page = browser.get(&node, &format!("/oauth/authorize?{query}")).await;
        assert_eq!((page.status.as_u16(), page.header("location")), (400, ""));
        assert!(page.text().contains("cannot be found"), "{}", page.text());
    }
}
