//! Whole apps, read as at a deploy and run as in a worker.

#[cfg(test)]
mod cases {
    use std::{collections::BTreeMap, os::unix::net::UnixStream, rc::Rc};

    use bytes::BytesMut;

    use super::super::{
        super::{shims::tests::on_large_stack, tests::next},
        *,
    };
    use crate::{
        apps::functions::{self, Functions, Target},
        runtime::{
            frames::{App, Bounds, FromWorker, Request, Script},
            libraries::LIBRARIES,
        },
    };

    /// What a deploy makes of files, or what it refuses.
    fn deployed(files: &[(&str, &str)]) -> Result<Functions, String> {
        let content: BTreeMap<&str, &str> = files.iter().copied().collect();
        let sizes = files.iter().map(|(path, text)| ((*path).to_owned(), text.len() as u64));
        functions::check(sizes.collect(), functions::LIBRARIES, |path| content[path].into())
            .map_err(|problems| problems[0].to_string())
    }

    fn load(functions: &Functions, fresh: bool) -> Load {
        let files = functions.modules.iter().map(|(path, module)| Script {
            path: path.clone(),
            code: module.code.clone(),
            kind: match module.kind {
                functions::Kind::Module => Kind::Module,
                functions::Kind::Script => Kind::Script,
                functions::Kind::Json => Kind::Json,
            },
            imports: module
                .imports
                .iter()
                .filter_map(|import| match &import.target {
                    Target::File(file) => Some((import.specifier.clone(), file.clone())),
                    Target::Library(_) => None,
                })
                .collect(),
            exports: module.exports.clone(),
            program: module.program,
        });
        Load {
            site: 1,
            app: App {
                id: "app_1".to_owned(),
                name: "it".to_owned(),
                version: 1,
                domain: "example.com".to_owned(),
                admin: "http://admin.example.com".to_owned(),
            },
            files: files.collect(),
            entries: functions.routes.list().iter().map(|route| route.file.clone()).collect(),
            env: Vec::new(),
            fresh,
            bounds: Bounds { memory: 0, answer: 0, lines: 100, line: 8_192 },
        }
    }

    /// An app that runs, and the other end of its connection.
    struct Running {
        site: Site,
        node: UnixStream,
        functions: Functions,
    }

    impl Running {
        fn start(files: &[(&str, &str)], fresh: bool) -> Result<Self, String> {
            let functions = deployed(files)?;
            let (node, worker) = UnixStream::pair().expect("a pair");
            let link = Rc::new(Link::new(worker));
            let told = |error: ScriptError| {
                format!("{}: {} @ {}", error.name, error.message, error.stack.replace('\n', " < "))
            };
            let site = Site::load(load(&functions, fresh), &link).map_err(told)?;
            Ok(Self { site, node, functions })
        }

        fn fails(&mut self, entry: &str) -> ScriptError {
            self.run(entry, "GET").expect_err("fails")
        }

        fn run(&mut self, entry: &str, method: &str) -> Result<Answer, ScriptError> {
            let request = Request {
                method: method.to_owned(),
                path: "/api/x".to_owned(),
                ..Request::default()
            };
            self.site.run(Run { number: 1, site: 1, entry: entry.to_owned(), request })
        }

