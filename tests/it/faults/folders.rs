//! Folders that cannot be deployed.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::harness::TestNode;

#[tokio::test]
async fn a_folder_that_cannot_be_deployed_is_named_with_the_reason() {
    let node = TestNode::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let make = |name: &str, files: &[(&str, &str)]| {
        let dir = folder.path().join(name);
        fs::create_dir(&dir).expect("made");
        for (path, text) in files {
            fs::write(dir.join(path), text).expect("written");
        }
        dir.to_str().expect("a plain path").to_owned()
    };
    let missing = folder.path().join("nowhere").to_str().expect("a plain path").to_owned();
    let empty = make("empty", &[]);
    let ignored = make("ignored", &[(".env", "secret")]);
    let file = format!("{}/index.html", make("file", &[("index.html", "x")]));
    let newline = make("newline", &[("index.html", "x"), ("a\nb", "y")]);
    let collision = make("collision", &[("a.txt", "x"), ("A.txt", "y")]);
    let manifest = make("manifest", &[("index.html", "x"), ("manifest.json", "{")]);
    let nameless = make("---", &[("index.html", "x")]);
    for (dir, part) in [
        (&missing, "nowhere"),
        (&empty, "empty"),
        (&ignored, ".env"),
        (&file, "index.html"),
        (&newline, "a\\nb"),
        (&collision, "A.txt"),
        (&manifest, "manifest.json"),
        (&nameless, "---"),
    ] {
        let done = node.cli(&["deploy", dir]).await;
        assert!([1, 2].contains(&done.code), "{dir}: {done:?}");
        assert!(done.stderr.contains(part), "{dir}: {done:?}");
        assert_eq!(done.stdout, "", "{dir}");
        assert!(!done.stderr.contains("panicked"), "{dir}: {done:?}");
    }
    assert_eq!(node.cli(&["--json", "apps"]).await.json()["total"], 0);
}

#[tokio::test]
async fn a_file_that_may_not_be_read_is_named_and_nothing_is_deployed() {
    let node = TestNode::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("index.html"), "x").expect("written");
    let locked = folder.path().join("locked.txt");
    fs::write(&locked, "x").expect("written");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).expect("locked");
    let path = folder.path().to_str().expect("a plain path");
    let done = node.cli(&["deploy", path, "--name", "hello"]).await;
    // The superuser, as whom containers run tests, may read everything.
    if fs::read(&locked).is_err() {
        assert_eq!(done.code, 1, "{done:?}");
        assert!(done.stderr.contains("locked.txt"), "{done:?}");
        assert_eq!(node.get("hello.localhost", "/").await.status, 404);
    } else {
        assert_eq!(done.code, 0, "{done:?}");
    }
}

#[tokio::test]
async fn a_folder_that_changes_while_it_is_deployed_goes_live_whole_or_not_at_all() {
    let node = TestNode::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("a plain path").to_owned();
    // Two sizes, so that a file cut in two would show.
    let write = |generation: usize| {
        let text =
            format!("{generation};").repeat(if generation.is_multiple_of(2) { 9 } else { 60_000 });
        for name in ["index.html", "a.txt", "b.txt"] {
            let _ = fs::write(folder.path().join(name), &text);
        }
    };
    write(0);
    assert_eq!(node.cli(&["deploy", &path, "--name", "hello"]).await.code, 0);
    let mut deploys = 0;
    for round in 0..3 {
        let arguments = ["deploy", &path, "--name", "hello"];
        let deploy = node.cli(&arguments);
        let mut deploy = std::pin::pin!(deploy);
        let mut generation = round * 1_000;
        let done = loop {
            tokio::select! {
                done = &mut deploy => break done,
                () = tokio::task::yield_now() => {}
            }
            generation += 1;
            write(generation);
        };
        // Told to deploy again, or done: never a crash, never half a file.
        assert!([0, 1].contains(&done.code), "{done:?}");
        if done.code == 1 {
            assert!(done.stderr.contains("changed") || done.stderr.contains("read"), "{done:?}");
        }
        deploys += u32::from(done.code == 0);
        for path in ["/", "/a.txt", "/b.txt"] {
            let answer = node.get("hello.localhost", path).await;
            assert_eq!(answer.status, 200, "{path}");
            let length = answer.header("content-length").to_owned();
            assert_eq!(length, answer.body.len().to_string(), "{path}");
        }
    }
    write(2);
    let done = node.cli(&["deploy", &path, "--name", "hello"]).await;
    assert_eq!(done.code, 0, "after {deploys} deploys of a moving folder: {done:?}");
    assert_eq!(node.get("hello.localhost", "/").await.text(), "2;".repeat(9));
}
