//! What visitors get.

mod answers;
mod hosts;
mod large;
mod paths;
mod web;

pub use large::noise;
