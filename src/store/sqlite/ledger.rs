//! The ledger: every mutation is a set of edited cells, so undo is one rule.
//!
//! A [`Cell`] is one piece of state that a tool can change: a live pointer, an
//! alias, a setting. [`Edits::set`] writes it and remembers what it held;
//! [`Edits::record`] makes the ledger row, in the caller's transaction. Undo
//! sets the same cells back, which is itself a change.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{SqliteStore, ms, time};
use crate::store::{Actor, Change, ChangeQuery, Hash, LedgerStore, Result, StoreError, Undone};
use fazt_tools::{AppName, Face};

/// One piece of state that a change can change.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Cell {
    /// An app's live version, or null.
    Live(i64),
    /// When an app went to the trash, or null.
    Trashed(i64),
    /// Whether a version is hidden because its deploy was undone.
    Withdrawn(i64, u32),
    /// Whether a version is kept whatever its age.
    Pinned(i64, u32),
    /// The owner's override of `spa`, or null.
    Spa(i64),
    /// Where an alias leads, or null.
    Alias(String),
    /// A peer's address and sealed token, or null.
    Peer(String),
    /// The default peer's name, or null.
    DefaultPeer,
    /// When a token was revoked, or null.
    Revoked(i64),
    /// A stored setting, or null.
    Setting(String),
}

/// The default peer is kept among the settings, under a key no user can name.
const DEFAULT_PEER: &str = "\u{1}default_peer";

impl Cell {
    /// What the cell holds now.
    pub(super) fn read(&self, c: &Connection) -> Result<Value> {
        let by_id = |sql: &str, id: i64| -> Result<Value> {
            let held: Option<Option<i64>> =
                c.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()?;
            Ok(held.flatten().map_or(Value::Null, Value::from))
        };
        match self {
            Self::Live(app) => by_id("SELECT live FROM apps WHERE id = ?1", *app),
            Self::Trashed(app) => by_id("SELECT trashed_at FROM apps WHERE id = ?1", *app),
            Self::Spa(app) => by_id("SELECT spa FROM apps WHERE id = ?1", *app),
            Self::Revoked(token) => by_id("SELECT revoked_at FROM tokens WHERE id = ?1", *token),
            Self::Withdrawn(app, version) => {
                let sql = "SELECT withdrawn FROM versions WHERE app_id = ?1 AND version = ?2";
                let held: Option<bool> = c
                    .prepare_cached(sql)?
                    .query_row(params![app, version], |row| row.get(0))
                    .optional()?;
                Ok(held.map_or(Value::Null, Value::from))
            }
            Self::Pinned(app, version) => {
                let sql = "SELECT pinned FROM versions WHERE app_id = ?1 AND version = ?2";
                let held: Option<bool> = c
                    .prepare_cached(sql)?
                    .query_row(params![app, version], |row| row.get(0))
                    .optional()?;
                Ok(held.map_or(Value::Null, Value::from))
            }
            Self::Alias(name) => {
                let sql = "SELECT kind, app_id, target FROM aliases WHERE name = ?1";
                let held = c
                    .prepare_cached(sql)?
                    .query_row([name], |row| {
                        Ok(json!({
                            "kind": row.get::<_, String>(0)?,
                            "app": row.get::<_, Option<i64>>(1)?,
                            "target": row.get::<_, String>(2)?,
                        }))
                    })
                    .optional()?;
                Ok(held.unwrap_or(Value::Null))
            }
            Self::Peer(name) => {
                let sql = "SELECT url, token FROM peers WHERE name = ?1";
                let held = c
                    .prepare_cached(sql)?
                    .query_row([name], |row| {
                        Ok(json!({
                            "url": row.get::<_, String>(0)?, "token": row.get::<_, String>(1)?,
                        }))
                    })
                    .optional()?;
                Ok(held.unwrap_or(Value::Null))
            }
            Self::DefaultPeer => setting(c, DEFAULT_PEER),
            Self::Setting(key) => setting(c, key),
        }
    }

