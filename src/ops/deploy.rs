//! `deploy` on a node: inline files, files by hash, or a bundle of both.

use std::{io, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use fazt_tools::{
    AppName, Caller, Code, Handler, Problem,
    deploy::{Deploy, Input, Output},
    types::InlineFile,
};
use serde_json::json;

use super::storage_problem;
use crate::{
    apps::{
        bundle::{path::FilePath, wire, zip},
        functions::ScriptProblem,
        progress::{Progress, Stage},
        publish::{self, Entry, Order, PublishError, blob_of},
    },
    node::Node,
    store::{Content, Hash, NewBlob, StoreError},
};

/// Bytes that inline files may have together: they travel as JSON.
const INLINE: u64 = fazt_tools::limits::INLINE_BYTES.value;
/// Bytes of contents gathered before they are stored.
const GATHER: u64 = 16 << 20;
/// Bytes of one bundle, unpacked.
const BUNDLE: u64 = 64 << 20;

impl Handler<Deploy> for Node {
    async fn handle(&self, caller: &Caller, input: Input) -> Result<Output, Problem> {
        self.deploy(caller, input, Vec::new(), None).await
    }
}

impl Node {
    /// Publishes what `input` names; `blobs` are contents that came along, and
    /// `called` is the app's name where neither input nor manifest says it.
    async fn deploy(
        &self,
        caller: &Caller,
        input: Input,
        mut blobs: Vec<NewBlob>,
        called: Option<AppName>,
    ) -> Result<Output, Problem> {
        let redacted = json!({
            "app": input.app, "preview": input.preview, "message": input.message, "spa": input.spa,
            "files": input.files.len() + input.tree.len(),
        });
        let mut tree = Vec::with_capacity(input.tree.len() + input.files.len());
        for file in &input.tree {
            let hash: Hash =
                file.hash.parse().map_err(|rule: String| Problem::invalid("tree", rule))?;
            tree.push(Entry { path: path("tree", &file.path)?, hash, size: file.size });
        }
        inline(&input.files, &mut tree, &mut blobs)?;
        let order = Order {
            app: input.app,
            called,
            tree,
            blobs,
            spa: input.spa,
            message: input.message,
            live: !input.preview,
            actor: self.actor(caller, "deploy", redacted),
        };
        let checked = publish::check(&*self.store, &self.limits, order).await.map_err(problem)?;
        let app = checked.app().clone();
        caller.require_app(&app)?;
        let mut warnings = checked.warnings.clone();
        warnings.extend(self.try_functions(&app, &checked).await?);
        let done = publish::publish(&*self.store, checked).await.map_err(problem)?;
        self.refresh(done.app).await?;
        self.to_compress.notify_one();
        Ok(Output {
            url: self.url(app.as_str()),
            preview_url: self.url(&format!("v{}--{app}", done.version)),
            app,
            version: done.version,
            live: done.live,
            unchanged: done.unchanged,
            created: done.created,
            files: done.files,
            bytes: done.bytes,
            added: done.diff.added,
            changed: done.diff.changed,
            removed: done.diff.removed,
            warnings,
            change: done.change,
        })
    }

    /// Publishes a bundle whose head is a deploy's input with a `tree`.
    pub async fn deploy_bundle(&self, caller: &Caller, bundle: Bytes) -> Result<Output, Problem> {
        let (head, blobs) = self.unpack_bundle(bundle).await?;
        let input: Input = serde_json::from_slice(&head).map_err(|error| {
            Problem::new(Code::ValidationFailed, format!("the bundle's head is no deploy: {error}"))
        })?;
        if let Some(app) = &input.app {
            caller.require_app(app)?;
        }
        self.deploy(caller, input, blobs, None).await
    }

    /// Stores the contents of a bundle, for a deploy that names them later.
    pub async fn receive_bundle(&self, bundle: Bytes) -> Result<(), Problem> {
        let (_, blobs) = self.unpack_bundle(bundle).await?;
        self.store.put_blobs(blobs, self.clock.now()).await.map_err(|e| storage_problem(&e))
    }

    /// Stores one content from a file, which is moved away; its hash must be `hash`.
    pub async fn receive_spool(
        &self,
        hash: [u8; 32],
        found: [u8; 32],
        size: u64,
        file: tempfile::TempPath,
    ) -> Result<(), Problem> {
        if hash != found {
            return Err(Problem::new(
                Code::BadArchive,
                "the content does not have the hash it was sent as",
            )
            .hint("it changed on the way or while it was read: send it again"));
        }
        if size > self.limits.file_bytes {
            return Err(too_large(size, self.limits.file_bytes));
        }
        let blob = NewBlob { hash: Hash(hash), size, content: Content::File(file) };
        self.store.put_blobs(vec![blob], self.clock.now()).await.map_err(|e| storage_problem(&e))
    }

    /// Stores one content from a file of the caller's own machine.
    pub async fn receive_file(&self, hash: [u8; 32], file: &Path) -> Result<(), Problem> {
        let from = file.to_owned();
        let db = self.db().to_owned();
        let copied = tokio::task::spawn_blocking(move || -> io::Result<_> {
            let mut spool = spool_beside(&db)?;
            let mut hasher = blake3::Hasher::new();
            let mut source = std::fs::File::open(from)?;
            let size = io::copy(&mut source, &mut spool)?;
            hasher.update_reader(std::fs::File::open(spool.path())?)?;
            Ok((*hasher.finalize().as_bytes(), size, spool.into_temp_path()))
        });
        let (found, size, spool) = copied
            .await
            .map_err(|_| Problem::internal())?
            .map_err(|error| spool_problem(&error))?;
        self.receive_spool(hash, found, size, spool).await
    }

    /// Publishes a ZIP; `called` is its file's name, for an app without a manifest.
    pub async fn deploy_zip(
        &self,
        caller: &Caller,
        input: Input,
        archive: std::fs::File,
        called: Option<AppName>,
        progress: &Progress,
    ) -> Result<Output, Problem> {
        let (entries, warnings) = self.store_zip(archive, progress).await?;
        progress.tell(Stage::Storing, entries.len() as u64, entries.iter().map(|e| e.size).sum());
        let mut input = input;
        input.tree = entries;
        let mut output = self.deploy(caller, input, Vec::new(), called).await?;
        output.warnings.splice(0..0, warnings);
        Ok(output)
    }

    /// Unpacks a ZIP into the store, a piece at a time, and names its files.
    async fn store_zip(
        &self,
        archive: std::fs::File,
        progress: &Progress,
    ) -> Result<(Vec<fazt_tools::types::TreeFile>, Vec<String>), Problem> {
        let progress = progress.clone();
        let (gathered, mut batches) = tokio::sync::mpsc::channel::<Vec<NewBlob>>(1);
        let (limits, db) = (self.limits.clone(), self.db().to_owned());
        let unpacking = tokio::task::spawn_blocking(move || {
            let mut tree = Vec::new();
            let mut batch = Vec::new();
            let (mut held, mut bytes, mut told) = (0, 0, 0);
            let mut sink = |path: FilePath, _: u64, content: &mut dyn io::Read| {
                let blob = read_entry(content, &db)?;
                let hash = blob.hash.to_string();
                tree.push(fazt_tools::types::TreeFile {
                    path: path.to_string(),
                    hash,
                    size: blob.size,
                });
                held += blob.size;
                bytes += blob.size;
                progress.tell_now_and_then(Stage::Unpacking, tree.len() as u64, bytes, &mut told);
                batch.push(blob);
                if held >= GATHER {
                    held = 0;
                    gathered.blocking_send(std::mem::take(&mut batch)).map_err(io::Error::other)?;
                }
                Ok(())
            };
            let unpacked = zip::unpack(io::BufReader::new(archive), &limits, &mut sink)?;
            let _ = gathered.blocking_send(batch);
            Ok::<_, zip::ZipProblem>((tree, unpacked.warnings))
        });
        while let Some(batch) = batches.recv().await {
            let stored = self.store.put_blobs(batch, self.clock.now()).await;
            stored.map_err(|e| storage_problem(&e))?;
        }
        unpacking.await.map_err(|_| Problem::internal())?.map_err(|error| {
            Problem::new(Code::BadArchive, error.to_string()).hint("nothing was deployed")
        })
    }

    async fn unpack_bundle(&self, bundle: Bytes) -> Result<(Bytes, Vec<NewBlob>), Problem> {
        let bounds = wire::Bounds {
            total_bytes: BUNDLE,
            blob_bytes: BUNDLE.min(self.limits.file_bytes),
            ..wire::Bounds::from(&self.limits)
        };
        let unpacking = tokio::task::spawn_blocking(move || {
            let mut head = Bytes::new();
            let mut blobs = Vec::new();
            wire::decode(
                &bundle[..],
                &bounds,
                &mut |bytes| {
                    head = Bytes::copy_from_slice(bytes);
                    Ok(())
                },
                &mut |hash, bytes| {
                    let size = bytes.len() as u64;
                    let content = Content::Memory(bytes.into());
                    blobs.push(NewBlob { hash: Hash(hash), size, content });
                    Ok(())
                },
            )?;
            Ok::<_, wire::WireProblem>((head, blobs))
        });
        unpacking.await.map_err(|_| Problem::internal())?.map_err(|error| bundle_problem(&error))
    }
}

/// What a damaged bundle means for the caller.
pub fn bundle_problem(error: &wire::WireProblem) -> Problem {
    Problem::new(Code::BadArchive, error.to_string()).hint("nothing was stored: send it again")
}

/// An archive's entry: in memory when small, in a spool file when large.
fn read_entry(content: &mut dyn io::Read, db: &Path) -> io::Result<NewBlob> {
    use io::{Read as _, Write as _};
    const SMALL: u64 = 1 << 20;
    let mut start = Vec::new();
    content.take(SMALL).read_to_end(&mut start)?;
    if (start.len() as u64) < SMALL {
        return Ok(blob_of(start.into()));
    }
    let mut spool = spool_beside(db)?;
    let mut hasher = blake3::Hasher::new();
    let mut size = 0;
    let mut piece = start;
    while !piece.is_empty() {
        hasher.update(&piece);
        spool.write_all(&piece)?;
        size += piece.len() as u64;
        piece.clear();
        content.take(SMALL).read_to_end(&mut piece)?;
    }
    spool.flush()?;
    let hash = Hash(*hasher.finalize().as_bytes());
    Ok(NewBlob { hash, size, content: Content::File(spool.into_temp_path()) })
}

/// A private temporary file on the database's disk, which has to hold the
/// content anyway; the system's own may be in memory.
pub fn spool_beside(db: &Path) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new().prefix(&spool_prefix(db)).tempfile_in(folder_of(db))
}

