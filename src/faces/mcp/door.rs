//! `/mcp` on the admin host, and what stands before it.
//!
//! Who asks is known, and what it may do is decided, before the protocol's own
//! code sees a request: a handler could answer neither 401 nor 403. A browser's
//! page from elsewhere is refused by its Origin.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use fazt_tools::{Caller, Code, Face as Through, Problem, Scope, specs};
use http_body_util::{BodyExt as _, Limited};
use rmcp::{
    ServerHandler,
    transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService},
};
use serde::Deserialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Door, Face, Reach, held::Held, sessions, sse};
use crate::{
    lifecycle::Lifecycle,
    node::Node,
    ops::origin::{Lack, Origin, challenge},
};

/// How long an open stream may take for its last words when the node stops.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// Longest request.
pub(super) const LONGEST: usize = 4 << 20;

const MCP_SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

/// Routes of a node's admin host.
pub type Routes = Router;

/// The doors of a node over HTTP.
pub fn router(node: &Arc<Node>) -> Router {
    let reach = Arc::new(Reach::here(node.clone()));
    let face = Face::new(reach, Door::Http, node.lifecycle.clone());
    router_for(node, move || face.session())
}

/// The same for another handler, which is made anew for every session.
pub fn router_for<H, F>(node: &Arc<Node>, handler: F) -> Router
where
    H: ServerHandler + Clone + Send + Sync + 'static,
    F: Fn() -> H + Clone + Send + Sync + 'static,
{
    let over = CancellationToken::new();
    let mut config = StreamableHttpServerConfig::default()
        .with_json_response(true)
        .with_legacy_session_mode(true)
        // Both are checked below, for names that are settings.
        .disable_allowed_hosts()
        .disable_allowed_origins()
        .with_max_request_body_bytes(LONGEST)
        .with_cancellation_token(over.clone());
    config.session_store = Some(Arc::new(sessions::Stored(node.clone())));
    let made = handler.clone();
    let manager = Arc::new(Held::default());
    node.lifecycle.spawn(end_well(node.lifecycle.clone(), manager.clone(), over));
    let service = StreamableHttpService::new(move || Ok(made()), manager, config);
    let mut routes = Router::new().route_service("/mcp", service);
    if node.config.mcp_sse {
        let bridge = sse::Bridge::new(node.lifecycle.clone());
        let opened = bridge.clone();
        let open = move |request: Request| {
            let (bridge, handler) = (opened.clone(), handler());
            async move { bridge.open(handler, &request) }
        };
        let take = move |request: Request| {
            let bridge = bridge.clone();
            async move { bridge.take(request).await }
        };
        routes = routes.route("/sse", get(open)).route("/messages", post(take));
    }
    routes.layer(middleware::from_fn_with_state(node.clone(), admit))
}

/// Ends what is open when the node stops: first those that end by themselves with
/// a last word, then the rest.
async fn end_well(lifecycle: Lifecycle, held: Arc<Held>, over: CancellationToken) {
    lifecycle.stopping().await;
    tokio::time::sleep(LAST_WORDS).await;
    over.cancel();
    // They are in the store; in memory they would hold on to the node.
    held.clear().await;
}

/// Lets in whoever may ask what it asks.
async fn admit(State(node): State<Arc<Node>>, request: Request, next: Next) -> Response {
    let ends_session = request.method() == Method::DELETE;
    match prepare(&node, request).await {
        Ok((caller, request)) => {
            let answered = sessions::ASKING.scope(caller, next.run(request)).await;
            // The Python client takes 202 for a failure to end its session.
            if ends_session && answered.status() == StatusCode::ACCEPTED {
                return StatusCode::NO_CONTENT.into_response();
            }
            as_clients_read(answered)
        }
        Err(refusal) => refusal.into_response(&node),
    }
}

/// Why a request goes no further.
struct Refusal {
    problem: Problem,
    /// What would do, where a token would.
    lack: Option<(Lack, Option<Scope>)>,
    origin: Origin,
    /// The resource that was asked: `/mcp`, or `/sse` of the older pair.
    door: &'static str,
}

