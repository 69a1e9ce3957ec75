//! The pair of addresses of the oldest revision: events from `/sse`, messages to
//! `/messages`.
//!
//! rmcp has no such transport; here its messages travel over two channels. A
//! session ends with its stream of events, and belongs to who opened it.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use fazt_tools::Caller;
use futures_util::{StreamExt as _, stream};
use http_body_util::BodyExt as _;
use rmcp::{
    ServerHandler, ServiceExt as _,
    model::{ClientJsonRpcMessage, GetExtensions as _, JsonRpcMessage, ServerJsonRpcMessage},
};
use tokio::{
    sync::mpsc,
    time::{Interval, interval},
};
use tokio_util::sync::{CancellationToken, PollSender};

use super::door::wrong;
use crate::{clock, lifecycle::Lifecycle};

/// Messages that may wait in either direction.
const WAITING: usize = 64;
/// Open sessions that one caller may have.
const EACH: usize = 64;
/// How often an idle stream says that it is alive.
const BEAT: Duration = Duration::from_secs(15);

/// The open sessions.
#[derive(Clone)]
pub(super) struct Bridge {
    sessions: Arc<Mutex<HashMap<String, Session>>>,
    lifecycle: Lifecycle,
}

struct Session {
    caller: String,
    messages: mpsc::Sender<ClientJsonRpcMessage>,
    /// Weak, so that the stream ends when nobody has anything to say any more.
    answers: mpsc::WeakSender<ServerJsonRpcMessage>,
}

impl Session {
    /// Whether its client lets answers wait. Calls run side by side, and those of a
    /// client that never reads would fill the memory with what they have to say.
    fn is_behind(&self) -> bool {
        self.answers.upgrade().is_some_and(|answers| answers.capacity() == 0)
    }
}

/// Ends a session when its stream of events goes away.
struct Open {
    bridge: Bridge,
    id: String,
    over: CancellationToken,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.over.cancel();
        self.bridge.sessions().remove(&self.id);
    }
}

impl Bridge {
    pub(super) fn new(lifecycle: Lifecycle) -> Self {
        Self { sessions: Arc::default(), lifecycle }
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, HashMap<String, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a session: a stream of events whose first says where to send messages.
    pub(super) fn open<H>(&self, handler: H, request: &Request) -> Response
    where
        H: ServerHandler + Send + 'static,
    {
        let caller = name(request);
        let (to_client, from_server) = mpsc::channel::<ServerJsonRpcMessage>(WAITING);
        let (to_server, from_client) = mpsc::channel(WAITING);
        let id = clock::secret(32);
        {
            let mut sessions = self.sessions();
            if sessions.values().filter(|session| session.caller == caller).count() >= EACH {
                return wrong(
                    StatusCode::TOO_MANY_REQUESTS,
                    "too many sessions are open; close some, or use `/mcp`, which needs none",
                );
            }
            let answers = to_client.downgrade();
            sessions.insert(id.clone(), Session { caller, messages: to_server, answers });
        }
        let over = self.lifecycle.token().child_token();
        let open = Open { bridge: self.clone(), id: id.clone(), over: over.clone() };
        let ended = over.clone();
        self.lifecycle.spawn(async move {
            let incoming = receiver(from_client);
            let transport = (PollSender::new(to_client), Box::pin(incoming));
            if let Ok(running) = handler.serve_with_ct(transport, ended).await {
                let _ = running.waiting().await;
            }
        });
        let first = format!("event: endpoint\ndata: /messages?sessionId={id}\n\n");
        let state = (from_server, interval(BEAT), open, over);
        let events = stream::once(async move { Bytes::from(first) })
            .chain(stream::unfold(state, next))
            .map(Ok::<_, Infallible>);
        let mut response = Response::new(Body::from_stream(events));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    /// Takes a message of a session.
    pub(super) async fn take(&self, request: Request) -> Response {
        let caller = name(&request);
        let query = request.uri().query().unwrap_or_default();
        let id = url::form_urlencoded::parse(query.as_bytes())
            .find_map(|(name, value)| (name == "sessionId").then(|| value.into_owned()));
        let messages = id.and_then(|id| {
            let sessions = self.sessions();
            let session = sessions.get(&id).filter(|session| session.caller == caller)?;
            Some((session.messages.clone(), session.is_behind()))
        });
        let Some((messages, is_behind)) = messages else {
            return wrong(StatusCode::NOT_FOUND, "there is no such session; open `/sse` again");
        };
        let (parts, body) = request.into_parts();
        // The layer before has bounded it.
        let Ok(body) = body.collect().await else {
            return wrong(StatusCode::BAD_REQUEST, "the message broke off");
        };
        let read: Result<ClientJsonRpcMessage, _> = serde_json::from_slice(&body.to_bytes());
        let mut message = match read {
            Ok(message) => message,
            Err(error) => {
                return wrong(StatusCode::BAD_REQUEST, &format!("this is no message: {error}"));
            }
        };
        if let JsonRpcMessage::Request(request) = &mut message {
            if is_behind {
                return wrong(
                    StatusCode::TOO_MANY_REQUESTS,
                    &format!("{WAITING} messages wait on this session's stream; read them first"),
                );
            }
            request.request.extensions_mut().insert(parts);
        }
        match messages.send(message).await {
            Ok(()) => StatusCode::ACCEPTED.into_response(),
            Err(_) => wrong(StatusCode::NOT_FOUND, "the session has ended; open `/sse` again"),
        }
    }
}

fn name(request: &Request) -> String {
    request.extensions().get::<Caller>().map(|caller| caller.name.clone()).unwrap_or_default()
}

fn receiver<T>(from: mpsc::Receiver<T>) -> impl stream::Stream<Item = T> {
    stream::unfold(from, |mut from| async move { from.recv().await.map(|item| (item, from)) })
}

type Events = (mpsc::Receiver<ServerJsonRpcMessage>, Interval, Open, CancellationToken);

/// The next event of a session, or a sign of life.
async fn next(mut state: Events) -> Option<(Bytes, Events)> {
    let event = tokio::select! {
        message = state.0.recv() => {
            let text = serde_json::to_string(&message?).ok()?;
            Bytes::from(format!("event: message\ndata: {text}\n\n"))
        }
        _ = state.1.tick() => Bytes::from_static(b": alive\n\n"),
        () = state.3.cancelled() => return None,
    };
    Some((event, state))
}
