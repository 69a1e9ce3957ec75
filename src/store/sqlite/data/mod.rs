//! What apps store, in SQLite: transactions, quotas and edits by hand.
//!
//! Rows are keyed by app and scope first. How much an app stores is kept in its
//! own row by triggers, so a quota is one comparison after the work, and a
//! transaction that would exceed it is rolled back whole.

mod ds;
mod kv;
mod s3;

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use fazt_tools::AppName;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::{Value, json};

use super::{SqliteStore, cell::Cell, cell::app_name, ledger::Edits, ms, unsigned};
use crate::store::{
    Actor, DataStore, NewBlob, Result, StoreError,
    data::{
        DataEdit, DataScope, Datum, Object, Operation, Outcome, Quota, STEPS, Space, Step, Usage,
        check_object,
    },
};
pub(super) use ds::{read_document, write_document};
pub(super) use kv::{read_key, write_key};

/// What every app may store.
pub(super) struct Bounds {
    rows: AtomicU64,
    bytes: AtomicU64,
}

impl Default for Bounds {
    fn default() -> Self {
        let Quota { rows, bytes } = Quota::default();
        Self { rows: rows.into(), bytes: bytes.into() }
    }
}

impl Bounds {
    fn get(&self) -> Quota {
        let load = |bound: &AtomicU64| bound.load(Ordering::Relaxed);
        Quota { rows: load(&self.rows), bytes: load(&self.bytes) }
    }
}

/// Whose rows, as they are keyed.
#[derive(Clone, Copy)]
struct Place<'p> {
    app: i64,
    scope: &'p str,
}

/// What an app stores; refuses one that is in the trash or gone.
fn usage(c: &Connection, app: i64) -> Result<Usage> {
    let sql = "SELECT data_rows, data_bytes FROM apps WHERE id = ?1 AND trashed_at IS NULL";
    let found = c.prepare_cached(sql)?.query_row([app], |row| {
        Ok(Usage { rows: unsigned(row.get(0)?), bytes: unsigned(row.get(1)?) })
    });
    match found.optional()? {
        Some(usage) => Ok(usage),
        None => Err(StoreError::NoApp(app_name(c, app)?.unwrap_or_else(|| app.to_string()))),
    }
}

/// Runs `work` on an app's data and refuses it when it exceeds a quota. What makes
/// data less is never refused, not even where it is too much already.
fn within<T>(
    c: &Connection,
    app: i64,
    quota: Quota,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let before = usage(c, app)?;
    let done = work()?;
    let after = usage(c, app)?;
    for (what, before, used, limit) in [
        ("rows", before.rows, after.rows, quota.rows),
        ("bytes", before.bytes, after.bytes, quota.bytes),
    ] {
        if used > limit && used > before {
            let app = app_name(c, app)?.unwrap_or_default();
            return Err(StoreError::Quota { app, what, used, limit });
        }
    }
    Ok(done)
}

fn run(c: &Connection, at: Place<'_>, operation: Operation, now: i64) -> Result<Outcome> {
    Ok(match operation {
        Operation::KvGet { key } => Outcome::Value(kv::get(c, at, &key, now)?),
        Operation::KvSet { key, value, ttl } => {
            let ttl = ttl.map(|ttl| i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX));
            kv::set(c, at, &key, &value, ttl.map(|ttl| now.saturating_add(ttl)))?;
            Outcome::Done
        }
        Operation::KvDelete { key } => Outcome::Held(kv::delete(c, at, &key, now)?),
        Operation::KvList { prefix, page } => {
            Outcome::Entries(kv::list(c, at, &prefix, &page, now)?)
        }
        Operation::KvIncr { key, by } => Outcome::Number(kv::incr(c, at, &key, &by, now)?),
        Operation::KvCas { key, old, new } => {
            Outcome::Held(kv::cas(c, at, &key, old.as_ref(), new.as_ref(), now)?)
        }
        Operation::DsInsert { coll, documents } => {
            Outcome::Ids(ds::insert(c, at, &coll, &documents)?)
        }
        Operation::DsFind(find) => Outcome::Documents(ds::find(c, at, &find)?),
        Operation::DsUpdate { coll, query, update } => {
            Outcome::Count(ds::update(c, at, &coll, &query, &update)?)
        }
        Operation::DsReplace { coll, id, document } => {
            Outcome::Held(ds::replace(c, at, &coll, &id, &document)?)
        }
        Operation::DsDelete { coll, query } => Outcome::Count(ds::delete(c, at, &coll, &query)?),
        Operation::DsCount { coll, query } => Outcome::Count(ds::count(c, at, &coll, &query)?),
        Operation::DsDistinct { coll, path, query } => {
            Outcome::Values(ds::distinct(c, at, &coll, &path, &query)?)
        }
        Operation::S3Put { path, media, content } => {
            Outcome::Object(Some(s3::put(c, at, &path, &media, content.blob(), now)?))
        }
        Operation::S3Head { path } => Outcome::Object(s3::head(c, at, &path)?),
        Operation::S3Delete { path } => Outcome::Held(s3::delete(c, at, &path)?),
        Operation::S3List { prefix, page } => Outcome::Objects(s3::list(c, at, &prefix, &page)?),
    })
}

