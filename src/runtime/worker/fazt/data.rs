//! `fazt.app.{kv, ds, s3}`, and the same for who is signed in.
//!
//! What is not there is `undefined`. A list is an array; where there is more, its
//! `cursor` says from where on. Every method answers its value at once, which may be
//! awaited like any other.

use boa_engine::{
    Context, JsNativeError, JsObject, JsResult, JsValue, NativeFunction, js_string,
    object::FunctionObjectBuilder, object::builtins::JsArray, property::PropertyDescriptor,
};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    call,
    values::{self, Strictness, What},
    wrong,
};
use crate::runtime::{frames::Reply, worker::web::blob};

/// An argument of a method.
#[derive(Clone, Copy)]
enum Take {
    /// A string.
    Text(&'static str),
    /// A string, or nothing.
    MaybeText(&'static str),
    /// JSON or bytes.
    Value(&'static str),
    /// JSON or bytes; `undefined` is no value.
    MaybeValue(&'static str),
    /// JSON that is stored.
    Document(&'static str),
    /// A query, or an id.
    Query(&'static str),
    /// A query, an id, or nothing.
    MaybeQuery(&'static str),
    /// Options, a number, or nothing.
    Options(&'static str),
    /// Bytes or a string.
    Content(&'static str),
}

/// What a method gives.
#[derive(Clone, Copy)]
enum Give {
    /// JSON, or nothing.
    Plain,
    /// JSON or bytes, or nothing.
    Value,
    /// A list.
    List,
    /// An object with its `data`.
    Object,
}

type Method = (&'static str, &'static [Take], Give);

const KV: &[Method] = &[
    ("get", &[Take::Text("key")], Give::Value),
    ("set", &[Take::Text("key"), Take::Value("value"), Take::Options("options")], Give::Plain),
    ("delete", &[Take::Text("key")], Give::Plain),
    ("list", &[Take::MaybeText("prefix"), Take::Options("options")], Give::List),
    ("incr", &[Take::Text("key"), Take::Options("number to add")], Give::Plain),
    (
        "cas",
        &[Take::Text("key"), Take::MaybeValue("old value"), Take::MaybeValue("new value")],
        Give::Plain,
    ),
];

const COLL: Take = Take::Text("collection");

const DS: &[Method] = &[
    ("insert", &[COLL, Take::Document("document")], Give::Plain),
    ("insertMany", &[COLL, Take::Document("list of documents")], Give::Plain),
    ("find", &[COLL, Take::MaybeQuery("query"), Take::Options("options")], Give::List),
    ("findOne", &[COLL, Take::MaybeQuery("query"), Take::Options("options")], Give::Plain),
    ("update", &[COLL, Take::Query("query"), Take::Document("update")], Give::Plain),
    ("replace", &[COLL, Take::Text("id"), Take::Document("document")], Give::Plain),
    ("delete", &[COLL, Take::Query("query")], Give::Plain),
    ("count", &[COLL, Take::MaybeQuery("query")], Give::Plain),
    ("distinct", &[COLL, Take::Text("path"), Take::MaybeQuery("query")], Give::Plain),
];

const S3: &[Method] = &[
    ("put", &[Take::Text("path"), Take::Content("data"), Take::Options("options")], Give::Plain),
    ("get", &[Take::Text("path")], Give::Object),
    ("head", &[Take::Text("path")], Give::Plain),
    ("delete", &[Take::Text("path")], Give::Plain),
    ("list", &[Take::MaybeText("prefix"), Take::Options("options")], Give::List),
    ("url", &[Take::Text("path"), Take::Options("options")], Give::Plain),
];

/// `kv`, `ds` and `s3`; their calls begin with `prefix`.
pub(super) fn namespaces(
    prefix: &'static str,
    context: &mut Context,
) -> [(&'static str, JsValue); 3] {
    [("kv", KV), ("ds", DS), ("s3", S3)].map(|(name, methods)| {
        let namespace = JsObject::with_object_proto(context.intrinsics());
        for method in methods {
            let native = NativeFunction::from_copy_closure(move |_, given, context| {
                ask(prefix, name, *method, given, context)
            });
            let function = FunctionObjectBuilder::new(context.realm(), native)
                .name(js_string!(method.0))
                .length(method.1.len())
                .build();
            // A new object takes new properties.
            let _ = namespace.create_data_property(js_string!(method.0), function, context);
        }
        (name, namespace.into())
    })
}

fn ask(
    prefix: &str,
    namespace: &str,
    (method, takes, gives): Method,
    given: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    let api = format!("{prefix}{namespace}.{method}");
    let mut arguments = Vec::with_capacity(takes.len());
    let mut bytes = Vec::new();
    let missing = JsValue::undefined();
    for (n, take) in takes.iter().enumerate() {
        let value = given.get(n).unwrap_or(&missing);
        arguments.push(take.read(&api, value, &mut bytes, context)?);
    }
    let arguments = Value::Array(arguments).to_string();
    let reply = call(&api, arguments, bytes, context)?;
    gives.value(reply, context)
}

impl Take {
    /// Reads an argument as it travels.
    fn read(
        self,
        api: &str,
        value: &JsValue,
        bytes: &mut Vec<Bytes>,
        context: &mut Context,
    ) -> JsResult<Value> {
        let what = |name, strictness| What { api, name, strictness };
        let nothing = value.is_undefined();
        match self {
            Self::MaybeText(_) | Self::MaybeValue(_) | Self::MaybeQuery(_) | Self::Options(_)
                if nothing =>
            {
                Ok(Value::Null)
            }
            // As some write it who mean nothing.
            Self::MaybeText(_) | Self::MaybeQuery(_) | Self::Options(_) if value.is_null() => {
                Ok(Value::Null)
            }
            Self::Text(name) | Self::MaybeText(name) => match value.as_string() {
                Some(text) => Ok(text.to_std_string_lossy().into()),
                None => {
                    let found = values_kind(value);
                    let what = format!("{api}: the {name} has to be a string, and is {found}");
                    Err(wrong(what, context))
                }
            },
            Self::Value(name) | Self::MaybeValue(name) => {
                if let Some(content) = values::bytes(value, context)? {
                    bytes.push(content);
                    return Ok(json!({ "bytes": bytes.len() - 1 }));
                }
                match what(name, Strictness::Stored).json(value, context)? {
                    Some(value) => Ok(json!({ "json": value })),
                    None => Err(nothing_for(api, name, value, context)),
                }
            }
            Self::Document(name) => match what(name, Strictness::Stored).json(value, context)? {
                Some(value) => Ok(value),
                None => Err(nothing_for(api, name, value, context)),
            },
            Self::Query(name) | Self::MaybeQuery(name) => {
                let query = what(name, Strictness::Query).json(value, context)?;
                Ok(query.unwrap_or_default())
            }
            Self::Options(name) => {
                let options = what(name, Strictness::Options).json(value, context)?;
                Ok(options.unwrap_or_default())
            }
            Self::Content(name) => {
                let content = match value.as_string() {
                    Some(text) => Some(Bytes::from(text.to_std_string_lossy())),
                    None => values::bytes(value, context)?,
                };
                let Some(content) = content else {
                    let found = values_kind(value);
                    let what = format!(
                        "{api}: the {name} has to be a string, a typed array, an ArrayBuffer or a \
                         Blob, and is {found}"
                    );
                    return Err(wrong(what, context));
                };
                bytes.push(content);
                let media = blob::bytes_of(value).map(|(_, media)| media).unwrap_or_default();
                Ok(json!({ "bytes": bytes.len() - 1, "type": media }))
            }
        }
    }
}

fn nothing_for(
    api: &str,
    name: &str,
    value: &JsValue,
    context: &mut Context,
) -> boa_engine::JsError {
    let found = values_kind(value);
    let hint = if api.ends_with("kv.set") { "; `kv.delete` removes a key" } else { "" };
    wrong(format!("{api}: the {name} is {found}{hint}"), context)
}

/// What kind of value it is, in words.
fn values_kind(value: &JsValue) -> &'static str {
    match value.type_of() {
        "undefined" => "undefined",
        "string" => "a string",
        "number" => "a number",
        "bigint" => "a BigInt",
        "boolean" => "a boolean",
        "symbol" => "a symbol",
        "function" => "a function",
        _ if value.is_null() => "null",
        _ if value.as_object().is_some_and(|object| object.is_array()) => "an array",
        _ => "an object",
    }
}

impl Give {
    /// What a script gets of a reply.
    fn value(self, reply: Reply, context: &mut Context) -> JsResult<JsValue> {
        let Reply { json, bytes } = reply;
        match self {
            Self::Value if json.is_empty() && !bytes.is_empty() => {
                values::uint8_array(&bytes[0], context)
            }
            _ if json.is_empty() => Ok(JsValue::undefined()),
            Self::Plain | Self::Value => values::read(&json, context),
            Self::List => list(&json, &bytes, context),
            Self::Object => {
                let value = values::read(&json, context)?;
                if let (Some(object), Some(bytes)) = (value.as_object(), bytes.first()) {
                    let data = values::uint8_array(bytes, context)?;
                    object.create_data_property(js_string!("data"), data, context)?;
                }
                Ok(value)
            }
        }
    }
}

fn list(text: &str, bytes: &[Bytes], context: &mut Context) -> JsResult<JsValue> {
    let nonsense = || JsNativeError::error().with_message("the host answers nonsense");
    let told: Value = serde_json::from_str(text).map_err(|_| nonsense())?;
    let items = told["items"].as_array().ok_or_else(nonsense)?;
    let list = JsArray::new(context)?;
    for item in items {
        // The place of bytes among those that came along.
        let content = item.get("bytes").filter(|_| !bytes.is_empty() && item.get("key").is_some());
        let content = content.and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        let value = JsValue::from_json(item, context)?;
        if let (Some(content), Some(object)) =
            (content.and_then(|n| bytes.get(n)), value.as_object())
        {
            object.delete_property_or_throw(js_string!("bytes"), context)?;
            let content = values::uint8_array(content, context)?;
            object.create_data_property(js_string!("value"), content, context)?;
        }
        list.push(value, context)?;
    }
    let cursor = match told["cursor"].as_str() {
        Some(cursor) => js_string!(cursor).into(),
        None => JsValue::undefined(),
    };
    let hidden = PropertyDescriptor::builder()
        .value(cursor)
        .writable(true)
        .enumerable(false)
        .configurable(true);
    list.define_property_or_throw(js_string!("cursor"), hidden, context)?;
    Ok(list.into())
}
