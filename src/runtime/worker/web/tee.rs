//! Streams made of other things: of an iterable, and two of one.

use boa_engine::{
    Context, Finalize, JsData, JsObject, JsResult, JsSymbol, JsValue, Trace,
    builtins::promise::ResolvingFunctions,
    js_string,
    object::builtins::{JsArray, JsFunction, JsPromise},
};

use super::{
    class::{type_error, with},
    reader,
    stream::{self, Source, Stream},
    values::{argument, callback, member, promise_of},
};

#[derive(Clone, Trace, Finalize)]
#[boa_gc(unsafe_no_drop)]
struct Walk {
    iterator: JsObject,
    next: JsFunction,
}

/// A stream of what an iterable gives, asked one by one.
pub(super) fn from(iterable: &JsObject, context: &mut Context) -> JsResult<JsObject<Stream>> {
    let mut method = iterable.get(JsSymbol::async_iterator(), context)?;
    if method.is_null_or_undefined() {
        method = iterable.get(JsSymbol::iterator(), context)?;
    }
    let method = method.as_function().ok_or_else(|| type_error("the value is not iterable"))?;
    let iterator = method.call(&iterable.clone().into(), &[], context)?.as_object();
    let iterator = iterator.ok_or_else(|| type_error("the value is not iterable"))?;
    let next = iterator.get(js_string!("next"), context)?.as_function();
    let next = next.ok_or_else(|| type_error("the value is not iterable"))?;
    let walk = Walk { iterator, next };
    // The source cannot hold the stream before there is one: `pull` gets the
    // controller, whose methods know it.
    let pull = callback(walk.clone(), context, |_, arguments, walk, context| {
        let controller = argument(arguments, 0);
        let went = walk.next.call(&walk.iterator.clone().into(), &[], context)?;
        let came = callback(controller, context, |_, arguments, controller, context| {
            let controller =
                controller.as_object().ok_or_else(|| type_error("a stream lost its controller"))?;
            match stream::step(&argument(arguments, 0), context)? {
                None => call(&controller, "close", &[], context),
                // An iterator that is not asynchronous may give promises.
                Some(value) if value.is_promise() => {
                    let add = callback(controller, context, |_, arguments, controller, context| {
                        call(controller, "enqueue", &[argument(arguments, 0)], context)
                    });
                    let value = JsPromise::resolve(value, context)?;
                    Ok(value.then(Some(add), None, context)?.into())
                }
                Some(value) => call(&controller, "enqueue", &[value], context),
            }
        });
        Ok(promise_of(Ok(went), context)?.then(Some(came), None, context)?.into())
    });
    let cancel = callback(walk, context, |_, arguments, walk, context| {
        let Some(end) = member(&walk.iterator, "return", context)? else {
            return Ok(JsValue::undefined());
        };
        let end = end.as_function().ok_or_else(|| type_error("`return` is no function"))?;
        end.call(&walk.iterator.clone().into(), &[argument(arguments, 0)], context)
    });
    let source = Source { pull: Some(pull), cancel: Some(cancel), ..Source::default() };
    stream::native(source, 0.0, context)
}

fn call(
    object: &JsObject,
    name: &str,
    arguments: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    let method = object.get(boa_engine::JsString::from(name), context)?.as_function();
    let method = method.ok_or_else(|| type_error(format!("`{name}` is no function")))?;
    method.call(&object.clone().into(), arguments, context)
}

/// What the two halves share.
#[derive(Trace, Finalize, JsData)]
#[boa_gc(unsafe_no_drop)]
struct Shared {
    stream: JsObject<Stream>,
    branches: Vec<JsObject<Stream>>,
    reading: bool,
    again: bool,
    /// Why each half was cancelled.
    reasons: [Option<JsValue>; 2],
    cancelled: JsPromise,
    settle: ResolvingFunctions,
}

/// Two streams of the chunks of one.
pub(super) fn tee(stream: &JsObject<Stream>, context: &mut Context) -> JsResult<JsValue> {
    reader::acquire(stream, context)?;
    let (cancelled, settle) = JsPromise::new_pending(context);
    let shared = Shared {
        stream: stream.clone(),
        branches: Vec::new(),
        reading: false,
        again: false,
        reasons: [None, None],
        cancelled,
        settle,
    };
    let shared = JsObject::new(context.root_shape(), None, shared);
    for half in 0..2_usize {
        let pull = callback(shared.clone(), context, |_, _, shared, context| {
            pull_both(shared, context)?;
            Ok(JsValue::undefined())
        });
        let cancel = callback(shared.clone(), context, move |_, arguments, shared, context| {
            cancel_half(shared, half, argument(arguments, 0), context)
        });
        let source = Source { pull: Some(pull), cancel: Some(cancel), ..Source::default() };
        let branch = stream::native(source, 1.0, context)?;
        with(&shared, |shared| shared.branches.push(branch));
    }
    let branches = with(&shared, |shared| shared.branches.clone());
    let branches = branches.into_iter().map(|branch| branch.upcast().into());
    let branches: Vec<JsValue> = branches.collect();
    Ok(JsArray::from_iter(branches, context).into())
}

fn pull_both(shared: &JsObject<Shared>, context: &mut Context) -> JsResult<()> {
    let stream = with(shared, |shared| {
        shared.again = shared.reading;
        let idle = !std::mem::replace(&mut shared.reading, true);
        idle.then(|| shared.stream.clone())
    });
    let Some(stream) = stream else { return Ok(()) };
    let came = callback(shared.clone(), context, |_, arguments, shared, context| {
        let chunk = stream::step(&argument(arguments, 0), context)?;
        let again = with(shared, |shared| {
            shared.reading = false;
            std::mem::take(&mut shared.again)
        });
        for branch in open_branches(shared) {
            match &chunk {
                Some(chunk) => stream::enqueue(&branch, chunk.clone(), context)?,
                None => stream::close(&branch, context)?,
            }
        }
        if chunk.is_none() {
            let settle = with(shared, |shared| shared.settle.clone());
            settle.resolve.call(&JsValue::undefined(), &[], context)?;
        } else if again {
            pull_both(shared, context)?;
        }
        Ok(JsValue::undefined())
    });
    let failed = callback(shared.clone(), context, |_, arguments, shared, context| {
        with(shared, |shared| shared.reading = false);
        for branch in open_branches(shared) {
            stream::error(&branch, &argument(arguments, 0), context)?;
        }
        Ok(JsValue::undefined())
    });
    stream::read(&stream, context)?.then(Some(came), Some(failed), context)?;
    Ok(())
}

fn open_branches(shared: &JsObject<Shared>) -> Vec<JsObject<Stream>> {
    with(shared, |shared| {
        let halves = shared.branches.iter().zip(&shared.reasons);
        halves.filter(|(_, gone)| gone.is_none()).map(|(branch, _)| branch.clone()).collect()
    })
}

/// The one stream is cancelled when both halves are.
fn cancel_half(
    shared: &JsObject<Shared>,
    half: usize,
    reason: JsValue,
    context: &mut Context,
) -> JsResult<JsValue> {
    let (stream, reasons, cancelled, settle) = with(shared, |shared| {
        shared.reasons[half] = Some(reason);
        let both = shared.reasons.iter().flatten().cloned().collect::<Vec<_>>();
        (shared.stream.clone(), both, shared.cancelled.clone(), shared.settle.clone())
    });
    if reasons.len() == 2 {
        let reasons = JsArray::from_iter(reasons, context);
        let done = stream::cancel(&stream, reasons.into(), context)?;
        done.then(Some(settle.resolve), Some(settle.reject), context)?;
    }
    Ok(cancelled.into())
}
