//! What scripts see of the Web APIs: each case is a script and what it comes to.

mod bodies;
mod crypto;
mod events;
mod signed;
mod streams;
mod values;

use std::{os::unix::net::UnixStream, rc::Rc};

use boa_engine::{Context, Source, context::ContextBuilder};
use serde_json::{Value, json};

use crate::runtime::worker::{engine::settled, jobs::Jobs, link::Link};

/// A context with the Web APIs in it.
pub(super) fn context() -> Context {
    let (worker, _) = UnixStream::pair().unwrap();
    let jobs = Rc::new(Jobs::new(Rc::new(Link::new(worker))));
    let mut context = ContextBuilder::new().job_executor(jobs).build().unwrap();
    super::install(&mut context).unwrap();
    context
}

/// What the body of an async function gives, as JSON; an error as its name and
/// message.
fn run(context: &mut Context, body: &str) -> Value {
    let script = format!(
        "(async () => {{ try {{ return JSON.stringify(await (async () => {{ {body} }})()) ?? \
         'null' }} catch (e) {{ return JSON.stringify(`${{e.name}}: ${{e.message}}`) }} }})()"
    );
    let promise = context.eval(Source::from_bytes(&script)).map_err(|e| e.to_string()).unwrap();
    let text = settled(promise, context).map_err(|e| e.to_string()).unwrap();
    serde_json::from_str(&text.as_string().unwrap().to_std_string_lossy()).unwrap()
}

/// Runs each script in a context of its own.
fn table(cases: &[(&str, Value)]) {
    let mut wrong = Vec::new();
    for (script, wanted) in cases {
        let got = run(&mut context(), script);
        if got != *wanted {
            wrong.push(format!("{script}\n  gives {got}\n  not   {wanted}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_class_has_a_name_and_can_be_replaced() {
    let mut context = context();
    for class in super::GLOBALS {
        let name = class.name;
        let script =
            format!("return [typeof {name}, {name}.name, {name}.prototype.constructor === {name}]");
        assert_eq!(run(&mut context, &script), json!(["function", name, true]));
        let script =
            format!("globalThis.{name} = 1; return [typeof {name}, '{name}' in globalThis]");
        assert_eq!(run(&mut context, &script), json!(["number", true]), "{name}");
    }
}

#[test]
fn no_class_can_be_called_without_new() {
    for name in ["Headers", "URL", "Request", "Response", "Blob", "FormData", "ReadableStream"] {
        let got = run(&mut context(), &format!("return {name}('http://x/')"));
        assert_eq!(got, json!(format!("TypeError: {name} has to be called with `new`")));
    }
}

#[test]
fn a_method_of_one_class_refuses_another() {
    table(&[
        ("return Headers.prototype.get.call({}, 'a')", json!("TypeError: this is no Headers")),
        (
            "return new (class extends Headers { x() { return this.get('a') } })({a: 'b'}).x()",
            json!("b"),
        ),
        ("return URL.prototype.href", json!("TypeError: this is no URL")),
    ]);
}

#[test]
fn the_small_objects_are_there() {
    let version = env!("CARGO_PKG_VERSION");
    table(&[
        ("return navigator.userAgent", json!(format!("fazt/{version}"))),
        ("return self === globalThis", json!(true)),
        (
            "const a = performance.now(); return [a >= 0, performance.now() >= a]",
            json!([true, true]),
        ),
        ("return structuredClone({a: [1]})", json!({"a": [1]})),
        ("return [btoa('hi'), atob('aGk=')]", json!(["aGk=", "hi"])),
        (
            "return new Promise(done => setTimeout(() => queueMicrotask(() => done(3)), 1))",
            json!(3),
        ),
    ]);
}
