//! A kind of thing that Pardot stores: how a row of it is encoded and what its part of a request is.
//!
//! Knows nothing of batches, lanes or answers.

use arrow::array::RecordBatch;
use model::{Rejection, RowNumber};
use pardot::batch::{Item, Operation};
use pardot::{ApiVersion, ListId};

use crate::cell::Cells;
use crate::record::Record;

/// How records travel to Pardot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Up to 50 in one call.
    Batch(ApiVersion),
    /// Prospects one by one through v5 `upsertLatestByEmail`, where several prospects may share an email.
    LatestByEmail,
    /// Memberships one by one.
    Pairs,
}

/// A kind of thing that Pardot stores.
pub trait DataObject: Send + Sync {
    /// The cells of a record batch, ready for [`DataObject::encode`].
    fn cells(&self, batch: &RecordBatch) -> Vec<Cells> {
        batch.columns().iter().map(Cells::of).collect()
    }

    /// The row as it will be sent.
    ///
    /// # Errors
    /// Why the row can never be sent: the column and the rule, never the value.
    fn encode(&self, cells: &[Cells], row: usize, number: RowNumber) -> Result<Record, Rejection>;

    /// The version to try first where the account's is not known.
    fn first_version(&self) -> ApiVersion;

    /// The operation of the batch call.
    fn operation(&self) -> Operation;

    /// The record's part of a batch call.
    ///
    /// # Errors
    /// Why this version of the API cannot take it.
    fn item(&self, record: &Record, version: ApiVersion) -> Result<Item, Rejection>;

    /// Whether sending the record again could make a second thing.
    fn inserts(&self, record: &Record, way: Way) -> bool;

    /// The lists that every record joins (`true`) or leaves, which v5 cannot carry.
    fn lists(&self) -> Option<(Vec<ListId>, bool)>;

    /// The prospect of `upsertLatestByEmail`: its email and its JSON object with v5 names.
    fn latest_by_email(&self, record: &Record) -> Option<(String, String)>;

    /// Columns that v5 cannot write.
    fn not_in_v5(&self) -> Vec<String>;
}
