//! The arguments of people, tokens, the audit log and the master key.
//!
//! Knows how they are written, not what they do.

use std::path::PathBuf;

use clap::Subcommand;

/// `sluice people`
#[derive(Debug, Subcommand)]
pub(crate) enum PeopleCommand {
    /// List everybody.
    List,
    /// Make the first admin of a new server, and print an admin token for a day.
    Setup {
        /// The name to log in with.
        name: String,
        /// A file with the one-time setup token [default: setup-token in the data directory].
        #[arg(long, value_name = "FILE")]
        setup_token_file: Option<PathBuf>,
        /// A file with the password; - is stdin. Asked for on a terminal.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// Write the token to a new file, readable by you alone, instead of printing it.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Add a person.
    Add {
        /// The name to log in with.
        name: String,
        /// viewer, editor or admin.
        #[arg(long)]
        role: String,
        /// A file with the password; - is stdin. Asked for on a terminal.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Change a person.
    Change {
        /// The person.
        name: String,
        /// viewer, editor or admin.
        #[arg(long)]
        role: Option<String>,
        /// A file with a new password; - is stdin.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// Ask for a new password.
        #[arg(long, conflicts_with = "password_file")]
        password: bool,
        /// Lock the person out.
        #[arg(long, conflicts_with = "enable")]
        disable: bool,
        /// Let the person in again.
        #[arg(long)]
        enable: bool,
    },
    /// Remove a person.
    Remove {
        /// The person.
        name: String,
    },
}

/// `sluice tokens`
#[derive(Debug, Subcommand)]
pub(crate) enum TokensCommand {
    /// List tokens.
    List,
    /// Make a token; it is shown this once.
    Create {
        /// What it is for.
        name: String,
        /// read, run, edit or admin.
        #[arg(long)]
        scope: String,
        /// Days until it ends.
        #[arg(long)]
        days: Option<u32>,
        /// Write the token to a new file, readable by you alone, instead of printing it.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Revoke a token at once.
    Revoke {
        /// Its id, as `tokens list` shows it.
        id: String,
    },
}

/// `sluice audit`
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List changes, newest first.
    List {
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// Only those before this number.
        #[arg(long, value_name = "NUMBER")]
        before: Option<u64>,
    },
    /// Follow the chain of the local audit log from its first line to its last.
    Verify,
}

/// `sluice keys`
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a new master key and wrap every stored secret with it.
    Rotate,
    /// Delete every stored secret of the local data directory, for when the master key is lost.
    Forget {
        /// Really.
        #[arg(long)]
        yes: bool,
    },
}
