//! Calls that wait for a person: held here, and decided by `list_approvals`,
//! `approve` and `deny`.
//!
//! What a token with `approval: human` would remove is kept for a day. A person
//! decides once; an approved call is carried out as the token that asked, so
//! that it may do no more than that token may at that moment.

use std::pin::Pin;

use fazt_tools::{
    AppName, Caller, Code, Face, Handler, Hold, Problem,
    approvals::{
        Approval as Shown, Approve, ApproveInput, ApproveOutput, Deny, DenyInput, DenyOutput,
        ListApprovals, ListInput, ListOutput, State,
    },
    dispatch,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{cursor_of, page, read_cursor, storage_problem};
use crate::{
    node::Node,
    store::{Approval, ApprovalQuery, ChangeQuery, HeldCall},
};

/// How long a call waits.
const WAIT: SignedDuration = SignedDuration::from_hours(24);
/// How long the same call is answered with what became of it.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(1);
/// Calls of one token that may wait.
const MOST: u64 = 20;

impl Hold for Node {
    async fn hold(
        &self,
        caller: &Caller,
        tool: &'static str,
        input: Value,
        question: impl Future<Output = Result<String, Problem>> + Send,
    ) -> Result<Value, Problem> {
        let Some(token) = &caller.token else {
            let what =
                format!("`{tool}` needs a person's approval, and only a token can wait for it");
            return Err(Problem::new(Code::Forbidden, what));
        };
        let failed = |e| storage_problem(&e);
        let now = self.clock.now();
        let known = self.store.held(token, tool, &input, now - TOLD_FOR, now).await;
        if let Some(known) = known.map_err(failed)? {
            if is_open(&known) {
                return Err(pending(&known));
            }
            // Of two that ask at a time, one is told; the other asks anew.
            let told = self.store.tell(known.id).await.map_err(failed)?;
            if told && !self.is_overtaken(&known).await? {
                return outcome(known);
            }
        }
        let call = HeldCall {
            token: token.clone(),
            scopes: caller.scopes,
            face: caller.face,
            client: caller.client.clone(),
            tool: tool.to_owned(),
            input,
            question: question.await?,
            created_at: now,
            expires_at: now + WAIT,
        };
        match self.store.hold(call, MOST).await.map_err(failed)? {
            Some(held) => Err(pending(&held)),
            None => Err(Problem::new(
                Code::Conflict,
                format!("{MOST} calls of {} wait for approval already", caller.name),
            )
            .hint("a person decides on them first: `fazt approvals`")),
        }
    }
}

/// Whether a call waits, or is being carried out.
fn is_open(held: &Approval) -> bool {
    match held.state {
        State::Pending => true,
        State::Approved => held.outcome.is_none(),
        _ => false,
    }
}

fn pending(held: &Approval) -> Problem {
    let (id, call) = (held.id, &held.call);
    let what = format!("`{}` waits for a person to approve it: {}", call.tool, call.question);
    Problem::new(Code::ApprovalPending, what)
        .hint(format!(
            "ask the owner to decide, in the dashboard or by `fazt approve {id}`; \
             then make the same call again to see what became of it"
        ))
        .detail("approval", id)
        .detail("expires_at", call.expires_at.to_string())
}

/// What became of a decided call, as its caller is told.
fn outcome(held: Approval) -> Result<Value, Problem> {
    let problem = |value| serde_json::from_value(value).unwrap_or_else(|_| Problem::internal());
    match (held.state, held.outcome) {
        (State::Approved, Some(output)) => Ok(output),
        (State::Failed, Some(value)) => Err(problem(value)),
        (State::Denied, _) => Err(Problem::new(
            Code::ApprovalDenied,
            format!("a person denied approval {}: {}", held.id, held.call.question),
        )
        .hint("nothing was changed; the same call asks once more")
        .detail("approval", held.id)),
        _ => Err(Problem::new(
            Code::Conflict,
            format!("the node stopped while approval {} was carried out", held.id),
        )
        .hint("`fazt changes` says whether it was; if not, make the call again")),
    }
}

impl Handler<ListApprovals> for Node {
    async fn handle(&self, _: &Caller, input: ListInput) -> Result<ListOutput, Problem> {
        let limit = page(input.limit)?;
        let before = match read_cursor(input.cursor.as_deref())? {
            None => None,
            Some(key) => {
                Some(key.parse().map_err(|_| Problem::invalid("cursor", "it is damaged"))?)
            }
        };
        let now = self.clock.now();
        let query = ApprovalQuery { all: input.all, before, limit: limit + 1, now };
        let (mut found, total) =
            self.store.approvals(query).await.map_err(|e| storage_problem(&e))?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let cursor = found.last().filter(|_| more).map(|last| cursor_of(&last.id.to_string()));
        let approvals = found.into_iter().map(|held| shown(held, now)).collect();
        Ok(ListOutput { approvals, total, cursor })
    }
}

impl Handler<Approve> for Node {
    async fn handle(&self, caller: &Caller, input: ApproveInput) -> Result<ApproveOutput, Problem> {
        require_person(caller)?;
        let failed = |e| storage_problem(&e);
        let now = self.clock.now();
        let (held, decided) = self.store.approve(input.id, now).await.map_err(failed)?;
        if !decided {
            return Err(decided_before(&held, now));
        }
        let done = self.carry_out(&held, caller).await;
        let kept = done.clone().map_err(|problem| json!(problem));
        let held = self.store.settle_approval(input.id, kept).await.map_err(failed)?;
        let output = done?;
        let change = output["change"].as_i64();
        Ok(ApproveOutput { approval: shown(held, now), output, change })
    }
}

impl Handler<Deny> for Node {
    async fn handle(&self, caller: &Caller, input: DenyInput) -> Result<DenyOutput, Problem> {
        require_person(caller)?;
        let actor = self.actor(caller, "deny", json!({ "id": input.id }));
        let now = actor.at;
        let denied = self.store.deny(input.id, actor).await;
        let (held, decided) = denied.map_err(|e| storage_problem(&e))?;
        if !decided {
            return Err(decided_before(&held, now));
        }
        Ok(DenyOutput { approval: shown(held, now) })
    }
}

impl Node {
    /// Whether something newer became of the app than what an approved call did:
    /// to say that it is deleted would be wrong once it is there again.
    async fn is_overtaken(&self, held: &Approval) -> Result<bool, Problem> {
        let app = held.call.input["app"].as_str().and_then(|app| AppName::parse(app).ok());
        let change = held.outcome.as_ref().and_then(|output| output["change"].as_i64());
        let (Some(app), Some(change)) = (app, change) else { return Ok(false) };
        let newest = ChangeQuery { app: Some(app), among: None, before: None, limit: 1 };
        let (newest, _) = self.store.changes(newest).await.map_err(|e| storage_problem(&e))?;
        Ok(newest.first().is_some_and(|newest| newest.id > change))
    }

    /// Carries a held call out as the token that asked for it. Boxed, because
    /// deciding on a call is itself a call of the catalogue.
    fn carry_out<'a>(
        &'a self,
        held: &'a Approval,
        person: &'a Caller,
    ) -> Pin<Box<dyn Future<Output = Result<Value, Problem>> + Send + 'a>> {
        Box::pin(async move {
            let asked = self.access.held_caller(held).await.map_err(|e| storage_problem(&e))?;
            let Some(mut asked) = asked else {
                let what =
                    format!("the token {} that asked is revoked or expired", held.call.token);
                return Err(Problem::new(Code::Forbidden, what)
                    .hint("nothing was changed; do it yourself if you want it done"));
            };
            asked.name = format!("{}, approved by {}", asked.name, person.name);
            dispatch(self, &asked, &held.call.tool, held.call.input.clone()).await
        })
    }
}

