//! `fazt deploy`: a folder becomes a version, here or elsewhere.
//!
//! What was asked is read from the command line, and the answer of the last tool
//! is shown as it answers it. Everything between is `ship`.

use std::path::PathBuf;

use clap::ArgMatches;
use fazt_tools::{Caller, Face, Problem, deploy};
use serde_json::Value;

use super::{
    Context, Stop,
    progress::OnScreen,
    target::{self, Place},
    tool,
};
use crate::ship::{self, Options, Packed, Target};

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
            input: ship::typed(input)?,
            build: !inner.get_flag("no-build"),
            include_private: inner.get_flag("include-private"),
            dry_run: inner.get_flag("dry-run"),
        })
    }

    fn pack(&self, watcher: &OnScreen) -> Result<Packed, Problem> {
        let options = Options {
            name: self.input.app.as_ref(),
            build: self.build,
            include_private: self.include_private,
            leash: None,
        };
        ship::pack(watcher, &self.dir, &options)
    }
}

/// Deploys a folder.
pub(super) async fn deploy(context: &Context, asked: Asked, place: Place) -> Result<u8, Stop> {
    let watcher = OnScreen::new(context.screen);
    // A misspelt peer is told before the build; the local database is taken after
    // it, so that a long build keeps nobody from it.
    let (packed, target) = if matches!(place, Place::Here) {
        let packed = asked.pack(&watcher)?;
        (packed, target::connect(context, &place).await?)
    } else {
        let target = target::connect(context, &place).await?;
        (asked.pack(&watcher)?, target)
    };
    for warning in &packed.warnings {
        context.screen.warning(warning);
    }
    let answer = carry_out(&target, asked, &packed, &watcher).await;
    target.close().await;
    let (name, output) = answer?;
    tool::show(context, tool::named(name), &output)
}

/// Plans or deploys; answers the last tool and its output.
async fn carry_out(
    target: &Target,
    asked: Asked,
    packed: &Packed,
    watcher: &OnScreen,
) -> Result<(&'static str, Value), Problem> {
    let caller = Caller::owner(Face::Cli);
    if asked.dry_run {
        return Ok(("plan_deploy", ship::plan(target, &caller, packed).await?));
    }
    Ok(("deploy", ship::ship(target, &caller, asked.input, packed, watcher).await?))
}
