//! A version's scripts, read, transformed and linked by name: all of them, or all that is
//! wrong with them.
//!
//! A [`Checker`] says which file it wants next and takes it; `check` and `load` carry files to
//! it, from a closure or as they arrive. Every script under `api/` is taken, route or library,
//! and whatever of the app those import.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use bytes::Bytes;
use fazt_tools::limits::{SCRIPT_BYTES, SCRIPTS_BYTES};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::{
    imports::{LINKS, PACKAGES, Target, World, is_json},
    mapping::Mapping,
    names::{self, Wanted},
    problem::ScriptProblem,
    routes::{Role, Routes, role},
    transform::{How, Kind, Request, Transformed, transform},
};

/// The functions of a version, ready to be run.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    /// Which file answers a path.
    pub routes: Routes,
    /// Every script and JSON that can be imported, by its path.
    pub modules: BTreeMap<String, Module>,
    /// Where names are sought that no text shows, as those that a script puts together.
    pub world: Arc<World>,
}

/// A file that an engine reads.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Module {
    /// How it is to be read.
    pub kind: Kind,
    /// JavaScript, or JSON.
    pub code: String,
    /// Where its places come from; `None` where the code is the author's own text.
    pub map: Option<Mapping>,
    /// What its imports mean.
    pub imports: Vec<Import>,
    /// Names that it exports, by statements or by `exports` and `module`; `*x` exports what `x`
    /// does.
    #[serde(default)]
    pub exports: Vec<String>,
    /// The names that it imports by statements.
    #[serde(default)]
    pub wanted: Vec<Wanted>,
    /// Whether it is run for each request, and its last value is the answer.
    #[serde(default)]
    pub program: bool,
}

/// An import and what it means.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Import {
    /// As it is written.
    pub specifier: String,
    /// By which words.
    pub how: How,
    /// What it means.
    pub target: Target,
}

impl Functions {
    /// What `specifier` means in the module `from`: found at deploy where the text shows it,
    /// sought now where a script made it up. Only modules that were loaded are found.
    pub fn resolve(&self, from: &str, specifier: &str, how: How) -> Option<Target> {
        let module = self.modules.get(from)?;
        let known = module.imports.iter().find(|one| one.how == how && one.specifier == specifier);
        let target = match known {
            Some(import) => import.target.clone(),
            None => self.world.resolve(from, specifier, how).ok()?,
        };
        match &target {
            Target::File(file) => self.modules.contains_key(file).then_some(target),
            Target::Library(_) => Some(target),
        }
    }

    /// The files that a file needs, itself first, and the libraries.
    pub fn closure<'f>(&'f self, file: &'f str) -> (Vec<&'f str>, BTreeSet<&'f str>) {
        let (mut files, mut libraries) = (Vec::new(), BTreeSet::new());
        let (mut seen, mut todo) = (BTreeSet::from([file]), vec![file]);
        while let Some(file) = todo.pop() {
            let Some(module) = self.modules.get(file) else { continue };
            files.push(file);
            for import in module.imports.iter().rev() {
                match &import.target {
                    Target::File(path) if seen.insert(path) => todo.push(path),
                    Target::File(_) => {}
                    Target::Library(name) => {
                        libraries.insert(name.as_str());
                    }
                }
            }
        }
        (files, libraries)
    }

    /// A text with the places of scripts, as `api/a.ts:3:14`, that are told in the code that
    /// runs: with those of the authors' files.
    pub fn retraced(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (file, module) in &self.modules {
            if module.map.is_none() || !text.contains(file.as_str()) {
                continue;
            }
            let mut told = String::with_capacity(text.len());
            let mut rest = text.as_str();
            while let Some(at) = rest.find(file.as_str()) {
                let (before, behind) = rest.split_at(at + file.len());
                told.push_str(before);
                // No longer path ends in this one.
                let whole = !before[..at].ends_with(|c: char| c.is_alphanumeric() || c == '/');
                rest = behind;
                if let Some((line, column, length)) = whole.then(|| place(behind)).flatten() {
                    let (line, column) = self.original(file, line, column);
                    told.push(':');
                    told.push_str(&line.to_string());
                    told.push(':');
                    told.push_str(&column.to_string());
                    rest = &behind[length..];
                }
            }
            told.push_str(rest);
            text = told;
        }
        text
    }

    /// The author's line and column for a place in a module's code, both from one.
    pub fn original(&self, file: &str, line: u32, column: u32) -> (u32, u32) {
        let map = self.modules.get(file).and_then(|module| module.map.as_ref());
        map.and_then(|map| map.original(line, column)).unwrap_or((line, column))
    }
}

