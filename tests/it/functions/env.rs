//! `fazt.env`, `fazt.private`, and what a script knows of its app.

use reqwest::Method;
use serde_json::{Value, json};

use super::{deploy, js, runner, runner_with, thrown};
use crate::harness::{Answer, TestNode};

async fn configure(node: &TestNode, wish: Value) -> Answer {
    node.call(Method::PATCH, "/api/apps/hello/config", Some(wish)).await
}

const READ: &str = "return [fazt.env.GREETING ?? null, fazt.env.get('GREETING', 'other'),
    fazt.env.has('GREETING'), Object.keys(fazt.env)]";

#[tokio::test]
async fn the_owners_values_hold_at_once_and_until_they_are_undone() {
    let node = runner().await;
    assert_eq!(js(&node, READ).await, json!([null, "other", false, []]));
    let set = configure(&node, json!({ "env": { "GREETING": "hi", "b": "" } })).await.data();
    assert_eq!(set["env"], json!(["GREETING", "b"]));
    assert_eq!(js(&node, READ).await, json!(["hi", "hi", true, ["GREETING", "b"]]));
    let change = set["change"].as_i64().expect("a change");
    let shown = node.call(Method::GET, "/api/apps/hello", None).await;
    assert_eq!(shown.data()["env"], json!(["GREETING", "b"]));
    let ledger = node.call(Method::GET, "/api/changes", None).await;
    assert!(!String::from_utf8_lossy(&ledger.body).contains("\"hi\""), "values are not told");
    let again = configure(&node, json!({ "env": { "GREETING": "hi" } })).await.data();
    assert_eq!(again["change"], json!(null));
    configure(&node, json!({ "env": { "GREETING": "hello", "b": null } })).await.data();
    assert_eq!(js(&node, READ).await, json!(["hello", "hello", true, ["GREETING"]]));
    let undo = async |change: i64, force: bool| {
        let input = json!({ "force": force });
        node.call(Method::POST, &format!("/api/changes/{change}/undo"), Some(input)).await
    };
    assert_eq!(undo(change, false).await.code(), "CONFLICT");
    undo(change, true).await.data();
    assert_eq!(js(&node, READ).await, json!([null, "other", false, []]));
    // Nothing of it is lost with the process.
    configure(&node, json!({ "env": { "GREETING": "kept" } })).await.data();
    let node = TestNode::start_in(node.stop().await, &[]).await;
    assert_eq!(js(&node, READ).await, json!(["kept", "kept", true, ["GREETING"]]));
}

#[tokio::test]
async fn what_is_no_name_or_too_long_is_refused() {
    let node = runner().await;
    for env in [
        json!({ "1A": "x" }),
        json!({ "A-B": "x" }),
        json!({ "": "x" }),
        json!({ "A": "x".repeat(9_000) }),
        json!({ "A": 5 }),
    ] {
        let answer = configure(&node, json!({ "env": env })).await;
        assert_eq!(answer.code(), "VALIDATION_FAILED", "{env}");
    }
    let many: serde_json::Map<_, _> = (0..101).map(|n| (format!("V{n}"), "x".into())).collect();
    assert_eq!(configure(&node, json!({ "env": many })).await.code(), "TOO_LARGE");
    assert_eq!(js(&node, READ).await[3], json!([]));
}

#[tokio::test]
async fn the_command_sets_and_removes_values() {
    let node = runner().await;
    let set = node.cli(&["config", "hello", "--env", "GREETING=a=b", "--env", "C=1"]).await;
    assert_eq!(set.code, 0, "{set:?}");
    assert_eq!(js(&node, READ).await, json!(["a=b", "a=b", true, ["C", "GREETING"]]));
    let unset = node.cli(&["config", "hello", "--unset-env", "C"]).await;
    assert_eq!(unset.code, 0, "{unset:?}");
    assert_eq!(js(&node, READ).await[3], json!(["GREETING"]));
    let wrong = node.cli(&["config", "hello", "--env", "GREETING"]).await;
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(wrong.stderr.contains("NAME=VALUE"), "{wrong:?}");
}

#[tokio::test]
async fn a_manifest_gives_values_that_the_owners_go_before() {
    let manifest = r#"{ "name": "hello", "env": { "GREETING": "from the file", "C": "1" } }"#;
    let node = runner_with(&[("manifest.json", manifest)]).await;
    assert_eq!(
        js(&node, READ).await,
        json!(["from the file", "from the file", true, ["C", "GREETING"]])
    );
    configure(&node, json!({ "env": { "GREETING": "the owner's" } })).await.data();
    assert_eq!(js(&node, READ).await[0], "the owner's");
    let names = r#"{ "name": "hello", "env": ["GREETING", "D"] }"#;
    deploy(&node, &[("manifest.json", names)]).await;
    assert_eq!(js(&node, READ).await[3], json!(["GREETING"]), "a name alone sets nothing");
    let bad = json!({ "app": "hello", "files": [
        { "path": "manifest.json", "content": "{ \"env\": { \"A B\": \"1\" } }" },
    ] });
    let refused = node.call(Method::POST, "/api/deploy", Some(bad)).await;
    assert_eq!(refused.code(), "BAD_MANIFEST");
}

