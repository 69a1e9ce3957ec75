//! What is in the folder, built if it has to be, and what is the app called?
//!
//! Reads and hashes; sends nothing and asks no node. The rules of folders, builds
//! and manifests are those of `apps::bundle`; here their problems get a code.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use fazt_tools::{AppName, Code, Problem, types::TreeFile, view};

use tempfile::TempDir;

use super::{Watcher, packages::packages};
use crate::apps::bundle::{
    build::{self, BuildProblem, Leash},
    folder::{self, Folder, FolderProblem},
    hash::HashProblem,
    manifest,
};
use crate::apps::functions::PACKAGES;

/// An app in a folder, ready to be sent.
pub struct Packed {
    /// What it is called.
    pub name: AppName,
    /// Its files by content, sorted by path.
    pub files: Vec<Content>,
    /// What its owner should know.
    pub warnings: Vec<String>,
    /// Where files lie that were made for it.
    _made: Option<TempDir>,
}

/// A file by its content, and where that lies.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// Its path in the app.
    pub path: String,
    /// Its path here.
    pub source: PathBuf,
    /// The BLAKE3 hash of its content.
    pub hash: [u8; 32],
    /// Its size.
    pub size: u64,
}

/// How to read the folder.
pub struct Options<'a> {
    /// What the app is to be called, whatever the folder says.
    pub name: Option<&'a AppName>,
    /// Whether a `build` script is run.
    pub build: bool,
    /// Whether `private/` comes along even where git ignores it.
    pub include_private: bool,
    /// What ends the build from elsewhere; without it the build belongs to the
    /// terminal that this program was started in.
    pub leash: Option<&'a Leash>,
}

