//! The integration tests, one binary: a private node each, real HTTP, the real
//! program for commands.

mod harness;

mod access;
mod architecture;
mod catalogue;
mod cli;
mod peers;
mod store_contract;

mod hosting;
