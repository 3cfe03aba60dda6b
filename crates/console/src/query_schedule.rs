//! The schedule of a query: how it stands, its form, what became of its times, and times that are run after all.
//!
//! Knows how a schedule looks; when it fires is the server's.

use api::{CronExplanation, Fire, Page, Query, Schedule, ScheduleState, ScheduleView, Slot, SlotState};
use askama::Template;

use crate::address::part;
use crate::chrome::{Chrome, Section};
use crate::copied::Copied;
use crate::faults::{Faults, Summary};
use crate::form::Form;
use crate::queries::Tab;
use crate::query_export::command;
use crate::query_parts::{Part, Typed};
use crate::schedule;
use crate::schedule::Panel;
use crate::when::When;
use crate::words::{Badge, Moment, moment, plural};

/// What stands around the form.
#[derive(Debug)]
pub struct Around {
    /// The schedule as it is, where there is one.
    pub view: Option<ScheduleView>,
    /// What the form means, where it says when.
    pub explained: Option<CronExplanation>,
    /// What became of its times, newest first.
    pub history: Page<Slot>,
    /// Whether newer ones stand before these.
    pub later: bool,
    /// Times that are to be run after all.
    pub backfill: Backfill,
    /// The query with this schedule as a file of a project's folder.
    pub yaml: String,
}

/// What somebody types to have times that have passed run after all.
#[derive(Debug, Default)]
pub struct Backfill {
    /// What was typed.
    pub form: Form,
    /// What is wrong with it.
    pub faults: Faults,
    /// What it would run.
    pub count: Option<Count>,
}

/// What a backfill would run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The scheduled times.
    pub times: Vec<Fire>,
    /// How many of them ran before and are left alone.
    pub ran: usize,
    /// Whether there are more than one backfill takes.
    pub more: bool,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "schedule/page.html")]
pub struct SchedulePage {
    chrome: Chrome,
    part: Part,
    summary: Summary,
    panel: Panel,
    state: Option<State>,
    history: Vec<Past>,
    next: Option<String>,
    later: bool,
    from: When,
    to: When,
    backfill_summary: Summary,
    count: Option<Count>,
    opened: bool,
    copied: Copied,
}

/// How a schedule stands.
#[derive(Debug)]
struct State {
    badge: Badge,
    active: bool,
    words: String,
    zone: String,
    reason: Option<(String, Option<String>)>,
    since: Option<Moment>,
    next: Vec<Fire>,
    failures: u32,
}

/// A time that has passed.
#[derive(Debug)]
struct Past {
    local: String,
    badge: Badge,
    job: Option<(String, String)>,
    note: Option<String>,
    at: Moment,
}

impl SchedulePage {
    /// The page of a query as it is saved, or as somebody types its schedule.
    pub fn new(chrome: &Chrome, query: &Query, typed: Option<Typed>, around: Around) -> SchedulePage {
        let part = Part::new(query, Tab::Schedule, "schedule", typed.as_ref());
        let Typed { form, faults, .. } = typed.unwrap_or_else(|| Typed { form: form_of(query), ..Typed::default() });
        let Backfill { form: wanted, faults: wrong, count } = around.backfill;
        let until = "The last of them; a day is meant to its end.";
        let from = When::new(&wanted, &wrong, "from", "From", "The first scheduled time, or a day before it.");
        SchedulePage {
            chrome: chrome.at(Section::Queries),
            panel: Panel::new(&form, &faults, "schedule", around.explained.as_ref()),
            summary: faults.summary(),
            opened: !wrong.is_empty() || count.is_some(),
            from: from.required(true),
            to: When::new(&wanted, &wrong, "to", "To", until).required(true),
            backfill_summary: wrong.summary(),
            count,
            state: around.view.as_ref().map(State::of),
            history: around.history.items.iter().map(Past::of).collect(),
            next: around.history.next.map(|next| crate::address::part(&next)),
            later: around.later,
            copied: copied(chrome, query, &form).yaml(around.yaml),
            part,
        }
    }

    fn counted(&self) -> String {
        let times = self.count.as_ref().map_or(0, |count| count.times.len());
        plural(times as u64, "scheduled time", "scheduled times")
    }

