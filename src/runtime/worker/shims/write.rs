//! Values as JSON, by the standard's steps; what is nested too deep is refused before the
//! stack ends.

use std::fmt::Write as _;

use boa_engine::{
    Context, JsNativeError, JsObject, JsResult, JsString, JsValue, JsVariant,
    builtins::proxy::Proxy,
    js_string,
    object::builtins::JsArray,
    property::PropertyKey,
    string::{JsStr, JsStrVariant},
};

use super::{json::DEEPEST, originals};

/// Most blanks of one level.
const WIDEST: usize = 10;

/// Writes a value without blanks.
pub(super) fn plain(value: &JsValue, context: &mut Context) -> JsResult<Option<String>> {
    let mut writer = Writer::default();
    writer.begin(value.clone(), context)
}

/// Writes a value as `JSON.stringify` is asked to.
pub(super) fn formed(
    value: &JsValue,
    replacer: &JsValue,
    space: &JsValue,
    context: &mut Context,
) -> JsResult<Option<String>> {
    let mut writer = Writer::default();
    if let Some(object) = replacer.as_object() {
        if object.is_callable() {
            writer.replacer = Some(object);
        } else if is_array(&object, context)? {
            writer.chosen = Some(chosen(&object, context)?);
        }
    }
    writer.gap = gap(space, context)?;
    writer.begin(value.clone(), context)
}

/// The names that a list as the replacer lets through.
fn chosen(list: &JsObject, context: &mut Context) -> JsResult<Vec<PropertyKey>> {
    let mut chosen = Vec::new();
    let length = list.get(js_string!("length"), context)?.to_length(context)?;
    for n in 0..length {
        let value = list.get(n, context)?;
        let names = value.is_string()
            || value.is_number()
            || value.as_object().is_some_and(|o| o.is::<JsString>() || o.is::<f64>());
        if names {
            let key = PropertyKey::from(value.to_string(context)?);
            if !chosen.contains(&key) {
                chosen.push(key);
            }
        }
    }
    Ok(chosen)
}

/// What a level is moved by.
fn gap(space: &JsValue, context: &mut Context) -> JsResult<JsString> {
    let mut space = space.clone();
    if let Some(object) = space.as_object() {
        if object.is::<f64>() {
            space = JsValue::from(space.to_number(context)?);
        } else if object.is::<JsString>() {
            space = JsValue::from(space.to_string(context)?);
        }
    }
    if let Some(text) = space.as_string() {
        return Ok(text.slice(0, text.len().min(WIDEST)));
    }
    if space.is_number() {
        let wanted = space.to_integer_or_infinity(context)?;
        let width = wanted.clamp_finite(0, 10_i64);
        return Ok(JsString::from(" ".repeat(usize::try_from(width).unwrap_or_default())));
    }
    Ok(JsString::default())
}

/// Whether a value is a list, seen through proxies.
pub(super) fn is_array(object: &JsObject, context: &mut Context) -> JsResult<bool> {
    if !object.is::<Proxy>() {
        return Ok(object.is_array());
    }
    // A proxy's target is seen by the engine alone; one that is revoked throws.
    let arguments = [JsValue::from(object.clone())];
    let of = context.intrinsics().constructors().array().constructor();
    let function = of.get(js_string!("isArray"), context)?;
    let function = function.as_callable().ok_or_else(|| super::missing("Array.isArray"))?;
    Ok(function.call(&JsValue::undefined(), &arguments, context)?.to_boolean())
}

/// The names of an object's own properties that are shown, in their order.
pub(super) fn keys(object: &JsObject, context: &mut Context) -> JsResult<Vec<PropertyKey>> {
    if object.is_ordinary() {
        let mut keys = object.own_property_keys(context)?;
        let borrowed = object.borrow();
        let properties = borrowed.properties();
        keys.retain(|key| {
            !matches!(key, PropertyKey::Symbol(_))
                && properties.get(key).is_some_and(|one| one.enumerable() == Some(true))
        });
        return Ok(keys);
    }
    let function = originals(context)?.keys.clone();
    let list = function.call(&JsValue::undefined(), &[object.clone().into()], context)?;
    let list = list.as_object().ok_or_else(|| super::missing("Object.keys"))?;
    let list = JsArray::from_object(list)?;
    let mut keys = Vec::new();
    for n in 0..list.length(context)? {
        keys.push(list.get(n, context)?.to_property_key(context)?);
    }
    Ok(keys)
}

