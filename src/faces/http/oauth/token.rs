//! Tokens for codes and for refresh tokens, and taking them back (RFC 7009).

use std::sync::Arc;

use axum::{
    Json,
    extract::{Extension, Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::json;

use super::{Desk, Fields, clients::is_known, failed, form_of, invalid, refused, too_many};
use crate::{
    auth::{Issued, NotGiven, Redeem, Visitor, oauth},
    ops::storage_problem,
};

/// Answers `POST /oauth/token`.
pub(super) async fn token(
    State(desk): State<Arc<Desk>>,
    visitor: Option<Extension<Visitor>>,
    request: Request,
) -> Response {
    if let Err(wait) = desk.calls.admit(visitor.as_deref()) {
        return too_many(wait);
    }
    let form = match form_of(request).await {
        Ok(form) => form,
        Err(rule) => return invalid(&rule),
    };
    match give(&desk, &form).await {
        Ok(issued) => Json(json!({
            "access_token": issued.access,
            "token_type": "Bearer",
            "expires_in": issued.life.as_secs(),
            "refresh_token": issued.refresh,
            "scope": oauth::words(issued.scopes),
        }))
        .into_response(),
        Err(answer) => answer,
    }
}

async fn give(desk: &Desk, form: &Fields) -> Result<Issued, Response> {
    let unfit = |rule: String| invalid(&rule);
    let kind = form.needed("grant_type").map_err(unfit)?;
    let client = form.needed("client_id").map_err(unfit)?;
    let known = is_known(desk, client).await.map_err(|e| failed(&storage_problem(&e)))?;
    if !known {
        // A program whose registration is gone registers anew when it hears this.
        let rule = "this client is not registered here, or no longer";
        return Err(refused(StatusCode::UNAUTHORIZED, "invalid_client", rule));
    }
    let access = &desk.node.access;
    let given = match kind {
        "authorization_code" => {
            let redeem = Redeem {
                code: form.needed("code").map_err(unfit)?,
                client,
                redirect: form.one("redirect_uri").map_err(unfit)?,
                verifier: form.needed("code_verifier").map_err(unfit)?,
                resource: form.one("resource").map_err(unfit)?,
            };
            access.redeem(redeem).await
        }
        "refresh_token" => {
            let refresh = form.needed("refresh_token").map_err(unfit)?;
            let resource = form.one("resource").map_err(unfit)?;
            let domain = &desk.node.config.domain;
            // Every own name of the node is one resource.
            if resource.is_some_and(|resource| !oauth::is_own_resource(resource, domain)) {
                return Err(not_given(&NotGiven::Resource));
            }
            let scopes = match form.one("scope").map_err(unfit)? {
                None => None,
                Some(asked) => match oauth::scopes_of(Some(asked)) {
                    None => return Err(not_given(&NotGiven::Scope)),
                    scopes => scopes,
                },
            };
            access.renew(refresh, client, scopes).await
        }
        _ => {
            let rule = "`grant_type` is `authorization_code` or `refresh_token`";
            return Err(refused(StatusCode::BAD_REQUEST, "unsupported_grant_type", rule));
        }
    };
    given.map_err(|error| not_given(&error))
}

fn not_given(error: &NotGiven) -> Response {
    let word = match error {
        NotGiven::Grant(_) => "invalid_grant",
        NotGiven::Resource => "invalid_target",
        NotGiven::Scope => "invalid_scope",
        NotGiven::Node(problem) => return failed(problem),
    };
    refused(StatusCode::BAD_REQUEST, word, &error.to_string())
}

/// Answers `POST /oauth/revoke`: the same for every token, known or not. Whoever holds
/// one may give it up; a client that names itself only its own.
pub(super) async fn revoke(
    State(desk): State<Arc<Desk>>,
    visitor: Option<Extension<Visitor>>,
    request: Request,
) -> Response {
    if let Err(wait) = desk.calls.admit(visitor.as_deref()) {
        return too_many(wait);
    }
    let done = async {
        let form = form_of(request).await.map_err(|rule| invalid(&rule))?;
        let token = form.needed("token").map_err(|rule| invalid(&rule))?;
        let client = form.one("client_id").map_err(|rule| invalid(&rule))?;
        let given = desk.node.access.give_back(token, client).await;
        given.map_err(|error| failed(&storage_problem(&error)))
    };
    match done.await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(answer) => answer,
    }
}
