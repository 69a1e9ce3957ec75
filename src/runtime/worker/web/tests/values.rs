//! Addresses, headers, forms, blobs, texts.

use serde_json::json;

use super::table;

#[test]
fn addresses() {
    table(&[
        (
            "const u = new URL('../b?x=1#h', 'https://u:p@Ex.com:8080/a/c'); return [u.href, u.origin, \
          u.protocol, u.username, u.password, u.host, u.hostname, u.port, u.pathname, u.search, u.hash]",
            json!([
                "https://u:p@ex.com:8080/b?x=1#h",
                "https://ex.com:8080",
                "https:",
                "u",
                "p",
                "ex.com:8080",
                "ex.com",
                "8080",
                "/b",
                "?x=1",
                "#h"
            ]),
        ),
        (
            "return new URL('nope')",
            json!("TypeError: Invalid URL: \"nope\" (relative URL without a base)"),
        ),
        (
            "return [URL.canParse('http://x'), URL.canParse('x'), URL.parse('x'), URL.parse('http://x').href]",
            json!([true, false, null, "http://x/"]),
        ),
        (
            "const u = new URL('http://x/a'); u.pathname = 'b c'; u.port = '81'; u.hash = 'z'; u.host = ''; \
          u.protocol = 'https'; return String(u)",
            json!("https://x:81/b%20c#z"),
        ),
        (
            "const u = new URL('http://x/'); u.href = 'bad'; return u",
            json!("TypeError: Invalid URL: \"bad\" (relative URL without a base)"),
        ),
        ("return {u: new URL('http://x/?q=ä')}", json!({"u": "http://x/?q=%C3%A4"})),
    ]);
}

#[test]
fn parameters_and_their_address_stay_in_step() {
    table(&[
        (
            "const u = new URL('http://x/?a=1&b=2'); const p = u.searchParams; p.append('c', 'd e'); \
          p.delete('a'); const one = u.href; u.search = '?z=9'; return [one, p.get('z'), p.size, \
          p === u.searchParams]",
            json!(["http://x/?b=2&c=d+e", "9", 1, true]),
        ),
        (
            "const u = new URL('http://x/?a=1'); u.searchParams.delete('a'); return u.href",
            json!("http://x/"),
        ),
        (
            "const u = new URL('http://x/?a=1'); const p = u.searchParams; u.href = 'http://y/?b=2'; \
          p.set('c', 3); return [u.href, [...p]]",
            json!(["http://y/?b=2&c=3", [["b", "2"], ["c", "3"]]]),
        ),
    ]);
}

#[test]
fn parameters() {
    table(&[
        (
            "return [...new URLSearchParams('?a=1&b=%zz&a=+&=')]",
            json!([["a", "1"], ["b", "%zz"], ["a", " "], ["", ""]]),
        ),
        (
            "return String(new URLSearchParams({a: 1, 7: 'ü&'}))",
            json!("7=1&a=1".replace("7=1&a=1", "7=%C3%BC%26&a=1")),
        ),
        ("return String(new URLSearchParams([['a', 'b'], new Set(['c', 'd'])]))", json!("a=b&c=d")),
        ("return new URLSearchParams([['a']])", json!("TypeError: a pair has to have two values")),
        (
            "const p = new URLSearchParams('a=1&b=2&a=3'); p.set('a', '9'); return [p.toString(), p.has('a'), \
          p.has('a', '1'), p.get('x'), p.getAll('a'), p.size]",
            json!(["a=9&b=2", true, false, null, ["9"], 2]),
        ),
        (
            "const p = new URLSearchParams('c=3&a=1&b=2&a=0'); p.sort(); p.delete('a', '0'); return [...p.keys(), \
          ...p.values()]",
            json!(["a", "b", "c", "1", "2", "3"]),
        ),
        (
            "const seen = []; new URLSearchParams('a=1').forEach(function (v, k) { seen.push(k, v, this.x) }, {x: 2}); \
          return seen",
            json!(["a", "1", 2]),
        ),
        (
            "return [...new URLSearchParams(new URLSearchParams('a=b')).entries()]",
            json!([["a", "b"]]),
        ),
    ]);
}

#[test]
fn headers() {
    table(&[
        (
            "const h = new Headers({'X-B': ' 1 ', a: '2'}); h.append('x-b', '3'); h.append('Set-Cookie', 'a=1'); \
          h.append('set-cookie', 'b=2'); return [h.get('X-b'), h.get('no'), h.has('A'), h.getSetCookie(), [...h]]",
            json!([
                "1, 3",
                null,
                true,
                ["a=1", "b=2"],
                [["a", "2"], ["set-cookie", "a=1"], ["set-cookie", "b=2"], ["x-b", "1, 3"]]
            ]),
        ),
        (
            "const h = new Headers([['a', '1']]); h.set('A', '2'); h.delete('b'); return [...h.keys(), ...h.values()]",
            json!(["a", "2"]),
        ),
        ("new Headers().set('a b', '1')", json!("TypeError: \"a b\" is no name of a header")),
        ("new Headers({'': '1'})", json!("TypeError: \"\" is no name of a header")),
        (
            "new Headers({a: 'x\\ny'})",
            json!("TypeError: the header `a` has a line break in its value"),
        ),
        (
            "new Headers({a: '\u{1F980}'})",
            json!(
                "TypeError: the header `a` has a character in its value that headers cannot carry"
            ),
        ),
        ("return new Headers({a: 'x\\r\\n'}).get('a')", json!("x")),
        ("return [...new Headers(new Headers({cookie: 'a'}))]", json!([["cookie", "a"]])),
        ("new Headers('a')", json!("TypeError: headers have to be an object")),
        (
            "const seen = []; new Headers({b: 1, a: 2}).forEach((v, k) => seen.push(k + v)); return seen",
            json!(["a2", "b1"]),
        ),
    ]);
}

