//! File contents in SQLite: whole in a row when small, in chunks when large.
//!
//! Chunks keep memory bounded when a large file is stored or served, and make
//! any offset of it one look-up away.

use std::io::Read as _;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{SqliteStore, ms, signed, unsigned};
use crate::store::{
    BlobRef, BlobStore, Content, Hash, NewBlob, NewVariants, Result, StoreError, Variant,
};

/// Largest content kept whole in its row.
const WHOLE: u64 = 1 << 20;
/// Length of a chunk; the last one of a content may be shorter.
const CHUNK: usize = 512 << 10;

/// Stores contents, leaving out those that are there. What is sent again counts as new:
/// else it could be collected before the version that names it.
pub(super) fn put(c: &Connection, blobs: Vec<NewBlob>, at: i64) -> Result<()> {
    let mut insert = c.prepare_cached(
        "INSERT INTO blobs (hash, size, created_at, data) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (hash) DO NOTHING",
    )?;
    let mut renew =
        c.prepare_cached("UPDATE blobs SET created_at = ?2 WHERE hash = ?1 AND created_at < ?2")?;
    for blob in blobs {
        let size = signed(blob.size);
        let whole = match &blob.content {
            Content::Memory(bytes) if blob.size <= WHOLE => Some(&bytes[..]),
            _ => None,
        };
        if insert.execute(params![blob.hash.0, size, at, whole])? == 0 {
            renew.execute(params![blob.hash.0, at])?;
        } else if whole.is_none() {
            put_chunks(c, c.last_insert_rowid(), &blob.content, blob.size)?;
        }
    }
    Ok(())
}

fn put_chunks(c: &Connection, blob: i64, content: &Content, size: u64) -> Result<()> {
    let mut insert =
        c.prepare_cached("INSERT INTO chunks (blob_id, seq, data) VALUES (?1, ?2, ?3)")?;
    match content {
        Content::Memory(bytes) => {
            for (seq, chunk) in (0_i64..).zip(bytes.chunks(CHUNK)) {
                insert.execute(params![blob, seq, chunk])?;
            }
        }
        Content::File(path) => {
            let spool = |e: std::io::Error| StoreError::Backend(format!("spool file: {e}"));
            let mut file = std::fs::File::open(path).map_err(spool)?;
            let mut left = size;
            let mut chunk = Vec::with_capacity(CHUNK);
            for seq in 0_i64.. {
                if left == 0 {
                    break;
                }
                chunk.clear();
                let read = (&mut file).take(CHUNK as u64).read_to_end(&mut chunk).map_err(spool)?;
                if read == 0 {
                    return Err(StoreError::Backend("spool file: it is too short".to_owned()));
                }
                insert.execute(params![blob, seq, &chunk[..]])?;
                left = left.saturating_sub(read as u64);
            }
        }
    }
    Ok(())
}

#[async_trait]
impl BlobStore for SqliteStore {
    async fn put_blobs(&self, blobs: Vec<NewBlob>, now: Timestamp) -> Result<()> {
        self.writer.run(move |c| put(c, blobs, ms(now))).await
    }

    async fn missing(&self, hashes: &[Hash]) -> Result<Vec<Hash>> {
        self.readers.run(|c| {
            let mut find =
                c.prepare_cached("SELECT EXISTS (SELECT 1 FROM blobs WHERE hash = ?1)")?;
            let mut missing = Vec::new();
            for hash in hashes {
                if !find.query_row([hash.0], |row| row.get::<_, bool>(0))? {
                    missing.push(*hash);
                }
            }
            Ok(missing)
        })
    }

    async fn blob_by_hash(&self, hash: &Hash) -> Result<Option<BlobRef>> {
        self.readers.run(|c| {
            let sql = "SELECT id, size FROM blobs WHERE hash = ?1";
            let found = c.prepare_cached(sql)?.query_row([hash.0], |row| {
                Ok(BlobRef { id: row.get(0)?, hash: *hash, size: unsigned(row.get(1)?) })
            });
            Ok(found.optional()?)
        })
    }

