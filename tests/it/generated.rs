//! Documents that are made from the program, and are stale when it changed.
//!
//! A stale one is written anew, and the test then fails saying so: look at the
//! difference and commit it.

use std::{fmt::Write as _, fs, path::Path};

use fazt::{apps::bundle::manifest, config::SETTINGS, faces};
use fazt_tools::{
    Code, Scope,
    skills::{
        self, Guide, Target, plugin,
        text::{WIDTH, item, wrapped},
    },
};
use serde_json::Value;

const MADE: &str = "<!-- Made by tests/it/generated.rs from the program; change its source. -->\n";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Compares a document with what it should be, and makes it so.
fn keep_fresh(path: &str, text: &str) {
    let stale = refresh(path, text);
    assert!(!stale, "{path} was stale and is rewritten: look at it and commit it");
}

/// Writes a document anew where it is stale; answers whether it was.
fn refresh(path: &str, text: &str) -> bool {
    let file = root().join(path);
    if fs::read_to_string(&file).is_ok_and(|found| found == text) {
        return false;
    }
    fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    fs::write(&file, text).expect("written");
    true
}

#[test]
fn the_openapi_document_is_fresh() {
    keep_fresh("docs/api/openapi.json", &format!("{:#}\n", faces::http::openapi()));
}

/// What agents are told of each tool. A word changed here changes what they do.
#[test]
fn the_tools_of_agents_are_fresh() {
    use faces::mcp::{Door, described};
    let stdio = described(Door::Stdio);
    let mut http = described(Door::Http);
    let rows = http.as_array_mut().expect("a list");
    rows.retain(|tool| !stdio.as_array().expect("a list").contains(tool));
    let whole = serde_json::json!({ "tools": stdio, "different_over_http": rows });
    keep_fresh("docs/api/mcp-tools.json", &format!("{whole:#}\n"));
}

#[test]
fn the_page_of_commands_is_fresh() {
    let mut tree = faces::cli::commands();
    tree.build();
    let mut text = format!(
        "# Commands\n\n{MADE}\n{}\n\n## Options of every command\n\n",
        wrapped(
            "`fazt @PEER COMMAND` runs a command on another node. Data goes to standard output, \
             everything else to standard error. A command ends with 0 when it is done, 1 when it \
             was refused, 2 when it was misused, 3 when a node could not be reached, and 70 by a \
             fault of fazt's own; [errors.md](errors.md) lists the reasons.",
            ""
        )
    );
    for arg in tree.get_arguments().filter(|arg| arg.is_global_set()) {
        text.push_str(&argument(arg));
    }
    describe(&tree, "fazt", &mut text);
    keep_fresh("docs/cli.md", &text);
}

/// The commands below a group, each with its section.
fn describe(group: &clap::Command, above: &str, text: &mut String) {
    for command in group.get_subcommands().filter(|command| command.get_name() != "help") {
        let path = format!("{above} {}", command.get_name());
        let alone = !command.has_subcommands() || !command.is_subcommand_required_set();
        if alone {
            section(command, &path, text);
        }
        describe(command, &path, text);
    }
}

