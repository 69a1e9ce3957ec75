//! `status` on a node.

use fazt_tools::{
    Caller, Handler, Problem,
    status::{Cache, Database, Input, Output, Queues, Status, Warning},
};

use super::storage_problem;
use crate::node::Node;

/// Below this much free disk, a deploy may soon fail.
pub(crate) const LITTLE_DISK: u64 = 256 << 20;

impl Handler<Status> for Node {
    async fn handle(&self, _: &Caller, _: Input) -> Result<Output, Problem> {
        let facts = self.store.facts().await.map_err(|e| storage_problem(&e))?;
        let compression = self.store.compress_backlog().await.map_err(|e| storage_problem(&e))?;
        let has_owner = self.access.has_owner().await.map_err(|e| storage_problem(&e))?;
        let (bytes, capacity, entries) = self.sites.answers.facts();
        let disk_free_bytes = disk_free(self.db());
        let mut warnings = self.warnings.clone();
        if let Some(free) = disk_free_bytes.filter(|free| *free < LITTLE_DISK) {
            warnings.push(Warning {
                message: format!("only {} are free on the disk", fazt_tools::view::bytes(free)),
                fix: "free some space on the database's disk".to_owned(),
            });
        }
        if !has_owner && !self.config.bind.is_loopback() {
            warnings.push(Warning {
                message: "the node can be reached from outside and has no owner's password"
                    .to_owned(),
                fix: "fazt server init".to_owned(),
            });
        }
        let uptime = self.clock.now().duration_since(self.started);
        Ok(Output {
            status: if warnings.is_empty() { "ok" } else { "degraded" }.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            serving: self.is_serving(),
            uptime_seconds: u64::try_from(uptime.as_secs()).unwrap_or(0),
            domain: self.config.domain.clone(),
            url: self.url("admin"),
            apps: facts.apps,
            memory_bytes: resident_memory(),
            database: Database {
                path: facts.path,
                bytes: facts.bytes,
                wal_bytes: facts.wal_bytes,
                schema: facts.schema,
            },
            disk_free_bytes,
            queues: Queues { writes: facts.queued_writes, compression },
            cache: Cache { bytes, capacity, entries },
            warnings,
        })
    }
}

/// Resident memory of this process; 0 where the system does not say.
fn resident_memory() -> u64 {
    let kilobytes = || {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    kilobytes().unwrap_or(0) * 1_024
}

/// Bytes a user may still write on the disk of `path`.
#[cfg(unix)]
pub(crate) fn disk_free(path: &std::path::Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
pub(crate) fn disk_free(_: &std::path::Path) -> Option<u64> {
    None
}
