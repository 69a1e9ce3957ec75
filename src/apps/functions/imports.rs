//! Which file of the version does an import mean?
//!
//! A name that starts with a dot is sought from the importing file, one that starts with a
//! slash from the app's root, and any other must be a bundled library. Nothing outside the
//! version is ever meant. Pure: files are names in a set.

use std::collections::{BTreeMap, BTreeSet};

use fazt_tools::problem::nearest;
use serde::{Deserialize, Serialize};

use super::transform::How;

/// The libraries that every app may import by name.
pub const LIBRARIES: &[&str] =
    &["cheerio", "dayjs", "lodash-es", "marked", "mustache", "uuid", "validator", "zod"];

/// Where files of packages lie in an app.
pub const PACKAGES: &str = "api/_npm/";
/// What names mean in files that import packages, as a list of [`Link`].
pub const LINKS: &str = "api/_npm/links.json";
/// What stands for a module that a package goes without.
pub const EMPTY: &str = "api/_npm/empty.js";

/// What a name means in one file, found where the packages are installed.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Link {
    /// The file that imports.
    pub from: String,
    /// By which words.
    pub how: How,
    /// The name.
    pub specifier: String,
    /// The file that is meant.
    pub to: String,
}

/// What an import means.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Target {
    /// A file of the version, by its path.
    File(String),
    /// A bundled library, by its name.
    Library(String),
}

/// Why an import means nothing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unresolved {
    /// It leads out of the app.
    #[error("`{0}` leads out of the app; import what lies in the app's own folder")]
    Outside(String),
    /// It has no file.
    #[error("there is no `{wanted}` in the app{}", match near {
        Some(near) => format!("; did you mean `{near}`?"),
        None => ": add the file, or take the import away".to_owned(),
    })]
    NoFile {
        /// Where it was sought.
        wanted: String,
        /// A file with a similar path.
        near: Option<String>,
    },
    /// Its file is neither a script nor JSON.
    #[error("`{0}` is neither a script nor JSON, and nothing else can be imported")]
    NoScript(String),
    /// It names a place on the network.
    #[error("`{0}` is not in the app; put the file into the app and import it by its path")]
    Remote(String),
    /// It is a module of Node.js.
    #[error("`{0}` is a module of Node.js, which functions do not run on")]
    Node(String),
    /// It is a package that is not bundled.
    #[error(
        "`{name}` is no bundled library{}; those are {libraries}. Bundle the package into the \
         app, or import a file by its path: `./{name}.js`",
        near.as_ref().map(|near| format!(", did you mean `{near}`?")).unwrap_or_default()
    )]
    NoLibrary {
        /// The name.
        name: String,
        /// A bundled one with a similar name.
        near: Option<String>,
        /// The bundled ones.
        libraries: String,
    },
}

/// Where imports are sought.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// The paths of every file of the version.
    pub files: BTreeSet<String>,
    /// The libraries' names.
    pub libraries: BTreeSet<String>,
    /// What names of packages mean.
    pub links: BTreeMap<(String, How, String), String>,
}

/// What may be left out of a specifier, in the order of trial.
const ENDINGS: [&str; 8] = [".js", ".ts", ".mjs", ".mts", ".tsx", ".cjs", ".cts", ".json"];

/// What TypeScript's authors write for the file that they have.
const WRITTEN_AS: [(&str, &[&str]); 3] =
    [(".js", &[".ts", ".tsx"]), (".mjs", &[".mts"]), (".cjs", &[".cts"])];

