//! Who may do what: every route by every kind of caller, and the ways in.

use fazt_tools::{specs, tokens::Preset};
use jiff::SignedDuration;
use reqwest::{Method, header::SET_COOKIE};
use serde_json::{Value, json};

use crate::harness::{Answer, TestNode};

/// What a caller must hold for each tool, written down a second time: a scope
/// that changes in the catalogue has to change here as well, on purpose.
pub const SCOPES: &[(&str, &str)] = &[
    ("deploy", "apps:write"),
    ("plan_deploy", "apps:write"),
    ("list_apps", "apps:read"),
    ("get_app", "apps:read"),
    ("delete_app", "apps:delete"),
    ("promote", "apps:write"),
    ("undo", "apps:write"),
    ("configure_app", "apps:write"),
    ("status", "server:read"),
    ("run_function", "apps:write"),
    ("fetch_test", "apps:read"),
    ("read_logs", "apps:read"),
    ("explain_request", "apps:read"),
    ("list_files", "apps:read"),
    ("read_file", "apps:read"),
    ("query_data", "data:read"),
    ("edit_data", "data:write"),
    ("list_changes", "apps:read"),
    ("list_peers", "server:read"),
    ("list_aliases", "apps:read"),
    ("set_alias", "server:admin"),
    ("remove_alias", "server:admin"),
    ("create_token", "server:admin"),
    ("list_tokens", "server:admin"),
    ("revoke_token", "server:admin"),
    ("list_grants", "server:admin"),
    ("revoke_grant", "server:admin"),
    ("add_peer", "server:admin"),
    ("remove_peer", "server:admin"),
    ("set_default_peer", "server:admin"),
    ("list_settings", "server:read"),
    ("set_setting", "server:admin"),
    ("list_approvals", "server:admin"),
    ("approve", "server:admin"),
    ("deny", "server:admin"),
    ("allow_fetch", "apps:write"),
    ("list_fetch_rules", "apps:read"),
    ("remove_fetch_rule", "apps:write"),
    ("list_fetches", "apps:read"),
    ("fetch_stats", "apps:read"),
    ("set_secret", "server:admin"),
    ("list_secrets", "server:admin"),
    ("remove_secret", "server:admin"),
    ("rekey_secrets", "server:admin"),
];

