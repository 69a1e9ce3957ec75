//! How fast is the store by itself?
//!
//! `cargo bench --bench store` measures durable small writes, the commit of one
//! large version, and reads of contents, each on a new database below the
//! folder of `FAZT_BENCH_WORK` (else the system's temporary one, which should
//! be a disk). `… -- prepare DATABASE APPS FILES` makes a full database instead.
//! With `--gate` it ends with 1 when a goal is missed.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, reads its environment and measures real time"
)]

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use fazt::{
    clock,
    store::{
        Actor, AppStore as _, BlobStore as _, Content, DataStore as _, Hash, NewBlob, Publish,
        SettingStore as _, Traffic, TreeEntry, UpkeepStore as _, Variant, VersionSettings,
        data::{DataScope, Datum, Operation, Space},
        sqlite::{Options, SqliteStore},
    },
};
use fazt_tools::{AppName, Face};
use jiff::Timestamp;
use rand::RngExt as _;

/// Durable writes a second by 64 tasks.
const WRITES: f64 = 30_000.0;
/// Keys of apps read a second, and set durably, by 64 tasks.
const KEYS_READ: f64 = 100_000.0;
const KEYS_SET: f64 = 30_000.0;
/// Megabytes a second of one large version.
const PUBLISH: f64 = 200.0;
/// How long tasks write.
const WHILE: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() -> ExitCode {
    // `cargo bench` adds `--bench`.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["prepare", db, apps, files] => {
            let number = |word: &str| word.parse::<usize>().expect("a number");
            prepare(Path::new(db), number(apps), number(files)).await;
            ExitCode::SUCCESS
        }
        [] | ["--gate"] => {
            let held = measure().await;
            if held || words.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        _ => {
            eprintln!("usage: store [--gate] | store prepare DATABASE APPS FILES");
            ExitCode::from(2)
        }
    }
}

async fn measure() -> bool {
    let mut held = true;
    for tasks in [1, 8, 64, 512] {
        let rate = median(async || small_writes(tasks).await).await;
        let goal = if tasks == 64 { WRITES } else { 0.0 };
        held &= say(&format!("durable counts, {tasks} tasks"), rate, "/s", goal);
    }
    let rate = median(ledger_writes).await;
    held &= say("durable settings with their ledger rows, 64 tasks", rate, "/s", 0.0);
    let rate = median(key_writes).await;
    held &= say("durable keys of an app, 64 tasks", rate, "/s", KEYS_SET);
    let rate = median(key_reads).await;
    held &= say("reads of an app's keys, 64 tasks", rate, "/s", KEYS_READ);
    let rate = median(large_version).await;
    held &= say("version of 10,000 files, 100 MB, less hashing", rate, " MB/s", PUBLISH);
    let rate = median(reads).await;
    held &= say("reads of 10 KB contents, one task", rate, "/s", 0.0);
    held
}

/// The middle of three runs.
async fn median(run: impl AsyncFn() -> f64) -> f64 {
    let mut rates = [run().await, run().await, run().await];
    rates.sort_by(f64::total_cmp);
    rates[1]
}

fn say(what: &str, rate: f64, unit: &str, goal: f64) -> bool {
    let held = rate >= goal;
    let word = match (goal > 0.0, held) {
        (false, _) => String::new(),
        (true, true) => format!("  goal ≥ {goal:.0}: held"),
        (true, false) => format!("  goal ≥ {goal:.0}: missed"),
    };
    println!("{what:<50}{rate:>10.0}{unit}{word}");
    held
}

/// A store in a folder of its own, gone when this value is.
struct Scratch {
    store: Arc<SqliteStore>,
    _folder: tempfile::TempDir,
}

impl Scratch {
    fn new() -> Self {
        let work =
            std::env::var_os("FAZT_BENCH_WORK").map_or_else(std::env::temp_dir, PathBuf::from);
        std::fs::create_dir_all(&work).expect("a folder to work in");
        let folder = tempfile::tempdir_in(work).expect("a folder to work in");
        let db = folder.path().join("data.db");
        let store = SqliteStore::open(&db, Options::default()).expect("a new database");
        Self { store: Arc::new(store), _folder: folder }
    }
}

/// Runs `write` in so many tasks, each waiting for its own commit; writes a second.
async fn by_tasks<F>(
    tasks: u64,
    write: impl Fn(Arc<SqliteStore>, u64, u64) -> F + Copy + Send + 'static,
) -> f64
where
    F: Future<Output = ()> + Send,
{
    let scratch = Scratch::new();
    let published = scratch.store.publish(order("bench", vec![noise(10)])).await;
    assert_eq!(published.expect("published").app, space().app);
    for number in 0..1_000 {
        let set = set(key(0, number), 0);
        scratch.store.data(&space(), set, Timestamp::UNIX_EPOCH).await.expect("set");
    }
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let start = Instant::now();
    let mut writing = tokio::task::JoinSet::new();
    for task in 0..tasks {
        let (store, stop, done) = (scratch.store.clone(), stop.clone(), done.clone());
        writing.spawn(async move {
            let mut round = 0;
            while !stop.load(Ordering::Relaxed) {
                write(store.clone(), task, round).await;
                done.fetch_add(1, Ordering::Relaxed);
                round += 1;
            }
        });
    }
    tokio::time::sleep(WHILE).await;
    stop.store(true, Ordering::Relaxed);
    writing.join_all().await;
    done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
}

