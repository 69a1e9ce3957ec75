//! `list_files`: the files of a version, or what differs between two.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{AppName, Effect, Route, Scope, Tool, View, skills::Call, tool::example, view};

/// See [`Input`].
pub struct ListFiles;

/// List the files of a version, or what differs between two versions.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name the app
    #[arg(value_name = "APP")]
    pub app: AppName,
    /// Choose the version; default: the live one
    #[arg(long, value_name = "VERSION")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// List only what differs from this version
    #[arg(long, value_name = "VERSION")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<u32>,
    /// Keep only paths that begin with this
    #[arg(long, value_name = "PATH")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// List at most this many, 1 to 100; default: 20
    #[arg(long, value_name = "N")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Go on from the `cursor` of an earlier answer
    #[arg(long, value_name = "CURSOR")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// The files.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Output {
    /// The app
    pub app: AppName,
    /// The version
    pub version: u32,
    /// The files, by path
    pub files: Vec<File>,
    /// How many there are in all
    pub total: u64,
    /// Where the next page begins
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// One file.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct File {
    /// Its path inside the app
    pub path: String,
    /// Its length in bytes
    pub size: u64,
    /// BLAKE3 of its content
    pub hash: String,
    /// How it differs from the other version
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Difference>,
}

/// How a file differs between two versions.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Difference {
    /// Only this version has it
    Added,
    /// Both have it, with other content
    Changed,
    /// Only the other version has it
    Removed,
}

impl Tool for ListFiles {
    const NAME: &'static str = "list_files";
    const TITLE: &'static str = "List an app's files";
    const EFFECT: Effect = Effect::Read;
    const QUOTES: bool = true;
    const SCOPE: Scope = Scope::AppsRead;
    const ROUTE: Route = Route::get("/api/apps/{app}/files");
    const COMMANDS: &'static [&'static str] = &["files"];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("fazt files blog", "the files that are live"),
        ("fazt files blog --version 7 --against 6", "what version 7 changed"),
    ];
    type Input = Input;
    type Output = Output;

    fn example() -> (Input, Output) {
        example(
            json!({ "app": "hello" }),
            json!({
                "app": "hello", "version": 1, "total": 1,
                "files": [{
                    "path": "index.html", "size": 14,
                    "hash": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
                }]
            }),
        )
    }

    fn target(input: &Input) -> Option<&AppName> {
        Some(&input.app)
    }

    fn view(out: &Output) -> View {
        let rows = out
            .files
            .iter()
            .map(|file| {
                let status = match file.status {
                    None => "",
                    Some(Difference::Added) => "added",
                    Some(Difference::Changed) => "changed",
                    Some(Difference::Removed) => "removed",
                };
                vec![status.to_owned(), view::bytes(file.size), file.path.clone()]
            })
            .collect();
        let view = View::of_table(&["", ">size", "path"], "no files", rows);
        match &out.cursor {
            Some(cursor) => {
                view.next(Call::of::<ListFiles>(json!({ "app": out.app, "cursor": cursor })))
            }
            None => view,
        }
    }
}
