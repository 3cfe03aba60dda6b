//! Schedules by a clock that the tests set: each scheduled time fires once, whatever the clock and the process do.

use api::{CatchUp, Overlap, Schedule, ScheduleState, Slot, SlotState};
use app::Clock;
use model::JobState;
use serde_json::json;

use crate::bench::{Bench, contacts, good, query};

/// 2026-11-23T00:00:00Z, a Monday.
const MONDAY: i64 = 1_795_392_000;
const HOUR: i64 = 3_600;

/// A bench whose application goes by a clock of its own, with a query over five contacts.
struct Timed {
    bench: Bench,
    clock: Clock,
}

impl Timed {
    async fn new(schedule: Schedule) -> Timed {
        let timed = Timed { bench: Bench::new().await, clock: Clock::by_hand(MONDAY) };
        let timed = timed.down_until(MONDAY).await;
        timed.bench.upload("c", &contacts(5, good)).await;
        timed.schedule(schedule).await;
        timed
    }

    /// Stops in order and starts again at `time`.
    async fn down_until(self, time: i64) -> Timed {
        let Timed { bench, clock } = self;
        clock.set(time);
        let by = clock.clone();
        let bench = bench.restart_with(|config| config.clock = by).await;
        bench.app.schedules_seen(time).await;
        Timed { bench, clock }
    }

    async fn schedule(&self, schedule: Schedule) {
        let mut query = query("contacts", json!({}));
        query.schedule = Some(schedule);
        self.bench.app.put_query(&self.bench.actor, "contacts", query, None).await.expect("taken");
    }

    /// Sets the clock and waits until the scheduler has looked at it.
    async fn at(&self, time: i64) {
        self.clock.set(time);
        self.bench.app.schedules_seen(time).await;
    }

    /// What became of the scheduled times, oldest first: hours since Monday, and the states.
    async fn history(&self) -> Vec<(i64, SlotState)> {
        let slots = self.slots().await;
        let hour =
            |slot: &Slot| (slot.scheduled.parse::<jiff::Timestamp>().expect("a time").as_second() - MONDAY) / HOUR;
        slots.iter().map(|slot| (hour(slot), slot.state)).collect()
    }

    async fn slots(&self) -> Vec<Slot> {
        let bench = &self.bench;
        let page = bench.app.schedule_history(&bench.actor, "contacts", None, 500).await.expect("it has a schedule");
        page.items.into_iter().rev().collect()
    }

    /// Waits for the end of every run.
    async fn settle(&self) {
        for slot in self.slots().await {
            if let Some(id) = slot.job_id {
                self.bench.follow(&id, |job| job.finished.is_some()).await;
            }
        }
    }
}

fn hourly() -> Schedule {
    Schedule { cron: "@hourly".into(), overlap: Overlap::Queue, ..Schedule::default() }
}

#[tokio::test]
async fn each_time_fires_once_and_knows_itself() {
    let timed = Timed::new(Schedule { delay: 600, ..hourly() }).await;
    timed.at(MONDAY + HOUR).await;
    assert_eq!(timed.history().await, [], "the delay is waited for");
    timed.at(MONDAY + HOUR + 600).await;
    timed.at(MONDAY + HOUR + 601).await;
    timed.at(MONDAY + 2 * HOUR + 600).await;
    timed.settle().await;
    assert_eq!(timed.history().await, [(1, SlotState::Run), (2, SlotState::Run)]);
    let slots = timed.slots().await;
    let job = slots[0].job.as_ref().expect("it is there");
    assert_eq!((job.state, job.scheduled.as_deref()), (JobState::Success, Some("2026-11-23T01:00:00Z")));
    assert_eq!(job.actor.as_deref(), Some("schedule"));
    let forecast = job.forecast.as_ref().map(|forecast| forecast.sentence.as_str());
    assert_eq!(forecast, Some("5 rows = 1 call; 22,499 left today, 2,500 are kept for others."));
    let view = timed.bench.app.schedule(&timed.bench.actor, "contacts").await.expect("it has a schedule");
    assert_eq!((view.state, view.next[0].scheduled.as_str()), (ScheduleState::Active, "2026-11-23T03:00:00Z"));
}

#[tokio::test]
async fn what_passed_while_nothing_ran_is_caught_up() {
    let cases = [(CatchUp::One, 1, 25), (CatchUp::All, 26, 0), (CatchUp::None, 0, 26)];
    for (catch_up, runs, missed) in cases {
        let timed = Timed::new(Schedule { catch_up, ..hourly() }).await;
        let timed = timed.down_until(MONDAY + 26 * HOUR + 1_000).await;
        timed.settle().await;
        let history = timed.history().await;
        let count = |state| history.iter().filter(|(_, found)| *found == state).count();
        assert_eq!((count(SlotState::Run), count(SlotState::Missed)), (runs, missed), "{catch_up:?}");
    }
}
