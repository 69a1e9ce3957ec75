//! What does a look mean: is it well, worth a note, or wrong?
//!
//! Pure: plain values in, a finding out. Each that is not well says why it matters
//! and what mends it.

use std::{fmt::Write as _, net::IpAddr, path::Path};

use fazt_tools::{Problem, skills::text::quoted, view::bytes};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::store::{Result as Stored, StoreError, sqlite::Examined};

/// The name whose way is looked up; no app has to have it.
pub(super) const SAMPLE: &str = "hello";

/// No fazt of this kind was there before; a clock without a battery shows less.
const FIRST: &str = "2025-01-01T00:00:00Z";

/// How far clocks may be apart without a word.
const SLACK: SignedDuration = SignedDuration::from_mins(2);

/// How a thing is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Note,
    /// To be mended.
    Wrong,
}

/// What one look found.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(super) struct Finding {
    /// What was looked at.
    pub(super) check: &'static str,
    pub(super) state: State,
    /// What is so.
    pub(super) found: String,
    /// Why it matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<&'static str>,
    /// The command that mends it, or what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fix: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, state: State::Ok, found: found.into(), why: None, fix: None }
    }

    fn note(check: &'static str, found: impl Into<String>, why: &'static str) -> Self {
        Self { state: State::Note, why: Some(why), ..Self::ok(check, found) }
    }

    fn wrong(check: &'static str, found: impl Into<String>, why: &'static str) -> Self {
        Self { state: State::Wrong, why: Some(why), ..Self::ok(check, found) }
    }

    fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// The finding for a person, lines after the first set in by `indent`.
    pub(super) fn lines(&self, indent: usize) -> String {
        let word = match self.state {
            State::Ok => "ok",
            State::Note => "note",
            State::Wrong => "WRONG",
        };
        let mut text = format!("{word}: {}", self.found);
        let why = self.why.map(|why| ("", why)).into_iter();
        for (name, more) in why.chain(self.fix.as_deref().map(|fix| ("fix: ", fix))) {
            let _ = write!(text, "\n{:indent$}{name}{more}", "");
        }
        text
    }
}

/// The database file, `None` where there is none.
pub(super) fn database(db: &Path, looked: Option<&Stored<Examined>>) -> Finding {
    const CHECK: &str = "database";
    let shown = db.display();
    let found = match looked {
        None => {
            return Finding::wrong(
                CHECK,
                format!("there is none at {shown}"),
                "apps, tokens and settings are kept in it",
            )
            .fix("fazt server start");
        }
        Some(Ok(found)) => found,
        Some(Err(error)) => {
            let finding = Finding::wrong(
                CHECK,
                format!("{shown} cannot be used: {error}"),
                "without it no command works and no app is served",
            );
            return finding.fix(match error {
                StoreError::FromTheFuture { .. } => {
                    "install the newer fazt that wrote it".to_owned()
                }
                StoreError::NotOurs { .. } => "name another with `--db PATH` or FAZT_DB".to_owned(),
                StoreError::NoAccess { .. } => {
                    format!("sudo chown \"$(id -un)\" {}", quoted(&format!("{shown}")))
                }
                _ => RESTORE.to_owned(),
            });
        }
    };
    match found.faults.first() {
        Some(fault) => Finding::wrong(
            CHECK,
            format!("{shown} is damaged: {fault}"),
            "what is damaged cannot be served, and more may be lost with each change",
        )
        .fix(RESTORE),
        None => Finding::ok(CHECK, format!("{shown} is whole, schema {}", found.schema)),
    }
}

/// There is no command that makes a damaged file whole.
const RESTORE: &str = "stop the node and put back a copy of data.db and data.db.key";

/// The key file's permissions, where it is there and the system has such.
pub(super) fn key_file(db: &Path, mode: Option<u32>) -> Finding {
    const CHECK: &str = "key file";
    match mode {
        Some(mode) if mode & 0o077 != 0 => {
            let file = format!("{}.key", db.display());
            Finding::wrong(
                CHECK,
                format!("{file} can be read by others (mode {mode:o})"),
                "whoever reads it is the owner of this node",
            )
            .fix(format!("chmod 600 {}", quoted(&file)))
        }
        Some(_) => Finding::ok(CHECK, "only its user can read it"),
        None => Finding::ok(CHECK, "made when the database is first opened"),
    }
}

/// The space left on the database's disk.
pub(super) fn disk(free: Option<u64>, little: u64) -> Finding {
    const CHECK: &str = "disk";
    match free {
        Some(free) if free < little => Finding::wrong(
            CHECK,
            format!("only {} are free", bytes(free)),
            "a full disk refuses every change",
        )
        .fix("free some space on the database's disk"),
        Some(free) => Finding::ok(CHECK, format!("{} are free", bytes(free))),
        None => Finding::ok(CHECK, "this system does not tell what is free"),
    }
}

