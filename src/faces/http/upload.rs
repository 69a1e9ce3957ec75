//! Uploads: contents for a later deploy, bundles, and ZIPs from anywhere.
//!
//! Bodies go to a spool file beside the database as they come, hashed on the
//! way, so that memory stays bounded; only small bundles are held.

use std::io::{Seek as _, Write as _};

use axum::{
    extract::{FromRequest as _, Multipart, Path, Request, State},
    http::{HeaderMap, header},
    response::Response,
};
use bytes::Bytes;
use fazt_tools::{AppName, Caller, Code, Problem, Scope, deploy::Input};
use futures_util::{Stream, StreamExt as _};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{
    Api,
    answer::{failure, success},
    caller::authenticate,
    input::{PAUSE, collect, paused},
};
use crate::{
    apps::progress::{Progress, Stage},
    node::Node,
    ops::{spool_beside, spool_problem},
    peers::BUNDLE_TYPE,
    store::Hash,
};

/// Longest bundle as it travels; unpacked it is bounded again.
const BUNDLE: usize = 80 << 20;
/// Bytes that the fields beside an archive may have together.
const FIELDS: usize = 64 << 10;

/// Whether a deploy's body is files rather than JSON.
pub(super) fn is_upload(headers: &HeaderMap) -> bool {
    let media = media(headers);
    !media.is_empty() && media != "application/json"
}

fn media(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().split(';').next().unwrap_or_default().trim()
}

/// Stores the contents of a bundle.
pub(super) async fn blobs(State(api): State<Api>, request: Request) -> Response {
    let stored = async {
        let caller = authenticate(&api.node, request.headers(), true).await?;
        caller.require(Scope::AppsWrite, "an upload")?;
        let bundle = collect(request.into_body(), BUNDLE).await?;
        api.node.receive_bundle(bundle).await
    };
    match stored.await {
        Ok(()) => success(json!({ "stored": true })),
        Err(problem) => failure(&problem),
    }
}

/// Stores one content under its hash.
pub(super) async fn blob(
    State(api): State<Api>,
    Path(hash): Path<String>,
    request: Request,
) -> Response {
    let stored = async {
        let caller = authenticate(&api.node, request.headers(), true).await?;
        caller.require(Scope::AppsWrite, "an upload")?;
        let hash: Hash = hash.parse().map_err(|rule: String| Problem::invalid("hash", rule))?;
        let most = api.node.limits.file_bytes;
        let spooled =
            spool(&api.node, request.into_body().into_data_stream(), most, &Progress::default())
                .await?;
        let path = spooled.file.into_temp_path();
        api.node.receive_spool(hash.0, spooled.hash, spooled.size, path).await
    };
    match stored.await {
        Ok(()) => success(json!({ "stored": true })),
        Err(problem) => failure(&problem),
    }
}

/// Deploys the ZIP that an address was made for.
pub(super) async fn ticket(
    State(api): State<Api>,
    Path(ticket): Path<String>,
    request: Request,
) -> Response {
    let deployed = async {
        let (caller, input) = api.node.spend_ticket(&ticket).await?;
        let most = api.node.limits.app_bytes;
        let pieces = request.into_body().into_data_stream();
        let archive = spool(&api.node, pieces, most, &Progress::default()).await?;
        let mut file = archive.file.into_file();
        file.rewind().map_err(|error| spool_problem(&error))?;
        let node = api.node.clone();
        let work =
            async move { node.deploy_zip(&caller, input, file, None, &Progress::default()).await };
        api.node.lifecycle.finish(work).await.unwrap_or_else(|| Err(Problem::internal()))
    };
    match deployed.await {
        Ok(output) => success(json!(output)),
        Err(problem) => failure(&problem),
    }
}

/// What a ZIP upload may say beside the archive.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Beside {
    #[serde(alias = "name", alias = "site_name")]
    app: Option<AppName>,
    #[serde(default)]
    preview: bool,
    message: Option<String>,
    spa: Option<bool>,
}

/// A deploy's files, arrived whole.
pub(super) enum Upload {
    /// Contents with the deploy's input as their head.
    Bundle(Bytes),
    /// An archive, and the name of its file.
    Zip(Input, std::fs::File, Option<AppName>),
}

/// Takes in a bundle, a multipart form or a bare ZIP, with a fingerprint of it.
pub(super) async fn receive(
    api: &Api,
    caller: &Caller,
    request: Request,
    progress: &Progress,
) -> Result<(Upload, Hash), Problem> {
    let kind = media(request.headers()).to_owned();
    if kind == BUNDLE_TYPE {
        let bundle = collect(request.into_body(), BUNDLE).await?;
        let fingerprint = Hash::of(&bundle);
        return Ok((Upload::Bundle(bundle), fingerprint));
    }
    let query = request.uri().query().unwrap_or_default().to_owned();
    let mut fields: Vec<(String, String)> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    // A misspelt query is refused before the archive comes.
    read_fields(&fields)?;
    let (archive, called) = if kind == "multipart/form-data" {
        from_form(api, request, &mut fields, progress).await?
    } else {
        let most = api.node.limits.app_bytes;
        let pieces = request.into_body().into_data_stream();
        (spool(&api.node, pieces, most, progress).await?, None)
    };
    let beside = read_fields(&fields)?;
    let input = Input {
        app: beside.app,
        preview: beside.preview,
        message: beside.message,
        spa: beside.spa,
        ..Input::default()
    };
    if let Some(app) = &input.app {
        caller.require_app(app)?;
    }
    // Not of the form's own bytes: its boundary is another each time.
    let named = json!([input, called]).to_string();
    let fingerprint = Hash::of(&[&archive.hash[..], named.as_bytes()].concat());
    let mut file = archive.file.into_file();
    file.rewind().map_err(|error| spool_problem(&error))?;
    Ok((Upload::Zip(input, file, called), fingerprint))
}

