//! Two nodes: what is asked of one is done by the other.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    cli::{At, fazt},
    harness::TestNode,
};

/// A token that `node` gives to another.
async fn token(node: &TestNode, preset: &str) -> String {
    let body = json!({ "name": format!("for {preset}"), "preset": preset });
    let made = node.call(Method::POST, "/api/tokens", Some(body)).await.data();
    made["token"].as_str().expect("a token").to_owned()
}

fn url(node: &TestNode) -> String {
    format!("http://{}", node.address())
}

/// Two nodes, of which the first knows the second as `b`.
async fn pair() -> (TestNode, TestNode) {
    let (a, b) = (TestNode::start().await, TestNode::start().await);
    let token = token(&b, "peer").await;
    let added = a.cli(&["remote", "add", "b", "--url", &url(&b), "--token", &token]).await;
    assert_eq!(added.code, 0, "{added:?}");
    (a, b)
}

#[tokio::test]
async fn a_peer_is_checked_when_it_is_added_and_then_does_what_it_is_asked() {
    let (a, b) = (TestNode::start().await, TestNode::start().await);
    let token = token(&b, "peer").await;
    let add = ["--json", "remote", "add", "b", "--url", &url(&b), "--token", &token];
    let added = a.cli(&add).await.json();
    assert_eq!((&added["name"], &added["default"]), (&json!("b"), &json!(true)));
    assert!(added["scopes"].as_array().expect("a list").contains(&json!("apps:delete")));
    let deployed = a.cli(&["@b", "deploy", "examples/hello"]).await;
    assert_eq!(deployed.code, 0, "{deployed:?}");
    assert_eq!(deployed.last_line(), b.node().url("hello"));
    let there = a.cli(&["--json", "@b", "apps"]).await.json();
    assert_eq!(there, b.call(Method::GET, "/api/apps", None).await.data());
    assert_eq!(there["apps"][0]["name"], "hello");
    assert_eq!(a.cli(&["--json", "apps"]).await.json()["total"], 0, "not on the first node");
    let read = a.cli(&["@b", "cat", "hello", "manifest.json"]).await;
    let source = std::fs::read_to_string("examples/hello/manifest.json").expect("read");
    assert_eq!(read.stdout, source);
    let told = b.call(Method::GET, "/api/changes?app=hello", None).await.data();
    assert_eq!(told["changes"][0]["caller"], "token for peer");
    let removed = a.cli(&["@b", "delete", "hello", "-y"]).await;
    assert_eq!(removed.code, 0, "{removed:?}");
    assert_eq!(b.get("hello.localhost", "/").await.status, 404);
}

#[tokio::test]
async fn the_remote_commands_mean_the_named_peer_or_the_default_one() {
    let (a, b) = pair().await;
    let c = TestNode::start().await;
    let add = ["remote", "add", "c", "--url", &url(&c), "--token", &token(&c, "peer").await];
    assert_eq!(a.cli(&add).await.code, 0);
    let deploy = a.cli(&["remote", "deploy", "examples/hello", "c"]).await;
    assert_eq!(deploy.last_line(), c.node().url("hello"), "{deploy:?}");
    let deploy = a.cli(&["remote", "deploy", "examples/hello"]).await;
    assert_eq!(deploy.last_line(), b.node().url("hello"), "the first peer is the default");
    assert_eq!(a.cli(&["remote", "default", "c"]).await.code, 0);
    let status = a.cli(&["--json", "remote", "status"]).await.json();
    assert_eq!(status["url"], c.node().url("admin"));
    let status = a.cli(&["--json", "remote", "status", "b"]).await.json();
    assert_eq!(status["url"], b.node().url("admin"));
    let apps = a.cli(&["--json", "remote", "apps"]).await.json();
    assert_eq!(apps["apps"][0]["url"], c.node().url("hello"));
    let list = a.cli(&["--json", "remote", "list"]).await.json();
    let row = |n: usize| (list["peers"][n]["name"].clone(), list["peers"][n]["default"].clone());
    assert_eq!([row(0), row(1)], [(json!("b"), json!(false)), (json!("c"), json!(true))]);
    assert_eq!(list["peers"][0]["health"], "ok");
    assert_eq!(a.cli(&["remote", "remove", "c", "-y"]).await.code, 0);
    let lost = a.cli(&["remote", "apps"]).await;
    assert_eq!(lost.code, 1, "no default is left: {lost:?}");
    assert!(lost.stderr.contains("fazt remote default"), "{lost:?}");
    assert_eq!(a.cli(&["remote", "apps", "b"]).await.code, 0);
}

