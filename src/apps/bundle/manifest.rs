//! What does `manifest.json` say, and where is it wrong?
//!
//! The type is the format: its doc comments become the published JSON schema, and
//! the schema's keys are what a misspelt key is compared with. Whether a name is
//! free, a schedule ever fires or a function exists is decided when publishing.

use std::{collections::BTreeMap, fmt};

use fazt_tools::{AppName, limits, names::is_env_name};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;
use thiserror::Error;

use super::limits::size;

/// The largest manifest that is read, in bytes.
pub const MAX_MANIFEST_BYTES: usize = 256 * 1_024;

/// What an app says of itself, in `manifest.json` at the root of its folder.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Manifest {
    /// The app's name, one label of its host name: 1 to 63 of a-z, 0-9 and `-`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<AppName>,
    /// The title people see in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What the app is for, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether a path without an extension that no file answers gets `index.html`,
    /// as single-page apps need.
    pub spa: bool,
    /// Whether visits are counted: `true`, `false` or `{ "enabled": … }`.
    #[schemars(with = "AnalyticsForm")]
    pub analytics: Analytics,
    /// What requests of the functions share: `shared` lets globals stay from one to the next,
    /// as long as they last; `fresh` gives each request its own, which takes longer.
    pub isolation: Isolation,
    /// The environment the functions read: names, or names with the values that hold until
    /// others are set on the node.
    #[serde(deserialize_with = "environment")]
    #[schemars(with = "EnvForm")]
    pub env: BTreeMap<String, Option<String>>,
    /// The hosts the functions want to fetch from, such as `api.example.com` or
    /// `*.example.com`.
    #[serde(deserialize_with = "fetch_hosts")]
    pub fetch: Vec<String>,
    /// Functions to run at set times.
    pub crons: Vec<Cron>,
    /// Tools the app offers to agents, as MCP describes them.
    pub tools: Vec<Value>,
    /// Requests that must succeed before a version goes live.
    pub checks: Vec<Check>,
}

/// What requests of functions share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// Globals may stay from one request to the next.
    #[default]
    Shared,
    /// Each request has its own.
    Fresh,
}

/// Whether visits are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Analytics {
    /// Count visits; on unless switched off.
    pub enabled: bool,
}

/// A function to run at set times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cron {
    /// When to run, as five cron fields in UTC, such as `0 4 * * *`.
    pub schedule: String,
    /// The function to run, such as `/api/cleanup`.
    #[serde(deserialize_with = "request_path")]
    #[schemars(regex(pattern = "^/"))]
    pub path: String,
}

/// A request that must succeed before a version goes live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// The path to get, such as `/`.
    #[serde(deserialize_with = "request_path")]
    #[schemars(regex(pattern = "^/"))]
    pub path: String,
    /// The status to expect; 200 when left out.
    #[serde(default, deserialize_with = "status", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 100, max = 599))]
    pub status: Option<u16>,
    /// A text the answer must contain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
}

/// Why a manifest cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ManifestProblem {
    #[error(
        "manifest.json is {}, above the limit of {}; move data into files of its own",
        size(*bytes as u64), size(MAX_MANIFEST_BYTES as u64)
    )]
    TooLarge { bytes: usize },
    #[error("manifest.json is not valid UTF-8 on line {line}; save it as UTF-8")]
    NotUtf8 { line: usize },
    #[error("manifest.json holds {found} instead of an object; write `{{ \"name\": \"my-app\" }}`")]
    NotAnObject { found: &'static str },
    #[error("manifest.json, line {line}, column {column}: {message}; correct the JSON there")]
    Syntax { line: usize, column: usize, message: String },
    #[error("manifest.json, line {line}, column {column}: `{field}`: {message}")]
    Field { field: String, line: usize, column: usize, message: String },
}

