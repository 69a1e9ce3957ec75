//! `fetch_test`: ask an app on this node for a page and check the answer, or explain
//! whether a function may fetch a page of the outside.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{AppName, Effect, Route, Scope, Tool, View, tool::example, view};

/// See [`Input`].
pub struct FetchTest;

/// Request a page or function of an app on this node, inside the node, and check the
/// answer.
///
/// It sees what a visitor would see, of the live version, a preview address or
/// any `version`. Without checks it passes when the status is below 400. For a
/// URL of the outside it tells, step by step, whether functions may fetch it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Give the URL, such as `http://blog.localhost:8080/about`
    #[arg(value_name = "URL")]
    pub url: String,
    /// Ask this version of the app; default: what the host name serves
    #[arg(long, value_name = "VERSION")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Send this header, written `Name: value`
    #[arg(long = "header", short = 'H', value_name = "HEADER")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
    /// Expect this status; default: any below 400
    #[arg(long, value_name = "STATUS")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect_status: Option<u16>,
    /// Expect this header, written `Name: part of its value`
    #[arg(long, value_name = "HEADER")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect_headers: Vec<String>,
    /// Expect the body to contain this text
    #[arg(long, value_name = "TEXT")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect_body: Option<String>,
    /// Expect this in a JSON body, written `/pointer=value`
    #[arg(long, value_name = "CHECK")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect_json: Option<String>,
    /// Expect the answer within this many milliseconds
    #[arg(long, value_name = "MS")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_ms: Option<u32>,
    /// Outside: decide for this app; default: by the rules of every app
    #[arg(long, value_name = "APP")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppName>,
    /// Outside: fetch it, too
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub send: bool,
}

/// What came back.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Output {
    /// Whether every check held
    pub passed: bool,
    /// The checks, each with what was found
    pub checks: Vec<Check>,
    /// The app that answered
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The version that answered
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Of an outside URL: how it was decided, step by step
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Of an outside URL: why it is refused, as functions see it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The command that would allow it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permit: Option<String>,
    /// Status of the answer; 0 when nothing was asked
    pub status: u16,
    /// Headers of the answer, each `name: value`
    pub headers: Vec<String>,
    /// Length of the body in bytes
    pub bytes: u64,
    /// The body's first 2 KiB where it is text; it is the app's, not fazt's
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// How long the answer took, in milliseconds
    pub ms: f64,
}

/// One step of a decision.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Step {
    /// What was looked at
    pub step: String,
    /// Whether it goes on from there
    pub passed: bool,
    /// What was found
    pub found: String,
}

/// One check.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Check {
    /// What was expected
    pub expected: String,
    /// Whether it held
    pub passed: bool,
    /// What was found
    pub found: String,
}

impl Tool for FetchTest {
    const NAME: &'static str = "fetch_test";
    const TITLE: &'static str = "Fetch and check a page";
    const EFFECT: Effect = Effect::Read;
    const REACHES_OUT: bool = true;
    const QUOTES: bool = true;
    const SCOPE: Scope = Scope::AppsRead;
    const ROUTE: Route = Route::post("/api/fetch-test");
    const COMMANDS: &'static [&'static str] = &["fetch-test", "net test"];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("fazt fetch-test http://blog.localhost:8080/", "is the front page well?"),
        ("fazt fetch-test http://blog.localhost/old --expect-status 301", "does it redirect?"),
        ("fazt fetch-test http://blog.localhost/api/posts --expect-json /0/id=1", "a function"),
        ("fazt net test https://api.example.com/ --app shop", "may `shop` fetch it?"),
    ];
    type Input = Input;
    type Output = Output;

    fn example() -> (Input, Output) {
        example(
            json!({ "url": "http://hello.localhost:8080/", "expect_body": "Hello" }),
            json!({
                "passed": true, "app": "hello", "version": 1, "status": 200,
                "checks": [{ "expected": "body contains `Hello`", "passed": true, "found": "it does" }],
                "headers": ["content-type: text/html; charset=utf-8"], "bytes": 14,
                "body": "<h1>Hello</h1>", "ms": 0.1
            }),
        )
    }

    fn view(out: &Output) -> View {
        let verdict = if out.passed { "passed" } else { "failed" };
        let who = match (&out.app, out.version) {
            (Some(app), Some(version)) => format!(" by {app} version {version}"),
            _ => String::new(),
        };
        let checks = out.checks.iter().map(|check| {
            let mark = if check.passed { "ok" } else { "FAILED" };
            format!("{mark}: {} (found {})", check.expected, check.found)
        });
        let headline = match (&out.code, out.status) {
            (Some(code), _) => format!("refused: {code}"),
            (None, 0) => "it may be fetched".to_owned(),
            (None, status) => {
                let size = view::bytes(out.bytes);
                format!("{verdict}: {status}{who}, {size} in {:.1} ms", out.ms)
            }
        };
        let steps = out.steps.iter().map(|step| {
            let mark = if step.passed { "ok" } else { "REFUSED" };
            format!("{mark}: {}: {}", step.step, step.found)
        });
        let view = View::says(headline).notes(steps.chain(checks));
        match &out.permit {
            Some(command) => view.next(command.as_str()),
            None => view,
        }
    }
}
