//! Calls of `kv`, `ds` and `s3` as operations of the store, and outcomes as replies.
//!
//! What a script sends is believed nothing: every argument is read into a type here,
//! and refused by the name of the method and of the argument. Pure.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::{
    apps::site::media,
    runtime::frames::{HostError, Reply},
    store::data::{
        Datum, Find, Hashed, Object, Operation, Outcome, PAGE, Page, Path, Query, Sort, Update,
    },
};

/// A call's arguments, taken one after the other.
pub(super) struct Arguments<'c> {
    api: &'c str,
    values: std::vec::IntoIter<Value>,
    bytes: Vec<Bytes>,
}

impl<'c> Arguments<'c> {
    pub(super) fn read(api: &'c str, text: &str, bytes: Vec<Bytes>) -> Result<Self, HostError> {
        let values: Vec<Value> = if text.is_empty() {
            Vec::new()
        } else {
            let unread = |_| HostError::new("VALIDATION_FAILED", "arguments are a list");
            serde_json::from_str(text).map_err(unread)?
        };
        Ok(Self { api, values: values.into_iter(), bytes })
    }

    /// Bytes of the contents that came along.
    pub(super) fn content_bytes(&self) -> usize {
        self.bytes.iter().map(Bytes::len).sum()
    }

    fn refused(&self, what: impl std::fmt::Display) -> HostError {
        HostError::new("VALIDATION_FAILED", format!("{}: {what}", self.api))
    }

    fn next(&mut self) -> Value {
        self.values.next().unwrap_or(Value::Null)
    }

    pub(super) fn text(&mut self, name: &str) -> Result<String, HostError> {
        match self.next() {
            Value::String(text) => Ok(text),
            _ => Err(self.refused(format!("the {name} has to be a string"))),
        }
    }

    pub(super) fn text_or(&mut self, name: &str, other: &str) -> Result<String, HostError> {
        match self.next() {
            Value::Null => Ok(other.to_owned()),
            Value::String(text) => Ok(text),
            _ => Err(self.refused(format!("the {name} has to be a string"))),
        }
    }

    pub(super) fn flag(&mut self) -> Result<bool, HostError> {
        match self.next() {
            Value::Bool(flag) => Ok(flag),
            _ => Err(self.refused("say true or false")),
        }
    }

    /// A value of JSON, or bytes; `None` where there is none.
    fn datum(&mut self) -> Result<Option<Datum>, HostError> {
        match self.next() {
            Value::Null => Ok(None),
            Value::Object(mut given) => match (given.remove("json"), given.get("bytes")) {
                (Some(value), _) => Ok(Some(Datum::json(&value))),
                (_, Some(_)) => Ok(Some(Datum::Bytes(self.content(given.get("bytes"))?))),
                _ => Err(self.refused("a value is JSON or bytes")),
            },
            _ => Err(self.refused("a value is JSON or bytes")),
        }
    }

    fn content(&self, place: Option<&Value>) -> Result<Bytes, HostError> {
        let place = place.and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        let bytes = place.and_then(|place| self.bytes.get(place));
        bytes.cloned().ok_or_else(|| self.refused("the bytes are missing"))
    }

    /// Options: an object with no other fields than `known`.
    fn options(&mut self, known: &[&str]) -> Result<Map<String, Value>, HostError> {
        let value = self.next();
        self.read_options(value, known)
    }

    fn read_options(&self, value: Value, known: &[&str]) -> Result<Map<String, Value>, HostError> {
        match value {
            Value::Null => Ok(Map::new()),
            Value::Object(given) => match given.keys().find(|key| !known.contains(&key.as_str())) {
                None => Ok(given),
                Some(other) => {
                    let known = known.join("`, `");
                    Err(self.refused(format!("there is no option `{other}`; there are `{known}`")))
                }
            },
            _ => Err(self.refused(format!("options are an object with `{}`", known.join("`, `")))),
        }
    }

