//! The query language of documents, parsed into a type and tried on one document.
//!
//! `{ "age": { "$gte": 18 }, "$or": [{ "name": "Ann" }, { "tags": { "$contains":
//! "new" } }] }`: all that stands side by side must hold. Nothing of a query ever
//! becomes SQL. Pure.

use std::cmp::Ordering;

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::order::{DEPTH, Path, compare, compare_found, fits, same_type};

/// Conditions in one query.
const CONDITIONS: usize = 1_000;
/// How deep conditions may be nested in each other.
const NESTED: usize = 32;
/// Bytes of a pattern, and of the machine it is compiled into.
const PATTERN: usize = 1_024;
const MACHINE: usize = 64 << 10;
/// Patterns in one query.
const PATTERNS: usize = 8;

/// What a document must be like.
#[derive(Clone, Debug)]
pub struct Query(Vec<Condition>);

#[derive(Clone, Debug)]
enum Condition {
    Field(Path, Test),
    And(Vec<Query>),
    Or(Vec<Query>),
    Not(Query),
}

#[derive(Clone, Debug)]
enum Test {
    Eq(Value),
    Ne(Value),
    /// The field is of the operand's type, and its order is one of these.
    Order(Value, [Ordering; 2]),
    In(Vec<Value>),
    NotIn(Vec<Value>),
    Contains(Value),
    Exists(bool),
    Matches(Regex),
    Not(Vec<Test>),
}

impl Query {
    /// A query that every document meets.
    pub fn all() -> Self {
        Self(Vec::new())
    }

    /// A query for one document.
    pub fn id(id: &str) -> Self {
        Self(vec![Condition::Field(Path::field("id"), Test::Eq(id.into()))])
    }

    /// Reads a query; the error says which part is wrong, and what would do.
    pub fn parse(query: &Value) -> Result<Self, String> {
        if !fits(query, DEPTH) {
            return Err(format!("a query is nested at most {DEPTH} deep"));
        }
        parse(query, NESTED, &mut 0)
    }

    /// Whether a document meets it.
    pub fn holds(&self, document: &Value) -> bool {
        self.0.iter().all(|condition| match condition {
            Condition::Field(path, test) => test.holds(path.find(document)),
            Condition::And(queries) => queries.iter().all(|query| query.holds(document)),
            Condition::Or(queries) => queries.iter().any(|query| query.holds(document)),
            Condition::Not(query) => !query.holds(document),
        })
    }

    /// The only ids a document can have that meets it, if the query says so.
    pub fn ids(&self) -> Option<Vec<&str>> {
        self.0.iter().find_map(|condition| match condition {
            Condition::Field(path, Test::Eq(id)) if path.parts() == ["id"] => {
                Some(id.as_str().into_iter().collect())
            }
            Condition::Field(path, Test::In(ids)) if path.parts() == ["id"] => {
                Some(ids.iter().filter_map(Value::as_str).collect())
            }
            _ => None,
        })
    }
}

impl Test {
    fn holds(&self, found: Option<&Value>) -> bool {
        let is = |value: &Value| found.is_some_and(|found| compare(found, value).is_eq());
        match self {
            Self::Eq(value) => is(value),
            Self::Ne(value) => !is(value),
            Self::Order(value, orders) => found.is_some_and(|found| {
                same_type(found, value) && orders.contains(&compare(found, value))
            }),
            Self::In(values) => values.iter().any(is),
            Self::NotIn(values) => !values.iter().any(is),
            Self::Contains(value) => match found {
                Some(Value::Array(items)) => items.iter().any(|item| compare(item, value).is_eq()),
                Some(Value::String(text)) => value.as_str().is_some_and(|part| text.contains(part)),
                _ => false,
            },
            Self::Exists(exists) => found.is_some() == *exists,
            Self::Matches(pattern) => {
                found.and_then(Value::as_str).is_some_and(|text| pattern.is_match(text))
            }
            Self::Not(tests) => !tests.iter().all(|test| test.holds(found)),
        }
    }
}

