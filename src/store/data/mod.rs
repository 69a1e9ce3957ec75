//! What apps store: keys, documents and objects, shared or of one user.
//!
//! [`DataStore`] is the contract; what may be stored is checked here, before it
//! reaches a backend: sizes, depth, queries, updates. An app is known by its row
//! id, so nobody builds prefixes; what another app or user stores cannot be named.

mod check;
mod order;
mod query;
mod update;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fazt_tools::{AppName, limits};
use jiff::Timestamp;
use serde_json::{Number, Value};

pub use order::{DEPTH, Path, compare, compare_found, fits};
pub use query::{Query, Sort};
pub use update::{Update, add};

use check::bounded;
pub(super) use check::{check_document, check_object};

use super::{Actor, BlobRef, Hash, NewBlob, Result, StoreError};

/// Rows in a page at most.
pub const PAGE: u32 = 1_000;
/// Bytes of the rows in a page at most; a first row is never too large.
pub const PAGE_BYTES: usize = 8 << 20;
/// Documents that one update or delete may change.
pub const TOUCHED: usize = 10_000;
/// Operations of one transaction.
pub const STEPS: usize = 1_000;

/// Whose part of an app's data: everybody's, or one user's.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct DataScope(String);

impl DataScope {
    /// What all users of the app share.
    pub fn shared() -> Self {
        Self::default()
    }

    /// What belongs to the user of that id.
    pub fn user(id: &str) -> Result<Self> {
        if id.is_empty() {
            return Err(StoreError::Unfit("the id of a user must not be empty".to_owned()));
        }
        bounded("the id of a user", id.len(), &limits::DATA_KEY_BYTES)?;
        Ok(Self(id.to_owned()))
    }

    /// As it is stored: the user's id, or nothing.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An app's data, or the part of it that is one user's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Space {
    /// Row id of the app.
    pub app: i64,
    /// Whose part.
    pub scope: DataScope,
}

/// What a key holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    /// JSON, as text.
    Json(String),
    /// Bytes.
    Bytes(Bytes),
}

impl Datum {
    /// A value of JSON.
    pub fn json(value: &Value) -> Self {
        Self::Json(value.to_string())
    }

    /// The value, if it is JSON.
    pub fn value(&self) -> Option<Value> {
        match self {
            Self::Json(text) => serde_json::from_str(text).ok(),
            Self::Bytes(_) => None,
        }
    }

    /// Its length in bytes.
    pub fn size(&self) -> usize {
        match self {
            Self::Json(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// Whether both are worth the same: bytes by their content, JSON by its value.
    pub fn is(&self, other: &Self) -> bool {
        self == other
            || matches!((self.value(), other.value()), (Some(a), Some(b)) if compare(&a, &b).is_eq())
    }
}

/// A key with what it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct KvEntry {
    /// The key.
    pub key: String,
    /// What it holds.
    pub value: Datum,
    /// When it goes away by itself.
    pub expires_at: Option<Timestamp>,
}

/// An object without its content.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Its path.
    pub path: String,
    /// Its media type.
    pub media: String,
    /// Its content; the hash is its entity tag.
    pub blob: BlobRef,
    /// When it was put.
    pub at: Timestamp,
}

/// A content in memory, hashed before it reaches the writer.
#[derive(Clone, Debug)]
pub struct Hashed {
    hash: Hash,
    bytes: Bytes,
}

impl Hashed {
    /// Hashes `bytes`.
    pub fn of(bytes: Bytes) -> Self {
        Self { hash: Hash::of(&bytes), bytes }
    }

    /// The bytes, if they are of that hash.
    pub fn if_is(&self, hash: &Hash) -> Option<Bytes> {
        (self.hash == *hash).then(|| self.bytes.clone())
    }

    /// As a content that may be new.
    pub(super) fn blob(&self) -> NewBlob {
        NewBlob {
            hash: self.hash,
            size: self.bytes.len() as u64,
            content: super::Content::Memory(self.bytes.clone()),
        }
    }
}

/// A part of a list: at most `limit` rows, beginning after a cursor.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// At most this many, and at most [`PAGE`]; 0 means as many as that.
    pub limit: u32,
    /// No more rows once they hold so many bytes, 8 MiB at most; 0 means as many as
    /// that.
    pub bytes: usize,
    /// The cursor of the page before.
    pub after: Option<String>,
}

