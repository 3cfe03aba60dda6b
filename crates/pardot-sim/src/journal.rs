//! What the sandbox saw: the last requests, and counters per business unit.
//!
//! Knows no header value, above all not `Authorization`, and no body: sizes and hashes only.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

/// One request. Paths may name an e-mail address where the caller put one there; queries are left out.
#[derive(Debug, Clone, Serialize)]
pub struct JournalEntry {
    /// Counts from 1 over all requests to login and API.
    pub sequence: u64,
    /// Virtual time of arrival, milliseconds since the epoch.
    pub at_ms: i64,
    /// HTTP method.
    pub method: String,
    /// Path without query.
    pub path: String,
    /// Bytes of the whole request target.
    pub target_bytes: usize,
    /// Bytes of the body.
    pub body_bytes: usize,
    /// Hash over target and body, 16 hexadecimal digits.
    pub payload_hash: String,
    /// Which access token was used: 1 for the first one ever issued.
    pub token_generation: Option<u64>,
    /// HTTP status of the answer; `None` while under way or when none was sent.
    pub status: Option<u16>,
    /// Pardot code in the answer.
    pub code: Option<u32>,
    /// Fault that struck.
    pub fault: Option<String>,
    /// Business unit named by the request, once it was accepted.
    pub business_unit: Option<String>,
    /// Calls of that business unit in flight, this one included, when it started.
    pub in_flight: u32,
}

/// A ring of entries.
#[derive(Debug)]
pub(crate) struct Journal {
    entries: VecDeque<JournalEntry>,
    size: usize,
    next: u64,
}

impl Journal {
    pub(crate) fn new(size: usize) -> Journal {
        Journal { entries: VecDeque::new(), size, next: 1 }
    }

    /// Starts an entry and numbers it.
    pub(crate) fn start(&mut self, mut entry: JournalEntry) -> u64 {
        let sequence = self.next;
        self.next += 1;
        entry.sequence = sequence;
        if self.size > 0 {
            if self.entries.len() == self.size {
                self.entries.pop_front();
            }
            self.entries.push_back(entry);
        }
        sequence
    }

    /// Completes an entry, if the ring still has it.
    pub(crate) fn amend(&mut self, sequence: u64, amend: impl FnOnce(&mut JournalEntry)) {
        let Some(first) = self.entries.front().map(|entry| entry.sequence) else {
            return;
        };
        let at = sequence.checked_sub(first).and_then(|at| usize::try_from(at).ok());
        if let Some(entry) = at.and_then(|at| self.entries.get_mut(at)) {
            amend(entry);
        }
    }

    pub(crate) fn entries(&self) -> Vec<JournalEntry> {
        self.entries.iter().cloned().collect()
    }

    /// Newest first: those before a sequence number, if one is given.
    pub(crate) fn before(&self, before: Option<u64>, most: usize) -> Vec<JournalEntry> {
        let newest = self.entries.iter().rev();
        newest.filter(|entry| before.is_none_or(|before| entry.sequence < before)).take(most).cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}

/// Figures of one business unit since its start or reset; `token_*` are those of the whole sandbox.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Counters {
    /// API calls that named this business unit and were let in or throttled.
    pub calls: u64,
    /// The same by operation, such as `prospect/batchUpsert` or `POST v5/prospects`.
    pub by_operation: BTreeMap<String, u64>,
    /// Calls counted against the day's limit, `used` of the configuration included.
    pub used_today: u64,
    /// Calls in flight now.
    pub in_flight: u32,
    /// Most calls ever in flight.
    pub in_flight_max: u32,
    /// Calls in flight on average, over the time when there was at least one.
    pub in_flight_average: f64,
    /// Answers with code 66.
    pub concurrency_refusals: u64,
    /// Answers with code 122.
    pub quota_refusals: u64,
    /// Prospects created by calls and imports.
    pub prospects_created: u64,
    /// Prospects updated by calls and imports.
    pub prospects_updated: u64,
    /// Records of batches and imports that were applied.
    pub rows_applied: u64,
    /// Records of batches and imports that were refused.
    pub rows_refused: u64,
    /// Access tokens issued by a refresh.
    pub token_refreshes: u64,
    /// Access tokens issued by any grant.
    pub tokens_issued: u64,
    /// Refused uses of a refresh token that had been rotated away.
    pub token_replays: u64,
}
