//! What visitors get.

mod answers;
mod hosts;
mod large;
mod paths;
