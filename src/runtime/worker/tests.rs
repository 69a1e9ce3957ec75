//! Requests as handlers see them, answers as handlers give them, streams on the
//! wire: a version is loaded and run as a worker does it.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    rc::Rc,
    thread,
};

use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};

use super::{engine::Site, link::Link};
use crate::runtime::frames::{
    self, Answer, App, Bounds, FromWorker, HostError, Kind, Load, Reply, Request, Run, Script,
    ScriptError, ToWorker, User,
};

/// A version of one function, and the node's end of its connection.
fn site(code: &str) -> (Site, UnixStream) {
    let (node, worker) = UnixStream::pair().unwrap();
    let link = Rc::new(Link::new(worker));
    let kind = if code.contains("export ") { Kind::Module } else { Kind::Script };
    let path = "api/it.js".to_owned();
    let load = Load {
        site: 1,
        app: App {
            id: "a1".to_owned(),
            name: "shop".to_owned(),
            version: 7,
            domain: "example.org".to_owned(),
            admin: "http://admin.localhost".to_owned(),
        },
        files: vec![Script {
            path: path.clone(),
            code: code.to_owned(),
            kind,
            imports: Vec::new(),
            exports: Vec::new(),
            program: false,
        }],
        entries: vec![path],
        env: vec![("KEY".to_owned(), "value".to_owned())],
        fresh: false,
        bounds: Bounds { memory: 64 << 20, answer: 10 << 20, lines: 100, line: 8 << 10 },
    };
    (Site::load(load, &link).map_err(|error| error.message).unwrap(), node)
}

fn answer(code: &str, request: Request) -> Result<Answer, ScriptError> {
    let (mut site, _node) = site(code);
    site.run(Run { number: 1, site: 1, entry: "api/it.js".to_owned(), request })
}

