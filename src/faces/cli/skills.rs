//! `fazt skills`: the pages that teach an agent, shown and put where it finds them.
//!
//! What is written is noted beside it, by hash. So a later fazt replaces its own
//! files, and never one that somebody else wrote or changed.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Arg, ArgAction, ArgMatches, Command};
use fazt_tools::{
    Code, Problem, View,
    problem::nearest,
    skills::{self, Skill, Target, plugin, text::quoted},
};
use serde_json::json;

use super::{Context, Stop, render};

/// Where it is noted which files are fazt's own, each with its hash.
const RECORD: &str = ".fazt-files.json";

/// The commands.
pub(super) fn commands() -> Vec<(&'static str, Command)> {
    let flag = |id: &'static str, help: &'static str| {
        Arg::new(id).long(id).action(ArgAction::SetTrue).help(help)
    };
    let name = Arg::new("name").value_name("NAME").required(true).help("Name the skill");
    let file = Arg::new("file")
        .value_name("FILE")
        .default_value("SKILL.md")
        .help("Choose a file of it, such as `references/app.md`");
    let plugin = Arg::new("plugin")
        .long("plugin")
        .value_name("DIR")
        .value_parser(clap::value_parser!(PathBuf))
        .help("Write a plugin for Claude Code into this folder: MCP server and skills");
    let install = Command::new("install")
        .about("Put the skills where an agent finds them")
        .arg(flag("project", "Into `.claude/skills` of the current folder; this is the default"))
        .arg(flag("user", "Into `.claude/skills` of the home folder, for every project"))
        .arg(plugin)
        .arg(flag("force", "Replace files that fazt did not write, or that were changed"))
        .group(clap::ArgGroup::new("place").args(["project", "user", "plugin"]));
    vec![
        ("skills list", Command::new("list").about("List the skills that teach an agent fazt")),
        ("skills show", Command::new("show").about("Print a skill").arg(name).arg(file)),
        ("skills install", install),
    ]
}

/// `fazt skills list`.
pub(super) fn list(context: &Context) -> Result<u8, Stop> {
    context.only_here("skills list")?;
    let all = skills::skills();
    if context.screen.json {
        let one = |skill: &Skill| {
            json!({
                "name": skill.name, "description": skill.description, "tools": skill.tools(),
                "references": skill.references,
            })
        };
        render::json(&json!({ "skills": all.iter().map(one).collect::<Vec<_>>() }))?;
        return Ok(0);
    }
    let first =
        |text: &str| text.split(". ").next().unwrap_or(text).trim_end_matches('.').to_owned();
    let rows = all.iter().map(|skill| vec![skill.name.to_owned(), first(skill.description)]);
    let view = View::of_table(&["skill", "does"], "there are none", rows.collect());
    context.screen.view(&view.next("fazt skills install"))?;
    Ok(0)
}

