//! The feed of changes: which app changed, told as it happens.
//!
//! Server-sent events for programs beside the node. A reader that falls behind is
//! told so by an event of its own, and looks anew.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderValue, header},
    response::Response,
};
use fazt_tools::{AppName, Caller, Scope};
use futures_util::stream;
use serde_json::json;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Interval, interval},
};

use super::{Api, answer::failure, caller::authenticate};
use crate::{apps::sites::Changed, node::Node};

/// How often an idle feed says that it is alive.
const BEAT: Duration = Duration::from_secs(15);

/// Tells changes from now on.
pub(super) async fn changes(State(api): State<Api>, request: Request) -> Response {
    let caller = authenticate(&api.node, request.headers(), false).await;
    let caller = caller
        .and_then(|caller| caller.require(Scope::AppsRead, "the feed of changes").map(|()| caller));
    let caller = match caller {
        Ok(caller) => caller,
        Err(problem) => return failure(&problem),
    };
    let state = Feed {
        changes: api.node.sites.changes(),
        beat: interval(BEAT),
        caller,
        node: api.node.clone(),
    };
    let events = stream::unfold(state, |mut feed| async move {
        let event = feed.next().await?;
        Some((Ok::<_, Infallible>(event), feed))
    });
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

struct Feed {
    changes: Receiver<Changed>,
    beat: Interval,
    caller: Caller,
    node: Arc<Node>,
}

impl Feed {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let changed = tokio::select! {
                changed = self.changes.recv() => changed,
                _ = self.beat.tick() => return Some(Bytes::from_static(b": alive\n\n")),
                () = self.node.lifecycle.stopping() => return None,
            };
            // It may have been revoked since the stream began.
            if !self.node.access.still_holds(&self.caller).await {
                return None;
            }
            match changed {
                Ok(changed) => {
                    let app = AppName::parse(&changed.app);
                    if app.is_ok_and(|app| self.caller.may_touch(&app)) {
                        return Some(format!("event: change\ndata: {}\n\n", json!(changed)).into());
                    }
                }
                Err(RecvError::Lagged(missed)) => {
                    return Some(format!("event: missed\ndata: {missed}\n\n").into());
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
