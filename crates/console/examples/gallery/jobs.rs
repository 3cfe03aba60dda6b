//! Jobs: the list, a job in every state, its log, its rejected rows.

use api::{Job, LogLine, Role, StateCount};
use askama::Template;
use console::jobs::{JobPage, JobSeen, JobsPage, Listed, LogPage, RejectedPage, RejectedRow};
use console::{Faults, Form, Section};
use model::{JobState, Report};
use serde_json::{Value, json};

use crate::{Pages, chrome};

const HOSTILE: &str = "<script>alert(1)</script>";

/// A job of these members.
fn job(members: Value) -> Option<Job> {
    let mut job = json!({
        "id": "1ng8pt7tc60j", "state": "success", "sentence": "", "kind": "export", "origin": "server", "query": "nightly",
        "connection": "prod", "actor": "ada@example.com", "created": "2026-11-23T02:00:01Z", "has_result": true,
        "can_continue": false, "started": "2026-11-23T02:00:02Z", "result_rows": 10_000,
    });
    for (name, value) in members.as_object()? {
        job[name] = value.clone();
    }
    serde_json::from_value(job).ok()
}

fn rows(delivered: u64, rejected: u64, held: u64) -> Value {
    json!({
        "read": 10_000, "delivered": delivered, "rejected": rejected, "superseded": 40, "held": held,
        "unsent": 10_000 - delivered - rejected - held - 40,
    })
}

fn report(state: JobState, rows: &Value) -> Option<Report> {
    serde_json::from_value(json!({
        "format_version": 1, "job": "1ng8pt7tc60j", "status": state, "cause": null, "rows": rows,
        "calls": {"total": 203, "by_kind": {"batchUpsert": 200, "customFields": 3}}, "bytes_sent": 1, "bytes_received": 1,
        "max_in_flight": 5, "retries": 2, "throttles": 1, "token_refreshes": 1,
        "daily_calls": {"used": 31_204, "limit": 100_000},
        "rejected_by_reason": [
            {"code": 4, "column": "email", "reason": "Invalid prospect email address", "rows": 31},
            {"code": null, "column": "score", "reason": "must be a whole number", "rows": 9},
        ],
        "rejects_file": null, "stages": {"query": 1.4, "check": 0.3, "send": 12.1}, "seconds": 13.8,
        "rows_per_second": 723.4, "notes": ["prospect_lists has no effect: data_object is list_memberships"],
    }))
    .ok()
}

fn log() -> Vec<LogLine> {
    let line = |number: u64, level: &str, text: &str| LogLine {
        number,
        at: format!("2026-11-23T02:00:{:02}Z", number % 60),
        level: level.into(),
        text: text.into(),
    };
    vec![
        line(1, "info", "Begun by ada@example.com."),
        line(2, "info", "The query gave 10,000 rows in 1.4 s."),
        line(3, "warning", "Pardot asks us to slow down (code 66)."),
        line(4, "error", &format!("{HOSTILE} {}", "long ".repeat(40))),
    ]
}

