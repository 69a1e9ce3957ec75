//! Apps, versions, live pointers and aliases in SQLite.
//!
//! A publish is one transaction: blobs, version, files, pointer, ledger. What
//! it names and lacks is answered as [`StoreError::MissingBlobs`] and nothing
//! is kept. Long because its transactions share the same few look-ups.

use std::collections::HashMap;

use async_trait::async_trait;
use fazt_tools::{AppName, env::Limits, types::Share};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::{Value, json};

use super::{
    SqliteStore, blobs,
    cell::{Cell, app_name, is_app, refuse_alias},
    env,
    ledger::Edits,
    ms, time, unsigned,
};
use crate::store::{
    Actor, Alias, AliasTarget, App, AppQuery, AppStore, AppSummary, BlobRef, Configure, Diff, File,
    Hash, HostApp, Hosts, Promoted, Publish, Published, Result, SiteFiles, StoreError, Trashed,
    TreeEntry, Version, VersionSettings,
};

const APP: &str = "id, uid, name, live, spa, created_at, updated_at";

fn read_app(row: &Row<'_>) -> rusqlite::Result<App> {
    let name: String = row.get(2)?;
    Ok(App {
        id: row.get(0)?,
        uid: row.get(1)?,
        name: AppName::parse(&name).map_err(|_| rusqlite::Error::InvalidQuery)?,
        live: row.get(3)?,
        spa: row.get(4)?,
        created_at: time(row.get(5)?),
        updated_at: time(row.get(6)?),
    })
}

fn find(c: &Connection, name: &AppName) -> Result<Option<App>> {
    let sql = format!("SELECT {APP} FROM apps WHERE name = ?1 AND trashed_at IS NULL");
    Ok(c.prepare_cached(&sql)?.query_row([name.as_str()], read_app).optional()?)
}

pub(super) fn expect(c: &Connection, name: &AppName) -> Result<App> {
    find(c, name)?.ok_or_else(|| StoreError::NoApp(name.to_string()))
}

fn publish(c: &Connection, mut publish: Publish) -> Result<Published> {
    let at = ms(publish.actor.at);
    blobs::put(c, std::mem::take(&mut publish.blobs), at)?;
    let files = known_files(c, &publish.tree)?;
    let bytes = files.iter().map(|file| file.size).sum();
    let count = files.len() as u64;

    let existing = find(c, &publish.app)?;
    let created = existing.is_none();
    let settings =
        serde_json::to_string(&publish.settings).map_err(|e| StoreError::Backend(e.to_string()))?;
    let tree_hash = tree_hash(&publish.tree, &settings);
    let before = existing.as_ref().and_then(|app| app.live);
    let mut edits = Edits::new(c, publish.actor.clone());
    let app = match existing {
        Some(app) => app.id,
        None => create(c, &publish, at, &mut edits)?,
    };
    let diff = difference(c, app, before, &files)?;

    let newest: Option<(u32, Vec<u8>, bool)> = c
        .prepare_cached(
            "SELECT version, tree_hash, withdrawn FROM versions WHERE app_id = ?1
             ORDER BY version DESC LIMIT 1",
        )?
        .query_row([app], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let version = match &newest {
        Some((version, hash, false)) if *hash == tree_hash.0 => *version,
        newest => {
            let version = newest.as_ref().map_or(0, |(version, ..)| *version) + 1;
            insert_version(c, app, version, &publish, &files, bytes, tree_hash, &settings, at)?;
            edits.made(Cell::Withdrawn(app, version), true.into(), false.into());
            version
        }
    };
    if publish.live {
        edits.set(Cell::Live(app), version.into())?;
    }
    let unchanged = edits.is_empty();
    let live = publish.live || before == Some(version);
    let change = if unchanged {
        None
    } else {
        let what = if publish.live { "deployed" } else { "stored" };
        let summary = format!("{what} version {version} of {}", publish.app);
        Some(edits.record(Some(publish.app.as_str()), &summary)?)
    };
    Ok(Published { app, version, live, created, unchanged, files: count, bytes, diff, change })
}

fn create(c: &Connection, publish: &Publish, at: i64, edits: &mut Edits<'_>) -> Result<i64> {
    let name = publish.app.as_str();
    refuse_alias(c, name)?;
    let app: i64 = c
        .prepare_cached("UPDATE app_ids SET last = last + 1 RETURNING last")?
        .query_row([], |row| row.get(0))?;
    c.prepare_cached(
        "INSERT INTO apps (id, uid, name, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)",
    )?
    .execute(params![app, publish.uid, name, at])?;
    edits.made(Cell::Trashed(app), at.into(), Value::Null);
    Ok(app)
}

struct KnownFile<'t> {
    path: &'t str,
    blob: i64,
    size: u64,
}

