//! What the node fetches from the outside because somebody named an address.
//!
//! [`policy`] and [`rules`] decide, without touching anything; [`client`] obeys: it
//! checks before it resolves, admits what a name resolves to as it connects, and
//! checks every redirect as if it were asked for. [`document`] fetches the one small
//! file that a stranger's program is described by. Other nodes, whose addresses the
//! owner gives, are `peers`' business.

pub mod policy;
pub mod rules;
pub mod secrets;

pub mod budget;
pub mod cache;
pub mod log;

pub mod client;

mod wire;

mod explain;

mod document;
mod error;

pub use budget::{Limits, Spending};
pub use client::{Asker, Gateway};
pub use document::{FetchError, Outside, Resolver};
pub use error::{NetCode, NetError};
pub use explain::Step;
pub use wire::{Answer, Ask};
