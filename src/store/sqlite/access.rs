//! The owner, sessions, tokens and idempotency keys in SQLite; only hashes.

use async_trait::async_trait;
use fazt_tools::{AppName, Scope, Scopes};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::Value;

use super::{SqliteStore, cell::Cell, ledger::Edits, ms, time};
use crate::store::{
    AccessStore, Actor, Hash, NewToken, Reserved, Result, Session, Spent, StoreError, Token,
};

/// How long an idempotency key is remembered.
const KEY_LIFE: SignedDuration = SignedDuration::from_hours(24);

const TOKEN: &str = "id, name, prefix, hash, scopes, apps, created_at, expires_at, used_at,
    approval, budget, spent_day, spent";

fn read_token(row: &Row<'_>) -> rusqlite::Result<Token> {
    let scopes: String = row.get(4)?;
    let apps: Option<String> = row.get(5)?;
    let moment = |i| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(i)?.map(time));
    Ok(Token {
        id: row.get(0)?,
        token: NewToken {
            name: row.get(1)?,
            prefix: row.get(2)?,
            hash: Hash(row.get(3)?),
            scopes: scopes.split(' ').filter_map(|word| word.parse::<Scope>().ok()).collect(),
            // A list that cannot be read limits the token to nothing.
            apps: apps.map(|apps| serde_json::from_str(&apps).unwrap_or_default()),
            expires_at: moment(7)?,
            approval: row.get(9)?,
            budget: row.get(10)?,
        },
        created_at: time(row.get(6)?),
        used_at: moment(8)?,
        spent: Spent { day: row.get(11)?, calls: row.get(12)? },
    })
}

pub(super) fn words(scopes: Scopes) -> String {
    scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(" ")
}

pub(super) fn names(apps: Option<&[AppName]>) -> Option<String> {
    apps.map(|apps| Value::from(apps.iter().map(AppName::as_str).collect::<Vec<_>>()).to_string())
}

fn set_owner(c: &Connection, hash: &str, actor: Actor) -> Result<()> {
    let sql = "INSERT INTO owner (id, password_hash, changed_at) VALUES (1, ?1, ?2)
        ON CONFLICT (id) DO UPDATE SET password_hash = ?1, changed_at = ?2";
    c.prepare_cached(sql)?.execute(params![hash, ms(actor.at)])?;
    c.prepare_cached("DELETE FROM sessions")?.execute([])?;
    c.prepare_cached("DELETE FROM setup_links")?.execute([])?;
    Edits::new(c, actor).record(None, "set the owner's password")?;
    Ok(())
}

#[async_trait]
impl AccessStore for SqliteStore {
    async fn owner_hash(&self) -> Result<Option<String>> {
        self.readers.run(|c| {
            let sql = "SELECT password_hash FROM owner WHERE id = 1";
            Ok(c.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?)
        })
    }

    async fn set_owner_hash(&self, hash: String, actor: Actor) -> Result<()> {
        self.writer.run(move |c| set_owner(c, &hash, actor)).await
    }

    async fn add_setup_link(&self, hash: Hash, expires: Timestamp) -> Result<()> {
        self.writer
            .run(move |c| {
                // A new link puts an end to those printed before.
                c.prepare_cached("DELETE FROM setup_links")?.execute([])?;
                let sql = "INSERT INTO setup_links (hash, expires_at) VALUES (?1, ?2)";
                c.prepare_cached(sql)?.execute(params![hash.0, ms(expires)])?;
                Ok(())
            })
            .await
    }

    async fn spend_setup_link(&self, hash: Hash, owner: String, actor: Actor) -> Result<bool> {
        self.writer
            .run(move |c| {
                let sql = "DELETE FROM setup_links WHERE hash = ?1 AND expires_at > ?2";
                let spent = c.prepare_cached(sql)?.execute(params![hash.0, ms(actor.at)])? == 1;
                if spent {
                    set_owner(c, &owner, actor)?;
                }
                Ok(spent)
            })
            .await
    }

    async fn setup_link_holds(&self, hash: &Hash, now: Timestamp) -> Result<bool> {
        self.readers.run(|c| {
            let sql =
                "SELECT EXISTS (SELECT 1 FROM setup_links WHERE hash = ?1 AND expires_at > ?2)";
            Ok(c.prepare_cached(sql)?.query_row(params![hash.0, ms(now)], |row| row.get(0))?)
        })
    }

    async fn add_session(&self, session: Session) -> Result<()> {
        self.writer
            .run(move |c| {
                let sql = "INSERT INTO sessions (hash, csrf, created_at, seen_at, expires_at)
                    VALUES (?1, ?2, ?3, ?3, ?4)";
                c.prepare_cached(sql)?.execute(params![
                    session.hash.0,
                    session.csrf,
                    ms(session.created_at),
                    ms(session.expires_at)
                ])?;
                Ok(())
            })
            .await
    }

    async fn session(&self, hash: &Hash, now: Timestamp) -> Result<Option<Session>> {
        self.readers.run(|c| {
            let sql = "SELECT csrf, created_at, expires_at FROM sessions
                WHERE hash = ?1 AND expires_at > ?2";
            let found = c.prepare_cached(sql)?.query_row(params![hash.0, ms(now)], |row| {
                Ok(Session {
                    hash: *hash,
                    csrf: row.get(0)?,
                    created_at: time(row.get(1)?),
                    expires_at: time(row.get(2)?),
                })
            });
            Ok(found.optional()?)
        })
    }

