//! Tasks that are tracked, so that a node can stop without leaving any behind.
//!
//! Every task of the node is spawned here. A drain tells them to stop and waits
//! for them, up to a limit; what is still running then is dropped with the
//! runtime.

use std::{future::Future, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long a drain waits for requests in flight.
pub const DRAIN: Duration = Duration::from_secs(10);

/// The tasks of a node, and the word to stop.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Lifecycle {
    /// Runs `task` until it ends by itself; it should watch
    /// [`Lifecycle::stopping`] if that may take long.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        tokio::spawn(self.tasks.track_future(task));
    }

    /// Runs `task` to its end even if the caller goes away meanwhile, as a
    /// client does that hangs up; `None` if it ended in a panic.
    ///
    /// What changes the node must not be cut in two: a version that is stored
    /// and live in the database has to be made live in memory too.
    pub async fn finish<T, F>(&self, task: F) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (answer, answered) = tokio::sync::oneshot::channel();
        self.spawn(async move {
            let _ = answer.send(task.await);
        });
        answered.await.ok()
    }

    /// Tells every task to stop.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Whether the word to stop was given.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// The word to stop, for code that wants it as a token.
    pub fn token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Ends once the word to stop is given.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Tells every task to stop and waits for them; false when some were still
    /// running after `limit`.
    pub async fn drain(&self, limit: Duration) -> bool {
        self.stop();
        self.tasks.close();
        tokio::time::timeout(limit, self.tasks.wait()).await.is_ok()
    }
}

/// Listens from now on for the process being asked to stop: SIGTERM, SIGINT, or
/// Ctrl-C. What is answered ends when it is.
pub fn asked_to_stop() -> impl Future<Output = ()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
        async move {
            let (Ok(mut term), Ok(mut int)) = signals else {
                return std::future::pending().await;
            };
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
        }
    }
    #[cfg(not(unix))]
    async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
