//! How is one call written: for an MCP client, for `fazt`, for `curl`?
//!
//! All three are made from the tool's [`Spec`] and one input, so that a renamed
//! tool, route or option changes every page. Names no tool but those it is given.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::text::{WIDTH, quoted};
use crate::{Effect, Spec, Tool, specs, tool};

/// How `curl` begins, whatever it calls.
const CURL: &str = "curl -sS --fail-with-body -H \"Authorization: Bearer $FAZT_TOKEN\"";

/// A call of a tool with an input that fits it.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The tool's name.
    pub tool: &'static str,
    /// The input.
    pub input: Value,
    /// The folder whose files the command and `curl` send.
    pub folder: Option<&'static str>,
    word: Option<&'static str>,
    elided: bool,
}

impl Call {
    /// A call of `T`.
    ///
    /// # Panics
    ///
    /// When the input does not fit the tool.
    pub fn of<T: Tool>(input: Value) -> Self {
        let typed: Result<T::Input, _> = serde_json::from_value(input);
        let typed = typed.unwrap_or_else(|error| panic!("an input of `{}`: {error}", T::NAME));
        let input = tool::json(&typed);
        Self { tool: T::NAME, input, folder: None, word: None, elided: false }
    }

    /// Shows another of the tool's commands than the first.
    ///
    /// # Panics
    ///
    /// When the tool has no such command.
    #[must_use]
    pub fn worded(mut self, word: &'static str) -> Self {
        assert!(spec(self.tool).commands.contains(&word), "`fazt {word}` is not {}", self.tool);
        self.word = Some(word);
        self
    }

    /// Says that the inline files are those of a folder, which is what the
    /// command and `curl` send.
    #[must_use]
    pub fn of_folder(mut self, folder: &'static str) -> Self {
        self.folder = Some(folder);
        self
    }

    /// Leaves the contents of inline files out of what is shown.
    #[must_use]
    pub fn elided(mut self) -> Self {
        self.elided = true;
        self
    }

    /// The tool it calls.
    pub fn spec(&self) -> &'static Spec {
        spec(self.tool)
    }

    /// The files of its folder, each with its text.
    pub fn files(&self) -> Vec<(&str, &str)> {
        let files = self.input["files"].as_array().map_or(&[][..], Vec::as_slice);
        files.iter().filter_map(|f| Some((f["path"].as_str()?, f["content"].as_str()?))).collect()
    }

    /// The input as an MCP client sends it.
    pub fn arguments(&self) -> String {
        let mut input = self.input.clone();
        if self.elided {
            for file in input["files"].as_array_mut().into_iter().flatten() {
                file["content"] = "…".into();
            }
        }
        laid_out(&input, WIDTH - 2)
    }

    /// The command line, broken where it is long.
    pub fn command(&self) -> String {
        broken(&self.words())
    }

    /// The command line, however long.
    pub fn line(&self) -> String {
        self.words().join(" ")
    }

    /// The command's words, an option with its value as one.
    fn words(&self) -> Vec<String> {
        let spec = self.spec();
        let mut words = vec![format!("fazt {}", self.word.unwrap_or(spec.commands[0]))];
        words.extend(self.folder.map(quoted));
        let command = (spec.arguments)(clap::Command::new(spec.name));
        let given = |arg: &clap::Arg| self.input.get(arg.get_id().as_str()).cloned();
        for arg in command.get_positionals() {
            words.extend(values(given(arg)).iter().map(|value| quoted(value)));
        }
        for arg in command.get_arguments().filter(|arg| !arg.is_positional()) {
            let Some(long) = arg.get_long() else { continue };
            match given(arg) {
                Some(Value::Bool(yes)) if arg.get_action().takes_values() => {
                    words.push(format!("--{long}={yes}"));
                }
                Some(Value::Bool(yes)) => words.extend(yes.then(|| format!("--{long}"))),
                some => {
                    let option = |value: &String| format!("--{long} {}", quoted(value));
                    words.extend(values(some).iter().map(option));
                }
            }
        }
        words.extend((spec.effect == Effect::Remove).then(|| "-y".to_owned()));
        words
    }

    /// The same with `curl`, for `$FAZT_URL` and `$FAZT_TOKEN`.
    pub fn curl(&self) -> String {
        let spec = self.spec();
        let mut rest = self.input.as_object().cloned().unwrap_or_default();
        let mut path = spec.route.path.replace("{*", "{");
        for field in spec.route.fields() {
            let Some(value) = rest.remove(field) else { continue };
            let keep_slash = spec.route.path.contains("{*");
            path = path.replace(&format!("{{{field}}}"), &encoded(&plain(&value), keep_slash));
        }
        if let Some(folder) = self.folder {
            rest.remove("files");
            let query = query(&rest);
            return format!(
                "(cd {} && zip -qr - .) |\n  {CURL} \\\n  -H 'Content-Type: application/zip' \
                 --data-binary @- \\\n  \"$FAZT_URL{path}{query}\"",
                quoted(folder)
            );
        }
        let method = spec.route.method.as_str();
        if spec.route.takes_query() {
            let method = if method == "GET" { String::new() } else { format!("-X {method} ") };
            return format!("{CURL} \\\n  {method}\"$FAZT_URL{path}{}\"", query(&rest));
        }
        if rest.is_empty() {
            return format!("{CURL} \\\n  -X {method} \"$FAZT_URL{path}\"");
        }
        let method = if method == "POST" { String::new() } else { format!("-X {method} ") };
        let body = laid_out(&Value::Object(rest), WIDTH - 8);
        let body = body.replace('\'', r"'\''");
        format!(
            "{CURL} \\\n  -H 'Content-Type: application/json' {method}\"$FAZT_URL{path}\" \\\n  \
             -d '{body}'"
        )
    }
}

