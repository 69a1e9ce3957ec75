//! `list_peers` on a node: the table, and how each peer is just now.

use std::time::Duration;

use fazt_tools::{
    Caller, Face, Handler, Problem,
    list_peers::{Input, ListPeers, Output, Peer as Shown},
    status::Status,
};
use futures_util::future::join_all;

use super::storage_problem;
use crate::{node::Node, store};

/// How long a peer may take to answer before it counts as silent.
const PATIENCE: Duration = Duration::from_secs(3);

impl Handler<ListPeers> for Node {
    async fn handle(&self, _: &Caller, _: Input) -> Result<Output, Problem> {
        let peers = self.store.peers().await.map_err(|e| storage_problem(&e))?;
        let peers = join_all(peers.into_iter().map(|peer| self.look_at(peer))).await;
        Ok(Output { total: peers.len() as u64, peers })
    }
}

impl Node {
    async fn look_at(&self, peer: store::Peer) -> Shown {
        let asked = async {
            let there = self.peer_of(&peer)?;
            let input = fazt_tools::status::Input {};
            Handler::<Status>::handle(&there, &Caller::owner(Face::Node), input).await
        };
        let (health, version, seen_at) = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(status)) => {
                let now = self.clock.now();
                if let Err(error) = self.store.peer_seen(&peer.name, &status.version, now).await {
                    tracing::warn!(%error, peer = %peer.name, "could not note that a peer answered");
                }
                (status.status, Some(status.version), Some(now))
            }
            Ok(Err(problem)) => (problem.message, peer.version, peer.seen_at),
            Err(_) => ("no answer within 3 s".to_owned(), peer.version, peer.seen_at),
        };
        Shown {
            name: peer.name,
            url: peer.row.url,
            default: peer.default,
            health,
            version,
            seen_at,
        }
    }
}
