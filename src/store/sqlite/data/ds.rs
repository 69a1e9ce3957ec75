//! Documents: text in a row each, found by trying the query on them in Rust.
//!
//! Of a query only ids reach SQL, as bound parameters; everything else is tried
//! on the parsed documents, in the order of their ids.

use std::{cmp::Ordering, collections::BTreeSet, ops::ControlFlow};

use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::{Map, Value, json};

use super::Place;
use crate::store::{
    Result, StoreError,
    data::{Find, Listed, PAGE_BYTES, Page, Path, Query, TOUCHED, Update, check_document, compare},
    sqlite::unsigned,
};

/// Documents changed before the next are read.
const BATCH: usize = 256;

fn read(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| StoreError::Backend(format!("a document: {error}")))
}

fn one(c: &Connection, at: Place<'_>, coll: &str, id: &str) -> Result<Option<String>> {
    let sql = "SELECT document FROM data_docs
        WHERE app_id = ?1 AND scope = ?2 AND coll = ?3 AND id = ?4";
    let found = c
        .prepare_cached(sql)?
        .query_row(params![at.app, at.scope, coll, id], |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// A document that meets a query.
struct Met {
    id: String,
    document: Value,
    /// Bytes of its text.
    size: usize,
}

/// Visits the documents that meet `query`, by id, those after `after` alone.
fn scan(
    c: &Connection,
    at: Place<'_>,
    coll: &str,
    query: &Query,
    after: &str,
    mut visit: impl FnMut(Met) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let mut try_one = |id: &str, text: &str| {
        let document = read(text)?;
        if !query.holds(&document) {
            return Ok(ControlFlow::Continue(()));
        }
        visit(Met { id: id.to_owned(), document, size: text.len() })
    };
    if let Some(mut ids) = query.ids() {
        ids.sort_unstable();
        ids.dedup();
        for id in ids.into_iter().filter(|id| *id > after) {
            if let Some(text) = one(c, at, coll, id)?
                && try_one(id, &text)?.is_break()
            {
                break;
            }
        }
        return Ok(());
    }
    let sql = "SELECT id, document FROM data_docs
        WHERE app_id = ?1 AND scope = ?2 AND coll = ?3 AND id > ?4 ORDER BY id";
    let mut statement = c.prepare_cached(sql)?;
    let mut rows = statement.query(params![at.app, at.scope, coll, after])?;
    let broken = |error: rusqlite::types::FromSqlError| StoreError::Backend(error.to_string());
    while let Some(row) = rows.next()? {
        let id = row.get_ref(0)?.as_str().map_err(broken)?;
        if try_one(id, row.get_ref(1)?.as_str().map_err(broken)?)?.is_break() {
            break;
        }
    }
    Ok(())
}

pub(super) fn find(c: &Connection, at: Place<'_>, find: &Find) -> Result<Listed<Value>> {
    let (found, next) =
        if find.sort.is_by_id() { by_id(c, at, find)? } else { sorted(c, at, find)? };
    let shown = found.into_iter().map(|document| match find.fields.as_slice() {
        [] => document,
        fields => project(&document, fields),
    });
    Ok((shown.collect(), next))
}

fn by_id(c: &Connection, at: Place<'_>, find: &Find) -> Result<Listed<Value>> {
    let (mut found, mut bytes): (Vec<Value>, _) = (Vec::new(), 0);
    let (mut last, mut next) = (None, None);
    let after = find.page.after.as_deref().unwrap_or_default();
    scan(c, at, &find.coll, &find.query, after, |met| {
        bytes += met.size;
        if find.page.is_full(found.len(), bytes) {
            next = last.take();
            return Ok(ControlFlow::Break(()));
        }
        last = Some(met.id);
        found.push(met.document);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok((found, next))
}

/// A document on its way into a sorted page.
struct Candidate {
    key: Vec<Option<Value>>,
    met: Met,
}

/// Keeps no more than a page: what lies behind it now never comes back into it.
fn sorted(c: &Connection, at: Place<'_>, find: &Find) -> Result<Listed<Value>> {
    let (most_rows, most_bytes) = find.page.slack();
    let after = find.page.after.as_deref().map(read_cursor).transpose()?;
    let order = |a: (&[Option<Value>], &str), b: (&[Option<Value>], &str)| {
        find.sort.compare(a.0, b.0).then_with(|| a.1.cmp(b.1))
    };
    let by_key = |a: &Candidate, b: &Candidate| order((&a.key, &a.met.id), (&b.key, &b.met.id));
    let mut page: Vec<Candidate> = Vec::new();
    let (mut held, mut more) = (0, false);
    scan(c, at, &find.coll, &find.query, "", |met| {
        let key = find.sort.key(&met.document);
        if let Some((after, id)) = &after
            && order((&key, &met.id), (after, id)) != Ordering::Greater
        {
            return Ok(ControlFlow::Continue(()));
        }
        held += met.size;
        page.push(Candidate { key, met });
        if page.len() > most_rows || held > most_bytes {
            more |= cut(&mut page, &find.page, by_key);
            held = page.iter().map(|candidate| candidate.met.size).sum();
        }
        Ok(ControlFlow::Continue(()))
    })?;
    more |= cut(&mut page, &find.page, by_key);
    let next = page.last().filter(|_| more).map(|last| cursor(&last.key, &last.met.id));
    Ok((page.into_iter().map(|candidate| candidate.met.document).collect(), next))
}

/// Sorts candidates and drops those behind the page; whether there were any.
fn cut(
    candidates: &mut Vec<Candidate>,
    page: &Page,
    order: impl Fn(&Candidate, &Candidate) -> Ordering,
) -> bool {
    candidates.sort_by(order);
    let mut bytes = 0;
    let fits = candidates.iter().enumerate().take_while(|(rows, candidate)| {
        bytes += candidate.met.size;
        !page.is_full(*rows, bytes)
    });
    let fits = fits.count();
    let more = candidates.len() > fits;
    candidates.truncate(fits);
    more
}

/// A sorted page's cursor: what its last document is sorted by, and its id.
fn cursor(key: &[Option<Value>], id: &str) -> String {
    let key: Vec<Value> = key.iter().map(|value| json!(value.as_slice())).collect();
    json!([key, id]).to_string()
}

fn read_cursor(text: &str) -> Result<(Vec<Option<Value>>, String)> {
    let parsed: Option<(Vec<Vec<Value>>, String)> = serde_json::from_str(text).ok();
    let (key, id) = parsed.ok_or_else(|| {
        StoreError::Unfit("the cursor is not one of this query's: begin anew".to_owned())
    })?;
    Ok((key.into_iter().map(|mut value| value.pop()).collect(), id))
}

/// The id and some fields of a document.
fn project(document: &Value, fields: &[Path]) -> Value {
    let mut shown = Map::new();
    shown.insert("id".to_owned(), document["id"].clone());
    for path in fields {
        let (Some(value), Some((last, before))) = (path.find(document), path.parts().split_last())
        else {
            continue;
        };
        let parent = before.iter().try_fold(&mut shown, |fields, part| {
            fields.entry(part).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
        });
        if let Some(parent) = parent {
            parent.insert(last.clone(), value.clone());
        }
    }
    Value::Object(shown)
}

pub(super) fn insert(
    c: &Connection,
    at: Place<'_>,
    coll: &str,
    documents: &[Value],
) -> Result<Vec<String>> {
    let sql = "INSERT INTO data_docs (app_id, scope, coll, id, document)
        VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (app_id, scope, coll, id) DO NOTHING";
    let mut insert = c.prepare_cached(sql)?;
    let mut ids = Vec::with_capacity(documents.len());
    for document in documents {
        let id = document["id"].as_str().unwrap_or_default().to_owned();
        let text = document.to_string();
        if insert.execute(params![at.app, at.scope, coll, id, text])? == 0 {
            return Err(StoreError::Exists { kind: "document", name: id });
        }
        ids.push(id);
    }
    Ok(ids)
}

/// The next documents after `after` that meet a query, a bounded number.
fn batch(
    c: &Connection,
    at: Place<'_>,
    coll: &str,
    query: &Query,
    after: &str,
) -> Result<Vec<Met>> {
    let (mut met, mut bytes) = (Vec::new(), 0);
    scan(c, at, coll, query, after, |one| {
        bytes += one.size;
        met.push(one);
        let full = met.len() == BATCH || bytes > PAGE_BYTES;
        Ok(if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(met)
}

/// Does `work` to every document that meets a query; how many these are.
fn each(
    c: &Connection,
    at: Place<'_>,
    coll: &str,
    query: &Query,
    mut work: impl FnMut(Met) -> Result<()>,
) -> Result<u64> {
    let (mut count, mut after) = (0, String::new());
    loop {
        let met = batch(c, at, coll, query, &after)?;
        let Some(last) = met.last() else { return Ok(count as u64) };
        after.clone_from(&last.id);
        count += met.len();
        if count > TOUCHED {
            let what = "the list of documents that the query finds".to_owned();
            let (found, limit) = (count as u64, TOUCHED as u64);
            return Err(StoreError::TooLarge { what, found, limit });
        }
        met.into_iter().try_for_each(&mut work)?;
    }
}

pub(super) fn update(
    c: &Connection,
    at: Place<'_>,
    coll: &str,
    query: &Query,
    update: &Update,
) -> Result<u64> {
    each(c, at, coll, query, |mut met| {
        let named = |why: String| StoreError::Unfit(format!("document `{}`: {why}", met.id));
        update.apply(&mut met.document).map_err(named)?;
        let text = check_document(&met.document)?;
        put(c, at, coll, &met.id, &text)
    })
}

fn put(c: &Connection, at: Place<'_>, coll: &str, id: &str, text: &str) -> Result<()> {
    let sql = "INSERT INTO data_docs (app_id, scope, coll, id, document)
        VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (app_id, scope, coll, id) DO UPDATE SET document = ?5";
    c.prepare_cached(sql)?.execute(params![at.app, at.scope, coll, id, text])?;
    Ok(())
}

fn remove(c: &Connection, at: Place<'_>, coll: &str, id: &str) -> Result<()> {
    let sql = "DELETE FROM data_docs WHERE app_id = ?1 AND scope = ?2 AND coll = ?3 AND id = ?4";
    c.prepare_cached(sql)?.execute(params![at.app, at.scope, coll, id])?;
    Ok(())
}

pub(super) fn replace(
    c: &Connection,
    at: Place<'_>,
    coll: &str,
    id: &str,
    document: &Value,
) -> Result<bool> {
    let held = one(c, at, coll, id)?.is_some();
    put(c, at, coll, id, &document.to_string())?;
    Ok(held)
}

pub(super) fn delete(c: &Connection, at: Place<'_>, coll: &str, query: &Query) -> Result<u64> {
    each(c, at, coll, query, |met| remove(c, at, coll, &met.id))
}

pub(super) fn count(c: &Connection, at: Place<'_>, coll: &str, query: &Query) -> Result<u64> {
    let mut count = 0;
    scan(c, at, coll, query, "", |_| {
        count += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(count)
}

/// A value that is sorted as values are.
struct Ordered(Value);

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}
impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Ordered {}

pub(super) fn distinct(
    c: &Connection,
    at: Place<'_>,
    coll: &str,
    path: &Path,
    query: &Query,
) -> Result<Vec<Value>> {
    let (mut values, mut bytes) = (BTreeSet::new(), 0);
    scan(c, at, coll, query, "", |met| {
        let Some(value) = path.find(&met.document) else { return Ok(ControlFlow::Continue(())) };
        let value = Ordered(value.clone());
        if !values.contains(&value) {
            bytes += value.0.to_string().len();
            values.insert(value);
        }
        if values.len() > TOUCHED || bytes > PAGE_BYTES {
            let what = format!("the list of values of `{path}`");
            let (found, limit) = (values.len() as u64, TOUCHED as u64);
            return Err(StoreError::TooLarge { what, found, limit });
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(values.into_iter().map(|value| value.0).collect())
}

pub(super) fn collections(c: &Connection, at: Place<'_>) -> Result<Vec<(String, u64)>> {
    let sql = "SELECT coll, count(*) FROM data_docs WHERE app_id = ?1 AND scope = ?2
        GROUP BY coll ORDER BY coll";
    let mut statement = c.prepare_cached(sql)?;
    let rows = statement
        .query_map(params![at.app, at.scope], |row| Ok((row.get(0)?, unsigned(row.get(1)?))))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A document, as the ledger keeps it.
pub(in super::super) fn read_document(
    c: &Connection,
    app: i64,
    scope: &str,
    coll: &str,
    id: &str,
) -> Result<Value> {
    let text = one(c, Place { app, scope }, coll, id)?;
    Ok(text.map_or(Value::Null, |text| json!({ "json": text })))
}

/// Makes a document what the ledger kept.
pub(in super::super) fn write_document(
    c: &Connection,
    app: i64,
    scope: &str,
    coll: &str,
    id: &str,
    kept: &Value,
) -> Result<()> {
    let at = Place { app, scope };
    match kept["json"].as_str() {
        Some(text) => put(c, at, coll, id, text),
        None => remove(c, at, coll, id),
    }
}
