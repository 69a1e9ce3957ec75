//! Apps: what they are made of, how they are published, how they are served.
//!
//! `bundle` takes files in and `publish` makes a version of them; `functions`
//! reads its scripts; `site` decides what answers a request, `sites` knows what is live, and `serve`
//! makes the answer. Knows nothing of tools' faces or of sockets.

pub mod bundle;
pub mod functions;
pub mod progress;
pub mod publish;
pub mod variants;

pub mod site;

pub mod answers;
mod changed;
pub mod objects;
pub mod serve;
pub mod sites;
pub mod visit;
