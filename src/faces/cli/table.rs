//! How do rows of like things stand in a terminal of that width?
//!
//! Columns without borders, two spaces apart. A cell is broken at its spaces when
//! the terminal is too narrow, and never inside a word: an address that is broken
//! cannot be copied. Pure.

use comfy_table::{
    Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets,
};
use fazt_tools::view;

use super::render::clean;

/// Between two columns.
const GAP: u16 = 2;

/// Draws a table, its head dimmed; no width means that lines may be of any length.
pub(super) fn draw(table: &view::Table, width: Option<u16>) -> String {
    let columns: Vec<Column> =
        table.columns.iter().enumerate().map(|(at, head)| Column::of(table, at, head)).collect();
    let mut drawn = Table::new();
    drawn.load_style(presets::NOTHING).force_no_tty().enforce_styling().style_text_only();
    let needed = columns.iter().map(|column| column.least + GAP).fold(0, u16::saturating_add);
    // A terminal too narrow even for the words gets long lines and breaks them itself.
    if let Some(width) = width.filter(|width| needed <= width.saturating_add(GAP)) {
        drawn.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    drawn.set_header(
        columns.iter().map(|column| Cell::new(column.head).add_attribute(Attribute::Dim)),
    );
    for row in &table.rows {
        drawn.add_row(row.iter().map(|cell| one_line(cell)));
    }
    let last = columns.len().saturating_sub(1);
    for (at, (column, given)) in drawn.column_iter_mut().zip(&columns).enumerate() {
        let gap = if at == last { 0 } else { GAP };
        column.set_padding((0, gap));
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(given.least + gap)));
        if given.flush_right {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = drawn.trim_fmt();
    text.push('\n');
    text
}

struct Column<'a> {
    head: &'a str,
    flush_right: bool,
    /// The width below which a word would break.
    least: u16,
}

impl<'a> Column<'a> {
    fn of(table: &view::Table, at: usize, head: &'a str) -> Self {
        let (flush_right, head) = match head.strip_prefix('>') {
            Some(head) => (true, head),
            None => (false, head),
        };
        let cells = table.rows.iter().filter_map(|row| row.get(at));
        // A number stays with its unit.
        let longest = |text: &str| {
            if flush_right { text.chars().count() } else { longest_word(text) }
        };
        let widest = cells.map(|cell| longest(cell)).max().unwrap_or(0).max(longest_word(head));
        Self { head, flush_right, least: u16::try_from(widest).unwrap_or(u16::MAX) }
    }
}

fn longest_word(text: &str) -> usize {
    text.split_whitespace().map(|word| word.chars().count()).max().unwrap_or(0)
}

fn one_line(cell: &str) -> String {
    clean(cell).replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: Option<u16>) -> String {
        let row = |cells: [&str; 4]| cells.map(ToOwned::to_owned).to_vec();
        let table = view::Table {
            columns: &["app", ">size", "what it is for", "url"],
            rows: vec![
                row(["hello", "5.1 kB", "greets whoever comes by", "http://hello.localhost:8080"]),
                row(["b", "12 MB", "", "http://b.localhost:8080"]),
            ],
            empty: "none",
        };
        plain(&draw(&table, width))
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn columns_are_aligned_and_lines_end_with_their_text() {
        assert_eq!(
            drawn(None),
            "app      size  what it is for           url\n\
             hello  5.1 kB  greets whoever comes by  http://hello.localhost:8080\n\
             b       12 MB                           http://b.localhost:8080\n"
        );
        assert_eq!(drawn(Some(100)), drawn(None));
    }

    #[test]
    fn a_narrow_terminal_breaks_sentences_and_no_word() {
        let text = drawn(Some(60));
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        assert!(text.contains("http://hello.localhost:8080") && text.contains("5.1 kB"), "{text}");
        assert!(text.lines().count() > 3, "{text}");
    }

    #[test]
    fn a_terminal_too_narrow_for_the_words_gets_them_whole() {
        assert_eq!(drawn(Some(20)), drawn(None));
    }

    #[test]
    fn a_cell_cannot_forge_a_row_or_command_the_terminal() {
        let table = view::Table {
            columns: &["a"],
            rows: vec![vec!["x\ny\u{1b}[2Jz\r".to_owned()]],
            empty: "",
        };
        let text = plain(&draw(&table, None));
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(!text.contains('\r'), "{text:?}");
    }
}
