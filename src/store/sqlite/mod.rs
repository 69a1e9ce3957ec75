//! The store in one SQLite file.
//!
//! One writer thread commits in groups ([`writer`]); readers come from a pool
//! and run on the caller's thread, because handing a read over costs more than
//! the read. A lock file beside the database keeps a second process out.

mod access;
mod approvals;
mod apps;
mod blobs;
mod cell;
mod data;
mod env;
mod examine;
mod handles;
mod ledger;
mod logs;
mod migrations;
mod net;
mod oauth;
mod peers;
mod reader;
mod upkeep;
mod writer;

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{Result, StoreError};
pub use examine::{Examined, examine, is_held};
pub use peers::read_peers;
use reader::Readers;
use writer::Writer;

/// The store in one SQLite file.
pub struct SqliteStore {
    path: PathBuf,
    writer: Writer,
    readers: Readers,
    bounds: data::Bounds,
    lock: File,
}

/// How to open a database.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long to wait for another process to let go of the database.
    pub wait: Duration,
    /// Largest size of the database in bytes; 0 means the disk decides.
    pub max_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { wait: Duration::ZERO, max_bytes: 0 }
    }
}

impl SqliteStore {
    /// Opens the database at `path`, making it if there is none, and brings
    /// its schema up to date.
    ///
    /// Fails when another process holds it, when it was written by a newer
    /// fazt, or when it is not fazt's.
    pub fn open(path: &Path, options: Options) -> Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|e| no_access(path, &e))?;
        }
        let lock = take_lock(path, options.wait)?;
        private_file(path).map_err(|e| no_access(path, &e))?;
        let mut connection = connect(path, false)?;
        // What SQLite may not write beside the file, it finds out here.
        let named = |error| match error {
            StoreError::NoAccess { reason, .. } => no_access(path, &reason),
            error => error,
        };
        // First of all: even the journal mode is written into the file.
        migrations::admit(&connection, path).map_err(named)?;
        prepare(&connection, options).map_err(named)?;
        migrations::run(&mut connection).map_err(named)?;
        let readers = Readers::new(path.to_owned());
        // No request of an earlier process is still being answered.
        connection.execute("DELETE FROM idempotency WHERE status IS NULL", [])?;
        approvals::end_cut_short(&connection)?;
        let writer = Writer::start(connection)?;
        Ok(Self { path: path.to_owned(), writer, readers, bounds: data::Bounds::default(), lock })
    }

    /// Bounds the size of the database from now on; 0 leaves it to the disk.
    pub async fn limit(&self, max_bytes: u64) -> Result<()> {
        self.writer.run(move |c| limit(c, max_bytes)).await
    }

    /// Where the data is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes into the lock file where this process can be reached, so that
    /// commands find it. An empty text takes the address back.
    pub fn announce(&self, address: &str) -> std::io::Result<()> {
        let mut lock = &self.lock;
        lock.set_len(0)?;
        lock.rewind()?;
        lock.write_all(address.as_bytes())?;
        lock.flush()
    }
}

/// Where the process that holds the database at `path` can be reached, if one
/// holds it and said so.
pub fn announced(path: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(lock_path(path)).ok()?.take(1_024).read_to_string(&mut text).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

#[expect(clippy::disallowed_methods, reason = "waiting for another process is real time")]
fn take_lock(path: &Path, wait: Duration) -> Result<File> {
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(lock_path(path))
        .map_err(|e| no_access(path, &e))?;
    let until = std::time::Instant::now() + wait;
    loop {
        match lock.try_lock() {
            Ok(()) => {
                // What an earlier process announced died with it.
                lock.set_len(0).map_err(|e| no_access(path, &e))?;
                return Ok(lock);
            }
            Err(_) if std::time::Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(_) => return Err(StoreError::InUse { path: path.to_owned() }),
        }
    }
}

/// Makes sure that nobody else on the machine may read the file.
fn private_file(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path).map(drop)
}

fn connect(path: &Path, read_only: bool) -> Result<Connection> {
    // Each connection stays with one thread at a time, so SQLite's own mutexes
    // only cost.
    let mode = if read_only {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE
    };
    #[expect(clippy::disallowed_methods, reason = "this is the one place that opens databases")]
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|e| no_access(path, &e))?;
    connection.set_prepared_statement_cache_capacity(128);
    // Or else a statement with `LIMIT ?` is prepared anew whenever a value is bound,
    // in case another plan suits that value better.
    let stable = DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
    connection.set_db_config(stable, true).map_err(StoreError::from)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(StoreError::from)?;
    Ok(connection)
}

fn prepare(connection: &Connection, options: Options) -> Result<()> {
    // Pages of 8 KiB hold file contents with fewer overflow pages (measured:
    // 245 MB/s against 190 with 4 KiB). It must be set before the first table.
    let setup = "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
        PRAGMA foreign_keys = ON; PRAGMA mmap_size = 268435456; PRAGMA cache_size = -8192;
        PRAGMA temp_store = MEMORY;
        PRAGMA journal_size_limit = 67108864;";
    connection.execute_batch(setup)?;
    limit(connection, options.max_bytes)
}

/// Bounds the size of the database; 0 leaves it to the disk.
fn limit(connection: &Connection, max_bytes: u64) -> Result<()> {
    // SQLite's own largest number of pages.
    const ALL: i64 = 4_294_967_294;
    let pages = if max_bytes == 0 { ALL } else { signed((max_bytes / 8192).max(64)) };
    connection.pragma_update(None, "max_page_count", pages)?;
    Ok(())
}

fn no_access(path: &Path, reason: &dyn std::fmt::Display) -> StoreError {
    StoreError::NoAccess { path: path.to_owned(), reason: reason.to_string() }
}

fn not_ours(path: &Path, reason: &dyn std::fmt::Display) -> StoreError {
    StoreError::NotOurs { path: path.to_owned(), reason: reason.to_string() }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full,
            Some(
                rusqlite::ErrorCode::CannotOpen
                | rusqlite::ErrorCode::ReadOnly
                | rusqlite::ErrorCode::PermissionDenied,
            ) => no_access(Path::new("the database"), &error),
            Some(rusqlite::ErrorCode::DatabaseCorrupt) => Self::Damaged(error.to_string()),
            _ => Self::Backend(error.to_string()),
        }
    }
}

fn ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A count for SQLite, whose integers are signed.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count from SQLite; what this program stores is never negative.
fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use rusqlite::{StatementStatus, params};

    use super::*;

    #[test]
    fn a_statement_is_prepared_once_whatever_is_bound_to_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data.db");
        std::fs::File::create(&path).expect("a file");
        let connection = connect(&path, false).expect("a database");
        connection.execute_batch("CREATE TABLE t (a TEXT PRIMARY KEY)").expect("a table");
        let sql = "SELECT a FROM t WHERE a > ?1 ORDER BY a LIMIT ?2";
        let mut statement = connection.prepare(sql).expect("a statement");
        for limit in [20, 50, 1, 0] {
            let mut rows = statement.query(params!["m", limit]).expect("rows");
            assert!(rows.next().expect("an answer").is_none());
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}
