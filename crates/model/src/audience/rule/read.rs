//! Reads members of JSON objects and keeps everything that is wrong with them.
//!
//! Knows JSON and places; not rules.

use serde_json::{Map, Value};

use crate::nearest;
use crate::{Problem, Problems};

/// A text in quotes for a message: its beginning, with nothing that could be taken for the message's own.
pub(crate) fn shown(text: &str) -> String {
    let beginning: String = text.chars().take(60).collect();
    let dots = if beginning.len() < text.len() { "…" } else { "" };
    format!("\"{}{dots}\"", beginning.escape_debug())
}

/// What is known of a rule's regular expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patterns {
    /// Nothing: each is compiled.
    Checked,
    /// They are good: the rule was accepted before.
    Trusted,
}

/// Reads a document, and collects its problems. Places within begin with nothing: the document's own is put before them.
pub(crate) struct Reader<'p> {
    pub(crate) root: &'p str,
    pub(crate) problems: Problems,
    /// Conditions so far.
    pub(crate) conditions: usize,
    /// Whether regular expressions are compiled, and how many there were.
    pub(crate) patterns: Patterns,
    pub(crate) regexps: usize,
}

/// An object and where it stands.
pub(crate) struct Object<'v> {
    pub(crate) place: String,
    members: &'v Map<String, Value>,
}

impl<'v> Object<'v> {
    /// A member; what is null is not there.
    pub(crate) fn get(&self, name: &str) -> Option<&'v Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// Where a member stands.
    pub(crate) fn at(&self, name: &str) -> String {
        format!("{}.{name}", self.place)
    }

    /// Whether it has no members.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

impl Reader<'_> {
    /// Notes a problem.
    pub(crate) fn wrong(&mut self, place: &str, message: impl Into<String>) {
        self.problems.push(Problem::at(format!("{}{place}", self.root), message));
    }

    /// Notes a problem with advice.
    pub(crate) fn advise(&mut self, place: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem::at(format!("{}{place}", self.root), message).hint(hint));
    }

    /// The value as an object.
    pub(crate) fn object<'v>(&mut self, value: &'v Value, place: impl Into<String>) -> Option<Object<'v>> {
        let place = place.into();
        match value {
            Value::Object(members) => Some(Object { place, members }),
            other => {
                self.wrong(&place, format!("must be an object, not {}", kind(other)));
                None
            }
        }
    }

    /// Notes every member that is not known: one that is misspelt would change who is chosen.
    pub(crate) fn only(&mut self, object: &Object<'_>, known: &[&str]) {
        for name in object.members.keys().filter(|name| !known.contains(&name.as_str())) {
            let message = format!("has no member {}", shown(name));
            match nearest(name, known.iter().copied()) {
                Some(near) => self.advise(&object.place, message, format!("did you mean {near}?")),
                None => self.advise(&object.place, message, format!("it has {}", known.join(", "))),
            }
        }
    }

    /// A member that must be there.
    pub(crate) fn needed<'v>(&mut self, object: &Object<'v>, name: &str) -> Option<&'v Value> {
        let found = object.get(name);
        if found.is_none() {
            self.wrong(&object.at(name), "is missing");
        }
        found
    }

    /// A text that must be there and may not be empty.
    pub(crate) fn text<'v>(&mut self, object: &Object<'v>, name: &str) -> Option<&'v str> {
        match self.needed(object, name)? {
            Value::String(text) if text.is_empty() => {
                self.wrong(&object.at(name), "is empty");
                None
            }
            Value::String(text) => Some(text),
            other => {
                self.wrong(&object.at(name), format!("must be text, not {}", kind(other)));
                None
            }
        }
    }

    /// One of the known words; a hint names the nearest.
    pub(crate) fn word<'v>(&mut self, object: &Object<'v>, name: &str, known: &[&str]) -> Option<&'v str> {
        let word = self.text(object, name)?;
        if known.contains(&word) {
            return Some(word);
        }
        let hint = match nearest(word, known.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("it is one of {}", known.join(", ")),
        };
        self.advise(&object.at(name), format!("cannot be {}", shown(word)), hint);
        None
    }

    /// True or false; false where it is not there.
    pub(crate) fn flag(&mut self, object: &Object<'_>, name: &str) -> Option<bool> {
        match object.get(name) {
            None => Some(false),
            Some(Value::Bool(flag)) => Some(*flag),
            Some(other) => {
                self.wrong(&object.at(name), format!("must be true or false, not {}", kind(other)));
                None
            }
        }
    }

    /// A list that must be there and may not be empty.
    pub(crate) fn list<'v>(&mut self, object: &Object<'v>, name: &str) -> Option<&'v [Value]> {
        match self.needed(object, name)? {
            Value::Array(items) if items.is_empty() => {
                self.wrong(&object.at(name), "is empty");
                None
            }
            Value::Array(items) => Some(items),
            other => {
                self.wrong(&object.at(name), format!("must be a list, not {}", kind(other)));
                None
            }
        }
    }

    /// A list of texts that must be there and may not be empty.
    pub(crate) fn texts(&mut self, object: &Object<'_>, name: &str) -> Option<Vec<String>> {
        let items = self.list(object, name)?;
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match item {
                Value::String(text) => texts.push(text.clone()),
                other => {
                    self.wrong(&format!("{}[{index}]", object.at(name)), format!("must be text, not {}", kind(other)));
                }
            }
        }
        (texts.len() == items.len()).then_some(texts)
    }

    /// A whole number from 0, also as text.
    pub(crate) fn whole(&mut self, value: &Value, place: &str) -> Option<u64> {
        let number = match value {
            // A whole number may be written 7.0.
            Value::Number(number) => number.as_u64().or_else(|| {
                number
                    .as_f64()
                    .filter(|float| float.fract() == 0.0 && (0.0..1e15).contains(float))
                    .map(|float| float as u64)
            }),
            Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        if number.is_none() {
            self.wrong(place, "must be a whole number, 0 or more");
        }
        number
    }
}

/// What a JSON value is, in words.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
