//! Export Results of a query: connection, settings, and what they come to before anything is saved.
//!
//! Knows how an export looks; columns are held against fields, and calls are counted, by the server.

use api::{Connection, ConnectionState, Export, Forecast, ListView, Place, Query};
use askama::Template;
use model::grouped;
use serde_json::Value;

use crate::chrome::{Chrome, Section};
use crate::copied::Copied;
use crate::faults::{Faults, Summary};
use crate::field::{Choice, Control, Field};
use crate::form::{Form, Reading};
use crate::queries::{Tab, exported};
use crate::query_parts::{Part, Typed};
use crate::settings::{self, Panel};
use crate::words::{Moment, moment};

/// Rows of the example while nothing has run.
const EXAMPLE: u64 = 10_000;

/// What an export would be.
#[derive(Debug, Default)]
pub struct Look {
    /// The columns of the query, each with what is wrong with it.
    pub columns: Vec<(String, Option<Place>)>,
    /// What is missing as a whole.
    pub missing: Vec<Place>,
    /// Whether the account's own fields are known.
    pub fields_known: bool,
    /// The calls that the rows need.
    pub forecast: Option<Forecast>,
}

impl Look {
    /// The calls of the account's day, where Pardot has told them.
    fn used(&self) -> Option<String> {
        let forecast = self.forecast.as_ref()?;
        let (used, limit) = (grouped(forecast.used?), grouped(forecast.limit?));
        Some(format!("The account has used {used} of its {limit} calls today."))
    }

    /// Whether every column can be sent and none is missing.
    fn fits(&self) -> bool {
        self.missing.is_empty() && self.columns.iter().all(|(_, problem)| problem.is_none())
    }
}

/// What stands around the form.
#[derive(Debug, Default)]
pub struct Around {
    /// Connections to choose from.
    pub connections: Vec<Connection>,
    /// The lists of the account, as far as they are known.
    pub lists: Vec<ListView>,
    /// What the export would be, where its connection and settings can be read.
    pub look: Option<Look>,
    /// What keeps the query from being looked at.
    pub unplanned: Vec<Place>,
    /// Really remove it?
    pub asks: bool,
    /// The query with this export as a file of a project's folder.
    pub yaml: String,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "export/page.html")]
pub struct ExportPage {
    chrome: Chrome,
    part: Part,
    summary: Summary,
    connection: Field,
    settings: Panel,
    sentence: String,
    /// Whether the query exports as it is saved.
    saved: bool,
    /// For those who only look.
    facts: Vec<(String, String)>,
    around: Around,
    at: Option<Moment>,
    copied: Copied,
}

impl ExportPage {
    /// The page of a query as it is saved, or as somebody types its export.
    pub fn new(chrome: &Chrome, query: &Query, typed: Option<Typed>, around: Around) -> ExportPage {
        let part = Part::new(query, Tab::Export, "export", typed.as_ref());
        let Typed { form, faults, .. } = typed.unwrap_or_else(|| Typed { form: form_of(query), ..Typed::default() });
        let export = query.spec.export.as_ref();
        let connection = connection(&form, &faults, &around.connections);
        let settings = Panel::new(&form, &faults, "export.settings", &around.lists);
        ExportPage {
            chrome: chrome.at(Section::Queries),
            connection,
            settings,
            summary: faults.summary(),
            sentence: exported(export),
            saved: export.is_some(),
            facts: export.map(facts).unwrap_or_default(),
            at: basis(query).1,
            copied: copied(chrome, query, &form, &around.yaml),
            around,
            part,
        }
    }

    /// Where a new connection is made; the way leads back here.
    fn new_connection(&self) -> String {
        let back: String = url::form_urlencoded::byte_serialize(self.part.address.as_bytes()).collect();
        format!("/new/connection?next={back}")
    }
}

/// The rows that calls are counted for: those of the last result, with its time, or an example.
pub fn basis(query: &Query) -> (u64, Option<Moment>) {
    let job = query.last_job.as_ref();
    let known = job.and_then(|job| job.result_rows.filter(|rows| *rows > 0).map(|rows| (rows, job)));
    known.map_or((EXAMPLE, None), |(rows, job)| (rows, Some(moment(job.finished.as_ref().unwrap_or(&job.created)))))
}

/// The export of a query as a form.
pub fn form_of(query: &Query) -> Form {
    let mut form = Form::of(&query.spec.export.as_ref().map(|export| serde_json::json!({ "export": export })));
    form.set("_revision", query.revision.to_string());
    form
}

/// The export that a form says.
pub fn read(form: &Form) -> Export {
    let connection = Reading::new(form).text("export.connection");
    Export { connection, settings: settings::read(form, "export.settings") }
}

/// The menu of the connections.
pub(crate) fn connection(form: &Form, faults: &Faults, connections: &[Connection]) -> Field {
    let name = "export.connection";
    let mut choices = Vec::new();
    if form.get(name).is_empty() {
        choices.push(Choice::new("", "Choose one"));
    }
    choices.extend(connections.iter().map(|connection| {
        let state = match connection.state {
            ConnectionState::Connected => "",
            ConnectionState::NotConnected => " (not connected)",
            ConnectionState::NeedsReconnect => " (needs reconnect)",
        };
        Choice::new(&connection.name, format!("{}{state}", connection.name))
    }));
    Field::new(form, faults, name, "Authentication", Control::Menu(choices))
        .parameter("connection")
        .help("The connection that the rows go through.")
        .required()
        .redraws()
}

/// What is set, by name, for those who only look.
fn facts(export: &Export) -> Vec<(String, String)> {
    let connection = ("Authentication".to_owned(), export.connection.clone());
    let settings = export.settings.0.iter().map(|(name, value)| (settings::label(name).to_owned(), text(value)));
    std::iter::once(connection).chain(settings).collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn copied(chrome: &Chrome, query: &Query, form: &Form, yaml: &str) -> Copied {
    let export = read(form);
    let mut words = vec!["queries".to_owned(), "save".to_owned(), query.spec.name.clone()];
    if export.connection.is_empty() || !chrome.edits() {
        words[1] = "show".into();
        return command(&words, chrome).yaml(yaml.to_owned());
    }
    words.extend(["--export-connection".to_owned(), export.connection.clone()]);
    for (name, value) in &export.settings.0 {
        words.extend(["--set".to_owned(), format!("{name}={}", text(value))]);
    }
    command(&words, chrome).yaml(yaml.to_owned())
}

pub(crate) fn command(words: &[String], chrome: &Chrome) -> Copied {
    Copied::command(&words.iter().map(String::as_str).collect::<Vec<_>>(), &chrome.server)
}

#[cfg(test)]
mod tests;