/// The place that a text begins with, as `:3:14`, and its length.
fn place(text: &str) -> Option<(u32, u32, usize)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let after = text.strip_prefix(':')?;
    let line = digits(after);
    let last = after[line..].strip_prefix(':')?;
    let column = digits(last);
    Some((after[..line].parse().ok()?, last[..column].parse().ok()?, line + column + 2))
}

/// A version's files, half read.
struct Checker {
    world: Arc<World>,
    sizes: BTreeMap<String, u64>,
    routes: Routes,
    todo: VecDeque<String>,
    seen: BTreeSet<String>,
    modules: BTreeMap<String, Module>,
    problems: Vec<ScriptProblem>,
    bytes: u64,
}

/// A file that was read, or what is wrong with it.
type Taken = Result<Module, Vec<ScriptProblem>>;

impl Checker {
    fn new(files: BTreeMap<String, u64>, libraries: &[&str]) -> Self {
        let names = || files.keys().map(String::as_str);
        let world = Arc::new(World::new(names(), libraries.iter().copied()));
        let (routes, problems) = match Routes::of(names()) {
            Ok(routes) => (routes, Vec::new()),
            Err(problems) => (Routes::default(), problems),
        };
        let problems =
            problems.iter().map(|one| ScriptProblem::of_file(one.file(), one.to_string()));
        let todo: VecDeque<_> =
            names().filter(|file| role(file) != Role::Other).map(str::to_owned).collect();
        Self {
            world,
            problems: problems.collect(),
            seen: todo.iter().cloned().collect(),
            sizes: files,
            routes,
            todo,
            modules: BTreeMap::new(),
            bytes: 0,
        }
    }

    /// Takes the list of what names of packages mean.
    fn link(&mut self, list: &[u8]) {
        match serde_json::from_slice(list) {
            Ok(links) => Arc::make_mut(&mut self.world).link(links),
            Err(error) => {
                let message = format!("it is no list of packages' files: {error}");
                self.problems.push(ScriptProblem::of_file(LINKS, message));
            }
        }
    }

    /// The next file to read. One that is too large is a fault, and not read.
    fn next(&mut self) -> Option<String> {
        while let Some(file) = self.todo.pop_front() {
            let size = self.sizes.get(&file).copied().unwrap_or_default();
            let limit = if size > SCRIPT_BYTES.value {
                SCRIPT_BYTES
            } else if self.bytes + size > SCRIPTS_BYTES.value {
                SCRIPTS_BYTES
            } else {
                self.bytes += size;
                return Some(file);
            };
            let message = format!("it has {size} bytes; the limit is {limit}");
            self.problems.push(ScriptProblem::of_file(&file, message));
        }
        None
    }

    fn take(&mut self, file: String, taken: Taken) {
        match taken {
            Ok(module) => {
                for import in &module.imports {
                    if let Target::File(path) = &import.target
                        && self.seen.insert(path.clone())
                    {
                        self.todo.push_back(path.clone());
                    }
                }
                self.modules.insert(file, module);
            }
            Err(problems) => self.problems.extend(problems),
        }
    }

    fn finish(mut self) -> Result<Functions, Vec<ScriptProblem>> {
        // A name that a file lacks may be in the part of it that could not be read.
        if self.problems.is_empty() {
            self.problems = names::missing(&self.modules);
        }
        if !self.problems.is_empty() {
            self.problems
                .sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
            return Err(self.problems);
        }
        Ok(Functions { routes: self.routes, modules: self.modules, world: self.world })
    }
}

