//! Grants that nobody uses are used now and then: Salesforce may end a refresh token that lay idle for 30 days, and a monthly
//! job would then find it dead.
//!
//! Knows when a grant was last used; not how tokens are obtained.

use std::time::Duration;

use api::GrantKind;
use pardot::RetryPolicy;
use store::Change;

use crate::clock::random_u64;
use crate::grants::{CONNECTION, Stored};
use crate::{App, AppError};

/// Seconds without use after which a grant is used.
const IDLE: i64 = 6 * 86_400;

impl App {
    /// Refreshes every grant that was idle for six days.
    pub(crate) async fn use_idle_grants(&self) -> Result<(), AppError> {
        for document in self.0.store.documents(CONNECTION, None, 10_000).await? {
            let Ok(stored) = self.understood(document) else { continue };
            if self.is_stopping() || !self.is_idle(&stored).await? {
                continue;
            }
            let Ok(tokens) = self.tokens_for(&stored).await else { continue };
            let patience = RetryPolicy {
                maximum_retries: 2,
                initial_wait: Duration::from_secs(1),
                maximum_wait: Duration::from_secs(30),
                timeout: Duration::from_secs(60),
            };
            match tokens.refresh(true, patience, random_u64()).await {
                Ok(()) => self.note_use(&stored).await?,
                // Asked again at the next sweep.
                Err(error) if error.is_transient() => {}
                Err(error) => self.set_broken(&stored, Some(&error.to_string())).await?,
            }
        }
        Ok(())
    }

    async fn is_idle(&self, stored: &Stored) -> Result<bool, AppError> {
        if stored.body.grant != GrantKind::RefreshToken || stored.body.broken.is_some() {
            return Ok(false);
        }
        let used = self.0.store.value(&value_name(stored.id())).await?.and_then(|at| at.as_i64());
        Ok(self.now() - used.unwrap_or(0).max(stored.document.updated) > IDLE)
    }

    /// The grant was used just now.
    pub(crate) async fn note_use(&self, stored: &Stored) -> Result<(), AppError> {
        let change = Change::PutValue { name: value_name(stored.id()), value: Some(self.now().into()) };
        Ok(self.0.store.apply(vec![change]).await?)
    }
}

/// Where the time of a grant's last use is kept, in seconds since 1970.
pub(crate) fn value_name(connection: &str) -> String {
    format!("used:{connection}")
}
