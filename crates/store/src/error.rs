//! What can go wrong with the durable state: a variant for each thing a caller can do about it.
//!
//! Knows SQLite's result codes; no row values and no SQL parameters ever enter a message.

use std::io;
use std::path::{Path, PathBuf};

use model::{JobId, JobState};

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
            OpenError::Damaged { path, .. } => format!(
                "put a backup of {} in its place and remove its -wal and -shm files; without a backup, move the data \
                 directory away to start anew: jobs that were under way are then not known any more",
                path.display()
            ),
            OpenError::Behind { note, .. } => format!(
                "put the database and its -wal file back together; if an older backup was restored on purpose, remove \
                 {}: rows delivered since then are sent again",
                note.display()
            ),
            OpenError::Missing { note, .. } => {
                format!("put the database or a backup of it back, or remove {} to start anew", note.display())
            }
            OpenError::DiskFull { path } => full_hint(path),
            OpenError::Busy { .. } => BUSY_HINT.into(),
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
            Fault::NoJob(job) | Fault::Exists(job) | Fault::Illegal { job, .. } => {
                OpenError::Damaged { path, detail: format!("job {job} does not fit") }
            }
            Fault::OutOfRange(what) => OpenError::Damaged { path, detail: format!("{what} is out of range") },
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
    /// A job of this id is there already.
    #[error("job {job} exists already")]
    Exists {
        /// The id.
        job: JobId,
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
    /// A number is larger than the database can keep.
    #[error("{what} is too large to keep")]
    OutOfRange {
        /// Which number.
        what: &'static str,
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
            StoreError::Exists { .. } => "use a new job id".into(),
            StoreError::Illegal { .. } => "start a new job".into(),
            StoreError::OutOfRange { .. } => "split the job".into(),
            StoreError::DiskFull { path } => full_hint(path),
            StoreError::Busy { .. } => BUSY_HINT.into(),
            StoreError::Damaged { path, .. } => {
                format!("stop every process that uses {}, then put a backup in its place", path.display())
            }
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
            Fault::Exists(job) => StoreError::Exists { job },
            Fault::Illegal { job, from, to } => StoreError::Illegal { job, from, to },
            Fault::OutOfRange(what) => StoreError::OutOfRange { what },
        }
    }
}

/// Why a business unit's lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another export of this data directory holds it.
    #[error("another export to this business unit is under way (lock {path})")]
    Held {
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
            LockError::Io { .. } => "check that the data directory is yours, and on a local disk".into(),
        }
    }
}

/// An error of the SQL, before it is known in which file.
#[derive(Debug)]
pub(crate) enum Fault {
    Sql(sqlx::Error),
    Damaged(String),
    NoJob(JobId),
    Exists(JobId),
    Illegal { job: JobId, from: JobState, to: JobState },
    OutOfRange(&'static str),
}

impl From<sqlx::Error> for Fault {
    fn from(source: sqlx::Error) -> Fault {
        Fault::Sql(source)
    }
}

/// What an engine's error means for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    DiskFull,
    Busy,
    Damaged,
    Closed,
    /// A foreign key points to nothing.
    NoParent,
    /// A primary key is taken.
    Duplicate,
    Other,
}

impl Trouble {
    pub(crate) fn of(error: &sqlx::Error) -> Trouble {
        match error {
            sqlx::Error::Database(database) => {
                Trouble::of_code(database.code().and_then(|code| code.parse().ok()).unwrap_or(0))
            }
            // A column that does not have its type can only be a damaged one: the schema is ours.
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::RowNotFound => Trouble::Damaged,
            sqlx::Error::PoolClosed => Trouble::Closed,
            sqlx::Error::PoolTimedOut => Trouble::Busy,
            _ => Trouble::Other,
        }
    }

    /// The extended result codes of <https://www.sqlite.org/rescode.html>.
    fn of_code(code: i32) -> Trouble {
        match (code & 0xff, code) {
            (13, _) | (_, 4874) => Trouble::DiskFull,
            (5 | 6, _) => Trouble::Busy,
            // CORRUPT, NOTADB, IOERR_SHORT_READ, IOERR_DATA, IOERR_CORRUPTFS
            (11 | 26, _) | (_, 522 | 8202 | 8458) => Trouble::Damaged,
            (_, 787) => Trouble::NoParent,
            (_, 1555 | 2067) => Trouble::Duplicate,
            _ => Trouble::Other,
        }
    }
}

const BUSY_HINT: &str = "see which process uses the data directory; a backup or a shell may hold it open";

fn full_hint(path: &Path) -> String {
    let directory = path.parent().unwrap_or(path);
    format!("free some space in {}, then go on: nothing was sent that is not written down", directory.display())
}

/// The engine's own words, without the numbers of its code.
fn said(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(database) => {
            let text = database.message();
            text.split_once(") ").map_or(text, |(_, words)| words).to_owned()
        }
        _ => "a column does not have its type".to_owned(),
    }
}
