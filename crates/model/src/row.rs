//! Rows by number, and how they end: the nouns that the ledger keeps.
//!
//! Knows numbers and reasons only: no row value ever enters here.

use serde::{Deserialize, Serialize};

/// A row's place in the Result, from 1.
pub type RowNumber = u64;

/// Why a row can never work as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// The row.
    pub row: RowNumber,
    /// The column at fault, when one is known.
    pub column: Option<String>,
    /// Pardot's code, when Pardot refused it or would have.
    pub code: Option<u16>,
    /// What is wrong; never the value.
    pub reason: String,
    /// What to do.
    pub hint: Option<String>,
}

/// How a batch ended, in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchEnd {
    /// On its way: written before the request left, for operations that must not be repeated blindly.
    Sent,
    /// Pardot proved that it took every row that is not in the rejections.
    Acked,
    /// Outcome unknown, and repeating could duplicate.
    Held,
}

/// One batch in the ledger: which rows, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchMark {
    /// Number within the job, from 1, in the order of sending.
    pub number: u64,
    /// Its rows, ascending.
    pub rows: Vec<RowNumber>,
    /// How it ended.
    pub end: BatchEnd,
}

/// Rows as one bit each: 10 million rows are 1.25 MB.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowSet {
    bits: Vec<u64>,
    len: u64,
}

impl RowSet {
    /// Puts a row in; says whether it is new.
    pub fn insert(&mut self, row: RowNumber) -> bool {
        let (word, bit) = Self::place(row);
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        let new = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        self.len += u64::from(new);
        new
    }

    /// Whether the row is in.
    pub fn contains(&self, row: RowNumber) -> bool {
        let (word, bit) = Self::place(row);
        self.bits.get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// The rows, ascending.
    pub fn rows(&self) -> impl Iterator<Item = RowNumber> + '_ {
        let word = |(at, bits): (usize, &u64)| {
            let bits = *bits;
            (0..64).filter(move |bit| bits & (1 << bit) != 0).map(move |bit| at as u64 * 64 + bit)
        };
        self.bits.iter().enumerate().flat_map(word)
    }

    /// How many rows are in.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether none is in.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn place(row: RowNumber) -> (usize, u64) {
        (usize::try_from(row / 64).unwrap_or(usize::MAX), 1 << (row % 64))
    }
}

impl BatchMark {
    /// The rows as bytes: the differences between neighbours, seven bits a byte, lowest first.
    pub fn pack_rows(rows: &[RowNumber]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(rows.len() + 8);
        let mut last = 0;
        for row in rows {
            let mut gap = row.wrapping_sub(last);
            while gap >= 0x80 {
                bytes.push(u8::try_from(gap & 0x7f).unwrap_or(0) | 0x80);
                gap >>= 7;
            }
            bytes.push(u8::try_from(gap).unwrap_or(0));
            last = *row;
        }
        bytes
    }

    /// The rows of [`BatchMark::pack_rows`]; nothing when the bytes are cut.
    pub fn unpack_rows(bytes: &[u8]) -> Option<Vec<RowNumber>> {
        let mut rows = Vec::new();
        let (mut last, mut gap, mut shift) = (0_u64, 0_u64, 0_u32);
        for byte in bytes {
            gap |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 != 0 {
                shift += 7;
                continue;
            }
            last = last.wrapping_add(gap);
            rows.push(last);
            (gap, shift) = (0, 0);
        }
        (shift == 0).then_some(rows)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn packed_rows_read_back(mut rows in proptest::collection::vec(1_u64..u64::MAX / 2, 0..60)) {
            rows.sort_unstable();
            rows.dedup();
            prop_assert_eq!(BatchMark::unpack_rows(&BatchMark::pack_rows(&rows)), Some(rows));
        }

        #[test]
        fn a_row_set_is_a_set(rows in proptest::collection::vec(1_u64..5_000, 0..200)) {
            let mut set = RowSet::default();
            let mut model = std::collections::BTreeSet::new();
            for row in rows {
                prop_assert_eq!(set.insert(row), model.insert(row));
            }
            prop_assert_eq!(set.len(), model.len() as u64);
            prop_assert!(set.rows().eq(model.iter().copied()));
            prop_assert!((0..5_100).all(|row| set.contains(row) == model.contains(&row)));
        }
    }

    #[test]
    fn cut_bytes_are_no_rows() {
        assert_eq!(BatchMark::unpack_rows(&[0x80]), None);
        assert_eq!(BatchMark::unpack_rows(&[]), Some(vec![]));
    }
}
