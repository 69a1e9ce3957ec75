//! What README.md tells a reader to type, typed.
//!
//! Fenced blocks marked `sh` run in order in one bash, in a folder of the test's
//! own that holds a copy of `examples/`; a command that fails fails the test.
//! Blocks marked otherwise, and one below `<!-- test-command -->`, are only read.
//! `fazt` and `cargo run --release --` are the program under test. A
//! `server start` is waited for and ended with the test. After a command
//! may stand `# → TEXT`, which its output must then contain.

use std::{fmt::Write as _, fs, path::Path, process::Stdio, time::Duration};

use tokio::process::Command;

/// What is run before the blocks: names for what a reader has.
const BEFORE: &str = r#"
set -euo pipefail
trap 'for job in $(jobs -p); do kill "$job" 2>/dev/null || true; done; wait' EXIT
# A function goes before whatever PATH holds.
fazt() { "$PROGRAM" "$@"; }
until_up() {
    for _ in $(seq 500); do
        [ -s "$FAZT_DB.lock" ] && curl -fs "$(cat "$FAZT_DB.lock")/health" >/dev/null && return
        sleep 0.02
    done
    echo "no node came up" >&2
    return 1
}
expect() {
    case "$1" in *"$2"*) ;; *) printf 'expected: %s\nfound: %s\n' "$2" "$1" >&2; return 1 ;; esac
}
"#;

/// The script that the blocks of a text make.
fn script(text: &str, port: u16) -> String {
    let mut script = BEFORE.to_owned();
    let (mut inside, mut only_read) = (false, false);
    for line in text.lines() {
        if line.starts_with("```") {
            inside = !inside && line == "```sh" && !only_read;
            only_read = false;
            continue;
        }
        if !inside {
            only_read |= line == "<!-- test-command -->";
            continue;
        }
        let line = line.replace("cargo run --release -- ", "fazt ");
        let line = line.replace("8080", &port.to_string());
        if let Some((command, expected)) = line.split_once("# → ") {
            let expected = expected.trim().replace('\'', r"'\''");
            let _ = writeln!(script, "expect \"$({command})\" '{expected}'");
        } else if let Some(flags) = line.strip_prefix("fazt server start") {
            let _ = writeln!(script, "\"$PROGRAM\" server start{flags} &\nuntil_up");
        } else {
            let _ = writeln!(script, "{line}");
        }
    }
    script
}

async fn run(text: &str) -> (bool, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
        free.local_addr().expect("an address").port()
    };
    let work = folder.path().join("fazt");
    fs::create_dir(&work).expect("made");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let copied = Command::new("cp").arg("-r").arg(&examples).arg(&work).status().await;
    assert!(copied.expect("cp runs").success());
    let log = folder.path().join("said");
    let said = fs::File::create(&log).expect("made");
    let mut bash = Command::new("bash")
        .arg("-c")
        .arg(script(text, port))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("PROGRAM", env!("CARGO_BIN_EXE_fazt"))
        .env("HOME", folder.path())
        .env("FAZT_DB", folder.path().join("data.db"))
        .env("FAZT_PORT", port.to_string())
        .current_dir(&work)
        .stdin(Stdio::null())
        .stdout(said.try_clone().expect("one more"))
        .stderr(said)
        .process_group(0)
        .spawn()
        .expect("bash runs");
    let group = format!("-{}", bash.id().expect("it runs"));
    let ended = tokio::time::timeout(Duration::from_mins(1), bash.wait()).await;
    // What a block left behind ends with it.
    let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status().await;
    let said = fs::read_to_string(&log).unwrap_or_default();
    match ended {
        Ok(status) => (status.expect("it ended").success(), said),
        Err(_) => (false, format!("it did not end:\n{said}")),
    }
}

#[tokio::test]
async fn what_the_readme_tells_one_to_type_works() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let Ok(text) = fs::read_to_string(readme) else { return };
    let (well, said) = run(&text).await;
    assert!(well, "{said}");
}

#[tokio::test]
async fn a_block_runs_starts_a_node_and_is_held_to_what_it_promises() {
    let text = "\
```sh
cargo run --release -- server start
fazt deploy examples/hello # → http://hello.localhost:8080
curl -fs -H 'Host: hello.localhost' http://127.0.0.1:8080/ # → <html
```

```text
exit 1
```

<!-- test-command -->
```sh
exit 1
```
";
    let (well, said) = run(text).await;
    assert!(well, "{said}");
    let (well, said) = run("```sh\nfazt --version # → fazt 99\n```\n").await;
    assert!(!well && said.contains("expected: fazt 99"), "{said}");
    assert!(!run("```sh\nfazt frob\ntrue\n```\n").await.0);
}
