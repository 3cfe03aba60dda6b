//! Jobs of a server: how they move, pages of them, starting once, logs, deleting and sweeping.
//!
//! Knows the store's doors; many jobs at once are written behind its back.

use std::collections::BTreeSet;
use std::time::Instant;

use model::{BatchEnd, JobId, JobState, StopCause};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use tempfile::tempdir;
use tokio::task::JoinSet;

use super::jobs::report;
use super::{id, mark, new_job, rejection, server_job, start_once};
use crate::{JobFilter, JobKind, JobSummary, LogLevel, NewJob, Origin, Started, Store, StoreError};

/// What is compared of a job's way: started, finished, wake, wakes.
type Times = (Option<i64>, Option<i64>, Option<i64>, u32);
/// A step of a job: its next state, its wake, the time.
type Step = (JobState, Option<i64>, i64);

#[tokio::test]
async fn times_follow_the_states() {
    use JobState::{Failed, Held, Killed, ParkedQuota, Querying, Queued, Sending, Skipped, Success};
    let cases: [(JobState, &[Step], Times); 10] = [
        (Queued, &[], (None, None, None, 0)),
        (Querying, &[], (Some(5), None, None, 0)),
        (Skipped, &[], (None, Some(5), None, 0)),
        (Queued, &[(Querying, None, 10), (Sending, None, 11)], (Some(10), None, None, 0)),
        (Queued, &[(Killed, None, 10)], (Some(10), Some(10), None, 0)),
        (Queued, &[(Sending, None, 10), (Success, None, 20), (Success, None, 30)], (Some(10), Some(20), None, 0)),
        (Sending, &[(ParkedQuota, Some(50), 10)], (Some(5), None, Some(50), 0)),
        (Sending, &[(ParkedQuota, Some(50), 10), (Sending, None, 50)], (Some(5), None, None, 1)),
        // A person did not wait for it.
        (Sending, &[(ParkedQuota, Some(50), 10), (Queued, None, 49)], (Some(5), None, None, 0)),
        (
            Sending,
            &[(Held, None, 10), (Queued, None, 20), (Querying, None, 30), (Queued, None, 31), (Failed, None, 32)],
            (Some(5), Some(32), None, 0),
        ),
    ];
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    for (number, (first, way, want)) in (1..).zip(cases) {
        let new = NewJob { created: 5, state: first, ..server_job(number) };
        store.create_job(&new).await.unwrap();
        for (state, wake, now) in way {
            store.set_parked(&new.id, *state, None, *wake, *now).await.unwrap();
        }
        let job = store.job(&new.id).await.unwrap().unwrap();
        assert_eq!((job.started, job.finished, job.wake, job.wakes), want, "{first} {way:?}");
        assert_eq!((job.kind, job.origin, &job.query), (JobKind::Export, Origin::Server, &Some("q1".to_owned())));
        assert_eq!((job.parent, job.actor.as_deref()), (Some(id(0)), Some("ada")));
    }
}

