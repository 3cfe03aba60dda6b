//! The stages of a job: queued, query, check, send, and its end, with times.
//!
//! Knows what a job's state, progress and report say about each.

use api::{Job, JobKind, Stage};
use model::{JobState, Report};

use crate::jobs::lasting::lasted;
use crate::words::{Moment, moment, state_words};

/// One stage.
#[derive(Debug, PartialEq)]
pub(crate) struct Station {
    /// `good`, `busy`, `wait`, `bad`, `calm`, or nothing where it is still to come.
    pub(crate) mark: &'static str,
    pub(crate) words: String,
    pub(crate) at: Option<Moment>,
    pub(crate) lasted: Option<String>,
}

/// The stages of a job, in their order.
pub(crate) fn stations(job: &Job, report: Option<&Report>) -> Vec<Station> {
    let mut stations = vec![queued(job), query(job, report)];
    if job.kind == JobKind::Export {
        stations.extend([check(job, report), send(job, report)]);
    }
    stations.push(end(job));
    stations
}

fn station(mark: &'static str, words: &str) -> Station {
    Station { mark, words: words.to_owned(), at: None, lasted: None }
}

/// The seconds of a stage, where it took any.
fn seconds(report: Option<&Report>, of: fn(&Report) -> f64) -> Option<String> {
    report.map(of).filter(|seconds| *seconds > 0.0).map(lasted)
}

fn queued(job: &Job) -> Station {
    let mark = match (job.state, &job.started) {
        (JobState::Queued, _) => "busy",
        (JobState::Skipped, _) => "calm",
        (_, Some(_)) => "good",
        (_, None) => "",
    };
    Station { at: Some(moment(&job.created)), ..station(mark, "Queued") }
}

fn query(job: &Job, report: Option<&Report>) -> Station {
    let words = match (job.kind, job.parent.is_some()) {
        (JobKind::Refresh, _) => "Profiles",
        // Its rows are those of another job: no query was run.
        (_, true) => "Rows taken over",
        (_, false) => "Query",
    };
    let mark = match (job.result_rows, job.state) {
        (Some(_), _) => "good",
        (None, JobState::Querying) => "busy",
        (None, JobState::Failed | JobState::Killed | JobState::Stopped) if job.started.is_some() => ending(job.state),
        (None, _) => "",
    };
    let at = job.started.as_deref().map(moment);
    Station { at, lasted: seconds(report, |report| report.stages.query), ..station(mark, words) }
}

/// Whether the job came to sending.
fn came_to_sending(job: &Job, report: Option<&Report>) -> bool {
    let ends = job.rows.is_some_and(|rows| rows.delivered + rows.held > 0);
    let sends = job.progress.is_some_and(|progress| progress.stage == Stage::Send);
    ends || sends || job.state == JobState::Success || report.is_some_and(|report| report.stages.send > 0.0)
}

fn check(job: &Job, report: Option<&Report>) -> Station {
    let stopped = matches!(job.state, JobState::Failed | JobState::Stopped | JobState::Killed);
    let mark = match job.progress.map(|progress| progress.stage) {
        Some(Stage::Check) => "busy",
        Some(Stage::Query) => "",
        _ if came_to_sending(job, report) => "good",
        _ if job.result_rows.is_some() && stopped => ending(job.state),
        Some(Stage::Send) | None => "",
    };
    Station { lasted: seconds(report, |report| report.stages.check), ..station(mark, "Check") }
}

fn send(job: &Job, report: Option<&Report>) -> Station {
    let mark = match job.state {
        _ if !came_to_sending(job, report) => "",
        JobState::Success => "good",
        JobState::Sending | JobState::Queued => "busy",
        state => ending(state),
    };
    Station { lasted: seconds(report, |report| report.stages.send), ..station(mark, "Send") }
}

/// The mark of where a job stopped short.
fn ending(state: JobState) -> &'static str {
    match state {
        JobState::ParkedQuota | JobState::ParkedOutage => "wait",
        JobState::Killed | JobState::Skipped => "calm",
        _ => "bad",
    }
}

fn end(job: &Job) -> Station {
    match (job.state, &job.wake, &job.finished) {
        (JobState::Success, _, at) => Station { at: at.as_deref().map(moment), ..station("good", "Success") },
        (state, _, _) if !state.is_open() => {
            let mut words = state_words(state);
            words[..1].make_ascii_uppercase();
            Station { at: job.finished.as_deref().map(moment), ..station(ending(state), &words) }
        }
        (_, Some(wake), _) => Station { at: Some(moment(wake)), ..station("", "Goes on") },
        _ => station("", "End"),
    }
}
