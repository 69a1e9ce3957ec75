//! `configure_app` on a node.

use std::collections::BTreeMap;

use fazt_tools::{
    Caller, Code, Handler, Problem, Scope,
    configure_app::{ConfigureApp, Input, Output},
    env::{Env, Limits},
    limits,
    names::is_env_name,
};
use serde_json::json;

use super::{alias_of, host_name, net, storage_problem};
use crate::{
    node::Node,
    store::{AliasTarget, Configure},
};

impl Handler<ConfigureApp> for Node {
    async fn handle(&self, caller: &Caller, input: Input) -> Result<Output, Problem> {
        let app = self.find_app(&input.app).await?;
        // A name is the node's to give; a token for one app must not take any.
        if caller.apps.is_some() && !(input.add_hosts.is_empty() && input.remove_hosts.is_empty()) {
            let what = format!("{} is limited to apps and cannot give host names", caller.name);
            return Err(
                Problem::new(Code::Forbidden, what).hint("use a token made without `--app`")
            );
        }
        let host = self.store.host(app.id).await.map_err(|e| storage_problem(&e))?;
        let limits = if input.limits.is_empty() {
            None
        } else {
            // The node's processor and memory are not the app's to give.
            caller.require(Scope::ServerAdmin, "a change of an app's limits")?;
            let before = host.map(|host| host.limits).unwrap_or_default();
            let over = input.limits.over(before);
            Some(over.map_err(|(field, rule)| Problem::invalid(field, rule))?)
        };
        let hosts = |field: &str, hosts: &[String]| -> Result<Vec<String>, Problem> {
            hosts.iter().map(|host| host_name(field, host, &self.config.domain)).collect()
        };
        let wish = Configure {
            spa: input.spa,
            env: environment(&input.env)?,
            limits,
            add_hosts: hosts("add_hosts", &input.add_hosts)?,
            remove_hosts: hosts("remove_hosts", &input.remove_hosts)?,
            pin: input.pin.clone(),
            unpin: input.unpin.clone(),
        };
        let mut fetch = Vec::new();
        for host in &input.allow_fetch {
            let (host, rule) = net::origin("allow_fetch", host)?;
            fetch.push((host, Some(rule)));
        }
        for host in &input.remove_fetch {
            fetch.push((net::origin("remove_fetch", host)?.0, None));
        }
        if wish != Configure::default() && !fetch.is_empty() {
            let rule = "what may be fetched is a change of its own: give the rest in another call";
            return Err(Problem::invalid("allow_fetch", rule));
        }
        let change = if !fetch.is_empty() {
            let actor = self.actor(caller, "configure_app", json!(input));
            let change = match self.store.set_fetch_rules(Some(&input.app), fetch, actor).await {
                Ok(change) => change,
                Err(error) => return Err(self.refusal(error).await),
            };
            self.refresh_egress().await?;
            change
        } else if wish == Configure::default() {
            None
        } else {
            // The ledger names the values; what they are is in the change's cells.
            let mut told = json!(input);
            if !input.env.is_empty() {
                told["env"] = input.env.0.keys().cloned().collect();
            }
            let actor = self.actor(caller, "configure_app", told);
            let done = self.store.configure(&input.app, wish, actor).await;
            let change = match done {
                Ok(change) => change,
                Err(error) => return Err(self.refusal(error).await),
            };
            self.refresh(app.id).await?;
            self.sites.refresh_aliases().await.map_err(|e| storage_problem(&e))?;
            change
        };
        let app = self.find_app(&input.app).await?;
        let aliases = self.store.aliases().await.map_err(|e| storage_problem(&e))?;
        let versions = self.store.versions(app.id).await.map_err(|e| storage_problem(&e))?;
        let pinned = versions.iter().filter(|version| version.pinned);
        let pinned = pinned.map(|version| version.version).collect();
        let rules = self.store.fetch_rules().await.map_err(|e| storage_problem(&e))?;
        let own = rules.into_iter().filter(|row| row.app == Some(app.id));
        let live = versions.iter().find(|version| Some(version.version) == app.live);
        Ok(Output {
            spa: app.spa.or(live.map(|version| version.settings.spa)).unwrap_or(false),
            aliases: aliases
                .iter()
                .filter(|alias| alias.target == AliasTarget::App(app.name.clone()))
                .map(alias_of)
                .collect(),
            env: self.env_names(app.id).await?,
            limits: self
                .sites
                .app(app.name.as_str())
                .map_or_else(Limits::default, |slot| slot.own().limits),
            app: app.name,
            pinned,
            fetch: own.map(net::shown).collect(),
            change,
        })
    }
}

impl Node {
    /// Names of the values that the owner set in an app's environment.
    pub(super) async fn env_names(&self, app: i64) -> Result<Vec<String>, Problem> {
        let host = self.store.host(app).await.map_err(|e| storage_problem(&e))?;
        let env = host.map(|host| host.env).unwrap_or_default();
        Ok(env.into_iter().map(|(name, _)| name).collect())
    }
}

/// Values that may be set: names that a script can write, texts that are not too long.
fn environment(env: &Env) -> Result<BTreeMap<String, Option<String>>, Problem> {
    for (name, value) in &env.0 {
        if !is_env_name(name) {
            let rule = format!(
                "`{}` is no name of a value; use letters, digits and `_`, and no digit first",
                name.escape_debug()
            );
            return Err(Problem::invalid("env", rule));
        }
        let most = limits::ENV_BYTES.value;
        if value.as_ref().is_some_and(|value| value.len() as u64 > most) {
            let rule = format!("the value of `{name}` is longer than {most} bytes");
            return Err(Problem::invalid("env", rule));
        }
    }
    Ok(env.0.clone())
}
