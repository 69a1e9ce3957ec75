//! Rules and secrets of the egress gateway, and its log, in SQLite.

use async_trait::async_trait;
use fazt_tools::AppName;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::{Value, json};

use super::{SqliteStore, apps, cell::Cell, ledger::Edits, ms, signed, time, unsigned};
use crate::store::{
    Actor, FetchCount, FetchLine, FetchQuery, FetchRow, FetchRule, NetStore, Result, SecretRow,
    SecretWay, StoreError,
};

/// What holds for every app is kept under this id in cells.
const EVERY: i64 = 0;

pub(super) fn read_rule(c: &Connection, app: i64, host: &str) -> Result<Value> {
    let sql = "SELECT rule FROM fetch_rules WHERE host = ?1 AND ifnull(app_id, 0) = ?2";
    let held: Option<String> =
        c.prepare_cached(sql)?.query_row(params![host, app], |row| row.get(0)).optional()?;
    Ok(held.map_or(Value::Null, |rule| serde_json::from_str(&rule).unwrap_or_default()))
}

pub(super) fn write_rule(c: &Connection, app: i64, host: &str, value: &Value) -> Result<()> {
    let sql = "DELETE FROM fetch_rules WHERE host = ?1 AND ifnull(app_id, 0) = ?2";
    c.prepare_cached(sql)?.execute(params![host, app])?;
    if !value.is_null() {
        let sql = "INSERT INTO fetch_rules (app_id, host, rule) VALUES (nullif(?1, 0), ?2, ?3)";
        c.prepare_cached(sql)?.execute(params![app, host, value.to_string()])?;
    }
    Ok(())
}

pub(super) fn read_secret(c: &Connection, app: i64, name: &str) -> Result<Value> {
    let sql = "SELECT sealed, way FROM secrets WHERE name = ?1 AND ifnull(app_id, 0) = ?2";
    let held = c
        .prepare_cached(sql)?
        .query_row(params![name, app], |row| {
            Ok(json!({ "sealed": row.get::<_, String>(0)?, "way": row.get::<_, String>(1)? }))
        })
        .optional()?;
    Ok(held.unwrap_or_default())
}

pub(super) fn write_secret(
    c: &Connection,
    app: i64,
    name: &str,
    value: &Value,
    actor: &Actor,
) -> Result<()> {
    let sql = "DELETE FROM secrets WHERE name = ?1 AND ifnull(app_id, 0) = ?2";
    c.prepare_cached(sql)?.execute(params![name, app])?;
    if let (Some(sealed), Some(way)) = (value["sealed"].as_str(), value["way"].as_str()) {
        let sql = "INSERT INTO secrets (app_id, name, sealed, way, set_at)
            VALUES (nullif(?1, 0), ?2, ?3, ?4, ?5)";
        c.prepare_cached(sql)?.execute(params![app, name, sealed, way, ms(actor.at)])?;
    }
    Ok(())
}

fn app_of(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<AppName>> {
    let name: Option<String> = row.get(at)?;
    Ok(name.and_then(|name| AppName::parse(&name).ok()))
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|_| rusqlite::Error::InvalidQuery)
}

fn read_line(row: &Row<'_>) -> rusqlite::Result<FetchLine> {
    Ok(FetchLine {
        id: row.get(0)?,
        at: time(row.get(1)?),
        app: row.get(2)?,
        name: app_of(row, 3)?,
        method: row.get(4)?,
        host: row.get(5)?,
        path: row.get(6)?,
        status: row.get(7)?,
        code: row.get(8)?,
        ms: row.get(9)?,
        bytes: unsigned(row.get(10)?),
        cached: row.get(11)?,
    })
}

