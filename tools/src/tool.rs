//! What a tool is, and what it takes to carry one out.
//!
//! [`Tool`] is the description, [`Handler`] the behaviour, [`Spec`] the same
//! description with its types erased so that a face can walk the catalogue.
//! Knows nothing of HTTP servers, MCP or the terminal.

use std::future::Future;

use clap::{ArgMatches, Command};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize as _, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{AppName, Caller, Problem, Scope, View};

/// One operation, as every face sees it. Its description is the doc comment
/// on `Input`.
pub trait Tool: Send + Sync + 'static {
    /// The name agents call it by: `list_apps`.
    const NAME: &'static str;
    /// The name people read: `List apps`.
    const TITLE: &'static str;
    /// What it does to the node's state.
    const EFFECT: Effect;
    /// Whether it reaches beyond the node: an outside server, a visitor's code.
    const REACHES_OUT: bool = false;
    /// Whether a second call with the same input changes nothing more; what only
    /// reads never does.
    const IDEMPOTENT: bool = false;
    /// Whether its answer quotes what others wrote: files, logs, messages. An agent
    /// gets such an answer between marks, as data and no instruction.
    const QUOTES: bool = false;
    /// What a caller must hold to use it.
    const SCOPE: Scope;
    /// `false` keeps it to HTTP, the command line and the dashboard.
    const AGENT: bool = true;
    /// Where it stands in the HTTP API.
    const ROUTE: Route;
    /// Its words on the command line, the first being the documented one.
    const COMMANDS: &'static [&'static str];
    /// Command lines shown in help, each with what it does.
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[];

    /// What it is given.
    type Input: Serialize + DeserializeOwned + JsonSchema + clap::Args + Send;
    /// What it answers.
    type Output: Serialize + DeserializeOwned + JsonSchema + Send;

    /// A call that works, and its answer: shown in documents, used by tests.
    fn example() -> (Self::Input, Self::Output);

    /// How a person or an agent reads the answer.
    fn view(output: &Self::Output) -> View;

    /// The app the input names, for tokens that are limited to some apps.
    fn target(_input: &Self::Input) -> Option<&AppName> {
        None
    }
}

/// Something that can carry a tool out: this node, or a peer.
pub trait Handler<T: Tool>: Send + Sync + 'static {
    /// Carries the tool out for `caller`, whose scope has been checked.
    fn handle(
        &self,
        caller: &Caller,
        input: T::Input,
    ) -> impl Future<Output = Result<T::Output, Problem>> + Send;

    /// What a person is asked before the tool is carried out: what it would take
    /// away, in words. Refuses what is not there, as [`Handler::handle`] would.
    fn question(
        &self,
        _caller: &Caller,
        input: &T::Input,
    ) -> impl Future<Output = Result<String, Problem>> + Send {
        let spec = Spec::of::<T>();
        std::future::ready(Ok(spec.question(&json(input))))
    }
}

/// Keeps the calls that a person must approve first.
pub trait Hold: Send + Sync + 'static {
    /// Keeps a call instead of carrying it out, and refuses it with
    /// [`crate::Code::ApprovalPending`]; the same call again is the same
    /// approval. Once a person has decided, answers what became of it, once.
    ///
    /// `question` is awaited only for a call that is not kept yet.
    fn hold(
        &self,
        caller: &Caller,
        tool: &'static str,
        input: Value,
        question: impl Future<Output = Result<String, Problem>> + Send,
    ) -> impl Future<Output = Result<Value, Problem>> + Send;
}

/// What a tool does to the node's state. It decides hints, confirmation and
/// whether a ledger row is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effect {
    /// Nothing changes.
    Read,
    /// Something is added; nothing that was there is lost.
    Add,
    /// Something is replaced; the ledger holds what it was.
    Replace,
    /// Something goes away; a person is asked first.
    Remove,
}

impl Effect {
    /// Whether a ledger row is written.
    pub fn changes(self) -> bool {
        self != Self::Read
    }

    /// The word used in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "reads",
            Self::Add => "adds",
            Self::Replace => "replaces",
            Self::Remove => "removes",
        }
    }
}

/// An HTTP method of the API.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Method {
    /// Reads.
    Get,
    /// Acts.
    Post,
    /// Changes part of something.
    Patch,
    /// Sets the whole of something.
    Put,
    /// Removes.
    Delete,
}

impl Method {
    /// The method as it stands in a request line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// Where a tool stands in the HTTP API. `{name}` in the path is the input field
/// of that name; `{*name}` takes the rest of the path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path pattern.
    pub path: &'static str,
}

impl Route {
    /// `GET path`: input comes from the path and the query.
    pub const fn get(path: &'static str) -> Self {
        Self { method: Method::Get, path }
    }
    /// `POST path`: input comes from the path and a JSON body.
    pub const fn post(path: &'static str) -> Self {
        Self { method: Method::Post, path }
    }
    /// `PATCH path`.
    pub const fn patch(path: &'static str) -> Self {
        Self { method: Method::Patch, path }
    }
    /// `PUT path`.
    pub const fn put(path: &'static str) -> Self {
        Self { method: Method::Put, path }
    }
    /// `DELETE path`: input comes from the path and the query.
    pub const fn delete(path: &'static str) -> Self {
        Self { method: Method::Delete, path }
    }

