//! The calendar: the runs of the coming seven days, day by day, and every schedule with how it stands.
//!
//! Knows days and how they look; when a schedule runs is the server's to say.

mod days;

use api::{ScheduleState, ScheduleView, Scheduled};
use askama::Template;
use days::{Day, Often, of_days};
use model::Zone;

use crate::address::part;
use crate::chrome::{Chrome, Section};
use crate::copied::Copied;
use crate::faults::Faults;
use crate::field::{Choice, Control, Field};
use crate::form::Form;
use crate::link;
use crate::query_schedule::badge;
use crate::words::{Badge, Moment, moment};
use crate::zones::ZONES;

/// Days that are shown.
pub const DAYS: i64 = 7;
/// Seconds of a day.
pub const DAY: i64 = 86_400;
/// More runs than this in the coming 24 hours stand apart from the days: later ones are not looked at.
pub const MANY: usize = 48;

/// Which schedules are shown, and by which clock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// A part of the name.
    pub name: String,
    /// `active`, `paused` or `disabled`; all when it is empty.
    pub state: String,
    /// `query`, `activation` or `parent_segment`; all when it is empty.
    pub of: String,
    /// The zone whose days they are; UTC when it is empty.
    pub timezone: String,
}

impl Filter {
    /// As a form of an address says.
    pub fn read(form: &Form) -> Filter {
        let text = |name: &str| form.get(name).trim().to_owned();
        Filter { name: text("name"), state: text("state"), of: text("of"), timezone: text("timezone") }
    }

    /// Whether some are left out.
    pub fn narrows(&self) -> bool {
        !self.name.is_empty() || !self.state.is_empty() || !self.of.is_empty()
    }

    fn address(&self, after: Option<&str>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let said = [("name", &self.name), ("state", &self.state), ("of", &self.of), ("timezone", &self.timezone)];
        for (name, value) in said.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        if let Some(after) = after {
            query.append_pair("after", after);
        }
        let query = query.finish();
        if query.is_empty() { "/schedules".to_owned() } else { format!("/schedules?{query}") }
    }
}

/// Schedules, and when each starts jobs in the coming days.
#[derive(Debug, Default)]
pub struct Found {
    /// Each with the starts, in seconds since 1970.
    pub schedules: Vec<(ScheduleView, Vec<i64>)>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// Whether others stand before these.
    pub later: bool,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "calendar/page.html")]
pub struct Calendar {
    chrome: Chrome,
    filters: Vec<Field>,
    narrowed: bool,
    zone: String,
    days: Vec<Day>,
    often: Vec<Often>,
    lines: Vec<Line>,
    /// Not all schedules stand on this page.
    part: bool,
    first: Option<String>,
    next: Option<String>,
    copied: Copied,
}

/// A schedule of the list.
#[derive(Debug)]
struct Line {
    name: String,
    address: String,
    of: &'static str,
    words: String,
    zone: String,
    badge: Badge,
    why: Option<(String, Option<String>)>,
    next: Option<(String, Moment)>,
    last: Option<(Badge, String, Option<String>)>,
}

impl Calendar {
    /// The page, at a time in seconds since 1970.
    pub fn new(chrome: &Chrome, filter: &Filter, found: Found, now: i64) -> Calendar {
        let zone = Zone::parse(&filter.timezone).unwrap_or_else(|_| Zone::utc());
        let wrong = !filter.timezone.is_empty() && Zone::parse(&filter.timezone).is_err();
        let faults = Faults::of(wrong.then(|| api::Place {
            at: "timezone".into(),
            message: "is no time zone: these are days of UTC".into(),
            hint: Some("write a name such as Europe/Berlin".into()),
        }));
        let (days, often) = of_days(&found.schedules, &zone, now);
        let zone = zone.to_string();
        let mut words = vec!["schedules", "calendar"];
        if zone != "UTC" {
            words.extend(["--timezone", &zone]);
        }
        Calendar {
            chrome: chrome.at(Section::Schedules),
            filters: filters(filter, &faults),
            narrowed: filter.narrows(),
            copied: Copied::command(&words, &chrome.server),
            lines: found.schedules.iter().map(|(view, _)| Line::of(view)).collect(),
            part: found.later || found.next.is_some(),
            first: found.later.then(|| filter.address(None)),
            next: found.next.map(|next| filter.address(Some(&next))),
            days,
            often,
            zone,
        }
    }
}

impl Line {
    fn of(view: &ScheduleView) -> Line {
        let last = view.last.as_ref().map(|slot| {
            let badge = match (&slot.job, &slot.job_id) {
                (Some(job), _) => Badge::of(job.state),
                (None, Some(_)) => Badge { mark: "calm", words: "job deleted".into() },
                (None, None) => Badge { mark: "wait", words: "missed".into() },
            };
            (badge, slot.local.clone(), slot.job.as_ref().map(|job| format!("/jobs/{}", part(&job.id))))
        });
        let halted = view.state != ScheduleState::Active;
        Line {
            name: view.query.clone(),
            address: link::schedule(view),
            of: view.of.words(),
            words: view.words.clone(),
            zone: view.schedule.timezone.clone().unwrap_or_else(|| "UTC".into()),
            badge: badge(view.state),
            why: view.reason.as_ref().filter(|_| halted).map(|cause| (cause.message.clone(), cause.hint.clone())),
            next: view.next.first().map(|fire| (fire.local.clone(), moment(&fire.starts))),
            last,
        }
    }
}

fn filters(filter: &Filter, faults: &Faults) -> Vec<Field> {
    let mut form = Form::default();
    let said = [("name", &filter.name), ("state", &filter.state), ("of", &filter.of), ("timezone", &filter.timezone)];
    said.into_iter().for_each(|(name, value)| form.set(name, value.as_str()));
    let states = [("", "All"), ("active", "Active"), ("paused", "Paused"), ("disabled", "Disabled")];
    let kinds = [
        Choice::new("", "All"),
        Choice::new(crate::schedule::word(Scheduled::Query), "Queries"),
        Choice::new(crate::schedule::word(Scheduled::Activation), "Activations"),
        Choice::new(crate::schedule::word(Scheduled::ParentSegment), "Parent segments"),
    ];
    let states = states.map(|(value, words)| Choice::new(value, words)).to_vec();
    let zones = Control::Suggest(ZONES.iter().map(|zone| (*zone).to_owned()).collect());
    let field = |name: &str, label: &str, control| Field::new(&form, faults, name, label, control);
    vec![
        field("name", "Name", Control::Text),
        field("state", "State", Control::Menu(states)),
        field("of", "Runs", Control::Menu(kinds.to_vec())),
        field("timezone", "Days by the clock of", zones).example("UTC"),
    ]
}

#[cfg(test)]
mod tests;
