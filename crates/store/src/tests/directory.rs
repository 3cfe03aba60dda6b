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
use crate::file::{DATABASE, Patience, WITNESS};
use crate::{LockError, OpenError, Store, StoreError, schema};

async fn raw(directory: &Path, statements: &'static str) {
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
    let cases = [
        ("", 0o700),
        ("results", 0o700),
        ("locks", 0o700),
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
}

#[tokio::test]
async fn a_dropped_store_has_lost_nothing_and_two_stores_see_the_same() {
    let directory = tempdir().unwrap();
    let store = fill(directory.path()).await;
    let before = content(&store).await.unwrap();
    drop(store);
    let (one, two) = (Store::open(directory.path()).await.unwrap(), Store::open(directory.path()).await.unwrap());
    assert_eq!(content(&one).await.unwrap(), before);
    one.ledger(&id(1)).mark(mark(900, [1, 2], BatchEnd::Sent)).await.unwrap();
    two.ledger(&id(1)).mark(mark(901, [3], BatchEnd::Held)).await.unwrap();
    assert_eq!(content(&one).await.unwrap(), content(&two).await.unwrap());
    assert_eq!(one.ledger(&id(1)).counts().await.unwrap().sent_rows, 2);
    one.close().await;
    two.close().await;
    let again = Store::open(directory.path()).await.unwrap();
    assert_eq!(again.ledger(&id(1)).marks(899, 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_older_schema_is_brought_up_to_date() {
    let directory = tempdir().unwrap();
    raw(directory.path(), "PRAGMA application_id = 1399612261; PRAGMA journal_mode = WAL").await;
    let options = SqliteConnectOptions::new().filename(directory.path().join(DATABASE));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    schema::migrate(&mut connection, 1).await.unwrap();
    crate::job::create(&mut connection, &new_job(1)).await.unwrap();
    crate::rows::mark(&mut connection, &id(1), &mark(1, 1..=50, BatchEnd::Acked)).await.unwrap();
    assert_eq!(schema::version(&mut connection).await.unwrap(), 1);
    connection.close().await.unwrap();

    let store = Store::open(directory.path()).await.unwrap();
    assert_eq!(store.ledger(&id(1)).counts().await.unwrap().acked_rows, 50);
    store.save_learned("unit", model::Learned::default(), 1).await.unwrap();
    store.set_state(&id(1), JobState::Sending, None, 1).await.unwrap();
    store.close().await;
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    assert_eq!(schema::version(&mut connection).await.unwrap(), schema::KNOWN);
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
        assert!(!error.hint().is_empty());
        assert_eq!(std::fs::read(directory.path().join(DATABASE)).unwrap(), before, "{name}: the file stays as it was");
    }
    expect![[r#"
        newer: database DIR/sluice.db was written by a newer version (schema 99, this one knows 2)
        not ours: database DIR/sluice.db is damaged (its header is not one of ours), not started
        no schema: database DIR/sluice.db is damaged (its header has no schema version), not started
        no table: database DIR/sluice.db is damaged (a table is gone), not started
        rows of no job: database DIR/sluice.db is damaged (120 rows belong to no job), not started
    "#]]
    .assert_eq(&said);
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
    assert_eq!(Store::open(directory.path()).await.unwrap().jobs(9).await.unwrap().len(), 2);
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
    let mut opened = Box::pin(crate::file::open(directory.path(), patience)).await.unwrap();
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
    let mut opened = Box::pin(crate::file::open(directory.path(), patience)).await.unwrap();
    sqlx::raw_sql("PRAGMA max_page_count = 1").execute(&mut opened.connection).await.unwrap();
    let store = Store::start(directory.path(), opened, patience);
    let ledger = store.ledger(&id(1));
    let large = || (10_000..90_000).step_by(3).collect::<Vec<u64>>();
    for _ in 0..3 {
        let refused = ledger.mark(mark(500, large(), BatchEnd::Acked)).await.unwrap_err();
        assert!(matches!(refused, StoreError::DiskFull { .. }), "{refused:?}");
        assert!(refused.hint().contains("free some space"));
        store.set_frozen(&id(1), 7, 1).await.unwrap();
    }
    assert_eq!(ledger.counts().await.unwrap(), before);
    store.close().await;
    let again = Store::open(directory.path()).await.unwrap();
    again.ledger(&id(1)).mark(mark(500, large(), BatchEnd::Acked)).await.unwrap();
    assert_eq!(again.ledger(&id(1)).counts().await.unwrap().acked_rows, before.acked_rows + large().len() as u64);
}
