//! What must one know to use fazt without guessing? A guide for each topic.
//!
//! The same texts lie beside the skills as references and are read over MCP as
//! resources. What a table holds is made from that table.

use std::sync::LazyLock;

use super::{Part, page_of};

/// A text about one topic.
#[derive(Clone, Debug)]
pub struct Guide {
    /// The last part of its address: `fazt://guide/{topic}`.
    pub topic: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it tells, in a line.
    pub description: &'static str,
    intro: &'static str,
    parts: Vec<Part>,
}

static GUIDES: LazyLock<Vec<Guide>> =
    LazyLock::new(|| vec![app(), functions(), deploy(), access(), errors(), limits()]);

/// Every guide.
pub fn guides() -> &'static [Guide] {
    &GUIDES
}

impl Guide {
    /// The guide to that topic.
    pub fn named(topic: &str) -> Option<&'static Self> {
        guides().iter().find(|guide| guide.topic == topic)
    }

    /// The guide as Markdown.
    pub fn text(&self) -> String {
        page_of(self.title, self.intro, &self.parts)
    }
}

fn app() -> Guide {
    Guide {
        topic: "app",
        title: "How to write an app",
        description: "which files are served where, and every rule an app can set",
        intro: "An app is a folder of files. fazt serves them as they are, except scripts below \
            `api/`: those are functions, which run on the node and have a guide of their own.",
        parts: vec![
            Part::Heading("Names and addresses"),
            Part::Items(&[
                "An app's name is one label: 1 to 63 of `a-z`, `0-9` and `-`, neither first nor \
                 last a `-`, and not like a preview's, `v3--x`.",
                "`http://NAME.DOMAIN` is the live version; `http://v7--NAME.DOMAIN` is version 7 \
                 whatever is live, and tells search engines to keep out.",
                "The app `root` answers the bare domain, the app `404` every name nobody has.",
                "Below `localhost` names work on the machine itself: browsers know the way; other \
                 programs send the `Host` header to `127.0.0.1`.",
            ]),
            Part::Heading("From a path to a file"),
            Part::Items(&[
                "`/` is `index.html`. `/a` is the file `a`, else `a.html`, else `a/index.html`.",
                "`/a/` redirects (308) to `/a`. A page at `docs/index.html` therefore stands at \
                 `/docs`, and a relative link in it starts from `/`: write links from the root.",
                "Never served: `manifest.json`, `_redirects`, `_headers`, `api/`, and names that \
                 begin with a dot, except below `.well-known/`.",
                "`private/` needs a signed-in user: everyone else gets 401.",
                "A miss is answered with `404.html` and 404, or a plain page.",
                "Paths are compared letter by letter: `/About` is not `/about`.",
            ]),
            Part::Heading("`manifest.json`"),
            Part::Text("Optional, at the root. These fields have an effect:"),
            Part::Items(&[
                "`name`: the app's name, when the deploy gives none",
                "`title`, `description`: what lists show",
                "`spa`: `true` answers a path without an extension that no file has with \
                 `index.html` and 200",
                "`env`: values that functions read, until the owner sets others",
                "`isolation`: `\"fresh\"` gives each request of a function globals of its own",
            ]),
            Part::Text(
                "The fields `fetch`, `crons`, `tools`, `checks` and `analytics` are kept \
                 with the version and change nothing yet; a deploy warns of them. The JSON schema \
                 is at `/schema/manifest.json` on every node.",
            ),
            Part::Heading("`_redirects`"),
            Part::Text(
                "One rule a line: from, to, status. The first that fits wins. Rules hold where no \
                 file answers; with `!` after the status, before files too.",
            ),
            Part::Code(
                "text",
                "/old            /new\n/blog/*         /posts/:splat   301\n\
                 /u/:name        /people/:name   302\n/feed           /feed.xml       200\n\
                 /gone           /404.html       410\n/new/*          /beta/:splat    302!",
            ),
            Part::Text(
                "Statuses: 301 (default), 302, 303, 307, 308, 200 (a rewrite, to a file or a \
                 function of the app), 404, 410. The query is kept unless the target has one.",
            ),
            Part::Heading("`_headers`"),
            Part::Text("A path, then indented headers; `*` and `:name` as above."),
            Part::Code(
                "text",
                "/*\n  X-Frame-Options: DENY\n/assets/*\n  Cache-Control: public, max-age=600",
            ),
            Part::Text(
                "They replace fazt's own of the same name. Headers that frame the message, such \
                 as `Content-Length` and `ETag`, cannot be set. A content security policy is the \
                 app's own choice: set one here.",
            ),
            Part::Heading("What fazt adds"),
            Part::Items(&[
                "`Cache-Control`: HTML is asked for anew (`no-cache`); a name with a fingerprint, \
                 `app-3f2a9c1b.js`, holds for a year; all else for five minutes.",
                "`ETag`, conditions and ranges; brotli, zstd and gzip made once.",
                "`X-Content-Type-Options: nosniff` and a `Referrer-Policy`.",
                "Files answer GET and HEAD only; another method is 405.",
            ]),
            Part::Heading("Habits that pay"),
            Part::Items(&[
                "Give files that change a fingerprint in their name, and let HTML name them.",
                "Put no secret in any file: all but `private/` can be read by everyone.",
                "Deploy with `preview`, check with {fetch_test}, then {promote}.",
            ]),
        ],
    }
}

