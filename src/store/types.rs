//! Plain values the store takes and gives.
//!
//! Long because it is one vocabulary: fields and their meaning, in the order of
//! the traits, and no behaviour.

use std::{collections::BTreeMap, fmt, path::PathBuf, str::FromStr};

use bytes::Bytes;
use fazt_tools::{
    AppName, Face, PeerName, Scopes,
    approvals::State,
    env::Limits,
    types::{AliasKind, Share},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Why the store did not do something.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// No such app, with the name asked for.
    #[error("there is no app `{0}`")]
    NoApp(String),
    /// No such version.
    #[error("app `{app}` has no version {version}")]
    NoVersion {
        /// The app.
        app: String,
        /// The version asked for.
        version: u32,
    },
    /// Nothing was live before.
    #[error("app `{0}` has no earlier version to go back to")]
    NoEarlierVersion(String),
    /// No such change.
    #[error("there is no change {0}")]
    NoChange(i64),
    /// The change holds nothing that could be put back.
    #[error("change {0} cannot be undone: it replaced nothing")]
    NotUndoable(i64),
    /// What the change replaced was collected since.
    #[error("change {0} cannot be undone any more: what it replaced was not kept that long")]
    Gone(i64),
    /// The change was undone before.
    #[error("change {id} was undone by change {by}")]
    AlreadyUndone {
        /// The change.
        id: i64,
        /// The change that undid it.
        by: i64,
    },
    /// Something newer stands where the change wrote.
    #[error("undoing change {id} would overwrite change {newer}")]
    Newer {
        /// The change to undo.
        id: i64,
        /// The newest change of the same thing.
        newer: i64,
    },
    /// A name is taken.
    #[error("the name `{0}` is taken")]
    Taken(String),
    /// No such alias, token or peer.
    #[error("there is no {kind} `{name}`")]
    NoSuch {
        /// What kind of thing.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// Contents that a publish names and the store lacks.
    #[error("{} files are not stored", .0.len())]
    MissingBlobs(Vec<Hash>),
    /// What was to be stored as an app's data cannot be, or not so.
    #[error("{0}")]
    Unfit(String),
    /// Something of an app's data is there already.
    #[error("there is a {kind} `{name}` already")]
    Exists {
        /// What kind of thing.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// Something of an app's data is longer than it may be.
    #[error("{what} is {found} long; at most {limit} are taken")]
    TooLarge {
        /// What kind of thing.
        what: String,
        /// How long it is.
        found: u64,
        /// How long it may be.
        limit: u64,
    },
    /// An app would store more than it may.
    #[error("app `{app}` would store {used} {what}; its quota is {limit}")]
    Quota {
        /// The app.
        app: String,
        /// Bytes or rows.
        what: &'static str,
        /// How many it would store.
        used: u64,
        /// How many it may store.
        limit: u64,
    },
    /// An app itself changed since what a change wrote into its data.
    #[error("undoing change {0} would overwrite what the app stored since")]
    Overwrites(i64),
    /// The disk, or the database's own limit, is full.
    #[error("the disk is full")]
    Full,
    /// SQLite found the file in disorder.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// Another process holds the database.
    #[error("another fazt uses {path}")]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// The database was written by a newer fazt.
    #[error("{path} has schema {found}; this fazt knows up to {known}")]
    FromTheFuture {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The newest schema this program knows.
        known: u32,
    },
    /// The file is some other program's database, or none.
    #[error("{path} is not a fazt database: {reason}")]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The system does not let this program at the database's files.
    #[error("cannot use {path}: {reason}")]
    NoAccess {
        /// The database.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The store is closing.
    #[error("the store is closed")]
    Closed,
    /// The backend failed.
    #[error("the database failed: {0}")]
    Backend(String),
}

/// BLAKE3 of some bytes.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The hash of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = String;

    fn from_str(hex: &str) -> std::result::Result<Self, String> {
        blake3::Hash::from_hex(hex)
            .map(|hash| Self(*hash.as_bytes()))
            .map_err(|_| format!("`{hex}` is not a hash: give 64 hex digits"))
    }
}

/// Who changes something, by which tool, with what input.
#[derive(Clone, Debug)]
pub struct Actor {
    /// When.
    pub at: Timestamp,
    /// Who, as the ledger names it.
    pub caller: String,
    /// Through which face.
    pub face: Face,
    /// With which program.
    pub client: Option<String>,
    /// By which tool.
    pub tool: String,
    /// The tool's input without secrets and without file contents.
    pub input: Value,
}

/// A file of a version to be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TreeEntry {
    /// Path inside the app.
    pub path: String,
    /// Hash of the content.
    pub hash: Hash,
    /// Length of the content; a stored content of another length is not it.
    pub size: u64,
    /// Whether variants are worth making.
    pub compressible: bool,
}

/// Bytes on their way into the store.
#[derive(Debug)]
pub enum Content {
    /// In memory.
    Memory(Bytes),
    /// In a file that goes away when this value does.
    File(tempfile::TempPath),
}

/// A content that may be new to the store.
#[derive(Debug)]
pub struct NewBlob {
    /// Its hash, verified by whoever made this value.
    pub hash: Hash,
    /// Its length.
    pub size: u64,
    /// Its bytes.
    pub content: Content,
}

/// A version to store.
#[derive(Debug)]
pub struct Publish {
    /// The app; made if there is none.
    pub app: AppName,
    /// The id of the app if it is made.
    pub uid: String,
    /// The version's files.
    pub tree: Vec<TreeEntry>,
    /// Contents that came along.
    pub blobs: Vec<NewBlob>,
    /// The version's manifest, as JSON.
    pub manifest: String,
    /// Settings read from the manifest.
    pub settings: VersionSettings,
    /// What the deployer said.
    pub message: Option<String>,
    /// Whether it goes live.
    pub live: bool,
    /// Who deploys.
    pub actor: Actor,
}

/// Settings that belong to a version.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct VersionSettings {
    /// Whether unknown paths get `index.html`.
    #[serde(default)]
    pub spa: bool,
    /// Title of the app.
    #[serde(default)]
    pub title: Option<String>,
    /// Description of the app.
    #[serde(default)]
    pub description: Option<String>,
    /// Values of the environment that hold where the owner sets none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Whether each request of a function has globals of its own.
    #[serde(default)]
    pub fresh: bool,
}