/// Finds the content of every file, asking for variants where they are worth it.
fn known_files<'t>(c: &Connection, tree: &'t [TreeEntry]) -> Result<Vec<KnownFile<'t>>> {
    let mut find = c.prepare_cached("SELECT id, size, compress FROM blobs WHERE hash = ?1")?;
    let mut want = c.prepare_cached("UPDATE blobs SET compress = 1 WHERE id = ?1")?;
    let mut files = Vec::with_capacity(tree.len());
    let mut missing = Vec::new();
    for entry in tree {
        let found: Option<(i64, i64, u8)> = find
            .query_row([entry.hash.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        match found {
            Some((blob, size, compress)) if unsigned(size) == entry.size => {
                if compress == 0 && entry.compressible {
                    want.execute([blob])?;
                }
                files.push(KnownFile { path: &entry.path, blob, size: unsigned(size) });
            }
            _ => missing.push(entry.hash),
        }
    }
    if missing.is_empty() { Ok(files) } else { Err(StoreError::MissingBlobs(missing)) }
}

/// Two versions with the same hash serve the same answers.
fn tree_hash(tree: &[TreeEntry], settings: &str) -> Hash {
    let mut sorted: Vec<&TreeEntry> = tree.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let mut hasher = blake3::Hasher::new();
    hasher.update(settings.as_bytes());
    for entry in sorted {
        hasher.update(&[0]).update(entry.path.as_bytes()).update(&[0]).update(&entry.hash.0);
    }
    Hash(*hasher.finalize().as_bytes())
}

fn difference(
    c: &Connection,
    app: i64,
    before: Option<u32>,
    files: &[KnownFile<'_>],
) -> Result<Diff> {
    let Some(version) = before else {
        return Ok(Diff { added: files.len() as u64, ..Diff::default() });
    };
    let mut statement =
        c.prepare_cached("SELECT path, blob_id FROM files WHERE app_id = ?1 AND version = ?2")?;
    let mut old: HashMap<String, i64> = statement
        .query_map(params![app, version], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut diff = Diff::default();
    for file in files {
        match old.remove(file.path) {
            None => diff.added += 1,
            Some(blob) if blob != file.blob => diff.changed += 1,
            Some(_) => {}
        }
    }
    diff.removed = old.len() as u64;
    Ok(diff)
}

#[expect(clippy::too_many_arguments, reason = "the columns of one row, used once")]
fn insert_version(
    c: &Connection,
    app: i64,
    version: u32,
    publish: &Publish,
    files: &[KnownFile<'_>],
    bytes: u64,
    tree_hash: Hash,
    settings: &str,
    at: i64,
) -> Result<()> {
    c.prepare_cached(
        "INSERT INTO versions (app_id, version, created_at, caller, message, files, bytes,
            tree_hash, manifest, settings)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        app,
        version,
        at,
        publish.actor.caller,
        publish.message,
        super::signed(files.len() as u64),
        super::signed(bytes),
        tree_hash.0,
        publish.manifest,
        settings
    ])?;
    let mut insert = c.prepare_cached(
        "INSERT INTO files (app_id, version, path, blob_id) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for file in files {
        insert.execute(params![app, version, file.path, file.blob])?;
    }
    Ok(())
}

fn promote(c: &Connection, name: &AppName, to: Option<u32>, actor: Actor) -> Result<Promoted> {
    let app = expect(c, name)?;
    let version = match to {
        Some(version) => version,
        None => earlier(c, &app)?.ok_or_else(|| StoreError::NoEarlierVersion(name.to_string()))?,
    };
    if !exists(c, app.id, version)? {
        return Err(StoreError::NoVersion { app: name.to_string(), version });
    }
    let mut edits = Edits::new(c, actor);
    edits.set(Cell::Live(app.id), version.into())?;
    let change = if edits.is_empty() {
        None
    } else {
        let summary = match app.live {
            Some(was) => format!("put version {version} of {name} live (was {was})"),
            None => format!("put version {version} of {name} live"),
        };
        Some(edits.record(Some(name.as_str()), &summary)?)
    };
    Ok(Promoted { app: app.id, version, previous: app.live, change })
}

fn exists(c: &Connection, app: i64, version: u32) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM versions
        WHERE app_id = ?1 AND version = ?2 AND withdrawn = 0)";
    Ok(c.prepare_cached(sql)?.query_row(params![app, version], |row| row.get(0))?)
}