impl Page {
    /// Whether one more row, which makes it so many bytes, is for the next page.
    pub(super) fn is_full(&self, rows: usize, bytes: usize) -> bool {
        let most = if self.limit == 0 { PAGE } else { self.limit.min(PAGE) };
        rows >= most as usize || (rows > 0 && bytes > self.most_bytes())
    }

    /// Rows and bytes beyond which a page in the making is cut.
    pub(super) fn slack(&self) -> (usize, usize) {
        let most = if self.limit == 0 { PAGE } else { self.limit.min(PAGE) };
        (most as usize * 2 + 16, self.most_bytes() * 2)
    }

    /// Where a list of names that begin with `prefix` goes on.
    pub(super) fn from<'p>(&'p self, prefix: &'p str) -> &'p str {
        self.after.as_deref().unwrap_or_default().max(prefix)
    }

    fn most_bytes(&self) -> usize {
        if self.bytes == 0 { PAGE_BYTES } else { self.bytes.min(PAGE_BYTES) }
    }
}

/// What is listed, and where the next page begins.
pub type Listed<T> = (Vec<T>, Option<String>);

/// What to find in a collection.
#[derive(Clone, Debug)]
pub struct Find {
    /// The collection.
    pub coll: String,
    /// What documents must be like.
    pub query: Query,
    /// In which order.
    pub sort: Sort,
    /// Which part of them.
    pub page: Page,
    /// Only these fields, and `id`; empty means all.
    pub fields: Vec<Path>,
}

impl Find {
    /// Every document of a collection, by id.
    pub fn all(coll: &str) -> Self {
        Self {
            coll: coll.to_owned(),
            query: Query::all(),
            sort: Sort::default(),
            page: Page::default(),
            fields: Vec::new(),
        }
    }
}

/// One operation on an app's data.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is named by its fields, and answered as its comment says")]
pub enum Operation {
    /// [`Outcome::Value`].
    KvGet { key: String },
    /// [`Outcome::Done`]. A `ttl` that is missing means for good.
    KvSet { key: String, value: Datum, ttl: Option<Duration> },
    /// [`Outcome::Held`]: whether there was one.
    KvDelete { key: String },
    /// [`Outcome::Entries`].
    KvList { prefix: String, page: Page },
    /// [`Outcome::Number`]: the sum. A key that is missing counts as 0; a lifetime stays.
    KvIncr { key: String, by: Number },
    /// [`Outcome::Held`]: whether the key held `old`, and now holds `new`. `None` is
    /// no key; a lifetime ends.
    KvCas { key: String, old: Option<Datum>, new: Option<Datum> },
    /// [`Outcome::Ids`]. A document without an `id` gets one.
    DsInsert { coll: String, documents: Vec<Value> },
    /// [`Outcome::Documents`].
    DsFind(Find),
    /// [`Outcome::Count`]: how many were changed.
    DsUpdate { coll: String, query: Query, update: Update },
    /// [`Outcome::Held`]: whether there was one; it is made where there was none.
    DsReplace { coll: String, id: String, document: Value },
    /// [`Outcome::Count`].
    DsDelete { coll: String, query: Query },
    /// [`Outcome::Count`].
    DsCount { coll: String, query: Query },
    /// [`Outcome::Values`], sorted.
    DsDistinct { coll: String, path: Path, query: Query },
    /// [`Outcome::Object`].
    S3Put { path: String, media: String, content: Hashed },
    /// [`Outcome::Object`].
    S3Head { path: String },
    /// [`Outcome::Held`]: whether there was one.
    S3Delete { path: String },
    /// [`Outcome::Objects`].
    S3List { prefix: String, page: Page },
}

/// What became of an operation.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "an operation says what it answers")]
pub enum Outcome {
    Done,
    Held(bool),
    Number(Number),
    Count(u64),
    Value(Option<Datum>),
    Entries(Listed<KvEntry>),
    Ids(Vec<String>),
    Documents(Listed<Value>),
    Values(Vec<Value>),
    Object(Option<Object>),
    Objects(Listed<Object>),
}

impl Outcome {
    /// Whether both tell the same. Of a content it is the hash that counts: its row may
    /// be another when it is stored anew.
    pub fn is(&self, other: &Self) -> bool {
        let object = |a: &Object, b: &Object| {
            (&a.path, &a.media, a.blob.hash, a.blob.size, a.at)
                == (&b.path, &b.media, b.blob.hash, b.blob.size, b.at)
        };
        match (self, other) {
            (Self::Object(Some(a)), Self::Object(Some(b))) => object(a, b),
            (Self::Objects((a, after)), Self::Objects((b, then))) => {
                let pairs = a.iter().zip(b);
                after == then && a.len() == b.len() && pairs.into_iter().all(|(a, b)| object(a, b))
            }
            _ => self == other,
        }
    }
}

