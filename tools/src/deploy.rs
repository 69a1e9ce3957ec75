//! `deploy`: files become a version of an app, and the version goes live.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    AppName, Effect, Route, Scope, Tool, View,
    promote::Promote,
    skills::Call,
    types::{InlineFile, TreeFile},
    view,
};

/// See [`Input`].
pub struct Deploy;

/// Make a version of an app from files and put it live.
///
/// The app is created when it is new. The switch is atomic: visitors see the
/// old version whole, then the new one whole. The same content again changes
/// nothing and says `unchanged`. With `preview` the version is stored and served
/// at its preview address only; `promote` puts it live later.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name the app; default: `name` in `manifest.json`
    #[arg(long = "name", value_name = "APP")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppName>,
    /// Store the version and show it at its preview address only; default: live
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub preview: bool,
    /// Say what changed, for the list of versions
    #[arg(long, short, value_name = "TEXT")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Answer an unknown path with `index.html`; default: `spa` in `manifest.json`
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spa: Option<bool>,
    /// Give the files with their content, 1 MB in all
    #[arg(skip)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<InlineFile>,
    /// Name the files by hash; what the node lacks is uploaded beforehand
    #[arg(skip)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tree: Vec<TreeFile>,
}

/// What became of a deploy.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Output {
    /// The app
    pub app: AppName,
    /// The version that holds these files
    pub version: u32,
    /// Where visitors find the live version
    pub url: String,
    /// Where this version is served whatever is live
    pub preview_url: String,
    /// Whether this version is live now
    pub live: bool,
    /// Whether the content was there already
    pub unchanged: bool,
    /// Whether the app is new
    pub created: bool,
    /// Files in the version
    pub files: u64,
    /// Bytes in the version
    pub bytes: u64,
    /// Files that the version before did not have
    pub added: u64,
    /// Files that differ from the version before
    pub changed: u64,
    /// Files that the version before had
    pub removed: u64,
    /// What in the app deserves a look
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The change to undo, if anything changed
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<i64>,
}

impl Tool for Deploy {
    const NAME: &'static str = "deploy";
    const TITLE: &'static str = "Deploy an app";
    const EFFECT: Effect = Effect::Replace;
    const IDEMPOTENT: bool = true;
    const SCOPE: Scope = Scope::AppsWrite;
    const ROUTE: Route = Route::post("/api/deploy");
    const COMMANDS: &'static [&'static str] = &["deploy"];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("fazt deploy", "deploy the current folder"),
        ("fazt deploy ./blog --preview", "store it and look at it first"),
        ("fazt deploy ./blog --to https://zyt.app", "deploy to another node"),
    ];
    type Input = Input;
    type Output = Output;

    fn example() -> (Input, Output) {
        let input = Input {
            app: AppName::parse("hello").ok(),
            files: vec![InlineFile {
                path: "index.html".into(),
                content: Some("<h1>Hello</h1>".into()),
                base64: None,
            }],
            ..Input::default()
        };
        let output = Output {
            app: AppName::parse("hello").expect("the example's name is a name"),
            version: 1,
            url: "http://hello.localhost:8080".into(),
            preview_url: "http://v1--hello.localhost:8080".into(),
            live: true,
            unchanged: false,
            created: true,
            files: 1,
            bytes: 14,
            added: 1,
            changed: 0,
            removed: 0,
            warnings: vec![],
            change: Some(1),
        };
        (input, output)
    }

    fn target(input: &Input) -> Option<&AppName> {
        input.app.as_ref()
    }

    fn view(out: &Output) -> View {
        let size = format!("{}, {}", view::count(out.files, "file"), view::bytes(out.bytes));
        let headline = match (out.unchanged, out.live) {
            (true, true) => {
                format!("unchanged: {} is live at version {} ({size})", out.app, out.version)
            }
            (true, false) => format!("unchanged: {} has version {} ({size})", out.app, out.version),
            (false, true) => format!("{} is live at version {} ({size})", out.app, out.version),
            (false, false) => {
                format!("{} has version {} as a preview ({size})", out.app, out.version)
            }
        };
        let mut view = View::says(headline);
        if !out.unchanged && !out.created {
            view = view.notes([format!(
                "{} added, {} changed, {} removed",
                out.added, out.changed, out.removed
            )]);
        }
        view = view.notes(out.warnings.iter().map(|warning| format!("warning: {warning}")));
        if out.live {
            view.result(&out.url)
        } else {
            let promote = json!({ "app": out.app, "version": out.version });
            view.next(Call::of::<Promote>(promote)).result(&out.preview_url)
        }
    }
}