fn functions() -> Guide {
    Guide {
        topic: "functions",
        title: "Functions and data",
        description: "scripts on the node, and their data",
        intro: "Scripts below `api/` run on the node when somebody asks for their path. They need \
            no build and no dependency, and each app has a store of its own.",
        parts: vec![
            Part::Heading("From a path to a function"),
            Part::Items(&[
                "`api/hello.js` answers `/api/hello`, `api/notes/index.js` answers `/api/notes`, \
                 `api/notes/[id].js` answers `/api/notes/42` with `req.params.id`, and \
                 `api/docs/[...path].js` all below `/api/docs`.",
                "Endings: `.js`, `.mjs`, `.ts`, `.mts`. Types are dropped, not checked.",
                "A file or folder whose name begins with `_` answers nothing; others import it.",
                "A page at `/` that a function makes: no `index.html`, and the rule `/  /api/page  \
                 200` in `_redirects`.",
            ]),
            Part::Heading("A function"),
            Part::Code("js", NOTES),
            Part::Items(&[
                "Exports named after methods answer those, and 405 is the answer to the rest; \
                 `export default` of a function answers every method. All may be `async`.",
                "`req` is a standard `Request` with `params`, `query`, `path` and `body`: JSON, \
                 the fields of a form, or text, by its content type; a form's files are in \
                 `files`, each `{ name, filename, type, size, data }`.",
                "Answers: `{ status, headers, body }`; another value is JSON; a string is HTML if \
                 it begins with `<`, else text; bytes; a `Response`; nothing is 204.",
                "An error that nobody catches is 500 with a `request_id` and without details. A \
                 mistake in the syntax or an import refuses the deploy, with file and line.",
            ]),
            Part::Heading("Imports"),
            Part::Text(
                "Files of the app, JSON, and the bundled `cheerio`, `dayjs`, `lodash-es`, \
                 `marked`, `mustache`, `uuid`, `validator` and `zod`. Packages in `node_modules` \
                 travel along with {fazt deploy ./site}. There are no modules of Node.js.",
            ),
            Part::Heading("What an app stores"),
            Part::Text(
                "In `fazt.app`. Every method answers at once; a list is an array, with a `cursor` \
                 where there is more; what is not there is `undefined`.",
            ),
            Part::Items(&[
                "`kv`: `get(key)`, `set(key, value, { ttl })` in milliseconds, `delete(key)`, \
                 `list(prefix)` of `{ key, value }`, `incr(key, by)`, `cas(key, old, new)`",
                "`ds`: `insert(coll, doc)` answers the id; `find(coll, query, { sort, limit, \
                 cursor, fields })`, `findOne`, `update(coll, query, change)`, `replace(coll, id, \
                 doc)`, `delete`, `count`, `distinct(coll, path)`; an id may stand for a query",
                "queries: `{ age: { $gte: 18 }, \"home.town\": \"Ulm\" }`, with `$eq $ne $gt $gte \
                 $lt $lte $in $nin $contains $exists $regex $and $or $not`; updates: fields, or \
                 `$set $unset $inc $push $pull`",
                "`s3`: `put(path, data, { type })`, `get(path)` with `data`, `head`, `list`, \
                 `delete`, and `url(path)`, an address for visitors",
                "`tx(() => { … })`: all that is done in it, or nothing",
            ]),
            Part::Text(
                "{run_function} calls a function as anybody, or as a rehearsal; {explain_request} \
                 says why a request failed. {query_data} shows what is stored, {edit_data} changes \
                 it, with an undo. \
                 `fazt.env.get(name)` reads what {configure_app} sets, `fazt.private.read(path)` \
                 files below `private/`, `fazt.log.info(text, fields)` writes to the log.",
            ),
            Part::Heading("Know before you write"),
            Part::Items(&[
                "A request has 5 s, 1 s of the processor at a stretch, 64 MiB, 10 MiB of body and \
                 1,000 calls of `fazt`.",
                "`fetch` reaches the hosts that the owner allowed by `fazt net allow HOST --app \
                 APP`; elsewhere it throws.",
                "Globals may stay between requests and may vanish: store what counts.",
                "Apps have no users yet: `fazt.auth.getUser()` is `null`, and `requireLogin()` \
                 ends the request with 401.",
                "Check what visitors send, and escape what goes into HTML.",
            ]),
        ],
    }
}

