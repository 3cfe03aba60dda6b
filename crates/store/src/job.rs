//! Jobs, and what runs learned about business units, as rows.
//!
//! Knows the tables `job` and `learned`; each function runs in the transaction of its caller.

use model::{JobId, JobState, Learned, Report, StopCause};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::column::{Seal, column, number};
use crate::error::{Fault, Trouble};

/// A job as it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// When it was made, in seconds since 1970-01-01 UTC.
    pub created: i64,
    /// Its first state.
    pub state: JobState,
    /// The query.
    pub sql: String,
    /// What the command needs to continue it: file paths, settings, tables. Never a secret.
    pub request: serde_json::Value,
    /// The business unit it exports to.
    pub business_unit: String,
}

/// A job as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// When it was made, in seconds since 1970-01-01 UTC.
    pub created: i64,
    /// When it last changed, in seconds since 1970-01-01 UTC.
    pub updated: i64,
    /// Its state.
    pub state: JobState,
    /// The query.
    pub sql: String,
    /// What the command needs to continue it.
    pub request: serde_json::Value,
    /// The business unit it exports to.
    pub business_unit: String,
    /// Rows of its Result, once that is frozen.
    pub frozen_rows: Option<u64>,
    /// Why it is no success.
    pub cause: Option<StopCause>,
    /// Its last report.
    pub report: Option<Report>,
}

const SELECT: &str = "SELECT id, created, updated, state, sql, request, business_unit, frozen_rows, cause, report, seal
    FROM job WHERE id = $1";
const SELECT_NEWEST: &str =
    "SELECT id, created, updated, state, sql, request, business_unit, frozen_rows, cause, report, seal
    FROM job ORDER BY created DESC, id DESC LIMIT $1";

/// Keeps a new job.
pub(crate) async fn create(connection: &mut SqliteConnection, job: &NewJob) -> Result<(), Fault> {
    let job = job.clone();
    let job = Job {
        updated: job.created,
        id: job.id,
        created: job.created,
        state: job.state,
        sql: job.sql,
        request: job.request,
        business_unit: job.business_unit,
        frozen_rows: None,
        cause: None,
        report: None,
    };
    let insert = "INSERT INTO job
        (id, created, updated, state, sql, request, business_unit, frozen_rows, cause, report, seal)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    match write(connection, insert, &job).await {
        Err(Fault::Sql(error)) if Trouble::of(&error) == Trouble::Duplicate => Err(Fault::Exists(job.id)),
        other => other,
    }
}

