//! Queries: saved SQL, its source and its export.
//!
//! Knows no SQL.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{Column, Job, SettingsMap};

/// Where a query's rows go.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// The name of the connection.
    pub connection: String,
    /// The export settings; what is not given has its default.
    #[serde(default)]
    pub settings: SettingsMap,
}

/// What a run does while another job of the same query is at work on the same business unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// It waits for its turn.
    #[default]
    Queue,
    /// It is skipped, and says so.
    Skip,
}

/// A query as a person writes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuerySpec {
    /// Its name: letters, digits, space, `-`, `_`, `.`; at most 100.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// One SELECT over the server's tables.
    pub sql: String,
    /// Where the SQL runs; `embedded`, the engine over files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Where its rows go; without it a run only makes a result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<Export>,
    /// What a run does while another is at work.
    #[serde(default)]
    pub overlap: Overlap,
    /// Longest time of the query in seconds; the server's limit when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_limit: Option<u64>,
}

/// A query as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Query {
    /// Counts its changes.
    pub revision: u64,
    /// When it was made.
    pub created: String,
    /// When it last changed.
    pub updated: String,
    /// Its newest job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_job: Option<Job>,
    /// What was written.
    #[serde(flatten)]
    pub spec: QuerySpec,
}

/// SQL to look at before it is saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewRequest {
    /// One SELECT over the server's tables.
    pub sql: String,
    /// Rows at most: 1 to 1,000; 100 when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The first rows of a query or a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Preview {
    /// The columns in order.
    pub columns: Vec<Column>,
    /// The rows; a cell is a text, or null.
    #[schema(value_type = Vec<Vec<Option<String>>>)]
    pub rows: Vec<Vec<Value>>,
    /// Whether there are more rows than are shown.
    pub more: bool,
}