    /// A lifetime: milliseconds, alone or as `ttl`.
    pub(super) fn ttl(&mut self) -> Result<Option<Duration>, HostError> {
        let value = match self.next() {
            ms @ Value::Number(_) => ms,
            options => {
                let mut options = self.read_options(options, &["ttl"])?;
                options.remove("ttl").unwrap_or_default()
            }
        };
        if value.is_null() {
            return Ok(None);
        }
        let ms = value.as_f64().filter(|ms| ms.is_finite() && *ms > 0.0);
        let ms = ms.ok_or_else(|| self.refused("`ttl` is a number of milliseconds above 0"))?;
        // A thousand years are for good.
        Ok(Some(Duration::from_secs_f64(ms.min(3.2e13) / 1_000.0)))
    }

    fn page(&self, options: &Map<String, Value>) -> Result<Page, HostError> {
        let limit = match options.get("limit") {
            None | Some(Value::Null) => 0,
            Some(limit) => {
                let whole = limit.as_u64().or_else(|| {
                    let float = limit.as_f64().filter(|float| float.fract() == 0.0)?;
                    format!("{float}").parse().ok()
                });
                let whole = whole.and_then(|n| u32::try_from(n).ok());
                let whole = whole.filter(|n| (1..=PAGE).contains(n));
                let rule = || self.refused(format!("`limit` is a whole number from 1 to {PAGE}"));
                whole.ok_or_else(rule)?
            }
        };
        let after = match options.get("cursor") {
            None | Some(Value::Null) => None,
            Some(Value::String(cursor)) => Some(cursor.clone()),
            Some(_) => return Err(self.refused("`cursor` is the `cursor` of an earlier page")),
        };
        Ok(Page { limit, after, ..Page::default() })
    }

    /// A query, or the id of a document; `None` where there is none.
    fn query(&mut self) -> Result<Option<Query>, HostError> {
        match self.next() {
            Value::Null => Ok(None),
            Value::String(id) => Ok(Some(Query::id(&id))),
            query => Query::parse(&query).map(Some).map_err(|why| self.refused(why)),
        }
    }

    fn documents(&mut self, many: bool) -> Result<Vec<Value>, HostError> {
        let mut documents = match self.next() {
            Value::Array(documents) if many => documents,
            _ if many => return Err(self.refused("the documents have to be a list of objects")),
            document => vec![document],
        };
        for document in &mut documents {
            let Value::Object(fields) = document else {
                return Err(self.refused("a document has to be an object"));
            };
            // A rehearsal and what follows it insert the same document.
            if fields.get("id").is_none_or(Value::is_null) {
                fields.insert("id".to_owned(), crate::clock::id("").into());
            }
        }
        Ok(documents)
    }

    fn find(&mut self, coll: String) -> Result<Find, HostError> {
        let query = self.query()?.unwrap_or_else(Query::all);
        let options = self.options(&["sort", "limit", "cursor", "fields"])?;
        let page = self.page(&options)?;
        let sort = match options.get("sort") {
            None | Some(Value::Null) => Sort::default(),
            Some(sort) => Sort::parse(sort).map_err(|why| self.refused(why))?,
        };
        let names: Vec<&str> = match options.get("fields") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(names)) => names.split(',').map(str::trim).collect(),
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            Some(_) => return Err(self.refused("`fields` is a list of names")),
        };
        if names.len() > FIELDS {
            return Err(self.refused(format!("`fields` names at most {FIELDS} fields")));
        }
        let fields = names.into_iter().map(Path::parse).collect::<Result<_, _>>();
        let fields = fields.map_err(|why| self.refused(why))?;
        Ok(Find { coll, query, sort, page, fields })
    }
}

/// Fields that a search may name.
const FIELDS: usize = 100;