/// Reads a manifest, with a warning for each key nobody knows.
///
/// # Errors
///
/// A [`ManifestProblem`] with the line, the column and, where one is to blame, the field.
pub fn parse(bytes: &[u8]) -> Result<(Manifest, Vec<String>), ManifestProblem> {
    if bytes.len() > MAX_MANIFEST_BYTES {
        return Err(ManifestProblem::TooLarge { bytes: bytes.len() });
    }
    // Notepad and PowerShell write a byte order mark; JSON itself has none.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = str::from_utf8(bytes).map_err(|problem| {
        let line = bytes[..problem.valid_up_to()].split(|&byte| byte == b'\n').count();
        ManifestProblem::NotUtf8 { line }
    })?;
    let value: Value = serde_json::from_str(text).map_err(|problem| syntax(&problem))?;
    if !value.is_object() {
        return Err(ManifestProblem::NotAnObject { found: kind(&value) });
    }
    // The text is read a second time: a `Value` no longer knows its lines.
    let mut json = serde_json::Deserializer::from_str(text);
    let manifest = serde_path_to_error::deserialize(&mut json).map_err(|problem| {
        let (field, inner) = (problem.path().to_string(), problem.into_inner());
        // A key given twice is no field's fault: its path is the root, `.`.
        if field == "." {
            return syntax(&inner);
        }
        let (line, column) = (inner.line(), inner.column());
        ManifestProblem::Field { field, line, column, message: bare(&inner) }
    })?;
    let mut warnings = Vec::new();
    unknown_keys(&value, &schema(), "", &mut warnings);
    Ok((manifest, warnings))
}

/// The JSON schema of a manifest, as published at `/schema/manifest.json`.
#[must_use]
pub fn schema() -> Value {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Manifest>().to_value()
}

/// Compares the keys of a value with those of its schema, at every depth.
fn unknown_keys(value: &Value, schema: &Value, at: &str, warnings: &mut Vec<String>) {
    if let Value::Array(items) = value {
        for (index, item) in items.iter().enumerate() {
            unknown_keys(item, &schema["items"], &format!("{at}[{index}]"), warnings);
        }
    }
    let Value::Object(object) = value else { return };
    // Where a value has several forms, its object form is the one with properties.
    let forms = schema["anyOf"].as_array().map_or(&[] as &[Value], Vec::as_slice);
    let Some(known) =
        std::iter::once(schema).chain(forms).find_map(|s| s["properties"].as_object())
    else {
        return;
    };
    for (key, inner) in object {
        let path = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
        match known.get(key) {
            Some(schema) => unknown_keys(inner, schema, &path, warnings),
            // Editors find the schema through this key.
            None if path == "$schema" => {}
            None => warnings.push(unknown_key(&path, key, known.keys())),
        }
    }
}

fn unknown_key<'a>(path: &str, key: &str, known: impl Iterator<Item = &'a String>) -> String {
    let lower = key.to_lowercase();
    let near = |name: &&String| strsim::damerau_levenshtein(&lower, name);
    let nearest = known.min_by_key(near).filter(|name| near(name) <= 1 + name.len() / 3);
    let hint = nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    format!("manifest.json: the key `{}` is unknown and ignored{hint}", path.escape_debug())
}

fn syntax(problem: &serde_json::Error) -> ManifestProblem {
    let (line, column) = (problem.line(), problem.column());
    ManifestProblem::Syntax { line, column, message: bare(problem) }
}

/// The message without the position, which is told apart.
fn bare(problem: &serde_json::Error) -> String {
    let mut text = problem.to_string();
    if let Some(at) = text.rfind(" at line ") {
        text.truncate(at);
    }
    text
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

impl Default for Analytics {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// The two spellings of `analytics`, for the schema alone.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum AnalyticsForm {
    Switch(bool),
    Settings {
        /// Count visits; on unless switched off.
        #[serde(default = "on")]
        enabled: bool,
    },
}

fn on() -> bool {
    Analytics::default().enabled
}

/// Written by hand: an untagged enum would answer a mistake with "did not match
/// any variant" and no field.
impl<'de> Deserialize<'de> for Analytics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> de::Visitor<'de> for Either {
            type Value = Analytics;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or { \"enabled\": true }")
            }

            fn visit_bool<E>(self, enabled: bool) -> Result<Analytics, E> {
                Ok(Analytics { enabled })
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Analytics, A::Error> {
                let mut analytics = Analytics::default();
                while let Some(key) = map.next_key::<String>()? {
                    if key == "enabled" {
                        analytics.enabled = map.next_value()?;
                    } else {
                        map.next_value::<de::IgnoredAny>()?;
                    }
                }
                Ok(analytics)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// A text of a list with its rule, checked one by one so that an error has its index.
macro_rules! checked_list {
    ($list:ident, $text:ident, $rule:expr, $problem:literal) => {
        #[derive(Deserialize)]
        #[serde(try_from = "String")]
        struct $text(String);

        impl TryFrom<String> for $text {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                let rule: fn(&str) -> bool = $rule;
                if rule(&text) {
                    Ok(Self(text))
                } else {
                    Err(format!($problem, text.escape_debug()))
                }
            }
        }

        fn $list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
            let texts = Vec::<$text>::deserialize(deserializer)?;
            Ok(texts.into_iter().map(|text| text.0).collect())
        }
    };
}

