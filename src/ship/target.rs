//! Who carries a call out: a node of this process, or one behind an address.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use fazt_tools::{Caller, Problem, deploy, dispatch, question};
use serde_json::Value;

use crate::{node::Node, peers::Peer};

/// Who carries a call out.
pub enum Target {
    /// This process.
    Node(Arc<Node>),
    /// Another one.
    Peer(Peer),
}

impl Target {
    /// Carries out a tool.
    pub async fn call(&self, caller: &Caller, name: &str, input: Value) -> Result<Value, Problem> {
        match self {
            Self::Node(node) => {
                let (here, caller, name) = (node.clone(), caller.clone(), name.to_owned());
                to_the_end(node, async move { dispatch(&*here, &caller, &name, input).await }).await
            }
            Self::Peer(peer) => dispatch(peer, caller, name, input).await,
        }
    }

    /// What a person is asked before a tool is carried out.
    pub async fn question(
        &self,
        caller: &Caller,
        name: &str,
        input: Value,
    ) -> Result<String, Problem> {
        match self {
            Self::Node(node) => question(&**node, caller, name, input).await,
            Self::Peer(peer) => question(peer, caller, name, input).await,
        }
    }

    /// Whether what is sent stays on this machine.
    pub fn is_near(&self) -> bool {
        match self {
            Self::Node(_) => true,
            Self::Peer(peer) => peer.is_loopback(),
        }
    }

    /// Stores the files of a bundle.
    pub async fn send_bundle(
        &self,
        bundle: Bytes,
        sent: &(dyn Fn(u64) + Sync),
    ) -> Result<(), Problem> {
        match self {
            Self::Node(node) => {
                let length = bundle.len() as u64;
                node.receive_bundle(bundle).await?;
                sent(length);
                Ok(())
            }
            Self::Peer(peer) => peer.send_bundle(bundle, sent).await,
        }
    }

    /// Stores one large file.
    pub async fn send_file(
        &self,
        hash: [u8; 32],
        file: &Path,
        length: u64,
        sent: &(dyn Fn(u64) + Sync),
    ) -> Result<(), Problem> {
        match self {
            Self::Node(node) => {
                node.receive_file(hash, file).await?;
                sent(length);
                Ok(())
            }
            Self::Peer(peer) => peer.send_file(hash, file, sent).await,
        }
    }

    /// Deploys a bundle that names the app and carries the files it lacks.
    pub async fn deploy_bundle(
        &self,
        caller: &Caller,
        bundle: Bytes,
        sent: &(dyn Fn(u64) + Sync),
    ) -> Result<deploy::Output, Problem> {
        match self {
            Self::Node(node) => {
                let (here, caller) = (node.clone(), caller.clone());
                to_the_end(node, async move { here.deploy_bundle(&caller, bundle).await }).await
            }
            Self::Peer(peer) => peer.deploy_bundle(caller, bundle, sent).await,
        }
    }

    /// Lets go of the database, if this process holds it.
    pub async fn close(&self) {
        if let Self::Node(node) = self {
            node.close().await;
        }
    }
}

/// A change is not cut in two because whoever asked for it goes away.
async fn to_the_end<T: Send + 'static>(
    node: &Node,
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    node.lifecycle.finish(work).await.unwrap_or_else(|| Err(Problem::internal()))
}
