//! How far has the upload come?
//!
//! One bar on a terminal, nothing that moves anywhere else. It counts the bytes of
//! the files, whatever they shrink to on the way.

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use fazt_tools::view;
use indicatif::{ProgressBar, ProgressStyle};

use super::render::Screen;

/// Less than this is sent before a bar could be read.
const WORTH_A_BAR: u64 = 512 * 1_024;

/// The progress of an upload.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Begins an upload of `bytes`, `there` files needing none.
    pub(super) fn new(screen: Screen, bytes: u64, there: usize) -> Self {
        let shown =
            bytes >= WORTH_A_BAR && !screen.json && !screen.quiet && io::stderr().is_terminal();
        Self { bar: shown.then(|| bar(bytes, there)) }
    }

    /// A parcel of `bytes` that is `packed` bytes long on the way.
    pub(super) fn parcel(&self, bytes: u64, packed: u64) -> Parcel<'_> {
        Parcel { progress: self, bytes, packed: packed.max(1) }
    }

    /// Adds bytes to send.
    pub(super) fn more(&self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.inc_length(bytes);
        }
    }

    /// Takes the bar away, so that the answer stands alone.
    pub(super) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(bytes: u64, there: usize) -> ProgressBar {
    let template =
        "{bar:30} {decimal_bytes} of {decimal_total_bytes}, {decimal_bytes_per_sec} {msg}";
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("█▌░");
    let bar = ProgressBar::new(bytes).with_style(style);
    if there > 0 {
        bar.set_message(format!("({} there already)", view::count(there as u64, "file")));
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// A part of an upload.
pub(super) struct Parcel<'a> {
    progress: &'a Progress,
    bytes: u64,
    packed: u64,
}

impl Parcel<'_> {
    /// Counts bytes that went out since the last call, as they are packed.
    pub(super) fn advance(&self, sent: u64) {
        if let Some(bar) = &self.progress.bar {
            bar.inc(unpacked(sent, self.bytes, self.packed));
        }
    }
}

/// The share of a parcel's bytes that `sent` of its packed ones stand for.
fn unpacked(sent: u64, bytes: u64, packed: u64) -> u64 {
    let share = u128::from(sent) * u128::from(bytes) / u128::from(packed);
    u64::try_from(share).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_bytes_count_for_what_they_carry() {
        assert_eq!(unpacked(25, 1_000, 100), 250);
        assert_eq!(unpacked(100, 1_000, 100), 1_000);
        assert_eq!(unpacked(u64::MAX, u64::MAX, 1), u64::MAX);
    }
}
