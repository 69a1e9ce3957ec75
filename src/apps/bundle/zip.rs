//! Which files does an uploaded ZIP hold, and is it safe to take them?
//!
//! An archive is taken whole or refused whole: every name is judged before the
//! first byte is handed over, and sizes are counted on what comes out, whatever the
//! headers claim. Nothing is written to disk here, and `.faztignore` is not read:
//! an archive holds what its maker put in.

use std::{
    collections::HashSet,
    io::{self, Read, Seek, SeekFrom},
};

use thiserror::Error;
use zip::{CompressionMethod, ZipArchive, read::ZipFileEntry, result::ZipError};

use super::{
    ignore,
    limits::{LimitProblem, Limits, Tally},
    path::{self, FilePath, PathProblem},
};

/// How many entries are looked at per file that may be kept: archives made by hand
/// carry `node_modules` along, which is skipped, yet looking costs time as well.
const ENTRIES_PER_FILE: usize = 20;

/// The bits of a Unix mode that tell the kind of a file.
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;

/// Top folders with a meaning of their own, which are never taken for a wrapper.
const MEANINGFUL: [&str; 3] = ["api", "private", ".well-known"];

/// Takes a file: its path, the size its header declares, and its content.
pub type Sink<'a> = dyn FnMut(FilePath, u64, &mut dyn Read) -> io::Result<()> + 'a;

/// What came out of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    /// Files handed to the sink.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Sentences for people.
    pub warnings: Vec<String>,
}

