//! `list_changes` on a node.

use fazt_tools::{
    AppName, Caller, Handler, Problem,
    list_changes::{Change, Input, ListChanges, Output},
};

use super::{among, cursor_of, page, read_cursor, storage_problem};
use crate::{node::Node, store::ChangeQuery};

impl Handler<ListChanges> for Node {
    async fn handle(&self, caller: &Caller, input: Input) -> Result<Output, Problem> {
        let limit = page(input.limit)?;
        let before = match read_cursor(input.cursor.as_deref())? {
            None => None,
            Some(key) => {
                let id = key.parse().map_err(|_| Problem::invalid("cursor", "it is damaged"))?;
                Some(id)
            }
        };
        let query = ChangeQuery { app: input.app, among: among(caller), before, limit: limit + 1 };
        let (mut found, total) =
            self.store.changes(query).await.map_err(|e| storage_problem(&e))?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let cursor = found.last().filter(|_| more).map(|last| cursor_of(&last.id.to_string()));
        let changes = found
            .into_iter()
            .map(|change| Change {
                id: change.id,
                at: change.actor.at,
                caller: change.actor.caller,
                face: change.actor.face,
                client: change.actor.client,
                tool: change.actor.tool,
                app: change.app.and_then(|app| AppName::parse(&app).ok()),
                summary: change.summary,
                input: change.actor.input,
                undoable: change.undoable,
                undone_by: change.undone_by,
            })
            .collect();
        Ok(Output { changes, total, cursor })
    }
}
