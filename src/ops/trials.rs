//! Functions are tried before they are deployed, and made ready before they are asked.
//!
//! A version whose scripts cannot be loaded is refused with the place of the fault; one
//! that goes live is loaded by a worker at once, so that its first visitor does not wait.

use std::sync::Arc;

use fazt_tools::{AppName, Problem};
use tokio::sync::broadcast::error::RecvError;

use super::{deploy::bad_function, functions};
use crate::{
    apps::{
        functions::{Functions, ScriptProblem, excerpt},
        publish::Checked,
    },
    clock,
    node::Node,
    runtime::{
        Breach, Ready,
        frames::{App, ScriptError},
    },
};

impl Node {
    /// Loads a version's functions in a worker; what cannot be tried is told as a warning.
    pub(super) async fn try_functions(
        &self,
        app: &AppName,
        checked: &Checked,
    ) -> Result<Option<String>, Problem> {
        let functions = &checked.functions;
        if functions.routes.is_empty() {
            return Ok(None);
        }
        let about = App {
            id: String::new(),
            name: app.to_string(),
            version: 0,
            domain: self.config.domain.clone(),
            admin: self.url("admin"),
        };
        let own = self.sites.app(app.as_str()).map(|slot| slot.own()).unwrap_or_default();
        let env = functions::environment(checked.env().clone(), &own.env);
        let budgets = functions::budgets(own.limits);
        // A name that no version has: the first bit is theirs, never set.
        let site = 1 << 63 | u64::from(clock::below(u32::MAX));
        let ready = Ready::new(functions::load(functions, about, env, budgets, site));
        let problem = match self.functions.try_load(&ready, budgets).await {
            Ok(()) => return Ok(None),
            Err(Breach::Busy | Breach::Unavailable(_)) => {
                return Ok(Some("the functions could not be tried: no worker is free".to_owned()));
            }
            Err(Breach::Failed(error)) => fault(functions, &error),
            Err(Breach::Memory) => whole("its functions take too much memory while they load"),
            Err(Breach::Cpu(limit) | Breach::Timeout(limit)) => {
                whole(&format!("its functions take more than {limit:?} to load"))
            }
            Err(Breach::Crashed(why)) => {
                whole(&format!("the engine fails on its functions: {why}"))
            }
            Err(Breach::TooLong(_)) => whole("its functions are too long together"),
        };
        let text = format!("a function cannot be loaded: {problem}");
        Err(bad_function(&[problem], text))
    }

    /// Makes the functions of whatever goes live ready, until the node stops.
    pub async fn keep_functions_ready(self: Arc<Self>) {
        let mut changes = self.sites.changes();
        loop {
            let changed = tokio::select! {
                changed = changes.recv() => changed,
                () = self.lifecycle.stopping() => return,
            };
            match changed {
                Ok(changed) if !changed.logged => self.warm(&changed.app).await,
                // What was missed gets ready when it is asked for.
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn warm(&self, app: &str) {
        let Some(slot) = self.sites.app(app) else { return };
        let Ok(Some(site)) = self.sites.live(&slot).await else { return };
        match self.function_site(&slot, &site).await {
            Ok(ready) if !ready.functions.routes.is_empty() => {
                let budgets = functions::budgets(slot.own().limits);
                let warmed = self.functions.warm(slot.id, &ready.scripts, budgets).await;
                if let Err(breach) = warmed {
                    tracing::warn!(app, ?breach, "functions could not be made ready");
                }
            }
            Ok(_) => {}
            Err(problem) => {
                tracing::warn!(app, problem = problem.message, "functions could not be read");
            }
        }
    }
}

fn whole(message: &str) -> ScriptProblem {
    ScriptProblem::of_file("api", message)
}

/// Where a script failed while it was loaded.
fn fault(functions: &Functions, error: &ScriptError) -> ScriptProblem {
    let text = if error.message.is_empty() {
        error.name.clone()
    } else {
        format!("{}: {}", error.name, error.message)
    };
    let place = error.stack.lines().find_map(|line| {
        let line = line.split_whitespace().find(|word| word.matches(':').count() >= 2)?;
        let mut parts = line.trim_matches(|c| c == '(' || c == ')').rsplitn(3, ':');
        let column: u32 = parts.next()?.parse().ok()?;
        let row: u32 = parts.next()?.parse().ok()?;
        let file = parts.next()?;
        functions.modules.contains_key(file).then(|| (file.to_owned(), row, column))
    });
    let Some((file, row, column)) = place else {
        let file = functions.routes.list().iter().map(|route| route.file.as_str());
        let named = file.into_iter().find(|file| text.contains(file)).unwrap_or("api");
        return ScriptProblem::of_file(named, text);
    };
    let mut problem = ScriptProblem::of_file(&file, text);
    let module = &functions.modules[&file];
    (problem.line, problem.column) = (Some(row), Some(column));
    if module.map.is_none() {
        problem.excerpt = excerpt(&module.code, row, column);
    }
    problem
}