#[test]
fn blobs_and_files() {
    table(&[
        (
            "const b = new Blob(['hé', new Uint8Array([33, 34]).subarray(1), new Blob(['x'])], {type: 'Text/Plain'}); \
          return [b.size, b.type, await b.text(), [...await b.bytes()].length, (await b.arrayBuffer()).byteLength]",
            json!([5, "text/plain", "hé\"x", 5, 5]),
        ),
        (
            "const b = new Blob(['hello']); return [await b.slice(1, 3).text(), await b.slice(-2).text(), \
          await b.slice(4, 1).text(), b.slice(0, 1, 'a/b').type, await b.slice(-99, 99).text()]",
            json!(["el", "lo", "", "a/b", "hello"]),
        ),
        (
            "const f = new File(['a'], 'n.txt', {type: 'text/plain', lastModified: 5}); return [f.name, f.lastModified, \
          f.size, f.type, f instanceof Blob, f instanceof File, new Blob([f]) instanceof File]",
            json!(["n.txt", 5, 1, "text/plain", true, true, false]),
        ),
        ("new File(['a'])", json!("TypeError: argument 2 is missing")),
        (
            "let t = ''; for await (const c of new Blob(['ab']).stream()) t += new TextDecoder().decode(c); return t",
            json!("ab"),
        ),
    ]);
}

#[test]
fn forms() {
    table(&[
        (
            "const f = new FormData(); f.append('a', 1); f.append('b', 'x'); f.append('a', 2); f.set('a', 3); \
          f.append('c', new Blob(['z']), 'c.txt'); f.append('d', new Blob(['q'])); f.delete('b'); \
          return [[...f.keys()], f.get('a'), f.getAll('a'), f.get('no'), f.has('b'), f.get('c').name, \
          f.get('d').name, f.get('d') instanceof File]",
            json!([["a", "c", "d"], "3", ["3"], null, false, "c.txt", "blob", true]),
        ),
        (
            "const f = new FormData(); f.append('a\"b', 'x\\r\\ny'); f.append('f', new File(['\\u0000é'], 'ü.bin')); \
          const r = new Response(f); const g = await r.formData(); return [r.headers.get('content-type').slice(0, 30), \
          [...g.keys()], [...g.values()][0], g.get('f').name, g.get('f').type, await g.get('f').text()]",
            json!([
                "multipart/form-data; boundary=",
                ["a%22b", "f"],
                "x\r\ny",
                "ü.bin",
                "application/octet-stream",
                "\u{0}é"
            ]),
        ),
        (
            "const g = await new Response(new URLSearchParams('a=1&b=%20')).formData(); return [...g]",
            json!([["a", "1"], ["b", " "]]),
        ),
        (
            "return await new Response('x').formData()",
            json!("TypeError: a body of type \"text/plain;charset=UTF-8\" is no form"),
        ),
        (
            "return await new Response('x', {headers: {'content-type': 'multipart/form-data; boundary=b'}}).formData()",
            json!("TypeError: the body is no form: incomplete multipart stream"),
        ),
    ]);
}

#[test]
fn texts() {
    table(&[
        ("return [...new TextEncoder().encode('é\\ud800')]", json!([195, 169, 239, 191, 189])),
        (
            "const a = new Uint8Array(4); const r = new TextEncoder().encodeInto('aéé', a); return [r, [...a]]",
            json!([{"read": 2, "written": 3}, [97, 195, 169, 0]]),
        ),
        (
            "return new TextDecoder().decode(new Uint8Array([239, 187, 191, 97, 255]))",
            json!("a\u{FFFD}"),
        ),
        (
            "return new TextDecoder('utf-8', {ignoreBOM: true}).decode(new Uint8Array([239, 187, 191, 97]))",
            json!("\u{FEFF}a"),
        ),
        (
            "return new TextDecoder('utf-8', {fatal: true}).decode(new Uint8Array([255]))",
            json!("TypeError: the bytes are not in that encoding"),
        ),
        (
            "const d = new TextDecoder(); return d.decode(new Uint8Array([195]), {stream: true}) + \
          d.decode(new Uint8Array([169]).buffer)",
            json!("é"),
        ),
        (
            "return [new TextDecoder('latin1').encoding, new TextDecoder('utf-16le').decode(new Uint16Array([65]))]",
            json!(["windows-1252", "A"]),
        ),
        ("new TextDecoder('klingon')", json!("RangeError: there is no encoding \"klingon\"")),
        (
            "return new TextDecoder().decode(new DataView(new Uint8Array([97, 98]).buffer, 1))",
            json!("b"),
        ),
    ]);
}
