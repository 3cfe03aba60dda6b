//! The fields of a schedule, their words and what they mean.

use api::{Fire, Place};
use proptest::option;
use proptest::prelude::{Just, Strategy, prop_oneof, proptest};
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::*;
use crate::sent::sent;

fn panel(form: &Form) -> String {
    Panel::new(form, &Faults::none(), "schedule", None).render().unwrap()
}

fn read_back(form: &Form) -> Option<Schedule> {
    let mut reading = Reading::new(form);
    let schedule = read(&mut reading, "schedule");
    assert_eq!(reading.problems, []);
    schedule
}

fn schedules() -> Vec<Value> {
    let mut all = vec![json!({}), json!({"cron": "@yearly"}), json!({"cron": "0 2 * * mon-fri"})];
    all.extend(["@hourly", "@daily", "@weekly", "@monthly"].map(|cron| json!({ "cron": cron })));
    all.extend(["hourly", "daily", "weekly", "monthly"].map(|repeat| json!({ "repeat": repeat })));
    all.push(json!({"repeat": "once", "start": "2026-12-01 02:30"}));
    all.push(json!({"repeat": "weekly", "days": ["mon", "fri"], "start": "2026-12-01", "end": "2026-12-31 12:00"}));
    all.push(json!({"cron": "@daily", "start": "2026-12-01", "end": "2026-12-31", "timezone": "Europe/Berlin"}));
    all.push(json!({"cron": "0 2 * * *", "delay": 600, "catch_up": "all", "overlap": "queue"}));
    all.push(json!({"repeat": "daily", "catch_up": "none", "timezone": "<b>\"&'"}));
    all
}

#[test]
fn a_form_gives_a_schedule_back_as_it_was() {
    for document in schedules() {
        let schedule: Schedule = serde_json::from_value(document.clone()).unwrap();
        let want = Some(schedule.clone()).filter(|schedule| *schedule != Schedule::default());
        let form = Form::of(&json!({ "schedule": schedule }));
        assert_eq!(read_back(&form), want, "{document}");
        for script in [true, false] {
            assert_eq!(read_back(&sent(&panel(&form), script)), want, "{document}");
        }
    }
}

#[test]
fn the_drop_down_is_the_manuals_and_knows_what_a_document_says() {
    let cases = [
        ("", "none", "None"),
        ("schedule.cron=", "none", "None"),
        ("schedule.cron=none", "none", "None"),
        ("schedule.cron=@hourly", "@hourly", "@hourly (:00)"),
        ("schedule.cron=@daily", "@daily", "@daily (midnight)"),
        ("schedule.cron=0+0+1+*+*", "cron", "Custom cron..."),
        ("schedule.repeat=weekly", "weekly", "Every week, on days..."),
        ("schedule.repeat=none&schedule.cron=@daily", "none", "None"),
        ("schedule.repeat=odd", "odd", "odd"),
    ];
    for (body, value, words) in cases {
        let html = panel(&Form::read(body.as_bytes()));
        assert!(html.contains(&format!("<option value=\"{value}\" selected>{words}</option>")), "{body}: {html}");
    }
}

#[test]
fn a_schedule_that_is_none_for_a_moment_comes_back_whole() {
    let schedule = json!({
        "repeat": "daily", "start": "2026-12-01 02:30", "end": "2027-01-01", "timezone": "Asia/Tokyo", "delay": 600,
        "overlap": "queue", "catch_up": "all"
    });
    let mut form = sent(&panel(&Form::of(&json!({ "schedule": schedule }))), true);
    let before = read_back(&form);
    form.set("schedule.repeat", "none");
    form = sent(&panel(&form), true);
    assert_eq!(read_back(&form), None);
    form.set("schedule.repeat", "daily");
    assert_eq!(read_back(&sent(&panel(&form), true)), before);
}

