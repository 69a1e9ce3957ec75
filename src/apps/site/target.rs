//! Where does a line of `_redirects` lead once its placeholders are filled in?
//!
//! A target is compiled at deploy and filled per request, into a `Location` or into another
//! path of the app. What a visitor sent can change neither the host nor the header: values
//! are encoded for where they stand, and the host holds none. Knows nothing of matching.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::path::{self, PathError};
use super::pattern::{Captures, name_length, quote};

/// What may not stand raw in the value of a query parameter.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A compiled target.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Scheme and host of another site, or nothing for a path of this app.
    origin: String,
    path: Template,
    query: Option<Template>,
    fragment: Option<Template>,
}

/// Text as written with the names of captures in it.
#[derive(Clone, Debug)]
struct Template(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Capture(String),
}

impl Target {
    /// Compiles a target; `knows` tells which names its rule captures.
    pub(super) fn parse(text: &str, knows: impl Fn(&str) -> bool) -> Result<Self, String> {
        if text.contains(|letter: char| letter == '\\' || letter.is_control()) {
            return Err(format!("target {} holds a backslash or control character", quote(text)));
        }
        let (origin, rest) = split_origin(text)?;
        let (rest, fragment) = split_at(rest, '#');
        let (path, query) = split_at(rest, '?');
        let part = |text: Option<&str>| text.map(|text| Template::parse(text, &knows)).transpose();
        let target = Self {
            origin: origin.to_owned(),
            path: Template::parse(path, &knows)?,
            query: part(query)?,
            fragment: part(fragment)?,
        };
        if target.is_local() {
            // Filled with nothing it must be a path, or no request could make it one.
            target
                .rewritten(&Captures::default())
                .map_err(|error| format!("target {}: {error}", quote(text)))?;
        }
        Ok(target)
    }

    /// Tells whether the target is a path of the same app.
    pub(super) fn is_local(&self) -> bool {
        self.origin.is_empty()
    }

    /// Fills the target into a `Location`, `query` being what `self.query` made.
    ///
    /// On the same app it begins with exactly one slash: a splat that begins with one would
    /// else make `//evil.com` of `/:splat`.
    pub(super) fn location(&self, captures: &Captures<'_>, query: Option<&str>) -> String {
        let path = self.path.fill(captures, path::PATH);
        let mut location = self.origin.clone();
        if self.is_local() {
            location.push('/');
            location.push_str(path.trim_start_matches('/'));
        } else {
            location.push_str(&path);
        }
        if let Some(query) = query {
            location.push('?');
            location.push_str(query);
        }
        if let Some(fragment) = &self.fragment {
            location.push('#');
            location.push_str(&fragment.fill(captures, path::PATH));
        }
        location
    }

    /// Fills the target into a normal path, decoded as a request's path is.
    pub(super) fn rewritten(&self, captures: &Captures<'_>) -> Result<String, PathError> {
        let mut text = String::new();
        for piece in &self.path.0 {
            match piece {
                Piece::Text(written) => text.push_str(&path::decode(written)?),
                Piece::Capture(name) => text.push_str(captures.get(name).unwrap_or_default()),
            }
        }
        path::fold(&text).map(Cow::into_owned)
    }

    /// Makes the query that goes with the target.
    ///
    /// The target's own parameters come first and win; of the received query the rest is
    /// kept, except parameters of the same name and those in `spent`, which the rule has
    /// used up.
    pub(super) fn query<'q>(
        &self,
        captures: &Captures<'_>,
        received: Option<&'q str>,
        spent: impl Fn(&str) -> bool,
    ) -> Option<Cow<'q, str>> {
        let own = self.query.as_ref().map(|query| query.fill(captures, VALUE)).unwrap_or_default();
        let own_pairs = own.split('&').filter(|pair| !pair.is_empty());
        let own_names: Vec<_> = own_pairs.map(|pair| parameter(pair).0).collect();
        let taken = |pair: &str| {
            let name = parameter(pair).0;
            spent(&name) || own_names.contains(&name)
        };
        let pairs = || received.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        if own.is_empty() && !pairs().any(taken) {
            return received.filter(|query| !query.is_empty()).map(path::encode_query);
        }
        let mut query = own.clone();
        for pair in pairs().filter(|pair| !taken(pair)) {
            if !query.is_empty() {
                query.push('&');
            }
            query.push_str(&path::encode_query(pair));
        }
        (!query.is_empty()).then_some(Cow::Owned(query))
    }
}

impl Template {
    fn parse(text: &str, knows: impl Fn(&str) -> bool) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = 0;
        for (colon, _) in text.match_indices(':') {
            let end = colon + 1 + name_length(&text[colon + 1..]);
            let name = &text[colon + 1..end];
            if colon < plain || name.is_empty() {
                continue;
            }
            if knows(name) {
                pieces.push(Piece::Text(text[plain..colon].to_owned()));
                pieces.push(Piece::Capture(name.to_owned()));
                plain = end;
            } else if text[..colon].ends_with(['/', '=']) {
                // Elsewhere, as in `/wiki/Talk:Main`, a colon is a colon.
                return Err(format!("the rule captures nothing named {}", quote(name)));
            }
        }
        pieces.push(Piece::Text(text[plain..].to_owned()));
        Ok(Self(pieces))
    }

    /// Fills in captures, encoded by `set`; what the author wrote keeps its escapes.
    fn fill(&self, captures: &Captures<'_>, set: &'static AsciiSet) -> String {
        let mut filled = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.extend(utf8_percent_encode(text, path::QUERY)),
                Piece::Capture(name) => {
                    let value = captures.get(name).unwrap_or_default();
                    filled.extend(utf8_percent_encode(value, set));
                }
            }
        }
        filled
    }
}

