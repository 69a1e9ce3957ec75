//! A version of an app in the engine: its handlers, in one context.
//!
//! Globals of an app may persist between its own requests and may vanish, or each request has
//! its own, where the app asks for that. Nothing of one version is ever seen by another. How
//! files become modules is `modules`.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use boa_engine::{
    Context, JsError, JsNativeError, JsObject, JsResult, JsString, JsValue,
    builtins::promise::{OperationType, Promise, PromiseState},
    context::{ContextBuilder, HostHooks},
    js_string,
    object::{
        ObjectInitializer,
        builtins::{JsFunction, JsPromise},
    },
    property::Attribute,
};

use super::{
    answer::{self, Given},
    errors, fazt,
    jobs::Jobs,
    link::Link,
    memory, methods,
    modules::{Loader, Meaning},
    program, request, require, shims, streaming, web,
};
use crate::runtime::frames::{Answer, Kind, Load, Run, ScriptError};

/// Frames of JavaScript that may stand on each other.
const RECURSION: usize = 10_000;
/// Values on the engine's own stack.
const VALUES: usize = 1_000_000;
/// Longest buffer.
const BUFFER: u64 = 32 << 20;
/// Rejections that nobody handled and that are told, of one request.
const TOLD: usize = 10;
/// The methods that a function may be named after.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// A version that is ready to answer.
pub(super) struct Site {
    ready: Ready,
    link: Rc<Link>,
    /// What each request is made ready from, where it has globals of its own.
    fresh: Option<Fresh>,
}

struct Fresh {
    load: Load,
    /// Whether what is ready has answered a request.
    used: bool,
}

/// A context with everything that the functions need.
struct Ready {
    context: Context,
    jobs: Rc<Jobs>,
    loader: Rc<Loader>,
    rejected: Rejected,
    entries: HashMap<String, Entry>,
    link: Rc<Link>,
    /// What the functions of the Workers form get as `env`.
    env: JsObject,
}

/// Promises that were rejected and that nobody handles, so far.
type Rejected = Rc<RefCell<Vec<JsObject>>>;

/// What answers for one file of `api/`.
#[derive(Clone)]
enum Entry {
    /// One function for every method, and what it is called on.
    Handler(JsFunction, JsValue),
    /// A function for each method that has one, and what they are called on.
    Methods(Vec<(String, JsFunction)>, JsValue),
    /// The function `fetch` of an object, as Workers have it.
    Fetch(JsFunction, JsValue),
    /// A script that runs for each request.
    Program(JsFunction),
}

struct Hooks(Rejected);

impl HostHooks for Hooks {
    fn max_buffer_size(&self, _: &mut Context) -> u64 {
        // Asked whenever a buffer is made, which the engine does not count by its bytes.
        memory::gather_if_grown();
        BUFFER
    }

    fn promise_rejection_tracker(
        &self,
        promise: &JsObject<Promise>,
        operation: OperationType,
        _: &mut Context,
    ) {
        let promise = promise.clone().upcast();
        let mut rejected = self.0.borrow_mut();
        match operation {
            OperationType::Reject => rejected.push(promise),
            OperationType::Handle => rejected.retain(|one| !JsObject::equals(one, &promise)),
        }
    }
}

impl Site {
    /// Reads, links and evaluates everything that the functions need.
    pub(super) fn load(load: Load, link: &Rc<Link>) -> Result<Self, ScriptError> {
        let ready = Ready::new(&load, link)?;
        let fresh = load.fresh.then_some(Fresh { load, used: false });
        Ok(Self { ready, link: link.clone(), fresh })
    }

    /// Answers one request.
    pub(super) fn run(&mut self, run: Run) -> Result<Answer, ScriptError> {
        if let Some(fresh) = &mut self.fresh {
            if fresh.used {
                self.ready = Ready::new(&fresh.load, &self.link)?;
            }
            fresh.used = true;
        }
        let ready = &mut self.ready;
        fazt::begin(&run.request, &ready.context);
        ready.rejected.borrow_mut().clear();
        let answered = ready.answer(run);
        // What it left for later is still its own, and not the next one's.
        ready.jobs.run_ready(&mut ready.context);
        ready.jobs.forget();
        ready.tell_rejected();
        if let Some(answer) = fazt::ended(&ready.context) {
            return Ok(answer);
        }
        answered.map_err(|error| errors::describe(&error, &mut ready.context))
    }
}

