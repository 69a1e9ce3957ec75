//! When does the engine gather what nobody holds any more?
//!
//! It decides by the objects it made itself, and does not see what strings and buffers
//! hold: a hundred buffers of a megabyte each look small to it. Here the bytes that the
//! thread really holds decide.

use std::cell::Cell;

/// Bytes taken since the last time, after which it gathers.
const GARBAGE: u64 = 16 << 20;

thread_local! {
    /// What was held after the last time.
    static HELD: Cell<u64> = const { Cell::new(0) };
}

/// Gathers.
pub(super) fn gather() {
    boa_gc::force_collect();
    HELD.set(fazt_meter::held());
}

/// Gathers if much was taken since the last time.
#[inline]
pub(super) fn gather_if_grown() {
    if fazt_meter::held() > HELD.get() + GARBAGE {
        gather();
    }
}
