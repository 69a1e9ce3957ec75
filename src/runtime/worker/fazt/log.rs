//! `fazt.log` and `console`: lines of a request's log.
//!
//! A line goes to the node as soon as it is written. How many there may be and how
//! long they are is bounded; the first one too many says so, and a log that cannot be
//! written stops nobody.

use std::time::Instant;

use boa_engine::{
    Context, JsNativeError, JsObject, JsResult, JsValue, js_string, property::PropertyKey,
};

use super::{
    Current, Native, host, inspect, method,
    values::{Strictness, What, length},
};
use crate::runtime::frames::{FromWorker, Line};

/// Spaces of a group.
const INDENT: usize = 2;
/// Deepest group.
const DEEPEST: usize = 20;
/// Names of counters and timers that one request may have.
const NAMES: usize = 1_000;

/// `fazt.log`: a message, and fields beside it.
pub(super) fn fazt_log(context: &mut Context) -> JsObject {
    let object = JsObject::with_object_proto(context.intrinsics());
    let methods: [(_, Native); 4] = [
        ("debug", |_, given, context| note("debug", given, context)),
        ("info", |_, given, context| note("info", given, context)),
        ("warn", |_, given, context| note("warn", given, context)),
        ("error", |_, given, context| note("error", given, context)),
    ];
    for (name, native) in methods {
        // A new object takes new properties.
        let _ = method(&object, name, 2, native, context);
    }
    object
}

/// `console`, as everywhere.
pub(super) fn console(context: &mut Context) -> JsObject {
    let object = JsObject::with_object_proto(context.intrinsics());
    let methods: [(_, Native); 20] = [
        ("log", |_, given, context| say("info", given, context)),
        ("info", |_, given, context| say("info", given, context)),
        ("debug", |_, given, context| say("debug", given, context)),
        ("warn", |_, given, context| say("warn", given, context)),
        ("error", |_, given, context| say("error", given, context)),
        ("trace", |_, given, context| trace(given, context)),
        ("dir", |_, given, context| {
            let room = room(context)?;
            let text = given.first().map(|value| inspect::shown(value, room, context));
            line("info", text.unwrap_or_default(), String::new(), context)
        }),
        ("table", |_, given, context| table(given, context)),
        ("assert", |_, given, context| {
            if given.first().is_some_and(JsValue::to_boolean) {
                return Ok(JsValue::undefined());
            }
            let said = words(given.get(1..).unwrap_or_default(), context)?;
            let text = if said.is_empty() { said } else { format!(": {said}") };
            line("error", format!("Assertion failed{text}"), String::new(), context)
        }),
        ("count", |_, given, context| {
            let name = name_of(given, context)?;
            let count = with(context, |now| {
                if now.counts.len() >= NAMES && !now.counts.contains_key(&name) {
                    return 1;
                }
                let count = now.counts.entry(name.clone()).or_default();
                *count = count.saturating_add(1);
                *count
            })?;
            line("info", format!("{name}: {count}"), String::new(), context)
        }),
        ("countReset", |_, given, context| {
            let name = name_of(given, context)?;
            with(context, |now| now.counts.remove(&name))?;
            Ok(JsValue::undefined())
        }),
        ("time", |_, given, context| {
            let (name, now) = (name_of(given, context)?, moment());
            with(context, |current| {
                if current.times.len() < NAMES {
                    current.times.entry(name).or_insert(now);
                }
            })?;
            Ok(JsValue::undefined())
        }),
        ("timeLog", |_, given, context| time(given, false, context)),
        ("timeEnd", |_, given, context| time(given, true, context)),
        ("group", |_, given, context| group(given, context)),
        ("groupCollapsed", |_, given, context| group(given, context)),
        ("groupEnd", |_, _, context| {
            with(context, |now| now.depth = now.depth.saturating_sub(1))?;
            Ok(JsValue::undefined())
        }),
        ("dirxml", |_, given, context| say("info", given, context)),
        ("clear", |_, _, _| Ok(JsValue::undefined())),
        ("timeStamp", |_, _, _| Ok(JsValue::undefined())),
    ];
    for (name, native) in methods {
        // A new object takes new properties.
        let _ = method(&object, name, 0, native, context);
    }
    object
}

#[expect(clippy::disallowed_methods, reason = "`console.time` is real time")]
fn moment() -> Instant {
    Instant::now()
}

