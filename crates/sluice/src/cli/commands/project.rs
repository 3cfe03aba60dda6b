//! The arguments of projects.
//!
//! Knows how they are written, not what they do.

use std::path::PathBuf;

use clap::Args;

use crate::cli::commands::Whereabouts;

/// `sluice plan`
#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    /// The project's folder.
    pub(crate) folder: PathBuf,
    /// Delete what the project does not have.
    #[arg(long)]
    pub(crate) prune: bool,
    /// Send every secret again, not only those that the server has not.
    #[arg(long)]
    pub(crate) secrets: bool,
    /// Exit with 3 when there is something to do.
    #[arg(long)]
    pub(crate) exit_code: bool,
    #[command(flatten)]
    pub(crate) whereabouts: Whereabouts,
}

/// `sluice apply`
#[derive(Debug, Args)]
pub(crate) struct ApplyArguments {
    /// The project's folder.
    pub(crate) folder: PathBuf,
    /// Delete what the project does not have.
    #[arg(long)]
    pub(crate) prune: bool,
    /// Send every secret again, not only those that the server has not.
    #[arg(long)]
    pub(crate) secrets: bool,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) whereabouts: Whereabouts,
}

/// `sluice pull`
#[derive(Debug, Args)]
pub(crate) struct PullArguments {
    /// The folder to write into.
    pub(crate) folder: PathBuf,
    /// Write over files that are there.
    #[arg(long)]
    pub(crate) replace: bool,
    #[command(flatten)]
    pub(crate) whereabouts: Whereabouts,
}