impl Ready {
    fn new(load: &Load, link: &Rc<Link>) -> Result<Self, ScriptError> {
        let jobs = Rc::new(Jobs::new(link.clone()));
        let loader = Rc::new(Loader::new(&load.files, jobs.clone()));
        let rejected = Rejected::default();
        let built = ContextBuilder::new()
            .job_executor(jobs.clone())
            .module_loader(loader.clone())
            .host_hooks(Rc::new(Hooks(rejected.clone())))
            .build();
        let mut context =
            built.map_err(|error| errors::plain("InternalError", error.to_string()))?;
        context.runtime_limits_mut().set_recursion_limit(RECURSION);
        context.runtime_limits_mut().set_stack_size_limit(VALUES);
        let prepare = |context: &mut Context| -> JsResult<()> {
            web::install(context)?;
            let app = request::Served { name: load.app.name.clone(), version: load.app.version };
            context.insert_data(app);
            shims::install(context)?;
            fazt::install(context, link, load)
        };
        prepare(&mut context).map_err(|error| errors::describe(&error, &mut context))?;
        let mut env = ObjectInitializer::new(&mut context);
        for (name, value) in &load.env {
            env.property(js_string!(name.as_str()), js_string!(value.as_str()), Attribute::all());
        }
        let env = env.build();
        let (entries, link) = (HashMap::new(), link.clone());
        let mut ready = Self { context, jobs, loader, rejected, entries, link, env };
        for path in &load.entries {
            match ready.entry(path)? {
                Some(entry) => {
                    ready.entries.insert(path.clone(), entry);
                }
                // What others import need not answer itself.
                None if is_imported(path, load) => {}
                None => {
                    let message = format!(
                        "{path} has no handler; export a function as `default`, functions named \
                         after methods, or write `function handler(req) {{ … }}`; a file that \
                         others import has a name that starts with `_`"
                    );
                    return Err(errors::plain("TypeError", message));
                }
            }
        }
        ready.tell_rejected();
        Ok(ready)
    }

    fn entry(&mut self, path: &str) -> Result<Option<Entry>, ScriptError> {
        let loader = self.loader.clone();
        let file = loader.file(path);
        let found = match file.map(|file| file.kind) {
            Some(Kind::Module) => self.module_entry(path),
            Some(Kind::Script) => self.script_entry(path),
            _ => Ok(None),
        };
        match found {
            Ok(found) => Ok(found),
            Err(error) => {
                let mut described = errors::describe(&error, &mut self.context);
                if !described.stack.contains(path) && !described.message.contains(path) {
                    described.message = format!("{path}: {}", described.message);
                }
                Err(described)
            }
        }
    }

    fn module_entry(&mut self, path: &str) -> JsResult<Option<Entry>> {
        let context = &mut self.context;
        let Some(file) = self.loader.file(path) else { return Ok(None) };
        let module = self.loader.module(Meaning::File(file), context)?;
        let evaluated = module.load_link_evaluate(context);
        self.jobs.run_until(context, || !matches!(evaluated.state(), PromiseState::Pending));
        match evaluated.state() {
            PromiseState::Fulfilled(_) => {}
            PromiseState::Rejected(error) => return Err(JsError::from_opaque(error)),
            PromiseState::Pending => {
                return Err(JsNativeError::error()
                    .with_message("its top level waits for something that never comes")
                    .into());
            }
        }
        let namespace = module.namespace(context);
        let default = namespace.get(js_string!("default"), context)?;
        match entry_of(&default, context)? {
            Some(entry) => Ok(Some(entry)),
            None => named(&namespace, &JsValue::undefined(), context),
        }
    }

    fn script_entry(&mut self, path: &str) -> JsResult<Option<Entry>> {
        let context = &mut self.context;
        let Some(file) = self.loader.file(path) else { return Ok(None) };
        if file.program {
            return Ok(Some(Entry::Program(require::compiled(file, context)?)));
        }
        let (module, handler) = require::ran(&self.loader, path, context)?;
        if let Some(handler) = handler.as_function() {
            return Ok(Some(Entry::Handler(handler, JsValue::undefined())));
        }
        let exports = module.get(js_string!("exports"), context)?;
        entry_of(&exports, context)
    }

