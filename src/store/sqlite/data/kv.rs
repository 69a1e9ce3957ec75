//! Keys: JSON as text, bytes as a blob, each with a lifetime or none.
//!
//! A key whose time is over is not there, whether it was collected or not.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rusqlite::{Connection, OptionalExtension as _, Row, params, types::ValueRef};
use serde_json::{Number, Value, json};

use super::Place;
use crate::store::{
    Result, StoreError,
    data::{Datum, KvEntry, Listed, Page, add},
    sqlite::time,
};

fn datum(row: &Row<'_>, column: usize) -> rusqlite::Result<Datum> {
    Ok(match row.get_ref(column)? {
        ValueRef::Blob(bytes) => Datum::Bytes(bytes.to_vec().into()),
        _ => Datum::Json(row.get(column)?),
    })
}

pub(super) fn get(c: &Connection, at: Place<'_>, key: &str, now: i64) -> Result<Option<Datum>> {
    let sql = "SELECT value FROM data_keys WHERE app_id = ?1 AND scope = ?2 AND key = ?3
        AND (expires_at IS NULL OR expires_at > ?4)";
    let found = c
        .prepare_cached(sql)?
        .query_row(params![at.app, at.scope, key, now], |row| datum(row, 0))
        .optional()?;
    Ok(found)
}

pub(super) fn set(
    c: &Connection,
    at: Place<'_>,
    key: &str,
    value: &Datum,
    expires_at: Option<i64>,
) -> Result<()> {
    let sql = "INSERT INTO data_keys (app_id, scope, key, value, expires_at)
        VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (app_id, scope, key) DO UPDATE SET value = ?4, expires_at = ?5";
    let mut set = c.prepare_cached(sql)?;
    match value {
        Datum::Json(text) => set.execute(params![at.app, at.scope, key, text, expires_at]),
        Datum::Bytes(bytes) => set.execute(params![at.app, at.scope, key, &bytes[..], expires_at]),
    }?;
    Ok(())
}

pub(super) fn delete(c: &Connection, at: Place<'_>, key: &str, now: i64) -> Result<bool> {
    let held = get(c, at, key, now)?.is_some();
    let sql = "DELETE FROM data_keys WHERE app_id = ?1 AND scope = ?2 AND key = ?3";
    c.prepare_cached(sql)?.execute(params![at.app, at.scope, key])?;
    Ok(held)
}

pub(super) fn list(
    c: &Connection,
    at: Place<'_>,
    prefix: &str,
    page: &Page,
    now: i64,
) -> Result<Listed<KvEntry>> {
    let sql = "SELECT key, value, expires_at FROM data_keys
        WHERE app_id = ?1 AND scope = ?2 AND key >= ?3 AND (?4 IS NULL OR key > ?4)
            AND (expires_at IS NULL OR expires_at > ?5) ORDER BY key";
    let mut statement = c.prepare_cached(sql)?;
    let from = page.from(prefix);
    let mut rows = statement.query(params![at.app, at.scope, from, page.after, now])?;
    let (mut entries, mut bytes): (Vec<KvEntry>, _) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let key: String = row.get(0)?;
        if !key.starts_with(prefix) {
            break;
        }
        let entry = KvEntry {
            key,
            value: datum(row, 1)?,
            expires_at: row.get::<_, Option<i64>>(2)?.map(time),
        };
        bytes += entry.value.size();
        if page.is_full(entries.len(), bytes) {
            let next = entries.last().map(|last| last.key.clone());
            return Ok((entries, next));
        }
        entries.push(entry);
    }
    Ok((entries, None))
}

pub(super) fn incr(
    c: &Connection,
    at: Place<'_>,
    key: &str,
    by: &Number,
    now: i64,
) -> Result<Number> {
    let unfit = |why: &str| StoreError::Unfit(format!("the key `{key}` {why}"));
    let sum = match get(c, at, key, now)? {
        None => {
            set(c, at, key, &Datum::Json(by.to_string()), None)?;
            return Ok(by.clone());
        }
        Some(held) => match held.value() {
            Some(Value::Number(number)) => {
                add(&number, by).ok_or_else(|| unfit("would become larger than a number is"))?
            }
            _ => return Err(unfit("holds no number")),
        },
    };
    let sql = "UPDATE data_keys SET value = ?4 WHERE app_id = ?1 AND scope = ?2 AND key = ?3";
    c.prepare_cached(sql)?.execute(params![at.app, at.scope, key, sum.to_string()])?;
    Ok(sum)
}

pub(super) fn cas(
    c: &Connection,
    at: Place<'_>,
    key: &str,
    old: Option<&Datum>,
    new: Option<&Datum>,
    now: i64,
) -> Result<bool> {
    let same = match (get(c, at, key, now)?, old) {
        (None, None) => true,
        (Some(held), Some(old)) => held.is(old),
        _ => false,
    };
    if same {
        match new {
            Some(new) => set(c, at, key, new, None)?,
            None => drop(delete(c, at, key, now)?),
        }
    }
    Ok(same)
}

/// What a key holds, as the ledger keeps it.
pub(in super::super) fn read_key(
    c: &Connection,
    app: i64,
    scope: &str,
    key: &str,
) -> Result<Value> {
    let sql = "SELECT value, expires_at FROM data_keys
        WHERE app_id = ?1 AND scope = ?2 AND key = ?3";
    let held = c
        .prepare_cached(sql)?
        .query_row(params![app, scope, key], |row| Ok((datum(row, 0)?, row.get(1)?)))
        .optional()?;
    let Some((value, expires)): Option<(_, Option<i64>)> = held else { return Ok(Value::Null) };
    let mut kept = match value {
        Datum::Json(text) => json!({ "json": text }),
        Datum::Bytes(bytes) => json!({ "bytes": STANDARD.encode(bytes) }),
    };
    if let Some(expires) = expires {
        kept["expires"] = expires.into();
    }
    Ok(kept)
}

/// Makes a key hold what the ledger kept.
pub(in super::super) fn write_key(
    c: &Connection,
    app: i64,
    scope: &str,
    key: &str,
    kept: &Value,
) -> Result<()> {
    let at = Place { app, scope };
    let value = match (kept["json"].as_str(), kept["bytes"].as_str()) {
        (Some(text), _) => Datum::Json(text.to_owned()),
        (_, Some(text)) => {
            let bytes = STANDARD.decode(text).map_err(|e| StoreError::Backend(e.to_string()))?;
            Datum::Bytes(bytes.into())
        }
        _ => return delete(c, at, key, 0).map(drop),
    };
    set(c, at, key, &value, kept["expires"].as_i64())
}
