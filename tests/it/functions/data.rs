//! `fazt.app.{kv, ds, s3}`, and the parts of users.

use fazt_tools::Problem;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{js, run_as, runner, send, thrown, user};
use crate::harness::TestNode;

#[tokio::test]
async fn keys_hold_json_or_bytes_and_come_back_as_they_were() {
    let node = runner().await;
    let value = js(
        &node,
        "
        const { kv } = fazt.app;
        kv.set('json', { a: [1, 2.5, null, 'ü'], d: new Date(0), gone: undefined });
        kv.set('null', null);
        kv.set('bytes', new Uint8Array([0, 255, 7]).subarray(1));
        kv.set('buffer', new Uint8Array([1, 2]).buffer);
        const bytes = kv.get('bytes');
        return {
            json: kv.get('json'), nothing: kv.get('x') === undefined, isNull: kv.get('null'),
            bytes: [bytes instanceof Uint8Array, ...bytes], buffer: [...kv.get('buffer')],
            awaited: await kv.get('json').a,
            deleted: [kv.delete('json'), kv.delete('json')],
        };
    ",
    )
    .await;
    assert_eq!(
        value,
        json!({
            "json": { "a": [1, 2.5, null, "ü"], "d": "1970-01-01T00:00:00.000Z" },
            "nothing": true, "isNull": null, "bytes": [true, 255, 7], "buffer": [1, 2],
            "awaited": [1, 2.5, null, "ü"], "deleted": [true, false],
        })
    );
    // What one request wrote another reads.
    assert_eq!(js(&node, "return [...fazt.app.kv.get('bytes')]").await, json!([255, 7]));
}

#[tokio::test]
async fn keys_are_counted_swapped_listed_and_let_go() {
    let node = runner().await;
    let value = js(
        &node,
        "
        const { kv } = fazt.app;
        const sums = [kv.incr('n'), kv.incr('n', 4), kv.incr('n', -0.5)];
        const swaps = [
            kv.cas('lock', undefined, 'me'), kv.cas('lock', undefined, 'you'),
            kv.cas('lock', 'me', { by: 'me' }), kv.cas('lock', { by: 'me' }, undefined),
        ];
        for (let i = 0; i < 5; i++) kv.set(`p:${i}`, i);
        kv.set('p:5', new Uint8Array([9]), { ttl: 60000 });
        const page = kv.list('p:', { limit: 4 });
        const rest = kv.list('p:', { limit: 4, cursor: page.cursor });
        return {
            sums, swaps, is: Array.isArray(page), keys: page.map(e => e.key),
            values: page.map(e => e.value), more: typeof page.cursor, end: typeof rest.cursor,
            last: [...rest[1].value], ends: rest[1].expiresAt, all: kv.list().length,
        };
    ",
    )
    .await;
    assert_eq!(
        value,
        json!({
            "sums": [1, 5, 4.5], "swaps": [true, false, true, true], "is": true,
            "keys": ["p:0", "p:1", "p:2", "p:3"], "values": [0, 1, 2, 3],
            "more": "string", "end": "undefined", "last": [9],
            "ends": "2026-11-20T07:01:00Z".parse::<jiff::Timestamp>().expect("a time").as_millisecond(),
            "all": 7,
        })
    );
    js(&node, "fazt.app.kv.set('brief', 1, 1000); fazt.app.kv.set('long', 1, { ttl: 5000 })").await;
    node.clock.pass(SignedDuration::from_secs(2));
    let left = js(&node, "return [fazt.app.kv.get('brief') ?? 'gone', fazt.app.kv.get('long')]");
    assert_eq!(left.await, json!(["gone", 1]));
}

