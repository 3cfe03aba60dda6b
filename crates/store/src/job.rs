//! A job as a row: what it is, how it begins, how it changes.
//!
//! Knows the table `job`; each function runs in the transaction of its caller.

use model::{JobId, JobState, Report, StopCause, Tally};
use sqlx::SqliteConnection;

use crate::fault::{Fault, Trouble};
use crate::job_kind::{JobKind, Origin};
use crate::job_row::{read, whole, write};
use crate::prove::each;

/// A job as it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// When it was made, in seconds since 1970-01-01 UTC.
    pub created: i64,
    /// Its first state.
    pub state: JobState,
    /// What it is for.
    pub kind: JobKind,
    /// Who runs it.
    pub origin: Origin,
    /// The document id of its saved query.
    pub query: Option<String>,
    /// The name of its saved query when it began.
    pub query_name: Option<String>,
    /// The document id of its connection.
    pub connection: Option<String>,
    /// Who started it, for people.
    pub actor: Option<String>,
    /// The job that it retries or exports again.
    pub parent: Option<JobId>,
    /// The query.
    pub sql: String,
    /// What is needed to continue it: file paths, settings, tables. Never a secret.
    pub request: serde_json::Value,
    /// The business unit it exports to; empty when nothing is sent.
    pub business_unit: String,
    /// Its scheduled time, in seconds since 1970-01-01 UTC; none when nothing but a person or a command began it.
    pub scheduled: Option<i64>,
}

/// A job as it is. All times are seconds since 1970-01-01 UTC.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// When it was made.
    pub created: i64,
    /// When it last changed.
    pub updated: i64,
    /// Its state.
    pub state: JobState,
    /// What it is for.
    pub kind: JobKind,
    /// Who runs it.
    pub origin: Origin,
    /// The document id of its saved query.
    pub query: Option<String>,
    /// The name of its saved query when it began.
    pub query_name: Option<String>,
    /// The document id of its connection.
    pub connection: Option<String>,
    /// Who started it, for people.
    pub actor: Option<String>,
    /// The job that it retries or exports again. That one may have been deleted.
    pub parent: Option<JobId>,
    /// The business unit it exports to; empty when nothing is sent.
    pub business_unit: String,
    /// When it first left the queue.
    pub started: Option<i64>,
    /// When it came to the end that it is at.
    pub finished: Option<i64>,
    /// When it goes on by itself, while it is parked.
    pub wake: Option<i64>,
    /// Times it went on by itself.
    pub wakes: u32,
    /// Rows of its Result, once that is frozen.
    pub frozen_rows: Option<u64>,
    /// Why it is no success.
    pub cause: Option<StopCause>,
    /// Its scheduled time; none when nothing but a person or a command began it.
    pub scheduled: Option<i64>,
    /// The state that notices were last written for; none since a person put it back into the queue, and from the start.
    pub told: Option<JobState>,
    /// The query.
    pub sql: String,
    /// What is needed to continue it.
    pub request: serde_json::Value,
    /// Its last report.
    pub report: Option<Report>,
    /// The calls that it was expected to need, against those left, as its beginner reckoned; what it says is the caller's.
    pub forecast: Option<serde_json::Value>,
}

/// A job in a list: without its query, its request and its report. All times are seconds since 1970-01-01 UTC.
#[derive(Debug, Clone, PartialEq)]
pub struct JobSummary {
    /// Its id.
    pub id: JobId,
    /// When it was made.
    pub created: i64,
    /// When it last changed.
    pub updated: i64,
    /// Its state.
    pub state: JobState,
    /// What it is for.
    pub kind: JobKind,
    /// Who runs it.
    pub origin: Origin,
    /// The document id of its saved query.
    pub query: Option<String>,
    /// The name of its saved query when it began.
    pub query_name: Option<String>,
    /// The document id of its connection.
    pub connection: Option<String>,
    /// Who started it, for people.
    pub actor: Option<String>,
    /// The job that it retries or exports again. That one may have been deleted.
    pub parent: Option<JobId>,
    /// The business unit it exports to; empty when nothing is sent.
    pub business_unit: String,
    /// When it first left the queue.
    pub started: Option<i64>,
    /// When it came to the end that it is at.
    pub finished: Option<i64>,
    /// When it goes on by itself, while it is parked.
    pub wake: Option<i64>,
    /// Times it went on by itself.
    pub wakes: u32,
    /// Rows of its Result, once that is frozen.
    pub frozen_rows: Option<u64>,
    /// Why it is no success.
    pub cause: Option<StopCause>,
    /// The ends of its rows, by its last report.
    pub tally: Option<Tally>,
    /// Its scheduled time; none when nothing but a person or a command began it.
    pub scheduled: Option<i64>,
    /// The state that notices were last written for; none since a person put it back into the queue, and from the start.
    pub told: Option<JobState>,
}

/// Keeps a new job with its cause.
pub(crate) async fn create(
    connection: &mut SqliteConnection,
    new: &NewJob,
    cause: Option<&StopCause>,
) -> Result<(), Fault> {
    let new = new.clone();
    let job = Job {
        started: started(new.state).then_some(new.created),
        finished: (!new.state.is_open()).then_some(new.created),
        updated: new.created,
        id: new.id,
        created: new.created,
        state: new.state,
        kind: new.kind,
        origin: new.origin,
        query: new.query,
        query_name: new.query_name,
        connection: new.connection,
        actor: new.actor,
        parent: new.parent,
        business_unit: new.business_unit,
        wake: None,
        wakes: 0,
        frozen_rows: None,
        cause: cause.cloned(),
        scheduled: new.scheduled,
        told: None,
        sql: new.sql,
        request: new.request,
        report: None,
        forecast: None,
    };
    insert(connection, &job).await
}

