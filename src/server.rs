//! Starting and stopping a node, and preparing its database.
//!
//! The composition root: opens the node, joins the API to the hosting, listens.
//! Prints nothing; what the owner should read is handed back.

use std::{collections::HashMap, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use fazt_tools::{Problem, status::Warning};

use crate::{
    faces,
    hosting::{Hosting, listen},
    lifecycle::{DRAIN, asked_to_stop},
    node::{Node, Open},
    ops::{storage_problem, sweep_spools},
};

/// What starting a node takes.
pub struct Start {
    /// The database.
    pub db: PathBuf,
    /// Settings given as flags, by key.
    pub flags: HashMap<&'static str, String>,
    /// The process's environment.
    pub environment: HashMap<String, String>,
    /// What the owner should know about how it is started.
    pub warnings: Vec<Warning>,
}

/// A node that serves.
pub struct Running {
    /// Address of the dashboard and the API.
    pub url: String,
    /// Pattern of the apps' addresses.
    pub app_url: String,
    /// The one-time link by which the owner sets a password, if none is set.
    pub setup_link: Option<String>,
    /// The database.
    pub db: PathBuf,
    /// What the owner should know.
    pub warnings: Vec<String>,
    /// The address it listens on.
    pub address: SocketAddr,
    node: Arc<Node>,
}

/// Opens the database, listens, and serves until [`Running::wait`] ends.
pub async fn start(start: Start) -> Result<Running, Problem> {
    let Start { db, flags, environment, warnings } = start;
    // A command that works on the database holds it for a moment.
    let wait = Duration::from_secs(10);
    let node = Node::open(Open { db, wait, flags, environment, warnings, program: None }).await?;
    logging(&node.config.log);
    let served = serve(node.clone()).await;
    if served.is_err() {
        // The next attempt, on another port, should find the database free.
        node.close().await;
    }
    served
}

/// Makes an open node listen.
pub async fn serve(node: Arc<Node>) -> Result<Running, Problem> {
    let agents = faces::mcp::router(&node);
    serve_with(node, agents).await
}

/// The same with another door for agents.
pub async fn serve_with(node: Arc<Node>, agents: faces::mcp::Routes) -> Result<Running, Problem> {
    raise_descriptor_limit(node.config.max_connections);
    let listener = listen(SocketAddr::new(node.config.bind, node.config.port))?;
    let address = listener.address;
    let reached = if address.ip().is_unspecified() {
        SocketAddr::new(std::net::Ipv4Addr::LOCALHOST.into(), address.port())
    } else {
        address
    };
    node.announce(address.port(), &format!("http://{reached}"))?;
    let setup_link = if node.access.has_owner().await.map_err(|e| storage_problem(&e))? {
        None
    } else {
        let link = node.access.new_setup_link().await.map_err(|e| storage_problem(&e))?;
        Some(format!("{}/setup?link={link}", node.url("admin")))
    };
    let hosting = Hosting::new(node.clone(), faces::http::router(node.clone(), agents));
    let connections = usize::try_from(node.config.max_connections).unwrap_or(usize::MAX);
    if let Err(error) = sweep_spools(node.db()) {
        tracing::warn!(%error, "could not remove the uploads that an earlier end cut short");
    }
    node.start_upkeep();
    node.lifecycle.spawn(node.clone().keep_functions_ready());
    let lifecycle = node.lifecycle.clone();
    node.lifecycle.spawn(listener.serve(hosting, lifecycle, connections, DRAIN));
    Ok(Running {
        url: node.url("admin"),
        app_url: node.url("APP"),
        setup_link,
        db: node.db().to_owned(),
        warnings: node.warnings.iter().map(|warning| warning.message.clone()).collect(),
        address,
        node,
    })
}

/// Lets the process have a descriptor for every connection, as far as the
/// system allows: shells give 1,024 unless asked.
#[cfg(unix)]
fn raise_descriptor_limit(connections: u64) {
    use rustix::process::{Resource, getrlimit, setrlimit};
    // The database, its readers and the log need some too.
    let wanted = connections + 256;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return;
    }
    limit.current = Some(limit.maximum.map_or(wanted, |most| most.min(wanted)));
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "could not raise the limit of open files");
    }
}

#[cfg(not(unix))]
fn raise_descriptor_limit(_: u64) {}

impl Running {
    /// Serves until the process is asked to stop, then lets what is under way
    /// finish and closes the database.
    pub async fn wait(self) -> Result<(), Problem> {
        asked_to_stop().await;
        tracing::info!("stopping: no new connections, requests under way may finish");
        self.stop().await;
        Ok(())
    }

    /// Stops as [`Running::wait`] does, without being asked.
    pub async fn stop(self) {
        self.node.lifecycle.drain(DRAIN + Duration::from_secs(1)).await;
        self.node.close().await;
    }

    /// The node that serves.
    pub fn node(&self) -> &Arc<Node> {
        &self.node
    }
}

/// What preparing a database takes.
pub struct Init {
    /// The database.
    pub db: PathBuf,
    /// Settings to store, by key.
    pub flags: HashMap<&'static str, String>,
    /// The process's environment.
    pub environment: HashMap<String, String>,
    /// The owner's password.
    pub password: Option<String>,
}

/// A database that is prepared.
pub struct InitDone {
    /// The database.
    pub db: PathBuf,
    /// Whether it is new.
    pub created: bool,
    /// Whether the owner has a password.
    pub password_set: bool,
}

/// Makes the database if there is none, stores settings, sets the password.
pub async fn init(init: Init) -> Result<InitDone, Problem> {
    let Init { db, flags, environment, password } = init;
    let created = !db.exists();
    let wait = Duration::from_secs(10);
    let warnings = Vec::new();
    let node =
        Node::open(Open { db, wait, flags: HashMap::new(), environment, warnings, program: None })
            .await?;
    let done = async {
        let caller = fazt_tools::Caller::owner(fazt_tools::Face::Cli);
        for (key, value) in flags {
            let input = serde_json::json!({ "key": key, "value": value });
            fazt_tools::dispatch(&*node, &caller, "set_setting", input).await?;
        }
        if let Some(password) = password {
            node.access.set_password(password).await?;
        }
        let password_set = node.access.has_owner().await.map_err(|e| storage_problem(&e))?;
        Ok(InitDone { db: node.db().to_owned(), created, password_set })
    };
    let done = done.await;
    node.close().await;
    done
}

/// Sends log lines to standard error: for people on a terminal, JSON otherwise.
pub fn logging(filter: &str) {
    use std::io::IsTerminal as _;
    use tracing_subscriber::{EnvFilter, fmt};
    let filter = Some(filter).filter(|filter| !filter.is_empty());
    let filter = filter.and_then(|filter| EnvFilter::try_new(filter).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new("info"));
    // It calls a client that hangs up an error. Whoever wants to see that says so.
    let quiet = "rmcp=off".parse().ok().filter(|_| !filter.to_string().contains("rmcp"));
    let filter = match quiet {
        Some(quiet) => filter.add_directive(quiet),
        None => filter,
    };
    let terminal = std::io::stderr().is_terminal();
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // A second call, as tests make, keeps the first.
    let _ = if terminal {
        lines.compact().with_ansi(true).try_init()
    } else {
        lines.json().flatten_event(true).try_init()
    };
}
