//! Which line of an app's `_redirects` answers a request?
//!
//! Netlify's syntax, parsed at deploy: `from [query=value …] to [status[!]]`, first match
//! wins. A line that is not understood is a warning and not in force, never a guess: rules
//! with conditions on country, language or role would else apply to everybody. Knows nothing
//! of files: when a rule yields to one is for `resolve` to say.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;

use super::path;
use super::pattern::{Captures, Pattern, Warning, Warnings, exact_key, lines, name_length, quote};
use super::target::{Target, parameter};

/// How many rules a file may hold; each costs a comparison per request that misses.
const MAX_RULES: usize = 2_000;

/// The longest line in bytes.
const MAX_LINE: usize = 2_000;

/// The rules of one `_redirects` file.
#[derive(Clone, Debug, Default)]
pub struct Redirects {
    rules: Vec<Rule>,
    /// Rules for one path by that path; indices ascend, as in `patterns`.
    exact: HashMap<String, Vec<usize>>,
    patterns: Vec<usize>,
    forced: bool,
}

/// What the first matching rule asks for.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Hit {
    /// Send the visitor elsewhere.
    Redirect {
        /// One of 301, 302, 303, 307, 308.
        status: u16,
        /// A path beginning with exactly one slash, or an http(s) URL; printable ASCII.
        location: String,
    },
    /// Answer with another path of the same app.
    Rewrite {
        /// One of 200, 404, 410.
        status: u16,
        /// A normal path, as `path::normalize` makes them.
        path: String,
        /// The query the path is asked with, which matters to a function alone.
        query: Option<String>,
    },
}

/// One line.
#[derive(Clone, Debug)]
struct Rule {
    from: Pattern,
    conditions: Vec<Condition>,
    target: Target,
    status: u16,
    forced: bool,
}

/// One query parameter that must be there.
#[derive(Clone, Debug)]
struct Condition {
    name: String,
    value: Expected,
}

#[derive(Clone, Debug)]
enum Expected {
    Text(String),
    Placeholder(String),
}

/// A received query, taken apart when the first rule asks for its parameters.
struct Received<'q> {
    query: Option<&'q str>,
    parameters: OnceCell<Vec<(Cow<'q, str>, Cow<'q, str>)>>,
}

impl Received<'_> {
    /// Looks up the first value of a parameter.
    fn get(&self, name: &str) -> Option<&str> {
        let parameters = self.parameters.get_or_init(|| {
            let pairs = self.query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
            pairs.map(parameter).collect()
        });
        parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_ref())
    }
}

/// Reads a `_redirects` file; what is wrong with it never refuses the rest.
#[must_use]
pub fn parse(text: &str) -> (Redirects, Vec<Warning>) {
    let mut redirects = Redirects::default();
    let mut warnings = Warnings::default();
    for (number, line) in lines(text) {
        if line.len() > MAX_LINE {
            warnings.add(number, format!("the line is longer than {MAX_LINE} bytes"));
            continue;
        }
        match Rule::parse(line) {
            Ok(None) => {}
            Ok(Some(_)) if redirects.rules.len() >= MAX_RULES => {
                warnings.add(number, format!("the rules from here on exceed {MAX_RULES}"));
                break;
            }
            Ok(Some(rule)) => redirects.push(rule),
            Err(message) => warnings.add(number, message),
        }
    }
    (redirects, warnings.into_vec())
}

impl Redirects {
    /// Finds the first rule that matches a normal path and its received query.
    ///
    /// A placeholder holds one path segment even when its text comes from the query, so that
    /// `?id=../private/x` leads nowhere. A redirect to where the visitor is already does not
    /// match, since it would do so forever.
    #[must_use]
    pub fn find(&self, path: &str, query: Option<&str>, forced_only: bool) -> Option<Hit> {
        if forced_only && !self.forced {
            return None;
        }
        self.first(path, query, |rule| !forced_only || rule.forced)
    }

