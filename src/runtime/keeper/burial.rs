//! What becomes of requests whose worker is gone: one has failed, the others go on.

use tokio::sync::mpsc;

use super::{BEAT, Death, Flight, Keeper, TRIES};
use crate::runtime::{Breach, Ended, Piece, Pool, Report};

impl Keeper {
    /// Ends what the worker was at, and gives what it had not begun to others.
    pub(super) async fn bury(&mut self, death: Death) {
        let breach = match death {
            Death::Killed(breach) => {
                self.process.kill().await;
                breach
            }
            Death::Gone => self.process.last_words().await,
        };
        let at = self.process.at();
        let flights = &mut self.state.flights;
        let culprit = flights.iter().position(|flight| flight.number == at && at != 0);
        let mut culprit = culprit.unwrap_or(0);
        // A version that cannot be made ready fails the request that wanted it.
        if flights.get(culprit).is_some_and(|flight| flight.ticket.is_none()) {
            culprit += 1;
        }
        let guilty = flights.remove(culprit);
        let app = guilty.as_ref().or(flights.front()).and_then(|flight| flight.ticket.as_ref());
        let app = app.map_or(0, |ticket| ticket.app);
        let unfinished = flights.iter().filter(|flight| flight.ticket.is_some()).count()
            + usize::from(guilty.is_some());
        let mut again = Vec::new();
        for flight in flights.drain(..) {
            let Some(mut ticket) = flight.ticket else { continue };
            ticket.tries += 1;
            if ticket.tries > TRIES || flight.calls > 0 {
                ticket.refuse(breach.clone());
            } else {
                again.push((flight.site, ticket));
            }
        }
        if guilty.is_some() {
            let cost = match breach {
                Breach::Cpu(limit) => limit,
                _ => BEAT,
            };
            self.pool.killed(app, cost);
        }
        self.pool.gone(self.id, app, unfinished, again);
        // Tickets that were sent meanwhile.
        self.orders.close();
        let mut late = Vec::new();
        while let Ok(ticket) = self.orders.try_recv() {
            late.push((ticket.scripts.site(), ticket));
        }
        if !late.is_empty() {
            self.pool.put_back(app, late);
        }
        let Some(Flight { ticket: Some(ticket), mut report, stream, .. }) = guilty else { return };
        report.wall = ticket.arrived.elapsed();
        if let Breach::Cpu(limit) = breach {
            report.cpu = limit;
        }
        match stream {
            Some(stream) => end(&self.pool, stream, Err(breach), report),
            None => {
                let _ = ticket.answer.send(Ended { answer: Err(breach), report });
            }
        }
    }
}

/// Ends a stream, as soon as there is room for its end.
pub(super) fn end(
    pool: &Pool,
    stream: mpsc::Sender<Piece>,
    ended: Result<(), Breach>,
    report: Report,
) {
    pool.lifecycle.spawn(async move {
        let _ = stream.send(Piece::End(ended, report)).await;
    });
}
