//! `console` and `fazt.log`, as the node gets their lines.

use std::sync::Arc;

use async_trait::async_trait;
use fazt::{
    lifecycle::Lifecycle,
    runtime::{
        Budgets, HostCalls, Job, Pool, Ready,
        frames::{App, Bounds, Call, HostError, Kind, Line, Load, Reply, Request, Script},
    },
};

/// Nobody asks it anything here.
struct Nothing;

#[async_trait]
impl HostCalls for Nothing {
    async fn call(&self, call: Call) -> Result<Reply, HostError> {
        Err(HostError::new("NOT_FOUND", call.api))
    }
}

/// The lines that a handler's body logs.
async fn logs(body: &str) -> Vec<Line> {
    let code = format!("export async function GET() {{ {body} }}");
    let path = "api/a.js".to_owned();
    let script = Script {
        path: path.clone(),
        code,
        kind: Kind::Module,
        imports: Vec::new(),
        exports: Vec::new(),
        program: false,
    };
    let scripts = Ready::new(Load {
        site: 1,
        app: App {
            id: "app_1".into(),
            name: "hello".into(),
            version: 1,
            domain: "localhost".into(),
            admin: "http://admin.localhost".into(),
        },
        files: vec![script],
        entries: vec![path.clone()],
        env: Vec::new(),
        fresh: false,
        bounds: Bounds { memory: 64 << 20, answer: 1 << 20, lines: 10, line: 200 },
    });
    let lifecycle = Lifecycle::default();
    let pool = Pool::new(env!("CARGO_BIN_EXE_fazt").into(), lifecycle);
    let request = Request { method: "GET".into(), ..Request::default() };
    let (host, budgets) = (Arc::new(Nothing), Budgets::default());
    let job = Job { app: 1, scripts, entry: path, request, host, budgets };
    let outcome = pool.run(job).await;
    assert!(outcome.answer.is_ok(), "{:?}", outcome.answer.err());
    outcome.report.lines
}

fn texts(lines: &[Line]) -> Vec<(&str, &str)> {
    lines.iter().map(|line| (line.level.as_str(), line.text.as_str())).collect()
}

#[tokio::test]
async fn lines_say_what_was_logged_at_which_level() {
    let lines = logs(
        "
        console.log('a', 1, { b: [true] }, 'c');
        console.warn('%s is %d years, %j %%', 'Ann', '30', { x: 1 }, 'and more');
        console.error(new TypeError('no'));
        console.debug(new Map([[1, 2]]));
        fazt.log.info('saved', { id: 5, at: new Date(0) });
        fazt.log.error('plain');
        fazt.log.warn({ a: 1 }, 'x');
    ",
    )
    .await;
    let [a, b, error, c, saved, plain, odd] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(
        texts(&[a.clone(), b.clone(), c.clone()]),
        [
            ("info", "a 1 { b: [ true ] } c"),
            ("warn", "Ann is 30 years, { x: 1 } % and more"),
            ("debug", "Map(1) { 1 => 2 }"),
        ]
    );
    assert!(
        error.text.starts_with("TypeError: no\n    at ") && error.text.contains("api/a.js:"),
        "{}",
        error.text
    );
    assert_eq!(
        (saved.text.as_str(), saved.fields.as_str()),
        ("saved", "{\"id\":5,\"at\":\"1970-01-01T00:00:00.000Z\"}")
    );
    assert_eq!((plain.level.as_str(), plain.fields.as_str()), ("error", ""));
    assert_eq!(odd.text, "{ a: 1 } 'x'");
}

#[tokio::test]
async fn the_rest_of_the_console_does_what_it_does_elsewhere() {
    let lines = logs(
        "
        console.group('outer');
        console.log('in\\nside');
        console.groupEnd();
        console.count(); console.count();
        console.assert(1 === 2, 'sums', 3); console.assert(true);
        console.table([{ a: 1, b: 'x' }, { a: 22 }]);
        console.time('t'); console.timeEnd('t'); console.timeEnd('t');
    ",
    )
    .await;
    let texts = texts(&lines);
    assert_eq!(
        texts[..6],
        [
            ("info", "outer"),
            ("info", "  in\n  side"),
            ("info", "default: 1"),
            ("info", "default: 2"),
            ("error", "Assertion failed: sums 3"),
            ("info", "(index)  a   b\n0        1   'x'\n1        22"),
        ]
    );
    assert!(texts[6].1.starts_with("t: ") && texts[6].1.ends_with("ms"), "{texts:?}");
    assert_eq!(texts[7], ("warn", "console.time: there is no timer `t`"));
    let trace = logs("console.trace('here')").await;
    assert!(trace[0].text.starts_with("Trace: here"), "{trace:?}");
}

#[tokio::test]
async fn a_log_is_bounded_and_what_it_cannot_show_stops_nobody() {
    let lines = logs("for (let i = 0; i < 1000; i++) console.log('line', i)").await;
    assert_eq!(lines.len(), 11);
    assert_eq!(texts(&lines)[10], ("warn", "more than 10 lines: the rest is dropped"));
    let lines = logs(
        "
        console.log('ü'.repeat(5000));
        const o = {}; o.o = o; console.log(o);
        console.log(new Proxy({}, { ownKeys() { throw new Error('mine') } }));
        console.log({ get a() { throw new Error('mine') } });
        fazt.log.info('cyclic', o);
        fazt.log.info('long', { a: 'x'.repeat(5000) });
        console.log(Array.from({ length: 1e5 }, () => 'x'.repeat(100)));
    ",
    )
    .await;
    assert_eq!(lines.len(), 7);
    assert!(lines.iter().all(|line| line.text.len() + line.fields.len() <= 220), "{lines:?}");
    assert!(lines[0].text.ends_with("ü … (cut)"));
    assert_eq!(lines[1].text, "{ o: [Circular] }");
    assert_eq!(lines[4].text, "cyclic { o: [Circular] }");
    assert_eq!(lines[5].fields, "{\"cut\":true}");
}