fn with<T>(context: &Context, change: impl FnOnce(&mut Current) -> T) -> JsResult<T> {
    Ok(change(&mut host(context)?.now.borrow_mut()))
}

/// Bytes of a line.
fn room(context: &Context) -> JsResult<usize> {
    Ok(usize::try_from(host(context)?.bounds.line).unwrap_or(usize::MAX))
}

fn say(level: &'static str, given: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    if is_full(context)? {
        return line(level, String::new(), String::new(), context);
    }
    let text = words(given, context)?;
    line(level, text, String::new(), context)
}

fn note(level: &'static str, given: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    if is_full(context)? {
        return line(level, String::new(), String::new(), context);
    }
    let room = room(context)?;
    let message = given.first();
    let mut text =
        message.map(|message| inspect::plain(message, room, context)).unwrap_or_default();
    let mut fields = String::new();
    if let Some(value) = given.get(1).filter(|value| !value.is_null_or_undefined()) {
        let what = What { api: "log", name: "fields", strictness: Strictness::Stored };
        match what.json(value, context) {
            Ok(Some(json)) if json.is_object() => fields = json.to_string(),
            // What is no JSON is shown at least.
            _ => text = format!("{text} {}", inspect::shown(value, room, context)),
        }
    }
    line(level, text, fields, context)
}

/// Whether what is logged now is dropped: then it need not be looked at.
fn is_full(context: &Context) -> JsResult<bool> {
    let host = host(context)?;
    Ok(host.now.borrow().lines >= host.bounds.lines)
}

/// Writes a line, unless there are too many.
pub(super) fn line(
    level: &str,
    mut text: String,
    mut fields: String,
    context: &mut Context,
) -> JsResult<JsValue> {
    let host = host(context)?;
    let most = host.bounds.lines;
    let (count, depth) = {
        let mut now = host.now.borrow_mut();
        now.lines = now.lines.saturating_add(1);
        (now.lines, now.depth)
    };
    if count > most.saturating_add(1) {
        return Ok(JsValue::undefined());
    }
    let mut level = level;
    if count == most.saturating_add(1) {
        level = "warn";
        text = format!("more than {most} lines: the rest is dropped");
        fields.clear();
    } else if depth > 0 {
        let indent = " ".repeat(depth * INDENT);
        text = format!("{indent}{}", text.replace('\n', &format!("\n{indent}")));
    }
    let room = room(context)?;
    if text.len() > room {
        text.truncate(text.floor_char_boundary(room.saturating_sub(12)));
        text.push_str(" … (cut)");
    }
    if text.len() + fields.len() > room {
        // Half of a JSON object is none.
        "{\"cut\":true}".clone_into(&mut fields);
    }
    let line = Line { level: level.to_owned(), text, fields };
    // A log that cannot be written stops nobody.
    let _ = host.link.send(&FromWorker::Log(line));
    Ok(JsValue::undefined())
}

/// What is given, as one text: `%s` and its like are filled in first.
fn words(given: &[JsValue], context: &mut Context) -> JsResult<String> {
    let mut room = room(context)?;
    let mut rest = given;
    let mut words = Vec::with_capacity(given.len());
    if let Some(format) = given.first().and_then(JsValue::as_string)
        && given.len() > 1
    {
        let format = format.to_std_string_lossy();
        if format.contains('%') {
            let (text, used) = filled(&format, &given[1..], room, context);
            words.push(text);
            rest = &given[1 + used..];
        }
    }
    for value in rest {
        let word = inspect::plain(value, room, context);
        room = room.saturating_sub(word.len());
        words.push(word);
        if room == 0 {
            break;
        }
    }
    Ok(words.join(" "))
}

/// A format with values in it, and how many it took.
fn filled(format: &str, values: &[JsValue], room: usize, context: &mut Context) -> (String, usize) {
    let (mut text, mut used) = (String::new(), 0);
    let mut letters = format.chars().peekable();
    while let Some(c) = letters.next() {
        let kind = letters.peek().copied().filter(|_| c == '%');
        if kind == Some('%') {
            letters.next();
            text.push('%');
            continue;
        }
        let (Some(kind @ ('s' | 'd' | 'i' | 'f' | 'j' | 'o' | 'O' | 'c')), Some(value)) =
            (kind, values.get(used))
        else {
            text.push(c);
            continue;
        };
        letters.next();
        used += 1;
        match kind {
            's' => text.push_str(&inspect::plain(value, room, context)),
            'd' | 'f' | 'i' => {
                let number = value.to_number(context).unwrap_or(f64::NAN);
                let number = if kind == 'i' { number.trunc() } else { number };
                text.push_str(&JsValue::from(number).display().to_string());
            }
            // A style means nothing here.
            'c' => {}
            _ => text.push_str(&inspect::shown(value, room, context)),
        }
    }
    (text, used)
}