#[tokio::test]
async fn a_page_is_the_filtered_list_from_where_the_last_one_ended() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let mut all = Vec::new();
    for number in 1..=40 {
        let mut new = if number % 3 == 0 { new_job(number) } else { server_job(number) };
        // Some were made in the same second.
        new.created = i64::from(number / 4);
        new.connection = Some(format!("c{}", number % 2));
        store.create_job(&new).await.unwrap();
        if number % 5 == 0 {
            store.set_state(&new.id, JobState::Sending, None, 100).await.unwrap();
            store.save_report(&report(number), 101).await.unwrap();
        }
        all.push(store.job(&new.id).await.unwrap().unwrap());
    }
    all.sort_by(|one, two| (two.created, &two.id).cmp(&(one.created, &one.id)));
    let any = JobFilter::default;
    type Fits = fn(&crate::Job) -> bool;
    let cases: [(JobFilter, Fits); 9] = [
        (any(), |_| true),
        (JobFilter { states: vec![JobState::Sending], ..any() }, |job| job.state == JobState::Sending),
        (JobFilter { states: vec![JobState::Queued, JobState::Querying], ..any() }, |job| {
            matches!(job.state, JobState::Queued | JobState::Querying)
        }),
        (JobFilter { query: Some("q1".into()), ..any() }, |job| job.query.is_some()),
        (JobFilter { connection: Some("c1".into()), origin: Some(Origin::Server), ..any() }, |job| {
            job.connection.as_deref() == Some("c1") && job.origin == Origin::Server
        }),
        (JobFilter { created_from: Some(3), created_to: Some(6), ..any() }, |job| (3..6).contains(&job.created)),
        (JobFilter { search: Some(id(7).as_str()[..7].into()), ..any() }, |job| {
            job.id.as_str().starts_with(&id(7).as_str()[..7])
        }),
        (JobFilter { search: Some("%".into()), ..any() }, |_| false),
        (JobFilter { parent: Some(id(0)), ..any() }, |job| job.parent == Some(id(0))),
    ];
    for (filter, fits) in cases {
        let want: Vec<JobSummary> = all.iter().filter(|job| fits(job)).map(crate::Job::summary).collect();
        let (mut got, mut after) = (Vec::new(), None::<JobId>);
        loop {
            let page = store.jobs_page(&filter, after.as_ref(), 7).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            got.extend(page);
        }
        assert_eq!(got, want, "{filter:?}");
    }
    // The job that a page ended with may be deleted before the next one is asked for.
    let gone = all.iter().find(|job| job.origin == Origin::CommandLine).unwrap().id.clone();
    store.delete_job(&gone).await.unwrap();
    let rest = store.jobs_page(&any(), Some(&gone), 100).await.unwrap();
    assert!(rest.iter().all(|job| job.id < gone) && !rest.is_empty());

    let summaries = store.open_server_summaries().await.unwrap();
    let open: Vec<JobId> = summaries.iter().map(|job| job.id.clone()).collect();
    let want: Vec<JobId> =
        all.iter().rev().filter(|job| job.origin == Origin::Server).map(|job| job.id.clone()).collect();
    assert_eq!(open, want);
    for summary in summaries {
        let whole = store.job(&summary.id).await.unwrap().unwrap();
        assert_eq!(whole.summary(), summary);
    }
    let counts = store.count_jobs_by_state().await.unwrap();
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), 39);
    assert_eq!(counts[0], (JobState::Queued, 21));
}

