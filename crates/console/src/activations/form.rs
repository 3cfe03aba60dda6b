//! The form of an activation: Details, Output Mapping, Schedule, Notifications, one below the other.
//!
//! Knows the panels and their order; what stands in each is its own.

use api::{Connection, CronExplanation, ListView, Overlap};
use askama::Template;

use super::document::prefill;
use super::look::Look;
use super::mapping::Mapping;
use crate::chrome::Chrome;
use crate::copied::Copied;
use crate::faults::{Faults, Summary};
use crate::field::{Choice, Control, Field};
use crate::form::Form;
use crate::newer::Newer;
use crate::query_export::connection;
use crate::segments::Columns;
use crate::{notify, schedule, settings};

/// What an activation can be made of.
#[derive(Debug, Default)]
pub struct Desk {
    /// The parent segment, where the segment is known.
    pub parent: Option<String>,
    /// Its columns and behaviours.
    pub columns: Columns,
    /// Names of segments.
    pub segments: Vec<String>,
    /// Connections to choose from.
    pub connections: Vec<Connection>,
    /// Fields that output columns can go to.
    pub targets: Vec<String>,
    /// The lists of the connection's account, as far as they are known.
    pub lists: Vec<ListView>,
    /// Something to know about the columns.
    pub remark: Option<String>,
    /// What the schedule in the form means.
    pub explained: Option<CronExplanation>,
}

/// The page of the form.
#[derive(Debug, Template)]
#[template(path = "activations/form.html")]
pub struct ActivationForm {
    chrome: Chrome,
    summary: Summary,
    action: String,
    /// The name that it is saved under, and its page.
    saved: Option<(String, String)>,
    parent: Option<String>,
    segment: Option<String>,
    revision: Field,
    hidden: Vec<Field>,
    details: Vec<Field>,
    connection: Field,
    no_connections: bool,
    settings: settings::Panel,
    mapping: Mapping,
    schedule: schedule::Panel,
    overlap: Field,
    notify: Vec<Field>,
    remark: Option<String>,
    look: Option<Look>,
    newer: Option<Newer>,
}

impl ActivationForm {
    /// The page. `saved` is the name that it is saved under.
    pub fn new(
        chrome: Chrome,
        (form, faults): (&Form, &Faults),
        desk: Desk,
        saved: Option<String>,
        look: Option<Look>,
        newer: Option<Newer>,
    ) -> ActivationForm {
        let mut form = form.clone();
        prefill(&mut form);
        let form = &form;
        let field = |name: &str, label: &str, control: Control| Field::new(form, faults, name, label, control);
        let details = vec![
            Field { id: "f-activation-name".into(), ..field("name", "Activation name", Control::Text).required() },
            field("description", "Description", Control::Area { rows: 2 }),
            field("segment", "Segment", menu(&desk.segments, "Choose a segment…")).required().redraws(),
        ];
        let connection = connection(form, faults, &desk.connections);
        let page = saved.map(|name| (format!("/activations/{}", crate::part(&name)), name));
        let segment = form.get("segment");
        ActivationForm {
            chrome,
            action: page.as_ref().map_or_else(|| "/new/activation".into(), |(page, _)| format!("{page}/edit")),
            saved: page.map(|(page, name)| (name, page)),
            parent: desk.parent,
            segment: (!segment.is_empty()).then(|| segment.to_owned()),
            revision: field("_revision", "", Control::Hidden),
            hidden: vec![field("enabled", "", Control::Hidden)],
            details,
            connection,
            no_connections: desk.connections.is_empty(),
            settings: settings::Panel::new(form, faults, "export.settings", &desk.lists),
            mapping: Mapping::new(form, faults, &desk.columns, &desk.targets),
            schedule: schedule::Panel::new(form, faults, "schedule", desk.explained.as_ref()),
            overlap: overlap(form, faults),
            notify: notify::fields(form, faults, "notify"),
            remark: desk.remark,
            look,
            newer,
            summary: faults.summary(),
        }
    }

    fn copied(&self) -> Copied {
        let words = match &self.saved {
            Some((name, _)) => ["activations", "show", name],
            None => ["activations", "preview", "activation.yaml"],
        };
        Copied::command(&words, &self.chrome.server)
    }

    fn title(&self) -> &str {
        self.saved.as_ref().map_or("Create Activation", |(name, _)| name)
    }
}

fn overlap(form: &Form, faults: &Faults) -> Field {
    let choices =
        vec![Choice::new("queue", "it waits for its turn"), Choice::new("skip", "it is skipped, and says so")];
    let usual = if Overlap::default() == Overlap::Queue { "queue" } else { "skip" };
    Field::new(form, faults, "overlap", "Run by hand while another job is at work", Control::Menu(choices))
        .required()
        .or(usual)
}

fn menu(names: &[String], none: &str) -> Control {
    let mut choices = vec![Choice::new("", none)];
    choices.extend(names.iter().map(|name| Choice::new(name.clone(), name.clone())));
    Control::Menu(choices)
}
