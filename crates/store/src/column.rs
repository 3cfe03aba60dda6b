//! Types to columns and back, and the seal over a row's columns.
//!
//! Knows how each type of ours is written; not in which statement it travels.

use model::BatchEnd;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fault::Fault;

/// A checksum over the columns of a row (FNV-1a, 64 bits): flipped bits inside a value do not pass for a value.
///
/// It guards against damage, not against a person who writes to the database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seal(u64);

impl Seal {
    pub(crate) fn of(table: &str) -> Seal {
        Seal(0xcbf2_9ce4_8422_2325).text(table)
    }

    pub(crate) fn bytes(self, bytes: &[u8]) -> Seal {
        // The length goes first, so that neighbours cannot trade bytes.
        let length = (bytes.len() as u64).to_le_bytes();
        let mut sum = self.0;
        // Plain loops: a start takes the seal of every row, and iterators are slow without an optimiser.
        for part in [length.as_slice(), bytes] {
            for byte in part {
                sum = (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        Seal(sum)
    }

    pub(crate) fn text(self, text: &str) -> Seal {
        self.bytes(text.as_bytes())
    }

    pub(crate) fn number(self, number: i64) -> Seal {
        self.bytes(&number.to_le_bytes())
    }

    pub(crate) fn maybe_text(self, text: Option<&str>) -> Seal {
        match text {
            Some(text) => self.bytes(&[1]).text(text),
            None => self.bytes(&[0]),
        }
    }

    pub(crate) fn maybe_number(self, number: Option<i64>) -> Seal {
        match number {
            Some(number) => self.bytes(&[1]).number(number),
            None => self.bytes(&[0]),
        }
    }

    /// The column's value.
    pub(crate) fn value(self) -> i64 {
        i64::from_le_bytes(self.0.to_le_bytes())
    }

    /// Compares with the seal that the row carries.
    pub(crate) fn check(self, found: i64, what: impl FnOnce() -> String) -> Result<(), Fault> {
        if self.value() == found { Ok(()) } else { Err(Fault::Damaged(what())) }
    }
}

/// A number for a `BIGINT` column.
pub(crate) fn column(number: u64, what: &'static str) -> Result<i64, Fault> {
    i64::try_from(number).map_err(|_| Fault::OutOfRange(what))
}

/// A number to compare a `BIGINT` column with: beyond the largest, nothing follows.
pub(crate) fn bound(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number from a `BIGINT` column.
pub(crate) fn number(column: i64) -> Result<u64, Fault> {
    u64::try_from(column).map_err(|_| Fault::Damaged("a number is below zero".into()))
}

/// A document for a `TEXT` column.
pub(crate) fn to_text(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| Fault::Sql(sqlx::Error::Encode(error.into())))
}

/// A document from a `TEXT` column.
pub(crate) fn from_text<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

/// A hash from a column of bytes.
pub(crate) fn hash(column: &[u8]) -> Result<[u8; 32], Fault> {
    column.try_into().map_err(|_| Fault::Damaged("a hash does not have its length".into()))
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// The ends of a batch with their names.
const ENDS: [(BatchEnd, &str); 3] = [(BatchEnd::Sent, "sent"), (BatchEnd::Acked, "acked"), (BatchEnd::Held, "held")];

/// The name of a batch's end.
pub(crate) fn end_name(end: BatchEnd) -> &'static str {
    match end {
        BatchEnd::Sent => ENDS[0].1,
        BatchEnd::Acked => ENDS[1].1,
        BatchEnd::Held => ENDS[2].1,
    }
}

/// The end of this name.
pub(crate) fn end_named(name: &str) -> Result<BatchEnd, Fault> {
    let end = ENDS.iter().find(|(_, known)| *known == name).map(|(end, _)| *end);
    end.ok_or_else(|| Fault::Damaged("a batch has an end that does not exist".into()))
}
