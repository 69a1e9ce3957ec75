//! How do many small files travel in one request?
//!
//! A head of the caller's own, then blobs by their hash, in one compressed stream.
//! Every length from the other side is a claim: it is compared with a bound first
//! and memory grows only with bytes that arrived. What the head means, which blobs
//! were asked for and where they go is the caller's. Both directions stand in this
//! one file, as they are one format:
//!
//! ```text
//! "FZTB"  version 1  packing 0 | 1        bare
//! length u32, head                        from here on packed; numbers little-endian
//! 1, hash [32], length u64, bytes         for each blob
//! 0, count u64                            the end
//! ```

use std::io::{self, BufReader, BufWriter, Read, Write};

use thiserror::Error;

use super::limits::{Limits, MIB, size};

const MAGIC: &[u8; 4] = b"FZTB";
const VERSION: u8 = 1;

const STORED: u8 = 0;
const ZSTD: u8 = 1;

const END: u8 = 0;
const BLOB: u8 = 1;

/// The longest head.
pub const MAX_HEAD_BYTES: u64 = 16 * MIB;

/// Zstandard lets a stream ask its reader for gigabytes of window; 8 MiB is what
/// the strongest level offered here needs.
const WINDOW_LOG: u32 = 23;
const MAX_LEVEL: i32 = 19;

/// What memory is set aside before the first byte of a blob has arrived.
const FIRST_BYTES: u64 = 64 * 1_024;

/// How a stream is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Not at all: over loopback, compressing costs more than it saves.
    Stored,
    /// By Zstandard, at a level from 1 (fast) to 19 (small).
    Zstd(i32),
}

/// How much a stream may carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// All blobs together.
    pub total_bytes: u64,
    /// One blob; it is held in memory whole.
    pub blob_bytes: u64,
    /// How many blobs: empty ones would otherwise come without end.
    pub blobs: u64,
}

impl From<&Limits> for Bounds {
    fn from(limits: &Limits) -> Self {
        let blobs = limits.files as u64;
        Self { total_bytes: limits.app_bytes, blob_bytes: limits.file_bytes, blobs }
    }
}

