//! What a handler returned, as an answer over HTTP.
//!
//! An object with `status`, `headers` or `body` is an answer; a string is a page
//! or a text; nothing is 204; anything else is JSON. Nothing is ever guessed to be
//! base64.

use boa_engine::{
    Context, JsObject, JsResult, JsValue, js_string,
    object::builtins::{JsArray, JsArrayBuffer, JsTypedArray},
    property::PropertyKey,
};
use bytes::Bytes;

use crate::runtime::frames::Answer;

/// Reads a handler's value.
pub(super) fn of(value: &JsValue, context: &mut Context) -> JsResult<Answer> {
    if let Some(object) = value.as_object()
        && is_answer(&object, context)?
    {
        return described(&object, context);
    }
    body(value, 200, context)
}

/// Whether an object says how to answer, and nothing else.
fn is_answer(object: &JsObject, context: &mut Context) -> JsResult<bool> {
    const KNOWN: &[&str] = &["status", "headers", "body"];
    if object.is_array() {
        return Ok(false);
    }
    let keys = object.own_property_keys(context)?;
    let known = |key: &PropertyKey| match key {
        PropertyKey::String(name) => KNOWN.iter().any(|known| *name == js_string!(*known)),
        _ => false,
    };
    Ok(!keys.is_empty() && keys.iter().all(known))
}

fn described(object: &JsObject, context: &mut Context) -> JsResult<Answer> {
    let status = object.get(js_string!("status"), context)?;
    let given = object.get(js_string!("body"), context)?;
    let mut answer = body(&given, if given.is_undefined() { 204 } else { 200 }, context)?;
    if !status.is_undefined() {
        let status = status.to_u32(context)?;
        answer.status =
            u16::try_from(status).ok().filter(|s| (200..600).contains(s)).unwrap_or(500);
    }
    let headers = object.get(js_string!("headers"), context)?;
    let Some(headers) = headers.as_object() else { return Ok(answer) };
    for key in headers.own_property_keys(context)? {
        let PropertyKey::String(name) = &key else { continue };
        let name = name.to_std_string_escaped().to_lowercase();
        answer.headers.retain(|(known, _)| *known != name);
        let value = headers.get(key.clone(), context)?;
        for value in values(&value, context)? {
            answer.headers.push((name.clone(), value));
        }
    }
    Ok(answer)
}

/// One value, or each of a list.
fn values(value: &JsValue, context: &mut Context) -> JsResult<Vec<String>> {
    if let Some(object) = value.as_object()
        && object.is_array()
    {
        let list = JsArray::from_object(object.clone())?;
        let mut values = Vec::new();
        for n in 0..list.length(context)? {
            values.push(list.get(n, context)?.to_string(context)?.to_std_string_escaped());
        }
        return Ok(values);
    }
    Ok(vec![value.to_string(context)?.to_std_string_escaped()])
}

fn body(value: &JsValue, status: u16, context: &mut Context) -> JsResult<Answer> {
    let typed = |media: &str, body: Bytes| Answer {
        status,
        headers: vec![("content-type".to_owned(), media.to_owned())],
        body,
    };
    if value.is_undefined() {
        return Ok(Answer {
            status: if status == 200 { 204 } else { status },
            ..Answer::default()
        });
    }
    if let Some(text) = value.as_string() {
        let text = text.to_std_string_lossy();
        let page = text.trim_start().starts_with('<');
        let media = if page { "text/html; charset=utf-8" } else { "text/plain; charset=utf-8" };
        return Ok(typed(media, text.into_bytes().into()));
    }
    if let Some(object) = value.as_object() {
        if let Ok(bytes) = JsTypedArray::from_object(object.clone()) {
            let buffer = bytes.buffer(context)?;
            let (from, length) = (bytes.byte_offset(context)?, bytes.byte_length(context)?);
            if let Some(buffer) = buffer.as_object() {
                let all = JsArrayBuffer::from_object(buffer.clone())?.to_vec().unwrap_or_default();
                let part = all.get(from..from + length).unwrap_or_default().to_vec();
                return Ok(typed("application/octet-stream", part.into()));
            }
        }
        if let Ok(buffer) = JsArrayBuffer::from_object(object.clone()) {
            let bytes = buffer.to_vec().unwrap_or_default();
            return Ok(typed("application/octet-stream", bytes.into()));
        }
    }
    let json = value.to_json(context)?.unwrap_or(serde_json::Value::Null);
    Ok(typed("application/json", json.to_string().into_bytes().into()))
}