/// What became of a publish.
#[derive(Clone, Debug)]
pub struct Published {
    /// The app's row id.
    pub app: i64,
    /// The version that holds the files.
    pub version: u32,
    /// Whether that version is live.
    pub live: bool,
    /// Whether the app is new.
    pub created: bool,
    /// Whether nothing changed at all.
    pub unchanged: bool,
    /// Files in the version.
    pub files: u64,
    /// Bytes in the version.
    pub bytes: u64,
    /// Against the version that was live.
    pub diff: Diff,
    /// The ledger row.
    pub change: Option<i64>,
}

/// How two trees differ.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Diff {
    /// Paths only the new one has.
    pub added: u64,
    /// Paths with other content.
    pub changed: u64,
    /// Paths only the old one has.
    pub removed: u64,
}

/// What became of a promote.
#[derive(Clone, Debug)]
pub struct Promoted {
    /// The app's row id.
    pub app: i64,
    /// The live version now.
    pub version: u32,
    /// The live version before.
    pub previous: Option<u32>,
    /// The ledger row, if anything changed.
    pub change: Option<i64>,
}

/// What became of a trash.
#[derive(Clone, Debug)]
pub struct Trashed {
    /// The app's row id.
    pub app: i64,
    /// How many versions went along.
    pub versions: u64,
    /// The ledger row.
    pub change: i64,
}

/// Settings of an app to change.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Configure {
    /// Overrides the manifest's `spa`.
    pub spa: Option<bool>,
    /// Values of the environment to set, or with `None` to remove.
    pub env: BTreeMap<String, Option<String>>,
    /// The budgets of its functions: all of them, those that are missing being the
    /// usual ones.
    pub limits: Option<Limits>,
    /// Alias names to add.
    pub add_hosts: Vec<String>,
    /// Alias names to remove.
    pub remove_hosts: Vec<String>,
    /// Versions to keep whatever their age.
    pub pin: Vec<u32>,
    /// Versions to keep no longer than others.
    pub unpin: Vec<u32>,
}

/// An app.
#[derive(Clone, Debug)]
pub struct App {
    /// Row id.
    pub id: i64,
    /// Its public id.
    pub uid: String,
    /// Its name.
    pub name: AppName,
    /// Its live version.
    pub live: Option<u32>,
    /// The owner's override of `spa`.
    pub spa: Option<bool>,
    /// When it was first deployed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An app with the figures of its live version and its day.
#[derive(Clone, Debug)]
pub struct AppSummary {
    /// The app.
    pub app: App,
    /// Files in the live version.
    pub files: u64,
    /// Bytes in the live version.
    pub bytes: u64,
    /// Requests since the query's `since`.
    pub requests: u64,
    /// Errors since the query's `since`.
    pub errors: u64,
}

/// Which apps to list.
#[derive(Clone, Debug)]
pub struct AppQuery {
    /// Only names that contain this.
    pub search: Option<String>,
    /// Only these.
    pub among: Option<Vec<AppName>>,
    /// Only names after this one.
    pub after: Option<String>,
    /// At most this many.
    pub limit: u32,
    /// Count traffic from here on.
    pub since: Timestamp,
}

/// A version of an app.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its number.
    pub version: u32,
    /// When it was deployed.
    pub created_at: Timestamp,
    /// Who deployed it.
    pub caller: String,
    /// What the deployer said.
    pub message: Option<String>,
    /// Files in it.
    pub files: u64,
    /// Bytes in it.
    pub bytes: u64,
    /// Whether it is kept whatever its age.
    pub pinned: bool,
    /// Settings read from its manifest.
    pub settings: VersionSettings,
}

