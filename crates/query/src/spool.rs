//! Writes record batches to a Parquet file that appears complete or not at all.
//!
//! Knows files and Parquet only: not where the batches come from.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use tokio::sync::{mpsc, oneshot, watch};

use crate::engine::Item;
use crate::error::QueryError;
use crate::freeze::stopped;

/// Rows after which a row group ends: small enough to be held encoded in memory, large enough to compress well.
const ROWS_PER_GROUP: usize = 128 * 1024;

/// Encoded bytes after which a row group ends early, so that rows of several thousand characters stay in memory bounds.
const BYTES_PER_GROUP: usize = 16 << 20;

/// Limit of a data page and of a dictionary, per column, in bytes.
const BYTES_PER_PAGE: usize = 256 << 10;

/// A file being written; removed when dropped, unless kept.
pub(crate) struct Partial {
    path: PathBuf,
    into: PathBuf,
    kept: bool,
}

/// What was written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) rows: u64,
    pub(crate) columns: Vec<String>,
}

impl Partial {
    /// Opens `<into>.partial`, replacing what a killed process may have left there.
    pub(crate) fn create(into: &Path) -> Result<(Partial, File), QueryError> {
        let mut name = into.file_name().unwrap_or_default().to_os_string();
        name.push(".partial");
        let path = into.with_file_name(name);
        let failed = |error: io::Error| disk(&path, &error);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            Ok(()) | Err(_) => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        // Rows hold personal data: for the owner's eyes only.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(failed)?;
        Ok((Partial { path, into: into.to_path_buf(), kept: false }, file))
    }

    /// Gives the synced file its name, durably, and returns its size in bytes.
    pub(crate) fn keep(mut self) -> Result<u64, QueryError> {
        let bytes = fs::metadata(&self.path).map_err(|error| disk(&self.path, &error))?.len();
        fs::rename(&self.path, &self.into).map_err(|error| disk(&self.into, &error))?;
        self.kept = true;
        // A rename is durable once its folder is synced. Windows cannot open folders.
        #[cfg(unix)]
        {
            let folder = self.into.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| disk(folder, &error))?;
        }
        Ok(bytes)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn disk(path: &Path, error: &io::Error) -> QueryError {
    // The kind says enough ("no space left on device"); the number in brackets helps nobody.
    let message = error.to_string();
    let message = message.split(" (os error").next().unwrap_or_default().to_lowercase();
    QueryError::Disk { path: path.to_path_buf(), message }
}

/// Writes `items` to `file` on a thread of its own until they end, and syncs it. Rows written so far show in `rows`.
pub(crate) fn write(
    file: File,
    items: mpsc::Receiver<Item>,
    rows: watch::Sender<u64>,
    into: PathBuf,
) -> oneshot::Receiver<Result<Written, QueryError>> {
    let (done, written) = oneshot::channel();
    // Not the runtime's blocking pool: a runtime waits for that when it is shut down, and a query that computes without
    // end would hold up the exit of the process.
    let spawned = std::thread::Builder::new().name("spool".into()).spawn(move || {
        let _ = done.send(write_all(file, items, &rows, &into));
    });
    // Without a thread the sender is gone, and the receiver says that the engine stopped.
    drop(spawned);
    written
}

fn write_all(
    file: File,
    mut items: mpsc::Receiver<Item>,
    rows: &watch::Sender<u64>,
    into: &Path,
) -> Result<Written, QueryError> {
    let failed = |error: ParquetError| unwritable(into, &error);
    let schema = match items.blocking_recv() {
        Some(Item::Columns(schema)) => schema,
        Some(Item::Failed(error)) => return Err(error),
        Some(Item::Batch(_) | Item::End) | None => return Err(stopped()),
    };
    let columns = schema.fields().iter().map(|field| field.name().clone()).collect();
    let synced = file.try_clone().map_err(|error| disk(into, &error))?;
    let mut writer = open(file, schema).map_err(failed)?;
    let mut count = 0_u64;
    loop {
        match items.blocking_recv() {
            Some(Item::Batch(batch)) => {
                writer.write(&batch).map_err(failed)?;
                if writer.in_progress_size() > BYTES_PER_GROUP {
                    writer.flush().map_err(failed)?;
                }
                count += batch.num_rows() as u64;
                rows.send_replace(count);
            }
            Some(Item::End) => break,
            Some(Item::Failed(error)) => return Err(error),
            Some(Item::Columns(_)) | None => return Err(stopped()),
        }
    }
    writer.close().map_err(failed)?;
    synced.sync_all().map_err(|error| disk(into, &error))?;
    Ok(Written { rows: count, columns })
}

fn open(file: File, schema: SchemaRef) -> Result<ArrowWriter<File>, ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
        .set_data_page_size_limit(BYTES_PER_PAGE)
        .set_dictionary_page_size_limit(BYTES_PER_PAGE)
        // Statistics repeat values of rows, and nobody asks a Result for a range.
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .build();
    ArrowWriter::try_new(file, schema, Some(properties))
}

fn unwritable(into: &Path, error: &ParquetError) -> QueryError {
    match error {
        ParquetError::External(source) => match source.downcast_ref::<io::Error>() {
            Some(source) => disk(into, source),
            None => QueryError::Disk { path: into.to_path_buf(), message: "the write failed".into() },
        },
        ParquetError::NYI(_) | ParquetError::ArrowError(_) => QueryError::Runtime {
            message: "a column of the result has a type that a Result cannot hold; CAST it to another".into(),
        },
        _ => QueryError::Disk { path: into.to_path_buf(), message: "the write failed".into() },
    }
}
