//! OAuth as programs and owners meet it: over HTTP, with a browser in between.

mod agents;
mod asking;
mod clients;
mod dance;
mod grants;
mod metadata;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use fazt::store::NewGrant;
use fazt_tools::{Caller, Face, Scopes};
use reqwest::{Method, header::SET_COOKIE};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::{Url, form_urlencoded};

use crate::harness::{Answer, TestNode};

pub(super) const PASSWORD: &str = "correct horse battery";
pub(super) const VERIFIER: &str = "a-verifier-of-forty-three-letters-or-more-0123";
pub(super) const CALLBACK: &str = "http://localhost/callback";
pub(super) const EVERYTHING: &str =
    "apps:read apps:write apps:delete data:read data:write server:read server:admin";

pub(super) fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER.as_bytes()))
}

pub(super) fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Sends a form.
pub(super) async fn post(
    node: &TestNode,
    path: &str,
    cookie: &str,
    fields: &[(&str, &str)],
) -> Answer {
    let request = node
        .request(Method::POST, path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", cookie)
        .body(encoded(fields));
    Answer::of(request).await
}

/// The owner's browser.
pub(super) struct Browser {
    pub cookie: String,
}

impl Browser {
    /// One that is signed in, on a node that nobody used before.
    pub async fn signed_in(node: &TestNode) -> Self {
        let link = node.setup_link().split_once("link=").expect("a link").1;
        let body = json!({ "link": link, "password": PASSWORD });
        let done = Answer::of(node.request(Method::POST, "/api/setup").json(&body)).await;
        Self { cookie: cookie(&done) }
    }

    pub async fn get(&self, node: &TestNode, path: &str) -> Answer {
        Answer::of(node.request(Method::GET, path).header("cookie", &self.cookie)).await
    }

    /// Opens what a program wants to be asked, and decides with the page's own fields.
    pub async fn decide(&self, node: &TestNode, query: &str, more: &[(&str, &str)]) -> Answer {
        let page = self.get(node, &format!("/oauth/authorize?{query}")).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let (csrf, request) = (field(&page, "csrf"), field(&page, "request"));
        let mut fields = vec![("csrf", csrf.as_str()), ("request", request.as_str())];
        fields.extend(more);
        post(node, "/oauth/authorize", &self.cookie, &fields).await
    }

    /// Allows all that is asked; answers the code.
    pub async fn allow(&self, node: &TestNode, query: &str, scopes: &[&str]) -> String {
        let mut fields = vec![("decision", "allow")];
        fields.extend(scopes.iter().map(|scope| ("allow", *scope)));
        let answer = self.decide(node, query, &fields).await;
        parameter(&answer, "code").expect("a code")
    }
}

pub(super) fn cookie(answer: &Answer) -> String {
    let set = answer.headers.get(SET_COOKIE).and_then(|value| value.to_str().ok());
    set.expect("a cookie").split(';').next().expect("a pair").to_owned()
}

/// The value of a page's hidden field.
pub(super) fn field(page: &Answer, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let rest = page.text().split_once(&start).unwrap_or_else(|| panic!("no {name}")).1;
    rest.split('"').next().expect("a quote").replace("&amp;", "&")
}

/// A parameter of the address that an answer leads to.
pub(super) fn parameter(answer: &Answer, name: &str) -> Option<String> {
    assert_eq!(answer.status, 303, "{}", answer.text());
    let url = Url::parse(answer.header("location")).expect("an address");
    url.query_pairs().find(|(given, _)| given == name).map(|(_, value)| value.into_owned())
}

/// A program that registered and wants in.
pub(super) struct Program {
    pub id: String,
}

impl Program {
    pub async fn registered(node: &TestNode) -> Self {
        let body = json!({
            "client_name": "Claude Code", "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "none", "application_type": "native",
            "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
        });
        let made = register(node, &body).await;
        assert_eq!(made.status, 201, "{}", made.text());
        Self { id: made.json()["client_id"].as_str().expect("an id").to_owned() }
    }

    /// What it sends the browser with; `more` goes before the usual.
    pub fn query(&self, more: &[(&str, &str)]) -> String {
        let challenge = challenge();
        let usual = [
            ("response_type", "code"),
            ("client_id", &self.id),
            ("redirect_uri", "http://localhost:4321/callback"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("state", "a state"),
            ("scope", "apps:read apps:write"),
        ];
        let left = usual.iter().filter(|(name, _)| !more.iter().any(|(other, _)| name == other));
        let all: Vec<_> = more.iter().chain(left).copied().collect();
        encoded(&all)
    }

    /// Comes for tokens with a code; `more` goes before the usual.
    pub async fn redeem(&self, node: &TestNode, code: &str, more: &[(&str, &str)]) -> Answer {
        let usual = [
            ("grant_type", "authorization_code"),
            ("client_id", self.id.as_str()),
            ("code", code),
            ("redirect_uri", "http://localhost:4321/callback"),
            ("code_verifier", VERIFIER),
        ];
        let left = usual.iter().filter(|(name, _)| !more.iter().any(|(other, _)| name == other));
        let all: Vec<_> = more.iter().chain(left).copied().collect();
        post(node, "/oauth/token", "", &all).await
    }

    /// Comes for the next tokens.
    pub async fn renew(&self, node: &TestNode, refresh: &str, more: &[(&str, &str)]) -> Answer {
        let mut fields = vec![
            ("grant_type", "refresh_token"),
            ("client_id", self.id.as_str()),
            ("refresh_token", refresh),
        ];
        fields.extend(more);
        post(node, "/oauth/token", "", &fields).await
    }
}

pub(super) async fn register(node: &TestNode, body: &Value) -> Answer {
    Answer::of(node.request(Method::POST, "/oauth/register").json(body)).await
}

/// Tokens as a program gets them.
pub(super) struct Tokens {
    pub access: String,
    pub refresh: String,
}

impl Tokens {
    pub fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let told = answer.json();
        let text = |name: &str| told[name].as_str().expect(name).to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }
}

/// A node, its owner's browser, and a program with its first tokens.
pub(super) async fn let_in(node: &TestNode) -> (Browser, Program, Tokens) {
    let (browser, program) = (Browser::signed_in(node).await, Program::registered(node).await);
    let code = browser.allow(node, &program.query(&[]), &["apps:read", "apps:write"]).await;
    let tokens = Tokens::of(&program.redeem(node, &code, &[]).await);
    (browser, program, tokens)
}

/// Allows a program everything without a browser; it has not fetched its tokens yet.
pub async fn grant_to(node: &TestNode, name: &str) {
    let grant = NewGrant {
        client: "fazt_client_x".to_owned(),
        client_name: name.to_owned(),
        resource: "http://localhost/mcp".to_owned(),
        scopes: Scopes::all(),
        apps: None,
    };
    let actor = node.node().actor(&Caller::owner(Face::Admin), "oauth_consent", json!({}));
    let access = &node.node().access;
    access.allow(grant, String::new(), String::new(), actor).await.expect("allowed");
}

/// The status by which a token is taken or not.
pub(super) async fn taken(node: &TestNode, token: &str) -> u16 {
    node.call_as(token, Method::GET, "/api/whoami", None).await.status.as_u16()
}

/// The word of a refusal.
pub(super) fn error(answer: &Answer) -> String {
    assert!(!answer.status.is_success(), "{}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()["error"].as_str().expect("a word").to_owned()
}
