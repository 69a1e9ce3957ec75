//! The catalogue's tools as the protocol describes them.
//!
//! Made once for each door from the catalogue alone: schemas, hints, and the few
//! arguments that belong to the protocol's face and not to the tool.

use std::sync::Arc;

use fazt_tools::{Caller, Effect, Problem, Spec, specs};
use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Map, Value, json};

use super::Door;

/// Whether a longer answer is wanted.
pub(super) const DETAIL: &str = "detail";
/// The name of what is to go, repeated.
pub(super) const CONFIRM: &str = "confirm";
/// Another node.
pub(super) const PEER: &str = "peer";
/// A folder on the client's machine.
pub(super) const PATH: &str = "path";

/// The tools of a door.
pub(super) struct Tools(Vec<(&'static Spec, Tool)>);

impl Tools {
    /// What is offered at a door.
    pub(super) fn at(door: Door) -> Self {
        let offered = specs().iter().filter(|spec| spec.agent);
        let mut tools: Vec<_> = offered.map(|spec| (spec, describe(spec, door))).collect();
        // One order, whatever the catalogue's: clients cache by the bytes.
        tools.sort_by_key(|(spec, _)| spec.name);
        Self(tools)
    }

    /// What a caller may use.
    pub(super) fn for_caller(&self, caller: &Caller) -> Vec<Tool> {
        let may = |spec: &Spec| caller.require(spec.scope, spec.name).is_ok();
        self.0.iter().filter(|(spec, _)| may(spec)).map(|(_, tool)| tool.clone()).collect()
    }

    /// The tool of a name, or a refusal that names near ones.
    pub(super) fn named(&self, name: &str) -> Result<&'static Spec, Problem> {
        let found = self.0.iter().find(|(spec, _)| spec.name == name).map(|(spec, _)| *spec);
        found.ok_or_else(|| Problem::unknown_tool(name, self.0.iter().map(|(spec, _)| spec.name)))
    }
}

fn describe(spec: &Spec, door: Door) -> Tool {
    let mut tool = Tool::new(spec.name, description(spec, door), Arc::new(input(spec, door)));
    tool.title = Some(spec.title.to_owned());
    tool.output_schema = Some(Arc::new(output(spec, door)));
    tool.annotations = Some(
        ToolAnnotations::new()
            .read_only(spec.effect == Effect::Read)
            // The ledger gives back what is replaced; what is removed, too, but a
            // person is asked first.
            .destructive(spec.effect == Effect::Remove)
            .idempotent(spec.idempotent)
            .open_world(spec.reaches_out),
    );
    tool
}

fn description(spec: &Spec, door: Door) -> String {
    let paragraphs = spec.description();
    let mut text: String = paragraphs
        .split("\n\n")
        .map(|paragraph| paragraph.replace('\n', " "))
        .collect::<Vec<_>>()
        .join("\n");
    if spec.name == "deploy" {
        text.push('\n');
        text.push_str(match door {
            Door::Stdio => {
                "Give `path`, a folder on this machine (its build runs first), or `files`."
            }
            Door::Http => {
                "Give `files`, or `app` alone for an upload address with a ready command that \
                 sends a whole folder."
            }
        });
    }
    text
}

fn input(spec: &Spec, door: Door) -> Map<String, Value> {
    let mut schema = object((spec.input)());
    schema.remove("description");
    let properties = schema.entry("properties").or_insert_with(|| json!({}));
    let Some(properties) = properties.as_object_mut() else { return schema };
    if spec.name == "deploy" {
        // For programs that know the hashes; an agent has better ways.
        properties.remove("tree");
        if door == Door::Stdio {
            properties.insert(
                PATH.to_owned(),
                json!({ "type": "string", "description": "Deploy this folder" }),
            );
        }
    }
    if spec.effect == Effect::Read {
        properties.insert(
            DETAIL.to_owned(),
            json!({ "enum": ["concise", "full"], "description": "Default: concise" }),
        );
    }
    if spec.effect == Effect::Remove {
        properties.insert(
            CONFIRM.to_owned(),
            json!({ "type": "string", "description": "Asked for when no form can be shown" }),
        );
    }
    properties.insert(
        PEER.to_owned(),
        json!({ "type": "string", "description": "Act on this peer; default: this node" }),
    );
    schema
}

fn output(spec: &Spec, door: Door) -> Map<String, Value> {
    let schema = object((spec.output)());
    if spec.name != "deploy" || door == Door::Stdio {
        return schema;
    }
    let upload = object(fazt_tools::tool::schema_of::<super::deploy::Upload>());
    let mut either = Map::new();
    either.insert("type".to_owned(), "object".into());
    either.insert("anyOf".to_owned(), json!([schema, upload]));
    either
}

fn object(schema: Value) -> Map<String, Value> {
    match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}
