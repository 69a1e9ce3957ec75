//! `list_peers`: the other nodes this one knows.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Effect, PeerName, Route, Scope, Tool, View, tool::example, view};

/// See [`Input`].
pub struct ListPeers;

/// List the other nodes this one knows, with version, health and which is the default.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Input {}

/// The peers.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Output {
    /// The peers, by name
    pub peers: Vec<Peer>,
    /// How many there are
    pub total: u64,
}

/// One peer.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Peer {
    /// Its name, as in `@zyt`
    pub name: PeerName,
    /// Address of its API
    pub url: String,
    /// Whether `fazt remote` means it when none is named
    pub default: bool,
    /// `ok`, or why it did not answer just now
    pub health: String,
    /// Its version, when last seen
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// When it last answered
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Timestamp>,
}

impl Tool for ListPeers {
    const NAME: &'static str = "list_peers";
    const TITLE: &'static str = "List peers";
    const EFFECT: Effect = Effect::Read;
    const REACHES_OUT: bool = true;
    const SCOPE: Scope = Scope::ServerRead;
    const ROUTE: Route = Route::get("/api/peers");
    const COMMANDS: &'static [&'static str] = &["remote list"];
    type Input = Input;
    type Output = Output;

    fn example() -> (Input, Output) {
        example(
            json!({}),
            json!({
                "total": 1,
                "peers": [{
                    "name": "zyt", "url": "https://admin.zyt.app", "default": true, "health": "ok",
                    "version": "0.1.0", "seen_at": "2026-11-20T07:00:00Z"
                }]
            }),
        )
    }

    fn view(out: &Output) -> View {
        let rows = out
            .peers
            .iter()
            .map(|peer| {
                vec![
                    format!("@{}", peer.name),
                    if peer.default { "default" } else { "" }.to_owned(),
                    peer.url.clone(),
                    peer.version.clone().unwrap_or_default(),
                    peer.health.clone(),
                    peer.seen_at.map(view::moment).unwrap_or_default(),
                ]
            })
            .collect();
        let empty = "no peers: `fazt remote add NAME --url URL` adds one";
        View::of_table(&["peer", "", "url", "version", "health", "seen"], empty, rows)
    }
}
