//! `require`: scripts that run once and share what they put on `module.exports`.
//!
//! Inside a version and among the bundled libraries, as Node.js has it: a script in a cycle
//! sees what the other has exported so far, JSON is its value, and a module is its namespace.

use std::{path::Path, rc::Rc};

use boa_engine::{
    Context, JsArgs as _, JsNativeError, JsObject, JsResult, JsString, JsValue, NativeFunction,
    Source, js_string,
    object::{FunctionObjectBuilder, ObjectInitializer, builtins::JsFunction},
    property::Attribute,
};

use super::{
    errors,
    modules::{self, Loader, Meaning},
};
use crate::runtime::frames::{Kind, Script};

/// What a script that exports stands in: its names are its own, and its first line is moved.
const HEAD: &str = "(function (exports, require, module, __filename, __dirname) {";
/// What a script that runs for each request stands in.
const PROGRAM: &str =
    "(function (request, respond, exports, require, module, __filename, __dirname) {";
/// Every script may have a `handler` of its own.
const FOOT: &str = "\n;return typeof handler === 'function' ? handler : undefined})";

/// Characters that a file's first line is moved by.
pub(super) fn moved(file: &Script) -> usize {
    match file.kind {
        Kind::Script if file.program => PROGRAM.len(),
        Kind::Script => HEAD.len(),
        Kind::Module | Kind::Json => 0,
    }
}

/// What asks on for a script.
///
/// Covers: a module that is linked leaves values on the engine's stack, which a native function
/// that is called in the middle of an expression passes on; one of the engine's own clears them
/// away as it returns.
const ASK: &str = "(ask) => function require(specifier) { return ask(specifier) }";

/// The function that `ASK` makes, once for each context.
struct Asking(JsFunction);

/// The `require` of a file.
pub(super) fn function(from: &str, context: &mut Context) -> JsResult<JsFunction> {
    let ask = NativeFunction::from_copy_closure_with_captures(
        |_, arguments, from: &JsString, context| {
            let Some(specifier) = arguments.get_or_undefined(0).as_string() else {
                let what = "`require` takes the name of a file or library as a string";
                return Err(JsNativeError::typ().with_message(what).into());
            };
            let loader = Loader::of(context)?;
            let (from, specifier) = (from.to_std_string_lossy(), specifier.to_std_string_lossy());
            required(&loader, &from, &specifier, context)
        },
        js_string!(from),
    );
    let ask = FunctionObjectBuilder::new(context.realm(), ask).build();
    let broken = || JsNativeError::error().with_message("`require` cannot be made");
    let known = context.get_data::<Asking>().map(|asking| asking.0.clone());
    let asking = match known {
        Some(asking) => asking,
        None => {
            let made = context.eval(Source::from_bytes(ASK))?.as_function().ok_or_else(broken)?;
            context.insert_data(Asking(made.clone()));
            made
        }
    };
    let require = asking.call(&JsValue::undefined(), &[ask.into()], context)?;
    Ok(require.as_function().ok_or_else(broken)?)
}

fn required(
    loader: &Rc<Loader>,
    from: &str,
    specifier: &str,
    context: &mut Context,
) -> JsResult<JsValue> {
    let what = match loader.meaning(from, specifier) {
        Some(what) => what,
        // The first form of `api/main.js` requires its neighbours without a dot.
        None => loader.asked("api/main.js", &format!("./{specifier}")).map_err(|_| {
            let what = format!("Cannot find module '{specifier}', required by {from}");
            JsNativeError::error().with_message(what)
        })?,
    };
    match what {
        Meaning::File(file) if file.kind != Kind::Module => script(loader, &file.path, context),
        what => {
            let module = loader.module(what, context)?;
            loader.evaluated(&module, context)?;
            let namespace = module.namespace(context);
            let own = js_string!("module.exports");
            if namespace.has_property(own.clone(), context)? {
                return namespace.get(own, context);
            }
            if matches!(what, Meaning::Library(library) if library.default) {
                return namespace.get(js_string!("default"), context);
            }
            Ok(namespace.into())
        }
    }
}

