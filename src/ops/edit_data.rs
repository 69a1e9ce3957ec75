//! `edit_data` on a node.

use fazt_tools::{
    Caller, Handler, Problem,
    edit_data::{EditData, Input, Output},
    query_data::Kind,
};
use serde_json::{Value, json};

use super::query_data::{collection, scope_of};
use crate::{node::Node, store::data::DataEdit};

/// Keys or documents that one call may name.
const EDITS: usize = 100;

impl Handler<EditData> for Node {
    async fn handle(&self, caller: &Caller, input: Input) -> Result<Output, Problem> {
        let scope = scope_of(input.user.as_deref())?;
        let edits = edits(&input)?;
        let edited = edits.len() as u64;
        // The ledger names what was edited; what it held is in the change's cells.
        let named: Vec<&String> = input.set.iter().flat_map(|set| set.0.keys()).collect();
        let told = json!({
            "app": input.app, "kind": input.kind, "coll": input.coll, "user": input.user,
            "set": named, "delete": input.delete,
        });
        let actor = self.actor(caller, "edit_data", told);
        match self.store.edit_data(&input.app, &scope, edits, actor).await {
            Ok(change) => Ok(Output { app: input.app, edited, change }),
            Err(error) => Err(self.refusal(error).await),
        }
    }
}

fn edits(input: &Input) -> Result<Vec<DataEdit>, Problem> {
    let set = input.set.iter().flat_map(|set| &set.0);
    let set = set.map(|(key, value)| (key.clone(), Some(value.clone())));
    let deleted = input.delete.iter().map(|key| (key.clone(), None::<Value>));
    let named: Vec<_> = set.chain(deleted).collect();
    if named.is_empty() || named.len() > EDITS {
        let rule = format!("name 1 to {EDITS} keys or documents in `set` and `delete` together");
        return Err(Problem::invalid("set", rule));
    }
    match (input.kind, &input.coll) {
        (Kind::Kv, None) => {
            Ok(named.into_iter().map(|(key, value)| DataEdit::Key { key, value }).collect())
        }
        (Kind::Kv, Some(_)) => Err(Problem::invalid("coll", "keys are in no collection")),
        (Kind::Ds, coll) => {
            let coll = collection(coll.as_ref())?;
            let each = named.into_iter();
            let each =
                each.map(|(id, document)| DataEdit::Document { coll: coll.clone(), id, document });
            Ok(each.collect())
        }
        (Kind::S3, _) => Err(Problem::invalid("kind", "edit `kv` or `ds`; objects are the app's")),
    }
}
