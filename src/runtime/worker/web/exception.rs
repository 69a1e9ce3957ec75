//! `DOMException`: errors of the Web APIs, told apart by name.

use boa_engine::{
    Context, JsError, JsResult, JsValue,
    builtins::error::{Error, ErrorKind},
    js_string,
    property::PropertyDescriptor,
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
    let exception = object(&name, &message, context)?;
    if let (Some(exception), Some(cause)) = (exception.as_object(), cause) {
        exception.define_property_or_throw(js_string!("cause"), hidden(cause), context)?;
    }
    Ok(exception)
}

/// An exception, as `new` makes it.
pub(crate) fn object(name: &str, message: &str, context: &mut Context) -> JsResult<JsValue> {
    let object = EXCEPTION.object(Error::new(ErrorKind::Error), context).upcast();
    for (key, value) in [("name", name), ("message", message)] {
        object.define_property_or_throw(js_string!(key), hidden(js(value)), context)?;
    }
    Ok(object.into())
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
