//! What may be stored: nothing too long, too large or too deep.
//!
//! Looked at before an operation reaches a backend, on the caller's thread. Each
//! refusal names the limit.

use fazt_tools::limits;
use serde_json::Value;

use super::{DEPTH, DataEdit, Datum, Find, Operation, fits};
use crate::store::{Result, StoreError};

impl Operation {
    /// Refuses what is too long, too large or too deep, and gives new documents
    /// their ids: on the caller's thread, so that the writer need not.
    pub(in super::super) fn prepare(&mut self) -> Result<()> {
        match self {
            Self::KvGet { key } | Self::KvDelete { key } | Self::KvIncr { key, .. } => {
                check_key("a key", key)
            }
            Self::KvSet { key, value, .. } => {
                check_key("a key", key)?;
                value.check()
            }
            Self::KvCas { key, new, .. } => {
                check_key("a key", key)?;
                new.as_ref().map_or(Ok(()), Datum::check)
            }
            Self::KvList { prefix, .. } | Self::S3List { prefix, .. } => {
                bounded("a prefix", prefix.len(), &limits::DATA_KEY_BYTES)
            }
            Self::DsInsert { coll, documents } => {
                check_key("the name of a collection", coll)?;
                documents.iter_mut().try_for_each(|document| {
                    if let Value::Object(fields) = document
                        && fields.get("id").is_none_or(Value::is_null)
                    {
                        fields.insert("id".to_owned(), crate::clock::id("").into());
                    }
                    check_document(document).map(drop)
                })
            }
            Self::DsReplace { coll, id, document } => {
                check_key("the name of a collection", coll)?;
                *document = with_id(std::mem::take(document), id)?;
                check_document(document).map(drop)
            }
            Self::DsFind(Find { coll, .. })
            | Self::DsUpdate { coll, .. }
            | Self::DsDelete { coll, .. }
            | Self::DsCount { coll, .. }
            | Self::DsDistinct { coll, .. } => check_key("the name of a collection", coll),
            Self::S3Put { path, media, content } => {
                check_object(path, media)?;
                bounded("an object put from memory", content.bytes.len(), &limits::DATA_BYTES_BYTES)
            }
            Self::S3Head { path } | Self::S3Delete { path } => check_key("a path", path),
        }
    }
}

impl DataEdit {
    /// Refuses what is too long, too large or too deep, and gives the document its id.
    pub(in super::super) fn prepare(&mut self) -> Result<()> {
        match self {
            Self::Key { key, value } => {
                check_key("a key", key)?;
                value.as_ref().map_or(Ok(()), |value| Datum::json(value).check())
            }
            Self::Document { coll, id, document } => {
                check_key("the name of a collection", coll)?;
                check_key("the `id` of a document", id)?;
                let Some(given) = document.take() else { return Ok(()) };
                let given = with_id(given, id)?;
                check_document(&given)?;
                *document = Some(given);
                Ok(())
            }
        }
    }
}

/// A document that bears the id it is stored under.
fn with_id(mut document: Value, id: &str) -> Result<Value> {
    let Value::Object(fields) = &mut document else {
        return Err(StoreError::Unfit("a document is an object".to_owned()));
    };
    match fields.get("id") {
        Some(Value::String(own)) if own == id => {}
        None | Some(Value::Null) => {
            fields.insert("id".to_owned(), id.into());
        }
        Some(_) => {
            return Err(StoreError::Unfit(format!(
                "the document's own `id` is not `{id}`: leave it out, or give the same"
            )));
        }
    }
    Ok(document)
}

/// The text of a document that may be stored.
pub(in super::super) fn check_document(document: &Value) -> Result<String> {
    match document.get("id") {
        Some(Value::String(id)) => check_key("the `id` of a document", id)?,
        None if !document.is_object() => {
            return Err(StoreError::Unfit("a document is an object".to_owned()));
        }
        _ => return Err(StoreError::Unfit("the `id` of a document is a text".to_owned())),
    }
    shallow("a document", document)?;
    let text = document.to_string();
    bounded("a document", text.len(), &limits::DATA_DOCUMENT_BYTES)?;
    Ok(text)
}

/// Refuses a path or media type that an object cannot have.
pub(in super::super) fn check_object(path: &str, media: &str) -> Result<()> {
    check_key("a path", path)?;
    bounded("a media type", media.len(), &limits::DATA_KEY_BYTES)
}

fn check_key(what: &str, key: &str) -> Result<()> {
    if key.is_empty() {
        return Err(StoreError::Unfit(format!("{what} must not be empty")));
    }
    bounded(what, key.len(), &limits::DATA_KEY_BYTES)
}

fn shallow(what: &str, value: &Value) -> Result<()> {
    if fits(value, DEPTH) {
        return Ok(());
    }
    Err(StoreError::Unfit(format!("{what} is nested more than {DEPTH} deep")))
}

pub(super) fn bounded(what: &str, found: usize, limit: &limits::Limit) -> Result<()> {
    let (found, limit) = (found as u64, limit.value);
    if found <= limit {
        return Ok(());
    }
    Err(StoreError::TooLarge { what: what.to_owned(), found, limit })
}

impl Datum {
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::Json(text) => {
                bounded("a value of JSON", text.len(), &limits::DATA_VALUE_BYTES)?;
                let value: Value = serde_json::from_str(text)
                    .map_err(|error| StoreError::Unfit(format!("a value is not JSON: {error}")))?;
                shallow("a value", &value)
            }
            Self::Bytes(bytes) => {
                bounded("a value of bytes", bytes.len(), &limits::DATA_BYTES_BYTES)
            }
        }
    }
}
