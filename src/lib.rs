//! fazt: one binary and one SQLite file that host every app a person owns.
//!
//! The floors, from the ground up; a module imports from lower floors only.

// F1
pub mod clock;
pub mod config;
pub mod lifecycle;

// F2
pub mod store;

// F3
pub mod apps;
pub mod auth;
pub mod egress;
pub mod runtime;

// F4
pub mod node;
pub mod ops;
pub mod peers;
pub mod ship;

// F5
pub mod faces;
pub mod hosting;

// F6
pub mod server;
