//! What must be changed, beside its fields and once above the form.
//!
//! Knows places by name only. A problem whose place no field shows stands above the form all the same: nothing is lost.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use api::Place;
use askama::Template;

use crate::field::id_of;

/// The problems of a form.
#[derive(Debug, Default)]
pub struct Faults {
    title: Option<String>,
    hint: Option<String>,
    places: Vec<Place>,
    /// Places that stand beside something.
    beside: Mutex<BTreeMap<String, Beside>>,
}

/// What a place stands beside.
#[derive(Debug, Clone)]
struct Beside {
    id: String,
    /// What people call it.
    label: Option<String>,
}

impl Faults {
    /// Nothing is wrong.
    pub fn none() -> Faults {
        Faults::default()
    }

    /// These places must be changed.
    pub fn of(places: impl IntoIterator<Item = Place>) -> Faults {
        Faults { places: places.into_iter().collect(), ..Faults::default() }
    }

    /// Something that has no place: what happened, and what to do.
    pub fn whole(title: impl Into<String>, hint: Option<String>) -> Faults {
        Faults { title: Some(title.into()), hint, ..Faults::default() }
    }

    /// The same, with words of its own above all of them.
    #[must_use]
    pub fn titled(self, title: impl Into<String>) -> Faults {
        Faults { title: Some(title.into()), ..self }
    }

    /// The same, with the places under names that begin otherwise: `query.sql` as the field `sql`.
    #[must_use]
    pub fn within(mut self, prefix: &str) -> Faults {
        for place in &mut self.places {
            if let Some(rest) = place.at.strip_prefix(prefix) {
                place.at = rest.to_owned();
            }
        }
        self
    }

    /// The same, with what is wrong with a list, or with one of its items, under another name.
    #[must_use]
    pub fn moved(mut self, list: &str, name: &str) -> Faults {
        for place in &mut self.places {
            if let Some(rest) = place.at.strip_prefix(list).filter(|rest| rest.is_empty() || rest.starts_with('[')) {
                place.at = format!("{name}{rest}");
            }
        }
        self
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.title.is_none() && self.places.is_empty()
    }

    fn beside(&self) -> MutexGuard<'_, BTreeMap<String, Beside>> {
        self.beside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same for a field that people know by this label.
    pub(crate) fn at_labelled(&self, name: &str, label: &str) -> Vec<Place> {
        let found = self.at(name);
        if let Some(beside) = self.beside().get_mut(name).filter(|_| !label.is_empty()) {
            beside.label = Some(label.to_owned());
        }
        found
    }

    /// What is wrong at a field, which from now on counts as shown beside it.
    pub fn at(&self, name: &str) -> Vec<Place> {
        self.beside().insert(name.to_owned(), Beside { id: id_of(name), label: None });
        let places = self.places.iter().filter(|place| names(&place.at).iter().any(|at| at == name));
        places.cloned().map(|place| numbered(place, name)).collect()
    }

    /// What is wrong at a part of the form or anywhere below it, and stands beside no field so far.
    pub fn below(&self, name: &str) -> Vec<Place> {
        let mut beside = self.beside();
        let mut found = Vec::new();
        for place in &self.places {
            let at = dotted(&place.at);
            let within = at.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
            if within && !names(&place.at).iter().any(|name| beside.contains_key(name)) {
                beside.insert(place.at.clone(), Beside { id: id_of(name), label: None });
                found.push(place.clone());
            }
        }
        found
    }

    /// What stands above the form. To be asked for once the fields are made.
    pub fn summary(&self) -> Summary {
        let beside = self.beside();
        let lines = self.places.iter().map(|place| Line {
            beside: names(&place.at).iter().find_map(|name| beside.get(name).cloned()),
            at: place.at.clone(),
            message: place.message.clone(),
            hint: place.hint.clone(),
        });
        let title = match (&self.title, self.places.len()) {
            (Some(title), _) => title.clone(),
            (None, 1) => "One thing must be changed. Nothing was saved.".into(),
            (None, many) => format!("{many} things must be changed. Nothing was saved."),
        };
        Summary { shown: !self.is_empty(), title, hint: self.hint.clone(), lines: lines.collect() }
    }
}

/// What is wrong with one item of a list, at the field that shows the list as a whole.
fn numbered(mut place: Place, name: &str) -> Place {
    let item = place.at.strip_prefix(name).and_then(|rest| rest.strip_prefix('[')?.strip_suffix(']'));
    if let Some(item) = item.and_then(|item| item.parse::<usize>().ok()) {
        place.message = format!("number {} {}", item + 1, place.message);
    }
    place
}

/// The fields that may show a place.
fn names(at: &str) -> [String; 3] {
    [at.to_owned(), dotted(at), field_of(at).to_owned()]
}

/// The field that shows a place: `notify.recipients[2]` is one line of the field `notify.recipients`.
fn field_of(at: &str) -> &str {
    at.strip_suffix(']').and_then(|at| at.rsplit_once('[')).map_or(at, |(field, _)| field)
}

/// A place as fields are named: `columns[2].name` is `columns.2.name`.
fn dotted(at: &str) -> String {
    at.replace('[', ".").replace(']', "")
}

/// All problems in one place, each with a link to its field.
#[derive(Debug, Template)]
#[template(path = "part/summary.html")]
pub struct Summary {
    shown: bool,
    title: String,
    hint: Option<String>,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    beside: Option<Beside>,
    at: String,
    message: String,
    hint: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(at: &str, message: &str) -> Place {
        Place { at: at.into(), message: message.into(), hint: None }
    }

    #[test]
    fn every_problem_stands_above_the_form_and_those_of_fields_beside_them() {
        let faults = Faults::of([place("query.sql", "is missing"), place("query.odd", "<b>")]).within("query.");
        assert_eq!(faults.at("sql").len(), 1);
        let html = faults.summary().render().unwrap();
        assert!(html.contains("2 things must be changed") && html.contains("href=\"#f-sql\""), "{html}");
        assert!(html.contains("odd") && html.contains("&#60;b&#62;") && !html.contains("#f-odd"), "{html}");
        let list = Faults::of([place("to[1]", "is no address"), place("to", "is empty"), place("too", "is odd")])
            .moved("to", "all");
        let messages: Vec<String> = list.at("all").into_iter().map(|place| place.message).collect();
        assert_eq!(messages, ["number 2 is no address", "is empty"]);
        assert_eq!(list.at("too").len(), 1);
        assert_eq!(Faults::none().summary().render().unwrap().trim(), "");
    }

    #[test]
    fn a_place_in_a_list_stands_beside_its_item() {
        let faults =
            Faults::of([place("a[1].b", "is odd"), place("a[1].c.d[2]", "is far"), place("a[12]", "is other")]);
        assert_eq!((faults.at("a.1.b").len(), faults.below("a.1").len(), faults.below("a.1").len()), (1, 1, 0));
        let html = faults.summary().render().unwrap();
        assert!(html.contains("#f-a-1-b") && html.contains("\"#f-a-1\"") && !html.contains("#f-a-12"), "{html}");
    }
}
