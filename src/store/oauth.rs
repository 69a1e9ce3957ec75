//! What the node remembers of programs that came by OAuth, and of what the owner
//! allowed them.
//!
//! A grant is a family: the code it began with, the refresh token that is valid now,
//! those that were spent, and the access tokens made on the way. Only hashes are stored.

use async_trait::async_trait;
use fazt_tools::{AppName, Scopes};
use jiff::Timestamp;

use super::{Actor, Hash, Result};

/// Programs, grants and their tokens.
#[async_trait]
pub trait OauthStore: Send + Sync {
    /// Stores a program that registered itself. Of more than `most`, the oldest that
    /// were allowed nothing go.
    async fn add_client(&self, client: Client, most: u32) -> Result<()>;
    /// The registered program of that id.
    async fn client(&self, id: &str) -> Result<Option<Client>>;
    /// Stores what the owner allowed, and the code by which the program fetches it.
    async fn add_grant(&self, grant: NewGrant, code: NewCode, actor: Actor) -> Result<i64>;
    /// Spends a code: given once, then never again. One that comes again ends the
    /// grant it was made for, because two hold it.
    async fn spend_code(&self, hash: Hash, actor: Actor) -> Result<Option<Code>>;
    /// Gives a grant its first tokens; false when it was revoked meanwhile.
    async fn begin_grant(&self, grant: i64, issue: Issue) -> Result<bool>;
    /// Spends a refresh token of `client` for the next one. One that was spent before
    /// ends the grant. `scopes` may be fewer than what was granted.
    async fn renew_grant(
        &self,
        old: Hash,
        client: &str,
        scopes: Option<Scopes>,
        issue: Issue,
        actor: Actor,
    ) -> Result<Renewed>;
    /// The access token of that prefix, with its grant; revoked grants left out.
    async fn access_token(&self, prefix: &str) -> Result<Option<AccessToken>>;
    /// Takes back an access token, or with a refresh token the whole grant. With a
    /// `client`, only if it is that one's.
    async fn give_back(&self, hash: Hash, client: Option<&str>, actor: Actor) -> Result<()>;
    /// The grants that hold at `now`, newest first.
    async fn grants(&self, now: Timestamp) -> Result<Vec<Grant>>;
    /// Revokes a grant that holds.
    async fn revoke_grant(&self, grant: i64, actor: Actor) -> Result<i64>;
    /// Notes that grants were used.
    async fn grants_used(&self, grants: Vec<(i64, Timestamp)>) -> Result<()>;
}

/// A program that registered itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Client {
    /// Its id, made by the node.
    pub id: String,
    /// What it calls itself.
    pub name: String,
    /// Where its users may be sent back to.
    pub redirects: Vec<String>,
    /// When it registered.
    pub created_at: Timestamp,
}

/// What the owner allows a program.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewGrant {
    /// The program's id.
    pub client: String,
    /// What it calls itself.
    pub client_name: String,
    /// The address its tokens are for.
    pub resource: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The apps it is limited to; `None` means all.
    pub apps: Option<Vec<AppName>>,
}

/// A code to store.
#[derive(Clone, Debug)]
pub struct NewCode {
    /// Its hash.
    pub hash: Hash,
    /// Where the owner is sent back to.
    pub redirect: String,
    /// What its holder must prove to know the origin of.
    pub challenge: String,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// A code that was spent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Code {
    /// Its grant's row id.
    pub id: i64,
    /// What the owner allowed.
    pub grant: NewGrant,
    /// Where the owner was sent back to.
    pub redirect: String,
    /// What its holder must prove to know the origin of.
    pub challenge: String,
}

/// The tokens of one answer, to store.
#[derive(Clone, Debug)]
pub struct Issue {
    /// When.
    pub at: Timestamp,
    /// The part the access token is looked up by.
    pub prefix: String,
    /// Hash of the access token.
    pub access: Hash,
    /// When the access token expires.
    pub access_until: Timestamp,
    /// Hash of the refresh token.
    pub refresh: Hash,
    /// When the refresh token expires, and the grant with it.
    pub refresh_until: Timestamp,
}

/// What became of a renewal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Renewed {
    /// The tokens are stored; these are the access token's scopes.
    Done(Scopes),
    /// No such token of that program, or its time is over.
    Unknown,
    /// It was spent before: the grant was ended.
    Reused,
    /// The scopes asked for are more than what was granted; nothing was spent.
    Wider,
}

/// A grant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    /// Row id.
    pub id: i64,
    /// What the owner allowed.
    pub grant: NewGrant,
    /// When.
    pub created_at: Timestamp,
    /// When it ends unless it is renewed.
    pub expires_at: Timestamp,
    /// When it was last used.
    pub used_at: Option<Timestamp>,
}

impl Grant {
    /// How the ledger names whoever comes by this grant: a program may call itself as it
    /// likes, so the number tells which it was.
    pub fn caller(&self) -> String {
        format!("{} (grant {})", self.grant.client_name, self.id)
    }
}

/// A stored access token.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// Its grant.
    pub grant: Grant,
    /// Hash of the whole.
    pub hash: Hash,
    /// What it may do.
    pub scopes: Scopes,
    /// When it expires.
    pub expires_at: Timestamp,
}
