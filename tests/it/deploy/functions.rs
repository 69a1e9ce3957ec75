//! Scripts under `api/`: what is refused, with its place, and what an app shows of them.

use reqwest::Method;
use serde_json::{Value, json};

use super::archive::zip;
use crate::harness::{Answer, TestNode};

async fn deploy(node: &TestNode, files: &[(&str, &str)]) -> Answer {
    let files: Vec<Value> =
        files.iter().map(|(path, text)| json!({ "path": path, "content": text })).collect();
    let input = json!({ "app": "hello", "files": files });
    node.call(Method::POST, "/api/deploy", Some(input)).await
}

const BROKEN: &[(&str, &str)] = &[
    ("index.html", "hello"),
    (
        "api/hello.ts",
        "import { greet } from './_lib/greet'\n\nexport function GET( {\n  return greet()\n}\n",
    ),
    ("api/_lib/greet.js", "import pad from 'left-pad'\nexport const greet = () => pad('hi')\n"),
];

#[tokio::test]
async fn a_script_that_cannot_be_read_refuses_the_deploy_with_file_line_and_column() {
    let node = TestNode::start().await;
    let answer = deploy(&node, BROKEN).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "BAD_FUNCTION"));
    let error = &answer.json()["error"];
    let problems = error["details"]["problems"].as_array().expect("a list").clone();
    let places: Vec<_> = problems
        .iter()
        .map(|one| {
            (one["file"].as_str().expect("a file"), one["line"].clone(), one["column"].clone())
        })
        .collect();
    let expected =
        [("api/_lib/greet.js", json!(1), json!(17)), ("api/hello.ts", json!(4), json!(10))];
    assert_eq!(places, expected, "{problems:#?}");
    let message = error["message"].as_str().expect("a message");
    assert!(message.starts_with("api/_lib/greet.js:1:17: `left-pad` is no bundled"), "{message}");
    assert!(
        message.contains("> 1 | import pad from 'left-pad'\n    |                 ^"),
        "{message}"
    );
    assert!(error["hint"].as_str().expect("a hint").contains("api/hello.ts:4:10"), "{error}");
    assert_eq!(node.call(Method::GET, "/api/apps", None).await.data()["total"], 0);
    // The same by ZIP, and as a folder of the command's.
    let request = node.request(Method::POST, "/api/deploy?app=hello");
    let request = request.bearer_auth(node.owner_token());
    let request = request.header("content-type", "application/zip").body(zip(BROKEN));
    assert_eq!(Answer::of(request).await.code(), "BAD_FUNCTION");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("api/_lib")).expect("made");
    for (path, text) in BROKEN {
        std::fs::write(folder.path().join(path), text).expect("written");
    }
    let path = folder.path().to_str().expect("a plain path");
    let done = node.cli(&["deploy", path, "--name", "hello"]).await;
    assert_eq!(done.code, 1, "{done:?}");
    for part in
        ["api/_lib/greet.js:1:17: ", "> 1 | import pad from 'left-pad'", "api/hello.ts:4:10"]
    {
        assert!(done.stderr.contains(part), "{part}: {}", done.stderr);
    }
}

#[tokio::test]
async fn each_fault_is_told_where_it_is() {
    let node = TestNode::start().await;
    let large = format!("/*{}*/", " ".repeat(900_000));
    for (files, place) in [
        (&[("api/a.js", "let x = 1\nlet x = 2\n")][..], "api/a.js:2:5: "),
        (&[("api/a.js", "export default () => <b/>")], "api/a.js:1:22: functions have no JSX"),
        (&[("api/a.tsx", "export default () => <b/>")], "api/a.tsx:1:22: functions have no JSX"),
        (&[("api/a.js", "import '../../secret.js'")], "api/a.js:1:8: `../../secret.js` leads out"),
        (&[("api/a.js", "const fs = require('fs')")], "api/a.js:1:20: `fs` is a module of Node.js"),
        (&[("api/a.js", "import('./b.js')")], "api/a.js:1:8: there is no `api/b.js` in the app"),
        (&[("api/a.js", "import x from '/x.json'"), ("x.json", "{\"a\": 1,}")], "x.json:1:9: "),
        (&[("api/a.js", "1"), ("api/a.ts", "2")], "api/a.ts: this and `api/a.js` both answer"),
        (&[("api/[id/x.js", "1")], "api/[id/x.js: `[id` is no name of a route"),
        (&[("api/a.js", &large), ("api/b.js", "(")], "api/b.js:1:2: "),
    ] {
        let answer = deploy(&node, files).await;
        assert_eq!(answer.code(), "BAD_FUNCTION", "{place}: {}", answer.text());
        let error = answer.json()["error"].clone();
        let message = error["message"].as_str().expect("a message");
        assert!(message.starts_with(place), "{place}: {message}");
    }
    assert_eq!(node.call(Method::GET, "/api/apps", None).await.data()["total"], 0);
}

