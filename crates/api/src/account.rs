//! What a connection knows about its Pardot account, and the checks of its test.
//!
//! Knows words for people only.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One step of a connection test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// What was looked at: `host`, `grant`, `business unit`, `version`, ….
    pub check: String,
    /// Whether it is as it must be.
    pub ok: bool,
    /// What was found.
    pub found: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A connection test: at most three calls, all of them only read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Diagnosis {
    /// Whether jobs can run.
    pub ok: bool,
    /// The checks, in order.
    pub checks: Vec<Check>,
}

/// A custom field of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldView {
    /// The name that a column must have.
    pub name: String,
    /// The name that people see in Pardot.
    pub label: String,
    /// Pardot's word for its kind.
    pub r#type: String,
}

/// A list of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListView {
    /// Its id, as `prospect_lists` takes it.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Dynamic lists take no members by hand.
    pub dynamic: bool,
}

/// What is known about the account of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountView {
    /// When this was asked of Pardot.
    pub read: String,
    /// 3 or 4, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<u8>,
    /// Whether several prospects may share an email (AMPSEA), once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ampsea: Option<bool>,
    /// The company's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Daily calls start anew at midnight here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Calls used today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_used: Option<u64>,
    /// Calls a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_limit: Option<u64>,
    /// Its custom fields.
    pub fields: Vec<FieldView>,
    /// Its lists.
    pub lists: Vec<ListView>,
    /// What could not be read, and why.
    pub remarks: Vec<String>,
}
