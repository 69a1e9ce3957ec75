//! Which function answers a path below `/api`?
//!
//! The table is read off the names of a version's files: a file is a route, a name in
//! brackets takes what is there, and `api/main` takes what is left. Built at deploy, asked by
//! every request. Knows nothing of what is in the files.

use std::collections::{BTreeMap, HashMap};

/// What a function's file ends with.
const ENDINGS: [&str; 5] = [".js", ".ts", ".mjs", ".mts", ".tsx"];

/// Endings of scripts that may be imported and are no routes.
const OTHER_ENDINGS: [&str; 3] = [".jsx", ".cjs", ".cts"];

/// The functions of a version, by path.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    list: Vec<Route>,
    root: Node,
    main: Option<String>,
}

/// A path and the file that answers it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Route {
    /// The path with its names in brackets: `/api/users/[id]`; `/api/*` is `api/main`.
    pub route: String,
    /// The file's path in the app.
    pub file: String,
}

/// The function that answers a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found<'r> {
    /// The file's path in the app.
    pub file: &'r str,
    /// What stands in the path where the file's name has brackets, decoded.
    pub params: BTreeMap<&'r str, String>,
    /// The path without its trailing slash, decoded: what a visitor is sent on to by 308,
    /// as for a file. A function that takes a rest gets the path as it is.
    pub canonical: Option<String>,
}

/// Why files make no table.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RouteProblem {
    /// Two files for one path.
    #[error("this and `{other}` both answer `{route}`; keep one of them")]
    Twice {
        /// The file that comes second.
        file: String,
        /// The file that comes first.
        other: String,
        /// The path.
        route: String,
    },
    /// Brackets that are none of the known forms.
    #[error(
        "`{segment}` is no name of a route; write `[name]` for one part of the path and \
         `[...name]` for the rest of it, in letters, digits and `_`"
    )]
    Segment {
        /// The file.
        file: String,
        /// The part of its path.
        segment: String,
    },
    /// A rest with something behind it.
    #[error("`{segment}` takes the rest of the path, so nothing can follow it")]
    Rest {
        /// The file.
        file: String,
        /// The part of its path.
        segment: String,
    },
    /// One name twice in a path.
    #[error("`[{name}]` stands in its path twice; give the parts different names")]
    Name {
        /// The file.
        file: String,
        /// The name.
        name: String,
    },
    /// A script that could be meant as a function, by an ending that none has.
    #[error(
        "a function's file ends with .js, .mjs, .ts, .mts or .tsx; rename it, or put it into a \
         folder whose name starts with `_` if others import it"
    )]
    Ending {
        /// The file.
        file: String,
    },
}

impl RouteProblem {
    /// The file that is to be changed.
    pub fn file(&self) -> &str {
        match self {
            Self::Twice { file, .. }
            | Self::Segment { file, .. }
            | Self::Rest { file, .. }
            | Self::Name { file, .. }
            | Self::Ending { file } => file,
        }
    }
}

/// A part of a path that has been read so far, and what may follow.
#[derive(Clone, Debug, Default)]
struct Node {
    here: Option<Leaf>,
    statics: HashMap<String, Node>,
    param: Option<Box<Node>>,
    rest: Option<Leaf>,
}

/// The end of a route.
#[derive(Clone, Debug)]
struct Leaf {
    file: String,
    /// The names of its brackets, from left to right.
    names: Vec<String>,
}

