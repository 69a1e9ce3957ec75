//! What does an agent read to work with fazt? Skills and guides, made from the
//! catalogue.
//!
//! A skill says when to use it and what to do; its calls are typed, and each is
//! written as a tool call, as a command and with `curl`. To add one: a file here
//! that defines it, its line in [`skills`]. Writes no file and starts nothing:
//! faces and tests do that.

mod call;
mod guide;
mod page;
pub mod plugin;
pub mod text;

mod app;
mod apps;
mod deploy;
mod start;
mod status;

use std::{fmt::Write as _, sync::LazyLock};

use serde_json::Value;

pub use call::Call;
pub use guide::{Guide, guides};
pub use page::{MADE, Part};
use text::wrapped;

use crate::Effect;

/// A thing to do with fazt, told to an agent.
#[derive(Clone, Debug)]
pub struct Skill {
    /// Its name, which is also its folder's.
    pub name: &'static str,
    /// The title of its page.
    pub title: &'static str,
    /// What it does and when to use it.
    pub description: &'static str,
    /// The page.
    pub parts: Vec<Part>,
    /// The guides that lie beside it, by topic.
    pub references: &'static [&'static str],
}

/// Whom a skill is written for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Target {
    /// Any agent that reads skills: only what the standard knows.
    Any,
    /// A plugin that brings the MCP server along, whose tools that only read
    /// need not be asked for.
    Plugin,
}

/// What the calls of a page are, said on each.
const WAYS: Part = Part::Text(
    "Each call stands three times: a tool of the fazt MCP server with its input, a `fazt` \
     command, and `curl`. Use the first you have. The names and numbers are examples. Every MCP \
     tool also takes `peer`, the name of another node. For `curl`, `FAZT_URL` is the node's admin address, on its own machine `http://localhost:8080`, and \
     `FAZT_TOKEN` a token: {fazt create_token agent --preset agent} prints one on the node's \
     machine.",
);

static SKILLS: LazyLock<Vec<Skill>> = LazyLock::new(|| {
    vec![start::skill(), status::skill(), apps::skill(), deploy::skill(), app::skill()]
});

/// Every skill.
pub fn skills() -> &'static [Skill] {
    &SKILLS
}

/// A call that a page shows, in every form, to be tried.
#[derive(Clone, Debug)]
pub struct Example {
    /// The skill.
    pub skill: &'static str,
    /// The tool.
    pub tool: &'static str,
    /// The tool's input.
    pub input: Value,
    /// The command line.
    pub command: String,
    /// The same with `curl`, for `FAZT_URL` and `FAZT_TOKEN`.
    pub curl: String,
    /// The folder that both expect, and its files with their text.
    pub folder: Option<(&'static str, Vec<(String, String)>)>,
}

/// Every call that a skill shows, in the order of its page.
pub fn examples() -> Vec<Example> {
    let calls = skills().iter().flat_map(|skill| {
        let calls = skill.parts.iter().filter_map(Part::call);
        calls.map(|call| (skill.name, call))
    });
    let owned = |(path, text): (&str, &str)| (path.to_owned(), text.to_owned());
    let example = |(skill, call): (&'static str, &Call)| Example {
        skill,
        tool: call.tool,
        input: call.input.clone(),
        command: call.command(),
        curl: call.curl(),
        folder: call.folder.map(|name| (name, call.files().into_iter().map(owned).collect())),
    };
    calls.map(example).collect()
}

impl Part {
    /// The call it shows, if it shows one.
    pub fn call(&self) -> Option<&Call> {
        match self {
            Self::Call(call) => Some(call),
            _ => None,
        }
    }
}

impl Skill {
    /// The skill of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        skills().iter().find(|skill| skill.name == name)
    }

