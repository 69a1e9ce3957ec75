//! A program asks, the owner decides: `/oauth/authorize`.
//!
//! The owner signs in before anything is looked at, so that a stranger learns nothing
//! and lets nothing be fetched. An address is led back to only if the program named it;
//! every answer there bears `iss` (RFC 9207).

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Redirect, Response},
};
use fazt_tools::{AppName, Caller, Face, Problem, Scope, Scopes};
use serde_json::json;
use subtle::ConstantTimeEq as _;
use url::Url;

use super::{
    super::{
        caller::session_cookie,
        page::{escape, told_with},
        sign_in::sign_in_first,
    },
    Desk, Fields, Origin,
    clients::{self, NoProgram},
    consent, form_of,
};
use crate::{
    auth::oauth::{self, Program},
    node::Node,
    ops::storage_problem,
    store::{NewGrant, Session},
};

/// What a program asks for.
pub(super) struct Asked {
    pub(super) program: Program,
    pub(super) scopes: Scopes,
    way: Way,
    /// The address as the program wrote it: it must say the same for its tokens.
    redirect_text: String,
    challenge: String,
    resource: String,
}

impl Asked {
    /// Where the owner is sent back to.
    pub(super) fn redirect(&self) -> &Url {
        &self.way.redirect
    }
}

/// Why nothing is asked of the owner.
enum Refused {
    /// There is nowhere to lead back to.
    Here(String),
    /// The program is told.
    Back { way: Way, error: &'static str, description: String },
    /// The node could not.
    Node(Problem),
}

/// The way back to a program.
#[derive(Clone)]
struct Way {
    redirect: Url,
    state: Option<String>,
    issuer: String,
}

impl Way {
    /// The address with an answer.
    fn with(&self, answer: &[(&str, &str)]) -> Url {
        let mut url = self.redirect.clone();
        let mut pairs = url.query_pairs_mut();
        pairs.extend_pairs(answer);
        if let Some(state) = &self.state {
            pairs.append_pair("state", state);
        }
        pairs.append_pair("iss", &self.issuer);
        drop(pairs);
        url
    }
}

/// Shows the owner what is asked for.
pub(super) async fn show(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let session = match session_of(&desk.node, request.headers()).await {
        Ok(Some(session)) => session,
        Ok(None) => return sign_in_first(&format!("/oauth/authorize?{query}")),
        Err(problem) => return here(&problem),
    };
    let origin = Origin::of(&desk.node, &request);
    match read(&desk, &origin, &query).await {
        Ok(asked) => consent::page(&asked, &query, &session.csrf),
        Err(refused) => answer(refused),
    }
}

/// Does as the owner decided.
pub(super) async fn decide(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let session = match session_of(&desk.node, request.headers()).await {
        Ok(session) => session,
        Err(problem) => return here(&problem),
    };
    let origin = Origin::of(&desk.node, &request);
    let form = match form_of(request).await {
        Ok(form) => form,
        Err(rule) => return page(StatusCode::BAD_REQUEST, &rule),
    };
    let query = form.all("request").first().copied().unwrap_or_default().to_owned();
    let Some(session) = session else {
        return sign_in_first(&format!("/oauth/authorize?{query}"));
    };
    let csrf = form.all("csrf").first().copied().unwrap_or_default();
    if !bool::from(csrf.as_bytes().ct_eq(session.csrf.as_bytes())) {
        return page(StatusCode::FORBIDDEN, "This form was not made by this session's page.");
    }
    let asked = match read(&desk, &origin, &query).await {
        Ok(asked) => asked,
        Err(refused) => return answer(refused),
    };
    let way = asked.way.clone();
    if form.all("decision") != ["allow"] {
        let told = [("error", "access_denied"), ("error_description", "the owner said no")];
        return Redirect::to(way.with(&told).as_str()).into_response();
    }
    match allow(&desk, asked, &form).await {
        Ok(code) => Redirect::to(way.with(&[("code", &code)]).as_str()).into_response(),
        Err(refused) => answer(refused),
    }
}

/// Stores what the owner left of what was asked for; answers the code for it.
async fn allow(desk: &Desk, asked: Asked, form: &Fields) -> Result<String, Refused> {
    let ticked = form.all("allow").into_iter().filter_map(|word| word.parse::<Scope>().ok());
    let scopes = asked.scopes.and(ticked.collect());
    if scopes == Scopes::default() {
        let text = "Nothing was ticked, so nothing was allowed. Go back and tick what it may do.";
        return Err(Refused::Here(text.to_owned()));
    }
    let named = form.all("apps").join(" ");
    let named = named.split([' ', ',']).filter(|name| !name.is_empty());
    let apps: Vec<AppName> = named
        .map(AppName::parse)
        .collect::<Result<_, _>>()
        .map_err(|error| Refused::Here(format!("Go back and mend the list of apps: {error}.")))?;
    let apps = (!apps.is_empty()).then_some(apps);
    let input = json!({
        "client": asked.program.id, "name": asked.program.name, "scopes": oauth::words(scopes),
        "apps": apps, "redirect": asked.redirect_text,
    });
    let actor = desk.node.actor(&Caller::owner(Face::Admin), "oauth_consent", input);
    let grant = NewGrant {
        client: asked.program.id,
        client_name: asked.program.name,
        resource: asked.resource,
        scopes,
        apps,
    };
    let code = desk.node.access.allow(grant, asked.redirect_text, asked.challenge, actor).await;
    code.map_err(|error| Refused::Node(storage_problem(&error)))
}

/// Reads what a program asks for, in the order in which it can be trusted.
async fn read(desk: &Desk, origin: &Origin, query: &str) -> Result<Asked, Refused> {
    let fields = Fields::read(query.as_bytes());
    let client = fields.needed("client_id").map_err(Refused::Here)?;
    let given = fields.one("redirect_uri").map_err(Refused::Here)?;
    let program = clients::program(desk, client, given).await.map_err(|error| match error {
        NoProgram::Unknown(text) => Refused::Here(text),
        NoProgram::Store(error) => Refused::Node(storage_problem(&error)),
    })?;
    let redirect = program.redirect(given).ok_or_else(|| {
        Refused::Here(format!(
            "{} wants you to be sent back to an address that it did not name before.",
            program.name
        ))
    })?;
    let redirect_text = given.map_or_else(|| program.redirects[0].clone(), ToOwned::to_owned);
    let state = fields.all("state").first().map(|&state| state.to_owned());
    let way = Way { redirect, state, issuer: origin.as_str().to_owned() };
    let back = |error: &'static str, description: &str| Refused::Back {
        way: way.clone(),
        error,
        description: description.to_owned(),
    };
    let one = |name: &str| fields.one(name).map_err(|rule| back("invalid_request", &rule));
    one("state")?;
    match one("response_type")? {
        Some("code") => {}
        Some(_) => return Err(back("unsupported_response_type", "only `code` is given")),
        None => return Err(back("invalid_request", "`response_type` is missing")),
    }
    if one("response_mode")?.is_some_and(|mode| mode != "query") {
        return Err(back("invalid_request", "the answer comes in the query"));
    }
    if one("request")?.is_some() || one("request_uri")?.is_some() {
        return Err(back("request_not_supported", "send the fields themselves"));
    }
    if one("prompt")? == Some("none") {
        return Err(back("consent_required", "the owner is asked each time"));
    }
    let method = one("code_challenge_method")?;
    let challenge = one("code_challenge")?.filter(|text| oauth::is_challenge(text));
    let Some(challenge) = challenge.filter(|_| method == Some("S256")) else {
        let rule = "PKCE is needed: `code_challenge` with `code_challenge_method=S256`";
        return Err(back("invalid_request", rule));
    };
    let scopes = oauth::scopes_of(one("scope")?)
        .ok_or_else(|| back("invalid_scope", "none of these scopes is known"))?;
    let resource = oauth::resource_of(&fields.all("resource"), origin.as_str())
        .ok_or_else(|| back("invalid_target", "`resource` is no address of this node"))?;
    let challenge = challenge.to_owned();
    Ok(Asked { program, scopes, way, redirect_text, challenge, resource })
}

