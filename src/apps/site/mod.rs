//! How does a request for a hosted app become a file, a redirect or a function?
//!
//! Every module here is a decision over plain values: no socket, no store, no clock.
//! `hosting/` asks them in the order of `resolve` and performs what they answer.
//! Deliberately absent: any type of an HTTP library.

pub mod host;
pub mod path;
pub mod resolve;

pub mod headers;
mod pattern;
pub mod redirects;
mod target;

pub mod conditional;
pub mod media;
pub mod negotiate;
pub mod range;

pub use pattern::Warning;
