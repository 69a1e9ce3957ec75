//! Calls that wait for a person, in SQLite.
//!
//! Deciding and telling are single updates of rows that are still undecided or
//! untold, so each happens once however many ask at a time.

use async_trait::async_trait;
use fazt_tools::{Face, Scopes, approvals::State};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::{Value, json};

use super::{SqliteStore, access::words, ledger::Edits, ms, time, unsigned};
use crate::store::{Actor, Approval, ApprovalQuery, ApprovalStore, HeldCall, Result, StoreError};

const APPROVAL: &str = "a.id, a.token_id, t.name, a.scopes, a.face, a.client, a.tool, a.input,
    a.question, a.created_at, a.expires_at, a.state, a.decided_at, a.outcome
    FROM approvals a JOIN tokens t ON t.id = a.token_id";

fn read_approval(row: &Row<'_>) -> rusqlite::Result<Approval> {
    let scopes: String = row.get(3)?;
    let face: String = row.get(4)?;
    let input: String = row.get(7)?;
    let state: String = row.get(11)?;
    let outcome: Option<String> = row.get(13)?;
    let json = |text: &str| serde_json::from_str(text).map_err(|_| rusqlite::Error::InvalidQuery);
    Ok(Approval {
        id: row.get(0)?,
        token_id: row.get(1)?,
        call: HeldCall {
            token: row.get(2)?,
            scopes: scopes.split(' ').filter_map(|word| word.parse().ok()).collect::<Scopes>(),
            face: Face::named(&face).unwrap_or(Face::Node),
            client: row.get(5)?,
            tool: row.get(6)?,
            input: json(&input)?,
            question: row.get(8)?,
            created_at: time(row.get(9)?),
            expires_at: time(row.get(10)?),
        },
        state: match state.as_str() {
            "approved" => State::Approved,
            "denied" => State::Denied,
            "failed" => State::Failed,
            _ => State::Pending,
        },
        decided_at: row.get::<_, Option<i64>>(12)?.map(time),
        outcome: outcome.as_deref().map(json).transpose()?,
    })
}

fn read(c: &Connection, id: i64) -> Result<Approval> {
    let sql = format!("SELECT {APPROVAL} WHERE a.id = ?1");
    let found = c.prepare_cached(&sql)?.query_row([id], read_approval).optional()?;
    found.ok_or_else(|| StoreError::NoSuch { kind: "approval", name: id.to_string() })
}

/// The newest call of a token that waits and is the same, word for word.
fn same(c: &Connection, token: i64, call: &HeldCall) -> Result<Option<i64>> {
    let sql = "SELECT max(id) FROM approvals WHERE token_id = ?1 AND tool = ?2 AND input = ?3
        AND state = 'pending' AND expires_at > ?4";
    let input = call.input.to_string();
    let mut statement = c.prepare_cached(sql)?;
    let asked = params![token, call.tool, input, ms(call.created_at)];
    Ok(statement.query_row(asked, |row| row.get(0))?)
}

/// Decides on a call that still waits; false when it does not.
fn decide(c: &Connection, id: i64, state: State, now: Timestamp) -> Result<bool> {
    let sql = "UPDATE approvals SET state = ?2, decided_at = ?3
        WHERE id = ?1 AND state = 'pending' AND expires_at > ?3";
    Ok(c.prepare_cached(sql)?.execute(params![id, state.as_str(), ms(now)])? == 1)
}

/// Ends what an earlier process was about to carry out: whether it did, its
/// ledger says.
pub(super) fn end_cut_short(c: &Connection) -> Result<()> {
    let sql = "UPDATE approvals SET state = 'failed' WHERE state = 'approved' AND outcome IS NULL";
    c.execute(sql, [])?;
    Ok(())
}