/// Writes a job that is not there.
pub(crate) async fn insert(connection: &mut SqliteConnection, job: &Job) -> Result<(), Fault> {
    let insert = concat!(
        "INSERT INTO job (",
        whole!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
            $23, $24, $25, $26, $27, $28, $29, $30, $31, $32)"
    );
    match write(connection, insert, job).await {
        Err(Fault::Sql(error)) if Trouble::of(&error) == Trouble::Duplicate => {
            Err(Fault::Exists(format!("job {}", job.id)))
        }
        other => other,
    }
}

/// The job of this id.
pub(crate) async fn find(connection: &mut SqliteConnection, id: &JobId) -> Result<Option<Job>, Fault> {
    let select = concat!("SELECT ", whole!(), " FROM job WHERE id = $1");
    let row = sqlx::query(select).bind(id.as_str()).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// Reads every job.
pub(crate) async fn prove(connection: &mut SqliteConnection) -> Result<(), Fault> {
    each(connection, concat!("SELECT ", whole!(), " FROM job"), crate::job_row::prove).await
}

/// What a job becomes.
#[derive(Debug, Clone)]
pub(crate) struct Next {
    pub(crate) state: JobState,
    pub(crate) cause: Option<StopCause>,
    /// When it goes on by itself.
    pub(crate) wake: Option<i64>,
    pub(crate) wakes: Wakes,
    pub(crate) told: Told,
    pub(crate) now: i64,
}

/// What becomes of the state that notices were last written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Stays: a job that goes on by itself and parks again is no news.
    Keep,
    /// Is forgotten: what comes of a job that a person continued is told again.
    Forget,
}

/// What becomes of the number of times that a job went on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wakes {
    /// Goes on being counted.
    Count,
    /// Begins anew: what hindered the job is over.
    Reset,
}

/// Moves a job to its next state; its cause and its wake become those given.
pub(crate) async fn set_state(connection: &mut SqliteConnection, id: &JobId, next: &Next) -> Result<(), Fault> {
    change(connection, id, next.now, |job| step(job, next)).await
}

/// Moves the job of a report to its next state and keeps the report.
pub(crate) async fn settle_run(connection: &mut SqliteConnection, report: &Report, next: &Next) -> Result<(), Fault> {
    change(connection, &report.job, next.now, |job| {
        step(job, next)?;
        job.report = Some(report.clone());
        Ok(())
    })
    .await
}

fn step(job: &mut Job, next: &Next) -> Result<(), Fault> {
    let (from, to) = (job.state, next.state);
    if from != to && !from.may_become(to) {
        return Err(Fault::Illegal { job: job.id.clone(), from, to });
    }
    if job.started.is_none() && started(to) {
        job.started = Some(next.now);
    }
    if to.is_open() {
        job.finished = None;
    } else if from != to || job.finished.is_none() {
        job.finished = Some(next.now);
    }
    let goes_on = matches!(to, JobState::Queued | JobState::Sending) && from != to;
    match next.wakes {
        Wakes::Reset => job.wakes = 0,
        Wakes::Count if goes_on && job.wake.is_some_and(|wake| wake <= next.now) => {
            job.wakes = job.wakes.saturating_add(1);
        }
        Wakes::Count => {}
    }
    match next.told {
        Told::Keep => {}
        Told::Forget => job.told = None,
    }
    job.wake = next.wake;
    job.state = to;
    job.cause.clone_from(&next.cause);
    Ok(())
}

/// Whether a job in this state has begun. One that was skipped never does.
fn started(state: JobState) -> bool {
    !matches!(state, JobState::Queued | JobState::Skipped)
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

/// Keeps the forecast of a job in the place of an earlier one. It says nothing new about the job, whose last change stays.
pub(crate) async fn set_forecast(
    connection: &mut SqliteConnection,
    id: &JobId,
    forecast: &serde_json::Value,
) -> Result<(), Fault> {
    rewrite(connection, id, |job| {
        job.forecast = Some(forecast.clone());
        Ok(())
    })
    .await
}

/// Notes that notices were written for the state that a job is in; a conflict when it has moved on. Its last change stays.
pub(crate) async fn tell(connection: &mut SqliteConnection, id: &JobId, state: JobState) -> Result<(), Fault> {
    rewrite(connection, id, |job| {
        if job.state != state {
            return Err(Fault::Conflict(format!("job {id}")));
        }
        job.told = Some(state);
        Ok(())
    })
    .await
}

/// Changes a job and the time of its last change.
async fn change(
    connection: &mut SqliteConnection,
    id: &JobId,
    now: i64,
    edit: impl FnOnce(&mut Job) -> Result<(), Fault>,
) -> Result<(), Fault> {
    rewrite(connection, id, |job| {
        edit(job)?;
        job.updated = now;
        Ok(())
    })
    .await
}

/// Reads a job, changes it, and writes it back with its new seals.
async fn rewrite(
    connection: &mut SqliteConnection,
    id: &JobId,
    edit: impl FnOnce(&mut Job) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut job = find(&mut *connection, id).await?.ok_or_else(|| Fault::NoJob(id.clone()))?;
    edit(&mut job)?;
    let update = "UPDATE job SET created = $2, updated = $3, state = $4, kind = $5, origin = $6, query = $7,
        query_name = $8, connection = $9, actor = $10, parent = $11, business_unit = $12, started = $13, finished = $14,
        wake = $15, wakes = $16, frozen_rows = $17, cause = $18, read_rows = $19, delivered_rows = $20,
        rejected_rows = $21, superseded_rows = $22, held_rows = $23, unsent_rows = $24, scheduled = $25, told = $26,
        head_seal = $27, sql = $28, request = $29, report = $30, forecast = $31, seal = $32 WHERE id = $1";
    write(connection, update, &job).await
}
