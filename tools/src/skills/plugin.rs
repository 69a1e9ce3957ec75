//! How does an MCP client learn of fazt: the entries of `.mcp.json`, and a
//! plugin that brings server and skills in one install.
//!
//! Pure texts. Holds no secret: tokens come from the environment or from what
//! the plugin's user is asked for.

use serde_json::{Value, json};

use super::{Target, text::wrapped};

/// The name of the server and of the plugin.
pub const NAME: &str = "fazt";

/// Where a node's MCP door is, when nothing was set. Not `admin.localhost`: most
/// programs cannot look that up.
pub const URL: &str = "http://localhost:8080/mcp";

/// What a plugin or a skill is for, in a line.
const ABOUT: &str = "Host every app you own on one node: deploy, preview, check, roll back.";

/// An entry of a server that the client starts itself.
pub fn stdio_entry(command: &str, arguments: &[&str]) -> Value {
    json!({ "command": command, "args": arguments })
}

/// An entry of a server that is asked over HTTP, with the token named so.
pub fn http_entry(url: &str, token: &str) -> Value {
    json!({
        "type": "http",
        "url": url,
        "headers": { "Authorization": format!("Bearer {token}") },
    })
}

/// The example of a project's `.mcp.json`, with both kinds of entry.
pub fn example_config() -> Value {
    json!({ "mcpServers": {
        NAME: stdio_entry("fazt", &["mcp"]),
        "fazt-over-http": http_entry(URL, "${FAZT_TOKEN}"),
    } })
}

/// Every file of the plugin, each with its path below the plugin's folder.
pub fn files() -> Vec<(String, String)> {
    let json = |value: &Value| format!("{value:#}\n");
    let mut files = vec![
        (".claude-plugin/plugin.json".to_owned(), json(&manifest())),
        (".claude-plugin/marketplace.json".to_owned(), json(&marketplace())),
        ("README.md".to_owned(), readme()),
        ("LICENSE".to_owned(), include_str!("../../../LICENSE").to_owned()),
    ];
    let skills = super::files(Target::Plugin).into_iter();
    files.extend(skills.map(|(path, text)| (format!("skills/{path}"), text)));
    files
}

fn manifest() -> Value {
    json!({
        "name": NAME,
        "version": env!("CARGO_PKG_VERSION"),
        "description": ABOUT,
        "author": { "name": "fazt" },
        "license": "MIT",
        "userConfig": {
            "url": {
                "type": "string",
                "title": "MCP address",
                "description": "The node's MCP address; `fazt doctor` prints it",
                "default": URL,
                "required": true,
            },
            "token": {
                "type": "string",
                "title": "Token",
                "description": "A token of the node: fazt token create agent --preset agent",
                "sensitive": true,
                "required": true,
            },
        },
        "mcpServers": { NAME: http_entry("${user_config.url}", "${user_config.token}") },
    })
}

fn marketplace() -> Value {
    json!({
        "name": NAME,
        "owner": { "name": "fazt" },
        "metadata": { "description": ABOUT },
        "plugins": [{
            "name": NAME,
            "source": "./",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": "MIT",
        }],
    })
}

fn readme() -> String {
    let text = "fazt is one program and one SQLite file that host every app you own, each at its \
        own subdomain. This plugin connects Claude Code to a node by its MCP server and brings \
        skills that say how to deploy a folder, check it, put it live, look after apps and take \
        any change back. It asks for the node's MCP address and for a token. Tools that only \
        read need not be confirmed while a skill is in use; all others are asked for.";
    format!(
        "# fazt\n\n{}\n\n```sh\nfazt token create agent --preset agent\nclaude plugin marketplace \
         add ./DIR\nclaude plugin install {NAME}@{NAME}\n```\n\n{}\n",
        wrapped(text, ""),
        wrapped(
            "`DIR` is this folder. `fazt doctor` prints the address, `fazt skills install \
             --plugin DIR` writes the folder anew after an upgrade.",
            ""
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plugin_asks_for_a_secret_token_and_holds_none() {
        let manifest = manifest();
        assert_eq!(manifest["userConfig"]["token"]["sensitive"], true);
        let server = &manifest["mcpServers"]["fazt"];
        assert_eq!(server["headers"]["Authorization"], "Bearer ${user_config.token}");
        assert_eq!(manifest["name"], marketplace()["plugins"][0]["name"]);
        assert!(readme().split_whitespace().count() >= 40);
    }
}