fn name_of(given: &[JsValue], context: &mut Context) -> JsResult<String> {
    let room = room(context)?.min(256);
    let name = given.first().filter(|name| !name.is_undefined());
    Ok(name.map_or_else(|| "default".to_owned(), |name| inspect::plain(name, room, context)))
}

fn time(given: &[JsValue], ends: bool, context: &mut Context) -> JsResult<JsValue> {
    let name = name_of(given, context)?;
    let began =
        with(
            context,
            |now| {
                if ends { now.times.remove(&name) } else { now.times.get(&name).copied() }
            },
        )?;
    let Some(began) = began else {
        let text = format!("console.time: there is no timer `{name}`");
        return line("warn", text, String::new(), context);
    };
    let took = moment().saturating_duration_since(began);
    let mut text = format!("{name}: {:.3}ms", took.as_secs_f64() * 1_000.0);
    let said = words(given.get(1..).unwrap_or_default(), context)?;
    if !ends && !said.is_empty() {
        text = format!("{text} {said}");
    }
    line("info", text, String::new(), context)
}

fn group(given: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    if !given.is_empty() {
        say("info", given, context)?;
    }
    with(context, |now| now.depth = (now.depth + 1).min(DEEPEST))?;
    Ok(JsValue::undefined())
}

/// Where the script is.
fn trace(given: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let said = words(given, context)?;
    let here = JsNativeError::error().with_message(said.clone()).into_opaque(context);
    let stack = here.get(js_string!("stack"), context)?;
    let stack = stack.as_string().map(|stack| stack.to_std_string_lossy()).unwrap_or_default();
    let frames = stack.lines().filter(|frame| frame.trim_start().starts_with("at "));
    let frames: Vec<_> = frames.map(|frame| format!("\n    {}", frame.trim())).collect();
    let head = if said.is_empty() { "Trace".to_owned() } else { format!("Trace: {said}") };
    line("debug", head + &frames.join(""), String::new(), context)
}

/// Rows of a list of objects, column by column; anything else as it is.
fn table(given: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    const ROWS: u64 = 100;
    let Some(rows) = given.first().and_then(JsValue::as_object).filter(|rows| rows.is_array())
    else {
        return say("info", given, context);
    };
    let room = room(context)?;
    let mut columns: Vec<PropertyKey> = Vec::new();
    let mut cells: Vec<Vec<(PropertyKey, String)>> = Vec::new();
    for n in 0..length(&rows, context)?.min(ROWS) {
        let row = rows.get(n, context)?;
        let mut shown = Vec::new();
        match row.as_object() {
            Some(object) => {
                for key in object.own_property_keys(context)? {
                    let hidden = object.borrow().properties().get(&key);
                    if hidden.is_some_and(|property| property.enumerable() == Some(false)) {
                        continue;
                    }
                    let value = object.get(key.clone(), context)?;
                    shown.push((key, inspect::shown(&value, room, context)));
                }
            }
            None => {
                let key = PropertyKey::from(js_string!("value"));
                shown.push((key, inspect::shown(&row, room, context)));
            }
        }
        for (key, _) in &shown {
            if !columns.contains(key) && columns.len() < 20 {
                columns.push(key.clone());
            }
        }
        cells.push(shown);
    }
    let mut lines = vec![vec!["(index)".to_owned()]];
    lines[0].extend(columns.iter().map(ToString::to_string));
    for (n, row) in cells.iter().enumerate() {
        let mut written = vec![n.to_string()];
        written.extend(columns.iter().map(|column| {
            let found = row.iter().find(|(key, _)| key == column);
            found.map(|(_, text)| text.replace('\n', " ")).unwrap_or_default()
        }));
        lines.push(written);
    }
    let width = |column: usize| {
        let letters = lines.iter().filter_map(|line| line.get(column));
        letters.map(|text| text.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<_> = (0..=columns.len()).map(width).collect();
    let lines = lines.iter().map(|line| {
        let padded = line.iter().zip(&widths).map(|(text, width)| format!("{text:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    line("info", lines.collect::<Vec<_>>().join("\n"), String::new(), context)
}
