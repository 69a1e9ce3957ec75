//! `fazt mcp`: the same tools on standard input and output.

use std::{path::Path, process::Stdio};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
};

use super::{refused, text};
use crate::harness::{Process, cli, program, until};

/// A client of `fazt mcp`.
struct Client {
    child: Child,
    to: Option<ChildStdin>,
    from: Lines<BufReader<ChildStdout>>,
    asked: u64,
    /// What the server said without being asked.
    told: Vec<Value>,
}

impl Client {
    async fn start(folder: &Path) -> Self {
        let mut client = Self::silent(folder);
        let hello = json!({ "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" } });
        let begun = client.ask("initialize", hello).await;
        assert_eq!(begun["serverInfo"]["name"], "fazt", "{begun}");
        client.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
        client
    }

    /// One that has said nothing yet.
    fn silent(folder: &Path) -> Self {
        let mut command = program(folder);
        command.env("FAZT_PORT", "0").arg("mcp");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("it starts");
        let to = child.stdin.take();
        let from = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Self { child, to, from, asked: 0, told: Vec::new() }
    }

    async fn say(&mut self, message: &Value) {
        let line = format!("{message}\n");
        let to = self.to.as_mut().expect("still open");
        to.write_all(line.as_bytes()).await.expect("it listens");
    }

    /// Asks, and answers the result; whatever is no protocol fails the test.
    async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.say(&request).await;
        loop {
            let line = self.from.next_line().await.expect("text").expect("an answer");
            let message: Value = serde_json::from_str(&line).expect("only protocol is printed");
            if message["id"] == id {
                assert!(message.get("result").is_some(), "{method}: {message}");
                return message["result"].clone();
            }
            self.told.push(message);
        }
    }

    async fn tool(&mut self, name: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({ "name": name, "arguments": arguments })).await
    }

    /// Closes its end, and answers the exit code.
    async fn close(mut self) -> Option<i32> {
        drop(self.to.take());
        self.child.wait().await.expect("it ends").code()
    }
}

fn folder_of(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        std::fs::write(folder.path().join(path), text).expect("written");
    }
    folder
}

#[tokio::test]
async fn it_is_the_node_deploys_a_folder_with_progress_and_ends_well() {
    let folder = tempfile::tempdir().expect("a folder");
    let site = folder_of(&[("index.html", "by folder")]);
    let mut client = Client::start(folder.path()).await;
    let call = json!({ "name": "deploy", "_meta": { "progressToken": "p" },
        "arguments": { "path": site.path(), "app": "blog" } });
    let done = client.ask("tools/call", call).await;
    assert!(!refused(&done) && text(&done).contains("blog is live at version 1"), "{done}");
    let steps: Vec<_> = client
        .told
        .iter()
        .filter(|told| told["params"]["progressToken"] == "p")
        .map(|told| told["params"]["progress"].as_f64().expect("a number"))
        .collect();
    assert!(steps.len() >= 2 && steps[0] == 0.0, "{steps:?}");
    assert!(steps.windows(2).all(|pair| pair[0] < pair[1]), "{steps:?}");
    let url = done["structuredContent"]["url"].as_str().expect("an address").to_owned();
    let port = url.rsplit(':').next().expect("a port");
    let page = crate::harness::client()
        .get(format!("http://127.0.0.1:{port}/"))
        .header("host", "blog.localhost");
    let page = page.send().await.expect("it hosts").text().await.expect("text");
    assert_eq!(page, "by folder");
    assert_eq!(client.close().await, Some(0));
}

#[tokio::test]
async fn the_local_user_sees_and_calls_every_tool_of_agents_and_none_of_people() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut client = Client::start(folder.path()).await;
    let listed = client.ask("tools/list", json!({})).await;
    let listed: Vec<_> = listed["tools"].as_array().expect("a list").iter().collect();
    let names: Vec<_> = listed.iter().map(|tool| tool["name"].as_str().expect("a name")).collect();
    for spec in fazt_tools::specs() {
        assert_eq!(names.contains(&spec.name), spec.agent, "{}", spec.name);
        let answer = client.tool(spec.name, super::rights::arguments(spec.name)).await;
        let said = text(&answer);
        assert!(!said.starts_with("FORBIDDEN"), "{}: {said}", spec.name);
        assert_eq!(said.starts_with("UNKNOWN_TOOL"), !spec.agent, "{}: {said}", spec.name);
    }
    assert_eq!(client.close().await, Some(0));
}

