//! What is refused, and in which words.
//!
//! Knows statements that must not run: not files beyond one.

use expect_test::{Expect, expect};
use query::QueryError;

use crate::world::World;

fn world() -> World {
    World::new()
        .file("c.csv", "id,Email,score\n1,ada@secret.io,12x\n2,bob@secret.io,9223372036854775807\n")
        .file("secret.csv", "canary\nsesame\n")
}

async fn check(sql: &str, want: Expect) {
    let world = world();
    let text = match world.freeze(sql, &["contacts=c.csv"]).await {
        Ok(frozen) => format!("ran: {} rows\n", frozen.rows),
        Err(error) => {
            let at = error.position().map_or_else(String::new, |(line, column)| format!("{line}:{column} "));
            at + &world.say(&error)
        }
    };
    want.assert_eq(&text);
}

/// Statements that change, read or configure something, of this engine and of its peers.
const REFUSED: [&str; 86] = [
    "INSERT INTO contacts VALUES ('1', '2', '3')",
    "UPDATE contacts SET id = '1'",
    "DELETE FROM contacts",
    "MERGE INTO contacts USING x ON true WHEN MATCHED THEN DELETE",
    "TRUNCATE TABLE contacts",
    "DROP TABLE contacts",
    "CREATE TABLE x AS SELECT 1",
    "CREATE VIEW x AS SELECT 1",
    "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '{}/secret.csv'",
    "CREATE FUNCTION f() RETURNS INT RETURN 1",
    "ALTER TABLE contacts RENAME TO x",
    "COPY contacts TO '{}/out.csv'",
    "COPY (SELECT 1) TO '{}/out.parquet' STORED AS PARQUET",
    "COPY contacts FROM PROGRAM 'id'",
    "SELECT * INTO x FROM contacts",
    "SELECT 1; SELECT 2",
    "SELECT 1;; DROP TABLE contacts",
    "SELECT 1; garbage (",
    "EXPLAIN SELECT 1",
    "EXPLAIN ANALYZE SELECT * FROM contacts",
    "DESCRIBE contacts",
    "SHOW TABLES",
    "SHOW ALL",
    "SET datafusion.catalog.information_schema = true",
    "RESET datafusion.catalog.information_schema",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "ATTACH '{}/secret.csv' AS x",
    "PRAGMA table_info(contacts)",
    "INSTALL httpfs",
    "LOAD 'x.so'",
    "BEGIN",
    "CALL f()",
    "USE x",
    "WITH x AS (INSERT INTO contacts VALUES (1) RETURNING id) SELECT * FROM x",
    "WITH x AS (SELECT 1) INSERT INTO contacts SELECT * FROM x",
    "SELECT * FROM contacts FOR UPDATE",
    "TABLE contacts",
    "SELECT * FROM '{}/secret.csv'",
    "SELECT * FROM \"{}/secret.csv\"",
    "SELECT * FROM read_csv('{}/secret.csv')",
    "SELECT read_text('{}/secret.csv')",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM 'https://example.com/x.csv'",
    "SELECT * FROM read_json('{}/secret.csv')",
    "SELECT * FROM read_parquet('{}/secret.csv')",
    "SELECT * FROM parquet_metadata('{}/secret.csv')",
    "SELECT * FROM parquet_scan(['{}/secret.csv'])",
    "SELECT * FROM csv_scan('{}/secret.csv')",
    "SELECT * FROM glob('{}/*')",
    "SELECT glob('{}/*')",
    "SELECT pg_read_file('{}/secret.csv')",
    "SELECT pg_ls_dir('{}')",
    "SELECT lo_import('{}/secret.csv')",
    "SELECT load_file('{}/secret.csv')",
    "SELECT load_extension('x.so')",
    "SELECT * FROM dblink('host=localhost', 'SELECT 1') AS t(x INT)",
    "SELECT * FROM contacts, '{}/secret.csv'",
    "SELECT * FROM contacts JOIN \"{}/secret.csv\" s ON true",
    "SELECT (SELECT canary FROM '{}/secret.csv')",
    "WITH s AS (SELECT * FROM '{}/secret.csv') SELECT * FROM s",
    "SELECT * FROM contacts UNION ALL SELECT 1, 2, canary FROM '{}/secret.csv'",
    "SELECT * FROM `{}/secret.csv`",
    "SELECT * FROM [{}/secret.csv]",
    "SELECT * FROM 'secret.csv'",
    "SELECT * FROM '../secret.csv'",
    "SELECT * FROM 'file://{}/secret.csv'",
    "SELECT * FROM 's3://bucket/secret.csv'",
    "SELECT * FROM datafusion.information_schema.df_settings",
    "SELECT * FROM pg_catalog.pg_class",
    "SELECT 1 INTO OUTFILE '{}/out.csv'",
    "LOAD DATA LOCAL INFILE '{}/secret.csv' INTO TABLE contacts",
    "UNLOAD (SELECT 1) TO '{}/out.csv'",
    "EXPORT DATABASE '{}/out'",
    "IMPORT DATABASE '{}'",
    "CREATE EXTERNAL TABLE IF NOT EXISTS x STORED AS PARQUET LOCATION 'https://example.com/x'",
    "CREATE OR REPLACE VIEW contacts AS SELECT 1",
    "SET TIME ZONE 'UTC'",
    "SHOW FUNCTIONS",
    "EXPLAIN VERBOSE SELECT 1",
    "DEALLOCATE p",
    "VACUUM INTO '{}/out.db'",
    "GRANT SELECT ON contacts TO x",
    "SELECT 1; SET datafusion.execution.batch_size = 1",
    "/* SELECT */ COPY contacts TO '{}/out.csv' --",
    "(COPY contacts TO '{}/out.csv')",
];

