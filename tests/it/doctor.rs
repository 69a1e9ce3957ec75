//! `fazt doctor` against installations that are well, and some that are not.

use std::{fs, path::Path};

use serde_json::Value;

use crate::harness::{Done, Process, cli, program};

async fn doctor(folder: &Path, environment: &[(&str, &str)]) -> Done {
    let mut command = program(folder);
    command.arg("doctor").envs(environment.iter().copied());
    let output = command.output().await.expect("the program runs");
    Done {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// What a doctor said, with what differs from run to run taken out.
fn plain(done: &Done, folder: &Path, port: u16) -> String {
    let text = done.stdout.replace(&folder.display().to_string(), "DIR");
    let text = text.replace(env!("CARGO_BIN_EXE_fazt"), "FAZT").replace(&port.to_string(), "PORT");
    let mut lines: Vec<String> = Vec::new();
    // Whether this machine looks up names below `localhost` is not the test's.
    let mut names = false;
    for line in text.lines() {
        names = line.starts_with("names ") || (names && line.starts_with(' '));
        if let Some((whole, _)) = line.split_once(", schema ") {
            lines.push(format!("{whole}, schema N"));
        } else if line.starts_with("disk ") {
            lines.push("disk        ok: SPACE".to_owned());
        } else if !names {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n")
}

fn free_port() -> u16 {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    free.local_addr().expect("an address").port()
}

/// What a doctor found out about one thing.
async fn finding(folder: &Path, environment: &[(&str, &str)], check: &str) -> (Value, i32) {
    let mut command = program(folder);
    command.args(["--json", "doctor"]).envs(environment.iter().copied());
    let output = command.output().await.expect("the program runs");
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let code = output.status.code().unwrap_or(-1);
    assert_eq!(said["well"], code == 0);
    let findings = said["findings"].as_array().expect("a list");
    let found = findings.iter().find(|found| found["check"] == check);
    (found.unwrap_or_else(|| panic!("nobody looked at the {check}: {said}")).clone(), code)
}

#[tokio::test]
async fn a_node_that_is_well_is_told_in_a_line_each() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = Process::start(folder.path()).await;
    let done = doctor(folder.path(), &[]).await;
    assert_eq!(done.code, 0, "{done:?}");
    let expected = "\
nothing is wrong
database    ok: DIR/data.db is whole, schema N
key file    ok: only its user can read it
disk        ok: SPACE
clock       ok: it is after all that the ledger holds
node        ok: fazt VERSION answers at http://127.0.0.1:PORT
tokens      ok: none was made
mcp         ok: http://localhost:PORT/mcp answers
for agents  claude mcp add fazt -- FAZT mcp --db DIR/data.db
over HTTP   claude mcp add --transport http fazt http://localhost:PORT/mcp --header \
\"Authorization: Bearer $FAZT_TOKEN\"";
    let expected = expected.replace("VERSION", env!("CARGO_PKG_VERSION"));
    assert_eq!(plain(&done, folder.path(), node.address.port()), expected);
    // Looking changed nothing.
    let changes = cli(folder.path(), &["--json", "changes"]).await.json();
    assert_eq!(changes["total"], 0);
    node.kill().await;
}

#[tokio::test]
async fn an_empty_folder_is_told_how_to_begin_and_stays_empty() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_port();
    let done = doctor(folder.path(), &[("FAZT_PORT", &port.to_string())]).await;
    assert_eq!(done.code, 1, "{done:?}");
    let expected = "\
one thing is wrong
database    WRONG: there is none at DIR/data.db
            apps, tokens and settings are kept in it
            fix: fazt server start
key file    ok: made when the database is first opened
disk        ok: SPACE
clock       ok: it is after all that the ledger holds
node        note: none runs
            apps are served while a node runs
            fix: fazt server start
port        ok: PORT is free
tokens      ok: none was made
for agents  claude mcp add fazt -- FAZT mcp --db DIR/data.db
over HTTP   claude mcp add --transport http fazt http://localhost:PORT/mcp --header \
\"Authorization: Bearer $FAZT_TOKEN\"";
    assert_eq!(plain(&done, folder.path(), port), expected);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[tokio::test]
async fn each_broken_set_up_is_named_with_what_mends_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let port = free_port().to_string();
    let free: &[(&str, &str)] = &[("FAZT_PORT", &port)];
    assert_eq!(cli(folder, &["deploy", "examples/hello"]).await.code, 0);
    assert_eq!(finding(folder, free, "database").await.1, 0, "it is well to begin with");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let taken = taken.local_addr().map(|at| (at.port().to_string(), taken)).expect("an address");
    let (found, code) = finding(folder, &[("FAZT_PORT", &taken.0)], "port").await;
    assert_eq!((&found["state"], code), (&"wrong".into(), 1), "{found}");
    assert!(
        found["fix"].as_str().is_some_and(|fix| fix.starts_with("fazt server config set port"))
    );

    let (found, code) = finding(folder, &[("FAZT_PORT", "ninety")], "settings").await;
    assert_eq!(code, 1, "{found}");
    assert!(found["found"].as_str().is_some_and(|found| found.contains("`ninety`")), "{found}");

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let key = folder.join("data.db.key");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("changed");
        let (found, code) = finding(folder, free, "key file").await;
        assert_eq!((&found["state"], code), (&"wrong".into(), 1), "{found}");
        let fix = found["fix"].as_str().expect("a fix").to_owned();
        let mended = tokio::process::Command::new("bash").args(["-c", &fix]).status().await;
        assert!(mended.expect("bash runs").success());
        assert_eq!(finding(folder, free, "key file").await.1, 0, "the fix mends it");
    }

    // A byte in the middle of the file, where no table notices by itself.
    let db = folder.join("data.db");
    let mut bytes = fs::read(&db).expect("read");
    let middle = bytes.len() / 2 / 8192 * 8192;
    bytes[middle..middle + 64].fill(0xff);
    fs::write(&db, bytes).expect("written");
    let (found, code) = finding(folder, free, "database").await;
    assert_eq!((&found["state"], code), (&"wrong".into(), 1), "{found}");
    fs::write(&db, "this is no database").expect("written");
    let (found, code) = finding(folder, free, "database").await;
    assert_eq!((&found["state"], code), (&"wrong".into(), 1), "{found}");
    assert!(found["fix"].as_str().is_some_and(|fix| fix.contains("--db")), "{found}");
}

#[tokio::test]
async fn a_node_that_was_killed_is_told_as_gone_and_one_that_hangs_as_hanging() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = Process::start(folder.path()).await;
    node.kill().await;
    let port = free_port().to_string();
    let (found, code) = finding(folder.path(), &[("FAZT_PORT", &port)], "node").await;
    assert_eq!((&found["found"], code), (&"none runs".into(), 0), "{found}");

    // Somebody holds the database and says an address where nobody answers.
    let lock = fs::OpenOptions::new().write(true).open(folder.path().join("data.db.lock"));
    let lock = lock.expect("there");
    lock.lock().expect("nobody holds it");
    fs::write(folder.path().join("data.db.lock"), format!("http://127.0.0.1:{port}"))
        .expect("written");
    let (found, code) = finding(folder.path(), &[], "node").await;
    assert_eq!((&found["state"], code), (&"wrong".into(), 1), "{found}");
    fs::write(folder.path().join("data.db.lock"), "").expect("written");
    let (found, _) = finding(folder.path(), &[], "node").await;
    assert_eq!(found["state"], "note", "{found}");
}
