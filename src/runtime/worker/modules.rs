//! The files of a version as modules: what a name means, and each read once.
//!
//! A module imports files of its own version and bundled libraries, and nothing else. What
//! `require` reads is imported as a module whose default is `module.exports`. How a script
//! runs for `require` is `require.rs`.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    path::Path,
    rc::Rc,
};

use boa_engine::{
    Context, JsError, JsNativeError, JsObject, JsResult, JsString, JsValue, Module, Source,
    builtins::promise::PromiseState,
    js_string,
    module::{ModuleLoader, ModuleRequest, Referrer, SyntheticModuleInitializer},
    object::builtins::JsPromise,
};

use super::{errors, jobs::Jobs, require, shims::json};
use crate::runtime::{
    frames::{Kind, Script},
    libraries::Library,
};

/// The files of a version, and what was made of them.
pub(super) struct Loader {
    files: HashMap<String, Script>,
    modules: RefCell<HashMap<String, Module>>,
    /// What `require` has read, by path: `module`, once it is begun, and its `handler`.
    pub(super) required: RefCell<HashMap<String, (JsObject, JsValue)>>,
    /// Scripts that run just now because a module imports them.
    running: RefCell<Vec<String>>,
    jobs: Rc<Jobs>,
}

/// What a name means.
#[derive(Clone, Copy)]
pub(super) enum Meaning<'l> {
    /// A file of the version.
    File(&'l Script),
    /// A bundled library.
    Library(&'static Library),
}

/// What may be left out of a name that a script makes up, in the order of trial.
const ENDINGS: &[&str] = &[
    "",
    ".js",
    ".ts",
    ".mjs",
    ".mts",
    ".tsx",
    ".cjs",
    ".cts",
    ".json",
    "/index.js",
    "/index.ts",
    "/index.mjs",
    "/index.mts",
    "/index.cjs",
    "/index.json",
];

impl Loader {
    pub(super) fn new(files: &[Script], jobs: Rc<Jobs>) -> Self {
        let files = files.iter().map(|file| (file.path.clone(), file.clone())).collect();
        let running = RefCell::default();
        Self { files, modules: RefCell::default(), required: RefCell::default(), running, jobs }
    }

    /// The loader of a context.
    pub(super) fn of(context: &Context) -> JsResult<Rc<Self>> {
        let found = context.downcast_module_loader::<Self>();
        found.ok_or_else(|| JsNativeError::error().with_message("there are no files").into())
    }

    pub(super) fn file(&self, path: &str) -> Option<&Script> {
        self.files.get(path)
    }

    /// What a name means in a file; `require` finds neighbours of `api/main.js` by bare names.
    pub(super) fn meaning(&self, from: &str, specifier: &str) -> Option<Meaning<'_>> {
        let known = self.files.get(from).into_iter().flat_map(|file| &file.imports);
        if let Some((_, path)) = known.into_iter().find(|(written, _)| written == specifier)
            && let Some(file) = self.files.get(path)
        {
            return Some(Meaning::File(file));
        }
        let first = specifier.split('/').next().unwrap_or_default();
        if !matches!(first, "" | "." | "..") {
            return Library::named(specifier).map(Meaning::Library);
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
        let mut paths = ENDINGS.iter().map(|end| format!("{path}{end}"));
        paths.find_map(|path| self.files.get(&path)).map(Meaning::File)
    }

    /// The same, or an error that says who asked.
    pub(super) fn asked(&self, from: &str, specifier: &str) -> JsResult<Meaning<'_>> {
        self.meaning(from, specifier).ok_or_else(|| {
            let what = format!("Cannot find module '{specifier}', imported by {from}");
            JsNativeError::error().with_message(what).into()
        })
    }

    /// The module that a name means.
    pub(super) fn module(&self, what: Meaning<'_>, context: &mut Context) -> JsResult<Module> {
        let path = match what {
            Meaning::File(file) => file.path.as_str(),
            Meaning::Library(library) => library.name,
        };
        if let Some(module) = self.modules.borrow().get(path) {
            return Ok(module.clone());
        }
        let module = match what {
            Meaning::Library(library) => {
                let code = library.code().ok_or_else(|| {
                    JsNativeError::error().with_message(format!("`{path}` cannot be unpacked"))
                })?;
                parsed(path, &code, context)?
            }
            Meaning::File(file) => match file.kind {
                Kind::Json => Module::from_value_as_default(value(file, context)?, context),
                Kind::Module => parsed(path, &file.code, context)?,
                Kind::Script => self.script(file, context),
            },
        };
        self.modules.borrow_mut().insert(path.to_owned(), module.clone());
        Ok(module)
    }

    /// A script as a module: its exports by name where its text shows them.
    fn script(&self, file: &Script, context: &mut Context) -> Module {
        let mut names = BTreeSet::new();
        self.exports(file, &mut names, &mut BTreeSet::new());
        names.remove("default");
        let names: Vec<JsString> = names.iter().map(|name| js_string!(*name)).collect();
        let mut all = names.clone();
        all.push(js_string!("default"));
        let fill = SyntheticModuleInitializer::from_copy_closure_with_captures(
            |module, (path, names): &(JsString, Vec<JsString>), context| {
                let loader = Self::of(context)?;
                let path = path.to_std_string_lossy();
                loader.running.borrow_mut().push(path.clone());
                let exports = require::script(&loader, &path, context);
                loader.running.borrow_mut().pop();
                let exports = exports?;
                module.set_export(&js_string!("default"), exports.clone())?;
                let Some(object) = exports.as_object() else { return Ok(()) };
                for name in names {
                    let value = object.get(name.clone(), context)?;
                    module.set_export(name, value)?;
                }
                Ok(())
            },
            (js_string!(file.path.as_str()), names),
        );
        let path = Some(Path::new(&file.path).to_owned());
        Module::synthetic(&all, fill, path, None, context)
    }

    /// The names that a script exports, with those of what it exports on.
    fn exports<'l>(
        &'l self,
        file: &'l Script,
        names: &mut BTreeSet<&'l str>,
        seen: &mut BTreeSet<&'l str>,
    ) {
        if !seen.insert(&file.path) {
            return;
        }
        for name in &file.exports {
            match name.strip_prefix('*') {
                None => {
                    names.insert(name);
                }
                Some(from) => {
                    if let Some(Meaning::File(other)) = self.meaning(&file.path, from) {
                        self.exports(other, names, seen);
                    }
                }
            }
        }
    }

    /// Whether a module waits for a script that runs just now: it is half evaluated, and to
    /// ask the engine for it then ends the process.
    fn waits(&self, path: &str) -> bool {
        let running = self.running.borrow();
        let (mut seen, mut todo) = (BTreeSet::new(), vec![path]);
        while let Some(path) = todo.pop().filter(|_| !running.is_empty()) {
            if running.iter().any(|one| one == path) {
                return true;
            }
            if seen.insert(path)
                && let Some(file) = self.files.get(path)
            {
                todo.extend(file.imports.iter().map(|(_, path)| path.as_str()));
            }
        }
        false
    }

    /// Loads, links and evaluates a module while a script waits for it: nothing else of the
    /// app runs meanwhile.
    pub(super) fn evaluated(&self, module: &Module, context: &mut Context) -> JsResult<()> {
        if let Some(path) = module.path().map(|path| path.display().to_string())
            && self.waits(&path)
        {
            let what = format!("{path} waits for the script that requires it; import() it later");
            return Err(JsNativeError::error().with_message(what).into());
        }
        let evaluated = self.jobs.apart(context, |jobs, context| -> JsResult<JsPromise> {
            let loaded = module.load(context);
            jobs.run_until(context, || !matches!(loaded.state(), PromiseState::Pending));
            settled(&loaded)?;
            module.link(context)?;
            module.evaluate(context)
        })?;
        settled(&evaluated)
    }
}

