//! What is accepted as it stands, and what is refused with all its problems.

use expect_test::{Expect, expect};
use serde_json::json;

use super::*;

/// The example of Treasure Data's documents.
fn example() -> Value {
    json!({"type": "And", "conditions": [
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
            {"type": "Reference", "id": "123", "exclude": true}]}]})
}

#[test]
fn a_rule_comes_back_to_the_letter() {
    let text = serde_json::to_string(&example()).unwrap();
    let rule = Rule::parse(&serde_json::from_str(&text).unwrap(), "rule").unwrap();
    assert_eq!(serde_json::to_string(&rule).unwrap(), text);
    assert_eq!(serde_json::to_string(&rule.to_json()).unwrap(), text);
    assert_eq!(rule.references(), ["123"]);
}

fn condition(operator: &Value) -> Value {
    json!({"type": "And", "conditions": [{"type": "Value", "leftValue": {"name": "x"}, "operator": operator}]})
}

#[test]
fn operators_as_treasure_data_writes_them() {
    let accepted = [
        json!({"type": "Between", "not": false, "minValue": "1", "maxValue": 5, "rightValue": 0}),
        json!({"type": "IsNull", "not": true, "rightValue": ""}),
        json!({"type": "GreaterEqual", "not": false, "rightValue": {"last": 7, "unit": "day"}}),
        json!({"type": "GreaterEqual", "not": false, "rightValue": {"last": {"day": 7, "hour": 3}, "unit": "day"}}),
        json!({"type": "Less", "not": false, "rightValue": {"timestamp": "1763859600"}}),
        json!({"type": "TimeRange", "not": false, "reverse": true, "duration": {"month": 1}, "from": {"last": 0, "unit": "day"}}),
        json!({"type": "TimeRange", "not": false, "from": {"unit": "quarter"}}),
        json!({"type": "TimeToday"}),
        json!({"type": "TimeThis", "from": {"unit": "week"}}),
        json!({"type": "TimeNext", "from": {"unit": "year"}}),
        json!({"type": "TimeWithinPast", "value": "3", "unit": "minute"}),
        json!({"type": "TimeWithinNext", "value": 3, "unit": "second"}),
        json!({"type": "TimeInBetweenNext", "not": false, "from": {"next": 1, "unit": "day"}, "to": {"next": {"week": 2}, "unit": "week"}}),
        json!({"type": "Regexp", "not": false, "rightValue": "^a(b|c)+$"}),
    ];
    for operator in accepted {
        assert!(Rule::parse(&condition(&operator), "rule").is_ok(), "{operator}");
    }
}

#[track_caller]
fn refuses(rule: &Value, want: Expect) {
    let problems = Rule::parse(rule, "rule").expect_err("a rule that is refused");
    want.assert_eq(&format!("{problems}\n"));
}

