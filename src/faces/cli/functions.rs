//! `fazt run` and `fazt logs -f`: a body from a file, and a log that goes on.
//!
//! What else these commands do is the tools'.

use std::{
    fs,
    io::{self, Read as _},
};

use clap::ArgMatches;
use fazt_tools::{Code, Problem, read_logs::Input, trace::Line};
use serde_json::json;

use super::{Context, Stop, render, target, tool};
use crate::ship::{Target, typed};

/// The longest body that a function takes.
const LONGEST: u64 = 10 << 20;

/// Runs a function; `@FILE` is what the file holds, `@-` what standard input does.
pub(super) async fn run(context: &Context, inner: &ArgMatches) -> Result<u8, Stop> {
    let spec = tool::named("run_function");
    let mut input = (spec.parse)(inner)?;
    if let Some(file) = input["body"].as_str().and_then(|body| body.strip_prefix('@')) {
        input["body"] = contents(file)?.into();
    }
    tool::run(context, spec, input, context.place()).await
}

fn contents(file: &str) -> Result<String, Problem> {
    let unreadable = |why: &dyn std::fmt::Display| {
        Problem::invalid("body", format!("cannot read {file}: {why}"))
    };
    let mut bytes = Vec::new();
    let read = if file == "-" {
        io::stdin().take(LONGEST + 1).read_to_end(&mut bytes)
    } else {
        fs::File::open(file).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > LONGEST {
        return Err(unreadable(&"a function takes 10 MiB"));
    }
    String::from_utf8(bytes).map_err(|_| unreadable(&"it is no text"))
}

/// Shows the last lines of a log and, where asked to, each that comes.
pub(super) async fn logs(context: &Context, inner: &ArgMatches) -> Result<u8, Stop> {
    let spec = tool::named("read_logs");
    let input = (spec.parse)(inner)?;
    if !inner.get_flag("follow") {
        return tool::run(context, spec, input, context.place()).await;
    }
    let input: Input = typed(input)?;
    match target::connect(context, &context.place()).await? {
        Target::Peer(peer) => {
            peer.follow(&input, &mut |line| show(context, &line)).await?;
            context.screen.remark("the node has ended the log");
            Ok(0)
        }
        Target::Node(node) => {
            node.close().await;
            let what =
                format!("no node runs on {}: its functions log nothing", context.db.display());
            Err(Problem::new(Code::Unreachable, what)
                .hint(format!("start it, or read what there is: `fazt logs {}`", input.app))
                .into())
        }
    }
}

fn show(context: &Context, line: &Line) -> Result<(), Stop> {
    if context.screen.json {
        return Ok(render::line_of_json(&json!(line))?);
    }
    Ok(context.screen.logged(line)?)
}