/// What became of a promise that has to be settled.
fn settled(promise: &JsPromise) -> JsResult<()> {
    match promise.state() {
        PromiseState::Fulfilled(_) => Ok(()),
        PromiseState::Rejected(error) => Err(JsError::from_opaque(error)),
        PromiseState::Pending => {
            let what = "it awaits at its top level, so `require` cannot wait for it; use import()";
            Err(JsNativeError::error().with_message(what).into())
        }
    }
}

fn parsed(path: &str, code: &str, context: &mut Context) -> JsResult<Module> {
    // Covers: the engine refuses a text whose last statement ends with the text.
    let code = format!("{code}\n;");
    let source = Source::from_bytes(code.as_bytes()).with_path(Path::new(path));
    Module::parse(source, None, context).map_err(|error| errors::unread(path, &error))
}

/// The value of a JSON file.
pub(super) fn value(file: &Script, context: &mut Context) -> JsResult<JsValue> {
    json::read(&file.code, context).map_err(|error| errors::unread(&file.path, &error))
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
        let what = self.asked(&from, &specifier)?;
        if let Some(wanted) = request.get_attribute("type") {
            let is_json = matches!(what, Meaning::File(file) if file.kind == Kind::Json);
            let wanted = wanted.to_std_string_escaped();
            if wanted != "json" || !is_json {
                let what = format!("`{specifier}`, imported by {from}, is not of type `{wanted}`");
                return Err(JsNativeError::typ().with_message(what).into());
            }
        }
        self.module(what, &mut context.borrow_mut())
    }

    fn init_import_meta(self: Rc<Self>, meta: &JsObject, module: &Module, context: &mut Context) {
        let Some(path) = module.path().map(|path| path.display().to_string()) else { return };
        let url = js_string!(format!("file:///{}", address(&path)));
        // The object is new and plain, so nothing refuses a property.
        let _ = meta.create_data_property(js_string!("url"), url, context);
        if let Ok(require) = require::function(&path, context) {
            let _ = meta.create_data_property(js_string!("require"), require, context);
        }
        let named = |path: &str| js_string!(format!("/{path}"));
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let _ = meta.create_data_property(js_string!("filename"), named(&path), context);
        let _ = meta.create_data_property(js_string!("dirname"), named(folder), context);
    }
}

/// A path as it stands in an address.
fn address(path: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'`')
        .add(b'{')
        .add(b'}');
    percent_encoding::utf8_percent_encode(path, KEPT).to_string()
}
