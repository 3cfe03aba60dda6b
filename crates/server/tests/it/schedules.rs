//! Schedules through the door: what is refused, where, and what is answered.

use api::{Backfilled, CronExplanation, Page, Query, ScheduleState, ScheduleView, Slot, SlotState};
use serde_json::{Value, json};

use crate::house::House;

/// A query of this name; `schedule` as it is, or none.
async fn query(house: &House, name: &str, schedule: Value) -> Query {
    let spec = json!({ "name": name, "sql": "SELECT 1 AS id", "schedule": schedule });
    house.admin("POST", "/api/v1/queries", Some(spec)).await.take(201)
}

#[tokio::test]
async fn a_schedule_is_a_part_of_its_query() {
    let house = House::start().await;
    let schedule = json!({ "cron": "0 2 1 1 *", "timezone": "Europe/Berlin", "delay": 60 });
    let made = query(&house, "nightly", schedule).await;
    assert_eq!(made.spec.schedule.as_ref().map(|schedule| schedule.cron.as_str()), Some("0 2 1 1 *"));
    query(&house, "by hand", Value::Null).await;
    let view: ScheduleView = house.admin("GET", "/api/v1/schedules/nightly", None).await.take(200);
    assert_eq!((view.query.as_str(), view.state, view.next.len()), ("nightly", ScheduleState::Active, 5));
    assert!(view.next[0].local.contains("02:00"), "{:?}", view.next[0]);
    assert!(view.next[0].scheduled.ends_with("-01-01T01:00:00Z"), "{:?}", view.next[0]);
    assert!(view.next[0].starts.ends_with("-01-01T01:01:00Z"), "{:?}", view.next[0]);
    for (path, status) in [("nobody", 404), ("by%20hand", 409), ("by%20hand/history", 409)] {
        let answer = house.admin("GET", &format!("/api/v1/schedules/{path}"), None).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
    }
    assert_eq!(house.admin("POST", "/api/v1/schedules/nightly/resume", None).await.status, 409, "it fires");
    let paused: ScheduleView = house.admin("POST", "/api/v1/schedules/nightly/pause", None).await.take(200);
    assert_eq!((paused.state, paused.next.len()), (ScheduleState::Paused, 0));
    let resumed: ScheduleView = house.admin("POST", "/api/v1/schedules/nightly/resume", None).await.take(200);
    assert_eq!((resumed.state, resumed.next.len()), (ScheduleState::Active, 5));

    // Without a schedule in the query there is none any more.
    let spec = json!({ "name": "nightly", "sql": "SELECT 1 AS id" });
    house.admin("PUT", "/api/v1/queries/nightly", Some(spec)).await.take::<Query>(200);
    assert_eq!(house.admin("GET", "/api/v1/schedules/nightly", None).await.status, 409);
    assert_eq!(house.admin("POST", "/api/v1/schedules/nightly/pause", None).await.status, 409);
}

