//! Reads the text files of a table, CSV and JSON lines, one after the other into record batches.
//!
//! Knows how bytes become columns: not how a table is bound, nor the query. The engine's own readers know neither a
//! NULL text nor our compressions, and do not say which file is damaged.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::csv::ReaderBuilder as CsvReaderBuilder;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::json::ReaderBuilder as JsonReaderBuilder;
use datafusion::common::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;

use crate::explain;
use crate::table::{Format, Table, TableError};

/// Some columns of some text files.
#[derive(Debug, Clone)]
pub(crate) struct TextFiles {
    pub(crate) table: Table,
    pub(crate) format: Format,
    pub(crate) paths: Vec<PathBuf>,
    /// Every column of the files.
    pub(crate) all: SchemaRef,
    /// The columns that are asked for, in that order.
    pub(crate) wanted: SchemaRef,
    pub(crate) projection: Vec<usize>,
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

/// Opens a file, through its compression.
pub(crate) fn open(path: &Path) -> std::io::Result<Box<dyn Read + Send>> {
    let file = File::open(path)?;
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    Ok(if extension == "gz" {
        // Several members in one file are one text, as gunzip has it.
        Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(file)))
    } else if extension == "zst" {
        Box::new(zstd::Decoder::new(file)?)
    } else {
        Box::new(file)
    })
}

pub(crate) fn delimiter(table: &Table, format: Format) -> u8 {
    if format == Format::Tsv { b'\t' } else { table.csv.delimiter }
}

impl TextFiles {
    fn unreadable(&self, path: &Path, message: String) -> DataFusionError {
        let (table, path, format) = (self.table.name.clone(), path.to_path_buf(), self.format);
        DataFusionError::External(Box::new(TableError::Unreadable { table, path, format, message }))
    }

    fn batches(&self, path: &Path, rows: usize) -> Result<Batches, ArrowError> {
        let text = open(path)?;
        if self.format == Format::JsonLines {
            // A column of numbers and texts is text: its numbers are read as they stand.
            let reader =
                JsonReaderBuilder::new(Arc::clone(&self.wanted)).with_coerce_primitive(true).with_batch_size(rows);
            return Ok(Box::new(reader.build(BufReader::new(text))?));
        }
        let mut reader = CsvReaderBuilder::new(Arc::clone(&self.all))
            .with_header(self.table.csv.header)
            .with_delimiter(delimiter(&self.table, self.format))
            .with_quote(self.table.csv.quote)
            .with_projection(self.projection.clone())
            .with_batch_size(rows);
        if let Some(escape) = self.table.csv.escape {
            reader = reader.with_escape(escape);
        }
        if let Some(null) = &self.table.csv.null {
            let pattern = regex::Regex::new(&format!("^{}$", regex::escape(null)));
            reader = reader.with_null_regex(pattern.map_err(|error| ArrowError::ExternalError(Box::new(error)))?);
        }
        Ok(Box::new(reader.build(text)?))
    }

    fn read(self, path: PathBuf, rows: usize) -> impl Iterator<Item = Result<RecordBatch, DataFusionError>> + Send {
        let opened = self.batches(&path, rows);
        let batches: Batches = match opened {
            Ok(batches) => batches,
            Err(error) => Box::new(std::iter::once(Err(error))),
        };
        batches.map(move |batch| batch.map_err(|error| self.unreadable(&path, explain::text_file(&error))))
    }
}

impl PartitionStream for TextFiles {
    fn schema(&self) -> &SchemaRef {
        &self.wanted
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = context.session_config().batch_size();
        let files = self.clone();
        let batches = self.paths.clone().into_iter().flat_map(move |path| files.clone().read(path, rows));
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.wanted), futures::stream::iter(batches)))
    }
}
