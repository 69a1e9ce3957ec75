//! Which worker runs what, and for how long.
//!
//! As many workers as cores, two at least, and one in reserve. An app holds at most
//! all but one, so that whatever it does another still gets its turn. A worker that
//! breaches a budget is killed, and only the request that did it fails.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{Semaphore, mpsc},
    time::{Instant, interval, timeout, timeout_at},
};

use super::{
    Breach, Budgets, HostCalls,
    frames::{Answer, FromWorker, Head, HostError, Line, Load, Request, Run, ToWorker},
    process::Process,
    worker::NOT_READY,
};
use crate::lifecycle::Lifecycle;

/// How often the processor time of a running request is looked at.
const BEAT: Duration = Duration::from_millis(100);
/// Versions that a worker keeps ready, as it does itself.
const KEPT: usize = 16;

/// A version's scripts, ready to be sent to a worker.
#[derive(Clone)]
pub struct Ready(Arc<Load>);

impl Ready {
    /// Holds them.
    pub fn new(load: Load) -> Self {
        Self(Arc::new(load))
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
pub struct Outcome {
    /// What was answered, or why nothing was.
    pub answer: Result<Answered, Breach>,
    /// What it took. Of an answer that is streamed it comes at the stream's end.
    pub report: Report,
}

/// An answer.
pub enum Answered {
    /// All of it.
    Whole(Answer),
    /// Its beginning, and the rest as it is made.
    Streamed(Head, mpsc::Receiver<Piece>),
}

/// A part of an answer that is streamed.
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
    budgets: Budgets,
    lifecycle: Lifecycle,
    idle: Mutex<Vec<Worker>>,
    /// One for each worker that may be busy.
    places: Arc<Semaphore>,
    workers: usize,
    apps: Mutex<HashMap<i64, Weak<App>>>,
}

/// What an app has under way.
struct App {
    /// Workers it may hold.
    places: Semaphore,
    /// Requests that run or wait.
    waiting: AtomicUsize,
}

struct Worker {
    process: Process,
    /// Versions that are ready there, the latest last.
    ready: Vec<u64>,
}

impl Pool {
    /// A pool that starts `program` for its workers. None runs until one is needed.
    #[must_use]
    pub fn new(program: PathBuf, budgets: Budgets, lifecycle: Lifecycle) -> Arc<Self> {
        let workers = std::thread::available_parallelism().map_or(2, usize::from).max(2);
        Arc::new(Self {
            program,
            budgets,
            lifecycle,
            idle: Mutex::default(),
            places: Arc::new(Semaphore::new(workers)),
            workers,
            apps: Mutex::default(),
        })
    }

    /// Runs a request.
    pub async fn run(self: &Arc<Self>, job: Job) -> Outcome {
        let mut report = Report::default();
        let answer = self.answer(&job, &mut report).await;
        Outcome { answer: answer.map(Answered::Whole), report }
    }

    /// Whether a version can be made ready: what is wrong with it, if anything is.
    pub async fn try_load(self: &Arc<Self>, scripts: &Ready) -> Result<(), Breach> {
        let _place = self.places.acquire().await.map_err(|_| Breach::Busy)?;
        let mut worker = self.take(scripts.0.site).await?;
        worker.ready.retain(|site| *site != scripts.0.site);
        match self.load(&mut worker, scripts).await {
            Ok(()) => {
                self.give_back(worker);
                Ok(())
            }
            Err(Ended::Failed(error)) => {
                self.give_back(worker);
                Err(Breach::Failed(error))
            }
            Err(Ended::Breached(breach)) => {
                worker.process.kill().await;
                self.refill();
                Err(breach)
            }
            Err(Ended::Gone) => {
                self.refill();
                Err(worker.process.last_words().await)
            }
        }
    }

