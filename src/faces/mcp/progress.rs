//! Tells a client how far a call is, if the client asked to be told.

use std::sync::atomic::{AtomicU64, Ordering};

use rmcp::{
    Peer, RoleServer,
    model::{ProgressNotificationParam, ProgressToken},
    service::RequestContext,
};

/// Tells one call's progress.
pub(super) struct Teller {
    peer: Peer<RoleServer>,
    token: Option<ProgressToken>,
    /// What was told last: a client may count on numbers that grow.
    told: AtomicU64,
}

impl Teller {
    /// The teller of a request.
    pub(super) fn of(context: &RequestContext<RoleServer>) -> Self {
        let token = context.meta.get_progress_token();
        Self { peer: context.peer.clone(), token, told: AtomicU64::new(0) }
    }

    /// Whether anyone listens.
    pub(super) fn is_heard(&self) -> bool {
        self.token.is_some()
    }

    /// Tells that `done` of `total` is done.
    pub(super) async fn tell(&self, done: u64, total: Option<u64>, message: &str) {
        let Some(token) = &self.token else { return };
        let before = self.told.fetch_max(done, Ordering::Relaxed);
        if done > 0 && done <= before {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "bytes of an upload, told in steps")]
        let number = |count: u64| count as f64;
        let mut step =
            ProgressNotificationParam::new(token.clone(), number(done)).with_message(message);
        step.total = total.map(number);
        // A client that is gone will have its call cancelled.
        let _ = self.peer.notify_progress(step).await;
    }
}
