//! Who asks: programs that register themselves (RFC 7591), and those named by the
//! address of a document.

use std::{
    collections::HashMap,
    error::Error as _,
    sync::{Arc, Mutex},
};

use axum::{
    Json,
    extract::{Extension, Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use url::Url;

use super::{Desk, body_of, failed, is_typed, refused, too_many};
use crate::{
    auth::{
        Visitor,
        oauth::{self, Metadata, Program},
    },
    clock::secret,
    ops::storage_problem,
    store::{Client, StoreError},
};

/// Registered programs that are kept; the oldest that were allowed nothing go first.
const KEPT: u32 = 500;
/// How long a document is taken to be as it was.
const FRESH: SignedDuration = SignedDuration::from_mins(5);
/// Documents that are remembered.
const DOCUMENTS: usize = 64;

/// Documents that were fetched lately.
#[derive(Default)]
pub(super) struct Documents(Mutex<HashMap<String, (Timestamp, Program)>>);

impl Documents {
    fn fresh(&self, url: &Url, now: Timestamp) -> Option<Program> {
        let mut kept = self.0.lock().ok()?;
        kept.retain(|_, (at, _)| now.duration_since(*at) < FRESH);
        kept.get(url.as_str()).map(|(_, program)| program.clone())
    }

    fn keep(&self, program: &Program, now: Timestamp) {
        if let Ok(mut kept) = self.0.lock()
            && kept.len() < DOCUMENTS
        {
            kept.insert(program.id.clone(), (now, program.clone()));
        }
    }
}

/// Why there is no program of an id.
pub(super) enum NoProgram {
    /// Nothing of that name, or it cannot be used.
    Unknown(String),
    /// The store failed.
    Store(StoreError),
}

/// The program of an id, which wants its user sent back to `redirect`. A document is
/// fetched for it: call this for the owner alone.
pub(super) async fn program(
    desk: &Desk,
    id: &str,
    redirect: Option<&str>,
) -> Result<Program, NoProgram> {
    let Some(url) = oauth::document_url(id) else {
        let found = desk.node.store.client(id).await.map_err(NoProgram::Store)?;
        let found = found.ok_or_else(|| {
            let text = "This program is not registered here, or no longer. Let it start over: \
                its settings may hold an old registration.";
            NoProgram::Unknown(text.to_owned())
        })?;
        let Client { id, name, redirects, .. } = found;
        return Ok(Program { id, name, host: None, redirects });
    };
    let now = desk.node.clock.now();
    if let Some(program) = desk.documents.fresh(&url, now) {
        return Ok(program);
    }
    let document = match desk.node.outside.document(&url).await {
        Ok(document) => document,
        Err(error) => {
            let source = error.source().map(ToString::to_string);
            tracing::info!(%error, source, client = %url, "could not fetch a client's document");
            let unproven =
                error.is_silence().then(|| oauth::unproven_program(&url, redirect)).flatten();
            let text = format!("The document that names the program, {url}: {error}.");
            return unproven.ok_or(NoProgram::Unknown(text));
        }
    };
    let program = oauth::program_of(&url, &document)
        .map_err(|rule| NoProgram::Unknown(format!("The program at {url}: {rule}.")))?;
    desk.documents.keep(&program, now);
    Ok(program)
}

/// Whether a program of that id may come for tokens; nothing is fetched for it.
pub(super) async fn is_known(desk: &Desk, id: &str) -> Result<bool, StoreError> {
    Ok(oauth::document_url(id).is_some() || desk.node.store.client(id).await?.is_some())
}

/// Registers a program.
pub(super) async fn register(
    State(desk): State<Arc<Desk>>,
    visitor: Option<Extension<Visitor>>,
    request: Request,
) -> Response {
    if let Err(wait) = desk.registrations.admit(visitor.as_deref()) {
        return too_many(wait);
    }
    let unfit = |error: &str, rule: &str| refused(StatusCode::BAD_REQUEST, error, rule);
    let metadata = |rule: &str| unfit("invalid_client_metadata", rule);
    // JSON alone: a page of another origin could send a form.
    if !is_typed(&request, "application/json") {
        return metadata("send JSON: `application/json`");
    }
    let told: Metadata = match body_of(request.into_body()).await {
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(told) => told,
            Err(error) => return metadata(&error.to_string()),
        },
        Err(rule) => return metadata(&rule),
    };
    if let Err(rule) = told.check() {
        return metadata(&rule);
    }
    let redirects = match oauth::redirects(told.redirect_uris) {
        Ok(redirects) => redirects,
        Err(rule) => return unfit("invalid_redirect_uri", &rule),
    };
    let client = Client {
        id: format!("fazt_client_{}", secret(20)),
        name: oauth::shown_name(told.client_name.as_deref(), "a program without a name"),
        redirects,
        created_at: desk.node.clock.now(),
    };
    if let Err(error) = desk.node.store.add_client(client.clone(), KEPT).await {
        return failed(&storage_problem(&error));
    }
    // What a program wished for beyond this is replaced, as RFC 7591 §3.2.1 allows.
    let body = json!({
        "client_id": client.id,
        "client_id_issued_at": client.created_at.as_second(),
        "client_name": client.name,
        "redirect_uris": client.redirects,
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    });
    (StatusCode::CREATED, Json(body)).into_response()
}
