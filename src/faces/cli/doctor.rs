//! `fazt doctor`: what is wrong here, why it matters, and which command mends it?
//!
//! Looks at everything with the node's own eyes, changes nothing, and works whether
//! a node runs or not. What a look means is decided in `checks`; here it is gathered
//! and shown.

mod checks;

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr, TcpListener},
    path::Path,
    time::Duration,
};

use fazt_tools::{Caller, Face, Problem, View, dispatch};
use serde_json::{Value, json};

use self::checks::{Answer, Finding, Running, State};
use super::{Context, Stop, connect, render};
use crate::{
    auth,
    clock::{Clock as _, SystemClock},
    config::{Config, Sources, choose_domain, local_addresses},
    ops,
    peers::Peer,
    store::sqlite::{Examined, examine, is_held},
};

/// How long a name may take to be looked up.
const LOOK_UP: Duration = Duration::from_secs(3);

/// The revision of the protocol that a node is asked in.
const REVISION: &str = "2026-07-28";

/// `fazt doctor`.
pub(super) async fn run(context: &Context) -> Result<u8, Stop> {
    context.only_here("doctor")?;
    let report = examine_all(context).await;
    let exit = u8::from(report.findings.iter().any(|finding| finding.state == State::Wrong));
    let (exe, db) = (connect::this_program(), context.unusual_db());
    let stdio = connect::stdio_line(&exe, db.as_deref());
    let http = connect::http_line(&report.url);
    if context.screen.json {
        render::json(&json!({
            "well": exit == 0,
            "findings": report.findings,
            "connect": { "stdio": stdio, "http": http },
            "mcp_config": connect::print_config(&exe, db.as_deref(), Some(&report.url)),
        }))?;
    } else {
        context.screen.view(&view(&report.findings, stdio, http))?;
    }
    Ok(exit)
}

/// What was found, and where the node is or would be.
struct Report {
    findings: Vec<Finding>,
    url: String,
}

async fn examine_all(context: &Context) -> Report {
    let db = &context.db;
    let looked = db.exists().then(|| examine(db));
    let mut findings = vec![checks::database(db, looked.as_ref())];
    let examined = looked.and_then(Result::ok).unwrap_or_default();
    findings.push(checks::key_file(db, mode_of_key(db)));
    findings.push(checks::disk(folder_of(db).and_then(ops::disk_free), ops::LITTLE_DISK));
    findings.push(checks::clock(SystemClock.now(), examined.last_change));
    let config = match read_config(context, &examined) {
        Ok(config) => config,
        Err(problem) => {
            findings.push(checks::settings(&problem));
            let url =
                Config::read(&Sources::default()).map(|config| config.url("admin", config.port));
            return Report { findings, url: url.unwrap_or_default() };
        }
    };
    let held = is_held(db);
    let announced = if held { auth::announced(db) } else { None };
    let running = match &announced {
        Some(url) => Running::At(url, ask(db, url).await),
        None if held => Running::Busy,
        None => Running::No,
    };
    findings.push(checks::node(&running, env!("CARGO_PKG_VERSION")));
    let at = match &running {
        Running::At(_, Answer { status: Some(status), .. }) => place(status),
        _ => None,
    };
    let (url, domain) =
        at.unwrap_or_else(|| (config.url("admin", config.port), config.domain.clone()));
    if matches!(running, Running::No) {
        findings.push(checks::port(config.bind, config.port, is_free(config.bind, config.port)));
    }
    let found = look_up(&domain).await;
    findings.push(checks::names(
        &domain,
        !config.public_url.is_empty(),
        &local_addresses(),
        &found,
    ));
    findings.push(checks::tokens(SystemClock.now(), &examined.tokens));
    if let Running::At(announced, _) = &running {
        findings.push(checks::agents(&url, &ask_mcp(db, announced, &url).await));
    }
    Report { findings, url }
}

/// The folder a database is in, as far as it is there.
fn folder_of(db: &Path) -> Option<&Path> {
    db.ancestors()
        .skip(1)
        .map(|path| if path == Path::new("") { Path::new(".") } else { path })
        .find(|path| path.exists())
}

