//! What functions did, in SQLite: rows that come in batches and go by number.
//!
//! An app's share is kept to its bound by each batch that adds to it, so that no
//! app can fill the disk between two rounds of upkeep; age is upkeep's.

use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Serialize, de::DeserializeOwned};

use super::{SqliteStore, ms, signed, time, unsigned};
use crate::store::{KeepLogs, Level, LogLine, LogQuery, LogStore, LoggedRequest, NewLog, Result};

/// Rows dropped in one transaction.
const PIECE: i64 = 1_024;

fn rank(level: Level) -> i64 {
    match level {
        Level::Debug => 0,
        Level::Info => 1,
        Level::Warn => 2,
        Level::Error => 3,
    }
}

fn level(rank: i64) -> Level {
    usize::try_from(rank).ok().and_then(|at| Level::ALL.get(at).copied()).unwrap_or_default()
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// JSON that another program wrote is as good as none.
fn read<T: DeserializeOwned + Default>(json: Option<String>) -> T {
    json.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default()
}

fn written<T: Serialize>(value: &T) -> Option<String> {
    serde_json::to_string(value).ok()
}

fn add(c: &Connection, log: &NewLog) -> Result<()> {
    let known = "SELECT 1 FROM apps WHERE id = ?1";
    if c.prepare_cached(known)?.query_row([log.app], |_| Ok(())).optional()?.is_none() {
        return Ok(());
    }
    let (mut id, mut version) = (None, None);
    if let Some(request) = &log.request {
        let sql = "INSERT INTO log_requests (id, app_id, version, at, method, path, status, code,
                wall, cpu, peak, fault, calls)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
            ON CONFLICT (id) DO NOTHING";
        let calls = (!request.calls.is_empty()).then(|| written(&request.calls)).flatten();
        let added = c.prepare_cached(sql)?.execute(params![
            request.id,
            request.app,
            request.version,
            ms(request.at),
            request.method,
            request.path,
            request.status,
            request.code,
            micros(request.wall),
            micros(request.cpu),
            signed(request.peak),
            request.fault.as_ref().and_then(written),
            calls,
        ])?;
        if added == 0 {
            return Ok(());
        }
        (id, version) = (Some(&request.id), Some(request.version));
    }
    let sql = "INSERT INTO log_lines (app_id, request, version, at, level, text, fields)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let mut insert = c.prepare_cached(sql)?;
    for line in &log.lines {
        let (rank, at) = (rank(line.level), ms(log.at));
        insert.execute(params![log.app, id, version, at, rank, line.text, line.fields])?;
    }
    Ok(())
}

/// Keeps an app to its share.
fn bound(c: &Connection, app: i64, keep: KeepLogs) -> Result<()> {
    for (table, most) in [("log_lines", keep.lines), ("log_requests", keep.requests)] {
        let sql = format!(
            "DELETE FROM {table} WHERE app_id = ?1 AND n <= (
                SELECT n FROM {table} WHERE app_id = ?1 ORDER BY n DESC LIMIT 1 OFFSET ?2)"
        );
        c.prepare_cached(&sql)?.execute(params![app, most])?;
    }
    Ok(())
}

/// Drops the logs of apps whose time in the trash is over, a bounded piece at a
/// time; how many rows that were.
pub(super) fn collect(c: &Connection, trash: i64, piece: i64) -> Result<usize> {
    let mut dropped = 0;
    for table in ["log_lines", "log_requests"] {
        let sql = format!(
            "DELETE FROM {table} WHERE n IN (
                SELECT n FROM {table}
                WHERE app_id IN (SELECT id FROM apps WHERE trashed_at < ?1) LIMIT ?2)"
        );
        dropped += c.prepare_cached(&sql)?.execute(params![trash, piece])?;
    }
    Ok(dropped)
}

fn trim(c: &Connection, keep: KeepLogs, now: Timestamp) -> Result<bool> {
    let mut dropped = 0;
    let old = ms(now - keep.age);
    for table in ["log_lines", "log_requests"] {
        // Rows are numbered as time goes, so the oldest are the first; a clock that
        // was turned back only lets some stay longer.
        let sql = format!(
            "DELETE FROM {table} WHERE n IN (SELECT n FROM {table} ORDER BY n LIMIT ?2)
                AND at < ?1"
        );
        dropped += c.prepare_cached(&sql)?.execute(params![old, PIECE])?;
        let sql = format!(
            "DELETE FROM {table} WHERE n IN (
                SELECT n FROM {table} WHERE n <= (
                    SELECT n FROM {table} ORDER BY n DESC LIMIT 1 OFFSET ?1)
                ORDER BY n LIMIT ?2)"
        );
        dropped += c.prepare_cached(&sql)?.execute(params![keep.all, PIECE])?;
    }
    Ok(dropped > 0)
}

