//! The scheduler: fires what is due, each scheduled time once, and writes down what passed without a run.
//!
//! Knows when a job is due and how it is claimed; what a cron means is the timetable's, how a job runs is the worker's.
//!
//! A scheduled time fires in one transaction: its slot, its job, and the cursor behind which the schedule goes on. The slot's
//! key is the schedule and the scheduled time, so that no jump of the clock and no crash fires it twice.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use api::{CatchUp, Overlap, Role, Scope};
use store::{Change, Document, Slot, SlotEnd};

use crate::enqueue::Enqueue;
use crate::job::RESTORED;
use crate::owners::kind_of;
use crate::schedules::Scheduled;
use crate::timetable::{STANDING, Standing, Timetable};
use crate::{Actor, App, AppError, names};

/// The wall clock is looked at so often: it may be put forward or back at any time.
const TICK: Duration = Duration::from_secs(1);
/// Seconds after which a start is late: the server was not running, or its clock was changed.
const GRACE: i64 = 300;
/// Times that one catching up runs at most.
const MOST_RUNS: usize = 100;
/// Times of one downtime that are written down as missed, at most; the newest.
const MOST_MISSED: usize = 1_000;
/// Slots that a clock which was ahead can have written in one go, at most.
const AHEAD: u32 = 1_200;
/// Schedules that are looked through at most.
const ALL: u32 = 100_000;
/// Why a time has no run.
const AWAY: &str = "the server was not running, or its clock was changed";

/// Why a time before the restore of a backup has no run.
const RESTORED_SINCE: &str =
    "it may have run before the data directory was restored from a backup; if not, backfill it";

/// A schedule that fires, as the scheduler has it in mind.
struct Entry {
    /// The document id of what it runs.
    query: String,
    table: Timetable,
    /// No time before this fires.
    begun: i64,
    /// Scheduled times up to here are dealt with.
    cursor: i64,
    /// When the next job starts.
    next: Option<i64>,
    /// Why the last look at it failed: said once.
    complaint: Option<String>,
}

impl Entry {
    fn goes_on(&mut self, cursor: i64) {
        self.cursor = cursor;
        self.next = self.table.next_start(cursor);
    }
}

impl App {
    /// Schedules were made, changed, paused: the scheduler reads them anew.
    pub(crate) fn schedules_changed(&self) {
        self.0.schedules_stale.store(true, Ordering::SeqCst);
        self.0.schedules_wake.notify_one();
    }

    /// Fires what is due until the application stops.
    pub(crate) async fn keep_schedules(self) {
        let (mut stopping, mut clock) = (self.0.stopping.subscribe(), self.0.config.clock.sets());
        let mut agenda = Vec::new();
        self.0.schedules_stale.store(true, Ordering::SeqCst);
        while !*stopping.borrow_and_update() {
            let now = self.now();
            match self.fire_due(&mut agenda).await {
                Ok(()) => drop(self.0.schedules_seen.send_replace(now)),
                Err(error) => {
                    self.0.schedules_stale.store(true, Ordering::SeqCst);
                    tracing::error!("schedules could not be looked at: {error}");
                }
            }
            tokio::select! {
                () = self.0.schedules_wake.notified() => {}
                () = tokio::time::sleep(TICK) => {}
                () = clock.next() => {}
                _ = stopping.changed() => {}
            }
        }
    }

    /// Waits until the scheduler has dealt with everything that is due when the clock shows `at`, in seconds since 1970. For
    /// a clock that is set by hand.
    pub async fn schedules_seen(&self, at: i64) {
        let mut seen = self.0.schedules_seen.subscribe();
        // The sender lives as long as we do.
        let _ = seen.wait_for(|seen| *seen == at).await;
    }

    async fn fire_due(&self, agenda: &mut Vec<Entry>) -> Result<(), AppError> {
        if self.0.schedules_stale.swap(false, Ordering::SeqCst) {
            *agenda = self.agenda().await?;
        }
        for entry in agenda {
            let now = self.now();
            if self.is_stopping() {
                break;
            }
            // One that cannot fire now keeps no other from firing. It is tried again at the next look.
            let complaint = self.look_at(entry, now).await.err().map(|error| error.to_string());
            if let Some(complaint) = complaint.as_ref().filter(|complaint| entry.complaint.as_ref() != Some(complaint))
            {
                tracing::error!(query = %entry.query, "a schedule could not be looked at: {complaint}");
            }
            entry.complaint = complaint;
        }
        Ok(())
    }

