//! Resources: apps, their files, the guides, and the skills.
//!
//! A resource is read by the same tools that agents call, so that rights and
//! limits are the tools'. Skills are an extension of the protocol
//! (`io.modelcontextprotocol/skills`): the same bytes as in `skills/`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fazt_tools::{AppName, Caller, Code, Problem, Spec, skills, specs};
use percent_encoding::percent_decode_str;
use rmcp::{
    ErrorData,
    model::{
        CacheScope, CompleteRequestParams, CompleteResult, CompletionInfo, CustomRequest,
        CustomResult, ErrorCode, ExtensionCapabilities, ListResourceTemplatesResult,
        ListResourcesResult, ReadResourceResult, Reference, Resource, ResourceContents,
        ResourceTemplate,
    },
};
use serde_json::{Map, Value, json};

use super::{Core, HOURS};
use crate::apps::site::media;

/// The extension that serves skills.
const SKILLS: &str = "io.modelcontextprotocol/skills";
/// The protocol's own methods that take params.
const SPOKEN: &[&str] = &[
    "initialize",
    "tools/call",
    "tools/list",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "prompts/list",
    "prompts/get",
    "completion/complete",
];
/// Apps on a page of resources.
const PAGE: usize = 100;
/// Bytes of a file that are read at once.
const PIECE: u64 = 256 << 10;

/// What the server can do beyond the protocol's core.
pub(super) fn extensions() -> ExtensionCapabilities {
    let mut extensions = ExtensionCapabilities::new();
    extensions.insert(SKILLS.to_owned(), Map::new());
    extensions
}

/// A page of what there is to read: first what never changes, then the apps.
pub(super) async fn list(
    core: &Core,
    caller: &Caller,
    cursor: Option<String>,
) -> Result<ListResourcesResult, ErrorData> {
    let mut resources = Vec::new();
    if cursor.is_none() {
        resources.push(
            Resource::new("fazt://apps", "apps")
                .with_title("Every app")
                .with_mime_type("application/json"),
        );
        resources.extend(skills::guides().iter().map(|guide| {
            Resource::new(format!("fazt://guide/{}", guide.topic), guide.topic)
                .with_title(guide.title)
                .with_description(guide.description)
                .with_mime_type("text/markdown")
        }));
        resources.extend(skill_files().map(|(uri, file)| {
            let named = uri.strip_prefix("skill://").unwrap_or(&uri).to_owned();
            Resource::new(uri, named).with_mime_type("text/markdown").with_size(file.len() as u64)
        }));
    }
    let mut result = ListResourcesResult::with_all_items(resources);
    // A caller that may not see apps still finds the guides.
    if caller.require(fazt_tools::Scope::AppsRead, "list_apps").is_ok() {
        let mut input = Map::new();
        input.insert("limit".to_owned(), PAGE.into());
        if let Some(cursor) = cursor {
            input.insert("cursor".to_owned(), cursor.into());
        }
        let page = ask(core, caller, "list_apps", input).await?;
        for app in page["apps"].as_array().into_iter().flatten() {
            let Some(name) = app["name"].as_str() else { continue };
            let resource = Resource::new(format!("fazt://apps/{name}"), name);
            resources_of(&mut result, resource.with_mime_type("application/json"), app);
        }
        result.next_cursor = page["cursor"].as_str().map(ToOwned::to_owned);
    }
    result.ttl_ms = Some(0);
    result.cache_scope = Some(CacheScope::Private);
    Ok(result)
}

fn resources_of(result: &mut ListResourcesResult, resource: Resource, app: &Value) {
    let resource = match app["url"].as_str() {
        Some(url) => resource.with_description(format!("served at {url}")),
        None => resource,
    };
    result.resources.push(resource);
}

