//! Timetables: written in another way, changed while their times are filled up, and remembered long.

use api::{Backfill, RunRequest, Schedule, SlotState};
use app::AppError;
use expect_test::expect;
use model::JobState;
use serde_json::json;

use crate::bench::until;
use crate::timed::{DAY, HOUR, MONDAY, Timed, hourly};

fn daily(cron: &str, timezone: Option<&str>) -> Schedule {
    Schedule { cron: cron.into(), timezone: timezone.map(str::to_owned), delay: 2 * 3_600, ..hourly() }
}

#[tokio::test]
async fn another_way_to_write_the_same_times_drops_none() {
    // The time of Tuesday waits for its delay while the schedule is written in another way.
    let cases = [
        (daily("@daily", None), daily("0 0 * * *", None), true),
        (daily("0 0 * * mon,tue", Some("UTC")), daily("0 0 * * 1-2", Some("utc")), true),
        (daily("0 1 * * *", Some("europe/berlin")), daily("0 1 * * *", Some("Europe/Berlin")), true),
        (daily("@daily", None), daily("@daily", Some("UTC")), true),
        (daily("@daily", None), daily("@daily", Some("Africa/Abidjan")), false),
        (daily("@daily", None), daily("0 0 * * mon-fri", None), false),
    ];
    for (written, again, waits) in cases {
        let timed = Timed::new(written).await;
        timed.at(MONDAY + DAY + HOUR).await;
        timed.schedule(again.clone()).await;
        timed.at(MONDAY + DAY + 2 * HOUR).await;
        assert_eq!(timed.history().await.len(), usize::from(waits), "{again:?}");
    }
}

#[tokio::test]
async fn a_backfill_lets_others_have_their_turn() {
    let timed = Timed::new(Schedule { cron: "@yearly".into(), ..Schedule::default() }).await;
    timed.schedule(hourly()).await;
    let (app, actor) = (&timed.bench.app, &timed.bench.actor);
    let fill =
        |slots| app.backfill(actor, api::Scheduled::Query, "contacts", Backfill { from: "2026-11-20".into(), slots });
    let ended = std::cell::RefCell::new(Vec::new());
    let (filled, paused) = tokio::join!(
        async {
            let filled = fill(60).await;
            ended.borrow_mut().push("backfill");
            filled
        },
        async {
            let paused = app.pause_schedule(actor, api::Scheduled::Query, "contacts").await;
            ended.borrow_mut().push("pause");
            paused
        },
    );
    assert_eq!((filled.expect("filled").started.len(), paused.is_ok()), (60, true));
    assert_eq!(*ended.borrow(), ["pause", "backfill"]);

    // Another cron in the middle has other times.
    let (filled, ()) = tokio::join!(fill(70), timed.schedule(Schedule { cron: "30 * * * *".into(), ..hourly() }));
    let AppError::Conflict { message, hint } = filled.expect_err("changed") else { panic!("another error") };
    let ran = timed.slots("contacts").await.len() - 60;
    assert!(ran < 10, "{ran}");
    expect![[r#"
        the schedule of contacts was changed on the way: N of 70 times were started
        look at its history, and run what is left with another backfill"#]]
    .assert_eq(&format!("{}\n{}", message.replace(&format!(" {ran} of"), " N of"), hint.unwrap_or_default()));
}

#[tokio::test]
async fn a_time_is_remembered_longer_than_its_job() {
    let timed = Timed::new(hourly()).await;
    timed.at(MONDAY + HOUR).await;
    timed.settle().await;
    let job = timed.slots("contacts").await[0].job_id.clone().expect("a job");
    let (app, actor) = (&timed.bench.app, &timed.bench.actor);
    app.pause_schedule(actor, api::Scheduled::Query, "contacts").await.expect("paused");
    // Jobs stay for 90 days, times for 400.
    timed.at(MONDAY + 399 * DAY).await;
    until("the job is swept away", || async { app.job(actor, &job).await.is_err().then_some(()) }).await;
    let slot = timed.slots("contacts").await.remove(0);
    assert_eq!((slot.state, slot.job_id.as_deref(), &slot.job), (SlotState::Run, Some(job.as_str()), &None));
    let last = timed.view().await.last.expect("its newest time");
    assert_eq!(last.scheduled, slot.scheduled);
    let filled = app
        .backfill(actor, api::Scheduled::Query, "contacts", Backfill { from: "2026-11-23T01:00:00Z".into(), slots: 1 })
        .await;
    let filled = filled.expect("taken");
    assert_eq!((filled.started.len(), filled.already.len()), (0, 1));
    // A look at some rows comes and goes with the next sweep.
    let look = RunRequest { kind: Some(api::JobKind::Result), ..RunRequest::default() };
    let look = timed.bench.start(look).await.expect("started");
    timed.bench.follow(&look.id, |job| job.state == JobState::Success).await;
    timed.at(MONDAY + 600 * DAY).await;
    until("what came after it is swept away", || async { app.job(actor, &look.id).await.is_err().then_some(()) }).await;
    until("the time is forgotten", || async { timed.history().await.is_empty().then_some(()) }).await;
}

#[tokio::test]
async fn a_list_shows_each_schedule_with_its_own_newest_time() {
    let timed = Timed::new(hourly()).await;
    for name in ["a", "b", "none"] {
        let schedule = Some(hourly()).filter(|_| name != "none");
        timed.put(name, json!({}), schedule, None).await;
    }
    timed.at(MONDAY + HOUR).await;
    for name in ["a", "b", "contacts"] {
        let job = timed.slots(name).await[0].job_id.clone().expect("a job");
        timed.bench.follow(&job, |job| job.finished.is_some()).await;
    }
    timed.put("late", json!({}), Some(hourly()), None).await;
    let (app, actor) = (&timed.bench.app, &timed.bench.actor);
    let mut shown = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = app.schedules(actor, after.as_deref(), 2).await.expect("a page");
        for view in page.items {
            let job = view.last.and_then(|slot| slot.job);
            shown.push((view.query, job.and_then(|job| job.query)));
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let wanted = [("a", true), ("b", true), ("contacts", true), ("late", false)];
    assert_eq!(shown, wanted.map(|(name, ran)| (name.to_owned(), ran.then(|| name.to_owned()))));
}
