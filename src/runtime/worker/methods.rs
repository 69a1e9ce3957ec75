//! What stands around a handler: which of a file's methods answers, and the
//! promises that a function of the Workers form leaves behind.

use boa_engine::{
    Context, JsResult, JsValue, NativeFunction, js_string,
    object::{
        ObjectInitializer,
        builtins::{JsArray, JsFunction},
    },
    property::Attribute,
};
use serde_json::json;

use super::{engine::settled, web};
use crate::runtime::frames::{Answer, Request};

/// The function for a request's method, or the answer where there is none.
pub(super) fn choose<'a>(
    methods: &'a [(String, JsFunction)],
    request: &Request,
) -> Result<&'a JsFunction, Answer> {
    let of = |wanted: &str| methods.iter().find(|(name, _)| name == wanted).map(|(_, it)| it);
    let method = request.method.as_str();
    // Nobody has to write twice what differs by a body that is not sent.
    let found = of(method).or_else(|| of("GET").filter(|_| method == "HEAD"));
    found.ok_or_else(|| {
        let allow = ("allow".to_owned(), allowed(methods));
        if method == "OPTIONS" {
            return Answer { status: 204, headers: vec![allow], ..Answer::default() };
        }
        let message = format!("{} does not answer {method}", request.path);
        let body = json!({ "error": {
            "code": "METHOD_NOT_ALLOWED", "message": message, "request_id": request.id,
        } });
        let media = ("content-type".to_owned(), "application/json".to_owned());
        Answer { status: 405, headers: vec![allow, media], body: body.to_string().into() }
    })
}

/// The answer of a file that others import and that answers nothing itself.
pub(super) fn no_function(request: &Request) -> Answer {
    let body = json!({ "error": {
        "code": "NOT_FOUND", "message": "this app has no function at that path",
        "request_id": request.id,
    } });
    let media = ("content-type".to_owned(), "application/json".to_owned());
    Answer { status: 404, headers: vec![media], body: body.to_string().into() }
}

fn allowed(methods: &[(String, JsFunction)]) -> String {
    let mut names: Vec<&str> = methods.iter().map(|(name, _)| name.as_str()).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

/// The third argument of the Workers form, and the list that it fills.
pub(super) fn waits(context: &mut Context) -> JsResult<(JsValue, JsArray)> {
    let waiting = JsArray::new(context)?;
    let wait_until = NativeFunction::from_copy_closure_with_captures(
        |_, arguments, waiting: &JsArray, context| {
            waiting.push(arguments.first().cloned().unwrap_or_default(), context)?;
            Ok(JsValue::undefined())
        },
        waiting.clone(),
    );
    let nothing = NativeFunction::from_copy_closure(|_, _, _| Ok(JsValue::undefined()));
    let object = ObjectInitializer::new(context)
        .function(wait_until, js_string!("waitUntil"), 1)
        .function(nothing, js_string!("passThroughOnException"), 0)
        .property(js_string!("props"), JsValue::undefined(), Attribute::all())
        .build();
    Ok((object.into(), waiting))
}

/// Waits for what was left behind, and for what that left behind. What fails is
/// logged: the answer is made by then.
pub(super) fn wait(waiting: &JsArray, context: &mut Context) -> JsResult<()> {
    let mut at = 0;
    while at < waiting.length(context)? {
        let promise = waiting.get(at, context)?;
        if let Err(error) = settled(promise, context) {
            web::report(error, context);
        }
        at += 1;
    }
    Ok(())
}
