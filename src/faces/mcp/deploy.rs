//! The three ways an agent deploys: a folder, files in the call, an address.
//!
//! A folder is read where the client runs, so only `fazt mcp` takes one. A client
//! from afar that has more than a few files gets an address to send a ZIP to:
//! good once, for minutes, for one app.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use fazt_tools::{Caller, Problem, deploy::Input, view};
use jiff::Timestamp;
use rmcp::model::{CallToolResult, ContentBlock};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{
    Core, Door, call,
    progress::Teller,
    tools::{PATH, PEER},
};
use crate::{
    apps::bundle::build::Leash,
    ship::{self, Options, Packed, Target, Watcher},
};

/// What became of the call.
pub(super) enum Done {
    /// There is a version: the tool's own output.
    Deployed(Value),
    /// The files are still to be sent.
    Ticket(Upload),
}

/// An answer that says where to send the files.
#[derive(JsonSchema, Serialize)]
pub(super) struct Upload {
    /// Where to send the files
    upload: Address,
}

/// An address that takes one upload.
#[derive(JsonSchema, Serialize)]
struct Address {
    /// The app it deploys
    app: String,
    /// The address; whoever knows it may use it once
    url: String,
    /// Until when it may be used
    expires_at: Timestamp,
    /// A command that packs the current folder and sends it
    command: String,
}

impl Upload {
    /// As a result of the call.
    pub(super) fn into_result(self) -> CallToolResult {
        let Address { app, url: _, expires_at, command } = &self.upload;
        let text = format!(
            "Nothing is deployed yet. Run this in the folder of `{app}`; it answers like \
             `deploy`:\n{command}\nThe address works once, until {} UTC.",
            view::moment(*expires_at)
        );
        let mut result = CallToolResult::structured(json!(self));
        result.content = vec![ContentBlock::text(text)];
        result
    }
}

/// Deploys, or says where to send the files.
pub(super) async fn deploy(
    core: &Core,
    caller: &Caller,
    mut input: Map<String, Value>,
    teller: &Teller,
) -> Result<Done, Problem> {
    let folder = input.remove(PATH);
    let has_files =
        |name: &str| input.get(name).and_then(Value::as_array).is_some_and(|f| !f.is_empty());
    let has_files = has_files("files") || has_files("tree");
    match (core.door, folder) {
        (Door::Http, Some(_)) => Err(Problem::invalid(
            PATH,
            "this node reads no folder of the machine it runs on for a caller from afar",
        )
        .hint("leave `path` out and give `app` alone: the answer says where to send the files")),
        (_, Some(_)) if has_files => {
            Err(Problem::invalid(PATH, "give a folder or `files`, not both"))
        }
        (Door::Stdio, Some(folder)) => {
            let folder = folder.as_str().map(PathBuf::from);
            let folder = folder.ok_or_else(|| Problem::invalid(PATH, "give a path"))?;
            deploy_folder(core, caller, input, &folder, teller).await.map(Done::Deployed)
        }
        (Door::Stdio, None) if !has_files => {
            Err(Problem::invalid(PATH, "nothing is given to deploy")
                .hint("give `path`, a folder on this machine, or `files` with their content"))
        }
        (Door::Http, None) if !has_files => ticket(core, caller, input).await.map(Done::Ticket),
        (_, None) => call::run(core, caller, deploy_spec(), input).await.map(Done::Deployed),
    }
}

fn deploy_spec() -> &'static fazt_tools::Spec {
    let found = fazt_tools::specs().iter().find(|spec| spec.name == "deploy");
    found.expect("the catalogue holds `deploy`")
}

async fn ticket(
    core: &Core,
    caller: &Caller,
    mut input: Map<String, Value>,
) -> Result<Upload, Problem> {
    if input.remove(PEER).is_some() {
        return Err(Problem::invalid(PEER, "files are sent to the node itself")
            .hint("give `files`, or connect to that node's own MCP address"));
    }
    let input: Input = serde_json::from_value(Value::Object(input)).map_err(|error| {
        fazt_tools::problem::invalid_input::<fazt_tools::deploy::Deploy>(&error.to_string())
    })?;
    let Some(app) = input.app.clone() else {
        return Err(Problem::invalid("app", "name the app")
            .hint("give `app`, and `files` with their content or nothing for an upload address"));
    };
    caller.require_app(&app)?;
    let target = core.reach.target();
    let Target::Node(node) = &*target else { return Err(Problem::internal()) };
    let ticket = node.new_ticket(caller, &input).await?;
    let url = format!("{}/api/upload/{}", node.url("admin"), ticket.secret);
    let command = format!(
        "zip -qr - . -x '.git/*' 'node_modules/*' | curl --fail-with-body -sS -T - -H \
         'Content-Type: application/zip' '{url}'"
    );
    let expires_at = ticket.expires_at;
    Ok(Upload { upload: Address { app: app.to_string(), url, expires_at, command } })
}

