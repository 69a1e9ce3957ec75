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

use super::{journal::Facts, storage_problem};
use crate::{
    apps::{
        functions::{Functions, Kind, Route, Target, stored},
        sites::{Site, Slot},
    },
    node::Node,
    runtime::{
        Answered, Breach, Budgets, Ended, HostCalls, Job, Piece, Ready,
        frames::{
            self, Answer, App, Bounds, Call, Head, HostError, Load, Reply, Request, Script, User,
        },
    },
    store::{
        StoreError,
        data::{DataScope, Datum, Operation, Outcome, Page, Step},
    },
};

/// A version's functions, with its scripts ready to be sent to a worker.
pub struct FunctionSite {
    pub(super) functions: Arc<Functions>,
    pub(super) scripts: Ready,
}

impl FunctionSite {
    /// Which file answers which path.
    pub fn routes(&self) -> &[Route] {
        self.functions.routes.list()
    }
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
    /// Who is signed in.
    pub user: Option<User>,
    /// Whether nothing that it writes is to be kept.
    pub dry_run: bool,
    /// The body.
    pub body: Bytes,
}

/// A body as it is made.
pub type Pieces = BoxStream<'static, Result<Bytes, std::io::Error>>;

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

/// How far a request for a function came.
#[expect(clippy::large_enum_variant, reason = "it is taken apart where it is made")]
pub enum Ran {
    /// To a function. What it did is in the log already, unless its answer is
    /// streamed: then that is for whoever reads the stream.
    Ended(Facts, Ended),
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
        let id = asked.id.clone();
        match self.run_function(slot, site, asked).await? {
            Ran::Ended(facts, ended) => match ended.answer {
                Ok(Answered::Whole(answer)) => Ok(Functioned::Answered(answer)),
                Ok(Answered::Streamed(head, pieces)) => {
                    let pieces = self.clone().pieces(facts, head.status, pieces);
                    Ok(Functioned::Streamed(head, pieces))
                }
                Err(breach) => Err(problem(&breach).detail("request_id", id)),
            },
            Ran::Elsewhere(path) => Ok(Functioned::Elsewhere(path)),
            Ran::Nowhere => Ok(Functioned::Nowhere),
        }
    }

    /// The pieces of a streamed body, up to its end, which is written down.
    fn pieces(self: Arc<Self>, facts: Facts, status: u16, pieces: mpsc::Receiver<Piece>) -> Pieces {
        let state = Some((self, facts, pieces));
        Box::pin(stream::unfold(state, move |state| async move {
            let (node, facts, mut pieces) = state?;
            let broken = |breach: &Breach| std::io::Error::other(problem(breach).message);
            match pieces.recv().await {
                Some(Piece::Bytes(bytes)) => Some((Ok(bytes), Some((node, facts, pieces)))),
                Some(Piece::End(ended, report)) => {
                    node.record(&facts, ended.as_ref().map(|()| status), &report);
                    Some((Err(broken(&ended.err()?)), None))
                }
                None => Some((Err(broken(&Breach::Crashed(String::new()))), None)),
            }
        }))
    }

    /// Runs the function of a version.
    pub async fn run_function(
        self: &Arc<Self>,
        slot: &Slot,
        site: &Site,
        asked: Asked<'_>,
    ) -> Result<Ran, Problem> {
        let ready = self.function_site(slot, site).await?;
        let Some(found) = ready.functions.routes.find(asked.path) else {
            return Ok(Ran::Nowhere);
        };
        if let Some(canonical) = found.canonical
            && matches!(asked.method, "GET" | "HEAD")
        {
            return Ok(Ran::Elsewhere(canonical));
        }
        let facts = Facts {
            id: asked.id.clone(),
            app: slot.id,
            name: slot.name.to_string(),
            version: site.version,
            method: asked.method.to_owned(),
            path: asked.path.to_owned(),
            functions: ready.functions.clone(),
        };
        let query = url::form_urlencoded::parse(asked.query.unwrap_or_default().as_bytes());
        let params: BTreeMap<_, _> = found.params;
        let request = Request {
            id: asked.id,
            method: asked.method.to_owned(),
            url: asked.url,
            path: asked.path.to_owned(),
            params: params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            query: query.into_owned().collect(),
            headers: asked.headers,
            ip: asked.ip,
            user: asked.user,
            body: asked.body,
        };
        let job = Job {
            app: slot.id,
            scripts: ready.scripts.clone(),
            entry: found.file.to_owned(),
            request,
            host: Arc::new(RequestHost::new(self.clone(), slot.id, asked.dry_run)),
            budgets: Budgets::default(),
        };
        let ended = self.functions.run(job).await;
        match &ended.answer {
            Ok(Answered::Whole(answer)) => self.record(&facts, Ok(answer.status), &ended.report),
            Ok(Answered::Streamed(..)) => {}
            Err(breach) => self.record(&facts, Err(breach), &ended.report),
        }
        Ok(Ran::Ended(facts, ended))
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
pub(super) fn problem(breach: &Breach) -> Problem {
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
    /// What was written so far, where nothing is to be kept.
    rehearsed: Option<tokio::sync::Mutex<Vec<Step>>>,
}

impl RequestHost {
    fn new(node: Arc<Node>, app: i64, dry_run: bool) -> Self {
        Self { node, app, rehearsed: dry_run.then(tokio::sync::Mutex::default) }
    }

    async fn apply(&self, step: Step) -> Result<Outcome, StoreError> {
        let (store, now) = (&self.node.store, self.node.clock.now());
        let mut outcomes = match &self.rehearsed {
            None => store.apply(self.app, vec![step], false, now).await?,
            // Each operation is shown the writes before it, and all are taken back.
            Some(before) => {
                let mut before = before.lock().await;
                let mut steps = before.clone();
                steps.push(step.clone());
                let outcomes = store.apply(self.app, steps, true, now).await?;
                if step.operation.writes() {
                    before.push(step);
                }
                outcomes
            }
        };
        outcomes.pop().ok_or_else(|| StoreError::Backend("nothing was answered".to_owned()))
    }
}

#[async_trait]
impl HostCalls for RequestHost {
    async fn call(&self, call: Call) -> Result<Reply, HostError> {
        let arguments = serde_json::from_str(&call.arguments)
            .map_err(|_| HostError::new("VALIDATION_FAILED", "arguments are no list"))?;
        if self.rehearsed.is_some() && call.api.starts_with("net.") {
            return Err(HostError::new("DRY_RUN", "a dry run fetches nothing"));
        }
        let operation = operation(&call.api, arguments)?;
        let outcome = self.apply(Step { scope: DataScope::shared(), operation }).await;
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
