//! The doors to jobs: what a caller may ask and tell of them.
//!
//! Knows which function answers; the SQL is `job`'s, `jobs`', `log`'s and `learned`'s.

use model::{JobId, JobState, Learned, Report, StopCause, nearest};
use serde_json::Value;

use crate::change::{Change, Sealed};
use crate::error::StoreError;
use crate::job::{self, Job, JobSummary, NewJob, Next, Told, Wakes};
use crate::jobs::{self, JobFilter};
use crate::learned;
use crate::ledger::Ledger;
use crate::log::{self, LogLevel, LogLine};
use crate::once::{Once, Start, Started};
use crate::store::Store;
use crate::writer::{Outcome, Write};

/// Ids that a hint names at most.
const HINTS: u32 = 3;
/// Jobs among which a mistyped id is looked for.
const RECENT: u32 = 500;

impl Store {
    /// Keeps a new job.
    ///
    /// # Errors
    /// The id is taken; disk full, database locked or damaged.
    pub async fn create_job(&self, job: &NewJob) -> Result<(), StoreError> {
        let start = Start { job: job.clone(), cause: None, changes: Sealed::default(), once: None, now: job.created };
        self.write(Write::Start(Box::new(start))).await.map(drop)
    }

    /// Keeps a new job with its cause and makes the changes (its line in the audit log, its slot), all in one transaction.
    /// With `once`, nothing at all is written when the same actor used the same key within a day. `now`: seconds since
    /// 1970-01-01 UTC.
    ///
    /// # Errors
    /// The id of the job is taken; [`StoreError::SlotTaken`] when its scheduled time has been dealt with; as
    /// [`Store::apply`].
    pub async fn create_job_with(
        &self,
        job: NewJob,
        cause: Option<StopCause>,
        changes: Vec<Change>,
        once: Option<Once>,
        now: i64,
    ) -> Result<Started, StoreError> {
        let start = |changes| {
            let start = Start { job: job.clone(), cause: cause.clone(), changes, once: once.clone(), now };
            Write::Start(Box::new(start))
        };
        match self.write_sealed(changes, start).await? {
            Outcome::Started(started) => Ok(started),
            Outcome::Done | Outcome::Swept(_) | Outcome::Count(_) => Ok(Started::New),
        }
    }

