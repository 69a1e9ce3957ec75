//! What is wrong with a script, and where.
//!
//! Lines and columns count from one, in the file as its author wrote it; a column counts
//! characters. The excerpt shows the place, so that nobody has to open the file to see it.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

/// A fault of a script, which keeps its version from being deployed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ScriptProblem {
    /// The file's path in the app.
    pub file: String,
    /// The line, where the fault has a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What is wrong, and what to do.
    pub message: String,
    /// The line with its neighbours and a mark under the column.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub excerpt: String,
}

/// Longest part of a line that an excerpt shows, in characters.
const WIDTH: usize = 100;

impl ScriptProblem {
    /// A fault of a whole file.
    pub fn of_file(file: &str, message: impl Into<String>) -> Self {
        // What a script imports is quoted, and that can be any text.
        let message = message.into().chars().map(shown).collect();
        Self { file: file.to_owned(), line: None, column: None, message, excerpt: String::new() }
    }

    /// A fault at a byte of a file's text.
    pub fn at(file: &str, source: &str, offset: usize, message: impl Into<String>) -> Self {
        let (line, column) = place(source, offset);
        Self {
            line: Some(line),
            column: Some(column),
            excerpt: excerpt(source, line, column),
            ..Self::of_file(file, message)
        }
    }
}

impl fmt::Display for ScriptProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// The line and column of a byte, both from one.
pub(super) fn place(source: &str, offset: usize) -> (u32, u32) {
    let before = &source[..source.floor_char_boundary(offset)];
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let count = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
    (count(before.matches('\n').count()), count(before[start..].chars().count()))
}

/// The lines around a place, numbered, with a mark under the column.
///
/// A long line is cut around the column, and characters that would move a terminal's cursor
/// are blanks: a script's text is a stranger's.
pub fn excerpt(source: &str, line: u32, column: u32) -> String {
    let (line, column) = (line.max(1) as usize, column.max(1) as usize - 1);
    let from = line.saturating_sub(3);
    let cut = column.saturating_sub(WIDTH - 20) / 20 * 20;
    let digits = (line + 2).to_string().len();
    let mut text = String::new();
    for (n, content) in source.lines().enumerate().skip(from).take(line + 2 - from) {
        let shown: String = content.chars().skip(cut).take(WIDTH).map(shown).collect();
        let mark = if n + 1 == line { '>' } else { ' ' };
        text.push_str(format!("{mark} {:>digits$} | {shown}", n + 1).trim_end());
        text.push('\n');
        if n + 1 == line {
            let blanks = " ".repeat(column - cut);
            let _ = writeln!(text, "  {:digits$} | {blanks}^", "");
        }
    }
    text.truncate(text.trim_end_matches('\n').len());
    text
}

/// A character as it may be shown to a person.
fn shown(c: char) -> char {
    if c.is_control() || is_invisible(c) { ' ' } else { c }
}

/// Whether a character has no width or turns the direction of text.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_place_is_counted_in_lines_and_characters_from_one() {
        let source = "ab\r\nüx😀y\n";
        for (offset, expected) in
            [(0, (1, 1)), (1, (1, 2)), (4, (2, 1)), (6, (2, 2)), (11, (2, 4)), (99, (3, 1))]
        {
            assert_eq!(place(source, offset), expected, "{offset}");
        }
    }

    #[test]
    fn an_excerpt_shows_two_lines_around_and_a_mark() {
        let source = "one\ntwo\nthree\n\tfour\nfive\nsix\n";
        let expected = "  2 | two\n  3 | three\n> 4 |  four\n    |  ^\n  5 | five\n  6 | six";
        assert_eq!(excerpt(source, 4, 2), expected);
        assert_eq!(excerpt("x", 1, 1), "> 1 | x\n    | ^");
        assert_eq!(excerpt("", 1, 1), "");
        let long = format!("{}here{}", "a".repeat(5_000), "b".repeat(5_000));
        let shown = excerpt(&long, 1, 5_001);
        let lines: Vec<_> = shown.lines().collect();
        let mark = lines[1].find('^').expect("a mark");
        assert!(lines[0][mark..].starts_with("here") && lines[0].len() < 120, "{shown}");
    }

    proptest! {
        #[test]
        fn every_place_of_every_text_can_be_shown(source in "(\n|\\PC){0,40}", offset in 0_usize..200) {
            let problem = ScriptProblem::at("api/x.js", &source, offset, "m");
            prop_assert!(problem.to_string().starts_with("api/x.js:"));
        }
    }
}
