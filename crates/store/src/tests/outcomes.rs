//! Outcomes that are one commit: a job's beginning, the end of a run, back into the queue, an end with its audit line.
//!
//! Knows the store's doors, and the number of commits behind its back.

use model::{JobId, JobState, Report, StopCause, Tally};
use tempfile::tempdir;

use super::jobs::report;
use super::{content, document, entry, id, put_secret, server_job};
use crate::{Change, Job, NewJob, Once, Started, Store, StoreError};

async fn commits(store: &Store) -> i64 {
    let read = store
        .read(async |connection| Ok(sqlx::query_scalar("SELECT commits FROM progress").fetch_one(connection).await?));
    read.await.unwrap()
}

async fn job(store: &Store, id: &JobId) -> Job {
    store.job(id).await.unwrap().unwrap()
}

fn cause(message: &str) -> StopCause {
    StopCause { message: message.into(), hint: Some("wait".into()), configuration: false }
}

fn once(key: &str, fingerprint: u8) -> Option<Once> {
    Some(Once { key: key.into(), actor: "ada".into(), fingerprint: [fingerprint; 32] })
}

fn audit(at: i64) -> Vec<Change> {
    vec![Change::Audit(entry(at, "ada"))]
}

/// Changes of which the last is refused, as the document is there already.
fn refused(at: i64) -> Vec<Change> {
    vec![Change::Audit(entry(at, "ada")), Change::InsertDocument(document(1, "connection"))]
}

/// A job that was parked twice and is sending again, at 50: it went on by itself once.
async fn woken(store: &Store, number: u32) -> JobId {
    store.create_job(&server_job(number)).await.unwrap();
    let way = [
        (JobState::Sending, None, 10),
        (JobState::ParkedOutage, Some(20), 11),
        (JobState::Sending, None, 20),
        (JobState::ParkedOutage, Some(40), 21),
        (JobState::Sending, None, 40),
    ];
    for (state, wake, now) in way {
        store.set_parked(&id(number), state, Some(&cause("busy")), wake, now).await.unwrap();
    }
    id(number)
}

#[tokio::test]
async fn a_run_is_settled_in_one_commit() {
    use JobState::{Failed, Held, Killed, NeedsReconnect, ParkedOutage, ParkedQuota, Queued, Success};
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    // State, wake, progressed; then finished and wakes.
    let cases = [
        (Success, None, true, Some(50), 0),
        (ParkedQuota, Some(99), false, None, 2),
        (ParkedQuota, Some(99), true, None, 0),
        (ParkedOutage, Some(60), false, None, 2),
        (NeedsReconnect, None, false, None, 2),
        (Queued, None, false, None, 2),
        (Killed, None, false, Some(50), 2),
        (Held, None, true, Some(50), 0),
        (Failed, None, false, Some(50), 2),
    ];
    for (number, (status, wake, progressed, finished, wakes)) in (1..).zip(cases) {
        let id = woken(&store, number).await;
        let why = (status != Success).then(|| cause("why"));
        let report = Report { status, cause: why.clone(), ..report(number) };
        let before = commits(&store).await;
        store.settle_run(&report, wake, progressed, 50).await.unwrap();
        assert_eq!(commits(&store).await, before + 1, "{status}");
        let got = job(&store, &id).await;
        assert_eq!((got.state, got.cause, got.wake), (status, why, wake), "{status}");
        assert_eq!((got.started, got.finished, got.wakes, got.updated), (Some(10), finished, wakes, 50), "{status}");
        assert_eq!(got.report.as_ref(), Some(&report), "{status}");
        let page = store.jobs_page(&crate::JobFilter::default(), None, 1).await.unwrap();
        assert_eq!(page[0].tally, Some(Tally { read: 3, delivered: 2, rejected: 1, ..Tally::default() }), "{status}");
    }
    // Success is final: neither the state nor the report changes.
    let before = job(&store, &id(1)).await;
    let late = Report { status: Failed, ..report(1) };
    let illegal = store.settle_run(&late, None, true, 60).await;
    assert!(matches!(illegal, Err(StoreError::Illegal { .. })), "{illegal:?}");
    assert_eq!(job(&store, &id(1)).await, before);
    let none = store.settle_run(&report(99), None, true, 60).await;
    assert!(matches!(none, Err(StoreError::NoJob { .. })), "{none:?}");
}

