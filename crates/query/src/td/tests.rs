//! What is true of all functions: the page about them, calls of any length, and what a plan makes of a range.
//!
//! Knows the engine's plans: not what each function computes.

use std::collections::BTreeSet;
use std::fs::File;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use datafusion::physical_plan::displayable;
use datafusion::prelude::SessionContext;
use expect_test::expect;
use parquet::arrow::ArrowWriter;

use super::{Function, Mistake, functions};
use crate::bind;
use crate::table::Table;

const PAGE: &str = include_str!("../../../../docs/sql-functions.md");

#[test]
fn every_function_is_on_the_page_and_no_other() {
    let registered: BTreeSet<String> = functions(0).map(|function| function.name().to_uppercase()).collect();
    let usages: BTreeSet<&str> = Function::ALL.iter().map(|function| function.usage()).collect();
    let sections: BTreeSet<String> = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("## `TD_"))
        .map(|rest| format!("TD_{}", rest.trim_end_matches('`')))
        .collect();
    let described: BTreeSet<String> =
        sections.iter().filter_map(|usage| usage.split('(').next()).map(str::to_owned).collect();
    assert_eq!(sections, usages.into_iter().map(str::to_owned).collect());
    assert_eq!(described, registered);
}

/// Every number of arguments is either planned or refused in our words, without a panic.
#[tokio::test]
async fn calls_of_any_length() {
    for function in Function::ALL {
        for count in 0..6 {
            let session = SessionContext::new();
            functions(0).for_each(|function| session.register_udf(function));
            let call = format!("SELECT {}({})", function.name(), vec!["NULL"; count].join(", "));
            let planned = async { session.sql(&call).await?.create_physical_plan().await };
            let refused = planned.await.err().map(|error| error.find_root().to_string());
            let takes = format!("{} takes ", function.name());
            assert!(refused.is_none_or(|said| said.contains(&takes)), "{call}");
        }
    }
}

/// A range over whole numbers of a Parquet file is one that the file's statistics can answer.
#[tokio::test]
async fn parquet_files_skip_what_lies_outside_a_range() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let column: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let batch = RecordBatch::try_from_iter([("time", column)]).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let session = SessionContext::new();
    functions(86_400).for_each(|function| session.register_udf(function));
    bind::register(&session, &Table::parse(&format!("t={}", path.display())).unwrap()).await.unwrap();
    for condition in ["TD_TIME_RANGE(time, '1970-01-01', '1970-01-02')", "TD_INTERVAL(time, '-1d')"] {
        let plan = session.sql(&format!("SELECT time FROM t WHERE {condition}")).await.unwrap();
        let plan = plan.create_physical_plan().await.unwrap();
        let shown = displayable(plan.as_ref()).indent(true).to_string();
        assert!(shown.contains("time@0 >= 0 AND time@0 < 86400"), "{shown}");
        assert!(shown.contains("pruning_predicate="), "{shown}");
    }
}

#[test]
fn a_value_of_a_row_is_not_repeated() {
    let unreadable = super::unit::parse("quater").unwrap_err();
    let said = |written| {
        let Mistake { message, hint, .. } = Mistake::unreadable(Function::DateTrunc, &unreadable, written);
        format!("{message}: {hint}")
    };
    expect!["TD_DATE_TRUNC cannot read 'quater' as a unit: did you mean 'quarter'? units are minute, hour, day, week, month, quarter, year"].assert_eq(&said(Some("quater")));
    expect!["TD_DATE_TRUNC cannot read a value of a column as a unit: units are minute, hour, day, week, month, quarter, year"].assert_eq(&said(None));
}
