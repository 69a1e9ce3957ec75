//! The HTTP API: a route for every tool, made from the catalogue.
//!
//! Knows who asks before it looks at what is asked; turns path, query and body
//! into a tool's input, and the answer into `{data, meta?}` or `{error}`. A new
//! tool needs no line here.

mod answer;
mod caller;
mod events;
mod feed;
mod idempotency;
mod input;
mod meta;
mod page;
mod sign_in;
mod tail;
mod upload;

pub(crate) mod oauth;

use std::sync::Arc;

use axum::{
    Router,
    extract::{RawPathParams, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{MethodFilter, MethodRouter, get, on, post, put},
};
use fazt_tools::{Caller, Code, PeerName, Problem, Spec, dispatch, question, specs, tool::Method};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tracing::Instrument as _;

use crate::{apps::progress::Progress, clock, node::Node};

use answer::{failure, success};
use input::Shape;

pub use meta::openapi;

/// What every route needs.
#[derive(Clone)]
struct Api {
    node: Arc<Node>,
}

/// The API and the pages of the admin host, and `beside` it what other faces add.
pub fn router(node: Arc<Node>, beside: Router) -> Router {
    let api = Api { node };
    let mut routes: Router<Api> = Router::new();
    for spec in specs() {
        routes = routes.route(spec.route.path, tool_route(spec));
    }
    routes
        .route("/api/blobs", post(upload::blobs))
        .route("/api/blobs/{hash}", put(upload::blob))
        .route("/api/upload/{ticket}", put(upload::ticket).post(upload::ticket))
        .route("/api/events", get(feed::changes))
        .route("/api/whoami", get(caller::whoami))
        .route("/api/question", post(ask))
        .route("/api/openapi.json", get(meta::openapi_json))
        .route("/schema/manifest.json", get(meta::manifest_schema))
        .route("/health", get(meta::health))
        .route("/metrics", get(meta::metrics))
        .merge(sign_in::routes())
        .merge(oauth::routes(&api.node))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(api.clone(), oauth::challenged))
        .with_state(api)
        .merge(beside)
        .layer(middleware::from_fn(around))
}

fn tool_route(spec: &'static Spec) -> MethodRouter<Api> {
    let filter = match spec.route.method {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
        Method::Patch => MethodFilter::PATCH,
        Method::Put => MethodFilter::PUT,
        Method::Delete => MethodFilter::DELETE,
    };
    let shape = Arc::new(Shape::of(spec));
    on(filter, move |State(api): State<Api>, params: RawPathParams, request: Request| async move {
        // What the largest of the tools holds is not on every call's stack.
        let answered = Box::pin(answer_tool(&api, spec, &shape, &params, request)).await;
        answered.unwrap_or_else(|problem| failure(&problem))
    })
}

async fn answer_tool(
    api: &Api,
    spec: &'static Spec,
    shape: &Shape,
    params: &RawPathParams,
    request: Request,
) -> Result<Response, Problem> {
    let caller = caller::authenticate(&api.node, request.headers(), spec.effect.changes()).await?;
    caller.require(spec.scope, spec.name)?;
    let key = idempotency::key_of(request.headers(), spec, &caller)?;
    if spec.name == "deploy" && upload::is_upload(request.headers()) {
        return answer_upload(api, caller, key, request).await;
    }
    let followed = spec.name == "read_logs" && events::are_wanted(request.headers());
    let headers = followed.then(|| request.headers().clone());
    let (input, fingerprint) = shape.read(params, request).await?;
    if let Some(headers) = headers {
        return Box::pin(tail::follow(api, caller, input, &headers)).await;
    }
    if !spec.effect.changes() {
        return run(api, &caller, spec, input).await.map(success);
    }
    let finishing = api.clone();
    to_the_end(api, async move {
        let run = run(&finishing, &caller, spec, input);
        match key {
            None => run.await.map(success),
            Some(key) => idempotency::once(&finishing, &key, fingerprint, run).await,
        }
    })
    .await
}

/// Deploys files that come as the body, telling how far it is if that is wanted.
async fn answer_upload(
    api: &Api,
    caller: Caller,
    key: Option<String>,
    request: Request,
) -> Result<Response, Problem> {
    let told = events::are_wanted(request.headers());
    let uploading = api.clone();
    let deploy = |progress: Progress| async move {
        let (upload, fingerprint) =
            upload::receive(&uploading, &caller, request, &progress).await?;
        let finishing = uploading.clone();
        to_the_end(&uploading, async move {
            let work = upload::deploy(&finishing, &caller, upload, &progress);
            match key {
                None => work.await.map(success),
                Some(key) => idempotency::once(&finishing, &key, fingerprint, work).await,
            }
        })
        .await
    };
    if told {
        return Ok(events::tell(&api.node.lifecycle, deploy));
    }
    deploy(Progress::default()).await
}

/// Carries out what changes the node, whether or not the client waits for it.
async fn to_the_end<T: Send + 'static>(
    api: &Api,
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    let done = api.node.lifecycle.finish(work).await;
    done.unwrap_or_else(|| Err(Problem::internal()))
}

/// Carries a tool out here, or on the peer that the input names.
async fn run(
    api: &Api,
    caller: &Caller,
    spec: &Spec,
    mut input: Map<String, Value>,
) -> Result<Value, Problem> {
    let peer = if spec.agent { input.remove("peer") } else { None };
    let input = Value::Object(input);
    match peer {
        None => dispatch(&*api.node, caller, spec.name, input).await,
        Some(peer) => {
            let name = peer.as_str().map(PeerName::parse);
            let Some(Ok(name)) = name else {
                return Err(Problem::invalid("peer", "give the name of a peer, such as `zyt`"));
            };
            let there = api.node.peer_for(caller, &name).await?;
            dispatch(&there, caller, spec.name, input).await
        }
    }
}

/// A call of which only the question is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    tool: String,
    #[serde(default)]
    input: Map<String, Value>,
}

/// Says what a person should be asked before a tool is carried out.
async fn ask(State(api): State<Api>, request: Request) -> Response {
    let question = async {
        let caller = caller::authenticate(&api.node, request.headers(), false).await?;
        let Asked { tool, input } = input::typed(request).await?;
        question(&*api.node, &caller, &tool, Value::Object(input)).await
    };
    match question.await {
        Ok(question) => success(json!({ "question": question })),
        Err(problem) => failure(&problem),
    }
}

/// Gives every request an id, logs how it ended, and guards its answer.
async fn around(request: Request, next: Next) -> Response {
    const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
    let id = clock::id("req_");
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    // What is logged on the way bears the id, too.
    let span = tracing::info_span!("request", id);
    let mut response = next.run(request).instrument(span).await;
    let status = response.status();
    if status.is_server_error() {
        tracing::warn!(%method, path, status = status.as_u16(), id, "a request failed");
    } else {
        tracing::debug!(%method, path, status = status.as_u16(), id, "answered a request");
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(X_REQUEST_ID, id);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn not_found(request: Request) -> Response {
    let path = request.uri().path();
    let routes = specs().iter().map(|spec| spec.route.path);
    failure(&Problem::missing(Code::NotFound, "route", path, routes))
}

async fn method_not_allowed(request: Request) -> Response {
    let what = format!("{} takes no {}", request.uri().path(), request.method());
    let problem =
        Problem::new(Code::MethodNotAllowed, what).hint("`Allow` names the methods it takes");
    (StatusCode::METHOD_NOT_ALLOWED, answer::error_body(&problem)).into_response()
}