/// Builds, lists and hashes an app; takes as long as that does.
pub fn pack(watcher: &dyn Watcher, dir: &Path, options: &Options<'_>) -> Result<Packed, Problem> {
    let rules = folder::Options { include_private: options.include_private, ..Default::default() };
    let build = if options.build {
        build::detect(dir).map_err(|problem| unbuilt(watcher, &problem))?
    } else {
        None
    };
    let folder = match build {
        None => folder::read(dir, &rules),
        Some(build) => {
            watcher.remark(&format!("building with `{} {}`", build.program, build.build.join(" ")));
            let output = build
                .run(options.leash, &mut |line| watcher.built(line))
                .map_err(|problem| unbuilt(watcher, &problem))?;
            folder::read_built(&output, dir, &rules)
        }
    };
    let folder = folder.map_err(|problem| unread(&problem))?;
    let name = match options.name {
        Some(name) => name.clone(),
        None => name_of(watcher, dir, &folder)?,
    };
    #[expect(clippy::disallowed_methods, reason = "a duration is measured, not a time of day")]
    let started = Instant::now();
    let hashed = folder.hash(&mut |_| {}).map_err(|problem| unhashed(&problem))?;
    let bytes = hashed.iter().map(|file| file.size).sum();
    watcher.detail(&format!(
        "{}, {} hashed in {} ms",
        view::count(hashed.len() as u64, "file"),
        view::bytes(bytes),
        started.elapsed().as_millis()
    ));
    // The hashes come in the order of the files.
    let mut files: Vec<_> = hashed
        .into_iter()
        .zip(folder.files)
        .map(|(hashed, local)| Content {
            path: hashed.path.into(),
            source: local.source,
            hash: hashed.hash,
            size: hashed.size,
        })
        .collect();
    let found = packages(dir, &files).map_err(|error| {
        Problem::new(Code::ValidationFailed, format!("cannot read `node_modules`: {error}"))
    })?;
    let made = found.map(|found| {
        let count = view::count(found.files.len() as u64, "file");
        watcher.detail(&format!("{count} of packages for its functions"));
        files.retain(|file| !file.path.starts_with(PACKAGES));
        files.extend(found.files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        found.made
    });
    Ok(Packed { name, files, warnings: folder.warnings, _made: made })
}

impl Packed {
    /// The files as the tools name them.
    pub fn tree(&self) -> Vec<TreeFile> {
        let named = |file: &Content| TreeFile {
            path: file.path.clone(),
            hash: hex(&file.hash),
            size: file.size,
        };
        self.files.iter().map(named).collect()
    }
}

/// A hash as it is written.
pub fn hex(hash: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}

/// The name the folder gives the app: its manifest's, else its own.
fn name_of(watcher: &dyn Watcher, dir: &Path, folder: &Folder) -> Result<AppName, Problem> {
    let manifest = folder.files.iter().find(|file| file.path.as_str() == "manifest.json");
    if let Some(file) = manifest {
        let bytes = fs::read(&file.source).map_err(|error| {
            Problem::new(Code::BadManifest, format!("cannot read `manifest.json`: {error}"))
        })?;
        // The node repeats the manifest's warnings; here only the name is wanted.
        let (manifest, _) = manifest::parse(&bytes).map_err(|e| explain(Code::BadManifest, &e))?;
        if let Some(name) = manifest.name {
            return Ok(name);
        }
    }
    // `.` has no name of its own.
    let real = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    let name = named_after(&real)?;
    watcher.remark(&format!(
        "the app is called `{name}` after its folder; `--name` or a `manifest.json` settles it"
    ));
    Ok(name)
}

fn named_after(dir: &Path) -> Result<AppName, Problem> {
    let folder = dir.file_name().unwrap_or_default().to_string_lossy();
    AppName::slug(&folder).ok_or_else(|| {
        Problem::invalid("name", format!("no app can be called after the folder `{folder}`"))
            .hint("name it with `--name APP`")
    })
}

fn unbuilt(watcher: &dyn Watcher, problem: &BuildProblem) -> Problem {
    let BuildProblem::Failed { command, status, tail } = problem else {
        return explain(Code::BuildFailed, problem);
    };
    let failed = format!("`{command}` failed with {status}");
    // Its lines are on the screen already, unless nobody looks at one.
    let message = if watcher.shows_builds() { failed } else { format!("{failed}:\n{tail}") };
    Problem::new(Code::BuildFailed, message)
        .hint("correct it, or deploy the folder as it is with `--no-build`")
}

fn unread(problem: &FolderProblem) -> Problem {
    let code = match problem {
        FolderProblem::Limit(_) => Code::TooLarge,
        _ => Code::ValidationFailed,
    };
    explain(code, problem)
}

fn unhashed(problem: &HashProblem) -> Problem {
    let code = match problem {
        HashProblem::Changed { .. } => Code::Conflict,
        HashProblem::Unreadable { .. } => Code::ValidationFailed,
    };
    explain(code, problem)
}

/// Makes a problem of a bundle's error: its sentences read `what; what to do`.
pub fn explain(code: Code, error: &dyn Error) -> Problem {
    let text = error.to_string();
    let (message, hint) = match text.rsplit_once("; ") {
        Some((message, hint)) => (message.to_owned(), Some(hint.to_owned())),
        None => (text, None),
    };
    let message = match error.source() {
        Some(source) => format!("{message}: {source}"),
        None => message,
    };
    let problem = Problem::new(code, message);
    match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(dir: &Path, name: Option<&AppName>) -> Result<Packed, Problem> {
        pack(&(), dir, &Options { name, build: true, include_private: false, leash: None })
    }

    #[test]
    fn a_given_name_goes_before_the_manifest_before_the_folder() {
        let dir = tempfile::tempdir().expect("a folder");
        let dir = dir.path().join("My Blog!");
        fs::create_dir(&dir).expect("made");
        fs::write(dir.join("index.html"), "hi").expect("written");
        assert_eq!(packed(&dir, None).expect("packs").name.as_str(), "my-blog");
        fs::write(dir.join("manifest.json"), r#"{"name":"diary"}"#).expect("written");
        assert_eq!(packed(&dir, None).expect("packs").name.as_str(), "diary");
        let given = AppName::parse("given").expect("a name");
        assert_eq!(packed(&dir, Some(&given)).expect("packs").name.as_str(), "given");
    }

    #[test]
    fn a_folder_nothing_can_be_called_after_is_refused_with_the_way_out() {
        let problem = named_after(Path::new("/tmp/...")).expect_err("refused");
        assert!(problem.hint.is_some_and(|hint| hint.contains("--name")));
        assert!(named_after(Path::new("/")).is_err());
    }

    #[test]
    fn what_to_do_becomes_the_hint() {
        let problem = packed(Path::new("/nonexistent/x"), None).err().expect("refused");
        assert_eq!(problem.message, "the folder `/nonexistent/x` does not exist");
        assert_eq!(problem.hint.as_deref(), Some("check the path"));
    }

    #[test]
    fn files_are_listed_with_the_hash_of_their_content() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("b.txt"), "b").expect("written");
        fs::write(dir.path().join("a.txt"), "aa").expect("written");
        let name = AppName::parse("x").expect("a name");
        let tree = packed(dir.path(), Some(&name)).expect("packs").tree();
        let paths: Vec<_> = tree.iter().map(|file| (file.path.as_str(), file.size)).collect();
        assert_eq!(paths, [("a.txt", 2), ("b.txt", 1)]);
        assert_eq!(tree[0].hash, blake3::hash(b"aa").to_hex().to_string());
    }
}
