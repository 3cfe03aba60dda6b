//! Export Results, Schedule and Notifications of a query.

use api::{
    Cause, Connection, CronExplanation, Fire, Forecast, Job, Notifications, Notify, Page, Place, Query, QuerySpec,
    Role, ScheduleState, ScheduleView, Slot,
};
use askama::Template;
use console::query_export::{self, ExportPage, Look};
use console::query_notify::NotifyPage;
use console::query_schedule::{self, Backfill, Count, SchedulePage};
use console::{Chrome, Faults, Form, Section, Typed};
use serde_json::{Value, json};

use crate::{Pages, chrome};

fn of<T: serde::de::DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value).ok()
}

fn query(spec: Value, job: Option<Job>) -> Query {
    let spec: QuerySpec = of(spec).unwrap_or_default();
    let (created, updated) = ("2026-11-20T08:00:00Z".to_owned(), "2026-11-23T08:00:00Z".to_owned());
    Query { revision: 3, created, updated, last_job: job, spec }
}

fn job(id: &str, state: &str, rows: u64) -> Option<Job> {
    of(json!({
        "id": id, "state": state, "sentence": "All rows have arrived.", "kind": "export", "origin": "server",
        "created": "2026-11-23T02:10:00Z", "finished": "2026-11-23T02:14:00Z", "result_rows": rows,
        "has_result": true, "can_continue": false
    }))
}

fn connection(name: &str, state: &str) -> Option<Connection> {
    of(json!({
        "name": name, "revision": 1, "created": "", "updated": "", "pardot_domain": "https://pi.pardot.com",
        "business_unit": "0Uv000000000001AAA", "connected_app": "default", "login_url": "https://login.salesforce.com/",
        "grant": "refresh_token", "secrets": {"client_secret": false, "refresh_token": true, "private_key": false}, "reserve": 10, "daily_budget": 0,
        "state": state, "used_by": []
    }))
}

const HOSTILE: &str = "<script>alert(1)</script> مرحبا";

fn long() -> String {
    "long-name-".repeat(30)
}

fn full() -> Value {
    json!({
        "name": "nightly", "sql": "SELECT email, score FROM contacts",
        "export": {"connection": "prod", "settings": {"prospect_lists": "4321,4322", "skip_invalid_records": true}},
        "schedule": {"cron": "0 2 * * mon-fri", "timezone": "Europe/Berlin", "delay": 600, "catch_up": "one", "overlap": "skip"},
        "notify": {"recipients": ["ada@example.com", "bob@example.com"], "on": ["failure", "reconnect", "disabled"], "rejected_over": 100}
    })
}

fn look() -> Look {
    let columns = ["email", "first_name", "score"].map(|name| (name.to_owned(), None));
    Look { columns: columns.into(), fields_known: true, forecast: forecast(), ..Look::default() }
}

fn forecast() -> Option<Forecast> {
    of(json!({
        "sentence": "12,000 rows = 240 calls; 15,300 left today, 2,500 are kept for others.", "calls": 240, "used": 7200,
        "limit": 25000, "left": 15300, "days": 1
    }))
}

fn bad_look() -> Look {
    let place =
        |message: &str, hint: &str| Place { at: "columns".into(), message: message.into(), hint: Some(hint.into()) };
    Look {
        columns: vec![
            ("first_name".into(), None),
            ("Score".into(), Some(place("is no field of a prospect", "names are case-sensitive: write AS score"))),
            (HOSTILE.into(), Some(place("is no field of a prospect", "did you mean <email>?"))),
            (long(), Some(place("is no field of a prospect", "see `sluice fields` for the fields of your account"))),
        ],
        missing: vec![place(
            "no key: the result has no column id, fid or email",
            "select the column that says which prospect a row is about",
        )],
        fields_known: false,
        forecast: None,
    }
}

