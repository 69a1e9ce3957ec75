//! Sends a body piece by piece, each when the one before has gone out.

use boa_engine::{
    Context, JsObject, JsResult, JsSymbol, JsValue, js_string, object::builtins::JsFunction,
};
use bytes::Bytes;

use super::{
    answer,
    engine::settled,
    link::Link,
    web::{class::type_error, reader::chunk_bytes},
};
use crate::runtime::frames::{Answer, Head};

/// Longest piece that goes out at once.
const PIECE: usize = 1 << 20;

/// Something that gives pieces.
struct Pieces {
    iterator: JsValue,
    next: JsFunction,
}

/// Sends all that a source gives; the answer that ends the request is empty.
pub(super) fn send(
    mut head: Head,
    source: &JsObject,
    link: &Link,
    context: &mut Context,
) -> JsResult<Answer> {
    let pieces = Pieces::of(source, context)?;
    let mut begun = false;
    let is_typed = |head: &Head| head.headers.iter().any(|(name, _)| name == "content-type");
    if is_typed(&head) {
        begun = begin(&head, link)?;
    }
    while let Some(chunk) = pieces.next(context)? {
        let bytes = match chunk_bytes(&chunk, context) {
            Ok(bytes) => Bytes::from(bytes),
            Err(error) => {
                // The first error is the one that counts.
                let _ = pieces.end(context);
                return Err(error);
            }
        };
        if !begun {
            // A handler that does not say what it sends is known by its first piece.
            let media = match chunk.as_string() {
                Some(text) => answer::text_media(&text.to_std_string_lossy()),
                None => "application/octet-stream",
            };
            head.headers.push(("content-type".to_owned(), media.to_owned()));
            begun = begin(&head, link)?;
        }
        for piece in bytes.chunks(PIECE) {
            if !link.chunk(bytes.slice_ref(piece)).map_err(gone)? {
                pieces.end(context)?;
                return Ok(ended(head));
            }
        }
    }
    Ok(ended(head))
}

fn begin(head: &Head, link: &Link) -> JsResult<bool> {
    link.head(head.clone()).map_err(gone)?;
    Ok(true)
}

fn gone(_: std::io::Error) -> boa_engine::JsError {
    type_error("the host is gone")
}

fn ended(head: Head) -> Answer {
    Answer { status: head.status, headers: head.headers, body: Bytes::new() }
}

impl Pieces {
    fn of(source: &JsObject, context: &mut Context) -> JsResult<Self> {
        let mut method = source.get(JsSymbol::async_iterator(), context)?;
        if !method.is_callable() {
            method = source.get(JsSymbol::iterator(), context)?;
        }
        let method = method.as_function().ok_or_else(|| type_error("the body is no stream"))?;
        let iterator = method.call(&source.clone().into(), &[], context)?;
        let next = match iterator.as_object() {
            Some(iterator) => iterator.get(js_string!("next"), context)?.as_function(),
            None => None,
        };
        let next = next.ok_or_else(|| type_error("the body is no stream"))?;
        Ok(Self { iterator, next })
    }

    fn next(&self, context: &mut Context) -> JsResult<Option<JsValue>> {
        let result = self.next.call(&self.iterator, &[], context)?;
        let result = settled(result, context)?.as_object();
        let result = result.ok_or_else(|| type_error("an iterator gave no object"))?;
        if result.get(js_string!("done"), context)?.to_boolean() {
            return Ok(None);
        }
        let value = result.get(js_string!("value"), context)?;
        settled(value, context).map(Some)
    }

    /// Tells the source that nobody wants the rest.
    fn end(&self, context: &mut Context) -> JsResult<()> {
        let Some(iterator) = self.iterator.as_object() else { return Ok(()) };
        if let Some(end) = iterator.get(js_string!("return"), context)?.as_function() {
            let ended = end.call(&self.iterator, &[], context)?;
            settled(ended, context)?;
        }
        Ok(())
    }
}
