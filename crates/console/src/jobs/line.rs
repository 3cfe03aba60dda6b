//! A job in a line: a row of a table, and the sentence about the last job of something.
//!
//! For every page that shows jobs; knows no other part of those pages.

use api::{Job, JobKind};
use askama::Template;
use model::JobState;

use crate::address::part;
use crate::jobs::lasting::between;
use crate::words::{Badge, Moment, distance, plural};

/// What a job is of, as people name it.
pub fn subject(job: &Job) -> String {
    let refresh = || job.parent_segment.as_ref().map(|name| format!("Refresh of {name}"));
    let named = job.query.clone().or_else(|| job.activation.clone()).or_else(refresh);
    named.unwrap_or_else(|| format!("Job {}", job.id))
}

/// What kind of thing a job is of; nothing for an export of the command line.
pub(crate) fn kind(job: &Job) -> &'static str {
    match (&job.query, &job.activation, &job.parent_segment) {
        (Some(_), _, _) if job.kind == JobKind::Result => "query, result only",
        (Some(_), _, _) => "query",
        (None, Some(_), _) => "activation",
        (None, None, Some(_)) => "parent segment",
        (None, None, None) => "export of the command line",
    }
}

/// The page of what a job is of.
pub(crate) fn owner(job: &Job) -> Option<String> {
    let query = job.query.as_ref().map(|name| format!("/queries/{}", part(name)));
    let activation = || job.activation.as_ref().map(|name| format!("/activations/{}", part(name)));
    let parent = || job.parent_segment.as_ref().map(|name| format!("/parent-segments/{}", part(name)));
    query.or_else(activation).or_else(parent)
}

/// Who started a job.
pub(crate) fn starter(job: &Job) -> Option<String> {
    job.actor.clone().or_else(|| job.scheduled.is_some().then(|| "its schedule".to_owned()))
}

/// The page of a job.
pub fn address_of(id: &str) -> String {
    format!("/jobs/{}", part(id))
}

/// A row of a table of jobs.
#[derive(Debug, Template)]
#[template(path = "jobs/line.html")]
pub struct JobLine {
    address: String,
    id: String,
    badge: Badge,
    subject: String,
    kind: &'static str,
    connection: Option<String>,
    created: Moment,
    rows: Option<String>,
    /// What somebody should look at: rejected, held.
    amiss: Vec<String>,
    took: Option<String>,
    actor: Option<String>,
}

impl JobLine {
    /// The row of a job.
    pub fn of(job: &Job) -> JobLine {
        let took = job.started.as_deref().zip(job.finished.as_deref()).and_then(|(from, to)| between(from, to));
        let rows = job.rows.unwrap_or_default();
        let amiss = [(rows.rejected, "rejected"), (rows.held, "held")].into_iter().filter(|(count, _)| *count > 0);
        JobLine {
            address: address_of(&job.id),
            id: job.id.clone(),
            badge: Badge::of(job.state),
            subject: subject(job),
            kind: kind(job),
            connection: job.connection.clone(),
            created: distance(&job.created),
            rows: rows_of(job),
            amiss: amiss.map(|(count, word)| format!("{} {word}", model::grouped(count))).collect(),
            took,
            actor: starter(job),
        }
    }
}

/// The rows of a job in a few words.
fn rows_of(job: &Job) -> Option<String> {
    match (job.kind, &job.rows, job.result_rows) {
        (JobKind::Export, Some(rows), _) if job.state == JobState::Success || rows.read == rows.delivered => {
            Some(format!("{} delivered", model::grouped(rows.delivered)))
        }
        (JobKind::Export, Some(rows), _) => {
            Some(format!("{} of {} delivered", model::grouped(rows.delivered), model::grouped(rows.read)))
        }
        (JobKind::Refresh, _, Some(count)) => Some(plural(count, "profile", "profiles")),
        (JobKind::Result, _, Some(count)) => Some(plural(count, "row", "rows")),
        (JobKind::Export, None, _) | (JobKind::Refresh | JobKind::Result, _, None) => None,
    }
}

/// A table of jobs.
#[derive(Debug, Template)]
#[template(path = "jobs/table.html")]
pub struct JobTable {
    label: &'static str,
    lines: Vec<JobLine>,
}

impl JobTable {
    /// These jobs, under a name for people who hear the page.
    pub fn of<'a>(label: &'static str, jobs: impl IntoIterator<Item = &'a Job>) -> JobTable {
        JobTable { label, lines: jobs.into_iter().map(JobLine::of).collect() }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

/// The last job of something: its badge with a link, when, and what came of it.
#[derive(Debug, Template)]
#[template(path = "jobs/last.html")]
pub struct LastJob {
    address: String,
    subject: String,
    badge: Badge,
    at: Moment,
    rows: Option<String>,
    amiss: Vec<String>,
}

impl LastJob {
    /// The sentence about this job.
    pub fn of(job: &Job) -> LastJob {
        let JobLine { address, subject, badge, rows, amiss, .. } = JobLine::of(job);
        let at = distance(job.finished.as_deref().or(job.started.as_deref()).unwrap_or(&job.created));
        LastJob { address, subject, badge, at, rows, amiss }
    }
}
