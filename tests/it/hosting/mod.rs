//! What visitors get.

mod answers;
mod hosts;
mod large;
mod paths;

pub use large::noise;
