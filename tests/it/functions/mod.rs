//! Functions of deployed apps, called as visitors call them.

use fazt::{
    ops::functions::{Asked, Functioned},
    runtime::frames::User,
};
use fazt_tools::Problem;
use reqwest::{Method, header::HOST};
use serde_json::{Value, json};

use crate::harness::{Answer, TestNode};

mod auth;
mod data;
mod dev;
mod env;
mod explain;
mod log;
mod logs;
mod run;
mod tx;

/// Runs what it is sent, and answers the value or what was thrown.
const RUN: &str = "
    const AsyncFunction = (async () => {}).constructor;
    export async function POST(req) {
        try {
            const ok = await new AsyncFunction('req', req.body)(req);
            return json({ ok });
        } catch (e) {
            if (req.query.raw) throw e;
            const { name, message, code, retryable } = e;
            return json({ error: message ?? String(e), name, code, retryable });
        }
    }
    function json(value) {
        return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
    }
";

/// A node with an app that runs what it is sent.
async fn runner() -> TestNode {
    runner_with(&[]).await
}

/// The same with more files.
async fn runner_with(files: &[(&str, &str)]) -> TestNode {
    let node = TestNode::start().await;
    deploy(&node, files).await;
    node
}

async fn deploy(node: &TestNode, files: &[(&str, &str)]) {
    let mut all = vec![("index.html", "hello"), ("api/run.js", RUN)];
    all.extend_from_slice(files);
    node.deploy("hello", &all).await;
}

/// Sends a script; the whole answer.
async fn send(node: &TestNode, path: &str, code: &str) -> Answer {
    let request = node.request(Method::POST, path).header(HOST, "hello.localhost");
    Answer::of(request.header("content-type", "text/plain").body(code.to_owned())).await
}

/// What a script returns.
async fn js(node: &TestNode, code: &str) -> Value {
    let answer = send(node, "/api/run", code).await.json();
    assert!(answer["error"].is_null(), "{code}: {answer}");
    answer["ok"].clone()
}

/// What a script throws: its code and its message.
async fn thrown(node: &TestNode, code: &str) -> (String, String) {
    let answer = send(node, "/api/run", code).await.json();
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    assert!(answer["error"].is_string(), "{code}: {answer}");
    (text("code"), text("error"))
}

fn user(id: &str, roles: &[&str]) -> User {
    User {
        id: id.to_owned(),
        name: id.to_uppercase(),
        email: Some(format!("{id}@example.com")),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
    }
}

/// Runs a script with somebody signed in, or as a rehearsal; status, headers and body.
async fn run_as(
    node: &TestNode,
    user: Option<User>,
    dry_run: bool,
    accept: &str,
    code: &str,
) -> Result<(u16, Vec<(String, String)>, Value), Problem> {
    let node = node.node();
    let slot = node.sites.app("hello").expect("the app");
    let site = node.sites.live(&slot).await.expect("read").expect("a version is live");
    let asked = Asked {
        id: "req_test".to_owned(),
        method: "POST",
        url: "http://hello.localhost/api/run".to_owned(),
        path: "/api/run",
        query: None,
        headers: vec![
            ("content-type".to_owned(), "text/plain".to_owned()),
            ("accept".to_owned(), accept.to_owned()),
        ],
        ip: String::new(),
        user,
        dry_run,
        body: code.to_owned().into_bytes().into(),
    };
    match node.answer_function(&slot, &site, asked).await? {
        Functioned::Answered(answer) => {
            let body = serde_json::from_slice(&answer.body).unwrap_or(json!(null));
            Ok((answer.status, answer.headers, body))
        }
        _ => panic!("a whole answer"),
    }
}
