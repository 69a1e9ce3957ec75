//! `_redirects`: a visitor chooses neither the host nor a way out of the app.
//!
//! Input: the request target, then the file.

use fazt::apps::site::{
    path,
    redirects::{self, Hit},
};

use crate::check;

pub(crate) fn run(data: &[u8]) {
    let Some([target, text]) = check::lines(data) else { return };
    let (redirects, warnings) = redirects::parse(text);
    check::are_warnings(&warnings, text);
    let (raw, query) = check::split_query(target);
    let Ok(normal) = path::normalize(raw) else { return };
    let any = redirects.find(&normal, query, false);
    let forced = redirects.find(&normal, query, true);
    let function = redirects.find_for_function(&normal, query);
    assert!(!redirects.is_empty() || any.is_none());
    assert!(redirects.has_forced() || forced.is_none() && function.is_none());
    assert!(forced.is_none() || any.is_some(), "a forced rule is a rule");
    for hit in [any, forced, function].into_iter().flatten() {
        match hit {
            Hit::Redirect { status, location } => {
                assert!([301, 302, 303, 307, 308].contains(&status), "{status}");
                check::is_location(&location);
                if !location.starts_with('/') {
                    let origin = location.splitn(4, ['/', '?', '#']).take(3).collect::<Vec<_>>();
                    assert!(text.contains(origin[2]), "{location:?} is not of the file");
                }
            }
            Hit::Rewrite { status, path, .. } => {
                assert!([200, 404, 410].contains(&status), "{status}");
                check::is_normal(&path);
            }
        }
    }
}
