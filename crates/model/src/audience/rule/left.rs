//! Reads what stands on the left of a condition: an attribute, or a summary of a behaviour's events.
//!
//! Knows how they are written; not which attributes and behaviours there are.

use serde_json::Value;

use super::read::{Object, Reader, kind, shown};
use super::{Aggregation, ColumnCondition, DEEPEST, Filter, Left, MOST_CONDITIONS, Summary};
use crate::audience::moment::Length;

const AGGREGATIONS: [&str; 8] = ["Count", "CountDistinct", "Sum", "Min", "Max", "Average", "First", "Last"];

impl Reader<'_> {
    fn name(&mut self, object: &Object<'_>, name: &str) -> Option<String> {
        self.text(object, name).map(str::to_owned)
    }

    pub(super) fn left(&mut self, value: &Value, place: String) -> Option<Left> {
        let object = self.object(value, place)?;
        if object.get("customerGroup").is_some() {
            self.advise(
                &object.at("customerGroup"),
                "Sluice has no customer groups",
                "compare an attribute of the parent segment",
            );
            return None;
        }
        if object.get("aggregation").is_none() && object.get("source").is_none() {
            self.only(&object, &["name", "source", "aggregation", "filter", "window"]);
            return self.name(&object, "name").map(Left::Attribute);
        }
        self.only(&object, &["source", "aggregation", "filter", "window"]);
        let source = self.needed(&object, "source").and_then(|source| {
            let source = self.object(source, object.at("source"))?;
            self.only(&source, &["name"]);
            self.name(&source, "name")
        });
        let aggregation = self.needed(&object, "aggregation").and_then(|value| {
            let aggregation = self.object(value, object.at("aggregation"))?;
            self.aggregation(&aggregation)
        });
        let filter = match object.get("filter") {
            Some(filter) => self.whole_filter(filter, object.at("filter")),
            None => Some(None),
        };
        let window = match object.get("window") {
            Some(window) => self.window(window, object.at("window")).map(Some),
            None => Some(None),
        };
        let (aggregation, groups) = aggregation?;
        let summary = Summary { source: source?, aggregation, groups, filter: filter?, window: window? };
        Some(Left::Events(Box::new(summary)))
    }

    fn aggregation(&mut self, object: &Object<'_>) -> Option<(Aggregation, Vec<String>)> {
        let word = self.word(object, "type", &AGGREGATIONS)?;
        let (known, aggregation): (&[&str], _) = match word {
            "Count" => (&["type", "groupingColumns"], Some(Aggregation::Count)),
            "CountDistinct" => {
                (&["type", "columns", "groupingColumns"], self.texts(object, "columns").map(Aggregation::CountDistinct))
            }
            "First" | "Last" => {
                let (column, order) = (self.name(object, "column"), self.name(object, "orderColumn"));
                let aggregation = column.zip(order).map(|(column, order)| match word {
                    "First" => Aggregation::First { column, order },
                    _ => Aggregation::Last { column, order },
                });
                (&["type", "column", "orderColumn", "groupingColumns"], aggregation)
            }
            _ => {
                let column = self.name(object, "column");
                let aggregation = column.map(|column| match word {
                    "Sum" => Aggregation::Sum(column),
                    "Min" => Aggregation::Min(column),
                    "Max" => Aggregation::Max(column),
                    _ => Aggregation::Average(column),
                });
                (&["type", "column", "groupingColumns"], aggregation)
            }
        };
        self.only(object, known);
        let groups = match object.get("groupingColumns") {
            None => Some(Vec::new()),
            Some(Value::Array(items)) if items.is_empty() => Some(Vec::new()),
            Some(_) => self.texts(object, "groupingColumns"),
        };
        Some((aggregation?, groups?))
    }

    /// `{}` is no filter, and neither is an And of nothing.
    fn whole_filter(&mut self, value: &Value, place: String) -> Option<Option<Filter>> {
        let object = self.object(value, place)?;
        let none = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
        let all = object.get("type").is_some_and(|word| word == "And");
        if object.is_empty() || all && object.get("conditions").is_some_and(none) {
            return Some(None);
        }
        self.filter(&object, 1).map(Some)
    }

    fn filter(&mut self, object: &Object<'_>, depth: usize) -> Option<Filter> {
        if depth > DEEPEST {
            self.wrong(&object.place, format!("is nested deeper than {DEEPEST} groups"));
            return None;
        }
        let word = self.word(object, "type", &["And", "Or", "Column"])?;
        if word == "Column" {
            return self.column(object).map(Filter::Column);
        }
        self.only(object, &["type", "conditions", "description"]);
        let items = self.list(object, "conditions")?;
        let mut parts = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            if self.conditions > MOST_CONDITIONS {
                return None;
            }
            let item = self.object(item, format!("{}.conditions[{index}]", object.place));
            parts.push(item.and_then(|item| self.filter(&item, depth + 1)));
        }
        let parts = parts.into_iter().collect::<Option<Vec<_>>>()?;
        Some(if word == "And" { Filter::All(parts) } else { Filter::Any(parts) })
    }

    fn column(&mut self, object: &Object<'_>) -> Option<ColumnCondition> {
        self.conditions += 1;
        self.only(object, &["type", "column", "arrayMatching", "operator", "description"]);
        let column = self.name(object, "column");
        let matching = self.matching(object);
        let operator = self.operator(object);
        let place = object.place.clone();
        Some(ColumnCondition { place, column: column?, matching: matching?, operator: operator? })
    }

    fn window(&mut self, value: &Value, place: String) -> Option<Length> {
        let object = self.object(value, place)?;
        self.only(&object, &["type", "duration"]);
        let word = self.word(&object, "type", &["TimeSliding"]);
        let duration = self.needed(&object, "duration");
        let duration = duration.and_then(|duration| self.length(duration, &object.at("duration")));
        word.and(duration)
    }
}

/// A literal's text may hold anything but NUL, which databases cannot.
pub(super) fn without_nul(text: &str) -> Result<(), String> {
    if text.contains('\0') { Err(format!("cannot be {}: it holds a NUL character", shown(text))) } else { Ok(()) }
}

/// What a value must be, where it is not.
pub(super) fn must_be(what: &str, value: &Value) -> String {
    format!("must be {what}, not {}", kind(value))
}
