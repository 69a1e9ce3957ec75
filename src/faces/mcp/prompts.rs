//! Prompts: the three tasks a person starts most often.
//!
//! Each is a request to the agent, with the steps in the right order and the
//! tools by name.

use rmcp::{
    ErrorData,
    model::{
        CacheScope, GetPromptResult, JsonObject, ListPromptsResult, Prompt, PromptArgument,
        PromptMessage, Role,
    },
};
use serde_json::Value;

/// One prompt.
struct Template {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    /// Name, description, whether it is required.
    arguments: &'static [(&'static str, &'static str, bool)],
    /// `{name}` stands for an argument.
    text: &'static str,
}

const PROMPTS: &[Template] = &[
    Template {
        name: "new_app",
        title: "Make a new app",
        description: "Write an app from an idea, deploy it as a preview, check it, put it live.",
        arguments: &[
            ("idea", "What the app is to be", true),
            ("app", "Its name, a DNS label; default: one that fits", false),
        ],
        text: "Make a web app and publish it with fazt.\n\nThe idea: {idea}\nIts name: {app}\n\n\
               1. Read the resource `fazt://guide/app`: what an app on this node may consist of.\n\
               2. Write the files. What has to run on the node is a function below `api/`: see \
               `fazt://guide/functions`.\n\
               3. Call `deploy` with `preview: true` and read its warnings.\n\
               4. Call `fetch_test` for the preview's pages: `/`, one page that is missing, one \
               asset.\n\
               5. Show me the preview's URL. When I agree, call `promote` and tell me the URL.",
    },
    Template {
        name: "debug_app",
        title: "Find out what is wrong with an app",
        description: "Look at an app that misbehaves, name the cause, propose the repair.",
        arguments: &[
            ("app", "The app", true),
            ("symptom", "What is seen, and where", false),
            ("version", "A version that was well, if one is known", false),
        ],
        text: "The app `{app}` on my fazt node misbehaves. What I see: {symptom}\n\
               A version that was well: {version}\n\n\
               1. `get_app` and `list_changes` for it: what is live, and what changed last? Has \
               it functions, `read_logs` of the level `error`, and `explain_request` each \
               request there.\n\
               2. `fetch_test` the page in question; compare with what `read_file` holds.\n\
               3. Compare the live version's files with the one before: `list_files` with \
               `against`.\n\
               4. Name the cause with the evidence. Then propose the smallest repair, or \
               `promote` without a version if the version before was well. Change nothing before \
               I agree.",
    },
    Template {
        name: "release",
        title: "Release a new version of an app",
        description: "Deploy a folder as a preview, verify it, promote it, be ready to go back.",
        arguments: &[("app", "The app", true), ("folder", "The folder to deploy", false)],
        text: "Release a new version of `{app}` on my fazt node. The folder: {folder}\n\n\
               1. `get_app`: note the live version.\n\
               2. `deploy` as a preview with a `message` that says what changed.\n\
               3. `fetch_test` the preview: the front page, and each page that changed.\n\
               4. If all is well, `promote` it and `fetch_test` the live URL.\n\
               5. If anything is wrong after that, `promote` the version you noted, and say so.",
    },
];

/// The prompts there are.
pub(super) fn list() -> ListPromptsResult {
    let prompts = PROMPTS.iter().map(|template| {
        let arguments = template.arguments.iter().map(|(name, description, required)| {
            PromptArgument::new(*name).with_description(*description).with_required(*required)
        });
        let mut prompt =
            Prompt::new(template.name, Some(template.description), Some(arguments.collect()));
        prompt.title = Some(template.title.to_owned());
        prompt
    });
    let mut result = ListPromptsResult::with_all_items(prompts.collect());
    result.ttl_ms = Some(super::HOURS);
    result.cache_scope = Some(CacheScope::Public);
    result
}

/// A prompt with its arguments filled in.
pub(super) fn get(name: &str, given: Option<&JsonObject>) -> Result<GetPromptResult, ErrorData> {
    let template = PROMPTS.iter().find(|template| template.name == name).ok_or_else(|| {
        let known: Vec<_> = PROMPTS.iter().map(|template| template.name).collect();
        let known = known.join("`, `");
        ErrorData::invalid_params(format!("there is no prompt `{name}`; there are `{known}`"), None)
    })?;
    let mut text = template.text.to_owned();
    for (argument, description, required) in template.arguments {
        let value = given.and_then(|given| given.get(*argument)).and_then(Value::as_str);
        let value = match value.map(str::trim).filter(|value| !value.is_empty()) {
            Some(value) => value,
            None if *required => {
                return Err(ErrorData::invalid_params(
                    format!("the prompt `{name}` needs `{argument}`: {description}"),
                    None,
                ));
            }
            None => "(not given)",
        };
        text = text.replace(&format!("{{{argument}}}"), value);
    }
    let message = PromptMessage::new_text(Role::User, text);
    Ok(GetPromptResult::new(vec![message]).with_description(template.description))
}

/// The names of a prompt's arguments that are apps.
pub(super) fn takes_app(argument: &str) -> bool {
    argument == "app"
}
