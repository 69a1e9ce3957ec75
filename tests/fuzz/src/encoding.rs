//! Accept-Encoding: only what is there is chosen, and never what was forbidden.
//!
//! Input: a digit whose bits are gzip, zstd and brotli; then the header.

use fazt::apps::site::negotiate::{Encoding, Encodings, choose};

pub(crate) fn run(data: &[u8]) {
    let Some((bits, header)) = data.split_first() else { return };
    let Ok(header) = str::from_utf8(header) else { return };
    let made = [Encoding::Gzip, Encoding::Zstd, Encoding::Brotli];
    let available: Encodings = made
        .into_iter()
        .enumerate()
        .filter(|(at, _)| bits >> at & 1 == 1)
        .map(|(_, e)| e)
        .collect();
    let chosen = choose(Some(header), available);
    assert!(available.contains(chosen), "{chosen:?} is not there");
    assert_eq!(choose(Some(header), Encodings::NONE), Encoding::Identity);
    assert_eq!(choose(None, available), Encoding::Identity);
    if chosen != Encoding::Identity {
        let lower = header.to_ascii_lowercase();
        assert!(lower.contains(chosen.token()) || lower.contains('*'), "{header:?}: {chosen:?}");
        // With this one alone, the answer is the same or plain.
        let alone = choose(Some(header), Encodings::NONE.with(chosen));
        assert_eq!(alone, chosen, "{header:?}");
    }
    // Letter case and the space around a comma say nothing. The second spelling also
    // goes around the short cut for browsers.
    for other in [header.to_ascii_uppercase(), header.replace(',', " ,\t")] {
        assert_eq!(choose(Some(&other), available), chosen, "{header:?} and {other:?}");
    }
}
