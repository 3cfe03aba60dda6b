//! The front page: what needs somebody, what runs, what comes, what was done, and the first steps where nothing is there yet.
//!
//! Knows which of many things come first; how each is asked for is the server's.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use api::{Connection, ConnectionState, Job, ScheduleState, ScheduleView, StateCount};
use askama::Template;
use model::{JobState, grouped};

use crate::chrome::Chrome;
use crate::jobs::{address_of, subject};
use crate::link;
use crate::words::{Badge, Moment, distance, moment, plural, sentence, state_mark, state_words};

/// Lines of a list at most: the page is a glance, the lists have their own pages.
const MOST: usize = 8;

/// What the front page is made of. Lists are the newest of theirs.
#[derive(Debug, Default)]
pub struct Overview {
    /// How many jobs are in each state.
    pub counts: Vec<StateCount>,
    /// Jobs that have not ended.
    pub open: Vec<Job>,
    /// Jobs that ended.
    pub ended: Vec<Job>,
    /// Jobs that ended without success.
    pub troubled: Vec<Job>,
    /// Schedules.
    pub schedules: Vec<ScheduleView>,
    /// Whether there are schedules beside these.
    pub more_schedules: bool,
    /// Connections.
    pub connections: Vec<Connection>,
    /// Whether there is a table.
    pub table: bool,
    /// The name of a query, where there is one.
    pub query: Option<String>,
}

/// The front page.
#[derive(Debug, Template)]
#[template(path = "home.html")]
pub struct Home {
    chrome: Chrome,
    counts: Vec<Count>,
    steps: Vec<Step>,
    needs: Vec<Need>,
    more_needs: u64,
    open: Vec<Line>,
    live: bool,
    coming: Vec<Coming>,
    more_schedules: bool,
    ended: Vec<Line>,
}

/// Jobs of a state.
#[derive(Debug)]
struct Count {
    badge: Badge,
    jobs: String,
    address: String,
}