/// Tells why nothing was asked. A program of this machine is told without more ado; an
/// address on the web is shown first, as anybody may have registered it (RFC 9700
/// §4.11.2).
fn answer(refused: Refused) -> Response {
    match refused {
        Refused::Here(text) => page(StatusCode::BAD_REQUEST, &text),
        Refused::Node(problem) => here(&problem),
        Refused::Back { way, error, description } => {
            let url = way.with(&[("error", error), ("error_description", &description)]);
            if url.scheme() != "https" {
                return Redirect::to(url.as_str()).into_response();
            }
            let text = format!("The program asked wrongly: {description}.");
            let host = escape(url.host_str().unwrap_or_default());
            let link = format!("<a href=\"{}\">Back to {host}</a>", escape(url.as_str()));
            told_with(StatusCode::BAD_REQUEST, &text, &link)
        }
    }
}

async fn session_of(node: &Node, headers: &HeaderMap) -> Result<Option<Session>, Problem> {
    match session_cookie(node, headers) {
        Some(cookie) => node.access.session(cookie).await.map_err(|e| storage_problem(&e)),
        None => Ok(None),
    }
}

fn here(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.code.status());
    page(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &problem.message)
}

fn page(status: StatusCode, text: &str) -> Response {
    told_with(status, text, "You can close this page.")
}
