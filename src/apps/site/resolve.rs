//! What does a path of an app answer: a file, a function, a redirect, or nothing?
//!
//! The order of the rules stands here and nowhere else. Files are found through a `lookup`,
//! so that the same order serves a bundle in memory, a stored version and a test. Whether a
//! visitor may see private files is told by which function is called, not decided here.

use std::borrow::Cow;

use super::path::{self, PathError, is_under};
use super::redirects::{Hit, Redirects};

/// The rules of the app a request is for.
#[derive(Copy, Clone, Debug)]
pub struct Rules<'s> {
    /// Its `_redirects`.
    pub redirects: &'s Redirects,
    /// Whether its pages are all one, as the manifest says.
    pub spa: bool,
}

/// What a path answers.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Outcome<'r, F> {
    /// A file with a status, 200 unless a rule says 404 or 410.
    File {
        /// What the lookup gave.
        file: F,
        /// The status to answer with.
        status: u16,
        /// The file's path in the app, without leading slash; it decides the type.
        path: Cow<'r, str>,
    },
    /// Another place.
    Redirect {
        /// One of 301, 302, 303, 307, 308.
        status: u16,
        /// The value of `Location`, printable ASCII.
        location: String,
    },
    /// A function of the app, whether there or not.
    Function {
        /// The normal path, beginning with `/api`.
        path: Cow<'r, str>,
        /// The query the function sees, which a rewrite may have changed.
        query: Option<Cow<'r, str>>,
    },
    /// A place of fazt's own, such as `/_ws`.
    Reserved {
        /// The normal path.
        path: Cow<'r, str>,
    },
    /// A private place, whether there or not; ask `resolve_admitted` for users of the app.
    Private,
    /// Nothing: the app's `404.html`, if it has one, with 404.
    NotFound(Option<F>),
    /// A path no app can have; 400.
    BadPath(PathError),
}

/// Resolves a request's path for a visitor who is not known to be a user of the app.
///
/// `lookup` is given paths without leading slash.
pub fn resolve<'r, F>(
    raw_path: &'r str,
    query: Option<&'r str>,
    rules: Rules<'_>,
    lookup: impl Fn(&str) -> Option<F>,
) -> Outcome<'r, F> {
    Resolver { query, rules, lookup, admitted: false }.resolve(raw_path)
}

/// Resolves a request's path for a user of the app, to whom `private/` is as any folder.
pub fn resolve_admitted<'r, F>(
    raw_path: &'r str,
    query: Option<&'r str>,
    rules: Rules<'_>,
    lookup: impl Fn(&str) -> Option<F>,
) -> Outcome<'r, F> {
    Resolver { query, rules, lookup, admitted: true }.resolve(raw_path)
}

struct Resolver<'r, 's, L> {
    query: Option<&'r str>,
    rules: Rules<'s>,
    lookup: L,
    admitted: bool,
}

