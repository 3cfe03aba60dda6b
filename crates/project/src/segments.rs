//! Segments: read from their documents, compared with what a server has, written back.
//!
//! Knows their names, and where a rule refers to other segments; what a rule means is the model's.

use api::{Segment, SegmentSpec};
use model::Rule;
use serde_json::Value;

use crate::difference::{Difference, difference};
use crate::fields::Fields;
use crate::render::line;
use crate::{Origin, WantedSegment, yaml};

/// The name of the rule in a document.
pub(crate) const RULE: &str = "rule";

/// A segment's document.
pub(crate) fn read(name: &str, fields: &mut Fields<'_>, origin: Origin) -> WantedSegment {
    let parent = fields.needed("parent_segment");
    let rule = match fields.value(RULE) {
        Some(rule) => {
            if let Err(problems) = Rule::parse(&rule, RULE) {
                fields.located(&problems);
            }
            rule
        }
        None => {
            let hint = "write type: And, and conditions: below it; the JSON of a rule can stand here as it is";
            fields.problem(RULE, "is missing", hint);
            Value::Null
        }
    };
    let spec = SegmentSpec {
        name: name.to_owned(),
        parent_segment: parent.map(|parent| parent.trim().to_owned()).unwrap_or_default(),
        description: fields.text("description").filter(|text| !text.is_empty()),
        folder: fields.text("folder").filter(|text| !text.is_empty()),
        rule,
    };
    WantedSegment { spec, origin, places: fields.places.clone() }
}

/// The segments that a rule refers to, with the place of each: a number as text, or a name.
pub(crate) fn references(rule: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(rule, RULE, &mut found);
    found
}

fn collect(part: &Value, place: &str, found: &mut Vec<(String, String)>) {
    if part["type"] == "Reference" {
        match &part["id"] {
            Value::String(id) => found.push((format!("{place}.id"), id.clone())),
            Value::Number(id) => found.push((format!("{place}.id"), id.to_string())),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {}
        }
    }
    for (index, condition) in part["conditions"].as_array().into_iter().flatten().enumerate() {
        collect(condition, &format!("{place}.conditions[{index}]"), found);
    }
}

/// What differs between two segments of one name.
pub(crate) fn differences(from: &SegmentSpec, to: &SegmentSpec) -> Vec<Difference> {
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let rule = |spec: &SegmentSpec| spec.rule.to_string();
    let each = [
        difference("parent_segment", Some(&from.parent_segment), Some(&to.parent_segment)),
        difference("description", text(&from.description).as_deref(), text(&to.description).as_deref()),
        difference("folder", text(&from.folder).as_deref(), text(&to.folder).as_deref()),
        // The order of names in a mapping has no meaning.
        difference(RULE, Some(&rule(from)), Some(&rule(to))).filter(|_| from.rule != to.rule),
    ];
    each.into_iter().flatten().collect()
}

/// The lines of a segment's document.
pub(crate) fn write(text: &mut String, found: &Segment) {
    let spec = &found.spec;
    line(text, "name", &spec.name);
    line(text, "parent_segment", &spec.parent_segment);
    for (name, value) in [("description", &spec.description), ("folder", &spec.folder)] {
        if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
            line(text, name, value);
        }
    }
    yaml::write(text, RULE, &spec.rule);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_found_with_their_places() {
        let rule = json!({"type": "And", "conditions": [
            {"type": "Or", "conditions": [{"type": "Reference", "id": "buyers"}, {"type": "Value"}]},
            {"type": "Reference", "id": 12},
        ]});
        let place = |place: &str, id: &str| (format!("rule.conditions{place}.id"), id.to_owned());
        assert_eq!(references(&rule), [place("[0].conditions[0]", "buyers"), place("[1]", "12")]);
        assert_eq!(references(&Value::Null), []);
    }
}
