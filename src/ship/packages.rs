//! Which files of `node_modules` do an app's functions need?
//!
//! Names that are neither paths nor found in the app are sought as Node.js seeks them; the
//! files found, and those that they import, travel along below `api/_npm/` as they are, with a
//! list of what each name means. Nothing is bundled or run: the node reads them as it reads
//! the app's own scripts, and refuses what it cannot, with file and line.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    fs, io,
    path::{Path, PathBuf},
};

use fazt_tools::limits::SCRIPT_BYTES;
use oxc_resolver::{ResolveError, ResolveOptions, Resolver};
use tempfile::TempDir;

use super::pack::Content;
use crate::apps::{
    bundle::path::FilePath,
    functions::{self, EMPTY, How, LINKS, Link, PACKAGES, Target, World},
};

/// Files that travel along, and what of them was made here.
pub(super) struct Packages {
    /// Sorted by path.
    pub(super) files: Vec<Content>,
    /// Where those lie that were made; gone when this is.
    pub(super) made: TempDir,
}

/// Stack for scripts that are nested deeply; pages that are not used cost nothing.
const STACK: usize = 512 << 20;
/// Scripts that are read at most; beyond that a folder is no app any more.
const MOST: usize = 20_000;

/// The conditions of `exports` that hold here, but for the way of importing.
const CONDITIONS: [&str; 4] = ["worker", "browser", "production", "default"];

/// Finds what the functions in `files` need of the packages beside the folder `dir`.
pub(super) fn packages(dir: &Path, files: &[Content]) -> io::Result<Option<Packages>> {
    let scripts = files.iter().any(|file| functions::is_script(&file.path));
    if !scripts || !dir.join("package.json").is_file() || !has_packages(dir) {
        return Ok(None);
    }
    let found = std::thread::scope(|scope| {
        let search = || Search::new(files).run();
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, search)?;
        thread.join().map_err(|_| io::Error::other("the packages could not be read"))
    })?;
    if found.links.is_empty() {
        return Ok(None);
    }
    found.packed().map(Some)
}

/// Whether packages are installed for a folder: in it, or above it in a workspace.
fn has_packages(dir: &Path) -> bool {
    let dir = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    dir.ancestors().any(|dir| dir.join("node_modules").is_dir())
}

struct Search<'f> {
    world: World,
    /// The app's files, by path.
    own: HashMap<&'f str, &'f Path>,
    import: Resolver,
    require: Resolver,
    /// Paths in the app of files of packages, by where they lie.
    named: BTreeMap<PathBuf, String>,
    /// Folders of packages, by the names they have in the app.
    folders: HashMap<String, PathBuf>,
    todo: VecDeque<(String, PathBuf)>,
    seen: BTreeSet<String>,
    links: Vec<Link>,
}

impl<'f> Search<'f> {
    fn new(files: &'f [Content]) -> Self {
        let own = files.iter().map(|file| (file.path.as_str(), file.source.as_path())).collect();
        let options = |way: &str, fields: &[&str]| {
            let conditions = CONDITIONS.iter().copied().chain([way]);
            Resolver::new(ResolveOptions {
                condition_names: conditions.map(str::to_owned).collect(),
                main_fields: fields.iter().copied().map(str::to_owned).collect(),
                alias_fields: vec![vec!["browser".to_owned()]],
                extensions: [".js", ".mjs", ".cjs", ".json"].map(str::to_owned).to_vec(),
                node_path: false,
                ..ResolveOptions::default()
            })
        };
        let scripts = files.iter().filter(|file| functions::is_script(&file.path));
        let todo: VecDeque<_> =
            scripts.map(|file| (file.path.clone(), file.source.clone())).collect();
        Self {
            world: World::new(files.iter().map(|file| file.path.as_str()), []),
            own,
            import: options("import", &["browser", "module", "main"]),
            require: options("require", &["browser", "main"]),
            named: BTreeMap::new(),
            folders: HashMap::new(),
            seen: todo.iter().map(|(path, _)| path.clone()).collect(),
            todo,
            links: Vec::new(),
        }
    }

    fn run(mut self) -> Self {
        while let Some((path, source)) = self.todo.pop_front() {
            let small = fs::metadata(&source).is_ok_and(|meta| meta.len() <= SCRIPT_BYTES.value);
            // What cannot be read is for the node to refuse, in words for the whole app.
            if Path::new(&path).extension().is_some_and(|ending| ending == "json")
                || !small
                || self.seen.len() > MOST
            {
                continue;
            }
            let Ok(text) = fs::read_to_string(&source) else { continue };
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            let read = std::panic::catch_unwind(|| functions::transform(&path, text));
            let Ok(Ok(script)) = read else { continue };
            for request in script.requests {
                self.follow(&path, &source, &request.specifier, request.how);
            }
        }
        self
    }

