//! Programs that came by OAuth, grants and their tokens in SQLite; only hashes.

use async_trait::async_trait;
use fazt_tools::{Scope, Scopes};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::Value;

use super::{
    SqliteStore,
    access::{names, words},
    cell::Cell,
    ledger::Edits,
    ms, time,
};
use crate::store::{
    AccessToken, Actor, Client, Code, Grant, Hash, Issue, NewCode, NewGrant, OauthStore, Renewed,
    Result, StoreError,
};

const GRANT: &str = "g.id, g.client, g.client_name, g.resource, g.scopes, g.apps, g.created_at,
    g.expires_at, g.used_at";
/// How many columns [`GRANT`] is.
const AFTER_GRANT: usize = 9;

fn read_scopes(words: &str) -> Scopes {
    words.split(' ').filter_map(|word| word.parse::<Scope>().ok()).collect()
}

fn read_grant(row: &Row<'_>) -> rusqlite::Result<Grant> {
    let apps: Option<String> = row.get(5)?;
    Ok(Grant {
        id: row.get(0)?,
        grant: NewGrant {
            client: row.get(1)?,
            client_name: row.get(2)?,
            resource: row.get(3)?,
            scopes: read_scopes(&row.get::<_, String>(4)?),
            // A list that cannot be read limits the grant to nothing.
            apps: apps.map(|apps| serde_json::from_str(&apps).unwrap_or_default()),
        },
        created_at: time(row.get(6)?),
        expires_at: time(row.get(7)?),
        used_at: row.get::<_, Option<i64>>(8)?.map(time),
    })
}

/// Stores the tokens of one answer; the grant lives as long as they can renew it.
fn issue(c: &Connection, grant: i64, scopes: Scopes, issue: &Issue) -> Result<()> {
    let sql = "INSERT INTO oauth_access (prefix, hash, grant_id, scopes, expires_at)
        VALUES (?1, ?2, ?3, ?4, ?5)";
    c.prepare_cached(sql)?.execute(params![
        issue.prefix,
        issue.access.0,
        grant,
        words(scopes),
        ms(issue.access_until)
    ])?;
    let sql = "INSERT INTO oauth_refresh (hash, grant_id, expires_at) VALUES (?1, ?2, ?3)";
    c.prepare_cached(sql)?.execute(params![issue.refresh.0, grant, ms(issue.refresh_until)])?;
    let sql = "UPDATE oauth_grants SET expires_at = ?2, used_at = ?3 WHERE id = ?1";
    c.prepare_cached(sql)?.execute(params![grant, ms(issue.refresh_until), ms(issue.at)])?;
    Ok(())
}

/// Revokes a grant for good: its tokens go too, so that no undo brings them back.
fn end_grant(c: &Connection, grant: i64, why: &str, mut actor: Actor) -> Result<()> {
    let sql = format!("SELECT {GRANT} FROM oauth_grants g WHERE id = ?1 AND revoked_at IS NULL");
    let found = c.prepare_cached(&sql)?.query_row([grant], read_grant).optional()?;
    c.prepare_cached("DELETE FROM oauth_refresh WHERE grant_id = ?1 AND spent_at IS NULL")?
        .execute([grant])?;
    c.prepare_cached("DELETE FROM oauth_access WHERE grant_id = ?1")?.execute([grant])?;
    let Some(found) = found else { return Ok(()) };
    actor.caller = found.caller();
    let at = ms(actor.at);
    let mut edits = Edits::new(c, actor);
    edits.set(Cell::Granted(grant), at.into())?;
    let summary = format!("ended the grant {grant} of {}: {why}", found.grant.client_name);
    edits.record(None, &summary)?;
    Ok(())
}

fn renew(
    c: &Connection,
    old: Hash,
    client: &str,
    scopes: Option<Scopes>,
    next: &Issue,
    actor: Actor,
) -> Result<Renewed> {
    let sql = format!(
        "SELECT {GRANT}, r.spent_at, r.expires_at FROM oauth_refresh r
         JOIN oauth_grants g ON g.id = r.grant_id WHERE r.hash = ?1 AND g.client = ?2"
    );
    let found = c.prepare_cached(&sql)?.query_row(params![old.0, client], |row| {
        let spent: Option<i64> = row.get(AFTER_GRANT)?;
        Ok((read_grant(row)?, spent.is_some(), time(row.get(AFTER_GRANT + 1)?)))
    });
    let Some((grant, spent, until)) = found.optional()? else { return Ok(Renewed::Unknown) };
    if spent {
        end_grant(c, grant.id, "an old refresh token was used again", actor)?;
        return Ok(Renewed::Reused);
    }
    let revoked: bool = c
        .prepare_cached("SELECT revoked_at IS NOT NULL FROM oauth_grants WHERE id = ?1")?
        .query_row([grant.id], |row| row.get(0))?;
    if revoked || until <= next.at {
        return Ok(Renewed::Unknown);
    }
    let scopes = scopes.unwrap_or(grant.grant.scopes);
    if !grant.grant.scopes.covers(scopes) {
        return Ok(Renewed::Wider);
    }
    c.prepare_cached("UPDATE oauth_refresh SET spent_at = ?2 WHERE hash = ?1")?
        .execute(params![old.0, ms(next.at)])?;
    issue(c, grant.id, scopes, next)?;
    Ok(Renewed::Done(scopes))
}

