//! Treasure Data's time functions in a `SELECT`.
//!
//! Knows SQL, and the examples of Treasure Data's documentation: not how the functions are made.

use arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, TimestampNanosecondArray};
use expect_test::{Expect, expect};
use parquet::arrow::ArrowWriter;

use crate::world::{SCHEDULED, World};

/// Answers many calls in one query.
async fn answers(calls: &[&str]) -> Vec<String> {
    let select: Vec<String> = calls.iter().enumerate().map(|(index, call)| format!("{call} AS c{index}")).collect();
    let text = World::new().rows(&format!("SELECT {}", select.join(", ")), &[]).await;
    let Some(line) = text.lines().nth(1) else { panic!("{text}") };
    assert!(text.starts_with("c0:"), "{text}");
    line.split(" | ").map(str::to_owned).collect()
}

async fn check_all(cases: &[(&str, &str)]) {
    let calls: Vec<&str> = cases.iter().map(|(call, _)| *call).collect();
    for ((call, want), got) in cases.iter().zip(answers(&calls).await) {
        assert_eq!(got, *want, "{call}");
    }
}

async fn refused(sql: &str, want: Expect) {
    let world = World::new().file("c.csv", "time,word\n1466409507,ada@secret.io\n");
    let text = match world.freeze(sql, &["c=c.csv"]).await {
        Ok(frozen) => format!("ran: {} rows\n", frozen.rows),
        Err(error) => {
            let at = error.position().map_or_else(String::new, |(line, column)| format!("{line}:{column} "));
            at + &world.say(&error)
        }
    };
    want.assert_eq(&text);
}

#[tokio::test]
async fn the_scheduled_time_is_the_querys() {
    assert_eq!(answers(&["TD_SCHEDULED_TIME()"]).await, [SCHEDULED.to_string()]);
    check_all(&[
        ("td_scheduled_time()", "1463846400"),
        ("Td_Scheduled_Time() + 1", "1463846401"),
        ("TD_TIME_FORMAT(TD_SCHEDULED_TIME(), 'yyyy-MM-dd HH:mm:ss', 'JST')", "2016-05-22 01:00:00"),
        // The documented templates for yesterday, last week and last month.
        ("TD_TIME_ADD(TD_DATE_TRUNC('day', TD_SCHEDULED_TIME(), 'JST'), '-1d')", "1463756400"),
        ("TD_DATE_TRUNC('day', TD_SCHEDULED_TIME(), 'JST')", "1463842800"),
        ("TD_TIME_ADD(TD_DATE_TRUNC('week', TD_SCHEDULED_TIME(), 'JST'), '-1w')", "1462719600"),
        ("TD_DATE_TRUNC('week', TD_SCHEDULED_TIME(), 'JST')", "1463324400"),
        ("TD_DATE_TRUNC('month', TD_DATE_TRUNC('month', TD_SCHEDULED_TIME(), 'JST') - 1, 'JST')", "1459436400"),
        ("TD_DATE_TRUNC('month', TD_SCHEDULED_TIME(), 'JST')", "1462028400"),
    ])
    .await;
}

