//! How does an answer look? The only file that prints.
//!
//! What a script wants goes to standard output, what a person wants to know besides
//! to standard error. Colour is left out where nobody would see it, by `anstream`.
//! Text from apps and peers is stripped of control characters: it must not command
//! the terminal.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal as _, Write as _},
};

use anstyle::{AnsiColor, Style};
use clap::{builder::StyledStr, error::ErrorKind};
use fazt_tools::{
    Code, Problem, View,
    trace::{Level, Line},
};
use serde_json::{Value, json};

use super::{Stop, table};

const HEADLINE: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default();
const COMMAND: Style = AnsiColor::Cyan.on_default();

/// Where answers are drawn, and how much is said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Screen {
    /// Answers are JSON and nothing else is said.
    pub(super) json: bool,
    /// Only what was asked for is said.
    pub(super) quiet: bool,
    /// More is said.
    pub(super) verbose: bool,
}

impl Screen {
    /// Draws an answer. Where it has a result, that alone is the data, so that
    /// `url=$(fazt deploy)` works; else its facts and rows are.
    pub(super) fn view(self, view: &View) -> io::Result<()> {
        let mut body = String::new();
        if let Some(headline) = &view.headline {
            let _ = writeln!(body, "{HEADLINE}{}{HEADLINE:#}", clean(headline));
        }
        let width = view.facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, value) in &view.facts {
            let _ = writeln!(body, "{DIM}{name:width$}{DIM:#}  {}", clean(value));
        }
        let mut empty = None;
        if let Some(rows) = &view.table {
            if rows.rows.is_empty() {
                empty = Some(rows.empty);
            } else {
                let gap = if body.is_empty() { "" } else { "\n" };
                let _ = write!(body, "{gap}{}", table::draw(rows, width_of_stdout()));
            }
        }
        match &view.result {
            None => out(&body)?,
            Some(_) if self.quiet => {}
            Some(_) => say(&body),
        }
        if let Some(empty) = empty {
            self.remark(empty);
        }
        for note in &view.notes {
            match note.strip_prefix("warning: ") {
                Some(warning) => self.warning(warning),
                None => self.remark(note),
            }
        }
        if let Some(next) = &view.next {
            self.next(&next.command());
        }
        match &view.result {
            Some(result) => out(&format!("{}\n", clean(result))),
            None => Ok(()),
        }
    }

    /// Prints a line of a log.
    #[expect(clippy::unused_self, reason = "a line looks the same on every screen")]
    pub(super) fn logged(self, line: &Line) -> io::Result<()> {
        let style = match line.level {
            Level::Error => ERROR,
            Level::Warn => WARNING,
            Level::Debug | Level::Info => DIM,
        };
        let at = line.at.map_or_else(String::new, |at| at.strftime("%H:%M:%S ").to_string());
        let request = line.request.as_ref().map_or_else(String::new, |id| format!("{id} "));
        out(&format!(
            "{DIM}{at}{DIM:#}{style}{:5}{style:#} {DIM}{}{DIM:#}{}\n",
            line.level.as_str(),
            clean(&request),
            clean(&line.said())
        ))
    }

    /// Prints the source around a place.
    #[expect(clippy::unused_self, reason = "source looks the same on every screen")]
    pub(super) fn excerpt(self, text: &str) -> io::Result<()> {
        if text.is_empty() { Ok(()) } else { out(&format!("{}\n", clean(text))) }
    }

    /// Says something a person may want to know.
    pub(super) fn remark(self, text: &str) {
        if !self.quiet && !self.json {
            say(&format!("{}\n", clean(text)));
        }
    }

    /// Says something a person should know; only JSON keeps it back, which holds it.
    pub(super) fn warning(self, text: &str) {
        if !self.json {
            say(&format!("{WARNING}warning:{WARNING:#} {}\n", clean(text)));
        }
    }

    /// Says what may be done next.
    pub(super) fn next(self, command: &str) {
        self.remark_styled(&format!("{DIM}next:{DIM:#} {COMMAND}{}{COMMAND:#}\n", clean(command)));
    }

    /// Repeats a line of another program.
    pub(super) fn dimmed(self, line: &str) {
        self.remark_styled(&format!("{DIM}{}{DIM:#}\n", clean(line)));
    }

    /// Says how something is done, where `-v` asks for it.
    pub(super) fn detail(self, text: &str) {
        if self.verbose {
            say(&format!("{DIM}{}{DIM:#}\n", clean(text)));
        }
    }

    /// Says what was begun and what to do with it.
    pub(super) fn tree(self, headline: &str, branches: &[(&str, String, String)]) {
        let mut text = format!("{HEADLINE}{}{HEADLINE:#}\n", clean(headline));
        let width = branches.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
        for (at, (name, what, about)) in branches.iter().enumerate() {
            let branch = if at + 1 == branches.len() { "└─" } else { "├─" };
            let about = if about.is_empty() { String::new() } else { format!("  ({about})") };
            let _ = writeln!(
                text,
                "{DIM}{branch} {name:width$}{DIM:#}  {COMMAND}{}{COMMAND:#}{DIM}{}{DIM:#}",
                clean(what),
                clean(&about)
            );
        }
        self.remark_styled(&text);
    }

    fn remark_styled(self, text: &str) {
        if !self.quiet && !self.json {
            say(text);
        }
    }
}