/// The tool of that name.
///
/// # Panics
///
/// When the catalogue has none: a page may name only what there is.
pub(super) fn spec(name: &str) -> &'static Spec {
    let found = specs().iter().find(|spec| spec.name == name);
    found.unwrap_or_else(|| panic!("a page names the tool `{name}`, which is not there"))
}

/// Words on one line, or on several that a shell reads as one.
fn broken(words: &[String]) -> String {
    let (mut text, mut column) = (String::new(), 0);
    for word in words {
        let width = word.chars().count();
        if column > 0 && column + width + 3 > WIDTH {
            text.push_str(" \\\n  ");
            column = 2;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += width;
    }
    text
}

/// The texts of a value: a list has several, nothing has none.
fn values(value: Option<Value>) -> Vec<String> {
    match value {
        None => Vec::new(),
        Some(Value::Array(items)) => items.iter().map(plain).collect(),
        Some(value) => vec![plain(&value)],
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn query(rest: &Map<String, Value>) -> String {
    let mut text = String::new();
    for (name, value) in rest {
        for value in values(Some(value.clone())) {
            let mark = if text.is_empty() { '?' } else { '&' };
            let _ = write!(text, "{mark}{name}={}", encoded(&value, false));
        }
    }
    text
}

/// Percent-encodes all that has a meaning in a URL or in a shell's quotes.
fn encoded(text: &str, keep_slash: bool) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        let keep = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if keep || (keep_slash && byte == b'/') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// JSON on one line where it fits into `width` columns, else filled lines.
fn laid_out(value: &Value, width: usize) -> String {
    let short = value.to_string();
    if short.chars().count() <= width {
        return short;
    }
    let inner = width.saturating_sub(2);
    match value {
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                format!("{}:{}", Value::from(name.as_str()), laid_out(value, inner))
            };
            format!("{{{}}}", filled(fields.iter().map(field), inner))
        }
        Value::Array(items) => {
            format!("[{}]", filled(items.iter().map(|item| laid_out(item, inner)), inner))
        }
        _ => short,
    }
}

/// Parts behind commas, as many on a line as fit, each line but the first set in.
fn filled(parts: impl Iterator<Item = String>, width: usize) -> String {
    let (mut text, mut column) = (String::new(), 1);
    for part in parts {
        let long = part.contains('\n') || column + part.chars().count() + 2 > width;
        if !text.is_empty() {
            text.push_str(if long { ",\n  " } else { ", " });
            column = if long { 2 } else { column + 2 };
        }
        text.push_str(&part.replace('\n', "\n  "));
        column += part.lines().last().unwrap_or_default().chars().count();
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_is_written_three_ways_from_the_catalogue() {
        let call = Call::of::<crate::promote::Promote>(json!({ "app": "hello", "version": 2 }));
        assert_eq!(call.arguments(), r#"{"app":"hello","version":2}"#);
        assert_eq!(call.command(), "fazt promote hello 2");
        assert!(call.curl().contains("$FAZT_URL/api/apps/hello/promote"), "{}", call.curl());
        assert!(call.curl().ends_with(r#"-d '{"version":2}'"#), "{}", call.curl());
        let back = Call::of::<crate::promote::Promote>(json!({ "app": "hello" }));
        assert_eq!(back.clone().worded("rollback").command(), "fazt rollback hello");
        assert!(back.curl().ends_with("-X POST \"$FAZT_URL/api/apps/hello/promote\""));
    }

    #[test]
    fn options_lists_and_odd_letters_survive_the_shell() {
        let call = Call::of::<crate::fetch_test::FetchTest>(json!({
            "url": "http://x.localhost/it's", "headers": ["A: 1", "B: 2"], "expect_status": 404,
        }));
        let line = call.command();
        assert!(line.contains("--header 'A: 1' --header 'B: 2'"), "{line}");
        assert!(line.contains("--expect-status 404"), "{line}");
        assert!(call.curl().contains(r"it'\''s"), "{}", call.curl());
        let call = Call::of::<crate::read_file::ReadFile>(
            json!({ "app": "hello", "path": "a b/$x.txt", "limit": 4 }),
        );
        assert!(call.curl().contains("/files/a%20b/%24x.txt?limit=4"), "{}", call.curl());
        let call = Call::of::<crate::delete_app::DeleteApp>(json!({ "app": "hello" }));
        assert_eq!(call.command(), "fazt delete hello -y");
    }

    #[test]
    #[should_panic(expected = "unknown field `verison`")]
    fn an_input_that_does_not_fit_makes_no_page() {
        let _ = Call::of::<crate::promote::Promote>(json!({ "app": "hello", "verison": 2 }));
    }
}