/// What a stream carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// How many blobs.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Why a stream cannot be written or is refused.
#[derive(Debug, Error)]
pub enum WireProblem {
    #[error("the upload is no fazt bundle; send it with `fazt deploy`, or send a ZIP archive")]
    Magic,
    #[error(
        "the upload is a fazt bundle of version {version}, this node reads version {VERSION}; \
         upgrade the older of the two"
    )]
    Version { version: u8 },
    #[error("the upload ends early; send it again")]
    Truncated,
    #[error("the upload goes on after its end; send it again")]
    Trailing,
    #[error("the upload is damaged: {what}; send it again")]
    Damaged { what: &'static str },
    #[error(
        "the upload is damaged: blob {} has other content than its hash says; send it again",
        hex(hash)
    )]
    Hash { hash: [u8; 32] },
    #[error(
        "the head of the upload is {}, above the limit of {}; send it in parts",
        size(*bytes), size(MAX_HEAD_BYTES)
    )]
    Head { bytes: u64 },
    #[error(
        "blob {} is {}, above the limit of {}; send it on its own",
        hex(hash), size(*bytes), size(*limit)
    )]
    Blob { hash: [u8; 32], bytes: u64, limit: u64 },
    #[error(
        "with blob {} the upload is above the limit of {}; send it in parts",
        hex(hash), size(*limit)
    )]
    Total { hash: [u8; 32], limit: u64 },
    #[error("the upload has more blobs than the limit of {limit}; send it in parts")]
    Blobs { limit: u64 },
    #[error("blob {} changed since it was hashed; deploy again", hex(hash))]
    Changed { hash: [u8; 32] },
    #[error("cannot read the upload; send it again")]
    Read(#[source] io::Error),
    #[error("cannot send the upload; try again")]
    Write(#[source] io::Error),
    #[error("cannot take in the upload")]
    Sink(#[source] io::Error),
}

/// Writes a stream.
pub struct Encoder<W: Write> {
    out: Out<W>,
    blobs: u64,
}

enum Out<W: Write> {
    Stored(BufWriter<W>),
    Zstd(zstd::Encoder<'static, W>),
}

impl<W: Write> Encoder<W> {
    /// Begins a stream with its head.
    ///
    /// # Errors
    ///
    /// When the head is too long or the writer fails.
    pub fn new(mut writer: W, packing: Packing, head: &[u8]) -> Result<Self, WireProblem> {
        let length = match u32::try_from(head.len()) {
            Ok(length) if u64::from(length) <= MAX_HEAD_BYTES => length,
            _ => return Err(WireProblem::Head { bytes: head.len() as u64 }),
        };
        let tag = if packing == Packing::Stored { STORED } else { ZSTD };
        let [a, b, c, d] = *MAGIC;
        writer.write_all(&[a, b, c, d, VERSION, tag]).map_err(WireProblem::Write)?;
        let out = match packing {
            Packing::Stored => Out::Stored(BufWriter::with_capacity(64 * 1_024, writer)),
            Packing::Zstd(level) => {
                let level = level.clamp(1, MAX_LEVEL);
                Out::Zstd(zstd::Encoder::new(writer, level).map_err(WireProblem::Write)?)
            }
        };
        let mut encoder = Self { out, blobs: 0 };
        encoder.put(&length.to_le_bytes())?;
        encoder.put(head)?;
        Ok(encoder)
    }

    /// Adds a blob that is in memory.
    ///
    /// # Errors
    ///
    /// When the bytes are not those of the hash, which leaves the stream as it was,
    /// or the writer fails.
    pub fn blob(&mut self, hash: &[u8; 32], bytes: &[u8]) -> Result<(), WireProblem> {
        if blake3::hash(bytes) != *hash {
            return Err(WireProblem::Changed { hash: *hash });
        }
        self.begin_blob(hash, bytes.len() as u64)?;
        self.put(bytes)
    }

    /// Adds a blob of a known length from a reader, without holding it in memory.
    ///
    /// # Errors
    ///
    /// When the content is not that of the hash, after which the stream is lost, or
    /// when the reader or the writer fails.
    pub fn blob_from(
        &mut self,
        hash: &[u8; 32],
        length: u64,
        reader: &mut dyn Read,
    ) -> Result<(), WireProblem> {
        self.begin_blob(hash, length)?;
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; 64 * 1_024];
        // One byte more than announced shows that there is more.
        let mut reader = reader.take(length.saturating_add(1));
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(WireProblem::Read(error)),
            };
            hasher.update(&buffer[..count]);
            if hasher.count() > length {
                break;
            }
            self.put(&buffer[..count])?;
        }
        if hasher.count() != length || hasher.finalize() != *hash {
            return Err(WireProblem::Changed { hash: *hash });
        }
        Ok(())
    }

    /// Ends the stream and gives the writer back, flushed.
    ///
    /// # Errors
    ///
    /// When the writer fails.
    pub fn finish(mut self) -> Result<W, WireProblem> {
        let blobs = self.blobs;
        self.put(&[END])?;
        self.put(&blobs.to_le_bytes())?;
        let mut writer = match self.out {
            Out::Stored(out) => out.into_inner().map_err(io::IntoInnerError::into_error),
            Out::Zstd(out) => out.finish(),
        }
        .map_err(WireProblem::Write)?;
        writer.flush().map_err(WireProblem::Write)?;
        Ok(writer)
    }

    fn begin_blob(&mut self, hash: &[u8; 32], length: u64) -> Result<(), WireProblem> {
        self.blobs += 1;
        self.put(&[BLOB])?;
        self.put(hash)?;
        self.put(&length.to_le_bytes())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), WireProblem> {
        match &mut self.out {
            Out::Stored(out) => out.write_all(bytes),
            Out::Zstd(out) => out.write_all(bytes),
        }
        .map_err(WireProblem::Write)
    }
}

/// Reads a stream to its end: the head first, then each blob once its hash holds.
///
/// # Errors
///
/// The first thing wrong with the stream, or what a callback answered; blobs handed
/// over until then were whole.
pub fn decode<R: Read>(
    mut reader: R,
    bounds: &Bounds,
    on_head: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    on_blob: &mut dyn FnMut([u8; 32], Vec<u8>) -> io::Result<()>,
) -> Result<Received, WireProblem> {
    let [a, b, c, d, version, packing] = array(&mut reader)?;
    if [a, b, c, d] != *MAGIC {
        return Err(WireProblem::Magic);
    }
    if version != VERSION {
        return Err(WireProblem::Version { version });
    }
    let mut reader = BufReader::new(reader);
    match packing {
        STORED => {
            let received = body(&mut reader, bounds, on_head, on_blob)?;
            at_end(&mut reader)?;
            Ok(received)
        }
        ZSTD => {
            // One frame only: bytes after it are left in the reader, and found there.
            let mut frame =
                zstd::Decoder::with_buffer(reader).map_err(WireProblem::Read)?.single_frame();
            frame.window_log_max(WINDOW_LOG).map_err(WireProblem::Read)?;
            let mut unpacked = BufReader::with_capacity(64 * 1_024, frame);
            let received = body(&mut unpacked, bounds, on_head, on_blob)?;
            at_end(&mut unpacked)?;
            at_end(&mut unpacked.into_inner().finish())?;
            Ok(received)
        }
        _ => Err(WireProblem::Damaged { what: "its packing is unknown" }),
    }
}

