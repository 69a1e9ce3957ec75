//! Streams that are read.

use serde_json::json;

use super::table;

#[test]
fn streams() {
    table(&[
        (
            "let n = 0; const s = new ReadableStream({pull(c) { n++; c.enqueue(n); if (n === 3) c.close() }}); \
          const got = []; for await (const x of s) got.push(x); return [got, s.locked]",
            json!([[1, 2, 3], false]),
        ),
        (
            "const s = new ReadableStream({start(c) { c.enqueue('a'); c.enqueue('b'); c.close() }}); \
          const r = s.getReader(); return [await r.read(), await r.read(), await r.read(), await r.closed ?? null, s.locked]",
            json!([{"value": "a", "done": false}, {"value": "b", "done": false}, {"done": true}, null, true]),
        ),
        (
            "const s = new ReadableStream({async start(c) { await null; c.enqueue(1); c.close() }}); \
          return (await s.getReader().read()).value",
            json!(1),
        ),
        (
            "const s = new ReadableStream({start(c) { c.error(new Error('bad')) }}); return s.getReader().read()",
            json!("Error: bad"),
        ),
        (
            "const s = new ReadableStream({pull() { throw new Error('bad') }}); return s.getReader().read()",
            json!("Error: bad"),
        ),
        (
            "const s = new ReadableStream({pull() { return Promise.reject(new Error('late')) }}); return s.getReader().closed",
            json!("Error: late"),
        ),
        (
            "let why; const s = new ReadableStream({cancel(r) { why = r }}); await s.cancel('enough'); \
          return [why, (await s.getReader().read()).done]",
            json!(["enough", true]),
        ),
        (
            "let why = 'none'; const s = new ReadableStream({pull(c) { c.enqueue(1) }, cancel() { why = 'break' }}); \
          for await (const x of s) break; return [why, s.locked]",
            json!(["break", false]),
        ),
        (
            "const s = new ReadableStream({pull(c) { c.enqueue(1) }}); for await (const x of s.values({preventCancel: true})) \
          break; return (await s.getReader().read()).value",
            json!(1),
        ),
        (
            "const s = new ReadableStream(); s.getReader(); return s.getReader()",
            json!("TypeError: the stream is locked by another reader"),
        ),
        (
            "const s = new ReadableStream(); const r = s.getReader(); const p = r.read(); r.releaseLock(); \
          return [await p.catch(e => e.name), s.locked, await r.read().catch(e => e.message)]",
            json!(["TypeError", false, "the reader has been released"]),
        ),
        (
            "const s = new ReadableStream({start(c) { c.close(); c.enqueue(1) }}); return s",
            json!("TypeError: the stream is closed: it takes no more chunks"),
        ),
        (
            "let c; new ReadableStream({start(x) { c = x }}, {highWaterMark: 3}); c.enqueue(1); return c.desiredSize",
            json!(2),
        ),
        (
            "let n = 0; new ReadableStream({pull() { n++ }}, {highWaterMark: 0}); await null; await null; return n",
            json!(0),
        ),
        (
            "let c; new ReadableStream({start(x) { c = x }}, {highWaterMark: 10, size: x => x.length}); c.enqueue('abc'); \
          return c.desiredSize",
            json!(7),
        ),
        (
            "return new ReadableStream({}, {highWaterMark: -1})",
            json!("RangeError: highWaterMark has to be a number from 0"),
        ),
    ]);
}

#[test]
fn streams_of_iterables() {
    table(&[
        (
            "const got = []; for await (const x of ReadableStream.from([1, Promise.resolve(2)])) got.push(x); return got",
            json!([1, 2]),
        ),
        (
            "async function* g() { yield 1; yield 2 } const r = ReadableStream.from(g()).getReader(); \
          return [(await r.read()).value, (await r.read()).value, (await r.read()).done]",
            json!([1, 2, true]),
        ),
        (
            "let ended = false; function* g() { try { yield 1; yield 2 } finally { ended = true } } \
          for await (const x of ReadableStream.from(g())) break; return ended",
            json!(true),
        ),
        (
            "async function* g() { throw new Error('x') } return ReadableStream.from(g()).getReader().read()",
            json!("Error: x"),
        ),
        ("ReadableStream.from(1)", json!("TypeError: ReadableStream.from needs an iterable")),
    ]);
}

#[test]
fn two_of_one() {
    table(&[
        (
            "const [a, b] = ReadableStream.from(['x', 'y']).tee(); const all = async s => { const got = []; \
          for await (const c of s) got.push(c); return got }; return Promise.all([all(a), all(b)])",
            json!([["x", "y"], ["x", "y"]]),
        ),
        (
            "let why; const s = new ReadableStream({cancel(r) { why = r }}); const [a, b] = s.tee(); \
          const one = a.cancel(1); await Promise.all([one, b.cancel(2)]); return why",
            json!([1, 2]),
        ),
        (
            "const s = new ReadableStream({pull(c) { c.error(new Error('e')) }}); const [a, b] = s.tee(); \
          return [await a.getReader().read().catch(e => e.message), await b.getReader().read().catch(e => e.message)]",
            json!(["e", "e"]),
        ),
    ]);
}
