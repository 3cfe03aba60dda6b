//! Schedules in a browser: explained before they are saved, paused, resumed, run after all; and the calendar of coming runs.

use api::{Page, ScheduleState, ScheduleView, Slot};
use serde_json::{Value, json};

use crate::house::House;
use crate::screens_export::{leads_to, press, saved};

const SCHEDULE: &str = "/queries/q/schedule";

async fn query(house: &House, name: &str, schedule: Value) {
    let spec = json!({ "name": name, "sql": "SELECT 1 AS id", "schedule": schedule, "time_limit": 60 });
    let answer = house.admin("POST", "/api/v1/queries", Some(spec)).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
}

async fn furnished(schedule: Value) -> (House, String) {
    let house = House::start().await;
    let cookie = house.login().await;
    query(&house, "q", schedule).await;
    (house, cookie)
}

async fn view(house: &House) -> ScheduleView {
    house.admin("GET", "/api/v1/schedules/q", None).await.take(200)
}

#[tokio::test]
async fn a_schedule_is_explained_before_it_is_saved() {
    let (house, cookie) = furnished(Value::Null).await;
    let page = house.page(&cookie, "GET", SCHEDULE, None).await.text();
    assert!(
        page.contains("<option value=\"none\" selected>None</option>") && !page.contains("id=\"history\""),
        "{page}"
    );
    let fields = |verb: &'static str| {
        [
            ("_do", verb),
            ("_revision", "1"),
            ("schedule.repeat", "weekly"),
            ("schedule.days", "mon"),
            ("schedule.days", "fri"),
            ("schedule.start._day", "2099-12-01"),
            ("schedule.start._time", "02:30"),
            ("schedule.end._day", ""),
            ("schedule.end._time", ""),
            ("schedule.timezone", "Europe/Berlin"),
            ("schedule.delay", "600"),
            ("schedule.catch_up", "all"),
            ("schedule.overlap", "queue"),
        ]
    };
    let shown = press(&house, &cookie, SCHEDULE, &fields("show")).await;
    let page = shown.text();
    assert!(shown.status == 200 && page.contains("Every week on Monday and Friday at 02:30"), "{page}");
    assert_eq!(page.matches("02:30 Europe/Berlin").count(), 5, "{page}");
    assert_eq!(saved(&house, "q").await.spec.schedule, None);
    leads_to(&press(&house, &cookie, SCHEDULE, &fields("save")).await, "/queries/q/schedule?done=saved");
    let spec = saved(&house, "q").await.spec;
    let want = json!({
        "repeat": "weekly", "days": ["mon", "fri"], "start": "2099-12-01 02:30", "timezone": "Europe/Berlin", "delay": 600,
        "catch_up": "all", "overlap": "queue"
    });
    assert_eq!((serde_json::to_value(spec.schedule).unwrap(), spec.time_limit), (want, Some(60)));
    leads_to(
        &press(&house, &cookie, SCHEDULE, &[("_do", "save"), ("_revision", "2"), ("schedule.repeat", "none")]).await,
        "/queries/q/schedule?done=saved",
    );
    assert_eq!(saved(&house, "q").await.spec.schedule, None);
}

#[tokio::test]
async fn what_is_wrong_with_a_schedule_stands_beside_its_field() {
    let (house, cookie) = furnished(json!({ "cron": "@yearly" })).await;
    let cases: [(&[(&str, &str)], &str); 5] = [
        (&[("schedule.repeat", "cron"), ("schedule.cron", "0 25 * * *")], "schedule-cron"),
        (&[("schedule.repeat", "@daily"), ("schedule.timezone", "<PST>")], "schedule-timezone"),
        (&[("schedule.repeat", "once")], "schedule-start"),
        (&[("schedule.repeat", "often")], "schedule-repeat"),
        (&[("schedule.repeat", "@daily"), ("schedule.delay", "soon")], "schedule-delay"),
    ];
    for (typed, field) in cases {
        for verb in ["save", "show"] {
            let fields: Vec<(&str, &str)> =
                [("_do", verb), ("_revision", "1")].into_iter().chain(typed.iter().copied()).collect();
            let answer = press(&house, &cookie, SCHEDULE, &fields).await;
            let page = answer.text();
            // What is only looked at is not scolded for what is not there yet.
            let waits = verb == "show" && matches!(field, "schedule-start" | "schedule-repeat" | "schedule-delay");
            assert_eq!(answer.status, if verb == "save" { 422 } else { 200 }, "{field} {verb}: {page}");
            assert_eq!(page.contains(&format!("id=\"f-{field}-fault\"")), !waits, "{field} {verb}: {page}");
            assert!(!page.contains("<PST>"), "{page}");
        }
    }
    assert_eq!(saved(&house, "q").await.revision, 1);
}

