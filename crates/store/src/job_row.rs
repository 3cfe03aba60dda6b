//! A job's columns: how each is written and read, and the two seals over them.
//!
//! Knows the order of the columns; not which jobs are asked for.

use model::{JobId, JobState, Tally};
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
        held_rows, unsent_rows, scheduled, told, head_seal"
    };
}

/// The columns of a job, in the order that [`read`] expects.
macro_rules! whole {
    () => {
        concat!(crate::job_row::head!(), ", sql, request, report, forecast, seal")
    };
}

pub(crate) use {head, whole};

/// Runs a statement that takes a job's columns in the order of [`whole`].
pub(crate) async fn write(connection: &mut SqliteConnection, statement: &'static str, job: &Job) -> Result<(), Fault> {
    let summary = job.summary();
    let head = Head::of(&summary)?;
    let (request, report) = (to_text(&job.request)?, job.report.as_ref().map(to_text).transpose()?);
    let forecast = job.forecast.as_ref().map(to_text).transpose()?;
    let seal = body_seal(&job.id, &job.sql, &request, report.as_deref(), forecast.as_deref()).value();
    head.bind(sqlx::query(statement), &summary)
        .bind(&job.sql)
        .bind(&request)
        .bind(&report)
        .bind(&forecast)
        .bind(seal)
        .execute(connection)
        .await?;
    Ok(())
}

/// Reads the columns of [`whole`].
pub(crate) fn read(row: &SqliteRow) -> Result<Job, Fault> {
    let head = read_summary(row)?;
    let (sql, request): (String, String) = (row.try_get(27)?, row.try_get(28)?);
    let (report, forecast): (Option<String>, Option<String>) = (row.try_get(29)?, row.try_get(30)?);
    let id = &head.id;
    let seal = body_seal(id, &sql, &request, report.as_deref(), forecast.as_deref());
    seal.check(row.try_get(31)?, || format!("job {id} has changed"))?;
    let wrong = |what: &str| Fault::Damaged(format!("job {id}: {what} has changed"));
    let request = from_text(&request).ok_or_else(|| wrong("its request"))?;
    let report = report.map(|text| from_text(&text).ok_or_else(|| wrong("its report"))).transpose()?;
    let forecast = forecast.map(|text| from_text(&text).ok_or_else(|| wrong("its forecast"))).transpose()?;
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
        scheduled: head.scheduled,
        told: head.told,
        sql,
        request,
        report,
        forecast,
    })
}

/// Proves the columns of [`whole`] by their seals. The texts of a row whose seal fits are those that were written, so
/// what they say need not be read as well.
pub(crate) fn prove(row: &SqliteRow) -> Result<(), Fault> {
    let head = read_summary(row)?;
    let (sql, request): (&str, &str) = (row.try_get(27)?, row.try_get(28)?);
    let seal = body_seal(&head.id, sql, request, row.try_get(29)?, row.try_get(30)?);
    seal.check(row.try_get(31)?, || format!("job {} has changed", head.id))
}

/// Reads the columns of [`head`].
pub(crate) fn read_summary(row: &SqliteRow) -> Result<JobSummary, Fault> {
    let id: String = row.try_get(0)?;
    let wrong = |what: &str| Fault::Damaged(format!("job {id}: {what} has changed"));
    let (state, kind, origin): (String, String, String) = (row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
    let (parent, told): (Option<String>, Option<String>) = (row.try_get(10)?, row.try_get(25)?);
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
        scheduled: row.try_get(24)?,
        told: told.map(|state| state.parse().map_err(|_| wrong("what was told of it"))).transpose()?,
    };
    head.seal(&summary).check(row.try_get(26)?, || format!("job {id} has changed"))?;
    summary.cause = head.cause.map(|text| from_text(&text).ok_or_else(|| wrong("its cause"))).transpose()?;
    Ok(summary)
}

impl Job {
    /// What a list has of the job.
    pub fn summary(&self) -> JobSummary {
        JobSummary {
            id: self.id.clone(),
            created: self.created,
            updated: self.updated,
            state: self.state,
            kind: self.kind,
            origin: self.origin,
            query: self.query.clone(),
            query_name: self.query_name.clone(),
            connection: self.connection.clone(),
            actor: self.actor.clone(),
            parent: self.parent.clone(),
            business_unit: self.business_unit.clone(),
            started: self.started,
            finished: self.finished,
            wake: self.wake,
            wakes: self.wakes,
            frozen_rows: self.frozen_rows,
            cause: self.cause.clone(),
            tally: self.report.as_ref().map(|report| report.rows),
            scheduled: self.scheduled,
            told: self.told,
        }
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
        self.tally
            .iter()
            .fold(query, |query, rows| query.bind(*rows))
            .bind(summary.scheduled)
            .bind(summary.told.map(JobState::name))
            .bind(self.seal(summary).value())
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
        let seal = self.tally.iter().fold(seal, |seal, rows| seal.maybe_number(*rows));
        // Younger columns count where they have a value, under their names: one that is lost or moves shows.
        let seal = summary.scheduled.map_or(seal, |at| seal.text("scheduled").number(at));
        summary.told.map_or(seal, |state| seal.text("told").text(state.name()))
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

fn body_seal(id: &JobId, sql: &str, request: &str, report: Option<&str>, forecast: Option<&str>) -> Seal {
    let seal = Seal::of("job body").text(id.as_str()).text(sql).text(request).maybe_text(report);
    // A job of version 3 has no forecast, and keeps the seal that it was given.
    forecast.map_or(seal, |forecast| seal.text("forecast").text(forecast))
}
