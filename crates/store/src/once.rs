//! Starting a job once: the caller's key remembers which job it began, for a day.
//!
//! Knows the table `started`; what a fingerprint is taken of is the caller's.

use model::{JobId, StopCause};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::change::{self, Sealed};
use crate::column::{Seal, hash};
use crate::fault::Fault;
use crate::job::{self, NewJob};
use crate::prove::each;

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

/// What makes a start happen once within a day ([`KEY_SECONDS`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// The key that the actor chose for this start.
    pub key: String,
    /// Who starts; keys of different actors do not meet.
    pub actor: String,
    /// What is asked for, as a hash: the same key with another one is refused.
    pub fingerprint: [u8; 32],
}

/// A new job and what belongs to its beginning.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) job: NewJob,
    pub(crate) cause: Option<StopCause>,
    pub(crate) changes: Sealed,
    pub(crate) once: Option<Once>,
    pub(crate) now: i64,
}

/// Keeps the job and makes the changes, unless the key began a job before.
pub(crate) async fn start(connection: &mut SqliteConnection, start: &Start) -> Result<Started, Fault> {
    if let Some(once) = &start.once {
        if let Some(before) = before(&mut *connection, once, start.now).await? {
            return Ok(before);
        }
        // A key that has had its day stands in the way of the new one.
        sweep(&mut *connection, start.now).await?;
        keep(&mut *connection, once, &start.job.id, start.now).await?;
    }
    job::create(&mut *connection, &start.job, start.cause.as_ref()).await?;
    change::apply(connection, &start.changes).await?;
    Ok(Started::New)
}

/// What the key began within the last day.
async fn before(connection: &mut SqliteConnection, once: &Once, now: i64) -> Result<Option<Started>, Fault> {
    let select =
        "SELECT actor, name, fingerprint, job, at, seal FROM started WHERE actor = $1 AND name = $2 AND at > $3";
    let since = now.saturating_sub(KEY_SECONDS);
    let row = sqlx::query(select).bind(&once.actor).bind(&once.key).bind(since).fetch_optional(connection).await?;
    let Some(row) = row else { return Ok(None) };
    let (fingerprint, job) = read(&row)?;
    Ok(Some(if fingerprint == once.fingerprint { Started::Again(job) } else { Started::Differs }))
}

async fn keep(connection: &mut SqliteConnection, once: &Once, job: &JobId, now: i64) -> Result<(), Fault> {
    let insert = "INSERT INTO started (actor, name, fingerprint, job, at, seal) VALUES ($1, $2, $3, $4, $5, $6)";
    sqlx::query(insert)
        .bind(&once.actor)
        .bind(&once.key)
        .bind(once.fingerprint.as_slice())
        .bind(job.as_str())
        .bind(now)
        .bind(seal(&once.actor, &once.key, &once.fingerprint, job.as_str(), now).value())
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets keys older than a day; returns how many.
pub(crate) async fn sweep(connection: &mut SqliteConnection, now: i64) -> Result<u64, Fault> {
    let delete = sqlx::query("DELETE FROM started WHERE at <= $1").bind(now.saturating_sub(KEY_SECONDS));
    Ok(delete.execute(connection).await?.rows_affected())
}

/// Reads every key.
pub(crate) async fn prove(connection: &mut SqliteConnection) -> Result<(), Fault> {
    let select = "SELECT actor, name, fingerprint, job, at, seal FROM started";
    each(connection, select, |row| read(row).map(drop)).await
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
