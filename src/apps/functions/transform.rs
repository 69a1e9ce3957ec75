//! A script as its author wrote it becomes one that runs: types are taken out, and what no
//! engine could read is refused with its place.
//!
//! Plain JavaScript stays as it is, byte for byte, but for what `forms` changes. TypeScript
//! loses its types and nothing else: no syntax is made older. What a script imports is read on
//! the way. Only this file and `forms` name the transformer's crate; neither knows which files
//! there are.

use std::path::Path;

use oxc::{
    allocator::Allocator,
    ast::{
        AstKind,
        ast::{Argument, Expression, Program, Statement},
    },
    codegen::{Codegen, CodegenOptions, CommentOptions},
    diagnostics::OxcDiagnostic,
    parser::{ParseOptions, Parser, ParserReturn},
    semantic::{Semantic, SemanticBuilder},
    span::{GetSpan, SourceType},
    transformer::{TransformOptions, Transformer},
};
use serde::{Deserialize, Serialize};

use super::{
    forms::{Form, beyond, mapped},
    mapping::{Mapping, Pair},
    names::Wanted,
    problem::{ScriptProblem, place},
    routes::{Role, role},
};

/// A script that can be run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Transformed {
    /// How it is to be read.
    pub kind: Kind,
    /// JavaScript.
    pub code: String,
    /// Where its places come from; `None` where the code is the author's own text.
    pub map: Option<Mapping>,
    /// What it imports by name, as written, in the order of the text.
    pub requests: Vec<Request>,
    /// Names that it exports, by statements or by `exports` and `module`; `*x` exports what `x`
    /// does.
    pub exports: Vec<String>,
    /// Whether it is run for each request, and its last value is the answer.
    pub program: bool,
    /// The names that it imports by statements.
    pub wanted: Vec<Wanted>,
}

/// How a file is read by an engine.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Kind {
    /// As a module: it imports, exports or awaits, or its name says so.
    Module,
    /// As a script: a plain program, or what `require` reads.
    Script,
    /// As a value in JSON.
    Json,
}

/// An import as it is written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// What is imported.
    pub specifier: String,
    /// By which words.
    pub how: How,
    /// The byte of the author's text where the specifier stands.
    pub offset: usize,
}

/// The words that import something.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum How {
    /// `import … from` and `export … from`.
    Import,
    /// `import(…)`.
    Dynamic,
    /// `require(…)`.
    Require,
}

/// Faults told of one file; more are mostly echoes.
const TOLD: usize = 5;

/// Brackets inside each other at most: the parser walks down into each of them.
const DEEPEST: usize = 1_000;

/// Reads a script, named by its path in the app, and takes the types out of it.
///
/// A very deep script needs a large stack: see `load`.
///
/// # Errors
///
/// What is wrong with it, in the order of the text.
pub fn transform(path: &str, source: &str) -> Result<Transformed, Vec<ScriptProblem>> {
    if let Some(offset) = too_deep(source) {
        let message = format!("brackets stand more than {DEEPEST} deep in each other");
        return Err(vec![ScriptProblem::at(path, source, offset, message)]);
    }
    let allocator = Allocator::default();
    let ParserReturn { mut program, module_record, .. } = parse(&allocator, path, source)?;
    let checked = SemanticBuilder::new()
        .with_check_syntax_error(true)
        .with_build_nodes(true)
        .with_enum_eval(true)
        .build(&program);
    let problems = told(path, source, checked.diagnostics.errors());
    if !problems.is_empty() {
        return Err(problems);
    }
    if let Some(problem) = foreign(path, source, &checked.semantic) {
        return Err(vec![problem]);
    }
    let mut requests = calls(&checked.semantic);
    let kind = if program.source_type.is_module() { Kind::Module } else { Kind::Script };
    if program.source_type.is_javascript() {
        requests.extend(statements(&program));
        requests.sort_by_key(|request| request.offset);
        let form = Form::of(path, &program, &module_record, &checked.semantic);
        return Ok(formed(kind, source, None, requests, form));
    }
    let scoping = checked.semantic.into_scoping();
    let options = TransformOptions::default();
    let done = Transformer::new(&allocator, Path::new(path), &options)
        .build_with_scoping(scoping, &mut program);
    let problems = told(path, source, done.diagnostics.errors());
    if !problems.is_empty() {
        return Err(problems);
    }
    // Imports of types alone are gone by now, so nobody has to keep files for them.
    requests.extend(statements(&program));
    requests.sort_by_key(|request| request.offset);
    let options = CodegenOptions {
        source_map_path: Some(path.into()),
        comments: CommentOptions::disabled(),
        ..CodegenOptions::default()
    };
    let printed = Codegen::new().with_options(options).build(&program);
    let pairs = printed.map.map(|map| {
        let (to, from) = (Columns::of(&printed.code), Columns::of(source));
        Mapping::of(map.get_tokens().map(|token| Pair {
            line: token.get_dst_line(),
            column: to.characters(token.get_dst_line(), token.get_dst_col()),
            from_line: token.get_src_line(),
            from_column: from.characters(token.get_src_line(), token.get_src_col()),
        }))
    });
    let form = form_of(path, &printed.code, kind);
    Ok(formed(kind, &printed.code, pairs, requests, form))
}