/// What a route asks of its callers.
#[derive(Clone, Copy, PartialEq)]
enum Door {
    /// Nothing.
    Open,
    /// To be somebody.
    Known,
    /// A scope.
    Scope(&'static str),
    /// To be a person: no token will do.
    Person,
}

/// A request that is let in or not, and how it ends for those who are.
struct Route {
    method: Method,
    path: &'static str,
    body: Option<Value>,
    door: Door,
    changes: bool,
    /// Status for whoever is let in; nothing is changed by it.
    status: u16,
    /// Status for an owner's token limited to another app.
    limited: u16,
}

/// Requests to tools. Nothing is called `ghost`, so whoever is let in changes nothing.
#[rustfmt::skip]
fn tools() -> Vec<(&'static str, &'static str, Option<Value>, u16, u16)> {
    vec![
        ("deploy", "/api/deploy", Some(json!({ "app": "ghost", "files": [] })), 400, 403),
        ("plan_deploy", "/api/deploy/plan", Some(json!({ "app": "ghost", "tree": [] })), 200, 403),
        ("list_apps", "/api/apps", None, 200, 200),
        ("get_app", "/api/apps/ghost", None, 404, 403),
        ("delete_app", "/api/apps/ghost", None, 404, 403),
        ("promote", "/api/apps/ghost/promote", Some(json!({})), 404, 403),
        ("undo", "/api/changes/9999/undo", Some(json!({})), 404, 404),
        ("configure_app", "/api/apps/ghost/config", Some(json!({})), 404, 403),
        ("status", "/api/status", None, 200, 200),
        ("fetch_test", "/api/fetch-test", Some(json!({ "url": "http://blog.localhost/" })), 200, 403),
        ("run_function", "/api/apps/ghost/run", Some(json!({ "path": "/api/x" })), 404, 403),
        ("read_logs", "/api/apps/ghost/logs", None, 404, 403),
        ("explain_request", "/api/requests/req_ghost", None, 404, 404),
        ("list_files", "/api/apps/ghost/files", None, 404, 403),
        ("read_file", "/api/apps/ghost/files/index.html", None, 404, 403),
        ("query_data", "/api/apps/ghost/data/query", Some(json!({})), 404, 403),
        ("edit_data", "/api/apps/ghost/data/edit", Some(json!({ "kind": "kv", "delete": ["x"] })), 404, 403),
        ("list_changes", "/api/changes", None, 200, 200),
        ("list_peers", "/api/peers", None, 200, 200),
        ("list_aliases", "/api/aliases", None, 200, 200),
        ("set_alias", "/api/aliases/ghost", Some(json!({})), 400, 403),
        ("remove_alias", "/api/aliases/ghost", None, 404, 403),
        ("create_token", "/api/tokens", Some(json!({ "name": "" })), 400, 403),
        ("list_tokens", "/api/tokens", None, 200, 403),
        ("revoke_token", "/api/tokens/ghost", None, 404, 403),
        ("list_grants", "/api/grants", None, 200, 403),
        ("revoke_grant", "/api/grants/9999", None, 404, 403),
        ("add_peer", "/api/peers", Some(json!({ "name": "x", "url": "x", "token": "x" })), 400, 403),
        ("remove_peer", "/api/peers/ghost", None, 404, 403),
        ("set_default_peer", "/api/peers/ghost/default", Some(json!({})), 404, 403),
        ("list_settings", "/api/settings", None, 200, 200),
        ("set_setting", "/api/settings/ghost", Some(json!({ "value": "1" })), 400, 403),
        ("list_approvals", "/api/approvals", None, 200, 403),
        ("approve", "/api/approvals/9999/approve", Some(json!({})), 404, 403),
        ("deny", "/api/approvals/9999/deny", Some(json!({})), 404, 403),
        ("allow_fetch", "/api/net/rules/x.example", Some(json!({ "app": "ghost" })), 404, 403),
        ("list_fetch_rules", "/api/net/rules", None, 200, 200),
        ("remove_fetch_rule", "/api/net/rules/x.example?app=ghost", None, 404, 403),
        ("list_fetches", "/api/net/log", None, 200, 200),
        ("fetch_stats", "/api/net/stats", None, 200, 200),
        ("set_secret", "/api/secrets/ghost", Some(json!({ "value": "x", "hosts": [] })), 400, 403),
        ("list_secrets", "/api/secrets", None, 200, 403),
        ("remove_secret", "/api/secrets/ghost", None, 404, 403),
        ("rekey_secrets", "/api/secrets/rekey", Some(json!({})), 200, 403),
    ]
}

#[rustfmt::skip]
fn routes() -> Vec<Route> {
    let mut routes: Vec<Route> = tools()
        .into_iter()
        .map(|(tool, path, body, status, limited)| {
            let spec = specs().iter().find(|spec| spec.name == tool).expect(tool);
            let (_, scope) = SCOPES.iter().find(|(name, _)| *name == tool).expect(tool);
            let method = spec.route.method.as_str().parse().expect("a method");
            let door = match tool {
                "approve" | "deny" => Door::Person,
                _ => Door::Scope(scope),
            };
            let changes = spec.effect.changes();
            Route { method, path, body, door, changes, status, limited }
        })
        .collect();
    let hash = "/api/blobs/0000000000000000000000000000000000000000000000000000000000000000";
    for (method, path, door, changes, status) in [
        (Method::GET, "/health", Door::Open, false, 200),
        (Method::GET, "/metrics", Door::Open, false, 200),
        (Method::GET, "/schema/manifest.json", Door::Open, false, 200),
        (Method::GET, "/api/openapi.json", Door::Open, false, 200),
        (Method::GET, "/api/whoami", Door::Known, false, 200),
        (Method::POST, "/api/question", Door::Known, false, 400),
        (Method::POST, "/api/blobs", Door::Scope("apps:write"), true, 400),
        (Method::PUT, hash, Door::Scope("apps:write"), true, 400),
        (Method::POST, "/api/setup", Door::Open, false, 400),
        (Method::POST, "/api/login", Door::Open, false, 400),
        (Method::GET, "/api/session", Door::Open, false, 200),
        (Method::GET, "/.well-known/oauth-protected-resource", Door::Open, false, 200),
        (Method::GET, "/.well-known/oauth-protected-resource/mcp", Door::Open, false, 200),
        (Method::GET, "/.well-known/oauth-authorization-server", Door::Open, false, 200),
        (Method::POST, "/oauth/register", Door::Open, false, 400),
        (Method::POST, "/oauth/token", Door::Open, false, 400),
        (Method::POST, "/oauth/revoke", Door::Open, false, 400),
    ] {
        routes.push(Route { method, path, body: None, door, changes, status, limited: status });
    }
    routes
}

#[derive(Clone, Copy, Debug)]
enum Caller {
    Stranger,
    WrongToken,
    RevokedToken,
    ExpiredToken,
    Token(Preset),
    LimitedToken,
    SessionWithoutCsrf,
    SessionWithWrongCsrf,
    Session,
    LocalKey,
}

const CALLERS: &[Caller] = &[
    Caller::Stranger,
    Caller::WrongToken,
    Caller::RevokedToken,
    Caller::ExpiredToken,
    Caller::Token(Preset::Viewer),
    Caller::Token(Preset::Deployer),
    Caller::Token(Preset::Agent),
    Caller::Token(Preset::Peer),
    Caller::Token(Preset::Owner),
    Caller::LimitedToken,
    Caller::SessionWithoutCsrf,
    Caller::SessionWithWrongCsrf,
    Caller::Session,
    Caller::LocalKey,
];

fn expected(route: &Route, caller: Caller) -> u16 {
    if route.door == Door::Open {
        return route.status;
    }
    match caller {
        Caller::Stranger | Caller::WrongToken | Caller::RevokedToken | Caller::ExpiredToken => 401,
        Caller::SessionWithoutCsrf | Caller::SessionWithWrongCsrf if route.changes => 403,
        Caller::SessionWithoutCsrf
        | Caller::SessionWithWrongCsrf
        | Caller::Session
        | Caller::LocalKey => route.status,
        Caller::LimitedToken => route.limited,
        Caller::Token(preset) => match route.door {
            Door::Scope(scope) if !may(preset).contains(&scope) => 403,
            Door::Person => 403,
            _ => route.status,
        },
    }
}

/// What the presets are documented to allow.
fn may(preset: Preset) -> &'static [&'static str] {
    const ALL: &[&str] = &[
        "apps:read",
        "server:read",
        "apps:write",
        "apps:delete",
        "data:read",
        "data:write",
        "server:admin",
    ];
    match preset {
        Preset::Viewer => &ALL[..2],
        Preset::Deployer => &ALL[..3],
        Preset::Agent | Preset::Peer => &ALL[..6],
        Preset::Owner => ALL,
    }
}

