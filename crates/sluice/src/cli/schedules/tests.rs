//! Schedules on a screen, and what arguments make of one.

use api::{CatchUp, Cause, Fire, Overlap};
use expect_test::expect;

use super::*;

fn view() -> ScheduleView {
    let local = "2026-11-24 02:00 Europe/Berlin".to_owned();
    ScheduleView {
        query: "nightly".into(),
        schedule: Schedule {
            cron: "0 2 31 * *".into(),
            timezone: Some("Europe/Berlin".into()),
            delay: 600,
            catch_up: CatchUp::One,
            overlap: Overlap::Skip,
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
          hint: a new schedule needs one: @daily, or '30 2 * * *'
        --catch-up: must be one, all or none
        --overlap: must be skip or queue"#]]
    .assert_eq(&merged(&wrong, None).unwrap_err().to_string());
}