    async fn answer(self: &Arc<Self>, job: &Job, report: &mut Report) -> Result<Answer, Breach> {
        let app = self.app(job.app);
        let _counted = Counted::enter(&app.waiting, self.budgets.queued + self.budgets.in_flight)
            .ok_or(Breach::Busy)?;
        let by = Instant::now() + self.budgets.wait;
        let _turn = timeout_at(by, app.places.acquire())
            .await
            .map_err(|_| Breach::Busy)?
            .map_err(|_| Breach::Busy)?;
        let _place = timeout_at(by, self.places.acquire())
            .await
            .map_err(|_| Breach::Busy)?
            .map_err(|_| Breach::Busy)?;
        let mut worker = self.take(job.scripts.0.site).await?;
        let ended = self.converse(&mut worker, job, report).await;
        match ended {
            Ok(answer) => {
                self.give_back(worker);
                if answer.body.len() > self.budgets.answer {
                    return Err(Breach::TooLong(answer.body.len()));
                }
                Ok(answer)
            }
            Err(Ended::Failed(error)) => {
                self.give_back(worker);
                Err(Breach::Failed(error))
            }
            Err(Ended::Breached(breach)) => {
                worker.process.kill().await;
                self.refill();
                Err(breach)
            }
            Err(Ended::Gone) => {
                self.refill();
                Err(worker.process.last_words().await)
            }
        }
    }

    /// Sends a request to a worker and serves its calls until it is answered.
    async fn converse(
        &self,
        worker: &mut Worker,
        job: &Job,
        report: &mut Report,
    ) -> Result<Answer, Ended> {
        let site = job.scripts.0.site;
        if !worker.ready.contains(&site) {
            self.load(worker, &job.scripts).await?;
        }
        let mut calls = 0;
        let mut loaded_again = false;
        let run = Run { number: 0, site, entry: job.entry.clone(), request: job.request.clone() };
        let run = ToWorker::Run(run);
        worker.process.send(&run).await.map_err(|_| Ended::Gone)?;
        let wall = self.budgets.wall;
        job.host.begins(Instant::now() + wall);
        let work = async {
            let mut watch = Watch::new(self.budgets.cpu);
            loop {
                match watch.next(&mut worker.process).await? {
                    FromWorker::Log(line) => report.lines.push(line),
                    FromWorker::Call(call) => {
                        calls += 1;
                        let reply = if calls > self.budgets.calls {
                            let message = format!("more than {} calls", self.budgets.calls);
                            Err(HostError::new("DATA_LIMIT", message))
                        } else {
                            job.host.call(call).await
                        };
                        let reply = ToWorker::Reply(reply);
                        worker.process.send(&reply).await.map_err(|_| Ended::Gone)?;
                    }
                    FromWorker::Head(_) | FromWorker::Chunk(_) => return Err(Ended::Gone),
                    FromWorker::Done(done) => {
                        report.cpu = Duration::from_micros(done.cpu_us);
                        match done.answer {
                            // The worker forgot it: it keeps only so many.
                            Err(error) if error.name == NOT_READY && !loaded_again => {
                                loaded_again = true;
                                self.load(worker, &job.scripts).await?;
                                worker.process.send(&run).await.map_err(|_| Ended::Gone)?;
                            }
                            Err(error) => return Err(Ended::Failed(error)),
                            Ok(answer) => return Ok(answer),
                        }
                    }
                    FromWorker::Ready | FromWorker::Loaded(_) => return Err(Ended::Gone),
                }
            }
        };
        match timeout(wall, work).await {
            Ok(answered) => answered,
            Err(_) => Err(Ended::Breached(Breach::Timeout(wall))),
        }
    }

    async fn load(&self, worker: &mut Worker, scripts: &Ready) -> Result<(), Ended> {
        let load = ToWorker::Load((*scripts.0).clone());
        worker.process.send(&load).await.map_err(|_| Ended::Gone)?;
        let mut watch = Watch::new(self.budgets.load);
        loop {
            match watch.next(&mut worker.process).await? {
                FromWorker::Loaded(Ok(())) => {
                    if worker.ready.len() >= KEPT {
                        worker.ready.remove(0);
                    }
                    worker.ready.push(scripts.0.site);
                    return Ok(());
                }
                FromWorker::Loaded(Err(error)) => return Err(Ended::Failed(error)),
                FromWorker::Log(_) => {}
                // While a version is made ready it answers nobody.
                FromWorker::Call(_) => {
                    let message = "data is there for requests, not while a file is loaded";
                    let reply = ToWorker::Reply(Err(HostError::new("NOT_IN_A_REQUEST", message)));
                    worker.process.send(&reply).await.map_err(|_| Ended::Gone)?;
                }
                _ => return Err(Ended::Gone),
            }
        }
    }

