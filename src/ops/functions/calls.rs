//! Carries out what a script asks of the host, for one request.
//!
//! Whose request it is, is known from the start: a call cannot say it. Inside a
//! transaction and in a rehearsal nothing is written while the script runs; each
//! operation is shown what those before it would have written, and a transaction is
//! carried out at its end if everything would be answered as it was shown.

use std::sync::{Arc, OnceLock, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;
use tokio::{sync::Mutex, time::Instant};

use super::{
    FunctionSite,
    data::{self, Arguments, Told},
};
use crate::{
    node::Node,
    ops::{egress::Outgoing, storage_problem},
    runtime::{
        HostCalls,
        frames::{Call, HostError, Reply, User},
    },
    store::{
        BlobRef, StoreError, Variant,
        data::{DataScope, Operation, Outcome, Space, Step},
    },
};

/// Operations of one transaction: each is rehearsed with all that were before it.
const TX_STEPS: usize = 100;
/// Bytes of what one transaction, or one rehearsal, writes.
const HELD_BYTES: usize = 4 << 20;
/// Operations of a rehearsal that write.
const DRY_STEPS: usize = 500;
/// Longest content that a script gets as bytes, or gives.
pub(super) const CONTENT: u64 = fazt_tools::limits::DATA_BYTES_BYTES.value;

/// What carries out the calls of one request.
pub struct RequestHost {
    node: Arc<Node>,
    app: i64,
    site: Arc<FunctionSite>,
    /// The id of who is signed in.
    user: Option<String>,
    /// Whether nothing is to be kept.
    dry_run: bool,
    held: Mutex<Held>,
    /// Its calls to the outside, once there is one.
    net: OnceLock<Outgoing>,
    /// By when the request has to be answered.
    by: std::sync::Mutex<Option<Instant>>,
}

/// What is not written yet.
#[derive(Default)]
struct Held {
    /// In a rehearsal: all that was written so far.
    rehearsed: Vec<Step>,
    /// Bytes that the script gave for it.
    bytes: usize,
    tx: Option<Tx>,
}

/// A transaction that is under way.
struct Tx {
    began: Timestamp,
    steps: Vec<Step>,
    /// What the script was shown of each.
    shown: Vec<Outcome>,
    bytes: usize,
}

impl RequestHost {
    /// The host of a request; with `dry_run` every operation sees the writes before it
    /// and none is kept.
    pub fn new(
        node: Arc<Node>,
        app: i64,
        site: Arc<FunctionSite>,
        user: Option<&User>,
        dry_run: bool,
    ) -> Self {
        let user = user.map(|user| user.id.clone());
        Self {
            node,
            app,
            site,
            user,
            dry_run,
            held: Mutex::default(),
            net: OnceLock::new(),
            by: std::sync::Mutex::default(),
        }
    }

    fn net(&self) -> &Outgoing {
        let net = self.net.get_or_init(|| {
            let net = Outgoing::of(&self.node, self.app, self.site.app.clone());
            if self.dry_run { net.refused() } else { net }
        });
        if let Some(by) = *self.by.lock().unwrap_or_else(PoisonError::into_inner) {
            net.ends(by);
        }
        net
    }

    /// Whose part of the data a call is for, and its name within.
    fn scope<'c>(&self, api: &'c str) -> Result<(DataScope, &'c str), HostError> {
        let Some(rest) = api.strip_prefix("user.") else { return Ok((DataScope::shared(), api)) };
        let user = self.user.as_ref().ok_or_else(|| {
            let what =
                format!("{api}: nobody is signed in; `fazt.auth.requireLogin()` asks for it");
            HostError::new("NOT_SIGNED_IN", what)
        })?;
        Ok((DataScope::user(user).map_err(|error| refused(api, &error))?, rest))
    }

    async fn operate(
        &self,
        api: &str,
        scope: DataScope,
        operation: Operation,
        bytes: usize,
    ) -> Result<Outcome, HostError> {
        let mut held = self.held.lock().await;
        let store = &self.node.store;
        let done = if held.tx.is_none() && !(self.dry_run && operation.writes()) {
            if held.rehearsed.is_empty() {
                drop(held);
                let space = Space { app: self.app, scope };
                store.data(&space, operation, self.node.clock.now()).await
            } else {
                let step = Step { scope, operation };
                self.rehearse(&held, step, self.node.clock.now()).await
            }
        } else {
            let began = held.tx.as_ref().map(|tx| tx.began);
            let step = Step { scope, operation };
            held.admit(api, &step, bytes)?;
            let now = began.unwrap_or_else(|| self.node.clock.now());
            let done = self.rehearse(&held, step.clone(), now).await;
            if let Ok(outcome) = &done {
                held.remember(step, outcome, bytes);
            }
            done
        };
        done.map_err(|error| refused(api, &error))
    }

    /// What a step would be answered after all that is held.
    async fn rehearse(
        &self,
        held: &Held,
        step: Step,
        now: Timestamp,
    ) -> Result<Outcome, StoreError> {
        let before = held.tx.iter().flat_map(|tx| &tx.steps);
        let before = held.rehearsed.iter().chain(before);
        let mut steps: Vec<_> = before.filter(|it| it.operation.writes()).cloned().collect();
        steps.push(step);
        let done = self.node.store.apply(self.app, steps, true, now).await?.pop();
        done.ok_or_else(|| StoreError::Backend("an operation was not answered".to_owned()))
    }

    async fn begin(&self) -> Result<(), HostError> {
        let mut held = self.held.lock().await;
        if held.tx.is_some() {
            let what =
                "tx: a transaction cannot begin inside another; do its work in the outer one";
            return Err(HostError::new("TX_NESTED", what));
        }
        let (steps, shown) = (Vec::new(), Vec::new());
        held.tx = Some(Tx { began: self.node.clock.now(), steps, shown, bytes: 0 });
        Ok(())
    }

    /// Ends a transaction: whether what the script was shown still holds. With `commit`
    /// it is carried out if so.
    async fn end(&self, commit: bool) -> Result<bool, HostError> {
        let mut held = self.held.lock().await;
        let Some(Tx { began, steps, shown, bytes }) = held.tx.take() else {
            return Err(HostError::new("TX_NONE", "tx: no transaction is under way"));
        };
        if self.dry_run {
            if commit {
                let writes = steps.into_iter().filter(|step| step.operation.writes());
                held.rehearsed.extend(writes);
                held.bytes += bytes;
            }
            return Ok(true);
        }
        if steps.is_empty() {
            return Ok(true);
        }
        let done = self.node.store.apply_if(self.app, steps, shown, !commit, began).await;
        done.map_err(|error| refused("tx", &error))
    }

    /// A file below `private/` of the version.
    fn private(&self, api: &str, path: &str) -> Result<Option<BlobRef>, HostError> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_prefix("private/").unwrap_or(path);
        let found = self.site.private.get(&format!("private/{path}"));
        match found {
            Some(blob) if blob.size > CONTENT => {
                let what = format!(
                    "{api}: `private/{path}` is {} bytes long; at most {CONTENT} are read",
                    blob.size
                );
                Err(HostError::new("TOO_LARGE", what))
            }
            found => Ok(found.copied()),
        }
    }

    async fn content(&self, api: &str, blob: BlobRef) -> Result<bytes::Bytes, HostError> {
        let read = self.node.store.blob(blob.id, Variant::Identity).await;
        let read = read.map_err(|error| refused(api, &error))?;
        read.ok_or_else(|| HostError::new("INTERNAL", format!("{api}: the content is lost")))
    }

    /// An object with its content.
    async fn object(&self, api: &str, scope: DataScope, path: String) -> Result<Reply, HostError> {
        let head = self.operate(api, scope, Operation::S3Head { path }, 0).await?;
        let Outcome::Object(Some(object)) = head else { return Ok(Reply::default()) };
        if object.blob.size > CONTENT {
            let what = format!(
                "{api}: `{}` is {} bytes long; at most {CONTENT} are read at once; \
                 `s3.url` gives visitors its address",
                object.path, object.blob.size
            );
            return Err(HostError::new("TOO_LARGE", what));
        }
        let bytes = match self.held.lock().await.content(&object.blob.hash) {
            Some(bytes) => bytes,
            None => self.content(api, object.blob).await?,
        };
        Ok(Reply { json: data::object(&object).to_string(), bytes: vec![bytes] })
    }
}

