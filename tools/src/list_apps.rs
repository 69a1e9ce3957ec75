//! `list_apps`: every app on the node, with its address and its day.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{AppName, Effect, Route, Scope, Tool, View, skills::Call, view};

/// See [`Input`].
pub struct ListApps;

/// List the apps on this node with address, live version, size and the last day's traffic.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Keep only names that contain this text
    #[arg(long, value_name = "TEXT")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// List at most this many, 1 to 100; default: 20
    #[arg(long, value_name = "N")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Go on from the `cursor` of an earlier answer
    #[arg(long, value_name = "CURSOR")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// The apps.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Output {
    /// The apps, by name
    pub apps: Vec<App>,
    /// How many there are in all
    pub total: u64,
    /// Where the next page begins
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// One app in the list.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct App {
    /// Its name
    pub name: AppName,
    /// Where visitors find it
    pub url: String,
    /// Its live version, if any version is live
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<u32>,
    /// Files in the live version
    pub files: u64,
    /// Bytes in the live version
    pub bytes: u64,
    /// When it last changed
    pub updated_at: Timestamp,
    /// Requests in the last 24 hours
    pub requests_24h: u64,
    /// Of these, answered with a 5xx status
    pub errors_24h: u64,
}

impl Tool for ListApps {
    const NAME: &'static str = "list_apps";
    const TITLE: &'static str = "List apps";
    const EFFECT: Effect = Effect::Read;
    const SCOPE: Scope = Scope::AppsRead;
    const ROUTE: Route = Route::get("/api/apps");
    const COMMANDS: &'static [&'static str] = &["apps"];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("fazt apps", "list the apps of the local node"),
        ("fazt @zyt apps", "list those of the peer `zyt`"),
        ("fazt --json apps | jq -r '.apps[].url'", "only their addresses"),
    ];
    type Input = Input;
    type Output = Output;

    fn example() -> (Input, Output) {
        let app = App {
            name: AppName::parse("hello").expect("the example's name is a name"),
            url: "http://hello.localhost:8080".into(),
            live: Some(1),
            files: 4,
            bytes: 5_120,
            updated_at: "2026-11-20T07:00:00Z".parse().expect("a literal moment"),
            requests_24h: 12,
            errors_24h: 0,
        };
        (Input::default(), Output { apps: vec![app], total: 1, cursor: None })
    }

    fn view(out: &Output) -> View {
        let rows = out
            .apps
            .iter()
            .map(|app| {
                vec![
                    app.name.to_string(),
                    app.live.map_or_else(|| "-".to_owned(), |version| format!("v{version}")),
                    app.files.to_string(),
                    view::bytes(app.bytes),
                    app.requests_24h.to_string(),
                    app.errors_24h.to_string(),
                    view::moment(app.updated_at),
                    app.url.clone(),
                ]
            })
            .collect();
        let columns = &["app", "live", ">files", ">size", ">req 24h", ">err 24h", "updated", "url"];
        let view = View::of_table(columns, "no apps yet: `fazt deploy DIR` makes one", rows);
        match &out.cursor {
            Some(cursor) => view.next(Call::of::<ListApps>(json!({ "cursor": cursor }))),
            None => view,
        }
    }
}
