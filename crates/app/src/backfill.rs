//! Backfills: scheduled times that have passed are run after all, each once.
//!
//! Knows which times are meant; how one of them fires is the scheduler's.

use std::collections::HashSet;

use api::{Backfill, Backfilled, Fire, Scope};
use jiff::civil;
use jiff::tz::TimeZoneDatabase;
use model::{Problem, Problems};
use serde_json::json;
use store::SlotEnd;

use crate::names;
use crate::scheduler::Turn;
use crate::schedules::Scheduled;
use crate::{Actor, App, AppError};

/// Most scheduled times that one backfill runs.
const MOST_SLOTS: u32 = 100;

/// What a backfill would run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackfillLook {
    /// The scheduled times from the first to the last that is meant, oldest first; at most as many as one backfill takes.
    pub times: Vec<Fire>,
    /// How many of them ran before and would be left alone.
    pub ran: usize,
    /// Whether more of them lie before the end than one backfill takes.
    pub more: bool,
}

impl App {
    /// What a backfill from one time to another would run: both are days or times by the clock of the schedule's zone, or
    /// moments, and a day at the end is meant to its end. Changes nothing.
    ///
    /// # Errors
    /// It has no schedule, `from` or `to` is no time, no scheduled time between them has come yet; see [`AppError`].
    pub async fn look_at_backfill(
        &self,
        actor: &Actor,
        of: api::Scheduled,
        query: &str,
        from: &str,
        to: &str,
    ) -> Result<BackfillLook, AppError> {
        actor.require(Scope::Run)?;
        let scheduled = self.scheduled_owner(of, query).await?;
        let (table, mut problems) = (&scheduled.table, Problems::default());
        let from = problems.keep(begin(from, table.zone.name()));
        let to = problems.keep(end(to, table.zone.name()));
        let (Some(from), Some(to)) = (from, to) else { return Err(problems.into()) };
        let now = self.now();
        let meant = |time: &i64| *time <= to && time + table.delay <= now;
        let most = MOST_SLOTS as usize;
        let mut times: Vec<i64> = table.after(from - 1).take_while(meant).take(most + 1).collect();
        let more = times.len() > most;
        times.truncate(most);
        let (Some(first), Some(last)) = (times.first(), times.last()) else {
            let problem = Problem::at("from", "no scheduled time from there to the end has come yet");
            return Err(problem.hint("a backfill runs times that have passed").into());
        };
        let known = self.0.store.slots_between(&scheduled.query.id, *first, *last + 1).await?;
        let run = |slot: &&store::Slot| {
            matches!(slot.end, SlotEnd::Run { .. }) && times.binary_search(&slot.scheduled).is_ok()
        };
        let ran = known.iter().filter(run).count();
        Ok(BackfillLook { times: times.iter().map(|time| table.fire(*time)).collect(), ran, more })
    }

    /// Runs scheduled times that have passed, oldest first, each once: those that ran before are left alone.
    ///
    /// # Errors
    /// It has no schedule, `from` is no time, `slots` is too large, none of them has come yet; the schedule was changed on the
    /// way (what was started until then stays); see [`AppError`].
    pub async fn backfill(
        &self,
        actor: &Actor,
        of: api::Scheduled,
        query: &str,
        request: Backfill,
    ) -> Result<Backfilled, AppError> {
        actor.require(Scope::Run)?;
        let scheduled = self.scheduled_owner(of, query).await?;
        if request.slots == 0 || request.slots > MOST_SLOTS {
            let problem = Problem::at("slots", format!("must be a number from 1 to {MOST_SLOTS}"));
            return Err(problem.hint("run the rest with a second backfill").into());
        }
        let from = begin(&request.from, scheduled.table.zone.name())?;
        let (now, most) = (self.now(), usize::try_from(request.slots).unwrap_or(0));
        let due = |time: &i64| time + scheduled.table.delay <= now;
        let times: Vec<i64> = scheduled.table.after(from - 1).take(most).take_while(due).collect();
        let (Some(first), Some(last)) = (times.first(), times.last()) else {
            let problem = Problem::at("from", "no scheduled time from there has come yet");
            return Err(problem.hint("a backfill runs times that have passed").into());
        };
        let line =
            actor.audit("schedule.backfill", query, json!({ "from": names::time(*first), "slots": times.len() }));
        self.0.store.apply(vec![line]).await?;
        let mut started = HashSet::new();
        for time in &times {
            match self.fill(actor, &scheduled, *time).await? {
                Filled::Started => drop(started.insert(*time)),
                Filled::Already => {}
                Filled::Changed => return Err(changed_meanwhile(query, started.len(), times.len())),
            }
        }
        let mut slots = self.0.store.slots_between(&scheduled.query.id, *first, *last + 1).await?;
        slots.retain(|slot| times.binary_search(&slot.scheduled).is_ok());
        let (ran, alone) = slots.into_iter().partition(|slot| started.contains(&slot.scheduled));
        Ok(Backfilled {
            started: self.slot_views(&scheduled.table, ran).await?,
            already: self.slot_views(&scheduled.table, alone).await?,
        })
    }