#[tokio::test]
async fn documents_are_stored_found_and_changed() {
    let node = runner().await;
    let value = js(
        &node,
        "
        const { ds } = fazt.app;
        const id = ds.insert('people', { name: 'Ann', age: 30, home: { town: 'Ulm' } });
        const ids = ds.insertMany('people', [
            { id: 'b', name: 'Bob', age: 20, tags: ['new'] }, { id: 'c', name: 'Cy', age: 40 },
        ]);
        const page = ds.find('people', { age: { $gte: 20 } }, { sort: '-age', limit: 2 });
        const rest = ds.find('people', {}, { sort: '-age', limit: 2, cursor: page.cursor });
        return {
            id: typeof id, ids, names: [...page, ...rest].map(p => p.name),
            is: Array.isArray(page),
            fields: ds.find('people', { name: 'Ann' }, { fields: ['home.town'] })[0].home,
            one: ds.findOne('people', 'b').name, byId: ds.findOne('people', id).name,
            youngest: ds.findOne('people', {}, { sort: { age: 1 } }).name,
            none: ds.findOne('people', 'x') === undefined,
            updated: ds.update('people', { age: { $lt: 35 } }, { $inc: { age: 1 }, seen: true }),
            replaced: [ds.replace('people', 'c', { name: 'Cid' }), ds.replace('people', 'd', {})],
            count: [ds.count('people'), ds.count('people', { seen: true })],
            ages: ds.distinct('people', 'age'), some: ds.distinct('people', 'age', { id: 'b' }),
            deleted: [ds.delete('people', 'c'), ds.delete('people', { seen: true })],
            left: ds.find('people').map(p => p.id),
        };
    ",
    )
    .await;
    assert_eq!(
        value,
        json!({
            "id": "string", "ids": ["b", "c"], "names": ["Cy", "Ann", "Bob"], "is": true,
            "fields": { "town": "Ulm" }, "one": "Bob", "byId": "Ann", "youngest": "Bob",
            "none": true, "updated": 2, "replaced": [true, false], "count": [4, 2],
            "ages": [21, 31], "some": [21], "deleted": [1, 2], "left": ["d"],
        })
    );
}

#[tokio::test]
async fn objects_are_put_read_and_served_to_who_has_the_address() {
    let node = runner().await;
    let value = js(
        &node,
        "
        const { s3 } = fazt.app;
        const put = s3.put('docs/ä b.txt', 'grüße');
        const blob = s3.put('blob', new Blob(['<b>'], { type: 'text/html' }));
        s3.delete('blob');
        s3.put('docs/pixel', new Uint8Array([1, 2, 3, 4]), { type: 'image/x-pixel' });
        const got = s3.get('docs/pixel');
        const page = s3.list('docs/', { limit: 1 });
        return {
            put: [put.path, put.type, put.size, put.etag.length, typeof put.updatedAt],
            got: [got.data instanceof Uint8Array, [...got.data], got.type, got.size],
            same: got.etag === s3.head('docs/pixel').etag, none: s3.get('x') === undefined,
            noHead: s3.head('x') === undefined, more: page.cursor,
            all: s3.list().map(o => o.path),
            blob: [blob.type, blob.size], url: s3.url('docs/pixel'), text: s3.url('docs/ä b.txt'),
            brief: s3.url('docs/pixel', { ttl: 1000 }),
        };
    ",
    )
    .await;
    assert_eq!(value["put"][1], "text/plain; charset=utf-8");
    assert_eq!((&value["put"][2], &value["put"][3]), (&json!(7), &json!(64)));
    assert_eq!(value["got"], json!([true, [1, 2, 3, 4], "image/x-pixel", 4]));
    assert_eq!(value["all"], json!(["docs/pixel", "docs/ä b.txt"]));
    assert_eq!([&value["same"], &value["none"], &value["noHead"]], [true; 3]);
    assert_eq!(value["more"], "docs/pixel");
    assert_eq!(value["blob"], json!(["text/html", 3]));

    let url = |name: &str| value[name].as_str().expect("an address").to_owned();
    let found = node.get("hello.localhost", &url("url")).await;
    assert_eq!((found.status.as_u16(), found.body.as_slice()), (200, &[1, 2, 3, 4][..]));
    let header = |name: &str| found.headers[name].to_str().expect("text").to_owned();
    assert_eq!(header("content-type"), "image/x-pixel");
    assert_eq!(
        (header("x-content-type-options").as_str(), header("content-security-policy").as_str()),
        ("nosniff", "sandbox")
    );
    let text = node.get("hello.localhost", &url("text")).await;
    assert_eq!(text.body, "grüße".as_bytes());
    let range = [("range", "bytes=1-2")];
    let part = node.ask(reqwest::Method::GET, "hello.localhost", &url("url"), &range).await;
    assert_eq!((part.status.as_u16(), part.body.as_slice()), (206, &[2, 3][..]));
    let tag = header("etag");
    let again = [("if-none-match", tag.as_str())];
    let again = node.ask(reqwest::Method::GET, "hello.localhost", &url("url"), &again).await;
    assert_eq!(again.status.as_u16(), 304);
    let forged = url("url").replace("pixel", "pixie");
    for path in [forged.as_str(), "/_fazt/s3/docs/pixel", "/_fazt/s3/docs/pixel?s=AAAA", "/_fazt/x"]
    {
        assert_eq!(node.get("hello.localhost", path).await.status.as_u16(), 404, "{path}");
    }
    // An address is good on its own app alone, and as long as it says.
    node.deploy("other", &[("index.html", "other")]).await;
    assert_eq!(node.get("other.localhost", &url("url")).await.status.as_u16(), 404);
    assert_eq!(node.get("hello.localhost", &url("brief")).await.status.as_u16(), 200);
    node.clock.pass(SignedDuration::from_secs(1));
    assert_eq!(node.get("hello.localhost", &url("brief")).await.status.as_u16(), 404);
    let longer = url("brief").replace("&e=", "&e=9");
    assert_eq!(node.get("hello.localhost", &longer).await.status.as_u16(), 404);
    js(&node, "return fazt.app.s3.delete('docs/pixel')").await;
    assert_eq!(node.get("hello.localhost", &url("url")).await.status.as_u16(), 404);
}

