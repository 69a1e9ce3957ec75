//! What is live: host names to apps, apps to their live version's files.
//!
//! Reading takes no lock: a table behind an atomic pointer, and behind each app
//! another. A promote swaps the app's pointer to an index that is already
//! loaded, so a visitor sees one whole version or the other. An app's index is
//! loaded on its first request; 10,000 idle apps cost their names.

mod table;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::{ArcSwap, Guard};
use fazt_tools::{env::Limits, types::Share};
use http::{HeaderName, HeaderValue};
use tokio::sync::{Mutex, OnceCell, broadcast};

pub use super::changed::Changed;
use super::{
    answers::{Answers, FileKey},
    site::{
        headers::{self, HeaderRules},
        negotiate::{Encoding, Encodings},
        redirects::{self, Redirects},
    },
};
use crate::store::{BlobRef, HostApp, Result, SiteFiles, Store, StoreError, Variant};

/// Previews whose index is likely kept; each is one version of one app.
const PREVIEWS: usize = 64;
/// Bytes that the kept indexes of previews may take.
const PREVIEW_BYTES: u64 = 16 << 20;

#[derive(Clone)]
struct Weigh;

impl quick_cache::Weighter<(i64, u32), Arc<Site>> for Weigh {
    fn weight(&self, _: &(i64, u32), site: &Arc<Site>) -> u64 {
        // A path, its entry and the map's own share (measured: 100 to 170 bytes).
        4_096 + 160 * site.files.len() as u64
    }
}

/// Every site of the node.
pub struct Sites {
    store: Arc<dyn Store>,
    table: ArcSwap<Table>,
    previews: quick_cache::sync::Cache<(i64, u32), Arc<Site>, Weigh>,
    /// Moves on whenever a preview that is being read may be out of date.
    epoch: AtomicU64,
    /// Refreshes run one at a time, so that an older reading never replaces a
    /// newer one.
    refreshing: Mutex<()>,
    /// Answers held in memory.
    pub answers: Answers,
    changes: broadcast::Sender<Changed>,
}

/// Changes that a listener may be behind before it misses some.
const BEHIND: usize = 256;

/// Host names to apps.
#[derive(Default)]
pub struct Table {
    apps: HashMap<Box<str>, Arc<Slot>, foldhash::fast::RandomState>,
    by_id: HashMap<i64, Arc<Slot>, foldhash::fast::RandomState>,
    aliases: HashMap<Box<str>, Led, foldhash::fast::RandomState>,
}

/// Where a name leads.
#[derive(Clone)]
pub enum Led {
    /// To an app.
    App(Arc<Slot>),
    /// Elsewhere.
    Redirect {
        /// The URL.
        to: Arc<str>,
        /// The status.
        status: u16,
    },
    /// Nowhere.
    Reserved,
    /// To several apps by weight.
    Split(Arc<[Share]>),
}

/// An app's place: what is live there, and how often it was asked.
pub struct Slot {
    /// The app's row id.
    pub id: i64,
    /// The app's public id.
    pub uid: Box<str>,
    /// The app's name.
    pub name: Box<str>,
    live: ArcSwap<Live>,
    requests: AtomicU64,
    errors: AtomicU64,
}

/// One setting of an app's live pointer.
struct Live {
    version: Option<u32>,
    spa: Option<bool>,
    own: Arc<Own>,
    site: OnceCell<Arc<Site>>,
}

/// What the owner set for an app's functions.
#[derive(Default)]
pub struct Own {
    /// Values of their environment, by name.
    pub env: Vec<(String, String)>,
    /// Their budgets.
    pub limits: Limits,
}

/// A version of an app, ready to be served.
pub struct Site {
    /// The app's name.
    pub app: Box<str>,
    /// The version.
    pub version: u32,
    /// Whether unknown paths get `index.html`.
    pub spa: bool,
    /// Whether each request of a function has globals of its own.
    pub fresh: bool,
    /// When the version was deployed, in Unix seconds.
    pub modified: u64,
    /// Values of the environment that hold where the owner sets none.
    pub env: BTreeMap<String, String>,
    /// Rules of `_redirects`.
    pub redirects: Redirects,
    headers: HeaderRules,
    /// Headers that `_headers` gives a path, worked out once; `None` without rules.
    overlays: Option<quick_cache::sync::Cache<Box<str>, Overlay>>,
    files: HashMap<Box<str>, Entry, foldhash::fast::RandomState>,
}

