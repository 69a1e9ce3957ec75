//! `plan_deploy` on a node.

use std::collections::HashMap;

use fazt_tools::{
    Caller, Handler, Problem,
    plan_deploy::{Input, Output, PlanDeploy},
};

use super::storage_problem;
use crate::{node::Node, store::Hash};

impl Handler<PlanDeploy> for Node {
    async fn handle(&self, _: &Caller, input: Input) -> Result<Output, Problem> {
        let mut sizes = HashMap::with_capacity(input.tree.len());
        let mut wanted = HashMap::with_capacity(input.tree.len());
        for file in &input.tree {
            let hash: Hash =
                file.hash.parse().map_err(|rule: String| Problem::invalid("tree", rule))?;
            sizes.insert(hash, file.size);
            wanted.insert(file.path.as_str(), hash);
        }
        let hashes: Vec<Hash> = sizes.keys().copied().collect();
        let missing = self.store.missing(&hashes).await.map_err(|e| storage_problem(&e))?;
        let app = match &input.app {
            Some(app) => self.store.app(app).await.map_err(|e| storage_problem(&e))?,
            None => None,
        };
        let live = app.as_ref().and_then(|app| Some((app.id, app.live?)));
        let files = match live {
            Some((app, version)) => {
                self.store.files(app, version).await.map_err(|e| storage_problem(&e))?
            }
            None => None,
        };
        let (mut added, mut changed, mut removed) = (wanted.len() as u64, 0, 0);
        for file in files.iter().flatten() {
            match wanted.get(file.path.as_str()) {
                Some(hash) => {
                    added -= 1;
                    changed += u64::from(*hash != file.blob.hash);
                }
                None => removed += 1,
            }
        }
        Ok(Output {
            // Sizes are the caller's word.
            missing_bytes: missing.iter().fold(0, |sum, hash| sizes[hash].saturating_add(sum)),
            missing: missing.iter().map(ToString::to_string).collect(),
            live: live.map(|(_, version)| version),
            unchanged: live.is_some() && added + changed + removed == 0,
            added,
            changed,
            removed,
        })
    }
}
