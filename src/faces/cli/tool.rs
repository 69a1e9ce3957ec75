//! How is a tool of the catalogue carried out from the command line?
//!
//! Arguments become its input, a person confirms what removes something, the
//! target answers, `render` draws. Nothing here is about any one tool, except
//! that an answer which did not pass ends with exit code 1.

use std::path::PathBuf;

use clap::ArgMatches;
use fazt_tools::{Caller, Code, Face, Problem, Spec, specs};
use serde_json::Value;

use super::{
    Context, Stop, ask, render,
    target::{self, Place},
};

/// The tool of that name.
pub(super) fn named(name: &str) -> &'static Spec {
    specs().iter().find(|spec| spec.name == name).expect("the catalogue holds the tools named here")
}

/// Carries out the tool behind a parsed command.
pub(super) async fn run_parsed(
    context: &Context,
    command: &str,
    inner: &ArgMatches,
) -> Result<u8, Stop> {
    let Some(spec) = specs().iter().find(|spec| spec.commands.contains(&command)) else {
        return Err(Problem::new(Code::Internal, format!("`fazt {command}` leads nowhere")).into());
    };
    let mut input = (spec.parse)(inner)?;
    if let Some(secret) = input.get_mut(ask::SECRET) {
        let given = secret.as_str().unwrap_or_default();
        *secret = ask::secret(given)?.into();
    }
    if spec.name == "set_secret" {
        let file = inner.get_one::<PathBuf>("file").map(PathBuf::as_path);
        input["value"] = ask::value(file)?.into();
    }
    run(context, spec, input, context.place()).await
}

/// Carries out a tool and shows its answer.
pub(super) async fn run(
    context: &Context,
    spec: &Spec,
    input: Value,
    place: Place,
) -> Result<u8, Stop> {
    ask::confirm(context, spec, &input, &place).await?;
    let target = target::connect(context, &place).await?;
    let answer = target.call(&Caller::owner(Face::Cli), spec.name, input).await;
    target.close().await;
    show(context, spec, &answer?)
}

/// Shows the answer of a tool; one that did not pass ends with exit code 1.
pub(super) fn show(context: &Context, spec: &Spec, output: &Value) -> Result<u8, Stop> {
    let exit = u8::from(output.get("passed").and_then(Value::as_bool) == Some(false));
    if context.screen.json {
        render::json(output)?;
        return Ok(exit);
    }
    let view = (spec.view)(output).map_err(|error| {
        Problem::new(Code::PeerFailed, format!("cannot read the answer: {error}"))
            .hint("upgrade the older of the two nodes, or use `--json`")
    })?;
    context.screen.view(&view)?;
    Ok(exit)
}
