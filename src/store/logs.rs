//! What functions did: their requests, and the lines that they logged.
//!
//! A log is no ledger: it is bounded by rows and by days, and goes with its app.
//! What is kept of a request and when it is written is decided above.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Result;

/// A request of a function, and how it ended.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedRequest {
    /// Names it.
    pub id: String,
    /// Row id of the app.
    pub app: i64,
    /// The version that answered.
    pub version: u32,
    /// When it ended.
    pub at: Timestamp,
    /// The method.
    pub method: String,
    /// The path, without the query: that may hold secrets.
    pub path: String,
    /// The status it was answered with.
    pub status: u16,
    /// The code of its failure.
    pub code: Option<String>,
    /// From its arrival to its end.
    pub wall: Duration,
    /// Processor time.
    pub cpu: Duration,
    /// The most bytes that it held at once.
    pub peak: u64,
    /// How it failed.
    pub fault: Option<Fault>,
    /// Its calls of the host, where it failed.
    pub calls: Vec<LoggedCall>,
}

/// How a request failed; places are those of the author's files.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Fault {
    /// `TypeError` and so on.
    pub name: String,
    /// What it says.
    pub message: String,
    /// Where, a line for each frame.
    pub stack: String,
}

/// A call of the host.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct LoggedCall {
    /// Its name, as `kv.get`.
    pub api: String,
    /// Its arguments in JSON, cut short.
    pub arguments: String,
    /// How long it took, in microseconds.
    pub us: u64,
    /// The code of its refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How much a line matters.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Level {
    /// For whoever looks for a fault.
    Debug,
    /// What happens.
    #[default]
    Info,
    /// What may be wrong.
    Warn,
    /// What is wrong.
    Error,
}

impl Level {
    /// Every level, the least first.
    pub const ALL: [Self; 4] = [Self::Debug, Self::Info, Self::Warn, Self::Error];

    /// The word that is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// The level of that word; another word is `info`.
    pub fn of(word: &str) -> Self {
        Self::ALL.into_iter().find(|level| level.as_str() == word).unwrap_or_default()
    }
}

/// A line to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct NewLine {
    /// How much it matters.
    pub level: Level,
    /// What it says.
    pub text: String,
    /// Its fields: an object in JSON, or nothing.
    pub fields: String,
}

/// What is to be kept of an app: a request with its lines, or lines alone.
#[derive(Clone, Debug, PartialEq)]
pub struct NewLog {
    /// Row id of the app.
    pub app: i64,
    /// When.
    pub at: Timestamp,
    /// The request.
    pub request: Option<LoggedRequest>,
    /// The lines, in their order.
    pub lines: Vec<NewLine>,
}

/// A line that is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// Counts the lines of all apps.
    pub n: i64,
    /// When.
    pub at: Timestamp,
    /// How much it matters.
    pub level: Level,
    /// What it says.
    pub text: String,
    /// Its fields: an object in JSON, or nothing.
    pub fields: String,
    /// The id of the request that it is of.
    pub request: Option<String>,
    /// The version that wrote it.
    pub version: Option<u32>,
}

/// Which lines.
#[derive(Clone, Debug, Default)]
pub struct LogQuery {
    /// Row id of the app.
    pub app: i64,
    /// At least this level.
    pub level: Level,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Not after.
    pub until: Option<Timestamp>,
    /// Lines that contain this, whatever its case.
    pub text: Option<String>,
    /// Lines of this request.
    pub request: Option<String>,
    /// Lines of this version.
    pub version: Option<u32>,
    /// Only lines before this one.
    pub before: Option<i64>,
    /// Only lines after this one; they come oldest first.
    pub after: Option<i64>,
    /// At most this many.
    pub limit: u32,
}

/// How much of the log is kept.
#[derive(Clone, Copy, Debug)]
pub struct KeepLogs {
    /// Lines of one app.
    pub lines: u32,
    /// Requests of one app.
    pub requests: u32,
    /// Lines of all apps.
    pub all: u32,
    /// Age at which a line or request goes.
    pub age: jiff::SignedDuration,
}

/// What functions did.
#[async_trait]
pub trait LogStore: Send + Sync {
    /// Keeps what requests did, and of each app no more than `keep` says. What is of
    /// an app that is gone, or of a request that is known, is left out.
    async fn log(&self, logs: Vec<NewLog>, keep: KeepLogs) -> Result<()>;
    /// Lines of an app, the newest first unless they are those after one.
    async fn log_lines(&self, query: LogQuery) -> Result<Vec<LogLine>>;
    /// The request of that id, and the name of its app, unless that is in the trash.
    async fn logged_request(&self, id: &str) -> Result<Option<(String, LoggedRequest)>>;
    /// Versions of an app that failed to answer a path, as far as the log knows.
    async fn failing(&self, app: i64, path: &str) -> Result<Vec<u32>>;
    /// Drops what is too old or too much, a bounded piece at a time; true when there
    /// is more to do.
    async fn trim_logs(&self, keep: KeepLogs, now: Timestamp) -> Result<bool>;
}
