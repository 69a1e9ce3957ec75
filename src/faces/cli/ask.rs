//! What has a person to say before a command goes on?
//!
//! A yes before something goes away, a secret that stays out of the command line.
//! Every question has a flag; without a terminal nothing is asked.

use std::{
    fs,
    io::{self, IsTerminal as _, Read as _},
    path::Path,
};

use fazt_tools::{Caller, Code, Effect, Face, Problem, Spec};
use serde_json::Value;

use super::{
    Context, Stop, render,
    target::{self, Place},
};

/// The field of an input that is a secret.
pub(super) const SECRET: &str = "token";

/// The longest value of a secret that is read.
const LONGEST: u64 = 64 << 10;
/// The shortest password of the owner.
const PASSWORD_CHARS: usize = 10;

/// Asks before a tool removes something. Where somebody is there to read it, the
/// node that would carry it out says what goes away.
pub(super) async fn confirm(
    context: &Context,
    spec: &Spec,
    input: &Value,
    place: &Place,
) -> Result<(), Stop> {
    if spec.effect != Effect::Remove || context.yes {
        return Ok(());
    }
    if !someone_is_there() {
        return Err(Problem::new(
            Code::ConfirmationNeeded,
            format!("nobody is there to answer: {}", spec.question(input)),
        )
        .hint("add `-y` to go ahead without a question")
        .into());
    }
    let target = target::connect(context, place).await?;
    let question = target.question(&Caller::owner(Face::Cli), spec.name, input.clone()).await;
    // A person may think for long: the database is not held meanwhile.
    target.close().await;
    render::prompt(&format!("{} [y/N] ", question?));
    if is_yes(&line()?) {
        return Ok(());
    }
    Err(Problem::new(Code::Conflict, "nothing was changed").into())
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

/// A token: as given, `-` from standard input, or asked for when it is left out.
pub(super) fn secret(given: &str) -> Result<String, Stop> {
    let secret = match given {
        "-" => line()?,
        "" if someone_is_there() => {
            render::prompt("Token: ");
            rpassword::read_password().map_err(|error| unheard(&error))?
        }
        given => given.to_owned(),
    };
    let secret = secret.trim();
    if secret.is_empty() {
        return Err(Problem::invalid("token", "a token is required")
            .hint("give `--token TOKEN`, or `--token -` and the token on standard input")
            .into());
    }
    Ok(secret.to_owned())
}

/// The value of a secret: from a file, asked for unseen, or from standard input.
pub(super) fn value(file: Option<&Path>) -> Result<String, Stop> {
    let read = match file {
        Some(file) => fs::read_to_string(file).map_err(|error| {
            Problem::new(Code::BadRequest, format!("cannot read {}: {error}", file.display()))
        })?,
        None if someone_is_there() => {
            render::prompt("Value: ");
            rpassword::read_password().map_err(|error| unheard(&error))?
        }
        None => {
            let mut all = String::new();
            io::stdin().take(LONGEST).read_to_string(&mut all).map_err(|error| unheard(&error))?;
            all
        }
    };
    let value = read.trim_end_matches(['\r', '\n']);
    if value.is_empty() {
        return Err(Problem::invalid("value", "a value is required")
            .hint("give it on standard input, or in a file: `--file PATH`")
            .into());
    }
    Ok(value.to_owned())
}

/// The owner's new password: from standard input, asked for twice, or none.
pub(super) fn new_password(context: &Context, from_stdin: bool) -> Result<Option<String>, Stop> {
    if from_stdin {
        let password = line()?;
        return Ok(Some(long_enough(password.trim_end_matches(['\r', '\n']))?));
    }
    // The set-up link that a start shows does as well, so nobody has to answer.
    if context.yes || context.screen.json || !someone_is_there() {
        return Ok(None);
    }
    let hidden = |prompt: &str| {
        render::prompt(prompt);
        rpassword::read_password().map_err(|error| unheard(&error))
    };
    let first = hidden("Password of the owner (empty: set it later, by a link): ")?;
    if first.is_empty() {
        return Ok(None);
    }
    let first = long_enough(&first)?;
    if hidden("The same again: ")? == first {
        Ok(Some(first))
    } else {
        Err(Problem::invalid("password", "the two are not the same").into())
    }
}

fn long_enough(password: &str) -> Result<String, Problem> {
    if password.chars().count() >= PASSWORD_CHARS {
        return Ok(password.to_owned());
    }
    Err(Problem::invalid("password", format!("use at least {PASSWORD_CHARS} characters")))
}

fn someone_is_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn line() -> Result<String, Problem> {
    let mut line = String::new();
    io::stdin().read_line(&mut line).map_err(|error| unheard(&error))?;
    Ok(line)
}

fn unheard(error: &io::Error) -> Problem {
    Problem::new(Code::BadRequest, format!("cannot read the answer: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_a_yes() {
        assert!(["y", "Y\n", " yes ", "YES"].iter().all(|answer| is_yes(answer)));
        assert!(!["", "\n", "n", "yep", "j"].iter().any(|answer| is_yes(answer)));
    }

    #[test]
    fn a_short_password_is_refused_by_characters_not_bytes() {
        assert!(long_enough("ääääääääää").is_ok());
        assert!(long_enough("äääääääää").is_err());
    }
}
