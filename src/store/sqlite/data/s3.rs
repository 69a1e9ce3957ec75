//! Objects: a path that names a content, which is kept among those of files.
//!
//! The same content is stored once, whoever put it. A content that no version
//! and no object names is collected after a day.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::Place;
use crate::store::{
    BlobRef, Hash, NewBlob, Result, StoreError,
    data::{Listed, Object, Page},
    sqlite::{blobs, signed, time, unsigned},
};

const COLUMNS: &str = "o.path, o.media, b.id, b.hash, b.size, o.at";

fn object(row: &Row<'_>) -> rusqlite::Result<Object> {
    Ok(Object {
        path: row.get(0)?,
        media: row.get(1)?,
        blob: BlobRef { id: row.get(2)?, hash: Hash(row.get(3)?), size: unsigned(row.get(4)?) },
        at: time(row.get(5)?),
    })
}

pub(super) fn put(
    c: &Connection,
    at: Place<'_>,
    path: &str,
    media: &str,
    content: NewBlob,
    now: i64,
) -> Result<Object> {
    let (hash, size) = (content.hash, signed(content.size));
    blobs::put(c, vec![content], now)?;
    let sql = "INSERT INTO data_objects (app_id, scope, path, media, blob_id, size, at)
        SELECT ?1, ?2, ?3, ?4, id, size, ?7 FROM blobs WHERE hash = ?5 AND size = ?6
        ON CONFLICT (app_id, scope, path) DO UPDATE
        SET media = excluded.media, blob_id = excluded.blob_id, size = excluded.size,
            at = excluded.at";
    let put = c
        .prepare_cached(sql)?
        .execute(params![at.app, at.scope, path, media, hash.0, size, now])?;
    let object = head(c, at, path)?.filter(|_| put > 0);
    object.ok_or_else(|| StoreError::MissingBlobs(vec![hash]))
}

pub(super) fn head(c: &Connection, at: Place<'_>, path: &str) -> Result<Option<Object>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM data_objects o JOIN blobs b ON b.id = o.blob_id
         WHERE o.app_id = ?1 AND o.scope = ?2 AND o.path = ?3"
    );
    let found = c.prepare_cached(&sql)?.query_row(params![at.app, at.scope, path], object);
    Ok(found.optional()?)
}

pub(super) fn delete(c: &Connection, at: Place<'_>, path: &str) -> Result<bool> {
    let sql = "DELETE FROM data_objects WHERE app_id = ?1 AND scope = ?2 AND path = ?3";
    Ok(c.prepare_cached(sql)?.execute(params![at.app, at.scope, path])? > 0)
}

pub(super) fn list(
    c: &Connection,
    at: Place<'_>,
    prefix: &str,
    page: &Page,
) -> Result<Listed<Object>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM data_objects o JOIN blobs b ON b.id = o.blob_id
         WHERE o.app_id = ?1 AND o.scope = ?2 AND o.path >= ?3 AND (?4 IS NULL OR o.path > ?4)
         ORDER BY o.path"
    );
    let mut statement = c.prepare_cached(&sql)?;
    let from = page.from(prefix);
    let mut rows = statement.query(params![at.app, at.scope, from, page.after])?;
    let mut objects: Vec<Object> = Vec::new();
    while let Some(row) = rows.next()? {
        let object = object(row)?;
        if !object.path.starts_with(prefix) {
            break;
        }
        if page.is_full(objects.len(), 0) {
            let next = objects.last().map(|last| last.path.clone());
            return Ok((objects, next));
        }
        objects.push(object);
    }
    Ok((objects, None))
}
