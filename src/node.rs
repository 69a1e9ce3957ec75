//! The assembled machine: everything a tool needs, built once.
//!
//! A node that serves and a command that works on the database alone are the
//! same thing; only the first has an address. What tools do is in `ops/`.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use fazt_tools::{Caller, Code, Problem, status::Warning};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::Notify;

use crate::{
    apps::{bundle::limits::Limits, sites::Sites, variants},
    auth::{Access, Key, KeyError, Sealer},
    clock::{Clock, SystemClock},
    config::{Config, Sources, choose_domain, local_addresses},
    egress::{Gateway, Limits as FetchLimits, Outside},
    lifecycle::Lifecycle,
    ops::{
        egress::sealed_as,
        functions::{FunctionSite, SiteKey},
        journal::Journal,
        storage_problem,
    },
    runtime::Pool,
    store::{
        Actor, DataStore as _, Keep, SecretRow, SettingStore as _, Store, StoreError, Traffic,
        data::Quota,
        sqlite::{Options, SqliteStore},
    },
};

/// Everything a tool needs.
pub struct Node {
    /// What the node remembers.
    pub store: Arc<dyn Store>,
    /// What is live.
    pub sites: Arc<Sites>,
    /// Who may do what.
    pub access: Access,
    /// The settings it runs with.
    pub config: Config,
    /// What it may fetch from the outside.
    pub outside: Outside,
    /// By which functions reach the outside.
    pub egress: Gateway,
    /// What seals the secrets of apps.
    pub sealer: Arc<Sealer>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Its tasks.
    pub lifecycle: Lifecycle,
    /// Bounds of what is deployed.
    pub limits: Limits,
    /// Notified when contents wait for compression.
    pub to_compress: Arc<Notify>,
    /// When it was opened.
    pub started: Timestamp,
    /// What the owner should know about how it was opened.
    pub warnings: Vec<Warning>,
    /// What runs functions.
    pub functions: Arc<Pool>,
    /// Versions whose functions are in use.
    pub function_sites: quick_cache::sync::Cache<SiteKey, Arc<FunctionSite>>,
    /// What functions did lately.
    pub journal: Journal,
    /// Itself, for work that outlives the call that began it.
    me: Weak<Self>,
    sqlite: Arc<SqliteStore>,
    sources: Sources,
    port: OnceLock<u16>,
}

/// What opening a node takes.
pub struct Open {
    /// The database.
    pub db: PathBuf,
    /// How long to wait for another process to let go of it.
    pub wait: Duration,
    /// Settings given as flags, by key.
    pub flags: HashMap<&'static str, String>,
    /// The process's environment.
    pub environment: HashMap<String, String>,
    /// What the owner should know about how it is started.
    pub warnings: Vec<Warning>,
    /// The program that becomes a worker; by default this one.
    pub program: Option<PathBuf>,
}

impl Node {
    /// Opens the database and assembles the node. It does not listen yet.
    pub async fn open(open: Open) -> Result<Arc<Self>, Problem> {
        Self::open_with(open, Arc::new(SystemClock)).await
    }

    /// Opens a node that tells the time by `clock`.
    pub async fn open_with(open: Open, clock: Arc<dyn Clock>) -> Result<Arc<Self>, Problem> {
        Self::open_in(open, clock, Outside::public()).await
    }

    /// Opens a node with a time and an outside of its own.
    pub async fn open_in(
        open: Open,
        clock: Arc<dyn Clock>,
        outside: Outside,
    ) -> Result<Arc<Self>, Problem> {
        let Open { db, wait, flags, environment, mut warnings, program } = open;
        let mut sources = Sources { flags, environment, stored: HashMap::new() };
        // A flag or the environment goes before the stored limit, and the stored one
        // can only be read from the open database.
        let max_bytes = Config::read(&sources)?.max_database_bytes;
        let unusable = |error: StoreError| match error {
            StoreError::Damaged(reason) => {
                storage_problem(&StoreError::Damaged(format!("{}: {reason}", db.display())))
            }
            error => storage_problem(&error),
        };
        let options = Options { wait, max_bytes };
        let sqlite = Arc::new(SqliteStore::open(&db, options).map_err(unusable)?);
        let stored = sqlite.settings().await.map_err(unusable)?;
        sources.stored = stored.into_iter().collect();
        let mut config = Config::read(&sources)?;
        if config.max_database_bytes != max_bytes {
            sqlite.limit(config.max_database_bytes).await.map_err(unusable)?;
        }
        sqlite.set_quota(Quota { rows: config.max_data_rows, bytes: config.max_data_bytes });
        let (domain, origin) = config.origin("domain");
        let open = !config.bind.is_loopback();
        let choice = choose_domain(domain, origin, open, &local_addresses());
        if let Some(warning) = choice.warning {
            config.detect_domain(choice.domain);
            let fix = "fazt server config set domain DOMAIN".to_owned();
            warnings.push(Warning { message: warning, fix });
        }
        let unreadable = |error: KeyError| {
            Problem::new(Code::DatabaseUnusable, error.to_string())
                .hint("make the file readable for you, or restore it from where it was copied")
        };
        let key = Key::ensure(&db).map_err(unreadable)?;
        let given = sources.environment.get(Sealer::ENV).map(String::as_str);
        let sealer = Arc::new(Sealer::read(&db, &key, given).map_err(unreadable)?);
        let store: Arc<dyn Store> = sqlite.clone();
        let opens = sealer.clone();
        let opens = move |row: &SecretRow| opens.open(&row.sealed, &sealed_as(row.app, &row.name));
        let limits = FetchLimits::of(&config);
        let (kept, told) = (store.clone(), clock.clone());
        let egress = Gateway::new(outside.clone(), kept, told, Arc::new(opens), limits).await;
        let egress = egress.map_err(unusable)?;
        let sites = Sites::load(store.clone(), config.cache_bytes).await.map_err(unusable)?;
        let access = Access::new(store.clone(), clock.clone(), key, config.token_rate);
        let access = if config.oauth { access.with_oauth(&config.domain) } else { access };
        let limits = Limits {
            files: usize::try_from(config.max_files).unwrap_or(usize::MAX),
            file_bytes: config.max_file_bytes,
            app_bytes: config.max_app_bytes,
            ..Limits::default()
        };
        let lifecycle = Lifecycle::default();
        let program = program.unwrap_or_else(this_program);
        Ok(Arc::new_cyclic(|me| Self {
            me: me.clone(),
            journal: Journal::new(store.clone(), &config),
            functions: Pool::new(program, lifecycle.clone()),
            function_sites: quick_cache::sync::Cache::new(FUNCTION_SITES),
            access,
            sites: Arc::new(sites),
            store,
            outside,
            egress,
            sealer,
            started: clock.now(),
            clock,
            lifecycle,
            limits,
            to_compress: Arc::default(),
            warnings,
            config,
            sqlite,
            sources,
            port: OnceLock::new(),
        }))
    }

