//! A schedule understood: when it fires, what it looks like, and what changes about it by itself.
//!
//! Knows cron, zone and delay of one schedule; who fires it is the scheduler.

use api::{CatchUp, Cause, Fire, Overlap, Schedule};
use model::{Cron, LONGEST_DELAY, Problem, Problems, Zone};
use serde::{Deserialize, Serialize};

use crate::names;

/// The kind of document that holds what changes by itself about a schedule. Its name is the id of its query's document.
pub(crate) const STANDING: &str = "schedule";

/// Coming times that are shown.
pub(crate) const SHOWN: usize = 5;

/// What changes about a schedule by itself, or by a button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// When the schedule began, or was last changed or resumed, in seconds since 1970: no earlier time fires.
    pub(crate) begun: i64,
    /// Scheduled times up to here, in seconds since 1970, are dealt with.
    pub(crate) cursor: i64,
    /// A person paused it.
    pub(crate) paused: Option<Halt>,
    /// It was disabled because its runs kept failing.
    pub(crate) disabled: Option<Halt>,
    /// Runs in a row that failed because something must be changed.
    pub(crate) failures: u32,
    /// When the first of them was told, in seconds since 1970.
    pub(crate) failing_since: Option<i64>,
    /// The last job that was counted among them: one that is continued is not another failure.
    pub(crate) counted: Option<String>,
}

/// Why a schedule does not fire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Halt {
    /// Since when, in seconds since 1970.
    pub(crate) since: i64,
    /// What happened.
    pub(crate) message: String,
    /// What to do.
    pub(crate) hint: Option<String>,
}

impl Standing {
    /// A schedule that begins now.
    pub(crate) fn new(now: i64) -> Standing {
        Standing {
            begun: now,
            cursor: now,
            paused: None,
            disabled: None,
            failures: 0,
            failing_since: None,
            counted: None,
        }
    }

    /// Whether it fires.
    pub(crate) fn is_active(&self) -> bool {
        self.paused.is_none() && self.disabled.is_none()
    }

    /// Why it does not fire.
    pub(crate) fn halt(&self) -> Option<&Halt> {
        self.disabled.as_ref().or(self.paused.as_ref())
    }
}

impl Halt {
    /// As documents have it.
    pub(crate) fn cause(&self) -> Cause {
        Cause { message: self.message.clone(), hint: self.hint.clone() }
    }
}

/// A schedule as written, understood.
#[derive(Debug, Clone)]
pub(crate) struct Timetable {
    pub(crate) cron: Cron,
    pub(crate) zone: Zone,
    /// Seconds from a scheduled time to the start of its job.
    pub(crate) delay: i64,
    pub(crate) catch_up: CatchUp,
    pub(crate) overlap: Overlap,
}

impl Timetable {
    /// What a schedule means; `None` for no schedule. `place` stands before the names of its parts in problems.
    ///
    /// # Errors
    /// Everything wrong about it.
    pub(crate) fn of(schedule: &Schedule, place: &str) -> Result<Option<Timetable>, Problems> {
        let mut problems = Problems::default();
        let at = |problem: &Problem, name: &str| Problem { at: format!("{place}.{name}"), ..problem.clone() };
        let cron = Cron::parse(&schedule.cron).unwrap_or_else(|found| {
            for problem in found.iter() {
                let message = match problem.at.as_str() {
                    "cron" => problem.message.clone(),
                    field => format!("{field}: {}", problem.message),
                };
                problems.push(Problem { message, ..at(problem, "cron") });
            }
            None
        });
        let zone = match schedule.timezone.as_deref() {
            None => Zone::utc(),
            Some(name) => Zone::parse(name).unwrap_or_else(|problem| {
                problems.push(at(&problem, "timezone"));
                Zone::utc()
            }),
        };
        if schedule.delay > LONGEST_DELAY {
            let problem = Problem::at(format!("{place}.delay"), format!("must be at most {LONGEST_DELAY} seconds"));
            problems.push(problem.hint("that is 30 days"));
        }
        let delay = i64::try_from(schedule.delay.min(LONGEST_DELAY)).unwrap_or(0);
        let (catch_up, overlap) = (schedule.catch_up, schedule.overlap);
        problems.or(|| cron.map(|cron| Timetable { cron, zone, delay, catch_up, overlap }))
    }

