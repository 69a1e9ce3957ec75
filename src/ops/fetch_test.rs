//! `fetch_test` on a node: a hosted page, asked inside the node and checked; a page of
//! the outside, decided on as for a function, and fetched where that is asked for.

use bytes::Bytes;
use fazt_tools::{
    Caller, Code, Handler, Problem,
    fetch_test::{Check, FetchTest, Input, Output, Step},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;

use super::{
    run_function::{Came, Wish},
    storage_problem,
};
use crate::{
    apps::{
        serve::{self, Ask, Body, Piece, Served},
        site::host,
        sites::{Site, Slot},
        visit::{self, Target},
    },
    egress::{Ask as Wanted, Asker},
    node::Node,
};

/// Bytes of the body that are checked and shown.
const CHECKED: usize = 1 << 20;
const SHOWN: usize = 2 << 10;

impl Handler<FetchTest> for Node {
    async fn handle(&self, caller: &Caller, input: Input) -> Result<Output, Problem> {
        let url = url::Url::parse(&input.url)
            .or_else(|_| url::Url::parse(&format!("http://{}", input.url)));
        let url = url.map_err(|error| Problem::invalid("url", error.to_string()))?;
        let host = url.host_str().unwrap_or_default();
        // A URL says by itself where it leads; a bare name is one of an app here.
        if input.url.contains("://") && !self.owns_host(host.trim_end_matches('.')) {
            return Box::pin(self.test_outside(caller, input)).await;
        }
        let (slot, site, preview) = self.site_at(host, input.version).await?;
        let app = fazt_tools::AppName::parse(&slot.name).map_err(|_| Problem::internal())?;
        caller.require_app(&app)?;
        let headers = request_headers(&input.headers)?;
        let ask = Ask {
            method: &Method::GET,
            path: url.path(),
            query: url.query(),
            headers: &headers,
            preview,
        };
        #[expect(clippy::disallowed_methods, reason = "a duration is measured, not a time of day")]
        let began = std::time::Instant::now();
        let served = serve::serve(&*self.store, &self.sites.answers, &site, &ask).await;
        let served = served.map_err(|e| storage_problem(&e))?;
        let Found { status, headers, body, bytes } = match &served.body {
            Body::Function { path, query } => {
                let wish = Wish {
                    method: "GET".to_owned(),
                    url: url.to_string(),
                    path: path.clone(),
                    query: query.clone(),
                    headers: sent(&headers, &url),
                    body: Bytes::new(),
                    user: None,
                    dry_run: false,
                };
                self.found_by_function(&slot, &site, &wish).await?
            }
            _ => {
                let (body, bytes) = self.body_of(&served).await?;
                Found { status: served.status, headers: served.headers, body, bytes }
            }
        };
        let ms = began.elapsed().as_secs_f64() * 1_000.0;
        let checks = checks(&input, status.as_u16(), &headers, &body, ms)?;
        let text = std::str::from_utf8(&body).ok();
        Ok(Output {
            passed: checks.iter().all(|check| check.passed),
            checks,
            app: Some(site.app.to_string()),
            version: Some(site.version),
            steps: Vec::new(),
            code: None,
            permit: None,
            status: status.as_u16(),
            headers: headers
                .iter()
                .map(|(name, value)| {
                    format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
                })
                .collect(),
            bytes,
            body: text.filter(|text| !text.is_empty()).map(|text| excerpt(text).to_owned()),
            ms: (ms * 1_000.0).round() / 1_000.0,
        })
    }
}

/// What came back.
struct Found {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    bytes: u64,
}

impl Node {
    /// What a function answers, or the node where it does not.
    async fn found_by_function(
        &self,
        slot: &Slot,
        site: &Site,
        wish: &Wish,
    ) -> Result<Found, Problem> {
        let came = self.shared().ended_function(slot, site, wish, CHECKED);
        let mut found = Found {
            status: StatusCode::NOT_FOUND,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            bytes: 0,
        };
        match Box::pin(came).await? {
            Came::Nowhere => {}
            Came::Elsewhere(path) => {
                found.status = StatusCode::PERMANENT_REDIRECT;
                let path = HeaderValue::from_str(&path).map_err(|_| Problem::internal())?;
                found.headers.insert(http::header::LOCATION, path);
            }
            Came::Ended(ended) => {
                found.status = StatusCode::from_u16(ended.status).unwrap_or(StatusCode::OK);
                for (name, value) in &ended.headers {
                    let name = HeaderName::try_from(name);
                    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
                        found.headers.append(name, value);
                    }
                }
                (found.body, found.bytes) = (ended.body, ended.bytes);
            }
        }
        Ok(found)
    }

    /// Decides on a page of the outside as for a function of an app.
    async fn test_outside(&self, caller: &Caller, input: Input) -> Result<Output, Problem> {
        let (id, name) = match &input.app {
            Some(name) => {
                caller.require_app(name)?;
                let app = self.find_app(name).await?;
                (app.id, Some(app.name))
            }
            None if caller.apps.is_some() => {
                return Err(Problem::invalid("app", "name the app to decide for"));
            }
            // Of no app: the rules of every app hold, and no others.
            None => (0, None),
        };
        let mut headers = Vec::new();
        for header in &input.headers {
            let (name, value) = header_of("headers", header)?;
            headers.push((name.to_owned(), value.to_owned()));
        }
        let ask = Wanted { url: input.url.clone(), headers, ..Wanted::default() };
        let owns = |host: &str| self.owns_host(host);
        let asker = Asker { app: id, name: name.as_ref(), owns: &owns };
        #[expect(clippy::disallowed_methods, reason = "a duration is measured, not a time of day")]
        let began = std::time::Instant::now();
        let (steps, decided) = self.egress.explain(asker, ask, input.send).await;
        let ms = (began.elapsed().as_secs_f64() * 1e6).round() / 1e3;
        let steps = steps.into_iter().map(|step| Step {
            step: step.step.to_owned(),
            passed: step.passed,
            found: step.found,
        });
        let mut output = Output {
            passed: decided.is_ok(),
            checks: Vec::new(),
            app: input.app.as_ref().map(ToString::to_string),
            version: None,
            steps: steps.collect(),
            code: None,
            permit: None,
            status: 0,
            headers: Vec::new(),
            bytes: 0,
            body: None,
            ms,
        };
        match decided {
            Err(error) => {
                output.code = Some(error.code.to_string());
                output.permit = error.permit;
            }
            Ok(None) => {}
            Ok(Some(answer)) => {
                let mut found = HeaderMap::new();
                for (name, value) in &answer.headers {
                    if let (Ok(name), Ok(value)) =
                        (HeaderName::try_from(name), HeaderValue::from_str(value))
                    {
                        found.append(name, value);
                    }
                }
                output.checks = checks(&input, answer.status, &found, &answer.body, ms)?;
                output.passed = output.checks.iter().all(|check| check.passed);
                output.status = answer.status;
                let lines = answer.headers.iter().map(|(name, value)| format!("{name}: {value}"));
                output.headers = lines.collect();
                output.bytes = answer.body.len() as u64;
                let text = String::from_utf8(answer.body.to_vec()).ok();
                let text = text.filter(|text| !text.is_empty());
                output.body = text.map(|text| excerpt(&text).to_owned());
            }
        }
        Ok(output)
    }

    /// The site a host name leads to, in the version asked for.
    async fn site_at(
        &self,
        host: &str,
        version: Option<u32>,
    ) -> Result<(std::sync::Arc<Slot>, std::sync::Arc<Site>, bool), Problem> {
        let name = host::canonical(host.as_bytes())
            .map_err(|error| Problem::invalid("url", format!("`{host}`: {error}")))?;
        let not_hosted = || {
            Problem::new(Code::NotHosted, format!("`{name}` leads to no app on this node")).hint(
                format!("apps are at `http://APP.{}`; `fazt apps` lists them", self.config.domain),
            )
        };
        let names = self.sites.names();
        let (slot, named) = match visit::target(&names, &self.config.domain, &name, || true) {
            Target::App(slot) => (slot.clone(), None),
            Target::Preview(slot, version) => (slot.clone(), Some(version)),
            // An app that has only previews can be asked for one.
            Target::Unknown if version.is_some() => {
                let label = name.split('.').next().unwrap_or_default();
                (self.sites.app(label).ok_or_else(not_hosted)?, None)
            }
            _ => return Err(not_hosted()),
        };
        let site = match version.or(named) {
            Some(version) => self.sites.version(&slot, version).await,
            None => self.sites.live(&slot).await,
        };
        let site = site.map_err(|e| storage_problem(&e))?.ok_or_else(|| {
            let version = version.or(named).unwrap_or_default();
            Problem::new(
                Code::VersionNotFound,
                format!("app `{}` has no version {version}", slot.name),
            )
        })?;
        let preview = version.or(named).is_some();
        Ok((slot, site, preview))
    }

    /// The body, as far as it is checked, and its whole length.
    async fn body_of(&self, served: &Served) -> Result<(Bytes, u64), Problem> {
        match &served.body {
            Body::Empty | Body::Page | Body::Function { .. } => Ok((Bytes::new(), 0)),
            Body::Whole(bytes) => Ok((bytes.slice(..bytes.len().min(CHECKED)), bytes.len() as u64)),
            Body::Pieces { blob, parts } => {
                let length = parts.iter().map(Piece::length).sum();
                let Some(Piece::Range(range)) = parts.first() else {
                    return Ok((Bytes::new(), length));
                };
                let piece = self.store.blob_piece(*blob, range.first).await;
                Ok((piece.map_err(|e| storage_problem(&e))?.unwrap_or_default(), length))
            }
        }
    }
}

