//! What the tools cost an agent to know, and that they tell enough.

use fazt::faces::mcp::{Door, described, instructions};
use serde_json::{Value, json};

use super::{Agent, refused};
use crate::harness::TestNode;

/// Names, descriptions and input schemas of all tools together.
const TOKENS: usize = 5_000;
/// Longest description that clients show whole.
const LONGEST: usize = 2_048;

fn tools(door: Door) -> Vec<Value> {
    described(door).as_array().expect("a list").clone()
}

#[test]
fn all_tools_together_cost_few_tokens_and_none_is_cut_off() {
    let count = tiktoken_rs::o200k_base().expect("the words are in the crate");
    for door in [Door::Stdio, Door::Http] {
        let tools = tools(door);
        assert!(tools.len() <= 20, "{} tools", tools.len());
        let told: Vec<_> = tools
            .iter()
            .map(|tool| {
                json!({ "name": tool["name"], "description": tool["description"],
                    "inputSchema": tool["inputSchema"] })
            })
            .collect();
        let tokens = count.encode_ordinary(&json!(told).to_string()).len();
        assert!(tokens <= TOKENS, "{tokens} tokens at {door:?}");
        for tool in &tools {
            let description = tool["description"].as_str().expect("a description");
            assert!(description.len() <= LONGEST, "{}", tool["name"]);
        }
    }
    assert!(instructions().len() <= LONGEST);
}

#[test]
fn every_tool_has_title_hints_and_schemas_that_any_client_reads() {
    for tool in tools(Door::Stdio).iter().chain(&tools(Door::Http)) {
        let name = &tool["name"];
        assert!(tool["title"].is_string(), "{name}");
        for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
            assert!(tool["annotations"][hint].is_boolean(), "{name}: {hint}");
        }
        for schema in ["inputSchema", "outputSchema"] {
            assert_eq!(tool[schema]["type"], "object", "{name}: {schema}");
            portable(&tool[schema], &format!("{name} {schema}"));
        }
        for (field, about) in tool["inputSchema"]["properties"].as_object().expect("fields") {
            assert!(about["description"].is_string(), "{name}: `{field}` says nothing");
        }
    }
    let removes: Vec<_> = tools(Door::Http)
        .iter()
        .filter(|tool| tool["annotations"]["destructiveHint"] == true)
        .map(|tool| tool["name"].clone())
        .collect();
    assert_eq!(removes, ["delete_app"]);
}

/// Refuses what some clients do not read.
fn portable(schema: &Value, what: &str) {
    match schema {
        Value::Object(fields) => {
            assert!(!fields.contains_key("$ref"), "{what}");
            assert!(!fields.get("type").is_some_and(Value::is_array), "{what}: {schema}");
            let format = fields.get("format").and_then(Value::as_str);
            assert!(format.is_none_or(|format| format == "date-time"), "{what}: {format:?}");
            fields.values().for_each(|inner| portable(inner, what));
        }
        Value::Array(items) => items.iter().for_each(|inner| portable(inner, what)),
        _ => {}
    }
}

#[tokio::test]
async fn answers_are_short_on_a_node_with_many_apps_unless_all_is_asked_for() {
    let node = TestNode::start().await;
    for n in 0..60 {
        node.deploy(&format!("app-{n:03}"), &[("index.html", "x")]).await;
    }
    let agent = Agent::with_preset(&node, "agent").await;
    let count = tiktoken_rs::o200k_base().expect("the words are in the crate");
    for (tool, arguments) in [
        ("list_apps", json!({})),
        ("list_changes", json!({})),
        ("status", json!({})),
        ("get_app", json!({ "app": "app-001" })),
        ("list_files", json!({ "app": "app-001" })),
    ] {
        let answer = agent.tool(tool, arguments.clone()).await;
        let text = super::text(&answer);
        let tokens = count.encode_ordinary(text).len();
        assert!(tokens <= 2_000, "{tool}: {tokens} tokens");
        let mut full = arguments;
        full["detail"] = json!("full");
        let full = agent.tool(tool, full).await;
        // What a node says of its health is another from call to call.
        if tool != "status" {
            assert_eq!(full["structuredContent"], answer["structuredContent"], "{tool}");
        }
        let whole = super::text(&full);
        assert!(whole.contains('{') && !text.contains("\": "), "{tool}: {whole}");
    }
}

#[tokio::test]
async fn params_of_another_shape_are_no_unknown_method() {
    let node = TestNode::start().await;
    let agent = Agent::with_preset(&node, "agent").await;
    let answer = agent.send("tools/call", json!({ "name": "status", "arguments": [] })).await;
    let error = answer.json()["error"].clone();
    assert_eq!(error["code"], -32_602, "{error}");
    assert!(error["message"].as_str().is_some_and(|says| says.contains("tools/call")), "{error}");
}

#[tokio::test]
async fn null_is_as_good_as_leaving_out() {
    let node = TestNode::start().await;
    let agent = Agent::with_preset(&node, "agent").await;
    let given = json!({ "search": null, "peer": null, "detail": null });
    let apps = agent.tool("list_apps", given).await;
    assert!(!refused(&apps), "{apps}");
    let files = [json!({ "path": "index.html", "content": "x" })];
    let given = json!({ "app": "blog", "files": files, "path": null, "peer": null });
    let done = agent.tool("deploy", given).await;
    assert!(!refused(&done), "{done}");
}
