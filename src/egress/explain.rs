//! Whether a call would be let through, step by step, for whoever set up the rules.
//!
//! Goes the same way as a call and notes what it finds. Unlike a script, the owner is
//! told which addresses a name leads to.

use std::sync::Arc;

use super::{
    budget::Spending,
    client::{Asker, Gateway},
    error::{NetCode, NetError},
    policy::Target,
    rules::Allowed,
    wire::{Answer, Ask},
};

/// One thing that was looked at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// What.
    pub step: &'static str,
    /// Whether it goes on from there.
    pub passed: bool,
    /// What was found.
    pub found: String,
}

/// Steps that are noted, or not.
pub(super) struct Trace(Option<Vec<Step>>);

impl Trace {
    pub(super) fn none() -> Self {
        Self(None)
    }

    fn note(&mut self, step: &'static str, passed: bool, found: impl FnOnce() -> String) {
        if let Some(steps) = &mut self.0 {
            steps.push(Step { step, passed, found: found() });
        }
    }

    pub(super) fn target(&mut self, read: Result<Target, NetError>) -> Result<Target, NetError> {
        self.judged("host", read, |target| format!("{} port {}", target.host(), target.port()))
    }

    pub(super) fn hop(
        &mut self,
        number: usize,
        read: Result<Target, NetError>,
    ) -> Result<Target, NetError> {
        self.judged("redirect", read, |target| {
            format!("{number}: {} port {}", target.host(), target.port())
        })
    }

    pub(super) fn rule(
        &mut self,
        found: Result<Arc<Allowed>, NetError>,
    ) -> Result<Arc<Allowed>, NetError> {
        self.judged("rule", found, |allowed| {
            let of = if allowed.app.is_some() { "this app" } else { "every app" };
            let http = if allowed.rule.http { ", HTTP as well" } else { "" };
            let port = allowed.rule.port.map(|port| format!(", port {port}")).unwrap_or_default();
            format!("`{}` of {of}{http}{port}", allowed.host)
        })
    }

    fn judged<T>(
        &mut self,
        step: &'static str,
        result: Result<T, NetError>,
        says: impl FnOnce(&T) -> String,
    ) -> Result<T, NetError> {
        match &result {
            Ok(value) => self.note(step, true, || says(value)),
            Err(error) => self.note(step, false, || error.message.clone()),
        }
        result
    }
}

impl Gateway {
    /// Decides on a call step by step; with `send` it is made as well.
    pub async fn explain(
        &self,
        asker: Asker<'_>,
        ask: Ask,
        send: bool,
    ) -> (Vec<Step>, Result<Option<Answer>, NetError>) {
        let mut trace = Trace(Some(Vec::new()));
        let decided = self.decide(asker, &ask, &mut trace).await;
        let mut steps = trace.0.take().unwrap_or_default();
        if let Err(error) = decided {
            return (steps, Err(error));
        }
        if !send {
            return (steps, Ok(None));
        }
        // What is sent is decided anew; of that only what comes after is of interest.
        let mut trace = Trace(Some(Vec::new()));
        let sent = self.fetch_traced(asker, &Spending::default(), ask, &mut trace).await;
        steps.extend(trace.0.take().unwrap_or_default().into_iter().skip(2));
        steps.push(match &sent {
            Ok(answer) => {
                let found = format!("{}, {} bytes", answer.status, answer.body.len());
                Step { step: "answer", passed: true, found }
            }
            Err(error) => Step { step: "answer", passed: false, found: error.message.clone() },
        });
        (steps, sent.map(Some))
    }

    async fn decide(&self, asker: Asker<'_>, ask: &Ask, trace: &mut Trace) -> Result<(), NetError> {
        let target = trace.target(Target::parse(&ask.url))?;
        trace.rule(self.permit(asker, &target))?;
        let found = match self.outside.look_up(target.host()).await {
            Ok(found) => found,
            Err(error) => {
                trace.note("address", false, || format!("it cannot be found: {error}"));
                let what = format!("`{}` cannot be found: {error}", target.host());
                return Err(NetError::new(NetCode::Error, what));
            }
        };
        let mut refused = None;
        for (address, refusal) in &found {
            trace.note("address", refusal.is_none(), || {
                format!("{address}: {}", refusal.unwrap_or("public"))
            });
            refused = refused.or(*refusal);
        }
        if found.is_empty() {
            let what = format!("`{}` has no address", target.host());
            return Err(NetError::new(NetCode::Error, what));
        }
        if let Some(what) = refused {
            let what = format!("`{}` leads to an address that is refused ({what})", target.host());
            return Err(NetError::new(NetCode::Blocked, what));
        }
        Ok(())
    }
}
