//! What a handler returned, as an answer over HTTP.
//!
//! An object with `status`, `headers` or `body` is an answer; a string is a page
//! or a text; nothing is 204; a `Response` is what it says; a stream goes out piece
//! by piece; anything else is JSON. Nothing is ever guessed to be base64.

use boa_engine::{
    Context, JsObject, JsResult, JsSymbol, JsValue, js_string,
    object::builtins::{JsArray, JsTypedArray},
    property::PropertyKey,
};
use bytes::Bytes;

use super::{
    json,
    web::{
        body::{self, Content},
        bytes_of,
        class::{of as class_of, type_error, with},
        headers::{Headers, checked, name},
        response::{Response, status_of},
        values::{self, is_enumerable},
    },
};
use crate::runtime::frames::{Answer, Head};

/// An answer, all of it or its beginning.
pub(super) enum Given {
    Whole(Answer),
    /// The body comes out of something that can be iterated.
    Pieces(Head, JsObject),
}

/// Reads a handler's value.
pub(super) fn of(value: &JsValue, context: &mut Context) -> JsResult<Given> {
    if let Some(object) = value.as_object() {
        if let Some(response) = class_of::<Response>(value) {
            return responded(&response);
        }
        if is_answer(&object, context)? {
            return described(&object, context);
        }
    }
    let body = made(value, context)?;
    let status = if matches!(body, Body::Nothing) { 204 } else { 200 };
    Ok(put_together(status, Vec::new(), body))
}

/// A body and the content type that goes with it.
enum Body {
    Nothing,
    Whole(Option<String>, Bytes),
    Pieces(JsObject),
}

/// Whether an object says how to answer, and nothing else.
fn is_answer(object: &JsObject, context: &mut Context) -> JsResult<bool> {
    // Each byte of a typed array would be a key.
    let is_bytes = JsTypedArray::from_object(object.clone()).is_ok();
    if object.is_array() || object.is_callable() || is_bytes {
        return Ok(false);
    }
    let known = [js_string!("status"), js_string!("headers"), js_string!("body")];
    let keys = object.own_property_keys(context)?;
    let is_known = |key: &PropertyKey| match key {
        PropertyKey::String(name) => known.contains(name),
        _ => false,
    };
    Ok(!keys.is_empty() && keys.iter().all(is_known))
}

fn described(object: &JsObject, context: &mut Context) -> JsResult<Given> {
    let status = object.get(js_string!("status"), context)?;
    let given = object.get(js_string!("body"), context)?;
    let headers = object.get(js_string!("headers"), context)?;
    let body = made(&given, context)?;
    let status = match status {
        status if !status.is_undefined() => status_of(&status, context)?,
        _ if matches!(body, Body::Nothing) => 204,
        _ => 200,
    };
    let headers = listed(&headers, context)?;
    Ok(put_together(status, headers, body))
}

/// Headers as a handler writes them: a name may have a list of values.
fn listed(headers: &JsValue, context: &mut Context) -> JsResult<Vec<(String, String)>> {
    if headers.is_null_or_undefined() {
        return Ok(Vec::new());
    }
    let object = headers.as_object().ok_or_else(|| type_error("`headers` has to be an object"))?;
    let iterated = !object.get(JsSymbol::iterator(), context)?.is_undefined();
    if class_of::<Headers>(headers).is_some() || iterated {
        return Ok(Headers::of(headers, context)?.list);
    }
    let mut list = Vec::new();
    for key in object.own_property_keys(context)? {
        if matches!(key, PropertyKey::Symbol(_)) || !is_enumerable(&object, &key, context)? {
            continue;
        }
        let given = values::text(&key.clone().into(), context)?;
        let name = name(&given)?;
        let value = object.get(key, context)?;
        for value in each(&value, context)? {
            let value = checked(&name, &values::text(&value, context)?)?;
            list.push((name.clone(), value));
        }
    }
    Ok(list)
}