/// The version that was live before the one that is.
fn earlier(c: &Connection, app: &App) -> Result<Option<u32>> {
    let sql = "SELECT l.version FROM live_log l
        JOIN versions v ON v.app_id = l.app_id AND v.version = l.version AND v.withdrawn = 0
        WHERE l.app_id = ?1 AND l.version IS NOT ?2 ORDER BY l.id DESC LIMIT 1";
    Ok(c.prepare_cached(sql)?.query_row(params![app.id, app.live], |row| row.get(0)).optional()?)
}

#[expect(clippy::needless_pass_by_value, reason = "as its siblings, which keep the actor")]
fn trash(c: &Connection, name: &AppName, actor: Actor) -> Result<Trashed> {
    let app = expect(c, name)?;
    let versions: i64 = c
        .prepare_cached("SELECT count(*) FROM versions WHERE app_id = ?1 AND withdrawn = 0")?
        .query_row([app.id], |row| row.get(0))?;
    let mut edits = Edits::new(c, actor.clone());
    edits.set(Cell::Trashed(app.id), ms(actor.at).into())?;
    let change = edits.record(Some(name.as_str()), &format!("moved {name} to the trash"))?;
    Ok(Trashed { app: app.id, versions: unsigned(versions), change })
}

fn configure(
    c: &Connection,
    name: &AppName,
    wish: &Configure,
    actor: Actor,
) -> Result<Option<i64>> {
    let app = expect(c, name)?;
    let mut edits = Edits::new(c, actor);
    if let Some(spa) = wish.spa {
        edits.set(Cell::Spa(app.id), i64::from(spa).into())?;
    }
    for (name, value) in &wish.env {
        let value = value.clone().map_or(Value::Null, Value::from);
        edits.set(Cell::Env(app.id, name.clone()), value)?;
    }
    if wish.env.values().any(Option::is_some) {
        env::bound(c, app.id)?;
    }
    if let Some(limits) = &wish.limits {
        let text = serde_json::to_string(limits).map_err(|e| StoreError::Backend(e.to_string()))?;
        let held = if *limits == Limits::default() { Value::Null } else { text.into() };
        edits.set(Cell::Limits(app.id), held)?;
    }
    for (versions, kept) in [(&wish.pin, true), (&wish.unpin, false)] {
        for version in versions {
            if !exists(c, app.id, *version)? {
                return Err(StoreError::NoVersion { app: name.to_string(), version: *version });
            }
            edits.set(Cell::Pinned(app.id, *version), kept.into())?;
        }
    }
    for host in &wish.remove_hosts {
        let cell = Cell::Alias(host.clone());
        if cell.read(c)?["app"].as_i64() != Some(app.id) {
            return Err(StoreError::NoSuch { kind: "host of this app", name: host.clone() });
        }
        edits.set(cell, Value::Null)?;
    }
    for host in &wish.add_hosts {
        let cell = Cell::Alias(host.clone());
        let held = cell.read(c)?;
        if is_app(c, host)? || (!held.is_null() && held["app"].as_i64() != Some(app.id)) {
            return Err(StoreError::Taken(host.clone()));
        }
        edits.set(cell, json!({ "kind": "app", "app": app.id, "target": "null" }))?;
    }
    if edits.is_empty() {
        return Ok(None);
    }
    Ok(Some(edits.record(Some(name.as_str()), &format!("configured {name}"))?))
}

