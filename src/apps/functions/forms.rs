//! What has to be known of a script's form before it runs, and what is changed in its text.
//!
//! A script that is required tells by its text which names it exports; one that has neither
//! exports nor a handler is the first form of `api/main.js` and runs for each request. The
//! text is changed only where the engine cannot read what the language allows, and where a
//! place is left for it. No line is ever added or taken away.

use oxc::{
    ast::{
        AstKind,
        ast::{
            Argument, AssignmentTarget, CallExpression, ExportDefaultDeclarationKind, Expression,
            ObjectPropertyKind, Program, Statement, VariableDeclarationKind,
        },
    },
    semantic::Semantic,
    span::{GetSpan, Span},
    syntax::module_record::ModuleRecord,
};

use super::{
    imports::PACKAGES,
    mapping::{Mapping, Shift},
    names,
};

/// What a script's text says of its form.
#[derive(Debug, Default)]
pub(super) struct Form {
    /// Names that it exports, by statements or by `exports` and `module`; `*x` exports what `x`
    /// does.
    pub(super) exports: Vec<String>,
    /// Names that it imports by statements: from what, and the byte.
    pub(super) wanted: Vec<(String, String, usize)>,
    /// Whether it is run for each request, and its last value is the answer.
    pub(super) program: bool,
    edits: Vec<Edit>,
}

/// A change of the text.
#[derive(Debug)]
struct Edit {
    offset: usize,
    takes: usize,
    puts: &'static str,
}

/// What packages look at to know where they run.
const PROCESS: &str =
    "var process={env:{NODE_ENV:\"production\"},browser:true,version:\"\",versions:{}};";
/// What they call `globalThis`.
const GLOBAL: &str = "var global=globalThis;";

/// What puts a module's `require` where its text expects it.
const REQUIRE: &str = "var require=import.meta.require;";

impl Form {
    /// Reads the form of JavaScript.
    pub(super) fn of(
        path: &str,
        program: &Program<'_>,
        record: &ModuleRecord<'_>,
        semantic: &Semantic<'_>,
    ) -> Self {
        let mut form = Self::default();
        let free = |name: &'static str| {
            let free = semantic.scoping().root_unresolved_references();
            free.keys().any(|one| *one == name)
        };
        // Behind the first line where that is for a shell, and behind `"use strict"`.
        let bang = program.hashbang.as_ref().map_or(0, |bang| bang.span.end as usize + 1);
        let offset = program.directives.last().map_or(bang, |last| last.span.end as usize);
        let offset = offset.min(program.source_text.len());
        let mut begin = |puts| form.edits.push(Edit { offset, takes: 0, puts });
        if path.starts_with(PACKAGES) {
            if !program.directives.is_empty() {
                begin(";");
            }
            if free("process") {
                begin(PROCESS);
            }
            if free("global") {
                begin(GLOBAL);
            }
        }
        if program.source_type.is_module() {
            if free("require") {
                begin(REQUIRE);
            }
            form.arrow(program);
            (form.exports, form.wanted) = (names::exported(record), names::wanted(record));
            form.edits.sort_by_key(|edit| edit.offset);
            return form;
        }
        if let Some(bang) = &program.hashbang {
            form.edits.push(Edit { offset: bang.span.start as usize, takes: 2, puts: "//" });
        }
        let shares = free("module") || free("exports");
        if shares {
            form.exports = exports(semantic);
        }
        let handles = semantic.scoping().get_root_binding("handler".into()).is_some();
        let is_main = path.strip_prefix("api/main.").is_some_and(|ending| !ending.contains('/'));
        if is_main && !shares && !handles {
            form.program = true;
            last_value(&program.body, &mut form.edits);
        }
        form.edits.sort_by_key(|edit| edit.offset);
        form
    }

    /// The engine takes `export default async` for the start of a function with that word.
    fn arrow(&mut self, program: &Program<'_>) {
        let defaults = program.body.iter().filter_map(|statement| match statement {
            Statement::ExportDefaultDeclaration(export) => Some(&export.declaration),
            _ => None,
        });
        for default in defaults {
            if matches!(
                default,
                ExportDefaultDeclarationKind::FunctionDeclaration(_)
                    | ExportDefaultDeclarationKind::ClassDeclaration(_)
            ) {
                continue;
            }
            let Span { start, end, .. } = default.span();
            let (start, end) = (start as usize, end as usize);
            let text = program.source_text;
            if !text[start..end].starts_with("async") {
                continue;
            }
            // In the place of a blank it moves no column.
            let blank = text[..start].ends_with([' ', '\t']);
            let from = if blank { start - 1 } else { start };
            self.edits.push(Edit { offset: from, takes: usize::from(blank), puts: "(" });
            self.edits.push(Edit { offset: end, takes: 0, puts: ")" });
        }
    }

    /// The text with its changes, and where its places come from.
    pub(super) fn apply(&self, source: &str) -> (String, Vec<Shift>) {
        let mut text = String::with_capacity(source.len() + 64);
        let (mut shifts, mut from, mut line_start, mut line) = (Vec::new(), 0, 0, 0_u32);
        for Edit { offset, takes, puts } in &self.edits {
            text.push_str(&source[from..*offset]);
            from = offset + takes;
            let before = &text[line_start..];
            if let Some(at) = before.rfind('\n') {
                let breaks = before.matches('\n').count();
                line += u32::try_from(breaks).unwrap_or(u32::MAX);
                line_start += at + 1;
            }
            let added = puts.len().saturating_sub(*takes);
            if added > 0 {
                let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
                let column = count(text[line_start..].chars().count());
                shifts.push(Shift { line, column, added: count(added) });
            }
            text.push_str(puts);
        }
        text.push_str(&source[from..]);
        (text, shifts)
    }

    /// Whether the text stays as it is.
    pub(super) fn keeps_text(&self) -> bool {
        self.edits.is_empty()
    }
}