    /// The names of the fields that the path carries, in order.
    pub fn fields(&self) -> impl Iterator<Item = &'static str> {
        self.path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .map(|name| name.trim_start_matches('*'))
    }

    /// Whether what the path does not carry travels in the query.
    pub fn takes_query(&self) -> bool {
        matches!(self.method, Method::Get | Method::Delete)
    }
}

/// A tool with its types erased, for faces that walk the catalogue.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
pub struct Spec {
    /// See [`Tool::NAME`].
    pub name: &'static str,
    /// See [`Tool::TITLE`].
    pub title: &'static str,
    /// See [`Tool::EFFECT`].
    pub effect: Effect,
    /// See [`Tool::REACHES_OUT`].
    pub reaches_out: bool,
    /// See [`Tool::IDEMPOTENT`]; true for whatever only reads.
    pub idempotent: bool,
    /// See [`Tool::QUOTES`].
    pub quotes: bool,
    /// See [`Tool::SCOPE`].
    pub scope: Scope,
    /// See [`Tool::AGENT`].
    pub agent: bool,
    /// See [`Tool::ROUTE`].
    pub route: Route,
    /// See [`Tool::COMMANDS`].
    pub commands: &'static [&'static str],
    /// See [`Tool::EXAMPLES`].
    pub examples: &'static [(&'static str, &'static str)],
    /// The JSON schema of the input, without `peer`.
    pub input: fn() -> Value,
    /// The JSON schema of the output.
    pub output: fn() -> Value,
    /// An example call and its answer, as JSON.
    pub example: fn() -> (Value, Value),
    /// Adds the input's arguments to a command.
    pub arguments: fn(Command) -> Command,
    /// Reads the input back from parsed arguments.
    pub parse: fn(&ArgMatches) -> Result<Value, clap::Error>,
    /// How an answer reads.
    pub view: fn(&Value) -> Result<View, serde_json::Error>,
}

impl Spec {
    /// Erases the types of `T`.
    pub fn of<T: Tool>() -> Self {
        Self {
            name: T::NAME,
            title: T::TITLE,
            effect: T::EFFECT,
            reaches_out: T::REACHES_OUT,
            idempotent: T::IDEMPOTENT || matches!(T::EFFECT, Effect::Read),
            quotes: T::QUOTES,
            scope: T::SCOPE,
            agent: T::AGENT,
            route: T::ROUTE,
            commands: T::COMMANDS,
            examples: T::EXAMPLES,
            input: schema_of::<T::Input>,
            output: schema_of::<T::Output>,
            example: || {
                let (input, output) = T::example();
                (json(&input), json(&output))
            },
            arguments: <T::Input as clap::Args>::augment_args,
            parse: |matches| {
                let input = <T::Input as clap::FromArgMatches>::from_arg_matches(matches)?;
                Ok(json(&input))
            },
            view: |value| Ok(T::view(&T::Output::deserialize(value)?)),
        }
    }

    /// What the tool does, from the doc comment on its input.
    pub fn description(&self) -> String {
        (self.input)()["description"].as_str().unwrap_or_default().to_owned()
    }

    /// What is asked before the tool is carried out, from what its route names:
    /// ``Revoke a token: `ci`?``
    pub fn question(&self, input: &Value) -> String {
        let names: Vec<_> = self.route.fields().filter_map(|field| input[field].as_str()).collect();
        if names.is_empty() {
            return format!("{}?", self.title);
        }
        format!("{}: `{}`?", self.title, names.join("` / `"))
    }

    /// The first sentence of the description, without its full stop.
    pub fn summary(&self) -> String {
        let text = self.description();
        let first = text.split("\n\n").next().unwrap_or_default().replace('\n', " ");
        first.trim_end_matches('.').to_owned()
    }
}

/// The JSON schema of `T`, every sub-schema in place.
pub fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| {
        s.inline_subschemas = true;
        s.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    portable(&mut schema);
    if let Some(object) = schema.as_object_mut() {
        object.remove("title");
    }
    schema
}

/// Rewrites what only some readers understand: Rust's integer formats, and
/// `null` as a second type where leaving the field out says the same.
fn portable(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            let foreign = [
                "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "float", "double",
            ];
            if map.get("format").and_then(Value::as_str).is_some_and(|f| foreign.contains(&f)) {
                map.remove("format");
            }
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|t| t != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".to_owned(), only);
                }
            }
            if map.get("default").is_some_and(Value::is_null) {
                map.remove("default");
            }
            if let Some(Value::Array(options)) = map.get_mut("anyOf") {
                options.retain(|o| o["type"] != "null");
                if let [Value::Object(only)] = options.as_slice() {
                    let only = only.clone();
                    map.remove("anyOf");
                    for (key, value) in only {
                        map.entry(key).or_insert(value);
                    }
                }
            }
            if let Some(Value::Array(values)) = map.get_mut("enum") {
                values.retain(|v| !v.is_null());
            }
            map.values_mut().for_each(portable);
        }
        Value::Array(items) => items.iter_mut().for_each(portable),
        _ => {}
    }
}

/// A contract type as JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).expect("contract types have string keys and no custom errors")
}

/// An example written as JSON, read through the contract's own types.
pub(crate) fn example<I: DeserializeOwned, O: DeserializeOwned>(
    input: Value,
    output: Value,
) -> (I, O) {
    let input = serde_json::from_value(input).expect("an example's input fits its type");
    let output = serde_json::from_value(output).expect("an example's output fits its type");
    (input, output)
}
