//! The form of a query: what of it is written beside its SQL, and back.
//!
//! Knows the fields of this page alone. Export, schedule and notifications have pages of their own: what a query says of
//! them stays as it is.

use api::{Overlap, Place, QuerySpec};

use crate::faults::Faults;
use crate::field::{Choice, Control, Field};
use crate::form::{Form, Reading};

/// The parts of a query that its own page shows.
const NAMES: [&str; 5] = ["name", "description", "sql", "time_limit", "overlap"];

/// The fields, in the order of the page.
#[derive(Debug)]
pub(crate) struct Fields {
    pub(crate) head: Vec<Field>,
    pub(crate) sql: Field,
    pub(crate) more: Vec<Field>,
    /// Whether the rarely used ones say something: then they are seen.
    pub(crate) open: bool,
}

/// What a form begins with for this query.
pub(crate) fn form_of(spec: &QuerySpec) -> Form {
    let mut form = Form::default();
    for (name, value) in Form::of(spec).pairs().filter(|(name, _)| NAMES.contains(name)) {
        form.set(name, value);
    }
    form
}

/// The fields with what was typed. `longest`: the seconds that a query may take at most.
pub(crate) fn fields(form: &Form, faults: &Faults, longest: u64) -> Fields {
    let head = vec![
        Field::new(form, faults, "name", "Name", Control::Text)
            .help("Letters, digits, spaces, and - _ .")
            .example("Nightly contacts")
            .required(),
        Field::new(form, faults, "description", "Description", Control::Area { rows: 1 }).example("What it is for"),
    ];
    let sql = Field::new(form, faults, "sql", "SQL", Control::Sql)
        .help("One SELECT over your tables. Name its columns as Pardot does: email, first_name.")
        .example("SELECT email, first_name FROM contacts")
        .required();
    let seconds = Control::Number { min: "1".into(), max: longest.to_string(), step: "1" };
    let choices = vec![
        Choice::new("queue", "It waits for its turn"),
        Choice::new("skip", "It is skipped").help("The job is written down as skipped, and says so."),
    ];
    let more = vec![
        Field::new(form, faults, "time_limit", "Time limit in seconds", seconds)
            .help(format!(
                "The query is stopped after it. Without one it may take {} seconds.",
                model::grouped(longest)
            ))
            .parameter("time_limit"),
        Field::new(
            form,
            faults,
            "overlap",
            "A run that somebody starts while another is at work",
            Control::Radio(choices),
        )
        .parameter("overlap")
        .or("queue"),
    ];
    let wrong = more.iter().any(|field| !field.faults.is_empty());
    let open = wrong || !form.get("time_limit").is_empty() || form.get("overlap") == "skip";
    Fields { head, sql, more, open }
}

/// The query that the form says; what it does not show stays as it was. With what cannot be read.
pub fn read(form: &Form, was: QuerySpec) -> (QuerySpec, Vec<Place>) {
    let mut reading = Reading::new(form);
    let spec = QuerySpec {
        name: reading.text("name"),
        description: reading.some("description"),
        sql: reading.exact("sql").unwrap_or_default(),
        time_limit: reading.number("time_limit"),
        overlap: reading.word("overlap").unwrap_or(Overlap::Queue),
        ..was
    };
    (spec, reading.problems)
}

/// Whether the form says something else than is saved.
pub fn changed(form: &Form, saved: &QuerySpec) -> bool {
    let (said, problems) = read(form, saved.clone());
    // A browser sends lines and edges its own way: what came with the page unchanged is no change.
    let (mut same, _) = read(&form_of(saved), saved.clone());
    same.sql = same.sql.replace("\r\n", "\n");
    same.description = same.description.map(|text| text.replace("\r\n", "\n"));
    !problems.is_empty() || said != same
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn query() -> QuerySpec {
        serde_json::from_value(json!({
            "name": "nightly", "description": "all", "sql": "\nSELECT 1\n", "time_limit": 60, "overlap": "skip",
            "export": {"connection": "prod", "settings": {"max_payload": 5000}},
            "schedule": {"cron": "@daily"}, "notify": {"recipients": []}
        }))
        .unwrap()
    }

    #[test]
    fn a_query_survives_its_form() {
        let form = form_of(&query());
        assert_eq!(
            form.pairs().map(|(name, _)| name).collect::<Vec<_>>(),
            ["name", "description", "sql", "overlap", "time_limit"]
        );
        assert_eq!(read(&form, query()), (query(), vec![]));
        assert!(!changed(&form, &query()));
    }

    #[test]
    fn every_field_is_a_change_and_nothing_else_is() {
        let cases = [
            ("name", "other", true),
            ("description", "", true),
            ("description", " all ", false),
            ("sql", "SELECT 2", true),
            ("time_limit", "", true),
            ("time_limit", "x", true),
            ("overlap", "queue", true),
            ("export.connection", "other", false),
            ("_revision", "9", false),
        ];
        for (name, value, want) in cases {
            let mut form = form_of(&query());
            form.set(name, value);
            assert_eq!(changed(&form, &query()), want, "{name}={value}");
            assert_eq!(read(&form, query()).0.export, query().export);
        }
        let padded = QuerySpec { description: Some(" all ".into()), ..query() };
        assert!(!changed(&form_of(&padded), &padded));
        let windows = QuerySpec { sql: "SELECT 1\r\nFROM t".into(), ..query() };
        let mut sent = form_of(&windows);
        sent.set("sql", "SELECT 1\nFROM t");
        assert!(!changed(&sent, &windows));
    }

    #[test]
    fn what_cannot_be_read_is_told_at_its_field() {
        let form = Form::read(b"name=+a+&sql=+SELECT+1&time_limit=soon&overlap=odd");
        let (spec, problems) = read(&form, QuerySpec::default());
        assert_eq!((spec.name.as_str(), spec.sql.as_str(), spec.time_limit), ("a", " SELECT 1", None));
        assert_eq!(problems.iter().map(|place| place.at.as_str()).collect::<Vec<_>>(), ["time_limit", "overlap"]);
    }
}
