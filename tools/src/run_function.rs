//! `run_function`: call a function of an app on purpose, and see all it did.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    AppName, Effect, Route, Scope, Tool, View,
    skills::Call,
    tool::example,
    trace::{Body, Fault, HostCall, Line},
    view,
};

/// See [`Input`].
pub struct RunFunction;

/// Call a function of an app, in any version, and see the answer and all it did.
///
/// What it writes is kept and in no ledger, unless `dry_run`.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name the app
    #[arg(value_name = "APP")]
    pub app: AppName,
    /// Give the path with its query: `/api/hello?name=Ann`
    #[arg(value_name = "PATH")]
    pub path: String,
    /// Choose the version; default: the live one
    #[arg(long, value_name = "VERSION")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Use this method; default: GET, or POST with a body
    #[arg(long, short = 'X', value_name = "METHOD")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Send this header, written `Name: value`
    #[arg(long = "header", short = 'H', value_name = "HEADER")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
    /// Send this body, text or JSON
    #[arg(long, short = 'd', value_name = "BODY")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::types::any_json")]
    pub body: Option<Body>,
    /// Sign this user in: an id, and roles after a colon: `ann:admin,editor`
    #[arg(long, value_name = "USER")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_user: Option<String>,
    /// Keep nothing of what it writes, and fetch nothing
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// What came of it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Output {
    /// The app
    pub app: AppName,
    /// The version that answered
    pub version: u32,
    /// Whether it answered with a status below 400
    pub passed: bool,
    /// The request's id, for `explain_request`
    pub request: String,
    /// Status of the answer
    pub status: u16,
    /// Headers of the answer, each `name: value`
    pub headers: Vec<String>,
    /// Length of the body in bytes
    pub bytes: u64,
    /// The body's first 64 KiB where it is text; it is the app's, not fazt's
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The same as base64 where it is none
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// How it failed
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Fault>,
    /// What it logged
    pub logs: Vec<Line>,
    /// Its operations on data and its fetches, in their order
    pub calls: Vec<HostCall>,
    /// How long it took, in milliseconds
    pub ms: f64,
    /// Processor time in milliseconds
    pub cpu_ms: f64,
    /// The most bytes that it held at once
    pub peak_bytes: u64,
    /// Whether nothing was kept
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

impl Tool for RunFunction {
    const NAME: &'static str = "run_function";
    const TITLE: &'static str = "Run a function";
    const EFFECT: Effect = Effect::Add;
    const REACHES_OUT: bool = true;
    const QUOTES: bool = true;
    const SCOPE: Scope = Scope::AppsWrite;
    const ROUTE: Route = Route::post("/api/apps/{app}/run");
    const COMMANDS: &'static [&'static str] = &["run"];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("fazt run blog /api/posts", "what does it answer?"),
        (
            "fazt run blog /api/posts --body '{\"title\":\"Hi\"}' --dry-run",
            "a POST that keeps nothing",
        ),
        ("fazt run blog /api/me --as-user ann --version 7", "as a visitor who is signed in"),
    ];
    type Input = Input;
    type Output = Output;

    fn example() -> (Input, Output) {
        example(
            json!({ "app": "hello", "path": "/api/hello?name=Ann" }),
            json!({
                "app": "hello", "version": 1, "passed": true, "request": "req_4fGh9kLm2pQr",
                "status": 200, "headers": ["content-type: application/json"], "bytes": 15,
                "body": "{\"hello\":\"Ann\"}", "ms": 0.4, "cpu_ms": 0.2, "peak_bytes": 2048,
                "logs": [{ "level": "info", "text": "greeting Ann" }],
                "calls": [{ "api": "kv.get", "arguments": "[\"greeting\"]", "ms": 0.1 }]
            }),
        )
    }

    fn target(input: &Input) -> Option<&AppName> {
        Some(&input.app)
    }

    fn view(out: &Output) -> View {
        let verdict = if out.passed { "answered" } else { "failed" };
        let dry = if out.dry_run { "; nothing was kept" } else { "" };
        let mut view = View::says(format!(
            "{verdict}: {} by {} version {}, {} in {:.1} ms{dry}",
            out.status,
            out.app,
            out.version,
            view::bytes(out.bytes),
            out.ms
        ));
        view = view.fact("request", &out.request);
        view = view.fact(
            "took",
            format!("{:.1} ms of the processor, {}", out.cpu_ms, view::bytes(out.peak_bytes)),
        );
        for header in out.headers.iter().filter(|header| header.starts_with("content-type")) {
            view = view.fact("type", header.trim_start_matches("content-type: "));
        }
        view = view.fact_if("error", out.error.as_ref().map(Fault::told));
        for line in &out.logs {
            view = view.fact(line.level.as_str(), line.said());
        }
        for call in &out.calls {
            view = view.fact("call", call.told());
        }
        view = view.fact_if("body", out.body.as_ref());
        match &out.error {
            Some(_) => {
                let id = json!({ "id": out.request });
                view.next(Call::of::<crate::explain_request::ExplainRequest>(id))
            }
            None => view,
        }
    }
}
