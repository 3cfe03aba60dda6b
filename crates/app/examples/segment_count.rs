//! Counts a segment of ten conditions over a million profiles and three million events, five times, and says how long it took.
//!
//! Knows the use cases alone: what is measured is what a look at a segment says. `cargo run --release -p app --example
//! segment_count -- 100000` does it over fewer profiles.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use api::{ParentSegmentSpec, SegmentSpec, TableSpec};
use app::clock::unix_now;
use app::{Actor, App, Config, Mode};
use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use parquet::arrow::ArrowWriter;
use serde_json::{Value, json};

/// How many profiles, when nobody says another number.
const PROFILES: i64 = 1_000_000;
/// Events of a profile, on average.
const EVENTS: i64 = 3;
/// Rows that are made at once.
const CHUNK: i64 = 50_000;
/// Seconds of a day.
const DAY: i64 = 86_400;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let profiles = std::env::args().nth(1).map_or(Ok(PROFILES), |text| text.parse())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(profiles))
}

async fn measure(profiles: i64) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    say(&format!("making {profiles} profiles and {} events", profiles * EVENTS))?;
    let now = unix_now();
    write(&folder.path().join("people.parquet"), profiles, |rows| people(rows, now))?;
    write(&folder.path().join("orders.parquet"), profiles * EVENTS, |rows| orders(rows, profiles, now))?;

    let mut config = Config::new(folder.path().join("data"));
    config.table_roots = vec![folder.path().to_owned()];
    let app = App::start(config, Mode::Serve).await?;
    let actor = Actor::command_line();
    for name in ["people", "orders"] {
        app.put_table(&actor, TableSpec { name: name.into(), files: format!("{name}.parquet") }, None).await?;
    }
    app.create_parent_segment(&actor, audience()?).await?;
    let began = unix_now();
    let (job, _) = app.refresh_parent_segment(&actor, "people", None).await?;
    let mut watch = app.watch_job(&actor, &job.id, 0).await?;
    while watch.events.recv().await.is_some() {}
    let job = app.job(&actor, &job.id).await?;
    say(&format!("{} ({} s)", job.sentence, unix_now() - began))?;

    let segment = SegmentSpec {
        name: "ten".into(),
        parent_segment: "people".into(),
        rule: ten_conditions(),
        ..SegmentSpec::default()
    };
    app.create_segment(&actor, segment).await?;
    for run in 1..=5 {
        let look = app.look_at_segment(&actor, "ten", 0).await?;
        say(&format!("run {run}: {} of {} profiles in {:.3} s", look.count, look.population, look.seconds))?;
    }
    app.stop().await;
    Ok(())
}

fn say(text: &str) -> std::io::Result<()> {
    writeln!(std::io::stderr(), "{text}")
}

/// Writes so many rows, a chunk at a time.
fn write(
    path: &Path,
    rows: i64,
    make: impl Fn(std::ops::Range<i64>) -> Result<RecordBatch, Failure>,
) -> Result<(), Failure> {
    let mut writer: Option<ArrowWriter<File>> = None;
    for first in (0..rows).step_by(usize::try_from(CHUNK)?) {
        let batch = make(first..(first + CHUNK).min(rows))?;
        let writer = match &mut writer {
            Some(writer) => writer,
            none @ None => none.insert(ArrowWriter::try_new(File::create(path)?, batch.schema(), None)?),
        };
        writer.write(&batch)?;
    }
    if let Some(writer) = writer {
        writer.close()?;
    }
    Ok(())
}

/// A number that looks like chance, the same in every run.
fn drawn(row: i64, of: i64, salt: i64) -> i64 {
    let mixed = (row + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64) ^ salt.wrapping_mul(0x2545_F491_4F6C_DD1D);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0x27D4_EB2F_1656_67C5);
    (mixed ^ (mixed >> 32)).rem_euclid(of)
}

fn texts(rows: &std::ops::Range<i64>, text: impl Fn(i64) -> String) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(rows.clone().map(text)))
}

fn numbers(rows: &std::ops::Range<i64>, number: impl Fn(i64) -> i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(rows.clone().map(number)))
}

fn moments(rows: &std::ops::Range<i64>, second: impl Fn(i64) -> i64) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(rows.clone().map(|row| second(row) * 1_000_000)))
}

/// One of these, for a row.
fn one_of(words: &[&str], row: i64, salt: i64) -> String {
    let at = usize::try_from(drawn(row, words.len() as i64, salt)).unwrap_or(0);
    words.get(at).copied().unwrap_or_default().to_owned()
}

