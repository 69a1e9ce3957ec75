//! What is told of an app when something of it is another.
//!
//! Told on the node by `Sites`, and to programs beside it as an event.

use serde::{Deserialize, Serialize};

/// An app of which something changed, told after visitors see it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Changed {
    /// Its name.
    pub app: String,
    /// Whether it came or went, so that the list of apps is another.
    pub listed: bool,
    /// Whether its functions logged something, and nothing else is another.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub logged: bool,
}
