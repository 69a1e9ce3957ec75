//! The envelope: `{data, meta?}` for success, `{error}` for a problem.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use fazt_tools::{Code, Problem, Scope};
use serde_json::{Map, Value, json};

/// A tool's output in its envelope. What a list says of itself is also in `meta`.
pub(super) fn success(output: Value) -> Response {
    Json(enveloped(output)).into_response()
}

/// See [`success`].
pub(super) fn enveloped(output: Value) -> Value {
    let mut meta = Map::new();
    for name in ["total", "cursor"] {
        if let Some(value) = output.get(name) {
            meta.insert(name.to_owned(), value.clone());
        }
    }
    let mut envelope = Map::from_iter([("data".to_owned(), output)]);
    if !meta.is_empty() {
        envelope.insert("meta".to_owned(), Value::Object(meta));
    }
    Value::Object(envelope)
}

/// What a 401 asks for, until [`super::oauth::challenged`] says where it is to be had.
pub(super) use crate::ops::origin::BEARER;

/// The scope that a refused caller lacks, for whoever tells how to get it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Needs(pub(super) Scope);

/// A problem in its envelope, with its status.
pub(super) fn failure(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = (status, error_body(problem)).into_response();
    let headers = response.headers_mut();
    match problem.code {
        Code::Unauthorized => {
            headers.insert(header::WWW_AUTHENTICATE, BEARER);
        }
        Code::Forbidden => {
            let scope = problem.details.get("scope").and_then(Value::as_str);
            if let Some(Ok(scope)) = scope.map(str::parse::<Scope>) {
                response.extensions_mut().insert(Needs(scope));
            }
        }
        Code::RateLimited | Code::BudgetSpent | Code::Busy | Code::InProgress => {
            let seconds = problem.details.get("retry_after").and_then(Value::as_u64);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.unwrap_or(1)));
        }
        _ => {}
    }
    response
}

pub(super) fn error_body(problem: &Problem) -> Json<Value> {
    Json(json!({ "error": problem }))
}