fn asked(method: &str, media: &str, body: &str) -> Request {
    let mut headers = vec![
        ("host".to_owned(), "shop.example.org".to_owned()),
        ("get".to_owned(), "trap".to_owned()),
        ("x-a".to_owned(), "1".to_owned()),
        ("x-a".to_owned(), "2".to_owned()),
    ];
    if !media.is_empty() {
        headers.push(("content-type".to_owned(), media.to_owned()));
    }
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Request {
        id: "r1".to_owned(),
        method: method.to_owned(),
        url: "https://shop.example.org/api/it?q=1&q=2".to_owned(),
        path: "/api/it".to_owned(),
        params: vec![pair("id", "42")],
        query: vec![pair("q", "1"), pair("q", "2"), pair("__proto__", "x")],
        headers,
        ip: "192.0.2.1".to_owned(),
        user: Some(User {
            id: "u1".to_owned(),
            name: "Ada".to_owned(),
            email: None,
            roles: vec!["owner".to_owned()],
        }),
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

fn get() -> Request {
    asked("GET", "", "")
}

/// What a handler's expression comes to, as JSON.
fn seen(expression: &str, request: Request) -> Value {
    let code = format!("export default async function (req) {{ return [{expression}] }}");
    let answer = answer(&code, request).map_err(|error| error.message).unwrap();
    serde_json::from_slice(&answer.body).unwrap()
}

fn header<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    let found = answer.headers.iter().filter(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str()).collect()
}

#[test]
fn a_request_is_a_standard_one_that_knows_more() {
    let all = "req instanceof Request, req.id, req.method, req.url, req.path, req.params, \
               req.query.q, req.ip, req.user, req.app, req.body, req.files";
    let user = json!({"id": "u1", "name": "Ada", "email": null, "roles": ["owner"]});
    assert_eq!(
        seen(all, get()),
        json!([true, "r1", "GET", "https://shop.example.org/api/it?q=1&q=2", "/api/it",
               {"id": "42"}, "2", "192.0.2.1", user, {"name": "shop", "version": 7}, null, []])
    );
    assert_eq!(seen("req.user", Request { user: None, ..get() }), json!([null]));
    let copies = "await req.clone().text(), await new Request(req).text(), \
                  await (await req.blob()).text(), req.text(), req.bodyUsed, \
                  new URL(req.url).searchParams.getAll('q')";
    let wanted = json!(["hi", "hi", "hi", "hi", false, ["1", "2"]]);
    assert_eq!(seen(copies, asked("POST", "", "hi")), wanted);
}

#[test]
fn headers_are_properties_and_methods() {
    let all = "req.headers.host, req.headers['x-a'], req.headers.get('X-A'), req.headers.no ?? 0, \
               typeof req.headers.get, req.headers instanceof Headers, Object.keys(req.headers), \
               [...req.headers.keys()]";
    let wanted = json!([
        "shop.example.org",
        "1, 2",
        "1, 2",
        0,
        "function",
        true,
        ["host", "x-a"],
        ["get", "host", "x-a"]
    ]);
    assert_eq!(seen(all, get()), wanted);
}

#[test]
fn what_middleware_puts_into_a_request_stays_there() {
    let all = "(req.user = {id: 9}, req.user.id), (req.mine = 1, req.mine), \
               (req.params = {a: 1}, req.params), JSON.parse(JSON.stringify(req)).user.id";
    assert_eq!(seen(all, get()), json!([9, 1, {"a": 1}, 9]));
}

#[test]
fn bodies_are_read_by_their_type() {
    let form = "--b\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\n\
                content-disposition: form-data; name=\"a\"\r\n\r\n2\r\n--b\r\n\
                content-disposition: form-data; name=\"f\"; filename=\"n.txt\"\r\n\
                content-type: text/plain\r\n\r\nhey\r\n--b--\r\n";
    let file = json!({"name": "f", "filename": "n.txt", "type": "text/plain", "size": 3,
                      "data": {"0": 104, "1": 101, "2": 121}});
    let cases = [
        (
            "application/json; charset=utf-8",
            "{\"a\":[1]}",
            "req.body, req.json(), await req.json()",
            json!([{"a": [1]}, {"a": [1]}, {"a": [1]}]),
        ),
        ("application/problem+json", "[1]", "req.body", json!([[1]])),
        (
            "application/json",
            "{bad",
            "req.body, (() => { try { req.json() } catch (e) { return e.name } })()",
            json!(["{bad", "SyntaxError"]),
        ),
        (
            "application/x-www-form-urlencoded",
            "a=1&a=2&b=%FF%zz",
            "req.body, req.text()",
            json!([{"a": "2", "b": "\u{FFFD}%zz"}, "a=1&a=2&b=%FF%zz"]),
        ),
        (
            "multipart/form-data; boundary=b",
            form,
            "req.body, req.files, (await req.formData()).get('f').name",
            json!([{"a": "2"}, [file], "n.txt"]),
        ),
        (
            "multipart/form-data; boundary=b",
            "--b\r\nbroken",
            "req.body, req.files",
            json!(["--b\r\nbroken", []]),
        ),
        (
            "text/plain",
            "hé",
            "req.body, req.bytes().length, [...await req.bytes()].length",
            json!(["hé", 3, 3]),
        ),
        ("", "x", "req.body", json!(["x"])),
    ];
    for (media, body, expression, wanted) in cases {
        assert_eq!(seen(expression, asked("POST", media, body)), wanted, "{media} {body}");
    }
    let mut rubbish = asked("POST", "", "");
    rubbish.body = Bytes::from_static(&[0xFF, 0xFE, b'a']);
    assert_eq!(seen("req.text(), req.bytes()[0]", rubbish), json!(["\u{FFFD}\u{FFFD}a", 255]));
}

#[test]
fn every_form_of_an_answer() {
    let html = "text/html; charset=utf-8";
    let text = "text/plain; charset=utf-8";
    let (json, bytes) = ("application/json", "application/octet-stream");
    let cases: &[(&str, u16, &str, &str)] = &[
        ("'hi'", 200, text, "hi"),
        ("' <p>'", 200, html, " <p>"),
        ("''", 200, text, ""),
        ("undefined", 204, "", ""),
        ("null", 200, json, "null"),
        ("7", 200, json, "7"),
        ("true", 200, json, "true"),
        ("[1]", 200, json, "[1]"),
        ("{}", 200, json, "{}"),
        ("{a: 1}", 200, json, "{\"a\":1}"),
        ("{status: 201, a: 1}", 200, json, "{\"status\":201,\"a\":1}"),
        ("{at: new Date(0)}", 200, json, "{\"at\":\"1970-01-01T00:00:00.000Z\"}"),
        ("new Map()", 200, json, "{}"),
        ("{status: 201}", 201, "", ""),
        ("{status: '404', body: 'no'}", 404, text, "no"),
        ("{body: {a: 1}}", 200, json, "{\"a\":1}"),
        ("{body: null}", 200, json, "null"),
        ("{status: 204, body: 'x'}", 204, "", ""),
        ("{body: '<a>', headers: {'Content-Type': 'text/x'}}", 200, "text/x", "<a>"),
        ("new Uint8Array([104, 105, 106]).subarray(1)", 200, bytes, "ij"),
        ("new Uint8Array([104]).buffer", 200, bytes, "h"),
        ("new Blob(['b'], {type: 'a/b'})", 200, "a/b", "b"),
        ("{status: 202, body: new Blob(['b'])}", 202, bytes, "b"),
        ("new Response('r', {status: 418})", 418, "text/plain;charset=UTF-8", "r"),
        ("new Response(null, {status: 304})", 304, "", ""),
        ("Response.json({a: 1})", 200, json, "{\"a\":1}"),
        ("Promise.resolve('p')", 200, text, "p"),
        (
            "new URLSearchParams({a: 'b c'})",
            200,
            "application/x-www-form-urlencoded;charset=UTF-8",
            "a=b+c",
        ),
    ];
    for (value, status, media, body) in cases {
        let code = format!("function handler(req) {{ return ({value}) }}");
        let answer = answer(&code, get()).map_err(|error| error.message).unwrap();
        let got = (answer.status, header(&answer, "content-type").join("|"));
        assert_eq!(got, (*status, (*media).to_owned()), "{value}");
        assert_eq!(answer.body, body.as_bytes(), "{value}");
    }
}

#[test]
fn headers_of_answers() {
    let cases = [
        "{body: 'x', headers: {'Set-Cookie': ['a=1', 'b=2'], 'X-N': 5, 'x-no': undefined}}",
        "{body: 'x', headers: new Headers([['set-cookie', 'a=1'], ['set-cookie', 'b=2'], ['x-n', '5']])}",
        "{body: 'x', headers: [['set-cookie', 'a=1'], ['Set-Cookie', 'b=2'], ['x-n', 5]]}",
        "new Response('x', {headers: [['set-cookie', 'a=1'], ['set-cookie', 'b=2'], ['x-n', '5']]})",
    ];
    for value in cases {
        let code = format!("function handler(req) {{ return ({value}) }}");
        let answer = answer(&code, get()).map_err(|error| error.message).unwrap();
        assert_eq!(header(&answer, "set-cookie"), ["a=1", "b=2"], "{value}");
        assert_eq!(header(&answer, "x-n"), ["5"], "{value}");
        assert!(header(&answer, "x-no").is_empty(), "{value}");
    }
}

#[test]
fn answers_that_cannot_be_sent_say_why() {
    let cases = [
        ("{status: 99}", "the status has to be from 200 to 599, not 99"),
        ("{status: 600}", "the status has to be from 200 to 599, not 600"),
        ("{status: 'teapot'}", "the status has to be from 200 to 599, not teapot"),
        ("{headers: {'a b': '1'}}", "\"a b\" is no name of a header"),
        ("{headers: {a: 'x\\ny: z'}}", "the header `a` has a line break in its value"),
        ("{headers: 'a'}", "`headers` has to be an object"),
        ("{body: Promise.resolve(1)}", "the body is a promise: `await` it"),
        ("10n", "the answer cannot be JSON: it is a BigInt: make it a number or a string"),
        (
            "{list: [{total: 10n}]}",
            "the answer cannot be JSON: `list.0.total` is a BigInt: make it a number or a string",
        ),
        (
            "(() => { const a = {b: {}}; a.b.c = a.b; return a })()",
            "the answer cannot be JSON: `b.c` leads back to `b`",
        ),
        (
            "(() => { const a = {}; a.self = a; return a })()",
            "the answer cannot be JSON: `self` leads back to the value itself",
        ),
        ("() => 1", "the answer cannot be JSON: a function has no form in JSON"),
        ("Symbol('a')", "the answer cannot be JSON: a symbol has no form in JSON"),
        ("{a: {toJSON() { throw new Error('mine') }}}", "mine"),
        ("Response.error()", "the answer is `Response.error()`: there is nothing to send"),
    ];
    for (value, wanted) in cases {
        let code = format!("function handler(req) {{ return ({value}) }}");
        let error = answer(&code, get()).unwrap_err();
        assert_eq!(error.message, wanted, "{value}");
    }
    let twice = "const r = new Response('x'); function handler(req) { return r }";
    let (mut site, _node) = site(twice);
    let mut run =
        || site.run(Run { number: 1, site: 1, entry: "api/it.js".to_owned(), request: get() });
    assert_eq!(run().unwrap().body, "x");
    assert!(run().unwrap_err().message.contains("has been read already"));
}

/// The next frame that the worker sends, until it is gone.
pub(super) fn next(node: &mut UnixStream, came: &mut BytesMut) -> Option<FromWorker> {
    let mut piece = [0; 4096];
    loop {
        if let Some(frame) = frames::take(came).unwrap() {
            return Some(frame);
        }
        match node.read(&mut piece) {
            Ok(count) if count > 0 => came.extend_from_slice(&piece[..count]),
            _ => return None,
        }
    }
}

/// Status and content type of an answer's head.
type Begun = Option<(u16, String)>;

/// What goes over the wire for a streamed answer; the node takes so many pieces.
fn streamed(code: &str, taken: usize) -> (Begun, Vec<String>, Result<Answer, ScriptError>) {
    let (mut site, mut node) = site(code);
    let listener = thread::spawn(move || {
        let (mut head, mut pieces) = (None, Vec::new());
        let mut came = BytesMut::new();
        while let Some(frame) = next(&mut node, &mut came) {
            match frame {
                FromWorker::Head(begun) => {
                    assert!(head.is_none(), "one head");
                    let media = begun.headers.iter().find(|(name, _)| name == "content-type");
                    let media = media.map(|(_, media)| media.clone()).unwrap_or_default();
                    head = Some((begun.status, media));
                }
                FromWorker::Chunk(piece) => {
                    assert!(head.is_some(), "the head comes first");
                    let listens = pieces.len() < taken;
                    if listens {
                        pieces.push(String::from_utf8_lossy(&piece).into_owned());
                    }
                    let reply = if listens {
                        Ok(Reply::default())
                    } else {
                        Err(HostError::new("GONE", "nobody listens"))
                    };
                    let mut bytes = Vec::new();
                    frames::append(&ToWorker::Reply(reply), &mut bytes).unwrap();
                    node.write_all(&bytes).unwrap();
                }
                _ => {}
            }
        }
        (head, pieces)
    });
    let run = Run { number: 1, site: 1, entry: "api/it.js".to_owned(), request: get() };
    let done = site.run(run);
    drop(site);
    let (head, pieces) = listener.join().unwrap();
    (head, pieces, done)
}

#[test]
fn bodies_go_out_piece_by_piece() {
    let html = "text/html; charset=utf-8";
    let text = "text/plain; charset=utf-8";
    let bytes = "application/octet-stream";
    let cases: &[(&str, u16, &str, &[&str])] = &[
        ("export default function* () { yield 'a'; yield ''; yield 'b' }", 200, text, &["a", "b"]),
        (
            "export default async function* () { yield '<p>'; await null; yield new Uint8Array([98]) }",
            200,
            html,
            &["<p>", "b"],
        ),
        (
            "export default () => ({status: 203, headers: {'content-type': 'text/event-stream'}, \
          body: ReadableStream.from(['a', 'b'])})",
            203,
            "text/event-stream",
            &["a", "b"],
        ),
        (
            "export default () => new Response(new ReadableStream({async pull(c) { await null; \
          c.enqueue(new Uint8Array([99])); c.close() }}), {status: 206})",
            206,
            bytes,
            &["c"],
        ),
        (
            "export default (async () => { const timer = ms => new Promise(r => setTimeout(r, ms)); \
          return {[Symbol.asyncIterator]() { let n = 0; return {next: async () => { await timer(1); \
          return {value: String(n), done: n++ > 1} }} }} })",
            200,
            text,
            &["0", "1"],
        ),
    ];
    for (code, status, media, wanted) in cases {
        let (head, pieces, done) = streamed(code, usize::MAX);
        assert_eq!(head, Some((*status, (*media).to_owned())), "{code}");
        assert_eq!(pieces, *wanted, "{code}");
        let done = done.map_err(|error| error.message).unwrap();
        assert_eq!((done.status, done.body.len()), (*status, 0), "{code}");
    }
}

#[test]
fn a_body_without_pieces_is_an_empty_answer() {
    let (head, pieces, done) = streamed("export default function* () {}", usize::MAX);
    assert_eq!((head, pieces.len()), (None, 0));
    assert_eq!(done.unwrap().status, 200);
}

#[test]
fn a_stream_that_nobody_listens_to_ends_its_source() {
    let code = "let ended = 0; export function POST() { return ended } \
                export function* GET() { try { for (;;) yield 'x' } finally { ended++ } }";
    let (head, pieces, done) = streamed(code, 2);
    assert_eq!((head.is_some(), pieces.len(), done.is_ok()), (true, 2, true));
}

#[test]
fn a_stream_that_breaks_is_an_error() {
    let (_, pieces, done) =
        streamed("export default function* () { yield 'a'; throw new Error('broke') }", 9);
    assert_eq!((pieces.len(), done.unwrap_err().message.as_str()), (1, "broke"));
    let (_, pieces, done) = streamed("export default function* () { yield 'a'; yield {} }", 9);
    let message = done.unwrap_err().message;
    assert_eq!(pieces.len(), 1);
    assert!(message.contains("a string or bytes"), "{message}");
}

#[test]
fn methods_that_are_not_exported() {
    let code = "export function GET() { return 'got' } export function POST() {}";
    let of = |method: &str| answer(code, asked(method, "", "")).unwrap();
    assert_eq!(of("HEAD").body, "got");
    let options = of("OPTIONS");
    assert_eq!(
        (options.status, header(&options, "allow")),
        (204, vec!["GET, HEAD, OPTIONS, POST"])
    );
    let refused = of("DELETE");
    let body: Value = serde_json::from_slice(&refused.body).unwrap();
    assert_eq!(
        (refused.status, header(&refused, "allow")),
        (405, vec!["GET, HEAD, OPTIONS, POST"])
    );
    assert_eq!(
        body["error"],
        json!({"code": "METHOD_NOT_ALLOWED", "message": "/api/it does not answer DELETE", "request_id": "r1"})
    );
    let own = answer("export function OPTIONS() { return 'mine' }", asked("OPTIONS", "", ""));
    assert_eq!(own.unwrap().body, "mine");
}

#[test]
fn the_form_of_workers_gets_a_standard_request() {
    let code = "let late = 'no'; export default { name: 'it', async fetch(request, env, ctx) { \
                const had = late; \
                ctx.waitUntil((async () => { await null; late = 'yes' })()); \
                ctx.waitUntil(Promise.reject(new Error('logged'))); \
                return Response.json([this.name, env.KEY, (await request.json()).a, request.bodyUsed, \
                request.headers.get('host'), request.body instanceof ReadableStream, \
                request.query ?? null, had]) } }";
    let (mut site, _node) = site(code);
    let mut run = || {
        let request = asked("POST", "application/json", "{\"a\":1}");
        let run = Run { number: 1, site: 1, entry: "api/it.js".to_owned(), request };
        let answer = site.run(run).map_err(|error| error.message).unwrap();
        serde_json::from_slice::<Value>(&answer.body).unwrap()
    };
    let wanted = |had: &str| json!(["it", "value", 1, true, "shop.example.org", true, null, had]);
    assert_eq!(run(), wanted("no"));
    assert_eq!(run(), wanted("yes"));
}

#[test]
fn what_a_version_holds_outlives_the_gathering_of_what_it_dropped() {
    let code = "const kept = new URL('http://x/?a=1'); const params = kept.searchParams; \
                export default { async fetch(request, env) { params.append('n', '2'); \
                const copy = new Request(request); const [one, two] = copy.body.tee(); \
                const text = await new Response(one).text() + await new Response(two).text(); \
                return [kept.search, text, env.KEY, typeof crypto.subtle.digest] } }";
    let (mut site, _node) = site(code);
    for n in 1..4 {
        let request = asked("POST", "", "hi");
        let run = Run { number: 1, site: 1, entry: "api/it.js".to_owned(), request };
        let answer = site.run(run).map_err(|error| error.message).unwrap();
        let search = format!("?a=1{}", "&n=2".repeat(n));
        let got: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(got, json!([search, "hihi", "value", "function"]));
        boa_gc::force_collect();
    }
}
