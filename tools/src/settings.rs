//! Tools that read and change the node's settings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Effect, Route, Scope, Tool, View, tool::example};

/// See [`ListInput`].
pub struct ListSettings;
/// See [`SetInput`].
pub struct SetSetting;

/// List the node's settings, each with its value and where that came from.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct ListInput {
    /// Show only this setting
    #[arg(value_name = "KEY")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// The settings.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct ListOutput {
    /// The settings, in the order of documents
    pub settings: Vec<Setting>,
    /// How many there are
    pub total: u64,
}

/// One setting.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Setting {
    /// Its key
    pub key: String,
    /// Its value now
    pub value: String,
    /// `flag`, `environment`, `database` or `default`
    pub origin: String,
    /// What it does, with its unit and range
    pub help: String,
    /// Whether a change waits for the next start
    pub restart: bool,
}

impl Tool for ListSettings {
    const NAME: &'static str = "list_settings";
    const TITLE: &'static str = "List settings";
    const EFFECT: Effect = Effect::Read;
    const SCOPE: Scope = Scope::ServerRead;
    const AGENT: bool = false;
    const ROUTE: Route = Route::get("/api/settings");
    const COMMANDS: &'static [&'static str] = &["server config get"];
    type Input = ListInput;
    type Output = ListOutput;

    fn example() -> (ListInput, ListOutput) {
        example(
            json!({}),
            json!({
                "total": 1,
                "settings": [{
                    "key": "port", "value": "8080", "origin": "default",
                    "help": "port to listen on", "restart": true
                }]
            }),
        )
    }

    fn view(out: &ListOutput) -> View {
        let rows = out
            .settings
            .iter()
            .map(|setting| {
                vec![
                    setting.key.clone(),
                    setting.value.clone(),
                    setting.origin.clone(),
                    setting.help.clone(),
                ]
            })
            .collect();
        View::of_table(&["setting", "value", "from", "what it does"], "no settings", rows)
    }
}

/// Store a setting in the database, or forget the stored value.
///
/// A flag or an environment variable goes before the stored value.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct SetInput {
    /// Name the setting
    #[arg(value_name = "KEY")]
    pub key: String,
    /// Give the value; default: forget the stored one
    #[arg(value_name = "VALUE")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// The setting as it is now.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct SetOutput {
    /// The setting
    pub setting: Setting,
    /// The change to undo
    pub change: i64,
}

impl Tool for SetSetting {
    const NAME: &'static str = "set_setting";
    const TITLE: &'static str = "Change a setting";
    const EFFECT: Effect = Effect::Replace;
    const SCOPE: Scope = Scope::ServerAdmin;
    const AGENT: bool = false;
    const ROUTE: Route = Route::put("/api/settings/{key}");
    const COMMANDS: &'static [&'static str] = &["server config set"];
    const EXAMPLES: &'static [(&'static str, &'static str)] =
        &[("fazt server config set domain zyt.app", "serve apps below zyt.app")];
    type Input = SetInput;
    type Output = SetOutput;

    fn example() -> (SetInput, SetOutput) {
        example(
            json!({ "key": "port", "value": "8090" }),
            json!({
                "change": 12,
                "setting": {
                    "key": "port", "value": "8090", "origin": "database",
                    "help": "port to listen on", "restart": true
                }
            }),
        )
    }

    fn view(out: &SetOutput) -> View {
        let view = View::says(format!("{} = {}", out.setting.key, out.setting.value))
            .fact("from", &out.setting.origin);
        if out.setting.restart {
            return view.notes(["it takes effect when the node starts again".to_owned()]);
        }
        view
    }
}
