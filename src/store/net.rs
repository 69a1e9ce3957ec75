//! What the node remembers of the outside: hosts that functions may fetch from,
//! sealed secrets, and what was fetched.
//!
//! Values of secrets are sealed above this floor; nothing here can read one.

use async_trait::async_trait;
use fazt_tools::{AppName, secrets::Inject};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Actor, Result};

/// Rules, secrets and the log of fetches.
#[async_trait]
pub trait NetStore: Send + Sync {
    /// Every rule, by host. Those of apps in the trash are left out.
    async fn fetch_rules(&self) -> Result<Vec<FetchRow>>;
    /// The rules that held when a version was stored; `None` if there is none.
    async fn fetch_rules_of(&self, app: i64, version: u32) -> Result<Option<Vec<FetchRow>>>;
    /// Sets or removes rules of an app, or of every app, in one change; `None` when
    /// all of it is so already.
    async fn set_fetch_rules(
        &self,
        app: Option<&AppName>,
        rules: Vec<(String, Option<FetchRule>)>,
        actor: Actor,
    ) -> Result<Option<i64>>;
    /// Every secret, by name, its value sealed.
    async fn secrets(&self) -> Result<Vec<SecretRow>>;
    /// Sets or removes a secret of an app, or of every app.
    async fn set_secret(
        &self,
        app: Option<&AppName>,
        name: &str,
        to: Option<(String, SecretWay)>,
        actor: Actor,
    ) -> Result<i64>;
    /// Replaces sealed values by row, all or none; refuses when a secret was set or
    /// removed meanwhile.
    async fn reseal(&self, sealed: Vec<(i64, String, String)>, actor: Actor) -> Result<()>;
    /// Writes down what was fetched, and drops the oldest rows beyond `keep`.
    async fn log_fetches(&self, fetches: Vec<FetchLine>, keep: u64) -> Result<()>;
    /// A page of what was fetched, newest first, and how many rows there are in all.
    async fn fetches(&self, query: FetchQuery) -> Result<(Vec<FetchLine>, u64)>;
    /// Counts of what was fetched since `from`, by app and host.
    async fn fetch_counts(&self, app: Option<i64>, from: Timestamp) -> Result<Vec<FetchCount>>;
}

/// What may be fetched from a host.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct FetchRule {
    /// Whether plain HTTP is allowed as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub http: bool,
    /// The only port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Calls a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// Calls at once before the rate counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
    /// Milliseconds that a call may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u32>,
    /// Bytes that an answer may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_response: Option<u64>,
    /// Seconds that an answer is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_ttl: Option<u32>,
}

/// A rule, with the host it is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FetchRow {
    /// Row id of the app it is for; none: every app.
    pub app: Option<i64>,
    /// Name of that app.
    pub name: Option<AppName>,
    /// The host, or `*.suffix`.
    pub host: String,
    /// The rule.
    pub rule: FetchRule,
}

/// How a secret is sent, and where.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SecretWay {
    /// How it is added.
    pub inject: Inject,
    /// The header or the parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The hosts it is sent to.
    pub hosts: Vec<String>,
}

/// A stored secret.
#[derive(Clone, Debug)]
pub struct SecretRow {
    /// Row id.
    pub id: i64,
    /// Row id of the app it is for; none: every app.
    pub app: Option<i64>,
    /// Name of that app.
    pub app_name: Option<AppName>,
    /// Its name.
    pub name: String,
    /// Its value, sealed.
    pub sealed: String,
    /// How it is sent.
    pub way: SecretWay,
    /// When it was set.
    pub set_at: Timestamp,
}

/// A call to the outside, as it is written down.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FetchLine {
    /// Row id; 0 before it is stored.
    pub id: i64,
    /// When it began.
    pub at: Timestamp,
    /// Row id of the app.
    pub app: i64,
    /// Name of the app.
    pub name: Option<AppName>,
    /// The method.
    pub method: String,
    /// The host.
    pub host: String,
    /// The path, without its query.
    pub path: String,
    /// Status of the answer.
    pub status: Option<u16>,
    /// Code of the failure.
    pub code: Option<String>,
    /// How long it took, in milliseconds.
    pub ms: u32,
    /// Bytes of the answer.
    pub bytes: u64,
    /// Whether it was answered from what was kept.
    pub cached: bool,
}

/// Which calls to list.
#[derive(Clone, Debug, Default)]
pub struct FetchQuery {
    /// Only those of this app.
    pub app: Option<AppName>,
    /// Only those of these apps.
    pub among: Option<Vec<AppName>>,
    /// Only those of this host.
    pub host: Option<String>,
    /// Only those that failed.
    pub errors: bool,
    /// Only those before this row.
    pub before: Option<i64>,
    /// At most this many.
    pub limit: u32,
}

/// Calls of an app to a host.
#[derive(Clone, Debug)]
pub struct FetchCount {
    /// The app.
    pub app: AppName,
    /// The host.
    pub host: String,
    /// Calls.
    pub calls: u64,
    /// Of these, refused or failed.
    pub failed: u64,
    /// Of these, answered from what was kept.
    pub cached: u64,
    /// Milliseconds of all.
    pub ms: u64,
    /// Bytes of all.
    pub bytes: u64,
}
