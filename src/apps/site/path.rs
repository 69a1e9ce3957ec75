//! What does the path of a request mean, and may it be served at all?
//!
//! `normalize` decodes once and folds dots, so that every later rule sees one spelling of a
//! path; `encode` is the way back into a `Location`. `is_hidden` and `is_private` are asked
//! of the normal form only. Knows nothing of files: a path here is a name, not a place.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// The longest path a visitor may send, in bytes as sent.
pub const MAX_PATH: usize = 2_048;

/// What may not stand raw in the path of a URI reference (RFC 3986 §3.3), `%` included
/// because the input is decoded text.
pub(super) const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What may not stand raw in a query; `%` stays, since a query is carried as received.
pub(super) const QUERY: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'\\');

/// Why a path was refused.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum PathError {
    /// It does not begin with a slash.
    #[error("the path does not begin with `/`")]
    NotAbsolute,
    /// It is longer than any file's name may be.
    #[error("the path is longer than {MAX_PATH} bytes")]
    TooLong,
    /// A `%` without two hexadecimal digits behind it.
    #[error("the path holds a broken percent escape")]
    Escape,
    /// The decoded bytes are not text.
    #[error("the path is not valid UTF-8")]
    Utf8,
    /// NUL or another control character, which no file name of an app holds.
    #[error("the path holds a control character")]
    Control,
    /// A backslash, which some clients read as a slash and others do not.
    #[error("the path holds a backslash")]
    Backslash,
    /// A `..` that would leave the app.
    #[error("the path climbs above its root")]
    AboveRoot,
}

/// Decodes a URI path exactly once and folds `//`, `.` and `..`; one trailing slash stays.
///
/// An encoded slash or dot counts as the character it stands for: the rules that follow
/// must not see another path than a reader of the decoded text would.
///
/// # Errors
///
/// Refuses what no path of an app can be; the answer to it is 400.
pub fn normalize(raw: &str) -> Result<Cow<'_, str>, PathError> {
    if raw.len() > MAX_PATH {
        return Err(PathError::TooLong);
    }
    if !raw.starts_with('/') {
        return Err(PathError::NotAbsolute);
    }
    if is_plain(raw.as_bytes()) {
        return Ok(Cow::Borrowed(raw));
    }
    match decode(raw)? {
        Cow::Borrowed(text) => fold(text),
        Cow::Owned(text) => fold(&text).map(|folded| Cow::Owned(folded.into_owned())),
    }
}

/// Tells whether a normal path is one of the names an app keeps to itself.
///
/// Letter case is ignored, so that `/API/x` and `/Manifest.JSON` do not slip past on the
/// way to a client or proxy that ignores it too.
#[must_use]
pub fn is_hidden(path: &str) -> bool {
    const ROOT_FILES: [&str; 4] = ["manifest.json", "fazt.json", "_redirects", "_headers"];
    let path = path.strip_prefix('/').unwrap_or(path);
    let name = path.strip_suffix('/').unwrap_or(path);
    if ROOT_FILES.iter().any(|file| file.eq_ignore_ascii_case(name)) {
        return true;
    }
    if first_segment(path).eq_ignore_ascii_case("api") {
        return true;
    }
    let visible = path.strip_prefix(".well-known");
    let visible = visible.filter(|rest| rest.is_empty() || rest.starts_with('/')).unwrap_or(path);
    visible.split('/').any(|segment| segment.starts_with('.'))
}

/// Tells whether a normal path lies in the folder only users of the app may read.
#[must_use]
pub fn is_private(path: &str) -> bool {
    first_segment(path.strip_prefix('/').unwrap_or(path)).eq_ignore_ascii_case("private")
}

/// Writes a decoded path as a path reference on the same host, fit for a `Location`.
///
/// It begins with exactly one slash whatever the input: `//evil.com` would be read as
/// another host (RFC 3986 §4.2), and browsers read a backslash there as a slash.
#[must_use]
pub fn encode(path: &str) -> String {
    let path = path.trim_start_matches(['/', '\\']);
    let mut encoded = String::with_capacity(path.len() + 1);
    encoded.push('/');
    encoded.extend(utf8_percent_encode(path, PATH));
    encoded
}