fn set_alias(c: &Connection, name: &str, to: Option<&AliasTarget>, actor: Actor) -> Result<i64> {
    let mut edits = Edits::new(c, actor);
    let cell = Cell::Alias(name.to_owned());
    let held = cell.read(c)?;
    let mut of = held["app"].as_i64();
    let value = match to {
        None if held.is_null() => {
            return Err(StoreError::NoSuch { kind: "alias", name: name.to_owned() });
        }
        None => Value::Null,
        Some(_) if is_app(c, name)? => return Err(StoreError::Taken(name.to_owned())),
        Some(AliasTarget::App(app)) => {
            let app = expect(c, app)?.id;
            of = Some(app);
            json!({ "kind": "app", "app": app, "target": "null" })
        }
        Some(AliasTarget::Redirect { to, status }) => {
            let target = json!({ "to": to, "status": status }).to_string();
            json!({ "kind": "redirect", "app": null, "target": target })
        }
        Some(AliasTarget::Reserved) => json!({ "kind": "reserved", "app": null, "target": "null" }),
        Some(AliasTarget::Split(shares)) => {
            let mut by_id = Vec::new();
            for share in shares {
                by_id.push(json!([expect(c, &share.app)?.id, share.weight]));
            }
            json!({ "kind": "split", "app": null, "target": Value::from(by_id).to_string() })
        }
    };
    edits.set(cell, value)?;
    let summary = match to {
        None => format!("removed the alias {name}"),
        Some(target) => format!("set the alias {name} ({})", target.kind().as_str()),
    };
    let app = of.map(|app| app_name(c, app)).transpose()?.flatten();
    edits.record(app.as_deref(), &summary)
}

fn aliases(c: &Connection) -> Result<Vec<Alias>> {
    let sql = "SELECT l.name, l.kind, a.name, l.target FROM aliases l
        LEFT JOIN apps a ON a.id = l.app_id AND a.trashed_at IS NULL ORDER BY l.name";
    let mut statement = c.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut aliases = Vec::new();
    while let Some(row) = rows.next()? {
        let kind: String = row.get(1)?;
        let target: Value = serde_json::from_str(&row.get::<_, String>(3)?).unwrap_or(Value::Null);
        let target = match kind.as_str() {
            "app" => {
                let app: Option<String> = row.get(2)?;
                // An app in the trash keeps its aliases; they lead nowhere meanwhile.
                app.and_then(|app| AppName::parse(&app).ok()).map(AliasTarget::App)
            }
            "redirect" => Some(AliasTarget::Redirect {
                to: target["to"].as_str().unwrap_or_default().to_owned(),
                status: if target["status"] == 302 { 302 } else { 301 },
            }),
            "split" => Some(AliasTarget::Split(shares(c, &target)?)),
            _ => Some(AliasTarget::Reserved),
        };
        if let Some(target) = target {
            aliases.push(Alias { name: row.get(0)?, target });
        }
    }
    Ok(aliases)
}

fn shares(c: &Connection, target: &Value) -> Result<Vec<Share>> {
    let mut shares = Vec::new();
    for share in target.as_array().into_iter().flatten() {
        let sql = "SELECT name FROM apps WHERE id = ?1 AND trashed_at IS NULL";
        let name: Option<String> =
            c.prepare_cached(sql)?.query_row([share[0].as_i64()], |row| row.get(0)).optional()?;
        if let Some(app) = name.and_then(|name| AppName::parse(&name).ok()) {
            let weight = share[1].as_u64().and_then(|w| u32::try_from(w).ok()).unwrap_or(1);
            shares.push(Share { app, weight });
        }
    }
    Ok(shares)
}

fn read_host(row: &Row<'_>) -> rusqlite::Result<HostApp> {
    Ok(HostApp {
        id: row.get(0)?,
        name: row.get(1)?,
        live: row.get(2)?,
        spa: row.get(3)?,
        uid: row.get(4)?,
        limits: row
            .get::<_, Option<String>>(5)?
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default(),
        env: Vec::new(),
    })
}

