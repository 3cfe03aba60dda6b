//! What runs learned about business units, and the numbers that later runs of a job compare with.
//!
//! Knows the tables `learned` and `watermark`; each function runs in the transaction of its caller.

use model::{JobId, Learned};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::column::{Seal, column, number};
use crate::fault::Fault;
use crate::prove::each;

/// What earlier runs learned about a business unit.
pub(crate) async fn find(connection: &mut SqliteConnection, key: &str) -> Result<Learned, Fault> {
    let select = "SELECT api_version, batch_rows, updated, seal FROM learned WHERE business_unit = $1";
    let Some(row) = sqlx::query(select).bind(key).fetch_optional(connection).await? else {
        return Ok(Learned::default());
    };
    read(key, &row)
}

fn read(key: &str, row: &SqliteRow) -> Result<Learned, Fault> {
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
    read_watermark(job, &row).map(Some)
}

fn read_watermark(job: &JobId, row: &SqliteRow) -> Result<u64, Fault> {
    let value: i64 = row.try_get(0)?;
    watermark_seal(job, value).check(row.try_get(1)?, || format!("the watermark of job {job} has changed"))?;
    number(value)
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
pub(crate) async fn save(
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

fn learned_seal(key: &str, version: Option<i64>, rows: Option<i64>, updated: i64) -> Seal {
    Seal::of("learned").text(key).maybe_number(version).maybe_number(rows).number(updated)
}

/// Reads everything learned, and every watermark.
pub(crate) async fn prove(connection: &mut SqliteConnection) -> Result<(), Fault> {
    let learned = "SELECT api_version, batch_rows, updated, seal, business_unit FROM learned";
    each(&mut *connection, learned, |row| read(row.try_get(4)?, row).map(drop)).await?;
    each(connection, "SELECT value, seal, job FROM watermark", |row| {
        let job: &str = row.try_get(2)?;
        let job = job.parse().map_err(|_| Fault::Damaged("a watermark has no proper job".into()))?;
        read_watermark(&job, row).map(drop)
    })
    .await
}
