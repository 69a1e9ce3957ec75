//! `query_data`: what an app has stored, a page at a time.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{AppName, Effect, Route, Scope, Tool, View, skills::Call, tool::example, view};

/// See [`Input`].
pub struct QueryData;

/// Read what an app has stored: keys (`kv`), documents (`ds`) or objects (`s3`).
///
/// Without `kind` it answers the collections and how much is stored.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name the app
    #[arg(value_name = "APP")]
    pub app: AppName,
    /// Choose what to read
    #[arg(value_name = "KIND")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Name the collection of documents
    #[arg(long, value_name = "NAME")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coll: Option<String>,
    /// Read only this key, id or path
    #[arg(long, value_name = "KEY", conflicts_with_all = ["prefix", "query"])]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Keep only keys or paths that begin with this
    #[arg(long, value_name = "TEXT")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Keep only documents like this: `{"age": {"$gte": 18}}`
    #[arg(long, value_name = "JSON")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<Fields>,
    /// Sort documents: `-age,name`; default: by id
    #[arg(long, value_name = "FIELDS")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// Read the part of this user; default: the shared one
    #[arg(long, value_name = "ID")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// List at most this many, 1 to 100; default: 20
    #[arg(long, value_name = "N")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Go on from the `cursor` of an earlier answer
    #[arg(long, value_name = "CURSOR")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// What data is of.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "a line for each would cost an agent more than it tells")]
pub enum Kind {
    Kv,
    Ds,
    S3,
}

impl Kind {
    /// The word that travels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kv => "kv",
            Self::Ds => "ds",
            Self::S3 => "s3",
        }
    }
}

/// A JSON object, which the command line takes as text.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Fields(pub Map<String, Value>);

impl FromStr for Fields {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("give a JSON object: {error}"))
    }
}

/// A part of what is stored.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Output {
    /// The app
    pub app: AppName,
    /// What was found
    pub entries: Vec<Entry>,
    /// The collections of documents, where no `kind` was asked for
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collections: Vec<Collection>,
    /// Keys, documents and objects of the app, its users' included
    pub rows: u64,
    /// Their bytes
    pub bytes: u64,
    /// Where the next page begins
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A key, a document or an object.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Entry {
    /// Its key, id or path
    pub key: String,
    /// Its value: JSON, or the whole document
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::types::any_json")]
    pub value: Option<Value>,
    /// The value as base64, where it is bytes, no more than 65536
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// Its length in bytes
    pub size: u64,
    /// An object's media type
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// BLAKE3 of an object's content
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// When a key goes away by itself
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub expires_at: Option<String>,
}

/// A collection of documents.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Collection {
    /// Its name
    pub name: String,
    /// How many documents it holds
    pub documents: u64,
}

impl Tool for QueryData {
    const NAME: &'static str = "query_data";
    const TITLE: &'static str = "Read an app's data";
    const EFFECT: Effect = Effect::Read;
    const QUOTES: bool = true;
    const SCOPE: Scope = Scope::DataRead;
    const ROUTE: Route = Route::post("/api/apps/{app}/data/query");
    const COMMANDS: &'static [&'static str] = &["data"];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("fazt data blog", "what there is"),
        ("fazt data blog kv --prefix post:", "keys and what they hold"),
        ("fazt data blog ds --coll posts --sort=-date", "documents, the newest first"),
    ];
    type Input = Input;
    type Output = Output;

    fn example() -> (Input, Output) {
        example(
            json!({ "app": "hello", "kind": "kv" }),
            json!({
                "app": "hello", "rows": 1, "bytes": 12,
                "entries": [{ "key": "greeting", "value": "hi", "size": 4 }]
            }),
        )
    }

    fn target(input: &Input) -> Option<&AppName> {
        Some(&input.app)
    }

    fn view(out: &Output) -> View {
        let rows: Vec<Vec<String>> = if out.collections.is_empty() {
            let row = |entry: &Entry| {
                let value = match (&entry.value, &entry.content_type) {
                    (Some(value), _) => value.to_string(),
                    (None, Some(media)) => media.clone(),
                    (None, None) => "bytes".to_owned(),
                };
                vec![entry.key.clone(), view::bytes(entry.size), value]
            };
            out.entries.iter().map(row).collect()
        } else {
            let row = |coll: &Collection| {
                vec![coll.name.clone(), coll.documents.to_string(), "documents".to_owned()]
            };
            out.collections.iter().map(row).collect()
        };
        let view = View::of_table(&["key", ">size", "value"], "nothing is found", rows)
            .fact("stored", format!("{} in {}", view::bytes(out.bytes), out.rows));
        match &out.cursor {
            Some(cursor) => view.next(format!("the same again with the cursor {cursor}")),
            None if out.entries.is_empty() && !out.collections.is_empty() => {
                let first =
                    json!({ "app": out.app, "kind": "ds", "coll": out.collections[0].name });
                view.next(Call::of::<QueryData>(first))
            }
            None => view,
        }
    }
}
