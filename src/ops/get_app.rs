//! `get_app` on a node.

use fazt_tools::{
    Caller, Handler, Problem,
    get_app::{Function, GetApp, Input, Output, Version},
};

use super::{alias_of, leads_to, storage_problem};
use crate::{apps::functions::Routes, node::Node, store::Alias};

impl Handler<GetApp> for Node {
    async fn handle(&self, caller: &Caller, input: Input) -> Result<Output, Problem> {
        let app = self.find_app(&input.app).await?;
        let failed = |e| storage_problem(&e);
        let versions = self.store.versions(app.id).await.map_err(failed)?;
        let aliases = self.store.aliases().await.map_err(failed)?;
        let stored_bytes = self.store.stored_bytes(app.id).await.map_err(failed)?;
        let (requests, errors) =
            self.store.traffic(app.id, self.a_day_ago()).await.map_err(failed)?;
        let (counted, failed_now) = self.sites.counts(app.id);
        let live = match app.live {
            Some(live) => self.store.files(app.id, live).await.map_err(failed)?,
            None => None,
        };
        let live = live.unwrap_or_default();
        // A version from before functions were checked may have files that make no table.
        let routes = Routes::of(live.iter().map(|file| file.path.as_str())).unwrap_or_default();
        let shown = versions
            .iter()
            .find(|version| Some(version.version) == app.live)
            .or(versions.first())
            .map(|version| version.settings.clone())
            .unwrap_or_default();
        let leads_here = |alias: &&Alias| leads_to(alias, &app.name, caller);
        Ok(Output {
            id: app.uid,
            title: shown.title,
            description: shown.description,
            url: self.url(app.name.as_str()),
            live: app.live,
            spa: app.spa.unwrap_or(shown.spa),
            aliases: aliases.iter().filter(leads_here).map(alias_of).collect(),
            versions: versions
                .into_iter()
                .map(|version| Version {
                    preview_url: self.url(&format!("v{}--{}", version.version, app.name)),
                    live: Some(version.version) == app.live,
                    pinned: version.pinned,
                    version: version.version,
                    files: version.files,
                    bytes: version.bytes,
                    created_at: version.created_at,
                    by: version.caller,
                    message: version.message,
                })
                .collect(),
            functions: routes
                .list()
                .iter()
                .map(|one| Function { route: one.route.clone(), file: one.file.clone() })
                .collect(),
            env: self.env_names(app.id).await?,
            name: app.name,
            stored_bytes,
            requests_24h: requests + counted,
            errors_24h: errors + failed_now,
            created_at: app.created_at,
            updated_at: app.updated_at,
        })
    }
}