impl World {
    /// A version's files and the libraries beside them.
    pub fn new<'w>(
        files: impl IntoIterator<Item = &'w str>,
        libraries: impl IntoIterator<Item = &'w str>,
    ) -> Self {
        Self {
            files: files.into_iter().map(str::to_owned).collect(),
            libraries: libraries.into_iter().map(str::to_owned).collect(),
            links: BTreeMap::new(),
        }
    }

    /// Takes what names of packages mean, where that is a file that can be imported.
    pub fn link(&mut self, links: Vec<Link>) {
        let links = links
            .into_iter()
            .filter(|link| self.files.contains(&link.to) && is_importable(&link.to));
        self.links = links.map(|link| ((link.from, link.how, link.specifier), link.to)).collect();
    }

    /// Finds what `specifier` means in the file `from`.
    ///
    /// # Errors
    ///
    /// What is not there, and what to do.
    pub fn resolve(&self, from: &str, specifier: &str, how: How) -> Result<Target, Unresolved> {
        if !self.links.is_empty()
            && let Some(file) = self.links.get(&(from.to_owned(), how, specifier.to_owned()))
        {
            return Ok(Target::File(file.clone()));
        }
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        if let Some(path) = specifier.strip_prefix('/') {
            return self.file("", path, specifier);
        }
        if specifier.split('/').next().is_some_and(|first| first == "." || first == "..") {
            return self.file(folder, specifier, specifier);
        }
        if self.libraries.contains(specifier) {
            return Ok(Target::Library(specifier.to_owned()));
        }
        // The first form of `api/main.js` requires its neighbours without a dot.
        if how == How::Require
            && let Ok(found) = self.file("api", specifier, specifier)
        {
            return Ok(found);
        }
        let text = specifier.to_owned();
        let name = specifier.strip_prefix("node:").unwrap_or(specifier);
        if name.len() < specifier.len()
            || NODE.contains(&name.split('/').next().unwrap_or_default())
        {
            return Err(Unresolved::Node(text));
        }
        if specifier.contains(':') {
            return Err(Unresolved::Remote(text));
        }
        let known = self.libraries.iter().map(String::as_str);
        let near = nearest(specifier, known).map(str::to_owned);
        let libraries: Vec<_> = self.libraries.iter().map(|name| format!("`{name}`")).collect();
        let libraries = if libraries.is_empty() { "none".to_owned() } else { libraries.join(", ") };
        Err(Unresolved::NoLibrary { name: text, near, libraries })
    }

    /// Finds the file that `path` means in a folder.
    fn file(&self, folder: &str, path: &str, specifier: &str) -> Result<Target, Unresolved> {
        let mut segments: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    let outside = || Unresolved::Outside(specifier.to_owned());
                    segments.pop().ok_or_else(outside)?;
                }
                part => segments.push(part),
            }
        }
        let wanted = segments.join("/");
        let is_folder = path.ends_with('/') || path.ends_with("/.") || path.ends_with("..");
        let found = (!is_folder).then(|| self.named(&wanted)).flatten().or_else(|| {
            let index =
                if wanted.is_empty() { "index".to_owned() } else { format!("{wanted}/index") };
            self.ended(&index)
        });
        match found {
            Some(file) if is_importable(&file) => Ok(Target::File(file)),
            Some(file) => Err(Unresolved::NoScript(file)),
            None => {
                let scripts = self.files.iter().filter(|file| is_importable(file));
                let near = nearest(&wanted, scripts.map(String::as_str)).map(str::to_owned);
                Err(Unresolved::NoFile { wanted, near })
            }
        }
    }

    /// The file of that path, as it is or as TypeScript's authors write it.
    fn named(&self, wanted: &str) -> Option<String> {
        if self.files.contains(wanted) {
            return Some(wanted.to_owned());
        }
        let written = WRITTEN_AS.iter().filter_map(|(ending, real)| {
            let stem = wanted.strip_suffix(ending)?;
            real.iter().map(|real| format!("{stem}{real}")).find(|file| self.files.contains(file))
        });
        written.into_iter().next().or_else(|| self.ended(wanted))
    }

    /// The file of that path and an ending.
    fn ended(&self, wanted: &str) -> Option<String> {
        let mut files = ENDINGS.iter().map(|ending| format!("{wanted}{ending}"));
        files.find(|file| self.files.contains(file))
    }
}

/// Whether a file can be imported, by its name.
pub(super) fn is_importable(file: &str) -> bool {
    is_json(file)
        || (!super::routes::is_declaration(file)
            && [".js", ".ts", ".mjs", ".mts", ".tsx", ".jsx", ".cjs", ".cts"]
                .iter()
                .any(|ending| file.ends_with(ending)))
}

/// Whether a file holds a value in JSON, by its name.
pub(super) fn is_json(file: &str) -> bool {
    file.rsplit_once('.').is_some_and(|(_, ending)| ending == "json")
}