impl Held {
    /// Refuses a step that would make too much of it.
    fn admit(&self, api: &str, step: &Step, bytes: usize) -> Result<(), HostError> {
        let (what, steps, most, before) = match &self.tx {
            Some(tx) => ("a transaction", tx.steps.len(), TX_STEPS, tx.bytes),
            None => ("a dry run", self.rehearsed.len(), DRY_STEPS, self.bytes),
        };
        if steps >= most {
            let what = format!("{api}: {what} takes at most {most} operations");
            return Err(HostError::new("TOO_LARGE", what));
        }
        let given = if step.operation.writes() { bytes } else { 0 };
        if before + given > HELD_BYTES {
            let what = format!("{api}: {what} writes and reads at most {HELD_BYTES} bytes");
            return Err(HostError::new("TOO_LARGE", what));
        }
        Ok(())
    }

    fn remember(&mut self, step: Step, outcome: &Outcome, bytes: usize) {
        match &mut self.tx {
            Some(tx) => {
                tx.bytes += outcome.size() + if step.operation.writes() { bytes } else { 0 };
                tx.steps.push(step);
                tx.shown.push(outcome.clone());
            }
            None => {
                self.bytes += bytes;
                self.rehearsed.push(step);
            }
        }
    }

    /// A content that was put and is stored nowhere yet.
    fn content(&self, hash: &crate::store::Hash) -> Option<bytes::Bytes> {
        let tx = self.tx.iter().flat_map(|tx| &tx.steps);
        let mut put = self.rehearsed.iter().chain(tx);
        put.find_map(|step| match &step.operation {
            Operation::S3Put { content, .. } => content.if_is(hash),
            _ => None,
        })
    }
}

