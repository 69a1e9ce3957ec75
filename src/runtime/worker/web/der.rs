//! Public keys out of DER: as much of it as the format `spki` needs.

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const OID: u8 = 0x06;

const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];

/// The contents of the next item of a kind, and what follows it.
fn item(kind: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *first != kind {
        return None;
    }
    let (length, rest) = match usize::from(*length) {
        short @ 0..0x80 => (short, rest),
        long => {
            // Keys are far shorter than three bytes of length can say.
            let count = long - 0x80;
            let digits = rest.get(..count).filter(|_| (1..=3).contains(&count))?;
            let length = digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit));
            (length, &rest[count..])
        }
    };
    Some((rest.get(..length)?, &rest[length..]))
}

/// The parameters of the algorithm, and the key itself.
fn spki<'a>(bytes: &'a [u8], algorithm: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let (whole, after) = item(SEQUENCE, bytes)?;
    let (described, rest) = item(SEQUENCE, whole)?;
    let (bits, end) = item(BITS, rest)?;
    let (name, parameters) = item(OID, described)?;
    let fits = name == algorithm && after.is_empty() && end.is_empty();
    // The first byte says how many bits of the last one do not count.
    fits.then_some(())?;
    Some((parameters, bits.strip_prefix(&[0])?))
}

/// Modulus and exponent of a key of RSA.
pub(super) fn rsa(bytes: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (_, key) = spki(bytes, RSA)?;
    let (numbers, _) = item(SEQUENCE, key)?;
    let (n, rest) = item(INTEGER, numbers)?;
    let (e, _) = item(INTEGER, rest)?;
    let plain = |number: &[u8]| number.strip_prefix(&[0]).unwrap_or(number).to_vec();
    Some((plain(n), plain(e)))
}

/// The point of a key of a curve.
pub(super) fn ec(bytes: &[u8], curve: &[u8]) -> Option<Vec<u8>> {
    let (parameters, key) = spki(bytes, EC)?;
    let (named, _) = item(OID, parameters)?;
    (named == curve).then(|| key.to_vec())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rubbish_is_no_key(bytes: Vec<u8>) {
            let _ = rsa(&bytes);
            let _ = ec(&bytes, &[1, 2, 3]);
        }
    }

    #[test]
    fn a_length_beyond_the_end_is_no_key() {
        for bytes in [&[0x30][..], &[0x30, 0x05], &[0x30, 0x84, 1, 1, 1, 1], &[0x30, 0x80]] {
            assert!(rsa(bytes).is_none(), "{bytes:?}");
        }
    }
}