/// A part of a file's path, read.
enum Segment<'f> {
    Static(&'f str),
    Param(&'f str),
    Rest(&'f str),
}

/// What a file below `api/` is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    /// It answers a path.
    Route,
    /// Others import it.
    Library,
    /// No script.
    Other,
}

/// Tells what a file of an app is to its functions, by its path.
pub(super) fn role(file: &str) -> Role {
    let Some(below) = file.strip_prefix("api/") else { return Role::Other };
    let ends = |endings: &[&str]| endings.iter().any(|ending| below.ends_with(ending));
    if !(ends(&ENDINGS) || ends(&OTHER_ENDINGS)) || is_declaration(file) {
        return Role::Other;
    }
    if below.split('/').any(|segment| segment.starts_with(['_', '.'])) {
        return Role::Library;
    }
    Role::Route
}

/// Whether a file holds TypeScript's declarations alone, which run nowhere.
pub(super) fn is_declaration(file: &str) -> bool {
    [".d.ts", ".d.mts", ".d.cts"].iter().any(|ending| file.ends_with(ending))
}

impl Routes {
    /// Reads the table off the paths of a version's files, in any order.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the names, in the order of the files.
    pub fn of<'f>(files: impl IntoIterator<Item = &'f str>) -> Result<Self, Vec<RouteProblem>> {
        let mut files: Vec<_> =
            files.into_iter().filter(|file| role(file) == Role::Route).collect();
        files.sort_unstable();
        let mut routes = Self::default();
        let problems: Vec<_> =
            files.into_iter().filter_map(|file| routes.add(file).err()).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        routes.list.sort_by(|a, b| (a.route == ALL, &a.route).cmp(&(b.route == ALL, &b.route)));
        Ok(routes)
    }

    /// Every route with its file, by path; `api/main` comes last.
    pub fn list(&self) -> &[Route] {
        &self.list
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Finds what answers a path in its normal form, as `site::resolve` gives it: decoded
    /// once, without `.` and `..`.
    pub fn find(&self, path: &str) -> Option<Found<'_>> {
        let below = path.strip_prefix("/api")?;
        if !(below.is_empty() || below.starts_with('/')) {
            return None;
        }
        let below = below.strip_prefix('/').unwrap_or(below);
        let trimmed = below.strip_suffix('/').unwrap_or(below);
        let segments: Vec<&str> =
            if trimmed.is_empty() { Vec::new() } else { trimmed.split('/').collect() };
        let mut taken = Vec::new();
        if let Some((leaf, whole)) = self.root.find(&segments, &mut taken) {
            let canonical = (whole && path.ends_with('/')).then(|| path.trim_end_matches('/'));
            return Some(Found {
                file: &leaf.file,
                params: leaf.names.iter().map(String::as_str).zip(taken).collect(),
                canonical: canonical.map(str::to_owned),
            });
        }
        let file = self.main.as_deref()?;
        Some(Found { file, params: BTreeMap::new(), canonical: None })
    }

    fn add(&mut self, file: &str) -> Result<(), RouteProblem> {
        let stem = ENDINGS.iter().find_map(|ending| file.strip_suffix(ending));
        let ending = || RouteProblem::Ending { file: file.to_owned() };
        let stem = stem.ok_or_else(ending)?.strip_prefix("api/").ok_or_else(ending)?;
        if stem == "main" {
            let twice = self.main.replace(file.to_owned());
            return self.put(ALL.to_owned(), file, twice);
        }
        let path = match stem.strip_suffix("index") {
            Some(folder) if folder.is_empty() || folder.ends_with('/') => {
                folder.trim_end_matches('/')
            }
            _ => stem,
        };
        let mut names = Vec::new();
        let mut node = &mut self.root;
        let mut rest = None;
        for text in path.split('/').filter(|segment| !segment.is_empty()) {
            if let Some(segment) = rest {
                let segment = format!("[...{segment}]");
                return Err(RouteProblem::Rest { file: file.to_owned(), segment });
            }
            let name = match segment(file, text)? {
                Segment::Static(text) => {
                    node = node.statics.entry(text.to_owned()).or_default();
                    continue;
                }
                Segment::Param(name) => {
                    node = node.param.get_or_insert_default();
                    name
                }
                Segment::Rest(name) => {
                    rest = Some(name);
                    name
                }
            };
            if names.iter().any(|earlier| earlier == name) {
                return Err(RouteProblem::Name { file: file.to_owned(), name: name.to_owned() });
            }
            names.push(name.to_owned());
        }
        let place = if rest.is_some() { &mut node.rest } else { &mut node.here };
        let twice = place.replace(Leaf { file: file.to_owned(), names }).map(|leaf| leaf.file);
        let route = if path.is_empty() { "/api".to_owned() } else { format!("/api/{path}") };
        self.put(route, file, twice)
    }

    fn put(
        &mut self,
        route: String,
        file: &str,
        twice: Option<String>,
    ) -> Result<(), RouteProblem> {
        if let Some(other) = twice {
            return Err(RouteProblem::Twice { file: file.to_owned(), other, route });
        }
        self.list.push(Route { route, file: file.to_owned() });
        Ok(())
    }
}

/// How the route of `api/main` is written.
const ALL: &str = "/api/*";

impl Node {
    /// Finds the most specific leaf, and whether it took every part by name. Every node is
    /// looked at once at most, whatever the path: it stands at one depth.
    fn find(&self, segments: &[&str], taken: &mut Vec<String>) -> Option<(&Leaf, bool)> {
        let Some((first, others)) = segments.split_first() else {
            return self.here.as_ref().map(|leaf| (leaf, true));
        };
        if let Some(found) = self.statics.get(*first).and_then(|node| node.find(others, taken)) {
            return Some(found);
        }
        if let Some(node) = &self.param {
            taken.push((*first).to_owned());
            if let Some(found) = node.find(others, taken) {
                return Some(found);
            }
            taken.pop();
        }
        let leaf = self.rest.as_ref()?;
        taken.push(segments.join("/"));
        Some((leaf, false))
    }
}

