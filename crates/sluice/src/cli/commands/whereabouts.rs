//! Which server a command means.
//!
//! Knows how the arguments are written, not how a server is reached.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::DataDir;

/// Which server is meant, and how it answers: with `--server` one that runs, else the data directory of this machine.
#[derive(Debug, Clone, Args)]
pub(crate) struct Whereabouts {
    /// A server: https://sluice.example.com, or http://127.0.0.1:8080. Without it, the data directory of this machine.
    #[arg(long, value_name = "URL", env = "SLUICE_SERVER", global = true)]
    pub(crate) server: Option<String>,
    /// A file with an API token for --server; or set $SLUICE_TOKEN.
    #[arg(long, value_name = "FILE", env = "SLUICE_TOKEN_FILE", global = true)]
    pub(crate) token_file: Option<PathBuf>,
    /// A file of certificates (PEM) to trust instead of the system's, for --server.
    #[arg(long, value_name = "FILE", env = "SLUICE_CA_FILE", global = true)]
    pub(crate) ca_file: Option<PathBuf>,
    /// Config file of the local data directory [default: sluice.yaml in it].
    #[arg(long, value_name = "FILE", env = "SLUICE_CONFIG", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// Print as JSON; lists have one object a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) data_dir: DataDir,
}
