//! Clients hear of what changes.

use futures_util::StreamExt as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Agent, token};
use crate::harness::TestNode;

/// Subscribes, and answers the stream of notifications.
async fn listen(
    agent: &Agent<'_>,
) -> std::pin::Pin<Box<dyn futures_util::Stream<Item = Value> + Send>> {
    let wish = json!({ "notifications": {
        "resourcesListChanged": true, "resourceSubscriptions": ["fazt://apps/blog"],
    } });
    let answer = agent.request("subscriptions/listen", wish).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let events = answer.bytes_stream().flat_map(|piece| {
        let text = String::from_utf8(piece.expect("a piece").to_vec()).expect("text");
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        let read: Vec<Value> = data.filter_map(|data| serde_json::from_str(data).ok()).collect();
        futures_util::stream::iter(read)
    });
    let mut events: std::pin::Pin<Box<dyn futures_util::Stream<Item = Value> + Send>> =
        Box::pin(events);
    let first = events.next().await.expect("it is acknowledged");
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged", "{first}");
    events
}

#[tokio::test]
async fn a_deploy_is_told_to_who_listens_and_to_nobody_it_does_not_concern() {
    let node = TestNode::start().await;
    let agent = Agent::with_preset(&node, "viewer").await;
    let wish = json!({ "name": "limited", "preset": "viewer", "apps": ["shop"] });
    let limited = Agent::new(&node, token(&node, wish).await);
    let (mut all, mut some) = (listen(&agent).await, listen(&limited).await);

    node.deploy("blog", &[("index.html", "one")]).await;
    let came = all.next().await.expect("told");
    assert_eq!(came["method"], "notifications/resources/list_changed", "{came}");
    let changed = all.next().await.expect("told");
    assert_eq!(changed["params"]["uri"], "fazt://apps/blog", "{changed}");
    node.deploy("blog", &[("index.html", "two")]).await;
    let changed = all.next().await.expect("told");
    assert_eq!(changed["method"], "notifications/resources/updated", "{changed}");

    // The first thing the limited one hears is of the app it may know.
    node.deploy("shop", &[("index.html", "shop")]).await;
    let came = some.next().await.expect("told");
    assert_eq!(came["method"], "notifications/resources/list_changed", "{came}");
    node.call(Method::DELETE, "/api/apps/shop", None).await.data();
    let went = some.next().await.expect("told");
    assert_eq!(went["method"], "notifications/resources/list_changed", "{went}");
}

#[tokio::test]
async fn a_revoked_token_hears_no_more() {
    let node = TestNode::start().await;
    let agent = Agent::with_preset(&node, "viewer").await;
    let mut events = listen(&agent).await;
    let feed = node.client.get(format!("http://{}/api/events", node.address()));
    let feed = feed.bearer_auth(&agent.token).send().await.expect("an answer");
    node.call(Method::DELETE, "/api/tokens/viewer", None).await.data();
    node.deploy("secret", &[("index.html", "x")]).await;
    let mut heard = String::new();
    while let Some(event) = events.next().await {
        heard.push_str(&event.to_string());
    }
    assert!(heard.contains("result") && !heard.contains("list_changed"), "{heard}");
    let told = feed.text().await.expect("it ends");
    assert!(!told.contains("secret"), "{told}");
}

#[tokio::test]
async fn a_stop_ends_a_subscription_with_its_result() {
    let node = TestNode::start().await;
    let agent = Agent::with_preset(&node, "viewer").await;
    let mut events = listen(&agent).await;
    let (_, last) = tokio::join!(node.stop(), async {
        let mut last = Value::Null;
        while let Some(event) = events.next().await {
            last = event;
        }
        last
    });
    assert!(last.get("result").is_some(), "{last}");
}
