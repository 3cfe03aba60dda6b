//! The arguments of `sluice cron`.

use clap::{Args, Subcommand};

/// `sluice cron`
#[derive(Debug, Subcommand)]
pub(crate) enum CronCommand {
    /// Say what an expression means, and when it fires next. Needs no server.
    Explain(CronExplainArguments),
}

/// `sluice cron explain`
#[derive(Debug, Args)]
pub(crate) struct CronExplainArguments {
    /// Five fields with one space between them, in quotes: '0 2 * * mon-fri'; or @hourly, @daily, @weekly, @monthly, @yearly.
    pub(crate) expression: String,
    /// The time zone that the fields are read in: an IANA name.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(crate) timezone: String,
    /// Seconds after the scheduled time at which a job starts.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=LONGEST_DELAY))]
    pub(crate) delay: u32,
    /// How many of the next times to show: up to 100.
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) next: u8,
    /// The time after which to look: 2026-11-24T02:00:00Z, or a date for its midnight in UTC [default: now].
    #[arg(long, value_name = "TIME")]
    pub(crate) after: Option<String>,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// As clap counts.
const LONGEST_DELAY: i64 = model::LONGEST_DELAY.cast_signed();
