//! A deploy told as it goes: server-sent events for whoever accepts them.
//!
//! `progress` events, then one `result` with what the plain answer would hold,
//! or one `error`. A client that hangs up does not stop a deploy that has
//! begun.

use std::convert::Infallible;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use fazt_tools::Problem;
use futures_util::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, Collected};
use serde_json::{Value, json};

use crate::{apps::progress::Progress, lifecycle::Lifecycle};

/// Whether the client wants to be told.
pub(super) fn are_wanted(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|media| {
        media.split(';').next().is_some_and(|media| media.trim() == "text/event-stream")
    })
}

/// Runs `work` and tells its progress and its end.
pub(super) fn tell<W>(lifecycle: &Lifecycle, work: impl FnOnce(Progress) -> W) -> Response
where
    W: Future<Output = Result<Response, Problem>> + Send + 'static,
{
    let (progress, steps) = Progress::channel();
    let (end, ended) = tokio::sync::oneshot::channel();
    let work = work(progress);
    lifecycle.spawn(async move {
        let _ = end.send(work.await);
    });
    let state = Some((steps, ended));
    let events = stream::unfold(state, |state| async move {
        let (mut steps, ended) = state?;
        match steps.recv().await {
            Some(step) => Some((event("progress", &json!(step)), Some((steps, ended)))),
            // The teller is gone, so the work has ended.
            None => {
                let last = match ended.await.unwrap_or_else(|_| Err(Problem::internal())) {
                    Ok(response) => event("result", &body_of(response).await),
                    Err(problem) => event("error", &json!({ "error": problem })),
                };
                Some((last, None))
            }
        }
    });
    let mut response = Response::new(Body::from_stream(events.map(Ok::<_, Infallible>)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What the plain answer would hold.
async fn body_of(response: Response) -> Value {
    let body = response.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
    serde_json::from_slice(&body).unwrap_or_default()
}

/// One event; JSON has no raw line ends, so one `data` line holds it.
fn event(name: &str, data: &Value) -> Bytes {
    format!("event: {name}\ndata: {data}\n\n").into()
}
