//! What went wrong, said so that the reader can mend it.
//!
//! One table maps a code to its HTTP status, its exit code and its meaning; the
//! documents and the faces read that table. Inner errors stay inside the node:
//! only what helps the caller is in a [`Problem`].

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Tool, tool};

macro_rules! codes {
    ($($variant:ident $word:literal $status:literal $exit:literal $means:literal;)+) => {
        /// A stable code that programs may branch on.
        #[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
        pub enum Code {
            $(#[doc = $means] #[serde(rename = $word)] $variant,)+
        }

        impl Code {
            /// Every code, in the order of documents.
            pub const ALL: &'static [Code] = &[$(Code::$variant),+];

            /// The word that travels.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
            /// The HTTP status it is answered with.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }
            /// The exit code of a command that ends with it.
            pub fn exit(self) -> u8 {
                match self { $(Self::$variant => $exit,)+ }
            }
            /// What it means, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $means,)+ }
            }
        }
    };
}

codes! {
    ValidationFailed "VALIDATION_FAILED" 400 2 "The input does not fit; `details` names the field.";
    BadRequest "BAD_REQUEST" 400 2 "The request cannot be read.";
    BadArchive "BAD_ARCHIVE" 400 1 "The ZIP or bundle is damaged or breaks a rule; nothing was stored.";
    BadManifest "BAD_MANIFEST" 400 1 "`manifest.json` cannot be used.";
    BadFunction "BAD_FUNCTION" 400 1 "A script under `api/` cannot run; `details.problems` names each fault with its place.";
    Unauthorized "UNAUTHORIZED" 401 1 "No valid token or session came with the request.";
    Forbidden "FORBIDDEN" 403 1 "The caller is known and lacks a scope or an app.";
    CsrfFailed "CSRF_FAILED" 403 1 "A session's mutation came without its CSRF header.";
    NotFound "NOT_FOUND" 404 1 "There is nothing of that name.";
    AppNotFound "APP_NOT_FOUND" 404 1 "No app has that name; near names are suggested.";
    VersionNotFound "VERSION_NOT_FOUND" 404 1 "The app has no such version.";
    FileNotFound "FILE_NOT_FOUND" 404 1 "The version holds no such file.";
    ChangeNotFound "CHANGE_NOT_FOUND" 404 1 "The ledger has no such change.";
    PeerNotFound "PEER_NOT_FOUND" 404 1 "No peer has that name.";
    TokenNotFound "TOKEN_NOT_FOUND" 404 1 "No token has that name.";
    ApprovalNotFound "APPROVAL_NOT_FOUND" 404 1 "No call that waits for a person has that number.";
    RequestNotFound "REQUEST_NOT_FOUND" 404 1 "No request of a function has that id, or the log has let go of it.";
    UnknownTool "UNKNOWN_TOOL" 404 2 "No tool has that name; near names are suggested.";
    MethodNotAllowed "METHOD_NOT_ALLOWED" 405 2 "The path exists; `Allow` names its methods.";
    Conflict "CONFLICT" 409 1 "Something newer or of the same name stands in the way.";
    FilesMissing "FILES_MISSING" 409 1 "The node lacks some of the named files; `details.missing` lists them.";
    ApprovalPending "APPROVAL_PENDING" 409 1 "Nothing is done yet: a person must approve the call; `details.approval` is its number.";
    ApprovalDenied "APPROVAL_DENIED" 403 1 "A person denied the call; nothing was changed.";
    InProgress "IN_PROGRESS" 409 1 "A request with this Idempotency-Key is still being answered.";
    TooLarge "TOO_LARGE" 413 1 "A limit of size or count is exceeded; the message names it.";
    UnsupportedType "UNSUPPORTED_TYPE" 415 2 "The body's Content-Type is not one this route takes.";
    KeyReused "KEY_REUSED" 422 1 "The Idempotency-Key was used for another request.";
    RateLimited "RATE_LIMITED" 429 1 "Too many requests; `Retry-After` says when to try again.";
    BudgetSpent "BUDGET_SPENT" 429 1 "The token's calls of the day are spent; `details.opens_at` says when it may call again.";
    Internal "INTERNAL" 500 70 "A fault of fazt's own; the log holds the chain under the request id.";
    PeerFailed "PEER_FAILED" 502 3 "A peer could not be reached or answered strangely.";
    Busy "BUSY" 503 1 "The node is shutting down or its queue is full.";
    QuotaReached "QUOTA_REACHED" 507 1 "An app would store more data than it may; nothing was changed.";
    DiskFull "DISK_FULL" 507 1 "The disk or the database's size limit is full; nothing was changed.";
    Unreachable "UNREACHABLE" 503 3 "The node could not be reached.";
    NotHosted "NOT_HOSTED" 400 1 "The URL is not one of an app on this node.";
    CheckFailed "CHECK_FAILED" 400 1 "The page was fetched and is not as expected.";
    LocalOnly "LOCAL_ONLY" 400 2 "The option works on the caller's own machine only.";
    FunctionError "FUNCTION_ERROR" 500 1 "The function threw; its owner sees where.";
    FunctionTimeout "FUNCTION_TIMEOUT" 504 1 "The function did not answer in time and was ended.";
    FunctionCpu "FUNCTION_CPU" 504 1 "The function took too much of the processor and was ended.";
    FunctionMemory "FUNCTION_MEMORY" 500 1 "The function took too much memory and was ended.";
    FunctionCrashed "FUNCTION_CRASHED" 500 1 "The function's process ended; nobody else was harmed.";
    ResponseTooLarge "RESPONSE_TOO_LARGE" 500 1 "The function's answer is longer than it may be.";
    DataLimit "DATA_LIMIT" 500 1 "The function asked the node for more than one request may.";
    TxConflict "TX_CONFLICT" 503 1 "Others kept changing the data of a transaction; try again.";
    RequestTooLarge "REQUEST_TOO_LARGE" 413 1 "The request's body is longer than a function takes.";
    BuildFailed "BUILD_FAILED" 400 1 "The app's own build failed; nothing was deployed.";
    DatabaseInUse "DATABASE_IN_USE" 409 1 "Another fazt uses this database.";
    DatabaseUnusable "DATABASE_UNUSABLE" 500 1 "The database is damaged, newer than this fazt, or not fazt's.";
    PortInUse "PORT_IN_USE" 409 1 "The port is taken.";
    ConfirmationNeeded "CONFIRMATION_NEEDED" 400 2 "A person must confirm; `-y` does it on the command line.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A refusal or failure, as every face shows it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// What kind, for programs.
    pub code: Code,
    /// What happened, naming the thing.
    pub message: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// More for programs: the field, the limit, the missing files.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
}