/// Makes a received query safe to stand in a `Location`, keeping its escapes as they are.
#[must_use]
pub fn encode_query(query: &str) -> Cow<'_, str> {
    utf8_percent_encode(query, QUERY).into()
}

/// Tells whether a path is the folder itself or lies below it; both without trailing slash
/// on the folder.
pub(super) fn is_under(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Decodes percent escapes once.
pub(super) fn decode(raw: &str) -> Result<Cow<'_, str>, PathError> {
    if !raw.contains('%') {
        return Ok(Cow::Borrowed(raw));
    }
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next().unwrap_or_default()).to_digit(16);
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(PathError::Escape);
        };
        decoded.push(u8::try_from(high * 16 + low).expect("two hexadecimal digits make a byte"));
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| PathError::Utf8)
}

/// Folds empty and dot segments of decoded text and refuses what no path may hold.
pub(super) fn fold(text: &str) -> Result<Cow<'_, str>, PathError> {
    if text.chars().any(char::is_control) {
        return Err(PathError::Control);
    }
    if text.contains('\\') {
        return Err(PathError::Backslash);
    }
    let mut folded = String::with_capacity(text.len() + 1);
    let mut open = true;
    for segment in text.split('/') {
        open = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => match folded.rfind('/') {
                Some(slash) => folded.truncate(slash),
                None => return Err(PathError::AboveRoot),
            },
            _ => {
                folded.push('/');
                folded.push_str(segment);
            }
        }
    }
    if open {
        folded.push('/');
    }
    Ok(if folded == text { Cow::Borrowed(text) } else { Cow::Owned(folded) })
}

/// Tells in one pass whether a path is plain ASCII that normalising would not change.
fn is_plain(path: &[u8]) -> bool {
    let mut before = 0;
    for &byte in path {
        match byte {
            b'%' | b'\\' | 0..=0x1f | 0x7f.. => return false,
            // Any segment that opens with a dot goes the slow way; they are rare.
            b'/' | b'.' if before == b'/' => return false,
            _ => before = byte,
        }
    }
    true
}

