//! The frozen Result: rows by number, read again and again with the same bytes.
//!
//! Knows Parquet; not what the rows mean.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

/// Rows read at once: enough to amortise, small enough that a batch of long rows stays a few megabytes.
const ROWS_AT_ONCE: usize = 4096;

/// A Result on disk.
#[derive(Debug, Clone)]
pub struct FrozenResult {
    path: PathBuf,
    schema: SchemaRef,
    rows: u64,
}

/// The Result could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the result {path}")]
pub struct ResultError {
    path: PathBuf,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl FrozenResult {
    /// Opens a Result: reads its footer, no rows.
    ///
    /// # Errors
    /// The file is missing, cut or no Parquet.
    pub fn open(path: &Path) -> Result<FrozenResult, ResultError> {
        let builder = builder(path)?;
        let rows = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
        Ok(FrozenResult { path: path.to_owned(), schema: builder.schema().clone(), rows })
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Something beside the Result failed.
    pub(crate) fn failed(&self, source: std::io::Error) -> ResultError {
        failed(&self.path, source)
    }

    /// All rows in order, a few thousand at once.
    ///
    /// # Errors
    /// The file cannot be opened; a batch that cannot be read ends the iteration with an error.
    pub fn batches(&self) -> Result<impl Iterator<Item = Result<RecordBatch, ResultError>> + use<>, ResultError> {
        let reader: ParquetRecordBatchReader =
            builder(&self.path)?.with_batch_size(ROWS_AT_ONCE).build().map_err(|source| failed(&self.path, source))?;
        let path = self.path.clone();
        Ok(reader.map(move |batch| batch.map_err(|source| failed(&path, source))))
    }
}

fn builder(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, ResultError> {
    let file = File::open(path).map_err(|source| failed(path, source))?;
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|source| failed(path, source))
}

fn failed(path: &Path, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ResultError {
    ResultError { path: path.to_owned(), source: source.into() }
}

#[cfg(test)]
mod tests;
