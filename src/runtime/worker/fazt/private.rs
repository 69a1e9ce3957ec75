//! `fazt.private`: files below `private/` of the version, which no visitor is served.

use boa_engine::{Context, JsNativeError, JsObject, JsResult, JsValue};
use serde_json::json;

use super::{call, method, values, wrong};
use crate::runtime::frames::Reply;

pub(super) fn object(context: &mut Context) -> JsObject {
    let object = JsObject::with_object_proto(context.intrinsics());
    let methods: [(_, super::Native); 5] = [
        ("read", |_, given, context| {
            let Some(bytes) = read("private.read", given, context)? else {
                return Ok(JsValue::undefined());
            };
            Ok(boa_engine::js_string!(String::from_utf8_lossy(&bytes).as_ref()).into())
        }),
        ("readBytes", |_, given, context| match read("private.read", given, context)? {
            Some(bytes) => values::uint8_array(&bytes, context),
            None => Ok(JsValue::undefined()),
        }),
        ("readJSON", |_, given, context| {
            let Some(bytes) = read("private.readJSON", given, context)? else {
                return Ok(JsValue::undefined());
            };
            let value = serde_json::from_slice(&bytes).map_err(|error| {
                let path = given.first().map(JsValue::display).map(|path| path.to_string());
                let path = path.unwrap_or_default();
                JsNativeError::syntax().with_message(format!("private.readJSON: {path}: {error}"))
            })?;
            JsValue::from_json(&value, context)
        }),
        ("exists", |_, given, context| {
            let path = path_of("private.exists", given, context)?;
            let reply = call("private.exists", json!([path]).to_string(), Vec::new(), context)?;
            values::read(&reply.json, context)
        }),
        ("list", |_, given, context| {
            let given = given.iter().find(|given| !given.is_undefined());
            let prefix = match given {
                Some(prefix) => path_of("private.list", std::slice::from_ref(prefix), context)?,
                None => String::new(),
            };
            let reply = call("private.list", json!([prefix]).to_string(), Vec::new(), context)?;
            values::read(&reply.json, context)
        }),
    ];
    for (name, native) in methods {
        // A new object takes new properties.
        let _ = method(&object, name, 1, native, context);
    }
    object
}

fn path_of(api: &str, given: &[JsValue], context: &mut Context) -> JsResult<String> {
    match given.first().and_then(JsValue::as_string) {
        Some(path) => Ok(path.to_std_string_lossy()),
        None => Err(wrong(format!("{api}: the path has to be a string"), context)),
    }
}

fn read(api: &str, given: &[JsValue], context: &mut Context) -> JsResult<Option<bytes::Bytes>> {
    let path = path_of(api, given, context)?;
    let Reply { bytes, .. } = call("private.read", json!([path]).to_string(), Vec::new(), context)?;
    Ok(bytes.into_iter().next())
}