#[tokio::test]
async fn a_schedule_is_paused_and_resumed() {
    let (house, cookie) = furnished(json!({ "cron": "@yearly" })).await;
    leads_to(&press(&house, &cookie, SCHEDULE, &[("_do", "pause")]).await, "/queries/q/schedule?done=paused");
    assert_eq!(view(&house).await.state, ScheduleState::Paused);
    let page = house.page(&cookie, "GET", SCHEDULE, None).await.text();
    assert!(page.contains("paused by ada") && page.contains("value=\"resume\""), "{page}");
    // Seen too late: it is said, and nothing happens.
    assert_eq!(press(&house, &cookie, SCHEDULE, &[("_do", "pause")]).await.status, 409);
    leads_to(&press(&house, &cookie, SCHEDULE, &[("_do", "resume")]).await, "/queries/q/schedule?done=resumed");
    assert_eq!(view(&house).await.state, ScheduleState::Active);
}

#[tokio::test]
async fn times_that_have_passed_are_counted_and_then_run_once() {
    let (house, cookie) = furnished(json!({ "cron": "0 2 * * *", "timezone": "Europe/Berlin" })).await;
    let span = [("from._day", "2024-01-01"), ("from._time", ""), ("to._day", "2024-01-03"), ("to._time", "")];
    let form = |verb: &'static str, rest: &[(&'static str, &'static str)]| -> Vec<(&'static str, &'static str)> {
        [("_do", verb)].into_iter().chain(span).chain(rest.iter().copied()).collect()
    };
    let counted = press(&house, &cookie, SCHEDULE, &form("count", &[])).await;
    let page = counted.text();
    assert!(counted.status == 200 && page.contains("3 scheduled times") && page.contains("Run 3 times now"), "{page}");
    assert!(page.contains("name=\"_first\" value=\"2024-01-01T01:00:00Z\""), "{page}");
    // Other times than were counted are counted again, and not run.
    let other =
        press(&house, &cookie, SCHEDULE, &form("backfill", &[("_first", "2024-01-01T01:00:00Z"), ("_slots", "2")]))
            .await;
    assert!(other.status == 409 && other.text().contains("3 scheduled times"), "{}", other.text());
    let history = async || -> Page<Slot> { house.admin("GET", "/api/v1/schedules/q/history", None).await.take(200) };
    assert_eq!(history().await.items.len(), 0);
    let run = form("backfill", &[("_first", "2024-01-01T01:00:00Z"), ("_slots", "3"), ("_once", "n1")]);
    for _ in 0..2 {
        leads_to(&press(&house, &cookie, SCHEDULE, &run).await, "/queries/q/schedule?done=started");
    }
    assert_eq!(history().await.items.len(), 3);
    let page = house.page(&cookie, "GET", SCHEDULE, None).await.text();
    assert!(page.contains("2024-01-03 02:00 Europe/Berlin") && page.contains("started by ada"), "{page}");
    let page = house.page(&cookie, "GET", "/queries/q/schedule?after=2024-01-02T01:00:00Z", None).await.text();
    assert!(
        page.contains("2024-01-01 02:00") && !page.contains("2024-01-03 02:00") && page.contains("Newest"),
        "{page}"
    );
    let again = press(&house, &cookie, SCHEDULE, &form("count", &[])).await.text();
    assert!(
        again.contains("3 of them ran before and are left alone") && !again.contains("value=\"backfill\""),
        "{again}"
    );
    for (from, to, field) in
        [("", "2024-01-01", "from"), ("2024-01-01", "odd", "to"), ("2099-01-01", "2099-01-02", "from")]
    {
        let answer = press(&house, &cookie, SCHEDULE, &[("_do", "count"), ("from._day", from), ("to._day", to)]).await;
        assert_eq!(answer.status, 422, "{from} {to}");
        assert!(answer.text().contains(&format!("id=\"f-{field}-fault\"")), "{from} {to}: {}", answer.text());
    }
}