#[tokio::test]
async fn every_route_lets_in_whom_it_should_and_nobody_else() {
    let node = TestNode::start().await;
    node.deploy("blog", &[("index.html", "x")]).await;
    let session = SignedIn::by_link(&node).await;
    let token = async |name: &str, more: Value| {
        let mut body = json!({ "name": name });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("one").clone());
        let made = node.call(Method::POST, "/api/tokens", Some(body)).await.data();
        made["token"].as_str().expect("a token").to_owned()
    };
    let expired = token("expired", json!({ "preset": "owner", "days": 1 })).await;
    node.clock.pass(SignedDuration::from_hours(25));
    let revoked = token("revoked", json!({ "preset": "owner" })).await;
    node.call(Method::DELETE, "/api/tokens/revoked", None).await.data();
    let limited = token("limited", json!({ "preset": "owner", "apps": ["other"] })).await;
    let mut presets = Vec::new();
    for preset in [Preset::Viewer, Preset::Deployer, Preset::Agent, Preset::Peer, Preset::Owner] {
        let named = json!(preset);
        let name = named.as_str().expect("a word");
        presets.push((preset, token(name, json!({ "preset": name })).await));
    }
    let wrong = format!("{}x", &revoked[..revoked.len() - 1]);
    let before = changes(&node).await;
    let mut wrongs = Vec::new();
    for route in routes() {
        for &caller in CALLERS {
            let request = node.request(route.method.clone(), route.path);
            let request = match caller {
                Caller::Stranger => request,
                Caller::WrongToken => request.bearer_auth(&wrong),
                Caller::RevokedToken => request.bearer_auth(&revoked),
                Caller::ExpiredToken => request.bearer_auth(&expired),
                Caller::LimitedToken => request.bearer_auth(&limited),
                Caller::LocalKey => request.bearer_auth(node.owner_token()),
                Caller::SessionWithoutCsrf => request.header("cookie", &session.cookie),
                Caller::SessionWithWrongCsrf => {
                    request.header("cookie", &session.cookie).header("x-fazt-csrf", "wrong")
                }
                Caller::Session => session.on(request),
                Caller::Token(preset) => {
                    let (_, token) = presets.iter().find(|(p, _)| *p == preset).expect("made");
                    request.bearer_auth(token)
                }
            };
            let request = match &route.body {
                Some(body) => request.json(body),
                None => request,
            };
            let answer = request.send().await.expect("an answer");
            let (found, expected) = (answer.status().as_u16(), expected(&route, caller));
            if found != expected {
                let text = answer.text().await.unwrap_or_default();
                wrongs.push(format!(
                    "{} {} by {caller:?}: {found}, not {expected}: {text}",
                    route.method, route.path
                ));
            }
        }
    }
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
    assert_eq!(changes(&node).await, before, "something was changed on the way");
}

