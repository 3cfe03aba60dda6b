//! The calls of a day: the reserve, the budget, and what a scheduled run says before it sends.

use api::{ConnectionSpec, Job, Overlap, Schedule};
use model::JobState;
use pardot_sim::{BusinessUnit, Config};
use serde_json::json;

use crate::bench::{adds_up, contacts, good};
use crate::timed::{DAY, FAR_MONDAY, HOUR, Timed, moment};

/// An account with so many calls a day, whose days begin at 05:00 UTC; both clocks stand at Monday noon.
async fn account(daily_limit: u64, reserve: u8, daily_budget: u64) -> Timed {
    let unit = BusinessUnit { daily_limit, time_zone: "America/New_York".into(), ..BusinessUnit::default() };
    let config = Config { business_units: vec![unit], ..Config::default() };
    let timed = Timed::with(config, FAR_MONDAY, |_| {}).await;
    timed.both_at(FAR_MONDAY + 12 * HOUR).await;
    let bench = &timed.bench;
    let terms =
        ConnectionSpec { reserve: Some(reserve), daily_budget: Some(daily_budget), ..ConnectionSpec::default() };
    bench.app.put_connection(&bench.actor, "prod", terms, None).await.expect("taken");
    let tested = bench.app.test_connection(&bench.actor, "prod").await.expect("tested");
    assert!(tested.ok, "{tested:?}");
    timed
}

/// Monday at 13:00 only.
fn once() -> Schedule {
    Schedule { cron: "0 13 2 1 *".into(), overlap: Overlap::Queue, ..Schedule::default() }
}

impl Timed {
    async fn run_of(&self, query: &str) -> String {
        let slots = self.slots(query).await;
        slots.last().and_then(|slot| slot.job_id.clone()).expect("a job")
    }

    /// The job where it ended, or waits for another time than before.
    async fn comes_to_rest(&self, job: &str, before: Option<&Job>) -> Job {
        let wake = before.and_then(|job| job.wake.clone());
        let rests = |job: &Job| job.finished.is_some() || (job.wake.is_some() && job.wake != wake);
        self.bench.follow(job, |job| rests(job) && job.progress.is_none()).await
    }
}

#[tokio::test]
async fn six_days_with_a_reserve() {
    let timed = account(120, 10, 0).await;
    timed.bench.upload("c", &contacts(30_000, good)).await;
    timed.put("contacts", json!({"parallel_tasks": 4}), Some(once()), None).await;
    timed.both_at(FAR_MONDAY + 13 * HOUR).await;
    let id = timed.run_of("contacts").await;
    let mut job = timed.comes_to_rest(&id, None).await;
    let forecast = job.forecast.clone().expect("a forecast");
    assert_eq!((forecast.calls, forecast.limit, forecast.days), (600, Some(120), Some(6)), "{forecast:?}");
    assert_eq!(forecast.resumes.as_deref(), Some("2090-01-03T05:00:00Z"));
    let log = timed.bench.log(&id).await;
    let said = log.iter().position(|line| *line == forecast.sentence);
    let sending = log.iter().position(|line| line.ends_with("sending begins."));
    assert!(said.is_some() && said < sending, "{log:#?}");
    assert!(
        forecast.sentence.contains("It will need 6 days and goes on at 2090-01-03 00:00 America/New_York."),
        "{}",
        forecast.sentence
    );
    let mut used = Vec::new();
    while job.state == JobState::ParkedQuota {
        used.push(timed.bench.counters().used_today);
        let wake = moment(job.wake.as_deref().expect("it goes on"));
        let midnight = FAR_MONDAY + 5 * HOUR + i64::try_from(used.len()).expect("few") * DAY;
        assert!((midnight..midnight + 120).contains(&wake), "just after the account's midnight: {wake}");
        timed.both_at(wake).await;
        job = timed.comes_to_rest(&id, Some(&job)).await;
    }
    assert_eq!((job.state, used.as_slice()), (JobState::Success, [108; 5].as_slice()), "on the sixth day");
    assert_eq!(adds_up(&job).delivered, 30_000);
    let counters = timed.bench.counters();
    assert_eq!(counters.quota_refusals, 0, "the reserve keeps from asking in vain: {counters:?}");
    assert_eq!(timed.bench.batches(), 600, "every batch once");
}

#[tokio::test]
async fn without_a_reserve_pardot_says_when() {
    let timed = account(30, 0, 0).await;
    timed.bench.upload("c", &contacts(3_000, good)).await;
    timed.put("contacts", json!({"parallel_tasks": 1}), Some(once()), None).await;
    timed.both_at(FAR_MONDAY + 13 * HOUR).await;
    let id = timed.run_of("contacts").await;
    let mut job = timed.comes_to_rest(&id, None).await;
    let mut days = 1;
    while job.state == JobState::ParkedQuota {
        assert_eq!((timed.bench.counters().used_today, timed.bench.counters().quota_refusals), (30, days), "{job:?}");
        timed.both_at(moment(job.wake.as_deref().expect("it goes on"))).await;
        job = timed.comes_to_rest(&id, Some(&job)).await;
        days += 1;
    }
    assert_eq!((job.state, days), (JobState::Success, 3));
    assert_eq!(adds_up(&job).delivered, 3_000);
}

#[tokio::test]
async fn two_queries_share_a_budget_also_over_a_restart() {
    let mut timed = account(1_000, 10, 20).await;
    timed.bench.upload("c", &contacts(1_000, good)).await;
    for name in ["contacts", "others"] {
        timed.put(name, json!({}), Some(once()), None).await;
    }
    timed.both_at(FAR_MONDAY + 13 * HOUR).await;
    let ids = [timed.run_of("contacts").await, timed.run_of("others").await];
    let mut jobs = Vec::new();
    for id in &ids {
        let job = timed.comes_to_rest(id, None).await;
        assert_eq!(job.state, JobState::ParkedQuota);
        assert!(job.cause.as_ref().is_some_and(|cause| cause.message.contains("budget")), "{job:?}");
        jobs.push(job);
    }
    assert_eq!(timed.bench.counters().used_today, 20, "both together");
    // What was spent today is spent, also for the next process, and for a person who is in a hurry.
    timed = timed.down_until(FAR_MONDAY + 14 * HOUR).await;
    for (id, job) in ids.iter().zip(&mut jobs) {
        timed.bench.app.continue_job(&timed.bench.actor, id).await.expect("continued");
        *job = timed.bench.follow(id, |job| job.wake.is_some() && job.progress.is_none()).await;
        assert_eq!(job.state, JobState::ParkedQuota);
    }
    assert_eq!(timed.bench.counters().used_today, 20, "still");
    let mut days = 1;
    while jobs.iter().any(|job| job.state == JobState::ParkedQuota) {
        let wakes = jobs.iter().filter_map(|job| job.wake.as_deref()).map(moment);
        timed.both_at(wakes.max().expect("one goes on") + days).await;
        days += 1;
        for (id, job) in ids.iter().zip(&mut jobs) {
            if job.state == JobState::ParkedQuota {
                *job = timed.comes_to_rest(id, Some(job)).await;
            }
        }
        assert!(timed.bench.counters().used_today <= 20);
    }
    assert!(jobs.iter().all(|job| job.state == JobState::Success), "{jobs:?}");
    // 40 batches, two questions for the forecasts, four of the test.
    assert_eq!(days, 3);
    assert_eq!(timed.bench.counters().quota_refusals, 0);
}
