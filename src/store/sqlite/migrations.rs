//! Numbered changes of the schema, each in a transaction of its own.
//!
//! The number of the newest one that ran is the database's `user_version`. A
//! database from a newer program is refused before anything is touched.

use std::path::Path;

use rusqlite::Connection;

use super::not_ours;
use crate::store::{Result, StoreError};

/// The schema, in order; a released one never changes again.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_mcp.sql"),
    include_str!("migrations/0003_approvals.sql"),
    include_str!("migrations/0004_oauth.sql"),
    include_str!("migrations/0005_data.sql"),
    include_str!("migrations/0006_env.sql"),
    include_str!("migrations/0007_logs.sql"),
    include_str!("migrations/0008_egress.sql"),
    include_str!("migrations/0009_app_ids.sql"),
];

/// Marks the file as fazt's: the letters `fazt`.
const APPLICATION_ID: u32 = 0x6661_7a74;

/// The newest schema this program knows.
pub(super) fn newest() -> u32 {
    u32::try_from(MIGRATIONS.len()).expect("migrations are counted by hand")
}

/// Refuses a file that is not fazt's, or a newer fazt's, and changes nothing.
pub(super) fn admit(connection: &Connection, path: &Path) -> Result<()> {
    let found = connection.pragma_query_value(None, "user_version", |row| row.get(0));
    let found: u32 = found.map_err(|error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => not_ours(path, &error),
        _ => StoreError::from(error),
    })?;
    let mark: u32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: u32 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if mark != APPLICATION_ID && (tables > 0 || found > 0) {
        return Err(not_ours(path, &"it belongs to another program"));
    }
    if found > newest() {
        let path = path.to_owned();
        return Err(StoreError::FromTheFuture { path, found, known: newest() });
    }
    Ok(())
}

/// Brings the schema of an admitted database up to date.
pub(super) fn run(connection: &mut Connection) -> Result<()> {
    let found = version(connection)?;
    for (number, sql) in (1_u32..).zip(MIGRATIONS).skip(found as usize) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

/// The number of the schema the database has.
pub(super) fn version(connection: &Connection) -> Result<u32> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}
