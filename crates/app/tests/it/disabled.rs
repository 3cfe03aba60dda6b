//! A schedule whose runs fail because something must be changed is disabled; nothing else disables it.

use api::{NoticeEvent, Notify, Schedule, ScheduleState, ScheduleView, SlotState};
use app::NoticeFilter;
use expect_test::expect;
use model::JobState;
use pardot_sim::{Fault, FaultKind, When};
use serde_json::json;

use crate::bench::{contacts, good, query, until};
use crate::outside::Postbox;
use crate::timed::{HOUR, MONDAY, Timed, hourly};

const SQL: &str = "SELECT email, score FROM c";

impl Timed {
    /// The table loses the column that the SQL names, or has it again.
    async fn column(&self, there: bool) {
        let csv = if there { contacts(5, good) } else { contacts(5, good).replacen("score", "points", 1) };
        self.bench.upload("c", &csv).await;
    }

    /// The run of this hour, ended or waiting.
    async fn run_at(&self, hour: i64) -> api::Job {
        self.at(MONDAY + hour * HOUR).await;
        let slot = self.view().await.last.expect("a time");
        self.bench
            .follow(&slot.job_id.expect("a job"), |job| {
                let at_work = matches!(job.state, JobState::Queued | JobState::Querying | JobState::Sending);
                !at_work && job.progress.is_none()
            })
            .await
    }

    async fn seen(&self, what: &str, wanted: impl Fn(&ScheduleView) -> bool) -> ScheduleView {
        let look = || async {
            let view = self.view().await;
            wanted(&view).then_some(view)
        };
        until(what, look).await
    }

    async fn failures(&self, failures: u32) -> ScheduleView {
        self.seen(&format!("{failures} failures"), |view| view.failures == failures).await
    }
}

