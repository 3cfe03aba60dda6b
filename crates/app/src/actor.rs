//! Who asks, and what they may do.
//!
//! Knows rights; not how anybody proved who they are.

use api::{Role, Scope};
use serde_json::Value;
use store::{AuditEntry, Change};

use crate::AppError;
use crate::clock::unix_now;

/// The person or program behind a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The person's name; `command line` for the owner of the data directory.
    pub name: String,
    /// The person's id, where there is one.
    pub person: Option<String>,
    /// The token's name, where one was used.
    pub token: Option<String>,
    /// The person's role.
    pub role: Role,
    /// What the session or token may do, the role already taken into account.
    pub scope: Scope,
    /// Where the request came from, for the audit log.
    pub address: String,
}

impl Actor {
    /// Whoever may read the data directory may do everything in it.
    pub fn command_line() -> Actor {
        Actor {
            name: "command line".into(),
            person: None,
            token: None,
            role: Role::Admin,
            scope: Scope::Admin,
            address: "this machine".into(),
        }
    }

    /// What a role may do.
    pub fn scope_of(role: Role) -> Scope {
        match role {
            Role::Viewer => Scope::Read,
            Role::Editor => Scope::Edit,
            Role::Admin => Scope::Admin,
        }
    }

    /// Says no where the right is missing.
    ///
    /// # Errors
    /// [`AppError::Forbidden`].
    pub fn require(&self, need: Scope) -> Result<(), AppError> {
        if self.scope >= need { Ok(()) } else { Err(AppError::Forbidden { need }) }
    }

    /// The audit line of a change that this actor makes now. `detail` names what changed, never a secret's value.
    pub(crate) fn audit(&self, action: &str, object: &str, detail: Value) -> Change {
        Change::Audit(AuditEntry {
            at: unix_now(),
            actor: self.shown(),
            address: self.address.clone(),
            action: action.to_owned(),
            object: object.to_owned(),
            detail,
        })
    }

    /// The name for logs and the audit: the person, and the token where one was used.
    pub fn shown(&self) -> String {
        match &self.token {
            Some(token) => format!("{} (token {token})", self.name),
            None => self.name.clone(),
        }
    }
}