    /// Finds the first forced rule that is written for `/api` and matches.
    ///
    /// A forced `/*`, the usual way to let one page answer everything, leaves functions
    /// alone.
    #[must_use]
    pub fn find_for_function(&self, path: &str, query: Option<&str>) -> Option<Hit> {
        if !self.forced {
            return None;
        }
        self.first(path, query, |rule| rule.forced && rule.from.begins_with("api"))
    }

    /// Tells whether there is no rule at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Tells whether any rule goes before the app's files.
    #[must_use]
    pub fn has_forced(&self) -> bool {
        self.forced
    }

    fn push(&mut self, rule: Rule) {
        let index = self.rules.len();
        match rule.from.exact() {
            Some(path) => self.exact.entry(path).or_default().push(index),
            None => self.patterns.push(index),
        }
        self.forced |= rule.forced;
        self.rules.push(rule);
    }

    fn first(
        &self,
        path: &str,
        query: Option<&str>,
        admits: impl Fn(&Rule) -> bool,
    ) -> Option<Hit> {
        if self.rules.is_empty() {
            return None;
        }
        let received = Received { query, parameters: OnceCell::new() };
        let exact = self.exact.get(exact_key(path)).map_or(&[][..], Vec::as_slice);
        ascending(exact, &self.patterns)
            .filter_map(|index| self.rules.get(index))
            .filter(|rule| admits(rule))
            .find_map(|rule| rule.answer(path, &received))
    }
}

impl Rule {
    /// Reads a line; a blank one or a comment is no rule.
    fn parse(line: &str) -> Result<Option<Self>, String> {
        let mut words = line.split_whitespace().take_while(|word| !word.starts_with('#'));
        let Some(first) = words.next() else { return Ok(None) };
        let from = Pattern::parse(first)?;
        let words: Vec<&str> = words.collect();
        let is_target = |word: &&str| word.starts_with('/') || word.contains("://");
        let (parameters, to, rest) = match words.iter().position(is_target) {
            Some(target) => (&words[..target], words[target], &words[target + 1..]),
            // A page that is not to be found needs no other target than the usual one.
            None if words.first().is_some_and(|word| word.trim_end_matches('!') == "404") => {
                (&words[..0], "/404.html", &words[..])
            }
            None => return Err("the target is missing: a path or an http(s) address".to_owned()),
        };
        let conditions = conditions(parameters, &from)?;
        let (status, forced) = ending(rest)?;
        let target = Target::parse(to, |name| {
            from.names(name) || conditions.iter().any(|condition| condition.captures(name))
        })?;
        let rule = Self { from, conditions, target, status, forced };
        if rule.rewrites() && !rule.target.is_local() {
            return Err(format!("status {status} cannot fetch from another host; use a function"));
        }
        Ok(Some(rule))
    }

    fn rewrites(&self) -> bool {
        !(300..400).contains(&self.status)
    }

    /// Fills in the target if the rule matches.
    fn answer(&self, path: &str, received: &Received<'_>) -> Option<Hit> {
        let mut captures = self.from.captures(path)?;
        for condition in &self.conditions {
            condition.check(received, &mut captures)?;
        }
        let spent = |name: &str| self.conditions.iter().any(|condition| condition.name == name);
        let query = self.target.query(&captures, received.query, spent);
        if self.rewrites() {
            // A value that climbs out of the app makes the rule no match.
            let path = self.target.rewritten(&captures).ok()?;
            return Some(Hit::Rewrite {
                status: self.status,
                path,
                query: query.map(Cow::into_owned),
            });
        }
        let location = self.target.location(&captures, query.as_deref());
        if self.target.is_local() && leads_back(&location, path, received.query) {
            return None;
        }
        Some(Hit::Redirect { status: self.status, location })
    }
}

impl Condition {
    fn captures(&self, name: &str) -> bool {
        matches!(&self.value, Expected::Placeholder(placeholder) if placeholder == name)
    }

    /// Holds if the parameter is there with the right value, which it may then add.
    fn check<'a>(&'a self, received: &'a Received<'_>, captures: &mut Captures<'a>) -> Option<()> {
        let value = received.get(&self.name)?;
        match &self.value {
            Expected::Text(text) => (text == value).then_some(()),
            Expected::Placeholder(name) => is_segment(value).then(|| captures.add(name, value)),
        }
    }
}

