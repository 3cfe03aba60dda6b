//! What the tests of this crate are written with: rows as Arrow, Results as Parquet, objects from settings.
//!
//! Knows no test.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use model::{Plan, Rejection, Settings};
use parquet::arrow::ArrowWriter;
use tempfile::TempDir;

use crate::columns::{CustomField, columns_of};
use crate::frozen::FrozenResult;
use crate::object::DataObject;
use crate::record::Record;
use crate::run::object_of;

pub(crate) fn texts<'a>(values: impl IntoIterator<Item = impl Into<Option<&'a str>>>) -> ArrayRef {
    Arc::new(StringArray::from_iter(values.into_iter().map(Into::into)))
}

pub(crate) fn numbers(values: impl IntoIterator<Item = impl Into<Option<i64>>>) -> ArrayRef {
    Arc::new(Int64Array::from_iter(values.into_iter().map(Into::into)))
}

pub(crate) fn rows(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap()
}

pub(crate) fn plan(given: &[(&str, &str)]) -> Plan {
    let mut settings = Settings::default();
    for (name, text) in given {
        settings.set(name, *text).unwrap();
    }
    Plan::parse(&settings).unwrap()
}

/// The object that the settings make of these rows, in an account with the custom fields `Favourite_Colour` and `Visits`.
pub(crate) fn object(rows: &RecordBatch, given: &[(&str, &str)]) -> Arc<dyn DataObject> {
    let custom = ["Favourite_Colour", "Visits"].map(|name| CustomField { api_name: name.into() });
    let target = plan(given).target;
    let columns = columns_of(&rows.schema(), &target, &custom).unwrap_or_else(|problems| panic!("{problems}"));
    object_of(&target, columns)
}

/// Every row encoded, numbered from 1.
pub(crate) fn encoded(object: &dyn DataObject, rows: &RecordBatch) -> Vec<Result<Record, Rejection>> {
    let cells = object.cells(rows);
    (0..rows.num_rows()).map(|row| object.encode(&cells, row, row as u64 + 1)).collect()
}

/// Every row encoded, when each can be sent.
pub(crate) fn records(object: &dyn DataObject, rows: &RecordBatch) -> Vec<Record> {
    encoded(object, rows).into_iter().map(|record| record.unwrap_or_else(|rejection| panic!("{rejection:?}"))).collect()
}

/// A Result on disk, as long as the folder is held. Each of `parts` is a row group of its own.
pub(crate) fn frozen(parts: &[RecordBatch]) -> (TempDir, FrozenResult) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("result.parquet");
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), parts[0].schema(), None).unwrap();
    for part in parts {
        writer.write(part).unwrap();
        writer.flush().unwrap();
    }
    writer.close().unwrap();
    let result = FrozenResult::open(&path).unwrap();
    (folder, result)
}