fn exports(pages: &mut Vec<(String, askama::Result<String>)>, editor: &Chrome, viewer: &Chrome) {
    let connections: Vec<Connection> =
        [connection("prod", "connected"), connection("eu", "needs_reconnect")].into_iter().flatten().collect();
    let around = |look| query_export::Around { connections: connections.clone(), look, ..Default::default() };
    let saved = query(full(), job("job_01", "success", 12_000));
    let bare = query(json!({"name": "nightly", "sql": "SELECT email FROM contacts"}), None);
    let typed = |body: &str, places: Vec<Place>, stale| Typed {
        form: Form::read(body.as_bytes()),
        faults: Faults::of(places),
        stale,
    };
    let place = |at: &str, message: &str| Place {
        at: at.into(),
        message: message.into(),
        hint: Some("seconds from 0 to 86400".into()),
    };
    let wrong = typed(
        "export.connection=prod&export.settings.data_object=list_memberships&export.settings.maximum_retry_wait=soon&_revision=2",
        vec![
            place("export.settings.maximum_retry_wait", "must be seconds from 0 to 86400"),
            place("sql", "list_id is required for list_memberships"),
        ],
        true,
    );
    let hostile = query(
        json!({"name": format!("{HOSTILE} {}", long()), "sql": "", "export": {"connection": HOSTILE, "settings": {"prospect_lists": HOSTILE}}}),
        None,
    );
    let mut add = |name: &str, html| pages.push((format!("export-{name}"), html));
    add("saved", ExportPage::new(editor, &saved, None, around(Some(look()))).render());
    add("new", ExportPage::new(editor, &bare, None, around(None)).render());
    add("empty", ExportPage::new(editor, &bare, None, query_export::Around::default()).render());
    add("problems", ExportPage::new(editor, &saved, Some(wrong), around(Some(bad_look()))).render());
    let asks = query_export::Around { asks: true, ..around(None) };
    add("remove", ExportPage::new(editor, &saved, None, asks).render());
    add("hostile", ExportPage::new(editor, &hostile, None, around(Some(bad_look()))).render());
    add("viewer", ExportPage::new(viewer, &saved, None, around(Some(look()))).render());
}

fn fires() -> Vec<Fire> {
    let fire = |day: u32| Fire {
        scheduled: format!("2026-11-{day}T01:00:00Z"),
        local: format!("2026-11-{day} 02:00 Europe/Berlin"),
        starts: format!("2026-11-{day}T01:10:00Z"),
    };
    (24..29).map(fire).collect()
}

fn view(state: ScheduleState) -> Option<ScheduleView> {
    let reason = match state {
        ScheduleState::Active => None,
        ScheduleState::Paused => Some(Cause { message: "paused by ada".into(), hint: Some("resume it".into()) }),
        ScheduleState::Disabled => Some(Cause {
            message: "5 runs in a row failed: there is no column emial".into(),
            hint: Some("did you mean email? Change the SQL, then resume the schedule".into()),
        }),
    };
    let halted = state != ScheduleState::Active;
    Some(ScheduleView {
        of: api::Scheduled::Query,
        query: "nightly".into(),
        schedule: of(full()["schedule"].clone())?,
        words: "At 02:00 on Mondays to Fridays".into(),
        remarks: Vec::new(),
        state,
        reason,
        since: halted.then(|| "2026-11-20T01:11:00Z".into()),
        next: if halted { Vec::new() } else { fires() },
        last: None,
        failures: if state == ScheduleState::Disabled { 5 } else { 0 },
    })
}

fn history() -> Page<Slot> {
    let slot = |day: u32, state: &str, job: Option<Job>, note: Option<&str>| {
        of(json!({
            "scheduled": format!("2026-11-{day}T01:00:00Z"), "local": format!("2026-11-{day} 02:00 Europe/Berlin"),
            "state": state, "at": format!("2026-11-{day}T01:10:00Z"), "note": note, "job_id": job.as_ref().map(|job| job.id.clone()), "job": job
        }))
    };
    let items = [
        slot(23, "run", job("job_01", "success", 12_000), None),
        slot(20, "run", job("job_02", "failed", 0), None),
        slot(19, "missed", None, Some("the server was down")),
        slot(18, "run", job("job_03", "success", 11_400), Some("started by ada")),
    ];
    Page { items: items.into_iter().flatten().collect(), next: Some("2026-11-18T01:00:00Z".into()) }
}

