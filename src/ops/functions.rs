//! Functions on a node: a request for `/api/…` becomes a job, and its end an answer.
//!
//! Which file answers is `apps::functions`, where it runs is `runtime`; here they
//! meet. What a script may ask of the host is carried out here, too.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use fazt_tools::{Code, Problem};
use futures_util::stream::{self, BoxStream};
use serde_json::Value;
use tokio::sync::mpsc;

use super::storage_problem;
use crate::{
    apps::{
        functions::{Functions, Kind, Target, stored},
        sites::{Site, Slot},
    },
    node::Node,
    runtime::{
        Answered, Breach, Budgets, Ended, HostCalls, Job, Piece, Ready, Report,
        frames::{self, Answer, App, Bounds, Call, Head, HostError, Load, Reply, Request, Script},
    },
    store::data::{DataScope, Datum, Operation, Outcome, Page, Space},
};

/// A version's functions, with its scripts ready to be sent to a worker.
pub struct FunctionSite {
    pub(super) functions: Arc<Functions>,
    pub(super) scripts: Ready,
}

/// A request for a function, as it came.
pub struct Asked<'r> {
    /// Names it in logs and answers.
    pub id: String,
    /// The method.
    pub method: &'r str,
    /// The whole address.
    pub url: String,
    /// The path in its normal form.
    pub path: &'r str,
    /// The query.
    pub query: Option<&'r str>,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The visitor's address.
    pub ip: String,
    /// The body.
    pub body: Bytes,
}

/// A body as it is made.
pub type Pieces = BoxStream<'static, Result<Bytes, std::io::Error>>;

/// What a log knows of a request before it is answered.
#[derive(Clone)]
struct Facts {
    app: Arc<str>,
    id: String,
    functions: Arc<Functions>,
}

/// What became of a request for a function.
pub enum Functioned {
    /// The function answered.
    Answered(Answer),
    /// The function answers, and makes its body as it is sent. A body that breaks off
    /// ends with an error.
    Streamed(Head, Pieces),
    /// The function is at another path.
    Elsewhere(String),
    /// There is none.
    Nowhere,
}

impl Node {
    /// Answers a request by the function of a version.
    pub async fn answer_function(
        self: &Arc<Self>,
        slot: &Slot,
        site: &Site,
        asked: Asked<'_>,
    ) -> Result<Functioned, Problem> {
        let ready = self.function_site(slot, site).await?;
        let Some(found) = ready.functions.routes.find(asked.path) else {
            return Ok(Functioned::Nowhere);
        };
        if let Some(canonical) = found.canonical
            && matches!(asked.method, "GET" | "HEAD")
        {
            return Ok(Functioned::Elsewhere(canonical));
        }
        let query = url::form_urlencoded::parse(asked.query.unwrap_or_default().as_bytes());
        let params: BTreeMap<_, _> = found.params;
        let request = Request {
            id: asked.id.clone(),
            method: asked.method.to_owned(),
            url: asked.url,
            path: asked.path.to_owned(),
            params: params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            query: query.into_owned().collect(),
            headers: asked.headers,
            ip: asked.ip,
            user: None,
            body: asked.body,
        };
        let host = RequestHost { node: self.clone(), app: slot.id };
        let job = Job {
            app: slot.id,
            scripts: ready.scripts.clone(),
            entry: found.file.to_owned(),
            request,
            host: Arc::new(host),
            budgets: Budgets::default(),
        };
        let functions = ready.functions.clone();
        let facts = Facts { app: (*slot.name).into(), id: asked.id, functions };
        let Ended { answer, report } = self.functions.run(job).await;
        match answer {
            Ok(Answered::Whole(answer)) => {
                self.ended(&facts, None, &report);
                Ok(Functioned::Answered(answer))
            }
            Ok(Answered::Streamed(head, pieces)) => {
                Ok(Functioned::Streamed(head, self.clone().pieces(facts, pieces)))
            }
            Err(mut breach) => {
                if let Breach::Failed(error) = &mut breach {
                    error.stack = facts.functions.retraced(&error.stack);
                    error.message = facts.functions.retraced(&error.message);
                }
                self.ended(&facts, Some(&breach), &report);
                Err(problem(&breach).detail("request_id", facts.id))
            }
        }
    }

