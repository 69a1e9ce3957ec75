//! Functions: scripts of apps, run in processes that can be killed.
//!
//! The engine can be neither interrupted nor held to an amount of memory, and
//! plain JavaScript can make it abort; so a script has a process of its own, and
//! the node has a clock. `pool` takes requests, `schedule` says whose turn it is,
//! `keeper` speaks to a `process`, and `worker` is what runs over there. What scripts may ask of the host is a trait,
//! carried out above.

pub mod budgets;
pub mod frames;
mod keeper;
pub mod libraries;
mod pool;
mod process;
mod schedule;
pub mod worker;

use async_trait::async_trait;

pub use self::{
    budgets::{Breach, Budgets},
    pool::{Answered, Ended, Job, Piece, Pool, Ready, Report, Traced},
};

/// The word by which this program becomes a worker.
pub const WORD: &str = process::WORD;
use self::frames::{Call, HostError, Reply};

/// What one request's script may ask of the host: it knows whose request it is, so
/// that no call has to say it.
#[async_trait]
pub trait HostCalls: Send + Sync + 'static {
    /// Notes, before a call, by when the request has to be answered.
    fn begins(&self, _by: tokio::time::Instant) {}

    /// Carries out one call.
    async fn call(&self, call: Call) -> Result<Reply, HostError>;
}