/// Modules of Node.js that are asked for by habit.
const NODE: [&str; 24] = [
    "assert",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "crypto",
    "dns",
    "events",
    "fs",
    "http",
    "http2",
    "https",
    "module",
    "net",
    "os",
    "path",
    "perf_hooks",
    "process",
    "stream",
    "tls",
    "url",
    "util",
    "worker_threads",
    "zlib",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn world() -> World {
        let files = [
            "api/main.js",
            "api/users/[id].ts",
            "api/_lib/db.ts",
            "api/_lib/both.js",
            "api/_lib/both.ts",
            "api/_lib/index.mjs",
            "api/_lib/old.cts",
            "api/_lib/types.d.ts",
            "api/helpers.js",
            "seed.json",
            "index.html",
            "index.js",
            "shared/util.js",
            "shared/json.json",
        ];
        World::new(files, ["zod", "dayjs"])
    }

    #[test]
    fn an_import_means_a_file_or_a_library() {
        let world = world();
        for (from, specifier, expected) in [
            ("api/main.js", "./_lib/db.ts", "api/_lib/db.ts"),
            ("api/main.js", "./_lib/db", "api/_lib/db.ts"),
            ("api/main.js", "./_lib/db.js", "api/_lib/db.ts"),
            ("api/main.js", "./_lib/both", "api/_lib/both.js"),
            ("api/main.js", "./_lib/both.ts", "api/_lib/both.ts"),
            ("api/main.js", "./_lib", "api/_lib/index.mjs"),
            ("api/main.js", "./_lib/", "api/_lib/index.mjs"),
            ("api/_lib/db.ts", ".", "api/_lib/index.mjs"),
            ("api/main.js", "./_lib/old.cjs", "api/_lib/old.cts"),
            ("api/users/[id].ts", "../_lib/db", "api/_lib/db.ts"),
            ("api/users/[id].ts", ".././../seed.json", "seed.json"),
            ("api/users/[id].ts", "/seed.json", "seed.json"),
            ("api/users/[id].ts", "/seed", "seed.json"),
            ("api/users/[id].ts", "../..", "index.js"),
            ("api/users/[id].ts", "/", "index.js"),
            ("api/main.js", "../shared/json", "shared/json.json"),
            ("index.js", "./shared//util.js", "shared/util.js"),
        ] {
            let found = world.resolve(from, specifier, How::Import);
            assert_eq!(found, Ok(Target::File(expected.to_owned())), "{from} {specifier}");
        }
        let library = Ok(Target::Library("zod".to_owned()));
        assert_eq!(world.resolve("api/main.js", "zod", How::Require), library);
        let bare = |how| world.resolve("api/users/[id].ts", "helpers", how);
        assert_eq!(bare(How::Require), Ok(Target::File("api/helpers.js".to_owned())));
        assert!(matches!(bare(How::Dynamic), Err(Unresolved::NoLibrary { .. })));
    }

    #[test]
    fn an_import_that_means_nothing_says_what_is_not_there() {
        let world = world();
        for (specifier, part) in [
            ("../../etc/passwd", "leads out"),
            ("../api/../../api/main.js", "leads out"),
            ("/../x", "leads out"),
            ("./_lib/dv.ts", "did you mean `api/_lib/db.ts`?"),
            ("./nowhere-at-all", "no `api/nowhere-at-all` in the app: add"),
            ("./_lib/types.d.ts", "neither a script"),
            ("../index.html", "neither a script"),
            ("./main.js/", "no `api/main.js` in"),
            ("./main.js?v=1", "no `api/main.js?v=1`"),
            ("https://esm.sh/zod", "put the file into the app"),
            ("data:text/javascript,1", "put the file into the app"),
            ("node:fs", "Node.js"),
            ("fs/promises", "Node.js"),
            ("zodd", "did you mean `zod`?"),
            ("left-pad", "those are `dayjs`, `zod`"),
            ("@scope/x", "no bundled library"),
            ("", "no bundled library"),
        ] {
            let problem =
                world.resolve("api/main.js", specifier, How::Import).expect_err("refused");
            assert!(problem.to_string().contains(part), "{specifier}: {problem}");
        }
    }

    proptest! {
        #[test]
        fn nothing_but_files_of_the_app_is_ever_meant(
            from in "(api/)?(a/){0,3}x\\.js",
            specifier in "(\\.|\\.\\.|/|api|_lib|db|shared|util|\\.js|index|\\PC){0,10}",
        ) {
            let world = world();
            for how in [How::Import, How::Require] {
                match world.resolve(&from, &specifier, how) {
                    Ok(Target::File(file)) => prop_assert!(world.files.contains(&file)),
                    Ok(Target::Library(name)) => prop_assert!(world.libraries.contains(&name)),
                    Err(problem) => prop_assert!(!problem.to_string().is_empty()),
                }
            }
        }
    }
}
