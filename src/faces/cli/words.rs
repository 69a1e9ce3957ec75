//! Which words of the command line say what, before and after clap reads it.
//!
//! `@peer` may stand anywhere before the command and is taken out here: clap
//! knows nothing of it. Pure.

use std::{collections::HashSet, ffi::OsString};

use clap::ArgMatches;
use fazt_tools::{Code, PeerName, Problem};

/// The global option that takes a value; its value is no command.
const TAKES_VALUE: &str = "--db";

/// Takes `@peer` out of the words before the command.
pub(super) fn split_peer(
    arguments: Vec<OsString>,
) -> Result<(Option<PeerName>, Vec<OsString>), Problem> {
    let mut peer = None;
    let mut rest = Vec::with_capacity(arguments.len());
    let mut words = arguments.into_iter();
    rest.extend(words.next());
    while let Some(word) = words.next() {
        let text = word.to_str().unwrap_or_default();
        if let Some(name) = text.strip_prefix('@') {
            let name =
                PeerName::parse(name).map_err(|problem| misnamed(text, &problem.to_string()))?;
            if let Some(first) = peer.replace(name) {
                return Err(Problem::new(
                    Code::BadRequest,
                    format!("`@{first}` and `{text}` are two peers; a command runs on one"),
                ));
            }
            continue;
        }
        let value_follows = text == TAKES_VALUE;
        let is_command = !text.starts_with('-');
        rest.push(word);
        if is_command {
            break;
        }
        if value_follows {
            rest.extend(words.next());
        }
    }
    rest.extend(words);
    Ok((peer, rest))
}

fn misnamed(word: &str, rule: &str) -> Problem {
    Problem::new(Code::BadRequest, format!("`{word}` names no peer: {rule}"))
        .hint("`fazt remote list` lists the peers")
}

/// The words that may be commands: whatever is no option.
///
/// A value of an option is among them too, which costs the building of a
/// command nobody asked for and nothing else.
pub(super) fn named_in(arguments: &[OsString]) -> HashSet<&str> {
    let words = arguments.iter().skip(1).filter_map(|word| word.to_str());
    words.filter(|word| !word.starts_with('-')).collect()
}

/// The names of the commands that were parsed, and the innermost one's arguments.
pub(super) fn path(matches: &ArgMatches) -> (Vec<&str>, &ArgMatches) {
    let (mut words, mut inner) = (Vec::new(), matches);
    while let Some((word, matches)) = inner.subcommand() {
        words.push(word);
        inner = matches;
    }
    (words, inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Result<(Option<String>, String), Problem> {
        let words = line.split(' ').map(OsString::from).collect();
        let (peer, rest) = split_peer(words)?;
        let rest: Vec<_> = rest.iter().map(|word| word.to_str().expect("was text")).collect();
        Ok((peer.map(|peer| peer.to_string()), rest.join(" ")))
    }

    #[test]
    fn a_peer_is_taken_from_anywhere_before_the_command() {
        let zyt = Some("zyt".to_owned());
        for (line, rest) in [
            ("fazt @zyt apps", "fazt apps"),
            ("fazt --json @zyt apps", "fazt --json apps"),
            ("fazt --db x @zyt apps --json", "fazt --db x apps --json"),
            ("fazt -y --db=x @zyt delete blog", "fazt -y --db=x delete blog"),
            ("fazt @zyt", "fazt"),
        ] {
            assert_eq!(split(line).expect(line), (zyt.clone(), rest.to_owned()), "{line}");
        }
    }

    #[test]
    fn an_at_sign_after_the_command_belongs_to_the_command() {
        for line in ["fazt apps @zyt", "fazt deploy -m @zyt", "fazt --db @x apps", "fazt"] {
            assert_eq!(split(line).expect(line), (None, line.to_owned()), "{line}");
        }
    }

    #[test]
    fn two_peers_and_a_peer_that_is_no_name_are_refused() {
        for line in ["fazt @a @b apps", "fazt @ apps", "fazt @Zyt apps", "fazt @a/b apps"] {
            assert_eq!(split(line).expect_err(line).code.exit(), 2, "{line}");
        }
    }
}
