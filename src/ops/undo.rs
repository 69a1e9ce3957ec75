//! `undo` on a node.

use fazt_tools::{
    AppName, Caller, Handler, Problem, Scope,
    undo::{Input, Output, Undo},
};
use serde_json::json;

use super::storage_problem;
use crate::{node::Node, store::StoreError};

impl Handler<Undo> for Node {
    async fn handle(&self, caller: &Caller, input: Input) -> Result<Output, Problem> {
        let change = self.store.change(input.change).await.map_err(|e| storage_problem(&e))?;
        let change = change.ok_or_else(|| storage_problem(&StoreError::NoChange(input.change)))?;
        match change.app.as_deref().and_then(|app| AppName::parse(app).ok()) {
            Some(app) => caller.require_app(&app)?,
            // What belongs to no app belongs to the node.
            None => caller.require(Scope::ServerAdmin, "undo of a change of the node")?,
        }
        let actor =
            self.actor(caller, "undo", json!({ "change": input.change, "force": input.force }));
        let undone = self.store.undo(input.change, input.force, actor).await;
        let undone = undone.map_err(|e| storage_problem(&e))?;
        for app in undone.apps {
            self.refresh(app).await?;
        }
        if undone.aliases {
            self.sites.refresh_aliases().await.map_err(|e| storage_problem(&e))?;
        }
        Ok(Output { undone: input.change, change: undone.change, summary: undone.summary })
    }
}
