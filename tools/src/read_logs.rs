//! `read_logs`: what an app's functions logged, and how they failed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    AppName, Effect, Route, Scope, Tool, View,
    skills::Call,
    tool::example,
    trace::{Level, Line},
};

/// See [`Input`].
pub struct ReadLogs;

/// Read what an app's functions logged, their failures included: the newest lines,
/// oldest first.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name the app
    #[arg(value_name = "APP")]
    pub app: AppName,
    /// Keep lines of this level and above
    #[arg(long, value_name = "LEVEL")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Not before: a time, or how long ago, such as `2h`
    #[arg(long, value_name = "TIME")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Not after: the same
    #[arg(long, value_name = "TIME")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Keep lines that contain this
    #[arg(long, value_name = "TEXT")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Keep lines of this request
    #[arg(long, value_name = "ID")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Keep lines of this version
    #[arg(long, value_name = "VERSION")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// List at most this many, 1 to 100; default: 20
    #[arg(long, value_name = "N")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Go on, to earlier lines, from the `cursor` of an earlier answer
    #[arg(long, value_name = "CURSOR")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// The lines.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Output {
    /// The app
    pub app: AppName,
    /// The lines, oldest first
    pub lines: Vec<Line>,
    /// Where the page of earlier lines begins
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

impl Tool for ReadLogs {
    const NAME: &'static str = "read_logs";
    const TITLE: &'static str = "Read an app's logs";
    const EFFECT: Effect = Effect::Read;
    const QUOTES: bool = true;
    const SCOPE: Scope = Scope::AppsRead;
    const ROUTE: Route = Route::get("/api/apps/{app}/logs");
    const COMMANDS: &'static [&'static str] = &["logs"];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("fazt logs blog --level error --since 24h", "what went wrong today"),
        ("fazt logs blog -f", "what happens from now on"),
    ];
    type Input = Input;
    type Output = Output;

    fn example() -> (Input, Output) {
        example(
            json!({ "app": "hello", "level": "error" }),
            json!({
                "app": "hello",
                "lines": [{
                    "at": "2026-11-20T07:00:00Z", "level": "error", "version": 2,
                    "request": "req_4fGh9kLm2pQr",
                    "text": "TypeError: x is undefined at api/hello.js:3:14",
                    "fields": "{\"code\":\"FUNCTION_ERROR\"}"
                }]
            }),
        )
    }

    fn target(input: &Input) -> Option<&AppName> {
        Some(&input.app)
    }

    fn view(out: &Output) -> View {
        let row = |line: &Line| {
            let at =
                line.at.map_or_else(String::new, |at| at.strftime("%m-%d %H:%M:%S").to_string());
            let request = line.request.clone().unwrap_or_default();
            vec![at, line.level.as_str().to_owned(), request, line.said()]
        };
        let rows = out.lines.iter().map(row).collect();
        let view = View::of_table(&["at", "level", "request", "text"], "nothing is logged", rows);
        let failed = out.lines.iter().rev().find(|line| line.level == Level::Error);
        match (failed.and_then(|line| line.request.as_ref()), &out.cursor) {
            (Some(id), _) => {
                view.next(Call::of::<crate::explain_request::ExplainRequest>(json!({ "id": id })))
            }
            (None, Some(cursor)) => view.next(format!("the same again with the cursor {cursor}")),
            (None, None) => view,
        }
    }
}
