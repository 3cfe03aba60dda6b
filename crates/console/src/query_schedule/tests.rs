//! The schedule of a query: form to document, refusals, history.

use api::{Role, Scope};
use serde_json::{Value, json};

use super::*;
use crate::query_parts::tests::chrome;
use crate::sent::sent;

fn query(schedule: &Value) -> Query {
    let spec = json!({"name": "nightly", "sql": "SELECT 1", "schedule": schedule});
    Query {
        revision: 3,
        created: String::new(),
        updated: String::new(),
        last_job: None,
        spec: serde_json::from_value(spec).unwrap(),
    }
}

fn view(state: ScheduleState) -> ScheduleView {
    serde_json::from_value(json!({
        "of": "query", "query": "nightly", "schedule": {"cron": "@daily"}, "words": "At 00:00 every day", "state": state,
        "reason": {"message": "paused by <ada>", "hint": "resume it"}, "since": "2026-11-20T01:11:00Z", "next": [], "failures": 2
    }))
    .unwrap()
}

fn around(view: Option<ScheduleView>) -> Around {
    Around {
        view,
        explained: None,
        history: Page::all(Vec::new()),
        later: false,
        backfill: Backfill::default(),
        yaml: "name: nightly\n".into(),
    }
}

fn page(query: &Query, scope: Scope, around: Around) -> String {
    let role = if scope == Scope::Read { Role::Viewer } else { Role::Editor };
    SchedulePage::new(&chrome(role, scope), query, None, around).render().unwrap()
}

#[test]
fn a_schedule_is_paused_and_resumed_and_says_why_it_rests() {
    let saved = query(&json!({"cron": "@daily"}));
    for (state, verb) in
        [(ScheduleState::Active, "pause"), (ScheduleState::Paused, "resume"), (ScheduleState::Disabled, "resume")]
    {
        let html = page(&saved, Scope::Edit, around(Some(view(state))));
        assert!(html.contains(&format!("value=\"{verb}\"")), "{html}");
        assert!(html.contains("paused by &#60;ada&#62;"), "{html}");
        assert_eq!(html.contains("2 runs in a row failed"), state != ScheduleState::Disabled, "{html}");
    }
    let html = page(&saved, Scope::Read, around(Some(view(ScheduleState::Active))));
    assert!(!html.contains("name=\"_do\"") && html.contains("You look only"), "{html}");
    let html = page(&query(&json!(null)), Scope::Edit, around(None));
    assert!(!html.contains("History") && !html.contains("value=\"pause\""), "{html}");
}

#[test]
fn what_became_of_times_is_told() {
    let slot = |state: &str, job: Option<&str>| -> Slot {
        serde_json::from_value(
            json!({"scheduled": "2026-11-20T01:00:00Z", "local": "2026-11-20 02:00 Europe/Berlin", "state": state,
            "at": "2026-11-20T01:10:00Z", "note": "<b>", "job_id": job}),
        )
        .unwrap()
    };
    let history =
        Page { items: vec![slot("missed", None), slot("run", Some("j"))], next: Some("2026-11-20T01:00:00Z".into()) };
    let html = page(
        &query(&json!({"cron": "@daily"})),
        Scope::Edit,
        Around { history, ..around(Some(view(ScheduleState::Active))) },
    );
    assert!(
        html.contains("missed</span>") && html.contains("job deleted</span>") && html.contains("&#60;b&#62;"),
        "{html}"
    );
    assert!(html.contains("/queries/nightly/schedule?after=2026-11-20T01%3A00%3A00Z#history"), "{html}");
}

#[test]
fn a_backfill_is_counted_before_it_is_done() {
    let fire = |day: u32| Fire {
        scheduled: format!("2026-11-{day:02}T01:00:00Z"),
        local: format!("2026-11-{day:02} 02:00 Europe/Berlin"),
        starts: String::new(),
    };
    let backfill = Backfill {
        form: Form::read(b"from._day=2026-11-01&from._time=&to._day=2026-11-03&to._time=12:00"),
        faults: Faults::none(),
        count: Some(Count { times: (1..4).map(fire).collect(), ran: 1, more: true }),
    };
    assert_eq!(span(&backfill.form), ("2026-11-01".to_owned(), "2026-11-03 12:00".to_owned()));
    let saved = query(&json!({"cron": "@daily"}));
    let html = page(&saved, Scope::Edit, Around { backfill, ..around(Some(view(ScheduleState::Active))) });
    assert!(
        html.contains("3 scheduled times")
            && html.contains("Run 2 times now")
            && html.contains("one backfill takes 100"),
        "{html}"
    );
    let form = sent(html.split("id=\"backfill\"").nth(1).unwrap(), true);
    assert_eq!(span(&form), ("2026-11-01".to_owned(), "2026-11-03 12:00".to_owned()));
    assert_eq!((form.get("_first"), form.get("_slots")), ("2026-11-01T01:00:00Z", "3"));
}

#[test]
fn the_command_sets_the_same_schedule() {
    let cases = [
        (json!(null), "schedules remove nightly"),
        (json!({"cron": "@daily"}), "schedules set nightly @daily"),
        (
            json!({"cron": "0 2 * * *", "timezone": "Europe/Berlin", "delay": 600, "catch_up": "all", "overlap": "queue"}),
            "schedules set nightly '0 2 * * *' --timezone Europe/Berlin --delay 600 --catch-up all --overlap queue",
        ),
        (
            json!({"repeat": "weekly", "days": ["mon", "fri"], "start": "2026-12-01 02:30", "end": "2026-12-31"}),
            "schedules set nightly --repeat weekly --days mon,fri --start '2026-12-01 02:30' --end 2026-12-31",
        ),
    ];
    for (schedule, want) in cases {
        let query = query(&schedule);
        let copied = copied(&chrome(Role::Editor, Scope::Edit), &query, &form_of(&query));
        assert_eq!(copied.cli, format!("sluice {want} --server http://127.0.0.1:8080"));
    }
}
