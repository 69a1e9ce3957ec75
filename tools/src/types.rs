//! Plain values that several tools speak of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AppName;

/// A file named by the hash of its content.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TreeFile {
    /// Path inside the app, `/` between parts
    pub path: String,
    /// BLAKE3 of the content, 64 hex digits
    pub hash: String,
    /// Length of the content in bytes
    pub size: u64,
}

/// A file given with its content.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct InlineFile {
    /// Path inside the app, `/` between parts
    pub path: String,
    /// Content as text
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Content as base64, for what is not text
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
}

/// A host name an app answers to, besides its own.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Alias {
    /// A label (`www2`, served below the node's domain) or a whole domain
    pub name: String,
    /// What the name does
    pub kind: AliasKind,
    /// The app it leads to
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppName>,
    /// Where a redirect leads
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Status of a redirect
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Shares of a split
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<Share>,
}

/// What an alias does with a visitor.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum AliasKind {
    /// Serves an app
    #[default]
    App,
    /// Sends the visitor elsewhere
    Redirect,
    /// Answers 404 and can be taken by no app
    Reserved,
    /// Spreads visitors over apps by weight, each staying where it began
    Split,
}

impl AliasKind {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Redirect => "redirect",
            Self::Reserved => "reserved",
            Self::Split => "split",
        }
    }
}

/// One app's share of a split.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// The app
    pub app: AppName,
    /// Its weight, relative to the others'
    pub weight: u32,
}

/// Any JSON, kind by kind: some clients take no schema that constrains nothing.
pub(crate) fn any_json(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "anyOf": [
        { "type": "string" },
        { "type": "number" },
        { "type": "boolean" },
        { "type": "object" },
        { "type": "array" },
        { "type": "null" },
    ] })
}