#[tokio::test]
async fn it_says_what_is_wrong_with_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut client = Client::start(folder.path()).await;
    for (arguments, says) in [
        (json!({ "path": folder.path().join("none") }), "does not exist"),
        (json!({ "path": "relative" }), "absolute path"),
        (json!({ "path": 7 }), "give a path"),
        (json!({ "path": folder.path(), "files": [{ "path": "a", "content": "" }] }), "not both"),
        (json!({}), "give `path`"),
    ] {
        let answer = client.tool("deploy", arguments.clone()).await;
        assert!(refused(&answer) && text(&answer).contains(says), "{arguments}: {answer}");
    }
    assert_eq!(client.close().await, Some(0));
}

#[tokio::test]
async fn a_client_that_says_nothing_is_no_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(Client::silent(folder.path()).close().await, Some(0));
}

#[tokio::test]
async fn a_signal_ends_it_well_and_lets_go_of_the_database() {
    let folder = tempfile::tempdir().expect("a folder");
    for _ in 0..2 {
        let mut client = Client::start(folder.path()).await;
        let pid = client.child.id().expect("it runs");
        let killed = tokio::process::Command::new("kill").arg(pid.to_string()).status().await;
        assert!(killed.expect("kill runs").success());
        assert_eq!(client.child.wait().await.expect("it ends").code(), Some(0));
    }
}

#[tokio::test]
async fn a_second_one_speaks_to_the_first_and_outlives_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut first = Client::start(folder.path()).await;
    let mut second = Client::start(folder.path()).await;
    let site = folder_of(&[("index.html", "x")]);
    let done = second.tool("deploy", json!({ "path": site.path(), "app": "blog" })).await;
    assert!(!refused(&done), "{done}");
    let seen = first.tool("list_apps", json!({})).await;
    assert!(text(&seen).contains("blog"), "{seen}");
    let changes = first.tool("list_changes", json!({})).await;
    assert!(changes["structuredContent"]["changes"][0]["face"] == "mcp", "{changes}");
    until("the second hears of it", async || {
        second.tool("list_apps", json!({})).await;
        second.told.iter().any(|told| told["method"] == "notifications/resources/list_changed")
    })
    .await;

    assert_eq!(first.close().await, Some(0));
    let seen = second.tool("list_apps", json!({})).await;
    assert!(text(&seen).contains("blog"), "it becomes the node: {seen}");
    assert_eq!(second.close().await, Some(0));
}

#[tokio::test]
async fn it_speaks_to_a_running_node_and_to_the_one_that_comes_after() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = Process::start(folder.path()).await;
    let mut client = Client::start(folder.path()).await;
    let site = folder_of(&[("index.html", "x")]);
    client.tool("deploy", json!({ "path": site.path(), "app": "blog" })).await;
    assert_eq!(node.get("blog.localhost", "/").await.text(), "x");
    node.kill().await;
    let node = Process::start(folder.path()).await;
    let seen = client.tool("list_apps", json!({})).await;
    assert!(text(&seen).contains("blog"), "{seen}");
    assert_eq!(node.get("blog.localhost", "/").await.text(), "x");
    assert_eq!(client.close().await, Some(0));
    assert_eq!(node.get("blog.localhost", "/").await.text(), "x", "the node is not its client's");
    node.kill().await;
}

#[tokio::test]
async fn a_taken_port_is_no_obstacle_and_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let port = taken.local_addr().expect("an address").port().to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let set = cli(folder.path(), &["server", "config", "set", "port", &port]).await;
    assert_eq!(set.code, 0);
    let mut command = program(folder.path());
    command.arg("mcp").stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().expect("it starts");
    let to = child.stdin.take();
    let from = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut client = Client { child, to, from, asked: 0, told: Vec::new() };
    let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": { "name": "test", "version": "1" } });
    client.ask("initialize", hello).await;
    let status = client.tool("status", json!({})).await;
    assert!(text(&status).contains(&format!("port {port} is taken")), "{status}");
    assert_eq!(client.close().await, Some(0));
}

#[tokio::test]
async fn a_cancelled_deploy_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let site = tempfile::tempdir().expect("a folder");
    // Sixty of a megabyte each: several parcels, so that a cancel finds one to stop at.
    for n in 0..60_u8 {
        let content = vec![n; 1 << 20];
        std::fs::write(site.path().join(format!("{n}.bin")), content).expect("written");
    }
    let mut client = Client::start(folder.path()).await;
    let call = json!({ "jsonrpc": "2.0", "id": "long", "method": "tools/call", "params": {
        "name": "deploy", "_meta": { "progressToken": "p" },
        "arguments": { "path": site.path(), "app": "big" } } });
    client.say(&call).await;
    // The second note is told before the first byte is sent.
    for _ in 0..2 {
        client.from.next_line().await.expect("text").expect("a note");
    }
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": { "requestId": "long", "reason": "changed my mind" } });
    client.say(&cancel).await;
    let apps = client.tool("list_apps", json!({})).await;
    assert!(!text(&apps).contains("big"), "{apps}");
    let small = folder_of(&[("index.html", "x")]);
    let done = client.tool("deploy", json!({ "path": small.path(), "app": "big" })).await;
    assert_eq!(done["structuredContent"]["version"], 1, "no version was left behind: {done}");
    assert_eq!(client.close().await, Some(0));
}