fn read_line(row: &Row<'_>) -> rusqlite::Result<LogLine> {
    Ok(LogLine {
        n: row.get(0)?,
        at: time(row.get(1)?),
        level: level(row.get(2)?),
        text: row.get(3)?,
        fields: row.get(4)?,
        request: row.get(5)?,
        version: row.get(6)?,
    })
}

fn read_request(row: &Row<'_>) -> rusqlite::Result<(String, LoggedRequest)> {
    let micros = |us: i64| Duration::from_micros(unsigned(us));
    let request = LoggedRequest {
        id: row.get(1)?,
        app: row.get(2)?,
        version: row.get(3)?,
        at: time(row.get(4)?),
        method: row.get(5)?,
        path: row.get(6)?,
        status: row.get(7)?,
        code: row.get(8)?,
        wall: micros(row.get(9)?),
        cpu: micros(row.get(10)?),
        peak: unsigned(row.get(11)?),
        fault: row.get::<_, Option<String>>(12)?.and_then(|json| serde_json::from_str(&json).ok()),
        calls: read(row.get(13)?),
    };
    Ok((row.get(0)?, request))
}

#[async_trait]
impl LogStore for SqliteStore {
    async fn log(&self, logs: Vec<NewLog>, keep: KeepLogs) -> Result<()> {
        self.writer
            .run(move |c| {
                for log in &logs {
                    add(c, log)?;
                }
                let apps: BTreeSet<i64> = logs.iter().map(|log| log.app).collect();
                apps.into_iter().try_for_each(|app| bound(c, app, keep))
            })
            .await
    }

    async fn log_lines(&self, query: LogQuery) -> Result<Vec<LogLine>> {
        self.readers.run(|c| {
            // Each shape of a query has the index that it needs: by request, or by app.
            let way = match &query.request {
                Some(_) => "INDEXED BY log_lines_by_request",
                None => "INDEXED BY log_lines_by_app",
            };
            let of = match &query.request {
                Some(_) => "request = ?6",
                None => "?6 IS NULL",
            };
            let order = if query.after.is_some() { "ASC" } else { "DESC" };
            let sql = format!(
                "SELECT n, at, level, text, fields, request, version FROM log_lines {way}
                 WHERE app_id = ?1 AND {of} AND n < ?7 AND n > ?8
                    AND (?2 = 0 OR level >= ?2) AND (?3 IS NULL OR at >= ?3)
                    AND (?4 IS NULL OR at <= ?4)
                    AND (?5 IS NULL OR instr(lower(text), ?5) OR instr(lower(fields), ?5))
                    AND (?9 IS NULL OR version = ?9)
                 ORDER BY n {order} LIMIT ?10"
            );
            let mut statement = c.prepare_cached(&sql)?;
            let rows = statement.query_map(
                params![
                    query.app,
                    rank(query.level),
                    query.since.map(ms),
                    query.until.map(ms),
                    query.text.as_deref().map(str::to_ascii_lowercase),
                    query.request,
                    query.before.unwrap_or(i64::MAX),
                    query.after.unwrap_or(-1),
                    query.version,
                    query.limit,
                ],
                read_line,
            )?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    async fn logged_request(&self, id: &str) -> Result<Option<(String, LoggedRequest)>> {
        self.readers.run(|c| {
            let sql = "SELECT a.name, r.id, r.app_id, r.version, r.at, r.method, r.path, r.status,
                    r.code, r.wall, r.cpu, r.peak, r.fault, r.calls
                FROM log_requests r JOIN apps a ON a.id = r.app_id
                WHERE r.id = ?1 AND a.trashed_at IS NULL";
            Ok(c.prepare_cached(sql)?.query_row([id], read_request).optional()?)
        })
    }

    async fn failing(&self, app: i64, path: &str) -> Result<Vec<u32>> {
        self.readers.run(|c| {
            let sql = "SELECT DISTINCT version FROM log_requests
                WHERE app_id = ?1 AND path = ?2 AND status >= 500";
            let mut statement = c.prepare_cached(sql)?;
            let rows = statement.query_map(params![app, path], |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    async fn trim_logs(&self, keep: KeepLogs, now: Timestamp) -> Result<bool> {
        self.writer.run(move |c| trim(c, keep, now)).await
    }
}
