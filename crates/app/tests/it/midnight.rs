//! Many schedules at midnight: all are written down, never more than five calls at once, all end.
//!
//! `SLUICE_FULL=1` has 500 of them.

use std::time::Duration;

use api::Schedule;
use app::JobFilter;
use model::JobState;
use serde_json::json;

use crate::bench::{contacts, good, until};
use crate::timed::{DAY, MONDAY, Timed};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_schedules_at_midnight() {
    let full = std::env::var_os("SLUICE_FULL").is_some();
    let schedules = if full { 500 } else { 40 };
    let sandbox = pardot_sim::Config { answer_delay: Duration::from_millis(20), ..pardot_sim::Config::default() };
    // More jobs at once than calls: the slots of the business unit decide.
    let timed = Timed::with(sandbox, MONDAY, |config| config.max_concurrent_jobs = 12).await;
    timed.bench.upload("c", &contacts(120, good)).await;
    let midnight = Schedule { cron: "@daily".into(), ..Schedule::default() };
    for number in 0..schedules {
        timed.put(&format!("q{number}"), json!({"parallel_tasks": 3}), Some(midnight.clone()), None).await;
    }
    let before = timed.bench.sandbox.now_ms();
    timed.at(MONDAY + DAY).await;
    let enqueued = timed.bench.sandbox.now_ms() - before;
    let (app, actor) = (&timed.bench.app, &timed.bench.actor);
    for number in 0..schedules {
        let slots = timed.slots(&format!("q{number}")).await;
        assert_eq!(slots.iter().map(|slot| slot.scheduled.as_str()).collect::<Vec<_>>(), ["2026-11-24T00:00:00Z"]);
        assert!(slots[0].job_id.is_some());
    }
    let open = || async {
        let states = JobState::all().filter(|state| state.is_open()).collect();
        let page = app.jobs(actor, &JobFilter { states, ..JobFilter::default() }, None, 1).await;
        page.expect("jobs").items.is_empty().then_some(())
    };
    until("every job ends", open).await;
    let jobs = app.jobs(actor, &JobFilter::default(), None, 1_000).await.expect("jobs").items;
    assert_eq!(jobs.len(), schedules);
    assert!(jobs.iter().all(|job| job.state == JobState::Success), "{jobs:#?}");
    let counters = timed.bench.counters();
    assert!((1..=5).contains(&counters.in_flight_max), "{counters:?}");
    assert_eq!(counters.concurrency_refusals, 0, "{counters:?}");
    // A job's first call asks how many are left: when the last one comes, every job has begun.
    let asked = timed.bench.sandbox.journal().into_iter().filter(|entry| entry.path.ends_with("/account"));
    let last = asked.map(|entry| entry.at_ms - before).max().unwrap_or_default();
    let figures = format!(
        "{schedules} schedules at midnight: written down after {enqueued} ms, the last began after {last} ms, at most {} \
         calls at once\n",
        counters.in_flight_max
    );
    // Said, not judged: it is the machine's as much as ours.
    std::io::Write::write_all(&mut std::io::stderr(), figures.as_bytes()).expect("said");
}
