//! `fazt.env`: values by name, as the owner and the manifest set them.

use boa_engine::{
    Context, JsObject, JsResult, JsString, JsValue, NativeFunction, js_string,
    object::{FunctionObjectBuilder, IntegrityLevel},
    property::PropertyDescriptor,
};

use super::wrong;

/// The environment: plain properties, and `get` and `has` for any name.
pub(super) fn object(env: &[(String, String)], context: &mut Context) -> JsResult<JsObject> {
    // What was not set is not there: no `toString`, no `constructor`.
    let object = JsObject::with_null_proto();
    let values = JsObject::with_null_proto();
    for (name, value) in env {
        let (name, value) = (js_string!(name.as_str()), js_string!(value.as_str()));
        object.create_data_property(name.clone(), value.clone(), context)?;
        values.create_data_property(name, value, context)?;
    }
    let get = NativeFunction::from_copy_closure_with_captures(
        |_, given, values: &JsObject, context| {
            let name = name_of("env.get", given, context)?;
            let value = values.get(name, context)?;
            if value.is_undefined() {
                return Ok(given.get(1).cloned().unwrap_or_default());
            }
            Ok(value)
        },
        values.clone(),
    );
    let has = NativeFunction::from_copy_closure_with_captures(
        |_, given, values: &JsObject, context| {
            let name = name_of("env.has", given, context)?;
            Ok(values.has_own_property(name, context)?.into())
        },
        values,
    );
    for (name, native, length) in [("get", get, 2), ("has", has, 1)] {
        let function = FunctionObjectBuilder::new(context.realm(), native)
            .name(js_string!(name))
            .length(length)
            .build();
        let hidden = PropertyDescriptor::builder()
            .value(function)
            .writable(false)
            .enumerable(false)
            .configurable(true);
        object.define_property_or_throw(js_string!(name), hidden, context)?;
    }
    // What one request wrote here the next would read.
    object.set_integrity_level(IntegrityLevel::Frozen, context)?;
    Ok(object)
}

fn name_of(api: &str, given: &[JsValue], context: &mut Context) -> JsResult<JsString> {
    let name = given.first().and_then(JsValue::as_string);
    match name {
        Some(name) => Ok(name.clone()),
        None => Err(wrong(format!("{api}: the name has to be a string"), context)),
    }
}