/// The operation that a call means.
pub(super) fn operation(name: &str, given: &mut Arguments<'_>) -> Result<Operation, HostError> {
    Ok(match name {
        "kv.get" => Operation::KvGet { key: given.text("key")? },
        "kv.delete" => Operation::KvDelete { key: given.text("key")? },
        "kv.set" => {
            let (key, value) = (given.text("key")?, given.datum()?);
            let missing = || given.refused("the value is missing; `kv.delete` removes a key");
            let value = value.ok_or_else(missing)?;
            Operation::KvSet { key, value, ttl: given.ttl()? }
        }
        "kv.incr" => {
            let key = given.text("key")?;
            let by = match given.next() {
                Value::Null => 1.into(),
                Value::Number(by) => by,
                _ => return Err(given.refused("what is added has to be a number")),
            };
            Operation::KvIncr { key, by }
        }
        "kv.cas" => {
            let key = given.text("key")?;
            Operation::KvCas { key, old: given.datum()?, new: given.datum()? }
        }
        "kv.list" => {
            let prefix = given.text_or("prefix", "")?;
            let options = given.options(&["limit", "cursor"])?;
            Operation::KvList { prefix, page: given.page(&options)? }
        }
        "ds.insert" | "ds.insertMany" => {
            let coll = given.text("collection")?;
            Operation::DsInsert { coll, documents: given.documents(name == "ds.insertMany")? }
        }
        "ds.find" => {
            let coll = given.text("collection")?;
            Operation::DsFind(given.find(coll)?)
        }
        "ds.findOne" => {
            let coll = given.text("collection")?;
            let mut find = given.find(coll)?;
            find.page = Page { limit: 1, ..Page::default() };
            Operation::DsFind(find)
        }
        "ds.update" => {
            let (coll, query) = (given.text("collection")?, needed(given)?);
            let update = given.next();
            let update = Update::parse(&update).map_err(|why| given.refused(why))?;
            Operation::DsUpdate { coll, query, update }
        }
        "ds.replace" => {
            let (coll, id) = (given.text("collection")?, given.text("id")?);
            let document = given.next();
            if !document.is_object() {
                return Err(given.refused("a document has to be an object"));
            }
            Operation::DsReplace { coll, id, document }
        }
        "ds.delete" => {
            let coll = given.text("collection")?;
            Operation::DsDelete { coll, query: needed(given)? }
        }
        "ds.count" => {
            let coll = given.text("collection")?;
            Operation::DsCount { coll, query: given.query()?.unwrap_or_else(Query::all) }
        }
        "ds.distinct" => {
            let (coll, path) = (given.text("collection")?, given.text("path")?);
            let path = Path::parse(&path).map_err(|why| given.refused(why))?;
            let query = given.query()?.unwrap_or_else(Query::all);
            Operation::DsDistinct { coll, path, query }
        }
        "s3.put" => put(given)?,
        "s3.head" => Operation::S3Head { path: given.text("path")? },
        "s3.delete" => Operation::S3Delete { path: given.text("path")? },
        "s3.list" => {
            let prefix = given.text_or("prefix", "")?;
            let options = given.options(&["limit", "cursor"])?;
            Operation::S3List { prefix, page: given.page(&options)? }
        }
        _ => {
            let what = format!("this node has no `{name}`");
            return Err(HostError::new("NOT_FOUND", what));
        }
    })
}

/// A query that cannot be left out: nothing is changed by forgetting an argument.
fn needed(given: &mut Arguments<'_>) -> Result<Query, HostError> {
    let query = given.query()?;
    query.ok_or_else(|| given.refused("give a query or an id; `{}` is every document"))
}

fn put(given: &mut Arguments<'_>) -> Result<Operation, HostError> {
    let (path, place) = (given.text("path")?, given.next());
    let bytes = given.content(place.get("bytes"))?;
    let options = match given.next() {
        // The type alone, as some write it.
        Value::String(media) => Map::from_iter([("type".to_owned(), media.into())]),
        options => given.read_options(options, &["type"])?,
    };
    let media = match options.get("type") {
        None | Some(Value::Null) => match place["type"].as_str() {
            Some(media) if is_media(media) => media.to_owned(),
            _ => media::content_type(&path).into_owned(),
        },
        Some(Value::String(media)) if is_media(media) => media.clone(),
        Some(_) => return Err(given.refused("`type` is a media type, as `image/png`")),
    };
    Ok(Operation::S3Put { path, media, content: Hashed::of(bytes) })
}

