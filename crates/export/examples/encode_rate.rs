//! How many rows a second one core encodes and packs: rows of 9 columns in a Result, without sending.
//!
//! Knows no network. `cargo run --release -p export --example encode_rate -- 1000000`

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use export::{Checked, FrozenResult, Way, columns_of, estimate, object_of};
use model::{Learned, Plan, Settings};
use pardot::ApiVersion;
use parquet::arrow::ArrowWriter;

/// Rows made at once.
const ROWS_AT_ONCE: i64 = 10_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rows: i64 = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("result.parquet");
    write(&path, rows)?;
    let result = FrozenResult::open(&path)?;
    let mut out = std::io::stdout();
    for (name, given) in [
        ("body", &[] as &[(&str, &str)]),
        ("uri, max_payload 5000", &[("batch_carrier", "uri"), ("max_payload", "5000")]),
    ] {
        let mut settings = Settings::default();
        for (name, text) in given {
            settings.set(name, *text).map_err(|problem| problem.to_string())?;
        }
        let plan = Plan::parse(&settings)?;
        let object = object_of(&plan.target, columns_of(result.schema(), &plan.target, &[])?);
        let started = Instant::now();
        let way = Way::Batch(ApiVersion::V4);
        let estimate =
            estimate(&result, &*object, &plan.delivery, &Learned::default(), &Checked::default(), way, &mut |_| {})?;
        let seconds = started.elapsed().as_secs_f64();
        let rate = result.rows() as f64 / seconds;
        writeln!(
            out,
            "{name}: {} rows in {} batches, {seconds:.2} s, {rate:.0} rows/s",
            estimate.rows, estimate.batches
        )?;
    }
    Ok(())
}

/// Prospects as a marketing query has them: an email, texts, two numbers and a truth value.
fn write(path: &Path, rows: i64) -> Result<(), Box<dyn std::error::Error>> {
    let mut writer = None;
    let mut from = 0;
    loop {
        let batch = batch(from..rows.min(from + ROWS_AT_ONCE))?;
        if writer.is_none() {
            writer = Some(ArrowWriter::try_new(File::create(path)?, batch.schema(), None)?);
        }
        if let Some(writer) = &mut writer {
            writer.write(&batch)?;
        }
        from += ROWS_AT_ONCE;
        if from >= rows {
            break;
        }
    }
    if let Some(writer) = writer {
        writer.close()?;
    }
    Ok(())
}

fn batch(numbers: std::ops::Range<i64>) -> Result<RecordBatch, arrow::error::ArrowError> {
    let texts = |text: &dyn Fn(i64) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(numbers.clone().map(text)))
    };
    let whole = |number: &dyn Fn(i64) -> Option<i64>| -> ArrayRef {
        Arc::new(Int64Array::from_iter(numbers.clone().map(number)))
    };
    let truths: ArrayRef = Arc::new(BooleanArray::from_iter(numbers.clone().map(|row| Some(row % 7 == 0))));
    RecordBatch::try_from_iter_with_nullable([
        ("email", texts(&|row| format!("person.{row}@example.com")), true),
        ("first_name", texts(&|row| format!("Zo\u{eb} {}", row % 1000)), true),
        ("last_name", texts(&|row| format!("O'Neill-{}", row % 5000)), true),
        ("company", texts(&|row| format!("Example & Sons {}", row % 300)), true),
        ("job_title", texts(&|row| format!("Engineer {}", row % 20)), true),
        ("country", texts(&|row| ["Italy", "Japan", "Brazil"][usize::try_from(row % 3).unwrap_or(0)].to_owned()), true),
        ("campaign_id", whole(&|row| (row % 3 == 0).then_some(row % 40 + 1)), true),
        ("score", whole(&|row| Some(row % 100)), true),
        ("is_do_not_email", truths, true),
    ])
}
