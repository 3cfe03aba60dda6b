//! The schema, as an append-only list of steps from an empty file to today's.
//!
//! Knows SQL text only. To change the schema, add a step; a step that was released is never edited.
//! Differences to PostgreSQL are the word of `bytes!` and `PRAGMA user_version` / `application_id`, where the
//! version is kept.

use sqlx::{Connection, SqliteConnection};

use crate::bring;
use crate::fault::Fault;

/// Says that a SQLite file is ours: "Slce".
pub(crate) const APPLICATION: i64 = 0x536c_6365;

/// The type of packed rows: `BLOB` here, `BYTEA` on PostgreSQL.
macro_rules! bytes {
    () => {
        "BLOB"
    };
}

/// Step n leads from version n to n + 1.
pub(crate) const STEPS: [&str; 4] = [
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
    // The jobs of version 2 wait in `job_2` until `bring` has given them their further columns and seals. What people
    // page through stands before the large columns, with a seal of its own, so that a page need not read those.
    concat!(
        "CREATE TABLE job_2 AS SELECT id, created, updated, state, sql, request, business_unit, frozen_rows, cause, report,
            seal FROM job;
        DROP TABLE job;
        CREATE TABLE job (
            id TEXT PRIMARY KEY NOT NULL,
            created BIGINT NOT NULL,
            updated BIGINT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('queued', 'querying', 'sending', 'parked_quota', 'parked_outage',
                'needs_reconnect', 'killed', 'stopped', 'held', 'failed', 'success', 'skipped')),
            kind TEXT NOT NULL CHECK (kind IN ('export', 'result')),
            origin TEXT NOT NULL CHECK (origin IN ('command_line', 'server')),
            query TEXT,
            query_name TEXT,
            connection TEXT,
            actor TEXT,
            parent TEXT,
            business_unit TEXT NOT NULL,
            started BIGINT,
            finished BIGINT,
            wake BIGINT,
            wakes BIGINT NOT NULL CHECK (wakes >= 0),
            frozen_rows BIGINT CHECK (frozen_rows >= 0),
            cause TEXT,
            read_rows BIGINT,
            delivered_rows BIGINT,
            rejected_rows BIGINT,
            superseded_rows BIGINT,
            held_rows BIGINT,
            unsent_rows BIGINT,
            head_seal BIGINT NOT NULL,
            sql TEXT NOT NULL,
            request TEXT NOT NULL,
            report TEXT,
            seal BIGINT NOT NULL
        );
        CREATE INDEX job_created ON job (created, id);
        CREATE INDEX job_state ON job (state, created, id);
        CREATE INDEX job_query ON job (query, created, id);
        CREATE INDEX job_connection ON job (connection, created, id);
        CREATE INDEX job_finished ON job (finished);
        ALTER TABLE mark ADD COLUMN at BIGINT;
        CREATE TABLE log (
            job TEXT NOT NULL REFERENCES job (id),
            number BIGINT NOT NULL CHECK (number >= 1),
            at BIGINT NOT NULL,
            level TEXT NOT NULL CHECK (level IN ('info', 'warning', 'error')),
            line TEXT NOT NULL,
            seal BIGINT NOT NULL,
            PRIMARY KEY (job, number)
        );
        CREATE TABLE document (
            id TEXT PRIMARY KEY NOT NULL,
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            revision BIGINT NOT NULL CHECK (revision >= 0),
            created BIGINT NOT NULL,
            updated BIGINT NOT NULL,
            body TEXT NOT NULL,
            seal BIGINT NOT NULL,
            UNIQUE (kind, name)
        );
        CREATE TABLE kept (
            name TEXT PRIMARY KEY NOT NULL,
            body TEXT NOT NULL,
            seal BIGINT NOT NULL
        );
        CREATE TABLE master_key (
            one BIGINT PRIMARY KEY CHECK (one = 1),
            key_id TEXT NOT NULL,
            rotating BIGINT NOT NULL CHECK (rotating IN (0, 1)),
            seal BIGINT NOT NULL
        );
        CREATE TABLE secret (
            owner TEXT NOT NULL,
            name TEXT NOT NULL,
            key_id TEXT NOT NULL,
            record ",
        bytes!(),
        " NOT NULL,
            seal BIGINT NOT NULL,
            PRIMARY KEY (owner, name)
        );
        CREATE TABLE person (
            id TEXT PRIMARY KEY NOT NULL,
            name TEXT NOT NULL,
            lower_name TEXT NOT NULL UNIQUE,
            role TEXT NOT NULL,
            password_hash TEXT,
            created BIGINT NOT NULL,
            updated BIGINT NOT NULL,
            disabled BIGINT NOT NULL CHECK (disabled IN (0, 1)),
            seal BIGINT NOT NULL
        );
        CREATE TABLE session (
            hash ",
        bytes!(),
        " PRIMARY KEY NOT NULL,
            person TEXT NOT NULL REFERENCES person (id),
            created BIGINT NOT NULL,
            last_seen BIGINT NOT NULL,
            expires BIGINT NOT NULL,
            address TEXT NOT NULL,
            seal BIGINT NOT NULL
        );
        CREATE INDEX session_person ON session (person);
        CREATE TABLE token (
            id TEXT PRIMARY KEY NOT NULL,
            name TEXT NOT NULL,
            hash ",
        bytes!(),
        " NOT NULL UNIQUE,
            shown TEXT NOT NULL,
            person TEXT NOT NULL REFERENCES person (id),
            scope TEXT NOT NULL,
            created BIGINT NOT NULL,
            expires BIGINT,
            last_used BIGINT,
            revoked BIGINT,
            seal BIGINT NOT NULL
        );
        CREATE INDEX token_person ON token (person);
        CREATE TABLE audit (
            number BIGINT PRIMARY KEY CHECK (number >= 1),
            at BIGINT NOT NULL,
            actor TEXT NOT NULL,
            address TEXT NOT NULL,
            action TEXT NOT NULL,
            object TEXT NOT NULL,
            detail TEXT NOT NULL,
            hash ",
        bytes!(),
        " NOT NULL
        );
        CREATE TABLE audit_chain (
            one BIGINT PRIMARY KEY CHECK (one = 1),
            first_number BIGINT NOT NULL,
            first_hash ",
        bytes!(),
        " NOT NULL,
            last_number BIGINT NOT NULL,
            last_hash ",
        bytes!(),
        " NOT NULL,
            seal BIGINT NOT NULL
        );
        CREATE TABLE started (
            actor TEXT NOT NULL,
            name TEXT NOT NULL,
            fingerprint ",
        bytes!(),
        " NOT NULL,
            job TEXT NOT NULL,
            at BIGINT NOT NULL,
            seal BIGINT NOT NULL,
            PRIMARY KEY (actor, name)
        );"
    ),
    // `bring` fills `job_4` from the jobs of version 3, each proved; then it takes their place ([`JOBS_4`]).
    "CREATE TABLE job_4 (
        id TEXT PRIMARY KEY NOT NULL,
        created BIGINT NOT NULL,
        updated BIGINT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('queued', 'querying', 'sending', 'parked_quota', 'parked_outage',
            'needs_reconnect', 'killed', 'stopped', 'held', 'failed', 'success', 'skipped')),
        kind TEXT NOT NULL CHECK (kind IN ('export', 'result')),
        origin TEXT NOT NULL CHECK (origin IN ('command_line', 'server')),
        query TEXT,
        query_name TEXT,
        connection TEXT,
        actor TEXT,
        parent TEXT,
        business_unit TEXT NOT NULL,
        started BIGINT,
        finished BIGINT,
        wake BIGINT,
        wakes BIGINT NOT NULL CHECK (wakes >= 0),
        frozen_rows BIGINT CHECK (frozen_rows >= 0),
        cause TEXT,
        read_rows BIGINT,
        delivered_rows BIGINT,
        rejected_rows BIGINT,
        superseded_rows BIGINT,
        held_rows BIGINT,
        unsent_rows BIGINT,
        scheduled BIGINT,
        told TEXT,
        head_seal BIGINT NOT NULL,
        sql TEXT NOT NULL,
        request TEXT NOT NULL,
        report TEXT,
        forecast TEXT,
        seal BIGINT NOT NULL
    );
    CREATE TABLE slot (
        schedule TEXT NOT NULL,
        scheduled BIGINT NOT NULL,
        ending TEXT NOT NULL CHECK (ending IN ('run', 'missed')),
        job TEXT,
        at BIGINT NOT NULL,
        note TEXT,
        seal BIGINT NOT NULL,
        PRIMARY KEY (schedule, scheduled),
        CHECK ((ending = 'run') = (job IS NOT NULL))
    );
    CREATE INDEX slot_at ON slot (at);
    CREATE TABLE notice (
        id TEXT PRIMARY KEY NOT NULL,
        created BIGINT NOT NULL,
        event TEXT NOT NULL,
        query TEXT,
        job TEXT,
        channel TEXT NOT NULL CHECK (channel IN ('mail', 'webhook')),
        target TEXT NOT NULL,
        body TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
        attempts BIGINT NOT NULL CHECK (attempts >= 0),
        next BIGINT,
        error TEXT,
        ended BIGINT,
        seal BIGINT NOT NULL,
        CHECK ((state = 'waiting') = (next IS NOT NULL)),
        CHECK ((state = 'waiting') = (ended IS NULL))
    );
    CREATE INDEX notice_created ON notice (created, id);
    CREATE INDEX notice_query ON notice (query, created, id);
    CREATE INDEX notice_job ON notice (job, created, id);
    CREATE INDEX notice_state ON notice (state, created, id);
    CREATE INDEX notice_next ON notice (next, id) WHERE next IS NOT NULL;
    CREATE INDEX notice_ended ON notice (ended) WHERE ended IS NOT NULL;",
];

