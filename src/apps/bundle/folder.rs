//! Which files of a folder on this machine make up the app?
//!
//! Walks the folder by the rules of `ignore.rs` and lists what belongs to the app,
//! sorted by path. Nothing outside the folder is ever listed: symbolic links are
//! left out, with a warning. Contents are read by `hash.rs`, not here.

use std::{
    fs, io, mem,
    path::{Path, PathBuf},
    time::SystemTime,
};

use thiserror::Error;

use super::{
    build,
    ignore::{IgnoreProblem, Rules, Verdict},
    limits::{LimitProblem, Limits, Tally},
    path::{self, FilePath, MAX_PATH_BYTES, PathProblem},
};

/// The files of an app in a folder, and what their owner should know of them.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    /// Sorted by path; no two of them clash.
    pub files: Vec<LocalFile>,
    /// Sentences for people.
    pub warnings: Vec<String>,
}

/// A file of an app, where it lies on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalFile {
    /// Its path in the app.
    pub path: FilePath,
    /// Its path here.
    pub source: PathBuf,
    /// Its size when the folder was walked.
    pub size: u64,
    /// When it was last written to, as of the walk.
    pub modified: SystemTime,
}

/// How to read a folder.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Take `private/` even where git ignores it.
    pub include_private: bool,
    /// The bounds of the app.
    pub limits: Limits,
}

/// Why a folder cannot become an app.
#[derive(Debug, Error)]
pub enum FolderProblem {
    #[error("the folder `{}` does not exist; check the path", dir.display())]
    Missing { dir: PathBuf },
    #[error("`{}` is not a folder; give the folder that holds the app's files", dir.display())]
    NotAFolder { dir: PathBuf },
    #[error("the folder `{}` is empty; put an `index.html` in it", dir.display())]
    Empty { dir: PathBuf },
    #[error(
        "nothing in the folder `{}` is left to deploy: {left_out}; \
         take files back with `!` lines in `.faztignore`",
        dir.display()
    )]
    AllLeftOut { dir: PathBuf, left_out: String },
    #[error("cannot read `{}`; make it readable or list it in `.faztignore`", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(
        "the name of `{}` is not valid UTF-8; rename it or list it in `.faztignore`",
        path.display()
    )]
    NotUtf8 { path: PathBuf },
    #[error(transparent)]
    Ignore(#[from] IgnoreProblem),
    #[error(transparent)]
    Path(#[from] PathProblem),
    #[error(transparent)]
    Limit(#[from] LimitProblem),
}

/// Lists the files of the app in a folder.
///
/// # Errors
///
/// When the folder or something in it cannot be read or named, a limit is passed,
/// or nothing is left to deploy.
pub fn read(dir: &Path, options: &Options) -> Result<Folder, FolderProblem> {
    let root = open(dir)?;
    let mut walk = Walk::new(options);
    let rules = Rules::above(&root, &mut walk.warnings)?;
    walk.run(&root, rules, Scope::Everything)?;
    walk.finish(dir)
}

/// Lists the files of an app that was built: those of the build's output, and those
/// of the source that a build does not copy (see [`build::overlay`]).
///
/// What git ignores in the output is kept: build output always is ignored.
///
/// # Errors
///
/// As [`read`].
pub fn read_built(
    output: &Path,
    source: &Path,
    options: &Options,
) -> Result<Folder, FolderProblem> {
    let mut walk = Walk::new(options);
    walk.run(&open(output)?, Rules::none(), Scope::BuildOutput)?;
    let mut built = walk.finish(output)?;

    let root = open(source)?;
    let mut walk = Walk::new(options);
    let rules = Rules::above(&root, &mut walk.warnings)?;
    walk.run(&root, rules, Scope::Overlay)?;
    built.warnings.append(&mut walk.all_warnings());
    let added = build::overlay(mem::take(&mut walk.files), &built.files);
    built.files.extend(added);

    let mut tally = Tally::new(&options.limits);
    for file in &built.files {
        tally.admit(file.path.as_str(), file.size)?;
    }
    sorted(&mut built.files)?;
    Ok(built)
}

/// What part of a folder a walk is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Everything,
    /// Everything, whatever git ignores.
    BuildOutput,
    /// The files that travel along with a build's output.
    Overlay,
}

struct Walk<'a> {
    options: &'a Options,
    tally: Tally<'a>,
    files: Vec<LocalFile>,
    warnings: Vec<String>,
    links: Vec<String>,
    special: Vec<String>,
    left_out: Vec<String>,
    private_left_out: bool,
}