#[tokio::test]
async fn ten_thousand_jobs_are_paged_and_opened_fast() {
    let directory = tempdir().unwrap();
    Store::open(directory.path()).await.unwrap().close().await;
    let options = SqliteConnectOptions::new().filename(directory.path().join("sluice.db"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let mut one = connection.begin().await.unwrap();
    crate::job::create(&mut one, &server_job(0), None).await.unwrap();
    let mut job = crate::job::find(&mut one, &id(0)).await.unwrap().unwrap();
    let mut report = report(0);
    // As large as a report with many reasons.
    report.notes = vec!["a remark of about fifty characters, more or less.".into(); 200];
    (job.state, job.finished, job.report) = (JobState::Success, Some(5), Some(report));
    for number in 1..10_000 {
        job.id = id(number);
        job.created += 1;
        job.query = Some(format!("q{}", number % 20));
        crate::job::insert(&mut one, &job).await.unwrap();
    }
    one.commit().await.unwrap();
    connection.close().await.unwrap();

    let size = std::fs::metadata(directory.path().join("sluice.db")).unwrap().len();
    let begun = Instant::now();
    let store = Store::open(directory.path()).await.unwrap();
    let opened = begun.elapsed();
    let filters = [
        ("all", JobFilter::default()),
        ("one query", JobFilter { query: Some("q7".into()), ..JobFilter::default() }),
        ("one state", JobFilter { states: vec![JobState::Success], ..JobFilter::default() }),
        ("a state that none has", JobFilter { states: vec![JobState::Held], ..JobFilter::default() }),
    ];
    // What a kill leaves: a log that is not empty, so that every page is looked at.
    store.log(&id(0), 1, LogLevel::Info, "a line").await.unwrap();
    let killed = tempdir().unwrap();
    for name in ["sluice.db", "sluice.db-wal", "sluice.seen"] {
        std::fs::copy(directory.path().join(name), killed.path().join(name)).unwrap();
    }
    let begun = Instant::now();
    Store::open(killed.path()).await.unwrap().close().await;
    let after_a_kill = begun.elapsed();
    println!("10,000 jobs, {} MB, opened in {opened:?}, after a kill in {after_a_kill:?}", size >> 20);
    for (name, filter) in filters {
        let mut after = None;
        let mut longest = std::time::Duration::ZERO;
        for _ in 0..10 {
            let begun = Instant::now();
            let page = store.jobs_page(&filter, after.as_ref(), 50).await.unwrap();
            longest = longest.max(begun.elapsed());
            after = page.last().map(|job| job.id.clone());
            assert_eq!(page.len(), if name == "a state that none has" { 0 } else { 50 });
            assert!(page.iter().all(|job| job.tally.is_some_and(|tally| tally.adds_up())));
        }
        println!("a page of 50, {name}: at most {longest:?}");
        // Ten times what it takes on a slow machine, so that only a lost index fails here.
        assert!(longest.as_millis() < 200, "{name}: {longest:?}");
    }
    assert!(opened.as_millis() < 5_000 && after_a_kill.as_millis() < 10_000, "{opened:?} {after_a_kill:?}");
    assert_eq!(store.open_server_summaries().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_starts_one_job() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let mut calls = JoinSet::new();
    for number in 1..=50 {
        let store = store.clone();
        calls.spawn(async move { start_once(&store, "key", "ada", [1; 32], server_job(number), 100).await.unwrap() });
    }
    let mut begun = Vec::new();
    while let Some(started) = calls.join_next().await {
        begun.push(started.unwrap());
    }
    let jobs = store.jobs(100).await.unwrap();
    assert_eq!(jobs.len(), 1);
    assert_eq!(begun.iter().filter(|started| **started == Started::New).count(), 1);
    assert_eq!(begun.iter().filter(|started| **started == Started::Again(jobs[0].id.clone())).count(), 49);

    let day = crate::KEY_SECONDS;
    let cases = [
        ("key", "ada", [2; 32], 101, Started::Differs),
        ("key", "bob", [2; 32], 101, Started::New),
        ("key2", "ada", [2; 32], 101, Started::New),
        ("key", "ada", [1; 32], 100 + day - 1, Started::Again(jobs[0].id.clone())),
        ("key", "ada", [2; 32], 100 + day, Started::New),
    ];
    for (number, (key, actor, fingerprint, now, want)) in (100..).zip(cases) {
        let started = start_once(&store, key, actor, fingerprint, server_job(number), now).await.unwrap();
        assert_eq!(started, want, "{key} {actor} {now}");
    }
    // A job that cannot be made leaves no key behind.
    let taken = start_once(&store, "new", "ada", [1; 32], server_job(104), 200).await;
    assert!(matches!(taken, Err(StoreError::Exists { .. })), "{taken:?}");
    assert_eq!(start_once(&store, "new", "ada", [2; 32], server_job(110), 200).await.unwrap(), Started::New);
}

#[tokio::test]
async fn a_log_is_read_from_where_one_was() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.create_job(&server_job(1)).await.unwrap();
    for (at, level) in (10..).zip([LogLevel::Info, LogLevel::Warning, LogLevel::Error]) {
        store.log(&id(1), at, level, &format!("line of {}", level.name())).await.unwrap();
    }
    let lines = store.log_lines(&id(1), 1, 10).await.unwrap();
    let said: Vec<_> = lines.iter().map(|line| (line.number, line.at, line.text.as_str())).collect();
    assert_eq!(said, [(2, 11, "line of warning"), (3, 12, "line of error")]);
    assert_eq!(store.log_lines(&id(1), 0, 1).await.unwrap()[0].level, LogLevel::Info);
    assert!(store.log_lines(&id(2), 0, 10).await.unwrap().is_empty());
    // Its end, oldest line first.
    let numbers =
        async |most| store.log_end(&id(1), most).await.unwrap().iter().map(|line| line.number).collect::<Vec<_>>();
    assert_eq!((numbers(2).await, numbers(9).await), (vec![2, 3], vec![1, 2, 3]));
    assert!(store.log_end(&id(2), 9).await.unwrap().is_empty());
    assert!(matches!(store.log(&id(2), 1, LogLevel::Info, "x").await, Err(StoreError::NoJob { .. })));
}

async fn with_rows(store: &Store, new: &NewJob) {
    store.create_job(new).await.unwrap();
    store.set_state(&new.id, JobState::Sending, None, 1).await.unwrap();
    let ledger = store.ledger(&new.id);
    for batch in 1..=20 {
        ledger.settle(mark(batch, [batch], BatchEnd::Acked), vec![rejection(batch, None, "no")], 1).await.unwrap();
    }
    store.save_watermark(&new.id, 1).await.unwrap();
    store.log(&new.id, 1, LogLevel::Info, "a line").await.unwrap();
}

#[tokio::test]
async fn a_deleted_job_leaves_nothing() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    with_rows(&store, &server_job(1)).await;
    let refused = store.delete_job(&id(1)).await.unwrap_err();
    assert_eq!(refused.to_string(), format!("job {} is sending and cannot be deleted", id(1)));
    store.set_state(&id(1), JobState::Killed, None, 2).await.unwrap();
    store.delete_job(&id(1)).await.unwrap();
    assert!(matches!(store.delete_job(&id(1)).await, Err(StoreError::NoJob { .. })));
    // What a command began and never ended may go.
    with_rows(&store, &new_job(2)).await;
    store.delete_job(&id(2)).await.unwrap();
    with_rows(&store, &server_job(1)).await;
    assert_eq!(store.ledger(&id(1)).marks(0, 100).await.unwrap().len(), 20);
    store.close().await;
    Store::open(directory.path()).await.unwrap();
}

#[tokio::test]
async fn what_has_had_its_time_goes_and_its_space_is_given_back() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    for number in 1..=60 {
        let new = server_job(number);
        store.create_job(&new).await.unwrap();
        store.set_state(&new.id, JobState::Sending, None, 1).await.unwrap();
        let rows: Vec<u64> = (0..20_000).step_by(3).collect();
        store.ledger(&new.id).mark(mark(1, rows, BatchEnd::Acked), 1).await.unwrap();
        if number <= 50 {
            let cause = StopCause { message: "stopped".into(), hint: None, configuration: false };
            store.set_state(&new.id, JobState::Failed, Some(&cause), i64::from(number)).await.unwrap();
        }
    }
    std::fs::write(store.result_path(&id(1)), b"rows").unwrap();
    std::fs::write(directory.path().join("results/.part"), b"rows").unwrap();
    assert_eq!(store.result_files().await.unwrap(), [id(1)]);
    let file = directory.path().join("sluice.db");
    store.free_space().await.unwrap();
    let before = std::fs::metadata(&file).unwrap().len();
    // Ended before 46: 45 jobs, 25 at most at once.
    let mut swept = BTreeSet::new();
    for want in [25, 20, 0] {
        let some = store.sweep(46, 25, 1_000).await.unwrap();
        assert_eq!(some.len(), want);
        swept.extend(some);
    }
    assert_eq!(swept, (1..=45).map(id).collect());
    assert!(store.free_space().await.unwrap() > 100_000);
    let after = std::fs::metadata(&file).unwrap().len();
    assert!(after < before / 2, "{before} -> {after}");
    assert_eq!(store.jobs(100).await.unwrap().len(), 15);
    store.close().await;
    assert_eq!(Store::open(directory.path()).await.unwrap().jobs(100).await.unwrap().len(), 15);
}
