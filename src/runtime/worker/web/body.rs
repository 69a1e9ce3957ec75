//! The body of a `Request` or a `Response`: what it is made of, and the ways to
//! read it.

use boa_engine::{
    Context, Finalize, JsObject, JsResult, JsSymbol, JsValue, Trace, object::NativeObject,
};
use bytes::Bytes;

use super::{
    blob::Blob,
    class::{Class, of, type_error, with},
    form::{self, Form},
    headers::Headers,
    params::{self, Params},
    reader,
    stream::{self, Stream},
    tee,
    values::{array_buffer, bytes, decoded, json, promised, text, uint8_array},
};

/// A body, and whether it has been read.
#[derive(Default, Trace, Finalize)]
#[boa_gc(unsafe_no_drop)]
pub(crate) struct Body {
    pub(crate) content: Content,
    pub(crate) used: bool,
    /// Whether it can be read any number of times.
    pub(crate) kept: bool,
}

/// What a body is made of.
#[derive(Clone, Default, Trace, Finalize)]
#[boa_gc(unsafe_no_drop)]
pub(crate) enum Content {
    #[default]
    None,
    Bytes(#[unsafe_ignore_trace] Bytes),
    Stream(JsObject<Stream>),
}

/// What somebody wants a body as; a blob and a form need the content type.
#[derive(Clone)]
pub(super) enum Wanted {
    Text,
    Json,
    Bytes,
    Buffer,
    Blob(String),
    Form(String),
}

/// What has a body.
pub(crate) trait Holder: NativeObject + Sized {
    /// The class whose methods these are.
    fn class() -> &'static Class;
    /// The body.
    fn body(&mut self) -> &mut Body;
    /// The headers, once there are any.
    fn headers(this: &JsObject<Self>, context: &mut Context) -> JsObject<Headers>;
}

/// A body out of what a script gives, and the content type that goes with it.
pub(crate) fn extract(
    value: &JsValue,
    context: &mut Context,
) -> JsResult<(Content, Option<String>)> {
    if value.is_null_or_undefined() {
        return Ok((Content::None, None));
    }
    let whole =
        |bytes: Bytes, media: Option<&str>| Ok((Content::Bytes(bytes), media.map(str::to_owned)));
    if let Some(text) = value.as_string() {
        let text = text.to_std_string_lossy();
        return whole(text.into_bytes().into(), Some("text/plain;charset=UTF-8"));
    }
    if let Some(params) = of::<Params>(value) {
        let text = with(&params, |params| params::written(&params.list));
        let media = "application/x-www-form-urlencoded;charset=UTF-8";
        return whole(text.into_bytes().into(), Some(media));
    }
    if let Some(blob) = of::<Blob>(value) {
        let blob = with(&blob, |blob| blob.clone());
        let media = Some(blob.media.as_str()).filter(|media| !media.is_empty());
        return whole(blob.bytes, media);
    }
    if let Some(form) = of::<Form>(value) {
        let (bytes, media) = form::encoded(&form, context)?;
        return whole(bytes, Some(&media));
    }
    if let Some(bytes) = bytes(value, context)? {
        return whole(bytes.into(), None);
    }
    if let Some(stream) = of::<Stream>(value) {
        if stream::is_locked(&stream) || with(&stream, |stream| stream.disturbed) {
            return Err(type_error("the stream has been read or is locked"));
        }
        return Ok((Content::Stream(stream), None));
    }
    if let Some(object) = value.as_object() {
        let walk = object.get(JsSymbol::async_iterator(), context)?;
        if walk.is_callable() {
            return Ok((Content::Stream(tee::from(&object, context)?), None));
        }
    }
    let text = text(value, context)?;
    whole(text.into_bytes().into(), Some("text/plain;charset=UTF-8"))
}

/// Whether a value is the fields of a form, as data or as a query.
pub(crate) fn is_form(value: &JsValue) -> bool {
    of::<Params>(value).is_some() || of::<Form>(value).is_some()
}

impl Body {
    /// A body that nobody has read.
    pub(crate) fn of(content: Content) -> Self {
        Self { content, ..Self::default() }
    }

    pub(crate) fn is_used(&self) -> bool {
        self.used
            || matches!(&self.content, Content::Stream(stream)
                if with(stream, |stream| stream.disturbed))
    }

    fn is_locked(&self) -> bool {
        matches!(&self.content, Content::Stream(stream) if stream::is_locked(stream))
    }