#[cfg(unix)]
#[tokio::test]
async fn a_build_ends_when_its_call_is_cancelled_or_its_client_goes() {
    for cancelled in [true, false] {
        let folder = tempfile::tempdir().expect("a folder");
        let script = r#"{ "scripts": { "build": "echo $$ > pid; sleep 120; echo over" } }"#;
        let site = folder_of(&[("package.json", script)]);
        let mut client = Client::start(folder.path()).await;
        client
            .say(&json!({ "jsonrpc": "2.0", "id": "build", "method": "tools/call", "params": {
                "name": "deploy", "arguments": { "path": site.path(), "app": "blog" } } }))
            .await;
        let mut pid = String::new();
        until("the build has begun", async || {
            pid = std::fs::read_to_string(site.path().join("pid")).unwrap_or_default();
            pid.ends_with('\n')
        })
        .await;
        if cancelled {
            let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled",
                "params": { "requestId": "build" } });
            client.say(&cancel).await;
        } else {
            drop(client.to.take());
        }
        let id = pid.trim().parse().expect("a number");
        let id = rustix::process::Pid::from_raw(id).expect("not zero");
        let stat = format!("/proc/{}/stat", pid.trim());
        until("the build is gone", async || {
            // One that nobody has waited for yet has ended as well.
            let ended = std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") Z "));
            ended || rustix::process::test_kill_process(id).is_err()
        })
        .await;
    }
}

#[tokio::test]
async fn a_client_of_any_name_is_served_beside_a_node_and_named_in_the_ledger() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = Process::start(folder.path()).await;
    let mut client = Client::silent(folder.path());
    let hello = json!({ "protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": { "name": "Größe\n日本\u{1b}", "version": "1" } });
    client.ask("initialize", hello).await;
    client.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
    let files = [json!({ "path": "index.html", "content": "x" })];
    let done = client.tool("deploy", json!({ "app": "blog", "files": files })).await;
    assert!(!refused(&done), "{done}");
    let changes = client.tool("list_changes", json!({})).await;
    let by = &changes["structuredContent"]["changes"][0]["client"];
    assert_eq!(by, "Größe 日本  1", "{changes}");
    assert_eq!(client.close().await, Some(0));
    node.terminate().await;
    node.ended().await;
}

/// What is open when a client goes away gets its answer, and the server ends.
async fn leaves_with(revision: &str, call: Value, opened: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut client = Client::silent(folder.path());
    if revision < super::MODERN {
        let hello = json!({ "protocolVersion": revision,
            "capabilities": { "elicitation": {} },
            "clientInfo": { "name": "test", "version": "1" } });
        client.ask("initialize", hello).await;
        client.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
        let file = json!([{ "path": "index.html", "content": "x" }]);
        client.tool("deploy", json!({ "app": "blog", "files": file })).await;
    }
    client.say(&call).await;
    let mut line = String::new();
    while !line.contains(opened) {
        line = client.from.next_line().await.expect("text").expect("a line");
    }
    drop(client.to.take());
    // Whoever still reads is told: nothing is waited for in vain, then cut off.
    let mut last = Value::Null;
    while let Some(line) = client.from.next_line().await.expect("text") {
        last = serde_json::from_str(&line).expect("only protocol is printed");
    }
    assert!(last["id"] == call["id"] && last.get("result").is_some(), "{opened}: {last}");
    assert_eq!(client.close().await, Some(0));
}

#[tokio::test]
async fn what_a_client_left_open_is_closed_when_it_goes() {
    let meta = json!({ "io.modelcontextprotocol/protocolVersion": super::MODERN,
        "io.modelcontextprotocol/clientCapabilities": {} });
    let listen = json!({ "jsonrpc": "2.0", "id": 90, "method": "subscriptions/listen", "params": {
        "_meta": meta, "notifications": { "resourcesListChanged": true } } });
    leaves_with(super::MODERN, listen, "notifications/subscriptions/acknowledged").await;
    let delete = json!({ "jsonrpc": "2.0", "id": 91, "method": "tools/call", "params": {
        "name": "delete_app", "arguments": { "app": "blog" } } });
    leaves_with("2025-11-25", delete, "elicitation/create").await;
}
