//! The arguments of every command, with their help.
//!
//! Knows how they are written, not what they do.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::cli::commands::{
    ActivationsCommand, ApplyArguments, AuditCommand, BackupArguments, ConfigCommand, ConnectionsCommand, CronCommand,
    JobsCommand, KeysCommand, NoticesCommand, NotificationsCommand, ParentSegmentsCommand, PeopleCommand,
    PlanArguments, PullArguments, QueriesCommand, RestoreArguments, SchedulesCommand, SegmentsCommand, ServeArguments,
    TablesCommand, TokensCommand, WebhooksCommand, Whereabouts,
};
use crate::cli::progress::ProgressForm;

const EXIT_CODES: &str = "\
Exit codes:
  0  done (rows skipped by skip_invalid_records: true included)
  1  failed, or parked because Pardot did not answer properly, or rows are held
  2  arguments, settings, columns or SQL must be changed
  3  stopped by a rejected row (skip_invalid_records: false); with plan --exit-code: there is something to do
  4  authentication or permission
  5  the daily calls are used up
  6  refused by a safety rule
  7  another run, command or server holds the lock
  130/143  stopped by a signal after an orderly checkpoint";

/// Sends the rows of a SQL query to Salesforce Pardot (Account Engagement): every row accounted for.
#[derive(Debug, Parser)]
#[command(name = "sluice", version, after_help = EXIT_CODES, max_term_width = 110)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a query and send its rows to Pardot.
    Export(ExportArguments),
    /// Continue a job from its frozen result.
    Resume(ResumeArguments),
    /// List jobs, newest first; look after the jobs of a server.
    Jobs(JobsArguments),
    /// Show the report of a job; write its rejected rows.
    Report(ReportArguments),
    /// Approve the connected app in the browser and keep the refresh token in the connection file.
    Connect(ConnectArguments),
    /// Check a connection: one line per check, with the next step. Changes nothing.
    Doctor(ConnectionArguments),
    /// List the account's prospect fields and lists, standard and custom.
    Fields(ConnectionArguments),
    /// Run a local Pardot and Salesforce login.
    Sandbox(SandboxArguments),
    /// Show it all: a local Pardot, sample contacts, a query, an export, its report.
    Demo(DemoArguments),
    /// Explain the expressions of schedules.
    Cron {
        #[command(subcommand)]
        command: CronCommand,
    },
    /// Explain a Pardot error code.
    Explain(ExplainArguments),
    /// List the export settings.
    Settings,
    /// Print the completions of a shell.
    Completions(CompletionsArguments),
    /// Run the server: REST API and worker over one data directory.
    Serve(Box<ServeArguments>),
    /// Check the config of a server, or list what can be configured.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Connections that are kept by a server.
    Connections {
        #[command(flatten)]
        whereabouts: Whereabouts,
        #[command(subcommand)]
        command: ConnectionsCommand,
    },
    /// Tables that are kept by a server.
    Tables {
        #[command(flatten)]
        whereabouts: Whereabouts,
        #[command(subcommand)]
        command: TablesCommand,
    },
    /// Queries that are kept by a server.
    Queries {
        #[command(flatten)]
        whereabouts: Whereabouts,
        #[command(subcommand)]
        command: QueriesCommand,
    },
    /// Profiles with what is known of them: what segments choose from.
    ParentSegments {
        #[command(flatten)]
        whereabouts: Whereabouts,
        #[command(subcommand)]
        command: ParentSegmentsCommand,
    },
    /// Rules over the profiles of a parent segment.
    Segments {
        #[command(flatten)]
        whereabouts: Whereabouts,
        #[command(subcommand)]
        command: SegmentsCommand,
    },
    /// Segments that are sent to Pardot: when, through which connection, with which fields.
    Activations {
        #[command(flatten)]
        whereabouts: Whereabouts,
        #[command(subcommand)]
        command: ActivationsCommand,
    },
    /// When queries, activations and refreshes of a server run by themselves.
    Schedules {
        #[command(flatten)]
        whereabouts: Whereabouts,
        #[command(subcommand)]
        command: SchedulesCommand,
    },
    /// What a server told people, and whether it arrived.
    Notices {
        #[command(flatten)]
        whereabouts: Whereabouts,
        #[command(subcommand)]
        command: NoticesCommand,
    },
    /// Who is told of what.
    Notifications {
        #[command(flatten)]
        whereabouts: Whereabouts,
        #[command(subcommand)]
        command: NotificationsCommand,
    },
    /// Where a server posts its notices.
    Webhooks {
        #[command(flatten)]
        whereabouts: Whereabouts,
        #[command(subcommand)]
        command: WebhooksCommand,
    },
    /// People of a server.
    People {
        #[command(flatten)]
        whereabouts: Whereabouts,
        #[command(subcommand)]
        command: PeopleCommand,
    },
    /// API tokens of a server.
    Tokens {
        #[command(flatten)]
        whereabouts: Whereabouts,
        #[command(subcommand)]
        command: TokensCommand,
    },
    /// The audit log of a server.
    Audit {
        #[command(flatten)]
        whereabouts: Whereabouts,
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// The master key that seals the secrets of a server.
    Keys {
        #[command(flatten)]
        whereabouts: Whereabouts,
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Back up a data directory while it is in use. The master key is not in the backup.
    Backup(BackupArguments),
    /// Restore a backup into a data directory that nobody uses.
    Restore(RestoreArguments),
    /// Show what `sluice apply` would do.
    Plan(PlanArguments),
    /// Make connections, tables, queries, parent segments, segments and activations equal to a folder of files.
    Apply(ApplyArguments),
    /// Write what a server has as a folder of files.
    Pull(PullArguments),
    /// Print the JSON Schema of a project's files, for editors.
    Schema,
}

/// Where state is kept.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataDir {
    /// Data directory [default: $XDG_DATA_HOME/sluice, else ~/.local/share/sluice].
    #[arg(long = "data-dir", env = "SLUICE_HOME", value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
}

