//! `query_data` on a node.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fazt_tools::{
    Caller, Handler, Problem,
    query_data::{Collection, Entry, Input, Kind, Output, QueryData},
};
use serde_json::Value;

use super::{cursor_of, page, read_cursor, storage_problem};
use crate::{
    node::Node,
    store::data::{
        DataScope, Datum, Find, KvEntry, Object, Operation, Outcome, Page, Query, Sort, Space,
    },
};

/// Bytes of the entries in an answer; a first one is answered whatever its size.
const ANSWER: usize = 256 << 10;
/// Bytes that are answered as base64.
const BYTES: usize = 64 << 10;

impl Handler<QueryData> for Node {
    async fn handle(&self, _: &Caller, input: Input) -> Result<Output, Problem> {
        let app = self.find_app(&input.app).await?;
        let space = Space { app: app.id, scope: scope_of(input.user.as_deref())? };
        let fits = match input.kind {
            Some(Kind::Ds) => input.prefix.is_none(),
            _ => input.coll.is_none() && input.query.is_none() && input.sort.is_none(),
        };
        if !fits || (input.key.is_some() && (input.prefix.is_some() || input.query.is_some())) {
            let rule = "keys and objects take `key` or `prefix`; documents take `coll`, and `key` \
                        or `query` with `sort`";
            return Err(Problem::invalid("kind", rule));
        }
        let mut output = Output {
            app: app.name,
            entries: Vec::new(),
            collections: Vec::new(),
            rows: 0,
            bytes: 0,
            cursor: None,
        };
        if let Some(kind) = input.kind {
            let operation = operation(kind, &input)?;
            let done = self.store.data(&space, operation, self.clock.now()).await;
            let (entries, cursor) = entries(done.map_err(|e| storage_problem(&e))?);
            output.entries = entries;
            // One that was named is all there is.
            if let (Some(key), Kind::Kv | Kind::S3) = (&input.key, kind) {
                output.entries.retain(|entry| entry.key == *key);
            } else {
                output.cursor = cursor.as_deref().map(cursor_of);
            }
        } else {
            let found = self.store.collections(&space).await.map_err(|e| storage_problem(&e))?;
            let found = found.into_iter();
            output.collections =
                found.map(|(name, documents)| Collection { name, documents }).collect();
        }
        let usage = self.store.usage(space.app).await.map_err(|e| storage_problem(&e))?;
        Ok(Output { rows: usage.rows, bytes: usage.bytes, ..output })
    }
}

/// Whose part of the data is meant.
pub(super) fn scope_of(user: Option<&str>) -> Result<DataScope, Problem> {
    match user {
        None => Ok(DataScope::shared()),
        Some(id) => DataScope::user(id).map_err(|e| storage_problem(&e)),
    }
}

/// The collection, which documents need.
pub(super) fn collection(coll: Option<&String>) -> Result<String, Problem> {
    let missing = || {
        Problem::invalid("coll", "name the collection of documents")
            .hint("without `kind`, `query_data` lists them")
    };
    coll.cloned().ok_or_else(missing)
}

fn operation(kind: Kind, input: &Input) -> Result<Operation, Problem> {
    let limit = if input.key.is_some() { 1 } else { page(input.limit)? };
    let after = read_cursor(input.cursor.as_deref())?;
    let page = Page { limit, bytes: ANSWER, after };
    // A key is the first of those that begin with it.
    let prefix = input.key.as_ref().or(input.prefix.as_ref()).cloned().unwrap_or_default();
    Ok(match kind {
        Kind::Kv => Operation::KvList { prefix, page },
        Kind::S3 => Operation::S3List { prefix, page },
        Kind::Ds => {
            let coll = collection(input.coll.as_ref())?;
            let query = match (&input.key, &input.query) {
                (Some(id), _) => Query::id(id),
                (None, Some(query)) => Query::parse(&Value::Object(query.0.clone()))
                    .map_err(|rule| Problem::invalid("query", rule))?,
                (None, None) => Query::all(),
            };
            let sort = match &input.sort {
                Some(sort) => Sort::parse(&sort.as_str().into())
                    .map_err(|rule| Problem::invalid("sort", rule))?,
                None => Sort::default(),
            };
            Operation::DsFind(Find { query, sort, page, ..Find::all(&coll) })
        }
    })
}

fn entries(found: Outcome) -> (Vec<Entry>, Option<String>) {
    match found {
        Outcome::Entries((keys, next)) => (keys.into_iter().map(of_key).collect(), next),
        Outcome::Objects((objects, next)) => (objects.into_iter().map(of_object).collect(), next),
        Outcome::Documents((found, next)) => (found.into_iter().map(of_document).collect(), next),
        _ => (Vec::new(), None),
    }
}

fn blank(key: String, size: usize) -> Entry {
    Entry {
        key,
        value: None,
        base64: None,
        size: size as u64,
        content_type: None,
        hash: None,
        expires_at: None,
    }
}

fn of_key(entry: KvEntry) -> Entry {
    let expires_at = entry.expires_at.map(|at| at.to_string());
    let written = Entry { expires_at, ..blank(entry.key, entry.value.size()) };
    match &entry.value {
        Datum::Json(_) => Entry { value: entry.value.value(), ..written },
        Datum::Bytes(bytes) if bytes.len() <= BYTES => {
            Entry { base64: Some(STANDARD.encode(bytes)), ..written }
        }
        Datum::Bytes(_) => written,
    }
}

fn of_document(document: Value) -> Entry {
    let id = document["id"].as_str().unwrap_or_default().to_owned();
    let size = document.to_string().len();
    Entry { value: Some(document), ..blank(id, size) }
}

fn of_object(object: Object) -> Entry {
    Entry {
        content_type: Some(object.media),
        hash: Some(object.blob.hash.to_string()),
        size: object.blob.size,
        ..blank(object.path, 0)
    }
}