/// Refuses whoever is not a person: a token's holder could be the one that waits.
fn require_person(caller: &Caller) -> Result<(), Problem> {
    if caller.token.is_none() && caller.face != Face::Mcp {
        return Ok(());
    }
    let what = format!("only a person decides on approvals, and {} is a program's", caller.name);
    Err(Problem::new(Code::Forbidden, what)
        .hint("sign in to the dashboard, or run the command on the node's own machine"))
}

fn decided_before(held: &Approval, now: Timestamp) -> Problem {
    let became = match state_at(held, now) {
        State::Expired => "has expired: nobody decided within a day".to_owned(),
        state => format!("is decided already: {}", state.as_str()),
    };
    Problem::new(Code::Conflict, format!("approval {} {became}", held.id))
        .hint("`fazt approvals` lists those that wait")
        .detail("state", state_at(held, now).as_str())
}

fn state_at(held: &Approval, now: Timestamp) -> State {
    match held.state {
        State::Pending if held.call.expires_at <= now => State::Expired,
        state => state,
    }
}

fn shown(held: Approval, now: Timestamp) -> Shown {
    let state = state_at(&held, now);
    let Approval { id, call, decided_at, .. } = held;
    Shown {
        id,
        by: call.token,
        client: call.client,
        tool: call.tool,
        input: call.input,
        question: call.question,
        state,
        created_at: call.created_at,
        expires_at: call.expires_at,
        decided_at,
    }
}
