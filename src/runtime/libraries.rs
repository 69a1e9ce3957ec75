//! Libraries that every function may import by name, at versions that are pinned.
//!
//! Each is one ES module, made by `libraries/build` from its package and kept compressed in
//! the program: a worker unpacks what an app imports, and nothing else. Knows nothing of how a
//! module is run.

use std::io::Read as _;

/// A library.
#[derive(Debug)]
pub struct Library {
    /// The name it is imported by.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Whether `require` gives its default export, as its package does.
    pub default: bool,
    packed: &'static [u8],
}

macro_rules! library {
    ($name:literal, $default:literal, $about:literal) => {
        Library {
            name: $name,
            about: $about,
            default: $default,
            packed: include_bytes!(concat!("libraries/", $name, ".js.br")),
        }
    };
}

/// All of them, by name.
pub const LIBRARIES: &[Library] = &[
    library!("cheerio", false, "reads and changes HTML"),
    library!("dayjs", true, "dates; without its plugins and locales"),
    library!("lodash-es", false, "lists, objects and functions"),
    library!("marked", false, "Markdown to HTML"),
    library!("mustache", true, "templates without logic"),
    library!("uuid", false, "ids, of every version"),
    library!("validator", true, "checks strings"),
    library!("zod", false, "checks data; with its messages in English alone"),
];

/// Names and versions, a line each, as the script that made them wrote it.
const VERSIONS: &str = include_str!("libraries/versions");

impl Library {
    /// The library of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        LIBRARIES.iter().find(|one| one.name == name)
    }

    /// The version of its package.
    pub fn version(&self) -> &'static str {
        let mut versions = VERSIONS.lines().filter_map(|line| line.split_once(' '));
        versions.find(|(name, _)| *name == self.name).map_or("", |(_, version)| version)
    }

    /// Its module's text; `None` if this program is broken.
    pub fn code(&self) -> Option<String> {
        let mut code = String::new();
        brotli::Decompressor::new(self.packed, 4_096).read_to_string(&mut code).ok()?;
        Some(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_library_can_be_unpacked_and_has_a_version() {
        for library in LIBRARIES {
            assert!(library.code().is_some_and(|code| code.contains("export")), "{library:?}");
            assert!(library.version().contains('.'), "{library:?}");
        }
        assert_eq!(VERSIONS.lines().count(), LIBRARIES.len());
        assert!(Library::named("left-pad").is_none());
    }
}
