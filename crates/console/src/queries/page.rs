//! A query: its SQL with what belongs to it, the tables at hand, and the first rows.
//!
//! Knows what people see while they write; nothing of it is saved by being shown.

use api::{Preview, Query, ScheduleState, ScheduleView};
use askama::Template;

use crate::address::part;
use crate::chrome::{Chrome, Section};
use crate::copied::Copied;
use crate::faults::{Faults, Summary};
use crate::field::Field;
use crate::form::Form;
use crate::queries::beside::Beside;
use crate::queries::form::{self, changed};
use crate::queries::said;
use crate::queries::tabs::{Tab, Tabs};
use crate::rows::Rows;
use crate::words::{Badge, Moment, distance};

/// What somebody typed, and what is said about it.
#[derive(Debug, Default)]
pub struct Typed {
    /// What was typed; what is saved where nobody typed anything.
    pub form: Option<Form>,
    /// What is wrong with it.
    pub faults: Faults,
    /// The first rows of its SQL, where somebody looked.
    pub rows: Option<Preview>,
    /// What must be said before it is done.
    pub asks: Option<Asks>,
    /// Whether somebody else saved the query meanwhile: then what is saved is shown beside what was typed.
    pub stale: bool,
}

/// A question that stands above the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// Run what is saved, or save first?
    Run,
    /// Really delete it?
    Delete,
}

/// What surrounds the form of a query.
#[derive(Debug)]
pub struct Bench {
    /// The tables at hand.
    pub beside: Beside,
    /// Its schedule as it stands, where it has one.
    pub schedule: Option<ScheduleView>,
    /// The query as a file of a project's folder.
    pub yaml: Option<String>,
    /// Longest time of a query in seconds.
    pub longest: u64,
}

/// The page of a query, or of one that is not there yet.
#[derive(Debug, Template)]
#[template(path = "queries/page.html")]
pub struct QueryPage {
    chrome: Chrome,
    title: String,
    address: String,
    /// What is there of the query; nothing for a new one.
    saved: Option<Saved>,
    summary: Summary,
    fields: form::Fields,
    revision: String,
    unsaved: bool,
    asks: Option<Asks>,
    newer: Option<(Moment, String)>,
    /// The revision that is saved now.
    newest: u64,
    rows: Option<Rows>,
    beside: Beside,
    copied: Option<Copied>,
}

#[derive(Debug)]
struct Saved {
    tabs: Tabs,
    address: String,
    description: Option<String>,
    sql: String,
    export: String,
    /// Whether a run sends rows.
    sends: bool,
    schedule: String,
    schedule_remark: Option<String>,
    next: Option<Moment>,
    told: String,
    job: Option<(Badge, Moment, String)>,
}

impl QueryPage {
    /// A query as it is, or as somebody types it.
    pub fn of(chrome: &Chrome, query: &Query, bench: Bench, typed: Typed) -> QueryPage {
        let name = &query.spec.name;
        let address = format!("/queries/{}", part(name));
        let form = typed.form.clone().unwrap_or_else(|| {
            let mut form = form::form_of(&query.spec);
            form.set("_revision", query.revision.to_string());
            form
        });
        let copied = Copied::command(&["queries", "run", name], &chrome.server);
        QueryPage {
            title: name.clone(),
            saved: Some(Saved::of(query, &address, bench.schedule.as_ref())),
            unsaved: changed(&form, &query.spec),
            newest: query.revision,
            newer: typed.stale.then(|| (distance(&query.updated), query.spec.sql.clone())),
            copied: Some(match &bench.yaml {
                Some(yaml) => copied.yaml(yaml.clone()),
                None => copied,
            }),
            ..QueryPage::drawn(chrome, address, &form, bench, typed)
        }
    }

    /// A query that is not there yet.
    pub fn new(chrome: &Chrome, bench: Bench, typed: Typed) -> QueryPage {
        let form = typed.form.clone().unwrap_or_default();
        QueryPage::drawn(chrome, "/new/query".into(), &form, bench, typed)
    }

    fn drawn(chrome: &Chrome, address: String, form: &Form, bench: Bench, typed: Typed) -> QueryPage {
        let fields = form::fields(form, &typed.faults, bench.longest);
        QueryPage {
            chrome: chrome.at(Section::Queries),
            title: "New Query".into(),
            address,
            saved: None,
            summary: typed.faults.summary(),
            fields,
            revision: form.get("_revision").to_owned(),
            unsaved: true,
            newest: 0,
            asks: typed.asks,
            newer: None,
            rows: typed.rows.map(|rows| Rows::of("Preview", rows)),
            beside: bench.beside,
            copied: None,
        }
    }

    fn sql(&self) -> &Field {
        &self.fields.sql
    }
}

impl Saved {
    fn of(query: &Query, address: &str, schedule: Option<&ScheduleView>) -> Saved {
        let spec = &query.spec;
        let job = query.last_job.as_ref();
        let words = said::scheduled(spec.schedule.as_ref()).unwrap_or_else(|| "None.".into());
        let remark = schedule.and_then(|schedule| match schedule.state {
            ScheduleState::Active => None,
            ScheduleState::Paused => Some("Paused.".to_owned()),
            ScheduleState::Disabled => {
                let reason = schedule.reason.as_ref().map(|cause| format!(": {}", cause.message));
                Some(format!("Disabled{}", reason.unwrap_or_else(|| ".".into())))
            }
        });
        Saved {
            tabs: Tabs::of(&spec.name, Tab::Query),
            address: address.to_owned(),
            description: spec.description.clone(),
            sql: spec.sql.clone(),
            export: said::exported(spec.export.as_ref()),
            sends: spec.export.is_some(),
            schedule: words,
            schedule_remark: remark,
            next: schedule.and_then(|schedule| schedule.next.first()).map(|fire| distance(&fire.starts)),
            told: said::told(spec.notify.as_ref()),
            job: job.map(|job| (Badge::of(job.state), distance(&job.created), crate::jobs::address_of(&job.id))),
        }
    }
}
