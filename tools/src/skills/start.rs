//! `fazt-start`: is all well, and which versions are where?

use serde_json::json;

use super::{Call, Part, Skill, WAYS};
use crate::{
    list_apps::ListApps, list_changes::ListChanges, list_peers::ListPeers, status::Status,
};

pub(super) fn skill() -> Skill {
    Skill {
        name: "fazt-start",
        title: "Begin with fazt",
        description: "Checks that fazt is well and says where things stand: the local node, each \
            peer, which version runs where, what changed last, and the commands to go on with. Use \
            when a session with fazt begins, when asked to start, set up or connect fazt, or when \
            a fazt call fails and nobody knows why.",
        parts: vec![
            Part::Text(
                "fazt is one program and one SQLite file that host every app a person owns, each \
                 at its own subdomain. A running fazt is a *node*; other nodes it knows are \
                 *peers*.",
            ),
            WAYS,
            Part::Heading("1. Look after the machine"),
            Part::Text(
                "Where the `fazt` command is at hand, let it check the database, the disk, the \
                 clock, the node, its names, its tokens and its MCP door. Each finding that is \
                 not well names the command that mends it.",
            ),
            Part::Code("sh", "fazt version\nfazt doctor"),
            Part::Text(
                "No node runs? `fazt server start` starts one, on `http://admin.localhost:8080` \
                 unless told otherwise, and runs until it is stopped: start it in the background. \
                 `fazt doctor` also prints the line that adds fazt to Claude Code.",
            ),
            Part::Heading("2. Ask the node"),
            Part::Call(Call::of::<Status>(json!({}))),
            Part::Text("`degraded` comes with `warnings`, and each has its `fix`: tell both."),
            Part::Heading("3. Ask for the peers"),
            Part::Call(Call::of::<ListPeers>(json!({}))),
            Part::Text("With the command, any peer can be asked more: {@zyt status}."),
            Part::Heading("4. Compare versions"),
            Part::Items(&[
                "source: `version` in `Cargo.toml`, where fazt's own source is at hand",
                "binary: what `fazt version` prints",
                "local node: `version` of {status}",
                "peers: `version` of {list_peers}",
            ]),
            Part::Text(
                "Show them as a table, and say which one is behind. A node that is older than the \
                 binary on its machine takes the new one when it is started again.",
            ),
            Part::Heading("5. Say where things stand"),
            Part::Call(Call::of::<ListApps>(json!({ "limit": 10 }))),
            Part::Call(Call::of::<ListChanges>(json!({ "limit": 5 }))),
            Part::Text("Then give the state in a few lines, and these commands to go on with:"),
            Part::Commands(&["deploy", "list_apps", "get_app", "promote", "list_changes", "undo"]),
        ],
        references: &["access", "errors"],
    }
}
