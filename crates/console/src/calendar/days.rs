//! Runs, day by day: a few of a schedule each for itself, many of them in one line.
//!
//! Knows clocks of zones; not where the runs come from.

use std::collections::BTreeMap;

use api::{ScheduleState, ScheduleView};
use model::Zone;

use super::{DAY, DAYS, MANY};
use crate::link;
use crate::words::MONTHS;

/// More runs than this of one schedule on a day stand in one line.
const FEW: usize = 3;

const NAMES: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

/// A day with its runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) title: String,
    pub(crate) runs: Vec<Run>,
}

/// A run, or several of one schedule on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    /// When, or when first, by the clock that was asked for.
    pub(crate) at: String,
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) of: &'static str,
    /// How many, and when the last, where there are several.
    pub(crate) many: Option<(usize, String)>,
    /// When by the schedule's own clock, where that is another one.
    pub(crate) own: Option<String>,
    first: i64,
}

/// A schedule that runs so often that no day is worth a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Often {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) words: String,
    pub(crate) runs: u64,
}

/// The coming days with the runs of these schedules, by the clock of a zone.
pub(crate) fn of_days(found: &[(ScheduleView, Vec<i64>)], zone: &Zone, now: i64) -> (Vec<Day>, Vec<Often>) {
    let mut days: BTreeMap<String, Vec<Run>> = BTreeMap::new();
    for day in 0..DAYS {
        days.entry(split(zone, now + day * DAY).0).or_default();
    }
    let last = days.keys().next_back().cloned().unwrap_or_default();
    let mut often = Vec::new();
    for (view, starts) in found.iter().filter(|(view, _)| view.state == ScheduleState::Active) {
        let soon = starts.iter().filter(|start| **start < now + DAY).count();
        if soon > MANY {
            let (name, words) = (view.query.clone(), view.words.clone());
            often.push(Often { name, address: link::schedule(view), words, runs: soon as u64 });
            continue;
        }
        let mut by_day: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for start in starts {
            by_day.entry(split(zone, *start).0).or_default().push(*start);
        }
        for (day, starts) in by_day.into_iter().filter(|(day, _)| *day <= last) {
            days.entry(day).or_default().extend(runs(view, &starts, zone));
        }
    }
    let today = split(zone, now).0;
    let tomorrow = split(zone, now + DAY).0;
    let titled = days.into_iter().map(|(day, mut runs)| {
        runs.sort_by(|one, other| (one.first, &one.name).cmp(&(other.first, &other.name)));
        Day { title: title(&day, &today, &tomorrow), runs }
    });
    (titled.collect(), often)
}

/// The runs of one schedule on one day.
fn runs(view: &ScheduleView, starts: &[i64], zone: &Zone) -> Vec<Run> {
    let own = view.schedule.timezone.as_deref().and_then(|own| Zone::parse(own).ok());
    let own = own.filter(|own| own.to_string() != zone.to_string());
    let run = |first: i64, last: i64, many: Option<usize>| Run {
        at: split(zone, first).1,
        name: view.query.clone(),
        address: link::schedule(view),
        of: view.of.words(),
        own: own.as_ref().filter(|_| many.is_none()).map(|own| own.local(first)),
        many: many.map(|many| (many, split(zone, last).1)),
        first,
    };
    match (starts.first(), starts.last()) {
        (Some(first), Some(last)) if starts.len() > FEW => vec![run(*first, *last, Some(starts.len()))],
        _ => starts.iter().map(|start| run(*start, *start, None)).collect(),
    }
}

/// Day and time by the clock of a zone.
fn split(zone: &Zone, unix: i64) -> (String, String) {
    let local = zone.local(unix);
    let mut parts = local.split(' ');
    (parts.next().unwrap_or_default().to_owned(), parts.next().unwrap_or_default().to_owned())
}

/// `Today, Tuesday 24 Nov`
fn title(day: &str, today: &str, tomorrow: &str) -> String {
    let named = format!("{} {}", weekday(day).unwrap_or_default(), short(day).unwrap_or_else(|| day.to_owned()));
    match day {
        _ if day == today => format!("Today, {named}"),
        _ if day == tomorrow => format!("Tomorrow, {named}"),
        _ => named,
    }
}

/// `24 Nov`
fn short(day: &str) -> Option<String> {
    let mut parts = day.splitn(3, '-').skip(1);
    let (month, day) = (parts.next()?.parse::<usize>().ok()?, parts.next()?);
    Some(format!("{} {}", day.trim_start_matches('0'), MONTHS.get(month.checked_sub(1)?)?))
}

/// The day of the week of a date of the calendar.
fn weekday(day: &str) -> Option<&'static str> {
    let mut parts = day.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    // Days since 1 March of the year 0: a year begins in March, so that the leap day is its last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    // 1 January 1970, a Thursday, is day 719,468.
    NAMES.get(usize::try_from((days - 719_468).rem_euclid(7)).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_names() {
        let cases = [
            ("1970-01-01", Some("Thursday")),
            ("2026-11-24", Some("Tuesday")),
            ("2028-02-29", Some("Tuesday")),
            ("2000-03-01", Some("Wednesday")),
            ("odd", None),
        ];
        for (day, want) in cases {
            assert_eq!(weekday(day), want, "{day}");
        }
    }
}