/// The headers that a function sees.
fn sent(headers: &HeaderMap, url: &url::Url) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let given = headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value)));
    let mut sent: Vec<_> = given.collect();
    if !headers.contains_key(http::header::HOST) {
        let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
        sent.push(("host".to_owned(), format!("{}{port}", url.host_str().unwrap_or_default())));
    }
    sent
}

fn request_headers(given: &[String]) -> Result<HeaderMap, Problem> {
    let mut headers = HeaderMap::new();
    for header in given {
        let (name, value) = header_of("headers", header)?;
        let name =
            HeaderName::try_from(name).map_err(|e| Problem::invalid("headers", e.to_string()))?;
        let value =
            HeaderValue::from_str(value).map_err(|e| Problem::invalid("headers", e.to_string()))?;
        headers
            .try_append(name, value)
            .map_err(|_| Problem::invalid("headers", "there are too many"))?;
    }
    Ok(headers)
}

pub(super) fn header_of<'h>(field: &str, header: &'h str) -> Result<(&'h str, &'h str), Problem> {
    header
        .split_once(':')
        .map(|(name, value)| (name.trim(), value.trim()))
        .ok_or_else(|| Problem::invalid(field, format!("`{header}` is not `Name: value`")))
}

fn checks(
    input: &Input,
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
    ms: f64,
) -> Result<Vec<Check>, Problem> {
    let mut checks = Vec::new();
    let mut check = |expected: String, passed: bool, found: String| {
        checks.push(Check { expected, passed, found });
    };
    match input.expect_status {
        Some(wanted) => check(format!("status {wanted}"), status == wanted, status.to_string()),
        None => check("status below 400".to_owned(), status < 400, status.to_string()),
    }
    for header in &input.expect_headers {
        let (name, part) = header_of("expect_headers", header)?;
        let found: Vec<_> = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        let passed = found.iter().any(|value| value.contains(part));
        let found = if found.is_empty() { "no such header".to_owned() } else { found.join(", ") };
        check(format!("header {name} has `{part}`"), passed, found);
    }
    if let Some(text) = &input.expect_body {
        let passed = String::from_utf8_lossy(body).contains(text);
        let found = if passed { "it does" } else { "it does not" };
        check(format!("body contains `{text}`"), passed, found.to_owned());
    }
    if let Some(expectation) = &input.expect_json {
        let (pointer, wanted) = expectation.split_once('=').ok_or_else(|| {
            Problem::invalid("expect_json", format!("`{expectation}` is not `/pointer=value`"))
        })?;
        let json: Option<Value> = serde_json::from_slice(body).ok();
        let found = json.as_ref().and_then(|json| json.pointer(pointer));
        let wanted = serde_json::from_str(wanted).unwrap_or_else(|_| Value::from(wanted));
        let shown = match (&json, found) {
            (None, _) => "the body is not JSON".to_owned(),
            (_, None) => "nothing there".to_owned(),
            (_, Some(found)) => found.to_string(),
        };
        check(format!("{pointer} is {wanted}"), found == Some(&wanted), shown);
    }
    if let Some(most) = input.max_ms {
        check(format!("within {most} ms"), ms <= f64::from(most), format!("{ms:.1} ms"));
    }
    Ok(checks)
}

fn excerpt(text: &str) -> &str {
    let mut end = text.len().min(SHOWN);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
