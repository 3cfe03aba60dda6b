//! The front page: quiet, busy, in trouble, new.

use api::{Connection, Job, Role, ScheduleView, Scheduled, StateCount};
use askama::Template;
use console::home::{Home, Overview};
use console::{Chrome, Section};
use model::JobState;
use serde_json::{Value, json};

use crate::settings::HOSTILE;
use crate::{Pages, chrome};

fn job(number: u32, state: JobState, members: Value) -> Job {
    let mut job = json!({
        "id": format!("1ng8pt7tc6{number:02}"), "state": state.name(), "sentence": "", "kind": "export", "origin": "server",
        "created": format!("2026-11-23T02:{:02}:01Z", 59 - number % 60), "has_result": false, "can_continue": true,
        "query": "nightly contacts", "connection": "prod",
    });
    for (name, value) in members.as_object().into_iter().flatten() {
        job[name] = value.clone();
    }
    serde_json::from_value(job).unwrap_or_else(|error| unreachable!("{error}"))
}

fn rows(delivered: u64, rejected: u64, held: u64) -> Value {
    let read = delivered + rejected + held;
    json!({ "read": read, "delivered": delivered, "rejected": rejected, "superseded": 0, "held": held, "unsent": 0 })
}

/// Connections: one that is well, one that must be connected again, one that nobody connected.
pub(crate) fn connections() -> Vec<Connection> {
    let one = |name: &str, state: &str, remark: Option<&str>| {
        let connection = json!({
            "name": name, "revision": 1, "created": "2026-11-01T00:00:00Z", "updated": "2026-11-01T00:00:00Z",
            "pardot_domain": "https://pi.pardot.com", "business_unit": "0Uv4W000000CaVoSAK", "connected_app": "default",
            "login_url": "https://login.salesforce.com", "grant": "refresh_token",
            "secrets": {"client_secret": true, "refresh_token": true, "private_key": false},
            "reserve": 10, "daily_budget": 25_000, "state": state, "remark": remark, "used_by": ["nightly contacts"],
        });
        serde_json::from_value(connection).unwrap_or_else(|error| unreachable!("{error}"))
    };
    vec![
        one("prod", "connected", None),
        one("eu", "needs_reconnect", Some("Salesforce refuses the grant: connect again")),
        one(HOSTILE, "not_connected", Some("nobody has approved the app yet: press Connect")),
    ]
}

fn schedule(name: &str, of: Scheduled, state: &str) -> ScheduleView {
    let fire = |hour: u32| {
        let at = format!("2026-11-24T{hour:02}:00:00Z");
        json!({ "scheduled": at, "local": format!("Tue 2026-11-24 {:02}:00 Europe/Berlin", hour + 1), "starts": at })
    };
    let next = if state == "active" { vec![fire(1), fire(9)] } else { vec![] };
    let view = json!({
        "of": of, "query": name, "schedule": {"cron": "@daily"}, "words": "every day at midnight", "state": state,
        "reason": {"message": "the last five runs failed: there is no column emial", "hint": "mend the query, then resume"},
        "since": "2026-11-22T02:00:00Z", "next": next, "failures": 5,
    });
    serde_json::from_value(view).unwrap_or_else(|error| unreachable!("{error}"))
}

fn busy() -> Overview {
    let failed = json!({ "sentence": "There is no column emial. Nothing was sent. To do: write email.", "finished": "2026-11-23T02:10:00Z" });
    let held = json!({ "query": null, "activation": "Welcome list", "rows": rows(9_800, 12, 3), "sentence":
        "3 rows are held: they were sent, and whether Pardot took them is not known. Repeating them could duplicate." });
    let done = |number: u32, rejected| {
        job(
            number,
            JobState::Success,
            json!({ "rows": rows(12_345, rejected, 0), "query": format!("query {number}"), "finished": "2026-11-23T02:40:00Z" }),
        )
    };
    Overview {
        counts: vec![
            StateCount { state: JobState::Sending, jobs: 2 },
            StateCount { state: JobState::Queued, jobs: 1 },
            StateCount { state: JobState::Failed, jobs: 3 },
            StateCount { state: JobState::Success, jobs: 9_874 },
        ],
        open: vec![
            job(1, JobState::Sending, json!({ "rows": rows(2_500, 3, 0), "started": "2026-11-23T02:58:00Z" })),
            job(2, JobState::Queued, json!({ "query": null, "parent_segment": "customers" })),
            job(
                3,
                JobState::ParkedQuota,
                json!({ "query": HOSTILE, "sentence": "Today's Pardot calls are used up. It goes on at midnight in New York." }),
            ),
        ],
        troubled: vec![
            job(4, JobState::Failed, failed.clone()),
            job(5, JobState::Failed, failed),
            job(6, JobState::Held, held),
        ],
        ended: (7..20).map(|number| done(number, u64::from(number % 3))).collect(),
        schedules: vec![
            schedule("nightly contacts", Scheduled::Query, "active"),
            schedule("customers", Scheduled::ParentSegment, "active"),
            schedule("Welcome list", Scheduled::Activation, "disabled"),
            schedule(&"long ".repeat(60), Scheduled::Query, "active"),
        ],
        more_schedules: true,
        connections: connections(),
        table: true,
        query: Some("nightly contacts".into()),
    }
}

pub(crate) fn pages() -> Pages {
    let at = |role| chrome(role, Section::Home);
    let calm = Overview {
        counts: vec![StateCount { state: JobState::Success, jobs: 12 }],
        open: vec![],
        troubled: vec![],
        schedules: vec![],
        connections: vec![],
        more_schedules: false,
        ..busy()
    };
    let calm = Overview { connections: connections().into_iter().take(1).collect(), ..calm };
    let half = Overview {
        table: true,
        ..Overview { connections: connections().into_iter().take(1).collect(), ..Overview::default() }
    };
    let bare = |role| Chrome { sandbox: false, ..at(role) };
    let pages = [
        ("home-new", Home::new(at(Role::Admin), &Overview::default())),
        ("home-new-viewer", Home::new(bare(Role::Viewer), &Overview::default())),
        ("home-begun", Home::new(bare(Role::Editor), &half)),
        ("home-calm", Home::new(at(Role::Viewer), &calm)),
        ("home-busy", Home::new(at(Role::Admin), &busy())),
    ];
    pages.into_iter().filter_map(|(name, page)| Some((name.to_owned(), page.render().ok()?))).collect()
}
