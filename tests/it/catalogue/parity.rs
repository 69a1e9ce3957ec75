//! Every tool answers the same through every face.
//!
//! Three nodes are prepared alike and go through the same calls in step: one is
//! asked over HTTP, one by the real program, one as a peer. Only what must differ
//! is masked: ids, secrets, ports, sizes of the process.

use std::fmt::Write as _;

use fazt::peers::Peer;
use fazt_tools::{Caller, Face, Spec, dispatch, specs};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    harness::{TestNode, cli},
    oauth::grant_to,
};

/// A tool, its input, and the same as a command line.
struct Row {
    tool: &'static str,
    input: Value,
    command: &'static str,
}

fn row(tool: &'static str, input: Value, command: &'static str) -> Row {
    Row { tool, input, command }
}

/// A function that answers, logs and counts.
const SUM: &str = "export default (req) => { console.warn('careful'); \
    return { n: fazt.app.kv.incr('n', 1), by: req.method } }";

/// One call of every tool at least, in an order that each finds what it needs.
#[expect(clippy::too_many_lines, reason = "a table has a row for each tool")]
fn rows() -> Vec<Row> {
    let page = json!([{ "path": "index.html", "content": "<h1>Hello</h1>\n" }]);
    let hash = blake3::hash(b"<h1>Hello</h1>\n").to_hex();
    let tree = json!([{ "path": "index.html", "hash": hash.as_str(), "size": 15 }]);
    let script = json!([{ "path": "api/sum.js", "content": SUM }]);
    vec![
        row(
            "plan_deploy",
            json!({ "app": "hello", "tree": tree }),
            "deploy SITE --name hello --dry-run",
        ),
        row("deploy", json!({ "app": "hello", "files": page }), "deploy SITE --name hello"),
        row("deploy", json!({ "app": "hello", "files": page }), "deploy SITE --name hello"),
        row(
            "deploy",
            json!({ "app": "hello", "files": [], "tree": tree, "spa": true, "preview": true, "message": "new" }),
            "deploy SITE --name hello --spa=true --preview -m new",
        ),
        row("promote", json!({ "app": "hello", "version": 2 }), "promote hello 2"),
        row("promote", json!({ "app": "hello" }), "rollback hello"),
        row("list_apps", json!({ "limit": 1 }), "apps --limit 1"),
        row("get_app", json!({ "app": "hello" }), "app hello"),
        row("list_files", json!({ "app": "hello", "against": 2 }), "files hello --against 2"),
        row(
            "read_file",
            json!({ "app": "hello", "path": "index.html", "limit": 4 }),
            "cat hello index.html --limit 4",
        ),
        row(
            "fetch_test",
            json!({ "url": "http://hello.localhost/", "expect_body": "Hello", "headers": ["Accept: text/html"] }),
            "fetch-test http://hello.localhost/ --expect-body Hello -H Accept:text/html",
        ),
        row("deploy", json!({ "app": "sum", "files": script }), "deploy SUM --name sum"),
        row(
            "run_function",
            json!({ "app": "sum", "path": "/api/sum?x=1", "body": { "n": 2 }, "headers": ["X-A: b"] }),
            r#"run sum /api/sum?x=1 --body {"n":2} -H X-A:b"#,
        ),
        row(
            "read_logs",
            json!({ "app": "sum", "level": "warn", "text": "careful" }),
            "logs sum --level warn --text careful",
        ),
        row("explain_request", json!({ "id": "REQUEST" }), "why REQUEST"),
        row(
            "configure_app",
            json!({ "app": "hello", "add_hosts": ["hi"] }),
            "config hello --add-host hi",
        ),
        row(
            "edit_data",
            json!({ "app": "hello", "kind": "ds", "coll": "posts", "set": { "p1": { "n": 1 }, "p2": { "n": 2 } } }),
            r#"edit-data hello ds --coll posts --set {"p1":{"n":1},"p2":{"n":2}}"#,
        ),
        row(
            "query_data",
            json!({ "app": "hello", "kind": "ds", "coll": "posts", "query": { "n": { "$gte": 1 } }, "sort": "-n", "limit": 1 }),
            r#"data hello ds --coll posts --query {"n":{"$gte":1}} --sort=-n --limit 1"#,
        ),
        row("query_data", json!({ "app": "hello" }), "data hello"),
        row(
            "set_alias",
            json!({ "name": "old", "redirect": "https://example.org/", "status": 302 }),
            "alias set old --redirect https://example.org/ --status 302",
        ),
        row("list_aliases", json!({}), "alias list"),
        row("remove_alias", json!({ "name": "old" }), "alias remove old -y"),
        row(
            "create_token",
            json!({ "name": "ci", "preset": "viewer", "apps": ["hello"], "days": 3, "budget": 9, "approval": "human" }),
            "token create ci --preset viewer --app hello --days 3 --budget 9 --approval human",
        ),
        row("list_tokens", json!({}), "token list"),
        row("revoke_token", json!({ "name": "ci" }), "token revoke ci -y"),
        row("list_grants", json!({}), "grant list"),
        row("revoke_grant", json!({ "grant": 1 }), "grant revoke 1 -y"),
        row(
            "add_peer",
            json!({ "name": "other", "url": "URL", "token": "TOKEN" }),
            "remote add other --url URL --token TOKEN",
        ),
        row("list_peers", json!({}), "remote list"),
        row("set_default_peer", json!({ "name": "other" }), "remote default other"),
        row("remove_peer", json!({ "name": "other" }), "remote remove other -y"),
        row(
            "set_setting",
            json!({ "key": "domain", "value": "zyt.app" }),
            "server config set domain zyt.app",
        ),
        row("list_settings", json!({ "key": "domain" }), "server config get domain"),
        row("list_approvals", json!({ "limit": 1 }), "approvals --limit 1"),
        row("approve", json!({ "id": 1 }), "approve 1"),
        row("deny", json!({ "id": 2 }), "deny 2"),
        row("list_approvals", json!({ "all": true }), "approvals --all"),
        row(
            "allow_fetch",
            json!({ "host": "api.example.com", "app": "hello", "rate": 60 }),
            "net allow api.example.com --app hello --rate 60",
        ),
        row("list_fetch_rules", json!({ "app": "hello" }), "net list --app hello"),
        row(
            "remove_fetch_rule",
            json!({ "host": "api.example.com", "app": "hello" }),
            "net remove api.example.com --app hello -y",
        ),
        row("list_fetches", json!({ "limit": 1 }), "net logs --limit 1"),
        row("fetch_stats", json!({}), "net stats"),
        row(
            "set_secret",
            json!({ "name": "KEY", "value": "hush-hush", "hosts": ["api.example.com"] }),
            "secret set KEY --host api.example.com --file VALUE",
        ),
        row("list_secrets", json!({}), "secret list"),
        row("rekey_secrets", json!({}), "secret rekey"),
        row("remove_secret", json!({ "name": "KEY" }), "secret remove KEY -y"),
        row("delete_app", json!({ "app": "hello" }), "delete hello -y"),
        row("undo", json!({ "change": 7, "force": true }), "undo 7 --force"),
        row("list_changes", json!({ "limit": 50 }), "changes --limit 50"),
        row("status", json!({}), "status"),
    ]
}

