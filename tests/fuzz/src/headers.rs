//! `_headers`: what is sent is one header a line, and none of those fazt makes.
//!
//! Input: a path, then the file.

use fazt::apps::site::{headers, path};

use crate::check;

const OURS: [&str; 6] =
    ["content-length", "transfer-encoding", "connection", "etag", "content-encoding", "location"];

pub(crate) fn run(data: &[u8]) {
    let Some([raw, text]) = check::lines(data) else { return };
    let (rules, warnings) = headers::parse(text);
    check::are_warnings(&warnings, text);
    let Ok(normal) = path::normalize(raw) else { return };
    let headers = rules.for_path(&normal);
    assert!(!rules.is_empty() || headers.is_empty());
    let mut total = 0;
    for (at, (name, value)) in headers.iter().enumerate() {
        total += name.len() + value.len();
        assert!(!OURS.contains(&name.as_str()), "{name} is fazt's own");
        assert!(name.bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase() && b != b':'));
        assert!(value.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t')), "{value:?}");
        assert!(!name.is_empty() && !value.is_empty() && value.len() <= 8 * 1024);
        let twice = headers[..at].iter().any(|(before, _)| before == name);
        assert!(!twice || name == "set-cookie", "{name} is there twice");
    }
    // Joined values add a comma and a space each.
    assert!(total <= 3 * 64 * 1024, "{total} bytes of headers");
}