#[tokio::test]
async fn an_app_shows_the_functions_of_its_live_version() {
    let node = TestNode::start().await;
    let page = ("index.html", "hello");
    node.deploy("hello", &[page]).await;
    let app = async || node.call(Method::GET, "/api/apps/hello", None).await.data();
    assert!(app().await.get("functions").is_none());
    let files = [
        page,
        ("api/main.js", "respond(200, require('helpers').hi(request.path))"),
        ("api/helpers.js", "module.exports = { hi: (x) => x }"),
        (
            "api/users/[id].ts",
            "import seed from '../_seed.json'\nexport default (r: Request) => seed",
        ),
        ("api/_seed.json", "[1]"),
    ];
    node.deploy("hello", &files).await;
    let expected = json!([
        { "route": "/api/helpers", "file": "api/helpers.js" },
        { "route": "/api/users/[id]", "file": "api/users/[id].ts" },
        { "route": "/api/*", "file": "api/main.js" },
    ]);
    assert_eq!(app().await["functions"], expected);
    let told = node.cli(&["app", "hello"]).await;
    assert!(told.stdout.contains("/api/users/[id], /api/*"), "{told:?}");
    // What is refused leaves the live version and its list as they were.
    assert_eq!(deploy(&node, &[page, ("api/main.js", "(")]).await.code(), "BAD_FUNCTION");
    assert_eq!(app().await["functions"], expected);
    node.call(Method::POST, "/api/apps/hello/promote", Some(json!({ "version": 1 }))).await;
    assert!(app().await.get("functions").is_none());
}

#[tokio::test]
async fn a_large_script_is_read_from_where_it_is_kept() {
    let node = TestNode::start().await;
    let large = format!("export default () => 1 /*{}*/\nlet x = ;", "a".repeat(1_500_000));
    let huge = format!("/*{}*/", "a".repeat(2 << 20));
    for (text, place) in [(large, "api/a.js:2:9: "), (huge, "api/a.js: it has 2097156 bytes")] {
        let request = node.request(Method::POST, "/api/deploy?app=hello");
        let request = request.bearer_auth(node.owner_token());
        let files = [("index.html", "x"), ("api/a.js", text.as_str())];
        let request = request.header("content-type", "application/zip").body(zip(&files));
        let answer = Answer::of(request).await;
        assert_eq!(answer.code(), "BAD_FUNCTION", "{place}");
        let error = answer.json()["error"].clone();
        assert!(error["message"].as_str().expect("a message").starts_with(place), "{error}");
    }
}

#[tokio::test]
async fn a_folder_s_functions_bring_the_packages_they_import_and_run_as_the_manifest_says() {
    let node = TestNode::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let script = "import pad from 'pad'\nimport dayjs from 'dayjs'\nlet count = 0\n\
                  export default async (req: Request) => pad(++count, dayjs('2024-02-29').year())\n";
    for (path, text) in [
        ("index.html", "hello"),
        ("package.json", "{}"),
        ("manifest.json", r#"{"name": "uses", "isolation": "fresh"}"#),
        ("api/a.ts", script),
        ("api/main.js", "const { z } = require('zod')\nrespond(z.string().parse(request.path))"),
        ("node_modules/pad/package.json", r#"{"exports": {"import": "./main.mjs"}}"#),
        ("node_modules/pad/main.mjs", "import inner from 'inner'\nexport default inner.pad"),
        ("node_modules/inner/index.js", "exports.pad = (...all) => all.join('-')"),
        ("node_modules/unused/index.js", "never ("),
    ] {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        std::fs::write(file, text).expect("written");
    }
    let done = node.cli(&["deploy", folder.path().to_str().expect("a plain path")]).await;
    assert_eq!(done.code, 0, "{}", done.stderr);
    for _ in 0..2 {
        let answer = node.get("uses.localhost", "/api/a").await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "1-2024"), "one count each");
    }
    assert_eq!(node.get("uses.localhost", "/api/else").await.text(), "/api/else");
    assert_eq!(
        node.get("uses.localhost", "/api/_npm/inner/index.js").await.text(),
        "/api/_npm/inner/index.js"
    );
}
