//! `ReadableStream`: chunks that come when they are asked for.
//!
//! One kind of stream, of any values; bytes are such values, too. Writing and
//! transforming are not here.

use std::collections::VecDeque;

use boa_engine::{
    Context, Finalize, JsData, JsError, JsObject, JsResult, JsValue, Trace,
    builtins::promise::ResolvingFunctions,
    object::builtins::{JsFunction, JsPromise},
};

use super::{
    class::{BARE, Class, range_error, type_error, with},
    reader::{self, Reader},
    values::{argument, callback, member, option, promise_of, promised, uint8_array},
};

#[derive(Trace, Finalize, JsData)]
#[boa_gc(unsafe_no_drop)]
#[expect(clippy::struct_excessive_bools, reason = "the standard's own flags")]
pub(crate) struct Stream {
    pub(super) state: State,
    queue: VecDeque<(JsValue, f64)>,
    /// Sizes of what is in the queue, together.
    held: f64,
    high_water: f64,
    source: Source,
    started: bool,
    pulling: bool,
    again: bool,
    /// No more chunks come; those in the queue are still to be read.
    closing: bool,
    controller: Option<JsObject<Controller>>,
    pub(super) reader: Option<JsObject<Reader>>,
    /// Whether anybody has read or cancelled.
    pub(super) disturbed: bool,
}

/// Where chunks come from.
#[derive(Clone, Default, Trace, Finalize)]
#[boa_gc(unsafe_no_drop)]
pub(super) struct Source {
    pub(super) this: JsValue,
    pub(super) pull: Option<JsFunction>,
    pub(super) cancel: Option<JsFunction>,
    pub(super) size: Option<JsFunction>,
}

#[derive(Clone, Trace, Finalize)]
#[boa_gc(unsafe_no_drop)]
pub(super) enum State {
    Readable,
    Closed,
    Errored(JsValue),
}

#[derive(Trace, Finalize, JsData)]
#[boa_gc(unsafe_no_drop)]
pub(super) struct Controller {
    stream: JsObject<Stream>,
}

pub(super) static STREAM: Class = Class {
    name: "ReadableStream",
    make,
    getters: &[("locked", |this, _, _| Ok(is_locked(&own(this)?).into()))],
    methods: &[
        ("getReader", 0, |this, arguments, context| {
            let stream = own(this)?;
            if let Some(mode) = option(&argument(arguments, 0), "mode", context)? {
                let mode = super::values::text(&mode, context)?;
                return Err(type_error(format!("streams have no readers of mode {mode:?}")));
            }
            Ok(reader::acquire(&stream, context)?.upcast().into())
        }),
        ("cancel", 0, |this, arguments, context| {
            let cancelled = own(this).and_then(|stream| {
                if is_locked(&stream) {
                    return Err(type_error("the stream is locked by its reader"));
                }
                cancel(&stream, argument(arguments, 0), context)
            });
            promised(cancelled.map(Into::into), context)
        }),
        ("tee", 0, |this, _, context| super::tee::tee(&own(this)?, context)),
        ("values", 0, reader::values),
    ],
    statics: &[("from", 1, |_, arguments, context| {
        let source = super::values::needed(arguments, 0)?.as_object();
        let source = source.ok_or_else(|| type_error("ReadableStream.from needs an iterable"))?;
        Ok(super::tee::from(&source, context)?.upcast().into())
    })],
    awaited: Some(reader::values),
    ..BARE
};

pub(super) static CONTROLLER: Class = Class {
    name: "ReadableStreamDefaultController",
    getters: &[
        ("desiredSize", |this, _, _| {
            Ok(with(&controlled(this)?, |stream| match stream.state {
                State::Errored(_) => JsValue::null(),
                State::Closed => 0.into(),
                State::Readable => (stream.high_water - stream.held).into(),
            }))
        }),
        ("byobRequest", |_, _, _| Ok(JsValue::null())),
    ],
    methods: &[
        ("enqueue", 1, |this, arguments, context| {
            enqueue(&controlled(this)?, argument(arguments, 0), context)?;
            Ok(JsValue::undefined())
        }),
        ("close", 0, |this, _, context| {
            let stream = controlled(this)?;
            if !with(&stream, |stream| stream.takes_more()) {
                return Err(type_error("the stream is closed already"));
            }
            close(&stream, context)?;
            Ok(JsValue::undefined())
        }),
        ("error", 0, |this, arguments, context| {
            error(&controlled(this)?, &argument(arguments, 0), context)?;
            Ok(JsValue::undefined())
        }),
    ],
    ..BARE
};

