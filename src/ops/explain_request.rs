//! `explain_request` on a node: a request of the log, with all that may explain it.

use fazt_tools::{
    AppName, Caller, Code, Handler, Problem, Scope,
    explain_request::{ExplainRequest, Input, Output, Step},
    list_files::File,
    trace,
};
use serde_json::json;

use super::{
    list_files::differences,
    read_logs::written,
    run_function::{call, ms},
    storage_problem,
};
use crate::{
    node::Node,
    store::{App, LogQuery, LoggedRequest},
};

/// Lines of a request that are shown.
const LINES: u32 = 100;
/// Files that are shown of what changed.
const CHANGED: usize = 20;

impl Handler<ExplainRequest> for Node {
    async fn handle(&self, caller: &Caller, input: Input) -> Result<Output, Problem> {
        let failed = |e| storage_problem(&e);
        let found = self.logged_request(&input.id).await.map_err(failed)?;
        let found = found.and_then(|(name, request)| Some((AppName::parse(&name).ok()?, request)));
        // Whoever is limited to some apps learns nothing of another's requests.
        let found = found.filter(|(name, _)| caller.may_touch(name));
        let (name, request) = found.ok_or_else(|| unknown(&input.id))?;
        let app = self.find_app(&name).await?;
        let query = LogQuery {
            app: app.id,
            request: Some(request.id.clone()),
            limit: LINES,
            after: Some(-1),
            level: crate::store::Level::Debug,
            ..LogQuery::default()
        };
        let lines = self.store.log_lines(query).await.map_err(failed)?;
        let error = self.fault_in(&app, &request).await?;
        let (good, changed) = match &error {
            Some(_) => self.since_it_was_well(&app, &request).await?,
            None => (None, Vec::new()),
        };
        let mut calls: Vec<_> = request.calls.iter().cloned().map(call).collect();
        if caller.require(Scope::DataRead, "what was written and read").is_err() {
            for call in &mut calls {
                call.arguments.clear();
            }
        }
        let next = error.as_ref().and_then(|error| next_step(&app, &request, error, good));
        Ok(Output {
            id: request.id,
            app: name,
            version: request.version,
            live: app.live,
            at: request.at,
            method: request.method,
            path: request.path,
            status: request.status,
            error,
            logs: lines.into_iter().map(written).map(brief).collect(),
            calls,
            ms: ms(request.wall),
            cpu_ms: ms(request.cpu),
            peak_bytes: request.peak,
            good,
            changed,
            next,
        })
    }
}

impl Node {
    /// How a request failed, with the source around the place where that is still stored.
    async fn fault_in(
        &self,
        app: &App,
        request: &LoggedRequest,
    ) -> Result<Option<trace::Fault>, Problem> {
        let Some(fault) = &request.fault else { return Ok(None) };
        let code = request.code.clone().unwrap_or_default();
        let site = match self.sites.app(app.name.as_str()) {
            Some(slot) => self.sites.version(&slot, request.version).await,
            None => Ok(None),
        };
        Ok(Some(match site.map_err(|e| storage_problem(&e))? {
            Some(site) => self.shown_fault(&site, &code, fault).await,
            None => trace::Fault {
                code,
                name: fault.name.clone(),
                message: fault.message.clone(),
                stack: fault.stack.clone(),
                ..trace::Fault::default()
            },
        }))
    }

    /// The newest earlier version that is not known to fail there, and what was
    /// changed since.
    async fn since_it_was_well(
        &self,
        app: &App,
        request: &LoggedRequest,
    ) -> Result<(Option<u32>, Vec<File>), Problem> {
        let failed = |e| storage_problem(&e);
        let failing = self.store.failing(app.id, &request.path).await.map_err(failed)?;
        let versions = self.store.versions(app.id).await.map_err(failed)?;
        let versions = versions.iter().map(|version| version.version);
        let good = versions
            .filter(|version| *version < request.version && !failing.contains(version))
            .max();
        let Some(good) = good else { return Ok((None, Vec::new())) };
        // The version itself may be gone by now.
        let Ok(here) = self.files_of(app, request.version).await else {
            return Ok((Some(good), Vec::new()));
        };
        let mut changed = differences(here, self.files_of(app, good).await?);
        changed.truncate(CHANGED);
        Ok((Some(good), changed))
    }
}

fn unknown(id: &str) -> Problem {
    Problem::new(Code::RequestNotFound, format!("no request `{id}` is in the log"))
        .hint("give the `X-Request-Id` of a function's answer; `read_logs` shows those that failed")
        .detail("request", id)
}

/// What a line says beside its request.
fn brief(line: trace::Line) -> trace::Line {
    trace::Line { request: None, version: None, ..line }
}

/// What is worth doing about a failure.
fn next_step(
    app: &App,
    request: &LoggedRequest,
    error: &trace::Fault,
    good: Option<u32>,
) -> Option<Step> {
    let step = |tool: &str, input| Some(Step { tool: tool.to_owned(), input });
    if app.live == Some(request.version)
        && let Some(good) = good
    {
        return step("promote", json!({ "app": app.name, "version": good }));
    }
    if let Some(file) = &error.file {
        let input = json!({ "app": app.name, "path": file, "version": request.version });
        return step("read_file", input);
    }
    if request.method == "GET" {
        let input = json!({
            "app": app.name, "path": request.path, "version": request.version, "dry_run": true
        });
        return step("run_function", input);
    }
    None
}
