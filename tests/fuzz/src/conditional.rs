//! The preconditions of a request: their order, and that a tag is matched whole.
//!
//! Input: If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since and If-Range,
//! a line each; an empty line is a header that was not sent.

use std::time::Duration;

use fazt::apps::site::conditional::{
    Conditions, Precondition, evaluate, http_date, if_range_holds,
};

use crate::check;

const TAG: &str = "\"0f3c-br\"";
const MODIFIED: u64 = 1_763_622_000;

pub(crate) fn run(data: &[u8]) {
    let Some(sent) = check::lines::<5>(data) else { return };
    let [if_match, if_none_match, if_modified_since, if_unmodified_since, if_range] =
        sent.map(|line| (!line.is_empty()).then_some(line));
    let all = Conditions { if_match, if_none_match, if_modified_since, if_unmodified_since };
    let verdict = evaluate(&all, TAG, MODIFIED);

    // RFC 9110 §13.2.2: a tag takes precedence over the date beside it.
    if if_match.is_some() {
        let fewer = Conditions { if_unmodified_since: None, ..all };
        assert_eq!(verdict, evaluate(&fewer, TAG, MODIFIED), "{all:?}");
    }
    if if_none_match.is_some() {
        let fewer = Conditions { if_modified_since: None, ..all };
        assert_eq!(verdict, evaluate(&fewer, TAG, MODIFIED), "{all:?}");
    }
    // Another file's tag is no match, whatever the list says of this one.
    if let Some(list) = if_none_match
        && !list.contains("0f3c-br")
        && list.trim() != "*"
    {
        assert_ne!(verdict, Precondition::NotModified, "{all:?}");
    }
    if let Some(list) = if_match
        && !list.contains(TAG)
        && list.trim() != "*"
    {
        assert_eq!(verdict, Precondition::Failed, "{all:?}");
    }
    if all.if_match.is_none() && all.if_unmodified_since.is_none() {
        assert_ne!(verdict, Precondition::Failed, "{all:?}");
    }

    if let Some(if_range) = if_range
        && if_range_holds(if_range, TAG, MODIFIED)
    {
        assert!(if_range.contains(TAG) || !if_range.contains('"'), "{if_range:?}");
    }
    // Dates go out and come back: every second is one.
    let mut second = [0; 8];
    let bytes = data.len().min(5);
    second[..bytes].copy_from_slice(&data[..bytes]);
    let second = u64::from_le_bytes(second).min(Duration::from_hours(24 * 365 * 7_000).as_secs());
    let date = http_date(second);
    assert!(if_range_holds(&date, TAG, second), "{date:?}");
    assert!(!if_range_holds(&date, TAG, second + 1), "{date:?}");
}
