//! The arguments of parent segments, segments and activations.
//!
//! Knows how they are written, not what they do.

use std::path::PathBuf;

use clap::Subcommand;

use crate::cli::commands::{Following, Once};

const MADE: &str = "\
They are made and changed as files of a project: sluice apply DIR (see sluice schema), or sluice pull DIR for those that are there.";

/// `sluice parent-segments`
#[derive(Debug, Subcommand)]
#[command(after_help = MADE)]
pub(crate) enum ParentSegmentsCommand {
    /// List the parent segments.
    List,
    /// Show a parent segment: its profiles, their columns, its behaviours.
    Show {
        /// The parent segment.
        name: String,
    },
    /// Look at the joins without saving or refreshing: keys that are missing or repeated, rows that belong to nobody.
    Check {
        /// A file with a parent segment (.yaml or .json), or the name of one that is kept; - is stdin.
        what: String,
    },
    /// Read the profiles anew from their tables.
    Refresh {
        /// The parent segment.
        name: String,
        #[command(flatten)]
        once: Once,
        #[command(flatten)]
        following: Following,
    },
    /// Show the first profiles, as of the newest refresh.
    Preview {
        /// The parent segment.
        name: String,
        /// Rows at most.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Delete a parent segment that no segment stands over, with its profiles.
    Delete {
        /// The parent segment.
        name: String,
    },
}

/// `sluice segments`
#[derive(Debug, Subcommand)]
#[command(after_help = MADE)]
pub(crate) enum SegmentsCommand {
    /// List the segments.
    List {
        /// Of this parent segment.
        #[arg(long, value_name = "NAME")]
        parent_segment: Option<String>,
        /// In this folder.
        #[arg(long, value_name = "FOLDER")]
        folder: Option<String>,
    },
    /// Show a segment with its rule.
    Show {
        /// The segment.
        name: String,
    },
    /// Count the profiles that a segment chooses now.
    Count {
        /// The segment.
        name: String,
        /// Show so many of them as well.
        #[arg(long, value_name = "NUMBER", default_value_t = 0)]
        rows: u32,
    },
    /// Print the SQL of a segment, as of now.
    Sql {
        /// The segment.
        name: String,
    },
    /// Count with the rule of a file, without saving it.
    Try {
        /// A file with a segment (.yaml or .json); - is stdin.
        file: PathBuf,
        /// Show so many of the profiles as well.
        #[arg(long, value_name = "NUMBER", default_value_t = 0)]
        rows: u32,
        /// Print the SQL as well.
        #[arg(long)]
        sql: bool,
    },
    /// Delete a segment that no activation and no other segment names.
    Delete {
        /// The segment.
        name: String,
    },
}

/// `sluice activations`
#[derive(Debug, Subcommand)]
#[command(after_help = MADE)]
pub(crate) enum ActivationsCommand {
    /// List the activations.
    List {
        /// Of this segment.
        #[arg(long, value_name = "NAME")]
        segment: Option<String>,
    },
    /// Show an activation with its output mapping.
    Show {
        /// The activation.
        name: String,
    },
    /// Show what an activation would send now, field by field and the first records exactly as they will be sent.
    Preview {
        /// The activation, or a file with one (.yaml or .json); - is stdin.
        what: String,
        /// Records that are shown: 1 to 100.
        #[arg(long, value_name = "NUMBER", default_value_t = 10)]
        rows: u32,
        /// Print the SQL as well.
        #[arg(long)]
        sql: bool,
    },
    /// Run an activation and send its rows.
    Run {
        /// The activation.
        name: String,
        /// Run its query and keep the result; send nothing.
        #[arg(long)]
        result_only: bool,
        /// The moment that time windows and timestamps mean: 2026-11-24T02:00:00Z, or a date for its midnight in UTC
        /// [default: now].
        #[arg(long, value_name = "TIME")]
        scheduled_time: Option<String>,
        #[command(flatten)]
        once: Once,
        #[command(flatten)]
        following: Following,
    },
    /// List the runs of an activation, newest first.
    Runs {
        /// The activation.
        name: String,
        /// How many at most.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Let an activation run again.
    Enable {
        /// The activation.
        name: String,
    },
    /// Let an activation run no more, neither by its schedule nor by hand.
    Disable {
        /// The activation.
        name: String,
    },
    /// Make another activation like this one; it is disabled until it is enabled.
    Copy {
        /// The activation.
        name: String,
        /// The name of the copy.
        new: String,
    },
    /// Delete an activation; its jobs stay.
    Delete {
        /// The activation.
        name: String,
    },
}
