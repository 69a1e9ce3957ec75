//! Values of scripts as Rust sees them, and back: texts, bytes, lists, promises.
//!
//! What a class means by them is in the file of its noun.

use boa_engine::{
    Context, JsObject, JsResult, JsString, JsSymbol, JsValue, NativeFunction, Trace, js_string,
    object::builtins::{
        AlignedVec, JsArray, JsArrayBuffer, JsDataView, JsFunction, JsPromise, JsTypedArray,
        JsUint8Array,
    },
    property::PropertyKey,
};

use super::class::type_error;
use crate::runtime::worker::shims;

/// The mark of byte order in UTF-8.
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// The argument at a place; `undefined` where there is none.
pub(super) fn argument(arguments: &[JsValue], at: usize) -> JsValue {
    arguments.get(at).cloned().unwrap_or_default()
}

/// The argument at a place, which has to be there.
pub(super) fn needed(arguments: &[JsValue], at: usize) -> JsResult<&JsValue> {
    arguments.get(at).ok_or_else(|| type_error(format!("argument {} is missing", at + 1)))
}

/// A value as text; halves of characters are replaced.
pub(crate) fn text(value: &JsValue, context: &mut Context) -> JsResult<String> {
    Ok(value.to_string(context)?.to_std_string_lossy())
}

/// Text for a script.
pub(crate) fn js(text: &str) -> JsValue {
    JsString::from(text).into()
}

/// A property, unless it is `undefined`.
pub(super) fn member(
    object: &JsObject,
    name: &str,
    context: &mut Context,
) -> JsResult<Option<JsValue>> {
    let value = object.get(JsString::from(name), context)?;
    Ok(if value.is_undefined() { None } else { Some(value) })
}

/// An option of a dictionary that may be missing altogether.
pub(super) fn option(
    options: &JsValue,
    name: &str,
    context: &mut Context,
) -> JsResult<Option<JsValue>> {
    match options.as_object() {
        Some(options) => member(&options, name, context),
        None if options.is_null_or_undefined() => Ok(None),
        None => Err(type_error("the options have to be an object")),
    }
}

/// The bytes of a buffer or of a view of one; `None` for anything else.
pub(crate) fn bytes(value: &JsValue, context: &mut Context) -> JsResult<Option<Vec<u8>>> {
    let Some(object) = value.as_object() else { return Ok(None) };
    let (buffer, from, length) = if let Ok(view) = JsTypedArray::from_object(object.clone()) {
        let (from, length) = (view.byte_offset(context)?, view.byte_length(context)?);
        (view.buffer(context)?.as_object(), from, Some(length))
    } else if let Ok(view) = JsDataView::from_object(object.clone()) {
        let from = usize::try_from(view.byte_offset(context)?).unwrap_or(usize::MAX);
        let length = usize::try_from(view.byte_length(context)?).unwrap_or(usize::MAX);
        (view.buffer(context)?.as_object(), from, Some(length))
    } else {
        (Some(object), 0, None)
    };
    let Some(Ok(buffer)) = buffer.map(JsArrayBuffer::from_object) else { return Ok(None) };
    let Some(data) = buffer.data() else {
        return Err(type_error("the buffer has been transferred"));
    };
    let until = length.map_or(data.len(), |length| from.saturating_add(length));
    let part = data.get(from..until);
    part.map(|part| Some(part.to_vec())).ok_or_else(|| type_error("the view is out of bounds"))
}

/// Bytes as an `ArrayBuffer`.
pub(super) fn array_buffer(bytes: &[u8], context: &mut Context) -> JsResult<JsArrayBuffer> {
    JsArrayBuffer::from_byte_block(AlignedVec::from_slice(0, bytes), context)
}

/// Bytes as a `Uint8Array`.
pub(crate) fn uint8_array(bytes: &[u8], context: &mut Context) -> JsResult<JsUint8Array> {
    let buffer = array_buffer(bytes, context)?;
    JsUint8Array::from_array_buffer(buffer, context)
}

/// UTF-8 as text for a script; a mark of byte order is no part of it.
pub(crate) fn decoded(bytes: &[u8]) -> JsString {
    let bytes = bytes.strip_prefix(MARK).unwrap_or(bytes);
    JsString::from(String::from_utf8_lossy(bytes).as_ref())
}

/// A value out of the JSON that bytes hold.
pub(crate) fn json(bytes: &[u8], context: &mut Context) -> JsResult<JsValue> {
    let bytes = bytes.strip_prefix(MARK).unwrap_or(bytes);
    shims::json::read(&String::from_utf8_lossy(bytes), context)
}

/// A value as JSON; `None` where it has none.
pub(crate) fn stringified(value: &JsValue, context: &mut Context) -> JsResult<Option<String>> {
    shims::json::write(value, context)
}

