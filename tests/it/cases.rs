//! Functions by example: `tests/cases/<group>/<case>/` is an app, and `case.json` beside it
//! says what it is asked and what it answers.
//!
//! A group is a test with a node of its own. All its cases run, then those that went wrong
//! are told together. The format is described in `tests/cases/README.md`; what no data can
//! say, the death of a worker, stands at the foot.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures_util::{StreamExt as _, future::join_all, stream};
use regex::Regex;
use reqwest::{
    Method,
    header::{HOST, HeaderMap, HeaderName, HeaderValue},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::harness::{Answer, Process, TestNode, cli, until};

/// What `case.json` holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(rename = "about")]
    _about: String,
    /// How the deploy is refused, where it is.
    deploy: Option<Refused>,
    #[serde(default)]
    requests: Vec<Ask>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    code: String,
    file: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
    contains: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    method: Option<String>,
    path: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The body, in one of four ways.
    text: Option<String>,
    json: Option<Value>,
    base64: Option<String>,
    size: Option<usize>,
    /// So many of this request at once.
    times: Option<usize>,
    /// Asked by the owner, who sees the log and the error, too.
    run: Option<Run>,
    #[serde(default)]
    expect: Expect,
    /// Another answer that is right, too.
    or: Option<Expect>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    as_user: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

/// What an answer has to be; what is left out may be anything.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    /// 200 where it is left out.
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, Value>,
    text: Option<String>,
    json: Option<Value>,
    base64: Option<String>,
    bytes: Option<usize>,
    #[serde(default)]
    contains: Vec<String>,
    #[serde(default)]
    lacks: Vec<String>,
    matches: Option<String>,
    /// The code of an error, or several of which one is right.
    code: Option<Value>,
    /// The body ends before its end.
    #[serde(default)]
    breaks_off: bool,
    /// Lines of the log, as `level text fields`, and how many there are.
    logs: Option<Vec<String>>,
    lines: Option<usize>,
    /// Parts of the error, as `name: message at file:line:column`.
    #[serde(default)]
    fault: Vec<String>,
}

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

/// The folders in a folder, by name.
fn folders(of: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(of).unwrap_or_else(|error| panic!("{error}: {}", of.display()));
    let folders = entries.map(|entry| entry.expect("an entry")).filter(|one| one.path().is_dir());
    let mut names: Vec<_> =
        folders.map(|one| one.file_name().into_string().expect("a plain name")).collect();
    names.sort();
    names
}

/// The files of a case's app, as a deploy takes them.
fn files(case: &Path, below: &Path, found: &mut Vec<Value>) {
    for entry in std::fs::read_dir(below).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.strip_prefix(case).expect("it is below").to_str().expect("a plain name");
        if path.is_dir() {
            files(case, &path, found);
        } else if name != "case.json" {
            let content = std::fs::read(&path).expect("a file");
            found.push(match std::str::from_utf8(&content) {
                Ok(text) => json!({ "path": name, "content": text }),
                Err(_) => json!({ "path": name, "base64": BASE64_STANDARD.encode(&content) }),
            });
        }
    }
}

/// Cases that run at once, of all groups: a request that finds no worker within five
/// seconds is refused, and machines that test have few cores.
static PLACES: Semaphore = Semaphore::const_new(4);

/// Runs the cases of a group, `at_once` at a time.
async fn group(name: &str, at_once: usize) {
    let node = TestNode::start().await;
    node.deploy("still", &[("api/index.js", "export default () => 'here'")]).await;
    let folder = cases().join(name);
    let run = async |case: &String| {
        let _place = PLACES.acquire().await.expect("it is never closed");
        let wrong = case_at(&node, case, &folder.join(case)).await;
        wrong.iter().map(|wrong| format!("{name}/{case}: {wrong}")).collect::<Vec<_>>()
    };
    let names = folders(&folder);
    let wrong: Vec<_> =
        stream::iter(names.iter().map(run)).buffer_unordered(at_once).collect().await;
    let wrong: Vec<_> = wrong.into_iter().flatten().collect();
    let still = node.get("still.localhost", "/api").await;
    assert_eq!((still.status.as_u16(), still.text()), (200, "here"), "the node no longer serves");
    assert!(wrong.is_empty(), "{} wrong:\n\n{}\n", wrong.len(), wrong.join("\n\n"));
}