/// Addresses with something to fill in.
pub(super) fn templates() -> ListResourceTemplatesResult {
    let template = |uri: &str, name: &str, title: &str, media: &str| {
        ResourceTemplate::new(uri, name).with_title(title).with_mime_type(media)
    };
    let mut result = ListResourceTemplatesResult::with_all_items(vec![
        template("fazt://apps/{app}", "app", "One app", "application/json"),
        template(
            "fazt://apps/{app}/logs",
            "logs",
            "What an app's functions logged lately",
            "text/plain",
        ),
        ResourceTemplate::new("fazt://apps/{app}/files/{+path}", "file")
            .with_title("A file of an app's live version"),
        template("fazt://guide/{topic}", "guide", "How something is done", "text/markdown"),
    ]);
    result.ttl_ms = Some(HOURS);
    result.cache_scope = Some(CacheScope::Public);
    result
}

/// Reads one resource.
pub(super) async fn read(
    core: &Core,
    caller: &Caller,
    uri: &str,
) -> Result<ReadResourceResult, ErrorData> {
    if uri.starts_with("skill://") {
        let found = skill_files().find(|(known, _)| known == uri);
        let (_, text) = found.ok_or_else(|| unknown(uri))?;
        return Ok(stable(markdown(uri, text)));
    }
    let path = uri.strip_prefix("fazt://").ok_or_else(|| unknown(uri))?;
    if let Some(topic) = path.strip_prefix("guide/") {
        let guide = skills::guides().iter().find(|guide| guide.topic == topic);
        let guide = guide.ok_or_else(|| unknown(uri))?;
        return Ok(stable(markdown(uri, guide.text())));
    }
    if path == "apps" {
        let mut input = Map::new();
        input.insert("limit".to_owned(), PAGE.into());
        let apps = ask(core, caller, "list_apps", input).await?;
        return Ok(fresh(as_json(uri, &apps)));
    }
    let rest = path.strip_prefix("apps/").ok_or_else(|| unknown(uri))?;
    let (name, within) = rest.split_once('/').unwrap_or((rest, ""));
    let Ok(app) = AppName::parse(name) else { return Err(unknown(uri)) };
    let mut input = Map::new();
    input.insert("app".to_owned(), app.as_str().into());
    if within.is_empty() && !rest.ends_with('/') {
        let app = ask(core, caller, "get_app", input).await?;
        return Ok(fresh(as_json(uri, &app)));
    }
    if within == "logs" {
        input.insert("limit".to_owned(), PAGE.into());
        let logs = ask(core, caller, "read_logs", input).await?;
        let view = (spec("read_logs").view)(&logs);
        let text = view.map(|view| view.text()).unwrap_or_default();
        let text = ResourceContents::text(super::call::marked(&text), uri);
        return Ok(fresh(text.with_mime_type("text/plain")));
    }
    let file = within.strip_prefix("files/").ok_or_else(|| unknown(uri))?;
    let file = percent_decode_str(file).decode_utf8().map_err(|_| unknown(uri))?;
    if file.is_empty() || file.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(unknown(uri));
    }
    input.insert("path".to_owned(), file.as_ref().into());
    input.insert("limit".to_owned(), PIECE.into());
    let answer = ask(core, caller, "read_file", input).await?;
    if !answer["next_offset"].is_null() {
        // Half a file that looks whole would be worse than none.
        let what = format!(
            "`{uri}` is {} bytes, and a resource holds at most {PIECE}; read it in pieces: \
             `read_file` with {}",
            answer["size"],
            json!({ "app": app.as_str(), "path": file, "offset": 0 })
        );
        return Err(ErrorData::invalid_params(what, Some(json!({ "uri": uri }))));
    }
    let content = answer["content"].as_str().unwrap_or_default();
    let media = media::content_type(&file).into_owned();
    let contents = if answer["encoding"] == "base64" {
        ResourceContents::BlobResourceContents {
            uri: uri.to_owned(),
            mime_type: Some(media),
            blob: content.to_owned(),
            meta: None,
        }
    } else if media.starts_with("text/") || is_text(&media) {
        ResourceContents::text(content, uri).with_mime_type(media)
    } else {
        ResourceContents::BlobResourceContents {
            uri: uri.to_owned(),
            mime_type: Some(media),
            blob: STANDARD.encode(content),
            meta: None,
        }
    };
    Ok(fresh(contents))
}

fn is_text(media: &str) -> bool {
    ["json", "javascript", "xml", "svg", "markdown"].iter().any(|kind| media.contains(kind))
}

