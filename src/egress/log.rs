//! What was fetched, on its way into the database.
//!
//! Lines wait in memory and are written together; a call waits for none of it. Where
//! more come than can be written, the oldest go and are counted.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use tokio::sync::Notify;

use crate::store::{FetchLine, Store, StoreError};

/// Lines that wait at most.
const WAITING: usize = 1_000;
/// Lines that are worth a write.
const WORTH: usize = 100;
/// Longest path that is written down.
const PATH: usize = 512;

/// Lines that wait to be written.
#[derive(Default)]
pub struct Log {
    lines: Mutex<Lines>,
    /// Told when enough of them wait.
    pub worth: Notify,
    /// Held while lines are written: whoever reads afterwards finds them.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Lines {
    waiting: VecDeque<FetchLine>,
    lost: u64,
}

impl Log {
    /// Notes a call.
    pub fn note(&self, mut line: FetchLine) {
        line.path.truncate(line.path.floor_char_boundary(PATH));
        line.host.truncate(line.host.floor_char_boundary(PATH));
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.waiting.len() >= WAITING {
            lines.waiting.pop_front();
            lines.lost += 1;
        }
        lines.waiting.push_back(line);
        if lines.waiting.len() == WORTH {
            self.worth.notify_one();
        }
    }

    /// Writes what waits; at most `keep` rows are kept.
    pub async fn write(&self, store: &dyn Store, keep: u64) -> Result<(), StoreError> {
        let _held = self.writing.lock().await;
        let (lines, lost) = {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            (std::mem::take(&mut lines.waiting), std::mem::take(&mut lines.lost))
        };
        if lost > 0 {
            tracing::warn!(lost, "more was fetched than could be written down");
        }
        if lines.is_empty() { Ok(()) } else { store.log_fetches(lines.into(), keep).await }
    }
}
