//! `delete_app` on a node.

use fazt_tools::{
    Caller, Handler, Problem,
    delete_app::{DeleteApp, Input, Output},
};
use serde_json::json;

use crate::node::{Node, TRASH_LIFE};

impl Handler<DeleteApp> for Node {
    async fn handle(&self, caller: &Caller, input: Input) -> Result<Output, Problem> {
        let actor = self.actor(caller, "delete_app", json!({ "app": input.app }));
        let kept_until = actor.at + TRASH_LIFE;
        let done = match self.store.trash(&input.app, actor).await {
            Ok(done) => done,
            Err(error) => return Err(self.refusal(error).await),
        };
        self.refresh(done.app).await?;
        Ok(Output { app: input.app, versions: done.versions, kept_until, change: done.change })
    }
}
