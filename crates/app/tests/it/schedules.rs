//! Schedules by a clock that the tests set: what fires, what is skipped, what is filled up, and what a job knows of its time.

use api::{Backfill, CatchUp, Overlap, RunRequest, Schedule, ScheduleState, SlotState};
use app::AppError;
use expect_test::expect;
use model::JobState;
use pardot_sim::{Fault, FaultKind, When};
use serde_json::json;

use crate::bench::{Bench, contacts, good};
use crate::timed::{HOUR, MONDAY, Timed, catching_up, hourly, scheduled};

fn unavailable() -> Fault {
    let kind = FaultKind::Status { status: 503, when: When::Before, retry_after: None, html: false };
    Fault::always(kind).path("batchUpsert")
}

fn said(error: &AppError) -> String {
    match error {
        AppError::Invalid(problems) => problems.to_string(),
        other => format!("{other}\n  hint: {}", other.hint().unwrap_or_default()),
    }
}

/// The emails that the sandbox has, sorted.
fn emails(bench: &Bench) -> Vec<String> {
    let mut emails: Vec<String> =
        bench.prospects().iter().filter_map(|prospect| Some(prospect["email"].as_str()?.to_owned())).collect();
    emails.sort();
    emails
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
    let slots = timed.slots("contacts").await;
    let job = slots[0].job.as_ref().expect("it is there");
    assert_eq!((job.state, job.scheduled.as_deref()), (JobState::Success, Some("2026-11-23T01:00:00Z")));
    assert_eq!(job.actor.as_deref(), Some("schedule"));
    // Lists of jobs have no forecasts.
    assert_eq!(job.forecast, None);
    let job = timed.bench.app.job(&timed.bench.actor, &job.id).await.expect("it is there");
    let forecast = job.forecast.as_ref().map(|forecast| forecast.sentence.as_str());
    assert_eq!(forecast, Some("5 rows = 1 call; 22,499 left today, 2,500 are kept for others."));
    let view = timed.view().await;
    assert_eq!((view.state, view.next[0].scheduled.as_str()), (ScheduleState::Active, "2026-11-23T03:00:00Z"));
}

#[tokio::test]
async fn what_passed_while_nothing_ran_is_caught_up() {
    let cases = [(CatchUp::One, 1, 25), (CatchUp::All, 26, 0), (CatchUp::None, 0, 26)];
    for (catch_up, runs, missed) in cases {
        let timed = Timed::new(catching_up(catch_up)).await;
        let timed = timed.down_until(MONDAY + 26 * HOUR + 1_000).await;
        timed.settle().await;
        let history = timed.history().await;
        let count = |state| history.iter().filter(|(_, found)| *found == state).count();
        assert_eq!((count(SlotState::Run), count(SlotState::Missed)), (runs, missed), "{catch_up:?}");
    }
}

#[tokio::test]
async fn a_parked_job_holds_its_query() {
    for overlap in [Overlap::Skip, Overlap::Queue] {
        let timed = Timed::new(Schedule::default()).await;
        timed.bench.sandbox.fault(unavailable());
        let settings = json!({"maximum_retries": 0, "parallel_tasks": 1});
        timed.put("contacts", settings, Some(Schedule { overlap, ..hourly() }), None).await;
        timed.at(MONDAY + HOUR).await;
        let first = timed.slots("contacts").await[0].job_id.clone().expect("a job");
        timed.bench.follow(&first, |job| job.wake.is_some()).await;
        timed.at(MONDAY + 2 * HOUR).await;
        timed.at(MONDAY + 3 * HOUR).await;
        let first_parked = timed.bench.follow(&first, |job| job.wake.is_some() && job.progress.is_none()).await;
        assert_eq!(first_parked.state, JobState::ParkedOutage);
        timed.bench.sandbox.clear_faults();
        timed.at(MONDAY + 3 * HOUR + 1_000).await;
        timed.bench.follow(&first, |job| job.state == JobState::Success).await;
        timed.at(MONDAY + 4 * HOUR).await;
        timed.settle().await;
        let slots = timed.slots("contacts").await;
        let jobs: Vec<_> = slots.iter().filter_map(|slot| slot.job.clone()).collect();
        let states: Vec<JobState> = jobs.iter().map(|job| job.state).collect();
        match overlap {
            Overlap::Skip => {
                use JobState::{Skipped, Success};
                assert_eq!(states, [Success, Skipped, Skipped, Success]);
                assert_eq!(
                    jobs[1].sentence,
                    format!(
                        "Skipped: job {first} of the same query was still at work. To do: let runs wait for each other \
                         with overlap: queue."
                    )
                );
            }
            Overlap::Queue => assert_eq!(states, [JobState::Success; 4]),
        }
        assert_eq!(timed.bench.counters().in_flight_max, 1, "never two at once");
    }
}