/// The form of JavaScript that was printed here.
fn form_of(path: &str, code: &str, kind: Kind) -> Form {
    let allocator = Allocator::default();
    let source_type = if kind == Kind::Module { SourceType::mjs() } else { SourceType::script() };
    let options = ParseOptions { allow_return_outside_function: true, ..ParseOptions::default() };
    let parsed = Parser::new(&allocator, code, source_type).with_options(options).parse();
    if parsed.diagnostics.has_errors() {
        return Form::default();
    }
    let read = SemanticBuilder::new().with_build_nodes(true).build(&parsed.program);
    Form::of(path, &parsed.program, &parsed.module_record, &read.semantic)
}

/// Puts together what was read, with the changes that its form asks for.
fn formed(
    kind: Kind,
    code: &str,
    map: Option<Mapping>,
    requests: Vec<Request>,
    form: Form,
) -> Transformed {
    let wanted = form.wanted.iter().map(|(specifier, name, offset)| {
        let (line, column) = place(code, *offset);
        let place = map.as_ref().and_then(|map| map.original(line, column));
        let (line, column) = place.unwrap_or((line, column));
        Wanted { specifier: specifier.clone(), name: name.clone(), line, column }
    });
    let wanted = wanted.collect();
    let (code, map) = if form.keeps_text() {
        (code.to_owned(), map)
    } else {
        let (code, shifts) = form.apply(code);
        (code, mapped(map, shifts))
    };
    let Form { exports, program, .. } = form;
    Transformed { kind, code, map, requests, exports, program, wanted }
}

/// Reads a file as what it is: by its name, else as a module if it has the words of one.
fn parse<'a>(
    allocator: &'a Allocator,
    path: &str,
    source: &'a str,
) -> Result<ParserReturn<'a>, Vec<ScriptProblem>> {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    // JSX is read, so that `foreign` can say what to do instead.
    let either = SourceType::unambiguous().with_jsx(true);
    let wanted = match ending {
        "mjs" => SourceType::mjs().with_jsx(true),
        "cjs" => SourceType::cjs().with_jsx(true),
        "ts" => either.with_typescript(true).with_standard(true),
        "tsx" => either.with_typescript(true),
        "mts" => SourceType::mjs().with_typescript(true),
        "cts" => SourceType::cjs().with_typescript(true),
        _ => either,
    };
    let read = |as_what: SourceType, may_return: bool| {
        let options = ParseOptions {
            parse_regular_expression: true,
            allow_return_outside_function: may_return,
            ..ParseOptions::default()
        };
        Parser::new(allocator, source, as_what).with_options(options).parse()
    };
    let first = read(wanted, false);
    if !first.diagnostics.has_errors() {
        return Ok(first);
    }
    if wanted.is_unambiguous() && !first.module_record.has_module_syntax {
        // One that awaits at its top is a module, without other words of one.
        let module = read(wanted.with_module(true), false);
        if !module.diagnostics.has_errors() {
            return Ok(module);
        }
        // What `require` reads stands in a function, where it may return.
        if role(path) != Role::Route {
            let required = read(wanted.with_script(true), true);
            if !required.diagnostics.has_errors() {
                return Ok(required);
            }
        }
    }
    let mut problems = told(path, source, first.diagnostics.errors());
    if wanted.is_javascript()
        && !read(wanted.with_typescript(true).with_standard(true), false).diagnostics.has_errors()
        && let Some(first) = problems.first_mut()
    {
        first.message.push_str(". It reads as TypeScript: let the file's name end with .ts");
    }
    Err(problems)
}

