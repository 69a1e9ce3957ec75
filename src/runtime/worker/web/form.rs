//! `FormData`: the fields of a form, texts and files, and how a form travels.

use boa_engine::{
    Context, Finalize, JsData, JsObject, JsResult, JsValue, Trace, object::builtins::JsArray,
};
use bytes::Bytes;
use futures_util::{FutureExt as _, stream};

use super::{
    blob::Blob,
    class::{BARE, Class, of, type_error, with},
    crypto,
    values::{argument, for_each, iterator, js, needed, pair_iterator, text},
};

#[derive(Default, Trace, Finalize, JsData)]
#[boa_gc(unsafe_no_drop)]
pub(super) struct Form {
    #[unsafe_ignore_trace]
    names: Vec<String>,
    /// A string or a `File` for each name.
    values: Vec<JsValue>,
}

pub(super) static FORM: Class = Class {
    name: "FormData",
    make: |new_target, arguments, context| {
        FORM.asked_with_new(new_target)?;
        if !argument(arguments, 0).is_undefined() {
            return Err(type_error("there is no form to read: FormData takes no arguments"));
        }
        Ok(FORM.construct(new_target, Form::default(), context)?.upcast().into())
    },
    methods: &[
        ("append", 2, |this, arguments, context| {
            let form = own(this)?;
            let (name, value) = field(arguments, context)?;
            with(&form, |form| form.push(name, value));
            Ok(JsValue::undefined())
        }),
        ("set", 2, |this, arguments, context| {
            let form = own(this)?;
            let (name, value) = field(arguments, context)?;
            with(&form, |form| {
                let first = form.names.iter().position(|known| *known == name);
                let Some(first) = first else { return form.push(name, value) };
                form.values[first] = value;
                form.forget(&name, first + 1);
            });
            Ok(JsValue::undefined())
        }),
        ("delete", 1, |this, arguments, context| {
            let name = text(needed(arguments, 0)?, context)?;
            with(&own(this)?, |form| form.forget(&name, 0));
            Ok(JsValue::undefined())
        }),
        ("get", 1, |this, arguments, context| {
            let name = text(needed(arguments, 0)?, context)?;
            let found = with(&own(this)?, |form| form.all(&name).first().cloned());
            Ok(found.unwrap_or(JsValue::null()))
        }),
        ("getAll", 1, |this, arguments, context| {
            let name = text(needed(arguments, 0)?, context)?;
            let found = with(&own(this)?, |form| form.all(&name));
            Ok(JsArray::from_iter(found, context).into())
        }),
        ("has", 1, |this, arguments, context| {
            let name = text(needed(arguments, 0)?, context)?;
            Ok(with(&own(this)?, |form| form.names.contains(&name)).into())
        }),
        ("forEach", 1, |this, arguments, context| {
            for_each(this, fields(this)?, arguments, context)
        }),
        ("entries", 0, entries),
        ("keys", 0, |this, _, context| {
            iterator(fields(this)?.into_iter().map(|(name, _)| name).collect(), context)
        }),
        ("values", 0, |this, _, context| {
            iterator(fields(this)?.into_iter().map(|(_, value)| value).collect(), context)
        }),
    ],
    iterated: Some(entries),
    ..BARE
};

impl Form {
    fn push(&mut self, name: String, value: JsValue) {
        self.names.push(name);
        self.values.push(value);
    }

    fn all(&self, name: &str) -> Vec<JsValue> {
        let pairs = self.names.iter().zip(&self.values);
        pairs.filter(|(known, _)| *known == name).map(|(_, value)| value.clone()).collect()
    }

    /// Drops the fields of a name from a place on.
    fn forget(&mut self, name: &str, from: usize) {
        let gone = |at: usize, known: &str| at >= from && known == name;
        let keep =
            self.names.iter().enumerate().map(|(at, known)| !gone(at, known)).collect::<Vec<_>>();
        let mut kept = keep.iter();
        self.values.retain(|_| kept.next().copied().unwrap_or(true));
        let mut kept = keep.iter();
        self.names.retain(|_| kept.next().copied().unwrap_or(true));
    }
}

fn own(this: &JsValue) -> JsResult<JsObject<Form>> {
    FORM.own(this)
}

