//! Queries: saved SQL, its source and its export.
//!
//! Knows no SQL.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use crate::{Column, Job, Notify, Schedule, SettingsMap};

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
    /// What a run that somebody starts does while another is at work; a schedule says its own.
    #[serde(default)]
    pub overlap: Overlap,
    /// Longest time of the query in seconds; the server's limit when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_limit: Option<u64>,
    /// When it runs by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Who is told of what; the server's default where it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<Notify>,
}

/// A query as it is. As JSON, what was written stands beside the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "QueryDocument", into = "QueryDocument")]
pub struct Query {
    /// Counts its changes.
    pub revision: u64,
    /// When it was made.
    pub created: String,
    /// When it last changed.
    pub updated: String,
    /// Its newest job.
    pub last_job: Option<Job>,
    /// What was written.
    pub spec: QuerySpec,
}

/// A query as it is.
// A schema of its own: `QuerySpec`, which refuses what it does not know, would refuse the other members.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
struct QueryDocument {
    /// Counts its changes.
    revision: u64,
    /// When it was made.
    created: String,
    /// When it last changed.
    updated: String,
    /// Its newest job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_job: Option<Job>,
    /// Its name.
    name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// One SELECT over the server's tables.
    sql: String,
    /// Where the SQL runs; `embedded`, the engine over files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// Where its rows go; without it a run only makes a result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    export: Option<Export>,
    /// What a run that somebody starts does while another is at work; a schedule says its own.
    #[serde(default)]
    overlap: Overlap,
    /// Longest time of the query in seconds; the server's limit when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time_limit: Option<u64>,
    /// When it runs by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schedule: Option<Schedule>,
    /// Who is told of what; the server's default where it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notify: Option<Notify>,
}

impl From<Query> for QueryDocument {
    fn from(query: Query) -> QueryDocument {
        let Query { revision, created, updated, last_job, spec } = query;
        let QuerySpec { name, description, sql, source, export, overlap, time_limit, schedule, notify } = spec;
        QueryDocument {
            revision,
            created,
            updated,
            last_job,
            name,
            description,
            sql,
            source,
            export,
            overlap,
            time_limit,
            schedule,
            notify,
        }
    }
}

impl From<QueryDocument> for Query {
    fn from(document: QueryDocument) -> Query {
        let QueryDocument {
            revision,
            created,
            updated,
            last_job,
            name,
            description,
            sql,
            source,
            export,
            overlap,
            time_limit,
            schedule,
            notify,
        } = document;
        let spec = QuerySpec { name, description, sql, source, export, overlap, time_limit, schedule, notify };
        Query { revision, created, updated, last_job, spec }
    }
}

impl PartialSchema for Query {
    fn schema() -> RefOr<Schema> {
        QueryDocument::schema()
    }
}

impl ToSchema for Query {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Query")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        <QueryDocument as ToSchema>::schemas(schemas);
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_written_stands_beside_the_rest() {
        let written = json!({
            "revision": 2, "created": "2026-11-23T02:00:00Z", "updated": "2026-11-24T02:00:00Z", "name": "nightly",
            "description": "all", "sql": "SELECT 1", "export": { "connection": "prod", "settings": {} },
            "overlap": "skip", "time_limit": 60
        });
        let query: Query = serde_json::from_value(written.clone()).unwrap();
        assert_eq!((query.spec.name.as_str(), query.spec.overlap), ("nightly", Overlap::Skip));
        assert_eq!(serde_json::to_value(&query).unwrap(), written);
    }
}
