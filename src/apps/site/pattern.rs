//! Does a path match a line of `_redirects` or `_headers`?
//!
//! The two files share their comments, their warnings and their patterns: literal segments,
//! `:placeholders` of one segment, and a final `*`. Matching ignores a trailing slash, as
//! Netlify's does. Knows nothing of what a matching line then does.

use super::path;

/// How many warnings one file may raise; a deploy's output is read by a person.
const MAX_WARNINGS: usize = 100;

/// The longest piece of a bad line that its warning repeats.
const MAX_QUOTE: usize = 60;

/// The name under which a splat's text is kept.
pub(super) const SPLAT: &str = "splat";

/// One line of a rules file that was not understood, and is therefore not in force.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Warning {
    /// The line's number, from 1.
    pub line: u32,
    /// What is wrong with it, as a clause without full stop.
    pub message: String,
}

/// Collects warnings up to a limit.
#[derive(Default)]
pub(super) struct Warnings(Vec<Warning>);

impl Warnings {
    /// Notes what is wrong with a line.
    pub(super) fn add(&mut self, line: u32, message: impl Into<String>) {
        let message = match self.0.len() {
            MAX_WARNINGS.. => return,
            count if count == MAX_WARNINGS - 1 => "further warnings are left out".to_owned(),
            _ => message.into(),
        };
        self.0.push(Warning { line, message });
    }

    /// Gives what was collected, in the order of the file.
    pub(super) fn into_vec(self) -> Vec<Warning> {
        self.0
    }
}

/// Numbers the lines of a rules file from 1, without a byte order mark.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (u32, &str)> {
    (1..).zip(text.strip_prefix('\u{feff}').unwrap_or(text).lines())
}

/// Repeats a piece of a line in a warning, cut short and without control characters.
pub(super) fn quote(text: &str) -> String {
    let plain = text.chars().filter(|letter| !letter.is_control());
    let cut: String = plain.take(MAX_QUOTE).collect();
    format!("`{cut}`")
}

/// One compiled path of a rules file.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(super) struct Pattern {
    segments: Vec<Segment>,
    splat: bool,
}

#[derive(Clone, Eq, PartialEq, Debug)]
enum Segment {
    Literal(String),
    Placeholder(String),
}

/// The text that stood where a pattern has names; found by name.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub(super) struct Captures<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Captures<'a> {
    /// Looks up the text captured under a name.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// Adds text found elsewhere than in the path.
    pub(super) fn add(&mut self, name: &'a str, value: &'a str) {
        self.0.push((name, value));
    }
}

impl Pattern {
    /// Compiles the path a rule is for; the message says why it cannot be one.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("http://") || text.starts_with("https://") {
            return Err(format!("{} names a host, but rules are for one app's paths", quote(text)));
        }
        // The same decoding as a request's path gets, so that both have one spelling.
        let normal = path::normalize(text).map_err(|error| format!("{}: {error}", quote(text)))?;
        let mut pattern = Self { segments: Vec::new(), splat: false };
        let mut segments = normal.split('/').filter(|segment| !segment.is_empty()).peekable();
        while let Some(segment) = segments.next() {
            if segment == "*" && segments.peek().is_none() {
                pattern.splat = true;
            } else if segment.contains('*') {
                return Err(format!("{}: `*` can only be the whole last segment", quote(text)));
            } else {
                pattern.segments.push(pattern.segment(segment)?);
            }
        }
        Ok(pattern)
    }

    /// Tells whether a request's path matches and what its placeholders then hold.
    pub(super) fn captures<'a>(&'a self, path: &'a str) -> Option<Captures<'a>> {
        let mut rest = path.strip_prefix('/')?;
        let mut captures = Captures::default();
        for segment in &self.segments {
            let (head, tail) = rest.split_once('/').unwrap_or((rest, ""));
            match segment {
                _ if head.is_empty() => return None,
                Segment::Literal(literal) if literal != head => return None,
                Segment::Literal(_) => {}
                Segment::Placeholder(name) => captures.add(name, head),
            }
            rest = tail;
        }
        if self.splat {
            captures.add(SPLAT, rest);
            return Some(captures);
        }
        rest.is_empty().then_some(captures)
    }

    /// Tells whether a request's path matches, without keeping what was captured.
    pub(super) fn matches(&self, path: &str) -> bool {
        let Some(mut rest) = path.strip_prefix('/') else { return false };
        for segment in &self.segments {
            let (head, tail) = rest.split_once('/').unwrap_or((rest, ""));
            let wrong = matches!(segment, Segment::Literal(literal) if literal != head);
            if wrong || head.is_empty() {
                return false;
            }
            rest = tail;
        }
        self.splat || rest.is_empty()
    }

    /// Gives the one path an exact pattern matches, in the spelling of `exact_key`.
    pub(super) fn exact(&self) -> Option<String> {
        let mut whole = String::new();
        for segment in &self.segments {
            let Segment::Literal(literal) = segment else { return None };
            whole.push('/');
            whole.push_str(literal);
        }
        (!self.splat).then_some(whole)
    }

    /// Tells whether the pattern captures text under a name.
    pub(super) fn names(&self, name: &str) -> bool {
        let takes = |segment: &Segment| matches!(segment, Segment::Placeholder(own) if own == name);
        self.splat && name == SPLAT || self.segments.iter().any(takes)
    }

    /// Tells whether the pattern's first segment is this very name.
    pub(super) fn begins_with(&self, first: &str) -> bool {
        matches!(self.segments.first(), Some(Segment::Literal(literal)) if literal == first)
    }

    /// Reads one segment, in the light of those before it.
    fn segment(&self, segment: &str) -> Result<Segment, String> {
        let Some(name) = segment.strip_prefix(':').filter(|name| !name.is_empty()) else {
            return Ok(Segment::Literal(segment.to_owned()));
        };
        if name_length(name) != name.len() {
            return Err(format!("placeholder {} must be a name alone", quote(segment)));
        }
        if self.names(name) || name == SPLAT {
            return Err(format!("placeholder {} is there twice or taken by `*`", quote(segment)));
        }
        Ok(Segment::Placeholder(name.to_owned()))
    }
}

