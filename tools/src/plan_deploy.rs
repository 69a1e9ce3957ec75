//! `plan_deploy`: what a deploy would change, and which files must travel.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AppName, Effect, Route, Scope, Tool, View, types::TreeFile, view};

/// See [`Input`].
pub struct PlanDeploy;

/// Say what a deploy of these files would change, and which of them the node lacks.
///
/// Nothing is stored. A client uploads the missing files to `/api/blobs` and
/// then calls `deploy` with the same tree.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name the app; default: none, so every file counts as added
    #[arg(long = "name", value_name = "APP")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppName>,
    /// Name the files by hash
    #[arg(skip)]
    pub tree: Vec<TreeFile>,
}

/// What would change.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Output {
    /// Hashes of the files the node lacks
    pub missing: Vec<String>,
    /// Bytes of those files
    pub missing_bytes: u64,
    /// The live version now, if there is one
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<u32>,
    /// Whether the live version holds exactly these files
    pub unchanged: bool,
    /// Files that the live version does not have
    pub added: u64,
    /// Files that differ from the live version
    pub changed: u64,
    /// Files of the live version that would go
    pub removed: u64,
}

impl Tool for PlanDeploy {
    const NAME: &'static str = "plan_deploy";
    const TITLE: &'static str = "Plan a deploy";
    const EFFECT: Effect = Effect::Read;
    const SCOPE: Scope = Scope::AppsWrite;
    const AGENT: bool = false;
    const ROUTE: Route = Route::post("/api/deploy/plan");
    // On the command line this is `fazt deploy --dry-run`.
    const COMMANDS: &'static [&'static str] = &[];
    type Input = Input;
    type Output = Output;

    fn example() -> (Input, Output) {
        let hash = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
        let input = Input {
            app: AppName::parse("hello").ok(),
            tree: vec![TreeFile { path: "index.html".into(), hash: hash.into(), size: 0 }],
        };
        let output = Output {
            missing: vec![hash.into()],
            missing_bytes: 0,
            live: None,
            unchanged: false,
            added: 1,
            changed: 0,
            removed: 0,
        };
        (input, output)
    }

    fn target(input: &Input) -> Option<&AppName> {
        input.app.as_ref()
    }

    fn view(out: &Output) -> View {
        if out.unchanged {
            return View::says("nothing would change");
        }
        View::says(format!(
            "{} added, {} changed, {} removed; {} to send in {}",
            out.added,
            out.changed,
            out.removed,
            view::bytes(out.missing_bytes),
            view::count(out.missing.len() as u64, "file"),
        ))
    }
}