fn markdown(uri: &str, text: impl Into<String>) -> ResourceContents {
    ResourceContents::text(text, uri).with_mime_type("text/markdown")
}

fn as_json(uri: &str, value: &Value) -> ResourceContents {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    ResourceContents::text(text, uri).with_mime_type("application/json")
}

/// What is the same for everybody, as long as this program runs.
fn stable(contents: ResourceContents) -> ReadResourceResult {
    let mut result = ReadResourceResult::new(vec![contents]);
    result.ttl_ms = Some(HOURS);
    result.cache_scope = Some(CacheScope::Public);
    result
}

/// What may be another in a moment, or for another caller.
fn fresh(contents: ResourceContents) -> ReadResourceResult {
    let mut result = ReadResourceResult::new(vec![contents]);
    result.ttl_ms = Some(0);
    result.cache_scope = Some(CacheScope::Private);
    result
}

fn unknown(uri: &str) -> ErrorData {
    ErrorData::resource_not_found(
        format!(
            "there is no resource `{uri}`; `resources/list` names what there is, and \
             `fazt://apps/APP/files/PATH` reads a file"
        ),
        Some(json!({ "uri": uri })),
    )
}

/// Asks a tool on behalf of a reader.
async fn ask(
    core: &Core,
    caller: &Caller,
    tool: &str,
    input: Map<String, Value>,
) -> Result<Value, ErrorData> {
    let answered = core.reach.call(caller, spec(tool), None, Value::Object(input)).await;
    answered.map_err(|problem| as_error(&problem))
}

fn spec(name: &str) -> &'static Spec {
    let found = specs().iter().find(|spec| spec.name == name);
    found.expect("the catalogue holds the tools that are named here")
}

fn as_error(problem: &Problem) -> ErrorData {
    let code = match problem.code {
        Code::Internal => ErrorCode::INTERNAL_ERROR,
        _ if problem.code.status() == 404 => ErrorCode::RESOURCE_NOT_FOUND,
        _ => ErrorCode::INVALID_PARAMS,
    };
    let message = match &problem.hint {
        Some(hint) => format!("{}; {hint}", problem.message),
        None => problem.message.clone(),
    };
    ErrorData::new(code, message, serde_json::to_value(problem).ok())
}

/// What an argument could be, from how it begins.
pub(super) async fn complete(
    core: &Core,
    caller: &Caller,
    request: CompleteRequestParams,
) -> Result<CompleteResult, ErrorData> {
    let argument = request.argument.name.as_str();
    let begun = request.argument.value.as_str();
    let known = |name: &str| {
        let known = request.context.as_ref()?.arguments.as_ref()?;
        known.get(name).cloned()
    };
    let about_apps = match &request.r#ref {
        Reference::Resource(reference) => reference.uri.starts_with("fazt://"),
        Reference::Prompt(_) => super::prompts::takes_app(argument),
        _ => false,
    };
    let mut found: Vec<String> = match argument {
        "app" if about_apps => {
            let mut input = Map::new();
            input.insert("limit".to_owned(), PAGE.into());
            if !begun.is_empty() {
                input.insert("search".to_owned(), begun.into());
            }
            let apps = ask(core, caller, "list_apps", input).await?;
            strings(&apps["apps"], "name")
        }
        "topic" => skills::guides().iter().map(|guide| guide.topic.to_owned()).collect(),
        "path" => match known("app") {
            None => Vec::new(),
            Some(app) => {
                let mut input = Map::new();
                input.insert("app".to_owned(), app.into());
                input.insert("limit".to_owned(), PAGE.into());
                if !begun.is_empty() {
                    input.insert("prefix".to_owned(), begun.into());
                }
                strings(&ask(core, caller, "list_files", input).await?["files"], "path")
            }
        },
        "version" => match known("app") {
            None => Vec::new(),
            Some(app) => {
                let mut input = Map::new();
                input.insert("app".to_owned(), app.into());
                let app = ask(core, caller, "get_app", input).await?;
                strings(&app["versions"], "version")
            }
        },
        _ => Vec::new(),
    };
    found.retain(|value| value.starts_with(begun));
    found.truncate(CompletionInfo::MAX_VALUES);
    let info =
        CompletionInfo::new(found).map_err(|error| ErrorData::internal_error(error, None))?;
    Ok(CompleteResult::new(info))
}

