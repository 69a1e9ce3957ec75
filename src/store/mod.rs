//! What a node remembers, as traits by noun; a method is one whole transaction.
//!
//! Domain types go in and come out; `now` is passed in; absence is `Option`.
//! The SQLite backend is in [`sqlite`]; a second backend has to pass the same
//! contract suite (`tests/it/store_contract.rs`). No SQL stands above this floor.

pub mod data;
pub mod sqlite;

mod logs;
mod net;
mod oauth;
mod types;

use async_trait::async_trait;
use bytes::Bytes;
use fazt_tools::{AppName, PeerName};
use jiff::Timestamp;
use serde_json::Value;

pub use data::DataStore;
pub use logs::*;
pub use net::*;
pub use oauth::*;
pub use types::*;

/// Everything a node remembers.
pub trait Store:
    AppStore
    + BlobStore
    + DataStore
    + LogStore
    + LedgerStore
    + AccessStore
    + OauthStore
    + HandleStore
    + ApprovalStore
    + PeerStore
    + NetStore
    + SettingStore
    + UpkeepStore
{
}
impl<T> Store for T where
    T: AppStore
        + BlobStore
        + DataStore
        + LogStore
        + LedgerStore
        + AccessStore
        + OauthStore
        + HandleStore
        + ApprovalStore
        + PeerStore
        + NetStore
        + SettingStore
        + UpkeepStore
{
}

/// Result of a store call.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Apps, their versions, and the names that lead to them.
#[async_trait]
pub trait AppStore: Send + Sync {
    /// Stores a version, its new blobs and, unless it is a preview, the live
    /// pointer, in one transaction. Content equal to the newest version makes
    /// no new one.
    async fn publish(&self, publish: Publish) -> Result<Published>;
    /// Moves the live pointer; `None` means the version that was live before.
    async fn promote(&self, app: &AppName, to: Option<u32>, actor: Actor) -> Result<Promoted>;
    /// Moves an app to the trash.
    async fn trash(&self, app: &AppName, actor: Actor) -> Result<Trashed>;
    /// Changes an app's own settings and the aliases that lead to it.
    async fn configure(&self, app: &AppName, wish: Configure, actor: Actor) -> Result<Option<i64>>;
    /// The app of that name.
    async fn app(&self, app: &AppName) -> Result<Option<App>>;
    /// Every app's name, for suggestions.
    async fn app_names(&self) -> Result<Vec<String>>;
    /// A page of apps by name, and how many there are in all.
    async fn apps(&self, query: AppQuery) -> Result<(Vec<AppSummary>, u64)>;
    /// An app's versions, newest first.
    async fn versions(&self, app: i64) -> Result<Vec<Version>>;
    /// The files of a version, by path; `None` if there is no such version.
    async fn files(&self, app: i64, version: u32) -> Result<Option<Vec<File>>>;
    /// What serving a version takes: files with variants, and its rules.
    async fn site(&self, app: i64, version: u32) -> Result<Option<SiteFiles>>;
    /// Bytes an app's versions take, each content counted once.
    async fn stored_bytes(&self, app: i64) -> Result<u64>;
    /// Every name that leads somewhere: what hosting needs at start.
    async fn hosts(&self) -> Result<Hosts>;
    /// One app's entry of [`AppStore::hosts`].
    async fn host(&self, app: i64) -> Result<Option<HostApp>>;
    /// Every alias, by name.
    async fn aliases(&self) -> Result<Vec<Alias>>;
    /// Sets or removes an alias.
    async fn set_alias(&self, name: &str, to: Option<AliasTarget>, actor: Actor) -> Result<i64>;
}

