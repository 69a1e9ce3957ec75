//! The whole way of a program: asking, being let in, working, coming back.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;

use super::{
    Browser, PASSWORD, Program, Tokens, cookie, error, field, let_in, parameter, post, taken,
};
use crate::harness::{Answer, TestNode};

#[tokio::test]
async fn a_program_is_let_in_by_an_owner_who_signs_in_on_the_way() {
    let node = TestNode::start().await;
    node.deploy("blog", &[("index.html", "x")]).await;
    Browser::signed_in(&node).await;
    let program = Program::registered(&node).await;
    let issuer = format!("http://{}", node.address());
    let resource = format!("{issuer}/mcp");
    let query = program.query(&[("resource", &resource)]);
    // A browser without a session signs in and comes back to where it was.
    let asked = format!("/oauth/authorize?{query}");
    let stranger = Answer::of(node.request(Method::GET, &asked)).await;
    assert_eq!(stranger.status, 303);
    let sign_in = stranger.header("location").to_owned();
    assert!(sign_in.starts_with("/login?next=%2Foauth%2Fauthorize%3F"), "{sign_in}");
    let page = Answer::of(node.request(Method::GET, &sign_in)).await;
    let next = field(&page, "next");
    let wrong = post(&node, "/login", "", &[("password", "wrong word"), ("next", &next)]).await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.text().contains("/login?next=%2Foauth"), "{}", wrong.text());
    let done = post(&node, "/login", "", &[("password", PASSWORD), ("next", &next)]).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, asked.as_str()));
    let browser = Browser { cookie: cookie(&done) };
    // It is shown who asks, for what, and where it is sent back to.
    let page = browser.get(&node, &asked).await;
    for part in [
        "Claude Code",
        "nothing proves it",
        "http://localhost:4321",
        "Read apps, their files and the ledger.",
        "value=\"apps:write\" checked",
    ] {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
    assert!(!page.text().contains("apps:delete"), "nobody asked for that");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(policy.contains("form-action 'self' http://localhost:4321;"), "{policy}");
    assert_eq!(page.header("x-frame-options"), "DENY");
    let fields = [("decision", "allow"), ("allow", "apps:read"), ("allow", "apps:write")];
    let answer = browser.decide(&node, &query, &fields).await;
    let location = answer.header("location");
    assert!(location.starts_with("http://localhost:4321/callback?"), "{location}");
    assert_eq!(parameter(&answer, "state").as_deref(), Some("a state"));
    assert_eq!(parameter(&answer, "iss"), Some(issuer));
    let code = parameter(&answer, "code").expect("a code");
    let answer = program.redeem(&node, &code, &[("resource", &resource)]).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let told = answer.json();
    assert_eq!((&told["token_type"], &told["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!(told["scope"], "apps:read apps:write");
    let first = Tokens::of(&answer);
    // It works, under its own name.
    let who = node.call_as(&first.access, Method::GET, "/api/whoami", None).await.data();
    assert_eq!(who["caller"], "Claude Code (grant 1)");
    assert_eq!(who["scopes"], json!(["apps:read", "apps:write"]));
    let body = json!({ "app": "blog", "files": [{ "path": "index.html", "content": "two" }] });
    node.call_as(&first.access, Method::POST, "/api/deploy", Some(body)).await.data();
    let told = node.call(Method::GET, "/api/changes", None).await.data();
    assert_eq!(told["changes"][0]["caller"], "Claude Code (grant 1)");
    assert_eq!(told["changes"][1]["summary"], "allowed Claude Code apps:read apps:write");
    let refused = node.call_as(&first.access, Method::DELETE, "/api/apps/blog", None).await;
    let says = refused.header("www-authenticate").to_owned();
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (403, "FORBIDDEN"));
    assert!(says.contains("error=\"insufficient_scope\""), "{says}");
    assert!(says.contains("scope=\"apps:delete\""), "{says}");
    // It comes back with its refresh token, and again with the next.
    let second =
        Tokens::of(&program.renew(&node, &first.refresh, &[("resource", &resource)]).await);
    assert_eq!(taken(&node, &second.access).await, 200);
    let third = Tokens::of(&program.renew(&node, &second.refresh, &[]).await);
    assert_eq!(taken(&node, &third.access).await, 200);
    // Somebody has an old one: nobody can tell who is who, so all of it ends.
    assert_eq!(error(&program.renew(&node, &first.refresh, &[]).await), "invalid_grant");
    for token in [&first.access, &second.access, &third.access] {
        assert_eq!(taken(&node, token).await, 401);
    }
    assert_eq!(error(&program.renew(&node, &third.refresh, &[]).await), "invalid_grant");
    let told = node.call(Method::GET, "/api/changes", None).await.data();
    let summary = "ended the grant 1 of Claude Code: an old refresh token was used again";
    assert_eq!(told["changes"][0]["summary"], summary);
    assert_eq!(told["changes"][0]["caller"], "Claude Code (grant 1)");
    assert_eq!(node.call(Method::GET, "/api/grants", None).await.data()["total"], 0);
}

#[tokio::test]
async fn a_code_is_good_once_and_a_second_time_ends_what_it_began() {
    let node = TestNode::start().await;
    let (browser, program) = (Browser::signed_in(&node).await, Program::registered(&node).await);
    let code = browser.allow(&node, &program.query(&[]), &["apps:read"]).await;
    let tokens = Tokens::of(&program.redeem(&node, &code, &[]).await);
    assert_eq!(error(&program.redeem(&node, &code, &[]).await), "invalid_grant");
    assert_eq!(taken(&node, &tokens.access).await, 401);
    assert_eq!(error(&program.renew(&node, &tokens.refresh, &[]).await), "invalid_grant");
}

#[tokio::test]
async fn a_code_is_for_whoever_can_prove_to_have_asked_for_it() {
    let node = TestNode::start().await;
    let (browser, program) = (Browser::signed_in(&node).await, Program::registered(&node).await);
    let other = Program::registered(&node).await;
    let long = "x".repeat(50);
    for (field, word) in [
        (("code_verifier", long.as_str()), "invalid_grant"),
        (("code_verifier", "short"), "invalid_grant"),
        (("client_id", other.id.as_str()), "invalid_grant"),
        (("redirect_uri", "http://localhost:1/callback"), "invalid_grant"),
        (("resource", "http://elsewhere.example/mcp"), "invalid_target"),
        (("code_verifier", ""), "invalid_request"),
        (("grant_type", "password"), "unsupported_grant_type"),
        (("code", "guessed"), "invalid_grant"),
    ] {
        let code = browser.allow(&node, &program.query(&[]), &["apps:read"]).await;
        let refused = program.redeem(&node, &code, &[field]).await;
        assert_eq!(error(&refused), word, "{field:?}");
    }
    let code = browser.allow(&node, &program.query(&[]), &["apps:read"]).await;
    let refused = program.redeem(&node, &code, &[("client_id", "fazt_client_gone")]).await;
    assert_eq!((refused.status.as_u16(), error(&refused).as_str()), (401, "invalid_client"));
    // A proof that fails spends the code.
    let code = browser.allow(&node, &program.query(&[]), &["apps:read"]).await;
    program.redeem(&node, &code, &[("code_verifier", &long)]).await;
    assert_eq!(error(&program.redeem(&node, &code, &[]).await), "invalid_grant");
}

#[tokio::test]
async fn a_code_lasts_a_minute_an_access_token_an_hour_a_grant_ninety_days() {
    let node = TestNode::start().await;
    let (browser, program, tokens) = let_in(&node).await;
    let code = browser.allow(&node, &program.query(&[]), &["apps:read"]).await;
    node.clock.pass(SignedDuration::from_secs(60));
    assert_eq!(error(&program.redeem(&node, &code, &[]).await), "invalid_grant");
    node.clock.pass(SignedDuration::from_mins(58));
    assert_eq!(taken(&node, &tokens.access).await, 200);
    node.clock.pass(SignedDuration::from_mins(1));
    let late = node.call_as(&tokens.access, Method::GET, "/api/whoami", None).await;
    assert_eq!(late.status, 401);
    let says = late.header("www-authenticate");
    assert!(says.contains("error=\"invalid_token\""), "{says}");
    let next = Tokens::of(&program.renew(&node, &tokens.refresh, &[]).await);
    assert_eq!(taken(&node, &next.access).await, 200);
    node.clock.pass(SignedDuration::from_hours(24 * 90));
    assert_eq!(error(&program.renew(&node, &next.refresh, &[]).await), "invalid_grant");
    assert_eq!(node.call(Method::GET, "/api/grants", None).await.data()["total"], 0);
}

#[tokio::test]
async fn a_renewal_may_take_fewer_scopes_and_never_more() {
    let node = TestNode::start().await;
    let (_, program, tokens) = let_in(&node).await;
    let wider = program.renew(&node, &tokens.refresh, &[("scope", "apps:read apps:delete")]).await;
    assert_eq!(error(&wider), "invalid_scope");
    let foreign = [("resource", "http://elsewhere.example/mcp")];
    let refused = program.renew(&node, &tokens.refresh, &foreign).await;
    assert_eq!(error(&refused), "invalid_target");
    // Neither of these spent it.
    let fewer = program.renew(&node, &tokens.refresh, &[("scope", "apps:read")]).await;
    assert_eq!(fewer.json()["scope"], "apps:read");
    let fewer = Tokens::of(&fewer);
    let who = node.call_as(&fewer.access, Method::GET, "/api/whoami", None).await.data();
    assert_eq!(who["scopes"], json!(["apps:read"]));
    // What was granted stays granted.
    let all = program.renew(&node, &fewer.refresh, &[]).await;
    assert_eq!(all.json()["scope"], "apps:read apps:write");
    // A refresh token is its program's own, and trying with another's ends nothing.
    let other = Program::registered(&node).await;
    let all = Tokens::of(&all);
    assert_eq!(error(&other.renew(&node, &all.refresh, &[]).await), "invalid_grant");
    Tokens::of(&program.renew(&node, &all.refresh, &[]).await);
}
