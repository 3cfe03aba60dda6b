//! The arguments of notices, of who is sent them, and of webhooks.
//!
//! Knows how they are written, not what they do.

use std::path::PathBuf;

use clap::{Args, Subcommand};

const TEST_EXAMPLES: &str = "\
Examples:
  sluice notices test                        # to everybody who is told by default
  sluice notices test --to ada@example.com
  sluice notices test --webhook ops";

const SET_EXAMPLES: &str = "\
Examples:
  sluice notifications set --recipient ada@example.com --on failure,disabled,reconnect
  sluice notifications set --rejected-over 100
  sluice notifications set --query nightly --recipient crm@example.com --webhook ops
  sluice notifications set --query nightly --recipient ''      # nobody is sent a mail
Words for --on: success, failure, rejected, quota_parked, reconnect, disabled, recovered.";

const PUT_EXAMPLES: &str = "\
Examples:
  sluice webhooks put ops --url https://hooks.example.com/sluice
  sluice webhooks put ops --secret-file secret.txt      # the address stays
A secret is whsec_ and Base64 of 24 to 64 bytes.";

/// `sluice notices`
#[derive(Debug, Subcommand)]
pub(crate) enum NoticesCommand {
    /// List notices, newest first.
    List {
        /// About this query.
        #[arg(long, value_name = "NAME")]
        query: Option<String>,
        /// In this state: waiting, sent or failed.
        #[arg(long, value_name = "STATE")]
        state: Option<String>,
        /// About this job.
        #[arg(long, value_name = "JOB")]
        job: Option<String>,
        /// How many at most.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Send a notice now, to see whether it arrives.
    #[command(after_help = TEST_EXAMPLES)]
    Test {
        /// A mail address; may be repeated.
        #[arg(long, value_name = "ADDRESS", num_args = 1..)]
        to: Vec<String>,
        /// A webhook; may be repeated.
        #[arg(long, value_name = "NAME", num_args = 1..)]
        webhook: Vec<String>,
    },
}

/// Who is told of what; an empty value clears.
#[derive(Debug, Default, Args)]
pub(crate) struct NotifyParts {
    /// A mail address; may be repeated. The addresses that are given take the place of those that are kept.
    #[arg(long = "recipient", value_name = "ADDRESS")]
    pub(crate) recipients: Vec<String>,
    /// A webhook; may be repeated. Those that are given take the place of those that are kept.
    #[arg(long = "webhook", value_name = "NAME")]
    pub(crate) webhooks: Vec<String>,
    /// Of what, comma-separated.
    #[arg(long, value_name = "EVENTS")]
    pub(crate) on: Option<String>,
    /// Rejected rows of a job above which `rejected` is told.
    #[arg(long, value_name = "ROWS")]
    pub(crate) rejected_over: Option<String>,
}

/// `sluice notifications`
#[derive(Debug, Subcommand)]
pub(crate) enum NotificationsCommand {
    /// Show who is told of what where a query says nothing; or what a query says.
    Show {
        /// This query.
        #[arg(long, value_name = "NAME")]
        query: Option<String>,
    },
    /// Say who is told of what; what is not given stays.
    #[command(after_help = SET_EXAMPLES)]
    Set {
        /// For this query alone.
        #[arg(long, value_name = "NAME")]
        query: Option<String>,
        #[command(flatten)]
        parts: NotifyParts,
    },
    /// Let a query follow the default again.
    Reset {
        /// The query.
        #[arg(long, value_name = "NAME")]
        query: String,
    },
}

/// `sluice webhooks`
#[derive(Debug, Subcommand)]
pub(crate) enum WebhooksCommand {
    /// List the webhooks.
    List,
    /// Show a webhook.
    Show {
        /// The webhook.
        name: String,
    },
    /// Make a webhook, or change what is given of one that is there.
    #[command(after_help = PUT_EXAMPLES)]
    Put {
        /// The webhook.
        name: String,
        /// Where notices are posted: https.
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        /// A file with the secret that calls are signed with; - is stdin. A new webhook without one gets one, which is
        /// shown once.
        #[arg(long, value_name = "FILE")]
        secret_file: Option<PathBuf>,
        /// Write the secret that the server chose to a new file, readable by you alone, instead of printing it.
        #[arg(long, value_name = "FILE", conflicts_with = "secret_file")]
        output: Option<PathBuf>,
    },
    /// Delete a webhook that no query and no default names.
    Delete {
        /// The webhook.
        name: String,
    },
}
