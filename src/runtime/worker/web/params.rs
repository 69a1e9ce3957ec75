//! `URLSearchParams`: the pairs of a query, alone or as part of a `URL`.

use boa_engine::{
    Context, Finalize, JsData, JsObject, JsResult, JsValue, Trace, object::builtins::JsArray,
};
use url::form_urlencoded;

use super::{
    class::{BARE, Class, of, with},
    url::{Url, set_query},
    values::{argument, for_each, iterator, js, needed, pair_iterator, pairs, text},
};

#[derive(Trace, Finalize, JsData)]
#[boa_gc(unsafe_no_drop)]
pub(super) struct Params {
    #[unsafe_ignore_trace]
    pub(super) list: Vec<(String, String)>,
    /// The address that changes along.
    pub(super) url: Option<JsObject<Url>>,
}

pub(super) static PARAMS: Class = Class {
    name: "URLSearchParams",
    make,
    getters: &[("size", |this, _, _| Ok(with(&own(this)?, |params| params.list.len()).into()))],
    methods: &[
        ("append", 2, |this, arguments, context| {
            let (name, value) = pair(arguments, context)?;
            change(this, |list| list.push((name, value)))
        }),
        ("delete", 1, |this, arguments, context| {
            let (name, value) = wanted(arguments, context)?;
            change(this, |list| list.retain(|known| !is(known, &name, value.as_deref())))
        }),
        ("get", 1, |this, arguments, context| {
            let name = text(needed(arguments, 0)?, context)?;
            Ok(with(&own(this)?, |params| {
                let found = params.list.iter().find(|(known, _)| *known == name);
                found.map_or(JsValue::null(), |(_, value)| js(value))
            }))
        }),
        ("getAll", 1, |this, arguments, context| {
            let name = text(needed(arguments, 0)?, context)?;
            let found: Vec<_> = with(&own(this)?, |params| {
                let all = params.list.iter().filter(|(known, _)| *known == name);
                all.map(|(_, value)| js(value)).collect()
            });
            Ok(JsArray::from_iter(found, context).into())
        }),
        ("has", 1, |this, arguments, context| {
            let (name, value) = wanted(arguments, context)?;
            Ok(with(&own(this)?, |params| {
                params.list.iter().any(|known| is(known, &name, value.as_deref()))
            })
            .into())
        }),
        ("set", 2, |this, arguments, context| {
            let (name, value) = pair(arguments, context)?;
            change(this, |list| {
                let first = list.iter().position(|(known, _)| *known == name);
                match first {
                    None => list.push((name, value)),
                    Some(first) => {
                        list[first].1 = value;
                        let mut at = 0;
                        list.retain(|(known, _)| {
                            at += 1;
                            at <= first + 1 || *known != name
                        });
                    }
                }
            })
        }),
        ("sort", 0, |this, _, _| {
            change(this, |list| {
                list.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            })
        }),
        ("toString", 0, |this, _, _| Ok(with(&own(this)?, |params| js(&written(&params.list))))),
        ("forEach", 1, |this, arguments, context| for_each(this, all(this)?, arguments, context)),
        ("entries", 0, entries),
        ("keys", 0, |this, _, context| {
            iterator(all(this)?.into_iter().map(|(name, _)| name).collect(), context)
        }),
        ("values", 0, |this, _, context| {
            iterator(all(this)?.into_iter().map(|(_, value)| value).collect(), context)
        }),
    ],
    iterated: Some(entries),
    ..BARE
};

/// The pairs of a query or of a form.
pub(super) fn parse(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// Pairs as a query.
pub(super) fn written(pairs: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn make(new_target: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    PARAMS.asked_with_new(new_target)?;
    let given = argument(arguments, 0);
    let list = match given.as_object() {
        None if given.is_undefined() => Vec::new(),
        None => {
            let query = text(&given, context)?;
            parse(query.strip_prefix('?').unwrap_or(&query))
        }
        Some(object) => match of::<Params>(&given) {
            Some(other) => with(&other, |other| other.list.clone()),
            None => {
                let mut list = Vec::new();
                for (name, value) in pairs(&object, context)? {
                    list.push((text(&name, context)?, text(&value, context)?));
                }
                list
            }
        },
    };
    Ok(PARAMS.construct(new_target, Params { list, url: None }, context)?.upcast().into())
}

fn own(this: &JsValue) -> JsResult<JsObject<Params>> {
    PARAMS.own(this)
}

fn pair(arguments: &[JsValue], context: &mut Context) -> JsResult<(String, String)> {
    Ok((text(needed(arguments, 0)?, context)?, text(needed(arguments, 1)?, context)?))
}

/// A name, and the value if only pairs with that one are meant.
fn wanted(arguments: &[JsValue], context: &mut Context) -> JsResult<(String, Option<String>)> {
    let name = text(needed(arguments, 0)?, context)?;
    let value = argument(arguments, 1);
    Ok((name, if value.is_undefined() { None } else { Some(text(&value, context)?) }))
}

fn is(known: &(String, String), name: &str, value: Option<&str>) -> bool {
    known.0 == name && value.is_none_or(|value| known.1 == value)
}

fn change(this: &JsValue, what: impl FnOnce(&mut Vec<(String, String)>)) -> JsResult<JsValue> {
    let (url, query) = with(&own(this)?, |params| {
        what(&mut params.list);
        (params.url.clone(), written(&params.list))
    });
    if let Some(url) = url {
        set_query(&url, &query);
    }
    Ok(JsValue::undefined())
}

fn all(this: &JsValue) -> JsResult<Vec<(JsValue, JsValue)>> {
    Ok(with(&own(this)?, |params| {
        params.list.iter().map(|(name, value)| (js(name), js(value))).collect()
    }))
}

fn entries(this: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    pair_iterator(all(this)?, context)
}
