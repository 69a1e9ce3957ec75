//! Tools that decide on calls which wait for a person: list, approve, deny.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Effect, Route, Scope, Tool, View, skills::Call, tool::example, undo::Undo, view};

/// See [`ListInput`].
pub struct ListApprovals;
/// See [`ApproveInput`].
pub struct Approve;
/// See [`DenyInput`].
pub struct Deny;

/// What became of a call that waited.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It waits
    Pending,
    /// A person approved it; it was carried out, or is being so
    Approved,
    /// A person denied it; nothing was changed
    Denied,
    /// A person approved it, and it was refused when it was carried out
    Failed,
    /// Nobody decided within a day; nothing was changed
    Expired,
}

impl State {
    /// The word shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }
}

/// A call that waits, or waited, for a person.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Approval {
    /// Its number, which `approve` and `deny` take
    pub id: i64,
    /// The token that asked
    pub by: String,
    /// With which program
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The tool to be carried out
    pub tool: String,
    /// What the tool was given
    pub input: Value,
    /// What it would take away, as it was when the token asked
    pub question: String,
    /// What became of it
    pub state: State,
    /// When the token asked
    pub created_at: Timestamp,
    /// Until when a person may decide
    pub expires_at: Timestamp,
    /// When a person decided
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
}

/// List the calls of tokens that wait for a person, newest first.
///
/// A token made with `approval: human` removes nothing by itself: its call waits
/// here for a day, until `approve` carries it out or `deny` ends it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct ListInput {
    /// List those that are decided or expired as well
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// List at most this many, 1 to 100; default: 20
    #[arg(long, value_name = "N")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Go on from the `cursor` of an earlier answer
    #[arg(long, value_name = "CURSOR")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// The calls.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct ListOutput {
    /// The calls, newest first
    pub approvals: Vec<Approval>,
    /// How many there are in all
    pub total: u64,
    /// Where the next page begins
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A call as the examples have it.
fn waiting(state: &str) -> Value {
    json!({
        "id": 1, "by": "bot", "tool": "delete_app", "input": { "app": "hello" },
        "question": "Move `hello` to the trash?", "state": state,
        "created_at": "2026-11-20T07:00:00Z", "expires_at": "2026-11-21T07:00:00Z"
    })
}

impl Tool for ListApprovals {
    const NAME: &'static str = "list_approvals";
    const TITLE: &'static str = "List approvals";
    const EFFECT: Effect = Effect::Read;
    const SCOPE: Scope = Scope::ServerAdmin;
    const AGENT: bool = false;
    const ROUTE: Route = Route::get("/api/approvals");
    const COMMANDS: &'static [&'static str] = &["approvals"];
    const EXAMPLES: &'static [(&'static str, &'static str)] =
        &[("fazt approvals --all", "what was decided, too")];
    type Input = ListInput;
    type Output = ListOutput;

    fn example() -> (ListInput, ListOutput) {
        example(json!({}), json!({ "total": 1, "approvals": [waiting("pending")] }))
    }

    fn view(out: &ListOutput) -> View {
        let row = |call: &Approval| {
            vec![
                call.id.to_string(),
                call.state.as_str().to_owned(),
                format!("token {}", call.by),
                call.question.clone(),
                view::moment(call.expires_at),
            ]
        };
        let rows = out.approvals.iter().map(row).collect();
        let columns = &[">id", "state", "asked by", "question", "until"];
        let view = View::of_table(columns, "nothing waits for approval", rows);
        match out.approvals.iter().find(|call| call.state == State::Pending) {
            Some(call) => view.next(format!("fazt approve {0}, or fazt deny {0}", call.id)),
            None => view,
        }
    }
}

/// Approve a token's call that waits: it is carried out now, as that token.
///
/// Only a person may: the owner signed in, or at the machine itself. The token
/// must still be allowed what it asked for. The ledger names both.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct ApproveInput {
    /// Name the approval by its number
    #[arg(value_name = "ID")]
    pub id: i64,
}

/// What the approved call did.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct ApproveOutput {
    /// The call that waited
    pub approval: Approval,
    /// What its tool answered
    pub output: Value,
    /// The change to undo
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<i64>,
}

impl Tool for Approve {
    const NAME: &'static str = "approve";
    const TITLE: &'static str = "Approve a call";
    const EFFECT: Effect = Effect::Replace;
    const SCOPE: Scope = Scope::ServerAdmin;
    const AGENT: bool = false;
    const ROUTE: Route = Route::post("/api/approvals/{id}/approve");
    const COMMANDS: &'static [&'static str] = &["approve"];
    const EXAMPLES: &'static [(&'static str, &'static str)] =
        &[("fazt approve 3", "`fazt approvals` lists what waits")];
    type Input = ApproveInput;
    type Output = ApproveOutput;

    fn example() -> (ApproveInput, ApproveOutput) {
        let mut approval = waiting("approved");
        approval["decided_at"] = json!("2026-11-20T07:05:00Z");
        let output = json!({
            "app": "hello", "versions": 1, "kept_until": "2026-12-20T07:05:00Z", "change": 2
        });
        let output = json!({ "approval": approval, "output": output, "change": 2 });
        example(json!({ "id": 1 }), output)
    }

    fn view(out: &ApproveOutput) -> View {
        let spec = crate::specs().iter().find(|spec| spec.name == out.approval.tool);
        let done = spec.and_then(|spec| (spec.view)(&out.output).ok());
        let does = format!("approved for token {}", out.approval.by);
        let view = match done.and_then(|view| view.headline) {
            Some(headline) => View::says(format!("{does}: {headline}")),
            None => View::says(format!("{does}: {} is done", out.approval.tool)),
        };
        match out.change {
            Some(change) => view.next(Call::of::<Undo>(json!({ "change": change }))),
            None => view,
        }
    }
}

/// Deny a token's call that waits; nothing is changed, and the token is told so.
///
/// Only a person may: the owner signed in, or at the machine itself. A denial is
/// final for this call, and the token may ask again.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct DenyInput {
    /// Name the approval by its number
    #[arg(value_name = "ID")]
    pub id: i64,
}

/// What was denied.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct DenyOutput {
    /// The call that waited
    pub approval: Approval,
}

impl Tool for Deny {
    const NAME: &'static str = "deny";
    const TITLE: &'static str = "Deny a call";
    const EFFECT: Effect = Effect::Replace;
    const SCOPE: Scope = Scope::ServerAdmin;
    const AGENT: bool = false;
    const ROUTE: Route = Route::post("/api/approvals/{id}/deny");
    const COMMANDS: &'static [&'static str] = &["deny"];
    type Input = DenyInput;
    type Output = DenyOutput;

    fn example() -> (DenyInput, DenyOutput) {
        let mut approval = waiting("denied");
        approval["decided_at"] = json!("2026-11-20T07:05:00Z");
        example(json!({ "id": 1 }), json!({ "approval": approval }))
    }

    fn view(out: &DenyOutput) -> View {
        let Approval { tool, by, .. } = &out.approval;
        View::says(format!("denied: `{tool}` of token {by} is not carried out"))
    }
}