#[test]
fn every_route_of_the_openapi_document_is_in_the_table() {
    let known = routes();
    for (path, item) in fazt::faces::http::openapi()["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("methods").keys() {
            let is_it = |route: &&Route| {
                route.method.as_str().eq_ignore_ascii_case(method) && fits(path, route.path)
            };
            let found = known.iter().find(is_it).is_some() || path == "/api/logout";
            assert!(found, "nobody says who may {method} {path}");
        }
    }
}

/// Whether a path is one of a pattern.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) =
        (pattern.split('/').collect(), path.split('/').collect());
    let same = |(a, b): (&&str, &&str)| a.starts_with('{') || a == b;
    pattern.len() == path.len() && pattern.iter().zip(&path).all(same)
}

async fn changes(node: &TestNode) -> Value {
    node.call(Method::GET, "/api/changes", None).await.data()["total"].clone()
}

/// A browser that is signed in.
pub struct SignedIn {
    cookie: String,
    csrf: String,
}

const PASSWORD: &str = "correct horse battery";

impl SignedIn {
    pub async fn by_link(node: &TestNode) -> Self {
        let answer = set_up(node, link(node), PASSWORD).await;
        Self::of(&answer)
    }

    fn of(answer: &Answer) -> Self {
        let csrf = answer.data()["csrf"].as_str().expect("a value").to_owned();
        Self { cookie: cookie(answer), csrf }
    }

    pub fn on(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        request.header("cookie", &self.cookie).header("x-fazt-csrf", &self.csrf)
    }
}

/// The session cookie that an answer sets.
fn cookie(answer: &Answer) -> String {
    let mut cookies = answer.headers.get_all(SET_COOKIE).iter();
    let first = cookies.find_map(|value| value.to_str().ok()).expect("a cookie");
    first.split(';').next().expect("a pair").to_owned()
}

