//! `Request`: what is asked, by a visitor or by `fetch`.
//!
//! What a handler gets beyond the standard is in `worker/request.rs`.

use std::rc::Rc;

use boa_engine::{Context, Finalize, JsData, JsObject, JsResult, JsString, JsValue, Trace};

use super::{
    abort,
    body::{self, Body, Content, Holder},
    class::{BARE, Class, of, type_error, with},
    event::Target,
    headers::{HEADERS, Headers},
    values::{argument, js, needed, option, text},
};
use crate::runtime::frames;

#[derive(Trace, Finalize, JsData)]
#[boa_gc(unsafe_no_drop)]
pub(crate) struct Request {
    pub(crate) method: JsString,
    pub(crate) url: JsString,
    #[unsafe_ignore_trace]
    redirect: String,
    headers: Option<JsObject<Headers>>,
    signal: Option<JsObject<Target>>,
    pub(crate) body: Body,
    pub(crate) incoming: Option<Incoming>,
}

/// A visitor's request; its parts become values when they are first touched.
#[derive(Trace, Finalize)]
#[boa_gc(unsafe_no_drop)]
pub(crate) struct Incoming {
    #[unsafe_ignore_trace]
    pub(crate) request: Rc<frames::Request>,
    /// What a handler read or put there, by property.
    pub(crate) known: Vec<(&'static str, JsValue)>,
}

impl Holder for Request {
    fn class() -> &'static Class {
        &REQUEST
    }

    fn body(&mut self) -> &mut Body {
        &mut self.body
    }

    fn headers(this: &JsObject<Self>, context: &mut Context) -> JsObject<Headers> {
        headers(this, context)
    }
}

pub(crate) static REQUEST: Class = Class {
    name: "Request",
    length: 1,
    make: |new_target, arguments, context| {
        REQUEST.asked_with_new(new_target)?;
        let request = of_arguments(arguments, context)?;
        Ok(REQUEST.construct(new_target, request, context)?.upcast().into())
    },
    getters: &[
        ("method", |this, _, _| get(this, |request| request.method.clone().into())),
        ("url", |this, _, _| get(this, |request| request.url.clone().into())),
        ("headers", |this, _, context| {
            Ok(headers(&REQUEST.own::<Request>(this)?, context).upcast().into())
        }),
        ("redirect", |this, _, _| get(this, |request| js(&request.redirect))),
        ("signal", signal),
        ("body", body::streamed::<Request>),
        ("bodyUsed", body::used::<Request>),
        ("mode", |_, _, _| Ok(js("cors"))),
        ("credentials", |_, _, _| Ok(js("same-origin"))),
        ("cache", |_, _, _| Ok(js("default"))),
        ("referrer", |_, _, _| Ok(js("about:client"))),
        ("referrerPolicy", |_, _, _| Ok(js(""))),
        ("integrity", |_, _, _| Ok(js(""))),
        ("keepalive", |_, _, _| Ok(false.into())),
        ("duplex", |_, _, _| Ok(js("half"))),
        ("destination", |_, _, _| Ok(js(""))),
    ],
    methods: &[
        ("text", 0, body::as_text::<Request>),
        ("json", 0, body::as_json::<Request>),
        ("bytes", 0, body::as_bytes::<Request>),
        ("arrayBuffer", 0, body::as_buffer::<Request>),
        ("blob", 0, body::as_blob::<Request>),
        ("formData", 0, body::as_form::<Request>),
        ("clone", 0, |this, _, context| {
            let request = REQUEST.own::<Request>(this)?;
            let content = body::copied(&request, context)?;
            let copy = copy(&request, content, context);
            Ok(REQUEST.object(copy, context).upcast().into())
        }),
    ],
    ..BARE
};

fn get(this: &JsValue, read: impl FnOnce(&mut Request) -> JsValue) -> JsResult<JsValue> {
    Ok(with(&REQUEST.own::<Request>(this)?, read))
}

impl Request {
    /// A visitor's request.
    pub(crate) fn incoming(request: &Rc<frames::Request>) -> Self {
        let content = match request.method.as_str() {
            "GET" | "HEAD" if request.body.is_empty() => Content::None,
            _ => Content::Bytes(request.body.clone()),
        };
        Self {
            method: JsString::from(request.method.as_str()),
            url: JsString::from(request.url.as_str()),
            redirect: "follow".to_owned(),
            headers: None,
            signal: None,
            body: Body::of(content),
            incoming: Some(Incoming { request: request.clone(), known: Vec::new() }),
        }
    }
}

