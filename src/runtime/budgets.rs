//! What a request of a function may take, and what it is called when it takes more.

use std::time::Duration;

use super::frames::ScriptError;

/// What one request may take.
#[derive(Clone, Copy, Debug)]
pub struct Budgets {
    /// From the request to its answer.
    pub wall: Duration,
    /// Processor time of one request.
    pub cpu: Duration,
    /// Processor time of making a version ready.
    pub load: Duration,
    /// Requests of one app that run or wait for the host at once.
    pub in_flight: usize,
    /// Requests of one app that may wait.
    pub queued: usize,
    /// How long one may wait.
    pub wait: Duration,
    /// Longest body of an answer.
    pub answer: usize,
    /// Calls of the host by one request.
    pub calls: u32,
    /// Bytes that a request may add to what its version holds.
    pub memory: u64,
    /// Lines that a request may log.
    pub lines: u32,
    /// Bytes of one such line.
    pub line: u32,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            wall: Duration::from_secs(5),
            cpu: Duration::from_secs(1),
            load: Duration::from_secs(3),
            in_flight: 32,
            queued: 64,
            wait: Duration::from_secs(5),
            answer: 10 << 20,
            calls: 1_000,
            memory: 64 << 20,
            lines: 100,
            line: 8 << 10,
        }
    }
}

/// Why a request has no answer of its function.
#[derive(Clone, Debug, PartialEq)]
pub enum Breach {
    /// The script threw.
    Failed(ScriptError),
    /// It took too long.
    Timeout(Duration),
    /// It took too much of the processor.
    Cpu(Duration),
    /// It took too much memory.
    Memory,
    /// Its process ended.
    Crashed(String),
    /// Its answer is too long.
    TooLong(usize),
    /// Too many requests of its app are under way.
    Busy,
    /// There is no worker, and none can be started.
    Unavailable(String),
}