fn run_all(c: &Connection, app: i64, steps: Vec<Step>, now: Timestamp) -> Result<Vec<Outcome>> {
    let steps = steps.into_iter();
    let each = steps.map(|Step { scope, operation }| {
        run(c, Place { app, scope: scope.as_str() }, operation, ms(now))
    });
    each.collect()
}

/// Does `work`, and takes it back unless it says that it is to be kept.
fn rehearse<T>(c: &Connection, work: impl FnOnce() -> Result<(T, bool)>) -> Result<T> {
    c.prepare_cached("SAVEPOINT rehearsal")?.execute([])?;
    let done = work();
    // The disk being full ends the transaction by itself.
    if !c.is_autocommit() {
        if !matches!(done, Ok((_, true))) {
            c.prepare_cached("ROLLBACK TO rehearsal")?.execute([])?;
        }
        c.prepare_cached("RELEASE rehearsal")?.execute([])?;
    }
    done.map(|(done, _)| done)
}

/// Refuses steps that are too many, or one that cannot be.
fn prepare(steps: &mut [Step]) -> Result<()> {
    if steps.len() > STEPS {
        let what = "a list of operations".to_owned();
        let (found, limit) = (steps.len() as u64, STEPS as u64);
        return Err(StoreError::TooLarge { what, found, limit });
    }
    steps.iter_mut().try_for_each(|step| step.operation.prepare())
}

/// Whether operations were answered as they were in `seen`; one that is refused now
/// was answered then.
fn as_seen(done: Result<Vec<Outcome>>, seen: &[Outcome]) -> Result<bool> {
    match done {
        Ok(done) => {
            let mut pairs = done.iter().zip(seen);
            Ok(done.len() == seen.len() && pairs.all(|(done, seen)| done.is(seen)))
        }
        Err(
            StoreError::Unfit(_)
            | StoreError::Exists { .. }
            | StoreError::TooLarge { .. }
            | StoreError::Quota { .. },
        ) => Ok(false),
        Err(error) => Err(error),
    }
}

fn edit(
    c: &Connection,
    name: &AppName,
    scope: &str,
    edits: Vec<DataEdit>,
    quota: Quota,
    actor: Actor,
) -> Result<Option<i64>> {
    let app = super::apps::expect(c, name)?.id;
    let mut cells = Edits::new(c, actor);
    let count = edits.len();
    within(c, app, quota, || {
        for edit in edits {
            let scope = scope.to_owned();
            let (cell, value) = match edit {
                DataEdit::Key { key, value } => (Cell::Key(app, scope, key), value),
                DataEdit::Document { coll, id, document } => {
                    (Cell::Document(app, scope, coll, id), document)
                }
            };
            let value = value.map_or(Value::Null, |value| json!({ "json": value.to_string() }));
            cells.set(cell, value)?;
        }
        Ok(())
    })?;
    if cells.is_empty() {
        return Ok(None);
    }
    let what = if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") };
    cells.record(Some(name.as_str()), &format!("edited {what} of the data of {name}")).map(Some)
}

