//! The list of jobs: newest first, a page at a time, with filters that are a form.
//!
//! Knows names of filters and the words of states; which jobs fit them is the server's to find.

use api::{Job, StateCount};
use askama::Template;
use model::{JobState, grouped};
use url::form_urlencoded;

use crate::chrome::Chrome;
use crate::copied::Copied;
use crate::faults::{Faults, Summary};
use crate::field::{Choice, Control, Field};
use crate::form::Form;
use crate::jobs::line::JobTable;
use crate::words::state_words;

/// The filters, in the order of the form.
const FILTERS: [&str; 6] = ["state", "query", "connection", "activation", "parent_segment", "search"];
/// Those that are seldom used.
const SELDOM: [&str; 3] = ["activation", "parent_segment", "search"];

/// States in which somebody has to do something.
const NEEDY: [JobState; 4] = [JobState::NeedsReconnect, JobState::Stopped, JobState::Held, JobState::Failed];

/// A page of jobs as it was found.
#[derive(Debug, Default)]
pub struct Listed {
    /// The jobs, newest first.
    pub jobs: Vec<Job>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// How many jobs are in each state.
    pub counts: Vec<StateCount>,
    /// Names of connections, to choose from.
    pub connections: Vec<String>,
}

/// The list, without what surrounds it: what is looked at again while something is open.
#[derive(Debug, Template)]
#[template(path = "jobs/list_part.html")]
pub struct JobsPart {
    table: JobTable,
    /// Where it is asked for again.
    address: String,
    /// How often; not at all on a later page when every job of it has ended.
    every: Option<&'static str>,
    /// Whether a job of it has not ended.
    open: bool,
    first: Option<String>,
    next: Option<String>,
    filtered: bool,
    /// What was asked for is not there: no list.
    wrong: bool,
}

impl JobsPart {
    /// The part for what was asked (`form`) and found.
    pub fn new(form: &Form, listed: &Listed) -> JobsPart {
        let first = !form.get("after").is_empty();
        JobsPart {
            table: JobTable::of("Jobs", &listed.jobs),
            address: address(form, Some(form.get("after"))),
            every: every(&listed.jobs, first),
            open: listed.jobs.iter().any(|job| job.state.is_open()),
            first: first.then(|| address(form, None)),
            next: listed.next.as_deref().map(|next| address(form, Some(next))),
            filtered: first || FILTERS.iter().any(|name| !form.get(name).trim().is_empty()),
            wrong: false,
        }
    }

    /// Whether it is to be looked at again.
    pub fn is_live(&self) -> bool {
        self.every.is_some()
    }

    /// Whether a job of it has not ended: then it is also loaded anew where there is no script.
    pub fn is_open(&self) -> bool {
        self.open
    }
}

/// How often a page of these jobs is looked at. A job that begins by itself appears on the first page, not on a later one.
fn every(jobs: &[Job], later: bool) -> Option<&'static str> {
    let at_work = |job: &Job| matches!(job.state, JobState::Queued | JobState::Querying | JobState::Sending);
    if jobs.iter().any(at_work) {
        return Some("2s");
    }
    (!later || jobs.iter().any(|job| job.state.is_open())).then_some("15s")
}

/// The address of a page of the list.
fn address(form: &Form, after: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let filters = FILTERS.iter().map(|name| (*name, form.get(name).trim()));
    for (name, value) in filters.chain(after.map(|after| ("after", after))).filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if query.is_empty() { "/jobs".into() } else { format!("/jobs?{query}") }
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "jobs/list.html")]
pub struct JobsPage {
    chrome: Chrome,
    summary: Summary,
    often: Vec<Field>,
    seldom: Vec<Field>,
    /// Whether a seldom used filter is set, so that it is seen.
    seldom_set: bool,
    part: JobsPart,
    copied: Copied,
}

impl JobsPage {
    /// The page for what was asked and found.
    pub fn new(chrome: Chrome, form: &Form, faults: &Faults, listed: &Listed) -> JobsPage {
        let field = |name: &str, label: &str, control: Control| Field::new(form, faults, name, label, control);
        let often = vec![
            field("state", "State", Control::Menu(states(&listed.counts))),
            field("query", "Query", Control::Text),
            field("connection", "Connection", Control::Suggest(listed.connections.clone())),
        ];
        let seldom = vec![
            field("activation", "Activation", Control::Text),
            field("parent_segment", "Parent segment", Control::Text),
            field("search", "Job", Control::Text).example("how its id begins"),
        ];
        let mut part = JobsPart::new(form, listed);
        part.wrong = !faults.is_empty();
        part.every = part.every.filter(|_| !part.wrong);
        let copied = copied(form, &chrome.server);
        let seldom_set = SELDOM.iter().any(|name| !form.get(name).is_empty());
        JobsPage { chrome, summary: faults.summary(), often, seldom, seldom_set, part, copied }
    }
}

