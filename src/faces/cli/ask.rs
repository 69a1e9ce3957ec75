//! What has a person to say before a command goes on?
//!
//! A yes before something goes away, a secret that stays out of the command line.
//! Every question has a flag; without a terminal nothing is asked.

use std::io::{self, IsTerminal as _};

use fazt_tools::{Code, Effect, Problem, Spec};
use serde_json::Value;

use super::{Context, Stop, render};

/// The field of an input that is a secret.
pub(super) const SECRET: &str = "token";

/// The shortest password of the owner.
const PASSWORD_CHARS: usize = 10;

/// Asks before a tool removes something.
pub(super) fn confirm(context: &Context, spec: &Spec, input: &Value) -> Result<(), Stop> {
    if spec.effect != Effect::Remove || context.yes {
        return Ok(());
    }
    let question = question(spec, input);
    if !someone_is_there() {
        return Err(Problem::new(
            Code::ConfirmationNeeded,
            format!("nobody is there to answer: {question}"),
        )
        .hint("add `-y` to go ahead without a question")
        .into());
    }
    render::prompt(&format!("{question} [y/N] "));
    if is_yes(&line()?) {
        return Ok(());
    }
    Err(Problem::new(Code::Conflict, "nothing was changed").into())
}

/// What is asked before a tool removes something: `Move `blog` to the trash?`
fn question(spec: &Spec, input: &Value) -> String {
    let names: Vec<_> = spec.route.fields().filter_map(|field| input[field].as_str()).collect();
    let what = names.join("` / `");
    match spec.name {
        "delete_app" => format!("Move `{what}` to the trash?"),
        _ if what.is_empty() => format!("{}?", spec.title),
        _ => format!("{}: `{what}`?", spec.title),
    }
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
    use serde_json::json;

    use super::{super::tool, *};

    #[test]
    fn a_question_names_what_goes_away() {
        let ask = |name: &str, input| question(tool::named(name), &input);
        assert_eq!(ask("delete_app", json!({ "app": "blog" })), "Move `blog` to the trash?");
        assert_eq!(ask("revoke_token", json!({ "name": "ci" })), "Revoke a token: `ci`?");
    }

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
