//! Jobs: what is written reads back, and only legal states follow.
//!
//! Knows the store's doors only.

use expect_test::expect;
use model::{BatchEnd, Calls, JobState, Learned, REPORT_FORMAT_VERSION, ReasonCount, Report, Stages, StopCause, Tally};
use tempfile::tempdir;

use super::{id, mark, new_job};
use crate::{Change, Include, JobFilter, KeySource, LogLevel, Replace, Store, StoreError};

pub(super) fn report(number: u32) -> Report {
    Report {
        format_version: REPORT_FORMAT_VERSION,
        job: id(number),
        status: JobState::Success,
        cause: None,
        rows: Tally { read: 3, delivered: 2, rejected: 1, ..Tally::default() },
        calls: Calls { total: 1, by_kind: [("batch upsert".to_owned(), 1)].into() },
        bytes_sent: 900,
        bytes_received: 80,
        max_in_flight: 1,
        retries: 0,
        throttles: 0,
        token_refreshes: 1,
        daily_calls: None,
        rejected_by_reason: vec![ReasonCount { code: Some(4), column: None, reason: "invalid".into(), rows: 1 }],
        rejects_file: None,
        stages: Stages { query: 0.5, check: 0.25, send: 1.0 },
        seconds: 1.75,
        rows_per_second: 3.0,
        notes: vec!["a remark".into()],
    }
}

#[tokio::test]
async fn a_job_reads_back_after_reopening() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.create_job(&new_job(1)).await.unwrap();
    store.create_job(&new_job(2)).await.unwrap();
    store.set_state(&id(1), JobState::Sending, None, 10).await.unwrap();
    store.set_frozen(&id(1), 12_345, 11).await.unwrap();
    let cause =
        StopCause { message: "today's calls are used up".into(), hint: Some("wait".into()), configuration: false };
    store.set_state(&id(1), JobState::ParkedQuota, Some(&cause), 12).await.unwrap();
    store.save_report(&report(1), 13).await.unwrap();
    let learned = Learned { api_version: Some(3), batch_rows: None };
    store.save_learned("unit", Learned { batch_rows: Some(9), ..learned }, 14).await.unwrap();
    store.save_learned("unit", learned, 15).await.unwrap();
    store.close().await;

    let store = Store::open(directory.path()).await.unwrap();
    let job = store.job(&id(1)).await.unwrap().unwrap();
    let new = new_job(1);
    assert_eq!((job.sql, job.request, job.business_unit), (new.sql, new.request, new.business_unit));
    assert_eq!((job.created, job.updated, job.frozen_rows), (new.created, 13, Some(12_345)));
    assert_eq!((job.state, job.cause, job.report), (JobState::ParkedQuota, Some(cause), Some(report(1))));
    let newest: Vec<_> = store.jobs(10).await.unwrap().into_iter().map(|job| job.id).collect();
    assert_eq!(newest, [id(2), id(1)]);
    assert_eq!(store.jobs(1).await.unwrap().len(), 1);
    assert_eq!(store.learned("unit").await.unwrap(), learned);
    assert_eq!(store.learned("other").await.unwrap(), Learned::default());
    store.set_state(&id(1), JobState::Sending, None, 16).await.unwrap();
    assert_eq!(store.job(&id(1)).await.unwrap().unwrap().cause, None);
}

#[tokio::test]
async fn only_legal_states_follow() {
    use JobState::{Failed, Held, Killed, ParkedOutage, Querying, Sending, Stopped, Success};
    let cases: [(&[JobState], JobState, bool); 9] = [
        (&[], Sending, true),
        (&[], Querying, true),
        (&[], Held, false),
        (&[Sending], Querying, false),
        (&[Sending, Success], Success, true),
        (&[Sending, Success], Sending, false),
        (&[Sending, ParkedOutage], Sending, true),
        (&[Sending, Stopped], Held, false),
        (&[Killed], Failed, true),
    ];
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    for (number, (way, next, legal)) in (1..).zip(cases) {
        store.create_job(&new_job(number)).await.unwrap();
        for state in way {
            store.set_state(&id(number), *state, None, 1).await.unwrap();
        }
        let before = store.job(&id(number)).await.unwrap();
        let result = store.set_state(&id(number), next, None, 2).await;
        assert_eq!(result.is_ok(), legal, "{way:?} -> {next}");
        if !legal {
            assert!(matches!(result, Err(StoreError::Illegal { to, .. }) if to == next));
            assert_eq!(store.job(&id(number)).await.unwrap(), before);
        }
    }
}

