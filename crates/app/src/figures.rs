//! What the jobs of this process have done since it started, for meters.
//!
//! Knows sums only: no job, no name.

use std::sync::{Mutex, PoisonError};

use model::{Report, Tally};

/// Sums since the process started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Rows by the end that they found.
    pub rows: Tally,
    /// Calls to Pardot, repeats included.
    pub calls: u64,
    /// Calls that were repeated.
    pub retries: u64,
    /// Times that Pardot asked to slow down.
    pub throttles: u64,
    /// Access tokens obtained.
    pub token_refreshes: u64,
    /// Jobs at work now.
    pub at_work: u64,
}

/// The sums of one application.
#[derive(Default)]
pub(crate) struct Sums(Mutex<Figures>);

impl Sums {
    /// Adds what a run did beyond what the report before it had.
    pub(crate) fn add(&self, before: Option<&Report>, after: &Report) {
        let was = |part: fn(&Report) -> u64| before.map_or(0, part);
        let more = |part: fn(&Report) -> u64| part(after).saturating_sub(was(part));
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sums.rows.read += more(|report| report.rows.read);
        sums.rows.delivered += more(|report| report.rows.delivered);
        sums.rows.rejected += more(|report| report.rows.rejected);
        sums.rows.superseded += more(|report| report.rows.superseded);
        sums.rows.held += more(|report| report.rows.held);
        sums.calls += more(|report| report.calls.total);
        sums.retries += more(|report| report.retries);
        sums.throttles += more(|report| report.throttles);
        sums.token_refreshes += more(|report| report.token_refreshes);
    }

    pub(crate) fn now(&self, at_work: usize) -> Figures {
        let sums = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Figures { at_work: at_work as u64, ..sums }
    }
}
