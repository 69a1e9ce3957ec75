//! What a script threw, in words: name, message, and where.

use boa_engine::{Context, JsError, JsValue, js_string};

use crate::runtime::frames::ScriptError;

/// Describes what was thrown.
pub(super) fn describe(error: &JsError, context: &mut Context) -> ScriptError {
    let position = error.to_string();
    let Ok(value) = error.clone().into_opaque(context) else {
        return ScriptError {
            name: "Error".to_owned(),
            message: position,
            ..ScriptError::default()
        };
    };
    thrown(&value, context).unwrap_or(ScriptError {
        name: "Error".to_owned(),
        message: position,
        ..ScriptError::default()
    })
}

/// Describes a value that was thrown or rejected with.
pub(super) fn thrown(value: &JsValue, context: &mut Context) -> Option<ScriptError> {
    let Some(object) = value.as_object() else {
        let text = value.to_string(context).ok()?.to_std_string_escaped();
        return Some(plain("Error", text));
    };
    let mut text = |name: &str| {
        let value = object.get(js_string!(name), context).ok()?;
        if value.is_undefined() {
            return None;
        }
        Some(value.to_string(context).ok()?.to_std_string_escaped())
    };
    Some(ScriptError {
        name: text("name").unwrap_or_else(|| "Error".to_owned()),
        message: text("message").unwrap_or_default(),
        stack: text("stack").unwrap_or_default(),
        code: text("code"),
        retryable: object
            .get(js_string!("retryable"), context)
            .is_ok_and(|value| value.to_boolean()),
    })
}

/// An error of this program's own making.
pub(super) fn plain(name: &str, message: impl Into<String>) -> ScriptError {
    ScriptError { name: name.to_owned(), message: message.into(), ..ScriptError::default() }
}
