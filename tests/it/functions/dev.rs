//! `fazt dev`: a folder is served, followed, and its faults are shown.

use std::{
    fs,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::Child,
};

use crate::harness::{Answer, client, program, until};

/// A folder under development.
struct Dev {
    folder: TempDir,
    home: TempDir,
    child: Child,
    out: Arc<Mutex<String>>,
    err: Arc<Mutex<String>>,
    url: String,
}

fn collect(from: impl AsyncRead + Send + Unpin + 'static) -> Arc<Mutex<String>> {
    let held = Arc::new(Mutex::new(String::new()));
    let kept = held.clone();
    tokio::spawn(async move {
        let mut lines = BufReader::new(from).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut held = kept.lock().expect("nobody panics");
            held.push_str(&line);
            held.push('\n');
        }
    });
    held
}

fn write(folder: &Path, path: &str, text: &str) {
    let file = folder.join(path);
    fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    fs::write(file, text).expect("written");
}

impl Dev {
    async fn start(files: &[(&str, &str)], more: &[&str]) -> Self {
        let (folder, home) =
            (tempfile::tempdir().expect("made"), tempfile::tempdir().expect("made"));
        for (path, text) in files {
            write(folder.path(), path, text);
        }
        let mut command = program(home.path());
        command.arg("dev").arg(folder.path()).args(["--name", "site", "--port", "0"]).args(more);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let out = collect(child.stdout.take().expect("its output"));
        let err = collect(child.stderr.take().expect("its remarks"));
        let mut dev = Self { folder, home, child, out, err, url: String::new() };
        dev.says("http://").await;
        dev.out().lines().next().unwrap_or_default().clone_into(&mut dev.url);
        dev
    }

    fn out(&self) -> String {
        self.out.lock().expect("nobody panics").clone()
    }

    fn err(&self) -> String {
        self.err.lock().expect("nobody panics").clone()
    }

    async fn says(&self, part: &str) {
        until(part, async || self.out().contains(part) || self.err().contains(part)).await;
    }

    async fn get(&self, path: &str) -> Answer {
        let (_, address) = self.url.split_once("site.localhost").expect("its address");
        let request = client().get(format!("http://127.0.0.1{address}{path}"));
        Answer::of(request.header("host", "site.localhost")).await
    }

    async fn serves(&self, path: &str, text: &str) {
        until(text, async || self.get(path).await.text() == text).await;
    }

    async fn ends(mut self) -> TempDir {
        let id = self.child.id().expect("it runs").to_string();
        let sent = tokio::process::Command::new("kill").args(["-INT", &id]).status().await;
        assert!(sent.expect("`kill` runs").success());
        let ended = tokio::time::timeout(std::time::Duration::from_secs(15), self.child.wait());
        assert!(ended.await.expect("in time").expect("waited for").success());
        self.home
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_saved_is_live_a_moment_later_and_what_is_broken_is_not() {
    let hello = ("api/hello.js", "export default () => 'one'");
    let dev = Dev::start(&[("index.html", "front"), hello], &[]).await;
    dev.serves("/", "front").await;
    dev.serves("/api/hello", "one").await;
    write(dev.folder.path(), "api/hello.js", "export default () => 'two'");
    dev.serves("/api/hello", "two").await;
    // A folder that was not there before is followed as well.
    write(dev.folder.path(), "api/deep/er.js", "export default () => 'deep'");
    dev.serves("/api/deep/er", "deep").await;
    write(dev.folder.path(), "api/hello.js", "export default ( => 'three'");
    dev.says("> 1 | export default ( => 'three'").await;
    assert_eq!(dev.get("/api/hello").await.text(), "two");
    write(dev.folder.path(), "api/hello.js", "export default () => 'four'");
    dev.serves("/api/hello", "four").await;
    fs::remove_dir_all(dev.folder.path().join("api/deep")).expect("removed");
    until("it is gone", async || dev.get("/api/deep/er").await.status == 404).await;
    let home = dev.ends().await;
    let left: Vec<_> = fs::read_dir(home.path()).expect("read").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_functions_log_and_how_they_fail_is_shown() {
    let fails = "export default (req) => {\n  console.log('asked for', req.path)\n  \
                 return req.nothing.there\n}\n";
    let dev = Dev::start(&[("index.html", "front"), ("api/fails.js", fails)], &[]).await;
    assert_eq!(dev.get("/api/fails").await.status, 500);
    dev.says("asked for /api/fails").await;
    dev.says("> 3 |   return req.nothing.there").await;
    assert!(dev.out().contains("at api/fails.js:3:"), "{}", dev.out());
    dev.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_named_is_kept() {
    let kept = tempfile::tempdir().expect("made");
    let db = kept.path().join("mine.db");
    let dev = Dev::start(&[("index.html", "front")], &["--db", db.to_str().expect("plain")]).await;
    dev.serves("/", "front").await;
    dev.ends().await;
    assert!(db.exists());
    let apps = program(kept.path()).args(["apps", "--json", "--db"]).arg(&db).output().await;
    let apps = String::from_utf8_lossy(&apps.expect("it runs").stdout).into_owned();
    assert!(apps.contains("\"site\""), "{apps}");
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let home = tempfile::tempdir().expect("made");
    let done = crate::harness::cli(home.path(), &["dev", "/no/such/folder"]).await;
    assert_ne!(done.code, 0);
    assert!(done.stderr.contains("/no/such/folder"), "{done:?}");
}
