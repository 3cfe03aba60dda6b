//! One YAML document as names with values and lines, and everything that is wrong with it.
//!
//! Knows YAML and where things stand in a file; nothing of what a name means. Values are never repeated in problems: one of
//! them may be a secret.

use std::fmt;

use model::{Problem, Problems, nearest};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::Spanned;

use crate::Origin;
use crate::form::{self, Form};
use crate::places::{Lined, Places};

/// A document whose values are taken one by one.
pub(crate) struct Fields<'a> {
    path: &'a str,
    text: &'a str,
    line: u64,
    entries: Vec<Entry>,
    /// Where its parts stand.
    pub(crate) places: Places,
    pub(crate) problems: Problems,
}

struct Entry {
    name: String,
    line: u64,
    value: Option<Value>,
}

/// The documents of a file.
///
/// # Errors
/// It is no YAML, or a document of it is no mapping.
pub(crate) fn documents<'a>(path: &'a str, text: &'a str) -> Result<Vec<Fields<'a>>, Problem> {
    let found: Vec<Mapping> = serde_saphyr::from_multiple(text).map_err(|error| {
        let at = error.location().map_or_else(|| path.to_owned(), |at| format!("{path}:{}", at.line()));
        // The parser's own words may quote the document.
        Problem::at(at, "is no YAML mapping").hint(
            "write one `name: value` a line, each name once, --- between documents; a text that begins with @ or * \
                 stands in quotes",
        )
    })?;
    let fields = found.into_iter().map(|mapping| {
        let line = mapping.0.first().map_or(1, |(_, line, _)| *line);
        let mut places = Places::new(path, line);
        let entry = |(name, line, lined): (String, u64, Lined)| {
            places.add(&name, line, lined.lines);
            Entry { name, line, value: Some(lined.value) }
        };
        let entries = mapping.0.into_iter().map(entry).collect();
        Fields { path, text, line, entries, places, problems: Problems::default() }
    });
    Ok(fields.collect())
}

/// The mapping of a name, whose values are taken one by one.
pub(crate) struct Within {
    outer: &'static str,
    entries: Map<String, Value>,
}

impl Within {
    /// Whether a name is given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }
}

/// How far in a line begins.
fn indent(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// Whether a line begins with this name.
fn begins(text: &str, name: &str) -> bool {
    let rest = text.trim_start().trim_start_matches(['"', '\'']).strip_prefix(name);
    rest.is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':'))
}

/// Names, lines and values in the order of the file.
struct Mapping(Vec<(String, u64, Lined)>);

impl<'de> Deserialize<'de> for Mapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Mapping, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Mapping;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Mapping, A::Error> {
                let mut pairs = Vec::new();
                while let Some(name) = map.next_key::<Spanned<String>>()? {
                    let line = name.referenced.line();
                    pairs.push((name.value, line, map.next_value::<Lined>()?));
                }
                Ok(Mapping(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

impl Fields<'_> {
    /// Where the document begins.
    pub(crate) fn origin(&self) -> Origin {
        Origin { path: self.path.to_owned(), line: self.line }
    }

    /// Where a name stands, as a place for problems.
    pub(crate) fn at(&self, name: &str) -> String {
        let entry = self.entries.iter().find(|entry| entry.name == name);
        let line = entry.map_or(self.line, |entry| entry.line);
        format!("{}:{line}: {name}", self.path)
    }

    /// Where a name within the mapping of another stands, as far as its line can be found.
    pub(crate) fn at_within(&self, outer: &str, path: &[&str]) -> String {
        let from = self.entries.iter().find(|entry| entry.name == outer).map_or(self.line, |entry| entry.line);
        let mut line = usize::try_from(from).unwrap_or(1);
        let edge = self.text.lines().nth(line.saturating_sub(1)).map_or(0, indent);
        for name in path {
            let lines = self.text.lines().enumerate().skip(line);
            // What stands further in belongs to it; a mapping on one line has all its names there.
            let mut within = lines.take_while(|(_, text)| text.trim().is_empty() || indent(text) > edge);
            if let Some((found, _)) = within.find(|(_, text)| begins(text, name)) {
                line = found + 1;
            }
        }
        format!("{}:{line}: {outer}.{}", self.path, path.join("."))
    }

    /// Takes a value, when it is given and is not null.
    pub(crate) fn value(&mut self, name: &str) -> Option<Value> {
        let entry = self.entries.iter_mut().find(|entry| entry.name == name)?;
        entry.value.take().filter(|value| !value.is_null())
    }

    /// Takes a value of a shape; another shape is a problem.
    pub(crate) fn take<T: DeserializeOwned>(&mut self, name: &str, shape: &str) -> Option<T> {
        let value = self.value(name)?;
        match serde_json::from_value(value) {
            Ok(value) => Some(value),
            Err(_) => {
                let problem = Problem::at(self.at(name), format!("must be {shape}"));
                self.problems.push(problem);
                None
            }
        }
    }

    /// Takes a value of a form; everything that is wrong within it is a problem at its line.
    pub(crate) fn formed<T: DeserializeOwned>(&mut self, name: &str, form: &Form) -> Option<T> {
        let value = self.value(name)?;
        let mut found = Problems::default();
        form.check(&value, name, &mut found);
        if !found.is_empty() {
            self.located(&found);
            return None;
        }
        match serde_json::from_value(form::given(value)) {
            Ok(value) => Some(value),
            Err(_) => {
                let problem = Problem::at(self.at(name), "cannot be understood");
                self.problems.push(problem.hint("see docs/project.md for its form"));
                None
            }
        }
    }

    /// A value that nobody has taken yet.
    pub(crate) fn peek(&self, name: &str) -> Option<&Value> {
        self.entries.iter().find(|entry| entry.name == name)?.value.as_ref()
    }

    /// Takes a text.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => Some(text),
            Value::Bool(_) | Value::Number(_) => {
                let problem = Problem::at(self.at(name), "must be a text").hint("put it in quotes");
                self.problems.push(problem);
                None
            }
            Value::Null | Value::Array(_) | Value::Object(_) => {
                let problem = Problem::at(self.at(name), "must be a text");
                self.problems.push(problem);
                None
            }
        }
    }