/// A job in each state: its name, its members, whether it has a report.
fn states() -> Vec<(&'static str, Value, bool)> {
    let ended = "2026-11-23T02:00:15Z";
    let at_work = |stage: &str| json!({"stage": stage, "rows": 10_000, "checked": 4_000, "rows_per_second": 723.0, "seconds": 6.2});
    let forecast = json!({"sentence": "Needs at most 200 calls; 68,796 are left today.", "calls": 200, "used": 31_204, "limit": 100_000});
    vec![
        (
            "queued",
            json!({"state": "queued", "started": null, "result_rows": null, "has_result": false, "sentence": "Waits for its turn."}),
            false,
        ),
        (
            "querying",
            json!({"state": "querying", "result_rows": null, "has_result": false, "sentence": "The query runs; nothing is sent before it has ended.", "progress": {"stage": "query", "rows": 12_000, "checked": 0, "rows_per_second": 0.0, "seconds": 3.1}}),
            false,
        ),
        (
            "checking",
            json!({"state": "sending", "sentence": "Rows are on their way to Pardot. 0 of 10,000 rows are delivered.", "rows": rows(0, 0, 0), "progress": at_work("check")}),
            false,
        ),
        (
            "sending",
            json!({"state": "sending", "sentence": "Rows are on their way to Pardot. 4,210 of 10,000 rows are delivered.", "rows": rows(4_210, 12, 0), "progress": at_work("send"), "forecast": forecast}),
            false,
        ),
        (
            "parked-quota",
            json!({"state": "parked_quota", "can_continue": true, "wake": "2026-11-24T05:00:00Z", "sentence": "Today's Pardot calls are used up. 2,500 of 10,000 rows are delivered. Continues by itself at 2026-11-24 00:00 America/New_York.", "rows": rows(2_500, 40, 0), "forecast": forecast}),
            true,
        ),
        (
            "parked-outage",
            json!({"state": "parked_outage", "can_continue": true, "wake": "2026-11-23T02:05:00Z", "sentence": "Pardot has not answered properly: 503. Nothing is lost. 2,500 of 10,000 rows are delivered. Next try by itself at 2026-11-23 02:05 UTC.", "rows": rows(2_500, 0, 0)}),
            true,
        ),
        (
            "needs-reconnect",
            json!({"state": "needs_reconnect", "can_continue": true, "sentence": "Salesforce refused the refresh token. To do: connect again. Continues at row 2,501 once that is done.", "rows": rows(2_500, 0, 0)}),
            true,
        ),
        (
            "killed",
            json!({"state": "killed", "can_continue": true, "finished": ended, "sentence": "Stopped on request. 2,500 of 10,000 rows are delivered.", "rows": rows(2_500, 0, 0)}),
            true,
        ),
        (
            "stopped",
            json!({"state": "stopped", "can_continue": true, "finished": ended, "sentence": "Row 2,541 is rejected: score must be a whole number. To do: correct the query, or set skip_invalid_records to true. 2,500 of 10,000 rows are delivered.", "rows": rows(2_500, 1, 0)}),
            true,
        ),
        (
            "held",
            json!({"state": "held", "can_continue": true, "finished": ended, "sentence": "The outcome of 50 rows is unknown. Repeating them could create duplicates: continue the job to have them looked up.", "rows": rows(9_910, 0, 50)}),
            true,
        ),
        (
            "failed",
            json!({"state": "failed", "can_continue": true, "finished": ended, "result_rows": null, "has_result": false, "sentence": "There is no column emial. To do: did you mean email?."}),
            false,
        ),
        (
            "success",
            json!({"finished": ended, "sentence": "9,960 rows delivered.", "rows": rows(9_960, 0, 0), "scheduled": "2026-11-23T02:00:00Z"}),
            true,
        ),
        (
            "success-rejected",
            json!({"finished": ended, "sentence": "9,920 rows delivered, 40 rejected. Download them, mend them, and retry.", "rows": rows(9_920, 40, 0)}),
            true,
        ),
        (
            "skipped",
            json!({"state": "skipped", "finished": ended, "started": null, "result_rows": null, "has_result": false, "sentence": "Job 1ng8pt7tc60h of the same query was still at work."}),
            false,
        ),
        (
            "result",
            json!({"kind": "result", "connection": null, "finished": ended, "sentence": "The query gave 10,000 rows. They can be downloaded or exported."}),
            false,
        ),
        (
            "refresh",
            json!({"kind": "refresh", "query": null, "parent_segment": "customers", "connection": null, "finished": ended, "sentence": "Refreshed: 10,000 profiles. Segments count over them from now on."}),
            false,
        ),
        (
            "command-line",
            json!({"origin": "command_line", "query": null, "actor": null, "state": "killed", "finished": ended, "sentence": "Stopped on request. 2,500 of 10,000 rows are delivered.", "rows": rows(2_500, 0, 0)}),
            true,
        ),
        (
            "hostile",
            json!({"query": HOSTILE.repeat(12), "connection": "שלום \u{202e} reversed", "actor": "\"><img src=x>", "finished": ended, "parent": "1ng8pt7tc60a", "sentence": HOSTILE, "rows": rows(9_920, 40, 0)}),
            true,
        ),
    ]
}

