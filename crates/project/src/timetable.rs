//! When something runs by itself: read from its document, compared with what a server has, written back.
//!
//! Knows the names of a schedule and when two mean the same; what a cron means is the model's, and which times it has is the
//! server's.

use std::fmt::Write;

use api::{CatchUp, Overlap, Repeat, Schedule};
use jiff::civil::DateTime;
use model::{Cron, LONGEST_DELAY, Problem, Problems, Zone, nearest};

use crate::difference::{Difference, difference};
use crate::fields::{Fields, Within};
use crate::render::scalar;

/// The name in a document.
const SCHEDULE: &str = "schedule";

/// The names of its mapping.
pub(crate) const NAMES: [&str; 9] =
    ["cron", "repeat", "days", "start", "end", "timezone", "delay", "catch_up", "overlap"];

/// The names of the days.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The time zone of a schedule that names none.
const UTC: &str = "UTC";

/// The schedule of a document: a mapping, or its cron alone. A cron that is no schedule is none.
pub(crate) fn read(fields: &mut Fields<'_>) -> Option<Schedule> {
    let (short, at) = (fields.is_text(SCHEDULE), fields.at(SCHEDULE));
    if short {
        let cron = fields.text(SCHEDULE)?;
        return check(&cron, &at, fields).then(|| Schedule { cron, ..Schedule::default() });
    }
    let hint = "write cron: or repeat: below it, and timezone: where it is not UTC; or the cron itself, in quotes";
    let mut within = fields.mapping(SCHEDULE, &NAMES, hint)?;
    let (cron_given, repeat_given) = (within.has("cron"), within.has("repeat"));
    let cron: Option<String> = fields.take_within(&mut within, "cron", "a text, in quotes");
    let repeat: Option<Repeat> = fields.take_within(&mut within, "repeat", "once, hourly, daily, weekly or monthly");
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
    let made = Schedule {
        cron: cron.unwrap_or_default(),
        repeat,
        timezone,
        delay: delay.unwrap_or_default(),
        catch_up: catch_up.unwrap_or_default(),
        overlap: overlap.unwrap_or(Overlap::Skip),
        ..window(&mut within, fields)
    };
    if !cron_given && !repeat_given {
        let hint = "write @hourly, @daily, @weekly, @monthly, @yearly, or five cron fields; or repeat: daily";
        fields.problems.push(Problem::at(format!("{at}.cron"), "is missing").hint(hint));
    }
    let at = fields.at_within(SCHEDULE, &["cron"]);
    let by_cron = check(&made.cron, &at, fields);
    fitting(&made, fields);
    (by_cron || repeat.is_some()).then_some(made)
}

/// The days, the start and the end of a schedule, each looked at by itself.
fn window(within: &mut Within, fields: &mut Fields<'_>) -> Schedule {
    let days: Option<Vec<String>> = fields.take_within(within, "days", "a list of days: [mon, fri]");
    let start: Option<String> = fields.take_within(within, "start", "a day or a time, in quotes");
    let end: Option<String> = fields.take_within(within, "end", "a day or a time, in quotes");
    let mut problems = Problems::default();
    let days = days.unwrap_or_default();
    for (index, day) in days.iter().enumerate().filter(|(_, day)| !DAYS.contains(&word(day).as_str())) {
        let problem = Problem::at(format!("{SCHEDULE}.days[{index}]"), "is no day of the week");
        // `Monday` begins with its name.
        let long = || word(day).get(..3).and_then(|begin| DAYS.into_iter().find(|known| *known == begin));
        problems.push(match long().or_else(|| nearest(day, DAYS)) {
            Some(near) => problem.hint(format!("did you mean {near}?")),
            None => problem.hint(format!("the days are {}", DAYS.join(", "))),
        });
    }
    for (name, text) in [("start", &start), ("end", &end)] {
        if text.as_deref().is_some_and(|text| !is_wall(text)) {
            let problem =
                Problem::at(format!("{SCHEDULE}.{name}"), "must be a day or a time by the clock of the time zone");
            problems.push(problem.hint("write 2026-12-01, 2026-12-01 02:30 or 2026-12-01T02:30:00"));
        }
    }
    fields.located(&problems);
    Schedule { days, start, end, ..Schedule::default() }
}

/// Says which parts of a schedule do not go together.
fn fitting(schedule: &Schedule, fields: &mut Fields<'_>) {
    let mut problems = Problems::default();
    let mut wrong = |name: &str, message: &str, hint: &str| {
        problems.push(Problem::at(format!("{SCHEDULE}.{name}"), message).hint(hint));
    };
    if schedule.repeat.is_some() && !matches!(Cron::parse(&schedule.cron), Ok(None)) {
        wrong("repeat", "stands beside a cron, and one of them says how often", "leave the other one out");
    }
    if !schedule.days.is_empty() && schedule.repeat != Some(Repeat::Weekly) {
        wrong("days", "are for a weekly schedule alone", "write repeat: weekly, or leave days out");
    }
    if schedule.repeat == Some(Repeat::Once) && schedule.start.is_none() {
        wrong("start", "is missing: it says when a schedule runs once", "write a day or a time below schedule");
    }
    if let (Some(start), Some(end)) = (&schedule.start, &schedule.end)
        && is_wall(start)
        && is_wall(end)
    {
        let day = wall(end).len() == DAY.len();
        let last = if day { format!("{} 24:00", wall(end)) } else { wall(end) };
        if wall(start) > last {
            wrong("end", "comes before the start: nothing would ever run", "an end that is a day is the last one");
        }
    }
    fields.located(&problems);
}

