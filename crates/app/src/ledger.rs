//! The exporter's ledger, kept in the store.
//!
//! Only carries words from one to the other.

use async_trait::async_trait;
use export::{Fact, Ledger, LedgerError};
use model::{BatchMark, JobId, Learned, Rejection, RowNumber};
use store::{Store, StoreError};

use crate::clock::Clock;

/// The ledger of one job.
pub struct StoreLedger {
    /// Where facts about the business unit are kept.
    pub store: Store,
    /// The job.
    pub job: JobId,
    /// Its ledger.
    pub ledger: store::Ledger,
    /// The business unit's key.
    pub business_unit: String,
    /// The clock that facts are dated by.
    pub wall: Clock,
}

fn failed(error: StoreError) -> LedgerError {
    LedgerError { message: error.to_string() }
}

#[async_trait]
impl Ledger for StoreLedger {
    async fn mark(&self, mark: BatchMark) -> Result<(), LedgerError> {
        self.ledger.mark(mark, self.wall.now()).await.map_err(failed)
    }

    async fn settle(&self, mark: BatchMark, rejections: Vec<Rejection>) -> Result<(), LedgerError> {
        self.ledger.settle(mark, rejections, self.wall.now()).await.map_err(failed)
    }

    async fn reject(&self, rejections: Vec<Rejection>) -> Result<(), LedgerError> {
        self.ledger.reject(rejections).await.map_err(failed)
    }

    async fn marks(&self, after: u64, limit: u32) -> Result<Vec<BatchMark>, LedgerError> {
        self.ledger.marks(after, limit).await.map_err(failed)
    }

    async fn rejections(&self, after: RowNumber, limit: u32) -> Result<Vec<Rejection>, LedgerError> {
        self.ledger.rejections(after, limit).await.map_err(failed)
    }

    async fn note(&self, fact: Fact) -> Result<(), LedgerError> {
        let Fact::NewestProspect(id) = fact;
        self.store.save_watermark(&self.job, id).await.map_err(failed)
    }

    async fn newest_prospect(&self) -> Result<Option<u64>, LedgerError> {
        self.store.watermark(&self.job).await.map_err(failed)
    }

    async fn learn(&self, learned: Learned) -> Result<(), LedgerError> {
        self.store.save_learned(&self.business_unit, learned, self.wall.now()).await.map_err(failed)
    }
}
