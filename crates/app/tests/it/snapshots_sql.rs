//! The SQL of snapshots and of activations, on the engine: what is in the tables comes out as it was meant, whatever it is called.
//!
//! Knows `model` and `query` alone: no application runs here.

use std::fs::{self, File};
use std::future::pending;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int64Array, ListBuilder,
    RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray, TimestampNanosecondArray,
};
use arrow::datatypes::Int64Type;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use expect_test::{Expect, expect};
use model::snapshot::{
    AttributeSource, BehaviorSource, Filter, Join, JoinQuery, MasterTable, Physical, SourceColumn, Sources,
    customers_sql, events_sql, join_checks, judge,
};
use model::{ColumnType, Ids, Output, Zone};
use parquet::arrow::ArrowWriter;
use query::{Limits, Table};
use serde_json::{Value, json};

/// 2026-11-23T14:13:20Z.
const SCHEDULED: i64 = 1_795_443_200;

/// A folder with tables.
struct Tables {
    folder: tempfile::TempDir,
    bound: Vec<Table>,
}

impl Tables {
    fn new() -> Tables {
        Tables { folder: tempfile::tempdir().expect("the fixture works"), bound: Vec::new() }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn bind(&mut self, name: &str, file: &str) {
        let table = Table::parse(&format!("t={}", self.path(file).display())).expect("the fixture works");
        self.bound.push(Table { name: name.into(), ..table });
    }

    fn text(mut self, name: &str, file: &str, text: &str) -> Tables {
        fs::write(self.path(file), text).expect("the fixture works");
        self.bind(name, file);
        self
    }

    fn parquet(mut self, name: &str, columns: Vec<(&str, ArrayRef)>) -> Tables {
        let rows =
            RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)));
        let rows = rows.expect("the fixture works");
        let file = format!("{name}.parquet");
        let mut writer =
            ArrowWriter::try_new(File::create(self.path(&file)).expect("the fixture works"), rows.schema(), None)
                .expect("the fixture works");
        writer.write(&rows).expect("the fixture works");
        writer.close().expect("the fixture works");
        self.bind(name, &file);
        self
    }

    fn limits(&self) -> Limits {
        Limits { time: None, memory: 64 << 20, spill_dir: self.path("spill"), scheduled_time: SCHEDULED }
    }

    async fn run(&self, sql: &str) -> Vec<RecordBatch> {
        let rows = query::preview(sql, &self.bound, &self.limits(), 100, pending()).await;
        rows.unwrap_or_else(|error| panic!("{error} ({:?})\n{sql}", error.hint()))
    }

    /// The rows as text: names and types first.
    async fn rows(&self, sql: &str) -> String {
        let options = FormatOptions::new().with_null("-");
        let batches = self.run(sql).await;
        let schema = batches[0].schema();
        let names =
            schema.fields().iter().map(|field| format!("{}:{}", field.name(), query::type_name(field.data_type())));
        let mut text = names.collect::<Vec<_>>().join(" | ") + "\n";
        for batch in &batches {
            let columns: Vec<_> = batch
                .columns()
                .iter()
                .map(|column| ArrayFormatter::try_new(column, &options).expect("the fixture works"))
                .collect();
            for row in 0..batch.num_rows() {
                text.push_str(
                    &(columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join(" | ")),
                );
                text.push('\n');
            }
        }
        text
    }

    /// Freezes a query and binds what came out.
    async fn freeze(&mut self, name: &str, sql: &str) {
        let file = format!("{name}.parquet");
        let frozen = query::freeze(sql, &self.bound, &self.limits(), &self.path(&file), pending(), &mut |_| {}).await;
        frozen.unwrap_or_else(|error| panic!("{error} ({:?})\n{sql}", error.hint()));
        self.bind(name, &file);
    }

    /// Every column of a table as it is.
    async fn columns(&self, table: &str) -> Vec<SourceColumn> {
        let bound = self.bound.iter().find(|bound| bound.name == table).expect("the fixture works");
        let schema = query::schema(bound).await.expect("the fixture works");
        let column = |name: &String, physical: Physical| SourceColumn {
            at: "master".into(),
            name: name.clone(),
            column: name.clone(),
            column_type: physical.default_type().expect("the fixture works"),
            physical,
        };
        let fields = schema.fields().iter();
        fields.map(|field| column(field.name(), Physical::named(&query::type_name(field.data_type())))).collect()
    }

    /// Makes the snapshot of parent segment 1.
    async fn refresh(&mut self, sources: &Sources) {
        assert_eq!(sources.check("").to_string(), "");
        self.freeze("cdp_audience_1.customers", &customers_sql(sources)).await;
        for behavior in &sources.behaviors {
            let name = format!("cdp_audience_1.behavior_{}", behavior.name);
            self.freeze(&name, &events_sql(sources, behavior, 1)).await;
        }
    }

    async fn judged(&self, sources: &Sources) -> String {
        let mut text = String::new();
        let mut profiles = 0;
        for check in join_checks(sources) {
            let facts = check.facts(&self.numbers(&check).await).expect("the fixture works");
            if check.at == "master" {
                profiles = facts.keys;
            }
            let verdict = judge(check.what, &facts, profiles);
            let numbers = [
                facts.rows,
                facts.without_key,
                facts.keys,
                facts.repeated,
                facts.most_rows,
                facts.matched,
                facts.orphans,
            ];
            text.push_str(&format!("{} {numbers:?}\n  {:?}: {}\n", check.at, verdict.level, verdict.message));
        }
        text
    }

    async fn numbers(&self, check: &JoinQuery) -> Vec<u64> {
        let batches = self.run(&check.sql).await;
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(rows, 1);
        let number =
            |column: &ArrayRef| u64::try_from(column.as_primitive::<Int64Type>().value(0)).expect("the fixture works");
        batches
            .iter()
            .find(|batch| batch.num_rows() == 1)
            .expect("the fixture works")
            .columns()
            .iter()
            .map(number)
            .collect()
    }
}