/// Checks a request and notes who sent it.
async fn prepare(node: &Arc<Node>, request: Request) -> Result<(String, Request), Refusal> {
    let origin = Origin::of(node, &request);
    let door = if request.uri().path() == "/mcp" { "/mcp" } else { "/sse" };
    let refuse = |problem, lack| Refusal { problem, lack, origin: origin.clone(), door };
    if let Some(page) = request.headers().get(header::ORIGIN)
        && page.as_bytes() != origin.as_str().as_bytes()
    {
        return Err(refuse(
            Problem::new(Code::Forbidden, "a page from elsewhere may not use this server")
                .hint("connect from a program, or from a page of this node's own"),
            None,
        ));
    }
    let came = request.headers().contains_key(header::AUTHORIZATION);
    let lack = if came { Lack::ValidToken } else { Lack::Token };
    let caller = who(node, request.headers()).await;
    let caller = caller.map_err(|problem| refuse(problem, Some((lack, None))))?;
    node.access.admit(&caller).map_err(|problem| refuse(problem, None))?;
    let (mut parts, body) = request.into_parts();
    let body = if parts.method == Method::POST {
        let whole = Limited::new(body, LONGEST).collect().await;
        let whole = whole.map_err(|_| {
            let what = format!("the request is longer than {LONGEST} bytes, or broke off");
            let problem = Problem::new(Code::TooLarge, what)
                .hint("send files by the upload address that `deploy` gives");
            refuse(problem, None)
        })?;
        whole.to_bytes()
    } else {
        Bytes::new()
    };
    if let Some(tool) = called(&body)
        && let Some(spec) = specs().iter().find(|spec| spec.agent && spec.name == tool)
        && let Err(problem) = caller.require(spec.scope, spec.name)
    {
        return Err(refuse(problem, Some((Lack::Scope, Some(spec.scope)))));
    }
    if let Some(id) = parts.headers.get(MCP_SESSION_ID) {
        let id = id.to_str().unwrap_or_default();
        if !sessions::belongs(node, id, &caller.name).await {
            return Err(refuse(
                Problem::new(Code::NotFound, "there is no such session")
                    .hint("begin a new one: send `initialize` without `Mcp-Session-Id`"),
                None,
            ));
        }
    }
    let name = caller.name.clone();
    parts.extensions.insert(caller);
    Ok((name, Request::from_parts(parts, Body::from(body))))
}

/// The caller that a bearer token stands for; nothing else is taken here.
async fn who(node: &Node, headers: &HeaderMap) -> Result<Caller, Problem> {
    let refused = |message: &str| {
        Problem::new(Code::Unauthorized, message).hint(
            "send `Authorization: Bearer TOKEN`; the owner makes one with \
             `fazt token create NAME --preset agent`",
        )
    };
    let value = headers.get(header::AUTHORIZATION);
    let value = value.ok_or_else(|| refused("no token came with the request"))?;
    let token = value.to_str().ok().and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let token = token.ok_or_else(|| refused("the Authorization header is no bearer token"))?;
    let found = node.access.bearer(token, Through::Mcp).await;
    let found = found.map_err(|error| crate::ops::storage_problem(&error))?;
    found.ok_or_else(|| refused("the token is unknown, revoked or expired"))
}

/// The tool that a request calls, by its body: what newer clients say in a header
/// besides is compared with it for them alone.
fn called(body: &Bytes) -> Option<String> {
    #[derive(Deserialize)]
    struct Params {
        name: Option<String>,
    }
    #[derive(Deserialize)]
    struct Call {
        method: Option<String>,
        params: Option<Params>,
    }
    let call: Call = serde_json::from_slice(body).ok()?;
    (call.method.as_deref() == Some("tools/call")).then_some(call.params?.name?)
}

impl Refusal {
    fn into_response(self, node: &Node) -> Response {
        let body = json!({
            "jsonrpc": "2.0", "id": null,
            "error": { "code": -32_600, "message": message(&self.problem), "data": self.problem },
        });
        let status = StatusCode::from_u16(self.problem.code.status());
        let status = status.unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = (status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        let wait = self.problem.details.get("retry_after").and_then(serde_json::Value::as_u64);
        if let Some(wait) = wait {
            headers.insert(header::RETRY_AFTER, wait.into());
        }
        if let Some((lack, scope)) = self.lack {
            let scopes = scope.into_iter().collect();
            let value = challenge(node, &self.origin, self.door, lack, scopes);
            headers.insert(header::WWW_AUTHENTICATE, value);
        }
        response
    }
}

fn message(problem: &Problem) -> String {
    match &problem.hint {
        Some(hint) => format!("{}; {hint}", problem.message),
        None => problem.message.clone(),
    }
}

/// Answers of rmcp that clients stumble over, said as they expect them.
fn as_clients_read(response: Response) -> Response {
    let plain = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_none_or(|media| media.as_bytes().starts_with(b"text/plain"));
    match response.status() {
        StatusCode::NOT_ACCEPTABLE if plain => {
            wrong(StatusCode::NOT_ACCEPTABLE, "send `Accept: application/json, text/event-stream`")
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE if plain => wrong(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send one JSON-RPC message as `application/json`; batches are not taken",
        ),
        _ => response,
    }
}

pub(super) fn wrong(status: StatusCode, message: &str) -> Response {
    let body = json!({
        "jsonrpc": "2.0", "id": null, "error": { "code": -32_600, "message": message },
    });
    (status, axum::Json(body)).into_response()
}
