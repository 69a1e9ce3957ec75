//! What an app may hold and how long it is kept: one table, for the node that
//! holds to it and the pages that tell of it.
//!
//! Knows nothing of the settings that replace some of these numbers on a node,
//! but their names.

use std::fmt;

/// A bound, with what it bounds.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// The number.
    pub value: u64,
    /// What it counts.
    pub unit: Unit,
    /// What is bounded, in words that follow the number.
    pub of: &'static str,
    /// The setting that replaces it on a node.
    pub setting: Option<&'static str>,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unit {
    /// Things, named in the words that follow.
    Count,
    /// Bytes.
    Bytes,
}

/// Files in one version.
pub const FILES: Limit =
    limit(10_000, Unit::Count, "files in one version").settable("limits.files");
/// Bytes of one file.
pub const FILE_BYTES: Limit =
    limit(100 << 20, Unit::Bytes, "for one file").settable("limits.file_bytes");
/// Bytes of one version.
pub const APP_BYTES: Limit =
    limit(500 << 20, Unit::Bytes, "for one version").settable("limits.app_bytes");
/// Bytes of a path.
pub const PATH_BYTES: Limit = limit(1_024, Unit::Count, "bytes in a path");
/// Bytes of inline files.
pub const INLINE_BYTES: Limit = limit(1 << 20, Unit::Bytes, "for files given inline, all together");
/// Bytes of one script.
pub const SCRIPT_BYTES: Limit =
    limit(2 << 20, Unit::Bytes, "for one script under `api/` or imported there");
/// Bytes of a version's scripts.
pub const SCRIPTS_BYTES: Limit =
    limit(16 << 20, Unit::Bytes, "for the scripts of one version, all together");
/// How often its own size a ZIP may expand to.
pub const ZIP_RATIO: Limit =
    limit(100, Unit::Count, "times its own size for an unpacked ZIP, from 10 MiB on");
/// Versions kept of an app.
pub const VERSIONS: Limit =
    limit(20, Unit::Count, "versions kept of an app, besides the live and pinned ones")
        .settable("keep.versions");
/// Days that the trash keeps an app.
pub const TRASH_DAYS: Limit =
    limit(30, Unit::Count, "days in the trash before a deleted app is gone");

/// Keys, documents and objects of one app.
pub const DATA_ROWS: Limit =
    limit(1_000_000, Unit::Count, "keys, documents and objects stored by one app")
        .settable("limits.data_rows");
/// Bytes that one app stores.
pub const DATA_BYTES: Limit =
    limit(1 << 30, Unit::Bytes, "of data stored by one app").settable("limits.data_bytes");
/// Bytes of a key, an id, a path, the name of a collection.
pub const DATA_KEY_BYTES: Limit = limit(1_024, Unit::Count, "bytes in a key or an id");
/// Bytes of a value of JSON.
pub const DATA_VALUE_BYTES: Limit = limit(1 << 20, Unit::Bytes, "for a key's value of JSON");
/// Bytes of a value of bytes, and of an object put from memory.
pub const DATA_BYTES_BYTES: Limit = limit(10 << 20, Unit::Bytes, "for a key's value of bytes");
/// Bytes of a document.
pub const DATA_DOCUMENT_BYTES: Limit = limit(1 << 20, Unit::Bytes, "for one document");

/// Lines kept of what one app's functions log.
pub const LOG_LINES: Limit =
    limit(10_000, Unit::Count, "lines kept of what one app's functions log")
        .settable("keep.log_lines");
/// Days that such lines are kept.
pub const LOG_DAYS: Limit =
    limit(7, Unit::Count, "days that such lines, and failed requests, are kept")
        .settable("keep.log_days");
/// Values of an app's environment.
pub const ENV_VALUES: Limit = limit(100, Unit::Count, "values in an app's environment");
/// Bytes of one of them.
pub const ENV_BYTES: Limit = limit(8 << 10, Unit::Bytes, "for one of these values");
/// Calls to the outside by one request.
pub const FETCH_CALLS: Limit =
    limit(5, Unit::Count, "calls to the outside by one request").settable("limits.fetch_calls");
/// Milliseconds of one call to the outside.
pub const FETCH_MS: Limit = limit(4_000, Unit::Count, "milliseconds for one call to the outside")
    .settable("limits.fetch_ms");
/// Milliseconds of all calls to the outside by one request.
pub const FETCH_TOTAL_MS: Limit =
    limit(4_000, Unit::Count, "milliseconds for all calls to the outside by one request")
        .settable("limits.fetch_total_ms");
/// Calls to the outside by one app at once.
pub const FETCH_APP: Limit =
    limit(5, Unit::Count, "calls to the outside by one app at once").settable("limits.fetch_app");
/// Bytes sent and received by one call to the outside.
pub const FETCH_BYTES: Limit =
    limit(1 << 20, Unit::Bytes, "for what one call to the outside sends, and for what it gets")
        .settable("limits.fetch_bytes");

/// Calls a minute of one token.
pub const TOKEN_RATE: Limit =
    limit(600, Unit::Count, "calls a minute for one token").settable("limits.token_rate");

/// Every limit, in the order of documents.
pub const LIMITS: &[Limit] = &[
    FILES,
    FILE_BYTES,
    APP_BYTES,
    PATH_BYTES,
    INLINE_BYTES,
    SCRIPT_BYTES,
    SCRIPTS_BYTES,
    ZIP_RATIO,
    VERSIONS,
    TRASH_DAYS,
    DATA_ROWS,
    DATA_BYTES,
    DATA_KEY_BYTES,
    DATA_VALUE_BYTES,
    DATA_BYTES_BYTES,
    DATA_DOCUMENT_BYTES,
    LOG_LINES,
    LOG_DAYS,
    ENV_VALUES,
    ENV_BYTES,
    FETCH_CALLS,
    FETCH_MS,
    FETCH_TOTAL_MS,
    FETCH_APP,
    FETCH_BYTES,
    TOKEN_RATE,
];

const fn limit(value: u64, unit: Unit, of: &'static str) -> Limit {
    Limit { value, unit, of, setting: None }
}

impl Limit {
    const fn settable(mut self, setting: &'static str) -> Self {
        self.setting = Some(setting);
        self
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.unit, self.value >> 20) {
            (Unit::Bytes, 0) => write!(f, "{} bytes", grouped(self.value))?,
            (Unit::Bytes, mebibytes) => write!(f, "{} MiB", grouped(mebibytes))?,
            (Unit::Count, _) => f.write_str(&grouped(self.value))?,
        }
        write!(f, " {}", self.of)?;
        match self.setting {
            Some(setting) => write!(f, " (`{setting}`)"),
            None => Ok(()),
        }
    }
}

/// Digits in threes.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_reads_as_people_write_it() {
        assert_eq!(FILES.to_string(), "10,000 files in one version (`limits.files`)");
        assert_eq!(FILE_BYTES.to_string(), "100 MiB for one file (`limits.file_bytes`)");
        assert_eq!(PATH_BYTES.to_string(), "1,024 bytes in a path");
    }
}