#[tokio::test]
async fn the_environment_is_no_place_to_leave_things() {
    let node = runner().await;
    configure(&node, json!({ "env": { "A": "1", "get": "mine" } })).await.data();
    let value = js(
        &node,
        "
        try { fazt.env.A = '2' } catch {}
        try { fazt.env.B = '2' } catch {}
        return [fazt.env.A, fazt.env.B ?? null, fazt.env.toString ?? null, fazt.env.get('get'),
            fazt.env.get('toString') ?? null];
    ",
    )
    .await;
    assert_eq!(value, json!(["1", null, null, "mine", null]));
    assert_eq!(thrown(&node, "fazt.env.get()").await.0, "VALIDATION_FAILED");
}

#[tokio::test]
async fn a_script_knows_its_app_and_reads_its_private_files() {
    let node = runner_with(&[
        ("private/users.json", "{\"ann\": 1}"),
        ("private/deep/note.txt", "grüße"),
        ("private/broken.json", "{"),
    ])
    .await;
    let value = js(
        &node,
        "
        const p = fazt.private;
        return {
            app: [fazt.app.id.slice(0, 4), fazt.app.name, fazt.app.version, fazt.app.domain],
            json: p.readJSON('users.json'), text: p.read('/deep/note.txt'),
            named: p.read('private/deep/note.txt'), bytes: p.readBytes('users.json').length,
            none: [p.read('x') ?? null, p.readJSON('x') ?? null, p.exists('x')],
            there: p.exists('users.json'), list: p.list(), some: p.list('deep/'),
            out: p.read('../index.html') ?? null,
        };
    ",
    )
    .await;
    assert_eq!(
        value,
        json!({
            "app": ["app_", "hello", 1, "localhost"], "json": { "ann": 1 }, "text": "grüße",
            "named": "grüße", "bytes": 10, "none": [null, null, false], "there": true,
            "list": ["broken.json", "deep/note.txt", "users.json"], "some": ["deep/note.txt"],
            "out": null,
        })
    );
    let (_, text) = thrown(&node, "fazt.private.readJSON('broken.json')").await;
    assert!(text.contains("broken.json"), "{text}");
}

#[tokio::test]
async fn the_owner_gives_an_app_budgets_of_its_own() {
    let node = runner().await;
    let slow = "await new Promise(done => setTimeout(done, 400)); return 'done'";
    assert_eq!(js(&node, slow).await, "done");
    let set = configure(&node, json!({ "limits": { "wall_ms": 150, "memory_mb": 128 } })).await;
    assert_eq!(set.data()["limits"], json!({ "wall_ms": 150, "memory_mb": 128 }));
    let answer = super::send(&node, "/api/run", slow).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (504, "FUNCTION_TIMEOUT"));
    let one = configure(&node, json!({ "limits": { "wall_ms": 0 } })).await.data();
    assert_eq!(one["limits"], json!({ "memory_mb": 128 }));
    assert_eq!(js(&node, slow).await, "done");
    let large = "return new Array(90).fill(0).map(() => new Uint8Array(1 << 20)).length";
    assert_eq!(js(&node, large).await, 90);
    let change = one["change"].as_i64().expect("a change");
    let undo = format!("/api/changes/{change}/undo");
    node.call(Method::POST, &undo, Some(json!({}))).await.data();
    assert_eq!(configure(&node, json!({})).await.data()["limits"]["wall_ms"], 150);
    for limits in [json!({ "wall_ms": 99 }), json!({ "memory_mb": 513 }), json!({ "disk": 1 })] {
        let answer = configure(&node, json!({ "limits": limits })).await;
        assert_eq!(answer.code(), "VALIDATION_FAILED", "{limits}");
    }
    // Who may deploy may not, not even by undoing.
    let wish = json!({ "name": "bot", "preset": "deployer" });
    let made = node.call(Method::POST, "/api/tokens", Some(wish)).await.data();
    let bot = made["token"].as_str().expect("a token").to_owned();
    let wish = json!({ "limits": { "wall_ms": 60_000 } });
    for (method, path, body) in [
        (Method::PATCH, "/api/apps/hello/config", wish),
        (Method::POST, undo.as_str(), json!({ "force": true })),
    ] {
        let answer = node.call_as(&bot, method, path, Some(body)).await;
        assert_eq!(answer.code(), "FORBIDDEN", "{path}");
    }
    let told = node.cli(&["config", "hello", "--wall-ms", "0", "--memory-mb", "0"]).await;
    assert_eq!(told.code, 0, "{told:?}");
    assert_eq!(configure(&node, json!({})).await.data().get("limits"), None);
}
