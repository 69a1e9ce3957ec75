//! The tools of the egress gateway's rules and log on a node.

use fazt_tools::{
    AppName, Caller, Code, Handler, Problem, Scope,
    net::{
        AllowFetch, AllowInput, AllowOutput, Fetch, FetchRule, FetchStats, HostStats,
        ListFetchRules, ListFetches, ListInput, ListOutput, LogInput, LogOutput, RemoveFetchRule,
        RemoveInput, RemoveOutput, StatsInput, StatsOutput,
    },
};
use serde_json::json;

use super::{among, cursor_of, page, read_cursor, storage_problem};
use crate::{
    egress::{budget, cache, policy},
    node::Node,
    store::{FetchQuery, FetchRow, FetchRule as Rule},
};

impl Handler<AllowFetch> for Node {
    async fn handle(&self, caller: &Caller, input: AllowInput) -> Result<AllowOutput, Problem> {
        for_every_app(caller, input.app.as_ref(), "allow_fetch")?;
        let host = pattern("host", &input.host)?;
        let rule = self.rule_of(&input)?;
        let actor = self.actor(caller, "allow_fetch", json!(input));
        let rules = vec![(host.clone(), Some(rule.clone()))];
        let change = match self.store.set_fetch_rules(input.app.as_ref(), rules, actor).await {
            Ok(change) => change,
            Err(error) => return Err(self.refusal(error).await),
        };
        self.refresh_egress().await?;
        let row = FetchRow { app: None, name: input.app, host, rule };
        Ok(AllowOutput { rule: shown(row), change: change.unwrap_or_default() })
    }
}

impl Handler<ListFetchRules> for Node {
    async fn handle(&self, caller: &Caller, input: ListInput) -> Result<ListOutput, Problem> {
        let failed = |e| storage_problem(&e);
        let app = match &input.app {
            Some(name) => Some(self.find_app(name).await?),
            None => None,
        };
        let rows = match (&app, input.version) {
            (Some(app), Some(version)) => {
                let rows = self.store.fetch_rules_of(app.id, version).await.map_err(failed)?;
                rows.ok_or_else(|| {
                    let what = format!("app `{}` has no version {version}", app.name);
                    Problem::new(Code::VersionNotFound, what)
                        .hint(format!("`fazt app {}` lists its versions", app.name))
                })?
            }
            _ => self.store.fetch_rules().await.map_err(failed)?,
        };
        let app = app.map(|app| app.id);
        let rules: Vec<_> = rows
            .into_iter()
            .filter(|row| app.is_none() || row.app.is_none() || row.app == app)
            .filter(|row| row.name.as_ref().is_none_or(|name| caller.may_touch(name)))
            .map(shown)
            .collect();
        Ok(ListOutput { total: rules.len() as u64, rules })
    }
}

impl Handler<RemoveFetchRule> for Node {
    async fn handle(&self, caller: &Caller, input: RemoveInput) -> Result<RemoveOutput, Problem> {
        for_every_app(caller, input.app.as_ref(), "remove_fetch_rule")?;
        let host = pattern("host", &input.host)?;
        let actor = self.actor(caller, "remove_fetch_rule", json!(input));
        let rules = vec![(host.clone(), None)];
        let change = match self.store.set_fetch_rules(input.app.as_ref(), rules, actor).await {
            Ok(change) => change,
            Err(error) => return Err(self.refusal(error).await),
        };
        self.refresh_egress().await?;
        Ok(RemoveOutput { host, change: change.unwrap_or_default() })
    }

    async fn question(&self, caller: &Caller, input: &RemoveInput) -> Result<String, Problem> {
        for_every_app(caller, input.app.as_ref(), "remove_fetch_rule")?;
        if let Some(app) = &input.app {
            self.find_app(app).await?;
        }
        let host = pattern("host", &input.host)?;
        let rows = self.store.fetch_rules().await.map_err(|e| storage_problem(&e))?;
        let mut of = rows.iter().filter(|row| row.name == input.app);
        if !of.clone().any(|row| row.host == host) {
            let known = of.by_ref().map(|row| row.host.as_str());
            return Err(Problem::missing(Code::NotFound, "allowed host", &host, known));
        }
        let who = input.app.as_ref().map_or("every app", AppName::as_str);
        Ok(format!("No longer let {who} fetch from `{host}`? `undo` allows it again."))
    }
}

