//! Skills: every call they show is made, in each of its forms, and installing
//! them overwrites nothing that is somebody else's.

use std::{fs, path::Path, process::Stdio};

use fazt_tools::{
    Caller, Effect, Face, dispatch,
    skills::{self, Example, Guide, Part, Skill, Target, guides, plugin},
    specs,
};
use reqwest::Method;
use rmcp::{ServiceExt as _, transport::TokioChildProcess};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::harness::{Answer, Done, TestNode, program};

/// How a call of a page is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    Tool,
    Command,
    Curl,
}

/// A node as each page expects it: those that write begin with nothing.
async fn prepared(skill: &str) -> TestNode {
    let node = TestNode::start().await;
    if !["fazt-deploy", "fazt-app"].contains(&skill) {
        let function = ("api/hello.js", "export default (req) => `Hello ${req.query.name}`");
        node.deploy("hello", &[("index.html", "<h1>Hello</h1>\n")]).await;
        node.deploy("hello", &[("index.html", "<h1>Hello</h1>\n"), ("new.html", "new"), function])
            .await;
    }
    node
}

/// Runs a line as a page prints it, in `folder`.
async fn in_bash(node: &TestNode, folder: &Path, line: &str) -> Done {
    let fazt = Path::new(env!("CARGO_BIN_EXE_fazt")).parent().expect("a folder").to_owned();
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", line])
        .env_clear()
        .env("PATH", format!("{}:{path}", fazt.display()))
        .env("HOME", node.folder.path())
        .env("FAZT_DB", node.folder.path().join("data.db"))
        .env("FAZT_URL", format!("http://{}", node.address()))
        .env("FAZT_TOKEN", node.owner_token())
        .current_dir(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .expect("bash runs");
    Done {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Asks the node's MCP door.
async fn mcp(node: &TestNode, method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
    });
    let request = node.request(Method::POST, "/mcp").bearer_auth(node.owner_token());
    let request = request.header("accept", "application/json, text/event-stream");
    let request = request.header("mcp-protocol-version", "2026-07-28");
    let request = match params["name"].as_str() {
        Some(name) => request.header("mcp-name", name),
        None => request,
    };
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let answer = Answer::of(request.header("mcp-method", method).json(&body)).await;
    // One answer, as JSON or as the last event of a stream.
    let text = answer.text().lines().rev().find(|line| line.contains("\"id\""));
    let text = text.unwrap_or_else(|| panic!("{}: {}", answer.status, answer.text()));
    let said: Value = serde_json::from_str(text.trim_start_matches("data: ")).expect(text);
    assert!(said["error"].is_null(), "{method}: {said}");
    said["result"].clone()
}

/// Makes a call as an agent does.
async fn as_tool(node: &TestNode, example: &Example) -> Value {
    let mut arguments = example.input.clone();
    let spec = specs().iter().find(|spec| spec.name == example.tool).expect(example.tool);
    if spec.effect == Effect::Remove {
        // This client has no form to be asked by.
        arguments["confirm"] = arguments["app"].clone();
    }
    let call = json!({ "name": example.tool, "arguments": arguments });
    let answer = mcp(node, "tools/call", call).await;
    assert_ne!(answer["isError"], true, "{example:?}: {answer}");
    answer
}

#[tokio::test]
async fn what_pages_say_of_the_protocols_own_arguments_holds() {
    let node = TestNode::start().await;
    let tools = mcp(&node, "tools/list", json!({})).await;
    let tools = tools["tools"].as_array().expect("a list");
    for tool in tools {
        let takes = |name: &str| tool["inputSchema"]["properties"].get(name).is_some();
        assert!(takes("peer"), "{}", tool["name"]);
        assert!(takes("confirm") || tool["annotations"]["destructiveHint"] == false);
    }
    let stdio = TokioChildProcess::new(beside(&node)).expect("the program starts");
    let agent = ().serve(stdio).await.expect("it speaks the protocol");
    let near = agent.list_all_tools().await.expect("a list");
    let deploy = near.iter().find(|tool| tool.name == "deploy").expect("it deploys");
    assert!(deploy.input_schema["properties"].get("path").is_some(), "{deploy:?}");
    agent.cancel().await.expect("it ends");
    let ticket = json!({ "name": "deploy", "arguments": { "app": "hello" } });
    let ticket = mcp(&node, "tools/call", ticket).await;
    assert!(ticket["structuredContent"]["upload"]["command"].is_string(), "{ticket}");
}

/// The server of an agent that starts it itself.
fn beside(node: &TestNode) -> Command {
    let mut command = program(node.folder.path());
    command.arg("mcp");
    command
}

async fn make(node: &TestNode, folder: &Path, example: &Example, form: Form) {
    let line = match form {
        Form::Tool => {
            let answer = as_tool(node, example).await;
            assert_ne!(answer["structuredContent"]["passed"], false, "{example:?}: {answer}");
            return;
        }
        Form::Command => &example.command,
        Form::Curl => &example.curl,
    };
    let done = in_bash(node, folder, line).await;
    assert_eq!(done.code, 0, "{}: {line}\n{done:?}", example.skill);
    if form == Form::Curl {
        let answer: Value = serde_json::from_str(&done.stdout).expect(&done.stdout);
        assert_ne!(answer["data"]["passed"], false, "{line}: {answer}");
    }
}

/// What the ledger says was done, with which content.
async fn done_to(node: &TestNode) -> Vec<(Value, Value)> {
    let caller = Caller::owner(Face::Node);
    let all = dispatch(&**node.node(), &caller, "list_changes", json!({ "limit": 100 })).await;
    let all = all.expect("the ledger")["changes"].as_array().expect("a list").clone();
    all.into_iter().map(|row| (row["tool"].clone(), row["summary"].clone())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_of_every_skill_works_in_each_of_its_forms() {
    for skill in skills::skills() {
        let calls: Vec<Example> =
            skills::examples().into_iter().filter(|call| call.skill == skill.name).collect();
        assert!(!calls.is_empty(), "{} shows no call", skill.name);
        let page = skill.page(Target::Any);
        let mut ledgers = Vec::new();
        for form in [Form::Tool, Form::Command, Form::Curl] {
            let node = prepared(skill.name).await;
            let folder = tempfile::tempdir().expect("a folder");
            for call in &calls {
                for line in [&call.command, &call.curl] {
                    assert!(page.contains(line.as_str()), "{} does not show {line}", skill.name);
                }
                if let Some((name, files)) = &call.folder {
                    for (path, text) in files {
                        let file = folder.path().join(name).join(path);
                        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
                        fs::write(file, text).expect("written");
                    }
                }
                make(&node, folder.path(), call, form).await;
            }
            if skill.name == "fazt-app" {
                the_worked_example_is_served(&node).await;
            }
            ledgers.push(done_to(&node).await);
        }
        assert_eq!(ledgers[0], ledgers[1], "{}: the tool and the command differ", skill.name);
        assert_eq!(ledgers[0], ledgers[2], "{}: the tool and curl differ", skill.name);
    }
}

/// Holds the worked example of `fazt-app` to what its page says.
async fn the_worked_example_is_served(node: &TestNode) {
    let host = "notes.localhost";
    for (path, status, part) in [
        ("/", 200, "/style.css"),
        ("/first", 200, "A note."),
        ("/style.css", 200, "sans-serif"),
        ("/nothing", 404, "No such note"),
        ("/manifest.json", 404, ""),
        ("/_headers", 404, ""),
        ("/api/hits", 200, "{\"hits\":1}"),
        ("/api/hits", 200, "{\"hits\":2}"),
    ] {
        let answer = node.get(host, path).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.text().contains(part), "{path}: {}", answer.text());
    }
    let old = node.get(host, "/old/first").await;
    assert_eq!((old.status.as_u16(), old.header("location")), (301, "/first"));
    assert_eq!(node.get(host, "/").await.header("x-frame-options"), "DENY");
}

#[tokio::test]
async fn what_the_guide_to_apps_says_holds() {
    let node = TestNode::start().await;
    let rules = "/old            /new\n/blog/*         /posts/:splat   301\n\
        /u/:name        /people/:name   302\n/feed           /feed.xml       200\n\
        /gone           /404.html       410\n/new/*          /beta/:splat    302!\n";
    let guide = Guide::named("app").expect("a guide").text();
    assert!(guide.contains(rules), "the rules tried here are those shown");
    node.deploy(
        "site",
        &[
            ("index.html", "front"),
            ("docs/index.html", "docs"),
            ("private/x.txt", "secret"),
            ("api/hello.js", "'a function'; function handler() {}"),
            (".well-known/security.txt", "contact"),
            ("feed.xml", "<feed/>"),
            ("404.html", "lost"),
            ("app-3f2a9c1b.js", "1"),
            ("plain.js", "1"),
            ("new/x.html", "hidden by a rule"),
            ("_redirects", rules),
        ],
    )
    .await;
    for (path, status, part) in [
        ("/", 200, "front"),
        ("/docs", 200, "docs"),
        ("/docs/", 308, ""),
        ("/private/x.txt", 401, ""),
        ("/.well-known/security.txt", 200, "contact"),
        ("/Docs", 404, "lost"),
        ("/old", 301, ""),
        ("/blog/a/b", 301, ""),
        ("/u/ann", 302, ""),
        ("/feed", 200, "<feed/>"),
        ("/gone", 410, "lost"),
        ("/new/x", 302, ""),
    ] {
        let answer = node.get("site.localhost", path).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.text().contains(part), "{path}");
    }
    let hidden = node.get("site.localhost", "/api/hello.js").await;
    assert!(!hidden.status.is_success() && !hidden.text().contains("a function"));
    let kept = |answer: crate::harness::Answer| answer.header("cache-control").to_owned();
    assert!(kept(node.get("site.localhost", "/app-3f2a9c1b.js").await).contains("31536000"));
    assert!(kept(node.get("site.localhost", "/plain.js").await).contains("max-age=300"));
    assert_eq!(kept(node.get("site.localhost", "/").await), "no-cache");
    let preview = node.get("v1--site.localhost", "/").await;
    assert!(preview.header("x-robots-tag").contains("noindex"));
    node.deploy("one", &[("index.html", "front"), ("manifest.json", "{\"spa\":true}")]).await;
    assert_eq!(node.get("one.localhost", "/any/path").await.text(), "front");
}

/// Each statement of the guide about what an app stores.
const STORES: &str = "export default async (req) => {
    const { kv, ds, s3, tx } = fazt.app;
    kv.set('k', [1], { ttl: 60000 });
    const id = ds.insert('c', { age: 20, home: { town: 'Ulm' }, n: 1 });
    ds.insertMany('c', [{ age: 5 }, { age: 30 }]);
    ds.update('c', id, { seen: true, $inc: { n: 2 } });
    s3.put('a/b.txt', 'text', { type: 'text/plain' });
    tx(() => { kv.incr('n', 2); kv.cas('n', 2, 5) });
    const all = ds.find('c', {}, { sort: '-age', limit: 2, fields: ['age'] });
    return {
        listed: kv.list('k')[0].key, n: kv.get('n'), none: kv.get('x') === undefined,
        found: ds.find('c', { age: { $gte: 18 }, 'home.town': 'Ulm' })[0].n,
        one: ds.findOne('c', id).seen, ages: all.map(d => d.age), more: typeof all.cursor,
        replaced: ds.replace('c', id, { age: 21 }), distinct: ds.distinct('c', 'age'),
        deleted: [ds.delete('c', id), kv.delete('k')], count: ds.count('c'),
        object: [s3.head('a/b.txt').size, s3.get('a/b.txt').data.length, s3.list().length],
        url: s3.url('a/b.txt').startsWith('/_fazt/s3/'), user: fazt.auth.getUser(),
        env: fazt.env.get('GREETING'), file: fazt.private.read('x.txt'),
    };
}";

