//! The ledger of one job: what was sent, how it ended, which rows can never work.
//!
//! Knows batches and rows by number; not what a row holds, nor who sends it.

use model::{BatchMark, JobId, ReasonCount, Rejection, RowNumber};

use crate::error::StoreError;
use crate::fault::Fault;
use crate::rows;
use crate::store::Store;
use crate::writer::Write;

/// The ledger of one job. Cheap to clone; calls may run side by side.
///
/// A call that writes returns when its rows are durable. What waits at the same time is committed together. A call
/// whose future is dropped may still be written.
#[derive(Debug, Clone)]
pub struct Ledger {
    store: Store,
    job: JobId,
}

/// What the ledger of a job adds up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LedgerCounts {
    /// Rejected rows, each counted once.
    pub rejected: u64,
    /// Rows in acknowledged batches, without the rejected ones.
    pub acked_rows: u64,
    /// Rows in held batches, without the rejected ones.
    pub held_rows: u64,
    /// Rows in batches whose intent was written and whose end was not, without the rejected ones.
    pub sent_rows: u64,
}

/// A mark with the time at which it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchReceipt {
    /// The batch and its end.
    pub mark: BatchMark,
    /// When that was written, in seconds since 1970-01-01 UTC; not known of marks of early versions.
    pub at: Option<i64>,
}

impl Ledger {
    pub(crate) fn new(store: Store, job: JobId) -> Ledger {
        Ledger { store, job }
    }

    /// Writes a batch's intent, or its end when no row was rejected; the same number again replaces. `now`: seconds
    /// since 1970-01-01 UTC.
    ///
    /// # Errors
    /// No such job, disk full, database locked or damaged; then nothing is written.
    pub async fn mark(&self, mark: BatchMark, now: i64) -> Result<(), StoreError> {
        self.settle(mark, Vec::new(), now).await
    }

    /// Writes a batch's end together with the rows that Pardot rejected; the same number or row again replaces. `now`:
    /// seconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// As [`Ledger::mark`]; the mark and its rejections are written together or not at all.
    pub async fn settle(&self, mark: BatchMark, rejections: Vec<Rejection>, now: i64) -> Result<(), StoreError> {
        self.store.write(Write::Settle { job: self.job.clone(), mark, rejections, now }).await.map(drop)
    }

    /// Writes rows that were found to be impossible here; the same row again replaces and is not counted twice.
    ///
    /// # Errors
    /// As [`Ledger::mark`].
    pub async fn reject(&self, rejections: Vec<Rejection>) -> Result<(), StoreError> {
        if rejections.is_empty() {
            return Ok(());
        }
        self.store.write(Write::Reject { job: self.job.clone(), rejections }).await.map(drop)
    }

    /// At most `limit` marks with a number above `after`, by number.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn marks(&self, after: u64, limit: u32) -> Result<Vec<BatchMark>, StoreError> {
        self.store.read(async |connection| rows::marks(connection, &self.job, after, limit).await).await
    }

    /// At most `limit` marks with a number above `after_batch` and their times, by number.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn receipts(&self, after_batch: u64, limit: u32) -> Result<Vec<BatchReceipt>, StoreError> {
        self.store.read(async |connection| rows::receipts(connection, &self.job, after_batch, limit).await).await
    }

    /// At most `limit` rejections of rows above `after_row`, by row.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn rejections(&self, after_row: RowNumber, limit: u32) -> Result<Vec<Rejection>, StoreError> {
        self.store.read(async |connection| rows::rejections(connection, &self.job, after_row, limit).await).await
    }

    /// Counts rows, all at one moment. Reads every mark: for the beginning and the end of a run, not for progress.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn counts(&self) -> Result<LedgerCounts, StoreError> {
        let counted = self.store.read(async |connection| {
            use sqlx::Connection as _;
            // One transaction is one moment: no batch may end between the two counts.
            let mut moment = connection.begin().await?;
            let counts = rows::counts(&mut moment, &self.job).await?;
            moment.rollback().await?;
            Ok::<_, Fault>(counts)
        });
        counted.await
    }

    /// The `most` most frequent reasons of rejected rows, most frequent first.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn reasons(&self, most: u32) -> Result<Vec<ReasonCount>, StoreError> {
        self.store.read(async |connection| rows::reasons(connection, &self.job, most).await).await
    }
}
