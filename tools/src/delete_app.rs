//! `delete_app`: an app goes to the trash, from which `undo` brings it back.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    AppName, Effect, Route, Scope, Tool, View, skills::Call, tool::example, undo::Undo, view,
};

/// See [`Input`].
pub struct DeleteApp;

/// Move an app to the trash, where it stays for 30 days.
///
/// Visitors get 404 from now on. `undo` restores all of it: versions, aliases
/// and settings.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name the app
    #[arg(value_name = "APP")]
    pub app: AppName,
}

/// What went to the trash.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Output {
    /// The app
    pub app: AppName,
    /// Versions that went with it
    pub versions: u64,
    /// Until when `undo` can bring it back
    pub kept_until: Timestamp,
    /// The change to undo
    pub change: i64,
}

impl Tool for DeleteApp {
    const NAME: &'static str = "delete_app";
    const TITLE: &'static str = "Delete an app";
    const EFFECT: Effect = Effect::Remove;
    const SCOPE: Scope = Scope::AppsDelete;
    const ROUTE: Route = Route::delete("/api/apps/{app}");
    const COMMANDS: &'static [&'static str] = &["delete"];
    const EXAMPLES: &'static [(&'static str, &'static str)] =
        &[("fazt delete blog -y", "to the trash, without asking")];
    type Input = Input;
    type Output = Output;

    fn example() -> (Input, Output) {
        example(
            json!({ "app": "hello" }),
            json!({ "app": "hello", "versions": 1, "kept_until": "2026-12-20T07:00:00Z", "change": 2 }),
        )
    }

    fn target(input: &Input) -> Option<&AppName> {
        Some(&input.app)
    }

    fn view(out: &Output) -> View {
        View::says(format!(
            "{} and its {} are in the trash until {}",
            out.app,
            view::count(out.versions, "version"),
            view::moment(out.kept_until)
        ))
        .next(Call::of::<Undo>(json!({ "change": out.change })))
    }
}
