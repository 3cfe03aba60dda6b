//! The calendar of coming runs as pages.

use api::{Role, Scope};
use serde_json::json;

use super::*;
use crate::query_parts::tests::chrome;

/// 2026-11-24 09:00 UTC, a Tuesday.
const NOW: i64 = 1_795_510_800;

fn view(of: &str, name: &str, state: &str, zone: Option<&str>) -> ScheduleView {
    serde_json::from_value(json!({
        "of": of, "query": name, "schedule": {"cron": "@daily", "timezone": zone}, "words": "At 00:00 every day", "state": state,
        "reason": {"message": "5 runs failed", "hint": "resume it"}, "next": [], "failures": 0
    }))
    .unwrap()
}

fn every(seconds: i64) -> Vec<i64> {
    (1..).map(|number| NOW + number * seconds).take_while(|start| *start < NOW + DAYS * DAY).collect()
}

fn page(filter: &Filter, schedules: Vec<(ScheduleView, Vec<i64>)>) -> String {
    let found = Found { schedules, next: Some("activation:a&b".into()), later: false };
    Calendar::new(&chrome(Role::Viewer, Scope::Read), filter, found, NOW).render().unwrap()
}

#[test]
fn runs_stand_on_their_days_by_the_clock_that_was_asked_for() {
    // 23:30 UTC is the next day in Berlin.
    let late = NOW + 14 * 3_600 + 1_800;
    let schedules = vec![
        (view("query", "late", "active", Some("America/New_York")), vec![late]),
        (view("activation", "often", "active", None), every(3_600)),
        (view("query", "resting", "paused", None), Vec::new()),
        (view("query", "minutes", "active", None), every(60)),
    ];
    let zones = [("UTC", "Today, Tuesday 24 Nov", "23:30"), ("Europe/Berlin", "Tomorrow, Wednesday 25 Nov", "00:30")];
    for (name, day, at) in zones {
        let (days, often) = of_days(&schedules, &Zone::parse(name).unwrap(), NOW);
        assert_eq!(days.len(), 7, "{name}");
        let found = days.iter().find(|day| day.runs.iter().any(|run| run.name == "late")).unwrap();
        let run = found.runs.iter().find(|run| run.name == "late").unwrap();
        assert_eq!((found.title.as_str(), run.at.as_str()), (day, at));
        assert_eq!(run.own.as_deref(), Some("2026-11-24 18:30 America/New_York"));
        // Many runs of one day stand in one line, and very many in none.
        assert!(days.iter().all(|day| day.runs.iter().filter(|run| run.name == "often").count() <= 1));
        let whole = days[2].runs.iter().find(|run| run.name == "often").unwrap();
        assert_eq!(whole.many, Some((24, "23:00".to_owned())), "{name}");
        assert_eq!(often.iter().map(|one| (one.name.as_str(), one.runs)).collect::<Vec<_>>(), [("minutes", 1_439)]);
    }
}

#[test]
fn the_list_says_how_each_stands_and_where_it_is_written() {
    let schedules = vec![
        (view("query", "<b>", "disabled", None), Vec::new()),
        (view("activation", "welcome", "active", None), Vec::new()),
        (view("parent_segment", "people", "active", None), Vec::new()),
    ];
    let html = page(&Filter::default(), schedules);
    assert!(html.contains("&#60;b&#62;") && html.contains("5 runs failed. What to do: resume it"), "{html}");
    assert_eq!(html.matches("5 runs failed").count(), 1, "{html}");
    for address in ["/queries/%3Cb%3E/schedule", "/activations/welcome", "/parent-segments/people"] {
        assert!(html.contains(&format!("href=\"{address}\"")), "{address}: {html}");
    }
    assert!(html.contains("/schedules?after=activation%3Aa%26b"), "{html}");
}

#[test]
fn a_filter_stands_in_the_address_of_every_page() {
    let filter = Filter::read(&Form::read(b"name=a%26b&state=active&timezone=Europe/Berlin"));
    assert_eq!(filter.address(Some("x y")), "/schedules?name=a%26b&state=active&timezone=Europe%2FBerlin&after=x+y");
    assert_eq!(Filter::default().address(None), "/schedules");
}

#[test]
fn an_empty_calendar_says_what_to_do_next() {
    let empty = |filter: &Filter| {
        Calendar::new(&chrome(Role::Viewer, Scope::Read), filter, Found::default(), NOW).render().unwrap()
    };
    assert!(empty(&Filter::default()).contains("No schedules yet"));
    let narrow = empty(&Filter { name: "x".into(), timezone: "PST".into(), ..Filter::default() });
    assert!(narrow.contains("No schedule is like this") && narrow.contains("is no time zone"), "{narrow}");
}