/// Checks a version's functions; `files` are all its paths with their sizes, `read` gives
/// one's content.
///
/// # Errors
///
/// Everything that is wrong with them, in the order of files and lines.
pub fn check(
    files: BTreeMap<String, u64>,
    libraries: &[&str],
    mut read: impl FnMut(&str) -> Vec<u8>,
) -> Result<Functions, Vec<ScriptProblem>> {
    let mut checker = Checker::new(files, libraries);
    if checker.sizes.contains_key(LINKS) {
        checker.link(&read(LINKS));
    }
    while let Some(file) = checker.next() {
        let taken = module(&checker.world, &file, &read(&file));
        checker.take(file, taken);
    }
    checker.finish()
}

/// Bytes of scripts that are held as text and as trees at once.
const TOGETHER: u64 = 4 << 20;

/// Like [`check`], for files that take their time to come. The work is done on a thread of
/// its own with a large stack, for scripts that are nested deeply.
///
/// # Errors
///
/// What `read` fails with; inside, what is wrong with the scripts.
pub async fn load<F, E>(
    files: BTreeMap<String, u64>,
    libraries: &[&str],
    read: impl Fn(String) -> F,
) -> Result<Result<Functions, Vec<ScriptProblem>>, E>
where
    F: Future<Output = Result<Bytes, E>>,
{
    let mut checker = Checker::new(files, libraries);
    if checker.sizes.contains_key(LINKS) {
        checker.link(&read(LINKS.to_owned()).await?);
    }
    loop {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while bytes < TOGETHER
            && let Some(file) = checker.next()
        {
            let content = read(file.clone()).await?;
            bytes += content.len() as u64;
            batch.push((file, content));
        }
        if batch.is_empty() {
            return Ok(checker.finish());
        }
        let names: Vec<String> = batch.iter().map(|(file, _)| file.clone()).collect();
        match modules(checker.world.clone(), batch).await {
            Some(taken) => names.into_iter().zip(taken).for_each(|(f, t)| checker.take(f, t)),
            None => names.into_iter().for_each(|f| {
                let taken = Err(vec![ScriptProblem::of_file(&f, NO_THREAD)]);
                checker.take(f, taken);
            }),
        }
    }
}

/// What is said of a script when the machine gives no thread to read it on.
const NO_THREAD: &str = "it could not be read for want of memory; try again";

/// Stack for brackets in brackets; pages that are not used cost nothing.
const STACK: usize = 64 << 20;
/// Stack for each byte of a script: `!!!!…` and its like are read by going down a step for
/// each, at up to 560 bytes as measured, and a stack that ends would end the node.
const STACK_FOR_BYTE: usize = 1 << 10;

/// Reads some files on a thread with a large stack.
async fn modules(world: Arc<World>, batch: Vec<(String, Bytes)>) -> Option<Vec<Taken>> {
    let (sender, receiver) = oneshot::channel();
    let longest = batch.iter().map(|(_, content)| content.len()).max().unwrap_or_default();
    let stack = STACK + longest * STACK_FOR_BYTE;
    let read = move || {
        let taken = batch.iter().map(|(file, content)| module(&world, file, content)).collect();
        // Nobody waits any more when the deploy was given up.
        let _ = sender.send(taken);
    };
    std::thread::Builder::new().name("scripts".to_owned()).stack_size(stack).spawn(read).ok()?;
    receiver.await.ok()
}

