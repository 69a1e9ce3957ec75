//! The command line: what did the person ask, of which node, and how does it end?
//!
//! The commands come from the catalogue; those that are no tool (`server start`,
//! completions) stand beside them. Every answer goes through `render`, every
//! tool through `target`, so nothing here knows whether a node is this process,
//! the one next door or one across the world.

mod words;

mod command;

mod tool;

mod target;

mod deploy;

mod cat;
mod functions;

mod dev;
mod mcp;
mod serve;

mod connect;
mod doctor;
mod skills;

mod pages;

mod ask;

mod progress;
mod render;
mod table;

use std::{collections::HashMap, ffi::OsString, io, panic, path::PathBuf, time::Duration};

use clap::ArgMatches;
use fazt_tools::{Code, PeerName, Problem};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use self::{render::Screen, target::Place};
use crate::{config, runtime};

/// What holds for a command whatever it is.
struct Context {
    screen: Screen,
    db: PathBuf,
    environment: HashMap<String, String>,
    /// Every question is answered with yes.
    yes: bool,
    /// The peer of `fazt @peer …`.
    peer: Option<PeerName>,
}

/// Why a command ends before its end.
#[derive(Debug)]
enum Stop {
    /// It was refused or failed.
    Problem(Box<Problem>),
    /// It was misspelt, or is only help.
    Usage(clap::Error),
    /// Its answer could not be written.
    Output(io::Error),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<clap::Error> for Stop {
    fn from(error: clap::Error) -> Self {
        Self::Usage(error)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Carries out a command line and answers the exit code.
///
/// `arguments` begin with the program's own name.
#[must_use]
pub fn run(arguments: Vec<OsString>) -> u8 {
    if arguments.get(1).is_some_and(|word| *word == runtime::WORD) {
        return runtime::worker::serve();
    }
    // Known before anything else is, so that a misspelt command line can be
    // refused in JSON as well.
    let given = |long: &str| arguments.iter().any(|argument| argument == long);
    let json = given("--json");
    let verbose = given("--verbose") || given("-v");
    let done = panic::catch_unwind(|| parse_and_carry_out(arguments, config::environment()));
    match done {
        Ok(Ok(exit)) => exit,
        Ok(Err(stop)) => render::end(json, verbose, stop),
        // The panic said where it happened; scripts tell it by the code.
        Err(_) => Code::Internal.exit(),
    }
}

/// Every command, described in full: what documents are made of.
#[must_use]
pub fn commands() -> clap::Command {
    command::whole_tree()
}

fn parse_and_carry_out(
    arguments: Vec<OsString>,
    environment: HashMap<String, String>,
) -> Result<u8, Stop> {
    let (peer, arguments) = words::split_peer(arguments)?;
    let mut tree = command::tree(&words::named_in(&arguments));
    let matches = tree.try_get_matches_from_mut(arguments)?;
    let (words, inner) = words::path(&matches);
    let db = match config::database_path(inner.get_one::<PathBuf>("db").cloned(), &environment) {
        Ok(db) => db,
        // These never look at it.
        Err(_)
            if matches!(
                words.as_slice(),
                [] | ["version" | "completions" | "man" | "dev"] | ["skills", ..]
            ) =>
        {
            PathBuf::new()
        }
        Err(problem) => return Err(problem.into()),
    };
    let context = Context {
        screen: Screen {
            json: inner.get_flag("json"),
            quiet: inner.get_flag("quiet"),
            verbose: inner.get_flag("verbose"),
        },
        db,
        environment,
        yes: inner.get_flag("yes"),
        peer,
    };
    match words.as_slice() {
        [] => {
            render::help(&tree.render_long_help())?;
            Ok(0)
        }
        ["version"] => pages::version(&context),
        ["completions"] => pages::completions(&context, inner),
        ["man"] => pages::man(&context, inner),
        ["mcp"] => {
            let runtime = runtime(&mut Builder::new_multi_thread())?;
            let exit = runtime.block_on(mcp::run(&context, inner));
            runtime.shutdown_timeout(Duration::from_secs(1));
            exit
        }
        ["skills", "list"] => skills::list(&context),
        ["skills", "show"] => skills::show(&context, inner),
        ["skills", "install"] => skills::install(&context, inner),
        ["server", "start"] => {
            let runtime = runtime(&mut Builder::new_multi_thread())?;
            let exit = runtime.block_on(serve::start(&context, inner));
            runtime.shutdown_timeout(Duration::from_secs(1));
            exit
        }
        ["dev"] => {
            let runtime = runtime(&mut Builder::new_multi_thread())?;
            let exit = runtime.block_on(dev::run(&context, inner));
            runtime.shutdown_timeout(Duration::from_secs(1));
            exit
        }
        words => {
            let runtime = runtime(&mut Builder::new_current_thread())?;
            let exit = runtime.block_on(ask_a_node(&context, words, inner));
            runtime.shutdown_background();
            exit
        }
    }
}

async fn ask_a_node(context: &Context, words: &[&str], inner: &ArgMatches) -> Result<u8, Stop> {
    match words {
        ["server", "init"] => serve::init(context, inner).await,
        ["deploy"] => {
            let place = target::place_to_deploy(context, inner)?;
            deploy::deploy(context, deploy::Asked::read(inner)?, place).await
        }
        ["remote", "deploy"] => {
            let place = named_peer(context, words, inner)?;
            deploy::deploy(context, deploy::Asked::read(inner)?, place).await
        }
        ["remote", "status"] => {
            let place = named_peer(context, words, inner)?;
            tool::run(context, tool::named("status"), json!({}), place).await
        }
        ["remote", "apps"] => {
            let place = named_peer(context, words, inner)?;
            tool::run(context, tool::named("list_apps"), json!({}), place).await
        }
        ["server", "status"] => {
            tool::run(context, tool::named("status"), json!({}), context.place()).await
        }
        ["server", "config"] => {
            tool::run(context, tool::named("list_settings"), json!({}), context.place()).await
        }
        ["cat"] => cat::run(context, inner).await,
        ["run"] => functions::run(context, inner).await,
        ["logs"] => functions::logs(context, inner).await,
        ["doctor"] => doctor::run(context).await,
        words => tool::run_parsed(context, &words.join(" "), inner).await,
    }
}

/// The peer that `fazt remote …` names, or the default one.
fn named_peer(context: &Context, words: &[&str], inner: &ArgMatches) -> Result<Place, Problem> {
    context.only_here(&words.join(" "))?;
    Ok(Place::Peer(inner.get_one::<PeerName>("peer").cloned()))
}

impl Context {
    /// Where a command runs that names no place of its own.
    fn place(&self) -> Place {
        match &self.peer {
            Some(peer) => Place::Peer(Some(peer.clone())),
            None => Place::Here,
        }
    }

    /// Refuses `@peer` for a command that is about this machine.
    fn only_here(&self, command: &str) -> Result<(), Problem> {
        match &self.peer {
            None => Ok(()),
            Some(peer) => Err(Problem::new(
                Code::LocalOnly,
                format!("`fazt {command}` starts from this machine"),
            )
            .hint(format!("leave out `@{peer}`"))),
        }
    }
}

fn runtime(builder: &mut Builder) -> Result<Runtime, Problem> {
    builder.enable_all().build().map_err(|error| {
        Problem::new(Code::Internal, format!("cannot start: {error}"))
            .hint("the system may be out of file descriptors or threads; see `ulimit -a`")
    })
}
