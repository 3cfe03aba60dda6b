//! The forms that the parts of a document have, and everything that is wrong with a part.
//!
//! Knows names and shapes; nothing of what they mean. Values are never repeated in problems.

use model::{Problem, Problems, nearest};
use serde_json::{Map, Value};

/// What a value may be.
pub(crate) enum Form {
    /// A text that is not empty.
    Text,
    /// A text.
    AnyText,
    /// A whole number.
    Whole,
    /// True or false.
    Truth,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of texts, numbers and truth values.
    Scalars,
    /// A list.
    List(&'static Form),
    /// A mapping that has these names alone.
    Mapping(&'static [Part]),
}

/// A name of a mapping.
pub(crate) struct Part {
    /// The name.
    pub(crate) name: &'static str,
    /// What Treasure Data calls it.
    pub(crate) other: Option<&'static str>,
    /// Whether it must be there.
    pub(crate) needed: bool,
    /// What it holds.
    pub(crate) form: Form,
}

impl Part {
    /// A name that must be there.
    pub(crate) const fn needed(name: &'static str, form: Form) -> Part {
        Part { name, other: None, needed: true, form }
    }

    /// A name that may be there.
    pub(crate) const fn given(name: &'static str, form: Form) -> Part {
        Part { name, other: None, needed: false, form }
    }

    /// The same with Treasure Data's name for it.
    pub(crate) const fn or(self, other: &'static str) -> Part {
        Part { other: Some(other), ..self }
    }

    fn has(&self, name: &str) -> bool {
        self.name == name || self.other == Some(name)
    }
}

impl Form {
    /// Everything that is wrong with a value at `place`.
    pub(crate) fn check(&self, value: &Value, place: &str, problems: &mut Problems) {
        let mut wrong = |what: &str| problems.push(Problem::at(place, format!("must be {what}")));
        match (self, value) {
            (Form::AnyText, Value::String(_)) => {}
            (Form::Text, Value::String(text)) if !text.trim().is_empty() => {}
            (Form::Text, Value::String(_)) => problems.push(Problem::at(place, "must not be empty")),
            (Form::Text | Form::AnyText, Value::Bool(_) | Value::Number(_)) => {
                problems.push(Problem::at(place, "must be a text").hint("put it in quotes"));
            }
            (Form::Text | Form::AnyText, _) => wrong("a text"),
            (Form::Whole, Value::Number(number)) if number.is_u64() => {}
            (Form::Whole, _) => wrong("a whole number"),
            (Form::Truth, Value::Bool(_)) => {}
            (Form::Truth, _) => wrong("true or false"),
            (Form::Word(words), Value::String(text)) if words.contains(&text.as_str()) => {}
            (Form::Word(words), given) => {
                let problem = Problem::at(place, format!("must be one of {}", words.join(", ")));
                problems.push(match given.as_str().and_then(|text| nearest(text, words.iter().copied())) {
                    Some(near) => problem.hint(format!("did you mean {near}?")),
                    None => problem,
                });
            }
            (Form::Scalars, Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    if !(item.is_string() || item.is_number() || item.is_boolean()) {
                        let what = "must be a text, a number, true or false";
                        problems.push(Problem::at(format!("{place}[{index}]"), what));
                    }
                }
            }
            (Form::Scalars, _) => wrong("a list of values"),
            (Form::List(form), Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    form.check(item, &format!("{place}[{index}]"), problems);
                }
            }
            (Form::List(_), _) => wrong("a list"),
            (Form::Mapping(parts), Value::Object(entries)) => mapping(parts, entries, place, problems),
            (Form::Mapping(parts), _) => {
                let names: Vec<&str> = parts.iter().map(|part| part.name).collect();
                let problem = Problem::at(place, "must be a mapping");
                problems.push(problem.hint(format!("the names are {}", names.join(", "))));
            }
        }
    }
}

fn mapping(parts: &[Part], entries: &Map<String, Value>, place: &str, problems: &mut Problems) {
    for (name, value) in entries {
        let shown: String = name.chars().take(60).collect();
        let at = format!("{place}.{shown}");
        let Some(part) = parts.iter().find(|part| part.has(name)) else {
            let names = parts.iter().map(|part| part.name);
            let problem = Problem::at(at, "is not a name that is known here");
            problems.push(match nearest(name, names.clone()) {
                Some(near) => problem.hint(format!("did you mean {near}?")),
                None => problem.hint(format!("the names are {}", names.collect::<Vec<_>>().join(", "))),
            });
            continue;
        };
        if part.name != name && entries.contains_key(part.name) {
            problems.push(Problem::at(at, format!("stands beside {}", part.name)).hint("keep one of the two"));
        } else if !value.is_null() {
            part.form.check(value, &at, problems);
        }
    }
    let given = |part: &Part| entries.iter().any(|(name, value)| part.has(name) && !value.is_null());
    for part in parts.iter().filter(|part| part.needed && !given(part)) {
        problems.push(Problem::at(format!("{place}.{}", part.name), "is missing"));
    }
}

/// The value without what is null, which counts as not written.
pub(crate) fn given(value: Value) -> Value {
    match value {
        Value::Object(entries) => Value::Object(
            entries
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name, given(value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(given).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;

    const FORM: Form = Form::Mapping(&[
        Part::needed("name", Form::Text),
        Part::needed("table", Form::Text).or("parentTableName"),
        Part::given("rows", Form::Whole),
        Part::given("all", Form::Truth),
        Part::given("type", Form::Word(&["string", "number"])),
        Part::given("values", Form::Scalars),
        Part::given("columns", Form::List(&Form::Mapping(&[Part::needed("column", Form::Text)]))),
    ]);

    fn wrong(value: &Value) -> String {
        let mut problems = Problems::default();
        FORM.check(value, "it", &mut problems);
        problems.to_string()
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        for good in [
            json!({"name": "a", "parentTableName": "b"}),
            json!({
                "name": "a", "table": "b", "rows": 3, "all": true, "type": "number", "values": [1, "a", false],
                "columns": [{"column": "c"}]
            }),
            json!({"name": "a", "table": "b", "rows": null}),
        ] {
            assert_eq!(wrong(&good), "", "{good}");
        }
        expect![[r#"
            it.nam: is not a name that is known here
              hint: did you mean name?
            it.parentTableName: stands beside table
              hint: keep one of the two
            it.table: must be a text
              hint: put it in quotes
            it.rows: must be a whole number
            it.all: must be true or false
            it.type: must be one of string, number
              hint: did you mean string?
            it.values[1]: must be a text, a number, true or false
            it.columns[0].column: must not be empty
            it.columns[1]: must be a mapping
              hint: the names are column
            it.name: is missing"#]]
        .assert_eq(&wrong(&json!({
            "nam": "a", "parentTableName": "b", "table": 5, "rows": -1, "all": "yes", "type": "strng",
            "values": [1, {}], "columns": [{"column": " "}, "x"]
        })));
        expect![[r#"
            it: must be a mapping
              hint: the names are name, table, rows, all, type, values, columns"#]]
        .assert_eq(&wrong(&json!([])));
        assert_eq!(given(json!({"a": null, "b": [{"c": null}]})), json!({"b": [{}]}));
    }
}
