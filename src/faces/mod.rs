//! The faces: the catalogue rendered for the terminal, for HTTP and for agents.
//!
//! No face knows another, and no operation knows which face called it.

pub mod cli;
pub mod http;
pub mod mcp;