    /// A worker: one that has the version ready, any other, or a new one.
    async fn take(self: &Arc<Self>, site: u64) -> Result<Worker, Breach> {
        let found = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            let at = idle.iter().position(|worker| worker.ready.contains(&site));
            // The emptiest else, so that the reserve is what a new app gets.
            let at = at.or_else(|| {
                let emptiest = idle.iter().enumerate().min_by_key(|(_, worker)| worker.ready.len());
                emptiest.map(|(at, _)| at)
            });
            at.map(|at| idle.swap_remove(at))
        };
        match found {
            Some(worker) => Ok(worker),
            None => {
                self.refill();
                self.start().await
            }
        }
    }

    async fn start(&self) -> Result<Worker, Breach> {
        let process = Process::start(&self.program).await;
        let process = process.map_err(|error| Breach::Unavailable(error.to_string()))?;
        Ok(Worker { process, ready: Vec::new() })
    }

    fn give_back(&self, worker: Worker) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() <= self.workers {
            idle.push(worker);
        }
    }

    /// Starts a worker in reserve.
    fn refill(self: &Arc<Self>) {
        let pool = self.clone();
        self.lifecycle.spawn(async move {
            match pool.start().await {
                Ok(worker) if !pool.lifecycle.is_stopping() => pool.give_back(worker),
                Ok(_) => {}
                Err(breach) => tracing::warn!(?breach, "could not start a worker for functions"),
            }
        });
    }

    fn app(&self, app: i64) -> Arc<App> {
        let mut apps = self.apps.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = apps.get(&app).and_then(Weak::upgrade) {
            return known;
        }
        apps.retain(|_, app| app.strong_count() > 0);
        let places = Semaphore::new(self.workers.saturating_sub(1).max(1));
        let new = Arc::new(App { places, waiting: AtomicUsize::new(0) });
        apps.insert(app, Arc::downgrade(&new));
        new
    }
}

/// How a conversation ended without an answer.
enum Ended {
    /// The script threw; the worker is well.
    Failed(super::frames::ScriptError),
    /// A budget is spent: the worker has to go.
    Breached(Breach),
    /// The worker is gone.
    Gone,
}

/// Reads frames while it watches the processor time.
struct Watch {
    cpu: Duration,
    before: Option<Duration>,
}

impl Watch {
    fn new(cpu: Duration) -> Self {
        Self { cpu, before: None }
    }

    async fn next(&mut self, process: &mut Process) -> Result<FromWorker, Ended> {
        // Most requests are answered long before the first beat.
        let first = timeout(BEAT, process.receive()).await;
        if let Ok(frame) = first {
            return frame.ok().flatten().ok_or(Ended::Gone);
        }
        let before = *self.before.get_or_insert_with(|| process.cpu().unwrap_or_default());
        let spent_already = BEAT;
        let mut beat = interval(BEAT);
        loop {
            // A frame that is half read must not be lost to the beat.
            let frame = tokio::select! {
                biased;
                frame = process.receive() => Some(frame),
                _ = beat.tick() => None,
            };
            if let Some(frame) = frame {
                return frame.ok().flatten().ok_or(Ended::Gone);
            }
            let spent = process.cpu().unwrap_or_default().saturating_sub(before) + spent_already;
            if spent >= self.cpu {
                return Err(Ended::Breached(Breach::Cpu(self.cpu)));
            }
        }
    }
}

/// One request of an app, counted while it lasts.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn enter(count: &'a AtomicUsize, most: usize) -> Option<Self> {
        let before = count.fetch_add(1, Ordering::Relaxed);
        let counted = Self(count);
        (before < most).then_some(counted)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
