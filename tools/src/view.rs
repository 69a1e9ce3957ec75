//! How an answer reads: a headline, facts, a table, a next step.
//!
//! Each tool makes a [`View`] of its output; the terminal draws it with rules
//! and colour, an agent gets it as plain lines. Holds no colour and no width.

use std::fmt::Write as _;

use crate::skills::Call;

/// A tool's answer, arranged for reading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// One sentence that stands alone.
    pub headline: Option<String>,
    /// Named single values.
    pub facts: Vec<(&'static str, String)>,
    /// Rows of like things.
    pub table: Option<Table>,
    /// Warnings and remarks, a line each.
    pub notes: Vec<String>,
    /// What to do next.
    pub next: Option<Next>,
    /// The one line a shell script wants: a URL, a token.
    pub result: Option<String>,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// A call, which every reader makes in its own way.
    Call(Call),
    /// A command line, where no tool does it.
    Words(String),
}

impl Next {
    /// As a person at a terminal types it.
    pub fn command(&self) -> String {
        match self {
            Self::Call(call) => call.line(),
            Self::Words(words) => words.clone(),
        }
    }

    /// As an agent calls it.
    fn for_agent(&self) -> String {
        match self {
            Self::Call(call) => format!("{} {}", call.tool, call.input),
            Self::Words(words) => words.clone(),
        }
    }
}

impl From<Call> for Next {
    fn from(call: Call) -> Self {
        Self::Call(call)
    }
}

impl From<String> for Next {
    fn from(words: String) -> Self {
        Self::Words(words)
    }
}

impl From<&str> for Next {
    fn from(words: &str) -> Self {
        Self::Words(words.to_owned())
    }
}

/// Rows of like things.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Column heads; one that starts with `>` is set flush right.
    pub columns: &'static [&'static str],
    /// One cell per column.
    pub rows: Vec<Vec<String>>,
    /// What to say when there is no row.
    pub empty: &'static str,
}

impl View {
    /// A view that is one sentence.
    pub fn says(headline: impl Into<String>) -> Self {
        Self { headline: Some(headline.into()), ..Self::default() }
    }

    /// A view that is a table.
    pub fn of_table(
        columns: &'static [&'static str],
        empty: &'static str,
        rows: Vec<Vec<String>>,
    ) -> Self {
        Self { table: Some(Table { columns, rows, empty }), ..Self::default() }
    }

    /// Adds a named value.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "`fact(\"apps\", out.apps)` reads best")]
    pub fn fact(mut self, name: &'static str, value: impl ToString) -> Self {
        self.facts.push((name, value.to_string()));
        self
    }

    /// Adds a named value where there is one.
    #[must_use]
    pub fn fact_if(self, name: &'static str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.fact(name, value),
            None => self,
        }
    }

    /// Adds remarks.
    #[must_use]
    pub fn notes(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        self.notes.extend(notes);
        self
    }

    /// Sets what to do next: the call of a tool, or words.
    #[must_use]
    pub fn next(mut self, next: impl Into<Next>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// Sets the line a shell script wants.
    #[must_use]
    pub fn result(mut self, result: impl Into<String>) -> Self {
        self.result = Some(result.into());
        self
    }

    /// The view as plain lines, for a reader without a terminal.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |line: &str| {
            text.push_str(line);
            text.push('\n');
        };
        if let Some(headline) = &self.headline {
            line(headline);
        }
        for (name, value) in &self.facts {
            line(&format!("{name}: {value}"));
        }
        if let Some(table) = &self.table {
            if table.rows.is_empty() {
                line(table.empty);
            } else {
                let heads: Vec<_> =
                    table.columns.iter().map(|head| head.trim_start_matches('>')).collect();
                line(&heads.join(" | "));
                for row in &table.rows {
                    line(&row.join(" | "));
                }
            }
        }
        for note in &self.notes {
            line(&format!("note: {note}"));
        }
        if let Some(result) = &self.result {
            line(result);
        }
        if let Some(next) = &self.next {
            line(&format!("next: {}", next.for_agent()));
        }
        text
    }
}

/// A number of bytes as people write it: `1.2 MB`.
#[expect(clippy::cast_precision_loss, reason = "a size for reading has two digits")]
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut size = count as f64;
    let mut unit = 0;
    while size >= 999.5 && unit < UNITS.len() - 1 {
        size /= 1000.0;
        unit += 1;
    }
    let mut text = String::new();
    let _ = match (unit, size) {
        (0, _) => write!(text, "{count} B"),
        (_, size) if size < 9.95 => write!(text, "{size:.1} {}", UNITS[unit]),
        (_, size) => write!(text, "{size:.0} {}", UNITS[unit]),
    };
    text
}

/// `1 file`, `2 files`.
pub fn count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// A moment as a terminal shows it, to the minute, in UTC.
pub fn moment(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_people_write_them() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (9_949, "9.9 kB"),
            (123_456, "123 kB"),
            (999_600, "1.0 MB"),
            (5_000_000_000, "5.0 GB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }

    #[test]
    fn a_view_reads_as_lines() {
        let view = View::of_table(&["name", ">size"], "none", vec![vec!["a".into(), "1".into()]])
            .fact("total", 1)
            .next("fazt app a");
        assert_eq!(view.text(), "total: 1\nname | size\na | 1\nnext: fazt app a\n");
    }
}