    fn answer(&mut self, run: Run) -> JsResult<Answer> {
        let context = &mut self.context;
        let asked = Rc::new(run.request);
        let (handler, this) = match self.entries.get(&run.entry) {
            Some(Entry::Handler(handler, this)) => (handler, this),
            Some(Entry::Methods(list, this)) => match methods::choose(list, &asked) {
                Ok(handler) => (handler, this),
                Err(refusal) => return Ok(refusal),
            },
            Some(Entry::Fetch(function, object)) => {
                let request = request::standard(&asked, context);
                let (waits, waiting) = methods::waits(context)?;
                let given = [request.into(), self.env.clone().into(), waits];
                let value = function.call(object, &given, context);
                let answer = value.and_then(|value| answered(value, &self.link, context));
                methods::wait(&waiting, context)?;
                return answer;
            }
            Some(Entry::Program(function)) => {
                let request = request::object(&asked, context);
                let ran = program::run(&run.entry, function, &request, context)?;
                let last = settled(ran.value.clone(), context)?;
                let value = ran.answer(last, context)?;
                return answered(value, &self.link, context);
            }
            None => return Ok(methods::no_function(&asked)),
        };
        let request = request::object(&asked, context);
        let value = handler.call(this, &[request.into()], context)?;
        answered(value, &self.link, context)
    }

    /// Logs what was rejected and handled by nobody; the request is not touched by it.
    fn tell_rejected(&mut self) {
        let rejected = self.rejected.take();
        for promise in rejected.into_iter().take(TOLD) {
            let Ok(promise) = JsPromise::from_object(promise) else { continue };
            let PromiseState::Rejected(reason) = promise.state() else { continue };
            let thrown = errors::thrown(&reason, &mut self.context);
            let mut text = format!("Unhandled rejection: {}: {}", thrown.name, thrown.message);
            for line in thrown.stack.lines() {
                text.push_str("\n    at ");
                text.push_str(line);
            }
            fazt::tell("error", text, &mut self.context);
        }
    }
}

/// Whether another file of the version imports a file.
fn is_imported(path: &str, load: &Load) -> bool {
    let others = load.files.iter().filter(|file| file.path != path);
    others.flat_map(|file| &file.imports).any(|(_, target)| target == path)
}

/// What a handler gave, as an answer; a streamed one has gone out by then.
fn answered(value: JsValue, link: &Link, context: &mut Context) -> JsResult<Answer> {
    let value = settled(value, context)?;
    match answer::of(&value, context)? {
        Given::Whole(answer) => Ok(answer),
        Given::Pieces(head, source) => streaming::send(head, &source, link, context),
    }
}

/// Waits for a promise; anything else is there already.
pub(super) fn settled(value: JsValue, context: &mut Context) -> JsResult<JsValue> {
    let Some(promise) = value.as_promise() else { return Ok(value) };
    if let Some(jobs) = context.downcast_job_executor::<Jobs>() {
        jobs.run_until(context, || !matches!(promise.state(), PromiseState::Pending));
    }
    match promise.state() {
        PromiseState::Fulfilled(value) => Ok(value),
        PromiseState::Rejected(error) => Err(JsError::from_opaque(error)),
        PromiseState::Pending => Err(JsNativeError::error()
            .with_message("the handler waits for something that never comes")
            .into()),
    }
}

/// What a value that stands for a whole file answers by.
fn entry_of(value: &JsValue, context: &mut Context) -> JsResult<Option<Entry>> {
    if let Some(function) = value.as_function() {
        return Ok(Some(Entry::Handler(function, JsValue::undefined())));
    }
    let Some(object) = value.as_object() else { return Ok(None) };
    let fetch = object.get(js_string!("fetch"), context)?;
    if let Some(function) = fetch.as_function() {
        return Ok(Some(Entry::Fetch(function, value.clone())));
    }
    named(&object, value, context)
}

/// What functions under known names answer by.
fn named(object: &JsObject, this: &JsValue, context: &mut Context) -> JsResult<Option<Entry>> {
    let mut methods = Vec::new();
    for method in METHODS {
        let found = object.get(js_string!(method), context)?;
        methods.extend(found.as_function().map(|function| (method.to_owned(), function)));
    }
    if !methods.is_empty() {
        return Ok(Some(Entry::Methods(methods, this.clone())));
    }
    let names: [JsString; 2] = [js_string!("handler"), js_string!("default")];
    for name in names {
        let found = object.get(name, context)?;
        if let Some(function) = found.as_function() {
            return Ok(Some(Entry::Handler(function, this.clone())));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