fn people(rows: std::ops::Range<i64>, now: i64) -> Result<RecordBatch, Failure> {
    const COUNTRIES: [&str; 8] = ["DE", "AT", "CH", "FR", "US", "JP", "GB", "IT"];
    const CITIES: [&str; 6] = ["Hamburg", "Neuburg", "Berlin", "Wien", "Paris", "New York"];
    let active = BooleanArray::from_iter(rows.clone().map(|row| Some(drawn(row, 3, 7) > 0)));
    Ok(RecordBatch::try_from_iter([
        ("contact_id", numbers(&rows, |row| row)),
        ("email", texts(&rows, |row| format!("{}{row}@example.com", one_of(&["a", "b", "info.", "x"], row, 1)))),
        ("first_name", texts(&rows, |row| format!("Person {row}"))),
        ("country", texts(&rows, |row| one_of(&COUNTRIES, row, 2))),
        ("city", texts(&rows, |row| one_of(&CITIES, row, 3))),
        ("points", numbers(&rows, |row| drawn(row, 1_000, 4))),
        ("score", numbers(&rows, |row| drawn(row, 100, 5))),
        ("signup", moments(&rows, |row| now - drawn(row, 1_000 * DAY, 6))),
        ("active", Arc::new(active)),
        ("company", texts(&rows, |row| format!("Company {}", drawn(row, 10_000, 8)))),
    ])?)
}

fn orders(rows: std::ops::Range<i64>, profiles: i64, now: i64) -> Result<RecordBatch, Failure> {
    Ok(RecordBatch::try_from_iter([
        ("contact_id", numbers(&rows, |row| drawn(row, profiles, 11))),
        ("amount", numbers(&rows, |row| drawn(row, 500, 12))),
        ("product", texts(&rows, |row| one_of(&["book", "pen", "lamp", "chair"], row, 13))),
        ("ordered_at", moments(&rows, |row| now - drawn(row, 365 * DAY, 14))),
    ])?)
}

fn audience() -> Result<ParentSegmentSpec, Failure> {
    Ok(serde_json::from_value(json!({
        "name": "people",
        "master": { "table": "people", "key": "contact_id" },
        "behaviors": [{ "name": "orders", "table": "orders", "time": "ordered_at" }],
    }))?)
}

/// Ten conditions: attributes of every type, and two over the events.
fn ten_conditions() -> Value {
    let attribute =
        |name: &str, operator: Value| json!({ "type": "Value", "leftValue": { "name": name }, "operator": operator });
    let events = |aggregation: Value, filter: Value, days: u32, operator: Value| {
        let left = json!({
            "source": { "name": "behavior_orders" }, "aggregation": aggregation, "filter": filter,
            "window": { "type": "TimeSliding", "duration": { "day": days } },
        });
        json!({ "type": "Value", "leftValue": left, "operator": operator })
    };
    let product = json!({ "type": "And", "conditions": [
        { "type": "Column", "column": "product", "operator": { "type": "In", "rightValues": ["book", "lamp"] } },
    ] });
    let mut no_company = attribute("company", json!({ "type": "EndWith", "rightValues": ["7"] }));
    no_company["exclude"] = json!(true);
    json!({ "type": "And", "conditions": [
        { "type": "And", "conditions": [
            attribute("country", json!({ "type": "In", "rightValues": ["DE", "AT", "CH", "FR"] })),
            attribute("points", json!({ "type": "Between", "minValue": 100, "maxValue": 900 })),
            attribute("email", json!({ "type": "StartWith", "rightValues": ["a", "b", "info."] })),
            attribute("signup", json!({ "type": "TimeWithinPast", "value": 2, "unit": "year" })),
            attribute("active", json!({ "type": "Equal", "rightValue": true })),
            no_company,
        ] },
        { "type": "Or", "conditions": [
            attribute("city", json!({ "type": "Contain", "rightValues": ["burg", "lin"] })),
            attribute("score", json!({ "type": "Greater", "rightValue": 50 })),
        ] },
        { "type": "Or", "conditions": [
            events(json!({ "type": "Sum", "column": "amount" }), product, 90, json!({ "type": "Greater", "rightValue": 100 })),
            events(json!({ "type": "Count" }), Value::Null, 365, json!({ "type": "GreaterEqual", "rightValue": 3 })),
        ] },
    ] })
}
