//! A schedule understood: when it fires, what it looks like, and what changes about it by itself.
//!
//! Knows rhythm, window, zone and delay of one schedule; who fires it is the scheduler.

mod rhythm;
mod wall;
mod window;

use api::{CatchUp, Cause, Fire, Overlap, Schedule, ScheduleState};
use model::{LONGEST_DELAY, Problem, Problems, Zone};
use rhythm::Rhythm;
use serde::{Deserialize, Serialize};
use window::Window;

use crate::{App, names};

/// The kind of document that holds what changes by itself about a schedule. Its name is the id of the document of what it runs.
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

    /// How it stands, in a word.
    pub(crate) fn state(&self) -> ScheduleState {
        match (&self.disabled, &self.paused) {
            (Some(_), _) => ScheduleState::Disabled,
            (None, Some(_)) => ScheduleState::Paused,
            (None, None) => ScheduleState::Active,
        }
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
    /// How often it fires.
    cron: Rhythm,
    /// From when to when.
    window: Window,
    pub(crate) zone: Zone,
    /// Seconds from a scheduled time to the start of its job.
    pub(crate) delay: i64,
    pub(crate) catch_up: CatchUp,
    pub(crate) overlap: Overlap,
}

impl App {
    /// When the jobs of a schedule start, after `after` and before `before`, all in seconds since 1970: the scheduled times and
    /// the delay. None for a schedule that cannot be read. Asks no application: it is for calendars of schedules that were
    /// read elsewhere.
    pub fn starts(schedule: &Schedule, after: i64, before: i64) -> Vec<i64> {
        let Ok(Some(table)) = Timetable::of(schedule, "schedule") else { return Vec::new() };
        let starts = table.after(after.saturating_sub(table.delay)).map(|time| time + table.delay);
        starts.take_while(|start| *start < before).collect()
    }
}

impl Timetable {
    /// What a schedule means; `None` for no schedule. `place` stands before the names of its parts in problems.
    ///
    /// # Errors
    /// Everything wrong about it.
    pub(crate) fn of(schedule: &Schedule, place: &str) -> Result<Option<Timetable>, Problems> {
        let mut problems = Problems::default();
        let zone = schedule.timezone.as_deref().map_or_else(|| Ok(Zone::utc()), Zone::parse);
        let (zone, unknown) = zone.map_or_else(|problem| (Zone::utc(), Some(problem)), |zone| (zone, None));
        let mut of_window = Problems::default();
        let window = Window::of(schedule, &zone, place, &mut of_window);
        let cron = Rhythm::of(schedule, window.start.as_ref(), place, &mut problems);
        problems.extend(of_window);
        if let Some(problem) = unknown {
            problems.push(Problem { at: format!("{place}.timezone"), ..problem });
        }
        if schedule.delay > LONGEST_DELAY {
            let problem = Problem::at(format!("{place}.delay"), format!("must be at most {LONGEST_DELAY} seconds"));
            problems.push(problem.hint("that is 30 days"));
        }
        let delay = i64::try_from(schedule.delay.min(LONGEST_DELAY)).unwrap_or(0);
        let (catch_up, overlap) = (schedule.catch_up, schedule.overlap);
        problems.or(|| cron.map(|cron| Timetable { cron, window, zone, delay, catch_up, overlap }))
    }

    /// In one sentence without a full stop: `Every week on Monday and Friday at 02:30, from 2026-12-01 to 2026-12-31`. As in
    /// [`model::Cron::words`], the time zone is not in it.
    pub(crate) fn words(&self) -> String {
        let often = self.cron.words();
        if let Rhythm::Once(_) = self.cron {
            return often;
        }
        let start = self.window.start.as_ref().and_then(|start| self.cron.start_words(start));
        match (start, self.window.end.map(|end| end.wall)) {
            (None, None) => often,
            (Some(start), None) => format!("{often}, from {start}"),
            (None, Some(end)) => format!("{often}, until {end}"),
            (Some(start), Some(end)) => format!("{often}, from {start} to {end}"),
        }
    }

    /// What may surprise about it at `now`, one sentence each without a full stop: what a cron does not do, a time that the
    /// clocks skip, a schedule that has run for the last time or never will.
    pub(crate) fn remarks(&self, now: i64) -> Vec<String> {
        let mut remarks = self.cron.remarks();
        if let Some(start) = self.window.start.filter(|start| start.skipped) {
            let meant = self.zone.local(start.moment);
            remarks.push(format!("the clocks skip {} {}: {meant} is meant", start.wall.day(), start.wall.time()));
        }
        if let Some(end) = self.window.end
            && self.last_until(end.moment).is_none()
        {
            remarks.push("it never runs: none of its times lies between its start and its end".to_owned());
        } else if self.next_after(now - self.delay).is_none() {
            remarks.push("it has run for the last time: nothing comes any more".to_owned());
        }
        remarks
    }

    /// Whether both have the same scheduled times, however they are written.
    pub(crate) fn fires_like(&self, other: &Timetable) -> bool {
        self.cron.fires_like(&other.cron) && self.zone.name() == other.zone.name() && self.window.is_like(&other.window)
    }

    /// The scheduled times after `after`, in order.
    pub(crate) fn after(&self, after: i64) -> impl Iterator<Item = i64> + '_ {
        std::iter::successors(self.next_after(after), |time| self.next_after(*time))
    }

    /// The newest scheduled time whose job is to have started by `now`, after `cursor`.
    pub(crate) fn newest_due(&self, cursor: i64, now: i64) -> Option<i64> {
        self.last_until(now - self.delay).filter(|newest| *newest > cursor)
    }

    /// At most `limit` scheduled times that are due, the newest of them, newest first.
    pub(crate) fn due(&self, cursor: i64, now: i64, limit: usize) -> Vec<i64> {
        let newest = self.newest_due(cursor, now);
        let before = |time: &i64| self.last_until(time - 1).filter(|earlier| *earlier > cursor);
        std::iter::successors(newest, before).take(limit).collect()
    }

    /// When the next job starts, in seconds since 1970.
    pub(crate) fn next_start(&self, cursor: i64) -> Option<i64> {
        self.next_after(cursor).map(|time| time + self.delay)
    }

    /// The first scheduled time strictly after a time.
    fn next_after(&self, after: i64) -> Option<i64> {
        self.cron.next_after(self.window.after(after), &self.zone).filter(|time| self.window.contains(*time))
    }

    /// The newest scheduled time at or before a time.
    fn last_until(&self, until: i64) -> Option<i64> {
        self.cron.last_until(self.window.until(until), &self.zone).filter(|time| self.window.contains(*time))
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
mod tests;