    /// The pieces of a streamed body, up to its end, which is written down.
    fn pieces(self: Arc<Self>, facts: Facts, pieces: mpsc::Receiver<Piece>) -> Pieces {
        let state = Some((self, facts, pieces));
        Box::pin(stream::unfold(state, |state| async {
            let (node, facts, mut pieces) = state?;
            let broken = |breach: &Breach| std::io::Error::other(problem(breach).message);
            match pieces.recv().await {
                Some(Piece::Bytes(bytes)) => Some((Ok(bytes), Some((node, facts, pieces)))),
                Some(Piece::End(ended, report)) => {
                    node.ended(&facts, ended.as_ref().err(), &report);
                    Some((Err(broken(&ended.err()?)), None))
                }
                None => Some((Err(broken(&Breach::Crashed(String::new()))), None)),
            }
        }))
    }

    /// Writes down how a request went.
    #[expect(clippy::unused_self, reason = "the log is the node's")]
    fn ended(&self, facts: &Facts, breach: Option<&Breach>, report: &Report) {
        let Facts { app, id, functions } = facts;
        for line in &report.lines {
            tracing::info!(
                target: "fazt::functions", %app, id, level = line.level, "{}", functions.retraced(&line.text)
            );
        }
        if let Some(breach) = breach {
            tracing::warn!(%app, id, ?breach, "a function failed");
        }
    }

    pub(super) async fn function_site(
        &self,
        slot: &Slot,
        site: &Site,
    ) -> Result<Arc<FunctionSite>, Problem> {
        let key = (slot.id, site.version);
        let read = async {
            let functions = stored(site, &*self.store).await.map_err(|e| storage_problem(&e))?;
            let app = App {
                id: slot.id.to_string(),
                name: slot.name.to_string(),
                version: site.version,
                domain: self.config.domain.clone(),
            };
            // Rows and versions are counted from one, and neither reaches half of its bits.
            let name = slot.id.unsigned_abs() << 32 | u64::from(site.version);
            let load = Load { fresh: site.fresh, ..load(&functions, app, name) };
            let scripts = Ready::new(load);
            Ok::<_, Problem>(Arc::new(FunctionSite { functions: Arc::new(functions), scripts }))
        };
        self.function_sites.get_or_insert_async(&key, read).await
    }
}

/// A version's scripts as a worker wants them.
pub(super) fn load(functions: &Functions, app: App, site: u64) -> Load {
    let files = functions.modules.iter().map(|(path, module)| Script {
        path: path.clone(),
        code: module.code.clone(),
        kind: match module.kind {
            Kind::Module => frames::Kind::Module,
            Kind::Script => frames::Kind::Script,
            Kind::Json => frames::Kind::Json,
        },
        imports: module
            .imports
            .iter()
            .filter_map(|import| match &import.target {
                Target::File(file) => Some((import.specifier.clone(), file.clone())),
                // A worker knows the libraries by their names.
                Target::Library(_) => None,
            })
            .collect(),
        exports: module.exports.clone(),
        program: module.program,
    });
    let entries = functions.routes.list().iter().map(|route| route.file.clone());
    let budgets = Budgets::default();
    let bounds = Bounds {
        memory: budgets.memory,
        answer: budgets.answer as u64,
        lines: budgets.lines,
        line: budgets.line,
    };
    let (files, entries) = (files.collect(), entries.collect());
    Load { site, app, files, entries, env: Vec::new(), fresh: false, bounds }
}

/// What a visitor is told of a breach; the rest is in the log.
fn problem(breach: &Breach) -> Problem {
    match breach {
        Breach::Failed(_) => Problem::new(Code::FunctionError, "the function failed")
            .hint("its owner's log says why"),
        Breach::Timeout(limit) => {
            Problem::new(Code::FunctionTimeout, format!("the function did not answer in {limit:?}"))
        }
        Breach::Cpu(limit) => Problem::new(
            Code::FunctionCpu,
            format!("the function took more than {limit:?} of the processor"),
        ),
        Breach::Memory => {
            Problem::new(Code::FunctionMemory, "the function took more memory than it may")
        }
        Breach::Crashed(_) => Problem::new(Code::FunctionCrashed, "the function's process ended"),
        Breach::TooLong(bytes) => Problem::new(
            Code::ResponseTooLarge,
            format!("the function's answer is {bytes} bytes long, which is more than it may be"),
        ),
        Breach::Busy => Problem::new(Code::Busy, "too many requests of this app are under way")
            .hint("try again"),
        Breach::Unavailable(_) => Problem::new(Code::Busy, "no function can run just now"),
    }
}

