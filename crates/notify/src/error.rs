//! Why a notice did not arrive, and whether trying again can help.
//!
//! Knows neither mail nor webhooks. Nothing here holds a password, a secret, an address or what a notice says.

use std::time::Duration;

/// Why a notice did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It will never arrive as it is: the recipient, the mail or the webhook's address is refused.
    #[error("{message}")]
    Refused {
        /// What happened, a lower-case fragment.
        message: String,
        /// What to do.
        hint: String,
    },
    /// It may arrive later: by itself, or once somebody has mended a setting.
    #[error("{message}")]
    Later {
        /// What happened, a lower-case fragment.
        message: String,
        /// What to do.
        hint: String,
        /// The shortest wait before the next try, where there is one.
        wait: Option<Duration>,
    },
    /// Nothing arrives by this way now: there is no connection, no TLS, no greeting, no login. Other notices by the same way
    /// (the mail server, this one webhook) would fail alike, and need not be tried before this one.
    #[error("{message}")]
    Blocked {
        /// What happened, a lower-case fragment.
        message: String,
        /// What to do.
        hint: String,
        /// The shortest wait before the next try, where there is one.
        wait: Option<Duration>,
    },
    /// There is no way to send it.
    #[error("no mail server is set")]
    NotConfigured,
}

impl SendError {
    /// Whether another try can help: by itself, or once somebody has mended a setting.
    pub fn is_transient(&self) -> bool {
        match self {
            SendError::Later { .. } | SendError::Blocked { .. } | SendError::NotConfigured => true,
            SendError::Refused { .. } => false,
        }
    }

    /// What to do.
    pub fn hint(&self) -> &str {
        match self {
            SendError::Refused { hint, .. } | SendError::Later { hint, .. } | SendError::Blocked { hint, .. } => hint,
            SendError::NotConfigured => {
                "set smtp_host and mail_from in the server's config, or leave the mail addresses out"
            }
        }
    }

    /// The shortest wait before the next try, where the other side or the matter asks for one.
    pub fn wait(&self) -> Option<Duration> {
        match self {
            SendError::Later { wait, .. } | SendError::Blocked { wait, .. } => *wait,
            SendError::Refused { .. } | SendError::NotConfigured => None,
        }
    }

    pub(crate) fn refused(message: impl Into<String>, hint: impl Into<String>) -> SendError {
        SendError::Refused { message: message.into(), hint: hint.into() }
    }

    pub(crate) fn later(message: impl Into<String>, hint: impl Into<String>) -> SendError {
        SendError::Later { message: message.into(), hint: hint.into(), wait: None }
    }

    pub(crate) fn blocked(message: impl Into<String>, hint: impl Into<String>) -> SendError {
        SendError::Blocked { message: message.into(), hint: hint.into(), wait: None }
    }

    pub(crate) fn after(self, wait: Duration) -> SendError {
        match self {
            SendError::Later { message, hint, .. } => SendError::Later { message, hint, wait: Some(wait) },
            SendError::Blocked { message, hint, .. } => SendError::Blocked { message, hint, wait: Some(wait) },
            SendError::Refused { .. } | SendError::NotConfigured => self,
        }
    }
}

/// A setting that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
pub struct SettingsError {
    /// The setting.
    pub at: &'static str,
    /// What is wrong with it, a lower-case fragment. Never repeats what was given.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl SettingsError {
    pub(crate) fn at(at: &'static str, message: &str, hint: &str) -> SettingsError {
        SettingsError { at, message: message.to_owned(), hint: hint.to_owned() }
    }
}
