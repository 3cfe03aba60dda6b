//! Schedules whose server dies again and again, at any moment, by a clock that jumps: every time runs once.
//!
//! An application lives in a runtime of its own; it dies when that is shut down in the background: its tasks end where they
//! stand, nothing is waited for, and nothing is written any more. The sandbox lives on elsewhere. `SLUICE_FULL=1` kills more
//! often, `SLUICE_SEED` draws other moments and jumps.

use std::collections::HashSet;

use api::{Backfill, Overlap, QuerySpec, Schedule, SlotState};
use app::{Actor, App, Clock, Config, JobFilter, Mode, StartError};
use model::JobState;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use crate::bench::{Bench, config, contacts, good, query, until};
use crate::timed::{DAY, HOUR, MONDAY, catching_up, moment};

/// Numbers that look like chance, the same in every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn throw(&mut self, sides: u64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i64::try_from(self.0 % sides).expect("few sides")
    }
}

/// An application that can be killed.
pub(crate) struct Mortal {
    pub(crate) runtime: Runtime,
    pub(crate) app: App,
}

impl Mortal {
    pub(crate) fn begin(config: &Config) -> Mortal {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let app = runtime.block_on(until("the dead leave the directory", || async {
            match App::start(config.clone(), Mode::Serve).await {
                Ok(app) => Some(app),
                // SQLite's own threads outlive the tasks for a moment, which a process that is killed has not.
                Err(StartError::Lock(_) | StartError::Open(_)) => None,
                Err(error) => panic!("the application does not start: {error}"),
            }
        }));
        Mortal { runtime, app }
    }

    pub(crate) fn kill(self) {
        let Mortal { runtime, app } = self;
        runtime.shutdown_background();
        drop(app);
    }
}

fn name(number: usize) -> String {
    format!("q{number}")
}

/// Fires five times on Monday; each time is an email of its own.
fn spec(number: usize) -> QuerySpec {
    let sql = format!("SELECT 'q{number}-' || CAST(TD_SCHEDULED_TIME() AS VARCHAR) || '@example.com' AS email FROM c");
    let cron = format!("{} 1-5 23 11 *", number * 7 % 60);
    let schedule = Schedule { cron, overlap: Overlap::Queue, ..catching_up(api::CatchUp::All) };
    QuerySpec { sql, schedule: Some(schedule), ..query(&name(number), json!({})) }
}

#[test]
fn every_time_runs_once_whatever_dies() {
    let full = std::env::var_os("SLUICE_FULL").is_some();
    let (schedules, kills) = (50, if full { 120 } else { 16 });
    let seed = std::env::var("SLUICE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(4_711);
    let outer = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let bench = outer.block_on(async {
        let bench = Bench::new().await;
        bench.upload("c", &contacts(1, good)).await;
        bench.app.stop().await;
        bench
    });
    let Bench { sandbox, folder, app, actor } = bench;
    drop(app);
    let clock = Clock::by_hand(MONDAY);
    let mut settings = config(folder.path().join("data"));
    settings.clock = clock.clone();
    let mut mortal = Mortal::begin(&settings);
    mortal.runtime.block_on(async {
        for number in 0..schedules {
            mortal.app.put_query(&actor, &name(number), spec(number), None).await.expect("taken");
        }
    });

    let mut dice = Dice(seed);
    let (mut real, end, mut deaths) = (0, 6 * HOUR, 0);
    let step = 2 * end / kills;
    while real < end {
        real += 1 + dice.throw(u64::try_from(step).expect("a step"));
        let skew = match dice.throw(10) {
            0 | 1 => -2 * HOUR,
            2 | 3 => 20 * 60,
            // All that is left is due at once, and the server dies over it.
            4 if real > 3 * HOUR => 3 * DAY,
            _ => 0,
        };
        clock.set(MONDAY + real + skew);
        if dice.throw(3) == 0 {
            mortal.runtime.block_on(mortal.app.schedules_seen(MONDAY + real + skew));
        }
        for _ in 0..dice.throw(200_000) {
            std::thread::yield_now();
        }
        mortal.kill();
        deaths += 1;
        mortal = Mortal::begin(&settings);
    }
    clock.set(MONDAY + end + 1);
    let Mortal { runtime, app } = mortal;
    let ends = runtime.block_on(async {
        app.schedules_seen(MONDAY + end + 1).await;
        let open = || async {
            let states = JobState::all().filter(|state| state.is_open()).collect();
            let page = app.jobs(&actor, &JobFilter { states, ..JobFilter::default() }, None, 1).await;
            page.expect("jobs").items.is_empty().then_some(())
        };
        until("every job ends", open).await;
        census(&app, &actor, schedules).await
    });
    let wanted = schedules * 5;
    assert_eq!(ends, Census { runs: wanted, jobs: wanted, missed: 0, success: wanted }, "after {deaths} deaths");
    let emails: HashSet<String> = sandbox
        .prospects(&sandbox.connection().business_unit)
        .iter()
        .map(|prospect| prospect["email"].to_string())
        .collect();
    assert_eq!(emails.len(), wanted, "every time was sent, once");
    let left = runtime.block_on(interrupted(&app, &actor));
    let figures = format!("{wanted} runs over {deaths} deaths; {left} jobs were left at work by one\n");
    std::io::Write::write_all(&mut std::io::stderr(), figures.as_bytes()).expect("said");
    runtime.block_on(app.stop());
}

/// Jobs that somebody died over.
async fn interrupted(app: &App, actor: &Actor) -> usize {
    let mut left = 0;
    for job in app.jobs(actor, &JobFilter::default(), None, 1_000).await.expect("jobs").items {
        let log = app.job_log(actor, &job.id, 0, 100).await.expect("a log");
        left += usize::from(log.items.iter().any(|line| line.text.starts_with("The job was left")));
    }
    left
}

#[derive(Debug, PartialEq, Eq)]
struct Census {
    runs: usize,
    /// Jobs that there are, whoever made them.
    jobs: usize,
    missed: usize,
    success: usize,
}

async fn census(app: &App, actor: &Actor, schedules: usize) -> Census {
    let mut jobs = HashSet::new();
    let (mut runs, mut missed) = (0, 0);
    for number in 0..schedules {
        let page =
            app.schedule_history(actor, api::Scheduled::Query, &name(number), None, 500).await.expect("a history");
        for slot in &page.items {
            match slot.state {
                SlotState::Run => runs += 1,
                SlotState::Missed => missed += 1,
            }
            jobs.extend(slot.job_id.clone());
            let job = slot.job.as_ref().map(|job| job.scheduled.as_deref().map(moment));
            assert_eq!(job, Some(Some(moment(&slot.scheduled))), "the job knows its time");
        }
        // Nothing is left to run.
        let request = Backfill { from: "2026-11-23".into(), slots: 5 };
        let again = app.backfill(actor, api::Scheduled::Query, &name(number), request).await.expect("taken");
        assert_eq!((again.started.len(), again.already.len()), (0, 5));
    }
    assert_eq!(jobs.len(), runs, "no two times share a job");
    let all = app.jobs(actor, &JobFilter::default(), None, 1_000).await.expect("jobs").items;
    let success = all.iter().filter(|job| job.state == JobState::Success).count();
    Census { runs, jobs: all.len(), missed, success }
}
