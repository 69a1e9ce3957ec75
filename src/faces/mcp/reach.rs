//! Who carries out what a client asks for?
//!
//! At the node's own door, the node. For `fazt mcp` beside a node that runs
//! already, that node; and when it is gone, whoever can be found next, so that an
//! agent's session outlives a restart.

use std::{future::Future, pin::Pin, sync::Arc};

use arc_swap::ArcSwap;
use fazt_tools::{Caller, Code, Effect, PeerName, Problem, Spec, dispatch};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::tools::PEER;
use crate::{
    auth,
    node::Node,
    peers::{self, Peer},
    ship::Target,
};

/// Finds the node anew, or becomes it.
pub type Again = Box<
    dyn Fn() -> Pin<Box<dyn Future<Output = Result<Arc<Target>, Problem>> + Send>> + Send + Sync,
>;

/// Who carries calls out.
pub struct Reach {
    target: ArcSwap<Target>,
    /// How another is found when this one is gone, and the database whose peers count.
    again: Option<(Again, std::path::PathBuf)>,
    finding: Mutex<()>,
}

impl Reach {
    /// This very node.
    pub fn here(node: Arc<Node>) -> Self {
        let target = ArcSwap::from_pointee(Target::Node(node));
        Self { target, again: None, finding: Mutex::default() }
    }

    /// Whoever runs on the database `db`; `again` finds another when it is gone.
    pub fn local(target: Arc<Target>, db: std::path::PathBuf, again: Again) -> Self {
        let target = ArcSwap::from(target);
        Self { target, again: Some((again, db)), finding: Mutex::default() }
    }

    /// Who carries calls out now.
    pub(super) fn target(&self) -> Arc<Target> {
        self.target.load_full()
    }

    /// Has a tool carried out.
    pub(super) async fn call(
        &self,
        caller: &Caller,
        spec: &Spec,
        peer: Option<Value>,
        input: Value,
    ) -> Result<Value, Problem> {
        let Some(peer) = peer else { return self.call_here(caller, spec, input).await };
        let peer = self.peer(caller, &peer).await?;
        dispatch(&peer, caller, spec.name, input).await
    }

    /// The peer that a call names.
    pub(super) async fn peer(&self, caller: &Caller, name: &Value) -> Result<Peer, Problem> {
        let Some(Ok(name)) = name.as_str().map(PeerName::parse) else {
            return Err(Problem::invalid("peer", "give the name of a peer, such as `zyt`"));
        };
        match (&*self.target(), &self.again) {
            (Target::Node(node), _) => node.peer_for(caller, &name).await,
            (Target::Peer(_), Some((_, db))) => peers::find(db, Some(&name)),
            (Target::Peer(_), None) => Err(Problem::internal()),
        }
    }

    /// Whether a caller may still be told something.
    pub(super) async fn still_holds(&self, caller: &Caller) -> bool {
        match &*self.target() {
            Target::Node(node) => node.access.still_holds(caller).await,
            // The local user, whose rights are the key file's.
            Target::Peer(_) => true,
        }
    }

    /// Turns to the node that runs on the database now, if it is another one.
    pub(super) fn look_again(&self) {
        let (Target::Peer(known), Some((_, db))) = (&*self.target(), &self.again) else { return };
        let (Some(url), Some(token)) = (auth::announced(db), auth::local_token(db)) else { return };
        if url != known.url()
            && let Ok(peer) = Peer::new("local", &url, &token)
        {
            self.target.store(Arc::new(Target::Peer(peer)));
        }
    }

    /// Whoever carries calls out, found anew if it is gone.
    pub(super) async fn awake(&self) -> Result<Arc<Target>, Problem> {
        let target = self.target();
        match &*target {
            Target::Peer(peer) if peer.scopes().await.is_err() => self.find(&target).await,
            _ => Ok(target),
        }
    }

    /// What a person is asked before a tool removes something.
    pub(super) async fn question(
        &self,
        caller: &Caller,
        spec: &Spec,
        mut input: Map<String, Value>,
    ) -> Result<String, Problem> {
        match input.remove(PEER) {
            None => self.awake().await?.question(caller, spec.name, input.into()).await,
            Some(peer) => {
                let peer = self.peer(caller, &peer).await?;
                fazt_tools::question(&peer, caller, spec.name, input.into()).await
            }
        }
    }

    async fn call_here(
        &self,
        caller: &Caller,
        spec: &Spec,
        input: Value,
    ) -> Result<Value, Problem> {
        let target = self.target();
        let answered = target.call(caller, spec.name, input.clone()).await;
        match answered {
            Err(problem) if problem.code == Code::Unreachable => {
                let found = self.find(&target).await?;
                if spec.effect == Effect::Read || never_sent(&problem) {
                    return found.call(caller, spec.name, input).await;
                }
                Err(problem)
            }
            answered => answered,
        }
    }

    /// Finds another target, unless someone else just did.
    async fn find(&self, gone: &Arc<Target>) -> Result<Arc<Target>, Problem> {
        let Some((again, _)) = &self.again else {
            return Err(Problem::internal());
        };
        let _one_at_a_time = self.finding.lock().await;
        let now = self.target();
        if !Arc::ptr_eq(&now, gone) {
            return Ok(now);
        }
        let found = again().await?;
        self.target.store(found.clone());
        Ok(found)
    }
}

/// Whether a call that failed cannot have reached the node.
fn never_sent(problem: &Problem) -> bool {
    problem.details.get("sent").and_then(Value::as_bool) == Some(false)
}
