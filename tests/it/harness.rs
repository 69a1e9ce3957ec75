//! A private node in one line, and what users do with it.
//!
//! [`TestNode::start`] gives a folder, a free port and a clock that moves by
//! hand. Requests go over a real socket; commands run the real program.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use fazt::{
    auth,
    clock::HandClock,
    egress::Outside,
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
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    process::{Child, Command},
};

/// When every test begins.
pub const BEGINNING: &str = "2026-11-20T07:00:00Z";

/// A node of the test's own.
pub struct TestNode {
    /// Its folder, which goes when it goes.
    pub folder: TempDir,
    /// Its clock.
    pub clock: Arc<HandClock>,
    running: Option<Running>,
    /// A client that follows no redirect.
    pub client: reqwest::Client,
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

    /// Starts a node with an outside of the test's own.
    pub async fn start_reaching(outside: Outside) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::begin(folder, &[], outside).await
    }

    /// The same with settings, by key.
    pub async fn start_reaching_with(outside: Outside, settings: &[(&'static str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::begin(folder, settings, outside).await
    }

    /// Starts a node on a folder that another left.
    pub async fn start_in(folder: TempDir, settings: &[(&'static str, &str)]) -> Self {
        Self::begin(folder, settings, Outside::public()).await
    }

    async fn begin(folder: TempDir, settings: &[(&'static str, &str)], outside: Outside) -> Self {
        let clock = HandClock::at(BEGINNING.parse().expect("a moment"));
        let mut flags: HashMap<_, _> =
            settings.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        flags.entry("port").or_insert_with(|| "0".to_owned());
        let open = Open {
            db: folder.path().join("data.db"),
            wait: Duration::from_secs(5),
            flags,
            environment: HashMap::new(),
            warnings: Vec::new(),
            program: Some(env!("CARGO_BIN_EXE_fazt").into()),
        };
        let node = Node::open_in(open, clock.clone(), outside).await.expect("the node opens");
        let running = server::serve(node).await.expect("the node serves");
        Self { folder, clock, running: Some(running), client: client() }
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
    pub fn address(&self) -> SocketAddr {
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

    /// Sends bytes that no client library would, and reads the answer's head.
    pub async fn raw(&self, request: &[u8]) -> Raw {
        let mut socket = TcpStream::connect(self.address()).await.expect("a connection");
        socket.write_all(request).await.expect("the node takes the bytes");
        Raw::read(&mut socket).await
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
    let output = program(folder).args(arguments).output().await.expect("the program runs");
    Done {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The real program with its database in `folder`, and nothing of this
/// process's environment.
pub fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fazt"));
    command
        .env_clear()
        .env("FAZT_DB", folder.join("data.db"))
        .env("HOME", folder)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// A client that follows no redirect and decodes nothing.
pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30));
    client.redirect(reqwest::redirect::Policy::none()).build().expect("a client")
}

/// A node that is a process of its own, to be killed.
pub struct Process {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    client: reqwest::Client,
}

impl Process {
    /// Starts the real program's node on the database in `folder`.
    pub async fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[]).await
    }

    /// The same with variables of the environment.
    pub async fn start_with(folder: &Path, environment: &[(&str, &str)]) -> Self {
        let lock = folder.join("data.db.lock");
        // What a killed node announced would be taken for this one's address.
        std::fs::write(&lock, "").expect("the lock file can be written");
        let mut command = program(folder);
        command.args(["server", "start", "--port", "0"]).stderr(Stdio::null());
        command.envs(environment.iter().copied());
        let child = command.stdout(Stdio::null()).spawn().expect("the program starts");
        let mut address = None;
        until("the node says where it listens", async || {
            let text = std::fs::read_to_string(&lock).unwrap_or_default();
            address = text.strip_prefix("http://").and_then(|text| text.parse().ok());
            address.is_some()
        })
        .await;
        Self { child, address: address.expect("an address"), client: client() }
    }

    /// A visitor's GET.
    pub async fn get(&self, host: &str, path: &str) -> Answer {
        let request = self.client.get(format!("http://{}{path}", self.address));
        Answer::of(request.header(HOST, host)).await
    }

    /// Its number in the system.
    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Kills it as a power cut would.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// Asks it to stop, as a supervisor does.
    pub async fn terminate(&self) {
        let id = self.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(sent.expect("`kill` runs").success());
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> ExitStatus {
        let ended = tokio::time::timeout(Duration::from_secs(15), self.child.wait());
        ended.await.expect("it ends in time").expect("it can be waited for")
    }
}

/// The head of an answer, read from a bare socket.
#[derive(Debug)]
pub struct Raw {
    /// 0 when the node closed without an answer.
    pub status: u16,
    pub head: String,
}

impl Raw {
    /// Reads the next answer's head; its body is left in the socket.
    pub async fn read(socket: &mut TcpStream) -> Self {
        let mut head = Vec::new();
        let reading = async {
            while !head.ends_with(b"\r\n\r\n") {
                match socket.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
        };
        let read = tokio::time::timeout(Duration::from_secs(10), reading).await;
        assert!(read.is_ok(), "no answer to raw bytes");
        let head = String::from_utf8_lossy(&head).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Self { status, head }
    }

    /// A header's value, empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(given, _)| given.eq_ignore_ascii_case(name));
        found.next().map_or("", |(_, value)| value)
    }
}

impl Answer {
    /// Sends a request and reads the whole answer.
    pub async fn of(request: reqwest::RequestBuilder) -> Self {
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
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(10), async {
        let mut beat = tokio::time::interval(Duration::from_millis(5));
        while !holds().await {
            beat.tick().await;
        }
    });
    assert!(waited.await.is_ok(), "waited in vain until {what}");
}
