//! Schedules: shown, paused, resumed; and crons explained before they are saved.
//!
//! Knows what people see of a schedule and may do with it; pages of them are `schedule_list`'s. It is written as a part of its
//! query; it is fired by the scheduler.

use std::collections::HashMap;

use api::{CronExplanation, CronRequest, Job, Page, Schedule, ScheduleState, ScheduleView, Scope, Slot, SlotState};
use model::{JobId, Problem, Problems};
use serde_json::json;
use store::{Change, Document, SlotEnd};

use crate::names;
use crate::owners::{owner_of, schedule_of};
use crate::timetable::{Halt, SHOWN, STANDING, Standing, Timetable};
use crate::{Actor, App, AppError};

/// Most coming times that are shown.
const MOST_SHOWN: u32 = 100;

/// A query, an activation or a parent segment with its schedule, as they are kept.
pub(crate) struct Scheduled {
    pub(crate) query: Document,
    pub(crate) schedule: Schedule,
    pub(crate) table: Timetable,
    /// The document of what changes by itself, and what it says.
    pub(crate) standing_document: Document,
    pub(crate) standing: Standing,
}

impl Scheduled {
    /// A query or its like, and what changes by itself about its schedule; `None` where it has none.
    ///
    /// # Errors
    /// What is kept cannot be read back.
    pub(crate) fn of(query: Document, standing_document: Document) -> Result<Option<Scheduled>, AppError> {
        let Some(schedule) = schedule_of(&query)? else { return Ok(None) };
        let unreadable = || AppError::Failed { message: format!("the schedule of {} cannot be read back", query.name) };
        let Some(table) = Timetable::of(&schedule, "schedule").map_err(|_| unreadable())? else { return Ok(None) };
        let standing = serde_json::from_value(standing_document.body.clone()).map_err(|_| unreadable())?;
        Ok(Some(Scheduled { query, schedule, table, standing_document, standing }))
    }

    /// Writes down another standing.
    pub(crate) fn stands(&self, standing: &Standing, now: i64) -> Change {
        Change::ReplaceDocument {
            id: self.standing_document.id.clone(),
            revision: None,
            name: self.standing_document.name.clone(),
            body: serde_json::to_value(standing).unwrap_or_default(),
            now,
        }
    }
}

impl App {
    /// The schedule of a query.
    ///
    /// # Errors
    /// There is no such query, or it has no schedule; see [`AppError`].
    pub async fn schedule(&self, actor: &Actor, of: api::Scheduled, query: &str) -> Result<ScheduleView, AppError> {
        actor.require(Scope::Read)?;
        self.schedule_view(self.scheduled_owner(of, query).await?).await
    }

    /// Pauses a schedule: it does not fire until it is resumed.
    ///
    /// # Errors
    /// It has none, or is paused or disabled already; see [`AppError`].
    pub async fn pause_schedule(
        &self,
        actor: &Actor,
        of: api::Scheduled,
        query: &str,
    ) -> Result<ScheduleView, AppError> {
        actor.require(Scope::Edit)?;
        let scheduling = self.0.scheduling.lock().await;
        let mut scheduled = self.scheduled_owner(of, query).await?;
        if let Some(halt) = scheduled.standing.halt() {
            return Err(AppError::Conflict {
                message: format!("the schedule of {query} does not fire: {}", halt.message),
                hint: Some("resume it to have it fire again".into()),
            });
        }
        let now = self.now();
        let message = format!("paused by {}", actor.shown());
        scheduled.standing.paused = Some(Halt { since: now, message, hint: Some("resume it".into()) });
        let changes = vec![scheduled.stands(&scheduled.standing, now), actor.audit("schedule.pause", query, json!({}))];
        self.0.store.apply(changes).await?;
        drop(scheduling);
        self.schedules_changed();
        self.schedule_view(scheduled).await
    }

    /// Has a paused or disabled schedule fire again, from now on: times that passed meanwhile are left alone.
    ///
    /// # Errors
    /// It has none, or it fires already; see [`AppError`].
    pub async fn resume_schedule(
        &self,
        actor: &Actor,
        of: api::Scheduled,
        query: &str,
    ) -> Result<ScheduleView, AppError> {
        actor.require(Scope::Edit)?;
        let scheduling = self.0.scheduling.lock().await;
        let mut scheduled = self.scheduled_owner(of, query).await?;
        if scheduled.standing.is_active() {
            return Err(AppError::Conflict {
                message: format!("the schedule of {query} is active already"),
                hint: None,
            });
        }
        let now = self.now();
        scheduled.standing = Standing::new(now);
        let line = actor.audit("schedule.resume", query, json!({}));
        self.0.store.apply(vec![scheduled.stands(&scheduled.standing, now), line]).await?;
        drop(scheduling);
        self.schedules_changed();
        self.schedule_view(scheduled).await
    }

