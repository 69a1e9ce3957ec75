//! Functions on a node: a request for `/api/…` becomes a job, and its end an answer.
//!
//! Which file answers is `apps::functions`, where it runs is `runtime`; here they
//! meet. What a script asks of the host is carried out in `calls`, what a visitor is
//! told of a failure stands in `failures`.

mod calls;
mod data;
mod failures;
mod objects;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use fazt_tools::{AppName, Problem, env::Limits};
use futures_util::stream::{self, BoxStream};
use tokio::sync::mpsc;

use super::{journal::Facts, storage_problem};
use crate::{
    apps::{
        functions::{Functions, Kind, Route, Target, stored},
        sites::{Site, Slot},
    },
    node::Node,
    runtime::{
        Answered, Breach, Budgets, Ended, Job, Piece, Ready,
        frames::{self, Answer, App, Bounds, Head, Load, Request, Script, User},
    },
    store::BlobRef,
};

pub use calls::RequestHost;
pub use failures::problem;
pub use objects::{OBJECTS, ObjectFound};

/// What names a version with its environment.
pub type SiteKey = (i64, u32, [u8; 16]);

/// A version's functions, with its scripts ready to be sent to a worker.
pub struct FunctionSite {
    pub(super) functions: Arc<Functions>,
    pub(super) scripts: Ready,
    /// Files below `private/`, which its scripts may read.
    private: BTreeMap<String, BlobRef>,
    /// The app's name.
    app: Option<AppName>,
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
        let user = request.user.as_ref();
        let host = RequestHost::new(self.clone(), slot.id, ready.clone(), user, asked.dry_run);
        let job = Job {
            app: slot.id,
            scripts: ready.scripts.clone(),
            entry: found.file.to_owned(),
            request,
            host: Arc::new(host),
            budgets: budgets(slot.own().limits),
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
        let own = slot.own();
        let budgets = budgets(own.limits);
        let env = environment(site.env.clone(), &own.env);
        let key = (slot.id, site.version, digest(&env, budgets.memory));
        let read = async {
            let functions = stored(site, &*self.store).await.map_err(|e| storage_problem(&e))?;
            let app = App {
                id: slot.uid.to_string(),
                name: slot.name.to_string(),
                version: site.version,
                domain: self.config.domain.clone(),
                admin: self.url("admin"),
            };
            let name = MADE.fetch_add(1, Ordering::Relaxed);
            let load = Load { fresh: site.fresh, ..load(&functions, app, env, budgets, name) };
            let scripts = Ready::new(load);
            let private = site.below("private/").map(|(path, blob)| (path.to_owned(), blob));
            let private = private.collect();
            let functions = Arc::new(functions);
            let app = AppName::parse(&slot.name).ok();
            Ok::<_, Problem>(Arc::new(FunctionSite { functions, scripts, private, app }))
        };
        self.function_sites.get_or_insert_async(&key, read).await
    }
}

/// What requests of an app may take.
pub(super) fn budgets(limits: Limits) -> Budgets {
    let usual = Budgets::default();
    let ms = |ms: u32| Duration::from_millis(ms.into());
    Budgets {
        wall: limits.wall_ms.map_or(usual.wall, ms),
        cpu: limits.cpu_ms.map_or(usual.cpu, ms),
        memory: limits.memory_mb.map_or(usual.memory, |mb| u64::from(mb) << 20),
        ..usual
    }
}

/// What the version's scripts read as their environment: its own defaults, and the
/// owner's values over them.
pub(super) fn environment(
    mut env: BTreeMap<String, String>,
    owners: &[(String, String)],
) -> Vec<(String, String)> {
    env.extend(owners.iter().cloned());
    env.into_iter().collect()
}

/// Tells environments apart: a version with another one is made ready anew.
fn digest(env: &[(String, String)], memory: u64) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&memory.to_le_bytes());
    for text in env.iter().flat_map(|(name, value)| [name, value]) {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    let mut digest = [0; 16];
    hasher.finalize_xof().fill(&mut digest);
    digest
}

/// Counts what is made ready, so that workers never take one for another.
static MADE: AtomicU64 = AtomicU64::new(1);

/// A version's scripts as a worker wants them.
pub(super) fn load(
    functions: &Functions,
    app: App,
    env: Vec<(String, String)>,
    budgets: Budgets,
    site: u64,
) -> Load {
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
    let bounds = Bounds {
        memory: budgets.memory,
        answer: budgets.answer as u64,
        lines: budgets.lines,
        line: budgets.line,
    };
    let (files, entries) = (files.collect(), entries.collect());
    Load { site, app, files, entries, env, fresh: false, bounds }
}
