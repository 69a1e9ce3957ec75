//! `Response`: what a handler answers with, and what `fetch` brings.

use boa_engine::{Context, Finalize, JsData, JsObject, JsResult, JsValue, Trace};
use bytes::Bytes;

use super::{
    body::{self, Body, Content, Holder},
    class::{BARE, Class, range_error, type_error, with},
    headers::{HEADERS, Headers},
    values::{argument, js, needed, option, stringified, text},
};

#[derive(Trace, Finalize, JsData)]
#[boa_gc(unsafe_no_drop)]
pub(crate) struct Response {
    pub(crate) status: u16,
    #[unsafe_ignore_trace]
    status_text: String,
    #[unsafe_ignore_trace]
    url: String,
    redirected: bool,
    is_error: bool,
    pub(crate) headers: JsObject<Headers>,
    pub(crate) body: Body,
}

impl Holder for Response {
    fn class() -> &'static Class {
        &RESPONSE
    }

    fn body(&mut self) -> &mut Body {
        &mut self.body
    }

    fn headers(this: &JsObject<Self>, _: &mut Context) -> JsObject<Headers> {
        with(this, |response| response.headers.clone())
    }
}

pub(crate) static RESPONSE: Class = Class {
    name: "Response",
    make: |new_target, arguments, context| {
        RESPONSE.asked_with_new(new_target)?;
        let given = body::extract(&argument(arguments, 0), context)?;
        let response = Response::of(given, &argument(arguments, 1), context)?;
        Ok(RESPONSE.construct(new_target, response, context)?.upcast().into())
    },
    getters: &[
        ("type", |this, _, _| {
            get(this, |response| js(if response.is_error { "error" } else { "default" }))
        }),
        ("url", |this, _, _| get(this, |response| js(&response.url))),
        ("redirected", |this, _, _| get(this, |response| response.redirected.into())),
        ("status", |this, _, _| get(this, |response| response.status.into())),
        ("ok", |this, _, _| get(this, |response| (200..300).contains(&response.status).into())),
        ("statusText", |this, _, _| get(this, |response| js(&response.status_text))),
        ("headers", |this, _, _| get(this, |response| response.headers.clone().upcast().into())),
        ("body", body::streamed::<Response>),
        ("bodyUsed", body::used::<Response>),
    ],
    methods: &[
        ("text", 0, body::as_text::<Response>),
        ("json", 0, body::as_json::<Response>),
        ("bytes", 0, body::as_bytes::<Response>),
        ("arrayBuffer", 0, body::as_buffer::<Response>),
        ("blob", 0, body::as_blob::<Response>),
        ("formData", 0, body::as_form::<Response>),
        ("clone", 0, clone),
    ],
    statics: &[
        ("json", 1, json),
        ("redirect", 1, redirect),
        ("error", 0, |_, _, context| Ok(error(context))),
    ],
    ..BARE
};

fn get(this: &JsValue, read: impl FnOnce(&mut Response) -> JsValue) -> JsResult<JsValue> {
    Ok(with(&RESPONSE.own::<Response>(this)?, read))
}

impl Response {
    fn of(
        (content, media): (Content, Option<String>),
        options: &JsValue,
        context: &mut Context,
    ) -> JsResult<Self> {
        let status = match option(options, "status", context)? {
            Some(status) => status_of(&status, context)?,
            None => 200,
        };
        let status_text = match option(options, "statusText", context)? {
            Some(reason) => text(&reason, context)?,
            None => String::new(),
        };
        if !status_text.chars().all(|c| c == '\t' || (c >= ' ' && c != '\x7F')) {
            return Err(type_error("statusText has characters that cannot stand there"));
        }
        let headers = option(options, "headers", context)?.unwrap_or_default();
        let mut headers = Headers::of(&headers, context)?;
        if !matches!(content, Content::None) && matches!(status, 204 | 205 | 304) {
            return Err(type_error(format!("an answer with status {status} has no body")));
        }
        if let Some(media) = media {
            headers.add_missing("content-type", &media);
        }
        let headers = HEADERS.object(headers, context);
        Ok(Self { status_text, ..Self::plain(status, headers, content) })
    }

