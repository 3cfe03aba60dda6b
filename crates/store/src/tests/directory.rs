//! The data directory: who may read it, who may use it, and which versions of it open.
//!
//! Knows the names of its files.

use std::path::Path;
use std::time::{Duration, Instant};

use expect_test::expect;
use model::{BatchEnd, JobState};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use tempfile::tempdir;

use super::{content, fill, id, mark, new_job};
use crate::column::{Seal, to_text};
use crate::file::{DATABASE, Patience, WITNESS};
use crate::{Job, JobKind, KeySource, LockError, OpenError, Origin, Store, StoreError, schema};

pub(super) async fn raw(directory: &Path, statements: &'static str) {
    let options = SqliteConnectOptions::new().filename(directory.join(DATABASE)).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempdir().unwrap();
    let directory = parent.path().join("new/data");
    let store = Store::open(&directory).await.unwrap();
    store.create_job(&new_job(1)).await.unwrap();
    let _lock = store.lock("unit").unwrap();
    store.apply(vec![super::put_secret("owner", "name", "canary")]).await.unwrap();
    let cases = [
        ("", 0o700),
        ("results", 0o700),
        ("locks", 0o700),
        ("master.key", 0o600),
        ("locks/unit.lock", 0o600),
        ("sluice.db", 0o600),
        ("sluice.db-wal", 0o600),
        ("sluice.db-shm", 0o600),
        ("sluice.lock", 0o600),
        ("sluice.seen", 0o600),
    ];
    for (name, mode) in cases {
        let found = std::fs::metadata(directory.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{name}");
    }
    assert_eq!(store.result_path(&id(1)), directory.join(format!("results/{}.parquet", id(1))));
    store.close().await;
    std::fs::set_permissions(directory.join(DATABASE), std::fs::Permissions::from_mode(0o644)).unwrap();
    Store::open(&directory).await.unwrap().close().await;
    let mode = std::fs::metadata(directory.join(DATABASE)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
}

#[tokio::test]
async fn one_export_at_a_time_per_business_unit() {
    let directory = tempdir().unwrap();
    let (one, two) = (Store::open(directory.path()).await.unwrap(), Store::open(directory.path()).await.unwrap());
    let held = one.lock("unit").unwrap();
    let _other = two.lock("other unit").unwrap();
    assert!(matches!(two.lock("unit"), Err(LockError::Held { .. })));
    assert!(matches!(one.lock("unit"), Err(LockError::Held { .. })));
    drop(held);
    two.lock("unit").unwrap();
    let serving = Store::serve_lock(directory.path()).unwrap();
    let refused = Store::serve_lock(directory.path()).unwrap_err();
    assert!(matches!(refused, LockError::Served { .. }), "{refused}");
    drop(serving);
    Store::serve_lock(&directory.path().join("not/yet/there")).unwrap();
}

#[tokio::test]
async fn a_dropped_store_has_lost_nothing_and_two_stores_see_the_same() {
    let directory = tempdir().unwrap();
    let store = fill(directory.path()).await;
    let before = content(&store).await.unwrap();
    drop(store);
    let (one, two) = (Store::open(directory.path()).await.unwrap(), Store::open(directory.path()).await.unwrap());
    assert_eq!(content(&one).await.unwrap(), before);
    one.ledger(&id(1)).mark(mark(900, [1, 2], BatchEnd::Sent), 1).await.unwrap();
    two.ledger(&id(1)).mark(mark(901, [3], BatchEnd::Held), 1).await.unwrap();
    assert_eq!(content(&one).await.unwrap(), content(&two).await.unwrap());
    assert_eq!(one.ledger(&id(1)).counts().await.unwrap().sent_rows, 2);
    one.close().await;
    two.close().await;
    let again = Store::open(directory.path()).await.unwrap();
    assert_eq!(again.ledger(&id(1)).marks(899, 9).await.unwrap().len(), 2);
}

/// Writes what version 2 would have written: a job in each of its states, with a batch, a rejected row and a watermark.
pub(super) async fn version_2(directory: &Path) -> Vec<Job> {
    raw(directory, "PRAGMA application_id = 1399612261; PRAGMA journal_mode = WAL").await;
    let options = SqliteConnectOptions::new().filename(directory.join(DATABASE));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    schema::migrate(&mut connection, 2).await.unwrap();
    let mut jobs = Vec::new();
    let states = JobState::all().filter(|state| !matches!(state, JobState::Queued | JobState::Skipped));
    for (number, state) in (1..).zip(states) {
        let new = new_job(number);
        let (report, cause) = match state {
            JobState::Success => (Some(super::jobs::report(number)), None),
            _ => (None, Some(model::StopCause { message: "it stopped".into(), hint: None, configuration: false })),
        };
        let job = Job {
            id: new.id.clone(),
            created: new.created,
            updated: new.created + 60,
            state,
            kind: JobKind::Export,
            origin: Origin::CommandLine,
            query: None,
            query_name: None,
            connection: None,
            actor: None,
            parent: None,
            business_unit: new.business_unit.clone(),
            started: Some(new.created),
            finished: (!state.is_open()).then_some(new.created + 60),
            wake: None,
            wakes: 0,
            frozen_rows: Some(50),
            cause,
            scheduled: None,
            told: Some(state),
            sql: new.sql.clone(),
            request: new.request.clone(),
            report,
            forecast: None,
        };
        insert_version_2(&mut connection, &job).await;
        jobs.insert(0, job);
    }
    assert_eq!(schema::version(&mut connection).await.unwrap(), 2);
    connection.close().await.unwrap();
    jobs
}

async fn insert_version_2(connection: &mut SqliteConnection, job: &Job) {
    let (id, state) = (job.id.as_str(), job.state.name());
    let request = to_text(&job.request).unwrap();
    let cause = job.cause.as_ref().map(|cause| to_text(cause).unwrap());
    let report = job.report.as_ref().map(|report| to_text(report).unwrap());
    let seal = Seal::of("job")
        .text(id)
        .number(job.created)
        .number(job.updated)
        .text(state)
        .text(&job.sql)
        .text(&request)
        .text(&job.business_unit)
        .maybe_number(Some(50))
        .maybe_text(cause.as_deref())
        .maybe_text(report.as_deref());
    let insert = "INSERT INTO job VALUES ($1, $2, $3, $4, $5, $6, $7, 50, $8, $9, $10)";
    let insert = sqlx::query(insert).bind(id).bind(job.created).bind(job.updated).bind(state).bind(&job.sql);
    let insert = insert.bind(&request).bind(&job.business_unit).bind(&cause).bind(&report).bind(seal.value());
    insert.execute(&mut *connection).await.unwrap();
    let packed = model::BatchMark::pack_rows(&(1..=50).collect::<Vec<u64>>());
    let seal = Seal::of("mark").text(id).number(1).text("acked").number(50).bytes(&packed).value();
    let insert = "INSERT INTO mark VALUES ($1, 1, 'acked', 50, $2, $3)";
    sqlx::query(insert).bind(id).bind(&packed).bind(seal).execute(&mut *connection).await.unwrap();
    let rejected = [super::rejection(7, Some(4), "invalid email address")];
    crate::rows::reject(&mut *connection, &job.id, &rejected).await.unwrap();
    crate::learned::save_watermark(connection, &job.id, 8).await.unwrap();
}

#[tokio::test]
async fn an_older_file_comes_over_whole() {
    let directory = tempdir().unwrap();
    let jobs = version_2(directory.path()).await;
    assert_eq!(jobs.len(), 10);
    for _ in 0..2 {
        let store = Store::open(directory.path()).await.unwrap();
        assert_eq!(store.jobs(100).await.unwrap(), jobs);
        let page = store.jobs_page(&crate::JobFilter::default(), None, 100).await.unwrap();
        let tallies: Vec<_> = page.iter().filter_map(|job| job.tally).collect();
        assert_eq!(tallies, jobs.iter().filter_map(|job| job.report.as_ref()).map(|r| r.rows).collect::<Vec<_>>());
        for job in &jobs {
            let ledger = store.ledger(&job.id);
            assert_eq!(ledger.counts().await.unwrap().acked_rows, 49);
            let receipts = ledger.receipts(0, 9).await.unwrap();
            assert_eq!((receipts.len(), receipts[0].at), (1, None));
            assert_eq!(store.watermark(&job.id).await.unwrap(), Some(8));
        }
        store.close().await;
    }
    let options = SqliteConnectOptions::new().filename(directory.path().join(DATABASE));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    assert_eq!(schema::version(&mut connection).await.unwrap(), schema::KNOWN);
    for (pragma, value) in [("PRAGMA auto_vacuum", 2), ("SELECT COUNT(*) FROM pragma_foreign_key_check", 0)] {
        let found: i64 = sqlx::query_scalar(pragma).fetch_one(&mut connection).await.unwrap();
        assert_eq!(found, value, "{pragma}");
    }
    connection.close().await.unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.set_state(&id(2), JobState::Success, None, 1).await.unwrap();
    store.ledger(&id(2)).mark(mark(2, 1..=50, BatchEnd::Acked), 5).await.unwrap();
    let refused = store.ledger(&id(99)).mark(mark(2, 1..=50, BatchEnd::Acked), 5).await;
    assert!(matches!(refused, Err(StoreError::NoJob { .. })), "references hold again: {refused:?}");
}

#[tokio::test]
async fn an_older_file_is_not_brought_over_when_it_is_damaged_or_in_use() {
    let directory = tempdir().unwrap();
    version_2(directory.path()).await;
    let in_use = std::fs::File::create(directory.path().join("sluice.lock")).unwrap();
    in_use.lock_shared().unwrap();
    let refused = Store::open(directory.path()).await.unwrap_err();
    assert!(matches!(refused, OpenError::InUse { .. }), "{refused}");
    drop(in_use);
    raw(directory.path(), "UPDATE job SET frozen_rows = 51 WHERE state = 'held'").await;
    let refused = Store::open(directory.path()).await.unwrap_err();
    assert!(matches!(refused, OpenError::Damaged { .. }), "{refused}");
    raw(directory.path(), "UPDATE job SET frozen_rows = 50 WHERE state = 'held'").await;
    assert_eq!(Store::open(directory.path()).await.unwrap().jobs(100).await.unwrap().len(), 10);
}

#[tokio::test]
async fn refusals_name_the_file_and_what_to_do() {
    let cases: [(&str, &'static str); 5] = [
        ("newer", "PRAGMA user_version = 99"),
        ("not ours", "PRAGMA application_id = 7"),
        ("no schema", "PRAGMA user_version = 0"),
        ("no table", "DROP TABLE progress"),
        (
            "rows of no job",
            "PRAGMA foreign_keys = OFF; UPDATE mark SET job = 'x' WHERE job = (SELECT MIN(id) FROM job)",
        ),
    ];
    let mut said = String::new();
    for (name, statements) in cases {
        let directory = tempdir().unwrap();
        fill(directory.path()).await.close().await;
        raw(directory.path(), statements).await;
        let before = std::fs::read(directory.path().join(DATABASE)).unwrap();
        let error = Store::open(directory.path()).await.unwrap_err();
        let text = error.to_string().replace(&directory.path().display().to_string(), "DIR");
        said.push_str(&format!("{name}: {text}\n"));
        let restore = error.hint().contains("sluice restore FILE");
        assert!(restore || matches!(error, OpenError::Newer { .. }), "{name}: {}", error.hint());
        assert_eq!(std::fs::read(directory.path().join(DATABASE)).unwrap(), before, "{name}: the file stays as it was");
    }
    expect![[r#"
        newer: database DIR/sluice.db was written by a newer version (schema 99, this one knows 4)
        not ours: database DIR/sluice.db is damaged (its header is not one of ours), not started
        no schema: database DIR/sluice.db is damaged (its header has no schema version), not started
        no table: database DIR/sluice.db is damaged (there is no table progress), not started
        rows of no job: database DIR/sluice.db is damaged (120 rows belong to no job), not started
    "#]]
    .assert_eq(&said);
}

#[tokio::test]
async fn a_changed_value_in_any_table_is_found() {
    let cases = [
        "UPDATE job SET actor = 'eve' WHERE actor = 'ada'",
        "UPDATE job SET sql = 'SELECT 1' WHERE id = (SELECT MIN(id) FROM job)",
        "UPDATE job SET wakes = 1 WHERE id = (SELECT MIN(id) FROM job)",
        "UPDATE mark SET at = 3 WHERE number = 7",
        "UPDATE mark SET at = NULL WHERE number = 7",
        "UPDATE rejection SET reason = 'x' WHERE row_number = 150",
        "UPDATE log SET line = 'x'",
        "UPDATE learned SET batch_rows = 50",
        "UPDATE document SET revision = 2 WHERE id = 'connection7'",
        "UPDATE kept SET body = 'false'",
        "UPDATE secret SET record = zeroblob(97) WHERE name = 'secret 3'",
        "UPDATE master_key SET rotating = 1",
        "UPDATE person SET role = 'admin' WHERE id = 'p3'",
        "UPDATE person SET disabled = 0 WHERE id = 'p4'",
        "UPDATE session SET expires = 999 WHERE person = 'p5'",
        "UPDATE token SET revoked = NULL, scope = 'admin' WHERE id = 't6'",
        "UPDATE audit SET actor = 'eve' WHERE number = 9",
        "UPDATE audit_chain SET last_number = 19",
        "UPDATE started SET fingerprint = zeroblob(32)",
        "UPDATE job SET scheduled = NULL WHERE scheduled IS NOT NULL",
        "UPDATE job SET scheduled = 7 WHERE scheduled IS NULL",
        "UPDATE job SET told = NULL WHERE told IS NOT NULL",
        "UPDATE job SET told = 'sending' WHERE told IS NULL",
        "UPDATE job SET forecast = NULL WHERE forecast IS NOT NULL",
        "UPDATE job SET forecast = '{}' WHERE forecast IS NULL",
        "UPDATE slot SET scheduled = 7 WHERE scheduled = 3600",
        "UPDATE slot SET job = 'eve' WHERE scheduled = 3600",
        "UPDATE slot SET ending = 'missed', job = NULL WHERE scheduled = 3600",
        "UPDATE slot SET at = 7 WHERE scheduled = 3600",
        "UPDATE slot SET note = NULL WHERE ending = 'missed'",
        "UPDATE slot SET schedule = 'q2' WHERE scheduled = 3600",
        "UPDATE notice SET target = 'eve@example.com' WHERE channel = 'mail'",
        "UPDATE notice SET body = '{}' WHERE channel = 'mail'",
        "UPDATE notice SET channel = 'mail' WHERE channel = 'webhook'",
        "UPDATE notice SET next = 9 WHERE state = 'waiting'",
        "UPDATE notice SET state = 'sent' WHERE state = 'failed'",
        "UPDATE notice SET attempts = 9 WHERE state = 'failed'",
        "UPDATE notice SET error = NULL WHERE state = 'failed'",
        "UPDATE notice SET ended = 9 WHERE state = 'failed'",
        "UPDATE notice SET event = 'x', query = NULL, job = NULL",
    ];
    let whole = tempdir().unwrap();
    fill(whole.path()).await.close().await;
    for statement in cases {
        let directory = tempdir().unwrap();
        std::fs::copy(whole.path().join(DATABASE), directory.path().join(DATABASE)).unwrap();
        raw(directory.path(), statement).await;
        let refused = Store::open(directory.path()).await.unwrap_err();
        assert!(matches!(refused, OpenError::Damaged { .. }), "{statement}: {refused}");
    }
}

#[tokio::test]
async fn a_lost_database_or_an_older_one_is_not_a_new_one() {
    let directory = tempdir().unwrap();
    let database = directory.path().join(DATABASE);
    fill(directory.path()).await.close().await;
    let backup = std::fs::read(&database).unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.set_frozen(&id(1), 6_000, 1).await.unwrap();
    store.close().await;

    std::fs::remove_file(&database).unwrap();
    assert!(matches!(Store::open(directory.path()).await, Err(OpenError::Missing { .. })));
    assert!(!database.exists());
    std::fs::write(&database, backup).unwrap();
    let error = Store::open(directory.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::Behind { lost: 1, .. }), "{error}");
    assert!(error.hint().contains(WITNESS));
    // The hint works.
    std::fs::remove_file(directory.path().join(WITNESS)).unwrap();
    assert_eq!(Store::open(directory.path()).await.unwrap().jobs(9).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_locked_database_is_waited_for_and_then_named() {
    let directory = tempdir().unwrap();
    let patience = Patience { wait: Duration::from_millis(30), waits: 3 };
    let store = Store::open_with(directory.path(), patience).await.unwrap();
    store.create_job(&new_job(1)).await.unwrap();
    let options = SqliteConnectOptions::new().filename(directory.path().join(DATABASE));
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    let transaction = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let begun = Instant::now();
    let refused = store.set_frozen(&id(1), 1, 1).await;
    assert!(matches!(refused, Err(StoreError::Busy { .. })), "{refused:?}");
    assert!(begun.elapsed() >= Duration::from_millis(80));
    assert_eq!(store.jobs(9).await.unwrap().len(), 1, "reading goes on");
    let (job, now) = (id(1), 1);
    let (a, b, c) =
        tokio::join!(store.set_frozen(&job, 3, now), store.set_frozen(&job, 4, now), store.set_frozen(&job, 5, now));
    for refused in [a, b, c] {
        assert!(matches!(refused, Err(StoreError::Busy { .. })), "{refused:?}");
    }
    transaction.rollback().await.unwrap();
    store.set_frozen(&id(1), 2, 1).await.unwrap();
    assert_eq!(store.job(&id(1)).await.unwrap().unwrap().frozen_rows, Some(2));
}

#[tokio::test]
async fn what_is_committed_is_on_disk() {
    let directory = tempdir().unwrap();
    let patience = Patience { wait: Duration::from_secs(10), waits: 1 };
    let mut opened = Box::pin(crate::file::open(directory.path(), patience, None)).await.unwrap();
    let cases = [
        ("PRAGMA synchronous", 2),
        ("PRAGMA foreign_keys", 1),
        ("PRAGMA busy_timeout", 10_000),
        ("PRAGMA application_id", schema::APPLICATION),
    ];
    for (pragma, value) in cases {
        let found: i64 = sqlx::query_scalar(pragma).fetch_one(&mut opened.connection).await.unwrap();
        assert_eq!(found, value, "{pragma}");
    }
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut opened.connection).await.unwrap();
    assert_eq!(mode, "wal");
}

#[tokio::test]
async fn a_full_disk_is_named_and_the_next_write_is_a_new_one() {
    let directory = tempdir().unwrap();
    fill(directory.path()).await.close().await;
    // The engine's own limit of pages stands in for the disk's: it answers SQLITE_FULL just the same.
    let patience = Patience { wait: Duration::from_secs(1), waits: 1 };
    let store = Store::open_with(directory.path(), patience).await.unwrap();
    let before = store.ledger(&id(1)).counts().await.unwrap();
    store.close().await;
    let mut opened = Box::pin(crate::file::open(directory.path(), patience, None)).await.unwrap();
    sqlx::raw_sql("PRAGMA max_page_count = 1").execute(&mut opened.connection).await.unwrap();
    let keys = crate::keys::Keys::new(KeySource::File(directory.path().join("master.key")), directory.path().into());
    let store = Store::start(directory.path(), opened, patience, keys.into());
    let ledger = store.ledger(&id(1));
    let large = || (10_000..90_000).step_by(3).collect::<Vec<u64>>();
    for _ in 0..3 {
        let refused = ledger.mark(mark(500, large(), BatchEnd::Acked), 1).await.unwrap_err();
        assert!(matches!(refused, StoreError::DiskFull { .. }), "{refused:?}");
        assert!(refused.hint().contains("free some space"));
        store.set_frozen(&id(1), 7, 1).await.unwrap();
    }
    assert_eq!(ledger.counts().await.unwrap(), before);
    store.close().await;
    let again = Store::open(directory.path()).await.unwrap();
    again.ledger(&id(1)).mark(mark(500, large(), BatchEnd::Acked), 1).await.unwrap();
    assert_eq!(again.ledger(&id(1)).counts().await.unwrap().acked_rows, before.acked_rows + large().len() as u64);
}
