//! Rules through the form: what a browser sends for a page is the rule that the page was made of.

use api::{AudienceBehavior, AudienceColumn};
use askama::Template;
use model::ColumnType;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::columns::Columns;
use super::editor::Editor;
use super::rule::{self, RULE};
use crate::faults::Faults;
use crate::form::Form;
use crate::sent::sent;

fn columns() -> Columns {
    let column = |name: &str, of: ColumnType| AudienceColumn { name: name.into(), r#type: of, group: None };
    Columns {
        attributes: vec![
            column("country", ColumnType::String),
            column("score", ColumnType::Number),
            column("born", ColumnType::Date),
            column("seen", ColumnType::Timestamp),
            column("member", ColumnType::Boolean),
            column("tags", ColumnType::StringArray),
        ],
        behaviors: vec![AudienceBehavior {
            name: "orders".into(),
            time: Some("at".into()),
            columns: vec![
                column("amount", ColumnType::Number),
                column("product", ColumnType::String),
                column("at", ColumnType::Timestamp),
            ],
            events: None,
        }],
    }
}

/// What a browser sends for the page of a rule.
fn browsed(form: &Form) -> Form {
    let html = Editor::new(form, &Faults::none(), &columns(), &[(7, "Others".into())]).render().unwrap();
    sent(&html, true)
}

fn opened(rule: &Value) -> Form {
    let mut form = Form::default();
    rule::put(rule, &columns(), &mut form);
    form
}

#[track_caller]
fn survives(rule: &Value) -> bool {
    let form = opened(rule);
    let back = browsed(&form);
    assert_eq!(rule::read(&back, &columns()).as_ref(), Ok(rule));
    // And what is sent draws the same page again.
    assert_eq!(rule::read(&browsed(&back), &columns()).as_ref(), Ok(rule));
    !rule::is_json(&form)
}

fn one(condition: Value) -> Value {
    json!({"type": "And", "conditions": [{"type": "Or", "conditions": [condition]}]})
}

fn attribute(name: &str, operator: Value) -> Value {
    json!({"type": "Value", "leftValue": {"name": name}, "operator": operator})
}

#[test]
fn rules_are_shown_as_fields_and_come_back_to_the_letter() {
    let orders = json!({
        "source": {"name": "behavior_orders"}, "aggregation": {"type": "Sum", "column": "amount"},
        "filter": {"type": "And", "conditions": [
            {"type": "Column", "column": "product", "operator": {"type": "Equal", "not": false, "rightValue": "book"}}
        ]},
        "window": {"type": "TimeSliding", "duration": {"day": 90}}
    });
    let cases = [
        attribute("country", json!({"type": "In", "not": false, "rightValues": ["DE", "AT", " CH "]})),
        attribute("country", json!({"type": "IsNull"})),
        attribute("country", json!({"type": "Regexp", "not": true, "rightValue": "^a+\\d \"'<"})),
        attribute("score", json!({"type": "Between", "not": false, "minValue": 1.5, "maxValue": "3"})),
        attribute("score", json!({"type": "Equal", "not": null, "rightValue": "500"})),
        attribute("member", json!({"type": "Equal", "not": false, "rightValue": true})),
        attribute("born", json!({"type": "TimeRange", "from": {"unit": "month"}, "not": false})),
        attribute("seen", json!({"type": "TimeWithinPast", "value": 3, "unit": "week"})),
        attribute("seen", json!({"type": "Less", "not": false, "rightValue": {"last": 90, "unit": "day"}})),
        attribute("seen", json!({"type": "Less", "not": false, "rightValue": {"last": {"day": 90}}})),
        attribute("seen", json!({"type": "Greater", "not": false, "rightValue": {"timestamp": 1_700_000_000}})),
        attribute(
            "seen",
            json!({"type": "TimeRange", "duration": {"day": 3}, "from": {"next": 2, "unit": "day"}, "reverse": true}),
        ),
        attribute(
            "seen",
            json!({"type": "TimeInBetweenNext", "from": {"next": 1, "unit": "day"}, "to": {"timestamp": "2026-12-01"}}),
        ),
        attribute("gone", json!({"type": "Equal", "not": false, "rightValue": "x"})),
        json!({"type": "Value", "exclude": false, "arrayMatching": null, "leftValue": {"name": "tags"},
            "operator": {"type": "Contain", "not": false, "rightValues": ["a"]}, "description": "why"}),
        json!({"type": "Value", "exclude": true, "arrayMatching": {"atLeast": 2}, "leftValue": {"name": "tags"},
            "operator": {"type": "Equal", "rightValue": "a"}}),
        json!({"type": "Value", "arrayMatching": "any", "leftValue": {"name": "tags"}, "operator": {"type": "Equal", "rightValue": "a"}}),
        json!({"type": "Value", "leftValue": orders, "operator": {"type": "Greater", "not": false, "rightValue": 500}}),
        json!({"type": "Value", "leftValue": {"source": {"name": "orders"}, "aggregation": {"type": "Count"}, "filter": {}},
            "operator": {"type": "GreaterEqual", "rightValue": 1}}),
        json!({"type": "Value", "leftValue": {"source": {"name": "orders"}, "aggregation":
            {"type": "Last", "column": "product", "orderColumn": "at", "groupingColumns": ["product"]}},
            "operator": {"type": "StartWith", "rightValues": ["b"]}}),
        json!({"type": "Reference", "id": "Others", "exclude": true}),
        json!({"type": "Reference", "id": 7, "exclude": false}),
    ];
    for condition in cases {
        assert!(survives(&one(condition.clone())), "{condition}");
        let form = opened(&one(condition.clone()));
        assert_ne!(form.get("rule.conditions.0.conditions.0.kind"), "json", "{condition}");
    }
}

#[test]
fn a_whole_rule_leaves_nothing_to_be_filled_in() {
    let tags =
        json!({"type": "Value", "leftValue": {"name": "tags"}, "operator": {"type": "Contain", "rightValues": ["a"]}});
    let seen = json!({"type": "TimeRange", "duration": {"day": 3}, "from": {"timestamp": 5}});
    let count = json!({"type": "Value", "leftValue": {"source": {"name": "orders"}, "aggregation": {"type": "Count"}},
        "operator": {"type": "Equal", "rightValue": 1}});
    let rule =
        json!({"type": "And", "conditions": [tags, attribute("seen", seen), count, {"type": "Reference", "id": 7}]});
    let form = browsed(&opened(&rule));
    let html = Editor::new(&form, &Faults::none(), &columns(), &[(7, "Others".into())]).render().unwrap();
    // A browser keeps a form back whose required menu says nothing.
    for menu in html.split("<select").skip(1).filter(|menu| menu.split('>').next().unwrap().contains(" required")) {
        let menu = menu.split("</select>").next().unwrap();
        assert!(menu.contains(" selected") && !menu.contains("value=\"\" selected"), "{menu}");
    }
}

#[test]
fn what_fields_cannot_say_is_json_in_its_place() {
    let cases = [
        attribute("country", json!({"type": "In", "not": false, "rightValues": ["", "a"]})),
        attribute("country", json!({"type": "Equal", "not": false, "rightValue": "two\nlines"})),
        attribute("country", json!({"type": "Equal", "not": false, "rightValue": ""})),
        attribute("seen", json!({"type": "Less", "rightValue": {"last": {"day": 7, "hour": 3}}})),
        json!({"type": "Value", "leftValue": {"name": "score"}, "operator": {"type": "IsNull"}, "limit": {"type": "Count", "number": 1}}),
        json!({"type": "Value", "leftValue": {"source": {"name": "orders"}, "aggregation": {"type": "Count"}, "filter":
            {"type": "Or", "conditions": [{"type": "And", "conditions": []}]}}, "operator": {"type": "Equal", "rightValue": 1}}),
        json!({"type": "Value", "leftValue": {"source": {"name": "orders"}, "aggregation": {"type": "CountDistinct", "columns": ["a", "b"]}},
            "operator": {"type": "Equal", "rightValue": 1}}),
        json!({"type": "FunnelStageReference", "odd": [1, null]}),
        json!("nothing like it"),
    ];
    for condition in cases {
        assert!(survives(&one(condition.clone())), "{condition}");
        assert_eq!(opened(&one(condition.clone())).get("rule.conditions.0.conditions.0.kind"), "json", "{condition}");
    }
    for rule in [
        json!(null),
        json!({"type": "Value"}),
        json!({"type": "And", "conditions": {}}),
        json!([]),
        json!({"type": "And", "conditions": [], "limit": {"type": "Count", "number": 1, "orderColumns": [{"type": "Aggregation", "order": "ascending"}]}}),
    ] {
        assert!(!survives(&rule), "{rule}");
    }
}

#[test]
fn limits_and_expressions_come_back_too() {
    let rule = json!({
        "type": "Composite", "expr": "A and not B", "name": "x",
        "conditions": [attribute("score", json!({"type": "IsNull"})), {"type": "And", "conditions": []}],
        "limit": {"type": "Percent", "number": 12.5, "orderColumns": [{"type": "Column", "column": "score", "order": "descending"}]}
    });
    assert!(survives(&rule));
    let mut form = browsed(&opened(&rule));
    form.set("rule.limit.type", "");
    form.set("rule.type", "Or");
    let read = rule::read(&form, &columns()).unwrap();
    assert!(read.get("limit").is_none() && read.get("expr").is_none() && read["name"] == "x", "{read}");
}

#[test]
fn a_condition_that_is_changed_changes_alone() {
    let odd = json!({"type": "Value", "exclude": null, "leftValue": {"name": "score"}, "operator": {"rightValue": "7", "type": "Less"}});
    let rule = json!({"type": "And", "conditions": [odd, attribute("country", json!({"type": "Equal", "rightValue": "DE"})), odd]});
    let mut form = browsed(&opened(&rule));
    form.set("rule.conditions.1.operator", "!In");
    form.set("rule.conditions.1.operator.rightValues", "DE\n\nAT\n");
    form.set("_do", "remove:rule.conditions.0");
    assert_eq!(rule::edit(&mut form, &columns()), Some(Vec::new()));
    let want = json!({"type": "And", "conditions": [
        {"type": "Value", "leftValue": {"name": "country"}, "operator": {"type": "In", "not": true, "rightValues": ["DE", "AT"]}},
        odd
    ]});
    assert_eq!(rule::read(&browsed(&form), &columns()), Ok(want));
}

#[test]
fn a_rule_is_made_with_buttons_alone() {
    let mut form = Form::default();
    rule::begin(&mut form);
    let press = |form: &mut Form, button: &str, values: &[(&str, &str)]| {
        let mut now = browsed(form);
        values.iter().for_each(|(name, value)| now.set(name, *value));
        now.set("_do", button);
        if button != "show" {
            assert!(rule::edit(&mut now, &columns()).is_some(), "{button}");
        }
        *form = browsed(&now);
    };
    let first = "rule.conditions.0.conditions.0";
    press(&mut form, "show", &[(&format!("{first}.leftValue"), "a:score")]);
    press(&mut form, "show", &[(&format!("{first}.operator"), "Between")]);
    let bounds = [(format!("{first}.operator.minValue"), "1"), (format!("{first}.operator.maxValue"), "007")];
    press(&mut form, "segment:rule.conditions", &[(&bounds[0].0, bounds[0].1), (&bounds[1].0, bounds[1].1)]);
    press(&mut form, "group:rule.conditions", &[("rule.conditions.1.id", "7"), ("rule.conditions.1.exclude", "true")]);
    press(&mut form, "up:rule.conditions.1", &[("rule.conditions.2.conditions.0.leftValue", "b:orders")]);
    let rule = rule::read(&form, &columns()).unwrap();
    let orders = json!({"type": "Value", "leftValue": {"source": {"name": "orders"}, "aggregation": {"type": "Count"}},
        "operator": {"type": "Equal", "not": false}});
    let score = attribute("score", json!({"type": "Between", "not": false, "minValue": 1, "maxValue": "007"}));
    assert_eq!(
        rule,
        json!({"type": "And", "conditions": [
            {"type": "Reference", "id": 7, "exclude": true},
            {"type": "And", "conditions": [score]},
            {"type": "And", "conditions": [orders]},
        ]})
    );
}

#[test]
fn fields_and_json_change_places_without_loss() {
    let rule = one(attribute("country", json!({"type": "Equal", "rightValue": "<script>alert(1)</script>"})));
    let mut form = browsed(&opened(&rule));
    for (way, json) in [("json", true), ("fields", false)] {
        form.set("_do", way);
        assert_eq!(rule::edit(&mut form, &columns()), Some(Vec::new()));
        form = browsed(&form);
        assert_eq!((rule::is_json(&form), rule::read(&form, &columns()).as_ref()), (json, Ok(&rule)));
    }
    form.set("_do", "json");
    rule::edit(&mut form, &columns());
    form.set(RULE, "{\"type\": ");
    form.set("_do", "fields");
    let problems = rule::edit(&mut form, &columns()).unwrap();
    assert_eq!((problems.len(), problems[0].at.as_str(), form.get(RULE)), (1, RULE, "{\"type\": "));
}

#[test]
fn problems_stand_beside_their_condition() {
    let form = opened(&one(attribute("country", json!({"type": "In", "rightValues": ["a"]}))));
    let at = "rule.conditions[0].conditions[0]";
    let places =
        [format!("{at}.operator.rightValues[0]"), format!("{at}.leftValue.name"), format!("{at}.odd"), "rule.x".into()];
    let faults = Faults::of(places.map(|at| api::Place { at, message: "is odd".into(), hint: None }));
    let html = Editor::new(&form, &faults, &columns(), &[]).render().unwrap();
    assert_eq!(html.matches("is odd").count(), 4, "{html}");
    let summary = faults.summary().render().unwrap();
    for id in ["operator-rightValues", "leftValue"] {
        let id = format!("f-rule-conditions-0-conditions-0-{id}");
        assert!(summary.contains(&format!("#{id}\"")) && html.contains(&format!("id=\"{id}\"")), "{id} {summary}");
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z<>&\"' é]{0,6}", "[0-9]{1,4}", "\\PC{0,6}", Just("a\nb".into()), Just("a\r\nb".into())]
}

fn value() -> impl Strategy<Value = Value> {
    let unit = prop_oneof![Just("day"), Just("month"), Just("odd")];
    prop_oneof![
        4 => text().prop_map(Value::from),
        3 => any::<i32>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
        2 => (prop_oneof![Just("last"), Just("next")], 0u8..100, unit).prop_map(|(way, number, unit)| json!({way: number, "unit": unit})),
        1 => text().prop_map(|text| json!({"timestamp": text})),
    ]
}

fn operator() -> impl Strategy<Value = Value> {
    let names = [
        "Equal",
        "Less",
        "In",
        "Contain",
        "Between",
        "Regexp",
        "IsNull",
        "TimeToday",
        "TimeThis",
        "TimeRange",
        "TimeWithinPast",
        "TimeInBetweenNext",
        "Odd",
    ];
    let parts = (value(), prop::collection::vec(value(), 0..3), prop::option::of(any::<bool>()));
    (prop::sample::select(names.to_vec()), parts, value(), 0u8..9).prop_map(
        |(name, (one, many, not), other, number)| {
            let mut operator = match name {
                "In" | "Contain" => json!({"rightValues": many}),
                "Between" => json!({"minValue": one, "maxValue": other}),
                "TimeThis" => json!({"from": {"unit": "week"}}),
                "TimeRange" if number > 4 => json!({"from": one, "duration": {"day": number}, "reverse": number > 6}),
                "TimeRange" => json!({"from": {"unit": one}}),
                "TimeWithinPast" => json!({"value": number, "unit": "day"}),
                "TimeInBetweenNext" => json!({"from": one, "to": other}),
                "IsNull" | "TimeToday" => json!({}),
                _ => json!({"rightValue": one}),
            };
            operator["type"] = name.into();
            if let Some(not) = not {
                operator["not"] = not.into();
            }
            operator
        },
    )
}

fn left() -> impl Strategy<Value = Value> {
    let names = ["country", "score", "born", "seen", "member", "tags", "gone"];
    let aggregations = [
        json!({"type": "Count"}),
        json!({"type": "Sum", "column": "amount"}),
        json!({"type": "Max", "column": "at", "groupingColumns": []}),
        json!({"type": "CountDistinct", "columns": ["product"]}),
        json!({"type": "CountDistinct", "columns": ["product", "at"]}),
        json!({"type": "First", "column": "product", "orderColumn": "at"}),
    ];
    let filter =
        prop::collection::vec((prop::sample::select(vec!["product", "amount", "timestamp", "x"]), operator()), 0..3);
    let behavior = (prop::sample::select(aggregations.to_vec()), filter, any::<bool>(), prop::option::of(0u8..9));
    prop_oneof![
        prop::sample::select(names.to_vec()).prop_map(|name| json!({"name": name})),
        behavior.prop_map(|(aggregation, filter, any, window)| {
            let filter: Vec<Value> = filter
                .into_iter()
                .map(|(column, operator)| json!({"type": "Column", "column": column, "operator": operator}))
                .collect();
            let mut left = json!({"source": {"name": "orders"}, "aggregation": aggregation});
            left["filter"] = json!({"type": if any { "Or" } else { "And" }, "conditions": filter});
            if let Some(days) = window {
                left["window"] = json!({"type": "TimeSliding", "duration": {"day": days}});
            }
            left
        }),
    ]
}

fn member() -> impl Strategy<Value = Value> {
    let matching = prop_oneof![
        Just(json!(null)),
        Just(json!("any")),
        Just(json!("all")),
        Just(json!({"atMost": 2})),
        Just(json!("odd"))
    ];
    let condition =
        (left(), operator(), prop::option::of(matching), prop::option::of(any::<bool>()), prop::option::of(text()));
    let condition = condition.prop_map(|(left, operator, matching, exclude, description)| {
        let mut condition = json!({"type": "Value", "leftValue": left, "operator": operator});
        matching.into_iter().for_each(|matching| condition["arrayMatching"] = matching);
        exclude.into_iter().for_each(|exclude| condition["exclude"] = exclude.into());
        description.into_iter().for_each(|description| condition["description"] = description.into());
        condition
    });
    let reference = (prop_oneof![Just(json!(7)), text().prop_map(Value::from)], prop::option::of(any::<bool>()));
    let leaf = prop_oneof![
        6 => condition,
        1 => reference.prop_map(|(id, exclude)| json!({"type": "Reference", "id": id, "exclude": exclude})),
        1 => value(),
    ];
    leaf.prop_recursive(2, 12, 3, |inner| {
        let join = prop_oneof![Just("And"), Just("Or"), Just("Composite"), Just("Odd")];
        (join, prop::collection::vec(inner, 0..3), text())
            .prop_map(|(join, conditions, expr)| json!({"type": join, "conditions": conditions, "expr": expr}))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_rule_comes_back_to_the_letter(members in prop::collection::vec(member(), 0..4), limit in prop::option::of(value())) {
        let mut rule = json!({"type": "And", "conditions": members});
        limit.into_iter().for_each(|limit| rule["limit"] = json!({"type": "Count", "number": limit}));
        survives(&rule);
    }
}
