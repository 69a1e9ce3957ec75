//! In which of the encodings made at deploy is a file sent?
//!
//! `Accept-Encoding` as in RFC 9110 §12.5.3, over the few codings fazt makes. Allocates
//! nothing, since every answer with a body asks. Deliberately absent: 406 — a client that
//! forbids everything is better served plain than not at all.

/// A content coding.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Encoding {
    /// The bytes as deployed.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// RFC 7932.
    Brotli,
}

impl Encoding {
    /// All codings in the order of preference when a client likes several as well.
    const BEST_FIRST: [Self; 4] = [Self::Brotli, Self::Zstd, Self::Gzip, Self::Identity];

    /// Gives the name used in `Content-Encoding`, where identity is left out.
    #[must_use]
    pub fn token(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Brotli => "br",
        }
    }

    /// Reads a name, in any letter case as RFC 9110 §8.4.1 has it.
    fn from_token(token: &str) -> Option<Self> {
        if token.eq_ignore_ascii_case("x-gzip") {
            return Some(Self::Gzip);
        }
        Self::BEST_FIRST.into_iter().find(|coding| token.eq_ignore_ascii_case(coding.token()))
    }
}

/// The encodings a file is there in; identity always is.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct Encodings(u8);

impl Encodings {
    /// No other than identity.
    pub const NONE: Self = Self(0);

    /// Adds one.
    #[must_use]
    pub const fn with(self, encoding: Encoding) -> Self {
        Self(self.0 | 1 << encoding as u8)
    }

    /// Tells whether one is there.
    #[must_use]
    pub const fn contains(self, encoding: Encoding) -> bool {
        matches!(encoding, Encoding::Identity) || self.0 & 1 << encoding as u8 != 0
    }
}

impl FromIterator<Encoding> for Encodings {
    fn from_iter<I: IntoIterator<Item = Encoding>>(encodings: I) -> Self {
        encodings.into_iter().fold(Self::NONE, Self::with)
    }
}

/// Chooses among the available encodings what the client likes best.
///
/// A part that makes no sense is left out, and of a coding named twice the first counts.
/// Identity unnamed is the last resort: a client that names another at all prefers it.
#[must_use]
pub fn choose(accept_encoding: Option<&str>, available: Encodings) -> Encoding {
    let Some(header) = accept_encoding.filter(|_| available != Encodings::NONE) else {
        return Encoding::Identity;
    };
    // What today's browsers send; anything is as good to them.
    let wants = if header == "gzip, deflate, br, zstd" {
        Wants { named: [None, Some(1_000), Some(1_000), Some(1_000)], others: None }
    } else {
        Wants::parse(header)
    };
    let mut best = (Encoding::Identity, wants.weight(Encoding::Identity));
    for encoding in Encoding::BEST_FIRST {
        let weight = wants.weight(encoding);
        let ahead = weight > best.1 || weight == best.1 && best.0 == Encoding::Identity;
        if weight > 0 && ahead && available.contains(encoding) {
            best = (encoding, weight);
        }
    }
    best.0
}

/// What a header says: weights in thousandths by coding, and that of `*`.
#[derive(Default)]
struct Wants {
    named: [Option<u16>; 4],
    others: Option<u16>,
}

impl Wants {
    fn parse(header: &str) -> Self {
        let mut wants = Self::default();
        for part in header.split(',') {
            let (token, parameters) = part.split_once(';').unwrap_or((part, ""));
            let Some(weight) = weight(parameters) else { continue };
            let token = trim(token);
            let slot = match Encoding::from_token(token) {
                Some(encoding) => wants.named.get_mut(encoding as usize),
                None if token == "*" => Some(&mut wants.others),
                None => None,
            };
            if let Some(slot) = slot {
                slot.get_or_insert(weight);
            }
        }
        wants
    }

    fn weight(&self, encoding: Encoding) -> u16 {
        // Unnamed, identity is allowed but below the least weight that can be written.
        let unnamed = 0;
        self.named.get(encoding as usize).copied().flatten().or(self.others).unwrap_or(unnamed)
    }
}

/// Reads the parameters of a part, of which only `q` means anything; none for nonsense.
fn weight(parameters: &str) -> Option<u16> {
    let parameters = trim(parameters);
    if parameters.is_empty() {
        return Some(1_000);
    }
    let (name, value) = parameters.split_once('=')?;
    if !trim(name).eq_ignore_ascii_case("q") {
        return None;
    }
    let value = trim(value);
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let thousandths = thousandths(fraction)?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1_000),
        _ => None,
    }
}

