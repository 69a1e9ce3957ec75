//! libFuzzer over everything fazt reads from strangers.
//!
//! One program holds all targets, since linking it is most of the work; the
//! variable `TARGET` says which one runs. A target asserts what must hold of every
//! input, not only that nothing panics. Nothing here opens a socket or a file.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

mod path;

mod host;

mod resolve;

mod headers;
mod redirects;

mod conditional;
mod encoding;
mod range;

mod manifest;
mod wire;
mod zip;

mod check;

/// What is done with an input.
type Run = fn(&[u8]);

/// The targets by name, in the order `./run` takes them.
const TARGETS: [(&str, Run); 11] = [
    ("path", path::run),
    ("host", host::run),
    ("resolve", resolve::run),
    ("redirects", redirects::run),
    ("headers", headers::run),
    ("conditional", conditional::run),
    ("encoding", encoding::run),
    ("range", range::run),
    ("manifest", manifest::run),
    ("zip", zip::run),
    ("wire", wire::run),
];

static TARGET: OnceLock<Run> = OnceLock::new();

fn chosen() -> Run {
    let name = std::env::var("TARGET").unwrap_or_default();
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    found.map(|(_, run)| *run).unwrap_or_else(|| panic!("no target is called `{name}`"))
}

fuzz_target!(|data: &[u8]| TARGET.get_or_init(chosen)(data));