#[tokio::test]
async fn a_folder_goes_to_any_address_with_a_token() {
    let b = TestNode::start().await;
    let nowhere = tempfile::tempdir().expect("a folder");
    let token = token(&b, "deployer").await;
    let to = url(&b);
    let deploy = ["deploy", "examples/hello", "--to", &to, "--token", &token];
    let done = fazt(At::folder(nowhere.path()), &deploy).await;
    assert_eq!(done.last_line(), b.node().url("hello"), "{done:?}");
    assert_eq!(b.get("hello.localhost", "/").await.status, 200);
    let deploy = ["--json", "deploy", "examples/hello", "--to", &to];
    let at = At::folder(nowhere.path()).with("FAZT_TOKEN", &token);
    assert_eq!(fazt(at, &deploy).await.json()["unchanged"], true);
    let at = At::folder(nowhere.path()).saying(&token);
    let piped = [&deploy[..], &["--token", "-"]].concat();
    assert_eq!(fazt(at, &piped).await.json()["unchanged"], true);
    let without = fazt(At::folder(nowhere.path()), &deploy).await;
    assert_eq!(without.code, 1, "{without:?}");
    assert!(without.stderr.contains("asks for a token"), "{without:?}");
    assert!(!nowhere.path().join("data.db").exists(), "nothing was made here");
}

#[tokio::test]
async fn over_http_a_tool_is_carried_out_by_the_named_peer() {
    let (a, b) = pair().await;
    let files = json!([{ "path": "index.html", "content": "there" }]);
    let body = json!({ "app": "hello", "files": files, "peer": "b" });
    let done = a.call(Method::POST, "/api/deploy", Some(body)).await.data();
    assert_eq!(done["url"], b.node().url("hello"));
    assert_eq!(b.get("hello.localhost", "/").await.text(), "there");
    let there = a.call(Method::GET, "/api/apps?peer=b", None).await.data();
    assert_eq!(there["total"], 1);
    assert_eq!(a.call(Method::GET, "/api/apps", None).await.data()["total"], 0);
    // What it refuses is refused in its words.
    let refused = a.call(Method::GET, "/api/apps/helo?peer=b", None).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (404, "APP_NOT_FOUND"));
    let unknown = a.call(Method::GET, "/api/apps?peer=bb", None).await;
    assert_eq!(unknown.code(), "PEER_NOT_FOUND");
    let strange = a.call(Method::GET, "/api/apps?peer=B%20B", None).await;
    assert_eq!(strange.code(), "VALIDATION_FAILED");
    // Tokens are for people: nobody makes one there from here.
    let body = json!({ "name": "x", "peer": "b" });
    assert_eq!(a.call(Method::POST, "/api/tokens", Some(body)).await.code(), "VALIDATION_FAILED");
}

#[tokio::test]
async fn a_viewer_here_is_no_more_than_a_viewer_there() {
    let (a, b) = pair().await;
    b.deploy("hello", &[("index.html", "x")]).await;
    let viewer = token(&a, "viewer").await;
    let read = a.call_as(&viewer, Method::GET, "/api/apps?peer=b", None).await;
    assert_eq!(read.data()["total"], 1);
    let delete = a.call_as(&viewer, Method::DELETE, "/api/apps/hello?peer=b", None).await;
    assert_eq!(delete.code(), "FORBIDDEN");
    assert_eq!(b.get("hello.localhost", "/").await.status, 200);
}

#[tokio::test]
async fn a_wrong_token_is_refused_when_the_peer_is_added_and_a_revoked_one_later() {
    let (a, b) = pair().await;
    let wrong = ["remote", "add", "c", "--url", &url(&b), "--token", "fazt_tok_wrong"];
    let wrong = a.cli(&wrong).await;
    assert_eq!(wrong.code, 1, "{wrong:?}");
    assert!(wrong.stderr.contains("unknown, revoked or expired"), "{wrong:?}");
    assert!(wrong.stderr.contains("fazt token create"), "{wrong:?}");
    assert_eq!(a.cli(&["--json", "remote", "list"]).await.json()["total"], 1);
    b.call(Method::DELETE, "/api/tokens/for%20peer", None).await.data();
    let revoked = a.cli(&["@b", "apps"]).await;
    assert_eq!((revoked.code, revoked.stdout.as_str()), (1, ""), "{revoked:?}");
    assert!(revoked.stderr.contains("@b"), "it says which node: {revoked:?}");
}

