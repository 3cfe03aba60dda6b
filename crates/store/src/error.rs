//! What can go wrong with the durable state: a variant for each thing a caller can do about it.
//!
//! Knows no SQL; no row values, no secrets and no SQL parameters ever enter a message.

use std::io;
use std::path::{Path, PathBuf};

use model::{JobId, JobState};

use crate::fault::{Fault, Trouble, said};
use crate::keys::KeyError;

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory or a file in it cannot be made or read.
    #[error("cannot use {path} as data directory")]
    Directory {
        /// The directory or the file in it.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The file was written by a newer version of the program.
    #[error("database {path} was written by a newer version (schema {found}, this one knows {known})")]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest schema version known here.
        known: i64,
    },
    /// The file must be brought up to date, and another process still uses it as it is.
    #[error("database {path} is in use by an older version of the program")]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// The file is not whole.
    #[error("database {path} is damaged ({detail}), not started")]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// The file is whole but older than what this directory has seen: a cut or lost write-ahead log, or a backup.
    #[error("database {path} lacks its last {lost} commits, not started")]
    Behind {
        /// The database.
        path: PathBuf,
        /// The note of the last commit, beside the database.
        note: PathBuf,
        /// Commits that are missing.
        lost: u64,
    },
    /// The note of the last commit holds no number: whether the database lacks commits cannot be told.
    #[error("the note of the last commit of database {path} is damaged ({note} holds no number), not started")]
    Garbled {
        /// The database.
        path: PathBuf,
        /// The note of the last commit, beside the database.
        note: PathBuf,
    },
    /// The database is gone although the directory was in use.
    #[error("database {path} is gone, not started")]
    Missing {
        /// Where the database was.
        path: PathBuf,
        /// The note of the last commit, which is still there.
        note: PathBuf,
    },
    /// No space left.
    #[error("disk is full at {path}")]
    DiskFull {
        /// The database.
        path: PathBuf,
    },
    /// Another process kept the database locked.
    #[error("database {path} is locked by another process")]
    Busy {
        /// The database.
        path: PathBuf,
    },
    /// The master key does not open the sealed secrets. Nothing was changed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Anything else that the database engine says.
    #[error("cannot open database {path}")]
    Database {
        /// The database.
        path: PathBuf,
        /// The engine's answer.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl OpenError {
    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            OpenError::Directory { .. } => "check that the directory exists, is yours and may be written".into(),
            OpenError::Newer { .. } => "use the newer version of the program, or another data directory".into(),
            OpenError::InUse { .. } => "wait until that process ends, or stop it; then start again".into(),
            OpenError::Damaged { .. } => "restore a backup with `sluice restore FILE --replace`, which keeps the damaged \
                 files aside; without a backup, move the data directory away to start anew: jobs that were under way are \
                 then not known any more"
                .into(),
            OpenError::Behind { note, .. } => format!(
                "put the database and its -wal file back together, or restore a backup with `sluice restore FILE \
                 --replace`; if an older database was put there on purpose, remove {}: rows delivered since then are sent \
                 again",
                note.display()
            ),
            OpenError::Garbled { path, note } => format!(
                "look whether {} and its -wal file are the newest you have: then remove {} and start again; else restore \
                 a backup with `sluice restore FILE --replace`",
                path.display(),
                note.display()
            ),
            OpenError::Missing { note, .. } => format!(
                "put the database back, restore a backup with `sluice restore FILE`, or remove {} to start anew",
                note.display()
            ),
            OpenError::DiskFull { path } => full_hint(path),
            OpenError::Busy { .. } => BUSY_HINT.into(),
            OpenError::Key(error) => error.hint(),
            OpenError::Database { .. } => "check the permissions of the data directory and its file system".into(),
        }
    }

    pub(crate) fn from_fault(fault: Fault, path: &Path) -> OpenError {
        let path = path.to_owned();
        match fault {
            Fault::Sql(source) => match Trouble::of(&source) {
                Trouble::DiskFull => OpenError::DiskFull { path },
                Trouble::Busy => OpenError::Busy { path },
                Trouble::Damaged => OpenError::Damaged { path, detail: said(&source) },
                Trouble::Closed | Trouble::NoParent | Trouble::Duplicate | Trouble::Other => {
                    OpenError::Database { path, source: source.into() }
                }
            },
            Fault::Damaged(detail) => OpenError::Damaged { path, detail },
            Fault::NoJob(job) | Fault::Illegal { job, .. } | Fault::Open { job, .. } => {
                OpenError::Damaged { path, detail: format!("job {job} does not fit") }
            }
            Fault::Exists(what) | Fault::Missing(what) | Fault::Conflict(what) => {
                OpenError::Damaged { path, detail: format!("{what} does not fit") }
            }
            Fault::SlotTaken { schedule, .. } => {
                OpenError::Damaged { path, detail: format!("a slot of schedule {schedule} does not fit") }
            }
            Fault::OutOfRange(what) => OpenError::Damaged { path, detail: format!("{what} is out of range") },
            Fault::StaleKey => OpenError::Key(KeyError::Changed),
            Fault::Key(error) => OpenError::Key(error),
        }
    }
}

