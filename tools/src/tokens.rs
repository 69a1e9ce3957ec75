//! Tools that keep tokens: make one, list them, revoke one.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    AppName, Effect, Route, Scope, Scopes, Tool, View, skills::Call, tool::example, undo::Undo,
    view,
};

/// See [`CreateInput`].
pub struct CreateToken;
/// See [`ListInput`].
pub struct ListTokens;
/// See [`RevokeInput`].
pub struct RevokeToken;

/// A usual set of scopes.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// Reads apps and the node's health
    Viewer,
    /// Reads, deploys, promotes and configures apps
    #[default]
    Deployer,
    /// All that agents may do; never the node's administration
    Agent,
    /// What another node needs to act here for its owner
    Peer,
    /// Everything
    Owner,
}

impl Preset {
    /// The scopes of the preset.
    pub fn scopes(self) -> Scopes {
        use Scope::{AppsDelete, AppsRead, AppsWrite, DataRead, DataWrite, ServerRead};
        match self {
            Self::Viewer => [AppsRead, ServerRead].into_iter().collect(),
            Self::Deployer => [AppsRead, AppsWrite, ServerRead].into_iter().collect(),
            Self::Agent | Self::Peer => {
                [AppsRead, AppsWrite, AppsDelete, DataRead, DataWrite, ServerRead]
                    .into_iter()
                    .collect()
            }
            Self::Owner => Scopes::all(),
        }
    }
}

/// Whether a person has a say in what a token removes.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Approval {
    /// Its calls are carried out at once
    #[default]
    Never,
    /// What it removes waits until a person approves
    Human,
}

impl Approval {
    /// Whether calls that remove something wait.
    pub fn is_needed(self) -> bool {
        self == Self::Human
    }

    /// The word shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Human => "human",
        }
    }
}

/// Make a token for a program or a peer; it is shown once and stored as a hash.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct CreateInput {
    /// Choose the token's name, for the ledger and for revoking it
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Choose a usual set of scopes; default: `deployer`, or none when `scopes` are given
    #[arg(long, value_name = "PRESET")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<Preset>,
    /// Add a scope
    #[arg(long = "scope", value_name = "SCOPE")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Scope>,
    /// Limit it to this app; default: all apps
    #[arg(long = "app", value_name = "APP")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apps: Vec<AppName>,
    /// Let it expire after this many days; default: never
    #[arg(long, value_name = "DAYS")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// Hold what it removes until a person approves (`human`), or not (`never`); default: `never`
    #[arg(long, value_name = "WHO", default_value = "never", hide_default_value = true)]
    #[serde(default, skip_serializing_if = "is_never")]
    pub approval: Approval,
    /// Let it make this many calls a day, by UTC; default: no limit
    #[arg(long, value_name = "CALLS")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_never(approval: &Approval) -> bool {
    !approval.is_needed()
}

/// The new token.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct CreateOutput {
    /// Its name
    pub name: String,
    /// The token itself; it is not shown again
    pub token: String,
    /// What it may do
    pub scopes: Vec<Scope>,
    /// The apps it is limited to; absent means all
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apps: Option<Vec<AppName>>,
    /// When it expires
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Whether what it removes waits for a person
    #[serde(default)]
    pub approval: Approval,
    /// Calls it may make a day; absent means no limit
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<u32>,
    /// The change to undo
    pub change: i64,
}

impl Tool for CreateToken {
    const NAME: &'static str = "create_token";
    const TITLE: &'static str = "Create a token";
    const EFFECT: Effect = Effect::Add;
    const SCOPE: Scope = Scope::ServerAdmin;
    const AGENT: bool = false;
    const ROUTE: Route = Route::post("/api/tokens");
    const COMMANDS: &'static [&'static str] = &["token create"];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("fazt token create laptop", "a deployer's token"),
        ("fazt token create ci --app blog --days 90", "only for `blog`, for 90 days"),
        (
            "fazt token create bot --preset agent --approval human --budget 2000",
            "an agent's: what it removes waits for you, and it makes 2,000 calls a day",
        ),
    ];
    type Input = CreateInput;
    type Output = CreateOutput;

    fn example() -> (CreateInput, CreateOutput) {
        example(
            json!({ "name": "laptop", "preset": "deployer" }),
            json!({
                "name": "laptop", "token": "fazt_tok_example",
                "scopes": ["apps:read", "apps:write", "server:read"], "approval": "never",
                "change": 10
            }),
        )
    }

    fn view(out: &CreateOutput) -> View {
        let scopes: Vec<_> = out.scopes.iter().map(|scope| scope.as_str()).collect();
        let apps = out
            .apps
            .as_ref()
            .map(|apps| apps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
        View::says(format!("token `{}` is made; it is shown this once", out.name))
            .fact("may", scopes.join(", "))
            .fact("apps", apps.unwrap_or_else(|| "all".to_owned()))
            .fact_if("expires", out.expires_at.map(view::moment))
            .fact_if("approval", out.approval.is_needed().then_some(out.approval.as_str()))
            .fact_if("calls a day", out.budget)
            .result(&out.token)
    }
}

