//! The SQL of snapshots as text, what is wrong with sources, and what is said of joins. That the SQL runs is proved where an
//! engine is at hand.

use expect_test::{Expect, expect};
use serde_json::json;

use super::*;

fn source(at: &str, name: &str, column: &str, physical: Physical, column_type: ColumnType) -> SourceColumn {
    SourceColumn { at: at.into(), name: name.into(), column: column.into(), physical, column_type }
}

/// A column of the master table, as it is.
fn own(name: &str, physical: Physical) -> SourceColumn {
    let column_type = physical.default_type().unwrap_or(ColumnType::String);
    source("master", name, name, physical, column_type)
}

fn join(table: &str, parent_key: &str, physical: Physical, foreign_key: &str) -> Join {
    Join { table: table.into(), parent_key: parent_key.into(), physical, foreign_key: foreign_key.into() }
}

fn sources() -> Sources {
    let ltv = join("ltv", "customer", Physical::Text, "id");
    let plans = join("sales.plans", "company", Physical::Text, "company");
    let attribute = |join: &Join, at: usize, name: &str, column: &str, physical, column_type| AttributeSource {
        join: join.clone(),
        column: source(&format!("attributes[{at}]"), name, column, physical, column_type),
    };
    Sources {
        master: MasterTable {
            table: "contacts".into(),
            key: "id".into(),
            filters: vec![
                Filter { column: "country".into(), values: vec![json!("DE"), json!("O'Land")] },
                Filter { column: "active".into(), values: vec![json!(true)] },
            ],
        },
        master_columns: vec![
            own("id", Physical::Integer),
            own("company", Physical::Text),
            own("country", Physical::Text),
            own("active", Physical::Boolean),
            source("attributes[3]", "signed_up", "signup", Physical::Text, ColumnType::Timestamp),
        ],
        attributes: vec![
            attribute(&ltv, 0, "lifetime_value", "ltv", Physical::Decimal, ColumnType::Number),
            attribute(&plans, 1, "plan", "plan", Physical::Text, ColumnType::String),
            attribute(&ltv, 2, "orders", "orders", Physical::Text, ColumnType::Number),
        ],
        behaviors: vec![BehaviorSource {
            at: "behaviors[0]".into(),
            name: "orders".into(),
            join: join("orders", "customer", Physical::Integer, "id"),
            columns: vec![
                source("behaviors[0].columns[0]", "time", "time", Physical::Integer, ColumnType::Timestamp),
                source("behaviors[0].columns[1]", "day", "time_of_order", Physical::Timestamp, ColumnType::Date),
                source("behaviors[0].columns[2]", "tags", "tags", Physical::TextList, ColumnType::StringArray),
            ],
            time: Some("time".into()),
        }],
        zone: Zone::parse("Europe/Berlin").unwrap(),
    }
}