#[test]
fn what_belongs_to_another_choice_waits_and_is_not_saved() {
    let schedule = json!({"repeat": "weekly", "days": ["tue"], "timezone": "Asia/Tokyo"});
    let mut form = sent(&panel(&Form::of(&json!({ "schedule": schedule }))), true);
    for (choice, days) in [("@daily", 0), ("none", 0), ("weekly", 1)] {
        form.set("schedule.repeat", choice);
        form = sent(&panel(&form), true);
        let read = read_back(&form);
        assert_eq!(read.as_ref().map(|read| read.days.len()), (choice != "none").then_some(days), "{choice}");
        if let Some(read) = read {
            assert_eq!(read.timezone.as_deref(), Some("Asia/Tokyo"), "{choice}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_said_at_its_field() {
    let form = Form::read(b"schedule.repeat=odd&schedule.delay=soon&schedule.overlap=maybe&schedule.catch_up=one");
    let mut reading = Reading::new(&form);
    read(&mut reading, "schedule");
    let places: Vec<&str> = reading.problems.iter().map(|place| place.at.as_str()).collect();
    assert_eq!(places, ["schedule.overlap", "schedule.delay", "schedule.repeat"]);
    let faults = Faults::of(reading.problems);
    let html = Panel::new(&form, &faults, "schedule", None).render().unwrap();
    assert_eq!(html.matches("class=\"fault\"").count(), 3, "{html}");
}

#[test]
fn what_is_wrong_with_a_start_opens_it() {
    let form = Form::read(b"schedule.repeat=@daily&schedule.start._day=&schedule.start._time=02:30");
    let place = Place { at: "schedule.start".into(), message: "must be a day".into(), hint: None };
    let html = Panel::new(&form, &Faults::of([place]), "schedule", None).render().unwrap();
    assert!(html.contains("must be a day") && !html.contains("<summary>Start and end"), "{html}");
}

#[test]
fn only_what_says_when_is_asked_about() {
    let cases = [
        ("schedule.repeat=none", None),
        ("schedule.repeat=cron&schedule.cron=", None),
        ("schedule.repeat=once&schedule.start._day=", None),
        ("schedule.repeat=once&schedule.start._day=2026-12-01", Some(("", Some(Repeat::Once)))),
        ("schedule.repeat=@daily&schedule.cron=0+0+*+*+*", Some(("@daily", None))),
        ("schedule.repeat=cron&schedule.cron=+0+0+*+*+*+", Some(("0 0 * * *", None))),
    ];
    for (body, want) in cases {
        let asked = asked(&Form::read(body.as_bytes()), "schedule").map(|asked| (asked.cron, asked.repeat));
        assert_eq!(asked, want.map(|(cron, repeat)| (cron.to_owned(), repeat)), "{body}");
    }
}

#[test]
fn the_next_runs_are_shown_as_text() {
    let fire = Fire {
        scheduled: "2026-12-01T01:30:00Z".into(),
        local: "2026-12-01 02:30 Europe/Berlin".into(),
        starts: "2026-12-01T01:40:00Z".into(),
    };
    let explained =
        CronExplanation { words: "At <02:30>".into(), remarks: vec!["30 & 31".into()], next: vec![fire; 5] };
    let form = Form::read(b"schedule.repeat=@daily&schedule.delay=600");
    let html = Panel::new(&form, &Faults::none(), "schedule", Some(&explained)).render().unwrap();
    assert!(html.contains("At &#60;02:30&#62;") && html.contains("30 &#38; 31"), "{html}");
    assert_eq!(html.matches("2026-12-01 02:30 Europe/Berlin").count(), 5);
    assert_eq!(html.matches("starts <time datetime=\"2026-12-01T01:40:00Z\"").count(), 5, "{html}");
}

#[test]
fn every_zone_that_is_suggested_is_one() {
    for zone in ZONES {
        assert!(model::Zone::parse(zone).is_ok(), "{zone}");
    }
}

fn any_moment() -> impl Strategy<Value = Option<String>> {
    option::of(prop_oneof!["20[0-9]{2}-1[0-2]-[12][0-9]", "20[0-9]{2}-1[0-2]-[12][0-9] [01][0-9]:[0-5][0-9]"])
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    let days = || subsequence(DAYS.map(|(day, _)| day.to_owned()).to_vec(), 0..=7);
    let how = prop_oneof![
        select(vec!["@hourly", "@daily", "@weekly", "@monthly", "@yearly"]).prop_map(|cron| (
            cron.to_owned(),
            None,
            Vec::new()
        )),
        "[0-9*,/-]{1,5}( [0-9*,/-]{1,5}){4}".prop_map(|cron| (cron, None, Vec::new())),
        select(vec![Repeat::Once, Repeat::Hourly, Repeat::Daily, Repeat::Monthly]).prop_map(|repeat| (
            String::new(),
            Some(repeat),
            Vec::new()
        )),
        (Just(Repeat::Weekly), days()).prop_map(|(repeat, days)| (String::new(), Some(repeat), days)),
    ];
    let catch_up = select(vec![CatchUp::One, CatchUp::All, CatchUp::None]);
    let overlap = select(vec![Overlap::Queue, Overlap::Skip]);
    let zone = option::of("[!-~]([ -~]{0,20}[!-~])?");
    (how, any_moment(), any_moment(), zone, 0..=LONGEST_DELAY, catch_up, overlap).prop_map(
        |((cron, repeat, days), start, end, timezone, delay, catch_up, overlap)| Schedule {
            cron,
            repeat,
            days,
            start,
            end,
            timezone,
            delay,
            catch_up,
            overlap,
        },
    )
}

proptest! {
    #[test]
    fn any_schedule_comes_back_as_it_was(schedule in any_schedule()) {
        let form = Form::of(&json!({ "schedule": schedule }));
        assert_eq!(read_back(&sent(&panel(&form), true)), Some(schedule));
    }
}
