//! What functions did, gathered and written off their requests' path.
//!
//! A request that failed or logged is kept in the store, in batches a moment later;
//! one that did neither is remembered in memory for a while. What comes faster than
//! it may be written is dropped and counted, and the log says so.

use std::{
    collections::{HashMap, VecDeque},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fazt_tools::Problem;
use jiff::SignedDuration;
use tokio::sync::Notify;

use super::functions::problem;
use crate::{
    apps::{functions::Functions, sites::Changed},
    config::Config,
    node::Node,
    runtime::{Breach, Report},
    store::{
        Fault, KeepLogs, Level, LoggedCall, LoggedRequest, NewLine, NewLog, Result, Store,
        StoreError,
    },
};

/// How long a batch is gathered.
const BATCH: Duration = Duration::from_millis(200);
/// Rows of one app in a batch, and their bytes; what failed may have twice that.
const ROWS: usize = 500;
const BYTES: usize = 512 << 10;
/// Bytes of a batch.
const ALL_BYTES: usize = 8 << 20;
/// Requests that are remembered in memory.
const LATELY: usize = 4_096;
/// Longest path that is kept.
const PATH: usize = 1_024;
/// Longest message and stack of a fault that is kept.
const FAULT: usize = 8 << 10;
/// Requests kept of one app.
const REQUESTS: u32 = 2_000;
/// Lines kept of all apps.
const LINES: u32 = 200_000;

/// What the log has to know of a request for a function, before it ends.
#[derive(Clone)]
pub struct Facts {
    /// Names it.
    pub id: String,
    /// Row id of the app.
    pub app: i64,
    /// The app's name.
    pub name: String,
    /// The version that answers.
    pub version: u32,
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The version's functions, which know where their code comes from.
    pub functions: Arc<Functions>,
}

/// What functions did lately, and what of it waits to be written.
pub struct Journal {
    store: Arc<dyn Store>,
    keep: KeepLogs,
    pending: Mutex<Pending>,
    lately: Mutex<VecDeque<(String, LoggedRequest)>>,
    wake: Notify,
    /// Batches are written one after the other, in their order.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Pending {
    apps: HashMap<i64, Share>,
    bytes: usize,
}

/// What waits of one app.
#[derive(Default)]
struct Share {
    name: String,
    logs: Vec<NewLog>,
    rows: usize,
    bytes: usize,
    dropped: u64,
}

impl Journal {
    /// An empty one that writes to `store`.
    pub fn new(store: Arc<dyn Store>, config: &Config) -> Self {
        let keep = KeepLogs {
            lines: config.keep_log_lines,
            requests: REQUESTS,
            all: LINES.max(config.keep_log_lines),
            age: SignedDuration::from_hours(24 * i64::from(config.keep_log_days)),
        };
        Self {
            store,
            keep,
            pending: Mutex::default(),
            lately: Mutex::default(),
            wake: Notify::new(),
            writing: tokio::sync::Mutex::default(),
        }
    }

    /// How much is kept.
    pub fn keep(&self) -> KeepLogs {
        self.keep
    }

    fn add(&self, name: &str, log: NewLog) {
        let failed = log.request.as_ref().is_some_and(|request| request.status >= 500);
        let factor = if failed { 2 } else { 1 };
        let rows = log.lines.len() + 1;
        let bytes = 256 + log.lines.iter().map(|l| l.text.len() + l.fields.len()).sum::<usize>();
        let mut pending = locked(&self.pending);
        let Pending { apps, bytes: all } = &mut *pending;
        let share = apps.entry(log.app).or_default();
        if share.name.is_empty() {
            name.clone_into(&mut share.name);
        }
        if share.rows >= ROWS * factor || share.bytes >= BYTES * factor || *all >= ALL_BYTES {
            share.dropped += 1;
        } else {
            share.logs.push(log);
            share.rows += rows;
            share.bytes += bytes;
            *all += bytes;
        }
        drop(pending);
        self.wake.notify_one();
    }

    fn remember(&self, name: &str, request: LoggedRequest) {
        let mut lately = locked(&self.lately);
        if lately.len() >= LATELY {
            lately.pop_front();
        }
        lately.push_back((name.to_owned(), request));
    }

    /// The request of that id, if it is remembered in memory.
    fn remembered(&self, id: &str) -> Option<(String, LoggedRequest)> {
        locked(&self.lately).iter().rev().find(|(_, request)| request.id == id).cloned()
    }

    /// Writes what waits; answers the names of the apps that have new lines.
    pub async fn flush(&self) -> Vec<String> {
        let _one = self.writing.lock().await;
        let pending = mem::take(&mut *locked(&self.pending));
        let (mut logs, mut told) = (Vec::new(), Vec::new());
        for (app, mut share) in pending.apps {
            let at = share.logs.last().map(|log| log.at);
            if let (Some(at), true) = (at, share.dropped > 0) {
                let text = format!(
                    "{} requests are missing here: more was logged than can be kept",
                    share.dropped
                );
                let lines = vec![NewLine { level: Level::Warn, text, fields: String::new() }];
                share.logs.push(NewLog { app, at, request: None, lines });
            }
            told.push(share.name);
            logs.append(&mut share.logs);
        }
        if logs.is_empty() {
            return Vec::new();
        }
        match self.store.log(logs, self.keep).await {
            Ok(()) => told,
            Err(StoreError::Closed) => Vec::new(),
            Err(error) => {
                tracing::warn!(%error, "could not write down what functions logged");
                Vec::new()
            }
        }
    }
}

impl Node {
    /// Notes how a request for a function ended: with a status, or by a breach. Of an
    /// answer that is streamed this is called at the stream's end.
    pub fn record(&self, facts: &Facts, ended: std::result::Result<u16, &Breach>, report: &Report) {
        let at = self.clock.now();
        let refusal = ended.err().map(problem);
        let status = ended.unwrap_or_else(|breach| problem(breach).code.status());
        let fault = ended.err().map(|breach| fault_of(breach, &facts.functions));
        let mut lines: Vec<NewLine> = report
            .lines
            .iter()
            .map(|line| NewLine {
                level: Level::of(&line.level),
                text: said(&line.text, &facts.functions),
                fields: line.fields.clone(),
            })
            .collect();
        let busy = matches!(ended, Err(Breach::Busy));
        if let (Some(fault), Some(refusal), false) = (&fault, &refusal, busy) {
            lines.push(line_of(refusal, fault));
        }
        let request = LoggedRequest {
            id: facts.id.clone(),
            app: facts.app,
            version: facts.version,
            at,
            method: facts.method.clone(),
            path: cut(&facts.path, PATH).to_owned(),
            status,
            code: refusal.map(|refusal| refusal.code.as_str().to_owned()),
            wall: report.wall,
            cpu: report.cpu,
            peak: report.peak,
            calls: if fault.is_some() { calls_of(report) } else { Vec::new() },
            fault,
        };
        // A node that is too busy has other things to do than to write that down.
        if lines.is_empty() && status < 500 || busy {
            self.journal.remember(&facts.name, request);
        } else {
            let log = NewLog { app: facts.app, at, request: Some(request), lines };
            self.journal.add(&facts.name, log);
        }
    }

    /// Writes down what functions did, and tells whoever watches.
    pub async fn write_journal(&self) {
        for app in self.journal.flush().await {
            self.sites.tell(Changed { app, listed: false, logged: true });
        }
    }

    /// Writes down what functions do, until the node stops.
    pub(crate) async fn keep_journal(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = self.journal.wake.notified() => {}
                () = self.lifecycle.stopping() => break,
            }
            tokio::select! {
                () = tokio::time::sleep(BATCH) => {}
                () = self.lifecycle.stopping() => break,
            }
            self.write_journal().await;
        }
        self.write_journal().await;
    }

    /// A request of a function, and the name of its app; what waits to be written is
    /// found as well.
    pub async fn logged_request(&self, id: &str) -> Result<Option<(String, LoggedRequest)>> {
        if let Some((name, request)) = self.journal.remembered(id) {
            // Another app may have the name by now.
            let slot = self.sites.app(&name).filter(|slot| slot.id == request.app);
            return Ok(slot.map(|_| (name, request)));
        }
        self.write_journal().await;
        self.store.logged_request(id).await
    }
}

