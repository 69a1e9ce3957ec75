//! The program's allocator: mimalloc, and a count of what each thread holds.
//!
//! A script's engine cannot be held to an amount of memory from inside, so the
//! thread that runs scripts is counted here. One that takes more than it may ends
//! its process at once, with [`OVERRUN`] as the exit code: an allocator must not
//! unwind, and whoever started the process tells by the code what happened.
//!
//! This is the one crate of the workspace with `unsafe` code; so the closing of what a
//! process inherited is here, too.

use std::{
    alloc::{GlobalAlloc, Layout},
    cell::Cell,
};

use mimalloc::MiMalloc;

/// The exit code of a process whose thread took more than it may.
pub const OVERRUN: i32 = 86;

/// The allocator.
pub struct Metered;

thread_local! {
    /// Bytes that this thread took and did not give back. What another thread gives
    /// back is missing here, so it may be below nothing.
    static HELD: Cell<isize> = const { Cell::new(0) };
    /// The most it held since it was last armed.
    static PEAK: Cell<isize> = const { Cell::new(0) };
    /// What it may hold.
    static LIMIT: Cell<isize> = const { Cell::new(isize::MAX) };
}

/// Bytes that this thread holds.
pub fn held() -> u64 {
    u64::try_from(HELD.get()).unwrap_or_default()
}

/// Lets this thread take `more` bytes than it holds, and no more.
pub fn arm(more: u64) {
    let held = HELD.get();
    PEAK.set(held);
    LIMIT.set(held.saturating_add(isize::try_from(more).unwrap_or(isize::MAX)));
}

/// Lets this thread take what it wants, and says how much more than when it was armed
/// at `start` it held at most.
pub fn disarm(start: u64) -> u64 {
    LIMIT.set(isize::MAX);
    u64::try_from(PEAK.get()).unwrap_or_default().saturating_sub(start)
}

/// Closes every descriptor but the three standard ones.
///
/// For the first line of a process: nothing of its own may be open yet.
#[cfg(target_os = "linux")]
pub fn close_inherited() {
    // SAFETY: it is a plain system call with three numbers; at the start of a process
    // nobody holds a descriptor that it closes.
    unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
}

/// Counts bytes that are taken; ends the process when they are too many.
#[inline]
fn take(bytes: usize) {
    // A thread that is going away has no cells any more, and is nobody's script.
    let _ = HELD.try_with(|held| {
        let now = held.get().wrapping_add_unsigned(bytes);
        held.set(now);
        if now > PEAK.get() {
            PEAK.set(now);
            if now > LIMIT.get() {
                overrun();
            }
        }
    });
}

#[inline]
fn give(bytes: usize) {
    let _ = HELD.try_with(|held| held.set(held.get().wrapping_sub_unsigned(bytes)));
}

#[cold]
fn overrun() -> ! {
    // SAFETY: `_exit` takes any code, and nothing is used after it.
    unsafe { libc::_exit(OVERRUN) }
}

// SAFETY: every call is handed to mimalloc as it came, and its answer is handed back;
// counting allocates nothing and does not unwind.
unsafe impl GlobalAlloc for Metered {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { MiMalloc.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        give(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { MiMalloc.dealloc(pointer, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        take(size.saturating_sub(layout.size()));
        give(layout.size().saturating_sub(size));
        // SAFETY: the caller's promise is passed on.
        unsafe { MiMalloc.realloc(pointer, layout, size) }
    }
}