fn link(node: &TestNode) -> &str {
    node.setup_link().split_once("link=").expect("a link").1
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, body: response.bytes().await.expect("a body").to_vec() }
}

async fn set_up(node: &TestNode, link: &str, password: &str) -> Answer {
    let body = json!({ "link": link, "password": password });
    answer(node.request(Method::POST, "/api/setup").json(&body)).await
}

async fn log_in(node: &TestNode, password: &str) -> Answer {
    let body = json!({ "password": password });
    answer(node.request(Method::POST, "/api/login").json(&body)).await
}

async fn is_signed_in(node: &TestNode, cookie: &str) -> bool {
    let request = node.request(Method::GET, "/api/session").header("cookie", cookie);
    answer(request).await.data()["signed_in"] == true
}

#[tokio::test]
async fn the_setup_link_works_once_and_then_the_password_does() {
    let node = TestNode::start().await;
    assert_eq!(log_in(&node, PASSWORD).await.status, 401, "nobody has a password yet");
    let short = set_up(&node, link(&node), "short").await;
    assert_eq!((short.status.as_u16(), short.code().as_str()), (400, "VALIDATION_FAILED"));
    assert_eq!(set_up(&node, "guessed", PASSWORD).await.status, 401);
    // None of that spent it.
    let done = set_up(&node, link(&node), PASSWORD).await;
    assert_eq!(done.status, 200);
    assert!(is_signed_in(&node, &cookie(&done)).await);
    assert_eq!(set_up(&node, link(&node), "another password").await.status, 401);
    assert_eq!(log_in(&node, "another password").await.status, 401);
    assert_eq!(log_in(&node, PASSWORD).await.status, 200);
    let told = node.call(Method::GET, "/api/changes", None).await.data();
    assert_eq!(told["changes"][0]["summary"], "set the owner's password");
}

#[tokio::test]
async fn the_setup_link_lasts_thirty_minutes() {
    let node = TestNode::start().await;
    node.clock.pass(SignedDuration::from_mins(29));
    let page = node.get("admin.localhost", &format!("/setup?link={}", link(&node))).await;
    assert_eq!(page.status, 200);
    node.clock.pass(SignedDuration::from_mins(1));
    assert_eq!(set_up(&node, link(&node), PASSWORD).await.status, 401);
    let page = node.get("admin.localhost", &format!("/setup?link={}", link(&node))).await;
    assert_eq!(page.status, 401);
    assert!(page.text().contains("Start the node again"), "{}", page.text());
}