/// A folder yet to be listed; `path` is its path in the app, empty for the root.
struct Pending {
    source: PathBuf,
    path: String,
    rules: Rules,
}

impl<'a> Walk<'a> {
    fn new(options: &'a Options) -> Self {
        Self {
            options,
            tally: Tally::new(&options.limits),
            files: Vec::new(),
            warnings: Vec::new(),
            links: Vec::new(),
            special: Vec::new(),
            left_out: Vec::new(),
            private_left_out: false,
        }
    }

    fn run(&mut self, root: &Path, rules: Rules, scope: Scope) -> Result<(), FolderProblem> {
        // A list of folders to do rather than recursion: a path of 1,024 bytes can
        // be 512 folders deep.
        let mut pending = vec![Pending { source: root.to_owned(), path: String::new(), rules }];
        while let Some(folder) = pending.pop() {
            let git = scope != Scope::BuildOutput;
            let rules = folder.rules.inside(&folder.source, git, &mut self.warnings)?;
            let unreadable =
                |source| FolderProblem::Unreadable { path: folder.source.clone(), source };
            for entry in fs::read_dir(&folder.source).map_err(unreadable)? {
                let entry = entry.map_err(unreadable)?;
                if let Some(inner) = self.meet(&folder.path, &rules, &entry, scope)? {
                    pending.push(inner);
                }
            }
        }
        Ok(())
    }

    /// Takes in one entry; answers the folder to list next, if it is one.
    fn meet(
        &mut self,
        above: &str,
        rules: &Rules,
        entry: &fs::DirEntry,
        scope: Scope,
    ) -> Result<Option<Pending>, FolderProblem> {
        let source = entry.path();
        let os_name = entry.file_name();
        let name = os_name.to_string_lossy();
        let path = if above.is_empty() { name.to_string() } else { format!("{above}/{name}") };
        if scope == Scope::Overlay && !build::travels(&path) {
            return Ok(None);
        }
        let unreadable = |error| FolderProblem::Unreadable { path: source.clone(), source: error };
        let kind = entry.file_type().map_err(unreadable)?;
        let verdict = rules.judge(&source, &name, kind.is_dir());
        if !self.keeps(&path, verdict) {
            return Ok(None);
        }
        if os_name.to_str().is_none() {
            return Err(FolderProblem::NotUtf8 { path: source });
        }
        if kind.is_dir() {
            if path.len() > MAX_PATH_BYTES {
                FilePath::parse(&path)?;
            }
            return Ok(Some(Pending { source, path, rules: rules.clone() }));
        }
        if kind.is_symlink() {
            self.links.push(path);
            return Ok(None);
        }
        if !kind.is_file() {
            self.special.push(path);
            return Ok(None);
        }
        let path = FilePath::parse(&path)?;
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            // Removed since it was listed: the folder simply no longer has it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        self.tally.admit(path.as_str(), metadata.len())?;
        let modified = metadata.modified().map_err(unreadable)?;
        self.files.push(LocalFile { path, source, size: metadata.len(), modified });
        Ok(None)
    }

    fn keeps(&mut self, path: &str, verdict: Verdict) -> bool {
        let by = match verdict {
            Verdict::Keep => return true,
            Verdict::Git if is_private(path) => {
                if self.options.include_private {
                    return true;
                }
                self.private_left_out = true;
                "by `.gitignore`"
            }
            Verdict::Git => "by `.gitignore`",
            Verdict::Fazt => "by `.faztignore`",
            Verdict::Default => "by default",
        };
        self.left_out.push(format!("`{}` {by}", path.escape_debug()));
        false
    }

    fn finish(mut self, dir: &Path) -> Result<Folder, FolderProblem> {
        let warnings = self.all_warnings();
        if self.files.is_empty() {
            let dir = dir.to_owned();
            let links = [&self.links[..], &self.special].concat();
            self.left_out.extend(links.iter().map(|path| format!("`{path}` as it is no file")));
            if self.left_out.is_empty() {
                return Err(FolderProblem::Empty { dir });
            }
            return Err(FolderProblem::AllLeftOut { dir, left_out: some_of(self.left_out) });
        }
        sorted(&mut self.files)?;
        Ok(Folder { files: self.files, warnings })
    }

