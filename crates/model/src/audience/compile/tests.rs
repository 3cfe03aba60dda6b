//! Rules as SQL, and what does not fit an audience.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::*;
use crate::{ColumnType, Events, Named, Zone};

/// 2026-11-23 02:00:00 in Berlin.
const NOW: i64 = 1_795_395_600;

fn fields(columns: &[(&str, ColumnType)]) -> Vec<Field> {
    columns.iter().map(|(name, column_type)| Field { name: (*name).into(), column_type: *column_type }).collect()
}

fn audience() -> Audience {
    use ColumnType::{Boolean, Date, Number, NumberArray, String, StringArray, Timestamp};
    Audience {
        number: 1,
        columns: fields(&[
            ("email", String),
            ("country", String),
            ("score", Number),
            ("joined", Timestamp),
            ("birthday", Date),
            ("active", Boolean),
            ("tags", StringArray),
            ("sizes", NumberArray),
            ("a\"; DROP TABLE x; --", String),
        ]),
        behaviors: vec![
            Events {
                name: "orders".into(),
                columns: fields(&[
                    ("ordered_at", Timestamp),
                    ("amount", Number),
                    ("category", String),
                    ("labels", StringArray),
                    ("gift", Boolean),
                    ("paid_on", Date),
                ]),
                time: Some("ordered_at".into()),
            },
            Events { name: "visits".into(), columns: fields(&[("page", String)]), time: None },
        ],
        zone: Zone::parse("Europe/Berlin").unwrap(),
    }
}

struct Others(Vec<(u64, &'static str, Rule)>);

impl Segments for Others {
    fn find(&self, reference: &str) -> Option<Named<'_>> {
        let found = self.0.iter().find(|(number, ..)| number.to_string() == reference);
        let found = found.or_else(|| self.0.iter().find(|(_, name, _)| *name == reference));
        found.map(|(number, name, rule)| Named { number: *number, name, rule })
    }

    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(_, name, _)| *name).collect()
    }
}