    /// The scheduled times of a query that have passed, newest first; `after` is the `scheduled` of the last one before.
    ///
    /// # Errors
    /// It has no schedule, `after` is no time; see [`AppError`].
    pub async fn schedule_history(
        &self,
        actor: &Actor,
        of: api::Scheduled,
        query: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<Slot>, AppError> {
        actor.require(Scope::Read)?;
        let scheduled = self.scheduled_owner(of, query).await?;
        let before = after.map(|after| names::moment("after", after)).transpose()?;
        let slots = self.0.store.slots(&scheduled.query.id, before, limit).await?;
        let full = slots.len() as u64 >= u64::from(limit);
        let next = slots.last().filter(|_| full).map(|slot| names::time(slot.scheduled));
        Ok(Page { items: self.slot_views(&scheduled.table, slots).await?, next })
    }

    /// What a cron means, before anybody saves it.
    ///
    /// # Errors
    /// Everything wrong about it.
    pub async fn explain_cron(&self, actor: &Actor, request: CronRequest) -> Result<CronExplanation, AppError> {
        actor.require(Scope::Read)?;
        let CronRequest { cron, repeat, days, start, end, timezone, delay, after, next } = request;
        let schedule = Schedule { cron, repeat, days, start, end, timezone, delay, ..Schedule::default() };
        let table = Timetable::of(&schedule, "cron_request").map_err(|problems| {
            let mut bare = Problems::default();
            for problem in problems.iter() {
                let at = problem.at.trim_start_matches("cron_request.").to_owned();
                bare.push(Problem { at, ..problem.clone() });
            }
            bare
        })?;
        let shown = next.unwrap_or(SHOWN as u32);
        if shown == 0 || shown > MOST_SHOWN {
            return Err(Problem::at("next", format!("must be a number from 1 to {MOST_SHOWN}")).into());
        }
        let after =
            after.as_deref().map(|after| names::moment("after", after)).transpose()?.unwrap_or_else(|| self.now());
        Ok(match table {
            None => CronExplanation { words: "No schedule".into(), remarks: Vec::new(), next: Vec::new() },
            Some(table) => CronExplanation {
                words: table.words(),
                remarks: table.remarks(self.now()),
                next: table.after(after).take(shown as usize).map(|time| table.fire(time)).collect(),
            },
        })
    }

    /// The query, activation or parent segment of this name, which must have a schedule.
    pub(crate) async fn scheduled_owner(&self, of: api::Scheduled, name: &str) -> Result<Scheduled, AppError> {
        let document = self.owner(of, name).await?;
        let hint = match of {
            api::Scheduled::Activation => "give it one, schedule: {cron: \"@daily\"}, or enable it if it is disabled",
            api::Scheduled::Query | api::Scheduled::ParentSegment => "give it one: schedule: {cron: \"@daily\"}",
        };
        let none = || AppError::Conflict {
            message: format!("{} {name} has no schedule", of.words()),
            hint: Some(hint.into()),
        };
        self.scheduled(document).await?.ok_or_else(none)
    }

    /// A query with its schedule, where it has one.
    pub(crate) async fn scheduled(&self, query: Document) -> Result<Option<Scheduled>, AppError> {
        match self.0.store.document(STANDING, &query.id).await? {
            Some(standing) => Scheduled::of(query, standing),
            None => Ok(None),
        }
    }

    /// What a query's new schedule changes about its standing. The caller holds `scheduling`.
    pub(crate) async fn standing_changes(
        &self,
        query: &str,
        old: Option<&Schedule>,
        new: Option<&Schedule>,
        now: i64,
    ) -> Result<Vec<Change>, AppError> {
        let document = self.0.store.document(STANDING, query).await?;
        Ok(match (document, new) {
            (None, None) => Vec::new(),
            (Some(document), None) => vec![Change::DeleteDocument { id: document.id }],
            (None, Some(_)) => vec![Change::InsertDocument(Document {
                id: names::new_id("s"),
                kind: STANDING.into(),
                name: query.to_owned(),
                revision: 1,
                created: now,
                updated: now,
                body: serde_json::to_value(Standing::new(now)).unwrap_or_default(),
            })],
            (Some(document), Some(new)) => {
                let table = |schedule: &Schedule| Timetable::of(schedule, "schedule").ok().flatten();
                let same = old.and_then(table).zip(table(new)).is_some_and(|(old, new)| old.fires_like(&new));
                let standing: Option<Standing> = serde_json::from_value(document.body).ok();
                match standing {
                    Some(_) if same => Vec::new(),
                    // Another timetable begins now; a person's pause stays.
                    before => {
                        let before = before.unwrap_or_else(|| Standing::new(now));
                        let body =
                            serde_json::to_value(Standing { begun: now, cursor: now, ..before }).unwrap_or_default();
                        let (id, name) = (document.id, document.name);
                        vec![Change::ReplaceDocument { id, revision: None, name, body, now }]
                    }
                }
            }
        })
    }

    /// A schedule that was put away goes on from now: times that passed meanwhile are left alone, a person's pause stays. The
    /// caller holds `scheduling`.
    pub(crate) async fn standing_begins(&self, id: &str, now: i64) -> Result<Vec<Change>, AppError> {
        let Some(document) = self.0.store.document(STANDING, id).await? else { return Ok(Vec::new()) };
        let before: Option<Standing> = serde_json::from_value(document.body).ok();
        let before = before.unwrap_or_else(|| Standing::new(now));
        let body = serde_json::to_value(Standing { begun: now, cursor: now, ..before }).unwrap_or_default();
        Ok(vec![Change::ReplaceDocument { id: document.id, revision: None, name: document.name, body, now }])
    }

    /// What goes with a query, activation or parent segment that is deleted: its schedule, what became of its times, how its
    /// newest job ended. The caller holds `scheduling`.
    pub(crate) async fn forget_schedule(&self, id: &str) -> Result<Vec<Change>, AppError> {
        let mut changes = self.standing_changes(id, None, None, self.now()).await?;
        changes.push(Change::DeleteSlots { schedule: id.to_owned() });
        changes.push(Change::PutValue { name: crate::tell::outcome(id), value: None });
        Ok(changes)
    }

    async fn schedule_view(&self, scheduled: Scheduled) -> Result<ScheduleView, AppError> {
        let gone = || AppError::Failed { message: "the schedule cannot be shown".into() };
        self.schedule_views(vec![scheduled]).await?.pop().ok_or_else(gone)
    }

    /// Schedules as they are shown, with one look at the slots and one at the jobs for all of them.
    pub(crate) async fn schedule_views(&self, found: Vec<Scheduled>) -> Result<Vec<ScheduleView>, AppError> {
        let queries: Vec<String> = found.iter().map(|scheduled| scheduled.query.id.clone()).collect();
        let newest = self.0.store.newest_slots_of(&queries).await?;
        let mut jobs = self.jobs_of(&newest).await?;
        let mut newest: HashMap<String, store::Slot> =
            newest.into_iter().map(|slot| (slot.schedule.clone(), slot)).collect();
        let now = self.now();
        let view = |Scheduled { query, schedule, table, standing, .. }: Scheduled| {
            let state = standing.state();
            // A delay may have times wait that have come already; a clock that was put back comes to later ones again.
            let from = if standing.cursor > now { now } else { standing.cursor.max(now - table.delay) };
            let shown = if state == ScheduleState::Active { SHOWN } else { 0 };
            ScheduleView {
                of: owner_of(&query.id),
                query: query.name,
                words: table.words(),
                remarks: table.remarks(now),
                state,
                reason: standing.halt().map(Halt::cause),
                since: standing.halt().map(|halt| names::time(halt.since)),
                next: table.after(from).take(shown).map(|time| table.fire(time)).collect(),
                last: newest.remove(&query.id).map(|slot| slot_view(&table, slot, &mut jobs)),
                failures: standing.failures,
                schedule,
            }
        };
        Ok(found.into_iter().map(view).collect())
    }

    /// Slots of one schedule as they are shown, with one look at the jobs for all of them.
    pub(crate) async fn slot_views(&self, table: &Timetable, slots: Vec<store::Slot>) -> Result<Vec<Slot>, AppError> {
        let mut jobs = self.jobs_of(&slots).await?;
        Ok(slots.into_iter().map(|slot| slot_view(table, slot, &mut jobs)).collect())
    }

    /// The jobs of these slots that are still there, by their ids.
    async fn jobs_of(&self, slots: &[store::Slot]) -> Result<HashMap<String, Job>, AppError> {
        let ids: Vec<JobId> = slots.iter().filter_map(|slot| slot.end.job().cloned()).collect();
        let jobs = self.job_views(self.0.store.jobs_of(&ids).await?).await?;
        Ok(jobs.into_iter().map(|job| (job.id.clone(), job)).collect())
    }
}

/// A slot as it is shown; its job is taken out of `jobs`.
fn slot_view(table: &Timetable, slot: store::Slot, jobs: &mut HashMap<String, Job>) -> Slot {
    let (state, job_id) = match slot.end {
        SlotEnd::Run { job } => (SlotState::Run, Some(job.to_string())),
        SlotEnd::Missed => (SlotState::Missed, None),
    };
    Slot {
        scheduled: names::time(slot.scheduled),
        local: table.zone.local(slot.scheduled),
        state,
        at: names::time(slot.at),
        note: slot.note,
        job: job_id.as_ref().and_then(|id| jobs.remove(id)),
        job_id,
    }
}
