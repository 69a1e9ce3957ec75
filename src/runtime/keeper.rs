//! Speaks to one worker: sends it requests, serves their calls, watches the clock.
//!
//! A worker runs one request at a time, in the order in which they were sent; so the
//! first that has no answer is the one that runs, and what a call says is of that
//! request. `calls` serves it, and `burial` says what becomes of the others when it
//! has to be killed.

mod burial;
mod calls;

use std::{
    collections::{HashMap, VecDeque},
    future::pending,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use futures_util::future::BoxFuture;
use tokio::{
    io::Interest,
    sync::{mpsc, oneshot},
    time::{Instant, Sleep, sleep_until},
};

use super::{
    Answered, Breach, Budgets, Ended, HostCalls, Piece, Pool, Ready, Report,
    frames::{self, Done, FromWorker, HostError, Reply, ScriptError, ToWorker},
    process::Process,
    schedule::Spent,
    worker::NOT_READY,
};

/// How often a busy worker is looked at.
const BEAT: Duration = Duration::from_millis(50);
/// Versions that a worker keeps ready.
const KEPT: usize = 16;
/// Requests after which a worker is replaced, whatever it may have gathered by then.
const TIRED: u64 = 100_000;
/// Bytes that a worker's versions may hold between requests, all together.
const HEAVY: u64 = 512 << 20;
/// Pieces of a stream that wait for the visitor.
const PIECES: usize = 4;
/// How often a request is given to another worker.
const TRIES: u8 = 2;

/// A request on its way, or a version that is to be made ready.
pub(super) struct Ticket {
    pub(super) app: i64,
    pub(super) scripts: Ready,
    pub(super) budgets: Budgets,
    /// The request as it is sent; `None` where only the version is made ready.
    pub(super) run: Option<Box<ToWorker>>,
    pub(super) host: Option<Arc<dyn HostCalls>>,
    pub(super) answer: oneshot::Sender<Ended>,
    pub(super) arrived: Instant,
    pub(super) tries: u8,
}

impl Ticket {
    /// Ends it without a worker.
    pub(super) fn refuse(self, breach: Breach) {
        let report = Report { wall: self.arrived.elapsed(), ..Report::default() };
        let _ = self.answer.send(Ended { answer: Err(breach), report });
    }
}

/// What was sent and is not answered.
struct Flight {
    number: u64,
    site: u64,
    /// What is to be answered; a version that is made ready for the next has none.
    ticket: Option<Ticket>,
    /// Whether it is the version that is made ready, not a request.
    loads: bool,
    /// Processor time of one go, and by when it has to have ended.
    cpu: Duration,
    by: Instant,
    began: Instant,
    waited: bool,
    calls: u32,
    report: Report,
    stream: Option<mpsc::Sender<Piece>>,
}

/// Why a worker ends.
enum Death {
    /// A budget is spent.
    Killed(Breach),
    /// It is gone by itself.
    Gone,
}

/// Keeps one worker.
pub(super) struct Keeper {
    pub(super) id: u64,
    pub(super) pool: Arc<Pool>,
    pub(super) process: Process,
    pub(super) orders: mpsc::UnboundedReceiver<Ticket>,
    state: State,
}

#[derive(Default)]
struct State {
    flights: VecDeque<Flight>,
    /// Versions that are ready there, the one used last at the end.
    sites: Vec<u64>,
    /// Versions that could not be made ready, until their requests have been told.
    failed: HashMap<u64, ScriptError>,
    out: Vec<u8>,
    /// The call that it waits for.
    call: Option<BoxFuture<'static, Result<Reply, HostError>>>,
    called: Option<(String, String, Instant)>,
    sent: u64,
    /// When the script last began to run by itself, and the processor time when that
    /// was first looked at.
    slice: Option<Instant>,
    before: Option<Duration>,
    /// Whether it is at something long, and others go first.
    slow: bool,
    /// Whether its versions hold more than they should.
    heavy: bool,
    /// Whether what it waits for is that a piece of a stream is taken.
    piece: bool,
}

impl Keeper {
    pub(super) fn new(
        id: u64,
        pool: Arc<Pool>,
        process: Process,
        orders: mpsc::UnboundedReceiver<Ticket>,
    ) -> Self {
        Self { id, pool, process, orders, state: State::default() }
    }

    /// Serves until the worker has ended, or nobody wants it.
    pub(super) async fn serve(mut self) {
        match self.converse().await {
            None => {
                self.pool.gone(self.id, 0, 0, Vec::new());
                self.process.kill().await;
            }
            Some(death) => self.bury(death).await,
        }
    }

    async fn converse(&mut self) -> Option<Death> {
        let stopping = self.pool.lifecycle.token();
        let mut orders = Vec::with_capacity(16);
        let mut beat = Box::pin(sleep_until(Instant::now() + BEAT));
        let mut closed = false;
        loop {
            if !self.process.write(&mut self.state.out) {
                return Some(Death::Gone);
            }
            let busy = !self.state.flights.is_empty();
            let interest = if self.state.out.is_empty() {
                Interest::READABLE
            } else {
                Interest::READABLE | Interest::WRITABLE
            };
            let call = async {
                match &mut self.state.call {
                    Some(call) => call.await,
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                reply = call => self.replied(reply),
                ready = self.process.socket.ready(interest) => {
                    if ready.is_err() {
                        return Some(Death::Gone);
                    }
                    if let Err(death) = self.heard() {
                        return Some(death);
                    }
                }
                count = self.orders.recv_many(&mut orders, 16), if !closed => {
                    // Nobody sends any more; what was sent is still to be answered.
                    closed = count == 0;
                    for ticket in orders.drain(..) {
                        self.begin(ticket);
                    }
                }
                () = &mut beat, if busy => {
                    if let Err(death) = self.looked(beat.as_mut()) {
                        return Some(death);
                    }
                }
                () = stopping.cancelled(), if !busy => return None,
            }
            if self.state.flights.is_empty() {
                if self.state.slow && self.process.take_turns_again() {
                    self.state.slow = false;
                }
                if closed {
                    return None;
                }
                if self.state.slow || self.state.heavy || self.state.sent >= TIRED {
                    self.pool.retire(self.id);
                }
            }
        }
    }

    /// Sends a request, and before it the version if that is not ready there.
    fn begin(&mut self, mut ticket: Ticket) {
        let site = ticket.scripts.site();
        let now = Instant::now();
        if self.state.flights.is_empty() {
            self.state.start_slice(now);
        }
        if let Some(at) = self.state.sites.iter().position(|ready| *ready == site) {
            self.state.sites[at..].rotate_left(1);
            // It is ready: nothing is to be sent, and nothing will be answered.
            if ticket.run.is_none() {
                return self.pool.made_ready(self.id, ticket, Ok(()), Report::default());
            }
        } else {
            if self.state.sites.len() >= KEPT {
                let oldest = self.state.sites.remove(0);
                let _ = frames::append(&ToWorker::Forget(oldest), &mut self.state.out);
                self.pool.forgot(self.id, oldest);
            }
            self.state.sites.push(site);
            let Ok(bytes) = ticket.scripts.bytes() else {
                self.pool.done(self.id, ticket.app, Spent::default());
                let error = ScriptError {
                    name: "RangeError".to_owned(),
                    message: "the functions' files are too long together".to_owned(),
                    ..ScriptError::default()
                };
                ticket.refuse(Breach::Failed(error));
                return;
            };
            self.state.out.extend_from_slice(bytes);
            if ticket.run.is_some() {
                self.fly(site, None, true, ticket.budgets, now);
            }
        }
        self.state.sent += 1;
        let number = self.state.sent;
        let budgets = ticket.budgets;
        let loads = match ticket.run.as_deref_mut() {
            None => true,
            Some(frame) => {
                if let ToWorker::Run(run) = frame {
                    run.number = number;
                }
                if frames::append(frame, &mut self.state.out).is_err() {
                    self.pool.done(self.id, ticket.app, Spent::default());
                    ticket.refuse(Breach::TooLong(frames::LONGEST));
                    return;
                }
                false
            }
        };
        self.fly(site, Some(ticket), loads, budgets, now);
    }

    fn fly(
        &mut self,
        site: u64,
        ticket: Option<Ticket>,
        loads: bool,
        budgets: Budgets,
        now: Instant,
    ) {
        self.state.flights.push_back(Flight {
            number: if loads { 0 } else { self.state.sent },
            site,
            ticket,
            loads,
            cpu: if loads { budgets.load } else { budgets.cpu },
            by: now + budgets.wall + if loads { budgets.load } else { Duration::ZERO },
            began: now,
            waited: false,
            calls: 0,
            report: Report::default(),
            stream: None,
        });
    }

    /// Reads what the worker has to say.
    fn heard(&mut self) -> Result<(), Death> {
        let alive = self.process.read();
        loop {
            match self.process.frame() {
                Ok(Some(frame)) => self.frame(frame)?,
                Ok(None) => break,
                Err(error) => return Err(Death::Killed(Breach::Crashed(error.to_string()))),
            }
        }
        if alive { Ok(()) } else { Err(Death::Gone) }
    }

    fn frame(&mut self, frame: FromWorker) -> Result<(), Death> {
        match frame {
            FromWorker::Done(done) => self.done(done),
            FromWorker::Call(call) => self.call(call),
            FromWorker::Log(line) => {
                let flight = self.state.flights.front_mut().ok_or(Death::Gone)?;
                let budgets = flight.ticket.as_ref().map(|ticket| ticket.budgets);
                let (most, longest) = budgets.map_or((0, 0), |it| (it.lines, it.line));
                // One more says that there were more; a worker that goes on is no worker.
                if flight.report.lines.len() <= most as usize {
                    flight.report.lines.push(line.cut(longest as usize * 2));
                }
                Ok(())
            }
            FromWorker::Loaded(loaded) => self.loaded(loaded),
            FromWorker::Head(head) => {
                let (stream, pieces) = mpsc::channel(PIECES);
                let flight = self.state.flights.front_mut().ok_or(Death::Gone)?;
                let ticket = flight.ticket.as_mut().ok_or(Death::Gone)?;
                flight.stream = Some(stream);
                // The stream's end brings the report.
                let (nobody, _) = oneshot::channel();
                let answer = std::mem::replace(&mut ticket.answer, nobody);
                let answered = Answered::Streamed(head, pieces);
                let _ = answer.send(Ended { answer: Ok(answered), report: Report::default() });
                Ok(())
            }
            FromWorker::Chunk(bytes) => {
                let stream = self.state.flights.front().and_then(|flight| flight.stream.clone());
                let stream = stream.ok_or(Death::Gone)?;
                self.state.piece = true;
                self.wait(Box::pin(async move {
                    let sent = stream.send(Piece::Bytes(bytes)).await;
                    sent.map(|()| Reply::default())
                        .map_err(|_| HostError::new("NOBODY", "nobody listens any more"))
                }));
                Ok(())
            }
            FromWorker::Ready => Ok(()),
        }
    }

    fn loaded(&mut self, loaded: Result<(), ScriptError>) -> Result<(), Death> {
        // What does not fit stays where `burial` finds it.
        if !self.state.flights.front().is_some_and(|flight| flight.loads) {
            return Err(Death::Gone);
        }
        let flight = self.state.flights.pop_front().ok_or(Death::Gone)?;
        self.state.start_turn(Instant::now());
        if loaded.is_err() {
            self.state.sites.retain(|site| *site != flight.site);
            self.pool.forgot(self.id, flight.site);
        }
        match flight.ticket {
            Some(ticket) => self.pool.made_ready(self.id, ticket, loaded, flight.report),
            None => {
                if let Err(error) = loaded {
                    self.state.failed.insert(flight.site, error);
                }
            }
        }
        Ok(())
    }

    fn done(&mut self, done: Done) -> Result<(), Death> {
        let fits = |flight: &Flight| flight.number == done.number && flight.ticket.is_some();
        if !self.state.flights.front().is_some_and(fits) {
            return Err(Death::Gone);
        }
        let flight = self.state.flights.pop_front().ok_or(Death::Gone)?;
        self.state.heavy |= done.held > HEAVY;
        let Flight { ticket, mut report, site, began, waited, stream, .. } = flight;
        let ticket = ticket.ok_or(Death::Gone)?;
        let now = Instant::now();
        self.state.start_turn(now);
        report.cpu = Duration::from_micros(done.cpu_us);
        report.wall = now - ticket.arrived;
        report.peak = done.peak;
        let spent = Spent { cpu: report.cpu, turn: now - began, waited };
        let limit = ticket.budgets.answer;
        let answer = match done.answer {
            Ok(answer) if answer.body.len() > limit => Err(Breach::TooLong(answer.body.len())),
            Ok(answer) => Ok(answer),
            Err(error) if error.name == NOT_READY => {
                Err(Breach::Failed(self.state.failed.get(&site).cloned().unwrap_or(error)))
            }
            Err(error) => Err(Breach::Failed(error)),
        };
        self.pool.done(self.id, ticket.app, spent);
        if let Some(stream) = stream {
            end(&self.pool, stream, answer.map(drop), report);
        } else {
            let answer = answer.map(Answered::Whole);
            let _ = ticket.answer.send(Ended { answer, report });
        }
        Ok(())
    }

    /// Looks whether the request that runs has taken too much.
    fn looked(&mut self, beat: Pin<&mut Sleep>) -> Result<(), Death> {
        let now = Instant::now();
        beat.reset(now + BEAT);
        let state = &mut self.state;
        let Some(flight) = state.flights.front() else { return Ok(()) };
        if now >= flight.by && state.piece {
            // The visitor takes nothing, which is not the app's fault: the script is told
            // that nobody listens, and has once more the time of a request to end.
            let wall = flight.ticket.as_ref().map_or(BEAT, |ticket| ticket.budgets.wall);
            if let Some(flight) = state.flights.front_mut() {
                flight.by = now + wall;
                flight.stream = None;
            }
            self.replied(Err(HostError::new("NOBODY", "nobody listens any more")));
            return Ok(());
        }
        if now >= flight.by {
            let wall = flight.ticket.as_ref().map_or(flight.cpu, |ticket| ticket.budgets.wall);
            return Err(Death::Killed(Breach::Timeout(wall)));
        }
        let ran = state.slice.map_or(Duration::ZERO, |slice| now - slice);
        if state.call.is_some() || ran < BEAT {
            return Ok(());
        }
        let cpu = self.process.cpu().unwrap_or_default();
        // What ran before the first look is counted as if it had run all the time.
        let before = *state.before.get_or_insert_with(|| cpu.saturating_sub(ran.min(BEAT * 2)));
        if cpu.saturating_sub(before) >= flight.cpu {
            return Err(Death::Killed(Breach::Cpu(flight.cpu)));
        }
        if !state.slow {
            state.slow = true;
            self.process.let_others_go_first();
        }
        Ok(())
    }
}

impl State {
    /// The next in line begins: what it waited is not of its time.
    fn start_turn(&mut self, now: Instant) {
        if let Some(next) = self.flights.front_mut() {
            next.by += now - next.began;
            next.began = now;
        }
        self.start_slice(now);
    }

    /// The script runs by itself from now on.
    fn start_slice(&mut self, now: Instant) {
        self.slice = Some(now);
        self.before = None;
    }
}

/// Ends a stream, as soon as there is room for its end.
fn end(pool: &Pool, stream: mpsc::Sender<Piece>, ended: Result<(), Breach>, report: Report) {
    pool.lifecycle.spawn(async move {
        let _ = stream.send(Piece::End(ended, report)).await;
    });
}
