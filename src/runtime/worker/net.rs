//! `fazt.net.fetch` and `fetch`: asks the host, which has the only way out.
//!
//! A call waits for its answer, or begins and is a promise. While nothing else is to
//! be done the host is asked for whichever answer comes first, for no longer than the
//! next timer allows. What a call and an answer look like to scripts is `net.js`.

use std::{cell::RefCell, collections::HashMap, rc::Rc, time::Duration};

use boa_engine::{
    Context, JsError, JsNativeError, JsObject, JsResult, JsValue, NativeFunction, Source,
    builtins::promise::ResolvingFunctions,
    job::TimeoutJob,
    js_string,
    object::{
        ObjectInitializer,
        builtins::{AlignedVec, JsArray, JsArrayBuffer, JsPromise, JsTypedArray, JsUint8Array},
    },
    property::Attribute,
};
use bytes::Bytes;
use serde_json::Value;

use super::{fazt, jobs::Jobs, web::response::fetched};
use crate::runtime::frames::{Call, FromWorker, HostError, Reply};

/// How long the host is asked to wait when no timer is set; it has an end of its own.
const LONG: Duration = Duration::from_secs(30);

/// Calls that were begun, by their tickets.
#[derive(Clone, Default)]
struct Flights(Rc<RefCell<InFlight>>);

#[derive(Default)]
struct InFlight {
    calls: HashMap<u64, ResolvingFunctions>,
    /// Whether a job is set that will ask for answers.
    watched: bool,
}

/// Puts `fazt.net` and `fetch` into a context that has `fazt`.
pub(super) fn install(context: &mut Context) -> JsResult<()> {
    context.insert_data(Flights::default());
    let natives = ObjectInitializer::new(context)
        .function(NativeFunction::from_fn_ptr(now), js_string!("now"), 2)
        .function(NativeFunction::from_fn_ptr(later), js_string!("later"), 2)
        .function(NativeFunction::from_fn_ptr(cancel), js_string!("cancel"), 1)
        .build();
    let source = format!("({})", include_str!("net.js").trim());
    let make = context.eval(Source::from_bytes(source.as_bytes()))?;
    let make = make.as_callable().ok_or_else(|| fault("net.js is no function"))?;
    let made = make.call(&JsValue::undefined(), &[natives.into()], context)?;
    let made = made.as_object().ok_or_else(|| fault("net.js makes nothing"))?;
    let (net, fetch) =
        (made.get(js_string!("net"), context)?, made.get(js_string!("fetch"), context)?);
    let global = context.global_object();
    let fazt = global.get(js_string!("fazt"), context)?;
    let fazt = fazt.as_object().ok_or_else(|| fault("there is no `fazt`"))?;
    fazt.set(js_string!("net"), net, false, context)?;
    let attributes = Attribute::WRITABLE | Attribute::CONFIGURABLE;
    context.register_global_property(js_string!("fetch"), fetch, attributes)
}

/// Fetches, and waits for the answer.
fn now(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let reply = exchange(call("net.fetch", arguments, context)?, context)?;
    let answer: Value = serde_json::from_str(&reply.json).map_err(|_| nonsense())?;
    Ok(raw(&answer, reply.bytes, context)?.into())
}

/// Begins to fetch: a ticket, and a promise of the answer.
fn later(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let (promise, settle) = JsPromise::new_pending(context);
    let begun = call("net.begin", arguments, context)?;
    let ticket = match exchange(begun, context) {
        Ok(reply) => reply.json.parse().map_err(|_| nonsense())?,
        Err(error) => {
            let error = error.into_opaque(context)?;
            settle.reject.call(&JsValue::undefined(), &[error], context)?;
            0
        }
    };
    if ticket != 0 {
        let flights = flights(context)?;
        flights.0.borrow_mut().calls.insert(ticket, settle);
        flights.watch(context);
    }
    #[expect(clippy::cast_precision_loss, reason = "tickets are counted from one")]
    let pair = [JsValue::from(ticket as f64), promise.into()];
    Ok(JsArray::from_iter(pair, context).into())
}

/// Ends a call that was begun. Its promise stays as it is.
fn cancel(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was a ticket")]
    let ticket = arguments.first().and_then(JsValue::as_number).unwrap_or_default() as u64;
    flights(context)?.0.borrow_mut().calls.remove(&ticket);
    let arguments = format!("[{ticket}]");
    exchange(Call { api: "net.cancel".to_owned(), arguments, bytes: Vec::new() }, context)?;
    Ok(JsValue::undefined())
}

impl Flights {
    /// Sets a job that asks for the next answer, unless one is set.
    fn watch(&self, context: &mut Context) {
        if std::mem::replace(&mut self.0.borrow_mut().watched, true) {
            return;
        }
        let watch = Watch(Some(self.clone()));
        // It stands among the timers, so that whatever is due before goes before.
        let job = TimeoutJob::from_duration(
            move |context| {
                watch.run(context)?;
                Ok(JsValue::undefined())
            },
            Duration::ZERO,
        );
        context.enqueue_job(job.into());
    }

    /// Asks the host for the answer that comes first, and settles its promise.
    fn settle_one(&self, context: &mut Context) -> JsResult<()> {
        let arguments = format!("[{}]", until_next_timer(context).as_millis());
        let wait = Call { api: "net.wait".to_owned(), arguments, bytes: Vec::new() };
        let reply = exchange(wait, context)?;
        if reply.json.is_empty() {
            return Ok(());
        }
        let answer: Value = serde_json::from_str(&reply.json).map_err(|_| nonsense())?;
        let ticket = answer["ticket"].as_u64().unwrap_or_default();
        let Some(settle) = self.0.borrow_mut().calls.remove(&ticket) else { return Ok(()) };
        let this = JsValue::undefined();
        if let Some(error) = answer.get("error") {
            let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
            let retryable = error["retryable"].as_bool().unwrap_or_default();
            let error = HostError { code: text("code"), message: text("message"), retryable };
            let error = thrown(error, context)?;
            settle.reject.call(&this, &[error], context)?;
        } else {
            let response = response(&answer, reply.bytes, context)?;
            settle.resolve.call(&this, &[response.into()], context)?;
        }
        Ok(())
    }
}