/// Runs a case; what went wrong.
async fn case_at(node: &TestNode, name: &str, folder: &Path) -> Vec<String> {
    let text = std::fs::read(folder.join("case.json")).unwrap_or_default();
    let case: Case = match serde_json::from_slice(&text) {
        Ok(case) => case,
        Err(error) => return vec![format!("case.json: {error}")],
    };
    let mut found = vec![json!({ "path": "index.html", "content": "a page" })];
    files(folder, folder, &mut found);
    let input = json!({ "app": name, "files": found });
    let deployed = node.call(Method::POST, "/api/deploy", Some(input)).await;
    match &case.deploy {
        Some(refused) => return refused.wrong(&deployed),
        None if !deployed.status.is_success() => {
            return vec![format!("the deploy was refused: {}", deployed.text())];
        }
        None => {}
    }
    let mut wrong = Vec::new();
    for ask in &case.requests {
        if let Err(told) = ask.run(node, name).await {
            wrong.push(format!("{told} {}", ask.path));
        }
    }
    wrong
}

impl Refused {
    fn wrong(&self, answer: &Answer) -> Vec<String> {
        if answer.status.is_success() {
            return vec!["the deploy was taken".to_owned()];
        }
        let error = answer.json()["error"].clone();
        let problems = error["details"]["problems"].as_array().cloned().unwrap_or_default();
        let is = |problem: &Value| {
            self.file.as_ref().is_none_or(|file| problem["file"] == **file)
                && self.line.is_none_or(|line| problem["line"] == line)
                && self.column.is_none_or(|column| problem["column"] == column)
                && self.contains.as_ref().is_none_or(|text| {
                    problem["message"].as_str().is_some_and(|message| message.contains(text))
                })
        };
        if error["code"] == *self.code && problems.iter().any(is) {
            return Vec::new();
        }
        vec![format!("the deploy was refused otherwise: {error:#}")]
    }
}

/// An answer, or what came of it.
struct Got {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
    broken: bool,
    logs: Vec<String>,
    fault: String,
}

impl Got {
    fn new(status: u16, headers: HeaderMap, body: Vec<u8>) -> Self {
        Self { status, headers, body, broken: false, logs: Vec::new(), fault: String::new() }
    }

    /// What `run_function` tells.
    fn told(out: &Value) -> Self {
        let mut headers = HeaderMap::new();
        for header in out["headers"].as_array().into_iter().flatten() {
            let (name, value) = header.as_str().and_then(|it| it.split_once(": ")).expect("a pair");
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            headers.append(name, HeaderValue::from_str(value).expect("a value"));
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let line = |line: &Value| {
            let said = format!(
                "{} {} {}",
                text(&line["level"]),
                text(&line["text"]),
                text(&line["fields"])
            );
            said.trim_end().to_owned()
        };
        let error = &out["error"];
        let place = format!("{}:{}:{}", text(&error["file"]), error["line"], error["column"]);
        Self {
            logs: out["logs"].as_array().into_iter().flatten().map(line).collect(),
            fault: format!("{}: {} at {place}", text(&error["name"]), text(&error["message"])),
            ..Self::new(
                out["status"].as_u64().and_then(|n| u16::try_from(n).ok()).unwrap_or_default(),
                headers,
                text(&out["body"]).into_bytes(),
            )
        }
    }
}

impl Ask {
    async fn run(&self, node: &TestNode, app: &str) -> Result<(), String> {
        let times = self.times.unwrap_or(1);
        let all = join_all((0..times).map(|_| self.send(node, app))).await;
        let mut first = 0;
        for got in &all {
            let Err(wrong) = self.expect.holds(got) else {
                first += 1;
                continue;
            };
            match &self.or {
                Some(or) => or.holds(got).map_err(|other| format!("{wrong}; or {other}"))?,
                None => return Err(wrong),
            }
        }
        if first == 0 && times > 1 {
            return Err(format!("none of {times} was answered as expected"));
        }
        Ok(())
    }

