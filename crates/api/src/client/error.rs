//! Why a server did not do what it was asked, for people and programs.
//!
//! Knows no route. Nothing here holds a token, a body or a query string.

use std::path::PathBuf;

use crate::{Place, ProblemDocument};

/// Why there is no answer, or none to be glad of.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server said why.
    #[error("{}", .0.title)]
    Problem(Box<ProblemDocument>),
    /// Nobody answered.
    #[error("no answer from {server}: {cause}")]
    Connect {
        /// The server's address.
        server: String,
        /// What the system or the network says.
        cause: String,
    },
    /// The address, the token or the certificates cannot be used.
    #[error("{message}")]
    Unusable {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// An answer that no Sluice server gives.
    #[error("{server} gave an answer that is not Sluice's: {found}")]
    Unexpected {
        /// The server's address.
        server: String,
        /// What came.
        found: String,
        /// Its HTTP status, where that was no success: a proxy's, mostly.
        status: Option<u16>,
    },
    /// A file here cannot be read or written.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: String,
    },
}

impl ClientError {
    /// What to do, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            ClientError::Problem(problem) => problem.hint.clone(),
            ClientError::Connect { .. } => Some("is the server running, and is this its address?".into()),
            ClientError::Unusable { hint, .. } => Some(hint.clone()),
            ClientError::Unexpected { .. } => {
                Some("is this the address of a Sluice server of this version, or of a proxy before it?".into())
            }
            ClientError::File { .. } => None,
        }
    }

    /// Everything that must be changed, where the server named it.
    pub fn places(&self) -> &[Place] {
        match self {
            ClientError::Problem(problem) => &problem.problems,
            ClientError::Connect { .. }
            | ClientError::Unusable { .. }
            | ClientError::Unexpected { .. }
            | ClientError::File { .. } => &[],
        }
    }

    /// The HTTP status, where the server answered with one.
    pub fn status(&self) -> Option<u16> {
        match self {
            ClientError::Problem(problem) => Some(problem.status),
            ClientError::Unexpected { status, .. } => *status,
            ClientError::Connect { .. } | ClientError::Unusable { .. } | ClientError::File { .. } => None,
        }
    }

    /// The server says that there is no such thing.
    pub fn is_not_found(&self) -> bool {
        matches!(self, ClientError::Problem(problem) if problem.status == 404)
    }
}
