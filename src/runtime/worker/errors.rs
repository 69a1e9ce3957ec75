//! What a script threw, in words: name, message, and where.
//!
//! A place is `file:line:column (function)`, in the text that the worker has: the node knows
//! the author's. Whatever a script throws is described, and nothing of it is trusted to be
//! what it seems.

use std::fmt::Write as _;

use boa_engine::{Context, JsError, JsNativeError, JsObject, JsValue, js_string};

use super::{modules::Loader, require, shims::json};
use crate::runtime::frames::ScriptError;

/// Causes of an error that are told.
const CAUSES: usize = 4;
/// Longest text of a value that is thrown and no error.
const SHOWN: usize = 1_000;

/// Bytes of a name or a code, and of a stack.
const NAME: usize = 200;
const STACK: usize = 16 << 10;

fn short(mut text: String, most: usize) -> String {
    text.truncate(text.floor_char_boundary(most));
    text
}

/// Describes what was thrown.
pub(super) fn describe(error: &JsError, context: &mut Context) -> ScriptError {
    let shown = error.to_string();
    let frames = shown.find("\n    at ").map_or("", |at| &shown[at + 1..]);
    let frames = placed(frames, context);
    match error.clone().into_opaque(context) {
        Ok(value) => {
            let mut described = thrown(&value, context);
            if described.stack.is_empty() {
                described.stack = places(&frames);
            }
            described
        }
        // What the engine ends by itself is no value, and no script can catch it.
        Err(_) => {
            let text = shown.lines().next().unwrap_or_default();
            let message = text.split_once(": ").map_or(text, |(_, message)| message);
            let name =
                if text.starts_with("RuntimeLimitError") { "RangeError" } else { "InternalError" };
            ScriptError { stack: places(&frames), ..plain(name, message) }
        }
    }
}

/// Describes a value that was thrown or rejected with.
pub(super) fn thrown(value: &JsValue, context: &mut Context) -> ScriptError {
    let Some(object) = value.as_object() else {
        let text = match value.as_symbol() {
            Some(symbol) => symbol.descriptive_string().to_std_string_escaped(),
            None => text_of(value, context).unwrap_or_default(),
        };
        return plain("Error", text);
    };
    let name = property(&object, "name", context);
    let message = property(&object, "message", context);
    let message = match (message, &name) {
        (Some(message), _) => message,
        (None, Some(_)) => String::new(),
        // An object that is no error says what it holds.
        (None, None) => json::write(value, context).ok().flatten().unwrap_or_default(),
    };
    let mut stack = places(&property(&object, "stack", context).unwrap_or_default());
    let mut cause = object.clone();
    for _ in 0..CAUSES {
        let Ok(next) = cause.get(js_string!("cause"), context) else { break };
        let Some(next) = next.as_object() else { break };
        let name = property(&next, "name", context).unwrap_or_else(|| "Error".to_owned());
        let message = property(&next, "message", context).unwrap_or_default();
        let _ = write!(stack, "\ncaused by {name}: {message}");
        let frames = places(&property(&next, "stack", context).unwrap_or_default());
        if !frames.is_empty() {
            let _ = write!(stack, "\n{frames}");
        }
        cause = next;
    }
    ScriptError {
        name: short(name.unwrap_or_else(|| "Error".to_owned()), NAME),
        message: cut(message),
        stack: short(stack.trim_start_matches('\n').to_owned(), STACK),
        code: property(&object, "code", context).map(|code| short(code, NAME)),
        retryable: object
            .get(js_string!("retryable"), context)
            .is_ok_and(|value| value.to_boolean()),
    }
}

/// A property as text; `None` where there is none, or it throws.
fn property(object: &JsObject, name: &str, context: &mut Context) -> Option<String> {
    let value = object.get(js_string!(name), context).ok()?;
    if value.is_undefined() { None } else { text_of(&value, context) }
}

fn text_of(value: &JsValue, context: &mut Context) -> Option<String> {
    Some(value.to_string(context).ok()?.to_std_string_escaped())
}

fn cut(mut text: String) -> String {
    if text.len() > SHOWN {
        text.truncate(text.floor_char_boundary(SHOWN));
        text.push('…');
    }
    text
}

/// The engine's frames, `    at function (file:line:column)`, with the first lines of scripts
/// where their files have them.
pub(super) fn placed(frames: &str, context: &Context) -> String {
    let Ok(loader) = Loader::of(context) else { return frames.to_owned() };
    // What this program put between the scripts has no file.
    let lines = frames.lines().filter(|line| !line.contains("(unknown at ")).map(|line| {
        let moved = || {
            let (function, place) = line.strip_suffix(')')?.rsplit_once(" (")?;
            let (rest, column) = place.rsplit_once(':')?;
            let (file, line) = rest.rsplit_once(':')?;
            let moved = if line == "1" { require::moved(loader.file(file)?) } else { 0 };
            let column = column.parse::<usize>().ok()?.checked_sub(moved)?;
            Some(format!("{function} ({file}:{line}:{column})"))
        };
        moved().unwrap_or_else(|| line.to_owned())
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Frames as they are told: `file:line:column (function)`, those of scripts alone.
fn places(stack: &str) -> String {
    let frames = stack.lines().filter_map(|line| {
        let (function, place) =
            line.strip_prefix("    at ")?.strip_suffix(')')?.rsplit_once('(')?;
        let function = function.trim();
        if place.starts_with("native") || place.starts_with("unknown") || place.contains('?') {
            return None;
        }
        match function {
            "" | "<main>" | "<anonymous>" => Some(place.to_owned()),
            named => Some(format!("{place} ({named})")),
        }
    });
    frames.collect::<Vec<_>>().join("\n")
}

/// A text that could not be read: whose it is, and where.
///
/// Covers: the engine names no file, and gives the place in words.
pub(super) fn unread(path: &str, error: &JsError) -> JsError {
    let shown = error.to_string();
    let text = shown.lines().next().unwrap_or_default();
    let text = text.strip_prefix("SyntaxError: ").unwrap_or(text);
    let text = text.strip_suffix(" (native)").unwrap_or(text);
    let place = text.rsplit_once(" at line ").and_then(|(what, place)| {
        let (line, column) = place.split_once(", col ")?;
        let _: (u32, u32) = (line.parse().ok()?, column.parse().ok()?);
        Some(format!("{path}:{line}:{column}: {what}"))
    });
    let message = place.unwrap_or_else(|| format!("{path}: {text}"));
    JsNativeError::syntax().with_message(message).into()
}

/// An error of this program's own making.
pub(super) fn plain(name: &str, message: impl Into<String>) -> ScriptError {
    ScriptError { name: name.to_owned(), message: cut(message.into()), ..ScriptError::default() }
}
