//! The program as a shell sees it: exit codes, streams, help, settings.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use reqwest::Method;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
};

use crate::harness::{Done, TestNode, cli, client, program, until};

/// Where a command runs: its database's folder, its environment, its input.
pub struct At {
    folder: PathBuf,
    environment: Vec<(&'static str, String)>,
    input: Option<String>,
}

impl At {
    /// A database in `folder`, which is also the home.
    pub fn folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), environment: Vec::new(), input: None }
    }

    /// An environment variable besides.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    /// A line on standard input.
    pub fn saying(mut self, line: &str) -> Self {
        self.input = Some(format!("{line}\n"));
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fazt"));
        command
            .args(arguments)
            .env_clear()
            .env("FAZT_DB", self.folder.join("data.db"))
            .env("HOME", &self.folder)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}

/// Runs a command of the real program.
pub async fn fazt(at: At, arguments: &[&str]) -> Done {
    let mut child = at.command(arguments).spawn().expect("the program runs");
    if let (Some(input), Some(mut stdin)) = (&at.input, child.stdin.take()) {
        // A command that asks for nothing may be gone already.
        let _ = stdin.write_all(input.as_bytes()).await;
    }
    let output = child.wait_with_output().await.expect("it ends");
    Done {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A node in a process of its own, as `fazt server start` makes it.
struct Server {
    child: Child,
    said: Value,
}

impl Server {
    async fn start(at: &At, arguments: &[&str]) -> Self {
        let arguments = [&["--json", "server", "start", "--port", "0"], arguments].concat();
        let mut child = at.command(&arguments).spawn().expect("the program runs");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        out.read_line(&mut line).await.expect("a line");
        let said = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self { child, said }
    }

    /// Asks it to end; answers the exit code and what it logged.
    async fn stop(mut self) -> (i32, String) {
        let pid = self.child.id().expect("it runs").to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().await;
        assert!(asked.expect("kill runs").success());
        let mut log = String::new();
        let mut err = self.child.stderr.take().expect("a pipe");
        err.read_to_string(&mut log).await.expect("text");
        (self.child.wait().await.expect("it ends").code().unwrap_or(-1), log)
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[tokio::test]
async fn exit_codes_tell_done_refused_misused_and_unreachable() {
    let folder = folder();
    for (arguments, code) in [
        (&["apps"][..], 0),
        (&["--help"], 0),
        (&["--version"], 0),
        (&["app", "nobody"], 1),
        (&["fetch-test", "http://nowhere.localhost/"], 1),
        (&["frob"], 2),
        (&["app"], 2),
        (&["app", "Not A Name"], 2),
        (&["apps", "--limit", "0"], 2),
        (&["apps", "--limit", "many"], 2),
        (&["@a", "@b", "apps"], 2),
        (&["server", "config", "get", "prot"], 2),
        (&["deploy", "examples/hello", "--to", "http://127.0.0.1:1", "--token", "t"], 3),
    ] {
        let done = fazt(At::folder(folder.path()), arguments).await;
        assert_eq!(done.code, code, "{arguments:?}: {done:?}");
        if code > 0 {
            assert_eq!(done.stdout, "", "{arguments:?} is not data: {done:?}");
            assert!(!done.stderr.is_empty(), "{arguments:?} says nothing");
        }
    }
}

#[tokio::test]
async fn a_deploy_says_much_and_prints_the_address_alone() {
    let folder = folder();
    let run = async |more: &[&str]| {
        let command = [more, &["deploy", "examples/hello"]].concat();
        fazt(At::folder(folder.path()), &command).await
    };
    let done = run(&[]).await;
    assert_eq!((done.code, done.stdout.as_str()), (0, "http://hello.localhost:8080\n"), "{done:?}");
    assert!(done.stderr.contains("hello is live at version 1"), "{done:?}");
    assert!(!done.stderr.contains('\u{1b}'), "no colour where nobody sees it: {done:?}");
    let quiet = run(&["-q"]).await;
    assert_eq!((quiet.stdout, quiet.stderr.as_str()), (done.stdout, ""));
    let json = run(&["--json"]).await;
    assert_eq!(json.stderr, "");
    assert_eq!(json.json()["unchanged"], true);
    assert_eq!(json.stdout.lines().count(), 1);
}

#[tokio::test]
async fn a_refusal_in_json_is_json_on_standard_error() {
    let folder = folder();
    for (arguments, code) in [
        (&["--json", "app", "nobody"][..], "APP_NOT_FOUND"),
        (&["--json", "frob"], "BAD_REQUEST"),
        (&["--json", "@nobody", "apps"], "PEER_NOT_FOUND"),
    ] {
        let done = fazt(At::folder(folder.path()), arguments).await;
        assert_eq!(done.stdout, "");
        let error: Value = serde_json::from_str(&done.stderr).expect(&done.stderr);
        assert_eq!(error["error"]["code"], code, "{done:?}");
    }
    let done = fazt(At::folder(folder.path()), &["app", "nobody"]).await;
    assert!(done.stderr.starts_with("error: there is no app `nobody`\n"), "{done:?}");
}

#[tokio::test]
async fn without_a_node_a_command_does_its_work_and_a_node_then_shows_it() {
    let folder = folder();
    let here = || At::folder(folder.path());
    assert_eq!(fazt(here(), &["deploy", "examples/hello"]).await.code, 0);
    let alone = fazt(here(), &["--json", "status"]).await.json();
    assert_eq!((&alone["serving"], &alone["apps"]), (&false.into(), &1.into()));
    let before = fazt(here(), &["--json", "app", "hello"]).await.json();
    let changes = fazt(here(), &["--json", "changes"]).await.json();
    let node = TestNode::start_in(folder, &[]).await;
    assert_eq!(node.get("hello.localhost", "/").await.status, 200);
    let after = node.cli(&["--json", "app", "hello"]).await.json();
    for same in ["id", "live", "created_at", "updated_at", "stored_bytes"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    assert_eq!(node.call(Method::GET, "/api/changes", None).await.data(), changes);
    assert_eq!(node.cli(&["--json", "status"]).await.json()["serving"], true);
    assert_eq!(node.cli(&["--json", "server", "status"]).await.json()["serving"], true);
    // And a change by a command is served at once.
    assert_eq!(node.cli(&["delete", "hello", "-y"]).await.code, 0);
    assert_eq!(node.get("hello.localhost", "/").await.status, 404);
    let undo = node.cli(&["--json", "undo", "2"]).await.json();
    assert_eq!(undo["undone"], 2);
    assert_eq!(node.get("hello.localhost", "/").await.status, 200);
    let told = node.call(Method::GET, "/api/changes?limit=1", None).await.data();
    assert_eq!(
        (&told["changes"][0]["face"], &told["changes"][0]["caller"]),
        (&"cli".into(), &"owner".into())
    );
}

#[tokio::test]
async fn what_removes_something_asks_first_and_takes_yes_for_an_answer() {
    let folder = folder();
    let here = || At::folder(folder.path());
    fazt(here(), &["deploy", "examples/hello"]).await.stdout.clear();
    assert_eq!(fazt(here(), &["alias", "set", "hi", "--app", "hello"]).await.code, 0);
    assert_eq!(fazt(here(), &["token", "create", "ci"]).await.code, 0);
    for command in
        [&["delete", "hello"][..], &["alias", "remove", "hi"], &["token", "revoke", "ci"]]
    {
        // A script's standard input is nobody's yes.
        for at in [here(), here().saying("y")] {
            let refused = fazt(at, command).await;
            assert_eq!(refused.code, 2, "{refused:?}");
            assert!(refused.stderr.contains("`-y`"), "{refused:?}");
        }
    }
    assert_eq!(fazt(here(), &["--json", "changes"]).await.json()["total"], 3);
    for command in [&["delete", "hello", "-y"][..], &["-y", "token", "revoke", "ci"]] {
        assert_eq!(fazt(here(), command).await.code, 0, "{command:?}");
    }
}

/// Every command that can be run, as words.
fn commands() -> Vec<Vec<String>> {
    fn walk(command: &clap::Command, above: &[String], found: &mut Vec<Vec<String>>) {
        for below in command.get_subcommands() {
            let mut words = above.to_vec();
            words.push(below.get_name().to_owned());
            walk(below, &words, found);
            found.push(words);
        }
    }
    let mut found = vec![Vec::new()];
    walk(&fazt::faces::cli::commands(), &[], &mut found);
    found
}

#[tokio::test]
async fn every_command_helps_and_makes_no_database() {
    let folder = folder();
    let commands = commands();
    assert!(commands.len() > 30, "{commands:?}");
    for words in commands {
        let mut arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        arguments.push("--help");
        let done = fazt(At::folder(folder.path()), &arguments).await;
        assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{words:?}: {done:?}");
        assert!(done.stdout.contains("Usage:"), "{words:?}: {done:?}");
    }
    let left = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 0, "help leaves nothing behind");
}

#[tokio::test]
async fn completions_and_manual_pages_are_there_for_every_shell() {
    let folder = folder();
    for shell in ["bash", "zsh", "fish"] {
        let done = fazt(At::folder(folder.path()), &["completions", shell]).await;
        assert_eq!(done.code, 0, "{shell}: {done:?}");
        for word in ["fetch-test", "rollback", "--preview"] {
            let word = if shell == "fish" { word.trim_start_matches('-') } else { word };
            assert!(done.stdout.contains(word), "{shell} does not complete {word}");
        }
        if shell == "bash" {
            let script = folder.path().join("fazt.bash");
            std::fs::write(&script, &done.stdout).expect("written");
            let checked = Command::new("bash").arg("-n").arg(&script).output().await;
            assert!(checked.expect("bash runs").status.success());
        }
    }
    let pages = folder.path().join("man");
    let done = fazt(At::folder(folder.path()), &["man", &pages.display().to_string()]).await;
    assert_eq!(done.code, 0, "{done:?}");
    for page in ["fazt.1", "fazt-deploy.1", "fazt-remote-add.1"] {
        let text = std::fs::read_to_string(pages.join(page)).expect(page);
        assert!(text.contains(".SH NAME"), "{page}");
    }
    let page = fazt(At::folder(folder.path()), &["man"]).await;
    assert!(page.stdout.contains(".TH fazt 1"), "{page:?}");
    assert!(!folder.path().join("data.db").exists());
}

#[tokio::test]
async fn settings_say_where_they_come_from() {
    let folder = folder();
    let here = || At::folder(folder.path());
    let get = async |at: At, key: &str| {
        let found = fazt(at, &["--json", "server", "config", "get", key]).await.json();
        let setting = found["settings"][0].clone();
        (setting["value"].clone(), setting["origin"].clone())
    };
    assert_eq!(get(here(), "port").await, ("8080".into(), "default".into()));
    let set = fazt(here(), &["--json", "server", "config", "set", "port", "8090"]).await.json();
    assert_eq!(
        (&set["setting"]["value"], &set["setting"]["origin"]),
        (&"8090".into(), &"database".into())
    );
    assert_eq!(get(here(), "port").await, ("8090".into(), "database".into()));
    let at = here().with("FAZT_PORT", "8091");
    assert_eq!(get(at, "port").await, ("8091".into(), "environment".into()));
    let wrong = fazt(here(), &["server", "config", "set", "port", "ninety"]).await;
    assert!(wrong.code == 2 && wrong.stderr.contains("0 to 65535"), "{wrong:?}");
    let near = fazt(here(), &["server", "config", "get", "prot"]).await;
    assert!(near.stderr.contains("did you mean `port`?"), "{near:?}");
    let all = fazt(here(), &["server", "config"]).await;
    for setting in fazt::config::SETTINGS {
        assert!(all.stdout.contains(setting.key), "{} is not listed", setting.key);
    }
    assert_eq!(fazt(here(), &["server", "config", "set", "port"]).await.code, 0);
    assert_eq!(get(here(), "port").await, ("8080".into(), "default".into()));
}

#[tokio::test]
async fn a_busy_port_and_a_second_node_are_refused_with_the_way_out() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let port = taken.local_addr().expect("an address").port().to_string();
    let folder = folder();
    let busy = fazt(At::folder(folder.path()), &["server", "start", "--port", &port]).await;
    assert_eq!(busy.code, 1, "{busy:?}");
    assert!(busy.stderr.contains(&format!("port {port} is taken")), "{busy:?}");
    assert!(busy.stderr.contains("--port"), "{busy:?}");
    let node = TestNode::start().await;
    let second = node.cli(&["server", "start", "--port", "0"]).await;
    assert_eq!(second.code, 1, "{second:?}");
    assert!(second.stderr.contains("--db"), "{second:?}");
}

#[tokio::test]
async fn a_node_is_prepared_started_asked_and_stopped() {
    let folder = folder();
    let here = || At::folder(folder.path());
    let exe = env!("CARGO_BIN_EXE_fazt");
    let init = ["--json", "server", "init", "--domain", "zyt.app", "--password-stdin"];
    let made = fazt(here().saying("correct horse battery"), &init).await.json();
    assert_eq!((&made["created"], &made["password_set"]), (&true.into(), &true.into()));
    let short = fazt(here().saying("short"), &["server", "init", "--password-stdin"]).await;
    assert!(short.code == 2 && short.stderr.contains("10 characters"), "{short:?}");
    let server = Server::start(&here(), &[]).await;
    assert_eq!(server.said["setup_link"], Value::Null, "the owner has a password");
    assert!(server.said["url"].as_str().expect("a text").starts_with("http://admin.zyt.app:"));
    let db = folder.path().join("data.db").display().to_string();
    assert_eq!(server.said["mcp_add"], format!("claude mcp add fazt -- {exe} mcp --db {db}"));
    let status = fazt(here(), &["--json", "server", "status"]).await.json();
    assert_eq!((&status["serving"], &status["domain"]), (&true.into(), &"zyt.app".into()));
    let deployed = fazt(here(), &["deploy", "examples/hello"]).await;
    assert!(deployed.last_line().starts_with("http://hello.zyt.app:"), "{deployed:?}");
    let (code, log) = server.stop().await;
    assert_eq!(code, 0, "{log}");
    let status = fazt(here(), &["--json", "status"]).await.json();
    assert_eq!((&status["serving"], &status["apps"]), (&false.into(), &1.into()));
}

#[tokio::test]
async fn a_start_says_where_the_dashboard_is_and_how_an_agent_connects() {
    let folder = folder();
    let home = folder.path().join(".config/fazt");
    let mut command = program(folder.path());
    command.env_remove("FAZT_DB").args(["server", "start", "--port", "0"]);
    let mut node = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
    let mut said = BufReader::new(node.stderr.take().expect("a pipe")).lines();
    let mut tree = Vec::new();
    while !tree.last().is_some_and(|line: &String| line.starts_with('└')) {
        tree.push(said.next_line().await.expect("text").expect("it says more"));
    }
    let at = tree.iter().position(|line| line.contains(" serves ")).expect("a headline");
    let [headline, open, agents] = &tree[at..] else { panic!("two lines: {tree:?}") };
    assert!(headline.contains(&home.display().to_string()), "{headline}");
    assert!(headline.contains("http://APP.localhost:"), "{headline}");
    assert!(open.starts_with("├─ dashboard ") && open.contains("/setup?link="), "{open}");
    let line = format!("claude mcp add fazt -- {} mcp", env!("CARGO_BIN_EXE_fazt"));
    assert!(agents.ends_with(&line), "the database is in its usual place: {agents}");
    node.kill().await.expect("it can be killed");
}

#[tokio::test]
async fn the_most_talkative_log_tells_no_secret() {
    let (folder, other) = (folder(), TestNode::start().await);
    let at = At::folder(folder.path()).with("FAZT_LOG", "trace");
    let here = || At::folder(folder.path());
    let server = Server::start(&at, &["-v"]).await;
    let there = format!("http://{}", other.address());
    let theirs = other.owner_token();
    let made = fazt(here(), &["--json", "token", "create", "ci"]).await.json();
    let add = ["remote", "add", "b", "--url", &there, "--token", &theirs];
    assert_eq!(fazt(here(), &add).await.code, 0);
    assert_eq!(fazt(here(), &["remote", "list"]).await.code, 0);
    let link = server.said["setup_link"].as_str().expect("a link").to_owned();
    let link = link.split_once("link=").expect("a link").1.to_owned();
    let local = fazt::auth::local_token(&folder.path().join("data.db")).expect("a key");
    let url = fazt::auth::announced(&folder.path().join("data.db")).expect("it serves");
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let password = "correct horse battery";
    let body = serde_json::json!({ "link": link, "password": password });
    let setup = client.post(format!("{url}/api/setup")).json(&body).send().await.expect("answered");
    assert_eq!(setup.status(), 200);
    let cookie = setup.headers()["set-cookie"].to_str().expect("text").to_owned();
    let cookie = cookie.split(['=', ';']).nth(1).expect("a value").to_owned();
    let page = client.get(format!("{url}/setup?link={link}")).send().await.expect("answered");
    assert_eq!(page.status(), 401, "it is spent");
    let (code, log) = server.stop().await;
    assert_eq!(code, 0);
    assert!(log.contains("add_peer") || log.contains("/api/peers"), "it was talkative: {log}");
    let token = made["token"].as_str().expect("a token");
    for secret in [token, &theirs, &local, &link, password, &cookie] {
        assert!(!log.contains(secret), "`{secret}` is in the log:\n{log}");
    }
}

#[tokio::test]
async fn what_is_stored_of_the_log_and_of_the_databases_size_holds_at_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    for (key, value) in [("log", "debug"), ("limits.database_bytes", "1000000")] {
        let done = cli(folder.path(), &["server", "config", "set", key, value]).await;
        assert_eq!(done.code, 0, "{done:?}");
    }
    let large = folder.path().join("large");
    std::fs::create_dir(&large).expect("made");
    std::fs::write(large.join("index.html"), vec![b'x'; 3_000_000]).expect("written");
    let full = cli(folder.path(), &["deploy", &large.display().to_string()]).await;
    assert_eq!(full.code, 1, "{full:?}");
    assert!(full.stderr.contains("limits.database_bytes"), "{full:?}");

    let log = folder.path().join("log");
    let mut command = program(folder.path());
    command.args(["server", "start", "--port", "0"]).stdout(std::process::Stdio::null());
    command.stderr(std::fs::File::create(&log).expect("made"));
    let _node = command.spawn().expect("the program starts");
    let mut address = String::new();
    until("it listens", async || {
        address = std::fs::read_to_string(folder.path().join("data.db.lock")).unwrap_or_default();
        address.starts_with("http://")
    })
    .await;
    client().get(format!("{address}/health")).send().await.expect("it answers");
    until("the request is logged", async || {
        std::fs::read_to_string(&log).unwrap_or_default().contains("\"path\":\"/health\"")
    })
    .await;
}
