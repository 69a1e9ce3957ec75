//! Who is this? Passwords, sessions, tokens and the key file become a [`Caller`].
//!
//! Secrets are stored as hashes only. What a caller may do is decided in
//! `fazt_tools::caller`; which routes ask is the faces' business.

pub mod oauth;

mod allowance;
mod grants;
mod key;
mod password;
mod strangers;
mod visitor;

use std::{
    collections::HashMap,
    num::NonZeroU32,
    path::Path,
    sync::{Arc, Mutex},
};

use fazt_tools::{AppName, Caller, Code, Face, Problem, Scopes};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

use crate::{
    clock::{Clock, secret},
    store::{Actor, Approval, Hash, NewToken, Session, Store, StoreError, Token},
};

use allowance::Allowance;

pub use grants::{ACCESS_LIFE, CODE_LIFE, GRANT, GRANT_LIFE, Issued, NotGiven, Redeem};
pub use key::{Key, KeyError, Sealer};
pub use strangers::Strangers;
pub use visitor::Visitor;

/// How long a set-up link may be used.
pub const SETUP_LIFE: SignedDuration = SignedDuration::from_mins(30);
/// How long a session lasts.
pub const SESSION_LIFE: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Shortest password that is taken.
pub const PASSWORD_MIN: usize = 10;

const TOKEN_MARK: &str = "fazt_tok_";
/// Characters of a token that it is looked up by.
const PREFIX: usize = 10;

/// The token by which commands on this machine speak to the node on `db`.
pub fn local_token(db: &Path) -> Option<String> {
    Key::read(db).ok().flatten().map(|key| key.local_token())
}

/// Where the node that runs on `db` can be reached, if one runs.
pub fn announced(db: &Path) -> Option<String> {
    crate::store::sqlite::announced(db)
}

/// Recognises callers and makes what they are recognised by.
pub struct Access {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    key: Key,
    local_token: Hash,
    /// Argon2 takes 19 MiB and tens of milliseconds; two at a time bound both.
    hashing: Semaphore,
    used: Uses,
    grants_used: Uses,
    allowance: Allowance,
    /// The node's domain: tokens by OAuth are for a node, not for a database.
    domain: String,
    /// Whether tokens by OAuth are taken.
    oauth: bool,
}

/// Uses not yet written, so that a read does not cost a write.
#[derive(Default)]
struct Uses(Mutex<HashMap<i64, Timestamp>>);

impl Uses {
    /// Notes a use, unless the one `before` is of the same minute: to the minute is
    /// enough to see what is in use.
    fn note(&self, id: i64, before: Option<Timestamp>, now: Timestamp) {
        let stale =
            before.is_none_or(|used| now.duration_since(used) > SignedDuration::from_mins(1));
        if stale && let Ok(mut uses) = self.0.lock() {
            uses.insert(id, now);
        }
    }

    fn take(&self) -> Vec<(i64, Timestamp)> {
        let uses = self.0.lock().map(|mut uses| std::mem::take(&mut *uses));
        uses.unwrap_or_default().into_iter().collect()
    }
}

/// A session that just began.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The cookie's value.
    pub cookie: String,
    /// What mutations must carry.
    pub csrf: String,
    /// How long it lasts.
    pub life: SignedDuration,
}

/// A token that was just made; `text` is not stored.
#[derive(Clone, Debug)]
pub struct MadeToken {
    /// The token itself.
    pub text: String,
    /// What is stored.
    pub row: NewToken,
}

