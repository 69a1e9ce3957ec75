//! A request's path: normal means normal, and hidden is hidden in any letter case.
//!
//! Input: the path as sent.

use fazt::apps::site::path;

use crate::check;

pub(crate) fn run(data: &[u8]) {
    let Ok(raw) = str::from_utf8(data) else { return };
    check::is_location(&path::encode(raw));
    let query = path::encode_query(raw);
    assert!(query.bytes().all(|b| b.is_ascii_graphic() && b != b'#'), "{query:?}");
    let Ok(normal) = path::normalize(raw) else { return };
    assert!(raw.len() <= path::MAX_PATH && normal.len() <= raw.len(), "{raw:?} -> {normal:?}");
    check::is_normal(&normal);
    // Another letter case of a closed name is closed too.
    let lower = normal.to_ascii_lowercase();
    assert!(!path::is_hidden(&lower) || path::is_hidden(&normal), "{normal:?} is shown");
    assert_eq!(path::is_private(&lower), path::is_private(&normal), "{normal:?}");
}
