//! The prospect fields that every account has.
//!
//! Knows names and forms; custom fields are the account's.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The form of a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// A whole number.
    Integer,
    /// Text.
    Text,
    /// True or false.
    Boolean,
}

/// A column that every account takes for a prospect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProspectField {
    /// The name that a column must have.
    pub name: String,
    /// The form of its value.
    pub kind: FieldKind,
    /// Whether it may be sent.
    pub writable: bool,
    /// What it holds, for people.
    pub help: String,
}
