//! What was granted is seen and taken back, by the owner or by the program.

use fazt_tools::{Code, Face, deploy};
use reqwest::Method;
use serde_json::json;

use super::{Tokens, error, let_in, post, taken};
use crate::harness::TestNode;

#[tokio::test]
async fn the_owner_sees_what_is_granted_revokes_it_and_undoes_that() {
    let node = TestNode::start().await;
    let (_, program, tokens) = let_in(&node).await;
    taken(&node, &tokens.access).await;
    node.node().note_counts().await;
    let listed = node.call(Method::GET, "/api/grants", None).await;
    for secret in [&tokens.access, &tokens.refresh] {
        assert!(!listed.text().contains(secret.as_str()));
    }
    let grant = listed.data()["grants"][0].clone();
    assert_eq!((&grant["grant"], &grant["name"]), (&json!(1), &json!("Claude Code")));
    assert_eq!(grant["client"], program.id);
    assert_eq!(grant["scopes"], json!(["apps:read", "apps:write"]));
    assert_eq!(grant["used_at"], crate::harness::BEGINNING);
    let shown = node.cli(&["grant", "list"]).await;
    assert!(shown.stdout.contains("Claude Code"), "{shown:?}");
    let ask = async |id: i64| {
        let body = json!({ "tool": "revoke_grant", "input": { "grant": id } });
        node.call(Method::POST, "/api/question", Some(body)).await
    };
    let question = ask(1).await.data()["question"].to_string();
    assert!(question.contains("has to ask again"), "{question}");
    assert_eq!(ask(9).await.code(), "NOT_FOUND");
    let done = node.cli(&["--json", "grant", "revoke", "1", "-y"]).await.json();
    assert_eq!(taken(&node, &tokens.access).await, 401);
    assert_eq!(error(&program.renew(&node, &tokens.refresh, &[]).await), "invalid_grant");
    let gone = node.call(Method::DELETE, "/api/grants/1", None).await;
    assert_eq!((gone.status.as_u16(), gone.code().as_str()), (404, "NOT_FOUND"));
    let undo = format!("/api/changes/{}/undo", done["change"]);
    node.call(Method::POST, &undo, Some(json!({}))).await.data();
    assert_eq!(taken(&node, &tokens.access).await, 200);
    let tokens = Tokens::of(&program.renew(&node, &tokens.refresh, &[]).await);
    // To undo the consent is to take it back.
    let told = node.call(Method::GET, "/api/changes", None).await.data();
    let mut changes = told["changes"].as_array().expect("a list").iter();
    let consent = changes.find(|change| change["tool"] == "oauth_consent").expect("a row");
    let undo = format!("/api/changes/{}/undo", consent["id"]);
    node.call(Method::POST, &undo, Some(json!({ "force": true }))).await.data();
    assert_eq!(taken(&node, &tokens.access).await, 401);
}

#[tokio::test]
async fn a_program_gives_back_a_token_or_all_of_it() {
    let node = TestNode::start().await;
    let (_, program, first) = let_in(&node).await;
    let second = Tokens::of(&program.renew(&node, &first.refresh, &[]).await);
    let revoke = async |token: &str, client: &str| {
        let answer =
            post(&node, "/oauth/revoke", "", &[("token", token), ("client_id", client)]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    revoke(&first.access, "fazt_client_other").await;
    revoke("rubbish", &program.id).await;
    assert_eq!(taken(&node, &first.access).await, 200);
    revoke(&first.access, &program.id).await;
    assert_eq!(taken(&node, &first.access).await, 401);
    assert_eq!(taken(&node, &second.access).await, 200);
    revoke(&second.refresh, "fazt_client_other").await;
    assert_eq!(taken(&node, &second.access).await, 200);
    revoke(&second.refresh, &program.id).await;
    assert_eq!(taken(&node, &second.access).await, 401);
    assert_eq!(error(&program.renew(&node, &second.refresh, &[]).await), "invalid_grant");
    let told = node.call(Method::GET, "/api/changes", None).await.data();
    let summary = told["changes"][0]["summary"].as_str().expect("text");
    assert!(summary.contains("gave its access back"), "{summary}");
    assert_eq!(error(&post(&node, "/oauth/revoke", "", &[]).await), "invalid_request");
}

#[tokio::test]
async fn an_upload_address_goes_with_the_grant_that_made_it() {
    let node = TestNode::start().await;
    let (_, _, tokens) = let_in(&node).await;
    let access = &node.node().access;
    let caller = access.bearer(&tokens.access, Face::Mcp).await.expect("read").expect("somebody");
    let wish: deploy::Input = serde_json::from_value(json!({ "app": "blog" })).expect("an input");
    let first = node.node().new_ticket(&caller, &wish).await.expect("an address");
    let second = node.node().new_ticket(&caller, &wish).await.expect("an address");
    let (made_by, _) = node.node().spend_ticket(&first.secret).await.expect("spent");
    assert_eq!(made_by.name, "Claude Code (grant 1)");
    node.call(Method::DELETE, "/api/grants/1", None).await.data();
    let gone = node.node().spend_ticket(&second.secret).await.expect_err("refused");
    assert_eq!(gone.code, Code::Unauthorized);
}

#[tokio::test]
async fn nothing_of_a_grant_is_kept_in_clear() {
    let node = TestNode::start().await;
    let (browser, program, tokens) = let_in(&node).await;
    let code = browser.allow(&node, &program.query(&[]), &["apps:read"]).await;
    let folder = node.stop().await;
    for file in std::fs::read_dir(folder.path()).expect("a folder") {
        let path = file.expect("a file").path();
        let bytes = std::fs::read(&path).expect("read");
        for secret in [&tokens.access, &tokens.refresh, &code] {
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{} holds {secret}", path.display());
        }
    }
}