/// A line as its author knows it: the places of a stack are those of the files.
pub(super) fn said(text: &str, functions: &Functions) -> String {
    // Every file is sought in the text, which is too much for every line.
    if text.contains("at ") { functions.retraced(text) } else { text.to_owned() }
}

/// What a breach says, its places mapped to the author's files.
pub(super) fn fault_of(breach: &Breach, functions: &Functions) -> Fault {
    match breach {
        Breach::Failed(error) => Fault {
            // A worker is not believed to have cut them.
            name: cut(&error.name, 200).to_owned(),
            message: cut(&functions.retraced(cut(&error.message, FAULT)), FAULT).to_owned(),
            stack: cut(&functions.retraced(cut(&error.stack, FAULT * 2)), FAULT).to_owned(),
        },
        breach => {
            let problem = problem(breach);
            let message = match breach {
                Breach::Crashed(how) | Breach::Unavailable(how) if !how.is_empty() => {
                    format!("{}: {how}", problem.message)
                }
                _ => problem.message,
            };
            let name = problem.code.as_str().to_owned();
            Fault { name, message: cut(&message, FAULT).to_owned(), stack: String::new() }
        }
    }
}

/// A failure as a line of the log.
fn line_of(refusal: &Problem, fault: &Fault) -> NewLine {
    let place = first_place(&fault.stack);
    let place = place
        .map_or_else(String::new, |(file, line, column)| format!(" at {file}:{line}:{column}"));
    let text = format!("{}: {}{place}", fault.name, fault.message);
    let fields = serde_json::json!({ "code": refusal.code }).to_string();
    NewLine { level: Level::Error, text, fields }
}