    async fn end_session(&self, hash: &Hash) -> Result<()> {
        let hash = *hash;
        self.writer
            .run(move |c| {
                c.prepare_cached("DELETE FROM sessions WHERE hash = ?1")?.execute([hash.0])?;
                Ok(())
            })
            .await
    }

    async fn add_token(&self, token: NewToken, actor: Actor) -> Result<i64> {
        self.writer
            .run(move |c| {
                let at = ms(actor.at);
                let sql =
                    "INSERT INTO tokens (name, prefix, hash, scopes, apps, created_at, expires_at,
                        approval, budget)
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
                let done = c.prepare_cached(sql)?.execute(params![
                    token.name,
                    token.prefix,
                    token.hash.0,
                    words(token.scopes),
                    names(token.apps.as_deref()),
                    at,
                    token.expires_at.map(ms),
                    token.approval,
                    token.budget
                ]);
                if let Err(error) = done {
                    return Err(match error.sqlite_error_code() {
                        Some(rusqlite::ErrorCode::ConstraintViolation) => {
                            StoreError::Taken(token.name)
                        }
                        _ => error.into(),
                    });
                }
                let mut edits = Edits::new(c, actor);
                edits.made(Cell::Revoked(c.last_insert_rowid()), at.into(), Value::Null);
                edits.record(None, &format!("made the token {}", token.name))
            })
            .await
    }

    async fn token(&self, prefix: &str) -> Result<Option<Token>> {
        self.readers.run(|c| {
            let sql =
                format!("SELECT {TOKEN} FROM tokens WHERE prefix = ?1 AND revoked_at IS NULL");
            Ok(c.prepare_cached(&sql)?.query_row([prefix], read_token).optional()?)
        })
    }

    async fn tokens(&self) -> Result<Vec<Token>> {
        self.readers.run(|c| {
            let sql = format!("SELECT {TOKEN} FROM tokens WHERE revoked_at IS NULL ORDER BY name");
            let mut statement = c.prepare_cached(&sql)?;
            let tokens = statement.query_map([], read_token)?;
            Ok(tokens.collect::<rusqlite::Result<_>>()?)
        })
    }

    async fn revoke_token(&self, name: &str, actor: Actor) -> Result<i64> {
        let name = name.to_owned();
        self.writer
            .run(move |c| {
                let sql = "SELECT id FROM tokens WHERE name = ?1 AND revoked_at IS NULL";
                let id: Option<i64> =
                    c.prepare_cached(sql)?.query_row([&name], |row| row.get(0)).optional()?;
                let Some(id) = id else {
                    return Err(StoreError::NoSuch { kind: "token", name });
                };
                let at = ms(actor.at);
                let mut edits = Edits::new(c, actor);
                edits.set(Cell::Revoked(id), at.into())?;
                edits.record(None, &format!("revoked the token {name}"))
            })
            .await
    }

    async fn tokens_used(&self, tokens: Vec<(i64, Timestamp)>) -> Result<()> {
        self.writer
            .run(move |c| {
                let mut update =
                    c.prepare_cached("UPDATE tokens SET used_at = ?2 WHERE id = ?1")?;
                for (id, at) in tokens {
                    update.execute(params![id, ms(at)])?;
                }
                Ok(())
            })
            .await
    }

    async fn tokens_spent(&self, tokens: Vec<(i64, Spent)>) -> Result<()> {
        self.writer
            .run(move |c| {
                let sql = "UPDATE tokens SET spent_day = ?2, spent = ?3 WHERE id = ?1";
                let mut update = c.prepare_cached(sql)?;
                for (id, spent) in tokens {
                    update.execute(params![id, spent.day, spent.calls])?;
                }
                Ok(())
            })
            .await
    }

    async fn reserve_key(&self, key: &str, fingerprint: Hash, now: Timestamp) -> Result<Reserved> {
        let key = key.to_owned();
        self.writer
            .run(move |c| {
                c.prepare_cached("DELETE FROM idempotency WHERE at < ?1")?
                    .execute([ms(now - KEY_LIFE)])?;
                let sql = "INSERT INTO idempotency (key, fingerprint, at) VALUES (?1, ?2, ?3)
                    ON CONFLICT (key) DO NOTHING";
                if c.prepare_cached(sql)?.execute(params![key, fingerprint.0, ms(now)])? == 1 {
                    return Ok(Reserved::New);
                }
                let sql = "SELECT fingerprint, status, body FROM idempotency WHERE key = ?1";
                let row: (Vec<u8>, Option<u16>, Option<String>) = c
                    .prepare_cached(sql)?
                    .query_row([&key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
                Ok(match row {
                    (found, ..) if found != fingerprint.0 => Reserved::Other,
                    (_, Some(status), Some(body)) => Reserved::Answered(status, body),
                    _ => Reserved::Running,
                })
            })
            .await
    }

    async fn settle_key(&self, key: &str, answer: Option<(u16, String)>) -> Result<()> {
        let key = key.to_owned();
        self.writer
            .run(move |c| {
                match answer {
                    Some((status, body)) => {
                        let sql = "UPDATE idempotency SET status = ?2, body = ?3 WHERE key = ?1";
                        c.prepare_cached(sql)?.execute(params![key, status, body])?;
                    }
                    None => {
                        c.prepare_cached("DELETE FROM idempotency WHERE key = ?1")?
                            .execute([key])?;
                    }
                }
                Ok(())
            })
            .await
    }
}
