//! Tools that say what functions may fetch from the outside, and what they fetched.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    AppName, Effect, Route, Scope, Tool, View, skills::Call, tool::example, undo::Undo, view,
};

/// See [`AllowInput`].
pub struct AllowFetch;
/// See [`ListInput`].
pub struct ListFetchRules;
/// See [`RemoveInput`].
pub struct RemoveFetchRule;
/// See [`LogInput`].
pub struct ListFetches;
/// See [`StatsInput`].
pub struct FetchStats;

/// What may be fetched from one host.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct FetchRule {
    /// The host, or `*.suffix` for every name below it
    pub host: String,
    /// The app that may; absent: every app
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppName>,
    /// Whether plain HTTP is allowed as well
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub http: bool,
    /// The only port; absent: the scheme's own
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Calls a minute
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// Calls at once before the rate counts
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
    /// Milliseconds that a call may take
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u32>,
    /// Bytes that an answer may have
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_response: Option<u64>,
    /// Seconds that an answer is kept and given again
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_ttl: Option<u32>,
}

impl FetchRule {
    /// The rule in words.
    fn words(&self) -> String {
        let mut words = vec![if self.http { "https, http" } else { "https" }.to_owned()];
        words.extend(self.port.map(|port| format!("port {port}")));
        words.extend(self.rate.map(|rate| {
            let burst = self.burst.map(|burst| format!(", {burst} at once")).unwrap_or_default();
            format!("{rate} a minute{burst}")
        }));
        words.extend(self.timeout.map(|ms| format!("within {ms} ms")));
        words.extend(self.max_response.map(|most| format!("up to {}", view::bytes(most))));
        words.extend(self.cache_ttl.map(|seconds| format!("kept {seconds} s")));
        words.join("; ")
    }
}

/// Let functions fetch from a host: those of one app, or of every app.
///
/// It acts at once. A host that is allowed already gets the new rule instead of
/// the old one. A rule of an app goes before one of every app.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct AllowInput {
    /// Name the host, or `*.suffix` for every name below it
    #[arg(value_name = "HOST")]
    pub host: String,
    /// Allow it to this app; default: to every app
    #[arg(long, value_name = "APP")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppName>,
    /// Allow plain HTTP as well
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub http: bool,
    /// Allow this port alone; default: 443, and 80 with `http`
    #[arg(long, value_name = "PORT")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Allow this many calls a minute; default: no limit
    #[arg(long, value_name = "N")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// Allow this many at once before the rate counts; default: the rate
    #[arg(long, value_name = "N", requires = "rate")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
    /// End a call after this many milliseconds, 1 to 4000; default: 4000
    #[arg(long, value_name = "MS")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u32>,
    /// Take answers of up to this many bytes, at most 8 MiB; default: 1 MiB
    #[arg(long, value_name = "BYTES")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_response: Option<u64>,
    /// Keep answers for this many seconds and give them again; default: never
    #[arg(long, value_name = "SECONDS")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_ttl: Option<u32>,
}

/// The rule as it is now.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct AllowOutput {
    /// The rule
    pub rule: FetchRule,
    /// The change to undo
    pub change: i64,
}

impl Tool for AllowFetch {
    const NAME: &'static str = "allow_fetch";
    const TITLE: &'static str = "Allow a host";
    const EFFECT: Effect = Effect::Replace;
    const IDEMPOTENT: bool = true;
    const SCOPE: Scope = Scope::AppsWrite;
    const AGENT: bool = false;
    const ROUTE: Route = Route::put("/api/net/rules/{host}");
    const COMMANDS: &'static [&'static str] = &["net allow"];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("fazt net allow api.example.com --app shop", "one app, one host"),
        ("fazt net allow *.example.com --cache-ttl 60", "every app, and answers are kept"),
    ];
    type Input = AllowInput;
    type Output = AllowOutput;

    fn example() -> (AllowInput, AllowOutput) {
        example(
            json!({ "host": "api.example.com", "app": "hello", "rate": 60 }),
            json!({
                "rule": { "host": "api.example.com", "app": "hello", "rate": 60 }, "change": 13
            }),
        )
    }

    fn target(input: &AllowInput) -> Option<&AppName> {
        input.app.as_ref()
    }

    fn view(out: &AllowOutput) -> View {
        let who = out.rule.app.as_ref().map_or_else(|| "every app".to_owned(), ToString::to_string);
        View::says(format!("{who} may fetch from {}: {}", out.rule.host, out.rule.words()))
    }
}

