//! Any value of a script as text for a log, much as Node.js shows it.
//!
//! It never fails and never grows beyond the line it is for: what throws while it is
//! looked at is shown as such, and what comes after the room is used up is left out.

use boa_engine::{
    Context, JsObject, JsResult, JsString, JsValue, JsVariant,
    builtins::{error::Error, promise::PromiseState, regexp::RegExp},
    js_string,
    object::builtins::{JsArrayBuffer, JsDate, JsMap, JsPromise, JsSet, JsTypedArray},
    property::PropertyKey,
};

/// How deep objects are shown in each other.
const DEPTH: usize = 4;
/// Items of a list, a map or a set that are shown.
const ITEMS: usize = 100;
/// Letters of an object on one line.
const WIDTH: usize = 76;

/// Shows a value; a string stands without quotes.
pub(super) fn plain(value: &JsValue, room: usize, context: &mut Context) -> String {
    match value.as_string() {
        Some(text) => text.to_std_string_lossy(),
        None => shown(value, room, context),
    }
}

/// Shows a value; a string stands in quotes.
pub(super) fn shown(value: &JsValue, room: usize, context: &mut Context) -> String {
    Inspector { room, above: Vec::new() }.value(value, context)
}

struct Inspector {
    /// Bytes that may still be shown, about.
    room: usize,
    /// The objects that this one stands in.
    above: Vec<JsObject>,
}

impl Inspector {
    fn value(&mut self, value: &JsValue, context: &mut Context) -> String {
        let text = match value.variant() {
            JsVariant::String(text) => quoted(&text),
            JsVariant::BigInt(number) => format!("{number}n"),
            JsVariant::Float64(number) if number == 0.0 && number.is_sign_negative() => "-0".into(),
            JsVariant::Object(object) => return self.object(&object, context),
            JsVariant::Symbol(symbol) => symbol.descriptive_string().to_std_string_lossy(),
            _ => value.display().to_string(),
        };
        self.room = self.room.saturating_sub(text.len());
        text
    }

    fn object(&mut self, object: &JsObject, context: &mut Context) -> String {
        if self.above.iter().any(|above| JsObject::equals(above, object)) {
            return "[Circular]".to_owned();
        }
        if self.room == 0 {
            return "…".to_owned();
        }
        if let Some(text) = leaf(object, context) {
            self.room = self.room.saturating_sub(text.len());
            return text;
        }
        if self.above.len() >= DEPTH {
            return if object.is_array() {
                "[Array]".to_owned()
            } else {
                format!("[{}]", class(object, context).unwrap_or_else(|| "Object".to_owned()))
            };
        }
        self.above.push(object.clone());
        let text = self.inside(object, context);
        self.above.pop();
        text.unwrap_or_else(|_| "[what cannot be shown]".to_owned())
    }

