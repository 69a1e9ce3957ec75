//! Which bytes of a file does a `Range` header ask for?
//!
//! RFC 9110 §14 for the unit `bytes`, and the frame of a `multipart/byteranges` answer. A
//! header that makes no sense or asks for too much is ignored, as the RFC allows, so that no
//! request costs more than the whole file. Reads no bytes.

/// How many ranges one request may ask for; readers of PDF and video ask for a few.
const MAX_PARTS: usize = 16;

/// Some consecutive bytes of a file.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct ByteRange {
    /// The first byte, from 0.
    pub first: u64,
    /// The last byte, which is included.
    pub last: u64,
}

/// What a `Range` header comes to for a file of a known length.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Ranges {
    /// Answer 200 with everything.
    Whole,
    /// Answer 416 with `Content-Range: bytes */<len>`.
    Unsatisfiable,
    /// Answer 206 with these, of which there is at least one, in the order asked for.
    Parts(Vec<ByteRange>),
}

/// The text around the parts of a `multipart/byteranges` answer.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Multipart {
    /// What goes before each part's bytes.
    pub heads: Vec<String>,
    /// What goes after the last.
    pub trailer: String,
    /// Heads, parts and trailer together.
    pub content_length: u64,
}

impl ByteRange {
    /// Counts the bytes.
    #[must_use]
    pub fn length(self) -> u64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }

    /// Writes the value of `Content-Range` for a file of a length.
    #[must_use]
    pub fn content_range(self, len: u64) -> String {
        format!("bytes {}-{}/{len}", self.first, self.last)
    }
}

/// Reads a `Range` header for a file of `len` bytes.
///
/// An empty file has no bytes to name and is sent whole: some clients put a range on every
/// request, and 416 would be an error to them.
#[must_use]
pub fn parse(header: &str, len: u64) -> Ranges {
    let Some((unit, list)) = header.split_once('=') else { return Ranges::Whole };
    if len == 0 || !unit.trim().eq_ignore_ascii_case("bytes") {
        return Ranges::Whole;
    }
    let mut parts = Vec::new();
    let mut asked = 0;
    let mut room = len;
    // Empty elements of a list are nothing (RFC 9110 §5.6.1).
    let specs = list.split(',').map(|spec| spec.trim_matches([' ', '\t']));
    for spec in specs.filter(|spec| !spec.is_empty()) {
        let Some(wanted) = Wanted::parse(spec) else { return Ranges::Whole };
        asked += 1;
        if asked > MAX_PARTS {
            return Ranges::Whole;
        }
        let Some(range) = wanted.within(len) else { continue };
        // Ranges that overlap so much are an attack on memory or bandwidth (CVE-2011-3192).
        let Some(left) = room.checked_sub(range.length()) else { return Ranges::Whole };
        room = left;
        parts.push(range);
    }
    match (asked, parts.len()) {
        (0, _) => Ranges::Whole,
        (_, 0) => Ranges::Unsatisfiable,
        _ => Ranges::Parts(parts),
    }
}

/// Frames several parts of a file of `len` bytes; `boundary` must not occur in them.
#[must_use]
pub fn multipart(parts: &[ByteRange], content_type: &str, len: u64, boundary: &str) -> Multipart {
    let mut heads = Vec::with_capacity(parts.len());
    let trailer = format!("\r\n--{boundary}--\r\n");
    let mut content_length = bytes(&trailer);
    for part in parts {
        let before = if heads.is_empty() { "" } else { "\r\n" };
        let range = part.content_range(len);
        let head = format!(
            "{before}--{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: {range}\r\n\r\n"
        );
        content_length = content_length.saturating_add(bytes(&head)).saturating_add(part.length());
        heads.push(head);
    }
    Multipart { heads, trailer, content_length }
}

/// One range as asked for, the file's length aside.
enum Wanted {
    Between(u64, u64),
    Last(u64),
}

impl Wanted {
    fn parse(spec: &str) -> Option<Self> {
        let (first, last) = spec.split_once('-')?;
        if first.is_empty() {
            return number(last).map(Self::Last);
        }
        let first = number(first)?;
        let last = if last.is_empty() { u64::MAX } else { number(last)? };
        (first <= last).then_some(Self::Between(first, last))
    }

    /// Cuts the range to a file, which may leave nothing of it.
    fn within(self, len: u64) -> Option<ByteRange> {
        let end = len.checked_sub(1)?;
        match self {
            Self::Between(first, last) => {
                (first <= end).then(|| ByteRange { first, last: last.min(end) })
            }
            Self::Last(count) => {
                (count > 0).then(|| ByteRange { first: len.saturating_sub(count), last: end })
            }
        }
    }
}

/// Reads digits; a number too large for us is beyond any file's end.
fn number(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    plain.then(|| digits.parse().unwrap_or(u64::MAX))
}

