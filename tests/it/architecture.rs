//! Who may import whom, and who may do what: read from the sources themselves.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The floors from the ground up.
const FLOORS: &[(u8, &[&str])] = &[
    (1, &["clock", "config", "lifecycle"]),
    (2, &["store"]),
    (3, &["apps", "auth", "egress", "runtime"]),
    (4, &["node", "ops", "peers", "ship"]),
    (5, &["faces", "hosting"]),
    (6, &["server", "faces::cli", "main"]),
];

/// Floors whose modules know each other: a node and what tools do on it, the
/// program and its commands. On the others, neighbours do not.
const TOGETHER: &[u8] = &[4, 6];

/// Words that only some files may say, and why.
const RESERVED: &[(&str, &[&str], &str)] = &[
    ("rusqlite", &["src/store/sqlite/"], "SQL stays below the store"),
    (
        "axum::",
        &["src/faces/http/", "src/faces/mcp/door.rs", "src/faces/mcp/sse.rs", "src/hosting/"],
        "HTTP frameworks stay where HTTP is spoken",
    ),
    ("rmcp::", &["src/faces/mcp/"], "the protocol's crate stays in its face"),
    ("hyper::", &["src/hosting/"], "sockets are hosting's"),
    ("reqwest::", &["src/peers", "src/egress/"], "the outside is reached from two places"),
    ("boa_engine", &["src/runtime/worker/"], "the engine runs in workers"),
    ("oxc::", &["src/apps/functions/"], "scripts are read where they are deployed"),
    ("seccompiler", &["src/runtime/worker/"], "workers confine themselves"),
    ("unsafe ", &["src/meter/"], "one small crate is trusted with it"),
    ("clap::", &["src/faces/cli/", "tools/src/"], "the command line is the CLI's"),
    ("println!", &["src/faces/cli/render.rs"], "one file prints"),
    ("eprintln!", &["src/faces/cli/render.rs"], "one file prints"),
    ("print!", &["src/faces/cli/render.rs"], "one file prints"),
    ("dbg!", &[], "nobody prints like that"),
    ("io::stdout", &["src/faces/cli/render.rs", "src/faces/cli/table.rs"], "one file prints"),
    ("anstream::", &["src/faces/cli/render.rs"], "one file prints"),
    ("governor::", &["src/auth/allowance.rs", "src/auth/strangers.rs"], "two files count calls"),
    ("argon2::", &["src/auth/password.rs"], "one file knows how passwords are hashed"),
    ("chacha20poly1305::", &["src/auth/key.rs"], "one file seals"),
    ("tokio::spawn(", &["src/lifecycle.rs"], "every task is tracked"),
    ("std::env::var", &["src/config.rs"], "the environment is read once"),
    ("anyhow", &["src/main.rs"], "errors have types"),
];

/// Words that begin a statement of SQL in a string.
const SQL: &[&str] =
    &["\"SELECT ", "\"INSERT ", "\"UPDATE ", "\"DELETE FROM", "\"PRAGMA ", "\"CREATE "];

/// Longest file without its tests.
const LONGEST: usize = 500;

struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The text without the tests at its end.
    fn product(&self) -> &str {
        self.text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default()
    }

    /// Lines that are code, with their numbers.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.product().lines().enumerate().map(|(n, line)| (n + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// The module it belongs to, from `src/` down.
    fn module(&self) -> String {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        path.trim_end_matches("/mod").replace('/', "::")
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("text");
                let path = path.strip_prefix(root()).expect("inside").display().to_string();
                found.push(Source { path, text });
            }
        }
    }
    // A crate of its own, and no floor.
    found.retain(|source| !source.path.starts_with("src/meter/") || folder != "src");
    assert!(found.len() > 5, "nothing was read in {folder}");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// A module's floor, and the name it has there.
fn floor(module: &str) -> Option<(u8, &'static str)> {
    let within = |name: &str| module == name || module.starts_with(&format!("{name}::"));
    let floors = FLOORS.iter().flat_map(|(floor, names)| names.iter().map(move |n| (*floor, *n)));
    // `faces::cli` is above `faces`.
    floors.filter(|(_, name)| within(name)).max_by_key(|(_, name)| name.len())
}

/// The modules that a file names by `crate::…`, each with its line.
fn imports(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let text: String = source.code().flat_map(|(_, line)| [line, "\n"]).collect();
    let numbers: Vec<usize> = source.code().map(|(n, _)| n).collect();
    for (at, _) in text.match_indices("crate::") {
        let line = numbers[text[..at].matches('\n').count()];
        let rest = &text[at + "crate::".len()..];
        let named = match rest.strip_prefix('{') {
            Some(list) => tops(list),
            None => vec![path_of(rest)],
        };
        found.extend(named.into_iter().map(|module| (line, module)));
    }
    found
}

