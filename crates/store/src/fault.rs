//! An error of the SQL, before it is known in which file, and what the engine's errors mean for us.
//!
//! Knows SQLite's result codes; no row values and no SQL parameters ever enter a message.

use model::{JobId, JobState};

use crate::keys::KeyError;

/// An error of the SQL, before it is known in which file.
#[derive(Debug)]
pub(crate) enum Fault {
    Sql(sqlx::Error),
    Damaged(String),
    NoJob(JobId),
    Exists(String),
    Missing(String),
    Conflict(String),
    SlotTaken {
        schedule: String,
        scheduled: i64,
    },
    Illegal {
        job: JobId,
        from: JobState,
        to: JobState,
    },
    Open {
        job: JobId,
        state: JobState,
    },
    OutOfRange(&'static str),
    /// A secret was sealed with a key that is not the current one any more; nobody outside sees this.
    StaleKey,
    Key(KeyError),
}

impl From<KeyError> for Fault {
    fn from(error: KeyError) -> Fault {
        Fault::Key(error)
    }
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

/// The engine's own words, without the numbers of its code.
pub(crate) fn said(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(database) => {
            let text = database.message();
            let words = text.strip_prefix("(code").and_then(|text| text.split_once(") "));
            words.map_or(text, |(_, words)| words).to_owned()
        }
        _ => "a column does not have its type".to_owned(),
    }
}
