//! `fazt.auth`: who is signed in, and requests that end without.

use serde_json::json;

use super::{js, run_as, runner, user};

#[tokio::test]
async fn a_visitor_of_whom_nothing_is_known_is_nobody() {
    let node = runner().await;
    let value = js(
        &node,
        "
        const a = fazt.auth;
        return [a.getUser(), a.isLoggedIn(), a.isOwner(), a.isAdmin(), a.hasRole('x'),
            new URL(a.getLoginURL()).pathname, new URL(a.getLogoutURL()).pathname];
    ",
    )
    .await;
    assert_eq!(value, json!([null, false, false, false, false, "/login", "/logout"]));
}

#[tokio::test]
async fn who_is_signed_in_is_known_with_roles() {
    let node = runner().await;
    let code = "const a = fazt.auth;
        return [a.getUser().id, a.getUser().name, a.getUser().email, a.isLoggedIn(), a.isOwner(),
            a.isAdmin(), a.hasRole('editor'), a.requireLogin().id, a.requireRole('editor').roles]";
    let known = Some(user("ann", &["editor"]));
    let answer = run_as(&node, known, false, "", code).await.expect("answered").2;
    let expected =
        json!(["ann", "ANN", "ann@example.com", true, false, false, true, "ann", ["editor"]]);
    assert_eq!(answer["ok"], expected);
}

#[tokio::test]
async fn a_demand_that_is_not_met_ends_the_request_whatever_the_handler_does() {
    let node = runner().await;
    // The handler of these tests catches everything.
    let run = async |who: Option<_>, accept: &str, code: &str| {
        let code = format!("{code}; fazt.app.kv.set('done', 1)");
        run_as(&node, who, false, accept, &code).await.expect("answered")
    };
    let (status, headers, _) = run(None, "text/html,*/*", "fazt.auth.requireLogin()").await;
    assert_eq!(status, 303);
    let to = headers.iter().find(|(name, _)| name == "location").map(|(_, to)| to.as_str());
    assert!(to.is_some_and(|to| to.ends_with("/login") && to.contains("admin.")), "{to:?}");
    let (status, _, body) = run(None, "*/*", "fazt.auth.requireLogin()").await;
    assert_eq!((status, &body["error"]["code"]), (401, &json!("UNAUTHORIZED")));
    for demand in ["requireRole('editor')", "requireAdmin()", "requireOwner()"] {
        let who = Some(user("ann", &["writer"]));
        let (status, _, body) = run(who, "text/html", &format!("fazt.auth.{demand}")).await;
        assert_eq!((status, &body["error"]["code"]), (403, &json!("FORBIDDEN")), "{demand}");
    }
    let later = "await null; fazt.auth.requireLogin()";
    assert_eq!(run(None, "", later).await.0, 401);
    assert_eq!(js(&node, "return fazt.app.kv.get('done') ?? 'none'").await, "none");
    let who = Some(user("ann", &["owner"]));
    assert_eq!(run(who, "", "fazt.auth.requireRole('editor')").await.0, 200);
    // One request's end is not the next one's.
    assert_eq!(js(&node, "return 5").await, 5);
}