/// The same list on the command line.
fn copied(form: &Form, server: &str) -> Copied {
    let mut words = vec!["jobs".to_owned(), "list".to_owned()];
    for name in FILTERS {
        let value = form.get(name).trim();
        if !value.is_empty() {
            words.extend([format!("--{}", name.replace('_', "-")), value.to_owned()]);
        }
    }
    Copied::command(&words.iter().map(String::as_str).collect::<Vec<_>>(), server)
}

/// States to choose from, with how many jobs are in each.
fn states(counts: &[StateCount]) -> Vec<Choice> {
    let count = |fits: &dyn Fn(JobState) -> bool| -> u64 {
        counts.iter().filter(|count| fits(count.state)).map(|count| count.jobs).sum()
    };
    let choice = |value: String, words: &str, jobs: u64| Choice::new(value, format!("{words} ({})", grouped(jobs)));
    let list = |states: &mut dyn Iterator<Item = JobState>| states.map(JobState::name).collect::<Vec<_>>().join(",");
    let open = list(&mut JobState::all().filter(|state| state.is_open()));
    let needy = list(&mut NEEDY.into_iter());
    let mut choices = vec![
        choice(String::new(), "Any state", count(&|_| true)),
        choice(open, "Not ended", count(&JobState::is_open)),
        choice(needy, "Needs somebody", count(&|state| NEEDY.contains(&state))),
    ];
    choices
        .extend(JobState::all().map(|one| choice(one.name().into(), &state_words(one), count(&|state| state == one))));
    choices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_what_was_asked() {
        let form = Form::read(b"state=failed&query=a+%26+b&connection=&search=+1ng+&other=x&after=old");
        assert_eq!(address(&form, None), "/jobs?state=failed&query=a+%26+b&search=1ng");
        assert_eq!(address(&form, Some("1ng8")), "/jobs?state=failed&query=a+%26+b&search=1ng&after=1ng8");
        assert_eq!(address(&Form::default(), Some("")), "/jobs");
        let copied = copied(&form, "http://h");
        assert_eq!(copied.cli, "sluice jobs list --state failed --query 'a & b' --search 1ng --server http://h");
    }

    #[test]
    fn a_job_that_begins_by_itself_is_seen_on_the_first_page() {
        let job = |state: &str| -> Job {
            serde_json::from_value(serde_json::json!({
                "id": "1ng8pt7tc60j", "state": state, "sentence": "It is.", "kind": "export", "origin": "server",
                "query": "nightly", "created": "2026-11-23T02:00:01Z", "has_result": false, "can_continue": false,
            }))
            .unwrap()
        };
        let cases: [(&[&str], bool, Option<&str>, bool); 7] = [
            (&[], false, Some("15s"), false),
            (&["success"], false, Some("15s"), false),
            (&["success"], true, None, false),
            (&["success", "needs_reconnect"], false, Some("15s"), true),
            (&["success", "needs_reconnect"], true, Some("15s"), true),
            (&["success", "sending"], false, Some("2s"), true),
            (&["success", "sending"], true, Some("2s"), true),
        ];
        for (states, later, want, open) in cases {
            let form = if later { Form::read(b"after=1ng8") } else { Form::default() };
            let jobs = states.iter().map(|state| job(state)).collect();
            let part = JobsPart::new(&form, &Listed { jobs, ..Listed::default() });
            assert_eq!((part.every, part.is_open()), (want, open), "{states:?}, later {later}");
        }
    }

    #[test]
    fn states_are_counted() {
        let counts = [(JobState::Failed, 2), (JobState::Sending, 1), (JobState::NeedsReconnect, 1_000)];
        let counts = counts.map(|(state, jobs)| StateCount { state, jobs });
        let words: Vec<String> = states(&counts).into_iter().take(4).map(|choice| choice.words).collect();
        assert_eq!(words, ["Any state (1,003)", "Not ended (1,001)", "Needs somebody (1,002)", "queued (0)"]);
        assert_eq!(states(&[]).len(), 3 + JobState::all().count());
    }
}