    /// Takes the content for reading, which can be done once.
    pub(crate) fn take(&mut self) -> JsResult<Content> {
        if self.is_used() {
            return Err(type_error("the body has been read already: `clone()` it before"));
        }
        if self.is_locked() {
            return Err(type_error("the body is locked by a reader"));
        }
        self.used = !self.kept && !matches!(self.content, Content::None);
        Ok(self.content.clone())
    }
}

/// Whether the body has been read.
pub(super) fn used<T: Holder>(this: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    Ok(with(&T::class().own::<T>(this)?, |holder| holder.body().is_used()).into())
}

/// The body as a stream; made when it is first asked for.
pub(super) fn streamed<T: Holder>(
    this: &JsValue,
    _: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    let holder = T::class().own::<T>(this)?;
    let (content, used) = with(&holder, |holder| {
        let body = holder.body();
        (body.content.clone(), body.used)
    });
    Ok(match content {
        Content::None => JsValue::null(),
        Content::Stream(stream) => stream.upcast().into(),
        Content::Bytes(bytes) => {
            // What has been read leaves an empty stream behind.
            let stream = stream::of_bytes(if used { &[] } else { &bytes }, context)?;
            with(&stream, |stream| stream.disturbed = used);
            with(&holder, |holder| holder.body().content = Content::Stream(stream.clone()));
            stream.upcast().into()
        }
    })
}

/// The content of a copy; a stream is shared out among both.
pub(super) fn copied<T: Holder>(holder: &JsObject<T>, context: &mut Context) -> JsResult<Content> {
    let (content, gone) = with(holder, |holder| {
        let body = holder.body();
        (body.content.clone(), body.is_used() || body.is_locked())
    });
    if gone {
        return Err(type_error("a body that has been read or is locked cannot be cloned"));
    }
    let Content::Stream(stream) = content else { return Ok(content) };
    let halves = tee::tee(&stream, context)?;
    let halves = halves.as_object().ok_or_else(|| type_error("a stream has two halves"))?;
    let half = |at: u32, context: &mut Context| -> JsResult<Content> {
        stream::own(&halves.get(at, context)?).map(Content::Stream)
    };
    let (kept, copy) = (half(0, context)?, half(1, context)?);
    with(holder, |holder| holder.body().content = kept);
    Ok(copy)
}

fn read<T: Holder>(this: &JsValue, wanted: &Wanted, context: &mut Context) -> JsResult<JsValue> {
    let taken = T::class().own::<T>(this).and_then(|holder| {
        let content = with(&holder, |holder| holder.body().take())?;
        let wanted = match wanted {
            Wanted::Blob(_) => Wanted::Blob(media(&holder, context)),
            Wanted::Form(_) => Wanted::Form(media(&holder, context)),
            other => other.clone(),
        };
        Ok((content, wanted))
    });
    let made = taken.and_then(|(content, wanted)| match content {
        Content::None => finish(&wanted, Bytes::new(), context),
        Content::Bytes(bytes) => finish(&wanted, bytes, context),
        Content::Stream(stream) => reader::gather(&stream, wanted, context).map(JsValue::from),
    });
    promised(made, context)
}

fn media<T: Holder>(holder: &JsObject<T>, context: &mut Context) -> String {
    let headers = T::headers(holder, context);
    with(&headers, |headers| headers.get("content-type")).unwrap_or_default()
}

/// Makes of a body what is wanted.
pub(super) fn finish(wanted: &Wanted, body: Bytes, context: &mut Context) -> JsResult<JsValue> {
    Ok(match wanted {
        Wanted::Text => decoded(&body).into(),
        Wanted::Json => json(&body, context)?,
        Wanted::Bytes => uint8_array(&body, context)?.into(),
        Wanted::Buffer => array_buffer(&body, context)?.into(),
        Wanted::Blob(media) => Blob::whole(body, media).object(context).into(),
        Wanted::Form(media) => match form::parts(media, &body) {
            Some(Ok(parts)) => form::of_parts(parts, context).into(),
            Some(Err(reason)) => {
                return Err(type_error(format!("the body is no form: {reason}")));
            }
            None => {
                return Err(type_error(format!("a body of type {media:?} is no form")));
            }
        },
    })
}

pub(super) fn as_text<T: Holder>(
    this: &JsValue,
    _: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    read::<T>(this, &Wanted::Text, context)
}

pub(super) fn as_json<T: Holder>(
    this: &JsValue,
    _: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    read::<T>(this, &Wanted::Json, context)
}

pub(super) fn as_bytes<T: Holder>(
    this: &JsValue,
    _: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    read::<T>(this, &Wanted::Bytes, context)
}

pub(super) fn as_buffer<T: Holder>(
    this: &JsValue,
    _: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    read::<T>(this, &Wanted::Buffer, context)
}

pub(super) fn as_blob<T: Holder>(
    this: &JsValue,
    _: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    read::<T>(this, &Wanted::Blob(String::new()), context)
}

pub(super) fn as_form<T: Holder>(
    this: &JsValue,
    _: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    read::<T>(this, &Wanted::Form(String::new()), context)
}
