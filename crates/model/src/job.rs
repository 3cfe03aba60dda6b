//! A job: one run of a query and its export, and the states it may be in.
//!
//! Knows which state may follow which; not how a job is run or kept.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Names one job: lower-case letters and digits, sortable by time when the program made it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JobId(String);

impl JobId {
    /// A job id from the time of its making and a random part; ids sort by time.
    pub fn new(unix_seconds: u64, random: u32) -> JobId {
        const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let digit = |value: u64| char::from(DIGITS[usize::try_from(value & 31).unwrap_or(0)]);
        let time = (0..7).rev().map(|place| digit(unix_seconds >> (5 * place)));
        let chance = (0..5).rev().map(|place| digit(u64::from(random) >> (5 * place)));
        JobId(time.chain(chance).collect())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for JobId {
    type Err = String;

    fn from_str(text: &str) -> Result<JobId, String> {
        let fits = (1..=40).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if fits { Ok(JobId(text.to_owned())) } else { Err("a job id is lower-case letters and digits".into()) }
    }
}

/// Where a job is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for its turn on a server.
    Queued,
    /// The query runs; nothing was sent.
    Querying,
    /// The Result is frozen and rows are on their way.
    Sending,
    /// Today's calls are used up; goes on after the account's midnight.
    ParkedQuota,
    /// Pardot did not answer properly beyond the retries; goes on when asked.
    ParkedOutage,
    /// Salesforce refused the grant; goes on after a reconnect.
    NeedsReconnect,
    /// Stopped by a person or a signal after an orderly checkpoint.
    Killed,
    /// Stopped at a rejected row (`skip_invalid_records: false`).
    Stopped,
    /// Every row was sent, some with an outcome that is not known.
    Held,
    /// It cannot work as it is: query, access, or an answer nobody knows.
    Failed,
    /// Held and unsent are zero, and rejected rows were allowed or absent.
    Success,
    /// Never started: its query was still at work on the business unit.
    Skipped,
}

/// All states with their names, in the order of a job's life.
const STATES: [(JobState, &str); 12] = [
    (JobState::Queued, "queued"),
    (JobState::Querying, "querying"),
    (JobState::Sending, "sending"),
    (JobState::ParkedQuota, "parked_quota"),
    (JobState::ParkedOutage, "parked_outage"),
    (JobState::NeedsReconnect, "needs_reconnect"),
    (JobState::Killed, "killed"),
    (JobState::Stopped, "stopped"),
    (JobState::Held, "held"),
    (JobState::Failed, "failed"),
    (JobState::Success, "success"),
    (JobState::Skipped, "skipped"),
];

impl JobState {
    /// The state's name, as the report and the store have it.
    pub fn name(self) -> &'static str {
        STATES.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }

    /// All states, in the order of a job's life.
    pub fn all() -> impl Iterator<Item = JobState> {
        STATES.iter().map(|(state, _)| *state)
    }

    /// Whether `next` may follow. A failed query is never sent; a success is final.
    ///
    /// A server puts a job whose process died back into its queue, the query too: nothing was sent before it ended. A
    /// query that is run for its Result alone succeeds without sending.
    pub fn may_become(self, next: JobState) -> bool {
        match self {
            JobState::Queued => {
                matches!(next, JobState::Querying | JobState::Sending | JobState::Failed | JobState::Killed)
            }
            JobState::Querying => matches!(
                next,
                JobState::Queued | JobState::Sending | JobState::Failed | JobState::Killed | JobState::Success
            ),
            JobState::Sending => !matches!(next, JobState::Querying | JobState::Skipped),
            JobState::ParkedQuota
            | JobState::ParkedOutage
            | JobState::NeedsReconnect
            | JobState::Killed
            | JobState::Stopped
            | JobState::Held
            | JobState::Failed => {
                matches!(next, JobState::Queued | JobState::Sending | JobState::Failed | JobState::Killed)
            }
            JobState::Success | JobState::Skipped => false,
        }
    }

    /// Whether the job is under way or goes on without anybody's doing.
    pub fn is_open(self) -> bool {
        match self {
            JobState::Queued
            | JobState::Querying
            | JobState::Sending
            | JobState::ParkedQuota
            | JobState::ParkedOutage
            | JobState::NeedsReconnect => true,
            JobState::Killed
            | JobState::Stopped
            | JobState::Held
            | JobState::Failed
            | JobState::Success
            | JobState::Skipped => false,
        }
    }

    /// Whether `sluice resume` may continue a job found in this state. `Sending` is one whose process died.
    pub fn resumable(self) -> bool {
        match self {
            JobState::Querying | JobState::Success | JobState::Skipped => false,
            JobState::Queued
            | JobState::Sending
            | JobState::ParkedQuota
            | JobState::ParkedOutage
            | JobState::NeedsReconnect
            | JobState::Killed
            | JobState::Stopped
            | JobState::Held
            | JobState::Failed => true,
        }
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for JobState {
    type Err = String;

    fn from_str(text: &str) -> Result<JobState, String> {
        let state = STATES.iter().find(|(_, name)| *name == text).map(|(state, _)| *state);
        state.ok_or_else(|| format!("{text} is not a job state"))
    }
}

/// Why a job is not a success, for people: what happened and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopCause {
    /// What happened.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Whether a person must change something before it can work: the SQL, a setting, a connection, a right. False for outages,
    /// used-up calls, and rows that Pardot does not take.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub configuration: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_read_back_and_success_is_final() {
        for (state, name) in STATES {
            assert_eq!(name.parse::<JobState>(), Ok(state));
            assert!(!JobState::Success.may_become(state));
            assert_eq!(state.may_become(JobState::Querying), state == JobState::Queued);
        }
        assert!("done".parse::<JobState>().is_err());
    }

    /// Each state with the states that may follow, in the order of [`STATES`].
    #[test]
    fn which_state_may_follow_which() {
        let after_a_pause = ["queued", "sending", "killed", "failed"];
        let cases: [(JobState, &[&str]); 12] = [
            (JobState::Queued, &["querying", "sending", "killed", "failed"]),
            (JobState::Querying, &["queued", "sending", "killed", "failed", "success"]),
            (
                JobState::Sending,
                &[
                    "queued",
                    "sending",
                    "parked_quota",
                    "parked_outage",
                    "needs_reconnect",
                    "killed",
                    "stopped",
                    "held",
                    "failed",
                    "success",
                ],
            ),
            (JobState::ParkedQuota, &after_a_pause),
            (JobState::ParkedOutage, &after_a_pause),
            (JobState::NeedsReconnect, &after_a_pause),
            (JobState::Killed, &after_a_pause),
            (JobState::Stopped, &after_a_pause),
            (JobState::Held, &after_a_pause),
            (JobState::Failed, &after_a_pause),
            (JobState::Success, &[]),
            (JobState::Skipped, &[]),
        ];
        for (state, want) in cases {
            let next: Vec<&str> =
                STATES.iter().filter(|(next, _)| state.may_become(*next)).map(|(_, name)| *name).collect();
            assert_eq!(next, want, "{state}");
            assert_eq!(
                state.resumable(),
                state != JobState::Querying && state.may_become(JobState::Sending),
                "{state}"
            );
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
    }

    #[test]
    fn ids_sort_by_time() {
        let (early, late) = (JobId::new(1_790_000_000, u32::MAX), JobId::new(1_790_000_001, 0));
        assert!(early < late);
        assert_eq!(early.as_str().parse::<JobId>(), Ok(early));
        assert!("../x".parse::<JobId>().is_err());
    }
}
