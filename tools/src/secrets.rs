//! Tools that keep the secrets which the node adds to what functions fetch.
//!
//! A value goes in and never comes out again: no output has a field for it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    AppName, Effect, Route, Scope, Tool, View, skills::Call, tool::example, undo::Undo, view,
};

/// See [`SetInput`].
pub struct SetSecret;
/// See [`ListInput`].
pub struct ListSecrets;
/// See [`RemoveInput`].
pub struct RemoveSecret;
/// See [`RekeyInput`].
pub struct RekeySecrets;

/// How a secret is added to a request.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Inject {
    /// As `Authorization: Bearer …`.
    #[default]
    Bearer,
    /// As a header.
    Header,
    /// As a parameter of the query.
    Query,
}

impl Inject {
    /// The word that is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Header => "header",
            Self::Query => "query",
        }
    }
}

/// What is known of a secret: everything but its value.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Secret {
    /// Its name, which functions give as `auth`
    pub name: String,
    /// The app that may use it; absent: every app
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppName>,
    /// How it is added to a request
    pub inject: Inject,
    /// The header or the parameter
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The hosts it is sent to, and no others
    pub hosts: Vec<String>,
    /// When its value was set
    pub set_at: Timestamp,
}

/// Store a secret that the node adds to what functions fetch from the hosts it names.
///
/// On the command line the value is read from standard input, or from `--file`.
/// A function names the secret and never sees its value.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct SetInput {
    /// Choose its name: capitals, digits and `_`
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Give the value
    #[arg(skip)]
    pub value: String,
    /// Let this app use it; default: every app
    #[arg(long, value_name = "APP")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppName>,
    /// Send it to this host, or `*.suffix`, and no other
    #[arg(long = "host", value_name = "HOST", required = true)]
    pub hosts: Vec<String>,
    /// Add it in this way; default: bearer
    #[arg(long = "as", value_name = "WAY", value_enum)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inject: Option<Inject>,
    /// Name the header or the parameter of the query
    #[arg(long, value_name = "KEY")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// The secret as it is now.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct SetOutput {
    /// The secret, without its value
    pub secret: Secret,
    /// The change to undo
    pub change: i64,
}

impl Tool for SetSecret {
    const NAME: &'static str = "set_secret";
    const TITLE: &'static str = "Set a secret";
    const EFFECT: Effect = Effect::Replace;
    const SCOPE: Scope = Scope::ServerAdmin;
    const AGENT: bool = false;
    const ROUTE: Route = Route::put("/api/secrets/{name}");
    const COMMANDS: &'static [&'static str] = &["secret set"];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        (
            "fazt secret set STRIPE_KEY --app shop --host api.stripe.com --file key.txt",
            "`auth: \"STRIPE_KEY\"` sends it as a bearer token",
        ),
        (
            "fazt secret set MAPS --host maps.example.com --as query --key apikey",
            "as `?apikey=…`; the value from standard input",
        ),
    ];
    type Input = SetInput;
    type Output = SetOutput;

    fn example() -> (SetInput, SetOutput) {
        example(
            json!({
                "name": "STRIPE_KEY", "value": "…", "app": "hello", "hosts": ["api.stripe.com"]
            }),
            json!({
                "secret": {
                    "name": "STRIPE_KEY", "app": "hello", "inject": "bearer",
                    "hosts": ["api.stripe.com"], "set_at": "2026-11-20T07:00:00Z"
                },
                "change": 15
            }),
        )
    }

    fn target(input: &SetInput) -> Option<&AppName> {
        input.app.as_ref()
    }

    fn view(out: &SetOutput) -> View {
        let secret = &out.secret;
        let who = secret.app.as_ref().map_or_else(|| "every app".to_owned(), ToString::to_string);
        View::says(format!("the secret `{}` is set", secret.name))
            .fact("for", who)
            .fact("sent to", secret.hosts.join(", "))
            .fact("as", way(secret))
    }
}

fn way(secret: &Secret) -> String {
    match &secret.key {
        Some(key) => format!("{} {key}", secret.inject.as_str()),
        None => secret.inject.as_str().to_owned(),
    }
}

