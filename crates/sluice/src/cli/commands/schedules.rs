//! The arguments of schedules.
//!
//! Knows how they are written, not what they do.

use clap::{Args, Subcommand};

use crate::cli::commands::Following;

const SET_EXAMPLES: &str = "\
Examples:
  sluice schedules set nightly @daily --timezone Europe/Berlin
  sluice schedules set nightly '30 2 * * mon-fri' --delay 600
  sluice schedules set nightly --catch-up none      # the rest stays
Look at a cron first: sluice cron explain '30 2 * * mon-fri' --timezone Europe/Berlin";

const BACKFILL_EXAMPLES: &str = "\
Examples:
  sluice schedules backfill nightly --from 2026-11-01 --slots 7
  sluice schedules backfill nightly --from '2026-11-01 02:00' --slots 1
  sluice schedules backfill nightly --from 2026-11-01T01:00:00Z --slots 24
Each run knows its own scheduled time: TD_SCHEDULED_TIME() in its SQL. A time that has run before does not run again.";

/// What is kept of a schedule.
#[derive(Debug, Default, Args)]
pub(crate) struct ScheduleParts {
    /// @hourly, @daily, @weekly, @monthly, @yearly, or five cron fields in quotes.
    pub(crate) cron: Option<String>,
    /// Time zone that the cron is read in, by its IANA name [default: UTC].
    #[arg(long, value_name = "ZONE")]
    pub(crate) timezone: Option<String>,
    /// Seconds after the scheduled time at which the job starts [default: 0].
    #[arg(long, value_name = "SECONDS")]
    pub(crate) delay: Option<u64>,
    /// What happens with times that were missed: one run for the newest, all of them, or none [default: one].
    #[arg(long, value_name = "WORD")]
    pub(crate) catch_up: Option<String>,
    /// What a scheduled run does while another job of the query is at work: skip or queue [default: skip].
    #[arg(long, value_name = "WORD")]
    pub(crate) overlap: Option<String>,
}

/// `sluice schedules`
#[derive(Debug, Subcommand)]
pub(crate) enum SchedulesCommand {
    /// List the schedules: when each runs next, and how its last run ended.
    List,
    /// Show a schedule with its next times.
    Show {
        /// The query.
        query: String,
    },
    /// Show the coming runs of all schedules by day and hour.
    Calendar {
        /// Time zone of the days and hours, by its IANA name.
        #[arg(long, value_name = "ZONE", default_value = "UTC")]
        timezone: String,
        /// How many days.
        #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=31))]
        days: u32,
    },
    /// Run a query on a schedule; of one that has a schedule, what is not given stays.
    #[command(after_help = SET_EXAMPLES)]
    Set {
        /// The query.
        query: String,
        #[command(flatten)]
        parts: ScheduleParts,
    },
    /// Take the schedule of a query away; the query and its jobs stay.
    Remove {
        /// The query.
        query: String,
    },
    /// Stop firing; jobs that were started go on.
    Pause {
        /// The query.
        query: String,
    },
    /// Fire again: a schedule that was paused, or disabled after failures.
    Resume {
        /// The query.
        query: String,
    },
    /// Run scheduled times that have passed.
    #[command(after_help = BACKFILL_EXAMPLES)]
    Backfill {
        /// The query.
        query: String,
        /// The first scheduled time, or any time before it: RFC 3339, or a date and time by the schedule's own clock.
        #[arg(long, value_name = "TIME")]
        from: String,
        /// How many scheduled times from there: 1 to 100.
        #[arg(long, value_name = "NUMBER")]
        slots: u32,
        #[command(flatten)]
        following: Following,
    },
    /// List the scheduled times that have passed, newest first, and what became of each.
    History {
        /// The query.
        query: String,
        /// How many at most.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
}