#[test]
fn profiles_and_events() {
    expect![[r#"
        SELECT
          CAST(ROW_NUMBER() OVER (ORDER BY m."id") AS BIGINT) AS cdp_customer_id,
          m."id",
          m."company",
          m."country",
          m."active",
          COALESCE(TRY_CAST(m."signup" AS TIMESTAMP), TRY_CAST(TRY_CAST(m."signup" AS DATE) AS TIMESTAMP), TRY_CAST(from_unixtime(TRY_CAST(m."signup" AS BIGINT)) AS TIMESTAMP)) AS "signed_up",
          a1."ltv" AS "lifetime_value",
          NULLIF(TRY_CAST(a1."orders" AS DOUBLE), CAST('NaN' AS DOUBLE)) AS "orders",
          a2."plan"
        FROM "contacts" m
        LEFT JOIN "ltv" a1
          ON a1."customer" = CAST(m."id" AS VARCHAR)
        LEFT JOIN "sales"."plans" a2
          ON a2."company" = m."company"
        WHERE m."id" IS NOT NULL
          AND m."country" IN ('DE', 'O''Land')
          AND m."active" IN (TRUE)"#]].assert_eq(&customers_sql(&sources()));
    let sources = sources();
    expect![[r#"
        SELECT
          c.cdp_customer_id,
          CAST(ROW_NUMBER() OVER () AS BIGINT) AS cdp_event_id,
          TRY_CAST(from_unixtime(TRY_CAST(e."time" AS BIGINT)) AS TIMESTAMP) AS "time",
          CAST((TRY_CAST(e."time_of_order" AS TIMESTAMP) AT TIME ZONE 'UTC') AT TIME ZONE 'Europe/Berlin' AS DATE) AS "day",
          e."tags"
        FROM "orders" e
        JOIN cdp_audience_7.customers c
          ON e."customer" = c."id""#]].assert_eq(&events_sql(&sources, &sources.behaviors[0], 7));
    let plain = Sources { attributes: Vec::new(), ..sources };
    let plain = Sources { master: MasterTable { filters: Vec::new(), ..plain.master.clone() }, ..plain };
    expect![[r#"
        SELECT
          CAST(ROW_NUMBER() OVER (ORDER BY m."id") AS BIGINT) AS cdp_customer_id,
          m."id",
          m."company",
          m."country",
          m."active",
          COALESCE(TRY_CAST(m."signup" AS TIMESTAMP), TRY_CAST(TRY_CAST(m."signup" AS DATE) AS TIMESTAMP), TRY_CAST(from_unixtime(TRY_CAST(m."signup" AS BIGINT)) AS TIMESTAMP)) AS "signed_up"
        FROM "contacts" m
        WHERE m."id" IS NOT NULL"#]].assert_eq(&customers_sql(&plain));
}

#[test]
fn the_queries_that_count() {
    let text: Vec<String> = join_checks(&sources())
        .iter()
        .map(|check| format!("-- {:?} {} {} {:?}\n{}", check.what, check.at, check.table, check.names, check.sql))
        .collect();
    expect![[r#"
        -- Master master contacts []
        WITH keys AS (
          SELECT key_value, COUNT(*) AS row_count, COUNT(without_key) AS without_key, COUNT(unreadable_1) AS unreadable_1
          FROM (
            SELECT
              m."id" AS key_value,
              CASE WHEN m."id" IS NULL THEN 1 END AS without_key,
              CASE WHEN m."signup" IS NOT NULL AND COALESCE(TRY_CAST(m."signup" AS TIMESTAMP), TRY_CAST(TRY_CAST(m."signup" AS DATE) AS TIMESTAMP), TRY_CAST(from_unixtime(TRY_CAST(m."signup" AS BIGINT)) AS TIMESTAMP)) IS NULL THEN 1 END AS unreadable_1
            FROM "contacts" m
            WHERE m."country" IN ('DE', 'O''Land')
              AND m."active" IN (TRUE)
          ) r
          GROUP BY key_value
        )
        SELECT
          COALESCE(SUM(k.row_count), 0) AS row_count,
          COALESCE(SUM(k.without_key), 0) AS without_key,
          COUNT(CASE WHEN k.row_count > k.without_key THEN 1 END) AS key_count,
          COUNT(CASE WHEN k.key_value IS NOT NULL AND k.row_count > 1 THEN 1 END) AS repeated,
          COALESCE(MAX(CASE WHEN k.key_value IS NOT NULL THEN k.row_count END), 0) AS most_rows,
          COUNT(k.key_value) AS matched,
          0 AS orphans,
          COALESCE(SUM(k.unreadable_1), 0) AS unreadable_1
        FROM keys k
        -- Attribute attributes[0] ltv ["lifetime_value", "orders"]
        WITH keys AS (
          SELECT key_value, COUNT(*) AS row_count, COUNT(without_key) AS without_key, COUNT(unreadable_1) AS unreadable_1
          FROM (
            SELECT
              a."customer" AS key_value,
              CASE WHEN a."customer" IS NULL THEN 1 END AS without_key,
              CASE WHEN a."orders" IS NOT NULL AND NULLIF(TRY_CAST(a."orders" AS DOUBLE), CAST('NaN' AS DOUBLE)) IS NULL THEN 1 END AS unreadable_1
            FROM "ltv" a
          ) r
          GROUP BY key_value
        ),
        profiles AS (
          SELECT CAST(m."id" AS VARCHAR) AS key_value, COUNT(*) AS profile_count
          FROM "contacts" m
          WHERE m."id" IS NOT NULL
            AND m."country" IN ('DE', 'O''Land')
            AND m."active" IN (TRUE)
          GROUP BY CAST(m."id" AS VARCHAR)
        )
        SELECT
          COALESCE(SUM(k.row_count), 0) AS row_count,
          COALESCE(SUM(k.without_key), 0) AS without_key,
          COUNT(CASE WHEN k.row_count > k.without_key THEN 1 END) AS key_count,
          COUNT(CASE WHEN k.key_value IS NOT NULL AND k.row_count > 1 THEN 1 END) AS repeated,
          COALESCE(MAX(CASE WHEN k.key_value IS NOT NULL THEN k.row_count END), 0) AS most_rows,
          COALESCE(SUM(p.profile_count), 0) AS matched,
          COALESCE(SUM(CASE WHEN p.key_value IS NULL THEN k.row_count - k.without_key END), 0) AS orphans,
          COALESCE(SUM(k.unreadable_1), 0) AS unreadable_1
        FROM keys k
        LEFT JOIN profiles p
          ON k.key_value = p.key_value
        -- Attribute attributes[1] sales.plans ["plan"]
        WITH keys AS (
          SELECT key_value, COUNT(*) AS row_count, COUNT(without_key) AS without_key
          FROM (
            SELECT
              a."company" AS key_value,
              CASE WHEN a."company" IS NULL THEN 1 END AS without_key
            FROM "sales"."plans" a
          ) r
          GROUP BY key_value
        ),
        profiles AS (
          SELECT m."company" AS key_value, COUNT(*) AS profile_count
          FROM "contacts" m
          WHERE m."id" IS NOT NULL
            AND m."country" IN ('DE', 'O''Land')
            AND m."active" IN (TRUE)
            AND m."company" IS NOT NULL
          GROUP BY m."company"
        )
        SELECT
          COALESCE(SUM(k.row_count), 0) AS row_count,
          COALESCE(SUM(k.without_key), 0) AS without_key,
          COUNT(CASE WHEN k.row_count > k.without_key THEN 1 END) AS key_count,
          COUNT(CASE WHEN k.key_value IS NOT NULL AND k.row_count > 1 THEN 1 END) AS repeated,
          COALESCE(MAX(CASE WHEN k.key_value IS NOT NULL THEN k.row_count END), 0) AS most_rows,
          COALESCE(SUM(p.profile_count), 0) AS matched,
          COALESCE(SUM(CASE WHEN p.key_value IS NULL THEN k.row_count - k.without_key END), 0) AS orphans
        FROM keys k
        LEFT JOIN profiles p
          ON k.key_value = p.key_value
        -- Behavior behaviors[0] orders ["orders"]
        WITH keys AS (
          SELECT key_value, COUNT(*) AS row_count, COUNT(without_key) AS without_key, COUNT(unreadable_1) AS unreadable_1, COUNT(unreadable_2) AS unreadable_2
          FROM (
            SELECT
              e."customer" AS key_value,
              CASE WHEN e."customer" IS NULL THEN 1 END AS without_key,
              CASE WHEN e."time" IS NOT NULL AND TRY_CAST(from_unixtime(TRY_CAST(e."time" AS BIGINT)) AS TIMESTAMP) IS NULL THEN 1 END AS unreadable_1,
              CASE WHEN e."time_of_order" IS NOT NULL AND CAST((TRY_CAST(e."time_of_order" AS TIMESTAMP) AT TIME ZONE 'UTC') AT TIME ZONE 'Europe/Berlin' AS DATE) IS NULL THEN 1 END AS unreadable_2
            FROM "orders" e
          ) r
          GROUP BY key_value
        ),
        profiles AS (
          SELECT m."id" AS key_value, COUNT(*) AS profile_count
          FROM "contacts" m
          WHERE m."id" IS NOT NULL
            AND m."country" IN ('DE', 'O''Land')
            AND m."active" IN (TRUE)
          GROUP BY m."id"
        )
        SELECT
          COALESCE(SUM(k.row_count), 0) AS row_count,
          COALESCE(SUM(k.without_key), 0) AS without_key,
          COUNT(CASE WHEN k.row_count > k.without_key THEN 1 END) AS key_count,
          COUNT(CASE WHEN k.key_value IS NOT NULL AND k.row_count > 1 THEN 1 END) AS repeated,
          COALESCE(MAX(CASE WHEN k.key_value IS NOT NULL THEN k.row_count END), 0) AS most_rows,
          COALESCE(SUM(p.profile_count), 0) AS matched,
          COALESCE(SUM(CASE WHEN p.key_value IS NULL THEN k.row_count - k.without_key END), 0) AS orphans,
          COALESCE(SUM(k.unreadable_1), 0) AS unreadable_1,
          COALESCE(SUM(k.unreadable_2), 0) AS unreadable_2
        FROM keys k
        LEFT JOIN profiles p
          ON k.key_value = p.key_value"#]].assert_eq(&text.join("\n"));
}

#[test]
fn the_shape_of_a_snapshot() {
    let audience = sources().audience(7);
    let columns: Vec<String> =
        audience.columns.iter().map(|field| format!("{}:{}", field.name, field.column_type.name())).collect();
    expect!["id:number company:string country:string active:boolean signed_up:timestamp lifetime_value:number plan:string orders:number"].assert_eq(&columns.join(" "));
    assert_eq!(audience.behaviors[0].time.as_deref(), Some("time"));
    assert!(audience.behaviors[0].is_numbered());
}

#[test]
fn every_type_that_a_column_can_be_is_read_somehow() {
    let utc = Zone::utc();
    let physical = [
        Physical::Text,
        Physical::Integer,
        Physical::Float,
        Physical::Decimal,
        Physical::Boolean,
        Physical::Date,
        Physical::Timestamp,
        Physical::TimestampZone,
        Physical::TextList,
        Physical::NumberList,
    ];
    let mut lines = Vec::new();
    for physical in physical {
        for column_type in physical.becomes() {
            let reading = physical.read(*column_type, "x", &utc);
            let doubt = if reading.may_fail { "?" } else { "" };
            lines.push(format!("{} as {}{doubt}: {}", physical.words(), column_type.name(), reading.sql));
        }
    }
    expect![[r#"
        text as string: x
        text as number?: NULLIF(TRY_CAST(x AS DOUBLE), CAST('NaN' AS DOUBLE))
        text as timestamp?: COALESCE(TRY_CAST(x AS TIMESTAMP), TRY_CAST(TRY_CAST(x AS DATE) AS TIMESTAMP), TRY_CAST(from_unixtime(TRY_CAST(x AS BIGINT)) AS TIMESTAMP))
        text as date?: TRY_CAST(x AS DATE)
        text as boolean?: TRY_CAST(x AS BOOLEAN)
        whole numbers as number: x
        whole numbers as string: CAST(x AS VARCHAR)
        whole numbers as timestamp?: TRY_CAST(from_unixtime(TRY_CAST(x AS BIGINT)) AS TIMESTAMP)
        whole numbers as boolean: x <> 0
        floating-point numbers as number?: NULLIF(x, CAST('NaN' AS DOUBLE))
        floating-point numbers as string: CAST(x AS VARCHAR)
        floating-point numbers as timestamp?: TRY_CAST(from_unixtime(TRY_CAST(x AS BIGINT)) AS TIMESTAMP)
        decimal numbers as number: x
        decimal numbers as string: CAST(x AS VARCHAR)
        true or false as boolean: x
        true or false as string: CAST(x AS VARCHAR)
        dates as date: x
        dates as timestamp?: TRY_CAST(x AS TIMESTAMP)
        dates as string: CAST(x AS VARCHAR)
        timestamps as timestamp?: TRY_CAST(x AS TIMESTAMP)
        timestamps as date: CAST(x AS DATE)
        timestamps as string: CAST(x AS VARCHAR)
        timestamps with a zone as timestamp?: TRY_CAST(x AS TIMESTAMP)
        timestamps with a zone as date?: CAST(TRY_CAST(x AS TIMESTAMP) AS DATE)
        timestamps with a zone as string: CAST(x AS VARCHAR)
        lists of texts as string_array: x
        lists of numbers as number_array: x"#]].assert_eq(&lines.join("\n"));
    assert_eq!(Physical::Other("STRUCT".into()).default_type(), None);
}

#[test]
fn names_of_sql_types() {
    let cases = [
        ("TEXT", Physical::Text),
        ("BIGINT UNSIGNED", Physical::Integer),
        ("DECIMAL(10, 2)", Physical::Decimal),
        ("REAL", Physical::Float),
        ("TIMESTAMP", Physical::Timestamp),
        ("TIMESTAMP WITH TIME ZONE", Physical::TimestampZone),
        ("TEXT[]", Physical::TextList),
        ("DECIMAL(3, 1)[]", Physical::NumberList),
        ("DATE[]", Physical::Other("DATE[]".into())),
        ("TEXT[][]", Physical::Other("TEXT[][]".into())),
        ("STRUCT", Physical::Other("STRUCT".into())),
    ];
    for (name, want) in cases {
        assert_eq!(Physical::named(name), want, "{name}");
    }
}

#[test]
fn keys_of_different_types() {
    let check = |a: Physical, b: Physical, want: &str| assert_eq!(physical::equal(("a", &a), ("b", &b)), want);
    check(Physical::Text, Physical::Text, "a = b");
    check(Physical::Integer, Physical::Decimal, "a = b");
    check(Physical::Integer, Physical::Float, "CAST(a AS DOUBLE) = b");
    check(Physical::Date, Physical::Date, "a = b");
    check(Physical::Date, Physical::Timestamp, "TRY_CAST(a AS TIMESTAMP) = TRY_CAST(b AS TIMESTAMP)");
    check(Physical::TimestampZone, Physical::Text, "CAST(TRY_CAST(a AS TIMESTAMP) AS VARCHAR) = b");
    check(Physical::Text, Physical::Decimal, "TRY_CAST(a AS DOUBLE) = CAST(b AS DOUBLE)");
    check(Physical::Text, Physical::Integer, "a = CAST(b AS VARCHAR)");
    check(Physical::Integer, Physical::Text, "CAST(a AS VARCHAR) = b");
    check(Physical::Text, Physical::Float, "TRY_CAST(a AS DOUBLE) = b");
    check(Physical::Boolean, Physical::Integer, "CAST(a AS VARCHAR) = CAST(b AS VARCHAR)");
}

#[track_caller]
fn problems(change: impl FnOnce(&mut Sources), want: Expect) {
    let mut sources = sources();
    change(&mut sources);
    want.assert_eq(&sources.check("").to_string());
}

#[test]
fn what_is_wrong_with_sources() {
    problems(|_| {}, expect![""]);
    problems(
        |sources| {
            sources.master.key = "idd".into();
            sources.master.filters[0].column = "tags".into();
            sources.master.filters[1].values = vec![json!("yes"), json!(1), json!("true"), json!(null)];
        },
        expect![[r#"
            master.key: table contacts has no column idd
              hint: did you mean id?
            master.filters[0].column: table contacts has no column tags
              hint: columns are id, company, country, active, signup
            master.filters[1].values[0]: is no value of column active, which holds true or false
              hint: filters take texts, numbers and booleans, as their column has them
            master.filters[1].values[1]: is no value of column active, which holds true or false
              hint: filters take texts, numbers and booleans, as their column has them
            master.filters[1].values[3]: is no value of column active, which holds true or false
              hint: filters take texts, numbers and booleans, as their column has them"#]],
    );
    problems(
        |sources| {
            let filter = |values| Filter { column: "id".into(), values };
            sources.master.filters = vec![
                filter(Vec::new()),
                filter(vec![json!("7"), json!("7; DROP"), json!(1.5)]),
                filter(vec![json!("never looked at")]),
            ];
        },
        expect![[r#"
            master.filters: are more than 2
              hint: filter in the SQL of a table instead
            master.filters[0].values: has no values
              hint: name the values that profiles have, or leave it out
            master.filters[1].values[1]: is no value of column id, which holds whole numbers
              hint: filters take texts, numbers and booleans, as their column has them"#]],
    );
    problems(
        |sources| {
            let values = |count: usize| (0..count).map(|value| json!(value)).collect();
            sources.master.filters =
                [1_000, 1_001].map(|count| Filter { column: "id".into(), values: values(count) }).into();
            let join = |index: usize| join("t", &format!("k{index}"), Physical::Text, "company");
            let attribute = sources.attributes[1].clone();
            let attributes = (0..50).map(|index| {
                let name = format!("x{}", index % 49);
                let column = SourceColumn { name: format!("a{index}"), ..attribute.column.clone() };
                AttributeSource { join: Join { table: name, ..join(0) }, column }
            });
            sources.attributes = attributes.collect();
            assert_eq!(sources.check("").iter().filter(|problem| problem.at == "behaviors").count(), 0);
            sources.attributes[49].join = join(1);
        },
        expect![[r#"
            master.filters[1].values: are more than 1,000
              hint: filter in the SQL of a table instead
            behaviors: there are 51 joins (attributes of one table and key are one, each behaviour is one), more than 50
              hint: join tables in a query, and take the attributes from that"#]],
    );
    problems(
        |sources| {
            sources.master_columns.push(own("payload", Physical::Other("STRUCT".into())));
            sources.master_columns.push(own("Cdp_Customer_Id", Physical::Text));
            sources.master_columns.push(own("Country", Physical::Text));
            sources.attributes[0].column.name = "COMPANY".into();
            sources.attributes[1].column.name = " ".into();
            sources.attributes[1].column.column_type = ColumnType::NumberArray;
            sources.attributes[2].column.name = "x".repeat(200);
            sources.attributes[2].join = join("t", "k", Physical::TextList, "contry");
        },
        expect![[r#"
            master: column payload holds STRUCT, which cannot be read as string
              hint: leave it out, or make texts or numbers of it in a query
            master: Cdp_Customer_Id is the name of a column that every snapshot has
              hint: give it another name
            attributes[0].name: the name COMPANY is taken by a column of the master table
              hint: give each a name of its own; names that differ only by case are the same
            attributes[1].name: has no name
              hint: give it the name that rules know it by
            attributes[1].type: column plan holds text, which cannot be read as number_array
              hint: it can be string, number, timestamp, date, boolean
            attributes[2].name: is longer than 128 characters, or has control characters
              hint: give it another name
            attributes[2].foreign_key: table contacts has no column contry
              hint: did you mean country?
            attributes[2].parent_key: column k holds lists of texts, which no key can be
              hint: keys are texts, numbers or days"#]],
    );
    problems(
        |sources| {
            sources.master_columns[0].column_type = ColumnType::String;
            sources.behaviors[0].time = Some("day".into());
            let mut other = sources.behaviors[0].clone();
            other.at = "behaviors[1]".into();
            other.time = Some("tim".into());
            other.columns[1].name = "TAGS".into();
            sources.behaviors.push(other.clone());
            other.at = "behaviors[2]".into();
            other.name = "Orders; DROP".into();
            other.columns.clear();
            other.join.foreign_key = "company".into();
            sources.behaviors.push(other);
        },
        expect![[r#"
            behaviors[0].foreign_key: column id is read as another type than it has, so that no key is equal to it
              hint: leave the type of key columns as it is
            behaviors[0].time: column day is date
              hint: the time of an event is a timestamp
            behaviors[1].name: the name orders is taken by behaviors[0]
              hint: give each a name of its own
            behaviors[1].foreign_key: column id is read as another type than it has, so that no key is equal to it
              hint: leave the type of key columns as it is
            behaviors[0].columns[2].name: the name tags is taken by behaviors[0].columns[1]
              hint: give each a name of its own; names that differ only by case are the same
            behaviors[1].time: there is no column tim
              hint: did you mean time?
            behaviors[2].name: 'Orders; DROP' is no name of a behaviour
              hint: lower-case letters, digits and _, first a letter; at most 60
            behaviors[2].columns: has no columns
              hint: name the columns that rules may use
            behaviors[2].time: there is no column tim
              hint: columns are "#]],
    );
    let wrong = Sources { master: MasterTable { key: "x".into(), ..sources().master }, ..sources() };
    assert_eq!(wrong.check("parent_segment").iter().next().unwrap().at, "parent_segment.master.key");
}

#[track_caller]
fn judged(what: Joined, facts: JoinFacts, want: Expect) {
    let verdict = judge(what, &facts, 1000);
    let hint = verdict.hint.map_or_else(String::new, |hint| format!("\n  hint: {hint}"));
    want.assert_eq(&format!("{:?}: {}{hint}", verdict.level, verdict.message));
}

#[test]
fn what_counts_mean() {
    let fine = JoinFacts { rows: 1000, keys: 1000, most_rows: 1, matched: 1000, ..JoinFacts::default() };
    judged(Joined::Master, fine.clone(), expect!["Ok: 1,000 profiles"]);
    judged(Joined::Attribute, fine.clone(), expect!["Ok: 1,000 of 1,000 profiles have a row"]);
    judged(Joined::Behavior, fine.clone(), expect!["Ok: 1,000 events; 1,000 of 1,000 profiles have some"]);
    judged(
        Joined::Master,
        JoinFacts::default(),
        expect![[r#"
        Wrong: there are no rows
          hint: fill the table, or look at the filters"#]],
    );
    judged(
        Joined::Attribute,
        JoinFacts::default(),
        expect![[r#"
        Warning: there are no rows
          hint: fill the table"#]],
    );
    let no_key = JoinFacts { rows: 3, without_key: 3, ..JoinFacts::default() };
    judged(
        Joined::Master,
        no_key.clone(),
        expect![[r#"
        Wrong: no row has a key
          hint: choose another column as key"#]],
    );
    judged(
        Joined::Behavior,
        no_key,
        expect![[r#"
        Wrong: no row has a key
          hint: choose another column as key"#]],
    );
    let fan = JoinFacts { rows: 1200, keys: 1000, repeated: 190, most_rows: 12, without_key: 1, ..fine.clone() };
    judged(
        Joined::Master,
        fan.clone(),
        expect![[r#"
            Wrong: 190 keys stand in several rows, up to 12: a profile would be there several times; 1 row has no key and is left out
              hint: make a query or table with one row a key: GROUP BY, or ROW_NUMBER() and keep the first; where that is as it should be, nothing is to do"#]],
    );
    judged(
        Joined::Attribute,
        JoinFacts { repeated: 1, ..fan.clone() },
        expect![[r#"
            Wrong: 1 key stands in several rows, up to 12: a profile would have several values; 1 row has no key and is left out
              hint: make a query or table with one row a key: GROUP BY, or ROW_NUMBER() and keep the first; where that is as it should be, nothing is to do"#]],
    );
    judged(
        Joined::Behavior,
        fan,
        expect![[r#"
            Warning: 1 row has no key and is left out
              hint: where that is as it should be, nothing is to do"#]],
    );
    judged(
        Joined::Attribute,
        JoinFacts { matched: 0, orphans: 1000, ..fine.clone() },
        expect![[r#"
        Warning: no profile has a row
          hint: is it the right key? Keys must be the same values, written the same way"#]],
    );
    judged(
        Joined::Attribute,
        JoinFacts { matched: 499, orphans: 501, ..fine.clone() },
        expect![[r#"
            Warning: only 499 of 1,000 profiles have a row; 501 rows are of no profile and left out
              hint: is it the right key? Keys must be the same values, written the same way; where that is as it should be, nothing is to do"#]],
    );
    judged(
        Joined::Behavior,
        JoinFacts { matched: 10, ..fine.clone() },
        expect!["Ok: 1,000 events; 10 of 1,000 profiles have some"],
    );
    let unreadable = |column: &str, column_type, values| Unreadable { column: column.into(), column_type, values };
    let unreadable = vec![
        unreadable("signup", ColumnType::Timestamp, 1),
        unreadable("score", ColumnType::Number, 20),
        unreadable("age", ColumnType::Number, 2),
    ];
    judged(
        Joined::Master,
        JoinFacts { unreadable, ..fine },
        expect![[r#"
            Warning: 1 value of column signup cannot be read as timestamp and is missing; 20 values of column score cannot be read as number and are missing; 2 values of column age cannot be read as number and are missing
              hint: moments are unix seconds (not milliseconds) or 2026-11-23 02:00:00, in the years 1678 to 2261; numbers are 1234.5, without other signs"#]],
    );
}

#[test]
fn numbers_become_facts() {
    let checks = join_checks(&sources());
    let facts = checks[0].facts(&[10, 1, 9, 0, 1, 9, 0, 4]).unwrap();
    assert_eq!((facts.rows, facts.without_key, facts.keys, facts.matched), (10, 1, 9, 9));
    assert_eq!(
        facts.unreadable,
        [Unreadable { column: "signup".into(), column_type: ColumnType::Timestamp, values: 4 }]
    );
    assert_eq!(checks[0].facts(&[10, 1, 9, 0, 1, 9, 0, 0]).unwrap().unreadable, []);
    assert_eq!(checks[0].facts(&[10, 1, 9, 0, 1, 9, 0]), None);
    assert_eq!(checks[0].facts(&[1]), None);
}
