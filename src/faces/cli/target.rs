//! Which node carries a command out, and how is it reached?
//!
//! A peer or a URL is asked over HTTP. On this machine the database decides: when
//! nobody holds it, the tool is carried out in this process; when a node runs on
//! it, that node is asked, with the key that lies beside the database.

use std::{
    collections::HashMap,
    net::IpAddr,
    path::Path,
    time::{Duration, Instant},
};

use clap::ArgMatches;
use fazt_tools::{Code, PeerName, Problem};
use url::{Host, Url};

use super::{Context, Stop, ask};
use crate::{
    auth,
    node::{Node, Open},
    peers::{self, Peer},
    ship::Target,
};

/// How long a command waits for another that holds the database, or for a node
/// that holds it to say where it listens.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Where a command is to run.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// On the node of the local database.
    Here,
    /// On a peer; `None` is the default one.
    Peer(Option<PeerName>),
    /// On the node at an address.
    Url { url: String, token: String },
}

/// Reaches the node that a command is for.
pub(super) async fn connect(context: &Context, place: &Place) -> Result<Target, Problem> {
    let peer = match place {
        Place::Here => return connect_here(context).await,
        Place::Peer(name) => peers::find(&context.db, name.as_ref())?,
        Place::Url { url, token } => Peer::new(host_of(url), url, token)?,
    };
    context.screen.detail(&format!("asking {} at {}", peer.name(), peer.url()));
    Ok(Target::Peer(peer))
}

#[expect(clippy::disallowed_methods, reason = "waiting for another process is real time")]
async fn connect_here(context: &Context) -> Result<Target, Problem> {
    let give_up = Instant::now() + PATIENCE;
    loop {
        let open = Open {
            db: context.db.clone(),
            wait: Duration::ZERO,
            flags: HashMap::new(),
            environment: context.environment.clone(),
            warnings: Vec::new(),
            program: None,
        };
        let in_use = match Node::open(open).await {
            Ok(node) => {
                context.screen.detail(&format!("working on {} itself", context.db.display()));
                return Ok(Target::Node(node));
            }
            Err(problem) if problem.code == Code::DatabaseInUse => problem,
            Err(problem) => return Err(problem),
        };
        // A node says where it listens a moment after it takes the database; another
        // command never does, and is soon gone.
        if let Some(url) = auth::announced(&context.db) {
            context.screen.detail(&format!("asking the node at {url}"));
            return Ok(Target::Peer(Peer::new("local", &url, &own_token(&context.db)?)?));
        }
        if Instant::now() >= give_up {
            return Err(in_use);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The node that runs on a database, if one says where it listens.
pub(super) fn running(db: &Path) -> Result<Option<Peer>, Problem> {
    let Some(url) = auth::announced(db) else { return Ok(None) };
    Ok(Some(Peer::new("local", &url, &own_token(db)?)?))
}

/// The same, waited for; what a node left behind that was killed does not count.
#[expect(clippy::disallowed_methods, reason = "waiting for another process is real time")]
pub(super) async fn wait_for_running(
    db: &Path,
    patience: Duration,
) -> Result<Option<Peer>, Problem> {
    let give_up = Instant::now() + patience;
    loop {
        if let Some(peer) = running(db)?
            && peer.scopes().await.is_ok()
        {
            return Ok(Some(peer));
        }
        if Instant::now() >= give_up {
            return Ok(None);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn own_token(db: &Path) -> Result<String, Problem> {
    auth::local_token(db).ok_or_else(|| {
        Problem::new(
            Code::Unauthorized,
            format!("a node runs on {}, and its key file cannot be read", db.display()),
        )
        .hint("run the command as the user the node runs as, or use a token with `--to`")
    })
}

/// Where `fazt deploy` goes: `--to URL`, else `@peer`, else here.
pub(super) fn place_to_deploy(context: &Context, inner: &ArgMatches) -> Result<Place, Stop> {
    let Some(url) = inner.get_one::<String>("to") else { return Ok(context.place()) };
    context.only_here("deploy --to")?;
    let given = match inner.get_one::<String>("token") {
        Some(token) => Some(ask::secret(token)?),
        None => context.environment.get("FAZT_TOKEN").filter(|token| !token.is_empty()).cloned(),
    };
    let token =
        given.or_else(|| is_own_node(url, &context.db).then(|| auth::local_token(&context.db))?);
    match token {
        Some(token) => Ok(Place::Url { url: url.clone(), token }),
        None => Err(Problem::new(Code::Unauthorized, format!("`{url}` asks for a token"))
            .hint("give it with `--token` or in FAZT_TOKEN; `fazt token create` makes one there")
            .into()),
    }
}

/// Whether a URL leads to the node that runs on this very database. The key file
/// opens that one alone; another program on this machine must not be sent it.
fn is_own_node(url: &str, db: &Path) -> bool {
    auth::announced(db).is_some_and(|own| is_same_place(url, &own))
}

/// Whether `url` is on this machine, at the port of `own`.
fn is_same_place(url: &str, own: &str) -> bool {
    let (Ok(url), Ok(own)) = (Url::parse(url), Url::parse(own)) else { return false };
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    };
    here && url.port_or_known_default() == own.port_or_known_default()
}

/// The host of a URL, to call its node by.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_node_is_sent_the_own_token() {
        let own = "http://127.0.0.1:8080";
        for url in ["http://localhost:8080", "http://admin.localhost:8080/", "http://[::1]:8080"] {
            assert!(is_same_place(url, own), "{url}");
        }
        for url in [
            "http://localhost:8081",
            "http://zyt.app:8080",
            "http://localhost.example.com:8080",
            "http://127.0.0.1:8080@zyt.app",
            "http://10.0.0.1:8080",
            "localhost",
            "",
        ] {
            assert!(!is_same_place(url, own), "{url}");
        }
    }

    #[test]
    fn a_node_at_a_url_is_called_by_its_host() {
        assert_eq!(host_of("https://admin.zyt.app/x"), "admin.zyt.app");
        assert_eq!(host_of("zyt.app:8080"), "zyt.app:8080");
    }
}
