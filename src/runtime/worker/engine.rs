//! A version of an app in the engine: its modules, its handlers, one context.
//!
//! Globals of an app may persist between its own requests and may vanish. Nothing
//! of one version is ever seen by another.

use std::{cell::RefCell, collections::HashMap, path::Path, rc::Rc};

use boa_engine::{
    Context, JsError, JsNativeError, JsObject, JsResult, JsValue, Module, Source,
    builtins::promise::PromiseState,
    context::{ContextBuilder, HostHooks},
    js_string,
    module::{ModuleLoader, ModuleRequest, Referrer},
    object::{ObjectInitializer, builtins::JsFunction},
    property::Attribute,
};

use super::{
    answer::{self, Given},
    errors, fazt,
    jobs::Jobs,
    link::Link,
    memory, methods, request, streaming, web,
};
use crate::runtime::frames::{Answer, Kind, Load, Run, Script, ScriptError};

/// Frames of JavaScript that may stand on each other.
const RECURSION: usize = 10_000;
/// Values on the engine's own stack.
const VALUES: usize = 1_000_000;
/// Longest buffer.
const BUFFER: u64 = 32 << 20;

/// A version that is ready to answer.
pub(super) struct Site {
    context: Context,
    jobs: Rc<Jobs>,
    entries: HashMap<String, Entry>,
    link: Rc<Link>,
    /// What the functions of the Workers form get as `env`.
    env: JsObject,
}

/// What answers for one file of `api/`.
enum Entry {
    /// One function for every method.
    Handler(JsFunction),
    /// A function for each method that has one.
    Methods(Vec<(String, JsFunction)>),
    /// The function `fetch` of an object, as Workers have it.
    Fetch(JsObject, JsFunction),
}

struct Hooks;

impl HostHooks for Hooks {
    fn max_buffer_size(&self, _: &mut Context) -> u64 {
        // Asked whenever a buffer is made, which the engine does not count by its bytes.
        memory::gather_if_grown();
        BUFFER
    }
}

/// Modules by path, out of the version's own files.
struct Loader {
    files: HashMap<String, Script>,
    modules: RefCell<HashMap<String, Module>>,
}

impl Loader {
    fn module(&self, path: &str, context: &mut Context) -> JsResult<Module> {
        if let Some(module) = self.modules.borrow().get(path) {
            return Ok(module.clone());
        }
        let file = self.files.get(path).ok_or_else(|| {
            JsNativeError::typ().with_message(format!("there is no module `{path}`"))
        })?;
        let module = match file.kind {
            Kind::Json => Module::parse_json(js_string!(file.code.as_str()), context)?,
            Kind::Module | Kind::Script => {
                let source = Source::from_bytes(file.code.as_bytes()).with_path(Path::new(path));
                Module::parse(source, None, context)?
            }
        };
        self.modules.borrow_mut().insert(path.to_owned(), module.clone());
        Ok(module)
    }

    /// Where a specifier leads, from the file that names it.
    fn resolve(&self, from: &str, specifier: &str) -> Option<String> {
        let known = self.files.get(from).into_iter().flat_map(|file| &file.imports);
        if let Some((_, path)) = known.into_iter().find(|(written, _)| written == specifier) {
            return Some(path.clone());
        }
        let mut parts: Vec<&str> = if specifier.starts_with('/') {
            Vec::new()
        } else {
            from.split('/').collect::<Vec<_>>().split_last().map(|(_, dir)| dir.to_vec())?
        };
        for part in specifier.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop()?;
                }
                part => parts.push(part),
            }
        }
        let path = parts.join("/");
        let endings = ["", ".js", ".mjs", ".ts", ".mts", ".json", "/index.js", "/index.ts"];
        endings.iter().map(|end| format!("{path}{end}")).find(|path| self.files.contains_key(path))
    }
}

impl ModuleLoader for Loader {
    async fn load_imported_module(
        self: Rc<Self>,
        referrer: Referrer,
        request: ModuleRequest,
        context: &RefCell<&mut Context>,
    ) -> JsResult<Module> {
        let from = referrer.path().map(|path| path.display().to_string()).unwrap_or_default();
        let specifier = request.specifier().to_std_string_escaped();
        let path = self.resolve(&from, &specifier).ok_or_else(|| {
            let what = format!("`{specifier}`, imported by `{from}`, is not in the app");
            JsError::from(JsNativeError::typ().with_message(what))
        })?;
        self.module(&path, &mut context.borrow_mut())
    }
}

