//! Some rows of a Result as a Result of their own, in the same order.
//!
//! Knows rows by number; not why they were chosen.

use std::fs::OpenOptions;
use std::path::Path;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use model::RowSet;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::frozen::{FrozenResult, ResultError};

/// Rows after which a row group ends, as in every Result.
const ROWS_PER_GROUP: usize = 128 * 1024;
/// Encoded bytes after which a row group ends early.
const BYTES_PER_GROUP: usize = 16 << 20;

/// Writes the rows of `result` that are in `rows` to a new file at `into` (mode 0600, synced); gives their number. What
/// was written is removed again when it fails.
///
/// # Errors
/// The Result cannot be read, or the file is there already or cannot be written.
pub fn extract(result: &FrozenResult, rows: &RowSet, into: &Path) -> Result<u64, ResultError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // Rows hold personal data: for the owner's eyes only.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(into).map_err(|error| result.failed(error))?;
    let written = write(result, rows, file);
    if written.is_err() {
        let _ = std::fs::remove_file(into);
    }
    written
}

fn write(result: &FrozenResult, rows: &RowSet, file: std::fs::File) -> Result<u64, ResultError> {
    let failed = |error: parquet::errors::ParquetError| result.failed(std::io::Error::other(error));
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).map_err(failed)?))
        .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .build();
    let synced = file.try_clone().map_err(|error| result.failed(error))?;
    let mut writer = ArrowWriter::try_new(file, result.schema().clone(), Some(properties)).map_err(failed)?;
    let (mut number, mut written) = (0, 0);
    for batch in result.batches()? {
        let batch = batch?;
        let chosen: BooleanArray =
            (0..batch.num_rows() as u64).map(|row| Some(rows.contains(number + row + 1))).collect();
        number += batch.num_rows() as u64;
        let kept: RecordBatch =
            filter_record_batch(&batch, &chosen).map_err(|error| result.failed(std::io::Error::other(error)))?;
        written += kept.num_rows() as u64;
        writer.write(&kept).map_err(failed)?;
        if writer.in_progress_size() > BYTES_PER_GROUP {
            writer.flush().map_err(failed)?;
        }
    }
    writer.close().map_err(failed)?;
    synced.sync_all().map_err(|error| result.failed(error))?;
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{frozen, numbers, rows, texts};

    #[test]
    fn the_chosen_rows_in_their_order() {
        let part = |from: i64| {
            let ids: Vec<i64> = (from..from + 3).collect();
            rows(vec![("id", numbers(ids)), ("email", texts(["a", "b", "c"]))])
        };
        let (folder, result) = frozen(&[part(1), part(4), part(7)]);
        let mut chosen = RowSet::default();
        for row in [2, 3, 4, 9] {
            chosen.insert(row);
        }
        let into = folder.path().join("some.parquet");
        assert_eq!(extract(&result, &chosen, &into).unwrap(), 4);
        let some = FrozenResult::open(&into).unwrap();
        assert_eq!((some.rows(), some.schema()), (4, result.schema()));
        let ids: Vec<i64> = some
            .batches()
            .unwrap()
            .flat_map(|batch| {
                let ids = batch.unwrap().column(0).clone();
                let ids = ids.as_any().downcast_ref::<arrow::array::Int64Array>().unwrap().clone();
                ids.values().to_vec()
            })
            .collect();
        assert_eq!(ids, [2, 3, 4, 9]);
        assert!(extract(&result, &chosen, &into).is_err(), "an existing file stays");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&into).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
