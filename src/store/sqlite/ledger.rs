//! The ledger: every mutation is a set of edited cells, so undo is one rule.
//!
//! [`Edits::set`] writes a [`Cell`] and remembers what it held; [`Edits::record`]
//! makes the ledger row, in the caller's transaction. Undo sets the same cells
//! back, which is itself a change.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::{Value, json};

use super::{SqliteStore, cell::Cell, ms, time};
use crate::store::{Actor, Change, ChangeQuery, Hash, LedgerStore, Result, StoreError, Undone};
use fazt_tools::{AppName, Face};

/// The cells one change has changed so far.
pub(super) struct Edits<'c> {
    c: &'c Connection,
    actor: Actor,
    cells: Vec<(Cell, Value, Value)>,
}

impl<'c> Edits<'c> {
    pub(super) fn new(c: &'c Connection, actor: Actor) -> Self {
        Self { c, actor, cells: Vec::new() }
    }

    /// Makes `cell` hold `value`; does nothing when it does already.
    pub(super) fn set(&mut self, cell: Cell, value: Value) -> Result<()> {
        let before = cell.read(self.c)?;
        if before != value {
            cell.write(self.c, &value, &self.actor)?;
            self.cells.push((cell, before, value));
        }
        Ok(())
    }

    /// Notes that `cell` came to hold `value` where it would have held `before`:
    /// for things that came into being with this change.
    pub(super) fn made(&mut self, cell: Cell, before: Value, value: Value) {
        self.cells.push((cell, before, value));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Writes the ledger row and answers its number.
    pub(super) fn record(self, app: Option<&str>, summary: &str) -> Result<i64> {
        let c = self.c;
        let last: Option<Vec<u8>> = c
            .prepare_cached("SELECT hash FROM changes ORDER BY id DESC LIMIT 1")?
            .query_row([], |row| row.get(0))
            .optional()?;
        let row = LedgerRow {
            at: ms(self.actor.at),
            caller: &self.actor.caller,
            face: self.actor.face.as_str(),
            client: self.actor.client.as_deref(),
            tool: &self.actor.tool,
            app,
            summary,
            input: &self.actor.input.to_string(),
        };
        let hash = row.chained(last.as_deref().unwrap_or_default());
        c.prepare_cached(
            "INSERT INTO changes (at, caller, face, client, tool, app, summary, input, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            row.at,
            row.caller,
            row.face,
            row.client,
            row.tool,
            row.app,
            row.summary,
            row.input,
            hash.0
        ])?;
        let id = c.last_insert_rowid();
        let sql =
            "INSERT INTO edits (change_id, seq, cell, before, after) VALUES (?1, ?2, ?3, ?4, ?5)";
        let mut insert = c.prepare_cached(sql)?;
        for (seq, (cell, before, after)) in (0_i64..).zip(&self.cells) {
            insert.execute(params![id, seq, cell.key(), before.to_string(), after.to_string()])?;
        }
        Ok(id)
    }
}

/// What a ledger row's hash covers. `undone_by` is set later and left out.
struct LedgerRow<'r> {
    at: i64,
    caller: &'r str,
    face: &'r str,
    client: Option<&'r str>,
    tool: &'r str,
    app: Option<&'r str>,
    summary: &'r str,
    input: &'r str,
}

impl LedgerRow<'_> {
    fn chained(&self, before: &[u8]) -> Hash {
        let row = json!([
            self.at,
            self.caller,
            self.face,
            self.client,
            self.tool,
            self.app,
            self.summary,
            self.input
        ]);
        let mut hasher = blake3::Hasher::new();
        hasher.update(before).update(row.to_string().as_bytes());
        Hash(*hasher.finalize().as_bytes())
    }
}