fn bytes(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(ranges: &[(u64, u64)]) -> Ranges {
        Ranges::Parts(ranges.iter().map(|&(first, last)| ByteRange { first, last }).collect())
    }

    #[test]
    fn ranges_are_read_against_the_length() {
        let rows = [
            ("bytes=0-0", parts(&[(0, 0)])),
            ("bytes=0-99", parts(&[(0, 99)])),
            ("bytes=10-19", parts(&[(10, 19)])),
            ("Bytes=10-19", parts(&[(10, 19)])),
            ("bytes=10-", parts(&[(10, 99)])),
            ("bytes=10-1000", parts(&[(10, 99)])),
            ("bytes=-1", parts(&[(99, 99)])),
            ("bytes=-1000", parts(&[(0, 99)])),
            ("bytes=0-1, 4-5", parts(&[(0, 1), (4, 5)])),
            ("bytes=90-,0-9", parts(&[(90, 99), (0, 9)])),
            ("bytes=,0-1,\t,4-5,", parts(&[(0, 1), (4, 5)])),
            ("bytes=0-1,200-300", parts(&[(0, 1)])),
            ("bytes=99999999999999999999-", Ranges::Unsatisfiable),
            ("bytes=0-99999999999999999999", parts(&[(0, 99)])),
            ("bytes=-99999999999999999999", parts(&[(0, 99)])),
            ("bytes=100-", Ranges::Unsatisfiable),
            ("bytes=100-200, -0", Ranges::Unsatisfiable),
            ("bytes=-0", Ranges::Unsatisfiable),
            ("bytes=5-4", Ranges::Whole),
            ("bytes=0-1,5-4", Ranges::Whole),
            ("bytes=", Ranges::Whole),
            ("bytes=,", Ranges::Whole),
            ("bytes=-", Ranges::Whole),
            ("bytes=a-b", Ranges::Whole),
            ("bytes=+1-2", Ranges::Whole),
            ("bytes=1 -2", Ranges::Whole),
            ("bytes=1-2-3", Ranges::Whole),
            ("bytes 0-1", Ranges::Whole),
            ("items=0-1", Ranges::Whole),
            ("", Ranges::Whole),
        ];
        for (header, expected) in rows {
            assert_eq!(parse(header, 100), expected, "{header}");
        }
    }

    #[test]
    fn empty_file_is_sent_whole() {
        for header in ["bytes=0-", "bytes=-5", "bytes=5-6"] {
            assert_eq!(parse(header, 0), Ranges::Whole, "{header}");
        }
    }

    #[test]
    fn too_many_or_overlapping_ranges_are_ignored() {
        let list = |count| format!("bytes={}", vec!["0-0"; count].join(","));
        assert!(matches!(parse(&list(16), 100), Ranges::Parts(_)));
        assert_eq!(parse(&list(17), 100), Ranges::Whole);
        assert_eq!(parse(&list(9_000), 100), Ranges::Whole);
        assert_eq!(parse("bytes=0-,0-", 100), Ranges::Whole);
        assert_eq!(parse("bytes=0-59,40-99", 100), Ranges::Whole);
        assert_eq!(parse("bytes=0-49,50-99", 100), parts(&[(0, 49), (50, 99)]));
    }

    #[test]
    fn multipart_frame_has_the_announced_length() {
        let ranges = [ByteRange { first: 0, last: 1 }, ByteRange { first: 4, last: 6 }];
        let frame = multipart(&ranges, "text/plain", 10, "B");
        let body = format!("{}ab{}efg{}", frame.heads[0], frame.heads[1], frame.trailer);
        assert_eq!(
            body,
            "--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\nab\
             \r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 4-6/10\r\n\r\nefg\
             \r\n--B--\r\n"
        );
        assert_eq!(frame.content_length, body.len() as u64);
    }

    proptest! {
        #[test]
        fn parts_lie_within_the_file(
            list in "(([0-9]{0,3}|18446744073709551615)-([0-9]{0,3}|9{20})[, ]{0,2}){1,20}",
            len in prop_oneof![0_u64..500, Just(u64::MAX)],
        ) {
            if let Ranges::Parts(parts) = parse(&format!("bytes={list}"), len) {
                prop_assert!(!parts.is_empty() && parts.len() <= MAX_PARTS);
                prop_assert!(parts.iter().all(|part| part.first <= part.last && part.last < len));
                let sum = parts.iter().map(|part| u128::from(part.length())).sum::<u128>();
                prop_assert!(sum <= u128::from(len));
                let _ = multipart(&parts, "a/b", len, "B");
            }
        }

        #[test]
        fn any_header_is_read_without_panic(header in any::<String>(), len in any::<u64>()) {
            let _ = parse(&header, len);
            let _ = parse(&format!("bytes={header}"), len);
        }
    }
}
