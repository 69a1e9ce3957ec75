//! What a token may do beyond its scopes: removals that wait for a person, calls
//! a minute and calls a day.

use fazt_tools::{Effect, Face, specs};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    access::SignedIn,
    harness::{Answer, TestNode},
    oauth::grant_to,
};

/// A token made with more than its name.
async fn token(node: &TestNode, wish: Value) -> String {
    let made = node.call(Method::POST, "/api/tokens", Some(wish)).await.data();
    made["token"].as_str().expect("a token").to_owned()
}

/// A node with the app `blog`, and an agent's token whose removals wait.
async fn node_with_bot() -> (TestNode, String) {
    let node = TestNode::start().await;
    node.deploy("blog", &[("index.html", "one")]).await;
    let wish = json!({ "name": "bot", "preset": "agent", "approval": "human" });
    let bot = token(&node, wish).await;
    (node, bot)
}

async fn delete(node: &TestNode, token: &str, app: &str) -> Answer {
    node.call_as(token, Method::DELETE, &format!("/api/apps/{app}"), None).await
}

/// The number of the approval that a refused call waits for.
fn pending(answer: &Answer) -> i64 {
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "APPROVAL_PENDING"));
    answer.json()["error"]["details"]["approval"].as_i64().expect("a number")
}

async fn decide(node: &TestNode, id: i64, how: &str) -> Answer {
    node.call(Method::POST, &format!("/api/approvals/{id}/{how}"), Some(json!({}))).await
}

/// Rows of the ledger by this tool.
async fn rows(node: &TestNode, tool: &str) -> Vec<Value> {
    let told = node.call(Method::GET, "/api/changes?limit=100", None).await.data();
    let rows = told["changes"].as_array().expect("a list").clone();
    rows.into_iter().filter(|row| row["tool"] == tool).collect()
}

#[tokio::test]
async fn what_a_token_removes_waits_and_is_done_as_that_token_once_a_person_approves() {
    let (node, bot) = node_with_bot().await;
    node.deploy("blog", &[("index.html", "two"), ("a.txt", "a")]).await;
    for alias in ["www2", "old"] {
        let wish = Some(json!({ "app": "blog" }));
        node.call(Method::PUT, &format!("/api/aliases/{alias}"), wish).await.data();
    }
    for _ in 0..3 {
        assert_eq!(node.get("blog.localhost", "/").await.status, 200);
    }
    let held = delete(&node, &bot, "blog").await;
    let id = pending(&held);
    let error = held.json()["error"].clone();
    let question = "Move `blog` to the trash? It has 2 versions, 2 files, 2 aliases (old, www2), \
                    3 requests in the last 24 hours. `undo` restores all of it for 30 days.";
    assert!(error["message"].as_str().expect("text").contains(question), "{error}");
    assert!(error["hint"].as_str().expect("text").contains(&format!("fazt approve {id}")));
    assert_eq!(error["details"]["expires_at"], "2026-11-21T07:00:00Z");
    assert_eq!(node.get("blog.localhost", "/").await.text(), "two", "nothing is done yet");
    assert_eq!(pending(&delete(&node, &bot, "blog").await), id, "the same call is the same wait");
    let waiting = node.cli(&["--json", "approvals"]).await.json();
    assert_eq!(waiting["total"], 1);
    let first = &waiting["approvals"][0];
    assert_eq!((&first["by"], &first["state"]), (&json!("bot"), &json!("pending")));
    assert_eq!((&first["question"], &first["tool"]), (&json!(question), &json!("delete_app")));
    let session = SignedIn::by_link(&node).await;
    let request = node.request(Method::POST, &format!("/api/approvals/{id}/approve"));
    let done = Answer::of(session.on(request)).await.data();
    assert_eq!(done["output"]["app"], "blog");
    assert_eq!(done["approval"]["state"], "approved");
    assert_eq!(node.get("blog.localhost", "/").await.status, 404);
    let row = rows(&node, "delete_app").await.remove(0);
    assert_eq!(row["caller"], "token bot, approved by owner");
    assert_eq!((&row["face"], &row["id"]), (&json!("http"), &done["change"]));
    // The one that waited is told once; from then on the call is what it always was.
    assert_eq!(delete(&node, &bot, "blog").await.data(), done["output"]);
    assert_eq!(delete(&node, &bot, "blog").await.code(), "APP_NOT_FOUND");
    let undo = format!("/api/changes/{}/undo", done["change"]);
    node.call(Method::POST, &undo, Some(json!({}))).await.data();
    assert_eq!(node.get("www2.localhost", "/").await.text(), "two");
}