/// Headers that a site's own rules set.
pub type Overlay = Arc<[(HeaderName, HeaderValue)]>;

/// Paths of a site whose own headers are kept worked out.
const OVERLAYS: usize = 256;

/// A file of a site.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Names the file's answers in memory; never used twice.
    pub key: FileKey,
    /// The content.
    pub blob: BlobRef,
    /// The representations there are.
    pub encodings: Encodings,
}

impl Site {
    /// Its files with their sizes.
    pub fn sizes(&self) -> impl Iterator<Item = (&str, u64)> {
        self.files.iter().map(|(path, entry)| (&**path, entry.blob.size))
    }

    /// The file at `path`, which has no leading slash.
    pub fn file(&self, path: &str) -> Option<&Entry> {
        self.files.get(path)
    }

    /// The files whose paths begin with `prefix`.
    pub fn below(&self, prefix: &str) -> impl Iterator<Item = (&str, BlobRef)> {
        let files = self.files.iter().map(|(path, entry)| (&**path, entry.blob));
        files.filter(move |(path, _)| path.starts_with(prefix))
    }

    /// Whether `_headers` holds any rule.
    pub fn has_header_rules(&self) -> bool {
        self.overlays.is_some()
    }

    /// The headers that `_headers` sets on the request path `path`.
    pub fn overlay(&self, path: &str) -> Option<Overlay> {
        let overlays = self.overlays.as_ref()?;
        if let Some(overlay) = overlays.get(path) {
            return Some(overlay);
        }
        let rules = self.headers.for_path(path);
        let overlay: Overlay = rules
            .into_iter()
            .filter_map(|(name, value)| Some((name.parse().ok()?, value.parse().ok()?)))
            .collect();
        overlays.insert(path.into(), overlay.clone());
        Some(overlay)
    }
}

impl Slot {
    fn new(app: HostApp) -> Self {
        let live = ArcSwap::from_pointee(Live::of(&app));
        let (requests, errors) = (AtomicU64::new(0), AtomicU64::new(0));
        let (uid, name) = (app.uid.into(), app.name.into());
        Self { id: app.id, uid, name, live, requests, errors }
    }

    /// Counts a request that was answered with `status`.
    pub fn count(&self, status: u16) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if status >= 500 {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What the owner set for the app's functions, as it is now.
    pub fn own(&self) -> Arc<Own> {
        self.live.load().own.clone()
    }

    /// Whether any version is live.
    pub fn is_live(&self) -> bool {
        self.live.load().version.is_some()
    }
}

impl Live {
    fn of(app: &HostApp) -> Self {
        let own = Arc::new(Own { env: app.env.clone(), limits: app.limits });
        Self { version: app.live, spa: app.spa, own, site: OnceCell::new() }
    }
}

/// Names as they led at one moment.
pub struct Names(Guard<Arc<Table>>);

impl Names {
    /// The app of that name.
    pub fn app(&self, name: &str) -> Option<&Arc<Slot>> {
        self.0.apps.get(name)
    }

    /// Where an alias leads: a label below the domain, or a whole domain.
    pub fn alias(&self, name: &str) -> Option<&Led> {
        self.0.aliases.get(name)
    }
}

/// A site found in memory without waiting.
pub struct Loaded(Guard<Arc<Live>>);

impl std::ops::Deref for Loaded {
    type Target = Arc<Site>;

    fn deref(&self) -> &Arc<Site> {
        self.0.site.get().expect("`Sites::loaded` checked that it is there")
    }
}

impl Sites {
    /// Reads every name from the store.
    pub async fn load(store: Arc<dyn Store>, cache_bytes: u64) -> Result<Self> {
        let hosts = store.hosts().await?;
        let table = Table::of(hosts);
        Ok(Self {
            store,
            table: ArcSwap::from_pointee(table),
            previews: quick_cache::sync::Cache::with_weighter(PREVIEWS, PREVIEW_BYTES, Weigh),
            epoch: AtomicU64::new(0),
            refreshing: Mutex::new(()),
            answers: Answers::new(cache_bytes),
            changes: broadcast::Sender::new(BEHIND),
        })
    }

