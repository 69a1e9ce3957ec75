//! The update language of documents: what to set, unset, add to, put in, take out.
//!
//! `{ "$inc": { "seen": 1 }, "name": "Ann" }`: a bare field is set. An update
//! either fits a document as a whole or is refused, naming the field. Pure.

use serde_json::{Map, Number, Value};

use super::order::{DEPTH, Path, compare, fits, place};

/// Fields that one update names.
const FIELDS: usize = 1_000;

/// What to change about a document.
#[derive(Clone, Debug)]
pub struct Update(Vec<(Path, Change)>);

#[derive(Clone, Debug)]
enum Change {
    Set(Value),
    Unset,
    Inc(Number),
    Push(Value),
    Pull(Value),
}

impl Update {
    /// Reads an update; the error says which part is wrong, and what would do.
    pub fn parse(update: &Value) -> Result<Self, String> {
        let Value::Object(fields) = update else {
            return Err("an update is an object, as in `{\"$set\": {\"name\": \"Ann\"}}`".into());
        };
        if !fits(update, DEPTH) {
            return Err(format!("an update is nested at most {DEPTH} deep"));
        }
        let mut changes = Vec::new();
        for (name, value) in fields {
            if !name.starts_with('$') {
                changes.push((Path::parse(name)?, Change::Set(value.clone())));
                continue;
            }
            if !["$set", "$unset", "$inc", "$push", "$pull"].contains(&name.as_str()) {
                return Err(format!(
                    "`{name}` is no operator of an update; there are `$set`, `$unset`, `$inc`, \
                     `$push` and `$pull`"
                ));
            }
            if name == "$unset"
                && let Value::Array(names) = value
            {
                for name in names {
                    let name = name.as_str().ok_or("`$unset` takes names of fields")?;
                    changes.push((Path::parse(name)?, Change::Unset));
                }
                continue;
            }
            let Value::Object(each) = value else {
                return Err(format!("`{name}` takes an object of fields"));
            };
            for (path, value) in each {
                changes.push((Path::parse(path)?, change(name, path, value)?));
            }
        }
        if changes.len() > FIELDS {
            return Err(format!("an update names at most {FIELDS} fields"));
        }
        if changes.iter().any(|(path, _)| path.is_within("id")) {
            return Err("the `id` of a document cannot be changed".to_owned());
        }
        Ok(Self(changes))
    }

    /// Changes a document. One that does not fit is left half changed: the caller
    /// drops it.
    pub fn apply(&self, document: &mut Value) -> Result<(), String> {
        for (path, change) in &self.0 {
            change.apply(path, document)?;
        }
        Ok(())
    }
}

fn change(operator: &str, path: &str, value: &Value) -> Result<Change, String> {
    Ok(match operator {
        "$set" => Change::Set(value.clone()),
        "$unset" => Change::Unset,
        "$push" => Change::Push(value.clone()),
        "$pull" => Change::Pull(value.clone()),
        _ => match value {
            Value::Number(by) => Change::Inc(by.clone()),
            _ => return Err(format!("`$inc` of `{path}` takes a number")),
        },
    })
}

impl Change {
    fn apply(&self, path: &Path, document: &mut Value) -> Result<(), String> {
        let list = || format!("`{path}` is no list");
        match self {
            Self::Set(value) => *slot(path, document)? = value.clone(),
            Self::Unset => unset(path, document),
            Self::Inc(by) => {
                let sum = match path.find(document) {
                    None => by.clone(),
                    Some(Value::Number(number)) => add(number, by)
                        .ok_or_else(|| format!("`{path}` would become larger than a number is"))?,
                    Some(_) => return Err(format!("`{path}` is no number")),
                };
                *slot(path, document)? = Value::Number(sum);
            }
            Self::Push(value) => {
                let is_new = path.find(document).is_none();
                let slot = slot(path, document)?;
                if is_new {
                    *slot = Value::Array(Vec::new());
                }
                slot.as_array_mut().ok_or_else(list)?.push(value.clone());
            }
            Self::Pull(value) => {
                if path.find(document).is_some() {
                    let items = slot(path, document)?.as_array_mut().ok_or_else(list)?;
                    items.retain(|item| !compare(item, value).is_eq());
                }
            }
        }
        Ok(())
    }
}

/// The sum of two numbers, whole if both are; `None` when it is too large.
pub fn add(a: &Number, b: &Number) -> Option<Number> {
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
        return a.checked_add(b).map(Number::from);
    }
    Number::from_f64(a.as_f64()? + b.as_f64()?)
}