/// Gives the part of a path before its first slash.
fn first_segment(path: &str) -> &str {
    path.split_once('/').map_or(path, |(first, _)| first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_have_one_spelling() {
        let rows = [
            ("/", "/"),
            ("//", "/"),
            ("/a/b.html", "/a/b.html"),
            ("/a/", "/a/"),
            ("/a//b///", "/a/b/"),
            ("/./a/./b", "/a/b"),
            ("/a/.", "/a/"),
            ("/a/..", "/"),
            ("/a/b/../c", "/a/c"),
            ("/a/b/..", "/a/"),
            ("/a/%2e%2E/b", "/b"),
            ("/a%2Fb", "/a/b"),
            ("/%2F%2Fevil.com", "/evil.com"),
            ("/a%20b", "/a b"),
            ("/caf%C3%A9", "/café"),
            ("/café", "/café"),
            ("/%252e%252e/x", "/%2e%2e/x"),
            ("/.well-known/x", "/.well-known/x"),
            ("/...", "/..."),
            ("/..a/b", "/..a/b"),
            ("/a+b", "/a+b"),
        ];
        for (raw, expected) in rows {
            assert_eq!(normalize(raw).unwrap(), expected, "{raw}");
        }
    }

    #[test]
    fn dangerous_paths_are_refused() {
        let rows = [
            ("", PathError::NotAbsolute),
            ("a/b", PathError::NotAbsolute),
            ("*", PathError::NotAbsolute),
            ("/..", PathError::AboveRoot),
            ("/../etc/passwd", PathError::AboveRoot),
            ("/a/../../b", PathError::AboveRoot),
            ("/%2e%2e/etc", PathError::AboveRoot),
            ("/%2e%2e%2fetc", PathError::AboveRoot),
            ("/a%00b", PathError::Control),
            ("/a\0b", PathError::Control),
            ("/a%0d%0aSet-Cookie:x", PathError::Control),
            ("/a%7f", PathError::Control),
            ("/a%c2%85", PathError::Control),
            ("/a\\b", PathError::Backslash),
            ("/a%5cb", PathError::Backslash),
            ("/%zz", PathError::Escape),
            ("/%", PathError::Escape),
            ("/%4", PathError::Escape),
            ("/%+1", PathError::Escape),
            ("/%é1", PathError::Escape),
            ("/%ff", PathError::Utf8),
            ("/%c0%af", PathError::Utf8),
        ];
        for (raw, expected) in rows {
            assert_eq!(normalize(raw), Err(expected), "{raw:?}");
        }
    }

    #[test]
    fn length_is_limited_as_sent() {
        let fits = format!("/{}", "a".repeat(MAX_PATH - 1));
        assert_eq!(normalize(&fits).unwrap(), fits);
        assert_eq!(normalize(&format!("{fits}a")), Err(PathError::TooLong));
    }

    #[test]
    fn normal_path_is_not_copied() {
        for raw in ["/", "/a/b.html", "/a/", "/.well-known/acme", "/café"] {
            assert!(matches!(normalize(raw), Ok(Cow::Borrowed(_))), "{raw}");
        }
    }

    #[test]
    fn own_files_of_an_app_are_hidden() {
        let hidden = [
            "/manifest.json",
            "/manifest.json/",
            "/Manifest.JSON",
            "/fazt.json",
            "/_redirects",
            "/_headers",
            "/api",
            "/api/",
            "/api/hello.js",
            "/API/hello.js",
            "/.env",
            "/.git/config",
            "/a/.secret/b",
            "/.well-known/.secret",
            "/.well-known-not/x",
            "/.Well-Known/x",
            "/a/.well-known/x",
            "manifest.json",
        ];
        for path in hidden {
            assert!(is_hidden(path), "{path}");
        }
        let shown = [
            "/",
            "/index.html",
            "/a/manifest.json",
            "/a/_redirects",
            "/a/api/x",
            "/apis",
            "/manifest.jsonx",
            "/.well-known",
            "/.well-known/security.txt",
            "/a.b/c.d",
        ];
        for path in shown {
            assert!(!is_hidden(path), "{path}");
        }
    }

    #[test]
    fn private_folder_is_private_in_any_case() {
        for path in ["/private", "/private/", "/private/a.txt", "/Private/a.txt", "private/a"] {
            assert!(is_private(path), "{path}");
        }
        for path in ["/", "/private.html", "/a/private/b", "/privates"] {
            assert!(!is_private(path), "{path}");
        }
    }

    #[test]
    fn encoded_path_stays_on_its_host() {
        let rows = [
            ("/a b", "/a%20b"),
            ("//evil.com", "/evil.com"),
            ("/\\evil.com", "/evil.com"),
            ("", "/"),
            ("/a%41?b#c", "/a%2541%3Fb%23c"),
            ("/café", "/caf%C3%A9"),
            ("/a\r\nb", "/a%0D%0Ab"),
        ];
        for (path, expected) in rows {
            assert_eq!(encode(path), expected, "{path:?}");
        }
        assert_eq!(encode_query("a=%20&b=\r\n"), "a=%20&b=%0D%0A");
    }

    proptest! {
        #[test]
        fn normal_paths_never_leave_the_root(raw in "/(\\PC|[./%25eE\\\\a]){0,60}") {
            let Ok(path) = normalize(&raw) else { return Ok(()) };
            prop_assert!(path.starts_with('/') && !path.contains("//"));
            prop_assert!(!path.contains('\\') && !path.contains(char::is_control));
            prop_assert!(path.split('/').all(|segment| segment != "." && segment != ".."));
            let _ = (is_hidden(&path), is_private(&path));
        }

        #[test]
        fn any_text_is_normalised_without_panic(raw in any::<String>()) {
            let _ = normalize(&raw);
            let _ = (is_hidden(&raw), is_private(&raw));
        }

        #[test]
        fn encoding_a_normal_path_round_trips(raw in "/(\\PC|[./a%20]){0,40}") {
            if let Ok(path) = normalize(&raw) {
                let encoded = encode(&path);
                if encoded.len() <= MAX_PATH {
                    prop_assert_eq!(normalize(&encoded).unwrap(), path);
                }
                prop_assert!(encoded.is_ascii());
            }
        }
    }
}
