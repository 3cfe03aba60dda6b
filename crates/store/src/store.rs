//! The store: jobs, what was learned, and the door to each job's ledger.
//!
//! Knows who reads and who writes; the SQL is `job`'s and `rows`', the file is `file`'s.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::{JobId, JobState, Learned, Report, StopCause, nearest};
use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::{mpsc, oneshot};

use crate::error::{Fault, LockError, OpenError, StoreError};
use crate::file::{self, Opened, PATIENCE, Patience};
use crate::job::{self, Job, NewJob};
use crate::ledger::Ledger;
use crate::lock::Lock;
use crate::writer::{Message, Write, Writer};

/// Ids that a hint names at most.
const HINTS: u32 = 3;
/// Jobs among which a mistyped id is looked for.
const RECENT: u32 = 500;

/// The durable state of one data directory. Cheap to clone; several processes may have it open.
///
/// Opened inside a tokio runtime, it lives as long as that runtime. Dropping it loses nothing;
/// [`Store::close`] also waits for the end.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    directory: PathBuf,
    path: PathBuf,
    readers: SqlitePool,
    writer: mpsc::Sender<Message>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("directory", &self.0.directory).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the data directory: makes what is absent (folders 0700, files 0600), proves that the database is whole,
    /// brings an older one up to date.
    ///
    /// A file up to 16 MiB is read completely each time; a larger one is checked when it was not closed in order.
    ///
    /// # Errors
    /// The database is damaged, gone, newer, behind what this directory has seen, or out of reach. It then stays as it
    /// was found.
    pub async fn open(directory: &Path) -> Result<Store, OpenError> {
        Store::open_with(directory, PATIENCE).await
    }

    pub(crate) async fn open_with(directory: &Path, patience: Patience) -> Result<Store, OpenError> {
        // Boxed, because it is large and happens once.
        let opened = Box::pin(file::open(directory, patience)).await?;
        Ok(Store::start(directory, opened, patience))
    }

    pub(crate) fn start(directory: &Path, opened: Opened, patience: Patience) -> Store {
        let writer = Writer {
            connection: opened.connection,
            witness: opened.witness,
            path: opened.path.clone(),
            patience: patience.waits,
            presence: opened.presence,
        };
        Store(Arc::new(Inner {
            directory: directory.to_owned(),
            path: opened.path,
            readers: opened.readers,
            writer: writer.start(),
        }))
    }

    /// The data directory.
    pub fn directory(&self) -> &Path {
        &self.0.directory
    }

    /// Where the frozen Result of a job is, or is to be. The folder is there.
    pub fn result_path(&self, job: &JobId) -> PathBuf {
        self.0.directory.join("results").join(format!("{job}.parquet"))
    }

    /// Keeps a new job.
    ///
    /// # Errors
    /// The id is taken; disk full, database locked or damaged.
    pub async fn create_job(&self, job: &NewJob) -> Result<(), StoreError> {
        self.write(Write::Create(job.clone())).await
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
        self.read(async |connection| job::newest(connection, newest).await).await
    }

    /// The ids that a person may have meant, newest first, at most three: those that begin with `prefix`, else the
    /// nearest one.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn job_like(&self, prefix: &str) -> Result<Vec<JobId>, StoreError> {
        self.read(async |connection| {
            let begin = job::ids(&mut *connection, prefix, HINTS).await?;
            if !begin.is_empty() {
                return Ok(begin);
            }
            let recent = job::ids(connection, "", RECENT).await?;
            let near = nearest(prefix, recent.iter().map(JobId::as_str));
            Ok(recent.iter().filter(|id| Some(id.as_str()) == near).cloned().collect())
        })
        .await
    }

    /// Moves a job to `state`; its cause becomes the one given, or none. The state it is in already is fine.
    /// `now`: seconds since 1970-01-01 UTC.
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
        self.write(Write::State { job: id.clone(), state, cause: cause.cloned(), now }).await
    }

    /// Notes how many rows the job's frozen Result has. `now`: seconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// No such job; disk full, database locked or damaged.
    pub async fn set_frozen(&self, id: &JobId, rows: u64, now: i64) -> Result<(), StoreError> {
        self.write(Write::Frozen { job: id.clone(), rows, now }).await
    }

    /// Keeps the report of `report.job`; its state does not change. `now`: seconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// No such job; disk full, database locked or damaged.
    pub async fn save_report(&self, report: &Report, now: i64) -> Result<(), StoreError> {
        self.write(Write::Report { report: Box::new(report.clone()), now }).await
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
        self.read(async |connection| job::watermark(connection, id).await).await
    }

    /// Keeps the watermark of a job; the first one kept stays.
    ///
    /// # Errors
    /// No such job; disk full, database locked or damaged.
    pub async fn save_watermark(&self, id: &JobId, value: u64) -> Result<(), StoreError> {
        self.write(Write::Watermark { job: id.clone(), value }).await
    }

    /// What earlier runs learned about a business unit; nothing, when none has.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn learned(&self, business_unit_key: &str) -> Result<Learned, StoreError> {
        self.read(async |connection| job::learned(connection, business_unit_key).await).await
    }

    /// Keeps what a run learned in the place of what was known. `now`: seconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// Disk full, database locked or damaged.
    pub async fn save_learned(&self, business_unit_key: &str, learned: Learned, now: i64) -> Result<(), StoreError> {
        self.write(Write::Learned { key: business_unit_key.to_owned(), learned, now }).await
    }

    /// The right to export to one business unit, alone in this data directory, over all processes.
    ///
    /// # Errors
    /// [`LockError::Held`] when another export has it.
    pub fn lock(&self, key: &str) -> Result<Lock, LockError> {
        Lock::take(&self.0.directory.join("locks"), key)
    }

    /// Writes what still waits and closes the file. Other clones then get [`StoreError::Closed`].
    pub async fn close(self) {
        self.0.readers.close().await;
        let (answer, closed) = oneshot::channel();
        if self.0.writer.send(Message::Close(answer)).await.is_ok() {
            // No answer means that the writer has ended already.
            drop(closed.await);
        }
    }

    pub(crate) async fn write(&self, write: Write) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        self.0.writer.send(Message::Write(write, answer)).await.map_err(|_| StoreError::Closed)?;
        answered.await.unwrap_or(Err(StoreError::Closed))
    }

    pub(crate) async fn read<T>(
        &self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let fault = |fault| StoreError::from_fault(fault, &self.0.path);
        let mut connection = self.0.readers.acquire().await.map_err(|error| fault(error.into()))?;
        work(&mut connection).await.map_err(fault)
    }
}