fn others(rules: &[(u64, &'static str, Value)]) -> Others {
    Others(rules.iter().map(|(number, name, rule)| (*number, *name, Rule::parse(rule, "rule").unwrap())).collect())
}

fn on(name: &str, operator: Value) -> Value {
    json!({"type": "Value", "leftValue": {"name": name}, "operator": operator})
}

fn all(conditions: Value) -> Value {
    json!({"type": "And", "conditions": conditions})
}

#[track_caller]
fn compiled(rule: &Value, others: &Others) -> Members {
    let rule = Rule::parse(rule, "rule").unwrap();
    let checked = rule.check(&audience(), "rule", others);
    assert!(checked.is_empty(), "{checked}");
    members(&rule, &audience(), others, NOW).unwrap()
}

#[track_caller]
fn check(rule: &Value, want: Expect) {
    want.assert_eq(&compiled(rule, &others(&[])).sql());
}

#[track_caller]
fn refuses(rule: &Value, others: &Others, want: Expect) {
    let rule = Rule::parse(rule, "rule").unwrap();
    let problems = members(&rule, &audience(), others, NOW).expect_err("a rule that does not fit");
    assert_eq!(rule.check(&audience(), "rule", others), problems);
    want.assert_eq(&format!("{problems}\n"));
}

#[test]
fn the_example_of_the_documents() {
    let rule = all(json!([
        {"type": "And", "conditions": [
            {"type": "Value", "exclude": false, "arrayMatching": null,
             "leftValue": {"name": "country"},
             "operator": {"type": "In", "not": false, "rightValues": ["JP", "US"]}},
            {"type": "Value", "exclude": false, "arrayMatching": null,
             "leftValue": {"source": {"name": "behavior_orders"},
                           "aggregation": {"type": "Sum", "column": "amount"},
                           "filter": {"type": "And", "conditions": [{"type": "Column", "column": "category", "arrayMatching": null,
                                "operator": {"type": "Equal", "not": false, "rightValue": "books"}}]},
                           "window": {"type": "TimeSliding", "duration": {"day": 90}}},
             "operator": {"type": "Greater", "not": false, "rightValue": 500}},
            {"type": "Reference", "id": "123", "exclude": true}]}]));
    let others =
        others(&[(123, "Unsubscribed", all(json!([on("active", json!({"type": "Equal", "rightValue": false}))])))]);
    let members = compiled(&rule, &others);
    expect![[r#"
        WITH orders_1 AS (
          SELECT e.cdp_customer_id, SUM(e."amount") AS value
          FROM cdp_audience_1.behavior_orders e
          WHERE e."category" = 'books'
            AND e."ordered_at" > TIMESTAMP '2026-08-25 00:00:00' /* 90 days before the run */
            AND e."ordered_at" <= TIMESTAMP '2026-11-23 01:00:00' /* the run */
          GROUP BY e.cdp_customer_id
        ),
        segment_123 AS (
          SELECT c.cdp_customer_id
          FROM cdp_audience_1.customers c
          WHERE c."active" = FALSE
        )
        SELECT c."email", c."country", c."score", c."joined", c."birthday", c."active", c."tags", c."sizes", c."a""; DROP TABLE x; --"
        FROM cdp_audience_1.customers c
        LEFT JOIN orders_1 ON orders_1.cdp_customer_id = c.cdp_customer_id
        LEFT JOIN segment_123 ON segment_123.cdp_customer_id = c.cdp_customer_id
        WHERE c."country" IN ('JP', 'US')
          AND orders_1.value > 500
          AND segment_123.cdp_customer_id IS NULL"#]].assert_eq(&members.sql());
    expect![[r#"
        WITH orders_1 AS (
          SELECT e.cdp_customer_id, SUM(e."amount") AS value
          FROM cdp_audience_1.behavior_orders e
          WHERE e."category" = 'books'
            AND e."ordered_at" > TIMESTAMP '2026-08-25 00:00:00' /* 90 days before the run */
            AND e."ordered_at" <= TIMESTAMP '2026-11-23 01:00:00' /* the run */
          GROUP BY e.cdp_customer_id
        ),
        segment_123 AS (
          SELECT c.cdp_customer_id
          FROM cdp_audience_1.customers c
          WHERE c."active" = FALSE
        )
        SELECT COUNT(*) AS population
        FROM cdp_audience_1.customers c
        LEFT JOIN orders_1 ON orders_1.cdp_customer_id = c.cdp_customer_id
        LEFT JOIN segment_123 ON segment_123.cdp_customer_id = c.cdp_customer_id
        WHERE c."country" IN ('JP', 'US')
          AND orders_1.value > 500
          AND segment_123.cdp_customer_id IS NULL"#]]
    .assert_eq(&members.count_sql());
    expect![[r#"
        WITH orders_1 AS (
          SELECT e.cdp_customer_id, SUM(e."amount") AS value
          FROM cdp_audience_1.behavior_orders e
          WHERE e."category" = 'books'
            AND e."ordered_at" > TIMESTAMP '2026-08-25 00:00:00' /* 90 days before the run */
            AND e."ordered_at" <= TIMESTAMP '2026-11-23 01:00:00' /* the run */
          GROUP BY e.cdp_customer_id
        ),
        segment_123 AS (
          SELECT c.cdp_customer_id
          FROM cdp_audience_1.customers c
          WHERE c."active" = FALSE
        ),
        members AS (
          SELECT c.*
          FROM cdp_audience_1.customers c
          LEFT JOIN orders_1 ON orders_1.cdp_customer_id = c.cdp_customer_id
          LEFT JOIN segment_123 ON segment_123.cdp_customer_id = c.cdp_customer_id
          WHERE c."country" IN ('JP', 'US')
            AND orders_1.value > 500
            AND segment_123.cdp_customer_id IS NULL
        )"#]]
    .assert_eq(&members.with("members"));
}

#[test]
fn operators_of_every_type() {
    let operators = [
        ("country", json!({"type": "Equal", "rightValue": "O'Brien -- */"})),
        ("country", json!({"type": "Equal", "not": true, "rightValue": "x"})),
        ("country", json!({"type": "In", "not": true, "rightValues": ["a", "b"]})),
        ("country", json!({"type": "Contain", "rightValues": ["50%_\\", "b"]})),
        ("country", json!({"type": "StartWith", "not": true, "rightValues": ["a"]})),
        ("country", json!({"type": "EndWith", "not": true, "rightValues": ["a", "b"]})),
        ("country", json!({"type": "Regexp", "not": true, "rightValue": "^'a"})),
        ("country", json!({"type": "Between", "minValue": "a", "maxValue": "c"})),
        ("country", json!({"type": "IsNull", "not": true})),
        ("a\"; DROP TABLE x; --", json!({"type": "IsNull"})),
        ("score", json!({"type": "Equal", "rightValue": "+0500"})),
        ("score", json!({"type": "Less", "not": true, "rightValue": -0.5})),
        ("score", json!({"type": "Greater", "rightValue": 1e300})),
        ("score", json!({"type": "In", "rightValues": [1, "2.50", 1e3]})),
        ("active", json!({"type": "Equal", "not": true, "rightValue": "True"})),
        ("joined", json!({"type": "Greater", "rightValue": {"last": 7, "unit": "day"}})),
        ("joined", json!({"type": "Less", "rightValue": "2026-10-25 02:30:00"})),
        ("joined", json!({"type": "Equal", "rightValue": 1763859600})),
        ("joined", json!({"type": "TimeToday"})),
        ("joined", json!({"type": "TimeWithinPast", "value": 36, "unit": "hour"})),
        ("joined", json!({"type": "TimeRange", "not": true, "from": {"unit": "month"}})),
        (
            "joined",
            json!({"type": "TimeRange", "duration": {"day": 3}, "reverse": true, "from": {"last": 1, "unit": "month"}}),
        ),
        ("birthday", json!({"type": "Equal", "rightValue": {"next": 1, "unit": "day"}})),
        ("birthday", json!({"type": "TimeThis", "from": {"unit": "week"}})),
        (
            "birthday",
            json!({"type": "TimeInBetweenNext", "from": {"next": 1, "unit": "day"}, "to": {"next": {"week": 1, "day": 1}}}),
        ),
    ];
    let conditions: Vec<Value> = operators.into_iter().map(|(name, operator)| on(name, operator)).collect();
    check(
        &all(json!(conditions)),
        expect![[r#"
        SELECT c."email", c."country", c."score", c."joined", c."birthday", c."active", c."tags", c."sizes", c."a""; DROP TABLE x; --"
        FROM cdp_audience_1.customers c
        WHERE c."country" = 'O''Brien -- */'
          AND c."country" <> 'x'
          AND c."country" NOT IN ('a', 'b')
          AND (c."country" LIKE '%50\%\_\\%' ESCAPE '\' OR c."country" LIKE '%b%')
          AND c."country" NOT LIKE 'a%'
          AND NOT (c."country" LIKE '%a' OR c."country" LIKE '%b')
          AND NOT REGEXP_LIKE(c."country", '^''a')
          AND c."country" BETWEEN 'a' AND 'c'
          AND c."country" IS NOT NULL
          AND c."a""; DROP TABLE x; --" IS NULL
          AND c."score" = 500
          AND c."score" >= -0.5
          AND CAST(c."score" AS DOUBLE PRECISION) > 1e300
          AND c."score" IN (1, 2.5, 1000.0)
          AND c."active" <> TRUE
          AND c."joined" > TIMESTAMP '2026-11-16 01:00:00' /* 7 days before the run */
          AND c."joined" < TIMESTAMP '2026-10-25 00:30:00'
          AND c."joined" = TIMESTAMP '2025-11-23 01:00:00'
          AND c."joined" >= TIMESTAMP '2026-11-22 23:00:00' /* start of this day */
          AND c."joined" < TIMESTAMP '2026-11-23 23:00:00' /* start of the next day */
          AND c."joined" >= TIMESTAMP '2026-11-21 13:00:00' /* 36 hours before the run */
          AND c."joined" <= TIMESTAMP '2026-11-23 01:00:00' /* the run */
          AND (
            c."joined" < TIMESTAMP '2026-09-30 22:00:00' /* start of the last month */
            OR c."joined" >= TIMESTAMP '2026-10-31 23:00:00' /* start of this month */
          )
          AND c."joined" >= TIMESTAMP '2026-10-20 00:00:00' /* 3 days before 1 month before the run */
          AND c."joined" < TIMESTAMP '2026-10-23 00:00:00' /* 1 month before the run */
          AND c."birthday" = DATE '2026-11-24' /* 1 day after the run */
          AND c."birthday" >= DATE '2026-11-23' /* start of this week */
          AND c."birthday" < DATE '2026-11-30' /* start of the next week */
          AND c."birthday" >= DATE '2026-11-24' /* 1 day after the run */
          AND c."birthday" < DATE '2026-12-01' /* 1 week, 1 day after the run */"#]],
    );
}

#[test]
fn groups_complements_and_expressions() {
    let (a, b) = (on("score", json!({"type": "Greater", "rightValue": 1})), on("active", json!({"type": "IsNull"})));
    let mut excluded = a.clone();
    excluded["exclude"] = json!(true);
    let inner = json!({"type": "Composite", "expr": "1 and not (A or B)", "conditions": [a, b]});
    check(
        &json!({"type": "Or", "conditions": [excluded, inner, {"type": "And", "conditions": [a, b]}]}),
        expect![[r#"
            SELECT c."email", c."country", c."score", c."joined", c."birthday", c."active", c."tags", c."sizes", c."a""; DROP TABLE x; --"
            FROM cdp_audience_1.customers c
            WHERE (c."score" > 1) IS NOT TRUE
              OR (
                c."score" > 1
                AND (
                  c."score" > 1
                  OR c."active" IS NULL
                ) IS NOT TRUE
              )
              OR (
                c."score" > 1
                AND c."active" IS NULL
              )"#]],
    );
}

#[test]
fn lists() {
    let equal = json!({"type": "Equal", "rightValue": "a"});
    let list = |name: &str, matching: Value, operator: &Value| json!({"type": "Value", "leftValue": {"name": name}, "arrayMatching": matching, "operator": operator});
    check(
        &all(json!([
            list("tags", json!(null), &equal),
            list("tags", json!("all"), &json!({"type": "Contain", "not": true, "rightValues": ["a", "b"]})),
            list("tags", json!({"atMost": 2}), &equal),
            list("sizes", json!({"atLeast": 0}), &json!({"type": "Less", "rightValue": 5})),
            list("sizes", json!(null), &json!({"type": "IsNull"})),
        ])),
        expect![[r#"
            WITH tags_1 AS (
              SELECT u.cdp_customer_id, COUNT(*) AS matches
              FROM (SELECT cdp_customer_id, UNNEST("tags") AS element FROM cdp_audience_1.customers) u
              WHERE u.element = 'a'
              GROUP BY u.cdp_customer_id
            ),
            tags_2 AS (
              SELECT u.cdp_customer_id, COUNT(*) AS elements,
                COUNT(CASE WHEN NOT (u.element LIKE '%a%' OR u.element LIKE '%b%') THEN 1 END) AS matches
              FROM (SELECT cdp_customer_id, UNNEST("tags") AS element FROM cdp_audience_1.customers) u
              GROUP BY u.cdp_customer_id
            ),
            tags_3 AS (
              SELECT u.cdp_customer_id, COUNT(*) AS matches
              FROM (SELECT cdp_customer_id, UNNEST("tags") AS element FROM cdp_audience_1.customers) u
              WHERE u.element = 'a'
              GROUP BY u.cdp_customer_id
            )
            SELECT c."email", c."country", c."score", c."joined", c."birthday", c."active", c."tags", c."sizes", c."a""; DROP TABLE x; --"
            FROM cdp_audience_1.customers c
            LEFT JOIN tags_1 ON tags_1.cdp_customer_id = c.cdp_customer_id
            LEFT JOIN tags_2 ON tags_2.cdp_customer_id = c.cdp_customer_id
            LEFT JOIN tags_3 ON tags_3.cdp_customer_id = c.cdp_customer_id
            WHERE tags_1.matches >= 1
              AND tags_2.matches = tags_2.elements
              AND c."tags" IS NOT NULL
              AND COALESCE(tags_3.matches, 0) <= 2
              AND c."sizes" IS NOT NULL
              AND c."sizes" IS NULL"#]],
    );
}

fn orders(aggregation: Value, operator: Value) -> Value {
    let left = json!({"source": {"name": "orders"}, "aggregation": aggregation, "filter": {}});
    json!({"type": "Value", "leftValue": left, "operator": operator})
}

#[test]
fn behaviors() {
    let few = json!({"type": "Less", "rightValue": 3});
    let mut labelled = orders(
        json!({"type": "CountDistinct", "columns": ["category", "gift"], "groupingColumns": ["gift"]}),
        few.clone(),
    );
    labelled["leftValue"]["filter"] = json!({"type": "Or", "conditions": [
        {"type": "Column", "column": "labels", "arrayMatching": {"exactly": 1}, "operator": {"type": "StartWith", "rightValues": ["x"]}},
        {"type": "Column", "column": "timestamp", "operator": {"type": "TimeRange", "from": {"unit": "day"}}}]});
    check(
        &all(json!([
            orders(json!({"type": "Count", "groupingColumns": []}), few.clone()),
            orders(json!({"type": "Average", "column": "amount"}), few),
            orders(
                json!({"type": "Last", "column": "category", "orderColumn": "timestamp"}),
                json!({"type": "Equal", "rightValue": "books"})
            ),
            labelled,
        ])),
        expect![[r#"
            WITH orders_1 AS (
              SELECT e.cdp_customer_id, COUNT(*) AS value
              FROM cdp_audience_1.behavior_orders e
              GROUP BY e.cdp_customer_id
            ),
            orders_2 AS (
              SELECT e.cdp_customer_id, AVG(CAST(e."amount" AS DOUBLE PRECISION)) AS value
              FROM cdp_audience_1.behavior_orders e
              GROUP BY e.cdp_customer_id
            ),
            orders_3 AS (
              SELECT r.cdp_customer_id, r.value
              FROM (
                SELECT e.cdp_customer_id, e."category" AS value, ROW_NUMBER() OVER (
                  PARTITION BY e.cdp_customer_id
                  ORDER BY e."ordered_at" DESC, e."category" DESC NULLS LAST
                ) AS place
                FROM cdp_audience_1.behavior_orders e
                WHERE e."ordered_at" IS NOT NULL
              ) r
              WHERE r.place = 1
            ),
            labels_4 AS (
              SELECT u.cdp_event_id, COUNT(*) AS matches
              FROM (SELECT cdp_event_id, UNNEST("labels") AS element FROM cdp_audience_1.behavior_orders) u
              WHERE u.element LIKE 'x%'
              GROUP BY u.cdp_event_id
            ),
            orders_5 AS (
              SELECT d.cdp_customer_id, COUNT(CASE WHEN d.value_1 IS NOT NULL AND d.value_2 IS NOT NULL THEN 1 END) AS value
              FROM (
                SELECT DISTINCT e.cdp_customer_id, e."gift" AS group_1, e."category" AS value_1, e."gift" AS value_2
                FROM cdp_audience_1.behavior_orders e
                LEFT JOIN labels_4 ON labels_4.cdp_event_id = e.cdp_event_id
                WHERE (
                  e."labels" IS NOT NULL
                  AND COALESCE(labels_4.matches, 0) = 1
                )
                  OR (
                    e."ordered_at" >= TIMESTAMP '2026-11-21 23:00:00' /* start of the last day */
                    AND e."ordered_at" < TIMESTAMP '2026-11-22 23:00:00' /* start of this day */
                  )
              ) d
              GROUP BY d.cdp_customer_id, d.group_1
            ),
            orders_6 AS (
              SELECT g.cdp_customer_id
              FROM orders_5 g
              WHERE g.value < 3
              GROUP BY g.cdp_customer_id
            )
            SELECT c."email", c."country", c."score", c."joined", c."birthday", c."active", c."tags", c."sizes", c."a""; DROP TABLE x; --"
            FROM cdp_audience_1.customers c
            LEFT JOIN orders_1 ON orders_1.cdp_customer_id = c.cdp_customer_id
            LEFT JOIN orders_2 ON orders_2.cdp_customer_id = c.cdp_customer_id
            LEFT JOIN orders_3 ON orders_3.cdp_customer_id = c.cdp_customer_id
            LEFT JOIN orders_6 ON orders_6.cdp_customer_id = c.cdp_customer_id
            WHERE COALESCE(orders_1.value, 0) < 3
              AND orders_2.value < 3
              AND orders_3.value = 'books'
              AND orders_6.cdp_customer_id IS NOT NULL"#]],
    );
}

#[test]
fn limits() {
    let mut top = orders(
        json!({"type": "Sum", "column": "amount", "groupingColumns": ["category"]}),
        json!({"type": "Greater", "rightValue": 5}),
    );
    top["limit"] =
        json!({"type": "Count", "number": 10, "orderColumns": [{"type": "Aggregation", "order": "descending"}]});
    let rule = json!({"type": "And", "conditions": [top],
        "limit": {"type": "Percent", "number": 12.5, "orderColumns": [{"type": "Column", "column": "score", "order": "ascending"}]}});
    check(
        &rule,
        expect![[r#"
            WITH orders_1 AS (
              SELECT e.cdp_customer_id, SUM(e."amount") AS value
              FROM cdp_audience_1.behavior_orders e
              GROUP BY e.cdp_customer_id, e."category"
            ),
            orders_2 AS (
              SELECT g.cdp_customer_id, MIN(g.value) AS lowest, MAX(g.value) AS highest
              FROM orders_1 g
              WHERE g.value > 5
              GROUP BY g.cdp_customer_id
            ),
            limited_3 AS (
              SELECT c.cdp_customer_id
              FROM cdp_audience_1.customers c
              LEFT JOIN orders_2 ON orders_2.cdp_customer_id = c.cdp_customer_id
              WHERE orders_2.cdp_customer_id IS NOT NULL
              ORDER BY orders_2.highest DESC NULLS LAST, c.cdp_customer_id
              LIMIT 10
            ),
            ranked_4 AS (
              SELECT c.cdp_customer_id, ROW_NUMBER() OVER (ORDER BY c."score" ASC NULLS LAST, c.cdp_customer_id) AS place, COUNT(*) OVER () AS people
              FROM cdp_audience_1.customers c
              LEFT JOIN limited_3 ON limited_3.cdp_customer_id = c.cdp_customer_id
              WHERE limited_3.cdp_customer_id IS NOT NULL
            )
            SELECT c."email", c."country", c."score", c."joined", c."birthday", c."active", c."tags", c."sizes", c."a""; DROP TABLE x; --"
            FROM cdp_audience_1.customers c
            LEFT JOIN ranked_4 ON ranked_4.cdp_customer_id = c.cdp_customer_id
            WHERE (ranked_4.place - 1) * 1000 < ranked_4.people * 125 /* 12.5 percent, rounded up */
            ORDER BY ranked_4.place"#]],
    );
    let rule = json!({"type": "And", "conditions": [on("active", json!({"type": "IsNull"}))], "limit": {"type": "Count", "number": 7}});
    let members = compiled(&rule, &others(&[]));
    expect![[r#"
        SELECT COUNT(*) AS population
        FROM (
          SELECT c.cdp_customer_id
          FROM cdp_audience_1.customers c
          WHERE c."active" IS NULL
          ORDER BY c.cdp_customer_id
          LIMIT 7
        ) m"#]]
    .assert_eq(&members.count_sql());
    expect![[r#"
        WITH chosen AS (
          SELECT c.*
          FROM cdp_audience_1.customers c
          WHERE c."active" IS NULL
          ORDER BY c.cdp_customer_id
          LIMIT 7
        )"#]]
    .assert_eq(&members.with("chosen"));
}

#[test]
fn what_does_not_fit_the_audience() {
    let list = json!({"type": "Value", "leftValue": {"name": "country"}, "arrayMatching": "any", "operator": {"type": "IsNull"}});
    let is_null =
        json!({"type": "Value", "leftValue": {"name": "tags"}, "arrayMatching": "any", "operator": {"type": "IsNull"}});
    let mut other_source = orders(json!({"type": "Count"}), json!({"type": "IsNull"}));
    other_source["leftValue"]["source"]["name"] = json!("behavior_order");
    let mut no_time = orders(json!({"type": "Count"}), json!({"type": "IsNull"}));
    no_time["leftValue"]["source"]["name"] = json!("visits");
    no_time["leftValue"]["window"] = json!({"type": "TimeSliding", "duration": {"day": 1}});
    let mut limited = on("active", json!({"type": "IsNull"}));
    limited["limit"] = json!({"type": "Count", "number": 1, "orderColumns": [
        {"type": "Aggregation", "order": "ascending"}, {"type": "Column", "column": "tags", "order": "ascending"}]});
    refuses(
        &all(json!([
            on("contry", json!({"type": "IsNull"})),
            on("country", json!({"type": "Equal", "rightValue": 5})),
            on("country", json!({"type": "TimeToday"})),
            on("score", json!({"type": "Contain", "rightValues": ["a"]})),
            on("score", json!({"type": "In", "rightValues": [1, "1 OR 1=1"]})),
            on("active", json!({"type": "Equal", "rightValue": "yes"})),
            on("joined", json!({"type": "Less", "rightValue": "soon"})),
            on("joined", json!({"type": "Less", "rightValue": {"last": 900, "unit": "year"}})),
            list,
            is_null,
            other_source,
            no_time,
            limited,
            orders(json!({"type": "Sum", "column": "category"}), json!({"type": "IsNull"})),
            orders(json!({"type": "Min", "column": "gift"}), json!({"type": "IsNull"})),
            orders(json!({"type": "First", "column": "labels", "orderColumn": "when"}), json!({"type": "IsNull"})),
            {"type": "Reference", "id": "Nobody"},
        ])),
        &others(&[(4, "Nobodies", all(json!([on("active", json!({"type": "IsNull"}))])))]),
        expect![[r#"
            rule.conditions[16].id: there is no segment "Nobody"
              hint: write the number or the name of a segment of this parent segment
            rule.conditions[0].leftValue.name: there is no attribute "contry"
              hint: did you mean "country"?
            rule.conditions[1].operator.rightValue: must be text: "country" holds text
              hint: write it in quotes
            rule.conditions[2].operator.type: TimeToday cannot compare "country", which holds text
              hint: text can be compared with Equal, In, Contain, StartWith, EndWith, Regexp, Greater, GreaterEqual, Less, LessEqual, Between and IsNull
            rule.conditions[3].operator.type: Contain cannot compare "score", which holds numbers
              hint: numbers can be compared with Equal, In, Greater, GreaterEqual, Less, LessEqual, Between and IsNull
            rule.conditions[4].operator.rightValues[1]: must be a number: "score" holds numbers
              hint: write it like 500 or -0.5
            rule.conditions[5].operator.rightValue: must be true or false: "active" holds true or false
            rule.conditions[6].operator.rightValue: must be a moment: "joined" holds moments
              hint: write seconds since 1970, 2026-11-23, 2026-11-23 02:00:00, 2026-11-23T02:00:00Z, {"last": 7, "unit": "day"} or {"next": 7, "unit": "day"}
            rule.conditions[7].operator.rightValue: lies outside of the years 1678 to 2261
            rule.conditions[8].arrayMatching: must be null: "country" is no list
            rule.conditions[9].arrayMatching: must be null for IsNull
              hint: IsNull asks whether the list as a whole is missing; missing elements satisfy no operator
            rule.conditions[10].leftValue.source.name: there is no behavior "behavior_order"
            rule.conditions[11].leftValue.window: cannot be told: the behavior "visits" has no time
              hint: name its column of time in the parent segment
            rule.conditions[12].limit.orderColumns[0].type: there is no aggregation here
              hint: order by a column of the profiles
            rule.conditions[12].limit.orderColumns[1].column: "tags" is a list, and lists have no order
            rule.conditions[13].leftValue.aggregation.column: must hold numbers for Sum
            rule.conditions[14].leftValue.aggregation.column: cannot be true or false for Min
              hint: count the events with the value you mean
            rule.conditions[15].leftValue.aggregation.column: "labels" is a list, and cannot be aggregated
            rule.conditions[15].leftValue.aggregation.orderColumn: the behavior "orders" has no column "when"
        "#]],
    );
}

#[test]
fn rings_are_named_and_broken_segments_too() {
    let refers = |id: &str| all(json!([{"type": "Reference", "id": id, "exclude": false}]));
    let ring = others(&[(5, "A", refers("6")), (6, "B", refers("C")), (7, "C", refers("5")), (8, "D", refers("8"))]);
    refuses(
        &refers("6"),
        &ring,
        expect![[r#"
        rule.conditions[0].id: segments refer to one another in a ring: "B" → "C" → "A" → "B"
          hint: take one of these references out
    "#]],
    );
    refuses(
        &refers("D"),
        &ring,
        expect![[r#"
        rule.conditions[0].id: segments refer to one another in a ring: "D" → "D"
          hint: take one of these references out
    "#]],
    );
    let broken = others(&[(5, "A", refers("6")), (6, "B", all(json!([on("gone", json!({"type": "IsNull"}))])))]);
    refuses(
        &refers("A"),
        &broken,
        expect![[r#"
        rule.conditions[0].id: segment "A" cannot be used, because it draws in segment "B": rule.conditions[0].leftValue.name: there is no attribute "gone"
          hint: mend segment "B" first
    "#]],
    );
    let missing = others(&[(5, "A", refers("9"))]);
    refuses(
        &refers("A"),
        &missing,
        expect![[r#"
        rule.conditions[0].id: segment "A" refers to "9", which is no segment
          hint: did you mean "A"?
    "#]],
    );
}

#[test]
fn each_segment_is_one_part() {
    let refers = |ids: &[&str]| {
        all(json!(ids.iter().map(|id| json!({"type": "Reference", "id": id, "exclude": false})).collect::<Vec<_>>()))
    };
    let active = all(json!([on("active", json!({"type": "Equal", "rightValue": true}))]));
    let others = others(&[(5, "A", refers(&["6", "C"])), (6, "B", refers(&["7"])), (7, "C", active)]);
    expect![[r#"
        WITH segment_7 AS (
          SELECT c.cdp_customer_id
          FROM cdp_audience_1.customers c
          WHERE c."active" = TRUE
        ),
        segment_6 AS (
          SELECT c.cdp_customer_id
          FROM cdp_audience_1.customers c
          LEFT JOIN segment_7 ON segment_7.cdp_customer_id = c.cdp_customer_id
          WHERE segment_7.cdp_customer_id IS NOT NULL
        ),
        segment_5 AS (
          SELECT c.cdp_customer_id
          FROM cdp_audience_1.customers c
          LEFT JOIN segment_6 ON segment_6.cdp_customer_id = c.cdp_customer_id
          LEFT JOIN segment_7 ON segment_7.cdp_customer_id = c.cdp_customer_id
          WHERE segment_6.cdp_customer_id IS NOT NULL
            AND segment_7.cdp_customer_id IS NOT NULL
        )
        SELECT COUNT(*) AS population
        FROM cdp_audience_1.customers c
        LEFT JOIN segment_5 ON segment_5.cdp_customer_id = c.cdp_customer_id
        LEFT JOIN segment_6 ON segment_6.cdp_customer_id = c.cdp_customer_id
        WHERE segment_5.cdp_customer_id IS NOT NULL
          AND segment_6.cdp_customer_id IS NOT NULL
          AND segment_5.cdp_customer_id IS NOT NULL"#]]
    .assert_eq(&compiled(&refers(&["5", "6", "A"]), &others).count_sql());
}

#[test]
fn too_much_is_refused() {
    let leaf = on("active", json!({"type": "IsNull"}));
    let refers = |ids: &[String]| {
        all(json!(ids.iter().map(|id| json!({"type": "Reference", "id": id, "exclude": false})).collect::<Vec<_>>()))
    };
    // Every segment draws in all before it: as SQL, each would be there thousands of times.
    let mut rules = vec![(0, "0", all(json!([leaf])))];
    for number in 1..20 {
        let before: Vec<String> = (0..number).map(|number| number.to_string()).collect();
        rules.push((number, "n", refers(&before)));
    }
    refuses(
        &refers(&["19".into()]),
        &others(&rules),
        expect![[r#"
        rule: draws in 524288 segments through its references; at most 100 are possible
          hint: segments that refer to the same segment draw it in once each
    "#]],
    );
    let mut chain = vec![(0, "0", all(json!([leaf])))];
    chain.extend((1..40).map(|number: u64| (number, "n", refers(&[(number - 1).to_string()]))));
    refuses(
        &refers(&["39".into()]),
        &others(&chain),
        expect![[r#"
        rule.conditions[0].id: segments refer to segments over more than 30 steps
          hint: write the conditions themselves
    "#]],
    );
    let mut nested = leaf.clone();
    for _ in 0..9 {
        nested = json!({"type": "Composite", "expr": "not (A and B) or not B", "conditions": [nested, leaf]});
    }
    refuses(
        &nested,
        &others(&[]),
        expect![[r#"
        rule: nests conditions deeper than 20 levels
    "#]],
    );
    let mut nested = leaf;
    for _ in 0..6 {
        nested =
            json!({"type": "Composite", "expr": "A and A and A and A and A and A and A and A", "conditions": [nested]});
    }
    refuses(
        &nested,
        &others(&[]),
        expect![[r#"
        rule: has more than 5,000 comparisons, with those that expressions repeat and those of segments it refers to
          hint: compute some of them in SQL, and join the result as an attribute
    "#]],
    );
    let counts = vec![orders(json!({"type": "Count"}), json!({"type": "IsNull"})); 201];
    refuses(
        &all(json!(counts)),
        &others(&[]),
        expect![[r#"
        rule: has more than 200 conditions on behaviours, lists and segments, and limits
          hint: compute some of them in SQL, and join the result as an attribute
    "#]],
    );
}

/// Refused, and before the machine has felt it.
#[track_caller]
fn soon_refuses(rule: &Value, others: &Others, want: Expect) {
    let started = std::time::Instant::now();
    refuses(rule, others, want);
    assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
}

const TOO_MANY_BYTES: &str =
    "rule: would be more than 2 MB of SQL, with what expressions repeat and the segments it refers to
  hint: put long lists of values into a table, and join it as an attribute or a behavior
";

#[track_caller]
fn too_many_bytes(rule: &Value, others: &Others) {
    let started = std::time::Instant::now();
    let rule = Rule::parse(rule, "rule").unwrap();
    let problems = members(&rule, &audience(), others, NOW).expect_err("a rule that is too large");
    assert_eq!(format!("{problems}\n"), TOO_MANY_BYTES);
    assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn sql_is_never_made_that_would_be_too_large() {
    let texts = |count: usize| (0..count).map(|number| format!("text {number}")).collect::<Vec<_>>();
    let long = on("country", json!({"type": "In", "rightValues": texts(10_000)}));
    compiled(&all(json!([long])), &others(&[]));
    // One list a thousand times, by one expression.
    let expr = vec!["A"; 1_000].join(" or ");
    let repeated = json!({"type": "Composite", "expr": expr, "conditions": [long]});
    too_many_bytes(&repeated, &others(&[]));
    // By many expressions, each small enough, side by side and one in another.
    let expr = ["A"; 5].join(" and not ");
    let repeated = json!({"type": "Composite", "expr": expr, "conditions": [long]});
    too_many_bytes(&all(json!(vec![repeated.clone(); 20])), &others(&[]));
    too_many_bytes(&json!({"type": "Composite", "expr": expr, "conditions": [repeated]}), &others(&[]));
    // In segments, each small enough.
    let number = |number: u64| (number, "n", all(json!([long])));
    let many: Vec<_> = (1..30).map(number).collect();
    let refers: Vec<Value> =
        (1..30).map(|number| json!({"type": "Reference", "id": number, "exclude": false})).collect();
    too_many_bytes(&all(json!(refers)), &others(&many));
    // In the events of behaviours.
    let mut filtered = orders(json!({"type": "Count"}), json!({"type": "IsNull"}));
    filtered["leftValue"]["filter"] = json!({"type": "And", "conditions": [{"type": "Column", "column": "category",
        "operator": {"type": "In", "rightValues": texts(10_000)}}]});
    too_many_bytes(&all(json!(vec![filtered; 20])), &others(&[]));
    // Texts are a comparison each.
    let contains = on("country", json!({"type": "Contain", "rightValues": texts(1_000)}));
    compiled(&all(json!(vec![contains.clone(); 5])), &others(&[]));
    soon_refuses(
        &all(json!(vec![contains; 6])),
        &others(&[]),
        expect![[r#"
            rule: has more than 5,000 comparisons, with those that expressions repeat and those of segments it refers to
              hint: compute some of them in SQL, and join the result as an attribute
        "#]],
    );
}

#[test]
fn a_broken_segment_is_looked_at_once() {
    // Each refers to the one before it twice: looked at anew each time, the first would be a billion times.
    let mut rules = vec![(0, "s0", all(json!([on("gone", json!({"type": "IsNull"}))])))];
    for number in 1..30 {
        let before = json!({"type": "Reference", "id": number - 1, "exclude": false});
        let not_before = json!({"type": "Reference", "id": number - 1, "exclude": true});
        rules.push((number, "later", json!({"type": "Or", "conditions": [before, not_before]})));
    }
    soon_refuses(
        &all(json!([{"type": "Reference", "id": 29}, {"type": "Reference", "id": "s0"}])),
        &others(&rules),
        expect![[r#"
            rule.conditions[0].id: segment "later" cannot be used, because it draws in segment "s0": rule.conditions[0].leftValue.name: there is no attribute "gone"
              hint: mend segment "s0" first
            rule.conditions[1].id: segment "s0" cannot be used: rule.conditions[0].leftValue.name: there is no attribute "gone"
              hint: mend that segment first
        "#]],
    );
}

#[test]
fn days_have_no_hours() {
    let window = |word: &str, unit: &str| json!({"type": word, "from": {"unit": unit}});
    compiled(
        &all(json!([on("birthday", window("TimeThis", "day")), on("joined", window("TimeThis", "hour"))])),
        &others(&[]),
    );
    refuses(
        &all(json!([
            on("birthday", window("TimeThis", "hour")),
            on("birthday", window("TimeNext", "minute")),
            orders(json!({"type": "Max", "column": "paid_on"}), window("TimeRange", "second")),
        ])),
        &others(&[]),
        expect![[r#"
            rule.conditions[0].operator.from.unit: cannot be hour: "birthday" holds days
              hint: write day, or a longer unit
            rule.conditions[1].operator.from.unit: cannot be minute: "birthday" holds days
              hint: write day, or a longer unit
            rule.conditions[2].operator.from.unit: cannot be second: the Max of "orders" holds days
              hint: write day, or a longer unit
        "#]],
    );
}
