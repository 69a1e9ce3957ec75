//! Which files of a folder or an archive are left out of an app?
//!
//! Three rules, strongest first: `.faztignore`, the defaults, `.gitignore`. Only
//! `.faztignore`, a file written for fazt, can take back a default: a `!.env` that
//! someone wrote for git must not publish a secret. Ignore files of the machine
//! (`core.excludesFile`, `.git/info/exclude`) are not read, so that a folder deploys
//! alike from every machine. Walking the folder is `folder.rs`.

use std::{
    fs, io,
    path::{Path, PathBuf},
    rc::Rc,
};

use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder},
};
use thiserror::Error;

use super::path::FilePath;

/// Whether a file or folder of this name is left out unless `.faztignore` says
/// otherwise: dotfiles but for `.well-known`, `node_modules`, and what editors and
/// systems drop.
#[must_use]
pub fn by_default(name: &str) -> bool {
    let hidden = name.starts_with('.') && name != ".well-known";
    let dropped = name.ends_with('~') || name.starts_with('#') && name.ends_with('#');
    // Vim names its second swap file `.swo`; a dotless `x.swp` is a moved one.
    let swap = [".swp", ".swo"].iter().any(|end| name.ends_with(end));
    let known = ["node_modules", "__MACOSX", "Thumbs.db", "desktop.ini"].contains(&name);
    hidden || dropped || swap || known
}

/// Whether a path is left out by default, by its own name or a folder's above it.
#[must_use]
pub fn leaves_out(path: &FilePath) -> bool {
    path.segments().any(by_default)
}

/// What the rules say of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It belongs to the app.
    Keep,
    /// A default leaves it out.
    Default,
    /// A `.gitignore` leaves it out.
    Git,
    /// A `.faztignore` leaves it out.
    Fazt,
}

/// An ignore file exists but cannot be read.
///
/// This stops a deploy: without the file, what it hides would be published.
#[derive(Debug, Error)]
#[error("cannot read `{}`; make it readable or remove it", path.display())]
pub struct IgnoreProblem {
    pub path: PathBuf,
    #[source]
    pub source: io::Error,
}

/// The ignore files in force in one folder: its own and those of the folders above.
#[derive(Debug, Clone)]
pub struct Rules(Option<Rc<Level>>);

#[derive(Debug)]
struct Level {
    git: Gitignore,
    fazt: Gitignore,
    above: Rules,
}

impl Rules {
    /// No rules but the defaults.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// The rules a folder inherits: the `.gitignore` files above it in its own git
    /// repository.
    ///
    /// A folder that these rules ignore inherits none: who deploys a git-ignored
    /// `dist` means what is in it.
    ///
    /// # Errors
    ///
    /// When one of the files cannot be read.
    pub fn above(root: &Path, warnings: &mut Vec<String>) -> Result<Self, IgnoreProblem> {
        let is_repository = |folder: &Path| folder.join(".git").exists();
        if is_repository(root) {
            return Ok(Self::none());
        }
        let mut above: Vec<&Path> = Vec::new();
        for folder in root.ancestors().skip(1) {
            above.push(folder);
            if is_repository(folder) {
                return Self::through(root, &above, warnings);
            }
        }
        Ok(Self::none())
    }

    /// The rules along a chain of folders, the outermost last, down to `root`.
    fn through(
        root: &Path,
        above: &[&Path],
        warnings: &mut Vec<String>,
    ) -> Result<Self, IgnoreProblem> {
        let mut rules = Self::none();
        for (at, folder) in above.iter().enumerate().rev() {
            let git = load(folder, ".gitignore", warnings)?;
            rules = Self(Some(Rc::new(Level { git, fazt: Gitignore::empty(), above: rules })));
            let inner = if at == 0 { root } else { above[at - 1] };
            if rules.matched(inner, true, |level| &level.git) == Some(false) {
                return Ok(Self::none());
            }
        }
        Ok(rules)
    }

    /// These rules with those that stand in `folder` itself; `git` says whether
    /// its `.gitignore` counts.
    ///
    /// # Errors
    ///
    /// When one of the files cannot be read.
    pub fn inside(
        &self,
        folder: &Path,
        git: bool,
        warnings: &mut Vec<String>,
    ) -> Result<Self, IgnoreProblem> {
        let fazt = load(folder, ".faztignore", warnings)?;
        let git = if git { load(folder, ".gitignore", warnings)? } else { Gitignore::empty() };
        if git.is_empty() && fazt.is_empty() {
            return Ok(self.clone());
        }
        Ok(Self(Some(Rc::new(Level { git, fazt, above: self.clone() }))))
    }

    /// Judges an entry of the folder these rules stand in.
    #[must_use]
    pub fn judge(&self, path: &Path, name: &str, is_folder: bool) -> Verdict {
        // The repository itself holds every secret ever removed from it.
        if name == ".git" {
            return Verdict::Default;
        }
        match self.matched(path, is_folder, |level| &level.fazt) {
            Some(true) => return Verdict::Keep,
            Some(false) => return Verdict::Fazt,
            None => {}
        }
        if by_default(name) {
            return Verdict::Default;
        }
        match self.matched(path, is_folder, |level| &level.git) {
            Some(false) => Verdict::Git,
            _ => Verdict::Keep,
        }
    }