    fn plain(status: u16, headers: JsObject<Headers>, content: Content) -> Self {
        Self {
            status,
            status_text: String::new(),
            url: String::new(),
            redirected: false,
            is_error: false,
            headers,
            body: Body::of(content),
        }
    }
}

/// A status that an answer can have.
pub(crate) fn status_of(status: &JsValue, context: &mut Context) -> JsResult<u16> {
    let number = status.to_number(context)?;
    let whole = if number.is_finite() { number.trunc() } else { 0.0 };
    if !(200.0..600.0).contains(&whole) {
        let shown = text(status, context)?;
        return Err(range_error(format!("the status has to be from 200 to 599, not {shown}")));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    Ok(whole as u16)
}

/// A response that came from elsewhere: `fetch` makes one of what the node fetched.
pub(crate) fn fetched(
    status: u16,
    status_text: &str,
    headers: Vec<(String, String)>,
    body: Option<Bytes>,
    (url, redirected): (&str, bool),
    context: &mut Context,
) -> JsObject {
    let headers = HEADERS.object(Headers { list: headers, fixed: true }, context);
    let content = body.map_or(Content::None, Content::Bytes);
    let response = Response {
        status_text: status_text.to_owned(),
        url: url.to_owned(),
        redirected,
        ..Response::plain(status, headers, content)
    };
    RESPONSE.object(response, context).upcast()
}

fn clone(this: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let response = RESPONSE.own::<Response>(this)?;
    let content = body::copied(&response, context)?;
    let list = with(&response, |response| response.headers.clone());
    let list = with(&list, |headers| headers.clone());
    let headers = HEADERS.object(list, context);
    let copy = with(&response, |response| Response {
        status_text: response.status_text.clone(),
        url: response.url.clone(),
        redirected: response.redirected,
        is_error: response.is_error,
        ..Response::plain(response.status, headers, content)
    });
    Ok(RESPONSE.object(copy, context).upcast().into())
}

fn json(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let written = stringified(needed(arguments, 0)?, context)?;
    let written = written.ok_or_else(|| type_error("the value has no form in JSON"))?;
    let bytes = Bytes::from(written);
    let given = (Content::Bytes(bytes), Some("application/json".to_owned()));
    let response = Response::of(given, &argument(arguments, 1), context)?;
    Ok(RESPONSE.object(response, context).upcast().into())
}

fn redirect(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let target = text(needed(arguments, 0)?, context)?;
    let status = match argument(arguments, 1) {
        status if status.is_undefined() => 302,
        status => status.to_u32(context)?,
    };
    let status = [301, 302, 303, 307, 308].into_iter().find(|known| u32::from(*known) == status);
    let status =
        status.ok_or_else(|| range_error("a redirect has status 301, 302, 303, 307 or 308"))?;
    // An address without a host stays as it is: the visitor knows where it is.
    let location = match url::Url::parse(&target) {
        Ok(url) => url.into(),
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            super::headers::checked("location", &target)?
        }
        Err(error) => return Err(type_error(format!("Invalid URL: {target:?} ({error})"))),
    };
    let list = vec![("location".to_owned(), location)];
    let headers = HEADERS.object(Headers { list, fixed: false }, context);
    let response = Response::plain(status, headers, Content::None);
    Ok(RESPONSE.object(response, context).upcast().into())
}

fn error(context: &mut Context) -> JsValue {
    let headers = HEADERS.object(Headers { list: Vec::new(), fixed: true }, context);
    let response = Response { is_error: true, ..Response::plain(0, headers, Content::None) };
    RESPONSE.object(response, context).upcast().into()
}
