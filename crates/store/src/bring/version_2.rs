//! Brings the jobs of a version-2 file to version 3: they get the further columns and a seal over what pages show.
//!
//! Knows the table `job` as versions 2 and 3 had it.

use model::{JobId, JobState, Report, StopCause, Tally};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::column::{Seal, column, from_text};
use crate::fault::Fault;

/// Jobs read at once.
const PAGE: i64 = 200;

/// A job with the texts of its columns; it has been proved.
struct Old {
    id: String,
    created: i64,
    updated: i64,
    state: JobState,
    sql: String,
    request: String,
    business_unit: String,
    frozen_rows: Option<i64>,
    cause: Option<String>,
    report: Option<String>,
    /// The ends of its rows, by its report.
    tally: [Option<i64>; 6],
}

/// Writes every job of the table `job_2` to `job`, and removes the old table.
pub(super) async fn jobs(connection: &mut SqliteConnection) -> Result<(), Fault> {
    let select = "SELECT id, created, updated, state, sql, request, business_unit, frozen_rows, cause, report, seal
        FROM job_2 WHERE id > $1 ORDER BY id LIMIT $2";
    let mut after = String::new();
    loop {
        let page = sqlx::query(select).bind(&after).bind(PAGE).fetch_all(&mut *connection).await?;
        for row in &page {
            let job = read(row)?;
            insert(&mut *connection, &job).await?;
            after = job.id;
        }
        if page.is_empty() {
            break;
        }
    }
    sqlx::raw_sql("DROP TABLE job_2").execute(connection).await?;
    Ok(())
}

fn read(row: &SqliteRow) -> Result<Old, Fault> {
    let id: String = row.try_get(0)?;
    let wrong = |what: &str| Fault::Damaged(format!("job {id}: {what} has changed"));
    let (created, updated): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
    let (state, sql, request): (String, String, String) = (row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
    let (business_unit, frozen_rows): (String, Option<i64>) = (row.try_get(6)?, row.try_get(7)?);
    let (cause, report): (Option<String>, Option<String>) = (row.try_get(8)?, row.try_get(9)?);
    Seal::of("job")
        .text(&id)
        .number(created)
        .number(updated)
        .text(&state)
        .text(&sql)
        .text(&request)
        .text(&business_unit)
        .maybe_number(frozen_rows)
        .maybe_text(cause.as_deref())
        .maybe_text(report.as_deref())
        .check(row.try_get(10)?, || format!("job {id} has changed"))?;
    let _id: JobId = id.parse().map_err(|_| Fault::Damaged("a job has no proper id".into()))?;
    let _request: serde_json::Value = from_text(&request).ok_or_else(|| wrong("its request"))?;
    let _cause: Option<StopCause> =
        cause.as_deref().map(|text| from_text(text).ok_or_else(|| wrong("its cause"))).transpose()?;
    let state = state.parse().map_err(|_| wrong("its state"))?;
    let known: Option<Report> =
        report.as_deref().map(|text| from_text(text).ok_or_else(|| wrong("its report"))).transpose()?;
    let mut tally = [None; 6];
    if let Some(Tally { read, delivered, rejected, superseded, held, unsent }) = known.map(|report| report.rows) {
        for (place, rows) in tally.iter_mut().zip([read, delivered, rejected, superseded, held, unsent]) {
            *place = Some(column(rows, "the rows of a report")?);
        }
    }
    Ok(Old { id, created, updated, state, sql, request, business_unit, frozen_rows, cause, report, tally })
}

async fn insert(connection: &mut SqliteConnection, job: &Old) -> Result<(), Fault> {
    let insert = "INSERT INTO job (id, created, updated, state, kind, origin, business_unit, started, finished, wakes,
        frozen_rows, cause, read_rows, delivered_rows, rejected_rows, superseded_rows, held_rows, unsent_rows, head_seal,
        sql, request, report, seal)
        VALUES ($1, $2, $3, $4, 'export', 'command_line', $5, $6, $7, 0, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
            $18, $19, $20)";
    // The last change of a job that has ended is its end, or close behind it.
    let finished = (!job.state.is_open()).then_some(job.updated);
    let query = sqlx::query(insert)
        .bind(&job.id)
        .bind(job.created)
        .bind(job.updated)
        .bind(job.state.name())
        .bind(&job.business_unit)
        .bind(job.created)
        .bind(finished)
        .bind(job.frozen_rows)
        .bind(&job.cause);
    let body = Seal::of("job body").text(&job.id).text(&job.sql).text(&job.request).maybe_text(job.report.as_deref());
    job.tally
        .iter()
        .fold(query, |query, rows| query.bind(*rows))
        .bind(head_seal(job, finished).value())
        .bind(&job.sql)
        .bind(&job.request)
        .bind(&job.report)
        .bind(body.value())
        .execute(connection)
        .await?;
    Ok(())
}

fn head_seal(job: &Old, finished: Option<i64>) -> Seal {
    let seal = Seal::of("job head")
        .text(&job.id)
        .number(job.created)
        .number(job.updated)
        .text(job.state.name())
        .text("export")
        .text("command_line")
        // Query, its name, connection, actor, parent.
        .maybe_text(None)
        .maybe_text(None)
        .maybe_text(None)
        .maybe_text(None)
        .maybe_text(None)
        .text(&job.business_unit)
        .maybe_number(Some(job.created))
        .maybe_number(finished)
        // When it goes on by itself, and how often it did.
        .maybe_number(None)
        .number(0)
        .maybe_number(job.frozen_rows)
        .maybe_text(job.cause.as_deref());
    job.tally.iter().fold(seal, |seal, rows| seal.maybe_number(*rows))
}
