//! When a query runs by itself: read from its document, compared with what a server has, written back.
//!
//! Knows the names of a schedule and when two mean the same; what a cron means is the model's.

use std::fmt::Write;

use api::{CatchUp, Overlap, Schedule};
use model::{Cron, LONGEST_DELAY, Problem, Zone};

use crate::difference::{Difference, difference};
use crate::fields::Fields;
use crate::render::scalar;

/// The name in a query's document.
const SCHEDULE: &str = "schedule";

/// The names of its mapping.
pub(crate) const NAMES: [&str; 5] = ["cron", "timezone", "delay", "catch_up", "overlap"];

/// The time zone of a schedule that names none.
const UTC: &str = "UTC";

/// The schedule of a query's document: a mapping, or its cron alone. A cron that is no schedule is none.
pub(crate) fn read(fields: &mut Fields<'_>) -> Option<Schedule> {
    let (short, at) = (fields.is_text(SCHEDULE), fields.at(SCHEDULE));
    if short {
        let cron = fields.text(SCHEDULE)?;
        return check(&cron, &at, fields).then(|| Schedule { cron, ..Schedule::default() });
    }
    let hint = "write cron: below it, and timezone: where it is not UTC; or the cron itself, in quotes";
    let mut within = fields.mapping(SCHEDULE, &NAMES, hint)?;
    let given = within.has("cron");
    let cron: Option<String> = fields.take_within(&mut within, "cron", "a text, in quotes");
    let timezone: Option<String> = fields.take_within(&mut within, "timezone", "the IANA name of a time zone");
    let delay: Option<u64> = fields.take_within(&mut within, "delay", "a whole number of seconds");
    if delay.is_some_and(|delay| delay > LONGEST_DELAY) {
        let at = fields.at_within(SCHEDULE, &["delay"]);
        let problem = Problem::at(at, format!("must be at most {LONGEST_DELAY} seconds"));
        fields.problems.push(problem.hint("that is 30 days"));
    }
    let catch_up = fields.take_within(&mut within, "catch_up", "one, all or none");
    let overlap = fields.take_within(&mut within, "overlap", "skip or queue");
    if let Some(Err(problem)) = timezone.as_deref().map(Zone::parse) {
        let at = fields.at_within(SCHEDULE, &["timezone"]);
        fields.problems.push(Problem { at, ..problem });
    }
    let Some(cron) = cron else {
        if !given {
            let hint = "write @hourly, @daily, @weekly, @monthly, @yearly, or five cron fields";
            fields.problems.push(Problem::at(format!("{at}.cron"), "is missing").hint(hint));
        }
        return None;
    };
    let at = fields.at_within(SCHEDULE, &["cron"]);
    let made = Schedule {
        cron,
        timezone,
        delay: delay.unwrap_or_default(),
        catch_up: catch_up.unwrap_or_default(),
        overlap: overlap.unwrap_or(Overlap::Skip),
    };
    check(&made.cron, &at, fields).then_some(made)
}

/// Whether a cron is a schedule; what is wrong with it is said at its line, with the field that is meant.
fn check(cron: &str, at: &str, fields: &mut Fields<'_>) -> bool {
    match Cron::parse(cron) {
        Ok(found) => found.is_some(),
        Err(problems) => {
            for problem in problems.iter() {
                let message = match problem.at.as_str() {
                    "cron" => problem.message.clone(),
                    field => format!("{field}: {}", problem.message),
                };
                fields.problems.push(Problem { at: at.to_owned(), message, hint: problem.hint.clone() });
            }
            false
        }
    }
}

/// A schedule that fires; one whose cron is no schedule means the same as none.
fn firing(schedule: Option<&Schedule>) -> Option<&Schedule> {
    schedule.filter(|schedule| !matches!(Cron::parse(&schedule.cron), Ok(None)))
}

/// The time zone by its own name.
fn zone(schedule: &Schedule) -> String {
    let given = schedule.timezone.as_deref().unwrap_or(UTC);
    Zone::parse(given).map_or_else(|_| given.to_owned(), |zone| zone.name().to_owned())
}

fn catch_up(schedule: &Schedule) -> &'static str {
    match schedule.catch_up {
        CatchUp::One => "one",
        CatchUp::All => "all",
        CatchUp::None => "none",
    }
}

fn overlap(schedule: &Schedule) -> &'static str {
    match schedule.overlap {
        Overlap::Queue => "queue",
        Overlap::Skip => "skip",
    }
}

/// What differs between two schedules.
pub(crate) fn differences(from: Option<&Schedule>, to: Option<&Schedule>) -> Vec<Difference> {
    let short = |schedule: &Schedule| match zone(schedule).as_str() {
        UTC => schedule.cron.clone(),
        zone => format!("{} {zone}", schedule.cron),
    };
    match (firing(from), firing(to)) {
        (Some(from), Some(to)) => {
            let delay = |schedule: &Schedule| schedule.delay.to_string();
            let each = [
                difference("schedule.cron", Some(&from.cron), Some(&to.cron)),
                difference("schedule.timezone", Some(&zone(from)), Some(&zone(to))),
                difference("schedule.delay", Some(&delay(from)), Some(&delay(to))),
                difference("schedule.catch_up", Some(catch_up(from)), Some(catch_up(to))),
                difference("schedule.overlap", Some(overlap(from)), Some(overlap(to))),
            ];
            each.into_iter().flatten().collect()
        }
        (from, to) => difference(SCHEDULE, from.map(short).as_deref(), to.map(short).as_deref()).into_iter().collect(),
    }
}

/// The lines of a schedule in a query's document; what has its default is left out.
pub(crate) fn write(text: &mut String, schedule: Option<&Schedule>) {
    let Some(schedule) = firing(schedule) else { return };
    let cron = scalar(&schedule.cron);
    let mut rest = String::new();
    if let Some(name) = &schedule.timezone {
        let _ = writeln!(rest, "  timezone: {}", scalar(name));
    }
    if schedule.delay > 0 {
        let _ = writeln!(rest, "  delay: {}", schedule.delay);
    }
    if schedule.catch_up != CatchUp::default() {
        let _ = writeln!(rest, "  catch_up: {}", scalar(catch_up(schedule)));
    }
    if schedule.overlap != Overlap::Skip {
        let _ = writeln!(rest, "  overlap: {}", scalar(overlap(schedule)));
    }
    if rest.is_empty() {
        let _ = writeln!(text, "{SCHEDULE}: {cron}");
    } else {
        let _ = write!(text, "{SCHEDULE}:\n  cron: {cron}\n{rest}");
    }
}