#[async_trait]
impl ApprovalStore for SqliteStore {
    async fn hold(&self, call: HeldCall, most: u64) -> Result<Option<Approval>> {
        self.writer
            .run(move |c| {
                let sql = "SELECT id FROM tokens WHERE name = ?1 AND revoked_at IS NULL";
                let token: Option<i64> =
                    c.prepare_cached(sql)?.query_row([&call.token], |row| row.get(0)).optional()?;
                let Some(token) = token else {
                    return Err(StoreError::NoSuch { kind: "token", name: call.token });
                };
                if let Some(id) = same(c, token, &call)? {
                    return read(c, id).map(Some);
                }
                let at = ms(call.created_at);
                let sql = "SELECT count(*) FROM approvals
                    WHERE token_id = ?1 AND state = 'pending' AND expires_at > ?2";
                let waiting: i64 =
                    c.prepare_cached(sql)?.query_row([token, at], |row| row.get(0))?;
                if unsigned(waiting) >= most {
                    return Ok(None);
                }
                let sql = "INSERT INTO approvals (token_id, scopes, face, client, tool, input,
                        question, created_at, expires_at)
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
                c.prepare_cached(sql)?.execute(params![
                    token,
                    words(call.scopes),
                    call.face.as_str(),
                    call.client,
                    call.tool,
                    call.input.to_string(),
                    call.question,
                    at,
                    ms(call.expires_at)
                ])?;
                read(c, c.last_insert_rowid()).map(Some)
            })
            .await
    }

    async fn held(
        &self,
        token: &str,
        tool: &str,
        input: &Value,
        decided_after: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Approval>> {
        let sql = format!(
            "SELECT {APPROVAL} WHERE t.name = ?1 AND t.revoked_at IS NULL AND a.tool = ?2
                AND a.input = ?3 AND a.told = 0
                AND (a.state = 'pending' AND a.expires_at > ?5 OR a.decided_at > ?4)
             ORDER BY a.id DESC LIMIT 1"
        );
        self.readers.run(|c| {
            let asked = params![token, tool, input.to_string(), ms(decided_after), ms(now)];
            Ok(c.prepare_cached(&sql)?.query_row(asked, read_approval).optional()?)
        })
    }

    async fn tell(&self, id: i64) -> Result<bool> {
        self.writer
            .run(move |c| {
                let sql = "UPDATE approvals SET told = 1 WHERE id = ?1 AND told = 0";
                Ok(c.prepare_cached(sql)?.execute([id])? == 1)
            })
            .await
    }

    async fn approvals(&self, query: ApprovalQuery) -> Result<(Vec<Approval>, u64)> {
        self.readers.run(|c| {
            let rule = "(?1 OR a.state = 'pending' AND a.expires_at > ?2)";
            let now = ms(query.now);
            let sql = format!("SELECT count(*) FROM approvals a WHERE {rule}");
            let total: i64 =
                c.prepare_cached(&sql)?.query_row(params![query.all, now], |row| row.get(0))?;
            let sql = format!(
                "SELECT {APPROVAL} WHERE {rule} AND (?3 IS NULL OR a.id < ?3)
                 ORDER BY a.id DESC LIMIT ?4"
            );
            let mut statement = c.prepare_cached(&sql)?;
            let asked = params![query.all, now, query.before, query.limit];
            let rows = statement.query_map(asked, read_approval)?;
            Ok((rows.collect::<rusqlite::Result<_>>()?, unsigned(total)))
        })
    }

    async fn approve(&self, id: i64, now: Timestamp) -> Result<(Approval, bool)> {
        self.writer
            .run(move |c| {
                let decided = decide(c, id, State::Approved, now)?;
                Ok((read(c, id)?, decided))
            })
            .await
    }

    async fn deny(&self, id: i64, actor: Actor) -> Result<(Approval, bool)> {
        self.writer
            .run(move |c| {
                let decided = decide(c, id, State::Denied, actor.at)?;
                let found = read(c, id)?;
                if decided {
                    let HeldCall { token, tool, input, .. } = &found.call;
                    let summary = format!("denied approval {id}: {tool} of token {token}");
                    Edits::new(c, actor).record(input["app"].as_str(), &summary)?;
                }
                Ok((found, decided))
            })
            .await
    }

    async fn settle_approval(
        &self,
        id: i64,
        outcome: std::result::Result<Value, Value>,
    ) -> Result<Approval> {
        self.writer
            .run(move |c| {
                let (state, outcome) = match &outcome {
                    Ok(output) => (State::Approved, output),
                    Err(problem) => (State::Failed, problem),
                };
                let sql = "UPDATE approvals SET state = ?2, outcome = ?3 WHERE id = ?1";
                let mut update = c.prepare_cached(sql)?;
                update.execute(params![id, state.as_str(), json!(outcome).to_string()])?;
                read(c, id)
            })
            .await
    }
}