/// One of the first steps.
#[derive(Debug)]
struct Step {
    done: bool,
    next: bool,
    title: &'static str,
    words: &'static str,
    /// Where it is done, and what the button says; nothing where whoever looks may not.
    press: Option<(String, &'static str)>,
}

/// Something that needs somebody.
#[derive(Debug)]
struct Need {
    badge: Badge,
    title: String,
    address: String,
    words: String,
    at: Option<Moment>,
    /// How many others there are of its kind.
    others: Option<String>,
}

/// A job in a line.
#[derive(Debug)]
struct Line {
    badge: Badge,
    title: String,
    address: String,
    words: String,
    at: Moment,
}

/// A run that comes.
#[derive(Debug)]
struct Coming {
    title: String,
    address: String,
    of: &'static str,
    starts: Moment,
    local: String,
}

impl Home {
    /// The page.
    pub fn new(chrome: Chrome, overview: &Overview) -> Home {
        let (needs, more_needs) = needs(overview);
        Home {
            counts: counts(&overview.counts),
            steps: steps(&chrome, overview),
            needs,
            more_needs,
            live: overview
                .open
                .iter()
                .any(|job| matches!(job.state, JobState::Queued | JobState::Querying | JobState::Sending)),
            open: overview.open.iter().filter(|job| works(job.state)).take(MOST).map(line).collect(),
            coming: coming(&overview.schedules),
            more_schedules: overview.more_schedules,
            ended: overview.ended.iter().take(MOST).map(line).collect(),
            chrome,
        }
    }
}

fn counts(counts: &[StateCount]) -> Vec<Count> {
    let some = counts.iter().filter(|count| count.jobs > 0);
    let count = |count: &StateCount| Count {
        badge: Badge::of(count.state),
        jobs: grouped(count.jobs),
        address: format!("/jobs?state={}", count.state.name()),
    };
    some.map(count).collect()
}

/// Whether a job is at work or waits for its turn.
fn works(state: JobState) -> bool {
    matches!(state, JobState::Queued | JobState::Querying | JobState::Sending)
}

fn steps(chrome: &Chrome, overview: &Overview) -> Vec<Step> {
    let connected = overview.connections.iter().any(|connection| connection.state == ConnectionState::Connected);
    let ran = overview.counts.iter().any(|count| count.jobs > 0);
    let query = overview.query.as_deref();
    let run = query.map(|name| format!("/queries/{}", crate::part(name)));
    let press = |may: bool, address: &str, words| may.then(|| (address.to_owned(), words));
    let steps = [
        (
            connected,
            "Connect Salesforce Pardot",
            if chrome.rules() { "Sign in to Salesforce once; nothing is pasted." } else { "An admin does this." },
            press(chrome.rules(), "/integrations", "Connect"),
        ),
        (
            overview.table,
            "Upload a table",
            "CSV, JSON lines or Parquet: the rows that queries read.",
            press(chrome.edits(), "/new/table", "Upload a table"),
        ),
        (
            query.is_some(),
            "Write a query",
            "One SELECT. Look at its first rows, then choose where they go.",
            press(chrome.edits(), "/new/query", "Write a query"),
        ),
        (
            ran,
            "Run it",
            "Watch it send, and see that every row is accounted for.",
            run.filter(|_| chrome.edits()).map(|address| (address, "To the query")),
        ),
    ];
    if steps.iter().all(|(done, ..)| *done) {
        return Vec::new();
    }
    let next = steps.iter().position(|(done, _, _, press)| !done && press.is_some());
    let numbered = steps.into_iter().enumerate();
    numbered
        .map(|(number, (done, title, words, press))| Step { done, next: next == Some(number), title, words, press })
        .collect()
}

/// What needs somebody, what is behind other things first; and how many are left out.
fn needs(overview: &Overview) -> (Vec<Need>, u64) {
    let mut needs: Vec<Need> = overview.connections.iter().filter_map(connection).collect();
    needs.extend(overview.schedules.iter().filter_map(schedule));
    needs.extend(jobs(overview));
    let more = needs.len().saturating_sub(MOST);
    needs.truncate(MOST);
    (needs, more as u64)
}

fn connection(connection: &Connection) -> Option<Need> {
    let badge = match connection.state {
        ConnectionState::Connected => return None,
        ConnectionState::NotConnected => Badge { mark: "wait", words: "not connected".into() },
        ConnectionState::NeedsReconnect => Badge { mark: "bad", words: "needs reconnect".into() },
    };
    let words = connection.remark.clone().unwrap_or_else(|| "Nothing can be sent through it.".into());
    let (title, address) = (connection.name.clone(), link::connection(&connection.name));
    Some(Need { badge, title, address, words: sentence(&words), at: None, others: None })
}

fn schedule(schedule: &ScheduleView) -> Option<Need> {
    if schedule.state != ScheduleState::Disabled {
        return None;
    }
    let told = schedule.reason.as_ref().map(|cause| said(&cause.message, cause.hint.as_deref()));
    Some(Need {
        badge: Badge { mark: "bad", words: "schedule disabled".into() },
        title: schedule.query.clone(),
        address: link::schedule(schedule),
        words: told.unwrap_or_else(|| "Nothing runs by itself until it is resumed.".into()),
        at: schedule.since.as_deref().map(distance),
        others: None,
    })
}

/// Jobs that need somebody, one for each of what they are of and its state. One that ended badly is settled once a newer one
/// of the same went well; rows that are held stay so.
fn jobs(overview: &Overview) -> Vec<Need> {
    let mut well: BTreeMap<String, &str> = BTreeMap::new();
    for job in overview.ended.iter().filter(|job| job.state == JobState::Success) {
        let at = well.entry(owner(job)).or_insert(&job.created);
        *at = (*at).max(&job.created);
    }
    let settled = |job: &Job| {
        matches!(job.state, JobState::Failed | JobState::Stopped)
            && well.get(&owner(job)).is_some_and(|at| *at > job.created.as_str())
    };
    let mut newest: BTreeMap<(String, &str), (&Job, u64)> = BTreeMap::new();
    for job in overview.open.iter().chain(&overview.troubled).filter(|job| needs_somebody(job.state) && !settled(job)) {
        let (known, count) = newest.entry((owner(job), job.state.name())).or_insert((job, 0));
        *count += 1;
        if job.created > known.created {
            *known = job;
        }
    }
    let mut newest: Vec<(&Job, u64)> = newest.into_values().collect();
    newest.sort_by_key(|(job, _)| Reverse(job.created.as_str()));
    newest.into_iter().map(|(job, count)| need(job, count)).collect()
}

fn need(job: &Job, count: u64) -> Need {
    let others = (count > 1).then(|| {
        format!(
            "{} of it {} the same",
            plural(count - 1, "older job", "older jobs"),
            if count == 2 { "is" } else { "are" }
        )
    });
    Need {
        badge: Badge::of(job.state),
        title: subject(job),
        address: address_of(&job.id),
        words: job.sentence.clone(),
        at: Some(distance(job.finished.as_deref().unwrap_or(&job.created))),
        others,
    }
}

fn needs_somebody(state: JobState) -> bool {
    match state {
        JobState::ParkedQuota
        | JobState::ParkedOutage
        | JobState::NeedsReconnect
        | JobState::Stopped
        | JobState::Held
        | JobState::Failed => true,
        JobState::Queued
        | JobState::Querying
        | JobState::Sending
        | JobState::Killed
        | JobState::Success
        | JobState::Skipped => false,
    }
}

/// What tells the jobs of one thing from those of another; a job of nothing is alone.
fn owner(job: &Job) -> String {
    let named = [("q", &job.query), ("a", &job.activation), ("p", &job.parent_segment)];
    let named = named.into_iter().find_map(|(kind, name)| Some(format!("{kind} {}", name.as_ref()?)));
    named.unwrap_or_else(|| format!("j {}", job.id))
}

fn line(job: &Job) -> Line {
    let rows = job.rows.as_ref().map(|rows| {
        let parts = [(rows.delivered, "delivered"), (rows.rejected, "rejected"), (rows.held, "held")];
        let parts = parts.into_iter().filter(|(count, word)| *count > 0 || *word == "delivered");
        parts.map(|(count, word)| format!("{} {word}", grouped(count))).collect::<Vec<_>>().join(", ")
    });
    let words = rows.or_else(|| job.result_rows.map(|rows| plural(rows, "row", "rows"))).unwrap_or_default();
    let at = if works(job.state) { job.started.as_ref() } else { job.finished.as_ref() };
    Line {
        badge: Badge { mark: state_mark(job.state), words: state_words(job.state) },
        title: subject(job),
        address: address_of(&job.id),
        words,
        at: distance(at.unwrap_or(&job.created)),
    }
}

/// The next runs of all schedules, soonest first.
fn coming(schedules: &[ScheduleView]) -> Vec<Coming> {
    let fires = schedules.iter().flat_map(|schedule| schedule.next.iter().map(move |fire| (schedule, fire)));
    let mut fires: Vec<_> = fires.collect();
    fires.sort_by(|(a, one), (b, other)| (&one.starts, &a.query).cmp(&(&other.starts, &b.query)));
    let coming = fires.into_iter().take(MOST).map(|(schedule, fire)| Coming {
        title: schedule.query.clone(),
        address: link::schedule(schedule),
        of: schedule.of.words(),
        starts: moment(&fire.starts),
        local: fire.local.clone(),
    });
    coming.collect()
}

/// What happened and what to do, in sentences.
pub(crate) fn said(message: &str, hint: Option<&str>) -> String {
    match hint {
        Some(hint) => format!("{} {}", sentence(message), sentence(hint)),
        None => sentence(message),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(minute: u32, query: &str, state: JobState) -> Job {
        let created = format!("2026-11-23T02:{minute:02}:00Z");
        let job = json!({
            "id": format!("j{minute:02}"), "state": state.name(), "sentence": "", "kind": "export", "origin": "server",
            "created": created, "has_result": false, "can_continue": false, "query": query,
        });
        serde_json::from_value(job).unwrap()
    }

    #[test]
    fn a_failure_needs_nobody_once_a_newer_job_of_the_same_went_well() {
        use JobState::{Failed, Held, ParkedQuota, Sending, Success};
        type Case = (&'static str, &'static [(u32, &'static str, JobState)], &'static [&'static str]);
        let cases: [Case; 6] = [
            ("it failed", &[(1, "a", Success), (2, "a", Failed)], &["a failed"]),
            ("it went well since", &[(1, "a", Failed), (2, "a", Success)], &[]),
            ("another went well", &[(1, "a", Failed), (2, "b", Success)], &["a failed"]),
            ("held rows stay held", &[(1, "a", Held), (2, "a", Success)], &["a held"]),
            ("twice is once", &[(1, "a", Failed), (2, "a", Failed), (3, "b", Failed)], &["b failed", "a failed +1"]),
            ("what waits, not what works", &[(1, "a", ParkedQuota), (2, "b", Sending)], &["a parked quota"]),
        ];
        for (name, jobs, want) in cases {
            let jobs = || jobs.iter().map(|(minute, query, state)| job(*minute, query, *state));
            let overview = Overview {
                open: jobs().filter(|job| matches!(job.state, ParkedQuota | Sending)).collect(),
                ended: jobs().filter(|job| matches!(job.state, Success | Failed | Held)).collect(),
                troubled: jobs().filter(|job| matches!(job.state, Failed | Held)).collect(),
                ..Overview::default()
            };
            let (found, more) = needs(&overview);
            let found = found.into_iter().map(|need| {
                let others = need.others.map_or("", |_| " +1");
                format!("{} {}{others}", need.title, need.badge.words)
            });
            assert_eq!(
                (found.collect::<Vec<_>>(), more),
                (want.iter().map(|&text| text.to_owned()).collect(), 0),
                "{name}"
            );
        }
    }

    #[test]
    fn a_list_is_a_glance() {
        let troubled: Vec<Job> = (0..20).map(|number| job(number, &format!("q{number}"), JobState::Failed)).collect();
        let (found, more) = needs(&Overview { troubled, ..Overview::default() });
        assert_eq!((found.len(), more, found[0].title.as_str()), (MOST, 12, "q19"));
    }
}