    /// Makes the cell hold `value`.
    fn write(&self, c: &Connection, value: &Value, actor: &Actor) -> Result<()> {
        let at = ms(actor.at);
        match self {
            Self::Live(app) => {
                let sql = "UPDATE apps SET live = ?2, updated_at = ?3 WHERE id = ?1";
                c.prepare_cached(sql)?.execute(params![app, value.as_i64(), at])?;
                if let Some(version) = value.as_i64() {
                    let sql = "INSERT INTO live_log (app_id, version, at) VALUES (?1, ?2, ?3)";
                    c.prepare_cached(sql)?.execute(params![app, version, at])?;
                }
            }
            Self::Trashed(app) => {
                if value.is_null() {
                    refuse_alias(c, &app_name(c, *app)?.unwrap_or_default())?;
                }
                let sql = "UPDATE apps SET trashed_at = ?2, updated_at = ?3 WHERE id = ?1";
                let done = c.prepare_cached(sql)?.execute(params![app, value.as_i64(), at]);
                if let Err(error) = done {
                    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) {
                        return Err(StoreError::Taken(app_name(c, *app)?.unwrap_or_default()));
                    }
                    return Err(error.into());
                }
            }
            Self::Spa(app) => {
                let sql = "UPDATE apps SET spa = ?2, updated_at = ?3 WHERE id = ?1";
                c.prepare_cached(sql)?.execute(params![app, value.as_i64(), at])?;
            }
            Self::Revoked(token) => {
                let sql = "UPDATE tokens SET revoked_at = ?2 WHERE id = ?1";
                c.prepare_cached(sql)?.execute(params![token, value.as_i64()]).map_err(
                    |error| match error.sqlite_error_code() {
                        Some(rusqlite::ErrorCode::ConstraintViolation) => {
                            StoreError::Taken(token_name(c, *token).unwrap_or_default())
                        }
                        _ => error.into(),
                    },
                )?;
            }
            Self::Withdrawn(app, version) => {
                let sql = "UPDATE versions SET withdrawn = ?3 WHERE app_id = ?1 AND version = ?2";
                let hidden = value.as_bool().unwrap_or(false);
                c.prepare_cached(sql)?.execute(params![app, version, hidden])?;
            }
            Self::Pinned(app, version) => {
                let sql = "UPDATE versions SET pinned = ?3 WHERE app_id = ?1 AND version = ?2";
                let kept = value.as_bool().unwrap_or(false);
                c.prepare_cached(sql)?.execute(params![app, version, kept])?;
            }
            Self::Alias(name) if value.is_null() => {
                c.prepare_cached("DELETE FROM aliases WHERE name = ?1")?.execute([name])?;
            }
            Self::Alias(name) => {
                if is_app(c, name)? {
                    return Err(StoreError::Taken(name.clone()));
                }
                let sql = "INSERT INTO aliases (name, kind, app_id, target) VALUES (?1, ?2, ?3, ?4)
                    ON CONFLICT (name) DO UPDATE SET kind = ?2, app_id = ?3, target = ?4";
                c.prepare_cached(sql)?.execute(params![
                    name,
                    value["kind"].as_str(),
                    value["app"].as_i64(),
                    value["target"].as_str()
                ])?;
            }
            Self::Peer(name) if value.is_null() => {
                c.prepare_cached("DELETE FROM peers WHERE name = ?1")?.execute([name])?;
            }
            Self::Peer(name) => {
                let sql = "INSERT INTO peers (name, url, token) VALUES (?1, ?2, ?3)
                    ON CONFLICT (name) DO UPDATE SET url = ?2, token = ?3";
                c.prepare_cached(sql)?.execute(params![
                    name,
                    value["url"].as_str(),
                    value["token"].as_str()
                ])?;
            }
            Self::DefaultPeer => set_setting(c, DEFAULT_PEER, value)?,
            Self::Setting(key) => set_setting(c, key, value)?,
        }
        Ok(())
    }

    fn key(&self) -> String {
        serde_json::to_string(self).expect("cells are plain data")
    }
}

fn setting(c: &Connection, key: &str) -> Result<Value> {
    let sql = "SELECT value FROM settings WHERE key = ?1";
    let held: Option<String> =
        c.prepare_cached(sql)?.query_row([key], |row| row.get(0)).optional()?;
    Ok(held.map_or(Value::Null, Value::from))
}

fn set_setting(c: &Connection, key: &str, value: &Value) -> Result<()> {
    match value.as_str() {
        Some(text) => {
            let sql = "INSERT INTO settings (key, value) VALUES (?1, ?2)
                ON CONFLICT (key) DO UPDATE SET value = ?2";
            c.prepare_cached(sql)?.execute([key, text])?;
        }
        None => {
            c.prepare_cached("DELETE FROM settings WHERE key = ?1")?.execute([key])?;
        }
    }
    Ok(())
}

