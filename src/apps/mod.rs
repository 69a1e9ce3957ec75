//! Apps: what they are made of, how they are published, how they are served.
//!
//! `bundle` takes files in, `site` decides what answers a request. Knows
//! nothing of tools, callers or sockets.

pub mod bundle;
pub mod site;
