//! What clients come back with, in SQLite: protocol sessions, upload addresses.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{SqliteStore, ms, time};
use crate::store::{HandleStore, Hash, McpSession, Result, SESSIONS_EACH, Ticket};

/// How long a session is kept that nobody uses.
const SESSION_LIFE: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Forgets what nobody will come back with.
pub(super) fn collect(c: &Connection, now: Timestamp) -> Result<()> {
    c.prepare_cached("DELETE FROM mcp_sessions WHERE seen_at < ?1")?
        .execute([ms(now - SESSION_LIFE)])?;
    c.prepare_cached("DELETE FROM upload_tickets WHERE expires_at < ?1")?.execute([ms(now)])?;
    Ok(())
}

#[async_trait]
impl HandleStore for SqliteStore {
    async fn put_mcp_session(&self, session: McpSession, now: Timestamp) -> Result<()> {
        self.writer
            .run(move |c| {
                let sql = "INSERT INTO mcp_sessions (hash, caller, state, seen_at)
                    VALUES (?1, ?2, ?3, ?4)
                    ON CONFLICT (hash) DO UPDATE SET caller = ?2, state = ?3, seen_at = ?4";
                let McpSession { hash, caller, state } = session;
                c.prepare_cached(sql)?.execute(params![hash.0, caller, state, ms(now)])?;
                let sql = "DELETE FROM mcp_sessions WHERE hash IN (
                    SELECT hash FROM mcp_sessions WHERE caller = ?1
                    ORDER BY seen_at DESC LIMIT -1 OFFSET ?2)";
                c.prepare_cached(sql)?.execute(params![caller, SESSIONS_EACH])?;
                Ok(())
            })
            .await
    }

    async fn mcp_session(&self, hash: &Hash) -> Result<Option<McpSession>> {
        self.readers.run(|c| {
            let sql = "SELECT caller, state FROM mcp_sessions WHERE hash = ?1";
            let found = c.prepare_cached(sql)?.query_row([hash.0], |row| {
                Ok(McpSession { hash: *hash, caller: row.get(0)?, state: row.get(1)? })
            });
            Ok(found.optional()?)
        })
    }

    async fn end_mcp_session(&self, hash: &Hash) -> Result<()> {
        let hash = hash.0;
        self.writer
            .run(move |c| {
                c.prepare_cached("DELETE FROM mcp_sessions WHERE hash = ?1")?.execute([hash])?;
                Ok(())
            })
            .await
    }

    async fn add_ticket(&self, ticket: Ticket) -> Result<()> {
        self.writer
            .run(move |c| {
                let sql = "INSERT INTO upload_tickets (hash, caller, input, expires_at)
                    VALUES (?1, ?2, ?3, ?4)";
                let Ticket { hash, caller, input, expires_at } = ticket;
                c.prepare_cached(sql)?.execute(params![hash.0, caller, input, ms(expires_at)])?;
                Ok(())
            })
            .await
    }

    async fn spend_ticket(&self, hash: &Hash, now: Timestamp) -> Result<Option<Ticket>> {
        let hash = *hash;
        self.writer
            .run(move |c| {
                let sql = "DELETE FROM upload_tickets WHERE hash = ?1 AND expires_at > ?2
                    RETURNING caller, input, expires_at";
                let spent = c.prepare_cached(sql)?.query_row(params![hash.0, ms(now)], |row| {
                    Ok(Ticket {
                        hash,
                        caller: row.get(0)?,
                        input: row.get(1)?,
                        expires_at: time(row.get(2)?),
                    })
                });
                Ok(spent.optional()?)
            })
            .await
    }
}
