//! Why a use case was not done, for people and for programs.
//!
//! Knows no HTTP; the server gives each kind its status.

use api::Scope;
use model::{Problem, Problems, StopCause};
use store::StoreError;

/// Why something was not done. Nothing was changed, unless the variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// What was given must be changed; everything wrong at once.
    #[error("{0}")]
    Invalid(Problems),
    /// There is no such thing.
    #[error("there is no {what}")]
    NotFound {
        /// What was asked for: `connection prod`.
        what: String,
        /// The nearest name.
        hint: Option<String>,
    },
    /// Something that exists stands in the way.
    #[error("{message}")]
    Conflict {
        /// What.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// Somebody else changed it since it was read.
    #[error("{what} was changed since you read it")]
    Stale {
        /// What.
        what: String,
    },
    /// Nobody known asks.
    #[error("{message}")]
    Unauthenticated {
        /// Why.
        message: String,
    },
    /// The right is missing.
    #[error("this needs the right to {}", right(*need))]
    Forbidden {
        /// The right.
        need: Scope,
    },
    /// More bytes than are taken.
    #[error("this is larger than {limit} bytes")]
    TooLarge {
        /// The most that is taken.
        limit: u64,
    },
    /// Too often; try again later.
    #[error("too many attempts")]
    TooMany {
        /// Seconds to wait.
        seconds: u64,
    },
    /// It was there once and never will be again: the setup.
    #[error("{message}")]
    Gone {
        /// What.
        message: String,
    },
    /// Salesforce or Pardot did not do its part.
    #[error("{message}")]
    Upstream {
        /// What happened.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// Not now: the server stops, the database is locked, the disk is full.
    #[error("{message}")]
    Unavailable {
        /// What happened.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// Something of this machine failed.
    #[error("{message}")]
    Failed {
        /// What.
        message: String,
    },
}

fn right(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Run => "run jobs and see row values (scope run)",
        Scope::Edit => "change tables and queries (scope edit)",
        Scope::Admin => "administer (scope admin)",
    }
}

impl AppError {
    /// No such thing, with the nearest name as hint.
    pub fn not_found<'a>(kind: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> AppError {
        let hint = model::nearest(name, known).map(|near| format!("did you mean {near}?"));
        AppError::NotFound { what: format!("{kind} {name}"), hint }
    }

    /// What to do, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            AppError::NotFound { hint, .. }
            | AppError::Conflict { hint, .. }
            | AppError::Upstream { hint, .. }
            | AppError::Unavailable { hint, .. } => hint.clone(),
            AppError::Stale { .. } => Some("read it again and repeat your change".into()),
            AppError::Forbidden { .. } => Some("ask an admin for the right".into()),
            AppError::TooMany { seconds } => Some(format!("try again in {seconds} s")),
            AppError::Invalid(_)
            | AppError::Unauthenticated { .. }
            | AppError::TooLarge { .. }
            | AppError::Gone { .. }
            | AppError::Failed { .. } => None,
        }
    }

    /// Why a job is no success: what happened in one line, and what to do. Of several problems the first, and how many more.
    pub(crate) fn cause(&self, configuration: bool) -> StopCause {
        let AppError::Invalid(problems) = self else {
            return StopCause { message: self.to_string(), hint: self.hint(), configuration };
        };
        let mut found = problems.iter();
        let Some(first) = found.next() else {
            return StopCause { message: "something is wrong".into(), hint: None, configuration };
        };
        let more = match found.count() {
            0 => String::new(),
            1 => "; and 1 more problem".to_owned(),
            more => format!("; and {more} more problems"),
        };
        let message = format!("{} ({}){more}", first.message, first.at);
        StopCause { message, hint: first.hint.clone(), configuration }
    }

    /// The kind as a word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            AppError::Invalid(_) => "invalid",
            AppError::NotFound { .. } => "not_found",
            AppError::Conflict { .. } => "conflict",
            AppError::Stale { .. } => "stale",
            AppError::Unauthenticated { .. } => "unauthenticated",
            AppError::Forbidden { .. } => "forbidden",
            AppError::TooLarge { .. } => "too_large",
            AppError::TooMany { .. } => "too_many",
            AppError::Gone { .. } => "gone",
            AppError::Upstream { .. } => "upstream",
            AppError::Unavailable { .. } => "unavailable",
            AppError::Failed { .. } => "failed",
        }
    }
}

impl From<Problems> for AppError {
    fn from(problems: Problems) -> AppError {
        AppError::Invalid(problems)
    }
}

impl From<Problem> for AppError {
    fn from(problem: Problem) -> AppError {
        AppError::Invalid(problem.into())
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> AppError {
        AppError::Unavailable { message: error.to_string(), hint: None }
    }
}
