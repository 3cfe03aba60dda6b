//! What a browser sends with a form, as names and values, as a document, and as a form again.
//!
//! Names are paths into the document: `schedule.cron`, `output.columns.0.name`. So a problem's place names its field. Names
//! that begin with `_` are the console's own and no part of the document: `_do` (which button), `_once`, `_revision`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use api::Place;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use url::form_urlencoded;

/// Names at most: more than any form of ours has, few enough that nobody keeps the server busy with them.
const MOST: usize = 20_000;
/// Longest name, in bytes. Ours are short; a path of a million parts would only be a game.
const LONGEST: usize = 1_000;

/// Names with their values, in order.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secrets.
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Form {
    /// Reads what was sent as `application/x-www-form-urlencoded`. Lines end as they do everywhere but in browsers.
    pub fn read(body: &[u8]) -> Form {
        let pairs = form_urlencoded::parse(body).filter(|(name, _)| name.len() <= LONGEST).take(MOST);
        Form(pairs.map(|(name, value)| (name.into_owned(), value.replace("\r\n", "\n"))).collect())
    }

    /// A document as a form: what it says, by the paths of its parts.
    pub fn of(document: &impl Serialize) -> Form {
        let mut form = Form::default();
        // A document of ours always has a form as JSON.
        let value = serde_json::to_value(document).unwrap_or_default();
        form.flatten(String::new(), &value);
        form
    }

    fn flatten(&mut self, path: String, value: &Value) {
        let below = |part: &str| if path.is_empty() { part.to_owned() } else { format!("{path}.{part}") };
        match value {
            Value::Null => {}
            Value::Bool(_) | Value::Number(_) => self.0.push((path, value.to_string())),
            Value::String(text) => self.0.push((path, text.clone())),
            // A list without anything in it is not the same as none: the mark says that it is there.
            Value::Array(items) if items.is_empty() => self.0.push((below("_empty"), "true".into())),
            Value::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    self.flatten(below(&i.to_string()), item);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    self.flatten(below(name), member);
                }
            }
        }
    }

    /// The value of a name; the last where it stands there more than once, empty where it does not.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().rev().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Whether a name stands there.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// All values of a name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All names with their values.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sets a name to one value.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), value.into()));
    }

    /// Takes away a name and everything below it.
    pub fn clear(&mut self, path: &str) {
        self.0.retain(|(name, _)| !is_below(name, path));
    }

    /// What the button that was pressed is to do: `add:output.columns` is (`add`, `output.columns`).
    pub fn asked(&self) -> Option<(&str, &str)> {
        let asked = self.get("_do");
        (!asked.is_empty()).then(|| asked.split_once(':').unwrap_or((asked, "")))
    }

    /// How many items a list has: one more than its largest index. Each item has a name of its own at least, so that an
    /// index beyond the number of names is somebody's game.
    pub fn count(&self, list: &str) -> usize {
        let index = |name: &str| name.strip_prefix(list)?.strip_prefix('.')?.split('.').next()?.parse::<usize>().ok();
        let found: Vec<usize> = self.0.iter().filter_map(|(name, _)| index(name)).collect();
        let last = found.iter().filter(|index| **index < found.len()).max();
        last.map_or(0, |last| last + 1)
    }

    /// Does what a button of a list asks: `add`, `remove`, `up` or `down`. Says whether it was one.
    pub fn edit(&mut self) -> bool {
        let Some((verb, path)) = self.asked().map(|(verb, path)| (verb.to_owned(), path.to_owned())) else {
            return false;
        };
        let item =
            path.rsplit_once('.').and_then(|(list, index)| Some((list.to_owned(), index.parse::<usize>().ok()?)));
        let there = item.as_ref().is_none_or(|(list, index)| *index < self.count(list));
        match (verb.as_str(), item) {
            // There is no item behind the last one.
            ("remove" | "up" | "down", Some(_)) if !there => {}
            ("add", _) => {
                // An item without anything in it yet: the mark keeps its place.
                let next = self.count(&path);
                self.0.push((format!("{path}.{next}._"), String::new()));
            }
            ("remove", Some((list, index))) => {
                let count = self.count(&list);
                self.clear(&path);
                for later in index + 1..count {
                    self.rename(&format!("{list}.{later}"), &format!("{list}.{}", later - 1));
                }
            }
            ("up", Some((list, index))) if index > 0 => self.swap(&list, index - 1, index),
            ("down", Some((list, index))) if index + 1 < self.count(&list) => self.swap(&list, index, index + 1),
            ("up" | "down", Some(_)) => {}
            _ => return false,
        }
        self.0.retain(|(name, _)| name != "_do");
        true
    }

    fn swap(&mut self, list: &str, one: usize, other: usize) {
        let (one, other, aside) = (format!("{list}.{one}"), format!("{list}.{other}"), format!("{list}._aside"));
        self.rename(&one, &aside);
        self.rename(&other, &one);
        self.rename(&aside, &other);
    }

    fn rename(&mut self, from: &str, to: &str) {
        for (name, _) in &mut self.0 {
            if is_below(name, from) {
                *name = format!("{to}{}", &name[from.len()..]);
            }
        }
    }

    /// The document that the form says: every value a text, what was left empty left out, no empty item or object.
    pub fn tree(&self) -> Value {
        let mut root = Node::default();
        for (name, value) in &self.0 {
            let own = name.split('.').any(|part| part.starts_with('_'));
            if !own && !value.is_empty() {
                root.put(name, value);
            }
        }
        root.value()
    }

    /// What stands below a path, as a form of its own.
    #[must_use]
    pub fn under(&self, path: &str) -> Form {
        let inside = |name: &str| name.strip_prefix(path)?.strip_prefix('.').map(str::to_owned);
        Form(self.0.iter().filter_map(|(name, value)| Some((inside(name)?, value.clone()))).collect())
    }
}