/// List the secrets by name; their values are never shown.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct ListInput {
    /// Keep only what this app may use
    #[arg(long, value_name = "APP")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppName>,
}

/// The secrets.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct ListOutput {
    /// The secrets, by name
    pub secrets: Vec<Secret>,
    /// How many there are
    pub total: u64,
}

impl Tool for ListSecrets {
    const NAME: &'static str = "list_secrets";
    const TITLE: &'static str = "List secrets";
    const EFFECT: Effect = Effect::Read;
    const SCOPE: Scope = Scope::ServerAdmin;
    const AGENT: bool = false;
    const ROUTE: Route = Route::get("/api/secrets");
    const COMMANDS: &'static [&'static str] = &["secret list"];
    type Input = ListInput;
    type Output = ListOutput;

    fn example() -> (ListInput, ListOutput) {
        example(
            json!({}),
            json!({
                "total": 1,
                "secrets": [{
                    "name": "STRIPE_KEY", "app": "hello", "inject": "bearer",
                    "hosts": ["api.stripe.com"], "set_at": "2026-11-20T07:00:00Z"
                }]
            }),
        )
    }

    fn target(input: &ListInput) -> Option<&AppName> {
        input.app.as_ref()
    }

    fn view(out: &ListOutput) -> View {
        let row = |secret: &Secret| {
            let app =
                secret.app.as_ref().map_or_else(|| "every app".to_owned(), ToString::to_string);
            let set = view::moment(secret.set_at);
            vec![secret.name.clone(), app, way(secret), secret.hosts.join(" "), set]
        };
        let empty = "no secrets: `fazt secret set NAME --host HOST` sets one";
        let rows = out.secrets.iter().map(row).collect();
        View::of_table(&["secret", "app", "as", "sent to", "set"], empty, rows)
    }
}

/// Remove a secret: calls that name it fail at once.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct RemoveInput {
    /// Name the secret
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Take it from this app; default: the one of every app
    #[arg(long, value_name = "APP")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppName>,
}

/// What was removed.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct RemoveOutput {
    /// The secret
    pub name: String,
    /// The change to undo
    pub change: i64,
}

impl Tool for RemoveSecret {
    const NAME: &'static str = "remove_secret";
    const TITLE: &'static str = "Remove a secret";
    const EFFECT: Effect = Effect::Remove;
    const SCOPE: Scope = Scope::ServerAdmin;
    const AGENT: bool = false;
    const ROUTE: Route = Route::delete("/api/secrets/{name}");
    const COMMANDS: &'static [&'static str] = &["secret remove"];
    type Input = RemoveInput;
    type Output = RemoveOutput;

    fn example() -> (RemoveInput, RemoveOutput) {
        example(
            json!({ "name": "STRIPE_KEY", "app": "hello" }),
            json!({ "name": "STRIPE_KEY", "change": 16 }),
        )
    }

    fn target(input: &RemoveInput) -> Option<&AppName> {
        input.app.as_ref()
    }

    fn view(out: &RemoveOutput) -> View {
        View::says(format!("the secret `{}` is gone", out.name))
            .next(Call::of::<Undo>(json!({ "change": out.change })))
    }
}

/// Seal every secret anew with a key made now, and forget the key before.
///
/// Where the key comes from the environment, put the new one first and the old
/// one after it, separated by a comma, start again, and then do this.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct RekeyInput {}

/// What was sealed anew.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct RekeyOutput {
    /// How many secrets
    pub sealed: u64,
}

impl Tool for RekeySecrets {
    const NAME: &'static str = "rekey_secrets";
    const TITLE: &'static str = "Change the key of the secrets";
    const EFFECT: Effect = Effect::Replace;
    const SCOPE: Scope = Scope::ServerAdmin;
    const AGENT: bool = false;
    const ROUTE: Route = Route::post("/api/secrets/rekey");
    const COMMANDS: &'static [&'static str] = &["secret rekey"];
    type Input = RekeyInput;
    type Output = RekeyOutput;

    fn example() -> (RekeyInput, RekeyOutput) {
        example(json!({}), json!({ "sealed": 1 }))
    }

    fn view(out: &RekeyOutput) -> View {
        View::says(format!("{} sealed with a new key", view::count(out.sealed, "secret")))
    }
}