/// The clock, against the newest row of the ledger.
pub(super) fn clock(now: Timestamp, last_change: Option<Timestamp>) -> Finding {
    const CHECK: &str = "clock";
    const WHY: &str = "expiry of tokens and sessions, and the order of changes, go by it";
    const FIX: &str = "timedatectl set-ntp true";
    let first: Timestamp = FIRST.parse().expect("a literal moment");
    let last = last_change.filter(|last| *last > now + SLACK);
    match last {
        _ if now < first => {
            Finding::wrong(CHECK, format!("it shows {now}, before this fazt was made"), WHY)
                .fix(FIX)
        }
        Some(last) => {
            let found = format!("it shows {now}, and the newest change is from {last}");
            Finding::wrong(CHECK, found, WHY).fix(FIX)
        }
        None => Finding::ok(CHECK, "it is after all that the ledger holds"),
    }
}

/// Settings that cannot be read.
pub(super) fn settings(problem: &Problem) -> Finding {
    let key = problem.details.get("field").and_then(Value::as_str);
    let fix = match key {
        Some(key) if problem.message.contains("from the database") => {
            format!("fazt server config set {key}")
        }
        _ => "change or unset that environment variable".to_owned(),
    };
    Finding::wrong("settings", problem.message.clone(), "no node starts with them").fix(fix)
}

/// Who holds the database.
#[derive(Debug)]
pub(super) enum Running<'a> {
    /// Nobody.
    No,
    /// A process that does not listen.
    Busy,
    /// A node that listens there, and what it answered.
    At(&'a str, Answer),
}

/// What a running node answered.
#[derive(Debug)]
pub(super) struct Answer {
    /// Status and body of `/health`, or why there was none.
    pub(super) health: Result<(u16, String), String>,
    /// Its own report.
    pub(super) status: Option<Value>,
    /// Why it gave none.
    pub(super) refused: Option<String>,
}

/// The node that runs on the database.
pub(super) fn node(running: &Running<'_>, own_version: &str) -> Finding {
    const CHECK: &str = "node";
    let (url, answer) = match running {
        Running::At(url, answer) => (url, answer),
        Running::No => {
            return Finding::note(CHECK, "none runs", "apps are served while a node runs")
                .fix("fazt server start");
        }
        Running::Busy => {
            return Finding::note(
                CHECK,
                "another process holds the database and does not listen",
                "a command at work, or a node that is just starting",
            )
            .fix("fazt doctor   # again in a moment");
        }
    };
    match &answer.health {
        Ok((200, _)) => {}
        Ok((status, _)) => {
            return Finding::wrong(
                CHECK,
                format!("{url} answers {status} to /health"),
                "the node is stopping, or cannot read its database",
            )
            .fix("fazt server start   # when the old one has ended; its log says more");
        }
        Err(reason) => {
            return Finding::wrong(
                CHECK,
                format!("it says that it listens at {url}, and does not answer: {reason}"),
                "no app is served and no command gets through",
            )
            .fix("end that process, then: fazt server start");
        }
    }
    let Some(status) = &answer.status else {
        let reason = answer.refused.as_deref().unwrap_or("it says nothing of itself");
        return Finding::wrong(
            CHECK,
            format!("it answers at {url}, and refuses this command: {reason}"),
            "commands here need the key file that the node was started with",
        )
        .fix("run this as the user the node runs as");
    };
    let version = status["version"].as_str().unwrap_or("?");
    let warning = status["warnings"].as_array().and_then(|warnings| warnings.first());
    if version != own_version {
        return Finding::note(
            CHECK,
            format!("it runs fazt {version} at {url}, and this command is {own_version}"),
            "the two may not know the same tools",
        )
        .fix("stop the node, then: fazt server start");
    }
    if let Some(warning) = warning {
        let text = |key: &str| warning[key].as_str().unwrap_or_default().to_owned();
        return Finding::note(CHECK, text("message"), "the node itself warns of this")
            .fix(text("fix"));
    }
    Finding::ok(CHECK, format!("fazt {version} answers at {url}"))
}

/// The port that a node would take here.
pub(super) fn port(bind: IpAddr, port: u16, free: bool) -> Finding {
    const CHECK: &str = "port";
    match (port, free) {
        (0, _) => Finding::ok(CHECK, "a free one is taken at each start"),
        (_, true) => Finding::ok(CHECK, format!("{port} is free")),
        (1..1024, false) => Finding::wrong(
            CHECK,
            format!("{port} on {bind} is taken, or only root may use it"),
            "the node cannot start there",
        )
        .fix("fazt server config set port 8080"),
        (_, false) => Finding::wrong(
            CHECK,
            format!("{port} on {bind} is taken by another program"),
            "the node cannot start there",
        )
        .fix(format!("fazt server config set port {}", port.checked_add(1).unwrap_or(8080))),
    }
}

