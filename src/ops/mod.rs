//! What the tools do on a node, a file each: check, call a service, answer.
//!
//! Errors of the services become [`Problem`]s here, with the name of the thing
//! and the next step. No SQL, no HTTP.

mod aliases;
mod approvals;
mod configure_app;
mod delete_app;
mod deploy;
mod edit_data;
pub mod egress;
mod explain_request;
mod fetch_test;
pub mod functions;
mod get_app;
mod grants;
pub mod journal;
mod list_apps;
mod list_changes;
mod list_files;
mod list_peers;
mod net;
pub mod origin;
mod peers;
mod plan_deploy;
mod promote;
mod query_data;
mod read_file;
mod read_logs;
mod run_function;
mod secrets;
mod settings;
mod status;
mod tickets;
mod tokens;
mod trials;
mod undo;

use fazt_tools::{AppName, Caller, Code, Problem, types};
use jiff::{SignedDuration, Timestamp};

use crate::{
    node::Node,
    store::{Alias, AliasTarget, App, StoreError},
};

pub(crate) use status::{LITTLE_DISK, disk_free};

pub use deploy::{bundle_problem, spool_beside, spool_problem, sweep_spools};

/// Rows in a page when the caller does not say.
const PAGE: u32 = 20;
/// Rows in a page at most.
const PAGE_MAX: u32 = 100;

/// What the store's refusal means for the caller.
pub fn storage_problem(error: &StoreError) -> Problem {
    let text = error.to_string();
    match error {
        StoreError::NoApp(app) => Problem::new(Code::AppNotFound, text)
            .hint("`fazt apps` lists them")
            .detail("app", app.as_str()),
        StoreError::NoVersion { app, version } => Problem::new(Code::VersionNotFound, text)
            .hint(format!("`fazt app {app}` lists its versions"))
            .detail("version", *version),
        StoreError::NoEarlierVersion(app) => Problem::new(Code::VersionNotFound, text)
            .hint(format!("deploy another first: `fazt app {app}`")),
        StoreError::NoChange(_) => {
            Problem::new(Code::ChangeNotFound, text).hint("`fazt changes` lists them")
        }
        StoreError::NotUndoable(_) => Problem::new(Code::Conflict, text),
        StoreError::Gone(_) => Problem::new(Code::Conflict, text)
            .hint("deploy what you want back; `keep.versions` says how much is kept"),
        StoreError::AlreadyUndone { by, .. } => {
            Problem::new(Code::Conflict, text).hint(format!("`fazt undo {by}` brings it back"))
        }
        StoreError::Newer { id, newer } => Problem::new(Code::Conflict, text)
            .hint(format!("undo change {newer} first, or overwrite it: `fazt undo {id} --force`"))
            .detail("newer", *newer),
        StoreError::Taken(_) => Problem::new(Code::Conflict, text).hint("choose another name"),
        StoreError::NoSuch { kind, .. } => {
            let code = match *kind {
                "token" => Code::TokenNotFound,
                "peer" => Code::PeerNotFound,
                "approval" => {
                    return Problem::new(Code::ApprovalNotFound, text)
                        .hint("`fazt approvals` lists those that wait");
                }
                _ => Code::NotFound,
            };
            Problem::new(code, text)
        }
        StoreError::MissingBlobs(hashes) => {
            let missing: Vec<String> = hashes.iter().map(ToString::to_string).collect();
            Problem::new(Code::FilesMissing, text)
                .hint("upload them to `/api/blobs`, then deploy again")
                .detail("missing", missing)
        }
        StoreError::Unfit(_) => {
            Problem::new(Code::ValidationFailed, text.clone()).detail("constraint", text)
        }
        StoreError::Exists { .. } => {
            Problem::new(Code::Conflict, text).hint("replace it, or choose another name")
        }
        StoreError::TooLarge { limit, .. } => Problem::new(Code::TooLarge, text)
            .hint("split it, or store it as an object")
            .detail("limit", *limit),
        StoreError::Quota { app, what, used, limit } => Problem::new(Code::QuotaReached, text)
            .hint(format!("delete some of it, or raise `limits.data_{what}`"))
            .detail("app", app.as_str())
            .detail("used", *used)
            .detail("limit", *limit),
        StoreError::Overwrites(id) => Problem::new(Code::Conflict, text)
            .hint(format!("look at it, then overwrite it: `fazt undo {id} --force`")),
        StoreError::Full => Problem::new(
            Code::DiskFull,
            "the disk, or the database's size limit, is full; nothing was changed",
        )
        .hint("free some space, or raise `limits.database_bytes`"),
        StoreError::InUse { .. } => Problem::new(Code::DatabaseInUse, text)
            .hint("stop that one, or give this one another database: `--db PATH`"),
        StoreError::FromTheFuture { .. } => Problem::new(Code::DatabaseUnusable, text)
            .hint("use the newer fazt, or a copy of the database from before its upgrade"),
        StoreError::NotOurs { .. } => Problem::new(Code::DatabaseUnusable, text)
            .hint("give another path: `--db PATH` or `FAZT_DB`"),
        StoreError::NoAccess { .. } => Problem::new(Code::DatabaseUnusable, text).hint(
            "make the file and its folder readable and writable for you, or give another: \
             `--db PATH` or `FAZT_DB`",
        ),
        StoreError::Damaged(_) => {
            tracing::error!(error = %text, "the store failed");
            Problem::new(Code::DatabaseUnusable, text)
                .hint("put a copy from before the damage in its place")
        }
        StoreError::Closed => {
            Problem::new(Code::Busy, "the node is shutting down").hint("try again")
        }
        StoreError::Backend(_) => {
            tracing::error!(error = %text, "the store failed");
            Problem::internal()
        }
    }
}

