//! `Idempotency-Key`: the same request sent twice happens once.
//!
//! The first answer is kept for 24 hours and given again, sealed, because it may
//! hold a new token. A refusal is not kept: the caller may mend what was wrong
//! and use the key again.

use std::future::Future;

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use fazt_tools::{Caller, Code, Problem, Spec};
use serde_json::Value;

use super::{
    Api,
    answer::{enveloped, success},
};
use crate::{
    ops::storage_problem,
    store::{Hash, Reserved},
};

/// The key of a request, made the caller's own; `None` without one.
pub(super) fn key_of(
    headers: &HeaderMap,
    spec: &Spec,
    caller: &Caller,
) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get("idempotency-key").filter(|_| spec.effect.changes()) else {
        return Ok(None);
    };
    let key = key.to_str().ok().filter(|key| (1..=255).contains(&key.len()));
    let key = key
        .ok_or_else(|| Problem::invalid("Idempotency-Key", "give 1 to 255 printable characters"))?;
    Ok(Some(format!("{}\n{}\n{key}", caller.name, spec.name)))
}

/// Runs `work` unless a request with this key was answered before.
pub(super) async fn once(
    api: &Api,
    key: &str,
    fingerprint: Hash,
    work: impl Future<Output = Result<Value, Problem>>,
) -> Result<Response, Problem> {
    let store = &api.node.store;
    let failed = |e| storage_problem(&e);
    match store.reserve_key(key, fingerprint, api.node.clock.now()).await.map_err(failed)? {
        Reserved::New => {}
        Reserved::Answered(status, sealed) => {
            let body = api.node.access.key().open(&sealed, key).ok_or_else(|| {
                Problem::new(Code::KeyReused, "the first answer was sealed with another node's key")
                    .hint("use a new key")
            })?;
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            let mut response = (status, body).into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
            return Ok(response);
        }
        Reserved::Running => {
            return Err(Problem::new(
                Code::InProgress,
                "a request with this Idempotency-Key is under way",
            )
            .hint("wait and send it again; after a crash of the node, use a new key"));
        }
        Reserved::Other => {
            return Err(Problem::new(
                Code::KeyReused,
                "this Idempotency-Key belongs to another request",
            )
            .hint("use a new key for a new request"));
        }
    }
    match work.await {
        Ok(output) => {
            let body = enveloped(output.clone()).to_string();
            let sealed = api.node.access.key().seal(&body, key);
            store.settle_key(key, Some((200, sealed))).await.map_err(failed)?;
            Ok(success(output))
        }
        Err(problem) => {
            store.settle_key(key, None).await.map_err(failed)?;
            Err(problem)
        }
    }
}
