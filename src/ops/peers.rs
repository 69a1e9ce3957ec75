//! `add_peer`, `remove_peer` and `set_default_peer` on a node.

use fazt_tools::{
    Caller, Code, Face, Handler, PeerName, Problem,
    peers::{
        AddInput, AddOutput, AddPeer, DefaultInput, PeerOutput, RemoveInput, RemovePeer,
        SetDefaultPeer,
    },
    status::Status,
};
use serde_json::json;

use super::storage_problem;
use crate::{
    node::Node,
    peers::{Peer, sealed_as},
    store::{self, PeerRow, StoreError},
};

impl Handler<AddPeer> for Node {
    async fn handle(&self, caller: &Caller, input: AddInput) -> Result<AddOutput, Problem> {
        let there = Peer::new(input.name.as_str(), &input.url, &input.token)?;
        let scopes = there.scopes().await?;
        let status = fazt_tools::status::Input {};
        let status = Handler::<Status>::handle(&there, &Caller::owner(Face::Node), status).await?;
        let url = there.url().to_owned();
        let token = self.access.key().seal(&input.token, &sealed_as(&input.name));
        let redacted = json!({ "name": input.name, "url": url });
        let actor = self.actor(caller, "add_peer", redacted);
        let row = PeerRow { url: url.clone(), token };
        let failed = |e| storage_problem(&e);
        let change = self.store.set_peer(&input.name, Some(row), actor).await.map_err(failed)?;
        let now = self.clock.now();
        self.store.peer_seen(&input.name, &status.version, now).await.map_err(failed)?;
        let peers = self.store.peers().await.map_err(failed)?;
        let default = peers.iter().any(|peer| peer.name == input.name && peer.default);
        Ok(AddOutput { name: input.name, url, version: status.version, scopes, default, change })
    }
}

impl Handler<RemovePeer> for Node {
    async fn handle(&self, caller: &Caller, input: RemoveInput) -> Result<PeerOutput, Problem> {
        let actor = self.actor(caller, "remove_peer", json!(input));
        let done = self.store.set_peer(&input.name, None, actor).await;
        match done {
            Ok(change) => Ok(PeerOutput { name: input.name, change }),
            Err(error) => Err(self.peer_refusal(&input.name, &error).await),
        }
    }

    async fn question(&self, _: &Caller, input: &RemoveInput) -> Result<String, Problem> {
        let peers = self.store.peers().await.map_err(|e| storage_problem(&e))?;
        let Some(peer) = peers.iter().find(|peer| peer.name == input.name) else {
            let missing = StoreError::NoSuch { kind: "peer", name: input.name.to_string() };
            return Err(self.peer_refusal(&input.name, &missing).await);
        };
        Ok(format!(
            "Forget the peer @{} at {}? The node there is not touched; `undo` brings it back.",
            peer.name, peer.row.url
        ))
    }
}

impl Handler<SetDefaultPeer> for Node {
    async fn handle(&self, caller: &Caller, input: DefaultInput) -> Result<PeerOutput, Problem> {
        let actor = self.actor(caller, "set_default_peer", json!(input));
        match self.store.set_default_peer(&input.name, actor).await {
            Ok(change) => Ok(PeerOutput { name: input.name, change }),
            Err(error) => Err(self.peer_refusal(&input.name, &error).await),
        }
    }
}

impl Node {
    /// The peer of that name, ready to be called.
    pub async fn peer(&self, name: &PeerName) -> Result<Peer, Problem> {
        let peers = self.store.peers().await.map_err(|e| storage_problem(&e))?;
        if let Some(peer) = peers.iter().find(|peer| peer.name == *name) {
            return self.peer_of(peer);
        }
        let missing = StoreError::NoSuch { kind: "peer", name: name.to_string() };
        Err(self.peer_refusal(name, &missing).await)
    }

    /// The same for a caller, who must not be limited to some apps: that says
    /// nothing about a peer's apps.
    pub async fn peer_for(&self, caller: &Caller, name: &PeerName) -> Result<Peer, Problem> {
        if caller.apps.is_some() {
            return Err(Problem::new(
                Code::Forbidden,
                "a token limited to some apps cannot use peers",
            )
            .hint("leave `peer` out, or use a token made without `--app`"));
        }
        self.peer(name).await
    }

    pub(super) fn peer_of(&self, peer: &store::Peer) -> Result<Peer, Problem> {
        let token = self.access.key().open(&peer.row.token, &sealed_as(&peer.name));
        let token = token.ok_or_else(|| {
            Problem::new(
                Code::PeerFailed,
                format!("the token of @{} cannot be read with this node's key", peer.name),
            )
            .hint(format!(
                "add the peer again: `fazt remote add {} --url {}`",
                peer.name, peer.row.url
            ))
        })?;
        Peer::new(peer.name.as_str(), &peer.row.url, &token)
    }

    async fn peer_refusal(&self, name: &PeerName, error: &StoreError) -> Problem {
        if !matches!(error, StoreError::NoSuch { .. }) {
            return storage_problem(error);
        }
        let peers = self.store.peers().await.unwrap_or_default();
        let known = peers.iter().map(|peer| peer.name.as_str());
        let problem = Problem::missing(Code::PeerNotFound, "peer", name.as_str(), known);
        if problem.hint.is_some() { problem } else { problem.hint("`fazt remote list` lists them") }
    }
}
