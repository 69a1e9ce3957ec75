//! Traffic counts, collecting what nothing needs, sizes, and closing.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

use super::{SqliteStore, migrations, ms, oauth, signed, unsigned};
use crate::store::{Keep, Result, StoreFacts, Traffic, UpkeepStore};

/// Rows dropped in one transaction, so that other writes wait little.
const PIECE: i64 = 256;
/// How long a call that waited for a person can be looked up.
const APPROVALS: SignedDuration = SignedDuration::from_hours(24 * 30);

fn collect(c: &Connection, keep: Keep, now: Timestamp) -> Result<bool> {
    let mut dropped = 0;
    dropped += c
        .prepare_cached(
            "DELETE FROM versions WHERE (app_id, version) IN (
                SELECT v.app_id, v.version FROM versions v JOIN apps a ON a.id = v.app_id
                WHERE v.version IS NOT a.live AND v.pinned = 0 AND v.version <= (
                    SELECT max(version) FROM versions m WHERE m.app_id = v.app_id) - ?1
                LIMIT ?2)",
        )?
        .execute(params![keep.versions, PIECE])?;
    dropped += super::data::collect(c, ms(now), ms(now - keep.trash), PIECE)?;
    dropped += super::logs::collect(c, ms(now - keep.trash), PIECE)?;
    dropped += c
        .prepare_cached(
            "DELETE FROM apps WHERE id IN (
                SELECT id FROM apps WHERE trashed_at < ?1 AND data_rows = 0
                    AND NOT EXISTS (SELECT 1 FROM log_lines l WHERE l.app_id = apps.id) LIMIT 8)",
        )?
        .execute([ms(now - keep.trash)])?;
    dropped += c
        .prepare_cached(
            "DELETE FROM blobs WHERE id IN (
                SELECT id FROM blobs b WHERE created_at < ?1
                    AND NOT EXISTS (SELECT 1 FROM files f WHERE f.blob_id = b.id)
                    AND NOT EXISTS (SELECT 1 FROM data_objects o WHERE o.blob_id = b.id)
                LIMIT ?2)",
        )?
        .execute(params![ms(now - keep.loose_blobs), PIECE])?;
    c.prepare_cached("DELETE FROM sessions WHERE expires_at < ?1")?.execute([ms(now)])?;
    c.prepare_cached("DELETE FROM setup_links WHERE expires_at < ?1")?.execute([ms(now)])?;
    oauth::collect(c, now, now - keep.trash)?;
    super::handles::collect(c, now)?;
    c.prepare_cached("DELETE FROM approvals WHERE coalesce(decided_at, expires_at) < ?1")?
        .execute([ms(now - APPROVALS)])?;
    // Thirty days of hourly counts are kept.
    let hour = now.as_second().div_euclid(3_600) - 24 * 30;
    c.prepare_cached("DELETE FROM traffic WHERE hour < ?1")?.execute([hour])?;
    Ok(dropped > 0)
}

#[async_trait]
impl UpkeepStore for SqliteStore {
    async fn add_traffic(&self, counts: Vec<Traffic>) -> Result<()> {
        self.writer
            .run(move |c| {
                let mut add = c.prepare_cached(
                    "INSERT INTO traffic (app_id, hour, requests, errors) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (app_id, hour) DO UPDATE
                     SET requests = requests + ?3, errors = errors + ?4",
                )?;
                for count in counts {
                    add.execute(params![
                        count.app,
                        count.hour,
                        signed(count.requests),
                        signed(count.errors)
                    ])?;
                }
                Ok(())
            })
            .await
    }

    async fn traffic(&self, app: i64, from: Timestamp) -> Result<(u64, u64)> {
        self.readers.run(|c| {
            let sql = "SELECT coalesce(sum(requests), 0), coalesce(sum(errors), 0)
                FROM traffic WHERE app_id = ?1 AND hour >= ?2";
            let hour = from.as_second().div_euclid(3_600);
            let (requests, errors): (i64, i64) = c
                .prepare_cached(sql)?
                .query_row([app, hour], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok((unsigned(requests), unsigned(errors)))
        })
    }

    async fn collect(&self, keep: Keep, now: Timestamp) -> Result<bool> {
        self.writer.run(move |c| collect(c, keep, now)).await
    }

    async fn facts(&self) -> Result<StoreFacts> {
        let length = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
        let mut wal = self.path.as_os_str().to_owned();
        wal.push("-wal");
        let (apps, schema) = self.readers.run(|c| {
            let sql = "SELECT count(*) FROM apps WHERE trashed_at IS NULL";
            let apps: i64 = c.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
            Ok((unsigned(apps), migrations::version(c)?))
        })?;
        Ok(StoreFacts {
            path: self.path.display().to_string(),
            bytes: length(&self.path),
            wal_bytes: length(wal.as_ref()),
            schema,
            apps,
            queued_writes: self.writer.waiting(),
        })
    }

    async fn close(&self) {
        self.readers.close();
        self.writer.close();
        // Whoever still holds this store cannot use it; another process may.
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(%error, "could not let go of the database's lock");
        }
    }
}
