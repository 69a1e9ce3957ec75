//! Events, signals, exceptions.

use serde_json::json;

use super::table;

#[test]
fn events() {
    table(&[
        (
            "const t = new EventTarget(); const seen = []; const f = e => seen.push(e.type, e.target === t); \
          t.addEventListener('a', f); t.addEventListener('a', f); \
          t.addEventListener('a', {handleEvent(e) { seen.push(e.currentTarget === t) }}, {once: true}); \
          t.dispatchEvent(new Event('a')); t.dispatchEvent(new Event('a')); t.removeEventListener('a', f); \
          t.dispatchEvent(new Event('a')); return seen",
            json!(["a", true, true, "a", true]),
        ),
        (
            "const t = new EventTarget(); t.addEventListener('a', e => e.preventDefault()); \
          return [t.dispatchEvent(new Event('a')), t.dispatchEvent(new Event('a', {cancelable: true}))]",
            json!([true, false]),
        ),
        (
            "const t = new EventTarget(); const seen = []; \
          t.addEventListener('a', e => { seen.push(1); e.stopImmediatePropagation() }); \
          t.addEventListener('a', () => seen.push(2)); t.dispatchEvent(new Event('a')); return seen",
            json!([1]),
        ),
        (
            "const t = new EventTarget(); const seen = []; t.addEventListener('a', () => { throw new Error('x') }); \
          t.addEventListener('a', () => seen.push(2)); t.dispatchEvent(new Event('a')); return seen",
            json!([2]),
        ),
        (
            "const e = new CustomEvent('a', {detail: {x: 1}}); return [e.detail.x, e instanceof Event, e.type]",
            json!([1, true, "a"]),
        ),
        (
            "const t = new EventTarget(); const c = new AbortController(); let n = 0; \
          t.addEventListener('a', () => n++, {signal: c.signal}); t.dispatchEvent(new Event('a')); c.abort(); \
          t.dispatchEvent(new Event('a')); return n",
            json!(1),
        ),
        (
            "class Bus extends EventTarget { say(x) { this.dispatchEvent(new CustomEvent('say', {detail: x})) } } \
          const b = new Bus(); let got; b.addEventListener('say', e => got = e.detail); b.say('hi'); return got",
            json!("hi"),
        ),
    ]);
}

#[test]
fn signals() {
    table(&[
        (
            "const c = new AbortController(); const seen = []; c.signal.onabort = e => seen.push(e.type); \
          c.signal.addEventListener('abort', () => seen.push(c.signal.aborted)); c.abort(); c.abort('again'); \
          return [seen, c.signal.reason.name, c.signal.reason instanceof DOMException]",
            json!([["abort", true], "AbortError", true]),
        ),
        ("const s = AbortSignal.abort('why'); return [s.aborted, s.reason]", json!([true, "why"])),
        ("AbortSignal.abort().throwIfAborted()", json!("AbortError: the operation was aborted")),
        (
            "const s = AbortSignal.timeout(1); await new Promise(done => s.addEventListener('abort', done)); \
          return s.reason.name",
            json!("TimeoutError"),
        ),
        (
            "const a = new AbortController(); const s = AbortSignal.any([a.signal, new AbortController().signal]); \
          const was = s.aborted; a.abort(7); return [was, s.aborted, s.reason]",
            json!([false, true, 7]),
        ),
        ("return AbortSignal.any([AbortSignal.abort(1)]).reason", json!(1)),
        ("new AbortSignal()", json!("TypeError: Illegal constructor")),
        ("return new AbortController().signal instanceof EventTarget", json!(true)),
        ("AbortSignal.timeout(-1)", json!("RangeError: timeout needs milliseconds from 0")),
    ]);
}

#[test]
fn exceptions() {
    table(&[
        (
            "const e = new DOMException('m', 'DataError'); return [e.name, e.message, e instanceof Error, \
          String(e), typeof e.stack]",
            json!(["DataError", "m", true, "DataError: m", "string"]),
        ),
        ("return new DOMException().name", json!("Error")),
        ("return new DOMException('a', {name: 'B', cause: 1}).cause", json!(1)),
    ]);
}
