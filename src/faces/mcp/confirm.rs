//! A person says yes before something goes away.
//!
//! Three ways, by what the client can do: its own form in answer to a result
//! that asks (2026-07-28), its form asked for by the server (older revisions), or,
//! without forms, the name of the thing repeated in `confirm`. What a client
//! brings back is sealed, bound to caller and call, good once and for minutes.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use fazt_tools::{Caller, Code, Problem, Spec};
use rmcp::{
    RoleServer,
    model::{
        CallToolRequestParams, CallToolResponse, ElicitRequestParams, ElicitResult,
        ElicitationAction, ElicitationSchema, InputRequest, InputRequiredResult, ProtocolVersion,
        RequestStateCodec, SealOptions,
    },
    service::RequestContext,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Core, tools::CONFIRM};
use crate::clock::{self, Clock as _, SystemClock};

/// How long a question may be answered.
const LIFE: Duration = Duration::from_mins(5);
/// The question's name within a request for input.
const KEY: &str = "confirm";

/// What is sealed into a question, and which of them were answered.
pub(super) struct Confirmations {
    codec: RequestStateCodec,
    /// Answered ones and when they would have ended anyway, in Unix seconds.
    spent: Mutex<HashMap<String, i64>>,
}

/// What a client carries from the question to the answer.
#[derive(Deserialize, Serialize)]
struct State {
    nonce: String,
}

impl Default for Confirmations {
    fn default() -> Self {
        // A question does not outlive the process: the client asks again.
        Self {
            codec: RequestStateCodec::try_new(clock::secret(48).into_bytes())
                .expect("48 letters are longer than the shortest key"),
            spent: Mutex::default(),
        }
    }
}

impl Confirmations {
    fn seal(&self, bound: &[u8]) -> Result<String, Problem> {
        let state = State { nonce: clock::secret(24) };
        let options = SealOptions::new().associated_data(bound).ttl(LIFE);
        self.codec.seal_json_with(&state, &options).map_err(|error| {
            tracing::error!(%error, "could not seal a question");
            Problem::internal()
        })
    }

    /// Opens what a client brought back and spends it.
    fn spend(&self, sealed: &str, bound: &[u8]) -> Result<(), Problem> {
        let refused = |why: &str| {
            Problem::new(Code::ConfirmationNeeded, format!("this confirmation {why}"))
                .hint("call the tool again without `requestState`; a new question is asked")
        };
        let state: State = self
            .codec
            .open_json_with(sealed, bound)
            .map_err(|_| refused("is too old, or of another call or caller"))?;
        let now = SystemClock.now().as_second();
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.retain(|_, end| *end > now);
        let end = now + i64::try_from(LIFE.as_secs()).unwrap_or(i64::MAX) + 1;
        match spent.insert(state.nonce, end) {
            None => Ok(()),
            Some(_) => Err(refused("was used already")),
        }
    }
}

/// Makes sure that a person agrees: `None` when the call may go on, else what to
/// answer the client.
pub(super) async fn ask(
    core: &Core,
    caller: &Caller,
    spec: &Spec,
    request: &CallToolRequestParams,
    input: &mut Map<String, Value>,
    context: &RequestContext<RoleServer>,
) -> Result<Option<CallToolResponse>, Problem> {
    let given = input.remove(CONFIRM);
    if caller.approval {
        // The call is held for a person anyway, who is asked then.
        return Ok(None);
    }
    let bound = bound_to(caller, spec, input);
    if let Some(sealed) = &request.request_state {
        core.confirmations.spend(sealed, &bound)?;
        let answers = request.input_responses.as_ref();
        let answer = answers.and_then(|answers| answers.get(KEY)).cloned();
        let answer: Option<ElicitResult> =
            answer.and_then(|answer| serde_json::from_value(answer).ok());
        return agreed(answer.as_ref()).map(|()| None);
    }
    let question = core.reach.question(caller, spec, input.clone()).await?;
    let capabilities = context.client_capabilities();
    let forms = capabilities.and_then(|capabilities| capabilities.elicitation);
    // A client that says nothing more than `elicitation: {}` means forms.
    let forms = forms.is_some_and(|forms| forms.form.is_some() || forms.url.is_none());
    if !forms {
        let name = name_of(spec, input);
        if given.as_ref().and_then(Value::as_str) == Some(name.as_str()) {
            return Ok(None);
        }
        return Err(Problem::new(Code::ConfirmationNeeded, question)
            .hint(format!(
                "ask your user; if they agree, call `{}` again with `\"{CONFIRM}\": \"{name}\"`",
                spec.name
            ))
            .detail(CONFIRM, name));
    }
    let form = ElicitRequestParams::FormElicitationParams {
        meta: None,
        message: question,
        requested_schema: form(spec)?,
    };
    let modern = context
        .protocol_version()
        .is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str());
    if modern {
        let asked = BTreeMap::from([(
            KEY.to_owned(),
            InputRequest::Elicitation(rmcp::model::ElicitRequest::new(form)),
        )]);
        let sealed = core.confirmations.seal(&bound)?;
        return Ok(Some(InputRequiredResult::new(Some(asked), Some(sealed)).into()));
    }
    let unanswered = |why: String| {
        Problem::new(Code::ConfirmationNeeded, format!("nobody answered the question: {why}"))
            .hint("nothing was changed; call the tool again")
    };
    let answer = tokio::select! {
        answer = context.peer.create_elicitation_with_timeout(form, Some(LIFE)) => answer,
        // Nobody is there to answer, and the end should not wait for it.
        () = core.watch.lifecycle().stopping() => return Err(unanswered("it is over".to_owned())),
    };
    let answer = answer.map_err(|error| unanswered(error.to_string()))?;
    agreed(Some(&answer)).map(|()| None)
}

/// Refuses unless the person said yes.
fn agreed(answer: Option<&ElicitResult>) -> Result<(), Problem> {
    let said = answer.filter(|answer| answer.action == ElicitationAction::Accept);
    let yes = said.and_then(|answer| answer.content.as_ref()?.get(KEY)?.as_bool());
    if yes == Some(true) {
        return Ok(());
    }
    Err(Problem::new(Code::ConfirmationNeeded, "your user did not agree; nothing was changed")
        .hint("leave it, unless your user asks for it again"))
}

fn form(spec: &Spec) -> Result<ElicitationSchema, Problem> {
    serde_json::from_value(json!({
        "type": "object",
        "properties": { KEY: { "type": "boolean", "title": spec.title, "default": false } },
        "required": [KEY],
    }))
    .map_err(|_| Problem::internal())
}

/// What a confirmation is good for: this caller, this tool, this input.
fn bound_to(caller: &Caller, spec: &Spec, input: &Map<String, Value>) -> Vec<u8> {
    let mut input = Value::Object(input.clone());
    // Equal inputs are equal bytes, in whichever order a client writes them.
    input.sort_all_objects();
    json!([caller.name, spec.name, input]).to_string().into_bytes()
}

/// The name of what is to go: what the tool's path names.
pub(super) fn name_of(spec: &Spec, input: &Map<String, Value>) -> String {
    let names: Vec<_> = spec
        .route
        .fields()
        .filter_map(|field| input.get(field))
        .map(|value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned))
        .collect();
    names.join("/")
}