#[tokio::test]
async fn a_job_begins_with_its_cause_and_its_audit_line_or_not_at_all() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.apply(vec![Change::InsertDocument(document(1, "connection"))]).await.unwrap();
    let before = commits(&store).await;
    let skipped = NewJob { state: JobState::Skipped, ..server_job(1) };
    let mut changes = audit(5);
    changes.push(put_secret("connection1", "secret 1", "canary"));
    let started = store.create_job_with(skipped, Some(cause("still at work")), changes, once("key", 1), 5).await;
    assert_eq!((started.unwrap(), commits(&store).await), (Started::New, before + 1));
    let got = job(&store, &id(1)).await;
    assert_eq!((got.state, got.cause), (JobState::Skipped, Some(cause("still at work"))));
    assert_eq!(store.audit_page(None, 10).await.unwrap().len(), 1);
    assert!(store.has_secret("connection1", "secret 1").await.unwrap());

    let was = content(&store).await.unwrap();
    let cases = [
        ("again", 2, audit(6), once("key", 1), Ok(Started::Again(id(1)))),
        ("differs", 2, audit(6), once("key", 2), Ok(Started::Differs)),
        ("taken", 1, audit(6), once("other", 1), Err(format!("job {} exists already", id(1)))),
        ("refused", 2, refused(6), once("other", 1), Err("connection name 1 exists already".to_owned())),
    ];
    for (name, number, changes, once, want) in cases {
        let started = store.create_job_with(server_job(number), None, changes, once, 6).await;
        assert_eq!(started.map_err(|error| error.to_string()), want, "{name}");
        assert_eq!(content(&store).await.unwrap(), was, "{name}");
    }
    // What was refused left no key behind, and without a key every start is a new one.
    for (number, once) in [(2, once("other", 2)), (3, None), (4, None)] {
        let started = store.create_job_with(server_job(number), None, audit(7), once, 7).await.unwrap();
        assert_eq!(started, Started::New, "{number}");
        assert_eq!(job(&store, &id(number)).await.cause, None);
    }
    assert_eq!(store.audit_page(None, 10).await.unwrap().len(), 4);
    // A key that has had its day begins another job.
    let day = 5 + crate::KEY_SECONDS;
    let started = store.create_job_with(server_job(5), None, audit(day), once("key", 2), day).await;
    assert_eq!(started.unwrap(), Started::New);
}

#[tokio::test]
async fn a_job_goes_back_into_the_queue_with_its_audit_line() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.apply(vec![Change::InsertDocument(document(1, "connection"))]).await.unwrap();
    // State before, its wake, whether the wakes are forgotten; then the wakes.
    let cases = [
        (JobState::Failed, None, false, 2),
        (JobState::Killed, None, true, 0),
        (JobState::ParkedQuota, Some(60), true, 0),
        (JobState::ParkedQuota, Some(60), false, 3),
        (JobState::ParkedQuota, Some(99), false, 2),
    ];
    for (number, (state, wake, reset, wakes)) in (1..).zip(cases) {
        let id = woken(&store, number).await;
        store.set_parked(&id, state, Some(&cause("why")), wake, 50).await.unwrap();
        let was = content(&store).await.unwrap();
        let error = store.requeue(&id, reset, refused(60), 60).await;
        assert!(matches!(error, Err(StoreError::Exists { .. })), "{error:?}");
        assert_eq!(content(&store).await.unwrap(), was, "{state}");
        let before = commits(&store).await;
        store.requeue(&id, reset, audit(60), 60).await.unwrap();
        assert_eq!(commits(&store).await, before + 1, "{state}");
        let got = job(&store, &id).await;
        assert_eq!((got.state, got.cause, got.wake), (JobState::Queued, None, None), "{state}");
        assert_eq!((got.wakes, got.finished, got.updated), (wakes, None, 60), "{state}");
    }
    assert_eq!(store.audit_page(None, 10).await.unwrap().len(), 5);
    store.set_state(&id(1), JobState::Sending, None, 70).await.unwrap();
    store.set_state(&id(1), JobState::Success, None, 70).await.unwrap();
    let was = content(&store).await.unwrap();
    let illegal = store.requeue(&id(1), true, audit(80), 80).await;
    assert!(matches!(illegal, Err(StoreError::Illegal { .. })), "{illegal:?}");
    assert_eq!(content(&store).await.unwrap(), was);
}

#[tokio::test]
async fn a_waiting_job_ends_with_its_audit_line() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.apply(vec![Change::InsertDocument(document(1, "connection"))]).await.unwrap();
    store.create_job(&server_job(1)).await.unwrap();
    let why = cause("stopped by ada");
    let was = content(&store).await.unwrap();
    let error = store.end_job(&id(1), JobState::Killed, Some(&why), refused(9), 9).await;
    assert!(matches!(error, Err(StoreError::Exists { .. })), "{error:?}");
    assert_eq!(content(&store).await.unwrap(), was);
    let before = commits(&store).await;
    store.end_job(&id(1), JobState::Killed, Some(&why), audit(9), 9).await.unwrap();
    assert_eq!(commits(&store).await, before + 1);
    let got = job(&store, &id(1)).await;
    assert_eq!((got.state, got.cause, got.finished, got.wake), (JobState::Killed, Some(why), Some(9), None));
    let was = content(&store).await.unwrap();
    let illegal = store.end_job(&id(1), JobState::Success, None, audit(10), 10).await;
    assert!(matches!(illegal, Err(StoreError::Illegal { .. })), "{illegal:?}");
    let none = store.end_job(&id(2), JobState::Killed, None, audit(10), 10).await;
    assert!(matches!(none, Err(StoreError::NoJob { .. })), "{none:?}");
    assert_eq!(content(&store).await.unwrap(), was);
}
