//! Where the parts of a document are written.
//!
//! Knows YAML values with their lines; nothing of what a part means.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::Spanned;

/// The lines of a document's parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    path: String,
    /// Where the document begins.
    line: u64,
    /// By place: `rule.conditions[0].type`.
    lines: BTreeMap<String, u64>,
}

impl Places {
    pub(crate) fn new(path: &str, line: u64) -> Places {
        Places { path: path.to_owned(), line, lines: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, name: &str, line: u64, within: Vec<(String, u64)>) {
        self.lines.extend(within.into_iter().map(|(place, line)| (format!("{name}{place}"), line)));
        self.lines.insert(name.to_owned(), line);
    }

    /// A place of the document with its file and line: `segments/a.yaml:7: rule.conditions[0].type`. What is not written
    /// stands where the next part around it does.
    pub fn at(&self, place: &str) -> String {
        // Servers may put the word for the whole document before a place.
        let inner = place.split_once('.').map_or(place, |(_, inner)| inner);
        let line = self.line_of(place).or_else(|| self.line_of(inner)).unwrap_or(self.line);
        format!("{}:{line}: {place}", self.path)
    }

    fn line_of(&self, place: &str) -> Option<u64> {
        let mut part = place;
        loop {
            if let Some(line) = self.lines.get(part) {
                return Some(*line);
            }
            let end = part.rfind(['.', '['])?;
            part = &part[..end];
        }
    }
}

/// A value, and the lines of everything within it, by place: `.conditions[0].type`.
pub(crate) struct Lined {
    pub(crate) value: Value,
    pub(crate) lines: Vec<(String, u64)>,
}

impl Lined {
    fn plain(value: impl Into<Value>) -> Lined {
        Lined { value: value.into(), lines: Vec::new() }
    }
}

impl<'de> Deserialize<'de> for Lined {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Lined, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Lined;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Lined, E> {
        Ok(Lined::plain(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Lined, E> {
        Ok(Lined::plain(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Lined, E> {
        Ok(Lined::plain(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Lined, E> {
        Ok(Lined::plain(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Lined, E> {
        Ok(Lined::plain(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Lined, E> {
        Ok(Lined::plain(value))
    }

    fn visit_unit<E>(self) -> Result<Lined, E> {
        Ok(Lined::plain(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Lined, E> {
        Ok(Lined::plain(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Lined, D::Error> {
        Lined::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Lined, A::Error> {
        let (mut items, mut lines) = (Vec::new(), Vec::new());
        while let Some(item) = seq.next_element::<Spanned<Lined>>()? {
            let place = format!("[{}]", items.len());
            lines.push((place.clone(), item.referenced.line()));
            lines.extend(item.value.lines.into_iter().map(|(inner, line)| (format!("{place}{inner}"), line)));
            items.push(item.value.value);
        }
        Ok(Lined { value: Value::Array(items), lines })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Lined, A::Error> {
        let (mut entries, mut lines) = (Map::new(), Vec::new());
        while let Some(name) = map.next_key::<Spanned<String>>()? {
            let place = format!(".{}", name.value);
            lines.push((place.clone(), name.referenced.line()));
            let within = map.next_value::<Lined>()?;
            lines.extend(within.lines.into_iter().map(|(inner, line)| (format!("{place}{inner}"), line)));
            entries.insert(name.value, within.value);
        }
        Ok(Lined { value: Value::Object(entries), lines })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_is_not_written_stands_where_the_next_one_around_it_does() {
        let text = "type: And\nconditions:\n  - type: Value\n    operator:\n      type: In\n      rightValues:\n        - a\n  \
                    - {type: Reference,\n     id: x}\n";
        let lined: Lined = serde_saphyr::from_str(text).unwrap();
        assert_eq!(
            lined.value,
            serde_json::json!({"type": "And", "conditions": [
                {"type": "Value", "operator": {"type": "In", "rightValues": ["a"]}}, {"type": "Reference", "id": "x"},
            ]})
        );
        let mut places = Places::new("segments/a.yaml", 1);
        places.add("rule", 10, lined.lines.into_iter().map(|(place, line)| (place, line + 10)).collect());
        let cases = [
            ("rule", 10),
            ("rule.type", 11),
            ("rule.conditions[0]", 13),
            ("rule.conditions[0].leftValue.name", 13),
            ("rule.conditions[0].operator.rightValues[0]", 17),
            ("rule.conditions[0].operator.rightValues[7]", 16),
            ("rule.conditions[1].id", 19),
            ("segment.rule.conditions[1].id", 19),
            ("name", 1),
            ("", 1),
        ];
        for (place, line) in cases {
            assert_eq!(places.at(place), format!("segments/a.yaml:{line}: {place}"));
        }
    }
}
