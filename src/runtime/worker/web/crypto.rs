//! `crypto`: chance, and the door to `crypto.subtle`.

use std::fmt::Write as _;

use boa_engine::{
    Context, JsResult, JsValue, NativeFunction, js_string,
    object::{
        ObjectInitializer,
        builtins::{JsArrayBuffer, JsTypedArray},
    },
    property::Attribute,
};
use ring::rand::{SecureRandom as _, SystemRandom};

use super::{
    class::{function, type_error},
    exception::exception,
    subtle,
    values::{js, needed},
};

/// Most bytes that `getRandomValues` fills at once, as the standard has it.
const MOST: usize = 65_536;

/// Fills bytes with chance.
pub(super) fn fill(bytes: &mut [u8]) -> JsResult<()> {
    SystemRandom::new().fill(bytes).map_err(|_| type_error("there is no source of chance here"))
}

/// As many bytes of chance, in hexadecimal.
pub(super) fn hex(count: usize) -> JsResult<String> {
    let mut bytes = vec![0; count];
    fill(&mut bytes)?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Puts `crypto` into a context; `crypto.subtle` is made when it is first read.
pub(super) fn install(context: &mut Context) -> JsResult<()> {
    let subtle = function("subtle", 0, |_, _, context| Ok(subtle::object(context)), context);
    let crypto = ObjectInitializer::new(context)
        .function(NativeFunction::from_fn_ptr(random_values), js_string!("getRandomValues"), 1)
        .function(NativeFunction::from_fn_ptr(random_uuid), js_string!("randomUUID"), 0)
        .accessor(
            js_string!("subtle"),
            Some(subtle),
            None,
            Attribute::ENUMERABLE | Attribute::CONFIGURABLE,
        )
        .build();
    context.register_global_property(
        js_string!("crypto"),
        crypto,
        Attribute::WRITABLE | Attribute::CONFIGURABLE,
    )
}

fn random_values(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let given = needed(arguments, 0)?;
    let view = given.as_object().and_then(|object| JsTypedArray::from_object(object).ok());
    let view = view.ok_or_else(|| type_error("getRandomValues needs a typed array"))?;
    let kind = view.kind();
    let floats = kind.is_some_and(|kind| format!("{kind:?}").starts_with("Float"));
    if floats {
        let what = "getRandomValues fills arrays of whole numbers alone";
        return Err(exception("TypeMismatchError", what, context));
    }
    let (from, length) = (view.byte_offset(context)?, view.byte_length(context)?);
    if length > MOST {
        let what = format!("getRandomValues fills at most {MOST} bytes, not {length}");
        return Err(exception("QuotaExceededError", &what, context));
    }
    let buffer = view.buffer(context)?.as_object();
    let buffer = buffer.and_then(|buffer| JsArrayBuffer::from_object(buffer).ok());
    let buffer = buffer.ok_or_else(|| type_error("getRandomValues needs a buffer of its own"))?;
    let mut data =
        buffer.data_mut().ok_or_else(|| type_error("the buffer has been transferred"))?;
    let part = data.get_mut(from..from + length);
    fill(part.ok_or_else(|| type_error("the view is out of bounds"))?)?;
    drop(data);
    Ok(given.clone())
}

fn random_uuid(_: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    // Version 4, variant of RFC 9562.
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    let mut uuid = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            uuid.push('-');
        }
        let _ = write!(uuid, "{byte:02x}");
    }
    Ok(js(&uuid))
}
