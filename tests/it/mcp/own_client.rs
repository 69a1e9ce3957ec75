//! The journey of an agent with `rmcp`'s own client: through both doors, with and
//! without the newest revision.
//!
//! The same journey is made with other people's clients by `tests/mcp/run`.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering},
    },
};

use rmcp::{
    ClientHandler, ErrorData, RoleClient,
    model::{
        CallToolRequest, CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig,
        ClientRequest, ElicitRequestParams, ElicitResult, ElicitationAction,
        ProgressNotificationParam, ProtocolVersion,
    },
    service::{
        ClientLifecycleMode, ClientServiceExt as _, NotificationContext, PeerRequestOptions,
        RequestContext, RunningService, ServiceError,
    },
    transport::{
        StreamableHttpClientTransport, TokioChildProcess,
        streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::harness::{TestNode, client, program, until};

/// Whoever sits before the client: answers forms and watches progress.
#[derive(Clone, Default)]
struct Person {
    /// 0 declines, 1 accepts with no, 2 accepts with yes.
    says: Arc<AtomicU8>,
    /// Whether there is a form to answer at all.
    forms: bool,
    notes: Arc<Mutex<Vec<ProgressNotificationParam>>>,
    noted: Arc<Notify>,
}

impl ClientHandler for Person {
    fn get_info(&self) -> ClientConfig {
        let mut info = ClientConfig::default();
        if self.forms {
            info.capabilities = ClientCapabilities::builder().enable_elicitation().build();
        }
        info
    }

    async fn create_elicitation(
        &self,
        _: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let says = self.says.load(Ordering::Relaxed);
        if says == 0 {
            return Ok(ElicitResult::new(ElicitationAction::Decline));
        }
        let mut answer = ElicitResult::new(ElicitationAction::Accept);
        answer.content = Some(json!({ "confirm": says == 2 }));
        Ok(answer)
    }

    async fn on_progress(
        &self,
        note: ProgressNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        self.notes.lock().expect("nobody panics with it").push(note);
        self.noted.notify_one();
    }
}

/// Which way the client comes in.
#[derive(Clone, Copy)]
enum Door<'a> {
    Http(&'a TestNode),
    Stdio(&'a Path),
}

/// A connected client and the person before it.
struct Agent {
    service: RunningService<RoleClient, Person>,
    person: Person,
}

impl Agent {
    async fn connect(door: Door<'_>, lifecycle: ClientLifecycleMode, forms: bool) -> Self {
        let person = Person { forms, ..Person::default() };
        let service = match door {
            Door::Http(node) => {
                let name = if forms { "agent" } else { "script" };
                let made = ["--json", "token", "create", name, "--preset", "agent"];
                let token =
                    node.cli(&made).await.json()["token"].as_str().expect("a token").to_owned();
                let uri = format!("http://{}/mcp", node.address());
                let config = StreamableHttpClientTransportConfig::with_uri(uri).auth_header(token);
                let transport = StreamableHttpClientTransport::with_client(client(), config);
                person.clone().serve_with_lifecycle(transport, lifecycle).await
            }
            Door::Stdio(folder) => {
                let mut command = program(folder);
                command.arg("mcp").env("FAZT_PORT", "0");
                let transport = TokioChildProcess::new(command).expect("the program starts");
                person.clone().serve_with_lifecycle(transport, lifecycle).await
            }
        };
        let service = service.unwrap_or_else(|error| panic!("no connection: {error}"));
        Self { service, person }
    }

    async fn call(&self, tool: &'static str, given: Value) -> CallToolResult {
        let given = given.as_object().cloned().unwrap_or_default();
        let call = CallToolRequestParams::new(tool).with_arguments(given);
        let answer = self.service.call_tool(call).await;
        answer.unwrap_or_else(|error| panic!("`{tool}` is no tool call: {error}"))
    }

    /// What a tool that succeeds answers.
    async fn data(&self, tool: &'static str, given: Value) -> Value {
        let answer = self.call(tool, given).await;
        assert_ne!(answer.is_error, Some(true), "{tool}: {answer:?}");
        answer.structured_content.unwrap_or_else(|| panic!("{tool} has no structured content"))
    }

    async fn has(&self, app: &str) -> bool {
        let listed = self.data("list_apps", json!({ "limit": 100 })).await;
        let apps = listed["apps"].as_array().expect("a list");
        apps.iter().any(|found| found["name"] == app)
    }

    async fn stop(self) {
        self.service.cancel().await.expect("the client ends");
    }
}

/// The files of a version, as a door takes them.
fn site(door: Door<'_>, folder: &Path, said: &str, files: usize) -> Value {
    let page = |n: usize| (format!("pages/{n}.txt"), format!("{said} {n}\n").repeat(20));
    let pages = (0..files).map(page).chain([("index.html".to_owned(), said.to_owned())]);
    if let Door::Http(_) = door {
        let files: Vec<_> =
            pages.map(|(path, content)| json!({ "path": path, "content": content })).collect();
        return json!({ "app": "trip", "files": files });
    }
    std::fs::create_dir_all(folder.join("pages")).expect("a folder");
    for (path, content) in pages {
        std::fs::write(folder.join(path), content).expect("a file");
    }
    json!({ "app": "trip", "path": folder })
}

async fn journey(door: Door<'_>, lifecycle: &ClientLifecycleMode) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let agent = Agent::connect(door, lifecycle.clone(), true).await;
    let tools = agent.service.list_all_tools().await.expect("tools");
    for name in ["deploy", "fetch_test", "promote", "delete_app"] {
        assert!(tools.iter().any(|tool| tool.name == name), "no `{name}` among {tools:?}");
    }
    assert!(!agent.has("trip").await, "the node is not new");

    let one = agent.data("deploy", site(door, folder.path(), "the first version", 40)).await;
    assert_eq!((&one["version"], &one["live"]), (&json!(1), &json!(true)), "{one}");
    tells_of_progress(&agent).await;
    let two = agent.data("deploy", site(door, folder.path(), "the second version", 40)).await;
    assert_eq!(two["version"], 2, "{two}");
    moves_between_versions(&agent, &one["url"]).await;

    let back = deletes_when_the_form_says_so(&agent).await;
    agent.data("undo", json!({ "change": back })).await;
    asks_for_the_name_without_a_form(door, lifecycle).await;
    agent.stop().await;
}

/// The client hears of each call's progress, and of no state twice. It takes notes
/// as they come, beside the answer.
async fn tells_of_progress(agent: &Agent) {
    let notes = || agent.person.notes.lock().expect("nobody panics with it").clone();
    let of_deploy = |note: &&ProgressNotificationParam| {
        note.message.as_deref().is_some_and(|message| message.contains("Deploy"))
    };
    until("a deploy tells of its progress", async || notes().iter().any(|n| of_deploy(&n))).await;
    let notes = notes();
    let token = &notes.iter().find(of_deploy).expect("there is one").progress_token;
    let told = notes.iter().filter(|note| note.progress_token == *token);
    let mut told: Vec<f64> = told.map(|note| note.progress).collect();
    told.sort_by(f64::total_cmp);
    assert!(told.is_sorted_by(|a, b| a < b), "a state is told twice: {notes:?}");
}

async fn moves_between_versions(agent: &Agent, url: &Value) {
    for (given, live, said) in [
        (json!({ "app": "trip", "version": 1 }), 1, "the first version"),
        (json!({ "app": "trip" }), 2, "the second version"),
    ] {
        let promoted = agent.data("promote", given).await;
        assert_eq!(promoted["version"], live, "{promoted}");
        let tested = agent.data("fetch_test", json!({ "url": url, "expect_body": said })).await;
        assert_eq!(tested["passed"], true, "{tested}");
    }
}

/// Answers the change to undo.
async fn deletes_when_the_form_says_so(agent: &Agent) -> Value {
    for says in [0, 1] {
        agent.person.says.store(says, Ordering::Relaxed);
        agent.call("delete_app", json!({ "app": "trip" })).await;
        assert!(agent.has("trip").await, "deleted though the form said no ({says})");
    }
    agent.person.says.store(2, Ordering::Relaxed);
    let gone = agent.data("delete_app", json!({ "app": "trip" })).await;
    assert!(!agent.has("trip").await, "the form said yes, and the app is there");
    gone["change"].clone()
}

async fn asks_for_the_name_without_a_form(door: Door<'_>, lifecycle: &ClientLifecycleMode) {
    let bare = Agent::connect(door, lifecycle.clone(), false).await;
    let refused = bare.call("delete_app", json!({ "app": "trip" })).await;
    assert_eq!(refused.is_error, Some(true), "{refused:?}");
    let says = format!("{:?}", refused.content);
    assert!(says.contains("confirm") && says.contains("trip"), "{says}");
    let wrong = bare.call("delete_app", json!({ "app": "trip", "confirm": "tripp" })).await;
    assert_eq!(wrong.is_error, Some(true), "{wrong:?}");
    assert!(bare.has("trip").await, "deleted without the name");
    bare.data("delete_app", json!({ "app": "trip", "confirm": "trip" })).await;
    assert!(!bare.has("trip").await, "the name was given, and the app is there");
    bare.stop().await;
}

fn newest() -> ClientLifecycleMode {
    ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_goes_the_whole_way_over_http() {
    let node = TestNode::start().await;
    journey(Door::Http(&node), &newest()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_of_an_older_revision_goes_the_whole_way_over_http() {
    let node = TestNode::start().await;
    journey(Door::Http(&node), &ClientLifecycleMode::Initialize).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_goes_the_whole_way_over_stdio() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    journey(Door::Stdio(folder.path()), &newest()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_of_an_older_revision_goes_the_whole_way_beside_a_node() {
    let node = TestNode::start().await;
    journey(Door::Stdio(node.folder.path()), &ClientLifecycleMode::Initialize).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_that_is_given_up_leaves_nothing() {
    let node = TestNode::start().await;
    let given: PathBuf = node.folder.path().join("site");
    let folder = node.folder.path();
    for lifecycle in [newest(), ClientLifecycleMode::Initialize] {
        let door = Door::Stdio(folder);
        let agent = Agent::connect(door, lifecycle, true).await;
        let given = site(door, &given, "never to be seen", 3000);
        let call = CallToolRequestParams::new("deploy")
            .with_arguments(given.as_object().cloned().expect("an object"));
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(call));
        let options = PeerRequestOptions::no_options();
        let handle = agent.service.send_cancellable_request(request, options).await;
        agent.person.noted.notified().await;
        let cancelled = handle.expect("the call is sent").cancel(Some("enough".to_owned())).await;
        assert!(cancelled.is_ok(), "{cancelled:?}");
        agent.data("status", json!({})).await;
        assert!(!agent.has("trip").await, "a deploy went on after it was cancelled");
        agent.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_is_not_there_is_no_crash() {
    let node = TestNode::start().await;
    let agent = Agent::connect(Door::Http(&node), newest(), false).await;
    let answer = agent.service.call_tool(CallToolRequestParams::new("delploy")).await;
    let said = match answer {
        Ok(answer) => format!("{:?}", answer.content),
        Err(ServiceError::McpError(error)) => error.message.into_owned(),
        Err(error) => panic!("the connection broke: {error}"),
    };
    assert!(said.contains("deploy"), "{said}");
    agent.stop().await;
}
