//! A small OAuth 2.1 authorization server, for programs that ask for access themselves.
//!
//! One flow: a code with PKCE, for public clients that registered or are named by a
//! document of their own, with the owner's consent each time. The rules are in
//! `auth::oauth`, tokens in `auth`. This file holds what its parts share: which of the
//! node's names is spoken to, how often strangers may ask, and what a 401 says.

mod ask;
mod clients;
mod consent;
mod metadata;
mod token;

use std::{num::NonZeroU32, sync::Arc};

use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State},
    http::{self, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use bytes::Bytes;
use fazt_tools::{Problem, Scopes};
use serde_json::json;
use tokio::time::timeout;
use url::form_urlencoded;

use super::{
    Api,
    answer::{BEARER, Needs},
    input,
    sign_in::{SLOWEST, from_own_page},
};
use crate::{
    auth::Strangers,
    node::Node,
    ops::origin::{Lack, Origin, challenge},
};

/// Longest form or registration.
const FORM: usize = 32 << 10;
/// Registrations a minute from one address.
const REGISTRATIONS: NonZeroU32 = NonZeroU32::new(20).expect("not zero");
/// Calls about tokens a minute from one address.
const CALLS: NonZeroU32 = NonZeroU32::new(120).expect("not zero");

/// What the routes share.
struct Desk {
    node: Arc<Node>,
    documents: clients::Documents,
    registrations: Strangers,
    calls: Strangers,
}

/// The routes, or none where the setting is off.
pub(super) fn routes(node: &Arc<Node>) -> Router<Api> {
    if !node.config.oauth {
        return Router::new();
    }
    let desk = Desk {
        node: node.clone(),
        documents: clients::Documents::default(),
        registrations: Strangers::new(REGISTRATIONS, node.clock.clone()),
        calls: Strangers::new(CALLS, node.clock.clone()),
    };
    let consent = Router::new()
        .route("/oauth/authorize", get(ask::show).post(ask::decide))
        .layer(middleware::from_fn(from_own_page));
    Router::new()
        .route("/.well-known/oauth-protected-resource", get(metadata::resource))
        .route("/.well-known/oauth-protected-resource/{path}", get(metadata::resource))
        .route("/.well-known/oauth-authorization-server", get(metadata::server))
        .route("/oauth/register", post(clients::register))
        .route("/oauth/token", post(token::token))
        .route("/oauth/revoke", post(token::revoke))
        .merge(consent)
        .with_state(Arc::new(desk))
}

/// Makes every 401 say where a token is to be had, and a 403 which scope to ask for.
pub(super) async fn challenged(State(api): State<Api>, request: Request, next: Next) -> Response {
    let origin = Origin::of(&api.node, &request);
    let came = request.headers().contains_key(header::AUTHORIZATION);
    let mut response = next.run(request).await;
    let needs = response.extensions().get::<Needs>().map(|needs| needs.0);
    let (lack, scopes) = match needs {
        Some(scope) if came => (Lack::Scope, [scope].into_iter().collect()),
        _ if response.headers().get(header::WWW_AUTHENTICATE) != Some(&BEARER) => return response,
        _ if came => (Lack::ValidToken, Scopes::default()),
        _ => (Lack::Token, Scopes::default()),
    };
    let value = challenge(&api.node, &origin, "", lack, scopes);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    response
}

/// A refusal as RFC 6749 §5.2 and RFC 7591 §3.2.2 write it.
fn refused(status: StatusCode, error: &str, description: &str) -> Response {
    let body = json!({ "error": error, "error_description": description });
    (status, Json(body)).into_response()
}

fn invalid(description: &str) -> Response {
    refused(StatusCode::BAD_REQUEST, "invalid_request", description)
}

/// A fault of ours.
fn failed(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.code.status());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let error = if status == StatusCode::SERVICE_UNAVAILABLE {
        "temporarily_unavailable"
    } else {
        "server_error"
    };
    refused(status, error, &problem.message)
}

fn too_many(wait: u64) -> Response {
    let status = StatusCode::TOO_MANY_REQUESTS;
    let what = format!("too many requests: try again in {wait} s");
    let mut response = refused(status, "temporarily_unavailable", &what);
    response.headers_mut().insert(header::RETRY_AFTER, wait.into());
    response
}

/// A small body that comes within its time.
async fn body_of(body: Body) -> Result<Bytes, String> {
    match timeout(SLOWEST, input::collect(body, FORM)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(problem)) => Err(problem.message),
        Err(_) => Err("the body took too long to come".to_owned()),
    }
}

/// Whether a request's body is of this type.
fn is_typed<B>(request: &http::Request<B>, media: &str) -> bool {
    let given = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let given = given.and_then(|given| given.split(';').next()).unwrap_or_default();
    given.trim().eq_ignore_ascii_case(media)
}

/// The fields of a form.
async fn form_of(request: Request) -> Result<Fields, String> {
    if !is_typed(&request, "application/x-www-form-urlencoded") {
        return Err("send a form: `application/x-www-form-urlencoded`".to_owned());
    }
    Ok(Fields::read(&body_of(request.into_body()).await?))
}

/// Fields of a form or a query; one without a value counts as left out (RFC 6749 §3.1).
struct Fields(Vec<(String, String)>);

impl Fields {
    fn read(text: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(text).into_owned();
        Self(pairs.filter(|(_, value)| !value.is_empty()).collect())
    }

    fn all<'f>(&'f self, name: &str) -> Vec<&'f str> {
        let found = self.0.iter().filter(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str()).collect()
    }

    /// A field that may be given once.
    fn one(&self, name: &str) -> Result<Option<&str>, String> {
        match self.all(name).as_slice() {
            [] => Ok(None),
            [value] => Ok(Some(value)),
            _ => Err(format!("`{name}` is given more than once")),
        }
    }

    /// A field that must be given.
    fn needed(&self, name: &str) -> Result<&str, String> {
        self.one(name)?.ok_or_else(|| format!("`{name}` is missing"))
    }
}
