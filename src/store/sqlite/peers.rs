//! Peers and settings in SQLite.

use async_trait::async_trait;
use fazt_tools::PeerName;
use jiff::Timestamp;
use rusqlite::params;
use serde_json::{Value, json};

use super::{SqliteStore, cell::Cell, ledger::Edits, ms, time};
use crate::store::{Actor, Peer, PeerRow, PeerStore, Result, SettingStore, StoreError};

fn peers(c: &rusqlite::Connection) -> Result<Vec<Peer>> {
    let default = Cell::DefaultPeer.read(c)?;
    let sql = "SELECT name, url, token, version, seen_at FROM peers ORDER BY name";
    let mut statement = c.prepare_cached(sql)?;
    let peers = statement.query_map([], |row| {
        let name: String = row.get(0)?;
        Ok(Peer {
            default: default.as_str() == Some(&name),
            name: PeerName::parse(&name).map_err(|_| rusqlite::Error::InvalidQuery)?,
            row: PeerRow { url: row.get(1)?, token: row.get(2)? },
            version: row.get(3)?,
            seen_at: row.get::<_, Option<i64>>(4)?.map(time),
        })
    })?;
    Ok(peers.collect::<rusqlite::Result<_>>()?)
}

#[async_trait]
impl PeerStore for SqliteStore {
    async fn peers(&self) -> Result<Vec<Peer>> {
        self.readers.run(peers)
    }

    async fn set_peer(&self, name: &PeerName, to: Option<PeerRow>, actor: Actor) -> Result<i64> {
        let name = name.to_string();
        self.writer
            .run(move |c| {
                let cell = Cell::Peer(name.clone());
                if to.is_none() && cell.read(c)?.is_null() {
                    return Err(StoreError::NoSuch { kind: "peer", name });
                }
                let default = Cell::DefaultPeer.read(c)?;
                let mut edits = Edits::new(c, actor);
                let summary = match to {
                    Some(row) => {
                        edits.set(cell, json!({ "url": row.url, "token": row.token }))?;
                        if default.is_null() {
                            edits.set(Cell::DefaultPeer, name.clone().into())?;
                        }
                        format!("added the peer {name}")
                    }
                    None => {
                        edits.set(cell, Value::Null)?;
                        if default.as_str() == Some(&name) {
                            edits.set(Cell::DefaultPeer, Value::Null)?;
                        }
                        format!("removed the peer {name}")
                    }
                };
                edits.record(None, &summary)
            })
            .await
    }

    async fn set_default_peer(&self, name: &PeerName, actor: Actor) -> Result<i64> {
        let name = name.to_string();
        self.writer
            .run(move |c| {
                if Cell::Peer(name.clone()).read(c)?.is_null() {
                    return Err(StoreError::NoSuch { kind: "peer", name });
                }
                let mut edits = Edits::new(c, actor);
                edits.set(Cell::DefaultPeer, name.clone().into())?;
                edits.record(None, &format!("made {name} the default peer"))
            })
            .await
    }

    async fn peer_seen(&self, name: &PeerName, version: &str, at: Timestamp) -> Result<()> {
        let (name, version) = (name.to_string(), version.to_owned());
        self.writer
            .run(move |c| {
                let sql = "UPDATE peers SET version = ?2, seen_at = ?3 WHERE name = ?1";
                c.prepare_cached(sql)?.execute(params![name, version, ms(at)])?;
                Ok(())
            })
            .await
    }
}

#[async_trait]
impl SettingStore for SqliteStore {
    async fn settings(&self) -> Result<Vec<(String, String)>> {
        self.readers.run(|c| {
            let sql = "SELECT key, value FROM settings WHERE key >= ' ' ORDER BY key";
            let mut statement = c.prepare_cached(sql)?;
            let settings = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(settings.collect::<rusqlite::Result<_>>()?)
        })
    }

    async fn set_setting(&self, key: &str, value: Option<String>, actor: Actor) -> Result<i64> {
        let key = key.to_owned();
        self.writer
            .run(move |c| {
                let mut edits = Edits::new(c, actor);
                let summary = match &value {
                    Some(value) => format!("set {key} to {value}"),
                    None => format!("forgot the stored {key}"),
                };
                edits.set(Cell::Setting(key), value.map_or(Value::Null, Value::from))?;
                edits.record(None, &summary)
            })
            .await
    }
}

/// The peers in the database at `path`, which another process may hold: a
/// command asks for them without disturbing the node.
pub fn read_peers(path: &std::path::Path) -> Result<Vec<Peer>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    super::reader::Readers::new(path.to_owned()).run(peers)
}
