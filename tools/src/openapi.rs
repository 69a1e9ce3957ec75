//! The OpenAPI 3.1 document, made from the catalogue.
//!
//! Pure: specs in, JSON out. Routes that are no tool (health, sign-in, uploads)
//! are described by the HTTP face and passed in as `extra`.

use serde_json::{Map, Value, json};

use crate::{Code, Spec, tool::Method};

/// Describes every route of the catalogue, and `extra` paths besides.
pub fn document(version: &str, specs: &[Spec], extra: Map<String, Value>) -> Value {
    let mut paths = Map::new();
    for spec in specs {
        let path = spec.route.path.replace("{*", "{");
        let entry = paths.entry(path).or_insert_with(|| json!({}));
        entry[spec.route.method.as_str().to_lowercase()] = operation(spec);
    }
    for (path, item) in extra {
        paths.insert(path, item);
    }
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "fazt",
            "version": version,
            "license": { "name": "MIT", "identifier": "MIT" },
            "description": "The API of a fazt node. Success is `{data, meta?}`, failure \
                `{error: {code, message, hint?, details?}}`.",
        },
        "servers": [{ "url": "/" }],
        "security": [{ "token": [] }, { "session": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": "fazt_session" },
            },
            "responses": {
                "Error": {
                    "description": "Refused or failed.",
                    "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } },
                },
            },
            "schemas": {
                "Error": {
                    "type": "object",
                    "required": ["error"],
                    "properties": { "error": {
                        "type": "object",
                        "required": ["code", "message"],
                        "properties": {
                            "code": { "type": "string", "enum": codes },
                            "message": { "type": "string" },
                            "hint": { "type": "string" },
                            "details": { "type": "object" },
                        },
                    } },
                },
            },
        },
    })
}

fn operation(spec: &Spec) -> Value {
    let mut schema = (spec.input)();
    let description = spec.description();
    let required: Vec<String> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(ToOwned::to_owned))
        .collect();
    let in_path: Vec<&str> = spec.route.fields().collect();
    let mut parameters = Vec::new();
    let mut body = Map::new();
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    for (name, property) in properties {
        let place = if in_path.contains(&name.as_str()) {
            "path"
        } else if spec.route.takes_query() {
            "query"
        } else {
            body.insert(name, property);
            continue;
        };
        let mut property = property;
        let about = property.as_object_mut().and_then(|p| p.remove("description"));
        parameters.push(json!({
            "name": name, "in": place, "required": place == "path" || required.contains(&name),
            "description": about, "schema": property,
        }));
    }
    if spec.agent {
        let schema = json!({ "type": "string" });
        let about = "Carry the tool out on this peer instead";
        if spec.route.takes_query() {
            parameters.push(json!({
                "name": "peer", "in": "query", "required": false, "description": about, "schema": schema,
            }));
        } else {
            body.insert("peer".into(), json!({ "type": "string", "description": about }));
        }
    }
    let mut operation = json!({
        "operationId": spec.name,
        "summary": spec.title,
        "description": description,
        "x-scope": spec.scope.as_str(),
        "x-effect": spec.effect.word(),
        "parameters": parameters,
        "responses": {
            "200": {
                "description": "Done.",
                "content": { "application/json": { "schema": {
                    "type": "object",
                    "required": ["data"],
                    "properties": { "data": (spec.output)(), "meta": { "type": "object" } },
                } } },
            },
            "default": { "$ref": "#/components/responses/Error" },
        },
    });
    if spec.effect.changes() {
        operation["parameters"].as_array_mut().expect("made above").push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false, "schema": { "type": "string" },
            "description": "The same key with the same request answers the first answer for 24 h.",
        }));
    }
    if !spec.route.takes_query() && spec.route.method != Method::Get && !body.is_empty() {
        let names: Vec<&String> =
            required.iter().filter(|name| !in_path.contains(&name.as_str())).collect();
        schema["required"] = json!(names);
        let mut schema = json!({
            "type": "object", "properties": body, "additionalProperties": false,
        });
        if !names.is_empty() {
            schema["required"] = json!(names);
        }
        operation["requestBody"] = json!({
            "required": !names.is_empty(),
            "content": { "application/json": { "schema": schema, "example": (spec.example)().0 } },
        });
    }
    operation
}
