//! What the catalogue says of itself: names, words, schemas, examples.

use std::collections::HashSet;

use fazt_tools::{Effect, specs, tool::Method};
use serde_json::Value;

use super::schema::misfits;

#[test]
fn every_example_fits_its_own_schemas() {
    for spec in specs() {
        let (input, output) = (spec.example)();
        assert_eq!(misfits(&(spec.input)(), &input), [""; 0], "input of {}", spec.name);
        assert_eq!(misfits(&(spec.output)(), &output), [""; 0], "output of {}", spec.name);
        let view = (spec.view)(&output).unwrap_or_else(|error| panic!("{}: {error}", spec.name));
        assert!(!view.text().is_empty(), "{} says nothing", spec.name);
    }
}

#[test]
fn a_value_that_does_not_fit_is_found_out() {
    let spec = specs().iter().find(|spec| spec.name == "promote").expect("a tool");
    for bad in [
        serde_json::json!({}),
        serde_json::json!({ "app": "-" }),
        serde_json::json!({ "app": "blog", "version": "2" }),
        serde_json::json!({ "app": "blog", "version": -1 }),
        serde_json::json!({ "app": "blog", "wrong": 1 }),
        serde_json::json!([]),
    ] {
        assert_ne!(misfits(&(spec.input)(), &bad), [""; 0], "{bad}");
    }
}

#[test]
fn every_tool_and_every_field_says_what_it_is() {
    for spec in specs() {
        let description = spec.description();
        assert!((20..=2_048).contains(&description.len()), "{}: {description}", spec.name);
        assert!(!spec.title.is_empty() && !spec.summary().is_empty(), "{}", spec.name);
        for (what, schema) in [("input", (spec.input)()), ("output", (spec.output)())] {
            assert_eq!(silent(&schema, spec.name), [""; 0], "{what} of {}", spec.name);
        }
    }
}

/// Paths of the fields that have no description.
fn silent(schema: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let at = format!("{at}.{name}");
        if field["description"].as_str().is_none_or(str::is_empty) {
            found.push(at.clone());
        }
        found.extend(silent(field, &at));
        found.extend(silent(&field["items"], &at));
    }
    found
}

#[test]
fn schemas_are_plain_enough_for_every_reader() {
    for spec in specs() {
        for schema in [(spec.input)(), (spec.output)()] {
            let text = schema.to_string();
            for foreign in
                ["uint", "int32", "int64", "\"null\"", "$ref", "$defs", "\"default\":null"]
            {
                assert!(!text.contains(foreign), "{} says {foreign}: {text}", spec.name);
            }
            assert_eq!(schema["type"], "object", "{}", spec.name);
        }
        let closed = (spec.input)()["additionalProperties"].clone();
        assert_eq!(closed, Value::Bool(false), "{} takes any field", spec.name);
    }
}

#[test]
fn names_routes_and_commands_are_each_somebodys_own() {
    let (mut names, mut routes, mut commands) = (HashSet::new(), HashSet::new(), HashSet::new());
    for spec in specs() {
        let snake = spec.name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        assert!(snake, "{} is not snake_case", spec.name);
        assert!(names.insert(spec.name), "two tools are called {}", spec.name);
        let route = (spec.route.method.as_str(), spec.route.path);
        assert!(routes.insert(route), "two tools are at {route:?}");
        for command in spec.commands {
            assert!(commands.insert(command), "two tools are `fazt {command}`");
        }
    }
}

#[test]
fn a_route_names_required_fields_and_a_get_changes_nothing() {
    for spec in specs() {
        let required = (spec.input)()["required"].clone();
        let required = required.as_array().cloned().unwrap_or_default();
        for field in spec.route.fields() {
            assert!(required.contains(&field.into()), "{}: {field} is optional", spec.name);
        }
        if spec.route.method == Method::Get {
            assert_eq!(spec.effect, Effect::Read, "{}", spec.name);
        }
        if spec.effect == Effect::Remove {
            assert_eq!(spec.route.method, Method::Delete, "{}", spec.name);
        }
    }
}

#[test]
fn agents_can_read_the_whole_catalogue_in_five_thousand_tokens() {
    let agents: Vec<_> = specs().iter().filter(|spec| spec.agent).collect();
    assert!(agents.len() <= 20, "{} tools are too many", agents.len());
    let schemas = agents.iter().map(|spec| spec.name.len() + (spec.input)().to_string().len());
    // A token is four letters of such text, or a little less.
    let tokens = schemas.sum::<usize>() / 4;
    assert!(tokens <= 5_000, "{tokens} tokens");
}

#[test]
fn the_examples_in_help_are_commands_that_parse() {
    for spec in specs() {
        for (line, does) in spec.examples {
            assert!(!does.is_empty(), "{line}");
            let command = line.split(" | ").next().unwrap_or_default();
            let words = command.split_whitespace().filter(|word| !word.starts_with('@'));
            let parsed = fazt::faces::cli::commands().try_get_matches_from(words);
            assert!(parsed.is_ok(), "{line}: {parsed:?}");
        }
    }
}