impl Handler<ListFetches> for Node {
    async fn handle(&self, caller: &Caller, input: LogInput) -> Result<LogOutput, Problem> {
        let limit = page(input.limit)?;
        let before = match read_cursor(input.cursor.as_deref())? {
            None => None,
            Some(key) => {
                Some(key.parse().map_err(|_| Problem::invalid("cursor", "it is damaged"))?)
            }
        };
        if let Some(app) = &input.app {
            self.find_app(app).await?;
        }
        let failed = |e| storage_problem(&e);
        self.egress.write_log().await.map_err(failed)?;
        let (host, errors) = (input.host.map(|host| host.to_ascii_lowercase()), input.errors);
        let (app, among) = (input.app, among(caller));
        let query = FetchQuery { app, among, host, errors, before, limit: limit + 1 };
        let (mut found, total) = self.store.fetches(query).await.map_err(failed)?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let cursor = found.last().filter(|_| more).map(|last| cursor_of(&last.id.to_string()));
        let fetches = found.into_iter().filter_map(|line| {
            Some(Fetch {
                at: line.at,
                app: line.name?,
                method: line.method,
                host: line.host,
                path: line.path,
                status: line.status,
                code: line.code,
                ms: line.ms,
                bytes: line.bytes,
                cached: line.cached,
            })
        });
        Ok(LogOutput { fetches: fetches.collect(), total, cursor })
    }
}

impl Handler<FetchStats> for Node {
    async fn handle(&self, caller: &Caller, input: StatsInput) -> Result<StatsOutput, Problem> {
        let app = match &input.app {
            Some(name) => Some(self.find_app(name).await?.id),
            None => None,
        };
        let failed = |e| storage_problem(&e);
        self.egress.write_log().await.map_err(failed)?;
        let counts = self.store.fetch_counts(app, self.a_day_ago()).await.map_err(failed)?;
        #[expect(clippy::cast_precision_loss, reason = "a mean for reading")]
        let hosts: Vec<_> = counts
            .into_iter()
            .filter(|count| caller.may_touch(&count.app))
            .map(|count| HostStats {
                app: count.app,
                host: count.host,
                calls: count.calls,
                failed: count.failed,
                cached: count.cached,
                mean_ms: count.ms as f64 / count.calls.max(1) as f64,
                bytes: count.bytes,
            })
            .collect();
        Ok(StatsOutput { total: hosts.len() as u64, hosts })
    }
}

impl Node {
    /// The stored form of a rule, each number within its range.
    fn rule_of(&self, input: &AllowInput) -> Result<Rule, Problem> {
        let call = u32::try_from(self.config.fetch_ms).unwrap_or(u32::MAX);
        let within = |field: &str, given: Option<u64>, least: u64, most: u64| match given {
            Some(number) if !(least..=most).contains(&number) => {
                Err(Problem::invalid(field, format!("give a number from {least} to {most}")))
            }
            _ => Ok(()),
        };
        let wide = |number: Option<u32>| number.map(u64::from);
        within("port", input.port.map(u64::from), 1, 65_535)?;
        within("rate", wide(input.rate), 1, 1_000_000)?;
        within("burst", wide(input.burst), 1, 1_000_000)?;
        within("timeout", wide(input.timeout), 1, u64::from(call))?;
        within("max_response", input.max_response, 1, budget::LARGEST)?;
        within("cache_ttl", wide(input.cache_ttl), 1, u64::from(cache::LONGEST))?;
        if input.burst.is_some() && input.rate.is_none() {
            return Err(Problem::invalid("burst", "give `rate` as well"));
        }
        Ok(Rule {
            http: input.http,
            port: input.port,
            rate: input.rate,
            burst: input.burst,
            timeout: input.timeout,
            max_response: input.max_response,
            cache_ttl: input.cache_ttl,
        })
    }
}

/// What holds for every app is for those who administer the node.
fn for_every_app(caller: &Caller, app: Option<&AppName>, what: &str) -> Result<(), Problem> {
    match app {
        Some(_) => Ok(()),
        None => caller
            .require(Scope::ServerAdmin, what)
            .map_err(|problem| problem.hint("name the app it is for: `--app APP`")),
    }
}

/// The pattern of a host in its one form.
pub(super) fn pattern(field: &str, text: &str) -> Result<String, Problem> {
    policy::pattern(text).map_err(|rule| Problem::invalid(field, rule))
}

/// A host as `configure_app` takes it: `HOST`, or `http://HOST:PORT`.
pub(super) fn origin(field: &str, text: &str) -> Result<(String, Rule), Problem> {
    let (http, rest) = match text.split_once("://") {
        None => (false, text),
        Some(("https", rest)) => (false, rest),
        Some(("http", rest)) => (true, rest),
        Some(_) => return Err(Problem::invalid(field, "give `HOST`, or `http://HOST`")),
    };
    let (host, port) = match rest.trim_end_matches('/').rsplit_once(':') {
        None => (rest.trim_end_matches('/'), None),
        Some((host, port)) => {
            let port = port.parse().ok().filter(|port| *port > 0);
            let port = port.ok_or_else(|| Problem::invalid(field, "the port is no number"))?;
            (host, Some(port))
        }
    };
    Ok((pattern(field, host)?, Rule { http, port, ..Rule::default() }))
}

pub(super) fn shown(row: FetchRow) -> FetchRule {
    let FetchRow { name, host, rule, .. } = row;
    FetchRule {
        host,
        app: name,
        http: rule.http,
        port: rule.port,
        rate: rule.rate,
        burst: rule.burst,
        timeout: rule.timeout,
        max_response: rule.max_response,
        cache_ttl: rule.cache_ttl,
    }
}