impl Access {
    /// An access service over `store`, with the node's own key, for a node that takes no
    /// tokens by OAuth; a token may make `rate` calls a minute.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, key: Key, rate: NonZeroU32) -> Self {
        let allowance = Allowance::new(rate, clock.clone());
        Self {
            store,
            clock,
            local_token: sha256(&key.local_token()),
            key,
            hashing: Semaphore::new(2),
            used: Uses::default(),
            grants_used: Uses::default(),
            allowance,
            domain: String::new(),
            oauth: false,
        }
    }

    /// The same for a node on `domain` that takes them.
    #[must_use]
    pub fn with_oauth(self, domain: &str) -> Self {
        Self { domain: domain.to_owned(), oauth: true, ..self }
    }

    /// The node's own key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The caller that a bearer token stands for.
    pub async fn bearer(&self, token: &str, face: Face) -> Result<Option<Caller>, StoreError> {
        let hash = sha256(token);
        if bool::from(hash.0.ct_eq(&self.local_token.0)) {
            return Ok(Some(Caller::owner(face)));
        }
        if token.starts_with(grants::ACCESS_MARK) {
            return self.granted(token, face).await;
        }
        let Some(prefix) = token.strip_prefix(TOKEN_MARK).and_then(|rest| rest.get(..PREFIX))
        else {
            return Ok(None);
        };
        let Some(found) = self.store.token(prefix).await? else { return Ok(None) };
        let now = self.clock.now();
        let expired = found.token.expires_at.is_some_and(|end| end <= now);
        if expired || !bool::from(found.token.hash.0.ct_eq(&hash.0)) {
            return Ok(None);
        }
        self.used.note(found.id, found.used_at, now);
        self.allowance.know(&found);
        Ok(Some(caller_of(found.token, face)))
    }

    /// Counts a call, or refuses one too many: of a minute, or of the day. Who
    /// calls without a token is the owner, and is let in.
    pub fn admit(&self, caller: &Caller) -> Result<(), Problem> {
        match &caller.token {
            Some(token) => self.allowance.admit(token, self.clock.now()),
            None => Ok(()),
        }
    }

    /// How many calls the caller may make a day and how many it made today;
    /// `None` where nothing limits it.
    pub fn budget(&self, caller: &Caller) -> Option<(u32, u32)> {
        self.allowance.of(caller.token.as_deref()?, self.clock.now())
    }

    /// The calls a stored token made today.
    pub fn calls_today(&self, token: &Token) -> u32 {
        let now = self.clock.now();
        let counted = self.allowance.of(&token.token.name, now);
        counted.map_or_else(|| allowance::calls_today(token.spent, now), |(_, calls)| calls)
    }

    /// The caller that asked for a call which waited for a person, as far as its
    /// token still holds: what it removes waits no more.
    pub async fn held_caller(&self, held: &Approval) -> Result<Option<Caller>, StoreError> {
        let tokens = self.store.tokens().await?;
        let found = tokens.into_iter().find(|token| token.id == held.token_id);
        let now = self.clock.now();
        let found = found.filter(|found| found.token.expires_at.is_none_or(|end| end > now));
        Ok(found.map(|found| {
            let mut caller = caller_of(found.token, held.call.face);
            caller.scopes = caller.scopes.and(held.call.scopes);
            caller.client.clone_from(&held.call.client);
            caller.approval = false;
            caller
        }))
    }

    /// Writes down which tokens were used since the last time, and how often.
    pub async fn note_uses(&self) -> Result<(), StoreError> {
        let spent = self.allowance.unwritten();
        if !spent.is_empty() {
            self.store.tokens_spent(spent.clone()).await?;
        }
        self.allowance.note_written(&spent, self.clock.now());
        let (tokens, grants) = (self.used.take(), self.grants_used.take());
        if !tokens.is_empty() {
            self.store.tokens_used(tokens).await?;
        }
        if !grants.is_empty() {
            self.store.grants_used(grants).await?;
        }
        Ok(())
    }

    /// The session that a cookie stands for.
    pub async fn session(&self, cookie: &str) -> Result<Option<Session>, StoreError> {
        self.store.session(&sha256(cookie), self.clock.now()).await
    }

    /// Ends the session that a cookie stands for.
    pub async fn log_out(&self, cookie: &str) -> Result<(), StoreError> {
        self.store.end_session(&sha256(cookie)).await
    }

    /// Whether the owner has a password.
    pub async fn has_owner(&self) -> Result<bool, StoreError> {
        Ok(self.store.owner_hash().await?.is_some())
    }

    /// Begins a session for whoever knows the owner's password. Without one it
    /// takes as long and answers `None`.
    pub async fn log_in(&self, given: String) -> Result<Option<NewSession>, Problem> {
        let stored = self.store.owner_hash().await.map_err(storage)?;
        let right = {
            let _turn = self.hashing.acquire().await.map_err(|_| Problem::internal())?;
            blocking(move || password::verify(&given, stored.as_deref())).await?
        };
        if !right {
            return Ok(None);
        }
        self.begin_session().await.map(Some)
    }

    async fn begin_session(&self) -> Result<NewSession, Problem> {
        let (cookie, csrf) = (secret(43), secret(32));
        let now = self.clock.now();
        let session = Session {
            hash: sha256(&cookie),
            csrf: csrf.clone(),
            created_at: now,
            expires_at: now + SESSION_LIFE,
        };
        self.store.add_session(session).await.map_err(storage)?;
        Ok(NewSession { cookie, csrf, life: SESSION_LIFE })
    }

    /// Makes a set-up link's secret, good once and for [`SETUP_LIFE`].
    pub async fn new_setup_link(&self) -> Result<String, StoreError> {
        let link = secret(32);
        self.store.add_setup_link(sha256(&link), self.clock.now() + SETUP_LIFE).await?;
        Ok(link)
    }

    /// Whether a set-up link could be used now.
    pub async fn setup_link_holds(&self, link: &str) -> Result<bool, StoreError> {
        self.store.setup_link_holds(&sha256(link), self.clock.now()).await
    }

    /// Spends a set-up link: sets the owner's password and begins a session.
    pub async fn set_up(&self, link: &str, given: String) -> Result<NewSession, Problem> {
        let gone = || {
            Problem::new(Code::Unauthorized, "this set-up link was used, replaced or is too old")
                .hint("start the node again for a new one: `fazt server start`")
        };
        if !self.setup_link_holds(link).await.map_err(storage)? {
            return Err(gone());
        }
        let hash = self.hash_password(given).await?;
        let actor = self.actor("set_up");
        if !self.store.spend_setup_link(sha256(link), hash, actor).await.map_err(storage)? {
            return Err(gone());
        }
        self.begin_session().await
    }

    /// Sets the owner's password, for someone who holds the machine.
    pub async fn set_password(&self, given: String) -> Result<(), Problem> {
        let hash = self.hash_password(given).await?;
        self.store.set_owner_hash(hash, self.actor("server init")).await.map_err(storage)
    }

    async fn hash_password(&self, given: String) -> Result<String, Problem> {
        if given.chars().count() < PASSWORD_MIN {
            let rule = format!("give at least {PASSWORD_MIN} characters");
            return Err(Problem::invalid("password", rule));
        }
        if given.len() > 1_024 {
            return Err(Problem::invalid("password", "give at most 1,024 bytes"));
        }
        let _turn = self.hashing.acquire().await.map_err(|_| Problem::internal())?;
        blocking(move || password::hash(&given)).await?
    }

    fn actor(&self, tool: &str) -> Actor {
        Actor {
            at: self.clock.now(),
            caller: "owner".to_owned(),
            face: Face::Admin,
            client: None,
            tool: tool.to_owned(),
            input: serde_json::json!({}),
        }
    }
}

