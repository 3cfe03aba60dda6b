//! How often a schedule fires: by a cron, by a repeat, or once.
//!
//! Knows the fires of a zone's clock without beginning and end; those are the window's.

use std::collections::BTreeSet;

use api::{Repeat, Schedule};
use model::{Cron, Problem, Problems, Zone, nearest};

use super::wall::Wall;
use super::window::Bound;

/// The names of the days, Monday first, and what people call them.
const DAYS: [(&str, &str); 7] = [
    ("mon", "Monday"),
    ("tue", "Tuesday"),
    ("wed", "Wednesday"),
    ("thu", "Thursday"),
    ("fri", "Friday"),
    ("sat", "Saturday"),
    ("sun", "Sunday"),
];

/// When a schedule fires, were it not for its start and its end.
#[derive(Debug, Clone)]
pub(crate) enum Rhythm {
    /// By a cron that a person wrote.
    Cron(Cron),
    /// Hourly, daily, weekly or monthly, as a cron.
    Repeat { repeat: Repeat, cron: Cron, words: String },
    /// At one moment, which is a time on the wall.
    Once(Bound),
}

impl Rhythm {
    /// How often `schedule` fires; `None` for no schedule, and where something is wrong, which is said in `problems`. The
    /// start is needed for the time of a repeat; `None` where there is none or it is wrong itself.
    pub(crate) fn of(
        schedule: &Schedule,
        start: Option<&Bound>,
        place: &str,
        problems: &mut Problems,
    ) -> Option<Rhythm> {
        let cron = Cron::parse(&schedule.cron).map_err(|found| problems.extend(placed(&found, place)));
        let Some(repeat) = schedule.repeat else {
            return by_cron(schedule, cron.ok()?, place, problems);
        };
        if !matches!(cron, Ok(None)) {
            let problem =
                Problem::at(format!("{place}.repeat"), "stands beside a cron, and one of them says how often");
            problems.push(problem.hint("leave the other one out"));
        }
        let days = days(schedule, place, problems);
        match repeat {
            Repeat::Weekly => {}
            Repeat::Once | Repeat::Hourly | Repeat::Daily | Repeat::Monthly if schedule.days.is_empty() => {}
            Repeat::Once | Repeat::Hourly | Repeat::Daily | Repeat::Monthly => {
                let problem = Problem::at(format!("{place}.days"), "are for a weekly schedule alone");
                problems.push(problem.hint("write repeat: weekly, or leave days out"));
            }
        }
        if repeat == Repeat::Once {
            if schedule.start.is_none() {
                let problem = Problem::at(format!("{place}.start"), "is missing: it says when a schedule runs once");
                problems.push(problem.hint("write a day or a time, such as 2026-12-01 02:30"));
            }
            return start.copied().map(Rhythm::Once);
        }
        let (fields, words) = fields(repeat, start.map(|start| start.wall), days);
        match Cron::parse(&fields) {
            Ok(cron) => Some(Rhythm::Repeat { repeat, cron: cron?, words }),
            // Not reached: the fields are within their limits.
            Err(found) => {
                problems.extend(placed(&found, place));
                None
            }
        }
    }

    /// In one sentence without a full stop; neither the time zone nor the start and the end are in it.
    pub(crate) fn words(&self) -> String {
        match self {
            Rhythm::Cron(cron) => cron.words(),
            Rhythm::Repeat { words, .. } => words.clone(),
            Rhythm::Once(at) => format!("Once, on {} at {}", at.wall.day(), at.wall.time()),
        }
    }

    /// What may surprise about it, whatever the time is.
    pub(crate) fn remarks(&self) -> Vec<String> {
        match self {
            Rhythm::Cron(cron) | Rhythm::Repeat { cron, .. } => cron.remarks(),
            Rhythm::Once(_) => Vec::new(),
        }
    }

    /// The words of the start where they are to be said: those that say when it runs have said its time already.
    pub(crate) fn start_words(&self, start: &Bound) -> Option<String> {
        let midnight = start.wall.time() == "00:00";
        match self {
            Rhythm::Once(_) => None,
            Rhythm::Repeat { repeat: Repeat::Daily | Repeat::Weekly | Repeat::Monthly, .. } => Some(start.wall.day()),
            Rhythm::Repeat { repeat: Repeat::Once | Repeat::Hourly, .. } | Rhythm::Cron(_) if midnight => {
                Some(start.wall.day())
            }
            Rhythm::Repeat { repeat: Repeat::Once | Repeat::Hourly, .. } | Rhythm::Cron(_) => {
                Some(start.wall.to_string())
            }
        }
    }

    /// Whether both fire at the same times, however they are written.
    pub(crate) fn fires_like(&self, other: &Rhythm) -> bool {
        match (self, other) {
            (Rhythm::Once(one), Rhythm::Once(other)) => one.moment == other.moment,
            (Rhythm::Once(_), _) | (_, Rhythm::Once(_)) => false,
            (
                Rhythm::Cron(one) | Rhythm::Repeat { cron: one, .. },
                Rhythm::Cron(other) | Rhythm::Repeat { cron: other, .. },
            ) => one.fires_like(other),
        }
    }

