//! A look at a database that changes nothing, whoever holds it.
//!
//! For `fazt doctor`: it must neither migrate a database it examines nor keep a
//! running node from it.

use std::{
    collections::HashMap,
    fs::{File, TryLockError},
    path::Path,
};

use jiff::Timestamp;

use super::{connect, lock_path, migrations, time};
use crate::store::Result;

/// How many faults are told.
const FAULTS: u32 = 5;

/// What a look at a database finds.
#[derive(Clone, Debug, Default)]
pub struct Examined {
    /// Number of its schema; 0 when nothing was ever stored.
    pub schema: u32,
    /// What is damaged.
    pub faults: Vec<String>,
    /// When the newest row of the ledger was written.
    pub last_change: Option<Timestamp>,
    /// Stored settings, by key.
    pub settings: HashMap<String, String>,
    /// Tokens that were not revoked, each with its expiry.
    pub tokens: Vec<(String, Option<Timestamp>)>,
}

/// Examines the database at `path`, every page of it.
pub fn examine(path: &Path) -> Result<Examined> {
    let c = connect(path, true)?;
    migrations::admit(&c, path)?;
    let schema = migrations::version(&c)?;
    let mut faults = Vec::new();
    c.pragma(None, "quick_check", FAULTS, |row| {
        faults.push(row.get::<_, String>(0)?);
        Ok(())
    })?;
    faults.retain(|fault| fault != "ok");
    // The tables of a database that was never opened by a node are not there yet,
    // and those of a damaged one may not answer.
    if schema == 0 || !faults.is_empty() {
        return Ok(Examined { schema, faults, ..Examined::default() });
    }
    let last: Option<i64> = c.query_row("SELECT max(at) FROM changes", [], |row| row.get(0))?;
    let mut settings = c.prepare("SELECT key, value FROM settings WHERE key >= ' '")?;
    let settings = settings.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut tokens =
        c.prepare("SELECT name, expires_at FROM tokens WHERE revoked_at IS NULL ORDER BY name")?;
    let tokens =
        tokens.query_map([], |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.map(time))))?;
    Ok(Examined {
        schema,
        faults,
        last_change: last.map(time),
        settings: settings.collect::<rusqlite::Result<_>>()?,
        tokens: tokens.collect::<rusqlite::Result<_>>()?,
    })
}

/// Whether a process holds the database at `path`: a node, or a command at work.
pub fn is_held(path: &Path) -> bool {
    let Ok(lock) = File::open(lock_path(path)) else { return false };
    // The lock goes with the file.
    matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
}