    /// The times that would run: those that did not run before.
    fn started(&self) -> String {
        let left = self.count.as_ref().map_or(0, |count| count.times.len() - count.ran);
        plural(left as u64, "time", "times")
    }

    /// The first of the times that would run: what the button that runs them says.
    fn first(&self) -> &str {
        self.count.as_ref().and_then(|count| count.times.first()).map_or("", |fire| fire.scheduled.as_str())
    }
}

/// The schedule of a query as a form.
pub fn form_of(query: &Query) -> Form {
    let mut form = Form::of(&query.spec.schedule.as_ref().map(|schedule| serde_json::json!({ "schedule": schedule })));
    form.set("_revision", query.revision.to_string());
    form
}

/// From when to when times are to be run after all, as a form says.
pub fn span(form: &Form) -> (String, String) {
    (When::read(form, "from").unwrap_or_default(), When::read(form, "to").unwrap_or_default())
}

/// The badge of a schedule.
pub(crate) fn badge(state: ScheduleState) -> Badge {
    let (mark, words) = match state {
        ScheduleState::Active => ("good", "active"),
        ScheduleState::Paused => ("wait", "paused"),
        ScheduleState::Disabled => ("bad", "disabled"),
    };
    Badge { mark, words: words.into() }
}

impl State {
    fn of(view: &ScheduleView) -> State {
        State {
            badge: badge(view.state),
            active: view.state == ScheduleState::Active,
            words: view.words.clone(),
            zone: view.schedule.timezone.clone().unwrap_or_else(|| "UTC".into()),
            reason: view.reason.as_ref().map(|cause| (cause.message.clone(), cause.hint.clone())),
            since: view.since.as_deref().map(moment),
            next: view.next.clone(),
            // Why a schedule is disabled says them already.
            failures: if view.state == ScheduleState::Disabled { 0 } else { view.failures },
        }
    }
}

impl Past {
    fn of(slot: &Slot) -> Past {
        let missed = || Badge { mark: "wait", words: "missed".into() };
        let gone = || Badge { mark: "calm", words: "job deleted".into() };
        let badge = match (slot.state, &slot.job) {
            (SlotState::Missed, _) => missed(),
            (SlotState::Run, Some(job)) => Badge::of(job.state),
            (SlotState::Run, None) => gone(),
        };
        let job = slot.job.as_ref().map(|job| (format!("/jobs/{}", part(&job.id)), job.id.clone()));
        Past { local: slot.local.clone(), badge, job, note: slot.note.clone(), at: moment(&slot.at) }
    }
}

fn copied(chrome: &Chrome, query: &Query, form: &Form) -> Copied {
    let name = &query.spec.name;
    if !chrome.edits() {
        return command(&["schedules".into(), "show".into(), name.clone()], chrome);
    }
    let Some(schedule) = schedule::read(&mut crate::Reading::new(form), "schedule") else {
        return command(&["schedules".into(), "remove".into(), name.clone()], chrome);
    };
    let mut words = vec!["schedules".to_owned(), "set".to_owned(), name.clone()];
    words.extend(arguments(&schedule));
    command(&words, chrome)
}

/// A schedule as the command line writes it.
fn arguments(schedule: &Schedule) -> Vec<String> {
    let Schedule { cron, repeat, days, start, end, timezone, delay, catch_up, overlap } = schedule;
    let mut words = Vec::new();
    if !cron.is_empty() {
        words.push(cron.clone());
    }
    let days = (!days.is_empty()).then(|| days.join(","));
    let delay = (*delay > 0).then(|| delay.to_string());
    let catch_up = Some(schedule::word(catch_up)).filter(|word| word != "one");
    let overlap = Some(schedule::word(overlap)).filter(|word| word != "skip");
    let named = [
        ("--repeat", repeat.map(schedule::word)),
        ("--days", days),
        ("--start", start.clone()),
        ("--end", end.clone()),
        ("--timezone", timezone.clone()),
        ("--delay", delay),
        ("--catch-up", catch_up),
        ("--overlap", overlap),
    ];
    words.extend(named.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?])).flatten());
    words
}

#[cfg(test)]
mod tests;
