//! Does the file that is imported have the name that is asked of it?
//!
//! The engine says only that a name is missing, and not where it was asked for; here it is
//! found before anything runs. What cannot be known from the text alone is let through.

use std::collections::{BTreeMap, BTreeSet};

use fazt_tools::problem::nearest;
use oxc::syntax::module_record::{
    ExportExportName, ExportImportName, ImportImportName, ModuleRecord,
};
use serde::{Deserialize, Serialize};

use super::{
    imports::Target,
    load::Module,
    problem::ScriptProblem,
    transform::{How, Kind},
};

/// A name that a module imports from another file, and where it says so.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Wanted {
    /// From what.
    pub specifier: String,
    /// The name there.
    pub name: String,
    /// The author's line.
    pub line: u32,
    /// The author's column.
    pub column: u32,
}

/// The names that a module wants, each with its byte.
pub(super) fn wanted(record: &ModuleRecord<'_>) -> Vec<(String, String, usize)> {
    let imports = record.import_entries.iter().filter_map(|entry| {
        let (name, span) = match &entry.import_name {
            ImportImportName::Name(name) => (name.name.as_str(), name.span),
            ImportImportName::Default(span) => ("default", *span),
            ImportImportName::NamespaceObject => return None,
        };
        Some((entry.module_request.name.to_string(), name.to_owned(), span.start as usize))
    });
    let exports = record.indirect_export_entries.iter().filter_map(|entry| {
        let ExportImportName::Name(name) = &entry.import_name else { return None };
        let from = entry.module_request.as_ref()?;
        Some((from.name.to_string(), name.name.to_string(), name.span.start as usize))
    });
    imports.chain(exports).collect()
}

/// The names that a module exports; `*x` exports what `x` does.
pub(super) fn exported(record: &ModuleRecord<'_>) -> Vec<String> {
    let entries = record.local_export_entries.iter().chain(&record.indirect_export_entries);
    let named = entries.filter_map(|entry| match &entry.export_name {
        ExportExportName::Name(name) => Some(name.name.to_string()),
        ExportExportName::Default(_) => Some("default".to_owned()),
        ExportExportName::Null => None,
    });
    let stars = record.star_export_entries.iter().filter_map(|entry| entry.module_request.as_ref());
    named.chain(stars.map(|from| format!("*{}", from.name))).collect()
}

/// Every name that a module asks for and that is not there.
pub(super) fn missing(modules: &BTreeMap<String, Module>) -> Vec<ScriptProblem> {
    let mut problems = Vec::new();
    for (path, module) in modules {
        for one in &module.wanted {
            let Some(file) = target(module, &one.specifier) else { continue };
            let mut names = BTreeSet::new();
            if !all(modules, file, &mut names, &mut BTreeSet::new())
                || names.contains(one.name.as_str())
            {
                continue;
            }
            let what = if one.name == "default" {
                format!("`{file}` has no default export")
            } else {
                format!("`{file}` exports no `{}`", one.name)
            };
            let near = nearest(&one.name, names.iter().copied());
            let hint = match (modules.get(file).map(|file| file.kind), near) {
                (_, Some(near)) if near != one.name => format!("; did you mean `{near}`?"),
                (Some(Kind::Script | Kind::Json), _) => {
                    ": import its default, which is all of it, and take the name from that"
                        .to_owned()
                }
                _ => String::new(),
            };
            problems.push(ScriptProblem {
                line: Some(one.line),
                column: Some(one.column),
                ..ScriptProblem::of_file(path, format!("{what}{hint}"))
            });
        }
    }
    problems
}

/// The file of the app that a statement of a module means.
fn target<'m>(module: &'m Module, specifier: &str) -> Option<&'m str> {
    let import = module
        .imports
        .iter()
        .find(|import| import.how == How::Import && import.specifier == specifier)?;
    match &import.target {
        Target::File(file) => Some(file),
        Target::Library(_) => None,
    }
}

/// Collects the names that a file exports; false where the text does not show all of them.
fn all<'m>(
    modules: &'m BTreeMap<String, Module>,
    file: &'m str,
    names: &mut BTreeSet<&'m str>,
    seen: &mut BTreeSet<&'m str>,
) -> bool {
    if !seen.insert(file) {
        return true;
    }
    let Some(module) = modules.get(file) else { return false };
    if module.kind != Kind::Module {
        names.insert("default");
    }
    module.exports.iter().all(|name| match name.strip_prefix('*') {
        None => {
            names.insert(name);
            true
        }
        Some(from) => {
            let found = module.imports.iter().find(|import| import.specifier == from);
            match found.map(|import| &import.target) {
                Some(Target::File(other)) => {
                    let before = names.contains("default");
                    let known = all(modules, other, names, seen);
                    // A star takes every name but this one along.
                    if !before {
                        names.remove("default");
                    }
                    known
                }
                _ => false,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::{LIBRARIES, check};

    fn told(source: &str) -> Option<String> {
        let files = [
            ("api/a.js", source),
            ("api/a.ts", ""),
            (
                "api/_m.js",
                "export const one = 1; export { two as 'a-b' } from './_n.js'; \
                           export * from './_n.js'; export * as ns from './_n.js'",
            ),
            ("api/_n.js", "export default 1; export const two = 2; export * from './_m.js'"),
            ("api/_c.cjs", "exports.one = 1; Object.assign(exports, { more: 2 })"),
            ("api/_t.ts", "export interface T { a: 1 }; export const t = 1"),
            ("api/_j.json", "{}"),
            ("api/_l.js", "export * from 'zod'"),
        ];
        let files = files.into_iter().filter(|(path, _)| *path != "api/a.ts");
        let files: std::collections::BTreeMap<_, _> = files.collect();
        let sizes = files.iter().map(|(path, text)| ((*path).to_owned(), text.len() as u64));
        let found = check(sizes.collect(), LIBRARIES, |path| files[path].into());
        found.err().map(|problems| problems[0].to_string())
    }

    #[test]
    fn a_name_that_no_file_exports_is_refused_with_its_place() {
        for (source, expected) in [
            ("import { one, two, ns, 'a-b' as x } from './_m.js'", None),
            ("import * as all from './_m.js'; import './_n.js'", None),
            (
                "import { onw } from './_m.js'",
                Some("api/a.js:1:10: `api/_m.js` exports no `onw`; did you mean `one`?"),
            ),
            ("import d from './_m.js'", Some("api/a.js:1:8: `api/_m.js` has no default export")),
            ("import d from './_n.js'", None),
            ("export { x } from './_m.js'", Some("api/a.js:1:10: `api/_m.js` exports no `x`")),
            ("import d, { one } from './_c.cjs'", None),
            (
                "\n import { far } from './_c.cjs'",
                Some(
                    "api/a.js:2:11: `api/_c.cjs` exports no `far`: import its default, which is all \
                   of it, and take the name from that",
                ),
            ),
            ("import j from './_j.json'", None),
            ("import { anything } from './_l.js'; import { z } from 'zod'", None),
            ("import { t } from './_t.ts'", None),
        ] {
            assert_eq!(told(source).as_deref(), expected, "{source}");
        }
    }
}
