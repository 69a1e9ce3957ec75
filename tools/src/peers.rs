//! Tools that keep the list of peers: add, remove, choose the default.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Effect, PeerName, Route, Scope, Tool, View, skills::Call, tool::example, undo::Undo};

/// See [`AddInput`].
pub struct AddPeer;
/// See [`RemoveInput`].
pub struct RemovePeer;
/// See [`DefaultInput`].
pub struct SetDefaultPeer;

/// Add a node as a peer, after checking its address and token.
///
/// Make the token on that node: `fazt token create NAME --preset peer`. The
/// first peer becomes the default.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct AddInput {
    /// Choose the peer's name, as in `@zyt`
    #[arg(value_name = "NAME")]
    pub name: PeerName,
    /// Give the address of its API, such as `https://admin.zyt.app`
    #[arg(long, value_name = "URL")]
    pub url: String,
    /// Give a token of that node; on the command line, `-` reads it from standard input
    #[arg(long, value_name = "TOKEN")]
    pub token: String,
}

/// The peer that was added.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct AddOutput {
    /// Its name
    pub name: PeerName,
    /// Address of its API
    pub url: String,
    /// Its version
    pub version: String,
    /// What the token may do there
    pub scopes: Vec<Scope>,
    /// Whether it is the default
    pub default: bool,
    /// The change to undo
    pub change: i64,
}

impl Tool for AddPeer {
    const NAME: &'static str = "add_peer";
    const TITLE: &'static str = "Add a peer";
    const EFFECT: Effect = Effect::Add;
    const REACHES_OUT: bool = true;
    const SCOPE: Scope = Scope::ServerAdmin;
    const AGENT: bool = false;
    const ROUTE: Route = Route::post("/api/peers");
    const COMMANDS: &'static [&'static str] = &["remote add"];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[(
        "fazt remote add zyt --url https://admin.zyt.app --token fazt_tok_…",
        "then `fazt @zyt apps`",
    )];
    type Input = AddInput;
    type Output = AddOutput;

    fn example() -> (AddInput, AddOutput) {
        example(
            json!({ "name": "zyt", "url": "https://admin.zyt.app", "token": "fazt_tok_example" }),
            json!({
                "name": "zyt", "url": "https://admin.zyt.app", "version": "0.1.0",
                "scopes": ["apps:read", "apps:write"], "default": true, "change": 5
            }),
        )
    }

    fn view(out: &AddOutput) -> View {
        let scopes: Vec<_> = out.scopes.iter().map(|scope| scope.as_str()).collect();
        View::says(format!("peer @{} is known (fazt {})", out.name, out.version))
            .fact("url", &out.url)
            .fact("token may", scopes.join(", "))
            .next(format!("fazt @{} apps", out.name))
    }
}

/// Remove a peer from this node's list; the peer itself is not touched.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct RemoveInput {
    /// Name the peer
    #[arg(value_name = "NAME")]
    pub name: PeerName,
}

/// What changed in the list of peers.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct PeerOutput {
    /// The peer
    pub name: PeerName,
    /// The change to undo
    pub change: i64,
}

impl Tool for RemovePeer {
    const NAME: &'static str = "remove_peer";
    const TITLE: &'static str = "Remove a peer";
    const EFFECT: Effect = Effect::Remove;
    const SCOPE: Scope = Scope::ServerAdmin;
    const AGENT: bool = false;
    const ROUTE: Route = Route::delete("/api/peers/{name}");
    const COMMANDS: &'static [&'static str] = &["remote remove"];
    type Input = RemoveInput;
    type Output = PeerOutput;

    fn example() -> (RemoveInput, PeerOutput) {
        example(json!({ "name": "zyt" }), json!({ "name": "zyt", "change": 6 }))
    }

    fn view(out: &PeerOutput) -> View {
        View::says(format!("peer @{} is forgotten", out.name))
            .next(Call::of::<Undo>(json!({ "change": out.change })))
    }
}

/// Choose the peer that `fazt remote` means when none is named.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct DefaultInput {
    /// Name the peer
    #[arg(value_name = "NAME")]
    pub name: PeerName,
}

impl Tool for SetDefaultPeer {
    const NAME: &'static str = "set_default_peer";
    const TITLE: &'static str = "Choose the default peer";
    const EFFECT: Effect = Effect::Replace;
    const SCOPE: Scope = Scope::ServerAdmin;
    const AGENT: bool = false;
    const ROUTE: Route = Route::put("/api/peers/{name}/default");
    const COMMANDS: &'static [&'static str] = &["remote default"];
    type Input = DefaultInput;
    type Output = PeerOutput;

    fn example() -> (DefaultInput, PeerOutput) {
        example(json!({ "name": "zyt" }), json!({ "name": "zyt", "change": 7 }))
    }

    fn view(out: &PeerOutput) -> View {
        View::says(format!("@{} is the default peer", out.name))
    }
}
