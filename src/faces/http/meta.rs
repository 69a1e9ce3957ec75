//! Routes about the node itself: health, metrics, the API's own description.

use std::{fmt::Write as _, sync::LazyLock};

use axum::{
    Json,
    extract::{Extension, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use fazt_tools::{Caller, Face, Handler, Scope, openapi::document, specs, status};
use serde_json::{Map, Value, json};

use super::{Api, answer::failure, caller::authenticate};
use crate::{apps::bundle::manifest, auth::Visitor, peers::BUNDLE_TYPE};

static OPENAPI: LazyLock<Value> =
    LazyLock::new(|| document(env!("CARGO_PKG_VERSION"), specs(), other_routes()));

/// The OpenAPI document of this program.
pub fn openapi() -> &'static Value {
    &OPENAPI
}

pub(super) async fn openapi_json() -> Response {
    Json(openapi()).into_response()
}

pub(super) async fn manifest_schema() -> Response {
    Json(manifest::schema()).into_response()
}

/// Says that the node is well, and nothing else: anyone may ask.
pub(super) async fn health(State(api): State<Api>) -> Response {
    let well = !api.node.lifecycle.is_stopping() && api.node.store.owner_hash().await.is_ok();
    if well {
        Json(json!({ "status": "ok" })).into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "degraded" }))).into_response()
    }
}

/// Figures for Prometheus, for this machine or a token that may read the node.
pub(super) async fn metrics(
    State(api): State<Api>,
    visitor: Option<Extension<Visitor>>,
    request: Request,
) -> Response {
    if !visitor.is_some_and(|visitor| visitor.is_near()) {
        let caller = authenticate(&api.node, request.headers(), false).await;
        let allowed = caller.and_then(|caller| caller.require(Scope::ServerRead, "metrics"));
        if let Err(problem) = allowed {
            return failure(&problem);
        }
    }
    let asked = Caller::owner(Face::Node);
    let facts = Handler::<status::Status>::handle(&*api.node, &asked, status::Input {}).await;
    let facts = match facts {
        Ok(facts) => facts,
        Err(problem) => return failure(&problem),
    };
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, value: u64| {
        let _ = writeln!(
            text,
            "# HELP fazt_{name} {help}\n# TYPE fazt_{name} gauge\nfazt_{name} {value}"
        );
    };
    gauge("uptime_seconds", "Seconds since the node started.", facts.uptime_seconds);
    gauge("apps", "Apps on the node.", facts.apps);
    gauge("memory_bytes", "Resident memory of the process.", facts.memory_bytes);
    gauge("database_bytes", "Size of the database.", facts.database.bytes);
    gauge("database_wal_bytes", "Size of the write-ahead log.", facts.database.wal_bytes);
    gauge("queued_writes", "Writes that wait for the writer.", facts.queues.writes);
    gauge("queued_compression", "Files that wait for compression.", facts.queues.compression);
    gauge("cache_bytes", "Bytes in the memory cache of hot files.", facts.cache.bytes);
    gauge("cache_entries", "Answers in the memory cache of hot files.", facts.cache.entries);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// The routes that are no tool.
fn other_routes() -> Map<String, Value> {
    let open = json!([]);
    let ok = |description: &str| {
        json!({
            "200": { "description": description },
            "default": { "$ref": "#/components/responses/Error" },
        })
    };
    let form = |fields: Value| {
        json!({ "required": true, "content": { "application/json": { "schema": {
            "type": "object", "properties": fields,
        } } } })
    };
    let text = json!({ "type": "string" });
    let routes = json!({
        "/health": { "get": {
            "operationId": "health", "summary": "Health", "security": open,
            "responses": ok("`{\"status\":\"ok\"}`, or 503 with `degraded`."),
        } },
        "/metrics": { "get": {
            "operationId": "metrics", "summary": "Prometheus metrics", "security": open,
            "description": "Open to this machine; from elsewhere a token with `server:read`.",
            "responses": ok("Figures in Prometheus's text format."),
        } },
        "/schema/manifest.json": { "get": {
            "operationId": "manifest_schema", "summary": "JSON schema of manifest.json",
            "security": open, "responses": ok("The schema."),
        } },
        "/api/openapi.json": { "get": {
            "operationId": "openapi", "summary": "This document", "security": open,
            "responses": ok("The document."),
        } },
        "/api/whoami": { "get": {
            "operationId": "whoami", "summary": "Who the caller is and what it may do",
            "responses": ok("Name, scopes, apps and limits."),
        } },
        "/api/question": { "post": {
            "operationId": "question", "summary": "What to ask a person before a tool is used",
            "description": "Says in words what the call would do away with, and changes nothing.",
            "requestBody": form(json!({ "tool": text, "input": { "type": "object" } })),
            "responses": ok("The question."),
        } },
        "/api/blobs": { "post": {
            "operationId": "upload_blobs", "summary": "Upload contents for a deploy",
            "description": "Takes a bundle; `deploy` then names the contents by hash.",
            "requestBody": { "required": true, "content": { BUNDLE_TYPE: {} } },
            "responses": ok("They are stored."),
        } },
        "/api/blobs/{hash}": { "put": {
            "operationId": "upload_blob", "summary": "Upload one large content",
            "parameters": [{ "name": "hash", "in": "path", "required": true, "schema": text }],
            "requestBody": { "required": true, "content": { "application/octet-stream": {} } },
            "responses": ok("It is stored."),
        } },
        "/api/setup": { "post": {
            "operationId": "set_up", "summary": "Spend the set-up link", "security": open,
            "requestBody": form(json!({ "link": text, "password": text })),
            "responses": ok("A session began."),
        } },
        "/api/login": { "post": {
            "operationId": "log_in", "summary": "Sign in as the owner", "security": open,
            "requestBody": form(json!({ "password": text })),
            "responses": ok("A session began."),
        } },
        "/api/logout": { "post": {
            "operationId": "log_out", "summary": "End the session",
            "responses": ok("It ended."),
        } },
        "/api/session": { "get": {
            "operationId": "session", "summary": "The session, with its CSRF value", "security": open,
            "responses": ok("Whether a session is open."),
        } },
    });
    match routes {
        Value::Object(routes) => routes,
        _ => Map::new(),
    }
}
