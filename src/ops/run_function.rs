//! `run_function` on a node: a request that no visitor sent, and all it did.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use fazt_tools::{
    Caller, Code, Handler, Problem,
    run_function::{Input, Output, RunFunction},
    trace,
};
use http::{HeaderName, HeaderValue, Method};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{
    fetch_test::header_of,
    functions::{Asked, Ran},
    journal::{Facts, calls_of, fault_of, first_place, said},
    read_logs::level_written,
    storage_problem,
};
use crate::{
    apps::{
        functions::{Functions, excerpt},
        site::path,
        sites::{Site, Slot},
    },
    clock,
    node::Node,
    runtime::{
        self, Answered, Breach, Piece, Report,
        frames::{Line, User},
    },
    store::{Fault, Level, LoggedCall, Variant},
};

/// Bytes of the body that are answered.
const SHOWN: usize = 64 << 10;
/// How long a stream is read.
const STREAM: std::time::Duration = std::time::Duration::from_secs(30);
/// Longest path that is asked for.
const PATH: usize = 8 << 10;

impl Handler<RunFunction> for Node {
    async fn handle(&self, _: &Caller, input: Input) -> Result<Output, Problem> {
        let app = self.find_app(&input.app).await?;
        let version = super::list_files::chosen(&app, input.version)?;
        let slot = self.sites.app(app.name.as_str()).ok_or_else(Problem::internal)?;
        let site = self.sites.version(&slot, version).await.map_err(|e| storage_problem(&e))?;
        let site = site.ok_or_else(|| {
            let what = format!("app `{}` has no version {version}", app.name);
            Problem::new(Code::VersionNotFound, what)
        })?;
        let request = Wish::read(self, &input, &slot)?;
        let running = self.shared().ended_function(&slot, &site, &request, SHOWN);
        // It is larger than all other tools take together.
        let came = Box::pin(running).await?;
        let Ended { facts, status, headers, body, bytes, breach, report } = match came {
            Came::Ended(ended) => *ended,
            Came::Elsewhere(path) => {
                let what = format!("the function is at `{path}`");
                return Err(Problem::new(Code::NotFound, what).hint("ask for that path"));
            }
            Came::Nowhere => return Err(self.no_function(&slot, &site, &request.path).await),
        };
        let error = match &breach {
            None => None,
            Some(breach) => {
                let code = super::functions::problem(breach).code;
                let fault = fault_of(breach, &facts.functions);
                Some(self.shown_fault(&site, code.as_str(), &fault).await)
            }
        };
        let text = String::from_utf8(body.to_vec());
        let whole = (!body.is_empty()).then_some(body);
        let (body, base64) = match (text, whole) {
            (_, None) => (None, None),
            (Ok(text), Some(_)) => (Some(text), None),
            // A character that the end of what is shown cut in two makes no bytes of a text.
            (Err(cut), Some(_))
                if cut.utf8_error().error_len().is_none() && bytes > SHOWN as u64 =>
            {
                let end = cut.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(&cut.as_bytes()[..end]).into_owned();
                (Some(text), None)
            }
            (Err(_), Some(body)) => (None, Some(STANDARD.encode(body))),
        };
        Ok(Output {
            app: app.name,
            version,
            passed: breach.is_none() && status < 400,
            request: facts.id.clone(),
            status,
            headers: headers.into_iter().map(|(name, value)| format!("{name}: {value}")).collect(),
            bytes,
            body,
            base64,
            error,
            logs: report.lines.iter().map(|line| logged(line, &facts.functions)).collect(),
            calls: calls_of(&report).into_iter().map(call).collect(),
            ms: ms(report.wall),
            cpu_ms: ms(report.cpu),
            peak_bytes: report.peak,
            dry_run: input.dry_run,
        })
    }
}

/// A request as a caller wishes it.
pub(super) struct Wish {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
    pub(super) user: Option<User>,
    pub(super) dry_run: bool,
}

/// What became of it.
pub(super) struct Ended {
    pub(super) facts: Facts,
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    /// What of the body is shown.
    pub(super) body: Bytes,
    /// Its whole length.
    pub(super) bytes: u64,
    pub(super) breach: Option<Breach>,
    pub(super) report: Report,
}

