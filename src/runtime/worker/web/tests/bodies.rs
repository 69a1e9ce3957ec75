//! Requests and responses, and the ways to read them.

use serde_json::json;

use super::table;

#[test]
fn responses() {
    table(&[
        (
            "const r = new Response('hi', {status: 201, statusText: 'Made', headers: {'X-A': 'b'}}); \
          return [r.status, r.statusText, r.ok, r.type, r.url, r.redirected, r.headers.get('x-a'), \
          r.headers.get('content-type'), r.bodyUsed, await r.text(), r.bodyUsed]",
            json!([
                201,
                "Made",
                true,
                "default",
                "",
                false,
                "b",
                "text/plain;charset=UTF-8",
                false,
                "hi",
                true
            ]),
        ),
        (
            "const r = new Response(); return [r.status, r.body, await r.text(), await r.text(), r.bodyUsed]",
            json!([200, null, "", "", false]),
        ),
        (
            "new Response('', {status: 99})",
            json!("RangeError: the status has to be from 200 to 599, not 99"),
        ),
        (
            "new Response('', {status: 'x'})",
            json!("RangeError: the status has to be from 200 to 599, not x"),
        ),
        (
            "new Response('a', {status: 204})",
            json!("TypeError: an answer with status 204 has no body"),
        ),
        (
            "const r = Response.json({a: 1}, {status: 400}); return [r.status, r.headers.get('content-type'), \
          await r.json()]",
            json!([400, "application/json", {"a": 1}]),
        ),
        ("Response.json(undefined)", json!("TypeError: the value has no form in JSON")),
        (
            "const r = Response.redirect('http://x/y', 301); return [r.status, r.headers.get('location')]",
            json!([301, "http://x/y"]),
        ),
        ("return Response.redirect('/login').headers.get('location')", json!("/login")),
        (
            "Response.redirect('/', 200)",
            json!("RangeError: a redirect has status 301, 302, 303, 307 or 308"),
        ),
        ("const r = Response.error(); return [r.type, r.status, r.ok]", json!(["error", 0, false])),
        (
            "const r = new Response('x'); const c = r.clone(); return [await r.text(), await c.text()]",
            json!(["x", "x"]),
        ),
        (
            "const r = new Response('x'); await r.text(); return r.clone()",
            json!("TypeError: a body that has been read or is locked cannot be cloned"),
        ),
        (
            "const r = new Response('x'); await r.text(); return await r.json()",
            json!("TypeError: the body has been read already: `clone()` it before"),
        ),
    ]);
}

#[test]
fn bodies_of_every_kind() {
    table(&[
        (
            "return [...await new Response(new Uint8Array([1, 2, 3]).subarray(1)).bytes()]",
            json!([2, 3]),
        ),
        (
            "return (await new Response(new Uint8Array([1]).buffer).arrayBuffer()).byteLength",
            json!(1),
        ),
        (
            "const r = new Response(new Blob(['a'], {type: 'a/b'})); const b = await r.blob(); return [b.type, b.size]",
            json!(["a/b", 1]),
        ),
        ("return new Response(new URLSearchParams({a: 'b c'})).text()", json!("a=b+c")),
        ("return new Response({}).text()", json!("[object Object]")),
        ("return new Response('\u{FEFF}a').text()", json!("a")),
        ("return new Response('{').json().catch(e => e.name)", json!("SyntaxError")),
        (
            "async function* g() { yield 'a'; yield new Uint8Array([98]) } return new Response(g()).text()",
            json!("ab"),
        ),
        (
            "async function* g() { yield 1 } return new Response(g()).text()",
            json!(
                "TypeError: a chunk of a body has to be a string or bytes, and this one is of type number"
            ),
        ),
        (
            "async function* g() { yield 'a'; throw new Error('no') } return new Response(g()).text()",
            json!("Error: no"),
        ),
        (
            "const r = new Response('abc'); const read = r.body.getReader(); const one = await read.read(); \
          return [new TextDecoder().decode(one.value), (await read.read()).done, r.bodyUsed]",
            json!(["abc", true, true]),
        ),
        (
            "const r = new Response('abc'); r.body.getReader(); return r.text()",
            json!("TypeError: the body is locked by a reader"),
        ),
        (
            "const r = new Response(new Response('x').body); const c = r.clone(); \
          return Promise.all([c.text(), r.text()])",
            json!(["x", "x"]),
        ),
    ]);
}

#[test]
fn requests() {
    table(&[
        (
            "const r = new Request('http://x/a b', {method: 'post', body: 'hi', headers: {a: 'b'}}); \
          return [r.method, r.url, r.headers.get('a'), r.headers.get('content-type'), await r.text(), r.bodyUsed]",
            json!(["POST", "http://x/a%20b", "b", "text/plain;charset=UTF-8", "hi", true]),
        ),
        (
            "const r = new Request('http://x/', {method: 'PUT', body: '1'}); const s = new Request(r, {headers: {z: '1'}}); \
          return [s.method, [...s.headers], await s.text(), r.bodyUsed]",
            json!(["PUT", [["z", "1"]], "1", true]),
        ),
        (
            "const r = new Request(new URL('http://x/')); return [r.method, r.body, r.redirect, r.signal.aborted]",
            json!(["GET", null, "follow", false]),
        ),
        (
            "const c = new AbortController(); const r = new Request('http://x/', {signal: c.signal}); c.abort(); \
          return r.signal.aborted",
            json!(true),
        ),
        (
            "const r = new Request('http://x/', {method: 'POST', body: 'x'}); const c = r.clone(); \
          return [await r.text(), await c.text(), c.method]",
            json!(["x", "x", "POST"]),
        ),
        (
            "new Request('http://x/', {body: 'x'})",
            json!("TypeError: a request with GET or HEAD has no body"),
        ),
        (
            "new Request('/x')",
            json!("TypeError: Invalid URL: \"/x\" (relative URL without a base)"),
        ),
        (
            "new Request('http://a:b@x/')",
            json!("TypeError: the address of a request cannot hold a password"),
        ),
        (
            "new Request('http://x/', {method: 'a b'})",
            json!("TypeError: \"a b\" is no method of a request"),
        ),
        (
            "new Request('http://x/', {method: 'trace'})",
            json!("TypeError: a request cannot have the method TRACE"),
        ),
        (
            "new Request('http://x/', {signal: {}})",
            json!("TypeError: signal has to be an AbortSignal"),
        ),
    ]);
}
