//! How is Markdown laid out in eighty columns?
//!
//! Wraps between words, and keeps what stands in backquotes on one line. Knows
//! nothing of what the text says.

/// Columns of Markdown.
pub const WIDTH: usize = 80;

/// An item of a list.
pub fn item(text: &str) -> String {
    format!("- {}\n", wrapped(text, "  "))
}

/// Text in lines, those after the first indented. What stands in backquotes
/// stays on one line.
pub fn wrapped(text: &str, indent: &str) -> String {
    let (mut lines, mut column) = (String::new(), indent.len());
    for word in words(text) {
        let width = word.chars().count();
        if column > indent.len() && column + 1 + width > WIDTH {
            lines.push('\n');
            lines.push_str(indent);
            column = indent.len();
        } else if column > indent.len() {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(&word);
        column += width;
    }
    lines
}

fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for part in text.split_whitespace() {
        match words.last_mut() {
            Some(open) if open.matches('`').count() % 2 == 1 => {
                open.push(' ');
                open.push_str(part);
            }
            _ => words.push(part.to_owned()),
        }
    }
    words
}

/// A word as a shell takes it back.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+:@%,=".contains(c);
    if !word.is_empty() && !word.starts_with('=') && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_between_words_and_not_inside_code() {
        let text = item(&"word ".repeat(40));
        assert!(
            text.starts_with("- word")
                && text.lines().nth(1).is_some_and(|l| l.starts_with("  word"))
        );
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
        let code = format!("{} `a b c d e f g h`", "word ".repeat(14));
        assert_eq!(wrapped(&code, "").lines().nth(1), Some("`a b c d e f g h`"));
    }

    #[test]
    fn a_word_can_be_pasted_back_into_a_shell() {
        assert_eq!(quoted("/tmp/a-b.db"), "/tmp/a-b.db");
        assert_eq!(quoted("/tmp/my data.db"), "'/tmp/my data.db'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("$(rm)"), "'$(rm)'");
        assert_eq!(quoted(""), "''");
    }
}