/// Faults as the parser names them, with their places.
fn told<'d>(
    path: &str,
    source: &str,
    faults: impl Iterator<Item = &'d OxcDiagnostic>,
) -> Vec<ScriptProblem> {
    let faults = faults.take(TOLD).map(|fault| {
        // Of a name that is declared twice, the second place is the fault.
        let second =
            |label: &str| label.contains("redeclared") || label.contains("cannot be declared");
        let label = fault
            .labels
            .iter()
            .find(|label| label.label().is_some_and(second))
            .or_else(|| fault.labels.first());
        let message = match &fault.help {
            Some(help) => format!("{}: {help}", fault.message.trim_end_matches('.')),
            None => fault.message.to_string(),
        };
        match label {
            Some(label) => ScriptProblem::at(path, source, label.offset() as usize, message),
            None => ScriptProblem::of_file(path, message),
        }
    });
    faults.collect()
}

/// Finds what can be read and not be run here.
fn foreign(path: &str, source: &str, semantic: &Semantic<'_>) -> Option<ScriptProblem> {
    semantic.nodes().iter().find_map(|node| {
        let message = match node.kind() {
            AstKind::JSXElement(_) | AstKind::JSXFragment(_) => {
                "functions have no JSX: answer text that is put together by a template literal, \
                 or build the pages before the deploy"
            }
            AstKind::Decorator(_) => {
                "functions have no decorators: call the function on the class instead"
            }
            kind => beyond(kind)?,
        };
        Some(ScriptProblem::at(path, source, node.kind().span().start as usize, message))
    })
}

/// What is imported by calls, where the text says what.
fn calls(semantic: &Semantic<'_>) -> Vec<Request> {
    let calls = semantic.nodes().iter().filter_map(|node| {
        let (how, what) = match node.kind() {
            AstKind::ImportExpression(import) => (How::Dynamic, &import.source),
            AstKind::CallExpression(call) => {
                let Expression::Identifier(name) = &call.callee else { return None };
                // A `require` of the script's own is a name like any other.
                if name.name != "require" || !semantic.is_reference_to_global_variable(name) {
                    return None;
                }
                (How::Require, call.arguments.first().and_then(Argument::as_expression)?)
            }
            AstKind::TSExternalModuleReference(module) => {
                let text = &module.expression;
                let (specifier, offset) = (text.value.to_string(), text.span.start as usize);
                return Some(Request { specifier, how: How::Require, offset });
            }
            _ => return None,
        };
        let specifier = match what {
            Expression::StringLiteral(text) => text.value.to_string(),
            Expression::TemplateLiteral(text) => text.single_quasi()?.to_string(),
            _ => return None,
        };
        Some(Request { specifier, how, offset: what.span().start as usize })
    });
    calls.collect()
}

/// What is imported and exported on by statements.
fn statements(program: &Program<'_>) -> Vec<Request> {
    let sources = program.body.iter().filter_map(|statement| match statement {
        Statement::ImportDeclaration(import) => Some(&import.source),
        Statement::ExportFromDeclaration(export) => Some(&export.source),
        Statement::ExportAllDeclaration(export) => Some(&export.source),
        _ => None,
    });
    let requests = sources.map(|source| Request {
        specifier: source.value.to_string(),
        how: How::Import,
        offset: source.span.start as usize,
    });
    requests.collect()
}