/// Deploys what arrived.
pub(super) async fn deploy(
    api: &Api,
    caller: &Caller,
    upload: Upload,
    progress: &Progress,
) -> Result<Value, Problem> {
    let output = match upload {
        Upload::Bundle(bundle) => api.node.deploy_bundle(caller, bundle).await?,
        Upload::Zip(input, file, called) => {
            api.node.deploy_zip(caller, input, file, called, progress).await?
        }
    };
    Ok(json!(output))
}

/// Takes in a form: its fields go behind those of the query, and before them where
/// both say something.
async fn from_form(
    api: &Api,
    request: Request,
    fields: &mut Vec<(String, String)>,
    progress: &Progress,
) -> Result<(Spooled, Option<AppName>), Problem> {
    let broken =
        |error: String| Problem::new(Code::BadRequest, format!("the form is broken: {error}"));
    let mut request = request;
    axum::extract::DefaultBodyLimit::disable().apply(&mut request);
    let mut form =
        Multipart::from_request(request, &()).await.map_err(|e| broken(e.body_text()))?;
    let mut archive = None;
    let mut room = FIELDS;
    loop {
        let field = timeout(PAUSE, form.next_field()).await.map_err(|_| paused())?;
        let Some(mut field) = field.map_err(|e| broken(e.body_text()))? else { break };
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            let stem =
                field.file_name().and_then(|name| name.strip_suffix(".zip").map(ToOwned::to_owned));
            let pieces = field.map(|piece| piece.map_err(axum::Error::new));
            let most = api.node.limits.app_bytes;
            archive = Some((stem, spool(&api.node, pieces, most, progress).await?));
        } else {
            let mut text = Vec::new();
            loop {
                let piece = timeout(PAUSE, field.chunk()).await.map_err(|_| paused())?;
                let Some(piece) = piece.map_err(|e| broken(e.body_text()))? else { break };
                room = room.checked_sub(piece.len()).ok_or_else(|| {
                    Problem::new(
                        Code::TooLarge,
                        format!("the fields beside `file` are longer than {FIELDS} bytes"),
                    )
                    .detail("limit", FIELDS)
                })?;
                text.extend_from_slice(&piece);
            }
            let text = String::from_utf8(text)
                .map_err(|_| Problem::invalid(name.as_str(), "it is not valid UTF-8"))?;
            fields.push((name, text));
        }
    }
    let (stem, archive) = archive.ok_or_else(|| {
        Problem::invalid("file", "the form has no field `file`")
            .hint("`curl -F file=@site.zip -F app=my-app …/api/deploy`")
    })?;
    Ok((archive, stem.and_then(|stem| AppName::slug(&stem))))
}

/// Reads form fields or a query, in which everything is text.
fn read_fields(fields: &[(String, String)]) -> Result<Beside, Problem> {
    let mut object = serde_json::Map::new();
    for (name, text) in fields {
        let value = match (name.as_str(), text.as_str()) {
            ("preview" | "spa", "true" | "1" | "on" | "") => true.into(),
            ("preview" | "spa", "false" | "0" | "off") => false.into(),
            (_, text) => text.into(),
        };
        object.insert(name.clone(), value);
    }
    serde_json::from_value(object.into()).map_err(|error| {
        Problem::new(Code::ValidationFailed, format!("a field does not fit: {error}"))
            .hint("beside `file` there may be `app`, `preview`, `message` and `spa`")
    })
}

struct Spooled {
    file: tempfile::NamedTempFile,
    hash: [u8; 32],
    size: u64,
}

/// Writes a body to a spool file as it comes.
async fn spool(
    node: &Node,
    pieces: impl Stream<Item = Result<Bytes, axum::Error>>,
    most: u64,
    progress: &Progress,
) -> Result<Spooled, Problem> {
    let mut file = spool_beside(node.db()).map_err(|error| spool_problem(&error))?;
    let mut hasher = blake3::Hasher::new();
    let (mut size, mut told) = (0, 0);
    let mut pieces = std::pin::pin!(pieces);
    loop {
        let piece = timeout(PAUSE, pieces.next()).await.map_err(|_| paused())?;
        let Some(piece) = piece else { break };
        let piece = piece.map_err(|error| {
            Problem::new(Code::BadRequest, format!("the body broke off: {error}"))
        })?;
        size += piece.len() as u64;
        if size > most {
            return Err(Problem::new(
                Code::TooLarge,
                format!("the upload is longer than {most} bytes"),
            )
            .detail("limit", most));
        }
        progress.tell_now_and_then(Stage::Receiving, 0, size, &mut told);
        hasher.update(&piece);
        // A write to the page cache takes microseconds; a hop to another
        // thread would take longer.
        file.write_all(&piece).map_err(|error| spool_problem(&error))?;
    }
    file.flush().map_err(|error| spool_problem(&error))?;
    Ok(Spooled { file, hash: *hasher.finalize().as_bytes(), size })
}