#[tokio::test]
async fn a_range_has_its_start_and_not_its_end() {
    check_all(&[
        ("TD_TIME_RANGE(1420038000, '2015-01-01', '2015-01-02', 'JST')", "true"),
        ("TD_TIME_RANGE(1420037999, '2015-01-01', '2015-01-02', 'JST')", "false"),
        ("TD_TIME_RANGE(1420124399, '2015-01-01', '2015-01-02', 'JST')", "true"),
        ("TD_TIME_RANGE(1420124400, '2015-01-01', '2015-01-02', 'JST')", "false"),
        ("TD_TIME_RANGE(1420070400, '2015-01-01', '2015-01-02')", "true"),
        ("TD_TIME_RANGE(1420070399, '2015-01-01', '2015-01-02')", "false"),
        ("TD_TIME_RANGE(1357023600, '2013-01-01 PDT')", "true"),
        ("TD_TIME_RANGE(1357023599, '2013-01-01 PDT')", "false"),
        ("TD_TIME_RANGE(1357023599, NULL, '2013-01-01', 'PDT')", "true"),
        ("TD_TIME_RANGE(1357023600, NULL, '2013-01-01', 'PDT')", "false"),
        ("TD_TIME_RANGE(1357023600, '2013-01-01', NULL, 'PDT')", "true"),
        ("TD_TIME_RANGE(1609426800, 1609426800, 1617116400, 'JST')", "true"),
        ("TD_TIME_RANGE(1609426799.5, 1609426800, 1617116400, 'JST')", "false"),
        ("TD_TIME_RANGE(1356998400, '2013-01-01', TD_TIME_ADD('2013-01-01', '1d'))", "true"),
        ("TD_TIME_RANGE(1357084800, '2013-01-01', TD_TIME_ADD('2013-01-01', '1d'))", "false"),
        ("TD_TIME_RANGE('1420038000', '2015-01-01', '2015-01-02', 'JST')", "true"),
        ("TD_TIME_RANGE('2015-01-01 12:00:00', '2015-01-01', '2015-01-02', 'JST')", "true"),
        ("TD_TIME_RANGE(TIMESTAMP '2015-01-01 14:59:59', '2015-01-01', '2015-01-02', 'JST')", "true"),
        ("TD_TIME_RANGE(DATE '2015-01-02', '2015-01-01', '2015-01-02', 'JST')", "false"),
        ("TD_TIME_RANGE(5, 10, 1)", "false"),
        ("TD_TIME_RANGE(5, NULL, NULL)", "true"),
        ("TD_TIME_RANGE(NULL, '2015-01-01')", "NULL"),
        ("TD_TIME_RANGE(NULL, NULL, NULL)", "NULL"),
        ("TD_TIME_RANGE(5, 1, 10, NULL)", "NULL"),
        // The day on which Berlin's clocks skip an hour.
        ("TD_TIME_RANGE(1774738800, '2026-03-29', '2026-03-30', 'Europe/Berlin')", "true"),
        ("TD_TIME_RANGE(1774821599, '2026-03-29', '2026-03-30', 'Europe/Berlin')", "true"),
        ("TD_TIME_RANGE(1774821600, '2026-03-29', '2026-03-30', 'Europe/Berlin')", "false"),
    ])
    .await;
}

#[tokio::test]
async fn an_interval_is_seen_from_the_scheduled_time() {
    check_all(&[
        ("TD_INTERVAL(1463756400, '-1d', 'JST')", "true"),
        ("TD_INTERVAL(1463756399, '-1d', 'JST')", "false"),
        ("TD_INTERVAL(1463842799, '-1d', 'JST')", "true"),
        ("TD_INTERVAL(1463842800, '-1d', 'JST')", "false"),
        ("TD_INTERVAL(1463842800, '-1d/now', 'JST')", "true"),
        ("TD_INTERVAL(1463846399, '-1d/now', 'JST')", "true"),
        ("TD_INTERVAL(TD_SCHEDULED_TIME(), '-1d/now', 'JST')", "false"),
        ("TD_INTERVAL(1462719600, '-1w', 'JST')", "true"),
        ("TD_INTERVAL(1463324400, '-1w', 'JST')", "false"),
        ("TD_INTERVAL(1459436400, '-1M', 'JST')", "true"),
        ("TD_INTERVAL(1462028400, '-1M', 'JST')", "false"),
        ("TD_INTERVAL(1463842799, '-1h')", "false"),
        ("TD_INTERVAL(1463846399, '-1h')", "true"),
        ("TD_INTERVAL(1463842800, '-1h')", "true"),
        ("TD_INTERVAL(1453200000, '-1q')", "true"),
        ("TD_INTERVAL(1431648000, '-1y')", "true"),
        ("TD_INTERVAL(1463670000, '-1d/-1d', 'JST')", "true"),
        ("TD_INTERVAL(1767106800, '-7d/2026-01-01', 'JST')", "true"),
        ("TD_INTERVAL(1767193200, '-7d/2026-01-01', 'JST')", "false"),
        ("TD_INTERVAL('2016-05-21', '-1d', 'JST')", "true"),
        ("TD_INTERVAL(NULL, '-1d')", "NULL"),
        ("TD_INTERVAL(1463756400, NULL)", "NULL"),
        ("TD_INTERVAL(1463756400, '-1d', NULL)", "NULL"),
    ])
    .await;
}