fn parse(query: &Value, nested: usize, count: &mut usize) -> Result<Query, String> {
    let Value::Object(fields) = query else {
        return Err("a query is an object, as in `{\"age\": {\"$gte\": 18}}`".to_owned());
    };
    if nested == 0 {
        return Err(format!("conditions are nested at most {NESTED} deep"));
    }
    let mut conditions = Vec::with_capacity(fields.len());
    for (name, value) in fields {
        *count += 1;
        if *count > CONDITIONS {
            return Err(format!("a query has at most {CONDITIONS} conditions"));
        }
        let mut list = || {
            let Value::Array(queries) = value else {
                return Err(format!("`{name}` takes a list of queries"));
            };
            queries.iter().map(|query| parse(query, nested - 1, count)).collect::<Result<_, _>>()
        };
        conditions.push(match name.as_str() {
            "$and" => Condition::And(list()?),
            "$or" => Condition::Or(list()?),
            "$not" => Condition::Not(parse(value, nested - 1, count)?),
            name if name.starts_with('$') => {
                return Err(format!(
                    "`{name}` cannot stand for a field; beside fields stand `$and`, `$or`, `$not`"
                ));
            }
            name => {
                let path = Path::parse(name)?;
                match operators(value)? {
                    None => Condition::Field(path, Test::Eq(value.clone())),
                    Some(operators) => {
                        let tests = tests(name, operators, nested - 1, count)?;
                        let fields = tests.into_iter();
                        let each = fields.map(|test| Condition::Field(path.clone(), test));
                        conditions.extend(each);
                        continue;
                    }
                }
            }
        });
    }
    Ok(Query(conditions))
}

/// The operators that `value` holds, or `None` where it is a plain value.
fn operators(value: &Value) -> Result<Option<&Map<String, Value>>, String> {
    let Value::Object(fields) = value else { return Ok(None) };
    let marked = fields.keys().filter(|name| name.starts_with('$')).count();
    match marked {
        0 => Ok(None),
        marked if marked == fields.len() => Ok(Some(fields)),
        _ => Err("operators such as `$gt` and plain fields cannot stand side by side".to_owned()),
    }
}

fn tests(
    field: &str,
    operators: &Map<String, Value>,
    nested: usize,
    count: &mut usize,
) -> Result<Vec<Test>, String> {
    use Ordering::{Equal, Greater, Less};
    if nested == 0 {
        return Err(format!("conditions are nested at most {NESTED} deep"));
    }
    let mut tests = Vec::with_capacity(operators.len());
    for (operator, value) in operators {
        *count += 1;
        if *count > CONDITIONS {
            return Err(format!("a query has at most {CONDITIONS} conditions"));
        }
        let list = || match value {
            Value::Array(values) if values.len() <= CONDITIONS => Ok(values.clone()),
            Value::Array(_) => Err(format!("`{operator}` takes at most {CONDITIONS} values")),
            _ => Err(format!("`{operator}` of `{field}` takes a list of values")),
        };
        let order = |orders| Test::Order(value.clone(), orders);
        tests.push(match operator.as_str() {
            "$eq" => Test::Eq(value.clone()),
            "$ne" => Test::Ne(value.clone()),
            "$gt" => order([Greater; 2]),
            "$gte" => order([Greater, Equal]),
            "$lt" => order([Less; 2]),
            "$lte" => order([Less, Equal]),
            "$in" => Test::In(list()?),
            "$nin" => Test::NotIn(list()?),
            "$contains" => Test::Contains(value.clone()),
            "$exists" => Test::Exists(
                value
                    .as_bool()
                    .ok_or_else(|| format!("`$exists` of `{field}` is true or false"))?,
            ),
            "$regex" => {
                // Each is compiled and kept for as long as the query is.
                *count += CONDITIONS / PATTERNS;
                if *count > CONDITIONS {
                    return Err(format!(
                        "a query has at most {PATTERNS} patterns, or fewer beside \
                         many conditions"
                    ));
                }
                Test::Matches(pattern(field, value)?)
            }
            "$not" => match self::operators(value)? {
                None => Test::Ne(value.clone()),
                Some(inner) => Test::Not(self::tests(field, inner, nested - 1, count)?),
            },
            other => {
                return Err(format!(
                    "`{other}` of `{field}` is no operator; there are `$eq`, `$ne`, `$gt`, `$gte`, \
                     `$lt`, `$lte`, `$in`, `$nin`, `$contains`, `$exists`, `$regex` and `$not`"
                ));
            }
        });
    }
    Ok(tests)
}

/// A pattern whose matching takes time in proportion to the text, whoever wrote it.
fn pattern(field: &str, value: &Value) -> Result<Regex, String> {
    let text = value.as_str().ok_or_else(|| format!("`$regex` of `{field}` takes a text"))?;
    if text.len() > PATTERN {
        return Err(format!("`$regex` of `{field}` has at most {PATTERN} bytes"));
    }
    RegexBuilder::new(text).size_limit(MACHINE).dfa_size_limit(MACHINE).build().map_err(|error| {
        let reason = match error {
            regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
            error => error.to_string().lines().last().unwrap_or_default().to_owned(),
        };
        format!("`$regex` of `{field}` is no pattern: {reason}")
    })
}

