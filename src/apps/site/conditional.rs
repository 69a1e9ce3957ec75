//! Does a conditional request need its answer sent?
//!
//! The preconditions of RFC 9110 §13 for GET and HEAD of a file, over the header texts, a
//! strong entity tag and a time in unix seconds. Tags are compared whole: each encoding of
//! a file has its own, and one is never taken for another. Sends nothing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last second a date in a header can name, the end of the year 9999.
const MAX_SECONDS: u64 = 253_402_300_799;

/// The precondition headers of one request; lines of the same name joined with commas.
#[derive(Copy, Clone, Debug, Default)]
pub struct Conditions<'r> {
    /// `If-Match`.
    pub if_match: Option<&'r str>,
    /// `If-None-Match`.
    pub if_none_match: Option<&'r str>,
    /// `If-Modified-Since`.
    pub if_modified_since: Option<&'r str>,
    /// `If-Unmodified-Since`.
    pub if_unmodified_since: Option<&'r str>,
}

/// What the preconditions say.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Precondition {
    /// Answer as if there were none.
    Proceed,
    /// Answer 304: the client has it.
    NotModified,
    /// Answer 412: the client wants another state.
    Failed,
}

/// Evaluates the preconditions in the order of RFC 9110 §13.2.2.
///
/// `etag` is the tag of the chosen encoding with its quotes, `modified` the time sent as
/// `Last-Modified`. A date that cannot be read is ignored, as the RFC demands.
#[must_use]
pub fn evaluate(conditions: &Conditions<'_>, etag: &str, modified: u64) -> Precondition {
    if conditions.if_match.is_none() && conditions.if_none_match.is_none() {
        return by_date(conditions, modified);
    }
    if let Some(list) = conditions.if_match {
        // Strong comparison: a weak tag matches nothing.
        if !any_tag(list, |tag| tag == etag) {
            return Precondition::Failed;
        }
    } else if changed_since(conditions.if_unmodified_since, modified) == Some(true) {
        return Precondition::Failed;
    }
    match conditions.if_none_match {
        Some(list) if any_tag(list, |tag| opaque(tag) == opaque(etag)) => Precondition::NotModified,
        Some(_) => Precondition::Proceed,
        None => by_date(&Conditions { if_unmodified_since: None, ..*conditions }, modified),
    }
}

/// Tells whether a range may be answered from the current bytes, or all must be sent.
///
/// Both comparisons are exact (RFC 9110 §13.1.5): half of one file and half of another
/// would make neither.
#[must_use]
pub fn if_range_holds(if_range: &str, etag: &str, modified: u64) -> bool {
    let validator = if_range.trim();
    if validator.starts_with('"') {
        validator == etag
    } else {
        // A weak tag is no date either.
        seconds(validator) == Some(modified)
    }
}

/// Writes unix seconds as `Last-Modified` has them.
#[must_use]
pub fn http_date(seconds: u64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds.min(MAX_SECONDS)))
}

fn by_date(conditions: &Conditions<'_>, modified: u64) -> Precondition {
    if changed_since(conditions.if_unmodified_since, modified) == Some(true) {
        Precondition::Failed
    } else if conditions.if_modified_since.and_then(seconds) == Some(modified) {
        // Only the very date that was sent: after a rollback the file is older than
        // the copy, and yet another one.
        Precondition::NotModified
    } else {
        Precondition::Proceed
    }
}

/// Tells whether the file is newer than a date, if there is a date.
fn changed_since(date: Option<&str>, modified: u64) -> Option<bool> {
    date.and_then(seconds).map(|date| modified > date)
}

fn seconds(date: &str) -> Option<u64> {
    let time: SystemTime = httpdate::parse_http_date(date.trim()).ok()?;
    time.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}

/// Tells whether any entity tag of a list fits; `*` fits every file there is.
///
/// A tag may hold commas, so the list is not split at them. Reading ends at the first thing
/// that is no tag.
fn any_tag(list: &str, fits: impl Fn(&str) -> bool) -> bool {
    if list.trim() == "*" {
        return true;
    }
    let mut rest = list;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let opening = if rest.starts_with("W/") { 2 } else { 0 };
        let Some(inner) = rest.get(opening..).and_then(|tag| tag.strip_prefix('"')) else {
            return false;
        };
        let Some(closing) = inner.find('"') else { return false };
        let (tag, after) = rest.split_at(opening + closing + 2);
        if fits(tag) {
            return true;
        }
        rest = after;
    }
}