/// Why an archive is refused.
#[derive(Debug, Error)]
pub enum ZipProblem {
    #[error("the upload is no ZIP archive, or was cut short; make the archive again")]
    NotAZip(#[source] ZipError),
    #[error("the archive holds no file to deploy; dotfiles and `node_modules` are left out")]
    Empty,
    #[error("the archive has {entries} entries, above the limit of {limit}; leave folders out")]
    Entries { entries: usize, limit: usize },
    #[error(
        "the name `{}` in the archive is not valid UTF-8; rename the file",
        file.escape_debug()
    )]
    NotUtf8 { file: String },
    #[error("`{file}` in the archive is a link or a device; put the file itself there")]
    NotAFile { file: FilePath },
    #[error("`{file}` in the archive is encrypted; make the archive without a password")]
    Encrypted { file: FilePath },
    #[error("`{file}` in the archive is compressed by {method}; use deflate, as `zip` does")]
    Method { file: FilePath, method: CompressionMethod },
    #[error("`{file}` in the archive is damaged; make the archive again")]
    Damaged {
        file: FilePath,
        #[source]
        source: ZipError,
    },
    #[error("`{file}` of the archive cannot be stored")]
    Sink {
        file: FilePath,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Path(#[from] PathProblem),
    #[error(transparent)]
    Limit(#[from] LimitProblem),
}

/// An entry worth taking, by its number in the archive.
struct Member {
    path: FilePath,
    index: usize,
    size: u64,
}

/// Unpacks an archive into a sink, which is called only once every name in the
/// archive has been found good.
///
/// # Errors
///
/// The first thing wrong with the archive; what the sink got until then is to be
/// thrown away.
pub fn unpack<R: Read + Seek>(
    mut archive: R,
    limits: &Limits,
    sink: &mut Sink<'_>,
) -> Result<Unpacked, ZipProblem> {
    let not_a_zip = |source: io::Error| ZipProblem::NotAZip(source.into());
    let length = archive.seek(SeekFrom::End(0)).map_err(not_a_zip)?;
    archive.rewind().map_err(not_a_zip)?;
    // Counted over the whole archive: entries that share their compressed bytes
    // look harmless one by one.
    let expansion = length.saturating_mul(limits.zip_ratio).max(limits.zip_floor);
    let mut zip = ZipArchive::new(archive).map_err(ZipProblem::NotAZip)?;
    if zip.has_duplicate_names() {
        let start = zip.central_directory_start();
        let path = repeated_name(zip.into_inner(), start).map_err(not_a_zip)?;
        return Err(PathProblem::Repeated { path }.into());
    }
    let mut members = list(&zip, limits)?;
    let mut warnings = Vec::new();
    if let Some(folder) = strip_wrapper(&mut members) {
        let folder = folder.escape_debug();
        warnings.push(format!("every file lies in the folder `{folder}`, which was taken off"));
    }
    path::collisions(members.iter().map(|member| &member.path))?;
    // A header that declares too much is believed at once; one that declares too
    // little is caught below.
    let mut declared = Meter { tally: Tally::new(limits), limits, expansion };
    for member in &members {
        declared.tally.admit_name(member.path.as_str())?;
        declared.admit(&member.path, 0, member.size)?;
    }

    let mut measured = Meter { tally: Tally::new(limits), limits, expansion };
    for member in members {
        measured.tally.admit_name(member.path.as_str())?;
        extract(&mut zip, member, &mut measured, sink)?;
    }
    let (files, bytes) = (measured.tally.files(), measured.tally.bytes());
    Ok(Unpacked { files, bytes, warnings })
}

/// The files worth taking, every entry's name checked.
fn list<R: Read + Seek>(zip: &ZipArchive<R>, limits: &Limits) -> Result<Vec<Member>, ZipProblem> {
    let limit = limits.files.saturating_mul(ENTRIES_PER_FILE);
    if zip.len() > limit {
        return Err(ZipProblem::Entries { entries: zip.len(), limit });
    }
    let mut tally = Tally::new(limits);
    let mut members = Vec::new();
    for index in 0..zip.len() {
        let entry = zip.by_index_data(index).map_err(ZipProblem::NotAZip)?;
        let raw = entry.name_raw();
        let Ok(name) = str::from_utf8(raw) else {
            return Err(ZipProblem::NotUtf8 { file: String::from_utf8_lossy(raw).into_owned() });
        };
        // A folder that escapes is as telling as a file that does.
        let path = FilePath::parse(name.strip_suffix('/').unwrap_or(name))?;
        if name.ends_with('/') || ignore::leaves_out(&path) {
            continue;
        }
        tally.admit_name(path.as_str())?;
        check(&path, &entry)?;
        members.push(Member { path, index, size: entry.size() });
    }
    if members.is_empty() {
        return Err(ZipProblem::Empty);
    }
    Ok(members)
}

fn check(path: &FilePath, entry: &ZipFileEntry<'_>) -> Result<(), ZipProblem> {
    let file = || path.clone();
    // Read from the attributes themselves: an archive that calls itself made on DOS
    // still yields a link where a Unix tool unpacks it. No kind at all is a file.
    let kind = (entry.external_attributes() >> 16) & KIND;
    if ![0, REGULAR, FOLDER].contains(&kind) {
        return Err(ZipProblem::NotAFile { file: file() });
    }
    if entry.encrypted() {
        return Err(ZipProblem::Encrypted { file: file() });
    }
    let method = entry.compression();
    if ![CompressionMethod::Stored, CompressionMethod::Deflated].contains(&method) {
        return Err(ZipProblem::Method { file: file(), method });
    }
    Ok(())
}

/// Takes off the one folder around everything, as archives of a folder have it.
fn strip_wrapper(members: &mut [Member]) -> Option<String> {
    let folder = members.first()?.path.segments().next()?.to_owned();
    let wraps = |member: &Member| member.path.segments().next() == Some(&folder);
    if MEANINGFUL.contains(&folder.as_str()) || !members.iter().all(wraps) {
        return None;
    }
    let stripped: Option<Vec<_>> =
        members.iter().map(|member| member.path.without_first_segment()).collect();
    for (member, path) in members.iter_mut().zip(stripped?) {
        member.path = path;
    }
    Some(folder)
}

/// The name that stands twice in the central directory, which `ZipArchive` reads
/// into a map: it tells that names repeat, not which.
fn repeated_name<R: Read + Seek>(mut archive: R, start: u64) -> io::Result<String> {
    let mut seen = HashSet::new();
    archive.seek(SeekFrom::Start(start))?;
    loop {
        // The lengths of name, extra field and comment (APPNOTE 4.3.12).
        let mut header = [0; 46];
        archive.read_exact(&mut header)?;
        let length = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
        let mut name = vec![0; usize::from(length(28))];
        archive.read_exact(&mut name)?;
        archive.seek_relative(i64::from(length(30)) + i64::from(length(32)))?;
        if !seen.insert(name.clone()) {
            return Ok(String::from_utf8_lossy(&name).into_owned());
        }
    }
}

fn extract<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    Member { path, index, size }: Member,
    meter: &mut Meter<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), ZipProblem> {
    let damaged = |source| ZipProblem::Damaged { file: path.clone(), source };
    let content = zip.by_index(index).map_err(damaged)?;
    let mut reader = Metered { content, path: &path, meter, read: 0, stop: None };
    let taken = sink(path.clone(), size, &mut reader);
    // The checksum is compared at the end of the content, so a sink that stops
    // early must not spare the archive the comparison.
    let rest = taken.and_then(|()| io::copy(&mut reader, &mut io::sink()));
    match (reader.stop.take(), rest) {
        (Some(problem), _) => Err(problem),
        (None, Err(source)) => Err(ZipProblem::Sink { file: path, source }),
        (None, Ok(_)) if reader.read != size => {
            let text = "the file is shorter than its header says";
            Err(damaged(io::Error::new(io::ErrorKind::UnexpectedEof, text).into()))
        }
        (None, Ok(_)) => Ok(()),
    }
}

/// The bytes of an archive's files, against the limits and the archive's own size.
struct Meter<'a> {
    tally: Tally<'a>,
    limits: &'a Limits,
    expansion: u64,
}

