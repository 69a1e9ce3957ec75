//! A folder becomes a version, on this node or elsewhere.
//!
//! The node is told the hashes first and says which files it lacks; only those
//! travel. Reading the folder is `pack`, parcelling is `parcels`, and `target` is
//! where they go. Whoever waits is told by a [`Watcher`].

pub mod pack;
mod packages;
mod parcels;
pub mod target;

use std::collections::{HashMap, HashSet};

use fazt_tools::{Caller, Code, Problem, deploy, plan_deploy};
use serde::Serialize;
use serde_json::Value;

use self::parcels::{Parcel, Shipment};

pub use self::{
    pack::{Content, Options, Packed, pack},
    target::Target,
};

/// Is told how a deploy goes. What it does not care about costs nothing.
pub trait Watcher: Send + Sync {
    /// Something a person may want to know.
    fn remark(&self, _text: &str) {}
    /// How something is done.
    fn detail(&self, _text: &str) {}
    /// A line that the app's build printed.
    fn built(&self, _line: &str) {}
    /// Whether those lines are shown to anybody.
    fn shows_builds(&self) -> bool {
        false
    }
    /// Bytes are about to be sent, and some files need not be.
    fn begins(&self, _bytes: u64, _there: usize) {}
    /// More bytes are to be sent than were told.
    fn more(&self, _bytes: u64) {}
    /// Bytes were sent.
    fn sent(&self, _bytes: u64) {}
    /// Nothing more is sent.
    fn ends(&self) {}
}

/// Nobody watches.
impl Watcher for () {}

/// Plans, sends what is missing and deploys; answers the last tool and its output.
pub async fn ship(
    target: &Target,
    caller: &Caller,
    mut input: deploy::Input,
    packed: &Packed,
    watcher: &dyn Watcher,
) -> Result<Value, Problem> {
    input.app = Some(packed.name.clone());
    input.tree = packed.tree();
    let plan: plan_deploy::Output = typed(plan(target, caller, packed).await?)?;
    let missing = contents(&packed.files, &plan.missing);
    let there = packed.files.len() - missing.len().min(packed.files.len());
    watcher.begins(parcels::size_of(&missing), there);
    let answer = match deploy_with(target, caller, &input, missing, watcher).await {
        // What the plan found was collected meanwhile, or another deploy was undone.
        Err(problem) if problem.code == Code::FilesMissing => {
            let listed = listed(&problem);
            let missing = contents(&packed.files, &listed);
            if missing.is_empty() {
                return Err(problem);
            }
            watcher.detail("some files are gone meanwhile; sending them again");
            watcher.more(parcels::size_of(&missing));
            parcels::send_ahead(target, missing, watcher).await?;
            target.call(caller, "deploy", json(&input)?).await
        }
        answer => answer,
    };
    watcher.ends();
    answer
}

/// What a deploy of an app would change, and which contents the node lacks: the
/// answer of `plan_deploy`.
pub async fn plan(target: &Target, caller: &Caller, packed: &Packed) -> Result<Value, Problem> {
    let question = plan_deploy::Input { app: Some(packed.name.clone()), tree: packed.tree() };
    target.call(caller, "plan_deploy", json(&question)?).await
}

async fn deploy_with(
    target: &Target,
    caller: &Caller,
    input: &deploy::Input,
    missing: Vec<&Content>,
    watcher: &dyn Watcher,
) -> Result<Value, Problem> {
    if missing.is_empty() {
        return target.call(caller, "deploy", json(input)?).await;
    }
    let head = serde_json::to_vec(input).map_err(|error| strange(&error))?;
    match parcels::shipment(missing.clone(), head.len()) {
        Shipment::Together(files) => {
            let bundle = parcels::bundle(&head, &files, parcels::packing(target))?;
            let parcel = Parcel::new(watcher, parcels::size_of(&files), bundle.len() as u64);
            let sent = |sent| parcel.advance(sent);
            json(&target.deploy_bundle(caller, bundle, &sent).await?)
        }
        Shipment::Ahead { .. } | Shipment::Nothing => {
            parcels::send_ahead(target, missing, watcher).await?;
            target.call(caller, "deploy", json(input)?).await
        }
    }
}

/// The files of those hashes, each content once.
fn contents<'a>(files: &'a [Content], hashes: &[String]) -> Vec<&'a Content> {
    if hashes.is_empty() {
        return Vec::new();
    }
    let wanted: HashSet<&str> = hashes.iter().map(String::as_str).collect();
    let mut found = HashMap::with_capacity(wanted.len());
    for (index, file) in files.iter().enumerate() {
        if wanted.contains(pack::hex(&file.hash).as_str()) {
            found.entry(file.hash).or_insert((index, file));
        }
    }
    let mut found: Vec<_> = found.into_values().collect();
    found.sort_unstable_by_key(|(index, _)| *index);
    found.into_iter().map(|(_, file)| file).collect()
}

/// The hashes that a refusal lists.
fn listed(problem: &Problem) -> Vec<String> {
    let hashes = problem.details.get("missing").and_then(Value::as_array);
    let texts = hashes.into_iter().flatten().filter_map(Value::as_str);
    texts.map(ToOwned::to_owned).collect()
}

fn json(value: &impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(value).map_err(|error| strange(&error))
}

pub(crate) fn typed<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_json::from_value(value).map_err(|error| strange(&error))
}

fn strange(error: &serde_json::Error) -> Problem {
    Problem::new(Code::PeerFailed, format!("cannot read the answer: {error}"))
        .hint("upgrade the older of the two nodes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, content: &str) -> Content {
        let hash = blake3::hash(content.as_bytes()).into();
        Content { path: path.into(), source: path.into(), hash, size: content.len() as u64 }
    }

    #[test]
    fn each_missing_content_travels_once_in_the_order_of_the_files() {
        let files = [file("c", "1"), file("a", "2"), file("b", "1"), file("d", "3")];
        let wanted = [pack::hex(&files[1].hash), pack::hex(&files[0].hash), "f".repeat(64)];
        let found: Vec<_> =
            contents(&files, &wanted).into_iter().map(|file| file.path.as_str()).collect();
        assert_eq!(found, ["c", "a"]);
    }

    #[test]
    fn a_refusal_lists_the_hashes_it_misses() {
        let problem = Problem::new(Code::FilesMissing, "gone")
            .detail("missing", serde_json::json!(["aa", "bb"]));
        assert_eq!(listed(&problem), ["aa", "bb"]);
        assert!(listed(&Problem::new(Code::FilesMissing, "gone")).is_empty());
    }
}
