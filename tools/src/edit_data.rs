//! `edit_data`: sets and deletes what an app has stored, by hand.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    AppName, Effect, Route, Scope, Tool, View,
    query_data::{Fields, Kind},
    tool::example,
};

/// See [`Input`].
pub struct EditData;

/// Set or delete keys (`kv`) or documents (`ds`) that an app has stored, all or none.
///
/// `undo` puts back exactly what was there.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name the app
    #[arg(value_name = "APP")]
    pub app: AppName,
    /// Choose what to edit: `kv` or `ds`
    #[arg(value_name = "KIND")]
    pub kind: Kind,
    /// Name the collection of documents
    #[arg(long, value_name = "NAME")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coll: Option<String>,
    /// Set these: keys with values, or ids with whole documents
    #[arg(long, value_name = "JSON")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<Fields>,
    /// Delete this key or document
    #[arg(long, value_name = "KEY")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delete: Vec<String>,
    /// Edit the part of this user; default: the shared one
    #[arg(long, value_name = "ID")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// What became of it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Output {
    /// The app
    pub app: AppName,
    /// How many keys or documents were named
    pub edited: u64,
    /// The change to undo; none when all was so already
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<i64>,
}

impl Tool for EditData {
    const NAME: &'static str = "edit_data";
    const TITLE: &'static str = "Edit an app's data";
    const EFFECT: Effect = Effect::Replace;
    const IDEMPOTENT: bool = true;
    const SCOPE: Scope = Scope::DataWrite;
    const ROUTE: Route = Route::post("/api/apps/{app}/data/edit");
    const COMMANDS: &'static [&'static str] = &["edit-data"];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("fazt edit-data blog kv --delete visits", "delete a key"),
        ("fazt edit-data blog ds --coll posts --delete p1", "delete a document"),
    ];
    type Input = Input;
    type Output = Output;

    fn example() -> (Input, Output) {
        example(
            json!({ "app": "hello", "kind": "kv", "set": { "greeting": "hi" }, "delete": ["old"] }),
            json!({ "app": "hello", "edited": 2, "change": 5 }),
        )
    }

    fn target(input: &Input) -> Option<&AppName> {
        Some(&input.app)
    }

    fn view(out: &Output) -> View {
        match out.change {
            Some(change) => {
                View::says(format!("edited the data of {}", out.app)).fact("change", change)
            }
            None => View::says(format!("the data of {} is so already", out.app)),
        }
    }
}
