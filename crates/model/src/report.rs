//! The report of a job: counts that add up, calls, times, and the reasons of rejected rows.
//!
//! Knows the numbers and their machine form; how they are shown to people is the command line's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{JobId, JobState, StopCause};

/// The version of the report's machine form; a change that could break a reader raises it.
pub const REPORT_FORMAT_VERSION: u32 = 1;

/// The five ends of the rows read (the law of accounting).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Rows of the Result.
    pub read: u64,
    /// Pardot proved that it took the row.
    pub delivered: u64,
    /// It can never work as it is.
    pub rejected: u64,
    /// A later row of the same key in the same Result replaced it.
    pub superseded: u64,
    /// Sent, outcome unknown, and repeating it could duplicate.
    pub held: u64,
    /// The job stopped before it.
    pub unsent: u64,
}

impl Tally {
    /// The law of accounting: read = delivered + rejected + superseded + held + unsent.
    pub fn adds_up(&self) -> bool {
        self.read == self.delivered + self.rejected + self.superseded + self.held + self.unsent
    }
}

/// What was asked of Pardot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// Calls to Pardot (they count against the daily limit), repeats included; token calls are not among them.
    pub total: u64,
    /// Calls by kind of call.
    pub by_kind: BTreeMap<String, u64>,
}

impl Calls {
    /// Adds the calls of another run of the same job.
    pub fn add(&mut self, other: &Calls) {
        self.total += other.total;
        for (kind, count) in &other.by_kind {
            *self.by_kind.entry(kind.clone()).or_default() += count;
        }
    }
}

/// Seconds by stage, over all runs of the job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Stages {
    /// The query, frozen to its Result.
    pub query: f64,
    /// Every row checked and its key compared with the others.
    pub check: f64,
    /// From the first call to the last.
    pub send: f64,
}

/// What a run learned about the business unit, kept for later runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learned {
    /// 3 or 4: the version that Pardot's answers 88 and 89 left.
    pub api_version: Option<u8>,
    /// Rows a batch may have after Pardot found one too large (414, 413).
    pub batch_rows: Option<usize>,
}

/// Everything there is to say about a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`REPORT_FORMAT_VERSION`].
    pub format_version: u32,
    /// The job.
    pub job: JobId,
    /// Its state.
    pub status: JobState,
    /// Why it is no success.
    pub cause: Option<StopCause>,
    /// The ends of the rows.
    pub rows: Tally,
    /// Calls to Pardot.
    pub calls: Calls,
    /// Bytes of requests.
    pub bytes_sent: u64,
    /// Bytes of answers.
    pub bytes_received: u64,
    /// Most calls under way at once.
    pub max_in_flight: usize,
    /// Calls repeated after a failure.
    pub retries: u64,
    /// Waits because Pardot asked for them (66, 429, 202, 503 with Retry-After).
    pub throttles: u64,
    /// Access tokens fetched.
    pub token_refreshes: u64,
    /// Daily calls used and allowed, as Pardot last said.
    pub daily_calls: Option<DailyCalls>,
    /// Rejected rows by reason, most frequent first.
    pub rejected_by_reason: Vec<ReasonCount>,
    /// Where the rejected rows are.
    pub rejects_file: Option<String>,
    /// Seconds by stage.
    pub stages: Stages,
    /// Seconds in all, over all runs of the job.
    pub seconds: f64,
    /// Rows that found their end, a second of sending.
    pub rows_per_second: f64,
    /// Settings that had no effect, and other remarks.
    pub notes: Vec<String>,
}

/// Daily calls of the business unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyCalls {
    /// Used so far today, by everybody.
    pub used: u64,
    /// Allowed a day.
    pub limit: u64,
}

/// How many rows were rejected for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonCount {
    /// Pardot's code, when there is one.
    pub code: Option<u16>,
    /// The column, when one is known.
    pub column: Option<String>,
    /// The reason.
    pub reason: String,
    /// Rows.
    pub rows: u64,
}

#[cfg(test)]
mod tests;