/// Calls `each` with every value of an iterable.
pub(super) fn iterate(
    iterable: &JsObject,
    context: &mut Context,
    mut each: impl FnMut(JsValue, &mut Context) -> JsResult<()>,
) -> JsResult<()> {
    let method = iterable.get(JsSymbol::iterator(), context)?;
    let method = method.as_function().ok_or_else(|| type_error("the value is not iterable"))?;
    let iterator = method.call(&iterable.clone().into(), &[], context)?;
    let next = match iterator.as_object() {
        Some(iterator) => iterator.get(js_string!("next"), context)?.as_function(),
        None => None,
    };
    let next = next.ok_or_else(|| type_error("the value is not iterable"))?;
    loop {
        let result = next.call(&iterator, &[], context)?;
        let result = result.as_object().ok_or_else(|| type_error("an iterator gave no object"))?;
        if result.get(js_string!("done"), context)?.to_boolean() {
            return Ok(());
        }
        let value = result.get(js_string!("value"), context)?;
        if let Err(error) = each(value, context) {
            if let Some(iterator) = iterator.as_object()
                && let Ok(Some(end)) = member(&iterator, "return", context)
                && let Some(end) = end.as_function()
            {
                // The first error is the one that counts.
                let _ = end.call(&iterator.into(), &[], context);
            }
            return Err(error);
        }
    }
}

/// Pairs out of a list of pairs, or out of an object's own properties.
pub(super) fn pairs(object: &JsObject, context: &mut Context) -> JsResult<Vec<(JsValue, JsValue)>> {
    let mut pairs = Vec::new();
    let method = object.get(JsSymbol::iterator(), context)?;
    if !method.is_null_or_undefined() {
        iterate(object, context, |pair, context| {
            let pair = pair.as_object().ok_or_else(|| type_error("a pair has to be a list"))?;
            let mut parts = Vec::with_capacity(2);
            iterate(&pair, context, |part, _| {
                parts.push(part);
                Ok(())
            })?;
            let [name, value] = <[JsValue; 2]>::try_from(parts)
                .map_err(|_| type_error("a pair has to have two values"))?;
            pairs.push((name, value));
            Ok(())
        })?;
        return Ok(pairs);
    }
    for key in object.own_property_keys(context)? {
        let name = match &key {
            PropertyKey::String(name) => JsValue::from(name.clone()),
            PropertyKey::Index(n) => JsValue::from(JsString::from(n.get().to_string().as_str())),
            PropertyKey::Symbol(_) => continue,
        };
        if is_enumerable(object, &key, context)? {
            pairs.push((name, object.get(key, context)?));
        }
    }
    Ok(pairs)
}

/// Whether an own property is seen by `Object.keys`.
pub(crate) fn is_enumerable(
    object: &JsObject,
    key: &PropertyKey,
    context: &mut Context,
) -> JsResult<bool> {
    // The engine keeps descriptors to itself; its own function tells.
    let prototype = context.intrinsics().constructors().object().prototype();
    let method = prototype.get(js_string!("propertyIsEnumerable"), context)?;
    let Some(method) = method.as_function() else { return Ok(true) };
    let told = method.call(&object.clone().into(), &[key.clone().into()], context)?;
    Ok(told.to_boolean())
}

/// An iterator over values that are there already.
pub(super) fn iterator(values: Vec<JsValue>, context: &mut Context) -> JsResult<JsValue> {
    JsArray::from_iter(values, context).values(context)
}

/// An iterator over pairs.
pub(super) fn pair_iterator(
    pairs: Vec<(JsValue, JsValue)>,
    context: &mut Context,
) -> JsResult<JsValue> {
    let pairs = pairs
        .into_iter()
        .map(|(name, value)| JsArray::from_iter([name, value], context).into())
        .collect();
    iterator(pairs, context)
}

/// What `forEach` does, for classes of pairs.
pub(super) fn for_each(
    this: &JsValue,
    pairs: Vec<(JsValue, JsValue)>,
    arguments: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    let callback = needed(arguments, 0)?.as_function();
    let callback = callback.ok_or_else(|| type_error("forEach needs a function"))?;
    let receiver = argument(arguments, 1);
    for (name, value) in pairs {
        callback.call(&receiver, &[value, name, this.clone()], context)?;
    }
    Ok(JsValue::undefined())
}

/// A function that carries values of scripts along.
pub(super) fn callback<T: Trace + 'static>(
    captures: T,
    context: &Context,
    call: impl Fn(&JsValue, &[JsValue], &T, &mut Context) -> JsResult<JsValue> + Copy + 'static,
) -> JsFunction {
    NativeFunction::from_copy_closure_with_captures(call, captures).to_js_function(context.realm())
}

/// A promise of what is known already.
pub(super) fn promised(result: JsResult<JsValue>, context: &mut Context) -> JsResult<JsValue> {
    Ok(JsPromise::from_result(result, context)?.into())
}

/// A value as a promise, whatever it is.
pub(super) fn promise_of(result: JsResult<JsValue>, context: &mut Context) -> JsResult<JsPromise> {
    match result {
        Ok(value) => JsPromise::resolve(value, context),
        Err(error) => JsPromise::reject(error, context),
    }
}
