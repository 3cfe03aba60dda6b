//! A parent segment as a form, and a form as a parent segment.
//!
//! Names are the paths of the document. Knows no table; which columns there are is told where it matters.

use std::collections::BTreeSet;

use api::{Attribute, Behavior, BehaviorColumn, Column, Master, MasterFilter, ParentSegment, ParentSegmentSpec, Place};
use serde_json::Value;

use crate::form::{Form, Reading};
use crate::{notify, schedule};

/// The values of a filter as they were, beside the lines that show them.
const KEPT: &str = "_kept";

/// The form of a parent segment that is begun.
pub fn begun() -> Form {
    Form::default()
}

/// The form of a parent segment that is saved.
pub fn form_of(parent: &ParentSegment) -> Form {
    let mut form = Form::of(&parent.spec);
    form.set("_revision", parent.revision.to_string());
    for (index, filter) in parent.spec.master.filters.iter().enumerate() {
        let at = format!("master.filters.{index}.values");
        form.clear(&at);
        if let Some(lines) = lines(&filter.values) {
            form.set(&at, lines);
        }
        form.set(&format!("master.filters.{index}.{KEPT}"), Value::from(filter.values.clone()).to_string());
    }
    form
}

/// Values, one on a line; nothing where a line cannot say one.
fn lines(values: &[Value]) -> Option<String> {
    let mut lines = Vec::with_capacity(values.len());
    for value in values {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if text.trim().is_empty() || text.contains(['\n', '\r']) || text.trim() != text {
            return None;
        }
        lines.push(text);
    }
    Some(lines.join("\n"))
}

/// The tables that a form names, each once.
pub fn tables(form: &Form) -> BTreeSet<String> {
    let named = form.pairs().filter(|(name, _)| name.ends_with(".table"));
    named.map(|(_, table)| table.to_owned()).filter(|table| !table.is_empty()).collect()
}

/// The parent segment that a form says.
///
/// # Errors
/// What cannot be read, each at its field.
pub fn read(form: &Form) -> Result<ParentSegmentSpec, Vec<Place>> {
    let mut reading = Reading::new(form);
    let master = Master {
        table: reading.text("master.table"),
        key: reading.text("master.key"),
        filters: items(form, "master.filters").map(|at| filter(&reading, &at)).collect(),
    };
    let attributes = items(form, "attributes").map(|at| attribute(&mut reading, &at)).collect();
    let behaviors = items(form, "behaviors").map(|at| behavior(form, &mut reading, &at)).collect();
    let spec = ParentSegmentSpec {
        name: reading.text("name"),
        description: reading.some("description"),
        owner: reading.some("owner"),
        master,
        attributes,
        behaviors,
        timezone: reading.some("timezone"),
        schedule: schedule::read(&mut reading, "schedule"),
        notify: notify::read(&mut reading, "notify"),
    };
    if reading.problems.is_empty() { Ok(spec) } else { Err(reading.problems) }
}

fn items(form: &Form, list: &str) -> impl Iterator<Item = String> + use<> {
    let list = list.to_owned();
    (0..form.count(&list)).map(move |index| format!("{list}.{index}"))
}

fn filter(reading: &Reading<'_>, at: &str) -> MasterFilter {
    let typed = reading.form().get(&format!("{at}.values"));
    let typed: Vec<&str> = typed.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect();
    let kept: Vec<Value> = serde_json::from_str(reading.form().get(&format!("{at}.{KEPT}"))).unwrap_or_default();
    // What lines cannot say stays as it was, until something is typed.
    let unchanged = lines(&kept).unwrap_or_default() == typed.join("\n");
    let values = if unchanged { kept } else { typed.into_iter().map(Value::from).collect() };
    MasterFilter { column: reading.text(&format!("{at}.column")), values }
}

fn attribute(reading: &mut Reading<'_>, at: &str) -> Attribute {
    let name = |part: &str| format!("{at}.{part}");
    let column = reading.some(&name("column"));
    let given = reading.text(&name("name"));
    Attribute {
        // Without a name of its own it has that of its column.
        name: if given.is_empty() { column.clone().unwrap_or_default() } else { given },
        r#type: reading.word(&name("type")),
        table: reading.some(&name("table")),
        column,
        parent_key: reading.some(&name("parent_key")),
        foreign_key: reading.some(&name("foreign_key")),
        group: reading.some(&name("group")),
    }
}

fn behavior(form: &Form, reading: &mut Reading<'_>, at: &str) -> Behavior {
    let name = |part: &str| format!("{at}.{part}");
    let columns = items(form, &name("columns")).map(|at| BehaviorColumn {
        name: match reading.text(&format!("{at}.name")) {
            empty if empty.is_empty() => reading.text(&format!("{at}.column")),
            given => given,
        },
        r#type: reading.word(&format!("{at}.type")),
        column: reading.some(&format!("{at}.column")),
    });
    let columns = columns.collect();
    Behavior {
        name: reading.text(&name("name")),
        table: reading.text(&name("table")),
        parent_key: reading.some(&name("parent_key")),
        foreign_key: reading.some(&name("foreign_key")),
        time: reading.some(&name("time")),
        columns,
    }
}

