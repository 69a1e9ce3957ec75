//! May this be the name of a file in an app?
//!
//! A [`FilePath`] is relative, normalised and `/`-separated, so one file has one
//! spelling and no spelling leaves the app's folder, whatever system reads it.
//! Percent-decoding and serving rules are the host's: this knows nothing of URLs.

use std::{collections::HashMap, fmt};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest path of a file in an app, in bytes.
pub const MAX_PATH_BYTES: usize = 1_024;

/// A relative, normalised path of a file inside an app.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FilePath(String);

/// Why a text cannot name a file in an app, or two of them cannot live side by side.
///
/// Names are printed in their escaped form: a newline in a file name must not
/// forge a line of a log or a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PathProblem {
    #[error("a file has an empty path; give it a name")]
    Empty,
    #[error(
        "the path `{}` is {bytes} bytes long, above the limit of {MAX_PATH_BYTES}; shorten it",
        path.escape_debug()
    )]
    TooLong { path: String, bytes: usize },
    #[error(
        "the path `{}` is absolute; give it relative to the app's folder",
        path.escape_debug()
    )]
    Absolute { path: String },
    #[error(
        "the path `{}` has a `{segment}` segment; write it without `.` and `..`",
        path.escape_debug()
    )]
    Dots { path: String, segment: &'static str },
    #[error("the path `{}` has an empty segment; remove the extra `/`", path.escape_debug())]
    EmptySegment { path: String },
    #[error("the path `{}` has a backslash; separate folders with `/`", path.escape_debug())]
    Backslash { path: String },
    #[error("the path `{}` has a control character; rename the file", path.escape_debug())]
    Control { path: String },
    #[error("the path `{}` appears twice; keep one of the two files", path.escape_debug())]
    Repeated { path: String },
    #[error(
        "the paths `{}` and `{}` differ in letter case only; rename one of them",
        first.escape_debug(), second.escape_debug()
    )]
    CaseCollision { first: String, second: String },
    #[error(
        "`{}` is a file, yet `{}` lies inside it; rename one of them",
        file.escape_debug(), inside.escape_debug()
    )]
    FileAndFolder { file: String, inside: String },
}