fn column(name: &str, physical: Physical, column_type: ColumnType) -> SourceColumn {
    SourceColumn { at: format!("attributes.{name}"), name: name.into(), column: name.into(), physical, column_type }
}

fn join(table: &str, parent_key: &str, physical: Physical, foreign_key: &str) -> Join {
    Join { table: table.into(), parent_key: parent_key.into(), physical, foreign_key: foreign_key.into() }
}

fn master(table: &str, key: &str) -> MasterTable {
    MasterTable { table: table.into(), key: key.into(), filters: Vec::new() }
}

/// Three people as a CSV has them, with a row without a key and one of another country; what they bought; what they are worth.
fn shop() -> Tables {
    Tables::new()
        .text(
            "people",
            "people.csv",
            "id,email,country,since,score\n3,carl@x.io,DE,1700000000,7\n1,ada@x.io,DE,2026-11-23 02:00:00,x\n\
             ,nobody@x.io,DE,,\n2,bob@x.io,AT,20261123,NaN\n4,dora@x.io,FR,1700000000000,1e2\n",
        )
        .text("worth", "worth.csv", "who,ltv,plan\n1,10.5,gold\n2,,\n9,1,\n,3,\n3,2,free\n")
        .text(
            "orders",
            "orders.jsonl",
            r#"{"person": 1, "time": 1700000000, "product": "book", "tags": ["a", "b"]}
{"person": 1, "time": 1700000300, "product": "lamp", "tags": []}
{"person": 1, "time": 1700000100, "product": "lamp"}
{"person": 3, "time": null, "product": "chair", "tags": ["c"]}
{"person": 3, "time": 1700000000, "product": null, "tags": null}
{"person": 4, "time": 1700000000, "product": "not sold here", "tags": null}
{"person": null, "time": 1700000000, "product": "nobody's", "tags": null}
"#,
        )
}

async fn shop_sources(tables: &Tables) -> Sources {
    let mut master_columns = tables.columns("people").await;
    for (name, column_type) in [("since", ColumnType::Timestamp), ("score", ColumnType::Number)] {
        master_columns.iter_mut().find(|column| column.name == name).expect("the fixture works").column_type =
            column_type;
    }
    let worth = join("worth", "who", Physical::Text, "id");
    // One column in several types.
    let since =
        |name: &str, column_type| SourceColumn { name: name.into(), ..column("since", Physical::Text, column_type) };
    master_columns.extend([since("day", ColumnType::Date), since("words", ColumnType::String)]);
    let attribute = |name: &str, column: SourceColumn| AttributeSource {
        join: worth.clone(),
        column: SourceColumn { name: name.into(), ..column },
    };
    let mut columns = tables.columns("orders").await;
    columns.retain(|column| column.name != "person");
    columns.iter_mut().find(|column| column.name == "time").expect("the fixture works").column_type =
        ColumnType::Timestamp;
    Sources {
        master: MasterTable {
            filters: vec![Filter { column: "country".into(), values: vec![json!("DE"), json!("AT"), json!("O'Land")] }],
            ..master("people", "id")
        },
        master_columns,
        attributes: vec![
            attribute("lifetime", column("ltv", Physical::Text, ColumnType::Number)),
            attribute("plan", column("plan", Physical::Text, ColumnType::String)),
        ],
        behaviors: vec![BehaviorSource {
            at: "behaviors[0]".into(),
            name: "orders".into(),
            join: join("orders", "person", Physical::Integer, "id"),
            columns,
            time: Some("time".into()),
        }],
        zone: Zone::utc(),
    }
}

