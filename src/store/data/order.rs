//! One total order of JSON values, whatever their types, and paths into them.
//!
//! Missing, null, false, true, numbers, strings, arrays, objects. Numbers are
//! compared by what they are worth, so `1` equals `1.0`; strings by their bytes;
//! arrays element by element; objects by their sorted fields. Pure.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// How deep a value may be nested.
pub const DEPTH: usize = 100;

/// How two values stand to each other.
pub fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => compare_numbers(a, b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => {
            let pairs = a.iter().zip(b).map(|(a, b)| compare(a, b));
            pairs.fold(Ordering::Equal, Ordering::then).then(a.len().cmp(&b.len()))
        }
        (Value::Object(a), Value::Object(b)) => {
            let sorted = |fields: &'_ serde_json::Map<String, Value>| {
                let mut names: Vec<String> = fields.keys().cloned().collect();
                names.sort_unstable();
                names
            };
            let (names, others) = (sorted(a), sorted(b));
            let pairs = names.iter().zip(&others);
            let pairs = pairs.map(|(x, y)| x.cmp(y).then_with(|| compare(&a[x], &b[y])));
            pairs.fold(Ordering::Equal, Ordering::then).then(names.len().cmp(&others.len()))
        }
        _ => rank(a).cmp(&rank(b)),
    }
}

/// The same where a value may be missing: missing comes first.
pub fn compare_found(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => compare(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// Whether two values are of one type: only such are greater or less in a query.
pub(super) fn same_type(a: &Value, b: &Value) -> bool {
    rank(a) == rank(b)
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

fn whole(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

fn compare_numbers(a: &Number, b: &Number) -> Ordering {
    let float = |number: &Number| number.as_f64().unwrap_or(0.0);
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(a), None) => compare_mixed(a, float(b)),
        (None, Some(b)) => compare_mixed(b, float(a)).reverse(),
        (None, None) => float(a).partial_cmp(&float(b)).unwrap_or(Ordering::Equal),
    }
}

/// A whole number against a float, exactly: a float has fewer digits than an `i64`.
fn compare_mixed(whole: i128, float: f64) -> Ordering {
    // Every whole number of JSON lies between these.
    if float >= 2.0_f64.powi(64) {
        return Ordering::Less;
    }
    if float <= -(2.0_f64.powi(64)) {
        return Ordering::Greater;
    }
    #[expect(clippy::cast_possible_truncation, reason = "within an i128, as was checked")]
    let floor = float.floor() as i128;
    whole.cmp(&floor).then(if float > float.floor() { Ordering::Less } else { Ordering::Equal })
}

/// A path into a document: names of fields and places in arrays, `a.b.0`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Path(Vec<String>);

impl Path {
    /// Reads `a.b.0`; every part between the dots is something.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<String> = text.split('.').map(ToOwned::to_owned).collect();
        if parts.iter().any(String::is_empty) {
            return Err(format!("`{text}` is no path: name fields with dots between, as in `a.b`"));
        }
        if parts.len() > DEPTH || text.len() > 1_024 {
            return Err(format!("a path has at most {DEPTH} parts and 1,024 bytes"));
        }
        Ok(Self(parts))
    }

    /// The path of one field without dots.
    pub(super) fn field(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }

    /// The parts between the dots.
    pub fn parts(&self) -> &[String] {
        &self.0
    }

    /// Whether it is one field of that name, or lies within it.
    pub fn is_within(&self, field: &str) -> bool {
        self.0.first().is_some_and(|first| first == field)
    }

    /// What stands there.
    pub fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |value, part| match value {
            Value::Object(fields) => fields.get(part),
            Value::Array(items) => items.get(place(part)?),
            _ => None,
        })
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// A place in an array: digits alone.
pub(super) fn place(part: &str) -> Option<usize> {
    part.bytes().all(|c| c.is_ascii_digit()).then(|| part.parse().ok()).flatten()
}

/// Whether a value is nested no deeper than `most`.
pub fn fits(value: &Value, most: usize) -> bool {
    match value {
        Value::Array(items) => most > 0 && items.iter().all(|item| fits(item, most - 1)),
        Value::Object(fields) => most > 0 && fields.values().all(|field| fits(field, most - 1)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn types_stand_in_the_documented_order() {
        let values = [
            json!(null),
            json!(false),
            json!(true),
            json!(i64::MIN),
            json!(-1.5),
            json!(-1),
            json!(0.5),
            json!(9_007_199_254_740_992_u64),
            json!(9_007_199_254_740_993_u64),
            json!(u64::MAX),
            json!(1e300),
            json!(""),
            json!("B"),
            json!("a"),
            json!("ab"),
            json!([]),
            json!([1]),
            json!([1, 2]),
            json!([2]),
            json!({}),
            json!({ "a": 1 }),
            json!({ "b": 0, "a": 1 }),
            json!({ "a": 2 }),
        ];
        for (at, a) in values.iter().enumerate() {
            assert_eq!(compare_found(None, Some(a)), Ordering::Less);
            for (there, b) in values.iter().enumerate() {
                assert_eq!(compare(a, b), at.cmp(&there), "{a} and {b}");
            }
        }
        assert_eq!(compare(&json!(1), &json!(1.0)), Ordering::Equal);
        let (one, other) = (json!({ "a": 1, "b": [2] }), json!({ "b": [2.0], "a": 1 }));
        assert_eq!(compare(&one, &other), Ordering::Equal);
    }

    #[test]
    fn a_path_leads_through_fields_and_places() {
        let value = json!({ "a": { "b": [{ "c": 1 }, 2] }, "0": "zero" });
        for (path, found) in [
            ("a.b.0.c", Some(json!(1))),
            ("a.b.1", Some(json!(2))),
            ("0", Some(json!("zero"))),
            ("a.b.2", None),
            ("a.b.+1", None),
            ("a.x", None),
        ] {
            assert_eq!(Path::parse(path).expect(path).find(&value), found.as_ref(), "{path}");
        }
        for path in ["", ".", "a.", ".a", "a..b", &"a.".repeat(200)] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn numbers_are_ordered_alike_from_both_sides(a in any::<i64>(), b in any::<f64>()) {
            prop_assume!(b.is_finite());
            let (a, b) = (json!(a), json!(b));
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
        }
    }
}
