//! `undo`: what a change changed is put back, exactly.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Effect, Route, Scope, Tool, View, skills::Call, tool::example};

/// See [`Input`].
pub struct Undo;

/// Put back what a change changed, exactly; this is itself a change that can be undone.
///
/// It refuses when something newer would be overwritten, unless `force` is given.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name the change by its number, from `list_changes`
    #[arg(value_name = "ID")]
    pub change: i64,
    /// Overwrite what is newer; default: refuse
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub force: bool,
}

/// What was put back.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Output {
    /// The change that was undone
    pub undone: i64,
    /// The change this made, for undoing the undo
    pub change: i64,
    /// What it did, in words
    pub summary: String,
}

impl Tool for Undo {
    const NAME: &'static str = "undo";
    const TITLE: &'static str = "Undo a change";
    const EFFECT: Effect = Effect::Replace;
    const SCOPE: Scope = Scope::AppsWrite;
    const ROUTE: Route = Route::post("/api/changes/{change}/undo");
    const COMMANDS: &'static [&'static str] = &["undo"];
    const EXAMPLES: &'static [(&'static str, &'static str)] =
        &[("fazt undo 12", "put back what change 12 changed")];
    type Input = Input;
    type Output = Output;

    fn example() -> (Input, Output) {
        example(
            json!({ "change": 3 }),
            json!({ "undone": 3, "change": 4, "summary": "undid 3: hello is live at version 2 again" }),
        )
    }

    fn view(out: &Output) -> View {
        View::says(&out.summary).next(Call::of::<Undo>(json!({ "change": out.change })))
    }
}
