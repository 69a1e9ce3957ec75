//! A request as a handler sees it.

use boa_engine::{
    Context, JsNativeError, JsObject, JsResult, JsString, JsValue, NativeFunction, js_string,
    object::{ObjectInitializer, builtins::JsUint8Array},
    property::Attribute,
};
use serde_json::Value;

use crate::runtime::frames::Request;

/// Makes the object that a handler is called with.
pub(super) fn object(request: &Request, context: &mut Context) -> JsResult<JsObject> {
    let query = pairs(&request.query, context);
    let headers = pairs(&request.headers, context);
    let params = pairs(&request.params, context);
    let body = parsed(request, context)?;
    let text = js_string!(String::from_utf8_lossy(&request.body).as_ref());
    let bytes = JsUint8Array::from_iter(request.body.iter().copied(), context)?;
    let mut object = ObjectInitializer::new(context);
    for (name, value) in [
        ("id", &request.id),
        ("method", &request.method),
        ("url", &request.url),
        ("path", &request.path),
        ("ip", &request.ip),
    ] {
        object.property(js_string!(name), js_string!(value.as_str()), Attribute::all());
    }
    for (name, value) in [("query", query), ("headers", headers), ("params", params)] {
        object.property(js_string!(name), value, Attribute::all());
    }
    object.property(js_string!("body"), body, Attribute::all());
    let as_text = NativeFunction::from_copy_closure_with_captures(
        |_, _, text: &JsString, _| Ok(JsValue::from(text.clone())),
        text.clone(),
    );
    let as_json = NativeFunction::from_copy_closure_with_captures(
        |_, _, text: &JsString, context| json(&text.to_std_string_escaped(), context),
        text,
    );
    let as_bytes = NativeFunction::from_copy_closure_with_captures(
        |_, _, bytes: &JsUint8Array, _| Ok(JsValue::from(bytes.clone())),
        bytes,
    );
    object.function(as_text, js_string!("text"), 0);
    object.function(as_json, js_string!("json"), 0);
    object.function(as_bytes, js_string!("bytes"), 0);
    Ok(object.build())
}

/// Named values; of a name that comes twice the last counts.
fn pairs(pairs: &[(String, String)], context: &mut Context) -> JsObject {
    let mut object = ObjectInitializer::new(context);
    for (name, value) in pairs {
        object.property(js_string!(name.as_str()), js_string!(value.as_str()), Attribute::all());
    }
    object.build()
}

/// The body by its content type.
fn parsed(request: &Request, context: &mut Context) -> JsResult<JsValue> {
    if request.body.is_empty() {
        return Ok(JsValue::undefined());
    }
    let media = request.headers.iter().find(|(name, _)| name == "content-type");
    let media = media.map(|(_, media)| media.split(';').next().unwrap_or_default().trim());
    let text = String::from_utf8_lossy(&request.body);
    match media {
        // A body that is no JSON is for the handler to refuse.
        Some("application/json") => {
            Ok(json(&text, context).unwrap_or_else(|_| js_string!(text.as_ref()).into()))
        }
        Some("application/x-www-form-urlencoded") => {
            let fields: Vec<_> =
                url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
            Ok(pairs(&fields, context).into())
        }
        _ => Ok(js_string!(text.as_ref()).into()),
    }
}

fn json(text: &str, context: &mut Context) -> JsResult<JsValue> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        JsNativeError::syntax().with_message(format!("the body is no JSON: {error}"))
    })?;
    JsValue::from_json(&value, context)
}
