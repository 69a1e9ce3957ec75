//! `undo` on a node.

use fazt_tools::{
    AppName, Caller, Handler, Hold as _, Problem, Scope, Tool as _, specs,
    undo::{Input, Output, Undo},
};
use serde_json::json;

use super::storage_problem;
use crate::{
    node::Node,
    store::{Change, StoreError},
};

/// How many undos of undos are followed to what was first done.
const DEPTH: usize = 64;

impl Handler<Undo> for Node {
    async fn handle(&self, caller: &Caller, input: Input) -> Result<Output, Problem> {
        let change = self.store.change(input.change).await.map_err(|e| storage_problem(&e))?;
        let change = change.ok_or_else(|| storage_problem(&StoreError::NoChange(input.change)))?;
        match change.app.as_deref().and_then(|app| AppName::parse(app).ok()) {
            Some(app) => caller.require_app(&app)?,
            // What belongs to no app belongs to the node.
            None => caller.require(Scope::ServerAdmin, "undo of a change of the node")?,
        }
        caller.require(self.scope_of(&change).await?, "undo of this change")?;
        // What a token may not remove by itself, it may not remove by undoing.
        if change.brought && caller.approval {
            let question = format!("Undo change {}: {}?", change.id, change.summary);
            let question = std::future::ready(Ok(question));
            let done = self.hold(caller, Undo::NAME, json!(input), question).await?;
            return serde_json::from_value(done).map_err(|_| Problem::internal());
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
        self.refresh_egress().await?;
        Ok(Output { undone: input.change, change: undone.change, summary: undone.summary })
    }
}

impl Node {
    /// The scope of the tool that made a change; of an undo, that of what was
    /// undone. Whoever may not do a thing may not do it by undoing.
    async fn scope_of(&self, change: &Change) -> Result<Scope, Problem> {
        let mut change = change.clone();
        for _ in 0..DEPTH {
            if change.actor.tool != Undo::NAME {
                // Of `configure_app`, the limits alone take more than the tool does.
                if change.actor.input.get("limits").is_some() {
                    return Ok(Scope::ServerAdmin);
                }
                let made = specs().iter().find(|spec| spec.name == change.actor.tool);
                return Ok(made.map_or(Scope::ServerAdmin, |spec| spec.scope));
            }
            let undone = change.actor.input["change"].as_i64().unwrap_or_default();
            match self.store.change(undone).await.map_err(|e| storage_problem(&e))? {
                Some(undone) => change = undone,
                None => break,
            }
        }
        Ok(Scope::ServerAdmin)
    }
}