/// Reads a part of a file's path.
fn segment<'f>(file: &str, text: &'f str) -> Result<Segment<'f>, RouteProblem> {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
    };
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let read = match (inner, inner.and_then(|inner| inner.strip_prefix("..."))) {
        (_, Some(name)) if is_name(name) => Segment::Rest(name),
        (Some(name), None) if is_name(name) => Segment::Param(name),
        (None, _) if !text.contains(['[', ']']) => Segment::Static(text),
        _ => {
            let (file, segment) = (file.to_owned(), text.to_owned());
            return Err(RouteProblem::Segment { file, segment });
        }
    };
    Ok(read)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::apps::site::path;

    const FILES: [&str; 17] = [
        "api/main.js",
        "api/index.ts",
        "api/hello.js",
        "api/feed.xml.mjs",
        "api/a b.js",
        "api/users/index.mts",
        "api/users/me.js",
        "api/users/[id].js",
        "api/users/[id]/posts.tsx",
        "api/users/[who]/posts/[post].js",
        "api/users/me/likes.js",
        "api/docs/[...path].js",
        "api/docs/index.js",
        "api/_lib/db.js",
        "api/users/_shared.js",
        "api/types.d.ts",
        "api/seed.json",
    ];

    /// Writes what is found in few words.
    fn told(routes: &Routes, path: &str) -> String {
        let path = path::normalize(path).expect("a path");
        let Some(found) = routes.find(&path) else { return "nothing".to_owned() };
        let params = found.params.iter().map(|(name, value)| format!(" {name}={value}"));
        let to = found.canonical.map(|to| format!(" -> {to}")).unwrap_or_default();
        format!("{}{}{to}", found.file, params.collect::<String>())
    }

    #[test]
    fn the_most_specific_file_answers() {
        let routes = Routes::of(FILES).expect("a table");
        for (path, expected) in [
            ("/api", "api/index.ts"),
            ("/api/", "api/index.ts -> /api"),
            ("/api/hello", "api/hello.js"),
            ("/api/hello/", "api/hello.js -> /api/hello"),
            ("/api/%68ello", "api/hello.js"),
            ("/api/hello.js", "api/main.js"),
            ("/api/Hello", "api/main.js"),
            ("/api/hello/x", "api/main.js"),
            ("/api/feed.xml", "api/feed.xml.mjs"),
            ("/api/a%20b", "api/a b.js"),
            ("/api/users", "api/users/index.mts"),
            ("/api/users/me", "api/users/me.js"),
            ("/api/users/42", "api/users/[id].js id=42"),
            ("/api/users/42/", "api/users/[id].js id=42 -> /api/users/42"),
            ("/api/users/%C3%BC%20%25", "api/users/[id].js id=ü %"),
            ("/api/users/%2525", "api/users/[id].js id=%25"),
            ("/api/users/x/../7", "api/users/[id].js id=7"),
            ("/api/users/index", "api/users/[id].js id=index"),
            ("/api/users/42/posts", "api/users/[id]/posts.tsx id=42"),
            ("/api/users/me/posts", "api/users/[id]/posts.tsx id=me"),
            ("/api/users/me/likes", "api/users/me/likes.js"),
            ("/api/users/7/posts/9", "api/users/[who]/posts/[post].js post=9 who=7"),
            ("/api/users/7/likes", "api/main.js"),
            ("/api/docs", "api/docs/index.js"),
            ("/api/docs/a/b", "api/docs/[...path].js path=a/b"),
            ("/api/docs/a/b/", "api/docs/[...path].js path=a/b"),
            ("/api/_lib/db", "api/main.js"),
            ("/api/users/_shared", "api/users/[id].js id=_shared"),
            ("/api/types", "api/main.js"),
            ("/api/main", "api/main.js"),
            ("/apis", "nothing"),
            ("/", "nothing"),
        ] {
            assert_eq!(told(&routes, path), expected, "{path}");
        }
    }

    #[test]
    fn the_list_names_each_route_with_its_file() {
        let routes = Routes::of(FILES).expect("a table");
        let list: Vec<_> = routes.list().iter().map(|route| route.route.as_str()).collect();
        let expected = [
            "/api",
            "/api/a b",
            "/api/docs",
            "/api/docs/[...path]",
            "/api/feed.xml",
            "/api/hello",
            "/api/users",
            "/api/users/[id]",
            "/api/users/[id]/posts",
            "/api/users/[who]/posts/[post]",
            "/api/users/me",
            "/api/users/me/likes",
            "/api/*",
        ];
        assert_eq!(list, expected);
    }

    #[test]
    fn main_answers_its_folder_when_nothing_else_does() {
        let routes = Routes::of(["api/main.ts", "api/x.js"]).expect("a table");
        for path in ["/api", "/api/", "/api/y", "/api/x/y", "/api/main"] {
            assert_eq!(told(&routes, path), "api/main.ts", "{path}");
        }
        let deeper = Routes::of(["api/x/main.js"]).expect("a table");
        assert_eq!(told(&deeper, "/api/x/main"), "api/x/main.js");
        assert_eq!(told(&deeper, "/api/x/y"), "nothing");
        assert!(Routes::of(["index.html", "app.js", "src/api/x.js"]).expect("none").is_empty());
    }

    #[test]
    fn names_that_make_no_table_are_refused() {
        for (files, file, part) in [
            (&["api/hello.ts", "api/hello.js"][..], "api/hello.ts", "`api/hello.js`"),
            (&["api/x.js", "api/x/index.js"], "api/x/index.js", "`/api/x`"),
            (&["api/[a].js", "api/[b].js"], "api/[b].js", "`/api/[b]`"),
            (&["api/[...a].js", "api/[...b].ts"], "api/[...b].ts", "`api/[...a].js`"),
            (&["api/main.js", "api/main.mjs"], "api/main.mjs", "`/api/*`"),
            (&["api/a[b].js"], "api/a[b].js", "`a[b]`"),
            (&["api/[].js"], "api/[].js", "`[]`"),
            (&["api/[a-b]/c.js"], "api/[a-b]/c.js", "`[a-b]`"),
            (&["api/[[...a]].js"], "api/[[...a]].js", "`[[...a]]`"),
            (&["api/[..a].js"], "api/[..a].js", "`[..a]`"),
            (&["api/[...a]/b.js"], "api/[...a]/b.js", "`[...a]`"),
            (&["api/[a]/[a].js"], "api/[a]/[a].js", "`[a]`"),
            (&["api/page.jsx"], "api/page.jsx", ".tsx"),
            (&["api/old.cjs"], "api/old.cjs", "rename"),
        ] {
            let problems = Routes::of(files.iter().copied()).expect_err("refused");
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert_eq!(problems[0].file(), file);
            assert!(problems[0].to_string().contains(part), "{}", problems[0]);
        }
        let both = ["api/[.js", "api/].js", "api/ok.js"];
        assert_eq!(Routes::of(both).expect_err("refused").len(), 2);
    }

    proptest! {
        #[test]
        fn no_names_and_no_path_bring_it_down(
            files in proptest::collection::vec("api/(\\[|\\]|\\.{1,3}|/|a|index|main|_|\\PC){0,8}(\\.js|\\.ts)?", 0..8),
            path in "(/|/api)?(/|a|index|\\PC){0,8}",
        ) {
            if let Ok(routes) = Routes::of(files.iter().map(String::as_str)) {
                let found = routes.find(&path);
                prop_assert!(found.is_none_or(|found| files.iter().any(|file| file == found.file)));
            }
        }

        #[test]
        fn a_name_beats_brackets_which_beat_the_rest(
            segments in proptest::collection::vec("[a-c]{1,2}", 1..5),
            others in proptest::collection::vec(
                proptest::collection::vec("[a-c]{1,2}|\\[x\\]", 1..5), 0..12),
        ) {
            let exact = format!("api/{}.js", segments.join("/"));
            let mut files = vec![exact.clone(), "api/main.js".to_owned(), "api/[...r].js".to_owned()];
            for other in &others {
                let mut seen = 0;
                let named = other.iter().map(|segment| {
                    seen += 1;
                    if segment == "[x]" { format!("[x{seen}]") } else { segment.clone() }
                });
                files.push(format!("api/{}.js", named.collect::<Vec<_>>().join("/")));
            }
            files.sort();
            files.dedup();
            let path = format!("/api/{}", segments.join("/"));
            if let Ok(routes) = Routes::of(files.iter().map(String::as_str)) {
                prop_assert_eq!(routes.find(&path).map(|found| found.file), Some(exact.as_str()));
                files.retain(|file| *file != exact);
                let routes = Routes::of(files.iter().map(String::as_str)).expect("fewer files");
                let found = routes.find(&path).expect("the rest").file;
                let fits = files.iter().any(|file| {
                    let stem = file.strip_suffix(".js").unwrap_or(file);
                    let parts: Vec<_> = stem.split('/').skip(1).collect();
                    parts.len() == segments.len()
                        && !file.contains("...")
                        && file != "api/main.js"
                        && parts.iter().zip(&segments)
                            .all(|(part, segment)| part.starts_with('[') || part == segment)
                });
                prop_assert_eq!(found == "api/[...r].js", !fits, "{}", found);
            }
        }
    }
}
