//! `configure_app`: settings of an app that live beside its versions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    AppName, Effect, Route, Scope, Tool, View,
    env::{Env, Limits},
    net::FetchRule,
    tool::example,
    types::Alias,
};

/// See [`Input`].
pub struct ConfigureApp;

/// Change an app's settings: hosts that lead to it, environment, single-page mode, pins,
/// and what its functions may fetch from.
///
/// Given nothing to change, it answers the settings as they are. A host is a
/// label served below the node's domain (`www2`) or a whole domain
/// (`blog.example`) whose DNS points here.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name the app
    #[arg(value_name = "APP")]
    pub app: AppName,
    /// Answer an unknown path with `index.html`; default: as the manifest says
    #[arg(long, value_name = "BOOL")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spa: Option<bool>,
    /// Set values that functions read as `fazt.env`, or with null remove them; no secrets
    #[command(flatten)]
    #[serde(default, skip_serializing_if = "Env::is_empty")]
    pub env: Env,
    /// Replace budgets of the functions; takes the scope `server:admin`
    #[command(flatten)]
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
    /// Let this host name lead to the app
    #[arg(long = "add-host", value_name = "HOST")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add_hosts: Vec<String>,
    /// Let this host name no longer lead to the app
    #[arg(long = "remove-host", value_name = "HOST")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove_hosts: Vec<String>,
    /// Keep this version whatever its age
    #[arg(long, value_name = "VERSION")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pin: Vec<u32>,
    /// Let this version go when it is old, like others
    #[arg(long, value_name = "VERSION")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unpin: Vec<u32>,
    /// Let functions fetch from this host: `HOST`, `*.HOST` or `http://HOST:PORT`
    #[arg(long = "allow-fetch", value_name = "HOST")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_fetch: Vec<String>,
    /// Let them no longer fetch from it
    #[arg(long = "remove-fetch", value_name = "HOST")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove_fetch: Vec<String>,
}

/// The settings as they are now.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Output {
    /// The app
    pub app: AppName,
    /// Whether unknown paths get `index.html`
    pub spa: bool,
    /// Host names that lead to it, besides its own
    pub aliases: Vec<Alias>,
    /// Versions that are kept whatever their age
    pub pinned: Vec<u32>,
    /// Names of the values in its environment
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// What its functions may fetch from, besides what every app may
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fetch: Vec<FetchRule>,
    /// Budgets of its functions that are not the usual ones
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
    /// The change to undo, if anything changed
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<i64>,
}

impl Tool for ConfigureApp {
    const NAME: &'static str = "configure_app";
    const TITLE: &'static str = "Configure an app";
    const EFFECT: Effect = Effect::Replace;
    const IDEMPOTENT: bool = true;
    const SCOPE: Scope = Scope::AppsWrite;
    const ROUTE: Route = Route::patch("/api/apps/{app}/config");
    const COMMANDS: &'static [&'static str] = &["config"];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("fazt config blog", "show the settings"),
        ("fazt config blog --add-host blog.example", "serve it at a domain of its own"),
        ("fazt config blog --env GREETING=hello", "set what functions read as `fazt.env.GREETING`"),
    ];
    type Input = Input;
    type Output = Output;

    fn example() -> (Input, Output) {
        example(
            json!({ "app": "hello", "add_hosts": ["hi"] }),
            json!({
                "app": "hello", "spa": false, "change": 4, "pinned": [],
                "aliases": [{ "name": "hi", "kind": "app", "app": "hello" }]
            }),
        )
    }

    fn target(input: &Input) -> Option<&AppName> {
        Some(&input.app)
    }

    fn view(out: &Output) -> View {
        let hosts: Vec<_> = out.aliases.iter().map(|alias| alias.name.as_str()).collect();
        let headline = match out.change {
            Some(_) => format!("{} is configured", out.app),
            None => format!("settings of {}", out.app),
        };
        let hosts = if hosts.is_empty() { "only its own".to_owned() } else { hosts.join(", ") };
        let pinned: Vec<_> = out.pinned.iter().map(|version| format!("v{version}")).collect();
        let fetch: Vec<_> = out.fetch.iter().map(|rule| rule.host.as_str()).collect();
        View::says(headline)
            .fact("spa", if out.spa { "yes" } else { "no" })
            .fact("hosts", hosts)
            .fact_if("env", (!out.env.is_empty()).then(|| out.env.join(", ")))
            .fact_if("wall", out.limits.wall_ms.map(|ms| format!("{ms} ms")))
            .fact_if("cpu", out.limits.cpu_ms.map(|ms| format!("{ms} ms")))
            .fact_if("memory", out.limits.memory_mb.map(|mb| format!("{mb} MiB")))
            .fact_if("pinned", (!pinned.is_empty()).then(|| pinned.join(", ")))
            .fact_if("may fetch from", (!fetch.is_empty()).then(|| fetch.join(", ")))
    }
}