/// How found documents are sorted: by these fields, then by id.
#[derive(Clone, Debug, Default)]
pub struct Sort(Vec<(Path, bool)>);

impl Sort {
    /// Reads `name`, `-age` (greatest first), `["-age", "name"]` or
    /// `{"age": -1, "name": 1}`.
    pub fn parse(sort: &Value) -> Result<Self, String> {
        const WRONG: &str =
            "sort by names of fields, `-` before what begins with the greatest: `-age,name`";
        let word = |word: &str| match word.trim().strip_prefix('-') {
            Some(name) => Ok((Path::parse(name)?, true)),
            None => Ok((Path::parse(word.trim())?, false)),
        };
        let fields: Result<Vec<_>, String> = match sort {
            Value::Null => Ok(Vec::new()),
            Value::String(text) => text.split(',').map(word).collect(),
            Value::Array(names) => {
                names.iter().map(|name| word(name.as_str().ok_or(WRONG)?)).collect()
            }
            Value::Object(fields) => fields
                .iter()
                .map(|(name, way)| match way.as_i64() {
                    Some(1) => Ok((Path::parse(name)?, false)),
                    Some(-1) => Ok((Path::parse(name)?, true)),
                    _ => Err(format!("the sort of `{name}` is 1 or -1")),
                })
                .collect(),
            _ => Err(WRONG.to_owned()),
        };
        let fields = fields?;
        if fields.len() > 8 {
            return Err("sort by at most 8 fields".to_owned());
        }
        Ok(Self(fields))
    }

    /// Whether the order is that of ids alone.
    pub fn is_by_id(&self) -> bool {
        self.0.is_empty()
    }

    /// What a document is sorted by.
    pub fn key(&self, document: &Value) -> Vec<Option<Value>> {
        self.0.iter().map(|(path, _)| path.find(document).cloned()).collect()
    }

