//! The log of a job: lines for people, numbered in the order in which they were written.
//!
//! Knows the table `log`; what a line says is the caller's.

use model::JobId;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::column::{Seal, bound, number};
use crate::fault::Fault;
use crate::prove::each;

/// How much a line of the log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// It goes as it should.
    Info,
    /// It goes on, and somebody should know.
    Warning,
    /// It does not go on.
    Error,
}

const LEVELS: [(LogLevel, &str); 3] =
    [(LogLevel::Info, "info"), (LogLevel::Warning, "warning"), (LogLevel::Error, "error")];

impl LogLevel {
    /// The level's name, as the database and the API have it.
    pub fn name(self) -> &'static str {
        match self {
            LogLevel::Info => LEVELS[0].1,
            LogLevel::Warning => LEVELS[1].1,
            LogLevel::Error => LEVELS[2].1,
        }
    }
}

/// A line of a job's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Its number within the job, from 1.
    pub number: u64,
    /// When it was written, in seconds since 1970-01-01 UTC.
    pub at: i64,
    /// How much it matters.
    pub level: LogLevel,
    /// What it says.
    pub text: String,
}

/// Appends a line.
pub(crate) async fn append(
    connection: &mut SqliteConnection,
    job: &JobId,
    at: i64,
    level: LogLevel,
    text: &str,
) -> Result<(), Fault> {
    let last = "SELECT COALESCE(MAX(number), 0) FROM log WHERE job = $1";
    let last: i64 = sqlx::query_scalar(last).bind(job.as_str()).fetch_one(&mut *connection).await?;
    let insert = "INSERT INTO log (job, number, at, level, line, seal) VALUES ($1, $2, $3, $4, $5, $6)";
    sqlx::query(insert)
        .bind(job.as_str())
        .bind(last + 1)
        .bind(at)
        .bind(level.name())
        .bind(text)
        .bind(seal(job, last + 1, at, level.name(), text).value())
        .execute(connection)
        .await?;
    Ok(())
}

/// Lines with a number above `after`, by number.
pub(crate) async fn lines(
    connection: &mut SqliteConnection,
    job: &JobId,
    after: u64,
    limit: u32,
) -> Result<Vec<LogLine>, Fault> {
    let select =
        "SELECT number, at, level, line, seal FROM log WHERE job = $1 AND number > $2 ORDER BY number LIMIT $3";
    let rows = sqlx::query(select).bind(job.as_str()).bind(bound(after)).bind(i64::from(limit));
    rows.fetch_all(connection).await?.iter().map(|row| read(job, row)).collect()
}

/// The last lines, by number.
pub(crate) async fn end(connection: &mut SqliteConnection, job: &JobId, most: u32) -> Result<Vec<LogLine>, Fault> {
    let select = "SELECT number, at, level, line, seal FROM log WHERE job = $1 ORDER BY number DESC LIMIT $2";
    let rows = sqlx::query(select).bind(job.as_str()).bind(i64::from(most));
    rows.fetch_all(connection).await?.iter().rev().map(|row| read(job, row)).collect()
}

/// Reads every line.
pub(crate) async fn prove(connection: &mut SqliteConnection) -> Result<(), Fault> {
    each(connection, "SELECT number, at, level, line, seal, job FROM log", |row| {
        let job: &str = row.try_get(5)?;
        let job = job.parse().map_err(|_| Fault::Damaged("a line of a log has no proper job".into()))?;
        read(&job, row).map(drop)
    })
    .await
}

fn read(job: &JobId, row: &SqliteRow) -> Result<LogLine, Fault> {
    let (place, at): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    let (level, text): (&str, &str) = (row.try_get(2)?, row.try_get(3)?);
    let changed = || format!("line {place} in the log of job {job} has changed");
    seal(job, place, at, level, text).check(row.try_get(4)?, changed)?;
    let known = LEVELS.iter().find(|(_, name)| *name == level).map(|(level, _)| *level);
    Ok(LogLine {
        number: number(place)?,
        at,
        level: known.ok_or_else(|| Fault::Damaged(changed()))?,
        text: text.to_owned(),
    })
}

fn seal(job: &JobId, place: i64, at: i64, level: &str, text: &str) -> Seal {
    Seal::of("log").text(job.as_str()).number(place).number(at).text(level).text(text)
}