/// A job that asks for answers. Where it is dropped and never runs, as at the end of
/// a request, nobody waits for them any more.
struct Watch(Option<Flights>);

impl Watch {
    fn run(mut self, context: &mut Context) -> JsResult<()> {
        let Some(flights) = self.0.take() else { return Ok(()) };
        flights.0.borrow_mut().watched = false;
        if flights.0.borrow().calls.is_empty() {
            return Ok(());
        }
        let settled = flights.settle_one(context);
        if !flights.0.borrow().calls.is_empty() {
            flights.watch(context);
        }
        settled
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(flights) = self.0.take() {
            *flights.0.borrow_mut() = InFlight::default();
        }
    }
}

/// How long the host may wait before a timer of the script is due.
fn until_next_timer(context: &Context) -> Duration {
    let due = context.downcast_job_executor::<Jobs>().and_then(|jobs| jobs.next_timer());
    #[expect(clippy::disallowed_methods, reason = "timers of scripts run in real time")]
    let now = std::time::Instant::now();
    due.map_or(LONG, |due| due.saturating_duration_since(now).min(LONG))
}

/// A call with what a script gave: a description, and a body.
fn call(api: &str, arguments: &[JsValue], context: &mut Context) -> JsResult<Call> {
    let described = arguments.first().cloned().unwrap_or_default();
    let described = described.to_json(context)?.unwrap_or(Value::Null);
    let bytes = match arguments.get(1) {
        Some(body) if !body.is_undefined() => vec![bytes_of(body, context)?],
        _ => Vec::new(),
    };
    let arguments = Value::Array(vec![described]).to_string();
    Ok(Call { api: api.to_owned(), arguments, bytes })
}

fn bytes_of(body: &JsValue, context: &mut Context) -> JsResult<Bytes> {
    if let Some(text) = body.as_string() {
        return Ok(text.to_std_string_lossy().into_bytes().into());
    }
    let object = body.as_object().ok_or_else(|| fault("a body has to be a string or bytes"))?;
    let view = JsTypedArray::from_object(object.clone())?;
    let (from, length) = (view.byte_offset(context)?, view.byte_length(context)?);
    let buffer = view.buffer(context)?;
    let buffer = buffer.as_object().ok_or_else(|| fault("the bytes are gone"))?;
    let buffer = JsArrayBuffer::from_object(buffer.clone())?;
    let part =
        buffer.data().and_then(|all| all.get(from..from + length).map(Bytes::copy_from_slice));
    part.ok_or_else(|| fault("the bytes are gone"))
}

/// An answer as a standard `Response`.
fn response(answer: &Value, bytes: Vec<Bytes>, context: &mut Context) -> JsResult<JsObject> {
    let status = answer["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    let status = status.ok_or_else(nonsense)?;
    let reason = http::StatusCode::from_u16(status).ok();
    let reason = reason.and_then(|status| status.canonical_reason()).unwrap_or_default();
    let headers = serde_json::from_value(answer["headers"].clone()).map_err(|_| nonsense())?;
    let body = bytes.into_iter().next().filter(|_| !matches!(status, 204 | 205 | 304));
    let from = answer["url"].as_str().unwrap_or_default();
    let redirected = answer["redirected"].as_bool().unwrap_or_default();
    Ok(fetched(status, reason, headers, body, (from, redirected), context))
}

/// An answer as `net.js` takes it.
fn raw(answer: &Value, bytes: Vec<Bytes>, context: &mut Context) -> JsResult<JsObject> {
    let raw = JsValue::from_json(answer, context)?;
    let raw = raw.as_object().ok_or_else(nonsense)?.clone();
    let body = bytes.into_iter().next().unwrap_or_default();
    let block = AlignedVec::from_iter(0, body.iter().copied());
    let buffer = JsArrayBuffer::from_byte_block(block, context)?;
    let body = JsUint8Array::from_array_buffer(buffer, context)?;
    raw.set(js_string!("body"), body, false, context)?;
    Ok(raw)
}

/// Asks the host, and waits for its reply.
fn exchange(call: Call, context: &mut Context) -> JsResult<Reply> {
    let link = fazt::link(context)?;
    match link.ask(&FromWorker::Call(call)).map_err(|_| fault("the host is gone"))? {
        Ok(reply) => Ok(reply),
        Err(error) => Err(JsError::from_opaque(thrown(error, context)?)),
    }
}

/// A refusal of the host as a script catches it.
fn thrown(error: HostError, context: &mut Context) -> JsResult<JsValue> {
    let thrown = JsNativeError::error().with_message(error.message).into_opaque(context);
    thrown.set(js_string!("code"), js_string!(error.code.as_str()), false, context)?;
    thrown.set(js_string!("retryable"), error.retryable, false, context)?;
    Ok(thrown.into())
}

fn flights(context: &Context) -> JsResult<Flights> {
    context.get_data::<Flights>().cloned().ok_or_else(|| fault("there is no way out"))
}

fn nonsense() -> JsError {
    fault("the host answers nonsense")
}

fn fault(message: &'static str) -> JsError {
    JsNativeError::error().with_message(message).into()
}
