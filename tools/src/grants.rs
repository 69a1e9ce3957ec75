//! Tools that keep grants: list what programs were allowed by OAuth, take it back.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{AppName, Effect, Route, Scope, Tool, View, tool::example, view};

/// See [`ListInput`].
pub struct ListGrants;
/// See [`RevokeInput`].
pub struct RevokeGrant;

/// List the programs that were allowed in by OAuth: name, scopes, apps, last use.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct ListInput {}

/// The grants.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct ListOutput {
    /// The grants that hold, newest first
    pub grants: Vec<Grant>,
    /// How many there are
    pub total: u64,
}

/// What a program was allowed.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Grant {
    /// Its number, for revoking it
    pub grant: i64,
    /// What the program calls itself
    pub name: String,
    /// The program's id: made by the node, or the address of its document
    pub client: String,
    /// The address its tokens are for
    pub resource: String,
    /// What it may do
    pub scopes: Vec<Scope>,
    /// The apps it is limited to; absent means all
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apps: Option<Vec<AppName>>,
    /// When it was allowed
    pub created_at: Timestamp,
    /// When it ends unless the program comes back
    pub expires_at: Timestamp,
    /// When it was last used, to the minute
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<Timestamp>,
}

impl Tool for ListGrants {
    const NAME: &'static str = "list_grants";
    const TITLE: &'static str = "List grants";
    const EFFECT: Effect = Effect::Read;
    const SCOPE: Scope = Scope::ServerAdmin;
    const AGENT: bool = false;
    const ROUTE: Route = Route::get("/api/grants");
    const COMMANDS: &'static [&'static str] = &["grant list"];
    type Input = ListInput;
    type Output = ListOutput;

    fn example() -> (ListInput, ListOutput) {
        example(
            json!({}),
            json!({
                "total": 1,
                "grants": [{
                    "grant": 3, "name": "Claude Code",
                    "client": "https://claude.ai/oauth/claude-code-client-metadata",
                    "resource": "https://admin.zyt.app/mcp", "scopes": ["apps:read"],
                    "created_at": "2026-11-20T07:00:00Z", "expires_at": "2027-02-18T07:00:00Z"
                }]
            }),
        )
    }

    fn view(out: &ListOutput) -> View {
        let rows = out.grants.iter().map(|grant| {
            let scopes: Vec<_> = grant.scopes.iter().map(|scope| scope.as_str()).collect();
            let apps = grant
                .apps
                .as_ref()
                .map(|apps| apps.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
            vec![
                grant.grant.to_string(),
                grant.name.clone(),
                scopes.join(" "),
                apps.unwrap_or_else(|| "all".to_owned()),
                view::moment(grant.expires_at),
                grant.used_at.map_or_else(|| "never".to_owned(), view::moment),
            ]
        });
        let empty = "no grants: programs that speak OAuth ask for one";
        let heads = &[">grant", "program", "may", "apps", "expires", "used"];
        View::of_table(heads, empty, rows.collect())
    }
}

/// Revoke a grant: the program's tokens stop working at once.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct RevokeInput {
    /// Name the grant by its number, from `list_grants`
    #[arg(value_name = "ID")]
    pub grant: i64,
}

/// What was revoked.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct RevokeOutput {
    /// The grant
    pub grant: i64,
    /// The change to undo
    pub change: i64,
}

impl Tool for RevokeGrant {
    const NAME: &'static str = "revoke_grant";
    const TITLE: &'static str = "Revoke a grant";
    const EFFECT: Effect = Effect::Remove;
    const SCOPE: Scope = Scope::ServerAdmin;
    const AGENT: bool = false;
    const ROUTE: Route = Route::delete("/api/grants/{grant}");
    const COMMANDS: &'static [&'static str] = &["grant revoke"];
    type Input = RevokeInput;
    type Output = RevokeOutput;

    fn example() -> (RevokeInput, RevokeOutput) {
        example(json!({ "grant": 3 }), json!({ "grant": 3, "change": 12 }))
    }

    fn view(out: &RevokeOutput) -> View {
        View::says(format!("grant {} no longer works", out.grant))
            .next(format!("fazt undo {}", out.change))
    }
}