fn spend_code(c: &Connection, hash: Hash, actor: Actor) -> Result<Option<Code>> {
    let sql = "DELETE FROM oauth_codes WHERE hash = ?1
        RETURNING grant_id, redirect, challenge, expires_at";
    let spent = c.prepare_cached(sql)?.query_row([hash.0], |row| {
        let text = |i| row.get::<_, String>(i);
        Ok((row.get::<_, i64>(0)?, text(1)?, text(2)?, time(row.get(3)?)))
    });
    let Some((grant, redirect, challenge, until)) = spent.optional()? else {
        let sql = "SELECT id FROM oauth_grants WHERE code = ?1";
        let known: Option<i64> =
            c.prepare_cached(sql)?.query_row([hash.0], |row| row.get(0)).optional()?;
        if let Some(grant) = known {
            end_grant(c, grant, "its code was used again", actor)?;
        }
        return Ok(None);
    };
    if until <= actor.at {
        return Ok(None);
    }
    let sql = format!("SELECT {GRANT} FROM oauth_grants g WHERE id = ?1 AND revoked_at IS NULL");
    let found = c.prepare_cached(&sql)?.query_row([grant], read_grant).optional()?;
    Ok(found.map(|found| Code { id: grant, grant: found.grant, redirect, challenge }))
}

/// Drops what is over at `now`; grants are kept for as long as `since` tells.
pub(super) fn collect(c: &Connection, now: Timestamp, since: Timestamp) -> Result<()> {
    // A code that nobody fetched in its minute is no use, but its grant tells of replays.
    c.prepare_cached("DELETE FROM oauth_codes WHERE expires_at < ?1")?.execute([ms(now)])?;
    c.prepare_cached("DELETE FROM oauth_access WHERE expires_at < ?1")?.execute([ms(now)])?;
    c.prepare_cached("DELETE FROM oauth_refresh WHERE expires_at < ?1")?.execute([ms(now)])?;
    c.prepare_cached("DELETE FROM oauth_grants WHERE expires_at < ?1")?.execute([ms(since)])?;
    Ok(())
}

