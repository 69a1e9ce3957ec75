//! Who asks: a bearer token, or a session with its CSRF header for mutations.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, header},
    response::Response,
};
use fazt_tools::{Caller, Code, Face, Problem, Scope, tokens::Approval};
use serde_json::json;
use subtle::ConstantTimeEq as _;

use super::{
    Api,
    answer::{failure, success},
};
use crate::{node::Node, ops::storage_problem};

/// What a session's mutation must carry.
pub(super) const X_CSRF: HeaderName = HeaderName::from_static("x-fazt-csrf");
const X_FACE: HeaderName = HeaderName::from_static("x-fazt-face");
const X_SCOPES: HeaderName = HeaderName::from_static("x-fazt-scopes");
const X_APPROVAL: HeaderName = HeaderName::from_static("x-fazt-approval");
const X_CLIENT: HeaderName = HeaderName::from_static("x-fazt-client");

/// The session cookie's name; the second form is bound to HTTPS by browsers.
pub(super) const COOKIE: &str = "fazt_session";
pub(super) const SECURE_COOKIE: &str = "__Host-fazt_session";

/// Recognises the caller and counts its call, or refuses.
pub(super) async fn authenticate(
    node: &Node,
    headers: &HeaderMap,
    changes: bool,
) -> Result<Caller, Problem> {
    let caller = recognise(node, headers, changes).await?;
    node.access.admit(&caller)?;
    Ok(caller)
}

/// Recognises the caller, or refuses.
async fn recognise(node: &Node, headers: &HeaderMap, changes: bool) -> Result<Caller, Problem> {
    let refused = |message: &str| {
        Problem::new(Code::Unauthorized, message).hint(
            "send `Authorization: Bearer TOKEN`; the owner makes one with `fazt token create NAME`",
        )
    };
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let token = value.to_str().ok().and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let token = token.ok_or_else(|| refused("the Authorization header is no bearer token"))?;
        let found = node.access.bearer(token, Face::Http).await.map_err(|e| storage_problem(&e))?;
        let mut caller =
            found.ok_or_else(|| refused("the token is unknown, revoked or expired"))?;
        // Commands of this machine say that they are; it only names the face.
        let face = text(headers, &X_FACE).and_then(Face::named);
        if let (None, Some(face @ (Face::Cli | Face::Mcp))) = (&caller.token, face) {
            caller.face = face;
        }
        // A peer says what its own caller may do; that only ever takes away.
        if let Some(scopes) = text(headers, &X_SCOPES) {
            let scopes = scopes.split(' ').filter_map(|scope| scope.parse::<Scope>().ok());
            caller.scopes = caller.scopes.and(scopes.collect());
        }
        caller.approval |= text(headers, &X_APPROVAL).is_some();
        // A program's name may have other letters than a header's usual ones.
        let client =
            headers.get(X_CLIENT).and_then(|name| std::str::from_utf8(name.as_bytes()).ok());
        caller.client = client
            .or_else(|| text(headers, &header::USER_AGENT))
            .map(|client| client.chars().take(80).collect());
        return Ok(caller);
    }
    let cookie = session_cookie(node, headers)
        .ok_or_else(|| refused("no token and no session came with the request"))?;
    let session = node.access.session(cookie).await.map_err(|e| storage_problem(&e))?;
    let session = session.ok_or_else(|| refused("the session has ended"))?;
    if changes {
        let given = text(headers, &X_CSRF).unwrap_or_default();
        if !bool::from(given.as_bytes().ct_eq(session.csrf.as_bytes())) {
            return Err(Problem::new(Code::CsrfFailed, "a session's change needs its CSRF header")
                .hint("send `X-Fazt-Csrf` with the value from `GET /api/session`"));
        }
    }
    Ok(Caller::owner(Face::Admin))
}

/// The session cookie of a request. Where visitors come by HTTPS only the form
/// that browsers bind to it counts: a page on a sibling host can plant the other.
pub(super) fn session_cookie<'h>(node: &Node, headers: &'h HeaderMap) -> Option<&'h str> {
    let plain = !node.config.public_url.starts_with("https:");
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = cookies.flat_map(|value| value.split(';')).map(str::trim);
    cookies.find_map(|cookie| {
        let (name, value) = cookie.split_once('=')?;
        (name == SECURE_COOKIE || plain && name == COOKIE).then_some(value)
    })
}

/// Says who the caller is and what it may do.
pub(super) async fn whoami(State(api): State<Api>, request: Request) -> Response {
    match authenticate(&api.node, request.headers(), false).await {
        Ok(caller) => {
            let approval = if caller.approval { Approval::Human } else { Approval::Never };
            let mut who = json!({
                "caller": caller.name,
                "scopes": caller.scopes.iter().collect::<Vec<_>>(),
                "apps": caller.apps,
                "approval": approval,
            });
            if let Some((budget, calls)) = api.node.access.budget(&caller) {
                who["budget"] = budget.into();
                who["calls_today"] = calls.into();
            }
            success(who)
        }
        Err(problem) => failure(&problem),
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}
