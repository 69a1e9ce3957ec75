//! `explain_request`: why did a request of a function end as it did?

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    AppName, Effect, Route, Scope, Tool, View,
    list_files::{Difference, File},
    promote::Promote,
    read_file::ReadFile,
    run_function::RunFunction,
    skills::Call,
    tool::example,
    trace::{Fault, HostCall, Line},
    view,
};

/// See [`Input`].
pub struct ExplainRequest;

/// Explain how a request of a function ended: error with source, log, calls, and what
/// changed since a version that was well.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Give the request's id, the `X-Request-Id` of its answer
    #[arg(value_name = "ID")]
    pub id: String,
}

/// How it ended.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Output {
    /// The request's id
    pub id: String,
    /// The app
    pub app: AppName,
    /// The version that answered
    pub version: u32,
    /// The version that is live now
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<u32>,
    /// When it ended
    pub at: Timestamp,
    /// The method
    pub method: String,
    /// The path, without its query
    pub path: String,
    /// The status it was answered with
    pub status: u16,
    /// How it failed
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Fault>,
    /// What it logged
    pub logs: Vec<Line>,
    /// Its operations on data and its fetches, where it failed
    pub calls: Vec<HostCall>,
    /// How long it took, in milliseconds
    pub ms: f64,
    /// Processor time in milliseconds
    pub cpu_ms: f64,
    /// The most bytes that it held at once
    pub peak_bytes: u64,
    /// The newest earlier version that is not known to fail there
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good: Option<u32>,
    /// What this version changed since that one, at most 20 files
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<File>,
    /// What to do next
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Step>,
}

/// A call of a tool.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Step {
    /// The tool
    pub tool: String,
    /// What to give it
    #[schemars(with = "serde_json::Map<String, Value>")]
    pub input: Value,
}

impl Step {
    /// The call, where the tool is one of those that are suggested.
    fn call(&self) -> Option<Call> {
        let input = self.input.clone();
        match self.tool.as_str() {
            "promote" => Some(Call::of::<Promote>(input)),
            "read_file" => Some(Call::of::<ReadFile>(input)),
            "run_function" => Some(Call::of::<RunFunction>(input)),
            _ => None,
        }
    }
}

impl Tool for ExplainRequest {
    const NAME: &'static str = "explain_request";
    const TITLE: &'static str = "Explain a request";
    const EFFECT: Effect = Effect::Read;
    const QUOTES: bool = true;
    const SCOPE: Scope = Scope::AppsRead;
    const ROUTE: Route = Route::get("/api/requests/{id}");
    const COMMANDS: &'static [&'static str] = &["why"];
    const EXAMPLES: &'static [(&'static str, &'static str)] =
        &[("fazt why req_4fGh9kLm2pQr", "why a visitor saw an error")];
    type Input = Input;
    type Output = Output;

    fn example() -> (Input, Output) {
        example(
            json!({ "id": "req_4fGh9kLm2pQr" }),
            json!({
                "id": "req_4fGh9kLm2pQr", "app": "hello", "version": 2, "live": 2,
                "at": "2026-11-20T07:00:00Z", "method": "GET", "path": "/api/hello",
                "status": 500, "ms": 0.6, "cpu_ms": 0.3, "peak_bytes": 2048,
                "error": {
                    "code": "FUNCTION_ERROR", "name": "TypeError", "message": "x is undefined",
                    "file": "api/hello.js", "line": 3, "column": 14,
                    "excerpt": "> 3 | export const y = x.y",
                    "stack": "api/hello.js:3:14"
                },
                "logs": [], "calls": [], "good": 1,
                "changed": [{
                    "path": "api/hello.js", "size": 120, "status": "changed",
                    "hash": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
                }],
                "next": { "tool": "promote", "input": { "app": "hello", "version": 1 } }
            }),
        )
    }

    fn view(out: &Output) -> View {
        let verdict = if out.error.is_some() { "failed" } else { "was answered" };
        let mut view = View::says(format!(
            "{} {} of {} version {} {verdict} with {}",
            out.method, out.path, out.app, out.version, out.status
        ));
        view = view.fact("at", out.at);
        view = view.fact(
            "took",
            format!(
                "{:.1} ms, {:.1} ms of the processor, {}",
                out.ms,
                out.cpu_ms,
                view::bytes(out.peak_bytes)
            ),
        );
        view = view.fact_if("error", out.error.as_ref().map(Fault::told));
        for line in &out.logs {
            view = view.fact(line.level.as_str(), line.said());
        }
        for call in &out.calls {
            view = view.fact("call", call.told());
        }
        if let Some(good) = out.good {
            view = view.fact("well before", format!("version {good}"));
        }
        for file in &out.changed {
            let how = match file.status {
                Some(Difference::Added) => "added",
                Some(Difference::Removed) => "removed",
                Some(Difference::Changed) | None => "changed",
            };
            view = view.fact(how, &file.path);
        }
        match out.next.as_ref().and_then(Step::call) {
            Some(call) => view.next(call),
            None => view,
        }
    }
}
