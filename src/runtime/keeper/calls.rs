//! Serves the calls of the request that runs.
//!
//! While it waits for one, what stands in line behind it goes to other workers.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use tokio::time::{Instant, sleep};

use super::{Death, Keeper};
use crate::runtime::{
    Traced,
    frames::{self, Call, HostError, Reply, ToWorker, WAIT},
};

/// Calls that a report tells of, and how much of their arguments.
const TRACED: usize = 200;
const TRACED_BYTES: usize = 300;

impl Keeper {
    /// Begins a call of the request that runs.
    pub(super) fn call(&mut self, call: Call) -> Result<(), Death> {
        let flight = self.state.flights.front_mut().ok_or(Death::Gone)?;
        if call.api == WAIT {
            let time = Duration::from_millis(call.arguments.parse().unwrap_or_default());
            self.wait(Box::pin(async move {
                sleep(time).await;
                Ok(Reply::default())
            }));
            return Ok(());
        }
        flight.calls += 1;
        let most = flight.ticket.as_ref().map_or(0, |ticket| ticket.budgets.calls);
        let host = flight.ticket.as_ref().and_then(|ticket| ticket.host.clone());
        let mut arguments = told(&call);
        arguments.truncate(arguments.floor_char_boundary(TRACED_BYTES));
        self.state.called = Some((call.api.clone(), arguments, Instant::now()));
        let Some(host) = host else {
            let message = "the host is there for requests, not while a file is loaded";
            self.replied(Err(HostError::new("NOT_IN_A_REQUEST", message)));
            return Ok(());
        };
        if flight.calls > most {
            let message = format!("the request makes more than {most} calls of the host");
            self.replied(Err(HostError::new("DATA_LIMIT", message)));
            return Ok(());
        }
        host.begins(flight.by);
        self.wait(Box::pin(async move { host.call(call).await }));
        Ok(())
    }

    /// Has the worker wait for something, unless it is there at once.
    pub(super) fn wait(&mut self, mut call: BoxFuture<'static, Result<Reply, HostError>>) {
        if let Some(reply) = (&mut call).now_or_never() {
            self.replied(reply);
            return;
        }
        self.state.call = Some(call);
        if let Some(flight) = self.state.flights.front_mut() {
            flight.waited = true;
        }
        self.recall();
        self.pool.waits(self.id, true);
    }

    /// Gives what stands in line behind the one that waits to other workers. This one
    /// reads nothing before the reply but that it is not wanted any more.
    fn recall(&mut self) {
        // Who waits for a version that is made ready for them stays with it.
        if self.state.flights.front().is_some_and(|flight| flight.loads) {
            return;
        }
        let mut again = Vec::new();
        let (out, pool) = (&mut self.state.out, &self.pool);
        let mut first = true;
        self.state.flights.retain_mut(|flight| {
            let unbegun = !std::mem::take(&mut first) && !flight.loads;
            let Some(ticket) = flight.ticket.take_if(|_| unbegun) else { return true };
            if frames::append(&ToWorker::Drop(flight.number), out).is_err() {
                flight.ticket = Some(ticket);
                return true;
            }
            again.push((flight.site, ticket));
            false
        });
        if !again.is_empty() {
            pool.recalled(self.id, again);
        }
    }

    pub(super) fn replied(&mut self, reply: Result<Reply, HostError>) {
        let now = Instant::now();
        let piece = std::mem::take(&mut self.state.piece);
        if self.state.call.take().is_some() {
            self.pool.waits(self.id, false);
        }
        if let Some(flight) = self.state.flights.front_mut() {
            if let Some((api, arguments, began)) = self.state.called.take() {
                if flight.report.calls.len() < TRACED {
                    let error = reply.as_ref().err().map(|error| error.code.clone());
                    let took = now - began;
                    flight.report.calls.push(Traced { api, arguments, took, error });
                }
            } else if piece
                && reply.is_ok()
                && let Some(ticket) = &flight.ticket
            {
                // A stream goes on for as long as somebody takes its pieces.
                flight.by = now + ticket.budgets.wall;
            }
        }
        if frames::append(&ToWorker::Reply(reply), &mut self.state.out).is_err() {
            let error = HostError::new("TOO_LARGE", "what is asked for is too long");
            let _ = frames::append(&ToWorker::Reply(Err(error)), &mut self.state.out);
        }
        self.state.start_slice(now);
    }
}

/// What is written down of a call: of one to the outside where it goes and no more, for
/// headers and a query may hold what nobody else is to read.
fn told(call: &Call) -> String {
    if !call.api.starts_with("net.") {
        return call.arguments.clone();
    }
    let arguments: serde_json::Value = serde_json::from_str(&call.arguments).unwrap_or_default();
    let text = |name: &str| arguments[0][name].as_str().unwrap_or_default();
    let url = text("url").split(['?', '#']).next().unwrap_or_default();
    if url.is_empty() {
        return String::new();
    }
    serde_json::json!([{ "method": text("method"), "url": url }]).to_string()
}
