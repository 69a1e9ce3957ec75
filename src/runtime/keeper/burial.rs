//! What becomes of requests whose worker is gone: one has failed, the others go on.

use tokio::sync::mpsc;

use super::{BEAT, Death, Flight, Keeper, TRIES};
use crate::runtime::{Breach, Ended, Piece, Pool, Report};

impl Keeper {
    /// Ends what the worker was at, and gives what it had not begun to others.
    pub(super) async fn bury(&mut self, death: Death) {
        let (breach, killed) = match death {
            Death::Killed(breach) => {
                self.process.kill().await;
                (breach, true)
            }
            Death::Gone => (self.process.last_words().await, false),
        };
        let at = self.process.at();
        let flights = &mut self.state.flights;
        let app = flights.iter().find_map(|flight| flight.ticket.as_ref().map(|it| it.app));
        let app = app.unwrap_or_default();
        let begun = flights.iter().position(|flight| flight.number == at && at != 0);
        // A version that is made ready is not on the slate; where nothing had begun, as
        // when somebody else killed an idle worker, nothing is to blame.
        let loads = flights.front().is_some_and(|flight| flight.loads);
        let culprit = begun.or_else(|| (killed || loads).then_some(0));
        // A version that cannot be made ready fails the request that wanted it.
        let guilty = culprit.and_then(|at| {
            let here = flights.get(at)?;
            if here.ticket.is_some() {
                return flights.remove(at);
            }
            let site = here.site;
            let next = flights.get(at + 1).is_some_and(|next| !next.loads && next.site == site);
            if next { flights.remove(at + 1) } else { None }
        });
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
        if let Some(app) = late.first().map(|(_, ticket)| ticket.app) {
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