fn seen(members: Value, reported: bool) -> Option<JobSeen> {
    let job = job(members)?;
    let rows = json!(job.rows.unwrap_or_default());
    let report = if reported { report(job.state, &rows) } else { None };
    Some(JobSeen { job, report, log: log(), later: Vec::new(), exportable: true })
}

fn one(role: Role, members: Value, reported: bool, faults: &Faults) -> Option<String> {
    let page = JobPage::new(chrome(role, Section::Jobs), seen(members, reported)?, faults);
    let settings = json!({"data_object": "prospects", "skip_invalid_records": "true"});
    page.made_of("SELECT email, score\nFROM contacts".into(), Some(&settings)).render().ok()
}

fn list(query: &str, jobs: Vec<Job>, faults: &Faults) -> Option<String> {
    let counts = vec![
        StateCount { state: JobState::Success, jobs: 9_990 },
        StateCount { state: JobState::Failed, jobs: 8 },
        StateCount { state: JobState::Sending, jobs: 2 },
    ];
    let next = (jobs.len() > 20).then(|| "1ng8pt7tc60j".to_owned());
    let listed = Listed { jobs, next, counts, connections: vec!["prod".into(), "sandbox".into()] };
    let form = Form::read(query.as_bytes());
    JobsPage::new(chrome(Role::Editor, Section::Jobs), &form, faults, &listed).render().ok()
}

fn rejected() -> Option<String> {
    let row = |number: u64, value: &str| {
        let line = json!({
            "row_number": number, "row_key": "a@example.com", "rejected_column": "email", "code": 4,
            "reason": "Invalid prospect email address", "hint": "Write it as name@example.com.",
            "values": {"email": value, "first_name": HOSTILE, "score": null, "city": "A long name of a city, ".repeat(12)},
        });
        RejectedRow::read(line.to_string().as_bytes())
    };
    let rows: Vec<RejectedRow> = (1..=14).filter_map(|number| row(number * 311, "ada at example")).collect();
    RejectedPage::new(chrome(Role::Editor, Section::Jobs), &job(json!({}))?, &rows, true).render().ok()
}

pub(crate) fn pages() -> Pages {
    let mut pages: Vec<(String, Option<String>)> = Vec::new();
    for (name, members, reported) in states() {
        pages.push((format!("jobs-one-{name}"), one(Role::Admin, members, reported, &Faults::none())));
    }
    let stopped = states().into_iter().find(|(name, ..)| *name == "success-rejected").map(|(_, members, _)| members);
    pages.push((
        "jobs-one-viewer".into(),
        one(Role::Viewer, stopped.clone().unwrap_or_default(), true, &Faults::none()),
    ));
    let refused =
        Faults::whole("job 1ng8pt7tc60k of the same query has sent newer rows", Some("run the query again".into()));
    pages.push(("jobs-one-refused".into(), one(Role::Editor, stopped.unwrap_or_default(), true, &refused)));
    let jobs = || states().into_iter().filter_map(|(_, members, _)| job(members)).collect::<Vec<Job>>();
    pages.push(("jobs-list".into(), list("", jobs(), &Faults::none())));
    let many = jobs().into_iter().cycle().take(50).collect();
    pages.push(("jobs-list-many".into(), list("state=success&after=x", many, &Faults::none())));
    pages.push(("jobs-list-empty".into(), list("", Vec::new(), &Faults::none())));
    pages.push(("jobs-list-none".into(), list("activation=spring", Vec::new(), &Faults::none())));
    let place = api::Place {
        at: "query".into(),
        message: "there is no query nighly".into(),
        hint: Some("did you mean nightly?".into()),
    };
    pages.push((
        "jobs-list-wrong".into(),
        list("query=nighly", Vec::new(), &Faults::of([place]).titled("This list cannot be shown.")),
    ));
    pages.push(("jobs-rejected".into(), rejected()));
    let log = job(json!({})).and_then(|job| {
        LogPage::new(chrome(Role::Viewer, Section::Jobs), &job, log(), true, Some("4".into())).render().ok()
    });
    pages.push(("jobs-log".into(), log));
    pages.into_iter().filter_map(|(name, html)| Some((name, html?))).collect()
}
