//! Which commands are there? The catalogue's, and the few that are no tool.
//!
//! A tool brings its own arguments, description and examples; adding one to the
//! catalogue needs no line here. Only the command that was named is described:
//! making every description costs more than carrying most tools out.

use std::{collections::HashSet, fmt::Write as _, path::PathBuf};

use clap::{Arg, ArgAction, Command, ValueHint, builder::NonEmptyStringValueParser};
use fazt_tools::{AppName, Effect, PeerName, Spec, specs};

/// What is said of a group of commands; one that is not here needs no line.
const GROUPS: &[(&str, &str)] = &[
    ("net", "What functions may fetch from the outside, and what they fetched"),
    ("secret", "Secrets that are sent along with what functions fetch"),
    ("alias", "Host names besides the apps' own: aliases, redirects, splits"),
    ("remote", "Other nodes: add them, look at them, deploy to them"),
    ("server", "This node: start it, set it up, settle its settings"),
    ("server config", "The node's settings: alone, it lists them"),
    ("skills", "Pages that teach an agent fazt: list them, install them"),
    ("token", "Tokens for programs and peers"),
    ("grant", "Programs that were allowed in by OAuth"),
];

/// What is said above the options that every command takes.
const EVERYWHERE: &str = "Options of every command";

/// The commands, described in full where `named` holds their first word, or
/// everywhere when it holds no command at all, as in `fazt --help`.
pub(super) fn tree(named: &HashSet<&str>) -> Command {
    let first = |spec: &Spec| spec.commands.iter().map(|command| first_word(command));
    let hand =
        ["dev", "mcp", "server", "remote", "skills", "doctor", "completions", "man", "version"];
    let everything = ["help", "completions", "man"].iter().any(|word| named.contains(word))
        || !specs().iter().flat_map(first).chain(hand).any(|word| named.contains(word));
    let mut root = root();
    for spec in specs() {
        for path in spec.commands {
            let (_, name) = path.rsplit_once(' ').unwrap_or(("", path));
            let full = everything || named.contains(first_word(path));
            let command = if full { of_tool(spec, path, name) } else { Command::new(name) };
            root = place(root, "", path, command);
        }
    }
    let by_hand = by_hand(everything || named.contains("remote"));
    for (path, command) in by_hand.into_iter().chain(super::skills::commands()) {
        root = place(root, "", path, command);
    }
    // Bare `fazt server config` lists the settings.
    let alone = |config: Command| config.subcommand_required(false).arg_required_else_help(false);
    root.mut_subcommand("server", |server| server.mut_subcommand("config", alone))
}

/// Every command, described in full.
pub(super) fn whole_tree() -> Command {
    tree(&HashSet::new())
}

fn root() -> Command {
    let flag = |id: &'static str, help: &'static str| {
        let flag = Arg::new(id).long(id).action(ArgAction::SetTrue).help(help);
        flag.global(true).help_heading(EVERYWHERE)
    };
    let db = Arg::new("db")
        .long("db")
        .global(true)
        .help_heading(EVERYWHERE)
        .value_name("PATH")
        .value_hint(ValueHint::FilePath)
        .value_parser(clap::value_parser!(PathBuf))
        .help("Use this database; default: FAZT_DB, else ~/.config/fazt/data.db");
    Command::new("fazt")
        .version(env!("CARGO_PKG_VERSION"))
        .about("One binary and one SQLite file that host every app you own")
        .after_help(
            "`fazt @PEER COMMAND` runs a command on another node.\n\
             Data goes to standard output, everything else to standard error.\n\
             Exit: 0 done, 1 refused, 2 misused, 3 unreachable, 70 a fault of fazt's own.",
        )
        .max_term_width(100)
        .arg(flag("json", "Print the answer as JSON and nothing more"))
        .arg(db)
        .arg(flag("yes", "Answer every question with yes").short('y'))
        .arg(flag("quiet", "Say only what is asked for").short('q'))
        .arg(flag("verbose", "Say more of what happens").short('v'))
}