/// List the hosts that functions may fetch from.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct ListInput {
    /// Keep only what this app may fetch from
    #[arg(long, value_name = "APP")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppName>,
    /// Show the rules that held when this version of the app was stored; default: now
    #[arg(long, value_name = "VERSION", requires = "app")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

/// The rules.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct ListOutput {
    /// The rules, by host
    pub rules: Vec<FetchRule>,
    /// How many there are
    pub total: u64,
}

impl Tool for ListFetchRules {
    const NAME: &'static str = "list_fetch_rules";
    const TITLE: &'static str = "List allowed hosts";
    const EFFECT: Effect = Effect::Read;
    const SCOPE: Scope = Scope::AppsRead;
    const AGENT: bool = false;
    const ROUTE: Route = Route::get("/api/net/rules");
    const COMMANDS: &'static [&'static str] = &["net list"];
    type Input = ListInput;
    type Output = ListOutput;

    fn example() -> (ListInput, ListOutput) {
        example(
            json!({}),
            json!({ "total": 1, "rules": [{ "host": "api.example.com", "app": "hello" }] }),
        )
    }

    fn target(input: &ListInput) -> Option<&AppName> {
        input.app.as_ref()
    }

    fn view(out: &ListOutput) -> View {
        let row = |rule: &FetchRule| {
            let app = rule.app.as_ref().map_or_else(|| "every app".to_owned(), ToString::to_string);
            vec![rule.host.clone(), app, rule.words()]
        };
        let empty = "nothing may be fetched: `fazt net allow HOST --app APP` allows a host";
        View::of_table(&["host", "app", "how"], empty, out.rules.iter().map(row).collect())
    }
}

/// Stop functions from fetching from a host.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct RemoveInput {
    /// Name the host, as its rule does
    #[arg(value_name = "HOST")]
    pub host: String,
    /// Take it from this app; default: the rule of every app
    #[arg(long, value_name = "APP")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppName>,
}

/// What was removed.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct RemoveOutput {
    /// The host
    pub host: String,
    /// The change to undo
    pub change: i64,
}

impl Tool for RemoveFetchRule {
    const NAME: &'static str = "remove_fetch_rule";
    const TITLE: &'static str = "No longer allow a host";
    const EFFECT: Effect = Effect::Remove;
    const SCOPE: Scope = Scope::AppsWrite;
    const AGENT: bool = false;
    const ROUTE: Route = Route::delete("/api/net/rules/{host}");
    const COMMANDS: &'static [&'static str] = &["net remove"];
    type Input = RemoveInput;
    type Output = RemoveOutput;

    fn example() -> (RemoveInput, RemoveOutput) {
        example(
            json!({ "host": "api.example.com", "app": "hello" }),
            json!({ "host": "api.example.com", "change": 14 }),
        )
    }

    fn target(input: &RemoveInput) -> Option<&AppName> {
        input.app.as_ref()
    }

    fn view(out: &RemoveOutput) -> View {
        View::says(format!("{} is no longer allowed", out.host))
            .next(Call::of::<Undo>(json!({ "change": out.change })))
    }
}

/// List what functions fetched, or were refused, newest first.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct LogInput {
    /// Keep only calls of this app
    #[arg(long, value_name = "APP")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppName>,
    /// Keep only calls of this host
    #[arg(long, value_name = "HOST")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Keep only calls that failed
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub errors: bool,
    /// List at most this many, 1 to 100; default: 20
    #[arg(long, value_name = "N")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Go on from the `cursor` of an earlier answer
    #[arg(long, value_name = "CURSOR")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// The calls.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct LogOutput {
    /// The calls, newest first
    pub fetches: Vec<Fetch>,
    /// How many there are in all
    pub total: u64,
    /// Where the next page begins
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// One call of a function to the outside.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Fetch {
    /// When it began
    pub at: Timestamp,
    /// The app
    pub app: AppName,
    /// The method
    pub method: String,
    /// The host
    pub host: String,
    /// The path, without its query
    pub path: String,
    /// Status of the answer
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Code of the failure, such as `NET_BLOCKED`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// How long it took, in milliseconds
    pub ms: u32,
    /// Bytes of the answer
    pub bytes: u64,
    /// Whether the answer was one kept from before
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
}

