//! Runs what scripts leave for later: promises at once, timers when they are due.
//!
//! Promises go before timers, as everywhere else; a flood of them ends by the
//! node's clock, which kills the process. A job that fails does not stop the rest.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    rc::Rc,
    time::{Duration, Instant},
};

use boa_engine::{
    Context, JsResult,
    job::{GenericJob, IntervalJob, Job, JobExecutor, NativeAsyncJob, PromiseJob, TimeoutJob},
};

use super::{link::Link, memory};
use crate::runtime::frames::{Call, FromWorker, WAIT};

/// Shorter waits are slept through; of others the node is told.
const NAP: Duration = Duration::from_millis(2);

/// The queue of one version.
pub(super) struct Jobs {
    link: Rc<Link>,
    promises: RefCell<VecDeque<PromiseJob>>,
    others: RefCell<VecDeque<GenericJob>>,
    /// Loads of modules, which are done when they are begun.
    loads: RefCell<VecDeque<NativeAsyncJob>>,
    /// By when they are due, in the order they were set.
    timers: RefCell<BTreeMap<(Instant, u64), Timer>>,
    set: Cell<u64>,
}

enum Timer {
    Once(TimeoutJob),
    Every(IntervalJob),
}

impl Jobs {
    pub(super) fn new(link: Rc<Link>) -> Self {
        Self {
            link,
            promises: RefCell::default(),
            others: RefCell::default(),
            loads: RefCell::default(),
            timers: RefCell::default(),
            set: Cell::new(0),
        }
    }

    /// Runs until `done` or nothing is left that could change it: true in the
    /// first case.
    pub(super) fn run_until(&self, context: &mut Context, mut done: impl FnMut() -> bool) -> bool {
        loop {
            self.run_ready(context);
            if done() {
                return true;
            }
            let Some(due) = self.next_timer() else { return false };
            #[expect(clippy::disallowed_methods, reason = "timers of scripts run in real time")]
            let now = Instant::now();
            if due > now {
                self.wait(due - now);
            }
            self.run_timer(context);
        }
    }

    /// Waits. The node gives this worker's place to another meanwhile.
    fn wait(&self, time: Duration) {
        if time < NAP {
            std::thread::sleep(time);
            return;
        }
        let call = Call {
            api: WAIT.to_owned(),
            arguments: time.as_millis().to_string(),
            bytes: Vec::new(),
        };
        // A node that is gone takes this process along.
        let _ = self.link.ask(&FromWorker::Call(call));
    }

    /// Runs what `work` leaves for later and nothing else; what waited before waits on.
    pub(super) fn apart<T>(
        &self,
        context: &mut Context,
        work: impl FnOnce(&Self, &mut Context) -> T,
    ) -> T {
        let promises = self.promises.take();
        let others = self.others.take();
        let timers = self.timers.take();
        let done = work(self, context);
        self.promises.borrow_mut().extend(promises);
        self.others.borrow_mut().extend(others);
        self.timers.borrow_mut().extend(timers);
        done
    }

    /// Forgets what a request left behind.
    pub(super) fn forget(&self) {
        self.timers.take();
        self.promises.take();
        self.others.take();
        self.loads.take();
    }

    /// Runs what can be run at once.
    pub(super) fn run_ready(&self, context: &mut Context) {
        loop {
            let load = self.loads.borrow_mut().pop_front();
            if let Some(load) = load {
                let shared = RefCell::new(&mut *context);
                let mut load = load.call(&shared);
                let mut nobody = std::task::Context::from_waker(std::task::Waker::noop());
                let _ = std::pin::Pin::new(&mut load).poll(&mut nobody);
                continue;
            }
            let promise = self.promises.borrow_mut().pop_front();
            if let Some(promise) = promise {
                // What a promise throws is kept by the promise it belongs to.
                let _ = promise.call(context);
                memory::gather_if_grown();
                continue;
            }
            let other = self.others.borrow_mut().pop_front();
            let Some(other) = other else { break };
            let _ = other.call(context);
        }
        context.clear_kept_objects();
    }

    pub(super) fn next_timer(&self) -> Option<Instant> {
        let mut timers = self.timers.borrow_mut();
        timers.retain(|_, timer| match timer {
            Timer::Once(job) => !job.cancelled(),
            Timer::Every(job) => !job.cancelled(),
        });
        timers.first_key_value().map(|((due, _), _)| *due)
    }

    fn run_timer(&self, context: &mut Context) {
        let first = self.timers.borrow_mut().pop_first();
        match first {
            Some((_, Timer::Once(job))) => {
                let _ = job.call(context);
            }
            Some((_, Timer::Every(job))) => {
                let _ = job.call(context);
                let after = Duration::from(job.interval()).max(Duration::from_millis(1));
                self.set_timer(after, Timer::Every(job));
            }
            None => {}
        }
    }

    #[expect(clippy::disallowed_methods, reason = "timers of scripts run in real time")]
    fn set_timer(&self, after: Duration, timer: Timer) {
        let number = self.set.get();
        self.set.set(number + 1);
        self.timers.borrow_mut().insert((Instant::now() + after, number), timer);
    }
}

impl JobExecutor for Jobs {
    fn enqueue_job(self: Rc<Self>, job: Job, _: &mut Context) {
        match job {
            Job::PromiseJob(job) => self.promises.borrow_mut().push_back(job),
            Job::GenericJob(job) => self.others.borrow_mut().push_back(job),
            Job::TimeoutJob(job) => {
                self.set_timer(Duration::from(job.timeout()), Timer::Once(job));
            }
            Job::IntervalJob(job) => {
                self.set_timer(Duration::from(job.interval()), Timer::Every(job));
            }
            Job::AsyncJob(job) => self.loads.borrow_mut().push_back(job),
            // Nothing else here is asynchronous in the engine's own way.
            _ => {}
        }
    }

    fn run_jobs(self: Rc<Self>, context: &mut Context) -> JsResult<()> {
        self.run_ready(context);
        Ok(())
    }
}
