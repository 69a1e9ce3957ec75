//! Which extra headers does an app's `_headers` put on an answer?
//!
//! Netlify's syntax, parsed at deploy: a path, then `Name: value` lines. Headers that frame
//! a message or that fazt computes are refused here, so that whoever writes the answer can
//! take the rest as they are. Deliberately absent: the defaults these headers override.

use super::pattern::{Pattern, Warning, Warnings, lines, quote};

/// How many path lines a file may hold.
const MAX_RULES: usize = 1_000;

/// The longest value of one header in bytes, also after joining.
const MAX_VALUE: usize = 8 * 1024;

/// The most bytes of names and values in one file: if every rule matches, all of them stand
/// in one answer, which clients limit to about as much.
const MAX_TOTAL: usize = 64 * 1024;

/// Headers an app cannot set, and the reason its author is told.
const REFUSED: [(&str, &[&str]); 3] = [
    (
        "frames the message",
        &[
            "connection",
            "content-length",
            "date",
            "host",
            "keep-alive",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
        ],
    ),
    (
        "is computed by fazt",
        &[
            "accept-ranges",
            "content-encoding",
            "content-range",
            "etag",
            "last-modified",
            "location",
            // A cache would else mix up the encodings of a file.
            "vary",
        ],
    ),
    // Netlify's own: sent as written, it would show the password to every visitor.
    ("is not supported; use the `private/` folder", &["basic-auth"]),
];

/// The rules of one `_headers` file.
#[derive(Clone, Debug, Default)]
pub struct HeaderRules(Vec<Rule>);

#[derive(Clone, Debug)]
struct Rule {
    path: Pattern,
    headers: Vec<(String, String)>,
}

/// Which rule a header line belongs to.
enum Place {
    Nowhere,
    /// Below a line that was warned of, which speaks for its headers too.
    Ignored,
    Rule,
}

/// Reads a `_headers` file; what is wrong with it never refuses the rest.
#[must_use]
pub fn parse(text: &str) -> (HeaderRules, Vec<Warning>) {
    let mut rules: Vec<Rule> = Vec::new();
    let mut warnings = Warnings::default();
    let mut room = MAX_TOTAL;
    let mut place = Place::Nowhere;
    for (number, line) in lines(text).map(|(number, line)| (number, line.trim())) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if is_path(line) {
            if rules.len() >= MAX_RULES {
                warnings.add(number, format!("the paths from here on exceed {MAX_RULES}"));
                break;
            }
            match Pattern::parse(line) {
                Ok(path) => {
                    place = Place::Rule;
                    rules.push(Rule { path, headers: Vec::new() });
                }
                Err(message) => {
                    place = Place::Ignored;
                    warnings.add(number, message);
                }
            }
            continue;
        }
        match (&place, rules.last_mut()) {
            (Place::Ignored, _) => {}
            (Place::Rule, Some(rule)) => {
                if let Err(message) = rule.read(line, &mut room) {
                    warnings.add(number, message);
                }
            }
            _ => {
                place = Place::Ignored;
                warnings.add(number, "the header stands before any path");
            }
        }
    }
    rules.retain(|rule| !rule.headers.is_empty());
    (HeaderRules(rules), warnings.into_vec())
}

impl HeaderRules {
    /// Gives the headers for a normal path, their names in lower case.
    ///
    /// Every matching rule counts. As on Netlify, a name repeated within a rule has its
    /// values joined, and a later rule replaces what an earlier one said under that name:
    /// `/*` sets what `/assets/*` changes. Cookies are kept apart and all of them sent,
    /// since a comma may be part of one (RFC 6265 §3).
    #[must_use]
    pub fn for_path(&self, path: &str) -> Vec<(String, String)> {
        let mut headers: Vec<(String, String)> = Vec::new();
        for (name, value) in
            self.0.iter().filter(|rule| rule.path.matches(path)).flat_map(|rule| &rule.headers)
        {
            match headers.iter_mut().find(|(known, _)| known == name && !is_cookie(name)) {
                Some((_, replaced)) => replaced.clone_from(value),
                None => headers.push((name.clone(), value.clone())),
            }
        }
        headers
    }

    /// Tells whether there is no rule at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Rule {
    /// Adds a header line, joined to one of the same name; `room` is what the file may
    /// still hold.
    fn read(&mut self, line: &str, room: &mut usize) -> Result<(), String> {
        let (name, value) = header(line)?;
        let size = name.len() + value.len();
        if size > *room {
            return Err(format!("the file's headers exceed {MAX_TOTAL} bytes"));
        }
        let same = self.headers.iter_mut().find(|(known, _)| *known == name && !is_cookie(&name));
        match same {
            Some((_, joined)) if joined.len() + value.len() + 2 > MAX_VALUE => {
                return Err(format!("the joined values of `{name}` exceed {MAX_VALUE} bytes"));
            }
            Some((_, joined)) => {
                joined.push_str(", ");
                joined.push_str(value);
            }
            None => self.headers.push((name, value.to_owned())),
        }
        *room -= size;
        Ok(())
    }
}

/// Tells a path line from a header; no header's name begins so.
fn is_path(line: &str) -> bool {
    line.starts_with('/') || line.starts_with("http://") || line.starts_with("https://")
}