fn is_below(name: &str, path: &str) -> bool {
    name.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[derive(Default)]
struct Node {
    value: Option<String>,
    parts: Vec<(String, Node)>,
}

impl Node {
    fn put(&mut self, path: &str, value: &str) {
        let (part, rest) = path.split_once('.').map_or((path, None), |(part, rest)| (part, Some(rest)));
        let at = self.parts.iter().position(|(name, _)| name == part).unwrap_or_else(|| {
            self.parts.push((part.to_owned(), Node::default()));
            self.parts.len() - 1
        });
        let node = &mut self.parts[at].1;
        match rest {
            Some(rest) => node.put(rest, value),
            None => node.value = Some(value.to_owned()),
        }
    }

    fn value(self) -> Value {
        if let Some(text) = self.value {
            return Value::String(text);
        }
        let numbers: Option<BTreeMap<usize, ()>> =
            self.parts.iter().map(|(name, _)| Some((name.parse().ok()?, ()))).collect();
        match numbers {
            Some(numbers) if !numbers.is_empty() => {
                let mut items: Vec<(usize, Value)> = Vec::new();
                for (name, node) in self.parts {
                    items.push((name.parse().unwrap_or_default(), node.value()));
                }
                items.sort_by_key(|(index, _)| *index);
                Value::Array(items.into_iter().map(|(_, item)| item).collect())
            }
            _ => Value::Object(self.parts.into_iter().map(|(name, node)| (name, node.value())).collect::<Map<_, _>>()),
        }
    }
}

/// Reads a form part by part, and gathers what cannot be read.
#[derive(Debug)]
pub struct Reading<'a> {
    form: &'a Form,
    /// What could not be read so far.
    pub problems: Vec<Place>,
}

impl<'a> Reading<'a> {
    /// Begins.
    pub fn new(form: &'a Form) -> Reading<'a> {
        Reading { form, problems: Vec::new() }
    }

    /// The form that is read.
    pub fn form(&self) -> &'a Form {
        self.form
    }

    /// A text, without the blanks around it.
    pub fn text(&self, name: &str) -> String {
        self.form.get(name).trim().to_owned()
    }

    /// A text, unless it was left empty.
    pub fn some(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Exactly what was typed, unless it was left empty: a secret, or SQL.
    pub fn exact(&self, name: &str) -> Option<String> {
        Some(self.form.get(name).to_owned()).filter(|text| !text.is_empty())
    }

    /// Whether a box is ticked.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.form.get(name), "true" | "on" | "1")
    }

    /// A number, unless it was left empty.
    pub fn number<T: FromStr>(&mut self, name: &str) -> Option<T> {
        let text = self.some(name)?;
        let number = text.parse().ok();
        if number.is_none() {
            self.refuse(name, "is not a number that can stand here");
        }
        number
    }