#[tokio::test]
async fn what_was_typed_for_a_backfill_is_no_schedule() {
    let (house, cookie) = furnished(json!({ "cron": "@yearly" })).await;
    let typed = [("_do", "show"), ("from._day", "2024-01-01"), ("to._day", "2024-01-03")];
    let page = press(&house, &cookie, SCHEDULE, &typed).await.text();
    assert!(page.contains("value=\"2024-01-01\"") && !page.contains("value=\"none\" selected"), "{page}");
}

#[tokio::test]
async fn the_calendar_shows_what_comes_and_how_each_schedule_stands() {
    let (house, cookie) = furnished(json!({ "cron": "@hourly", "timezone": "Asia/Tokyo" })).await;
    query(&house, "resting", json!({ "cron": "@daily" })).await;
    house.admin("POST", "/api/v1/schedules/resting/pause", None).await.take::<ScheduleView>(200);
    let page = house.page(&cookie, "GET", "/schedules?timezone=Europe/Berlin", None).await.text();
    assert!(page.contains("by the clock of Europe/Berlin") && page.contains("24 runs, the last at 23:00"), "{page}");
    assert_eq!(page.matches("<h3>").count(), 7, "{page}");
    assert!(page.contains("paused by ada") && page.contains("/queries/resting/schedule"), "{page}");
    let narrow = house.page(&cookie, "GET", "/schedules?state=paused", None).await.text();
    assert!(narrow.contains("/queries/resting/schedule") && !narrow.contains("/queries/q/schedule"), "{narrow}");
    let none = house.page(&cookie, "GET", "/schedules?name=%3Cb%3E&timezone=odd", None).await.text();
    assert!(
        none.contains("No schedule is like this") && none.contains("&#60;b&#62;") && none.contains("is no time zone"),
        "{none}"
    );
    assert_eq!(house.page(&cookie, "GET", "/schedules?after=a:b:c", None).await.status, 422);
}

#[tokio::test]
async fn many_schedules_come_in_pages() {
    let house = House::start().await;
    let cookie = house.login().await;
    assert!(house.page(&cookie, "GET", "/schedules", None).await.text().contains("No schedules yet"));
    for number in 0..51 {
        query(&house, &format!("q{number:02}"), json!({ "cron": "@yearly" })).await;
    }
    let page = house.page(&cookie, "GET", "/schedules", None).await.text();
    assert!(page.contains("/queries/q49/schedule") && !page.contains("/queries/q50/schedule"), "{page}");
    assert!(page.contains("href=\"/schedules?after=q49\"") && page.contains("there are more on the others"), "{page}");
    let last = house.page(&cookie, "GET", "/schedules?after=q49", None).await.text();
    assert!(
        last.contains("/queries/q50/schedule") && last.contains("First page") && !last.contains("Next page"),
        "{last}"
    );
    // A filter looks beyond the first page.
    let found = house.page(&cookie, "GET", "/schedules?name=q50", None).await.text();
    assert!(found.contains("/queries/q50/schedule") && !found.contains("/queries/q01/schedule"), "{found}");
    // And its pages go on with it.
    let part = house.page(&cookie, "GET", "/schedules?name=Q&state=active", None).await.text();
    assert!(part.contains("after=q49") && part.contains("name=Q") && !part.contains("/queries/q50/schedule"), "{part}");
    let rest = house.page(&cookie, "GET", "/schedules?name=Q&state=active&after=q49", None).await.text();
    assert!(rest.contains("/queries/q50/schedule") && !rest.contains("Next page"), "{rest}");
}
