//! Files become a version: checked, read for rules and settings, stored whole.
//!
//! Everything that can be refused is refused before the store is asked. What
//! deserves a look but does no harm is a warning.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use fazt_tools::{AppName, names::NameProblem};

use super::{
    bundle::{
        limits::{LimitProblem, Limits, Tally},
        manifest::{self, Isolation, Manifest, ManifestProblem},
        path::{FilePath, PathProblem, collisions},
    },
    functions::{self, Functions, LIBRARIES, ScriptProblem},
    site::{headers, media, redirects},
};
use crate::{
    clock,
    store::{
        Actor, Content, Hash, NewBlob, Publish, Published, Store, StoreError, TreeEntry, Variant,
        VersionSettings,
    },
};

/// Why files did not become a version.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// There are no files.
    #[error("there is no file to deploy")]
    Empty,
    /// A path breaks a rule.
    #[error(transparent)]
    Path(#[from] PathProblem),
    /// A limit is exceeded.
    #[error(transparent)]
    Limit(#[from] LimitProblem),
    /// The manifest cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestProblem),
    /// Nothing says what the app is called.
    #[error("the app has no name: there is no `manifest.json` with a `name`")]
    Nameless,
    /// The manifest's name is refused.
    #[error(transparent)]
    Name(#[from] NameProblem),
    /// Scripts cannot run; there is at least one reason.
    #[error("{}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Functions(Vec<ScriptProblem>),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A file of the version to be.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its path.
    pub path: FilePath,
    /// Hash of its content.
    pub hash: Hash,
    /// Length of its content.
    pub size: u64,
}

/// What to publish.
#[derive(Debug)]
pub struct Order {
    /// The app's name; `None` means the manifest says it.
    pub app: Option<AppName>,
    /// The app's name where neither `app` nor the manifest says it.
    pub called: Option<AppName>,
    /// The version's files.
    pub tree: Vec<Entry>,
    /// Contents that came along.
    pub blobs: Vec<NewBlob>,
    /// Whether unknown paths get `index.html`; `None` means the manifest says it.
    pub spa: Option<bool>,
    /// What the deployer said.
    pub message: Option<String>,
    /// Whether it goes live.
    pub live: bool,
    /// Who deploys.
    pub actor: Actor,
}

/// An order whose files were read and found good.
pub struct Checked {
    order: Order,
    app: AppName,
    settings: VersionSettings,
    manifest: String,
    /// What deserves a look.
    pub warnings: Vec<String>,
    /// Its functions, ready to be run.
    pub functions: Functions,
}

impl Checked {
    /// The app's name.
    pub fn app(&self) -> &AppName {
        &self.app
    }

    /// Values of its environment that hold where the owner sets none.
    pub fn env(&self) -> &BTreeMap<String, String> {
        &self.settings.env
    }
}

/// Checks an order: paths, limits, manifest, rules, functions. Stores nothing.
pub async fn check(
    store: &dyn Store,
    limits: &Limits,
    order: Order,
) -> Result<Checked, PublishError> {
    if order.tree.is_empty() {
        return Err(PublishError::Empty);
    }
    let mut tally = Tally::new(limits);
    for entry in &order.tree {
        tally.admit(entry.path.as_str(), entry.size)?;
    }
    collisions(order.tree.iter().map(|entry| &entry.path))?;

    let small = SmallFiles::new(store, &order);
    let mut warnings = Vec::new();
    let manifest = match small.read("manifest.json").await? {
        Some(bytes) => {
            let (manifest, remarks) = manifest::parse(&bytes)?;
            warnings.extend(remarks.into_iter().map(|remark| format!("manifest.json: {remark}")));
            manifest
        }
        None => Manifest::default(),
    };
    let app = match &order.app {
        Some(app) => app.clone(),
        None => manifest.name.clone().or(order.called.clone()).ok_or(PublishError::Nameless)?,
    };
    if let Some(name) = manifest.name.as_ref().filter(|name| **name != app) {
        warnings.push(format!("manifest.json names the app `{name}`; it is deployed as `{app}`"));
    }
    let mut has_front = order.tree.iter().any(|entry| entry.path.as_str() == "index.html");
    if let Some(rules) = small.text("_redirects").await? {
        let (rules, remarks) = redirects::parse(&rules);
        has_front |= rules.find("/", None, false).is_some();
        warnings.extend(remarks.iter().map(|w| format!("_redirects:{}: {}", w.line, w.message)));
    }
    if let Some(rules) = small.text("_headers").await? {
        let (_, remarks) = headers::parse(&rules);
        warnings.extend(remarks.iter().map(|w| format!("_headers:{}: {}", w.line, w.message)));
    }
    warnings.extend(idle_keys(&manifest));
    let functions = functions_of(&small, &order.tree).await?;
    if !has_front {
        warnings.push("there is no index.html: `/` will answer 404".to_owned());
    }
    let settings = VersionSettings {
        spa: order.spa.unwrap_or(manifest.spa),
        title: manifest.title.clone(),
        description: manifest.description.clone(),
        env: manifest
            .env
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.clone()?)))
            .collect(),
        fresh: manifest.isolation == Isolation::Fresh,
    };
    let manifest = serde_json::to_string(&manifest).unwrap_or_else(|_| "{}".to_owned());
    Ok(Checked { order, app, settings, manifest, warnings, functions })
}