    /// Follows an import to its file, of the app or of a package.
    fn follow(&mut self, from: &str, source: &Path, specifier: &str, how: How) {
        let packaged = from.starts_with(PACKAGES);
        if !packaged && let Ok(Target::File(file)) = self.world.resolve(from, specifier, how) {
            if let Some(lies) = self.own.get(file.as_str()).map(|lies| (*lies).to_owned()) {
                self.later(file, lies);
            }
            return;
        }
        let is_path = specifier.starts_with(['.', '/']);
        if !packaged && is_path {
            return;
        }
        let resolver = if how == How::Require { &self.require } else { &self.import };
        let folder = source.parent().unwrap_or(source);
        let to = match resolver.resolve(folder, specifier) {
            Ok(found) => {
                let lies = found.path().to_owned();
                let package = found.package_json().map(|package| {
                    (package.name().unwrap_or_default().to_owned(), package.directory().to_owned())
                });
                let Some(path) = self.name(&lies, package) else { return };
                self.later(path.clone(), lies);
                path
            }
            // The package says that a browser goes without it.
            Err(ResolveError::Ignored(_)) => EMPTY.to_owned(),
            Err(_) => return,
        };
        let (from, specifier) = (from.to_owned(), specifier.to_owned());
        self.links.push(Link { from, how, specifier, to });
    }

    fn later(&mut self, path: String, lies: PathBuf) {
        if self.seen.insert(path.clone()) {
            self.todo.push_back((path, lies));
        }
    }

    /// What a package's file is called in the app. Two versions of a package get two folders.
    fn name(&mut self, lies: &Path, package: Option<(String, PathBuf)>) -> Option<String> {
        if let Some(known) = self.named.get(lies) {
            return Some(known.clone());
        }
        let parts: Vec<&str> = lies.iter().filter_map(|part| part.to_str()).collect();
        let (name, folder) = match parts.iter().rposition(|part| *part == "node_modules") {
            Some(at) => {
                let scoped = parts.get(at + 1).is_some_and(|part| part.starts_with('@'));
                let length = at + if scoped { 3 } else { 2 };
                (parts.get(at + 1..length)?.join("/"), lies.iter().take(length).collect())
            }
            // A package of the same workspace lies where it is written.
            None => package.filter(|(name, _)| !name.is_empty())?,
        };
        let rest = lies.strip_prefix(&folder).ok()?;
        let rest: Vec<&str> = rest.iter().map(|part| part.to_str()).collect::<Option<_>>()?;
        let name = name.replace('@', "");
        let mut free = (1..).map(|n| if n == 1 { name.clone() } else { format!("{name}-{n}") });
        let name = free.find(|name| self.folders.get(name).is_none_or(|taken| *taken == folder))?;
        self.folders.insert(name.clone(), folder);
        // A folder that starts with a dot is left out of apps.
        let rest: Vec<_> = rest.iter().map(|part| part.trim_start_matches('.')).collect();
        let path = format!("{PACKAGES}{name}/{}", rest.join("/"));
        FilePath::parse(&path).ok()?;
        self.named.insert(lies.to_owned(), path.clone());
        Some(path)
    }

    /// The files with their contents' hashes, and the list of names.
    fn packed(mut self) -> io::Result<Packages> {
        let made = tempfile::tempdir()?;
        let (links, empty) = (made.path().join("links"), made.path().join("empty"));
        self.links.sort();
        self.links.dedup();
        fs::write(&links, serde_json::to_vec(&self.links).map_err(io::Error::other)?)?;
        fs::write(&empty, "module.exports = {}\n")?;
        let mut all: Vec<(String, PathBuf)> =
            self.named.into_iter().map(|(lies, path)| (path, lies)).collect();
        all.push((LINKS.to_owned(), links));
        if self.links.iter().any(|link| link.to == EMPTY) {
            all.push((EMPTY.to_owned(), empty));
        }
        all.sort();
        let mut files = Vec::with_capacity(all.len());
        for (path, source) in all {
            let bytes = fs::read(&source)?;
            let hash = blake3::hash(&bytes).into();
            files.push(Content { path, source, hash, size: bytes.len() as u64 });
        }
        Ok(Packages { files, made })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with files, and what of its packages travels along.
    fn found(files: &[(&str, &str)]) -> (TempDir, Vec<Content>, Option<Packages>) {
        let dir = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let file = dir.path().join(path);
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            fs::write(file, text).expect("written");
        }
        let own = files.iter().filter(|(path, _)| !path.contains("node_modules"));
        let own: Vec<_> = own
            .map(|(path, text)| Content {
                path: (*path).to_owned(),
                source: fs::canonicalize(dir.path().join(path)).expect("there"),
                hash: blake3::hash(text.as_bytes()).into(),
                size: text.len() as u64,
            })
            .collect();
        let packages = packages(dir.path(), &own).expect("read");
        (dir, own, packages)
    }

    /// What the node makes of all of it.
    fn deployed(files: &[(&str, &str)]) -> Result<functions::Functions, String> {
        let (_dir, own, packages) = found(files);
        let mut all = own;
        let _made = packages.map(|packages| {
            all.extend(packages.files);
            packages.made
        });
        let text = |path: &str| {
            let file = all.iter().find(|file| file.path == path).expect("there");
            fs::read(&file.source).expect("read")
        };
        let sizes = all.iter().map(|file| (file.path.clone(), file.size)).collect();
        functions::check(sizes, functions::LIBRARIES, text).map_err(|problems| {
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        })
    }