#[tokio::test]
async fn what_the_guide_to_functions_says_holds() {
    let node = TestNode::start().await;
    let guide = Guide::named("functions").expect("a guide").text();
    let shown = guide.split("```js\n").nth(1).and_then(|rest| rest.split("```").next());
    let shown = shown.expect("a function is shown");
    node.deploy(
        "site",
        &[
            ("manifest.json", r#"{ "env": { "GREETING": "hi" } }"#),
            ("_redirects", "/  /api/page  200\n"),
            ("private/x.txt", "kept"),
            ("api/notes/index.js", shown),
            ("api/notes/[id].js", "export default (req) => ({ id: req.params.id })"),
            ("api/docs/[...path].ts", "export default (req: any): string => req.params.path"),
            ("api/page.js", "import { page } from './_lib/page'; export default () => page"),
            ("api/_lib/page.js", "export const page = '<p>made</p>'"),
            ("api/stores.js", STORES),
            ("api/nothing.js", "export default () => {}"),
            ("api/login.js", "export default () => fazt.auth.requireLogin()"),
            (
                "api/fetch.js",
                "export default () => fetch('https://example.com/').then(() => 'reached',
                    () => 'refused')",
            ),
            ("api/fails.js", "export default () => { throw new Error('secret') }"),
            (
                "api/form.js",
                "export function POST(req) { const [f] = req.files; return { status: 201, body:
                    [req.body.a, f.name, f.filename, f.type, f.size, f.data.length] } }",
            ),
        ],
    )
    .await;
    let host = "site.localhost";
    for (path, status, part) in [
        ("/", 200, "<p>made</p>"),
        ("/api/notes", 200, r#"{"notes":[]}"#),
        ("/api/notes/42", 200, r#"{"id":"42"}"#),
        ("/api/docs/a/b", 200, "a/b"),
        ("/api/_lib/page", 404, ""),
        ("/api/nothing", 204, ""),
        ("/api/login", 401, "UNAUTHORIZED"),
        ("/api/fetch", 200, "refused"),
        ("/api/fails", 500, "request_id"),
    ] {
        let answer = node.get(host, path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert!(answer.text().contains(part) && !answer.text().contains("secret"), "{path}");
    }
    assert!(node.get(host, "/").await.header("content-type").starts_with("text/html"));
    let post = async |body: &str| {
        let request = node.request(Method::POST, "/api/notes").header("host", host);
        let request = request.header("content-type", "application/json").body(body.to_owned());
        Answer::of(request).await
    };
    for n in 1..=60 {
        let made = post(r#"{"text":"a note"}"#).await;
        assert_eq!((made.status.as_u16(), &made.json()["total"]), (201, &json!(n)));
    }
    assert_eq!(post(r#"{"text":" "}"#).await.status, 422);
    assert_eq!(post("nonsense").await.status, 422);
    let page = node.get(host, "/api/notes").await.json();
    assert_eq!(page["notes"].as_array().map(Vec::len), Some(50));
    let next = format!("/api/notes?cursor={}", page["next"].as_str().expect("there is more"));
    let rest = node.get(host, &next).await.json();
    assert_eq!((rest["notes"].as_array().map(Vec::len), &rest["next"]), (Some(10), &Value::Null));
    assert_eq!(node.ask(Method::PUT, host, "/api/notes", &[]).await.status, 405);
    let part = reqwest::multipart::Part::bytes(vec![1, 2]).file_name("x.bin");
    let form = reqwest::multipart::Form::new().text("a", "b");
    let form = form.part("f", part.mime_str("image/x-y").expect("a type"));
    let request = node.request(Method::POST, "/api/form").header("host", host).multipart(form);
    let sent = Answer::of(request).await;
    assert_eq!(
        (sent.status.as_u16(), sent.json()),
        (201, json!(["b", "f", "x.bin", "image/x-y", 2, 2]))
    );
    assert_eq!(
        node.get(host, "/api/stores").await.json(),
        json!({
            "listed": "k", "n": 5, "none": true, "found": 3, "one": true, "ages": [30, 20],
            "more": "string", "replaced": true, "distinct": [5, 21, 30], "deleted": [1, true],
            "count": 2, "object": [4, 4, 1], "url": true, "user": null, "env": "hi", "file": "kept",
        })
    );
}

/// The `fazt` commands of a page, in its blocks and between backquotes, as words.
fn commands_of(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\\\n ", "");
    let (mut inside, mut lines) = (false, Vec::new());
    for line in text.lines() {
        if line.starts_with("```") {
            inside = !inside && line == "```sh";
        } else if inside {
            lines.push(line);
        } else {
            lines.extend(line.split('`').skip(1).step_by(2));
        }
    }
    let lines = lines.into_iter().filter(|line| line.starts_with("fazt "));
    let words = |line: &str| line.split_whitespace().map(ToOwned::to_owned).collect();
    lines.map(words).collect()
}

#[test]
fn every_command_that_a_page_names_is_one() {
    let pages = skills::files(Target::Any).into_iter().chain(plugin::files());
    let mut seen = 0;
    for (path, text) in
        pages.filter(|(path, _)| Path::new(path).extension().is_some_and(|kind| kind == "md"))
    {
        for mut words in commands_of(&text) {
            words.retain(|word| !word.starts_with('@'));
            let mut at = &fazt::faces::cli::commands();
            for word in &words[1..] {
                let Some(below) = at.find_subcommand(word) else { break };
                at = below;
                seen += 1;
            }
            assert!(at.get_name() != "fazt", "{path}: `{}` is no command", words.join(" "));
            assert!(!at.is_subcommand_required_set(), "{path}: `{}` lacks a word", words.join(" "));
            for option in words.iter().filter_map(|word| word.strip_prefix("--")) {
                let option = option.split('=').next().unwrap_or(option);
                let own = at.get_arguments().any(|arg| arg.get_long() == Some(option));
                let everywhere = fazt::faces::cli::commands();
                let global = everywhere.get_arguments().any(|arg| arg.get_long() == Some(option));
                assert!(own || global, "{path}: `{}`: --{option}", words.join(" "));
            }
        }
    }
    assert!(seen > 50, "hardly any command was read: {seen}");
}

#[test]
fn a_page_calls_only_tools_that_agents_may_use() {
    for skill in skills::skills() {
        for tool in skill.tools() {
            let spec = specs().iter().find(|spec| spec.name == tool).expect(tool);
            assert!(spec.agent, "{} calls {tool}, which MCP does not offer", skill.name);
        }
        assert!(skill.parts.iter().any(|part| matches!(part, Part::Call(_))));
    }
}

#[tokio::test]
async fn skills_are_listed_and_shown_without_a_database() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = async |arguments: &[&str]| crate::harness::cli(folder.path(), arguments).await;
    let listed = run(&["--json", "skills", "list"]).await.json();
    let names: Vec<Value> = skills::skills().iter().map(|skill| skill.name.into()).collect();
    let found = listed["skills"].as_array().expect("a list").iter();
    assert_eq!(found.map(|skill| skill["name"].clone()).collect::<Vec<Value>>(), names);
    let shown = run(&["skills", "show", "fazt-deploy"]).await;
    let page = Skill::named("fazt-deploy").expect("a skill").page(Target::Any);
    assert_eq!((shown.code, shown.stdout), (0, page));
    let guide = run(&["skills", "show", "fazt-app", "references/app.md"]).await;
    assert_eq!(guide.stdout, Guide::named("app").expect("a guide").text());
    let near = run(&["skills", "show", "fazt-deplyo"]).await;
    assert_eq!(near.code, 1);
    assert!(near.stderr.contains("did you mean `fazt-deploy`?"), "{near:?}");
    let near = run(&["skills", "show", "fazt-app", "reference/app.md"]).await;
    assert!(near.stderr.contains("did you mean `references/app.md`?"), "{near:?}");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

/// Runs `fazt skills install` in `project`, with its home in `home`.
async fn install(home: &Path, project: &Path, more: &[&str]) -> Done {
    let mut command = program(home);
    command.args(["skills", "install"]).args(more).current_dir(project);
    let output = command.output().await.expect("the program runs");
    Done {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[tokio::test]
async fn an_installation_repeats_itself_and_spares_what_is_not_its_own() {
    let (home, project) = (tempfile::tempdir().expect("made"), tempfile::tempdir().expect("made"));
    let (home, project) = (home.path(), project.path());
    let here = project.join(".claude/skills");
    let page = here.join("fazt-deploy/SKILL.md");
    let first = install(home, project, &[]).await;
    assert_eq!(first.code, 0, "{first:?}");
    assert!(first.stdout.contains("fazt-deploy/SKILL.md"), "it says what it wrote: {first:?}");
    let made = fs::read_to_string(&page).expect("there");
    assert_eq!(made, Skill::named("fazt-deploy").expect("a skill").page(Target::Any));
    assert!(here.join("fazt-app/references/app.md").exists());
    let second = install(home, project, &["--json"]).await.json();
    assert_eq!((&second["written"], &second["removed"]), (&json!([]), &json!([])));
    assert_eq!(second["unchanged"], skills::files(Target::Any).len());

    // What was changed is not fazt's any more.
    fs::write(&page, "mine").expect("written");
    fs::remove_file(here.join("fazt-app/SKILL.md")).expect("removed");
    let refused = install(home, project, &[]).await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("fazt-deploy/SKILL.md") && refused.stderr.contains("--force"));
    assert_eq!(fs::read_to_string(&page).expect("there"), "mine");
    assert!(!here.join("fazt-app/SKILL.md").exists(), "a refusal writes nothing");
    assert_eq!(install(home, project, &["--force"]).await.code, 0);
    assert_eq!(fs::read_to_string(&page).expect("there"), made);

    // A skill of somebody else's beside them stays.
    fs::create_dir(here.join("mine")).expect("made");
    fs::write(here.join("mine/SKILL.md"), "mine").expect("written");
    assert_eq!(install(home, project, &[]).await.code, 0);
    assert_eq!(fs::read_to_string(here.join("mine/SKILL.md")).expect("there"), "mine");

    let user = install(home, project, &["--user"]).await;
    assert_eq!(user.code, 0, "{user:?}");
    assert!(home.join(".claude/skills/fazt-start/SKILL.md").exists());
    assert_eq!(install(home, project, &["--user", "--project"]).await.code, 2);
}

#[tokio::test]
async fn a_plugin_is_written_whole() {
    let (home, project) = (tempfile::tempdir().expect("made"), tempfile::tempdir().expect("made"));
    let done = install(home.path(), project.path(), &["--plugin", "plug"]).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains("claude plugin marketplace add ./plug"), "{done:?}");
    let folder = project.path().join("plug");
    let read = |path: &str| fs::read_to_string(folder.join(path)).expect(path);
    let manifest: Value = serde_json::from_str(&read(".claude-plugin/plugin.json")).expect("JSON");
    let market: Value =
        serde_json::from_str(&read(".claude-plugin/marketplace.json")).expect("JSON");
    assert_eq!(manifest["name"], market["plugins"][0]["name"]);
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(read("LICENSE"), fs::read_to_string("LICENSE").expect("there"));
    assert!(read("README.md").split_whitespace().count() >= 40);
    let page = read("skills/fazt-apps/SKILL.md");
    assert!(page.contains("mcp__plugin_fazt_fazt__list_apps"), "{page}");
    assert!(!page.contains("fazt__delete_app") && !page.contains("fazt__undo"), "{page}");
    let again = install(home.path(), project.path(), &["--plugin", "plug", "--json"]).await.json();
    assert_eq!(again["written"], json!([]));
}

#[test]
fn every_guide_is_reached_from_a_skill() {
    for guide in guides() {
        let reached = skills::skills().iter().any(|skill| skill.references.contains(&guide.topic));
        assert!(reached, "no skill leads to the guide `{}`", guide.topic);
    }
}