#[tokio::test]
async fn a_shop_becomes_a_snapshot() {
    let mut tables = shop();
    let sources = shop_sources(&tables).await;
    tables.refresh(&sources).await;
    expect![[r#"
        cdp_customer_id:BIGINT | id:TEXT | email:TEXT | country:TEXT | since:TIMESTAMP | score:DOUBLE | day:DATE | words:TEXT | lifetime:DOUBLE | plan:TEXT
        1 | 1 | ada@x.io | DE | 2026-11-23T02:00:00 | - | 2026-11-23 | 2026-11-23 02:00:00 | 10.5 | gold
        2 | 2 | bob@x.io | AT | 2026-11-23T00:00:00 | - | 2026-11-23 | 20261123 | - | -
        3 | 3 | carl@x.io | DE | 2023-11-14T22:13:20 | 7.0 | - | 1700000000 | 2.0 | free
    "#]].assert_eq(&tables.rows("SELECT * FROM cdp_audience_1.customers").await);
    expect![[r#"
        cdp_customer_id:BIGINT | cdp_event_id:BIGINT | time:TIMESTAMP | product:TEXT | tags:TEXT[]
        1 | 1 | 2023-11-14T22:13:20 | book | [a, b]
        1 | 2 | 2023-11-14T22:18:20 | lamp | []
        1 | 3 | 2023-11-14T22:15:00 | lamp | -
        3 | 4 | - | chair | [c]
        3 | 5 | 2023-11-14T22:13:20 | - | -
    "#]]
    .assert_eq(&tables.rows("SELECT * FROM cdp_audience_1.behavior_orders ORDER BY cdp_event_id").await);
    expect![[r#"
        master [4, 1, 3, 0, 1, 3, 0]
          Warning: 1 row has no key and is left out; 2 values of column score cannot be read as number and are missing; 1 value of column since cannot be read as date and is missing
        attributes.ltv [5, 1, 4, 0, 1, 3, 1]
          Warning: 1 row is of no profile and left out; 1 row has no key and is left out
        behaviors[0] [7, 1, 3, 2, 3, 2, 1]
          Warning: 1 row is of no profile and left out; 1 row has no key and is left out
    "#]].assert_eq(&tables.judged(&sources).await);
}

#[tokio::test]
async fn joins_that_go_wrong_are_found() {
    let tables =
        shop().text("twice", "twice.csv", "who,x\n1,a\n1,b\n2,c\n2,d\n2,e\n").text("none", "none.csv", "who,x\n,a\n");
    let tables = tables.text("empty", "empty.csv", "who,x\n").text("other", "other.csv", "who,x\n01,a\n02,b\n");
    let mut sources = shop_sources(&tables).await;
    sources.attributes = ["twice", "none", "empty", "other"]
        .map(|table| AttributeSource {
            join: join(table, "who", Physical::Text, "id"),
            column: SourceColumn { name: table.into(), ..column("x", Physical::Text, ColumnType::String) },
        })
        .into();
    sources.behaviors.clear();
    expect![[r#"
        master [4, 1, 3, 0, 1, 3, 0]
          Warning: 1 row has no key and is left out; 2 values of column score cannot be read as number and are missing; 1 value of column since cannot be read as date and is missing
        attributes.x [5, 0, 2, 2, 3, 2, 0]
          Wrong: 2 keys stand in several rows, up to 3: a profile would have several values
        attributes.x [1, 1, 0, 0, 0, 0, 0]
          Wrong: no row has a key
        attributes.x [0, 0, 0, 0, 0, 0, 0]
          Warning: there are no rows
        attributes.x [2, 0, 2, 0, 1, 0, 2]
          Warning: no profile has a row
    "#]].assert_eq(&tables.judged(&sources).await);
    sources.attributes.clear();
    sources.master = master("people", "country");
    expect![[r#"
        master [5, 0, 3, 1, 3, 3, 0]
          Wrong: 1 key stands in several rows, up to 3: a profile would be there several times; 1 value of column since cannot be read as timestamp and is missing; 2 values of column score cannot be read as number and are missing; 2 values of column since cannot be read as date and are missing
    "#]].assert_eq(&tables.judged(&sources).await);
    sources.master = MasterTable {
        filters: vec![Filter { column: "email".into(), values: vec![json!("' OR '1'='1")] }],
        ..master("people", "id")
    };
    expect![[r#"
        master [0, 0, 0, 0, 0, 0, 0]
          Wrong: there are no rows
    "#]]
    .assert_eq(&tables.judged(&sources).await);
}

/// Keys of every type that a key can be, some of which are equal to one another only as another type.
fn keys() -> Vec<(&'static str, ArrayRef)> {
    const MOMENT: i64 = 1_795_392_000_000_000;
    let texts = [
        Some("1"),
        Some("1.0"),
        Some("0"),
        Some("-0"),
        Some("9007199254740992"),
        Some("9007199254740993"),
        Some("NaN"),
        Some("true"),
        Some("2026-11-23"),
        Some("2026-11-23T00:00:00"),
        Some("not a number"),
        None,
    ];
    fn padded<T: Copy>(values: &[T]) -> Vec<Option<T>> {
        (0..12).map(|row| values.get(row).copied()).collect()
    }
    let decimals = padded(&[100_i128, 0, 900_719_925_474_099_200, 900_719_925_474_099_300]);
    let moments = padded(&[MOMENT, MOMENT + 1, 253_402_300_799_000_000]);
    let nanos = padded(&[MOMENT * 1000, MOMENT * 1000 + 1, MOMENT * 1000 + 1000]);
    vec![
        ("text", Arc::new(StringArray::from(texts.to_vec())) as ArrayRef),
        ("whole", Arc::new(Int64Array::from(padded(&[1, 0, 9_007_199_254_740_992, 9_007_199_254_740_993])))),
        ("double", Arc::new(Float64Array::from(padded(&[1.0, 0.0, -0.0, 9_007_199_254_740_992.0, f64::NAN])))),
        ("real", Arc::new(Float32Array::from(padded(&[1.0, 0.0, 9_007_199_254_740_992.0, f32::NAN])))),
        (
            "decimal",
            Arc::new(Decimal128Array::from(decimals).with_precision_and_scale(20, 2).expect("the fixture works")),
        ),
        ("truth", Arc::new(BooleanArray::from(padded(&[true, false])))),
        ("day", Arc::new(Date32Array::from(padded(&[20_780, 2_932_896])))),
        ("moment", Arc::new(TimestampMicrosecondArray::from(moments.clone()))),
        ("nano", Arc::new(TimestampNanosecondArray::from(nanos))),
        ("zoned", Arc::new(TimestampMicrosecondArray::from(moments).with_timezone("+02:00"))),
    ]
}

/// Whatever the types of the two keys: where the refresh would have several rows of a profile, the check says so, and it counts
/// as many profiles with a row as there will be.
#[tokio::test]
async fn checks_count_what_the_refresh_joins() {
    let with = |name, of: ArrayRef| [vec![(name, of)], keys()].concat();
    let numbers = Arc::new(Int64Array::from_iter_values(1..=12)) as ArrayRef;
    let tables = Tables::new().parquet("m", with("n", Arc::clone(&numbers))).parquet("a", with("x", numbers));
    let columns = tables.columns("m").await;
    let mut wrong = Vec::new();
    for parent in &columns[1..] {
        for foreign in &columns[1..] {
            let sources = Sources {
                master: master("m", "n"),
                master_columns: vec![columns[0].clone(), foreign.clone()],
                attributes: vec![AttributeSource {
                    join: join("a", &parent.name, parent.physical.clone(), &foreign.name),
                    column: column("x", Physical::Integer, ColumnType::Number),
                }],
                behaviors: Vec::new(),
                zone: Zone::utc(),
            };
            let pair = format!("{} = {}", parent.name, foreign.name);
            let refresh = customers_sql(&sources);
            let sql = format!(
                "SELECT COUNT(*) AS r, COUNT(DISTINCT CASE WHEN x IS NOT NULL THEN n END) AS m FROM ({refresh}) t"
            );
            let rows = tables.rows(&sql).await;
            let rows = rows.lines().nth(1).expect("the fixture works");
            let check = &join_checks(&sources)[1];
            let facts = check.facts(&tables.numbers(check).await).expect("the fixture works");
            let (all, matched) = rows.split_once(" | ").expect("the fixture works");
            assert_eq!(facts.matched.to_string(), matched, "{pair}\n{}", check.sql);
            assert!(all == "12" || facts.repeated > 0, "{pair}: {all} rows\n{}", check.sql);
            if facts.repeated > 0 {
                wrong.push(format!("{pair}: {} {}", facts.repeated, facts.most_rows));
            }
        }
    }
    expect![[r#"
        text = double: 3 2
        text = real: 3 2
        text = decimal: 3 2
        whole = double: 1 2
        whole = real: 1 2
        double = text: 1 2
        double = whole: 1 2
        double = double: 1 2
        double = real: 1 2
        double = decimal: 1 2"#]]
    .assert_eq(&wrong.join("\n"));
}

/// Values and names of several lines stay what they are.
#[tokio::test]
async fn line_breaks_stay() {
    const LINES: &str = "one\n  two\r\n\nthree\n";
    let values = |values: [&str; 3]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    let keys = || values(["k1", "k2", "k3"]);
    let mut tables = Tables::new()
        .parquet("master", vec![("id", keys()), ("v", values([LINES, "one\ntwo", "plain"]))])
        .parquet("attributes", vec![("key\nof it", keys()), ("x", values(["a", "b", "c"]))])
        .parquet("events", vec![("whose\n\nkey", keys()), ("what", values([LINES, "e", "f"]))]);
    let mut sources = Sources {
        master: MasterTable {
            filters: vec![Filter { column: "v".into(), values: vec![json!(LINES), json!("other\nlines")] }],
            ..master("master", "id")
        },
        master_columns: tables.columns("master").await,
        attributes: vec![AttributeSource {
            join: join("attributes", "key\nof it", Physical::Text, "id"),
            column: column("x", Physical::Text, ColumnType::String),
        }],
        behaviors: vec![BehaviorSource {
            at: "behaviors[0]".into(),
            name: "b".into(),
            join: join("events", "whose\n\nkey", Physical::Text, "id"),
            columns: vec![column("what", Physical::Text, ColumnType::String)],
            time: None,
        }],
        zone: Zone::utc(),
    };
    tables.refresh(&sources).await;
    expect![[r#"
        master [1, 0, 1, 0, 1, 1, 0]
          Ok: 1 profile
        attributes.x [3, 0, 3, 0, 1, 1, 2]
          Warning: 2 rows are of no profile and left out
        behaviors[0] [3, 0, 3, 0, 1, 1, 2]
          Warning: 2 rows are of no profile and left out
    "#]]
    .assert_eq(&tables.judged(&sources).await);
    for (join, ends) in [("first", ""), ("all", ""), ("top", "_1")] {
        let output: Output = serde_json::from_value(json!({
            "columns": [{"column": "text", "source": {"string": LINES}}, {"column": "name", "source": {"parameters": [{"type": "SegmentName"}]}}],
            "behaviors": [{"behavior": "b", "join": join, "rows": 1, "order_by": [{"column": "what"}],
                "columns": [{"column": "event", "source": {"column": "what"}}]}],
        }))
        .expect("the fixture works");
        let ids = Ids { audience: 1, segment: 2, segment_name: LINES.into() };
        let sql = output.sql(WITH, &sources.audience(1), &ids).unwrap_or_else(|problems| panic!("{problems}"));
        let want = format!("text:TEXT | name:TEXT | event{ends}:TEXT\n{LINES} | {LINES} | {LINES}\n");
        assert_eq!(tables.rows(&sql).await, want);
    }
    sources.master_columns[1].name = "v\nw".into();
    assert_eq!(sources.check("").iter().next().expect("the fixture works").at, "master");
}

/// Values at the ends of every type that Parquet has, read as every type that they can be.
#[tokio::test]
async fn every_type_is_read() {
    let micros = |values: [Option<i64>; 3]| TimestampMicrosecondArray::from_iter(values);
    // The second lies in the year 9999, beyond what a nanosecond timestamp reaches.
    let moments = [Some(1_795_476_600_000_000), Some(253_402_300_799_000_000), None];
    let mut lists = ListBuilder::new(StringBuilder::new());
    lists.append_value([Some("a"), None]);
    lists.append_null();
    lists.append_value([None::<&str>; 0]);
    let tables = Tables::new().parquet(
        "t",
        vec![
            ("n", Arc::new(Int64Array::from(vec![1_795_476_600, i64::MAX, -1])) as ArrayRef),
            ("f", Arc::new(Float64Array::from(vec![Some(1.5), Some(f64::NAN), None]))),
            (
                "d",
                Arc::new(
                    Decimal128Array::from(vec![150, -1, 0]).with_precision_and_scale(10, 2).expect("the fixture works"),
                ),
            ),
            ("b", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
            ("day", Arc::new(Date32Array::from(vec![Some(20_780), Some(2_932_896), None]))),
            ("ts", Arc::new(micros(moments))),
            ("tz", Arc::new(micros(moments).with_timezone("+02:00"))),
            ("l", Arc::new(lists.finish())),
        ],
    );
    let mut lines = Vec::new();
    for zone in ["UTC", "Europe/Berlin"] {
        for own in tables.columns("t").await {
            for column_type in own.physical.becomes() {
                let name = own.name.clone();
                let read = SourceColumn { column_type: *column_type, name: "x".into(), ..own.clone() };
                let key = SourceColumn { name: "key".into(), ..tables.columns("t").await[0].clone() };
                let sources = Sources {
                    master: master("t", "n"),
                    master_columns: vec![key, read],
                    attributes: Vec::new(),
                    behaviors: Vec::new(),
                    zone: Zone::parse(zone).expect("the fixture works"),
                };
                let sql = format!("SELECT x FROM ({}) s ORDER BY cdp_customer_id DESC", customers_sql(&sources));
                // By the key: -1 stands first in the snapshot and so last here.
                let rows = tables.rows(&sql).await;
                let mut rows = rows.lines();
                let sql_type = rows.next().expect("the fixture works").trim_start_matches("x:").to_owned();
                let unreadable = tables.numbers(&join_checks(&sources)[0]).await.get(7).copied().unwrap_or(0);
                let rows: Vec<&str> = rows.collect();
                if zone == "UTC" || *column_type == ColumnType::Date {
                    lines.push(format!("{zone} {name} as {}: {sql_type} {rows:?} {unreadable}", column_type.name()));
                }
            }
        }
    }
    expect![[r#"
        UTC n as number: BIGINT ["9223372036854775807", "1795476600", "-1"] 0
        UTC n as string: TEXT ["9223372036854775807", "1795476600", "-1"] 0
        UTC n as timestamp: TIMESTAMP ["-", "2026-11-23T23:30:00", "1969-12-31T23:59:59"] 1
        UTC n as boolean: BOOLEAN ["true", "true", "true"] 0
        UTC f as number: DOUBLE ["-", "1.5", "-"] 1
        UTC f as string: TEXT ["NaN", "1.5", "-"] 0
        UTC f as timestamp: TIMESTAMP ["-", "1970-01-01T00:00:01", "-"] 1
        UTC d as number: DECIMAL(10, 2) ["-0.01", "1.50", "0.00"] 0
        UTC d as string: TEXT ["-0.01", "1.50", "0.00"] 0
        UTC b as boolean: BOOLEAN ["false", "true", "-"] 0
        UTC b as string: TEXT ["false", "true", "-"] 0
        UTC day as date: DATE ["9999-12-31", "2026-11-23", "-"] 0
        UTC day as timestamp: TIMESTAMP ["-", "2026-11-23T00:00:00", "-"] 1
        UTC day as string: TEXT ["9999-12-31", "2026-11-23", "-"] 0
        UTC ts as timestamp: TIMESTAMP ["-", "2026-11-23T23:30:00", "-"] 1
        UTC ts as date: DATE ["9999-12-31", "2026-11-23", "-"] 0
        UTC ts as string: TEXT ["9999-12-31T23:59:59", "2026-11-23T23:30:00", "-"] 0
        UTC tz as timestamp: TIMESTAMP ["-", "2026-11-23T23:30:00", "-"] 1
        UTC tz as date: DATE ["-", "2026-11-23", "-"] 1
        UTC tz as string: TEXT ["+10000-01-01T01:59:59+02:00", "2026-11-24T01:30:00+02:00", "-"] 0
        UTC l as string_array: TEXT[] ["-", "[a, -]", "[]"] 0
        Europe/Berlin day as date: DATE ["9999-12-31", "2026-11-23", "-"] 0
        Europe/Berlin ts as date: DATE ["-", "2026-11-24", "-"] 1
        Europe/Berlin tz as date: DATE ["-", "2026-11-24", "-"] 1"#]]
    .assert_eq(&lines.join("\n"));
}

/// Names and values that try to be SQL.
const HOSTILE: [&str; 8] =
    ["a\"b", "x'; DROP TABLE t; --", "/* */ --", "sel ect", "\"\" OR 1=1", "ümlaut 🦀", "back\\slash", "m.id AS cdp"];

#[tokio::test]
async fn names_that_try_to_be_sql_stay_names() {
    for (index, name) in HOSTILE.iter().enumerate() {
        let keys = || Arc::new(StringArray::from(vec!["k1", "k2"])) as ArrayRef;
        let values = Arc::new(StringArray::from(vec![*name, "plain"])) as ArrayRef;
        let mut tables = Tables::new()
            .parquet("master", vec![(*name, keys()), ("v", Arc::clone(&values))])
            .parquet("attributes", vec![(*name, keys()), ("other", Arc::clone(&values))])
            .parquet(
                "events",
                vec![(*name, keys()), ("what", Arc::clone(&values)), ("time", Arc::new(Int64Array::from(vec![1, 2])))],
            );
        let attribute = format!("attribute {name}");
        let sources = Sources {
            master: MasterTable {
                filters: vec![Filter { column: "v".into(), values: vec![json!(name)] }],
                ..master("master", name)
            },
            master_columns: tables.columns("master").await,
            attributes: vec![AttributeSource {
                join: join("attributes", name, Physical::Text, name),
                column: SourceColumn { name: attribute.clone(), ..column("other", Physical::Text, ColumnType::String) },
            }],
            behaviors: vec![BehaviorSource {
                at: "behaviors[0]".into(),
                name: format!("b_{index}"),
                join: join("events", name, Physical::Text, name),
                columns: vec![
                    column(name, Physical::Text, ColumnType::String),
                    column("time", Physical::Integer, ColumnType::Timestamp),
                ],
                time: Some("time".into()),
            }],
            zone: Zone::utc(),
        };
        tables.refresh(&sources).await;
        let audience = sources.audience(1);
        let output: Output = serde_json::from_value(json!({
            "columns": [
                {"column": "key", "source": {"column": name}},
                {"column": format!("out {name}"), "source": {"column": attribute}},
                {"column": "text", "source": {"string": name}},
                {"column": "segment", "source": {"parameters": [{"type": "SegmentName"}, {"type": "Timestamp", "format": "yyyy"}]}},
            ],
            "behaviors": [{"behavior": format!("b_{index}"), "join": "last", "order_by": [{"column": name}],
                "columns": [{"column": format!("event {name}"), "source": {"column": name}}]}],
        }))
        .expect("the fixture works");
        let ids = Ids { audience: 1, segment: 2, segment_name: (*name).into() };
        let sql = output.sql(WITH, &audience, &ids).unwrap_or_else(|problems| panic!("{problems}"));
        let want = format!(
            "key:TEXT | out {name}:TEXT | text:TEXT | segment:TEXT | event {name}:TEXT\nk1 | {name} | {name} | {name}2026 | k1\n"
        );
        assert_eq!(tables.rows(&sql).await, want);
        assert!(tables.judged(&sources).await.starts_with("master [1, 0, 1, 0, 1, 1, 0]"));
    }
}

const WITH: &str = "WITH members AS (\n  SELECT c.*\n  FROM cdp_audience_1.customers c\n)";

async fn sent(output: Value, want: Expect) {
    let mut tables = shop();
    let sources = shop_sources(&tables).await;
    tables.refresh(&sources).await;
    let audience = sources.audience(1);
    let output: Output = serde_json::from_value(output).expect("the fixture works");
    let ids = Ids { audience: 1, segment: 42, segment_name: "O'Brien's".into() };
    let sql = output.sql(WITH, &audience, &ids).unwrap_or_else(|problems| panic!("{problems}"));
    let rows = tables.rows(&sql).await;
    let names: Vec<String> = output.columns(&audience).into_iter().map(|column| column.name).collect();
    let head: Vec<&str> = rows
        .lines()
        .next()
        .expect("the fixture works")
        .split(" | ")
        .map(|head| head.rsplit_once(':').expect("the fixture works").0)
        .collect();
    assert_eq!(head, names, "the columns are as they are said to be");
    want.assert_eq(&rows);
}

fn of(name: &str, source: &str) -> Value {
    json!({"column": name, "source": {"column": source}})
}

#[tokio::test]
async fn an_activation_sends_what_was_chosen() {
    sent(json!({"all_columns": true}), expect![[r#"
        id:TEXT | email:TEXT | country:TEXT | since:TIMESTAMP | score:DOUBLE | day:DATE | words:TEXT | lifetime:DOUBLE | plan:TEXT
        1 | ada@x.io | DE | 2026-11-23T02:00:00 | - | 2026-11-23 | 2026-11-23 02:00:00 | 10.5 | gold
        2 | bob@x.io | AT | 2026-11-23T00:00:00 | - | 2026-11-23 | 20261123 | - | -
        3 | carl@x.io | DE | 2023-11-14T22:13:20 | 7.0 | - | 1700000000 | 2.0 | free
    "#]]).await;
    sent(
        json!({"columns": [of("email", "email"), of("Score", "lifetime"), {"column": "label", "source": {
            "string": "$2/$1 am $3", "parameters": [{"type": "SegmentName"}, {"type": "SegmentId"},
            {"type": "Timestamp", "format": "dd.MM.yyyy HH 'Uhr'", "timezone": "Europe/Berlin"}]}}]}),
        expect![[r#"
            email:TEXT | Score:DOUBLE | label:TEXT
            ada@x.io | 10.5 | 42/O'Brien's am 23.11.2026 15 Uhr
            bob@x.io | - | 42/O'Brien's am 23.11.2026 15 Uhr
            carl@x.io | 2.0 | 42/O'Brien's am 23.11.2026 15 Uhr
        "#]],
    )
    .await;
}

#[tokio::test]
async fn events_in_the_output() {
    let email = of("email", "email");
    let orders = |join: &str, more: Value| {
        let mut behavior =
            json!({"behavior": "orders", "join": join, "columns": [of("product", "product"), of("bought", "time")]});
        behavior
            .as_object_mut()
            .expect("the fixture works")
            .extend(more.as_object().expect("the fixture works").clone());
        json!({"columns": [email.clone()], "behaviors": [behavior]})
    };
    sent(
        orders("first", json!({})),
        expect![[r#"
        email:TEXT | product:TEXT | bought:TIMESTAMP
        ada@x.io | book | 2023-11-14T22:13:20
        bob@x.io | - | -
        carl@x.io | - | 2023-11-14T22:13:20
    "#]],
    )
    .await;
    sent(
        orders("last", json!({})),
        expect![[r#"
        email:TEXT | product:TEXT | bought:TIMESTAMP
        ada@x.io | lamp | 2023-11-14T22:18:20
        bob@x.io | - | -
        carl@x.io | - | 2023-11-14T22:13:20
    "#]],
    )
    .await;
    sent(
        orders("top", json!({"rows": 2})),
        expect![[r#"
        email:TEXT | product_1:TEXT | bought_1:TIMESTAMP | product_2:TEXT | bought_2:TIMESTAMP
        ada@x.io | book | 2023-11-14T22:13:20 | lamp | 2023-11-14T22:15:00
        bob@x.io | - | - | - | -
        carl@x.io | - | 2023-11-14T22:13:20 | chair | -
    "#]],
    )
    .await;
    sent(
        orders(
            "top",
            json!({"rows": 2, "formatting": "rows", "order_by": [{"column": "product", "order": "descending"}]}),
        ),
        expect![[r#"
            email:TEXT | product:TEXT | bought:TIMESTAMP
            ada@x.io | lamp | 2023-11-14T22:15:00
            ada@x.io | lamp | 2023-11-14T22:18:20
            bob@x.io | - | -
            carl@x.io | chair | -
            carl@x.io | - | 2023-11-14T22:13:20
        "#]],
    )
    .await;
    sent(
        orders("all", json!({})),
        expect![[r#"
        email:TEXT | product:TEXT | bought:TIMESTAMP
        ada@x.io | book | 2023-11-14T22:13:20
        ada@x.io | lamp | 2023-11-14T22:15:00
        ada@x.io | lamp | 2023-11-14T22:18:20
        bob@x.io | - | -
        carl@x.io | - | 2023-11-14T22:13:20
        carl@x.io | chair | -
    "#]],
    )
    .await;
    sent(
        json!({"behaviors": [
            {"behavior": "orders", "join": "first", "columns": [of("first", "product")]},
            {"behavior": "orders", "join": "all", "columns": [of("each", "time")]},
            {"behavior": "orders", "join": "top", "rows": 1, "columns": [of("top", "product")]},
        ]}),
        expect![[r#"
            first:TEXT | each:TIMESTAMP | top_1:TEXT
            book | 2023-11-14T22:13:20 | book
            book | 2023-11-14T22:15:00 | book
            book | 2023-11-14T22:18:20 | book
            - | - | -
            - | 2023-11-14T22:13:20 | -
            - | - | -
        "#]],
    )
    .await;
}

/// A format that the mapping lets through is one that the engine takes, letter by letter, and the other way round.
#[tokio::test]
async fn formats_are_read_as_the_engine_reads_them() {
    let tables = Tables::new().text("t", "t.csv", "a\n1\n");
    let audience = model::Audience { number: 1, columns: Vec::new(), behaviors: Vec::new(), zone: Zone::utc() };
    let letters = ('A'..='Z').chain('a'..='z').map(String::from);
    let more =
        ["'open", "'it''s", "''", "yyyy'T'HH", "%", "dd. MMMM", "年", "'''", "''''", "h 'o''clock'"].map(str::to_owned);
    for format in letters.chain(more).chain(["d".repeat(64), "d".repeat(65)]) {
        let output: Output = serde_json::from_value(json!({"columns": [
            {"column": "x", "source": {"parameters": [{"type": "Timestamp", "format": format}]}}]}))
        .expect("the fixture works");
        let here = output.check(&audience, "output").is_empty();
        let sql = format!("SELECT TD_TIME_FORMAT(TD_SCHEDULED_TIME(), '{}') AS x FROM t", format.replace('\'', "''"));
        let there = query::preview(&sql, &tables.bound, &tables.limits(), 1, pending()).await.is_ok();
        assert_eq!(here, there, "{format}");
    }
}
