//! Sessions of the older revisions, kept in the store.
//!
//! A session is no credential: it belongs to the caller that began it, and a
//! request by anybody else is answered as if there were none.

use std::sync::Arc;

use async_trait::async_trait;
use rmcp::transport::streamable_http_server::session::{
    SessionState, SessionStore, SessionStoreError,
};

use crate::{
    node::Node,
    store::{Hash, McpSession},
};

tokio::task_local! {
    /// Who sent the request that is being answered.
    pub(super) static ASKING: String;
}

/// The store's sessions, as rmcp wants them.
pub(super) struct Stored(pub(super) Arc<Node>);

#[async_trait]
impl SessionStore for Stored {
    async fn load(&self, id: &str) -> Result<Option<SessionState>, SessionStoreError> {
        let Some(found) = self.0.store.mcp_session(&Hash::of(id.as_bytes())).await? else {
            return Ok(None);
        };
        // The layer has compared the caller already; this is for whoever forgets it.
        if ASKING.try_with(|asking| *asking != found.caller).unwrap_or(true) {
            return Ok(None);
        }
        Ok(serde_json::from_str(&found.state).ok())
    }

    async fn store(&self, id: &str, state: &SessionState) -> Result<(), SessionStoreError> {
        let session = McpSession {
            hash: Hash::of(id.as_bytes()),
            caller: ASKING.try_with(Clone::clone).unwrap_or_default(),
            state: serde_json::to_string(state)?,
        };
        Ok(self.0.store.put_mcp_session(session, self.0.clock.now()).await?)
    }

    async fn delete(&self, id: &str) -> Result<(), SessionStoreError> {
        Ok(self.0.store.end_mcp_session(&Hash::of(id.as_bytes())).await?)
    }
}

/// Whether a session is a caller's own.
pub(super) async fn belongs(node: &Node, id: &str, caller: &str) -> bool {
    let found = node.store.mcp_session(&Hash::of(id.as_bytes())).await;
    found.is_ok_and(|found| found.is_some_and(|found| found.caller == caller))
}
