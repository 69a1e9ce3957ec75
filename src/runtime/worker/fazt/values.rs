//! Values of scripts as JSON and bytes, and back.
//!
//! As `JSON.stringify` writes them, but strict where that would lose something in
//! silence: maps and sets, bytes inside of other values, cycles, what is too deep.

use boa_engine::{
    Context, JsObject, JsResult, JsString, JsValue, JsVariant,
    builtins::array_buffer::AlignedVec,
    js_string,
    object::builtins::{JsArrayBuffer, JsDataView, JsMap, JsSet, JsTypedArray, JsUint8Array},
    property::PropertyKey,
};
use bytes::Bytes;
use serde_json::{Map, Number, Value};

use super::wrong;
use crate::runtime::worker::{shims::json, web::blob};

/// How deep a value may be nested, as the store has it.
const DEPTH: usize = 100;

/// What of JavaScript has to be in a value.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Strictness {
    /// As `JSON.stringify`: `undefined` is left out, what is no number is `null`.
    Stored,
    /// Numbers are numbers.
    Options,
    /// Numbers are numbers, and nothing is `undefined`: a condition that is left out
    /// would find more, not less.
    Query,
}

/// What is read, in the words of an error.
#[derive(Clone, Copy)]
pub(super) struct What<'w> {
    /// The method.
    pub(super) api: &'w str,
    /// The argument.
    pub(super) name: &'w str,
    /// What it may hold.
    pub(super) strictness: Strictness,
}

impl What<'_> {
    /// Reads a value; `None` where JSON has nothing for it.
    pub(super) fn json(self, value: &JsValue, context: &mut Context) -> JsResult<Option<Value>> {
        self.write(value, &mut Vec::new(), context)
    }

    fn wrong(self, why: &str, path: &[JsObject], context: &mut Context) -> boa_engine::JsError {
        let part = if path.is_empty() { "" } else { "a part of " };
        wrong(format!("{}: {part}the {} {why}", self.api, self.name), context)
    }

    fn write(
        self,
        value: &JsValue,
        path: &mut Vec<JsObject>,
        context: &mut Context,
    ) -> JsResult<Option<Value>> {
        Ok(Some(match value.variant() {
            JsVariant::Null => Value::Null,
            JsVariant::Boolean(flag) => flag.into(),
            JsVariant::String(text) => text.to_std_string_lossy().into(),
            JsVariant::Integer32(number) => number.into(),
            JsVariant::Float64(number) => match number_of(number) {
                Some(number) => Value::Number(number),
                None if self.strictness == Strictness::Stored => Value::Null,
                None => return Err(self.wrong("is not a finite number", path, context)),
            },
            JsVariant::BigInt(_) => {
                let why = "is a BigInt, which JSON does not have; store it as a string";
                return Err(self.wrong(why, path, context));
            }
            JsVariant::Undefined if self.strictness == Strictness::Query => {
                return Err(self.wrong("is undefined", path, context));
            }
            JsVariant::Undefined | JsVariant::Symbol(_) => return Ok(None),
            JsVariant::Object(object) => return self.write_object(&object, path, context),
        }))
    }

    fn write_object(
        self,
        object: &JsObject,
        path: &mut Vec<JsObject>,
        context: &mut Context,
    ) -> JsResult<Option<Value>> {
        if path.iter().any(|above| JsObject::equals(above, object)) {
            return Err(self.wrong("holds itself", path, context));
        }
        if path.len() >= DEPTH {
            let why = format!("is nested more than {DEPTH} deep");
            return Err(self.wrong(&why, &[], context));
        }
        let to_json = object.get(js_string!("toJSON"), context)?;
        if let Some(to_json) = to_json.as_callable() {
            let plain = to_json.call(&object.clone().into(), &[], context)?;
            path.push(object.clone());
            let written = self.write(&plain, path, context);
            path.pop();
            return written;
        }
        if object.is_callable() {
            return if self.strictness == Strictness::Query {
                Err(self.wrong("is a function", path, context))
            } else {
                Ok(None)
            };
        }
        if let Some(boxed) = boxed(object) {
            return self.write(&boxed, path, context);
        }
        if is_bytes(object) {
            return Err(self.wrong("holds bytes; they are stored alone", path, context));
        }
        if JsMap::from_object(object.clone()).is_ok() || JsSet::from_object(object.clone()).is_ok()
        {
            let why = "is a Map or a Set, which JSON does not have; spread it into an array";
            return Err(self.wrong(why, path, context));
        }
        path.push(object.clone());
        let written = if object.is_array() {
            self.write_list(object, path, context)
        } else {
            self.write_fields(object, path, context)
        };
        path.pop();
        written.map(Some)
    }

    fn write_list(
        self,
        list: &JsObject,
        path: &mut Vec<JsObject>,
        context: &mut Context,
    ) -> JsResult<Value> {
        let length = length(list, context)?;
        let mut items = Vec::new();
        for n in 0..length {
            let item = list.get(n, context)?;
            items.push(self.write(&item, path, context)?.unwrap_or_default());
        }
        Ok(Value::Array(items))
    }

    fn write_fields(
        self,
        object: &JsObject,
        path: &mut Vec<JsObject>,
        context: &mut Context,
    ) -> JsResult<Value> {
        let mut fields = Map::new();
        for key in object.own_property_keys(context)? {
            let name = match &key {
                PropertyKey::String(name) => name.to_std_string_lossy(),
                PropertyKey::Index(n) => n.get().to_string(),
                PropertyKey::Symbol(_) => continue,
            };
            let hidden = object.borrow().properties().get(&key);
            if hidden.is_some_and(|property| property.enumerable() == Some(false)) {
                continue;
            }
            let value = object.get(key, context)?;
            if let Some(value) = self.write(&value, path, context)? {
                fields.insert(name, value);
            }
        }
        Ok(Value::Object(fields))
    }
}