/// A file of a version.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct File {
    /// Path inside the app.
    pub path: String,
    /// The content.
    pub blob: BlobRef,
}

/// A stored content.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BlobRef {
    /// Row id.
    pub id: i64,
    /// Hash of the content.
    pub hash: Hash,
    /// Its length.
    pub size: u64,
}

/// A representation of a content.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Variant {
    /// As it was deployed.
    Identity,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
    /// Brotli.
    Brotli,
}

impl Variant {
    /// The number stored.
    pub fn code(self) -> u8 {
        match self {
            Self::Identity => 0,
            Self::Gzip => 1,
            Self::Zstd => 2,
            Self::Brotli => 3,
        }
    }
}

/// Variants made for a content; none means it does not compress.
#[derive(Clone, Debug)]
pub struct NewVariants {
    /// The content.
    pub blob: i64,
    /// Its variants.
    pub variants: Vec<(Variant, Vec<u8>)>,
}

/// What serving a version takes.
#[derive(Clone, Debug)]
pub struct SiteFiles {
    /// When the version was deployed.
    pub created_at: Timestamp,
    /// Settings read from its manifest.
    pub settings: VersionSettings,
    /// Its files, each with a bit per variant code.
    pub files: Vec<(File, u8)>,
}

/// Every name that leads somewhere.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    /// The apps.
    pub apps: Vec<HostApp>,
    /// The aliases.
    pub aliases: Vec<Alias>,
}

/// What hosting knows of an app before its first request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HostApp {
    /// Row id.
    pub id: i64,
    /// Its public id.
    pub uid: String,
    /// Its name.
    pub name: String,
    /// Its live version.
    pub live: Option<u32>,
    /// The owner's override of `spa`.
    pub spa: Option<bool>,
    /// The owner's values of its environment, by name.
    pub env: Vec<(String, String)>,
    /// The owner's budgets of its functions.
    pub limits: Limits,
}

/// A name that leads somewhere.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Alias {
    /// A label or a whole domain.
    pub name: String,
    /// Where it leads.
    pub target: AliasTarget,
}

/// Where an alias leads.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AliasTarget {
    /// To an app.
    App(AppName),
    /// Elsewhere, with 301 or 302.
    Redirect {
        /// The URL.
        to: String,
        /// The status.
        status: u16,
    },
    /// Nowhere; no app may take the name.
    Reserved,
    /// To several apps by weight.
    Split(Vec<Share>),
}

impl AliasTarget {
    /// Its kind.
    pub fn kind(&self) -> AliasKind {
        match self {
            Self::App(_) => AliasKind::App,
            Self::Redirect { .. } => AliasKind::Redirect,
            Self::Reserved => AliasKind::Reserved,
            Self::Split(_) => AliasKind::Split,
        }
    }
}

/// Which changes to list.
#[derive(Clone, Debug)]
pub struct ChangeQuery {
    /// Only this app's.
    pub app: Option<AppName>,
    /// Only these apps' (and none without an app).
    pub among: Option<Vec<AppName>>,
    /// Only changes before this one.
    pub before: Option<i64>,
    /// At most this many.
    pub limit: u32,
}

/// A row of the ledger.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its number.
    pub id: i64,
    /// Who, when, how.
    pub actor: Actor,
    /// Of which app.
    pub app: Option<String>,
    /// What it did, in words.
    pub summary: String,
    /// Whether it can be undone.
    pub undoable: bool,
    /// The change that undid it.
    pub undone_by: Option<i64>,
    /// Whether it brought an app, an alias, a token or a peer, which undoing it
    /// takes away.
    pub brought: bool,
}

/// What became of an undo.
#[derive(Clone, Debug)]
pub struct Undone {
    /// The ledger row of the undo.
    pub change: i64,
    /// What it did, in words.
    pub summary: String,
    /// The apps whose serving may have changed.
    pub apps: Vec<i64>,
    /// Whether aliases changed.
    pub aliases: bool,
    /// Whether settings changed.
    pub settings: bool,
}

