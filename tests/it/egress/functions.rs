//! What functions see: errors to catch, promises side by side, an end to all of it.

use std::path::Path;

use reqwest::Method;
use serde_json::json;

use super::world::{Reply, World, answer, redirect};
use crate::harness::until;

const OK: &[u8] = b"HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn a_refusal_is_an_error_with_a_code() {
    let world = World::new(|_| answer(200, &[], "x")).await;
    let thrown = world
        .eval(
            "try { fazt.net.fetch('https://api.site.test/'); return 'reached' } catch (e) {
                return [e instanceof Error, e.code, e.retryable, e.message] }",
        )
        .await;
    assert_eq!(thrown[0], true);
    assert_eq!((&thrown[1], &thrown[2]), (&json!("NET_BLOCKED"), &json!(false)));
    let message = thrown[3].as_str().expect("text");
    assert!(message.ends_with("fazt net allow api.site.test --app shop"), "{message}");
    let rejected = world
        .eval(
            "try { await fetch('https://api.site.test/'); return 'reached' } catch (e) {
                return [e.code, e.retryable] }",
        )
        .await;
    assert_eq!(rejected, json!(["NET_BLOCKED", false]));
}

#[tokio::test]
async fn an_error_that_nobody_catches_says_whether_to_try_again() {
    let world = World::new(|_| answer(200, &[], "x")).await;
    let call = "function handler() { fazt.net.fetch('https://api.site.test/'); return 'x' }";
    let refused = world.run(call).await;
    assert_eq!(refused.status, 500);
    assert!(!refused.text().contains("api.site.test"), "a stranger learns nothing");
    world.allow("api.site.test", json!({ "rate": 1 })).await;
    assert_eq!(world.run(call).await.status, 200);
    let busy = world.run(call).await;
    assert_eq!((busy.status.as_u16(), busy.header("retry-after")), (503, "1"));
}

#[tokio::test]
async fn a_sixth_call_of_one_request_is_refused_and_the_next_request_begins_anew() {
    let world = World::new(|_| answer(200, &[], "x")).await;
    world.allow("api.site.test", json!({})).await;
    let code = "const get = () => { try { return fazt.net.fetch('https://api.site.test/').text() }
            catch (e) { return e.code } };
        export default () => [1, 2, 3, 4, 5, 6].map(get)";
    world.node.deploy("shop", &[("api/try.js", code)]).await;
    for _ in 0..2 {
        let answer = world.node.get("shop.localhost", "/api/try").await;
        assert_eq!(answer.json(), json!(["x", "x", "x", "x", "x", "NET_LIMIT"]));
    }
}

#[tokio::test]
async fn calls_of_one_handler_run_side_by_side() {
    // None is answered before three have come.
    let world = World::new(|_| Reply::Together(3, OK.to_vec())).await;
    world.allow("api.site.test", json!({})).await;
    let read = world
        .eval(
            "const all = await Promise.all([1, 2, 3].map((n) =>
                fetch('https://api.site.test/' + n)));
             return Promise.all(all.map((res) => res.text()))",
        )
        .await;
    assert_eq!(read, json!(["ok", "ok", "ok"]));
}

#[tokio::test]
async fn one_of_several_that_fails_leaves_the_others() {
    let world = World::new(|seen| answer(200, &[], &seen.path)).await;
    world.allow("api.site.test", json!({})).await;
    let read = world
        .eval(
            "const urls = ['https://api.site.test/a', 'https://www.site.test/', 'https://api.site.test/b'];
             const done = await Promise.allSettled(urls.map(async (u) => (await fetch(u)).text()));
             return done.map((d) => d.value ?? d.reason.code)",
        )
        .await;
    assert_eq!(read, json!(["/a", "NET_BLOCKED", "/b"]));
}

