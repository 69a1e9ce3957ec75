//! `fazt dev`: a node of one's own for a folder, which follows what is written there.
//!
//! The node is the same as any, with the same limits; only its database is thrown away
//! where none is named. A change is deployed once the folder is quiet for a moment;
//! what functions log and how they fail goes to the terminal.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::ArgMatches;
use fazt_tools::{
    AppName, Caller, Code, Face, Problem, deploy, dispatch, explain_request, read_logs,
    trace::Level, view,
};
use notify::{EventKind, RecursiveMode, Watcher as _};
use serde_json::json;
use tokio::{
    sync::{Notify, broadcast::error::RecvError},
    time::{Instant, timeout},
};

use super::{Context, Stop, progress::OnScreen, render};
use crate::{
    apps::bundle::{build, ignore},
    lifecycle::asked_to_stop,
    node::Node,
    server::{self, Running, Start},
    ship::{self, Options, Packed, Target},
};

/// How long a folder is quiet before it is deployed: an editor writes a file in steps.
const QUIET: Duration = Duration::from_millis(40);
/// How long a folder that is never quiet is waited for.
const LONGEST: Duration = Duration::from_millis(150);

/// Serves a folder until it is asked to stop.
pub(super) async fn run(context: &Context, inner: &ArgMatches) -> Result<u8, Stop> {
    context.only_here("dev")?;
    let dir = inner.get_one::<PathBuf>("dir").cloned().unwrap_or_else(|| ".".into());
    let folder = Folder {
        name: inner.get_one::<AppName>("name").cloned(),
        build: !inner.get_flag("no-build"),
        dir: dir.canonicalize().map_err(|error| unreadable(&dir, &error))?,
    };
    let stop = asked_to_stop();
    let changed = Arc::new(Notify::new());
    let _watcher = watch(&folder, &changed)?;
    // Gone with everything in it when this function ends.
    let scratch = tempfile::tempdir().map_err(|error| unreadable(&std::env::temp_dir(), &error))?;
    let given = inner.get_one::<PathBuf>("db").cloned();
    let db = given.unwrap_or_else(|| scratch.path().join("dev.db"));
    let running = start(context, inner, db).await?;
    let serving = serve(context, &folder, &running, &changed);
    let done = tokio::select! {
        done = serving => done,
        () = stop => Ok(0),
    };
    running.stop().await;
    done
}

/// A folder that is served.
struct Folder {
    dir: PathBuf,
    name: Option<AppName>,
    build: bool,
}

fn unreadable(dir: &Path, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(Code::BadRequest, format!("cannot read {}: {error}", dir.display()))
        .hint("name a folder: `fazt dev ./blog`")
}

/// Starts the node, on any free port where the usual one is taken.
async fn start(context: &Context, inner: &ArgMatches, db: PathBuf) -> Result<Running, Problem> {
    let begin = |port: Option<&str>| {
        let log = if context.screen.verbose { "debug" } else { "error" };
        let given = inner.get_one::<String>("port").map(String::as_str);
        let flags = [("bind", "127.0.0.1"), ("domain", "localhost"), ("log", log)];
        let flags = flags.into_iter().chain(port.or(given).map(|port| ("port", port)));
        let flags = flags.map(|(key, value)| (key, value.to_owned())).collect();
        let environment = context.environment.clone();
        server::start(Start { db: db.clone(), flags, environment, warnings: Vec::new() })
    };
    match begin(None).await {
        Err(problem)
            if problem.code == Code::PortInUse && inner.get_one::<String>("port").is_none() =>
        {
            begin(Some("0")).await
        }
        started => started,
    }
}

/// Notes what changes in the folder, but for what is no part of the app.
fn watch(folder: &Folder, changed: &Arc<Notify>) -> Result<notify::RecommendedWatcher, Problem> {
    let (root, told) = (folder.dir.clone(), changed.clone());
    let builds = folder.build && build::detect(&folder.dir).ok().flatten().is_some();
    let unwatched = |error: notify::Error| {
        let what = format!("cannot watch {}: {error}", folder.dir.display());
        Problem::new(Code::BadRequest, what)
            .hint("the system may watch too many files: see `fs.inotify.max_user_watches`")
    };
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let matters = match &event {
            // Reading the folder is an event, too.
            Ok(event) if matches!(event.kind, EventKind::Access(_)) => false,
            Ok(event) => event.paths.iter().any(|path| is_of_app(&root, path, builds)),
            // What happened is unknown: better look once too often.
            Err(_) => true,
        };
        if matters {
            told.notify_one();
        }
    })
    .map_err(unwatched)?;
    watcher.watch(&folder.dir, RecursiveMode::Recursive).map_err(unwatched)?;
    Ok(watcher)
}

