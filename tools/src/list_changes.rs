//! `list_changes`: the ledger, newest first.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{AppName, Effect, Face, Route, Scope, Tool, View, skills::Call, tool::example, view};

/// See [`Input`].
pub struct ListChanges;

/// List what was changed on the node, by whom and through which face, newest first.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Keep only changes of this app
    #[arg(long, value_name = "APP")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppName>,
    /// List at most this many, 1 to 100; default: 20
    #[arg(long, value_name = "N")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Go on from the `cursor` of an earlier answer
    #[arg(long, value_name = "CURSOR")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// The changes.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Output {
    /// The changes, newest first
    pub changes: Vec<Change>,
    /// How many there are in all
    pub total: u64,
    /// Where the next page begins
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// One change.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Change {
    /// Its number, which `undo` takes
    pub id: i64,
    /// When it was made
    pub at: Timestamp,
    /// By whom
    pub caller: String,
    /// Through which face
    pub face: Face,
    /// With which program
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// By which tool
    pub tool: String,
    /// Of which app
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppName>,
    /// What it did, in words
    pub summary: String,
    /// What the tool was given, without secrets
    #[schemars(with = "serde_json::Map<String, Value>")]
    pub input: Value,
    /// Whether `undo` can put back what it changed
    pub undoable: bool,
    /// The change that undid it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<i64>,
}

impl Tool for ListChanges {
    const NAME: &'static str = "list_changes";
    const TITLE: &'static str = "List changes";
    const EFFECT: Effect = Effect::Read;
    const QUOTES: bool = true;
    const SCOPE: Scope = Scope::AppsRead;
    const ROUTE: Route = Route::get("/api/changes");
    const COMMANDS: &'static [&'static str] = &["changes"];
    const EXAMPLES: &'static [(&'static str, &'static str)] =
        &[("fazt changes --app blog", "what happened to `blog`")];
    type Input = Input;
    type Output = Output;

    fn example() -> (Input, Output) {
        example(
            json!({}),
            json!({
                "total": 1,
                "changes": [{
                    "id": 1, "at": "2026-11-20T07:00:00Z", "caller": "owner", "face": "cli",
                    "tool": "deploy", "app": "hello", "summary": "deployed version 1 of hello",
                    "input": { "app": "hello" }, "undoable": true
                }]
            }),
        )
    }

    fn target(input: &Input) -> Option<&AppName> {
        input.app.as_ref()
    }

    fn view(out: &Output) -> View {
        let rows = out
            .changes
            .iter()
            .map(|change| {
                let undo = match (change.undone_by, change.undoable) {
                    (Some(by), _) => format!("undone by {by}"),
                    (None, true) => format!("fazt undo {}", change.id),
                    (None, false) => String::new(),
                };
                vec![
                    change.id.to_string(),
                    view::moment(change.at),
                    change.caller.clone(),
                    change.face.as_str().to_owned(),
                    change.summary.clone(),
                    undo,
                ]
            })
            .collect();
        let columns = &[">id", "when", "who", "face", "what", "undo"];
        let view = View::of_table(columns, "nothing has changed yet", rows);
        match &out.cursor {
            Some(cursor) => view.next(Call::of::<ListChanges>(json!({ "cursor": cursor }))),
            None => view,
        }
    }
}