/// Reads the `name=value` words between the two paths of a line.
fn conditions(words: &[&str], from: &Pattern) -> Result<Vec<Condition>, String> {
    let mut conditions: Vec<Condition> = Vec::new();
    for word in words {
        if !word.contains('=') {
            return Err(format!("{} is neither a query parameter nor a target", quote(word)));
        }
        let (name, value) = parameter(word);
        let placeholder = value.strip_prefix(':').filter(|placeholder| !placeholder.is_empty());
        let value = match placeholder {
            Some(placeholder) if name_length(placeholder) == placeholder.len() => {
                let twice = conditions.iter().any(|condition| condition.captures(placeholder));
                if twice || from.names(placeholder) {
                    return Err(format!("placeholder {} is there twice", quote(&value)));
                }
                Expected::Placeholder(placeholder.to_owned())
            }
            _ => Expected::Text(value.into_owned()),
        };
        conditions.push(Condition { name: name.into_owned(), value });
    }
    Ok(conditions)
}

/// Reads what follows the target: a status, perhaps with the `!` of a forced rule.
fn ending(words: &[&str]) -> Result<(u16, bool), String> {
    let (status, rest) = match words {
        [first, rest @ ..] if first.starts_with(|letter: char| letter.is_ascii_digit()) => {
            (*first, rest)
        }
        rest => ("301", rest),
    };
    if let Some(word) = rest.first() {
        return Err(match word.split_once('=') {
            Some((name, _)) => format!("conditions on {} are not supported", quote(name)),
            None => format!("{} after the target is not understood", quote(word)),
        });
    }
    let (number, forced) = status.strip_suffix('!').map_or((status, false), |plain| (plain, true));
    match number.parse() {
        Ok(code @ (200 | 301 | 302 | 303 | 307 | 308 | 404 | 410)) => Ok((code, forced)),
        _ => Err(format!("status {} is not supported", quote(status))),
    }
}

/// Tells whether a value from a query can stand where one path segment stands.
fn is_segment(value: &str) -> bool {
    let climbs = matches!(value, "" | "." | "..");
    !climbs && !value.contains(|letter: char| matches!(letter, '/' | '\\') || letter.is_control())
}

/// Tells whether a `Location` on the same app is the request it answers; a trailing slash
/// makes no difference, since it is folded away by a redirect of its own.
fn leads_back(location: &str, path: &str, query: Option<&str>) -> bool {
    let location = location.split_once('#').map_or(location, |(before, _)| before);
    let (to, carried) = location.split_once('?').unwrap_or((location, ""));
    let same_path = path::normalize(to).is_ok_and(|normal| exact_key(&normal) == exact_key(path));
    same_path && carried == path::encode_query(query.unwrap_or_default())
}