/// The name and the value that a script gives, a blob turned into a file.
fn field(arguments: &[JsValue], context: &mut Context) -> JsResult<(String, JsValue)> {
    let name = text(needed(arguments, 0)?, context)?;
    let given = needed(arguments, 1)?;
    let Some(blob) = of::<Blob>(given) else {
        return Ok((name, js(&text(given, context)?)));
    };
    let blob = with(&blob, |blob| blob.clone());
    let file = match argument(arguments, 2) {
        title if !title.is_undefined() => {
            let title = text(&title, context)?;
            blob.named(&title, context)
        }
        _ if blob.file.is_some() => return Ok((name, given.clone())),
        _ => blob.named("blob", context),
    };
    Ok((name, file.object(context).into()))
}

fn fields(this: &JsValue) -> JsResult<Vec<(JsValue, JsValue)>> {
    Ok(with(&own(this)?, |form| {
        form.names.iter().map(|name| js(name)).zip(form.values.iter().cloned()).collect()
    }))
}

fn entries(this: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    pair_iterator(fields(this)?, context)
}

/// A part of a form that came in.
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) filename: Option<String>,
    pub(crate) media: Option<String>,
    pub(crate) data: Bytes,
}

/// The parts of a form by its content type: of a multipart or an encoded one.
/// `None` for any other type.
pub(crate) fn parts(media: &str, body: &Bytes) -> Option<Result<Vec<Part>, String>> {
    let kind = media.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let fields = form_urlencoded(body).into_iter();
        let plain = fields.map(|(name, value)| Part {
            name,
            filename: None,
            media: None,
            data: value.into(),
        });
        return Some(Ok(plain.collect()));
    }
    if !kind.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    Some(multipart(media, body))
}

/// Fields of an encoded form.
pub(crate) fn form_urlencoded(body: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(body).into_owned().collect()
}

fn multipart(media: &str, body: &Bytes) -> Result<Vec<Part>, String> {
    let boundary = multer::parse_boundary(media).map_err(|error| error.to_string())?;
    let whole = stream::iter([Ok::<_, std::convert::Infallible>(body.clone())]);
    let mut reader = multer::Multipart::new(whole, boundary);
    let read = async {
        let mut parts = Vec::new();
        while let Some(field) = reader.next_field().await? {
            parts.push(Part {
                name: field.name().unwrap_or_default().to_owned(),
                filename: field.file_name().map(str::to_owned),
                media: field.content_type().map(ToString::to_string),
                data: field.bytes().await?,
            });
        }
        Ok(parts)
    };
    // All of the body is there, so that nothing has to be waited for.
    let read: Option<Result<_, multer::Error>> = read.now_or_never();
    read.unwrap_or(Ok(Vec::new())).map_err(|error| error.to_string())
}

/// A form out of what came in.
pub(super) fn of_parts(parts: Vec<Part>, context: &mut Context) -> JsObject {
    let mut form = Form::default();
    for part in parts {
        let value = match part.filename {
            Some(title) => {
                let media = part.media.as_deref().unwrap_or("application/octet-stream");
                Blob::whole(part.data, media).named(&title, context).object(context).into()
            }
            None => js(&String::from_utf8_lossy(&part.data)),
        };
        form.push(part.name, value);
    }
    FORM.object(form, context).upcast()
}

/// A form as a body: its bytes and its content type.
pub(super) fn encoded(form: &JsObject<Form>, context: &mut Context) -> JsResult<(Bytes, String)> {
    let (names, values) = with(form, |form| (form.names.clone(), form.values.clone()));
    let boundary = format!("----fazt{}", crypto::hex(16)?);
    let mut body = Vec::new();
    let escaped =
        |name: &str| name.replace("\r\n", "\n").replace(['\r', '\n'], "%0D%0A").replace('"', "%22");
    for (name, value) in names.iter().zip(values) {
        let name = escaped(name);
        body.extend_from_slice(
            format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"").as_bytes(),
        );
        if let Some(blob) = of::<Blob>(&value) {
            let blob = with(&blob, |blob| blob.clone());
            let title = escaped(blob.file.as_ref().map_or("blob", |file| &file.name));
            let media =
                if blob.media.is_empty() { "application/octet-stream" } else { &blob.media };
            body.extend_from_slice(
                format!("; filename=\"{title}\"\r\ncontent-type: {media}\r\n\r\n").as_bytes(),
            );
            body.extend_from_slice(&blob.bytes);
        } else {
            body.extend_from_slice(b"\r\n\r\n");
            body.extend_from_slice(text(&value, context)?.as_bytes());
        }
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok((body.into(), format!("multipart/form-data; boundary={boundary}")))
}