/// Reads one file.
fn module(world: &World, file: &str, content: &[u8]) -> Taken {
    let one = |problem| Err(vec![problem]);
    let Ok(source) = std::str::from_utf8(content) else {
        return one(ScriptProblem::of_file(file, "it is not text in UTF-8"));
    };
    // An editor's mark of the encoding is no part of the text.
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    if is_json(file) {
        return json(file, source);
    }
    // A fault of the reader's own must not end the node.
    let read = catch_unwind(AssertUnwindSafe(|| transform(file, source)));
    let Ok(read) = read else {
        return one(ScriptProblem::of_file(file, "the reader of scripts failed on it"));
    };
    let Transformed { kind, code, map, requests, exports, program, wanted } = read?;
    let (mut imports, mut problems) = (Vec::new(), Vec::new());
    for Request { specifier, how, offset } in requests {
        match world.resolve(file, &specifier, how) {
            Ok(target) => imports.push(Import { specifier, how, target }),
            // A package may look for what it can do without.
            Err(_) if how != How::Import && file.starts_with(PACKAGES) => {}
            Err(why) => problems.push(ScriptProblem::at(file, source, offset, why.to_string())),
        }
    }
    if problems.is_empty() {
        Ok(Module { kind, code, map, imports, exports, wanted, program })
    } else {
        Err(problems)
    }
}

