//! `fazt cat`: a file of an app, byte for byte, on standard output.
//!
//! `read_file` answers bounded pieces; here they are put together again, all of
//! the version that was met first, whatever goes live meanwhile.

use std::io;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::ArgMatches;
use fazt_tools::{
    Caller, Code, Face, Problem,
    read_file::{Encoding, Input, Output},
};

use super::{Context, Stop, render, target, tool};
use crate::ship::Target;

/// The longest piece `read_file` answers.
const PIECE: u64 = 256 * 1_024;

/// Prints a file, or a piece of it where one is asked for.
pub(super) async fn run(context: &Context, inner: &ArgMatches) -> Result<u8, Stop> {
    let spec = tool::named("read_file");
    let input = (spec.parse)(inner)?;
    if context.screen.json {
        return tool::run(context, spec, input, context.place()).await;
    }
    let mut input: Input = serde_json::from_value(input).map_err(|error| strange(&error))?;
    let whole = input.offset.is_none() && input.limit.is_none();
    if whole {
        input.limit = Some(PIECE);
    }
    let target = target::connect(context, &context.place()).await?;
    let done = print(context, &target, input, whole).await;
    target.close().await;
    done
}

async fn print(
    context: &Context,
    target: &Target,
    mut input: Input,
    whole: bool,
) -> Result<u8, Stop> {
    loop {
        let question = serde_json::to_value(&input).map_err(|error| strange(&error))?;
        let answer = target.call(&Caller::owner(Face::Cli), "read_file", question).await?;
        let piece: Output = serde_json::from_value(answer).map_err(|error| strange(&error))?;
        render::bytes(&content(&piece)?)?;
        let Some(next) = piece.next_offset else { return Ok(0) };
        if !whole {
            context.screen.next(&format!("fazt cat {} {} --offset {next}", piece.app, piece.path));
            return Ok(0);
        }
        // A piece that does not go on would be asked for without end.
        if input.offset.is_some_and(|offset| next <= offset) {
            let wrong = io::Error::new(io::ErrorKind::InvalidData, "the pieces do not go on");
            return Err(strange(&serde_json::Error::io(wrong)).into());
        }
        input.offset = Some(next);
        input.version = Some(piece.version);
    }
}

fn content(piece: &Output) -> Result<Vec<u8>, Problem> {
    match piece.encoding {
        Encoding::Utf8 => Ok(piece.content.clone().into_bytes()),
        Encoding::Base64 => STANDARD.decode(&piece.content).map_err(|error| {
            Problem::new(Code::PeerFailed, format!("`{}` came damaged: {error}", piece.path))
        }),
    }
}

fn strange(error: &serde_json::Error) -> Problem {
    Problem::new(Code::PeerFailed, format!("cannot read the answer: {error}"))
        .hint("upgrade the older of the two nodes, or use `--json`")
}
