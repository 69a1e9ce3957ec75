//! What each kind of token sees and may call, and what an app's token is kept to.

use fazt_tools::{specs, tokens::Preset};
use serde_json::{Value, json};

use super::{Agent, refused, text, token};
use crate::{access::SCOPES, harness::TestNode};

/// A call of each tool that changes nothing worth keeping.
pub fn arguments(tool: &str) -> Value {
    match tool {
        "deploy" => json!({ "app": "ghost", "files": [{ "path": "..", "content": "" }] }),
        "fetch_test" => json!({ "url": "http://blog.localhost/" }),
        "read_file" => json!({ "app": "ghost", "path": "index.html" }),
        "undo" => json!({ "change": 9_999 }),
        "list_apps" | "status" | "list_changes" | "list_peers" => json!({}),
        _ => json!({ "app": "ghost" }),
    }
}

#[tokio::test]
async fn each_preset_sees_and_calls_exactly_the_tools_of_its_scopes() {
    let node = TestNode::start().await;
    for preset in ["viewer", "deployer", "agent", "peer", "owner"] {
        let parsed: Preset = serde_json::from_value(json!(preset)).expect("a preset");
        let agent = Agent::with_preset(&node, preset).await;
        let listed = agent.result("tools/list", json!({})).await;
        let names: Vec<_> = listed["tools"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|tool| tool["name"].as_str().expect("a name"))
            .collect();
        for spec in specs().iter().filter(|spec| spec.agent) {
            let (_, scope) = SCOPES.iter().find(|(name, _)| *name == spec.name).expect("a row");
            let may = parsed.scopes().has(scope.parse().expect("a scope"));
            let what = format!("{preset} and {}", spec.name);
            assert_eq!(names.contains(&spec.name), may, "listing: {what}");
            let call = json!({ "name": spec.name, "arguments": arguments(spec.name) });
            let answer = agent.send("tools/call", call).await;
            if may {
                assert_eq!(answer.status, 200, "calling: {what}: {}", answer.text());
            } else {
                assert_eq!(answer.status, 403, "calling: {what}");
                let challenge = answer.header("www-authenticate");
                let wanted = format!("scope=\"{scope}\"");
                assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
                assert!(challenge.contains(&wanted), "{challenge}");
            }
        }
    }
}

#[tokio::test]
async fn no_tool_that_is_for_people_is_listed_or_called() {
    let node = TestNode::start().await;
    let agent = Agent::with_preset(&node, "owner").await;
    let listed = agent.result("tools/list", json!({})).await.to_string();
    for spec in specs().iter().filter(|spec| !spec.agent) {
        assert!(
            !listed.contains(&format!("\"name\":\"{}\"", spec.name)),
            "{} is listed",
            spec.name
        );
        let answer = agent.tool(spec.name, json!({})).await;
        assert!(text(&answer).starts_with("UNKNOWN_TOOL"), "{}: {answer}", spec.name);
    }
}

#[tokio::test]
async fn a_token_of_one_app_reaches_no_other_by_tool_resource_or_peer() {
    let node = TestNode::start().await;
    node.deploy("blog", &[("index.html", "blog")]).await;
    node.deploy("shop", &[("index.html", "shop")]).await;
    let wish = json!({ "name": "blogger", "preset": "agent", "apps": ["blog"] });
    let agent = Agent::new(&node, token(&node, wish).await);
    let apps = agent.tool("list_apps", json!({})).await;
    assert!(text(&apps).contains("blog") && !apps.to_string().contains("shop"), "{apps}");
    for (tool, arguments) in [
        ("get_app", json!({ "app": "shop" })),
        ("read_file", json!({ "app": "shop", "path": "index.html" })),
        ("delete_app", json!({ "app": "shop", "confirm": "shop" })),
        ("promote", json!({ "app": "shop" })),
        ("deploy", json!({ "app": "shop" })),
        ("list_apps", json!({ "peer": "zyt" })),
    ] {
        let answer = agent.tool(tool, arguments).await;
        assert!(refused(&answer) && text(&answer).starts_with("FORBIDDEN"), "{tool}: {answer}");
    }
    let listed = agent.result("resources/list", json!({})).await.to_string();
    assert!(listed.contains("fazt://apps/blog") && !listed.contains("shop"), "{listed}");
    let read = agent.send("resources/read", json!({ "uri": "fazt://apps/shop" })).await.json();
    assert!(read["error"]["message"].as_str().is_some_and(|m| m.contains("limited")), "{read}");
}

#[tokio::test]
async fn calls_beyond_the_rate_are_told_when_to_come_back() {
    let node = TestNode::start_with(&[("limits.token_rate", "10")]).await;
    let agent = Agent::with_preset(&node, "viewer").await;
    let mut last = agent.send("tools/list", json!({})).await;
    for _ in 0..20 {
        if last.status != 200 {
            break;
        }
        last = agent.send("tools/list", json!({})).await;
    }
    assert_eq!(last.status, 429);
    assert!(last.header("retry-after").parse::<u32>().is_ok_and(|wait| wait > 0));
    assert!(last.text().contains("RATE_LIMITED"), "{}", last.text());
}