    /// What the nearest file with an opinion says: keep it or leave it out.
    fn matched(
        &self,
        path: &Path,
        is_folder: bool,
        which: fn(&Level) -> &Gitignore,
    ) -> Option<bool> {
        let mut rules = self;
        while let Some(level) = &rules.0 {
            match which(level).matched(path, is_folder) {
                Match::Ignore(_) => return Some(false),
                Match::Whitelist(_) => return Some(true),
                Match::None => rules = &level.above,
            }
        }
        None
    }
}

/// Reads one ignore file; a line that is no pattern warns and is skipped, as git does.
fn load(folder: &Path, name: &str, warnings: &mut Vec<String>) -> Result<Gitignore, IgnoreProblem> {
    let path = folder.join(name);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(Gitignore::empty()),
        Err(source) => return Err(IgnoreProblem { path, source }),
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut builder = GitignoreBuilder::new(folder);
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        if let Err(problem) = builder.add_line(None, line) {
            warnings.push(format!("{}, line {number}: {problem}; skipped", path.display()));
        }
    }
    builder.build().map_err(|problem| IgnoreProblem { path, source: io::Error::other(problem) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(root: &Path, entry: &str, is_folder: bool) -> Verdict {
        let mut warnings = Vec::new();
        let rules = Rules::above(root, &mut warnings).unwrap();
        let rules = rules.inside(root, true, &mut warnings).unwrap();
        assert_eq!(warnings, Vec::<String>::new());
        rules.judge(&root.join(entry), entry, is_folder)
    }

    #[test]
    fn dotfiles_modules_and_droppings_are_left_out_by_default() {
        for name in [
            ".git",
            ".env",
            ".DS_Store",
            "node_modules",
            "a~",
            "x.swp",
            ".x.swo",
            "#x#",
            "Thumbs.db",
            "__MACOSX",
        ] {
            assert!(by_default(name), "{name}");
        }
        for name in [".well-known", "index.html", "#x", "a~b", "~a", "_redirects", "env"] {
            assert!(!by_default(name), "{name}");
        }
        assert!(leaves_out(&FilePath::parse("a/node_modules/b.js").unwrap()));
        assert!(!leaves_out(&FilePath::parse(".well-known/x").unwrap()));
    }

    #[test]
    fn a_git_ignore_file_counts_outside_a_repository_and_negations_are_honoured() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".gitignore"), "\u{feff}*.log\r\n!keep.log\nout/\n").unwrap();
        assert_eq!(judge(dir.path(), "a.log", false), Verdict::Git);
        assert_eq!(judge(dir.path(), "keep.log", false), Verdict::Keep);
        assert_eq!(judge(dir.path(), "out", true), Verdict::Git);
        assert_eq!(judge(dir.path(), "out", false), Verdict::Keep);
    }

    #[test]
    fn only_the_fazt_ignore_file_takes_back_a_default_and_nothing_takes_back_git() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".gitignore"), "!.env\nmade.js\n").unwrap();
        fs::write(dir.path().join(".faztignore"), "!.htaccess\n!.git\n!made.js\nb.txt\n").unwrap();
        assert_eq!(judge(dir.path(), ".env", false), Verdict::Default);
        assert_eq!(judge(dir.path(), ".htaccess", false), Verdict::Keep);
        assert_eq!(judge(dir.path(), ".git", true), Verdict::Default);
        assert_eq!(judge(dir.path(), "made.js", false), Verdict::Keep);
        assert_eq!(judge(dir.path(), "b.txt", false), Verdict::Fazt);
    }

    #[test]
    fn parent_ignore_files_count_within_the_same_repository_only() {
        let dir = tempfile::tempdir().unwrap();
        let app = dir.path().join("repo/sites/app");
        fs::create_dir_all(&app).unwrap();
        fs::write(dir.path().join("repo/.gitignore"), "*.log\n").unwrap();
        assert_eq!(judge(&app, "a.log", false), Verdict::Keep);
        fs::create_dir(dir.path().join("repo/.git")).unwrap();
        assert_eq!(judge(&app, "a.log", false), Verdict::Git);
        fs::create_dir(app.join(".git")).unwrap();
        assert_eq!(judge(&app, "a.log", false), Verdict::Keep);
    }

    #[test]
    fn a_folder_that_is_itself_ignored_inherits_no_rules() {
        let dir = tempfile::tempdir().unwrap();
        let app = dir.path().join("dist/site");
        fs::create_dir_all(&app).unwrap();
        fs::create_dir(dir.path().join(".git")).unwrap();
        fs::write(dir.path().join(".gitignore"), "dist/\n*.html\n").unwrap();
        assert_eq!(judge(&app, "index.html", false), Verdict::Keep);
        assert_eq!(judge(dir.path(), "index.html", false), Verdict::Git);
    }

    #[test]
    fn a_line_that_is_no_pattern_warns_with_its_number_and_an_unreadable_file_stops() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".faztignore"), "a\n{b\n").unwrap();
        let mut warnings = Vec::new();
        Rules::none().inside(dir.path(), true, &mut warnings).unwrap();
        assert!(warnings[0].contains(".faztignore, line 2"), "{warnings:?}");
        fs::create_dir(dir.path().join(".gitignore")).unwrap();
        let problem = Rules::none().inside(dir.path(), true, &mut warnings).unwrap_err();
        assert!(problem.to_string().contains(".gitignore"), "{problem}");
    }
}