/// Prints JSON: laid out for a person, on one line for a program.
pub(super) fn json(value: &Value) -> io::Result<()> {
    let pretty = io::stdout().is_terminal();
    bytes(if pretty { format!("{value:#}\n") } else { format!("{value}\n") }.as_bytes())
}

/// Prints JSON on one line.
pub(super) fn line_of_json(value: &Value) -> io::Result<()> {
    bytes(format!("{value}\n").as_bytes())
}

/// Prints bytes as they are.
pub(super) fn bytes(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Prints help.
pub(super) fn help(text: &StyledStr) -> io::Result<()> {
    out(&text.ansi().to_string())
}

/// Asks; the answer is typed on the same line.
pub(super) fn prompt(text: &str) {
    say(&clean(text));
}

/// Says why a command ended early, and answers the exit code.
pub(super) fn end(json: bool, verbose: bool, stop: Stop) -> u8 {
    let problem = match stop {
        Stop::Problem(problem) => *problem,
        Stop::Usage(error) if !error.use_stderr() => {
            return match help(&error.render()) {
                Ok(()) => 0,
                Err(error) => end(json, verbose, Stop::Output(error)),
            };
        }
        Stop::Usage(error) if json => misused(&error),
        Stop::Usage(error) => {
            say(&error.render().ansi().to_string());
            return 2;
        }
        // The reader has seen enough, as `head` does.
        Stop::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return 0,
        Stop::Output(error) => {
            Problem::new(Code::DiskFull, format!("cannot write the answer: {error}"))
        }
    };
    if json {
        let error = json!({ "error": problem });
        say(&format!("{error}\n"));
        return problem.code.exit();
    }
    let mut text = format!("{ERROR}error:{ERROR:#} {}\n", clean(&problem.message));
    if let Some(hint) = &problem.hint {
        let _ = writeln!(text, "{DIM}hint:{DIM:#} {}", clean(hint));
    }
    if verbose {
        let details = Value::Object(problem.details);
        let _ = writeln!(text, "{DIM}{} {}{DIM:#}", problem.code, clean(&details.to_string()));
    }
    say(&text);
    problem.code.exit()
}

/// A misspelt command line as a problem.
fn misused(error: &clap::Error) -> Problem {
    let text = error.to_string();
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "a command is missing",
        _ => lines.next().unwrap_or_default(),
    };
    let message = first.trim_start_matches("error: ").trim();
    let message = if message.ends_with(':') {
        format!("{message} {}", lines.next().unwrap_or_default().trim())
    } else {
        message.to_owned()
    };
    let tip = lines.find_map(|line| line.trim().strip_prefix("tip: "));
    Problem::new(Code::BadRequest, message).hint(tip.unwrap_or("`--help` lists what there is"))
}

/// Text from elsewhere, without what would command the terminal.
pub(super) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => clean.push(c),
            // These reorder what is read: an address could pose as another.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() => clean.extend(c.escape_default()),
            c => clean.push(c),
        }
    }
    clean
}

fn width_of_stdout() -> Option<u16> {
    comfy_table::Table::new().width()
}

fn out(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Says something on standard error; when nobody can be told, nobody is.
fn say(text: &str) {
    let mut err = anstream::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_command_the_terminal_is_shown_instead() {
        assert_eq!(clean("a\u{1b}[2Jb\r\u{9b}c"), "a\\u{1b}[2Jb\\r\\u{9b}c");
        assert_eq!(clean("two\nlines\tand `ä`"), "two\nlines\tand `ä`");
        assert_eq!(clean("moc.\u{202e}elpmaxe"), "moc.elpmaxe");
    }

    #[test]
    fn a_misspelt_command_line_is_one_sentence_in_json() {
        let error = |line: &[&str]| {
            let error = super::super::command::whole_tree().try_get_matches_from(line);
            misused(&error.expect_err("misspelt"))
        };
        assert_eq!(error(&["fazt", "ap"]).code.exit(), 2);
        let message = error(&["fazt", "app"]).message;
        assert!(message.ends_with("<APP>"), "{message}");
        let message = error(&["fazt", "frob"]).message;
        assert_eq!(message, "unrecognized subcommand 'frob'");
        let hint = error(&["fazt", "rollbak"]).hint;
        assert_eq!(hint.as_deref(), Some("a similar subcommand exists: 'rollback'"));
    }
}