/// A session of the owner.
#[derive(Clone, Debug)]
pub struct Session {
    /// Hash of the cookie.
    pub hash: Hash,
    /// What mutations must carry.
    pub csrf: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

/// A token to store.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its name.
    pub name: String,
    /// The part it is looked up by.
    pub prefix: String,
    /// Hash of the whole.
    pub hash: Hash,
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

/// A stored token.
#[derive(Clone, Debug)]
pub struct Token {
    /// Row id.
    pub id: i64,
    /// What was stored.
    pub token: NewToken,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used.
    pub used_at: Option<Timestamp>,
    /// The calls it made, when last noted.
    pub spent: Spent,
}

/// Calls that a token made on a day.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Spent {
    /// Days since 1970, by UTC.
    pub day: i64,
    /// Calls.
    pub calls: u32,
}

/// A call to keep until a person decides.
#[derive(Clone, Debug)]
pub struct HeldCall {
    /// The token that asks.
    pub token: String,
    /// What the caller may do: no more than its token.
    pub scopes: Scopes,
    /// Through which face.
    pub face: Face,
    /// With which program.
    pub client: Option<String>,
    /// The tool to be carried out.
    pub tool: String,
    /// What it was given.
    pub input: Value,
    /// What a person is asked.
    pub question: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Until when a person may decide.
    pub expires_at: Timestamp,
}

/// A call that waits, or waited, for a person.
#[derive(Clone, Debug)]
pub struct Approval {
    /// Row id.
    pub id: i64,
    /// Row id of the token.
    pub token_id: i64,
    /// The call.
    pub call: HeldCall,
    /// What became of it; that it expired is for the reader to see.
    pub state: State,
    /// When a person decided.
    pub decided_at: Option<Timestamp>,
    /// What the tool answered, or why it was refused.
    pub outcome: Option<Value>,
}

/// Which calls to list.
#[derive(Clone, Debug)]
pub struct ApprovalQuery {
    /// Also those that are decided or expired.
    pub all: bool,
    /// Only calls before this one.
    pub before: Option<i64>,
    /// At most this many.
    pub limit: u32,
    /// The time now.
    pub now: Timestamp,
}

/// What is known of an idempotency key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reserved {
    /// Nothing: it is reserved now.
    New,
    /// A request with it is under way.
    Running,
    /// It was answered.
    Answered(u16, String),
    /// It was used for another request.
    Other,
}

/// What is stored of a peer.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PeerRow {
    /// Address of its API.
    pub url: String,
    /// Its token, sealed.
    pub token: String,
}

/// A peer.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its name.
    pub name: PeerName,
    /// Address and token.
    pub row: PeerRow,
    /// Whether it is the default.
    pub default: bool,
    /// Its version when last seen.
    pub version: Option<String>,
    /// When it last answered.
    pub seen_at: Option<Timestamp>,
}

/// Counted requests of an app within an hour.
#[derive(Clone, Copy, Debug)]
pub struct Traffic {
    /// The app.
    pub app: i64,
    /// Hours since 1970.
    pub hour: i64,
    /// Requests.
    pub requests: u64,
    /// Of these, answered with 5xx.
    pub errors: u64,
}

/// What to keep when collecting.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// Newest versions of an app.
    pub versions: u32,
    /// Age at which the trash is emptied.
    pub trash: jiff::SignedDuration,
    /// Age at which a content no version names goes.
    pub loose_blobs: jiff::SignedDuration,
}

/// Sizes and queues.
#[derive(Clone, Debug)]
pub struct StoreFacts {
    /// Where the data is.
    pub path: String,
    /// Bytes of the main file.
    pub bytes: u64,
    /// Bytes of the write-ahead log.
    pub wal_bytes: u64,
    /// Number of the schema.
    pub schema: u32,
    /// Apps that are not in the trash.
    pub apps: u64,
    /// Writes that wait.
    pub queued_writes: u64,
}

/// A session of the Model Context Protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct McpSession {
    /// Hash of its id.
    pub hash: Hash,
    /// The caller it belongs to, as the ledger names it.
    pub caller: String,
    /// What its client said at the beginning, as JSON.
    pub state: String,
}

/// An address that takes one upload.
#[derive(Clone, Debug, PartialEq)]
pub struct Ticket {
    /// Hash of its secret part.
    pub hash: Hash,
    /// Who made it, as JSON.
    pub caller: String,
    /// The deploy it is for, as JSON.
    pub input: String,
    /// Until when it may be used.
    pub expires_at: Timestamp,
}
