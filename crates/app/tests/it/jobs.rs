//! Jobs from the queue to their end: the same ends as an export of the command line.

use api::{JobKind, Overlap, RunRequest};
use app::{AppError, Form, What};
use model::JobState;
use pardot_sim::{BusinessUnit, Fault, FaultKind, When};
use serde_json::json;

use crate::bench::{Bench, adds_up, contacts, csv_upload, good, query};

async fn text(bench: &Bench, job: &str, what: What) -> String {
    let mut download =
        bench.app.download(&bench.actor, job, what, Form::Csv, false).await.expect("the download begins");
    let mut bytes = Vec::new();
    while let Some(chunk) = download.chunks.recv().await {
        bytes.extend(chunk.expect("the download goes on"));
    }
    String::from_utf8(bytes).expect("text")
}

#[tokio::test]
async fn rows_arrive_and_everything_is_told() {
    let bench = Bench::new().await;
    bench.upload("c", &contacts(1_000, |row| row % 97 == 0)).await;
    bench.query(json!({"skip_invalid_records": true, "parallel_tasks": 5})).await;
    let job = bench.settled().await;
    assert_eq!(job.state, JobState::Success, "{job:?}");
    let rows = adds_up(&job);
    assert_eq!((rows.read, rows.delivered, rows.rejected), (1_000, 990, 10));
    assert_eq!(bench.prospects().len(), 990);
    assert_eq!(job.sentence, "990 rows delivered, 10 rejected. Download them, mend them, and retry.");
    assert!(job.has_result && !job.can_continue);
    let log = bench.log(&job.id).await;
    assert_eq!(log.first().map(String::as_str), Some("The query started."));
    assert!(log.iter().any(|line| line == "1,000 rows are checked; sending begins."), "{log:#?}");
    assert_eq!(log.last(), Some(&job.sentence));
    assert_eq!(text(&bench, &job.id, What::Result).await.lines().count(), 1_001);
    assert_eq!(text(&bench, &job.id, What::Rejected).await.lines().count(), 11);
    let receipts = text(&bench, &job.id, What::Receipts).await;
    assert_eq!(receipts.lines().count(), 1_001);
    assert_eq!(receipts.lines().filter(|line| line.contains(",delivered,")).count(), 990);
    assert_eq!(receipts.lines().filter(|line| line.contains(",rejected,")).count(), 10);
}

#[tokio::test]
async fn a_result_is_made_first_and_exported_later() {
    let bench = Bench::new().await;
    bench.upload("c", &contacts(60, good)).await;
    bench.query(json!({})).await;
    let made = bench.start(RunRequest { kind: Some(JobKind::Result), ..RunRequest::default() }).await.expect("started");
    let made = bench.follow(&made.id, |job| job.state == JobState::Success).await;
    assert_eq!((made.rows, made.result_rows), (None, Some(60)));
    assert_eq!(bench.counters().calls, 0, "nothing is sent");
    // The rows of then are sent, whatever the table has now.
    bench.upload("c", &contacts(5, good)).await;
    let (again, _) = bench.app.reexport(&bench.actor, &made.id, None).await.expect("started");
    let again = bench.follow(&again.id, |job| job.state == JobState::Success).await;
    assert_eq!(adds_up(&again).delivered, 60);
    assert_eq!(again.parent, Some(made.id));
    assert_eq!(bench.prospects().len(), 60);
}

#[tokio::test]
async fn rejected_rows_are_mended_and_sent_alone() {
    let bench = Bench::new().await;
    bench.upload("c", &contacts(100, |row| row % 25 == 0)).await;
    bench.query(json!({"skip_invalid_records": true})).await;
    let first = bench.settled().await;
    assert_eq!(adds_up(&first).rejected, 4);
    let rejected = text(&bench, &first.id, What::Rejected).await;
    let mut mended = String::from("email,first_name,score\n");
    for row in csv::Reader::from_reader(rejected.as_bytes()).records() {
        let row = row.expect("a row");
        mended.push_str(&format!("mended{}@example.com,{},{}\n", &row[0], &row[7], &row[8]));
    }
    let answer = bench.app.retry(&bench.actor, &first.id, Some(csv_upload(&mended)), None).await.expect("started");
    assert_eq!(answer.rows, 4);
    let second = bench.follow(&answer.job.id, |job| job.finished.is_some()).await;
    assert_eq!(second.state, JobState::Success, "{second:?}");
    assert_eq!(adds_up(&second).delivered, 4);
    assert_eq!(bench.prospects().len(), 100);
    let unmended = bench.app.retry(&bench.actor, &first.id, None, None).await.expect("started");
    let third = bench.follow(&unmended.job.id, |job| job.finished.is_some()).await;
    assert_eq!(adds_up(&third).rejected, 4, "as they were, they are rejected again");
}