/// The command of a tool, under one of its names.
fn of_tool(spec: &Spec, path: &str, name: &'static str) -> Command {
    let command = described((spec.arguments)(Command::new(name)), spec);
    let command = optional_secret(with_examples(command, spec, path));
    match spec.name {
        "deploy" => deploy_to_any(command),
        "read_logs" => command.arg(follow()),
        "run_function" => command.mut_arg("body", |body| {
            body.help("Send this body, text or JSON; `@FILE` sends a file's, `@-` standard input")
        }),
        "set_secret" => command.arg(value_file()),
        _ => command,
    }
}

/// Says what a tool does; what its arguments bring along of that is replaced.
fn described(command: Command, spec: &Spec) -> Command {
    let text = spec.description();
    let mut paragraphs = text.split("\n\n").map(|paragraph| paragraph.replace('\n', " "));
    let about = paragraphs.next().unwrap_or_default();
    let mut long = about.clone();
    for paragraph in paragraphs {
        long.push_str("\n\n");
        long.push_str(&paragraph);
    }
    let effect = match spec.effect {
        Effect::Read => "Changes nothing",
        Effect::Add => "Adds; `fazt undo` takes it back",
        Effect::Replace => "Replaces; `fazt undo` puts back what was there",
        Effect::Remove => "Removes, after asking; `fazt undo` brings it back",
    };
    let effect = match spec.name {
        "run_function" => "What the function changes is kept; `fazt undo` knows nothing of it",
        _ => effect,
    };
    let outside = if spec.reaches_out { "; reaches beyond the node" } else { "" };
    let _ = write!(long, "\n\n{effect}{outside}. Scope: `{}`.", spec.scope);
    command.about(about.trim_end_matches('.').to_owned()).long_about(long)
}

fn with_examples(command: Command, spec: &Spec, path: &str) -> Command {
    let of_this =
        |line: &str| line.split_once(path).is_some_and(|(before, _)| before.ends_with(' '));
    let examples: Vec<_> = spec.examples.iter().filter(|(line, _)| of_this(line)).collect();
    let Some(width) = examples.iter().map(|(line, _)| line.chars().count()).max() else {
        return command;
    };
    let lines: Vec<_> =
        examples.iter().map(|(line, does)| format!("  {line:width$}  {does}")).collect();
    command.after_help(format!("Examples:\n{}", lines.join("\n")))
}

/// Lets a required token be left out, to be asked for where nobody sees it.
fn optional_secret(command: Command) -> Command {
    let secret = |arg: &Arg| arg.get_id() == super::ask::SECRET && arg.is_required_set();
    if !command.get_arguments().any(secret) {
        return command;
    }
    command.mut_arg(super::ask::SECRET, |arg| {
        arg.required(false).default_value("").hide_default_value(true)
    })
}

/// Where `fazt secret set` reads the value; no argument holds it, for others see those.
fn value_file() -> Arg {
    Arg::new("file")
        .long("file")
        .value_name("PATH")
        .value_hint(ValueHint::FilePath)
        .value_parser(clap::value_parser!(PathBuf))
        .help("Read the value from this file; default: standard input, unseen at a terminal")
}

/// `fazt deploy [DIR]`, which may name another node by its address.
fn deploy_to_any(command: Command) -> Command {
    let dir = dir("Deploy this folder; default: the current one");
    let to = Arg::new("to")
        .long("to")
        .value_name("URL")
        .value_hint(ValueHint::Url)
        .value_parser(NonEmptyStringValueParser::new())
        .help("Deploy to the node at this address; default: the local node");
    let token = Arg::new("token")
        .long("token")
        .value_name("TOKEN")
        .requires("to")
        .help("Use this token there, `-` reads it from standard input; default: FAZT_TOKEN");
    deploy_arguments(command.arg(dir)).arg(to).arg(token)
}

/// `fazt logs APP -f`.
fn follow() -> Arg {
    let follow = Arg::new("follow").long("follow").short('f').action(ArgAction::SetTrue);
    follow.help("Go on with each line that comes; Ctrl-C ends it")
}