/// How far it came.
pub(super) enum Came {
    /// To the end of a function.
    Ended(Box<Ended>),
    /// The function is at another path.
    Elsewhere(String),
    /// There is none.
    Nowhere,
}

impl Wish {
    fn read(node: &Node, input: &Input, slot: &Slot) -> Result<Self, Problem> {
        let unfit = |rule: String| Problem::invalid("path", rule);
        if !input.path.starts_with('/') || input.path.len() > PATH {
            return Err(unfit(format!("give a path such as `/api/hello`, not `{}`", input.path)));
        }
        let own = node.url(&slot.name);
        let url = Url::parse(&format!("{own}{}", input.path));
        let url = url.map_err(|error| unfit(error.to_string()))?;
        let asked = path::normalize(url.path()).map_err(|error| unfit(error.to_string()))?;
        let (asked, query) = (asked.into_owned(), url.query().map(ToOwned::to_owned));
        let mut headers = Vec::new();
        for header in &input.headers {
            let (name, value) = header_of("headers", header)?;
            let wrong = |what: &str| Problem::invalid("headers", format!("`{header}`: {what}"));
            let name = HeaderName::try_from(name).map_err(|_| wrong("the name is none"))?;
            HeaderValue::from_str(value).map_err(|_| wrong("the value is none"))?;
            headers.push((name.as_str().to_owned(), value.to_owned()));
        }
        let has = |headers: &[(String, String)], name: &str| headers.iter().any(|(n, _)| n == name);
        if !has(&headers, "host") {
            let host = own.split_once("://").map_or(own.as_str(), |(_, host)| host);
            headers.push(("host".to_owned(), host.to_owned()));
        }
        let (body, media) = match &input.body {
            None => (Bytes::new(), None),
            Some(trace::Body(Value::String(text))) => {
                let json = serde_json::from_str::<Value>(text)
                    .is_ok_and(|value| value.is_object() || value.is_array());
                let media = if json { "application/json" } else { "text/plain; charset=utf-8" };
                (Bytes::from(text.clone()), Some(media))
            }
            Some(trace::Body(value)) => (Bytes::from(value.to_string()), Some("application/json")),
        };
        if let Some(media) = media.filter(|_| !has(&headers, "content-type")) {
            headers.push(("content-type".to_owned(), media.to_owned()));
        }
        let usual = if input.body.is_some() { "POST" } else { "GET" };
        let method = input.method.as_deref().unwrap_or(usual).to_ascii_uppercase();
        if Method::from_bytes(method.as_bytes()).is_err() {
            return Err(Problem::invalid("method", format!("`{method}` is no method")));
        }
        let user = input.as_user.as_deref().map(user);
        let (url, path, dry_run) = (url.into(), asked, input.dry_run);
        Ok(Self { method, url, path, query, headers, body, user, dry_run })
    }
}

impl Node {
    /// Runs a function to its end, that of a stream included.
    pub(super) async fn ended_function(
        self: Arc<Self>,
        slot: &Slot,
        site: &Site,
        wish: &Wish,
        shown: usize,
    ) -> Result<Came, Problem> {
        let asked = Asked {
            id: clock::id("req_"),
            method: &wish.method,
            url: wish.url.clone(),
            path: &wish.path,
            query: wish.query.as_deref(),
            headers: wish.headers.clone(),
            ip: "127.0.0.1".to_owned(),
            user: wish.user.clone(),
            dry_run: wish.dry_run,
            body: wish.body.clone(),
        };
        let (facts, outcome) = match self.run_function(slot, site, asked).await? {
            Ran::Ended(facts, outcome) => (facts, outcome),
            Ran::Elsewhere(path) => return Ok(Came::Elsewhere(path)),
            Ran::Nowhere => return Ok(Came::Nowhere),
        };
        let runtime::Ended { answer, report } = outcome;
        let (status, headers, mut pieces) = match answer {
            Ok(Answered::Whole(answer)) => {
                let bytes = answer.body.len() as u64;
                let body = answer.body.slice(..answer.body.len().min(shown));
                let (status, headers) = (answer.status, answer.headers);
                let ended = Ended { facts, status, headers, body, bytes, breach: None, report };
                return Ok(Came::Ended(Box::new(ended)));
            }
            Err(breach) => {
                let status = super::functions::problem(&breach).code.status();
                let (headers, body) = (Vec::new(), Bytes::new());
                let breach = Some(breach);
                let ended = Ended { facts, status, headers, body, bytes: 0, breach, report };
                return Ok(Came::Ended(Box::new(ended)));
            }
            Ok(Answered::Streamed(head, pieces)) => (head.status, head.headers, pieces),
        };
        let (mut body, mut bytes, mut report, mut breach) =
            (BytesMut::new(), 0, Report::default(), None);
        let end = Instant::now() + STREAM;
        while let Ok(Some(piece)) = timeout_at(end, pieces.recv()).await {
            match piece {
                Piece::Bytes(piece) => {
                    bytes += piece.len() as u64;
                    let room = shown.saturating_sub(body.len()).min(piece.len());
                    body.extend_from_slice(&piece[..room]);
                }
                Piece::End(ended, told) => {
                    (breach, report) = (ended.err(), told);
                    break;
                }
            }
        }
        let ended = breach.as_ref().map_or(Ok(status), Err);
        self.record(&facts, ended, &report);
        let body = body.freeze();
        let ended = Ended { facts, status, headers, body, bytes, breach, report };
        Ok(Came::Ended(Box::new(ended)))
    }