    /// Changes of apps from now on.
    pub fn changes(&self) -> broadcast::Receiver<Changed> {
        self.changes.subscribe()
    }

    /// Tells listeners of a change; nobody listening is no fault.
    pub fn tell(&self, changed: Changed) {
        let _ = self.changes.send(changed);
    }

    /// Every name as it leads now. What is found in it is borrowed: counting a
    /// reference for each request would pass its memory between the cores.
    pub fn names(&self) -> Names {
        Names(self.table.load())
    }

    /// The app of that name.
    pub fn app(&self, name: &str) -> Option<Arc<Slot>> {
        self.table.load().apps.get(name).cloned()
    }

    /// The live site of a slot, if it is in memory.
    pub fn loaded(slot: &Slot) -> Option<Loaded> {
        let live = slot.live.load();
        live.site.initialized().then(|| Loaded(live))
    }

    /// The live site of a slot; `None` when no version is live.
    pub async fn live(&self, slot: &Slot) -> Result<Option<Arc<Site>>> {
        let live = slot.live.load_full();
        self.fill(slot, &live).await
    }

    async fn fill(&self, slot: &Slot, live: &Live) -> Result<Option<Arc<Site>>> {
        let Some(version) = live.version else { return Ok(None) };
        let site = live.site.get_or_try_init(|| async {
            let site = self.read(slot, version, live.spa).await?;
            site.ok_or(StoreError::NoVersion { app: slot.name.to_string(), version })
        });
        site.await.cloned().map(Some)
    }

    /// A version of an app, live or not.
    pub async fn version(&self, slot: &Slot, version: u32) -> Result<Option<Arc<Site>>> {
        if let Some(site) = self.previews.get(&(slot.id, version)) {
            return Ok(Some(site));
        }
        let epoch = self.epoch.load(Ordering::Acquire);
        let spa = slot.live.load().spa;
        let site = self.read(slot, version, spa).await?;
        // What changed while it was read may not be in it.
        if let Some(site) = &site
            && self.epoch.load(Ordering::Acquire) == epoch
        {
            self.previews.insert((slot.id, version), site.clone());
        }
        Ok(site)
    }

    /// Drops the indexes of previews: versions were collected, and what is no
    /// longer stored must not be shown.
    pub fn forget_previews(&self) {
        self.epoch.fetch_add(1, Ordering::Release);
        self.previews.clear();
    }

    async fn read(
        &self,
        slot: &Slot,
        version: u32,
        spa: Option<bool>,
    ) -> Result<Option<Arc<Site>>> {
        let Some(files) = self.store.site(slot.id, version).await? else { return Ok(None) };
        let SiteFiles { created_at, settings, files } = files;
        let mut redirects = Redirects::default();
        let mut header_rules = HeaderRules::default();
        for (file, _) in &files {
            match file.path.as_str() {
                "_redirects" => redirects = redirects::parse(&self.text(file.blob).await?).0,
                "_headers" => header_rules = headers::parse(&self.text(file.blob).await?).0,
                _ => {}
            }
        }
        let files = files.into_iter().map(|(file, variants)| {
            let (key, encodings) = (self.answers.new_key(), encodings(variants));
            (file.path.into_boxed_str(), Entry { key, blob: file.blob, encodings })
        });
        Ok(Some(Arc::new(Site {
            app: slot.name.clone(),
            version,
            spa: spa.unwrap_or(settings.spa),
            env: settings.env,
            fresh: settings.fresh,
            modified: u64::try_from(created_at.as_second()).unwrap_or(0),
            redirects,
            overlays: (!header_rules.is_empty()).then(|| quick_cache::sync::Cache::new(OVERLAYS)),
            headers: header_rules,
            files: files.collect(),
        })))
    }

