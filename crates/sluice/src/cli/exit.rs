//! The exit codes: stable, documented, part of the interface.

use std::process::ExitCode;

use model::JobState;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done; rows skipped by `skip_invalid_records: true` included.
    Done,
    /// Failed, or parked because Pardot did not answer properly, or rows are held.
    Failed,
    /// Arguments, settings, columns or SQL must be changed.
    Usage,
    /// Stopped by a rejected row.
    RejectedRow,
    /// A plan has something to do, and that was the question.
    Differs,
    /// Authentication or permission.
    Authentication,
    /// The daily calls are used up.
    Quota,
    /// Refused by a safety rule.
    Unsafe,
    /// Another run, command or server holds the lock.
    Locked,
    /// Stopped by SIGINT after an orderly checkpoint.
    Interrupted,
    /// Stopped by SIGTERM after an orderly checkpoint.
    Terminated,
}

impl Exit {
    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::RejectedRow | Exit::Differs => 3,
            Exit::Authentication => 4,
            Exit::Quota => 5,
            Exit::Unsafe => 6,
            Exit::Locked => 7,
            Exit::Interrupted => 130,
            Exit::Terminated => 143,
        }
    }

    /// The exit of a job in this state.
    pub(crate) fn of(state: JobState) -> Exit {
        match state {
            JobState::Success => Exit::Done,
            JobState::Stopped => Exit::RejectedRow,
            JobState::NeedsReconnect => Exit::Authentication,
            JobState::ParkedQuota => Exit::Quota,
            JobState::Killed => Exit::Interrupted,
            // Its query was at work on the business unit already.
            JobState::Skipped => Exit::Locked,
            JobState::ParkedOutage
            | JobState::Held
            | JobState::Failed
            | JobState::Queued
            | JobState::Querying
            | JobState::Sending => Exit::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
