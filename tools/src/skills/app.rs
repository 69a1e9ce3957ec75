//! `fazt-app`: how to write an app that fazt hosts well, with one that works.

use serde_json::{Value, json};

use super::{Call, Part, Skill, WAYS};
use crate::{deploy::Deploy, fetch_test::FetchTest, promote::Promote};

pub(super) fn skill() -> Skill {
    let notes = Call::of::<Deploy>(json!({ "app": "notes", "preview": true, "files": files() }));
    let notes = notes.of_folder("notes").elided();
    Skill {
        name: "fazt-app",
        title: "Write an app for fazt",
        description: "Explains how to write a website that fazt hosts well: which files it \
            serves at which paths, functions and the data they store, manifest.json, redirects, \
            headers, private files, error pages, single-page apps, caching and limits, with a \
            worked example. Use when writing, \
            porting or debugging the files of an app for fazt, or when a hosted page answers with \
            the wrong path, status or header.",
        parts: vec![
            Part::Text(
                "An app is a folder of files. Each deploy makes an immutable version of it; what \
                 is live is a pointer. Files are served as they are; scripts below `api/` run on the \
                 node and keep data there: `api/hits.js` answers `/api/hits`.",
            ),
            Part::Heading("The rules that matter most"),
            Part::Items(&[
                "`/` is `index.html`; `/about` is `about.html` or `about/index.html`. A trailing \
                 slash redirects to the form without, so link from the root: `/style.css`.",
                "`manifest.json` at the root names the app: `{\"name\": \"notes\"}`.",
                "`404.html` answers a miss. With `\"spa\": true` a path without an extension gets \
                 `index.html` and 200 instead.",
                "`_redirects` and `_headers` at the root are rules, in Netlify's syntax.",
                "`private/` is for signed-in users; others get 401. Files whose names begin with \
                 a dot are left out, except below `.well-known/`.",
                "A name with a fingerprint, `app-3f2a9c1b.js`, is cached for a year; HTML is \
                 asked for anew each time; the rest is kept five minutes.",
            ]),
            Part::Heading("An app that works"),
            Part::Files(notes.clone()),
            Part::Heading("Deploy and check it"),
            WAYS,
            Part::Text("In the tool's input, `…` stands for the text of each file above."),
            Part::Call(notes),
            Part::Call(Call::of::<FetchTest>(json!({
                "url": "http://v1--notes.localhost:8080/old/first", "expect_status": 301,
                "expect_headers": ["location: /first"],
            }))),
            Part::Call(Call::of::<Promote>(json!({ "app": "notes", "version": 1 }))),
        ],
        references: &["app", "functions", "limits"],
    }
}

/// The worked example.
fn files() -> Value {
    json!([
        { "path": "manifest.json", "content": "{ \"name\": \"notes\", \"title\": \"Notes\" }\n" },
        {
            "path": "index.html",
            "content": "<!doctype html>\n<title>Notes</title>\n\
                <link rel=\"stylesheet\" href=\"/style.css\">\n<a href=\"/first\">First</a>\n",
        },
        { "path": "first.html", "content": "<!doctype html>\n<title>First</title>\n<p>A note.\n" },
        { "path": "style.css", "content": "body { font: 1rem/1.5 sans-serif }\n" },
        { "path": "404.html", "content": "<!doctype html>\n<title>No such note</title>\n" },
        {
            "path": "api/hits.js",
            "content": "export const GET = () => ({ hits: fazt.app.kv.incr(\"hits\") });\n",
        },
        { "path": "_redirects", "content": "/old/*  /:splat  301\n" },
        { "path": "_headers", "content": "/*\n  X-Frame-Options: DENY\n" },
    ])
}
