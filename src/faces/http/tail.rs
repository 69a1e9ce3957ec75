//! A log as it grows: the last lines of `read_logs`, and each that comes.
//!
//! Server-sent events, numbered, so that a reader that was cut off goes on where it
//! was. A line is told once it is written down: nothing is told twice or left out.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use fazt_tools::{Caller, Code, Problem, read_logs::Input, trace::Line};
use futures_util::stream;
use serde_json::{Map, Value, json};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Interval, interval},
};

use super::Api;
use crate::{apps::sites::Changed, node::Node, store::LogQuery};

/// How often an idle tail says that it is alive.
const BEAT: Duration = Duration::from_secs(15);
/// What a reader that was cut off sends along.
const LAST: &str = "last-event-id";

/// Tells the lines that an input asks for, from the last ones on.
pub(super) async fn follow(
    api: &Api,
    caller: Caller,
    input: Map<String, Value>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let input: Input = serde_json::from_value(Value::Object(input)).map_err(|error| {
        Problem::new(Code::ValidationFailed, format!("`read_logs`: {error}"))
            .hint("a log is followed where it is: ask that node itself")
    })?;
    caller.require_app(&input.app)?;
    let node = api.node.clone();
    // Before the first look, so that nothing falls between the two.
    let changes = node.sites.changes();
    let query = node.log_query(&input).await?;
    let last = headers.get(LAST).and_then(|last| last.to_str().ok()?.parse().ok());
    let found = match last {
        Some(last) => node.log_tail(&query, last).await?,
        None => node.log_end(&query).await?,
    };
    let mut tail = Tail {
        app: input.app.to_string(),
        after: last.unwrap_or(-1),
        told: VecDeque::new(),
        // What a reader missed may be more than is read at once.
        behind: last.is_some(),
        beat: interval(BEAT),
        query,
        changes,
        caller,
        node,
    };
    tail.take(found);
    let events = stream::unfold(tail, |mut tail| async move {
        let event = tail.next().await?;
        Some((Ok::<_, Infallible>(event), tail))
    });
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

struct Tail {
    app: String,
    query: LogQuery,
    /// The last line that was taken.
    after: i64,
    /// Events to be sent.
    told: VecDeque<Bytes>,
    /// Whether there may be lines that nobody will tell of.
    behind: bool,
    changes: Receiver<Changed>,
    beat: Interval,
    caller: Caller,
    node: Arc<Node>,
}

impl Tail {
    fn take(&mut self, lines: Vec<(i64, Line)>) {
        for (n, line) in lines {
            self.after = self.after.max(n);
            self.told.push_back(format!("id: {n}\nevent: line\ndata: {}\n\n", json!(line)).into());
        }
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.told.pop_front() {
                return Some(event);
            }
            while !self.behind {
                let changed = tokio::select! {
                    changed = self.changes.recv() => changed,
                    _ = self.beat.tick() => return Some(Bytes::from_static(b": alive\n\n")),
                    () = self.node.lifecycle.stopping() => return None,
                };
                self.behind = match changed {
                    Ok(changed) => changed.logged && changed.app == self.app,
                    Err(RecvError::Lagged(_)) => true,
                    Err(RecvError::Closed) => return None,
                };
            }
            // It may have been revoked since the stream began.
            if !self.node.access.still_holds(&self.caller).await {
                return None;
            }
            let found = self.node.log_tail(&self.query, self.after).await.ok()?;
            self.behind = !found.is_empty();
            self.take(found);
        }
    }
}
