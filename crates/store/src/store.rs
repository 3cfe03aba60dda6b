//! The store: opened, read, written, swept and closed.
//!
//! Knows who reads and who writes; what is asked for is in the modules of doors and in `vault`, the file is
//! `file`'s.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::JobId;
use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::{mpsc, oneshot};

use crate::error::{LockError, OpenError, StoreError};
use crate::fault::Fault;
use crate::file::{self, Opened, PATIENCE, Patience};
use crate::keys::{self, KeySource, Keys};
use crate::lock::{Lock, SERVE};
use crate::writer::{Message, Outcome, Write, Writer};

/// Jobs that one transaction deletes at most, so that no other write waits long.
const SWEPT: u32 = 10;
/// Audit entries, slots or notices that one transaction deletes at most.
const SWEPT_ENTRIES: u32 = 1_000;

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
    keys: Arc<Keys>,
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
    /// A file up to 16 MiB is read completely each time; a larger one is checked when it was not closed in order. The
    /// master key (`master.key` in the directory) is looked at when the first secret is.
    ///
    /// # Errors
    /// The database is damaged, gone, newer, behind what this directory has seen, or out of reach. It then stays as it
    /// was found.
    pub async fn open(directory: &Path) -> Result<Store, OpenError> {
        Store::open_with(directory, PATIENCE).await
    }

    /// Opens the data directory as [`Store::open`] does, with master keys from `source`, which must open what is sealed;
    /// goes on with a rotation of the keys that did not come to its end.
    ///
    /// # Errors
    /// As [`Store::open`], or [`OpenError::Key`] when secrets are sealed and the key is missing or another one; nothing
    /// is changed then.
    pub async fn open_keyed(directory: &Path, source: KeySource) -> Result<Store, OpenError> {
        let keys = Arc::new(Keys::new(source, directory.join("locks")));
        let opened = Box::pin(file::open(directory, PATIENCE, Some(&keys))).await?;
        let store = Store::start(directory, opened, PATIENCE, keys);
        store.go_on_rotating().await;
        Ok(store)
    }

    pub(crate) async fn open_with(directory: &Path, patience: Patience) -> Result<Store, OpenError> {
        // Boxed, because it is large and happens once.
        let opened = Box::pin(file::open(directory, patience, None)).await?;
        let source = KeySource::File(directory.join(keys::FILE));
        let keys = Arc::new(Keys::new(source, directory.join("locks")));
        Ok(Store::start(directory, opened, patience, keys))
    }

    pub(crate) fn start(directory: &Path, opened: Opened, patience: Patience, keys: Arc<Keys>) -> Store {
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
            keys,
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

    /// The right to export to one business unit, alone in this data directory, over all processes.
    ///
    /// # Errors
    /// [`LockError::Held`] when another export has it.
    pub fn lock(&self, key: &str) -> Result<Lock, LockError> {
        Lock::take(&self.0.directory.join("locks"), key)
    }

    /// The right to be the server of a data directory, which need not be open; it is made when it is absent.
    ///
    /// # Errors
    /// [`LockError::Served`] when another server has it.
    pub fn serve_lock(directory: &Path) -> Result<Lock, LockError> {
        let folder = directory.join("locks");
        let path = folder.join(SERVE);
        for folder in [directory, &folder] {
            if let Err(source) = file::private_folder(folder) {
                return Err(LockError::Io { path: folder.to_owned(), source });
            }
        }
        match Lock::try_at(&path) {
            Ok(Some(lock)) => Ok(lock),
            Ok(None) => Err(LockError::Served { path }),
            Err(source) => Err(LockError::Io { path, source }),
        }
    }

    /// The jobs of which a frozen Result is there, in no order. A Result in the making is not among them.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub async fn result_files(&self) -> Result<Vec<JobId>, StoreError> {
        let folder = self.0.directory.join("results");
        let read = {
            let folder = folder.clone();
            tokio::task::spawn_blocking(move || {
                let names = std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name()));
                names.collect::<Result<Vec<_>, _>>()
            })
        };
        let names = read.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        let names = names.map_err(|source| StoreError::Folder { path: folder, source })?;
        let job = |name: &std::ffi::OsString| name.to_str()?.strip_suffix(".parquet")?.parse().ok();
        Ok(names.iter().filter_map(job).collect())
    }

    /// Deletes at most `limit` jobs that ended before `before`, with all that hangs on them, and returns their ids: the
    /// files of their Results are the caller's. Forgets used keys of [`Store::create_job_with`], ended sessions, and
    /// notices that came to their end before `before`, all that there are. Times are seconds since 1970-01-01 UTC. [`Store::free_space`] then gives the space back.
    ///
    /// # Errors
    /// Disk full, database locked or damaged. Jobs deleted until then stay deleted, and their ids are not known.
    pub async fn sweep(&self, before: i64, limit: u32, now: i64) -> Result<Vec<JobId>, StoreError> {
        self.write(Write::SweepStarts { now }).await?;
        self.sweep_sessions(now).await?;
        self.sweep_all(|most| Write::SweepNotices { before, most }).await?;
        let mut swept = Vec::new();
        let mut left = limit;
        while left > 0 {
            let most = left.min(SWEPT);
            let Outcome::Swept(some) = self.write(Write::SweepJobs { before, most }).await? else { break };
            let count = u32::try_from(some.len()).unwrap_or(most);
            swept.extend(some);
            if count < most {
                break;
            }
            left -= count;
        }
        Ok(swept)
    }

    /// Removes sessions that have ended; returns how many. `now`: seconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// Disk full, database locked or damaged.
    pub async fn sweep_sessions(&self, now: i64) -> Result<u64, StoreError> {
        self.write(Write::SweepSessions { now }).await.map(count)
    }

    /// Removes the entries at the beginning of the audit log that are older than `before`; returns how many. The chain
    /// of the others stays whole.
    ///
    /// # Errors
    /// Disk full, database locked or damaged.
    pub async fn sweep_audit(&self, before: i64) -> Result<u64, StoreError> {
        self.sweep_all(|most| Write::SweepAudit { before, most }).await
    }

    /// Removes slots that were written before `before`, in seconds since 1970-01-01 UTC; returns how many. A time whose slot is
    /// gone could fire again.
    ///
    /// # Errors
    /// Disk full, database locked or damaged.
    pub async fn sweep_slots(&self, before: i64) -> Result<u64, StoreError> {
        self.sweep_all(|most| Write::SweepSlots { before, most }).await
    }

    /// Writes in many short transactions until one finds too little to fill it; returns how many rows.
    pub(crate) async fn sweep_all(&self, write: impl Fn(u32) -> Write) -> Result<u64, StoreError> {
        let mut swept = 0;
        loop {
            let some = count(self.write(write(SWEPT_ENTRIES)).await?);
            swept += some;
            if some < u64::from(SWEPT_ENTRIES) {
                return Ok(swept);
            }
        }
    }

    /// Gives the space of deleted rows back to the file system, in small steps between other writes; returns the bytes.
    ///
    /// # Errors
    /// Disk full, database locked or damaged. Space freed until then stays free.
    pub async fn free_space(&self) -> Result<u64, StoreError> {
        let free = async || self.read(async |connection| file::free_bytes(connection).await).await;
        let before = free().await?;
        let mut left = before;
        while left > 0 {
            self.write(Write::FreePages).await?;
            let still = free().await?;
            if still >= left {
                // Not a file that can give pages back, or others delete faster.
                break;
            }
            left = still;
        }
        let (answer, answered) = oneshot::channel();
        if self.0.writer.send(Message::Checkpoint(answer)).await.is_ok() {
            drop(answered.await);
        }
        Ok(before.saturating_sub(left))
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

    pub(crate) async fn write(&self, write: Write) -> Result<Outcome, StoreError> {
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

    pub(crate) fn keys(&self) -> &Arc<Keys> {
        &self.0.keys
    }
}

/// What a write that counts has counted.
pub(crate) fn count(outcome: Outcome) -> u64 {
    match outcome {
        Outcome::Count(count) => count,
        Outcome::Done | Outcome::Started(_) | Outcome::Swept(_) => 0,
    }
}