impl Site {
    /// Reads, links and evaluates everything that the functions need.
    pub(super) fn load(load: Load, link: &Rc<Link>) -> Result<Self, ScriptError> {
        let jobs = Rc::new(Jobs::new(link.clone()));
        let files = load.files.iter().cloned().map(|file| (file.path.clone(), file)).collect();
        let loader = Rc::new(Loader { files, modules: RefCell::default() });
        let built = ContextBuilder::new()
            .job_executor(jobs.clone())
            .module_loader(loader.clone())
            .host_hooks(Rc::new(Hooks))
            .build();
        let mut context =
            built.map_err(|error| errors::plain("InternalError", error.to_string()))?;
        context.runtime_limits_mut().set_recursion_limit(RECURSION);
        context.runtime_limits_mut().set_stack_size_limit(VALUES);
        let prepare = |context: &mut Context| -> JsResult<()> {
            web::install(context)?;
            let app = request::Served { name: load.app.name.clone(), version: load.app.version };
            context.insert_data(app);
            fazt::install(context, link, &load)
        };
        prepare(&mut context).map_err(|error| errors::describe(&error, &mut context))?;
        let mut env = ObjectInitializer::new(&mut context);
        for (name, value) in &load.env {
            env.property(js_string!(name.as_str()), js_string!(value.as_str()), Attribute::all());
        }
        let env = env.build();
        let link = link.clone();
        let mut site = Self { context, jobs, entries: HashMap::new(), link, env };
        for path in load.entries {
            let entry = site.entry(&loader, &path)?;
            site.entries.insert(path, entry);
        }
        Ok(site)
    }

    fn entry(&mut self, loader: &Rc<Loader>, path: &str) -> Result<Entry, ScriptError> {
        let kind = loader.files.get(path).map(|file| file.kind);
        let found = match kind {
            Some(Kind::Module) => self.module_entry(loader, path),
            Some(Kind::Script) => self.script_entry(&loader.files[path]),
            _ => Ok(None),
        };
        match found {
            Ok(Some(entry)) => Ok(entry),
            Ok(None) => Err(errors::plain(
                "TypeError",
                format!(
                    "{path} has no handler; export a function as `default`, functions named after \
                     methods, or write `function handler(req) {{ … }}`"
                ),
            )),
            Err(error) => {
                let mut described = errors::describe(&error, &mut self.context);
                if !described.stack.contains(path) && !described.message.contains(path) {
                    described.message = format!("{path}: {}", described.message);
                }
                Err(described)
            }
        }
    }

    fn module_entry(&mut self, loader: &Rc<Loader>, path: &str) -> JsResult<Option<Entry>> {
        let context = &mut self.context;
        let module = loader.module(path, context)?;
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
        if let Some(function) = default.as_function() {
            return Ok(Some(Entry::Handler(function)));
        }
        if let Some(object) = default.as_object() {
            let fetch = object.get(js_string!("fetch"), context)?;
            if let Some(function) = fetch.as_function() {
                return Ok(Some(Entry::Fetch(object, function)));
            }
        }
        let mut methods = Vec::new();
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let found = namespace.get(js_string!(method), context)?;
            methods.extend(found.as_function().map(|function| (method.to_owned(), function)));
        }
        if !methods.is_empty() {
            return Ok(Some(Entry::Methods(methods)));
        }
        let named = namespace.get(js_string!("handler"), context)?;
        Ok(named.as_function().map(Entry::Handler))
    }

    /// A script without exports keeps its names to itself: every file may have a
    /// `handler` of its own.
    fn script_entry(&mut self, file: &Script) -> JsResult<Option<Entry>> {
        let wrapped = format!(
            "(function(){{{}\n;return typeof handler === 'function' ? handler : undefined}})()",
            file.code
        );
        let source = Source::from_bytes(wrapped.as_bytes()).with_path(Path::new(&file.path));
        let handler = self.context.eval(source)?;
        Ok(handler.as_function().map(Entry::Handler))
    }

    /// Answers one request.
    pub(super) fn run(&mut self, run: Run) -> Result<Answer, ScriptError> {
        fazt::begin(&run.request, &self.context);
        let answered = self.answer(run);
        self.jobs.forget_timers();
        if let Some(answer) = fazt::ended(&self.context) {
            return Ok(answer);
        }
        answered.map_err(|error| errors::describe(&error, &mut self.context))
    }

    fn answer(&mut self, run: Run) -> JsResult<Answer> {
        let context = &mut self.context;
        let asked = Rc::new(run.request);
        let handler = match self.entries.get(&run.entry) {
            Some(Entry::Handler(handler)) => handler,
            Some(Entry::Methods(methods)) => match methods::choose(methods, &asked) {
                Ok(handler) => handler,
                Err(refusal) => return Ok(refusal),
            },
            Some(Entry::Fetch(object, function)) => {
                let request = request::standard(&asked, context);
                let (waits, waiting) = methods::waits(context)?;
                let given = [request.into(), self.env.clone().into(), waits];
                let value = function.call(&object.clone().into(), &given, context);
                let answer = value.and_then(|value| answered(value, &self.link, context));
                methods::wait(&waiting, context)?;
                return answer;
            }
            None => {
                return Err(JsNativeError::error()
                    .with_message("there is no such function")
                    .into());
            }
        };
        let request = request::object(&asked, context);
        let value = handler.call(&JsValue::undefined(), &[request.into()], context)?;
        answered(value, &self.link, context)
    }
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
