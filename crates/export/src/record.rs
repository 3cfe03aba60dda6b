//! A row as it will be sent: its number, its key, and the parts that every wire form is made of.
//!
//! Knows no version of the API: the wire form is chosen when the batch leaves.

use std::hash::{DefaultHasher, Hash, Hasher};

use model::RowNumber;
use pardot::{ListId, ProspectId};

/// A row that can be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The row.
    pub row: RowNumber,
    /// Two rows of one Result with the same key are about the same thing: the later one wins.
    pub key: Key,
    /// No two calls under way at once share one of these.
    pub guards: [u64; 2],
    /// What is sent.
    pub body: RecordBody,
}

/// What is sent of a row.
#[derive(Clone, PartialEq, Eq)]
pub enum RecordBody {
    /// A prospect.
    Prospect {
        /// Pardot id.
        id: Option<ProspectId>,
        /// CRM id, as a JSON string.
        fid: Option<String>,
        /// Email as given.
        email: Option<String>,
        /// `"first_name":"Ada","score":25`: the members of the JSON object other than id, fid, email and lists.
        members: String,
    },
    /// A membership.
    Membership {
        /// The prospect.
        prospect: ProspectId,
        /// The list.
        list: ListId,
    },
}

// The values of a row are people's data: a record that is printed by mistake shows none.
impl std::fmt::Debug for RecordBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RecordBody::Prospect { .. } => f.write_str("Prospect(..)"),
            RecordBody::Membership { .. } => f.write_str("Membership(..)"),
        }
    }
}

/// 128 bits of a key's hash: among 10 million keys two share it with a chance of 10^-25.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub(crate) [u64; 2]);

impl Key {
    /// The key of a kind ("id", "fid", "email") and its text.
    pub(crate) fn of(kind: &str, text: &str) -> Key {
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            salt.hash(&mut hasher);
            kind.hash(&mut hasher);
            text.hash(&mut hasher);
            hasher.finish()
        };
        Key([half(0), half(1)])
    }
}

/// An address as a key: Pardot compares without case, and spaces around it are no part of it.
pub(crate) fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}

#[cfg(test)]
mod tests;