impl Node {
    /// The app of that name, or a refusal that names the nearest ones.
    async fn find_app(&self, name: &AppName) -> Result<App, Problem> {
        match self.store.app(name).await.map_err(|e| storage_problem(&e))? {
            Some(app) => Ok(app),
            None => Err(self.no_app(name).await),
        }
    }

    async fn no_app(&self, name: &AppName) -> Problem {
        let names = self.store.app_names().await.unwrap_or_default();
        let problem = Problem::missing(
            Code::AppNotFound,
            "app",
            name.as_str(),
            names.iter().map(String::as_str),
        );
        let problem = problem.detail("app", name.as_str());
        if problem.hint.is_some() { problem } else { problem.hint("`fazt apps` lists them") }
    }

    /// The store's refusal, with near names when an app is unknown.
    async fn refusal(&self, error: StoreError) -> Problem {
        match &error {
            StoreError::NoApp(app) => match AppName::parse(app) {
                Ok(app) => self.no_app(&app).await,
                Err(_) => storage_problem(&error),
            },
            _ => storage_problem(&error),
        }
    }

    /// Makes visitors see what became of an app.
    async fn refresh(&self, app: i64) -> Result<(), Problem> {
        self.sites.refresh(app).await.map_err(|e| storage_problem(&e))
    }

    /// From when on "the last 24 hours" count.
    fn a_day_ago(&self) -> Timestamp {
        self.clock.now() - SignedDuration::from_hours(24)
    }
}

fn page(limit: Option<u32>) -> Result<u32, Problem> {
    match limit {
        None => Ok(PAGE),
        Some(limit @ 1..=PAGE_MAX) => Ok(limit),
        Some(_) => Err(Problem::invalid("limit", format!("give a number from 1 to {PAGE_MAX}"))),
    }
}

/// A cursor hides the key of the last row, so that callers do not build on it.
fn cursor_of(key: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(key)
}

fn read_cursor(cursor: Option<&str>) -> Result<Option<String>, Problem> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let Some(cursor) = cursor else { return Ok(None) };
    let key = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    key.map(Some).ok_or_else(|| {
        Problem::invalid("cursor", "give the `cursor` of an earlier answer, or leave it out")
    })
}

/// An alias as the contract writes it.
fn alias_of(alias: &Alias) -> types::Alias {
    let mut written = types::Alias {
        name: alias.name.clone(),
        kind: alias.target.kind(),
        app: None,
        to: None,
        status: None,
        shares: Vec::new(),
    };
    match &alias.target {
        AliasTarget::App(app) => written.app = Some(app.clone()),
        AliasTarget::Redirect { to, status } => {
            written.to = Some(to.clone());
            written.status = Some(*status);
        }
        AliasTarget::Reserved => {}
        AliasTarget::Split(shares) => written.shares.clone_from(shares),
    }
    written
}

/// Whether an alias leads to `app`, as far as the caller may know: who is limited
/// to some apps learns of no others that share a split.
fn leads_to(alias: &Alias, app: &AppName, caller: &Caller) -> bool {
    match &alias.target {
        AliasTarget::App(to) => to == app,
        AliasTarget::Split(shares) => {
            shares.iter().any(|share| share.app == *app)
                && shares.iter().all(|share| caller.may_touch(&share.app))
        }
        AliasTarget::Redirect { .. } | AliasTarget::Reserved => false,
    }
}

/// A name that can lead somewhere: a label below the domain, or a whole domain.
fn host_name(field: &str, name: &str, domain: &str) -> Result<String, Problem> {
    use crate::apps::site::host;
    let refuse = |rule: String| Problem::invalid(field, rule);
    let canonical = host::canonical(name.as_bytes())
        .map_err(|error| refuse(format!("`{name}` is not a host name: {error}")))?;
    if !canonical.contains('.') {
        let label = AppName::parse(&canonical).map_err(|error| refuse(error.to_string()))?;
        return Ok(label.to_string());
    }
    let below = |domain: &str| {
        canonical.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if below(domain) || below("localhost") {
        let rule = format!("`{canonical}` is below the node's own domain: give the label alone");
        return Err(refuse(rule));
    }
    if canonical.parse::<std::net::IpAddr>().is_ok() || canonical.starts_with('[') {
        return Err(refuse(format!("`{canonical}` is an address, not a name")));
    }
    Ok(canonical.into_owned())
}

/// Refuses a list call's rows that the caller may not see.
fn among(caller: &Caller) -> Option<Vec<AppName>> {
    caller.apps.clone()
}