    fn all_warnings(&mut self) -> Vec<String> {
        let mut warnings = mem::take(&mut self.warnings);
        let quoted = |paths: &[String]| {
            some_of(paths.iter().map(|path| format!("`{}`", path.escape_debug())).collect())
        };
        if self.private_left_out {
            let hint = "deploy with `--include-private` to take it along";
            warnings.push(format!("`private/` is ignored by git and was left out; {hint}"));
        }
        if !self.links.is_empty() {
            let links = quoted(&self.links);
            warnings.push(format!("symbolic links were left out: {links}; copy the files instead"));
        }
        if !self.special.is_empty() {
            let special = quoted(&self.special);
            warnings.push(format!("pipes, sockets and devices were left out: {special}"));
        }
        warnings
    }
}

/// The folder's real path, under which ignore files and links are judged.
fn open(dir: &Path) -> Result<PathBuf, FolderProblem> {
    let problem = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => FolderProblem::Missing { dir: dir.to_owned() },
        io::ErrorKind::NotADirectory => FolderProblem::NotAFolder { dir: dir.to_owned() },
        _ => FolderProblem::Unreadable { path: dir.to_owned(), source },
    };
    let root = fs::canonicalize(dir).map_err(problem)?;
    if !fs::metadata(&root).map_err(problem)?.is_dir() {
        return Err(FolderProblem::NotAFolder { dir: dir.to_owned() });
    }
    Ok(root)
}

fn sorted(files: &mut [LocalFile]) -> Result<(), PathProblem> {
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    path::collisions(files.iter().map(|file| &file.path))
}

fn is_private(path: &str) -> bool {
    path == "private" || path.starts_with("private/")
}