    /// Itself, to be kept by what it begins.
    pub(crate) fn shared(&self) -> Arc<Self> {
        self.me.upgrade().expect("whoever calls a node holds it")
    }

    /// The database's path.
    pub fn db(&self) -> &Path {
        self.sqlite.path()
    }

    /// Where settings were given, for reading them anew.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Notes the port it listens on, and tells commands where to find it.
    pub fn announce(&self, port: u16, address: &str) -> Result<(), Problem> {
        let _ = self.port.set(port);
        self.sqlite.announce(address).map_err(|error| {
            Problem::new(Code::DatabaseUnusable, format!("cannot write the lock file: {error}"))
        })
    }

    /// Whether it listens.
    pub fn is_serving(&self) -> bool {
        self.port.get().is_some()
    }

    /// The address of a host below the node's domain, as visitors type it;
    /// an empty label means the domain itself.
    pub fn url(&self, label: &str) -> String {
        self.config.url(label, self.port.get().copied().unwrap_or(self.config.port))
    }

    /// How the ledger will name who does this.
    pub fn actor(&self, caller: &Caller, tool: &str, input: Value) -> Actor {
        Actor {
            at: self.clock.now(),
            caller: caller.name.clone(),
            face: caller.face,
            client: caller.client.clone(),
            tool: tool.to_owned(),
            input,
        }
    }

    /// Starts what runs beside the serving: compression, counting, collecting.
    pub fn start_upkeep(self: &Arc<Self>) {
        self.lifecycle.spawn(variants::keep_making(
            self.store.clone(),
            self.sites.clone(),
            self.to_compress.clone(),
            self.lifecycle.clone(),
        ));
        self.lifecycle.spawn(self.clone().keep_journal());
        let node = self.clone();
        self.lifecycle.spawn(async move { node.write_fetches().await });
        let node = self.clone();
        self.lifecycle.spawn(async move {
            let mut beat = tokio::time::interval(Duration::from_secs(10));
            let mut beats = 0_u32;
            loop {
                tokio::select! {
                    _ = beat.tick() => {}
                    () = node.lifecycle.stopping() => break,
                }
                node.note_counts().await;
                if beats.is_multiple_of(60) {
                    node.collect().await;
                }
                beats = beats.wrapping_add(1);
            }
        });
    }

    /// Writes down what was counted in memory.
    pub async fn note_counts(&self) {
        let hour = self.clock.now().as_second().div_euclid(3_600);
        let counts: Vec<_> = self
            .sites
            .take_counts()
            .into_iter()
            .map(|(app, requests, errors)| Traffic { app, hour, requests, errors })
            .collect();
        let written = if counts.is_empty() { Ok(()) } else { self.store.add_traffic(counts).await };
        let written = written.and(self.access.note_uses().await);
        if let Err(error) = written.and(self.egress.write_log().await) {
            tracing::warn!(%error, "could not write down traffic, token use and fetches");
        }
    }

    /// Drops what nothing needs any more: old versions, old trash, loose contents.
    pub async fn collect(&self) {
        let keep = Keep {
            versions: self.config.keep_versions,
            trash: TRASH_LIFE,
            loose_blobs: SignedDuration::from_hours(24),
        };
        while !self.lifecycle.is_stopping() {
            match self.store.collect(keep, self.clock.now()).await {
                Ok(true) => tokio::task::yield_now().await,
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "could not collect");
                    break;
                }
            }
        }
        while !self.lifecycle.is_stopping() {
            match self.store.trim_logs(self.journal.keep(), self.clock.now()).await {
                Ok(true) => tokio::task::yield_now().await,
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "could not trim the log");
                    break;
                }
            }
        }
        self.sites.forget_previews();
        // The row of an app that is gone for good may be another's soon.
        if let Err(error) = self.egress.refresh().await {
            tracing::warn!(%error, "could not read what functions may fetch");
        }
    }

    /// Finishes its tasks, writes what it holds, and lets go of the database.
    pub async fn close(&self) {
        self.lifecycle.drain(Duration::from_secs(5)).await;
        self.note_counts().await;
        self.write_journal().await;
        let _ = self.sqlite.announce("");
        self.store.close().await;
    }
}

/// Versions whose functions are kept ready to be sent to a worker.
const FUNCTION_SITES: usize = 256;

/// This program, to be started as a worker.
fn this_program() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| "fazt".into())
}

/// How long the trash keeps an app.
pub const TRASH_LIFE: SignedDuration =
    SignedDuration::from_hours(24 * fazt_tools::limits::TRASH_DAYS.value.cast_signed());