#[tokio::test]
async fn adding_and_cutting() {
    check_all(&[
        ("TD_TIME_ADD('2013-01-01', '1d')", "1357084800"),
        ("TD_TIME_ADD('2013-01-01', '1d', 'JST')", "1357052400"),
        ("TD_TIME_ADD('2013-01-01 07:00:00', '-1h30m')", "1357018200"),
        ("TD_TIME_ADD(1576110613, '1d12h30m', 'JST')", "1576242013"),
        ("TD_TIME_ADD(1576110613, '-10s', 'JST')", "1576110603"),
        ("TD_TIME_ADD(1576110613, '4w')", "1578529813"),
        ("TD_TIME_ADD(CAST(1576110613 AS INT), '1s')", "1576110614"),
        ("TD_TIME_ADD(1576110613.9, '1s')", "1576110614"),
        ("TD_TIME_ADD('1576110613', '1s')", "1576110614"),
        ("TD_TIME_ADD(TIMESTAMP '2013-01-01 00:00:00', '1d')", "1357084800"),
        // A day is 24 hours, also where the clocks change.
        ("TD_TIME_ADD('2026-03-29', '1d', 'Europe/Berlin')", "1774825200"),
        ("TD_TIME_ADD(NULL, '1d')", "NULL"),
        ("TD_TIME_ADD(1, NULL)", "NULL"),
        ("TD_TIME_ADD(1, '1d', NULL)", "NULL"),
        ("TD_DATE_TRUNC('hour', 1542939060, 'JST')", "1542938400"),
        ("TD_DATE_TRUNC('day', 1542939060, 'JST')", "1542898800"),
        ("TD_DATE_TRUNC('WEEK', 1542939060, 'JST')", "1542553200"),
        ("TD_DATE_TRUNC('month', 1542939060, 'JST')", "1540998000"),
        ("TD_DATE_TRUNC('quarter', 1542939060, 'JST')", "1538319600"),
        ("TD_DATE_TRUNC('year', 1542939060, 'JST')", "1514732400"),
        ("TD_DATE_TRUNC('day', 1542939060)", "1542931200"),
        ("TD_DATE_TRUNC('minute', -1)", "-60"),
        ("TD_DATE_TRUNC('day', NULL)", "NULL"),
        ("TD_DATE_TRUNC(NULL, 1)", "NULL"),
    ])
    .await;
}

#[tokio::test]
async fn writing_and_reading() {
    check_all(&[
        ("TD_TIME_FORMAT(1466409507, 'yyyy-MM-dd HH:mm:ss z', 'JST')", "2016-06-20 16:58:27 GMT+09:00"),
        ("TD_TIME_FORMAT(1466409507, 'yyyy-MM-dd')", "2016-06-20"),
        ("TD_TIME_FORMAT('2016-06-20', 'EEE, d MMM yyyy', 'JST')", "Mon, 20 Jun 2016"),
        ("TD_TIME_FORMAT(TIMESTAMP '1969-12-31 23:59:59.5', 'ss')", "59"),
        ("TD_TIME_FORMAT(NULL, 'yyyy')", "NULL"),
        ("TD_TIME_FORMAT(1, NULL)", "NULL"),
        ("TD_TIME_PARSE('2015-01-01', 'JST')", "1420038000"),
        ("TD_TIME_PARSE('2015-01-01 15:25:26', 'JST')", "1420093526"),
        ("TD_TIME_PARSE('2015-01-01 15:25:26 JST')", "1420093526"),
        ("TD_TIME_PARSE(DATE '2015-01-01', 'JST')", "1420038000"),
        ("TD_TIME_PARSE(TD_TIME_FORMAT(1466409507, 'yyyy-MM-dd HH:00:00', 'JST'), 'JST')", "1466406000"),
        ("TD_TIME_PARSE('nonsense')", "NULL"),
        ("TD_TIME_PARSE('20150101')", "NULL"),
        ("TD_TIME_PARSE(NULL)", "NULL"),
    ])
    .await;
}

