//! A private node in one line, and what users do with it.
//!
//! [`TestNode::start`] gives a folder, a free port and a clock that moves by
//! hand. Requests go over a real socket; commands run the real program.

use std::{collections::HashMap, path::Path, process::Stdio, sync::Arc};

use fazt::{
    auth,
    clock::HandClock,
    node::{Node, Open},
    server::{self, Running},
};
use fazt_tools::deploy;
use reqwest::{
    Method, StatusCode,
    header::{HOST, HeaderMap},
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// When every test begins.
pub const BEGINNING: &str = "2026-11-20T07:00:00Z";

/// A node of the test's own.
pub struct TestNode {
    /// Its folder, which goes when it goes.
    pub folder: TempDir,
    /// Its clock.
    pub clock: Arc<HandClock>,
    running: Option<Running>,
    client: reqwest::Client,
}

/// An answer over HTTP.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// What a command left behind.
#[must_use]
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl TestNode {
    /// Starts a node that nobody has used.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a node with settings, by key.
    pub async fn start_with(settings: &[(&'static str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::start_in(folder, settings).await
    }

    /// Starts a node on a folder that another left.
    pub async fn start_in(folder: TempDir, settings: &[(&'static str, &str)]) -> Self {
        let clock = HandClock::at(BEGINNING.parse().expect("a moment"));
        let mut flags: HashMap<_, _> =
            settings.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        flags.entry("port").or_insert_with(|| "0".to_owned());
        let open = Open {
            db: folder.path().join("data.db"),
            wait: std::time::Duration::from_secs(5),
            flags,
            environment: HashMap::new(),
        };
        let node = Node::open_with(open, clock.clone()).await.expect("the node opens");
        let running = server::serve(node).await.expect("the node serves");
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Self { folder, clock, running: Some(running), client }
    }

    /// The node itself, for what cannot be seen from outside.
    pub fn node(&self) -> &Arc<Node> {
        self.running().node()
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("it runs until it is stopped")
    }

    /// The one-time link printed at the start.
    pub fn setup_link(&self) -> &str {
        self.running().setup_link.as_deref().expect("no owner is set")
    }

    /// Where it listens.
    pub fn address(&self) -> std::net::SocketAddr {
        self.running().address
    }

    /// Stops it and answers its folder.
    pub async fn stop(mut self) -> TempDir {
        let running = self.running.take().expect("it runs until it is stopped");
        running.stop().await;
        self.folder
    }

    /// A visitor's GET.
    pub async fn get(&self, host: &str, path: &str) -> Answer {
        self.ask(Method::GET, host, path, &[]).await
    }

    /// A visitor's request with headers.
    pub async fn ask(
        &self,
        method: Method,
        host: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self
            .client
            .request(method, format!("http://{}{path}", self.address()))
            .header(HOST, host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request).await
    }

    /// The token of this machine's commands, which may do everything.
    pub fn owner_token(&self) -> String {
        auth::local_token(&self.folder.path().join("data.db")).expect("the key file is there")
    }

    /// A call of the API with a token.
    pub async fn call_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let mut request = self
            .client
            .request(method, format!("http://{}{path}", self.address()))
            .bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::of(request).await
    }

    /// A call of the API by the owner.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.call_as(&self.owner_token(), method, path, body).await
    }

    /// A request builder for what the others do not cover.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address()))
    }

    /// Deploys files given as text.
    pub async fn deploy(&self, app: &str, files: &[(&str, &str)]) -> deploy::Output {
        let files: Vec<Value> = files
            .iter()
            .map(|(path, content)| json!({ "path": path, "content": content }))
            .collect();
        let answer = self
            .call(Method::POST, "/api/deploy", Some(json!({ "app": app, "files": files })))
            .await;
        serde_json::from_value(answer.data()).expect("a deploy's output")
    }

    /// Runs a command of the real program on this node's database.
    pub async fn cli(&self, arguments: &[&str]) -> Done {
        cli(self.folder.path(), arguments).await
    }
}

/// Runs a command of the real program with its database in `folder`.
pub async fn cli(folder: &Path, arguments: &[&str]) -> Done {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_fazt"));
    let output = command
        .args(arguments)
        .env_clear()
        .env("FAZT_DB", folder.join("data.db"))
        .env("HOME", folder)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .expect("the program runs");
    Done {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Answer {
    async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.expect("the node answers");
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.expect("a whole body").to_vec();
        Self { status, headers, body }
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body of text")
    }

    /// A header's value, empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {}: {}", self.status, self.text()))
    }

    /// What a successful API answer holds.
    pub fn data(&self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, self.text());
        self.json()["data"].clone()
    }

    /// The code of a refusal.
    pub fn code(&self) -> String {
        assert!(!self.status.is_success(), "{}: {}", self.status, self.text());
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Done {
    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The last line of standard output.
    pub fn last_line(&self) -> &str {
        self.stdout.lines().last().unwrap_or_default()
    }
}

/// Waits until `holds` does, for at most ten seconds.
pub async fn until<F, Fut>(what: &str, mut holds: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let waited = tokio::time::timeout(std::time::Duration::from_secs(10), async {
        let mut beat = tokio::time::interval(std::time::Duration::from_millis(5));
        while !holds().await {
            beat.tick().await;
        }
    });
    assert!(waited.await.is_ok(), "waited in vain until {what}");
}