fn body(
    reader: &mut dyn Read,
    bounds: &Bounds,
    on_head: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    on_blob: &mut dyn FnMut([u8; 32], Vec<u8>) -> io::Result<()>,
) -> Result<Received, WireProblem> {
    let length = u64::from(u32::from_le_bytes(array(reader)?));
    if length > MAX_HEAD_BYTES {
        return Err(WireProblem::Head { bytes: length });
    }
    on_head(&bytes(reader, length)?).map_err(WireProblem::Sink)?;
    let mut received = Received { blobs: 0, bytes: 0 };
    loop {
        match array(reader)? {
            [BLOB] => {}
            [END] if u64::from_le_bytes(array(reader)?) == received.blobs => return Ok(received),
            [END] => return Err(WireProblem::Damaged { what: "its count of blobs is wrong" }),
            _ => return Err(WireProblem::Damaged { what: "neither a blob nor the end follows" }),
        }
        let hash: [u8; 32] = array(reader)?;
        let length = u64::from_le_bytes(array(reader)?);
        received.blobs += 1;
        received.bytes = received.bytes.saturating_add(length);
        if received.blobs > bounds.blobs {
            return Err(WireProblem::Blobs { limit: bounds.blobs });
        }
        if length > bounds.blob_bytes {
            return Err(WireProblem::Blob { hash, bytes: length, limit: bounds.blob_bytes });
        }
        if received.bytes > bounds.total_bytes {
            return Err(WireProblem::Total { hash, limit: bounds.total_bytes });
        }
        let blob = bytes(reader, length)?;
        if blake3::hash(&blob) != hash {
            return Err(WireProblem::Hash { hash });
        }
        on_blob(hash, blob).map_err(WireProblem::Sink)?;
    }
}

fn array<const N: usize>(reader: &mut (impl Read + ?Sized)) -> Result<[u8; N], WireProblem> {
    let mut array = [0; N];
    reader.read_exact(&mut array).map_err(read_problem)?;
    Ok(array)
}

fn bytes(reader: &mut dyn Read, length: u64) -> Result<Vec<u8>, WireProblem> {
    // At most 64 KiB on the strength of a claim; the rest grows with what arrives.
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(FIRST_BYTES)).unwrap_or(0));
    reader.take(length).read_to_end(&mut bytes).map_err(read_problem)?;
    if (bytes.len() as u64) < length {
        return Err(WireProblem::Truncated);
    }
    Ok(bytes)
}

fn at_end(reader: &mut impl Read) -> Result<(), WireProblem> {
    match reader.read_exact(&mut [0]) {
        Ok(()) => Err(WireProblem::Trailing),
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(read_problem(error)),
        Err(_) => Ok(()),
    }
}

fn read_problem(error: io::Error) -> WireProblem {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        WireProblem::Truncated
    } else {
        WireProblem::Read(error)
    }
}

