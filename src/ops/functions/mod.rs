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
};

use bytes::Bytes;
use fazt_tools::Problem;

use super::storage_problem;
use crate::{
    apps::{
        functions::{Functions, Kind, Target},
        sites::{Site, Slot},
    },
    node::Node,
    runtime::{
        Answered, Budgets, Job, Ready,
        frames::{self, App, Bounds, Load, Request, Script, User},
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
    functions: Arc<Functions>,
    scripts: Ready,
    /// Files below `private/`, which its scripts may read.
    private: BTreeMap<String, BlobRef>,
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

/// What became of a request for a function.
pub enum Functioned {
    /// The function answered.
    Answered(Answered),
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
            budgets: Budgets::default(),
        };
        let outcome = self.functions.run(job).await;
        for line in &outcome.report.lines {
            tracing::info!(
                target: "fazt::functions", app = %slot.name, id = asked.id,
                level = line.level, "{}", line.text
            );
        }
        match outcome.answer {
            Ok(answer) => Ok(Functioned::Answered(answer)),
            Err(breach) => {
                tracing::warn!(app = %slot.name, id = asked.id, ?breach, "a function failed");
                Err(problem(&breach).detail("request_id", asked.id))
            }
        }
    }

    async fn function_site(&self, slot: &Slot, site: &Site) -> Result<Arc<FunctionSite>, Problem> {
        let env = environment(site, &slot.env());
        let key = (slot.id, site.version, digest(&env));
        let read = async {
            let functions = site.functions(&*self.store).await.map_err(|e| storage_problem(&e))?;
            let app = App {
                id: slot.uid.to_string(),
                name: slot.name.to_string(),
                version: site.version,
                domain: self.config.domain.clone(),
                admin: self.url("admin"),
            };
            let scripts = Ready::new(load(&functions, app, env));
            let private = site.below("private/").map(|(path, blob)| (path.to_owned(), blob));
            let private = private.collect();
            Ok::<_, Problem>(Arc::new(FunctionSite { functions, scripts, private }))
        };
        self.function_sites.get_or_insert_async(&key, read).await
    }
}

/// What the version's scripts read as their environment: its own defaults, and the
/// owner's values over them.
fn environment(site: &Site, owners: &[(String, String)]) -> Vec<(String, String)> {
    let mut env = site.env.clone();
    env.extend(owners.iter().cloned());
    env.into_iter().collect()
}

/// Tells environments apart: a version with another one is made ready anew.
fn digest(env: &[(String, String)]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
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
fn load(functions: &Functions, app: App, env: Vec<(String, String)>) -> Load {
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
                Target::Library(_) => None,
            })
            .collect(),
    });
    let entries = functions.routes.list().iter().map(|route| route.file.clone());
    let site = MADE.fetch_add(1, Ordering::Relaxed);
    let budgets = Budgets::default();
    let bounds = Bounds {
        memory: budgets.memory,
        answer: budgets.answer as u64,
        lines: budgets.lines,
        line: budgets.line,
    };
    let (files, entries) = (files.collect(), entries.collect());
    Load { site, app, files, entries, env, fresh: false, bounds }
}
