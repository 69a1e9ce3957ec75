//! Addresses that take one upload: a deploy begun here, its files sent later.
//!
//! Made by a caller who may deploy the app, used by whoever holds the address:
//! once, within minutes, for that app and with that caller's rights.

use fazt_tools::{AppName, Caller, Code, Face, Problem, Scope, deploy};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::storage_problem;
use crate::{
    clock::secret,
    node::Node,
    store::{Hash, Ticket},
};

/// How long an address may be used.
const LIFE: SignedDuration = SignedDuration::from_mins(10);

/// An address that was just made; its secret is not stored.
pub struct NewTicket {
    /// The secret part of the address.
    pub secret: String,
    /// Until when it may be used.
    pub expires_at: Timestamp,
}

/// A caller as a ticket remembers it.
#[derive(Deserialize, Serialize)]
struct Maker {
    name: String,
    apps: Option<Vec<AppName>>,
    client: Option<String>,
    token: Option<String>,
}

impl Node {
    /// Makes an address that takes the files of a deploy.
    pub async fn new_ticket(
        &self,
        caller: &Caller,
        input: &deploy::Input,
    ) -> Result<NewTicket, Problem> {
        let maker = Maker {
            name: caller.name.clone(),
            apps: caller.apps.clone(),
            client: caller.client.clone(),
            token: caller.token.clone(),
        };
        let secret = secret(43);
        let expires_at = self.clock.now() + LIFE;
        let ticket = Ticket {
            hash: Hash::of(secret.as_bytes()),
            caller: text(&maker)?,
            input: text(input)?,
            expires_at,
        };
        self.store.add_ticket(ticket).await.map_err(|e| storage_problem(&e))?;
        Ok(NewTicket { secret, expires_at })
    }

    /// Spends an address: who made it, and the deploy it was made for.
    pub async fn spend_ticket(&self, secret: &str) -> Result<(Caller, deploy::Input), Problem> {
        let gone = || {
            Problem::new(Code::Unauthorized, "this upload address was used, or is too old")
                .hint("call `deploy` again for a new one")
        };
        let hash = Hash::of(secret.as_bytes());
        let spent = self.store.spend_ticket(&hash, self.clock.now()).await;
        let ticket = spent.map_err(|e| storage_problem(&e))?.ok_or_else(gone)?;
        let maker: Maker = serde_json::from_str(&ticket.caller).map_err(|_| gone())?;
        let input = serde_json::from_str(&ticket.input).map_err(|_| gone())?;
        if let Some(token) = &maker.token {
            // A token that was revoked meanwhile takes its addresses along.
            let holds = self.access.holds(token).await.map_err(|e| storage_problem(&e))?;
            if !holds {
                return Err(gone());
            }
        }
        let caller = Caller {
            name: maker.name,
            scopes: [Scope::AppsWrite].into_iter().collect(),
            apps: maker.apps,
            client: maker.client,
            token: maker.token,
            ..Caller::owner(Face::Mcp)
        };
        Ok((caller, input))
    }
}

fn text<T: Serialize>(value: &T) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(|_| Problem::internal())
}