/// The headers, made when they are first asked for.
pub(crate) fn headers(request: &JsObject<Request>, context: &mut Context) -> JsObject<Headers> {
    let (known, incoming) = with(request, |request| {
        let incoming = request.incoming.as_ref().map(|incoming| incoming.request.clone());
        (request.headers.clone(), incoming)
    });
    if let Some(known) = known {
        return known;
    }
    let list = incoming.map(|incoming| incoming.headers.clone()).unwrap_or_default();
    let headers = HEADERS.object(Headers { list, fixed: true }, context);
    with(request, |request| request.headers = Some(headers.clone()));
    headers
}

fn signal(this: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let request = REQUEST.own::<Request>(this)?;
    let known = with(&request, |request| request.signal.clone());
    let signal = known.unwrap_or_else(|| abort::signal(context));
    with(&request, |request| request.signal = Some(signal.clone()));
    Ok(signal.upcast().into())
}

/// A request like another, with headers of its own.
fn copy(request: &JsObject<Request>, content: Content, context: &mut Context) -> Request {
    let known = headers(request, context);
    let list = with(&known, |headers| headers.list.clone());
    let headers = HEADERS.object(Headers { list, fixed: false }, context);
    with(request, |request| Request {
        method: request.method.clone(),
        url: request.url.clone(),
        redirect: request.redirect.clone(),
        headers: Some(headers),
        signal: request.signal.clone(),
        body: Body::of(content),
        incoming: None,
    })
}

/// Makes a request of what `new Request` and `fetch` take.
pub(crate) fn of_arguments(arguments: &[JsValue], context: &mut Context) -> JsResult<Request> {
    let given = needed(arguments, 0)?;
    let options = argument(arguments, 1);
    let body = match option(&options, "body", context)? {
        Some(body) if !body.is_null() => Some(body::extract(&body, context)?),
        _ => None,
    };
    let mut request = match of::<Request>(given) {
        Some(other) => {
            // The body moves on to the new request, unless that has its own.
            let content = match &body {
                Some(_) => Content::None,
                None => with(&other, |other| other.body.take())?,
            };
            copy(&other, content, context)
        }
        None => plain(given, context)?,
    };
    if let Some(method) = option(&options, "method", context)? {
        request.method = JsString::from(method_of(&text(&method, context)?)?.as_str());
    }
    if let Some(given) = option(&options, "headers", context)? {
        request.headers = Some(HEADERS.object(Headers::of(&given, context)?, context));
    }
    if let Some(redirect) = option(&options, "redirect", context)? {
        let redirect = text(&redirect, context)?;
        if !["follow", "error", "manual"].contains(&redirect.as_str()) {
            return Err(type_error(format!("redirect cannot be {redirect:?}")));
        }
        request.redirect = redirect;
    }
    if let Some(given) = option(&options, "signal", context)?
        && !given.is_null()
    {
        let signal = abort::of_value(&given);
        request.signal = Some(signal.ok_or_else(|| type_error("signal has to be an AbortSignal"))?);
    }
    if let Some((content, media)) = body {
        request.body = Body::of(content);
        if let (Some(media), Some(headers)) = (media, &request.headers) {
            with(headers, |headers| headers.add_missing("content-type", &media));
        }
    }
    let bare = ["GET", "HEAD"].iter().any(|method| request.method == **method);
    if bare && !matches!(request.body.content, Content::None) {
        return Err(type_error("a request with GET or HEAD has no body"));
    }
    Ok(request)
}

fn plain(address: &JsValue, context: &mut Context) -> JsResult<Request> {
    let address = text(address, context)?;
    let url = url::Url::parse(&address)
        .map_err(|error| type_error(format!("Invalid URL: {address:?} ({error})")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(type_error("the address of a request cannot hold a password"));
    }
    let headers = HEADERS.object(Headers::default(), context);
    Ok(Request {
        method: JsString::from("GET"),
        url: JsString::from(url.as_str()),
        redirect: "follow".to_owned(),
        headers: Some(headers),
        signal: None,
        body: Body::default(),
        incoming: None,
    })
}

/// A method's name as it is sent; the usual ones are known in small letters, too.
fn method_of(given: &str) -> JsResult<String> {
    super::headers::name(given)
        .map_err(|_| type_error(format!("{given:?} is no method of a request")))?;
    let upper = given.to_ascii_uppercase();
    if ["CONNECT", "TRACE", "TRACK"].contains(&upper.as_str()) {
        return Err(type_error(format!("a request cannot have the method {upper}")));
    }
    let usual = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
    Ok(if usual.contains(&upper.as_str()) { upper } else { given.to_owned() })
}