/// Why a read or a write of the durable state did not happen. After an error, nothing of the write is kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No job has this id.
    #[error("there is no job {job}")]
    NoJob {
        /// The id.
        job: JobId,
    },
    /// Something of this name is there already.
    #[error("{what} exists already")]
    Exists {
        /// Which thing, for people: `job 1nb2ew100007`, `connection prod`.
        what: String,
    },
    /// What was to be changed is not there.
    #[error("there is no {what}")]
    Missing {
        /// Which thing, for people.
        what: String,
    },
    /// It has another revision than the one that was expected.
    #[error("{what} was changed by somebody else meanwhile")]
    Conflict {
        /// Which thing, for people.
        what: String,
    },
    /// The scheduled time has a slot, or the missed slot that was to be filled has run. Nothing was written.
    #[error("schedule {schedule} has dealt with its time {scheduled} already")]
    SlotTaken {
        /// The schedule.
        schedule: String,
        /// The scheduled time, in seconds since 1970-01-01 UTC.
        scheduled: i64,
    },
    /// The job's state forbids the next one.
    #[error("job {job} is {from} and cannot become {to}")]
    Illegal {
        /// The job.
        job: JobId,
        /// Its state.
        from: JobState,
        /// The state asked for.
        to: JobState,
    },
    /// The job is still under way.
    #[error("job {job} is {state} and cannot be deleted")]
    Open {
        /// The job.
        job: JobId,
        /// Its state.
        state: JobState,
    },
    /// A number is larger than the database can keep.
    #[error("{what} is too large to keep")]
    OutOfRange {
        /// Which number.
        what: &'static str,
    },
    /// A secret cannot be sealed or opened.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A folder of the data directory cannot be read.
    #[error("cannot read {path}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// No space left; nothing was written.
    #[error("disk is full at {path}")]
    DiskFull {
        /// The database.
        path: PathBuf,
    },
    /// Another process kept the database locked beyond all patience.
    #[error("database {path} is locked by another process")]
    Busy {
        /// The database.
        path: PathBuf,
    },
    /// The file is not whole.
    #[error("database {path} is damaged ({detail})")]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// Anything else that the database engine says.
    #[error("database {path} does not answer properly")]
    Database {
        /// The database.
        path: PathBuf,
        /// The engine's answer.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            StoreError::NoJob { .. } => "look at the list of jobs".into(),
            StoreError::Exists { .. } => "use another name".into(),
            StoreError::Missing { .. } => "look at the list; it may have been deleted meanwhile".into(),
            StoreError::Conflict { .. } => "look at it as it is now, then make the change again".into(),
            StoreError::SlotTaken { .. } => "look at the history of the schedule".into(),
            StoreError::Illegal { .. } => "start a new job".into(),
            StoreError::Open { .. } => "stop the job first".into(),
            StoreError::OutOfRange { .. } => "split the job".into(),
            StoreError::Key(error) => error.hint(),
            StoreError::Folder { .. } => "check that the data directory is yours".into(),
            StoreError::DiskFull { path } => full_hint(path),
            StoreError::Busy { .. } => BUSY_HINT.into(),
            StoreError::Damaged { path, .. } => format!(
                "stop every process that uses {}, then restore a backup with `sluice restore FILE --replace`",
                path.display()
            ),
            StoreError::Closed => "open it again".into(),
            StoreError::Database { .. } => "check the data directory's disk, then resume the job".into(),
        }
    }

    pub(crate) fn from_fault(fault: Fault, path: &Path) -> StoreError {
        let path = path.to_owned();
        match fault {
            Fault::Sql(source) => match Trouble::of(&source) {
                Trouble::DiskFull => StoreError::DiskFull { path },
                Trouble::Busy => StoreError::Busy { path },
                Trouble::Damaged => StoreError::Damaged { path, detail: said(&source) },
                Trouble::Closed => StoreError::Closed,
                Trouble::NoParent | Trouble::Duplicate | Trouble::Other => {
                    StoreError::Database { path, source: source.into() }
                }
            },
            Fault::Damaged(detail) => StoreError::Damaged { path, detail },
            Fault::NoJob(job) => StoreError::NoJob { job },
            Fault::Exists(what) => StoreError::Exists { what },
            Fault::Missing(what) => StoreError::Missing { what },
            Fault::Conflict(what) => StoreError::Conflict { what },
            Fault::SlotTaken { schedule, scheduled } => StoreError::SlotTaken { schedule, scheduled },
            Fault::Illegal { job, from, to } => StoreError::Illegal { job, from, to },
            Fault::Open { job, state } => StoreError::Open { job, state },
            Fault::OutOfRange(what) => StoreError::OutOfRange { what },
            Fault::StaleKey => StoreError::Key(KeyError::Changed),
            Fault::Key(error) => StoreError::Key(error),
        }
    }
}

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another export of this data directory holds it.
    #[error("another export to this business unit is under way (lock {path})")]
    Held {
        /// The lock.
        path: PathBuf,
    },
    /// Another server runs over this data directory.
    #[error("another server uses this data directory (lock {path})")]
    Served {
        /// The lock.
        path: PathBuf,
    },
    /// The lock file cannot be made or locked.
    #[error("cannot lock {path}")]
    Io {
        /// The lock.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
}

impl LockError {
    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            LockError::Held { .. } => "wait until it ends, or stop it; the lock goes with its process".into(),
            LockError::Served { .. } => "stop that server, or use another data directory".into(),
            LockError::Io { .. } => "check that the data directory is yours, and on a local disk".into(),
        }
    }
}

const BUSY_HINT: &str = "see which process uses the data directory; a backup or a shell may hold it open";

fn full_hint(path: &Path) -> String {
    let directory = path.parent().unwrap_or(path);
    format!("free some space in {}, then go on: nothing was sent that is not written down", directory.display())
}
