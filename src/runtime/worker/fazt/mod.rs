//! `fazt.*` and `console`: what scripts may ask of the host.
//!
//! A call is a name, JSON arguments and contents beside them; so is the answer. The
//! node knows whose call it is by the connection, so nothing here says it. What a
//! script gives is read strictly, and refused by the names of method and argument.

mod auth;
mod data;
mod env;
mod inspect;
mod log;
mod private;
mod tx;
mod values;

use std::{cell::RefCell, collections::HashMap, rc::Rc, time::Instant};

use boa_engine::{
    Context, JsError, JsNativeError, JsObject, JsResult, JsValue, NativeFunction, js_string,
    object::ObjectInitializer, property::Attribute,
};
use bytes::Bytes;

use super::link::Link;
use crate::runtime::frames::{
    Answer, App, Bounds, Call, FromWorker, HostError, Load, Reply, Request, User,
};

/// Bytes of one call's arguments and contents: they have to fit into a frame.
const LONGEST: usize = 12 << 20;

/// What the host's functions find in the context.
struct Host {
    link: Rc<Link>,
    app: App,
    bounds: Bounds,
    now: RefCell<Current>,
}

/// The request that is being answered.
#[derive(Default)]
struct Current {
    user: Option<User>,
    /// Whether the visitor's browser navigates, and wants a page.
    wants_page: bool,
    /// How it ended before its handler did.
    ended: Option<Answer>,
    /// Lines that were logged.
    lines: u32,
    /// How deep `console.group` stands.
    depth: usize,
    counts: HashMap<String, u32>,
    times: HashMap<String, Instant>,
}

/// Puts `fazt` and `console` into a context.
pub(super) fn install(context: &mut Context, link: &Rc<Link>, load: &Load) -> JsResult<()> {
    context.insert_data(Host {
        link: link.clone(),
        app: load.app.clone(),
        bounds: load.bounds,
        now: RefCell::default(),
    });
    let app = &load.app;
    let shared = data::namespaces("", context);
    let user = data::namespaces("user.", context);
    let fazt_app = object(
        &[
            ("id", js_string!(app.id.as_str()).into()),
            ("name", js_string!(app.name.as_str()).into()),
            ("version", app.version.into()),
            ("domain", js_string!(app.domain.as_str()).into()),
            ("user", object(&user, context).into()),
        ],
        context,
    );
    for (name, value) in shared {
        fazt_app.set(js_string!(name), value, false, context)?;
    }
    method(&fazt_app, "tx", 1, tx::run, context)?;
    let log = log::fazt_log(context);
    let env = env::object(&load.env, context)?;
    let (auth, private) = (auth::object(context), private::object(context));
    let fazt = object(
        &[
            ("app", fazt_app.into()),
            ("env", env.into()),
            ("log", log.into()),
            ("auth", auth.into()),
            ("private", private.into()),
        ],
        context,
    );
    context.register_global_property(js_string!("fazt"), fazt, Attribute::all())?;
    let console = log::console(context);
    let hidden = Attribute::WRITABLE | Attribute::CONFIGURABLE;
    context.register_global_property(js_string!("console"), console, hidden)?;
    super::net::install(context)
}

/// The connection to the node.
pub(super) fn link(context: &Context) -> JsResult<Rc<Link>> {
    host(context).map(|host| host.link.clone())
}

/// Notes whose request is answered from now on.
pub(super) fn begin(request: &Request, context: &Context) {
    let Some(host) = context.get_data::<Host>() else { return };
    let header = |name: &str| {
        let found = request.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    *host.now.borrow_mut() = Current {
        user: request.user.clone(),
        wants_page: header("accept").contains("text/html"),
        ..Current::default()
    };
}

/// How the request was ended by `fazt` itself, if it was: whatever its handler made of
/// that, this is the answer.
pub(super) fn ended(context: &Context) -> Option<Answer> {
    context.get_data::<Host>()?.now.borrow_mut().ended.take()
}

/// Writes a line into the log of the request, as `console` does.
pub(super) fn tell(level: &str, text: String, context: &mut Context) {
    // A log that cannot be written stops nobody.
    let _ = log::line(level, text, String::new(), context);
}

fn host(context: &Context) -> JsResult<&Host> {
    let host = context.get_data::<Host>();
    host.ok_or_else(|| JsNativeError::error().with_message("there is no host").into())
}

/// Asks the host, and waits for its answer.
fn call(api: &str, arguments: String, bytes: Vec<Bytes>, context: &mut Context) -> JsResult<Reply> {
    let size = arguments.len() + bytes.iter().map(Bytes::len).sum::<usize>();
    if size > LONGEST {
        let what = format!("{api}: {size} bytes are given at once; at most {LONGEST} are taken");
        return Err(error(&HostError::new("TOO_LARGE", what), context));
    }
    let link = host(context)?.link.clone();
    let gone = |_: std::io::Error| JsNativeError::error().with_message("the host is gone");
    let call = Call { api: api.to_owned(), arguments, bytes };
    let reply = link.ask(&FromWorker::Call(call)).map_err(gone)?;
    reply.map_err(|refusal| error(&refusal, context))
}

/// A refusal as it is thrown: with its `code`, and whether trying again may help.
fn error(refusal: &HostError, context: &mut Context) -> JsError {
    let thrown = match refusal.code.as_str() {
        "VALIDATION_FAILED" => JsNativeError::typ(),
        _ => JsNativeError::error(),
    };
    let thrown = thrown.with_message(refusal.message.clone()).into_opaque(context);
    let code = js_string!(refusal.code.as_str());
    // A new object takes new properties.
    let _ = thrown.create_data_property(js_string!("code"), code, context);
    let _ = thrown.create_data_property(js_string!("retryable"), refusal.retryable, context);
    JsError::from_opaque(thrown.into())
}

/// What an argument cannot be.
fn wrong(what: impl Into<String>, context: &mut Context) -> JsError {
    error(&HostError::new("VALIDATION_FAILED", what), context)
}

fn object(properties: &[(&'static str, JsValue)], context: &mut Context) -> JsObject {
    let mut object = ObjectInitializer::new(context);
    for (name, value) in properties {
        object.property(js_string!(*name), value.clone(), Attribute::all());
    }
    object.build()
}

type Native = fn(&JsValue, &[JsValue], &mut Context) -> JsResult<JsValue>;

fn method(
    on: &JsObject,
    name: &'static str,
    length: usize,
    native: Native,
    context: &mut Context,
) -> JsResult<()> {
    let function = NativeFunction::from_fn_ptr(native);
    let function = boa_engine::object::FunctionObjectBuilder::new(context.realm(), function)
        .name(js_string!(name))
        .length(length)
        .build();
    on.set(js_string!(name), function, false, context).map(drop)
}