/// Does what a button of a list asks. `every:attributes.N` adds the other columns of that attribute's table too. Says whether it
/// was one.
pub fn edit(form: &mut Form, columns: impl Fn(&str) -> Vec<Column>) -> bool {
    let Some(("every", at)) = form.asked() else {
        return form.edit();
    };
    let (at, list) = (at.to_owned(), "attributes");
    let get = |part: &str| form.get(&format!("{at}.{part}")).to_owned();
    let (table, keys) = (get("table"), ["table", "parent_key", "foreign_key", "group"].map(|part| (part, get(part))));
    let taken: BTreeSet<String> = items(form, list)
        .filter(|at| form.get(&format!("{at}.table")) == table)
        .flat_map(|at| [form.get(&format!("{at}.column")).to_owned(), form.get(&format!("{at}.name")).to_owned()])
        .collect();
    let key = get("parent_key");
    let new: Vec<String> = columns(&table).into_iter().map(|column| column.name).collect();
    for column in new.into_iter().filter(|column| !taken.contains(column) && *column != key) {
        let next = format!("{list}.{}", form.count(list));
        form.set(&format!("{next}.name"), column.clone());
        form.set(&format!("{next}.column"), column);
        keys.iter().for_each(|(part, value)| form.set(&format!("{next}.{part}"), value.clone()));
    }
    // The one that it began with is an item without anything in it, once the others are there.
    if get_empty(form, &at) {
        form.set("_do", format!("remove:{at}"));
        form.edit();
    }
    form.set("_do", "");
    true
}

fn get_empty(form: &Form, at: &str) -> bool {
    form.get(&format!("{at}.name")).is_empty() && form.get(&format!("{at}.column")).is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_survives_the_way_through_a_form() {
        let spec = json!({
            "name": "people", "owner": "crm@example.com",
            "master": {"table": "contacts", "key": "id", "filters": [
                {"column": "status", "values": ["active", "5", true]},
                {"column": "n", "values": [5, 2.5, "two\nlines"]}
            ]},
            "attributes": [
                {"name": "tier", "table": "loyalty", "parent_key": "contact", "foreign_key": "id", "group": "Loyalty"},
                {"name": "birthday", "type": "date"}
            ],
            "behaviors": [{"name": "orders", "table": "orders", "parent_key": "id", "time": "at", "columns": [
                {"name": "amount", "type": "number"}, {"name": "what", "column": "product"}
            ]}],
            "timezone": "Europe/Berlin",
            "schedule": {"cron": "@daily"},
            "notify": {"recipients": ["crm@example.com"]}
        });
        let parent: ParentSegment = serde_json::from_value(json!({
            "id": 1, "revision": 7, "created": "", "created_by": "", "updated": "", "updated_by": "", "segments": 0, "spec": spec
        }))
        .unwrap();
        let form = form_of(&parent);
        assert_eq!(form.get("_revision"), "7");
        assert_eq!(read(&form).unwrap(), parent.spec);
        assert_eq!(tables(&form).into_iter().collect::<Vec<_>>(), ["contacts", "loyalty", "orders"]);
    }

    #[test]
    fn typed_values_are_texts_and_the_others_stay_as_they_were() {
        let mut form = Form::default();
        form.set("master.filters.0.column", "status");
        form.set("master.filters.0._kept", "[5]");
        for (typed, want) in [("5", json!([5])), ("5\n 7 \n\n", json!(["5", "7"])), ("", json!([]))] {
            form.set("master.filters.0.values", typed);
            assert_eq!(json!(read(&form).unwrap().master.filters[0].values), want, "{typed}");
        }
    }

    #[test]
    fn the_other_columns_of_a_table_are_added_at_once() {
        let mut form = Form::default();
        form.set("attributes.0.table", "loyalty");
        form.set("attributes.0.parent_key", "contact");
        form.set("_do", "every:attributes.0");
        let columns = |_: &str| {
            ["contact", "tier", "points"].map(|name| Column { name: name.into(), r#type: String::new() }).to_vec()
        };
        assert!(edit(&mut form, columns));
        let read = read(&form).unwrap();
        let names: Vec<(&str, Option<&str>)> = read
            .attributes
            .iter()
            .map(|attribute| (attribute.name.as_str(), attribute.parent_key.as_deref()))
            .collect();
        assert_eq!(names, [("tier", Some("contact")), ("points", Some("contact"))]);
    }
}
