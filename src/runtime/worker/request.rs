//! A request as a handler sees it: a standard `Request` that knows more.
//!
//! Parts become values of the script when they are first touched. The body can be
//! read any number of times, and without waiting.

use std::rc::Rc;

use boa_engine::{
    Context, JsNativeError, JsObject, JsResult, JsString, JsValue, js_string,
    object::{ObjectInitializer, builtins::JsArray},
    property::Attribute,
};
use bytes::Bytes;

use super::web::{
    class::{BARE, Class, Parent, with},
    form, headers, request,
    request::{REQUEST, Request},
    values::{decoded, js, json, uint8_array},
};
use crate::runtime::frames;

/// What requests say of the app.
pub(super) struct Served {
    pub(super) name: String,
    pub(super) version: u32,
}

type Make = fn(&Visit, &mut Context) -> JsResult<JsValue>;

/// The request object and what came in.
struct Visit {
    object: JsObject<Request>,
    request: Rc<frames::Request>,
}

static INCOMING: Class = Class {
    name: "Request",
    parent: Parent::Class(&REQUEST),
    getters: &[
        ("id", |this, _, context| part(this, "id", |it, _| Ok(js(&it.request.id)), context)),
        ("path", |this, _, context| part(this, "path", |it, _| Ok(js(&it.request.path)), context)),
        ("ip", |this, _, context| part(this, "ip", |it, _| Ok(js(&it.request.ip)), context)),
        ("params", |this, _, context| {
            part(this, "params", |it, context| Ok(pairs(&it.request.params, context)), context)
        }),
        ("query", |this, _, context| {
            part(this, "query", |it, context| Ok(pairs(&it.request.query, context)), context)
        }),
        ("headers", |this, _, context| part(this, "headers", readable_headers, context)),
        ("user", |this, _, context| {
            part(this, "user", |it, context| Ok(user(it, context)), context)
        }),
        ("app", |this, _, context| part(this, "app", |_, context| Ok(app(context)), context)),
        ("body", |this, _, context| {
            part(this, "body", |it, context| Ok(body(it, context)), context)
        }),
        ("files", |this, _, context| part(this, "files", files, context)),
    ],
    // Middleware puts things in the place of others.
    setters: &[
        ("id", |this, arguments, _| put(this, "id", arguments)),
        ("path", |this, arguments, _| put(this, "path", arguments)),
        ("ip", |this, arguments, _| put(this, "ip", arguments)),
        ("params", |this, arguments, _| put(this, "params", arguments)),
        ("query", |this, arguments, _| put(this, "query", arguments)),
        ("headers", |this, arguments, _| put(this, "headers", arguments)),
        ("user", |this, arguments, _| put(this, "user", arguments)),
        ("app", |this, arguments, _| put(this, "app", arguments)),
        ("body", |this, arguments, _| put(this, "body", arguments)),
        ("files", |this, arguments, _| put(this, "files", arguments)),
    ],
    methods: &[
        ("text", 0, |this, _, context| {
            part(this, "text()", |it, _| Ok(decoded(&it.request.body).into()), context)
        }),
        ("json", 0, |this, _, context| {
            json(&visit(this)?.request.body, context).map_err(|error| {
                JsNativeError::syntax()
                    .with_message(format!("the body is no JSON: {}", message(&error)))
                    .into()
            })
        }),
        ("bytes", 0, |this, _, context| {
            Ok(uint8_array(&visit(this)?.request.body, context)?.into())
        }),
        ("toJSON", 0, plain),
    ],
    ..BARE
};

/// The object that a handler is called with.
pub(super) fn object(request: &Rc<frames::Request>, context: &mut Context) -> JsObject {
    let mut incoming = Request::incoming(request);
    incoming.body.kept = true;
    INCOMING.object(incoming, context).upcast()
}

/// A request of the standard and nothing more, as code written for Workers wants it.
pub(super) fn standard(request: &Rc<frames::Request>, context: &mut Context) -> JsObject {
    REQUEST.object(Request::incoming(request), context).upcast()
}

fn visit(this: &JsValue) -> JsResult<Visit> {
    let object = REQUEST.own::<Request>(this)?;
    let incoming = with(&object, |it| it.incoming.as_ref().map(|it| it.request.clone()));
    let request = incoming
        .ok_or_else(|| JsNativeError::typ().with_message("this is no request of a visitor"))?;
    Ok(Visit { object, request })
}

