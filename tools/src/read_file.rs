//! `read_file`: one file of a version, in bounded pieces.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{AppName, Effect, Route, Scope, Tool, View, skills::Call, tool::example};

/// See [`Input`].
pub struct ReadFile;

/// Read one file of a version, at most 256 KiB at a time.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name the app
    #[arg(value_name = "APP")]
    pub app: AppName,
    /// Name the file inside the app
    #[arg(value_name = "PATH")]
    pub path: String,
    /// Choose the version; default: the live one
    #[arg(long, value_name = "VERSION")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Begin at this byte; default: 0
    #[arg(long, value_name = "BYTE")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// Read at most this many bytes, 1 to 262144; default: 65536
    #[arg(long, value_name = "BYTES")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// A piece of a file.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Output {
    /// The app
    pub app: AppName,
    /// The version
    pub version: u32,
    /// The file's path
    pub path: String,
    /// Length of the whole file in bytes
    pub size: u64,
    /// Its media type
    pub content_type: String,
    /// `utf8`, or `base64` for what is not text
    pub encoding: Encoding,
    /// The piece
    pub content: String,
    /// Where the next piece begins, if there is one
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_offset: Option<u64>,
}

/// How a piece of a file is written in JSON.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// As it is
    Utf8,
    /// As base64
    Base64,
}

impl Tool for ReadFile {
    const NAME: &'static str = "read_file";
    const TITLE: &'static str = "Read a file of an app";
    const EFFECT: Effect = Effect::Read;
    const QUOTES: bool = true;
    const SCOPE: Scope = Scope::AppsRead;
    const ROUTE: Route = Route::get("/api/apps/{app}/files/{*path}");
    const COMMANDS: &'static [&'static str] = &["cat"];
    const EXAMPLES: &'static [(&'static str, &'static str)] =
        &[("fazt cat blog index.html", "the file that is live, whole")];
    type Input = Input;
    type Output = Output;

    fn example() -> (Input, Output) {
        example(
            json!({ "app": "hello", "path": "index.html" }),
            json!({
                "app": "hello", "version": 1, "path": "index.html", "size": 14,
                "content_type": "text/html; charset=utf-8", "encoding": "utf8",
                "content": "<h1>Hello</h1>"
            }),
        )
    }

    fn target(input: &Input) -> Option<&AppName> {
        Some(&input.app)
    }

    fn view(out: &Output) -> View {
        let view = View::default().result(&out.content);
        match out.next_offset {
            Some(offset) => {
                let piece = json!({ "app": out.app, "path": out.path, "offset": offset });
                view.next(Call::of::<ReadFile>(piece))
            }
            None => view,
        }
    }
}