    /// The same by `run_function`.
    async fn run_as(&self, node: &TestNode, app: &str, run: &Run) -> Got {
        let headers: Vec<_> =
            self.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let mut input = json!({ "path": self.path, "headers": headers, "dry_run": run.dry_run });
        if let Some(user) = &run.as_user {
            input["as_user"] = json!(user);
        }
        if let Some(method) = &self.method {
            input["method"] = json!(method);
        }
        if let Some(body) = self.json.clone().or_else(|| Some(json!(self.text.as_ref()?))) {
            input["body"] = body;
        }
        let path = format!("/api/apps/{app}/run");
        let answer = node.call(Method::POST, &path, Some(input)).await;
        if answer.status.is_success() {
            Got::told(&answer.json()["data"])
        } else {
            Got::new(answer.status.as_u16(), answer.headers, answer.body)
        }
    }

    async fn send(&self, node: &TestNode, app: &str) -> Got {
        if let Some(run) = &self.run {
            return self.run_as(node, app, run).await;
        }
        let method = self.method.as_deref().unwrap_or("GET");
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = node.request(method, &self.path).header(HOST, format!("{app}.localhost"));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request = match self {
            Self { text: Some(text), .. } => request.body(text.clone()),
            Self { json: Some(value), .. } => {
                let named = self.headers.contains_key("content-type");
                let request = if named {
                    request
                } else {
                    request.header("content-type", "application/json")
                };
                request.body(value.to_string())
            }
            Self { base64: Some(text), .. } => {
                request.body(BASE64_STANDARD.decode(text).expect("base64"))
            }
            Self { size: Some(size), .. } => request.body(vec![b'a'; *size]),
            _ => request,
        };
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => {
                let body = format!("no answer: {error:?}").into_bytes();
                return Got::new(0, HeaderMap::new(), body);
            }
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let (mut body, mut broken) = (Vec::new(), false);
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.next().await {
            match piece {
                Ok(piece) => body.extend_from_slice(&piece),
                Err(_) => broken = true,
            }
        }
        Got { broken, ..Got::new(status, headers, body) }
    }
}

impl Expect {
    /// Whether an answer is as expected; else what differs.
    fn holds(&self, got: &Got) -> Result<(), String> {
        let text = String::from_utf8_lossy(&got.body);
        let mut wrong = String::new();
        let mut check = |what: &str, expected: String, found: String| {
            if expected != found {
                let _ =
                    write!(wrong, "\n  {what}: expected {expected}\n  {what}: found    {found}");
            }
        };
        // A code has its status.
        let status = self.status.or_else(|| self.code.is_none().then_some(200));
        check("status", status.unwrap_or(got.status).to_string(), got.status.to_string());
        for (name, expected) in &self.headers {
            let found = got.headers.get_all(name).iter();
            let found: Vec<_> =
                found.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
            let expected = match expected {
                Value::Null => json!([]),
                Value::Array(list) => json!(list),
                one => json!([one]),
            };
            check(name, expected.to_string(), json!(found).to_string());
        }
        if let Some(expected) = &self.text {
            check("text", expected.clone(), text.clone().into_owned());
        }
        if let Some(expected) = &self.json {
            let found = serde_json::from_str::<Value>(&text).unwrap_or(json!(text));
            // Told by the expected one's text where they are equal: names have no order.
            let found = if found == *expected { expected } else { &found };
            check("json", expected.to_string(), found.to_string());
        }
        if let Some(expected) = &self.base64 {
            check("base64", expected.clone(), BASE64_STANDARD.encode(&got.body));
        }
        if let Some(expected) = self.bytes {
            check("bytes", expected.to_string(), got.body.len().to_string());
        }
        for part in &self.contains {
            let found = if text.contains(part) { part.clone() } else { text.clone().into_owned() };
            check("contains", part.clone(), found);
        }
        for part in self.lacks.iter().filter(|part| text.contains(*part)) {
            check("lacks", part.clone(), text.clone().into_owned());
        }
        if let Some(pattern) = &self.matches {
            let fits = Regex::new(pattern).expect("a pattern").is_match(&text);
            let found = if fits { pattern.clone() } else { text.clone().into_owned() };
            check("matches", pattern.clone(), found);
        }
        if let Some(expected) = &self.code {
            let found = serde_json::from_str::<Value>(&text).unwrap_or_default();
            let found = &found["error"]["code"];
            let is_one = expected.as_array().is_some_and(|codes| codes.contains(found));
            let found = if is_one { expected } else { found };
            check("code", expected.to_string(), found.to_string());
        }
        if let Some(expected) = &self.logs {
            check("logs", format!("{expected:#?}"), format!("{:#?}", got.logs));
        }
        if let Some(expected) = self.lines {
            check("lines", expected.to_string(), got.logs.len().to_string());
        }
        for part in self.fault.iter().filter(|part| !got.fault.contains(*part)) {
            check("fault", part.clone(), got.fault.clone());
        }
        check("breaks off", self.breaks_off.to_string(), got.broken.to_string());
        // What is wrong is said with its answer, unless that is long.
        if wrong.is_empty() {
            return Ok(());
        }
        let shown: String = text.chars().take(300).collect();
        Err(format!("{wrong}\n  answer: {} {shown}\n  at", got.status))
    }
}

/// A test for each group.
macro_rules! groups {
    ($($name:ident: $at_once:literal),* $(,)?) => {
        const GROUPS: &[&str] = &[$(stringify!($name)),*];
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                group(stringify!($name), $at_once).await;
            }
        )*
    };
}

