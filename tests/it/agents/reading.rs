//! Resources, prompts, completions and skills.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Agent;
use crate::harness::TestNode;

#[tokio::test]
async fn what_is_listed_can_be_read_and_what_never_changes_may_be_kept() {
    let node = TestNode::start().await;
    node.deploy("blog", &[("index.html", "blog")]).await;
    let agent = Agent::with_preset(&node, "agent").await;
    let listed = agent.result("resources/list", json!({})).await;
    let uris: Vec<_> = listed["resources"].as_array().expect("a list").iter().collect();
    assert!(uris.len() > 10, "{listed}");
    for resource in uris {
        let uri = resource["uri"].as_str().expect("an address");
        let read = agent.result("resources/read", json!({ "uri": uri })).await;
        let content = &read["contents"][0];
        assert_eq!(content["mimeType"], resource["mimeType"], "{uri}");
        assert!(content["text"].as_str().is_some_and(|text| text.len() > 2), "{uri}");
        let lasting = uri.starts_with("fazt://guide/") || uri.starts_with("skill://");
        assert_eq!(read["cacheScope"], if lasting { "public" } else { "private" }, "{uri}");
        assert_eq!(read["ttlMs"].as_u64().is_some_and(|ms| ms > 0), lasting, "{uri}");
    }
}

#[tokio::test]
async fn files_are_read_as_what_they_are() {
    let node = TestNode::start().await;
    node.deploy("blog", &[("a b/ü.txt", "text"), ("pixel.png", "not\u{0}text")]).await;
    let agent = Agent::with_preset(&node, "agent").await;
    let read = |path: &str| {
        let uri = format!("fazt://apps/blog/files/{path}");
        agent.result("resources/read", json!({ "uri": uri }))
    };
    assert_eq!(read("a%20b/%C3%BC.txt").await["contents"][0]["text"], "text");
    let pixel = read("pixel.png").await;
    assert_eq!(pixel["contents"][0]["mimeType"], "image/png");
    assert!(pixel["contents"][0]["blob"].is_string(), "{pixel}");
}

#[tokio::test]
async fn arguments_are_completed_from_what_there_is() {
    let node = TestNode::start().await;
    for app in ["blog", "blue", "shop"] {
        node.deploy(app, &[("index.html", app), ("css/site.css", "a{}")]).await;
    }
    let agent = Agent::with_preset(&node, "agent").await;
    let complete = async |reference: Value, name: &str, value: &str, known: Value| {
        let asked = json!({ "ref": reference, "argument": { "name": name, "value": value },
            "context": { "arguments": known } });
        agent.result("completion/complete", asked).await["completion"]["values"].clone()
    };
    let app = json!({ "type": "ref/resource", "uri": "fazt://apps/{app}" });
    let prompt = json!({ "type": "ref/prompt", "name": "release" });
    let file = json!({ "type": "ref/resource", "uri": "fazt://apps/{app}/files/{+path}" });
    let guide = json!({ "type": "ref/resource", "uri": "fazt://guide/{topic}" });
    let of_blog = json!({ "app": "blog" });
    assert_eq!(complete(app, "app", "bl", json!({})).await, json!(["blog", "blue"]));
    assert_eq!(complete(prompt, "app", "sh", json!({})).await, json!(["shop"]));
    assert_eq!(complete(file, "path", "cs", of_blog.clone()).await, json!(["css/site.css"]));
    // Only what a prompt really takes is worth completing.
    let prompts = agent.result("prompts/list", json!({})).await.to_string();
    assert!(prompts.contains("\"name\":\"version\""), "{prompts}");
    let debug = json!({ "type": "ref/prompt", "name": "debug_app" });
    assert_eq!(complete(debug, "version", "", of_blog).await, json!(["1"]));
    assert_eq!(complete(guide, "topic", "ap", json!({})).await, json!(["app"]));
}

#[tokio::test]
async fn prompts_take_their_arguments_and_miss_the_ones_they_need() {
    let node = TestNode::start().await;
    let agent = Agent::with_preset(&node, "agent").await;
    let listed = agent.result("prompts/list", json!({})).await;
    let names: Vec<_> = listed["prompts"].as_array().expect("a list").iter().collect();
    let names: Vec<_> =
        names.iter().map(|prompt| prompt["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["new_app", "debug_app", "release"]);
    let asked = json!({ "name": "debug_app", "arguments": { "app": "blog" } });
    let filled = agent.result("prompts/get", asked).await;
    let text = filled["messages"][0]["content"]["text"].as_str().expect("a text");
    assert!(
        text.contains("`blog`") && text.contains("(not given)") && !text.contains('{'),
        "{text}"
    );
    for (name, says) in [("debug_app", "needs `app`"), ("debg", "there are `new_app`")] {
        let answer = agent.send("prompts/get", json!({ "name": name })).await.json();
        let message = answer["error"]["message"].as_str().expect("a message");
        assert!(message.contains(says), "{message}");
    }
}

#[tokio::test]
async fn skills_are_served_byte_for_byte_with_their_digests() {
    let node = TestNode::start().await;
    let agent = Agent::with_preset(&node, "viewer").await;
    let listed = agent.result("skills/list", json!({})).await;
    let skills = listed["skills"].as_array().expect("a list");
    assert!(skills.len() >= 5, "{listed}");
    for skill in skills {
        let uri = skill["uri"].as_str().expect("an address");
        let one = agent.result("skills/get", json!({ "uri": uri })).await;
        assert_eq!(&one["skill"], skill);
        for file in skill["resources"].as_array().expect("a list") {
            let uri = file["uri"].as_str().expect("an address");
            let read = agent.result("resources/read", json!({ "uri": uri })).await;
            let text = read["contents"][0]["text"].as_str().expect("a text").to_owned();
            let path = uri.strip_prefix("skill://").expect("a skill");
            let there = format!("{}/skills/{path}", env!("CARGO_MANIFEST_DIR"));
            assert_eq!(std::fs::read_to_string(&there).expect("the page"), text, "{uri}");
            let digest = file["digest"].as_str().and_then(|digest| digest.strip_prefix("sha256:"));
            let digest = (0..32).map(|n| {
                let byte = &digest.expect("a digest")[n * 2..n * 2 + 2];
                u8::from_str_radix(byte, 16).expect("two digits")
            });
            assert!(digest.eq(Sha256::digest(&text)), "{uri}");
            assert_eq!(file["size"], text.len(), "{uri}");
        }
    }
    let unknown = agent.send("skills/get", json!({ "uri": "skill://none/SKILL.md" })).await.json();
    assert_eq!(unknown["error"]["code"], -32_602, "{unknown}");
}

#[tokio::test]
async fn a_file_too_long_for_a_resource_is_refused_with_the_way_to_read_it() {
    let node = TestNode::start().await;
    let (fits, long) = ("f".repeat(256 << 10), "l".repeat((256 << 10) + 1));
    node.deploy("blog", &[("fits.txt", &fits), ("long.txt", &long)]).await;
    let agent = Agent::with_preset(&node, "agent").await;
    let uri = |file: &str| json!({ "uri": format!("fazt://apps/blog/files/{file}") });
    let read = agent.result("resources/read", uri("fits.txt")).await;
    assert_eq!(read["contents"][0]["text"].as_str().map(str::len), Some(fits.len()));
    let refused = agent.send("resources/read", uri("long.txt")).await.json();
    let says = refused["error"]["message"].as_str().expect("a message");
    assert!(says.contains("262145 bytes") && says.contains("`read_file` with {"), "{says}");
}