#[test]
fn everything_wrong_is_told_at_once() {
    refuses(
        &json!({"type": "And", "conditions": [
            {"type": "Value", "exclud": true, "leftValue": {"name": ""}, "operator": {"type": "Equals", "rightValue": 1}},
            {"type": "Value", "arrayMatching": {"atLeast": -1}, "leftValue": {"name": "x"}, "operator": {"type": "In", "rightValues": []}},
            {"type": "Or", "conditions": []},
            {"type": "Reference", "id": "", "exclude": "no"},
            {"type": "FunnelStageReference", "id": "1", "exclude": false},
            {"type": "Value", "leftValue": {"source": {"name": "behavior_o"}, "aggregation": {"type": "Sum"}, "window": {"type": "TimeSliding", "duration": {}}},
             "operator": {"type": "Regexp", "rightValue": "(a"}},
            7,
        ], "limit": {"type": "Count", "number": 0, "orderColumns": [{"type": "Column", "order": "up"}]}}),
        expect![[r#"
            rule.limit.number: must be at least 1
            rule.limit.orderColumns[0].column: is missing
            rule.limit.orderColumns[0].order: cannot be "up"
              hint: it is one of ascending, descending
            rule.conditions[0]: has no member "exclud"
              hint: did you mean exclude?
            rule.conditions[0].leftValue.name: is empty
            rule.conditions[0].operator.type: cannot be "Equals"
              hint: did you mean Equal?
            rule.conditions[1].arrayMatching.atLeast: must be a whole number, 0 or more
            rule.conditions[1].operator.rightValues: is empty
            rule.conditions[2].conditions: is empty
            rule.conditions[3].exclude: must be true or false, not text
            rule.conditions[3].id: is empty
            rule.conditions[4].type: Sluice has no funnels
              hint: refer to a segment, or leave the condition out
            rule.conditions[5].leftValue.aggregation.column: is missing
            rule.conditions[5].leftValue.window.duration: has no unit
              hint: write how long, such as {"day": 7}
            rule.conditions[5].operator.rightValue: is no regular expression
              hint: brackets must be closed, and \ must stand before a character that means itself; there is no look-around
            rule.conditions[6]: must be an object, not a number
        "#]],
    );
}

#[test]
fn operators_that_are_refused() {
    for (operator, want) in [
        (
            json!({"type": "Equal"}),
            expect![[r#"
            rule.conditions[0].operator.rightValue: is missing
        "#]],
        ),
        (
            json!({"type": "Equal", "rightValue": [1]}),
            expect![[r#"
            rule.conditions[0].operator.rightValue: must be a value, not a list
        "#]],
        ),
        (
            json!({"type": "Equal", "rightValue": "a\0b"}),
            expect![[r#"
            rule.conditions[0].operator.rightValue: cannot be "a\0b": it holds a NUL character
        "#]],
        ),
        (
            json!({"type": "Greater", "rightValue": {"timestamp": "yesterday"}}),
            expect![[r#"
            rule.conditions[0].operator.rightValue.timestamp: is no moment
              hint: write seconds since 1970, 2026-11-23, 2026-11-23 02:00:00 or 2026-11-23T02:00:00Z
        "#]],
        ),
        (
            json!({"type": "Greater", "rightValue": {"last": 1.5, "unit": "day"}}),
            expect![[r#"
            rule.conditions[0].operator.rightValue.last: must be a whole number, 0 or more
        "#]],
        ),
        (
            json!({"type": "Greater", "rightValue": {"last": 1, "unit": "days"}}),
            expect![[r#"
            rule.conditions[0].operator.rightValue.unit: cannot be "days"
              hint: did you mean day?
        "#]],
        ),
        (
            json!({"type": "Greater", "rightValue": {"last": 99999999999u64, "unit": "day"}}),
            expect![[r#"
            rule.conditions[0].operator.rightValue.last: is too long a time
        "#]],
        ),
        (
            json!({"type": "Contain", "rightValues": ["a", 1]}),
            expect![[r#"
            rule.conditions[0].operator.rightValues[1]: must be text, not a number
        "#]],
        ),
        (
            json!({"type": "Between", "minValue": 1}),
            expect![[r#"
            rule.conditions[0].operator.maxValue: is missing
        "#]],
        ),
        (
            json!({"type": "TimeRange", "from": {"last": 1, "unit": "day"}}),
            expect![[r#"
            rule.conditions[0].operator.duration: is missing
        "#]],
        ),
        (
            json!({"type": "TimeWithinPast", "value": "a", "unit": "day"}),
            expect![[r#"
            rule.conditions[0].operator.value: must be a whole number, 0 or more
        "#]],
        ),
        (
            json!({"type": "Regexp", "rightValue": "\\p{Greek}{1000}{1000}"}),
            expect![[r#"
            rule.conditions[0].operator.rightValue: is too large a regular expression
              hint: repeat less in it: \w{100} means a hundred copies of every letter there is
        "#]],
        ),
        (
            json!({"type": "Regexp", "rightValue": "(?=a)"}),
            expect![[r#"
            rule.conditions[0].operator.rightValue: is no regular expression
              hint: brackets must be closed, and \ must stand before a character that means itself; there is no look-around
        "#]],
        ),
    ] {
        refuses(&condition(&operator), want);
    }
}

#[test]
fn rules_that_are_refused() {
    let leaf = json!({"type": "Value", "leftValue": {"name": "x"}, "operator": {"type": "IsNull"}});
    let mut deep = leaf.clone();
    for _ in 0..11 {
        deep = json!({"type": "And", "conditions": [deep]});
    }
    let many = json!({"type": "Or", "conditions": vec![leaf.clone(); 1_001]});
    let composite = json!({"type": "Composite", "expr": "A and C", "conditions": [leaf, leaf]});
    let inner_limit = json!({"type": "And", "conditions": [
        {"type": "Or", "conditions": [leaf], "limit": {"type": "Count", "number": 1}}]});
    let groups = json!({"type": "And", "conditions": [
        {"type": "Value", "leftValue": {"customerGroup": "a", "name": "b"}, "operator": {"type": "IsNull"}}]});
    for (rule, want) in [
        (
            json!(null),
            expect![[r#"
            rule: must be an object, not null
        "#]],
        ),
        (
            json!({}),
            expect![[r#"
            rule.type: is missing
            rule.conditions: is missing
        "#]],
        ),
        (
            json!({"type": "Composite", "conditions": [leaf]}),
            expect![[r#"
            rule.expr: is missing
        "#]],
        ),
        (
            composite,
            expect![[r#"
            rule.expr: names a condition "C", but there are 2 (from 1 or A)
              hint: join the conditions like this: A and (B or not C)
        "#]],
        ),
        (
            inner_limit,
            expect![[r#"
            rule.conditions[0].limit: cannot stand on a group
              hint: put it on the rule or on a condition
        "#]],
        ),
        (
            groups,
            expect![[r#"
            rule.conditions[0].leftValue.customerGroup: Sluice has no customer groups
              hint: compare an attribute of the parent segment
        "#]],
        ),
        (
            deep,
            expect![[r#"
            rule.conditions[0].conditions[0].conditions[0].conditions[0].conditions[0].conditions[0].conditions[0].conditions[0].conditions[0].conditions[0]: is nested deeper than 10 groups
        "#]],
        ),
        (
            many,
            expect![[r#"
            rule: has more than 1000 conditions
        "#]],
        ),
        (
            json!({"type": "And", "conditions": [leaf], "limit": {"type": "Percent", "number": 100.5}}),
            expect![[r#"
            rule.limit.number: must be a number above 0 and at most 100, with at most 6 decimals
        "#]],
        ),
    ] {
        refuses(&rule, want);
    }
}

#[test]
fn no_part_of_a_rule_is_lost_without_a_problem() {
    // Every member of the example taken out, or made into something else: refused with a problem, or read as a whole.
    fn broken(value: &Value, found: &mut dyn FnMut(Value)) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    for other in [json!(null), json!(7), json!(""), json!([]), json!({}), json!(true)] {
                        let mut changed = members.clone();
                        changed.insert(name.clone(), other);
                        found(Value::Object(changed));
                    }
                    broken(member, &mut |inner| {
                        let mut changed = members.clone();
                        changed.insert(name.clone(), inner);
                        found(Value::Object(changed));
                    });
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    broken(item, &mut |inner| {
                        let mut changed = items.clone();
                        changed[index] = inner;
                        found(Value::Array(changed));
                    });
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let (mut read, mut refused) = (0, 0);
    broken(&example(), &mut |rule| match Rule::parse(&rule, "rule") {
        Ok(parsed) => {
            read += 1;
            assert_eq!(parsed.to_json(), rule);
        }
        Err(problems) => {
            refused += 1;
            assert!(!problems.is_empty(), "{rule}");
            assert!(problems.iter().all(|problem| problem.message != "cannot be read"), "{rule}");
        }
    });
    assert!(read > 20 && refused > 100, "{read} read, {refused} refused");
}

#[test]
fn ten_levels_and_a_thousand_conditions_are_possible() {
    let leaf = json!({"type": "Value", "leftValue": {"name": "x"}, "operator": {"type": "IsNull"}});
    let mut deep = leaf.clone();
    for _ in 0..10 {
        deep = json!({"type": "And", "conditions": [deep]});
    }
    assert!(Rule::parse(&deep, "rule").is_ok());
    assert!(Rule::parse(&json!({"type": "Or", "conditions": vec![leaf; 1_000]}), "rule").is_ok());
}

#[test]
fn percents_are_exact() {
    let percent = |number: Value| {
        let leaf = json!({"type": "Value", "leftValue": {"name": "x"}, "operator": {"type": "IsNull"}});
        let limit = json!({"type": "Percent", "number": number});
        let rule = Rule::parse(&json!({"type": "And", "conditions": [leaf], "limit": limit}), "rule").ok()?;
        rule.limit.map(|limit| limit.size)
    };
    assert_eq!(percent(json!(10)), Some(Size::Percent(10_000_000)));
    assert_eq!(percent(json!(0.1)), Some(Size::Percent(100_000)));
    assert_eq!(percent(json!("12.5")), Some(Size::Percent(12_500_000)));
    assert_eq!(percent(json!(100)), Some(Size::Percent(100_000_000)));
    for wrong in [json!(0), json!(-1), json!(100.000001), json!("1e1"), json!("ten"), json!(0.0000001), json!(true)] {
        assert_eq!(percent(wrong.clone()), None, "{wrong}");
    }
}

#[test]
fn lists_of_values_and_regular_expressions_have_limits() {
    let values = |word: &str, count: usize| condition(&json!({"type": word, "rightValues": vec!["x"; count]}));
    assert!(Rule::parse(&values("In", 10_000), "rule").is_ok());
    assert!(Rule::parse(&values("Contain", 1_000), "rule").is_ok());
    refuses(
        &values("In", 10_001),
        expect![[r#"
            rule.conditions[0].operator.rightValues: has more than 10,000 values
              hint: put the values into a table, and join it as an attribute or a behavior
        "#]],
    );
    refuses(
        &values("StartWith", 1_001),
        expect![[r#"
            rule.conditions[0].operator.rightValues: has more than 1,000 values
              hint: put the values into a table, and join it as an attribute or a behavior
        "#]],
    );
    let regexp = |pattern: &str| condition(&json!({"type": "Regexp", "rightValue": pattern}));
    for pattern in [r"^[\w.+-]+@[\w-]+(\.[\w-]+)+$", r"^\w{1,20}$", &"ä".repeat(1_000)] {
        assert!(Rule::parse(&regexp(pattern), "rule").is_ok(), "{pattern}");
    }
    refuses(
        &regexp(&"ä".repeat(1_001)),
        expect![[r#"
            rule.conditions[0].operator.rightValue: is longer than 1,000 characters
        "#]],
    );
    refuses(
        &regexp(r"((\w{100}){100}){100}"),
        expect![[r#"
            rule.conditions[0].operator.rightValue: is too large a regular expression
              hint: repeat less in it: \w{100} means a hundred copies of every letter there is
        "#]],
    );
    let many = |count: usize| json!({"type": "Or", "conditions": vec![regexp("a+"); count]});
    assert!(Rule::parse(&many(100), "rule").is_ok());
    refuses(
        &many(101),
        expect![[r#"
            rule: has more than 100 conditions with Regexp
        "#]],
    );
}

#[test]
fn a_saved_rule_is_read_without_its_regular_expressions_compiled() {
    let rule = condition(&json!({"type": "Regexp", "rightValue": r"\w+"}));
    assert_eq!(Rule::trusted(&rule), Rule::parse(&rule, "rule"));
    // Nobody looks into the pattern; everything else is read as ever.
    assert!(Rule::trusted(&condition(&json!({"type": "Regexp", "rightValue": "("}))).is_ok());
    let wrong = condition(&json!({"type": "Equals", "rightValue": "x"}));
    assert_eq!(Rule::trusted(&wrong), Rule::parse(&wrong, "rule"));
}
