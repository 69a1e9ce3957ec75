//! Readers of a `ReadableStream`: by `getReader`, by `for await`, and by the
//! program itself, which wants all of it.

use std::collections::VecDeque;

use boa_engine::{
    Context, Finalize, JsData, JsError, JsObject, JsResult, JsSymbol, JsValue, Trace,
    builtins::{iterable::create_iter_result_object, promise::ResolvingFunctions},
    js_string,
    object::{
        ObjectInitializer,
        builtins::{JsFunction, JsPromise},
    },
};

use super::{
    body::{self, Wanted},
    class::{BARE, Class, type_error, with},
    stream::{self, State, Stream},
    values::{argument, bytes, callback, needed, option, promise_of, promised},
};

#[derive(Trace, Finalize, JsData)]
#[boa_gc(unsafe_no_drop)]
pub(super) struct Reader {
    stream: Option<JsObject<Stream>>,
    /// Reads that no chunk has come for.
    pub(super) waiting: VecDeque<ResolvingFunctions>,
    /// Made when a script asks for it: an error that nobody waits for is not
    /// to be reported twice.
    closed: Option<JsPromise>,
    settle: Option<ResolvingFunctions>,
}

pub(super) static READER: Class = Class {
    name: "ReadableStreamDefaultReader",
    length: 1,
    make: |new_target, arguments, context| {
        READER.asked_with_new(new_target)?;
        let stream = stream::own(needed(arguments, 0)?)?;
        Ok(acquire(&stream, context)?.upcast().into())
    },
    getters: &[("closed", |this, _, context| {
        let promise = READER.own(this).and_then(|reader| closed_promise(&reader, context));
        promised(promise.map(Into::into), context)
    })],
    methods: &[
        ("read", 0, |this, _, context| {
            let read = READER.own(this).and_then(|reader| {
                let stream = stream_of(&reader)?;
                stream::read(&stream, context)
            });
            promised(read.map(Into::into), context)
        }),
        ("cancel", 0, |this, arguments, context| {
            let cancelled = READER.own(this).and_then(|reader| {
                let stream = stream_of(&reader)?;
                stream::cancel(&stream, argument(arguments, 0), context)
            });
            promised(cancelled.map(Into::into), context)
        }),
        ("releaseLock", 0, |this, _, context| {
            release(&READER.own(this)?, context)?;
            Ok(JsValue::undefined())
        }),
    ],
    ..BARE
};

impl Reader {
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }
}

/// Locks a stream.
pub(super) fn acquire(
    stream: &JsObject<Stream>,
    context: &mut Context,
) -> JsResult<JsObject<Reader>> {
    if stream::is_locked(stream) {
        return Err(type_error("the stream is locked by another reader"));
    }
    let reader = Reader {
        stream: Some(stream.clone()),
        waiting: VecDeque::new(),
        closed: None,
        settle: None,
    };
    let reader = READER.object(reader, context);
    with(stream, |stream| stream.reader = Some(reader.clone()));
    Ok(reader)
}

fn stream_of(reader: &JsObject<Reader>) -> JsResult<JsObject<Stream>> {
    with(reader, |reader| reader.stream.clone())
        .ok_or_else(|| type_error("the reader has been released"))
}

fn closed_promise(reader: &JsObject<Reader>, context: &mut Context) -> JsResult<JsPromise> {
    let (known, stream) = with(reader, |reader| (reader.closed.clone(), reader.stream.clone()));
    if let Some(known) = known {
        return Ok(known);
    }
    let (promise, settle) = JsPromise::new_pending(context);
    with(reader, |reader| {
        reader.closed = Some(promise.clone());
        reader.settle = Some(settle);
    });
    let Some(stream) = stream else {
        settled(reader, Err(&released(context)?), context)?;
        return Ok(promise);
    };
    match with(&stream, |stream| stream.state.clone()) {
        State::Readable => {}
        State::Closed => settled(reader, Ok(()), context)?,
        State::Errored(reason) => settled(reader, Err(&reason), context)?,
    }
    Ok(promise)
}

fn released(context: &mut Context) -> JsResult<JsValue> {
    type_error("the reader has been released").into_opaque(context)
}

fn settled(
    reader: &JsObject<Reader>,
    how: Result<(), &JsValue>,
    context: &mut Context,
) -> JsResult<()> {
    let Some(settle) = with(reader, |reader| reader.settle.take()) else { return Ok(()) };
    let undefined = JsValue::undefined();
    match how {
        Ok(()) => settle.resolve.call(&undefined, &[], context)?,
        Err(reason) => settle.reject.call(&undefined, std::slice::from_ref(reason), context)?,
    };
    Ok(())
}

/// Tells a stream's reader that the stream has ended.
pub(super) fn closed(
    stream: &JsObject<Stream>,
    how: Result<(), &JsValue>,
    context: &mut Context,
) -> JsResult<()> {
    match with(stream, |stream| stream.reader.clone()) {
        Some(reader) => settled(&reader, how, context),
        None => Ok(()),
    }
}

/// Unlocks the stream; reads that wait fail.
fn release(reader: &JsObject<Reader>, context: &mut Context) -> JsResult<()> {
    let Some(stream) = with(reader, |reader| reader.stream.take()) else { return Ok(()) };
    with(&stream, |stream| stream.reader = None);
    let waiting = with(reader, |reader| std::mem::take(&mut reader.waiting));
    let reason = released(context)?;
    for read in waiting {
        read.reject.call(&JsValue::undefined(), std::slice::from_ref(&reason), context)?;
    }
    settled(reader, Err(&reason), context)
}

