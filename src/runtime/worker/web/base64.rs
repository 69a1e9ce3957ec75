//! `atob` and `btoa`: bytes as text, a character each, in base64 and back.
//!
//! Not the engine's runtime's, whose refusals are texts and no errors.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use boa_engine::{
    Context, JsResult, JsString, JsValue, NativeFunction, js_string,
    string::{JsStr, JsStrVariant},
};

use super::{exception::exception, values::needed};

/// The standard forgives what is missing at the end.
const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) fn install(context: &mut Context) -> JsResult<()> {
    let decode = NativeFunction::from_fn_ptr(decode);
    context.register_global_builtin_callable(js_string!("atob"), 1, decode)?;
    let encode = NativeFunction::from_fn_ptr(encode);
    context.register_global_builtin_callable(js_string!("btoa"), 1, encode)
}

fn encode(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let text = needed(arguments, 0)?.to_string(context)?;
    let bytes: Option<Vec<u8>> = match text.as_str().variant() {
        JsStrVariant::Latin1(bytes) => Some(bytes.to_vec()),
        JsStrVariant::Utf16(units) => units.iter().map(|unit| u8::try_from(*unit).ok()).collect(),
    };
    if let Some(bytes) = bytes {
        return Ok(JsString::from(FORGIVING.encode(bytes).as_str()).into());
    }
    let what = "btoa: a character is no byte; make bytes of a text with TextEncoder";
    Err(exception("InvalidCharacterError", what, context))
}

fn decode(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let text = needed(arguments, 0)?.to_string(context)?.to_std_string_lossy();
    let mut text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    if text.len() % 4 == 0 {
        let padding = text.bytes().rev().take(2).take_while(|byte| *byte == b'=').count();
        text.truncate(text.len() - padding);
    }
    let bytes = if text.contains('=') { None } else { FORGIVING.decode(text).ok() };
    match bytes {
        Some(bytes) => Ok(JsString::from(JsStr::latin1(&bytes)).into()),
        None => Err(exception("InvalidCharacterError", "atob: this is no base64", context)),
    }
}
