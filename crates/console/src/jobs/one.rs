//! The page of a job: what it is, how far, what came of it, what to do next.
//!
//! Knows what is shown in which state; the part that changes while the job is open is a template of its own.

use api::{Job, JobKind, LogLine, Place, Stage};
use askama::Template;
use model::{JobState, Report, grouped};

use crate::chrome::Chrome;
use crate::copied::Copied;
use crate::faults::{Faults, Summary};
use crate::jobs::acts::{Act, May, acts};
use crate::jobs::calls::{Calls, calls};
use crate::jobs::ends::Ends;
use crate::jobs::lasting::{between, lasted, lasting};
use crate::jobs::line::{JobTable, address_of, kind, owner, starter, subject};
use crate::jobs::log::LogLines;
use crate::jobs::rejected::{Reasons, reasons};
use crate::jobs::stages::{Station, stations};
use crate::jobs::steps::{Step, next_step};
use crate::words::{Badge, Moment, distance, moment, plural, state_words};

/// What is known of a job.
#[derive(Debug)]
pub struct JobSeen {
    /// The job.
    pub job: Job,
    /// Its report, once it has one.
    pub report: Option<Report>,
    /// The last lines of its log, oldest first.
    pub log: Vec<LogLine>,
    /// The jobs that send its rows again, newest first.
    pub later: Vec<Job>,
    /// Whether its query has an export today.
    pub exportable: bool,
}

/// How far a job at work is.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) words: String,
    /// So many of all; none where nobody knows how many there will be.
    bar: Option<(u64, u64)>,
}

/// What is known in a line: a name, and a text with or without a link, or a time.
#[derive(Debug)]
enum Fact {
    Text(&'static str, String),
    Link(&'static str, String, String),
    Time(&'static str, Moment),
}

/// What changes while the job is open.
#[derive(Debug, Template)]
#[template(path = "jobs/one_part.html")]
pub struct JobPart {
    chrome: Chrome,
    address: String,
    id: String,
    title: String,
    subject: String,
    kind: &'static str,
    badge: Badge,
    sentence: String,
    /// How often it is looked at again; not at all when the job has ended.
    every: Option<&'static str>,
    acts: Vec<Act>,
    may: May,
    step: Option<Step>,
    wake: Option<Moment>,
    stations: Vec<Station>,
    progress: Option<Progress>,
    ends: Option<Ends>,
    calls: Option<Calls>,
    facts: Vec<Fact>,
    notes: Vec<String>,
    rejected: u64,
    rejected_shown: String,
    reasons: Option<Reasons>,
    /// Whether rows are kept: they can be downloaded.
    kept: bool,
    /// Whether it sends rows, so that there are receipts.
    receipts: bool,
    /// What is wrong with a file of mended rows.
    mended: Vec<Place>,
    /// Whether the rejected rows are fetched as soon as the page stands.
    fetch: bool,
    log: LogLines,
    /// Whether the log has lines before these.
    log_more: bool,
    later: JobTable,
}

impl JobPart {
    /// The part, for whoever looks.
    pub fn new(chrome: Chrome, seen: JobSeen) -> JobPart {
        let JobSeen { job, report, log, later, exportable } = seen;
        let (may, report) = (May::of(&job, &chrome, exportable), report.as_ref());
        let at_work = matches!(job.state, JobState::Queued | JobState::Querying | JobState::Sending);
        let subject = subject(&job);
        let rejected = job.rows.map_or(0, |rows| rows.rejected);
        JobPart {
            address: address_of(&job.id),
            id: job.id.clone(),
            title: format!("{subject}: {}", state_words(job.state)),
            kind: kind(&job),
            badge: Badge::of(job.state),
            sentence: job.sentence.clone(),
            every: if at_work { Some("1s") } else { job.state.is_open().then_some("5s") },
            acts: acts(&job, may),
            may,
            step: next_step(&job, may, &chrome),
            wake: job.wake.as_deref().map(distance),
            stations: stations(&job, report),
            progress: progress(&job),
            ends: job.rows.as_ref().map(Ends::of),
            calls: calls(&job, report),
            facts: facts(&job, report),
            notes: report.map(|report| report.notes.clone()).unwrap_or_default(),
            rejected,
            rejected_shown: grouped(rejected),
            reasons: report.filter(|_| rejected > 0).map(|report| reasons(&report.rejected_by_reason)),
            kept: job.has_result,
            mended: Vec::new(),
            receipts: job.kind == JobKind::Export && job.state != JobState::Sending,
            fetch: !job.state.is_open() && job.has_result && may.rows,
            log_more: log.first().is_some_and(|line| line.number > 1),
            log: LogLines(log),
            later: JobTable::of("Jobs that send rows of this one again", &later),
            subject,
            chrome,
        }
    }

    /// Whether it is to be looked at again.
    pub fn is_live(&self) -> bool {
        self.every.is_some()
    }

    /// Files of the job: what, and its name for people.
    fn files(&self) -> Vec<(&'static str, &'static str)> {
        let known = [("result", "Result", true), ("receipts", "Receipts: one line for every row", self.receipts)];
        known.into_iter().filter(|(_, _, there)| *there).map(|(what, words, _)| (what, words)).collect()
    }
}

/// The part alone, for a page that stands already, with its new title.
#[derive(Debug, Template)]
#[template(ext = "html", source = "<title>{{ part.title }} · Sluice</title>\n{{ part|safe }}")]
pub struct JobUpdate {
    /// What changed.
    pub part: JobPart,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "jobs/one.html")]
pub struct JobPage {
    chrome: Chrome,
    summary: Summary,
    part: JobPart,
    /// Its SQL and its settings, each where there are any.
    sql: Option<String>,
    settings: Vec<(String, String)>,
    copied: Copied,
}

impl JobPage {
    /// The page of a job, with what went wrong when something was asked of it.
    pub fn new(chrome: Chrome, seen: JobSeen, faults: &Faults) -> JobPage {
        let copied = Copied::command(&["jobs", "show", &seen.job.id], &chrome.server);
        let mut part = JobPart::new(chrome.clone(), seen);
        part.mended = faults.at("upload");
        JobPage { chrome, summary: faults.summary(), part, sql: None, settings: Vec::new(), copied }
    }

    /// With what the job was made of.
    #[must_use]
    pub fn made_of(self, sql: String, settings: Option<&serde_json::Value>) -> JobPage {
        let settings = settings.and_then(serde_json::Value::as_object).into_iter().flatten();
        let settings = settings
            .map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)));
        JobPage { sql: Some(sql).filter(|sql| !sql.trim().is_empty()), settings: settings.collect(), ..self }
    }
}

