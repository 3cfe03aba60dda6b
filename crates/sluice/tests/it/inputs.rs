//! Rows as they come in: Parquet with its own types, and the report as a file and for people.
//!
//! Knows no failure of calls.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray};
use pardot_sim::Config;
use parquet::arrow::ArrowWriter;
use serde_json::Value;

use crate::contacts::{check_contacts, contacts};
use crate::harness::{Bench, check_rows};

#[test]
fn parquet_keeps_its_types() {
    let bench = Bench::unique();
    let columns: [(&str, ArrayRef); 4] = [
        ("email", Arc::new(StringArray::from(vec!["a@example.com", "b@example.com", "c@example.com"]))),
        ("score", Arc::new(Float64Array::from(vec![Some(12.0), Some(12.5), None]))),
        ("is_do_not_email", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        ("city", Arc::new(StringArray::from(vec![None, Some("Paris"), Some("")]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = std::fs::File::create(bench.path("part-1.parquet")).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let call = bench.export("SELECT * FROM c").args(&["--table", "c=*.parquet"]);
    let done = call.set("skip_invalid_records", true).exits(0);
    // 12.5 is no whole number, and is never cut.
    check_rows(&done, [3, 2, 1, 0, 0, 0]);
    assert_eq!(done.text("/rejected_by_reason/0/column"), "score");
    let first = bench.prospect("a@example.com");
    assert_eq!(first["score"].to_string().trim_matches('"'), "12");
    assert!(["1", "true"].contains(&first["is_do_not_email"].to_string().trim_matches('"')), "{first}");
    assert_eq!(first["city"], Value::Null);
}

#[test]
fn the_report_is_the_same_as_a_file() {
    let bench = Bench::unique();
    let done = bench.export_csv(&contacts(60, |row| row == 7)).args(&["--report", "report.json"]).exits(3);
    let file: Value = serde_json::from_str(&bench.read("report.json")).unwrap();
    assert_eq!(Some(file), done.report());
    let mut report = bench.command("report");
    report.args([&done.job(), "--data-dir", "data"]);
    let told = String::from_utf8(report.output().unwrap().stdout).unwrap();
    for words in ["60 read = ", " 1 rejected", "Invalid prospect email address"] {
        assert!(told.contains(words), "no `{words}` in {told}");
    }
}

#[test]
fn five_lanes_are_kept_busy() {
    let bench = Bench::with(Config { answer_delay: Duration::from_millis(100), ..Config::default() });
    let done = bench.export_csv(&contacts(3_000, |_| false)).set("parallel_tasks", 5).exits(0);
    check_contacts(&bench, 3_000, |_| false);
    let counters = bench.counters();
    assert_eq!((counters.in_flight_max, counters.concurrency_refusals), (5, 0));
    assert_eq!(done.number("/max_in_flight"), 5);
    // The first call goes alone, until its answer proves the version.
    assert!(counters.in_flight_average > 3.5, "{} in flight", counters.in_flight_average);
}
