//! A bench whose application goes by a clock that the test sets, and a query with a schedule.
//!
//! Knows no case.

use std::sync::Arc;

use api::{CatchUp, Notify, Overlap, Schedule, ScheduleView, Slot, SlotState};
use app::{Clock, Config};
use serde_json::{Value, json};

use crate::bench::{Bench, contacts, good, query};

/// 2026-11-23T00:00:00Z, a Monday.
pub(crate) const MONDAY: i64 = 1_795_392_000;
/// 2090-01-02T00:00:00Z, a Monday that the sandbox's clock, which only goes forward, has before it.
pub(crate) const FAR_MONDAY: i64 = 3_786_998_400;
pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 86_400;

/// A bench whose application goes by a clock of its own.
pub(crate) struct Timed {
    pub(crate) bench: Bench,
    pub(crate) clock: Clock,
    decide: Arc<dyn Fn(&mut Config) + Send + Sync>,
}

impl Timed {
    /// From Monday on, with a query `contacts` over five contacts.
    pub(crate) async fn new(schedule: Schedule) -> Timed {
        let timed = Timed::with(pardot_sim::Config::default(), MONDAY, |_| {}).await;
        timed.bench.upload("c", &contacts(5, good)).await;
        timed.schedule(schedule).await;
        timed
    }

    pub(crate) async fn with(
        sandbox: pardot_sim::Config,
        start: i64,
        decide: impl Fn(&mut Config) + Send + Sync + 'static,
    ) -> Timed {
        let clock = Clock::by_hand(start);
        let by = clock.clone();
        let bench = Bench::with_app(sandbox, |config| {
            config.clock = by;
            decide(config);
        });
        Timed { bench: bench.await, clock, decide: Arc::new(decide) }
    }

    /// Stops in order and starts again at `time`.
    pub(crate) async fn down_until(self, time: i64) -> Timed {
        let Timed { bench, clock, decide } = self;
        clock.set(time);
        let (by, decided) = (clock.clone(), Arc::clone(&decide));
        let bench = bench.restart_with(|config| {
            config.clock = by;
            decided(config);
        });
        let timed = Timed { bench: bench.await, clock, decide };
        timed.bench.app.schedules_seen(time).await;
        timed
    }

    /// Saves `contacts` with this schedule.
    pub(crate) async fn schedule(&self, schedule: Schedule) {
        self.put("contacts", json!({}), Some(schedule), None).await;
    }

    pub(crate) async fn put(&self, name: &str, settings: Value, schedule: Option<Schedule>, notify: Option<Notify>) {
        let mut query = query(name, settings);
        (query.schedule, query.notify) = (schedule, notify);
        self.bench.app.put_query(&self.bench.actor, name, query, None).await.expect("taken");
    }

    /// Saves `contacts` with other SQL.
    pub(crate) async fn put_sql(&self, sql: &str, schedule: Schedule) {
        let mut query = query("contacts", json!({"maximum_retries": 0}));
        (query.sql, query.schedule) = (sql.into(), Some(schedule));
        self.bench.app.put_query(&self.bench.actor, "contacts", query, None).await.expect("taken");
    }

    /// Sets the clock and waits until the scheduler has looked at it.
    pub(crate) async fn at(&self, time: i64) {
        self.clock.set(time);
        self.bench.app.schedules_seen(time).await;
    }

    /// Puts the sandbox's clock forward to this time too.
    pub(crate) async fn both_at(&self, time: i64) {
        let ahead = time * 1_000 - self.bench.sandbox.now_ms();
        if let Ok(ahead) = u64::try_from(ahead) {
            self.bench.sandbox.advance(std::time::Duration::from_millis(ahead));
        }
        self.at(time).await;
    }

    /// What became of the scheduled times of `contacts`, oldest first: whole hours since Monday, and the states.
    pub(crate) async fn history(&self) -> Vec<(i64, SlotState)> {
        self.slots("contacts").await.iter().map(|slot| ((scheduled(slot) - MONDAY) / HOUR, slot.state)).collect()
    }

    /// What became of scheduled times, oldest first.
    pub(crate) async fn slots(&self, query: &str) -> Vec<Slot> {
        let bench = &self.bench;
        let (mut slots, mut after) = (Vec::new(), None);
        loop {
            let page =
                bench.app.schedule_history(&bench.actor, api::Scheduled::Query, query, after.as_deref(), 500).await;
            let page = page.expect("it has a schedule");
            slots.extend(page.items);
            after = page.next;
            if after.is_none() {
                slots.reverse();
                return slots;
            }
        }
    }

    pub(crate) async fn view(&self) -> ScheduleView {
        self.bench.app.schedule(&self.bench.actor, api::Scheduled::Query, "contacts").await.expect("it has a schedule")
    }

    /// Waits for the end of every run of `contacts`.
    pub(crate) async fn settle(&self) {
        for slot in self.slots("contacts").await {
            if let Some(id) = slot.job_id {
                self.bench.follow(&id, |job| job.finished.is_some()).await;
            }
        }
    }
}

pub(crate) fn hourly() -> Schedule {
    Schedule { cron: "@hourly".into(), overlap: Overlap::Queue, ..Schedule::default() }
}

pub(crate) fn catching_up(catch_up: CatchUp) -> Schedule {
    Schedule { catch_up, ..hourly() }
}

/// The scheduled time of a slot, in seconds since 1970.
pub(crate) fn scheduled(slot: &Slot) -> i64 {
    moment(&slot.scheduled)
}

pub(crate) fn moment(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().expect("a time").as_second()
}
