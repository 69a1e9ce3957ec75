//! `promote`: a stored version goes live; also how one rolls back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{AppName, Effect, Route, Scope, Tool, View, tool::example};

/// See [`Input`].
pub struct Promote;

/// Put a stored version of an app live; without a version, the one that was live before.
///
/// Only a pointer moves, so it takes effect at once for every visitor.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name the app
    #[arg(value_name = "APP")]
    pub app: AppName,
    /// Choose the version; default: the one that was live before
    #[arg(value_name = "VERSION")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

/// What is live now.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Output {
    /// The app
    pub app: AppName,
    /// The version that is live now
    pub version: u32,
    /// The version that was live until now
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<u32>,
    /// Whether it was live already
    pub unchanged: bool,
    /// Where visitors find it
    pub url: String,
    /// The change to undo, if anything changed
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<i64>,
}

impl Tool for Promote {
    const NAME: &'static str = "promote";
    const TITLE: &'static str = "Promote or roll back";
    const EFFECT: Effect = Effect::Replace;
    const SCOPE: Scope = Scope::AppsWrite;
    const ROUTE: Route = Route::post("/api/apps/{app}/promote");
    const COMMANDS: &'static [&'static str] = &["promote", "rollback"];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("fazt promote blog 7", "put version 7 live"),
        ("fazt rollback blog", "back to the version that was live before"),
    ];
    type Input = Input;
    type Output = Output;

    fn example() -> (Input, Output) {
        example(
            json!({ "app": "hello", "version": 1 }),
            json!({
                "app": "hello", "version": 1, "previous": 2, "unchanged": false,
                "url": "http://hello.localhost:8080", "change": 3
            }),
        )
    }

    fn target(input: &Input) -> Option<&AppName> {
        Some(&input.app)
    }

    fn view(out: &Output) -> View {
        let headline = match (out.unchanged, out.previous) {
            (true, _) => format!("unchanged: {} is live at version {}", out.app, out.version),
            (false, Some(was)) => {
                format!("{} is live at version {} (was {was})", out.app, out.version)
            }
            (false, None) => format!("{} is live at version {}", out.app, out.version),
        };
        View::says(headline).result(&out.url)
    }
}
