//! A file of version 3, written by the program as it was then, comes over whole.
//!
//! Knows the tables as version 3 had them: `version_3.sql` is what that program wrote.

use std::collections::BTreeMap;
use std::path::Path;

use model::JobState;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, QueryBuilder, Sqlite, SqliteConnection};
use tempfile::tempdir;

use super::directory::raw;
use super::id;
use crate::file::DATABASE;
use crate::{Include, OpenError, Replace, Store, StoreError, backup, restore, schema};

const ROWS: &str = include_str!("version_3.sql");

/// The columns of each table, and its rows as text.
type Rows = BTreeMap<String, (Vec<String>, Vec<String>)>;

async fn connect(directory: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(directory.join(DATABASE));
    SqliteConnection::connect_with(&options).await.unwrap()
}

/// Makes the file, and returns what is in it.
async fn version_3(directory: &Path) -> Rows {
    raw(directory, "PRAGMA application_id = 1399612261; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL")
        .await;
    let mut connection = connect(directory).await;
    schema::migrate(&mut connection, 3).await.unwrap();
    sqlx::raw_sql(ROWS).execute(&mut connection).await.unwrap();
    assert_eq!(schema::version(&mut connection).await.unwrap(), 3);
    let select = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let tables: Vec<String> = sqlx::query_scalar(select).fetch_all(&mut connection).await.unwrap();
    let mut found = Rows::new();
    for table in tables {
        // The one column that is to change.
        let select = "SELECT name FROM pragma_table_info($1) WHERE name <> 'head_seal' ORDER BY cid";
        let columns: Vec<String> = sqlx::query_scalar(select).bind(&table).fetch_all(&mut connection).await.unwrap();
        let all = rows(&mut connection, &table, &columns).await;
        found.insert(table, (columns, all));
    }
    connection.close().await.unwrap();
    found
}

async fn rows(connection: &mut SqliteConnection, table: &str, columns: &[String]) -> Vec<String> {
    let mut select: QueryBuilder<Sqlite> = QueryBuilder::new("SELECT ");
    for column in columns {
        select.push("quote(").push(column).push(") || ' ' || ");
    }
    select.push("'' FROM ").push(table).push(" ORDER BY 1");
    select.build_query_scalar().fetch_all(connection).await.unwrap()
}

#[tokio::test]
async fn a_file_of_version_3_comes_over_whole() {
    let directory = tempdir().unwrap();
    let before = version_3(directory.path()).await;
    assert_eq!(before.values().filter(|(_, rows)| rows.is_empty()).count(), 2, "only the tables of secrets are empty");
    // The second start reads every row of what the first one made.
    for _ in 0..2 {
        let store = Store::open(directory.path()).await.unwrap();
        let jobs = store.jobs(100).await.unwrap();
        assert_eq!(jobs.len(), 13);
        for job in &jobs {
            assert_eq!((job.told, job.scheduled, &job.forecast), (Some(job.state), None, &None), "{}", job.id);
        }
        let states: Vec<JobState> = JobState::all().collect();
        assert!(store.untold(&states, 100).await.unwrap().is_empty(), "nobody is told of the past");
        assert_eq!(store.open_server_summaries().await.unwrap().len(), 4);
        store.close().await;
    }
    let mut connection = connect(directory.path()).await;
    assert_eq!(schema::version(&mut connection).await.unwrap(), schema::KNOWN);
    for (table, (columns, want)) in before {
        let found = rows(&mut connection, &table, &columns).await;
        if table == "progress" {
            continue;
        }
        assert_eq!(found, want, "{table}");
    }
    connection.close().await.unwrap();

    let store = Store::open(directory.path()).await.unwrap();
    store.set_state(&id(3), JobState::Success, None, 1).await.unwrap();
    let untold = store.untold(&[JobState::Success, JobState::Failed], 100).await.unwrap();
    assert_eq!(untold.iter().map(|job| job.id.clone()).collect::<Vec<_>>(), [id(3)], "what comes next is told");
    let refused = store.save_watermark(&id(99), 1).await;
    assert!(matches!(refused, Err(StoreError::NoJob { .. })), "references hold again: {refused:?}");
}

#[tokio::test]
async fn a_damaged_file_of_version_3_is_not_brought_over() {
    let cases = [
        "UPDATE job SET actor = 'eve' WHERE id = '1nb2ew300007'",
        "UPDATE job SET actor = NULL WHERE id = '1nb2ew300007'",
        "UPDATE job SET state = 'success' WHERE id = '1nb2ewa00007'",
        "UPDATE job SET sql = 'SELECT 1' WHERE id = '1nb2ew300007'",
        "UPDATE job SET report = NULL WHERE id = '1nb2ewb00007'",
        "UPDATE job SET wake = 7 WHERE id = '1nb2ew400007'",
        "UPDATE job SET unsent_rows = 7 WHERE id = '1nb2ewb00007'",
        "PRAGMA foreign_keys = OFF; DELETE FROM job WHERE id = '1nb2ewb00007'",
    ];
    for statements in cases {
        let directory = tempdir().unwrap();
        version_3(directory.path()).await;
        raw(directory.path(), statements).await;
        let refused = Store::open(directory.path()).await.unwrap_err();
        assert!(matches!(refused, OpenError::Damaged { .. }), "{statements}: {refused}");
        let mut connection = connect(directory.path()).await;
        assert_eq!(schema::version(&mut connection).await.unwrap(), 3, "{statements}");
    }
}

#[tokio::test]
async fn a_backup_of_version_3_is_restored_and_comes_over() {
    let (directory, other) = (tempdir().unwrap(), tempdir().unwrap());
    version_3(directory.path()).await;
    let file = other.path().join("b.tar");
    let made = backup(directory.path(), &file, Include { results: true }, 1, &mut |_, _| {}).await.unwrap();
    assert_eq!(made.schema, 3);
    let fresh = other.path().join("fresh");
    restore(&file, &fresh, Replace::Refuse, 2, &mut |_, _| {}).await.unwrap();
    let store = Store::open(&fresh).await.unwrap();
    assert_eq!(store.jobs(100).await.unwrap().len(), 13);
}
