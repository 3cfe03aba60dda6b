//! The calendar of coming runs.

use api::{Role, ScheduleView};
use askama::Template;
use console::Section;
use console::calendar::{Calendar, DAY, Filter, Found};
use serde_json::json;

use crate::{Pages, chrome};

/// 2026-11-24 09:00 UTC
const NOW: i64 = 1_795_510_800;

fn schedule(name: &str, of: &str, every: i64, state: &str) -> Option<(ScheduleView, Vec<i64>)> {
    let first = NOW - NOW % every + every;
    let starts = (0..).map(|number| first + number * every).take_while(|start| *start < NOW + 7 * DAY).collect();
    let halted = state != "active";
    let view = serde_json::from_value(json!({
        "of": of, "query": name, "words": format!("Every {} hours", every / 3600), "state": state, "failures": 0,
        "schedule": {"cron": "0 2 * * *", "timezone": if of == "query" { "Europe/Berlin" } else { "UTC" }},
        "reason": halted.then(|| json!({"message": "5 runs in a row failed: there is no column emial", "hint": "change the SQL, then resume it"})),
        "next": if halted { json!([]) } else { json!([{"scheduled": "2026-11-25T01:00:00Z", "local": "2026-11-25 02:00 Europe/Berlin", "starts": "2026-11-25T01:10:00Z"}]) },
        "last": if every > 7200 { json!({"scheduled": "2026-11-23T01:00:00Z", "local": "2026-11-23 02:00 Europe/Berlin", "state": "missed", "at": "2026-11-23T01:10:00Z"}) } else { json!(null) }
    }));
    Some((view.ok()?, if halted { Vec::new() } else { starts }))
}

pub(crate) fn pages() -> Pages {
    let of = |role, filter: &Filter, schedules: Vec<Option<_>>, next: Option<&str>| {
        let found =
            Found { schedules: schedules.into_iter().flatten().collect(), next: next.map(str::to_owned), later: false };
        Calendar::new(&chrome(role, Section::Schedules), filter, found, NOW).render()
    };
    let usual = vec![
        schedule("nightly", "query", 86_400, "active"),
        schedule("hourly scores", "query", 3_600, "active"),
        schedule("welcome", "activation", 43_200, "active"),
        schedule("people", "parent_segment", 86_400, "active"),
        schedule("every minute", "query", 60, "active"),
        schedule("broken", "query", 86_400, "disabled"),
        schedule("<script>alert(1)</script>", "query", 172_800, "active"),
        schedule(&"long-name-".repeat(30), "query", 259_200, "paused"),
    ];
    let many = (0..50)
        .map(|number| schedule(&format!("query {number}"), "query", 3_600 * (6 + number % 20), "active"))
        .collect();
    let berlin = Filter { timezone: "Europe/Berlin".into(), ..Filter::default() };
    let narrow = Filter { name: "nothing".into(), timezone: "odd".into(), ..Filter::default() };
    let pages = [
        ("calendar", of(Role::Editor, &berlin, usual, None)),
        ("calendar-empty", of(Role::Viewer, &Filter::default(), Vec::new(), None)),
        ("calendar-many", of(Role::Viewer, &Filter::default(), many, Some("query 49"))),
        ("calendar-narrow", of(Role::Viewer, &narrow, Vec::new(), None)),
    ];
    pages.into_iter().filter_map(|(name, html)| Some((name.to_owned(), html.ok()?))).collect()
}