/// Drops what has expired, and the data of apps whose time in the trash is over, a
/// bounded piece at a time; how many rows that were.
pub(super) fn collect(c: &Connection, now: i64, trash: i64, piece: i64) -> Result<usize> {
    let mut dropped = c
        .prepare_cached(
            "DELETE FROM data_keys WHERE (app_id, scope, key) IN (
                SELECT app_id, scope, key FROM data_keys
                WHERE expires_at IS NOT NULL AND expires_at <= ?1 LIMIT ?2)",
        )?
        .execute(params![now, piece])?;
    let trashed = "app_id IN (SELECT id FROM apps WHERE trashed_at < ?1)";
    for (table, key) in [
        ("data_keys", "app_id, scope, key"),
        ("data_docs", "app_id, scope, coll, id"),
        ("data_objects", "app_id, scope, path"),
    ] {
        let sql = format!(
            "DELETE FROM {table} WHERE ({key}) IN (
                SELECT {key} FROM {table} WHERE {trashed} LIMIT ?2)"
        );
        dropped += c.prepare_cached(&sql)?.execute(params![trash, piece])?;
    }
    // What the ledger keeps of it goes along.
    let sql = "SELECT id FROM apps WHERE trashed_at < ?1 LIMIT 8";
    let apps: Vec<i64> = c
        .prepare_cached(sql)?
        .query_map([trash], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for app in apps {
        for kind in ["key", "document", "env", "fetch_rule", "secret"] {
            // A comma ends the number, and `-` is what follows a comma.
            let sql = "DELETE FROM edits WHERE cell >= ?1 AND cell < ?2";
            let (from, to) = (format!("{{\"{kind}\":[{app},"), format!("{{\"{kind}\":[{app}-"));
            c.prepare_cached(sql)?.execute([from, to])?;
        }
    }
    Ok(dropped)
}

#[async_trait]
impl DataStore for SqliteStore {
    fn set_quota(&self, quota: Quota) {
        self.bounds.rows.store(quota.rows, Ordering::Relaxed);
        self.bounds.bytes.store(quota.bytes, Ordering::Relaxed);
    }

    async fn apply(
        &self,
        app: i64,
        mut steps: Vec<Step>,
        dry_run: bool,
        now: Timestamp,
    ) -> Result<Vec<Outcome>> {
        prepare(&mut steps)?;
        if !steps.iter().any(|step| step.operation.writes()) {
            return self.readers.run_at_once(|c| {
                usage(c, app)?;
                run_all(c, app, steps, now)
            });
        }
        let quota = self.bounds.get();
        self.writer
            .run(move |c| {
                if !dry_run {
                    return within(c, app, quota, || run_all(c, app, steps, now));
                }
                rehearse(c, || Ok((within(c, app, quota, || run_all(c, app, steps, now))?, false)))
            })
            .await
    }

    async fn apply_if(
        &self,
        app: i64,
        mut steps: Vec<Step>,
        seen: Vec<Outcome>,
        dry_run: bool,
        now: Timestamp,
    ) -> Result<bool> {
        prepare(&mut steps)?;
        if !steps.iter().any(|step| step.operation.writes()) {
            return self.readers.run_at_once(|c| {
                usage(c, app)?;
                as_seen(run_all(c, app, steps, now), &seen)
            });
        }
        let quota = self.bounds.get();
        self.writer
            .run(move |c| {
                rehearse(c, || {
                    let done = within(c, app, quota, || run_all(c, app, steps, now));
                    let same = as_seen(done, &seen)?;
                    Ok((same, same && !dry_run))
                })
            })
            .await
    }

    async fn kv_get(&self, space: &Space, key: &str, now: Timestamp) -> Result<Option<Datum>> {
        self.readers.run(|c| {
            usage(c, space.app)?;
            kv::get(c, Place { app: space.app, scope: space.scope.as_str() }, key, ms(now))
        })
    }

    async fn s3_put(
        &self,
        space: &Space,
        path: &str,
        media: &str,
        content: NewBlob,
        now: Timestamp,
    ) -> Result<Object> {
        check_object(path, media)?;
        let (space, path, media) = (space.clone(), path.to_owned(), media.to_owned());
        let quota = self.bounds.get();
        self.writer
            .run(move |c| {
                let at = Place { app: space.app, scope: space.scope.as_str() };
                within(c, at.app, quota, || s3::put(c, at, &path, &media, content, ms(now)))
            })
            .await
    }

    async fn collections(&self, space: &Space) -> Result<Vec<(String, u64)>> {
        self.readers.run_at_once(|c| {
            usage(c, space.app)?;
            ds::collections(c, Place { app: space.app, scope: space.scope.as_str() })
        })
    }

    async fn usage(&self, app: i64) -> Result<Usage> {
        self.readers.run(|c| usage(c, app))
    }

    async fn edit_data(
        &self,
        app: &AppName,
        scope: &DataScope,
        mut edits: Vec<DataEdit>,
        actor: Actor,
    ) -> Result<Option<i64>> {
        for edit in &mut edits {
            edit.prepare()?;
        }
        let (app, scope, quota) = (app.clone(), scope.clone(), self.bounds.get());
        self.writer.run(move |c| edit(c, &app, scope.as_str(), edits, quota, actor)).await
    }
}
