//! `list_aliases`, `set_alias` and `remove_alias` on a node.

use fazt_tools::{
    AppName, Caller, Code, Handler, Problem,
    aliases::{
        ListAliases, ListInput, ListOutput, RemoveAlias, RemoveInput, RemoveOutput, SetAlias,
        SetInput, SetOutput,
    },
    types::Share,
};
use serde_json::json;

use super::{alias_of, host_name, storage_problem};
use crate::{
    node::Node,
    store::{Alias, AliasTarget},
};

impl Handler<ListAliases> for Node {
    async fn handle(&self, caller: &Caller, _: ListInput) -> Result<ListOutput, Problem> {
        let aliases = self.store.aliases().await.map_err(|e| storage_problem(&e))?;
        let visible = |alias: &&Alias| match &alias.target {
            AliasTarget::App(app) => caller.may_touch(app),
            AliasTarget::Split(shares) => shares.iter().all(|share| caller.may_touch(&share.app)),
            AliasTarget::Redirect { .. } | AliasTarget::Reserved => caller.apps.is_none(),
        };
        let aliases: Vec<_> = aliases.iter().filter(visible).map(alias_of).collect();
        Ok(ListOutput { total: aliases.len() as u64, aliases })
    }
}

impl Handler<SetAlias> for Node {
    async fn handle(&self, caller: &Caller, input: SetInput) -> Result<SetOutput, Problem> {
        let name = host_name("name", &input.name, &self.config.domain)?;
        let target = target(&input)?;
        let actor = self.actor(caller, "set_alias", json!(input));
        let change = match self.store.set_alias(&name, Some(target.clone()), actor).await {
            Ok(change) => change,
            Err(error) => return Err(self.refusal(error).await),
        };
        self.sites.refresh_aliases().await.map_err(|e| storage_problem(&e))?;
        let url = self.url(&name);
        Ok(SetOutput { alias: alias_of(&Alias { name, target }), url, change })
    }
}

impl Handler<RemoveAlias> for Node {
    async fn handle(&self, caller: &Caller, input: RemoveInput) -> Result<RemoveOutput, Problem> {
        let name = host_name("name", &input.name, &self.config.domain)?;
        let actor = self.actor(caller, "remove_alias", json!({ "name": name }));
        let change = self.store.set_alias(&name, None, actor).await;
        let change = change.map_err(|e| storage_problem(&e))?;
        self.sites.refresh_aliases().await.map_err(|e| storage_problem(&e))?;
        Ok(RemoveOutput { name, change })
    }

    async fn question(&self, _: &Caller, input: &RemoveInput) -> Result<String, Problem> {
        let name = host_name("name", &input.name, &self.config.domain)?;
        let aliases = self.store.aliases().await.map_err(|e| storage_problem(&e))?;
        let Some(alias) = aliases.iter().find(|alias| alias.name == name) else {
            let known = aliases.iter().map(|alias| alias.name.as_str());
            return Err(Problem::missing(Code::NotFound, "alias", &name, known));
        };
        let does = match &alias.target {
            AliasTarget::App(app) => format!("It leads to `{app}`"),
            AliasTarget::Redirect { to, .. } => format!("It redirects to {to}"),
            AliasTarget::Reserved => "It keeps the name free".to_owned(),
            AliasTarget::Split(shares) => {
                let apps: Vec<_> = shares.iter().map(|share| share.app.as_str()).collect();
                format!("It is split over {}", apps.join(", "))
            }
        };
        Ok(format!("Remove the alias `{name}`? {does}; `undo` brings it back."))
    }
}

/// Reads which one thing the alias shall do.
fn target(input: &SetInput) -> Result<AliasTarget, Problem> {
    let wishes =
        [input.app.is_some(), input.redirect.is_some(), input.reserve, !input.split.is_empty()];
    if wishes.iter().filter(|wish| **wish).count() != 1 {
        let rule = "give exactly one of `app`, `redirect`, `reserve` and `split`";
        return Err(Problem::invalid("name", rule));
    }
    if let Some(app) = &input.app {
        return Ok(AliasTarget::App(app.clone()));
    }
    if let Some(to) = &input.redirect {
        let url = url::Url::parse(to).map_err(|e| Problem::invalid("redirect", e.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Problem::invalid("redirect", "give a URL that begins with http or https"));
        }
        let status = input.status.unwrap_or(301);
        if !matches!(status, 301 | 302) {
            return Err(Problem::invalid("status", "give 301 or 302"));
        }
        return Ok(AliasTarget::Redirect { to: url.into(), status });
    }
    if input.reserve {
        return Ok(AliasTarget::Reserved);
    }
    let shares = input.split.iter().map(|text| share(text)).collect::<Result<Vec<_>, _>>()?;
    if shares.len() < 2 {
        return Err(Problem::invalid("split", "give at least two apps"));
    }
    Ok(AliasTarget::Split(shares))
}

fn share(text: &str) -> Result<Share, Problem> {
    let refuse = |rule: String| Problem::invalid("split", rule);
    let (app, weight) =
        text.split_once('=').ok_or_else(|| refuse(format!("`{text}` is not `app=weight`")))?;
    let app = AppName::parse(app).map_err(|error| refuse(error.to_string()))?;
    match weight.parse() {
        Ok(weight @ 1..=1_000_000) => Ok(Share { app, weight }),
        _ => Err(refuse(format!("`{weight}` is not a weight: give 1 to 1000000"))),
    }
}