#[tokio::test]
async fn timers_go_on_while_a_call_is_under_way() {
    let world = World::new(|_| Reply::Together(2, OK.to_vec())).await;
    world.allow("api.site.test", json!({})).await;
    // The first call is answered once the second has come, which a timer begins.
    let read = world
        .eval(
            "const order = [];
             const first = fetch('https://api.site.test/1').then(() => order.push('first'));
             await new Promise((go) => setTimeout(go, 20));
             order.push('timer');
             await fetch('https://api.site.test/2');
             await first;
             return order",
        )
        .await;
    assert_eq!(read, json!(["timer", "first"]));
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_ends_with_its_request() {
    let world = World::new(|_| Reply::Hang(Vec::new())).await;
    world.allow("api.site.test", json!({})).await;
    let code = "export default async function () {
            fetch('https://api.site.test/');
            await new Promise((go) => setTimeout(go, 100));
            return 'done' }";
    assert_eq!(world.run(code).await.text(), "done");
    until("the connection is closed", async || world.server.still_open() == 0).await;
    assert_eq!(world.server.count(), 1);
    assert_eq!(world.node.node().egress.under_way(), 0);
    // The worker is well, and its next request may fetch.
    let code = "export default async function () {
            try { fazt.net.fetch('https://api.site.test/', { timeout: 50 }) } catch (e) { return e.code } }";
    assert_eq!(world.run(code).await.text(), "NET_TIMEOUT");
}

#[tokio::test]
async fn a_function_that_is_killed_closes_its_connections() {
    let world = World::new(|_| Reply::Hang(Vec::new())).await;
    world.allow("api.site.test", json!({})).await;
    let code = "export default async function () { fetch('https://api.site.test/');
            await new Promise((go) => setTimeout(go, 50));
            for (;;) {} }";
    assert_eq!(world.run(code).await.status, 504);
    assert_eq!(world.server.count(), 1);
    until("the connection is closed", async || world.server.still_open() == 0).await;
    assert_eq!(world.node.node().egress.under_way(), 0);
    let log = world.node.call(Method::GET, "/api/net/log", None).await.data();
    // It ends with the function, or on a slow machine by its own time before that.
    let code = log["fetches"][0]["code"].as_str().unwrap_or_default();
    assert!(["CANCELLED", "NET_TIMEOUT"].contains(&code), "{log}");
}

#[tokio::test]
async fn what_is_sent_is_what_was_given() {
    let world = World::new(|seen| {
        let headers: Vec<_> = seen.headers.iter().filter(|(n, _)| n.starts_with("x-")).collect();
        let told = json!([seen.method, seen.path, headers, String::from_utf8_lossy(&seen.body)]);
        answer(201, &[("content-type", "application/json")], told.to_string())
    })
    .await;
    world.allow("api.site.test", json!({})).await;
    let read = world
        .eval(
            "const url = 'https://api.site.test/p?q=ü';
             const res = fazt.net.fetch(url, {
                method: 'post', headers: { 'X-A': 1, 'x-b': ['c', 'd'] }, body: 'ä' });
             const bytes = await fetch(url, { method: 'PUT', headers: [['x-a', 'b']],
                body: new Uint8Array([65, 66, 67]).subarray(1) });
             return [res.status, res.ok, res.json(), bytes.status, await bytes.json()]",
        )
        .await;
    assert_eq!(
        read,
        json!([
            201,
            true,
            ["POST", "/p?q=%C3%BC", [["x-a", "1"], ["x-b", "c"], ["x-b", "d"]], "ä"],
            201,
            ["PUT", "/p?q=%C3%BC", [["x-a", "b"]], "BC"]
        ])
    );
}

#[tokio::test]
async fn fetch_is_the_standard_one() {
    let world = World::new(|seen| match seen.path.as_str() {
        "/" => redirect(302, "/next"),
        "/none" => answer(204, &[], ""),
        _ => {
            let told =
                format!("{} {} {}", seen.method, seen.header("content-type"), seen.body.len());
            answer(200, &[("x-many", "a"), ("x-many", "b"), ("set-cookie", "c=1")], told)
        }
    })
    .await;
    world.allow("api.site.test", json!({})).await;
    let read = world
        .eval(
            "const url = 'https://api.site.test/';
             const res = await fetch(new Request(url, { headers: { accept: 'x' } }));
             const got = [res instanceof Response, res.ok, res.status, res.statusText, res.redirected,
                res.url, res.headers.get('x-many'), res.headers.getSetCookie(), res.bodyUsed,
                await res.text(), res.bodyUsed];
             const form = new FormData();
             form.append('a', 'b');
             const body = new URLSearchParams({ a: 'b c' });
             const sent = await fetch(new URL('form', url), { method: 'POST', body });
             const none = await fetch(url + 'none');
             const errors = [];
             for (const options of [{ redirect: 'error' }, { signal: AbortSignal.abort() },
                { method: 'GET', body: 'x' }, { headers: { 'x y': 'z' } }]) {
                 await fetch(url, options).catch((e) => errors.push(e.name));
             }
             const parts = await fetch(url + 'form', { method: 'PUT', body: form });
             return [got, await sent.text(), [none.status, none.body],
                errors, (await parts.text()).startsWith('PUT multipart/form-data; boundary=')]",
        )
        .await;
    assert_eq!(
        read,
        json!([
            [
                true,
                true,
                200,
                "OK",
                true,
                "https://api.site.test/next",
                "a, b",
                ["c=1"],
                false,
                "GET  0",
                true
            ],
            "POST application/x-www-form-urlencoded;charset=UTF-8 5",
            [204, null],
            ["TypeError", "AbortError", "TypeError", "TypeError"],
            true
        ])
    );
}