/// Reads one `Name: value` line.
fn header(line: &str) -> Result<(String, &str), String> {
    let (name, value) = line
        .split_once(':')
        .ok_or_else(|| format!("{} is neither a path nor a `Name: value` line", quote(line)))?;
    let name = name.trim().to_ascii_lowercase();
    let value = value.trim();
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(format!("{} is not a header name", quote(&name)));
    }
    if let Some((reason, _)) = REFUSED.iter().find(|(_, names)| names.contains(&name.as_str())) {
        return Err(format!("header `{name}` {reason}"));
    }
    if value.is_empty() {
        return Err(format!("header `{name}` has no value"));
    }
    if value.len() > MAX_VALUE {
        return Err(format!("the value of `{name}` is longer than {MAX_VALUE} bytes"));
    }
    // Other bytes than these are read differently by different clients (RFC 9110 §5.5).
    if !value.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) {
        return Err(format!("the value of `{name}` holds a character that is not allowed"));
    }
    Ok((name, value))
}

fn is_cookie(name: &str) -> bool {
    name == "set-cookie"
}

/// Tells whether a byte may stand in a header's name (RFC 9110 §5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn applied(text: &str, path: &str) -> Vec<String> {
        let (rules, warnings) = parse(text);
        assert_eq!(warnings, [], "{text}");
        rules.for_path(path).into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn all_matching_rules_apply_in_order() {
        let text = "
# comment
/*
  X-Frame-Options: DENY
  Cache-Control: public
  # a comment among headers
  Cache-Control: max-age=60
  Set-Cookie: a=1
  Set-Cookie: b=2

/assets/*
  cache-control: max-age=600
  Set-Cookie: c=3
/users/:id
\tLink: </a.css>; rel=preload
";
        let rows: [(&str, &[&str]); 3] = [
            (
                "/",
                &[
                    "x-frame-options=DENY",
                    "cache-control=public, max-age=60",
                    "set-cookie=a=1",
                    "set-cookie=b=2",
                ],
            ),
            (
                "/assets/a.js",
                &[
                    "x-frame-options=DENY",
                    "cache-control=max-age=600",
                    "set-cookie=a=1",
                    "set-cookie=b=2",
                    "set-cookie=c=3",
                ],
            ),
            (
                "/users/7",
                &[
                    "x-frame-options=DENY",
                    "cache-control=public, max-age=60",
                    "set-cookie=a=1",
                    "set-cookie=b=2",
                    "link=</a.css>; rel=preload",
                ],
            ),
        ];
        for (path, expected) in rows {
            assert_eq!(applied(text, path), expected, "{path}");
        }
        assert_eq!(applied("/a\n  X: 1", "/b"), Vec::<String>::new());
    }

    #[test]
    fn unclear_or_dangerous_headers_are_warned_of_and_ignored() {
        let rows = [
            ("Content-Length: 5", "frames the message"),
            ("transfer-encoding: chunked", "frames the message"),
            ("Connection: close", "frames the message"),
            ("Content-Encoding: br", "computed by fazt"),
            ("ETag: \"x\"", "computed by fazt"),
            ("Vary: *", "computed by fazt"),
            ("Basic-Auth: bob:secret", "not supported"),
            ("nonsense", "neither a path"),
            (": x", "not a header name"),
            ("Bad Name: x", "not a header name"),
            ("Näme: x", "not a header name"),
            ("X-Empty:", "has no value"),
            ("X-Odd: a\u{1}b", "not allowed"),
            ("X-Odd: é", "not allowed"),
        ];
        for (line, message) in rows {
            let (rules, warnings) = parse(&format!("/*\n  {line}\n  X-Ok: 1"));
            assert_eq!(warnings.len(), 1, "{line}");
            assert_eq!(warnings[0].line, 2, "{line}");
            assert!(warnings[0].message.contains(message), "{line}: {}", warnings[0].message);
            assert_eq!(rules.for_path("/"), [("x-ok".to_owned(), "1".to_owned())], "{line}");
        }
    }

    #[test]
    fn headers_without_a_path_are_warned_of_once() {
        let (rules, warnings) = parse("X-A: 1\nX-B: 2\n/*/b\n  X-C: 3\nhttps://a.com/\n  X-D: 4");
        assert!(rules.is_empty());
        assert_eq!(warnings.iter().map(|warning| warning.line).collect::<Vec<_>>(), [1, 3, 5]);
    }

    #[test]
    fn sizes_are_limited() {
        let long = "v".repeat(MAX_VALUE + 1);
        assert_eq!(parse(&format!("/*\n  X: {long}")).1.len(), 1);
        let half = "v".repeat(MAX_VALUE / 2);
        assert_eq!(parse(&format!("/*\n  X: {half}\n  X: {half}")).1.len(), 1);
        let full = format!("  Set-Cookie: {}\n", "v".repeat(MAX_VALUE));
        let (rules, warnings) = parse(&format!("/*\n{}", full.repeat(9)));
        assert_eq!((rules.for_path("/").len(), warnings.len()), (7, 2));
        let (rules, warnings) = parse(&"/*\n  X: 1\n".repeat(MAX_RULES + 9));
        assert_eq!((rules.0.len(), warnings.len()), (MAX_RULES, 1));
    }

    proptest! {
        #[test]
        fn any_file_is_parsed_and_asked_without_panic(
            text in "([/:*a#%X\\-\n\t é]|: |Set-Cookie){0,80}",
            path in any::<String>(),
        ) {
            for (name, value) in parse(&text).0.for_path(&path) {
                prop_assert!(name.bytes().all(is_token));
                prop_assert!(value.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t')));
            }
        }
    }
}