    async fn no_function(&self, slot: &Slot, site: &Site, path: &str) -> Problem {
        let ready = self.function_site(slot, site).await.ok();
        let routes = ready.as_ref().map_or(&[][..], |ready| ready.routes());
        let what =
            format!("no function of {} version {} answers `{path}`", slot.name, site.version);
        let known: Vec<_> = routes.iter().map(|route| format!("`{}`", route.route)).collect();
        let problem = Problem::new(Code::NotFound, what);
        if known.is_empty() {
            return problem.hint("the version has none: they are files under `api/`");
        }
        problem.hint(format!("it has {}", known.join(", ")))
    }

    /// A fault as its owner sees it, with the source around it.
    pub(super) async fn shown_fault(&self, site: &Site, code: &str, fault: &Fault) -> trace::Fault {
        let mut shown = trace::Fault {
            code: code.to_owned(),
            name: fault.name.clone(),
            message: fault.message.clone(),
            stack: fault.stack.clone(),
            ..trace::Fault::default()
        };
        let Some((file, line, column)) = first_place(&fault.stack) else { return shown };
        let Some(entry) = site.file(file) else { return shown };
        (shown.file, shown.line, shown.column) = (Some(file.to_owned()), Some(line), Some(column));
        if let Ok(Some(source)) = self.store.blob(entry.blob.id, Variant::Identity).await {
            shown.excerpt = excerpt(&String::from_utf8_lossy(&source), line, column);
        }
        shown
    }
}

/// A user by name, with roles after a colon.
fn user(text: &str) -> User {
    let (id, roles) = text.split_once(':').unwrap_or((text, ""));
    let roles = roles.split(',').map(str::trim).filter(|role| !role.is_empty());
    User {
        id: id.to_owned(),
        name: id.to_owned(),
        email: None,
        roles: roles.map(ToOwned::to_owned).collect(),
    }
}

fn logged(line: &Line, functions: &Functions) -> trace::Line {
    trace::Line {
        at: None,
        level: level_written(Level::of(&line.level)),
        text: said(&line.text, functions),
        fields: line.fields.clone(),
        request: None,
        version: None,
    }
}

/// A call as the contract writes it.
#[expect(clippy::cast_precision_loss, reason = "a time for reading has few digits")]
pub(super) fn call(call: LoggedCall) -> trace::HostCall {
    let LoggedCall { api, arguments, us, error } = call;
    trace::HostCall { api, arguments, ms: us as f64 / 1_000.0, error }
}

/// Milliseconds, to the microsecond.
pub(super) fn ms(time: std::time::Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_an_id_with_roles_or_none() {
        for (text, id, roles) in [
            ("ann", "ann", &[][..]),
            ("ann:", "ann", &[]),
            ("ann:admin", "ann", &["admin"]),
            ("ann: admin, editor,", "ann", &["admin", "editor"]),
        ] {
            let user = user(text);
            assert_eq!(
                (user.id.as_str(), user.roles),
                (id, roles.iter().map(ToString::to_string).collect())
            );
        }
    }
}