impl DataDir {
    /// The directory.
    pub(crate) fn path(&self) -> PathBuf {
        if let Some(path) = &self.data_dir {
            return path.clone();
        }
        let share = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        // Where HOME is not set, as under cron, the user's entry in the system says it.
        let home = || std::env::home_dir().unwrap_or_else(|| PathBuf::from("."));
        share.unwrap_or_else(|| home().join(".local/share")).join("sluice")
    }
}

/// `sluice export`
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// The query.
    #[arg(long, value_name = "SQL", conflicts_with = "query_file", required_unless_present = "query_file")]
    pub(crate) query: Option<String>,
    /// A file with the query.
    #[arg(long, value_name = "FILE")]
    pub(crate) query_file: Option<PathBuf>,
    /// A name for files that the query may read: contacts='exports/*.parquet'. CSV, TSV, JSON lines and Parquet;
    /// options after a question mark: c=x.csv?delimiter=;&header=false.
    #[arg(long = "table", value_name = "NAME=PATH")]
    pub(crate) tables: Vec<String>,
    /// The connection: YAML or JSON with the manual's names, ${VAR} from the environment.
    #[arg(long, value_name = "FILE", env = "SLUICE_CONNECTION_FILE")]
    pub(crate) connection_file: PathBuf,
    /// An export setting; see `sluice settings`. Given later wins over --settings.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// A file of export settings: YAML or JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
    /// Write the report to a file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Write the rejected rows to a file: .csv or .jsonl.
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Run the query, check every row and count the calls; send nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Stay when the job parks (limit, outage, reconnect) and go on by itself.
    #[arg(long)]
    pub(crate) wait: bool,
    /// Stop the query after so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600.0)]
    pub(crate) query_timeout: f64,
    /// What TD_SCHEDULED_TIME() gives in the SQL: 2026-11-24T02:00:00Z, or a date for its midnight in UTC. The job keeps
    /// it, so resume has the same [default: now].
    #[arg(long, value_name = "TIME")]
    pub(crate) scheduled_time: Option<String>,
    /// How progress is shown on stderr.
    #[arg(long, value_enum, default_value_t = ProgressForm::Auto)]
    pub(crate) progress: ProgressForm,
    #[command(flatten)]
    pub(crate) data_dir: DataDir,
}

