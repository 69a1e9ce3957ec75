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
    job::{GenericJob, IntervalJob, Job, JobExecutor, PromiseJob, TimeoutJob},
};

/// The queue of one version.
#[derive(Default)]
pub(super) struct Jobs {
    promises: RefCell<VecDeque<PromiseJob>>,
    others: RefCell<VecDeque<GenericJob>>,
    /// By when they are due, in the order they were set.
    timers: RefCell<BTreeMap<(Instant, u64), Timer>>,
    set: Cell<u64>,
}

enum Timer {
    Once(TimeoutJob),
    Every(IntervalJob),
}

impl Jobs {
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
                std::thread::sleep(due - now);
            }
            self.run_timer(context);
        }
    }

    /// Forgets the timers that a request left behind.
    pub(super) fn forget_timers(&self) {
        self.timers.borrow_mut().clear();
    }

    fn run_ready(&self, context: &mut Context) {
        loop {
            let promise = self.promises.borrow_mut().pop_front();
            if let Some(promise) = promise {
                // What a promise throws is kept by the promise it belongs to.
                let _ = promise.call(context);
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
            // Nothing here is asynchronous in the engine's own way.
            _ => {}
        }
    }

    fn run_jobs(self: Rc<Self>, context: &mut Context) -> JsResult<()> {
        self.run_ready(context);
        Ok(())
    }
}