        /// The answer of an entry, or its error, in a line.
        fn get(&mut self, entry: &str) -> String {
            match self.run(entry, "GET") {
                Ok(answer) if answer.status == 200 => String::from_utf8_lossy(&answer.body).into(),
                Ok(answer) => {
                    format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body))
                }
                Err(error) => format!("{}: {}", error.name, error.message),
            }
        }

        /// What was logged so far.
        fn lines(self) -> Vec<String> {
            drop(self.site);
            let mut node = self.node;
            let mut lines = Vec::new();
            let mut came = BytesMut::new();
            while let Some(frame) = next(&mut node, &mut came) {
                if let FromWorker::Log(line) = frame {
                    lines.push(line.text);
                }
            }
            lines
        }
    }

    /// Runs the first file of an app.
    fn app(files: &[(&str, &str)]) -> String {
        match Running::start(files, false) {
            Ok(mut running) => running.get(files[0].0),
            Err(told) => told,
        }
    }

    #[test]
    fn what_deploys_also_runs() {
        on_large_stack(|| {
            for (source, expected) in [
                ("export default async (req) => 'a'", "a"),
                ("export default async req => { await 1; return 'b' }", "b"),
                ("export default (req) => 'c'", "c"),
                ("export default req => ({ d: 1 })", r#"{"d":1}"#),
                ("export default\nasync () => 'e'", "e"),
                ("export default async function named() { return 'f' }", "f"),
                ("export default function () { return 'g' }", "g"),
                ("const f = () => 'h'; export { f as default }", "h"),
                ("export const GET = async () => 'i'; export {}", "i"),
                ("export default { async fetch(r) { return this.own }, own: 'j' }", "j"),
                ("export default new (class { #p = 'k'; fetch() { return this.#p } })", "k"),
                ("const v = await Promise.resolve('l'); export default () => v; export { v }", "l"),
                (
                    "class A { static #x = 'm'; static { this.y = A.#x } get z() { return A.y } \
              static async *g() { yield new A().z } }\n\
              export default async () => { for await (const x of A.g()) return x }",
                    "m",
                ),
                (
                    "let a = null; a ??= { b: ['n'] }; a &&= a; a.c ||= 1; export default () => a?.b?.[0]",
                    "n",
                ),
                ("#!/usr/bin/env fazt\nexport default () => 'o'", "o"),
                ("export default () => import.meta.url", "file:///api/a.js"),
                (
                    "outer: for (const x of [1, 2]) { for (;;) continue outer } lbl: { break lbl }\n\
              export default () => /(?<y>\\d+)(?<=5)/dgimsuy.exec('15').groups.y + 1_0n",
                    "1510",
                ),
                (
                    "import * as all from './_b.js'; export * as ns from './_b.js'; export * from './_b.js'\n\
              export default () => all.b + Object.keys(all)",
                    "bb",
                ),
                (
                    "import seed, { } from './_s.json' with { type: 'json' }; export default () => seed.x",
                    "s",
                ),
                ("export default async () => (await import('./_b.js')).b", "b"),
                ("export default async () => (await import('./_s.json')).default.x", "s"),
                ("import { 'a-b' as q } from './_c.js'; export default () => q", "q"),
                ("export default () => { try { throw 1 } catch { return 'p' } finally { } }", "p"),
                (
                    "export default async function () { const [a, ...b] = [1, 2, 3]; \
              return `${a}${[...b, ...new Set([4])].at(-1)}${2 ** 3}` }",
                    "148",
                ),
                ("export default () => [3, 1].toSorted().with(0, 9).findLast(x => x > 3)", "9"),
                ("export default () => Object.groupBy([1, 2], x => x % 2 ? 'o' : 'e').e", "[2]"),
                ("function handler() { return 'q' }", "q"),
                ("const handler = async () => 'r'", "r"),
                ("'use strict'\nvar handler = () => this === undefined", "false"),
                ("module.exports = () => 's'", "s"),
                ("module.exports = { GET() { return 't' } }", "t"),
                ("exports.GET = async () => 'u'", "u"),
                ("exports.handler = () => __filename + __dirname", "/api/a.js/api"),
                ("module.exports = { fetch() { return this.x }, x: 'v' }", "v"),
                ("exports.default = () => 'w'", "w"),
                (
                    "module.exports = class { }",
                    "TypeError: class constructor cannot be invoked without 'new'",
                ),
            ] {
                let files = [
                    ("api/a.js", source),
                    ("api/_b.js", "export const b = 'b'"),
                    ("api/_c.js", "const q = 'q'; export { q as 'a-b' }"),
                    ("api/_s.json", r#"{"x": "s"}"#),
                ];
                let got = app(&files);
                assert!(got == expected || got.starts_with(expected), "{source}: {got}");
            }
        });
    }

    #[test]
    fn typescript_runs() {
        on_large_stack(|| {
            let got = app(&[
                (
                    "api/a.ts",
                    "import { n, type T } from './_b'; import old = require('./_c')\n\
              enum E { A = 'e' }; namespace N { export const x = 1 }\n\
              export default async (req: Request): Promise<T> => ({ n, e: E.A, x: N.x, o: old.o })",
                ),
                ("api/_b.ts", "export type T = object; export const n: number = 7"),
                ("api/_c.cts", "exports.o = 8 as number"),
            ]);
            assert_eq!(got, r#"{"n":7,"e":"e","x":1,"o":8}"#);
        });
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of apps")]
    fn scripts_and_modules_know_each_other() {
        on_large_stack(|| {
            for (files, expected) in [
                (
                    &[
                        (
                            "api/a.js",
                            "import d, { x, y } from './_c.cjs'; import * as all from './_c.cjs'\n\
                 export default () => [d.x, x, y, Object.keys(all)]",
                        ),
                        (
                            "api/_c.cjs",
                            "exports.x = 1; Object.defineProperty(exports, 'y', { value: 2 })",
                        ),
                    ] as &[_],
                    r#"[1,1,2,["default","x","y"]]"#,
                ),
                (
                    &[
                        ("api/a.js", "import { z } from './_d.cjs'; export default () => z"),
                        ("api/_d.cjs", "module.exports = require('./_e.cjs')"),
                        ("api/_e.cjs", "module.exports = { z: 3 }"),
                    ],
                    "3",
                ),
                (
                    &[
                        (
                            "api/a.js",
                            "const { m, default: d } = require('./_m.js'); module.exports = () => m + d",
                        ),
                        ("api/_m.js", "export const m = 1; export default 2"),
                    ],
                    "3",
                ),
                (
                    &[
                        ("api/a.js", "const s = require('../seed'); exports.GET = () => s.x"),
                        ("seed.json", r#"{"x": [1]}"#),
                    ],
                    "[1]",
                ),
                (
                    &[
                        (
                            "api/a.js",
                            "export default () => require('./_c.cjs').c + require('./_c.cjs').c",
                        ),
                        (
                            "api/_c.cjs",
                            "globalThis.n = (globalThis.n ?? 0) + 1; exports.c = globalThis.n",
                        ),
                    ],
                    "2",
                ),
                (
                    &[
                        (
                            "api/a.js",
                            "const b = require('./_b.cjs'); module.exports = () => b.seen + b.late().done",
                        ),
                        (
                            "api/_b.cjs",
                            "const a = require('./_c.cjs'); exports.seen = a.half; exports.late = () => a",
                        ),
                        (
                            "api/_c.cjs",
                            "exports.half = 'h'; const b = require('./_b.cjs'); \
                 exports.done = 'd' + (b.seen === undefined)",
                        ),
                    ],
                    "hdtrue",
                ),
                (
                    &[
                        (
                            "api/a.js",
                            "module.exports = async () => { const m = await import('./_m.mjs'); \
                 return m.x + (await import('./_c.cjs')).default.y }",
                        ),
                        ("api/_m.mjs", "export const x = 1"),
                        ("api/_c.cjs", "exports.y = 2"),
                    ],
                    "3",
                ),
                (
                    &[
                        (
                            "api/a.js",
                            "module.exports = () => require('helpers').h + require('./_x/' + 'y').z",
                        ),
                        ("api/helpers.js", "exports.h = 1; exports.GET = () => 1"),
                        ("api/_x/y.js", "exports.z = 2"),
                    ],
                    "3",
                ),
                (
                    &[
                        (
                            "api/a.js",
                            "module.exports = () => { try { require('./_t.cjs') } catch (e) { \
                 try { require('./_t.cjs') } catch (f) { return e.message + f.message } } }",
                        ),
                        (
                            "api/_t.cjs",
                            "globalThis.t = (globalThis.t ?? 0) + 1; throw new Error('t' + t)",
                        ),
                    ],
                    "t1t2",
                ),
                (
                    &[("api/a.js", "module.exports = () => require(['no'][0])")],
                    "Error: Cannot find module 'no', required by api/a.js",
                ),
                (
                    &[("api/a.js", "module.exports = () => require('./../../' + 'etc/passwd')")],
                    "Error: Cannot find module './../../etc/passwd', required by api/a.js",
                ),
                (
                    &[(
                        "api/a.js",
                        "export default async () => { try { await import('./' + 'no') } \
                 catch (e) { return e.message } }",
                    )],
                    "Cannot find module './no', imported by api/a.js",
                ),
                (
                    &[
                        ("api/a.js", "module.exports = () => require('./_w.mjs')"),
                        ("api/_w.mjs", "await new Promise(() => {}); export const w = 1"),
                    ],
                    "Error: it awaits at its top level, so `require` cannot wait for it; use import()",
                ),
                (
                    &[
                        (
                            "api/a.mjs",
                            "export default () => { const order = []; \
                 Promise.resolve().then(() => order.push('later')); \
                 order.push(require('./_m.mjs').x); return order.join() }",
                        ),
                        ("api/_m.mjs", "export const x = 'now'"),
                    ],
                    "now",
                ),
            ] {
                assert_eq!(app(files), expected, "{}", files[0].1);
            }
        });
    }

    #[test]
    fn a_module_in_a_cycle_through_require_does_not_end_the_process() {
        on_large_stack(|| {
            let got = app(&[
                (
                    "api/a.mjs",
                    "import c from './_c.cjs'; export const x = 1; export default () => c.told",
                ),
                (
                    "api/_c.cjs",
                    "try { require('./a.mjs').x; exports.told = 'fine' } \
              catch (e) { exports.told = e.name }",
                ),
            ]);
            assert_eq!(got, "Error");
        });
    }

    #[test]
    fn a_file_is_evaluated_once_for_all_functions() {
        on_large_stack(|| {
            let count = "globalThis.count = (globalThis.count ?? 0) + 1;";
            let module = format!("{count} export const c = () => globalThis.count");
            let script = format!("{count} exports.GET = () => globalThis.count");
            let files = [
                ("api/a.js", "export { c as default } from './_n.js'"),
                ("api/b.js", "import { c } from './_n.js'; require('./d.js'); export default c"),
                ("api/c.js", "const d = require('./d.js'); module.exports = d"),
                ("api/d.js", script.as_str()),
                ("api/_n.js", module.as_str()),
            ];
            let mut running = Running::start(&files, false).expect("starts");
            let got: Vec<_> = files[..4].iter().map(|(entry, _)| running.get(entry)).collect();
            assert_eq!(got, ["2", "2", "2", "2"]);
        });
    }

    #[test]
    fn the_first_form_of_main_runs_for_each_request() {
        on_large_stack(|| {
            for (source, expected) in [
                ("respond({ path: request.path })", r#"{"path":"/api/x"}"#),
                ("respond(201, 'made', { 'x-y': '1' })", "201 made"),
                ("respond(404)", "404 "),
                ("respond('one'); respond('two'); 'three'", "two"),
                ("({ status: 202, body: request.method })", "202 GET"),
                ("const n = 1; let m = n + 1; class A {}; `m${m}`; function f() {}", "m2"),
                ("if (request.method === 'GET') respond('got'); else respond(405)", "got"),
                ("try { throw new Error('x') } catch (e) { respond(500, e.message) }", "500 x"),
                ("(async () => { await 1; respond('late') })()", "late"),
                ("var lib = require('./_lib.js'); lib.answer()", "from lib"),
                ("for (const x of [1]) respond(200, 'loop')", "loop"),
                ("let x = 1", "204 "),
                ("respond(42)", "42"),
                ("__filename + __dirname", "/api/main.js/api"),
            ] {
                let files = [
                    ("api/main.js", source),
                    ("api/_lib.js", "exports.answer = () => { respond('from lib') }"),
                ];
                let mut running = Running::start(&files, false).expect(source);
                for _ in 0..2 {
                    assert_eq!(running.get("api/main.js"), expected, "{source}");
                }
            }
            let kept = [(
                "api/main.js",
                "globalThis.n = (globalThis.n ?? 0) + 1; respond(n + typeof request)",
            )];
            let mut running = Running::start(&kept, false).expect("starts");
            assert_eq!(
                (running.get(kept[0].0), running.get(kept[0].0)),
                ("1object".into(), "2object".into())
            );
            let mut running = Running::start(
                &[("api/main.js", "let a = 1\n(() => { throw new Error(request.path) })()")],
                false,
            )
            .expect("starts");
            let error = running.fails("api/main.js");
            let places = running.functions.retraced(&error.stack);
            assert!(places.starts_with("api/main.js:2:"), "{places}");
        });
    }

    #[test]
    fn a_request_has_globals_of_its_own_where_the_app_asks_for_it() {
        on_large_stack(|| {
            let files = [
                (
                    "api/a.js",
                    "import { n } from './_n.js'; export default () => \
              [n.push(1), globalThis.x = (globalThis.x ?? 0) + 1].join()",
                ),
                ("api/_n.js", "export const n = []"),
            ];
            for (fresh, expected) in [(true, ["1,1", "1,1", "1,1"]), (false, ["1,1", "2,2", "3,3"])]
            {
                let mut running = Running::start(&files, fresh).expect("starts");
                assert_eq!([(); 3].map(|()| running.get("api/a.js")), expected);
            }
        });
    }

    #[test]
    fn every_library_is_imported_and_required_by_its_name() {
        on_large_stack(|| {
            let names: Vec<_> = LIBRARIES.iter().map(|library| library.name).collect();
            assert_eq!(names, functions::LIBRARIES);
            let crypto = "globalThis.crypto ??= { getRandomValues: a => a.fill(7) };";
            for (name, import, require, expected) in [
                (
                    "cheerio",
                    "import { load } from 'cheerio'",
                    "const { load } = require('cheerio')",
                    ("load('<ul><li>a<li>b')('li').eq(1).text()", "b"),
                ),
                (
                    "dayjs",
                    "import dayjs from 'dayjs'",
                    "const dayjs = require('dayjs')",
                    ("dayjs('2024-02-29').add(1, 'year').format('YYYY-MM-DD')", "2025-02-28"),
                ),
                (
                    "lodash-es",
                    "import { chunk, sortBy } from 'lodash-es'",
                    "const { chunk, sortBy } = require('lodash-es')",
                    ("chunk(sortBy([3, 1, 2]), 2)", "[[1,2],[3]]"),
                ),
                (
                    "marked",
                    "import { marked } from 'marked'",
                    "const { marked } = require('marked')",
                    ("marked.parse('# a *b*')", "<h1>a <em>b</em></h1>\n"),
                ),
                (
                    "mustache",
                    "import Mustache from 'mustache'",
                    "const Mustache = require('mustache')",
                    (
                        "Mustache.render('{{#a}}{{b}},{{/a}}', { a: [{ b: 1 }, { b: '<' }] })",
                        "1,&lt;,",
                    ),
                ),
                (
                    "uuid",
                    "import { v5, validate } from 'uuid'",
                    "const { v5, validate } = require('uuid')",
                    ("String(validate(v5('a', v5.URL)))", "true"),
                ),
                (
                    "validator",
                    "import v, { isEmail } from 'validator'",
                    "const v = require('validator'), { isEmail } = v",
                    ("[isEmail('a@b.co'), v.isURL('x')]", "[true,false]"),
                ),
                (
                    "zod",
                    "import { z } from 'zod'",
                    "const { z } = require('zod')",
                    (
                        "z.object({ a: z.coerce.number().min(2), b: z.string().optional() })\
              .safeParse({ a: '1' }).error.issues[0].message",
                        "Too small: expected number to be >=2",
                    ),
                ),
            ] {
                let (call, expected) = expected;
                let module = format!("{import}; {crypto} export default () => {call}");
                assert_eq!(app(&[("api/a.js", &module)]), expected, "{name}");
                let script = format!("{require}; {crypto} module.exports = () => {call}");
                assert_eq!(app(&[("api/a.js", &script)]), expected, "{name}");
            }
        });
    }

    #[test]
    fn errors_name_the_author_s_file_line_and_column() {
        on_large_stack(|| {
            let files = [
                (
                    "api/a.ts",
                    "interface Long {\n  a: string\n}\nexport default async (r: Long): Promise<void> => {\n  \
              deep(r)\n}\nfunction deep(r: any) { throw new TypeError('bad', { cause: new Error('why') }) }\n",
                ),
                (
                    "api/b.js",
                    "module.exports = () => { null.x }; function inner() { throw 'text' }\nexports.x = 1",
                ),
                ("api/c.js", "function handler() { throw { code: 7 } }"),
                ("api/d.js", "function handler() { return handler() + 1 }"),
                (
                    "api/e.js",
                    "export default () => { throw Object.assign(new Error('no'), \
              { code: 'NET_BUDGET', retryable: true }) }",
                ),
                (
                    "api/f.js",
                    "function handler() { throw { get message() { throw 1 }, get stack() { throw 2 } } }",
                ),
                ("api/g.js", "function handler() { throw undefined }"),
                ("api/h.js", "export default async () => { await 1; JSON.parse('{') }"),
                ("api/i.js", "export default () => { throw Symbol('s') }"),
            ];
            let mut running = Running::start(&files, false).expect("starts");
            let error = running.fails("api/a.ts");
            assert_eq!((error.name.as_str(), error.message.as_str()), ("TypeError", "bad"));
            let stack = running.functions.retraced(&error.stack);
            assert!(stack.starts_with("api/a.ts:7:"), "{stack}");
            assert!(stack.contains("(deep)\napi/a.ts:5:"), "{stack}");
            assert!(stack.contains("\ncaused by Error: why\napi/a.ts:7:"), "{stack}");
            let error = running.fails("api/b.js");
            assert_eq!(error.name, "TypeError");
            assert!(
                error.stack.starts_with("api/b.js:1:") && !error.stack.contains("api/b.js:1:9"),
                "{error:?}"
            );
            let column: usize = error
                .stack
                .split([':', ' ', '\n'])
                .nth(2)
                .and_then(|c| c.parse().ok())
                .expect("a column");
            assert!((25..36).contains(&column), "{}", error.stack);
            assert_eq!(running.fails("api/c.js").message, r#"{"code":7}"#);
            let error = running.fails("api/d.js");
            assert_eq!(error.name, "RangeError");
            assert!(error.message.contains("recursive calls"), "{error:?}");
            let error = running.fails("api/e.js");
            assert_eq!((error.code.as_deref(), error.retryable), (Some("NET_BUDGET"), true));
            assert_eq!(running.fails("api/f.js").name, "Error");
            assert_eq!(running.fails("api/g.js").message, "undefined");
            assert_eq!(running.fails("api/h.js").name, "SyntaxError");
            assert_eq!(running.fails("api/i.js").message, "Symbol(s)");
            assert_eq!(running.get("api/c.js"), r#"Error: {"code":7}"#, "it still answers");
        });
    }

    #[test]
    fn a_version_that_cannot_be_loaded_says_which_file_and_where() {
        on_large_stack(|| {
            for (files, parts) in [
                (
                    &[
                        ("api/a.js", "import { no } from './_b.js'; export default () => no"),
                        ("api/_b.js", "export const yes = 1"),
                    ] as &[_],
                    &["api/a.js", "no"] as &[&str],
                ),
                (&[("api/a.js", "export default () => 1\nnull.x")], &["TypeError", "api/a.js:2:"]),
                (
                    &[
                        ("api/a.js", "import './_b.js'; export default () => 1"),
                        ("api/_b.js", "\n  throw new RangeError('top')"),
                    ],
                    &["RangeError: ", "top", "api/_b.js:2:"],
                ),
                (&[("api/a.js", "exports.a = 1; missing()")], &["ReferenceError", "api/a.js:1:"]),
                (&[("api/a.js", "export const a = 1")], &["api/a.js has no handler"]),
                (
                    &[("api/a.js", "await new Promise(() => {}); export default () => 1")],
                    &["never comes", "api/a.js"],
                ),
                (
                    &[
                        (
                            "api/a.js",
                            "import x from './_b.js' with { type: 'json' }; export default () => x",
                        ),
                        ("api/_b.js", "export default 1"),
                    ],
                    &["TypeError", "`./_b.js`", "`json`"],
                ),
            ] {
                let told = Running::start(files, false).err().expect("refused");
                for part in parts {
                    assert!(told.contains(part), "{}: {told}", files[0].1);
                }
            }
        });
    }

    #[test]
    fn a_rejection_that_nobody_handles_is_logged_and_harms_nobody() {
        on_large_stack(|| {
            let files = [(
                "api/a.js",
                "export default () => { Promise.reject(new TypeError('lost')); \
             Promise.reject(1).catch(() => {}); for (let i = 0; i < 50; i++) Promise.reject(i); \
             return 'fine' }",
            )];
            let mut running = Running::start(&files, false).expect("starts");
            assert_eq!(running.get("api/a.js"), "fine");
            let lines = running.lines();
            assert!(
                lines[0].starts_with("Unhandled rejection: TypeError: lost\n    at api/a.js:1:"),
                "{lines:?}"
            );
            assert_eq!(lines.len(), TOLD);
        });
    }
}
