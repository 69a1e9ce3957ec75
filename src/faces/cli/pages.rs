//! What does fazt say of itself: its version, its manual, its completions?
//!
//! Made from the same commands that are parsed, so they cannot disagree. Touches
//! no database.

use std::{fs, path::PathBuf};

use clap::ArgMatches;
use clap_complete::Shell;
use fazt_tools::{Code, Problem};
use serde_json::json;

use super::{Context, Stop, command, render};

/// `fazt version`.
pub(super) fn version(context: &Context) -> Result<u8, Stop> {
    context.only_here("version")?;
    let version = env!("CARGO_PKG_VERSION");
    if context.screen.json {
        render::json(&json!({
            "version": version, "os": std::env::consts::OS, "arch": std::env::consts::ARCH,
        }))?;
    } else {
        render::bytes(format!("fazt {version}\n").as_bytes())?;
    }
    Ok(0)
}

/// `fazt completions SHELL`.
pub(super) fn completions(context: &Context, inner: &ArgMatches) -> Result<u8, Stop> {
    context.only_here("completions")?;
    let shell = *inner.get_one::<Shell>("shell").expect("clap requires it");
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command::whole_tree(), "fazt", &mut script);
    render::bytes(&script)?;
    Ok(0)
}

/// `fazt man [DIR]`.
pub(super) fn man(context: &Context, inner: &ArgMatches) -> Result<u8, Stop> {
    context.only_here("man")?;
    let Some(dir) = inner.get_one::<PathBuf>("dir") else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command::whole_tree()).render(&mut page)?;
        render::bytes(&page)?;
        return Ok(0);
    };
    let written =
        fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(command::whole_tree(), dir));
    written.map_err(|error| {
        Problem::new(Code::BadRequest, format!("cannot write to `{}`: {error}", dir.display()))
    })?;
    context.screen.remark(&format!("the manual pages are in {}", dir.display()));
    Ok(0)
}
