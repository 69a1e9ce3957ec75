//! What several targets assert, and how they read their inputs.

use fazt::apps::site::path;

/// The input as text and its first lines; the last piece is all that is left.
pub(crate) fn lines<const N: usize>(data: &[u8]) -> Option<[&str; N]> {
    let mut pieces = str::from_utf8(data).ok()?.splitn(N, '\n');
    let mut lines = [""; N];
    for line in &mut lines {
        *line = pieces.next().unwrap_or_default();
    }
    Some(lines)
}

/// A path and its query, as in a request line.
pub(crate) fn split_query(target: &str) -> (&str, Option<&str>) {
    target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)))
}

/// A normal path has one spelling and stays inside the app.
pub(crate) fn is_normal(normal: &str) {
    assert!(normal.starts_with('/'), "{normal:?} is not absolute");
    assert!(!normal.contains("//"), "{normal:?} has an empty segment");
    assert!(!normal.split('/').any(|part| part == "." || part == ".."), "{normal:?} has dots");
    assert!(!normal.contains('\\') && !normal.contains(char::is_control), "{normal:?}");
    let encoded = path::encode(normal);
    is_location(&encoded);
    if encoded.len() <= path::MAX_PATH {
        assert_eq!(path::normalize(&encoded).as_deref(), Ok(normal), "via {encoded:?}");
    }
}

/// A `Location` is one line of printable ASCII; on the same app it names no host.
pub(crate) fn is_location(location: &str) {
    assert!(location.bytes().all(|byte| byte.is_ascii_graphic()), "{location:?} is no header");
    let local = location.starts_with('/') && !location[1..].starts_with(['/', '\\']);
    let abroad = location.starts_with("http://") || location.starts_with("https://");
    assert!(local || abroad, "{location:?} leads somewhere else");
}

/// A warning is one short line about a line that is there.
pub(crate) fn are_warnings(warnings: &[fazt::apps::site::Warning], text: &str) {
    assert!(warnings.len() <= 100, "{} warnings", warnings.len());
    for warning in warnings {
        let line = usize::try_from(warning.line).unwrap_or(usize::MAX);
        assert!((1..=text.lines().count()).contains(&line), "{warning:?}");
        assert!(!warning.message.contains(char::is_control), "{warning:?}");
    }
}
