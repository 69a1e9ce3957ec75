//! JSON out of a handler's value, and in words what stands in its way.

use boa_engine::{
    Context, JsNativeError, JsObject, JsResult, JsString, JsValue, property::PropertyKey,
};

use super::web::values;

/// Deepest nesting that is searched for what cannot be written.
const DEEPEST: usize = 1_000;

/// A value as JSON.
pub(super) fn written(value: &JsValue, context: &mut Context) -> JsResult<String> {
    match values::stringified(value, context) {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(refused(&format!("a {} has no form in JSON", value.type_of()))),
        Err(error) => Err(culprit(value, context).map_or(error, |what| refused(&what))),
    }
}

fn refused(what: &str) -> boa_engine::JsError {
    JsNativeError::typ().with_message(format!("the answer cannot be JSON: {what}")).into()
}

/// What JSON has no form for, and where it is.
fn culprit(value: &JsValue, context: &mut Context) -> Option<String> {
    if value.is_bigint() {
        return Some("it is a BigInt: make it a number or a string".to_owned());
    }
    let object = value.as_object()?;
    search(&object, &mut Vec::new(), &mut vec![(String::new(), object.clone())], context)
}

fn search(
    object: &JsObject,
    path: &mut Vec<String>,
    above: &mut Vec<(String, JsObject)>,
    context: &mut Context,
) -> Option<String> {
    if above.len() > DEEPEST {
        return None;
    }
    for key in object.own_property_keys(context).ok()? {
        let name = match &key {
            PropertyKey::String(name) => name.to_std_string_escaped(),
            PropertyKey::Index(n) => n.get().to_string(),
            PropertyKey::Symbol(_) => continue,
        };
        if !values::is_enumerable(object, &key, context).unwrap_or(false) {
            continue;
        }
        let value = object.get(key, context).ok()?;
        path.push(name);
        let here = path.join(".");
        if value.is_bigint() {
            return Some(format!("`{here}` is a BigInt: make it a number or a string"));
        }
        if let Some(inner) = value.as_object() {
            if let Some((up, _)) = above.iter().find(|(_, it)| JsObject::equals(it, &inner)) {
                let up = if up.is_empty() { "the value itself" } else { up };
                return Some(format!("`{here}` leads back to {up}"));
            }
            // What writes itself says itself what is wrong.
            let own = inner.get(JsString::from("toJSON"), context);
            if !own.is_ok_and(|own| own.is_callable()) && !inner.is_callable() {
                above.push((format!("`{here}`"), inner.clone()));
                if let Some(found) = search(&inner, path, above, context) {
                    return Some(found);
                }
                above.pop();
            }
        }
        path.pop();
    }
    None
}
