//! `Blob` and `File`: bytes with a type, and perhaps a name.

use boa_engine::{
    Context, Finalize, JsData, JsObject, JsResult, JsValue, Trace, value::IntegerOrInfinity,
};
use bytes::Bytes;

use super::{
    class::{BARE, Class, Parent, of, type_error, with},
    stream,
    values::{
        argument, array_buffer, bytes, decoded, iterate, js, needed, option, promised, text,
        uint8_array,
    },
};

#[derive(Clone, Trace, Finalize, JsData)]
#[boa_gc(unsafe_no_drop)]
pub(super) struct Blob {
    #[unsafe_ignore_trace]
    pub(super) bytes: Bytes,
    #[unsafe_ignore_trace]
    pub(super) media: String,
    #[unsafe_ignore_trace]
    pub(super) file: Option<FileInfo>,
}

/// What a file has beyond a blob.
#[derive(Clone)]
pub(super) struct FileInfo {
    pub(super) name: String,
    modified: f64,
}

pub(super) static BLOB: Class = Class {
    name: "Blob",
    make: |new_target, arguments, context| {
        BLOB.asked_with_new(new_target)?;
        let blob = Blob::of(&argument(arguments, 0), &argument(arguments, 1), context)?;
        Ok(BLOB.construct(new_target, blob, context)?.upcast().into())
    },
    getters: &[
        ("size", |this, _, _| get(this, |blob| blob.bytes.len().into())),
        ("type", |this, _, _| get(this, |blob| js(&blob.media))),
    ],
    methods: &[
        ("slice", 0, slice),
        ("text", 0, |this, _, context| {
            let bytes = contents(this);
            let text = bytes.map(|bytes| decoded(&bytes).into());
            promised(text, context)
        }),
        ("arrayBuffer", 0, |this, _, context| {
            let made = contents(this).and_then(|bytes| array_buffer(&bytes, context));
            promised(made.map(Into::into), context)
        }),
        ("bytes", 0, |this, _, context| {
            let made = contents(this).and_then(|bytes| uint8_array(&bytes, context));
            promised(made.map(Into::into), context)
        }),
        ("stream", 0, |this, _, context| {
            let bytes = contents(this)?;
            Ok(stream::of_bytes(&bytes, context)?.upcast().into())
        }),
    ],
    ..BARE
};

pub(super) static FILE: Class = Class {
    name: "File",
    length: 2,
    parent: Parent::Class(&BLOB),
    make: make_file,
    getters: &[
        ("name", |this, _, _| get(this, |blob| js(blob.file.as_ref().map_or("", |f| &f.name)))),
        ("lastModified", |this, _, _| {
            get(this, |blob| blob.file.as_ref().map_or(0.0, |file| file.modified).into())
        }),
    ],
    ..BARE
};

fn get(this: &JsValue, read: impl FnOnce(&mut Blob) -> JsValue) -> JsResult<JsValue> {
    Ok(with(&BLOB.own::<Blob>(this)?, read))
}

fn contents(this: &JsValue) -> JsResult<Bytes> {
    Ok(with(&BLOB.own::<Blob>(this)?, |blob| blob.bytes.clone()))
}

/// A type that can stand in a header: printable, in small letters.
fn media(given: &str) -> String {
    let printable = given.bytes().all(|byte| (0x20..=0x7E).contains(&byte));
    if printable { given.to_ascii_lowercase() } else { String::new() }
}

impl Blob {
    /// A blob out of the parts and options of a constructor.
    fn of(parts: &JsValue, options: &JsValue, context: &mut Context) -> JsResult<Self> {
        let mut whole = Vec::new();
        if !parts.is_undefined() {
            let parts = parts.as_object().ok_or_else(|| type_error("the parts are no list"))?;
            iterate(&parts, context, |part, context| {
                if let Some(blob) = of::<Self>(&part) {
                    with(&blob, |blob| whole.extend_from_slice(&blob.bytes));
                } else if let Some(bytes) = bytes(&part, context)? {
                    whole.extend_from_slice(&bytes);
                } else {
                    whole.extend_from_slice(text(&part, context)?.as_bytes());
                }
                Ok(())
            })?;
        }
        let kind = option(options, "type", context)?;
        let kind = kind.map_or(Ok(String::new()), |kind| text(&kind, context))?;
        Ok(Self { bytes: whole.into(), media: media(&kind), file: None })
    }

    /// A blob of bytes that are there already.
    pub(super) fn whole(bytes: Bytes, kind: &str) -> Self {
        Self { bytes, media: media(kind), file: None }
    }

    /// The same as a file.
    pub(super) fn named(mut self, name: &str, context: &Context) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds fit for 285,000 years")]
        let modified = context.clock().system_time_millis() as f64;
        self.file = Some(FileInfo { name: name.to_owned(), modified });
        self
    }

    /// The object that scripts get.
    pub(super) fn object(self, context: &mut Context) -> JsObject {
        let class = if self.file.is_some() { &FILE } else { &BLOB };
        class.object(self, context).upcast()
    }
}

fn make_file(
    new_target: &JsValue,
    arguments: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    FILE.asked_with_new(new_target)?;
    let name = text(needed(arguments, 1)?, context)?;
    let options = argument(arguments, 2);
    let blob = Blob::of(&argument(arguments, 0), &options, context)?;
    let mut file = blob.named(&name, context);
    if let Some(modified) = option(&options, "lastModified", context)?
        && let Some(info) = &mut file.file
    {
        info.modified = modified.to_number(context)?.trunc();
    }
    Ok(FILE.construct(new_target, file, context)?.upcast().into())
}

fn slice(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let bytes = contents(this)?;
    let mut place = |at: usize, missing: usize| -> JsResult<usize> {
        let value = argument(arguments, at);
        if value.is_undefined() {
            return Ok(missing);
        }
        Ok(match value.to_integer_or_infinity(context)? {
            IntegerOrInfinity::NegativeInfinity => 0,
            IntegerOrInfinity::PositiveInfinity => bytes.len(),
            IntegerOrInfinity::Integer(n) if n < 0 => {
                let back = usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX);
                bytes.len().saturating_sub(back)
            }
            IntegerOrInfinity::Integer(n) => usize::try_from(n).unwrap_or(0).min(bytes.len()),
        })
    };
    let (from, until) = (place(0, 0)?, place(1, bytes.len())?);
    let kind = match argument(arguments, 2) {
        kind if kind.is_undefined() => String::new(),
        kind => text(&kind, context)?,
    };
    let part = bytes.slice(from..until.max(from));
    Ok(Blob::whole(part, &kind).object(context).into())
}

/// The bytes and the type of a blob; `None` for anything else.
pub(crate) fn bytes_of(value: &JsValue) -> Option<(Bytes, String)> {
    let blob = of::<Blob>(value)?;
    Some(with(&blob, |blob| (blob.bytes.clone(), blob.media.clone())))
}