pub(super) fn progress(job: &Job) -> Option<Progress> {
    let now = job.progress.filter(|_| job.state.is_open())?;
    let all = |done: u64, of: u64, what: &str| format!("{} of {} rows {what}", grouped(done), grouped(of));
    let (words, bar) = match now.stage {
        Stage::Query if now.rows == 0 => ("The query runs.".to_owned(), None),
        Stage::Query => (format!("The query gave {} so far.", plural(now.rows, "row", "rows")), None),
        Stage::Check => (all(now.checked, now.rows, "are checked."), Some((now.checked, now.rows))),
        Stage::Send => {
            let rows = job.rows.unwrap_or_default();
            let done = rows.read.saturating_sub(rows.unsent);
            let rest = rest(rows.unsent, now.rows_per_second);
            let calls = match now.calls_in_flight {
                0 => String::new(),
                calls => format!(" {} in flight.", plural(calls, "call", "calls")),
            };
            // The bar of the rows shows it.
            (format!("{}{rest}{calls}", all(done, rows.read, "have their end.")), None)
        }
    };
    Some(Progress { words: format!("{words} {} at work.", lasted(now.seconds)), bar })
}

/// How fast it goes, and how long it takes from here.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "for people")]
fn rest(unsent: u64, rate: f64) -> String {
    if rate < 0.5 {
        return String::new();
    }
    let left = (unsent as f64 / rate).min(1e9) as u64;
    format!(" {} a second, about {} left.", plural(rate.round() as u64, "row", "rows"), lasting(left))
}

fn facts(job: &Job, report: Option<&Report>) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let (Some(owner), false) = (owner(job), job.query.is_none() && job.activation.is_none()) {
        let name = if job.query.is_some() { "Query" } else { "Activation" };
        facts.push(Fact::Link(name, owner, job.query.clone().or_else(|| job.activation.clone()).unwrap_or_default()));
    }
    if let Some(parent) = &job.parent_segment {
        let address = format!("/parent-segments/{}", crate::address::part(parent));
        facts.push(Fact::Link("Parent segment", address, parent.clone()));
    }
    if let Some(name) = &job.connection {
        facts.push(Fact::Link("Connection", format!("/connections/{}", crate::address::part(name)), name.clone()));
    }
    if let Some(parent) = &job.parent {
        facts.push(Fact::Link("Sends rows again of", address_of(parent), format!("Job {parent}")));
    }
    let rows = job.result_rows.filter(|_| job.kind != JobKind::Export);
    let counted = if job.kind == JobKind::Refresh { "Profiles" } else { "Rows of the result" };
    facts.extend(rows.map(|rows| Fact::Text(counted, grouped(rows))));
    facts.extend(starter(job).map(|starter| Fact::Text("Started by", starter)));
    let times = [
        ("Scheduled for", &job.scheduled),
        ("Made", &Some(job.created.clone())),
        ("Began", &job.started),
        ("Ended", &job.finished),
        ("Goes on", &job.wake),
    ];
    facts.extend(times.into_iter().filter_map(|(name, at)| Some(Fact::Time(name, moment(at.as_deref()?)))));
    let span = || job.started.as_deref().zip(job.finished.as_deref()).and_then(|(from, to)| between(from, to));
    let took = report.filter(|report| report.seconds > 0.0).map(|report| lasted(report.seconds)).or_else(span);
    facts.extend(took.filter(|_| !job.state.is_open()).map(|took| Fact::Text("Took", took)));
    let rate = report.map(|report| report.rows_per_second).filter(|rate| *rate >= 1.0);
    facts.extend(
        rate.map(|rate| Fact::Text("Rate", format!("{} a second", plural(rate.round() as u64, "row", "rows")))),
    );
    facts
}
