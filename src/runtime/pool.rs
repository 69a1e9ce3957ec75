//! Takes requests for functions and has workers answer them.
//!
//! [`schedule`](super::schedule) decides who is next and where, a
//! [`keeper`](super::keeper) speaks to each worker; this holds both together, starts
//! workers, and refuses what cannot be served. None runs until one is needed.

use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::{Instant, sleep},
};

use super::{
    Breach, Budgets, HostCalls,
    frames::{self, Answer, Head, Line, Load, Request, Run, ScriptError, ToWorker},
    keeper::{Keeper, Ticket},
    process::Process,
    schedule::{Bounds, Move, Places, Schedule, Spent},
};
use crate::lifecycle::Lifecycle;

/// Workers beyond the usual that may wait for the host.
const WAITING: usize = 16;
/// How long one of those may be idle.
const IDLE: Duration = Duration::from_secs(10);
/// How often what waits is looked at.
const SWEEP: Duration = Duration::from_millis(100);
/// The app that versions belong to which are only tried.
const TRIED: i64 = i64::MIN;

/// A version's scripts, ready to be sent to a worker.
#[derive(Clone)]
pub struct Ready(Arc<Packed>);

struct Packed {
    site: u64,
    bytes: io::Result<Vec<u8>>,
}

impl Ready {
    /// Holds them.
    pub fn new(load: Load) -> Self {
        let site = load.site;
        let mut bytes = Vec::new();
        let packed = frames::append(&ToWorker::Load(load), &mut bytes);
        Self(Arc::new(Packed { site, bytes: packed.map(|()| bytes) }))
    }

    pub(super) fn site(&self) -> u64 {
        self.0.site
    }

    pub(super) fn bytes(&self) -> Result<&[u8], &io::Error> {
        self.0.bytes.as_deref()
    }
}

/// A request for a function.
pub struct Job {
    /// The app's row id.
    pub app: i64,
    /// The version's scripts.
    pub scripts: Ready,
    /// The function's file.
    pub entry: String,
    /// The request.
    pub request: Request,
    /// What carries out the calls of its script.
    pub host: Arc<dyn HostCalls>,
    /// What it may take.
    pub budgets: Budgets,
}

/// How a request was answered.
#[derive(Debug)]
pub struct Ended {
    /// What was answered, or why nothing was.
    pub answer: Result<Answered, Breach>,
    /// What it took. Of an answer that is streamed it comes at the stream's end.
    pub report: Report,
}

/// An answer.
#[derive(Debug)]
pub enum Answered {
    /// All of it.
    Whole(Answer),
    /// Its beginning, and the rest as it is made.
    Streamed(Head, mpsc::Receiver<Piece>),
}

/// A part of an answer that is streamed.
#[derive(Debug)]
pub enum Piece {
    /// Bytes of the body.
    Bytes(Bytes),
    /// The end; an error means that the body is not whole.
    End(Result<(), Breach>, Report),
}

/// What a request took.
#[derive(Debug, Default)]
pub struct Report {
    /// What was logged.
    pub lines: Vec<Line>,
    /// From its arrival to its end.
    pub wall: Duration,
    /// Processor time.
    pub cpu: Duration,
    /// The most bytes that it held at once beyond what its version holds.
    pub peak: u64,
    /// Its calls of the host, in their order.
    pub calls: Vec<Traced>,
}

/// A call of the host, as it went.
#[derive(Clone, Debug)]
pub struct Traced {
    /// Its name, as `kv.get`.
    pub api: String,
    /// Its arguments in JSON, cut short.
    pub arguments: String,
    /// How long it took.
    pub took: Duration,
    /// The code of its refusal.
    pub error: Option<String>,
}

/// The workers.
pub struct Pool {
    program: PathBuf,
    pub(super) lifecycle: Lifecycle,
    inner: Mutex<Inner>,
    restless: Notify,
}

struct Inner {
    schedule: Schedule<Ticket>,
    doors: HashMap<u64, mpsc::UnboundedSender<Ticket>>,
    workers: u64,
    sweeping: bool,
}

