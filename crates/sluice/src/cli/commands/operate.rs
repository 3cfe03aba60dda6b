//! The arguments of the server itself, of its config and of backups.
//!
//! Knows how they are written, not what they do.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::args::DataDir;

/// `sluice serve`
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Address to listen at [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// Config file [default: sluice.yaml in the data directory]. `sluice config list` has all the names.
    #[arg(long, value_name = "FILE", env = "SLUICE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Certificate in PEM, with its chain.
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// The certificate's private key in PEM.
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
    /// A proxy in front of the server speaks TLS.
    #[arg(long)]
    pub(crate) behind_proxy: bool,
    /// Let connections name this machine, for the sandbox.
    #[arg(long)]
    pub(crate) allow_loopback: bool,
    /// Run a sandbox beside the server: a local Pardot, which the console shows.
    #[arg(long)]
    pub(crate) sandbox: bool,
    /// Where the sandbox listens; with it, --sandbox is meant [default: 127.0.0.1:8089].
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) sandbox_listen: Option<String>,
    /// Form of the log on stderr: text or json.
    #[arg(long, value_name = "FORM")]
    pub(crate) log_format: Option<String>,
    /// How much the log says: error, warn, info or debug.
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,
    #[command(flatten)]
    pub(crate) data_dir: DataDir,
}

/// `sluice config`
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check the config, and print the values that hold with where each comes from.
    Check(ConfigCheckArguments),
    /// Print everything that can be configured.
    List {
        /// Print as JSON, one a line.
        #[arg(long)]
        json: bool,
    },
}

/// `sluice config check`
#[derive(Debug, Args)]
pub(crate) struct ConfigCheckArguments {
    /// Config file [default: sluice.yaml in the data directory].
    #[arg(long, value_name = "FILE", env = "SLUICE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Print as JSON, one a line.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) data_dir: DataDir,
}

/// `sluice backup`
#[derive(Debug, Args)]
pub(crate) struct BackupArguments {
    /// The file to write.
    pub(crate) file: PathBuf,
    /// Leave the frozen results of jobs out: a job under way cannot be continued after a restore then.
    #[arg(long)]
    pub(crate) no_results: bool,
    /// Of a server, its own machine makes a backup.
    #[arg(long, env = "SLUICE_SERVER", hide = true)]
    pub(crate) server: Option<String>,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) data_dir: DataDir,
}

/// `sluice restore`
#[derive(Debug, Args)]
pub(crate) struct RestoreArguments {
    /// The backup.
    pub(crate) file: PathBuf,
    /// Move what is there aside; nothing is deleted.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Of a server, its own machine restores a backup.
    #[arg(long, env = "SLUICE_SERVER", hide = true)]
    pub(crate) server: Option<String>,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) data_dir: DataDir,
}
