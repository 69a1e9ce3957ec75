//! What a change makes of an app's environment: values by name.
//!
//! Programs give an object; people give flags, a value each.

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
