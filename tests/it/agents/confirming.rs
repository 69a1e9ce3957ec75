//! A person says yes before something goes away, whatever the client can do.

use serde_json::{Value, json};

use super::{Agent, refused, text};
use crate::harness::TestNode;

async fn node() -> TestNode {
    let node = TestNode::start().await;
    for app in ["blog", "shop"] {
        node.deploy(app, &[("index.html", app)]).await;
    }
    node
}

async fn is_there(node: &TestNode, app: &str) -> bool {
    node.get(&format!("{app}.localhost"), "/").await.status == 200
}

/// Asks to delete an app, and answers what the client is asked in turn.
async fn question(agent: &Agent<'_>, app: &str) -> Value {
    let asked = agent.tool("delete_app", json!({ "app": app })).await;
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    asked
}

/// The call again, with what the client brings back.
fn again(app: &str, state: &Value, answer: &Value) -> Value {
    json!({
        "name": "delete_app", "arguments": { "app": app },
        "inputResponses": { "confirm": answer }, "requestState": state,
    })
}

fn yes() -> Value {
    json!({ "action": "accept", "content": { "confirm": true } })
}

#[tokio::test]
async fn a_client_with_forms_is_asked_what_goes_away_and_its_yes_is_good_once() {
    let node = node().await;
    let agent = Agent::with_preset(&node, "agent").await.with_forms();
    let asked = question(&agent, "blog").await;
    let form = &asked["inputRequests"]["confirm"]["params"];
    let message = form["message"].as_str().expect("a question");
    assert!(message.contains("`blog`") && message.contains("1 version"), "{message}");
    assert!(is_there(&node, "blog").await, "nothing goes before the answer");

    let state = &asked["requestState"];
    let done = agent.result("tools/call", again("blog", state, &yes())).await;
    assert!(!refused(&done), "{done}");
    assert!(!is_there(&node, "blog").await);

    let undo = json!({ "change": done["structuredContent"]["change"] });
    assert!(!refused(&agent.tool("undo", undo).await));
    assert!(is_there(&node, "blog").await, "undo brings it back");
    let replayed = agent.result("tools/call", again("blog", state, &yes())).await;
    assert!(text(&replayed).contains("was used already"), "{replayed}");
    assert!(is_there(&node, "blog").await, "an answer is good once");
}

#[tokio::test]
async fn what_is_no_yes_changes_nothing() {
    let node = node().await;
    let agent = Agent::with_preset(&node, "agent").await.with_forms();
    for answer in [
        json!({ "action": "decline" }),
        json!({ "action": "cancel" }),
        json!({ "action": "accept", "content": { "confirm": false } }),
        json!({ "action": "accept" }),
        json!("yes"),
    ] {
        let asked = question(&agent, "blog").await;
        let done = agent.result("tools/call", again("blog", &asked["requestState"], &answer)).await;
        assert!(text(&done).contains("did not agree"), "{answer}: {done}");
    }
    assert!(is_there(&node, "blog").await);
}

#[tokio::test]
async fn a_confirmation_is_of_one_caller_one_call_and_no_other() {
    let node = node().await;
    let agent = Agent::with_preset(&node, "agent").await.with_forms();
    let other = Agent::with_preset(&node, "owner").await.with_forms();
    let asked = question(&agent, "blog").await;
    let state = asked["requestState"].as_str().expect("sealed").to_owned();
    let mut forged = state.clone();
    let last = forged.pop().expect("a letter");
    forged.push(if last == 'A' { 'B' } else { 'A' });
    for (who, app, state, what) in [
        (&agent, "shop", state.as_str(), "another app"),
        (&other, "blog", state.as_str(), "another caller"),
        (&agent, "blog", forged.as_str(), "a changed letter"),
        (&agent, "blog", "rubbish", "rubbish"),
    ] {
        let done = who.result("tools/call", again(app, &json!(state), &yes())).await;
        assert!(refused(&done), "{what}: {done}");
    }
    assert!(is_there(&node, "blog").await && is_there(&node, "shop").await);
}

#[tokio::test]
async fn a_client_without_forms_repeats_the_name_and_one_with_forms_cannot() {
    let node = node().await;
    let plain = Agent::with_preset(&node, "agent").await;
    let asked = plain.tool("delete_app", json!({ "app": "blog" })).await;
    assert!(refused(&asked) && text(&asked).contains("1 version"), "{asked}");
    assert!(text(&asked).contains("\"confirm\": \"blog\""), "{asked}");
    let wrong = plain.tool("delete_app", json!({ "app": "blog", "confirm": "shop" })).await;
    assert!(refused(&wrong) && is_there(&node, "blog").await, "{wrong}");

    let forms = Agent::new(&node, plain.token.clone()).with_forms();
    let asked = forms.tool("delete_app", json!({ "app": "blog", "confirm": "blog" })).await;
    assert_eq!(asked["resultType"], "input_required", "the model does not answer for its user");
    assert!(is_there(&node, "blog").await);

    let done = plain.tool("delete_app", json!({ "app": "blog", "confirm": "blog" })).await;
    assert!(!refused(&done) && !is_there(&node, "blog").await, "{done}");
}

#[tokio::test]
async fn nobody_is_asked_about_what_is_not_there() {
    let node = node().await;
    let agent = Agent::with_preset(&node, "agent").await.with_forms();
    let done = agent.tool("delete_app", json!({ "app": "blgo" })).await;
    assert!(text(&done).contains("did you mean `blog`?"), "{done}");
}
