//! The whole way from a request's target to what answers it.
//!
//! Input: the request target; flags (`s` for a single-page app); then `_redirects`.

use fazt::apps::site::{
    path, redirects,
    resolve::{Outcome, Rules, resolve, resolve_admitted},
};

use crate::check;

const FILES: [&str; 16] = [
    "index.html",
    "404.html",
    "about.html",
    "docs/index.html",
    "plain",
    "a b.html",
    "assets/app.js",
    "manifest.json",
    "_redirects",
    "_headers",
    "api/hello.js",
    ".env",
    ".well-known/security.txt",
    "private/index.html",
    "private/a.txt",
    "gone.html",
];

pub(crate) fn run(data: &[u8]) {
    let Some([target, flags, rules]) = check::lines(data) else { return };
    let (raw, query) = check::split_query(target);
    let (redirects, _) = redirects::parse(rules);
    let rules = Rules { redirects: &redirects, spa: flags.contains('s') };
    let lookup = |path: &str| FILES.contains(&path).then(|| path.to_owned());

    let outcome = resolve(raw, query, rules, lookup);
    holds(&outcome, query);
    match &outcome {
        Outcome::BadPath(error) => assert_eq!(path::normalize(raw), Err(*error)),
        Outcome::File { path, .. } => {
            assert!(!path::is_private(&format!("/{path}")), "{target:?} shows {path:?}");
        }
        Outcome::Redirect { status: 308, location } if redirects.is_empty() => {
            // A canonical path is canonical: the second answer is another.
            let (to, carried) = check::split_query(location);
            let next = resolve(to, carried, rules, lookup);
            assert!(!matches!(next, Outcome::Redirect { .. }), "{target:?} -> {location:?}");
        }
        _ => {}
    }

    let admitted = resolve_admitted(raw, query, rules, lookup);
    holds(&admitted, query);
    assert!(admitted != Outcome::Private, "{target:?} is closed to users of the app");
    if outcome != Outcome::Private {
        assert_eq!(outcome, admitted, "{target:?} is not private, yet differs");
    }
}

fn holds(outcome: &Outcome<'_, String>, sent: Option<&str>) {
    match outcome {
        Outcome::File { file, status, path } => {
            assert_eq!(file, path);
            assert!([200, 404, 410].contains(status), "{status}");
            assert!(!path::is_hidden(&format!("/{path}")), "{path:?} is shown");
        }
        Outcome::Redirect { status, location } => {
            assert!([301, 302, 303, 307, 308].contains(status), "{status}");
            check::is_location(location);
        }
        Outcome::Function { path, query } => {
            check::is_normal(path);
            assert!(path == "/api" || path.starts_with("/api/"), "{path:?} is no function");
            // As it was sent, or as a rule made it.
            let made = query.as_deref().unwrap_or_default();
            assert!(query.as_deref() == sent || made.bytes().all(|b| b.is_ascii_graphic()));
        }
        Outcome::Reserved { path } => check::is_normal(path),
        Outcome::NotFound(page) => assert!(page.as_deref() == Some("404.html")),
        Outcome::Private | Outcome::BadPath(_) => {}
    }
}
