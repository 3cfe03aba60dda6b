//! The arguments of jobs, and of watching one.
//!
//! Knows how they are written, not what they do.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::commands::FileForm;
use crate::cli::progress::ProgressForm;

/// How a job that was started is watched.
#[derive(Debug, Clone, Args)]
pub(crate) struct Following {
    /// Stay until the job has ended or parks (limit, outage, reconnect), and take its exit code. Always so without
    /// --server.
    #[arg(long)]
    pub(crate) follow: bool,
    /// Stay when it parks as well, until it has gone on and ended.
    #[arg(long)]
    pub(crate) wait: bool,
    /// How progress is shown on stderr; JSON lines with --json.
    #[arg(long, value_enum, default_value_t = ProgressForm::Auto)]
    pub(crate) progress: ProgressForm,
}

impl Following {
    /// Whether the command stays with the job.
    pub(crate) fn stays(&self) -> bool {
        self.follow || self.wait
    }
}

/// A key under which a start that is repeated is the same start.
#[derive(Debug, Clone, Args)]
pub(crate) struct Once {
    /// Repeated with the same key within a day, the command starts nothing new [default: a new key each time].
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
}

/// What is downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rows {
    /// The rows of the query.
    Result,
    /// The rejected rows with their reasons.
    Rejected,
    /// One line a row: number, key, outcome, call, time.
    Receipts,
}

/// `sluice jobs …`
#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// List jobs, newest first.
    List {
        /// In these states, comma-separated.
        #[arg(long, value_name = "STATES")]
        state: Option<String>,
        /// Of this query.
        #[arg(long, value_name = "NAME")]
        query: Option<String>,
        /// Of this activation.
        #[arg(long, value_name = "NAME", conflicts_with = "query")]
        activation: Option<String>,
        /// Refreshes of this parent segment.
        #[arg(long, value_name = "NAME", conflicts_with_all = ["query", "activation"])]
        parent_segment: Option<String>,
        /// Through this connection.
        #[arg(long, value_name = "NAME")]
        connection: Option<String>,
        /// Whose id begins so.
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// How many at most.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Show a job; with --follow until it has ended or parks.
    Show {
        /// The job.
        job: String,
        #[command(flatten)]
        following: Following,
    },
    /// Print the log of a job.
    Log {
        /// The job.
        job: String,
    },
    /// Stop a job at a checkpoint; what is under way still ends.
    Kill {
        /// The job.
        job: String,
    },
    /// Continue a job that stopped.
    Continue {
        /// The job.
        job: String,
        #[command(flatten)]
        following: Following,
    },
    /// Send the stored result of a job again, as a new job.
    Reexport {
        /// The job.
        job: String,
        #[command(flatten)]
        once: Once,
        #[command(flatten)]
        following: Following,
    },
    /// Send the rejected rows of a job again, as a new job.
    Retry {
        /// The job.
        job: String,
        /// The rows as you corrected them (.csv, .jsonl or .parquet), instead of as they were.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        once: Once,
        #[command(flatten)]
        following: Following,
    },
    /// Download rows of a job.
    Download {
        /// The job.
        job: String,
        /// Which rows.
        #[arg(long, value_enum, default_value_t = Rows::Rejected)]
        what: Rows,
        /// In which form [default: what the name of --output tells, else csv].
        #[arg(long)]
        format: Option<FileForm>,
        /// The file; - is stdout.
        #[arg(long, value_name = "FILE", default_value = "-")]
        output: PathBuf,
        /// Write over a file that is there.
        #[arg(long)]
        force: bool,
        /// Guard cells that a spreadsheet would run as formulas.
        #[arg(long)]
        spreadsheet: bool,
    },
    /// Forget an ended job and its result.
    Delete {
        /// The job.
        job: String,
    },
}