/// `fazt skills show NAME [FILE]`.
pub(super) fn show(context: &Context, inner: &ArgMatches) -> Result<u8, Stop> {
    context.only_here("skills show")?;
    let name = inner.get_one::<String>("name").expect("clap requires it");
    let file = inner.get_one::<String>("file").expect("it has a default");
    let Some(skill) = Skill::named(name) else {
        let known = skills::skills().iter().map(|skill| skill.name);
        let problem = Problem::missing(Code::NotFound, "skill", name, known);
        let listed = "`fazt skills list` lists them";
        return Err(if problem.hint.is_some() { problem } else { problem.hint(listed) }.into());
    };
    let files = skill.files(Target::Any);
    let Some((_, text)) = files.iter().find(|(path, _)| path == file) else {
        let known: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
        let problem = Problem::new(Code::NotFound, format!("`{name}` has no file `{file}`"));
        let near = nearest(file, known.iter().copied());
        let hint = near.map_or_else(
            || format!("it has {}", known.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(problem.hint(hint).into());
    };
    if context.screen.json {
        render::json(&json!({ "name": name, "file": file, "text": text }))?;
    } else {
        render::bytes(text.as_bytes())?;
    }
    Ok(0)
}

/// `fazt skills install`.
pub(super) fn install(context: &Context, inner: &ArgMatches) -> Result<u8, Stop> {
    context.only_here("skills install")?;
    let plugin = inner.get_one::<PathBuf>("plugin");
    let (folder, files) = match plugin {
        Some(folder) => (folder.clone(), plugin::files()),
        None if inner.get_flag("user") => {
            (home(context)?.join(".claude/skills"), skills::files(Target::Any))
        }
        None => (PathBuf::from(".claude/skills"), skills::files(Target::Any)),
    };
    let plan = Plan::make(&folder, &files)?;
    if !plan.foreign.is_empty() && !inner.get_flag("force") {
        return Err(foreign(&folder, &plan.foreign).into());
    }
    plan.carry_out(&folder, &files).map_err(|error| unwritable(&folder, &error))?;
    let shown = folder.display().to_string();
    if context.screen.json {
        render::json(&json!({
            "folder": shown, "written": plan.write, "removed": plan.remove,
            "unchanged": files.len() - plan.write.len(),
        }))?;
        return Ok(0);
    }
    let what = if plugin.is_some() { "plugin is" } else { "skills are" };
    let view = if plan.write.is_empty() && plan.remove.is_empty() {
        View::says(format!("unchanged: the {what} in {shown}"))
    } else {
        let row = |path: &String, what: &str| vec![what.to_owned(), path.clone()];
        let written = plan.write.iter().map(|path| row(path, "written"));
        let removed = plan.remove.iter().map(|path| row(path, "removed"));
        View {
            headline: Some(format!("the {what} in {shown}")),
            ..View::of_table(&["", "file"], "", written.chain(removed).collect())
        }
    };
    context.screen.view(&match plugin {
        Some(folder) => view.next(marketplace_line(folder)),
        None => view,
    })?;
    Ok(0)
}

/// The line by which Claude Code takes up the plugin; it wants `./` before a name.
fn marketplace_line(folder: &Path) -> String {
    let folder = if folder.is_absolute() || folder.starts_with(".") || folder.starts_with("..") {
        folder.to_owned()
    } else {
        Path::new(".").join(folder)
    };
    let folder = quoted(&folder.display().to_string());
    let name = plugin::NAME;
    format!("claude plugin marketplace add {folder} && claude plugin install {name}@{name}")
}

/// What an installation will do.
#[derive(Debug, Default)]
struct Plan {
    /// Files that are missing or differ.
    write: Vec<String>,
    /// Of these, the ones that stand there and are not fazt's.
    foreign: Vec<String>,
    /// Files that an earlier fazt wrote and nobody changed.
    remove: Vec<String>,
}

impl Plan {
    /// Compares what is there with what shall be. Changes nothing.
    fn make(folder: &Path, files: &[(String, String)]) -> Result<Self, Problem> {
        let own = read_record(folder);
        let mut plan = Self::default();
        let hash_of = |path: &str| match fs::read(folder.join(path)) {
            Ok(found) => Ok(Some(hash(&found))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unwritable(&folder.join(path), &error)),
        };
        for (path, text) in files {
            let found = hash_of(path)?;
            if found.as_ref() == Some(&hash(text.as_bytes())) {
                continue;
            }
            if found.is_some() && own.get(path) != found.as_ref() {
                plan.foreign.push(path.clone());
            }
            plan.write.push(path.clone());
        }
        for (path, was) in &own {
            let stale = !files.iter().any(|(made, _)| made == path) && is_below(path);
            if stale && hash_of(path)?.as_ref() == Some(was) {
                plan.remove.push(path.clone());
            }
        }
        Ok(plan)
    }

    fn carry_out(&self, folder: &Path, files: &[(String, String)]) -> io::Result<()> {
        let mut record = BTreeMap::new();
        for (path, text) in files {
            if self.write.contains(path) {
                let file = folder.join(path);
                fs::create_dir_all(file.parent().unwrap_or(folder))?;
                fs::write(file, text)?;
            }
            record.insert(path.clone(), hash(text.as_bytes()));
        }
        for path in &self.remove {
            fs::remove_file(folder.join(path))?;
            // The folders it leaves empty; one that is not, stays.
            let above = Path::new(path).ancestors().skip(1).filter(|path| *path != Path::new(""));
            for above in above {
                let _ = fs::remove_dir(folder.join(above));
            }
        }
        if read_record(folder) != record {
            fs::write(folder.join(RECORD), format!("{:#}\n", json!(record)))?;
        }
        Ok(())
    }
}

/// Whether a noted path stays in its folder, whoever wrote the note.
fn is_below(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)))
}

fn read_record(folder: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(folder.join(RECORD)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

fn home(context: &Context) -> Result<PathBuf, Problem> {
    let set = |name: &str| context.environment.get(name).filter(|home| !home.is_empty());
    let home = set("HOME").or_else(|| set("USERPROFILE")).ok_or_else(|| {
        Problem::new(Code::BadRequest, "there is no home folder")
            .hint("set HOME, or go to a project and leave out `--user`")
    });
    home.map(PathBuf::from)
}

fn foreign(folder: &Path, files: &[String]) -> Problem {
    let first = folder.join(&files[0]);
    let more = match files.len() {
        1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    Problem::new(
        Code::Conflict,
        format!("`{}`{more} was not written by fazt, or was changed since", first.display()),
    )
    .hint("nothing was written; move it away, or use `--force` to replace it")
    .detail("files", files.to_vec())
}

fn unwritable(path: &Path, error: &io::Error) -> Problem {
    Problem::new(Code::BadRequest, format!("cannot write to `{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_fazt_replaces_and_removes_its_own_files_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let first = [file("a/SKILL.md", "one"), file("b/SKILL.md", "one"), file("c/x.md", "one")];
        let plan = Plan::make(folder, &first).expect("readable");
        assert_eq!(plan.write.len(), 3);
        plan.carry_out(folder, &first).expect("written");
        fs::write(folder.join("c/x.md"), "mine").expect("written");
        let second = [file("a/SKILL.md", "two")];
        let plan = Plan::make(folder, &second).expect("readable");
        assert_eq!(
            (plan.write.as_slice(), plan.foreign.len()),
            (&["a/SKILL.md".to_owned()][..], 0)
        );
        assert_eq!(plan.remove, ["b/SKILL.md"]);
        plan.carry_out(folder, &second).expect("written");
        assert!(!folder.join("b").exists(), "an empty folder goes too");
        assert_eq!(fs::read_to_string(folder.join("c/x.md")).expect("there"), "mine");
        assert!(Plan::make(folder, &second).expect("readable").write.is_empty());
    }

    #[test]
    fn a_note_that_leads_elsewhere_removes_nothing() {
        for path in ["../x", "/etc/passwd", "a/../../x"] {
            assert!(!is_below(path), "{path}");
        }
        assert!(is_below("a/references/b.md"));
    }

    #[test]
    fn the_marketplace_is_named_as_a_folder() {
        assert!(marketplace_line(Path::new("plug")).contains("add ./plug &&"));
        assert!(marketplace_line(Path::new("/a b")).contains("add '/a b' &&"));
    }
}