fn schedules(pages: &mut Vec<(String, askama::Result<String>)>, editor: &Chrome, viewer: &Chrome) {
    let explained =
        || CronExplanation { words: "At 02:00 on Mondays to Fridays".into(), remarks: Vec::new(), next: fires() };
    let around = |state: Option<ScheduleState>| query_schedule::Around {
        view: state.and_then(view),
        explained: state.map(|_| explained()),
        history: if state.is_some() { history() } else { Page::all(Vec::new()) },
        later: false,
        backfill: Backfill::default(),
        yaml: "name: nightly\n".into(),
    };
    let saved = query(full(), None);
    let bare = query(json!({"name": "nightly", "sql": "SELECT 1"}), None);
    let typed = |body: &str, places: Vec<Place>| Typed {
        form: Form::read(body.as_bytes()),
        faults: Faults::of(places),
        stale: false,
    };
    let place =
        |at: &str, message: &str, hint: &str| Place { at: at.into(), message: message.into(), hint: Some(hint.into()) };
    let wrong = typed(
        "schedule.repeat=cron&schedule.cron=0++2+*+*+8&schedule.timezone=PST&schedule.end._day=2020-01-01&schedule.delay=-1",
        vec![
            place("schedule.cron", "day of week: 8 is not a day", "0 to 6, or sun to sat"),
            place("schedule.timezone", "PST is no time zone", "did you mean America/Los_Angeles?"),
            place(
                "schedule.end",
                "comes before the start: nothing would ever run",
                "an end that is a day is the last one",
            ),
        ],
    );
    let weekly = typed(
        "schedule.repeat=weekly&schedule.days=mon&schedule.days=fri&schedule.start._day=2026-12-01&schedule.start._time=02:30",
        Vec::new(),
    );
    let count = Backfill {
        form: Form::read(b"from._day=2026-11-01&to._day=2026-11-07"),
        faults: Faults::none(),
        count: Some(Count { times: fires(), ran: 2, more: false }),
    };
    let mut add = |name: &str, html| pages.push((format!("schedule-{name}"), html));
    let active = Some(ScheduleState::Active);
    add("active", SchedulePage::new(editor, &saved, None, around(active)).render());
    add("none", SchedulePage::new(editor, &bare, None, around(None)).render());
    add("disabled", SchedulePage::new(editor, &saved, None, around(Some(ScheduleState::Disabled))).render());
    add(
        "problems",
        SchedulePage::new(editor, &saved, Some(wrong), query_schedule::Around { explained: None, ..around(active) })
            .render(),
    );
    add("weekly", SchedulePage::new(editor, &saved, Some(weekly), around(Some(ScheduleState::Paused))).render());
    add(
        "backfill",
        SchedulePage::new(editor, &saved, None, query_schedule::Around { backfill: count, ..around(active) }).render(),
    );
    add("viewer", SchedulePage::new(viewer, &saved, None, around(active)).render());
}

fn notices(pages: &mut Vec<(String, askama::Result<String>)>, editor: &Chrome, viewer: &Chrome) {
    let usual = Notifications {
        revision: 1,
        default: Notify {
            recipients: Some(vec!["ops@example.com".into()]),
            webhooks: Some(Vec::new()),
            on: of(json!(["failure", "reconnect", "disabled"])),
            rejected_over: Some(0),
        },
        mail_from: None,
    };
    let saved = query(full(), None);
    let place = Place { at: "notify.recipients[1]".into(), message: "is no mail address".into(), hint: None };
    let wrong = Typed {
        form: Form::read(b"notify.recipients=ada%40example.com%0Abob&notify.on=success"),
        faults: Faults::of([place]),
        stale: false,
    };
    let mut add = |name: &str, html| pages.push((format!("notify-{name}"), html));
    let webhooks = || vec!["crm".to_owned(), "ops".to_owned()];
    add("saved", NotifyPage::new(editor, &saved, None, &usual, webhooks(), "name: nightly\n".into()).render());
    add(
        "problems",
        NotifyPage::new(editor, &saved, Some(wrong), &usual, Vec::new(), "name: nightly\n".into()).render(),
    );
    add("viewer", NotifyPage::new(viewer, &saved, None, &usual, Vec::new(), "name: nightly\n".into()).render());
}

pub(crate) fn pages() -> Pages {
    let (editor, viewer) = (chrome(Role::Admin, Section::Queries), chrome(Role::Viewer, Section::Queries));
    let mut pages = Vec::new();
    exports(&mut pages, &editor, &viewer);
    schedules(&mut pages, &editor, &viewer);
    notices(&mut pages, &editor, &viewer);
    pages.into_iter().filter_map(|(name, html)| Some((name, html.ok()?))).collect()
}