#[cfg(unix)]
fn mode_of_key(db: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut name = db.as_os_str().to_owned();
    name.push(".key");
    Some(std::fs::metadata(name).ok()?.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode_of_key(_: &Path) -> Option<u32> {
    None
}

/// The settings a node would start with here.
fn read_config(context: &Context, examined: &Examined) -> Result<Config, Problem> {
    let mut config = Config::read(&Sources {
        flags: HashMap::new(),
        environment: context.environment.clone(),
        stored: examined.settings.clone(),
    })?;
    let (domain, origin) = config.origin("domain");
    let open = !config.bind.is_loopback();
    let choice = choose_domain(domain, origin, open, &local_addresses());
    if choice.warning.is_some() {
        config.detect_domain(choice.domain);
    }
    Ok(config)
}

/// The running node, by its address and this machine's key.
fn own_node(db: &Path, url: &str) -> Result<Peer, Problem> {
    Peer::new("local", url, &auth::local_token(db).unwrap_or_default())
}

/// What the running node says of its health.
async fn ask(db: &Path, url: &str) -> Answer {
    let asking = async {
        let node = own_node(db, url)?;
        let health = node.hear("/health", &[], None).await?;
        let status = dispatch(&node, &Caller::owner(Face::Cli), "status", json!({})).await;
        Ok::<_, Problem>((health, status))
    };
    match asking.await {
        Ok((health, status)) => {
            let refused = status.as_ref().err().map(ToString::to_string);
            Answer { health: Ok(health), status: status.ok(), refused }
        }
        Err(problem) => Answer { health: Err(problem.to_string()), status: None, refused: None },
    }
}

/// Address and domain of a node, from its status.
fn place(status: &Value) -> Option<(String, String)> {
    Some((status["url"].as_str()?.to_owned(), status["domain"].as_str()?.to_owned()))
}

/// Asks the node's MCP door what is behind it, at the host that agents name.
async fn ask_mcp(db: &Path, announced: &str, url: &str) -> Result<(u16, String), String> {
    let client = json!({ "name": "fazt-doctor", "version": env!("CARGO_PKG_VERSION") });
    let question = json!({
        "jsonrpc": "2.0", "id": 1, "method": "server/discover",
        "params": { "_meta": {
            "io.modelcontextprotocol/protocolVersion": REVISION,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": client,
        } },
    });
    let door = connect::mcp_url(url);
    let host = door.split('/').nth(2).unwrap_or_default();
    let headers = [
        ("host", host),
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", REVISION),
        ("mcp-method", "server/discover"),
    ];
    let node = own_node(db, announced).map_err(|problem| problem.to_string())?;
    node.hear("/mcp", &headers, Some(&question)).await.map_err(|problem| problem.to_string())
}

/// Whether a node could listen there.
fn is_free(bind: IpAddr, port: u16) -> bool {
    TcpListener::bind(SocketAddr::new(bind, port)).is_ok()
}

/// Where the name of an app below `domain` leads.
async fn look_up(domain: &str) -> Result<Vec<IpAddr>, String> {
    let name = format!("{}.{domain}:80", checks::SAMPLE);
    match tokio::time::timeout(LOOK_UP, tokio::net::lookup_host(name)).await {
        Ok(Ok(found)) => Ok(found.map(|address| address.ip()).collect()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    }
}

fn view(findings: &[Finding], stdio: String, http: String) -> View {
    let wrong = findings.iter().filter(|finding| finding.state == State::Wrong).count();
    let width = findings
        .iter()
        .map(|finding| finding.check.len())
        .max()
        .unwrap_or(0)
        .max("for agents".len());
    let mut view = View::says(match wrong {
        0 => "nothing is wrong".to_owned(),
        1 => "one thing is wrong".to_owned(),
        n => format!("{n} things are wrong"),
    });
    for finding in findings {
        view = view.fact(finding.check, finding.lines(width + 2));
    }
    view.fact("for agents", stdio).fact("over HTTP", http)
}