#[tokio::test]
async fn a_denied_call_changes_nothing_and_its_caller_is_told_once() {
    let (node, bot) = node_with_bot().await;
    let id = pending(&delete(&node, &bot, "blog").await);
    let denied = node.cli(&["deny", &id.to_string()]).await;
    assert_eq!(denied.code, 0, "{denied:?}");
    let told = delete(&node, &bot, "blog").await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (403, "APPROVAL_DENIED"));
    assert!(told.text().contains("Move `blog` to the trash?"), "{}", told.text());
    let again = pending(&delete(&node, &bot, "blog").await);
    assert_ne!(again, id, "it may ask once more");
    for how in ["deny", "approve"] {
        let late = decide(&node, id, how).await;
        assert_eq!((late.status.as_u16(), late.code().as_str()), (409, "CONFLICT"), "{how}");
        assert!(late.text().contains("denied"), "{}", late.text());
    }
    assert_eq!(decide(&node, 99, "approve").await.code(), "APPROVAL_NOT_FOUND");
    assert_eq!(node.get("blog.localhost", "/").await.text(), "one");
    let row = rows(&node, "deny").await.remove(0);
    assert_eq!(row["summary"], format!("denied approval {id}: delete_app of token bot"));
    // What nobody asks for within an hour is told no more.
    decide(&node, again, "deny").await.data();
    node.clock.pass(SignedDuration::from_hours(1));
    assert_ne!(pending(&delete(&node, &bot, "blog").await), again);
}

#[tokio::test]
async fn a_call_that_nobody_decides_on_expires_after_a_day() {
    let (node, bot) = node_with_bot().await;
    let id = pending(&delete(&node, &bot, "blog").await);
    node.clock.pass(SignedDuration::from_hours(24));
    let late = decide(&node, id, "approve").await;
    assert_eq!(late.code(), "CONFLICT");
    assert!(late.text().contains("expired"), "{}", late.text());
    assert_eq!(node.get("blog.localhost", "/").await.text(), "one");
    assert_eq!(node.call(Method::GET, "/api/approvals", None).await.data()["total"], 0);
    let all = node.call(Method::GET, "/api/approvals?all=true", None).await.data();
    assert_eq!((&all["total"], &all["approvals"][0]["state"]), (&json!(1), &json!("expired")));
    assert_ne!(pending(&delete(&node, &bot, "blog").await), id);
}

