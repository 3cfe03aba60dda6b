//! Why a call brought no answer: a variant per thing that a caller can do about it.
//!
//! Knows no transport; holds nothing of what was sent.

use crate::grant::GrantError;
use crate::request::Refusal;
use crate::shortage::Shortage;

/// Why a call brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Pardot refused and applied nothing: Access, Version, Size, Row, RowOnce, AlreadySo, WholeBatch, Import, Unknown.
    #[error("Pardot refused the call: {0}")]
    Refused(Refusal),
    /// The call must not be repeated, and nobody knows whether it was applied.
    #[error("the outcome of the call is unknown: {cause}")]
    Unknown {
        /// What happened.
        cause: String,
        /// Pardot may be at work on it yet: the caller stopped waiting, or a gateway did (504). Pardot ends a request at
        /// about 120 seconds.
        still_running: bool,
    },
    /// The retries are used up.
    #[error("Pardot did not answer properly after {attempts} attempts: {cause}")]
    Unavailable {
        /// What happened last.
        cause: String,
        /// How often the call was sent or tried.
        attempts: u32,
        /// Whether one of the attempts may have been applied.
        maybe_applied: bool,
    },
    /// The calls of the day are used up, by Pardot's word or by our own terms; nothing was applied.
    #[error(transparent)]
    Quota(Shortage),
    /// The authority must be renewed by a person; nothing was applied by the last attempt.
    #[error("the connection must be renewed: {0}")]
    Reconnect(GrantError),
    /// [`Client::stop`](crate::Client::stop) was called before the call was sent or repeated.
    #[error("stopped before the call was sent")]
    Stopped,
}

impl CallError {
    /// What a person should do.
    pub fn hint(&self) -> &'static str {
        match self {
            CallError::Refused(refusal) => refusal.advice(),
            CallError::Unknown { .. } => {
                "look the record up in Pardot before it is sent again: repeating could duplicate it"
            }
            CallError::Unavailable { .. } => {
                "nothing is lost: try again later; if it lasts, look at status.salesforce.com"
            }
            CallError::Quota(shortage) => shortage.hint(),
            CallError::Reconnect(error) => error.hint(),
            CallError::Stopped => "start again to continue",
        }
    }
}
