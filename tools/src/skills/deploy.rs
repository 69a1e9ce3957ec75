//! `fazt-deploy`: a folder becomes a preview, is looked at, goes live.

use serde_json::json;

use super::{Call, Part, Skill, WAYS};
use crate::{deploy::Deploy, fetch_test::FetchTest, promote::Promote, undo::Undo};

pub(super) fn skill() -> Skill {
    let files = json!([{ "path": "index.html", "content": "<h1>Hello</h1>\n" }]);
    Skill {
        name: "fazt-deploy",
        title: "Deploy with fazt",
        description: "Deploys a folder or a few files as a website on a fazt node: builds it, \
            stores it as a preview, checks the preview, puts it live and reports the address. Use \
            when asked to deploy, publish, host, ship or put online a site, page, folder or web \
            app with fazt, or to preview it first.",
        parts: vec![
            WAYS,
            Part::Heading("1. Choose what to deploy"),
            Part::Items(&[
                "A folder with `index.html` at its root, or one whose `package.json` has a \
                 `build` script: {fazt deploy} runs that itself and takes its output. Over MCP \
                 and HTTP, build it first and send the output.",
                "The app's name is one label, `a-z`, `0-9` and `-`: given, else `name` in \
                 `manifest.json`, else the folder's name. Look whether an app of that name is \
                 there already, and ask before replacing one that nobody spoke of.",
            ]),
            Part::Heading("2. Store it as a preview"),
            Part::Call(
                Call::of::<Deploy>(json!({
                    "app": "hello", "preview": true, "message": "First page", "files": files,
                }))
                .of_folder("site"),
            ),
            Part::Text(
                "Inline files may have 1 MiB together; the command and `curl` send the folder \
                 `site`. A tool of `fazt mcp` takes a folder too: `path` in place of `files`. Over \
                 HTTP, {deploy} with `app` alone answers a command that sends the folder it is run \
                 in. The answer of a deploy has `version`, `preview_url`, `warnings` and `change`. \
                 The same content again answers `unchanged`, so a call may be repeated.",
            ),
            Part::Heading("3. Check the preview"),
            Part::Call(Call::of::<FetchTest>(json!({
                "url": "http://v1--hello.localhost:8080/", "expect_status": 200,
                "expect_body": "Hello",
            }))),
            Part::Text(
                "Use the `preview_url` you were given. Check the front page and every page that \
                 changed; expect a text that only the new version has. Not `passed`? Mend the \
                 files and deploy again: visitors have seen nothing.",
            ),
            Part::Heading("4. Put it live"),
            Part::Call(Call::of::<Promote>(json!({ "app": "hello", "version": 1 }))),
            Part::Call(Call::of::<FetchTest>(
                json!({ "url": "http://hello.localhost:8080/", "expect_body": "Hello" }),
            )),
            Part::Heading("5. Report"),
            Part::Text(
                "Give the `url`, the version, and what changed. If it turns out wrong, take the \
                 change back by the number that {promote} answered:",
            ),
            Part::Call(Call::of::<Undo>(json!({ "change": 2 }))),
            Part::Heading("On another node"),
            Part::Text(
                "{@zyt deploy ./site} deploys to the peer `zyt`. With `curl`, `FAZT_URL` is that \
                 node's admin address and the token one of its own.",
            ),
        ],
        references: &["deploy", "limits", "errors"],
    }
}