impl<'r, F, L: Fn(&str) -> Option<F>> Resolver<'r, '_, L> {
    fn resolve(&self, raw_path: &'r str) -> Outcome<'r, F> {
        let path = match path::normalize(raw_path) {
            Ok(path) => path,
            Err(error) => return Outcome::BadPath(error),
        };
        if is_reserved(&path) {
            return Outcome::Reserved { path };
        }
        if is_under(&path, "/api") {
            return match self.rules.redirects.find_for_function(&path, self.query) {
                Some(hit) => self.follow(hit),
                None => Outcome::Function { path, query: self.query.map(Cow::Borrowed) },
            };
        }
        if let Some(closed) = self.closed(&path) {
            return closed;
        }
        if let Some(hit) = self.rules.redirects.find(&path, self.query, true) {
            return self.follow(hit);
        }
        if let Some(found) = self.file_or_canonical(&path) {
            return found;
        }
        // As on Netlify, rules without `!` stand behind the app's files.
        if let Some(hit) = self.rules.redirects.find(&path, self.query, false) {
            return self.follow(hit);
        }
        if self.rules.spa
            && is_page(&path)
            && let Some(file) = (self.lookup)("index.html")
        {
            return Outcome::File { file, status: 200, path: Cow::Borrowed("index.html") };
        }
        self.not_found()
    }

    /// Carries a rule out. A rewrite is not matched against the rules again, so there are no
    /// loops, but what is hidden or private stays so on any way.
    fn follow(&self, hit: Hit) -> Outcome<'r, F> {
        let (status, path, query) = match hit {
            Hit::Redirect { status, location } => return Outcome::Redirect { status, location },
            Hit::Rewrite { status, path, query } => (status, path, query),
        };
        if is_reserved(&path) {
            return self.not_found();
        }
        if status == 200 && is_under(&path, "/api") {
            return Outcome::Function { path: path.into(), query: query.map(Cow::Owned) };
        }
        if let Some(closed) = self.closed(&path) {
            return closed;
        }
        match self.file(trim_slash(&path)) {
            Some((file, found)) => {
                Outcome::File { file, status, path: Cow::Owned(found.into_owned()) }
            }
            None => self.not_found(),
        }
    }

    /// Answers for places that have no file for this visitor, whatever is there.
    fn closed(&self, path: &str) -> Option<Outcome<'r, F>> {
        if path::is_hidden(path) {
            return Some(self.not_found());
        }
        (!self.admitted && path::is_private(path)).then_some(Outcome::Private)
    }

    /// Finds a file, or the redirect that takes a trailing slash away from its path.
    fn file_or_canonical(&self, path: &Cow<'r, str>) -> Option<Outcome<'r, F>> {
        let canonical = trim_slash(path);
        let (file, found) = self.file(canonical)?;
        if canonical.len() < path.len() {
            let mut location = path::encode(canonical);
            if let Some(query) = self.query.filter(|query| !query.is_empty()) {
                location.push('?');
                location.push_str(&path::encode_query(query));
            }
            return Some(Outcome::Redirect { status: 308, location });
        }
        let path = match (path, found) {
            // The usual case: the path as received names the file.
            (Cow::Borrowed(received), Cow::Borrowed(_)) if received.len() > 1 => {
                Cow::Borrowed(&received[1..])
            }
            (_, found) => Cow::Owned(found.into_owned()),
        };
        Some(Outcome::File { file, status: 200, path })
    }

    /// Finds the file of a canonical path: itself, as a page, or as a folder with a page.
    fn file<'p>(&self, canonical: &'p str) -> Option<(F, Cow<'p, str>)> {
        let name = canonical.strip_prefix('/').unwrap_or(canonical);
        if name.is_empty() {
            return (self.lookup)("index.html").map(|file| (file, Cow::Borrowed("index.html")));
        }
        if let Some(file) = (self.lookup)(name) {
            return Some((file, Cow::Borrowed(name)));
        }
        [".html", "/index.html"].into_iter().find_map(|ending| {
            let candidate = format!("{name}{ending}");
            // `/.well-known` is open, a file `.well-known.html` is not.
            let file = (!path::is_hidden(&candidate)).then(|| (self.lookup)(&candidate))??;
            Some((file, Cow::Owned(candidate)))
        })
    }

    fn not_found(&self) -> Outcome<'r, F> {
        Outcome::NotFound((self.lookup)("404.html"))
    }
}

/// Tells whether a normal path is fazt's own on every app's host.
fn is_reserved(path: &str) -> bool {
    is_under(path, "/_ws") || is_under(path, "/_fazt")
}

/// Tells whether a miss may be a page that a script in `index.html` draws.
///
/// A name with a dot is a file that is missing. Below `.well-known`, clients that are no
/// browsers ask whether something is supported, and a page would read as yes.
fn is_page(path: &str) -> bool {
    let last = trim_slash(path).rsplit_once('/').map_or(path, |(_, last)| last);
    !last.contains('.') && !is_under(path, "/.well-known")
}

