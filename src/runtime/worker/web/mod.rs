//! The Web APIs that scripts find in every runtime, as native classes.
//!
//! A file is a noun of the standards. `class` says how a class is described and
//! built, `values` how values cross. Timers and `structuredClone` are the engine's
//! own runtime's. Nothing here reaches out: `fetch` is the host's.

mod abort;
mod base64;
pub(super) mod blob;
pub(super) mod body;
pub(super) mod class;
mod crypto;
mod der;
mod event;
mod exception;
pub(super) mod form;
pub(super) mod headers;
mod keys;
mod params;
mod performance;
pub(super) mod reader;
pub(super) mod request;
pub(super) mod response;
mod stream;
mod subtle;
mod tee;
mod text;
mod url;
pub(super) mod values;

#[cfg(test)]
mod tests;

use boa_engine::{Context, JsResult};

use self::class::{Built, Class, Replaced};
pub(super) use self::{blob::bytes_of, event::report};

/// The classes that scripts see by name.
static GLOBALS: &[&Class] = &[
    &abort::CONTROLLER,
    &abort::SIGNAL,
    &blob::BLOB,
    &blob::FILE,
    &event::EVENT,
    &event::CUSTOM_EVENT,
    &event::TARGET,
    &exception::EXCEPTION,
    &form::FORM,
    &headers::HEADERS,
    &keys::KEY,
    &params::PARAMS,
    &reader::READER,
    &request::REQUEST,
    &response::RESPONSE,
    &stream::CONTROLLER,
    &stream::STREAM,
    &subtle::SUBTLE,
    &text::DECODER,
    &text::ENCODER,
    &url::URL,
];

/// Puts the Web APIs into a context.
pub(super) fn install(context: &mut Context) -> JsResult<()> {
    use boa_runtime::extensions as web;
    let parts = (web::TimeoutExtension, web::MicrotaskExtension, web::StructuredCloneExtension);
    boa_runtime::register_extensions(parts, None, context)?;
    context.insert_data(Built::default());
    context.insert_data(Replaced::default());
    for class in GLOBALS {
        class::offer(class, context)?;
    }
    base64::install(context)?;
    performance::install(context)?;
    crypto::install(context)
}
