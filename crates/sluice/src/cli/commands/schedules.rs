//! The arguments of schedules.
//!
//! Knows how they are written, not what they do.

use api::Scheduled;
use clap::{Args, Subcommand, ValueEnum};

use crate::cli::commands::Following;

const SET_EXAMPLES: &str = "\
Examples:
  sluice schedules set nightly @daily --timezone Europe/Berlin
  sluice schedules set nightly '30 2 * * mon-fri' --delay 600
  sluice schedules set nightly --catch-up none      # the rest stays
  sluice schedules set nightly --repeat weekly --days mon,fri --start '2026-12-01 02:30' --end 2026-12-31
  sluice schedules set nightly --end ''             # without an end
  sluice schedules set welcome --of activation --repeat daily --start '2026-12-01 06:00'
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
    /// How often, instead of a cron: once, hourly, daily, weekly, monthly; at the time of --start.
    #[arg(long, value_name = "WORD")]
    pub(crate) repeat: Option<String>,
    /// The days of a weekly one: mon,fri [default: the day of --start, or mon].
    #[arg(long, value_name = "DAYS", value_delimiter = ',', num_args = 1)]
    pub(crate) days: Option<Vec<String>>,
    /// Nothing runs before: a day, or a time such as '2026-12-01 02:30', by the clock of the time zone.
    #[arg(long, value_name = "TIME")]
    pub(crate) start: Option<String>,
    /// Nothing runs after: a day, which is the last one, or a time.
    #[arg(long, value_name = "TIME")]
    pub(crate) end: Option<String>,
    /// Time zone of the schedule, by its IANA name [default: UTC].
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

/// What a schedule runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Of {
    /// A query.
    Query,
    /// An activation.
    Activation,
    /// The refresh of a parent segment.
    ParentSegment,
}

/// Whose schedule is meant.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ScheduledKind {
    /// What the name is of.
    #[arg(long, value_name = "KIND", value_enum, default_value_t = Of::Query)]
    of: Of,
}

impl ScheduledKind {
    /// What the name is of.
    pub(crate) fn scheduled(self) -> Scheduled {
        match self.of {
            Of::Query => Scheduled::Query,
            Of::Activation => Scheduled::Activation,
            Of::ParentSegment => Scheduled::ParentSegment,
        }
    }
}

/// `sluice schedules`
#[derive(Debug, Subcommand)]
pub(crate) enum SchedulesCommand {
    /// List the schedules: when each runs next, and how its last run ended.
    List,
    /// Show a schedule with its next times.
    Show {
        /// The query, or what --of says.
        name: String,
        #[command(flatten)]
        kind: ScheduledKind,
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
    /// Run something on a schedule; of one that has a schedule, what is not given stays.
    #[command(after_help = SET_EXAMPLES)]
    Set {
        /// The query, or what --of says.
        name: String,
        #[command(flatten)]
        kind: ScheduledKind,
        #[command(flatten)]
        parts: ScheduleParts,
    },
    /// Take a schedule away; what it ran and its jobs stay.
    Remove {
        /// The query, or what --of says.
        name: String,
        #[command(flatten)]
        kind: ScheduledKind,
    },
    /// Stop firing; jobs that were started go on.
    Pause {
        /// The query, or what --of says.
        name: String,
        #[command(flatten)]
        kind: ScheduledKind,
    },
    /// Fire again: a schedule that was paused, or disabled after failures.
    Resume {
        /// The query, or what --of says.
        name: String,
        #[command(flatten)]
        kind: ScheduledKind,
    },
    /// Run scheduled times that have passed.
    #[command(after_help = BACKFILL_EXAMPLES)]
    Backfill {
        /// The query, or what --of says.
        name: String,
        #[command(flatten)]
        kind: ScheduledKind,
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
        /// The query, or what --of says.
        name: String,
        #[command(flatten)]
        kind: ScheduledKind,
        /// How many at most.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
}
