//! How far has the upload come?
//!
//! One bar on a terminal, nothing that moves anywhere else. It counts the bytes of
//! the files, whatever they shrink to on the way.

use std::{
    io::{self, IsTerminal as _},
    sync::OnceLock,
    time::Duration,
};

use fazt_tools::view;
use indicatif::{ProgressBar, ProgressStyle};

use super::render::Screen;
use crate::ship::Watcher;

/// Less than this is sent before a bar could be read.
const WORTH_A_BAR: u64 = 512 * 1_024;

/// A deploy on the screen.
pub(super) struct OnScreen {
    screen: Screen,
    bar: OnceLock<ProgressBar>,
}

impl OnScreen {
    /// Nothing is shown yet.
    pub(super) fn new(screen: Screen) -> Self {
        Self { screen, bar: OnceLock::new() }
    }
}

impl Watcher for OnScreen {
    fn remark(&self, text: &str) {
        self.screen.remark(text);
    }

    fn detail(&self, text: &str) {
        self.screen.detail(text);
    }

    fn built(&self, line: &str) {
        self.screen.dimmed(line);
    }

    fn shows_builds(&self) -> bool {
        !self.screen.quiet && !self.screen.json
    }

    fn begins(&self, bytes: u64, there: usize) {
        let Screen { json, quiet, .. } = self.screen;
        if bytes >= WORTH_A_BAR && !json && !quiet && io::stderr().is_terminal() {
            self.bar.get_or_init(|| bar(bytes, there));
        }
    }

    fn more(&self, bytes: u64) {
        if let Some(bar) = self.bar.get() {
            bar.inc_length(bytes);
        }
    }

    fn sent(&self, bytes: u64) {
        if let Some(bar) = self.bar.get() {
            bar.inc(bytes);
        }
    }

    /// Takes the bar away, so that the answer stands alone.
    fn ends(&self) {
        if let Some(bar) = self.bar.get() {
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