/// Spells a path as the key of exact rules: without trailing slash, the root being empty.
pub(super) fn exact_key(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// Counts the bytes at the start of a text that name a placeholder; a name begins with a
/// letter or underscore, so that `:8080` and `12:30` are none.
pub(super) fn name_length(text: &str) -> usize {
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return 0;
    }
    text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_match_whole_segments() {
        let rows = [
            ("/", "/", true),
            ("/", "/a", false),
            ("/a", "/a", true),
            ("/a", "/a/", true),
            ("/a/", "/a", true),
            ("/a", "/ab", false),
            ("/a", "/A", false),
            ("/a", "/a/b", false),
            ("/*", "/", true),
            ("/*", "/a/b", true),
            ("/a/*", "/a", true),
            ("/a/*", "/a/", true),
            ("/a/*", "/a/b/c", true),
            ("/a/*", "/ab", false),
            ("/:x", "/a", true),
            ("/:x", "/", false),
            ("/:x", "/a/b", false),
            ("/:x/b/*", "/a/b", true),
            ("/caf%C3%A9", "/café", true),
            ("/a:b", "/a:b", true),
            ("/:", "/:", true),
        ];
        for (pattern, path, expected) in rows {
            let compiled = Pattern::parse(pattern).unwrap();
            assert_eq!(compiled.matches(path), expected, "{pattern} on {path}");
            assert_eq!(compiled.captures(path).is_some(), expected, "{pattern} on {path}");
        }
    }

    #[test]
    fn placeholders_hold_their_segment_and_splats_the_rest() {
        let pattern = Pattern::parse("/:year/:month/*").unwrap();
        let captures = pattern.captures("/2024/05/a/b/").unwrap();
        assert_eq!(captures.get("year"), Some("2024"));
        assert_eq!(captures.get("month"), Some("05"));
        assert_eq!(captures.get("splat"), Some("a/b/"));
        assert_eq!(captures.get("day"), None);
    }

    #[test]
    fn unclear_patterns_are_refused() {
        for text in [
            "",
            "a",
            "https://a.com/b",
            "/a*",
            "/*/b",
            "/*.css",
            "/../a",
            "/%zz",
            "/:id.html",
            "/:a/:a",
            "/:splat/*",
            "/:1",
        ] {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn exact_patterns_have_a_key() {
        assert_eq!(Pattern::parse("/a/b/").unwrap().exact().as_deref(), Some(exact_key("/a/b")));
        assert_eq!(Pattern::parse("/").unwrap().exact().as_deref(), Some(exact_key("/")));
        assert_eq!(Pattern::parse("/a/*").unwrap().exact(), None);
        assert_eq!(Pattern::parse("/:a").unwrap().exact(), None);
    }

    #[test]
    fn warnings_are_bounded() {
        let mut warnings = Warnings::default();
        (1..1_000).for_each(|line| warnings.add(line, "bad"));
        let warnings = warnings.into_vec();
        assert_eq!(warnings.len(), MAX_WARNINGS);
        assert_eq!(warnings[MAX_WARNINGS - 1].message, "further warnings are left out");
        assert!(quote(&"é\n".repeat(500)).len() < 200);
    }

    proptest! {
        #[test]
        fn matching_agrees_with_capturing(
            pattern in "(/(a|b|:x|:y|\\*)?){0,4}",
            path in "(/(a|b|c)?){0,5}",
        ) {
            if let Ok(compiled) = Pattern::parse(&pattern) {
                let matches = compiled.matches(&path);
                prop_assert_eq!(compiled.captures(&path).is_some(), matches);
                let normal = path.starts_with('/') && !path.contains("//");
                if let Some(exact) = compiled.exact().filter(|_| normal) {
                    prop_assert_eq!(exact == exact_key(&path), matches);
                }
            }
        }
    }
}
