//! How much may one app hold?
//!
//! The numbers, and a [`Tally`] that counts files against them as they are met, so
//! a folder, a ZIP and an upload refuse at the same file with the same words.
//! "MB" in the product's pages is read as MiB (1,048,576 bytes): the generous
//! reading never refuses what another tool calls 100 MB.

use fazt_tools::limits;
use thiserror::Error;

use super::path::MAX_PATH_BYTES;

/// One mebibyte.
pub const MIB: u64 = 1_024 * 1_024;

/// The bounds of one app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How many files an app may have.
    pub files: usize,
    /// How large one file may be.
    pub file_bytes: u64,
    /// How large all files together may be.
    pub app_bytes: u64,
    /// How long a path may be; [`super::path::FilePath`] allows no more than
    /// [`MAX_PATH_BYTES`] whatever stands here.
    pub path_bytes: usize,
    /// How many times its own size a ZIP may expand to.
    pub zip_ratio: u64,
    /// What any ZIP may expand to, whatever its ratio: small sites of repetitive
    /// text compress better than 100:1 and harm nobody.
    pub zip_floor: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            files: usize::try_from(limits::FILES.value).unwrap_or(usize::MAX),
            file_bytes: limits::FILE_BYTES.value,
            app_bytes: limits::APP_BYTES.value,
            path_bytes: MAX_PATH_BYTES,
            // Deflate reaches 1,032:1 on zeros; real sites stay under 20:1.
            zip_ratio: limits::ZIP_RATIO.value,
            zip_floor: 10 * MIB,
        }
    }
}

/// A bound of an app was passed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LimitProblem {
    #[error(
        "`{}` is one file more than the limit of {limit} files per app; \
         remove files or list them in `.faztignore`",
        file.escape_debug()
    )]
    Files { file: String, limit: usize },
    #[error(
        "`{}` is larger than the limit of {} per file; \
         shrink it or keep it on a file store and link to it",
        file.escape_debug(), size(*limit)
    )]
    FileBytes { file: String, limit: u64 },
    #[error(
        "with `{}` the app is larger than the limit of {} per app; \
         remove files or list them in `.faztignore`",
        file.escape_debug(), size(*limit)
    )]
    AppBytes { file: String, limit: u64 },
    #[error(
        "the path `{}` is {bytes} bytes long, above the limit of {limit}; shorten it",
        file.escape_debug()
    )]
    PathBytes { file: String, bytes: usize, limit: usize },
    #[error(
        "at `{}` the archive has grown past {limit} times its size, as a ZIP bomb does; \
         deploy the folder itself instead",
        file.escape_debug()
    )]
    ZipRatio { file: String, limit: u64 },
}

/// A running count of an app's files and bytes against its limits.
#[derive(Debug)]
pub struct Tally<'a> {
    limits: &'a Limits,
    files: usize,
    bytes: u64,
}

impl<'a> Tally<'a> {
    /// Starts at nothing.
    #[must_use]
    pub fn new(limits: &'a Limits) -> Self {
        Self { limits, files: 0, bytes: 0 }
    }

    /// Counts a file of a known size.
    ///
    /// # Errors
    ///
    /// The first limit that this file passes.
    pub fn admit(&mut self, file: &str, bytes: u64) -> Result<(), LimitProblem> {
        self.admit_name(file)?;
        self.admit_bytes(file, 0, bytes)
    }

    /// Counts a file whose size is not known yet.
    ///
    /// # Errors
    ///
    /// When there are too many files, or the path is too long.
    pub fn admit_name(&mut self, file: &str) -> Result<(), LimitProblem> {
        if file.len() > self.limits.path_bytes {
            return Err(LimitProblem::PathBytes {
                file: file.to_owned(),
                bytes: file.len(),
                limit: self.limits.path_bytes,
            });
        }
        if self.files >= self.limits.files {
            return Err(LimitProblem::Files { file: file.to_owned(), limit: self.limits.files });
        }
        self.files += 1;
        Ok(())
    }

