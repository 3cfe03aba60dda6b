//! Mappings as JSON, their SQL as text, and what is wrong with them.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::*;
use crate::Zone;
use crate::audience::shape::{ColumnType, Events, Field};

const WITH: &str = "WITH members AS (\n  SELECT c.* FROM cdp_audience_7.customers c\n)";

fn fields(fields: &[(&str, ColumnType)]) -> Vec<Field> {
    fields.iter().map(|(name, column_type)| Field { name: (*name).into(), column_type: *column_type }).collect()
}

fn audience() -> Audience {
    Audience {
        number: 7,
        columns: fields(&[
            ("email_address", ColumnType::String),
            ("score", ColumnType::Number),
            ("it\"s", ColumnType::String),
            ("tags", ColumnType::StringArray),
        ]),
        behaviors: vec![
            Events {
                name: "orders".into(),
                columns: fields(&[
                    ("time", ColumnType::Timestamp),
                    ("product", ColumnType::String),
                    ("amount", ColumnType::Number),
                    ("sizes", ColumnType::NumberArray),
                ]),
                time: Some("time".into()),
            },
            Events { name: "visits".into(), columns: fields(&[("page", ColumnType::String)]), time: None },
        ],
        zone: Zone::utc(),
    }
}

fn output(json: Value) -> Output {
    serde_json::from_value(json).unwrap()
}

fn ids() -> Ids {
    Ids { audience: 7, segment: 42, segment_name: "Ada's -- best */ $1".into() }
}

#[track_caller]
fn check(json: Value, want: Expect) {
    let output = output(json);
    let text = match output.sql(WITH, &audience(), &ids()) {
        Ok(sql) => {
            let names: Vec<String> = output
                .columns(&audience())
                .iter()
                .map(|column| format!("{} < {} @ {}", column.name, column.source, column.place))
                .collect();
            format!("{}\n\n{}", sql.strip_prefix(WITH).unwrap(), names.join("\n"))
        }
        Err(problems) => problems.to_string(),
    };
    want.assert_eq(&text);
}

fn column(name: &str, source: &str) -> Value {
    json!({"column": name, "source": {"column": source}})
}

