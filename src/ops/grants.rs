//! `list_grants` and `revoke_grant` on a node.

use fazt_tools::{
    Caller, Code, Handler, Problem,
    grants::{Grant, ListGrants, ListInput, ListOutput, RevokeGrant, RevokeInput, RevokeOutput},
    view,
};
use serde_json::json;

use super::storage_problem;
use crate::node::Node;

impl Handler<ListGrants> for Node {
    async fn handle(&self, _: &Caller, _: ListInput) -> Result<ListOutput, Problem> {
        let grants = self.store.grants(self.clock.now()).await.map_err(|e| storage_problem(&e))?;
        let grants: Vec<Grant> = grants
            .into_iter()
            .map(|found| Grant {
                grant: found.id,
                name: found.grant.client_name,
                client: found.grant.client,
                resource: found.grant.resource,
                scopes: found.grant.scopes.iter().collect(),
                apps: found.grant.apps,
                created_at: found.created_at,
                expires_at: found.expires_at,
                used_at: found.used_at,
            })
            .collect();
        Ok(ListOutput { total: grants.len() as u64, grants })
    }
}

impl Handler<RevokeGrant> for Node {
    async fn handle(&self, caller: &Caller, input: RevokeInput) -> Result<RevokeOutput, Problem> {
        let actor = self.actor(caller, "revoke_grant", json!(input));
        let change = self.store.revoke_grant(input.grant, actor).await;
        let change =
            change.map_err(|e| storage_problem(&e).hint("`fazt grant list` lists them"))?;
        Ok(RevokeOutput { grant: input.grant, change })
    }

    async fn question(&self, _: &Caller, input: &RevokeInput) -> Result<String, Problem> {
        let grants = self.store.grants(self.clock.now()).await.map_err(|e| storage_problem(&e))?;
        let Some(found) = grants.iter().find(|found| found.id == input.grant) else {
            let what = format!("there is no grant {}", input.grant);
            return Err(Problem::new(Code::NotFound, what).hint("`fazt grant list` lists them"));
        };
        let used = match found.used_at {
            Some(at) => format!("it was last used on {} UTC", view::moment(at)),
            None => "it was never used".to_owned(),
        };
        let name = &found.grant.client_name;
        Ok(format!("Take back what was granted to `{name}`? It has to ask again; {used}."))
    }
}