async fn deploy_folder(
    core: &Core,
    caller: &Caller,
    mut input: Map<String, Value>,
    folder: &Path,
    teller: &Teller,
) -> Result<Value, Problem> {
    let peer = input.remove(PEER);
    let input: Input = serde_json::from_value(Value::Object(input)).map_err(|error| {
        fazt_tools::problem::invalid_input::<fazt_tools::deploy::Deploy>(&error.to_string())
    })?;
    let (watcher, steps) = Telling::channel();
    // Dropped with this call, however it ends.
    let leashed = Leashed::default();
    let work = async {
        let packed = pack(folder, &input, watcher.clone(), leashed.0.clone()).await?;
        let target = match &peer {
            Some(peer) => Arc::new(Target::Peer(core.reach.peer(caller, peer).await?)),
            None => core.reach.awake().await?,
        };
        let mut output = ship::ship(&target, caller, input, &packed, &watcher).await?;
        add_warnings(&mut output, packed.warnings);
        Ok(output)
    };
    let mut work = std::pin::pin!(work);
    let mut told = Told { steps, done: 0, total: None };
    loop {
        tokio::select! {
            biased;
            answered = &mut work => break answered,
            step = told.steps.recv() => if let Some(step) = step {
                told.pass(step, teller).await;
            },
        }
    }
}

/// Reads and hashes the folder beside the others' work: it takes as long as its build.
async fn pack(
    folder: &Path,
    input: &Input,
    watcher: Telling,
    leash: Arc<Leash>,
) -> Result<Packed, Problem> {
    let folder = folder.to_owned();
    if !folder.is_absolute() {
        return Err(Problem::invalid(PATH, "give an absolute path")
            .hint("a relative one would start from wherever the server was started"));
    }
    let name = input.app.clone();
    let packing = tokio::task::spawn_blocking(move || {
        let leash = Some(&*leash);
        let options = Options { name: name.as_ref(), build: true, include_private: false, leash };
        ship::pack(&watcher, &folder, &options)
    });
    packing.await.map_err(|_| Problem::internal())?
}

/// Ends the build of a call that nobody waits for any more.
#[derive(Default)]
struct Leashed(Arc<Leash>);

impl Drop for Leashed {
    fn drop(&mut self) {
        self.0.pull();
    }
}

fn add_warnings(output: &mut Value, warnings: Vec<String>) {
    if warnings.is_empty() {
        return;
    }
    if let Some(output) = output.as_object_mut() {
        let all = output.entry("warnings").or_insert_with(|| json!([]));
        if let Some(all) = all.as_array_mut() {
            all.extend(warnings.into_iter().map(Value::from));
        }
    }
}

/// A step of a deploy on its way to the client.
enum Step {
    Says(String),
    Begins(u64),
    More(u64),
    Sent(u64),
}

/// Passes on what `ship` tells.
#[derive(Clone)]
struct Telling(UnboundedSender<Step>);

impl Telling {
    fn channel() -> (Self, UnboundedReceiver<Step>) {
        let (teller, steps) = unbounded_channel();
        (Self(teller), steps)
    }

    fn says(&self, text: &str) {
        let _ = self.0.send(Step::Says(text.to_owned()));
    }
}

impl Watcher for Telling {
    fn remark(&self, text: &str) {
        self.says(text);
    }

    fn built(&self, line: &str) {
        self.says(line);
    }

    fn begins(&self, bytes: u64, _: usize) {
        let _ = self.0.send(Step::Begins(bytes));
    }

    fn more(&self, bytes: u64) {
        let _ = self.0.send(Step::More(bytes));
    }

    fn sent(&self, bytes: u64) {
        let _ = self.0.send(Step::Sent(bytes));
    }
}

struct Told {
    steps: UnboundedReceiver<Step>,
    done: u64,
    total: Option<u64>,
}

impl Told {
    /// Tells a step. Each counts one at least, so that the number always grows.
    async fn pass(&mut self, step: Step, teller: &Teller) {
        let (count, message) = match step {
            Step::Says(text) => (1, text),
            Step::Begins(bytes) => {
                self.total = Some(self.done + bytes + 1);
                (1, format!("sending {}", view::bytes(bytes)))
            }
            Step::More(bytes) => {
                self.total = self.total.map(|total| total + bytes);
                (1, format!("sending {} more", view::bytes(bytes)))
            }
            Step::Sent(bytes) => (bytes.max(1), "sending".to_owned()),
        };
        self.done += count;
        if teller.is_heard() {
            teller.tell(self.done, self.total.map(|total| total.max(self.done)), &message).await;
        }
    }
}