fn undo(c: &Connection, id: i64, force: bool, actor: Actor) -> Result<Undone> {
    let row: Option<(Option<i64>, Option<String>, String)> = c
        .prepare_cached("SELECT undone_by, app, summary FROM changes WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((undone_by, app, summary)) = row else { return Err(StoreError::NoChange(id)) };
    if let Some(by) = undone_by {
        return Err(StoreError::AlreadyUndone { id, by });
    }
    let sql = "SELECT cell, before, after FROM edits WHERE change_id = ?1 ORDER BY seq DESC";
    let cells = c
        .prepare_cached(sql)?
        .query_map([id], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    if cells.is_empty() {
        return Err(StoreError::NotUndoable(id));
    }
    let mut edits = Edits::new(c, actor);
    let mut undone = Undone {
        change: 0,
        summary: format!("undid change {id}: {summary}"),
        apps: Vec::new(),
        aliases: false,
        settings: false,
    };
    for (key, before, after) in cells {
        let read = |text: &str| {
            serde_json::from_str::<Value>(text).map_err(|e| StoreError::Backend(e.to_string()))
        };
        let cell: Cell =
            serde_json::from_str(&key).map_err(|e| StoreError::Backend(e.to_string()))?;
        let mut before = read(&before)?;
        if is_gone(c, &cell, &before)? {
            return Err(StoreError::Gone(id));
        }
        if !force {
            // The same value may stand there again by a newer choice, as after a rollback.
            let newer = match standing_edit(c, &key, id)? {
                None if cell.read(c)? == read(&after)? => None,
                // Apps change their data without a word to the ledger.
                None if cell.is_data() => return Err(StoreError::Overwrites(id)),
                None => Some(newest_edit(c, &key, id)?),
                newer => newer,
            };
            if let Some(newer) = newer {
                return Err(StoreError::Newer { id, newer });
            }
        }
        match &cell {
            Cell::Live(app)
            | Cell::Trashed(app)
            | Cell::Spa(app)
            | Cell::Env(app, _)
            | Cell::Limits(app)
            | Cell::Withdrawn(app, _) => {
                undone.apps.push(*app);
            }
            Cell::Alias(_) => undone.aliases = true,
            Cell::Setting(_) => undone.settings = true,
            Cell::Peer(_)
            | Cell::DefaultPeer
            | Cell::Revoked(_)
            | Cell::Granted(_)
            | Cell::Pinned(..)
            | Cell::FetchRule(..)
            | Cell::Secret(..)
            | Cell::Key(..)
            | Cell::Document(..) => {}
        }
        if matches!(cell, Cell::Trashed(_)) && !before.is_null() {
            // The trash keeps it from now on, not from when it was first deployed.
            before = ms(edits.actor.at).into();
        }
        edits.set(cell, before)?;
    }
    undone.apps.sort_unstable();
    undone.apps.dedup();
    for app in &undone.apps {
        if !shows_a_hidden_version(c, *app)? {
            continue;
        }
        let live = Cell::Live(*app);
        if !force {
            return Err(StoreError::Newer { id, newer: newest_edit(c, &live.key(), id)? });
        }
        edits.set(live, last_shown(c, *app)?)?;
    }
    undone.change = edits.record(app.as_deref(), &undone.summary)?;
    c.prepare_cached("UPDATE changes SET undone_by = ?2 WHERE id = ?1")?
        .execute([id, undone.change])?;
    // Undoing an undo makes the first change undoable again.
    c.prepare_cached("UPDATE changes SET undone_by = NULL WHERE undone_by = ?1")?.execute([id])?;
    Ok(undone)
}

/// Whether what `cell` belongs to, or what it would point to, was collected.
fn is_gone(c: &Connection, cell: &Cell, before: &Value) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM apps WHERE id = ?1)
        AND (?2 IS NULL OR EXISTS (SELECT 1 FROM versions WHERE app_id = ?1 AND version = ?2))";
    let (app, version) = match cell {
        Cell::Live(app) => (*app, before.as_i64()),
        Cell::Withdrawn(app, version) | Cell::Pinned(app, version) => {
            (*app, Some(i64::from(*version)))
        }
        Cell::Trashed(app)
        | Cell::Spa(app)
        | Cell::Env(app, _)
        | Cell::Limits(app)
        | Cell::Key(app, ..)
        | Cell::Document(app, ..) => (*app, None),
        Cell::FetchRule(app, _) | Cell::Secret(app, _) if *app != 0 => (*app, None),
        Cell::Granted(grant) => {
            let sql = "SELECT NOT EXISTS (SELECT 1 FROM oauth_grants WHERE id = ?1)";
            return Ok(c.prepare_cached(sql)?.query_row([grant], |row| row.get(0))?);
        }
        _ => return Ok(false),
    };
    let there: bool = c.prepare_cached(sql)?.query_row(params![app, version], |row| row.get(0))?;
    Ok(!there)
}

/// The newest change of `cell` after change `id` that still stands: it was not undone,
/// and is no undoing itself.
fn standing_edit(c: &Connection, cell: &str, id: i64) -> Result<Option<i64>> {
    let sql = "SELECT max(n.id) FROM edits e JOIN changes n ON n.id = e.change_id
        WHERE e.cell = ?1 AND e.change_id > ?2 AND n.undone_by IS NULL
            AND NOT EXISTS (SELECT 1 FROM changes x WHERE x.undone_by = n.id)";
    Ok(c.prepare_cached(sql)?.query_row(params![cell, id], |row| row.get(0))?)
}

/// Whether the live version of an app is one that is withdrawn: nobody could be
/// answered from it.
fn shows_a_hidden_version(c: &Connection, app: i64) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM apps a JOIN versions v
        ON v.app_id = a.id AND v.version = a.live WHERE a.id = ?1 AND v.withdrawn = 1)";
    Ok(c.prepare_cached(sql)?.query_row([app], |row| row.get(0))?)
}

