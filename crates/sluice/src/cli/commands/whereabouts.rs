//! Which server a command means.
//!
//! Knows how the arguments are written, not how a server is reached.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::DataDir;

/// The heading of these arguments in every help.
const HEADING: &str = "Server";

/// Which server is meant, and how it answers: with `--server` one that runs, else the data directory of this machine.
#[derive(Debug, Clone, Args)]
pub(crate) struct Whereabouts {
    /// A server: https://sluice.example.com, or http://127.0.0.1:8080. Without it, the data directory of this machine.
    #[arg(long, value_name = "URL", env = "SLUICE_SERVER", global = true, help_heading = HEADING)]
    server: Option<String>,
    /// A file with an API token for --server; or set $SLUICE_TOKEN.
    #[arg(long, value_name = "FILE", env = "SLUICE_TOKEN_FILE", global = true, help_heading = HEADING)]
    pub(crate) token_file: Option<PathBuf>,
    /// A file of certificates (PEM) to trust instead of the system's, for --server.
    #[arg(long, value_name = "FILE", env = "SLUICE_CA_FILE", global = true, help_heading = HEADING)]
    pub(crate) ca_file: Option<PathBuf>,
    /// Config file of the local data directory [default: sluice.yaml in it].
    #[arg(long, value_name = "FILE", env = "SLUICE_CONFIG", global = true, help_heading = HEADING)]
    pub(crate) config: Option<PathBuf>,
    /// Let connections of the local data directory name this machine, for the sandbox. A server has its own.
    #[arg(long, global = true, help_heading = HEADING)]
    pub(crate) allow_loopback: bool,
    #[command(flatten, next_help_heading = HEADING)]
    pub(crate) data_dir: DataDir,
    /// Print as JSON; lists have one object a line.
    #[arg(long, global = true, help_heading = None)]
    pub(crate) json: bool,
}

impl Whereabouts {
    /// The server that is meant; nothing for the data directory of this machine. A variable that is set to nothing
    /// counts as not set.
    pub(crate) fn server(&self) -> Option<&str> {
        self.server.as_deref().filter(|server| !server.is_empty())
    }
}
