//! A job in every state, as its page tells it.

use api::{Job, Me, Role, Scope};
use askama::Template;
use expect_test::{Expect, expect};
use model::{JobState, Report};
use serde_json::{Value, json};

use super::*;
use crate::chrome::{Chrome, Section};
use crate::faults::Faults;
use crate::jobs::acts::{May, acts};
use crate::jobs::stages::stations;
use crate::jobs::steps::next_step;

fn chrome(role: Role) -> Chrome {
    Chrome {
        me: Some(Me { name: "ada".into(), role, scope: Scope::Read, token: None }),
        section: Section::Jobs,
        done: None,
        once: "0123".into(),
        sandbox: false,
        server: "http://h".into(),
    }
}

fn job(members: Value) -> Job {
    let mut job = json!({
        "id": "1ng8pt7tc60j", "state": "success", "sentence": "It is.", "kind": "export", "origin": "server",
        "query": "nightly", "connection": "prod", "created": "2026-11-23T02:00:01Z", "has_result": false,
        "can_continue": false,
    });
    for (name, value) in members.as_object().unwrap() {
        job[name] = value.clone();
    }
    serde_json::from_value(job).unwrap()
}

fn rows(delivered: u64, rejected: u64) -> Value {
    json!({"read": 10, "delivered": delivered, "rejected": rejected, "superseded": 0, "held": 0, "unsent": 10 - delivered - rejected})
}

/// A job of a state, with what such a job has.
fn in_state(state: JobState) -> Job {
    let began = !matches!(state, JobState::Queued | JobState::Skipped);
    let frozen = began && state != JobState::Querying;
    let mut members = json!({"state": state, "has_result": frozen});
    if began {
        members["started"] = json!("2026-11-23T02:00:02Z");
    }
    if frozen {
        let delivered = if state == JobState::Success { 10 } else { 4 };
        (members["rows"], members["result_rows"]) = (rows(delivered, 0), json!(10));
    }
    if !state.is_open() {
        members["finished"] = json!("2026-11-23T02:00:09Z");
    }
    if matches!(state, JobState::ParkedQuota | JobState::ParkedOutage) {
        members["wake"] = json!("2026-11-24T05:00:00Z");
    }
    let open = matches!(state, JobState::Queued | JobState::Querying | JobState::Sending);
    members["can_continue"] = json!(!open && state != JobState::Success && state != JobState::Skipped);
    job(members)
}

/// Buttons, stages and the next step of a job, in lines.
fn told(job: &Job, role: Role) -> String {
    let chrome = chrome(role);
    let may = May::of(job, &chrome, false);
    let acts: Vec<&str> = acts(job, may).iter().map(|act| act.words).collect();
    let stages: Vec<String> =
        stations(job, None).iter().map(|station| format!("{} {}", station.words, station.mark)).collect();
    let step = next_step(job, may, &chrome);
    let step = step.map(|step| {
        let link = step.link.map(|(address, words)| format!(" [{words}]({address})")).unwrap_or_default();
        format!("{}{link}", step.words)
    });
    let stages: Vec<&str> = stages.iter().map(|stage| stage.trim()).collect();
    format!(
        "{}: [{}]\n  {}\n  {}\n",
        job.state,
        acts.join(", "),
        stages.join(", "),
        step.unwrap_or_else(|| "nothing to do".into())
    )
}

