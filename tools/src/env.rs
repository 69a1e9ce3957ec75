//! What an owner sets for an app's functions: their environment and their budgets.
//!
//! Programs give objects; people give flags, a value each.

use std::collections::BTreeMap;

use clap::{ArgMatches, Args, Command, FromArgMatches, error::ErrorKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Values to set, or with null to remove.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Env(pub BTreeMap<String, Option<String>>);

impl Env {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[derive(Args)]
struct Flags {
    /// Set a value that functions read as `fazt.env.NAME`
    #[arg(long = "env", value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// Remove a value from the environment
    #[arg(long = "unset-env", value_name = "NAME")]
    unset_env: Vec<String>,
}

impl Args for Env {
    fn augment_args(command: Command) -> Command {
        Flags::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Flags::augment_args_for_update(command)
    }
}

impl FromArgMatches for Env {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let flags = Flags::from_arg_matches(matches)?;
        let mut env = Self::default();
        for pair in &flags.env {
            let Some((name, value)) = pair.split_once('=') else {
                let what = "`--env` takes NAME=VALUE; `--unset-env NAME` removes a value\n";
                return Err(clap::Error::raw(ErrorKind::ValueValidation, what));
            };
            env.0.insert(name.to_owned(), Some(value.to_owned()));
        }
        env.0.extend(flags.unset_env.into_iter().map(|name| (name, None)));
        Ok(env)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Budgets of an app's functions; what is missing is as on any app.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize, Args)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Milliseconds of a request, 100 to 60,000; 0 for the usual 5,000
    #[arg(long, value_name = "MS")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_ms: Option<u32>,
    /// Milliseconds of the processor, 50 to 30,000; 0 for the usual 1,000
    #[arg(long, value_name = "MS")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<u32>,
    /// MiB of memory, 16 to 512; 0 for the usual 64
    #[arg(long, value_name = "MIB")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<u32>,
}

impl Limits {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These over those that were set before; the name of one that is out of its range.
    pub fn over(self, before: Self) -> Result<Self, (&'static str, String)> {
        let pick = |name, wish: Option<u32>, before, least: u32, most: u32| match wish {
            None => Ok(before),
            Some(0) => Ok(None),
            Some(wish) if (least..=most).contains(&wish) => Ok(Some(wish)),
            Some(_) => Err((name, format!("give a number from {least} to {most}, or 0"))),
        };
        Ok(Self {
            wall_ms: pick("limits.wall_ms", self.wall_ms, before.wall_ms, 100, 60_000)?,
            cpu_ms: pick("limits.cpu_ms", self.cpu_ms, before.cpu_ms, 50, 30_000)?,
            memory_mb: pick("limits.memory_mb", self.memory_mb, before.memory_mb, 16, 512)?,
        })
    }
}
