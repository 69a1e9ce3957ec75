//! `manifest.json`: what was read can be written and read again; what cannot is told
//! in one line.
//!
//! Input: the file.

use fazt::apps::bundle::manifest::{self, Manifest};

pub(crate) fn run(data: &[u8]) {
    let (manifest, warnings) = match manifest::parse(data) {
        Ok(read) => read,
        Err(problem) => {
            let told = problem.to_string();
            return assert!(!told.contains(char::is_control), "{told:?} is not one line");
        }
    };
    assert!(warnings.iter().all(|told| !told.contains(char::is_control)), "{warnings:?}");
    // Tools are kept as they are; their numbers may lose a digit on the way.
    let plain = Manifest { tools: Vec::new(), ..manifest };
    let written = serde_json::to_vec(&plain).expect("a manifest is JSON");
    let again = manifest::parse(&written).expect("what fazt writes, fazt reads");
    assert_eq!(again, (plain, Vec::new()));
}
