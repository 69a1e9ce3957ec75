//! What a client finds out before it has a token.

use reqwest::Method;
use serde_json::json;

use super::{Browser, Program, Tokens, let_in, taken};
use crate::harness::TestNode;

#[tokio::test]
async fn a_stranger_finds_the_way_from_a_401_to_the_server() {
    let node = TestNode::start().await;
    let port = node.address().port();
    for host in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("admin.localhost:{port}"),
    ] {
        let origin = format!("http://{host}");
        let refused = node.get(&host, "/api/apps").await;
        assert_eq!(refused.status, 401);
        let document = format!("{origin}/.well-known/oauth-protected-resource");
        let says = format!("Bearer resource_metadata=\"{document}\"");
        assert_eq!(refused.header("www-authenticate"), says);
        for (path, resource) in [("", origin.clone()), ("/mcp", format!("{origin}/mcp"))] {
            let path = format!("/.well-known/oauth-protected-resource{path}");
            let told = node.get(&host, &path).await.json();
            assert_eq!(told["resource"], resource);
            assert_eq!(told["authorization_servers"], json!([origin]));
            assert_eq!(told["bearer_methods_supported"], json!(["header"]));
            let scopes = told["scopes_supported"].as_array().expect("a list");
            assert!(scopes.contains(&json!("apps:write")));
            assert!(!scopes.contains(&json!("server:admin")), "nobody should ask for that unasked");
        }
        let told = node.get(&host, "/.well-known/oauth-authorization-server").await;
        assert_eq!(told.header("content-type"), "application/json");
        let told = told.json();
        assert_eq!(told["issuer"], origin);
        for (field, path) in [
            ("authorization_endpoint", "/oauth/authorize"),
            ("token_endpoint", "/oauth/token"),
            ("registration_endpoint", "/oauth/register"),
            ("revocation_endpoint", "/oauth/revoke"),
        ] {
            assert_eq!(told[field], format!("{origin}{path}"));
        }
        assert_eq!(told["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(told["token_endpoint_auth_methods_supported"], json!(["none"]));
        for field in [
            "client_id_metadata_document_supported",
            "authorization_response_iss_parameter_supported",
        ] {
            assert_eq!(told[field], true, "{field}");
        }
    }
    let nowhere = node.get("localhost", "/.well-known/oauth-protected-resource/other").await;
    assert_eq!(nowhere.status, 404);
    // Apps are no such servers.
    node.deploy("blog", &[("index.html", "x")]).await;
    let app = node.get("blog.localhost", "/.well-known/oauth-authorization-server").await;
    assert_eq!(app.status, 404);
}

#[tokio::test]
async fn behind_a_proxy_the_issuer_is_the_public_address() {
    let settings = [("domain", "zyt.app"), ("public_url", "https://zyt.app")];
    let node = TestNode::start_with(&settings).await;
    let path = "/.well-known/oauth-authorization-server";
    let told = node.get("admin.zyt.app", path).await.json();
    assert_eq!(told["issuer"], "https://admin.zyt.app");
    // On the machine itself the node answers under its own names too.
    assert_eq!(node.get("localhost:8080", path).await.json()["issuer"], "http://localhost:8080");
}

#[tokio::test]
async fn a_token_is_for_this_node_and_not_for_one_of_another_name() {
    let settings = [("domain", "zyt.app"), ("public_url", "https://zyt.app")];
    let node = TestNode::start_with(&settings).await;
    // Over HTTPS only the cookie that browsers bind to it counts.
    let browser = Browser::signed_in(&node).await;
    let program = Program::registered(&node).await;
    let own = program.query(&[("resource", "https://admin.zyt.app/mcp")]);
    let asked = node.request(Method::GET, &format!("/oauth/authorize?{own}"));
    let asked = asked.header("host", "admin.zyt.app").header("cookie", &browser.cookie);
    let page = crate::harness::Answer::of(asked).await;
    let (csrf, request) = (super::field(&page, "csrf"), super::field(&page, "request"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("request", request.as_str()),
        ("decision", "allow"),
        ("allow", "apps:read"),
    ];
    let sent = node.request(Method::POST, "/oauth/authorize").header("host", "admin.zyt.app");
    let sent = sent.header("content-type", "application/x-www-form-urlencoded");
    let sent = sent.header("cookie", &browser.cookie).body(super::encoded(&fields));
    let answer = crate::harness::Answer::of(sent).await;
    assert_eq!(super::parameter(&answer, "iss").as_deref(), Some("https://admin.zyt.app"));
    let code = super::parameter(&answer, "code").expect("a code");
    let tokens = Tokens::of(&program.redeem(&node, &code, &[]).await);
    assert_eq!(taken(&node, &tokens.access).await, 200);
    // The same database under another domain is another resource.
    let folder = node.stop().await;
    let other = TestNode::start_in(folder, &[("domain", "other.app")]).await;
    assert_eq!(taken(&other, &tokens.access).await, 401);
}

#[tokio::test]
async fn switched_off_there_is_nothing_and_what_was_granted_rests() {
    let node = TestNode::start().await;
    let (_, _, tokens) = let_in(&node).await;
    let folder = node.stop().await;
    let node = TestNode::start_in(folder, &[("oauth", "off")]).await;
    for (method, path) in [
        (Method::GET, "/.well-known/oauth-protected-resource"),
        (Method::GET, "/.well-known/oauth-protected-resource/mcp"),
        (Method::GET, "/.well-known/oauth-authorization-server"),
        (Method::GET, "/oauth/authorize"),
        (Method::POST, "/oauth/register"),
        (Method::POST, "/oauth/token"),
        (Method::POST, "/oauth/revoke"),
    ] {
        let answer = node.ask(method, "localhost", path, &[]).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    assert_eq!(taken(&node, &tokens.access).await, 401);
    let refused = node.get("localhost", "/api/apps").await;
    assert_eq!(refused.header("www-authenticate"), "Bearer realm=\"fazt\"");
    let folder = node.stop().await;
    let node = TestNode::start_in(folder, &[]).await;
    assert_eq!(taken(&node, &tokens.access).await, 200);
}
