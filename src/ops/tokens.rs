//! `create_token`, `list_tokens` and `revoke_token` on a node.

use fazt_tools::{
    Caller, Code, Handler, Problem, Scopes,
    tokens::{
        Approval, CreateInput, CreateOutput, CreateToken, ListInput, ListOutput, ListTokens,
        Preset, RevokeInput, RevokeOutput, RevokeToken, Token,
    },
    view,
};
use jiff::SignedDuration;
use serde_json::json;

use super::storage_problem;
use crate::{auth, node::Node, store::NewToken};

/// The largest number of calls a day; more is as good as no limit.
const BUDGET_MAX: u32 = 10_000_000;

impl Handler<CreateToken> for Node {
    async fn handle(&self, caller: &Caller, input: CreateInput) -> Result<CreateOutput, Problem> {
        let name = input.name.trim();
        if name.is_empty() || name.len() > 64 || name.chars().any(char::is_control) {
            return Err(Problem::invalid("name", "give 1 to 64 printable characters"));
        }
        if name.starts_with(auth::GRANT) {
            return Err(Problem::invalid("name", "names that begin with `grant ` are taken"));
        }
        // In a URL these two mean a folder: such a token could not be revoked.
        if matches!(name, "." | "..") {
            return Err(Problem::invalid("name", format!("`{name}` is no name")));
        }
        let preset = match input.preset {
            None if input.scopes.is_empty() => Some(Preset::default()),
            preset => preset,
        };
        let scopes: Scopes = preset
            .into_iter()
            .flat_map(|preset| preset.scopes().iter())
            .chain(input.scopes.clone())
            .collect();
        if !caller.scopes.covers(scopes) {
            return Err(Problem::new(
                Code::Forbidden,
                "a token cannot make one that may do more than itself",
            ));
        }
        // Else what waits for a person here would not wait there.
        if caller.approval && !input.approval.is_needed() {
            return Err(Problem::new(
                Code::Forbidden,
                format!(
                    "{} needs approval for what it removes, and so do tokens it makes",
                    caller.name
                ),
            )
            .hint("make it with `approval: human`, on the command line `--approval human`"));
        }
        if self.access.budget(caller).is_some() {
            let what = format!("{} has a budget of calls: it cannot make tokens", caller.name);
            return Err(Problem::new(Code::Forbidden, what)
                .hint("make it as the owner, or with a token that has no budget"));
        }
        let budget = match input.budget {
            None | Some(1..=BUDGET_MAX) => input.budget,
            Some(_) => return Err(Problem::invalid("budget", format!("give 1 to {BUDGET_MAX}"))),
        };
        let days = match input.days {
            None => None,
            Some(days @ 1..=3_650) => Some(SignedDuration::from_hours(i64::from(days) * 24)),
            Some(_) => return Err(Problem::invalid("days", "give 1 to 3650")),
        };
        let apps = (!input.apps.is_empty()).then_some(input.apps.clone());
        let expires_at = days.map(|days| self.clock.now() + days);
        let made = auth::make_token(auth::Wish {
            name: name.to_owned(),
            scopes,
            apps: apps.clone(),
            expires_at,
            approval: input.approval.is_needed(),
            budget,
        });
        let actor = self.actor(caller, "create_token", json!(input));
        let change =
            self.store.add_token(made.row, actor).await.map_err(|e| storage_problem(&e))?;
        Ok(CreateOutput {
            name: name.to_owned(),
            token: made.text,
            scopes: scopes.iter().collect(),
            apps,
            expires_at,
            approval: input.approval,
            budget,
            change,
        })
    }
}

impl Handler<ListTokens> for Node {
    async fn handle(&self, _: &Caller, _: ListInput) -> Result<ListOutput, Problem> {
        let tokens = self.store.tokens().await.map_err(|e| storage_problem(&e))?;
        let tokens: Vec<Token> = tokens
            .into_iter()
            .map(|found| Token {
                approval: approval_of(&found.token),
                budget: found.token.budget,
                calls_today: found.token.budget.map(|_| self.access.calls_today(&found)),
                name: found.token.name,
                scopes: found.token.scopes.iter().collect(),
                apps: found.token.apps,
                created_at: found.created_at,
                expires_at: found.token.expires_at,
                used_at: found.used_at,
            })
            .collect();
        Ok(ListOutput { total: tokens.len() as u64, tokens })
    }
}

impl Handler<RevokeToken> for Node {
    async fn handle(&self, caller: &Caller, input: RevokeInput) -> Result<RevokeOutput, Problem> {
        let actor = self.actor(caller, "revoke_token", json!({ "name": input.name }));
        let change = self.store.revoke_token(&input.name, actor).await;
        let change =
            change.map_err(|e| storage_problem(&e).hint("`fazt token list` lists them"))?;
        Ok(RevokeOutput { name: input.name, change })
    }

    async fn question(&self, _: &Caller, input: &RevokeInput) -> Result<String, Problem> {
        let tokens = self.store.tokens().await.map_err(|e| storage_problem(&e))?;
        let Some(found) = tokens.iter().find(|found| found.token.name == input.name) else {
            let known = tokens.iter().map(|found| found.token.name.as_str());
            let problem = Problem::missing(Code::TokenNotFound, "token", &input.name, known);
            return Err(match problem.hint {
                Some(_) => problem,
                None => problem.hint("`fazt token list` lists them"),
            });
        };
        let used = match found.used_at {
            Some(at) => format!("it was last used on {} UTC", view::moment(at)),
            None => "it was never used".to_owned(),
        };
        Ok(format!("Revoke the token `{}`? It stops working at once; {used}.", input.name))
    }
}

fn approval_of(token: &NewToken) -> Approval {
    if token.approval { Approval::Human } else { Approval::Never }
}
