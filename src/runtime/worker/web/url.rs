//! `URL`, read and changed as browsers do it, by the crate of that name.

use boa_engine::{Context, Finalize, JsData, JsObject, JsResult, JsValue, Trace};
use url::quirks;

use super::{
    class::{BARE, Class, type_error, with},
    params::{self, Params},
    values::{argument, js, needed, text},
};

#[derive(Trace, Finalize, JsData)]
#[boa_gc(unsafe_no_drop)]
pub(super) struct Url {
    #[unsafe_ignore_trace]
    url: url::Url,
    /// Made when it is first asked for, and kept in step from then on.
    params: Option<JsObject<Params>>,
}

type Setter = fn(&mut url::Url, &str);

pub(super) static URL: Class = Class {
    name: "URL",
    length: 1,
    make,
    getters: &[
        ("href", |this, _, _| get(this, quirks::href)),
        ("origin", |this, _, _| Ok(js(&with(&own(this)?, |url| quirks::origin(&url.url))))),
        ("protocol", |this, _, _| get(this, quirks::protocol)),
        ("username", |this, _, _| get(this, quirks::username)),
        ("password", |this, _, _| get(this, quirks::password)),
        ("host", |this, _, _| get(this, quirks::host)),
        ("hostname", |this, _, _| get(this, quirks::hostname)),
        ("port", |this, _, _| get(this, quirks::port)),
        ("pathname", |this, _, _| get(this, quirks::pathname)),
        ("search", |this, _, _| get(this, quirks::search)),
        ("hash", |this, _, _| get(this, quirks::hash)),
        ("searchParams", search_params),
    ],
    setters: &[
        ("href", |this, arguments, context| {
            let href = text(&argument(arguments, 0), context)?;
            let parsed = url::Url::parse(&href).map_err(|error| invalid(&href, error))?;
            let url = own(this)?;
            with(&url, |url| url.url = parsed);
            in_step(&url);
            Ok(JsValue::undefined())
        }),
        ("protocol", |this, arguments, context| {
            set(this, arguments, context, |url, it| {
                let _ = quirks::set_protocol(url, it);
            })
        }),
        ("username", |this, arguments, context| {
            set(this, arguments, context, |url, it| {
                let _ = quirks::set_username(url, it);
            })
        }),
        ("password", |this, arguments, context| {
            set(this, arguments, context, |url, it| {
                let _ = quirks::set_password(url, it);
            })
        }),
        ("host", |this, arguments, context| {
            set(this, arguments, context, |url, it| {
                let _ = quirks::set_host(url, it);
            })
        }),
        ("hostname", |this, arguments, context| {
            set(this, arguments, context, |url, it| {
                let _ = quirks::set_hostname(url, it);
            })
        }),
        ("port", |this, arguments, context| {
            set(this, arguments, context, |url, it| {
                let _ = quirks::set_port(url, it);
            })
        }),
        ("pathname", |this, arguments, context| {
            set(this, arguments, context, quirks::set_pathname)
        }),
        ("search", |this, arguments, context| set(this, arguments, context, quirks::set_search)),
        ("hash", |this, arguments, context| set(this, arguments, context, quirks::set_hash)),
    ],
    methods: &[
        ("toString", 0, |this, _, _| get(this, quirks::href)),
        ("toJSON", 0, |this, _, _| get(this, quirks::href)),
    ],
    statics: &[
        ("canParse", 1, |_, arguments, context| Ok(parse(arguments, context)?.is_ok().into())),
        ("parse", 1, |_, arguments, context| {
            Ok(match parse(arguments, context)? {
                Ok(url) => URL.object(Url { url, params: None }, context).upcast().into(),
                Err(_) => JsValue::null(),
            })
        }),
    ],
    ..BARE
};

fn make(new_target: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    URL.asked_with_new(new_target)?;
    let url = parse(arguments, context)??;
    Ok(URL.construct(new_target, Url { url, params: None }, context)?.upcast().into())
}

fn invalid(what: &str, error: url::ParseError) -> boa_engine::JsError {
    type_error(format!("Invalid URL: {what:?} ({error})"))
}

/// The address, or why it is none; fails by itself only where a value has no text.
fn parse(arguments: &[JsValue], context: &mut Context) -> JsResult<JsResult<url::Url>> {
    let given = text(needed(arguments, 0)?, context)?;
    let base = argument(arguments, 1);
    if base.is_undefined() {
        return Ok(url::Url::parse(&given).map_err(|error| invalid(&given, error)));
    }
    let base = text(&base, context)?;
    Ok(url::Url::parse(&base)
        .map_err(|error| invalid(&base, error))
        .and_then(|base| base.join(&given).map_err(|error| invalid(&given, error))))
}

fn own(this: &JsValue) -> JsResult<JsObject<Url>> {
    URL.own(this)
}

fn get(this: &JsValue, part: fn(&url::Url) -> &str) -> JsResult<JsValue> {
    Ok(with(&own(this)?, |url| js(part(&url.url))))
}

fn set(
    this: &JsValue,
    arguments: &[JsValue],
    context: &mut Context,
    set: Setter,
) -> JsResult<JsValue> {
    let value = text(&argument(arguments, 0), context)?;
    let url = own(this)?;
    // What cannot be set leaves the address as it is: so says the standard.
    with(&url, |url| set(&mut url.url, &value));
    in_step(&url);
    Ok(JsValue::undefined())
}

/// Tells the parameters that the address has changed.
fn in_step(url: &JsObject<Url>) {
    let (params, query) = with(url, |url| (url.params.clone(), query_of(&url.url)));
    if let Some(params) = params {
        with(&params, |params| params.list = params::parse(&query));
    }
}

fn query_of(url: &url::Url) -> String {
    url.query().unwrap_or_default().to_owned()
}

fn search_params(this: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let url = own(this)?;
    let (known, query) = with(&url, |url| (url.params.clone(), query_of(&url.url)));
    let params = known.unwrap_or_else(|| {
        let list = params::parse(&query);
        params::PARAMS.object(Params { list, url: Some(url.clone()) }, context)
    });
    with(&url, |url| url.params = Some(params.clone()));
    Ok(params.upcast().into())
}

/// Writes changed parameters into the address they belong to.
pub(super) fn set_query(url: &JsObject<Url>, query: &str) {
    with(url, |url| url.url.set_query(if query.is_empty() { None } else { Some(query) }));
}