#[tokio::test]
async fn a_browser_sets_up_signs_out_and_signs_in_by_forms() {
    let node = TestNode::start().await;
    node.deploy("blog", &[("index.html", "x")]).await;
    let form = async |path: &str, body: String| {
        let request = node.request(Method::POST, path);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        answer(request.body(body)).await
    };
    let page = node.get("admin.localhost", &format!("/setup?link={}", link(&node))).await;
    assert!(page.text().contains("action=\"/setup\"") && page.text().contains(link(&node)));
    let password = PASSWORD.replace(' ', "+");
    let done = form("/setup", format!("link={}&password={password}", link(&node))).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "/"));
    let session = cookie(&done);
    let home = node.ask(Method::GET, "admin.localhost", "/", &[("cookie", &session)]).await;
    assert!(home.text().contains("http://blog.localhost:"), "{}", home.text());
    // Hosted apps are of the same site, so the cookie comes along with their forms.
    for (name, value) in [("origin", "http://blog.localhost"), ("sec-fetch-site", "same-site")] {
        let foreign = node.request(Method::POST, "/logout").header("cookie", &session);
        assert_eq!(answer(foreign.header(name, value)).await.status, 403, "{name}");
    }
    assert!(is_signed_in(&node, &session).await);
    let out = node.request(Method::POST, "/logout").header("cookie", &session);
    let out = answer(out.header("origin", format!("http://{}", node.address()))).await;
    assert_eq!((out.status.as_u16(), out.header("location")), (303, "/login"));
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert!(!is_signed_in(&node, &session).await);
    let home = node.ask(Method::GET, "admin.localhost", "/", &[("cookie", &session)]).await;
    assert_eq!((home.status.as_u16(), home.header("location")), (303, "/login"));
    assert_eq!(form("/login", "password=wrong+password".into()).await.status, 401);
    let again = form("/login", format!("password={password}")).await;
    assert_eq!(again.status, 303);
    assert!(is_signed_in(&node, &cookie(&again)).await);
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_of_scripts_and_other_hosts() {
    let node = TestNode::start().await;
    let done = set_up(&node, link(&node), PASSWORD).await;
    let set = done.header("set-cookie");
    for part in ["fazt_session=", "; Path=/;", "; HttpOnly", "; SameSite=Lax", "; Max-Age=2592000"]
    {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Domain"), "{set}");
    // Another app's host knows nothing of the session.
    node.deploy("blog", &[("index.html", "x")]).await;
    let session = cookie(&done);
    let session = [("cookie", session.as_str())];
    let there = node.ask(Method::GET, "blog.localhost", "/api/apps", &session).await;
    assert_eq!(there.status, 404);
}

#[tokio::test]
async fn behind_https_the_cookie_is_bound_to_it() {
    let settings = [("domain", "zyt.app"), ("public_url", "https://zyt.app")];
    let node = TestNode::start_with(&settings).await;
    let body = json!({ "link": link(&node), "password": PASSWORD });
    let request = node.request(Method::POST, "/api/setup").header("host", "admin.zyt.app");
    let done = answer(request.json(&body)).await;
    let set = done.header("set-cookie");
    assert!(set.starts_with("__Host-fazt_session=") && set.contains("; Secure"), "{set}");
}

#[tokio::test]
async fn a_session_ends_by_signing_out_by_age_and_by_a_new_password() {
    let node = TestNode::start().await;
    let first = SignedIn::by_link(&node).await;
    let second = SignedIn::of(&log_in(&node, PASSWORD).await);
    let unguarded = node.request(Method::POST, "/api/logout").header("cookie", &first.cookie);
    assert_eq!(answer(unguarded).await.code(), "CSRF_FAILED");
    answer(first.on(node.request(Method::POST, "/api/logout"))).await.data();
    assert!(!is_signed_in(&node, &first.cookie).await);
    assert!(is_signed_in(&node, &second.cookie).await);
    node.clock.pass(SignedDuration::from_hours(24 * 30));
    assert!(!is_signed_in(&node, &second.cookie).await);
    let third = SignedIn::of(&log_in(&node, PASSWORD).await);
    node.node().access.set_password("another password".into()).await.expect("set");
    assert!(!is_signed_in(&node, &third.cookie).await);
}

#[tokio::test]
async fn figures_for_prometheus_need_a_token_from_afar() {
    let node = TestNode::start().await;
    let near = node.get("admin.localhost", "/metrics").await;
    assert!(near.text().contains("fazt_apps 0"), "{}", near.text());
    let afar = [("x-forwarded-for", "203.0.113.7")];
    assert_eq!(node.ask(Method::GET, "admin.localhost", "/metrics", &afar).await.status, 401);
    let bearer = format!("Bearer {}", node.owner_token());
    let known = [afar[0], ("authorization", &bearer)];
    assert_eq!(node.ask(Method::GET, "admin.localhost", "/metrics", &known).await.status, 200);
}

#[tokio::test]
async fn a_token_limited_to_an_app_sees_and_touches_that_one_alone() {
    let node = TestNode::start().await;
    for app in ["blog", "shop"] {
        node.deploy(app, &[("index.html", app)]).await;
    }
    let body = json!({ "name": "ci", "preset": "agent", "apps": ["blog"] });
    let made = node.call(Method::POST, "/api/tokens", Some(body)).await.data();
    let token = made["token"].as_str().expect("a token");
    let ask =
        async |method: Method, path: &str, body| node.call_as(token, method, path, body).await;
    let apps = ask(Method::GET, "/api/apps", None).await.data();
    assert_eq!((&apps["total"], &apps["apps"][0]["name"]), (&json!(1), &json!("blog")));
    let changes = ask(Method::GET, "/api/changes", None).await.data();
    assert_eq!(changes["total"], 1, "{changes}");
    let body = json!({ "files": [{ "path": "manifest.json", "content": r#"{"name":"shop"}"# }] });
    let sly = ask(Method::POST, "/api/deploy", Some(body)).await;
    assert_eq!(sly.code(), "FORBIDDEN", "the manifest names another app");
    assert_eq!(ask(Method::POST, "/api/changes/2/undo", None).await.code(), "FORBIDDEN");
    assert_eq!(ask(Method::POST, "/api/changes/3/undo", None).await.code(), "FORBIDDEN");
    assert_eq!(ask(Method::GET, "/api/apps?peer=zyt", None).await.code(), "FORBIDDEN");
    let body = json!({ "app": "blog", "files": [{ "path": "index.html", "content": "new" }] });
    assert_eq!(ask(Method::POST, "/api/deploy", Some(body)).await.data()["version"], 2);
    assert_eq!(node.get("shop.localhost", "/").await.text(), "shop");
}

#[tokio::test]
async fn a_token_makes_none_that_may_do_more() {
    let node = TestNode::start().await;
    let body = json!({ "name": "admin", "scopes": ["server:admin"] });
    let made = node.call(Method::POST, "/api/tokens", Some(body)).await.data();
    let token = made["token"].as_str().expect("a token");
    let body = |scope: &str| Some(json!({ "name": "more", "scopes": [scope] }));
    let more = node.call_as(token, Method::POST, "/api/tokens", body("apps:delete")).await;
    assert_eq!(more.code(), "FORBIDDEN");
    let same = node.call_as(token, Method::POST, "/api/tokens", body("server:admin")).await;
    assert_eq!(same.status, 200);
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_on_the_machine_can_read_the_database_or_the_key() {
    use std::os::unix::fs::PermissionsExt as _;
    let node = TestNode::start().await;
    node.deploy("blog", &[("index.html", "x")]).await;
    for file in ["data.db", "data.db.key", "data.db-wal", "data.db-shm"] {
        let meta = std::fs::metadata(node.folder.path().join(file)).expect(file);
        assert_eq!(meta.permissions().mode() & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn no_secret_is_kept_or_told_in_clear() {
    let (node, other) = (TestNode::start().await, TestNode::start().await);
    let session = SignedIn::by_link(&node).await;
    let request = node.request(Method::POST, "/api/tokens").bearer_auth(node.owner_token());
    // The answer is remembered under this key, and it holds the token.
    let request = request.header("idempotency-key", "once").json(&json!({ "name": "ci" }));
    let made = answer(request).await.data()["token"].as_str().expect("a token").to_owned();
    let body = json!({
        "name": "other", "url": format!("http://{}", other.address()), "token": other.owner_token(),
    });
    node.call(Method::POST, "/api/peers", Some(body)).await.data();
    let session_value = session.cookie.split_once('=').expect("a pair").1.to_owned();
    let secrets = [
        ("the token", made),
        ("the peer's token", other.owner_token()),
        ("the password", PASSWORD.to_owned()),
        ("the session", session_value),
        ("the set-up link", link(&node).to_owned()),
        ("the local token", node.owner_token()),
    ];
    for path in ["/api/changes", "/api/status", "/api/peers", "/api/tokens", "/api/settings"] {
        let told = node.call(Method::GET, path, None).await;
        for (what, secret) in &secrets {
            assert!(!told.text().contains(secret), "{path} tells {what}");
        }
    }
    let folder = node.stop().await;
    for file in std::fs::read_dir(folder.path()).expect("a folder") {
        let path = file.expect("a file").path();
        let bytes = std::fs::read(&path).expect("read");
        for (what, secret) in &secrets {
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{} holds {what} in clear", path.display());
        }
    }
}

#[tokio::test]
async fn a_token_whose_name_no_url_can_hold_is_not_made() {
    let node = TestNode::start().await;
    for name in [".", "..", "grant 1"] {
        let made = node.call(Method::POST, "/api/tokens", Some(json!({ "name": name }))).await;
        assert_eq!(made.code(), "VALIDATION_FAILED", "{name}");
    }
}

#[tokio::test]
async fn a_token_limited_to_an_app_does_not_learn_what_shares_a_split_with_it() {
    let node = TestNode::start().await;
    for app in ["blog", "hidden"] {
        node.deploy(app, &[("index.html", "Hello")]).await;
    }
    let split = json!({ "split": ["blog=1", "hidden=1"] });
    node.call(Method::PUT, "/api/aliases/both", Some(split)).await.data();
    let wish = json!({ "name": "ci", "apps": ["blog"] });
    let made = node.call(Method::POST, "/api/tokens", Some(wish)).await.data();
    let token = made["token"].as_str().expect("a token");
    let app = node.call_as(token, Method::GET, "/api/apps/blog", None).await;
    assert!(app.status.is_success() && !app.text().contains("hidden"), "{}", app.text());
    let all = node.call(Method::GET, "/api/apps/blog", None).await;
    assert!(all.text().contains("hidden"), "{}", all.text());
}

#[tokio::test]
async fn what_a_caller_may_not_do_it_may_not_do_by_undoing() {
    let node = TestNode::start().await;
    node.deploy("blog", &[("index.html", "hi")]).await;
    let delete = node.call(Method::DELETE, "/api/apps/blog", None).await.data();
    let undo = |change: &Value| format!("/api/changes/{}/undo", change["change"]);
    let restored = node.call(Method::POST, &undo(&delete), None).await.data();
    // To undo the undo is to delete once more, which a deployer may not.
    let made = json!({ "name": "ci", "preset": "deployer" });
    let token = node.call(Method::POST, "/api/tokens", Some(made)).await.data();
    let token = token["token"].as_str().expect("a token");
    let refused = node.call_as(token, Method::POST, &undo(&restored), None).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (403, "FORBIDDEN"));
    assert!(refused.text().contains("apps:delete"), "{}", refused.text());
    assert_eq!(node.get("blog.localhost", "/").await.text(), "hi");
    // An alias is the node's, though it leads to an app the token may touch.
    let alias = json!({ "app": "blog" });
    let alias = node.call(Method::PUT, "/api/aliases/www2", Some(alias)).await.data();
    let refused = node.call_as(token, Method::POST, &undo(&alias), None).await;
    assert!(refused.text().contains("server:admin"), "{}", refused.text());
    // Its own deploys are its own to undo.
    let deploy = json!({ "app": "blog", "files": [{ "path": "index.html", "content": "two" }] });
    let deploy = node.call_as(token, Method::POST, "/api/deploy", Some(deploy)).await.data();
    node.call_as(token, Method::POST, &undo(&deploy), None).await.data();
    assert_eq!(node.get("blog.localhost", "/").await.text(), "hi");
}

#[tokio::test]
async fn a_token_for_one_app_gives_it_no_host_name() {
    let node = TestNode::start().await;
    node.deploy("blog", &[("index.html", "hi")]).await;
    let made = json!({ "name": "ci", "apps": ["blog"] });
    let token = node.call(Method::POST, "/api/tokens", Some(made)).await.data();
    let token = token["token"].as_str().expect("a token");
    let wish = json!({ "add_hosts": ["bank.example"] });
    let refused = node.call_as(token, Method::PATCH, "/api/apps/blog/config", Some(wish)).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (403, "FORBIDDEN"));
    assert_eq!(node.get("bank.example", "/").await.status, 404);
}