impl Outcome {
    /// About how many bytes it holds.
    pub fn size(&self) -> usize {
        let texts = |values: &[Value]| values.iter().map(|value| value.to_string().len()).sum();
        match self {
            Self::Done | Self::Held(_) | Self::Number(_) | Self::Count(_) | Self::Object(_) => 64,
            Self::Value(datum) => datum.as_ref().map_or(64, Datum::size),
            Self::Entries((entries, _)) => {
                entries.iter().map(|entry| entry.key.len() + entry.value.size()).sum()
            }
            Self::Ids(ids) => ids.iter().map(String::len).sum(),
            Self::Documents((documents, _)) => texts(documents),
            Self::Values(values) => texts(values),
            Self::Objects((objects, _)) => objects.len() * 256,
        }
    }
}

/// An operation, and on whose part of the app's data.
#[derive(Clone, Debug)]
pub struct Step {
    /// Whose part.
    pub scope: DataScope,
    /// What to do.
    pub operation: Operation,
}

/// A change by hand, kept in the ledger.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each is named by its fields")]
pub enum DataEdit {
    /// Sets a key for good, or with `None` deletes it.
    Key { key: String, value: Option<Value> },
    /// Sets a whole document, or with `None` deletes it.
    Document { coll: String, id: String, document: Option<Value> },
}

/// What an app stores.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Usage {
    /// Keys, documents and objects together.
    pub rows: u64,
    /// Their bytes, names included; an object counts whole, however often its
    /// content is stored elsewhere.
    pub bytes: u64,
}

/// What an app may store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Quota {
    /// Keys, documents and objects together.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Self { rows: limits::DATA_ROWS.value, bytes: limits::DATA_BYTES.value }
    }
}

/// What apps store. An app in the trash has no data until it is restored.
#[async_trait]
pub trait DataStore: Send + Sync {
    /// Bounds what an app may store from now on.
    fn set_quota(&self, quota: Quota);
    /// Carries out several operations in one transaction: all, or none and the
    /// first refusal. With `dry_run` they are carried out, answered, and taken
    /// back. What only reads does not wait for the writer.
    async fn apply(
        &self,
        app: i64,
        steps: Vec<Step>,
        dry_run: bool,
        now: Timestamp,
    ) -> Result<Vec<Outcome>>;
    /// Carries out several operations in one transaction if they are answered now as
    /// they were in `seen`; otherwise nothing is changed, and `false` says so. With
    /// `dry_run` it only says.
    async fn apply_if(
        &self,
        app: i64,
        steps: Vec<Step>,
        seen: Vec<Outcome>,
        dry_run: bool,
        now: Timestamp,
    ) -> Result<bool>;
    /// What a key holds, unless it has expired.
    async fn kv_get(&self, space: &Space, key: &str, now: Timestamp) -> Result<Option<Datum>>;
    /// Puts an object whose content may be a file.
    async fn s3_put(
        &self,
        space: &Space,
        path: &str,
        media: &str,
        content: NewBlob,
        now: Timestamp,
    ) -> Result<Object>;
    /// The names of collections, each with how many documents it holds.
    async fn collections(&self, space: &Space) -> Result<Vec<(String, u64)>>;
    /// What an app stores, its users' parts included.
    async fn usage(&self, app: i64) -> Result<Usage>;
    /// Changes keys and documents by hand, with a row in the ledger; `None` when
    /// all was so already.
    async fn edit_data(
        &self,
        app: &AppName,
        scope: &DataScope,
        edits: Vec<DataEdit>,
        actor: Actor,
    ) -> Result<Option<i64>>;
    /// Carries out one operation.
    async fn data(&self, space: &Space, operation: Operation, now: Timestamp) -> Result<Outcome> {
        let step = Step { scope: space.scope.clone(), operation };
        let outcome = self.apply(space.app, vec![step], false, now).await?.pop();
        outcome.ok_or_else(|| StoreError::Backend("an operation was not answered".to_owned()))
    }
}

impl Operation {
    /// Whether it may change something.
    pub fn writes(&self) -> bool {
        !matches!(
            self,
            Self::KvGet { .. }
                | Self::KvList { .. }
                | Self::DsFind(_)
                | Self::DsCount { .. }
                | Self::DsDistinct { .. }
                | Self::S3Head { .. }
                | Self::S3List { .. }
        )
    }
}
