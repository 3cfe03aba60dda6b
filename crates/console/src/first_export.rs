//! The first export, guided: a connection to the sandbox, a table of sample contacts, a query with its export, a job.
//!
//! Knows what each step makes; whether it is there is asked by the server.

use api::{Export, Query, QuerySpec, SettingsMap};
use askama::Template;
use serde_json::json;

use crate::chrome::{Chrome, Section};
use crate::copied::Copied;
use crate::faults::{Faults, Summary};
use crate::field::{Choice, Control, Field};
use crate::form::{Form, Reading};
use crate::sandbox::SandboxList;
use crate::words::Badge;

/// The names of what is made.
pub const CONNECTION: &str = "sandbox";
/// See [`CONNECTION`].
pub const TABLE: &str = "contacts";
/// See [`CONNECTION`].
pub const QUERY: &str = "first-export";

/// The query that is offered.
const SQL: &str = "\
SELECT email, first_name, last_name, company, job_title, city, country, comments, score, is_do_not_email
FROM contacts
WHERE country <> 'Testland'
ORDER BY customer_id";

/// How far a step is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Progress {
    /// Nothing is there yet.
    #[default]
    Open,
    /// It is made.
    Done,
    /// It is there, and must be made anew: why.
    Again(String),
    /// Something else has its name, and is left alone: what to do.
    Taken(String),
}

impl Progress {
    fn is_done(&self) -> bool {
        *self == Progress::Done
    }

    fn is_taken(&self) -> bool {
        matches!(self, Progress::Taken(_))
    }
}

/// What is there already.
#[derive(Debug, Clone, Default)]
pub struct Steps {
    /// The connection.
    pub connection: Progress,
    /// The table.
    pub table: Progress,
    /// The query.
    pub query: Progress,
    /// The query as it is.
    pub saved: Option<Query>,
    /// Rows of the sample.
    pub rows: u64,
    /// The lists of the sandbox that take members.
    pub lists: Vec<SandboxList>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "first_export/steps.html")]
pub struct FirstExport {
    chrome: Chrome,
    summary: Summary,
    steps: Steps,
    /// The step that comes next: 1 to 4.
    next: u8,
    badges: [Badge; 4],
    fields: Vec<Field>,
    last: Option<(String, Badge)>,
    rows: String,
    copied: Copied,
}

impl FirstExport {
    /// The page; `form` is what was typed for the query.
    pub fn new(chrome: &Chrome, steps: Steps, form: &Form, faults: &Faults) -> FirstExport {
        let form = with_query(form, &steps);
        let done = [steps.connection.is_done(), steps.table.is_done(), steps.query.is_done()];
        let next = done.iter().position(|done| !done).unwrap_or(3);
        let job = steps.saved.as_ref().and_then(|query| query.last_job.as_ref());
        let badges = std::array::from_fn(|at| {
            let (mark, words) = match at {
                at if at == next => ("busy", "next"),
                at if done.get(at) == Some(&true) => ("good", "done"),
                _ => ("", "later"),
            };
            Badge { mark, words: words.into() }
        });
        let fields = vec![
            Field::new(&form, faults, "sql", "SQL", Control::Sql)
                .help("It reads the table contacts. Each column is a field of a prospect. Change it as you like.")
                .required(),
            Field::new(&form, faults, "prospect_lists", "List ID", Control::Menu(lists(&steps.lists)))
                .parameter("prospect_lists")
                .help("Every prospect that is sent is added to this list."),
        ];
        FirstExport {
            chrome: chrome.at(Section::Sandbox),
            summary: faults.summary(),
            next: u8::try_from(next).unwrap_or(3) + 1,
            badges,
            fields,
            last: job.map(|job| (job.id.clone(), Badge::of(job.state))),
            rows: model::grouped(steps.rows),
            copied: Copied::command(&["queries", "run", QUERY, "--wait"], &chrome.server),
            steps,
        }
    }
}

fn lists(known: &[SandboxList]) -> Vec<Choice> {
    let mut choices = vec![Choice::new("", "None: only make and change prospects")];
    choices.extend(known.iter().map(|list| Choice::new(list.id.to_string(), format!("{} ({})", list.name, list.id))));
    choices
}

/// What was typed, else what is saved, else what is offered.
fn with_query(form: &Form, steps: &Steps) -> Form {
    let mut form = form.clone();
    if form.has("sql") {
        return form;
    }
    let saved = steps.saved.as_ref().map(|query| &query.spec);
    form.set("sql", saved.map_or(SQL, |spec| spec.sql.as_str()));
    let list = match saved.and_then(|spec| spec.export.as_ref()) {
        Some(export) => {
            export.settings.0.get("prospect_lists").and_then(|list| list.as_str()).unwrap_or_default().into()
        }
        None => steps.lists.first().map(|list| list.id.to_string()).unwrap_or_default(),
    };
    form.set("prospect_lists", list);
    form
}

/// The query that the form says; what it does not say stays as it was saved.
pub fn query(form: &Form, saved: Option<&QuerySpec>) -> QuerySpec {
    let reading = Reading::new(form);
    let new = QuerySpec {
        name: QUERY.into(),
        description: Some("The first export, to the sandbox".into()),
        ..QuerySpec::default()
    };
    let spec = saved.cloned().unwrap_or(new);
    let mut settings = spec.export.as_ref().map(|export| export.settings.0.clone()).unwrap_or_default();
    settings.insert("data_object".into(), json!("prospects"));
    settings.insert("skip_invalid_records".into(), json!(true));
    settings.insert("parallel_tasks".into(), json!(5));
    match reading.some("prospect_lists") {
        Some(list) => settings.insert("prospect_lists".into(), json!(list)),
        None => settings.remove("prospect_lists"),
    };
    QuerySpec {
        sql: reading.exact("sql").unwrap_or_default(),
        export: Some(Export { connection: CONNECTION.into(), settings: SettingsMap(settings) }),
        ..spec
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_stands_before_what_is_saved_and_that_before_what_is_offered() {
        let list = SandboxList { id: 101, name: "Newsletter".into(), dynamic: false, members: 0 };
        let mut steps = Steps { lists: vec![list], ..Steps::default() };
        let offered = query(&with_query(&Form::default(), &steps), None);
        assert_eq!(offered.sql, SQL);
        assert_eq!(
            serde_json::to_value(&offered.export).unwrap(),
            json!({"connection": "sandbox", "settings": {
                "data_object": "prospects", "parallel_tasks": 5, "prospect_lists": "101", "skip_invalid_records": true
            }})
        );
        let spec = QuerySpec { sql: "SELECT 1".into(), ..offered };
        let stored = Query { revision: 1, created: String::new(), updated: String::new(), last_job: None, spec };
        steps.saved = Some(stored);
        assert_eq!(query(&with_query(&Form::default(), &steps), None).sql, "SELECT 1");
        let typed = Form::read(b"sql=SELECT+2&prospect_lists=");
        let typed = query(&with_query(&typed, &steps), steps.saved.as_ref().map(|query| &query.spec));
        assert_eq!((typed.sql.as_str(), typed.export.unwrap().settings.0.get("prospect_lists")), ("SELECT 2", None));
    }
}
