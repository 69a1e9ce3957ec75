//! `source` of a regular expression, from which a like one can be made.
//!
//! Covers: the engine escapes every slash, those that are escaped already too, so that
//! `new RegExp(/a\/b/.source)` finds something else.

use boa_engine::{
    Context, JsObject, JsResult, JsValue, NativeFunction, js_string,
    object::{FunctionObjectBuilder, builtins::JsFunction},
    property::{PropertyDescriptor, PropertyKey},
};

use super::{missing, originals};

const BACKSLASH: u16 = b'\\' as u16;
const SLASH: u16 = b'/' as u16;

/// The engine's own getter.
pub(super) fn getter(regexp: &JsObject) -> JsResult<JsFunction> {
    let property = regexp.borrow().properties().get(&key());
    let get = property.as_ref().and_then(PropertyDescriptor::get);
    get.and_then(JsValue::as_function).ok_or_else(|| missing("RegExp.prototype.source"))
}

fn key() -> PropertyKey {
    js_string!("source").into()
}

/// Puts the getter in place.
pub(super) fn install(regexp: &JsObject, context: &Context) {
    let get = FunctionObjectBuilder::new(context.realm(), NativeFunction::from_fn_ptr(source))
        .name(js_string!("get source"))
        .length(0)
        .constructor(false)
        .build();
    let property = PropertyDescriptor::builder()
        .get(JsValue::from(get))
        .set(JsValue::undefined())
        .enumerable(false)
        .configurable(true);
    regexp.insert_property(key(), property);
}

fn source(this: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let own = originals(context)?.source.clone();
    let escaped = own.call(this, &[], context)?;
    let Some(text) = escaped.as_string() else { return Ok(escaped) };
    let text: Vec<u16> = text.iter().collect();
    if !text.contains(&SLASH) {
        return Ok(escaped);
    }
    Ok(js_string!(&rightly(&written(&text))[..]).into())
}

/// The pattern as its author wrote it: without the backslash before each slash.
fn written(text: &[u16]) -> Vec<u16> {
    let mut pattern = Vec::with_capacity(text.len());
    for &unit in text {
        if unit == SLASH {
            pattern.pop();
        }
        pattern.push(unit);
    }
    pattern
}

/// A backslash before each slash that would end a literal.
fn rightly(pattern: &[u16]) -> Vec<u16> {
    let mut text = Vec::with_capacity(pattern.len() + 8);
    let (mut is_escaped, mut in_class) = (false, false);
    for &unit in pattern {
        if unit == SLASH && !is_escaped && !in_class {
            text.push(BACKSLASH);
        }
        if !is_escaped && unit == u16::from(b'[') {
            in_class = true;
        } else if !is_escaped && unit == u16::from(b']') {
            in_class = false;
        }
        is_escaped = unit == BACKSLASH && !is_escaped;
        text.push(unit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;

    #[test]
    fn a_source_makes_the_same_expression_again() {
        table(&[
            (r"/a\/b/.source", r"a\/b"),
            (r"new RegExp(/a\/b/.source).test('a/b')", "true"),
            (r"new RegExp(/[,-\/]/.source).exec('S')", "null"),
            ("new RegExp('a/b').source", r"a\/b"),
            ("new RegExp('[/]').source", "[/]"),
            (r"new RegExp('\\\\/').source", r"\\\/"),
            (r"new RegExp('[\\]/]/').source", r"[\]/]\/"),
            ("String(new RegExp('/', 'g'))", r"/\//g"),
            ("new RegExp('').source + /x/.source + new RegExp('\\n').source", r"(?:)x\n"),
            ("RegExp.prototype.source", "(?:)"),
            (
                "const { get } = Object.getOwnPropertyDescriptor(RegExp.prototype, 'source');
                 try { get.call(1) } catch (e) { e.name }",
                "TypeError",
            ),
        ]);
    }
}
