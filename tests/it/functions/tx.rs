//! `fazt.app.tx`: all or none, whoever else is at it.

use futures_util::future::join_all;
use serde_json::json;

use super::{js, runner, send, thrown};

#[tokio::test]
async fn operations_of_a_transaction_see_each_other_and_are_done_together() {
    let node = runner().await;
    let value = js(&node, "
        const { kv, ds, s3, tx } = fazt.app;
        const before = [];
        const result = tx(app => {
            kv.set('a', 1);
            const id = app.ds.insert('c', { n: kv.get('a') });
            s3.put('o', 'x');
            before.push(kv.incr('a'), ds.findOne('c', id).n, s3.head('o').size);
            return id;
        });
        const awaited = await tx(async () => { await kv.incr('a'); await null; return kv.incr('a') });
        return { before, stored: ds.findOne('c', result).id === result, a: kv.get('a'), awaited,
            size: s3.get('o').size };
    ").await;
    assert_eq!(
        value,
        json!({
            "before": [2, 1, 1], "stored": true, "a": 4, "awaited": 4, "size": 1,
        })
    );
}

#[tokio::test]
async fn what_throws_in_a_transaction_leaves_nothing() {
    let node = runner().await;
    js(&node, "fazt.app.kv.set('n', 1)").await;
    for code in [
        "tx(() => { kv.incr('n'); ds.insert('c', {}); throw new Error('mine') })",
        "tx(async () => { kv.incr('n'); await null; throw new Error('mine') })",
    ] {
        let (_, text) = thrown(&node, &format!("const {{ kv, ds, tx }} = fazt.app; {code}")).await;
        assert_eq!(text, "mine");
    }
    for (code, error, message) in [
        ("tx()", "VALIDATION_FAILED", "tx: give a function"),
        ("tx(() => { kv.incr('n'); tx(() => 1) })", "TX_NESTED", "inside another"),
        ("tx(() => { kv.incr('n'); kv.set('', 1) })", "VALIDATION_FAILED", "kv.set"),
        ("tx(() => { for (let i = 0; i < 101; i++) kv.incr('n') })", "TOO_LARGE", "at most 100"),
        (
            "tx(() => { for (let i = 0; i < 9; i++) kv.set('x' + i, 'x'.repeat(900000)) })",
            "TOO_LARGE",
            "writes and reads at most",
        ),
        ("await tx(() => new Promise(() => {}))", "", "never comes"),
    ] {
        let script = format!("const {{ kv, tx }} = fazt.app; {code}");
        let (found, text) = thrown(&node, &script).await;
        assert_eq!(found, error, "{code}: {text}");
        assert!(text.contains(message), "{code}: {text}");
    }
    let left = js(
        &node,
        "return [fazt.app.kv.get('n'), fazt.app.ds.count('c'), fazt.app.kv.list().length]",
    );
    assert_eq!(left.await, json!([1, 0, 1]), "nor does a transaction that failed hold up the next");
    // What was caught inside is not done, and the rest is.
    js(
        &node,
        "
        const { kv, tx } = fazt.app;
        tx(() => { kv.set('t', 'x'); try { kv.incr('t') } catch {} kv.incr('n') });
    ",
    )
    .await;
    assert_eq!(js(&node, "return fazt.app.kv.get('n')").await, json!(2));
}

#[tokio::test]
async fn a_function_runs_again_when_others_changed_what_it_was_shown() {
    let node = runner().await;
    // The first run is overtaken by a request of its own making: a write outside.
    let value = js(
        &node,
        "
        const { kv, tx } = fazt.app;
        kv.set('n', 10);
        return 0;
    ",
    );
    assert_eq!(value.await, json!(0));
    // Each moves 1 from one key to the other; the sum stays, and no move is lost.
    let mv = "
        const { kv, tx } = fazt.app;
        tx(() => {
            const from = kv.get('n'), to = kv.get('m') ?? 0;
            kv.set('n', from - 1);
            kv.set('m', to + 1);
        });
    ";
    let done = join_all((0..24).map(|_| send(&node, "/api/run", mv))).await;
    let moved = done.iter().filter(|answer| answer.json()["error"].is_null()).count();
    for answer in &done {
        let answer = answer.json();
        assert!(answer["error"].is_null() || answer["code"] == "TX_CONFLICT", "{answer}");
    }
    let left = js(&node, "return [fazt.app.kv.get('n'), fazt.app.kv.get('m')]").await;
    assert_eq!(left, json!([10 - i64::try_from(moved).expect("few"), moved]));
    assert!(moved > 0);
}