    fn inside(&mut self, object: &JsObject, context: &mut Context) -> JsResult<String> {
        if object.is::<Error>() {
            return self.error(object, context);
        }
        if object.is_array() {
            return self.list(object, context);
        }
        let class = class(object, context);
        if let Ok(map) = JsMap::from_object(object.clone()) {
            let mut pairs = Vec::new();
            map.for_each_native(|key, value| {
                pairs.push((key, value));
                Ok(())
            })?;
            let more = pairs.len().saturating_sub(ITEMS);
            let head = format!("Map({}) ", pairs.len());
            let mut parts: Vec<_> = pairs
                .iter()
                .take(ITEMS)
                .map(|(key, value)| {
                    let key = self.value(key, context);
                    format!("{key} => {}", self.value(value, context))
                })
                .collect();
            parts.extend(left_out(more));
            return Ok(head + &braced(&parts, ('{', '}')));
        }
        if let Ok(set) = JsSet::from_object(object.clone()) {
            let mut items = Vec::new();
            set.for_each_native(|item| {
                items.push(item);
                Ok(())
            })?;
            let more = items.len().saturating_sub(ITEMS);
            let head = format!("Set({}) ", items.len());
            let shown = items.iter().take(ITEMS).map(|item| self.value(item, context));
            let mut parts: Vec<_> = shown.collect();
            parts.extend(left_out(more));
            return Ok(head + &braced(&parts, ('{', '}')));
        }
        if let Ok(promise) = JsPromise::from_object(object.clone()) {
            let state = match promise.state() {
                PromiseState::Pending => "<pending>".to_owned(),
                PromiseState::Fulfilled(value) => self.value(&value, context),
                PromiseState::Rejected(error) => {
                    format!("<rejected> {}", self.value(&error, context))
                }
            };
            return Ok(format!("Promise {}", braced(&[state], ('{', '}'))));
        }
        if let Ok(array) = JsTypedArray::from_object(object.clone()) {
            let length = array.length(context)?;
            let mut parts = Vec::new();
            for n in 0..length.min(ITEMS) {
                let item = object.get(n as u64, context)?;
                parts.push(self.value(&item, context));
            }
            parts.extend(left_out(length.saturating_sub(ITEMS)));
            let class = class.unwrap_or_default();
            return Ok(format!("{class}({length}) {}", braced(&parts, ('[', ']'))));
        }
        let head = match class.as_deref() {
            Some("Object") => String::new(),
            Some(class) => format!("{class} "),
            None => "[Object: null prototype] ".to_owned(),
        };
        let parts = self.fields(object, context)?;
        Ok(head + &braced(&parts, ('{', '}')))
    }

    fn list(&mut self, list: &JsObject, context: &mut Context) -> JsResult<String> {
        let length = super::values::length(list, context)?;
        let mut parts = Vec::new();
        for n in 0..length.min(ITEMS as u64) {
            if self.room == 0 {
                parts.push("…".to_owned());
                return Ok(braced(&parts, ('[', ']')));
            }
            if list.has_own_property(n, context)? {
                let item = list.get(n, context)?;
                parts.push(self.value(&item, context));
            } else {
                parts.push("<empty>".to_owned());
            }
        }
        let more = usize::try_from(length).unwrap_or(usize::MAX).saturating_sub(ITEMS);
        parts.extend(left_out(more));
        Ok(braced(&parts, ('[', ']')))
    }

    /// The fields of an object, those of a list that are no places left out.
    fn fields(&mut self, object: &JsObject, context: &mut Context) -> JsResult<Vec<String>> {
        let mut parts = Vec::new();
        for key in object.own_property_keys(context)? {
            let property = object.borrow().properties().get(&key);
            if property.as_ref().is_some_and(|known| known.enumerable() == Some(false)) {
                continue;
            }
            if self.room == 0 || parts.len() >= ITEMS {
                parts.push("…".to_owned());
                break;
            }
            let name = match &key {
                PropertyKey::String(name) => named(name),
                PropertyKey::Index(n) => format!("'{}'", n.get()),
                PropertyKey::Symbol(symbol) => {
                    format!("[{}]", symbol.descriptive_string().to_std_string_lossy())
                }
            };
            self.room = self.room.saturating_sub(name.len() + 4);
            let accessor = property.as_ref().filter(|known| known.is_accessor_descriptor());
            let value = match accessor {
                Some(accessor) => {
                    let reads = accessor.get().is_some_and(|get| !get.is_undefined());
                    if reads { "[Getter]" } else { "[Setter]" }.to_owned()
                }
                None => {
                    let value = object.get(key, context)?;
                    self.value(&value, context)
                }
            };
            parts.push(format!("{name}: {value}"));
        }
        Ok(parts)
    }