/// Reads one `name=value` of a query string, as a form would have written it.
pub(super) fn parameter(pair: &str) -> (Cow<'_, str>, Cow<'_, str>) {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    (unescape(name), unescape(value))
}

fn unescape(text: &str) -> Cow<'_, str> {
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        return Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned());
    }
    percent_decode_str(text).decode_utf8_lossy()
}

/// Parts scheme and host from the rest; the host is checked, so that no value can extend it.
fn split_origin(text: &str) -> Result<(&str, &str), String> {
    if text.starts_with("//") {
        return Err(format!("target {} needs `https:` before it to be a host", quote(text)));
    }
    if text.starts_with('/') {
        return Ok(("", text));
    }
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return Err(format!("target {} is neither a path nor an http(s) address", quote(text)));
    };
    let host = rest.find(['/', '?', '#']).map_or(rest, |end| &rest[..end]);
    super::host::canonical(host.as_bytes())
        .map_err(|error| format!("target {}: {error}", quote(text)))?;
    Ok(text.split_at(text.len() - rest.len() + host.len()))
}

/// Splits at the first mark, which belongs to neither half.
fn split_at(text: &str, mark: char) -> (&str, Option<&str>) {
    text.split_once(mark).map_or((text, None), |(before, after)| (before, Some(after)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filled(target: &str, name: &str, value: &str, query: Option<&str>) -> String {
        let target = Target::parse(target, |known| known == name).unwrap();
        let mut captures = Captures::default();
        captures.add(name, value);
        let query = target.query(&captures, query, |_| false);
        target.location(&captures, query.as_deref())
    }

    #[test]
    fn values_are_encoded_for_where_they_stand() {
        let rows = [
            ("/b/:x", "a b", "/b/a%20b"),
            ("/b/:x", "a/b", "/b/a/b"),
            ("/b/:x.html", "a?b#c%d", "/b/a%3Fb%23c%25d.html"),
            ("/b?q=:x", "a/b&c=d", "/b?q=a%2Fb%26c%3Dd"),
            ("/b#:x", "é", "/b#%C3%A9"),
            ("/:x", "/evil.com", "/evil.com"),
            ("/:x", "a\r\nSet-Cookie: b", "/a%0D%0ASet-Cookie:%20b"),
            ("https://b.com/:x", "/a", "https://b.com//a"),
            ("https://b.com:8080/é/%20/:x", "a", "https://b.com:8080/%C3%A9/%20/a"),
            ("https://b.com", "a", "https://b.com"),
            ("https://b.com?q=:x", "a", "https://b.com?q=a"),
            ("/wiki/Talk:Main/:x-:x", "a", "/wiki/Talk:Main/a-a"),
            ("/at/12:30", "a", "/at/12:30"),
        ];
        for (target, value, expected) in rows {
            assert_eq!(filled(target, "x", value, None), expected, "{target} with {value:?}");
        }
    }

    #[test]
    fn targets_own_parameters_win_over_received_ones() {
        let rows = [
            ("/b", None, "/b"),
            ("/b", Some(""), "/b"),
            ("/b", Some("a=1&a=2"), "/b?a=1&a=2"),
            ("/b?a=9", Some("a=1&c=2"), "/b?a=9&c=2"),
            ("/b?a=9", Some("%61=1"), "/b?a=9"),
            ("/b?a=9", None, "/b?a=9"),
            ("/b?", Some("c=\u{1}"), "/b?c=%01"),
            ("/b#f", Some("c=2"), "/b?c=2#f"),
        ];
        for (target, query, expected) in rows {
            assert_eq!(filled(target, "x", "v", query), expected, "{target} with {query:?}");
        }
    }

    #[test]
    fn hosts_made_of_values_are_refused() {
        for target in [
            "https://:x.example.com/",
            "https://example.com:x",
            "https://a@example.com/",
            "https://",
            "https:///a",
            "//example.com/a",
            "/\\example.com",
            "ftp://example.com",
            "javascript:alert(1)",
            "a",
            "/:unknown",
            "/a?b=:unknown",
            "/%zz",
            "/../a",
        ] {
            assert!(Target::parse(target, |name| name == "x").is_err(), "{target}");
        }
    }

    #[test]
    fn rewrites_are_normal_paths() {
        let target = Target::parse("/caf%C3%A9//:x/", |name| name == "x").unwrap();
        let mut captures = Captures::default();
        captures.add("x", "%2e");
        assert_eq!(target.rewritten(&captures).unwrap(), "/café/%2e/");
        let mut captures = Captures::default();
        captures.add("x", "..");
        assert_eq!(target.rewritten(&captures).unwrap(), "/");
        let mut captures = Captures::default();
        captures.add("x", "../..");
        assert_eq!(target.rewritten(&captures), Err(PathError::AboveRoot));
    }

    proptest! {
        #[test]
        fn location_keeps_host_and_header_whatever_the_values(
            value in any::<String>(),
            query in proptest::option::of(any::<String>()),
        ) {
            let local = filled("/:x", "x", &value, query.as_deref());
            prop_assert!(local.starts_with('/') && !local.starts_with("//"));
            let remote = filled("https://b.com/:x?y=:x#:x", "x", &value, query.as_deref());
            prop_assert!(remote.starts_with("https://b.com/"));
            for location in [local, remote] {
                prop_assert!(location.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\'));
            }
        }

        #[test]
        fn any_target_is_judged_without_panic(text in any::<String>()) {
            let _ = Target::parse(&text, |_| true);
        }
    }
}