/// The function that the guide shows.
const NOTES: &str = "\
// api/notes/index.js
export function GET(req) {
  const { cursor } = req.query;
  const found = fazt.app.ds.find(\"notes\", {}, { limit: 50, cursor });
  return { notes: [...found], next: found.cursor };
}

export function POST(req) {
  const text = req.body?.text;
  if (typeof text !== \"string\" || !text.trim()) {
    return { status: 422, body: { error: \"send a text\" } };
  }
  const id = fazt.app.ds.insert(\"notes\", { text, at: Date.now() });
  return { status: 201, body: { id, total: fazt.app.kv.incr(\"notes\") } };
}";

fn deploy() -> Guide {
    Guide {
        topic: "deploy",
        title: "How a deploy works",
        description: "ways to send files, previews, versions, and going back",
        intro: "A deploy turns files into a version: immutable, numbered 1, 2, 3 … It goes live \
            when the deploy ends, unless it is a preview. The switch is atomic: a visitor sees \
            one whole version.",
        parts: vec![
            Part::Heading("Ways to send files"),
            Part::Items(&[
                "The command, {fazt deploy ./site}: reads a folder, runs the `build` script of \
                 its `package.json` first, leaves out what git ignores, and sends only contents \
                 the node lacks. `--dry-run` says what would change.",
                "Inline: {deploy} with `files`, each a `path` with `content` as text or `base64`.",
                "A ZIP: the same route with the archive as the body, `Content-Type: \
                 application/zip`, and `app`, `preview`, `message` in the query.",
                "By hash: {plan_deploy} says which contents the node lacks; they are uploaded, \
                 then {deploy} names all files in `tree`.",
            ]),
            Part::Heading("What is left out of a folder"),
            Part::Text(
                "`.git`, `node_modules`, names that begin with a dot except `.well-known/`, \
                 editors' leavings, links, and what `.gitignore` and `.faztignore` say. A \
                 git-ignored `private/` needs `--include-private`.",
            ),
            Part::Heading("What one can rely on"),
            Part::Items(&[
                "All or nothing: a refused, failed or killed deploy leaves the old version live.",
                "The same content as the newest version makes no new one: `unchanged`.",
                "`warnings` name what is in the app and has no effect; read them.",
                "Over HTTP, a mutation with an `Idempotency-Key` header may be sent again for 24 \
                 hours: it answers what it answered first.",
            ]),
            Part::Heading("Versions"),
            Part::Items(&[
                "{promote} puts a stored version live; without a number, the one before.",
                "{list_files} with `against` says what a version changed.",
                "{configure_app} pins a version, so that it is kept whatever its age.",
                "{undo} takes back any of this, by the `change` that the call answered.",
            ]),
        ],
    }
}

fn access() -> Guide {
    Guide {
        topic: "access",
        title: "Access and tokens",
        description: "tokens, scopes, and how a caller is known",
        intro: "Nothing changes without a token, on the machine itself either. Commands on the \
            node's own machine find theirs by themselves, from the key file beside the database; \
            every other program sends `Authorization: Bearer TOKEN`.",
        parts: vec![
            Part::Heading("Make one"),
            Part::Code(
                "sh",
                "fazt token create agent --preset agent\nfazt token create ci --app blog --days 90\n\
                 fazt token list\nfazt token revoke ci -y",
            ),
            Part::Text(
                "It is shown once and stored as a hash. Keep it in the environment, never in a file that is deployed or committed.",
            ),
            Part::Heading("Presets"),
            Part::Presets,
            Part::Heading("Scopes"),
            Part::Scopes,
            Part::Text(
                "A missing scope is refused with `FORBIDDEN` and names what is needed. No token \
                 makes one that may do more than itself.",
            ),
            Part::Heading("What a token may be held to"),
            Part::Items(&[
                "`--app`: these apps and no others; it administers no node",
                "`--approval human`: what removes something is kept until a person decides. The \
                 answer is `APPROVAL_PENDING` with a number: tell it to the person, who runs \
                 {fazt approve 3} or {fazt deny 3}, and make the same call again later: once, \
                 within an hour, it answers what became of it. Nothing was done yet; look for no \
                 way round.",
                "`--budget`: so many calls a day, then `BUDGET_SPENT` until midnight, UTC",
            ]),
            Part::Text(
                "Too many calls a minute are refused with `RATE_LIMITED`; `Retry-After` says when \
                 to go on.",
            ),
            Part::Heading("The ledger"),
            Part::Text(
                "Every change is a row: who, when, with which program, by which tool, and what it \
                 replaced. {list_changes} reads it, {undo} puts back what a row replaced.",
            ),
        ],
    }
}

fn errors() -> Guide {
    Guide {
        topic: "errors",
        title: "Errors",
        description: "every code of a refusal, with its meaning",
        intro: "Every refusal has a stable code. Over HTTP it comes in an envelope with its \
            status; a command says the message and the hint and ends with the exit code, and with \
            `--json` prints the same envelope on standard error.",
        parts: vec![
            Part::Code(
                "json",
                "{ \"error\": { \"code\": \"APP_NOT_FOUND\", \"message\": \"there is no app \
                 `blgo`\",\n    \"hint\": \"did you mean `blog`?\", \"details\": { \"app\": \
                 \"blgo\" } } }",
            ),
            Part::Text("Each code with its HTTP status, its exit code and its meaning:"),
            Part::Codes,
        ],
    }
}

fn limits() -> Guide {
    Guide {
        topic: "limits",
        title: "Limits",
        description: "how much an app may hold, and how long it is kept",
        intro: "What is named in brackets is a setting of the node: {fazt list_settings} shows \
            what holds there. A refusal names the file and the limit.",
        parts: vec![Part::Limits],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_guide_says_something_and_has_its_own_topic() {
        for guide in guides() {
            let text = guide.text();
            assert!(text.starts_with(&format!("# {}\n", guide.title)) && text.ends_with('\n'));
            assert_eq!(Guide::named(guide.topic).map(|found| found.title), Some(guide.title));
        }
        let topics: Vec<_> = guides().iter().map(|guide| guide.topic).collect();
        assert_eq!(topics, ["app", "functions", "deploy", "access", "errors", "limits"]);
    }
}
