//! Results on disk: read again with the same rows, and told apart from what is none.
//!
//! Knows no object.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use super::*;
use crate::fixture::{frozen, numbers, rows};

fn all(result: &FrozenResult) -> Vec<i64> {
    let ids = |batch: RecordBatch| batch.column(0).as_primitive::<Int64Type>().values().to_vec();
    result.batches().unwrap().flat_map(|batch| ids(batch.unwrap())).collect()
}

#[test]
fn rows_come_in_order_over_row_groups_and_reads() {
    let parts = [0..5000, 5000..5000, 5000..5001, 5001..12_000].map(|range| rows(vec![("id", numbers(range))]));
    let (_folder, result) = frozen(&parts);
    assert_eq!((result.rows(), result.schema().fields().len()), (12_000, 1));
    assert_eq!(all(&result), (0..12_000).collect::<Vec<i64>>());
    assert_eq!(all(&result), all(&result.clone()));
    let longest = result.batches().unwrap().map(|batch| batch.unwrap().num_rows()).max();
    assert_eq!(longest, Some(ROWS_AT_ONCE));
}

#[test]
fn an_empty_result_has_no_rows() {
    let (_folder, result) = frozen(&[rows(vec![("id", numbers([0_i64; 0]))])]);
    assert_eq!((result.rows(), all(&result)), (0, vec![]));
}

#[test]
fn what_is_no_result_is_told_by_its_path() {
    let (folder, result) = frozen(&[rows(vec![("id", numbers([1, 2, 3]))])]);
    let whole = std::fs::read(result.path()).unwrap();
    let cut = folder.path().join("cut.parquet");
    std::fs::write(&cut, &whole[..whole.len() - 1]).unwrap();
    for path in [cut, folder.path().join("missing.parquet"), folder.path().to_owned()] {
        let error = FrozenResult::open(&path).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot read the result {}", path.display()));
        assert!(std::error::Error::source(&error).is_some());
    }
}
