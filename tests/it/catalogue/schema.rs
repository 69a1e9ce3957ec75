//! Does a value fit a schema?
//!
//! Knows the words that the catalogue's schemas use and fails on any other, so
//! that nothing goes unchecked. A crate for all of JSON Schema would bring forty
//! others along.

use serde_json::{Map, Value};

/// Words that say something to readers and nothing about the value.
const REMARKS: &[&str] = &["description", "format", "default", "title"];

/// Where and why `value` does not fit `schema`; empty when it does.
pub(super) fn misfits(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, value, "", &mut found);
    found
}

fn check(schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let rules = match schema {
        Value::Bool(true) => return,
        Value::Object(rules) => rules,
        other => return found.push(format!("{at}: {other} is no schema")),
    };
    for (word, rule) in rules {
        let fits = match word.as_str() {
            "type" => is_type(rule, value),
            "enum" => rule.as_array().is_some_and(|values| values.contains(value)),
            "const" => rule == value,
            "minimum" => value.as_f64() >= rule.as_f64(),
            "maximum" => value.as_f64() <= rule.as_f64(),
            "maxLength" => value.as_str().map(|text| text.chars().count() as u64) <= rule.as_u64(),
            "pattern" => is_name(rule, value),
            "required" => {
                let names = rule.as_array().into_iter().flatten().filter_map(Value::as_str);
                names.into_iter().all(|name| value.get(name).is_some())
            }
            "oneOf" | "anyOf" => {
                let options = rule.as_array().into_iter().flatten();
                options.into_iter().any(|option| misfits(option, value).is_empty())
            }
            "properties" => {
                for (name, rule) in rule.as_object().into_iter().flatten() {
                    if let Some(value) = value.get(name) {
                        check(rule, value, &format!("{at}/{name}"), found);
                    }
                }
                true
            }
            "additionalProperties" => *rule != Value::Bool(false) || only_known(rules, value),
            "items" => {
                for (n, value) in value.as_array().into_iter().flatten().enumerate() {
                    check(rule, value, &format!("{at}/{n}"), found);
                }
                true
            }
            word if REMARKS.contains(&word) => true,
            word => {
                found.push(format!("{at}: nobody checks `{word}`"));
                true
            }
        };
        if !fits {
            found.push(format!("{at}: {value} breaks {word}: {rule}"));
        }
    }
}

fn is_type(rule: &Value, value: &Value) -> bool {
    match rule.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        _ => false,
    }
}

/// The catalogue has two patterns, those of names.
fn is_name(rule: &Value, value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    match rule.as_str() {
        Some("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$") => fazt_tools::AppName::parse(text).is_ok(),
        Some("^@?[a-z0-9]([a-z0-9-]*[a-z0-9])?$") => fazt_tools::PeerName::parse(text).is_ok(),
        _ => false,
    }
}

fn only_known(rules: &Map<String, Value>, value: &Value) -> bool {
    let known = |name: &String| rules.get("properties").is_some_and(|p| p.get(name).is_some());
    value.as_object().is_none_or(|fields| fields.keys().all(known))
}
