//! The program: a command line in, an exit code out.

use std::process::ExitCode;

/// Counts what scripts take, in the processes that run them.
#[global_allocator]
static ALLOCATOR: fazt_meter::Metered = fazt_meter::Metered;

fn main() -> ExitCode {
    ExitCode::from(fazt::faces::cli::run(std::env::args_os().collect()))
}