#[tokio::test]
async fn no_token_decides_whatever_it_may_do() {
    let (node, _) = node_with_bot().await;
    let all = json!({ "name": "all", "preset": "owner", "approval": "human" });
    let own = token(&node, all).await;
    let other = token(&node, json!({ "name": "other", "preset": "owner" })).await;
    let id = pending(&delete(&node, &own, "blog").await);
    for holder in [&own, &other] {
        for how in ["approve", "deny"] {
            let path = format!("/api/approvals/{id}/{how}");
            let refused = node.call_as(holder, Method::POST, &path, Some(json!({}))).await;
            assert_eq!(refused.code(), "FORBIDDEN");
            assert!(refused.text().contains("only a person decides"), "{}", refused.text());
        }
    }
    // Nor does one that makes itself a token without the duty.
    let wish = Some(json!({ "name": "free", "preset": "agent" }));
    let free = node.call_as(&own, Method::POST, "/api/tokens", wish).await;
    assert_eq!(free.code(), "FORBIDDEN");
    let wish = Some(json!({ "name": "bound", "preset": "agent", "approval": "human" }));
    node.call_as(&own, Method::POST, "/api/tokens", wish).await.data();
    assert_eq!(node.get("blog.localhost", "/").await.text(), "one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_approvals_at_once_carry_the_call_out_once() {
    let (node, bot) = node_with_bot().await;
    for _ in 0..5 {
        let id = pending(&delete(&node, &bot, "blog").await);
        let before = rows(&node, "delete_app").await.len();
        let (a, b) = tokio::join!(decide(&node, id, "approve"), decide(&node, id, "approve"));
        let mut statuses = [a.status.as_u16(), b.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{} {}", a.text(), b.text());
        assert_eq!(rows(&node, "delete_app").await.len(), before + 1);
        let told = tokio::join!(delete(&node, &bot, "blog"), delete(&node, &bot, "blog"));
        let told = [told.0.status.as_u16(), told.1.status.as_u16()];
        assert_eq!(told.iter().filter(|status| **status == 200).count(), 1, "{told:?}");
        node.deploy("blog", &[("index.html", "again")]).await;
    }
}

#[tokio::test]
async fn an_approved_call_may_do_no_more_than_its_token_may_by_then() {
    let (node, bot) = node_with_bot().await;
    let days = json!({ "name": "day", "preset": "agent", "approval": "human", "days": 1 });
    node.clock.pass(SignedDuration::from_hours(-1));
    let short = token(&node, days).await;
    node.clock.pass(SignedDuration::from_hours(1));
    let (revoked, expired) = (
        pending(&delete(&node, &bot, "blog").await),
        pending(&delete(&node, &short, "blog").await),
    );
    node.call(Method::DELETE, "/api/tokens/bot", None).await.data();
    // A new token of that name is not the one that asked.
    token(&node, json!({ "name": "bot", "preset": "agent" })).await;
    node.clock.pass(SignedDuration::from_mins(23 * 60 + 30));
    for id in [revoked, expired] {
        let refused = decide(&node, id, "approve").await;
        assert_eq!(refused.code(), "FORBIDDEN");
        assert!(refused.text().contains("revoked or expired"), "{}", refused.text());
    }
    assert_eq!(node.get("blog.localhost", "/").await.text(), "one");
    let all = node.call(Method::GET, "/api/approvals?all=true", None).await.data();
    assert_eq!(all["approvals"][0]["state"], "failed");
}

#[tokio::test]
async fn an_app_that_is_there_again_is_not_said_to_be_deleted() {
    let (node, bot) = node_with_bot().await;
    let first = pending(&delete(&node, &bot, "blog").await);
    let done = decide(&node, first, "approve").await.data();
    let undo = format!("/api/changes/{}/undo", done["change"]);
    node.call(Method::POST, &undo, Some(json!({}))).await.data();
    assert_ne!(pending(&delete(&node, &bot, "blog").await), first);
    assert_eq!(node.get("blog.localhost", "/").await.text(), "one");
}

#[tokio::test]
async fn a_call_that_fails_when_it_is_approved_says_so_to_both() {
    let (node, bot) = node_with_bot().await;
    let id = pending(&delete(&node, &bot, "blog").await);
    node.call(Method::DELETE, "/api/apps/blog", None).await.data();
    assert_eq!(decide(&node, id, "approve").await.code(), "APP_NOT_FOUND");
    node.deploy("blog", &[("index.html", "new")]).await;
    assert_eq!(delete(&node, &bot, "blog").await.code(), "APP_NOT_FOUND", "what became of it");
    assert_ne!(pending(&delete(&node, &bot, "blog").await), id);
}

#[tokio::test]
async fn what_waits_outlives_a_restart_and_what_was_cut_short_is_said_to_be() {
    let (node, bot) = node_with_bot().await;
    node.deploy("shop", &[("index.html", "shop")]).await;
    let (blog, shop) =
        (pending(&delete(&node, &bot, "blog").await), pending(&delete(&node, &bot, "shop").await));
    // As if the node had stopped right after the decision.
    let now = "2026-11-20T07:00:00Z".parse().expect("a moment");
    assert!(node.node().store.approve(shop, now).await.expect("decided").1);
    assert_eq!(pending(&delete(&node, &bot, "shop").await), shop, "it is being carried out");
    let node = TestNode::start_in(node.stop().await, &[]).await;
    let cut = delete(&node, &bot, "shop").await;
    assert_eq!(cut.code(), "CONFLICT");
    assert!(cut.text().contains("fazt changes"), "{}", cut.text());
    assert_eq!(pending(&delete(&node, &bot, "blog").await), blog);
    decide(&node, blog, "approve").await.data();
    assert_eq!(node.get("blog.localhost", "/").await.status, 404);
    assert_eq!(node.get("shop.localhost", "/").await.status, 200);
}

#[tokio::test]
async fn a_token_cannot_pile_up_calls_that_wait() {
    let (node, bot) = node_with_bot().await;
    for n in 0..21 {
        node.deploy(&format!("app-{n}"), &[("index.html", "x")]).await;
    }
    for n in 0..20 {
        pending(&delete(&node, &bot, &format!("app-{n}")).await);
    }
    let one_more = delete(&node, &bot, "app-20").await;
    assert_eq!((one_more.status.as_u16(), one_more.code().as_str()), (409, "CONFLICT"));
    // A page of them at a time.
    let page = node.call(Method::GET, "/api/approvals?limit=15", None).await.data();
    assert_eq!((&page["total"], &page["approvals"][0]["id"]), (&json!(20), &json!(20)));
    let next = format!("/api/approvals?cursor={}", page["cursor"].as_str().expect("more"));
    let next = node.call(Method::GET, &next, None).await.data();
    assert_eq!(next["approvals"].as_array().map(Vec::len), Some(5));
    decide(&node, 1, "deny").await.data();
    pending(&delete(&node, &bot, "app-20").await);
}

#[tokio::test]
async fn a_call_that_is_refused_anyway_does_not_wait() {
    let (node, _) = node_with_bot().await;
    let wish = json!({ "name": "one", "preset": "agent", "approval": "human", "apps": ["shop"] });
    let limited = token(&node, wish).await;
    let wish = json!({ "name": "two", "preset": "deployer", "approval": "human" });
    let deployer = token(&node, wish).await;
    for (holder, app, code) in [
        (&limited, "blog", "FORBIDDEN"),
        (&deployer, "blog", "FORBIDDEN"),
        (&limited, "shop", "APP_NOT_FOUND"),
        (&limited, "-", "VALIDATION_FAILED"),
    ] {
        assert_eq!(delete(&node, holder, app).await.code(), code, "{app}");
    }
    assert_eq!(node.call(Method::GET, "/api/approvals?all=true", None).await.data()["total"], 0);
    // And what removes nothing is done at once.
    let files = json!([{ "path": "index.html", "content": "two" }]);
    let body = Some(json!({ "app": "blog", "files": files }));
    node.call_as(&deployer, Method::POST, "/api/deploy", body).await.data();
    assert_eq!(node.get("blog.localhost", "/").await.text(), "two");
}

#[tokio::test]
async fn what_a_token_may_not_remove_alone_it_may_not_remove_by_undoing() {
    let (node, bot) = node_with_bot().await;
    let second = node.deploy("blog", &[("index.html", "two")]).await;
    let undo = |change: &Value| format!("/api/changes/{change}/undo");
    let gone = node.call(Method::DELETE, "/api/apps/blog", None).await.data();
    let back = node.call(Method::POST, &undo(&gone["change"]), Some(json!({}))).await.data();
    // To undo that is to delete once more; to undo the first deploy is so, too.
    let again = undo(&back["change"]);
    let ask = async |path: &str| {
        node.call_as(&bot, Method::POST, path, Some(json!({ "force": true }))).await
    };
    let id = pending(&ask(&again).await);
    assert_ne!(pending(&ask(&undo(&json!(1))).await), id);
    // A deploy over another takes nothing away.
    ask(&undo(&json!(second.change))).await.data();
    assert_eq!(node.get("blog.localhost", "/").await.text(), "one");
    let done = decide(&node, id, "approve").await.data();
    assert_eq!(node.get("blog.localhost", "/").await.status, 404);
    assert_eq!(ask(&again).await.data(), done["output"]);
}

#[tokio::test]
async fn a_call_waits_where_its_token_lives() {
    let (a, b) = (TestNode::start().await, TestNode::start().await);
    b.deploy("blog", &[("index.html", "one")]).await;
    let wish = json!({ "name": "from a", "preset": "owner", "approval": "human" });
    let there = token(&b, wish).await;
    let peer = json!({ "name": "b", "url": format!("http://{}", b.address()), "token": there });
    a.call(Method::POST, "/api/peers", Some(peer)).await.data();
    let held = a.cli(&["@b", "delete", "blog", "-y"]).await;
    assert_eq!((held.code, held.stdout.as_str()), (1, ""), "{held:?}");
    assert!(
        held.stderr.contains("fazt approve 1") && held.stderr.contains("1 version"),
        "{held:?}"
    );
    let own = token(&a, json!({ "name": "bot", "preset": "agent", "approval": "human" })).await;
    let far = a.call_as(&own, Method::DELETE, "/api/apps/blog?peer=b", None).await;
    assert_eq!(far.code(), "FORBIDDEN");
    assert!(far.text().contains("@b"), "{}", far.text());
    let by_peer = a.cli(&["@b", "approve", "1"]).await;
    assert!(by_peer.code == 1 && by_peer.stderr.contains("only a person"), "{by_peer:?}");
    assert_eq!(b.cli(&["approve", "1"]).await.code, 0);
    assert_eq!(b.get("blog.localhost", "/").await.status, 404);
}

#[tokio::test]
async fn a_question_says_what_goes_away_and_refuses_as_the_call_would() {
    let (node, other) = (TestNode::start().await, TestNode::start().await);
    node.deploy("blog", &[("index.html", "one")]).await;
    let ci = token(&node, json!({ "name": "ci", "preset": "agent", "apps": ["shop"] })).await;
    let alias = json!({ "redirect": "https://example.org/" });
    node.call(Method::PUT, "/api/aliases/old", Some(alias)).await.data();
    let url = format!("http://{}", other.address());
    let peer = json!({ "name": "zyt", "url": url, "token": other.owner_token() });
    node.call(Method::POST, "/api/peers", Some(peer)).await.data();
    grant_to(&node, "Claude Code").await;
    let allowed = node.cli(&["net", "allow", "api.example.com"]).await;
    assert_eq!(allowed.code, 0, "{allowed:?}");
    let secret = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(secret.path(), "hush-hush").expect("written");
    let file = secret.path().to_str().expect("a plain path");
    let set = ["secret", "set", "KEY", "--host", "api.example.com", "--file", file];
    let set = node.cli(&set).await;
    assert_eq!(set.code, 0, "{set:?}");
    let ask = async |token: &str, tool: &str, input: Value| {
        let body = json!({ "tool": tool, "input": input });
        node.call_as(token, Method::POST, "/api/question", Some(body)).await
    };
    let owner = node.owner_token();
    let mut asked = Vec::new();
    for (tool, input, parts) in [
        ("delete_app", json!({ "app": "blog" }), ["`blog`", "1 version, 1 file, 0 requests"]),
        ("remove_alias", json!({ "name": "old" }), ["`old`", "https://example.org/"]),
        ("revoke_token", json!({ "name": "ci" }), ["`ci`", "never used"]),
        ("revoke_grant", json!({ "grant": 1 }), ["`Claude Code`", "never used"]),
        ("remove_peer", json!({ "name": "zyt" }), ["@zyt", &url]),
        ("remove_fetch_rule", json!({ "host": "api.example.com" }), ["`api.example.com`", "every"]),
        ("remove_secret", json!({ "name": "KEY" }), ["`KEY`", "api.example.com"]),
    ] {
        let question = ask(&owner, tool, input).await.data()["question"].clone();
        let question = question.as_str().expect("a text").to_owned();
        assert!(parts.iter().all(|part| question.contains(part)), "{question}");
        asked.push(tool);
    }
    let removing = specs().iter().filter(|spec| spec.effect == Effect::Remove);
    for spec in removing {
        assert!(asked.contains(&spec.name), "nobody tries the question of {}", spec.name);
    }
    for (tool, input, code, near) in [
        ("delete_app", json!({ "app": "blgo" }), "APP_NOT_FOUND", "blog"),
        ("remove_alias", json!({ "name": "odl" }), "NOT_FOUND", "old"),
        ("revoke_token", json!({ "name": "cii" }), "TOKEN_NOT_FOUND", "ci"),
        ("remove_peer", json!({ "name": "zty" }), "PEER_NOT_FOUND", "zyt"),
        ("delete_ap", json!({}), "UNKNOWN_TOOL", "delete_app"),
    ] {
        let refused = ask(&owner, tool, input).await;
        assert_eq!(refused.code(), code);
        assert_eq!(refused.json()["error"]["details"]["nearest"], near);
    }
    let none = ask(&owner, "revoke_grant", json!({ "grant": 2 })).await;
    assert_eq!(none.code(), "NOT_FOUND");
    let limited = ask(&ci, "delete_app", json!({ "app": "blog" })).await;
    assert_eq!(limited.code(), "FORBIDDEN");
    assert_eq!(ask(&ci, "revoke_token", json!({ "name": "ci" })).await.code(), "FORBIDDEN");
    // A peer is asked, not guessed about.
    let caller = fazt_tools::Caller::owner(Face::Cli);
    let there = format!("http://{}", node.address());
    let peer = fazt::peers::Peer::new("there", &there, &owner).expect("an address");
    let input = json!({ "app": "blog" });
    let question = fazt_tools::question(&peer, &caller, "delete_app", input).await.expect("asked");
    assert!(question.contains("1 version, 1 file"), "{question}");
}

#[tokio::test]
async fn a_token_makes_so_many_calls_a_minute_and_the_owner_as_many_as_it_likes() {
    let node = TestNode::start_with(&[("limits.token_rate", "5")]).await;
    node.deploy("blog", &[("index.html", "one")]).await;
    let (bot, other) =
        (token(&node, json!({ "name": "bot" })).await, token(&node, json!({ "name": "b" })).await);
    let ask = async |token: &str| node.call_as(token, Method::GET, "/api/apps", None).await;
    for _ in 0..5 {
        assert_eq!(ask(&bot).await.status, 200);
    }
    let refused = ask(&bot).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (429, "RATE_LIMITED"));
    let wait: i64 = refused.header("retry-after").parse().expect("seconds");
    assert!((12..=13).contains(&wait), "{wait}");
    assert_eq!(ask(&other).await.status, 200, "each token has its own");
    for _ in 0..20 {
        assert_eq!(ask(&node.owner_token()).await.status, 200);
        assert_eq!(node.get("blog.localhost", "/").await.status, 200);
    }
    node.clock.pass(SignedDuration::from_secs(wait));
    assert_eq!([ask(&bot).await.status, ask(&bot).await.status], [200, 429]);
    node.clock.pass(SignedDuration::from_mins(1));
    for _ in 0..5 {
        assert_eq!(ask(&bot).await.status, 200);
    }
}

#[tokio::test]
async fn a_budget_is_spent_by_calls_outlives_a_restart_and_opens_again_at_midnight() {
    let node = TestNode::start().await;
    let bot = token(&node, json!({ "name": "bot", "preset": "owner", "budget": 3 })).await;
    let who = node.call_as(&bot, Method::GET, "/api/whoami", None).await.data();
    assert_eq!((&who["budget"], &who["calls_today"]), (&json!(3), &json!(1)));
    let wish = Some(json!({ "name": "more", "preset": "agent" }));
    let more = node.call_as(&bot, Method::POST, "/api/tokens", wish).await;
    assert_eq!(more.code(), "FORBIDDEN", "it makes no token to go on with");
    // What has no effect counts as well.
    assert_eq!(node.call_as(&bot, Method::GET, "/api/apps/nobody", None).await.status, 404);
    let spent = async |node: &TestNode| {
        let refused = node.call_as(&bot, Method::GET, "/api/apps", None).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (429, "BUDGET_SPENT"));
        assert_eq!(refused.json()["error"]["details"]["opens_at"], "2026-11-21T00:00:00Z");
        assert_eq!(refused.header("retry-after"), "61200");
        let listed = node.call(Method::GET, "/api/tokens", None).await.data();
        assert_eq!(listed["tokens"][0]["calls_today"], 3);
    };
    spent(&node).await;
    let node = TestNode::start_in(node.stop().await, &[]).await;
    spent(&node).await;
    node.clock.pass(SignedDuration::from_hours(17));
    let listed = node.call(Method::GET, "/api/tokens", None).await.data();
    assert_eq!((&listed["tokens"][0]["calls_today"], &listed["total"]), (&json!(0), &json!(1)));
    for _ in 0..3 {
        assert_eq!(node.call_as(&bot, Method::GET, "/api/apps", None).await.status, 200);
    }
    assert_eq!(node.call_as(&bot, Method::GET, "/api/apps", None).await.code(), "BUDGET_SPENT");
    // A new token of that name begins anew.
    node.call(Method::DELETE, "/api/tokens/bot", None).await.data();
    for wish in [json!({ "name": "bot", "budget": 1 }), json!({ "name": "bot" })] {
        let next = token(&node, wish).await;
        assert_eq!(node.call_as(&next, Method::GET, "/api/apps", None).await.status, 200);
        node.call(Method::DELETE, "/api/tokens/bot", None).await.data();
    }
    for budget in [0, 10_000_001] {
        let wish = Some(json!({ "name": "x", "budget": budget }));
        let refused = node.call(Method::POST, "/api/tokens", wish).await;
        assert_eq!(refused.code(), "VALIDATION_FAILED", "{budget}");
    }
}
