//! The audit log: who changed what, when and from where.
//!
//! Knows no secrets: details name what changed, never a value that is secret.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditLine {
    /// Counts from 1.
    pub number: u64,
    /// When.
    pub at: String,
    /// The person, with the token's name where one was used; `sluice` for the server itself.
    pub actor: String,
    /// The address that it came from.
    pub address: String,
    /// What was done: `connection.update`, `job.start`, ….
    pub action: String,
    /// To what.
    pub object: String,
    /// Which parts changed.
    #[schema(value_type = Value)]
    pub detail: Value,
}
