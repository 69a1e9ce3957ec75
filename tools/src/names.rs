//! Names that have rules: parsed once at the edge, trusted ever after.
//!
//! An app's name is a DNS label, because it becomes one. Nothing here knows
//! which names are taken.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Labels that are fazt's own and never an app's.
pub const RESERVED: &[&str] = &["admin", "api", "auth", "localhost", "mcp", "www"];

/// Why a name was refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NameProblem {
    /// Nothing was given.
    #[error("a name must not be empty")]
    Empty,
    /// Longer than a DNS label may be.
    #[error("`{}` is {} characters long; a name has at most 63", .given.escape_debug(), .given.len())]
    TooLong {
        /// What was given.
        given: String,
    },
    /// Not a DNS label.
    #[error(
        "`{}` is not a name: use lower-case letters, digits and inner hyphens{}",
        .given.escape_debug(), suggestion(.given)
    )]
    Malformed {
        /// What was given.
        given: String,
    },
    /// Reads as a preview address.
    #[error("`{0}` reads like the address of a preview (`v3--blog`); choose another name")]
    LooksLikePreview(String),
    /// Reads as an encoded international name, which could pose as another.
    #[error("`{0}` reads like an encoded international name; choose another name")]
    LooksEncoded(String),
    /// Kept for the node itself.
    #[error("`{0}` is kept for fazt itself; choose another name")]
    Reserved(String),
}

fn suggestion(given: &str) -> String {
    AppName::slug(given).map_or_else(String::new, |slug| format!(", for example `{slug}`"))
}

/// Whether a value of an environment may have this name.
pub fn is_env_name(text: &str) -> bool {
    text.len() <= 128
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The name of an app: a DNS label that is not one of fazt's own.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct AppName(String);

impl AppName {
    /// Checks `name` and keeps it.
    pub fn parse(name: &str) -> Result<Self, NameProblem> {
        check_label(name)?;
        if RESERVED.contains(&name) {
            return Err(NameProblem::Reserved(name.to_owned()));
        }
        Ok(Self(name.to_owned()))
    }

    /// The nearest name to `text`, such as a folder's name; `None` if nothing
    /// of it can stand in a name.
    pub fn slug(text: &str) -> Option<Self> {
        let mut slug = String::new();
        for c in text.chars() {
            match c.to_ascii_lowercase() {
                c @ ('a'..='z' | '0'..='9') => slug.push(c),
                _ if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
                _ => {}
            }
        }
        slug.truncate(63);
        Self::parse(slug.trim_matches('-')).ok()
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a peer, as in `@zyt`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct PeerName(String);

impl PeerName {
    /// Checks `name` and keeps it; a leading `@` is dropped.
    pub fn parse(name: &str) -> Result<Self, NameProblem> {
        let name = name.strip_prefix('@').unwrap_or(name);
        check_label(name)?;
        Ok(Self(name.to_owned()))
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check_label(name: &str) -> Result<(), NameProblem> {
    if name.is_empty() {
        return Err(NameProblem::Empty);
    }
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    if !name.bytes().all(allowed) || name.starts_with('-') || name.ends_with('-') {
        let given = name.chars().take(80).collect();
        return Err(NameProblem::Malformed { given });
    }
    if name.len() > 63 {
        return Err(NameProblem::TooLong { given: name.to_owned() });
    }
    if name.starts_with("xn--") {
        return Err(NameProblem::LooksEncoded(name.to_owned()));
    }
    if preview_label(name).is_some() {
        return Err(NameProblem::LooksLikePreview(name.to_owned()));
    }
    Ok(())
}

/// Splits `v3--blog` into the version and the app's label.
pub fn preview_label(label: &str) -> Option<(u32, &str)> {
    let (version, app) = label.strip_prefix('v')?.split_once("--")?;
    if version.is_empty() || !version.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    Some((version.parse().ok()?, app))
}

macro_rules! a_name {
    ($name:ident, $what:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameProblem;
            fn from_str(name: &str) -> Result<Self, NameProblem> {
                Self::parse(name)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let name = Cow::<str>::deserialize(from)?;
                Self::parse(&name).map_err(serde::de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $what, "maxLength": 63 })
            }
        }
    };
}

a_name!(AppName, "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$");
a_name!(PeerName, "^@?[a-z0-9]([a-z0-9-]*[a-z0-9])?$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dns_labels_that_are_not_taken_by_fazt() {
        for good in ["a", "blog", "my-app", "2048", "root", "404", "v3", "v3-x", "x--y"] {
            assert!(AppName::parse(good).is_ok(), "{good}");
        }
        let long = "x".repeat(64);
        for bad in [
            "",
            "-a",
            "a-",
            "Blog",
            "my app",
            "a.b",
            "ä",
            "admin",
            "v3--blog",
            "xn--bcher-kva",
            &long,
        ] {
            assert!(AppName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_refused_name_comes_with_one_that_would_do() {
        let problem = AppName::parse("My Blog!").expect_err("refused").to_string();
        assert!(problem.contains("`my-blog`"), "{problem}");
    }

    #[test]
    fn a_refused_name_forges_no_line_of_a_log() {
        for bad in ["a\nb", &"a\n".repeat(40)] {
            let problem = AppName::parse(bad).expect_err("refused").to_string();
            assert!(!problem.contains('\n'), "{problem}");
        }
    }

    #[test]
    fn a_preview_label_splits_into_version_and_app() {
        assert_eq!(preview_label("v12--blog"), Some((12, "blog")));
        for not in ["v--blog", "vx--blog", "blog", "v1-blog", "v99999999999--blog"] {
            assert_eq!(preview_label(not), None, "{not}");
        }
    }
}