#[tokio::test]
async fn one_key_starts_one_job() {
    let bench = Bench::new().await;
    bench.upload("c", &contacts(10, good)).await;
    bench.query(json!({})).await;
    let start = |key: &'static str, kind| {
        bench.app.run_query(&bench.actor, "contacts", RunRequest { kind, ..RunRequest::default() }, Some(key))
    };
    let (one, two, three) = tokio::join!(start("k", None), start("k", None), start("k", None));
    let jobs: Vec<(String, bool)> =
        [one, two, three].into_iter().map(|made| made.map(|(job, again)| (job.id, again)).expect("taken")).collect();
    assert!(jobs.iter().all(|(id, _)| *id == jobs[0].0), "{jobs:?}");
    assert_eq!(jobs.iter().filter(|(_, again)| !again).count(), 1);
    let other = start("k", Some(JobKind::Result)).await.expect_err("another request");
    assert!(matches!(other, AppError::Invalid(_)), "{other}");
    bench.follow(&jobs[0].0, |job| job.state == JobState::Success).await;
    assert_eq!(bench.batches(), 1);
}

#[tokio::test]
async fn jobs_of_one_query_never_overlap() {
    let bench = Bench::new().await;
    bench.upload("c", &contacts(500, good)).await;
    bench.query(json!({"maximum_retries": 0})).await;
    bench.sandbox.fault(
        Fault::always(FaultKind::Status { status: 503, when: When::Before, retry_after: None, html: false })
            .path("batchUpsert"),
    );
    let first = bench.run().await;
    bench.follow(&first.id, |job| job.state == JobState::ParkedOutage).await;
    let second = bench.run().await;
    let waits = bench.follow(&second.id, |job| job.cause.is_some()).await;
    assert_eq!(waits.sentence, format!("Waits for its turn: job {} of the same query is first.", first.id));
    let mut skipping = query("contacts", json!({}));
    skipping.overlap = Overlap::Skip;
    bench.app.put_query(&bench.actor, "contacts", skipping, None).await.expect("taken");
    let third = bench.run().await;
    assert_eq!(third.state, JobState::Skipped);
    assert!(third.sentence.contains(&first.id), "{}", third.sentence);
    bench.sandbox.clear_faults();
    let done = bench.follow(&first.id, |job| job.state == JobState::Success).await;
    assert_eq!(adds_up(&done).delivered, 500);
    bench.follow(&second.id, |job| job.state == JobState::Success).await;
}

#[tokio::test]
async fn a_used_up_day_parks_until_midnight_and_says_so() {
    let unit = BusinessUnit { daily_limit: 60, ..BusinessUnit::default() };
    let bench = Bench::with(pardot_sim::Config { business_units: vec![unit], ..pardot_sim::Config::default() }).await;
    bench.app.test_connection(&bench.actor, "prod").await.expect("tested");
    bench.upload("c", &contacts(5_000, good)).await;
    bench.query(json!({})).await;
    let mut job = bench.settled().await;
    job = bench.follow(&job.id, |job| job.progress.is_none()).await;
    assert_eq!(job.state, JobState::ParkedQuota, "{job:?}");
    let rows = adds_up(&job);
    assert!(rows.delivered > 0 && rows.unsent > 0, "{rows:?}");
    assert!(job.wake.is_some(), "{job:?}");
    assert!(job.sentence.contains("Continues by itself at"), "{}", job.sentence);
    // A person who knows better continues it at once: Pardot's day is over, whatever our clock says.
    bench.sandbox.advance(std::time::Duration::from_secs(86_400));
    bench.app.continue_job(&bench.actor, &job.id).await.expect("continued");
    job = bench
        .follow(&job.id, |job| matches!(job.state, JobState::Success | JobState::ParkedQuota) && job.progress.is_none())
        .await;
    assert_eq!(job.state, JobState::Success, "{job:?}");
    assert_eq!(bench.prospects().len(), 5_000);
}

#[tokio::test]
async fn a_query_that_fails_sends_nothing() {
    let bench = Bench::new().await;
    bench.upload("c", "email,n\na@example.com,1\nb@example.com,0\n").await;
    let mut spec = query("contacts", json!({}));
    spec.sql = "SELECT email, CAST(1 / CAST(n AS INT) AS INT) AS score FROM c".into();
    bench.app.put_query(&bench.actor, "contacts", spec, None).await.expect("taken");
    let job = bench.settled().await;
    assert_eq!(job.state, JobState::Failed, "{job:?}");
    assert!(job.sentence.contains("nothing was sent"), "{}", job.sentence);
    assert_eq!(bench.counters().calls, 0);
}