    /// Takes a text that must be there.
    pub(crate) fn needed(&mut self, name: &str) -> Option<String> {
        let given = self.entries.iter().any(|entry| entry.name == name);
        let text = self.text(name).filter(|text| !text.trim().is_empty());
        if text.is_none() && self.problems.iter().all(|problem| problem.at != self.at(name)) {
            let what = if given { "must not be empty" } else { "is missing" };
            let problem = Problem::at(self.at(name), what);
            self.problems.push(problem);
        }
        text
    }

    /// Whether the value of a name is a text that nobody has taken yet.
    pub(crate) fn is_text(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.name == name && matches!(entry.value, Some(Value::String(_))))
    }

    /// Takes a mapping that has these names alone.
    pub(crate) fn mapping(&mut self, outer: &'static str, names: &[&str], hint: &str) -> Option<Within> {
        match self.value(outer)? {
            Value::Object(entries) => {
                for name in entries.keys().filter(|name| !names.contains(&name.as_str())) {
                    let shown: String = name.chars().take(60).collect();
                    let problem = Problem::at(self.at_within(outer, &[&shown]), "is not a name that is known here");
                    self.problems.push(match nearest(name, names.iter().copied()) {
                        Some(near) => problem.hint(format!("did you mean {near}?")),
                        None => problem.hint(format!("the names are {}", names.join(", "))),
                    });
                }
                Some(Within { outer, entries })
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                self.problem(outer, "must be a mapping", hint);
                None
            }
        }
    }

    /// Takes a value of a shape out of a mapping; another shape is a problem at its line.
    pub(crate) fn take_within<T: DeserializeOwned>(
        &mut self,
        within: &mut Within,
        name: &str,
        shape: &str,
    ) -> Option<T> {
        let value = within.entries.remove(name).filter(|value| !value.is_null())?;
        match serde_json::from_value(value) {
            Ok(value) => Some(value),
            Err(_) => {
                let at = self.at_within(within.outer, &[name]);
                self.problems.push(Problem::at(at, format!("must be {shape}")));
                None
            }
        }
    }

    /// Whether a name is given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.name == name)
    }

    /// Refuses every name that is not known.
    pub(crate) fn only(&mut self, known: &[String]) {
        for entry in &self.entries {
            if known.contains(&entry.name) {
                continue;
            }
            // A name is no secret; a long one is shortened.
            let shown: String = entry.name.chars().take(60).collect();
            let problem =
                Problem::at(format!("{}:{}: {shown}", self.path, entry.line), "is not a name that is known here");
            self.problems.push(match nearest(&entry.name, known.iter().map(String::as_str)) {
                Some(near) => problem.hint(format!("did you mean {near}?")),
                None => problem.hint(format!("the names are {}", known.join(", "))),
            });
        }
    }

    /// Adds a problem at a name.
    pub(crate) fn problem(&mut self, name: &str, message: &str, hint: &str) {
        let problem = Problem::at(self.at(name), message).hint(hint);
        self.problems.push(problem);
    }

    /// Adds a problem at a place within the value of a name: `master.filters`, `attributes[2].name`.
    pub(crate) fn within(&mut self, place: &str, message: &str, hint: &str) {
        let problem = Problem::at(self.places.at(place), message).hint(hint);
        self.problems.push(problem);
    }

    /// Adds problems with places within the document.
    pub(crate) fn located(&mut self, problems: &Problems) {
        for problem in problems.iter() {
            self.problems.push(Problem { at: self.places.at(&problem.at), ..problem.clone() });
        }
    }
}