/// `fazt remote deploy DIR [NAME]`.
fn deploy_to_peer() -> Command {
    let spec = super::tool::named("deploy");
    let command = described((spec.arguments)(Command::new("deploy")), spec)
        .about("Deploy a folder to a peer")
        .arg(dir("Deploy this folder").required(true))
        .arg(peer("Deploy to this peer; default: the default peer"));
    deploy_arguments(command)
}

/// What `deploy` takes on the command line besides the tool's own input.
fn deploy_arguments(command: Command) -> Command {
    let flag = |id: &'static str, help: &'static str| {
        Arg::new(id).long(id).action(ArgAction::SetTrue).help(help)
    };
    command
        // Without the equals sign, `--spa ./blog` would take the folder for a yes or no.
        .mut_arg("spa", |arg| arg.require_equals(true))
        .arg(flag("no-build", "Deploy the folder as it is, without its `build` script"))
        .arg(flag("include-private", "Take `private/` along even where git ignores it"))
        .arg(flag("dry-run", "Say what would change, and change nothing"))
}

fn dir(help: &'static str) -> Arg {
    Arg::new("dir")
        .value_name("DIR")
        .value_hint(ValueHint::DirPath)
        .value_parser(clap::value_parser!(PathBuf))
        .help(help)
}

fn peer(help: &'static str) -> Arg {
    Arg::new("peer")
        .value_name("NAME")
        .value_parser(clap::builder::ValueParser::new(PeerName::parse))
        .help(help)
}

/// The commands that are no tool of the catalogue.
fn by_hand(remote: bool) -> Vec<(&'static str, Command)> {
    let named = |name: &'static str, about: &'static str| Command::new(name).about(about);
    let shell = Arg::new("shell")
        .value_name("SHELL")
        .required(true)
        .value_parser(clap::value_parser!(clap_complete::Shell))
        .help("Choose the shell");
    let pages = dir("Write a page for every command into this folder; default: print the first");
    let deploy = if remote { deploy_to_peer() } else { Command::new("deploy") };
    let other = "Use this peer; default: the default peer";
    vec![
        (
            "server start",
            server_arguments(named("start", "Start the node; Ctrl-C or SIGTERM ends it")),
        ),
        (
            "server init",
            server_arguments(named("init", "Make the database and set the owner's password")).arg(
                Arg::new("password-stdin")
                    .long("password-stdin")
                    .action(ArgAction::SetTrue)
                    .help("Read the owner's password from standard input"),
            ),
        ),
        ("dev", dev(named("dev", "Serve a folder here, and follow what is written in it"))),
        (
            "mcp",
            server_arguments(named("mcp", "Serve agents on standard input and output"))
                .arg(
                    Arg::new("print-config")
                        .long("print-config")
                        .action(ArgAction::SetTrue)
                        .help("Print how a client is told of this node, and serve nobody"),
                )
                .long_about(
                    "Serve agents on standard input and output, by the Model Context Protocol.\n\n\
                 Beside a node that runs on the database it speaks to that node; otherwise it \
                 is the node, and hosts the apps until the client ends it.",
                ),
        ),
        ("server status", named("status", "Report the node's health, as `fazt status` does")),
        ("remote status", named("status", "Report a peer's health").arg(peer(other))),
        ("remote apps", named("apps", "List a peer's apps").arg(peer(other))),
        ("remote deploy", deploy),
        ("completions", named("completions", "Print the completions of a shell").arg(shell)),
        ("man", named("man", "Print or write the manual pages").arg(pages)),
        (
            "doctor",
            named("doctor", "Look for what is wrong here, and say what mends it").long_about(
                "Look for what is wrong here, and say what mends it: the database, the disk, the \
                 clock, the node, its port and names, tokens, and the way for agents.\n\n\
                 Changes nothing, and works whether a node runs or not. It ends with 1 when \
                 something is wrong.",
            ),
        ),
        ("version", named("version", "Print the version")),
    ]
}

