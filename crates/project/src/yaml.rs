//! Values as lines of YAML that read back as exactly the same values.
//!
//! Knows YAML as far as it is written here; nothing of what a value means.

use std::fmt::Write;

use serde_json::Value;

use crate::render::scalar;

/// Longest mapping or list that stands on one line.
const ONE_LINE: usize = 88;

/// A name and its value as YAML, for people.
pub fn lines(name: &str, value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, name, value);
    text
}

/// The lines of a name and its value.
pub(crate) fn write(text: &mut String, name: &str, value: &Value) {
    for line in member(name, value) {
        let _ = writeln!(text, "{line}");
    }
}

fn member(name: &str, value: &Value) -> Vec<String> {
    let name = scalar(name);
    match one_line(value) {
        Some(line) => vec![format!("{name}: {line}")],
        None => {
            let below = block(value).into_iter().map(|line| format!("  {line}"));
            [format!("{name}:")].into_iter().chain(below).collect()
        }
    }
}

/// A value over several lines.
fn block(value: &Value) -> Vec<String> {
    match value {
        Value::Object(entries) => entries.iter().flat_map(|(name, value)| member(name, value)).collect(),
        Value::Array(items) => items.iter().flat_map(item).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![flow(value)],
    }
}

fn item(value: &Value) -> Vec<String> {
    let lines = match one_line(value) {
        Some(line) => vec![line],
        None => block(value),
    };
    let dash = |(index, line): (usize, String)| if index == 0 { format!("- {line}") } else { format!("  {line}") };
    lines.into_iter().enumerate().map(dash).collect()
}

/// The value on one line, where that can be read by people.
fn one_line(value: &Value) -> Option<String> {
    let plain = match value {
        Value::Object(entries) => entries.values().all(|value| !lists_mappings(value)),
        Value::Array(_) => !lists_mappings(value),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return Some(flow(value)),
    };
    let line = flow(value);
    (plain && line.chars().count() <= ONE_LINE).then_some(line)
}

fn lists_mappings(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| item.is_object() || lists_mappings(item)),
        Value::Object(entries) => entries.values().any(lists_mappings),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            let members = entries.iter().map(|(name, value)| format!("{}: {}", scalar(name), flow(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rule_is_readable() {
        let mut text = String::new();
        let rule = json!({"type": "And", "conditions": [{"type": "Or", "conditions": [
            {"type": "Value", "exclude": false, "arrayMatching": null, "leftValue": {"name": "country"},
             "operator": {"type": "In", "not": false, "rightValues": ["JP", "no", "1"]}},
            {"type": "Reference", "id": "123", "exclude": true},
        ]}, {"type": "And", "conditions": []}]});
        write(&mut text, "rule", &rule);
        expect![[r#"
            rule:
              type: And
              conditions:
                - type: Or
                  conditions:
                    - type: Value
                      exclude: false
                      arrayMatching: null
                      leftValue: {name: country}
                      operator: {type: In, not: false, rightValues: [JP, "no", "1"]}
                    - {type: Reference, id: "123", exclude: true}
                - {type: And, conditions: []}
        "#]]
        .assert_eq(&text);
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1.0e15..1.0e15_f64).prop_map(Value::from),
            "[ -~]{0,20}".prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            let name = prop_oneof!["[a-z]{1,8}", "[ -~]{1,12}", any::<String>()];
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::btree_map(name, inner, 0..5)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in values()) {
            let mut text = String::new();
            write(&mut text, "it", &value);
            let read: Value = serde_saphyr::from_str(&text)
                .map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            prop_assert_eq!(&read["it"], &value, "{}", text);
            let lined: crate::places::Lined = serde_saphyr::from_str(&text).expect("it is read");
            prop_assert_eq!(&lined.value["it"], &value, "{}", text);
        }
    }
}