#[test]
fn columns_of_the_profile_and_strings() {
    check(
        json!({"columns": [
            {"id": "11111111-aaaa", "column": "email", "source": {"column": "email_address"}},
            {"column": "score", "source": {"column": "score"}},
            {"column": "comments", "source": {"column": "it\"s"}},
            {"column": "prospect", "source": {"column": "cdp_customer_id"}},
            {"column": "label", "source": {"string": "seg-$1-$2", "parameters": [
                {"type": "SegmentName"}, {"type": "Timestamp", "format": "yyyy-MM-dd", "timezone": "europe/berlin"}]}},
            {"column": "all_of_it", "source": {"string": "$$$2$1 $3/$4; '$5'", "parameters": [
                {"type": "SegmentId"}, {"type": "AudienceId"}, {"type": "Timestamp"}, {"type": "String", "string": "it's $1"},
                {"type": "Timestamp", "format": "h 'o''clock'"}]}},
            {"column": "in_a_row", "source": {"parameters": [{"type": "String", "string": "a"}, {"type": "SegmentId"}]}},
            {"column": "plain", "source": {"string": "x"}},
            {"column": "empty", "source": {"string": ""}},
        ]}),
        expect![[r#"

            SELECT
              m."email_address" AS "email",
              m."score",
              m."it""s" AS "comments",
              m."cdp_customer_id" AS "prospect",
              'seg-Ada''s -- best */ $1-' || TD_TIME_FORMAT(TD_SCHEDULED_TIME(), 'yyyy-MM-dd', 'Europe/Berlin') AS "label",
              '$742 ' || TD_TIME_FORMAT(TD_SCHEDULED_TIME(), 'yyyy-MM-dd HH:mm:ss', 'UTC') || '/it''s $1; ''' || TD_TIME_FORMAT(TD_SCHEDULED_TIME(), 'h ''o''''clock''', 'UTC') || '''' AS "all_of_it",
              'a42' AS "in_a_row",
              'x' AS "plain",
              '' AS "empty"
            FROM members m
            ORDER BY m.cdp_customer_id

            email < attribute email_address @ output.columns[0]
            score < attribute score @ output.columns[1]
            comments < attribute it"s @ output.columns[2]
            prospect < attribute cdp_customer_id @ output.columns[3]
            label < string @ output.columns[4]
            all_of_it < string @ output.columns[5]
            in_a_row < string @ output.columns[6]
            plain < string @ output.columns[7]
            empty < string @ output.columns[8]"#]],
    );
}

#[test]
fn all_columns() {
    let mut audience = audience();
    audience.columns.pop();
    let of = |spelling: &str| {
        let output = output(json!({spelling: true, "columns": [column("email", "email_address")]}));
        output.sql(WITH, &audience, &ids()).unwrap().strip_prefix(WITH).unwrap().to_owned()
    };
    expect![[r#"

        SELECT
          m."email_address",
          m."score",
          m."it""s",
          m."email_address" AS "email"
        FROM members m
        ORDER BY m.cdp_customer_id"#]]
    .assert_eq(&of("all_columns"));
    assert_eq!(of("allColumns"), of("all_columns"));
    check(
        json!({"all_columns": true, "columns": [column("score", "score")]}),
        expect![[r#"
        output.all_columns: column tags is a list, which no field takes
          hint: choose the columns instead of sending all
        output.columns[0].column: the name score stands twice
          hint: all_columns sends it already: take it away here, or choose the columns one by one"#]],
    );
}

#[test]
fn events() {
    check(
        json!({"columns": [column("email", "email_address")], "behaviors": [
            {"behavior": "orders", "join": "First", "columns": [column("first_order", "product")]},
            {"behavior": "behavior_orders", "join": "last", "order_by": [{"column": "amount", "order": "descending"}, {"column": "time"}],
             "columns": [column("smallest_order", "amount"), column("its_product", "product")]},
        ]}),
        expect![[r#"
            ,
            events_1 AS (
              SELECT cdp_customer_id, value_1
              FROM (
                SELECT
                  e.cdp_customer_id,
                  e."product" AS value_1,
                  ROW_NUMBER() OVER (PARTITION BY e.cdp_customer_id ORDER BY e."time" ASC NULLS LAST, e."product" ASC NULLS LAST) AS place
                FROM cdp_audience_7.behavior_orders e
              ) ranked
              WHERE place = 1
            ),
            events_2 AS (
              SELECT cdp_customer_id, value_1, value_2
              FROM (
                SELECT
                  e.cdp_customer_id,
                  e."amount" AS value_1,
                  e."product" AS value_2,
                  ROW_NUMBER() OVER (PARTITION BY e.cdp_customer_id ORDER BY e."amount" ASC NULLS LAST, e."time" DESC NULLS LAST, e."product" DESC NULLS LAST) AS place
                FROM cdp_audience_7.behavior_orders e
              ) ranked
              WHERE place = 1
            )
            SELECT
              m."email_address" AS "email",
              b1.value_1 AS "first_order",
              b2.value_1 AS "smallest_order",
              b2.value_2 AS "its_product"
            FROM members m
            LEFT JOIN events_1 b1
              ON b1.cdp_customer_id = m.cdp_customer_id
            LEFT JOIN events_2 b2
              ON b2.cdp_customer_id = m.cdp_customer_id
            ORDER BY m.cdp_customer_id

            email < attribute email_address @ output.columns[0]
            first_order < orders.product (first) @ output.behaviors[0].columns[0]
            smallest_order < orders.amount (last) @ output.behaviors[1].columns[0]
            its_product < orders.product (last) @ output.behaviors[1].columns[1]"#]],
    );
    check(
        json!({"columns": [column("email", "email_address")], "syndicationBehaviors": [
            {"behaviorTableName": "behavior_orders", "joinStrategy": "Top-N", "joinRow": 2, "orderBy": [{"key": "time", "order": "DESC"}],
             "columns": [column("order", "product"), column("amount", "amount")]},
        ]}),
        expect![[r#"
            ,
            events_1 AS (
              SELECT
                cdp_customer_id,
                MAX(CASE WHEN place = 1 THEN value_1 END) AS value_1,
                MAX(CASE WHEN place = 1 THEN value_2 END) AS value_2,
                MAX(CASE WHEN place = 2 THEN value_1 END) AS value_3,
                MAX(CASE WHEN place = 2 THEN value_2 END) AS value_4
              FROM (
                SELECT
                  e.cdp_customer_id,
                  e."product" AS value_1,
                  e."amount" AS value_2,
                  ROW_NUMBER() OVER (PARTITION BY e.cdp_customer_id ORDER BY e."time" DESC NULLS LAST, e."product" ASC NULLS LAST, e."amount" ASC NULLS LAST) AS place
                FROM cdp_audience_7.behavior_orders e
              ) ranked
              WHERE place <= 2
              GROUP BY cdp_customer_id
            )
            SELECT
              m."email_address" AS "email",
              b1.value_1 AS "order_1",
              b1.value_2 AS "amount_1",
              b1.value_3 AS "order_2",
              b1.value_4 AS "amount_2"
            FROM members m
            LEFT JOIN events_1 b1
              ON b1.cdp_customer_id = m.cdp_customer_id
            ORDER BY m.cdp_customer_id

            email < attribute email_address @ output.columns[0]
            order_1 < orders.product (1 of the top 2) @ output.behaviors[0].columns[0]
            amount_1 < orders.amount (1 of the top 2) @ output.behaviors[0].columns[1]
            order_2 < orders.product (2 of the top 2) @ output.behaviors[0].columns[0]
            amount_2 < orders.amount (2 of the top 2) @ output.behaviors[0].columns[1]"#]],
    );
    check(
        json!({"columns": [column("prospect_id", "score")], "behaviors": [
            {"behavior": "visits", "join": "all", "columns": [column("list_id", "page")]},
            {"behavior": "orders", "join": "last", "columns": [column("last_order", "product")]},
        ]}),
        expect![[r#"
            ,
            events_1 AS (
              SELECT
                e.cdp_customer_id,
                e."page" AS value_1,
                ROW_NUMBER() OVER (PARTITION BY e.cdp_customer_id ORDER BY e."page" ASC NULLS LAST) AS place
              FROM cdp_audience_7.behavior_visits e
            ),
            events_2 AS (
              SELECT cdp_customer_id, value_1
              FROM (
                SELECT
                  e.cdp_customer_id,
                  e."product" AS value_1,
                  ROW_NUMBER() OVER (PARTITION BY e.cdp_customer_id ORDER BY e."time" DESC NULLS LAST, e."product" DESC NULLS LAST) AS place
                FROM cdp_audience_7.behavior_orders e
              ) ranked
              WHERE place = 1
            )
            SELECT
              m."score" AS "prospect_id",
              b1.value_1 AS "list_id",
              b2.value_1 AS "last_order"
            FROM members m
            LEFT JOIN events_1 b1
              ON b1.cdp_customer_id = m.cdp_customer_id
            LEFT JOIN events_2 b2
              ON b2.cdp_customer_id = m.cdp_customer_id
            ORDER BY m.cdp_customer_id, b1.place

            prospect_id < attribute score @ output.columns[0]
            list_id < visits.page (all, a row each) @ output.behaviors[0].columns[0]
            last_order < orders.product (last) @ output.behaviors[1].columns[0]"#]],
    );
    check(
        json!({"behaviors": [
            {"behavior": "orders", "join": "top", "rows": 3, "formatting": "rows", "columns": [column("order", "product")]},
        ]}),
        expect![[r#"
            ,
            events_1 AS (
              SELECT cdp_customer_id, value_1, place
              FROM (
                SELECT
                  e.cdp_customer_id,
                  e."product" AS value_1,
                  ROW_NUMBER() OVER (PARTITION BY e.cdp_customer_id ORDER BY e."time" ASC NULLS LAST, e."product" ASC NULLS LAST) AS place
                FROM cdp_audience_7.behavior_orders e
              ) ranked
              WHERE place <= 3
            )
            SELECT
              b1.value_1 AS "order"
            FROM members m
            LEFT JOIN events_1 b1
              ON b1.cdp_customer_id = m.cdp_customer_id
            ORDER BY m.cdp_customer_id, b1.place

            order < orders.product (top 3, a row each) @ output.behaviors[0].columns[0]"#]],
    );
}

#[test]
fn everything_wrong_at_once() {
    check(
        json!({}),
        expect![[r#"
        output: sends no columns
          hint: add columns, or send all of them with all_columns"#]],
    );
    check(
        json!({"all_columns": true, "columns": [
            column("email", "emailaddress"), column("score", "score"), column("", "score"), column("tags_", "tags"),
            column("phone", "telephone"), column("phone", "score"),
            {"column": "a", "source": {"string": "$1 $3 $ $0 $99999999999999999999", "parameters": [{"type": "SegmentId"}, {"type": "SegmentName"}]}},
            {"column": "b", "source": {"string": "$1"}},
            {"column": "c", "source": {"parameters": []}},
            {"column": "d", "source": {"parameters": [
                {"type": "Timestamp", "format": "YYYY-MM-dd", "timezone": "Europe/Berln"}, {"type": "Timestamp", "format": "'open"},
                {"type": "Timestamp", "format": ""}]}},
        ]}),
        expect![[r#"
            output.all_columns: column tags is a list, which no field takes
              hint: choose the columns instead of sending all
            output.columns[0].source.column: the profiles have no column emailaddress
              hint: did you mean email_address?
            output.columns[3].source.column: column tags is a list, which no field takes
              hint: send another column, or make a text of the list in a query that the parent segment reads
            output.columns[4].source.column: the profiles have no column telephone
              hint: columns are email_address, score, it"s, tags
            output.columns[6].source.string: there is no parameter $3
              hint: parameters are $1 to $2; $$ is a dollar
            output.columns[6].source.string: has a $ that stands for nothing
              hint: $1 is the first parameter, $$ a dollar
            output.columns[6].source.string: there is no parameter $0
              hint: parameters are $1 to $2; $$ is a dollar
            output.columns[6].source.string: there is no parameter $99999999999999999999
              hint: parameters are $1 to $2; $$ is a dollar
            output.columns[6].source.parameters[1]: stands nowhere in the string
              hint: write $2 where it belongs, or take it away
            output.columns[7].source.string: there is no parameter $1
              hint: there are no parameters; $$ is a dollar
            output.columns[8].source: the string is empty
              hint: give it a text, parameters, or leave the column out
            output.columns[9].source.parameters[0].format: Y stands for no part of a time
              hint: the year is yyyy; letters are G y M w D d E u a H k K h m s S z Z X; other text stands in single quotes
            output.columns[9].source.parameters[0].timezone: "Europe/Berln" is not a time zone of the IANA database
              hint: did you mean Europe/Berlin?
            output.columns[9].source.parameters[1].format: a quote is not closed
              hint: letters are G y M w D d E u a H k K h m s S z Z X; other text stands in single quotes
            output.columns[9].source.parameters[2].format: is empty
              hint: letters are G y M w D d E u a H k K h m s S z Z X; other text stands in single quotes
            output.columns[1].column: the name score stands twice
              hint: all_columns sends it already: take it away here, or choose the columns one by one
            output.columns[2].column: has no name
              hint: name the field that it goes to
            output.columns[5].column: the name phone stands twice
              hint: output.columns[4] has it already: give one of them another name"#]],
    );
    check(
        json!({"behaviors": [
            {"behavior": "order", "join": "frist", "columns": []},
            {"behavior": "orders", "join": "top", "columns": [column("x", "prodct"), {"column": "y", "source": {"string": "s"}}]},
            {"behavior": "orders", "join": "top", "rows": 0, "formatting": "diagonal", "columns": [column("z", "sizes")]},
            {"behavior": "visits", "join": "first", "columns": [column("u", "page")]},
            {"behavior": "orders", "join": "all", "formatting": "cols", "order_by": [{"column": "tme", "order": "up"}], "columns": []},
        ]}),
        expect![[r#"
            output.behaviors: has 5 behaviors; there can be 4
              hint: make another activation for the others
            output.behaviors[0].join: there is no join frist
              hint: did you mean first?
            output.behaviors[0].behavior: there is no behavior order
              hint: did you mean orders?
            output.behaviors[1].rows: top wants to know how many events: 1 to 100
              hint: say rows: 3 for the first three
            output.behaviors[1].columns[0].source.column: there is no column prodct in behavior orders
              hint: did you mean product?
            output.behaviors[1].columns[1].source: is a string, not a column of the behavior
              hint: strings stand among the columns of the profile
            output.behaviors[2].formatting: is not known
              hint: cols or rows
            output.behaviors[2].columns[0].source.column: column sizes is a list, which no field takes
              hint: send another column, or make a text of the list in a query that the parent segment reads
            output.behaviors[3].order_by: behavior visits has no time to go by
              hint: say by which column events are first and last
            output.behaviors[4].formatting: all events stand in rows, because nobody knows how many there are
              hint: leave formatting out, or take top with a number of rows
            output.behaviors[4].order_by[0].order: is not known
              hint: ascending or descending
            output.behaviors[4].order_by[0].column: there is no column tme in behavior orders
              hint: did you mean time?
            output.behaviors[4].columns: sends no columns
              hint: add a column, or take it away"#]],
    );
    check(
        json!({"behaviors": [
            {"behavior": "orders", "join": "all", "columns": [column("x", "product")]},
            {"behavior": "visits", "join": "all", "columns": [column("x", "page"), column("z_2", "page")]},
            {"behavior": "orders", "join": "top", "rows": 2, "columns": [column("z", "product")]},
        ]}),
        expect![[r#"
            output.behaviors: two behaviors send a row for each event, which would multiply
              hint: take first, last or top in columns for all but one
            output.behaviors[1].columns[0].column: the name x stands twice
              hint: output.behaviors[0].columns[0] has it already: give one of them another name
            output.behaviors[2].columns[0].column: the name z_2 stands twice
              hint: output.behaviors[1].columns[1] has it already: give one of them another name"#]],
    );
}

#[test]
fn documents_round_trip() {
    let written = json!({"all_columns": false, "columns": [
        {"id": "1", "column": "label", "source": {"string": "$1", "parameters": [{"type": "Timestamp", "format": "yyyy"}]}}]});
    assert_eq!(serde_json::to_value(output(written.clone())).unwrap(), written);
    for wrong in [
        json!({"columns": [{"column": "a", "source": {"column": "b", "string": "c"}}]}),
        json!({"columns": [{"column": "a"}]}),
        json!({"colums": []}),
        json!({"columns": [{"column": "a", "source": {"parameters": [{"type": "FunnelName"}]}}]}),
    ] {
        assert!(serde_json::from_value::<Output>(wrong.clone()).is_err(), "{wrong}");
    }
}
