//! What a function did, as the tools that tell of it write it.
//!
//! Lines, faults and calls of the host, each with how it reads on a terminal.

use std::{fmt::Write as _, str::FromStr};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How much a line matters.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "a line for each would cost an agent more than it tells")]
pub enum Level {
    Debug,
    #[default]
    Info,
    Warn,
    Error,
}

impl Level {
    /// The word that is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// A line that a function logged, or its failure.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Line {
    /// When
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// How much it matters
    pub level: Level,
    /// What it says; it is the app's word, not fazt's
    pub text: String,
    /// Its fields: an object in JSON
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fields: String,
    /// The request it is of, for `explain_request`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The version that wrote it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

impl Line {
    /// What it says, with its fields.
    pub fn said(&self) -> String {
        let gap = if self.fields.is_empty() { "" } else { " " };
        format!("{}{gap}{}", self.text, self.fields)
    }
}

/// How a function failed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Fault {
    /// The code that visitors are told
    pub code: String,
    /// `TypeError` and so on
    pub name: String,
    /// What it says
    pub message: String,
    /// The file, where one is known
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column in that
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The line with its neighbours and a mark under the column
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub excerpt: String,
    /// The calls that led there, a line each
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stack: String,
}

impl Fault {
    /// What happened and where, with the excerpt and the stack below.
    pub fn told(&self) -> String {
        let mut text = if self.name == self.code {
            format!("{}: {}", self.code, self.message)
        } else {
            format!("{}: {}: {}", self.code, self.name, self.message)
        };
        if let (Some(file), Some(line), Some(column)) = (&self.file, self.line, self.column) {
            let _ = write!(text, "\n  at {file}:{line}:{column}");
        }
        if !self.excerpt.is_empty() {
            let _ = write!(text, "\n{}", self.excerpt);
        }
        if self.stack.lines().count() > 1 {
            text.push_str("\nstack:");
            for line in self.stack.lines() {
                let _ = write!(text, "\n  {}", line.trim());
            }
        }
        text
    }
}

/// A call of the host: an operation on data, or a fetch.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct HostCall {
    /// Its name, as `kv.get`
    pub api: String,
    /// Its arguments in JSON, cut short
    pub arguments: String,
    /// How long it took, in milliseconds
    pub ms: f64,
    /// The code of its refusal
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl HostCall {
    /// As a line.
    pub fn told(&self) -> String {
        let error = self.error.as_ref().map_or_else(String::new, |code| format!(", {code}"));
        format!("{} {} ({:.1} ms{error})", self.api, self.arguments, self.ms)
    }
}

/// A text, or a value of JSON; the command line takes it as text.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Body(pub Value);

impl FromStr for Body {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(Value::from(text)))
    }
}