/// `auth::{self, Key}` of `auth::{self, Key}, node::Node` and so on.
fn path_of(text: &str) -> String {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    text[..end.unwrap_or(text.len())].trim_end_matches(':').to_owned()
}

/// The paths of a list in braces, at its own level.
fn tops(list: &str) -> Vec<String> {
    let (mut depth, mut start, mut found) = (0_i32, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                found.push(path_of(list[start..at].trim_start()));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    found.retain(|path| !path.is_empty());
    found
}

#[test]
fn a_module_imports_from_lower_floors_only() {
    let mut wrong = Vec::new();
    for source in sources("src") {
        let module = source.module();
        if module == "lib" {
            continue;
        }
        let own = floor(&module).unwrap_or_else(|| panic!("{module} stands on no floor"));
        for (line, named) in imports(&source) {
            let there = floor(&named).unwrap_or_else(|| panic!("{}:{line}: {named}?", source.path));
            if there.0 > own.0
                || (there.0 == own.0 && there.1 != own.1 && !TOGETHER.contains(&own.0))
            {
                wrong.push(format!("{}:{line}: {} names {named}", source.path, own.1));
            }
        }
    }
    assert!(wrong.is_empty(), "these climb:\n{}", wrong.join("\n"));
}

#[test]
fn the_contract_crate_depends_on_no_server_database_or_engine() {
    let manifest = fs::read_to_string(root().join("tools/Cargo.toml")).expect("read");
    let named = manifest.split("[dependencies]").nth(1).expect("a section");
    let named: Vec<&str> =
        named.lines().filter_map(|line| Some(line.split_once(" = ")?.0)).collect();
    for foreign in ["tokio", "axum", "hyper", "rmcp", "rusqlite", "reqwest", "boa_engine", "fazt"] {
        assert!(!named.contains(&foreign), "tools/ depends on {foreign}");
    }
    assert!(named.contains(&"serde"), "the list was not read: {named:?}");
}

#[test]
fn what_one_place_does_is_done_there_alone() {
    let mut wrong = Vec::new();
    for source in sources("src").into_iter().chain(sources("tools/src")) {
        for (line, text) in source.code() {
            for (word, places, why) in RESERVED {
                if says(text, word) && !places.iter().any(|place| source.path.starts_with(place)) {
                    wrong.push(format!("{}:{line} says `{word}`: {why}", source.path));
                }
            }
            let is_sql = SQL.iter().any(|word| text.contains(word));
            if is_sql && !source.path.starts_with("src/store/sqlite/") {
                wrong.push(format!("{}:{line} holds SQL", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a line says a word that is no part of a longer one.
fn says(line: &str, word: &str) -> bool {
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

#[test]
fn every_file_opens_with_what_it_is() {
    let all = sources("src").into_iter().chain(sources("tools/src")).chain(sources("tests/it"));
    let silent: Vec<String> =
        all.filter(|source| !source.text.starts_with("//! ")).map(|source| source.path).collect();
    assert!(silent.is_empty(), "these do not begin with `//!`: {silent:?}");
}

#[test]
fn no_file_is_longer_than_one_can_hold_in_mind() {
    let long: BTreeMap<String, usize> = sources("src")
        .into_iter()
        .chain(sources("tools/src"))
        .map(|source| (source.product().lines().count(), source.path))
        .filter(|(lines, path)| *lines > LONGEST && !ALLOWED_LENGTH.contains(&path.as_str()))
        .map(|(lines, path)| (path, lines))
        .collect();
    assert!(long.is_empty(), "longer than {LONGEST} lines without tests: {long:#?}");
}

/// Files that one thing holds together, as their headers say.
const ALLOWED_LENGTH: &[&str] = &[
    // Plain values without behaviour.
    "src/store/types.rs",
    // One transaction per method of `AppStore`.
    "src/store/sqlite/apps.rs",
    // One request, from its path to its answer.
    "src/apps/serve.rs",
];

#[test]
fn the_reader_of_imports_reads_lists_and_paths() {
    let text =
        "use crate::{\n    auth::{self, Key},\n    node::Node,\n};\nfn f() { crate::ops::g(); }\n";
    let source = Source { path: "src/x.rs".into(), text: text.into() };
    let found: Vec<String> = imports(&source).into_iter().map(|(_, module)| module).collect();
    assert_eq!(found, ["auth", "node::Node", "ops::g"]);
    assert_eq!(floor("faces::cli::render"), Some((6, "faces::cli")));
    assert_eq!(floor("faces::http::input"), Some((5, "faces")));
    assert!(says("println!(\"x\")", "println!") && !says("eprintln!(\"x\")", "println!"));
}