impl Problem {
    /// A problem with no hint yet.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, details: Map::new() }
    }

    /// Adds the next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds a detail for programs.
    #[must_use]
    pub fn detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// A field that breaks a rule.
    pub fn invalid(field: &str, constraint: impl Into<String>) -> Self {
        let constraint = constraint.into();
        Self::new(Code::ValidationFailed, format!("`{field}`: {constraint}"))
            .detail("field", field)
            .detail("constraint", constraint)
    }

    /// Something that is not there, with the nearest of `known` names.
    pub fn missing<'a>(
        code: Code,
        kind: &str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let problem = Self::new(code, format!("there is no {kind} `{name}`"));
        match nearest(name, known) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")).detail("nearest", near),
            None => problem,
        }
    }

    /// A tool nobody knows.
    pub fn unknown_tool<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        Self::missing(Code::UnknownTool, "tool", name, known)
    }

    /// A fault of ours: what happened goes to the log, not to the caller.
    pub fn internal() -> Self {
        Self::new(Code::Internal, "something went wrong inside the node")
            .hint("the node's log holds the reason under this request's id")
    }
}

/// The name among `known` that a slip of the fingers makes of `name`.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Two letters swapped in a short name leave it little alike by Jaro-Winkler.
    let slip = |candidate: &str| name.len() > 2 && strsim::osa_distance(name, candidate) == 1;
    let likeness = |candidate: &str| {
        strsim::jaro_winkler(name, candidate).max(if slip(candidate) { 0.8 } else { 0.0 })
    };
    known
        .into_iter()
        .map(|candidate| (likeness(candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// Explains why an input did not fit the tool's schema.
pub fn invalid_input<T: Tool>(reason: &str) -> Problem {
    let schema = tool::schema_of::<T::Input>();
    let fields: Vec<&str> = schema["properties"]
        .as_object()
        .map_or_else(Vec::new, |p| p.keys().map(String::as_str).collect());
    let quoted = reason.split('`').nth(1).unwrap_or_default();
    if reason.starts_with("unknown field") {
        let problem = Problem::new(
            Code::ValidationFailed,
            format!("`{}` has no field `{quoted}`; it takes {}", T::NAME, list(&fields)),
        )
        .detail("field", quoted)
        .detail("constraint", "unknown field");
        return problem.hint(match nearest(quoted, fields.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => example_of::<T>(),
        });
    }
    if reason.starts_with("missing field") {
        return Problem::new(
            Code::ValidationFailed,
            format!("`{}` needs the field `{quoted}`", T::NAME),
        )
        .detail("field", quoted)
        .detail("constraint", "required")
        .hint(example_of::<T>());
    }
    Problem::new(Code::ValidationFailed, format!("`{}`: {reason}", T::NAME))
        .detail("constraint", reason)
        .hint(format!("it takes {}", list(&fields)))
}

/// An input that works.
fn example_of<T: Tool>() -> String {
    format!("for example: {}", tool::json(&T::example().0))
}

fn list(fields: &[&str]) -> String {
    if fields.is_empty() {
        return "no fields".to_owned();
    }
    fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_is_forgiven_and_a_stranger_is_not() {
        let known = ["hello", "blog", "spa"];
        assert_eq!(nearest("helo", known), Some("hello"));
        assert_eq!(nearest("blgo", known), Some("blog"));
        assert_eq!(nearest("sap", known), Some("spa"));
        assert_eq!(nearest("zebra", known), None);
        assert_eq!(nearest("b", ["a"]), None);
    }

    #[test]
    fn an_unknown_field_is_named_with_the_nearest_one() {
        let problem =
            invalid_input::<crate::list_apps::ListApps>("unknown field `limitt`, expected one of");
        assert_eq!(problem.code, Code::ValidationFailed);
        assert_eq!(problem.hint.as_deref(), Some("did you mean `limit`?"));
    }

    #[test]
    fn codes_have_distinct_words_and_real_statuses() {
        let mut words: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!((400..=599).contains(&code.status()), "{code}");
            assert!([1, 2, 3, 70].contains(&code.exit()), "{code}");
        }
    }
}