/// File contents, by hash, and their compressed variants.
#[async_trait]
pub trait BlobStore: Send + Sync {
    /// Stores contents that no version names yet. Those that no version names
    /// within a day are collected.
    async fn put_blobs(&self, blobs: Vec<NewBlob>, now: Timestamp) -> Result<()>;
    /// Which of `hashes` are not stored.
    async fn missing(&self, hashes: &[Hash]) -> Result<Vec<Hash>>;
    /// A content by hash.
    async fn blob_by_hash(&self, hash: &Hash) -> Result<Option<BlobRef>>;
    /// A whole content, or one of its variants.
    async fn blob(&self, blob: i64, encoding: Variant) -> Result<Option<Bytes>>;
    /// Some bytes of a content from `offset` on, at least one and at most one
    /// chunk's worth.
    async fn blob_piece(&self, blob: i64, offset: u64) -> Result<Option<Bytes>>;
    /// Contents that wait for compression, at most `limit`.
    async fn to_compress(&self, limit: u32) -> Result<Vec<BlobRef>>;
    /// How many contents wait for compression.
    async fn compress_backlog(&self) -> Result<u64>;
    /// Stores the variants of some contents and answers the apps that use them.
    async fn put_variants(&self, done: Vec<NewVariants>) -> Result<Vec<i64>>;
}

/// What was changed, and putting it back.
#[async_trait]
pub trait LedgerStore: Send + Sync {
    /// A page of changes, newest first, and how many there are in all.
    async fn changes(&self, query: ChangeQuery) -> Result<(Vec<Change>, u64)>;
    /// One change.
    async fn change(&self, id: i64) -> Result<Option<Change>>;
    /// Puts back what a change changed. Refuses when a cell holds something
    /// newer, unless `force`.
    async fn undo(&self, id: i64, force: bool, actor: Actor) -> Result<Undone>;
    /// The first change whose row does not match its hash.
    async fn verify_ledger(&self) -> Result<Option<i64>>;
}

/// The owner's password, sessions and tokens; only hashes are stored.
#[async_trait]
pub trait AccessStore: Send + Sync {
    /// The owner's password hash, if one is set.
    async fn owner_hash(&self) -> Result<Option<String>>;
    /// Sets the owner's password hash and ends every session.
    async fn set_owner_hash(&self, hash: String, actor: Actor) -> Result<()>;
    /// Stores a set-up link.
    async fn add_setup_link(&self, hash: Hash, expires: Timestamp) -> Result<()>;
    /// Spends a set-up link: true once, then never again. With a password hash
    /// the owner is set in the same transaction.
    async fn spend_setup_link(&self, hash: Hash, owner: String, actor: Actor) -> Result<bool>;
    /// Whether a set-up link could be spent.
    async fn setup_link_holds(&self, hash: &Hash, now: Timestamp) -> Result<bool>;
    /// Stores a session.
    async fn add_session(&self, session: Session) -> Result<()>;
    /// The session of that hash, if it has not expired.
    async fn session(&self, hash: &Hash, now: Timestamp) -> Result<Option<Session>>;
    /// Ends a session.
    async fn end_session(&self, hash: &Hash) -> Result<()>;
    /// Stores a token.
    async fn add_token(&self, token: NewToken, actor: Actor) -> Result<i64>;
    /// The token of that prefix, revoked ones left out.
    async fn token(&self, prefix: &str) -> Result<Option<Token>>;
    /// Every token that is not revoked, by name.
    async fn tokens(&self) -> Result<Vec<Token>>;
    /// Revokes a token.
    async fn revoke_token(&self, name: &str, actor: Actor) -> Result<i64>;
    /// Notes that tokens were used.
    async fn tokens_used(&self, tokens: Vec<(i64, Timestamp)>) -> Result<()>;
    /// Notes how many calls tokens have made on their days.
    async fn tokens_spent(&self, tokens: Vec<(i64, Spent)>) -> Result<()>;
    /// Reserves an idempotency key, or answers what is known of it.
    async fn reserve_key(&self, key: &str, fingerprint: Hash, now: Timestamp) -> Result<Reserved>;
    /// Stores the answer of a reserved key, or frees it.
    async fn settle_key(&self, key: &str, answer: Option<(u16, String)>) -> Result<()>;
}