    /// The first fire strictly after a time, in seconds since 1970.
    pub(crate) fn next_after(&self, after: i64, zone: &Zone) -> Option<i64> {
        match self {
            Rhythm::Cron(cron) | Rhythm::Repeat { cron, .. } => cron.next_after(after, zone),
            Rhythm::Once(at) => Some(at.moment).filter(|moment| *moment > after),
        }
    }

    /// The newest fire at or before a time, in seconds since 1970.
    pub(crate) fn last_until(&self, until: i64, zone: &Zone) -> Option<i64> {
        match self {
            Rhythm::Cron(cron) | Rhythm::Repeat { cron, .. } => cron.last_until(until, zone),
            Rhythm::Once(at) => Some(at.moment).filter(|moment| *moment <= until),
        }
    }
}

/// A schedule without a repeat.
fn by_cron(schedule: &Schedule, cron: Option<Cron>, place: &str, problems: &mut Problems) -> Option<Rhythm> {
    let days = !schedule.days.is_empty();
    let timed = schedule.start.is_some() || schedule.end.is_some();
    match &cron {
        Some(_) if days => {
            let problem = Problem::at(format!("{place}.days"), "are for repeat: weekly, and here is a cron");
            problems.push(problem.hint("a cron names its days itself: 30 2 * * mon,fri"));
        }
        // `none` says in so many words that there is no schedule.
        None if schedule.cron.is_empty() && (days || timed) => {
            let problem = Problem::at(format!("{place}.repeat"), "is missing: nothing says how often");
            problems.push(problem.hint("write once, hourly, daily, weekly or monthly, or a cron instead"));
        }
        Some(_) | None => {}
    }
    cron.map(Rhythm::Cron)
}

/// What is wrong with a cron, at its place in the schedule.
fn placed(found: &Problems, place: &str) -> Problems {
    let mut problems = Problems::default();
    for problem in found.iter() {
        let message = match problem.at.as_str() {
            "cron" => problem.message.clone(),
            field => format!("{field}: {}", problem.message),
        };
        problems.push(Problem { at: format!("{place}.cron"), message, hint: problem.hint.clone() });
    }
    problems
}

/// The days that are named, as numbers from 0 for Monday.
fn days(schedule: &Schedule, place: &str, problems: &mut Problems) -> BTreeSet<usize> {
    let names = || DAYS.iter().map(|(name, _)| *name);
    let mut found = BTreeSet::new();
    for (index, written) in schedule.days.iter().enumerate() {
        let day = written.trim();
        if let Some(number) = names().position(|name| name.eq_ignore_ascii_case(day)) {
            found.insert(number);
            continue;
        }
        let problem = Problem::at(format!("{place}.days[{index}]"), "is no day of the week");
        let long = || DAYS.iter().find(|(_, long)| nearest(day, [*long]).is_some()).map(|(name, _)| *name);
        problems.push(match nearest(day, names()).or_else(long) {
            Some(near) => problem.hint(format!("did you mean {near}?")),
            None => problem.hint(format!("the days are {}", names().collect::<Vec<_>>().join(", "))),
        });
    }
    found
}

/// The five fields of a repeat, and its words.
fn fields(repeat: Repeat, start: Option<Wall>, days: BTreeSet<usize>) -> (String, String) {
    let at = start.map(|start| start.at).unwrap_or_default();
    let (minute, hour) = (at.minute(), at.hour());
    let day = start.map_or(1, |start| start.at.day());
    let time = format!("{hour:02}:{minute:02}");
    match repeat {
        Repeat::Hourly => (format!("{minute} * * * *"), format!("Every hour at minute {minute}")),
        Repeat::Monthly => (format!("{minute} {hour} {day} * *"), format!("Every month on day {day} at {time}")),
        Repeat::Weekly => {
            let usual = start.map_or(0, |start| start.at.weekday().to_monday_zero_offset().unsigned_abs());
            let days = if days.is_empty() { BTreeSet::from([usize::from(usual)]) } else { days };
            let named = || days.iter().filter_map(|day| DAYS.get(*day));
            let fields: Vec<&str> = named().map(|(name, _)| *name).collect();
            let words: Vec<&str> = named().map(|(_, words)| *words).collect();
            (format!("{minute} {hour} * * {}", fields.join(",")), format!("Every week on {} at {time}", and(&words)))
        }
        Repeat::Once | Repeat::Daily => (format!("{minute} {hour} * * *"), format!("Every day at {time}")),
    }
}

/// `Monday, Tuesday and Friday`
fn and(words: &[&str]) -> String {
    match words.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        Some(_) | None => words.concat(),
    }
}
