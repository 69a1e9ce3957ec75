//! `get_app`: one app, whole.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    AppName, Effect, Route, Scope, Tool, View,
    tool::example,
    types::Alias,
    view::{self, Table},
};

/// See [`Input`].
pub struct GetApp;

/// Show one app: its addresses, versions, settings, size and traffic.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name the app
    #[arg(value_name = "APP")]
    pub app: AppName,
}

/// One app.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Output {
    /// Its name
    pub name: AppName,
    /// Its id, which outlives a change of name
    pub id: String,
    /// Title from the manifest
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Description from the manifest
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where visitors find it
    pub url: String,
    /// Its live version, if any version is live
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<u32>,
    /// Whether unknown paths get `index.html`
    pub spa: bool,
    /// Other host names that lead here
    pub aliases: Vec<Alias>,
    /// The paths that functions of the live version answer, absent when there are none
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<Function>,
    /// Names of the values that the owner set in its environment
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// Its versions, newest first
    pub versions: Vec<Version>,
    /// Bytes its versions take together on this node, each content counted once
    pub stored_bytes: u64,
    /// Requests in the last 24 hours
    pub requests_24h: u64,
    /// Of these, answered with a 5xx status
    pub errors_24h: u64,
    /// When it was first deployed
    pub created_at: Timestamp,
    /// When it last changed
    pub updated_at: Timestamp,
}

/// A function of an app.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Function {
    /// Its path: `[name]` is one part of it, `[...name]` the rest, `/api/*` all that is left
    pub route: String,
    /// The file that answers
    pub file: String,
}

/// One version of an app.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Version {
    /// Its number
    pub version: u32,
    /// Where it is served whatever is live
    pub preview_url: String,
    /// Whether it is live
    pub live: bool,
    /// Whether it is kept whatever its age
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    /// Files in it
    pub files: u64,
    /// Bytes in it
    pub bytes: u64,
    /// When it was deployed
    pub created_at: Timestamp,
    /// Who deployed it
    pub by: String,
    /// What its deployer said of it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Tool for GetApp {
    const NAME: &'static str = "get_app";
    const TITLE: &'static str = "Show an app";
    const EFFECT: Effect = Effect::Read;
    const QUOTES: bool = true;
    const SCOPE: Scope = Scope::AppsRead;
    const ROUTE: Route = Route::get("/api/apps/{app}");
    const COMMANDS: &'static [&'static str] = &["app"];
    const EXAMPLES: &'static [(&'static str, &'static str)] =
        &[("fazt app blog", "show the app `blog`")];
    type Input = Input;
    type Output = Output;

    fn example() -> (Input, Output) {
        example(
            json!({ "app": "hello" }),
            json!({
                "name": "hello", "id": "app_3kTMd9sQ0aXb", "url": "http://hello.localhost:8080",
                "live": 1, "spa": false, "aliases": [], "stored_bytes": 5120,
                "requests_24h": 12, "errors_24h": 0,
                "created_at": "2026-11-20T07:00:00Z", "updated_at": "2026-11-20T07:00:00Z",
                "versions": [{
                    "version": 1, "preview_url": "http://v1--hello.localhost:8080", "live": true,
                    "files": 4, "bytes": 5120, "created_at": "2026-11-20T07:00:00Z", "by": "owner"
                }]
            }),
        )
    }

    fn target(input: &Input) -> Option<&AppName> {
        Some(&input.app)
    }

    fn view(out: &Output) -> View {
        let rows = out
            .versions
            .iter()
            .map(|version| {
                vec![
                    format!("v{}", version.version),
                    match (version.live, version.pinned) {
                        (true, true) => "live, pinned",
                        (true, false) => "live",
                        (false, true) => "pinned",
                        (false, false) => "",
                    }
                    .to_owned(),
                    version.files.to_string(),
                    view::bytes(version.bytes),
                    view::moment(version.created_at),
                    version.by.clone(),
                    version.message.clone().unwrap_or_default(),
                ]
            })
            .collect();
        let routes: Vec<_> = out.functions.iter().map(|one| one.route.as_str()).collect();
        let aliases: Vec<_> = out.aliases.iter().map(|alias| alias.name.as_str()).collect();
        let mut view = View::says(match out.live {
            Some(live) => format!("{} is live at version {live}", out.name),
            None => format!("{} has no live version", out.name),
        })
        .fact("url", &out.url)
        .fact_if("title", out.title.as_ref())
        .fact_if("description", out.description.as_ref())
        .fact_if("aliases", (!aliases.is_empty()).then(|| aliases.join(", ")))
        .fact_if("functions", (!routes.is_empty()).then(|| routes.join(", ")))
        .fact_if("env", (!out.env.is_empty()).then(|| out.env.join(", ")))
        .fact("spa", if out.spa { "yes" } else { "no" })
        .fact("stored", view::bytes(out.stored_bytes))
        .fact("last 24 h", format!("{} requests, {} errors", out.requests_24h, out.errors_24h));
        view.table = Some(Table {
            columns: &["version", "", ">files", ">size", "deployed", "by", "message"],
            rows,
            empty: "no versions",
        });
        view
    }
}