pub(super) fn calls_of(report: &Report) -> Vec<LoggedCall> {
    let calls = report.calls.iter();
    calls
        .map(|call| LoggedCall {
            api: call.api.clone(),
            arguments: call.arguments.clone(),
            us: u64::try_from(call.took.as_micros()).unwrap_or(u64::MAX),
            error: call.error.clone(),
        })
        .collect()
}

/// The first place of a stack that names a file.
pub(super) fn first_place(stack: &str) -> Option<(&str, u32, u32)> {
    stack.lines().find_map(|line| {
        let (before, line, column) = place_in(line)?;
        // The name of a function may stand before the file's.
        let file = before.rsplit(['(', ' ', '@']).next()?;
        file.contains('.').then_some((file, line, column))
    })
}

/// Where a line of a stack is: `file:line:column (function)` or `function (file:line:column)`.
fn place_in(line: &str) -> Option<(&str, u32, u32)> {
    let line = line.trim_end();
    let first = line.split_once(" (").and_then(|(first, _)| parts_of(first));
    first.or_else(|| parts_of(line.trim_end_matches(')')))
}

/// The parts of `file:line:column`.
fn parts_of(place: &str) -> Option<(&str, u32, u32)> {
    let (rest, column) = place.rsplit_once(':')?;
    let (before, line) = rest.rsplit_once(':')?;
    Some((before, line.parse().ok()?, column.parse().ok()?))
}

fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

fn locked<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_in_whatever_form_a_stack_has() {
        for (stack, expected) in [
            ("api/a.js:3:14", Some(("api/a.js", 3, 14))),
            ("TypeError: x\n    at f (api/[id].ts:1:2)", Some(("api/[id].ts", 1, 2))),
            ("    at api/a.js:7:1\n    at api/b.js:1:1", Some(("api/a.js", 7, 1))),
            ("f@api/_lib/x.mjs:2:5", Some(("api/_lib/x.mjs", 2, 5))),
            ("    at native", None),
            ("12:30:05", None),
            ("", None),
        ] {
            assert_eq!(first_place(stack), expected, "{stack}");
        }
    }
}
