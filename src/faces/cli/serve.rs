//! `fazt server start` and `fazt server init`: the commands that are the node.
//!
//! Flags become sources of settings; everything else is `crate::server`'s. What a
//! start says goes to standard error, so that a supervisor's log has it.

use std::collections::HashMap;

use clap::ArgMatches;
use fazt_tools::View;
use serde_json::json;

use super::{Context, Stop, ask, connect, render};
use crate::server::{self, Init, Running, Start};

/// The settings that are flags of `start` and `init`, each with its value's name.
pub(super) const FLAGS: &[(&str, &str)] =
    &[("port", "PORT"), ("domain", "DOMAIN"), ("bind", "ADDR")];

/// Runs the node until it is asked to stop.
pub(super) async fn start(context: &Context, inner: &ArgMatches) -> Result<u8, Stop> {
    context.only_here("server start")?;
    let mut flags = flags(inner);
    flags.extend(log_filter(context).map(|filter| ("log", filter.to_owned())));
    let running = server::start(Start {
        db: context.db.clone(),
        flags,
        environment: context.environment.clone(),
        warnings: Vec::new(),
    })
    .await?;
    if context.screen.json {
        render::json(&json!({
            "url": running.url, "app_url": running.app_url, "setup_link": running.setup_link,
            "db": running.db.display().to_string(), "warnings": running.warnings,
            "mcp_add": mcp_add(context),
        }))?;
    } else {
        for warning in &running.warnings {
            context.screen.warning(warning);
        }
        context.screen.tree(&headline(&running), &branches(context, &running));
    }
    running.wait().await?;
    Ok(0)
}

fn headline(running: &Running) -> String {
    let (version, db) = (env!("CARGO_PKG_VERSION"), running.db.display());
    format!("fazt {version} serves {db} at {}", running.app_url)
}

/// The two things to do next: open the dashboard, connect an agent.
fn branches(context: &Context, running: &Running) -> [(&'static str, String, String); 2] {
    let (open, about) = match &running.setup_link {
        Some(link) => (link.clone(), "set-up link, works once within 30 minutes".to_owned()),
        None => (running.url.clone(), String::new()),
    };
    [("dashboard", open, about), ("for agents", mcp_add(context), String::new())]
}

/// The line that adds this installation to Claude Code.
fn mcp_add(context: &Context) -> String {
    connect::stdio_line(&connect::this_program(), context.unusual_db().as_deref())
}

/// Makes the database, and sets the owner's password where one is given.
pub(super) async fn init(context: &Context, inner: &ArgMatches) -> Result<u8, Stop> {
    context.only_here("server init")?;
    let password = ask::new_password(context, inner.get_flag("password-stdin"))?;
    let done = server::init(Init {
        db: context.db.clone(),
        flags: flags(inner),
        environment: context.environment.clone(),
        password,
    })
    .await?;
    if context.screen.json {
        render::json(&json!({
            "db": done.db.display().to_string(),
            "created": done.created, "password_set": done.password_set,
        }))?;
        return Ok(0);
    }
    let what = if done.created { "is made" } else { "is there already" };
    let mut view = View::says(format!("the database {} {what}", done.db.display()));
    if !done.password_set {
        view = view.notes(["a set-up link is shown when the node starts".to_owned()]);
    }
    context.screen.view(&view.next("fazt server start"))?;
    Ok(0)
}

pub(super) fn flags(inner: &ArgMatches) -> HashMap<&'static str, String> {
    let given = |(key, _): &(&'static str, _)| Some((*key, inner.get_one::<String>(key)?.clone()));
    FLAGS.iter().filter_map(given).collect()
}

/// What is logged where `-v` or `-q` says so; else the setting `log` does.
fn log_filter(context: &Context) -> Option<&'static str> {
    match (context.screen.verbose, context.screen.quiet) {
        (true, _) => Some("debug"),
        (_, true) => Some("warn"),
        _ => None,
    }
}