    async fn look_at(&self, entry: &mut Entry, now: i64) -> Result<(), AppError> {
        if entry.cursor > now {
            // The clock was put back. What was dealt with while it was ahead has slots; whatever comes after them fires.
            // A time whose delay is not over has yet to come.
            let come = (now - entry.table.delay).max(entry.begun.min(now));
            let newest = self.0.store.slots(&entry.query, Some(come + 1), AHEAD).await?;
            // What was written down as missed meanwhile is looked at once more: its time may have come while nothing ran.
            let ahead = newest.iter().take_while(|slot| slot.at > now).filter(|slot| slot.end == SlotEnd::Missed);
            let oldest = ahead.map(|slot| slot.scheduled - 1).min();
            entry.goes_on(oldest.unwrap_or(come).min(come).max(entry.begun.min(now)));
            self.keep_cursor(entry, now).await?;
        }
        match entry.next {
            Some(next) if next <= now => self.fire(entry, now).await,
            Some(_) | None => Ok(()),
        }
    }

    /// Writes down where a schedule goes on, so that whoever reads it next goes on there too.
    async fn keep_cursor(&self, entry: &Entry, now: i64) -> Result<(), AppError> {
        let _scheduling = self.0.scheduling.lock().await;
        let Some(query) = self.0.store.document_by_id(&entry.query).await? else { return Ok(()) };
        let Some(scheduled) = self.scheduled(query).await? else { return Ok(()) };
        if scheduled.standing.begun != entry.begun {
            return Ok(());
        }
        let standing = Standing { cursor: entry.cursor, ..scheduled.standing.clone() };
        Ok(self.0.store.apply(vec![scheduled.stands(&standing, now)]).await?)
    }

    /// Every schedule that fires.
    async fn agenda(&self) -> Result<Vec<Entry>, AppError> {
        let mut queries: HashMap<String, Document> = HashMap::new();
        for of in api::Scheduled::ALL {
            let documents = self.0.store.documents(kind_of(of), None, ALL).await?;
            queries.extend(documents.into_iter().map(|document| (document.id.clone(), document)));
        }
        let mut agenda = Vec::new();
        for standing in self.0.store.documents(STANDING, None, ALL).await? {
            let Some(query) = queries.remove(&standing.name) else { continue };
            match Scheduled::of(query, standing) {
                Ok(Some(Scheduled { query, table, standing, .. })) if standing.is_active() => {
                    let next = table.next_start(standing.cursor);
                    let Standing { begun, cursor, .. } = standing;
                    agenda.push(Entry { query: query.id, table, begun, cursor, next, complaint: None });
                }
                Ok(_) => {}
                Err(error) => tracing::error!("a schedule is left out: {error}"),
            }
        }
        Ok(agenda)
    }

    /// Deals with everything of a schedule that is due.
    async fn fire(&self, entry: &mut Entry, now: i64) -> Result<(), AppError> {
        let _scheduling = self.0.scheduling.lock().await;
        let query = self.0.store.document_by_id(&entry.query).await?;
        let scheduled = match query {
            Some(query) => self.scheduled(query).await?.filter(|scheduled| scheduled.standing.is_active()),
            None => None,
        };
        let Some(scheduled) = scheduled else {
            // Changed since the agenda was read, which is read anew.
            entry.next = None;
            return Ok(());
        };
        if scheduled.standing.begun != entry.begun {
            // It began anew since the agenda was read.
            entry.next = None;
            self.schedules_changed();
            return Ok(());
        }
        entry.table = scheduled.table.clone();
        let restored = self.0.store.value(RESTORED).await?.and_then(|at| at.as_i64());
        let due = Due::of(&entry.table, entry.cursor, now, restored);
        let (Some(oldest), Some(newest)) = (due.oldest(), due.newest()) else {
            entry.goes_on(entry.cursor);
            return Ok(());
        };
        let known = self.0.store.slots_between(&entry.query, oldest, newest + 1).await?;
        let known: HashMap<i64, Slot> = known.into_iter().map(|slot| (slot.scheduled, slot)).collect();
        let mut missed: Vec<Change> = due.missed_slots(&entry.query, now, &known);
        let queue = due.runs.len() > 1;
        for time in due.runs {
            let before = known.get(&time).map(|slot| &slot.end);
            if matches!(before, Some(SlotEnd::Run { .. })) {
                continue;
            }
            let late = now - (time + entry.table.delay) > GRACE;
            let note = late.then(|| format!("caught up: {AWAY}"));
            let mut together = std::mem::take(&mut missed);
            together.push(scheduled.stands(&Standing { cursor: time, ..scheduled.standing.clone() }, now));
            let turn = Turn { time, was_missed: before.is_some(), note, changes: together, queue };
            self.run_slot(&by_schedule(), &scheduled, turn).await?;
            entry.goes_on(time);
        }
        if entry.cursor != newest {
            // Nothing ran for the newest: the times that were missed are written down by themselves.
            missed.push(scheduled.stands(&Standing { cursor: newest, ..scheduled.standing.clone() }, now));
            self.0.store.apply(missed).await?;
            entry.goes_on(newest);
        }
        Ok(())
    }