    /// An error: what it says, where it was thrown, what else it has.
    fn error(&mut self, error: &JsObject, context: &mut Context) -> JsResult<String> {
        let head = JsValue::from(error.clone()).to_string(context)?.to_std_string_lossy();
        let stack = error.get(js_string!("stack"), context)?;
        let stack = stack.as_string().map(|stack| stack.to_std_string_lossy()).unwrap_or_default();
        let mut text = match stack.trim_end() {
            "" => format!("[{head}]"),
            stack if stack.starts_with(&head) => stack.to_owned(),
            stack => {
                let frames: Vec<_> =
                    stack.lines().map(|frame| format!("    {}", frame.trim())).collect();
                format!("{head}\n{}", frames.join("\n"))
            }
        };
        self.room = self.room.saturating_sub(text.len());
        let mut parts = Vec::new();
        for part in self.fields(error, context)? {
            if !part.starts_with("stack: ") && !part.starts_with("message: ") {
                parts.push(part);
            }
        }
        if error.has_own_property(js_string!("cause"), context)? {
            let cause = error.get(js_string!("cause"), context)?;
            parts.push(format!("[cause]: {}", self.value(&cause, context)));
        }
        if !parts.is_empty() {
            text = format!("{text} {}", braced(&parts, ('{', '}')));
        }
        Ok(text)
    }
}

/// What is shown in one word.
fn leaf(object: &JsObject, context: &mut Context) -> Option<String> {
    if object.is_callable() {
        let name = object.get(js_string!("name"), context).ok()?;
        let name = name.as_string().map(|name| name.to_std_string_lossy()).unwrap_or_default();
        return Some(match name.as_str() {
            "" => "[Function (anonymous)]".to_owned(),
            name => format!("[Function: {name}]"),
        });
    }
    if object.is::<RegExp>() {
        return text_of(object, context);
    }
    if let Ok(date) = JsDate::from_object(object.clone()) {
        let text = date
            .to_iso_string(context)
            .ok()
            .and_then(|text| text.as_string().map(|text| text.to_std_string_lossy()));
        return Some(text.unwrap_or_else(|| "Invalid Date".to_owned()));
    }
    if let Ok(buffer) = JsArrayBuffer::from_object(object.clone()) {
        return Some(format!("ArrayBuffer {{ byteLength: {} }}", buffer.byte_length()));
    }
    if let Some(text) = object.downcast_ref::<JsString>() {
        return Some(format!("[String: {}]", quoted(&text)));
    }
    if let Some(number) = object.downcast_ref::<f64>() {
        return Some(format!("[Number: {}]", JsValue::from(*number).display()));
    }
    object.downcast_ref::<bool>().map(|flag| format!("[Boolean: {}]", *flag))
}

fn text_of(object: &JsObject, context: &mut Context) -> Option<String> {
    let text = JsValue::from(object.clone()).to_string(context).ok()?;
    Some(text.to_std_string_lossy())
}

/// The name of what made an object; `None` when nothing did.
fn class(object: &JsObject, context: &mut Context) -> Option<String> {
    object.prototype()?;
    let made = object.get(js_string!("constructor"), context).ok();
    let name = made.and_then(|made| made.as_object());
    let name = name.and_then(|made| made.get(js_string!("name"), context).ok());
    let name = name.and_then(|name| name.as_string().map(|name| name.to_std_string_lossy()));
    Some(name.filter(|name| !name.is_empty()).unwrap_or_else(|| "Object".to_owned()))
}

fn left_out(more: usize) -> Option<String> {
    match more {
        0 => None,
        1 => Some("... 1 more item".to_owned()),
        more => Some(format!("... {more} more items")),
    }
}

/// Parts between brackets: on one line if they fit, or a line each.
fn braced(parts: &[String], (open, close): (char, char)) -> String {
    if parts.is_empty() {
        return format!("{open}{close}");
    }
    let length: usize = parts.iter().map(|part| part.len() + 2).sum();
    if length <= WIDTH && !parts.iter().any(|part| part.contains('\n')) {
        return format!("{open} {} {close}", parts.join(", "));
    }
    let lines: Vec<_> =
        parts.iter().map(|part| format!("  {}", part.replace('\n', "\n  "))).collect();
    format!("{open}\n{}\n{close}", lines.join(",\n"))
}

fn named(name: &JsString) -> String {
    let text = name.to_std_string_lossy();
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '$'))
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$'));
    if plain { text } else { quoted(name) }
}

