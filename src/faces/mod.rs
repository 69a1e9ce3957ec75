//! The faces: the catalogue rendered for the terminal and for HTTP.
//!
//! No face knows another, and no operation knows which face called it.

pub mod cli;
pub mod http;