#[tokio::test]
async fn what_cannot_be_is_refused_by_method_argument_and_limit() {
    let node = runner().await;
    for (code, error, message) in [
        ("kv.get()", "VALIDATION_FAILED", "kv.get: the key has to be a string, and is undefined"),
        ("kv.get(7)", "VALIDATION_FAILED", "and is a number"),
        ("kv.get('')", "VALIDATION_FAILED", "kv.get: a key must not be empty"),
        ("kv.set('a')", "VALIDATION_FAILED", "the value is undefined; `kv.delete` removes a key"),
        ("kv.set('a', () => 1)", "VALIDATION_FAILED", "kv.set: the value is a function"),
        ("kv.set('a', 1n)", "VALIDATION_FAILED", "kv.set: the value is a BigInt"),
        (
            "const o = {}; o.o = [o]; kv.set('a', o)",
            "VALIDATION_FAILED",
            "a part of the value holds itself",
        ),
        (
            "kv.set('a', { b: new Uint8Array(1) })",
            "VALIDATION_FAILED",
            "holds bytes; they are stored alone",
        ),
        ("kv.set('a', new Map())", "VALIDATION_FAILED", "the value is a Map or a Set"),
        (
            "let o = 1; for (let i = 0; i < 200; i++) o = [o]; kv.set('a', o)",
            "VALIDATION_FAILED",
            "nested more than 100 deep",
        ),
        ("kv.set('a', { get b() { throw new Error('mine') } })", "", "mine"),
        (
            "kv.set('a', 1, { ttl: NaN })",
            "VALIDATION_FAILED",
            "a part of the options is not a finite number",
        ),
        ("kv.set('a', 1, { ttl: 'x' })", "VALIDATION_FAILED", "milliseconds above 0"),
        ("kv.set('k'.repeat(2000), 1)", "TOO_LARGE", "a key is 2000 long; at most 1024 are taken"),
        ("kv.set('a', 'x'.repeat(2 << 20))", "TOO_LARGE", "kv.set: a value of JSON is"),
        ("kv.set('a', new Uint8Array(13 << 20))", "TOO_LARGE", "bytes are given at once"),
        ("kv.set('a', new Uint8Array(11 << 20))", "TOO_LARGE", "kv.set: a value of bytes is"),
        (
            "kv.set('t', 'x'); kv.incr('t')",
            "VALIDATION_FAILED",
            "kv.incr: the key `t` holds no number",
        ),
        ("kv.list('', { limit: 5000 })", "VALIDATION_FAILED", "from 1 to 1000"),
        ("ds.insert('c', [])", "VALIDATION_FAILED", "a document has to be an object"),
        (
            "ds.insert('c', { id: 'a' }); ds.insert('c', { id: 'a' })",
            "CONFLICT",
            "ds.insert: there is a document `a` already",
        ),
        ("ds.delete('c')", "VALIDATION_FAILED", "ds.delete: the query is undefined"),
        (
            "ds.delete('c', { owner: undefined })",
            "VALIDATION_FAILED",
            "a part of the query is undefined",
        ),
        (
            "ds.find('c', { age: { $gtt: 1 } })",
            "VALIDATION_FAILED",
            "`$gtt` of `age` is no operator",
        ),
        (
            "ds.update('c', {}, { id: 'b' })",
            "VALIDATION_FAILED",
            "the `id` of a document cannot be changed",
        ),
        (
            "ds.find('c', {}, { cursor: 'x', sort: 'a' })",
            "VALIDATION_FAILED",
            "the cursor is not one of this query's",
        ),
        (
            "s3.put('a', 5)",
            "VALIDATION_FAILED",
            "s3.put: the data has to be a string, a typed array, an ArrayBuffer or a Blob",
        ),
        (
            "s3.put('a', new Uint8Array(11 << 20))",
            "TOO_LARGE",
            "s3.put: an object put from memory is",
        ),
        ("user.kv.get('a')", "NOT_SIGNED_IN", "user.kv.get: nobody is signed in"),
        ("user.s3.url('a')", "NOT_SIGNED_IN", "user.s3.url: nobody is signed in"),
    ] {
        let script = format!("const {{ kv, ds, s3, user }} = fazt.app; {code}");
        let (found, text) = thrown(&node, &script).await;
        assert_eq!(found, error, "{code}: {text}");
        assert!(text.contains(message), "{code}: {text}");
    }
    let (_, text) = thrown(&node, "fazt.app.ds.delete('c')").await;
    assert!(text.contains("ds.delete"), "{text}");
}