    /// Runs one of the times that `begun` meant. Schedules that are due have their turn between two of them.
    async fn fill(&self, actor: &Actor, begun: &Scheduled, time: i64) -> Result<Filled, AppError> {
        let _scheduling = self.0.scheduling.lock().await;
        let scheduled = match self.0.store.document_by_id(&begun.query.id).await? {
            Some(query) => self.scheduled(query).await?,
            None => None,
        };
        let Some(scheduled) = scheduled.filter(|scheduled| scheduled.table.fires_like(&begun.table)) else {
            return Ok(Filled::Changed);
        };
        let known = self.0.store.slots_between(&scheduled.query.id, time, time + 1).await?;
        let missed = match known.first().map(|slot| &slot.end) {
            Some(SlotEnd::Run { .. }) => return Ok(Filled::Already),
            Some(SlotEnd::Missed) => true,
            None => false,
        };
        let note = format!("started by {}", actor.shown());
        let turn = Turn { time, was_missed: missed, note: Some(note), changes: Vec::new(), queue: true };
        let ran = self.run_slot(actor, &scheduled, turn).await?;
        Ok(if ran { Filled::Started } else { Filled::Already })
    }
}

/// What became of a time that a backfill meant.
enum Filled {
    Started,
    /// It ran before.
    Already,
    /// The schedule has other times by now, or is gone.
    Changed,
}

fn changed_meanwhile(query: &str, started: usize, times: usize) -> AppError {
    AppError::Conflict {
        message: format!("the schedule of {query} was changed on the way: {started} of {times} times were started"),
        hint: Some("look at its history, and run what is left with another backfill".into()),
    }
}

/// Where a backfill ends: as it begins, but a day is meant to its end.
fn end(text: &str, zone: &str) -> Result<i64, Problem> {
    let at = |problem: Problem| Problem { at: "to".into(), ..problem };
    match text.trim().parse::<civil::Date>() {
        Ok(day) if text.trim().len() == "2026-11-01".len() => {
            let next = day.tomorrow().map_err(|_| at(Problem::at("to", "is too far away")))?;
            begin(&next.to_string(), zone).map(|next| next - 1).map_err(at)
        }
        _ => begin(text, zone).map_err(at),
    }
}

/// Where a backfill begins: a moment, or a day or time by the clock of the schedule's zone.
fn begin(text: &str, zone: &str) -> Result<i64, Problem> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Ok(moment.as_second());
    }
    let local = text
        .parse::<civil::DateTime>()
        .or_else(|_| text.parse::<civil::Date>().map(|date| date.to_datetime(civil::Time::midnight())));
    let zoned = local.and_then(|local| local.to_zoned(TimeZoneDatabase::bundled().get(zone)?));
    zoned.map(|zoned| zoned.timestamp().as_second()).map_err(|_| {
        Problem::at("from", "is no time")
            .hint("write 2026-11-01, 2026-11-01 02:00 (by the schedule's time zone) or 2026-11-01T02:00:00Z")
    })
}
