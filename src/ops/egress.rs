//! Calls of functions to the outside: one request's share of the gateway.
//!
//! A call waits for its answer, or is begun and waited for with others. Those that
//! nobody waits for any more end with their request. Whose calls they are is known by
//! the connection; a script says only what it wants.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use fazt_tools::AppName;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    egress::{Answer, Ask, Asker, NetError, Spending},
    node::Node,
    runtime::frames::{Call, HostError, Reply},
};

/// Longest wait for a call that is under way; a request ends before.
const WAIT: Duration = Duration::from_mins(1);

/// Tickets are never given twice, so that one of an earlier request means nothing.
static TICKETS: AtomicU64 = AtomicU64::new(1);

/// What a secret is sealed for: moved to another name or app it does not open.
pub fn sealed_as(app: Option<i64>, name: &str) -> String {
    format!("secret {name} of {}", app.unwrap_or(0))
}

/// The calls of one request to the outside.
pub struct Outgoing {
    node: Arc<Node>,
    app: i64,
    name: Option<AppName>,
    spending: Arc<Spending>,
    /// Whether nothing is sent, as in a trial.
    refused: bool,
    begun: Mutex<HashMap<u64, CancellationToken>>,
    ended: (mpsc::UnboundedSender<Ended>, tokio::sync::Mutex<mpsc::UnboundedReceiver<Ended>>),
    all: CancellationToken,
    _end: DropGuard,
}

/// A call that was begun, and how it ended.
type Ended = (u64, Result<Answer, NetError>);

/// A call as a worker writes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    url: String,
    #[serde(default)]
    method: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    /// Milliseconds.
    #[serde(default)]
    timeout: Option<f64>,
    #[serde(default)]
    auth: Option<String>,
    /// Whether a redirect is not followed.
    #[serde(default)]
    stays: bool,
}

impl Outgoing {
    /// The calls of a request of an app.
    pub fn of(node: &Arc<Node>, app: i64, name: Option<AppName>) -> Self {
        let all = CancellationToken::new();
        let (sender, receiver) = mpsc::unbounded_channel();
        Self {
            node: node.clone(),
            app,
            name,
            spending: Arc::default(),
            refused: false,
            begun: Mutex::default(),
            ended: (sender, tokio::sync::Mutex::new(receiver)),
            _end: all.clone().drop_guard(),
            all,
        }
    }

    /// The same for a trial, whose calls are refused.
    #[must_use]
    pub fn refused(self) -> Self {
        Self { refused: true, ..self }
    }

    /// Notes by when the request has to be answered.
    pub fn ends(&self, by: Instant) {
        self.spending.ends(by);
    }

    /// Carries out a call whose name begins with `net.`.
    pub async fn call(&self, call: Call) -> Result<Reply, HostError> {
        let mut arguments: Vec<Value> = serde_json::from_str(&call.arguments)
            .map_err(|_| HostError::new("VALIDATION_FAILED", "arguments are no list"))?;
        let first = arguments.drain(..).next().unwrap_or_default();
        match call.api.as_str() {
            "net.fetch" => {
                let ask = self.ask(first, call.bytes)?;
                let done =
                    fetch(&self.node, self.app, self.name.as_ref(), &self.spending, ask).await;
                done.map(reply_of).map_err(|error| refusal(&error))
            }
            "net.begin" => {
                let ask = self.ask(first, call.bytes)?;
                Ok(Reply { json: self.begin(ask).to_string(), ..Reply::default() })
            }
            "net.wait" => {
                let most = first.as_u64().map_or(WAIT, Duration::from_millis).min(WAIT);
                let mut ended = self.ended.1.lock().await;
                Ok(match timeout(most, ended.recv()).await {
                    Ok(Some(ended)) => self.told(ended),
                    _ => Reply::default(),
                })
            }
            "net.cancel" => {
                let ticket = first.as_u64().unwrap_or_default();
                if let Some(call) = held(&self.begun).remove(&ticket) {
                    call.cancel();
                }
                Ok(Reply::default())
            }
            api => Err(HostError::new("NOT_FOUND", format!("this node has no `{api}`"))),
        }
    }

