//! What visitors get.

mod answers;