    /// The job of this id.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn job(&self, id: &JobId) -> Result<Option<Job>, StoreError> {
        self.read(async |connection| job::find(connection, id).await).await
    }

    /// The newest jobs, newest first.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn jobs(&self, newest: u32) -> Result<Vec<Job>, StoreError> {
        self.read(async |connection| jobs::newest(connection, newest).await).await
    }

    /// At most `limit` jobs that fit the filter, newest first (by the time they were made, then by id), after the job
    /// that the last page ended with.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn jobs_page(
        &self,
        filter: &JobFilter,
        after: Option<&JobId>,
        limit: u32,
    ) -> Result<Vec<JobSummary>, StoreError> {
        self.read(async |connection| jobs::page(connection, filter, after, limit).await).await
    }

    /// The newest job of each of the saved queries with these document ids, where one has any; in no order.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn newest_jobs_of(&self, queries: &[String]) -> Result<Vec<JobSummary>, StoreError> {
        self.read(async |connection| jobs::newest_of(connection, queries).await).await
    }

    /// Those of these jobs that are there, in no order.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn jobs_of(&self, ids: &[JobId]) -> Result<Vec<JobSummary>, StoreError> {
        self.read(async |connection| jobs::of(connection, ids).await).await
    }

    /// The jobs that this data directory's server is at work on or goes on with, oldest first, without their queries, requests
    /// and reports.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn open_server_summaries(&self) -> Result<Vec<JobSummary>, StoreError> {
        self.read(async |connection| jobs::open_summaries(connection).await).await
    }

    /// At most `limit` jobs of this data directory's server that are in one of these states and of which nobody was told
    /// so yet ([`Change::Told`]), oldest change first.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn untold(&self, states: &[JobState], limit: u32) -> Result<Vec<JobSummary>, StoreError> {
        self.read(async |connection| jobs::untold(connection, states, limit).await).await
    }

    /// How many jobs are in each state that any is in, in the order of a job's life.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn count_jobs_by_state(&self) -> Result<Vec<(JobState, u64)>, StoreError> {
        self.read(async |connection| jobs::by_state(connection).await).await
    }

    /// Deletes a job with its marks, rejections, watermark and log; the file of its Result is the caller's, its slot
    /// stays.
    ///
    /// # Errors
    /// No such job; [`StoreError::Open`] when it is under way on a server; disk full, database locked or damaged.
    pub async fn delete_job(&self, id: &JobId) -> Result<(), StoreError> {
        self.write(Write::Delete { job: id.clone() }).await.map(drop)
    }

    /// Appends a line to the log of a job. `at`: seconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// No such job; disk full, database locked or damaged.
    pub async fn log(&self, id: &JobId, at: i64, level: LogLevel, text: &str) -> Result<(), StoreError> {
        self.write(Write::Log { job: id.clone(), at, level, text: text.to_owned() }).await.map(drop)
    }

    /// At most `limit` lines of a job's log with a number above `after_number`, by number.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn log_lines(&self, id: &JobId, after_number: u64, limit: u32) -> Result<Vec<LogLine>, StoreError> {
        self.read(async |connection| log::lines(connection, id, after_number, limit).await).await
    }

    /// The last lines of a job's log, at most `most`, by number.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn log_end(&self, id: &JobId, most: u32) -> Result<Vec<LogLine>, StoreError> {
        self.read(async |connection| log::end(connection, id, most).await).await
    }

    /// The ids that a person may have meant, newest first, at most three: those that begin with `prefix`, else the
    /// nearest one.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn job_like(&self, prefix: &str) -> Result<Vec<JobId>, StoreError> {
        self.read(async |connection| {
            let begin = jobs::ids(&mut *connection, prefix, HINTS).await?;
            if !begin.is_empty() {
                return Ok(begin);
            }
            let recent = jobs::ids(connection, "", RECENT).await?;
            let near = nearest(prefix, recent.iter().map(JobId::as_str));
            Ok(recent.iter().filter(|id| Some(id.as_str()) == near).cloned().collect())
        })
        .await
    }

    /// Moves a job to `state`; its cause becomes the one given, or none. The state it is in already is fine.
    /// `now`: seconds since 1970-01-01 UTC.
    ///
    /// `started` becomes the first time the job leaves the queue, `finished` the time at which it comes to an end (and
    /// none when it goes on), `wake` none.
    ///
    /// # Errors
    /// [`JobState::may_become`] forbids it; no such job; disk full, database locked or damaged.
    pub async fn set_state(
        &self,
        id: &JobId,
        state: JobState,
        cause: Option<&StopCause>,
        now: i64,
    ) -> Result<(), StoreError> {
        self.set_parked(id, state, cause, None, now).await
    }

    /// Moves a job to `state` as [`Store::set_state`] does; it goes on by itself at `wake` (seconds since 1970-01-01 UTC).
    ///
    /// # Errors
    /// As [`Store::set_state`].
    pub async fn set_parked(
        &self,
        id: &JobId,
        state: JobState,
        cause: Option<&StopCause>,
        wake: Option<i64>,
        now: i64,
    ) -> Result<(), StoreError> {
        let (cause, told) = (cause.cloned(), Told::Keep);
        let next = Next { state, cause, wake, wakes: Wakes::Count, told, now };
        self.write(Write::State { job: id.clone(), next, changes: Sealed::default() }).await.map(drop)
    }

    /// Moves a job to `state` as [`Store::set_state`] does and makes the changes (its line in the audit log), all in one
    /// transaction.
    ///
    /// # Errors
    /// As [`Store::set_state`] and [`Store::apply`].
    pub async fn end_job(
        &self,
        id: &JobId,
        state: JobState,
        cause: Option<&StopCause>,
        changes: Vec<Change>,
        now: i64,
    ) -> Result<(), StoreError> {
        let (cause, told) = (cause.cloned(), Told::Keep);
        self.move_with(id, Next { state, cause, wake: None, wakes: Wakes::Count, told, now }, changes).await
    }

    /// Puts a job that a person continues back into the queue, without cause and wake, and makes the changes (its line in
    /// the audit log), all in one transaction. What comes of it is told again. `wakes_reset`: the times it went on by itself are counted from 0 again. `now`: seconds since
    /// 1970-01-01 UTC.
    ///
    /// # Errors
    /// As [`Store::set_state`] and [`Store::apply`].
    pub async fn requeue(
        &self,
        id: &JobId,
        wakes_reset: bool,
        changes: Vec<Change>,
        now: i64,
    ) -> Result<(), StoreError> {
        let wakes = if wakes_reset { Wakes::Reset } else { Wakes::Count };
        let (state, told) = (JobState::Queued, Told::Forget);
        self.move_with(id, Next { state, cause: None, wake: None, wakes, told, now }, changes).await
    }

    async fn move_with(&self, id: &JobId, next: Next, changes: Vec<Change>) -> Result<(), StoreError> {
        let write = |changes| Write::State { job: id.clone(), next: next.clone(), changes };
        self.write_sealed(changes, write).await.map(drop)
    }

    /// Keeps the outcome of a run, all in one transaction: the job `report.job` moves to `report.status` with
    /// `report.cause` as [`Store::set_parked`] says, goes on by itself at `wake`, and has this report. `progressed`: the
    /// times it went on by itself are counted from 0 again. `now`: seconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// As [`Store::set_state`].
    pub async fn settle_run(
        &self,
        report: &Report,
        wake: Option<i64>,
        progressed: bool,
        now: i64,
    ) -> Result<(), StoreError> {
        let wakes = if progressed { Wakes::Reset } else { Wakes::Count };
        let (state, cause, told) = (report.status, report.cause.clone(), Told::Keep);
        let next = Next { state, cause, wake, wakes, told, now };
        self.write(Write::Run { report: Box::new(report.clone()), next }).await.map(drop)
    }

    /// Notes how many rows the job's frozen Result has. `now`: seconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// No such job; disk full, database locked or damaged.
    pub async fn set_frozen(&self, id: &JobId, rows: u64, now: i64) -> Result<(), StoreError> {
        self.write(Write::Frozen { job: id.clone(), rows, now }).await.map(drop)
    }

    /// Keeps the report of `report.job`; its state does not change. `now`: seconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// No such job; disk full, database locked or damaged.
    pub async fn save_report(&self, report: &Report, now: i64) -> Result<(), StoreError> {
        self.write(Write::Report { report: Box::new(report.clone()), now }).await.map(drop)
    }

    /// Keeps the forecast of a job in the place of an earlier one; the time of its last change stays.
    ///
    /// # Errors
    /// No such job; disk full, database locked or damaged.
    pub async fn set_forecast(&self, id: &JobId, forecast: &Value) -> Result<(), StoreError> {
        self.write(Write::Forecast { job: id.clone(), forecast: forecast.clone() }).await.map(drop)
    }

    /// The ledger of a job.
    pub fn ledger(&self, id: &JobId) -> Ledger {
        Ledger::new(self.clone(), id.clone())
    }

    /// A number that later runs of the job compare with, when one was kept; what it counts is the caller's.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn watermark(&self, id: &JobId) -> Result<Option<u64>, StoreError> {
        self.read(async |connection| learned::watermark(connection, id).await).await
    }

    /// Keeps the watermark of a job; the first one kept stays.
    ///
    /// # Errors
    /// No such job; disk full, database locked or damaged.
    pub async fn save_watermark(&self, id: &JobId, value: u64) -> Result<(), StoreError> {
        self.write(Write::Watermark { job: id.clone(), value }).await.map(drop)
    }

    /// What earlier runs learned about a business unit; nothing, when none has.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn learned(&self, business_unit_key: &str) -> Result<Learned, StoreError> {
        self.read(async |connection| learned::find(connection, business_unit_key).await).await
    }

    /// Keeps what a run learned in the place of what was known. `now`: seconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// Disk full, database locked or damaged.
    pub async fn save_learned(&self, business_unit_key: &str, learned: Learned, now: i64) -> Result<(), StoreError> {
        self.write(Write::Learned { key: business_unit_key.to_owned(), learned, now }).await.map(drop)
    }
}
