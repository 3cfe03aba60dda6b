//! Schedules: when a query runs by itself, and what became of each time that it should.
//!
//! Knows names and shapes; cron is the model's, firing is the server's.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Cause, Job, Overlap};

/// What happens with the times that passed while the server was down or the schedule's own turn could not come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// One run, for the newest of them; the others are shown as missed.
    #[default]
    One,
    /// Each of them runs, oldest first; at most the newest 100, the others are shown as missed.
    All,
    /// None runs; all are shown as missed.
    None,
}

/// How often something runs, for those who write no cron.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// At `start`, once.
    Once,
    /// Every hour, at the minute of `start`.
    Hourly,
    /// Every day, at the time of `start`.
    Daily,
    /// Every week, at the time of `start`, on `days`.
    Weekly,
    /// Every month, at the day and the time of `start`; a month without that day has no run.
    Monthly,
}

/// When something runs by itself: a query, an activation, the refresh of a parent segment. `cron` or `repeat` say how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`, or five cron fields with one space between them; `""` or
    /// `none` for no schedule, or where `repeat` says how often.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cron: String,
    /// How often, instead of a cron.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat>,
    /// The days of a weekly one: `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`; the day of `start`, or Monday, when none is
    /// given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<String>,
    /// Nothing runs before: `2026-12-01`, `2026-12-01 02:30` or `2026-12-01T02:30:00` by the clock of the time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// Nothing runs after: a day, which is the last one, or a time, by the clock of the time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// The time zone that the cron is read in, by its IANA name; `UTC` when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Seconds after the scheduled time at which the job starts, for data that arrives late.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub delay: u64,
    /// What happens with times that were missed.
    #[serde(default)]
    pub catch_up: CatchUp,
    /// What a scheduled run does while another job of the query is at work: `skip` (default) or `queue`.
    #[serde(default = "skip")]
    pub overlap: Overlap,
}

impl Default for Schedule {
    /// No schedule; everything else as it is when nobody says otherwise.
    fn default() -> Schedule {
        Schedule {
            cron: String::new(),
            repeat: None,
            days: Vec::new(),
            start: None,
            end: None,
            timezone: None,
            delay: 0,
            catch_up: CatchUp::One,
            overlap: Overlap::Skip,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(delay: &u64) -> bool {
    *delay == 0
}

fn skip() -> Overlap {
    Overlap::Skip
}

/// Whether a schedule fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleState {
    /// It fires.
    Active,
    /// A person paused it.
    Paused,
    /// It was disabled because its runs kept failing for the same kind of reason: something must be changed.
    Disabled,
}

/// One coming time of a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fire {
    /// The scheduled time.
    pub scheduled: String,
    /// The same by the clock of the schedule's time zone, for people.
    pub local: String,
    /// When the job starts: the scheduled time and the delay.
    pub starts: String,
}

/// What became of a scheduled time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SlotState {
    /// A job was made for it.
    Run,
    /// It passed without one.
    Missed,
}

/// One scheduled time that has passed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Slot {
    /// The scheduled time.
    pub scheduled: String,
    /// The same by the clock of the schedule's time zone, for people.
    pub local: String,
    /// What became of it.
    pub state: SlotState,
    /// When that was written down.
    pub at: String,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The id of its job. The job itself may have been deleted since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// Its job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Job>,
}

/// What a schedule runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scheduled {
    /// A query.
    #[default]
    Query,
    /// An activation.
    Activation,
    /// The refresh of a parent segment.
    ParentSegment,
}

impl Scheduled {
    /// Everything that has schedules.
    pub const ALL: [Scheduled; 3] = [Scheduled::Query, Scheduled::Activation, Scheduled::ParentSegment];

    /// What people call it.
    pub fn words(self) -> &'static str {
        match self {
            Scheduled::Query => "query",
            Scheduled::Activation => "activation",
            Scheduled::ParentSegment => "parent segment",
        }
    }
}

/// A schedule as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScheduleView {
    /// What it runs.
    #[serde(default)]
    pub of: Scheduled,
    /// The name of the query, activation or parent segment that it runs.
    pub query: String,
    /// What was written.
    pub schedule: Schedule,
    /// The cron in words.
    pub words: String,
    /// What to know about the cron: a field that is ignored, days that some months do not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// Whether it fires.
    pub state: ScheduleState,
    /// Why it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cause>,
    /// Since when it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The next five times; none while it does not fire.
    pub next: Vec<Fire>,
    /// The newest time that passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Slot>,
    /// Runs in a row that failed because something must be changed.
    pub failures: u32,
}

/// Scheduled times to run now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Backfill {
    /// The first scheduled time, or any time before it: RFC 3339, or `2026-11-01` and `2026-11-01 02:00` by the clock of
    /// the schedule's time zone.
    pub from: String,
    /// How many scheduled times from there: 1 to 100. Times that have not come yet are left alone.
    pub slots: u32,
}

/// What a backfill did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Backfilled {
    /// The scheduled times that run now, oldest first.
    pub started: Vec<Slot>,
    /// Those that had run before and were left alone.
    pub already: Vec<Slot>,
}

/// A cron to look at before it is saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CronRequest {
    /// As in a schedule.
    #[serde(default)]
    pub cron: String,
    /// As in a schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat>,
    /// As in a schedule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<String>,
    /// As in a schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// As in a schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// As in a schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// As in a schedule.
    #[serde(default)]
    pub delay: u64,
    /// The time after which to look, in RFC 3339; now when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// How many times to show: 1 to 100; 5 when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u32>,
}

/// What a cron means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CronExplanation {
    /// In words.
    pub words: String,
    /// What to know about it.
    pub remarks: Vec<String>,
    /// Its next times; none for no schedule.
    pub next: Vec<Fire>,
}
