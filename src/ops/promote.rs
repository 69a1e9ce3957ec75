//! `promote` on a node.

use fazt_tools::{
    Caller, Handler, Problem,
    promote::{Input, Output, Promote},
};
use serde_json::json;

use crate::node::Node;

impl Handler<Promote> for Node {
    async fn handle(&self, caller: &Caller, input: Input) -> Result<Output, Problem> {
        let actor =
            self.actor(caller, "promote", json!({ "app": input.app, "version": input.version }));
        let done = match self.store.promote(&input.app, input.version, actor).await {
            Ok(done) => done,
            Err(error) => return Err(self.refusal(error).await),
        };
        self.refresh(done.app).await?;
        Ok(Output {
            url: self.url(input.app.as_str()),
            app: input.app,
            version: done.version,
            previous: done.previous,
            unchanged: done.change.is_none(),
            change: done.change,
        })
    }
}
