//! The page of an activation: what it sends, when, what came of it.

use api::{Activation, Job, ScheduleState};
use askama::Template;
use model::{OutputColumn, OutputSource, Parameter, StringBuilder};

use crate::chrome::Chrome;
use crate::copied::Copied;
use crate::faults::{Faults, Summary};
use crate::field::{Control, Field};
use crate::form::Form;
use crate::jobs::{JobTable, LastJob};
use crate::words::{Badge, Moment, moment};
use crate::{notify, settings};

/// What is shown on the page.
#[derive(Debug)]
pub struct Seen {
    /// The activation.
    pub activation: Activation,
    /// Its newest jobs.
    pub jobs: Vec<Job>,
    /// The same as a command and as YAML.
    pub copied: Copied,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "activations/page.html")]
pub struct ActivationPage {
    chrome: Chrome,
    summary: Summary,
    part: String,
    activation: Activation,
    badge: Badge,
    schedule: Option<(String, Option<String>, Option<Moment>)>,
    columns: Vec<(String, String)>,
    jobs: JobTable,
    last: Option<LastJob>,
    busy: bool,
    copied: Copied,
}

impl ActivationPage {
    /// The page.
    pub fn new(chrome: Chrome, faults: &Faults, seen: Seen) -> ActivationPage {
        let Seen { activation, jobs, copied } = seen;
        let state = activation.schedule.as_ref().map(|schedule| schedule.state);
        let (mark, words) = match (activation.spec.enabled, state) {
            (false, _) => ("calm", "disabled"),
            (true, Some(ScheduleState::Paused)) => ("wait", "schedule paused"),
            (true, Some(ScheduleState::Disabled)) => ("bad", "schedule disabled"),
            (true, _) => ("good", "enabled"),
        };
        let schedule = activation.schedule.as_ref().map(|schedule| {
            let reason = schedule.reason.as_ref().map(|reason| reason.message.clone());
            (schedule.words.clone(), reason, schedule.next.as_deref().map(moment))
        });
        ActivationPage {
            chrome,
            summary: faults.summary(),
            part: crate::part(&activation.spec.name),
            badge: Badge { mark, words: words.into() },
            schedule,
            columns: columns(&activation),
            last: activation.last_job.as_ref().map(LastJob::of),
            busy: jobs.iter().any(|job| job.finished.is_none()),
            jobs: JobTable::of("Runs", &jobs),
            copied,
            activation,
        }
    }

    fn settings(&self) -> String {
        settings::sentence(&self.activation.spec.export.settings)
    }

    fn notify(&self) -> Option<String> {
        self.activation.spec.notify.as_ref().map(notify::sentence)
    }
}

/// Output columns with their sources, in words.
fn columns(activation: &Activation) -> Vec<(String, String)> {
    let output = &activation.spec.output;
    let line = |column: &OutputColumn, of: &str| {
        let source = match &column.source {
            OutputSource::Column(source) => format!("{}{of}", source.column),
            OutputSource::Text(builder) => format!("the string {}", built(builder)),
        };
        (column.column.clone(), source)
    };
    let mut lines: Vec<(String, String)> = output.columns.iter().map(|column| line(column, "")).collect();
    for behavior in &output.behaviors {
        let of = format!(" of the behavior {} ({})", behavior.behavior, behavior.join);
        lines.extend(behavior.columns.iter().map(|column| line(column, &of)));
    }
    lines
}

fn built(builder: &StringBuilder) -> String {
    let word = |parameter: &Parameter| match parameter {
        Parameter::String { string } => format!("“{string}”"),
        Parameter::Timestamp { .. } => "Timestamp".into(),
        Parameter::SegmentId => "Segment Id".into(),
        Parameter::SegmentName => "Segment Name".into(),
        Parameter::AudienceId => "Audience Id".into(),
    };
    let parameters = builder.parameters.iter().map(word).collect::<Vec<_>>().join(", ");
    match &builder.string {
        Some(string) if parameters.is_empty() => format!("“{string}”"),
        Some(string) => format!("“{string}” with {parameters}"),
        None => parameters,
    }
}

/// Another one like it.
#[derive(Debug, Template)]
#[template(path = "activations/copy.html")]
pub struct CopyPage {
    chrome: Chrome,
    summary: Summary,
    name: String,
    part: String,
    field: Field,
}

impl CopyPage {
    /// The form of a copy.
    pub fn new(chrome: Chrome, form: &Form, faults: &Faults, name: &str) -> CopyPage {
        let field = Field::new(form, faults, "name", "Activation name", Control::Text).required();
        let field = Field { id: "f-copy-name".into(), ..field };
        CopyPage { chrome, summary: faults.summary(), name: name.to_owned(), part: crate::part(name), field }
    }
}