#[tokio::test]
async fn columns_of_texts() {
    let world = World::new().file(
        "c.csv",
        "time,unit,zone,pattern\n1466409507,day,JST,yyyy-MM-dd\n2016-06-20 10:00:00,month,UTC,HH:mm\n,day,UTC,yyyy\nnever,day,UTC,yyyy\n0,,UTC,yyyy\n",
    );
    let rows = world
        .rows(
            "SELECT TD_DATE_TRUNC(unit, time, zone) AS t, TD_TIME_FORMAT(time, pattern, zone) AS f, \
             TD_TIME_RANGE(time, '2016-06-20', '2016-06-21', zone) AS r, TD_INTERVAL(time, '1M/2016-06-01', zone) AS i, \
             TD_TIME_ADD(time, '1d') AS a, TD_TIME_PARSE(time, zone) AS p FROM c",
            &["c=c.csv"],
        )
        .await;
    expect![[r#"
        t:Int64 | f:Utf8 | r:Boolean | i:Boolean | a:Int64 | p:Int64
        1466348400 | 2016-06-20 | true | true | 1466495907 | NULL
        1464739200 | 10:00 | true | true | 1466503200 | 1466416800
        NULL | NULL | NULL | NULL | NULL | NULL
        NULL | NULL | NULL | NULL | NULL | NULL
        NULL | 1970 | false | false | 86400 | NULL
    "#]]
    .assert_eq(&rows);
}

#[tokio::test]
async fn columns_of_numbers_and_times() {
    let world = World::new();
    let seconds: Vec<i64> = (0..5_000).map(|row| 1_466_000_000 + row * 60).collect();
    let small: Vec<i32> = seconds.iter().map(|second| i32::try_from(*second).unwrap()).collect();
    let stamps: Vec<i64> = seconds.iter().map(|second| second * 1_000_000_000 + 999_999_999).collect();
    let columns: [(&str, ArrayRef); 3] = [
        ("time", std::sync::Arc::new(Int64Array::from(seconds))),
        ("small", std::sync::Arc::new(Int32Array::from(small))),
        ("stamp", std::sync::Arc::new(TimestampNanosecondArray::from(stamps))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = std::fs::File::create(world.path("t.parquet")).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    for column in ["time", "small", "stamp", "time + 0", "CAST(time AS TEXT)", "CAST(time AS DOUBLE)"] {
        for condition in [
            format!("TD_TIME_RANGE({column}, '2016-06-16', '2016-06-17', 'JST')"),
            format!("TD_TIME_RANGE({column}, '2016-06-16 JST') AND TD_TIME_RANGE({column}, NULL, '2016-06-17', 'JST')"),
            format!("TD_INTERVAL({column}, '1d/2016-06-16', 'JST')"),
        ] {
            let sql = format!("SELECT COUNT(*) AS n, MIN(time) AS a, MAX(time) AS b FROM t WHERE {condition}");
            let rows = world.rows(&sql, &["t=t.parquet"]).await;
            assert_eq!(rows.lines().nth(1), Some("1440 | 1466002820 | 1466089160"), "{condition}: {rows}");
        }
    }
}

#[tokio::test]
async fn refusals_say_what_is_allowed() {
    refused(
        "SELECT TD_TIME_ADD(0, '1M') AS t",
        expect![[r#"
        1:8 TD_TIME_ADD cannot read '1M' as a duration (line 1, column 8)
          hint: write numbers with w, d, h, m or s, as in '-1d' or '1h30m'; the sign counts for all of it
    "#]],
    )
    .await;
    refused(
        "SELECT\n  td_date_trunc('dya', 0) AS t",
        expect![[r#"
        2:3 TD_DATE_TRUNC cannot read 'dya' as a unit (line 2, column 3)
          hint: did you mean 'day'? units are minute, hour, day, week, month, quarter, year
    "#]],
    )
    .await;
    refused("SELECT TD_DATE_TRUNC('day', 0, 'Europe/Berln') AS t", expect![[r#"
        1:8 TD_DATE_TRUNC cannot read 'Europe/Berln' as a time zone (line 1, column 8)
          hint: did you mean 'Europe/Berlin'? zones are IANA names like Europe/Berlin, offsets like +09:00, UTC, and JST, PST, PDT, EST, EDT and their like
    "#]]).await;
    refused("SELECT TD_DATE_TRUNC('day', 0, 'BST') AS t", expect![[r#"
        1:8 TD_DATE_TRUNC cannot read 'BST' as a time zone (line 1, column 8)
          hint: zones are IANA names like Europe/Berlin, offsets like +09:00, UTC, and JST, PST, PDT, EST, EDT and their like
    "#]]).await;
    refused("SELECT TD_TIME_FORMAT(0, 'YYYY-MM-dd') AS t", expect![[r#"
        1:8 TD_TIME_FORMAT cannot read 'YYYY-MM-dd' as a pattern (line 1, column 8)
          hint: did you mean 'yyyy-MM-dd'? letters are G y M w D d E u a H k K h m s S z Z X; other text stands in single quotes
    "#]]).await;
    refused("SELECT TD_INTERVAL(0, 'yesterday') AS t", expect![[r#"
        1:8 TD_INTERVAL cannot read 'yesterday' as an interval (line 1, column 8)
          hint: write a number with s, m (minutes), h, d, w, M (months), q or y, and after a slash what it is counted from: '-1d', '-7d/now', '-1M/2026-01-01', '-1d/-1d'
    "#]]).await;
    refused(
        "SELECT TD_TIME_RANGE(0, '2019-01-01', 'PDT') AS t",
        expect![[r#"
        1:8 TD_TIME_RANGE cannot read 'PDT' as its end (line 1, column 8)
          hint: a time zone is the 4th argument: write NULL as the end before it
    "#]],
    )
    .await;
    refused("SELECT TD_TIME_RANGE(0, '20190101') AS t", expect![[r#"
        1:8 TD_TIME_RANGE cannot read '20190101' as its start (line 1, column 8)
          hint: times are written '2026-01-31', '2026-01-31 09:00:00', either with a zone as in '… JST' or '… +09:00', or as seconds since 1970
    "#]]).await;
    refused(
        "SELECT TD_TIME_RANGE(0) AS t",
        expect![[r#"
        1:8 TD_TIME_RANGE takes 2 to 4 arguments, not 1 (line 1, column 8)
          hint: write TD_TIME_RANGE(time, start[, end[, timezone]])
    "#]],
    )
    .await;
    refused(
        "SELECT TD_SCHEDULED_TIME(1) AS t",
        expect![[r#"
            1:8 TD_SCHEDULED_TIME takes no arguments, not 1 (line 1, column 8)
              hint: write TD_SCHEDULED_TIME()
        "#]],
    )
    .await;
    refused(
        "SELECT TD_TIME_ADD(true, '1d') AS t",
        expect![[r#"
        1:8 TD_TIME_ADD takes seconds since 1970, a text or a timestamp as its time, not BOOLEAN (line 1, column 8)
          hint: write TD_TIME_ADD(time, duration[, timezone])
    "#]],
    )
    .await;
    refused(
        "SELECT TD_TIME_ADD(0, 86400) AS t",
        expect![[r#"
        1:8 TD_TIME_ADD takes a text as its duration, not BIGINT (line 1, column 8)
          hint: write TD_TIME_ADD(time, duration[, timezone])
    "#]],
    )
    .await;
    refused(
        "SELECT TD_TIME_PARSE(1420038000) AS t",
        expect![[r#"
            1:8 TD_TIME_PARSE takes a text as its time, not BIGINT (line 1, column 8)
              hint: write TD_TIME_PARSE(time[, timezone])
        "#]],
    )
    .await;
    refused(
        "SELECT TD_TIME_ADDS(0, '1d') AS t",
        expect![[r#"
        1:8 there is no function TD_TIME_ADDS (line 1, column 8)
          hint: did you mean TD_TIME_ADD?
    "#]],
    )
    .await;
    refused("SELECT TD_PARSE_AGENT(word) AS t FROM c", expect![[r#"
        1:8 there is no function TD_PARSE_AGENT (line 1, column 8)
          hint: those of Treasure Data's functions that are here: TD_SCHEDULED_TIME, TD_TIME_RANGE, TD_INTERVAL, TD_TIME_ADD, TD_DATE_TRUNC, TD_TIME_FORMAT, TD_TIME_PARSE
    "#]]).await;
}

#[tokio::test]
async fn refusals_of_computed_arguments() {
    refused(
        "SELECT TD_DATE_TRUNC('d' || 'ya', 0) AS t",
        expect![[r#"
        1:8 TD_DATE_TRUNC cannot read 'dya' as a unit (line 1, column 8)
          hint: did you mean 'day'? units are minute, hour, day, week, month, quarter, year
    "#]],
    )
    .await;
    refused("SELECT 1 AS t FROM c WHERE TD_TIME_RANGE(CAST(time AS BIGINT), '2026-' || '13-01')", expect![[r#"
        1:28 TD_TIME_RANGE cannot read '2026-13-01' as its start (line 1, column 28)
          hint: times are written '2026-01-31', '2026-01-31 09:00:00', either with a zone as in '… JST' or '… +09:00', or as seconds since 1970
    "#]])
        .await;
    refused(
        "SELECT TD_TIME_FORMAT(1466409507000, 'yyyy') AS t",
        expect![[r#"
            TD_TIME_FORMAT met a time outside the years -9999 to 9999
              hint: times are seconds since 1970 (divide milliseconds by 1000), and no step may lead out of the calendar
        "#]],
    )
    .await;
    refused(
        "SELECT TD_TIME_ADD(9223372036854775807, '1s') AS t",
        expect![[r#"
            TD_TIME_ADD met a time outside the years -9999 to 9999
              hint: times are seconds since 1970 (divide milliseconds by 1000), and no step may lead out of the calendar
        "#]],
    )
    .await;
    refused(
        "SELECT 1 AS t FROM c WHERE TD_INTERVAL(time, '-99999999y')",
        expect![[r#"
            TD_INTERVAL met a time outside the years -9999 to 9999
              hint: times are seconds since 1970 (divide milliseconds by 1000), and no step may lead out of the calendar
        "#]],
    )
    .await;
}

#[tokio::test]
async fn refusals_keep_values_of_rows_to_themselves() {
    refused(
        "SELECT TD_DATE_TRUNC(word, time) AS t FROM c",
        expect![[r#"
        TD_DATE_TRUNC cannot read a value of a column as a unit
          hint: units are minute, hour, day, week, month, quarter, year
    "#]],
    )
    .await;
    refused("SELECT TD_DATE_TRUNC('day', time, word) AS t FROM c", expect![[r#"
        TD_DATE_TRUNC cannot read a value of a column as a time zone
          hint: zones are IANA names like Europe/Berlin, offsets like +09:00, UTC, and JST, PST, PDT, EST, EDT and their like
    "#]]).await;
    refused(
        "SELECT TD_TIME_FORMAT(time, word) AS t FROM c",
        expect![[r#"
        TD_TIME_FORMAT cannot read a value of a column as a pattern
          hint: letters are G y M w D d E u a H k K h m s S z Z X; other text stands in single quotes
    "#]],
    )
    .await;
    refused(
        "SELECT TD_TIME_ADD(time, word) AS t FROM c",
        expect![[r#"
        TD_TIME_ADD cannot read a value of a column as a duration
          hint: write numbers with w, d, h, m or s, as in '-1d' or '1h30m'; the sign counts for all of it
    "#]],
    )
    .await;
    refused("SELECT TD_INTERVAL(time, word) AS t FROM c", expect![[r#"
        TD_INTERVAL cannot read a value of a column as an interval
          hint: write a number with s, m (minutes), h, d, w, M (months), q or y, and after a slash what it is counted from: '-1d', '-7d/now', '-1M/2026-01-01', '-1d/-1d'
    "#]]).await;
    refused(
        "SELECT TD_DATE_TRUNC((SELECT word FROM c), 0) AS t",
        expect![[r#"
        TD_DATE_TRUNC cannot read a value of a column as a unit
          hint: units are minute, hour, day, week, month, quarter, year
    "#]],
    )
    .await;
    refused("SELECT TD_TIME_RANGE(0, (SELECT word FROM c)) AS t", expect![[r#"
        TD_TIME_RANGE cannot read a value of a column as its start
          hint: times are written '2026-01-31', '2026-01-31 09:00:00', either with a zone as in '… JST' or '… +09:00', or as seconds since 1970
    "#]]).await;
    // An end that cannot be read is no open end.
    refused("SELECT TD_TIME_RANGE(time, '2016-01-01', word) AS t FROM c", expect![[r#"
        TD_TIME_RANGE cannot read a value of a column as its end
          hint: times are written '2026-01-31', '2026-01-31 09:00:00', either with a zone as in '… JST' or '… +09:00', or as seconds since 1970
    "#]]).await;
}