#[test]
fn every_state_offers_what_applies_and_says_what_next() {
    let all: String = JobState::all().map(|state| told(&in_state(state), Role::Admin)).collect();
    expect![[r#"
        queued: [Kill]
          Queued busy, Query, Check, Send, End
          nothing to do
        querying: [Kill]
          Queued good, Query busy, Check, Send, End
          nothing to do
        sending: [Kill]
          Queued good, Query good, Check good, Send busy, End
          nothing to do
        parked_quota: [Continue now, Kill]
          Queued good, Query good, Check good, Send wait, Goes on
          Nothing to do: it goes on by itself when Pardot counts the calls anew.
        parked_outage: [Continue now, Kill]
          Queued good, Query good, Check good, Send wait, Goes on
          Nothing to do: it tries again by itself, later and later.
        needs_reconnect: [Continue now, Kill]
          Queued good, Query good, Check good, Send bad, End
          Reconnect prod at Salesforce. Nothing is lost meanwhile. [Reconnect](/connections/prod)
        killed: [Continue, Re-export, Delete]
          Queued good, Query good, Check good, Send calm, Killed calm
          Continue sends what is unsent.
        stopped: [Continue, Re-export, Delete]
          Queued good, Query good, Check good, Send bad, Stopped bad
          Rejected rows stay rejected. Continue sends the rows after them, up to the next one that cannot work.
        held: [Continue, Re-export, Delete]
          Queued good, Query good, Check good, Send bad, Held bad
          Continue looks the held rows up at Pardot before anything is sent again.
        failed: [Continue, Re-export, Delete]
          Queued good, Query good, Check good, Send bad, Failed bad
          Once that is mended, Continue sends what is unsent. [See the query](/queries/nightly)
        success: [Re-export, Delete]
          Queued good, Query good, Check good, Send good, Success good
          nothing to do
        skipped: [Delete]
          Queued calm, Query, Check, Send, Skipped calm
          Nothing was sent. Run it again once the other job has ended. [See the query](/queries/nightly)
    "#]]
    .assert_eq(&all);
}

#[test]
fn special_jobs_offer_less() {
    let rejected =
        json!({"rows": rows(8, 2), "has_result": true, "result_rows": 10, "finished": "2026-11-23T02:00:09Z"});
    let cases = [
        told(&job(rejected), Role::Editor),
        told(&in_state(JobState::Killed), Role::Viewer),
        told(&in_state(JobState::NeedsReconnect), Role::Editor),
        told(&job(json!({"state": "failed", "started": "2026-11-23T02:00:02Z", "can_continue": true})), Role::Editor),
        told(&job(json!({"kind": "result", "has_result": true, "result_rows": 10})), Role::Editor),
        told(&job(json!({"kind": "refresh", "query": null, "parent_segment": "a/b", "state": "failed"})), Role::Editor),
        told(
            &job(json!({"origin": "command_line", "state": "killed", "query": null, "rows": rows(2, 0)})),
            Role::Admin,
        ),
    ];
    expect![[r#"
        success: [Re-export]
          Queued, Query good, Check good, Send good, Success good
          The rejected rows need a look. [See the rejected rows](#rejected)
        killed: []
          Queued good, Query good, Check good, Send calm, Killed calm
          Somebody who may start jobs can continue it.
        needs_reconnect: [Continue now, Kill]
          Queued good, Query good, Check good, Send bad, End
          An admin has to reconnect prod at Salesforce. Nothing is lost meanwhile.
        failed: [Continue]
          Queued good, Query bad, Check, Send, Failed bad
          Nothing was sent. Change what is wrong, then run it again. [Change the query](/queries/nightly)
        success: []
          Queued, Query good, Success good
          The rows of the result are kept for a while. [Download the result](#files)
        failed: []
          Queued, Profiles, Failed bad
          Nothing was sent. Change what is wrong, then run it again. [Change the parent segment](/parent-segments/a%2Fb)
        killed: []
          Queued, Query, Check good, Send calm, Killed calm
          This job belongs to the command line. Export again there.
    "#]]
    .assert_eq(&cases.concat());
}

#[track_caller]
fn line(members: Value, want: Expect) {
    let html = JobLine::of(&job(members)).render().unwrap();
    want.assert_eq(&html);
}

#[test]
fn a_line_has_what_came_of_it() {
    line(
        json!({"rows": rows(8, 2), "started": "2026-11-23T02:00:02Z", "finished": "2026-11-23T02:01:09Z", "actor": "ada"}),
        expect![[r#"
            <tr>
            <td><span class="badge good">success</span></td>
            <td><a href="/jobs/1ng8pt7tc60j">nightly</a><small class="under">query · <span class="mono">1ng8pt7tc60j</span></small></td>
            <td>prod</td>
            <td><time datetime="2026-11-23T02:00:01Z" data-distance>23 Nov 2026, 02:00 UTC</time></td>
            <td class="number">8 delivered<span class="amiss">2 rejected</span></td>
            <td class="number">1 min 7 s</td>
            <td>ada</td>
            </tr>"#]],
    );
    line(
        json!({"query": "<script>", "connection": "\"><img src=x>", "state": "sending", "rows": rows(4, 0), "scheduled": "2026-11-23T02:00:00Z"}),
        expect![[r#"
            <tr>
            <td><span class="badge busy">sending</span></td>
            <td><a href="/jobs/1ng8pt7tc60j">&#60;script&#62;</a><small class="under">query · <span class="mono">1ng8pt7tc60j</span></small></td>
            <td>&#34;&#62;&#60;img src=x&#62;</td>
            <td><time datetime="2026-11-23T02:00:01Z" data-distance>23 Nov 2026, 02:00 UTC</time></td>
            <td class="number">4 of 10 delivered</td>
            <td class="number"></td>
            <td>its schedule</td>
            </tr>"#]],
    );
    let last =
        LastJob::of(&job(json!({"kind": "refresh", "parent_segment": "a", "query": null, "result_rows": 1}))).render();
    expect![[r#"<span class="last-job"><a href="/jobs/1ng8pt7tc60j" aria-label="Last job of Refresh of a: success"><span class="badge good">success</span></a> <time datetime="2026-11-23T02:00:01Z" data-distance>23 Nov 2026, 02:00 UTC</time>, 1 profile</span>"#]].assert_eq(&last.unwrap());
}

fn report(rejected: u64) -> Report {
    serde_json::from_value(json!({
        "format_version": 1, "job": "1ng8pt7tc60j", "status": "success", "cause": null, "rows": rows(10 - rejected, rejected),
        "calls": {"total": 3, "by_kind": {"batchUpsert": 3}}, "bytes_sent": 1, "bytes_received": 1, "max_in_flight": 2,
        "retries": 0, "throttles": 0, "token_refreshes": 1, "daily_calls": {"used": 3, "limit": 100},
        "rejected_by_reason": [{"code": 4, "column": "email", "reason": "<b>no</b>", "rows": rejected}], "rejects_file": null,
        "stages": {"query": 1.0, "check": 0.2, "send": 2.0}, "seconds": 3.2, "rows_per_second": 3.0, "notes": [],
    }))
    .unwrap()
}

fn page(job: Job, role: Role, report: Option<Report>) -> String {
    let log =
        vec![api::LogLine { number: 7, at: "2026-11-23T02:00:05Z".into(), level: "error".into(), text: "<i>".into() }];
    let seen = JobSeen { job, report, log, later: Vec::new(), exportable: false };
    JobPage::new(chrome(role), seen, &Faults::none()).render().unwrap()
}

#[test]
fn a_page_looks_again_until_the_job_has_ended() {
    for state in JobState::all() {
        let html = page(in_state(state), Role::Admin, None);
        assert_eq!(html.contains("data-poll"), state.is_open(), "{state}");
        assert_eq!(html.contains("http-equiv=\"refresh\""), state.is_open(), "{state}");
        assert!(html.contains(&format!("<title>nightly: {} ·", crate::state_words(state))), "{state}");
        assert!(html.contains("sluice jobs show 1ng8pt7tc60j --server http://h"), "{state}");
    }
}

#[test]
fn rows_are_offered_to_those_who_may_see_them() {
    let rejected = || job(json!({"rows": rows(8, 2), "has_result": true, "result_rows": 10}));
    for (role, seen) in [(Role::Viewer, false), (Role::Editor, true), (Role::Admin, true)] {
        let html = page(rejected(), role, Some(report(2)));
        for offered in
            ["/files/rejected", "/files/result", "/files/receipts", "/retry\"", "/mended\"", "hx-trigger=\"load\""]
        {
            assert_eq!(html.contains(offered), seen, "{role:?}: {offered}");
        }
        assert!(html.contains("&#60;b&#62;no&#60;/b&#62; (code 4)") && !html.contains("<b>no"), "{html}");
        assert!(
            html.contains("<strong>error:</strong> &#60;i&#62;") && html.contains("10 read = 8 delivered + 2 rejected")
        );
        assert!(html.contains("All lines from the beginning"));
    }
    let gone = page(job(json!({"rows": rows(8, 2), "result_rows": 10})), Role::Admin, Some(report(2)));
    assert!(gone.contains("not kept any more") && !gone.contains("/files/"), "{gone}");
}

#[test]
fn a_job_at_work_says_how_far_it_is() {
    let at_work = |stage: &str, calls: u64| {
        let progress = json!({
            "stage": stage, "rows": 10, "checked": 4, "rows_per_second": 2.0, "calls_in_flight": calls, "seconds": 3.0
        });
        let job = job(json!({"state": "sending", "rows": rows(4, 0), "progress": progress}));
        one::progress(&job).expect("it is at work").words
    };
    let cases = [
        ("query", 0, "The query gave 10 rows so far. 3.0 s at work."),
        ("check", 0, "4 of 10 rows are checked. 3.0 s at work."),
        ("send", 0, "4 of 10 rows have their end. 2 rows a second, about 3 s left. 3.0 s at work."),
        ("send", 1, "4 of 10 rows have their end. 2 rows a second, about 3 s left. 1 call in flight. 3.0 s at work."),
        ("send", 5, "4 of 10 rows have their end. 2 rows a second, about 3 s left. 5 calls in flight. 3.0 s at work."),
    ];
    for (stage, calls, want) in cases {
        assert_eq!(at_work(stage, calls), want);
    }
}
