//! Tables: names in the embedded engine bound to files.
//!
//! Knows files as patterns only.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A table as a person writes it: a name and the files behind it. Uploaded tables are made by their upload instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// Its name in SQL: a lower-case letter or `_`, then letters, digits, `_`; at most 100.
    pub name: String,
    /// A file, folder or pattern (`contacts/*.parquet`), with the options of `sluice export --table`. Must lie under one of
    /// the server's table roots.
    pub files: String,
}

/// Where a table's rows come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// Files that are read where they lie.
    Bound,
    /// A file that was uploaded.
    Uploaded,
}

/// A column of a table or a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its SQL type, for people.
    pub r#type: String,
}

/// A table as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Counts its changes.
    pub revision: u64,
    /// When it was made.
    pub created: String,
    /// When it last changed.
    pub updated: String,
    /// Where its rows come from.
    pub kind: TableKind,
    /// The files behind a bound table, as they were written; nothing for an uploaded one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<String>,
    /// `csv`, `jsonl` or `parquet`, for an uploaded table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Bytes of an uploaded table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// SHA-256 of an uploaded table's file, in hexadecimal: tells whether a file here is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Its rows, when they were counted (`GET` of the one table counts them).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Its columns (`GET` of the one table reads them).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<Column>,
    /// Why columns and rows could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// The queries that name it.
    #[serde(default)]
    pub used_by: Vec<String>,
}