/// The place that a path names, made where it is missing: objects along the way, and
/// the next place of an array.
fn slot<'v>(path: &Path, document: &'v mut Value) -> Result<&'v mut Value, String> {
    let mut at = document;
    for part in path.parts() {
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
        at = match at {
            Value::Object(fields) => fields.entry(part).or_insert(Value::Null),
            Value::Array(items) => {
                let n = place(part).filter(|n| *n <= items.len()).ok_or_else(|| {
                    format!("`{path}`: `{part}` is no place in a list of {}", items.len())
                })?;
                if n == items.len() {
                    items.push(Value::Null);
                }
                &mut items[n]
            }
            _ => return Err(format!("`{path}` leads through a value that holds no fields")),
        };
    }
    Ok(at)
}

/// Takes away what a path names; the places of a list stay as they are.
fn unset(path: &Path, document: &mut Value) {
    let Some((last, before)) = path.parts().split_last() else { return };
    let parent = before.iter().try_fold(document, |value, part| match value {
        Value::Object(fields) => fields.get_mut(part),
        Value::Array(items) => items.get_mut(place(part)?),
        _ => None,
    });
    match parent {
        Some(Value::Object(fields)) => {
            fields.shift_remove(last);
        }
        Some(Value::Array(items)) => {
            if let Some(item) = place(last).and_then(|n| items.get_mut(n)) {
                *item = Value::Null;
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_operator_does_what_it_says() {
        let before = json!({ "id": "1", "n": 1, "f": 0.5, "l": [1, 2, 1], "o": { "x": 1 } });
        for (update, path, after) in [
            (json!({ "n": 2 }), "n", json!(2)),
            (json!({ "$set": { "o.y.z": 3 } }), "o", json!({ "x": 1, "y": { "z": 3 } })),
            (json!({ "$set": { "l.3": 4 } }), "l", json!([1, 2, 1, 4])),
            (json!({ "$set": { "l.0": 4 } }), "l", json!([4, 2, 1])),
            (json!({ "$unset": { "o.x": true } }), "o", json!({})),
            (json!({ "$unset": ["o.x", "lost.deep"] }), "o", json!({})),
            (json!({ "$unset": { "l.0": 1 } }), "l", json!([null, 2, 1])),
            (json!({ "$inc": { "n": -3 } }), "n", json!(-2)),
            (json!({ "$inc": { "f": 1 } }), "f", json!(1.5)),
            (json!({ "$inc": { "new": 5 } }), "new", json!(5)),
            (json!({ "$push": { "l": [3] } }), "l", json!([1, 2, 1, [3]])),
            (json!({ "$push": { "new": 3 } }), "new", json!([3])),
            (json!({ "$pull": { "l": 1.0 } }), "l", json!([2])),
            (json!({ "$pull": { "lost": 1 } }), "l", json!([1, 2, 1])),
            (json!({ "$inc": { "n": 1 }, "m": 7 }), "m", json!(7)),
        ] {
            let mut document = before.clone();
            let parsed = Update::parse(&update).unwrap_or_else(|e| panic!("{update}: {e}"));
            parsed.apply(&mut document).unwrap_or_else(|e| panic!("{update}: {e}"));
            assert_eq!(
                Path::parse(path).expect("a path").find(&document),
                Some(&after),
                "{update}"
            );
            assert_eq!(document["id"], "1");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        let before = json!({ "n": 1, "t": "x", "l": [1], "big": i64::MAX });
        for (update, word) in [
            (json!([]), "object"),
            (json!({ "$rename": { "a": "b" } }), "$rename"),
            (json!({ "$set": 1 }), "$set"),
            (json!({ "$inc": { "n": "1" } }), "number"),
            (json!({ "$inc": { "t": 1 } }), "`t` is no number"),
            (json!({ "$inc": { "big": 1 } }), "larger"),
            (json!({ "$push": { "n": 1 } }), "`n` is no list"),
            (json!({ "$pull": { "t": 1 } }), "`t` is no list"),
            (json!({ "n.deep": 1 }), "n.deep"),
            (json!({ "l.5": 1 }), "list of 1"),
            (json!({ "id": "2" }), "`id`"),
            (json!({ "$unset": ["id"] }), "`id`"),
        ] {
            let done = Update::parse(&update).and_then(|it| it.apply(&mut before.clone()));
            let error = done.expect_err("refused");
            assert!(error.contains(word), "{update}: {error}");
        }
    }
}