/// Where the names of apps lead.
pub(super) fn names(
    domain: &str,
    behind_proxy: bool,
    own: &[IpAddr],
    found: &Result<Vec<IpAddr>, String>,
) -> Finding {
    const CHECK: &str = "names";
    let name = format!("{SAMPLE}.{domain}");
    let here = |address: &IpAddr| address.is_loopback() || own.contains(address);
    let local = domain == "localhost" || domain.ends_with(".localhost");
    match found {
        Ok(found) if found.iter().any(here) => {
            Finding::ok(CHECK, format!("{name} leads to this machine"))
        }
        _ if local => Finding::ok(
            CHECK,
            format!("{name}: browsers and curl know the way, others send a Host header"),
        ),
        Ok(found) if !found.is_empty() => {
            let there: Vec<String> = found.iter().map(ToString::to_string).collect();
            let found = format!("{name} leads to {}, not to this machine", there.join(", "));
            if behind_proxy {
                Finding::ok(CHECK, format!("{found}: the proxy's address, as `public_url` says"))
            } else {
                Finding::note(CHECK, found, "right behind a router or a proxy, wrong otherwise")
                    .fix(dns(domain, own))
            }
        }
        Ok(_) | Err(_) => Finding::wrong(
            CHECK,
            format!("{name} leads nowhere"),
            "visitors cannot find the apps, and agents cannot find the node",
        )
        .fix(dns(domain, own)),
    }
}

fn dns(domain: &str, own: &[IpAddr]) -> String {
    let own = own.iter().find(|address| !address.is_loopback());
    let own = own.map_or_else(|| "this machine's address".to_owned(), ToString::to_string);
    format!("in the domain's DNS: `{domain}` and `*.{domain}` to {own}")
}

/// Tokens that have run out.
pub(super) fn tokens(now: Timestamp, tokens: &[(String, Option<Timestamp>)]) -> Finding {
    const CHECK: &str = "tokens";
    let gone: Vec<&str> = tokens
        .iter()
        .filter(|(_, expires)| expires.is_some_and(|expires| expires <= now))
        .map(|(name, _)| name.as_str())
        .collect();
    match gone.as_slice() {
        [] if tokens.is_empty() => Finding::ok(CHECK, "none was made"),
        [] => Finding::ok(CHECK, format!("{} in use, none has expired", tokens.len())),
        [first, ..] => {
            let names: Vec<String> = gone.iter().map(|name| format!("`{name}`")).collect();
            Finding::note(
                CHECK,
                format!("expired: {}", names.join(", ")),
                "whoever still sends one is refused",
            )
            .fix(format!("fazt token revoke {}", quoted(first)))
        }
    }
}