/// The job of this id.
pub(crate) async fn find(connection: &mut SqliteConnection, id: &JobId) -> Result<Option<Job>, Fault> {
    let row = sqlx::query(SELECT).bind(id.as_str()).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// The newest jobs, newest first.
pub(crate) async fn newest(connection: &mut SqliteConnection, most: u32) -> Result<Vec<Job>, Fault> {
    let rows = sqlx::query(SELECT_NEWEST).bind(i64::from(most)).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// Ids that begin with `prefix`, newest first.
pub(crate) async fn ids(connection: &mut SqliteConnection, prefix: &str, most: u32) -> Result<Vec<JobId>, Fault> {
    let select = "SELECT id FROM job WHERE substr(id, 1, length($1)) = $1 ORDER BY created DESC, id DESC LIMIT $2";
    let ids: Vec<String> = sqlx::query_scalar(select).bind(prefix).bind(i64::from(most)).fetch_all(connection).await?;
    ids.iter().map(|id| id.parse().map_err(|_| Fault::Damaged("a job has no proper id".into()))).collect()
}

/// Moves a job to its next state; its cause becomes the one given.
pub(crate) async fn set_state(
    connection: &mut SqliteConnection,
    id: &JobId,
    state: JobState,
    cause: Option<&StopCause>,
    now: i64,
) -> Result<(), Fault> {
    change(connection, id, now, |job| {
        if job.state != state && !job.state.may_become(state) {
            return Err(Fault::Illegal { job: id.clone(), from: job.state, to: state });
        }
        job.state = state;
        job.cause = cause.cloned();
        Ok(())
    })
    .await
}

/// Notes how many rows the job's Result has.
pub(crate) async fn set_frozen(
    connection: &mut SqliteConnection,
    id: &JobId,
    rows: u64,
    now: i64,
) -> Result<(), Fault> {
    change(connection, id, now, |job| {
        job.frozen_rows = Some(rows);
        Ok(())
    })
    .await
}

/// Keeps the job's report in the place of an earlier one.
pub(crate) async fn save_report(connection: &mut SqliteConnection, report: &Report, now: i64) -> Result<(), Fault> {
    change(connection, &report.job, now, |job| {
        job.report = Some(report.clone());
        Ok(())
    })
    .await
}

/// What earlier runs learned about a business unit.
pub(crate) async fn learned(connection: &mut SqliteConnection, key: &str) -> Result<Learned, Fault> {
    let select = "SELECT api_version, batch_rows, updated, seal FROM learned WHERE business_unit = $1";
    let Some(row) = sqlx::query(select).bind(key).fetch_optional(connection).await? else {
        return Ok(Learned::default());
    };
    let (version, rows): (Option<i64>, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
    let damaged = || "what was learned about a business unit has changed".to_owned();
    learned_seal(key, version, rows, row.try_get(2)?).check(row.try_get(3)?, damaged)?;
    let wrong = || Fault::Damaged(damaged());
    Ok(Learned {
        api_version: version.map(u8::try_from).transpose().map_err(|_| wrong())?,
        batch_rows: rows.map(usize::try_from).transpose().map_err(|_| wrong())?,
    })
}

/// The watermark of a job, when one was kept.
pub(crate) async fn watermark(connection: &mut SqliteConnection, job: &JobId) -> Result<Option<u64>, Fault> {
    let select = "SELECT value, seal FROM watermark WHERE job = $1";
    let Some(row) = sqlx::query(select).bind(job.as_str()).fetch_optional(connection).await? else {
        return Ok(None);
    };
    let value: i64 = row.try_get(0)?;
    watermark_seal(job, value).check(row.try_get(1)?, || format!("the watermark of job {job} has changed"))?;
    Ok(Some(number(value)?))
}

/// Keeps the watermark of a job; the first one kept stays.
pub(crate) async fn save_watermark(connection: &mut SqliteConnection, job: &JobId, value: u64) -> Result<(), Fault> {
    let insert = "INSERT INTO watermark (job, value, seal) VALUES ($1, $2, $3) ON CONFLICT (job) DO NOTHING";
    let value = column(value, "a watermark")?;
    let seal = watermark_seal(job, value).value();
    sqlx::query(insert).bind(job.as_str()).bind(value).bind(seal).execute(connection).await?;
    Ok(())
}

fn watermark_seal(job: &JobId, value: i64) -> Seal {
    Seal::of("watermark").text(job.as_str()).number(value)
}

/// Keeps what a run learned about a business unit.
pub(crate) async fn save_learned(
    connection: &mut SqliteConnection,
    key: &str,
    learned: Learned,
    now: i64,
) -> Result<(), Fault> {
    let version = learned.api_version.map(i64::from);
    let rows = learned.batch_rows.map(|rows| column(rows as u64, "the rows of a batch")).transpose()?;
    let upsert = "INSERT INTO learned (business_unit, api_version, batch_rows, updated, seal)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (business_unit) DO UPDATE SET api_version = excluded.api_version,
            batch_rows = excluded.batch_rows, updated = excluded.updated, seal = excluded.seal";
    let seal = learned_seal(key, version, rows, now).value();
    sqlx::query(upsert).bind(key).bind(version).bind(rows).bind(now).bind(seal).execute(connection).await?;
    Ok(())
}

/// Reads a job, changes it, and writes it back with its new seal.
async fn change(
    connection: &mut SqliteConnection,
    id: &JobId,
    now: i64,
    edit: impl FnOnce(&mut Job) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut job = find(&mut *connection, id).await?.ok_or_else(|| Fault::NoJob(id.clone()))?;
    edit(&mut job)?;
    job.updated = now;
    let update = "UPDATE job SET created = $2, updated = $3, state = $4, sql = $5, request = $6, business_unit = $7,
        frozen_rows = $8, cause = $9, report = $10, seal = $11 WHERE id = $1";
    write(connection, update, &job).await
}

/// Runs a statement that takes a job's columns in the order of the table.
async fn write(connection: &mut SqliteConnection, statement: &'static str, job: &Job) -> Result<(), Fault> {
    let columns = Columns::of(job)?;
    sqlx::query(statement)
        .bind(job.id.as_str())
        .bind(job.created)
        .bind(job.updated)
        .bind(job.state.name())
        .bind(&job.sql)
        .bind(&columns.request)
        .bind(&job.business_unit)
        .bind(columns.frozen_rows)
        .bind(&columns.cause)
        .bind(&columns.report)
        .bind(columns.seal(job).value())
        .execute(connection)
        .await?;
    Ok(())
}

fn read(row: &SqliteRow) -> Result<Job, Fault> {
    let id: String = row.try_get(0)?;
    let wrong = |what: &str| Fault::Damaged(format!("job {id}: {what} has changed"));
    let state: String = row.try_get(3)?;
    let columns = Columns {
        request: row.try_get(5)?,
        frozen_rows: row.try_get(7)?,
        cause: row.try_get(8)?,
        report: row.try_get(9)?,
    };
    let mut job = Job {
        id: id.parse().map_err(|_| Fault::Damaged("a job has no proper id".into()))?,
        created: row.try_get(1)?,
        updated: row.try_get(2)?,
        state: state.parse().map_err(|_| wrong("its state"))?,
        sql: row.try_get(4)?,
        request: serde_json::Value::Null,
        business_unit: row.try_get(6)?,
        frozen_rows: columns.frozen_rows.map(number).transpose()?,
        cause: None,
        report: None,
    };
    columns.seal(&job).check(row.try_get(10)?, || format!("job {id} has changed"))?;
    job.request = from_text(&columns.request).ok_or_else(|| wrong("its request"))?;
    job.cause = columns.cause.as_deref().map(|text| from_text(text).ok_or_else(|| wrong("its cause"))).transpose()?;
    job.report =
        columns.report.as_deref().map(|text| from_text(text).ok_or_else(|| wrong("its report"))).transpose()?;
    Ok(job)
}

/// The columns of a job that look different in the table.
struct Columns {
    request: String,
    frozen_rows: Option<i64>,
    cause: Option<String>,
    report: Option<String>,
}

impl Columns {
    fn of(job: &Job) -> Result<Columns, Fault> {
        Ok(Columns {
            request: to_text(&job.request)?,
            frozen_rows: job.frozen_rows.map(|rows| column(rows, "the rows of a Result")).transpose()?,
            cause: job.cause.as_ref().map(to_text).transpose()?,
            report: job.report.as_ref().map(to_text).transpose()?,
        })
    }

    fn seal(&self, job: &Job) -> Seal {
        Seal::of("job")
            .text(job.id.as_str())
            .number(job.created)
            .number(job.updated)
            .text(job.state.name())
            .text(&job.sql)
            .text(&self.request)
            .text(&job.business_unit)
            .maybe_number(self.frozen_rows)
            .maybe_text(self.cause.as_deref())
            .maybe_text(self.report.as_deref())
    }
}

fn to_text(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| Fault::Sql(sqlx::Error::Encode(error.into())))
}

fn from_text<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

fn learned_seal(key: &str, version: Option<i64>, rows: Option<i64>, updated: i64) -> Seal {
    Seal::of("learned").text(key).maybe_number(version).maybe_number(rows).number(updated)
}
