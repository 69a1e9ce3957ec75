//! How is an MCP client told of this node? The lines to type, and the file.
//!
//! Pure texts, fit for a shell; what they name is passed in.

use std::path::{Path, PathBuf};

use fazt_tools::skills::{
    plugin::{NAME, http_entry, stdio_entry},
    text::quoted,
};
use serde_json::{Value, json};

use super::Context;

/// The line by which Claude Code starts this program itself. `db` is named
/// where it is not in its usual place.
pub(super) fn stdio_line(exe: &Path, db: Option<&Path>) -> String {
    let words = arguments(db);
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("claude mcp add {NAME} -- {} {}", quoted(&exe.display().to_string()), words.join(" "))
}

/// The line by which Claude Code asks a running node; the token comes from the
/// environment of whoever types it.
pub(super) fn http_line(url: &str) -> String {
    let url = quoted(&mcp_url(url));
    format!(
        "claude mcp add --transport http {NAME} {url} --header \"Authorization: Bearer \
         $FAZT_TOKEN\""
    )
}

/// The `.mcp.json` of this installation: the entry that needs no token, and
/// that of the running node where there is one.
pub(super) fn print_config(exe: &Path, db: Option<&Path>, url: Option<&str>) -> Value {
    let words = arguments(db);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut servers = json!({ NAME: stdio_entry(&exe.display().to_string(), &words) });
    if let Some(url) = url {
        servers["fazt-over-http"] = http_entry(&mcp_url(url), "${FAZT_TOKEN}");
    }
    json!({ "mcpServers": servers })
}

/// Where agents find the MCP door of the node whose admin address is `url`.
///
/// On this machine that is plain `localhost`: browsers and curl know where names
/// below it lead, and a program that asks the system does not find them. (Claude
/// Code 2.1 is one, on a Linux without a resolver of its own.)
pub(super) fn mcp_url(url: &str) -> String {
    let url = url.trim_end_matches('/').replacen("://admin.localhost", "://localhost", 1);
    format!("{url}/mcp")
}

/// This program, as another one starts it.
pub(super) fn this_program() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| "fazt".into())
}

impl Context {
    /// The database, where a program started by another would not find it by
    /// itself: agents pass on little of the environment, and not `FAZT_DB`.
    pub(super) fn unusual_db(&self) -> Option<PathBuf> {
        let mut environment = self.environment.clone();
        environment.remove("FAZT_DB");
        let usual = crate::config::database_path(None, &environment);
        if usual.is_ok_and(|usual| usual == self.db) {
            return None;
        }
        Some(std::path::absolute(&self.db).unwrap_or_else(|_| self.db.clone()))
    }
}

fn arguments(db: Option<&Path>) -> Vec<String> {
    let mut words = vec!["mcp".to_owned()];
    if let Some(db) = db {
        words.extend(["--db".to_owned(), db.display().to_string()]);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_survive_a_shell_and_name_an_unusual_database() {
        let exe = Path::new("/usr/bin/fazt");
        assert_eq!(stdio_line(exe, None), "claude mcp add fazt -- /usr/bin/fazt mcp");
        let line = stdio_line(Path::new("/my tools/fazt"), Some(Path::new("/x y/data.db")));
        assert_eq!(line, "claude mcp add fazt -- '/my tools/fazt' mcp --db '/x y/data.db'");
        assert_eq!(
            http_line("http://admin.localhost:8080"),
            "claude mcp add --transport http fazt http://localhost:8080/mcp \
             --header \"Authorization: Bearer $FAZT_TOKEN\""
        );
    }

    #[test]
    fn the_file_names_what_the_lines_name() {
        let config = print_config(Path::new("/b/fazt"), None, Some("http://admin.zyt.app/"));
        let servers = &config["mcpServers"];
        assert_eq!(servers["fazt"], json!({ "command": "/b/fazt", "args": ["mcp"] }));
        assert_eq!(servers["fazt-over-http"]["type"], "http");
        assert_eq!(servers["fazt-over-http"]["url"], "http://admin.zyt.app/mcp");
        let bearer = &servers["fazt-over-http"]["headers"]["Authorization"];
        assert_eq!(bearer, "Bearer ${FAZT_TOKEN}");
        let alone = print_config(Path::new("/b/fazt"), Some(Path::new("/d.db")), None);
        assert_eq!(alone["mcpServers"]["fazt"]["args"], json!(["mcp", "--db", "/d.db"]));
        assert!(alone["mcpServers"].get("fazt-over-http").is_none());
    }
}
