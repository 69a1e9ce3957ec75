//! `fazt.app.tx(fn)`: several operations, all or none.
//!
//! The node shows each operation what those before it would have written, and writes
//! nothing until the function has returned. Where others changed what the function was
//! shown meanwhile, it runs again.

use boa_engine::{
    Context, JsError, JsNativeError, JsResult, JsValue, NativeFunction,
    builtins::promise::PromiseState, js_string, object::builtins::JsPromise,
};

use super::{call, error, wrong};
use crate::runtime::{frames::HostError, worker::jobs::Jobs};

/// How often a function is run before others have won.
const ATTEMPTS: usize = 8;

pub(super) fn run(_: &JsValue, given: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let work = given.first().and_then(JsValue::as_callable);
    let Some(work) = work else {
        return Err(wrong("tx: give a function that does the operations", context));
    };
    let fazt = context.global_object().get(js_string!("fazt"), context)?;
    let app = match fazt.as_object() {
        Some(fazt) => fazt.get(js_string!("app"), context)?,
        None => JsValue::undefined(),
    };
    for _ in 0..ATTEMPTS {
        call("tx.begin", String::new(), Vec::new(), context)?;
        let done = work.call(&JsValue::undefined(), std::slice::from_ref(&app), context);
        let done = done.and_then(|value| settled(value, context));
        let ended = end(done.is_ok(), context);
        match (done, ended) {
            (Ok(value), Ok(true)) => return Ok(value),
            // What it threw may come of what others changed meanwhile.
            (_, Ok(false)) => {}
            (Err(thrown), _) => return Err(thrown),
            (Ok(_), Err(refused)) => return Err(refused),
        }
    }
    let what = format!("tx: others changed the same data {ATTEMPTS} times meanwhile");
    let refusal = HostError { retryable: true, ..HostError::new("TX_CONFLICT", what) };
    Err(error(&refusal, context))
}

/// Ends the transaction; false when what the function was shown no longer holds.
fn end(commit: bool, context: &mut Context) -> JsResult<bool> {
    let reply = call("tx.end", format!("[{commit}]"), Vec::new(), context)?;
    Ok(reply.json == "true")
}

/// What an `async` function comes to: it is waited for inside of the transaction.
fn settled(value: JsValue, context: &mut Context) -> JsResult<JsValue> {
    let promise = value.as_object().and_then(|object| JsPromise::from_object(object.clone()).ok());
    let (Some(promise), Some(jobs)) = (promise, context.downcast_job_executor::<Jobs>()) else {
        return Ok(value);
    };
    // It is thrown from here: nobody else has to handle it.
    let heard = NativeFunction::from_fn_ptr(|_, _, _| Ok(JsValue::undefined()));
    let heard = heard.to_js_function(context.realm());
    promise.catch(heard, context)?;
    jobs.run_until(context, || !matches!(promise.state(), PromiseState::Pending));
    match promise.state() {
        PromiseState::Fulfilled(value) => Ok(value),
        PromiseState::Rejected(thrown) => Err(JsError::from_opaque(thrown)),
        PromiseState::Pending => Err(JsNativeError::error()
            .with_message("tx: the function waits for something that never comes")
            .into()),
    }
}