#[async_trait]
impl HostCalls for RequestHost {
    fn begins(&self, by: Instant) {
        *self.by.lock().unwrap_or_else(PoisonError::into_inner) = Some(by);
    }

    async fn call(&self, call: Call) -> Result<Reply, HostError> {
        if call.api.starts_with("net.") {
            return self.net().call(call).await;
        }
        let api = call.api.as_str();
        if self.dry_run && api.starts_with("net.") {
            return Err(HostError::new("DRY_RUN", "a dry run fetches nothing"));
        }
        let mut arguments = Arguments::read(api, &call.arguments, call.bytes)?;
        let weight = call.arguments.len() + arguments.content_bytes();
        match api {
            "tx.begin" => return self.begin().await.map(|()| Reply::default()),
            "tx.end" => {
                let held = self.end(arguments.flag()?).await?;
                return Ok(told(&json!(held)));
            }
            "private.read" => {
                let path = arguments.text("path")?;
                return match self.private(api, &path)? {
                    Some(blob) => {
                        let bytes = vec![self.content(api, blob).await?];
                        Ok(Reply { json: String::new(), bytes })
                    }
                    None => Ok(Reply::default()),
                };
            }
            "private.exists" => {
                let path = arguments.text("path")?;
                let path = path.strip_prefix('/').unwrap_or(&path);
                let path = path.strip_prefix("private/").unwrap_or(path);
                let there = self.site.private.contains_key(&format!("private/{path}"));
                return Ok(told(&json!(there)));
            }
            "private.list" => {
                let prefix = arguments.text_or("prefix", "")?;
                let paths = self.site.private.keys().filter_map(|path| path.get(8..));
                let paths: Vec<_> = paths.filter(|path| path.starts_with(&prefix)).collect();
                return Ok(told(&json!(paths)));
            }
            _ => {}
        }
        let (scope, name) = self.scope(api)?;
        match name {
            "s3.get" => {
                let path = arguments.text("path")?;
                return self.object(api, scope, path).await;
            }
            "s3.url" => {
                let (path, ttl) = (arguments.text("path")?, arguments.ttl()?);
                let url = self.node.object_url(self.app, &scope, &path, ttl);
                return Ok(told(&json!(url)));
            }
            _ => {}
        }
        let operation = data::operation(name, &mut arguments)?;
        let told = Told::of(&operation, name);
        let outcome = self.operate(api, scope, operation, weight).await?;
        Ok(told.reply(outcome))
    }
}

fn told(value: &serde_json::Value) -> Reply {
    Reply { json: value.to_string(), bytes: Vec::new() }
}

/// The store's refusal as a script sees it: with the name of what it called.
pub(super) fn refused(api: &str, error: &StoreError) -> HostError {
    let problem = storage_problem(error);
    let hint = match error {
        // The others' hints are for people at a command line.
        StoreError::Quota { .. } => problem.hint.map(|hint| format!("; {hint}")),
        _ => None,
    };
    let message = format!("{api}: {}{}", problem.message, hint.unwrap_or_default());
    let retryable = problem.code == fazt_tools::Code::Busy;
    HostError { code: problem.code.as_str().to_owned(), message, retryable }
}
