//! Tells clients what changed: the list of apps, or an app they watch.
//!
//! What changes is told by the node whose apps these are: directly, or, for
//! `fazt mcp` beside a running node, over that node's feed.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fazt_tools::{AppName, Caller, Scope};
use rmcp::{
    ErrorData, Peer, RoleServer, model::ResourceUpdatedNotificationParam,
    service::SubscriptionContext,
};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio_util::sync::CancellationToken;

use super::{Core, Reach};
use crate::{apps::sites::Changed, lifecycle::Lifecycle, ship::Target};

/// Changes that a client may be behind before it misses some.
const BEHIND: usize = 256;
/// How long to wait before a feed that broke is opened again.
const PAUSE: Duration = Duration::from_secs(1);

/// Where changes come from.
pub(super) struct Watch {
    changes: broadcast::Sender<Changed>,
    lifecycle: Lifecycle,
    reach: Arc<Reach>,
}

/// What one session of an older revision watches, held by that session alone.
#[derive(Default)]
pub(super) struct Watched {
    uris: Mutex<HashSet<String>>,
    over: CancellationToken,
}

impl Watched {
    /// What is watched.
    pub(super) fn uris(&self) -> MutexGuard<'_, HashSet<String>> {
        self.uris.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.over.cancel();
    }
}

impl Watch {
    /// Listens to whoever carries calls out, until `lifecycle` ends.
    pub(super) fn new(reach: &Arc<Reach>, lifecycle: Lifecycle) -> Self {
        let changes = broadcast::Sender::new(BEHIND);
        let kept = reach.clone();
        let (reach, sender, until) = (reach.clone(), changes.clone(), lifecycle.clone());
        lifecycle.spawn(async move {
            tokio::select! {
                () = follow(&reach, &sender) => {}
                () = until.stopping() => {}
            }
        });
        Self { changes, lifecycle, reach: kept }
    }

    /// What ends all listening.
    pub(super) fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// Tells a session of an older revision from now on, until it is over.
    pub(super) fn attach(&self, caller: Caller, peer: Peer<RoleServer>, watched: &Arc<Watched>) {
        let mut changes = self.changes.subscribe();
        let (until, reach) = (self.lifecycle.clone(), self.reach.clone());
        let over = watched.over.clone();
        // The next change may be days away, and holding on would keep it from ending.
        let watched = Arc::downgrade(watched);
        self.lifecycle.spawn(async move {
            loop {
                let changed = tokio::select! {
                    changed = changes.recv() => changed,
                    () = over.cancelled() => break,
                    () = until.stopping() => break,
                };
                let Some(watched) = watched.upgrade() else { break };
                // It may have been revoked since the session began.
                if !reach.still_holds(&caller).await {
                    break;
                }
                let told = match changed {
                    Ok(changed) => tell_session(&caller, &peer, &watched, &changed).await,
                    Err(RecvError::Lagged(_)) => peer.notify_resource_list_changed().await.is_ok(),
                    Err(RecvError::Closed) => break,
                };
                if !told || peer.is_transport_closed() {
                    break;
                }
            }
        });
    }
}

/// Tells one change to a session; false when the session is gone.
async fn tell_session(
    caller: &Caller,
    peer: &Peer<RoleServer>,
    watched: &Watched,
    changed: &Changed,
) -> bool {
    if !may_know(caller, changed) {
        return true;
    }
    if changed.listed && peer.notify_resource_list_changed().await.is_err() {
        return false;
    }
    let uris: Vec<_> = {
        let watched = watched.uris();
        watched.iter().filter(|uri| is_about(uri, changed)).cloned().collect()
    };
    for uri in uris {
        let updated = ResourceUpdatedNotificationParam::new(uri);
        if peer.notify_resource_updated(updated).await.is_err() {
            return false;
        }
    }
    true
}

/// Carries out one subscription of the newer revisions.
pub(super) async fn listen(
    core: &Core,
    caller: &Caller,
    context: SubscriptionContext,
) -> Result<(), ErrorData> {
    let mut changes = core.watch.changes.subscribe();
    let accepted = context.accepted().clone();
    let lists = accepted.resources_list_changed == Some(true);
    let watched = accepted.resource_subscriptions.unwrap_or_default();
    let sink = context.sink();
    loop {
        let changed = tokio::select! {
            changed = changes.recv() => changed,
            () = context.cancelled() => return Ok(()),
            () = core.watch.lifecycle.stopping() => return Ok(()),
        };
        // It may have been revoked since the stream began.
        if !core.reach.still_holds(caller).await {
            return Ok(());
        }
        let changed = match changed {
            Ok(changed) => changed,
            Err(RecvError::Lagged(_)) => {
                // What was missed is unknown: everything may be another.
                if lists && sink.notify_resource_list_changed().await.is_err() {
                    return Ok(());
                }
                for uri in &watched {
                    if sink.notify_resource_updated(uri.clone()).await.is_err() {
                        return Ok(());
                    }
                }
                continue;
            }
            Err(RecvError::Closed) => return Ok(()),
        };
        if !may_know(caller, &changed) {
            continue;
        }
        if changed.listed && lists && sink.notify_resource_list_changed().await.is_err() {
            return Ok(());
        }
        for uri in watched.iter().filter(|uri| is_about(uri, &changed)) {
            if sink.notify_resource_updated(uri.clone()).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// Whether a caller may hear of an app.
fn may_know(caller: &Caller, changed: &Changed) -> bool {
    let app = AppName::parse(&changed.app);
    caller.scopes.has(Scope::AppsRead) && app.is_ok_and(|app| caller.may_touch(&app))
}

/// Whether a resource may ever show something else.
pub(super) fn can_change(uri: &str) -> bool {
    // Longer than any name of an app with the longest path in it.
    uri.len() <= 4_096
        && uri
            .strip_prefix("fazt://apps")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a resource shows what changed.
fn is_about(uri: &str, changed: &Changed) -> bool {
    let Some(path) = uri.strip_prefix("fazt://apps") else { return false };
    if path.is_empty() {
        return !changed.logged;
    }
    let Some(rest) = path.strip_prefix('/') else { return false };
    let (app, within) = rest.split_once('/').unwrap_or((rest, ""));
    app == changed.app && (within == "logs") == changed.logged
}

/// Passes on the changes of whoever carries calls out, whoever that becomes.
async fn follow(reach: &Reach, sender: &broadcast::Sender<Changed>) {
    loop {
        match &*reach.target() {
            Target::Node(node) => {
                let mut changes = node.sites.changes();
                loop {
                    match changes.recv().await {
                        Ok(changed) => drop(sender.send(changed)),
                        Err(RecvError::Lagged(_)) => {}
                        Err(RecvError::Closed) => break,
                    }
                }
            }
            Target::Peer(peer) => {
                let _ = peer.changes(&|changed| drop(sender.send(changed))).await;
            }
        }
        tokio::time::sleep(PAUSE).await;
        reach.look_again();
    }
}
