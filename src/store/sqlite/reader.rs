//! Read-only connections, lent to whichever thread asks.
//!
//! A read runs on the caller's thread. Connections are made as they are needed
//! and kept, up to a number; beyond it they are closed after use.

use std::path::PathBuf;

use crossbeam_queue::ArrayQueue;
use rusqlite::Connection;

use super::connect;
use crate::store::Result;

/// Connections kept open; a reading thread holds one for microseconds.
const KEPT: usize = 16;

pub(super) struct Readers {
    path: PathBuf,
    idle: ArrayQueue<Connection>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: ArrayQueue::new(KEPT) }
    }

    /// Runs `work` on a read-only connection. Each statement in it sees a moment
    /// of its own.
    pub(super) fn run<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let connection = match self.idle.pop() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let result = work(&connection);
        let _ = self.idle.push(connection);
        result
    }

    /// Runs `work` so that all its statements see one moment.
    pub(super) fn run_at_once<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.run(|c| {
            let moment = c.unchecked_transaction()?;
            let result = work(&moment)?;
            moment.commit()?;
            Ok(result)
        })
    }

    /// Closes what is idle.
    pub(super) fn close(&self) {
        while self.idle.pop().is_some() {}
    }

    fn connect(&self) -> Result<Connection> {
        let connection = connect(&self.path, true)?;
        connection.execute_batch("PRAGMA mmap_size = 268435456; PRAGMA cache_size = -1024;")?;
        Ok(connection)
    }
}
