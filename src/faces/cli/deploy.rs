//! `fazt deploy`: a folder becomes a version, here or elsewhere.
//!
//! The node is told the hashes first and says which files it lacks; only those
//! travel. What the tools answer is shown as they answer it. Reading the folder is
//! `pack`, parcelling is `upload`.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
};

use clap::ArgMatches;
use fazt_tools::{Code, Problem, deploy, plan_deploy};
use serde::Serialize;
use serde_json::Value;

use super::{
    Context, Stop,
    pack::{self, Content, Packed},
    progress::Progress,
    target::{self, Place, Target},
    tool,
    upload::{self, Shipment},
};

/// What was asked on the command line.
pub(super) struct Asked {
    dir: PathBuf,
    input: deploy::Input,
    build: bool,
    include_private: bool,
    dry_run: bool,
}

impl Asked {
    /// Reads it back from the parsed arguments.
    pub(super) fn read(inner: &ArgMatches) -> Result<Self, Stop> {
        let input = (tool::named("deploy").parse)(inner)?;
        Ok(Self {
            dir: inner.get_one::<PathBuf>("dir").cloned().unwrap_or_else(|| ".".into()),
            input: typed(input)?,
            build: !inner.get_flag("no-build"),
            include_private: inner.get_flag("include-private"),
            dry_run: inner.get_flag("dry-run"),
        })
    }
}

/// Deploys a folder.
pub(super) async fn deploy(context: &Context, asked: Asked, place: Place) -> Result<u8, Stop> {
    // A misspelt peer is told before the build; the local database is taken after
    // it, so that a long build keeps nobody from it.
    let (packed, target) = if matches!(place, Place::Here) {
        let packed = asked.pack(context)?;
        (packed, target::connect(context, &place).await?)
    } else {
        let target = target::connect(context, &place).await?;
        (asked.pack(context)?, target)
    };
    for warning in &packed.warnings {
        context.screen.warning(warning);
    }
    let answer = ship(context, &target, asked, &packed).await;
    target.close().await;
    let (name, output) = answer?;
    tool::show(context, tool::named(name), output)
}

impl Asked {
    fn pack(&self, context: &Context) -> Result<Packed, Problem> {
        let options = pack::Options {
            name: self.input.app.as_ref(),
            build: self.build,
            include_private: self.include_private,
        };
        pack::pack(context.screen, &self.dir, &options)
    }
}

/// Plans, sends what is missing and deploys; answers the last tool and its output.
async fn ship(
    context: &Context,
    target: &Target,
    asked: Asked,
    packed: &Packed,
) -> Result<(&'static str, Value), Problem> {
    let mut input = asked.input;
    input.app = Some(packed.name.clone());
    input.tree = packed.tree();
    let question = plan_deploy::Input { app: input.app.clone(), tree: input.tree.clone() };
    let plan = target.call("plan_deploy", json(&question)?).await?;
    if asked.dry_run {
        return Ok(("plan_deploy", plan));
    }
    let plan: plan_deploy::Output = typed(plan)?;
    let missing = contents(&packed.files, &plan.missing);
    let there = packed.files.len() - missing.len().min(packed.files.len());
    let progress = Progress::new(context.screen, upload::size_of(&missing), there);
    let answer = match deploy_with(target, &input, missing, &progress).await {
        // What the plan found was collected meanwhile, or another deploy was undone.
        Err(problem) if problem.code == Code::FilesMissing => {
            let listed = listed(&problem);
            let missing = contents(&packed.files, &listed);
            if missing.is_empty() {
                return Err(problem);
            }
            context.screen.detail("some files are gone meanwhile; sending them again");
            progress.more(upload::size_of(&missing));
            upload::send_ahead(target, missing, &progress).await?;
            target.call("deploy", json(&input)?).await
        }
        answer => answer,
    };
    progress.clear();
    Ok(("deploy", answer?))
}

async fn deploy_with(
    target: &Target,
    input: &deploy::Input,
    missing: Vec<&Content>,
    progress: &Progress,
) -> Result<Value, Problem> {
    if missing.is_empty() {
        return target.call("deploy", json(input)?).await;
    }
    let head = serde_json::to_vec(input).map_err(|error| strange(&error))?;
    match upload::shipment(missing.clone(), head.len()) {
        Shipment::Together(files) => {
            let bundle = upload::bundle(&head, &files, upload::packing(target))?;
            let parcel = progress.parcel(upload::size_of(&files), bundle.len() as u64);
            json(&target.deploy_bundle(bundle, &|sent| parcel.advance(sent)).await?)
        }
        Shipment::Ahead { .. } | Shipment::Nothing => {
            upload::send_ahead(target, missing, progress).await?;
            target.call("deploy", json(input)?).await
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

fn typed<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Problem> {
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
