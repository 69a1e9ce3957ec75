//! Range: parts lie inside the file, and no answer is larger than it by much.
//!
//! Input: the file's length in decimal, then the header.

use fazt::apps::site::range::{Ranges, multipart, parse};

use crate::check;

pub(crate) fn run(data: &[u8]) {
    let Some([len, header]) = check::lines(data) else { return };
    let Ok(len) = len.parse::<u64>() else { return };
    let parts = match parse(header, len) {
        Ranges::Whole => return,
        Ranges::Unsatisfiable => return assert!(len > 0, "an empty file is sent whole"),
        Ranges::Parts(parts) => parts,
    };
    assert!((1..=16).contains(&parts.len()), "{} parts", parts.len());
    let mut total = 0_u64;
    for part in &parts {
        assert!(part.first <= part.last && part.last < len, "{part:?} of {len}");
        // The one part that covers a file of 2^64 - 1 bytes still has a length.
        assert_eq!(part.length(), part.last - part.first + 1);
        total = total.checked_add(part.length()).expect("the parts are no longer than the file");
        assert_eq!(part.content_range(len), format!("bytes {}-{}/{len}", part.first, part.last));
    }
    assert!(total <= len, "{total} bytes of {len}");
    let framed = multipart(&parts, "text/plain", len, "boundary");
    let text: usize = framed.heads.iter().map(String::len).sum();
    let text = u64::try_from(text + framed.trailer.len()).expect("16 short heads");
    assert_eq!(framed.heads.len(), parts.len());
    assert_eq!(framed.content_length, total.saturating_add(text));
}
