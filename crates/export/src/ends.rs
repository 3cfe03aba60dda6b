//! The ends that rows have found so far, read back from the ledger, and the tally they make.
//!
//! One bit a row and end, so that 10 million rows stay within a few megabytes.

use model::{BatchEnd, RowNumber, RowSet, Tally};

use crate::ledger::{Ledger, LedgerError};

/// Rows by end. A row is in one set at most, except that a doubtful one may turn out otherwise.
#[derive(Debug, Clone, Default)]
pub struct Ends {
    pub(crate) delivered: RowSet,
    pub(crate) rejected: RowSet,
    pub(crate) superseded: RowSet,
    /// Sent by an earlier run, or held: whether Pardot took them is not known.
    pub(crate) doubtful: RowSet,
    /// Of the doubtful, those that this run could not settle either.
    pub(crate) held: RowSet,
    pub(crate) next_batch: u64,
    /// The ledger may lack what was sent after it was copied: every insert without an end is in doubt.
    pub(crate) distrusted: bool,
}

/// The end of one row (the law of accounting).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowEnd {
    /// Pardot proved that it took the row.
    Delivered,
    /// It can never work as it is.
    Rejected,
    /// A later row of the same key replaced it.
    Superseded,
    /// Sent, outcome unknown.
    Held,
    /// The job stopped before it.
    Unsent,
}

/// Rows of the ledger read at once.
const PAGE: u32 = 2_000;

impl Ends {
    /// What the ledger knows; `superseded` comes from checking the Result.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn read(ledger: &dyn Ledger, superseded: RowSet) -> Result<Ends, LedgerError> {
        let mut ends = Ends { superseded, next_batch: 1, ..Ends::default() };
        let mut after = 0;
        loop {
            let rejections = ledger.rejections(after, PAGE).await?;
            let Some(last) = rejections.last() else { break };
            after = last.row;
            for rejection in &rejections {
                ends.rejected.insert(rejection.row);
            }
        }
        let mut doubtful: Vec<RowNumber> = Vec::new();
        let mut after = 0;
        loop {
            let marks = ledger.marks(after, PAGE).await?;
            let Some(last) = marks.last() else { break };
            after = last.number;
            for mark in marks {
                match mark.end {
                    BatchEnd::Acked => mark.rows.iter().for_each(|row| {
                        if !ends.rejected.contains(*row) {
                            ends.delivered.insert(*row);
                        }
                    }),
                    BatchEnd::Sent | BatchEnd::Held => doubtful.extend(mark.rows),
                }
            }
        }
        ends.next_batch = after + 1;
        for row in doubtful {
            if !ends.delivered.contains(row) && !ends.rejected.contains(row) {
                ends.doubtful.insert(row);
            }
        }
        Ok(ends)
    }

    /// Says that the ledger comes from a backup: rows may have been sent that it does not know of. Inserts without an end
    /// are then looked up before they are sent; whatever may be repeated is sent again.
    pub fn distrust(&mut self) {
        self.distrusted = true;
    }

    /// The number of the next batch.
    pub fn next_batch(&self) -> u64 {
        self.next_batch
    }

    /// How the row ended, when nothing is under way: what is in doubt is held. Over all rows this gives the tally.
    pub fn end_of(&self, row: RowNumber) -> RowEnd {
        if self.delivered.contains(row) {
            RowEnd::Delivered
        } else if self.rejected.contains(row) {
            RowEnd::Rejected
        } else if self.superseded.contains(row) {
            RowEnd::Superseded
        } else if self.doubtful.contains(row) || self.held.contains(row) {
            RowEnd::Held
        } else {
            RowEnd::Unsent
        }
    }

    /// Whether nothing is left to do for the row.
    pub(crate) fn settled(&self, row: RowNumber) -> bool {
        self.delivered.contains(row) || self.rejected.contains(row) || self.superseded.contains(row)
    }

    /// What is sent and not settled when a run ends is held: these rows, and those of earlier runs.
    pub(crate) fn hold(&mut self, rows: impl Iterator<Item = RowNumber>) {
        let open: Vec<RowNumber> = rows.chain(self.doubtful.rows()).filter(|row| !self.settled(*row)).collect();
        for row in open {
            self.held.insert(row);
        }
    }

    /// The counts, when the Result has `read` rows; what has no other end is unsent.
    pub fn tally(&self, read: u64) -> Tally {
        let (delivered, rejected) = (self.delivered.len(), self.rejected.len());
        let (superseded, held) = (self.superseded.len(), self.held.len());
        let unsent = read.saturating_sub(delivered + rejected + superseded + held);
        Tally { read, delivered, rejected, superseded, held, unsent }
    }
}

#[cfg(test)]
mod tests;
