//! Tools that keep aliases: other host names, redirects, splits, reservations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    AppName, Effect, Route, Scope, Tool, View,
    skills::Call,
    tool::example,
    types::{Alias, AliasKind},
    undo::Undo,
};

/// See [`ListInput`].
pub struct ListAliases;
/// See [`SetInput`].
pub struct SetAlias;
/// See [`RemoveInput`].
pub struct RemoveAlias;

/// List the host names that are not an app's own: aliases, redirects, splits, reservations.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct ListInput {}

/// The aliases.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct ListOutput {
    /// The aliases, by name
    pub aliases: Vec<Alias>,
    /// How many there are
    pub total: u64,
}

impl Tool for ListAliases {
    const NAME: &'static str = "list_aliases";
    const TITLE: &'static str = "List aliases";
    const EFFECT: Effect = Effect::Read;
    const SCOPE: Scope = Scope::AppsRead;
    const AGENT: bool = false;
    const ROUTE: Route = Route::get("/api/aliases");
    const COMMANDS: &'static [&'static str] = &["alias list"];
    type Input = ListInput;
    type Output = ListOutput;

    fn example() -> (ListInput, ListOutput) {
        example(
            json!({}),
            json!({ "total": 1, "aliases": [{ "name": "hi", "kind": "app", "app": "hello" }] }),
        )
    }

    fn view(out: &ListOutput) -> View {
        let rows = out
            .aliases
            .iter()
            .map(|alias| vec![alias.name.clone(), alias.kind.as_str().to_owned(), leads_to(alias)])
            .collect();
        let empty = "no aliases: `fazt alias set NAME --app APP` makes one";
        View::of_table(&["name", "kind", "leads to"], empty, rows)
    }
}

fn leads_to(alias: &Alias) -> String {
    match alias.kind {
        AliasKind::App => alias.app.as_ref().map(ToString::to_string).unwrap_or_default(),
        AliasKind::Redirect => {
            format!("{} ({})", alias.to.as_deref().unwrap_or_default(), alias.status.unwrap_or(301))
        }
        AliasKind::Reserved => "nothing".to_owned(),
        AliasKind::Split => {
            let shares: Vec<_> = alias
                .shares
                .iter()
                .map(|share| format!("{}={}", share.app, share.weight))
                .collect();
            shares.join(" ")
        }
    }
}

/// Make a host name lead somewhere: to an app, elsewhere, nowhere, or to several apps by weight.
///
/// The name is a label served below the node's domain (`www2`) or a whole
/// domain whose DNS points here. A name that exists is replaced.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct SetInput {
    /// Name the host: a label or a whole domain
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Serve this app there
    #[arg(long, value_name = "APP", group = "does")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppName>,
    /// Redirect visitors to this URL
    #[arg(long, value_name = "URL", group = "does")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<String>,
    /// Redirect with this status, 301 or 302; default: 301
    #[arg(long, value_name = "STATUS", requires = "redirect")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Keep the name free: it answers 404 and no app may take it
    #[arg(long, group = "does")]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reserve: bool,
    /// Spread visitors over apps by weight, each written `app=weight`
    #[arg(long, value_name = "APP=WEIGHT", num_args = 1.., group = "does")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub split: Vec<String>,
}

/// The alias as it is now.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct SetOutput {
    /// The alias
    pub alias: Alias,
    /// Where visitors find it
    pub url: String,
    /// The change to undo
    pub change: i64,
}

impl Tool for SetAlias {
    const NAME: &'static str = "set_alias";
    const TITLE: &'static str = "Set an alias";
    const EFFECT: Effect = Effect::Replace;
    const SCOPE: Scope = Scope::ServerAdmin;
    const AGENT: bool = false;
    const ROUTE: Route = Route::put("/api/aliases/{name}");
    const COMMANDS: &'static [&'static str] = &["alias set"];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("fazt alias set www2 --app blog", "another name for `blog`"),
        ("fazt alias set old --redirect https://new.example --status 302", "send visitors on"),
        ("fazt alias set shop --split shop-a=90 shop-b=10", "try `shop-b` on one in ten"),
    ];
    type Input = SetInput;
    type Output = SetOutput;

    fn example() -> (SetInput, SetOutput) {
        example(
            json!({ "name": "hi", "app": "hello" }),
            json!({
                "alias": { "name": "hi", "kind": "app", "app": "hello" },
                "url": "http://hi.localhost:8080", "change": 8
            }),
        )
    }

    fn target(input: &SetInput) -> Option<&AppName> {
        input.app.as_ref()
    }

    fn view(out: &SetOutput) -> View {
        let what = match out.alias.kind {
            AliasKind::App => format!("leads to {}", leads_to(&out.alias)),
            AliasKind::Redirect => format!("redirects to {}", leads_to(&out.alias)),
            AliasKind::Reserved => "is reserved".to_owned(),
            AliasKind::Split => format!("is split: {}", leads_to(&out.alias)),
        };
        View::says(format!("{} {what}", out.alias.name)).result(&out.url)
    }
}

/// Remove an alias; the app it led to stays as it is.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct RemoveInput {
    /// Name the alias
    #[arg(value_name = "NAME")]
    pub name: String,
}

/// What was removed.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct RemoveOutput {
    /// The alias
    pub name: String,
    /// The change to undo
    pub change: i64,
}

impl Tool for RemoveAlias {
    const NAME: &'static str = "remove_alias";
    const TITLE: &'static str = "Remove an alias";
    const EFFECT: Effect = Effect::Remove;
    const SCOPE: Scope = Scope::ServerAdmin;
    const AGENT: bool = false;
    const ROUTE: Route = Route::delete("/api/aliases/{name}");
    const COMMANDS: &'static [&'static str] = &["alias remove"];
    type Input = RemoveInput;
    type Output = RemoveOutput;

    fn example() -> (RemoveInput, RemoveOutput) {
        example(json!({ "name": "hi" }), json!({ "name": "hi", "change": 9 }))
    }

    fn view(out: &RemoveOutput) -> View {
        View::says(format!("{} leads nowhere now", out.name))
            .next(Call::of::<Undo>(json!({ "change": out.change })))
    }
}