    /// The tools it calls, each once, in the order of the page.
    pub fn tools(&self) -> Vec<&'static str> {
        let mut tools = Vec::new();
        for call in self.parts.iter().filter_map(Part::call) {
            if !tools.contains(&call.tool) {
                tools.push(call.tool);
            }
        }
        tools
    }

    /// Its files, each with its path below the skill's folder.
    pub fn files(&self, target: Target) -> Vec<(String, String)> {
        let mut files = vec![("SKILL.md".to_owned(), self.page(target))];
        for guide in self.guides() {
            files.push((format!("references/{}.md", guide.topic), guide.text()));
        }
        files
    }

    /// What stands at the head of its page, by name.
    pub fn front_matter(&self, target: Target) -> Vec<(&'static str, String)> {
        let mut fields = vec![
            ("name", self.name.to_owned()),
            ("description", self.description.to_owned()),
            ("license", "MIT".to_owned()),
            ("compatibility", "Needs a fazt node, by MCP, the fazt command or HTTP.".to_owned()),
        ];
        if target == Target::Plugin {
            fields.push(("allowed-tools", self.allowed().join(" ")));
        }
        fields
    }

    /// Its `SKILL.md`.
    pub fn page(&self, target: Target) -> String {
        let mut text = String::from("---\n");
        for (name, value) in self.front_matter(target) {
            // A text with a colon is no plain YAML; JSON's quotes are YAML's too.
            let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            let value = if plain { value } else { Value::from(value).to_string() };
            let _ = writeln!(text, "{name}: {value}");
        }
        let _ = write!(text, "---\n\n# {}\n\n{MADE}\n", self.title);
        text.push_str(&page::render(&self.parts));
        if !self.references.is_empty() {
            text.push_str("\n## More\n\n");
            for guide in self.guides() {
                let topic = guide.topic;
                let line = format!("[{topic}](references/{topic}.md): {}", guide.description);
                text.push_str(&text::item(&line));
            }
        }
        text
    }

    /// The guides that lie beside it.
    fn guides(&self) -> impl Iterator<Item = &'static Guide> {
        self.references.iter().filter_map(|topic| Guide::named(topic))
    }

    /// What a plugin need not ask for: the tools that only read.
    fn allowed(&self) -> Vec<String> {
        let reads = |tool: &&str| call::spec(tool).effect == Effect::Read;
        let name = |tool| format!("mcp__plugin_{0}_{0}__{tool}", plugin::NAME);
        self.tools().into_iter().filter(reads).map(name).collect()
    }
}

/// Every file of every skill, each with its path below the folder of skills.
pub fn files(target: Target) -> Vec<(String, String)> {
    let of = |skill: &Skill| {
        let under = |(path, text): (String, String)| (format!("{}/{path}", skill.name), text);
        skill.files(target).into_iter().map(under).collect::<Vec<_>>()
    };
    skills().iter().flat_map(of).collect()
}

/// A page: its title, that it is made, and its parts.
fn page_of(title: &str, intro: &str, parts: &[Part]) -> String {
    format!("# {title}\n\n{MADE}\n\n{}\n{}", wrapped(&page::named(intro), ""), page::render(parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_skill_keeps_the_rules_of_the_standard() {
        for skill in skills() {
            let name = skill.name;
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!((1..=64).contains(&name.len()) && name.chars().all(plain), "{name}");
            assert!(
                !name.starts_with('-') && !name.ends_with('-') && !name.contains("--"),
                "{name}"
            );
            assert_eq!(skill.guides().count(), skill.references.len(), "{name}: no such guide");
            let about = skill.description;
            assert!(about.len() <= 1_024 && !about.contains(['<', '>']), "{name}: {about}");
            assert!(about.contains("Use when"), "{name} does not say when to use it");
            for target in [Target::Any, Target::Plugin] {
                for (path, text) in skill.files(target) {
                    assert!(text.lines().count() <= 150, "{name}/{path} is long");
                    let wide: Vec<_> = text
                        .lines()
                        .filter(|line| line.chars().count() > text::WIDTH)
                        .filter(|line| !line.contains("](") && !line.contains(": \""))
                        .collect();
                    assert!(wide.is_empty(), "{name}/{path}: {wide:#?}");
                }
            }
        }
    }

    #[test]
    fn the_head_of_a_page_has_the_standards_fields_only() {
        const STANDARD: [&str; 6] =
            ["name", "description", "license", "compatibility", "metadata", "allowed-tools"];
        for skill in skills() {
            for target in [Target::Any, Target::Plugin] {
                let page = skill.page(target);
                let head = page.strip_prefix("---\n").and_then(|page| page.split_once("\n---\n"));
                for line in head.expect("a head").0.lines() {
                    let (name, value) = line.split_once(": ").expect("a field");
                    assert!(STANDARD.contains(&name), "{}: {name}", skill.name);
                    let quoted: Result<String, _> = serde_json::from_str(value);
                    assert!(quoted.is_ok() || !value.contains([':', '"']), "{line}");
                    let allowed = name == "allowed-tools";
                    assert!(!allowed || target == Target::Plugin, "{line}");
                }
            }
        }
    }

    #[test]
    fn a_plugin_asks_before_anything_that_changes() {
        for skill in skills() {
            for tool in skill.allowed() {
                let name = tool.strip_prefix("mcp__plugin_fazt_fazt__").expect("its full name");
                assert_eq!(call::spec(name).effect, Effect::Read, "{tool}");
            }
        }
        let deploy = Skill::named("fazt-deploy").expect("a skill");
        assert!(deploy.tools().contains(&"deploy"));
        assert!(!deploy.page(Target::Plugin).contains("fazt__deploy"));
    }

    #[test]
    fn pages_come_out_the_same_every_time() {
        assert_eq!(files(Target::Any), files(Target::Any));
        let names: Vec<_> = skills().iter().map(|skill| skill.name).collect();
        assert_eq!(names, ["fazt-start", "fazt-status", "fazt-apps", "fazt-deploy", "fazt-app"]);
    }
}