/// Whether a path may be a part of the app, or say what is.
fn is_of_app(root: &Path, path: &Path, builds: bool) -> bool {
    let Ok(within) = path.strip_prefix(root) else { return false };
    if [".faztignore", ".gitignore"].iter().any(|name| within.ends_with(name)) {
        return true;
    }
    // What a build writes would have it run again.
    if builds && build::is_output(within) {
        return false;
    }
    let mut names = within.components().map(|part| part.as_os_str().to_string_lossy());
    !names.any(|name| ignore::by_default(&name))
}

async fn serve(
    context: &Context,
    folder: &Folder,
    running: &Running,
    changed: &Notify,
) -> Result<u8, Stop> {
    let target = Target::Node(running.node().clone());
    let mut told = running.node().sites.changes();
    let mut shown = Shown { app: None, after: -1 };
    deploy_now(context, folder, &target, &mut shown).await?;
    loop {
        tokio::select! {
            () = changed.notified() => {
                settle(changed).await;
                deploy_now(context, folder, &target, &mut shown).await?;
            }
            told = told.recv() => match told {
                Ok(told) if !told.logged => {}
                Ok(_) | Err(RecvError::Lagged(_)) => {
                    show_logs(context, running.node(), &mut shown).await?;
                }
                Err(RecvError::Closed) => return Ok(0),
            },
        }
    }
}

/// Waits until nothing changes for a moment.
async fn settle(changed: &Notify) {
    let give_up = Instant::now() + LONGEST;
    while Instant::now() < give_up && timeout(QUIET, changed.notified()).await.is_ok() {}
}

/// What is on the screen already.
struct Shown {
    app: Option<AppName>,
    /// The last line of the log.
    after: i64,
}

/// Deploys the folder; what is wrong with it is said, and the last version stays.
async fn deploy_now(
    context: &Context,
    folder: &Folder,
    target: &Target,
    shown: &mut Shown,
) -> Result<(), Stop> {
    let began = Instant::now();
    match deploy(context, folder, target).await {
        Ok(done) if done.unchanged && shown.app.is_some() => {}
        Ok(done) => {
            let files = done.added + done.changed + done.removed;
            let ms = began.elapsed().as_millis();
            let what = format!(
                "version {} is live, {} in {ms} ms",
                done.version,
                view::count(files, "changed file")
            );
            context.screen.remark(&what);
            for warning in &done.warnings {
                context.screen.warning(warning);
            }
            if shown.app.is_none() {
                render::bytes(format!("{}\n", done.url).as_bytes())?;
            }
            shown.app = Some(done.app);
        }
        Err(problem) => {
            render::end(context.screen.json, context.screen.verbose, problem.into());
        }
    }
    Ok(())
}

async fn deploy(
    context: &Context,
    folder: &Folder,
    target: &Target,
) -> Result<deploy::Output, Problem> {
    let watcher = OnScreen::new(context.screen);
    let options = Options {
        name: folder.name.as_ref(),
        build: folder.build,
        include_private: true,
        leash: None,
    };
    let packed: Packed = ship::pack(&watcher, &folder.dir, &options)?;
    for warning in &packed.warnings {
        context.screen.warning(warning);
    }
    let caller = Caller::owner(Face::Cli);
    let done = ship::ship(target, &caller, deploy::Input::default(), &packed, &()).await?;
    ship::typed(done)
}

/// Shows the lines that are new, and of a failure its place.
async fn show_logs(context: &Context, node: &Arc<Node>, shown: &mut Shown) -> Result<(), Stop> {
    let Some(app) = &shown.app else { return Ok(()) };
    let input: read_logs::Input = ship::typed(json!({ "app": app }))?;
    let query = node.log_query(&input).await?;
    for (n, line) in node.log_tail(&query, shown.after).await? {
        shown.after = n;
        if context.screen.json {
            render::line_of_json(&json!(line))?;
            continue;
        }
        context.screen.logged(&line)?;
        let is_failure = line.level == Level::Error && line.fields.contains("\"code\"");
        if let (true, Some(id)) = (is_failure, &line.request) {
            let caller = Caller::owner(Face::Cli);
            let why = dispatch(&**node, &caller, "explain_request", json!({ "id": id })).await;
            let why: Option<explain_request::Output> = why.ok().and_then(|w| ship::typed(w).ok());
            if let Some(error) = why.and_then(|why| why.error) {
                context.screen.excerpt(&error.excerpt)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_of_the_app_has_it_deployed() {
        let root = Path::new("/srv/app");
        for (path, builds, expected) in [
            ("/srv/app/index.html", false, true),
            ("/srv/app/api/hello.js", true, true),
            ("/srv/app/dist/app.js", false, true),
            ("/srv/app/dist/app.js", true, false),
            ("/srv/app/src/dist/app.js", true, true),
            ("/srv/app/.git/index", false, false),
            ("/srv/app/.gitignore", false, true),
            ("/srv/app/node_modules/x/y.js", false, false),
            ("/srv/app/index.html~", false, false),
            ("/srv/other/index.html", false, false),
        ] {
            assert_eq!(is_of_app(root, Path::new(path), builds), expected, "{path} {builds}");
        }
    }
}
