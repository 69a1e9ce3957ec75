//! `status`: is the node well, and if not, what would mend it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Effect, Route, Scope, Tool, View, tool::example, view};

/// See [`Input`].
pub struct Status;

/// Report the node's health: version, uptime, memory, database, disk, queues, warnings with fixes.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Input {}

/// The node's health.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Output {
    /// `ok`, or `degraded` when there are warnings
    pub status: String,
    /// Version of the program
    pub version: String,
    /// Whether a node is serving; `false` when the command ran on the database alone
    pub serving: bool,
    /// Seconds since the node started
    pub uptime_seconds: u64,
    /// Domain that apps are served below
    pub domain: String,
    /// Address of the API and the dashboard
    pub url: String,
    /// Apps on the node
    pub apps: u64,
    /// Resident memory of the process, in bytes; 0 where unknown
    pub memory_bytes: u64,
    /// The database
    pub database: Database,
    /// Bytes free on the database's disk; absent where unknown
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_free_bytes: Option<u64>,
    /// Work that waits
    pub queues: Queues,
    /// The memory cache of hot files
    pub cache: Cache,
    /// What deserves attention
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// The database file.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Database {
    /// Its path
    pub path: String,
    /// Its size in bytes, without the log
    pub bytes: u64,
    /// Size of the write-ahead log in bytes
    pub wal_bytes: u64,
    /// Number of its schema
    pub schema: u32,
}

/// Work that waits.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Queues {
    /// Writes that wait for the writer
    pub writes: u64,
    /// Files that wait for their compressed variants
    pub compression: u64,
}

/// The memory cache of hot files.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Cache {
    /// Bytes it holds
    pub bytes: u64,
    /// Bytes it may hold
    pub capacity: u64,
    /// Answers it holds
    pub entries: u64,
}

/// Something that deserves attention.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Warning {
    /// What is wrong
    pub message: String,
    /// The command that mends it
    pub fix: String,
}

impl Tool for Status {
    const NAME: &'static str = "status";
    const TITLE: &'static str = "Node status";
    const EFFECT: Effect = Effect::Read;
    const SCOPE: Scope = Scope::ServerRead;
    const ROUTE: Route = Route::get("/api/status");
    const COMMANDS: &'static [&'static str] = &["status"];
    const EXAMPLES: &'static [(&'static str, &'static str)] =
        &[("fazt status", "the local node"), ("fazt @zyt status", "the peer `zyt`")];
    type Input = Input;
    type Output = Output;

    fn example() -> (Input, Output) {
        example(
            json!({}),
            json!({
                "status": "ok", "version": "0.1.0", "serving": true, "uptime_seconds": 60,
                "domain": "localhost", "url": "http://admin.localhost:8080", "apps": 1,
                "memory_bytes": 15_000_000,
                "database": { "path": "data.db", "bytes": 65536, "wal_bytes": 0, "schema": 1 },
                "queues": { "writes": 0, "compression": 0 },
                "cache": { "bytes": 5120, "capacity": 67_108_864, "entries": 4 }
            }),
        )
    }

    fn view(out: &Output) -> View {
        let uptime =
            jiff::SignedDuration::from_secs(i64::try_from(out.uptime_seconds).unwrap_or(i64::MAX));
        let headline = if out.serving {
            format!("fazt {} is {} at {}", out.version, out.status, out.url)
        } else {
            format!("fazt {}: no node is running on this database", out.version)
        };
        let mut view = View::says(headline);
        if out.serving {
            view = view
                .fact("up", format!("{uptime:#}"))
                .fact("memory", view::bytes(out.memory_bytes));
        }
        view = view
            .fact("apps", out.apps)
            .fact(
                "database",
                format!(
                    "{} ({}, schema {})",
                    out.database.path,
                    view::bytes(out.database.bytes),
                    out.database.schema
                ),
            )
            .fact_if("disk free", out.disk_free_bytes.map(view::bytes));
        if out.serving {
            view = view
                .fact(
                    "queues",
                    format!("{} writes, {} to compress", out.queues.writes, out.queues.compression),
                )
                .fact(
                    "cache",
                    format!(
                        "{} of {} in {}",
                        view::bytes(out.cache.bytes),
                        view::bytes(out.cache.capacity),
                        view::count(out.cache.entries, "answer")
                    ),
                );
        } else {
            view = view.next("fazt server start");
        }
        view.notes(out.warnings.iter().map(|w| format!("warning: {}; {}", w.message, w.fix)))
    }
}
