//! `Headers`: names and values of a request or an answer, checked when they come in.

use boa_engine::{
    Context, Finalize, JsData, JsObject, JsResult, JsValue, Trace, object::builtins::JsArray,
};

use super::{
    class::{BARE, Class, of, type_error, with},
    values::{argument, for_each, iterator, js, needed, pair_iterator, pairs, text},
};

/// The list, by lower-case name, in the order in which it was made.
#[derive(Clone, Default, Trace, Finalize, JsData)]
#[boa_gc(unsafe_no_drop)]
pub(crate) struct Headers {
    #[unsafe_ignore_trace]
    pub(crate) list: Vec<(String, String)>,
    /// Whether scripts may only read.
    pub(crate) fixed: bool,
}

pub(crate) static HEADERS: Class = Class {
    name: "Headers",
    make,
    methods: &[
        ("append", 2, |this, arguments, context| {
            change(this, arguments, context, |list, name, value| list.push((name, value)))
        }),
        ("set", 2, |this, arguments, context| {
            change(this, arguments, context, |list, name, value| {
                list.retain(|(known, _)| *known != name);
                list.push((name, value));
            })
        }),
        ("delete", 1, |this, arguments, context| {
            let name = named(arguments, context)?;
            let headers = own(this)?;
            writable(&headers)?;
            with(&headers, |headers| headers.list.retain(|(known, _)| *known != name));
            Ok(JsValue::undefined())
        }),
        ("get", 1, |this, arguments, context| {
            let name = named(arguments, context)?;
            let found = with(&own(this)?, |headers| headers.get(&name));
            Ok(found.map_or(JsValue::null(), |value| js(&value)))
        }),
        ("has", 1, |this, arguments, context| {
            let name = named(arguments, context)?;
            let headers = own(this)?;
            Ok(with(&headers, |h| h.list.iter().any(|(known, _)| *known == name)).into())
        }),
        ("getSetCookie", 0, |this, _, context| {
            let list = with(&own(this)?, |headers| headers.cookies());
            let list: Vec<_> = list.iter().map(|value| js(value)).collect();
            Ok(JsArray::from_iter(list, context).into())
        }),
        ("forEach", 1, |this, arguments, context| {
            for_each(this, sorted(this)?, arguments, context)
        }),
        ("entries", 0, entries),
        ("keys", 0, |this, _, context| {
            iterator(sorted(this)?.into_iter().map(|(name, _)| name).collect(), context)
        }),
        ("values", 0, |this, _, context| {
            iterator(sorted(this)?.into_iter().map(|(_, value)| value).collect(), context)
        }),
    ],
    iterated: Some(entries),
    ..BARE
};

fn make(new_target: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    HEADERS.asked_with_new(new_target)?;
    let headers = Headers::of(&argument(arguments, 0), context)?;
    Ok(HEADERS.construct(new_target, headers, context)?.upcast().into())
}

impl Headers {
    /// Headers out of what a constructor takes: headers, pairs, or an object.
    pub(crate) fn of(value: &JsValue, context: &mut Context) -> JsResult<Self> {
        if value.is_undefined() {
            return Ok(Self::default());
        }
        if let Some(headers) = of::<Self>(value) {
            return Ok(Self { list: with(&headers, |headers| headers.list.clone()), fixed: false });
        }
        let object = value.as_object();
        let object = object.ok_or_else(|| type_error("headers have to be an object"))?;
        let mut list = Vec::new();
        for (key, value) in pairs(&object, context)? {
            let key = text(&key, context)?;
            let value = text(&value, context)?;
            list.push((name(&key)?, checked(&key, &value)?));
        }
        Ok(Self { list, fixed: false })
    }

    /// The values of a name, joined.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let mut found = self.list.iter().filter(|(known, _)| known == name);
        let mut whole = found.next()?.1.clone();
        for (_, value) in found {
            whole.push_str(if name == "cookie" { "; " } else { ", " });
            whole.push_str(value);
        }
        Some(whole)
    }

    /// Adds a header that is not there yet.
    pub(super) fn add_missing(&mut self, name: &str, value: &str) {
        if !self.list.iter().any(|(known, _)| known == name) {
            self.list.push((name.to_owned(), value.to_owned()));
        }
    }

    fn cookies(&self) -> Vec<String> {
        let set = self.list.iter().filter(|(name, _)| name == "set-cookie");
        set.map(|(_, value)| value.clone()).collect()
    }

    /// By name; values of one name joined, but for cookies.
    pub(crate) fn sorted(&self) -> Vec<(String, String)> {
        let mut names: Vec<&str> = self.list.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let mut sorted = Vec::with_capacity(names.len());
        for name in names {
            if name == "set-cookie" {
                let cookies = self.cookies().into_iter();
                sorted.extend(cookies.map(|value| (name.to_owned(), value)));
            } else if let Some(value) = self.get(name) {
                sorted.push((name.to_owned(), value));
            }
        }
        sorted
    }
}

/// A header's name in lower case, if it can be one.
pub(crate) fn name(given: &str) -> JsResult<String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if given.is_empty() || !given.bytes().all(token) {
        return Err(type_error(format!("{given:?} is no name of a header")));
    }
    Ok(given.to_ascii_lowercase())
}

/// A header's value without space around it, if it can be one.
pub(crate) fn checked(name: &str, value: &str) -> JsResult<String> {
    let value = value.trim_matches([' ', '\t', '\r', '\n']);
    if value.contains(['\0', '\r', '\n']) {
        return Err(type_error(format!("the header `{name}` has a line break in its value")));
    }
    if value.chars().any(|char| u32::from(char) > 0xFF) {
        return Err(type_error(format!(
            "the header `{name}` has a character in its value that headers cannot carry"
        )));
    }
    Ok(value.to_owned())
}

fn own(this: &JsValue) -> JsResult<JsObject<Headers>> {
    HEADERS.own(this)
}

fn named(arguments: &[JsValue], context: &mut Context) -> JsResult<String> {
    name(&text(needed(arguments, 0)?, context)?)
}

fn writable(headers: &JsObject<Headers>) -> JsResult<()> {
    if with(headers, |headers| headers.fixed) {
        return Err(type_error("these headers are fixed: make a copy with `new Headers(…)`"));
    }
    Ok(())
}

fn change(
    this: &JsValue,
    arguments: &[JsValue],
    context: &mut Context,
    change: impl FnOnce(&mut Vec<(String, String)>, String, String),
) -> JsResult<JsValue> {
    let headers = own(this)?;
    let name = named(arguments, context)?;
    let value = text(needed(arguments, 1)?, context)?;
    let value = checked(&name, &value)?;
    writable(&headers)?;
    with(&headers, |headers| change(&mut headers.list, name, value));
    Ok(JsValue::undefined())
}

fn sorted(this: &JsValue) -> JsResult<Vec<(JsValue, JsValue)>> {
    let sorted = with(&own(this)?, |headers| headers.sorted());
    Ok(sorted.iter().map(|(name, value)| (js(name), js(value))).collect())
}

fn entries(this: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    pair_iterator(sorted(this)?, context)
}