/// Merges two ascending lists of indices.
fn ascending<'a>(left: &'a [usize], right: &'a [usize]) -> impl Iterator<Item = usize> + 'a {
    let mut left = left.iter().copied().peekable();
    let mut right = right.iter().copied().peekable();
    std::iter::from_fn(move || match (left.peek(), right.peek()) {
        (Some(first), Some(second)) if second < first => right.next(),
        (Some(_), _) => left.next(),
        (None, _) => right.next(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules(text: &str) -> Redirects {
        let (redirects, warnings) = parse(text);
        assert_eq!(warnings, [], "{text}");
        redirects
    }

    fn redirect(status: u16, location: &str) -> Hit {
        Hit::Redirect { status, location: location.to_owned() }
    }

    fn rewrite(status: u16, path: &str, query: Option<&str>) -> Hit {
        Hit::Rewrite { status, path: path.to_owned(), query: query.map(str::to_owned) }
    }

    #[test]
    fn lines_of_netlify_syntax_lead_where_they_say() {
        let text = "
            # a comment
            /home              /
            /old/*             /new/:splat        302   # a trailing comment
            /news/:y/:m        /archive/:m/:y     307
            /away/*            https://b.com/x/:splat
            /store id=:id      /blog/:id          301
            /lang lang=en      /english           303
            /app/*             /app.html          200
            /gone/*            /gone.html         410
            /secret            404
            /fn/:x             /api/fn?x=:x       200
            /query             /q?a=1             308
        ";
        let redirects = rules(text);
        let rows = [
            ("/home", None, Some(redirect(301, "/"))),
            ("/home/", None, Some(redirect(301, "/"))),
            ("/Home", None, None),
            ("/old/a/b c/", None, Some(redirect(302, "/new/a/b%20c/"))),
            ("/old", Some("x=1"), Some(redirect(302, "/new/?x=1"))),
            ("/news/2024/05", None, Some(redirect(307, "/archive/05/2024"))),
            ("/news/2024", None, None),
            ("/away/a", Some("x=1"), Some(redirect(301, "https://b.com/x/a?x=1"))),
            ("/store", None, None),
            ("/store", Some("id=7"), Some(redirect(301, "/blog/7"))),
            ("/store", Some("a=1&id=a%20b&c=2"), Some(redirect(301, "/blog/a%20b?a=1&c=2"))),
            ("/store", Some("id="), None),
            ("/store", Some("id=../x"), None),
            ("/store", Some("id=%2e%2e"), None),
            ("/store", Some("id=a%0d%0ab"), None),
            ("/lang", Some("lang=en"), Some(redirect(303, "/english"))),
            ("/lang", Some("lang=de"), None),
            ("/app", None, Some(rewrite(200, "/app.html", None))),
            ("/app/x/y", Some("a=1"), Some(rewrite(200, "/app.html", Some("a=1")))),
            ("/gone/x", None, Some(rewrite(410, "/gone.html", None))),
            ("/secret", None, Some(rewrite(404, "/404.html", None))),
            ("/fn/a&b", Some("y=2"), Some(rewrite(200, "/api/fn", Some("x=a%26b&y=2")))),
            ("/query", Some("a=2&b=3"), Some(redirect(308, "/q?a=1&b=3"))),
            ("/nowhere", None, None),
        ];
        for (path, query, expected) in rows {
            assert_eq!(redirects.find(path, query, false), expected, "{path} with {query:?}");
        }
    }

    #[test]
    fn unclear_lines_are_warned_of_and_ignored() {
        let rows = [
            ("/a", "target is missing"),
            ("/a 301", "target is missing"),
            ("/a b", "target is missing"),
            ("a /b", "does not begin with `/`"),
            ("/a*b /c", "whole last segment"),
            ("/a extra /b", "neither a query parameter"),
            ("/a /b 200 extra", "`extra` after the target"),
            ("/a /b 301 Country=us,de", "conditions on `Country`"),
            ("/a /b Language=en", "conditions on `Language`"),
            ("/a /b 200! Role=admin", "conditions on `Role`"),
            ("/a /b 418", "status `418`"),
            ("/a /b 301!!", "status `301!!`"),
            ("/a /b 99999999999", "status `99999999999`"),
            ("/a https://b.com/ 200", "another host"),
            ("/a //b.com/", "needs `https:`"),
            ("/a ftp://b.com/", "neither a path nor"),
            ("/a /:x", "captures nothing named `x`"),
            ("/:x x=:x /b", "there twice"),
            ("https://a.com/x /b", "names a host"),
            ("/a /../b", "climbs above"),
        ];
        for (line, message) in rows {
            let (redirects, warnings) = parse(&format!("\n{line}\n/ok /fine"));
            assert_eq!(warnings.len(), 1, "{line}");
            assert_eq!(warnings[0].line, 2, "{line}");
            assert!(warnings[0].message.contains(message), "{line}: {}", warnings[0].message);
            assert_eq!(redirects.rules.len(), 1, "{line}");
        }
    }

    #[test]
    fn first_match_wins_among_exact_and_pattern_rules() {
        let redirects = rules("/a/* /one\n/a/b /two\n/c /three\n/c /four\n/* /five");
        for (path, expected) in [("/a/b", "/one"), ("/c", "/three"), ("/d", "/five")] {
            assert_eq!(redirects.find(path, None, false), Some(redirect(301, expected)), "{path}");
        }
        let redirects = rules("/a/b /two\n/a/* /one");
        assert_eq!(redirects.find("/a/b", None, false), Some(redirect(301, "/two")));
    }

    #[test]
    fn forced_rules_can_be_asked_alone() {
        let redirects = rules("/a /one\n/* /two 302!\n/api/old /api/new 307!\n/api/x /y");
        assert!(redirects.has_forced());
        assert_eq!(redirects.find("/a", None, true), Some(redirect(302, "/two")));
        assert_eq!(redirects.find("/a", None, false), Some(redirect(301, "/one")));
        assert_eq!(redirects.find_for_function("/api/old", None), Some(redirect(307, "/api/new")));
        assert_eq!(redirects.find_for_function("/api/x", None), None);
        let redirects = rules("/a /one");
        assert!(!redirects.has_forced() && !redirects.is_empty());
        assert_eq!(redirects.find("/a", None, true), None);
    }

    #[test]
    fn redirect_to_the_same_place_is_no_match() {
        let redirects = rules("/a/ /a\n/b /b?x=1\n/c c=1 /c\n/* /:splat#top");
        assert_eq!(redirects.find("/a", None, false), None);
        assert_eq!(redirects.find("/b", None, false), Some(redirect(301, "/b?x=1")));
        assert_eq!(redirects.find("/b", Some("x=1"), false), None);
        assert_eq!(redirects.find("/c", Some("c=1"), false), Some(redirect(301, "/c")));
        assert_eq!(redirects.find("/c", None, false), None);
    }

    #[test]
    fn splat_cannot_lead_to_another_host() {
        let redirects = rules("/out/* /:splat\n/* /:splat 302");
        for path in ["/out//evil.com", "//evil.com", "/out/\\evil.com", "/\\evil.com"] {
            for forced in [false, true] {
                if let Some(Hit::Redirect { location, .. }) = redirects.find(path, None, forced) {
                    assert!(location.starts_with('/') && !location.starts_with("//"), "{location}");
                    assert!(!location.contains('\\'), "{location}");
                }
            }
        }
    }

    #[test]
    fn sizes_are_limited() {
        let many = "/a /b\n".repeat(MAX_RULES + 5);
        let (redirects, warnings) = parse(&many);
        assert_eq!((redirects.rules.len(), warnings.len()), (MAX_RULES, 1));
        let (redirects, warnings) = parse(&format!("/a /{}\n/c /d", "b".repeat(MAX_LINE)));
        assert_eq!((redirects.rules.len(), warnings.len()), (1, 1));
        assert!(parse("\u{feff}# nothing\r\n\r\n").0.is_empty());
    }

    proptest! {
        #[test]
        fn any_file_is_parsed_and_asked_without_panic(
            text in "([/:*a#?=!% .301é\\n\\\\]|https://|200|404){0,80}",
            path in any::<String>(),
            query in proptest::option::of(any::<String>()),
        ) {
            let (redirects, _) = parse(&text);
            let _ = redirects.find(&path, query.as_deref(), false);
            let _ = redirects.find_for_function(&path, query.as_deref());
        }

        #[test]
        fn locations_are_safe_whatever_a_visitor_sends(
            path in "/(\\PC|[/.%\\\\]){0,30}",
            query in proptest::option::of(any::<String>()),
        ) {
            let redirects = rules(
                "/x/:a/* /:splat/:a?q=:a\n/s id=:id /:id 301\n/* /y/../:splat 302",
            );
            for path in [path.clone(), format!("/x{path}"), "/s".to_owned()] {
                let hit = redirects.find(&path, query.as_deref(), false);
                if let Some(Hit::Redirect { location, .. }) = hit {
                    prop_assert!(location.starts_with('/') && !location.starts_with("//"));
                    prop_assert!(location.bytes().all(|byte| byte.is_ascii_graphic()));
                    prop_assert!(!location.contains('\\'));
                }
            }
        }
    }
}
