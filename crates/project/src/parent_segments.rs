//! Parent segments: read from their documents, compared with what a server has, written back.
//!
//! Knows their names and when two mean the same; what is in the tables is a server's to say.

use std::collections::BTreeSet;

use api::{ParentSegment, ParentSegmentSpec};
use model::{Problem, Zone};
use serde::Serialize;
use serde_json::Value;

use crate::difference::{Difference, difference, keyed};
use crate::fields::Fields;
use crate::form::{Form, Part};
use crate::render::line;
use crate::{Origin, WantedParentSegment, timetable, told, yaml};

/// Longest name of a behaviour.
const LONGEST_BEHAVIOR: usize = 60;

/// Most filters of a master table.
const MOST_FILTERS: usize = 2;

const TYPES: [&str; 7] = ["string", "number", "timestamp", "date", "boolean", "string_array", "number_array"];

const FILTER: Form = Form::Mapping(&[
    Part::needed("column", Form::Text).or("columnName"),
    Part::needed("values", Form::Scalars).or("rightValues"),
]);

pub(crate) const MASTER: Form = Form::Mapping(&[
    Part::needed("table", Form::Text).or("parentTableName"),
    Part::needed("key", Form::Text),
    Part::given("filters", Form::List(&FILTER)),
]);

pub(crate) const ATTRIBUTES: Form = Form::List(&Form::Mapping(&[
    Part::needed("name", Form::Text),
    Part::given("type", Form::Word(&TYPES)),
    Part::given("table", Form::Text).or("parentTableName"),
    Part::given("column", Form::Text).or("parentColumn"),
    Part::given("parent_key", Form::Text).or("parentKey"),
    Part::given("foreign_key", Form::Text).or("foreignKey"),
    Part::given("group", Form::Text).or("groupingName"),
]));

const COLUMN: Form = Form::Mapping(&[
    Part::needed("name", Form::Text),
    Part::given("type", Form::Word(&TYPES)),
    Part::given("column", Form::Text).or("parentColumn"),
]);

pub(crate) const BEHAVIORS: Form = Form::List(&Form::Mapping(&[
    Part::needed("name", Form::Text),
    Part::needed("table", Form::Text).or("parentTableName"),
    Part::given("parent_key", Form::Text).or("parentKey"),
    Part::given("foreign_key", Form::Text).or("foreignKey"),
    Part::given("time", Form::Text),
    Part::given("columns", Form::List(&COLUMN)).or("schema"),
]));

/// A parent segment's document.
pub(crate) fn read(name: &str, fields: &mut Fields<'_>, origin: Origin) -> WantedParentSegment {
    if !fields.has("master") {
        fields.problem("master", "is missing", "write table: and key: below it: one profile for each key");
    }
    let spec = ParentSegmentSpec {
        name: name.to_owned(),
        description: fields.text("description").filter(|text| !text.is_empty()),
        owner: owner(fields),
        master: fields.formed("master", &MASTER).unwrap_or_default(),
        attributes: fields.formed("attributes", &ATTRIBUTES).unwrap_or_default(),
        behaviors: fields.formed("behaviors", &BEHAVIORS).unwrap_or_default(),
        timezone: timezone(fields),
        schedule: timetable::read(fields),
        notify: told::read(fields),
    };
    check(&spec, fields);
    WantedParentSegment { spec, origin, places: fields.places.clone() }
}

fn owner(fields: &mut Fields<'_>) -> Option<String> {
    let text = fields.text("owner").filter(|text| !text.is_empty())?;
    if !told::is_address(&text) {
        fields.problem("owner", "is no mail address", "write one plain address: ada@example.com");
    }
    Some(text)
}

fn timezone(fields: &mut Fields<'_>) -> Option<String> {
    let text = fields.text("timezone").filter(|text| !text.is_empty())?;
    if let Err(problem) = Zone::parse(&text) {
        let at = fields.at("timezone");
        fields.problems.push(Problem { at, ..problem });
    }
    Some(text)
}