/// Removes the spool files that a killed process left. Only who holds the database
/// may do so: nobody else is writing one.
pub fn sweep_spools(db: &Path) -> io::Result<()> {
    let prefix = spool_prefix(db);
    for entry in std::fs::read_dir(folder_of(db))? {
        let entry = entry?;
        let name = entry.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(prefix.to_str()?));
        // What follows is random; a longer rest is another database's.
        if rest
            .is_some_and(|rest| rest.len() == 6 && rest.bytes().all(|c| c.is_ascii_alphanumeric()))
        {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// How the names of a database's spool files begin; a folder may hold several databases.
fn spool_prefix(db: &Path) -> std::ffi::OsString {
    let mut prefix = std::ffi::OsString::from(".fazt-spool-");
    prefix.push(db.file_name().unwrap_or_default());
    prefix.push("-");
    prefix
}

fn folder_of(db: &Path) -> &Path {
    db.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What a failing spool file means for the caller.
pub fn spool_problem(error: &io::Error) -> Problem {
    if error.kind() == io::ErrorKind::StorageFull {
        return storage_problem(&StoreError::Full);
    }
    Problem::new(Code::Internal, format!("cannot spool the upload: {error}"))
}

fn too_large(size: u64, limit: u64) -> Problem {
    Problem::new(
        Code::TooLarge,
        format!("the file has {size} bytes; the limit is {limit} per file"),
    )
    .detail("limit", limit)
}

fn path(field: &str, path: &str) -> Result<FilePath, Problem> {
    FilePath::parse(path).map_err(|error| Problem::invalid(field, error.to_string()))
}

fn inline(
    files: &[InlineFile],
    tree: &mut Vec<Entry>,
    blobs: &mut Vec<NewBlob>,
) -> Result<(), Problem> {
    let mut total = 0;
    for file in files {
        let content = match (&file.content, &file.base64) {
            (Some(text), None) => Bytes::copy_from_slice(text.as_bytes()),
            (None, Some(text)) => STANDARD
                .decode(text)
                .map_err(|_| Problem::invalid("files", format!("`{}`: not base64", file.path)))?
                .into(),
            _ => {
                let rule = format!("`{}`: give either `content` or `base64`", file.path);
                return Err(Problem::invalid("files", rule));
            }
        };
        total += content.len() as u64;
        if total > INLINE {
            return Err(Problem::new(Code::TooLarge, "inline files may have 1 MiB together")
                .hint("deploy a folder with `fazt deploy DIR`, or send a ZIP to `/api/deploy`")
                .detail("limit", INLINE));
        }
        let blob = blob_of(content);
        tree.push(Entry { path: path("files", &file.path)?, hash: blob.hash, size: blob.size });
        blobs.push(blob);
    }
    Ok(())
}

fn problem(error: PublishError) -> Problem {
    let text = error.to_string();
    match error {
        PublishError::Empty => Problem::new(Code::ValidationFailed, text)
            .hint("give `files` with their content, or a `tree` of uploaded ones"),
        PublishError::Path(_) => {
            Problem::new(Code::ValidationFailed, text).hint("nothing was deployed")
        }
        PublishError::Limit(_) => Problem::new(Code::TooLarge, text),
        PublishError::Manifest(_) => {
            Problem::new(Code::BadManifest, format!("manifest.json: {text}"))
        }
        PublishError::Nameless => Problem::new(Code::BadManifest, text)
            .hint("add a `manifest.json` holding `{ \"name\": \"my-app\" }`, or give the name"),
        PublishError::Name(_) => Problem::new(Code::BadManifest, text),
        PublishError::Functions(problems) => bad_function(&problems, text),
        PublishError::Store(error) => storage_problem(&error),
    }
}

/// What scripts that cannot run mean for the caller: the first place in full, the others for
/// programs.
pub(super) fn bad_function(problems: &[ScriptProblem], mut text: String) -> Problem {
    if let Some(first) = problems.first().filter(|first| !first.excerpt.is_empty()) {
        text.push('\n');
        text.push_str(&first.excerpt);
    }
    let hint = match problems.len() {
        0 | 1 => "nothing was deployed: mend it and deploy again".to_owned(),
        all => format!(
            "nothing was deployed; these are to be mended, too: {}{}",
            problems[1..].iter().take(5).map(place).collect::<Vec<_>>().join(", "),
            if all > 6 { ", …" } else { "" },
        ),
    };
    Problem::new(Code::BadFunction, text).hint(hint).detail("problems", json!(problems))
}

/// A place as editors take it.
fn place(problem: &ScriptProblem) -> String {
    match (problem.line, problem.column) {
        (Some(line), Some(column)) => format!("{}:{line}:{column}", problem.file),
        _ => problem.file.clone(),
    }
}