/// A mapping that knows of the changes, over one that does not.
pub(super) fn mapped(map: Option<Mapping>, shifts: Vec<Shift>) -> Option<Mapping> {
    match map {
        None if shifts.is_empty() => None,
        map => Some(map.unwrap_or_default().shifted(shifts)),
    }
}

/// What the engine cannot run, or runs wrongly.
pub(super) fn beyond(kind: AstKind<'_>) -> Option<&'static str> {
    match kind {
        AstKind::VariableDeclaration(declared)
            if matches!(
                declared.kind,
                VariableDeclarationKind::Using | VariableDeclarationKind::AwaitUsing
            ) =>
        {
            Some("functions have no `using` yet: call what disposes of it in a `finally`")
        }
        AstKind::AccessorProperty(_) => {
            Some("functions have no `accessor` yet: write a getter and a setter")
        }
        AstKind::ImportDeclaration(import) if import.phase.is_some() => {
            Some("functions have neither `import defer` nor `import source`: import it plainly")
        }
        AstKind::ImportExpression(import) if import.phase.is_some() => {
            Some("functions have neither `import.defer` nor `import.source`: import it plainly")
        }
        _ => None,
    }
}

/// Puts `return` before the statement whose value is the script's.
fn last_value(body: &[Statement<'_>], edits: &mut Vec<Edit>) {
    let silent = |statement: &&Statement<'_>| {
        !statement.is_declaration() && !matches!(statement, Statement::EmptyStatement(_))
    };
    if let Some(last) = body.iter().rev().find(silent) {
        value_of(last, edits);
    }
}

fn value_of(statement: &Statement<'_>, edits: &mut Vec<Edit>) {
    match statement {
        Statement::ExpressionStatement(value) => {
            let offset = value.span.start as usize;
            edits.push(Edit { offset, takes: 0, puts: "return " });
        }
        Statement::BlockStatement(block) => last_value(&block.body, edits),
        Statement::IfStatement(branch) => {
            value_of(&branch.consequent, edits);
            if let Some(other) = &branch.alternate {
                value_of(other, edits);
            }
        }
        Statement::TryStatement(attempt) => {
            last_value(&attempt.block.body, edits);
            if let Some(handler) = &attempt.handler {
                last_value(&handler.body.body, edits);
            }
        }
        _ => {}
    }
}

/// The names that a script exports, as far as its text shows them.
fn exports(semantic: &Semantic<'_>) -> Vec<String> {
    let mut names = Vec::new();
    let mut found = |name: String| {
        if !names.contains(&name) {
            names.push(name);
        }
    };
    for node in semantic.nodes().iter() {
        match node.kind() {
            AstKind::AssignmentExpression(set) => match &set.left {
                AssignmentTarget::StaticMemberExpression(member) => {
                    if is_exports(&member.object, semantic) {
                        found(member.property.name.to_string());
                    } else if is_module(&member.object, semantic)
                        && member.property.name == "exports"
                    {
                        whole(&set.right, &mut found);
                    }
                }
                AssignmentTarget::ComputedMemberExpression(member) => {
                    if let Expression::StringLiteral(name) = &member.expression
                        && is_exports(&member.object, semantic)
                    {
                        found(name.value.to_string());
                    }
                }
                _ => {}
            },
            AstKind::CallExpression(call) => called(call, semantic, &mut found),
            _ => {}
        }
    }
    names
}

/// `Object.defineProperty(exports, "x", …)`, and the helpers of compilers that export on.
fn called(call: &CallExpression<'_>, semantic: &Semantic<'_>, found: &mut impl FnMut(String)) {
    let callee = match &call.callee {
        Expression::Identifier(name) => name.name.as_str(),
        Expression::StaticMemberExpression(member) => member.property.name.as_str(),
        _ => return,
    };
    let argument = |n: usize| call.arguments.get(n).and_then(Argument::as_expression);
    match callee {
        "defineProperty" => {
            if let (Some(on), Some(Expression::StringLiteral(name))) = (argument(0), argument(1))
                && is_exports(on, semantic)
            {
                found(name.value.to_string());
            }
        }
        "__exportStar" | "__export" | "__reExport" => {
            for n in 0..2 {
                if let Some(from) = argument(n).and_then(required) {
                    found(format!("*{from}"));
                }
            }
        }
        _ => {}
    }
}

/// The names of a value that is all of the exports.
fn whole(value: &Expression<'_>, found: &mut impl FnMut(String)) {
    match value {
        Expression::ObjectExpression(object) => {
            for property in &object.properties {
                match property {
                    ObjectPropertyKind::ObjectProperty(one) => {
                        if let Some(name) = one.key.static_name() {
                            found(name.into_owned());
                        }
                    }
                    ObjectPropertyKind::SpreadProperty(rest) => {
                        if let Some(from) = required(&rest.argument) {
                            found(format!("*{from}"));
                        }
                    }
                }
            }
        }
        Expression::AssignmentExpression(set) => whole(&set.right, found),
        value => {
            if let Some(from) = required(value) {
                found(format!("*{from}"));
            }
        }
    }
}

/// What `require("x")` asks for.
fn required(value: &Expression<'_>) -> Option<String> {
    match value {
        Expression::CallExpression(call) => {
            call.common_js_require().map(|name| name.value.to_string())
        }
        _ => None,
    }
}

/// `exports` or `module.exports`.
fn is_exports(value: &Expression<'_>, semantic: &Semantic<'_>) -> bool {
    match value {
        Expression::Identifier(name) => {
            name.name == "exports" && semantic.is_reference_to_global_variable(name)
        }
        Expression::StaticMemberExpression(member) => {
            member.property.name == "exports" && is_module(&member.object, semantic)
        }
        _ => false,
    }
}

fn is_module(value: &Expression<'_>, semantic: &Semantic<'_>) -> bool {
    matches!(value, Expression::Identifier(name)
        if name.name == "module" && semantic.is_reference_to_global_variable(name))
}

#[cfg(test)]
mod tests {
    use super::super::transform::{Transformed, transform};

    fn read(path: &str, source: &str) -> Transformed {
        transform(path, source).expect(source)
    }

    #[test]
    fn an_asynchronous_arrow_as_the_default_is_put_into_brackets_without_moving() {
        for (source, expected) in [
            ("export default async (r) => 1;", "export default(async (r) => 1);"),
            ("export default\tasync r => {\n}\nlet a", "export default(async r => {\n})\nlet a"),
            ("export default /**/async () => 1", "export default /**/(async () => 1)"),
            ("export default\nasync () => 1", "export default\n(async () => 1)"),
            ("export default async function () {}", "export default async function () {}"),
            ("export default (r) => async () => 1", "export default (r) => async () => 1"),
        ] {
            assert_eq!(read("api/a.js", source).code, expected);
        }
        let typed = read("api/a.ts", "export default async (r: Request): Promise<A> => r");
        assert_eq!(typed.code.trim(), "export default(async (r) => r);");
        let moved = read("api/a.js", "export default /**/async (r) => x(r)");
        assert_eq!(moved.map.expect("a map").original(1, 33), Some((1, 32)));
    }

    #[test]
    fn a_script_s_exports_are_read_off_its_text() {
        for (source, expected) in [
            ("exports.a = 1; module.exports.b = exports.c = 2; exports['d-e'] = 3", "a b c d-e"),
            ("module.exports = { a, b: 1, 'c': 2, d() {}, ...require('./x') }", "a b c d *./x"),
            ("module.exports = require('./y')", "*./y"),
            ("exports = module.exports = { a: 1 }", "a"),
            ("Object.defineProperty(exports, '__esModule', { value: true })", "__esModule"),
            (
                "__exportStar(require('./z'), exports); tslib.__exportStar(require('z'), exports)",
                "*./z *z",
            ),
            ("0 && (module.exports = { a, b }); module.exports = __toCommonJS(c)", "a b"),
            ("function f(exports) { exports.a = 1 } module.exports = f", ""),
        ] {
            assert_eq!(read("api/_a.js", source).exports.join(" "), expected, "{source}");
        }
    }

    #[test]
    fn a_script_without_handler_and_exports_is_a_program_whose_last_value_counts() {
        for (source, expected) in [
            ("respond(200, 'x')", Some("return respond(200, 'x')")),
            (
                "'use strict'\nlet a = 1\na + 1;\nfunction f() {};",
                Some("'use strict'\nlet a = 1\nreturn a + 1;\nfunction f() {};"),
            ),
            ("if (a) b; else { c; d }", Some("if (a) return b; else { c; return d }")),
            (
                "try { a } catch { b } finally { c }",
                Some("try { return a } catch { return b } finally { c }"),
            ),
            ("for (;;) break", Some("for (;;) break")),
            ("", Some("")),
            ("function handler() {}", None),
            ("const handler = () => 1", None),
            ("module.exports = () => 1", None),
            ("exports.GET = () => 1", None),
        ] {
            let done = read("api/main.js", source);
            assert_eq!(done.program.then_some(done.code.as_str()), expected, "{source}");
            assert!(!read("api/_a.js", source).program && !read("api/a.js", source).program);
        }
        let moved = read("api/main.js", "let a\nüx = fail(request)").map.expect("a map");
        assert_eq!((moved.original(2, 13), moved.original(1, 5)), (Some((2, 6)), Some((1, 5))));
    }

    #[test]
    fn what_the_engine_cannot_read_otherwise_is_made_readable() {
        let module = read("api/a.js", "#!/bin/x\nexport default require('./b')");
        let expected = "#!/bin/x\nvar require=import.meta.require;export default require('./b')";
        assert_eq!(module.code, expected);
        assert_eq!(module.map.expect("a map").original(2, 48), Some((2, 16)));
        assert_eq!(read("api/_a.js", "#!/bin/x\nexports.a = 1").code, "///bin/x\nexports.a = 1");
        for (source, part) in [
            ("function f() { using a = b }", "no `using`"),
            ("async () => { await using a = b }", "no `using`"),
            ("class A { accessor a = 1 }", "no `accessor`"),
            ("import defer * as a from './a.js'", "import defer"),
        ] {
            let problems = transform("api/a.js", source).expect_err(source);
            assert!(problems[0].message.contains(part), "{}", problems[0]);
        }
    }
}
