//! What a program may ask, and what becomes of what it may not.

use reqwest::Method;
use serde_json::json;

use super::{
    Browser, EVERYTHING, Program, Tokens, challenge, encoded, field, parameter, post, register,
};
use crate::harness::{Answer, TestNode};

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_the_program_did_not_name() {
    let node = TestNode::start().await;
    let (browser, program) = (Browser::signed_in(&node).await, Program::registered(&node).await);
    let ask = async |query: String| browser.get(&node, &format!("/oauth/authorize?{query}")).await;
    for redirect in [
        "http://localhost:4321/other",
        "http://127.0.0.1:4321/callback",
        "http://localhost.evil.example/callback",
        "https://evil.example/callback",
        "javascript:alert(1)",
        "",
    ] {
        let page = ask(program.query(&[("redirect_uri", redirect)])).await;
        let usual = redirect.is_empty();
        assert_eq!(page.status, if usual { 200 } else { 400 }, "{redirect}");
        assert_eq!(page.header("location"), "", "{redirect}");
    }
    for redirect in ["http://localhost:1/callback", "http://localhost/callback"] {
        assert_eq!(ask(program.query(&[("redirect_uri", redirect)])).await.status, 200);
    }
    let twice = format!("{}&redirect_uri=x", program.query(&[]));
    assert_eq!(ask(twice).await.status, 400);
    let unknown = ask(program.query(&[("client_id", "fazt_client_gone")])).await;
    assert_eq!(unknown.status, 400);
    assert!(unknown.text().contains("not registered"), "{}", unknown.text());
}

#[tokio::test]
async fn a_program_that_asks_wrongly_is_told_with_the_issuers_name() {
    let node = TestNode::start().await;
    let (browser, program) = (Browser::signed_in(&node).await, Program::registered(&node).await);
    let issuer = format!("http://{}", node.address());
    let elsewhere = format!("http://localhost:{}/mcp", node.address().port());
    for (wrong, word) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", ""), "invalid_request"),
        (("response_mode", "fragment"), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
        (("scope", "everything"), "invalid_scope"),
        (("resource", "https://elsewhere.example/mcp"), "invalid_target"),
        (("resource", elsewhere.as_str()), "invalid_target"),
        (("request", "x"), "request_not_supported"),
        (("prompt", "none"), "consent_required"),
    ] {
        let path = format!("/oauth/authorize?{}", program.query(&[wrong]));
        let told = browser.get(&node, &path).await;
        assert_eq!(parameter(&told, "error").as_deref(), Some(word), "{wrong:?}");
        assert_eq!(parameter(&told, "iss").as_deref(), Some(issuer.as_str()));
        assert_eq!(parameter(&told, "state").as_deref(), Some("a state"));
        assert_eq!(parameter(&told, "code"), None);
        // A stranger learns nothing of it.
        let stranger = Answer::of(node.request(Method::GET, &path)).await;
        assert!(stranger.header("location").starts_with("/login?"));
    }
    // Anybody may have registered an address on the web: it is shown first.
    let body = json!({ "redirect_uris": ["https://evil.example/cb?a=b"] });
    let id = register(&node, &body).await.json()["client_id"].as_str().expect("an id").to_owned();
    let more = [("redirect_uri", "https://evil.example/cb?a=b"), ("response_type", "token")];
    let path = format!("/oauth/authorize?{}", Program { id }.query(&more));
    let shown = browser.get(&node, &path).await;
    assert_eq!((shown.status.as_u16(), shown.header("location")), (400, ""));
    assert!(shown.text().contains("Back to evil.example</a>"), "{}", shown.text());
    assert!(shown.text().contains("cb?a=b&amp;error="), "{}", shown.text());
}