/// The end of the step to version 4, when the jobs are in their new table.
pub(crate) const JOBS_4: &str = "DROP TABLE job;
    ALTER TABLE job_4 RENAME TO job;
    CREATE INDEX job_created ON job (created, id);
    CREATE INDEX job_state ON job (state, created, id);
    CREATE INDEX job_query ON job (query, created, id);
    CREATE INDEX job_connection ON job (connection, created, id);
    CREATE INDEX job_finished ON job (finished);
    CREATE INDEX job_untold ON job (state, updated, id) WHERE origin = 'server' AND (told IS NULL OR told <> state);";

/// The version that [`STEPS`] leads to.
pub(crate) const KNOWN: i64 = STEPS.len() as i64;

/// The version since which secrets are kept.
pub(crate) const SEALED: i64 = 3;

/// The version of the file.
pub(crate) async fn version(connection: &mut SqliteConnection) -> Result<i64, Fault> {
    Ok(sqlx::query_scalar("PRAGMA user_version").fetch_one(connection).await?)
}

/// Leads the file from its version to `target`, each step in a transaction of its own together with its number.
pub(crate) async fn migrate(connection: &mut SqliteConnection, target: i64) -> Result<(), Fault> {
    // PRAGMA takes no parameters, so the numbers are spelt out: one per step.
    const NUMBERS: [&str; STEPS.len()] =
        ["PRAGMA user_version = 1", "PRAGMA user_version = 2", "PRAGMA user_version = 3", "PRAGMA user_version = 4"];
    if version(&mut *connection).await? >= target {
        return Ok(());
    }
    // A step may make the table anew that others refer to; what refers to nothing afterwards is found below.
    sqlx::raw_sql("PRAGMA foreign_keys = OFF").execute(&mut *connection).await?;
    for (from, (step, number)) in (0..target).zip(STEPS.iter().zip(NUMBERS)) {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        // Asked again inside: another process may have done the step meanwhile.
        if version(&mut transaction).await? == from {
            sqlx::raw_sql(*step).execute(&mut *transaction).await?;
            bring::over(&mut transaction, from).await?;
            sqlx::raw_sql(number).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
    }
    sqlx::raw_sql("PRAGMA foreign_keys = ON").execute(&mut *connection).await?;
    // The schema must be in the file itself: a lost write-ahead log then never leaves a file without tables.
    sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(connection).await?;
    Ok(())
}