#[tokio::test]
async fn schedules_come_in_pages() {
    let house = House::start().await;
    for name in ["c", "a", "b"] {
        query(&house, name, json!({ "cron": "@yearly" })).await;
    }
    query(&house, "none", Value::Null).await;
    let (mut names, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/schedules?limit=2{after}");
        let page: Page<ScheduleView> = house.admin("GET", &path, None).await.take(200);
        assert!(page.items.len() <= 2);
        names.extend(page.items.into_iter().map(|view| view.query));
        let Some(next) = page.next else { break };
        after = format!("&after={next}");
    }
    assert_eq!(names, ["a", "b", "c"]);
    for limit in ["0", "501", "x"] {
        let answer = house.admin("GET", &format!("/api/v1/schedules?limit={limit}"), None).await;
        assert_eq!(answer.status, 400, "{limit}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_by_its_place() {
    let house = House::start().await;
    let cases = [
        (json!({ "cron": "0 25 * * *" }), "schedule.cron"),
        (json!({ "cron": "* * *" }), "schedule.cron"),
        (json!({ "cron": "@daily", "timezone": "Europe/Berln" }), "schedule.timezone"),
        (json!({ "cron": "@daily", "timezone": "../etc/passwd" }), "schedule.timezone"),
        (json!({ "cron": "@daily", "catch_up": "some" }), "schedule.catch_up"),
        (json!({ "cron": "@daily", "delay": -1 }), "schedule.delay"),
        (json!({ "cron": "@daily", "later": 1 }), "schedule.later"),
        (json!({ "start": "2099-01-01" }), "schedule.repeat"),
        (json!({ "repeat": "often" }), "schedule.repeat"),
        (json!({ "repeat": "daily", "cron": "@daily" }), "schedule.repeat"),
        (json!({ "repeat": "once" }), "schedule.start"),
        (json!({ "repeat": "weekly", "days": ["mon", "tu"] }), "schedule.days[1]"),
        (json!({ "repeat": "daily", "start": "2026-02-30" }), "schedule.start"),
        (json!({ "repeat": "daily", "start": "2099-01-02", "end": "2099-01-01" }), "schedule.end"),
    ];
    for (schedule, at) in cases {
        let spec = json!({ "name": "q", "sql": "SELECT 1 AS id", "schedule": schedule });
        let answer = house.admin("POST", "/api/v1/queries", Some(spec)).await;
        assert_eq!(answer.status, 422, "{schedule}: {}", answer.text());
        let place = answer.json()["problems"][0]["at"].as_str().unwrap().to_owned();
        assert_eq!(place.trim_start_matches("query."), at, "{schedule}: {}", answer.text());
    }
    // Both at once.
    let schedule = json!({ "cron": "61 * * * *", "timezone": "Mars/Olympus" });
    let spec = json!({ "name": "q", "sql": "SELECT 1 AS id", "schedule": schedule });
    let answer = house.admin("POST", "/api/v1/queries", Some(spec)).await;
    assert_eq!(answer.json()["problems"].as_array().map(Vec::len), Some(2), "{}", answer.text());
}

#[tokio::test]
async fn times_that_have_passed_run_once() {
    let house = House::start().await;
    query(&house, "q", json!({ "cron": "@yearly" })).await;
    let path = "/api/v1/schedules/q/backfill";
    let asked = json!({ "from": "2020-06-01", "slots": 2 });
    let first: Backfilled = house.admin("POST", path, Some(asked.clone())).await.take(202);
    let times: Vec<&str> = first.started.iter().map(|slot| slot.scheduled.as_str()).collect();
    assert_eq!(times, ["2021-01-01T00:00:00Z", "2022-01-01T00:00:00Z"]);
    assert!(first.started.iter().all(|slot| slot.state == SlotState::Run && slot.job_id.is_some()));
    let again: Backfilled = house.admin("POST", path, Some(asked)).await.take(202);
    assert_eq!((again.started.len(), again.already.len()), (0, 2));

    let history = "/api/v1/schedules/q/history";
    let page: Page<Slot> = house.admin("GET", &format!("{history}?limit=1"), None).await.take(200);
    assert_eq!(page.items[0].scheduled, "2022-01-01T00:00:00Z");
    let next = page.next.unwrap();
    let page: Page<Slot> = house.admin("GET", &format!("{history}?limit=1&after={next}"), None).await.take(200);
    assert_eq!(page.items[0].scheduled, "2021-01-01T00:00:00Z");
    let job = house.admin("GET", &format!("/api/v1/jobs/{}", page.items[0].job_id.clone().unwrap()), None).await;
    assert_eq!(job.json()["scheduled"], "2021-01-01T00:00:00Z");

    for (asked, status) in [
        (json!({}), 422),
        (json!({ "from": "2020-06-01" }), 422),
        (json!({ "from": "2020-06-01", "slots": 0 }), 422),
        (json!({ "from": "2020-06-01", "slots": 101 }), 422),
        (json!({ "from": "yesterday", "slots": 1 }), 422),
        (json!({ "from": "2020-06-01", "slots": 1, "to": "x" }), 422),
    ] {
        let answer = house.admin("POST", path, Some(asked.clone())).await;
        assert_eq!(answer.status.as_u16(), status, "{asked}: {}", answer.text());
    }
    let wrong = house.admin("GET", &format!("{history}?after=nonsense"), None).await;
    assert_eq!(wrong.status, 422, "{}", wrong.text());
}

#[tokio::test]
async fn a_cron_is_explained_to_whoever_may_read() {
    let house = House::start().await;
    let read = house.bearer("read").await;
    let path = "/api/v1/cron/explain";
    let asked = json!({ "cron": "0 0 1 * 1", "after": "2026-11-23T12:00:00Z", "next": 2 });
    let said: CronExplanation = house.by(&read, "POST", path, Some(asked)).await.take(200);
    let next: Vec<&str> = said.next.iter().map(|fire| fire.scheduled.as_str()).collect();
    assert_eq!(next, ["2026-11-30T00:00:00Z", "2026-12-07T00:00:00Z"]);
    assert!(said.words.contains("Monday") && !said.remarks.is_empty(), "{said:?}");
    let asked = json!({
        "repeat": "weekly", "days": ["fri"], "start": "2026-12-01 02:30", "timezone": "Asia/Tokyo",
        "after": "2026-11-23T12:00:00Z", "next": 1,
    });
    let said: CronExplanation = house.by(&read, "POST", path, Some(asked)).await.take(200);
    assert_eq!(said.next[0].scheduled, "2026-12-03T17:30:00Z");
    // Who says nothing has no schedule.
    let said: CronExplanation = house.by(&read, "POST", path, Some(json!({}))).await.take(200);
    assert!(said.next.is_empty(), "{said:?}");
    for (asked, at) in [
        (json!({ "cron": "a * * * *" }), "cron"),
        (json!({ "cron": "@daily", "repeat": "daily" }), "repeat"),
        (json!({ "cron": "@daily", "timezone": "Nowhere" }), "timezone"),
        (json!({ "cron": "@daily", "next": 101 }), "next"),
        (json!({ "cron": "@daily", "after": "soon" }), "after"),
    ] {
        let answer = house.by(&read, "POST", path, Some(asked.clone())).await;
        assert_eq!(answer.status, 422, "{asked}: {}", answer.text());
        assert!(answer.json()["problems"][0]["at"].as_str().unwrap().starts_with(at), "{}", answer.text());
    }
    assert_eq!(house.anybody("POST", path, Some(json!({ "cron": "@daily" }))).await.status, 401);
}

#[tokio::test]
async fn a_run_may_have_the_time_of_another_day() {
    let house = House::start().await;
    query(&house, "q", Value::Null).await;
    let path = "/api/v1/queries/q/runs";
    let job = house.admin("POST", path, Some(json!({ "scheduled_time": "2020-02-29T23:00:00+01:00" }))).await;
    assert_eq!(job.json()["scheduled"], "2020-02-29T22:00:00Z", "{}", job.text());
    let wrong = house.admin("POST", path, Some(json!({ "scheduled_time": "29.2.2020" }))).await;
    assert_eq!(wrong.status, 422, "{}", wrong.text());
    assert_eq!(wrong.json()["problems"][0]["at"], "scheduled_time", "{}", wrong.text());
}

#[tokio::test]
async fn a_viewer_looks_and_does_not_touch() {
    let house = House::start().await;
    query(&house, "q", json!({ "cron": "@yearly" })).await;
    let read = house.bearer("read").await;
    for path in ["schedules", "schedules/q", "schedules/q/history"] {
        assert_eq!(house.by(&read, "GET", &format!("/api/v1/{path}"), None).await.status, 200, "{path}");
    }
    for (path, body) in
        [("pause", None), ("resume", None), ("backfill", Some(json!({ "from": "2020-01-01", "slots": 1 })))]
    {
        let answer = house.by(&read, "POST", &format!("/api/v1/schedules/q/{path}"), body).await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
    }
}
