//! Functions: scripts of apps, run in processes that can be killed.
//!
//! The engine can be neither interrupted nor held to an amount of memory, and
//! plain JavaScript can make it abort; so a script has a process of its own, and
//! the node has a clock. `pool` hands requests out, `process` starts and kills,
//! `worker` is what runs over there. What scripts may ask of the host is a trait,
//! carried out above.

pub mod budgets;
pub mod frames;
mod pool;
mod process;
pub mod worker;

use async_trait::async_trait;
use serde_json::Value;

pub use self::{
    budgets::{Breach, Budgets},
    pool::{Job, Outcome, Pool, Ready},
};

/// The word by which this program becomes a worker.
pub const WORD: &str = process::WORD;
use self::frames::HostError;

/// What scripts may ask of the host. The node knows whose script it is.
#[async_trait]
pub trait HostCalls: Send + Sync {
    /// Carries out one call of an app's script.
    async fn call(&self, app: i64, api: &str, arguments: Vec<Value>) -> Result<Value, HostError>;
}
