//! A job's columns: how each is written and read, and the two seals over them.
//!
//! Knows the order of the columns; not which jobs are asked for.

use model::{JobId, Tally};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Row as _, Sqlite, SqliteConnection};

use crate::column::{Seal, column, from_text, number, to_text};
use crate::fault::Fault;
use crate::job::{Job, JobSummary};

/// The columns of a summary, in the order that [`read_summary`] expects.
macro_rules! head {
    () => {
        "id, created, updated, state, kind, origin, query, query_name, connection, actor, parent, business_unit,
        started, finished, wake, wakes, frozen_rows, cause, read_rows, delivered_rows, rejected_rows, superseded_rows,
        held_rows, unsent_rows, head_seal"
    };
}

/// The columns of a job, in the order that [`read`] expects.
macro_rules! whole {
    () => {
        concat!(crate::job_row::head!(), ", sql, request, report, seal")
    };
}

pub(crate) use {head, whole};

/// Runs a statement that takes a job's columns in the order of [`whole`].
pub(crate) async fn write(connection: &mut SqliteConnection, statement: &'static str, job: &Job) -> Result<(), Fault> {
    let summary = summary(job);
    let head = Head::of(&summary)?;
    let (request, report) = (to_text(&job.request)?, job.report.as_ref().map(to_text).transpose()?);
    let seal = body_seal(&job.id, &job.sql, &request, report.as_deref()).value();
    head.bind(sqlx::query(statement), &summary)
        .bind(&job.sql)
        .bind(&request)
        .bind(&report)
        .bind(seal)
        .execute(connection)
        .await?;
    Ok(())
}

/// Reads the columns of [`whole`].
pub(crate) fn read(row: &SqliteRow) -> Result<Job, Fault> {
    let head = read_summary(row)?;
    let (sql, request, report): (String, String, Option<String>) =
        (row.try_get(25)?, row.try_get(26)?, row.try_get(27)?);
    let id = &head.id;
    let seal = body_seal(id, &sql, &request, report.as_deref());
    seal.check(row.try_get(28)?, || format!("job {id} has changed"))?;
    let wrong = |what: &str| Fault::Damaged(format!("job {id}: {what} has changed"));
    let request = from_text(&request).ok_or_else(|| wrong("its request"))?;
    let report = report.map(|text| from_text(&text).ok_or_else(|| wrong("its report"))).transpose()?;
    Ok(Job {
        id: head.id,
        created: head.created,
        updated: head.updated,
        state: head.state,
        kind: head.kind,
        origin: head.origin,
        query: head.query,
        query_name: head.query_name,
        connection: head.connection,
        actor: head.actor,
        parent: head.parent,
        business_unit: head.business_unit,
        started: head.started,
        finished: head.finished,
        wake: head.wake,
        wakes: head.wakes,
        frozen_rows: head.frozen_rows,
        cause: head.cause,
        sql,
        request,
        report,
    })
}

/// Proves the columns of [`whole`] by their seals. The texts of a row whose seal fits are those that were written, so
/// what they say need not be read as well.
pub(crate) fn prove(row: &SqliteRow) -> Result<(), Fault> {
    let head = read_summary(row)?;
    let (sql, request, report): (&str, &str, Option<&str>) = (row.try_get(25)?, row.try_get(26)?, row.try_get(27)?);
    body_seal(&head.id, sql, request, report).check(row.try_get(28)?, || format!("job {} has changed", head.id))
}