/// List the tokens: name, scopes, apps, expiry, last use, limits; never the token itself.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct ListInput {}

/// The tokens.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct ListOutput {
    /// The tokens, by name
    pub tokens: Vec<Token>,
    /// How many there are
    pub total: u64,
}

/// One token, without its secret.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Token {
    /// Its name
    pub name: String,
    /// What it may do
    pub scopes: Vec<Scope>,
    /// The apps it is limited to; absent means all
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apps: Option<Vec<AppName>>,
    /// When it was made
    pub created_at: Timestamp,
    /// When it expires
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<Timestamp>,
    /// Whether what it removes waits for a person
    #[serde(default)]
    pub approval: Approval,
    /// Calls it may make a day; absent means no limit
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<u32>,
    /// Of these, the calls it made today, by UTC
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_today: Option<u32>,
}

impl Tool for ListTokens {
    const NAME: &'static str = "list_tokens";
    const TITLE: &'static str = "List tokens";
    const EFFECT: Effect = Effect::Read;
    const SCOPE: Scope = Scope::ServerAdmin;
    const AGENT: bool = false;
    const ROUTE: Route = Route::get("/api/tokens");
    const COMMANDS: &'static [&'static str] = &["token list"];
    type Input = ListInput;
    type Output = ListOutput;

    fn example() -> (ListInput, ListOutput) {
        example(
            json!({}),
            json!({
                "total": 1,
                "tokens": [{
                    "name": "laptop", "scopes": ["apps:read"], "created_at": "2026-11-20T07:00:00Z",
                    "approval": "human", "budget": 500, "calls_today": 12
                }]
            }),
        )
    }

    fn view(out: &ListOutput) -> View {
        let rows =
            out.tokens
                .iter()
                .map(|token| {
                    let scopes: Vec<_> = token.scopes.iter().map(|scope| scope.as_str()).collect();
                    let apps = token.apps.as_ref().map(|apps| {
                        apps.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
                    });
                    vec![
                        token.name.clone(),
                        scopes.join(" "),
                        apps.unwrap_or_else(|| "all".to_owned()),
                        token.expires_at.map_or_else(|| "never".to_owned(), view::moment),
                        token.used_at.map_or_else(|| "never".to_owned(), view::moment),
                        token.approval.as_str().to_owned(),
                        token.budget.map_or_else(
                            || "no limit".to_owned(),
                            |budget| format!("{} of {budget}", token.calls_today.unwrap_or(0)),
                        ),
                    ]
                })
                .collect();
        let empty = "no tokens: `fazt token create NAME` makes one";
        View::of_table(
            &["token", "may", "apps", "expires", "used", "approval", "calls today"],
            empty,
            rows,
        )
    }
}

/// Revoke a token: it stops working at once.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct RevokeInput {
    /// Name the token
    #[arg(value_name = "NAME")]
    pub name: String,
}

/// What was revoked.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct RevokeOutput {
    /// The token
    pub name: String,
    /// The change to undo
    pub change: i64,
}

impl Tool for RevokeToken {
    const NAME: &'static str = "revoke_token";
    const TITLE: &'static str = "Revoke a token";
    const EFFECT: Effect = Effect::Remove;
    const SCOPE: Scope = Scope::ServerAdmin;
    const AGENT: bool = false;
    const ROUTE: Route = Route::delete("/api/tokens/{name}");
    const COMMANDS: &'static [&'static str] = &["token revoke"];
    type Input = RevokeInput;
    type Output = RevokeOutput;

    fn example() -> (RevokeInput, RevokeOutput) {
        example(json!({ "name": "laptop" }), json!({ "name": "laptop", "change": 11 }))
    }

    fn view(out: &RevokeOutput) -> View {
        View::says(format!("token `{}` no longer works", out.name))
            .next(Call::of::<Undo>(json!({ "change": out.change })))
    }
}