fn quoted(text: &JsString) -> String {
    let text = text.to_std_string_lossy();
    let mark = if !text.contains('\'') {
        '\''
    } else if !text.contains('"') {
        '"'
    } else {
        '`'
    };
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push(mark);
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\\' => quoted.push_str("\\\\"),
            c if c == mark => {
                quoted.push('\\');
                quoted.push(c);
            }
            c if c.is_control() => {
                let code = format!("\\x{:02X}", u32::from(c));
                quoted.push_str(&code);
            }
            c => quoted.push(c),
        }
    }
    quoted.push(mark);
    quoted
}

#[cfg(test)]
mod tests {
    use boa_engine::Source;

    use super::*;

    fn shows(code: &str) -> String {
        let context = &mut Context::default();
        let value = context.eval(Source::from_bytes(code)).expect("a value");
        shown(&value, 8_192, context)
    }

    #[test]
    fn values_are_shown_as_people_know_them() {
        for (code, text) in [
            ("undefined", "undefined"),
            ("null", "null"),
            ("-0", "-0"),
            ("1.5", "1.5"),
            ("10n", "10n"),
            ("'it\\'s\\n'", "\"it's\\n\""),
            ("Symbol('a')", "Symbol(a)"),
            ("[1, 'a', [true]]", "[ 1, 'a', [ true ] ]"),
            ("[,1]", "[ <empty>, 1 ]"),
            ("[]", "[]"),
            ("({})", "{}"),
            (
                "({ a: 1, 'b-c': { d: [] }, [Symbol('s')]: 2 })",
                "{ a: 1, 'b-c': { d: [] }, [Symbol(s)]: 2 }",
            ),
            ("Object.create(null)", "[Object: null prototype] {}"),
            ("new (class Point { constructor() { this.x = 1 } })", "Point { x: 1 }"),
            ("new Map([['a', { b: 1 }]])", "Map(1) { 'a' => { b: 1 } }"),
            ("new Set([1, 'a'])", "Set(2) { 1, 'a' }"),
            ("new Date(0)", "1970-01-01T00:00:00.000Z"),
            ("new Date(NaN)", "Invalid Date"),
            ("/a+/gi", "/a+/gi"),
            ("(function named() {})", "[Function: named]"),
            ("(() => {})", "[Function (anonymous)]"),
            ("new Uint8Array([1, 2])", "Uint8Array(2) [ 1, 2 ]"),
            ("new ArrayBuffer(8)", "ArrayBuffer { byteLength: 8 }"),
            ("Promise.resolve(4)", "Promise { 4 }"),
            ("new Promise(() => {})", "Promise { <pending> }"),
            ("new String('a')", "[String: 'a']"),
            ("({ get a() { throw 1 } })", "{ a: [Getter] }"),
            ("const o = { a: {} }; o.a.o = o; o", "{ a: { o: [Circular] } }"),
            ("({ a: { b: { c: { d: { e: 1 } } } } })", "{ a: { b: { c: { d: [Object] } } } }"),
            ("new Proxy({}, { ownKeys() { throw 1 } })", "[what cannot be shown]"),
        ] {
            assert_eq!(shows(code), text, "{code}");
        }
    }

    #[test]
    fn errors_say_where_they_were_thrown_and_what_caused_them() {
        let text = shows(
            "Object.assign(new TypeError('no', { cause: new Error('why') }), { code: 'E1' })",
        );
        assert!(text.starts_with("TypeError: no\n    at "), "{text}");
        assert!(text.contains("code: 'E1'"), "{text}");
        assert!(text.contains("[cause]: Error: why"), "{text}");
        assert!(!text.contains("message:"), "{text}");
    }

    #[test]
    fn what_is_long_is_cut_and_broken_into_lines() {
        let text = shows("Array.from({ length: 1000 }, (_, n) => n)");
        assert!(text.ends_with("  ... 900 more items\n]"), "{text}");
        let text = shows("({ a: 'x'.repeat(50), b: 'y'.repeat(50) })");
        assert_eq!(text.lines().count(), 4, "{text}");
        let huge =
            shows("Array.from({ length: 90 }, () => Array.from({ length: 90 }, () => 'abcdefgh'))");
        assert!(huge.len() < 40_000, "{}", huge.len());
    }
}