/// A property: as it is known, or made now.
fn part(
    this: &JsValue,
    name: &'static str,
    make: Make,
    context: &mut Context,
) -> JsResult<JsValue> {
    let visit = visit(this)?;
    let known = with(&visit.object, |request| {
        let known = request.incoming.as_ref().map(|incoming| &incoming.known);
        known?.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let value = make(&visit, context)?;
    remember(&visit.object, name, value.clone());
    Ok(value)
}

fn put(this: &JsValue, name: &'static str, arguments: &[JsValue]) -> JsResult<JsValue> {
    let value = arguments.first().cloned().unwrap_or_default();
    remember(&visit(this)?.object, name, value);
    Ok(JsValue::undefined())
}

fn remember(object: &JsObject<Request>, name: &'static str, value: JsValue) {
    with(object, |request| {
        if let Some(incoming) = &mut request.incoming {
            incoming.known.retain(|(known, _)| *known != name);
            incoming.known.push((name, value));
        }
    });
}

/// Named values; of a name that comes twice the last counts.
fn pairs(pairs: &[(String, String)], context: &mut Context) -> JsValue {
    let mut object = ObjectInitializer::new(context);
    for (name, value) in pairs {
        object.property(JsString::from(name.as_str()), js(value), Attribute::all());
    }
    object.build().into()
}

/// Standard headers that can be read as plain properties, too.
fn readable_headers(visit: &Visit, context: &mut Context) -> JsResult<JsValue> {
    /// Names that the methods of `Headers` keep.
    const KEPT: &[&str] = &[
        "__proto__",
        "append",
        "constructor",
        "delete",
        "entries",
        "get",
        "has",
        "keys",
        "set",
        "values",
    ];
    let headers = request::headers(&visit.object, context);
    let sorted = with(&headers, |headers: &mut headers::Headers| headers.sorted());
    let headers = headers.upcast();
    for (name, value) in sorted {
        if !KEPT.contains(&name.as_str()) {
            headers.create_data_property_or_throw(
                JsString::from(name.as_str()),
                js(&value),
                context,
            )?;
        }
    }
    Ok(headers.into())
}

fn user(visit: &Visit, context: &mut Context) -> JsValue {
    let Some(user) = &visit.request.user else { return JsValue::null() };
    let roles: Vec<_> = user.roles.iter().map(|role| js(role)).collect();
    let roles = JsArray::from_iter(roles, context);
    let email = user.email.as_deref().map_or(JsValue::null(), js);
    ObjectInitializer::new(context)
        .property(js_string!("id"), js(&user.id), Attribute::all())
        .property(js_string!("name"), js(&user.name), Attribute::all())
        .property(js_string!("email"), email, Attribute::all())
        .property(js_string!("roles"), roles, Attribute::all())
        .build()
        .into()
}

fn app(context: &mut Context) -> JsValue {
    let served = context.get_data::<Served>();
    let (name, version) = served.map_or((js(""), 0), |it| (js(&it.name), it.version));
    ObjectInitializer::new(context)
        .property(js_string!("name"), name, Attribute::all())
        .property(js_string!("version"), version, Attribute::all())
        .build()
        .into()
}

fn content_type(request: &frames::Request) -> &str {
    let found = request.headers.iter().find(|(name, _)| name == "content-type");
    found.map_or("", |(_, value)| value.as_str())
}

/// The parts of a form; `None` where the body is none, or is broken.
fn form_of(request: &frames::Request) -> Option<Vec<form::Part>> {
    form::parts(content_type(request), &request.body)?.ok()
}

/// The body by its content type.
fn body(visit: &Visit, context: &mut Context) -> JsValue {
    let request = &visit.request;
    if request.body.is_empty() {
        return JsValue::undefined();
    }
    if let Some(parts) = form_of(request) {
        let fields = parts.into_iter().filter(|part| part.filename.is_none());
        let fields: Vec<_> = fields.map(|part| (part.name, lossy(&part.data))).collect();
        return pairs(&fields, context);
    }
    let text = decoded(&request.body);
    let media = content_type(request).split(';').next().unwrap_or_default();
    let media = media.trim().to_ascii_lowercase();
    if media == "application/json" || media.ends_with("+json") {
        // A body that is no JSON is for the handler to refuse.
        return json(&request.body, context).unwrap_or_else(|_| text.into());
    }
    text.into()
}

fn lossy(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The files of a form.
fn files(visit: &Visit, context: &mut Context) -> JsResult<JsValue> {
    let mut files = Vec::new();
    for part in form_of(&visit.request).into_iter().flatten() {
        let Some(filename) = &part.filename else { continue };
        let media = part.media.as_deref().unwrap_or("application/octet-stream");
        let data = uint8_array(&part.data, context)?;
        let file = ObjectInitializer::new(context)
            .property(js_string!("name"), js(&part.name), Attribute::all())
            .property(js_string!("filename"), js(filename), Attribute::all())
            .property(js_string!("type"), js(media), Attribute::all())
            .property(js_string!("size"), part.data.len(), Attribute::all())
            .property(js_string!("data"), data, Attribute::all())
            .build();
        files.push(JsValue::from(file));
    }
    Ok(JsArray::from_iter(files, context).into())
}

/// What `JSON.stringify` shows of a request.
fn plain(this: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let object = visit(this)?.object.upcast();
    let names =
        ["id", "method", "url", "path", "params", "query", "headers", "body", "user", "ip", "app"];
    let mut shown = Vec::with_capacity(names.len());
    for name in names {
        shown.push((name, object.get(JsString::from(name), context)?));
    }
    let mut plain = ObjectInitializer::new(context);
    for (name, value) in shown {
        plain.property(JsString::from(name), value, Attribute::all());
    }
    Ok(plain.build().into())
}

fn message(error: &boa_engine::JsError) -> String {
    error.as_native().map_or_else(|| error.to_string(), |native| native.message().to_owned())
}
