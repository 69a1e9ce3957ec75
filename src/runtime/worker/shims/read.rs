//! JSON as values: one descent over the text, straight to what scripts get.
//!
//! Generic over the units of a text, bytes or 16 bits; a reviver gets the source of each
//! value along.

use std::collections::HashMap;

use boa_engine::{
    Context, JsError, JsNativeError, JsObject, JsResult, JsString, JsValue, js_string,
    object::builtins::JsArray,
    property::{PropertyDescriptor, PropertyKey},
    string::{JsStr, JsStrVariant},
};

use super::json::DEEPEST;

/// Longest name of a property that is looked up among those before.
const SHORT: usize = 32;

/// Reads text of this program.
pub(super) fn text(text: &str, context: &mut Context) -> JsResult<JsValue> {
    if text.is_ascii() {
        return Reader::new(text.as_bytes(), false).document(context).map(|read| read.0);
    }
    let units: Vec<u16> = text.encode_utf16().collect();
    Reader::new(&units, false).document(context).map(|read| read.0)
}

/// Reads text of a script.
pub(super) fn string(text: &JsString, context: &mut Context) -> JsResult<JsValue> {
    any(text, false, context).map(|read| read.0)
}

/// The same, and hands every value to a function.
pub(super) fn revived(
    text: &JsString,
    reviver: &JsObject,
    context: &mut Context,
) -> JsResult<JsValue> {
    let (value, source) = any(text, true, context)?;
    let root = JsObject::with_object_proto(context.intrinsics());
    root.create_data_property_or_throw(js_string!(""), value, context)?;
    revive(&root, &js_string!("").into(), source.as_ref(), reviver, context)
}

fn any(text: &JsString, sources: bool, context: &mut Context) -> JsResult<Read> {
    match text.as_str().variant() {
        JsStrVariant::Latin1(units) => Reader::new(units, sources).document(context),
        JsStrVariant::Utf16(units) => Reader::new(units, sources).document(context),
    }
}

/// A value, and where it comes from if that is asked.
type Read = (JsValue, Option<Source>);

/// The text of values, in the shape of what they make up.
enum Source {
    /// The value and its text.
    Plain(JsValue, JsString),
    List(Vec<Option<Source>>),
    Named(HashMap<PropertyKey, Source>),
}

/// Hands a property to the reviver, after those inside its value.
fn revive(
    holder: &JsObject,
    key: &PropertyKey,
    source: Option<&Source>,
    reviver: &JsObject,
    context: &mut Context,
) -> JsResult<JsValue> {
    let value = holder.get(key.clone(), context)?;
    let about = JsObject::with_object_proto(context.intrinsics());
    if let Some(object) = value.as_object() {
        let is_list = super::write::is_array(&object, context)?;
        let keys = if is_list {
            let length = object.get(js_string!("length"), context)?.to_length(context)?;
            (0..length).map(PropertyKey::from).collect()
        } else {
            super::write::keys(&object, context)?
        };
        for (n, key) in keys.into_iter().enumerate() {
            let source = match source {
                Some(Source::List(all)) if is_list => all.get(n).and_then(Option::as_ref),
                Some(Source::Named(all)) if !is_list => all.get(&key),
                _ => None,
            };
            let made = revive(&object, &key, source, reviver, context)?;
            if made.is_undefined() {
                // What refuses to go stays, as the standard has it.
                let delete = context.intrinsics().objects().reflect();
                let delete = delete.get(js_string!("deleteProperty"), context)?;
                let arguments = [object.clone().into(), JsValue::from(key)];
                if let Some(delete) = delete.as_callable() {
                    delete.call(&JsValue::undefined(), &arguments, context)?;
                }
            } else {
                object.create_data_property(key, made, context)?;
            }
        }
    } else if let Some(Source::Plain(before, text)) = source
        && JsValue::same_value(before, &value)
    {
        about.create_data_property_or_throw(js_string!("source"), text.clone(), context)?;
    }
    let arguments = [super::write::key_name(key), value, about.into()];
    reviver.call(&holder.clone().into(), &arguments, context)
}

/// A unit of text.
trait Unit: Copy + Eq + std::hash::Hash {
    fn code(self) -> u16;
    /// The units as a string.
    fn text(units: &[Self]) -> JsString;
}

impl Unit for u8 {
    fn code(self) -> u16 {
        u16::from(self)
    }

    fn text(units: &[Self]) -> JsString {
        JsString::from(JsStr::latin1(units))
    }
}

impl Unit for u16 {
    fn code(self) -> u16 {
        self
    }

    fn text(units: &[Self]) -> JsString {
        if units.iter().all(|unit| *unit < 0x100) {
            let narrow: Vec<u8> = units.iter().map(|unit| unit.to_le_bytes()[0]).collect();
            return JsString::from(JsStr::latin1(&narrow));
        }
        JsString::from(units)
    }
}

