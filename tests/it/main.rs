//! The integration tests, one binary: a private node each, real HTTP, the real
//! program for commands.
#![expect(unreachable_pub, reason = "a program has no outside; `pub` means for other tests")]
#![expect(clippy::disallowed_methods, reason = "a test is a user: it has its own time and client")]

mod harness;

mod access;
mod agents;
mod approvals;
mod architecture;
mod cases;
mod catalogue;
mod cli;
mod data;
mod doctor;
mod egress;
mod generated;
mod mcp;
mod oauth;
mod peers;
mod readme;
mod skills;
mod store_contract;

mod deploy;
mod examples;
mod faults;
mod functions;
mod hosting;
