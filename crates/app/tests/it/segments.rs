//! Segments: folders, references, counts, and what happens to them when profiles and other segments change.

use api::{JobKind, PreviewRequest, SegmentSpec, SegmentTry};
use app::AppError;
use expect_test::expect;
use serde_json::{Value, json};

use crate::people::{
    CONTACTS, People, activation, all, among, attribute, emails, names, parent_from, people_spec, reference, said,
    segment,
};

/// What was refused, as somebody reads it.
fn refused<T>(result: Result<T, AppError>) -> String {
    match result {
        Ok(_) => "taken".into(),
        Err(error) => said(&error),
    }
}

#[tokio::test]
async fn segments_stand_in_folders_and_are_listed_by_them() {
    let people = People::with(|_| {}).await;
    let (app, actor) = (people.app(), &people.bench().actor);
    let other = parent_from(json!({ "name": "buyers", "master": { "table": "loyalty", "key": "contact_id" } }));
    app.create_parent_segment(actor, other).await.expect("made");
    let germans = all(&[among("country", &["DE"])]);
    let golden = all(&[among("tier", &["gold"])]);
    let folders = [
        ("a", "people", None),
        ("b", "people", Some("Europe")),
        ("c", "people", Some("Europe/Buyers")),
        ("d", "people", Some("Europeans")),
        ("e", "buyers", Some("Europe/Buyers/Big")),
    ];
    for (name, parent, folder) in folders {
        let rule = if parent == "people" { &germans } else { &golden };
        let spec = SegmentSpec {
            parent_segment: parent.into(),
            folder: folder.map(str::to_owned),
            description: Some("what for".into()),
            ..segment(name, rule.clone())
        };
        let made = app.create_segment(actor, spec.clone()).await.expect("made");
        assert_eq!((made.spec, made.revision, made.population), (spec, 1, None));
        assert_eq!((made.created_by.as_str(), made.updated_by.as_str()), ("command line", "command line"));
    }
    let cases: [(Option<&str>, Option<&str>, &str); 8] = [
        (None, None, "abcde"),
        (Some("people"), None, "abcd"),
        (None, Some("Europe"), "bce"),
        (None, Some("/Europe/"), "bce"),
        (None, Some("Europe/Buyers"), "ce"),
        (Some("buyers"), Some("Europe"), "e"),
        (None, Some("Asia"), ""),
        (None, Some(""), "abcde"),
    ];
    for (parent, folder, wanted) in cases {
        let (mut found, mut after) = (String::new(), None);
        loop {
            let page = app.segments(actor, parent, folder, after.as_deref(), 2).await.expect("a page");
            found.extend(page.items.into_iter().map(|segment| segment.spec.name));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, wanted, "{parent:?} {folder:?}");
    }
    let ids: Vec<u64> =
        app.segments(actor, None, None, None, 10).await.expect("a page").items.iter().map(|found| found.id).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5]);
    let mut said = vec![refused(app.segments(actor, Some("peple"), None, None, 10).await)];
    for folder in ["", "/Europe", "Europe//Buyers", "Europe/<b>", "../x"] {
        let spec = SegmentSpec { folder: Some(folder.into()), ..segment("f", germans.clone()) };
        said.push(format!("{folder}: {}", refused(app.create_segment(actor, spec).await)));
    }
    expect![[r#"
        there is no parent segment peple
          hint: did you mean people?
        : segment.folder: has a part that is no name
          hint: write its parts with / between them: Europe/Buyers
        /Europe: segment.folder: has a part that is no name
          hint: write its parts with / between them: Europe/Buyers
        Europe//Buyers: segment.folder: has a part that is no name
          hint: write its parts with / between them: Europe/Buyers
        Europe/<b>: segment.folder: has a part that is no name
          hint: write its parts with / between them: Europe/Buyers
        ../x: segment.folder: has a part that is no name
          hint: write its parts with / between them: Europe/Buyers"#]]
    .assert_eq(&said.join("\n"));
}

#[tokio::test]
async fn everything_wrong_with_a_segment_is_said_at_once() {
    let people = People::new().await;
    let (app, actor) = (people.app(), &people.bench().actor);
    let rule = all(&[
        among("contry", &["DE"]),
        attribute("points", json!({ "type": "Contain", "rightValues": ["1"] })),
        attribute("points", json!({ "type": "Greater", "rightValue": "many" })),
        attribute("first_name", json!({ "type": "Regexp", "rightValue": "(" })),
        attribute("first_name", json!({ "type": "Like", "rightValue": "A%" })),
        reference("Nobody"),
        json!({ "type": "Value", "leftValue": { "source": { "name": "behavior_order" }, "aggregation": { "type": "Count" } },
                "operator": { "type": "Greater", "rightValue": 1 } }),
    ]);
    let spec = SegmentSpec { folder: Some("/".into()), ..segment("<b>", rule.clone()) };
    let mut said = vec![refused(app.create_segment(actor, spec).await)];
    // What its shape says comes first; this is the rest.
    let Value::Array(mut conditions) = rule["conditions"][0]["conditions"].clone() else { panic!("conditions") };
    conditions
        .retain(|condition| condition["operator"]["type"] != "Like" && condition["operator"]["rightValue"] != "(");
    said.push(refused(app.create_segment(actor, segment("a", all(&conditions))).await));
    let nowhere = SegmentSpec { parent_segment: "peple".into(), ..segment("a", all(&[among("country", &["DE"])])) };
    said.push(refused(app.create_segment(actor, nowhere).await));
    said.push(refused(app.create_segment(actor, segment("a", json!({}))).await));
    said.push(refused(app.look_at_segment(actor, "a", 10).await));
    expect![[r#"
        segment.name: has characters that a name cannot have
          hint: letters, digits, space, -, _ and . ; first a letter or digit; at most 100
        segment.folder: has a part that is no name
          hint: write its parts with / between them: Europe/Buyers
        segment.rule.conditions[0].conditions[3].operator.rightValue: is no regular expression
          hint: brackets must be closed, and \ must stand before a character that means itself; there is no look-around
        segment.rule.conditions[0].conditions[4].operator.type: cannot be "Like"
          hint: it is one of Equal, Greater, GreaterEqual, Less, LessEqual, Between, In, Contain, StartWith, EndWith, Regexp, IsNull, TimeToday, TimeThis, TimeNext, TimeWithinPast, TimeWithinNext, TimeRange, TimeInBetweenNext

        segment.rule.conditions[0].conditions[3].id: there is no segment "Nobody"
          hint: write the number or the name of a segment of this parent segment
        segment.rule.conditions[0].conditions[0].leftValue.name: there is no attribute "contry"
          hint: did you mean "country"?
        segment.rule.conditions[0].conditions[1].operator.type: Contain cannot compare "points", which holds numbers
          hint: numbers can be compared with Equal, In, Greater, GreaterEqual, Less, LessEqual, Between and IsNull
        segment.rule.conditions[0].conditions[2].operator.rightValue: must be a number: "points" holds numbers
          hint: write it like 500 or -0.5
        segment.rule.conditions[0].conditions[4].leftValue.source.name: there is no behavior "behavior_order"

        segment.parent_segment: there is no parent segment peple
          hint: did you mean people?

        segment.rule.type: is missing
        segment.rule.conditions: is missing

        there is no segment a"#]].assert_eq(&said.join("\n\n"));
}

#[tokio::test]
async fn references_by_number_and_by_name_are_found_counted_and_kept() {
    let people = People::new().await;
    let (app, actor) = (people.app(), &people.bench().actor);
    people.segment("Germans", all(&[among("country", &["DE", "AT"])])).await;
    people.segment("Golden", all(&[among("tier", &["gold"])])).await;
    assert_eq!(people.chosen(all(&[reference("1"), reference("Golden")])).await, ["Ada"]);
    let rest = json!({ "type": "Reference", "id": "Golden", "exclude": true });
    assert_eq!(people.chosen(all(&[reference("1"), rest.clone()])).await, ["Bob"]);
    people.segment("By number", all(&[reference("1")])).await;
    people.segment("By name", all(&[reference("Golden"), reference("By number")])).await;
    let view = async |name: &str| app.segment(actor, name).await.expect("it is there");
    assert_eq!(view("Germans").await.referenced_by, ["By number"]);
    assert_eq!(view("Golden").await.referenced_by, ["By name"]);

    let renamed = |name: &str, to: &str| SegmentSpec { name: to.into(), ..segment(name, json!({})) };
    let mut said = Vec::new();
    for (name, to) in [("Golden", "Gold"), ("By number", "Numbered"), ("Germans", "Golden")] {
        let rule = view(name).await.spec.rule;
        let spec = SegmentSpec { rule, ..renamed(name, to) };
        said.push(format!("{name} → {to}: {}", refused(app.put_segment(actor, name, spec, None).await)));
    }
    for name in ["Germans", "Golden", "By number"] {
        said.push(format!("{name} goes: {}", refused(app.delete_segment(actor, name).await)));
    }
    let other = parent_from(json!({ "name": "others", "master": { "table": "contacts", "key": "contact_id" } }));
    app.create_parent_segment(actor, other).await.expect("made");
    let moved = SegmentSpec { parent_segment: "others".into(), ..view("Germans").await.spec };
    said.push(format!("Germans elsewhere: {}", refused(app.put_segment(actor, "Germans", moved, None).await)));
    let mut foreign = segment("Foreign", all(&[reference("Germans")]));
    foreign.parent_segment = "others".into();
    said.push(format!("from elsewhere: {}", refused(app.create_segment(actor, foreign).await)));
    expect![[r#"
        Golden → Gold: segment.name: cannot change: By name refer to it by its name
          hint: have them refer to it by its number, 2
        By number → Numbered: segment.name: cannot change: By name refer to it by its name
          hint: have them refer to it by its number, 3
        Germans → Golden: there is a segment Golden already
          hint: choose another name, or change that one
        Germans goes: segment Germans is used by segment By number
          hint: delete or change these first
        Golden goes: segment Golden is used by segment By name
          hint: delete or change these first
        By number goes: segment By number is used by segment By name
          hint: delete or change these first
        Germans elsewhere: segment.parent_segment: cannot change while it is used by segment By number
        from elsewhere: segment.rule.conditions[0].conditions[0].id: there is no segment "Germans"
          hint: write the number or the name of a segment of this parent segment"#]]
    .assert_eq(&said.join("\n"));
    // By its number it may have any name.
    let spec = SegmentSpec { name: "Deutsche".into(), ..view("Germans").await.spec };
    app.put_segment(actor, "Germans", spec, None).await.expect("taken");
    assert_eq!(names(&people.look("By name").await.expect("looked at")), ["Ada"]);
    app.delete_segment(actor, "By name").await.expect("deleted");
    app.delete_segment(actor, "Golden").await.expect("deleted");
}

#[tokio::test]
async fn rings_of_references_are_refused_however_they_close() {
    let people = People::new().await;
    let (app, actor) = (people.app(), &people.bench().actor);
    let plain = all(&[among("country", &["DE"])]);
    let mut said = vec![format!("itself, new: {}", refused(people.try_put("a", all(&[reference("a")])).await))];
    people.segment("a", plain.clone()).await;
    people.segment("b", all(&[reference("a")])).await;
    people.segment("c", all(&[reference("2")])).await;
    for id in ["a", "1", "b", "c", "3"] {
        said.push(format!("a → {id}: {}", refused(people.try_put("a", all(&[reference(id)])).await)));
    }
    let request = SegmentTry {
        parent_segment: "people".into(),
        rule: all(&[reference("c")]),
        segment: Some("a".into()),
        rows: 0,
    };
    said.push(format!("a looked at: {}", refused(app.try_segment(actor, request.clone()).await)));
    let of_nobody = SegmentTry { segment: Some("aa".into()), ..request.clone() };
    said.push(format!("aa looked at: {}", refused(app.try_segment(actor, of_nobody).await)));
    let request = SegmentTry { segment: None, ..request };
    assert_eq!(app.try_segment(actor, request).await.expect("no ring without a").count, 1);
    expect![[r#"
        itself, new: segment.rule.conditions[0].conditions[0].id: segments refer to one another in a ring: "a" → "a"
          hint: take one of these references out
        a → a: segment.rule.conditions[0].conditions[0].id: segments refer to one another in a ring: "a" → "a"
          hint: take one of these references out
        a → 1: segment.rule.conditions[0].conditions[0].id: segments refer to one another in a ring: "a" → "a"
          hint: take one of these references out
        a → b: segment.rule.conditions[0].conditions[0].id: segments refer to one another in a ring: "b" → "a" → "b"
          hint: take one of these references out
        a → c: segment.rule.conditions[0].conditions[0].id: segments refer to one another in a ring: "c" → "b" → "a" → "c"
          hint: take one of these references out
        a → 3: segment.rule.conditions[0].conditions[0].id: segments refer to one another in a ring: "c" → "b" → "a" → "c"
          hint: take one of these references out
        a looked at: rule.conditions[0].conditions[0].id: segments refer to one another in a ring: "c" → "b" → "a" → "c"
          hint: take one of these references out
        aa looked at: taken"#]].assert_eq(&said.join("\n"));
    // Both at once: one of them is refused.
    people.segment("x", plain.clone()).await;
    people.segment("y", plain.clone()).await;
    for _ in 0..10 {
        let (rule_x, rule_y) = (all(&[reference("y")]), all(&[reference("x")]));
        let (x, y) = tokio::join!(people.try_put("x", rule_x), people.try_put("y", rule_y));
        assert!(x.is_ok() != y.is_ok(), "{x:?} {y:?}");
        people.segment("x", plain.clone()).await;
        people.segment("y", plain.clone()).await;
    }
}

#[tokio::test]
async fn a_name_of_digits_is_refused() {
    let people = People::with(|_| {}).await;
    // Number 1 called 2: whoever refers to it would refer to the next segment as soon as there is one.
    let two = people.try_put("2", all(&[among("country", &["DE"])])).await;
    people.segment("2 of them", all(&[among("country", &["DE"])])).await;
    expect![[r#"
        segment.name: is a number, which rules would take for a segment id
          hint: give it a letter"#]]
    .assert_eq(&refused(two));
}

#[tokio::test]
async fn counts_are_remembered_until_the_rule_changes() {
    let people = People::new().await;
    let (app, actor) = (people.app(), &people.bench().actor);
    let made = people.segment("Germans", all(&[among("country", &["DE"])])).await;
    assert_eq!(made.population, None);
    let look = people.look("Germans").await.expect("looked at");
    assert_eq!((look.count, look.population, look.refreshed.as_str()), (1, 5, "2026-11-23T00:00:00Z"));
    let counted =
        async || app.segment(actor, "Germans").await.expect("it is there").population.map(|found| found.count);
    assert_eq!(counted().await, Some(1));
    // What is no part of the rule leaves the count alone.
    let spec = SegmentSpec { folder: Some("Europe".into()), ..made.spec.clone() };
    let put = app.put_segment(actor, "Germans", spec, Some(1)).await.expect("taken").0;
    assert_eq!((put.revision, put.population.map(|found| found.count)), (2, Some(1)));
    let stale = app.put_segment(actor, "Germans", made.spec.clone(), Some(1)).await.expect_err("changed since");
    assert_eq!(stale.code(), "stale");
    // A rule that is looked at without being saved is no count of it.
    assert_eq!(people.chosen(all(&[among("country", &["DE", "AT"])])).await, ["Ada", "Bob"]);
    assert_eq!(counted().await, Some(1));
    people.segment("Germans", all(&[among("country", &["DE", "AT"])])).await;
    assert_eq!(counted().await, None);
    people.look("Germans").await.expect("looked at");
    people.bench().upload("contacts", &CONTACTS.replace("AT", "XX")).await;
    people.refresh().await;
    assert_eq!(counted().await, Some(2), "the last count has its time");
    let look = people.look("Germans").await.expect("looked at");
    assert_eq!((look.count, counted().await), (1, Some(1)));
    let other = parent_from(json!({ "name": "others", "master": { "table": "contacts", "key": "contact_id" } }));
    app.create_parent_segment(actor, other).await.expect("made");
    let spec =
        SegmentSpec { parent_segment: "others".into(), ..app.segment(actor, "Germans").await.expect("there").spec };
    app.put_segment(actor, "Germans", spec, None).await.expect("taken");
    assert_eq!(counted().await, None, "other profiles");
    app.delete_segment(actor, "Germans").await.expect("deleted");
    people.segment("Germans", all(&[among("country", &["DE"])])).await;
    assert_eq!(counted().await, None, "another segment of that name");
}

#[tokio::test]
async fn a_definition_is_newer_than_the_profiles() {
    let people = People::new().await;
    let mut more = people_spec();
    more.attributes
        .push(serde_json::from_value(json!({ "name": "level", "table": "loyalty", "column": "tier" })).expect("one"));
    people.put_parent(more).await.expect("taken");
    // The new attribute can be used in a rule, and counted after the next refresh.
    people.segment("Level", all(&[among("level", &["gold"])])).await;
    let mut told = vec![refused(people.look("Level").await)];
    told.push(refused(people.app().segment_sql(&people.bench().actor, "Level").await));
    people.refresh().await;
    assert_eq!(names(&people.look("Level").await.expect("looked at")), ["Ada", "Dan"]);
    // It goes away again: the profiles have it until the next refresh.
    people.put_parent(people_spec()).await.expect("taken");
    assert_eq!(people.look("Level").await.expect("looked at").count, 2);
    told.push(refused(people.try_put("Other", all(&[among("level", &["gold"])])).await));
    people.refresh().await;
    told.push(refused(people.look("Level").await));
    // Whoever refers to it hears what is wrong, wherever that stands.
    expect![[r#"
        rule.conditions[0].conditions[0].leftValue.name: there is no attribute "level"
        rule.conditions[0].conditions[0].leftValue.name: there is no attribute "level"
        segment.rule.conditions[0].conditions[0].leftValue.name: there is no attribute "level"
        rule.conditions[0].conditions[0].leftValue.name: there is no attribute "level""#]]
    .assert_eq(&told.join("\n"));
}

#[tokio::test]
async fn documented_rules_are_taken_and_given_back_unchanged() {
    let people = People::new().await;
    people.segment("Unsubscribed", all(&[among("country", &["FR"])])).await;
    let rule = json!({"type":"And","conditions":[
        {"type":"And","description":"kept","conditions":[
            {"type":"Value","exclude":false,"arrayMatching":null,
             "leftValue":{"name":"country"},"operator":{"type":"In","not":false,"rightValues":["DE","AT"]}},
            {"type":"Value","exclude":false,"arrayMatching":null,
             "leftValue":{"source":{"name":"behavior_orders"},"aggregation":{"type":"Sum","column":"amount"},
                 "filter":{"type":"And","conditions":[{"type":"Column","column":"product","arrayMatching":null,
                     "operator":{"type":"Equal","not":false,"rightValue":"book"}}]},
                 "window":{"type":"TimeSliding","duration":{"day":90}}},
             "operator":{"type":"Greater","not":false,"rightValue":"100"}},
            {"type":"Reference","id":"1","exclude":true}]}]});
    let made = people.segment("Recent buyers", rule.clone()).await;
    assert_eq!(made.spec.rule.to_string(), rule.to_string(), "to the letter");
    let look = people.look("Recent buyers").await.expect("looked at");
    assert_eq!(names(&look), ["Ada"]);
    // The SQL is shown, and runs in the workbench as it stands.
    let sql = people.app().segment_sql(&people.bench().actor, "Recent buyers").await.expect("SQL").sql;
    assert_eq!(sql, look.sql);
    expect![[r#"
        WITH orders_1 AS (
          SELECT e.cdp_customer_id, SUM(e."amount") AS value
          FROM cdp_audience_1.behavior_orders e
          WHERE e."product" = 'book'
            AND e."ordered_at" > TIMESTAMP '2026-08-25 00:00:00' /* 90 days before the run */
            AND e."ordered_at" <= TIMESTAMP '2026-11-23 00:00:00' /* the run */
          GROUP BY e.cdp_customer_id
        ),
        segment_1 AS (
          SELECT c.cdp_customer_id
          FROM cdp_audience_1.customers c
          WHERE c."country" IN ('FR')
        )
        SELECT c."contact_id", c."email_address", c."first_name", c."country", c."points", c."status", c."tier"
        FROM cdp_audience_1.customers c
        LEFT JOIN orders_1 ON orders_1.cdp_customer_id = c.cdp_customer_id
        LEFT JOIN segment_1 ON segment_1.cdp_customer_id = c.cdp_customer_id
        WHERE c."country" IN ('DE', 'AT')
          AND orders_1.value > 100
          AND segment_1.cdp_customer_id IS NULL"#]]
    .assert_eq(&sql);
    expect![[r#"
        contact_id | email_address | first_name | country | points | status | tier
        1 | ada@example.com | Ada | DE | 120.0 | active | gold"#]]
    .assert_eq(&people.rows(&sql).await.expect("rows"));
}

/// What somebody may type to break out of where it stands.
pub(crate) const HOSTILE: [&str; 14] = [
    "' OR '1'='1",
    "'; DROP TABLE customers; --",
    "\" OR \"\"=\"",
    "*/ UNION SELECT email_address FROM cdp_audience_1.customers /*",
    "\\' OR 1=1 --",
    "\\",
    "''",
    "%",
    "_",
    "$1 ${x} {{x}} ?",
    "a\nb\r\n-- c",
    "zoë 'Å' 😀 \u{202e}",
    "\u{0}",
    "TD_SCHEDULED_TIME()",
];

#[tokio::test]
async fn what_is_typed_stays_a_value() {
    let people = People::new().await;
    for text in HOSTILE {
        let operators = [
            json!({ "type": "Equal", "rightValue": text }),
            json!({ "type": "In", "rightValues": [text, "x"] }),
            json!({ "type": "Contain", "rightValues": [text] }),
            json!({ "type": "StartWith", "rightValues": [text] }),
            json!({ "type": "EndWith", "rightValues": [text] }),
            json!({ "type": "Between", "minValue": text, "maxValue": text }),
            json!({ "type": "Regexp", "rightValue": regex_of(text) }),
        ];
        for operator in operators {
            for rule in [all(&[attribute("first_name", operator.clone())]), filtered(&operator)] {
                let request =
                    SegmentTry { parent_segment: "people".into(), rule: rule.clone(), rows: 1, segment: None };
                match people.app().try_segment(&people.bench().actor, request).await {
                    Ok(look) => assert_eq!(look.count, 0, "{rule}\n{}", look.sql),
                    // What no engine takes is said so, and not by the engine.
                    Err(AppError::Invalid(problems)) => {
                        assert!(text.contains('\0'), "{rule}: {problems}");
                    }
                    Err(error) => panic!("{rule}: {}", said(&error)),
                }
            }
        }
    }
    // Everybody who has it is found.
    let csv = HOSTILE.iter().filter(|text| !text.contains('\0')).enumerate();
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let rows: String = csv.map(|(row, text)| format!("{row},p{row},{}\n", quoted(text))).collect();
    people.bench().upload("odd", &format!("key,first_name,\"odd \"\"; --\"\n{rows}")).await;
    let spec = parent_from(json!({
        "name": "people", "master": { "table": "odd", "key": "key" },
        "behaviors": [{ "name": "orders", "table": "odd", "parent_key": "key", "time": null }],
    }));
    people.put_parent(spec).await.expect("taken");
    people.refresh().await;
    for (row, text) in HOSTILE.iter().filter(|text| !text.contains('\0')).enumerate() {
        let rule = all(&[attribute("odd \"; --", json!({ "type": "Equal", "rightValue": text }))]);
        assert_eq!(people.chosen(rule).await, [format!("p{row}")], "{text}");
    }
}

/// The text as a pattern that finds it.
fn regex_of(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_ascii_punctuation() { format!("\\{letter}") } else { letter.into() })
        .collect()
}

/// Somebody has orders whose product is so.
fn filtered(operator: &Value) -> Value {
    let filter =
        json!({ "type": "And", "conditions": [{ "type": "Column", "column": "product", "operator": operator }] });
    all(&[json!({
        "type": "Value",
        "leftValue": { "source": { "name": "behavior_orders" }, "aggregation": { "type": "Count" }, "filter": filter },
        "operator": { "type": "Greater", "rightValue": 0 },
    })])
}

#[tokio::test]
async fn looks_are_by_the_clock_and_shown_to_those_who_may() {
    let people = People::new().await;
    let recent = |days: u32| {
        all(&[json!({
            "type": "Value",
            "leftValue": { "source": { "name": "orders" }, "aggregation": { "type": "Count" },
                           "window": { "type": "TimeSliding", "duration": { "day": days } } },
            "operator": { "type": "GreaterEqual", "rightValue": 1 },
        })])
    };
    assert_eq!(people.chosen(recent(1)).await, ["Bob"]);
    assert_eq!(people.chosen(recent(3)).await, ["Ada", "Bob"]);
    assert_eq!(people.chosen(recent(365)).await, ["Ada", "Bob", "Dan"]);
    people.timed.clock.set(crate::timed::MONDAY + crate::timed::DAY);
    assert_eq!(people.chosen(recent(1)).await, Vec::<String>::new());

    let app = people.app();
    let actor = |scope| app::Actor { scope, role: api::Role::Viewer, ..people.bench().actor.clone() };
    let reader = actor(api::Scope::Read);
    people.segment("Recent", recent(3)).await;
    app.segment_sql(&reader, "Recent").await.expect("SQL shows no value");
    let mut refusals = vec![refused(app.look_at_segment(&reader, "Recent", 0).await)];
    let request = SegmentTry { parent_segment: "people".into(), rule: recent(3), rows: 0, segment: None };
    refusals.push(refused(app.try_segment(&reader, request).await));
    refusals.push(refused(app.preview_parent_segment(&reader, "people", 1).await));
    refusals.push(refused(app.check_parent_segment(&reader, people_spec()).await));
    refusals.push(refused(app.refresh_parent_segment(&reader, "people", None).await));
    refusals.push(refused(app.create_segment(&reader, segment("x", recent(1))).await));
    let preview = PreviewRequest { sql: "SELECT * FROM cdp_audience_1.customers".into(), limit: None };
    refusals.push(refused(app.preview(&reader, preview).await));
    people.activate(activation("sent", "Recent", json!({}), emails())).await;
    let spec = activation("sent", "Recent", json!({}), emails());
    let look = api::ActivationTry { activation: spec.clone(), rows: None };
    refusals.push(refused(app.try_activation(&reader, look).await));
    refusals.push(refused(app.run_activation(&reader, "sent", api::RunRequest::default(), None).await));
    let runner = actor(api::Scope::Run);
    refusals.push(refused(app.create_activation(&runner, spec).await));
    refusals.push(refused(app.enable_activation(&runner, "sent", false).await));
    refusals.push(refused(app.delete_parent_segment(&runner, "people").await));
    for said in &refusals {
        assert!(said.starts_with("this needs the right to "), "{refusals:#?}");
    }
    let request = api::RunRequest { kind: Some(JobKind::Refresh), ..api::RunRequest::default() };
    let error = app.run_activation(&people.bench().actor, "sent", request, None).await.expect_err("refused");
    expect![[r#"
        kind: an activation refreshes nothing
          hint: export or result; refresh its parent segment"#]]
    .assert_eq(&said(&error));
}