/// What a read gives.
pub(super) fn result(value: JsValue, done: bool, context: &mut Context) -> JsValue {
    create_iter_result_object(value, done, context)
}

/// What `for await` walks.
pub(super) fn values(
    this: &JsValue,
    arguments: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    let stream = stream::own(this)?;
    let keep = option(&argument(arguments, 0), "preventCancel", context)?;
    let keep = keep.is_some_and(|keep| keep.to_boolean());
    let reader = acquire(&stream, context)?;
    let next = callback(reader.clone(), context, |_, _, reader, context| {
        let Ok(stream) = stream_of(reader) else {
            let end = result(JsValue::undefined(), true, context);
            return promised(Ok(end), context);
        };
        let read = stream::read(&stream, context)?;
        let look = callback(reader.clone(), context, |_, arguments, reader, context| {
            let result = argument(arguments, 0);
            if stream::step(&result, context)?.is_none() {
                release(reader, context)?;
            }
            Ok(result)
        });
        let fail = callback(reader.clone(), context, |_, arguments, reader, context| {
            release(reader, context)?;
            Err(JsError::from_opaque(argument(arguments, 0)))
        });
        Ok(read.then(Some(look), Some(fail), context)?.into())
    });
    let end = callback(reader, context, move |_, arguments, reader, context| {
        let value = argument(arguments, 0);
        let last = result(value.clone(), true, context);
        let Ok(stream) = stream_of(reader) else { return promised(Ok(last), context) };
        if keep {
            release(reader, context)?;
            return promised(Ok(last), context);
        }
        let cancelled = stream::cancel(&stream, value, context)?;
        release(reader, context)?;
        let done = callback(last, context, |_, _, last, _| Ok(last.clone()));
        Ok(cancelled.then(Some(done), None, context)?.into())
    });
    let prototype = context.intrinsics().objects().iterator_prototypes().async_iterator();
    let iterator = iterator_object(next, Some(end), context);
    iterator.set_prototype(Some(prototype));
    Ok(iterator.into())
}

fn iterator_object(next: JsFunction, end: Option<JsFunction>, context: &mut Context) -> JsObject {
    let plain = boa_engine::property::Attribute::all();
    let mut iterator = ObjectInitializer::new(context);
    iterator.property(js_string!("next"), next, plain);
    if let Some(end) = end {
        iterator.property(js_string!("return"), end, plain);
    }
    let itself = boa_engine::NativeFunction::from_copy_closure(|this, _, _| Ok(this.clone()));
    iterator.function(itself, JsSymbol::async_iterator(), 0);
    iterator.build()
}

/// All of a stream, gathered by the program itself.
#[derive(Trace, Finalize, JsData)]
#[boa_gc(unsafe_no_drop)]
struct Gathering {
    stream: JsObject<Stream>,
    #[unsafe_ignore_trace]
    whole: Vec<u8>,
    #[unsafe_ignore_trace]
    wanted: Wanted,
    settle: ResolvingFunctions,
}

/// Reads all of a stream, and makes of it what is wanted.
pub(super) fn gather(
    stream: &JsObject<Stream>,
    wanted: Wanted,
    context: &mut Context,
) -> JsResult<JsPromise> {
    acquire(stream, context)?;
    let (promise, settle) = JsPromise::new_pending(context);
    let gathering = Gathering { stream: stream.clone(), whole: Vec::new(), wanted, settle };
    let gathering = JsObject::new(context.root_shape(), None, gathering);
    go_on(&gathering, context)?;
    Ok(promise)
}

fn go_on(gathering: &JsObject<Gathering>, context: &mut Context) -> JsResult<()> {
    let stream = with(gathering, |gathering| gathering.stream.clone());
    let came = callback(gathering.clone(), context, |_, arguments, gathering, context| {
        let settle = with(gathering, |gathering| gathering.settle.clone());
        let undefined = JsValue::undefined();
        match gathered(gathering, &argument(arguments, 0), context) {
            Ok(None) => go_on(gathering, context)?,
            Ok(Some(value)) => drop(settle.resolve.call(&undefined, &[value], context)?),
            Err(error) => {
                let reason = error.into_opaque(context)?;
                settle.reject.call(&undefined, &[reason], context)?;
            }
        }
        Ok(undefined)
    });
    let failed = with(gathering, |gathering| gathering.settle.reject.clone());
    let read = stream::read(&stream, context);
    promise_of(read.map(Into::into), context)?.then(Some(came), Some(failed), context)?;
    Ok(())
}

/// Adds a chunk; the value that is wanted once there are no more.
fn gathered(
    gathering: &JsObject<Gathering>,
    result: &JsValue,
    context: &mut Context,
) -> JsResult<Option<JsValue>> {
    let Some(chunk) = stream::step(result, context)? else {
        let (whole, wanted) = with(gathering, |gathering| {
            (std::mem::take(&mut gathering.whole), gathering.wanted.clone())
        });
        return body::finish(&wanted, whole.into(), context).map(Some);
    };
    let chunk = chunk_bytes(&chunk, context)?;
    with(gathering, |gathering| gathering.whole.extend_from_slice(&chunk));
    Ok(None)
}

/// A chunk of a body: bytes, or text as UTF-8.
pub(crate) fn chunk_bytes(chunk: &JsValue, context: &mut Context) -> JsResult<Vec<u8>> {
    if let Some(text) = chunk.as_string() {
        return Ok(text.to_std_string_lossy().into_bytes());
    }
    bytes(chunk, context)?.ok_or_else(|| {
        let kind = if chunk.is_null() { "null" } else { chunk.type_of() };
        type_error(format!(
            "a chunk of a body has to be a string or bytes, and this one is of type {kind}"
        ))
    })
}