/// One value, each of a list, or none.
fn each(value: &JsValue, context: &mut Context) -> JsResult<Vec<JsValue>> {
    if value.is_null_or_undefined() {
        return Ok(Vec::new());
    }
    let Some(list) = value.as_object().filter(JsObject::is_array) else {
        return Ok(vec![value.clone()]);
    };
    let list = JsArray::from_object(list)?;
    let mut values = Vec::new();
    for n in 0..list.length(context)? {
        values.push(list.get(n, context)?);
    }
    Ok(values)
}

fn made(value: &JsValue, context: &mut Context) -> JsResult<Body> {
    if value.is_undefined() {
        return Ok(Body::Nothing);
    }
    if let Some(text) = value.as_string() {
        let text = text.to_std_string_lossy();
        let media = text_media(&text).to_owned();
        return Ok(Body::Whole(Some(media), text.into_bytes().into()));
    }
    let Some(object) = value.as_object() else { return json_of(value, context) };
    if value.is_promise() {
        return Err(type_error("the body is a promise: `await` it"));
    }
    let binary = || Some("application/octet-stream".to_owned());
    if let Some(bytes) = values::bytes(value, context)? {
        return Ok(Body::Whole(binary(), bytes.into()));
    }
    if let Some((bytes, media)) = bytes_of(value) {
        let media = if media.is_empty() { binary() } else { Some(media) };
        return Ok(Body::Whole(media, bytes));
    }
    if body::is_form(value) {
        return Ok(content(body::extract(value, context)?));
    }
    if is_iterated(&object, context)? {
        return Ok(Body::Pieces(object));
    }
    json_of(value, context)
}

fn content((content, media): (Content, Option<String>)) -> Body {
    match content {
        Content::None => Body::Nothing,
        Content::Bytes(bytes) => Body::Whole(media, bytes),
        Content::Stream(stream) => Body::Pieces(stream.upcast()),
    }
}

fn json_of(value: &JsValue, context: &mut Context) -> JsResult<Body> {
    let text = json::written(value, context)?;
    Ok(Body::Whole(Some("application/json".to_owned()), text.into_bytes().into()))
}

/// A page or a text, by its first character.
pub(super) fn text_media(text: &str) -> &'static str {
    if text.trim_start().starts_with('<') {
        "text/html; charset=utf-8"
    } else {
        "text/plain; charset=utf-8"
    }
}

/// Whether an object is a stream, an async iterable or a generator: a list is none,
/// nor is a map.
fn is_iterated(object: &JsObject, context: &mut Context) -> JsResult<bool> {
    if object.get(JsSymbol::async_iterator(), context)?.is_callable() {
        return Ok(true);
    }
    Ok(object.get(JsSymbol::iterator(), context)?.is_callable()
        && object.get(js_string!("next"), context)?.is_callable())
}

fn responded(response: &JsObject<Response>) -> JsResult<Given> {
    let (status, headers, taken) = with(response, |response| {
        (response.status, response.headers.clone(), response.body.take())
    });
    if status == 0 {
        return Err(type_error("the answer is `Response.error()`: there is nothing to send"));
    }
    let headers = with(&headers, |headers| headers.list.clone());
    let body = content((taken?, None));
    Ok(put_together(status, headers, body))
}

fn put_together(status: u16, mut headers: Vec<(String, String)>, body: Body) -> Given {
    let body = match body {
        // These have no body, whatever a handler gave.
        _ if matches!(status, 204 | 205 | 304) => Body::Nothing,
        body => body,
    };
    match body {
        Body::Nothing => Given::Whole(Answer { status, headers, body: Bytes::new() }),
        Body::Whole(media, body) => {
            if let Some(media) = media
                && !headers.iter().any(|(name, _)| name == "content-type")
            {
                headers.push(("content-type".to_owned(), media));
            }
            Given::Whole(Answer { status, headers, body })
        }
        Body::Pieces(source) => Given::Pieces(Head { status, headers }, source),
    }
}
