//! From files to a live app, by every way in.

mod archives;
mod functions;
mod refusals;
mod told;
mod versions;
mod ways;

pub mod archive;