/// Whether a text can stand in a `Content-Type` header.
fn is_media(text: &str) -> bool {
    text.contains('/') && http::HeaderValue::from_str(text).is_ok()
}

/// How an outcome is told.
pub(super) enum Told {
    /// As it is.
    Plain,
    /// The id of the one document.
    OneId,
    /// The one document.
    One,
}

impl Told {
    pub(super) fn of(operation: &Operation, name: &str) -> Self {
        match operation {
            Operation::DsInsert { .. } if name == "ds.insert" => Self::OneId,
            Operation::DsFind(_) if name == "ds.findOne" => Self::One,
            _ => Self::Plain,
        }
    }

    pub(super) fn reply(&self, outcome: Outcome) -> Reply {
        let json = match (self, outcome) {
            (_, Outcome::Value(Some(Datum::Bytes(bytes)))) => {
                return Reply { json: String::new(), bytes: vec![bytes] };
            }
            (_, Outcome::Value(Some(Datum::Json(text)))) => text,
            (_, Outcome::Done | Outcome::Value(None) | Outcome::Object(None)) => String::new(),
            (_, Outcome::Entries((entries, cursor))) => {
                let mut bytes = Vec::new();
                let items: Vec<Value> = entries
                    .into_iter()
                    .map(|entry| {
                        let mut item = json!({ "key": entry.key });
                        match entry.value {
                            Datum::Bytes(content) => {
                                item["bytes"] = bytes.len().into();
                                bytes.push(content);
                            }
                            value @ Datum::Json(_) => {
                                item["value"] = value.value().unwrap_or_default();
                            }
                        }
                        if let Some(at) = entry.expires_at {
                            item["expiresAt"] = at.as_millisecond().into();
                        }
                        item
                    })
                    .collect();
                let json = json!({ "items": items, "cursor": cursor }).to_string();
                return Reply { json, bytes };
            }
            (Self::OneId, Outcome::Ids(mut ids)) => json!(ids.pop()).to_string(),
            (Self::One, Outcome::Documents((mut found, _))) => {
                found.pop().map(|document| document.to_string()).unwrap_or_default()
            }
            (_, Outcome::Held(held)) => held.to_string(),
            (_, Outcome::Number(number)) => number.to_string(),
            (_, Outcome::Count(count)) => count.to_string(),
            (_, Outcome::Ids(ids)) => json!(ids).to_string(),
            (_, Outcome::Documents((items, cursor))) => {
                json!({ "items": items, "cursor": cursor }).to_string()
            }
            (_, Outcome::Values(values)) => Value::Array(values).to_string(),
            (_, Outcome::Object(Some(found))) => object(&found).to_string(),
            (_, Outcome::Objects((objects, cursor))) => {
                let items: Vec<_> = objects.iter().map(object).collect();
                json!({ "items": items, "cursor": cursor }).to_string()
            }
        };
        Reply { json, bytes: Vec::new() }
    }
}

