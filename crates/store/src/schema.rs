//! The schema, as an append-only list of steps from an empty file to today's.
//!
//! Knows SQL text only. To change the schema, add a step; a step that was released is never edited.
//! Differences to PostgreSQL are the word of `bytes!` and `PRAGMA user_version` / `application_id`, where the
//! version is kept.

use sqlx::{Connection, SqliteConnection};

use crate::error::Fault;

/// Says that a SQLite file is ours: "Slce".
pub(crate) const APPLICATION: i64 = 0x536c_6365;

/// The type of packed rows: `BLOB` here, `BYTEA` on PostgreSQL.
macro_rules! bytes {
    () => {
        "BLOB"
    };
}

/// Step n leads from version n to n + 1.
pub(crate) const STEPS: [&str; 2] = [
    concat!(
        "CREATE TABLE progress (
            one BIGINT PRIMARY KEY CHECK (one = 1),
            commits BIGINT NOT NULL
        );
        INSERT INTO progress (one, commits) VALUES (1, 0);
        CREATE TABLE job (
            id TEXT PRIMARY KEY NOT NULL,
            created BIGINT NOT NULL,
            updated BIGINT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('querying', 'sending', 'parked_quota', 'parked_outage',
                'needs_reconnect', 'killed', 'stopped', 'held', 'failed', 'success')),
            sql TEXT NOT NULL,
            request TEXT NOT NULL,
            business_unit TEXT NOT NULL,
            frozen_rows BIGINT CHECK (frozen_rows >= 0),
            cause TEXT,
            report TEXT,
            seal BIGINT NOT NULL
        );
        CREATE INDEX job_created ON job (created, id);
        CREATE TABLE mark (
            job TEXT NOT NULL REFERENCES job (id),
            number BIGINT NOT NULL CHECK (number >= 0),
            ending TEXT NOT NULL CHECK (ending IN ('sent', 'acked', 'held')),
            row_count BIGINT NOT NULL CHECK (row_count >= 0),
            packed_rows ",
        bytes!(),
        " NOT NULL,
            seal BIGINT NOT NULL,
            PRIMARY KEY (job, number)
        );
        CREATE TABLE rejection (
            job TEXT NOT NULL REFERENCES job (id),
            row_number BIGINT NOT NULL CHECK (row_number >= 0),
            column_name TEXT,
            code BIGINT,
            reason TEXT NOT NULL,
            hint TEXT,
            seal BIGINT NOT NULL,
            PRIMARY KEY (job, row_number)
        );"
    ),
    "CREATE TABLE learned (
        business_unit TEXT PRIMARY KEY NOT NULL,
        api_version BIGINT,
        batch_rows BIGINT,
        updated BIGINT NOT NULL,
        seal BIGINT NOT NULL
    );
    CREATE TABLE watermark (
        job TEXT PRIMARY KEY NOT NULL REFERENCES job (id),
        value BIGINT NOT NULL,
        seal BIGINT NOT NULL
    );",
];

/// The version that [`STEPS`] leads to.
pub(crate) const KNOWN: i64 = STEPS.len() as i64;

/// The version of the file.
pub(crate) async fn version(connection: &mut SqliteConnection) -> Result<i64, Fault> {
    Ok(sqlx::query_scalar("PRAGMA user_version").fetch_one(connection).await?)
}

/// Leads the file from its version to `target`, each step in a transaction of its own together with its number.
pub(crate) async fn migrate(connection: &mut SqliteConnection, target: i64) -> Result<(), Fault> {
    // PRAGMA takes no parameters, so the numbers are spelt out: one per step.
    const NUMBERS: [&str; STEPS.len()] = ["PRAGMA user_version = 1", "PRAGMA user_version = 2"];
    if version(&mut *connection).await? >= target {
        return Ok(());
    }
    for (from, (step, number)) in (0..target).zip(STEPS.iter().zip(NUMBERS)) {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        // Asked again inside: another process may have done the step meanwhile.
        if version(&mut transaction).await? == from {
            sqlx::raw_sql(*step).execute(&mut *transaction).await?;
            sqlx::raw_sql(number).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
    }
    // The schema must be in the file itself: a lost write-ahead log then never leaves a file without tables.
    sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(connection).await?;
    Ok(())
}
