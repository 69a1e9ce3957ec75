//! Where in the author's file does a place of the generated code come from?
//!
//! A [`Mapping`] holds, line by line of the generated code, the places that are known, as
//! small differences: a place takes four bytes or so. Lines and columns count from one,
//! columns in characters. Knows nothing of how code is generated.

use serde::{Deserialize, Serialize};

/// From places in generated code to places in the file it was made of.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Mapping {
    /// Where the places of each generated line begin in `places`, the first line first.
    lines: Vec<u32>,
    /// Differences: of the generated column, the line and the column, each to the place
    /// before on the same generated line.
    places: Vec<u8>,
    /// What was put into the generated code afterwards, in its order.
    #[serde(default)]
    shifts: Vec<Shift>,
}

/// Characters that were put into a line, counted from zero in the code that has them.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Shift {
    /// The line.
    pub line: u32,
    /// Where they begin.
    pub column: u32,
    /// How many there are.
    pub added: u32,
}

/// A place of the generated code and the one it comes from, all counted from zero.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Pair {
    /// The generated line.
    pub line: u32,
    /// The generated column.
    pub column: u32,
    /// The author's line.
    pub from_line: u32,
    /// The author's column.
    pub from_column: u32,
}

impl Mapping {
    /// Keeps pairs, which are in the order of the generated code.
    pub fn of(pairs: impl IntoIterator<Item = Pair>) -> Self {
        let mut mapping = Self::default();
        let mut before = Pair::default();
        for pair in pairs {
            let line = pair.line as usize;
            if line >= mapping.lines.len() {
                let start = u32::try_from(mapping.places.len()).unwrap_or(u32::MAX);
                mapping.lines.resize(line + 1, start);
                before = Pair::default();
            }
            mapping.put(i64::from(pair.column) - i64::from(before.column));
            mapping.put(i64::from(pair.from_line) - i64::from(before.from_line));
            mapping.put(i64::from(pair.from_column) - i64::from(before.from_column));
            before = pair;
        }
        mapping
    }

    /// The same for code into which something was put; without known places the rest of it
    /// is the author's own text.
    #[must_use]
    pub fn shifted(self, shifts: Vec<Shift>) -> Self {
        Self { shifts, ..self }
    }

    /// The column before anything was put into the line.
    fn unshifted(&self, line: u32, column: u32) -> u32 {
        let on_line = self.shifts.iter().rev().filter(|shift| shift.line == line);
        on_line.fold(column, |column, shift| {
            if column >= shift.column.saturating_add(shift.added) {
                column - shift.added
            } else {
                column.min(shift.column)
            }
        })
    }

    /// The author's line and column for a place of the generated code: of the last known
    /// place at or before it on its line, else of the line's first, else of an earlier line.
    pub fn original(&self, line: u32, column: u32) -> Option<(u32, u32)> {
        let column = self.unshifted(line.max(1) - 1, column.max(1) - 1);
        if self.lines.is_empty() && !self.shifts.is_empty() {
            return Some((line.max(1), column.saturating_add(1)));
        }
        let line = line.max(1) as usize;
        let mut at = line.min(self.lines.len());
        let mut wanted = if at == line { column } else { u32::MAX };
        while at > 0 {
            at -= 1;
            let mut best = None;
            for pair in self.line(at) {
                if best.is_some() && pair.column > wanted {
                    break;
                }
                best = Some((pair.from_line.saturating_add(1), pair.from_column.saturating_add(1)));
            }
            if best.is_some() {
                return best;
            }
            wanted = u32::MAX;
        }
        None
    }

    /// The places of a generated line.
    fn line(&self, line: usize) -> impl Iterator<Item = Pair> {
        let start = self.lines[line] as usize;
        let end = self.lines.get(line + 1).map_or(self.places.len(), |end| *end as usize);
        let mut bytes = self.places.get(start..end).unwrap_or_default();
        let mut pair = Pair::default();
        std::iter::from_fn(move || {
            pair.column = moved(pair.column, take(&mut bytes)?);
            pair.from_line = moved(pair.from_line, take(&mut bytes)?);
            pair.from_column = moved(pair.from_column, take(&mut bytes)?);
            Some(pair)
        })
    }

    /// Appends a number, seven bits to a byte, its sign in the lowest bit.
    fn put(&mut self, number: i64) {
        let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
        while rest >= 0x80 {
            self.places.push(rest.to_le_bytes()[0] | 0x80);
            rest >>= 7;
        }
        self.places.push(rest.to_le_bytes()[0]);
    }
}

/// Takes a number off the front.
fn take(bytes: &mut &[u8]) -> Option<i64> {
    let mut number = 0_u64;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some((number >> 1).cast_signed() ^ -((number & 1).cast_signed()))
}

fn moved(from: u32, by: i64) -> u32 {
    u32::try_from(i64::from(from) + by).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pair(line: u32, column: u32, from_line: u32, from_column: u32) -> Pair {
        Pair { line, column, from_line, from_column }
    }

    #[test]
    fn a_place_leads_to_the_nearest_known_one_before_it() {
        let mapping =
            Mapping::of([pair(0, 2, 4, 7), pair(0, 9, 3, 0), pair(2, 0, 70_000, 1_000_000)]);
        for (line, column, expected) in [
            (1, 1, Some((5, 8))),
            (1, 3, Some((5, 8))),
            (1, 9, Some((5, 8))),
            (1, 10, Some((4, 1))),
            (1, 99, Some((4, 1))),
            (2, 1, Some((4, 1))),
            (3, 1, Some((70_001, 1_000_001))),
            (9, 9, Some((70_001, 1_000_001))),
            (0, 0, Some((5, 8))),
        ] {
            assert_eq!(mapping.original(line, column), expected, "{line}:{column}");
        }
        assert_eq!(Mapping::default().original(1, 1), None);
        let late = Mapping::of([pair(3, 0, 1, 0)]);
        assert_eq!((late.original(2, 1), late.original(4, 1)), (None, Some((2, 1))));
    }

    proptest! {
        #[test]
        fn every_known_place_is_found_again(
            mut pairs in proptest::collection::vec((0_u32..20, 0_u32..200, any::<u32>(), any::<u32>()), 1..60),
        ) {
            pairs.sort_unstable();
            pairs.dedup_by_key(|pair| (pair.0, pair.1));
            let mapping = Mapping::of(pairs.iter().map(|p| pair(p.0, p.1, p.2 / 2, p.3 / 2)));
            for p in &pairs {
                let expected = Some((p.2 / 2 + 1, p.3 / 2 + 1));
                prop_assert_eq!(mapping.original(p.0 + 1, p.1 + 1), expected);
            }
        }

        #[test]
        fn rubbish_is_read_without_harm(lines in proptest::collection::vec(any::<u32>(), 0..9), places in proptest::collection::vec(any::<u8>(), 0..60), line in any::<u32>(), column in any::<u32>()) {
            let shifts = vec![Shift { line, column, added: column }];
            let _ = Mapping { lines, places, shifts }.original(line, column);
        }
    }
}
