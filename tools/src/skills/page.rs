//! What is a page made of, and how does it become Markdown?
//!
//! A page is a list of [`Part`]s. Prose names tools as `{deploy}`, commands as
//! `{fazt deploy ./site}` and commands on a peer as `{@zyt apps}`; each is
//! checked against the catalogue when the page is made.

use std::fmt::Write as _;

use clap::ValueEnum as _;

use super::{
    call::{self, Call},
    text::{item, wrapped},
};
use crate::{Code, Scope, limits::LIMITS, tokens::Preset};

/// What stands below the title of every page.
pub const MADE: &str = "<!-- Made by fazt from its catalogue; change its source. -->";

/// A piece of a page.
#[derive(Clone, Debug)]
pub enum Part {
    /// The title of a section.
    Heading(&'static str),
    /// A paragraph.
    Text(&'static str),
    /// A list.
    Items(&'static [&'static str]),
    /// A call, written three ways.
    Call(Call),
    /// Text as it is, in a language.
    Code(&'static str, &'static str),
    /// The files that a call sends, each as it is.
    Files(Call),
    /// What the commands of these tools do, a line each.
    Commands(&'static [&'static str]),
    /// The table of limits.
    Limits,
    /// The table of codes.
    Codes,
    /// The scopes, and what each allows.
    Scopes,
    /// The usual sets of scopes.
    Presets,
}

/// The parts as Markdown, with an empty line before each.
pub(super) fn render(parts: &[Part]) -> String {
    let mut text = String::new();
    for part in parts {
        text.push('\n');
        one(part, &mut text);
    }
    text
}

fn one(part: &Part, text: &mut String) {
    let mut items = |lines: &mut dyn Iterator<Item = String>| {
        lines.for_each(|line| text.push_str(&item(&line)));
    };
    match part {
        Part::Items(lines) => items(&mut lines.iter().map(|line| named(line))),
        Part::Commands(tools) => items(&mut tools.iter().map(|tool| {
            let spec = call::spec(tool);
            format!("`fazt {}`: {}", spec.commands[0], spec.summary())
        })),
        Part::Limits => items(&mut LIMITS.iter().map(ToString::to_string)),
        Part::Codes => items(&mut Code::ALL.iter().map(|code| {
            let (status, exit) = (code.status(), code.exit());
            format!("`{code}` (HTTP {status}, exit {exit}): {}", code.meaning())
        })),
        Part::Scopes => {
            items(&mut Scope::ALL.iter().map(|scope| format!("`{scope}`: {}", scope.allows())));
        }
        Part::Presets => {
            items(&mut Preset::value_variants().iter().map(|preset| {
                let scopes: Vec<String> =
                    preset.scopes().iter().map(|s| format!("`{s}`")).collect();
                let word = preset.to_possible_value().expect("no preset is hidden");
                format!("`{}`: {}", word.get_name(), scopes.join(", "))
            }));
        }
        Part::Heading(title) => drop(writeln!(text, "## {title}")),
        Part::Text(prose) => drop(writeln!(text, "{}", wrapped(&named(prose), ""))),
        Part::Code(language, code) => fence(language, code, text),
        Part::Files(call) => {
            for (n, (path, content)) in call.files().into_iter().enumerate() {
                let _ = write!(text, "{}`{path}`:\n\n", if n == 0 { "" } else { "\n" });
                fence(language_of(path), content, text);
            }
        }
        Part::Call(call) => {
            let arguments = call.arguments();
            let line = format!("Tool `{}`: `{arguments}`", call.tool);
            if arguments.contains('\n') || line.chars().count() > super::text::WIDTH {
                let _ = write!(text, "Tool `{}`:\n\n", call.tool);
                fence("json", &arguments, text);
            } else {
                let _ = writeln!(text, "{line}");
            }
            text.push('\n');
            fence("sh", &format!("{}\n{}", call.command(), call.curl()), text);
        }
    }
}

fn fence(language: &str, code: &str, text: &mut String) {
    let _ = write!(text, "```{language}\n{}\n```\n", code.trim_end());
}

fn language_of(path: &str) -> &'static str {
    match path.rsplit_once('.') {
        Some((_, "html")) => "html",
        Some((_, "json")) => "json",
        Some((_, "css")) => "css",
        Some((_, "js")) => "js",
        _ => "text",
    }
}

/// Prose with the names it asks for.
///
/// # Panics
///
/// When it asks for one that the catalogue does not have.
pub(super) fn named(prose: &str) -> String {
    let mut text = String::new();
    let mut rest = prose;
    while let Some((before, after)) = rest.split_once('{') {
        let (asked, after) = after.split_once('}').expect("what is opened is closed");
        text.push_str(before);
        rest = after;
        if asked.starts_with(['"', ' ']) {
            // A piece of JSON or of a script names nothing.
            let _ = write!(text, "{{{asked}}}");
            continue;
        }
        let (place, words) = match asked.strip_prefix('@') {
            Some(at) => at
                .split_once(' ')
                .map(|(peer, words)| (format!("@{peer} "), words))
                .expect("a command follows a peer"),
            None => (String::new(), asked.strip_prefix("fazt ").unwrap_or_default()),
        };
        if words.is_empty() {
            let _ = write!(text, "`{}`", call::spec(asked).name);
        } else {
            let (tool, more) = words.split_once(' ').unwrap_or((words, ""));
            let command = call::spec(tool).commands[0];
            let _ = write!(text, "`{}`", format!("fazt {place}{command} {more}").trim_end());
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_names_tools_and_commands_by_the_catalogue() {
        let text = named("Call {promote}, {fazt promote hello 2} or {@zyt list_apps}.");
        assert_eq!(text, "Call `promote`, `fazt promote hello 2` or `fazt @zyt apps`.");
    }

    #[test]
    #[should_panic(expected = "`frobnicate`, which is not there")]
    fn prose_may_not_name_a_tool_that_is_not_there() {
        let _ = named("Call {frobnicate}.");
    }
}
