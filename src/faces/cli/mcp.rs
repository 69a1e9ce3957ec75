//! `fazt mcp`: an agent's server on standard input and output.
//!
//! Beside a node that runs on the database it speaks to that node; else it is the
//! node, hosting included. Nothing but the protocol goes to standard output, and a
//! client that closes its end ends it well.

use std::{path::PathBuf, sync::Arc, time::Duration};

use clap::ArgMatches;
use fazt_tools::{Code, Problem, status::Warning};

use super::{
    Context, Stop, connect, render,
    serve::flags,
    target::{running, wait_for_running},
};
use crate::{
    faces::mcp::{Door, Face, Reach, serve_stdio},
    lifecycle::{self, Lifecycle},
    server::{self, Running, Start},
    ship::Target,
};

/// How long a node that went away may take to come back before this process takes
/// its place: a restart should find the database free.
const COMING_BACK: Duration = Duration::from_secs(5);

/// The nodes that this process became, to be stopped at its end.
type Became = Arc<tokio::sync::Mutex<Vec<Running>>>;

/// Serves until the client or the system says that it is over.
pub(super) async fn run(context: &Context, inner: &ArgMatches) -> Result<u8, Stop> {
    context.only_here("mcp")?;
    if inner.get_flag("print-config") {
        return print_config(context);
    }
    let starting = Starting {
        db: context.db.clone(),
        flags: flags(inner),
        environment: context.environment.clone(),
    };
    // Before anybody is answered: a signal is never the end without a goodbye.
    let asked_to_stop = lifecycle::asked_to_stop();
    let became = Became::default();
    let target = find(&starting, &became, Duration::ZERO).await?;
    let again = {
        let (starting, became) = (starting.clone(), became.clone());
        Box::new(move || {
            let (starting, became) = (starting.clone(), became.clone());
            let found = async move { find(&starting, &became, COMING_BACK).await };
            Box::pin(found) as std::pin::Pin<Box<dyn Future<Output = _> + Send>>
        })
    };
    let lifecycle = Lifecycle::default();
    let reach = Arc::new(Reach::local(target, starting.db.clone(), again));
    let face = Face::new(reach, Door::Stdio, lifecycle.clone());
    tokio::select! {
        () = serve_stdio(face) => {}
        () = asked_to_stop => {}
    }
    lifecycle.drain(Duration::from_secs(2)).await;
    for node in became.lock().await.drain(..) {
        node.stop().await;
    }
    Ok(0)
}

/// Prints how a client is told of this node: the file on standard output, and
/// beside it the lines that do the same.
fn print_config(context: &Context) -> Result<u8, Stop> {
    let (exe, db) = (connect::this_program(), context.unusual_db());
    let url = crate::auth::announced(&context.db);
    render::json(&connect::print_config(&exe, db.as_deref(), url.as_deref()))?;
    context.screen.remark("for Claude Code, either of these does it:");
    context.screen.next(&connect::stdio_line(&exe, db.as_deref()));
    if let Some(url) = url {
        context.screen.next(&connect::http_line(&url));
    }
    Ok(0)
}

/// What becoming the node takes.
#[derive(Clone)]
struct Starting {
    db: PathBuf,
    flags: std::collections::HashMap<&'static str, String>,
    environment: std::collections::HashMap<String, String>,
}

/// The node on the database: the one that runs, or this process.
async fn find(
    starting: &Starting,
    became: &Became,
    patience: Duration,
) -> Result<Arc<Target>, Problem> {
    if let Some(peer) = wait_for_running(&starting.db, patience).await? {
        return Ok(Arc::new(Target::Peer(peer)));
    }
    match start(starting, None).await {
        Ok(node) => became_node(became, node).await,
        // The port is somebody else's: any other will do, and `status` says so.
        Err(problem) if problem.code == Code::PortInUse => {
            let node = start(starting, Some(problem.message)).await?;
            became_node(became, node).await
        }
        // Another took the database a moment before.
        Err(problem) if problem.code == Code::DatabaseInUse => match running(&starting.db)? {
            Some(peer) => Ok(Arc::new(Target::Peer(peer))),
            None => Err(problem),
        },
        Err(problem) => Err(problem),
    }
}

async fn start(starting: &Starting, taken: Option<String>) -> Result<Running, Problem> {
    let mut flags = starting.flags.clone();
    if !starting.environment.contains_key("FAZT_LOG") {
        // The client keeps what is said on standard error: only what matters.
        flags.insert("log", "warn".to_owned());
    }
    if taken.is_some() {
        flags.insert("port", "0".to_owned());
    }
    let db = starting.db.clone();
    let environment = starting.environment.clone();
    let warnings = taken.map(|taken| moved(&taken)).into_iter().collect();
    server::start(Start { db, flags, environment, warnings }).await
}

fn moved(taken: &str) -> Warning {
    Warning {
        message: format!("{taken}, so this node listens on another"),
        fix: "fazt server config set port PORT".to_owned(),
    }
}

async fn became_node(became: &Became, running: Running) -> Result<Arc<Target>, Problem> {
    let node = running.node().clone();
    became.lock().await.push(running);
    Ok(Arc::new(Target::Node(node)))
}