fn json(file: &str, source: &str) -> Taken {
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(source) {
        let start: usize =
            source.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or_default();
        // A column of zero is the end of the line before.
        let offset = (start + error.column()).saturating_sub(1);
        let message = format!("this is not JSON: {text}");
        return Err(vec![ScriptProblem::at(file, source, offset, message)]);
    }
    Ok(Module {
        kind: Kind::Json,
        code: source.to_owned(),
        map: None,
        imports: Vec::new(),
        exports: Vec::new(),
        wanted: Vec::new(),
        program: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(files: &[(&str, &str)]) -> Result<Functions, Vec<ScriptProblem>> {
        let content: BTreeMap<&str, &str> = files.iter().copied().collect();
        let sizes = files.iter().map(|(path, text)| ((*path).to_owned(), text.len() as u64));
        check(sizes.collect(), &["zod"], |path| content[path].into())
    }

    #[test]
    fn everything_that_functions_need_is_read_and_nothing_else() {
        let functions = checked(&[
            ("index.html", "<script>"),
            ("app.js", "this is ( not read"),
            ("api/hello.ts", "import { a } from './_lib/a'; export default (): number => a"),
            (
                "api/_lib/a.js",
                "import s from '/seed.json'; import z from 'zod'; export const a = s",
            ),
            ("api/_lib/alone.js", "module.exports = require('../../shared/b')"),
            ("api/types.d.ts", "this is ( not read"),
            ("seed.json", "{\"a\": 1}"),
            ("shared/b.ts", "export const b: string = 'b'"),
        ])
        .expect("good");
        let modules: Vec<_> = functions.modules.keys().map(String::as_str).collect();
        let expected =
            ["api/_lib/a.js", "api/_lib/alone.js", "api/hello.ts", "seed.json", "shared/b.ts"];
        assert_eq!(modules, expected);
        let (files, libraries) = functions.closure("api/hello.ts");
        assert_eq!(files, ["api/hello.ts", "api/_lib/a.js", "seed.json"]);
        assert_eq!(libraries, BTreeSet::from(["zod"]));
        assert_eq!(functions.routes.find("/api/hello").map(|f| f.file), Some("api/hello.ts"));
        let file = |path: &str| Some(Target::File(path.to_owned()));
        let resolve = |name| functions.resolve("api/hello.ts", name, How::Dynamic);
        assert_eq!(resolve("./_lib/alone"), file("api/_lib/alone.js"));
        assert_eq!((resolve("../app.js"), resolve("fs")), (None, None));
        assert_eq!(functions.original("api/_lib/a.js", 3, 4), (3, 4));
    }

    #[test]
    fn places_in_texts_become_the_author_s() {
        let functions = checked(&[
            ("api/a.ts", "type A = 1\n\nexport default (a: A) => a.b.c\n"),
            ("api/b.js", "export default 1"),
        ])
        .expect("good");
        let code = &functions.modules["api/a.ts"].code;
        assert!(code.starts_with("export default (a) => a"), "{code}");
        for (text, expected) in [
            ("api/a.ts:1:1 (f)\napi/b.js:1:1", "api/a.ts:3:1 (f)\napi/b.js:1:1"),
            ("in api/a.ts: none, at (api/a.ts:1:99x)", "in api/a.ts: none, at (api/a.ts:3:27x)"),
            ("my/api/a.ts:1:1 api/a.ts:1 api/a.ts", "my/api/a.ts:1:1 api/a.ts:1 api/a.ts"),
        ] {
            let told = functions.retraced(text);
            let lines = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
            assert_eq!(lines(&told), lines(expected), "{told}");
            assert_eq!(told.contains(":3:"), expected.contains(":3:"), "{told}");
        }
    }

    #[test]
    fn files_may_import_each_other() {
        let functions = checked(&[
            ("api/a.js", "import { b } from './b.js'; export const a = () => b"),
            ("api/b.js", "import { a } from './a.js'; import './b.js'; export const b = a"),
        ]);
        assert_eq!(functions.expect("good").closure("api/b.js").0, ["api/b.js", "api/a.js"]);
        assert!(checked(&[("index.html", "")]).expect("nothing").routes.is_empty());
    }

    #[test]
    fn the_faults_of_all_files_are_told_together() {
        let large = format!("//{}", "a".repeat(2 << 20));
        let problems = checked(&[
            ("api/b.ts", "const a = 1\nconst b: = 2"),
            ("api/a.js", "import './nowhere.js'\n  require('left-pad')"),
            ("api/a.mjs", "1"),
            ("api/c.js", "import './_c.json'; import '../d.js'"),
            ("api/_c.json", "{\n  \"ü\": tru\n}"),
            ("d.js", "let ("),
            ("api/large.js", &large),
        ])
        .expect_err("faults");
        let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
        let places = [
            "api/_c.json:2:",
            "api/a.js:1:8: there is no `api/nowhere.js`",
            "api/a.js:2:11: `left-pad` is no bundled library",
            "api/a.mjs: this and `api/a.js` both answer `/api/a`",
            "api/b.ts:2:10: ",
            "api/large.js: it has 2097154 bytes; the limit is 2 MiB",
            "d.js:1:",
        ];
        assert_eq!(told.len(), places.len(), "{told:#?}");
        for (told, place) in told.iter().zip(places) {
            assert!(told.starts_with(place), "{told} is not {place}");
        }
    }

    #[test]
    fn what_is_no_text_is_refused_and_a_mark_of_the_encoding_is_not() {
        let files = || BTreeMap::from([("api/a.js".to_owned(), 3)]);
        let problems = check(files(), &[], |_| vec![b'a', 0xff, 0xfe]).expect_err("a fault");
        assert_eq!(problems[0].to_string(), "api/a.js: it is not text in UTF-8");
        assert!(check(files(), &[], |_| "\u{feff}'use strict'".into()).is_ok());
    }

    #[tokio::test]
    async fn files_may_take_their_time() {
        let files = BTreeMap::from([
            ("api/a.ts".to_owned(), 30),
            ("api/deep.js".to_owned(), 10),
            ("b.js".to_owned(), 10),
        ]);
        let read = async |path: String| -> Result<Bytes, String> {
            Ok(match path.as_str() {
                "api/a.ts" => "import '../b'; export default 1 as number".into(),
                "api/deep.js" => format!("{}{}", "(".repeat(900), ")".repeat(900)).into(),
                "b.js" => "1".into(),
                other => return Err(other.to_owned()),
            })
        };
        let problems = load(files.clone(), &[], read).await.expect("read").expect_err("`()`");
        assert!(problems[0].to_string().starts_with("api/deep.js:1:"), "{}", problems[0]);
        let deep = async |_| Ok::<_, String>(format!("{}1", "!".repeat(300_000)).into());
        let one = BTreeMap::from([("api/a.js".to_owned(), 300_001)]);
        assert!(load(one, &[], deep).await.expect("read").is_ok());
        let failed = load(files, &[], async |path| Err(path)).await;
        assert_eq!(failed.err().as_deref(), Some("api/a.ts"));
    }
}
