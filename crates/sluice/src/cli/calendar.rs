//! `sluice schedules calendar`: how many runs come on which day in which hour.
//!
//! Knows clocks and cells; which schedules there are is the server's.

use std::collections::{BTreeMap, BTreeSet};

use api::{ScheduleState, ScheduleView, Scheduled};
use app::App;
use app::clock::unix_now;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use model::grouped;
use model::{Problem, Zone};

use crate::cli::listing::{counted, show_json};
use crate::cli::{say, show};

/// Hours of a line.
const HOURS: i8 = 24;

/// The runs of an hour of a day.
#[derive(Debug, Default)]
struct Hour {
    runs: u64,
    queries: BTreeSet<String>,
}

/// The coming runs of some days.
#[derive(Debug)]
struct Calendar {
    days: Vec<Date>,
    hours: BTreeMap<(Date, i8), Hour>,
    /// The time zone of days and hours.
    zone: String,
    /// Schedules that fire.
    active: u64,
    /// Schedules that do not.
    resting: u64,
}

/// Shows the coming runs of `days` days from today.
///
/// # Errors
/// There is no such time zone.
pub(crate) fn show_calendar(all: &[ScheduleView], timezone: &str, days: u32, json: bool) -> Result<(), Problem> {
    let calendar = Calendar::of(all, timezone, days, unix_now())?;
    if json {
        for ((day, hour), found) in &calendar.hours {
            show_json(&serde_json::json!({
                "day": day.to_string(), "hour": hour, "timezone": calendar.zone, "runs": found.runs, "queries": found.queries,
            }));
        }
    } else {
        show(&calendar.grid());
        say(&calendar.sum());
    }
    Ok(())
}

impl Calendar {
    fn of(all: &[ScheduleView], timezone: &str, days: u32, now: i64) -> Result<Calendar, Problem> {
        let zone = Zone::parse(timezone).map_err(|problem| Problem { at: "--timezone".to_owned(), ..problem })?;
        let unknown = |_| Problem::at("--timezone", "is not known here");
        let clock = TimeZone::get(zone.name()).map_err(unknown)?;
        let today = Timestamp::from_second(now).unwrap_or_default().to_zoned(clock.clone()).date();
        let dates: Vec<Date> = (0..i64::from(days)).filter_map(|day| today.checked_add(day.days()).ok()).collect();
        let end = dates.last().and_then(|last| last.checked_add(1.day()).ok()?.to_zoned(clock.clone()).ok());
        let end = end.map_or(now, |end| end.timestamp().as_second());
        let mut calendar =
            Calendar { days: dates, hours: BTreeMap::new(), zone: zone.name().to_owned(), active: 0, resting: 0 };
        for view in all {
            match view.state {
                ScheduleState::Active => calendar.active += 1,
                ScheduleState::Paused | ScheduleState::Disabled => {
                    calendar.resting += 1;
                    continue;
                }
            }
            // A schedule that this program cannot read has no times here.
            let starts = App::starts(&view.schedule, now, end).into_iter();
            for start in starts.filter_map(|start| Timestamp::from_second(start).ok()) {
                let at = start.to_zoned(clock.clone());
                let hour = calendar.hours.entry((at.date(), at.hour())).or_default();
                hour.runs += 1;
                hour.queries.insert(match view.of {
                    Scheduled::Query => view.query.clone(),
                    Scheduled::Activation | Scheduled::ParentSegment => format!("{} {}", view.of.words(), view.query),
                });
            }
        }
        Ok(calendar)
    }

    /// A line a day, a cell an hour.
    fn grid(&self) -> String {
        let first = self.days.first().map(ToString::to_string).unwrap_or_default();
        let last = self.days.last().map(ToString::to_string).unwrap_or_default();
        let heads: String = (0..HOURS).map(|hour| format!("{hour:>3}")).collect();
        let mut lines = vec![format!("runs an hour, {first} to {last}, {}", self.zone), format!("      {heads}")];
        for day in &self.days {
            let cells: String = (0..HOURS).map(|hour| cell(self.hours.get(&(*day, hour)))).collect();
            lines.push(format!("{}{cells}", day.strftime("%a %d")));
        }
        lines.join("\n")
    }

    fn sum(&self) -> String {
        let runs: u64 = self.hours.values().map(|hour| hour.runs).sum();
        let resting = match self.resting {
            0 => String::new(),
            count => format!("; {} paused or disabled", grouped(count)),
        };
        format!("{} of {}{resting}", counted(runs, "run"), counted(self.active, "schedule"))
    }
}

fn cell(hour: Option<&Hour>) -> String {
    match hour.map_or(0, |hour| hour.runs) {
        0 => "  ·".to_owned(),
        runs @ 1..=99 => format!("{runs:>3}"),
        _ => " ++".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn view(query: &str, cron: &str, timezone: &str, delay: u64, state: ScheduleState) -> ScheduleView {
        let schedule = api::Schedule {
            cron: cron.to_owned(),
            timezone: Some(timezone.to_owned()),
            delay,
            ..api::Schedule::default()
        };
        ScheduleView {
            of: api::Scheduled::Query,
            query: query.to_owned(),
            schedule,
            words: String::new(),
            remarks: Vec::new(),
            state,
            reason: None,
            since: None,
            next: Vec::new(),
            last: None,
            failures: 0,
        }
    }

    #[test]
    fn every_run_stands_in_its_hour() {
        let mut all = vec![
            view("hourly", "@hourly", "UTC", 0, ScheduleState::Active),
            view("nightly", "30 1 * * *", "Europe/Berlin", 3600, ScheduleState::Active),
            view("busy", "* 9-10 * * mon", "UTC", 0, ScheduleState::Active),
            view("busier", "* 9 * * mon", "UTC", 0, ScheduleState::Active),
            view("asleep", "@hourly", "UTC", 0, ScheduleState::Paused),
        ];
        let mut short = view("short", "", "UTC", 0, ScheduleState::Active);
        short.schedule.repeat = Some(api::Repeat::Hourly);
        (short.schedule.start, short.schedule.end) = (Some("2026-10-26".into()), Some("2026-10-26 02:00".into()));
        all.push(short);
        // The night in which Berlin's clock goes back.
        let now: Timestamp = "2026-10-24T21:30:00Z".parse().unwrap();
        let calendar = Calendar::of(&all, "utc", 3, now.as_second()).unwrap();
        expect![[r#"
            runs an hour, 2026-10-24 to 2026-10-26, UTC
                    0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23
            Sat 24  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  1  1
            Sun 25  2  1  1  1  1  1  1  1  1  1  1  1  1  1  1  1  1  1  1  1  1  1  1  1
            Mon 26  2  3  2  1  1  1  1  1  1 ++ 61  1  1  1  1  1  1  1  1  1  1  1  1  1"#]]
        .assert_eq(&calendar.grid());
        expect!["235 runs of 5 schedules; 1 paused or disabled"].assert_eq(&calendar.sum());
        let wrong = Calendar::of(&all, "Europe/Berln", 3, now.as_second()).unwrap_err();
        assert_eq!(wrong.at, "--timezone");
    }
}