/// A key as scripts are given it: always a string.
pub(super) fn key_name(key: &PropertyKey) -> JsValue {
    match key {
        PropertyKey::Index(n) => js_string!(n.get().to_string()).into(),
        key => JsValue::from(key.clone()),
    }
}

#[derive(Default)]
struct Writer {
    text: String,
    gap: JsString,
    replacer: Option<JsObject>,
    chosen: Option<Vec<PropertyKey>>,
    /// What is being written, from the outside in.
    open: Vec<JsObject>,
}

impl Writer {
    fn begin(&mut self, value: JsValue, context: &mut Context) -> JsResult<Option<String>> {
        let holder = match self.replacer {
            Some(_) => {
                let holder = JsObject::with_object_proto(context.intrinsics());
                holder.create_data_property_or_throw(js_string!(""), value.clone(), context)?;
                Some(holder)
            }
            None => None,
        };
        let empty = PropertyKey::from(js_string!(""));
        let written = self.value(value, &empty, holder.as_ref(), context)?;
        Ok(written.then(|| std::mem::take(&mut self.text)))
    }

    /// Writes the value of a property; false where it has no JSON.
    fn value(
        &mut self,
        mut value: JsValue,
        key: &PropertyKey,
        holder: Option<&JsObject>,
        context: &mut Context,
    ) -> JsResult<bool> {
        if value.is_object() || value.is_bigint() {
            let own = match value.as_object() {
                Some(object) => object.get(js_string!("toJSON"), context)?,
                None => {
                    let prototype = context.intrinsics().constructors().bigint().prototype();
                    prototype.get(js_string!("toJSON"), context)?
                }
            };
            if let Some(function) = own.as_callable() {
                value = function.call(&value, &[key_name(key)], context)?;
            }
        }
        if let (Some(replacer), Some(holder)) = (self.replacer.clone(), holder) {
            let arguments = [key_name(key), value];
            value = replacer.call(&holder.clone().into(), &arguments, context)?;
        }
        if let Some(object) = value.as_object() {
            match unboxed(&value, &object, context)? {
                Unboxed::Value(plain) => value = plain,
                Unboxed::Raw(text) => {
                    self.text.push_str(&text);
                    return Ok(true);
                }
                Unboxed::Object => return self.object(&object, context),
            }
        }
        match value.variant() {
            JsVariant::Boolean(true) => self.text.push_str("true"),
            JsVariant::Boolean(false) => self.text.push_str("false"),
            JsVariant::String(text) => self.string(text.as_str()),
            JsVariant::Integer32(number) => {
                let _ = write!(self.text, "{number}");
            }
            JsVariant::Float64(number) if number.is_finite() => {
                let number = value.to_string(context)?;
                self.text.push_str(&number.to_std_string_lossy());
            }
            JsVariant::Null | JsVariant::Float64(_) => self.text.push_str("null"),
            JsVariant::BigInt(_) => {
                let error = JsNativeError::typ();
                return Err(error.with_message("Do not know how to serialize a BigInt").into());
            }
            JsVariant::Undefined | JsVariant::Symbol(_) | JsVariant::Object(_) => return Ok(false),
        }
        Ok(true)
    }

    fn object(&mut self, object: &JsObject, context: &mut Context) -> JsResult<bool> {
        if object.is_callable() {
            return Ok(false);
        }
        if self.open.iter().any(|open| JsObject::equals(open, object)) {
            let error = JsNativeError::typ();
            return Err(error.with_message("Converting circular structure to JSON").into());
        }
        if self.open.len() == DEEPEST {
            let message = format!("what is to be JSON is nested more than {DEEPEST} deep");
            return Err(JsNativeError::range().with_message(message).into());
        }
        self.open.push(object.clone());
        let is_list = is_array(object, context)?;
        let empty =
            if is_list { self.list(object, context)? } else { self.named(object, context)? };
        self.open.pop();
        if !empty {
            self.line();
        }
        self.text.push(if is_list { ']' } else { '}' });
        Ok(true)
    }