/// What the MCP door answered.
pub(super) fn agents(url: &str, heard: &Result<(u16, String), String>) -> Finding {
    const CHECK: &str = "mcp";
    let door = super::connect::mcp_url(url);
    match heard {
        Ok((200, body)) if body.contains("\"jsonrpc\"") => {
            Finding::ok(CHECK, format!("{door} answers"))
        }
        Ok((404, _)) => Finding::note(
            CHECK,
            "this node has no MCP door",
            "agents use the stdio line below, the command, or the HTTP API",
        ),
        Ok((401 | 403, _)) => Finding::wrong(
            CHECK,
            format!("{door} refuses this machine's own key"),
            "agents cannot come in over HTTP",
        )
        .fix("stop the node, then: fazt server start"),
        Ok((status, _)) => Finding::wrong(
            CHECK,
            format!("{door} answers {status}, and not as MCP does"),
            "agents cannot come in over HTTP",
        )
        .fix("look into the node's log: fazt -v server start"),
        Err(reason) => Finding::wrong(
            CHECK,
            format!("{door} does not answer: {reason}"),
            "agents cannot come in over HTTP",
        )
        .fix("stop the node, then: fazt server start"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    fn addresses(list: &[&str]) -> Vec<IpAddr> {
        list.iter().map(|text| text.parse().expect("an address")).collect()
    }

    #[test]
    fn what_is_not_well_says_why_and_most_of_it_what_mends_it() {
        let db = Path::new("/my data/data.db");
        let damaged = Examined { schema: 1, faults: vec!["page 3".into()], ..Examined::default() };
        let now = at("2026-11-20T07:00:00Z");
        let heard = |status: u16| Ok((status, String::new()));
        let answer = |health| Answer { health, status: None, refused: None };
        let stale = Answer {
            status: Some(json!({ "version": "0.0.9" })),
            ..answer(Ok((200, String::new())))
        };
        for (finding, state, part) in [
            (database(db, None), State::Wrong, "fazt server start"),
            (database(db, Some(&Ok(damaged))), State::Wrong, "page 3"),
            (
                database(
                    db,
                    Some(&Err(StoreError::NoAccess { path: db.into(), reason: "no".into() })),
                ),
                State::Wrong,
                "'/my data/data.db'",
            ),
            (key_file(db, Some(0o644)), State::Wrong, "chmod 600 '/my data/data.db.key'"),
            (disk(Some(1_000), 1_001), State::Wrong, "free some space"),
            (clock(at("2020-01-01T00:00:00Z"), None), State::Wrong, "set-ntp"),
            (clock(now, Some(at("2026-11-20T08:00:00Z"))), State::Wrong, "set-ntp"),
            (node(&Running::No, "1"), State::Note, "fazt server start"),
            (node(&Running::Busy, "1"), State::Note, "fazt doctor"),
            (node(&Running::At("U", answer(heard(503))), "1"), State::Wrong, "503"),
            (node(&Running::At("U", answer(Err("gone".into()))), "1"), State::Wrong, "gone"),
            (node(&Running::At("U", answer(heard(200))), "1"), State::Wrong, "as the user"),
            (node(&Running::At("U", stale), "1"), State::Note, "0.0.9"),
            (port("127.0.0.1".parse().unwrap(), 8080, false), State::Wrong, "set port 8081"),
            (port("0.0.0.0".parse().unwrap(), 80, false), State::Wrong, "only root"),
            (tokens(now, &[("my ci".into(), Some(now))]), State::Note, "revoke 'my ci'"),
            (agents("http://a", &heard(404)), State::Note, "no MCP door"),
            (agents("http://a", &heard(401)), State::Wrong, "http://a/mcp"),
            (agents("http://a", &heard(500)), State::Wrong, "500"),
            (agents("http://a", &heard(200)), State::Wrong, "not as MCP does"),
            (agents("http://a", &Err("gone".into())), State::Wrong, "gone"),
        ] {
            let text = finding.lines(10);
            assert_eq!(finding.state, state, "{text}");
            assert!(text.contains(part), "{text}");
            assert!(finding.why.is_some(), "{text}");
            assert!(finding.fix.is_some() || finding.check == "mcp", "{text}");
        }
    }

    #[test]
    fn what_is_well_says_so_in_a_line() {
        let now = at("2026-11-20T07:00:00Z");
        let well = Answer {
            health: Ok((200, String::new())),
            status: Some(json!({ "version": "1" })),
            refused: None,
        };
        let examined = Examined { schema: 1, ..Examined::default() };
        for finding in [
            database(Path::new("/d"), Some(&Ok(examined))),
            key_file(Path::new("/d"), Some(0o600)),
            disk(Some(2), 1),
            clock(now, Some(at("2026-11-20T07:01:00Z"))),
            node(&Running::At("U", well), "1"),
            port("127.0.0.1".parse().unwrap(), 8080, true),
            tokens(now, &[("ci".into(), None), ("x".into(), Some(at("2027-01-01T00:00:00Z")))]),
            agents("U", &Ok((200, "{\"jsonrpc\":\"2.0\"}".into()))),
        ] {
            assert_eq!(finding.state, State::Ok, "{finding:?}");
            assert_eq!(finding.lines(4).lines().count(), 1, "{finding:?}");
        }
    }

    #[test]
    fn names_must_lead_here_unless_a_proxy_stands_in_front() {
        let own = addresses(&["127.0.0.1", "10.0.0.7"]);
        let state = |domain: &str, proxy, found: &[&str]| {
            names(domain, proxy, &own, &Ok(addresses(found))).state
        };
        assert_eq!(state("zyt.app", false, &["10.0.0.7"]), State::Ok);
        assert_eq!(state("zyt.app", false, &["192.0.2.1"]), State::Note);
        assert_eq!(state("zyt.app", true, &["192.0.2.1"]), State::Ok);
        assert_eq!(state("zyt.app", true, &[]), State::Wrong);
        let nowhere = Err("no such name".to_owned());
        let local = names("localhost", false, &own, &nowhere);
        assert_eq!(local.state, State::Ok);
        assert!(local.lines(0).contains("Host header"), "{}", local.lines(0));
        assert_eq!(state("localhost", false, &["127.0.0.1"]), State::Ok);
        let lost = names("zyt.app", false, &own, &nowhere);
        assert_eq!(lost.state, State::Wrong);
        assert!(lost.lines(0).contains("`*.zyt.app` to 10.0.0.7"), "{}", lost.lines(0));
    }

    #[test]
    fn a_setting_is_mended_where_it_came_from() {
        let stored = Problem::new(fazt_tools::Code::ValidationFailed, "`x` (from the database)");
        let fix = settings(&stored.detail("field", "port")).fix;
        assert_eq!(fix.as_deref(), Some("fazt server config set port"));
    }
}
