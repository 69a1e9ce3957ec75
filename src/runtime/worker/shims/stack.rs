//! `stack` of an error begins with its name and message, and its places are the file's own.
//!
//! Covers: the engine's `stack` is the frames alone. A script that stands in a function of
//! ours has its first line moved by that function's head, which is taken off here, too.

use boa_engine::{
    Context, JsObject, JsResult, JsValue, NativeFunction, js_string,
    object::{FunctionObjectBuilder, builtins::JsFunction},
    property::{PropertyDescriptor, PropertyKey},
};

use super::{super::errors, missing, originals};

/// The engine's own getter.
pub(super) fn getter(error: &JsObject) -> JsResult<JsFunction> {
    let property = error.borrow().properties().get(&key());
    let get = property.as_ref().and_then(PropertyDescriptor::get);
    get.and_then(JsValue::as_function).ok_or_else(|| missing("Error.prototype.stack"))
}

fn key() -> PropertyKey {
    js_string!("stack").into()
}

/// Puts the getter in place, beside the engine's setter.
pub(super) fn install(error: &JsObject, context: &Context) {
    let before = error.borrow().properties().get(&key());
    let set = before.as_ref().and_then(PropertyDescriptor::set).cloned().unwrap_or_default();
    let get = FunctionObjectBuilder::new(context.realm(), NativeFunction::from_fn_ptr(stack))
        .name(js_string!("get stack"))
        .length(0)
        .constructor(false)
        .build();
    let property = PropertyDescriptor::builder()
        .get(JsValue::from(get))
        .set(set)
        .enumerable(false)
        .configurable(true);
    error.insert_property(key(), property);
}

fn stack(this: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let own = originals(context)?.stack.clone();
    let frames = own.call(this, &[], context)?;
    let Some(frames) = frames.as_string() else { return Ok(frames) };
    // An error that cannot say what it is has its frames still.
    let head = this.to_string(context).map(|head| head.to_std_string_escaped());
    let head = head.unwrap_or_else(|_| "Error".to_owned());
    let frames = errors::placed(&frames.to_std_string_escaped(), context);
    Ok(js_string!(format!("{head}\n{frames}").trim_end()).into())
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;

    #[test]
    fn a_stack_begins_with_what_the_error_says() {
        table(&[
            (
                "try { null.x } catch (e) { e.stack.split('\\n')[0].startsWith('TypeError: ') }",
                "true",
            ),
            ("new RangeError('far').stack.split('\\n')[0]", "RangeError: far"),
            ("new Error('x').stack.includes('    at ')", "true"),
            (
                "class E extends Error { get name() { return 'E' } }; new E('y').stack.split('\\n')[0]",
                "E: y",
            ),
            (
                "class F extends Error { get name() { throw 1 } }; new F('y').stack.split('\\n')[0]",
                "Error",
            ),
            ("var e = new Error('x'); e.stack = 'mine'; e.stack", "mine"),
            ("Object.create(Error.prototype).stack", "undefined"),
            ("Object.hasOwn(new Error('x'), 'stack')", "false"),
        ]);
    }
}