/// An object without its content, as a script sees it.
pub(super) fn object(object: &Object) -> Value {
    json!({
        "path": object.path, "type": object.media, "size": object.blob.size,
        "etag": object.blob.hash.to_string(), "updatedAt": object.at.as_millisecond(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(api: &str, arguments: &Value) -> Result<Operation, String> {
        let bytes = vec![Bytes::from_static(b"content")];
        let text = arguments.to_string();
        let mut given = Arguments::read(api, &text, bytes).map_err(|error| error.message)?;
        operation(api, &mut given).map_err(|error| error.message)
    }

    #[test]
    fn what_is_wrong_with_an_argument_is_told_by_method_and_name() {
        for (api, arguments, words) in [
            ("kv.get", json!([]), "kv.get: the key has to be a string"),
            ("kv.get", json!([5]), "kv.get: the key has to be a string"),
            ("kv.set", json!(["a"]), "kv.set: the value is missing"),
            ("kv.set", json!(["a", 5]), "kv.set: a value is JSON or bytes"),
            ("kv.set", json!(["a", { "bytes": 7 }]), "kv.set: the bytes are missing"),
            ("kv.set", json!(["a", { "json": 1 }, { "ttl": 0 }]), "milliseconds above 0"),
            ("kv.set", json!(["a", { "json": 1 }, -5]), "milliseconds above 0"),
            ("kv.set", json!(["a", { "json": 1 }, { "tll": 5 }]), "there is no option `tll`"),
            ("kv.set", json!(["a", { "json": 1 }, "5"]), "options are an object with `ttl`"),
            ("kv.incr", json!(["a", "1"]), "kv.incr: what is added has to be a number"),
            ("kv.list", json!([5]), "kv.list: the prefix has to be a string"),
            ("kv.list", json!(["", { "limit": 0 }]), "`limit` is a whole number from 1 to 1000"),
            ("kv.list", json!(["", { "limit": 1.5 }]), "`limit` is a whole number"),
            ("kv.list", json!(["", { "cursor": 1 }]), "`cursor` is the `cursor`"),
            ("ds.insert", json!(["a", []]), "ds.insert: a document has to be an object"),
            ("ds.insertMany", json!(["a", {}]), "a list of objects"),
            ("ds.insertMany", json!(["a", [1]]), "a document has to be an object"),
            ("ds.find", json!(["a", { "x": { "$gtt": 1 } }]), "ds.find: `$gtt`"),
            ("ds.find", json!(["a", {}, { "sort": 1 }]), "ds.find: "),
            ("ds.find", json!(["a", {}, { "fields": 1 }]), "`fields` is a list of names"),
            ("ds.find", json!(["a", {}, { "order": 1 }]), "there is no option `order`"),
            ("ds.update", json!(["a", null, {}]), "ds.update: give a query or an id"),
            ("ds.update", json!(["a", {}, { "$rename": {} }]), "ds.update: `$rename`"),
            ("ds.delete", json!(["a"]), "ds.delete: give a query or an id"),
            ("ds.replace", json!(["a", "1", 5]), "a document has to be an object"),
            ("ds.distinct", json!(["a", "x..y"]), "ds.distinct: `x..y`"),
            ("s3.put", json!(["a", null]), "s3.put: the bytes are missing"),
            ("s3.put", json!(["a", { "bytes": 0 }, { "type": "png" }]), "media type"),
            ("s3.put", json!(["a", { "bytes": 0 }, { "type": "a/b\r\nx: y" }]), "media type"),
            ("kv.drop", json!([]), "this node has no `kv.drop`"),
        ] {
            let error = parse(api, &arguments).expect_err("refused");
            assert!(error.contains(words), "{api}{arguments}: {error}");
        }
    }

    #[test]
    fn lifetimes_limits_and_types_are_read_as_scripts_write_them() {
        let ttl = |options: Value| match parse("kv.set", &json!(["a", { "json": 1 }, options])) {
            Ok(Operation::KvSet { ttl, .. }) => ttl,
            other => panic!("{other:?}"),
        };
        assert_eq!(ttl(json!(1_500)), Some(Duration::from_millis(1_500)));
        assert_eq!(ttl(json!({ "ttl": 0.5 })), Some(Duration::from_micros(500)));
        assert_eq!(ttl(json!({})), None);
        assert!(ttl(json!(1e300)).is_some());
        let Ok(Operation::KvList { page, .. }) = parse("kv.list", &json!([null, { "limit": 5.0 }]))
        else {
            panic!("a list")
        };
        assert_eq!(page.limit, 5);
        for (arguments, media) in [
            (json!(["a.png", { "bytes": 0 }]), "image/png"),
            (json!(["a.png", { "bytes": 0 }, { "type": "a/b" }]), "a/b"),
            (json!(["a.png", { "bytes": 0 }, "a/b"]), "a/b"),
        ] {
            match parse("s3.put", &arguments) {
                Ok(Operation::S3Put { media: found, .. }) => assert_eq!(found, media),
                other => panic!("{other:?}"),
            }
        }
    }
}
