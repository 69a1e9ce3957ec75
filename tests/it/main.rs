//! The integration tests, one binary: a private node each, real HTTP, the real
//! program for commands.

mod harness;

mod deploy;
mod examples;
mod faults;
mod hosting;