#[tokio::test]
async fn apps_and_users_see_only_what_is_theirs() {
    let node = runner().await;
    let run = async |who: &str, code: &str| {
        let signed_in = Some(user(who, &[]));
        run_as(&node, signed_in, false, "", code).await.expect("answered").2["ok"].clone()
    };
    js(&node, "fazt.app.kv.set('k', 'shared')").await;
    for who in ["ann", "bob"] {
        run(who, &format!(
            "fazt.app.user.kv.set('k', '{who}'); fazt.app.user.ds.insert('c', {{ id: '1', who: '{who}' }});
             fazt.app.user.s3.put('o', '{who}')"
        )).await;
    }
    let all = "const u = fazt.app.user; return [fazt.app.kv.get('k'), u.kv.get('k'), \
               u.ds.findOne('c', '1').who, new TextDecoder().decode(u.s3.get('o').data)]";
    assert_eq!(run("ann", all).await, json!(["shared", "ann", "ann", "ann"]));
    assert_eq!(run("bob", all).await, json!(["shared", "bob", "bob", "bob"]));
    let url = run("ann", "return fazt.app.user.s3.url('o')").await;
    let url = url.as_str().expect("an address").to_owned();
    assert_eq!(node.get("hello.localhost", &url).await.body, b"ann");
    let forged = url.replace("u=ann", "u=bob");
    assert_eq!(node.get("hello.localhost", &forged).await.status.as_u16(), 404);
}

#[tokio::test]
async fn a_request_that_asks_too_much_of_the_node_is_answered_with_data_limit() {
    let node = runner().await;
    let (code, _) = thrown(&node, "for (let i = 0; i < 2000; i++) fazt.app.kv.get('a')").await;
    assert_eq!(code, "DATA_LIMIT");
    let answer = send(&node, "/api/run?raw=1", "for (;;) fazt.app.kv.get('a')").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (500, "DATA_LIMIT"));
    let answer = send(&node, "/api/run?raw=1", "fazt.app.kv.get(5)").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (500, "FUNCTION_ERROR"));
    let again = "const e = new Error('later'); e.retryable = true; throw e";
    let answer = send(&node, "/api/run?raw=1", again).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "BUSY"));
    assert_eq!(answer.headers["retry-after"], "1");
}

async fn rehearse(node: &TestNode, code: &str) -> Result<Value, Problem> {
    Ok(run_as(node, None, true, "", code).await?.2["ok"].clone())
}

#[tokio::test]
async fn a_rehearsal_sees_its_own_writes_and_keeps_none() {
    let node = runner().await;
    js(&node, "fazt.app.kv.set('n', 5); fazt.app.ds.insert('c', { id: 'old' })").await;
    let seen = rehearse(
        &node,
        "
        const { kv, ds, s3, tx } = fazt.app;
        kv.incr('n'); kv.set('m', 1);
        const id = ds.insert('c', { a: 1 });
        s3.put('o', 'text');
        tx(() => { kv.incr('n', 10); ds.update('c', id, { a: 2 }) });
        try { tx(() => { kv.set('n', 0); throw 1 }) } catch {}
        return {
            n: kv.get('n'), m: kv.get('m'), a: ds.findOne('c', id).a, count: ds.count('c'),
            text: new TextDecoder().decode(s3.get('o').data), list: s3.list().length,
        };
    ",
    )
    .await
    .expect("answered");
    assert_eq!(seen, json!({ "n": 16, "m": 1, "a": 2, "count": 2, "text": "text", "list": 1 }));
    let left = js(
        &node,
        "
        const { kv, ds, s3 } = fazt.app;
        return [kv.get('n'), kv.get('m') ?? 'none', ds.find('c').map(d => d.id), s3.list().length];
    ",
    )
    .await;
    assert_eq!(left, json!([5, "none", ["old"], 0]));
}