impl FilePath {
    /// Checks a text against the path rules.
    ///
    /// # Errors
    ///
    /// A [`PathProblem`] naming the rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, PathProblem> {
        check(text)?;
        Ok(Self(text.to_owned()))
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names between the slashes; there is always at least one.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The path below its first folder, or `None` for a file at the root.
    #[must_use]
    pub fn without_first_segment(&self) -> Option<Self> {
        // What follows a slash of a valid path is a valid path, but for one thing:
        // a drive letter is refused at the front only (`top/c:x`).
        let (_, rest) = self.0.split_once('/')?;
        Self::parse(rest).ok()
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for FilePath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for FilePath {
    type Error = PathProblem;

    fn try_from(text: String) -> Result<Self, PathProblem> {
        check(&text)?;
        Ok(Self(text))
    }
}

impl From<FilePath> for String {
    fn from(path: FilePath) -> Self {
        path.0
    }
}

fn check(text: &str) -> Result<(), PathProblem> {
    if text.is_empty() {
        return Err(PathProblem::Empty);
    }
    if text.len() > MAX_PATH_BYTES {
        return Err(PathProblem::TooLong { path: shortened(text), bytes: text.len() });
    }
    let path = || text.to_owned();
    if text.contains(char::is_control) {
        return Err(PathProblem::Control { path: path() });
    }
    if text.starts_with('/') || has_drive(text) {
        return Err(PathProblem::Absolute { path: path() });
    }
    // Windows tools read a backslash as a separator: `..\..\x` would escape there.
    if text.contains('\\') {
        return Err(PathProblem::Backslash { path: path() });
    }
    for segment in text.split('/') {
        match segment {
            "" => return Err(PathProblem::EmptySegment { path: path() }),
            "." => return Err(PathProblem::Dots { path: path(), segment: "." }),
            ".." => return Err(PathProblem::Dots { path: path(), segment: ".." }),
            _ => {}
        }
    }
    Ok(())
}

fn has_drive(text: &str) -> bool {
    matches!(text.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// The front of a text that is too long to be shown whole.
fn shortened(text: &str) -> String {
    text.chars().take(60).chain("…".chars()).collect()
}

/// Refuses paths that cannot lie in one folder of every file system: repeated
/// ones, ones that differ in letter case only, and files that are also folders.
///
/// # Errors
///
/// The first clash in the given order, with both names.
pub fn collisions<'a>(
    paths: impl IntoIterator<Item = &'a FilePath> + Clone,
) -> Result<(), PathProblem> {
    let mut seen: HashMap<String, &FilePath> = HashMap::new();
    for path in paths.clone() {
        if let Some(first) = seen.insert(path.0.to_lowercase(), path) {
            return Err(if first == path {
                PathProblem::Repeated { path: path.0.clone() }
            } else {
                PathProblem::CaseCollision { first: first.0.clone(), second: path.0.clone() }
            });
        }
    }
    for path in paths {
        let lower = path.0.to_lowercase();
        for (at, _) in lower.match_indices('/') {
            if let Some(file) = seen.get(&lower[..at]) {
                return Err(PathProblem::FileAndFolder {
                    file: file.0.clone(),
                    inside: path.0.clone(),
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn paths(texts: &[&str]) -> Vec<FilePath> {
        texts.iter().map(|text| FilePath::parse(text).unwrap()).collect()
    }

    #[test]
    fn ordinary_names_are_accepted() {
        for text in [
            "index.html",
            "a/b/c.txt",
            ".well-known/security.txt",
            "файл.html",
            "with space/x y.css",
            "...",
            "a..b",
            "~x",
            "ab:c",
        ] {
            assert_eq!(FilePath::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn names_that_leave_the_folder_or_have_two_spellings_are_refused() {
        for text in [
            "",
            "/",
            "/etc/passwd",
            "//x",
            "..",
            "../x",
            "a/../b",
            "a/..",
            ".",
            "./a",
            "a/./b",
            "a//b",
            "a/",
            "a\\b",
            "..\\x",
            "a\0b",
            "a\nb",
            "a\rb",
            "a\u{7f}",
            "a\u{85}b",
            "C:/x",
            "c:x",
            "C:",
        ] {
            assert!(FilePath::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_path_of_exactly_the_limit_is_accepted_and_one_byte_more_is_not() {
        assert!(FilePath::parse(&"a".repeat(MAX_PATH_BYTES)).is_ok());
        let problem = FilePath::parse(&"a".repeat(2_000)).unwrap_err();
        assert!(matches!(problem, PathProblem::TooLong { bytes: 2_000, .. }));
        assert!(problem.to_string().contains("1024"));
        assert!(problem.to_string().len() < 200);
    }

    #[test]
    fn a_message_escapes_the_newline_it_complains_of() {
        let message = FilePath::parse("a\nb").unwrap_err().to_string();
        assert!(!message.contains('\n'), "{message}");
        assert!(message.contains("a\\nb"), "{message}");
    }

    #[test]
    fn deserialising_checks_the_rules() {
        assert_eq!(serde_json::from_str::<FilePath>("\"a/b\"").unwrap().as_str(), "a/b");
        assert!(serde_json::from_str::<FilePath>("\"../b\"").is_err());
        assert_eq!(serde_json::to_string(&FilePath::parse("a").unwrap()).unwrap(), "\"a\"");
    }

    #[test]
    fn clashing_names_are_reported_with_both_names() {
        assert!(collisions(&paths(&["a", "b/a", "b/c"])).is_ok());
        assert_eq!(
            collisions(&paths(&["a", "b", "a"])),
            Err(PathProblem::Repeated { path: "a".into() })
        );
        assert_eq!(
            collisions(&paths(&["Ä/x.txt", "ä/X.txt"])),
            Err(PathProblem::CaseCollision { first: "Ä/x.txt".into(), second: "ä/X.txt".into() })
        );
        assert_eq!(
            collisions(&paths(&["a/b/c", "A"])),
            Err(PathProblem::FileAndFolder { file: "A".into(), inside: "a/b/c".into() })
        );
    }

    #[test]
    fn dropping_the_first_folder_leaves_a_checked_path() {
        let drop = |text: &str| FilePath::parse(text).unwrap().without_first_segment();
        assert_eq!(drop("a/b/c").unwrap().as_str(), "b/c");
        assert_eq!(drop("a"), None);
        assert_eq!(drop("top/c:x"), None);
    }

    proptest! {
        #[test]
        fn an_accepted_path_stays_inside_when_joined(text in "\\PC*|[./\\\\a-cC:\0\n]{0,12}") {
            if let Ok(path) = FilePath::parse(&text) {
                let joined = std::path::Path::new("/root").join(path.as_str());
                prop_assert!(joined.starts_with("/root"));
                prop_assert!(!path.as_str().contains(['\\', '\0', '\n']));
                prop_assert!(path.segments().all(|s| !s.is_empty() && s != "." && s != ".."));
                prop_assert_eq!(path.as_str(), text);
            }
        }

        #[test]
        fn parsing_its_own_output_changes_nothing(text in "[a-z./]{1,20}") {
            if let Ok(path) = FilePath::parse(&text) {
                prop_assert_eq!(FilePath::parse(path.as_str()), Ok(path.clone()));
            }
        }
    }
}