/// `fazt dev [DIR]`.
fn dev(command: Command) -> Command {
    let name = Arg::new("name")
        .long("name")
        .value_name("APP")
        .value_parser(clap::builder::ValueParser::new(AppName::parse))
        .help("Call the app this; default: as its manifest or its folder says");
    let port = Arg::new("port")
        .long("port")
        .value_name("PORT")
        .help("Listen on this port; default: FAZT_PORT, else 8080, else a free one");
    let build = Arg::new("no-build").long("no-build").action(ArgAction::SetTrue);
    command
        .arg(dir("Serve this folder; default: the current one"))
        .args([name, port, build.help("Serve the folder as it is, without its `build` script")])
        .long_about(
            "Serve a folder here, and follow what is written in it.\n\n\
             It starts a node of its own whose database is thrown away at the end, unless `--db` \
             names one. A change is live a moment after it is saved; a script that cannot be read \
             is shown with its place, and the version before stays. What functions log is \
             printed, and how they fail, with the source. Limits are those of any node. Ctrl-C \
             ends it.",
        )
}

/// The settings that a start may override, each under its key.
fn server_arguments(command: Command) -> Command {
    super::serve::FLAGS.iter().fold(command, |command, (key, value)| {
        let setting = crate::config::SETTINGS.iter().find(|setting| setting.key == *key);
        let help = setting.map_or_else(String::new, |setting| {
            format!("Set the {}; default: {}, else {}", setting.help, setting.env, setting.default)
        });
        command.arg(Arg::new(*key).long(*key).value_name(*value).help(help))
    })
}

/// Puts a command below the groups of its path, making those that are missing.
fn place(parent: Command, above: &str, path: &str, command: Command) -> Command {
    let Some((name, rest)) = path.split_once(' ') else { return parent.subcommand(command) };
    let name = name.to_owned();
    let full = if above.is_empty() { name.clone() } else { format!("{above} {name}") };
    if parent.find_subcommand(&name).is_some() {
        return parent.mut_subcommand(name, |group| place(group, &full, rest, command));
    }
    let about = GROUPS.iter().find(|(group, _)| *group == full).map(|(_, about)| *about);
    let group = Command::new(name)
        .about(about.map_or_else(|| format!("Commands of `{full}`"), ToOwned::to_owned))
        .subcommand_required(true)
        .arg_required_else_help(true);
    parent.subcommand(place(group, &full, rest, command))
}

fn first_word(path: &str) -> &str {
    path.split(' ').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_sound_and_holds_every_command_of_the_catalogue() {
        let tree = whole_tree();
        tree.clone().debug_assert();
        for path in specs().iter().flat_map(|spec| spec.commands) {
            let mut at = &tree;
            for word in path.split(' ') {
                at = at.find_subcommand(word).unwrap_or_else(|| panic!("no `{path}`"));
            }
            assert!(at.get_about().is_some(), "{path} says nothing of itself");
        }
    }

    #[test]
    fn only_the_named_command_is_described() {
        let tree = tree(&HashSet::from(["apps"]));
        let about = |name: &str| tree.find_subcommand(name).expect(name).get_about().is_some();
        assert!(about("apps") && !about("status"));
    }

    #[test]
    fn a_flag_before_a_folder_does_not_swallow_it() {
        let matches = whole_tree().try_get_matches_from(["fazt", "deploy", "--spa", "./blog"]);
        let matches = matches.expect("fits");
        let deploy = matches.subcommand_matches("deploy").expect("named");
        assert_eq!(deploy.get_one::<PathBuf>("dir"), Some(&PathBuf::from("./blog")));
        assert_eq!(deploy.get_one::<bool>("spa"), Some(&true));
    }

    #[test]
    fn a_peer_may_be_added_without_a_token_on_the_command_line() {
        let line = ["fazt", "remote", "add", "zyt", "--url", "https://x.example"];
        assert!(whole_tree().try_get_matches_from(line).is_ok());
    }

    #[test]
    fn an_example_stands_with_the_command_it_shows() {
        let help = |name: &str| {
            let tree = whole_tree();
            tree.find_subcommand(name).expect(name).get_after_help().expect(name).to_string()
        };
        assert!(help("rollback").contains("fazt rollback blog"));
        assert!(!help("rollback").contains("fazt promote"), "{}", help("rollback"));
    }
}
