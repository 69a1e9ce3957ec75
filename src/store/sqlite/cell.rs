//! A cell: one piece of state that a change can change, read and written alike.
//!
//! A live pointer, an alias, a setting. What a cell holds is JSON, so the ledger
//! can keep it; a name that two things may want is refused where it is written.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{data, env, ms, net};
use crate::store::{Actor, Result, StoreError};

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
    /// The owner's budgets of an app's functions, or null.
    Limits(i64),
    /// A value of an app's environment, or null.
    Env(i64, String),
    /// Where an alias leads, or null.
    Alias(String),
    /// A peer's address and sealed token, or null.
    Peer(String),
    /// The default peer's name, or null.
    DefaultPeer,
    /// When a token was revoked, or null.
    Revoked(i64),
    /// When a grant of OAuth was revoked, or null.
    Granted(i64),
    /// A stored setting, or null.
    Setting(String),
    /// What may be fetched from a host, or null: app, or 0 for every app, and host.
    FetchRule(i64, String),
    /// A secret's sealed value and its way, or null: app, or 0 for every app, and name.
    Secret(i64, String),
    /// What a key of an app's data holds, or null: app, scope, key.
    Key(i64, String, String),
    /// A document of an app's data, or null: app, scope, collection, id.
    Document(i64, String, String, String),
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
        let of_version = |column: &str, app: i64, version: u32| -> Result<Value> {
            let sql = format!("SELECT {column} FROM versions WHERE app_id = ?1 AND version = ?2");
            let held: Option<bool> = c
                .prepare_cached(&sql)?
                .query_row(params![app, version], |row| row.get(0))
                .optional()?;
            Ok(held.map_or(Value::Null, Value::from))
        };
        match self {
            Self::Live(app) => by_id("SELECT live FROM apps WHERE id = ?1", *app),
            Self::Trashed(app) => by_id("SELECT trashed_at FROM apps WHERE id = ?1", *app),
            Self::Spa(app) => by_id("SELECT spa FROM apps WHERE id = ?1", *app),
            Self::Revoked(token) => by_id("SELECT revoked_at FROM tokens WHERE id = ?1", *token),
            Self::Granted(id) => by_id("SELECT revoked_at FROM oauth_grants WHERE id = ?1", *id),
            Self::Withdrawn(app, version) => of_version("withdrawn", *app, *version),
            Self::Pinned(app, version) => of_version("pinned", *app, *version),
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
            Self::Limits(app) => {
                let sql = "SELECT limits FROM apps WHERE id = ?1";
                let held: Option<Option<String>> =
                    c.prepare_cached(sql)?.query_row([app], |row| row.get(0)).optional()?;
                Ok(held.flatten().map_or(Value::Null, Value::from))
            }
            Self::Env(app, name) => Ok(env::value(c, *app, name)?.map_or(Value::Null, Value::from)),
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
            Self::FetchRule(app, host) => net::read_rule(c, *app, host),
            Self::Secret(app, name) => net::read_secret(c, *app, name),
            Self::Key(app, scope, key) => data::read_key(c, *app, scope, key),
            Self::Document(app, scope, coll, id) => data::read_document(c, *app, scope, coll, id),
        }
    }

    /// Makes the cell hold `value`.
    pub(super) fn write(&self, c: &Connection, value: &Value, actor: &Actor) -> Result<()> {
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
            Self::Granted(id) => {
                let sql = "UPDATE oauth_grants SET revoked_at = ?2 WHERE id = ?1";
                c.prepare_cached(sql)?.execute(params![id, value.as_i64()])?;
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
            Self::Limits(app) => {
                let sql = "UPDATE apps SET limits = ?2, updated_at = ?3 WHERE id = ?1";
                c.prepare_cached(sql)?.execute(params![app, value.as_str(), at])?;
            }
            Self::Env(app, name) => env::write(c, *app, name, value.as_str())?,
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
            Self::FetchRule(app, host) => net::write_rule(c, *app, host, value)?,
            Self::Secret(app, name) => net::write_secret(c, *app, name, value, actor)?,
            Self::Key(app, scope, key) => data::write_key(c, *app, scope, key, value)?,
            Self::Document(app, scope, coll, id) => {
                data::write_document(c, *app, scope, coll, id, value)?;
            }
        }
        Ok(())
    }

    /// Whether it is of an app's data, which the app changes as well.
    pub(super) fn is_data(&self) -> bool {
        matches!(self, Self::Key(..) | Self::Document(..))
    }

    /// The cell as the ledger names it.
    pub(super) fn key(&self) -> String {
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
