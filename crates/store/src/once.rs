//! Starting a job once: the caller's key remembers which job it began, for a day.
//!
//! Knows the table `started`; what a fingerprint is taken of is the caller's.

use model::JobId;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::column::{Seal, hash};
use crate::fault::Fault;
use crate::job::{self, NewJob};

/// How long a key is remembered, in seconds: a day, as users of such keys know it from payment services.
pub const KEY_SECONDS: i64 = 24 * 60 * 60;

/// What became of a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// The job is new.
    New,
    /// The same was asked for before, and began this job. It may have been deleted since.
    Again(JobId),
    /// The key was used before to ask for something else; nothing was begun.
    Differs,
}

/// A start that happens once.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    pub(crate) key: String,
    pub(crate) actor: String,
    pub(crate) fingerprint: [u8; 32],
    pub(crate) job: NewJob,
    pub(crate) now: i64,
}

/// Keeps the job, unless the key began one before.
pub(crate) async fn start(connection: &mut SqliteConnection, start: &Start) -> Result<Started, Fault> {
    sweep(&mut *connection, start.now).await?;
    let select = "SELECT actor, name, fingerprint, job, at, seal FROM started WHERE actor = $1 AND name = $2";
    let row = sqlx::query(select).bind(&start.actor).bind(&start.key).fetch_optional(&mut *connection).await?;
    if let Some(row) = row {
        let (fingerprint, job) = read(&row)?;
        return Ok(if fingerprint == start.fingerprint { Started::Again(job) } else { Started::Differs });
    }
    job::create(&mut *connection, &start.job).await?;
    let insert = "INSERT INTO started (actor, name, fingerprint, job, at, seal) VALUES ($1, $2, $3, $4, $5, $6)";
    sqlx::query(insert)
        .bind(&start.actor)
        .bind(&start.key)
        .bind(start.fingerprint.as_slice())
        .bind(start.job.id.as_str())
        .bind(start.now)
        .bind(seal(&start.actor, &start.key, &start.fingerprint, start.job.id.as_str(), start.now).value())
        .execute(connection)
        .await?;
    Ok(Started::New)
}

/// Forgets keys older than a day; returns how many.
pub(crate) async fn sweep(connection: &mut SqliteConnection, now: i64) -> Result<u64, Fault> {
    let delete = sqlx::query("DELETE FROM started WHERE at <= $1").bind(now.saturating_sub(KEY_SECONDS));
    Ok(delete.execute(connection).await?.rows_affected())
}

/// Reads every key.
pub(crate) async fn prove(connection: &mut SqliteConnection) -> Result<(), Fault> {
    let select = "SELECT actor, name, fingerprint, job, at, seal FROM started";
    sqlx::query(select).fetch_all(connection).await?.iter().try_for_each(|row| read(row).map(drop))
}

fn read(row: &SqliteRow) -> Result<([u8; 32], JobId), Fault> {
    let (actor, key, job): (String, String, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(3)?);
    let fingerprint = hash(row.try_get(2)?)?;
    let changed = || "the key of a start has changed".to_owned();
    seal(&actor, &key, &fingerprint, &job, row.try_get(4)?).check(row.try_get(5)?, changed)?;
    Ok((fingerprint, job.parse().map_err(|_| Fault::Damaged(changed()))?))
}

fn seal(actor: &str, key: &str, fingerprint: &[u8; 32], job: &str, at: i64) -> Seal {
    Seal::of("started").text(actor).text(key).bytes(fingerprint).text(job).number(at)
}