/// The front of a hash, enough to find the blob by.
fn hex(hash: &[u8; 32]) -> String {
    let mut text = blake3::Hash::from_bytes(*hash).to_hex().to_string();
    text.truncate(12);
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOTH: [Packing; 2] = [Packing::Stored, Packing::Zstd(3)];

    type Decoded = (Vec<u8>, Vec<Vec<u8>>);

    fn bounds() -> Bounds {
        Bounds { total_bytes: 1_000_000, blob_bytes: 500_000, blobs: 100 }
    }

    fn encoded(packing: Packing, head: &[u8], blobs: &[&[u8]]) -> Vec<u8> {
        let mut encoder = Encoder::new(Vec::new(), packing, head).unwrap();
        for blob in blobs {
            encoder.blob(blake3::hash(blob).as_bytes(), blob).unwrap();
        }
        encoder.finish().unwrap()
    }

    fn decoded(bytes: &[u8], bounds: &Bounds) -> Result<Decoded, WireProblem> {
        let (mut head, mut blobs) = (Vec::new(), Vec::new());
        decode(
            bytes,
            bounds,
            &mut |bytes| {
                head.extend_from_slice(bytes);
                Ok(())
            },
            &mut |hash, bytes| {
                assert_eq!(blake3::hash(&bytes), hash);
                blobs.push(bytes);
                Ok(())
            },
        )?;
        Ok((head, blobs))
    }

    /// A stored stream with a body written by hand.
    fn by_hand(body: &[&[u8]]) -> Vec<u8> {
        [b"FZTB\x01\x00", body.concat().as_slice()].concat()
    }

    #[test]
    fn a_stream_comes_back_as_it_was_sent() {
        let large = vec![7; 300_000];
        for packing in [Packing::Stored, Packing::Zstd(-5), Packing::Zstd(1), Packing::Zstd(99)] {
            let bytes = encoded(packing, b"{}", &[b"a", b"", &large]);
            let (head, blobs) = decoded(&bytes, &bounds()).unwrap();
            assert_eq!((head, blobs), (b"{}".to_vec(), vec![b"a".to_vec(), vec![], large.clone()]));
        }
    }

    #[test]
    fn repetitive_blobs_travel_in_few_bytes() {
        assert!(encoded(Packing::Zstd(3), b"", &[&vec![7; 300_000]]).len() < 1_000);
    }

    #[test]
    fn a_blob_can_be_streamed_and_one_that_changed_is_noticed() {
        let content = vec![5; 200_000];
        let hash = *blake3::hash(&content).as_bytes();
        for packing in BOTH {
            let begin = || Encoder::new(Vec::new(), packing, b"").unwrap();
            let mut encoder = begin();
            encoder.blob_from(&hash, 200_000, &mut &content[..]).unwrap();
            let bytes = encoder.finish().unwrap();
            assert_eq!(decoded(&bytes, &bounds()).unwrap().1, std::slice::from_ref(&content));
            let longer = [&content[..], b"x"].concat();
            for changed in [&content[1..], &longer, &vec![6; 200_000]] {
                let result = begin().blob_from(&hash, 200_000, &mut &changed[..]);
                assert!(matches!(result, Err(WireProblem::Changed { .. })));
            }
            assert!(matches!(begin().blob(&hash, b"other"), Err(WireProblem::Changed { .. })));
        }
    }

    #[test]
    fn a_stream_cut_anywhere_is_refused() {
        for packing in BOTH {
            let bytes = encoded(packing, b"head", &[b"one", b"two"]);
            for cut in 0..bytes.len() {
                assert!(decoded(&bytes[..cut], &bounds()).is_err(), "{packing:?} at {cut}");
            }
        }
        let bytes = encoded(Packing::Stored, b"head", &[b"one"]);
        let cut = decoded(&bytes[..bytes.len() - 1], &bounds());
        assert!(matches!(cut, Err(WireProblem::Truncated)));
    }

    #[test]
    fn anything_after_the_end_is_refused() {
        for packing in BOTH {
            let mut bytes = encoded(packing, b"", &[b"one"]);
            let again = bytes[6..].to_vec();
            bytes.push(0);
            assert!(matches!(decoded(&bytes, &bounds()), Err(WireProblem::Trailing)));
            bytes.pop();
            bytes.extend(again);
            assert!(matches!(decoded(&bytes, &bounds()), Err(WireProblem::Trailing)));
        }
    }

    #[test]
    fn what_is_no_stream_of_this_version_is_refused() {
        let read = |bytes: &[u8]| decoded(bytes, &bounds()).unwrap_err();
        assert!(matches!(read(b"PK\x03\x04\x00\x00\x00"), WireProblem::Magic));
        assert!(matches!(read(b"FZTB\x02\x00"), WireProblem::Version { version: 2 }));
        assert!(matches!(read(b"FZTB\x01\x09"), WireProblem::Damaged { .. }));
        assert!(matches!(read(b""), WireProblem::Truncated));
        assert!(matches!(read(b"FZTB\x01\x01garbage!"), WireProblem::Read(_)));
    }

    #[test]
    fn a_blob_with_other_content_than_its_hash_is_refused() {
        let mut bytes = encoded(Packing::Stored, b"", &[b"content"]);
        let at = bytes.windows(7).position(|window| window == b"content").unwrap();
        bytes[at] ^= 1;
        assert!(matches!(decoded(&bytes, &bounds()), Err(WireProblem::Hash { .. })));
    }

    #[test]
    fn a_wrong_count_and_an_unknown_mark_are_refused() {
        let empty = 0_u32.to_le_bytes();
        for body in [&[&empty[..], &[END], &1_u64.to_le_bytes()], &[&empty[..], &[7], &[0; 8]]] {
            let problem = decoded(&by_hand(body), &bounds()).unwrap_err();
            assert!(matches!(problem, WireProblem::Damaged { .. }));
        }
    }

    #[test]
    fn bounds_hold_for_the_head_one_blob_all_blobs_and_their_number() {
        let problem = |bytes: &[u8], bounds: &Bounds| decoded(bytes, bounds).unwrap_err();
        let head = by_hand(&[&u32::MAX.to_le_bytes()]);
        assert!(matches!(problem(&head, &bounds()), WireProblem::Head { .. }));
        let head = vec![0; usize::try_from(MAX_HEAD_BYTES).unwrap() + 1];
        let refused = Encoder::new(Vec::new(), Packing::Stored, &head);
        assert!(matches!(refused, Err(WireProblem::Head { .. })));
        let bytes = encoded(Packing::Zstd(3), b"", &[b"123", b"456"]);
        let blob = Bounds { blob_bytes: 2, ..bounds() };
        assert!(matches!(problem(&bytes, &blob), WireProblem::Blob { bytes: 3, limit: 2, .. }));
        let total = Bounds { total_bytes: 5, ..bounds() };
        assert!(matches!(problem(&bytes, &total), WireProblem::Total { limit: 5, .. }));
        let blobs = Bounds { blobs: 1, ..bounds() };
        assert!(matches!(problem(&bytes, &blobs), WireProblem::Blobs { limit: 1 }));
    }

    #[test]
    fn a_claimed_length_takes_no_memory_before_its_bytes_arrive() {
        let huge = Bounds { total_bytes: u64::MAX, blob_bytes: u64::MAX, blobs: 9 };
        let claim = by_hand(&[&0_u32.to_le_bytes(), &[BLOB], &[0; 32], &u64::MAX.to_le_bytes()]);
        assert!(matches!(decoded(&claim, &huge), Err(WireProblem::Truncated)));
    }

    #[test]
    fn a_stream_that_asks_for_a_huge_window_is_refused() {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(27).unwrap();
        encoder.write_all(&vec![0; 20_000_000]).unwrap();
        let bytes = [b"FZTB\x01\x01", encoder.finish().unwrap().as_slice()].concat();
        assert!(matches!(decoded(&bytes, &bounds()), Err(WireProblem::Read(_))));
    }

    #[test]
    fn what_a_callback_answers_ends_the_reading() {
        let bytes = encoded(Packing::Stored, b"", &[b"a"]);
        let no = || Err(io::Error::other("no"));
        let head = decode(&bytes[..], &bounds(), &mut |_| no(), &mut |_, _| Ok(()));
        assert!(matches!(head, Err(WireProblem::Sink(_))));
        let blob = decode(&bytes[..], &bounds(), &mut |_| Ok(()), &mut |_, _| no());
        assert!(matches!(blob, Err(WireProblem::Sink(_))));
    }

    proptest! {
        #[test]
        fn every_stream_comes_back(
            head in prop::collection::vec(any::<u8>(), 0..50),
            blobs in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8),
            level in 0..5,
        ) {
            let packing = if level == 0 { Packing::Stored } else { Packing::Zstd(level) };
            let parts: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
            let bytes = encoded(packing, &head, &parts);
            prop_assert_eq!(decoded(&bytes, &bounds()).unwrap(), (head, blobs));
        }

        #[test]
        fn no_bytes_make_it_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            tag in 0..2_u8,
        ) {
            let _ = decoded(&bytes, &bounds());
            let _ = decoded(&[b"FZTB\x01", &[tag][..], &bytes].concat(), &bounds());
        }

        #[test]
        fn a_changed_byte_is_found_or_changes_nothing_but_the_head(
            index in any::<prop::sample::Index>(), byte in any::<u8>(), packed in any::<bool>(),
        ) {
            let packing = if packed { Packing::Zstd(3) } else { Packing::Stored };
            let mut bytes = encoded(packing, b"head", &[b"first blob", b"second blob"]);
            let at = index.index(bytes.len());
            bytes[at] = byte;
            if let Ok((_, blobs)) = decoded(&bytes, &bounds()) {
                prop_assert_eq!(blobs, vec![b"first blob".to_vec(), b"second blob".to_vec()]);
            }
        }
    }
}