impl Stream {
    fn new(source: Source, high_water: f64) -> Self {
        Self {
            state: State::Readable,
            queue: VecDeque::new(),
            held: 0.0,
            high_water,
            source,
            started: false,
            pulling: false,
            again: false,
            closing: false,
            controller: None,
            reader: None,
            disturbed: false,
        }
    }

    fn takes_more(&self) -> bool {
        matches!(self.state, State::Readable) && !self.closing
    }

    fn wants_more(&self) -> bool {
        let waiting = self.reader.as_ref().is_some_and(|reader| with(reader, |r| r.is_waiting()));
        self.takes_more() && self.started && (waiting || self.held < self.high_water)
    }
}

pub(super) fn own(this: &JsValue) -> JsResult<JsObject<Stream>> {
    STREAM.own(this)
}

pub(super) fn is_locked(stream: &JsObject<Stream>) -> bool {
    with(stream, |stream| stream.reader.is_some())
}

fn controlled(this: &JsValue) -> JsResult<JsObject<Stream>> {
    let controller = CONTROLLER.own::<Controller>(this)?;
    Ok(with(&controller, |controller| controller.stream.clone()))
}

fn make(new_target: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    STREAM.asked_with_new(new_target)?;
    let (given, strategy) = (argument(arguments, 0), argument(arguments, 1));
    let method = |from: &JsValue, name: &str, context: &mut Context| -> JsResult<_> {
        match option(from, name, context)? {
            None => Ok(None),
            Some(method) => method
                .as_function()
                .map(Some)
                .ok_or_else(|| type_error(format!("`{name}` of a stream has to be a function"))),
        }
    };
    let start = method(&given, "start", context)?;
    let source = Source {
        pull: method(&given, "pull", context)?,
        cancel: method(&given, "cancel", context)?,
        size: method(&strategy, "size", context)?,
        this: given.clone(),
    };
    let is_bytes = option(&given, "type", context)?.is_some();
    let high_water = match option(&strategy, "highWaterMark", context)? {
        Some(mark) => mark.to_number(context)?,
        None if is_bytes => 0.0,
        None => 1.0,
    };
    if high_water.is_nan() || high_water < 0.0 {
        return Err(range_error("highWaterMark has to be a number from 0"));
    }
    let stream = STREAM.construct(new_target, Stream::new(source, high_water), context)?;
    let controller = controller(&stream, context);
    let started = match start {
        Some(start) => start.call(&given, &[controller.upcast().into()], context)?,
        None => JsValue::undefined(),
    };
    begin(&stream, started, context)?;
    Ok(stream.upcast().into())
}

fn controller(stream: &JsObject<Stream>, context: &mut Context) -> JsObject<Controller> {
    if let Some(known) = with(stream, |stream| stream.controller.clone()) {
        return known;
    }
    let controller = CONTROLLER.object(Controller { stream: stream.clone() }, context);
    with(stream, |stream| stream.controller = Some(controller.clone()));
    controller
}

/// Starts to pull once what the source's `start` gave has come true.
fn begin(stream: &JsObject<Stream>, started: JsValue, context: &mut Context) -> JsResult<()> {
    let ready = callback(stream.clone(), context, |_, _, stream, context| {
        with(stream, |stream| stream.started = true);
        pull(stream, context)?;
        Ok(JsValue::undefined())
    });
    let failed = fails(stream, context);
    JsPromise::resolve(started, context)?.then(Some(ready), Some(failed), context)?;
    Ok(())
}