/// The first few of a list, in order, and how many more there are.
fn some_of(mut items: Vec<String>) -> String {
    items.sort_unstable();
    let more = items.len().saturating_sub(5);
    items.truncate(5);
    let shown = items.join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    fn names(folder: &Folder) -> Vec<&str> {
        folder.files.iter().map(|file| file.path.as_str()).collect()
    }

    fn problem(dir: &Path) -> FolderProblem {
        read(dir, &Options::default()).unwrap_err()
    }

    #[test]
    fn files_are_listed_in_order_without_what_is_ignored() {
        let dir = folder(&[
            ("z.txt", "12"),
            ("a/b/c.txt", ""),
            (".env", "secret"),
            (".git/config", ""),
            ("node_modules/x/index.js", ""),
            (".well-known/security.txt", ""),
            ("a/debug.log", ""),
            ("a/keep.log", ""),
            ("notes~", ""),
            ("drafts/x.md", ""),
            (".gitignore", "*.log\n!keep.log\n"),
            (".faztignore", "drafts/\n"),
        ]);
        let read = read(dir.path(), &Options::default()).unwrap();
        assert_eq!(names(&read), [".well-known/security.txt", "a/b/c.txt", "a/keep.log", "z.txt"]);
        assert_eq!(read.files[3].size, 2);
        assert_eq!(read.warnings, Vec::<String>::new());
    }

    #[test]
    fn an_inner_ignore_file_rules_its_own_folder_only() {
        let dir = folder(&[("a/.gitignore", "/x.txt"), ("a/x.txt", ""), ("x.txt", "")]);
        assert_eq!(names(&read(dir.path(), &Options::default()).unwrap()), ["x.txt"]);
    }

    #[test]
    fn a_git_ignored_private_folder_is_left_out_with_a_warning_unless_asked_for() {
        for pattern in ["private/", "private/*", "*.key"] {
            let files = [(".gitignore", pattern), ("private/a.key", ""), ("index.html", "")];
            let dir = folder(&files);
            let plain = read(dir.path(), &Options::default()).unwrap();
            assert_eq!(names(&plain), ["index.html"], "{pattern}");
            assert!(plain.warnings[0].contains("--include-private"), "{:?}", plain.warnings);
            let options = Options { include_private: true, ..Options::default() };
            let with = read(dir.path(), &options).unwrap();
            assert_eq!(names(&with), ["index.html", "private/a.key"], "{pattern}");
            assert!(with.warnings.is_empty());
        }
    }

    #[test]
    fn a_missing_folder_a_file_and_an_empty_folder_are_told_apart() {
        let dir = folder(&[("file", "")]);
        assert!(matches!(problem(&dir.path().join("none")), FolderProblem::Missing { .. }));
        assert!(matches!(problem(&dir.path().join("file")), FolderProblem::NotAFolder { .. }));
        assert!(matches!(problem(&dir.path().join("file/x")), FolderProblem::NotAFolder { .. }));
        let empty = folder(&[]);
        fs::create_dir(empty.path().join("inner")).unwrap();
        assert!(matches!(problem(empty.path()), FolderProblem::Empty { .. }));
    }

    #[test]
    fn a_folder_with_nothing_left_says_what_was_left_out_and_by_which_rule() {
        let dir = folder(&[(".env", ""), ("a.log", ""), (".gitignore", "*.log")]);
        let message = problem(dir.path()).to_string();
        assert!(message.contains("`.env` by default"), "{message}");
        assert!(message.contains("`a.log` by `.gitignore`"), "{message}");
    }

    #[test]
    fn limits_name_the_file_that_passes_them() {
        let dir = folder(&[("big.bin", "12345")]);
        let limits = Limits { file_bytes: 4, ..Limits::default() };
        let options = Options { limits, ..Options::default() };
        let message = read(dir.path(), &options).unwrap_err().to_string();
        assert!(message.contains("`big.bin`") && message.contains("4 bytes"), "{message}");
        let limits = Limits { files: 0, ..Limits::default() };
        let options = Options { limits, ..Options::default() };
        assert!(matches!(
            read(dir.path(), &options).unwrap_err(),
            FolderProblem::Limit(LimitProblem::Files { .. })
        ));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_left_out_with_a_warning_and_never_followed() {
        use std::os::unix::fs::symlink;
        let outside = folder(&[("secret.txt", "s")]);
        let dir = folder(&[("index.html", "")]);
        symlink(outside.path(), dir.path().join("out")).unwrap();
        symlink(outside.path().join("secret.txt"), dir.path().join("file.txt")).unwrap();
        symlink(dir.path(), dir.path().join("loop")).unwrap();
        let read = read(dir.path(), &Options::default()).unwrap();
        assert_eq!(names(&read), ["index.html"]);
        assert!(read.warnings[0].contains("`file.txt`, `loop`, `out`"), "{:?}", read.warnings);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn names_that_no_app_can_have_are_refused_and_shown_escaped() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
        let dir = folder(&[]);
        fs::write(dir.path().join(OsStr::from_bytes(b"a\xFF")), "").unwrap();
        assert!(matches!(problem(dir.path()), FolderProblem::NotUtf8 { .. }));
        for name in ["a\nb", "a\\b", "c:x"] {
            let dir = folder(&[(name, "")]);
            let problem = problem(dir.path());
            assert!(matches!(problem, FolderProblem::Path(_)), "{name:?}");
            assert!(!problem.to_string().contains('\n'));
        }
        let dir = folder(&[("A.txt", ""), ("a.txt", "")]);
        assert!(matches!(
            problem(dir.path()),
            FolderProblem::Path(PathProblem::CaseCollision { .. })
        ));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_unreadable_folder_is_named() {
        use std::os::unix::fs::PermissionsExt;
        let dir = folder(&[("index.html", ""), ("locked/x", "")]);
        let locked = dir.path().join("locked");
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
        // The superuser reads everything, and container tests often run as such.
        if fs::read_dir(&locked).is_err() {
            assert!(problem(dir.path()).to_string().contains("locked"));
        }
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn a_built_app_takes_along_what_the_build_does_not_copy() {
        let dir = folder(&[
            ("dist/index.html", "built"),
            ("dist/_headers", "of the build"),
            ("dist/drop.log", ""),
            ("manifest.json", "{}"),
            ("_headers", "of the source"),
            ("_redirects", ""),
            ("api/hello.ts", ""),
            ("src/main.ts", ""),
            ("private/a.txt", ""),
            (".gitignore", "dist\n*.log\nprivate\n"),
        ]);
        let output = dir.path().join("dist");
        let built = read_built(&output, dir.path(), &Options::default()).unwrap();
        assert_eq!(
            names(&built),
            ["_headers", "_redirects", "api/hello.ts", "drop.log", "index.html", "manifest.json"]
        );
        assert!(built.files[0].source.ends_with("dist/_headers"));
        assert!(built.warnings[0].contains("--include-private"), "{:?}", built.warnings);
    }
}