    /// Writes the values of a list; answers whether there were none.
    fn list(&mut self, list: &JsObject, context: &mut Context) -> JsResult<bool> {
        self.text.push('[');
        let length = list.get(js_string!("length"), context)?.to_length(context)?;
        for n in 0..length {
            if n > 0 {
                self.text.push(',');
            }
            self.line();
            let value = list.get(n, context)?;
            if !self.value(value, &PropertyKey::from(n), Some(list), context)? {
                self.text.push_str("null");
            }
        }
        Ok(length == 0)
    }

    fn named(&mut self, object: &JsObject, context: &mut Context) -> JsResult<bool> {
        self.text.push('{');
        let keys = match &self.chosen {
            Some(chosen) => chosen.clone(),
            None => keys(object, context)?,
        };
        let mut empty = true;
        for key in keys {
            let value = object.get(key.clone(), context)?;
            let before = self.text.len();
            if !empty {
                self.text.push(',');
            }
            self.line();
            match &key {
                PropertyKey::String(name) => self.string(name.as_str()),
                PropertyKey::Index(n) => {
                    let _ = write!(self.text, "\"{}\"", n.get());
                }
                PropertyKey::Symbol(_) => {}
            }
            self.text.push(':');
            if !self.gap.is_empty() {
                self.text.push(' ');
            }
            if self.value(value, &key, Some(object), context)? {
                empty = false;
            } else {
                self.text.truncate(before);
            }
        }
        Ok(empty)
    }

    /// Begins a line at the level where this stands.
    fn line(&mut self) {
        if self.gap.is_empty() {
            return;
        }
        self.text.push('\n');
        let gap = self.gap.to_std_string_lossy();
        for _ in 0..self.open.len() {
            self.text.push_str(&gap);
        }
    }

    fn string(&mut self, string: JsStr<'_>) {
        self.text.push('"');
        match string.variant() {
            JsStrVariant::Latin1(units) => {
                self.text.reserve(units.len() + 1);
                for unit in units {
                    self.character(char::from(*unit));
                }
            }
            JsStrVariant::Utf16(units) => {
                self.text.reserve(units.len() + 1);
                for unit in char::decode_utf16(units.iter().copied()) {
                    match unit {
                        Ok(character) => self.character(character),
                        // Half a character is written by its number.
                        Err(half) => {
                            let _ = write!(self.text, "\\u{:04x}", half.unpaired_surrogate());
                        }
                    }
                }
            }
        }
        self.text.push('"');
    }

    fn character(&mut self, character: char) {
        match character {
            '"' => self.text.push_str("\\\""),
            '\\' => self.text.push_str("\\\\"),
            '\u{8}' => self.text.push_str("\\b"),
            '\u{c}' => self.text.push_str("\\f"),
            '\n' => self.text.push_str("\\n"),
            '\r' => self.text.push_str("\\r"),
            '\t' => self.text.push_str("\\t"),
            '\0'..' ' => {
                let _ = write!(self.text, "\\u{:04x}", u32::from(character));
            }
            plain => self.text.push(plain),
        }
    }
}

/// What an object stands for.
enum Unboxed {
    Value(JsValue),
    Raw(String),
    Object,
}

fn unboxed(value: &JsValue, object: &JsObject, context: &mut Context) -> JsResult<Unboxed> {
    if object.is_ordinary() || object.is_array() {
        return Ok(Unboxed::Object);
    }
    if object.is::<f64>() {
        return Ok(Unboxed::Value(value.to_number(context)?.into()));
    }
    if object.is::<JsString>() {
        return Ok(Unboxed::Value(value.to_string(context)?.into()));
    }
    if let Some(held) = object.downcast_ref::<bool>() {
        return Ok(Unboxed::Value(JsValue::from(*held)));
    }
    if let Some(held) = object.downcast_ref::<boa_engine::JsBigInt>() {
        return Ok(Unboxed::Value(JsValue::from(held.clone())));
    }
    // Text that is JSON already has no prototype and this property alone.
    let raw = js_string!("rawJSON");
    if object.prototype().is_none()
        && object.borrow().properties().contains_key(&raw.clone().into())
    {
        let is_raw = originals(context)?.is_raw.clone();
        let is_raw = is_raw.call(&JsValue::undefined(), std::slice::from_ref(value), context)?;
        if is_raw.to_boolean() {
            let text = object.get(raw, context)?.to_string(context)?;
            return Ok(Unboxed::Raw(text.to_std_string_lossy()));
        }
    }
    Ok(Unboxed::Object)
}
