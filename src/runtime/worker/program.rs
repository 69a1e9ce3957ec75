//! The first form of `api/main.js`: a script that runs for each request, from its top.
//!
//! It finds `request` and `respond`, which modules that it requires find as globals. What it
//! responded last is the answer, else its last value. Its names are gone after each request;
//! what it requires stays.

use boa_engine::{
    Context, JsArgs as _, JsObject, JsResult, JsString, JsValue, NativeFunction, js_string,
    object::{FunctionObjectBuilder, ObjectInitializer, builtins::JsFunction},
    property::Attribute,
};

use super::require;

/// What a run came to: its last value, and where responses are kept.
pub(super) struct Ran {
    pub(super) value: JsValue,
    kept: JsObject,
}

/// Runs a program for a request.
pub(super) fn run(
    path: &str,
    function: &JsFunction,
    request: &JsObject,
    context: &mut Context,
) -> JsResult<Ran> {
    let kept = JsObject::with_null_proto();
    let respond = NativeFunction::from_copy_closure_with_captures(respond, kept.clone());
    let respond = FunctionObjectBuilder::new(context.realm(), respond)
        .name(js_string!("respond"))
        .length(2)
        .build();
    let global = context.global_object();
    let shared: [(JsString, JsValue); 2] =
        [(js_string!("request"), request.clone().into()), (js_string!("respond"), respond.into())];
    let mut arguments = Vec::with_capacity(7);
    for (name, value) in &shared {
        global.set(name.clone(), value.clone(), false, context)?;
        arguments.push(value.clone());
    }
    arguments.extend(require::names(path, context)?.arguments());
    let value = function.call(&global.clone().into(), &arguments, context);
    for (name, _) in shared {
        global.delete_property_or_throw(name, context)?;
    }
    Ok(Ran { value: value?, kept })
}

impl Ran {
    /// The answer, once the last value is settled.
    pub(super) fn answer(&self, last: JsValue, context: &mut Context) -> JsResult<JsValue> {
        let responded = self.kept.get(js_string!("answer"), context)?;
        Ok(if responded.is_undefined() { last } else { responded })
    }
}

/// `respond(body)`, `respond(status)` and `respond(status, body, headers?)`.
fn respond(
    _: &JsValue,
    arguments: &[JsValue],
    kept: &JsObject,
    context: &mut Context,
) -> JsResult<JsValue> {
    let first = arguments.get_or_undefined(0);
    let status =
        first.as_number().filter(|number| number.fract() == 0.0 && (200.0..600.0).contains(number));
    let rest = usize::from(status.is_some());
    let body = arguments.get_or_undefined(rest).clone();
    let headers = arguments.get_or_undefined(rest + 1).clone();
    let mut answer = ObjectInitializer::new(context);
    answer.property(js_string!("status"), status.unwrap_or(200.0), Attribute::all());
    if !body.is_undefined() {
        answer.property(js_string!("body"), body, Attribute::all());
    }
    if headers.is_object() {
        answer.property(js_string!("headers"), headers, Attribute::all());
    }
    let answer = JsValue::from(answer.build());
    kept.set(js_string!("answer"), answer.clone(), false, context)?;
    Ok(answer)
}
