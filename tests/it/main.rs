//! The integration tests, one binary: a private node each, real HTTP, the real
//! program for commands.

mod harness;

mod access;
mod catalogue;
mod store_contract;

mod hosting;
