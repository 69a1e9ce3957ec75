//! Functions and the outside: what may be fetched, what may not, and what is left.
//!
//! The outside stands on loopback: servers of the test's own, a resolver that leads
//! every name to them, and a rule by which `127.0.0.1`, and no other address of this
//! machine, plays the public internet. Nothing is sent off the machine.

mod beyond;
mod functions;
mod limits;
mod matrix;
mod redirects;
mod secrets;
mod tools;
mod world;