/// A day as it is written.
const DAY: &str = "2026-12-01";

/// A word in one form.
fn word(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

/// A day or a time of one in one form: `2026-12-01 02:30`.
fn wall(text: &str) -> String {
    let text = text.trim().replace('T', " ");
    match text.strip_suffix(":00") {
        Some(minute) if minute.len() == "2026-12-01 02:30".len() => minute.to_owned(),
        Some(_) | None => text,
    }
}

/// Whether a text is a day or a minute of one.
fn is_wall(text: &str) -> bool {
    let text = wall(text);
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    match shape.as_str() {
        "0000-00-00" => format!("{text} 00:00").parse::<DateTime>().is_ok(),
        "0000-00-00 00:00" => text.parse::<DateTime>().is_ok(),
        _ => false,
    }
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
    schedule.filter(|schedule| schedule.repeat.is_some() || !matches!(Cron::parse(&schedule.cron), Ok(None)))
}

fn repeat(schedule: &Schedule) -> Option<&'static str> {
    schedule.repeat.map(|repeat| match repeat {
        Repeat::Once => "once",
        Repeat::Hourly => "hourly",
        Repeat::Daily => "daily",
        Repeat::Weekly => "weekly",
        Repeat::Monthly => "monthly",
    })
}

/// The cron; none where a repeat says how often.
fn cron(schedule: &Schedule) -> Option<&str> {
    Some(schedule.cron.as_str()).filter(|_| schedule.repeat.is_none())
}

/// The days in one form and order.
fn days(schedule: &Schedule) -> Option<String> {
    let named: Vec<String> = schedule.days.iter().map(|day| word(day)).collect();
    let days: Vec<&str> = DAYS.into_iter().filter(|day| named.iter().any(|named| named == day)).collect();
    Some(days.join(",")).filter(|days| !days.is_empty())
}

/// The start in one form: midnight and its day begin together.
fn start(schedule: &Schedule) -> Option<String> {
    let start = wall(schedule.start.as_deref()?);
    Some(start.strip_suffix(" 00:00").map_or_else(|| start.clone(), str::to_owned))
}

fn end(schedule: &Schedule) -> Option<String> {
    schedule.end.as_deref().map(wall)
}

/// A schedule on one line.
fn short(schedule: &Schedule) -> String {
    let zone = Some(zone(schedule)).filter(|zone| zone != UTC);
    let often = cron(schedule).or(repeat(schedule)).map(str::to_owned);
    let (start, end) =
        (start(schedule).map(|start| format!("from {start}")), end(schedule).map(|end| format!("to {end}")));
    [often, days(schedule), start, end, zone].into_iter().flatten().collect::<Vec<_>>().join(" ")
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
    match (firing(from), firing(to)) {
        (Some(from), Some(to)) => {
            let delay = |schedule: &Schedule| schedule.delay.to_string();
            let each = [
                difference("schedule.cron", cron(from), cron(to)),
                difference("schedule.repeat", repeat(from), repeat(to)),
                difference("schedule.days", days(from).as_deref(), days(to).as_deref()),
                difference("schedule.start", start(from).as_deref(), start(to).as_deref()),
                difference("schedule.end", end(from).as_deref(), end(to).as_deref()),
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

/// The lines of a schedule in a document; what has its default is left out.
pub(crate) fn write(text: &mut String, schedule: Option<&Schedule>) {
    let Some(schedule) = firing(schedule) else { return };
    let mut rest = String::new();
    if let Some(repeat) = repeat(schedule) {
        let _ = writeln!(rest, "  repeat: {}", scalar(repeat));
    }
    if !schedule.days.is_empty() {
        let days: Vec<String> = schedule.days.iter().map(|day| scalar(day)).collect();
        let _ = writeln!(rest, "  days: [{}]", days.join(", "));
    }
    for (name, given) in [("start", &schedule.start), ("end", &schedule.end), ("timezone", &schedule.timezone)] {
        if let Some(given) = given {
            let _ = writeln!(rest, "  {name}: {}", scalar(given));
        }
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
    match cron(schedule).map(scalar) {
        Some(cron) if rest.is_empty() => {
            let _ = writeln!(text, "{SCHEDULE}: {cron}");
        }
        Some(cron) => {
            let _ = write!(text, "{SCHEDULE}:\n  cron: {cron}\n{rest}");
        }
        None => {
            let _ = write!(text, "{SCHEDULE}:\n{rest}");
        }
    }
}