    /// How two documents stand, by their keys.
    pub fn compare(&self, a: &[Option<Value>], b: &[Option<Value>]) -> Ordering {
        self.0
            .iter()
            .zip(a.iter().zip(b))
            .map(|((_, down), (a, b))| {
                let order = compare_found(a.as_ref(), b.as_ref());
                if *down { order.reverse() } else { order }
            })
            .fold(Ordering::Equal, Ordering::then)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_operator_finds_what_it_says() {
        let document = json!({
            "id": "1", "name": "Ann", "age": 30, "none": null, "tags": ["new", 2],
            "home": { "town": "Ulm", "rooms": [{ "m2": 12.5 }] }, "on": true
        });
        for (query, holds) in [
            (json!({}), true),
            (json!({ "name": "Ann" }), true),
            (json!({ "name": "ann" }), false),
            (json!({ "name": "Ann", "age": 31 }), false),
            (json!({ "age": 30.0 }), true),
            (json!({ "home.town": "Ulm" }), true),
            (json!({ "home.rooms.0.m2": { "$gt": 12 } }), true),
            (json!({ "home": { "rooms": [{ "m2": 12.5 }], "town": "Ulm" } }), true),
            (json!({ "none": null }), true),
            (json!({ "lost": null }), false),
            (json!({ "age": { "$eq": 30 } }), true),
            (json!({ "age": { "$ne": 30 } }), false),
            (json!({ "lost": { "$ne": 30 } }), true),
            (json!({ "age": { "$gt": 30 } }), false),
            (json!({ "age": { "$gte": 30, "$lt": 31 } }), true),
            (json!({ "age": { "$lte": 29 } }), false),
            (json!({ "name": { "$lt": "B" } }), true),
            (json!({ "name": { "$gt": 5 } }), false),
            (json!({ "lost": { "$lt": 5 } }), false),
            (json!({ "age": { "$in": [1, 30] } }), true),
            (json!({ "age": { "$nin": [1, 30] } }), false),
            (json!({ "lost": { "$nin": [1] } }), true),
            (json!({ "tags": { "$contains": "new" } }), true),
            (json!({ "tags": { "$contains": "ne" } }), false),
            (json!({ "name": { "$contains": "nn" } }), true),
            (json!({ "name": { "$contains": 1 } }), false),
            (json!({ "none": { "$exists": true } }), true),
            (json!({ "lost": { "$exists": false } }), true),
            (json!({ "name": { "$regex": "^a.n$" } }), false),
            (json!({ "name": { "$regex": "(?i)^a.n$" } }), true),
            (json!({ "age": { "$regex": "30" } }), false),
            (json!({ "$and": [{ "age": 30 }, { "on": true }] }), true),
            (json!({ "$or": [{ "age": 1 }, { "on": true }] }), true),
            (json!({ "$or": [] }), false),
            (json!({ "$and": [] }), true),
            (json!({ "$not": { "age": 30 } }), false),
            (json!({ "age": { "$not": { "$gt": 30 } } }), true),
            (json!({ "lost": { "$not": { "$gt": 30 } } }), true),
            (json!({ "age": { "$not": 30 } }), false),
            (json!({ "'; DROP TABLE apps; --": 1 }), false),
        ] {
            let parsed = Query::parse(&query).unwrap_or_else(|e| panic!("{query}: {e}"));
            assert_eq!(parsed.holds(&document), holds, "{query}");
        }
    }

    #[test]
    fn what_is_no_query_is_refused_by_name() {
        let deep = (0..40).fold(json!({}), |query, _| json!({ "$not": query }));
        for (query, word) in [
            (json!([]), "object"),
            (json!({ "a": { "$gtt": 1 } }), "$gtt"),
            (json!({ "$nor": [] }), "$nor"),
            (json!({ "$or": {} }), "$or"),
            (json!({ "a": { "$in": 1 } }), "$in"),
            (json!({ "a": { "$exists": 1 } }), "$exists"),
            (json!({ "a": { "$regex": "(" } }), "pattern"),
            (json!({ "a": { "$regex": "(a{1000}){1000}" } }), "too large"),
            (json!({ "a": { "$regex": "(?<!a)b" } }), "pattern"),
            (json!({ "a": { "$gt": 1, "b": 2 } }), "side by side"),
            (json!({ "a..b": 1 }), "a..b"),
            (deep, "nested"),
        ] {
            let error = Query::parse(&query).expect_err("refused");
            assert!(error.contains(word), "{query}: {error}");
        }
    }

    #[test]
    fn only_a_query_that_names_ids_is_narrowed_to_them() {
        let ids = |query: Value| {
            let query = Query::parse(&query).expect("a query");
            query.ids().map(|ids| ids.into_iter().map(ToOwned::to_owned).collect::<Vec<_>>())
        };
        assert_eq!(ids(json!({ "id": "a", "b": 1 })), Some(vec!["a".to_owned()]));
        assert_eq!(ids(json!({ "id": { "$in": ["a", "b", 1] } })).map(|ids| ids.len()), Some(2));
        assert_eq!(ids(json!({ "$or": [{ "id": "a" }] })), None);
        assert_eq!(ids(json!({ "id": { "$ne": "a" } })), None);
    }

    #[test]
    fn sorting_takes_its_three_forms() {
        for sort in [json!("-age,name"), json!(["-age", "name"]), json!({ "age": -1, "name": 1 })] {
            let sort = Sort::parse(&sort).expect("a sort");
            let key = |age: Value, name: &str| sort.key(&json!({ "age": age, "name": name }));
            assert!(sort.compare(&key(json!(9), "b"), &key(json!(3), "a")).is_lt());
            assert!(sort.compare(&key(json!(3), "b"), &key(json!(3), "a")).is_gt());
        }
        for sort in [json!(1), json!([1]), json!({ "a": 2 }), json!("a,,b"), json!("-")] {
            assert!(Sort::parse(&sort).is_err(), "{sort}");
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let name = prop_oneof![
            Just("a".to_owned()),
            Just("a.b".to_owned()),
            Just("0".to_owned()),
            "\\$(and|or|not|eq|in|nin|gt|lt|lte|gte|ne|regex|exists|contains|set|inc|push|pull|unset)",
            ".{0,4}",
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 32, 4, move |inner| {
            let fields = prop::collection::vec((name.clone(), inner.clone()), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Value::from),
                fields.prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_query_sort_or_update_ever_panics(query in values(), document in values()) {
            if let Ok(query) = Query::parse(&query) {
                query.holds(&document);
            }
            let _ = Sort::parse(&query);
            if let Ok(update) = super::super::Update::parse(&query) {
                let mut document = document.clone();
                let _ = update.apply(&mut document);
            }
        }

        #[test]
        fn a_document_is_found_by_every_field_it_has(document in values()) {
            if let Value::Object(fields) = &document {
                for (name, value) in fields {
                    let query = serde_json::json!({ name: { "$eq": value } });
                    if let Ok(query) = Query::parse(&query) && !name.contains('.') {
                        prop_assert!(query.holds(&document), "{}", name);
                    }
                }
            }
        }
    }
}
