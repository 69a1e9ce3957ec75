//! `fazt.*` and `console`: what scripts may ask of the host.
//!
//! A call is a name and JSON arguments; the answer is JSON, too. The node knows
//! whose call it is by the connection, so nothing here says it.

use std::rc::Rc;

use boa_engine::{
    Context, JsNativeError, JsObject, JsResult, JsString, JsValue, NativeFunction, js_string,
    object::ObjectInitializer, property::Attribute,
};
use serde_json::Value;

use super::link::Link;
use crate::runtime::frames::{App, Call, FromWorker, Line};

/// Lines that one request may log.
const LINES: u32 = 100;
/// Longest line.
const LINE: usize = 8 << 10;

/// What the host's functions find in the context.
pub(super) struct Host {
    pub(super) link: Rc<Link>,
    pub(super) lines: std::cell::Cell<u32>,
}

/// Names of the calls with an answer, below `fazt.app`.
const DATA: &[(&str, &[&str])] = &[("kv", &["get", "set", "delete", "list", "incr", "cas"])];

/// Puts `fazt` and `console` into a context.
pub(super) fn install(context: &mut Context, host: Host, app: &App) -> JsResult<()> {
    context.insert_data(host);
    let data = data_objects(context);
    let mut fazt_app = ObjectInitializer::new(context);
    for (name, value) in [("id", &app.id), ("name", &app.name), ("domain", &app.domain)] {
        fazt_app.property(js_string!(name), js_string!(value.as_str()), Attribute::all());
    }
    fazt_app.property(js_string!("version"), app.version, Attribute::all());
    for (name, object) in data {
        fazt_app.property(js_string!(name), object, Attribute::all());
    }
    let fazt_app = fazt_app.build();
    let log = logger(context);
    let fazt = ObjectInitializer::new(context)
        .property(js_string!("app"), fazt_app, Attribute::all())
        .property(js_string!("log"), log.clone(), Attribute::all())
        .build();
    context.register_global_property(js_string!("fazt"), fazt, Attribute::all())?;
    let plain = NativeFunction::from_copy_closure(|_, arguments, context| {
        log_line("info", arguments, context)
    });
    let plain = plain.to_js_function(context.realm());
    log.set(js_string!("log"), plain, false, context)?;
    context.register_global_property(js_string!("console"), log, Attribute::all())?;
    super::net::install(context)
}

fn data_objects(context: &mut Context) -> Vec<(&'static str, JsObject)> {
    let mut objects = Vec::new();
    for (name, methods) in DATA {
        let mut object = ObjectInitializer::new(context);
        for method in *methods {
            let (name, method) = (*name, *method);
            object.function(
                NativeFunction::from_copy_closure(move |_, arguments, context| {
                    call(&format!("{name}.{method}"), arguments, context)
                }),
                js_string!(method),
                1,
            );
        }
        objects.push((*name, object.build()));
    }
    objects
}

fn logger(context: &mut Context) -> JsObject {
    let mut log = ObjectInitializer::new(context);
    for level in ["debug", "info", "warn", "error"] {
        log.function(
            NativeFunction::from_copy_closure(move |_, arguments, context| {
                log_line(level, arguments, context)
            }),
            js_string!(level),
            1,
        );
    }
    log.build()
}

/// Asks the host, and waits for its answer.
fn call(api: &str, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let mut plain = Vec::with_capacity(arguments.len());
    for argument in arguments {
        plain.push(argument.to_json(context)?.unwrap_or(Value::Null));
    }
    let arguments = Value::Array(plain).to_string();
    let link = link(context)?;
    let gone = |_: std::io::Error| JsNativeError::error().with_message("the host is gone");
    let call = Call { api: api.to_owned(), arguments, bytes: Vec::new() };
    match link.ask(&FromWorker::Call(call)).map_err(gone)? {
        Ok(reply) => {
            if reply.json.is_empty() {
                return Ok(JsValue::undefined());
            }
            let value: Value = serde_json::from_str(&reply.json)
                .map_err(|_| JsNativeError::error().with_message("the host answers nonsense"))?;
            match value {
                // What is not there is `undefined`, as in JavaScript.
                Value::Null => Ok(JsValue::undefined()),
                value => JsValue::from_json(&value, context),
            }
        }
        Err(error) => {
            let thrown = JsNativeError::error().with_message(error.message);
            let thrown = thrown.into_opaque(context);
            thrown.set(js_string!("code"), js_string!(error.code.as_str()), false, context)?;
            Err(boa_engine::JsError::from_opaque(thrown.into()))
        }
    }
}

fn link(context: &Context) -> JsResult<Rc<Link>> {
    let host = context.get_data::<Host>();
    let host = host.ok_or_else(|| JsNativeError::error().with_message("there is no host"))?;
    Ok(host.link.clone())
}

fn log_line(level: &str, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let count = context.get_data::<Host>().map_or(LINES, |host| {
        host.lines.set(host.lines.get() + 1);
        host.lines.get()
    });
    if count > LINES + 1 {
        return Ok(JsValue::undefined());
    }
    let text = if count == LINES + 1 {
        format!("more than {LINES} lines: the rest is dropped")
    } else {
        line_of(arguments, context)?
    };
    let line = Line { level: level.to_owned(), text, fields: String::new() };
    // A log that cannot be written stops nobody.
    let _ = link(context)?.send(&FromWorker::Log(line));
    Ok(JsValue::undefined())
}

fn line_of(arguments: &[JsValue], context: &mut Context) -> JsResult<String> {
    let mut words = Vec::with_capacity(arguments.len());
    for argument in arguments {
        words.push(shown(argument, context)?);
    }
    let mut text = words.join(" ");
    text.truncate(text.floor_char_boundary(LINE));
    Ok(text)
}

fn shown(value: &JsValue, context: &mut Context) -> JsResult<String> {
    if let Some(object) = value.as_object() {
        if object.is::<boa_engine::builtins::error::Error>() {
            let stack: JsValue = object.get(js_string!("stack"), context)?;
            let name: JsString = value.to_string(context)?;
            let stack = stack.as_string().map(|stack| stack.to_std_string_escaped());
            let name = name.to_std_string_escaped();
            return Ok(stack.map_or(name.clone(), |stack| format!("{name}\n{stack}")));
        }
        if !object.is_callable()
            && let Ok(Some(json)) = value.to_json(context)
        {
            return Ok(json.to_string());
        }
    }
    Ok(value.to_string(context)?.to_std_string_escaped())
}
