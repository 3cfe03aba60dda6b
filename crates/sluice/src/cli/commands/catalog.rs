//! The arguments of connections, tables and queries.
//!
//! Knows how they are written, not what they do.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::commands::{Following, Once};

/// What is kept of a connection; secrets come from files, `-` is stdin.
#[derive(Debug, Default, Args)]
pub(crate) struct ConnectionParts {
    /// A connection file (YAML or JSON with the manual's names) to begin with; the arguments win.
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// https://pi.pardot.com or https://pi.demo.pardot.com.
    #[arg(long, value_name = "URL")]
    pub(crate) pardot_domain: Option<String>,
    /// Business unit id: 18 characters that begin with 0Uv.
    #[arg(long, value_name = "ID")]
    pub(crate) business_unit: Option<String>,
    /// Whose connected app: default (the server's own) or custom.
    #[arg(long, value_name = "KIND")]
    pub(crate) connected_app: Option<String>,
    /// Consumer key of a custom app.
    #[arg(long, value_name = "KEY")]
    pub(crate) client_id: Option<String>,
    /// A file with the consumer secret of a custom app.
    #[arg(long, value_name = "FILE")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// Salesforce login.
    #[arg(long, value_name = "URL")]
    pub(crate) login_url: Option<String>,
    /// refresh_token, client_credentials or jwt_bearer.
    #[arg(long, value_name = "GRANT")]
    pub(crate) grant: Option<String>,
    /// Salesforce user of a jwt_bearer grant.
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// Audience of a jwt_bearer grant.
    #[arg(long, value_name = "URL")]
    pub(crate) audience: Option<String>,
    /// Percent of the account's daily calls that are left to others: 0 to 90 [default: 10].
    #[arg(long, value_name = "PERCENT")]
    pub(crate) reserve: Option<u8>,
    /// Calls that the server may make a day; 0 for as many as the reserve leaves [default: 0].
    #[arg(long, value_name = "CALLS")]
    pub(crate) daily_budget: Option<u64>,
    /// A file with a refresh token; pressing Connect gets one without this.
    #[arg(long, value_name = "FILE")]
    pub(crate) refresh_token_file: Option<PathBuf>,
    /// A file with the RSA private key (PEM) of a jwt_bearer grant.
    #[arg(long, value_name = "FILE")]
    pub(crate) private_key_file: Option<PathBuf>,
}

/// `sluice connections`
#[derive(Debug, Subcommand)]
pub(crate) enum ConnectionsCommand {
    /// List the connections.
    List,
    /// Show a connection.
    Show {
        /// The connection.
        name: String,
    },
    /// Make a connection.
    Create {
        /// The connection.
        name: String,
        #[command(flatten)]
        parts: Box<ConnectionParts>,
    },
    /// Change a connection; what is not given stays. A changed host drops the stored secrets.
    Update {
        /// The connection.
        name: String,
        /// Its new name.
        #[arg(long, value_name = "NAME")]
        rename: Option<String>,
        #[command(flatten)]
        parts: Box<ConnectionParts>,
    },
    /// Delete a connection that no query uses.
    Delete {
        /// The connection.
        name: String,
    },
    /// Test a connection: at most three calls, which change nothing.
    Test {
        /// The connection.
        name: String,
    },
    /// Show what is known about its Pardot account: calls left today, custom fields, lists.
    Account {
        /// The connection.
        name: String,
        /// Ask Pardot again.
        #[arg(long)]
        refresh: bool,
    },
    /// Approve in the browser: prints the address (and opens it on a terminal), and waits.
    Connect {
        /// The connection.
        name: String,
        /// Give up after so many seconds.
        #[arg(long, value_name = "SECONDS", default_value_t = 600)]
        timeout: u64,
    },
}

/// `sluice tables`
#[derive(Debug, Subcommand)]
pub(crate) enum TablesCommand {
    /// List the tables.
    List,
    /// Show a table with its columns and rows.
    Show {
        /// The table.
        name: String,
    },
    /// Bind a name to files of the server.
    Bind {
        /// The table.
        name: String,
        /// A file, folder or pattern under one of the server's table roots: contacts/*.parquet.
        files: String,
    },
    /// Upload a file, as a new table or in the place of an uploaded one.
    Upload {
        /// The table.
        name: String,
        /// The file.
        file: PathBuf,
        /// Its form, where its name does not tell it.
        #[arg(long)]
        format: Option<FileForm>,
    },
    /// Show its first rows.
    Preview {
        /// The table.
        name: String,
        /// Rows at most.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Delete a table.
    Delete {
        /// The table.
        name: String,
    },
}

/// The form of a file of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FileForm {
    /// Comma-separated, with a line of names.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// Parquet.
    Parquet,
}

/// What is kept of a query.
#[derive(Debug, Args)]
pub(crate) struct QueryParts {
    /// The SELECT.
    #[arg(long, value_name = "SQL", conflicts_with = "sql_file")]
    pub(crate) sql: Option<String>,
    /// A file with the SELECT; - is stdin.
    #[arg(long, value_name = "FILE")]
    pub(crate) sql_file: Option<PathBuf>,
    /// What it is for.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// The connection that its rows go through.
    #[arg(long, value_name = "NAME", conflicts_with = "no_export")]
    pub(crate) export_connection: Option<String>,
    /// An export setting; see `sluice settings`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// A setting that goes back to its default.
    #[arg(long = "unset", value_name = "KEY")]
    pub(crate) unset: Vec<String>,
    /// Take the export away: a run then only makes a result.
    #[arg(long)]
    pub(crate) no_export: bool,
    /// What a run that somebody starts does while another job of the query is at work: queue or skip. A schedule has its
    /// own.
    #[arg(long, value_name = "WORD")]
    pub(crate) overlap: Option<String>,
    /// Longest time of the query.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) time_limit: Option<u64>,
}

/// `sluice queries`
#[derive(Debug, Subcommand)]
pub(crate) enum QueriesCommand {
    /// List the queries.
    List,
    /// Show a query.
    Show {
        /// The query.
        name: String,
    },
    /// Save a query: a new one, or what is given of one that is there.
    Save {
        /// The query.
        name: String,
        #[command(flatten)]
        parts: Box<QueryParts>,
    },
    /// Show the first rows of a query, or of some SQL.
    Preview {
        /// The query.
        #[arg(required_unless_present_any = ["sql", "sql_file"])]
        name: Option<String>,
        /// The SELECT.
        #[arg(long, value_name = "SQL", conflicts_with_all = ["name", "sql_file"])]
        sql: Option<String>,
        /// A file with the SELECT; - is stdin.
        #[arg(long, value_name = "FILE", conflicts_with = "name")]
        sql_file: Option<PathBuf>,
        /// Rows at most.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Run a query and send its rows.
    Run {
        /// The query.
        name: String,
        /// Run the query and keep its result; send nothing.
        #[arg(long)]
        result_only: bool,
        /// What TD_SCHEDULED_TIME() gives in its SQL: 2026-11-24T02:00:00Z, or a date for its midnight in UTC [default:
        /// now].
        #[arg(long, value_name = "TIME")]
        scheduled_time: Option<String>,
        #[command(flatten)]
        once: Once,
        #[command(flatten)]
        following: Following,
    },
    /// Delete a query; its jobs stay.
    Delete {
        /// The query.
        name: String,
    },
}
