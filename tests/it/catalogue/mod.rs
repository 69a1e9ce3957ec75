//! What holds for every tool, whichever it is.

mod contract;
mod http;
mod parity;
mod schema;
