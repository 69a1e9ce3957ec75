//! `list_apps` on a node.

use fazt_tools::{
    Caller, Handler, Problem,
    list_apps::{self, Input, ListApps, Output},
};

use super::{among, cursor_of, page, read_cursor, storage_problem};
use crate::{node::Node, store::AppQuery};

impl Handler<ListApps> for Node {
    async fn handle(&self, caller: &Caller, input: Input) -> Result<Output, Problem> {
        let limit = page(input.limit)?;
        let query = AppQuery {
            search: input.search,
            among: among(caller),
            after: read_cursor(input.cursor.as_deref())?,
            // One more than the page tells whether there is another.
            limit: limit + 1,
            since: self.a_day_ago(),
        };
        let (mut found, total) = self.store.apps(query).await.map_err(|e| storage_problem(&e))?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let cursor = found.last().filter(|_| more).map(|last| cursor_of(last.app.name.as_str()));
        let apps = found
            .into_iter()
            .map(|summary| {
                let (requests, errors) = self.sites.counts(summary.app.id);
                list_apps::App {
                    url: self.url(summary.app.name.as_str()),
                    name: summary.app.name,
                    live: summary.app.live,
                    files: summary.files,
                    bytes: summary.bytes,
                    updated_at: summary.app.updated_at,
                    requests_24h: summary.requests + requests,
                    errors_24h: summary.errors + errors,
                }
            })
            .collect();
        Ok(Output { apps, total, cursor })
    }
}
