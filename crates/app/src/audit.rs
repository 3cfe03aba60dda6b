//! The audit log as it is shown.
//!
//! Knows no action in particular; each use case writes its own line, and the store chains them.

use api::{AuditLine, Page, Scope};

use crate::{Actor, App, AppError, names};

/// Lines of a page at most.
const MOST: u32 = 500;

impl App {
    /// Changes, newest first; `before` continues a page.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right to administer; the store does not answer.
    pub async fn audit(&self, actor: &Actor, before: Option<u64>, limit: u32) -> Result<Page<AuditLine>, AppError> {
        actor.require(Scope::Admin)?;
        let limit = limit.clamp(1, MOST);
        let found = self.0.store.audit_page(before, limit).await?;
        let full = found.len() as u64 >= u64::from(limit);
        let next = found.last().filter(|line| full && line.number > 1).map(|line| line.number.to_string());
        Ok(Page { items: found.into_iter().map(shown).collect(), next })
    }
}

fn shown(line: store::AuditLine) -> AuditLine {
    let entry = line.entry;
    AuditLine {
        number: line.number,
        at: names::time(entry.at),
        actor: entry.actor,
        address: entry.address,
        action: entry.action,
        object: entry.object,
        detail: entry.detail,
    }
}
