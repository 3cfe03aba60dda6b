//! What a job is for and who runs it, with the names that the database and the API have.
//!
//! Knows names only; not how a job is kept.

use std::fmt;
use std::str::FromStr;

/// What a job is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// Query and export.
    Export,
    /// The query alone: its Result is kept, nothing is sent.
    Result,
}

/// Who runs a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A command of its own; resumed by hand.
    CommandLine,
    /// A server's worker; goes on by itself.
    Server,
}

const KINDS: [(JobKind, &str); 2] = [(JobKind::Export, "export"), (JobKind::Result, "result")];
const ORIGINS: [(Origin, &str); 2] = [(Origin::CommandLine, "command_line"), (Origin::Server, "server")];

impl JobKind {
    /// The kind's name, as the database and the API have it.
    pub fn name(self) -> &'static str {
        match self {
            JobKind::Export => KINDS[0].1,
            JobKind::Result => KINDS[1].1,
        }
    }
}

impl Origin {
    /// The origin's name, as the database and the API have it.
    pub fn name(self) -> &'static str {
        match self {
            Origin::CommandLine => ORIGINS[0].1,
            Origin::Server => ORIGINS[1].1,
        }
    }
}

impl fmt::Display for JobKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for JobKind {
    type Err = String;

    fn from_str(text: &str) -> Result<JobKind, String> {
        let kind = KINDS.iter().find(|(_, name)| *name == text).map(|(kind, _)| *kind);
        kind.ok_or_else(|| format!("{text} is not a kind of job"))
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Origin, String> {
        let origin = ORIGINS.iter().find(|(_, name)| *name == text).map(|(origin, _)| *origin);
        origin.ok_or_else(|| format!("{text} is not an origin of jobs"))
    }
}
