//! `list_files` on a node.

use std::collections::BTreeMap;

use fazt_tools::{
    Caller, Handler, Problem,
    list_files::{Difference, File, Input, ListFiles, Output},
};

use super::{cursor_of, page, read_cursor, storage_problem};
use crate::{
    node::Node,
    store::{self, App, StoreError},
};

impl Handler<ListFiles> for Node {
    async fn handle(&self, _: &Caller, input: Input) -> Result<Output, Problem> {
        let limit = page(input.limit)? as usize;
        let after = read_cursor(input.cursor.as_deref())?;
        let app = self.find_app(&input.app).await?;
        let version = chosen(&app, input.version)?;
        let files = self.files_of(&app, version).await?;
        let mut listed = match input.against {
            None => files.into_iter().map(|file| written(file, None)).collect(),
            Some(against) => differences(files, self.files_of(&app, against).await?),
        };
        if let Some(prefix) = &input.prefix {
            listed.retain(|file| file.path.starts_with(prefix));
        }
        let total = listed.len() as u64;
        if let Some(after) = after {
            listed.retain(|file| file.path > after);
        }
        let more = listed.len() > limit;
        listed.truncate(limit);
        let cursor = listed.last().filter(|_| more).map(|last| cursor_of(&last.path));
        Ok(Output { app: app.name, version, files: listed, total, cursor })
    }
}

impl Node {
    /// The files of a version, by path.
    pub(super) async fn files_of(
        &self,
        app: &App,
        version: u32,
    ) -> Result<Vec<store::File>, Problem> {
        let files = self.store.files(app.id, version).await.map_err(|e| storage_problem(&e))?;
        files.ok_or_else(|| {
            storage_problem(&StoreError::NoVersion { app: app.name.to_string(), version })
        })
    }
}

/// The version asked for, else the live one.
pub(super) fn chosen(app: &App, version: Option<u32>) -> Result<u32, Problem> {
    version.or(app.live).ok_or_else(|| {
        Problem::invalid("version", format!("app `{}` has no live version; name one", app.name))
    })
}

fn written(file: store::File, status: Option<Difference>) -> File {
    File { path: file.path, size: file.blob.size, hash: file.blob.hash.to_string(), status }
}

pub(super) fn differences(new: Vec<store::File>, old: Vec<store::File>) -> Vec<File> {
    let mut old: BTreeMap<String, store::File> =
        old.into_iter().map(|file| (file.path.clone(), file)).collect();
    let mut listed = Vec::new();
    for file in new {
        match old.remove(&file.path) {
            None => listed.push(written(file, Some(Difference::Added))),
            Some(before) if before.blob.hash != file.blob.hash => {
                listed.push(written(file, Some(Difference::Changed)));
            }
            Some(_) => {}
        }
    }
    listed.extend(old.into_values().map(|file| written(file, Some(Difference::Removed))));
    listed.sort_by(|a, b| a.path.cmp(&b.path));
    listed
}