struct Reader<'t, U> {
    text: &'t [U],
    at: usize,
    depth: usize,
    sources: bool,
    /// Names that came before: most documents repeat theirs.
    names: HashMap<&'t [U], PropertyKey>,
}

impl<'t, U: Unit> Reader<'t, U> {
    fn new(text: &'t [U], sources: bool) -> Self {
        Self { text, at: 0, depth: 0, sources, names: HashMap::new() }
    }

    fn document(mut self, context: &mut Context) -> JsResult<Read> {
        self.blanks();
        let value = self.value(context)?;
        self.blanks();
        if self.at < self.text.len() {
            return Err(self.wrong("Unexpected non-whitespace character after JSON"));
        }
        Ok(value)
    }

    fn peek(&self) -> Option<u16> {
        self.text.get(self.at).map(|unit| unit.code())
    }

    fn is(&self, wanted: u8) -> bool {
        self.peek() == Some(u16::from(wanted))
    }

    fn takes(&mut self, wanted: u8) -> bool {
        let is = self.is(wanted);
        self.at += usize::from(is);
        is
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(0x20 | 0x09 | 0x0a | 0x0d)) {
            self.at += 1;
        }
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while matches!(self.peek(), Some(0x30..=0x39)) {
            self.at += 1;
        }
        self.at - from
    }

    fn value(&mut self, context: &mut Context) -> JsResult<Read> {
        let from = self.at;
        let value = match self.peek().and_then(|unit| u8::try_from(unit).ok()) {
            Some(b'{') => return self.nested(context, Self::object),
            Some(b'[') => return self.nested(context, Self::array),
            Some(b'"') => self.string()?.into(),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word(b"true", JsValue::from(true))?,
            Some(b'f') => self.word(b"false", JsValue::from(false))?,
            Some(b'n') => self.word(b"null", JsValue::null())?,
            _ => return Err(self.unexpected()),
        };
        let source =
            self.sources.then(|| Source::Plain(value.clone(), U::text(&self.text[from..self.at])));
        Ok((value, source))
    }

    fn nested(
        &mut self,
        context: &mut Context,
        read: fn(&mut Self, &mut Context) -> JsResult<Read>,
    ) -> JsResult<Read> {
        if self.depth == DEEPEST {
            let message =
                format!("JSON is nested more than {DEEPEST} deep at position {}", self.at);
            return Err(JsNativeError::range().with_message(message).into());
        }
        self.depth += 1;
        self.at += 1;
        self.blanks();
        let value = read(self, context)?;
        self.depth -= 1;
        Ok(value)
    }

    fn array(&mut self, context: &mut Context) -> JsResult<Read> {
        let (mut values, mut sources) = (Vec::new(), Vec::new());
        if !self.takes(b']') {
            loop {
                self.blanks();
                let (value, source) = self.value(context)?;
                values.push(value);
                if self.sources {
                    sources.push(source);
                }
                self.blanks();
                if self.takes(b']') {
                    break;
                }
                if !self.takes(b',') {
                    return Err(self.or_end("Expected ',' or ']' after array element in JSON"));
                }
            }
        }
        let source = self.sources.then_some(Source::List(sources));
        Ok((JsArray::from_iter(values, context).into(), source))
    }

    fn object(&mut self, context: &mut Context) -> JsResult<Read> {
        let object = JsObject::with_object_proto(context.intrinsics());
        let mut sources = HashMap::new();
        if !self.takes(b'}') {
            let mut expected = "Expected property name or '}' in JSON";
            loop {
                self.blanks();
                if !self.is(b'"') {
                    return Err(self.or_end(expected));
                }
                let key = self.name()?;
                self.blanks();
                if !self.takes(b':') {
                    return Err(self.or_end("Expected ':' after property name in JSON"));
                }
                self.blanks();
                let (value, source) = self.value(context)?;
                if let Some(source) = source {
                    sources.insert(key.clone(), source);
                }
                let property = PropertyDescriptor::builder()
                    .value(value)
                    .writable(true)
                    .enumerable(true)
                    .configurable(true);
                object.insert_property(key, property);
                self.blanks();
                if self.takes(b'}') {
                    break;
                }
                if !self.takes(b',') {
                    return Err(self.or_end("Expected ',' or '}' after property value in JSON"));
                }
                expected = "Expected double-quoted property name in JSON";
            }
        }
        let source = self.sources.then_some(Source::Named(sources));
        Ok((object.into(), source))
    }

    fn name(&mut self) -> JsResult<PropertyKey> {
        let from = self.at;
        // A short name without escapes may be one that came before.
        let end = self.text[from + 1..].iter().take(SHORT).position(|unit| unit.code() == 0x22);
        let Some(length) = end else { return Ok(self.string()?.into()) };
        let text = self.text;
        let quoted = &text[from + 1..from + 1 + length];
        if let Some(known) = self.names.get(quoted) {
            self.at = from + length + 2;
            return Ok(known.clone());
        }
        let key = PropertyKey::from(self.string()?);
        if self.at == from + length + 2 {
            self.names.insert(quoted, key.clone());
        }
        Ok(key)
    }

    fn word(&mut self, word: &[u8], value: JsValue) -> JsResult<JsValue> {
        for wanted in word {
            if !self.takes(*wanted) {
                return Err(self.unexpected());
            }
        }
        Ok(value)
    }

    fn number(&mut self) -> JsResult<JsValue> {
        let from = self.at;
        let negative = self.takes(b'-');
        let leading = self.is(b'0');
        let whole = self.digits();
        if whole == 0 {
            return Err(self.wrong("No number after minus sign in JSON"));
        }
        if leading && whole > 1 {
            self.at = from + usize::from(negative) + 1;
            return Err(self.wrong("Unexpected number in JSON"));
        }
        let mut plain = true;
        if self.takes(b'.') {
            plain = false;
            if self.digits() == 0 {
                return Err(self.wrong("Unterminated fractional number in JSON"));
            }
        }
        if self.takes(b'e') || self.takes(b'E') {
            plain = false;
            let _ = self.takes(b'+') || self.takes(b'-');
            if self.digits() == 0 {
                return Err(self.wrong("Exponent part is missing a number in JSON"));
            }
        }
        let units = &self.text[from..self.at];
        if plain && whole <= 9 {
            let digits = &units[usize::from(negative)..];
            let number = digits.iter().fold(0, |n, unit| n * 10 + i32::from(unit.code() - 0x30));
            if !negative || number > 0 {
                return Ok(JsValue::from(if negative { -number } else { number }));
            }
        }
        let digits: String =
            units.iter().map(|unit| char::from(unit.code().to_le_bytes()[0])).collect();
        let number: f64 = digits.parse().map_err(|_| self.unexpected())?;
        Ok(JsValue::from(number))
    }

    fn string(&mut self) -> JsResult<JsString> {
        self.at += 1;
        let from = self.at;
        let mut made: Option<Vec<u16>> = None;
        let mut copied = from;
        loop {
            match self.peek() {
                None => return Err(self.wrong("Unterminated string in JSON")),
                Some(0x22) => break,
                Some(0..0x20) => {
                    return Err(self.wrong("Bad control character in string literal in JSON"));
                }
                Some(0x5c) => {
                    let made = made.get_or_insert_default();
                    made.extend(self.text[copied..self.at].iter().map(|unit| unit.code()));
                    self.at += 1;
                    made.push(self.escape()?);
                    copied = self.at;
                }
                Some(_) => self.at += 1,
            }
        }
        let rest = &self.text[copied..self.at];
        self.at += 1;
        Ok(match made {
            None => U::text(rest),
            Some(mut made) => {
                made.extend(rest.iter().map(|unit| unit.code()));
                <u16 as Unit>::text(&made)
            }
        })
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> JsResult<u16> {
        let Some(unit) = self.peek() else {
            return Err(self.wrong("Unterminated string in JSON"));
        };
        let code = match u8::try_from(unit).unwrap_or_default() {
            plain @ (b'"' | b'\\' | b'/') => u16::from(plain),
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => 0x0a,
            b'r' => 0x0d,
            b't' => 0x09,
            b'u' => {
                self.at += 1;
                let mut code = 0;
                for _ in 0..4 {
                    let unit = self.peek().and_then(|unit| u8::try_from(unit).ok());
                    let Some(digit) = unit.and_then(|unit| char::from(unit).to_digit(16)) else {
                        return Err(self.wrong("Bad Unicode escape in JSON"));
                    };
                    code = code << 4 | u16::try_from(digit).unwrap_or_default();
                    self.at += 1;
                }
                return Ok(code);
            }
            _ => return Err(self.wrong("Bad escaped character in JSON")),
        };
        self.at += 1;
        Ok(code)
    }

    /// Says what is wrong at this place, unless it is the text's end.
    fn or_end(&self, what: &str) -> JsError {
        if self.at < self.text.len() { self.wrong(what) } else { self.unexpected() }
    }

    fn unexpected(&self) -> JsError {
        let rest = self.text[self.at..].iter().take(2).map(|unit| unit.code());
        match char::decode_utf16(rest).next() {
            None => JsNativeError::syntax().with_message("Unexpected end of JSON input").into(),
            Some(found) => {
                let found = found.unwrap_or(char::REPLACEMENT_CHARACTER);
                self.wrong(&format!("Unexpected token '{found}' in JSON"))
            }
        }
    }

    fn wrong(&self, what: &str) -> JsError {
        let before = &self.text[..self.at];
        let lines = before.iter().filter(|unit| unit.code() == 0x0a).count();
        let start = before.iter().rposition(|unit| unit.code() == 0x0a).map_or(0, |at| at + 1);
        let (line, column) = (lines + 1, self.at - start + 1);
        let message = format!("{what} at position {} (line {line} column {column})", self.at);
        JsNativeError::syntax().with_message(message).into()
    }
}