/// What a client is handed to come back with: sessions of the Model Context
/// Protocol, and addresses that take one upload. Known by their hashes only.
#[async_trait]
pub trait HandleStore: Send + Sync {
    /// Stores a session, or replaces what is known of it. A caller's oldest go when
    /// it has more than [`SESSIONS_EACH`].
    async fn put_mcp_session(&self, session: McpSession, now: Timestamp) -> Result<()>;
    /// The session of that hash.
    async fn mcp_session(&self, hash: &Hash) -> Result<Option<McpSession>>;
    /// Forgets a session.
    async fn end_mcp_session(&self, hash: &Hash) -> Result<()>;
    /// Stores an address that takes one upload.
    async fn add_ticket(&self, ticket: Ticket) -> Result<()>;
    /// Spends such an address: what it was made for, once, then never again.
    async fn spend_ticket(&self, hash: &Hash, now: Timestamp) -> Result<Option<Ticket>>;
}

/// Sessions of the protocol that a caller may have.
pub const SESSIONS_EACH: u32 = 1_000;

/// Calls that wait for a person.
#[async_trait]
pub trait ApprovalStore: Send + Sync {
    /// Keeps a call until a person decides; the same call that waits already is
    /// answered instead. `None` when `most` calls of the token wait.
    async fn hold(&self, call: HeldCall, most: u64) -> Result<Option<Approval>>;
    /// The newest same call of that token which waits, or was decided lately
    /// and whose outcome was not told.
    async fn held(
        &self,
        token: &str,
        tool: &str,
        input: &Value,
        decided_after: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Approval>>;
    /// Notes that the outcome is told: true once, then never again.
    async fn tell(&self, id: i64) -> Result<bool>;
    /// A page of calls, newest first, and how many there are in all.
    async fn approvals(&self, query: ApprovalQuery) -> Result<(Vec<Approval>, u64)>;
    /// Approves a call that waits: true once, and then its outcome is owed.
    async fn approve(&self, id: i64, now: Timestamp) -> Result<(Approval, bool)>;
    /// Denies a call that waits: true once.
    async fn deny(&self, id: i64, actor: Actor) -> Result<(Approval, bool)>;
    /// Stores what became of an approved call: its output, or the refusal.
    async fn settle_approval(
        &self,
        id: i64,
        outcome: std::result::Result<Value, Value>,
    ) -> Result<Approval>;
}

/// Other nodes.
#[async_trait]
pub trait PeerStore: Send + Sync {
    /// Every peer, by name.
    async fn peers(&self) -> Result<Vec<Peer>>;
    /// Adds a peer or, with `None`, removes it. The first one becomes the default.
    async fn set_peer(&self, name: &PeerName, to: Option<PeerRow>, actor: Actor) -> Result<i64>;
    /// Chooses the default peer.
    async fn set_default_peer(&self, name: &PeerName, actor: Actor) -> Result<i64>;
    /// Notes that a peer answered.
    async fn peer_seen(&self, name: &PeerName, version: &str, at: Timestamp) -> Result<()>;
}

/// Settings stored in the database.
#[async_trait]
pub trait SettingStore: Send + Sync {
    /// Every stored setting.
    async fn settings(&self) -> Result<Vec<(String, String)>>;
    /// Stores a setting or, with `None`, forgets it.
    async fn set_setting(&self, key: &str, value: Option<String>, actor: Actor) -> Result<i64>;
}

/// What keeps the database small and its state known.
#[async_trait]
pub trait UpkeepStore: Send + Sync {
    /// Adds counted requests.
    async fn add_traffic(&self, counts: Vec<Traffic>) -> Result<()>;
    /// Requests and errors of an app since `from`.
    async fn traffic(&self, app: i64, from: Timestamp) -> Result<(u64, u64)>;
    /// Drops what nothing needs any more, a bounded piece at a time; true when
    /// there is more to do.
    async fn collect(&self, keep: Keep, now: Timestamp) -> Result<bool>;
    /// Sizes and queues.
    async fn facts(&self) -> Result<StoreFacts>;
    /// Writes everything to the main file and closes the writer.
    async fn close(&self);
}