fn section(command: &clap::Command, path: &str, text: &mut String) {
    let about = command.get_long_about().or(command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    let _ = write!(text, "\n## `{path}`\n\n");
    for paragraph in about.split("\n\n") {
        let stop = if paragraph.ends_with('.') { "" } else { "." };
        let _ = write!(text, "{}{stop}\n\n", wrapped(paragraph, ""));
    }
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").trim();
    let _ = write!(text, "```text\n{usage}\n```\n");
    let own: Vec<_> = command
        .get_arguments()
        .filter(|arg| !arg.is_global_set() && !["help", "version"].contains(&arg.get_id().as_str()))
        .collect();
    if !own.is_empty() {
        text.push('\n');
    }
    let (named, options): (Vec<_>, Vec<_>) = own.into_iter().partition(|arg| arg.is_positional());
    named.into_iter().chain(options).for_each(|arg| text.push_str(&argument(arg)));
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let examples: Vec<_> =
        examples.lines().skip(1).filter_map(|line| line.trim().split_once("  ")).collect();
    if !examples.is_empty() {
        text.push_str("\n```sh\n");
        for (n, (line, does)) in examples.iter().enumerate() {
            let gap = if n == 0 { "" } else { "\n" };
            let _ = write!(text, "{gap}# {}\n{line}\n", does.trim());
        }
        text.push_str("```\n");
    }
}

/// An argument as an item of a list.
fn argument(arg: &clap::Arg) -> String {
    let takes_value = arg.get_action().takes_values();
    let value = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
    let value = value.filter(|_| takes_value);
    let name = match (arg.get_short(), arg.get_long()) {
        (Some(short), Some(long)) => format!("-{short}, --{long}"),
        (None, Some(long)) => format!("--{long}"),
        _ => String::new(),
    };
    let name = match value {
        Some(value) if name.is_empty() => value,
        Some(value) if arg.is_require_equals_set() => format!("{name}[={value}]"),
        Some(value) => format!("{name} {value}"),
        None => name,
    };
    let mut help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let values = arg.get_possible_values();
    if takes_value && !values.is_empty() {
        let values: Vec<_> = values.iter().map(|value| format!("`{}`", value.get_name())).collect();
        let _ = write!(help, "; one of {}", values.join(", "));
    }
    item(&format!("`{name}`: {help}"))
}

#[test]
fn the_page_of_errors_is_fresh() {
    let guide = Guide::named("errors").expect("a guide");
    keep_fresh("docs/errors.md", &guide.text());
}

#[test]
fn the_skills_are_fresh_and_nothing_else_lies_beside_them() {
    let files = skills::files(Target::Any);
    let stale = |(path, text): &&(String, String)| refresh(&format!("skills/{path}"), text);
    let stale: Vec<_> = files.iter().filter(stale).map(|(path, _)| path).collect();
    assert!(stale.is_empty(), "rewritten below skills/, look and commit: {stale:?}");
    let mut folders = vec![root().join("skills")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let short = path.strip_prefix(root().join("skills")).expect("inside");
            let made = files.iter().any(|(path, _)| Path::new(path) == short);
            assert!(made, "skills/{} is made by nothing: remove it", short.display());
        }
    }
}

#[test]
fn the_example_of_a_projects_mcp_configuration_is_fresh() {
    keep_fresh(".mcp.json.example", &format!("{:#}\n", plugin::example_config()));
}

#[test]
fn the_page_of_settings_is_fresh() {
    let mut text = format!(
        "# Settings\n\n{MADE}\n{}\n\n```sh\nfazt server config\nfazt server config set domain \
         zyt.app\nfazt server config set domain   # forget the stored one\n```\n",
        wrapped(
            "A flag of `fazt server start` goes before the environment, that before the database, \
             that before the default. `fazt server config` lists them, each with where its value \
             came from; a change takes effect when the node starts again.",
            ""
        )
    );
    for setting in SETTINGS {
        assert!(setting.restart, "say in the text that `{}` does not wait", setting.key);
        let default = match setting.default {
            "" => "none".to_owned(),
            default => format!("`{default}`"),
        };
        let _ = write!(
            text,
            "\n## `{}`\n\n{}.\n\n- Default: {default}\n- Environment: `{}`\n",
            setting.key,
            wrapped(&capital(setting.help), ""),
            setting.env
        );
    }
    keep_fresh("docs/settings.md", &text);
}

#[test]
fn the_page_of_the_manifest_is_fresh() {
    let schema = manifest::schema();
    let mut text = format!(
        "# manifest.json\n\n{MADE}\n{}\n\n```json\n{}\n```\n\n## Fields\n\n",
        wrapped(
            "What an app says of itself, in `manifest.json` at the root of its folder. Every field \
             is optional, and a key nobody knows is a warning. A node serves the JSON schema at \
             `/schema/manifest.json`, for editors.",
            ""
        ),
        "{ \"name\": \"blog\", \"title\": \"My blog\", \"spa\": false }",
    );
    fields(&schema, "", &mut text);
    keep_fresh("docs/manifest.md", &text);
}