#[test]
fn every_tool_has_a_row_here_and_in_the_table_of_access() {
    let rows = rows();
    for spec in specs() {
        let compared = rows.iter().any(|row| row.tool == spec.name);
        assert!(compared, "nobody compares the answers of {}", spec.name);
        let guarded = crate::access::SCOPES.iter().any(|(tool, _)| *tool == spec.name);
        assert!(guarded, "nobody says who may use {}", spec.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_face_gives_the_same_answer() {
    let site = tempfile::tempdir().expect("a folder");
    std::fs::write(site.path().join("index.html"), "<h1>Hello</h1>\n").expect("written");
    let value = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(value.path(), "hush-hush\n").expect("written");
    let other = TestNode::start().await;
    let (there, token) = (format!("http://{}", other.address()), other.owner_token());
    let sum = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(sum.path().join("api")).expect("made");
    std::fs::write(sum.path().join("api/sum.js"), SUM).expect("written");
    let fill = |text: &str| {
        let text = text.replace("SITE", &site.path().display().to_string());
        let text = text.replace("SUM", &sum.path().display().to_string());
        let text = text.replace("VALUE", &value.path().display().to_string());
        text.replace("URL", &there).replace("TOKEN", &token)
    };
    // What was run last on each, by the node's own name for it.
    let last = async |node: &TestNode, text: &str| {
        if !text.contains("REQUEST") {
            return text.to_owned();
        }
        let lines = node.call(Method::GET, "/api/apps/sum/logs", None).await.data();
        text.replace("REQUEST", lines["lines"][0]["request"].as_str().expect("one was run"))
    };
    let (http, program, peer) = (start().await, start().await, start().await);
    let as_peer = format!("http://{}", peer.address());
    let as_peer = Peer::new("there", &as_peer, &peer.owner_token()).expect("an address");
    for row in rows() {
        let spec = specs().iter().find(|spec| spec.name == row.tool).expect(row.tool);
        let text = fill(&row.input.to_string());
        let input =
            async |node| -> Value { serde_json::from_str(&last(node, &text).await).expect("JSON") };
        let over_http = masked(call(&http, spec, input(&http).await).await);
        let caller = Caller::owner(Face::Http);
        let by_peer = dispatch(&as_peer, &caller, row.tool, input(&peer).await).await;
        let by_peer = masked(by_peer.unwrap_or_else(|problem| panic!("{}: {problem}", row.tool)));
        assert_eq!(over_http, by_peer, "`{}` over HTTP and as a peer", row.tool);
        let command = format!("--json {}", last(&program, &fill(row.command)).await);
        let command: Vec<&str> = command.split(' ').collect();
        let done = cli(program.folder.path(), &command).await;
        let by_program = masked(done.json());
        assert_eq!(over_http, by_program, "`{}` over HTTP and as `fazt {}`", row.tool, row.command);
        let fits = super::schema::misfits(&(spec.output)(), &done.json());
        assert_eq!(fits, [""; 0], "the output of {} breaks its own schema", row.tool);
    }
}

async fn start() -> TestNode {
    let node = TestNode::start().await;
    node.deploy("first", &[("index.html", "first")]).await;
    // Two calls that wait for a person.
    let wish = json!({ "name": "bot", "preset": "agent", "approval": "human" });
    let bot = node.call(Method::POST, "/api/tokens", Some(wish)).await.data();
    for app in ["second", "third"] {
        node.deploy(app, &[("index.html", app)]).await;
    }
    for app in ["second", "third"] {
        let (bot, path) = (bot["token"].as_str().expect("a token"), format!("/api/apps/{app}"));
        node.call_as(bot, Method::DELETE, &path, None).await.code();
    }
    grant_to(&node, "Claude Code").await;
    node
}

/// Calls a tool as its route says.
pub(super) async fn call(node: &TestNode, spec: &Spec, input: Value) -> Value {
    let Value::Object(mut rest) = input else { panic!("an input is an object") };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let mut path = spec.route.path.replace("{*", "{");
    for field in spec.route.fields() {
        let value = rest.remove(field).unwrap_or_else(|| panic!("{} needs {field}", spec.name));
        path = path.replace(&format!("{{{field}}}"), &text(&value));
    }
    let method = spec.route.method.as_str().parse().expect("a method");
    if spec.route.takes_query() {
        for (n, (name, value)) in rest.iter().enumerate() {
            let _ = write!(path, "{}{name}={}", if n == 0 { '?' } else { '&' }, text(value));
        }
        return node.call(method, &path, None).await.data();
    }
    assert_ne!(spec.route.method, fazt_tools::Method::Get);
    node.call(method, &path, Some(Value::Object(rest))).await.data()
}

/// Replaces what must differ between two nodes or two calls.
fn masked(mut value: Value) -> Value {
    mask(&mut value);
    value
}

fn mask(value: &mut Value) {
    const DIFFER: &[&str] = &[
        "id",
        "request",
        "token",
        "face",
        "ms",
        "cpu_ms",
        "peak_bytes",
        "memory_bytes",
        "disk_free_bytes",
        "database",
        "cache",
        "queues",
    ];
    match value {
        Value::Object(fields) => {
            // A program need not say what it is called.
            fields.remove("client");
            for (name, value) in fields {
                // The number of a change is the same everywhere, that of an app is not.
                if DIFFER.contains(&name.as_str()) && !(name == "id" && value.is_number()) {
                    *value = "…".into();
                } else {
                    mask(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::String(text) => {
            if let Some((before, after)) = text.rsplit_once(':')
                && after.starts_with(|c: char| c.is_ascii_digit())
                && text.starts_with("http://")
            {
                *text = format!("{before}:PORT");
            }
        }
        _ => {}
    }
}