    /// A word of a closed list, unless it was left empty.
    pub fn word<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let word = serde_json::from_value(Value::String(self.some(name)?)).ok();
        if word.is_none() {
            self.refuse(name, "is none of the choices");
        }
        word
    }

    /// Something is wrong at a field.
    pub fn refuse(&mut self, name: &str, message: impl Into<String>) {
        self.problems.push(Place { at: name.to_owned(), message: message.into(), hint: None });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_survives_the_way_through_a_form() {
        let document = json!({
            "name": "nightly", "sql": "SELECT 1\nFROM t", "export": {"connection": "prod", "settings": {"max_payload": "5000"}},
            "output": {"columns": [{"source": "email", "name": "email"}, {"source": "id", "name": "é&="}]}
        });
        let form = Form::of(&document);
        let mut sent = form_urlencoded::Serializer::new(String::new());
        form.pairs().for_each(|(name, value)| {
            sent.append_pair(name, &value.replace('\n', "\r\n"));
        });
        let mut read = Form::read(sent.finish().as_bytes());
        assert_eq!(read.tree(), document);
        read.set("_once", "1");
        read.set("description", "");
        assert_eq!(read.tree(), document);
    }

    #[test]
    fn buttons_change_lists() {
        let cases = [
            ("add:a", json!(["x", "y", "z"]), 4),
            ("remove:a.1", json!(["x", "z"]), 2),
            ("remove:a.9", json!(["x", "y", "z"]), 3),
            ("up:a.0", json!(["x", "y", "z"]), 3),
            ("up:a.2", json!(["x", "z", "y"]), 3),
            ("down:a.0", json!(["y", "x", "z"]), 3),
            ("down:a.2", json!(["x", "y", "z"]), 3),
            ("down:a.18446744073709551615", json!(["x", "y", "z"]), 3),
            ("remove:a.18446744073709551615", json!(["x", "y", "z"]), 3),
        ];
        for (asked, want, count) in cases {
            let mut form = Form::of(&json!({"a": [{"v": "x"}, {"v": "y"}, {"v": "z"}], "ab": "b"}));
            form.set("_do", asked);
            assert!(form.edit(), "{asked}");
            let values: Vec<Value> =
                form.tree()["a"].as_array().unwrap().iter().map(|item| item["v"].clone()).collect();
            assert_eq!((Value::Array(values), form.count("a"), form.get("ab")), (want, count, "b"), "{asked}");
            assert_eq!(form.get("_do"), "");
        }
        let mut other = Form::of(&json!({"_do": "preview"}));
        assert!(!other.edit() && other.asked() == Some(("preview", "")));
    }

    #[test]
    fn an_index_out_of_all_bounds_makes_no_items() {
        let cases = [
            ("a.0=x&a.1=y", 2),
            ("a.1=y&a.0.b=x", 2),
            ("a.1=y", 0),
            ("a.0=x&a.999999999=y", 1),
            ("a.0=x&a.18446744073709551615=y", 1),
            ("a.-1=x&a.x=y&b.0=z", 0),
        ];
        for (body, want) in cases {
            assert_eq!(Form::read(body.as_bytes()).count("a"), want, "{body}");
        }
        let deep = format!("{}=x&a=y", "a.".repeat(500_000));
        assert_eq!(Form::read(deep.as_bytes()).tree(), json!({"a": "y"}));
    }

    #[test]
    fn a_box_that_is_ticked_stands_after_its_no() {
        let read = |body: &str| Reading::new(&Form::read(body.as_bytes())).flag("a");
        assert!(read("a=false&a=true") && !read("a=false") && !read(""));
        let form = Form::read(b"n=12&m=x&w=odd&e=");
        let mut reading = Reading::new(&form);
        assert_eq!(
            (reading.number::<u64>("n"), reading.number::<u64>("m"), reading.number::<u64>("e")),
            (Some(12), None, None)
        );
        assert_eq!(reading.word::<api::Overlap>("w"), None);
        assert_eq!(reading.problems.iter().map(|place| place.at.as_str()).collect::<Vec<_>>(), ["m", "w"]);
        assert_eq!(format!("{form:?}"), r#"["n", "m", "w", "e"]"#);
    }
}
