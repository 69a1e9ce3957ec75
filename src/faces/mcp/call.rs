//! One call of a tool: arguments in, a text and structured content out.
//!
//! What a person must confirm is asked first (`confirm`), a folder is packed
//! (`deploy`), everything else goes to the node as it came. A refusal is an
//! answer that teaches, not an error of the protocol.

use fazt_tools::{Caller, Effect, Problem, Spec};
use rmcp::{
    ErrorData, RoleServer,
    model::{CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Resource},
    service::RequestContext,
};
use serde_json::{Map, Value};

use super::{
    Core, confirm, deploy,
    progress::Teller,
    tools::{DETAIL, PATH, PEER},
};
use crate::clock;

/// Longest text of an answer, in bytes: well below what clients cut off.
const LONGEST: usize = 64 << 10;

/// Carries out one call.
pub(super) async fn call(
    core: &Core,
    caller: Caller,
    request: CallToolRequestParams,
    context: RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let spec = match core.tools.named(&request.name) {
        Ok(spec) => spec,
        Err(problem) => return Ok(refused(&problem).into()),
    };
    let teller = Teller::of(&context);
    // The client sees at once that something is under way: over HTTP the answer's
    // head waits for the first message.
    teller.tell(0, None, spec.title).await;
    let cancelled = context.ct.clone();
    let work = carry_out(core, &caller, spec, request, &context, &teller);
    let answered = tokio::select! {
        answered = work => answered,
        () = cancelled.cancelled() => {
            return Err(ErrorData::internal_error("the call was cancelled", None));
        }
    };
    Ok(match answered {
        Ok(response) => response,
        Err(problem) if problem.hint.is_none() => {
            let (input, _) = (spec.example)();
            refused(&problem.hint(format!("for example: `{}` with {input}", spec.name))).into()
        }
        Err(problem) => refused(&problem).into(),
    })
}

async fn carry_out(
    core: &Core,
    caller: &Caller,
    spec: &'static Spec,
    request: CallToolRequestParams,
    context: &RequestContext<RoleServer>,
    teller: &Teller,
) -> Result<CallToolResponse, Problem> {
    caller.require(spec.scope, spec.name)?;
    let mut input = request.arguments.clone().unwrap_or_default();
    // Models write `null` for what they leave out.
    for extra in [DETAIL, PEER, PATH] {
        if input.get(extra).is_some_and(Value::is_null) {
            input.remove(extra);
        }
    }
    let full = detail(spec, &mut input)?;
    if spec.effect == Effect::Remove
        && let Some(ask) = confirm::ask(core, caller, spec, &request, &mut input, context).await?
    {
        return Ok(ask);
    }
    let output = if spec.name == "deploy" {
        match deploy::deploy(core, caller, input, teller).await? {
            deploy::Done::Deployed(output) => output,
            deploy::Done::Ticket(upload) => return Ok(upload.into_result().into()),
        }
    } else {
        run(core, caller, spec, input).await?
    };
    Ok(answer(spec, output, full)?.into())
}

/// Has a tool carried out, here or on the peer that the input names.
pub(super) async fn run(
    core: &Core,
    caller: &Caller,
    spec: &Spec,
    mut input: Map<String, Value>,
) -> Result<Value, Problem> {
    let peer = input.remove(PEER);
    core.reach.call(caller, spec, peer, Value::Object(input)).await
}

/// Whether the whole answer is wanted as text.
fn detail(spec: &Spec, input: &mut Map<String, Value>) -> Result<bool, Problem> {
    if spec.effect != Effect::Read {
        return Ok(false);
    }
    match input.remove(DETAIL).as_ref().map(Value::as_str) {
        None | Some(Some("concise")) => Ok(false),
        Some(Some("full")) => Ok(true),
        Some(_) => Err(Problem::invalid(DETAIL, "give `concise` or `full`")),
    }
}

/// A tool's output as a result: a text that stands alone, and the data.
pub(super) fn answer(spec: &Spec, output: Value, full: bool) -> Result<CallToolResult, Problem> {
    let link = link(spec, &output);
    let strange = |error: serde_json::Error| {
        tracing::error!(%error, tool = spec.name, "an answer does not fit its type");
        Problem::internal()
    };
    let mut text = if full {
        serde_json::to_string_pretty(&output).map_err(strange)?
    } else {
        (spec.view)(&output).map_err(strange)?.text()
    };
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push_str("\n(cut off here; the structured content holds all of it)\n");
    }
    if spec.quotes {
        text = marked(&text);
    }
    let mut result = CallToolResult::structured(output);
    result.content = vec![ContentBlock::text(text)];
    result.content.extend(link);
    Ok(result)
}

/// A link to the app an answer is about.
fn link(spec: &Spec, output: &Value) -> Option<ContentBlock> {
    let app = output.get("app").or_else(|| output.get("name")).and_then(Value::as_str)?;
    if spec.effect == Effect::Remove || !matches!(spec.name, "deploy" | "promote" | "get_app") {
        return None;
    }
    let resource = Resource::new(format!("fazt://apps/{app}"), app);
    Some(ContentBlock::resource_link(resource))
}

/// Text between marks that its author cannot have known.
pub(super) fn marked(text: &str) -> String {
    let mark = clock::secret(12);
    format!("<fazt-data {mark}>\n{}\n</fazt-data {mark}>\n", text.trim_end())
}

/// A refusal as an answer: what happened, and what to do next.
pub(super) fn refused(problem: &Problem) -> CallToolResult {
    let mut text = format!("{}: {}", problem.code, problem.message);
    if let Some(hint) = &problem.hint {
        text.push_str("\nFix: ");
        text.push_str(hint);
    }
    let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
    if let Ok(Value::Object(details)) = serde_json::to_value(problem) {
        let mut meta = rmcp::model::MetaObject::default();
        meta.0.insert("fazt/problem".to_owned(), Value::Object(details));
        result.meta = Some(meta);
    }
    result
}
