//! `fazt-status`: how is one node, or every node?

use serde_json::json;

use super::{Call, Part, Skill, WAYS};
use crate::{fetch_test::FetchTest, list_apps::ListApps, list_peers::ListPeers, status::Status};

pub(super) fn skill() -> Skill {
    Skill {
        name: "fazt-status",
        title: "Health of fazt nodes",
        description: "Reports the health of one fazt node or of all: version, uptime, memory, \
            database, disk, queues, warnings with their fixes, peers, and whether an app answers. \
            Use when asked how fazt, a node, a peer or the server is doing, whether an app is up, \
            or what a warning means.",
        parts: vec![
            WAYS,
            Part::Heading("1. The local node"),
            Part::Call(Call::of::<Status>(json!({}))),
            Part::Items(&[
                "`status`: `ok`, or `degraded` when there are `warnings`",
                "`warnings`: what is wrong, each with the command that mends it",
                "`serving`: `false` means that no node runs and a command looked at the database",
                "`disk_free_bytes`: below 256 MiB a deploy may soon fail",
                "`queues`: numbers that stay high between two calls mean a slow disk",
            ]),
            Part::Heading("2. The peers"),
            Part::Call(Call::of::<ListPeers>(json!({}))),
            Part::Text(
                "`health` is asked at this moment; a peer that cannot be reached says why. For \
                 the whole report of one, use {@zyt status}, or the tool with `peer`.",
            ),
            Part::Heading("3. The apps"),
            Part::Call(Call::of::<ListApps>(json!({}))),
            Part::Text(
                "`errors_24h` counts answers with a 5xx status. Check that a page answers as a \
                 visitor would see it, without leaving the node:",
            ),
            Part::Call(Call::of::<FetchTest>(
                json!({ "url": "http://hello.localhost:8080/", "expect_status": 200 }),
            )),
            Part::Heading("4. Report"),
            Part::Text(
                "One line per node: name, health, version, uptime, apps, free disk. Below it, the \
                 warnings with their fixes. Change nothing unless asked. On the node's own \
                 machine `fazt doctor` looks deeper.",
            ),
        ],
        references: &["errors"],
    }
}