checked_list!(
    fetch_hosts,
    FetchHost,
    is_host,
    "`{}` is no host; write one such as `api.example.com`"
);

/// The two spellings of `env`, for the schema alone.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum EnvForm {
    Names(#[schemars(inner(regex(pattern = "^[A-Za-z_][A-Za-z0-9_]*$")))] Vec<String>),
    Values(BTreeMap<String, String>),
}

/// The name of a value of the environment.
#[derive(Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(try_from = "String")]
struct EnvName(String);

impl TryFrom<String> for EnvName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if is_env_name(&text) {
            return Ok(Self(text));
        }
        let shown = text.escape_debug();
        Err(format!("`{shown}` is no variable name; use letters, digits and `_`"))
    }
}

fn environment<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Option<String>>, D::Error> {
    struct Either;

    impl<'de> de::Visitor<'de> for Either {
        type Value = BTreeMap<String, Option<String>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of names or { \"NAME\": \"value\" }")
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut names = BTreeMap::new();
            while let Some(name) = list.next_element::<EnvName>()? {
                names.insert(name.0, None);
            }
            Ok(names)
        }

        fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut values = BTreeMap::new();
            while let Some((name, value)) = map.next_entry::<EnvName, Option<String>>()? {
                let most = limits::ENV_BYTES;
                if value.as_ref().is_some_and(|value| value.len() as u64 > most.value) {
                    let what = format!("`{}` is longer than {} bytes", name.0, most.value);
                    return Err(de::Error::custom(what));
                }
                values.insert(name.0, value);
            }
            let most = limits::ENV_VALUES.value;
            if values.len() as u64 > most {
                return Err(de::Error::custom(format!("at most {most} values are taken")));
            }
            Ok(values)
        }
    }

    deserializer.deserialize_any(Either)
}

/// Host, wildcard host or address, with an optional port; what it may reach is the
/// egress policy's to decide.
fn is_host(text: &str) -> bool {
    let host = text.strip_prefix("*.").unwrap_or(text);
    let allowed =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'[' | b']');
    !host.is_empty()
        && host.len() <= 261
        && host.bytes().all(allowed)
        && !host.starts_with(['.', ':'])
}

fn request_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let path = String::deserialize(deserializer)?;
    if path.starts_with('/') && !path.contains(char::is_control) {
        return Ok(path);
    }
    let shown = path.escape_debug();
    Err(de::Error::custom(format!("`{shown}` is no path; begin it with `/`")))
}

fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    match Option::deserialize(deserializer)? {
        Some(status) if !(100..=599).contains(&status) => {
            Err(de::Error::custom(format!("{status} is no HTTP status; give 100 to 599")))
        }
        status => Ok(status),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn problem(text: &str) -> ManifestProblem {
        parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_full_manifest_is_read_without_warnings() {
        let text = r#"{ "$schema": "/schema/manifest.json", "name": "blog", "title": "Blog",
            "description": "d", "spa": true, "analytics": { "enabled": false },
            "isolation": "fresh", "env": ["API_KEY"], "fetch": ["api.example.com", "*.example.org:8443"],
            "crons": [{ "schedule": "0 4 * * *", "path": "/api/tick" }],
            "tools": [{ "anything": { "goes": 1 } }],
            "checks": [{ "path": "/", "status": 200, "contains": "Hello" }, { "path": "/x" }] }"#;
        let (manifest, warnings) = parse(text.as_bytes()).unwrap();
        assert_eq!(warnings, Vec::<String>::new());
        assert_eq!(manifest.name.as_ref().map(AppName::as_str), Some("blog"));
        assert!(manifest.spa && !manifest.analytics.enabled);
        assert_eq!(manifest.isolation, Isolation::Fresh);
        assert_eq!(manifest.checks[1].status, None);
        let again = serde_json::to_vec(&manifest).unwrap();
        assert_eq!(parse(&again).unwrap(), (manifest, vec![]));
    }

    #[test]
    fn an_empty_object_is_a_manifest_and_a_byte_order_mark_is_tolerated() {
        let (manifest, warnings) = parse(b"\xEF\xBB\xBF{}").unwrap();
        assert_eq!((manifest, warnings), (Manifest::default(), vec![]));
        assert!(parse(br#"{"analytics": false, "name": null}"#).is_ok());
    }

    #[test]
    fn unknown_keys_warn_with_the_nearest_key() {
        let text = r#"{ "nmae": "x", "Title": "t", "zzzzzz": 1, "analytics": { "enable": true },
            "checks": [{ "path": "/", "contain": "x" }] }"#;
        let (_, warnings) = parse(text.as_bytes()).unwrap();
        let all = warnings.join("\n");
        for part in ["`nmae`", "`name`", "`title`?", "`zzzzzz` is unknown and ignored\n"] {
            assert!((all.clone() + "\n").contains(part), "{part} in {all}");
        }
        assert!(all.contains("`analytics.enable`") && all.contains("`enabled`?"), "{all}");
        assert!(all.contains("`checks[0].contain`") && all.contains("`contains`?"), "{all}");
        assert_eq!(warnings.len(), 5, "{all}");
    }

    #[test]
    fn a_wrong_field_is_named_with_its_line_and_column() {
        for (text, field, line, words) in [
            ("{\n \"name\": \"My App\" }", "name", 2, "for example `my-app`"),
            ("{\n\n \"env\": [\"OK\", \"b-d\"] }", "env[1]", 3, "`b-d`"),
            ("{ \"spa\": \"yes\" }", "spa", 1, "boolean"),
            ("{ \"analytics\": 3 }", "analytics", 1, "enabled"),
            ("{ \"analytics\": { \"enabled\": 3 } }", "analytics.enabled", 1, "boolean"),
            ("{ \"fetch\": [\"https://x.com/\"] }", "fetch[0]", 1, "host"),
            ("{ \"checks\": [{ \"path\": \"x\" }] }", "checks[0].path", 1, "begin it with"),
            ("{ \"checks\": [{ \"path\": \"/\", \"status\": 9 }] }", "checks[0].status", 1, "100"),
            ("{ \"crons\": [{ \"path\": \"/api/a\" }] }", "crons[0]", 1, "schedule"),
        ] {
            let found = problem(text);
            let ManifestProblem::Field { field: at, line: l, column, message } = &found else {
                panic!("{text}: {found:?}");
            };
            assert_eq!((at.as_str(), *l), (field, line), "{found}");
            assert!(*column > 0 && message.contains(words), "{found}");
            assert!(!message.contains(" at line "), "{found}");
        }
    }

    #[test]
    fn what_is_not_an_object_of_json_is_refused() {
        assert_eq!(problem("[1]"), ManifestProblem::NotAnObject { found: "a list" });
        assert!(matches!(problem("{ \"a\": 1,\n}"), ManifestProblem::Syntax { line: 2, .. }));
        let twice = problem("{ \"spa\": true, \"spa\": false }").to_string();
        assert!(twice.contains("duplicate field `spa`"), "{twice}");
        assert!(matches!(problem(""), ManifestProblem::Syntax { .. }));
        assert!(matches!(problem("{} {}"), ManifestProblem::Syntax { .. }));
        assert_eq!(parse(b"{\n\"\xFF\": 1}"), Err(ManifestProblem::NotUtf8 { line: 2 }));
        let huge = vec![b' '; MAX_MANIFEST_BYTES + 1];
        assert!(matches!(parse(&huge), Err(ManifestProblem::TooLarge { .. })));
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn the_schema_carries_the_documentation_of_every_field() {
        let schema = schema();
        let properties = schema["properties"].as_object().unwrap();
        assert_eq!(properties.len(), 11);
        for (key, property) in properties {
            assert!(property["description"].is_string(), "{key}: {property}");
        }
        assert!(properties["name"]["pattern"].is_string());
        assert!(properties["checks"]["items"]["properties"]["contains"].is_object());
        assert_eq!(schema["title"], "Manifest");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn no_json_makes_the_parser_panic(
            key in "name|env|crons|checks|analytics|\\PC{0,8}",
            value in "\\[\\]|\\{\\}|null|[0-9]{1,20}|\"\\PC{0,8}\"|\\[\\{\\}\\]|\\[null\\]",
        ) {
            let _ = parse(format!("{{\"{key}\": {value}}}").as_bytes());
        }
    }
}