/// The version that was live last of those that can be shown, or null.
fn last_shown(c: &Connection, app: i64) -> Result<Value> {
    let sql = "SELECT l.version FROM live_log l
        JOIN versions v ON v.app_id = l.app_id AND v.version = l.version AND v.withdrawn = 0
        WHERE l.app_id = ?1 ORDER BY l.id DESC LIMIT 1";
    let version: Option<i64> =
        c.prepare_cached(sql)?.query_row([app], |row| row.get(0)).optional()?;
    Ok(version.map_or(Value::Null, Value::from))
}

fn newest_edit(c: &Connection, cell: &str, default: i64) -> Result<i64> {
    let sql = "SELECT max(change_id) FROM edits WHERE cell = ?1";
    let newest: Option<i64> = c.prepare_cached(sql)?.query_row([cell], |row| row.get(0))?;
    Ok(newest.unwrap_or(default))
}

const COLUMNS: &str = r#"id, at, caller, face, client, tool, input, app, summary, undone_by,
    EXISTS (SELECT 1 FROM edits WHERE change_id = changes.id),
    EXISTS (SELECT 1 FROM edits WHERE change_id = changes.id AND (
        (cell LIKE '{"trashed":%' OR cell LIKE '{"revoked":%') AND before <> 'null'
        OR (cell LIKE '{"alias":%' OR cell LIKE '{"peer":%' OR cell LIKE '{"fetch_rule":%'
            OR cell LIKE '{"secret":%') AND before = 'null'))"#;

fn read_change(row: &rusqlite::Row<'_>) -> rusqlite::Result<Change> {
    let undone_by: Option<i64> = row.get(9)?;
    Ok(Change {
        id: row.get(0)?,
        actor: Actor {
            at: time(row.get(1)?),
            caller: row.get(2)?,
            face: Face::named(&row.get::<_, String>(3)?).unwrap_or(Face::Node),
            client: row.get(4)?,
            tool: row.get(5)?,
            input: serde_json::from_str(&row.get::<_, String>(6)?).unwrap_or(Value::Null),
        },
        app: row.get(7)?,
        summary: row.get(8)?,
        undoable: undone_by.is_none() && row.get::<_, bool>(10)?,
        undone_by,
        brought: row.get(11)?,
    })
}

#[async_trait]
impl LedgerStore for SqliteStore {
    async fn changes(&self, query: ChangeQuery) -> Result<(Vec<Change>, u64)> {
        self.readers.run(|c| {
            let among = query.among.as_ref().map(|apps| {
                Value::from(apps.iter().map(AppName::as_str).collect::<Vec<_>>()).to_string()
            });
            let filter = "(?1 IS NULL OR app = ?1)
                AND (?2 IS NULL OR app IN (SELECT value FROM json_each(?2)))";
            let app = query.app.as_ref().map(AppName::as_str);
            let total: i64 = c
                .prepare_cached(&format!("SELECT count(*) FROM changes WHERE {filter}"))?
                .query_row(params![app, among], |row| row.get(0))?;
            let sql = format!(
                "SELECT {COLUMNS} FROM changes WHERE {filter} AND id < ?3 ORDER BY id DESC LIMIT ?4"
            );
            let changes = c
                .prepare_cached(&sql)?
                .query_map(
                    params![app, among, query.before.unwrap_or(i64::MAX), query.limit],
                    read_change,
                )?
                .collect::<rusqlite::Result<_>>()?;
            Ok((changes, super::unsigned(total)))
        })
    }

    async fn change(&self, id: i64) -> Result<Option<Change>> {
        self.readers.run(|c| {
            let sql = format!("SELECT {COLUMNS} FROM changes WHERE id = ?1");
            Ok(c.prepare_cached(&sql)?.query_row([id], read_change).optional()?)
        })
    }

    async fn undo(&self, id: i64, force: bool, actor: Actor) -> Result<Undone> {
        self.writer.run(move |c| undo(c, id, force, actor)).await
    }

    async fn verify_ledger(&self) -> Result<Option<i64>> {
        self.readers.run(|c| {
            let sql = "SELECT id, at, caller, face, client, tool, app, summary, input, hash
                FROM changes ORDER BY id";
            let mut rows = c.prepare_cached(sql)?;
            let mut rows = rows.query([])?;
            let mut before: Vec<u8> = Vec::new();
            while let Some(row) = rows.next()? {
                let text = |i| row.get::<_, String>(i);
                let (caller, face, tool) = (text(2)?, text(3)?, text(5)?);
                let (summary, input) = (text(7)?, text(8)?);
                let client: Option<String> = row.get(4)?;
                let app: Option<String> = row.get(6)?;
                let expected = LedgerRow {
                    at: row.get(1)?,
                    caller: &caller,
                    face: &face,
                    client: client.as_deref(),
                    tool: &tool,
                    app: app.as_deref(),
                    summary: &summary,
                    input: &input,
                }
                .chained(&before);
                let found: Vec<u8> = row.get(9)?;
                if found != expected.0 {
                    return Ok(Some(row.get(0)?));
                }
                before = found;
            }
            Ok(None)
        })
    }
}
