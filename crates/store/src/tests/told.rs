//! Of which jobs people are still to be told, and what else a job knows of its schedule.
//!
//! Knows the store's doors; very many old jobs are written behind its back.

use std::time::Instant;

use model::JobState;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, QueryBuilder, Sqlite, SqliteConnection};
use tempfile::tempdir;

use super::{entry, id, new_job, notice, server_job};
use crate::job_row::whole;
use crate::{Change, JobFilter, NewJob, NoticeFilter, Store, StoreError};

/// The states that an application would tell of.
const ASKED: [JobState; 5] =
    [JobState::Success, JobState::Failed, JobState::Stopped, JobState::ParkedQuota, JobState::NeedsReconnect];

/// A step of a job and of those who tell of it.
#[derive(Debug, Clone, Copy)]
enum Step {
    To(JobState),
    Tell,
    /// A person continues it.
    Continue,
}

#[tokio::test]
async fn a_state_is_told_once_and_again_after_a_person_continued_the_job() {
    use JobState::{Failed, Killed, ParkedQuota, Queued, Sending, Stopped, Success};
    use Step::{Continue, Tell, To};
    let cases: [(&[Step], bool); 11] = [
        (&[], false),
        (&[To(Sending)], false),
        (&[To(Sending), To(Success)], true),
        (&[To(Sending), To(Success), Tell], false),
        (&[To(Sending), To(ParkedQuota)], true),
        (&[To(Sending), To(ParkedQuota), Tell, To(Queued), To(Sending), To(ParkedQuota)], false),
        (&[To(Sending), To(ParkedQuota), Tell, To(Queued), To(Sending), To(Success)], true),
        (&[To(Sending), To(Failed), Tell, Continue], false),
        (&[To(Sending), To(Failed), Tell, Continue, To(Sending), To(Failed)], true),
        (&[To(Sending), To(Stopped), Tell, Continue, To(Sending), To(Failed), Tell], false),
        // A state that nobody asks for.
        (&[To(Killed)], false),
    ];
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    for (number, (way, want)) in (1..).zip(cases) {
        store.create_job(&server_job(number)).await.unwrap();
        for (now, step) in (100..).zip(way) {
            match step {
                To(state) => store.set_state(&id(number), *state, None, now).await.unwrap(),
                Tell => {
                    let before = store.job(&id(number)).await.unwrap().unwrap();
                    store.apply(vec![Change::Told { job: id(number), state: before.state }]).await.unwrap();
                    let after = store.job(&id(number)).await.unwrap().unwrap();
                    assert_eq!(after, crate::Job { told: Some(before.state), ..before }, "nothing else changes");
                }
                Continue => store.requeue(&id(number), true, Vec::new(), now).await.unwrap(),
            }
        }
        let untold = store.untold(&ASKED, 100).await.unwrap();
        assert_eq!(untold.iter().any(|job| job.id == id(number)), want, "{way:?}");
    }
    // What a command runs is its caller's to see.
    store.create_job(&new_job(50)).await.unwrap();
    store.set_state(&id(50), Failed, None, 1).await.unwrap();
    assert!(store.untold(&[], 100).await.unwrap().is_empty());
    let untold = store.untold(&ASKED, 100).await.unwrap();
    assert!(untold.windows(2).all(|pair| (pair[0].updated, &pair[0].id) <= (pair[1].updated, &pair[1].id)));
    assert_eq!((untold.len(), store.untold(&ASKED, 2).await.unwrap()), (4, untold[..2].to_vec()));
    assert!(untold.iter().all(|job| job.id != id(50)));
    store.close().await;
    Store::open(directory.path()).await.unwrap();
}

#[tokio::test]
async fn nobody_is_told_of_a_state_that_has_passed() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.create_job(&server_job(1)).await.unwrap();
    store.set_state(&id(1), JobState::Sending, None, 1).await.unwrap();
    let before = store.job(&id(1)).await.unwrap();
    let change = |job| {
        vec![
            Change::InsertNotice(notice(1)),
            Change::Told { job, state: JobState::ParkedQuota },
            Change::Audit(entry(1, "ada")),
        ]
    };
    let refused = store.apply(change(id(1))).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    let refused = store.apply(change(id(2))).await.unwrap_err();
    assert!(matches!(refused, StoreError::NoJob { .. }), "{refused}");
    assert_eq!(store.job(&id(1)).await.unwrap(), before);
    assert!(store.notices(&NoticeFilter::default(), None, 9).await.unwrap().is_empty());
    assert!(store.audit_page(None, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_job_knows_its_scheduled_time_and_its_forecast() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.create_job(&NewJob { scheduled: Some(1_790_000_000), ..server_job(1) }).await.unwrap();
    store.create_job(&server_job(2)).await.unwrap();
    let updated = store.job(&id(1)).await.unwrap().unwrap().updated;
    for needed in [120, 130] {
        store.set_forecast(&id(1), &json!({ "needed": needed })).await.unwrap();
    }
    store.set_state(&id(1), JobState::Sending, None, updated).await.unwrap();
    assert!(matches!(store.set_forecast(&id(3), &json!({})).await, Err(StoreError::NoJob { .. })));
    store.close().await;
    let store = Store::open(directory.path()).await.unwrap();
    let job = store.job(&id(1)).await.unwrap().unwrap();
    assert_eq!(
        (job.scheduled, job.forecast, job.updated),
        (Some(1_790_000_000), Some(json!({ "needed": 130 })), updated)
    );
    let page = store.jobs_page(&JobFilter::default(), None, 9).await.unwrap();
    assert_eq!(page.iter().map(|job| job.scheduled).collect::<Vec<_>>(), [None, Some(1_790_000_000)]);
}

#[tokio::test]
async fn a_hundred_thousand_told_jobs_are_not_looked_at() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    for number in 1..=3 {
        store.create_job(&server_job(number)).await.unwrap();
        store.set_state(&id(number), JobState::Failed, None, i64::from(number)).await.unwrap();
    }
    store.apply(vec![Change::Told { job: id(1), state: JobState::Failed }]).await.unwrap();
    // The told job, many times over; its seals fit one of them, and nobody reads the others.
    let options = SqliteConnectOptions::new().filename(directory.path().join("sluice.db"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let columns = whole!().strip_prefix("id, ").unwrap();
    let mut copy: QueryBuilder<Sqlite> = QueryBuilder::new(
        "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 100000) INSERT INTO job (id, ",
    );
    copy.push(columns).push(") SELECT 'x' || n, ").push(columns).push(" FROM job JOIN number WHERE id = ");
    copy.push_bind(id(1).to_string()).build().execute(&mut connection).await.unwrap();

    let begun = Instant::now();
    let untold = store.untold(&ASKED, 50).await.unwrap();
    let elapsed = begun.elapsed();
    println!("two untold jobs among 100,000 told ones: {elapsed:?}");
    assert_eq!(untold.iter().map(|job| job.id.clone()).collect::<Vec<_>>(), [id(2), id(3)]);
    // Looking at all of them takes far longer, on any machine.
    assert!(elapsed.as_millis() < 50, "{elapsed:?}");
    connection.close().await.unwrap();
}