/// Reads the columns of [`head`].
pub(crate) fn read_summary(row: &SqliteRow) -> Result<JobSummary, Fault> {
    let id: String = row.try_get(0)?;
    let wrong = |what: &str| Fault::Damaged(format!("job {id}: {what} has changed"));
    let (state, kind, origin): (String, String, String) = (row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
    let parent: Option<String> = row.try_get(10)?;
    let head = Head {
        wakes: row.try_get(15)?,
        frozen_rows: row.try_get(16)?,
        cause: row.try_get(17)?,
        tally: [
            row.try_get(18)?,
            row.try_get(19)?,
            row.try_get(20)?,
            row.try_get(21)?,
            row.try_get(22)?,
            row.try_get(23)?,
        ],
    };
    let mut summary = JobSummary {
        id: id.parse().map_err(|_| Fault::Damaged("a job has no proper id".into()))?,
        created: row.try_get(1)?,
        updated: row.try_get(2)?,
        state: state.parse().map_err(|_| wrong("its state"))?,
        kind: kind.parse().map_err(|_| wrong("its kind"))?,
        origin: origin.parse().map_err(|_| wrong("its origin"))?,
        query: row.try_get(6)?,
        query_name: row.try_get(7)?,
        connection: row.try_get(8)?,
        actor: row.try_get(9)?,
        parent: parent.map(|id| id.parse().map_err(|_| wrong("its parent"))).transpose()?,
        business_unit: row.try_get(11)?,
        started: row.try_get(12)?,
        finished: row.try_get(13)?,
        wake: row.try_get(14)?,
        wakes: u32::try_from(head.wakes).map_err(|_| wrong("its wakes"))?,
        frozen_rows: head.frozen_rows.map(number).transpose()?,
        cause: None,
        tally: read_tally(head.tally)?,
    };
    head.seal(&summary).check(row.try_get(24)?, || format!("job {id} has changed"))?;
    summary.cause = head.cause.map(|text| from_text(&text).ok_or_else(|| wrong("its cause"))).transpose()?;
    Ok(summary)
}

/// A job without its large columns.
pub(crate) fn summary(job: &Job) -> JobSummary {
    JobSummary {
        id: job.id.clone(),
        created: job.created,
        updated: job.updated,
        state: job.state,
        kind: job.kind,
        origin: job.origin,
        query: job.query.clone(),
        query_name: job.query_name.clone(),
        connection: job.connection.clone(),
        actor: job.actor.clone(),
        parent: job.parent.clone(),
        business_unit: job.business_unit.clone(),
        started: job.started,
        finished: job.finished,
        wake: job.wake,
        wakes: job.wakes,
        frozen_rows: job.frozen_rows,
        cause: job.cause.clone(),
        tally: job.report.as_ref().map(|report| report.rows),
    }
}

type Query<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

/// The columns of a summary that look different in the table.
struct Head {
    wakes: i64,
    frozen_rows: Option<i64>,
    cause: Option<String>,
    tally: [Option<i64>; 6],
}

impl Head {
    fn of(summary: &JobSummary) -> Result<Head, Fault> {
        let mut tally = [None; 6];
        if let Some(Tally { read, delivered, rejected, superseded, held, unsent }) = summary.tally {
            for (place, rows) in tally.iter_mut().zip([read, delivered, rejected, superseded, held, unsent]) {
                *place = Some(column(rows, "the rows of a report")?);
            }
        }
        Ok(Head {
            wakes: i64::from(summary.wakes),
            frozen_rows: summary.frozen_rows.map(|rows| column(rows, "the rows of a Result")).transpose()?,
            cause: summary.cause.as_ref().map(to_text).transpose()?,
            tally,
        })
    }

    fn bind<'q>(&'q self, query: Query<'q>, summary: &'q JobSummary) -> Query<'q> {
        let query = query
            .bind(summary.id.as_str())
            .bind(summary.created)
            .bind(summary.updated)
            .bind(summary.state.name())
            .bind(summary.kind.name())
            .bind(summary.origin.name())
            .bind(&summary.query)
            .bind(&summary.query_name)
            .bind(&summary.connection)
            .bind(&summary.actor)
            .bind(summary.parent.as_ref().map(JobId::as_str))
            .bind(&summary.business_unit)
            .bind(summary.started)
            .bind(summary.finished)
            .bind(summary.wake)
            .bind(self.wakes)
            .bind(self.frozen_rows)
            .bind(&self.cause);
        self.tally.iter().fold(query, |query, rows| query.bind(*rows)).bind(self.seal(summary).value())
    }

    fn seal(&self, summary: &JobSummary) -> Seal {
        let seal = Seal::of("job head")
            .text(summary.id.as_str())
            .number(summary.created)
            .number(summary.updated)
            .text(summary.state.name())
            .text(summary.kind.name())
            .text(summary.origin.name())
            .maybe_text(summary.query.as_deref())
            .maybe_text(summary.query_name.as_deref())
            .maybe_text(summary.connection.as_deref())
            .maybe_text(summary.actor.as_deref())
            .maybe_text(summary.parent.as_ref().map(JobId::as_str))
            .text(&summary.business_unit)
            .maybe_number(summary.started)
            .maybe_number(summary.finished)
            .maybe_number(summary.wake)
            .number(self.wakes)
            .maybe_number(self.frozen_rows)
            .maybe_text(self.cause.as_deref());
        self.tally.iter().fold(seal, |seal, rows| seal.maybe_number(*rows))
    }
}

fn read_tally(columns: [Option<i64>; 6]) -> Result<Option<Tally>, Fault> {
    let [Some(read), Some(delivered), Some(rejected), Some(superseded), Some(held), Some(unsent)] = columns else {
        return Ok(None);
    };
    Ok(Some(Tally {
        read: number(read)?,
        delivered: number(delivered)?,
        rejected: number(rejected)?,
        superseded: number(superseded)?,
        held: number(held)?,
        unsent: number(unsent)?,
    }))
}

fn body_seal(id: &JobId, sql: &str, request: &str, report: Option<&str>) -> Seal {
    Seal::of("job body").text(id.as_str()).text(sql).text(request).maybe_text(report)
}