/// `sluice resume`
#[derive(Debug, Args)]
pub(crate) struct ResumeArguments {
    /// The job.
    pub(crate) job: String,
    /// Write the report to a file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Write the rejected rows to a file: .csv or .jsonl.
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Stay when the job parks (limit, outage, reconnect) and go on by itself.
    #[arg(long)]
    pub(crate) wait: bool,
    /// How progress is shown on stderr.
    #[arg(long, value_enum, default_value_t = ProgressForm::Auto)]
    pub(crate) progress: ProgressForm,
    #[command(flatten)]
    pub(crate) data_dir: DataDir,
}

/// `sluice jobs`
#[derive(Debug, Args)]
pub(crate) struct JobsArguments {
    /// How many.
    #[arg(long, default_value_t = 20)]
    pub(crate) newest: u32,
    #[command(flatten)]
    pub(crate) whereabouts: Whereabouts,
    #[command(subcommand)]
    pub(crate) command: Option<JobsCommand>,
}

/// `sluice report`
#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// The job.
    pub(crate) job: String,
    /// Print it as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the rejected rows to a file: .csv or .jsonl.
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) data_dir: DataDir,
}

/// A connection, and nothing else.
#[derive(Debug, Args)]
pub(crate) struct ConnectionArguments {
    /// The connection.
    #[arg(long, value_name = "FILE", env = "SLUICE_CONNECTION_FILE")]
    pub(crate) connection_file: PathBuf,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `sluice connect`
#[derive(Debug, Args)]
pub(crate) struct ConnectArguments {
    /// The connection file: business_unit, client_id and client_secret must stand in it; the refresh token is added.
    #[arg(long, value_name = "FILE", env = "SLUICE_CONNECTION_FILE")]
    pub(crate) connection_file: PathBuf,
    /// The callback that the connected app knows. Only a loopback address is listened on.
    #[arg(long, value_name = "URL", default_value = "http://localhost:8080")]
    pub(crate) redirect_uri: String,
    /// Do not open a browser: print the address, and read the address that Salesforce led to from stdin.
    #[arg(long)]
    pub(crate) headless: bool,
    /// Give up after so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) timeout: u64,
}

/// `sluice sandbox`
#[derive(Debug, Args)]
pub(crate) struct SandboxArguments {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8089)]
    pub(crate) port: u16,
    /// Prospects to begin with: a CSV file with the fields' names as header.
    #[arg(long, value_name = "FILE")]
    pub(crate) seed: Option<PathBuf>,
    /// Several prospects may share one email (AMPSEA).
    #[arg(long)]
    pub(crate) ampsea: bool,
    /// Calls a day.
    #[arg(long, value_name = "CALLS", default_value_t = 100_000)]
    pub(crate) daily_limit: u64,
    /// Milliseconds that every answer takes.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) delay: u64,
    /// Answer every refresh with a new refresh token; the old one is dead.
    #[arg(long)]
    pub(crate) rotate: bool,
    /// Write the connection file here as well.
    #[arg(long, value_name = "FILE")]
    pub(crate) connection_file: Option<PathBuf>,
}

/// `sluice demo`
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Contacts to make.
    #[arg(long, default_value_t = 12_000, value_parser = clap::value_parser!(u64).range(100..=10_000_000))]
    pub(crate) contacts: u64,
    /// Keep the files in this directory.
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
}

/// `sluice explain`
#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// The code, such as 122.
    pub(crate) code: u16,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `sluice completions`
#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell.
    pub(crate) shell: clap_complete::Shell,
}