#[tokio::test]
async fn a_backfill_runs_what_did_not_run() {
    let timed = Timed::new(Schedule { timezone: Some("Europe/Berlin".into()), ..hourly() }).await;
    for hour in [1, 2, 6] {
        timed.at(MONDAY + hour * HOUR + if hour == 6 { 1_800 } else { 0 }).await;
    }
    use SlotState::{Missed, Run};
    assert_eq!(timed.history().await, [(1, Run), (2, Run), (3, Missed), (4, Missed), (5, Missed), (6, Run)]);
    let (app, actor) = (&timed.bench.app, &timed.bench.actor);
    let fill = |from: &str, slots| {
        app.backfill(actor, api::Scheduled::Query, "contacts", Backfill { from: from.into(), slots })
    };
    let hours = |slots: &[api::Slot]| -> Vec<i64> {
        slots.iter().map(|slot| (scheduled(slot) - MONDAY).div_euclid(HOUR)).collect()
    };

    // A moment. Some of it ran, some was missed, some was before the schedule was there.
    let filled = fill("2026-11-22T22:30:00Z", 6).await.expect("taken");
    assert_eq!((hours(&filled.started), hours(&filled.already)), (vec![-1, 0, 3, 4], vec![1, 2]));
    assert!(filled.started.iter().all(|slot| slot.state == Run));
    // A day begins where the schedule's clock says so; what ran is named, and left alone.
    let filled = fill("2026-11-23", 3).await.expect("taken");
    assert_eq!((hours(&filled.started), hours(&filled.already)), (vec![], vec![-1, 0, 1]));
    let filled = fill("2026-11-23 05:00", 100).await.expect("only what has come");
    assert_eq!((hours(&filled.started), hours(&filled.already)), (vec![5], vec![4, 6]));

    timed.settle().await;
    let slots = timed.slots("contacts").await;
    assert_eq!(hours(&slots), [-1, 0, 1, 2, 3, 4, 5, 6]);
    for slot in &slots {
        let job = slot.job.as_ref().expect("a job");
        assert_eq!((slot.state, job.state), (Run, JobState::Success));
        assert_eq!(job.scheduled.as_deref(), Some(slot.scheduled.as_str()));
    }
    let errors = [
        fill("2026-11-01", 101).await,
        fill("2026-11-01", 0).await,
        fill("2026-11-23T06:00:01Z", 5).await,
        fill("yesterday", 5).await,
    ];
    let errors: Vec<String> = errors.into_iter().map(|answer| said(&answer.expect_err("refused"))).collect();
    expect![[r#"
        slots: must be a number from 1 to 100
          hint: run the rest with a second backfill
        slots: must be a number from 1 to 100
          hint: run the rest with a second backfill
        from: no scheduled time from there has come yet
          hint: a backfill runs times that have passed
        from: is no time
          hint: write 2026-11-01, 2026-11-01 02:00 (by the schedule's time zone) or 2026-11-01T02:00:00Z"#]]
    .assert_eq(&errors.join("\n"));
    timed.put("plain", json!({}), None, None).await;
    let none =
        app.backfill(actor, api::Scheduled::Query, "plain", Backfill { from: "2026-11-23".into(), slots: 1 }).await;
    expect![[r#"
        query plain has no schedule
          hint: give it one: schedule: {cron: "@daily"}"#]]
    .assert_eq(&said(&none.expect_err("refused")));
}

#[tokio::test]
async fn a_paused_schedule_leaves_times_alone() {
    let timed = Timed::new(catching_up(CatchUp::All)).await;
    let (app, actor) = (&timed.bench.app, &timed.bench.actor);
    timed.at(MONDAY + HOUR).await;
    let paused = app.pause_schedule(actor, api::Scheduled::Query, "contacts").await.expect("paused");
    assert_eq!((paused.state, paused.next.len()), (ScheduleState::Paused, 0));
    assert_eq!(paused.reason.expect("a reason").message, "paused by command line");
    expect![[r#"
        the schedule of contacts does not fire: paused by command line
          hint: resume it to have it fire again"#]]
    .assert_eq(&said(&app.pause_schedule(actor, api::Scheduled::Query, "contacts").await.expect_err("refused")));
    timed.at(MONDAY + 3 * HOUR + 1).await;
    // A person's run is no matter of the schedule.
    let by_hand = timed.bench.run().await;
    timed.bench.follow(&by_hand.id, |job| job.state == JobState::Success).await;
    let timed = timed.down_until(MONDAY + 4 * HOUR + 1).await;
    assert_eq!(timed.history().await, [(1, SlotState::Run)], "also over a restart");
    let (app, actor) = (&timed.bench.app, &timed.bench.actor);
    let resumed = app.resume_schedule(actor, api::Scheduled::Query, "contacts").await.expect("resumed");
    assert_eq!((resumed.state, resumed.next[0].scheduled.as_str()), (ScheduleState::Active, "2026-11-23T05:00:00Z"));
    expect![[r#"
        the schedule of contacts is active already
          hint: "#]]
    .assert_eq(&said(&app.resume_schedule(actor, api::Scheduled::Query, "contacts").await.expect_err("refused")));
    timed.at(MONDAY + 5 * HOUR).await;
    timed.settle().await;
    assert_eq!(timed.history().await, [(1, SlotState::Run), (5, SlotState::Run)]);
}

#[tokio::test]
async fn another_cron_begins_anew_and_other_changes_do_not() {
    let waiting = Schedule { delay: 7_200, ..hourly() };
    let timed = Timed::new(waiting.clone()).await;
    // 01:00 waits until 03:00.
    timed.at(MONDAY + HOUR + 1).await;
    timed.schedule(Schedule { overlap: Overlap::Skip, catch_up: CatchUp::All, ..waiting.clone() }).await;
    timed.at(MONDAY + 3 * HOUR).await;
    assert_eq!(timed.history().await, [(1, SlotState::Run)]);
    // 02:00 and 03:00 wait, and are times of another cron from now on.
    timed.schedule(Schedule { cron: "30 * * * *".into(), ..waiting.clone() }).await;
    timed.at(MONDAY + 5 * HOUR).await;
    assert_eq!(timed.history().await.len(), 1);
    timed.at(MONDAY + 5 * HOUR + 1_800).await;
    timed.settle().await;
    let times: Vec<String> = timed.slots("contacts").await.into_iter().map(|slot| slot.scheduled).collect();
    assert_eq!(times, ["2026-11-23T01:00:00Z", "2026-11-23T03:30:00Z"]);
    // Taken away, and made again under the same name: nothing is left of it.
    let (app, actor) = (&timed.bench.app, &timed.bench.actor);
    app.delete_query(actor, "contacts").await.expect("deleted");
    timed.at(MONDAY + 8 * HOUR).await;
    assert!(matches!(app.schedule(actor, api::Scheduled::Query, "contacts").await, Err(AppError::NotFound { .. })));
    assert_eq!(app.schedules(actor, None, 10).await.expect("a list").items, []);
    timed.schedule(hourly()).await;
    assert_eq!(timed.history().await, []);
    timed.at(MONDAY + 9 * HOUR).await;
    timed.settle().await;
    assert_eq!(timed.history().await, [(9, SlotState::Run)]);
    // No schedule is not one that is paused.
    timed.schedule(Schedule::default()).await;
    assert!(matches!(app.schedule(actor, api::Scheduled::Query, "contacts").await, Err(AppError::Conflict { .. })));
}

#[tokio::test]
async fn the_sql_knows_the_scheduled_time() {
    const SQL: &str = "SELECT 'at-' || CAST((TD_SCHEDULED_TIME() - 1795392000) / 3600 AS VARCHAR) || '@example.com' AS email \
                       FROM c";
    let schedule = Schedule { delay: 600, ..catching_up(CatchUp::All) };
    let timed = Timed::new(Schedule::default()).await;
    timed.bench.upload("c", &contacts(1, good)).await;
    timed.put_sql(SQL, schedule).await;
    timed.at(MONDAY + HOUR + 601).await;
    timed.settle().await;
    assert_eq!(emails(&timed.bench), ["at-1@example.com"]);
    // Three are caught up, hours late; the first of them does not come through, the others wait for it.
    timed.bench.sandbox.fault(unavailable());
    let timed = timed.down_until(MONDAY + 4 * HOUR + 3_000).await;
    let first = timed.slots("contacts").await[1].job_id.clone().expect("a job");
    timed.bench.follow(&first, |job| job.wake.is_some()).await;
    timed.bench.sandbox.clear_faults();
    let timed = timed.down_until(MONDAY + 4 * HOUR + 3_500).await;
    timed.settle().await;
    let all = ["at-1@example.com", "at-2@example.com", "at-3@example.com", "at-4@example.com"];
    assert_eq!(emails(&timed.bench), all);
    // By hand it is the time of the start, or any that is asked for.
    timed.at(MONDAY + 5 * HOUR).await;
    let request = RunRequest { scheduled_time: Some("2026-11-30T01:00:00+01:00".into()), ..RunRequest::default() };
    for request in [RunRequest::default(), request] {
        let job = timed.bench.start(request).await.expect("started");
        timed.bench.follow(&job.id, |job| job.state == JobState::Success).await;
    }
    let mut more = all.map(str::to_owned).to_vec();
    more.extend(["at-168@example.com".to_owned(), "at-5@example.com".to_owned()]);
    more.sort();
    assert_eq!(emails(&timed.bench), more);
    assert_eq!(timed.history().await.len(), 4, "runs by hand are no times of the schedule");
    let wrong = RunRequest { scheduled_time: Some("noon".into()), ..RunRequest::default() };
    expect![[r#"
        scheduled_time: is no moment
          hint: write it in RFC 3339, like 2026-11-23T02:00:00Z or 2026-11-23T03:00:00+01:00"#]]
    .assert_eq(&said(&timed.bench.start(wrong).await.expect_err("refused")));
}
