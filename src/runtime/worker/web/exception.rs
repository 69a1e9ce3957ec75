//! `DOMException`: errors of the Web APIs, told apart by name.

use boa_engine::{
    Context, JsError, JsObject, JsResult, JsValue, js_string, property::PropertyDescriptor,
};

use super::{
    class::{BARE, Class, Parent},
    values::{js, option, text},
};

pub(super) static EXCEPTION: Class =
    Class { name: "DOMException", parent: Parent::Error, make, ..BARE };

fn make(new_target: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    EXCEPTION.asked_with_new(new_target)?;
    let message = match arguments.first() {
        Some(message) if !message.is_undefined() => text(message, context)?,
        _ => String::new(),
    };
    let (name, cause) = match arguments.get(1) {
        Some(options) if options.is_object() => {
            let name = option(options, "name", context)?;
            (name, option(options, "cause", context)?)
        }
        name => (name.filter(|name| !name.is_undefined()).cloned(), None),
    };
    let name = name.map_or(Ok("Error".to_owned()), |name| text(&name, context))?;
    let exception = made(new_target.as_object(), &name, &message, context)?;
    if let Some(cause) = cause {
        exception.define_property_or_throw(js_string!("cause"), hidden(cause), context)?;
    }
    Ok(exception.into())
}

/// The engine's own `Error` makes the object: only so it knows where it came from.
fn made(
    new_target: Option<JsObject>,
    name: &str,
    message: &str,
    context: &mut Context,
) -> JsResult<JsObject> {
    let new_target = match new_target {
        Some(new_target) => new_target,
        None => EXCEPTION.built(context).constructor(),
    };
    let error = context.intrinsics().constructors().error().constructor();
    let object = error.construct(&[js(message)], Some(&new_target), context)?;
    object.define_property_or_throw(js_string!("name"), hidden(js(name)), context)?;
    Ok(object)
}

/// An exception, as `new` makes it.
pub(crate) fn object(name: &str, message: &str, context: &mut Context) -> JsResult<JsValue> {
    made(None, name, message, context).map(Into::into)
}

/// An exception to throw.
pub(crate) fn exception(name: &str, message: &str, context: &mut Context) -> JsError {
    match object(name, message, context) {
        Ok(exception) => JsError::from_opaque(exception),
        Err(error) => error,
    }
}

fn hidden(value: JsValue) -> PropertyDescriptor {
    PropertyDescriptor::builder()
        .value(value)
        .writable(true)
        .enumerable(false)
        .configurable(true)
        .build()
}
