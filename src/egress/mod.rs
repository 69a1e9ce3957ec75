//! What the node fetches from the outside because somebody named an address.
//!
//! [`policy`] decides which addresses may be dialled, [`document`] obeys: it resolves
//! first, keeps the admitted addresses and dials those, so that a name cannot lead
//! inside. Other nodes, whose addresses the owner gives, are `peers`' business.

pub mod policy;

mod document;

pub use document::{FetchError, Outside, Resolver};