    async fn text(&self, blob: BlobRef) -> Result<String> {
        let bytes = self.store.blob(blob.id, Variant::Identity).await?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Reads one app anew after it changed, or after variants of its files were
    /// made. Returns once visitors see it.
    pub async fn refresh(&self, app: i64) -> Result<()> {
        let _one_at_a_time = self.refreshing.lock().await;
        let now = self.store.host(app).await?;
        let slot = self.table.load().by_id.get(&app).cloned();
        let named = slot.as_ref().map(|slot| &*slot.name);
        let named = named.or(now.as_ref().map(|now| now.name.as_str())).map(ToOwned::to_owned);
        let listed = slot.is_none() || now.is_none();
        self.switch_or_list(app, slot, now).await?;
        if let Some(app) = named {
            self.tell(Changed { app, listed, logged: false });
        }
        Ok(())
    }

    async fn switch_or_list(
        &self,
        app: i64,
        slot: Option<Arc<Slot>>,
        now: Option<HostApp>,
    ) -> Result<()> {
        match (slot, now) {
            (Some(slot), Some(now)) => self.switch(&slot, &now).await,
            (None, None) => Ok(()),
            // The app came or went: the table itself changes.
            (_, now) => {
                let mut table = self.table.load().copy();
                if let Some(gone) = table.by_id.remove(&app) {
                    table.apps.remove(&gone.name);
                }
                if let Some(now) = now {
                    table.add(now);
                }
                let aliases = self.store.aliases().await?;
                table.set_aliases(aliases);
                self.table.store(Arc::new(table));
                Ok(())
            }
        }
    }

    /// Loads the index of what is live now, if the app is in use, and swaps.
    async fn switch(&self, slot: &Slot, now: &HostApp) -> Result<()> {
        let old = slot.live.load_full();
        self.previews.retain(|(app, _), _| *app != slot.id);
        self.epoch.fetch_add(1, Ordering::Release);
        let live = Live::of(now);
        if old.site.initialized()
            && let Err(error) = self.fill(slot, &live).await
        {
            // The change is in the store: the next visitor's request reads it.
            tracing::error!(%error, app = %slot.name, "could not load what is live now");
        }
        slot.live.store(Arc::new(live));
        if let Some(site) = old.site.get() {
            self.answers.forget(site.files.values().map(|entry| entry.key));
        }
        Ok(())
    }

    /// Reads every alias anew.
    pub async fn refresh_aliases(&self) -> Result<()> {
        let _one_at_a_time = self.refreshing.lock().await;
        let aliases = self.store.aliases().await?;
        let mut table = self.table.load().copy();
        table.set_aliases(aliases);
        self.table.store(Arc::new(table));
        Ok(())
    }

    /// Takes the requests and errors counted since the last time, by app.
    pub fn take_counts(&self) -> Vec<(i64, u64, u64)> {
        let take = |count: &AtomicU64| {
            // Most apps are idle most of the time; a swap would dirty their line.
            if count.load(Ordering::Relaxed) == 0 { 0 } else { count.swap(0, Ordering::Relaxed) }
        };
        let table = self.table.load();
        let counts =
            table.by_id.values().map(|slot| (slot.id, take(&slot.requests), take(&slot.errors)));
        counts.filter(|(_, requests, _)| *requests > 0).collect()
    }

    /// Requests and errors of an app that are counted and not yet taken.
    pub fn counts(&self, app: i64) -> (u64, u64) {
        self.table.load().by_id.get(&app).map_or((0, 0), |slot| {
            (slot.requests.load(Ordering::Relaxed), slot.errors.load(Ordering::Relaxed))
        })
    }
}

fn encodings(variants: u8) -> Encodings {
    let made = [
        (Variant::Gzip, Encoding::Gzip),
        (Variant::Zstd, Encoding::Zstd),
        (Variant::Brotli, Encoding::Brotli),
    ];
    made.into_iter()
        .filter(|(variant, _)| variants & (1 << variant.code()) != 0)
        .fold(Encodings::NONE, |set, (_, encoding)| set.with(encoding))
}