/// Leaves the mark of weakness out.
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Precondition::{Failed, NotModified, Proceed};
    use super::*;

    const ETAG: &str = "\"abc-br\"";
    const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const EARLIER: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const MODIFIED: u64 = 784_111_777;

    #[test]
    fn if_none_match_compares_weakly() {
        let rows = [
            ("\"abc-br\"", NotModified),
            ("W/\"abc-br\"", NotModified),
            ("*", NotModified),
            (" * ", NotModified),
            ("\"x\", \"abc-br\"", NotModified),
            ("\"x,y\",W/\"abc-br\"", NotModified),
            (",, \"abc-br\"", NotModified),
            ("\"x\" \"abc-br\"", NotModified),
            ("\"abc-gzip\"", Proceed),
            ("\"abc\"", Proceed),
            ("\"abc-b", Proceed),
            ("abc-br", Proceed),
            ("\"x\", abc, \"abc-br\"", Proceed),
            ("w/\"abc-br\"", Proceed),
            ("\"x*\"", Proceed),
            ("", Proceed),
        ];
        for (header, expected) in rows {
            let conditions = Conditions { if_none_match: Some(header), ..Conditions::default() };
            assert_eq!(evaluate(&conditions, ETAG, MODIFIED), expected, "{header}");
        }
    }

    #[test]
    fn if_match_compares_strongly() {
        let rows = [
            ("\"abc-br\"", Proceed),
            ("\"x\",\"abc-br\"", Proceed),
            ("*", Proceed),
            ("W/\"abc-br\"", Failed),
            ("\"abc\"", Failed),
            ("", Failed),
        ];
        for (header, expected) in rows {
            let conditions = Conditions { if_match: Some(header), ..Conditions::default() };
            assert_eq!(evaluate(&conditions, ETAG, MODIFIED), expected, "{header}");
        }
    }

    #[test]
    fn dates_count_where_tags_are_missing() {
        let later = "Sun, 06 Nov 1994 08:49:38 GMT";
        let rows = [
            (Some(THEN), None, NotModified),
            (Some(later), None, Proceed),
            (Some(EARLIER), None, Proceed),
            (Some("nonsense"), None, Proceed),
            (Some("Sunday, 06-Nov-94 08:49:37 GMT"), None, NotModified),
            (Some("Sun Nov  6 08:49:37 1994"), None, NotModified),
            (None, Some(THEN), Proceed),
            (None, Some(EARLIER), Failed),
            (None, Some("nonsense"), Proceed),
            (Some(THEN), Some(EARLIER), Failed),
        ];
        for (if_modified_since, if_unmodified_since, expected) in rows {
            let conditions =
                Conditions { if_modified_since, if_unmodified_since, ..Conditions::default() };
            assert_eq!(
                evaluate(&conditions, ETAG, MODIFIED),
                expected,
                "{if_modified_since:?} {if_unmodified_since:?}"
            );
        }
    }

    #[test]
    fn tags_go_before_dates() {
        let rows = [
            // None-Match, Modified-Since, Match, Unmodified-Since
            ((Some("\"x\""), Some(THEN), None, None), Proceed),
            ((Some(ETAG), Some(EARLIER), None, None), NotModified),
            ((None, None, Some(ETAG), Some(EARLIER)), Proceed),
            ((None, Some(THEN), Some(ETAG), Some(EARLIER)), NotModified),
            ((Some(ETAG), None, Some("\"x\""), None), Failed),
            ((Some(ETAG), None, None, Some(EARLIER)), Failed),
            ((Some(ETAG), None, Some(ETAG), None), NotModified),
        ];
        for (headers, expected) in rows {
            let (if_none_match, if_modified_since, if_match, if_unmodified_since) = headers;
            let conditions =
                Conditions { if_match, if_none_match, if_modified_since, if_unmodified_since };
            assert_eq!(evaluate(&conditions, ETAG, MODIFIED), expected, "{headers:?}");
        }
    }

    #[test]
    fn if_range_is_exact() {
        let rows = [
            (ETAG, true),
            ("\"abc\"", false),
            ("W/\"abc-br\"", false),
            (THEN, true),
            (EARLIER, false),
            ("nonsense", false),
            ("", false),
        ];
        for (header, expected) in rows {
            assert_eq!(if_range_holds(header, ETAG, MODIFIED), expected, "{header}");
        }
    }

    #[test]
    fn dates_round_trip() {
        assert_eq!(http_date(MODIFIED), THEN);
        assert_eq!(seconds(&http_date(0)), Some(0));
        assert_eq!(seconds(&http_date(u64::MAX)), Some(MAX_SECONDS));
    }

    proptest! {
        #[test]
        fn any_header_is_judged_without_panic(
            tags in "(W/|\"|,| |\\*|é|a){0,20}",
            text in any::<String>(),
            modified in any::<u64>(),
        ) {
            for header in [tags.as_str(), text.as_str()] {
                let some = Some(header);
                let conditions = Conditions {
                    if_match: some,
                    if_none_match: some,
                    if_modified_since: some,
                    if_unmodified_since: some,
                };
                let _ = evaluate(&conditions, ETAG, modified);
                let _ = evaluate(&Conditions { if_match: None, ..conditions }, ETAG, modified);
                let _ = if_range_holds(header, ETAG, modified);
            }
        }
    }
}
