//! Schedules on a screen, and what arguments make of one.

use api::{Cause, Fire};
use expect_test::expect;

use super::*;

fn view() -> ScheduleView {
    let local = "2026-11-24 02:00 Europe/Berlin".to_owned();
    ScheduleView {
        of: Scheduled::Query,
        query: "nightly".into(),
        schedule: Schedule {
            cron: "0 2 31 * *".into(),
            timezone: Some("Europe/Berlin".into()),
            delay: 600,
            ..Schedule::default()
        },
        words: "At 02:00 on day 31 of the month".into(),
        remarks: vec!["5 months have no 31st".into()],
        state: ScheduleState::Disabled,
        reason: Some(Cause { message: "the last 5 runs failed".into(), hint: Some("mend the query".into()) }),
        since: Some("2026-11-24T01:00:00Z".into()),
        next: vec![Fire {
            scheduled: "2026-11-24T01:00:00Z".into(),
            local: local.clone(),
            starts: "2026-11-24T01:10:00Z".into(),
        }],
        last: Some(Slot {
            scheduled: "2026-11-23T01:00:00Z".into(),
            local,
            state: SlotState::Missed,
            at: String::new(),
            note: None,
            job_id: None,
            job: None,
        }),
        failures: 5,
    }
}

#[test]
fn a_schedule_is_readable() {
    expect![[r#"
        query      nightly
        when       At 02:00 on day 31 of the month
        cron       0 2 31 * *
        time zone  Europe/Berlin
        delay      600 seconds
        catch-up   one run for the newest missed time
        overlap    a run is skipped while another job is at work
        state      disabled since 2026-11-24T01:00:00Z
        why        the last 5 runs failed
        hint       mend the query
        failures   5 in a row
        last       2026-11-24 02:00 Europe/Berlin: missed
        note: 5 months have no 31st

        NEXT                            STARTS
        2026-11-24 02:00 Europe/Berlin  2026-11-24T01:10:00Z

        to fire again: sluice schedules resume 'nightly'"#]]
    .assert_eq(&text(&view()));
    expect![[r#"
        schedule   At 02:00 on day 31 of the month (Europe/Berlin)
                   disabled
        next runs  2026-11-24 02:00"#]]
    .assert_eq(&brief(&view()));
}

#[test]
fn what_is_not_given_stays() {
    let first =
        ScheduleParts { cron: Some("@daily".into()), timezone: Some("Asia/Kolkata".into()), ..Default::default() };
    let made = merged(&first, None).unwrap();
    let second = ScheduleParts { delay: Some(60), catch_up: Some("none".into()), ..Default::default() };
    let changed = merged(&second, Some(&made)).unwrap();
    expect![[r#"{"cron":"@daily","timezone":"Asia/Kolkata","delay":60,"catch_up":"none","overlap":"skip"}"#]]
        .assert_eq(&serde_json::to_string(&changed).unwrap());
    let wrong = ScheduleParts { catch_up: Some("some".into()), overlap: Some("wait".into()), ..Default::default() };
    expect![[r#"
        CRON: is missing
          hint: a new schedule needs one: @daily, or '30 2 * * *'; or --repeat daily
        --catch-up: must be one, all or none
        --overlap: must be skip or queue"#]]
    .assert_eq(&merged(&wrong, None).unwrap_err().to_string());
}

#[test]
fn the_start_and_the_end_are_shown() {
    let schedule = Schedule {
        repeat: Some(Repeat::Weekly),
        days: vec!["mon".into()],
        start: Some("2026-12-01 02:30".into()),
        end: Some("2026-12-31".into()),
        ..Schedule::default()
    };
    let words = "Every week on Monday at 02:30, from 2026-12-01 to 2026-12-31".into();
    let view = ScheduleView { schedule, words, of: Scheduled::Activation, last: None, next: Vec::new(), ..view() };
    let shown = text(&view);
    expect![[r#"
        activation  nightly
        when        Every week on Monday at 02:30, from 2026-12-01 to 2026-12-31
        start       2026-12-01 02:30
        end         2026-12-31
        time zone   UTC
    "#]]
    .assert_eq(shown.split("catch-up").next().unwrap());
}

#[test]
fn a_cron_and_a_repeat_take_the_place_of_each_other() {
    let texts = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<String>>());
    let text = |text: &str| Some(text.to_owned());
    let steps = [
        ScheduleParts { cron: text("@daily"), ..Default::default() },
        ScheduleParts { repeat: text("weekly"), days: texts(&["mon", "fri"]), ..Default::default() },
        ScheduleParts { start: text("2026-12-01 02:30"), end: text("2026-12-31"), ..Default::default() },
        ScheduleParts { repeat: text("weekly"), end: text(""), ..Default::default() },
        ScheduleParts { repeat: text("monthly"), ..Default::default() },
        ScheduleParts { repeat: text("weekly"), days: texts(&["sun"]), ..Default::default() },
        ScheduleParts { days: texts(&[""]), ..Default::default() },
        ScheduleParts { cron: text("0 2 * * *"), start: text(""), ..Default::default() },
    ];
    let mut found: Option<Schedule> = None;
    let mut seen = String::new();
    for parts in steps {
        let made = merged(&parts, found.as_ref()).unwrap();
        seen += &format!(
            "{}\n",
            serde_json::to_string(&made).unwrap().replace(r#","catch_up":"one","overlap":"skip""#, "")
        );
        found = Some(made);
    }
    expect![[r#"
        {"cron":"@daily"}
        {"repeat":"weekly","days":["mon","fri"]}
        {"repeat":"weekly","days":["mon","fri"],"start":"2026-12-01 02:30","end":"2026-12-31"}
        {"repeat":"weekly","days":["mon","fri"],"start":"2026-12-01 02:30"}
        {"repeat":"monthly","start":"2026-12-01 02:30"}
        {"repeat":"weekly","days":["sun"],"start":"2026-12-01 02:30"}
        {"repeat":"weekly","start":"2026-12-01 02:30"}
        {"cron":"0 2 * * *"}
    "#]]
    .assert_eq(&seen);
    let wrong = ScheduleParts { repeat: text("often"), ..Default::default() };
    expect!["--repeat: must be once, hourly, daily, weekly or monthly"]
        .assert_eq(&merged(&wrong, None).unwrap_err().to_string());
}