impl Tool for ListFetches {
    const NAME: &'static str = "list_fetches";
    const TITLE: &'static str = "List what was fetched";
    const EFFECT: Effect = Effect::Read;
    const QUOTES: bool = true;
    const SCOPE: Scope = Scope::AppsRead;
    const AGENT: bool = false;
    const ROUTE: Route = Route::get("/api/net/log");
    const COMMANDS: &'static [&'static str] = &["net logs"];
    type Input = LogInput;
    type Output = LogOutput;

    fn example() -> (LogInput, LogOutput) {
        example(
            json!({ "app": "hello" }),
            json!({
                "total": 1,
                "fetches": [{
                    "at": "2026-11-20T07:00:00Z", "app": "hello", "method": "GET",
                    "host": "api.example.com", "path": "/data", "status": 200, "ms": 42,
                    "bytes": 512
                }]
            }),
        )
    }

    fn target(input: &LogInput) -> Option<&AppName> {
        input.app.as_ref()
    }

    fn view(out: &LogOutput) -> View {
        let row = |fetch: &Fetch| {
            let end = match (&fetch.code, fetch.status) {
                (Some(code), _) => code.clone(),
                (None, Some(status)) if fetch.cached => format!("{status} kept"),
                (None, status) => status.map(|status| status.to_string()).unwrap_or_default(),
            };
            vec![
                view::moment(fetch.at),
                fetch.app.to_string(),
                fetch.method.clone(),
                format!("{}{}", fetch.host, fetch.path),
                end,
                fetch.ms.to_string(),
                view::bytes(fetch.bytes),
            ]
        };
        let rows = out.fetches.iter().map(row).collect();
        let heads = &["at", "app", "method", "what", "answer", ">ms", ">size"];
        View::of_table(heads, "nothing was fetched", rows)
    }
}

/// Count what functions fetched in the last day, by app and host.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct StatsInput {
    /// Keep only calls of this app
    #[arg(long, value_name = "APP")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppName>,
}

/// The counts.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct StatsOutput {
    /// The counts, the most calls first
    pub hosts: Vec<HostStats>,
    /// How many rows there are
    pub total: u64,
}

/// Calls of an app to a host.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct HostStats {
    /// The app
    pub app: AppName,
    /// The host
    pub host: String,
    /// Calls
    pub calls: u64,
    /// Of these, refused or failed
    pub failed: u64,
    /// Of these, answered from what was kept
    pub cached: u64,
    /// Mean time of a call in milliseconds
    pub mean_ms: f64,
    /// Bytes of all answers
    pub bytes: u64,
}

impl Tool for FetchStats {
    const NAME: &'static str = "fetch_stats";
    const TITLE: &'static str = "Count what was fetched";
    const EFFECT: Effect = Effect::Read;
    const SCOPE: Scope = Scope::AppsRead;
    const AGENT: bool = false;
    const ROUTE: Route = Route::get("/api/net/stats");
    const COMMANDS: &'static [&'static str] = &["net stats"];
    type Input = StatsInput;
    type Output = StatsOutput;

    fn example() -> (StatsInput, StatsOutput) {
        example(
            json!({}),
            json!({
                "total": 1,
                "hosts": [{
                    "app": "hello", "host": "api.example.com", "calls": 12, "failed": 1,
                    "cached": 3, "mean_ms": 40.5, "bytes": 6144
                }]
            }),
        )
    }

    fn target(input: &StatsInput) -> Option<&AppName> {
        input.app.as_ref()
    }

    fn view(out: &StatsOutput) -> View {
        let row = |host: &HostStats| {
            vec![
                host.app.to_string(),
                host.host.clone(),
                host.calls.to_string(),
                host.failed.to_string(),
                host.cached.to_string(),
                format!("{:.0}", host.mean_ms),
                view::bytes(host.bytes),
            ]
        };
        let rows = out.hosts.iter().map(row).collect();
        let heads = &["app", "host", ">calls", ">failed", ">kept", ">mean ms", ">size"];
        View::of_table(heads, "nothing was fetched in the last day", rows)
    }
}