impl Pool {
    /// A pool that starts `program` for its workers. None runs until one is needed.
    #[must_use]
    pub fn new(program: PathBuf, lifecycle: Lifecycle) -> Arc<Self> {
        let busy = std::thread::available_parallelism().map_or(2, usize::from).max(2);
        let schedule = Schedule::new(Places { busy, most: busy + 1 + WAITING });
        let inner = Inner { schedule, doors: HashMap::new(), workers: 0, sweeping: false };
        Arc::new(Self { program, lifecycle, inner: Mutex::new(inner), restless: Notify::new() })
    }

    /// Runs a request.
    pub async fn run(self: &Arc<Self>, job: Job) -> Ended {
        let Job { app, scripts, entry, request, host, budgets } = job;
        let run = Run { number: 0, site: scripts.site(), entry, request };
        self.ask(app, scripts, Some((run, host)), budgets).await
    }

    /// Whether a version can be made ready: what is wrong with it, if anything is.
    pub async fn try_load(
        self: &Arc<Self>,
        scripts: &Ready,
        budgets: Budgets,
    ) -> Result<(), Breach> {
        self.ask(TRIED, scripts.clone(), None, budgets).await.answer.map(drop)
    }

    /// Makes a version of an app ready, so that its first visitor does not wait.
    pub async fn warm(
        self: &Arc<Self>,
        app: i64,
        scripts: &Ready,
        budgets: Budgets,
    ) -> Result<(), Breach> {
        self.ask(app, scripts.clone(), None, budgets).await.answer.map(drop)
    }

    /// Workers there are, and requests that wait for one.
    pub fn sizes(&self) -> (usize, usize) {
        self.inner().schedule.sizes()
    }

    async fn ask(
        self: &Arc<Self>,
        app: i64,
        scripts: Ready,
        run: Option<(Run, Arc<dyn HostCalls>)>,
        budgets: Budgets,
    ) -> Ended {
        let (answer, answered) = oneshot::channel();
        let site = scripts.site();
        let (run, host) = run.unzip();
        let run = run.map(|run| Box::new(ToWorker::Run(run)));
        let arrived = Instant::now();
        let ticket = Ticket { app, scripts, budgets, run, host, answer, arrived, tries: 0 };
        let bounds = Bounds { in_flight: budgets.in_flight, queued: budgets.queued };
        {
            let mut inner = self.inner();
            if let Err(ticket) = inner.schedule.admit(app, site, bounds, ticket) {
                drop(inner);
                ticket.refuse(Breach::Busy);
            } else {
                self.hand_out(&mut inner);
            }
        }
        answered.await.unwrap_or_else(|_| Ended {
            answer: Err(Breach::Unavailable("the node is stopping".to_owned())),
            report: Report::default(),
        })
    }

    /// Does whatever the schedule says can be done now.
    fn hand_out(self: &Arc<Self>, inner: &mut Inner) {
        let now = Instant::now();
        while let Some(next) = inner.schedule.next(now) {
            match next {
                Move::Start => self.start(),
                Move::Give(worker, ticket) => {
                    if ticket.answer.is_closed() {
                        inner.schedule.done(worker, ticket.app, Spent::default());
                        continue;
                    }
                    let unsent = match inner.doors.get(&worker) {
                        Some(door) => door.send(ticket).err().map(|unsent| unsent.0),
                        None => Some(ticket),
                    };
                    if let Some(ticket) = unsent {
                        let (app, site) = (ticket.app, ticket.scripts.site());
                        inner.schedule.gone(worker, app, 1);
                        inner.schedule.put_back(app, vec![(site, ticket)]);
                    }
                }
            }
        }
        if !self.lifecycle.is_stopping() && inner.schedule.wants_reserve() {
            self.start();
        }
        if inner.schedule.is_restless() {
            if !inner.sweeping {
                inner.sweeping = true;
                self.lifecycle.spawn(sweep(self.clone()));
            }
            self.restless.notify_one();
        }
    }

    fn start(self: &Arc<Self>) {
        let pool = self.clone();
        self.lifecycle.spawn(async move {
            match Process::start(&pool.program).await {
                Ok(process) => {
                    let (door, orders) = mpsc::unbounded_channel();
                    let id = {
                        let mut inner = pool.inner();
                        inner.workers += 1;
                        let id = inner.workers;
                        inner.doors.insert(id, door);
                        inner.schedule.started(Some(id), Instant::now());
                        pool.hand_out(&mut inner);
                        id
                    };
                    Keeper::new(id, pool, process, orders).serve().await;
                }
                Err(error) => {
                    tracing::warn!(%error, "could not start a worker for functions");
                    let mut inner = pool.inner();
                    inner.schedule.started(None, Instant::now());
                    if inner.doors.is_empty() {
                        for ticket in inner.schedule.expired(|_| true) {
                            ticket.refuse(Breach::Unavailable(error.to_string()));
                        }
                    }
                }
            }
        });
    }