#[test]
fn the_page_of_libraries_is_fresh() {
    use fazt::{apps::functions, runtime::libraries::LIBRARIES};
    let names: Vec<_> = LIBRARIES.iter().map(|library| library.name).collect();
    assert_eq!(names, functions::LIBRARIES, "a deploy admits what workers have");
    let mut text = format!(
        "# Libraries\n\n{MADE}\n{}\n\n| Name | Version | For |\n| --- | --- | --- |\n",
        wrapped(
            "What functions import by name, or `require`, without any installation. A worker \
             unpacks and reads one when an app imports it; `zod` takes about a tenth of a second \
             then, once for each version of an app. A package of the same name in the app's own \
             `node_modules` goes first.",
            ""
        )
    );
    for library in LIBRARIES {
        let (name, version) = (library.name, library.version());
        let _ = writeln!(text, "| `{name}` | {version} | {} |", library.about);
    }
    let _ = write!(
        text,
        "\n{}\n\n{}\n\n{}\n",
        wrapped(
            "`require` of `dayjs`, `mustache` and `validator` gives what their packages give: a \
             function or an object, and not a namespace. Parts of a library, such as \
             `dayjs/plugin/utc` or `lodash-es/chunk`, have no names of their own: install the \
             package for those.",
            ""
        ),
        wrapped("Of `zod`, every locale but `en` is left out.", ""),
        wrapped(
            "They are made from the packages by `src/runtime/libraries/build`, and their licences \
             are in `src/runtime/libraries/LICENSES`.",
            ""
        )
    );
    keep_fresh("docs/libraries.md", &text);
}

/// The fields of a schema as a list, those of their items below them.
fn fields(schema: &Value, above: &str, text: &mut String) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        if name == "$schema" {
            continue;
        }
        let about = field["description"].as_str().unwrap_or_default().replace('\n', " ");
        assert!(!about.is_empty(), "`{above}{name}` says nothing of itself");
        text.push_str(&item(&format!("`{above}{name}` ({}): {about}", kind(field))));
        fields(&field["items"], &format!("{above}{name}[]."), text);
    }
}

fn kind(field: &Value) -> String {
    let words = |types: &[Value]| {
        let words: Vec<_> = types.iter().filter_map(Value::as_str).collect();
        words.into_iter().filter(|word| *word != "null").collect::<Vec<_>>().join(" or ")
    };
    match (&field["type"], &field["anyOf"], &field["oneOf"]) {
        (Value::String(kind), ..) if kind == "array" => match field["items"]["type"].as_str() {
            Some(items) => format!("list of {items}s"),
            None => "list".to_owned(),
        },
        (Value::String(kind), ..) => kind.clone(),
        (Value::Array(kinds), ..) => words(kinds),
        (_, Value::Array(options), _) | (_, _, Value::Array(options)) => {
            let kinds: Vec<Value> = options.iter().map(|option| option["type"].clone()).collect();
            words(&kinds)
        }
        _ => "any".to_owned(),
    }
}

#[test]
fn every_scope_and_code_says_what_it_is_for() {
    for scope in Scope::ALL {
        assert!(scope.allows().ends_with('.'), "{scope}");
    }
    for code in Code::ALL {
        assert!(code.meaning().ends_with('.'), "{code}");
    }
}

#[test]
fn markdown_is_eighty_columns_wide() {
    let mut wide = Vec::new();
    let mut folders = vec![root().to_owned()];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() {
                if !name.starts_with('.') && !["target", "node_modules", "work"].contains(&name) {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "md") {
                read += 1;
                let text = fs::read_to_string(&path).expect("text");
                let short = path.strip_prefix(root()).expect("inside").display();
                let lines = too_wide(&text);
                wide.extend(lines.into_iter().map(|line| format!("{short}:{line}")));
            }
        }
    }
    assert!(read > 3, "hardly any Markdown was found");
    assert!(wide.is_empty(), "wider than {WIDTH} columns:\n{}", wide.join("\n"));
}

/// Lines that are too wide, apart from code, tables and what no break can help.
fn too_wide(text: &str) -> Vec<usize> {
    let (mut code, mut found) = (false, Vec::new());
    // The head of a skill is YAML, where a field is a line.
    let head = text.strip_prefix("---\n").and_then(|text| text.split_once("\n---\n"));
    let head = head.map_or(0, |(head, _)| head.lines().count() + 2);
    for (n, line) in text.lines().enumerate().skip(head) {
        if line.trim_start().starts_with("```") {
            code = !code;
        }
        let exempt = code || line.starts_with('|') || line.contains("](") || line.contains("://");
        if !exempt && line.chars().count() > WIDTH {
            found.push(n + 1);
        }
    }
    found
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