fn read_version(row: &Row<'_>) -> rusqlite::Result<Version> {
    let settings: String = row.get(6)?;
    Ok(Version {
        version: row.get(0)?,
        created_at: time(row.get(1)?),
        caller: row.get(2)?,
        message: row.get(3)?,
        files: unsigned(row.get(4)?),
        bytes: unsigned(row.get(5)?),
        pinned: row.get(7)?,
        settings: serde_json::from_str(&settings).unwrap_or_default(),
    })
}

fn read_file(row: &Row<'_>) -> rusqlite::Result<File> {
    let blob = BlobRef { id: row.get(1)?, hash: Hash(row.get(2)?), size: unsigned(row.get(3)?) };
    Ok(File { path: row.get(0)?, blob })
}

#[async_trait]
impl AppStore for SqliteStore {
    async fn publish(&self, wish: Publish) -> Result<Published> {
        self.writer.run(move |c| publish(c, wish)).await
    }

    async fn promote(&self, app: &AppName, to: Option<u32>, actor: Actor) -> Result<Promoted> {
        let app = app.clone();
        self.writer.run(move |c| promote(c, &app, to, actor)).await
    }

    async fn trash(&self, app: &AppName, actor: Actor) -> Result<Trashed> {
        let app = app.clone();
        self.writer.run(move |c| trash(c, &app, actor)).await
    }

    async fn configure(&self, app: &AppName, wish: Configure, actor: Actor) -> Result<Option<i64>> {
        let app = app.clone();
        self.writer.run(move |c| configure(c, &app, &wish, actor)).await
    }

    async fn app(&self, app: &AppName) -> Result<Option<App>> {
        self.readers.run(|c| find(c, app))
    }

    async fn app_names(&self) -> Result<Vec<String>> {
        self.readers.run(|c| {
            let mut statement =
                c.prepare_cached("SELECT name FROM apps WHERE trashed_at IS NULL ORDER BY name")?;
            let names = statement.query_map([], |row| row.get(0))?;
            Ok(names.collect::<rusqlite::Result<_>>()?)
        })
    }

    async fn apps(&self, query: AppQuery) -> Result<(Vec<AppSummary>, u64)> {
        self.readers.run(|c| {
            let among = query.among.as_ref().map(|apps| {
                Value::from(apps.iter().map(AppName::as_str).collect::<Vec<_>>()).to_string()
            });
            let filter = "trashed_at IS NULL AND (?1 IS NULL OR instr(name, ?1) > 0)
                AND (?2 IS NULL OR name IN (SELECT value FROM json_each(?2)))";
            let total: i64 = c
                .prepare_cached(&format!("SELECT count(*) FROM apps WHERE {filter}"))?
                .query_row(params![query.search, among], |row| row.get(0))?;
            let sql = format!(
                "SELECT {APP},
                    (SELECT files FROM versions v WHERE v.app_id = apps.id AND v.version = live),
                    (SELECT bytes FROM versions v WHERE v.app_id = apps.id AND v.version = live),
                    (SELECT sum(requests) FROM traffic t WHERE t.app_id = apps.id AND hour >= ?5),
                    (SELECT sum(errors) FROM traffic t WHERE t.app_id = apps.id AND hour >= ?5)
                 FROM apps WHERE {filter} AND name > ?3 ORDER BY name LIMIT ?4"
            );
            let hour = query.since.as_second().div_euclid(3_600);
            let after = query.after.as_deref().unwrap_or_default();
            let mut statement = c.prepare_cached(&sql)?;
            let apps = statement.query_map(
                params![query.search, among, after, query.limit, hour],
                |row| {
                    let number = |i| row.get::<_, Option<i64>>(i).map(|n| unsigned(n.unwrap_or(0)));
                    Ok(AppSummary {
                        app: read_app(row)?,
                        files: number(7)?,
                        bytes: number(8)?,
                        requests: number(9)?,
                        errors: number(10)?,
                    })
                },
            )?;
            Ok((apps.collect::<rusqlite::Result<_>>()?, unsigned(total)))
        })
    }