/// What a script or a JSON file exports; it runs the first time.
pub(super) fn script(loader: &Rc<Loader>, path: &str, context: &mut Context) -> JsResult<JsValue> {
    ran(loader, path, context)?.0.get(js_string!("exports"), context)
}

/// The `module` of a script, and its `handler` if it has one; it runs the first time.
pub(super) fn ran(
    loader: &Rc<Loader>,
    path: &str,
    context: &mut Context,
) -> JsResult<(JsObject, JsValue)> {
    let known = loader.required.borrow().get(path).cloned();
    match known {
        Some(known) => Ok(known),
        None => run(loader, path, context),
    }
}

fn run(loader: &Rc<Loader>, path: &str, context: &mut Context) -> JsResult<(JsObject, JsValue)> {
    let file = loader
        .file(path)
        .ok_or_else(|| JsNativeError::error().with_message(format!("there is no `{path}`")))?;
    let names = names(path, context)?;
    let module = names.module.clone();
    let begun = (module.clone(), JsValue::undefined());
    loader.required.borrow_mut().insert(path.to_owned(), begun);
    let ran = if file.kind == Kind::Json {
        let value = modules::value(file, context);
        value
            .and_then(|value| module.set(js_string!("exports"), value, true, context))
            .map(|_| JsValue::undefined())
    } else {
        compiled(file, context).and_then(|function| {
            let this = JsValue::from(names.exports.clone());
            function.call(&this, &names.arguments(), context)
        })
    };
    match ran {
        Ok(handler) => {
            module.set(js_string!("loaded"), true, false, context)?;
            let done = (module, handler);
            loader.required.borrow_mut().insert(path.to_owned(), done.clone());
            Ok(done)
        }
        Err(error) => {
            // Whoever asks again gets the same error, and not half of a module.
            loader.required.borrow_mut().remove(path);
            Err(error)
        }
    }
}

/// A script as a function.
pub(super) fn compiled(file: &Script, context: &mut Context) -> JsResult<JsFunction> {
    let (head, foot) = if file.program { (PROGRAM, "\n})") } else { (HEAD, FOOT) };
    let text = format!("{head}{}{foot}", file.code);
    let source = Source::from_bytes(text.as_bytes()).with_path(Path::new(&file.path));
    let function = context.eval(source).map_err(|error| errors::unread(&file.path, &error))?;
    function.as_function().ok_or_else(|| {
        JsNativeError::syntax().with_message(format!("{} is no script", file.path)).into()
    })
}

/// What a script finds under its names.
pub(super) struct Names {
    exports: JsObject,
    require: JsFunction,
    module: JsObject,
    filename: JsString,
    dirname: JsString,
}

impl Names {
    /// In the order of `HEAD`.
    pub(super) fn arguments(&self) -> [JsValue; 5] {
        [
            self.exports.clone().into(),
            self.require.clone().into(),
            self.module.clone().into(),
            self.filename.clone().into(),
            self.dirname.clone().into(),
        ]
    }
}

pub(super) fn names(path: &str, context: &mut Context) -> JsResult<Names> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let (filename, dirname) = (js_string!(format!("/{path}")), js_string!(format!("/{folder}")));
    let exports = JsObject::with_object_proto(context.intrinsics());
    let require = function(path, context)?;
    let module = ObjectInitializer::new(context)
        .property(js_string!("exports"), exports.clone(), Attribute::all())
        .property(js_string!("id"), filename.clone(), Attribute::all())
        .property(js_string!("filename"), filename.clone(), Attribute::all())
        .property(js_string!("path"), dirname.clone(), Attribute::all())
        .property(js_string!("loaded"), false, Attribute::all())
        .build();
    let paths = boa_engine::object::builtins::JsArray::from_iter([], context);
    module.create_data_property(js_string!("children"), paths, context)?;
    module.create_data_property(js_string!("require"), require.clone(), context)?;
    Ok(Names { exports, require, module, filename, dirname })
}
