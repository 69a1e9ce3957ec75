//! A visitor's request for a function, and the function's answer on the wire.

use std::{sync::Arc, time::Duration};

use fazt_tools::{Code, Problem};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use serde_json::json;

use super::{Body, VisitorBody, pages};
use crate::{
    apps::sites::{Site, Slot},
    auth::Visitor,
    node::Node,
    ops::functions::{Asked, Functioned},
    runtime::frames::{Answer, Head},
};

/// How long all of a request's body may take to come.
const PATIENCE: Duration = Duration::from_mins(1);
/// Longest body of a request.
const LONGEST: usize = 10 << 20;

/// Most bytes of an answer's headers.
const HEADERS: usize = 64 << 10;

/// Headers that belong to one connection and not to an answer.
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Asks the function that answers `path`.
pub(super) async fn ask(
    node: &Arc<Node>,
    slot: &Slot,
    site: &Site,
    request: &Request<Body>,
    path: &str,
    query: Option<&str>,
    id: &str,
) -> Result<Response<VisitorBody>, Problem> {
    let body = match request.body().take() {
        None => bytes::Bytes::new(),
        Some(body) => {
            let whole = tokio::time::timeout(PATIENCE, Limited::new(body, LONGEST).collect()).await;
            let whole = whole.map_err(|_| {
                let what = format!("the body did not come within {} s", PATIENCE.as_secs());
                Problem::new(Code::RequestTooLarge, what).hint("send less, or faster")
            })?;
            let whole = whole.map_err(|_| {
                let what = format!("the body is longer than {LONGEST} bytes, or broke off");
                Problem::new(Code::RequestTooLarge, what)
            })?;
            whole.to_bytes()
        }
    };
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    // HTTP/2 says the host beside the path, as a proxy's form of HTTP/1.1 does.
    let named = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let host = named.or_else(|| request.headers().get(header::HOST).map(text)).unwrap_or_default();
    let rest = request.uri().path_and_query().map_or("/", |rest| rest.as_str());
    let visitor = Visitor::of(request.headers(), request.body().from, &node.config.proxies);
    let own = node.url("admin");
    let scheme = own.split_once("://").map_or("http", |(scheme, _)| scheme);
    let asked = Asked {
        id: id.to_owned(),
        method: request.method().as_str(),
        url: format!("{scheme}://{host}{rest}"),
        path,
        query,
        headers: request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect(),
        // A proxy that nobody named hides it.
        ip: visitor.address.map(|address| address.to_string()).unwrap_or_default(),
        // The owner's session belongs to the admin host alone; apps have no users yet.
        user: None,
        dry_run: false,
        body,
    };
    Ok(match node.answer_function(slot, site, asked).await? {
        Functioned::Answered(Answer { status, headers, body }) => {
            respond(status, headers, VisitorBody::bytes(body))?
        }
        Functioned::Streamed(Head { status, headers }, pieces) => {
            respond(status, headers, VisitorBody::stream(pieces))?
        }
        Functioned::Elsewhere(path) => {
            let query = query.map(|query| format!("?{query}")).unwrap_or_default();
            pages::elsewhere(&format!("{path}{query}"))
        }
        Functioned::Nowhere => pages::no_function(),
    })
}

fn respond(
    status: u16,
    headers: Vec<(String, String)>,
    body: VisitorBody,
) -> Result<Response<VisitorBody>, Problem> {
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > HEADERS {
        let what = format!("the function's headers are {bytes} bytes long, which is too much");
        return Err(Problem::new(Code::ResponseTooLarge, what));
    }
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let own = response.headers_mut();
    own.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    for (name, value) in headers {
        if HOP_BY_HOP.contains(&name.as_str()) {
            continue;
        }
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
            own.append(name, value);
        }
    }
    own.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    Ok(response)
}

/// A failure as a stranger sees it.
pub(super) fn refused(problem: &Problem) -> Response<VisitorBody> {
    let body = json!({ "error": {
        "code": problem.code, "message": problem.message,
        "request_id": problem.details.get("request_id"),
    } });
    let mut response = Response::new(VisitorBody::bytes(body.to_string()));
    let status = StatusCode::from_u16(problem.code.status());
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if problem.code.status() == 503 {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
