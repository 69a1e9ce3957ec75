//! What the server says of itself: RFC 9728 for the resource, RFC 8414 for the server.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawPathParams, Request, State},
    response::{IntoResponse as _, Response},
};
use fazt_tools::{Scope, Scopes};
use serde_json::{Value, json};

use super::{super::not_found, Desk, Origin};
use crate::auth::oauth::{self, RESOURCE_PATHS};

/// The resource at a path of this origin.
pub(super) async fn resource(
    State(desk): State<Arc<Desk>>,
    params: RawPathParams,
    request: Request,
) -> Response {
    let origin = Origin::of(&desk.node, &request);
    let path = params.iter().next().map_or_else(String::new, |(_, path)| format!("/{path}"));
    if !path.is_empty() && !RESOURCE_PATHS.contains(&path.as_str()) {
        return not_found(request).await;
    }
    Json(json!({
        "resource": format!("{}{path}", origin.as_str()),
        "resource_name": "fazt",
        "authorization_servers": [origin.as_str()],
        "bearer_methods_supported": ["header"],
        // Clients ask for all of these where nothing says less.
        "scopes_supported": words(oauth::agent_scopes()),
    }))
    .into_response()
}

/// The authorization server.
pub(super) async fn server(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let origin = Origin::of(&desk.node, &request);
    let at = |path: &str| format!("{}{path}", origin.as_str());
    Json(json!({
        "issuer": origin.as_str(),
        "authorization_endpoint": at("/oauth/authorize"),
        "token_endpoint": at("/oauth/token"),
        "registration_endpoint": at("/oauth/register"),
        "revocation_endpoint": at("/oauth/revoke"),
        "scopes_supported": words(Scopes::all()),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "client_id_metadata_document_supported": true,
        "authorization_response_iss_parameter_supported": true,
    }))
    .into_response()
}

fn words(scopes: Scopes) -> Value {
    scopes.iter().map(Scope::as_str).collect()
}
