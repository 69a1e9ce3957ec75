//! `delete_app` on a node.

use fazt_tools::{
    Caller, Handler, Problem,
    delete_app::{DeleteApp, Input, Output},
    view::count,
};
use serde_json::json;

use super::{leads_to, storage_problem};
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

    async fn question(&self, caller: &Caller, input: &Input) -> Result<String, Problem> {
        let app = self.find_app(&input.app).await?;
        let failed = |e| storage_problem(&e);
        let versions = self.store.versions(app.id).await.map_err(failed)?;
        let live = versions.iter().find(|version| Some(version.version) == app.live);
        let aliases = self.store.aliases().await.map_err(failed)?;
        let aliases: Vec<&str> = aliases
            .iter()
            .filter(|alias| leads_to(alias, &app.name, caller))
            .map(|alias| alias.name.as_str())
            .collect();
        let (requests, _) = self.store.traffic(app.id, self.a_day_ago()).await.map_err(failed)?;
        let requests = requests + self.sites.counts(app.id).0;
        let mut has = vec![
            count(versions.len() as u64, "version"),
            count(live.map_or(0, |version| version.files), "file"),
        ];
        match aliases.len() {
            0 => {}
            1 => has.push(format!("1 alias ({})", aliases[0])),
            n => has.push(format!("{n} aliases ({})", aliases.join(", "))),
        }
        has.push(format!("{} in the last 24 hours", count(requests, "request")));
        Ok(format!(
            "Move `{}` to the trash? It has {}. `undo` restores all of it for {} days.",
            app.name,
            has.join(", "),
            TRASH_LIFE.as_hours() / 24
        ))
    }
}