    async fn blob(&self, blob: i64, encoding: Variant) -> Result<Option<Bytes>> {
        self.readers.run(|c| {
            if encoding != Variant::Identity {
                let sql = "SELECT data FROM variants WHERE blob_id = ?1 AND encoding = ?2";
                let data: Option<Vec<u8>> = c
                    .prepare_cached(sql)?
                    .query_row(params![blob, encoding.code()], |row| row.get(0))
                    .optional()?;
                return Ok(data.map(Bytes::from));
            }
            let whole: Option<Option<Vec<u8>>> = c
                .prepare_cached("SELECT data FROM blobs WHERE id = ?1")?
                .query_row([blob], |row| row.get(0))
                .optional()?;
            match whole {
                None => Ok(None),
                Some(Some(data)) => Ok(Some(data.into())),
                Some(None) => {
                    let sql = "SELECT data FROM chunks WHERE blob_id = ?1 ORDER BY seq";
                    let mut statement = c.prepare_cached(sql)?;
                    let mut rows = statement.query([blob])?;
                    let mut data = Vec::new();
                    while let Some(row) = rows.next()? {
                        data.extend_from_slice(row.get_ref(0)?.as_blob().unwrap_or_default());
                    }
                    Ok(Some(data.into()))
                }
            }
        })
    }

    async fn blob_piece(&self, blob: i64, offset: u64) -> Result<Option<Bytes>> {
        self.readers.run(|c| {
            let whole: Option<Option<Vec<u8>>> = c
                .prepare_cached("SELECT data FROM blobs WHERE id = ?1")?
                .query_row([blob], |row| row.get(0))
                .optional()?;
            let piece = match whole {
                None => return Ok(None),
                Some(Some(data)) => {
                    let start = usize::try_from(offset).unwrap_or(usize::MAX).min(data.len());
                    Bytes::from(data).slice(start..)
                }
                Some(None) => {
                    let sql = "SELECT data FROM chunks WHERE blob_id = ?1 AND seq = ?2";
                    let seq = signed(offset / CHUNK as u64);
                    let data: Option<Vec<u8>> = c
                        .prepare_cached(sql)?
                        .query_row(params![blob, seq], |row| row.get(0))
                        .optional()?;
                    let data = data.unwrap_or_default();
                    let start = usize::try_from(offset % CHUNK as u64).unwrap_or(0).min(data.len());
                    Bytes::from(data).slice(start..)
                }
            };
            Ok((!piece.is_empty()).then_some(piece))
        })
    }

    async fn to_compress(&self, limit: u32) -> Result<Vec<BlobRef>> {
        self.readers.run(|c| {
            let sql = "SELECT id, hash, size FROM blobs WHERE compress = 1 ORDER BY id LIMIT ?1";
            let mut statement = c.prepare_cached(sql)?;
            let blobs = statement.query_map([limit], |row| {
                Ok(BlobRef {
                    id: row.get(0)?,
                    hash: Hash(row.get(1)?),
                    size: unsigned(row.get(2)?),
                })
            })?;
            Ok(blobs.collect::<rusqlite::Result<_>>()?)
        })
    }

    async fn compress_backlog(&self) -> Result<u64> {
        self.readers.run(|c| {
            let sql = "SELECT count(*) FROM blobs WHERE compress = 1";
            Ok(unsigned(c.prepare_cached(sql)?.query_row([], |row| row.get(0))?))
        })
    }

    async fn put_variants(&self, done: Vec<NewVariants>) -> Result<Vec<i64>> {
        self.writer
            .run(move |c| {
                let mut insert = c.prepare_cached(
                    "INSERT INTO variants (blob_id, encoding, data) VALUES (?1, ?2, ?3)
                     ON CONFLICT (blob_id, encoding) DO UPDATE SET data = ?3",
                )?;
                let mut finish = c.prepare_cached("UPDATE blobs SET compress = 2 WHERE id = ?1")?;
                let mut users =
                    c.prepare_cached("SELECT DISTINCT app_id FROM files WHERE blob_id = ?1")?;
                let mut apps = Vec::new();
                for NewVariants { blob, variants } in &done {
                    // The content may have been collected meanwhile.
                    if finish.execute([blob])? == 0 {
                        continue;
                    }
                    for (variant, data) in variants {
                        insert.execute(params![blob, variant.code(), data])?;
                    }
                    if !variants.is_empty() {
                        for app in users.query_map([blob], |row| row.get(0))? {
                            apps.push(app?);
                        }
                    }
                }
                apps.sort_unstable();
                apps.dedup();
                Ok(apps)
            })
            .await
    }
}