    async fn versions(&self, app: i64) -> Result<Vec<Version>> {
        self.readers.run(|c| {
            let sql = "SELECT version, created_at, caller, message, files, bytes, settings, pinned
                FROM versions WHERE app_id = ?1 AND withdrawn = 0 ORDER BY version DESC";
            let mut statement = c.prepare_cached(sql)?;
            let versions = statement.query_map([app], read_version)?;
            Ok(versions.collect::<rusqlite::Result<_>>()?)
        })
    }

    async fn files(&self, app: i64, version: u32) -> Result<Option<Vec<File>>> {
        self.readers.run_at_once(|c| {
            if !exists(c, app, version)? {
                return Ok(None);
            }
            let sql = "SELECT f.path, b.id, b.hash, b.size FROM files f
                JOIN blobs b ON b.id = f.blob_id
                WHERE f.app_id = ?1 AND f.version = ?2 ORDER BY f.path";
            let mut statement = c.prepare_cached(sql)?;
            let files = statement.query_map(params![app, version], read_file)?;
            Ok(Some(files.collect::<rusqlite::Result<_>>()?))
        })
    }

    async fn site(&self, app: i64, version: u32) -> Result<Option<SiteFiles>> {
        self.readers.run_at_once(|c| {
            let sql = "SELECT version, created_at, caller, message, files, bytes, settings, pinned
                FROM versions WHERE app_id = ?1 AND version = ?2 AND withdrawn = 0";
            let Some(row) =
                c.prepare_cached(sql)?.query_row(params![app, version], read_version).optional()?
            else {
                return Ok(None);
            };
            let sql = "SELECT f.path, b.id, b.hash, b.size,
                    CASE b.compress WHEN 2 THEN
                        (SELECT sum(1 << encoding) FROM variants v WHERE v.blob_id = b.id)
                    END
                FROM files f JOIN blobs b ON b.id = f.blob_id
                WHERE f.app_id = ?1 AND f.version = ?2 ORDER BY f.path";
            let mut statement = c.prepare_cached(sql)?;
            let files = statement.query_map(params![app, version], |row| {
                Ok((read_file(row)?, row.get::<_, Option<u8>>(4)?.unwrap_or(0)))
            })?;
            let files = files.collect::<rusqlite::Result<_>>()?;
            let settings: VersionSettings = row.settings;
            Ok(Some(SiteFiles { created_at: row.created_at, settings, files }))
        })
    }

    async fn stored_bytes(&self, app: i64) -> Result<u64> {
        self.readers.run(|c| {
            let sql = "SELECT coalesce(sum(size), 0) FROM blobs WHERE id IN
                (SELECT blob_id FROM files WHERE app_id = ?1)";
            Ok(unsigned(c.prepare_cached(sql)?.query_row([app], |row| row.get(0))?))
        })
    }

    async fn hosts(&self) -> Result<Hosts> {
        self.readers.run_at_once(|c| {
            let sql = "SELECT id, name, live, spa, uid, limits FROM apps WHERE trashed_at IS NULL";
            let mut statement = c.prepare_cached(sql)?;
            let apps = statement.query_map([], read_host)?;
            let mut apps: Vec<HostApp> = apps.collect::<rusqlite::Result<_>>()?;
            env::fill(c, &mut apps)?;
            Ok(Hosts { apps, aliases: aliases(c)? })
        })
    }

    async fn host(&self, app: i64) -> Result<Option<HostApp>> {
        self.readers.run(|c| {
            let sql =
                "SELECT id, name, live, spa, uid, limits FROM apps WHERE id = ?1 AND trashed_at IS NULL";
            let host = c.prepare_cached(sql)?.query_row([app], read_host).optional()?;
            let Some(mut host) = host else { return Ok(None) };
            host.env = env::read(c, app)?;
            Ok(Some(host))
        })
    }

    async fn aliases(&self) -> Result<Vec<Alias>> {
        self.readers.run(aliases)
    }

    async fn set_alias(&self, name: &str, to: Option<AliasTarget>, actor: Actor) -> Result<i64> {
        let name = name.to_owned();
        self.writer.run(move |c| set_alias(c, &name, to.as_ref(), actor)).await
    }
}
