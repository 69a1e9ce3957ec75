//! Agents: the Model Context Protocol as a client sees it, over both doors.
//!
//! Requests are written out, so that what a client may get wrong can be sent,
//! too. Journeys by real clients are in `mcp/` and `tests/mcp/`.

mod confirming;
mod deploying;
mod hostile;
mod reading;
mod rights;
mod sessions;
mod stdio;
mod watching;
mod words;

use reqwest::{
    Method, RequestBuilder,
    header::{ACCEPT, CONTENT_TYPE},
};
use serde_json::{Value, json};

use crate::harness::{Answer, TestNode};

/// The newest revision of the protocol.
pub const MODERN: &str = "2026-07-28";

/// A client over HTTP that speaks the newest revision.
pub struct Agent<'n> {
    pub node: &'n TestNode,
    pub token: String,
    pub capabilities: Value,
}

impl<'n> Agent<'n> {
    /// One that holds a token, and shows no forms.
    pub fn new(node: &'n TestNode, token: impl Into<String>) -> Self {
        Self { node, token: token.into(), capabilities: json!({}) }
    }

    /// One with a token of a preset.
    pub async fn with_preset(node: &'n TestNode, preset: &str) -> Self {
        Self::new(node, token(node, json!({ "name": preset, "preset": preset })).await)
    }

    /// The same client, which shows forms.
    pub fn with_forms(mut self) -> Self {
        self.capabilities = json!({ "elicitation": { "form": {} } });
        self
    }

    /// A request as it is sent.
    pub fn request(&self, method: &str, mut params: Value) -> RequestBuilder {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": self.capabilities,
            "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        });
        let mut request = post(self.node, &self.token)
            .header("MCP-Protocol-Version", MODERN)
            .header("Mcp-Method", method);
        if let Some(name) = params["name"].as_str().or(params["uri"].as_str()) {
            request = request.header("Mcp-Name", name);
        }
        request.json(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }))
    }

    /// Sends a request and answers the whole answer.
    pub async fn send(&self, method: &str, params: Value) -> Answer {
        Answer::of(self.request(method, params)).await
    }

    /// What a request results in.
    pub async fn result(&self, method: &str, params: Value) -> Value {
        let answer = self.send(method, params).await;
        let body = answer.json();
        assert!(body.get("result").is_some(), "{method} failed: {body}");
        body["result"].clone()
    }

    /// What a tool answers.
    pub async fn tool(&self, name: &str, arguments: Value) -> Value {
        self.result("tools/call", json!({ "name": name, "arguments": arguments })).await
    }
}

/// A POST to `/mcp` as an older client sends it.
pub fn post(node: &TestNode, token: &str) -> RequestBuilder {
    let url = format!("http://{}/mcp", node.address());
    let request = node.client.request(Method::POST, url);
    request
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json, text/event-stream")
        .bearer_auth(token)
}

/// A token made with these wishes.
pub async fn token(node: &TestNode, wish: Value) -> String {
    let made = node.call(Method::POST, "/api/tokens", Some(wish)).await.data();
    made["token"].as_str().expect("a token").to_owned()
}

/// The text of a tool's answer.
pub fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_default()
}

/// Whether a tool refused.
pub fn refused(result: &Value) -> bool {
    result["isError"] == true
}