/// Reads up to three digits behind the point.
fn thousandths(fraction: &str) -> Option<u16> {
    let mut place = 100;
    let mut sum = 0;
    for digit in fraction.bytes() {
        if !digit.is_ascii_digit() || place == 0 {
            return None;
        }
        sum += u16::from(digit - b'0') * place;
        place /= 10;
    }
    Some(sum)
}

/// Trims what RFC 9110 §5.6.3 calls optional whitespace.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Encoding::{Brotli, Gzip, Identity, Zstd};
    use super::*;

    fn all() -> Encodings {
        Encoding::BEST_FIRST.into_iter().collect()
    }

    #[test]
    fn clients_get_what_they_like_best() {
        let rows = [
            (None, Identity),
            (Some(""), Identity),
            (Some("gzip, deflate, br, zstd"), Brotli),
            (Some("gzip, deflate, zstd"), Zstd),
            (Some("gzip, deflate"), Gzip),
            (Some("deflate"), Identity),
            (Some("x-gzip"), Gzip),
            (Some("GZip;Q=0.5"), Gzip),
            (Some("br;q=0.5, gzip;q=0.9"), Gzip),
            (Some("br;q=0.900,gzip ; q=0.9"), Brotli),
            (Some("br;q=0, gzip;q=0.001"), Gzip),
            (Some("*"), Brotli),
            (Some("*;q=0.1"), Brotli),
            (Some("br;q=0, *"), Zstd),
            (Some("gzip, *;q=0"), Gzip),
            (Some("*;q=0"), Identity),
            (Some("identity;q=0"), Identity),
            (Some("identity;q=0, gzip;q=0.1"), Gzip),
            (Some("identity, gzip;q=0.5"), Identity),
            (Some("identity;q=0.5, gzip;q=0.5"), Gzip),
            (Some("identity, gzip"), Gzip),
            (Some("br;q=2, gzip"), Gzip),
            (Some("br;q=1.001, gzip"), Gzip),
            (Some("br;q=0.1234, gzip"), Gzip),
            (Some("br;q=, zstd;q, gzip"), Gzip),
            (Some("br;level=3, gzip"), Gzip),
            (Some(",, ,gzip,"), Gzip),
            (Some("gzip;q=0, gzip"), Identity),
            (Some("br zstd, gzip"), Gzip),
        ];
        for (header, expected) in rows {
            assert_eq!(choose(header, all()), expected, "{header:?}");
        }
    }

    #[test]
    fn only_what_is_there_is_chosen() {
        let gzip = Encodings::NONE.with(Gzip);
        let rows = [
            ("gzip, deflate, br, zstd", gzip, Gzip),
            ("br", gzip, Identity),
            ("*", gzip, Gzip),
            ("gzip;q=0.5, *;q=0.8", gzip, Identity),
            ("gzip, deflate, br, zstd", Encodings::NONE, Identity),
            ("identity;q=0", Encodings::NONE, Identity),
        ];
        for (header, available, expected) in rows {
            assert_eq!(choose(Some(header), available), expected, "{header}");
        }
        assert!(Encodings::NONE.contains(Identity) && !gzip.contains(Brotli));
    }

    #[test]
    fn browser_shortcut_agrees_with_the_parser() {
        let spaced = Some("gzip,  deflate, br, zstd");
        for bits in 0..16 {
            let browser = choose(Some("gzip, deflate, br, zstd"), Encodings(bits));
            assert_eq!(browser, choose(spaced, Encodings(bits)), "{bits}");
        }
    }

    proptest! {
        #[test]
        fn forbidden_encodings_are_never_chosen(
            header in "((br|gzip|zstd|\\*|identity|x)(;q=(0|1|0\\.[0-9]{0,3}))?,? ?){0,6}",
        ) {
            let chosen = choose(Some(&header), all());
            prop_assert!(chosen == Identity || Wants::parse(&header).weight(chosen) > 0);
        }

        #[test]
        fn any_header_is_read_without_panic(header in any::<String>(), bits in any::<u8>()) {
            let chosen = choose(Some(&header), Encodings(bits));
            prop_assert!(Encodings(bits).contains(chosen));
        }
    }
}
