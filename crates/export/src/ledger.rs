//! The door to durability: what the exporter tells the ledger, and when it must be safe on disk.
//!
//! Knows no tables.

use async_trait::async_trait;
use model::{BatchMark, Learned, Rejection, RowNumber};

/// The ledger could not keep what it was told; the job stops, because nothing may be sent unledgered.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct LedgerError {
    /// What happened and where.
    pub message: String,
}

/// A fact about the job that later runs need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// The newest prospect id before the job's first insert: what has a greater id was made since.
    NewestProspect(u64),
}

/// Where batches and rejected rows are kept. Every call returns only when what it was given is durable.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Keeps how a batch stands; the same number again replaces.
    async fn mark(&self, mark: BatchMark) -> Result<(), LedgerError>;
    /// Keeps a batch's end and its rejected rows in one step.
    async fn settle(&self, mark: BatchMark, rejections: Vec<Rejection>) -> Result<(), LedgerError>;
    /// Keeps rows rejected before sending.
    async fn reject(&self, rejections: Vec<Rejection>) -> Result<(), LedgerError>;
    /// Batches with a greater number, by number.
    async fn marks(&self, after: u64, limit: u32) -> Result<Vec<BatchMark>, LedgerError>;
    /// Rejected rows with a greater number, by row.
    async fn rejections(&self, after: RowNumber, limit: u32) -> Result<Vec<Rejection>, LedgerError>;
    /// Keeps a fact of the job.
    async fn note(&self, fact: Fact) -> Result<(), LedgerError>;
    /// The newest prospect id before the job's first insert, when it was noted.
    async fn newest_prospect(&self) -> Result<Option<u64>, LedgerError>;
    /// Keeps what was learned about the business unit, for every later job.
    async fn learn(&self, learned: Learned) -> Result<(), LedgerError>;
}
