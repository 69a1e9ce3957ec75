//! Databases that are taken, foreign, from the future, or full.

use std::path::Path;

use reqwest::Method;
use serde_json::json;

use crate::{
    deploy::archive::{Member, archive},
    harness::{Answer, Process, TestNode, cli},
    hosting::noise,
};

fn sqlite(path: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(path).expect("it opens");
    connection.execute_batch(sql).expect("it runs");
    connection.close().expect("it closes");
}

fn schema(path: &Path) -> u32 {
    let connection = rusqlite::Connection::open(path).expect("it opens");
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).expect("it is read")
}

#[tokio::test]
async fn a_second_server_on_one_database_ends_and_names_it_while_the_first_serves_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Process::start(folder.path()).await;
    let second = cli(folder.path(), &["server", "start", "--port", "0"]).await;
    assert_eq!(second.code, 1, "{second:?}");
    assert!(second.stderr.contains("data.db"), "{second:?}");
    assert!(second.stderr.contains("--db"), "what to do next: {second:?}");
    // And commands still find the first.
    let done = cli(folder.path(), &["deploy", "examples/hello"]).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(first.get("hello.localhost", "/").await.status, 200);
}

#[tokio::test]
async fn a_database_that_is_not_this_fazts_is_refused_and_left_as_it_was() {
    let future =
        "PRAGMA application_id = 0x66617a74; PRAGMA user_version = 999; CREATE TABLE t (a)";
    let foreign = "CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine')";
    let marked = "PRAGMA application_id = 12345; PRAGMA user_version = 1";
    let cases: &[(&str, &str, &str)] = &[
        ("from the future", future, "newer"),
        ("another program's", foreign, "another program"),
        ("another program's, still empty", marked, "another program"),
        ("no database", "", "not a database"),
    ];
    for (what, sql, part) in cases {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data.db");
        if sql.is_empty() {
            std::fs::write(&path, "Dear diary, this is no database. ".repeat(400))
                .expect("written");
        } else {
            sqlite(&path, sql);
        }
        let before = std::fs::read(&path).expect("it is there");
        for arguments in [&["server", "start", "--port", "0"][..], &["apps"]] {
            let done = cli(folder.path(), arguments).await;
            assert_eq!(done.code, 1, "{what} {arguments:?}: {done:?}");
            assert!(done.stderr.contains("data.db"), "{what}: {done:?}");
            assert!(done.stderr.contains(part), "{what}: {done:?}");
            let after = std::fs::read(&path).expect("it is still there");
            assert!(before == after, "{what}: {arguments:?} changed the file");
        }
    }
}

#[tokio::test]
async fn a_fazt_database_marked_by_a_newer_fazt_keeps_everything_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(cli(folder.path(), &["deploy", "examples/hello"]).await.code, 0);
    let path = folder.path().join("data.db");
    let known = schema(&path);
    sqlite(&path, "PRAGMA user_version = 999");
    let refused = cli(folder.path(), &["apps"]).await;
    assert!(refused.code == 1 && refused.stderr.contains("999"), "{refused:?}");
    sqlite(&path, &format!("PRAGMA user_version = {known}"));
    let done = cli(folder.path(), &["--json", "apps"]).await;
    assert_eq!(done.json()["total"], 1, "{done:?}");
}

#[tokio::test]
async fn a_damaged_database_is_told_without_a_crash() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(cli(folder.path(), &["deploy", "examples/hello"]).await.code, 0);
    let path = folder.path().join("data.db");
    let whole = std::fs::read(&path).expect("it is there");
    let mut scrambled = whole.clone();
    scrambled[8_192..].iter_mut().for_each(|byte| *byte ^= 0x5a);
    for (what, bytes) in [("cut short", &whole[..20_000]), ("scrambled", &scrambled[..])] {
        std::fs::write(&path, bytes).expect("written");
        for arguments in [&["apps"][..], &["server", "start", "--port", "0"]] {
            let done = cli(folder.path(), arguments).await;
            assert_eq!(done.code, 1, "{what} {arguments:?}: {done:?}");
            assert!(done.stderr.contains("data.db"), "{what} {arguments:?}: {done:?}");
            assert!(!done.stderr.contains("panicked"), "{what}: {done:?}");
        }
    }
}

#[tokio::test]
async fn a_full_disk_refuses_the_deploy_and_leaves_room_for_a_smaller_one() {
    let node = TestNode::start_with(&[("limits.database_bytes", "2097152")]).await;
    node.deploy("hello", &[("index.html", "one")]).await;
    let zipped = archive(&[
        Member::file("index.html", "too much"),
        Member::file("a.bin", noise(1_500_000, 1)),
        Member::file("b.bin", noise(1_500_000, 2)),
    ]);
    let request = node.request(Method::POST, "/api/deploy?app=hello");
    let request = request.bearer_auth(node.owner_token()).header("content-type", "application/zip");
    let full = Answer::of(request.body(zipped)).await;
    assert_eq!((full.status.as_u16(), full.code().as_str()), (507, "DISK_FULL"));
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("index.html"), "too much").expect("written");
    std::fs::write(folder.path().join("c.bin"), noise(3_000_000, 3)).expect("written");
    let path = folder.path().to_str().expect("a plain path");
    let done = node.cli(&["deploy", path, "--name", "hello"]).await;
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stderr.contains("full"), "{done:?}");
    assert_eq!(node.get("hello.localhost", "/").await.text(), "one");
    let app = node.call(Method::GET, "/api/apps/hello", None).await.data();
    assert_eq!((&app["live"], app["versions"].as_array().map(Vec::len)), (&json!(1), Some(1)));
    assert_eq!(node.get("admin.localhost", "/health").await.status, 200);
    node.deploy("hello", &[("index.html", "two")]).await;
    assert_eq!(node.get("hello.localhost", "/").await.text(), "two");
}

#[cfg(unix)]
#[tokio::test]
async fn files_that_may_not_be_used_are_told_as_such_and_not_as_another_programs() {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data.db");
    std::fs::create_dir(&path).expect("made");
    let done = cli(folder.path(), &["apps"]).await;
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stderr.contains("cannot use"), "{done:?}");
    assert!(!done.stderr.contains("not a fazt database"), "{done:?}");

    std::fs::remove_dir(&path).expect("removed");
    assert_eq!(cli(folder.path(), &["apps"]).await.code, 0);
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o555)).expect("set");
    let done = cli(folder.path(), &["apps"]).await;
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("set");
    // Root may write anywhere.
    assert!(done.code == 0 || done.code == 1 && done.stderr.contains("cannot use"), "{done:?}");
}
