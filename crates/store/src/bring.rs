//! Brings the jobs of a version-2 file over: each is proved by its old seal, then gets the further columns.
//!
//! Knows the table `job` as version 2 had it. The rows are written by `job`, so a step that changes those columns again
//! takes a copy of that statement along.

use model::Report;
use sqlx::{Row as _, SqliteConnection};

use crate::column::{Seal, from_text, number};
use crate::fault::Fault;
use crate::job::{self, Job, JobKind, Origin};

/// The version that is left behind.
pub(crate) const FROM: i64 = 2;

/// Jobs read at once.
const PAGE: i64 = 200;

/// Writes every job of the table `job_2` to `job`, and removes the old table.
pub(crate) async fn jobs(connection: &mut SqliteConnection) -> Result<(), Fault> {
    let select = "SELECT id, created, updated, state, sql, request, business_unit, frozen_rows, cause, report, seal
        FROM job_2 WHERE id > $1 ORDER BY id LIMIT $2";
    let mut after = String::new();
    loop {
        let page = sqlx::query(select).bind(&after).bind(PAGE).fetch_all(&mut *connection).await?;
        for row in &page {
            let job = read(row)?;
            job::insert(&mut *connection, &job).await?;
            after = job.id.as_str().to_owned();
        }
        if page.is_empty() {
            break;
        }
    }
    sqlx::raw_sql("DROP TABLE job_2").execute(connection).await?;
    Ok(())
}

/// Proves that no row refers to nothing.
pub(crate) async fn referred(connection: &mut SqliteConnection) -> Result<(), Fault> {
    let lost = sqlx::query("PRAGMA foreign_key_check").fetch_optional(connection).await?;
    match lost {
        None => Ok(()),
        Some(_) => Err(Fault::Damaged("rows belong to no job".into())),
    }
}

fn read(row: &sqlx::sqlite::SqliteRow) -> Result<Job, Fault> {
    let id: String = row.try_get(0)?;
    let wrong = |what: &str| Fault::Damaged(format!("job {id}: {what} has changed"));
    let (created, updated): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
    let (state, sql, request): (String, String, String) = (row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
    let (business_unit, rows): (String, Option<i64>) = (row.try_get(6)?, row.try_get(7)?);
    let (cause, report): (Option<String>, Option<String>) = (row.try_get(8)?, row.try_get(9)?);
    Seal::of("job")
        .text(&id)
        .number(created)
        .number(updated)
        .text(&state)
        .text(&sql)
        .text(&request)
        .text(&business_unit)
        .maybe_number(rows)
        .maybe_text(cause.as_deref())
        .maybe_text(report.as_deref())
        .check(row.try_get(10)?, || format!("job {id} has changed"))?;
    let state: model::JobState = state.parse().map_err(|_| wrong("its state"))?;
    let report: Option<Report> = report.map(|text| from_text(&text).ok_or_else(|| wrong("its report"))).transpose()?;
    Ok(Job {
        id: id.parse().map_err(|_| Fault::Damaged("a job has no proper id".into()))?,
        created,
        updated,
        state,
        kind: JobKind::Export,
        origin: Origin::CommandLine,
        query: None,
        query_name: None,
        connection: None,
        actor: None,
        parent: None,
        business_unit,
        started: Some(created),
        // The last change of a job that has ended is its end, or close behind it.
        finished: (!state.is_open()).then_some(updated),
        wake: None,
        wakes: 0,
        frozen_rows: rows.map(number).transpose()?,
        cause: cause.map(|text| from_text(&text).ok_or_else(|| wrong("its cause"))).transpose()?,
        sql,
        request: from_text(&request).ok_or_else(|| wrong("its request"))?,
        report,
    })
}