groups! {
    answers: 4,
    budgets: 2,
    deploys: 4,
    differences: 4,
    fazt: 4,
    handlers: 4,
    hostile: 3,
    language: 4,
    libraries: 2,
    modules: 4,
    requests: 4,
    routing: 4,
    web: 4,
}

#[test]
fn every_group_has_its_test_and_every_case_its_folder() {
    assert_eq!(folders(&cases()), GROUPS);
    let count: usize = GROUPS.iter().map(|group| folders(&cases().join(group)).len()).sum();
    assert!(count >= 120, "{count} cases");
}

#[test]
fn every_line_of_the_page_on_javascript_names_a_case_that_there_is() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/javascript.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let (about, table) = page.split_once("## What differs").expect("the heading");
    let missing: Vec<_> = table
        .split("\n- ")
        .skip(1)
        .filter(|line| {
            let named =
                line.trim_end().rsplit_once("(`").and_then(|(_, rest)| rest.split_once("`)"));
            named.is_none_or(|(name, _)| !cases().join(name).join("case.json").is_file())
        })
        .collect();
    assert!(missing.is_empty(), "no such case: {missing:#?}");
    assert!(about.contains("95.60 %") && table.matches("(`").count() > 20);
}

/// The processes that a process started.
fn children(of: u32) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{of}/task")).expect("it runs");
    let lists =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_worker_that_is_killed_from_outside_fails_its_request_alone() {
    let text = "export default async (req) => {
        const { kv } = fazt.app
        if (req.query.begun) return String(await kv.get('begun'))
        if (!req.query.wait) return 'here'
        await kv.set('begun', 'yes')
        await new Promise((done) => setTimeout(done, 60000))
    }";
    let (folder, app) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("one"));
    std::fs::create_dir(app.path().join("api")).expect("made");
    std::fs::write(app.path().join("api/index.js"), text).expect("written");
    let node = Process::start(folder.path()).await;
    let path = app.path().to_str().expect("a plain path");
    let done = cli(folder.path(), &["deploy", path, "--name", "hello"]).await;
    assert_eq!(done.code, 0, "{done:?}");
    let kill = async {
        until("the function waits", async || {
            node.get("hello.localhost", "/api?begun=1").await.text() == "yes"
        })
        .await;
        let workers = children(node.id());
        let mut kill = tokio::process::Command::new("kill");
        let killed = kill.arg("-KILL").args(&workers).output().await.expect("`kill` runs");
        assert!(killed.status.success(), "{workers:?}: {killed:?}");
    };
    let (answer, ()) = tokio::join!(node.get("hello.localhost", "/api?wait=1"), kill);
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (500, "FUNCTION_CRASHED"));
    assert_eq!(node.get("hello.localhost", "/api").await.text(), "here");
    node.kill().await;
}