#[async_trait]
impl NetStore for SqliteStore {
    async fn fetch_rules(&self) -> Result<Vec<FetchRow>> {
        self.readers.run(|c| {
            let sql = "SELECT r.app_id, a.name, r.host, r.rule FROM fetch_rules r
                LEFT JOIN apps a ON a.id = r.app_id
                WHERE r.app_id IS NULL OR a.trashed_at IS NULL ORDER BY r.host, a.name";
            let mut statement = c.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| {
                Ok(FetchRow {
                    app: row.get(0)?,
                    name: app_of(row, 1)?,
                    host: row.get(2)?,
                    rule: read(&row.get::<_, String>(3)?)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    async fn fetch_rules_of(&self, app: i64, version: u32) -> Result<Option<Vec<FetchRow>>> {
        self.readers.run(|c| {
            let sql = "SELECT a.name, v.fetch_rules FROM versions v JOIN apps a ON a.id = v.app_id
                WHERE v.app_id = ?1 AND v.version = ?2";
            let held = c
                .prepare_cached(sql)?
                .query_row(params![app, version], |row| {
                    Ok((app_of(row, 0)?, row.get::<_, Option<String>>(1)?))
                })
                .optional()?;
            let Some((name, rules)) = held else { return Ok(None) };
            let rows: Vec<Value> = read(rules.as_deref().unwrap_or("[]"))?;
            let rows = rows.into_iter().map(|row| {
                let app = row["app"].as_i64();
                Ok(FetchRow {
                    app,
                    name: name.clone().filter(|_| app.is_some()),
                    host: row["host"].as_str().unwrap_or_default().to_owned(),
                    rule: read(&row["rule"].to_string())?,
                })
            });
            Ok(Some(rows.collect::<rusqlite::Result<_>>()?))
        })
    }

    async fn set_fetch_rules(
        &self,
        app: Option<&AppName>,
        rules: Vec<(String, Option<FetchRule>)>,
        actor: Actor,
    ) -> Result<Option<i64>> {
        let app = app.cloned();
        self.writer
            .run(move |c| {
                let id = app.as_ref().map(|app| apps::expect(c, app)).transpose()?;
                let id = id.map_or(EVERY, |app| app.id);
                let mut edits = Edits::new(c, actor);
                let mut said = Vec::new();
                for (host, rule) in rules {
                    let cell = Cell::FetchRule(id, host.clone());
                    if rule.is_none() && cell.read(c)?.is_null() {
                        return Err(StoreError::NoSuch { kind: "allowed host", name: host });
                    }
                    said.push(if rule.is_some() {
                        format!("allowed {host}")
                    } else {
                        format!("no longer allowed {host}")
                    });
                    edits.set(cell, rule.map_or(Value::Null, |rule| json!(rule)))?;
                }
                if edits.is_empty() {
                    return Ok(None);
                }
                let to = app.as_ref().map_or("every app", AppName::as_str);
                let summary = format!("{} to {to}", said.join(", "));
                edits.record(app.as_ref().map(AppName::as_str), &summary).map(Some)
            })
            .await
    }

    async fn secrets(&self) -> Result<Vec<SecretRow>> {
        self.readers.run(|c| {
            let sql = "SELECT s.id, s.app_id, a.name, s.name, s.sealed, s.way, s.set_at
                FROM secrets s LEFT JOIN apps a ON a.id = s.app_id ORDER BY s.name, a.name";
            let mut statement = c.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| {
                Ok(SecretRow {
                    id: row.get(0)?,
                    app: row.get(1)?,
                    app_name: app_of(row, 2)?,
                    name: row.get(3)?,
                    sealed: row.get(4)?,
                    way: read(&row.get::<_, String>(5)?)?,
                    set_at: time(row.get(6)?),
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    async fn set_secret(
        &self,
        app: Option<&AppName>,
        name: &str,
        to: Option<(String, SecretWay)>,
        actor: Actor,
    ) -> Result<i64> {
        let (app, name) = (app.cloned(), name.to_owned());
        self.writer
            .run(move |c| {
                let id = app.as_ref().map(|app| apps::expect(c, app)).transpose()?;
                let cell = Cell::Secret(id.map_or(EVERY, |app| app.id), name.clone());
                if to.is_none() && cell.read(c)?.is_null() {
                    return Err(StoreError::NoSuch { kind: "secret", name });
                }
                let what = if to.is_some() { "set" } else { "removed" };
                let mut edits = Edits::new(c, actor);
                let value = to.map_or(
                    Value::Null,
                    |(sealed, way)| json!({ "sealed": sealed, "way": json!(way).to_string() }),
                );
                edits.set(cell, value)?;
                let of = app.as_ref().map_or("every app", AppName::as_str);
                let summary = format!("{what} the secret {name} of {of}");
                edits.record(app.as_ref().map(AppName::as_str), &summary)
            })
            .await
    }

    async fn reseal(&self, sealed: Vec<(i64, String, String)>, actor: Actor) -> Result<()> {
        self.writer
            .run(move |c| {
                let held: i64 = c
                    .prepare_cached("SELECT count(*) FROM secrets")?
                    .query_row([], |r| r.get(0))?;
                let mut done = 0;
                let sql = "UPDATE secrets SET sealed = ?3 WHERE id = ?1 AND sealed = ?2";
                for (id, before, after) in &sealed {
                    done += c.prepare_cached(sql)?.execute(params![id, before, after])?;
                }
                if done != sealed.len() || unsigned(held) != sealed.len() as u64 {
                    return Err(StoreError::Unfit(
                        "secrets were changed meanwhile: try again".to_owned(),
                    ));
                }
                // Without cells: what an old key sealed is of no use afterwards.
                Edits::new(c, actor).record(None, "sealed the secrets with a new key")?;
                Ok(())
            })
            .await
    }

    async fn log_fetches(&self, fetches: Vec<FetchLine>, keep: u64) -> Result<()> {
        self.writer
            .run(move |c| {
                // An app may be gone for good by now.
                let sql = "INSERT INTO fetches
                    (at, app_id, method, host, path, status, code, ms, bytes, cached)
                    SELECT ?1, id, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 FROM apps WHERE id = ?2";
                let mut insert = c.prepare_cached(sql)?;
                for line in &fetches {
                    insert.execute(params![
                        ms(line.at),
                        line.app,
                        line.method,
                        line.host,
                        line.path,
                        line.status,
                        line.code,
                        line.ms,
                        signed(line.bytes),
                        line.cached
                    ])?;
                }
                let sql = "DELETE FROM fetches WHERE id <= (SELECT max(id) FROM fetches) - ?1";
                c.prepare_cached(sql)?.execute([signed(keep)])?;
                Ok(())
            })
            .await
    }

    async fn fetches(&self, query: FetchQuery) -> Result<(Vec<FetchLine>, u64)> {
        self.readers.run(|c| {
            let among = query.among.as_ref().map(|apps| {
                Value::from(apps.iter().map(AppName::as_str).collect::<Vec<_>>()).to_string()
            });
            let from = "FROM fetches f JOIN apps a ON a.id = f.app_id
                WHERE (?1 IS NULL OR a.name = ?1)
                    AND (?2 IS NULL OR a.name IN (SELECT value FROM json_each(?2)))
                    AND (?3 IS NULL OR f.host = ?3) AND (?4 = 0 OR f.code IS NOT NULL)";
            let app = query.app.as_ref().map(AppName::as_str);
            let total: i64 = c
                .prepare_cached(&format!("SELECT count(*) {from}"))?
                .query_row(params![app, among, query.host, query.errors], |row| row.get(0))?;
            let sql = format!(
                "SELECT f.id, f.at, f.app_id, a.name, f.method, f.host, f.path, f.status, f.code,
                    f.ms, f.bytes, f.cached {from} AND f.id < ?5 ORDER BY f.id DESC LIMIT ?6"
            );
            let before = query.before.unwrap_or(i64::MAX);
            let lines = c
                .prepare_cached(&sql)?
                .query_map(
                    params![app, among, query.host, query.errors, before, query.limit],
                    read_line,
                )?
                .collect::<rusqlite::Result<_>>()?;
            Ok((lines, unsigned(total)))
        })
    }

    async fn fetch_counts(&self, app: Option<i64>, from: Timestamp) -> Result<Vec<FetchCount>> {
        self.readers.run(|c| {
            let sql = "SELECT a.name, f.host, count(*), count(f.code), sum(f.cached), sum(f.ms),
                    sum(f.bytes)
                FROM fetches f JOIN apps a ON a.id = f.app_id
                WHERE f.at >= ?1 AND (?2 IS NULL OR f.app_id = ?2)
                GROUP BY a.name, f.host ORDER BY count(*) DESC, a.name, f.host LIMIT 1000";
            let mut statement = c.prepare_cached(sql)?;
            let counts = statement.query_map(params![ms(from), app], |row| {
                Ok(FetchCount {
                    app: app_of(row, 0)?.ok_or(rusqlite::Error::InvalidQuery)?,
                    host: row.get(1)?,
                    calls: unsigned(row.get(2)?),
                    failed: unsigned(row.get(3)?),
                    cached: unsigned(row.get(4)?),
                    ms: unsigned(row.get(5)?),
                    bytes: unsigned(row.get(6)?),
                })
            })?;
            Ok(counts.collect::<rusqlite::Result<_>>()?)
        })
    }
}