#[tokio::test]
async fn a_call_that_is_aborted_closes_its_connection() {
    let world = World::new(|_| Reply::Hang(Vec::new())).await;
    world.allow("api.site.test", json!({})).await;
    let read = world
        .eval(
            "const control = new AbortController();
             setTimeout(() => control.abort(), 50);
             try { await fetch('https://api.site.test/', { signal: control.signal }) } catch (e) {
                return [e.name] }",
        )
        .await;
    assert_eq!((read, world.server.count()), (json!(["AbortError"]), 1));
    until("the connection is closed", async || world.server.still_open() == 0).await;
}

#[tokio::test]
async fn a_redirect_may_be_the_answer_or_an_error() {
    let world = World::new(|seen| match seen.path.as_str() {
        "/" => redirect(302, "/next"),
        _ => answer(200, &[], "there"),
    })
    .await;
    world.allow("api.site.test", json!({})).await;
    let read = world
        .eval(
            "const get = (redirect) => fazt.net.fetch('https://api.site.test/', { redirect });
             const followed = get();
             let thrown; try { get('error') } catch (e) { thrown = e.name }
             return [followed.redirected, followed.url, get('manual').status, thrown]",
        )
        .await;
    assert_eq!(read, json!([true, "https://api.site.test/next", 302, "TypeError"]));
}

#[tokio::test]
async fn a_file_that_is_loaded_fetches_nothing() {
    let world = World::new(|_| answer(200, &[], "x")).await;
    world.allow("api.site.test", json!({})).await;
    let code =
        "let code; try { fazt.net.fetch('https://api.site.test/') } catch (e) { code = e.code }
        export default () => code";
    assert_eq!(world.run(code).await.text(), "NOT_IN_A_REQUEST");
    assert_eq!(world.server.count(), 0);
}

#[tokio::test]
async fn the_weather_is_fetched_with_its_key_and_kept() {
    let world = World::new(|seen| match seen.header("x-api-key") {
        "weather-key-of-the-test" if seen.path == "/now?city=Z%C3%BCrich" => {
            answer(200, &[("content-type", "application/json")], r#"{"celsius":21}"#)
        }
        _ => answer(401, &[], "{}"),
    })
    .await;
    let host = "api.weather.example";
    world.names.say(host, &[&["127.0.0.1"]]);
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/weather/api/weather.js");
    let code = std::fs::read_to_string(example).expect("the example");
    world.node.deploy("shop", &[("api/weather.js", &code)]).await;
    let ask = async || {
        let answer = world.node.get("shop.localhost", "/api/weather?city=Z%C3%BCrich").await;
        (answer.status.as_u16(), answer.json())
    };
    assert_eq!(ask().await, (502, json!({ "error": "NET_BLOCKED" })));
    world.allow(host, json!({})).await;
    assert_eq!(ask().await, (502, json!({ "error": "NET_AUTH" })));
    let way = json!({ "inject": "header", "key": "x-api-key" });
    world.secret("WEATHER_KEY", "weather-key-of-the-test", &[host], way).await;
    let told = |kept: bool| json!({ "city": "Zürich", "celsius": 21, "kept": kept });
    assert_eq!(ask().await, (200, told(false)));
    assert_eq!(ask().await, (200, told(true)));
    assert_eq!(world.server.count(), 1);
}