    /// Counts `more` bytes of a file of which `already` bytes were counted before.
    ///
    /// # Errors
    ///
    /// When the file or the app grows too large.
    pub fn admit_bytes(&mut self, file: &str, already: u64, more: u64) -> Result<(), LimitProblem> {
        if already.saturating_add(more) > self.limits.file_bytes {
            let limit = self.limits.file_bytes;
            return Err(LimitProblem::FileBytes { file: file.to_owned(), limit });
        }
        self.bytes = self.bytes.saturating_add(more);
        if self.bytes > self.limits.app_bytes {
            let limit = self.limits.app_bytes;
            return Err(LimitProblem::AppBytes { file: file.to_owned(), limit });
        }
        Ok(())
    }

    /// Files counted so far.
    #[must_use]
    pub fn files(&self) -> usize {
        self.files
    }

    /// Bytes counted so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// A number of bytes as people write it: `100 MiB`, `1.5 KiB`, `12 bytes`.
#[must_use]
pub fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_024 => return format!("{bytes} bytes"),
        1_024..MIB => (1_024, "KiB"),
        _ => (MIB, "MiB"),
    };
    match (bytes / unit, bytes % unit * 10 / unit) {
        (whole, 0) => format!("{whole} {name}"),
        (whole, tenths) => format!("{whole}.{tenths} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Limits {
        Limits { files: 2, file_bytes: 10, app_bytes: 15, path_bytes: 5, ..Limits::default() }
    }

    #[test]
    fn the_defaults_are_those_of_the_product_page() {
        let limits = Limits::default();
        assert_eq!((limits.files, limits.path_bytes), (10_000, 1_024));
        assert_eq!(limits.path_bytes as u64, fazt_tools::limits::PATH_BYTES.value);
        assert_eq!((limits.file_bytes, limits.app_bytes), (104_857_600, 524_288_000));
    }

    #[test]
    fn a_file_at_the_limit_is_admitted_and_one_past_it_is_named() {
        let limits = small();
        assert!(Tally::new(&limits).admit("a", 10).is_ok());
        let problem = Tally::new(&limits).admit("a", 11).unwrap_err();
        assert_eq!(problem, LimitProblem::FileBytes { file: "a".into(), limit: 10 });
        assert!(problem.to_string().contains("`a`") && problem.to_string().contains("10 bytes"));
    }

    #[test]
    fn files_together_are_bounded_in_number_and_size() {
        let limits = small();
        let mut tally = Tally::new(&limits);
        tally.admit("a", 10).unwrap();
        assert!(matches!(tally.admit("b", 6), Err(LimitProblem::AppBytes { .. })));
        let mut tally = Tally::new(&limits);
        tally.admit("a", 1).unwrap();
        tally.admit("b", 1).unwrap();
        assert!(matches!(tally.admit("c", 1), Err(LimitProblem::Files { limit: 2, .. })));
        assert_eq!((tally.files(), tally.bytes()), (2, 2));
    }

    #[test]
    fn growth_is_counted_piece_by_piece_without_overflow() {
        let limits = small();
        let mut tally = Tally::new(&limits);
        tally.admit_name("a").unwrap();
        tally.admit_bytes("a", 0, 8).unwrap();
        assert!(matches!(tally.admit_bytes("a", 8, 3), Err(LimitProblem::FileBytes { .. })));
        assert!(tally.admit_bytes("a", u64::MAX, u64::MAX).is_err());
    }

    #[test]
    fn a_long_path_is_refused() {
        let limits = small();
        assert!(matches!(
            Tally::new(&limits).admit("abcdef", 1),
            Err(LimitProblem::PathBytes { bytes: 6, limit: 5, .. })
        ));
    }

    #[test]
    fn sizes_read_as_people_write_them() {
        let shown = [size(12), size(1_536), size(100 * MIB), size(MIB + MIB / 2)];
        assert_eq!(shown, ["12 bytes", "1.5 KiB", "100 MiB", "1.5 MiB"]);
    }
}
