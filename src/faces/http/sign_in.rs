//! The owner's way in: the set-up link, the password, the session cookie.
//!
//! Plain pages without script, and the same as JSON. The cookie belongs to the
//! admin host alone; hosted apps are other origins and get nothing from it.

use std::time::Duration;

use axum::{
    Form, Router,
    extract::{Extension, FromRequest as _, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use fazt_tools::{Code, Problem};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;
use tokio::time::timeout;
use url::{Position, Url, form_urlencoded};

use super::{
    Api,
    answer::{failure, success},
    caller::{COOKIE, SECURE_COOKIE, session_cookie},
    input::typed,
    page::{escape, page, told, told_with},
};
use crate::{
    auth::{NewSession, Visitor},
    node::Node,
    ops::storage_problem,
};

/// How long a body may take to come. Strangers send these: without a limit, half a
/// body would hold a connection for ever.
pub(super) const SLOWEST: Duration = Duration::from_secs(10);

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/", get(home))
        .merge(forms().layer(middleware::from_fn(from_own_page)))
        .route("/api/setup", post(setup))
        .route("/api/login", post(login))
        .route("/api/logout", post(logout))
        .route("/api/session", get(session))
}

fn forms() -> Router<Api> {
    Router::new()
        .route("/setup", get(setup_page).post(setup_form))
        .route("/login", get(login_page).post(login_form))
        .route("/logout", post(logout_form))
}

/// Refuses a form that another origin sent: hosted apps are of the same site,
/// so the cookie's `SameSite` does not keep them out.
pub(super) async fn from_own_page(request: Request, next: Next) -> Response {
    if request.method().is_safe() || is_own_page(request.headers()) {
        return next.run(request).await;
    }
    told(StatusCode::FORBIDDEN, "This form was sent by another page than fazt's own.")
}

fn is_own_page(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin.split_once("://").map(|(_, host)| host) == text("host"),
        // No browser: nothing it holds could be used against its will.
        (None, None) => true,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetUp {
    link: String,
    password: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogIn {
    password: String,
}

/// A sign-in by the page, and where it leads.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogInForm {
    password: String,
    #[serde(default)]
    next: String,
}

/// Where a sign-in may lead.
#[derive(Deserialize)]
struct Leading {
    #[serde(default)]
    next: String,
}

/// The sign-in page that leads to `path` of this host afterwards.
pub(super) fn sign_in_first(path: &str) -> Response {
    Redirect::to(&login_to(path)).into_response()
}

fn login_to(path: &str) -> String {
    let path: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
    format!("/login?next={path}")
}

/// A path of this host, as a browser would read it; everything else is no way to go.
fn own_path(next: &str) -> Option<String> {
    let here = Url::parse("http://fazt.invalid").ok()?;
    let there = here.join(next).ok().filter(|_| next.starts_with('/'))?;
    let path = &there[Position::BeforePath..Position::AfterQuery];
    // `/.//host` is a path here, and by itself an address elsewhere.
    let own = there.origin() == here.origin() && !path.starts_with("//");
    own.then(|| path.to_owned())
}

async fn setup(
    State(api): State<Api>,
    visitor: Option<Extension<Visitor>>,
    request: Request,
) -> Response {
    let session = async {
        let SetUp { link, password } = read(request).await?;
        api.node.access.set_up(&link, password).await
    };
    match session.await {
        Ok(session) => {
            signed_in(&api.node, visitor, &session, success(json!({ "csrf": session.csrf })))
        }
        Err(problem) => failure(&problem),
    }
}

async fn login(
    State(api): State<Api>,
    visitor: Option<Extension<Visitor>>,
    request: Request,
) -> Response {
    let session = async { log_in(&api.node, read::<LogIn>(request).await?.password).await };
    match session.await {
        Ok(session) => {
            signed_in(&api.node, visitor, &session, success(json!({ "csrf": session.csrf })))
        }
        Err(problem) => failure(&problem),
    }
}

async fn logout(State(api): State<Api>, request: Request) -> Response {
    if let Err(problem) = super::caller::authenticate(&api.node, request.headers(), true).await {
        return failure(&problem);
    }
    end_session(&api.node, request.headers()).await;
    signed_out(success(json!({ "ended": true })))
}

async fn session(State(api): State<Api>, request: Request) -> Response {
    let found = match session_cookie(&api.node, request.headers()) {
        Some(cookie) => api.node.access.session(cookie).await,
        None => Ok(None),
    };
    match found {
        Ok(Some(session)) => success(json!({
            "signed_in": true, "csrf": session.csrf, "expires_at": session.expires_at,
        })),
        Ok(None) => success(json!({ "signed_in": false })),
        Err(error) => failure(&storage_problem(&error)),
    }
}

/// A small JSON body.
async fn read<T: DeserializeOwned>(request: Request) -> Result<T, Problem> {
    timeout(SLOWEST, typed(request)).await.map_err(|_| too_slow())?
}

/// A form, or the page that says what is wrong with it.
async fn read_form<T: DeserializeOwned>(request: Request) -> Result<T, Response> {
    match timeout(SLOWEST, Form::<T>::from_request(request, &())).await {
        Ok(Ok(Form(given))) => Ok(given),
        Ok(Err(rejection)) => Err(rejection.into_response()),
        Err(_) => Err(told(StatusCode::BAD_REQUEST, &too_slow().message)),
    }
}

fn too_slow() -> Problem {
    let limit = SLOWEST.as_secs();
    Problem::new(Code::BadRequest, format!("the body took more than {limit} s to come"))
        .hint("send it again")
}

async fn log_in(node: &Node, password: String) -> Result<NewSession, Problem> {
    node.access.log_in(password).await?.ok_or_else(|| {
        Problem::new(Code::Unauthorized, "the password is wrong, or none is set yet")
            .hint("without a password, start the node again for a set-up link")
    })
}

async fn end_session(node: &Node, headers: &HeaderMap) {
    if let Some(cookie) = session_cookie(node, headers)
        && let Err(error) = node.access.log_out(cookie).await
    {
        tracing::warn!(%error, "could not end a session");
    }
}

async fn home(State(api): State<Api>, request: Request) -> Response {
    let signed_in = match session_cookie(&api.node, request.headers()) {
        Some(cookie) => matches!(api.node.access.session(cookie).await, Ok(Some(_))),
        None => false,
    };
    if !signed_in {
        return Redirect::to("/login").into_response();
    }
    let apps = api.node.store.app_names().await.unwrap_or_default();
    let list: String = if apps.is_empty() {
        "<p>No apps yet. <code>fazt deploy DIR</code> makes one.</p>".to_owned()
    } else {
        let item = |app: &String| format!("<li><a href=\"{}\">{app}</a></li>", api.node.url(app));
        format!("<ul>{}</ul>", apps.iter().map(item).collect::<String>())
    };
    page(
        "fazt",
        &format!(
            "<h1>Your apps</h1>{list}<form method=\"post\" action=\"/logout\">\
             <button>Sign out</button></form>"
        ),
    )
}

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    link: String,
}

async fn setup_page(State(api): State<Api>, Query(given): Query<Link>) -> Response {
    let holds = api.node.access.setup_link_holds(&given.link).await.unwrap_or(false);
    if !holds {
        return told(
            StatusCode::UNAUTHORIZED,
            "This set-up link was used, replaced or is older than 30 minutes. \
             Start the node again for a new one.",
        );
    }
    // The link is letters and digits, or it would not hold.
    let link = given.link;
    page(
        "Set up fazt",
        &format!(
            "<h1>Choose your password</h1><form method=\"post\" action=\"/setup\">\
             <input type=\"hidden\" name=\"link\" value=\"{link}\">\
             <label>Password, at least {} characters<br><input type=\"password\" name=\"password\" \
             autocomplete=\"new-password\" minlength=\"{}\" required autofocus></label>\
             <button>Set up</button></form>",
            crate::auth::PASSWORD_MIN,
            crate::auth::PASSWORD_MIN
        ),
    )
}

async fn setup_form(
    State(api): State<Api>,
    visitor: Option<Extension<Visitor>>,
    request: Request,
) -> Response {
    let given = match read_form::<SetUp>(request).await {
        Ok(given) => given,
        Err(answer) => return answer,
    };
    match api.node.access.set_up(&given.link, given.password).await {
        Ok(session) => signed_in(&api.node, visitor, &session, Redirect::to("/").into_response()),
        Err(problem) => told(status(&problem), &problem.message),
    }
}

async fn login_page(Query(given): Query<Leading>) -> Response {
    let next = own_path(&given.next).map_or_else(String::new, |next| {
        format!("<input type=\"hidden\" name=\"next\" value=\"{}\">", escape(&next))
    });
    page(
        "Sign in to fazt",
        &format!(
            "<h1>Sign in</h1><form method=\"post\" action=\"/login\">{next}<label>Password<br>\
             <input type=\"password\" name=\"password\" autocomplete=\"current-password\" required \
             autofocus></label><button>Sign in</button></form>"
        ),
    )
}

async fn login_form(
    State(api): State<Api>,
    visitor: Option<Extension<Visitor>>,
    request: Request,
) -> Response {
    let given = match read_form::<LogInForm>(request).await {
        Ok(given) => given,
        Err(answer) => return answer,
    };
    let next = own_path(&given.next);
    match log_in(&api.node, given.password).await {
        Ok(session) => {
            let next = next.as_deref().unwrap_or("/");
            signed_in(&api.node, visitor, &session, Redirect::to(next).into_response())
        }
        Err(problem) => {
            let again = next.map_or_else(|| "/login".to_owned(), |next| login_to(&next));
            let again = format!("<a href=\"{}\">Sign in</a>", escape(&again));
            told_with(status(&problem), &problem.message, &again)
        }
    }
}

async fn logout_form(State(api): State<Api>, request: Request) -> Response {
    end_session(&api.node, request.headers()).await;
    signed_out(Redirect::to("/login").into_response())
}

/// Puts the session's cookie into a response.
fn signed_in(
    node: &Node,
    visitor: Option<Extension<Visitor>>,
    session: &NewSession,
    mut response: Response,
) -> Response {
    let secure = node.config.public_url.starts_with("https:")
        || visitor.is_some_and(|visitor| visitor.https);
    let (name, flag) = if secure { (SECURE_COOKIE, "; Secure") } else { (COOKIE, "") };
    let age = session.life.as_secs();
    let cookie =
        format!("{name}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{flag}", session.cookie);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn signed_out(mut response: Response) -> Response {
    for (name, flag) in [(COOKIE, ""), (SECURE_COOKIE, "; Secure")] {
        let cookie = format!("{name}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{flag}");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

fn status(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::BAD_REQUEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_to_a_path_of_this_host_and_nowhere_else() {
        for (next, path) in [
            ("/oauth/authorize?a=b&c=d", Some("/oauth/authorize?a=b&c=d")),
            ("/", Some("/")),
            ("/x#y", Some("/x")),
            ("", None),
            ("x", None),
            ("//evil.example/x", None),
            ("/\\evil.example/x", None),
            ("/\t/evil.example/x", None),
            ("/.//evil.example/x", None),
            ("/x/..//evil.example/x", None),
            ("/%2e//evil.example/x", None),
            ("https://evil.example/", None),
            ("javascript:alert(1)", None),
        ] {
            assert_eq!(own_path(next).as_deref(), path, "{next}");
        }
    }
}
