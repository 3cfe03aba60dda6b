//! Names, ids and times as every kind of document has them.
//!
//! Knows no kind in particular.

use std::cmp::Ordering;
use std::sync::{Mutex, PoisonError};

use model::{JobId, Problem};
use serde::Serialize;
use store::{Change, Document, StoreError};

use crate::AppError;
use crate::clock::random;

/// Longest name.
const LONGEST: usize = 100;

/// A name for people and addresses.
///
/// # Errors
/// It is empty, too long, or has characters that an address or a file name could not hold.
pub(crate) fn check(place: &str, name: &str) -> Result<(), Problem> {
    let wrong = |message: String| {
        Err(Problem::at(place, message)
            .hint("letters, digits, space, -, _ and . ; first a letter or digit; at most 100"))
    };
    if name.is_empty() {
        return wrong("is missing".into());
    }
    if name.chars().count() > LONGEST {
        return wrong(format!("is longer than {LONGEST} characters"));
    }
    let legal = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    if !name.chars().all(legal) || !name.starts_with(char::is_alphanumeric) || name.ends_with(' ') {
        return wrong("has characters that a name cannot have".into());
    }
    Ok(())
}

/// A new id: the letter of its kind and 120 bits of chance.
pub(crate) fn new_id(kind: &str) -> String {
    let digits: String = random::<15>().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{kind}{digits}")
}

/// A new job's name. Names of one process sort by the order of their making, also within a second and when the clock was put
/// back. `now`: seconds since 1970.
pub(crate) fn new_job_id(now: i64) -> JobId {
    /// Where the 25 bits of chance are nearly used up.
    const ROOM: u32 = 0x01ff_fe00;
    static LAST: Mutex<(u64, u32)> = Mutex::new((0, 0));
    let now = u64::try_from(now).unwrap_or(0);
    // The name has room for 25 bits of chance; half of them leave room for those that follow in the same second.
    let chance = u32::from_le_bytes(random()) & 0x00ff_ffff;
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    *last = match now.cmp(&last.0) {
        Ordering::Greater => (now, chance),
        Ordering::Equal if chance > last.1 => (now, chance),
        Ordering::Equal | Ordering::Less if last.1 < ROOM => (last.0, last.1 + 1 + (chance & 0xff)),
        Ordering::Equal | Ordering::Less => (last.0 + 1, chance),
    };
    JobId::new(last.0, last.1)
}

/// Seconds since 1970 as RFC 3339 in UTC.
pub(crate) fn time(unix: i64) -> String {
    jiff::Timestamp::from_second(unix).map(|at| at.to_string()).unwrap_or_default()
}

/// A moment as people write it into a document, in seconds since 1970.
pub(crate) fn moment(place: &str, text: &str) -> Result<i64, Problem> {
    let parsed = text.trim().parse::<jiff::Timestamp>();
    parsed.map(jiff::Timestamp::as_second).map_err(|_| {
        Problem::at(place, "is no moment")
            .hint("write it in RFC 3339, like 2026-11-23T02:00:00Z or 2026-11-23T03:00:00+01:00")
    })
}

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    /// It must not be there yet.
    New,
    /// In the place of what is there, of this revision where one is given.
    Put(Option<u64>),
}

impl Write {
    /// Whether it must not be there yet.
    pub(crate) fn is_new(self) -> bool {
        self == Write::New
    }

    /// The revision that its writer had read.
    pub(crate) fn revision(self) -> Option<u64> {
        match self {
            Write::New => None,
            Write::Put(revision) => revision,
        }
    }
}

/// That something of this name is there already.
pub(crate) fn taken(kind: &str, name: &str) -> AppError {
    AppError::Conflict {
        message: format!("there is {} {kind} {name} already", if kind.starts_with('a') { "an" } else { "a" }),
        hint: Some("choose another name, or change that one".into()),
    }
}

/// Makes a document, or puts it in the place of the old one, of the revision that its writer had read.
pub(crate) fn put(old: Option<&Document>, new: Document, revision: Option<u64>) -> Change {
    match old {
        None => Change::InsertDocument(new),
        Some(old) => {
            let Document { name, body, updated: now, .. } = new;
            Change::ReplaceDocument { id: old.id.clone(), revision, name, body, now }
        }
    }
}

/// A document that is new now.
pub(crate) fn document<T: Serialize>(id: String, kind: &str, name: &str, body: &T, now: i64) -> Document {
    let body = serde_json::to_value(body).unwrap_or_default();
    Document { id, kind: kind.into(), name: name.into(), revision: 1, created: now, updated: now, body }
}

/// Where the next page begins, when this one is full.
pub(crate) fn next_page(documents: &[Document], limit: u32) -> Option<String> {
    let full = documents.len() as u64 >= u64::from(limit);
    documents.last().filter(|_| full).map(|document| document.name.clone())
}

/// `a, b and 3 more`.
pub(crate) fn listed(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// What the store says when a change does not fit any more.
pub(crate) fn stale_or(error: StoreError, what: &str) -> AppError {
    match error {
        StoreError::Conflict { .. } | StoreError::SlotTaken { .. } => AppError::Stale { what: what.to_owned() },
        StoreError::Exists { .. } => {
            AppError::Conflict { message: format!("the name of {what} is taken"), hint: Some("choose another".into()) }
        }
        StoreError::Missing { .. } => AppError::NotFound { what: what.to_owned(), hint: None },
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_addresses_and_files() {
        for good in ["a", "Neue Kunden", "Überfällig 2", "a-b_c.d", "x".repeat(100).as_str()] {
            assert!(check("q", good).is_ok(), "{good}");
        }
        for bad in ["", " a", "a ", "a/b", "../x", "a\nb", "<b>", ".hidden", "a%20b", "x".repeat(101).as_str()] {
            assert!(check("q", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn lists_stay_short() {
        let names: Vec<String> = (1..=7).map(|number| format!("q{number}")).collect();
        assert_eq!(listed(&names), "q1, q2, q3, q4, q5 and 2 more");
        assert_eq!(listed(&names[..2]), "q1, q2");
    }
}