/// Takes the trailing slash from every path but the root's.
fn trim_slash(path: &str) -> &str {
    path.strip_suffix('/').filter(|trimmed| !trimmed.is_empty()).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::redirects;
    use super::*;

    const FILES: [&str; 19] = [
        "index.html",
        "404.html",
        "about.html",
        "docs/index.html",
        "both.html",
        "both/index.html",
        "plain",
        "a b.html",
        "app.js",
        "manifest.json",
        "fazt.json",
        "_redirects",
        "api/hello.js",
        ".env",
        ".well-known/security.txt",
        "private/index.html",
        "private/a.txt",
        "gone.html",
        "shop/item.html",
    ];

    fn lookup(path: &str) -> Option<String> {
        FILES.contains(&path).then(|| path.to_owned())
    }

    /// Writes an outcome in few words, so that a table can hold it.
    fn told(outcome: Outcome<'_, String>) -> String {
        match outcome {
            Outcome::File { file, status, path } => {
                assert_eq!(file, path, "the path told is the path looked up");
                format!("{status} {path}")
            }
            Outcome::Redirect { status, location } => format!("{status} -> {location}"),
            Outcome::Function { path, query } => {
                format!("function {path}?{}", query.unwrap_or_default())
            }
            Outcome::Reserved { path } => format!("reserved {path}"),
            Outcome::Private => "private".to_owned(),
            Outcome::NotFound(page) => format!("404 {}", page.unwrap_or_default()),
            Outcome::BadPath(error) => format!("400 {error:?}"),
        }
    }

    fn check(redirects: &str, spa: bool, rows: &[(&str, Option<&str>, &str)]) {
        let (redirects, warnings) = redirects::parse(redirects);
        assert_eq!(warnings, []);
        let rules = Rules { redirects: &redirects, spa };
        for (path, query, expected) in rows {
            assert_eq!(told(resolve(path, *query, rules, lookup)), *expected, "{path} {query:?}");
        }
    }

    #[test]
    fn paths_find_files_pages_and_folders() {
        check(
            "",
            false,
            &[
                ("/", None, "200 index.html"),
                ("/index.html", None, "200 index.html"),
                ("/index", None, "200 index.html"),
                ("/about", None, "200 about.html"),
                ("/about.html", None, "200 about.html"),
                ("/docs", None, "200 docs/index.html"),
                ("/docs/index.html", None, "200 docs/index.html"),
                ("/both", None, "200 both.html"),
                ("/plain", None, "200 plain"),
                ("/a%20b", None, "200 a b.html"),
                ("/x/../%61bout.html", None, "200 about.html"),
                ("//about", None, "200 about.html"),
                ("/.well-known/security.txt", None, "200 .well-known/security.txt"),
                ("/nowhere", None, "404 404.html"),
                ("/ABOUT", None, "404 404.html"),
            ],
        );
    }

    #[test]
    fn trailing_slash_is_redirected_away() {
        check(
            "",
            true,
            &[
                ("/docs/", None, "308 -> /docs"),
                ("/docs/", Some("a=1&b=%20"), "308 -> /docs?a=1&b=%20"),
                ("/docs/", Some(""), "308 -> /docs"),
                ("/docs//", None, "308 -> /docs"),
                ("/docs/x/..", None, "308 -> /docs"),
                ("//docs/", None, "308 -> /docs"),
                ("/about/", None, "308 -> /about"),
                ("/plain/", None, "308 -> /plain"),
                ("/app.js/", None, "308 -> /app.js"),
                ("/a%20b/", None, "308 -> /a%20b"),
                ("/nowhere/", None, "200 index.html"),
            ],
        );
    }

    #[test]
    fn own_places_come_before_files_and_rules() {
        check(
            "/* /about 200!\n/_ws /about 200!\n/api/old /api/new 301!\n/api/soft /about",
            true,
            &[
                ("/_ws", None, "reserved /_ws"),
                ("/_fazt/x", None, "reserved /_fazt/x"),
                ("/%5Ffazt/x", None, "reserved /_fazt/x"),
                ("/api", None, "function /api?"),
                ("/api/", None, "function /api/?"),
                ("/api/hello.js", Some("a=1"), "function /api/hello.js?a=1"),
                ("/x/../api/hello", None, "function /api/hello?"),
                ("/api/old", None, "301 -> /api/new"),
                ("/api/soft", None, "function /api/soft?"),
                ("/API/hello.js", None, "404 404.html"),
                ("/_fazty", None, "200 about.html"),
            ],
        );
    }

    #[test]
    fn hidden_and_private_files_are_not_served_on_any_way() {
        let rules = "
            /a  /manifest.json      200!
            /b  /private/a.txt      200
            /c  /api/hello.js       404
            /d  /_fazt/x            200
            /e/* /:splat            200
            /f p=:p /:p             200
        ";
        let rows = [
            ("/manifest.json", None, "404 404.html"),
            ("/%6danifest.json", None, "404 404.html"),
            ("/manifest.json/", None, "404 404.html"),
            ("/_redirects", None, "404 404.html"),
            ("/.env", None, "404 404.html"),
            ("/private/a.txt", None, "private"),
            ("/private", None, "private"),
            ("/private/", None, "private"),
            ("/private/nowhere", None, "private"),
            ("/x/../private/a.txt", None, "private"),
            ("/a", None, "404 404.html"),
            ("/b", None, "private"),
            ("/c", None, "404 404.html"),
            ("/d", None, "404 404.html"),
            ("/e/.env", None, "404 404.html"),
            ("/e/private/a.txt", None, "private"),
            ("/f", Some("p=.env"), "404 404.html"),
            ("/f", Some("p=..%2fprivate%2fa.txt"), "200 index.html"),
        ];
        check(rules, true, &rows);
    }

    #[test]
    fn users_of_the_app_get_private_files() {
        let (redirects, _) = redirects::parse("/b /private/a.txt 200");
        let rules = Rules { redirects: &redirects, spa: false };
        for (path, expected) in [
            ("/private/a.txt", "200 private/a.txt"),
            ("/private", "200 private/index.html"),
            ("/private/", "308 -> /private"),
            ("/b", "200 private/a.txt"),
            ("/private/.env", "404 404.html"),
            ("/private/nowhere", "404 404.html"),
        ] {
            assert_eq!(told(resolve_admitted(path, None, rules, lookup)), expected, "{path}");
        }
    }

    #[test]
    fn rules_yield_to_files_unless_forced() {
        check(
            "/about /elsewhere\n/plain /elsewhere 301!\n/docs/ /x 302!\n/new /docs/ 200\n\
             /old/* /gone 410\n/shop/:id /shop/item 200\n/fn /api/hello?x=1 200\n\
             /lost /nowhere 200\n/loop /loop2 200\n/loop2 /about 200\n/* /:splat",
            false,
            &[
                ("/about", None, "200 about.html"),
                ("/plain", None, "301 -> /elsewhere"),
                ("/docs", None, "302 -> /x"),
                ("/new", None, "200 docs/index.html"),
                ("/old/x", None, "410 gone.html"),
                ("/shop/7", None, "200 shop/item.html"),
                ("/fn", Some("y=2"), "function /api/hello?x=1&y=2"),
                ("/lost", None, "404 404.html"),
                ("/loop", None, "404 404.html"),
                ("/nowhere", None, "404 404.html"),
            ],
        );
    }

    #[test]
    fn single_page_apps_answer_pages_but_not_files() {
        check(
            "/old /new",
            true,
            &[
                ("/users/7", None, "200 index.html"),
                ("/users/", None, "200 index.html"),
                ("/old", None, "301 -> /new"),
                ("/missing.js", None, "404 404.html"),
                ("/missing.js/", None, "404 404.html"),
                ("/.well-known/openid-configuration", None, "404 404.html"),
                ("/.hidden", None, "404 404.html"),
            ],
        );
    }

    #[test]
    fn impossible_paths_are_bad() {
        check(
            "/* /about 200!",
            true,
            &[
                ("/../x", None, "400 AboveRoot"),
                ("/%00", None, "400 Control"),
                ("/a%5cb", None, "400 Backslash"),
                ("/%zz", None, "400 Escape"),
                ("x", None, "400 NotAbsolute"),
                ("", None, "400 NotAbsolute"),
            ],
        );
    }

    #[test]
    fn app_without_pages_still_answers() {
        let redirects = Redirects::default();
        let rules = Rules { redirects: &redirects, spa: true };
        for path in ["/", "/x", "/docs/", "/manifest.json"] {
            assert_eq!(
                resolve(path, None, rules, |_| None::<()>),
                Outcome::NotFound(None),
                "{path}"
            );
        }
    }

    #[test]
    fn usual_file_is_resolved_without_copying_its_path() {
        let redirects = Redirects::default();
        let rules = Rules { redirects: &redirects, spa: false };
        let outcome = resolve("/app.js", None, rules, lookup);
        assert!(matches!(outcome, Outcome::File { path: Cow::Borrowed("app.js"), .. }));
    }

    proptest! {
        #[test]
        fn nothing_hidden_or_private_is_ever_served(
            path in "(/|\\.|\\.\\.|%2e|%2F|private|PRIVATE|api|manifest\\.json|\\.env|e|about|\\PC){0,12}",
            query in proptest::option::of("(p=)?(\\.\\.|/|%2f|private|\\.env|a\\.txt|\\PC){0,6}"),
            spa in any::<bool>(),
        ) {
            let (redirects, _) = redirects::parse(
                "/e/* /:splat 200!\n/about/:x p=:p /:x/:p 200\n/* /x/:splat 302",
            );
            let rules = Rules { redirects: &redirects, spa };
            // Every path has a file, so that only the rules keep one back.
            let everything = |path: &str| Some(path.to_owned());
            match resolve(&format!("/{path}"), query.as_deref(), rules, everything) {
                Outcome::File { path, .. } => {
                    prop_assert!(!path::is_hidden(&path) && !path::is_private(&path), "{path}");
                }
                Outcome::Redirect { location, .. } => {
                    prop_assert!(location.starts_with('/') && !location.starts_with("//"));
                    prop_assert!(location.bytes().all(|byte| byte.is_ascii_graphic()));
                    prop_assert!(!location.contains('\\'));
                }
                _ => {}
            }
        }
    }
}