    /// A request ended.
    pub(super) fn done(self: &Arc<Self>, worker: u64, app: i64, spent: Spent) {
        let mut inner = self.inner();
        inner.schedule.done(worker, app, spent);
        self.hand_out(&mut inner);
    }

    /// A version is ready at a worker, or cannot be.
    pub(super) fn made_ready(
        self: &Arc<Self>,
        worker: u64,
        ticket: Ticket,
        loaded: Result<(), ScriptError>,
        report: Report,
    ) {
        self.done(worker, ticket.app, Spent::default());
        let answer = loaded.map(|()| Answered::Whole(Answer::default()));
        let report = Report { wall: ticket.arrived.elapsed(), ..report };
        let _ = ticket.answer.send(Ended { answer: answer.map_err(Breach::Failed), report });
    }

    /// A worker waits for the host, or no longer does.
    pub(super) fn waits(self: &Arc<Self>, worker: u64, waits: bool) {
        let mut inner = self.inner();
        inner.schedule.waits(worker, waits);
        if waits {
            self.hand_out(&mut inner);
        }
    }

    /// A worker has forgotten a version.
    pub(super) fn forgot(&self, worker: u64, site: u64) {
        self.inner().schedule.forgot(worker, site);
    }

    /// A worker was killed for what an app did.
    pub(super) fn killed(&self, app: i64, cost: Duration) {
        self.inner().schedule.killed(app, cost, Instant::now());
    }

    /// A worker is gone; what it had not begun is given to others.
    pub(super) fn gone(
        self: &Arc<Self>,
        worker: u64,
        app: i64,
        unfinished: usize,
        again: Vec<(u64, Ticket)>,
    ) {
        let mut inner = self.inner();
        inner.doors.remove(&worker);
        inner.schedule.gone(worker, app, unfinished);
        inner.schedule.put_back(app, again);
        if !self.lifecycle.is_stopping() {
            self.hand_out(&mut inner);
        }
    }

    /// Gives tickets of a worker that waits to others.
    pub(super) fn recalled(self: &Arc<Self>, worker: u64, tickets: Vec<(u64, Ticket)>) {
        let mut inner = self.inner();
        let Some((_, first)) = tickets.first() else { return };
        let app = first.app;
        inner.schedule.recalled(worker, app, tickets.len());
        inner.schedule.put_back(app, tickets);
    }

    /// Gives back tickets that reached a worker after its end.
    pub(super) fn put_back(self: &Arc<Self>, app: i64, tickets: Vec<(u64, Ticket)>) {
        let mut inner = self.inner();
        inner.schedule.gone(0, app, tickets.len());
        inner.schedule.put_back(app, tickets);
        self.hand_out(&mut inner);
    }

    /// Lets a worker go as soon as it has nothing to do.
    pub(super) fn retire(&self, worker: u64) {
        let mut inner = self.inner();
        inner.doors.remove(&worker);
        inner.schedule.gone(worker, TRIED, 0);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses what has waited too long, and lets workers go that nobody needs.
async fn sweep(pool: Arc<Pool>) {
    let stopping = pool.lifecycle.token();
    loop {
        let restless = pool.inner().schedule.is_restless();
        let wait = async {
            if restless {
                sleep(SWEEP).await;
            } else {
                pool.restless.notified().await;
            }
        };
        tokio::select! {
            () = wait => {}
            () = stopping.cancelled() => return,
        }
        let now = Instant::now();
        let mut inner = pool.inner();
        let over = |ticket: &Ticket| {
            ticket.answer.is_closed() || now - ticket.arrived >= ticket.budgets.wait
        };
        let over = inner.schedule.expired(over);
        while let Some(worker) = inner.schedule.superfluous(IDLE, now) {
            inner.doors.remove(&worker);
            inner.schedule.gone(worker, TRIED, 0);
        }
        pool.hand_out(&mut inner);
        drop(inner);
        for ticket in over {
            ticket.refuse(Breach::Busy);
        }
    }
}