#[async_trait]
impl OauthStore for SqliteStore {
    async fn add_client(&self, client: Client, most: u32) -> Result<()> {
        self.writer
            .run(move |c| {
                let sql = "INSERT INTO oauth_clients (id, name, redirects, created_at)
                    VALUES (?1, ?2, ?3, ?4)";
                c.prepare_cached(sql)?.execute(params![
                    client.id,
                    client.name,
                    Value::from(client.redirects).to_string(),
                    ms(client.created_at)
                ])?;
                let sql = "DELETE FROM oauth_clients WHERE id IN (
                    SELECT id FROM oauth_clients c WHERE c.id <> ?2 AND NOT EXISTS (
                        SELECT 1 FROM oauth_grants g WHERE g.client = c.id)
                    ORDER BY created_at
                    LIMIT max(0, (SELECT count(*) FROM oauth_clients) - ?1))";
                c.prepare_cached(sql)?.execute(params![most, client.id])?;
                Ok(())
            })
            .await
    }

    async fn client(&self, id: &str) -> Result<Option<Client>> {
        self.readers.run(|c| {
            let sql = "SELECT id, name, redirects, created_at FROM oauth_clients WHERE id = ?1";
            let found = c.prepare_cached(sql)?.query_row([id], |row| {
                Ok(Client {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    redirects: serde_json::from_str(&row.get::<_, String>(2)?).unwrap_or_default(),
                    created_at: time(row.get(3)?),
                })
            });
            Ok(found.optional()?)
        })
    }

    async fn add_grant(&self, grant: NewGrant, code: NewCode, actor: Actor) -> Result<i64> {
        self.writer
            .run(move |c| {
                let at = ms(actor.at);
                let sql = "INSERT INTO oauth_grants (client, client_name, resource, scopes, apps,
                    code, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
                c.prepare_cached(sql)?.execute(params![
                    grant.client,
                    grant.client_name,
                    grant.resource,
                    words(grant.scopes),
                    names(grant.apps.as_deref()),
                    code.hash.0,
                    at,
                    ms(code.expires_at)
                ])?;
                let id = c.last_insert_rowid();
                let sql =
                    "INSERT INTO oauth_codes (hash, grant_id, redirect, challenge, expires_at)
                    VALUES (?1, ?2, ?3, ?4, ?5)";
                c.prepare_cached(sql)?.execute(params![
                    code.hash.0,
                    id,
                    code.redirect,
                    code.challenge,
                    ms(code.expires_at)
                ])?;
                let summary = format!("allowed {} {}", grant.client_name, words(grant.scopes));
                let mut edits = Edits::new(c, actor);
                edits.made(Cell::Granted(id), at.into(), Value::Null);
                edits.record(None, &summary)
            })
            .await
    }

    async fn spend_code(&self, hash: Hash, actor: Actor) -> Result<Option<Code>> {
        self.writer.run(move |c| spend_code(c, hash, actor)).await
    }

    async fn begin_grant(&self, grant: i64, tokens: Issue) -> Result<bool> {
        self.writer
            .run(move |c| {
                let sql = "SELECT scopes FROM oauth_grants WHERE id = ?1 AND revoked_at IS NULL";
                let scopes: Option<String> =
                    c.prepare_cached(sql)?.query_row([grant], |row| row.get(0)).optional()?;
                let Some(scopes) = scopes else { return Ok(false) };
                issue(c, grant, read_scopes(&scopes), &tokens)?;
                Ok(true)
            })
            .await
    }

    async fn renew_grant(
        &self,
        old: Hash,
        client: &str,
        scopes: Option<Scopes>,
        issue: Issue,
        actor: Actor,
    ) -> Result<Renewed> {
        let client = client.to_owned();
        self.writer.run(move |c| renew(c, old, &client, scopes, &issue, actor)).await
    }

    async fn access_token(&self, prefix: &str) -> Result<Option<AccessToken>> {
        self.readers.run(|c| {
            let sql = format!(
                "SELECT {GRANT}, a.hash, a.scopes, a.expires_at FROM oauth_access a
                 JOIN oauth_grants g ON g.id = a.grant_id
                 WHERE a.prefix = ?1 AND g.revoked_at IS NULL"
            );
            let found = c.prepare_cached(&sql)?.query_row([prefix], |row| {
                Ok(AccessToken {
                    grant: read_grant(row)?,
                    hash: Hash(row.get(AFTER_GRANT)?),
                    scopes: read_scopes(&row.get::<_, String>(AFTER_GRANT + 1)?),
                    expires_at: time(row.get(AFTER_GRANT + 2)?),
                })
            });
            Ok(found.optional()?)
        })
    }

    async fn give_back(&self, hash: Hash, client: Option<&str>, actor: Actor) -> Result<()> {
        let client = client.map(ToOwned::to_owned);
        self.writer
            .run(move |c| {
                let sql = "DELETE FROM oauth_access WHERE hash = ?1 AND grant_id IN (
                    SELECT id FROM oauth_grants WHERE ?2 IS NULL OR client = ?2)";
                c.prepare_cached(sql)?.execute(params![hash.0, client])?;
                let sql =
                    "SELECT g.id FROM oauth_refresh r JOIN oauth_grants g ON g.id = r.grant_id
                    WHERE r.hash = ?1 AND (?2 IS NULL OR g.client = ?2)";
                let grant: Option<i64> = c
                    .prepare_cached(sql)?
                    .query_row(params![hash.0, client], |row| row.get(0))
                    .optional()?;
                match grant {
                    Some(grant) => end_grant(c, grant, "it gave its access back", actor),
                    None => Ok(()),
                }
            })
            .await
    }

    async fn grants(&self, now: Timestamp) -> Result<Vec<Grant>> {
        self.readers.run(|c| {
            let sql = format!(
                "SELECT {GRANT} FROM oauth_grants g
                 WHERE revoked_at IS NULL AND expires_at > ?1 ORDER BY id DESC"
            );
            let mut statement = c.prepare_cached(&sql)?;
            let grants = statement.query_map([ms(now)], read_grant)?;
            Ok(grants.collect::<rusqlite::Result<_>>()?)
        })
    }

    async fn revoke_grant(&self, grant: i64, actor: Actor) -> Result<i64> {
        self.writer
            .run(move |c| {
                let at = ms(actor.at);
                let sql = "SELECT client_name FROM oauth_grants
                    WHERE id = ?1 AND revoked_at IS NULL AND expires_at > ?2";
                let name: Option<String> = c
                    .prepare_cached(sql)?
                    .query_row(params![grant, at], |row| row.get(0))
                    .optional()?;
                let Some(name) = name else {
                    return Err(StoreError::NoSuch { kind: "grant", name: grant.to_string() });
                };
                let mut edits = Edits::new(c, actor);
                edits.set(Cell::Granted(grant), at.into())?;
                edits.record(None, &format!("revoked the grant {grant} of {name}"))
            })
            .await
    }

    async fn grants_used(&self, grants: Vec<(i64, Timestamp)>) -> Result<()> {
        self.writer
            .run(move |c| {
                let sql = "UPDATE oauth_grants SET used_at = ?2 WHERE id = ?1";
                let mut update = c.prepare_cached(sql)?;
                for (id, at) in grants {
                    update.execute(params![id, ms(at)])?;
                }
                Ok(())
            })
            .await
    }
}
