//! Parts of the language that are done anew, because the engine's own are slow, leak or panic.
//!
//! Each file says which fault of the engine (Boa 0.22) it covers: when that is gone, so can
//! the file be. What scripts see of them is what the standard says.

pub(super) mod json;
mod pattern;
mod property;
mod read;
mod sort;
mod stack;
mod text;
mod write;

use boa_engine::{
    Context, JsNativeError, JsObject, JsResult, JsSymbol, JsValue, NativeFunction, js_string,
    native_function::NativeFunctionPointer,
    object::{FunctionObjectBuilder, builtins::JsFunction},
    property::{PropertyDescriptor, PropertyKey},
};

/// Functions of the engine that are still called, as they were before any script ran.
struct Originals {
    keys: JsFunction,
    is_raw: JsFunction,
    replace: JsFunction,
    replace_all: JsFunction,
    split: JsFunction,
    includes: JsFunction,
    typed_sort: JsFunction,
    typed_to_sorted: JsFunction,
    stack: JsFunction,
    source: JsFunction,
    define: JsFunction,
    reflect_define: JsFunction,
    describe: JsFunction,
    reflect_describe: JsFunction,
    describe_all: JsFunction,
    /// Under it a getter has what it hides.
    behind: JsSymbol,
}

/// Puts them all into a context.
pub(super) fn install(context: &mut Context) -> JsResult<()> {
    let global = context.global_object();
    let of = |name: &str, context: &mut Context| -> JsResult<JsObject> {
        let value = global.get(js_string!(name), context)?;
        value.as_object().ok_or_else(|| missing(name))
    };
    let (object, json) = (of("Object", context)?, of("JSON", context)?);
    let reflect = of("Reflect", context)?;
    let string = prototype(&of("String", context)?, context)?;
    let array = prototype(&of("Array", context)?, context)?;
    let error = prototype(&of("Error", context)?, context)?;
    let regexp = prototype(&of("RegExp", context)?, context)?;
    let typed = of("Uint8Array", context)?.prototype().ok_or_else(|| missing("TypedArray"))?;
    let typed = prototype(&typed, context)?;
    let originals = Originals {
        keys: method(&object, "keys", context)?,
        is_raw: method(&json, "isRawJSON", context)?,
        replace: method(&string, "replace", context)?,
        replace_all: method(&string, "replaceAll", context)?,
        split: method(&string, "split", context)?,
        includes: method(&string, "includes", context)?,
        typed_sort: method(&typed, "sort", context)?,
        typed_to_sorted: method(&typed, "toSorted", context)?,
        stack: stack::getter(&error)?,
        source: pattern::getter(&regexp)?,
        define: method(&object, "defineProperty", context)?,
        reflect_define: method(&reflect, "defineProperty", context)?,
        describe: method(&object, "getOwnPropertyDescriptor", context)?,
        reflect_describe: method(&reflect, "getOwnPropertyDescriptor", context)?,
        describe_all: method(&object, "getOwnPropertyDescriptors", context)?,
        behind: JsSymbol::new(None).ok_or_else(|| missing("symbols"))?,
    };
    context.insert_data(std::rc::Rc::new(originals));
    pattern::install(&regexp, context);
    property::install(&object, &reflect, context);
    json::install(&json, context);
    text::install(&string, context);
    sort::install(&array, &typed, context);
    stack::install(&error, context);
    Ok(())
}

/// The engine's own functions.
fn originals(context: &Context) -> JsResult<std::rc::Rc<Originals>> {
    let found = context.get_data::<std::rc::Rc<Originals>>().cloned();
    found.ok_or_else(|| missing("the engine's own functions"))
}

fn missing(what: &str) -> boa_engine::JsError {
    JsNativeError::error().with_message(format!("the engine has no {what}")).into()
}

fn prototype(constructor: &JsObject, context: &mut Context) -> JsResult<JsObject> {
    let value = constructor.get(js_string!("prototype"), context)?;
    value.as_object().ok_or_else(|| missing("prototype"))
}

fn method(object: &JsObject, name: &str, context: &mut Context) -> JsResult<JsFunction> {
    let value = object.get(js_string!(name), context)?;
    value.as_function().ok_or_else(|| missing(name))
}

/// Puts a function where the engine has its own.
fn put(
    object: &JsObject,
    name: &str,
    length: usize,
    function: NativeFunctionPointer,
    context: &Context,
) {
    let made = FunctionObjectBuilder::new(context.realm(), NativeFunction::from_fn_ptr(function))
        .name(js_string!(name))
        .length(length)
        .constructor(false)
        .build();
    let property = PropertyDescriptor::builder()
        .value(JsValue::from(made))
        .writable(true)
        .enumerable(false)
        .configurable(true);
    object.insert_property(PropertyKey::from(js_string!(name)), property);
}

#[cfg(test)]
pub(super) mod tests {
    use boa_engine::{Context, Source};

    /// A context with everything put in.
    pub(in crate::runtime::worker) fn context() -> Context {
        let mut context = Context::default();
        super::install(&mut context).expect("installs");
        context
    }

    /// What a script comes to, as text; what it throws as `Name: message`.
    pub(in crate::runtime::worker) fn eval(script: &str) -> String {
        eval_in(script, &mut context())
    }

    pub(in crate::runtime::worker) fn eval_in(script: &str, context: &mut Context) -> String {
        match context.eval(Source::from_bytes(script)) {
            Ok(value) => value.to_string(context).expect("text").to_std_string_escaped(),
            Err(error) => match error.clone().into_opaque(context) {
                Ok(thrown) => thrown.to_string(context).expect("text").to_std_string_escaped(),
                Err(error) => error.to_string(),
            },
        }
    }

    /// Runs rows of script and result on a stack as large as a worker's.
    pub(in crate::runtime::worker) fn table(rows: &'static [(&'static str, &'static str)]) {
        on_large_stack(move || {
            let mut context = context();
            for (script, expected) in rows {
                assert_eq!(eval_in(script, &mut context), *expected, "{script}");
            }
        });
    }

    pub(in crate::runtime::worker) fn on_large_stack(test: impl FnOnce() + Send + 'static) {
        let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(test);
        if let Err(panic) = thread.expect("a thread").join() {
            std::panic::resume_unwind(panic);
        }
    }

    #[test]
    fn functions_look_like_those_they_replace() {
        table(&[
            ("JSON.parse.name + JSON.parse.length", "parse2"),
            ("JSON.stringify.name + JSON.stringify.length", "stringify3"),
            ("[].sort.name + [].sort.length + [].toSorted.length", "sort11"),
            ("''.replaceAll.name + ''.split.length + ''.indexOf.length", "replaceAll21"),
            ("Object.keys(JSON).length + Object.keys(String.prototype).length", "0"),
            ("new JSON.parse('1')", "TypeError: not a constructor"),
            ("try { new ''.split('') } catch (e) { e instanceof TypeError }", "true"),
        ]);
    }
}