#[tokio::test]
async fn refusals_say_what_and_what_to_do() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.create_job(&new_job(1)).await.unwrap();
    let refusals = [
        store.create_job(&new_job(1)).await,
        store.set_state(&id(1), JobState::Held, None, 1).await,
        store.set_frozen(&id(2), 1, 1).await,
        store.save_report(&report(2), 1).await,
        store.ledger(&id(2)).mark(mark(1, [1], BatchEnd::Acked), 1).await,
        store.set_frozen(&id(1), u64::MAX, 1).await,
    ];
    let open = store.clone();
    store.close().await;
    let closed = [open.set_frozen(&id(1), 1, 1).await, open.jobs(1).await.map(drop)];
    let said: Vec<String> = refusals
        .into_iter()
        .chain(closed)
        .map(|refusal| refusal.map_err(|error| format!("{error}: {}", error.hint())).unwrap_err())
        .collect();
    expect![[r#"
        job 1nb2ew100007 exists already: use another name
        job 1nb2ew100007 is querying and cannot become held: start a new job
        there is no job 1nb2ew200007: look at the list of jobs
        there is no job 1nb2ew200007: look at the list of jobs
        there is no job 1nb2ew200007: look at the list of jobs
        the rows of a Result is too large to keep: split the job
        the store is closed: open it again
        the store is closed: open it again"#]]
    .assert_eq(&said.join("\n"));
}

#[tokio::test]
async fn a_mistyped_id_finds_its_neighbours() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    for number in 1..=5 {
        store.create_job(&new_job(number)).await.unwrap();
    }
    let whole = id(2).to_string();
    let cases = [
        (whole.clone(), vec![id(2)]),
        (whole[..5].to_owned(), vec![id(5), id(4), id(3)]),
        (whole.replace("0007", "000z"), vec![id(2)]),
        ("%".to_owned(), vec![]),
        ("nothing-like-it-at-all".to_owned(), vec![]),
    ];
    for (written, ids) in cases {
        assert_eq!(store.job_like(&written).await.unwrap(), ids, "{written}");
    }
}

#[tokio::test]
async fn every_call_may_run_in_a_task_of_its_own() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let task = tokio::spawn(async move {
        let ledger = store.ledger(&id(1));
        store.create_job(&new_job(1)).await?;
        store.set_state(&id(1), JobState::Sending, None, 1).await?;
        store.save_report(&report(1), 1).await?;
        store.job(&id(1)).await?;
        store.jobs(1).await?;
        store.job_like("x").await?;
        store.learned("unit").await?;
        store.create_job_with(new_job(3), None, Vec::new(), None, 1).await?;
        store.settle_run(&report(1), None, true, 1).await?;
        store.end_job(&id(3), JobState::Failed, None, Vec::new(), 1).await?;
        store.requeue(&id(3), true, Vec::new(), 1).await?;
        store.open_server_summaries().await?;
        store.jobs_page(&JobFilter::default(), None, 1).await?;
        store.count_jobs_by_state().await?;
        store.log(&id(1), 1, LogLevel::Info, "a line").await?;
        store.log_lines(&id(1), 0, 1).await?;
        store.log_end(&id(1), 1).await?;
        store.apply(vec![Change::PutValue { name: "x".into(), value: None }]).await?;
        store.secret("owner", "name").await?;
        store.documents("kind", None, 1).await?;
        store.audit_page(None, 1).await?;
        store.verify_audit().await?;
        store.rotate_keys(&mut |_, _| {}).await?;
        store.sweep(0, 10, 1).await?;
        store.sweep_audit(0).await?;
        store.free_space().await?;
        store.result_files().await?;
        ledger.marks(0, 1).await?;
        ledger.rejections(0, 1).await?;
        ledger.counts().await?;
        ledger.reasons(1).await?;
        store.close().await;
        let again = tempdir().unwrap();
        Store::open(again.path()).await.unwrap().close().await;
        let key = KeySource::File(again.path().join("master.key"));
        Store::open_keyed(again.path(), key).await.unwrap().close().await;
        let file = again.path().join("backup");
        crate::backup(again.path(), &file, Include { results: true }, 1, &mut |_, _| {}).await.unwrap();
        crate::restore(&file, again.path(), Replace::MoveAside, 1, &mut |_, _| {}).await.unwrap();
        Ok::<(), StoreError>(())
    });
    task.await.unwrap().unwrap();
}