/// Whether an app that is not in the trash has this name.
pub(super) fn is_app(c: &Connection, name: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM apps WHERE name = ?1 AND trashed_at IS NULL)";
    Ok(c.prepare_cached(sql)?.query_row([name], |row| row.get(0))?)
}

/// Refuses a name for an app that an alias has.
pub(super) fn refuse_alias(c: &Connection, name: &str) -> Result<()> {
    let sql = "SELECT EXISTS (SELECT 1 FROM aliases WHERE name = ?1)";
    let taken: bool = c.prepare_cached(sql)?.query_row([name], |row| row.get(0))?;
    if taken { Err(StoreError::Taken(name.to_owned())) } else { Ok(()) }
}

fn token_name(c: &Connection, token: i64) -> Result<String> {
    let sql = "SELECT name FROM tokens WHERE id = ?1";
    Ok(c.prepare_cached(sql)?.query_row([token], |row| row.get(0))?)
}

pub(super) fn app_name(c: &Connection, app: i64) -> Result<Option<String>> {
    let sql = "SELECT name FROM apps WHERE id = ?1";
    Ok(c.prepare_cached(sql)?.query_row([app], |row| row.get(0)).optional()?)
}

/// The cells one change has changed so far.
#[expect(clippy::struct_field_names, reason = "they are the edits")]
pub(super) struct Edits<'c> {
    c: &'c Connection,
    actor: Actor,
    edits: Vec<(Cell, Value, Value)>,
}

impl<'c> Edits<'c> {
    pub(super) fn new(c: &'c Connection, actor: Actor) -> Self {
        Self { c, actor, edits: Vec::new() }
    }

    /// Makes `cell` hold `value`; does nothing when it does already.
    pub(super) fn set(&mut self, cell: Cell, value: Value) -> Result<()> {
        let before = cell.read(self.c)?;
        if before != value {
            cell.write(self.c, &value, &self.actor)?;
            self.edits.push((cell, before, value));
        }
        Ok(())
    }

    /// Notes that `cell` came to hold `value` where it would have held `before`:
    /// for things that came into being with this change.
    pub(super) fn made(&mut self, cell: Cell, before: Value, value: Value) {
        self.edits.push((cell, before, value));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.edits.is_empty()
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
        for (seq, (cell, before, after)) in (0_i64..).zip(&self.edits) {
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
        if !force && cell.read(c)? != read(&after)? {
            let newer = newest_edit(c, &key, id)?;
            return Err(StoreError::Newer { id, newer });
        }
        match &cell {
            Cell::Live(app) | Cell::Trashed(app) | Cell::Spa(app) | Cell::Withdrawn(app, _) => {
                undone.apps.push(*app);
            }
            Cell::Alias(_) => undone.aliases = true,
            Cell::Setting(_) => undone.settings = true,
            Cell::Peer(_) | Cell::DefaultPeer | Cell::Revoked(_) | Cell::Pinned(..) => {}
        }
        if matches!(cell, Cell::Trashed(_)) && !before.is_null() {
            // The trash keeps it from now on, not from when it was first deployed.
            before = ms(edits.actor.at).into();
        }
        edits.set(cell, before)?;
    }
    undone.apps.sort_unstable();
    undone.apps.dedup();
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
        Cell::Withdrawn(app, version) => (*app, Some(i64::from(*version))),
        Cell::Trashed(app) | Cell::Spa(app) => (*app, None),
        _ => return Ok(false),
    };
    let there: bool = c.prepare_cached(sql)?.query_row(params![app, version], |row| row.get(0))?;
    Ok(!there)
}

fn newest_edit(c: &Connection, cell: &str, default: i64) -> Result<i64> {
    let sql = "SELECT max(change_id) FROM edits WHERE cell = ?1";
    let newest: Option<i64> = c.prepare_cached(sql)?.query_row([cell], |row| row.get(0))?;
    Ok(newest.unwrap_or(default))
}

const COLUMNS: &str = "id, at, caller, face, client, tool, input, app, summary, undone_by,
    EXISTS (SELECT 1 FROM edits WHERE change_id = changes.id)";

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