#[tokio::test]
async fn a_token_that_may_too_little_is_told_which_scope_it_lacks() {
    let (a, b) = (TestNode::start().await, TestNode::start().await);
    let viewer = token(&b, "viewer").await;
    let add = ["remote", "add", "b", "--url", &url(&b), "--token", &viewer];
    assert_eq!(a.cli(&add).await.code, 0);
    assert_eq!(a.cli(&["@b", "apps"]).await.code, 0);
    let refused = a.cli(&["@b", "deploy", "examples/hello"]).await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("apps:write"), "{refused:?}");
}

#[tokio::test]
async fn a_peer_that_cannot_be_reached_is_named_with_its_address() {
    let (a, b) = pair().await;
    let there = url(&b);
    b.stop().await;
    for command in [&["@b", "apps"][..], &["remote", "status"], &["@b", "deploy", "examples/hello"]]
    {
        let done = a.cli(command).await;
        assert_eq!((done.code, done.stdout.as_str()), (3, ""), "{done:?}");
        assert!(done.stderr.contains("@b") && done.stderr.contains(&there), "{done:?}");
    }
    let list = a.cli(&["--json", "remote", "list"]).await.json();
    let health = list["peers"][0]["health"].as_str().expect("a text");
    assert!(health.contains("cannot be reached"), "{health}");
    let over_http = a.call(Method::GET, "/api/apps?peer=b", None).await;
    assert_eq!((over_http.status.as_u16(), over_http.code().as_str()), (503, "UNREACHABLE"));
    let add = ["remote", "add", "c", "--url", &there, "--token", "t"];
    assert_eq!(a.cli(&add).await.code, 3);
}

#[tokio::test]
async fn an_address_where_no_fazt_answers_is_not_taken_for_one() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    let answering = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1_024]).await;
            let page = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi";
            let _ = stream.write_all(page.as_bytes()).await;
        }
    });
    let a = TestNode::start().await;
    let add = ["remote", "add", "x", "--url", &format!("http://{address}"), "--token", "t"];
    let done = a.cli(&add).await;
    answering.abort();
    assert_eq!(done.code, 3, "{done:?}");
    assert!(done.stderr.contains("@x"), "{done:?}");
    let nonsense = a.cli(&["remote", "add", "x", "--url", "zyt", "--token", "t"]).await;
    assert_eq!(nonsense.code, 2, "{nonsense:?}");
}

#[tokio::test]
async fn a_misspelt_peer_is_answered_with_the_nearest() {
    let b = TestNode::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let token = token(&b, "peer").await;
    // No node runs here: the commands work on the database themselves.
    let here = || At::folder(folder.path());
    let add = ["remote", "add", "zyt", "--url", &url(&b), "--token", &token];
    assert_eq!(fazt(here(), &add).await.code, 0);
    let near = fazt(here(), &["@zty", "apps"]).await;
    assert_eq!(near.code, 1, "{near:?}");
    assert!(near.stderr.contains("did you mean `zyt`?"), "{near:?}");
    let far = fazt(here(), &["@nobody", "apps"]).await;
    assert!(far.code == 1 && far.stderr.contains("fazt remote add nobody"), "{far:?}");
    let reached: Value = fazt(here(), &["--json", "@zyt", "status"]).await.json();
    assert_eq!(reached["url"], b.node().url("admin"));
    let local = fazt(here(), &["@zyt", "server", "start"]).await;
    assert!(local.code == 2 && local.stderr.contains("this machine"), "{local:?}");
}

#[tokio::test]
async fn a_caller_may_do_no_more_on_a_peer_than_it_may_here() {
    let (a, b) = pair().await;
    // The token that `a` holds there may do everything.
    let owner = token(&b, "owner").await;
    let known = json!({ "name": "c", "url": url(&b), "token": owner });
    a.call(Method::POST, "/api/peers", Some(known)).await.data();
    let made = b.call(Method::POST, "/api/tokens", Some(json!({ "name": "lost" }))).await.data();
    let revoked = b.call(Method::DELETE, "/api/tokens/lost", None).await.data();
    assert_eq!(made["name"], revoked["name"]);
    let deployer = token(&a, "deployer").await;
    let undo = format!("/api/changes/{}/undo", revoked["change"]);
    let asked = a.call_as(&deployer, Method::POST, &undo, Some(json!({ "peer": "c" }))).await;
    assert_eq!((asked.status.as_u16(), asked.code().as_str()), (403, "FORBIDDEN"));
    let asked = a.call(Method::POST, &undo, Some(json!({ "peer": "c" }))).await;
    assert_eq!(asked.status, 200, "{}", asked.text());
}