impl Meter<'_> {
    fn admit(&mut self, file: &FilePath, already: u64, more: u64) -> Result<(), LimitProblem> {
        self.tally.admit_bytes(file.as_str(), already, more)?;
        if self.tally.bytes() > self.expansion {
            let limit = self.limits.zip_ratio;
            return Err(LimitProblem::ZipRatio { file: file.to_string(), limit });
        }
        Ok(())
    }
}

/// Content that is counted as it is read, and remembers why it stopped: through the
/// sink, an error comes back as the sink's.
struct Metered<'a, 'l, C> {
    content: C,
    path: &'a FilePath,
    meter: &'a mut Meter<'l>,
    read: u64,
    stop: Option<ZipProblem>,
}

impl<C: Read> Read for Metered<'_, '_, C> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_some() {
            return Err(io::Error::other("the archive was refused"));
        }
        let problem = match self.content.read(buffer) {
            Ok(count) => {
                let admitted = self.meter.admit(self.path, self.read, count as u64);
                self.read += count as u64;
                match admitted {
                    Ok(()) => return Ok(count),
                    Err(problem) => problem.into(),
                }
            }
            Err(source) if source.kind() == io::ErrorKind::Interrupted => return Err(source),
            Err(source) => ZipProblem::Damaged { file: self.path.clone(), source: source.into() },
        };
        let error = io::Error::other(problem.to_string());
        self.stop = Some(problem);
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use proptest::prelude::*;
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    type Files = Vec<(String, Vec<u8>)>;

    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            let options = SimpleFileOptions::default();
            if name.ends_with('/') {
                writer.add_directory(*name, options).unwrap();
            } else {
                writer.start_file(*name, options).unwrap();
                writer.write_all(content).unwrap();
            }
        }
        writer.finish().unwrap().into_inner()
    }

    /// An archive whose names are replaced, byte by byte, after it was made: the
    /// writer itself refuses to write hostile ones.
    fn renamed(files: &[(&str, &[u8])], from: &str, to: &[u8]) -> Vec<u8> {
        assert_eq!(from.len(), to.len());
        let mut bytes = zip(files);
        for at in 0..bytes.len() - to.len() {
            if bytes[at..].starts_with(from.as_bytes()) {
                bytes[at..at + to.len()].copy_from_slice(to);
            }
        }
        bytes
    }

    fn run(bytes: &[u8], limits: &Limits) -> (Result<Unpacked, ZipProblem>, Files) {
        let mut files = Files::new();
        let result = unpack(Cursor::new(bytes), limits, &mut |path, _, content| {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes)?;
            files.push((path.to_string(), bytes));
            Ok(())
        });
        (result, files)
    }

    /// The problem of an archive of which the sink must see nothing.
    fn refused(bytes: &[u8]) -> ZipProblem {
        let (result, files) = run(bytes, &Limits::default());
        assert!(files.is_empty(), "{files:?}");
        result.unwrap_err()
    }

    #[test]
    fn files_come_out_and_what_is_ignored_does_not() {
        let bytes = zip(&[
            ("index.html", b"<p>"),
            ("a/", b""),
            ("a/b.txt", b"b"),
            ("__MACOSX/._index.html", b"x"),
            ("a/.DS_Store", b"x"),
            ("node_modules/m/i.js", b"x"),
            (".env", b"x"),
            (".well-known/x", b"w"),
        ]);
        let (result, files) = run(&bytes, &Limits::default());
        assert_eq!(result.unwrap(), Unpacked { files: 3, bytes: 5, warnings: vec![] });
        assert_eq!(files[0], ("index.html".into(), b"<p>".to_vec()));
        assert_eq!(files[1].0, "a/b.txt");
    }

    #[test]
    fn the_one_folder_around_everything_is_taken_off_with_a_note() {
        let bytes =
            zip(&[("site-main/", b""), ("site-main/index.html", b""), ("site-main/a/b", b"")]);
        let (result, files) = run(&bytes, &Limits::default());
        assert!(result.unwrap().warnings[0].contains("`site-main`"));
        assert_eq!(files.iter().map(|f| f.0.as_str()).collect::<Vec<_>>(), ["index.html", "a/b"]);
        for names in [["api/a.js", "api/b.js"], ["x/index.html", "y/index.html"], ["x/a", "b"]] {
            let bytes = zip(&[(names[0], b""), (names[1], b"")]);
            let (result, files) = run(&bytes, &Limits::default());
            assert!(result.unwrap().warnings.is_empty());
            assert_eq!(files[0].0, names[0]);
        }
    }

    #[test]
    fn names_that_escape_or_are_no_paths_refuse_the_archive_before_anything_is_written() {
        for name in [
            &b"../evil.tx"[..],
            b"/etc/passw",
            b"a/../../bc",
            b"C:/evil.tx",
            b"..\\..\\evil",
            b"a\0bcdefghi",
            b"a\nbcdefghi",
            b"./bcdefghi",
            b"a//bcdefgh",
        ] {
            let bytes = renamed(&[("good.txt", b"g"), ("PLACEHOLDE", b"x")], "PLACEHOLDE", name);
            assert!(matches!(refused(&bytes), ZipProblem::Path(_)), "{name:?}");
        }
        let bytes = renamed(&[("good.txt", b"g"), ("PLACE", b"x")], "PLACE", b"\xFF\xFEabc");
        assert!(matches!(refused(&bytes), ZipProblem::NotUtf8 { .. }));
        let bytes = zip(&[("good.txt", b"g"), (&"a".repeat(2_000), b"x")]);
        assert!(matches!(refused(&bytes), ZipProblem::Path(PathProblem::TooLong { .. })));
        let bytes = renamed(&[("good.txt", b"g"), ("PL/", b"")], "PL/", b"../");
        assert!(matches!(refused(&bytes), ZipProblem::Path(_)));
    }

    #[test]
    fn repeated_and_case_colliding_names_refuse_the_archive() {
        let files: &[(&str, &[u8])] = &[("one.txt", b"1"), ("two.txt", b"2")];
        let repeated = refused(&renamed(files, "two.txt", b"one.txt"));
        assert!(repeated.to_string().contains("`one.txt` appears twice"), "{repeated}");
        let colliding = refused(&zip(&[("a.txt", b"1"), ("A.txt", b"2")]));
        assert!(matches!(colliding, ZipProblem::Path(PathProblem::CaseCollision { .. })));
    }

    #[test]
    fn links_refuse_the_archive() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file("index.html", SimpleFileOptions::default()).unwrap();
        writer.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        assert!(matches!(refused(&bytes), ZipProblem::NotAFile { .. }));
    }

    #[test]
    fn encrypted_and_oddly_compressed_files_refuse_the_archive() {
        let plain = zip(&[("index.html", b"hello")]);
        let directory = plain.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        let mut encrypted = plain.clone();
        (encrypted[6], encrypted[directory + 8]) = (encrypted[6] | 1, encrypted[directory + 8] | 1);
        assert!(matches!(refused(&encrypted), ZipProblem::Encrypted { .. }));
        let mut lzma = plain;
        (lzma[8], lzma[directory + 10]) = (14, 14);
        assert!(matches!(refused(&lzma), ZipProblem::Method { .. }));
    }

    #[test]
    fn what_is_no_archive_or_is_cut_short_is_refused() {
        let whole = zip(&[("index.html", b"hello"), ("b", b"world")]);
        for bytes in
            [&b""[..], b"PK", b"hello world, this is no archive at all", &whole[..whole.len() - 9]]
        {
            assert!(matches!(refused(bytes), ZipProblem::NotAZip(_)));
        }
        assert!(matches!(refused(&zip(&[])), ZipProblem::Empty));
        assert!(matches!(refused(&zip(&[("a/", b""), (".env", b"")])), ZipProblem::Empty));
    }

    #[test]
    fn a_changed_byte_is_found_by_the_checksum_even_if_the_sink_reads_nothing() {
        let content = b"some content to compress, some content to compress";
        let mut bytes = zip(&[("a.txt", content)]);
        let crc = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap() + 16;
        bytes[crc] ^= 1;
        let (result, _) = run(&bytes, &Limits::default());
        assert!(matches!(result, Err(ZipProblem::Damaged { .. })), "{result:?}");
        let lazy = unpack(Cursor::new(&bytes), &Limits::default(), &mut |_, _, _| Ok(()));
        assert!(matches!(lazy, Err(ZipProblem::Damaged { .. })), "{lazy:?}");
    }

    #[test]
    fn limits_are_those_of_the_app() {
        let bytes = zip(&[("a", b"12345"), ("b", b"12345")]);
        let base = Limits::default();
        for (limits, word) in [
            (Limits { files: 1, ..base.clone() }, "limit of 1 files"),
            (Limits { file_bytes: 4, ..base.clone() }, "per file"),
            (Limits { app_bytes: 9, ..base.clone() }, "per app"),
            (Limits { path_bytes: 0, ..base.clone() }, "shorten"),
        ] {
            let message = run(&bytes, &limits).0.unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
        let many: Vec<String> = (0..50).map(|n| format!(".x{n}")).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
        let result = run(&zip(&many), &Limits { files: 2, ..base }).0;
        assert!(matches!(result, Err(ZipProblem::Entries { entries: 50, limit: 40 })));
    }

    #[test]
    fn a_bomb_is_refused_by_its_ratio_whatever_its_header_says() {
        let zeros = vec![0; 200_000];
        let limits = Limits { zip_floor: 1_000, ..Limits::default() };
        let honest = zip(&[("index.html", b""), ("bomb", &zeros)]);
        let (result, files) = run(&honest, &limits);
        assert!(matches!(result, Err(ZipProblem::Limit(LimitProblem::ZipRatio { .. }))));
        assert!(files.is_empty());
        assert!(run(&honest, &Limits::default()).0.is_ok());
        // The same bomb with a header that declares 10 bytes.
        let mut liar = honest;
        let declared = u32::try_from(zeros.len()).unwrap().to_le_bytes();
        for at in 0..liar.len() - 4 {
            if liar[at..at + 4] == declared {
                liar[at..at + 4].copy_from_slice(&10_u32.to_le_bytes());
            }
        }
        let (result, _) = run(&liar, &limits);
        assert!(matches!(result, Err(ZipProblem::Damaged { .. } | ZipProblem::Limit(_))));
    }

    #[test]
    fn a_failing_sink_is_told_apart_from_a_bad_archive() {
        let bytes = zip(&[("a", b"1")]);
        let result = unpack(Cursor::new(bytes), &Limits::default(), &mut |_, _, _| {
            Err(io::Error::other("disk full"))
        });
        assert!(matches!(result, Err(ZipProblem::Sink { .. })));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = run(&bytes, &Limits::default());
        }

        #[test]
        fn a_damaged_archive_never_panics_nor_yields_a_bad_name(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = zip(&[("index.html", b"hello hello hello"), ("a/b.txt", b"x")]);
            for (index, byte) in changes {
                let at = index.index(bytes.len());
                bytes[at] = byte;
            }
            let short = &bytes[..cut.index(bytes.len())];
            for bytes in [&bytes[..], short] {
                for (name, _) in run(bytes, &Limits::default()).1 {
                    prop_assert!(FilePath::parse(&name).is_ok());
                }
            }
        }
    }
}