    /// Makes the job of a scheduled time, together with its slot and `changes`. `false`: it has one already. The caller holds
    /// `scheduling`.
    pub(crate) async fn run_slot(&self, actor: &Actor, scheduled: &Scheduled, turn: Turn) -> Result<bool, AppError> {
        let Turn { time, was_missed, note, mut changes, queue } = turn;
        let new = match self.scheduled_run(&scheduled.query, time).await {
            Ok(new) => new,
            // The store, or an orderly stop: the time stays due.
            Err(error @ AppError::Unavailable { .. }) => return Err(error),
            Err(error) => {
                let cause = error.cause(true);
                Enqueue { stillborn: Some(cause), ..App::bare_run(&scheduled.query) }
            }
        };
        let overlap = if queue { Overlap::Queue } else { scheduled.table.overlap };
        let (schedule, now, query) = (scheduled.query.id.clone(), self.now(), &scheduled.query.name);
        let id = names::new_job_id(now);
        let slot = Slot { schedule, scheduled: time, end: SlotEnd::Run { job: id.clone() }, at: now, note };
        changes.push(if was_missed { Change::FillSlot(slot) } else { Change::InsertSlot(slot) });
        let new = Enqueue { id: Some(id), scheduled: Some(time), overlap, changes, ..new };
        match self.begin_job(actor, new, None).await {
            Ok(_) => {
                tracing::info!(query = %query, scheduled = %names::time(time), "a scheduled run begins");
                Ok(true)
            }
            Err(AppError::Stale { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A scheduled time whose turn it is.
pub(crate) struct Turn {
    /// In seconds since 1970.
    pub(crate) time: i64,
    /// It is written down as missed.
    pub(crate) was_missed: bool,
    /// Why it runs now, for people.
    pub(crate) note: Option<String>,
    /// What is written together with it.
    pub(crate) changes: Vec<Change>,
    /// It waits for other jobs of its query, whatever the schedule says.
    pub(crate) queue: bool,
}

/// The scheduled times that are due: those that run, and those that are missed, both oldest first.
struct Due {
    runs: Vec<i64>,
    missed: Vec<i64>,
    /// More were missed than are written down.
    more: bool,
    /// What became of times up to here is not known: the data directory was restored from a backup since.
    restored: Option<i64>,
}

impl Due {
    fn of(table: &Timetable, cursor: i64, now: i64, restored: Option<i64>) -> Due {
        let mut due = table.due(cursor, now, MOST_MISSED + MOST_RUNS + 1);
        let on_time = due.first().is_some_and(|newest| now - (newest + table.delay) <= GRACE);
        let runs = match table.catch_up {
            CatchUp::One => 1,
            CatchUp::All => MOST_RUNS,
            CatchUp::None => usize::from(on_time),
        };
        // What was to start before the restore may have run.
        let restored = restored.map(|restored| restored - table.delay);
        let certain = due.iter().take_while(|time| restored.is_none_or(|restored| **time > restored)).count();
        let mut missed = due.split_off(runs.min(certain));
        let more = missed.len() > MOST_MISSED;
        missed.truncate(MOST_MISSED);
        due.reverse();
        missed.reverse();
        Due { runs: due, missed, more, restored }
    }

    fn unknown(&self, time: i64) -> bool {
        self.restored.is_some_and(|restored| time <= restored)
    }

    fn oldest(&self) -> Option<i64> {
        self.missed.first().or(self.runs.first()).copied()
    }

    fn newest(&self) -> Option<i64> {
        self.runs.last().or(self.missed.last()).copied()
    }

    /// The slots of those that were missed and have none yet.
    fn missed_slots(&self, schedule: &str, now: i64, known: &HashMap<i64, Slot>) -> Vec<Change> {
        let new = self.missed.iter().filter(|time| !known.contains_key(time));
        let slot = |time: &i64| {
            let earlier = self.more && self.missed.first() == Some(time);
            let why = if self.unknown(*time) { RESTORED_SINCE } else { AWAY };
            let note = if earlier { format!("{why}; so did earlier times") } else { why.to_owned() };
            Change::InsertSlot(Slot {
                schedule: schedule.to_owned(),
                scheduled: *time,
                end: SlotEnd::Missed,
                at: now,
                note: Some(note),
            })
        };
        new.map(slot).collect()
    }
}

/// Who starts scheduled runs.
fn by_schedule() -> Actor {
    Actor {
        name: "schedule".into(),
        person: None,
        token: None,
        role: Role::Editor,
        scope: Scope::Run,
        address: "this server".into(),
    }
}