fn fails(stream: &JsObject<Stream>, context: &Context) -> JsFunction {
    callback(stream.clone(), context, |_, arguments, stream, context| {
        error(stream, &argument(arguments, 0), context)?;
        Ok(JsValue::undefined())
    })
}

/// A stream whose chunks the program itself brings.
pub(super) fn native(
    source: Source,
    high_water: f64,
    context: &mut Context,
) -> JsResult<JsObject<Stream>> {
    let stream = STREAM.object(Stream::new(source, high_water), context);
    begin(&stream, JsValue::undefined(), context)?;
    Ok(stream)
}

/// A stream of bytes that are there already.
pub(super) fn of_bytes(bytes: &[u8], context: &mut Context) -> JsResult<JsObject<Stream>> {
    let mut stream = Stream::new(Source::default(), 0.0);
    stream.started = true;
    if bytes.is_empty() {
        stream.state = State::Closed;
    } else {
        stream.closing = true;
        stream.held = 1.0;
        stream.queue.push_back((uint8_array(bytes, context)?.into(), 1.0));
    }
    Ok(STREAM.object(stream, context))
}

/// Adds a chunk: to whoever waits for one, or to the queue.
pub(super) fn enqueue(
    stream: &JsObject<Stream>,
    chunk: JsValue,
    context: &mut Context,
) -> JsResult<()> {
    if !with(stream, |stream| stream.takes_more()) {
        return Err(type_error("the stream is closed: it takes no more chunks"));
    }
    if let Some(waiting) = next_waiting(stream) {
        let result = reader::result(chunk, false, context);
        waiting.resolve.call(&JsValue::undefined(), &[result], context)?;
        return pull(stream, context);
    }
    let size = with(stream, |stream| stream.source.size.clone());
    let size = match size {
        None => Ok(1.0),
        Some(size) => size
            .call(&JsValue::undefined(), std::slice::from_ref(&chunk), context)
            .and_then(|size| size.to_number(context))
            .and_then(|size| {
                if size.is_finite() && size >= 0.0 {
                    Ok(size)
                } else {
                    Err(range_error("the size of a chunk has to be a number from 0"))
                }
            }),
    };
    match size {
        Ok(size) => with(stream, |stream| {
            stream.queue.push_back((chunk, size));
            stream.held += size;
        }),
        Err(thrown) => {
            error(stream, &thrown.clone().into_opaque(context)?, context)?;
            return Err(thrown);
        }
    }
    pull(stream, context)
}

fn next_waiting(stream: &JsObject<Stream>) -> Option<ResolvingFunctions> {
    let reader = with(stream, |stream| stream.reader.clone())?;
    with(&reader, |reader| reader.waiting.pop_front())
}

/// Ends a stream after the chunks that are in its queue.
pub(super) fn close(stream: &JsObject<Stream>, context: &mut Context) -> JsResult<()> {
    let at_once = with(stream, |stream| {
        if !stream.takes_more() {
            return false;
        }
        stream.closing = true;
        stream.queue.is_empty()
    });
    if at_once { end(stream, context) } else { Ok(()) }
}

fn end(stream: &JsObject<Stream>, context: &mut Context) -> JsResult<()> {
    with(stream, |stream| {
        stream.state = State::Closed;
        stream.source = Source::default();
    });
    while let Some(waiting) = next_waiting(stream) {
        let result = reader::result(JsValue::undefined(), true, context);
        waiting.resolve.call(&JsValue::undefined(), &[result], context)?;
    }
    reader::closed(stream, Ok(()), context)
}

/// Ends a stream with an error; the chunks in its queue are lost.
pub(super) fn error(
    stream: &JsObject<Stream>,
    reason: &JsValue,
    context: &mut Context,
) -> JsResult<()> {
    let was_readable = with(stream, |stream| {
        if !matches!(stream.state, State::Readable) {
            return false;
        }
        stream.state = State::Errored(reason.clone());
        stream.queue.clear();
        stream.held = 0.0;
        stream.source = Source::default();
        true
    });
    if !was_readable {
        return Ok(());
    }
    while let Some(waiting) = next_waiting(stream) {
        waiting.reject.call(&JsValue::undefined(), std::slice::from_ref(reason), context)?;
    }
    reader::closed(stream, Err(reason), context)
}