    fn ask(&self, written: Value, bytes: Vec<Bytes>) -> Result<Ask, HostError> {
        if self.refused {
            let what = "nothing is fetched in a trial; run it without `dry_run`";
            return Err(HostError::new("NET_BLOCKED", what));
        }
        let written: Written = serde_json::from_value(written).map_err(|error| {
            HostError::new("VALIDATION_FAILED", format!("the call does not fit: {error}"))
        })?;
        let timeout = written.timeout.filter(|ms| ms.is_finite() && *ms > 0.0);
        Ok(Ask {
            url: written.url,
            method: written.method,
            headers: written.headers,
            body: bytes.into_iter().next().unwrap_or_default(),
            timeout: timeout.map(|ms| Duration::from_secs_f64((ms / 1_000.0).min(3_600.0))),
            auth: written.auth,
            stays: written.stays,
        })
    }

    /// Begins a call that is waited for later, and answers its ticket.
    fn begin(&self, ask: Ask) -> u64 {
        let ticket = TICKETS.fetch_add(1, Ordering::Relaxed);
        let stop = self.all.child_token();
        held(&self.begun).insert(ticket, stop.clone());
        let (node, spending, ended) =
            (self.node.clone(), self.spending.clone(), self.ended.0.clone());
        let (app, name) = (self.app, self.name.clone());
        self.node.lifecycle.spawn(async move {
            let done = tokio::select! {
                done = fetch(&node, app, name.as_ref(), &spending, ask) => done,
                () = stop.cancelled() => return,
            };
            // A request that is over hears no more.
            let _ = ended.send((ticket, done));
        });
        ticket
    }

    fn told(&self, (ticket, done): Ended) -> Reply {
        held(&self.begun).remove(&ticket);
        let mut reply = match done {
            Ok(answer) => reply_of(answer),
            Err(error) => {
                let error = refusal(&error);
                let json = json!({ "error": {
                    "code": error.code, "message": error.message, "retryable": error.retryable,
                } });
                Reply { json: json.to_string(), ..Reply::default() }
            }
        };
        reply.json = format!("{{\"ticket\":{ticket},{}", &reply.json[1..]);
        reply
    }
}

async fn fetch(
    node: &Node,
    app: i64,
    name: Option<&AppName>,
    spending: &Spending,
    ask: Ask,
) -> Result<Answer, NetError> {
    let owns = |host: &str| node.owns_host(host);
    node.egress.fetch(Asker { app, name, owns: &owns }, spending, ask).await
}

fn reply_of(answer: Answer) -> Reply {
    let json = json!({
        "status": answer.status,
        "url": answer.url,
        "redirected": answer.redirected,
        "headers": answer.headers,
    });
    Reply { json: json.to_string(), bytes: vec![answer.body] }
}

fn refusal(error: &NetError) -> HostError {
    HostError {
        code: error.code.to_string(),
        message: error.message.clone(),
        retryable: error.code.is_retryable(),
    }
}

fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Node {
    /// Whether a host in its one form leads back to this node.
    pub fn owns_host(&self, host: &str) -> bool {
        let below = |domain: &str| {
            host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        below(&self.config.domain)
            || below("localhost")
            || self.sites.names().alias(host).is_some()
            || url::Url::parse(&self.config.public_url)
                .is_ok_and(|own| own.host_str() == Some(host))
    }

    /// Reads rules and secrets of the gateway anew.
    pub async fn refresh_egress(&self) -> Result<(), fazt_tools::Problem> {
        self.egress.refresh().await.map_err(|e| super::storage_problem(&e))
    }

    /// Writes down what functions fetch, as it becomes worth a write, until the node stops.
    pub async fn write_fetches(&self) {
        loop {
            tokio::select! {
                () = self.egress.log_is_worth_writing() => {}
                () = self.lifecycle.stopping() => break,
            }
            if let Err(error) = self.egress.write_log().await {
                tracing::warn!(%error, "could not write down what was fetched");
            }
        }
    }
}