#[tokio::test]
async fn five_failures_disable_and_everybody_is_told() {
    let mut postbox = Postbox::start().await;
    let smtp = postbox.settings();
    let decide = move |config: &mut app::Config| {
        config.smtp = Some(smtp.clone());
        config.public_url = Some("https://sluice.example.com/".into());
    };
    let timed = Timed::with(pardot_sim::Config::default(), MONDAY, decide).await;
    timed.column(true).await;
    let notify = Notify { recipients: Some(vec!["ada@example.com".into()]), ..Notify::default() };
    let mut spec = query("contacts", json!({}));
    (spec.sql, spec.schedule, spec.notify) = (SQL.into(), Some(hourly()), Some(notify));
    timed.bench.app.put_query(&timed.bench.actor, "contacts", spec, None).await.expect("taken");
    timed.column(false).await;
    let mut mails = Vec::new();
    for hour in 1..=5 {
        assert_eq!(timed.run_at(hour).await.state, JobState::Failed);
        mails.push(postbox.mail().await);
        let view = timed.failures(u32::try_from(hour).expect("few")).await;
        assert_eq!(view.state == ScheduleState::Disabled, hour == 5, "{view:?}");
    }
    mails.push(postbox.mail().await);
    let mut subjects: Vec<String> = mails.iter().map(|mail| mail.header("Subject")).collect();
    // The last failure and the end of the schedule travel together.
    subjects[4..].sort();
    expect![[r#"
        [Sluice] contacts failed: the query failed: there is no column score (line 1, column 15); nothing was sent
        [Sluice] contacts failed: the query failed: there is no column score (line 1, column 15); nothing was sent
        [Sluice] contacts failed: the query failed: there is no column score (line 1, column 15); nothing was sent
        [Sluice] contacts failed: the query failed: there is no column score (line 1, column 15); nothing was sent
        [Sluice] contacts failed: the query failed: there is no column score (line 1, column 15); nothing was sent
        [Sluice] the schedule of contacts is disabled after 5 failures in a row"#]]
    .assert_eq(&subjects.join("\n"));
    let last = mails.iter().find(|mail| mail.text.contains("disabled after")).expect("it says so");
    assert!(last.text.contains("https://sluice.example.com/jobs/"), "{}", last.text);

    let page = timed.bench.app.notices(&timed.bench.actor, &NoticeFilter::default(), None, 100).await.expect("notices");
    let events: Vec<NoticeEvent> = page.items.iter().rev().map(|notice| notice.event).collect();
    let mut wanted = vec![NoticeEvent::Failure; 5];
    wanted.push(NoticeEvent::Disabled);
    assert_eq!(events, wanted, "oldest first");

    let view = timed.view().await;
    assert_eq!((view.next.len(), view.since.as_deref()), (0, Some("2026-11-23T05:00:00Z")));
    let reason = view.reason.expect("a reason");
    expect![[r#"
        disabled: 5 runs in a row failed, and will until something is changed: the query failed: there is no column score (line 1, column 15); nothing was sent
        mend that, then resume the schedule"#]].assert_eq(&format!("{}\n{}", reason.message, reason.hint.unwrap_or_default()));
    // It stays so, also over a restart, until somebody resumes it; then it goes on from there.
    let timed = timed.down_until(MONDAY + 7 * HOUR).await;
    assert_eq!(timed.history().await.len(), 5);
    timed.column(true).await;
    let resumed =
        timed.bench.app.resume_schedule(&timed.bench.actor, api::Scheduled::Query, "contacts").await.expect("resumed");
    assert_eq!((resumed.state, resumed.failures), (ScheduleState::Active, 0));
    assert_eq!(timed.run_at(8).await.state, JobState::Success);
    assert_eq!(timed.history().await.last(), Some(&(8, SlotState::Run)));
    assert_eq!(timed.history().await.len(), 6, "what passed meanwhile is left alone");
    assert_eq!(postbox.mail().await.header("Subject"), "[Sluice] contacts works again");
    assert_eq!(postbox.rest().len(), 0);
}

#[tokio::test]
async fn where_nobody_is_told_the_failures_suffice() {
    let timed = Timed::new(Schedule::default()).await;
    timed.put_sql(SQL, hourly()).await;
    timed.column(false).await;
    for hour in 1..=5 {
        timed.run_at(hour).await;
    }
    let view = timed.seen("disabled", |view| view.state == ScheduleState::Disabled).await;
    assert_eq!(view.failures, 5);
    let log = timed.bench.log(&view.last.expect("a run").job_id.expect("a job")).await;
    assert!(log.iter().any(|line| line.starts_with("The schedule is disabled: 5 runs")), "{log:#?}");
}

#[tokio::test]
async fn nothing_else_disables() {
    let timed = Timed::new(Schedule::default()).await;
    timed.put_sql(SQL, hourly()).await;
    // A success begins the count anew.
    timed.column(false).await;
    for hour in 1..=4 {
        timed.run_at(hour).await;
    }
    timed.failures(4).await;
    timed.column(true).await;
    assert_eq!(timed.run_at(5).await.state, JobState::Success);
    timed.failures(0).await;
    timed.column(false).await;
    for hour in 6..=9 {
        timed.run_at(hour).await;
    }
    timed.failures(4).await;

    // Rejected rows, an outage, the day's calls, a lost grant: none of them counts, and none begins the count anew.
    timed.bench.upload("c", &contacts(5, |row| row == 1)).await;
    assert_eq!(timed.run_at(10).await.state, JobState::Stopped);
    timed.column(true).await;
    let unavailable = FaultKind::Status { status: 503, when: When::Before, retry_after: None, html: false };
    let used_up = FaultKind::Code { code: 122, when: When::Before, status: None, message: None };
    for (hour, fault, state) in [(11, unavailable, JobState::ParkedOutage), (12, used_up, JobState::ParkedQuota)] {
        timed.bench.sandbox.fault(Fault::always(fault).path("batchUpsert"));
        let job = timed.run_at(hour).await;
        assert_eq!(job.state, state, "{job:?}");
        timed.bench.sandbox.clear_faults();
        timed.bench.app.kill_job(&timed.bench.actor, &job.id).await.expect("killed");
        timed.bench.follow(&job.id, |job| job.finished.is_some()).await;
    }
    timed.bench.sandbox.revoke_refresh_tokens();
    let job = timed.run_at(13).await;
    assert_eq!(job.state, JobState::NeedsReconnect, "{job:?}");
    timed.bench.app.kill_job(&timed.bench.actor, &job.id).await.expect("killed");
    // The fifth, of a run that begins after all of them were looked at.
    timed.column(false).await;
    timed.run_at(14).await;
    let view = timed.seen("disabled", |view| view.state == ScheduleState::Disabled).await;
    assert_eq!(view.failures, 5, "those between did not count");
}