/// The rules that need no table.
fn check(spec: &ParentSegmentSpec, fields: &mut Fields<'_>) {
    if spec.master.filters.len() > MOST_FILTERS {
        let message = format!("are more than {MOST_FILTERS}");
        fields.within("master.filters", &message, "filter in the SQL of a table instead");
    }
    twice("attributes", spec.attributes.iter().map(|it| it.name.as_str()), fields);
    twice("behaviors", spec.behaviors.iter().map(|it| it.name.as_str()), fields);
    for (index, behavior) in spec.behaviors.iter().enumerate() {
        let first = behavior.name.starts_with(|c: char| c.is_ascii_lowercase());
        let legal = behavior.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !(first && legal && behavior.name.len() <= LONGEST_BEHAVIOR) {
            let message = "must be a lower-case letter, then lower-case letters, digits and _, at most 60";
            fields.within(&format!("behaviors[{index}].name"), message, "it is a part of a table's name in SQL");
        }
        let place = format!("behaviors[{index}].columns");
        twice(&place, behavior.columns.iter().map(|it| it.name.as_str()), fields);
    }
}

fn twice<'a>(list: &str, names: impl Iterator<Item = &'a str>, fields: &mut Fields<'_>) {
    let mut seen = BTreeSet::new();
    for (index, name) in names.enumerate() {
        if !seen.insert(name) {
            let message = format!("{name} is written twice");
            fields.within(&format!("{list}[{index}].name"), &message, "choose another name");
        }
    }
}

/// A part of a document as a value; what has its default is not in it.
fn value(part: &impl Serialize) -> Value {
    serde_json::to_value(part).unwrap_or_default()
}

/// Things as pairs of name and what is written of them besides.
fn named<T: Serialize>(list: &[T]) -> Vec<(String, String)> {
    let pair = |thing: &T| {
        let mut value = value(thing);
        let name = value.as_object_mut().and_then(|entries| entries.shift_remove("name"));
        (name.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned(), value.to_string())
    };
    list.iter().map(pair).collect()
}

/// What differs between two parent segments of one name.
pub(crate) fn differences(from: &ParentSegmentSpec, to: &ParentSegmentSpec) -> Vec<Difference> {
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let zone = |spec: &ParentSegmentSpec| match text(&spec.timezone) {
        Some(name) => Zone::parse(&name).map_or(name, |zone| zone.name().to_owned()),
        None => Zone::utc().name().to_owned(),
    };
    let filters = |spec: &ParentSegmentSpec| {
        Some(value(&spec.master.filters).to_string()).filter(|_| !spec.master.filters.is_empty())
    };
    let each = [
        difference("description", text(&from.description).as_deref(), text(&to.description).as_deref()),
        difference("owner", text(&from.owner).as_deref(), text(&to.owner).as_deref()),
        difference("master.table", Some(&from.master.table), Some(&to.master.table)),
        difference("master.key", Some(&from.master.key), Some(&to.master.key)),
        difference("master.filters", filters(from).as_deref(), filters(to).as_deref()),
        difference("timezone", Some(&zone(from)), Some(&zone(to))),
    ];
    let mut differences: Vec<Difference> = each.into_iter().flatten().collect();
    differences.extend(keyed("attributes", &named(&from.attributes), &named(&to.attributes)));
    differences.extend(keyed("behaviors", &named(&from.behaviors), &named(&to.behaviors)));
    differences.extend(timetable::differences(from.schedule.as_ref(), to.schedule.as_ref()));
    differences.extend(told::differences(from.notify.as_ref(), to.notify.as_ref()));
    differences
}

/// The lines of a parent segment's document.
pub(crate) fn write(text: &mut String, found: &ParentSegment) {
    let spec = &found.spec;
    line(text, "name", &spec.name);
    for (name, value) in [("description", &spec.description), ("owner", &spec.owner), ("timezone", &spec.timezone)] {
        if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
            line(text, name, value);
        }
    }
    yaml::write(text, "master", &value(&spec.master));
    if !spec.attributes.is_empty() {
        yaml::write(text, "attributes", &value(&spec.attributes));
    }
    if !spec.behaviors.is_empty() {
        yaml::write(text, "behaviors", &value(&spec.behaviors));
    }
    timetable::write(text, spec.schedule.as_ref());
    told::write(text, spec.notify.as_ref());
}

#[cfg(test)]
mod tests {
    use model::ColumnType;

    use super::*;

    #[test]
    fn the_words_are_those_of_the_types() {
        assert_eq!(ColumnType::ALL.map(ColumnType::name), TYPES);
    }
}
