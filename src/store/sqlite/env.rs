//! The environments of apps: texts by name, set by the owner.
//!
//! They change as cells of a change alone, and their number is bounded.

use std::collections::HashSet;

use fazt_tools::limits;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::unsigned;
use crate::store::{HostApp, Result, StoreError};

/// The owner's values of an app's environment, by name.
pub(super) fn read(c: &Connection, app: i64) -> Result<Vec<(String, String)>> {
    let sql = "SELECT name, value FROM app_env WHERE app_id = ?1 ORDER BY name";
    let mut statement = c.prepare_cached(sql)?;
    let rows = statement.query_map([app], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// One value.
pub(super) fn value(c: &Connection, app: i64, name: &str) -> Result<Option<String>> {
    let sql = "SELECT value FROM app_env WHERE app_id = ?1 AND name = ?2";
    let held = c.prepare_cached(sql)?.query_row(params![app, name], |row| row.get(0));
    Ok(held.optional()?)
}

/// Sets a value, or removes it.
pub(super) fn write(c: &Connection, app: i64, name: &str, value: Option<&str>) -> Result<()> {
    match value {
        Some(value) => {
            let sql = "INSERT INTO app_env (app_id, name, value) VALUES (?1, ?2, ?3)
                ON CONFLICT (app_id, name) DO UPDATE SET value = ?3";
            c.prepare_cached(sql)?.execute(params![app, name, value])?;
        }
        None => {
            let sql = "DELETE FROM app_env WHERE app_id = ?1 AND name = ?2";
            c.prepare_cached(sql)?.execute(params![app, name])?;
        }
    }
    Ok(())
}

/// Reads the environment of every app that has one; most have none.
pub(super) fn fill(c: &Connection, apps: &mut [HostApp]) -> Result<()> {
    let mut with_one = c.prepare_cached("SELECT DISTINCT app_id FROM app_env")?;
    let with_one = with_one.query_map([], |row| row.get(0))?;
    let with_one: HashSet<i64> = with_one.collect::<rusqlite::Result<_>>()?;
    for app in apps.iter_mut().filter(|app| with_one.contains(&app.id)) {
        app.env = read(c, app.id)?;
    }
    Ok(())
}

/// Refuses more values than an app may have.
pub(super) fn bound(c: &Connection, app: i64) -> Result<()> {
    let sql = "SELECT count(*) FROM app_env WHERE app_id = ?1";
    let found = unsigned(c.prepare_cached(sql)?.query_row([app], |row| row.get(0))?);
    let limit = limits::ENV_VALUES.value;
    if found > limit {
        let what = "the app's environment".to_owned();
        return Err(StoreError::TooLarge { what, found, limit });
    }
    Ok(())
}
