//! What a `SELECT` becomes.
//!
//! Knows SQL and one small table: not file formats.

use std::future::pending;

use arrow::datatypes::DataType;
use expect_test::{Expect, expect};
use query::{QueryError, count, preview, schema};

use crate::world::{World, print};

fn world() -> World {
    World::new().file("c.csv", "id,email,zip,score\n3,ada@x.io,01234,12\n1,bob@x.io,,7\n2,zoë@x.io,99999,100\n")
}

async fn check(sql: &str, want: Expect) {
    want.assert_eq(&world().rows(sql, &["c=c.csv"]).await);
}

#[tokio::test]
async fn the_samples_of_the_manual() {
    check(
        "SELECT list_id, prospect_id FROM (VALUES (1, 2)) AS table1(list_id, prospect_id);",
        expect![[r#"
            list_id:Int64 | prospect_id:Int64
            1 | 2
        "#]],
    )
    .await;
    check(
        "SELECT id, email\nFROM (\n  VALUES (CAST(NULL AS BIGINT), 'ada@x.io'), (2, 'bob@x.io')\n) AS table1(id, email)\n;",
        expect![[r#"
            id:Int64 | email:Utf8
            NULL | ada@x.io
            2 | bob@x.io
        "#]],
    )
    .await;
}

#[tokio::test]
async fn text_keeps_its_zeros_and_empty_is_null() {
    check(
        "SELECT * FROM c",
        expect![[r#"
        id:Utf8 | email:Utf8 | zip:Utf8 | score:Utf8
        3 | ada@x.io | 01234 | 12
        1 | bob@x.io | NULL | 7
        2 | zoë@x.io | 99999 | 100
    "#]],
    )
    .await;
    check(
        "SELECT email FROM c WHERE zip IS NULL",
        expect![[r#"
        email:Utf8
        bob@x.io
    "#]],
    )
    .await;
    check(
        "SELECT COALESCE(zip, '') AS zip FROM c",
        expect![[r#"
        zip:Utf8
        01234

        99999
    "#]],
    )
    .await;
}

#[tokio::test]
async fn numbers_in_text_compare_as_numbers() {
    check(
        "SELECT id FROM c WHERE score > 8",
        expect![[r#"
        id:Utf8
        3
        2
    "#]],
    )
    .await;
    check(
        "SELECT CAST(score AS INT) AS score FROM c ORDER BY score",
        expect![[r#"
        score:Int32
        7
        12
        100
    "#]],
    )
    .await;
    check(
        "SELECT TRY_CAST(email AS BIGINT) AS n FROM c LIMIT 1",
        expect![[r#"
        n:Int64
        NULL
    "#]],
    )
    .await;
}

#[tokio::test]
async fn ways_to_say_select() {
    check(
        "WITH a AS (SELECT id FROM c) SELECT * FROM a",
        expect![[r#"
        id:Utf8
        3
        1
        2
    "#]],
    )
    .await;
    check(
        "SELECT id FROM c UNION ALL SELECT 'last' UNION ALL SELECT id FROM c",
        expect![[r#"
            id:Utf8
            3
            1
            2
            last
            3
            1
            2
        "#]],
    )
    .await;
    check(
        "SELECT COUNT(*) AS n, SUM(CAST(score AS DOUBLE)) AS sum FROM C",
        expect![[r#"
            n:Int64 | sum:Float64
            3 | 119.0
        "#]],
    )
    .await;
    check(
        "SELECT id, row_number() OVER (ORDER BY email) AS nr FROM c ORDER BY nr",
        expect![[r#"
            id:Utf8 | nr:UInt64
            3 | 1
            1 | 2
            2 | 3
        "#]],
    )
    .await;
    check(
        "SELECT c.id, d.n FROM c LEFT JOIN (VALUES ('1', 5)) AS d(id, n) ON c.id = d.id ORDER BY 1",
        expect![[r#"
            id:Utf8 | n:Int64
            1 | 5
            2 | NULL
            3 | NULL
        "#]],
    )
    .await;
    check(
        "VALUES (1, 'a')",
        expect![[r#"
        column1:Int64 | column2:Utf8
        1 | a
    "#]],
    )
    .await;
    check(
        "(SELECT 1 AS x)",
        expect![[r#"
        x:Int64
        1
    "#]],
    )
    .await;
    check(
        "-- a comment\nSELECT 1 AS x /* another */;",
        expect![[r#"
        x:Int64
        1
    "#]],
    )
    .await;
    check(
        "SELECT DATE '2026-01-02' AS d, TIMESTAMP '2026-01-02 03:04:05' AS t, 1.5 AS f, true AS b, NULL AS n",
        expect![[r#"
            d:Date32 | t:Timestamp(ns) | f:Float64 | b:Boolean | n:Utf8
            2026-01-02 | 2026-01-02T03:04:05 | 1.5 | true | NULL
        "#]],
    )
    .await;
    check("SELECT CAST(1.25 AS DECIMAL(10,2)) AS d, [1, 2] AS l, arrow_cast('x', 'Dictionary(Int32, Utf8)') AS k, arrow_cast('v', 'Utf8View') AS v", expect![[r#"
        d:Decimal128(10, 2) | l:List(Int64) | k:Utf8 | v:Utf8
        1.25 | [1, 2] | x | v
    "#]]).await;
}

#[tokio::test]
async fn names_of_columns() {
    check(
        "SELECT id AS Email, zip AS \"First Name\" FROM c LIMIT 1",
        expect![[r#"
        Email:Utf8 | First Name:Utf8
        3 | 01234
    "#]],
    )
    .await;
    check(
        "SELECT ID, Score FROM c LIMIT 1",
        expect![[r#"
        id:Utf8 | score:Utf8
        3 | 12
    "#]],
    )
    .await;
    check(
        "SELECT a.id, b.id FROM c a JOIN c b ON a.id = b.id",
        expect![[r#"
        two columns of the result are called id
          hint: give each column a name of its own: AS id, AS id_2
    "#]],
    )
    .await;
    check(
        "SELECT 1 AS x, 2 AS x",
        expect![[r#"
        two columns of the result are called x
          hint: give each column a name of its own: AS x, AS x_2
    "#]],
    )
    .await;
}

#[tokio::test]
async fn no_rows_are_a_success() {
    check(
        "SELECT id, 1 AS n FROM c WHERE id = 'none'",
        expect![[r#"
        id:Utf8 | n:Int64
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_preview_stops_early_and_writes_nothing() {
    let world = world();
    let tables = [world.table("c=c.csv")];
    let rows = preview("SELECT id FROM c", &tables, &world.limits, 2, pending()).await.unwrap();
    assert_eq!(print(&rows), "id:Utf8\n3\n1\n");
    let endless = "SELECT a.value AS v FROM generate_series(1, 1000000000) a";
    let rows = preview(endless, &[], &world.limits, 3, pending()).await.unwrap();
    assert_eq!(print(&rows), "v:Int64\n1\n2\n3\n");
    let rows = preview("SELECT id FROM c WHERE false", &tables, &world.limits, 3, pending()).await.unwrap();
    assert_eq!(print(&rows), "id:Utf8\n");
    assert_eq!(world.names(), ["c.csv"]);
}

#[tokio::test]
async fn the_columns_of_a_table() {
    let world = world();
    let columns = schema(&world.table("c=c.csv?types=infer")).await.unwrap();
    let types: Vec<_> =
        columns.fields().iter().map(|field| (field.name().as_str(), field.data_type().clone())).collect();
    let want =
        [("id", DataType::Int64), ("email", DataType::Utf8), ("zip", DataType::Utf8), ("score", DataType::Int64)];
    assert_eq!(types, want);
}

#[tokio::test]
async fn a_count_is_the_same_however_the_work_is_shared() {
    let rows: String = (0..40_000).map(|row| format!("{},{}\n", row, row % 7)).collect();
    let world = World::new().file("c.csv", format!("id,kind\n{rows}"));
    world.freeze("SELECT id, kind FROM c", &["c=c.csv?types=infer"]).await.unwrap();
    let tables = [world.table("p=result.parquet"), world.table("c=c.csv?types=infer")];
    let cases = [
        ("SELECT count(*) FROM p", 40_000),
        ("SELECT count(*) FROM p JOIN c ON p.id = c.id WHERE c.kind < 3", 17_144),
        ("SELECT count(*) FROM (SELECT kind FROM p GROUP BY kind HAVING count(*) > 5714) k", 2),
        ("SELECT count(*) FROM p WHERE NOT EXISTS (SELECT 1 FROM c WHERE c.id = p.id AND c.kind = 0)", 34_285),
        ("SELECT count(*) AS n FROM p HAVING count(*) = 0", 0),
        ("SELECT 'no number'", 0),
    ];
    for (sql, want) in cases {
        assert_eq!(count(sql, &tables, &world.limits).await, Ok(want), "{sql}");
    }
    assert!(matches!(
        count("SELECT emial FROM p", &tables, &world.limits).await,
        Err(QueryError::UnknownColumn { .. })
    ));
}