/// How many items a list has.
pub(super) fn length(list: &JsObject, context: &mut Context) -> JsResult<u64> {
    list.get(js_string!("length"), context)?.to_length(context)
}

/// A number as JSON has it: whole where it is whole.
fn number_of(number: f64) -> Option<Number> {
    /// From here on not every whole number is a float.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
        return Some(Number::from(number as i64));
    }
    Number::from_f64(number)
}

/// What `new String("a")` and its like hold.
fn boxed(object: &JsObject) -> Option<JsValue> {
    if let Some(text) = object.downcast_ref::<JsString>() {
        return Some(text.clone().into());
    }
    if let Some(number) = object.downcast_ref::<f64>() {
        return Some((*number).into());
    }
    object.downcast_ref::<bool>().map(|flag| (*flag).into())
}

/// Whether an object is a typed array, a view, a buffer or a blob.
pub(super) fn is_bytes(object: &JsObject) -> bool {
    blob::bytes_of(&object.clone().into()).is_some()
        || JsTypedArray::from_object(object.clone()).is_ok()
        || JsArrayBuffer::from_object(object.clone()).is_ok()
        || JsDataView::from_object(object.clone()).is_ok()
}

/// The bytes of a typed array, a view, a buffer or a blob.
pub(super) fn bytes(value: &JsValue, context: &mut Context) -> JsResult<Option<Bytes>> {
    let Some(object) = value.as_object() else { return Ok(None) };
    if let Some((bytes, _)) = blob::bytes_of(value) {
        return Ok(Some(bytes));
    }
    if let Ok(buffer) = JsArrayBuffer::from_object(object.clone()) {
        return Ok(buffer.data().map(|data| Bytes::copy_from_slice(&data)));
    }
    let (buffer, from, length) = if let Ok(array) = JsTypedArray::from_object(object.clone()) {
        let (from, length) = (array.byte_offset(context)?, array.byte_length(context)?);
        (array.buffer(context)?, from, length)
    } else if let Ok(view) = JsDataView::from_object(object.clone()) {
        let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let (from, length) = (size(view.byte_offset(context)?), size(view.byte_length(context)?));
        (view.buffer(context)?, from, length)
    } else {
        return Ok(None);
    };
    let Some(buffer) = buffer.as_object() else { return Ok(None) };
    let buffer = JsArrayBuffer::from_object(buffer.clone())?;
    let data = buffer.data();
    let part = data.as_ref().and_then(|data| data.get(from..from.saturating_add(length)));
    Ok(part.map(Bytes::copy_from_slice))
}

/// Bytes as a script gets them.
pub(super) fn uint8_array(bytes: &[u8], context: &mut Context) -> JsResult<JsValue> {
    let block = AlignedVec::from_slice(64, bytes);
    let buffer = JsArrayBuffer::from_byte_block(block, context)?;
    Ok(JsUint8Array::from_array_buffer(buffer, context)?.into())
}

/// JSON as a script gets it.
pub(super) fn read(text: &str, context: &mut Context) -> JsResult<JsValue> {
    json::read(text, context)
}