    #[test]
    fn packages_that_functions_import_travel_along_and_no_others() {
        let functions = deployed(&[
            ("package.json", "{}"),
            ("api/a.ts", "import pad from 'pad'; import '../lib/b'; export default () => pad"),
            ("lib/b.js", "export const x = require('@s/dual/sub')"),
            ("app.js", "import 'unused'"),
            ("node_modules/pad/package.json", r#"{"main": "lib/main.js", "module": "esm.js"}"#),
            (
                "node_modules/pad/esm.js",
                "import one from 'one'; export { default } from './lib/x.js'",
            ),
            ("node_modules/pad/lib/x.js", "export default process.env.NODE_ENV"),
            ("node_modules/pad/lib/main.js", "never"),
            ("node_modules/one/index.js", "module.exports = require('./d.json'), require('two')"),
            ("node_modules/one/d.json", "{}"),
            ("node_modules/one/node_modules/two/index.js", "exports.inner = 1"),
            ("node_modules/two/index.js", "exports.outer = require('fs')"),
            (
                "node_modules/@s/dual/package.json",
                r#"{"exports": {"./sub": {"import": "./sub.mjs", "require": "./sub.cjs"}}}"#,
            ),
            (
                "node_modules/@s/dual/sub.cjs",
                "try { require('none') } catch {}; exports.t = require('two')",
            ),
            ("node_modules/@s/dual/sub.mjs", "never ("),
            ("node_modules/unused/index.js", "x"),
        ])
        .expect("deploys");
        let paths: Vec<_> = functions.modules.keys().map(String::as_str).collect();
        let expected = [
            "api/_npm/one/d.json",
            "api/_npm/one/index.js",
            "api/_npm/pad/esm.js",
            "api/_npm/pad/lib/x.js",
            "api/_npm/s/dual/sub.cjs",
            "api/_npm/two-2/index.js",
            "api/_npm/two/index.js",
            "api/a.ts",
            "lib/b.js",
        ];
        assert_eq!(paths, expected);
        let of = |from: &str, name: &str, how| match functions.resolve(from, name, how) {
            Some(Target::File(file)) => file,
            other => format!("{other:?}"),
        };
        assert_eq!(of("api/a.ts", "pad", How::Import), "api/_npm/pad/esm.js");
        let (one, dual) = ("api/_npm/one/index.js", "api/_npm/s/dual/sub.cjs");
        assert_ne!(of(one, "two", How::Require), of(dual, "two", How::Require));
    }

    #[test]
    fn a_package_of_the_app_s_own_goes_before_a_bundled_library() {
        let files = [
            ("package.json", "{}"),
            ("api/a.js", "import { z } from 'zod'; import d from 'dayjs'; export default () => z"),
            ("node_modules/zod/index.js", "exports.z = 1"),
        ];
        let functions = deployed(&files).expect("deploys");
        let found = functions.resolve("api/a.js", "zod", How::Import);
        assert_eq!(found, Some(Target::File("api/_npm/zod/index.js".to_owned())));
        let found = functions.resolve("api/a.js", "dayjs", How::Import);
        assert_eq!(found, Some(Target::Library("dayjs".to_owned())));
    }

    #[test]
    fn what_cannot_be_found_is_refused_by_the_node_with_its_place() {
        let refused = deployed(&[
            ("package.json", "{}"),
            ("api/a.js", "import 'gone'\nimport 'half'; export default 1"),
            ("node_modules/half/index.mjs", "\nimport 'fs'"),
            ("node_modules/half/package.json", r#"{"main": "index.mjs"}"#),
        ])
        .expect_err("refused");
        assert!(refused.contains("api/a.js:1:8: `gone`"), "{refused}");
        assert!(
            refused.contains("api/_npm/half/index.mjs:2:8: `fs` is a module of Node.js"),
            "{refused}"
        );
    }

    #[test]
    fn a_browser_s_substitutes_are_taken() {
        let functions = deployed(&[
            ("package.json", "{}"),
            ("api/a.js", "export default () => require('b')"),
            (
                "node_modules/b/package.json",
                r#"{"main": "n.js", "browser": {"./n.js": "./w.js", "fs": false}}"#,
            ),
            ("node_modules/b/n.js", "never"),
            ("node_modules/b/w.js", "module.exports = require('fs')"),
        ])
        .expect("deploys");
        let found = functions.resolve("api/_npm/b/w.js", "fs", How::Require);
        assert_eq!(found, Some(Target::File(EMPTY.to_owned())));
    }

    #[test]
    fn an_app_without_functions_or_packages_is_left_alone() {
        let script = ("api/a.js", "import 'x'");
        let package = ("node_modules/x/index.js", "1");
        for files in [
            &[script, package] as &[_],
            &[("package.json", "{}"), ("app.js", "import 'x'"), package],
            &[("package.json", "{}"), ("api/a.js", "export default () => 1"), package],
        ] {
            assert!(found(files).2.is_none());
        }
    }
}