async fn small_writes(tasks: u64) -> f64 {
    by_tasks(tasks, |store, task, round| async move {
        let (app, hour) = (id(task), id(round));
        let count = Traffic { app, hour, requests: 1, errors: 0 };
        store.add_traffic(vec![count]).await.expect("a durable write");
    })
    .await
}

async fn ledger_writes() -> f64 {
    by_tasks(64, |store, task, round| async move {
        let (key, value) = (format!("bench.{task}"), Some(round.to_string()));
        store.set_setting(&key, value, actor()).await.expect("a durable write");
    })
    .await
}

/// The data of the first app of a new store.
fn space() -> Space {
    Space { app: 1, scope: DataScope::shared() }
}

/// One of 1,000 keys.
fn key(task: u64, round: u64) -> String {
    format!("key:{}", (task * 31 + round) % 1_000)
}

fn set(key: String, number: u64) -> Operation {
    Operation::KvSet { key, value: Datum::json(&number.into()), ttl: None }
}

async fn key_writes() -> f64 {
    by_tasks(64, |store, task, round| async move {
        let (space, set) = (space(), set(key(task, round), round));
        store.data(&space, set, Timestamp::UNIX_EPOCH).await.expect("a durable write");
    })
    .await
}

async fn key_reads() -> f64 {
    by_tasks(64, |store, task, round| async move {
        // Everything a read waits for is in memory: tasks take turns by themselves.
        tokio::task::consume_budget().await;
        let held = store.kv_get(&space(), &key(task, round), Timestamp::UNIX_EPOCH).await;
        held.expect("read").expect("it was set");
    })
    .await
}

/// Megabytes a second of one publish with 10,000 contents that are all new.
async fn large_version() -> f64 {
    const FILES: usize = 10_000;
    const SIZE: usize = 10_000;
    let scratch = Scratch::new();
    let contents: Vec<Bytes> = (0..FILES).map(|_| noise(SIZE)).collect();
    let order = order("large", contents);
    let start = Instant::now();
    scratch.store.publish(order).await.expect("published");
    (FILES * SIZE) as f64 / 1e6 / start.elapsed().as_secs_f64()
}

async fn reads() -> f64 {
    const FILES: usize = 10_000;
    let scratch = Scratch::new();
    let contents = (0..FILES).map(|_| noise(10 << 10)).collect();
    let done = scratch.store.publish(order("read", contents)).await.expect("published");
    let files = scratch.store.files(done.app, done.version).await.expect("read").expect("there");
    let start = Instant::now();
    for _ in 0..FILES * 5 {
        let file = &files[rand::rng().random_range(0..files.len())];
        let content = scratch.store.blob(file.blob.id, Variant::Identity).await.expect("read");
        assert_eq!(content.map_or(0, |bytes| bytes.len()), 10 << 10);
    }
    (FILES * 5) as f64 / start.elapsed().as_secs_f64()
}

/// Fills a new database with so many apps of so many small files each.
async fn prepare(db: &Path, apps: usize, files: usize) {
    let store = SqliteStore::open(db, Options::default()).expect("a new database");
    for app in 0..apps {
        let contents = (0..files).map(|_| noise(200)).collect();
        store.publish(order(&format!("app{app}"), contents)).await.expect("published");
    }
    store.close().await;
}

/// The first version of an app: contents as `assets/page-0.html` and so on.
fn order(app: &str, contents: Vec<Bytes>) -> Publish {
    let blob = |content: Bytes| NewBlob {
        hash: Hash::of(&content),
        size: content.len() as u64,
        content: Content::Memory(content),
    };
    let blobs: Vec<NewBlob> = contents.into_iter().map(blob).collect();
    let tree = blobs.iter().enumerate().map(|(index, blob)| TreeEntry {
        path: format!("assets/page-{index}.html"),
        hash: blob.hash,
        size: blob.size,
        compressible: false,
    });
    Publish {
        app: AppName::parse(app).expect("a name"),
        uid: clock::id("app_"),
        tree: tree.collect(),
        blobs,
        manifest: "{}".to_owned(),
        settings: VersionSettings::default(),
        message: None,
        live: true,
        actor: actor(),
    }
}

fn actor() -> Actor {
    Actor {
        at: Timestamp::UNIX_EPOCH,
        caller: "bench".to_owned(),
        face: Face::Cli,
        client: None,
        tool: "bench".to_owned(),
        input: serde_json::Value::Null,
    }
}

fn noise(size: usize) -> Bytes {
    let mut bytes = vec![0; size];
    rand::rng().fill(&mut bytes[..]);
    bytes.into()
}

fn id(number: u64) -> i64 {
    i64::try_from(number).expect("a small number")
}