/// Reads the scripts below `api/` and what they import.
async fn functions_of(small: &SmallFiles<'_>, tree: &[Entry]) -> Result<Functions, PublishError> {
    if !tree.iter().any(|entry| functions::is_script(entry.path.as_str())) {
        return Ok(Functions::default());
    }
    let files = tree.iter().map(|entry| (entry.path.as_str().to_owned(), entry.size)).collect();
    let read = async |path: String| small.content(&path).await.map(Option::unwrap_or_default);
    functions::load(files, LIBRARIES, read).await?.map_err(PublishError::Functions)
}

/// Keys of the manifest that are kept with the version and change nothing yet.
fn idle_keys(manifest: &Manifest) -> impl Iterator<Item = String> {
    let keys = [
        ("analytics", !manifest.analytics.enabled),
        ("fetch", !manifest.fetch.is_empty()),
        ("crons", !manifest.crons.is_empty()),
        ("tools", !manifest.tools.is_empty()),
        ("checks", !manifest.checks.is_empty()),
    ];
    let idle = keys.into_iter().filter(|(_, given)| *given);
    idle.map(|(key, _)| format!("manifest.json: `{key}` is kept and has no effect in this release"))
}

/// Stores a checked order in one transaction.
pub async fn publish(store: &dyn Store, checked: Checked) -> Result<Published, PublishError> {
    let Checked { order, app, settings, manifest, .. } = checked;
    let tree = order
        .tree
        .into_iter()
        .map(|entry| {
            let path = entry.path.as_str().to_owned();
            let compressible = worth_compressing(&path, entry.size);
            TreeEntry { path, hash: entry.hash, size: entry.size, compressible }
        })
        .collect();
    let publish = Publish {
        app,
        uid: clock::id("app_"),
        tree,
        blobs: order.blobs,
        manifest,
        settings,
        message: order.message,
        live: order.live,
        actor: order.actor,
    };
    Ok(store.publish(publish).await?)
}

/// Below this a variant saves less than its own headers; above, the whole file
/// would have to be held in memory.
fn worth_compressing(path: &str, size: u64) -> bool {
    (200..=4 << 20).contains(&size) && media::is_compressible(&media::content_type(path))
}

/// A content in memory as the store takes it.
pub fn blob_of(bytes: Bytes) -> NewBlob {
    NewBlob { hash: Hash::of(&bytes), size: bytes.len() as u64, content: Content::Memory(bytes) }
}

/// The few small files that are read at deploy, wherever their content is now.
struct SmallFiles<'o> {
    store: &'o dyn Store,
    tree: HashMap<&'o str, &'o Entry>,
    blobs: HashMap<Hash, &'o NewBlob>,
}

impl<'o> SmallFiles<'o> {
    /// Longest rules file that is read; more rules than that are a mistake.
    const LONGEST: u64 = 1 << 20;

    fn new(store: &'o dyn Store, order: &'o Order) -> Self {
        let tree = order.tree.iter().map(|entry| (entry.path.as_str(), entry)).collect();
        let blobs = order.blobs.iter().map(|blob| (blob.hash, blob)).collect();
        Self { store, tree, blobs }
    }

    async fn read(&self, path: &str) -> Result<Option<Bytes>, PublishError> {
        let Some(entry) = self.tree.get(path) else { return Ok(None) };
        if entry.size > Self::LONGEST {
            return Err(
                LimitProblem::FileBytes { file: path.to_owned(), limit: Self::LONGEST }.into()
            );
        }
        self.content(path).await
    }

    /// A file's content, however long it is.
    async fn content(&self, path: &str) -> Result<Option<Bytes>, PublishError> {
        let Some(entry) = self.tree.get(path) else { return Ok(None) };
        if let Some(NewBlob { content: Content::Memory(bytes), .. }) = self.blobs.get(&entry.hash) {
            return Ok(Some(bytes.clone()));
        }
        let missing = || StoreError::MissingBlobs(vec![entry.hash]);
        let blob = self.store.blob_by_hash(&entry.hash).await?.ok_or_else(missing)?;
        Ok(Some(self.store.blob(blob.id, Variant::Identity).await?.ok_or_else(missing)?))
    }

    async fn text(&self, path: &str) -> Result<Option<String>, PublishError> {
        Ok(self.read(path).await?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }
}