#[tokio::test]
async fn nothing_but_one_select_over_bound_tables() {
    for sql in REFUSED {
        let world = world();
        let before = world.names();
        let sql = sql.replace("{}", &world.path("").to_string_lossy());
        let error = world.freeze(&sql, &["contacts=c.csv"]).await.unwrap_err();
        let expected = matches!(
            error,
            QueryError::NotSelect { .. }
                | QueryError::SeveralStatements
                | QueryError::UnknownTable { .. }
                | QueryError::Syntax { .. }
        );
        assert!(expected, "{sql}: {error:?}");
        assert!(!error.to_string().contains("sesame"), "{sql}: {error:?}");
        assert_eq!(world.names(), before, "{sql}");
    }
}

#[tokio::test]
async fn refusals_name_what_they_refuse() {
    check(
        "DROP TABLE contacts",
        expect![[r#"
        DROP is not allowed: a query is one SELECT
          hint: start with SELECT, WITH or VALUES; files are bound as tables outside SQL
    "#]],
    )
    .await;
    check(
        "/* x */ copy contacts TO 'x'",
        expect![[r#"
        COPY is not allowed: a query is one SELECT
          hint: start with SELECT, WITH or VALUES; files are bound as tables outside SQL
    "#]],
    )
    .await;
    check(
        "SELECT 1; DROP TABLE contacts",
        expect![[r#"
        there are several statements: a query is one SELECT
          hint: keep one statement; a semicolon may only end it
    "#]],
    )
    .await;
    check(
        "WITH x AS (SELECT 1) INSERT INTO contacts SELECT * FROM x",
        expect![[r#"
        INSERT is not allowed: a query is one SELECT
          hint: start with SELECT, WITH or VALUES; files are bound as tables outside SQL
    "#]],
    )
    .await;
    check(
        "SELECT * INTO x FROM contacts",
        expect![[r#"
        SELECT INTO is not allowed: a query is one SELECT
          hint: start with SELECT, WITH or VALUES; files are bound as tables outside SQL
    "#]],
    )
    .await;
    check(
        "SELECT * FROM contacts FOR UPDATE",
        expect![[r#"
        FOR UPDATE is not allowed: a query is one SELECT
          hint: start with SELECT, WITH or VALUES; files are bound as tables outside SQL
    "#]],
    )
    .await;
}

#[tokio::test]
async fn mistakes_come_with_place_and_hint() {
    check(
        "",
        expect![[r#"
        the query is empty
          hint: write a SELECT
    "#]],
    )
    .await;
    check(
        " ; -- nothing",
        expect![[r#"
        the query is empty
          hint: write a SELECT
    "#]],
    )
    .await;
    check(
        "SELEC id FROM contacts",
        expect![[r#"
        1:1 expected: an SQL statement, found: SELEC (line 1, column 1)
          hint: did you mean SELECT?
    "#]],
    )
    .await;
    check(
        "SELECT id\nFORM contacts",
        expect![[r#"
        2:6 expected: end of statement, found: contacts (line 2, column 6)
    "#]],
    )
    .await;
    check(
        "SELECT 'open",
        expect![[r#"
        1:8 unterminated string literal (line 1, column 8)
          hint: a quote or comment may not be closed
    "#]],
    )
    .await;
    check(
        "SELECT (1",
        expect![[r#"
        expected: ), found: EOF
    "#]],
    )
    .await;
    check(
        "SELECT id FROM contact",
        expect![[r#"
        1:16 there is no table contact
          hint: did you mean contacts?
    "#]],
    )
    .await;
    check(
        "SELECT id\n  FROM elsewhere",
        expect![[r#"
        2:8 there is no table elsewhere
          hint: tables are contacts
    "#]],
    )
    .await;
    check(
        "SELECT idd FROM contacts",
        expect![[r#"
        1:8 there is no column idd (line 1, column 8)
          hint: did you mean id?
    "#]],
    )
    .await;
    check(
        "SELECT id,\n  email FROM contacts",
        expect![[r#"
        2:3 there is no column email (line 2, column 3)
          hint: did you mean "Email"?
    "#]],
    )
    .await;
    check(
        "SELECT x.nothing FROM contacts x",
        expect![[r#"
        1:8 there is no column x.nothing (line 1, column 8)
          hint: columns are id, "Email", score
    "#]],
    )
    .await;
    check(
        "SELECT id FROM contacts a JOIN contacts b ON a.id = b.id",
        expect![[r#"
        1:8 column id is in several tables (line 1, column 8)
          hint: write the table before it, as in t.id
    "#]],
    )
    .await;
    check(
        "SELECT lowr(id) FROM contacts",
        expect![[r#"
        1:8 invalid function 'lowr' (line 1, column 8)
          hint: did you mean 'lower'?
    "#]],
    )
    .await;
    check(
        "SELECT id, COUNT(*) AS n FROM contacts",
        expect![[r#"
        1:8 column contacts.id stands beside an aggregate and not in GROUP BY (line 1, column 8)
          hint: add it to GROUP BY, or aggregate it, as in MAX(x)
    "#]],
    )
    .await;
    check(
        "SELECT SUM(id) AS n FROM contacts",
        expect![[r#"
            function 'sum' does not take a value of this type
              hint: a CSV column is text unless its table says types=infer: CAST it, as in CAST(x AS BIGINT)
        "#]],
    )
    .await;
    check(
        "SELECT * FROM read_csv('x.csv')",
        expect![[r#"
        there is no table function read_csv
          hint: files are read through bound tables only, for example contacts=contacts.csv
    "#]],
    )
    .await;
}

#[tokio::test]
async fn values_stay_out_of_errors() {
    check(
        "SELECT CAST(score AS BIGINT) AS n FROM contacts",
        expect![[r#"
        the query failed while it ran: cannot cast a text to a whole number
          hint: TRY_CAST gives NULL where CAST fails; NULLIF(x, 0) avoids a division by zero
    "#]],
    )
    .await;
    check(
        "SELECT CAST(score AS DOUBLE) AS n FROM contacts",
        expect![[r#"
        the query failed while it ran: cannot cast a text to a number
          hint: TRY_CAST gives NULL where CAST fails; NULLIF(x, 0) avoids a division by zero
    "#]],
    )
    .await;
    check(
        "SELECT CAST(\"Email\" AS DATE) AS n FROM contacts",
        expect![[r#"
        the query failed while it ran: cannot cast a text to a date
          hint: TRY_CAST gives NULL where CAST fails; NULLIF(x, 0) avoids a division by zero
    "#]],
    )
    .await;
    check(
        "SELECT CAST(\"Email\" AS TIMESTAMP) AS n FROM contacts",
        expect![[r#"
        the query failed while it ran: cannot read a text as a timestamp
          hint: TRY_CAST gives NULL where CAST fails; NULLIF(x, 0) avoids a division by zero
    "#]],
    )
    .await;
    check(
        "SELECT CAST(\"Email\" AS BOOLEAN) AS n FROM contacts",
        expect![[r#"
        the query failed while it ran: cannot cast a text to true or false
          hint: TRY_CAST gives NULL where CAST fails; NULLIF(x, 0) avoids a division by zero
    "#]],
    )
    .await;
    check(
        "SELECT CAST(\"Email\" AS DECIMAL(10,2)) AS n FROM contacts",
        expect![[r#"
            the query failed while it ran: cannot cast a text to a decimal number
              hint: TRY_CAST gives NULL where CAST fails; NULLIF(x, 0) avoids a division by zero
        "#]],
    )
    .await;
    check(
        "SELECT CAST(score AS BIGINT) + 1 AS n FROM contacts WHERE id = '2'",
        expect![[r#"
            ran: 1 rows
        "#]],
    )
    .await;
    check(
        "SELECT 1 / CAST(length(id) - 1 AS INT) AS n FROM contacts",
        expect![[r#"
        the query failed while it ran: division by zero
          hint: TRY_CAST gives NULL where CAST fails; NULLIF(x, 0) avoids a division by zero
    "#]],
    )
    .await;
    check(
        "SELECT to_timestamp(\"Email\") AS n FROM contacts",
        expect![[r#"
        the query failed while it ran: cannot read a text as a timestamp
          hint: TRY_CAST gives NULL where CAST fails; NULLIF(x, 0) avoids a division by zero
    "#]],
    )
    .await;
    check(
        "SELECT to_date(\"Email\", '%Y') AS n FROM contacts",
        expect![[r#"
        the query failed while it ran: cannot read a text as a timestamp
          hint: TRY_CAST gives NULL where CAST fails; NULLIF(x, 0) avoids a division by zero
    "#]],
    )
    .await;
    check(
        "SELECT decode(\"Email\", 'hex') AS n FROM contacts",
        expect![[r#"
        the query failed while it ran: a value could not be computed
          hint: TRY_CAST gives NULL where CAST fails; NULLIF(x, 0) avoids a division by zero
    "#]],
    )
    .await;
    check(
        "SELECT regexp_like(id, \"Email\" || '(') AS n FROM contacts",
        expect![[r#"
            the query failed while it ran: a value could not be computed
              hint: TRY_CAST gives NULL where CAST fails; NULLIF(x, 0) avoids a division by zero
        "#]],
    )
    .await;
}
