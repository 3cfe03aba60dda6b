//! Jobs: one run of a query and its export.
//!
//! Knows what people and programs are told, and when.

use model::{JobState, Tally};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a job is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Run the query and send its rows.
    Export,
    /// Run the query and keep its result; send nothing.
    Result,
    /// Refresh the profiles of a parent segment.
    Refresh,
}

/// Who made a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// `sluice export` on this data directory; the server shows it and leaves it alone.
    CommandLine,
    /// This server.
    Server,
}

/// How to run a query.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunRequest {
    /// `export` (default where the query has an export) or `result`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<JobKind>,
    /// What `TD_SCHEDULED_TIME()` gives in its SQL, in RFC 3339; the time of the start when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_time: Option<String>,
}

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The query runs.
    Query,
    /// Every row is checked.
    Check,
    /// Rows are on their way.
    Send,
}

/// How far a job at work is. Lost with the process and made anew; the counts of rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobProgress {
    /// Where it is.
    pub stage: Stage,
    /// Rows that the query gave so far, or all of them.
    pub rows: u64,
    /// Rows checked so far.
    pub checked: u64,
    /// Rows with an end, a second, over the last seconds.
    pub rows_per_second: f64,
    /// Calls to Pardot that are in flight now.
    #[serde(default)]
    pub calls_in_flight: u64,
    /// Seconds since the job began to work.
    pub seconds: f64,
}

/// Why a job is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cause {
    /// What happened.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A job as it is. `rows`: read = delivered + rejected + superseded + held + unsent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// Its state.
    #[schema(value_type = String, example = "sending")]
    pub state: JobState,
    /// What its state means, in a sentence: why, until when, what next.
    pub sentence: String,
    /// What it is to do.
    pub kind: JobKind,
    /// Who made it.
    pub origin: Origin,
    /// Its query's name when it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Its activation's name when it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<String>,
    /// The name of the parent segment that it refreshes, when it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_segment: Option<String>,
    /// Its connection's name when it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// The person or token that started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The job whose rows it sends again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The scheduled time that it runs for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled: Option<String>,
    /// The calls that it needs against those that were left when it began to send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
    /// When it was made.
    pub created: String,
    /// When it began to work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<String>,
    /// When it goes on by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wake: Option<String>,
    /// Why it is no success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// The ends of its rows, once the query has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub rows: Option<Tally>,
    /// Rows of its result, once the query has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_rows: Option<u64>,
    /// How far it is, while it is at work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<JobProgress>,
    /// Whether its result can be downloaded or exported again.
    pub has_result: bool,
    /// Whether it can be continued.
    pub can_continue: bool,
}

/// The calls that a job needs against those that are left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Forecast {
    /// In a sentence.
    pub sentence: String,
    /// Calls that it needs at most.
    pub calls: u64,
    /// Calls of today that are used, by everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<u64>,
    /// Calls that the account has a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Calls that Sluice may still make today: without the reserve, within the budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u64>,
    /// Days that it needs; 1: today suffices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u64>,
    /// When it goes on by itself, if today does not suffice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumes: Option<String>,
}

/// One line of a job's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// Counts from 1.
    pub number: u64,
    /// When.
    pub at: String,
    /// `info`, `warning` or `error`.
    pub level: String,
    /// What happened, for people.
    pub text: String,
}

/// What a job's stream of events says (`event: job`, `event: log`); it ends when the job has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum JobEvent {
    /// The job as it is now.
    Job(Box<Job>),
    /// A new line of its log.
    Log(LogLine),
}

/// The end of one row, as receipts tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptOutcome {
    /// Pardot proved that it took the row.
    Delivered,
    /// It can never work as it is.
    Rejected,
    /// A later row of the same key replaced it.
    Superseded,
    /// Sent, outcome unknown.
    Held,
    /// The job stopped before it.
    Unsent,
}

/// The job that sends rejected rows again, and how many.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RetryAnswer {
    /// The new job.
    pub job: Job,
    /// Rows that it sends.
    pub rows: u64,
}

/// How many jobs are in a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StateCount {
    /// The state.
    #[schema(value_type = String)]
    pub state: JobState,
    /// Jobs in it.
    pub jobs: u64,
}