    /// Whether both have the same scheduled times, however they are written.
    pub(crate) fn fires_like(&self, other: &Timetable) -> bool {
        self.cron.fires_like(&other.cron) && self.zone.name() == other.zone.name()
    }

    /// The scheduled times after `after`, in order.
    pub(crate) fn after(&self, after: i64) -> impl Iterator<Item = i64> + '_ {
        self.cron.fires(after, &self.zone)
    }

    /// The newest scheduled time whose job is to have started by `now`, after `cursor`.
    pub(crate) fn newest_due(&self, cursor: i64, now: i64) -> Option<i64> {
        self.cron.last_until(now - self.delay, &self.zone).filter(|newest| *newest > cursor)
    }

    /// At most `limit` scheduled times that are due, the newest of them, newest first.
    pub(crate) fn due(&self, cursor: i64, now: i64, limit: usize) -> Vec<i64> {
        let newest = self.newest_due(cursor, now);
        let before = |time: &i64| self.cron.last_until(time - 1, &self.zone).filter(|earlier| *earlier > cursor);
        std::iter::successors(newest, before).take(limit).collect()
    }

    /// When the next job starts, in seconds since 1970.
    pub(crate) fn next_start(&self, cursor: i64) -> Option<i64> {
        self.cron.next_after(cursor, &self.zone).map(|time| time + self.delay)
    }

    /// A scheduled time for people.
    pub(crate) fn fire(&self, scheduled: i64) -> Fire {
        Fire {
            scheduled: names::time(scheduled),
            local: self.zone.local(scheduled),
            starts: names::time(scheduled + self.delay),
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn schedule(cron: &str) -> Schedule {
        Schedule { cron: cron.into(), timezone: None, delay: 0, catch_up: CatchUp::One, overlap: Overlap::Skip }
    }

    #[test]
    fn everything_wrong_is_said_at_its_place() {
        let wrong = Schedule { timezone: Some("Europe/Berln".into()), delay: u64::MAX, ..schedule("61 0 * * 7") };
        let problems = Timetable::of(&wrong, "query.schedule").map(|_| ()).unwrap_err();
        expect![[r#"
            query.schedule.cron: minute: "61" is out of range: minutes are 0 to 59
            query.schedule.cron: day of week: "7" is out of range: days of week are 0 to 6 or sun to sat
              hint: Sunday is 0
            query.schedule.timezone: "Europe/Berln" is not a time zone of the IANA database
              hint: did you mean Europe/Berlin?
            query.schedule.delay: must be at most 2592000 seconds
              hint: that is 30 days"#]]
        .assert_eq(&problems.to_string());
        assert!(matches!(Timetable::of(&schedule("none"), "query.schedule"), Ok(None)));
    }

    #[test]
    fn what_is_due_is_between_the_cursor_and_now() {
        let hourly = Schedule { delay: 600, ..schedule("@hourly") };
        let table = Timetable::of(&hourly, "x").unwrap().unwrap();
        let hour = |n: i64| n * 3_600;
        assert_eq!(table.due(hour(10), hour(13) + 599, 10), [hour(12), hour(11)]);
        assert_eq!(table.due(hour(10), hour(13) + 600, 10), [hour(13), hour(12), hour(11)]);
        assert_eq!(table.due(hour(10), hour(13) + 600, 2), [hour(13), hour(12)]);
        assert_eq!(table.due(hour(13), hour(13) + 600, 2), [] as [i64; 0]);
        assert_eq!(table.next_start(hour(13)), Some(hour(14) + 600));
    }
}