/// The byte at which brackets stand too deep in each other, strings and all: who writes a
/// thousand of them into a string can take them from elsewhere.
fn too_deep(source: &str) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    let bytes = source.as_bytes();
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'/' => at += remark(&bytes[at..]),
            _ => {}
        }
        if depth > DEEPEST {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// How far a remark goes on that begins here, if surely all of it stands in one: types that
/// compilers left behind, such as `/*::[*/`, open brackets and close none.
///
/// What looks like a remark may begin in a string, a template or a pattern. None of those
/// ends without one of these signs; a pattern may have a few brackets, too.
fn remark(bytes: &[u8]) -> usize {
    let Some(inside) = bytes.strip_prefix(b"/*") else { return 0 };
    let inside = &inside[..inside.len().min(100)];
    let plain = |byte: &u8| !b"'\"`/$\\\n\r".contains(byte) && byte.is_ascii();
    let length = inside.iter().position(|byte| !plain(byte)).unwrap_or(inside.len());
    let is_whole = inside[..length].ends_with(b"*") && inside.get(length) == Some(&b'/');
    if is_whole { length + 1 } else { 0 }
}

/// Columns of a text in characters, where the transformer counts UTF-16.
struct Columns {
    /// By line, the UTF-16 columns of characters that take two units.
    wide: Vec<Vec<u32>>,
}

impl Columns {
    fn of(text: &str) -> Self {
        let breaks = |c: char| matches!(c, '\n' | '\u{2028}' | '\u{2029}');
        let lines = text.split(breaks).map(|line| {
            let mut column = 0;
            let mut wide = Vec::new();
            if !line.is_ascii() {
                for c in line.chars() {
                    if c.len_utf16() == 2 {
                        wide.push(column);
                    }
                    column += if c.len_utf16() == 2 { 2 } else { 1 };
                }
            }
            wide
        });
        Self { wide: lines.collect() }
    }

    fn characters(&self, line: u32, column: u32) -> u32 {
        let wide = self.wide.get(line as usize).map_or(&[][..], Vec::as_slice);
        let before = wide.partition_point(|start| *start < column);
        column - u32::try_from(before).unwrap_or(column)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fails(path: &str, source: &str) -> String {
        let problems = transform(path, source).expect_err("refused");
        problems[0].to_string()
    }

    fn asks(path: &str, source: &str) -> Vec<(String, How)> {
        let done = transform(path, source).expect("reads");
        done.requests.into_iter().map(|one| (one.specifier, one.how)).collect()
    }

    #[test]
    fn javascript_stays_as_it_is_and_is_known_for_what_it_is() {
        for (path, source, kind) in [
            ("api/a.js", "function handler(req) { return { ok: true } }", Kind::Script),
            ("api/_a.js", "with (Math) { floor(1) }", Kind::Script),
            ("api/a.js", "export default async function (req) {}", Kind::Module),
            ("api/a.js", "import x from 'zod'\nexport const GET = () => x", Kind::Module),
            ("api/a.js", "const x = await Promise.resolve(1)", Kind::Module),
            ("api/a.mjs", "let x = 1", Kind::Module),
            ("api/_lib/a.js", "if (1) return; module.exports = 2", Kind::Script),
            ("api/_lib/a.cjs", "return", Kind::Script),
            ("shared/a.js", "return 1", Kind::Script),
            ("api/a.js", "", Kind::Script),
            ("api/a.js", "export default { async fetch(r) { let x = r; } }", Kind::Module),
        ] {
            let done = transform(path, source).expect(source);
            assert_eq!((done.kind, done.code.as_str(), done.map), (kind, source, None), "{source}");
        }
    }

    #[test]
    fn types_are_taken_out_and_nothing_else() {
        let source = "
            import type { A } from './a'
            import { B } from './b'
            import { c } from './c'
            enum Size { S = 1, L }
            interface Req { query: Record<string, string> }
            declare const nowhere: A
            abstract class Base<T> { private x?: T; constructor(readonly y: number) {} }
            export const f = (r: Req, b?: B): string => (r.query as any).a?.b ?? c!.d satisfies string
            export type { B }
        ";
        let done = transform("api/f.ts", source).expect("reads");
        for gone in ["interface", "declare", ": string", "readonly", "satisfies", "'./a'", "./b"] {
            assert!(!done.code.contains(gone), "{gone}: {}", done.code);
        }
        for stays in ["?.b ?? c.d", "this.y = y", "\"./c\"", "Size[Size[\"S\"] = 1] = \"S\""] {
            assert!(done.code.contains(stays), "{stays}: {}", done.code);
        }
        assert_eq!(done.kind, Kind::Module);
        let again = transform("api/f.mjs", &done.code).expect("it is JavaScript now");
        assert_eq!(again.requests.len(), 1);
        let script = transform("api/s.ts", "function handler(req: Request) { return 1 }");
        assert_eq!(script.expect("reads").kind, Kind::Script);
        let types =
            transform("api/t.ts", "import type { A } from './a'\ntype B = A").expect("reads");
        assert_eq!((types.kind, types.requests.len()), (Kind::Module, 0));
        assert_eq!(
            transform("api/t.tsx", "let x = <T,>(a: T) => a").expect("reads").kind,
            Kind::Script
        );
    }

    #[test]
    fn a_place_of_the_code_leads_back_to_the_author_s() {
        let source = "interface Long {\n  a: string\n}\n\nexport function GET(req: Long): string {\n  \
                      const face: string = '😀😀'; throw new Error(req.a)\n}\n";
        let done = transform("api/g.ts", source).expect("reads");
        let map = done.map.expect("a map");
        let line = done.code.lines().position(|line| line.contains("throw")).expect("a line");
        let text = done.code.lines().nth(line).expect("a line");
        let column = text[..text.find("new Error").expect("there")].chars().count();
        let at = |n: usize| u32::try_from(n).expect("small") + 1;
        let wanted = source.lines().nth(5).expect("a line");
        let from = wanted[..wanted.find("new Error").expect("there")].chars().count();
        assert_eq!(map.original(at(line), at(column)), Some((6, at(from))));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (path, source, expected) in [
            ("api/a.js", "let a = 1;\nlet = ;", "api/a.js:2:7: "),
            ("api/a.js", "function f( {", "api/a.js:1:14: "),
            ("api/a.ts", "const x: = 1", "api/a.ts:1:10: "),
            ("api/a.js", "const x: number = 1", "api/a.js:1:7: "),
            ("api/a.js", "let x = 1;\n  let x = 2", "api/a.js:2:7: "),
            ("api/a.js", "return 1", "api/a.js:1:1: "),
            ("api/a.mjs", "with (a) {}", "api/a.mjs:1:1: "),
            ("api/a.js", "/(/", "api/a.js:1:"),
            ("api/a.js", "break", "api/a.js:1:1: "),
            ("api/a.js", "const s = 'üü'; 1 1", "api/a.js:1:18: "),
            ("api/a.js", "export default 1\nexport default 2", "api/a.js:"),
            (
                "api/a.tsx",
                "export default () => <b>hi</b>",
                "api/a.tsx:1:22: functions have no JSX",
            ),
            (
                "api/_lib/a.jsx",
                "let x = 1, y = <></>",
                "api/_lib/a.jsx:1:16: functions have no JSX",
            ),
            ("api/a.js", "let x = <b/>", "api/a.js:1:9: functions have no JSX"),
            ("api/a.ts", "@d class A {}", "api/a.ts:1:1: functions have no decorators"),
            ("api/a.js", "`", "api/a.js:1:1: "),
            ("api/a.js", "\0", "api/a.js:1:1: "),
        ] {
            let told = fails(path, source);
            assert!(told.starts_with(expected), "{source}: {told}");
            assert!(told.len() > expected.trim_end().len() + 5, "{told}");
        }
        assert!(fails("api/a.js", "let x: string = ''").ends_with("end with .ts"));
        let problems = transform("api/a.js", "\nlet x = ;\n").expect_err("refused");
        assert_eq!(problems[0].excerpt, "  1 |\n> 2 | let x = ;\n    |         ^");
    }

    #[test]
    fn imports_are_read_wherever_the_text_shows_them() {
        let source = "
            import a from './a.js'; import './b.js'; export * from './c.js'
            export { d } from './d.js'; import e from './e.json' with { type: 'json' }
            const f = () => import('./f.js'), g = import(`./g.js`), h = import('./' + f)
            const i = require('./i.js'), j = require(f), { k } = require(`k`)
        ";
        let names: Vec<_> = asks("api/x.js", source).into_iter().map(|(name, _)| name).collect();
        let expected =
            ["./a.js", "./b.js", "./c.js", "./d.js", "./e.json", "./f.js", "./g.js", "./i.js", "k"];
        assert_eq!(names, expected);
        let own = "function require(x) { return x } require('./nowhere')";
        assert_eq!(asks("api/x.js", own), []);
        let inner = "function f() { return require('./x') } // require('./y')";
        assert_eq!(asks("api/x.js", inner), [("./x".to_owned(), How::Require)]);
        let typed = "import x = require('./x'); export const y = x";
        assert_eq!(asks("api/x.ts", typed), [("./x".to_owned(), How::Require)]);
    }

    #[test]
    fn a_script_that_is_nested_too_deep_is_refused() {
        for open in
            ["(", "[", "{a:", "(function(){", "`${", "/*[*/(", "'/*'+(", "/[/*]/+(", "//*\n("]
        {
            let told = fails("api/x.js", &open.repeat(200_000));
            assert!(told.contains("1000 deep"), "{told}");
        }
        // What stands in a remark stands in nothing.
        assert!(transform("api/x.js", &"1;/*::[*/\n".repeat(5_000)).is_ok());
    }

    proptest! {
        #[test]
        fn no_text_brings_it_down(
            source in "(let |const |import |export |from |'|`|\\$\\{|\\(|\\)|\\{|\\}|: |<|>|a|=>|\n|class |/|await |\\PC){0,30}",
            path in "api/a\\.(js|mjs|ts|mts|tsx|cjs)",
        ) {
            match transform(&path, &source) {
                Ok(done) => prop_assert!(done.requests.iter().all(|one| one.offset < source.len())),
                Err(problems) => prop_assert!(!problems.is_empty()),
            }
        }
    }
}