#[tokio::test]
async fn the_decision_is_the_owners_own() {
    let node = TestNode::start().await;
    let (browser, program) = (Browser::signed_in(&node).await, Program::registered(&node).await);
    let query = program.query(&[]);
    let page = browser.get(&node, &format!("/oauth/authorize?{query}")).await;
    let csrf = field(&page, "csrf");
    let fields = [("request", query.as_str()), ("decision", "allow"), ("allow", "apps:read")];
    for wrong in ["", "wrong"] {
        let mut fields = fields.to_vec();
        fields.push(("csrf", wrong));
        let forged = post(&node, "/oauth/authorize", &browser.cookie, &fields).await;
        assert_eq!((forged.status.as_u16(), forged.header("location")), (403, ""));
    }
    // A hosted app is of the same site and gets the cookie sent, too.
    let foreign = node
        .request(Method::POST, "/oauth/authorize")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", &browser.cookie)
        .header("sec-fetch-site", "same-site")
        .body(format!("{}&csrf={csrf}", encoded(&fields)));
    assert_eq!(Answer::of(foreign).await.status, 403);
    let mut right = fields.to_vec();
    right.push(("csrf", csrf.as_str()));
    let stranger = post(&node, "/oauth/authorize", "", &right).await;
    assert!(stranger.header("location").starts_with("/login?next="), "{}", stranger.text());
    assert_eq!(node.call(Method::GET, "/api/grants", None).await.data()["total"], 0);
    // Whatever is no yes is a no.
    for decision in [&[("decision", "deny")][..], &[("decision", "maybe")], &[]] {
        let told = browser.decide(&node, &query, decision).await;
        assert_eq!(parameter(&told, "error").as_deref(), Some("access_denied"));
        assert_eq!(parameter(&told, "state").as_deref(), Some("a state"));
        assert!(parameter(&told, "iss").is_some() && parameter(&told, "code").is_none());
    }
    let nothing = browser.decide(&node, &query, &[("decision", "allow")]).await;
    assert_eq!((nothing.status.as_u16(), nothing.header("location")), (400, ""));
    assert_eq!(node.call(Method::GET, "/api/grants", None).await.data()["total"], 0);
}

#[tokio::test]
async fn the_owner_takes_away_scopes_and_limits_apps_and_nothing_is_added() {
    let node = TestNode::start().await;
    for app in ["blog", "shop"] {
        node.deploy(app, &[("index.html", "x")]).await;
    }
    let (browser, program) = (Browser::signed_in(&node).await, Program::registered(&node).await);
    let all = program.query(&[("scope", EVERYTHING)]);
    let page = browser.get(&node, &format!("/oauth/authorize?{all}")).await;
    // The node itself is given only by a tick of the owner's own.
    assert!(page.text().contains("value=\"apps:delete\" checked>"), "{}", page.text());
    assert!(page.text().contains("value=\"server:admin\">"), "{}", page.text());
    let query = program.query(&[("scope", "apps:read apps:write offline_access")]);
    let fields = [
        ("decision", "allow"),
        ("allow", "apps:read"),
        // Nobody asked for this.
        ("allow", "server:admin"),
        ("apps", "blog, other"),
    ];
    let answer = browser.decide(&node, &query, &fields).await;
    let code = parameter(&answer, "code").expect("a code");
    let told = program.redeem(&node, &code, &[]).await;
    assert_eq!(told.json()["scope"], "apps:read");
    let token = Tokens::of(&told).access;
    let who = node.call_as(&token, Method::GET, "/api/whoami", None).await.data();
    assert_eq!(who["apps"], json!(["blog", "other"]));
    let shop = node.call_as(&token, Method::GET, "/api/apps/shop", None).await;
    assert_eq!(shop.code(), "FORBIDDEN");
    let fields = [("decision", "allow"), ("allow", "apps:read"), ("apps", "no/name")];
    assert_eq!(browser.decide(&node, &query, &fields).await.status, 400);
}

#[tokio::test]
async fn what_a_program_calls_itself_cannot_change_the_page() {
    let node = TestNode::start().await;
    let browser = Browser::signed_in(&node).await;
    let body = json!({
        "client_name": "<script>alert(1)</script>\u{202e}\" onclick=x",
        "redirect_uris": ["cursor://evil;script-src/x"],
    });
    let id = register(&node, &body).await.json()["client_id"].as_str().expect("an id").to_owned();
    let challenge = challenge();
    let query = encoded(&[
        ("response_type", "code"),
        ("client_id", &id),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("state", "\"><script>alert(2)</script>"),
    ]);
    let page = browser.get(&node, &format!("/oauth/authorize?{query}")).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(!page.text().contains("<script") && !page.text().contains('\u{202e}'));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' cursor:;"), "{policy}");
    // Without scopes it asks for what reads.
    assert!(page.text().contains("value=\"apps:read\" checked"), "{}", page.text());
    assert!(!page.text().contains("value=\"apps:write\""), "{}", page.text());
    let answer =
        browser.decide(&node, &query, &[("decision", "allow"), ("allow", "apps:read")]).await;
    assert!(answer.header("location").starts_with("cursor://"), "{}", answer.header("location"));
    assert_eq!(parameter(&answer, "state").as_deref(), Some("\"><script>alert(2)</script>"));
}