/// What a new token is to be.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The apps it is limited to.
    pub apps: Option<Vec<AppName>>,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// Whether what it removes waits for a person.
    pub approval: bool,
    /// Calls it may make a day.
    pub budget: Option<u32>,
}

/// Makes a token; nothing is stored yet.
pub fn make_token(wish: Wish) -> MadeToken {
    let Wish { name, scopes, apps, expires_at, approval, budget } = wish;
    let prefix = secret(PREFIX);
    let text = format!("{TOKEN_MARK}{prefix}{}", secret(32));
    let hash = sha256(&text);
    let row = NewToken { name, prefix, hash, scopes, apps, expires_at, approval, budget };
    MadeToken { text, row }
}

fn caller_of(token: NewToken, face: Face) -> Caller {
    Caller {
        name: format!("token {}", token.name),
        scopes: token.scopes,
        apps: token.apps,
        face,
        client: None,
        token: Some(token.name),
        approval: token.approval,
    }
}

fn sha256(text: &str) -> Hash {
    Hash(Sha256::digest(text.as_bytes()).into())
}

#[expect(clippy::needless_pass_by_value, reason = "it ends a `map_err`")]
fn storage(error: StoreError) -> Problem {
    tracing::error!(%error, "the store failed");
    Problem::internal()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Problem::internal())
}