/// Asks the source for a chunk, if one is wanted and none is on its way.
pub(super) fn pull(stream: &JsObject<Stream>, context: &mut Context) -> JsResult<()> {
    let source = with(stream, |stream| {
        if !stream.wants_more() || stream.source.pull.is_none() {
            return None;
        }
        if stream.pulling {
            stream.again = true;
            return None;
        }
        stream.pulling = true;
        Some(stream.source.clone())
    });
    let Some(Source { this, pull: Some(function), .. }) = source else { return Ok(()) };
    let controller = controller(stream, context);
    let pulled = function.call(&this, &[controller.upcast().into()], context);
    let pulled = promise_of(pulled, context)?;
    let done = callback(stream.clone(), context, |_, _, stream, context| {
        let again = with(stream, |stream| {
            stream.pulling = false;
            std::mem::take(&mut stream.again)
        });
        if again {
            pull(stream, context)?;
        }
        Ok(JsValue::undefined())
    });
    let failed = fails(stream, context);
    pulled.then(Some(done), Some(failed), context)?;
    Ok(())
}

/// The next chunk, as a promise of `{value, done}`.
pub(super) fn read(stream: &JsObject<Stream>, context: &mut Context) -> JsResult<JsPromise> {
    let state = with(stream, |stream| {
        stream.disturbed = true;
        stream.state.clone()
    });
    match state {
        State::Closed => {
            let result = reader::result(JsValue::undefined(), true, context);
            return JsPromise::resolve(result, context);
        }
        State::Errored(reason) => return JsPromise::reject(JsError::from_opaque(reason), context),
        State::Readable => {}
    }
    let next = with(stream, |stream| {
        let (chunk, size) = stream.queue.pop_front()?;
        stream.held -= size;
        Some((chunk, stream.closing && stream.queue.is_empty()))
    });
    if let Some((chunk, last)) = next {
        if last {
            end(stream, context)?;
        } else {
            pull(stream, context)?;
        }
        let result = reader::result(chunk, false, context);
        return JsPromise::resolve(result, context);
    }
    let (promise, waiting) = JsPromise::new_pending(context);
    if let Some(reader) = with(stream, |stream| stream.reader.clone()) {
        with(&reader, |reader| reader.waiting.push_back(waiting));
    }
    pull(stream, context)?;
    Ok(promise)
}

/// Tells the source that nobody wants the rest.
pub(super) fn cancel(
    stream: &JsObject<Stream>,
    reason: JsValue,
    context: &mut Context,
) -> JsResult<JsPromise> {
    let (state, source) = with(stream, |stream| {
        stream.disturbed = true;
        stream.queue.clear();
        stream.held = 0.0;
        (stream.state.clone(), stream.source.clone())
    });
    match state {
        State::Closed => return JsPromise::resolve(JsValue::undefined(), context),
        State::Errored(reason) => return JsPromise::reject(JsError::from_opaque(reason), context),
        State::Readable => end(stream, context)?,
    }
    let Some(cancel) = source.cancel else {
        return JsPromise::resolve(JsValue::undefined(), context);
    };
    let cancelled = cancel.call(&source.this, &[reason], context);
    let nothing = callback((), context, |_, _, (), _| Ok(JsValue::undefined()));
    promise_of(cancelled, context)?.then(Some(nothing), None, context)
}

/// `done` and `value` of what an iterator's `next` gave.
pub(super) fn step(result: &JsValue, context: &mut Context) -> JsResult<Option<JsValue>> {
    let result = result.as_object().ok_or_else(|| type_error("an iterator gave no object"))?;
    let done = member(&result, "done", context)?;
    if done.is_some_and(|done| done.to_boolean()) {
        return Ok(None);
    }
    Ok(Some(member(&result, "value", context)?.unwrap_or_default()))
}