fn strings(rows: &Value, field: &str) -> Vec<String> {
    let rows = rows.as_array().into_iter().flatten();
    let plain = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    rows.filter_map(|row| plain(&row[field])).collect()
}

/// The skills' files by address.
fn skill_files() -> impl Iterator<Item = (String, String)> {
    skills::files(skills::Target::Any)
        .into_iter()
        .map(|(path, text)| (format!("skill://{path}"), text))
}

/// Answers the methods of the skills extension.
pub(super) fn custom(request: &CustomRequest) -> Result<CustomResult, ErrorData> {
    let params = request.params.clone().unwrap_or_default();
    let uri = params["uri"].as_str();
    let mut result = match request.method.as_str() {
        "skills/list" => json!({ "skills": skill_entries() }),
        "skills/get" => {
            let found = skill_entries().into_iter().find(|entry| entry["uri"].as_str() == uri);
            let found = found.ok_or_else(|| no_skill(uri))?;
            json!({ "skill": found })
        }
        "resources/directory/read" => json!({ "entries": directory(uri)? }),
        // rmcp hands over as unknown what it knows, but cannot read.
        method if SPOKEN.contains(&method) => {
            let what =
                format!("the params of `{method}` do not fit: its fields are of other types");
            return Err(ErrorData::invalid_params(what, None));
        }
        method => {
            return Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, method.to_owned(), None));
        }
    };
    result["ttlMs"] = HOURS.into();
    result["cacheScope"] = "public".into();
    result["resultType"] = "complete".into();
    Ok(CustomResult::new(result))
}

fn no_skill(uri: Option<&str>) -> ErrorData {
    let what = format!("there is no skill `{}`; `skills/list` names them", uri.unwrap_or(""));
    ErrorData::invalid_params(what, None)
}

/// Every skill with its front matter and the digest of each of its files.
fn skill_entries() -> Vec<Value> {
    let files: Vec<_> = skill_files().collect();
    skills::skills()
        .iter()
        .map(|skill| {
            let folder = format!("skill://{}/", skill.name);
            let resources: Vec<_> = files
                .iter()
                .filter(|(uri, _)| uri.starts_with(&folder))
                .map(
                    |(uri, text)| json!({ "uri": uri, "digest": digest(text), "size": text.len() }),
                )
                .collect();
            json!({
                "uri": format!("{folder}SKILL.md"),
                "frontmatter": front_matter(skill),
                "resources": resources,
            })
        })
        .collect()
}

fn front_matter(skill: &skills::Skill) -> Map<String, Value> {
    let fields = skill.front_matter(skills::Target::Any).into_iter();
    fields.map(|(name, value)| (name.to_owned(), value.into())).collect()
}

fn digest(text: &str) -> String {
    use std::fmt::Write as _;

    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest(text.as_bytes());
    let mut hex = String::from("sha256:");
    for byte in digest {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// What lies directly in a folder of skills.
fn directory(uri: Option<&str>) -> Result<Vec<Value>, ErrorData> {
    let folder = uri.unwrap_or_default().trim_end_matches('/').to_owned() + "/";
    let mut entries = std::collections::BTreeMap::new();
    for (known, text) in skill_files() {
        let Some(rest) = known.strip_prefix(&folder).filter(|_| folder.starts_with("skill:/"))
        else {
            continue;
        };
        match rest.split_once('/') {
            Some((name, _)) => {
                let uri = format!("{folder}{name}/");
                entries
                    .insert(uri.clone(), json!({ "uri": uri, "name": name, "type": "directory" }));
            }
            None => {
                let entry = json!({ "uri": known, "name": rest, "type": "file",
                    "mimeType": "text/markdown", "size": text.len() });
                entries.insert(known.clone(), entry);
            }
        }
    }
    if entries.is_empty() {
        return Err(no_skill(uri));
    }
    Ok(entries.into_values().collect())
}