/// What carries out the calls of one request.
struct RequestHost {
    node: Arc<Node>,
    app: i64,
}

#[async_trait]
impl HostCalls for RequestHost {
    async fn call(&self, call: Call) -> Result<Reply, HostError> {
        let arguments = serde_json::from_str(&call.arguments)
            .map_err(|_| HostError::new("VALIDATION_FAILED", "arguments are no list"))?;
        let space = Space { app: self.app, scope: DataScope::shared() };
        let operation = operation(&call.api, arguments)?;
        let outcome = self.node.store.data(&space, operation, self.node.clock.now()).await;
        let value = outcome.map(value_of).map_err(|error| {
            HostError::new(storage_problem(&error).code.as_str(), error.to_string())
        })?;
        let json = if value.is_null() { String::new() } else { value.to_string() };
        Ok(Reply { json, bytes: Vec::new() })
    }
}

/// The operation that a call means.
fn operation(api: &str, arguments: Vec<Value>) -> Result<Operation, HostError> {
    let refused = |message: String| HostError::new("VALIDATION_FAILED", message);
    let mut arguments = arguments.into_iter();
    let mut next = || arguments.next().unwrap_or(Value::Null);
    let mut text = |name: &str| match next() {
        Value::String(text) => Ok(text),
        _ => Err(refused(format!("`{api}`: {name} has to be a string"))),
    };
    let held = |value: Value| (!value.is_null()).then(|| Datum::Json(value.to_string()));
    match api {
        "kv.get" => Ok(Operation::KvGet { key: text("the key")? }),
        "kv.delete" => Ok(Operation::KvDelete { key: text("the key")? }),
        "kv.set" => {
            let key = text("the key")?;
            let (value, ttl) = (next(), next());
            // Milliseconds, alone or as `ttl`.
            let ttl = ttl.as_u64().or_else(|| ttl.get("ttl")?.as_u64());
            let value = Datum::Json(value.to_string());
            Ok(Operation::KvSet { key, value, ttl: ttl.map(std::time::Duration::from_millis) })
        }
        "kv.incr" => {
            let key = text("the key")?;
            let by = match next() {
                Value::Number(by) => by,
                _ => 1.into(),
            };
            Ok(Operation::KvIncr { key, by })
        }
        "kv.cas" => {
            let key = text("the key")?;
            Ok(Operation::KvCas { key, old: held(next()), new: held(next()) })
        }
        "kv.list" => {
            let prefix = text("the prefix").unwrap_or_default();
            let asked = next();
            let limit = asked.get("limit").and_then(Value::as_u64).unwrap_or_default();
            let after = asked.get("cursor").and_then(Value::as_str).map(ToOwned::to_owned);
            let limit = u32::try_from(limit).unwrap_or(u32::MAX);
            Ok(Operation::KvList { prefix, page: Page { limit, after, ..Page::default() } })
        }
        _ => Err(HostError::new("NOT_FOUND", format!("this node has no `{api}`"))),
    }
}

/// What a script gets of an outcome.
fn value_of(outcome: Outcome) -> Value {
    let datum = |datum: Datum| match datum {
        Datum::Json(text) => serde_json::from_str(&text).unwrap_or_default(),
        Datum::Bytes(bytes) => Value::from(String::from_utf8_lossy(&bytes)),
    };
    match outcome {
        Outcome::Held(held) => held.into(),
        Outcome::Number(number) => number.into(),
        Outcome::Count(count) => count.into(),
        Outcome::Value(value) => value.map(datum).unwrap_or_default(),
        Outcome::Entries(listed) => serde_json::json!({
            "keys": listed.0.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>(),
            "cursor": listed.1,
        }),
        Outcome::Ids(ids) => ids.into(),
        Outcome::Values(values) => values.into(),
        Outcome::Done | Outcome::Documents(_) | Outcome::Object(_) | Outcome::Objects(_) => {
            Value::Null
        }
    }
}
