//! The faces: the catalogue rendered for HTTP, the terminal, and more to come.
//!
//! No face knows another, and no operation knows which face called it.

pub mod http;
